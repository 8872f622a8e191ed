"""A virtual monitoring network: how often and how well must a spring be sampled? (X16)

    python -m experiments.monitoring_network.run [--figure FILE]

Ten streams under three synthetic climates, land uses from bare rock to forest, limestone to dolomite, default
parameters but for climate, land use and rock. The record of four years is sampled every 1 to 90 days with errors; each
load law is held against the exact mean of Q [HCO3] of that record. So this is the error of sampling alone; that of the
formula is in `experiments.estimators`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from experiments import catchments, monitored
from experiments.verdicts import Line, report
from karstsim.analysis.diagnostics import chemostatic_slope
from karstsim.analysis.estimators import estimate, monitoring
from karstsim.analysis.virtual_monitoring import STREAMS, noisier, observe, sampled_every, streams
from karstsim.forcing.synthetic import synthetic_forcing
from karstsim.report import style

CONFIG = catchments.config(__file__)
INTERVALS, NOISE, LAWS = CONFIG["intervals"], CONFIG["noise"], CONFIG["laws"]
SEEDS, DRAWS, COVERAGE_LAW = CONFIG["seeds"], CONFIG["draws"], CONFIG["judged_law"]
LABELS = {"beale": "Beale", "rating": "rating curve"}
COLOURS = dict(zip(LAWS, ("#d55e00", "#009e73", "#0072b2", "#cc79a7"), strict=True))


@dataclass(frozen=True)
class Stream:
    """A catchment: land uses, share of dolomite, warming (K) and factor of rain against the Puding-like climate."""

    name: str
    uses: list[str]
    dolomite: float = 0.1
    warmer: float = 0.0
    rain: float = 1.0


STREAM = tuple(Stream(**stream) for stream in CONFIG["stream"])


def simulate(stream: Stream) -> xr.Dataset:
    forcing = synthetic_forcing("stationary", CONFIG["first_year"], CONFIG["last_year"])
    for name in ("tas", "tasmin", "tasmax"):
        if name in forcing:
            forcing[name] = (forcing[name] + stream.warmer).assign_attrs(forcing[name].attrs)
    forcing["pr"] = (forcing["pr"] * stream.rain).assign_attrs(forcing["pr"].attrs)
    magnesium = stream.dolomite / (1.0 + stream.dolomite)
    rock = {"epikarst.dolomite_share": stream.dolomite, "aquifer.dolomite_share": stream.dolomite,
            "soil.rock_film_mg": min(magnesium, 0.5)}  # fmt: skip
    return monitored.simulate(
        [{"land_use": use} for use in stream.uses], forcing, rock, boxes=CONFIG["boxes"]
    )


def sampled(output: xr.Dataset, name: str) -> list[tuple[Any, ...]]:
    """Error of every interval, noise, law and seed; whether the interval of `COVERAGE_LAW` holds the truth."""
    exact = monitoring(output)
    true = 0.5 * exact.flux(float(np.mean(exact.flow * exact.values("hco3"))))
    rows = []
    for interval in INTERVALS:
        for noise in NOISE:
            network = noisier(noise, sampled_every(interval))
            for seed in range(SEEDS):
                m = monitoring(observe(output, network, seed))
                for law in LAWS:
                    draws = DRAWS if law == COVERAGE_LAW and noise == 1.0 else 0
                    # errors of gauge and standards are not among those that `observe` makes here
                    e = estimate(
                        m,
                        "hydrochem",
                        load=law,
                        draws=draws,
                        discharge_error_sd=0.0,
                        calibration_error_sd=0.0,
                    )
                    inside = float(e.low <= true <= e.high) if draws else np.nan
                    rows.append((name, interval, noise, law, seed, 100.0 * (e.value / true - 1.0), inside))
    return rows


def find() -> pd.DataFrame:
    rows, slopes, seen = [], {}, set()
    for stream in STREAM:
        output = simulate(stream)
        m = monitoring(output)
        slopes[stream.name] = chemostatic_slope(m.flow, m.values("hco3")).slope
        seen |= set(streams(output).data_vars)
        rows += sampled(output, stream.name)
    found = pd.DataFrame(rows, columns=["stream", "interval", "noise", "law", "seed", "error", "inside"])
    found["slope"] = found["stream"].map(slopes)
    found.attrs["streams"] = len(seen)
    print(table(found).round(2).to_string())
    print(pd.Series(slopes).round(3).to_string())
    return found


def table(found: pd.DataFrame) -> pd.DataFrame:
    """Mean error and 90 % half-width over streams and seeds, %, by noise, interval and law."""
    groups = found.groupby(["noise", "interval", "law"])["error"]
    half = 0.5 * (groups.quantile(0.95) - groups.quantile(0.05))
    return pd.concat({"bias": groups.mean().unstack(), "half-width": half.unstack()}, axis=1)


def verdicts(found: pd.DataFrame) -> list[Line]:
    """A3: monthly samples within 15 %; and whether the intervals that `estimate` gives hold what they promise."""
    usual = found[found["noise"] == 1.0]
    monthly = usual[(usual["interval"] == 30.0) & (usual["law"] == COVERAGE_LAW)]
    worst = monthly.groupby("stream")["error"].mean().abs().max()
    inside = 100.0 * found["inside"].dropna().groupby(found["interval"]).mean()
    return [
        Line(
            "A21 streams of a karst observatory produced", found.attrs["streams"], len(STREAMS), len(STREAMS)
        ),
        Line("A3 bias of monthly samples, worst stream", float(worst), 0.0, 15.0, "%"),
        Line("A3 largest error of monthly samples", float(monthly["error"].abs().max()), 0.0, 15.0, "%"),
        *(
            Line(
                f"5-95 % interval holds the truth, {d:g} d between samples",
                float(inside[d]),
                80.0,
                100.0,
                "%",
            )
            for d in INTERVALS
        ),
    ]


def draw(found: pd.DataFrame, path: Path) -> None:
    """90 % range of the error against the interval, one panel per noise."""
    figure = style.new_figure(3.6)
    axes = figure.subplots(1, len(NOISE), sharey=True)
    places = np.arange(len(INTERVALS))
    for axis, noise in zip(axes, NOISE, strict=True):
        for k, law in enumerate(LAWS):
            of = found[(found["noise"] == noise) & (found["law"] == law)].groupby("interval")["error"]
            low, middle, high = (of.quantile(q).to_numpy() for q in (0.05, 0.5, 0.95))
            x = places + 0.17 * (k - 1.5)
            axis.vlines(x, low, high, color=COLOURS[law], lw=1.6)
            axis.plot(
                x, middle, "o", color=COLOURS[law], ms=3.5, label=LABELS.get(law, law.replace("_", "-"))
            )
        axis.axhline(0.0, color="black", lw=0.6)
        axis.set_xticks(places, [f"{d:g}" for d in INTERVALS])
        axis.set_xlabel("days between samples")
        axis.set_title("without errors" if noise == 0.0 else f"errors of good work × {noise:g}")
    axes[0].set_ylabel("error of the flux (%)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", frameon=False, ncols=4)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

"""All estimators of the karst sink on one known truth: bias, spread and rank of each (X19).

    python -m experiments.estimators.run [--figure FILE]

Synthetic Puding-like weather, six land uses, default parameters. Each catchment is monitored with errors of good field
work in five campaigns of two years and six draws of the errors; every method looks at the same tables. Truth: CO2 that
the model's dissolution consumed, alkalinity gained less rock dissolved; the mean of ten years, times the campaign's
share of the alkalinity that leaves, so that neither wet years nor what stores hold back count as errors of a method.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from experiments import catchments, monitored
from experiments.verdicts import Line, report
from karstsim.analysis.carbon_units import FLUX, Carbon
from karstsim.analysis.diagnostics import sinks
from karstsim.analysis.estimators import Estimate, Monitoring, estimate, monitoring
from karstsim.analysis.virtual_monitoring import SPRING, observe, sampled_every
from karstsim.core.classes import LAND_USES
from karstsim.core.errors import InputError
from karstsim.forcing.synthetic import synthetic_forcing
from karstsim.report import style

CONFIG = catchments.config(__file__)
CAMPAIGN, SEEDS = CONFIG["campaign_years"], CONFIG["seeds"]


@dataclass(frozen=True)
class Entry:
    """A method as a team would use it; `every`: days between samples (0: daily)."""

    label: str
    method: str
    settings: dict[str, Any] = field(default_factory=dict)
    every: float = 7.0
    visits_only: bool = False
    family: str = "water"


ENTRIES = tuple(Entry(**entry) for entry in CONFIG["method"])
COLOURS = dict(zip(LAND_USES, ("0.55", "#d9a400", "#8bc34a", "#009e73", "#0072b2", "#2b2b6b"), strict=True))


def settings_of(entry: Entry, use: str, soil_d13c: float) -> dict[str, Any] | None:
    """The settings for a land use; None where the method has none for it."""
    settings: dict[str, Any] = {**entry.settings, "draws": 0}
    if settings.get("soil") == "measured":
        settings |= {"soil": soil_d13c, "soil_sd": CONFIG["soil_d13c_sd"]}
    if settings.pop("rain", None) == "measured":
        settings |= CONFIG["rain"]
    if settings.get("land_use") == "own":
        if use == "bare_rock":
            return None
        settings["land_use"] = use
    return settings


def campaign(truth: xr.Dataset, every: float, seed: int, visits_only: bool) -> Monitoring:
    """What a team has in its tables after the campaign; one error of the gauge for all of it."""
    gauge = 1.0 + CONFIG["gauge_error"] * np.random.default_rng(seed).standard_normal()
    table = observe(truth, sampled_every(every, SPRING), seed)
    table["discharge"] = (table["discharge"] * gauge).assign_attrs(units="mm d-1")
    if visits_only:
        table["discharge"] = table["discharge"].where(table["hco3"].notnull()).assign_attrs(units="mm d-1")
    return monitoring(table)


def applied(entry: Entry, m: Monitoring, use: str, soil_d13c: float) -> float:
    """The estimate, t C km-2 a-1; NaN where the method does not apply."""
    settings = settings_of(entry, use, soil_d13c)
    if settings is None:
        return np.nan
    try:
        found: Estimate = estimate(m, entry.method, **settings)
    except InputError:
        return np.nan
    return found.to(FLUX).value


def find() -> pd.DataFrame:
    """One row per land use, campaign, seed and entry: truth and estimate."""
    forcing = synthetic_forcing("stationary", CONFIG["first_year"], CONFIG["last_year"])
    rows = []
    for use in LAND_USES:
        output = monitored.simulate([{"land_use": use}], forcing)
        soil = float(
            (output["soil_co2_d13c"] * output["soil_percolation"]).sum() / output["soil_percolation"].sum()
        )
        long_run = sinks(output)
        exact = monitoring(output)
        daily = estimate(exact, "hydrochem", load="continuous", draws=0).value
        formula = 0.5 * exact.flux(float(np.mean(exact.flow * exact.values("hco3"))))
        for number, window in enumerate(monitored.windows(output, CAMPAIGN)):
            true = long_run.truth * sinks(window).hco3 / long_run.hco3
            for seed in range(SEEDS):
                tables: dict[tuple[float, bool], Monitoring] = {}
                for entry in ENTRIES:
                    key = (entry.every, entry.visits_only)
                    if key not in tables:
                        tables[key] = campaign(window, entry.every, 100 * number + seed, entry.visits_only)
                    value = applied(entry, tables[key], use, soil)
                    rows.append((use, number, seed, entry.label, true, value, daily / formula - 1.0))
    names = ["land use", "campaign", "seed", "entry", "truth", "estimate", "formula"]
    found = pd.DataFrame(rows, columns=names)
    found["bias"] = 100.0 * (found["estimate"] / found["truth"] - 1.0)
    print(summary(found).round(1).to_string())
    return found


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Per entry, best first: median bias of all, its range over land uses, and the spread within one land use, %."""
    by_use = found.groupby(["entry", "land use"])["bias"].median().unstack()[list(LAND_USES)]
    inside = found["bias"] - found.groupby(["entry", "land use"])["bias"].transform("median")
    spread = inside.groupby(found["entry"]).quantile([0.05, 0.95]).unstack()
    table = pd.DataFrame(
        {
            "median bias": by_use.median(axis=1),
            "lowest": by_use.min(axis=1),
            "highest": by_use.max(axis=1),
            "spread": 0.5 * (spread[0.95] - spread[0.05]),
            "error": found.assign(size=found["bias"].abs()).groupby("entry")["size"].median(),
        }
    )
    return pd.concat([table, by_use], axis=1).sort_values("error")


def verdicts(found: pd.DataFrame) -> list[Line]:
    """design notes A2, A3, A25-A27 and 9.4, and the ranking that the experiment was made for."""
    table = summary(found)
    mean = found.groupby(["entry", "land use"])[["estimate", "truth"]].mean()
    water = "hydrochemistry, daily"
    grab = mean.loc["hydrochemistry, monthly samples", "estimate"] / mean.loc[water, "estimate"] - 1.0
    tablet, hydro = mean.loc["tablets (virtual)", "estimate"].dropna(), mean.loc[water, "estimate"]
    ratio = (tablet / hydro).dropna()
    potential = mean.loc["potential, soil CO2 measured", "estimate"]
    efficiency = mean.loc["potential, soil CO2 measured", "truth"] / potential

    def co2(one: str, other: str) -> float:
        return Carbon(tablet[one] - tablet[other], FLUX).to("t CO2 km-2 a-1").value

    unit = "t CO2 km-2 a-1"
    order = [
        table.loc[e, "median bias"] for e in ("acid-corrected, rain measured", water, "(Ca + Mg) as CO2")
    ]
    return [
        Line("A3 daily hydrochemistry against its own formula", float(found["formula"].abs().max()), 0.0, 1e-6),
        Line("A3 monthly samples against daily, worst land use", 100.0 * float(grab.abs().max()), 0.0, 15.0, "%"),
        Line("A2 tablets over hydrochemistry, lowest", float(ratio.min()), 0.05, 0.6, "1", True),
        Line("A2 tablets over hydrochemistry, highest", float(ratio.max()), 0.05, 0.6, "1", True),
        Line("truth over potential, lowest land use", float(efficiency.min()), 0.6, 1.0),
        Line("truth over potential, highest land use", float(efficiency.max()), 0.6, 1.0),
        Line("A25 tablets, cropland to secondary forest", co2("secondary_forest", "cropland"), 5.21, 7.52, unit, True),
        Line("A25 tablets, shrub to secondary forest", co2("secondary_forest", "shrub"), 5.21, 7.52, unit, True),
        Line("A26 tablets, cropland to virgin forest", co2("virgin_forest", "cropland"), 22.86, 28.17, unit, True),
        Line("A27 tablets, secondary forest over cropland",
             float(tablet["secondary_forest"] / tablet["cropland"]), 5.0, 9.0, "1", True),
        Line("rank: bias of hydrochemistry less that of acid-corrected", order[1] - order[0], 0.0, np.inf, "%"),
        Line("rank: bias of Ca + Mg less that of hydrochemistry", order[2] - order[1], 0.0, np.inf, "%"),
    ]  # fmt: skip


def draw(found: pd.DataFrame, path: Path) -> None:
    """Estimate over truth: one line a method, best on top, a marker per land use with its 5-95 % range."""
    table = summary(found)
    figure = style.new_figure(6.0)
    axis = figure.subplots()
    low, high = -0.05, 2.45
    for place, entry in enumerate(table.index[::-1]):
        of = found[found["entry"] == entry]
        for shift, use in zip(np.linspace(-0.28, 0.28, len(LAND_USES)), LAND_USES, strict=True):
            share = (
                of.loc[of["land use"] == use, "estimate"] / of.loc[of["land use"] == use, "truth"]
            ).dropna()
            if share.empty:
                continue
            ends = np.clip(np.percentile(share, [5, 95]), low, high)
            inside = np.clip(share.median(), low, high)
            mark = "o" if low < share.median() < high else "<" if share.median() <= low else ">"
            axis.plot(ends, [place + shift] * 2, color=COLOURS[use], lw=1.2)
            axis.plot(inside, place + shift, mark, color=COLOURS[use], ms=4)
    for use, colour in COLOURS.items():
        axis.plot([], [], "o", color=colour, ms=4, label=use.replace("_", " "))
    axis.axvline(1.0, color="black", lw=0.8)
    axis.axvspan(0.9, 1.1, color="0.92", zorder=0)
    axis.set_xlim(low - 0.03, high + 0.03)
    axis.set_ylim(-0.6, len(table) - 0.4)
    axis.set_yticks(range(len(table)), [style.printed(entry) for entry in table.index[::-1]])
    for edge in np.arange(0.5, len(table) - 1):
        axis.axhline(edge, color="0.93", lw=0.6, zorder=0)
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel("estimate over the true CO₂ consumption (grey: within 10 %; arrows: beyond the axis)")
    figure.legend(loc="outside lower center", frameon=False, ncols=6)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

"""X07: water from outside the karst: Maocun on and off, the Lijiang's sweep of the carbonate area, and one parcel.

python -m experiments.allogenic_water.run [--figure FILE]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.optimize import brentq

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.core.constants import SECONDS_PER_DAY

VARIABLES = (
    "catchment_sink_hydrochemical", "catchment_runoff", "aquifer_allogenic", "aquifer_spring",
    "aquifer_spring_hco3",
)  # fmt: skip
CONFIG = catchments.config(__file__)
PARCEL, CLAIMS = CONFIG["parcel"], CONFIG["claims"]
CARBONATE = np.array(CLAIMS["carbonate"])
SHARE, WHOLE_KARST, ALLOGENIC_HCO3 = (CLAIMS[n] for n in ("share", "whole_karst", "allogenic_hco3"))


@dataclass(frozen=True)
class Flows:
    """Yearly means per karst area: sink g C m-2, spring and allogenic water mm, bicarbonate mol m-2."""

    sink: float
    spring: float
    allogenic: float
    bicarbonate: float


@dataclass(frozen=True)
class Found:
    """Maocun without and with its sandstone; extra sink per basin area (g C m-2) in both sweeps; parcels shut off."""

    without: Flows
    with_it: Flows
    along: np.ndarray
    equal: np.ndarray
    parcel: xr.Dataset


def flows(area_ratio: float, forcing: xr.Dataset, parameters: dict[str, float] | None = None) -> Flows:
    """The karst with this much allogenic area over its own."""
    site = {**CONFIG["site"], "allogenic_area_km2": area_ratio * CONFIG["site"]["area_km2"]}
    daily = ks.simulate(
        ks.Site.from_dict(site), forcing, parameters, variables=VARIABLES, spinup_years=catchments.SPIN_UP
    )
    years = daily.sizes["time"] / catchments.DAYS_PER_YEAR

    def total(values: xr.DataArray) -> float:
        return float(values.sum()) / years

    return Flows(
        catchments.GRAMS_PER_MOL * total(daily["catchment_sink_hydrochemical"]),
        total(daily["aquifer_spring"]),
        total(daily["aquifer_allogenic"]),
        total(daily["aquifer_spring_hco3"] * daily["aquifer_spring"]) / 1000.0,
    )


def find() -> Found:
    forcing = catchments.climate(**CONFIG["climate"])
    without = flows(0.0, forcing)
    one = flows(1.0, forcing)
    # Allogenic runoff is proportional to its area, the karst's own does not change.
    ratio = brentq(lambda a: a * one.allogenic / (a * one.allogenic + without.spring) - SHARE, 0.01, 10.0)
    with_it = flows(ratio, forcing)
    along, equal = [], []
    for f in CARBONATE:
        outside = (1.0 - f) / f
        length = {"aquifer.conduit_residence_time": WHOLE_KARST * float(f)}
        along.append(f * (flows(outside, forcing, length).sink - flows(0.0, forcing, length).sink))
        equal.append(f * (flows(outside, forcing).sink - without.sink))
    return Found(without, with_it, np.array(along), np.array(equal), shut_off())


def shut_off() -> xr.Dataset:
    """A parcel of allogenic water in a conduit with no gas and no other water: bicarbonate over ten days."""
    names = ("temperature", "ca", "mg", "na", "so4", "pco2")
    start = ks.speciate(**{name: PARCEL[name] for name in names}, charge_balance=True)
    return ks.dissolve(
        area_to_volume=PARCEL["area_to_volume"],
        system="closed",
        law="film",
        water=start,
        times=np.linspace(0.0, PARCEL["days"] * SECONDS_PER_DAY, 41),
    )


def best(extra: np.ndarray) -> float:
    """Carbonate share of the largest extra sink, by a parabola through it and its neighbours."""
    i = int(np.argmax(extra))
    if i in (0, len(extra) - 1):
        return float(CARBONATE[i])
    a, b, _ = np.polyfit(CARBONATE[i - 1 : i + 2], extra[i - 1 : i + 2], 2)
    return float(-b / (2.0 * a))


def gained(found: Found) -> float:
    """Bicarbonate of allogenic water at the outlet, all that it adds there, over what it sank with."""
    added = found.with_it.bicarbonate - found.without.bicarbonate
    return 1000.0 * added / found.with_it.allogenic / ALLOGENIC_HCO3


def verdicts(found: Found) -> list[Line]:
    """A35, A36, A37; beside them the other readings."""
    more = catchments.change(found.with_it.sink, found.without.sink)
    own = 1000.0 * found.without.bicarbonate / found.without.spring
    reading = 100.0 * (found.with_it.sink - found.without.sink) / found.with_it.sink
    closed = found.parcel["alkalinity"].values.squeeze()
    return [
        Line("A35 sink with 32 % allogenic water against none", more, 28.0, 40.0, "%"),
        Line("A36 carbonate share of the largest extra sink", best(found.along), 0.40, 0.55),
        Line("A37 bicarbonate of allogenic water, outlet over sink hole", gained(found), 8.0, 12.0),
        Line(
            "A35 other reading: share of the sink that the 32 % carry", reading, 28.0, 40.0, "%", scored=False
        ),
        Line(
            "A35 bicarbonate that allogenic water gains, over the karst's own",
            gained(found) * ALLOGENIC_HCO3 / own,
            0.6,
            0.85,
            scored=False,
        ),
        Line("A36 the same, conduits of one residence time", best(found.equal), 0.40, 0.55, scored=False),
        Line(
            "A37 a parcel shut off from gas and other water",
            float(closed[-1] / closed[0]),
            8.0,
            12.0,
            scored=False,
        ),
    ]


def draw(found: Found, path: Path) -> None:
    """Extra sink by the share of carbonate; bicarbonate of the three waters."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    left.axvspan(0.40, 0.55, color="0.92", label="claim: largest here")
    left.plot(CARBONATE, found.along, "o-", color="#0072b2", label="conduits as long as the karst is wide")
    left.plot(CARBONATE, found.equal, "s--", color="0.5", label="conduits of one residence time")
    left.set(
        xlabel="carbonate share of the basin",
        ylabel="extra sink per basin area (g C m$^{-2}$ a$^{-1}$)",
        ylim=(0.0, None),
    )
    left.legend(loc="lower left")
    own = 1000.0 * found.without.bicarbonate / found.without.spring
    closed = found.parcel["alkalinity"].values.squeeze()
    bars = {
        "allogenic,\nsinking": ALLOGENIC_HCO3, "shut off,\n10 days": float(closed[-1]),
        "allogenic,\nat the outlet": gained(found) * ALLOGENIC_HCO3, "karst's own": own,
    }  # fmt: skip
    right.bar(list(bars), list(bars.values()), color=["0.7", "0.7", "#0072b2", "#8a6f4d"])
    for i, value in enumerate(bars.values()):
        right.text(i, value, f"{value:.2f}", ha="center", va="bottom")
    band = (8.0 * ALLOGENIC_HCO3, 12.0 * ALLOGENIC_HCO3)
    right.axhspan(*band, color="0.92", zorder=0)
    right.text(-0.4, sum(band) / 2.0, "claim for the outlet", va="center")
    right.set_ylabel("HCO₃⁻ (mmol/L)")
    right.grid(axis="x", visible=False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

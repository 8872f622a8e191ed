"""X02: fifty years of random weather with every module on: all books close, no store is negative.

python -m experiments.closure.run [--figure FILE]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.model.books import BOOKED, ELEMENTS
from karstsim.model.column import MAXIMUM, MINIMUM
from karstsim.model.engine import TABLE_ORDER, step_all
from karstsim.model.registry import variables
from karstsim.model.simulate import RUN_CLOSURE, STEP_CLOSURE, Simulation

CONFIG = catchments.config(__file__)
SITE, OPTIONS = CONFIG["site"], CONFIG["options"]
YEARS, FIRST, SEED = CONFIG["years"], CONFIG["first_year"], CONFIG["seed"]
CASES: tuple[tuple[dict[str, float], bool], ...] = (
    ({}, True),
    (OPTIONS, True),
)
SIGNED = (
    "temperature",
    "si_calcite",
    "si_dolomite",
    "residual",
    "d13c",
)  # states that may be negative
RELATIVE_RAIN, WARMER = CONFIG["relative_rain"], CONFIG["warmer"]


@dataclass(frozen=True)
class Found:
    """Per element: largest imbalance of a step in every year, and over all years; the smallest value of any store."""

    steps: dict[str, np.ndarray]
    total: dict[str, float]
    least: float
    least_store: str
    stores: int


def weather() -> xr.Dataset:
    """Weather whose years differ wildly: from drought to flood, 4 K about the mean."""
    forcing = catchments.climate(None, None, FIRST, FIRST + YEARS - 1, seed=SEED)
    random = np.random.default_rng(SEED)
    year = forcing["time"].dt.year.values - FIRST
    forcing["pr"] = forcing["pr"] * np.exp(random.normal(0.0, RELATIVE_RAIN, YEARS))[year]
    forcing["tas"] = forcing["tas"] + random.normal(0.0, WARMER, YEARS)[year]
    return forcing


def extremes(run: Simulation, elements: tuple[str, ...]) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """The smallest value of every store in any step, and the largest imbalance of each year, by running the forcing."""
    stores = [v for v in variables() if v.kind == "state" and not any(word in v.name for word in SIGNED)]
    imbalances = [v for v in variables() if v.name in {f"catchment_imbalance_{e}" for e in elements}]
    asked = [(v, MINIMUM) for v in stores] + [(v, MAXIMUM) for v in imbalances]
    lines = [
        (v.name, TABLE_ORDER.index((v.level, v.kind)), row, v.offset, how)
        for v, how in asked
        for row in range(run.site.rows[v.level])
    ]
    table = np.array([line[1:] for line in lines], dtype=np.int64)
    windows = step_all(run.tables, run.forcing, [table[:0], table[:0], table], run.physics)
    years = np.concatenate([w[2].values for w in windows], axis=1)[0]
    least: dict[str, float] = {}
    largest: dict[str, np.ndarray] = {}
    for (name, *_, how), values in zip(lines, years.T, strict=True):
        if how == MINIMUM:
            least[name] = min(float(values.min()), least.get(name, np.inf))
        else:
            largest[name.removeprefix("catchment_imbalance_")] = values
    return least, largest


def find() -> Found:
    forcing, site = weather(), ks.Site.from_dict(SITE)
    steps: dict[str, np.ndarray] = {}
    total: dict[str, float] = {}
    least: dict[str, float] = {}
    for parameters, isotopes in CASES:
        run = Simulation(site, forcing, [parameters], isotopes=isotopes)
        run.spin_up(0)
        low, high = extremes(run, BOOKED if isotopes else ELEMENTS)
        least = {n: min(v, least.get(n, np.inf)) for n, v in low.items()}
        steps = {e: np.maximum(high.get(e, 0.0), steps.get(e, 0.0)) for e in BOOKED}
        total = {e: max(v, total.get(e, 0.0)) for e, v in run.closure().items()}
    lowest = min(least, key=lambda name: least[name])
    return Found(steps, total, least[lowest], lowest, len(least))


def verdicts(found: Found) -> list[Line]:
    """targets B: 10^-13 of stocks and fluxes in a step, 10^-12 of the throughput in all; no negative store."""
    step = max(float(values.max()) for values in found.steps.values())
    return [
        Line(f"largest imbalance of a step, {len(found.steps)} elements", step, 0.0, STEP_CLOSURE),
        Line("largest imbalance of fifty years", max(found.total.values()), 0.0, RUN_CLOSURE),
        Line(
            f"smallest value of {found.stores} stores ({found.least_store})",
            found.least,
            0.0,
            np.inf,
            "mm or mol m-2",
        ),
    ]


def draw(found: Found, path: Path) -> None:
    """Largest imbalance of a step by year and element, and of all years."""
    import matplotlib.pyplot as plt
    from cycler import cycler

    from karstsim.report import style

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained", width_ratios=(2, 1))
    dashes = cycler(linestyle=["-", "--"]) * cycler(color=style.OTHER_COLOURS)  # more elements than colours
    for (name, values), look in zip(found.steps.items(), dashes, strict=False):
        years = FIRST + np.arange(len(values))
        left.semilogy(years, np.maximum(values, 1e-17), lw=1, label=name.replace("_", " "), **look)
    left.axhline(STEP_CLOSURE, color="k", ls=":")
    left.text(FIRST, 1.15 * STEP_CLOSURE, "asked for")
    left.set(ylabel="largest imbalance of a step over throughput", xlabel="year", ylim=(1e-17, 1e-12))
    figure.legend(*left.get_legend_handles_labels(), ncols=6, loc="outside lower left")
    right.barh(
        [n.replace("_", " ") for n in found.total],
        [max(v, 1e-17) for v in found.total.values()],
        color="#0072b2",
    )
    right.axvline(RUN_CLOSURE, color="k", ls=":")
    right.set(xscale="log", xlim=(1e-17, 1e-11), xlabel="imbalance of 50 years over throughput")
    right.invert_yaxis()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

"""The ladder of land uses (X06 and the table of design notes 3.12): one catchment for each, the same weather.

python -m experiments.land_use_ladder.run [--figure FILE]
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.analysis.land_use_index import land_use_index
from karstsim.core.classes import LAND_USES
from karstsim.core.constants import STANDARD_ATMOSPHERE

CONFIG = catchments.config(__file__)
YEARS = (CONFIG["first_year"], CONFIG["last_year"])
CLIMATE = CONFIG["climate"]
PROTOTYPE, WIDTH, LADDER = CONFIG["prototype"], CONFIG["width"], CONFIG["ladder"]
PRESSURES = ("pCO2", "pCO2 weighted")
UNITS = {
    "ET": "mm a-1", "R": "mm a-1", "NPP": "g C m-2 a-1", "Rs": "g C m-2 a-1", "pCO2": "ppm", "pCO2 weighted": "ppm",
    "HCO3": "mmol/L", "CSF": "g C m-2 a-1", "SOC": "kg C m-2",
}  # fmt: skip
LABELS = {
    "ET": "Evapotranspiration", "R": "Runoff", "Rs": "Soil respiration", "pCO2": "Soil CO₂",
    "pCO2 weighted": "Soil CO₂, by percolation", "HCO3": "HCO₃⁻", "CSF": "Sink", "SOC": "Soil carbon",
}  # fmt: skip
INF = float("inf")


def find(
    years: tuple[int, int] = YEARS, parameters: dict[str, float] | None = None
) -> dict[str, dict[str, float]]:
    """Yearly means of every land use, CO2 of soil air in ppm; `parameters` for all of them."""
    forcing = catchments.climate(CLIMATE["temperature"], CLIMATE["rain"], *years)
    atmospheres = float(forcing["ps"].mean()) / STANDARD_ATMOSPHERE
    tiles = {"bare_soil": CONFIG["bare_soil"]} | {use: {"land_use": use} for use in LAND_USES}
    return {
        use: mole_fractions(
            catchments.yearly(catchments.run(catchments.catchment(tile), forcing, parameters)), atmospheres
        )
        for use, tile in tiles.items()
    }


def mole_fractions(means: dict[str, float], atmospheres: float) -> dict[str, float]:
    """The means with CO2 in ppm, as the table has it and as probes read it: at 1,200 m a uatm is 1.15 ppm."""
    return means | {name: means[name] / atmospheres for name in PRESSURES}


def verdicts(found: dict[str, dict[str, float]]) -> list[Line]:
    """X06: order of runoff and bicarbonate, land-use index. Beside them the share of respiration and the table."""
    lines = []
    for one, other in pairwise(LADDER):
        water = found[one]["R"] / found[other]["R"]
        carbon = found[other]["HCO3"] / found[one]["HCO3"]
        lines.append(Line(f"X06 runoff of {one} over that of {other}", water, 1.0, INF))
        lines.append(Line(f"X06 HCO3 of {other} over that of {one}", carbon, 1.0, INF))
    for use in ("grass", "shrub"):
        before, after = found["cropland"], found[use]
        index = land_use_index(before["HCO3"], after["HCO3"], before["R"], after["R"])
        lines.append(Line(f"X06 land-use index beta, cropland to {use}", index.beta, 1.0, INF))
        lines.append(Line(f"X06 exact index Phi, cropland to {use}", index.phi, 1.0, INF))
    for use in LAND_USES[1:]:
        share = 100.0 * found[use]["CSF"] / found[use]["Rs"]
        lines.append(Line(f"sink over soil respiration, {use}", share, 0.5, 2.0, "%", scored=False))
    for name, values in PROTOTYPE.items():
        for use, value in zip(LAND_USES, values, strict=True):
            low, high = (1.0 - WIDTH) * value, (1.0 + WIDTH) * value
            lines.append(Line(f"{name}, {use}", found[use][name], low, high, UNITS[name], scored=False))
    return lines


def draw(found: dict[str, dict[str, float]], path: Path) -> None:
    """Result beside the prototype's band for every quantity and land use."""
    import matplotlib.pyplot as plt

    from karstsim.report import style

    figure, axes = plt.subplots(3, 3, figsize=(11, 8), layout="constrained")
    for ax, (name, values) in zip(axes.flat, PROTOTYPE.items(), strict=True):
        x = range(len(LAND_USES))
        ax.bar(x, values, color="0.85", label="prototype, ±20 %")
        ax.errorbar(x, values, yerr=[WIDTH * v for v in values], fmt="none", ecolor="0.5", capsize=3)
        ax.plot(x, [found[use][name] for use in LAND_USES], "o", color="#0072b2", label="karstsim")
        ax.set_title(f"{LABELS.get(name, name)} ({style.unit(UNITS[name])})")
        ax.set_xticks(x, [use.replace("_", "\n") for use in LAND_USES], fontsize=8)
        ax.grid(axis="x", visible=False)
    axes.flat[1].legend(loc="upper right")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

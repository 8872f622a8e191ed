"""X18: bicarbonate of a secondary forest's spring along a gradient of temperature at a fixed 900 mm of rain.

python -m experiments.temperature_bell.run [--figure FILE]
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments import catchments
from experiments.verdicts import Line, report

CONFIG = catchments.config(__file__)
TEMPERATURES, RAIN = np.array(CONFIG["temperatures"]), CONFIG["rain"]
YEARS = (CONFIG["first_year"], CONFIG["last_year"])


def find(temperatures: np.ndarray = TEMPERATURES, years: tuple[int, int] = YEARS) -> list[dict[str, float]]:
    """Yearly means at each mean temperature; the weather differs by a constant only."""
    site = catchments.catchment({"land_use": CONFIG["land_use"]})
    return [
        catchments.yearly(catchments.run(site, catchments.climate(float(t), RAIN, *years)))
        for t in temperatures
    ]


def top(temperatures: np.ndarray, values: np.ndarray) -> float:
    """Temperature of the maximum, by a parabola through it and its neighbours; the end where it lies there."""
    i = int(np.argmax(values))
    if i in (0, len(values) - 1):
        return float(temperatures[i])
    a, b, _ = np.polyfit(temperatures[i - 1 : i + 2], values[i - 1 : i + 2], 2)
    return float(-b / (2.0 * a))


def verdicts(found: list[dict[str, float]], temperatures: np.ndarray = TEMPERATURES) -> list[Line]:
    hco3 = np.array([f["HCO3"] for f in found])
    return [
        Line("X18 temperature of the most HCO3", top(temperatures, hco3), *CONFIG["top"], "degC"),
        Line("X18 HCO3 at the top over that of the coldest", hco3.max() / hco3[0], 1.0 + 1e-9, float("inf")),
        Line("X18 HCO3 at the top over that of the warmest", hco3.max() / hco3[-1], 1.0 + 1e-9, float("inf")),
    ]


def draw(found: list[dict[str, float]], path: Path) -> None:
    """Bicarbonate, and what makes it: respiration, soil CO2 and runoff."""
    import matplotlib.pyplot as plt

    panels = {
        "HCO3": "HCO₃⁻ of the spring (mmol L⁻¹)",
        "pCO2 weighted": "soil CO₂, by percolation (µatm)",
        "Rs": "soil respiration (g C m⁻² a⁻¹)",
        "R": "runoff (mm a⁻¹)",
    }
    figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained", sharex=True)
    for ax, (name, label) in zip(axes.flat, panels.items(), strict=True):
        ax.plot(TEMPERATURES, [f[name] for f in found], "o-", color="#0072b2", label="karstsim")
        ax.set_ylabel(label)
    axes[0, 0].plot(TEMPERATURES, CONFIG["prototype"], "s--", color="0.5", label="prototype")
    axes[0, 0].axvspan(*CONFIG["top"], color="0.9", zorder=0, label="claim: largest here")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=3, loc="outside lower left")
    for ax in axes[1]:
        ax.set_xlabel("mean temperature (°C)")
    figure.savefig(path, dpi=120)


def main() -> None:
    found = report(__doc__, find, verdicts, draw)
    for t, f in zip(TEMPERATURES, found, strict=True):
        print(f"{t:5.1f} degC " + "  ".join(f"{name} {value:.4g}" for name, value in f.items()))


if __name__ == "__main__":
    main()

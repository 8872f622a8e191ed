"""X04: cropland becomes secondary forest (20 years) or virgin forest (80 years); the sink before, after, and at last.

python -m experiments.restoration.run [--figure FILE]
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.analysis.diagnostics import DIAGNOSED, ratios
from karstsim.forcing.synthetic import synthetic_forcing

CONFIG = catchments.config(__file__)
FIRST, YEARS, SMOOTH = CONFIG["first_year"], CONFIG["years"], CONFIG["smooth"]
BASELINE, RESTORED = CONFIG["baseline"], CONFIG["restored"]
LATE, YOUNG = slice(CONFIG["late_from"], None), slice(0, CONFIG["young"])
VARIABLES = tuple(dict.fromkeys((*catchments.VARIABLES, *DIAGNOSED)))
GRAMS = catchments.GRAMS_PER_MOL
UNITS = "t CO2 km-2 a-1"


def find(years: int = YEARS) -> dict[str, xr.Dataset]:
    """Annual output of cropland that stays, cropland that is restored, and mature forests, under the same weather."""
    forcing = synthetic_forcing("stationary", FIRST, FIRST + years - 1)
    tiles = {BASELINE: {"land_use": BASELINE}}
    tiles |= {use: {"land_use": use, "grows_from": BASELINE} for use in RESTORED}
    tiles |= {f"mature {use}": {"land_use": use} for use in RESTORED}
    return {
        use: ks.simulate(
            catchments.catchment(tile), forcing, output=["annual"], variables=VARIABLES,
            spinup_years=catchments.SPIN_UP,
        )
        for use, tile in tiles.items()
    }  # fmt: skip


def sink(annual: xr.Dataset) -> np.ndarray:
    """Hydrochemical sink of every year, g C m-2 (= t C km-2)."""
    return annual["catchment_sink_hydrochemical"].values * GRAMS


def verdicts(found: dict[str, xr.Dataset]) -> list[Line]:
    """A28: +19 to 23 % (+-5) after twenty years; A25, A26: gains of the hydrochemical sink.

    The table of land uses was once chosen for A25 and A28 with a prototype (notes 12.1): they count as calibrated.
    """
    before, forest = sink(found[BASELINE]), sink(found["secondary_forest"])
    ratio = float(forest[LATE].mean() / before[LATE].mean())

    def gain(use: str, years: slice) -> float:
        return float((sink(found[use]) - before)[years].mean()) * catchments.CO2_PER_C

    every = slice(None)
    return [
        Line("A28 sink after 20 to 60 years over that of cropland", ratio, 1.14, 1.28, calibrated=True),
        Line("A25 gain after 20 to 60 years", gain("secondary_forest", LATE), 3.71, 9.02, UNITS, True),
        Line(
            "A25 gain of a mature secondary forest",
            gain("mature secondary_forest", every),
            3.71,
            9.02,
            UNITS,
            True,
        ),
        Line("A26 gain of a mature virgin forest", gain("mature virgin_forest", every), 10.0, 27.0, UNITS),
        *(
            Line(
                f"A16 weathering over all that {use} takes up, its first years",
                ratios(found[use].isel(time=YOUNG))["CSF/(CSF + NEP)"],
                0.0,
                0.15,
                scored=False,
            )
            for use in RESTORED
        ),
    ]


def draw(found: dict[str, xr.Dataset], path: Path) -> None:
    """Sink, bicarbonate, soil CO2 and runoff after the change, as running means."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained", sharex=True)
    panels = {
        "sink (g C m⁻² a⁻¹)": ("catchment_sink_hydrochemical", GRAMS),
        "HCO₃⁻ of the spring (mmol L⁻¹)": ("aquifer_spring_hco3", 1.0),
        "CO₂ at the soil base (µatm)": ("soil_base_pco2", catchments.PPM),
        "runoff (mm a⁻¹)": ("catchment_runoff", 1.0),
    }
    window = np.ones(SMOOTH) / SMOOTH
    for ax, (label, (name, factor)) in zip(axes.flat, panels.items(), strict=True):
        for use, color in zip((BASELINE, *RESTORED), ("#d55e00", "#0072b2", "#009e73"), strict=True):
            course = np.convolve(found[use][name].values.squeeze() * factor, window, "valid")
            ax.plot(np.arange(len(course)) + SMOOTH / 2, course, color=color, label=use.replace("_", " "))
        ax.set_ylabel(label)
    axes[1, 0].legend(loc="center right")
    for ax in axes[1]:
        ax.set_xlabel(f"years after the change; running means of {SMOOTH} years")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

"""The ladder of land uses: from bare rock to old forest, what each does to the water and the carbon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from karstsim.core.classes import LAND_USES
from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.errors import InputError
from karstsim.report import numbers, style
from karstsim.report.tables import number
from karstsim.report.time_axis import SUM, per_year

HEIGHT = 2.6  # inches, and a little for every land use
STEP = 0.35
COLOUR = "#0072b2"
LARGE = 100.0  # from here on no decimals


@dataclass(frozen=True)
class Rung:
    """A panel: the sum of variables of a tile, per area of the tile."""

    title: str
    unit: str
    add: tuple[str, ...]
    subtract: tuple[str, ...] = ()
    factor: float = 1.0


RUNGS = (
    Rung("Production, NPP", "g C m⁻² a⁻¹", ("vegetation_npp",), factor=MOLAR_MASS_C),
    Rung("CO₂ at the soil base", "µatm", ("soil_base_pco2",), factor=1.0e6),
    Rung("Recharge", "mm a⁻¹", ("epikarst_recharge",)),
    Rung(
        "Carbonate dissolved above the aquifer",
        "g C m⁻² a⁻¹",
        (
            "soil_rock_dissolution",
            "soil_grain_dissolution",
            "soil_rock_film_dissolution",
            "epikarst_rock_dissolution",
        ),
        ("soil_calcite_precipitation", "epikarst_calcite_precipitation"),
        MOLAR_MASS_C,
    ),
)


@style.styled
def land_use_figure(ds: xr.Dataset) -> Figure:
    """One panel a quantity, one row a tile, means of the whole run; bars span 5 to 95 % of an ensemble's members.

    Raises InputError where the Dataset has no tiles.
    """
    if "tile" not in ds.dims or "land_use" not in ds.coords:
        raise InputError(
            "land-use ladder", "the Dataset has no tiles", "keep variables such as soil_base_pco2"
        )
    if "realization" not in ds.dims:
        ds = ds.expand_dims("realization")
    names = [str(name) for name in ds["land_use"].values]
    order = sorted(range(len(names)), key=lambda i: _rank(names[i]))
    rungs = [rung for rung in RUNGS if any(name in ds for name in rung.add)]
    figure = style.new_figure(HEIGHT + STEP * len(names))
    axes = figure.subplots(1, len(rungs), sharey=True, squeeze=False)[0]
    for ax, rung, letter in zip(axes, rungs, "abcd", strict=False):
        values = _values(ds, rung)[:, order]
        middle, low, high = numbers.band(values)
        y = np.arange(len(order))
        ax.hlines(y, 0.0, middle, color=style.GRID, linewidth=6.0)
        if values.shape[0] > 1:
            ax.hlines(y, low, high, color=COLOUR, linewidth=1.4)
        ax.plot(middle, y, "o", color=COLOUR)
        for at, value in zip(y, middle, strict=True):
            ax.annotate(
                number(value, decimals=0 if value >= LARGE else None),
                (value, at),
                (0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        ax.set_title(f"{letter}  {rung.title}".replace(" above", "\nabove"))
        ax.set_xlabel(f"({rung.unit})")
        ax.set_xlim(min(0.0, 1.15 * float(np.nanmin(middle))), 1.2 * max(float(np.nanmax(middle)), 1e-9))
        ax.grid(False, axis="y")
    axes[0].set_yticks(range(len(order)), [names[i].replace("_", " ") for i in order])
    axes[0].set_ylabel("Land use")
    axes[0].set_ylim(-0.6, len(order) - 0.3)
    return figure


def _rank(name: str) -> int:
    return LAND_USES.index(name) if name in LAND_USES else len(LAND_USES)


def _values(ds: xr.Dataset, rung: Rung) -> np.ndarray:
    """(realization, tile) mean of the run; amounts per year."""
    total = np.zeros((ds.sizes["realization"], ds.sizes["tile"]))
    for sign, names in ((1.0, rung.add), (-1.0, rung.subtract)):
        for name in (n for n in names if n in ds):
            values = ds[name].transpose("realization", "tile", "time").values
            summed = ds[name].attrs.get("cell_methods", "") == SUM
            total += sign * (per_year(ds, values) if summed else numbers.mean_over(values))
    return rung.factor * total

"""Figures of results, as `ks.plot.<name>(...)`: each returns a matplotlib Figure; `ks.plot.save` writes it.

`ds` is what `ks.simulate`, `ks.open_ensemble` or a netCDF of a run gives; `ds.karst.<name>()` is the same. One style,
colours that colour-blind readers can tell apart, units on every axis. A suffix decides on the format: `.svg` and `.pdf`
are vectors, `.png` is not.
"""

from __future__ import annotations

from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from karstsim.core.errors import InputError
from karstsim.report import style
from karstsim.report.event_figures import diel_figure as diel
from karstsim.report.event_figures import storm_figure as storm
from karstsim.report.fan_figure import fan_figure as scenario_fan
from karstsim.report.figures import sink_figure as sink
from karstsim.report.figures import spring_figure as seasons
from karstsim.report.forcing_figure import forcing_figure
from karstsim.report.isotope_figure import isotope_figure as isotopes
from karstsim.report.land_use_figure import land_use_figure as land_uses
from karstsim.report.results_figure import PANELS
from karstsim.report.results_figure import results_figure as results
from karstsim.report.sankey import sankey_figure as carbon_budget
from karstsim.report.scheme_figure import scheme_figure as scheme
from karstsim.report.time_axis import per_day

__all__ = [
    "carbon_budget",
    "chemistry",
    "diel",
    "forcing",
    "hydrograph",
    "isotopes",
    "land_uses",
    "results",
    "save",
    "scenario_fan",
    "scheme",
    "seasons",
    "sink",
    "storm",
]
FORMATS = (".png", ".svg", ".pdf")
RAIN = "atmosphere_precipitation"
WATER = (RAIN, "aquifer_spring")


def chemistry(
    ds: xr.Dataset,
    observations: xr.Dataset | None = None,
    area_km2: float | None = None,
    scenario: str | None = None,
) -> Figure:
    """The chemistry of the spring over time; as `results`, without rain and discharge."""
    kept = [panel.variable for panel in PANELS if panel.variable in ds and panel.variable not in WATER]
    if not kept:
        raise InputError("chemistry", "the run kept no chemistry of the spring", "keep aquifer_spring_*")
    extra = [name for name in ("time_bnds",) if name in ds]
    return results(ds[kept + extra], observations, area_km2, scenario)


def hydrograph(spring: xr.Dataset) -> Figure:
    """Discharge with its recessions marked, under the rain.

    spring   daily results of a run, or a table of `ks.read_spring_table`
    """
    from karstsim.analysis import recessions
    from karstsim.report.hydrograph_figures import hydrograph_figure

    discharge, rain = discharge_and_rain(spring)
    return hydrograph_figure(discharge, recessions(discharge, least_days=10.0), rain)


def discharge_and_rain(spring: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray | None]:
    """Discharge and rain of observations, or of results as mm d-1."""
    if "discharge" in spring:
        return spring["discharge"], spring.get("precipitation")
    if "aquifer_spring" not in spring:
        raise InputError(
            "hydrograph", "has neither discharge nor aquifer_spring", "keep aquifer_spring, daily"
        )
    discharge = _rate(spring, "aquifer_spring")
    return discharge, _rate(spring, RAIN) if RAIN in spring else None


def _rate(ds: xr.Dataset, name: str) -> xr.DataArray:
    """Amounts of the periods as mm d-1; the first member of an ensemble."""
    values = ds[name].isel(realization=0) if "realization" in ds[name].dims else ds[name]
    return values.copy(data=per_day(ds, values.values)).assign_attrs(units="mm d-1")


def forcing(ds: xr.Dataset) -> Figure:
    """Every variable of canonical forcing (`ks.open_forcing`) through the years and through the year."""
    return forcing_figure({str(name): ds[name] for name in ds.data_vars if "time" in ds[name].dims})


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure; the suffix decides on the format: .svg, .pdf or .png.  Raises InputError for any other."""
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise InputError(str(target), "is no picture by its suffix", f"end it with {', '.join(FORMATS)}")
    return style.save(figure, target, (target.suffix.lower(),))[0]

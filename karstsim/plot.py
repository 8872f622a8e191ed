"""Figures of results, as `ks.plot.<name>(...)`: each returns a matplotlib Figure; `ks.plot.save` writes it.

`ds` is what `ks.simulate`, `ks.open_ensemble`, `ks.calibrate`, `ks.sensitivity` or a netCDF of theirs gives, for the
analyses of a hydrograph also a table of `ks.read_spring_table`; `ds.karst.<name>()` is the same. One style,
colours that colour-blind readers can tell apart, units on every axis. A suffix decides on the format: `.svg` and `.pdf`
are vectors, `.png` is not.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec

import xarray as xr
from matplotlib.figure import Figure

from karstsim.analysis import Recession
from karstsim.core.errors import InputError, demand_kind
from karstsim.ensemble.store import kept_open
from karstsim.report import calibration_figures, decomposition_figures, sensitivity_figures, style
from karstsim.report.event_figures import diel_figure, storm_figure
from karstsim.report.fan_figure import fan_figure
from karstsim.report.figures import sink_figure, spring_figure
from karstsim.report.forcing_figure import forcing_figure
from karstsim.report.isotope_figure import isotope_figure
from karstsim.report.land_use_figure import land_use_figure
from karstsim.report.results_figure import PANELS, results_figure
from karstsim.report.sankey import sankey_figure
from karstsim.report.scheme_figure import scheme_figure
from karstsim.report.time_axis import per_day

__all__ = [
    "autocorrelation",
    "carbon_budget",
    "chains",
    "chemistry",
    "convergence",
    "corner",
    "cross_correlation",
    "diel",
    "dotty",
    "fit",
    "flow_duration",
    "forcing",
    "hydrograph",
    "indices_over_time",
    "isotopes",
    "land_uses",
    "master_recession",
    "morris",
    "pareto",
    "recession",
    "residuals",
    "results",
    "save",
    "scenario_fan",
    "scheme",
    "search",
    "seasons",
    "sensitivity_indices",
    "sink",
    "spectrum",
    "storm",
    "trend_drivers",
    "variance_shares",
]
P = ParamSpec("P")
FORMATS = (".png", ".svg", ".pdf")
RESULTS = "results of ks.simulate or ks.open_ensemble"
RECORD = f"{RESULTS}, or a table of ks.read_spring_table"
FORCING = "weather of ks.open_forcing"
RAIN = "atmosphere_precipitation"
WATER = (RAIN, "aquifer_spring")


def demand_series(figure: str, ds: object, result: str, *others: str) -> None:
    """Raise InputError for what is no Dataset over time (and other dims), or holds no time."""
    demand_kind(figure, ds, (xr.Dataset,), f"give {result}")
    assert isinstance(ds, xr.Dataset)
    absent = [dim for dim in ("time", *others) if dim not in ds.dims]
    if absent or "time" not in ds.coords:
        raise InputError(
            figure, f"the dataset is not over {' and '.join(absent) or 'stamps of time'}", f"give {result}"
        )
    if not ds.sizes["time"]:
        raise InputError(figure, "the dataset holds no time", "choose a span that lies in it")


def _of(
    maker: Callable[Concatenate[xr.Dataset, P], Figure], result: str, *names: str
) -> Callable[Concatenate[xr.Dataset, P], Figure]:
    """A figure of a result that is known by the names of its variables; others are refused."""

    @functools.wraps(maker)
    def checked(ds: xr.Dataset, /, *args: P.args, **kwargs: P.kwargs) -> Figure:
        demand_kind(maker.__name__, ds, (xr.Dataset,), f"give {result}")
        missing = [name for name in names if name not in ds]
        if missing:
            raise InputError(maker.__name__, f"the dataset has no {', '.join(missing)}", f"give {result}")
        return maker(ds, *args, **kwargs)

    return checked


def _read_once(
    maker: Callable[Concatenate[xr.Dataset, P], Figure],
) -> Callable[Concatenate[xr.Dataset, P], Figure]:
    """A figure of results over time; it opens each file of an ensemble once: anew for every variable takes a hundred
    times as long."""

    @functools.wraps(maker)
    def drawn(ds: xr.Dataset, /, *args: P.args, **kwargs: P.kwargs) -> Figure:
        demand_series(maker.__name__, ds, RESULTS)
        with kept_open():
            return maker(ds, *args, **kwargs)

    return drawn


diel, storm, seasons = _read_once(diel_figure), _read_once(storm_figure), _read_once(spring_figure)
sink, scenario_fan, carbon_budget = _read_once(sink_figure), _read_once(fan_figure), _read_once(sankey_figure)
isotopes, land_uses = _read_once(isotope_figure), _read_once(land_use_figure)
results, scheme = _read_once(results_figure), _read_once(scheme_figure)
POSTERIOR, INDICES = "the result of ks.calibrate", "the result of ks.sensitivity"
search = _of(calibration_figures.trace, POSTERIOR, "trace")
dotty = _of(calibration_figures.dotty, POSTERIOR, "evaluated", "profile")
chains = _of(calibration_figures.chains, f'{POSTERIOR} with method = "emcee"', "chain_value")
corner = _of(calibration_figures.corner, POSTERIOR, "value", "best")
pareto = _of(calibration_figures.pareto, f"{POSTERIOR} with two targets or more", "target", "loss")
fit = _of(calibration_figures.fit, POSTERIOR, "target", "skill")
residuals = _of(calibration_figures.residual_panels, POSTERIOR, "target", "skill")
sensitivity_indices = _of(sensitivity_figures.bars_figure, INDICES, "factor", "diagnostic")
morris = _of(sensitivity_figures.morris_figure, f"{INDICES} by Morris' method", "mu_star", "sigma")
convergence = _of(sensitivity_figures.convergence_figure, f"{INDICES} with sizes = 2 or more", "members")
indices_over_time = _of(sensitivity_figures.time_figure, INDICES, "factor", "diagnostic")
variance_shares = _of(
    decomposition_figures.decomposition_figure, "the result of ks.decompose_variance", "share"
)
trend_drivers = _of(
    decomposition_figures.attribution_figure, "the result of ks.attribute_trend", "effect", "base_trend_error"
)


def chemistry(
    ds: xr.Dataset,
    observations: xr.Dataset | None = None,
    area_km2: float | None = None,
    scenario: str | None = None,
) -> Figure:
    """The chemistry of the spring over time; as `results`, without rain and discharge."""
    demand_series("chemistry", ds, RESULTS)
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


def recession(spring: xr.Dataset) -> Figure:
    """The longest recession with Mangin's model, linear and logarithmic.  Raises InputError where there is none."""
    from karstsim.report.hydrograph_figures import recession_figure

    return recession_figure(max(_recessions(spring), key=lambda one: one.length))


def master_recession(spring: xr.Dataset) -> Figure:
    """All recessions on one curve with Maillet's law.  Raises InputError where there is none."""
    from karstsim.report.hydrograph_figures import master_recession_figure

    return master_recession_figure(_recessions(spring))


def flow_duration(spring: xr.Dataset) -> Figure:
    """Flow duration curve of the discharge."""
    from karstsim import analysis
    from karstsim.report.hydrograph_figures import flow_duration_figure

    return flow_duration_figure(analysis.flow_duration(discharge_and_rain(spring)[0]))


def autocorrelation(spring: xr.Dataset) -> Figure:
    """Correlogram of the discharge with the memory effect."""
    from karstsim import analysis
    from karstsim.report.hydrograph import longest_lag
    from karstsim.report.hydrograph_figures import autocorrelation_figure

    discharge, _ = discharge_and_rain(spring)
    return autocorrelation_figure(analysis.autocorrelation(discharge, max_lag=longest_lag(discharge, [])))


def cross_correlation(spring: xr.Dataset) -> Figure:
    """Cross-correlogram of rain and discharge.  Raises InputError for a table without rain."""
    from karstsim import analysis
    from karstsim.report.hydrograph import longest_lag
    from karstsim.report.hydrograph_figures import cross_correlation_figure

    discharge, rain = discharge_and_rain(spring)
    if rain is None:
        raise InputError("cross_correlation", "there is no rain", f"keep {RAIN}, or add a column of rain")
    found = analysis.cross_correlation(rain, discharge, max_lag=longest_lag(discharge, []))
    return cross_correlation_figure(found)


def spectrum(spring: xr.Dataset) -> Figure:
    """Variance density spectrum of the discharge with the regulation time."""
    from karstsim import analysis
    from karstsim.report.hydrograph import longest_lag
    from karstsim.report.hydrograph_figures import spectrum_figure

    discharge, _ = discharge_and_rain(spring)
    return spectrum_figure(analysis.spectrum(discharge, truncation=longest_lag(discharge, [])))


def _recessions(spring: xr.Dataset) -> list[Recession]:
    from karstsim.report.hydrograph import usual_recessions

    found = usual_recessions(discharge_and_rain(spring)[0], [])
    if not found:
        raise InputError("recession", "the discharge has no recession of a week", "take a longer record")
    return found


def discharge_and_rain(spring: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray | None]:
    """Discharge and rain of observations, or of results as mm d-1."""
    demand_series("hydrograph", spring, RECORD)
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
    demand_series("forcing", ds, FORCING, "location")
    return forcing_figure({str(name): ds[name] for name in ds.data_vars if "time" in ds[name].dims})


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure; the suffix decides on the format: .svg, .pdf or .png.  Raises InputError for any other."""
    demand_kind("save", figure, (Figure,), "give what a function of ks.plot returns")
    demand_kind("save", path, (str, Path), "give the path of a picture, such as results.svg")
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise InputError(str(target), "is no picture by its suffix", f"end it with {', '.join(FORMATS)}")
    return style.save(figure, target, (target.suffix.lower(),))[0]

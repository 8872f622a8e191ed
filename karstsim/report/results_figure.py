"""The stack of a run: forcing, discharge and chemistry over one time axis, with observations and residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from karstsim.core.constants import MM_PER_M, SECONDS_PER_DAY
from karstsim.core.errors import InputError, demand_kind
from karstsim.report import numbers, style
from karstsim.report.figures import SQUARE_METRES_PER_KM2, chosen_scenario
from karstsim.report.time_axis import instants, per_day, time_axis

HEIGHT = 1.25  # inches a panel
MANY = 400  # observations from which on a line is drawn
SIMULATED, OBSERVED, RAIN = "#0072b2", "#d55e00", "#56b4e9"
SECOND = "#7a4a9c"


@dataclass(frozen=True)
class Panel:
    """A quantity: its variable in the output and its name in a table of a spring.

    amount  amounts per period, shown per day;  zero  the axis begins at 0
    """

    label: str
    unit: str
    variable: str
    observed: str = ""
    factor: float = 1.0
    amount: bool = False
    zero: bool = False


PANELS = (
    Panel("Rain", "mm d⁻¹", "atmosphere_precipitation", amount=True, zero=True),
    Panel("Discharge", "mm d⁻¹", "aquifer_spring", "discharge", amount=True, zero=True),
    Panel("Temperature", "°C", "aquifer_spring_temperature", "temperature"),
    Panel("Conductivity", "µS cm⁻¹", "aquifer_spring_conductivity", "conductivity"),
    Panel("HCO₃⁻", "mmol L⁻¹", "aquifer_spring_hco3", "alkalinity"),
    Panel("Ca²⁺", "mmol L⁻¹", "aquifer_spring_ca_concentration", "ca"),
    Panel("pH", "–", "aquifer_spring_ph", "ph"),
    Panel("SI calcite", "–", "aquifer_spring_si_calcite"),
    Panel("pCO₂", "µatm", "aquifer_spring_pco2", "pco2", 1.0e6),
)


@style.styled
def results_figure(
    ds: xr.Dataset,
    observations: xr.Dataset | None = None,
    area_km2: float | None = None,
    scenario: str | None = None,
) -> Figure:
    """Rain, discharge and chemistry of the spring; below each observed quantity what the model leaves over.

    ds            a run or an ensemble, any frequency;  scenario: which one of an ensemble, the middle one by default
    observations  of `read_spring_table`; discharge in m3 s-1 needs area_km2, the karst area
    """
    if observations is not None:
        demand_kind("observations", observations, (xr.Dataset,), "give a table of ks.read_spring_table")
    groups = numbers.members_by_scenario(ds)
    ds = groups[chosen_scenario(groups, scenario)]
    panels = [panel for panel in PANELS if panel.variable in ds]
    if not panels:
        raise InputError("results stack", "the run kept no variable of the spring", "keep aquifer_spring_*")
    seen = {} if observations is None else observed_series(observations, panels, area_km2)
    rows = [
        (panel, residual)
        for panel in panels
        for residual in ((False, True) if panel.label in seen else (False,))
    ]
    figure = style.new_figure(HEIGHT * len(rows) + 0.6)
    axes = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
    x = instants(ds)
    for ax, (panel, residual) in zip(axes, rows, strict=True):
        values = simulated(ds, panel)
        if residual:
            _residuals(ax, ds, panel, seen[panel.label])
        else:
            _panel(ax, x, values, panel)
            if panel.label in seen:
                _observed(ax, seen[panel.label], panel)
    time_axis(axes[-1], x)
    figure.align_ylabels()
    return figure


def simulated(ds: xr.Dataset, panel: Panel) -> np.ndarray:
    """(realization, time) values of a panel in its unit."""
    values = panel.factor * numbers.members(ds, panel.variable)
    return per_day(ds, values) if panel.amount else values


def observed_series(
    observations: xr.Dataset, panels: list[Panel] | tuple[Panel, ...], area_km2: float | None
) -> dict[str, xr.DataArray]:
    """Observations by panel, in the panel's unit."""
    found = {}
    for panel in panels:
        if panel.observed not in observations:
            continue
        series = panel.factor * observations[panel.observed]
        if panel.observed == "discharge" and observations["discharge"].attrs.get("units") == "m3 s-1":
            if area_km2 is None:
                raise InputError("observed discharge", "is in m3 s-1, the model's in mm", "give area_km2")
            series = series * SECONDS_PER_DAY * MM_PER_M / (area_km2 * SQUARE_METRES_PER_KM2)
        found[panel.label] = series
    return found


def paired(
    ds: xr.Dataset, values: np.ndarray, series: xr.DataArray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, median member and mean observation of every period that has one.

    An observation belongs to the period in which it was made.
    """
    starts = ds["time"].values
    if not np.issubdtype(starts.dtype, np.datetime64):
        raise InputError(
            "observations", "have dates, and the run's calendar has others", "run on a standard calendar"
        )
    there = np.isfinite(series.values)
    times, numbers_seen = series["time"].values[there], series.values[there]
    at = np.searchsorted(starts, times, side="right") - 1
    last = starts[-1] + (starts[-1] - starts[-2] if starts.size > 1 else np.timedelta64(1, "D"))
    inside = (at >= 0) & (times < last)
    at, numbers_seen = at[inside], numbers_seen[inside]
    periods = np.unique(at)
    means = np.array([numbers_seen[at == period].mean() for period in periods])
    return starts[periods], numbers.band(values)[0][periods], means


def _panel(ax: Axes, x: np.ndarray, values: np.ndarray, panel: Panel) -> None:
    middle, low, high = numbers.band(values)
    if panel.label == "Rain":
        ax.fill_between(x, 0.0, middle, step="post", color=RAIN, linewidth=0.0)
        ax.invert_yaxis()
    else:
        if values.shape[0] > 1:
            ax.fill_between(x, low, high, color=SIMULATED, alpha=style.BAND_ALPHA, linewidth=0.0)
        ax.plot(x, middle, color=SIMULATED, linewidth=1.1, label="simulated")
    if panel.label.startswith("SI"):
        ax.axhline(0.0, color=style.BASELINE, linewidth=1.0, zorder=1)
    if panel.zero:
        ax.set_ylim(*((None, 0.0) if panel.label == "Rain" else (0.0, None)))
    ax.set_ylabel(f"{panel.label}\n({panel.unit})")


def _observed(ax: Axes, series: xr.DataArray, panel: Panel) -> None:
    """A line where most steps of a long record have a value, else points: a value between gaps is no line."""
    there = np.isfinite(series.values)
    if there.sum() > MANY and there.mean() > 0.5:
        ax.plot(series["time"].values, series.values, color=OBSERVED, linewidth=0.9, label="observed")
    else:
        points = series.isel(time=there)
        ax.plot(points["time"].values, points.values, "o", color=OBSERVED, markersize=3.5, label="observed")
    ax.set_autoscaley_on(True)  # the axis was made for the simulated values
    ax.autoscale_view()
    if panel.zero:
        ax.set_ylim(bottom=0.0)
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.97), borderaxespad=0.0, ncols=2)


def _residuals(ax: Axes, ds: xr.Dataset, panel: Panel, series: xr.DataArray) -> None:
    times, model, seen = paired(ds, simulated(ds, panel), series)
    ax.vlines(times, 0.0, model - seen, color=SECOND, linewidth=0.8)
    ax.axhline(0.0, color=style.BASELINE, linewidth=1.0)
    ax.set_ylabel(f"simulated −\nobserved\n({panel.unit})")


def fit_rows(
    ds: xr.Dataset, observations: xr.Dataset, area_km2: float | None
) -> list[tuple[str, int, float, float, float]]:
    """Quantity, number of pairs, Nash-Sutcliffe efficiency, Kling-Gupta efficiency (2009) and bias of each."""
    rows: list[tuple[str, int, float, float, float]] = []
    ds = next(iter(numbers.members_by_scenario(ds).values()))
    for label, series in observed_series(observations, PANELS, area_km2).items():
        panel = next(p for p in PANELS if p.label == label)
        if panel.variable not in ds:
            continue
        _, model, seen = paired(ds, simulated(ds, panel), series)
        if seen.size > 1 and seen.std() > 0.0:
            rows.append((f"{label} ({panel.unit})", seen.size, *_scores(model, seen)))
    return rows


def _scores(model: np.ndarray, seen: np.ndarray) -> tuple[float, float, float]:
    from scores.continuous import additive_bias, kge, nse

    pair = [xr.DataArray(values, dims="time") for values in (model, seen)]
    return float(nse(*pair)), float(kge(*pair)), float(additive_bias(*pair))

"""Short time: how water changes through the day, and through the largest storm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from karstsim.core.errors import InputError
from karstsim.report import numbers, style
from karstsim.report.results_figure import PANELS, SIMULATED, Panel, simulated
from karstsim.report.time_axis import instants, per_day, period_days, time_axis

HEIGHT = 2.6  # inches a row of the diel figure
STORM_HEIGHT = 1.35  # inches a panel
HOURS = 24.0
MINUTES = 60.0  # to which hours are rounded, so that the same one of all days is one number
LONGEST = 3.0  # d, of a step that shows a storm
BEFORE, AFTER = 3.0, 12.0  # days around the peak
BAND = (0.1, 0.9)
CLOCK = "forcing_clock"  # of a run whose weather has local stamps


@dataclass(frozen=True)
class Diel:
    """A quantity of a water box through the day."""

    label: str
    unit: str
    variable: str
    factor: float = 1.0


DIEL = (
    Diel("pH", "–", "surface_water_water_ph"),
    Diel("pCO₂", "µatm", "surface_water_water_pco2", 1.0e6),
    Diel("Oxygen saturation", "%", "surface_water_oxygen_saturation", 100.0),
    Diel("SI calcite", "–", "surface_water_water_si_calcite"),
    Diel("Temperature", "°C", "surface_water_temperature"),
)


@style.styled
def diel_figure(ds: xr.Dataset, months: tuple[int, ...] = (6, 7, 8)) -> Figure:
    """Mean course of a day in every box of surface water, with 10 to 90 % of the days, in local solar time.

    What a box holds is known at the end of each step, and drawn there.

    ds      output of every step, with steps of a few hours (all members count);  months: the season, summer by default
    Raises InputError for steps of a day and for a run without surface water.
    """
    if float(np.max(period_days(ds))) > 0.5:
        raise InputError(
            "diel figure", "needs steps shorter than a day", 'run hourly forcing with output = ["step"]'
        )
    panels = [p for p in DIEL if p.variable in ds]
    if not panels or "box" not in ds.dims:
        raise InputError(
            "diel figure", "the run kept no water box", "keep surface_water_water_ph and the like"
        )
    ds = ds.isel(time=np.isin(numbers.months_of(ds), months))
    boxes = [str(name) for name in ds["box_name"].values]
    figure = style.new_figure(HEIGHT * -(-len(panels) // 2) + 0.4)
    axes = figure.subplots(-(-len(panels) // 2), 2, squeeze=False).ravel()
    hour, clock = _hours(ds)
    for ax, panel, letter in zip(axes, panels, "abcdef", strict=False):
        for number, box in enumerate(boxes):
            values = panel.factor * ds[panel.variable].isel(box=number).transpose(..., "time").values
            _day(ax, hour, np.atleast_2d(values), style.OTHER_COLOURS[number % len(style.OTHER_COLOURS)], box)
        ax.set_ylabel(f"{panel.label} ({panel.unit})")
        ax.set_xlabel(f"{clock} (h)")
        ax.set_xlim(0.0, HOURS)
        ax.set_xticks(range(0, 25, 6))
        style.panel_title(ax, letter, panel.label)
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=len(boxes))
    return figure


def _hours(ds: xr.Dataset) -> tuple[np.ndarray, str]:
    """Hours of the day at which steps end, and whose: universal stamps are moved by the longitude."""
    stamps = ds["time"].dt
    begin = np.asarray(stamps.hour.values, float) + np.asarray(stamps.minute.values, float) / 60.0
    hour = np.round(MINUTES * (begin + HOURS * np.median(period_days(ds)))) / MINUTES % HOURS
    if "lon" not in ds or ds["lon"].size != 1 or CLOCK in ds.attrs:
        return hour, "Hour of the day"
    return (hour + float(ds["lon"].item()) * HOURS / 360.0) % HOURS, "Local solar time"


def _day(ax: Axes, hour: np.ndarray, values: np.ndarray, colour: str, label: str) -> None:
    at = np.unique(hour)
    groups = [values[:, hour == h] for h in at]
    low, high = (_around([np.nanquantile(g, q) for g in groups]) for q in BAND)
    whole = np.concatenate((at[-1:] - HOURS, at, at[:1] + HOURS))
    ax.fill_between(whole, low, high, color=colour, alpha=style.BAND_ALPHA, linewidth=0.0)
    ax.plot(whole, _around([np.nanmean(g) for g in groups]), color=colour, label=style.plain(label))


def _around(values: list[float]) -> np.ndarray:
    """A day with the last value of the one before and the first of the next, so that it has no gap at midnight."""
    return np.array([values[-1], *values, values[0]])


@style.styled
def storm_figure(ds: xr.Dataset) -> Figure:
    """The spring through the largest storm: rain, discharge and chemistry around the highest discharge.

    ds   output of days or shorter steps.  Raises InputError for longer periods.
    """
    if float(np.max(period_days(ds))) > LONGEST:
        raise InputError("storm figure", "needs daily output or shorter", 'add "daily" to [run] output')
    if "realization" not in ds.dims:
        ds = ds.expand_dims("realization")
    ds = ds.isel(realization=[0])
    panels = [panel for panel in PANELS if panel.variable in ds]
    peak = int(np.nanargmax(per_day(ds, numbers.members(ds, "aquifer_spring")[0])))
    days = np.cumsum(period_days(ds))
    inside = (days >= days[peak] - BEFORE) & (days <= days[peak] + AFTER)
    part = ds.isel(time=inside)
    figure = style.new_figure(STORM_HEIGHT * len(panels) + 0.6)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    x = instants(part)
    for ax, panel in zip(axes, panels, strict=True):
        _line(ax, x, simulated(part, panel)[0], panel)
    style.panel_title(axes[0], "", f"Largest discharge, {str(ds['time'].values[peak])[:10]}")
    time_axis(axes[-1], x)
    figure.align_ylabels()
    return figure


def _line(ax: Axes, x: np.ndarray, values: np.ndarray, panel: Panel) -> None:
    if panel.amount:
        # The last period has its length too.
        ends = np.append(x, x[-1] + (x[-1] - x[-2])) if len(x) > 1 else x
        ax.step(ends, np.append(values, values[-1])[: len(ends)], where="post", color=SIMULATED)
        ax.set_ylim(bottom=0.0)
    else:
        ax.plot(x, values, color=SIMULATED)
    ax.set_ylabel(f"{panel.label}\n({panel.unit})")

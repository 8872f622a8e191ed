"""A picture of forcing: every variable through the years, and its course through the year."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from karstsim.core.constants import SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.forcing.times import decimal_years
from karstsim.report import style

ROW = 1.55  # inches a variable
MOST_POINTS = 20_000  # of one line; more cannot be told apart
FAMILIAR = {"K": ("°C", 1.0, -ZERO_CELSIUS), "kg m-2 s-1": ("mm d⁻¹", SECONDS_PER_DAY, 0.0), "Pa": ("hPa", 0.01, 0.0),
            "1e-6": ("ppm", 1.0, 0.0), "W m-2": ("W m⁻²", 1.0, 0.0), "m s-1": ("m s⁻¹", 1.0, 0.0)}  # fmt: skip
MEAN, STEPS, RANGE = "#0072b2", "#b8c4cf", 0.25


@style.styled
def forcing_figure(series: Mapping[str, xr.DataArray]) -> Figure:
    """One row a variable: its steps and its annual means on the left, its mean year on the right.

    series   canonical variables (location, time); several locations are shown by their mean
    """
    figure = style.new_figure(ROW * len(series) + 0.5)
    axes = figure.subplots(len(series), 2, squeeze=False, width_ratios=(3.0, 1.0))
    for (name, da), (left, right) in zip(series.items(), axes, strict=True):
        unit, factor, offset = FAMILIAR.get(
            str(da.attrs.get("units", "")), (str(da.attrs.get("units", "")), 1.0, 0.0)
        )
        values = da.transpose("time", "location").values.mean(axis=1) * factor + offset
        years = decimal_years(da.time.values)
        thin = max(1, len(values) // MOST_POINTS)
        left.plot(years[::thin], values[::thin], color=STEPS, linewidth=0.5)
        whole, means = _annual(years, values)
        left.plot(whole + 0.5, means, color=MEAN, marker="o" if len(whole) < 40 else "", markersize=3.0)
        left.set_ylabel(f"{name}\n({style.plain(unit)})" if unit else name)
        _season(right, da, values)
    axes[0][0].set_title("Steps (grey) and means of whole years (blue)")
    axes[0][1].set_title("Months (10–90 %)")
    for ax in axes[:-1].ravel():
        ax.tick_params(labelbottom=False)
    axes[-1][0].set_xlabel("Year")
    for ax in axes[:, 0]:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    style.months_on_x(axes[-1][1])
    return figure


def _annual(years: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Years that are there from beginning to end, and their means."""
    number = np.floor(years + 1e-9).astype(int)
    whole = [
        y
        for y in np.unique(number)
        if years[number == y].min() < y + 0.01 and years[number == y].max() > y + 0.98
    ]
    return np.array(whole, "f8"), np.array([values[number == y].mean() for y in whole])


def _season(ax: object, da: xr.DataArray, values: np.ndarray) -> None:
    """Monthly means, and the range of the single months between their tenth and ninetieth per cent."""
    months = da.time.dt.month.values
    there = np.unique(months)
    groups = [values[months == m] for m in there]
    ax.plot(there, [g.mean() for g in groups], color=MEAN, marker="o", markersize=3.0)  # type: ignore[attr-defined]
    low, high = ([np.quantile(g, q) for g in groups] for q in (0.1, 0.9))
    ax.fill_between(there, low, high, color=MEAN, alpha=RANGE, linewidth=0.0)  # type: ignore[attr-defined]
    style.months_on_x(ax)  # type: ignore[arg-type]
    ax.set_xlabel("")  # type: ignore[attr-defined]

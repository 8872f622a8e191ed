"""Time in figures: dates where the calendar has them, decimal years elsewhere; amounts of a period as rates."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from karstsim.core.constants import DAYS_PER_YEAR, SECONDS_PER_DAY
from karstsim.forcing.times import decimal_years

SUM = "time: sum"


def instants(ds: xr.Dataset | xr.DataArray) -> np.ndarray:
    """Dates of an axis; decimal years for calendars that matplotlib does not know."""
    times = ds["time"].values
    return times if np.issubdtype(times.dtype, np.datetime64) else decimal_years(times)


def time_axis(ax: Axes, x: np.ndarray) -> None:
    """Short dates below the axis, and its name."""
    if np.issubdtype(x.dtype, np.datetime64):
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator: Any = AutoDateLocator()  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        ax.set_xlabel("Time")
    else:
        ax.set_xlabel("Year")


def period_days(ds: xr.Dataset) -> np.ndarray:
    """(time) length of every period, d."""
    if "time_bnds" not in ds:
        times = decimal_years(ds["time"].values) * DAYS_PER_YEAR
        return np.gradient(times) if times.size > 1 else np.full(1, np.nan)
    bounds = ds["time_bnds"]
    if "realization" in bounds.dims:
        bounds = bounds.isel(realization=0)
    edges = bounds.transpose("time", "bnds").values
    lengths = edges[:, 1] - edges[:, 0]
    if np.issubdtype(lengths.dtype, np.timedelta64):
        return np.asarray(lengths / np.timedelta64(1, "D"), float)
    return np.array([length.total_seconds() / SECONDS_PER_DAY for length in lengths])


def per_day(ds: xr.Dataset, values: np.ndarray) -> np.ndarray:
    """(..., time) amounts of the periods as rates per day."""
    return np.asarray(values / period_days(ds))


def per_year(ds: xr.Dataset, values: np.ndarray) -> np.ndarray:
    """(...) amounts of the periods, (..., time), as the mean rate per year of the span."""
    return np.asarray(values.sum(axis=-1) / period_days(ds).sum() * DAYS_PER_YEAR)

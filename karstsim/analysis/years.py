"""Years of an output: whole ones, their numbers, and means that run over them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.forcing.times import seconds

SHORTEST_YEAR = 359.0  # days; 360-day calendars have whole years too
RUNNING = 11  # years of the running mean


def whole_years(annual: xr.Dataset) -> xr.Dataset:
    """Without years that the run began or ended within."""
    if "time_bnds" not in annual:
        return annual
    bounds = annual["time_bnds"]
    if "realization" in bounds.dims:
        bounds = bounds.isel(realization=0)
    edges = bounds.transpose("time", "bnds").values
    days = np.diff(seconds(edges.ravel()).reshape(edges.shape))[:, 0] / SECONDS_PER_DAY
    return annual.isel(time=days >= SHORTEST_YEAR)


def years_of(ds: xr.Dataset) -> np.ndarray:
    """Calendar year of every period."""
    return np.asarray(ds["time"].dt.year.values, dtype=int)


def running_mean(
    values: np.ndarray, years: np.ndarray, length: int = RUNNING
) -> tuple[np.ndarray, np.ndarray, int]:
    """Centred running mean along the last axis, whole windows only: (values, years, length used).

    A record shorter than two windows is returned as it is, with length 1.
    """
    if values.shape[-1] < 2 * length:
        return values, years, 1
    windows = np.lib.stride_tricks.sliding_window_view(values, length, axis=-1)
    half = length // 2
    return windows.mean(axis=-1), years[half : len(years) - half], length

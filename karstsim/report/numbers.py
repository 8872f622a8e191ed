"""What figures and tables show: members by scenario, whole years, decades, medians with their spread."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import xarray as xr

from karstsim.analysis.years import running_mean as running_mean
from karstsim.analysis.years import whole_years as whole_years
from karstsim.analysis.years import years_of as years_of

MONTHS = 12
DECADE = 10  # years compared at the start and at the end
SPREAD = (0.05, 0.95)
UNNAMED = "run"
Band = tuple[np.ndarray, np.ndarray, np.ndarray]  # median, 5 %, 95 %


@dataclass(frozen=True)
class Span:
    """Years of one period, both included, and which of the Dataset's years they are."""

    first: int
    last: int
    where: slice

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"


def members_by_scenario(ds: xr.Dataset) -> dict[str, xr.Dataset]:
    """Datasets with a `realization` dim, one per scenario, in the order of the names.

    A run without scenarios is one entry, named after its forcing where that is known.
    """
    if "realization" not in ds.dims:
        ds = ds.expand_dims("realization")
    if "scenario" not in ds.coords:
        return {str(ds.attrs.get("forcing_experiment_id") or UNNAMED): ds}
    names = np.broadcast_to(np.asarray(ds["scenario"].values).astype(str), ds.sizes["realization"])
    return {str(name): ds.isel(realization=np.flatnonzero(names == name)) for name in np.unique(names)}


def members(ds: xr.Dataset, name: str, rows: str | None = None) -> np.ndarray:
    """(realization, time) values of a variable; NaN where the Dataset has none.

    rows  "tile" for the area-weighted sum over land tiles, "box" for the sum over water boxes
    """
    if name not in ds:
        return np.full((ds.sizes["realization"], ds.sizes["time"]), np.nan)
    values = ds[name]
    if rows == "tile" and "tile" in values.dims:
        values = (values * ds["tile_area_fraction"]).sum("tile", skipna=False)
    if rows == "box" and "box" in values.dims:
        values = values.sum("box", skipna=False)
    return values.transpose("realization", "time").values.astype(float)


def months_of(ds: xr.Dataset) -> np.ndarray:
    """Calendar month of every period, 1 to 12."""
    return np.asarray(ds["time"].dt.month.values, dtype=int)


def first_and_last(years: np.ndarray, length: int = DECADE) -> tuple[Span, Span] | None:
    """The first and the last decade; halves of a shorter record; None where there are not two years."""
    distinct = np.unique(years)
    n = min(length, distinct.size // 2)
    if n == 0:
        return None
    return _span(years, distinct[0], distinct[n - 1]), _span(years, distinct[-n], distinct[-1])


def last_years(years: np.ndarray, length: int = DECADE) -> Span:
    """The last decade, or what there is."""
    distinct = np.unique(years)
    return _span(years, distinct[-min(length, distinct.size)], distinct[-1])


def _span(years: np.ndarray, first: int, last: int) -> Span:
    at = np.flatnonzero((years >= first) & (years <= last))
    return Span(int(first), int(last), slice(int(at[0]), int(at[-1]) + 1))


def band(values: np.ndarray) -> Band:
    """Median, 5 % and 95 % over the first axis; members without a number do not count."""
    if values.size == 0:
        nothing = np.full(values.shape[1:], np.nan)
        return nothing, nothing, nothing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all members NaN: the answer is NaN
        low, middle, high = np.nanquantile(values, (SPREAD[0], 0.5, SPREAD[1]), axis=0)
    return middle, low, high


def mean_over(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Mean that passes over NaN; NaN where nothing is left."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(values, axis=axis))


def climatology(values: np.ndarray, months: np.ndarray) -> np.ndarray:
    """(realization, 12): mean of every calendar month."""
    return np.stack([mean_over(values[:, months == m]) for m in range(1, MONTHS + 1)], axis=1)

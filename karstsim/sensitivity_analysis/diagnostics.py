"""Diagnostics: the numbers of every member that an analysis explains, read from an ensemble a few members at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import linregress

from karstsim.analysis.years import whole_years
from karstsim.core.errors import InputError
from karstsim.ensemble.store import open_ensemble, pieces
from karstsim.sensitivity_analysis.config import DiagnosticSection

WHOLE = -1  # year and month of a diagnostic that is not over years or months
PER_DECADE = 10.0
LEAST_YEARS = 3  # to see a scatter about a line
MONTHS = range(1, 13)
WATER = ("kg m-2", "mm")  # CF's unit of an amount of water, and ours
PER = {"annual": "year-1", "monthly": "month-1", "daily": "day-1", "step": "step-1"}


def diagnostics_of(folder: Path, asked: Sequence[DiagnosticSection]) -> xr.DataArray:
    """Values (member, output) of an ensemble folder; members that failed are NaN.

    Outputs have a name, the `diagnostic` they belong to, its `units`, and their `year` or `month` (-1: neither).
    Raises InputError for a variable that was not kept, a tile or box that is not there, or a span without values.
    """
    parts = []
    for frequency in dict.fromkeys(d.starts_from for d in asked):
        ds = open_ensemble(folder, frequency)
        ds = whole_years(ds) if frequency == "annual" else ds
        parts += [(asked.index(d), _of(ds, d)) for d in asked if d.starts_from == frequency]
    return xr.concat([part for _, part in sorted(parts, key=lambda p: p[0])], "output")


def _of(ds: xr.Dataset, asked: DiagnosticSection) -> xr.DataArray:
    where = f"diagnostic {asked.label!r}"
    if asked.variable not in ds:
        raise InputError(
            where, f"{asked.variable!r} was not kept", "list what there is with: karstsim variables"
        )
    ds = _within(ds, asked, where)
    years, months = ds.time.dt.year.values, ds.time.dt.month.values
    steps = _steps(asked, years, months)
    found: list[np.ndarray] = []
    for part in pieces(ds, asked.variable):
        values = _one_row(ds.isel(realization=part), asked, where)
        found.append(
            np.stack([_statistic(values[:, at], years[at], months[at], asked) for _, _, at in steps], 1)
        )
    labels = [_label(asked, year, month) for year, month, _ in steps]
    return xr.DataArray(
        np.concatenate(found),
        dims=("member", "output"),
        coords={
            "output": labels,
            "diagnostic": ("output", [asked.label] * len(steps)),
            "units": ("output", [_units(ds[asked.variable], asked)] * len(steps)),
            "year": ("output", [year for year, _, _ in steps]),
            "month": ("output", [month for _, month, _ in steps]),
        },
    )


def _within(ds: xr.Dataset, asked: DiagnosticSection, where: str) -> xr.Dataset:
    """The years and months that are asked for."""
    years, months = ds.time.dt.year.values, ds.time.dt.month.values
    first, last = asked.years or (years.min(initial=0), years.max(initial=0))
    at = (years >= first) & (years <= last)
    if asked.months:
        at &= np.isin(months, asked.months)
    if not at.any():
        raise InputError(where, "has no values in these years and months", "ask for years within the forcing")
    return ds.isel(time=np.flatnonzero(at))


def _steps(
    asked: DiagnosticSection, years: np.ndarray, months: np.ndarray
) -> list[tuple[int, int, np.ndarray]]:
    """Year, month and periods of each output of a diagnostic."""
    if asked.over == "year":
        return [(int(y), WHOLE, np.flatnonzero(years == y)) for y in np.unique(years)]
    if asked.over == "month":
        return [(WHOLE, int(m), np.flatnonzero(months == m)) for m in np.unique(months)]
    return [(WHOLE, WHOLE, np.arange(len(years)))]


def _label(asked: DiagnosticSection, year: int, month: int) -> str:
    if year != WHOLE:
        return f"{asked.label}, {year}"
    return f"{asked.label}, month {month}" if month != WHOLE else asked.label


def _one_row(ds: xr.Dataset, asked: DiagnosticSection, where: str) -> np.ndarray:
    """(members, periods): of tiles the mean over their areas, of boxes the last, or the one that is asked for."""
    values = ds[asked.variable]
    rows = next((dim for dim in ("tile", "box", "sinking_stream") if dim in values.dims), None)
    if rows is None:
        return values.values.astype(float)
    number = {"tile": asked.tile, "box": asked.box}.get(rows)
    if number is not None and number >= ds.sizes[rows]:
        raise InputError(where, f"there is no {rows} {number}", f"count from 0 to {ds.sizes[rows] - 1}")
    if number is None and rows == "tile":
        return (values * ds["tile_area_fraction"]).sum("tile", skipna=False).values.astype(float)
    return values.isel({rows: -1 if number is None else number}).values.astype(float)


def _statistic(
    values: np.ndarray, years: np.ndarray, months: np.ndarray, asked: DiagnosticSection
) -> np.ndarray:
    """(members,) statistic of (members, periods)."""
    if asked.percentile is not None:
        return np.percentile(values, asked.percentile, axis=1)
    if asked.statistic == "trend":
        return trend(values, years + (months - 1) / 12.0)
    if asked.statistic == "amplitude":
        means = [values[:, months == m].mean(axis=1) for m in MONTHS if (months == m).any()]
        return np.ptp(np.stack(means), axis=0)
    return _PLAIN[asked.statistic](values)


def _std(values: np.ndarray) -> np.ndarray:
    return np.std(values, axis=1, ddof=1) if values.shape[1] > 1 else np.full(len(values), np.nan)


_PLAIN: dict[str, Callable[[np.ndarray], Any]] = {
    "mean": lambda values: values.mean(axis=1),
    "sum": lambda values: values.sum(axis=1),
    "min": lambda values: values.min(axis=1),
    "max": lambda values: values.max(axis=1),
    "std": _std,
}


def trend(values: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Least-squares slope per decade along the last axis; NaN where there are fewer than two times."""
    centred = years - years.mean()
    square = float(centred @ centred)
    if square == 0.0:
        return np.full(values.shape[:-1], np.nan)
    return PER_DECADE * (values - values.mean(axis=-1, keepdims=True)) @ centred / square


def trend_error(values: np.ndarray, years: np.ndarray) -> float:
    """Standard error of `trend` of one series per decade, if years scatter about their line independently.

    NaN where there are fewer than three times.
    """
    if len(years) < LEAST_YEARS:
        return float("nan")
    return PER_DECADE * float(linregress(years, values).stderr)


def _units(variable: xr.DataArray, asked: DiagnosticSection) -> str:
    """Amounts are per period, unless they are summed over all of them."""
    units = units_of(variable, "" if asked.statistic == "sum" else asked.starts_from)
    return f"{units} decade-1" if asked.statistic == "trend" else units


def units_of(variable: xr.DataArray, frequency: str = "annual") -> str:
    """Units of values at a frequency: amounts are per period."""
    units = str(variable.attrs.get("units", "")).replace(*WATER)
    amount = "sum" in str(variable.attrs.get("cell_methods", ""))
    return f"{units} {PER[frequency]}" if amount and frequency else units

"""Many files as one: consecutive spans of a variable joined, variables brought onto their common span."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import monthly
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import Repairs
from karstsim.forcing.optional import leaving_out
from karstsim.forcing.place import arc
from karstsim.forcing.request import Request

SAME_PLACE = 0.5  # degrees of arc between the cells of different files, when no point was asked
PLACE = ("lat", "lon", "area_km2")


def join_all(
    parts: list[xr.DataArray], request: Request, repairs: Repairs, months: bool
) -> dict[str, xr.DataArray]:
    """One series a variable. `months`: whether monthly means are accepted."""
    mixed = len({clock.calendar_of(p.time.values) for p in parts}) > 1
    if mixed:
        parts = [_as_cftime(p) for p in parts]
    by_name: dict[str, list[xr.DataArray]] = {}
    for part in parts:
        by_name.setdefault(str(part.name), []).append(part)
    joined = {}
    for name, pieces in by_name.items():
        with leaving_out(name, request.told, repairs):
            joined[name] = _join(name, pieces, request, repairs, months)
    return joined


def _as_cftime(part: xr.DataArray) -> xr.DataArray:
    """datetime64 stamps as cftime ones of the standard calendar, for spans that leave the range of datetime64."""
    if not np.issubdtype(part.time.dtype, np.datetime64):
        return part
    return part.convert_calendar("standard", use_cftime=True)


def _join(
    name: str, pieces: list[xr.DataArray], request: Request, repairs: Repairs, months: bool
) -> xr.DataArray:
    """Consecutive spans of one variable as one series. Raises InputError for overlaps that differ and for gaps."""
    calendars = {clock.calendar_of(p.time.values): p.attrs["path"] for p in pieces}
    if len(calendars) > 1:
        raise InputError(name, f"calendars differ: {calendars}", "give files of one calendar")
    if len(pieces) > 1:
        pieces = sorted(pieces, key=lambda p: p.time.values.min())
    for p in pieces:
        if not p.indexes["time"].is_monotonic_increasing:
            repairs.note(f"{Path(p.attrs['path']).name}: times of {name} were not in order, sorted")
    owner = np.repeat(np.arange(len(pieces)), [p.sizes["time"] for p in pieces])
    if not all(_same_locations(pieces[0], p) for p in pieces[1:]):
        raise InputError(
            name, "files hold different locations", "choose one with location=... or with lon and lat"
        )
    for p in pieces[1:]:
        both = f"{name} of {Path(pieces[0].attrs['path']).name} and of {Path(p.attrs['path']).name}"
        _check_place(both, pieces[0], p, request, repairs)
    whole = pieces[0] if len(pieces) == 1 else _concat(pieces)
    sec = pieces[0].attrs["seconds"] if len(pieces) == 1 else clock.seconds(whole.time.values)
    order = np.argsort(sec, kind="stable")
    if not np.array_equal(order, np.arange(order.size)):
        whole, owner, sec = whole.isel(time=order), owner[order], sec[order]
    paths = [p.attrs["path"] for p in pieces]
    keep = _without_doubles(whole, sec, owner, paths, repairs)
    if not keep.all():
        whole, sec = whole.isel(time=np.flatnonzero(keep)), sec[keep]
    where = paths[0] if len(pieces) == 1 else f"{len(pieces)} files from {paths[0]}"
    if sec.size > 1 and any(p.sizes["time"] == 1 for p in pieces):  # a file a day says nothing of its step
        whole = whole.assign_coords(time=clock.step_starts(whole.time.values, None, where))
        sec = clock.seconds(whole.time.values)
    if months and monthly.is_monthly(sec):
        return monthly.on_months(whole, f"{where}, {name}")
    whole.attrs["step"] = clock.check_regular(whole.time.values, f"{where}, {name}", sec)
    return whole


def _concat(pieces: list[xr.DataArray]) -> xr.DataArray:
    bare = [p.drop_vars(PLACE, errors="ignore") for p in pieces]
    whole = xr.concat(bare, "time", combine_attrs="drop")
    return whole.assign_coords(_place(pieces[0]))


def _place(da: xr.DataArray) -> dict[str, xr.DataArray]:
    return {str(c): da[c] for c in PLACE if c in da.coords}


def _without_doubles(
    whole: xr.DataArray, sec: np.ndarray, owner: np.ndarray, paths: list[str], repairs: Repairs
) -> np.ndarray:
    """Which steps to keep: one that two files hold with the same values is kept once, others are refused."""
    keep = np.ones(sec.size, bool)
    same = np.flatnonzero(np.diff(sec) == 0)
    for i in map(int, same):
        both = " and ".join(dict.fromkeys((paths[owner[i]], paths[owner[i + 1]])))
        equal = np.array_equal(whole.values[:, i], whole.values[:, i + 1], equal_nan=True)
        if owner[i] == owner[i + 1] or not equal:
            what = f"duplicate time {clock.text(whole.time.values[i])} ({same.size} in all)"
            raise InputError(f"{both}, {whole.name}", what, "keep one file or step for each time")
        keep[i + 1] = False
    if same.size:
        first = clock.text(whole.time.values[int(same[0])])
        repairs.note(
            f"{whole.name}: {same.size} step(s) from {first} on stand in two files with equal values, kept once"
        )
    return keep


def combine(series: dict[str, xr.DataArray], request: Request, repairs: Repairs) -> xr.Dataset:
    """All variables on their common span. Raises InputError for different steps, calendars or places."""
    first = next(iter(series.values()))
    for name, da in series.items():
        _check_together(str(first.name), first, name, da, request, repairs)
    spans = {
        n: f"{clock.text(d.time.values[0])} to {clock.text(d.time.values[-1])}" for n, d in series.items()
    }
    if all(d.indexes["time"].equals(first.indexes["time"]) for d in series.values()):
        variables = {n: (d.dims, d.values) for n, d in series.items()}  # a merge would compare and copy
        return xr.Dataset(variables, first.coords)
    bare = [d.drop_vars(PLACE, errors="ignore").rename(n) for n, d in series.items()]
    ds = xr.merge(bare, join="inner", combine_attrs="drop").assign_coords(_place(first))
    listing = "; ".join(f"{n} {s}" for n, s in spans.items())
    if ds.sizes["time"] < 2:
        raise InputError("files", f"the variables share no time ({listing})", "give files of the same span")
    if len(set(spans.values())) > 1:
        repairs.note(f"variables cover different spans, the common one is used ({listing})")
    return ds


def with_optional(
    raw: xr.Dataset, extra: dict[str, xr.DataArray], first: xr.DataArray, request: Request, repairs: Repairs
) -> xr.Dataset:
    """`raw` with the optional series that are of its kind and cover its span; they never shorten it."""
    for name, da in extra.items():
        with leaving_out(name, (), repairs):
            _check_together(str(first.name), first, name, da, request, repairs)
            if not raw.indexes["time"].isin(da.indexes["time"]).all():
                raise InputError(
                    name, "does not cover the span of the others", "add the files that are missing"
                )
            raw[name] = da.drop_vars(PLACE, errors="ignore").sel(time=raw.time)
    return raw


def _check_together(
    a_name: str, a: xr.DataArray, b_name: str, b: xr.DataArray, request: Request, repairs: Repairs
) -> None:
    both = f"{a_name} and {b_name}"
    kinds = [(clock.calendar_of(d.time.values), d.attrs["step"]) for d in (a, b)]
    for what, left, right in zip(("calendars", "time steps (s)"), *kinds, strict=True):
        if left != right:
            raise InputError(
                both, f"{what} differ: {left} and {right}", "give files of one kind for all variables"
            )
    if not _same_locations(a, b):
        raise InputError(both, "have different locations", "choose one with location=... or with lon and lat")
    _check_place(both, a, b, request, repairs)


def _same_locations(a: xr.DataArray, b: xr.DataArray) -> bool:
    return a.indexes["location"].equals(b.indexes["location"])


def _check_place(both: str, a: xr.DataArray, b: xr.DataArray, request: Request, repairs: Repairs) -> None:
    if a is b or (np.array_equal(a.lat.values, b.lat.values) and np.array_equal(a.lon.values, b.lon.values)):
        return
    apart = np.nanmax([0.0, *arc(a.lat.values, a.lon.values, b.lat.values, b.lon.values)])
    if apart > SAME_PLACE and not request.placed:
        raise InputError(both, f"lie {apart:.1f} degrees apart", "give lon and lat of the point")
    if apart > 0.01:
        repairs.note(f"{both} come from cells {apart:.2f} degrees apart")


def without_sea(ds: xr.Dataset, request: Request, repairs: Repairs) -> xr.Dataset:
    """Of cells asked for as locations, those that have data at all: land-only files are empty over the sea."""
    if not request.cells:
        return ds
    empty = np.zeros(ds.sizes["location"], bool)
    for name in ds.data_vars:
        values = ds[name].values
        blank = np.flatnonzero(np.isnan(values[:, 0]))
        empty[blank[np.isnan(values[blank]).all(axis=1)]] = True
    if empty.all():
        raise InputError("cells", "no cell has all variables", "check the files, or name the variables")
    if empty.any():
        repairs.note(f"{int(empty.sum())} of {empty.size} cells have no data (sea): left out")
    return ds.isel(location=np.flatnonzero(~empty)) if empty.any() else ds

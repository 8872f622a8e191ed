"""CMIP and other CF files (netCDF, zarr) -> raw series at places -> canonical Dataset.

CMIP5 and CMIP6, CORDEX, ISIMIP, ERA5, E-OBS and whatever else has CF coordinates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import join, monthly, netcdf
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import STANDARD_HEIGHT, Repairs, finish
from karstsim.forcing.names import find_variables, is_amount
from karstsim.forcing.netcdf import Files, expand
from karstsim.forcing.optional import OPTIONAL, leaving_out
from karstsim.forcing.place import Place, locate
from karstsim.forcing.region import Region
from karstsim.forcing.request import Degrees, Request
from karstsim.forcing.units import per_step, to_canonical

IDENTITY = ("source_id", "variant_label", "sub_experiment_id")  # must agree between files
HISTORICAL = ("historical", "esm-hist")  # what a scenario continues
SUBSTITUTES = {
    "sfcWind": ("uas", "vas"),
    "ps": ("psl",),
}  # looked for only where the variable itself is absent
_OTHER_NAMES = {"source_id": "model_id"}  # CMIP5


def open_cmip(
    files: Files,
    lon: Degrees = None,
    lat: Degrees = None,
    *,
    location: str | None = None,
    region: Region | None = None,
    cells: bool = False,
    variables: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    estimate: Iterable[str] = (),
    elevation: float | None = None,
    start: str | int | None = None,
    end: str | int | None = None,
    wind_height: float = STANDARD_HEIGHT,
    months: str | None = None,
) -> xr.Dataset:
    """Weather at places from netCDF files: variables merged, consecutive spans joined.

    files      path, folder, glob pattern or a list of them; any order; netCDF files and zarr stores
    lon, lat   degrees; the nearest cell is taken (any of 0..360 or -180..180; ascending or descending axes). Sequences
               of them give one location each
    location   name of one station of files with a station dimension; without it all are kept
    region     a polygon (GeoJSON file, GeoJSON or WKT text) or a mask (``mask.nc``, ``mask.nc:variable`` or a
               DataArray): the mean over it, weighted with the area of every cell inside
    cells      True: every cell with data is a location of its own; with a region those inside it
    variables  only these CMIP variables, checked but not completed (for a look into single files)
    columns    {CMIP name: name in the file} where the file uses others
    units      {CMIP name: units}, used instead of what the file says
    estimate, wind_height  see canonical.finish
    elevation  m, for the air pressure where ps is absent; by default that of orog among the files, else 0
    start, end year, year-month or year-month-day, both included
    months     "generate" makes daily weather of monthly means, see monthly.py; by default they are refused
    returns    canonical Dataset without co2; time is the beginning of each step; coords lat, lon and, of cells and
               regions, area_km2
    Raises InputError for unreadable files, gaps, duplicates, missing variables or units, unphysical values.
    """
    paths = expand(files)
    repairs = Repairs()
    request = Request(lon, lat, location, variables, columns, units, region, cells)
    monthly.check(months)
    reader = _Reader(request, repairs)
    parts = reader.parts(paths, request.wanted)
    where = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more file(s)"
    if not parts:
        mend = "give files with daily or finer weather, or columns={...} to name their variables"
        raise InputError(where, f"holds none of {', '.join(request.wanted)}", mend)
    if variables is None:
        found = {str(p.name) for p in parts}
        wanted = tuple(v for name, others in SUBSTITUTES.items() if name not in found for v in others)
        parts += reader.parts(paths, wanted) if wanted else []
    attrs = _identity(parts)
    series = join.join_all(parts, request, repairs, months is not None)
    del parts
    extra = {n: series.pop(n) for n in OPTIONAL if n in series and n not in request.told}
    if not series:
        raise InputError(where, f"holds {', '.join(extra)} only", "add the files of tas, pr and rsds")
    first = next(iter(series.values()))
    raw = join.combine(series, request, repairs)
    raw = join.with_optional(raw, extra, first, request, repairs)
    if first.attrs["step"] == monthly.MONTH:
        raw = monthly.disaggregate(raw, where, repairs)
    raw = clock.select_span(raw, start, end, where)
    if elevation is None and variables is None:
        elevation = reader.elevation(paths)
    raw = join.without_sea(raw, request, repairs)
    raw.attrs |= {"source_files": "\n".join(str(p) for p in paths), **attrs}
    return finish(raw, where, repairs, estimate, elevation or 0.0, keep=variables, wind_height=wind_height,
                  told=request.told)  # fmt: skip


class _Reader:
    """Reads variables of files. What they share, grids and time axes, is worked out once."""

    def __init__(self, request: Request, repairs: Repairs) -> None:
        self.request, self.repairs = request, repairs
        self.places: dict[tuple[object, ...], Place] = {}
        self.axes: dict[tuple[object, ...], np.ndarray] = {}
        self.headers: dict[Path, xr.Dataset] = {}  # names and attributes, so that no file is opened in vain

    def parts(self, paths: Sequence[Path], wanted: tuple[str, ...]) -> list[xr.DataArray]:
        """The wanted variables of all files, each with dims (location, time) in canonical units."""
        return [part for path in paths for part in self._read(path, wanted)]

    def elevation(self, paths: Sequence[Path]) -> float | None:
        """Mean height of the places by the orography among the files, m, or None."""
        for path in paths:
            name = find_variables(self.headers[path], ("orog",), self.request, path, self.repairs).get("orog")
            if name is None:
                continue
            with netcdf.reading(path), netcdf.opened(path) as ds:
                height = ds[name].expand_dims("once")
                where = f"{path}, orog"
                place = self._place(ds, height, "once", where)
                values = place.read(height, "once", where, self.repairs)
                values = to_canonical("orog", values, height.attrs.get("units"), str(path))
            self.repairs.note(f"elevation {float(np.nanmean(values)):.0f} m from {name} of {path.name}")
            return float(np.nanmean(values))
        return None

    def _read(self, path: Path, wanted: tuple[str, ...]) -> list[xr.DataArray]:
        """The wanted variables of one file, stamps at the step's beginning."""
        known = self.headers.get(path)
        if known is not None and not find_variables(known, wanted, self.request, path, self.repairs):
            return []
        with netcdf.reading(path), netcdf.opened(path) as ds:
            if known is None:
                self.headers[path] = xr.Dataset({v: ((), 0.0, ds[v].attrs) for v in ds.data_vars})
            names = find_variables(ds, wanted, self.request, path, self.repairs)
            if not names and known is None:
                self.repairs.note(f"{path.name}: holds no forcing variable, left out")
            series = []
            for v, name in names.items():
                with leaving_out(v, self.request.told, self.repairs):
                    series.append(self._series(ds, v, name, path))
            return series

    def _series(self, ds: xr.Dataset, variable: str, name: str, path: Path) -> xr.DataArray:
        where = f"{path}, {variable}"
        da = ds[name]
        time = _time_name(ds, da, where)
        starts = self._starts(ds, time, path)
        place = self._place(ds, da, time, where)
        values = place.read(da, time, f"{path.name}, {variable}", self.repairs)
        out = self._canonical(da, variable, values, starts, path)
        return xr.DataArray(
            out.T,
            dims=("location", "time"),
            coords={"time": starts, **place.coords()},
            name=variable,
            attrs={**_global_attrs(ds), "path": str(path)},
        )

    def _starts(self, ds: xr.Dataset, time: str, path: Path) -> np.ndarray:
        axis = [
            ds[c]
            for c in (time, ds[time].attrs.get("bounds"), "time_bnds", "time_bounds")
            if c in ds.variables
        ]
        key = tuple((str(a.attrs), a.values.tobytes()) for a in axis)
        if key not in self.axes:
            self.axes[key] = decoded_starts(ds, time, str(path), self.repairs)
        return self.axes[key]

    def _place(self, ds: xr.Dataset, da: xr.DataArray, time: str, where: str) -> Place:
        axes = [ds[c] for c in ("lat", "lon", "latitude", "longitude") if c in ds.variables]
        grid = (da.dims, *(a.values.tobytes() for a in axes))
        if not axes or da.ndim < 3 or grid not in self.places:
            place = locate(ds, da, time, where, self.request, self.repairs)
            if not axes:
                return place
            self.places[grid] = place
        return self.places[grid]

    def _canonical(
        self, da: xr.DataArray, variable: str, values: np.ndarray, starts: np.ndarray, path: Path
    ) -> np.ndarray:
        """Values in canonical units: those told, else those of the file; amounts of a step become rates."""
        stored, told = da.attrs.get("units"), self.request.units.get(variable)
        written = told if told is not None else stored
        if written is not None and monthly.per_month(str(written)):
            self.repairs.note(f"{path.name}: {variable} in {written!r}, divided by the length of each month")
            values = values / monthly.seconds_of(starts)[:, None] * SECONDS_PER_DAY
            return to_canonical(variable, values, monthly.as_days(str(written)), str(path))
        if told is not None:
            if stored != told:
                said = f"units of {variable} are {stored!r} in the file, taken as {told!r} as told"
                self.repairs.note(f"{path.name}: {said}")
            return to_canonical(variable, values, told, str(path))
        if (
            stored is not None
            and len(starts) > 1
            and is_amount(da)
            and per_step(variable, str(stored), str(path))
        ):
            sec = clock.seconds(starts)
            step: float | np.ndarray = clock.usual_step(sec)
            length = f"step of {step:g} s"
            if monthly.is_monthly(sec):
                step, length = monthly.seconds_of(starts)[:, None], "month"
            said = f"{variable} in {stored!r} is the amount of each {length}, as the file says"
            self.repairs.note(f"{path.name}: {said}")
            return to_canonical(variable, values, f"({stored}) s-1", str(path)) / step
        return to_canonical(variable, values, stored, str(path))


def _identity(parts: Sequence[xr.DataArray]) -> dict[str, str]:
    """Global attributes of all parts. Raises InputError where models, members or scenarios are mixed."""
    out: dict[str, str] = {}
    for key in (*IDENTITY, "experiment_id"):
        values = list(dict.fromkeys(p.attrs[key] for p in parts if key in p.attrs))
        mixed = [v for v in values if key in IDENTITY or v.strip().lower() not in HISTORICAL]
        if len(mixed) > 1 or len(values) > 2:
            mixed = mixed if len(mixed) > 1 else values
            files = [next(p.attrs["path"] for p in parts if p.attrs.get(key) == v) for v in mixed[:2]]
            what = f"{files[0]} has {key} {mixed[0]}, {files[1]} has {mixed[1]}"
            raise InputError("files", what, "open each model, member and scenario on its own")
        if values:
            out[key] = ", ".join(values)
    return out


def _global_attrs(ds: xr.Dataset) -> dict[str, str]:
    names = (*IDENTITY, "experiment_id")
    found = {n: ds.attrs.get(n, ds.attrs.get(_OTHER_NAMES.get(n, n))) for n in names}
    return {n: str(v) for n, v in found.items() if v and v != "none"}


def _time_name(ds: xr.Dataset, da: xr.DataArray, where: str) -> str:
    for dim in da.dims:
        if dim in ds.variables and " since " in str(ds[dim].attrs.get("units", "")):
            return str(dim)
    mend = "give the file a time coordinate with units such as 'days since 1850-01-01' and its calendar"
    raise InputError(where, f"has no time axis among its dimensions ({', '.join(map(str, da.dims))})", mend)


def decoded_starts(ds: xr.Dataset, time: str, where: str, repairs: Repairs) -> np.ndarray:
    """Beginning of every step, datetime64 where the calendar and the range allow it and cftime elsewhere."""
    n = ds.sizes[time]
    names = (ds[time].attrs.get("bounds"), "time_bnds", "time_bounds")
    bounds = next((b for b in names if b in ds.variables and ds[b].shape == (n, 2)), None)
    axis = xr.Dataset({time: ds[time].variable})
    if bounds is not None:
        axis[bounds] = ds[bounds].variable
        axis[time].attrs["bounds"] = bounds
    if not np.all(np.isfinite(ds[time].values.astype("f8"))):
        raise InputError(f"{where}, {time}", "has missing time stamps", "mend the time axis of the file")
    axis = xr.decode_cf(axis, decode_timedelta=False)
    times, intervals = axis[time].values, None if bounds is None else axis[bounds].values
    if intervals is not None and np.all(times[:2] >= intervals[:2, 1]):
        repairs.note(
            f"{Path(where).name}: stamped at the end of its steps (time bounds), moved to their beginning"
        )
    return clock.step_starts(times, intervals, where)

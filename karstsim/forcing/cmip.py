"""CMIP and other CF files (netCDF, zarr) -> raw series at places -> canonical Dataset.

CMIP5 and CMIP6, CORDEX, ISIMIP, ERA5, E-OBS and whatever else has CF coordinates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import join, monthly, netcdf, running
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import MOST_NAMED, STANDARD_HEIGHT, Elevation, Repairs, Unsaid, finish
from karstsim.forcing.names import find_variables, is_amount
from karstsim.forcing.netcdf import Files, expand
from karstsim.forcing.optional import OPTIONAL, leaving_out
from karstsim.forcing.place import Place, locate
from karstsim.forcing.region import Region
from karstsim.forcing.request import Degrees, Request
from karstsim.forcing.units import UnitsMissingError, check_files, per_step, to_canonical, told_for, unknown

IDENTITY = ("source_id", "variant_label", "sub_experiment_id")  # must agree between files
HISTORICAL = ("historical", "esm-hist")  # what a scenario continues
SUBSTITUTES = {
    "sfcWind": ("uas", "vas"),
    "ps": ("psl",),
}  # looked for only where the variable itself is absent
BOUNDS_OF_AXES = ("_bnds", "_bounds")
ADD_UP = ("pr", "prsn", "rsds", "rlds", "evspsblpot")  # may be stored as running sums
_UNEVEN = re.compile(
    r"\s*(months?|years?|decades?)\s", re.IGNORECASE
)  # units of time that calendars do not have
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
    elevation: Elevation = None,
    start: str | int | None = None,
    end: str | int | None = None,
    wind_height: float = STANDARD_HEIGHT,
    months: str | None = None,
    as_is: bool = False,
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
    units      {CMIP name: units}, used instead of what the file says; {"pr@CanESM5*": ...} for files of that name
    estimate, wind_height  see canonical.finish
    elevation  m, for the air pressure where ps is absent: a number, one for every location, or a file of the orography;
               by default that of orog among the files at every place, else 0
    start, end year, year-month or year-month-day, both included
    months     "generate" makes daily weather of monthly means, see monthly.py; by default they are refused
    as_is      True: monthly means and gaps stay, for a look at single `variables`
    returns    canonical Dataset without co2; time is the beginning of each step; coords lat, lon and, of cells and
               regions, area_km2
    Raises InputError for unreadable files, gaps, duplicates, missing variables or units, unphysical values.
    """
    paths = expand(files)
    repairs = Repairs()
    request = Request(lon, lat, location, variables, columns, units, region, cells)
    check_files(request.units, paths)
    monthly.check(months)
    as_is = as_is and variables is not None
    reader = _Reader(request, repairs)
    parts = reader.parts(paths, request.wanted)
    where = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more file(s)"
    if not parts:
        mend = "give files with daily or finer weather, or columns={...} to name their variables"
        has = f" (it has {', '.join(reader.unread[:MOST_NAMED])})" if reader.unread else ""
        raise InputError(where, f"holds none of {', '.join(request.wanted)}{has}", mend)
    if variables is None:
        found = {str(p.name) for p in parts}
        wanted = tuple(v for name, others in SUBSTITUTES.items() if name not in found for v in others)
        parts += reader.parts(paths, wanted) if wanted else []
    attrs = _identity(parts)
    series = join.join_all(parts, request, repairs, as_is or months is not None)
    del parts
    extra = {n: series.pop(n) for n in OPTIONAL if n in series and n not in request.told}
    if not series:
        raise InputError(where, f"holds {', '.join(extra)} only", "add the files of tas, pr and rsds")
    first = next(iter(series.values()))
    raw = join.combine(series, request, repairs)
    raw = join.with_optional(raw, extra, first, request, repairs)
    step = None
    if first.attrs["step"] == monthly.MONTH and as_is and months is None:
        step = SECONDS_PER_DAY
    elif first.attrs["step"] == monthly.MONTH:
        raw = monthly.disaggregate(raw, where, repairs)
    raw = clock.select_span(raw, start, end, where)
    raw = join.without_sea(raw, request, repairs)
    height = 0.0 if variables is not None else reader.heights(elevation, paths, raw.indexes["location"])
    raw.attrs |= {"source_files": "\n".join(str(p) for p in paths), **attrs}
    return finish(raw, where, repairs, estimate, height, keep=variables, wind_height=wind_height,
                  told=request.told, gaps=as_is, step=step, others=reader.unread)  # fmt: skip


class _Reader:
    """Reads variables of files. What they share, grids and time axes, is worked out once."""

    def __init__(self, request: Request, repairs: Repairs) -> None:
        self.request, self.repairs = request, repairs
        self.places: dict[tuple[object, ...], Place] = {}
        self.axes: dict[tuple[object, ...], tuple[np.ndarray, np.ndarray]] = {}
        self.headers: dict[Path, xr.Dataset] = {}  # names and attributes, so that no file is opened in vain
        self.taken: set[str] = set()  # names in the files that were read as a variable

    @property
    def unread(self) -> list[str]:
        """Names in the files that were not read, without bounds of axes and the like."""
        there = [str(n) for header in self.headers.values() for n in header.data_vars]
        return [n for n in dict.fromkeys(there) if n not in self.taken and not n.endswith(BOUNDS_OF_AXES)]

    def parts(self, paths: Sequence[Path], wanted: tuple[str, ...]) -> list[xr.DataArray]:
        """The wanted variables of all files, each with dims (location, time) in canonical units."""
        try:
            return [part for path in paths for part in self._read(path, wanted)]
        except UnitsMissingError:
            raise self._without_units(paths, wanted) from None

    def heights(self, told: Elevation, paths: Sequence[Path], locations: pd.Index) -> float | np.ndarray:
        """Height of the locations, m: as told, else by the orography among the files, else 0."""
        if isinstance(told, str | Path):
            paths = expand(told)
        elif told is not None:
            heights = np.asarray(told, "f8")
            if heights.ndim and heights.size != locations.size:
                what = f"{heights.size} heights for {locations.size} locations"
                raise InputError("elevation", what, "give one height, or one for every location")
            return heights if heights.ndim else float(heights)
        for path in paths:
            if (found := self._orography(path)) is not None:
                heights, names = found
                there = {n: i for i, n in enumerate(names.tolist())}
                if any(n not in there for n in locations.tolist()):
                    what = "its cells are not those of the weather"
                    raise InputError(f"{path}, orog", what, "give elevation=, one height for every location")
                heights = heights[[there[n] for n in locations.tolist()]]
                if not np.isfinite(heights).all():
                    raise InputError(f"{path}, orog", "has no height at a place", "give elevation=")
                spread = (
                    f"{heights.min():.0f} to {heights.max():.0f}"
                    if np.ptp(heights) > 0.0
                    else f"{heights[0]:.0f}"
                )
                self.repairs.note(f"elevation {spread} m from orog of {path.name}")
                return heights
        if told is not None:
            raise InputError("elevation", f"{told} holds no orography", "give a file with orog (m)")
        return 0.0

    def _orography(self, path: Path) -> tuple[np.ndarray, np.ndarray] | None:
        """Heights (m) and names of the places, of a file that has them."""
        known = self.headers.get(path)
        if known is not None and not find_variables(known, ("orog",), self.request, path, self.repairs):
            return None
        with netcdf.reading(path), netcdf.opened(path) as ds:
            name = find_variables(ds, ("orog",), self.request, path, self.repairs).get("orog")
            if name is None:
                return None
            where = f"{path}, orog"
            height = ds[name]
            if "time" in height.dims:
                height = height.isel(time=0)
            height = height.expand_dims("once")
            place = self._place(ds, height, "once", where)
            values = place.read(height, "once", where, self.repairs)
            return to_canonical("orog", values, height.attrs.get("units"), str(path))[0], place.names

    def _read(self, path: Path, wanted: tuple[str, ...]) -> list[xr.DataArray]:
        """The wanted variables of one file, stamps at the step's beginning."""
        known = self.headers.get(path)
        if known is not None and not find_variables(known, wanted, self.request, path, self.repairs):
            return []
        with netcdf.reading(path), netcdf.opened(path, masked=False) as ds:
            if known is None:
                self.headers[path] = _header(ds)
            names = find_variables(ds, wanted, self.request, path, self.repairs)
            self.taken.update(names.values())
            if not names and known is None:
                self.repairs.note(f"{path.name}: holds no forcing variable, left out")
            if bare := self._bare(ds, names, path):
                raise UnitsMissingError(str(path), bare)
            series = []
            for v, name in names.items():
                with leaving_out(v, self.request.told, self.repairs):
                    series.append(self._series(ds, v, name, path))
            return series

    def _bare(self, ds: xr.Dataset, names: Mapping[str, str], path: Path) -> list[str]:
        """The variables that a run cannot do without and whose units nobody tells."""
        told = told_for(self.request.units, path)
        needed = [v for v in names if v not in OPTIONAL or v in self.request.told]
        return [v for v in needed if unknown(v, told.get(v, ds[names[v]].attrs.get("units")))]

    def _without_units(self, paths: Sequence[Path], wanted: tuple[str, ...]) -> UnitsMissingError:
        """One refusal for all files, so that nobody is asked for the units of one after the other."""
        found: dict[Path, list[str]] = {}
        for path in paths:
            with suppress(InputError), netcdf.reading(path), netcdf.opened(path, masked=False) as ds:
                names = find_variables(ds, wanted, self.request, path, Unsaid())
                if bare := self._bare(ds, names, path):
                    found[path] = bare
        first, *others = found
        where = f"{first} and {len(others)} more file(s)" if others else str(first)
        return UnitsMissingError(where, list(dict.fromkeys(v for bare in found.values() for v in bare)))

    def _series(self, ds: xr.Dataset, variable: str, name: str, path: Path) -> xr.DataArray:
        where = f"{path}, {variable}"
        da = ds[name]
        time = time_name(ds, da, where)
        _refuse_climatology(ds, da, time, where)
        starts, sec = self._starts(ds, time, path)
        place = self._place(ds, da, time, where)
        values = place.read(da, time, f"{path.name}, {variable}", self.repairs)
        units = self._units_of_running_sum(ds, da, variable, starts, path)
        if units is not None:
            if "bounds" in ds[time].attrs:
                what = "is a running sum since 00 UTC and has time bounds, which say otherwise"
                raise InputError(where, what, "tell its units as a rate or as the amount of a step")
            values, starts = running.amounts(values, starts, where)
            sec = clock.seconds(starts)
            step = clock.usual_step(sec) if len(sec) > 1 else SECONDS_PER_DAY
            said = f"{variable} in {units!r} is a running sum since 00 UTC: its differences are taken"
            self.repairs.note(f"{path.name}: {said}")
            out = to_canonical(variable, values, f"({units}) s-1", str(path)) / step
        else:
            out = self._canonical(da, variable, values, starts, path)
        return xr.DataArray(
            out.T,
            dims=("location", "time"),
            coords=place.over(starts),
            name=variable,
            attrs={**_global_attrs(ds), "path": str(path), "seconds": sec},
        )

    def _starts(self, ds: xr.Dataset, time: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """Beginning of every step, as stamps and as seconds."""
        axis = [
            ds[c]
            for c in (time, ds[time].attrs.get("bounds"), "time_bnds", "time_bounds")
            if c in ds.variables
        ]
        key = tuple((str(a.attrs), a.values.tobytes()) for a in axis)
        if key not in self.axes:
            starts = decoded_starts(ds, time, str(path), self.repairs)
            self.axes[key] = starts, clock.seconds(starts)
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

    def _units_of_running_sum(
        self, ds: xr.Dataset, da: xr.DataArray, variable: str, starts: np.ndarray, path: Path
    ) -> str | None:
        """Units of a variable that adds up from midnight on, as told or as the file says; None for any other."""
        told, stored = told_for(self.request.units, path).get(variable), da.attrs.get("units")
        if told is not None:
            return running.SINCE_MIDNIGHT.sub("", told) if running.SINCE_MIDNIGHT.search(told) else None
        if stored is None or variable not in ADD_UP or not running.of_file(ds, da, starts, path):
            return None
        return str(stored) if per_step(variable, str(stored), str(path)) else None

    def _refuse_running(
        self, variable: str, stored: object, values: np.ndarray, starts: np.ndarray, path: Path
    ) -> None:
        if variable in ADD_UP and stored is not None and running.looks_running(values, starts):
            what = "grows from every midnight to the next: a running sum, not the amounts of single steps"
            mend = f'tell units={{"{variable}": "{stored} since 00 UTC"}}'
            raise InputError(f"{path}, {variable}", what, mend)

    def _canonical(
        self, da: xr.DataArray, variable: str, values: np.ndarray, starts: np.ndarray, path: Path
    ) -> np.ndarray:
        """Values in canonical units: those told, else those of the file; amounts of a step become rates."""
        stored, told = da.attrs.get("units"), told_for(self.request.units, path).get(variable)
        written = told if told is not None else stored
        if written is not None and monthly.per_month(str(written)):
            self.repairs.note(f"{path.name}: {variable} in {written!r}, divided by the length of each month")
            values = values / monthly.seconds_of(starts)[:, None] * SECONDS_PER_DAY
            return to_canonical(variable, values, monthly.as_days(str(written)), str(path))
        if told is not None:
            if stored != told:
                said = f"units of {variable} are {stored!r} in the file, taken as {told!r} as told"
                self.repairs.note(f"{path.name}: {said}")
            self._refuse_running(variable, stored, values, starts, path)
            return to_canonical(variable, values, told, str(path))
        if (
            stored is not None
            and len(starts) > 1
            and is_amount(da)
            and per_step(variable, str(stored), str(path))
        ):
            self._refuse_running(variable, stored, values, starts, path)
            sec = clock.seconds(starts)
            step: float | np.ndarray = clock.usual_step(sec)
            length = f"step of {step:g} s"
            if monthly.is_monthly(sec):
                step, length = monthly.seconds_of(starts)[:, None], "month"
            said = f"{variable} in {stored!r} is the amount of each {length}, as the file says"
            self.repairs.note(f"{path.name}: {said}")
            return to_canonical(variable, values, f"({stored}) s-1", str(path)) / step
        return to_canonical(variable, values, stored, str(path))


def _header(ds: xr.Dataset) -> xr.Dataset:
    """Names, dimensions and attributes of the variables, without values."""
    variables = {str(v): ds.variables[v] for v in ds.data_vars}
    return xr.Dataset({n: (v.dims, np.empty((0,) * v.ndim), v.attrs) for n, v in variables.items()})


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


def time_name(ds: xr.Dataset, da: xr.DataArray, where: str) -> str:
    for dim in da.dims:
        if dim in ds.variables and " since " in str(ds[dim].attrs.get("units", "")):
            return str(dim)
    mend = "give the file a time coordinate with units such as 'days since 1850-01-01' and its calendar"
    raise InputError(where, f"has no time axis among its dimensions ({', '.join(map(str, da.dims))})", mend)


def _refuse_climatology(ds: xr.Dataset, da: xr.DataArray, time: str, where: str) -> None:
    """A mean year is no weather: its months or days are those of many years."""
    methods = str(da.attrs.get("cell_methods", ""))
    if "climatology" in ds[time].attrs or "over years" in methods:
        what = "is a climatology, the mean of many years, not a series in time"
        raise InputError(
            where, what, "give the daily series itself; fit_weather makes weather of a daily record"
        )


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
    if _UNEVEN.match(str(ds[time].attrs.get("units", ""))):
        what = f"is in {ds[time].attrs['units']!r}, which have no fixed length"
        raise InputError(f"{where}, {time}", what, "write the time axis in days")
    axis = xr.decode_cf(axis, decode_timedelta=False)
    times, intervals = axis[time].values, None if bounds is None else axis[bounds].values
    if intervals is None and (moved := clock.from_middles(times)) is not times:
        repairs.note(f"{Path(where).name}: stamped in the middle of its steps, moved to their beginning")
        times = moved
    if intervals is not None and np.all(times[:2] >= intervals[:2, 1]):
        repairs.note(
            f"{Path(where).name}: stamped at the end of its steps (time bounds), moved to their beginning"
        )
    return clock.step_starts(times, intervals, where)

"""CMIP and other CF netCDF files -> raw series at a point or at stations -> canonical Dataset."""

from __future__ import annotations

import glob
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cf_xarray  # noqa: F401  (registers the .cf accessor)
import numpy as np
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import NAMES, STANDARD_HEIGHT, Repairs, finish
from karstsim.forcing.optional import OPTIONAL, leaving_out
from karstsim.forcing.request import Request
from karstsim.forcing.units import check_names, to_canonical

Files = str | Path | Iterable[str | Path]
FARTHEST = 5.0  # degrees of arc between the asked point and the centre of the cell
SAME_PLACE = 0.5  # degrees of arc between the cells of different files, when no point was asked
MOST_VALUES = 200_000_000  # of one variable after selection; 1.6 GB
LONGEST_DIMENSION = 10_000_000  # 190 years of 10 minutes; more is a broken or hostile file
MOST_CELLS = 50_000_000  # of a grid; kilometre grids of the whole earth are larger than any CMIP model
IDENTITY = ("source_id", "variant_label")  # must agree between files
_OTHER_NAMES = {"source_id": "model_id"}  # CMIP5


def open_cmip(
    files: Files,
    lon: float | None = None,
    lat: float | None = None,
    *,
    location: str | None = None,
    variables: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    estimate: Iterable[str] = (),
    elevation: float = 0.0,
    start: str | int | None = None,
    end: str | int | None = None,
    wind_height: float = STANDARD_HEIGHT,
) -> xr.Dataset:
    """Weather at a point or at stations from netCDF files: variables merged, consecutive spans joined.

    files      path, glob pattern or a list of them; any order
    lon, lat   degrees; the nearest cell is taken (any of 0..360 or -180..180; ascending or descending axes)
    location   name of one station of files with a station dimension; without it all are kept
    variables  only these CMIP variables, checked but not completed (for a look into single files)
    columns    {CMIP name: name in the file} where the file uses others
    units      {CMIP name: units}, used instead of what the file says
    estimate, elevation, wind_height  see canonical.finish
    start, end year, year-month or year-month-day, both included
    returns    canonical Dataset without co2; time is the beginning of each step
    Raises InputError for unreadable files, gaps, duplicates, missing variables or units, unphysical values.
    """
    paths = expand(files)
    repairs = Repairs()
    request = Request(lon, lat, location, variables, dict(columns or {}), check_names(units))
    parts = [part for path in paths for part in _read(path, request, repairs)]
    where = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more file(s)"
    if not parts:
        mend = "give files with daily or finer weather, or columns={...} to name their variables"
        raise InputError(where, f"holds none of {', '.join(request.wanted)}", mend)
    attrs = _identity([p.attrs for p in parts])
    series = _join_all(parts, request, repairs)
    extra = {n: series.pop(n) for n in OPTIONAL if n in series and n not in request.told}
    if not series:
        raise InputError(where, f"holds {', '.join(extra)} only", "add the files of tas, pr and rsds")
    raw = clock.select_span(_combine(series, request, repairs), start, end, where)
    raw = _with_optional(raw, extra, next(iter(series.values())), request, repairs)
    raw.attrs = {"source_files": "\n".join(str(p) for p in paths), **attrs}
    return finish(raw, where, repairs, estimate, elevation, keep=variables, wind_height=wind_height,
                  told=request.told)  # fmt: skip


def expand(files: Files) -> list[Path]:
    """Paths and glob patterns as a sorted list of existing files. Raises InputError where one matches nothing."""
    entries = [files] if isinstance(files, str | Path) else list(files)
    found: list[Path] = []
    for entry in entries:
        matches = [str(entry)] if Path(entry).is_file() else sorted(glob.glob(str(entry)))
        if not matches:
            raise InputError(str(entry), "no such file", "check the path or the pattern")
        found += [Path(m) for m in matches]
    if not found:
        raise InputError("files", "none given", "name at least one forcing file")
    repeated = [p for i, p in enumerate(found) if p in found[:i]]
    if repeated:
        raise InputError(str(repeated[0]), "given twice", "name each file once")
    return found


# ------------------------------------------------------------------------------------------------ one file


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Whatever the netCDF libraries raise on a broken file becomes an InputError that names it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", xr.SerializationWarning)  # several fill values: all become NaN
            yield
    except InputError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        mend = "give an intact CF netCDF file (ncdump -h shows whether it is)"
        raise InputError(str(path), f"cannot be read ({reason})", mend) from error


def _read(path: Path, request: Request, repairs: Repairs) -> list[xr.DataArray]:
    """The wanted variables of one file: dims (location, time), canonical units, stamps at the step's beginning."""
    with _reading(path), _opened(path) as ds:
        names = _find_variables(ds, request, path, repairs)
        if not names:
            repairs.note(f"{path.name}: holds no forcing variable, left out")
        starts: dict[str, np.ndarray] = {}
        series = []
        for v, name in names.items():
            with leaving_out(v, request.told, repairs):
                series.append(_series(ds, v, name, path, request, repairs, starts))
        return series


@contextmanager
def _opened(path: Path) -> Iterator[xr.Dataset]:
    """One opening of the file, with a look at its dimensions before xarray reads every coordinate.

    A second, direct opening through netCDF4 would crash the interpreter where the caller already holds the file open
    in xarray (netCDF-C 4.10 with HDF5 2.2).
    """
    store = xr.backends.NetCDF4DataStore.open(str(path), mode="r")  # type: ignore[no-untyped-call]
    try:
        for name, size in store.get_dimensions().items():
            if size > LONGEST_DIMENSION:
                what = f"dimension {name!r} has {size} entries"
                raise InputError(str(path), what, "give an intact file, or cut out what is needed")
        yield xr.open_dataset(store, decode_times=False)
    finally:
        store.close()


def _find_variables(ds: xr.Dataset, request: Request, path: Path, repairs: Repairs) -> dict[str, str]:
    """{CMIP name: name in the file} of the wanted variables that the file has."""
    names = {
        v: request.columns.get(v, v) for v in request.wanted if request.columns.get(v, v) in ds.data_vars
    }
    spare = [str(v) for v in ds.data_vars if v not in NAMES and v not in names.values()]
    for v in request.wanted:
        alike = [s for s in spare if _same_quantity(ds[s], v)]
        if v not in names and v not in request.columns and len(alike) == 1:
            names[v] = alike[0]
            repairs.note(f"{path.name}: {v} taken from {alike[0]!r}, which has its standard name")
    return names


def _same_quantity(da: xr.DataArray, name: str) -> bool:
    standard = da.attrs.get("standard_name")
    extreme = "tas" in name and any(
        w in str(da.attrs.get("cell_methods", "")) for w in ("maximum", "minimum")
    )
    return standard == NAMES[name][0] and not extreme and name not in ("tasmin", "tasmax")


def _series(
    ds: xr.Dataset,
    variable: str,
    name: str,
    path: Path,
    request: Request,
    repairs: Repairs,
    starts: dict[str, np.ndarray],
) -> xr.DataArray:
    where = f"{path}, {variable}"
    da = ds[name]
    time = _time_name(ds, da, where)
    if time not in starts:
        starts[time] = _decoded_starts(ds, time, str(path), repairs)
    da, lat, lon, labels = _select(ds, da, time, where, request, repairs)
    if da.size > MOST_VALUES:
        raise InputError(where, f"{da.size} values are too many", "give fewer stations or a shorter span")
    values = da.transpose("location", time).values
    units = _units(da, variable, path, request, repairs)
    coords = {
        "time": starts[time],
        "location": labels,
        "lat": ("location", lat),
        "lon": ("location", np.where(lon > 180.0, lon - 360.0, lon)),
    }
    out = to_canonical(variable, values, units, str(path))
    attrs = {**_global_attrs(ds), "path": str(path)}
    return xr.DataArray(out, dims=("location", "time"), coords=coords, name=variable, attrs=attrs)


def _units(da: xr.DataArray, variable: str, path: Path, request: Request, repairs: Repairs) -> str | None:
    stored, told = da.attrs.get("units"), request.units.get(variable)
    if told is None:
        return stored
    if stored != told:
        repairs.note(
            f"{path.name}: units of {variable} are {stored!r} in the file, taken as {told!r} as told"
        )
    return told


def _global_attrs(ds: xr.Dataset) -> dict[str, str]:
    names = (*IDENTITY, "experiment_id")
    found = {n: ds.attrs.get(n, ds.attrs.get(_OTHER_NAMES.get(n, n))) for n in names}
    return {n: str(v) for n, v in found.items() if v}


def _time_name(ds: xr.Dataset, da: xr.DataArray, where: str) -> str:
    for dim in da.dims:
        if dim in ds.variables and " since " in str(ds[dim].attrs.get("units", "")):
            return str(dim)
    mend = "give the file a time coordinate with units such as 'days since 1850-01-01' and its calendar"
    raise InputError(where, f"has no time axis among its dimensions ({', '.join(map(str, da.dims))})", mend)


def _decoded_starts(ds: xr.Dataset, time: str, where: str, repairs: Repairs) -> np.ndarray:
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


# ------------------------------------------------------------------------------------------------ place


def _select(
    ds: xr.Dataset, da: xr.DataArray, time: str, where: str, request: Request, repairs: Repairs
) -> tuple[xr.DataArray, np.ndarray, np.ndarray, np.ndarray]:
    """The variable with dims (location, time), latitudes and longitudes (location,), names (location,)."""
    lat, lon = (_coordinate(ds, da, n) for n in ("latitude", "longitude"))
    single = {d: 0 for d in da.dims if d != time and da.sizes[d] == 1}
    da = da.isel(single)
    lat, lon = (c if c is None else c.isel(single, missing_dims="ignore") for c in (lat, lon))
    space = [str(d) for d in da.dims if d != time]
    stations = len(space) == 1 and (lat is None or lon is None or lat.dims == lon.dims == tuple(space))
    if stations and (request.location is not None or request.lon is None):
        return _stations(ds, da, space[0], lat, lon, where, request)
    if request.location is not None:
        raise InputError(
            where, "has no stations to choose by name", "leave location out and give lon and lat"
        )
    if lat is None or lon is None:
        return _unplaced(da, space, where, request, repairs)
    stray = [d for d in space if d not in (*lat.dims, *lon.dims)]
    if stray:
        what = f"has a further dimension {stray[0]!r} of size {da.sizes[stray[0]]}"
        raise InputError(where, what, "write one layer or member of it to a file of its own")
    if space and request.lon is None:
        raise InputError(where, f"has {lat.size} x {lon.size} cells", "give lon and lat of the point")
    return _nearest(da, lat, lon, where, request)


def _coordinate(ds: xr.Dataset, da: xr.DataArray, kind: str) -> xr.DataArray | None:
    """Latitude or longitude of the variable, by CF attributes first and by name second."""
    candidates = [*ds.cf.coordinates.get(kind, []), kind, kind[:3], f"nav_{kind[:3]}"]
    for name in candidates:
        if name in ds.variables and set(ds[name].dims) <= set(da.dims):
            return ds[name]
    return None


def _unplaced(
    da: xr.DataArray, space: list[str], where: str, request: Request, repairs: Repairs
) -> tuple[xr.DataArray, np.ndarray, np.ndarray, np.ndarray]:
    if space:
        what = f"has dimensions {', '.join(space)} but no latitude and longitude"
        raise InputError(where, what, "give the file CF coordinates, or a file of one point")
    if request.lon is not None:
        repairs.note(
            f"{Path(where.rsplit(', ', 1)[0]).name}: has no coordinates, taken to lie at the asked point"
        )
    lat = np.nan if request.lat is None else request.lat
    lon = np.nan if request.lon is None else request.lon
    return da.expand_dims("location"), np.array([lat]), np.array([lon]), np.array(["point"])


def _nearest(
    da: xr.DataArray, lat: xr.DataArray, lon: xr.DataArray, where: str, request: Request
) -> tuple[xr.DataArray, np.ndarray, np.ndarray, np.ndarray]:
    lat, lon = (c.astype("f8").reset_coords(drop=True) for c in (lat, lon))
    if lat.dims != lon.dims and lat.size * lon.size > MOST_CELLS:
        raise InputError(where, f"has {lat.size} x {lon.size} cells", "cut out the region of the point first")
    lat, lon = xr.broadcast(lat, lon)
    if not np.all((np.abs(lat.values) <= 90.0) & (np.abs(lon.values) <= 360.0)):
        raise InputError(where, "has latitudes or longitudes that are not on earth", "mend the coordinates")
    cell: dict[Any, int] = {}
    if request.lon is not None and request.lat is not None:
        distance = arc(request.lat, request.lon, lat.values, lon.values)
        at = np.unravel_index(int(np.argmin(distance)), distance.shape)
        if distance[at] > FARTHEST:
            what = f"the nearest cell is {distance[at]:.1f} degrees away from lon {request.lon:g}, lat {request.lat:g}"
            raise InputError(where, what, "check lon and lat, or give files that cover the point")
        cell = {d: int(i) for d, i in zip(lat.dims, at, strict=True)}
    place = [np.array([float(c.isel(cell))]) for c in (lat, lon)]
    return da.isel(cell).expand_dims("location"), place[0], place[1], np.array(["point"])


def arc(lat: float, lon: float, lats: np.ndarray, lons: np.ndarray) -> np.ndarray:
    """Great-circle distance in degrees between a point and others (haversine)."""
    a, b = np.deg2rad(lat), np.deg2rad(lats)
    h = np.sin((b - a) / 2.0) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.deg2rad(lons - lon) / 2.0) ** 2
    return np.rad2deg(2.0 * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0))))


def _stations(
    ds: xr.Dataset,
    da: xr.DataArray,
    dim: str,
    lat: xr.DataArray | None,
    lon: xr.DataArray | None,
    where: str,
    request: Request,
) -> tuple[xr.DataArray, np.ndarray, np.ndarray, np.ndarray]:
    labels = _labels(ds, dim)
    keep = np.arange(labels.size)
    if request.location is not None:
        keep = np.flatnonzero(labels == request.location)
        if keep.size != 1:
            what = f"has {keep.size} locations named {request.location!r}"
            raise InputError(where, what, f"choose from {', '.join(labels[:20])}")
    unknown = np.full(labels.size, np.nan)
    lats, lons = (unknown if c is None else c.values.astype("f8") for c in (lat, lon))
    da = da.isel({dim: keep}).reset_coords(drop=True)
    da = da.drop_vars(dim, errors="ignore").rename({dim: "location"}) if dim != "location" else da
    return da, lats[keep], lons[keep], labels[keep]


def _labels(ds: xr.Dataset, dim: str) -> np.ndarray:
    texts = [c for c in ds.variables if ds[c].dims == (dim,) and ds[c].dtype.kind in "OUS"]
    names = [c for c in (dim, *texts) if c in ds.variables]
    values = ds[names[0]].values if names else np.arange(ds.sizes[dim])
    return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values])


# ------------------------------------------------------------------------------------------------ many files


def _identity(attrs: list[dict[str, Any]]) -> dict[str, str]:
    """Global attributes of all parts. Raises InputError where models or members are mixed."""
    out: dict[str, str] = {}
    for key in (*IDENTITY, "experiment_id"):
        values = list(dict.fromkeys(a[key] for a in attrs if key in a))
        if len(values) > 1 and key in IDENTITY:
            files = [next(a["path"] for a in attrs if a.get(key) == v) for v in values[:2]]
            what = f"{files[0]} has {key} {values[0]}, {files[1]} has {values[1]}"
            raise InputError("files", what, "open each model and member on its own")
        if values:
            out[key] = ", ".join(values)
    return out


def _join_all(parts: list[xr.DataArray], request: Request, repairs: Repairs) -> dict[str, xr.DataArray]:
    mixed = len({clock.calendar_of(p.time.values) for p in parts}) > 1
    if mixed:
        parts = [_as_cftime(p) for p in parts]
    by_name: dict[str, list[xr.DataArray]] = {}
    for part in parts:
        by_name.setdefault(str(part.name), []).append(part)
    joined = {}
    for name, pieces in by_name.items():
        with leaving_out(name, request.told, repairs):
            joined[name] = _join(name, pieces, repairs)
    return joined


def _as_cftime(part: xr.DataArray) -> xr.DataArray:
    """datetime64 stamps as cftime ones of the standard calendar, for spans that leave the range of datetime64."""
    if not np.issubdtype(part.time.dtype, np.datetime64):
        return part
    return part.convert_calendar("standard", use_cftime=True)


def _join(name: str, pieces: list[xr.DataArray], repairs: Repairs) -> xr.DataArray:
    """Consecutive spans of one variable as one series. Raises InputError for overlaps and gaps."""
    calendars = {clock.calendar_of(p.time.values): p.attrs["path"] for p in pieces}
    if len(calendars) > 1:
        raise InputError(name, f"calendars differ: {calendars}", "give files of one calendar")
    pieces = sorted(pieces, key=lambda p: p.time.values.min())
    for p in pieces:
        if not p.indexes["time"].is_monotonic_increasing:
            repairs.note(f"{Path(p.attrs['path']).name}: times of {name} were not in order, sorted")
    owner = np.repeat(np.arange(len(pieces)), [p.sizes["time"] for p in pieces])
    if any(list(p.location.values) != list(pieces[0].location.values) for p in pieces):
        raise InputError(
            name, "files hold different locations", "choose one with location=... or with lon and lat"
        )
    whole = xr.concat([p.drop_vars(["lat", "lon"]) for p in pieces], "time", combine_attrs="drop")
    whole = whole.assign_coords(lat=pieces[0].lat, lon=pieces[0].lon)
    sec = clock.seconds(whole.time.values)
    order = np.argsort(sec, kind="stable")
    whole, owner, sec = whole.isel(time=order), owner[order], sec[order]
    _refuse_duplicates(name, whole.time.values, sec, owner, [p.attrs["path"] for p in pieces])
    where = (
        pieces[0].attrs["path"] if len(pieces) == 1 else f"{len(pieces)} files from {pieces[0].attrs['path']}"
    )
    whole.attrs["step"] = clock.check_regular(whole.time.values, f"{where}, {name}", sec)
    return whole


def _refuse_duplicates(
    name: str, times: np.ndarray, sec: np.ndarray, owner: np.ndarray, paths: list[str]
) -> None:
    same = np.flatnonzero(np.diff(sec) == 0)
    if same.size:
        i = int(same[0])
        both = " and ".join(dict.fromkeys((paths[owner[i]], paths[owner[i + 1]])))
        what = f"duplicate time {clock.text(times[i])} ({same.size} in all)"
        raise InputError(f"{both}, {name}", what, "keep one file or step for each time")


def _combine(series: dict[str, xr.DataArray], request: Request, repairs: Repairs) -> xr.Dataset:
    """All variables on their common span. Raises InputError for different steps, calendars or places."""
    first = next(iter(series.values()))
    for name, da in series.items():
        _check_together(str(first.name), first, name, da, request, repairs)
    spans = {
        n: f"{clock.text(d.time.values[0])} to {clock.text(d.time.values[-1])}" for n, d in series.items()
    }
    place = {"lat": first.lat, "lon": first.lon}
    bare = {n: d.drop_vars(["lat", "lon"]) for n, d in series.items()}
    ds = xr.merge(bare.values(), join="inner", combine_attrs="drop").assign_coords(place)
    listing = "; ".join(f"{n} {s}" for n, s in spans.items())
    if ds.sizes["time"] < 2:
        raise InputError("files", f"the variables share no time ({listing})", "give files of the same span")
    if len(set(spans.values())) > 1:
        repairs.note(f"variables cover different spans, the common one is used ({listing})")
    return ds


def _with_optional(
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
            raw[name] = da.drop_vars(["lat", "lon"]).sel(time=raw.time)
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
    if list(a.location.values) != list(b.location.values):
        raise InputError(both, "have different locations", "choose one with location=... or with lon and lat")
    apart = np.nanmax([0.0, *arc(a.lat.values, a.lon.values, b.lat.values, b.lon.values)])
    if apart > SAME_PLACE and request.lon is None:
        raise InputError(both, f"lie {apart:.1f} degrees apart", "give lon and lat of the point")
    if apart > 0.01:
        repairs.note(f"{both} come from cells {apart:.2f} degrees apart")

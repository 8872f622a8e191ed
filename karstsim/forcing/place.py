"""From the cells of a file to locations: a point, several points, stations, all cells, or the mean of a region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing.canonical import AT_HAND, Repairs
from karstsim.forcing.grid import Grid, coordinate, grid_at
from karstsim.forcing.netcdf import fills
from karstsim.forcing.region import areas_inside
from karstsim.forcing.request import Request

FARTHEST = 5.0  # degrees of arc between the asked point and the centre of the cell
OUTSIDE = 1.0  # diagonals of a cell: a point farther from its centre is not in the grid
BESIDE = 0.55  # diagonals from which a note is made; half of one and what the curvature of the earth adds
MOST_VALUES = 200_000_000  # of one variable after selection; 1.6 GB
BLOCK = 8_000_000  # values that are read at once: what a long file takes beyond its result


@dataclass
class Place:
    """Locations of one grid, and how their values are taken from it.

    dims     spatial dims of the file, in the order in which they are read
    lat, lon, names   (n,) of the locations;  area: (n,) km2 inside the region or of the cell, None for points
    index    part of every dim that is read;  cells: (n,) flat place of every location in it, None for all
    weights  (n_read,) of a region's mean, which makes one location of all that is read
    """

    dims: tuple[str, ...]
    lat: np.ndarray
    lon: np.ndarray
    names: np.ndarray
    index: dict[str, int | slice | np.ndarray] = field(default_factory=dict)
    cells: np.ndarray | None = None
    weights: np.ndarray | None = None
    area: np.ndarray | None = None
    _over: tuple[np.ndarray, xr.Coordinates] | None = None

    @cached_property
    def coords(self) -> xr.Coordinates:
        """Coordinates of the locations, with their index: it is made once for all variables."""
        lon = np.where(self.lon > 180.0, self.lon - 360.0, self.lon)
        found = {"location": self.names, "lat": ("location", self.lat), "lon": ("location", lon)}
        if self.area is not None:
            found["area_km2"] = ("location", self.area)
        return xr.Dataset(coords=found).coords

    def over(self, starts: np.ndarray) -> xr.Coordinates:
        """Coordinates of locations and steps; made once for all variables that share the array of the steps."""
        if self._over is None or self._over[0] is not starts:
            self._over = starts, self.coords.assign(time=starts)
        return self._over[1]

    def read(self, da: xr.DataArray, time: str, where: str, repairs: Repairs) -> np.ndarray:
        """Values (n_time, n) of the locations, float64, read in blocks of time."""
        chunk, marks = _time_chunk(da, time), fills(da.variable)
        single = {d: 0 for d in da.dims if d != time and d not in self.dims}
        stored = da.variable.isel(
            {**single, **self.index}
        )  # without the coordinates, which would be cut as well
        space = tuple(d for d in self.dims if d in stored.dims)
        steps, n = stored.sizes[time], self.names.size
        if steps * n > MOST_VALUES:
            what = f"{steps * n} values are too many"
            raise InputError(where, what, "give fewer cells or stations, or a shorter span")
        out = np.empty((steps, n))
        weights = self.weights
        for part in _blocks(steps, max(1, stored.size // max(1, steps)), chunk):
            values = stored.isel({time: part}).transpose(time, *space).values
            block = values.reshape(part.stop - part.start, -1)
            _blank(block, marks)
            if weights is not None:
                if part.start == 0:
                    weights = _with_data(block[0], weights, where, repairs)
                used = weights > 0.0
                out[part, 0] = block[:, used].astype("f8") @ weights[used]
            else:
                out[part] = block if self.cells is None else block[:, self.cells]
        return out


def _blank(block: np.ndarray, marks: list[float]) -> None:
    """NaN where a value (n_time, n_read) is one of the marks of missing ones."""
    rows = max(1, AT_HAND // block.shape[1])
    for mark in marks:
        for first in range(0, len(block), rows):
            part = block[first : first + rows]
            missing = part == mark
            if missing.any():
                part[missing] = np.nan


def _time_chunk(da: xr.DataArray, time: str) -> int:
    """Steps that the file stores together; reading fewer at once would unpack them again and again."""
    sizes = da.encoding.get("chunksizes") or da.encoding.get("chunks") or ()
    return max(1, int(sizes[da.dims.index(time)])) if len(sizes) == da.ndim else 1


def _blocks(steps: int, cells: int, chunk: int) -> Iterator[slice]:
    """Spans of time that hold about `BLOCK` values, in whole chunks of the file."""
    length = max(chunk, BLOCK // cells // chunk * chunk)
    for first in range(0, steps, length):
        yield slice(first, min(first + length, steps))


def _with_data(first: np.ndarray, weights: np.ndarray, where: str, repairs: Repairs) -> np.ndarray:
    """Weights of the cells that have a value in the first step (sea has none), summing to 1."""
    absent = np.isnan(first.astype("f8")) & (weights > 0.0)
    if not absent.any() or absent.sum() == (weights > 0.0).sum():
        return weights
    repairs.note(
        f"{where}: {int(absent.sum())} cells of the region have no data ({100.0 * weights[absent].sum():.0f} % of its "
        "area) and are left out of the mean"
    )
    kept = np.where(absent, 0.0, weights)
    return kept / kept.sum()


def locate(
    ds: xr.Dataset, da: xr.DataArray, time: str, where: str, request: Request, repairs: Repairs
) -> Place:
    """The asked place in the grid or among the stations of a variable. Raises InputError where it is not there."""
    lat, lon = (coordinate(ds, da, n) for n in ("latitude", "longitude"))
    single = {d: 0 for d in da.dims if d != time and da.sizes[d] == 1}
    da = da.isel(single)
    lat, lon = (c if c is None else c.isel(single, missing_dims="ignore") for c in (lat, lon))
    space = tuple(str(d) for d in da.dims if d != time)
    stations = len(space) == 1 and (lat is None or lon is None or lat.dims == lon.dims == space)
    if stations and (request.location is not None or not request.placed):
        return _stations(ds, space[0], lat, lon, where, request)
    if request.location is not None:
        mend = "leave location out and give lon and lat"
        raise InputError(where, "has no stations to choose by name", mend)
    if lat is None or lon is None:
        return _unplaced(space, where, request, repairs)
    stray = [d for d in space if d not in (*lat.dims, *lon.dims)]
    if stray:
        what = f"has a further dimension {stray[0]!r} of size {da.sizes[stray[0]]}"
        raise InputError(where, what, "write one layer or member of it to a file of its own")
    if space and not request.placed:
        mend = "give lon and lat of the point, a region, or cells=True for every cell"
        raise InputError(where, f"has {lat.size} x {lon.size} cells", mend)
    grid = grid_at(lat, lon, where, request.region is not None or request.cells)
    if request.region is not None or request.cells:
        return _cells(grid, where, request, repairs)
    return _points(grid, where, request, repairs)


def _unplaced(space: tuple[str, ...], where: str, request: Request, repairs: Repairs) -> Place:
    if space:
        what = f"has dimensions {', '.join(space)} but no latitude and longitude"
        raise InputError(where, what, "give the file CF coordinates, or a file of one point")
    if request.region is not None or len(request.lons) > 1:
        raise InputError(where, "has no coordinates", "give the file CF coordinates")
    if request.placed:
        repairs.note(
            f"{Path(where.rsplit(', ', 1)[0]).name}: has no coordinates, taken to lie at the asked point"
        )
    here = [np.array(c[:1] or [np.nan]) for c in (request.lats, request.lons)]
    return Place((), here[0], here[1], np.array(["point"]))


def _span(grid: Grid) -> str:
    """What the cells of a grid cover, in words."""
    lon, lat = np.asarray(grid.lon, "f8"), np.asarray(grid.lat, "f8")
    east, north = (f"{np.nanmin(axis):.4g} to {np.nanmax(axis):.4g}" for axis in (lon, lat))
    return f"its cells lie at lon {east}, lat {north}"


def _points(grid: Grid, where: str, request: Request, repairs: Repairs) -> Place:
    """The nearest cell of every asked point; of a single point in the file, that one."""
    if grid.lat.ndim == 0 and not request.lons:
        return Place((), grid.lat.reshape(1), grid.lon.reshape(1), np.array(["point"]))
    at = []
    for lon, lat in zip(request.lons, request.lats, strict=True):
        distance = arc(lat, lon, grid.lat, grid.lon)
        nearest = int(np.argmin(distance))
        away, diagonal = float(distance.flat[nearest]), _diagonal(grid, nearest)
        if away > min(FARTHEST, OUTSIDE * diagonal):
            what = f"the nearest cell is {away:.3g} degrees away from lon {lon:g}, lat {lat:g}"
            mend = f"check lon and lat ({_span(grid)}), or give files that cover the point"
            raise InputError(where, what, mend)
        if away > BESIDE * diagonal:
            repairs.note(
                f"lon {lon:g}, lat {lat:g} lies {away:.2g} degrees from the nearest cell, outside the grid"
            )
        at.append(nearest)
    cells = np.array(at)
    names = ["point"] if cells.size == 1 else [f"point {i + 1}" for i in range(cells.size)]
    return _taken(grid, cells, np.array(names))


def _diagonal(grid: Grid, cell: int) -> float:
    """Degrees of arc across a cell of a grid of rows and columns; infinite where there are no neighbours."""
    if grid.lat.ndim != 2 or grid.lat.size == 1:
        return np.inf
    at = np.unravel_index(cell, grid.lat.shape)
    sides = []
    for axis in (0, 1):
        if grid.lat.shape[axis] > 1:
            beside = list(at)
            beside[axis] += 1 if at[axis] == 0 else -1
            there = tuple(beside)
            sides.append(float(arc(grid.lat[at], grid.lon[at], grid.lat[there], grid.lon[there])))
    return float(np.hypot(sides[0], sides[-1]))


def _cells(grid: Grid, where: str, request: Request, repairs: Repairs) -> Place:
    """Every cell, every cell of the region, or the region's mean."""
    inside = grid.areas if request.region is None else areas_inside(grid, request.region, repairs)
    chosen = np.flatnonzero(inside > 0.0)
    area = inside.ravel()[chosen]
    place = _taken(grid, chosen, _cell_names(grid, chosen), area)
    if request.cells:
        return place
    share = area / area.sum()
    index, weights = place.index, share
    if place.cells is not None:
        weights = np.zeros(int(np.prod([_length(s) for s in index.values()])))
        weights[place.cells] = share
    middle = (
        float(share @ place.lat),
        float(share @ (place.lon[0] + (place.lon - place.lon[0] + 180.0) % 360.0 - 180.0)),
    )
    return Place(grid.dims, np.array([middle[0]]), np.array([middle[1]]), np.array(["region"]), index,
                 weights=weights, area=np.array([area.sum()]))  # fmt: skip


def _length(part: int | slice | np.ndarray) -> int:
    assert isinstance(part, slice)
    return part.stop - part.start


def _cell_names(grid: Grid, cells: np.ndarray) -> np.ndarray:
    """Every latitude and longitude is written once: grids have few of them."""
    parts = []
    for degrees, form in ((grid.lat, "{:.5g}N "), (grid.lon, "{:.6g}E")):
        unique, where = np.unique(degrees.ravel()[cells], return_inverse=True)
        parts.append(np.array([form.format(v) for v in unique.tolist()])[where])
    return np.char.add(*parts)


def _taken(grid: Grid, cells: np.ndarray, names: np.ndarray, area: np.ndarray | None = None) -> Place:
    """The cells with these flat places, read as the smallest block of the grid that holds them."""
    lat, lon = grid.lat.ravel()[cells], grid.lon.ravel()[cells]
    where = np.unravel_index(cells, grid.lat.shape) if grid.lat.ndim else ()
    low, high = [int(i.min()) for i in where], [int(i.max()) + 1 for i in where]
    index: dict[str, int | slice | np.ndarray] = {
        d: slice(a, b) for d, a, b in zip(grid.dims, low, high, strict=True)
    }
    shape = [b - a for a, b in zip(low, high, strict=True)]
    flat = (
        np.ravel_multi_index([i - a for i, a in zip(where, low, strict=True)], shape)
        if shape
        else np.zeros(1, int)
    )
    whole = np.array_equal(flat, np.arange(int(np.prod(shape))))
    return Place(grid.dims, lat, lon, names, index, None if whole else flat, area=area)


def arc(lat: float, lon: float, lats: np.ndarray, lons: np.ndarray) -> np.ndarray:
    """Great-circle distance in degrees between a point and others (haversine)."""
    a, b = np.deg2rad(lat), np.deg2rad(lats)
    h = np.sin((b - a) / 2.0) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.deg2rad(lons - lon) / 2.0) ** 2
    return np.rad2deg(2.0 * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0))))


def _stations(
    ds: xr.Dataset,
    dim: str,
    lat: xr.DataArray | None,
    lon: xr.DataArray | None,
    where: str,
    request: Request,
) -> Place:
    labels = _labels(ds, dim)
    keep = np.arange(labels.size)
    if request.location is not None:
        keep = np.flatnonzero(labels == request.location)
        if keep.size != 1:
            what = f"has {keep.size} locations named {request.location!r}"
            raise InputError(where, what, f"choose from {', '.join(labels[:20])}")
    unknown = np.full(labels.size, np.nan)
    lats, lons = (unknown if c is None else c.values.astype("f8") for c in (lat, lon))
    return Place((dim,), lats[keep], lons[keep], labels[keep], {dim: keep})


def _labels(ds: xr.Dataset, dim: str) -> np.ndarray:
    texts = [c for c in ds.variables if ds[c].dims == (dim,) and ds[c].dtype.kind in "OUS"]
    names = [c for c in (dim, *texts) if c in ds.variables]
    values = ds[names[0]].values if names else np.arange(ds.sizes[dim])
    return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values])

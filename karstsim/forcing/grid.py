"""The cells of a map: where their centres and corners lie, from the coordinates of a netCDF variable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError

EARTH_RADIUS = 6371.0072  # km; of the sphere with the area of the WGS84 ellipsoid
MOST_CELLS = 50_000_000  # of a grid; kilometre grids of the whole earth are larger than any CMIP model
WRF = {"latitude": "XLAT", "longitude": "XLONG"}  # coordinates of the WRF model, without attributes of CF


@dataclass(frozen=True)
class Grid:
    """Cells of a grid: dims in order, centres and corners in degrees.

    lat, lon   centres, of the shape of the dims;  corners: (*shape, 4, 2) longitude and latitude, round the cell
    """

    dims: tuple[str, ...]
    lat: np.ndarray
    lon: np.ndarray
    corners: np.ndarray

    @property
    def areas(self) -> np.ndarray:
        """Area of every cell, km2, of the shape of the dims."""
        x, y = np.deg2rad(self.corners[..., 0]), np.sin(np.deg2rad(self.corners[..., 1]))
        nx, ny = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
        return EARTH_RADIUS**2 * 0.5 * np.abs((x * ny - nx * y).sum(axis=-1))


def corners_of_axes(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Corners (n_lat, n_lon, 4, 2) of the cells of a regular grid, from the edges between its centres."""
    south, north = _edges(lat, 90.0)
    west, east = _edges(lon, None)
    ring = [(west, south), (east, south), (east, north), (west, north)]
    shape = (lat.size, lon.size)
    return np.stack(
        [np.stack([np.broadcast_to(x, shape), np.broadcast_to(y[:, None], shape)], axis=-1) for x, y in ring],
        axis=-2,
    )


def _edges(centres: np.ndarray, limit: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper edge of every cell of an axis; one lonely cell is a degree wide."""
    if limit is None:
        centres = np.rad2deg(np.unwrap(np.deg2rad(centres)))
    half = np.diff(centres) / 2.0
    half = np.array([0.5]) if half.size == 0 else half
    edges = np.r_[centres[0] - half[0], centres[:-1] + half[: centres.size - 1], centres[-1] + half[-1]]
    if limit is not None:
        edges = np.clip(edges, -limit, limit)
    return edges[:-1], edges[1:]


def corners_of_cells(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Corners (n, m, 4, 2) of the cells of a curved grid: the means of the four centres around each."""
    lon = np.rad2deg(np.unwrap(np.unwrap(np.deg2rad(lon), axis=0), axis=1))
    nodes = np.stack([_nodes(lon), np.clip(_nodes(lat), -90.0, 90.0)], axis=-1)
    return np.stack([nodes[:-1, :-1], nodes[:-1, 1:], nodes[1:, 1:], nodes[1:, :-1]], axis=-2)


def _nodes(centres: np.ndarray) -> np.ndarray:
    """Values between the centres, with one row and column more on every side by straight continuation."""
    for axis in (0, 1):
        if centres.shape[axis] < 2:
            raise ValueError("a curved grid needs at least two rows and columns")
        first, second = (np.take(centres, [i], axis) for i in (0, 1))
        last, before = (np.take(centres, [i], axis) for i in (-1, -2))
        centres = np.concatenate([2 * first - second, centres, 2 * last - before], axis)
    return 0.25 * (centres[:-1, :-1] + centres[:-1, 1:] + centres[1:, :-1] + centres[1:, 1:])


def grid_of(ds: xr.Dataset, da: xr.DataArray, where: str) -> Grid:
    """The grid of a map with its corners. Raises InputError where it has no latitude and longitude."""
    lat, lon = (coordinate(ds, da, n) for n in ("latitude", "longitude"))
    if lat is None or lon is None:
        raise InputError(where, "has no latitude and longitude", "give the file CF coordinates")
    return grid_at(lat, lon, where, corners=True)


def grid_at(lat: xr.DataArray, lon: xr.DataArray, where: str, corners: bool) -> Grid:
    lat, lon = (c.astype("f8").reset_coords(drop=True) for c in (lat, lon))
    if lat.dims != lon.dims and lat.size * lon.size > MOST_CELLS:
        raise InputError(where, f"has {lat.size} x {lon.size} cells", "cut out the region of the point first")
    axes = lat.values, lon.values
    if not all(
        np.isfinite(a).all() and (np.abs(a) <= limit).all()
        for a, limit in zip(axes, (90.0, 360.0), strict=True)
    ):
        raise InputError(where, "has latitudes or longitudes that are not on earth", "mend the coordinates")
    plain = max(lat.ndim, lon.ndim) <= 1 and (lat.dims != lon.dims or not lat.dims)  # a row has one latitude
    lat, lon = xr.broadcast(lat, lon)
    ring = np.zeros((*lat.shape, 0, 2))
    if corners and plain:
        ring = corners_of_axes(*map(np.atleast_1d, axes)).reshape(*lat.shape, 4, 2)
    elif corners and lat.ndim == 2 and min(lat.shape) > 1:
        ring = corners_of_cells(lat.values, lon.values)
    elif corners:
        what = f"its cells have dimensions ({', '.join(map(str, lat.dims))}) and no corners"
        raise InputError(where, what, "give lon and lat of points instead")
    return Grid(tuple(map(str, lat.dims)), lat.values, lon.values, ring)


def coordinate(ds: xr.Dataset, da: xr.DataArray, kind: str) -> xr.DataArray | None:
    """Latitude or longitude of the variable, by CF attributes first and by name second."""
    import cf_xarray  # noqa: F401  (registers the .cf accessor; here, since no run without netCDF files needs it)

    candidates = [*ds.cf.coordinates.get(kind, []), kind, kind[:3], f"nav_{kind[:3]}", WRF[kind]]
    for name in candidates:
        if name in ds.variables and set(ds[name].dims) <= set(da.dims):
            return ds[name]
    names = {str(v).lower(): str(v) for v in ds.variables}  # LAT, Latitude
    found = next((names[str(c).lower()] for c in candidates if str(c).lower() in names), None)
    return ds[found] if found is not None and set(ds[found].dims) <= set(da.dims) else None

"""Regions: the share of every cell of a grid that lies in a polygon or in a mask, as an area.

Polygons come as GeoJSON (file or text) or as WKT, in degrees east and north, and need shapely. A mask is a variable of
a netCDF file on any grid, 0 to 1 or 0 to 100 %. Areas are those of a sphere: in the plane of longitude and sine of
latitude they are true.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import netcdf
from karstsim.forcing.canonical import Repairs
from karstsim.forcing.grid import EARTH_RADIUS, Grid, grid_of

FINE = 0.25  # degrees: longest piece of a polygon's edge, so that it keeps its course in the plane of equal areas
COVERED = 0.999  # of a region; less is said
LEAST_COVERED = 0.5  # of a region; less is refused
POLYGON_FILES = (".geojson", ".json", ".wkt", ".txt")
Region = str | Path | xr.DataArray


def areas_inside(grid: Grid, region: Region, repairs: Repairs) -> np.ndarray:
    """Area (km2) of every cell that lies in the region, of the shape of the grid.

    Raises InputError for a region that cannot be read, or of which the grid covers less than half.
    """
    if isinstance(region, xr.DataArray) or _mask_path(region) is not None:
        inside, total = _of_mask(grid, region, repairs)
    else:
        inside, total = _of_polygon(grid, region, repairs)
    covered = float(inside.sum()) / total if total > 0.0 else 0.0
    if covered < LEAST_COVERED:
        what = f"the cells cover {100.0 * covered:.0f} % of the region"
        raise InputError(f"region {_shown(region)}", what, "check its coordinates (longitude first, degrees), "
                         "or give files that cover it")  # fmt: skip
    if covered < COVERED:
        repairs.note(f"region: the cells cover {100.0 * covered:.1f} % of it, the rest is left out")
    return inside


def _shown(region: Region) -> str:
    return repr(str(region)[:60]) if isinstance(region, str | Path) else repr(str(region.name))


# ------------------------------------------------------------------------------------------------- polygons


def _of_polygon(grid: Grid, region: Region, repairs: Repairs) -> tuple[np.ndarray, float]:
    """Area of each cell inside the polygon and the area of the polygon, km2."""
    polygon = _polygon(str(region), repairs)
    import shapely

    middle = 0.5 * (polygon.bounds[0] + polygon.bounds[2])
    turn = 360.0 * np.round((grid.lon - middle) / 360.0)
    corners = grid.corners - np.stack([turn, np.zeros_like(turn)], axis=-1)[..., None, :]
    flat = shapely.transform(shapely.segmentize(polygon, FINE), _equal_area)
    cells = shapely.polygons(_equal_area(corners.reshape(-1, 2)).reshape(-1, 4, 2))
    near = np.flatnonzero(shapely.intersects(cells, shapely.envelope(flat)))
    inside = np.zeros(cells.size)
    inside[near] = shapely.area(shapely.intersection(shapely.make_valid(cells[near]), flat))
    return inside.reshape(grid.lat.shape), float(shapely.area(flat))


def _equal_area(points: np.ndarray) -> np.ndarray:
    """Longitude and latitude (degrees) as a plane in which areas are true, km."""
    return EARTH_RADIUS * np.stack([np.deg2rad(points[:, 0]), np.sin(np.deg2rad(points[:, 1]))], axis=1)


def _polygon(text: str, repairs: Repairs) -> Any:
    """The polygon of a GeoJSON file, of GeoJSON text or of WKT."""
    where = f"region {_shown(text)}"
    if find_spec("shapely") is None:
        mend = "pip install 'karstsim[climate]', or give a mask as a variable of a netCDF file"
        raise InputError(where, "polygons need shapely, which is absent", mend)
    import shapely

    mend = "give GeoJSON (a .geojson file) or WKT such as 'POLYGON ((105 26, 106 26, 106 27, 105 26))'"
    try:
        if Path(text[:4000]).suffix.lower() in POLYGON_FILES:
            text = Path(text).read_text(encoding="utf-8-sig")
        shape = shapely.from_geojson(text) if text.lstrip().startswith("{") else shapely.from_wkt(text)
    except (OSError, ValueError, shapely.errors.ShapelyError) as error:
        raise InputError(where, f"cannot be read ({str(error).splitlines()[0][:100]})", mend) from None
    shape = shapely.union_all([g for g in shapely.get_parts(shapely.make_valid(shapely.get_parts(shape)))
                               if g.geom_type in ("Polygon", "MultiPolygon")])  # fmt: skip
    if shape.is_empty:
        raise InputError(where, "holds no polygon", mend)
    west, south, east, north = shape.bounds
    if not (-360.0 <= west <= east <= 360.0 and -90.0 <= south <= north <= 90.0):
        what = f"reaches from {west:g}, {south:g} to {east:g}, {north:g}, which are no degrees"
        raise InputError(where, what, "give longitude and latitude (EPSG:4326), not metres of a projection")
    return shape


# ---------------------------------------------------------------------------------------------------- masks


def _mask_path(region: Region) -> tuple[Path, str] | None:
    """File and variable of ``mask.nc`` or ``mask.nc:karst``; None where the region is no netCDF file."""
    head, _, name = str(region).rpartition(":")
    for path, variable in ((str(region), ""), (head, name)):
        if path and len(path) < 4000 and Path(path).exists() and netcdf.is_netcdf(Path(path)):
            return Path(path), variable
    return None


def _of_mask(grid: Grid, region: Region, repairs: Repairs) -> tuple[np.ndarray, float]:
    """Area of each cell inside the mask and the area of the mask, km2.

    The cells of a finer mask are given to the nearest cell of the grid; of a coarser mask the nearest cell is taken.
    """
    from scipy.spatial import cKDTree  # 0.2 s of CPU that no other forcing needs

    mask, share = _mask(region)
    ours, theirs = _on_sphere(grid.lat, grid.lon), _on_sphere(mask.lat, mask.lon)
    if np.median(mask.areas) > 1.5 * np.median(grid.areas):
        _, nearest = cKDTree(theirs).query(ours)
        repairs.note("region: the mask is coarser than the grid, its nearest cells are taken")
        inside = grid.areas * share.ravel()[nearest].reshape(grid.lat.shape)
        return inside, float(inside.sum())
    distance, nearest = cKDTree(ours).query(theirs)
    radius = np.linalg.norm(_on_sphere(grid.corners[..., 0, 1], grid.corners[..., 0, 0]) - ours, axis=1)
    areas = (mask.areas * share).ravel()
    kept = distance <= 1.05 * radius[nearest]
    inside = np.bincount(nearest[kept], areas[kept], minlength=grid.lat.size)
    return inside.reshape(grid.lat.shape), float(areas.sum())


def _on_sphere(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    phi, lam = np.deg2rad(lat).ravel(), np.deg2rad(lon).ravel()
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)


def _mask(region: Region) -> tuple[Grid, np.ndarray]:
    """Grid of a mask and the share (0-1) of every cell."""
    if isinstance(region, xr.DataArray):
        ds, name, where = region.to_dataset(name="mask"), "mask", "region"
        return _checked_mask(ds, name, where, grid_of(ds, ds[name], where))
    found = _mask_path(region)
    assert found is not None
    path, name = found
    where = f"region {path}"
    with netcdf.reading(path), netcdf.opened(path) as ds:
        flat = [str(v) for v in ds.data_vars if ds[v].squeeze().ndim == 2 and "bnd" not in str(v)
                and not str(v).startswith(("lat", "lon"))]  # fmt: skip
        if not name and len(flat) != 1:
            what = f"has {len(flat)} maps ({', '.join(flat[:10])})"
            raise InputError(where, what, f"name one: region='{path}:{flat[0] if flat else 'mask'}'")
        name = name or flat[0]
        if name not in ds:
            raise InputError(where, f"has no variable {name!r}", f"choose from {', '.join(flat[:10])}")
        single = ds.isel(
            {d: 0 for d in ds[name].dims if ds.sizes[d] == 1 and d not in ("lat", "lon", "y", "x")}
        )
        return _checked_mask(single, name, where, grid_of(single, single[name], where))


def _checked_mask(ds: xr.Dataset, name: str, where: str, grid: Grid) -> tuple[Grid, np.ndarray]:
    values = np.nan_to_num(ds[name].transpose(*grid.dims).values.astype("f8"))
    if str(ds[name].attrs.get("units", "")).strip() in ("%", "percent"):
        values = values / 100.0
    if values.min() < 0.0 or values.max() > 1.0 + 1e-6:
        what = f"values from {values.min():g} to {values.max():g} are no shares"
        raise InputError(f"{where}, {name}", what, "give 0 to 1, or 0 to 100 with units '%'")
    if not values.any():
        raise InputError(f"{where}, {name}", "is zero everywhere", "choose another variable")
    return grid, values

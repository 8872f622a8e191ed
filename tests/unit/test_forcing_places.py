"""Several points, all cells, the mean of a polygon or a mask: areas by hand, coordinates kept."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import open_cmip, open_forcing, to_records
from karstsim.forcing import place as places
from karstsim.forcing.grid import EARTH_RADIUS, corners_of_cells
from tests.unit.test_forcing_cmip import HERE, grid, write

LAT, LON = (25.0, 27.0, 29.0), (104.0, 106.0)


def cell_area(south: float, north: float, width: float) -> float:
    """R^2 dlon (sin north - sin south), the area of a cell on a sphere."""
    s, n = math.sin(math.radians(south)), math.sin(math.radians(north))
    return EARTH_RADIUS**2 * math.radians(width) * (n - s)


def test_several_points(tmp_path):
    path = write(tmp_path, grid())
    both = open_cmip(path, [105.7, 104.2], [26.6, 28.9])
    assert list(both.location.values) == ["point 1", "point 2"]
    np.testing.assert_array_equal(both.tas[0], open_cmip(path, **HERE).tas[0])
    np.testing.assert_array_equal(both.lat, [27.0, 29.0])
    with pytest.raises(InputError, match=r"2 longitude\(s\) and 1 latitude"):
        open_cmip(path, [105.7, 104.2], [26.6])


def test_every_cell_is_what_the_point_is(tmp_path):
    """Each column equals the point at its place to the bit, and its area is that of the sphere."""
    path = write(tmp_path, grid())
    ds = open_forcing(path, cells=True)
    assert dict(ds.sizes) == {"location": 6, "time": 20}
    for i in range(6):
        at = {"lon": float(ds.lon[i]), "lat": float(ds.lat[i])}
        point = open_forcing(path, **at)
        for name in ("tas", "pr", "rsds"):
            np.testing.assert_array_equal(ds[name][i], point[name][0])
    assert float(ds.area_km2[0]) == pytest.approx(cell_area(24.0, 26.0, 2.0))
    assert to_records(ds)[0].shape == (6, 20)


def test_cells_over_sea_are_left_out_and_said(tmp_path):
    whole = grid()
    for name in ("tas", "pr", "rsds"):
        whole[name].values[:, 2, 0] = np.nan
    ds = open_cmip(write(tmp_path, whole), cells=True)
    assert ds.sizes["location"] == 5
    assert "1 of 6 cells have no data (sea): left out" in ds.attrs["repairs"]
    whole.tas.values[3, 0, 0] = np.nan
    with pytest.raises(InputError, match=r"location 25N 104E, time 2015-01-04: value nan is missing"):
        open_cmip(write(tmp_path, whole, "b.nc"), cells=True)


@pytest.mark.parametrize("form", ["wkt", "geojson", "file"])
def test_mean_of_a_polygon(tmp_path, form):
    """From 104 to 107 E and 24 to 28 N: half of the first column of two degrees, all of the second; two rows."""
    pytest.importorskip("shapely")
    ring = [[104, 24], [107, 24], [107, 28], [104, 28], [104, 24]]
    text = "POLYGON((" + ",".join(f"{x} {y}" for x, y in ring) + "))"
    if form != "wkt":
        feature = {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    if form == "file":
        (tmp_path / "karst.geojson").write_text(text)
        text = str(tmp_path / "karst.geojson")
    ds = open_cmip(write(tmp_path, grid()), region=text)
    south, north = cell_area(24.0, 26.0, 1.0), cell_area(26.0, 28.0, 1.0)
    expected = (0.0 * south + 0.01 * 2 * south + 0.02 * north + 0.03 * 2 * north) / (3 * (south + north))
    assert float(ds.tas[0, 0]) == pytest.approx(288.15 + expected, abs=1e-6)
    assert float(ds.area_km2[0]) == pytest.approx(3 * (south + north), rel=1e-6)
    assert (str(ds.location.values[0]), 104.0 < float(ds.lon[0]) < 106.0) == ("region", True)


def test_longitudes_of_region_and_file_may_differ_by_a_turn(tmp_path):
    pytest.importorskip("shapely")
    text = "POLYGON((-105 25, -103 25, -103 27, -105 27, -105 25))"
    ds = open_cmip(
        write(tmp_path, grid(lat=(25.0, 27.0), lon=(254.0, 256.0, 258.0))), region=text, cells=True
    )
    assert sorted({float(x) for x in ds.lon}) == [-104.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("POLYGON((500000 2900000, 510000 2900000, 510000 2910000, 500000 2900000))", "no degrees"),
        ("POLYGON((0 0, 1 0, 1 1, 0 0))", "cover 0 % of the region"),
        ("POLYGON((104 24", "cannot be read"),
        ("POINT(104 25)", "holds no polygon"),
        ('{"type": "Nonsense"}', "cannot be read"),
        ("nowhere.geojson", "cannot be read"),
    ],
)
def test_bad_regions(tmp_path, text, message):
    pytest.importorskip("shapely")
    with pytest.raises(InputError, match=message):
        open_cmip(write(tmp_path, grid()), region=text)


def test_mask_on_the_same_grid_and_on_a_finer_one(tmp_path):
    """Karst shares of 100 % and 50 % in the first row: (a + 0.5 b)/(1.5) of equal cells, so a third of 0.01."""
    path = write(tmp_path, grid())
    share = np.array([[100.0, 50.0], [0.0, 0.0], [0.0, 0.0]])
    coords = {"lat": list(LAT), "lon": list(LON)}
    mask = xr.Dataset({"karst": (("lat", "lon"), share, {"units": "%"})}, coords)
    mask.to_netcdf(tmp_path / "mask.nc4")
    ds = open_cmip(path, region=tmp_path / "mask.nc4")
    assert float(ds.tas[0, 0]) == pytest.approx(288.15 + 0.01 / 3.0)
    assert float(ds.area_km2[0]) == pytest.approx(1.5 * cell_area(24.0, 26.0, 2.0))
    lat, lon = np.arange(24.125, 26.0, 0.25), np.arange(103.125, 107.0, 0.25)
    fine = np.tile(np.where(lon < 105.0, 1.0, 0.5), (lat.size, 1))
    da = xr.DataArray(fine, {"lat": lat, "lon": lon}, ("lat", "lon"))
    ds = open_cmip(path, region=da)
    assert float(ds.tas[0, 0]) == pytest.approx(288.15 + 0.01 / 3.0)
    two = mask.assign(other=mask["karst"])
    two.to_netcdf(tmp_path / "two.nc4")
    with pytest.raises(InputError, match="has 2 maps") as caught:
        open_cmip(path, region=tmp_path / "two.nc4")
    assert "two.nc4:karst" in caught.value.mend
    ds = open_cmip(path, region=f"{tmp_path / 'two.nc4'}:karst", cells=True)
    assert ds.sizes["location"] == 2
    (mask * 3.0).to_netcdf(tmp_path / "bad.nc4")
    with pytest.raises(InputError, match="no shares"):
        open_cmip(path, region=tmp_path / "bad.nc4")


def test_sea_cells_of_a_region_are_left_out_of_its_mean(tmp_path):
    ds = grid()
    for name in ds.data_vars:
        ds[name].values[:, 0, 0] = np.nan
    mask = xr.DataArray(np.ones((3, 2)), {"lat": list(LAT), "lon": list(LON)}, ("lat", "lon"))
    out = open_cmip(write(tmp_path, ds), region=mask)
    assert np.isfinite(out.tas).all()
    assert "1 cells of the region have no data (17 % of its area)" in out.attrs["repairs"]


def test_curved_grid_has_the_area_of_its_cells():
    """A regular grid written with 2-D coordinates has the same corners."""
    lat, lon = np.meshgrid([25.0, 27.0, 29.0], [359.0, 1.0, 3.0], indexing="ij")
    corners = corners_of_cells(lat, lon)
    assert corners[0, 0].tolist() == [[358.0, 24.0], [360.0, 24.0], [360.0, 26.0], [358.0, 26.0]]


def test_blocks_of_time_give_the_same(tmp_path, monkeypatch):
    path = write(tmp_path, grid())
    mask = xr.DataArray(np.ones((3, 2)), {"lat": list(LAT), "lon": list(LON)}, ("lat", "lon"))
    at_once = [open_cmip(path, region=mask), open_cmip(path, cells=True)]
    monkeypatch.setattr(places, "BLOCK", 24)
    for whole, blocks in zip(
        at_once, [open_cmip(path, region=mask), open_cmip(path, cells=True)], strict=True
    ):
        xr.testing.assert_identical(whole, blocks)


def test_a_place_is_asked_for_once(tmp_path):
    with pytest.raises(InputError, match="beside a region"):
        open_cmip(write(tmp_path, grid()), **HERE, cells=True)

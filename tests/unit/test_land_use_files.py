"""Land use by the year from tables and from netCDFs in the manner of LUH2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing.land_use import read_land_use
from karstsim.model.site import Site

SITE = """
[site]
name = "s"
latitude = 26.3
longitude = 105.7
elevation = 1200.0
area_km2 = 10.0
[[site.tiles]]
land_use = "cropland"
[[site.tiles]]
land_use = "secondary_forest"
[site.areas]
file = "{file}"
"""


def _luh2(path: Path, **states: list[float]) -> Path:
    """Two cells (20, 26 N; 105.75 E), three years from 2015; the other cell holds cropland alone."""
    cells = {
        name: (
            ("time", "lat", "lon"),
            np.stack([np.zeros((3, 1)) + (name == "c3ann"), np.array(v)[:, None]], axis=1),
        )
        for name, v in states.items()
    }
    coords = {"time": [1165.0, 1166.0, 1167.0], "lat": [20.0, 26.0], "lon": [105.75]}
    ds = xr.Dataset(cells, coords=coords)
    ds.time.attrs["units"] = "years since 850-01-01 0:0:0"
    ds.to_netcdf(path)
    return path


def test_a_table(tmp_path) -> None:
    """A semicolon, a BOM and fractions that sum to 1.001 are no obstacle; the rest of a per mille is divided."""
    path = tmp_path / "land_use.csv"
    path.write_text("\ufeffyear;cropland;forest\n2015;0.7;0.3\n2030;0.401;0.6\n", encoding="utf-8")
    years, fractions = read_land_use(path)
    assert years == [2015, 2030]
    assert fractions["cropland"] == pytest.approx([0.7, 0.401 / 1.001])
    assert fractions["forest"] == pytest.approx([0.3, 0.6 / 1.001])


@pytest.mark.parametrize(
    "text",
    [
        "year;cropland;forest\n2015;0,0;1,0\n2016;0,5;0,5\n",
        "year\tcropland\tforest\n2015\t0,0\t1,0\n2016\t0,5\t0,5\n",
        '"year","cropland","forest"\n"2015","0.0","1.0"\n"2016","0.5","0.5"\n',
        "# by hand\nyear,cropland,forest\n2015,0,1, # all forest\n2016,0.5,0.5,\n",
    ],
)
def test_tables_of_other_hands(tmp_path, text) -> None:
    """Decimal commas, quotes, comments, a mark at the end of rows."""
    path = tmp_path / "land_use.csv"
    path.write_text(text)
    assert read_land_use(path) == ([2015, 2016], {"cropland": [0.0, 0.5], "forest": [1.0, 0.5]})


def test_the_cell_across_the_seam_of_the_grid(tmp_path) -> None:
    """Centres from 0 to 270: 0.04 degrees west of Greenwich lie in the first cell, 50 degrees west in the last."""
    path = tmp_path / "states.nc"
    east = np.array([1.0, 0.0, 0.0, 0.0])
    states = {
        name: (("time", "lat", "lon"), v[None, None, :]) for name, v in (("secdf", east), ("c3ann", 1 - east))
    }
    ds = xr.Dataset(states, coords={"time": [1165.5], "lat": [26.0], "lon": [0.0, 90.0, 180.0, 270.0]})
    ds.time.attrs["units"] = "years since 850-01-01"
    ds.to_netcdf(path)
    years, here = read_land_use(path, lon=-0.04, lat=26.3)
    assert years == [2015]  # stamped with its middle
    assert here == {"secondary_forest": [1.0], "cropland": [0.0]}
    assert read_land_use(path, lon=-50.0, lat=26.3)[1]["cropland"] == [1.0]


def test_a_fill_value_is_no_fraction(tmp_path) -> None:
    path = _luh2(tmp_path / "states.nc", secdf=[1e20, 1e20, 1e20])
    with pytest.raises(InputError, match="sum to 1e"):
        read_land_use(path, lon=105.7, lat=26.3)


def test_luh2_states_are_gathered(tmp_path) -> None:
    """Four fifths of the cell are land: crops of two kinds 0.4 and forest 0.4 become half and half."""
    path = _luh2(tmp_path / "states.nc", c3ann=[0.3, 0.2, 0.1], c4ann=[0.1, 0.2, 0.1], secdf=[0.4, 0.4, 0.6])
    years, fractions = read_land_use(path, lon=105.7, lat=26.3)
    assert years == [2015, 2016, 2017]
    assert fractions["cropland"] == pytest.approx([0.5, 0.5, 0.25])
    assert fractions["secondary_forest"] == pytest.approx([0.5, 0.5, 0.75])


def test_a_site_takes_the_file(tmp_path) -> None:
    """Relative to the site file; a state without area and without tile is left out."""
    _luh2(tmp_path / "states.nc", c3ann=[0.5, 0.4, 0.3], secdf=[0.5, 0.6, 0.7], urban=[0.0, 0.0, 0.0])
    path = tmp_path / "site.toml"
    path.write_text(SITE.format(file="states.nc"))
    site = Site.from_toml(path)
    assert site.areas is not None and site.areas.years == [2015, 2016, 2017]
    assert site.areas.fractions == {"cropland": [0.5, 0.4, 0.3], "secondary_forest": [0.5, 0.6, 0.7]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,cropland\n2015,1\n", "has no column 'year'"),
        ("year\n2015\n", "has no fractions"),
        ("year,cropland,grass\n2015,0.5,0.4\n", "sum to 0.9, not 1"),
        ("year,cropland,grass\n2015,1.5,-0.5\n", "missing or negative"),
        ("year,cropland,grass\n2015,0.5,\n", "missing or negative"),
        ("year,cropland\n2016,1\n2015,1\n", "2015 follows 2016"),
        ("year,cropland\n2015.5,1\n", "row 2: has no whole year"),
        ("year,cropland\nsoon,much\n", "no table of numbers"),
        ("year,cropland,grass\n2,015,0.5,0.5\n", "more cells than the header"),
        ("year,cropland\n1e30,1\n", "row 2: has no whole year"),
        ("", "no table of numbers"),
    ],
)
def test_bad_tables_are_named(tmp_path, text, message) -> None:
    path = tmp_path / "land_use.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_land_use(path)


def test_bad_grids_are_named(tmp_path) -> None:
    path = _luh2(tmp_path / "states.nc", c3ann=[0.5, 0.4, 0.3], secdf=[0.5, 0.6, 0.7])
    with pytest.raises(InputError, match="is a grid"):
        read_land_use(path)
    with pytest.raises(InputError, match="is not there"):
        read_land_use(tmp_path / "no.nc")
    xr.open_dataset(path, decode_times=False).drop_vars(["c3ann", "secdf"]).to_netcdf(tmp_path / "empty.nc")
    with pytest.raises(InputError, match="no LUH2 states"):
        read_land_use(tmp_path / "empty.nc", lon=105.7, lat=26.3)
    (tmp_path / "text.nc").write_text("no netCDF")
    with pytest.raises(InputError, match="cannot be read"):
        read_land_use(tmp_path / "text.nc", lon=105.7, lat=26.3)


def test_a_place_outside_the_grid_is_refused(tmp_path) -> None:
    """The nearest cell of a regional file may lie on another continent."""
    path = _luh2(tmp_path / "states.nc", c3ann=[0.5, 0.4, 0.3], secdf=[0.5, 0.6, 0.7])
    with pytest.raises(InputError, match="reaches from 20 to 26 in lat, the catchment lies at -40"):
        read_land_use(path, lon=105.7, lat=-40.0)
    with pytest.raises(InputError, match="reaches from 105.75 to 105.75 in lon"):
        read_land_use(path, lon=8.4, lat=26.0)


def test_the_layout_of_luh2(tmp_path) -> None:
    """North first, fractions masked by missing_value alone, bounds, ages and biomass beside the fractions."""
    lat, lon, n = np.arange(30.125, 24.0, -0.25), np.arange(100.125, 110.0, 0.25), 3
    shape = (n, len(lat), len(lon))
    fractions = {"primf": 0.1, "secdf": 0.3, "c3ann": 0.2, "pastr": 0.1, "urban": 0.1}
    data = {}
    for name, value in (*fractions.items(), ("secma", 60.0), ("secmb", 5.0)):
        values = np.full(shape, value, "f4")
        values[:, :, 0] = 1e20  # sea
        data[name] = (("time", "lat", "lon"), values, {"missing_value": np.float32(1e20)})
    ds = xr.Dataset(data, coords={"time": [1165.0, 1166.0, 1167.0], "lat": lat, "lon": lon})
    ds.time.attrs = {"units": "years since 850-01-01 0:0:0", "calendar": "noleap", "bounds": "bounds_time"}
    ds["bounds_time"] = (("time", "bounds"), np.stack([ds.time.values, ds.time.values + 1.0], axis=1))
    for name in ds.variables:
        ds[name].encoding["_FillValue"] = None
    path = tmp_path / "states.nc"
    ds.to_netcdf(path)
    years, found = read_land_use(path, lon=105.7, lat=26.3)
    assert years == [2015, 2016, 2017]
    assert found["virgin_forest"] == pytest.approx([0.125] * 3) and found["grass"] == pytest.approx(
        [0.125] * 3
    )
    with pytest.raises(InputError, match="has no land"):
        read_land_use(path, lon=100.1, lat=26.3)


def test_years_as_days_and_long_names_of_coordinates(tmp_path) -> None:
    """What other programs make of the same file."""
    path = _luh2(tmp_path / "states.nc", c3ann=[0.5, 0.4, 0.3], secdf=[0.5, 0.6, 0.7])
    ds = xr.open_dataset(path, decode_times=False).load().rename(lat="latitude", lon="longitude")
    ds["time"] = ("time", [0.0, 365.0, 730.0], {"units": "days since 2015-01-01", "calendar": "noleap"})
    ds.to_netcdf(tmp_path / "days.nc")
    assert read_land_use(tmp_path / "days.nc", 105.7, 26.3) == read_land_use(path, 105.7, 26.3)
    ds.time.attrs["units"] = "months since 2015-01-01"
    ds.to_netcdf(tmp_path / "months.nc")
    with pytest.raises(InputError, match="months since"):
        read_land_use(tmp_path / "months.nc", 105.7, 26.3)

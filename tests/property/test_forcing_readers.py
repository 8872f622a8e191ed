"""What must not matter to the reader: the order of dims, axes and files, the turn of longitudes, the packing."""

from __future__ import annotations

import tempfile
from itertools import permutations
from pathlib import Path

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim.forcing import open_cmip
from karstsim.forcing.units import to_canonical

DIMS = list(permutations(("time", "lat", "lon")))
LATS, LONS = np.array([24.0, 26.0, 28.0, 30.0]), np.array([100.0, 103.0, 106.0])


def field(seed: int) -> xr.Dataset:
    """Eight days on 4 x 3 cells, every value different."""
    rng = np.random.default_rng(seed)
    time = xr.date_range("2015-01-01", periods=8, freq="D", calendar="noleap", use_cftime=True)
    tas = xr.DataArray(
        280.0 + 10.0 * rng.random((8, 4, 3)), {"time": time, "lat": LATS, "lon": LONS}, DIMS[0]
    )
    return xr.Dataset({"tas": tas.assign_attrs(units="K")})


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 99),
    dims=st.sampled_from(DIMS),
    flip=st.booleans(),
    turn=st.sampled_from([0.0, -360.0]),
    cut=st.integers(2, 6),
    lat=st.floats(22.0, 32.0),
    lon=st.floats(98.0, 108.0),
)
def test_layout_does_not_matter(seed, dims, flip, turn, cut, lat, lon) -> None:
    """The nearest cell by brute force, whatever the file looks like; two files are one."""
    ds = field(seed)
    to_rad = np.deg2rad
    a, o = to_rad(LATS)[:, None], to_rad(LONS)[None, :]
    cosine = np.sin(a) * np.sin(to_rad(lat)) + np.cos(a) * np.cos(to_rad(lat)) * np.cos(o - to_rad(lon))
    i, j = np.unravel_index(int(np.argmax(cosine)), cosine.shape)
    expected = ds.tas.values[:, i, j]
    changed = ds.transpose(*dims).assign_coords(lon=LONS + turn)
    if flip:
        changed = changed.isel(lat=slice(None, None, -1), lon=slice(None, None, -1))
    with tempfile.TemporaryDirectory() as folder:
        changed.isel(time=slice(cut, None)).to_netcdf(Path(folder) / "a.nc")
        changed.isel(time=slice(0, cut)).to_netcdf(Path(folder) / "b.nc")
        out = open_cmip(f"{folder}/*.nc", lon, lat, variables=("tas",))
    got = float(cosine[i, j]) - np.sort(cosine.ravel())[-2]
    if got > 1e-12:  # not half-way between two cells
        np.testing.assert_array_equal(out.tas[0], expected)


@settings(max_examples=50, deadline=None)
@given(rain=st.floats(0.0, 500.0), kelvin=st.floats(200.0, 320.0))
def test_units_agree(rain: float, kelvin: float) -> None:
    """The same rain in five units, the same temperature in three."""
    ways = {
        "mm d-1": rain,
        "mm h-1": rain / 24.0,
        "kg m-2 s-1": rain / 86400.0,
        "m s-1": rain / 8.64e7,
        "inch/day": rain / 25.4,
    }
    found = [float(to_canonical("pr", np.array(v), u, "x")) for u, v in ways.items()]
    np.testing.assert_allclose(found, rain / 86400.0, rtol=1e-12, atol=1e-300)  # no digits are left below
    ways = {"K": kelvin, "degC": kelvin - 273.15, "degF": (kelvin - 273.15) * 1.8 + 32.0}
    found = [float(to_canonical("tas", np.array(v), u, "x")) for u, v in ways.items()]
    np.testing.assert_allclose(found, kelvin, rtol=1e-12)

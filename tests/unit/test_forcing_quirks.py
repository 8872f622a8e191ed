"""Each quirk of public climate files in a small file of its own: what is read, what is said, what is refused."""

from __future__ import annotations

from datetime import timedelta

import netCDF4
import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import open_cmip, open_forcing
from tests.unit.test_forcing_cmip import HERE, UNITS, VALUES, grid, write

MM = 1.0 / 86400.0


def opened(path, **told):
    return open_cmip(path, **HERE, **told)


def test_eobs_names_packing_and_daily_sums(tmp_path):
    """E-OBS: tg, tn, tx, rr, qq, fg, pp, short integers, -9999; rr is an amount by its standard name, not by guess."""
    ds = grid(("tas", "tasmin", "tasmax", "pr", "rsds", "sfcWind", "ps"), calendar="standard")
    names = {
        "tas": "tg",
        "tasmin": "tn",
        "tasmax": "tx",
        "pr": "rr",
        "rsds": "qq",
        "sfcWind": "fg",
        "ps": "pp",
    }
    ds = ds.rename(names)
    for name, units, standard, factor, offset in (
        ("tg", "Celsius", "air_temperature", 1.0, -273.15),
        ("tn", "Celsius", "air_temperature", 1.0, -273.15),
        ("tx", "Celsius", "air_temperature", 1.0, -273.15),
        ("rr", "mm", "thickness_of_rainfall_amount", 86400.0, 0.0),
        ("qq", "W/m2", "surface_downwelling_shortwave_flux_in_air", 1.0, 0.0),
        ("fg", "m/s", "wind_speed", 1.0, 0.0),
        ("pp", "hPa", "air_pressure_at_sea_level", 0.01, 10.0),
    ):
        ds[name] = (
            ds[name].dims,
            ds[name].values * factor + offset,
            {"units": units, "standard_name": standard},
        )
    packed = {n: {"dtype": "i2", "scale_factor": 0.1, "_FillValue": -9999} for n in names.values()}
    ds.to_netcdf(tmp_path / "eobs.nc", encoding=packed)
    out = opened(tmp_path / "eobs.nc", elevation=0.0)
    assert float(out.tas[0, 0]) == pytest.approx(288.2, abs=0.06)
    assert (float(out.tasmin[0, 0]), float(out.tasmax[0, 0])) == pytest.approx((283.15, 293.15), abs=0.06)
    assert float(out.pr[0, 0]) == pytest.approx(1.7 * MM)
    assert float(out.ps[0, 0]) == pytest.approx(91000.0)
    for said in (
        "tasmax taken from 'tx'",
        "'mm' is the amount of each step of 86400 s",
        "ps: absent, from psl",
    ):
        assert said in out.attrs["repairs"]
    alone = ds[["tx"]]
    alone.to_netcdf(tmp_path / "tx.nc")
    with pytest.raises(InputError, match="holds none of tas"):
        opened(tmp_path / "tx.nc", variables=("tas",))


def test_era5_names_components_and_accumulated_radiation(tmp_path):
    """ERA5: valid_time, t2m, tp in m, ssrd in J m-2 without a rate: refused until the rate is told; wind by parts."""
    ds = grid(
        ("tas", "pr", "rsds", "sfcWind", "ps"),
        calendar="standard",
        start="2015-01-01",
        pr=0.001,
        rsds=360000.0,
    )
    ds = ds.assign_coords(time=xr.date_range("2015-01-01", periods=20, freq="h"))
    ds = ds.rename(
        tas="t2m",
        pr="tp",
        rsds="ssrd",
        sfcWind="u10",
        ps="sp",
        time="valid_time",
        lat="latitude",
        lon="longitude",
    )
    ds["tp"].attrs, ds["ssrd"].attrs = {"units": "m"}, {"units": "J m**-2"}
    ds["v10"] = ds.u10 * 0.0 + 4.0
    ds["v10"].attrs["units"] = "m s**-1"
    ds = ds.assign_coords(number=0, expver=("valid_time", ["0001"] * 20))
    path = write(tmp_path, ds)
    with pytest.raises(
        InputError,
        match=r"pr: units 'm' cannot become kg m-2 s-1(.|\n)*depth per step must be given as a rate",
    ):
        opened(path)
    out = opened(path, units={"pr": "m h-1", "rsds": "J m-2 h-1"})
    assert float(out.pr[0, 0]) == pytest.approx(1.0 / 3600.0)
    assert float(out.rsds[0, 0]) == pytest.approx(100.0)
    assert float(out.sfcWind[0, 0]) == pytest.approx(5.0)
    assert "sfcWind: absent, from uas and vas" in out.attrs["repairs"]


def test_isimip_lower_case_and_fraction_of_humidity(tmp_path):
    ds = grid().rename(sfcWind="sfcwind")
    ds["hurs"] = (ds.tas.dims, np.full(ds.tas.shape, 0.8), {"units": ""})
    out = opened(write(tmp_path, ds))
    assert float(out.sfcWind[0, 0]) == 3.0
    assert float(out.hurs[0, 0]) == pytest.approx(80.0)
    ds["hurs"].attrs["units"] = "%"
    out = opened(write(tmp_path, ds, "b.nc"))
    assert "hurs: left out" in out.attrs["repairs"]
    with pytest.raises(InputError, match="never above 0.8 % in 20 days"):
        opened(tmp_path / "b.nc", columns={"hurs": "hurs"})


@pytest.mark.parametrize(
    ("name", "units", "value", "expected"),
    [
        ("pr", "mm s-1", 2e-5, 2e-5),
        ("pr", "mm/day", 1.728, 2e-5),
        ("pr", "mm d**-1", 1.728, 2e-5),
        ("pr", "m s-1", 2e-8, 2e-5),
        ("pr", "kg m**-2 s**-1", 2e-5, 2e-5),
        ("tas", "degC", 15.0, 288.15),
        ("tas", "Celsius", 15.0, 288.15),
        ("ps", "hPa", 900.0, 9e4),
        ("rsds", "MJ m-2 day-1", 10.8, 125.0),
    ],
)
def test_units_as_written(tmp_path, name, units, value, expected):
    ds = grid(**{name: value})
    ds[name].attrs["units"] = units
    ds[name].values[:] = value
    assert float(opened(write(tmp_path, ds))[name][0, 0]) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["tas", "pr", "rsds", "ps", "sfcWind"])
def test_no_units_are_refused_and_may_be_told(tmp_path, name):
    ds = grid()
    del ds[name].attrs["units"]
    with pytest.raises(InputError, match=f"a.nc, {name}: has no units") as caught:
        opened(write(tmp_path, ds))
    assert f'units={{"{name}"' in caught.value.mend
    out = opened(tmp_path / "a.nc", units={name: UNITS[name]})
    assert float(out[name][0, 0]) == pytest.approx(VALUES[name], abs=0.1)
    assert "as told" in out.attrs["repairs"]


def test_pressure_from_sea_level_and_orography(tmp_path):
    """p = p0 (1 - Lz/(T + Lz))^5.25588: 101325 Pa at sea level, 15 degC at 1000 m: 0.9775^5.25588 = 0.8872 of it."""
    ds = grid(("tas", "pr", "rsds", "sfcWind"))
    ds["psl"] = (ds.tas.dims, np.full(ds.tas.shape, 101325.0), {"units": "Pa"})
    ds["tas"].values[:] = 288.15
    write(tmp_path, ds)
    orog = xr.Dataset(
        {"orog": (("lat", "lon"), np.full((3, 2), 1000.0), {"units": "m"})}, ds[["lat", "lon"]].coords
    )
    write(tmp_path, orog, "orog_fx.nc")
    out = opened(tmp_path / "*.nc")
    rise = 6.5
    assert float(out.ps[0, 0]) == pytest.approx(101325.0 * (1.0 - rise / (288.15 + rise)) ** 5.25588)
    assert "elevation 1000 m from orog of orog_fx.nc" in out.attrs["repairs"]
    assert float(opened(tmp_path / "a.nc", elevation=0.0).ps[0, 0]) == pytest.approx(101325.0)


def test_transposed_dims(tmp_path):
    ds = grid()
    turned = ds.transpose("lon", "time", "lat")
    np.testing.assert_array_equal(
        opened(write(tmp_path, ds)).tas, opened(write(tmp_path, turned, "b.nc")).tas
    )


def test_rotated_grid_of_cordex(tmp_path):
    """rlat, rlon with 2-D lat and lon, a grid mapping, and a scalar height."""
    ds = grid().rename(lat="rlat", lon="rlon")
    lat2, lon2 = np.meshgrid([26.0, 26.5, 27.0], [105.0, 105.6], indexing="ij")
    ds = ds.assign_coords(
        lat=(
            ("rlat", "rlon"),
            lat2 + 0.01 * (lon2 - 105.0),
            {"standard_name": "latitude", "units": "degrees_north"},
        ),
        lon=(("rlat", "rlon"), lon2, {"standard_name": "longitude", "units": "degrees_east"}),
        height=2.0,
    )
    ds["rlat"].attrs, ds["rlon"].attrs = (
        {"standard_name": "grid_latitude"},
        {"standard_name": "grid_longitude"},
    )
    ds["rotated_pole"] = ((), 0, {"grid_mapping_name": "rotated_latitude_longitude"})
    ds.tas.attrs |= {"grid_mapping": "rotated_pole"}
    ds.attrs = {"model_id": "RCM", "driving_experiment_name": "rcp85", "experiment_id": "rcp85"}
    out = opened(write(tmp_path, ds))
    assert float(out.lon[0]) == 105.6
    assert float(out.tas[0, 0]) == pytest.approx(288.15 + 0.03)


def test_an_unstructured_grid(tmp_path):
    """ICON: one dimension of cells with latitude and longitude."""
    ds = grid().stack(cell=("lat", "lon")).reset_index("cell")
    out = opened(write(tmp_path, ds))
    assert float(out.tas[0, 0]) == pytest.approx(288.15 + 0.03)


def test_members_of_size_one(tmp_path):
    ds = grid().expand_dims(member_id=["r1i1p1f1"], dcpp_init_year=[np.nan])
    assert opened(write(tmp_path, ds)).sizes["time"] == 20
    two = xr.concat([grid().expand_dims(member_id=[m]) for m in ("r1", "r2")], "member_id")
    with pytest.raises(InputError, match="further dimension 'member_id' of size 2"):
        opened(write(tmp_path, two, "b.nc"))


def test_several_fill_values(tmp_path):
    """_FillValue and another missing_value both mean missing; 1e20 without a mark is no temperature."""
    path = write(tmp_path, grid())
    with netCDF4.Dataset(path, "a") as nc:
        var = nc.createVariable("tas2", "f4", ("time", "lat", "lon"), fill_value=1e20)
        var[:] = nc["tas"][:]
        var.missing_value = np.float32(-999.0)
        var.units = "K"
        var[4], var[7] = 1e20, -999.0
    with pytest.raises(InputError, match=r"time 2015-01-05: value nan is missing or not finite \(2 such"):
        opened(path, columns={"tas": "tas2"})
    ds = grid()
    ds.tas.values[3] = 1e20
    with pytest.raises(InputError, match=r"time 2015-01-04: value 1e\+20 is outside"):
        opened(write(tmp_path, ds, "b.nc"))


def test_a_step_past_the_end_and_a_span(tmp_path):
    """Files that end with the first step of the next year; the span leaves it out."""
    ds = opened(write(tmp_path, grid(n=366, start="2015-01-01 12:00")), end=2015)
    assert ds.sizes["time"] == 365


def test_three_hourly_means_and_instants_meet(tmp_path):
    """CMIP6 3hr: pr is a mean stamped in the middle with bounds, tas an instant at the beginning."""
    hours = np.arange(0.0, 48.0, 3.0)
    ds = grid(n=16)
    units = {"units": "hours since 2015-01-01", "calendar": "noleap"}
    ds["time"] = ("time", hours, units)
    means = ds[["pr", "rsds"]].assign_coords(time=("time", hours + 1.5, {**units, "bounds": "time_bnds"}))
    means["time_bnds"] = (("time", "bnds"), np.stack([hours, hours + 3.0], 1))
    write(tmp_path, ds[["tas", "sfcWind", "ps"]], "a.nc")
    write(tmp_path, means, "b.nc")
    out = opened(tmp_path / "*.nc")
    assert out.sizes["time"] == 16
    assert str(out.time.values[1]) == "2015-01-01 03:00:00"


def test_zarr(tmp_path):
    pytest.importorskip("zarr")
    ds = grid()
    ds.to_zarr(tmp_path / "a.zarr", zarr_format=2)
    np.testing.assert_array_equal(opened(tmp_path / "a.zarr").tas, opened(write(tmp_path, ds)).tas)
    both = open_forcing(tmp_path / "a.zarr", **HERE)
    assert both.attrs["source_id"] == "MODEL"
    text = tmp_path / "a.zarr" / "tas" / ".zarray"
    text.write_text(text.read_text().replace('"filters": null', '"filters": [{"id": "pickle"}]'))
    with pytest.raises(InputError, match="pickled objects"):
        opened(tmp_path / "a.zarr")


def test_monthly_means_become_days_only_when_asked(tmp_path):
    """The months keep their means; the result says that its days are invented."""
    ds = grid(n=24, calendar="noleap")
    firsts = xr.date_range("2015-01-01", periods=24, freq="MS", calendar="noleap", use_cftime=True)
    ds = ds.assign_coords(time=firsts + timedelta(days=14.5))
    rng = np.random.default_rng(0)
    ds["pr"].values[:] = rng.gamma(2.0, 2e-5, ds.pr.shape)
    path = write(tmp_path, ds)
    with pytest.raises(InputError, match="monthly means have lost the rain days"):
        opened(path)
    out = opened(path, months="generate")
    assert out.sizes["time"] == 730
    means = out.pr.groupby("time.month").mean("time").transpose("location", "month").values[0]
    expected = ds.pr.values[:, 1, 1].reshape(2, 12).mean(0)
    np.testing.assert_allclose(means, expected, rtol=1e-12)
    assert 0.2 < float((out.pr > 0.0).mean()) < 0.8
    assert "the days are invented" in out.attrs["comment"]
    assert "the days are invented" in out.attrs["repairs"]
    with pytest.raises(InputError, match="not known"):
        opened(path, months="guess")


def test_names_that_could_be_two(tmp_path):
    ds = grid().rename(tas="t2m")
    ds["tg"] = ds.t2m.copy()
    with pytest.raises(InputError, match="'t2m' and 'tg' could both be tas") as caught:
        opened(write(tmp_path, ds))
    assert 'columns={"tas": "t2m"}' in caught.value.mend


def test_rain_below_zero(tmp_path):
    """Noise of packing becomes 0 and is said; a real negative is refused with file, variable and time."""
    ds = grid()
    ds.pr.values[5] = -5e-10
    assert "pr: 1 values from -5e-10" in opened(write(tmp_path, ds)).attrs["repairs"]
    ds.pr.values[6] = -1e-5
    with pytest.raises(InputError, match=r"b.nc, pr, time 2015-01-07: value -1e-05 is outside") as caught:
        opened(write(tmp_path, ds, "b.nc"))
    assert "negative precipitation cannot be repaired" in caught.value.mend

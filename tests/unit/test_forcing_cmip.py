"""netCDF files: joins, places, calendars, missing and broken things. Each bad file ends in a named error."""

import logging
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import open_cmip, open_forcing
from karstsim.forcing.radiation import extraterrestrial, extraterrestrial_of_steps
from karstsim.forcing.synthetic import synthetic_forcing, write_cmip

VALUES = {"tas": 288.15, "tasmin": 283.15, "tasmax": 293.15, "pr": 2e-5, "prsn": 0.0, "rsds": 125.0, "sfcWind": 3.0,
          "ps": 9e4}  # fmt: skip
UNITS = {"tas": "K", "tasmin": "K", "tasmax": "K", "pr": "kg m-2 s-1", "prsn": "kg m-2 s-1", "rsds": "W m-2",
         "sfcWind": "m s-1", "ps": "Pa"}  # fmt: skip
CORE = ("tas", "pr", "rsds", "sfcWind", "ps")


def grid(
    names=CORE,
    n=20,
    start="2015-01-01 12:00",
    calendar="noleap",
    lat=(25.0, 27.0, 29.0),
    lon=(104.0, 106.0),
    **change,
):
    """A small Dataset; tas carries its cell number in its hundredths."""
    time = xr.date_range(start, periods=n, freq="D", calendar=calendar, use_cftime=True)
    shape = (n, len(lat), len(lon))
    cell = np.arange(shape[1] * shape[2]).reshape(shape[1:]) * 0.01
    data = {}
    for name in names:
        values = np.full(shape, change.get(name, VALUES[name]))
        values = values + cell if name == "tas" else values
        data[name] = (("time", "lat", "lon"), values, {"units": UNITS[name]})
    ds = xr.Dataset(data, coords={"time": time, "lat": list(lat), "lon": list(lon)})
    ds.lat.attrs = {"units": "degrees_north", "standard_name": "latitude"}
    ds.lon.attrs = {"units": "degrees_east", "standard_name": "longitude"}
    ds.attrs = {"source_id": "MODEL", "experiment_id": "ssp245", "variant_label": "r1i1p1f1"}
    return ds


def write(folder, ds, name="a.nc"):
    path = folder / name
    ds.to_netcdf(path)
    return path


HERE = {"lon": 105.7, "lat": 26.6}  # row 1, column 1: cell 3


def test_point_of_a_grid(tmp_path):
    ds = open_forcing(write(tmp_path, grid()), **HERE)
    assert dict(ds.sizes) == {"location": 1, "time": 20}
    assert float(ds.tas[0, 0]) == pytest.approx(288.15 + 0.03)
    assert (float(ds.lat[0]), float(ds.lon[0])) == (27.0, 106.0)
    assert str(ds.time.values[0]) == "2015-01-01 00:00:00"  # noon stamps become the beginning of the day
    assert ds.attrs["source_id"] == "MODEL"
    assert ds.attrs["calendar"] == "noleap"
    assert "ssp245" in ds.attrs["repairs"]
    assert float(ds.co2[0, 0]) == pytest.approx(398.75, abs=0.1)


@pytest.mark.parametrize(
    ("lat", "lon", "asked"),
    [
        ((29.0, 27.0, 25.0), (104.0, 106.0), 105.7),
        ((25.0, 27.0), (-105.0, -103.0), 256.9),
        ((25.0, 27.0), (255.0, 257.0), -103.1),
        ((27.0,), (1.0, 359.0), 0.6),
        ((27.0,), (1.0, 359.0), -0.6),
    ],
)
def test_longitudes_and_descending_latitudes(tmp_path, lat, lon, asked):
    ds = open_cmip(write(tmp_path, grid(lat=lat, lon=lon)), asked, 26.6)
    assert float(ds.lat[0]) == 27.0
    assert abs((float(ds.lon[0]) - asked + 180.0) % 360.0 - 180.0) < 1.0
    assert -180.0 <= float(ds.lon[0]) <= 180.0


def test_dimensions_named_y_and_x(tmp_path):
    ds = open_cmip(write(tmp_path, grid().rename(lat="y", lon="x").transpose("x", "y", "time")), **HERE)
    assert float(ds.tas[0, 0]) == pytest.approx(288.18)


def test_two_dimensional_coordinates(tmp_path):
    ds = grid().rename(lat="j", lon="i")
    lat, lon = np.meshgrid([25.0, 27.0, 29.0], [104.0, 106.0], indexing="ij")
    ds = ds.drop_vars(["j", "i"]).assign_coords(lat=(("j", "i"), lat), lon=(("j", "i"), lon))
    assert float(open_cmip(write(tmp_path, ds), **HERE).tas[0, 0]) == pytest.approx(288.18)


def test_scalar_point_with_single_members(tmp_path):
    ds = grid().isel(lat=1, lon=1).expand_dims({"member_id": ["r1"], "plev": [1.0]})
    out = open_cmip(write(tmp_path, ds))
    assert dict(out.sizes) == {"location": 1, "time": 20}
    assert float(out.lat[0]) == 27.0
    with pytest.raises(InputError, match="member"):
        open_cmip(write(tmp_path, xr.concat([ds, ds], "member_id"), "b.nc"))


def test_stations(tmp_path):
    ds = grid().isel(lon=0).rename(lat="station").reset_coords()
    ds = ds.assign_coords(
        lat=("station", [25.0, 27.0, 29.0]), lon=("station", [104.0] * 3), station=["a", "b", "c"]
    )
    path = write(tmp_path, ds)
    assert list(open_cmip(path).location.values) == ["a", "b", "c"]
    assert float(open_cmip(path, location="b").lat[0]) == 27.0
    assert float(open_cmip(path, lon=104.5, lat=28.8).lat[0]) == 29.0
    with pytest.raises(InputError, match="named 'd'") as error:
        open_cmip(path, location="d")
    assert "a, b, c" in error.value.mend


def test_place_is_needed_and_near(tmp_path):
    path = write(tmp_path, grid())
    for change, message in (
        ({}, "3 x 2 cells"),
        ({"lon": 105.0}, "only one"),
        ({"lon": 120.0, "lat": 26.0}, "degrees away"),
        ({"lon": 105.0, "lat": 95.0}, "not on earth"),
        ({"lon": 26.3, "lat": 105.7}, r"not on earth\n.*exchange them: lon 105.7, lat 26.3"),
        ({"lon": float("nan"), "lat": 26.0}, "not on earth"),
        ({"location": "a", **HERE}, "no stations"),
    ):
        with pytest.raises(InputError, match=message):
            open_cmip(path, **change)


def test_variables_and_spans_of_several_files_are_joined(tmp_path):
    for i, start in enumerate(("2015-01-01 12:00", "2015-01-21 12:00")):
        for name in CORE:
            write(tmp_path, grid((name,), start=start), f"{name}_{1 - i}.nc")
    ds = open_cmip(
        [str(tmp_path / "tas*.nc"), *(tmp_path / f"{v}_{i}.nc" for v in CORE[1:] for i in (0, 1))], **HERE
    )
    assert ds.sizes["time"] == 40
    assert ds.attrs["repairs"] == ""
    assert len(ds.attrs["source_files"].split("\n")) == 10


def test_gap_between_files_is_named(tmp_path):
    write(tmp_path, grid(), "a.nc")
    write(tmp_path, grid(start="2015-01-23 12:00"), "b.nc")
    with pytest.raises(InputError, match=r"after 2015-01-20 comes 2015-01-23 \(2 steps"):
        open_cmip(tmp_path / "*.nc", **HERE)


def test_overlap_of_files_is_named(tmp_path):
    """A step that two files hold alike is kept once and said; with two values it is refused."""
    write(tmp_path, grid(), "a.nc")
    write(tmp_path, grid(start="2015-01-20 12:00"), "b.nc")
    ds = open_cmip(tmp_path / "*.nc", **HERE)
    assert ds.sizes["time"] == 39
    assert "tas: 1 step(s) from 2015-01-20 on stand in two files" in ds.attrs["repairs"]
    write(tmp_path, grid(start="2015-01-20 12:00", tas=290.0), "b.nc")
    with pytest.raises(InputError, match=r"a.nc and .*b.nc, tas: duplicate time 2015-01-20"):
        open_cmip(tmp_path / "*.nc", **HERE)


def test_reversed_times_are_sorted_and_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "karstsim.forcing"):
        ds = open_cmip(write(tmp_path, grid().isel(time=slice(None, None, -1))), **HERE)
    assert "not in order, sorted" in ds.attrs["repairs"]
    assert "not in order, sorted" in caplog.text
    assert ds.time.values[0] < ds.time.values[1]


def test_models_and_members_are_not_mixed(tmp_path):
    a, b = grid(("tas",)), grid(("pr", "rsds"))
    for key in ("source_id", "variant_label"):
        write(tmp_path, a, "a.nc")
        write(tmp_path, b.assign_attrs({key: "other"}), "b.nc")
        with pytest.raises(InputError, match=f"has {key}"):
            open_cmip(tmp_path / "*.nc", **HERE)


def test_history_continues_into_a_scenario(tmp_path):
    old = grid(start="2014-12-12 12:00").assign_attrs(experiment_id="historical")
    write(tmp_path, old, "a.nc")
    write(tmp_path, grid(), "b.nc")
    ds = open_forcing(tmp_path / "*.nc", **HERE)
    assert ds.sizes["time"] == 40
    assert ds.attrs["experiment_id"] == "historical, ssp245"


def test_common_span_of_variables(tmp_path):
    write(tmp_path, grid(("tas", "rsds")), "a.nc")
    write(tmp_path, grid(("pr",), start="2015-01-05 12:00"), "b.nc")
    ds = open_cmip(tmp_path / "*.nc", **HERE)
    assert ds.sizes["time"] == 16
    assert "different spans" in ds.attrs["repairs"]


@pytest.mark.parametrize(
    "calendar", ["standard", "proleptic_gregorian", "noleap", "365_day", "360_day", "all_leap", "julian"]
)
def test_calendars(tmp_path, calendar):
    ds = open_cmip(write(tmp_path, grid(calendar=calendar, n=800)), **HERE)
    assert ds.sizes["time"] == 800


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
def test_far_years(tmp_path, calendar):
    ds = open_cmip(write(tmp_path, grid(calendar=calendar, start="2299-12-20", n=20)), **HERE)
    assert str(ds.time.values[0])[:10] == "2299-12-20"
    assert (
        open_cmip(write(tmp_path, grid(calendar=calendar, start="0001-01-01"), "b.nc"), **HERE).sizes["time"]
        == 20
    )


def test_leap_day_missing_from_a_standard_calendar(tmp_path):
    ds = grid(calendar="standard", start="2016-02-20", n=20)
    ds = ds.isel(time=np.flatnonzero(~((ds.time.dt.month == 2) & (ds.time.dt.day == 29)).values))
    with pytest.raises(InputError, match="2016-02-28 comes 2016-03-01") as error:
        open_cmip(write(tmp_path, ds), **HERE)
    assert "calendar" in error.value.mend


def test_stamps_at_the_end_of_the_step(tmp_path):
    ds = grid(start="2015-01-02")
    ds["time_bnds"] = (("time", "bnds"), np.stack([np.arange(20.0), np.arange(1.0, 21.0)], 1))
    ds["time_bnds"].attrs = {"units": "days since 2015-01-01", "calendar": "noleap"}
    ds.time.attrs["bounds"] = "time_bnds"
    ds.time.encoding["units"] = "days since 2015-01-01"
    out = open_cmip(write(tmp_path, ds), **HERE)
    assert str(out.time.values[0])[:10] == "2015-01-01"
    assert "end of its steps" in out.attrs["repairs"]


def test_span(tmp_path):
    path = write(tmp_path, grid(n=1460, calendar="360_day"))
    assert open_cmip(path, start=2016, end="2017", **HERE).sizes["time"] == 720
    assert open_cmip(path, start="2016-02", end="2016-02", **HERE).sizes["time"] == 30
    assert open_cmip(path, start="2016-02-30", **HERE).time.values[0].day == 30
    for bad in (
        {"end": 2030},
        {"start": 2014},
        {"start": "soon"},
        {"start": 2017, "end": 2016},
        {"end": "2016-13"},
    ):
        with pytest.raises(InputError):
            open_cmip(path, **bad, **HERE)


def test_monthly_means_are_refused(tmp_path):
    time = xr.date_range("2015-01-16", periods=20, freq="30D", calendar="noleap", use_cftime=True)
    with pytest.raises(InputError, match="time step of 30 d"):
        open_cmip(write(tmp_path, grid().assign_coords(time=time)), **HERE)


def test_missing_units_and_told_units(tmp_path):
    ds = grid(pr=1.7)
    del ds.pr.attrs["units"]
    path = write(tmp_path, ds)
    with pytest.raises(InputError, match="pr: has no units"):
        open_cmip(path, **HERE)
    out = open_cmip(path, units={"pr": "mm d-1"}, **HERE)
    assert float(out.pr[0, 0]) * 86400.0 == pytest.approx(1.7)
    assert "taken as 'mm d-1' as told" in out.attrs["repairs"]
    assert out.pr.attrs["units"] == "kg m-2 s-1"


@pytest.mark.parametrize(
    ("name", "value", "units", "message"),
    [("tas", 15.0, "K", "degC labelled as K"), ("tas", 288.0, "degC", "K labelled as degC"),
     ("pr", 4.0, "kg m-2 s-1", "mm d-1 labelled"),
     ("pr", -1e-6, "kg m-2 s-1", "negative"), ("rsds", -50.0, "W m-2", "outside"), ("ps", 900.0, "Pa", "outside"),
     ("tas", np.nan, "K", "gap"), ("pr", np.inf, "kg m-2 s-1", "gap"), ("sfcWind", 400.0, "m s-1", "outside")],
)  # fmt: skip
def test_values_that_cannot_be(tmp_path, name, value, units, message):
    ds = grid(**{name: value})
    ds[name].attrs["units"] = units
    with pytest.raises(InputError, match=f"(?s)a.nc, {name}, time 2015-01-01: .*{message}"):
        open_cmip(write(tmp_path, ds), **HERE)


def test_rates_labelled_as_daily_depths_are_refused(tmp_path):
    ds = grid(n=400)
    ds.pr.attrs["units"] = "mm d-1"
    with pytest.raises(InputError, match="labelled as mm d-1"):
        open_cmip(write(tmp_path, ds), **HERE)


def test_noise_around_zero_is_repaired_and_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "karstsim.forcing"):
        ds = open_cmip(write(tmp_path, grid(pr=-5e-10)), **HERE)
    assert float(ds.pr.min()) == 0.0
    assert "pr: 20 values" in ds.attrs["repairs"]
    assert "pr: 20 values" in caplog.text


def test_one_missing_value_is_named(tmp_path):
    ds = grid()
    ds.pr[7, 1, 1] = np.nan
    with pytest.raises(InputError, match=r"pr, time 2015-01-08: value nan .*\(1 such"):
        open_cmip(write(tmp_path, ds), **HERE)
    ds.pr[7, 1, 1], ds.pr[7, 0, 0] = 0.0, np.nan  # elsewhere
    assert open_cmip(write(tmp_path, ds, "b.nc"), **HERE).sizes["time"] == 20


def test_missing_variables(tmp_path):
    for name in ("tas", "pr", "rsds"):
        with pytest.raises(InputError, match=f"has no {name} "):
            open_cmip(write(tmp_path, grid(tuple(v for v in CORE if v != name)), f"{name}.nc"), **HERE)
    with pytest.raises(InputError, match="has no tas"):
        open_cmip(write(tmp_path, grid(("tasmax", "pr", "rsds")), "max.nc"), **HERE)
    with pytest.raises(InputError, match="holds none of"):
        open_cmip(write(tmp_path, grid(("ps",)).rename(ps="orog"), "none.nc"), **HERE)
    other = grid(CORE).rename(tas="TEMP2M")
    other.TEMP2M.attrs = {"units": "K"}
    with pytest.raises(InputError, match=r"has no tas \(found .*pr.*; not known: TEMP2M\)"):
        open_cmip(write(tmp_path, other, "other.nc"), **HERE)
    with pytest.raises(InputError, match=r"holds none of .* \(it has TEMP2M\)"):
        open_cmip(write(tmp_path, other[["TEMP2M"]], "only.nc"), **HERE)


def test_wind_pressure_and_mean_temperature_are_filled_in_and_said(tmp_path):
    ds = open_cmip(write(tmp_path, grid(("tasmin", "tasmax", "pr", "rsds"))), elevation=1200.0, **HERE)
    assert float(ds.tas[0, 0]) == pytest.approx(288.15)
    assert float(ds.sfcWind[0, 0]) == pytest.approx(2.674, abs=1e-3)
    assert float(ds.ps[0, 0]) == pytest.approx(87716.0, abs=5.0)  # ICAO standard atmosphere at 1200 m
    for word in ("tas: absent", "sfcWind: absent", "ps: absent"):
        assert word in ds.attrs["repairs"]
    with pytest.raises(InputError, match="above tasmax"):
        open_cmip(write(tmp_path, grid(("tasmin", "tasmax", "pr", "rsds"), tasmin=299.0), "b.nc"), **HERE)


def test_radiation_is_estimated_only_when_allowed(tmp_path):
    path = write(tmp_path, grid(("tas", "pr")))
    with pytest.raises(InputError) as error:
        open_cmip(path, **HERE)
    assert 'estimate=("rsds",)' in error.value.mend
    top = float(extraterrestrial(np.array(27.0), np.array(0.5 / 365.0)))
    wet = open_cmip(path, estimate=("rsds",), **HERE)
    assert float(wet.rsds[0, 0]) == pytest.approx(0.38 * top)
    ranged = open_cmip(write(tmp_path, grid(("tasmin", "tasmax", "pr")), "b.nc"), estimate=("rsds",), **HERE)
    assert float(ranged.rsds[0, 0]) == pytest.approx(0.16 * 10.0**0.5 * top)
    for bad in ("rsds", ("pr",)):
        with pytest.raises(InputError, match="estimate"):
            open_cmip(path, estimate=bad, **HERE)


def test_radiation_at_the_top_of_the_air():
    """FAO-56, example 8: 20 degrees south on 3 September gives 32.2 MJ m-2 d-1. The poles have day and night."""
    assert extraterrestrial(np.array(-20.0), np.array(246 / 365)) * 0.0864 == pytest.approx(32.2, abs=0.1)
    assert extraterrestrial(np.array([85.0, -85.0]), np.array(0.97)) == pytest.approx([0.0, 545.0], abs=15.0)


def test_snow_above_precipitation(tmp_path):
    ds = grid((*CORE, "prsn"), prsn=2.1e-5)
    out = open_cmip(write(tmp_path, ds), **HERE)
    assert float(out.prsn[0, 0]) == pytest.approx(2e-5)
    assert "above pr" in out.attrs["repairs"]
    with pytest.raises(InputError, match="snowfall exceeds precipitation"):
        open_cmip(write(tmp_path, grid((*CORE, "prsn"), prsn=4e-5), "b.nc"), **HERE)


def test_other_names(tmp_path):
    ds = grid().rename(pr="rain", rsds="swdown")
    ds.swdown.attrs["standard_name"] = "surface_downwelling_shortwave_flux_in_air"
    out = open_cmip(write(tmp_path, ds), columns={"pr": "rain"}, **HERE)
    assert float(out.pr[0, 0]) == pytest.approx(2e-5)
    assert "rsds taken from 'swdown'" in out.attrs["repairs"]


def test_sub_daily_steps(tmp_path):
    time = xr.date_range("2015-01-01", periods=20, freq="3h", calendar="noleap", use_cftime=True)
    ds = open_cmip(write(tmp_path, grid().assign_coords(time=time)), **HERE)
    assert str(ds.time.values[1]) == "2015-01-01 03:00:00"
    dry = grid(("tas", "pr"), pr=0.0).assign_coords(time=time)
    estimated = open_cmip(write(tmp_path, dry, "b.nc"), estimate=("rsds",), **HERE)
    day = estimated.rsds.values[0, :8]  # from midnight of universal time; 62 % of the top of the air in all
    top = extraterrestrial(estimated.lat.values, np.array([0.5 / 365.0]))
    assert day.mean() == pytest.approx(0.62 * float(top[0]), rel=0.01)
    assert day.min() == 0.0 and day.max() > 2.0 * day.mean()
    assert "in each step" in estimated.attrs["repairs"]


@pytest.mark.parametrize("lat", [-80.0, -35.0, 0.0, 48.0, 75.0])
@pytest.mark.parametrize("season", [0.02, 0.3, 0.47])
@pytest.mark.parametrize("first", [0.0, 0.01])
def test_the_radiation_of_the_hours_is_that_of_the_day(lat: float, season: float, first: float) -> None:
    """Hours that begin at midnight or 14 minutes later: polar day, polar night and what lies between."""
    hours = (np.arange(24) / 24.0 + first) % 1.0
    steps = extraterrestrial_of_steps(np.array(lat), np.array(season), hours, 1.0 / 24.0)
    whole = extraterrestrial(np.array(lat), np.array(season))
    assert steps.mean() == pytest.approx(float(whole), rel=1e-12, abs=1e-12)
    assert abs(hours[int(np.argmax(steps))] + 0.5 / 24.0 - 0.5) < 1.5 / 24.0 or whole == 0.0


def test_broken_files_are_named(tmp_path):
    path = write(tmp_path, grid())
    content = path.read_bytes()
    for i, broken in enumerate(
        (b"", b"garbage" * 100, content[: len(content) // 2], content[:100], b"CDF\x01" + b"\xff" * 200)
    ):
        bad = tmp_path / f"bad{i}.nc"
        bad.write_bytes(broken)
        with pytest.raises(InputError, match=f"bad{i}.nc"):
            open_cmip(bad, **HERE)


@pytest.mark.parametrize(
    ("sizes", "message"), [((10**9, 3, 2), "'time' has 1000000000"), ((20, 10**5, 10**5), "cells")]
)
def test_huge_dimensions_are_refused_at_once(tmp_path, sizes, message):
    path = tmp_path / "huge.nc"
    with netCDF4.Dataset(path, "w") as nc:
        for name, size in zip(("time", "lat", "lon"), sizes, strict=True):
            nc.createDimension(name, size)
            nc.createVariable(name, "f8", (name,), zlib=True)
        nc["time"].units = "days since 2000-01-01"
        nc["time"][:20] = np.arange(20.0)
        nc.createVariable("tas", "f4", ("time", "lat", "lon"), zlib=True, chunksizes=(1, 1, 1)).units = "K"
    with pytest.raises(InputError, match=message):
        open_cmip(path, **HERE)


def test_time_axis_without_units_or_with_missing_stamps(tmp_path):
    ds = grid().assign_coords(time=np.arange(20.0))
    with pytest.raises(InputError, match="no time axis"):
        open_cmip(write(tmp_path, ds), **HERE)
    ds = ds.assign_coords(
        time=(
            "time",
            np.where(np.arange(20) == 5, np.nan, np.arange(20.0)),
            {"units": "days since 2000-01-01"},
        )
    )
    with pytest.raises(InputError, match="missing time stamps"):
        open_cmip(write(tmp_path, ds, "b.nc"), **HERE)


def test_files_that_are_not_there_or_not_ours(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        open_forcing(tmp_path / "*.nc")
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(InputError, match="suffix"):
        open_forcing(tmp_path / "a.docx")
    path = write(tmp_path, grid())
    with pytest.raises(InputError, match="twice"):
        open_forcing(path, path)
    with pytest.raises(InputError, match="co2"):
        open_forcing(write(tmp_path, grid().assign_attrs(experiment_id="rcp85"), "b.nc"), **HERE)


def test_a_file_that_the_caller_holds_open_can_be_read_again_and_again(tmp_path: Path) -> None:
    """netCDF-C 4.10 with HDF5 2.2 crashed when a file held in xarray was opened a second way; one way is left."""
    files = write_cmip(synthetic_forcing("ssp245", 2015, 2016), tmp_path)
    held = [xr.open_dataset(f) for f in files]
    for _ in range(3):
        ds = open_cmip(files, lon=105.7, lat=26.3)
        assert ds.sizes["time"] == held[0].sizes["time"]

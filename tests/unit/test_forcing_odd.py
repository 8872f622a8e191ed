"""Odd netCDF files and records: each is read and its repair listed, or refused with the mend."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import karstsim as ks
from karstsim.cli.app import app
from karstsim.core.errors import InputError
from karstsim.forcing import open_cmip, synthetic_forcing
from karstsim.forcing.canonical import air_pressure
from karstsim.forcing.members import find_members
from karstsim.forcing.yearly import read_yearly
from tests.unit.test_forcing_cmip import CORE, HERE, grid, write

MM = 86400.0


def touch(folder, *names):
    for name in names:
        (folder / name).write_bytes(b"CDF\x01")


# ------------------------------------------------------------------------------------------------- members


def test_isimip2b_and_hindcasts_are_told_apart(tmp_path):
    touch(
        tmp_path,
        "tas_day_GFDL-ESM2M_rcp26_r1i1p1_EWEMBI_landonly_20060101-20101231.nc4",
        "tas_day_HadGEM2-ES_rcp26_r1i1p1_EWEMBI_landonly_20060101-20101231.nc4",
        "tas_day_EC-Earth3_dcppA-hindcast_s1990-r1i1p1f1_gr_19901101-19911231.nc",
        "tas_day_EC-Earth3_dcppA-hindcast_s1991-r1i1p1f1_gr_19911101-19921231.nc",
    )
    table = find_members(tmp_path)
    assert list(table.model) == ["EC-Earth3", "EC-Earth3", "GFDL-ESM2M", "HadGEM2-ES"]
    assert list(table.member) == ["s1990-r1i1p1f1", "s1991-r1i1p1f1", "r1i1p1", "r1i1p1"]
    assert list(table.grid[2:]) == ["EWEMBI landonly"] * 2
    assert list(table["first"]) == ["19901101", "19911101", "20060101", "20060101"]


def test_files_without_a_model_are_one_only_where_that_can_be(tmp_path):
    for i, names in enumerate((("tas",), ("pr",))):
        write(
            tmp_path,
            grid(names).assign_attrs(dict.fromkeys(("source_id", "variant_label"), "")),
            f"{'ab'[i]}.nc",
        )
    assert len(find_members(tmp_path)) == 1  # nothing speaks against it
    write(tmp_path, grid(("tas",)).drop_attrs(), "other_tas_2015.nc")
    assert set(find_members(tmp_path).model) == {"a", "b", "other"}


# ----------------------------------------------------------------------------------------- heights and places


def orography(height=(0.0, 500.0, 1000.0), lat=(25.0, 27.0, 29.0)):
    values = np.repeat(np.array(height)[:, None], 2, axis=1)
    ds = xr.Dataset(
        {"orog": (("lat", "lon"), values, {"units": "m"})}, {"lat": list(lat), "lon": [104.0, 106.0]}
    )
    ds.lat.attrs, ds.lon.attrs = {"units": "degrees_north"}, {"units": "degrees_east"}
    return ds


def test_every_cell_has_its_own_height(tmp_path):
    weather = write(tmp_path, grid(("tas", "pr", "rsds", "sfcWind")))
    ground = write(tmp_path, orography(), "orog.nc")
    expected = np.repeat([air_pressure(h) for h in (0.0, 500.0, 1000.0)], 2)
    for asked in ({"elevation": ground}, {"elevation": [0.0, 0.0, 500.0, 500.0, 1000.0, 1000.0]}):
        out = open_cmip(weather, cells=True, **asked)
        np.testing.assert_allclose(out.ps[:, 0], expected)
    np.testing.assert_allclose(open_cmip([weather, ground], cells=True).ps[:, 0], expected)
    assert float(open_cmip([weather, ground], **HERE).ps[0, 0]) == pytest.approx(air_pressure(500.0))
    with pytest.raises(InputError, match="2 heights for 6 locations"):
        open_cmip(weather, cells=True, elevation=[1.0, 2.0])
    with pytest.raises(InputError, match="not those of the weather"):
        open_cmip([weather, write(tmp_path, orography(lat=(24.0, 26.0, 28.0)), "o2.nc")], cells=True)


def test_the_height_of_a_sensor_is_no_orography(tmp_path):
    ds = grid(("tas", "pr", "rsds", "sfcWind"))
    ds["height"] = ((), 2.0, {"units": "m", "standard_name": "height", "positive": "up"})
    out = open_cmip(write(tmp_path, ds), **HERE)
    assert "elevation 0 m" in out.attrs["repairs"] and float(out.ps[0, 0]) == pytest.approx(101325.0)


def test_names_in_capitals_and_kelvin(tmp_path):
    ds = grid().rename({"lat": "LAT", "lon": "LON", "tas": "TAS"})
    ds.TAS.attrs["units"] = "Kelvin"
    ds.LAT.attrs, ds.LON.attrs = {}, {}
    assert float(open_cmip(write(tmp_path, ds), **HERE).tas[0, 0]) == pytest.approx(288.18)


def test_coordinates_of_wrf(tmp_path):
    ds = grid()
    lat, lon = np.meshgrid(ds.lat, ds.lon, indexing="ij")
    both = ("south_north", "west_east")
    ds = (
        ds.drop_vars(["lat", "lon"])
        .rename(lat=both[0], lon=both[1])
        .assign(XLAT=(both, lat), XLONG=(both, lon))
    )
    assert float(open_cmip(write(tmp_path, ds), **HERE).tas[0, 0]) == pytest.approx(288.18)


def test_final_and_preliminary_era5_in_one_file(tmp_path):
    ds = grid()
    late = xr.DataArray(np.arange(20) >= 12, dims="time")
    both = xr.concat([ds.where(~late), ds.where(late)], "expver").assign_coords(expver=[1, 5])
    for v in ds.data_vars:
        both[v].attrs = ds[v].attrs
    out = open_cmip(write(tmp_path, both.transpose("time", "expver", ...)), **HERE)
    np.testing.assert_allclose(out.tas[0], 288.18)
    double = xr.concat([ds, ds], "expver").assign_coords(expver=[1, 5])
    with pytest.raises(InputError, match="further dimension 'expver' of size 2"):
        open_cmip(write(tmp_path, double, "b.nc"), **HERE)


def test_days_as_numbers_of_eight_digits(tmp_path):
    ds = grid(n=40)
    ds["time"] = ("time", [20010101.5 + i for i in range(31)] + [20010201.5 + i for i in range(9)],
                  {"units": "day as %Y%m%d.%f", "calendar": "standard"})  # fmt: skip
    out = open_cmip(write(tmp_path, ds), **HERE)
    assert [str(t)[:10] for t in out.time.values[[0, 31, -1]]] == ["2001-01-01", "2001-02-01", "2001-02-09"]
    ds["time"] = ds.time.where(ds.time != 20010104.5, 20010199.5).assign_attrs(ds.time.attrs)
    with pytest.raises(InputError, match="missing time stamps"):
        open_cmip(write(tmp_path, ds, "b.nc"), **HERE)


# -------------------------------------------------------------------------------------------- running sums


def hourly(days=4, **attrs):
    """Stamps 01:00 to 00:00; a running sum that grows by 1 mm every hour up to the hour of the day."""
    ds = grid(CORE, n=24 * days, calendar="standard")
    ds = ds.assign_coords(time=xr.date_range("2015-01-01 01:00", periods=24 * days, freq="h"))
    hour = np.tile(np.arange(1.0, 25.0), days)[:, None, None] + np.zeros((1, 3, 2))
    ds["pr"] = (("time", "lat", "lon"), 1e-3 * hour, {"units": "m", "long_name": "Total precipitation"})
    return ds.assign_attrs(attrs)


def test_running_sums_of_era5_land_are_differenced(tmp_path):
    path = write(tmp_path, hourly(title="ERA5-Land hourly data"))
    out = open_cmip(path, **HERE)
    np.testing.assert_allclose(out.pr[0] * 3600.0, 1.0)
    assert (
        str(out.time.values[0])[:13] == "2015-01-01T01"
    )  # the instants begin an hour after the first amount
    assert "running sum since 00 UTC" in out.attrs["repairs"]
    told = open_cmip(write(tmp_path, hourly(), "b.nc"), **HERE, units={"pr": "m since 00 UTC"})
    np.testing.assert_allclose(told.pr[0] * 3600.0, 1.0)


def test_running_sums_that_nothing_tells_are_refused(tmp_path):
    path = write(tmp_path, hourly())
    with pytest.raises(InputError, match="units 'm' cannot become"):
        open_cmip(path, **HERE)
    with pytest.raises(InputError, match="running sum(.|\n)*since 00 UTC"):
        open_cmip(path, **HERE, units={"pr": "m h-1"})
    ds = hourly(title="ERA5-Land hourly data")
    ds["pr"] = (ds.pr.dims, ds.pr.values[::-1], ds.pr.attrs)
    with pytest.raises(InputError, match="falls within the day at 2015-01-01 02:00"):
        open_cmip(write(tmp_path, ds, "c.nc"), **HERE)


# ------------------------------------------------------------------------------------------- values and times


@pytest.mark.parametrize(("calendar", "days"), [("360_day", 360), ("noleap", 40)])
def test_rates_labelled_as_depths_show_in_a_short_span(tmp_path, calendar, days):
    ds = grid(n=days, calendar=calendar, pr=2e-5)
    ds.pr.attrs["units"] = "mm d-1"
    with pytest.raises(InputError, match="never above 2e-05 mm d-1 in"):
        open_cmip(write(tmp_path, ds), **HERE)
    assert (
        open_cmip(write(tmp_path, grid(n=days, calendar=calendar, pr=0.0), "dry.nc"), **HERE).pr.max() == 0.0
    )


def test_rounding_between_extremes_is_listed(tmp_path):
    ds = grid((*CORE, "tasmin", "tasmax"))
    ds.tasmin[:] = ds.tasmax.values
    ds.tasmin[3] = ds.tasmin[3] + 1e-4
    out = open_cmip(write(tmp_path, ds), **HERE)
    assert "1 values up to 0.0001 K above tasmax (rounding)" in out.attrs["repairs"]
    assert bool((out.tasmin <= out.tasmax).all())
    ds.tasmin[3] += 0.1
    with pytest.raises(InputError, match="above tasmax"):
        open_cmip(write(tmp_path, ds, "b.nc"), **HERE)


@pytest.mark.parametrize("how", ["attribute", "methods"])
def test_a_climatology_is_no_weather(tmp_path, how):
    ds = grid(n=12)
    ds["time"] = xr.date_range("2000-01-16", periods=12, freq="MS", use_cftime=True)
    if how == "attribute":
        ds.time.attrs["climatology"] = "climatology_bnds"
    else:
        for v in ds.data_vars:
            ds[v].attrs["cell_methods"] = "time: mean within years time: mean over years"
    with pytest.raises(InputError, match="is a climatology"):
        open_cmip(write(tmp_path, ds), **HERE, months="generate")


def test_a_file_a_day_stamped_at_noon(tmp_path):
    ds = grid(n=3)
    for i in range(3):
        write(tmp_path, ds.isel(time=[i]), f"d{i}.nc")
    out = open_cmip(tmp_path, **HERE)
    assert [str(t) for t in out.time.values] == [f"2015-01-0{i} 00:00:00" for i in (1, 2, 3)]


# ------------------------------------------------------------------------------------ generator and deposition


@pytest.fixture(scope="module")
def dry_july():
    """Six years with rain every day of June and none in July."""
    ds = synthetic_forcing("stationary", 2000, 2005)
    month = ds.time.dt.month.values
    pr = np.where(month == 7, 0.0, np.where(month == 6, ds.pr.values + 1.0 / MM, ds.pr.values))
    return ks.fit_weather(ds.assign(pr=(ds.pr.dims, pr, ds.pr.attrs)))


def test_a_month_without_rain_stays_dry(dry_july):
    out = dry_july.generate(2015, 2044)
    rain, month = out.pr.values[0] * MM, out.time.dt.month.values
    assert np.isfinite(rain).all() and np.isfinite(dry_july.table().to_numpy()).all()
    assert (rain[month == 7] > 0.0).mean() < 0.01
    assert (rain[month == 6] > 0.0).mean() > 0.97  # its first day may be dry


def test_warming_needs_a_path(dry_july):
    with pytest.raises(InputError, match="has no trend(.|\n)*ssp245"):
        dry_july.generate(2015, 2016, warming=2.0)
    with pytest.raises(InputError, match="rain_change"):
        dry_july.generate(2015, 2016, rain_change=0.1)
    assert dry_july.generate(2015, 2016, warming=0.0).sizes["time"] == 731


def test_deposition_that_no_parameter_takes_is_named(tmp_path, caplog):
    ds = grid(("tas",), n=365).rename(tas="drynoy")
    ds["drynoy"] = ds.drynoy * 0.0 + 1e-11
    ds["wetnhx"] = ds.drynoy
    for v in ds.data_vars:
        ds[v].attrs["units"] = "kg m-2 s-1"
    assert set(read_yearly(write(tmp_path, ds), 105.7, 26.6)) == {"soil.dry_nitrogen"}
    assert "wetnhx (a mean of" in caplog.text
    with pytest.raises(InputError, match="any parameter(.|\n)*soil.dry_nitrogen"):
        read_yearly(write(tmp_path, ds[["wetnhx"]], "b.nc"), 105.7, 26.6)


# -------------------------------------------------------------------------------------------------- command


def test_the_command_has_the_options_of_the_function(tmp_path):
    path = str(write(tmp_path, grid(("tas", "pr", "rsds", "sfcWind")).rename(pr="regen")))
    ground = str(write(tmp_path, orography(), "orog.nc"))
    run = CliRunner().invoke(app, ["forcing", path, "--cells", "--column", "pr=regen", "--wind-height", "2",
                                   "--elevation", ground, "--json"])  # fmt: skip
    assert run.exit_code == 0, run.output
    said = json.loads(run.stdout)
    assert said["variables"]["tas"]["locations"] == 6
    assert any("from 2 m brought to 10 m" in r for r in said["repairs"])


def test_the_exit_code_is_that_of_the_run(tmp_path):
    path = str(write(tmp_path, grid(("tas",))))
    run = CliRunner().invoke(app, ["forcing", path])
    assert run.exit_code == 2 and "For a run" in run.stdout  # read, for all cells, but no run can start
    assert "degC" in run.stdout


def test_monthly_means_and_gaps_are_shown_and_no_run_is_promised(tmp_path):
    ds = grid(n=3)
    ds["time"] = xr.date_range("2015-01-16", periods=3, freq="30D", use_cftime=True)
    run = CliRunner().invoke(
        app, ["forcing", str(write(tmp_path, ds)), "--lon", "105.7", "--lat", "26.6", "--json"]
    )
    said = json.loads(run.stdout)
    assert (
        run.exit_code == 2
        and said["variables"]["tas"]["steps"] == 3
        and "monthly means" in said["run"]["mend"]
    )
    (tmp_path / "s.csv").write_text(
        "date,tas_degC,pr_mm_d,rsds_w_m2\n2015-01-01,1,0,9\n2015-01-02,,0,9\n2015-01-03,2,1,9\n"
    )
    run = CliRunner().invoke(app, ["forcing", str(tmp_path / "s.csv"), "--json"])
    said = json.loads(run.stdout)
    assert (
        run.exit_code == 2
        and said["status"] == "not ready"
        and said["variables"]["tas"]["missing"] == 1
        and "2015-01-02" in said["run"]["where"]
    )

"""Files that read without complaint and meant something else: each is refused by name or read as it is meant."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import bias, open_cmip, open_station, synthetic_forcing
from karstsim.forcing.co2_tables import read_co2
from karstsim.forcing.units import parse, to_canonical

DAY = 86400.0
KINDS = {"tas": ("K", 288.15), "pr": ("kg m-2 s-1", 2e-5), "rsds": ("W m-2", 125.0)}


def grid(
    names=tuple(KINDS), n=20, start="2015-01-01", lat=(25.0, 27.0), lon=(104.0, 106.0), freq="D", **attrs
):
    """Constant weather on a small grid of the noleap calendar."""
    time = xr.date_range(start, periods=n, freq=freq, calendar="noleap", use_cftime=True)
    data = {v: (("time", "lat", "lon"), np.full((n, len(lat), len(lon)), KINDS[v][1]), {"units": KINDS[v][0]})
            for v in names}  # fmt: skip
    ds = xr.Dataset(data, coords={"time": time, "lat": list(lat), "lon": list(lon)})
    ds.lat.attrs, ds.lon.attrs = {"units": "degrees_north"}, {"units": "degrees_east"}
    ds.attrs = {"source_id": "M", "experiment_id": "ssp126", "variant_label": "r1i1p1f1", **attrs}
    return ds


def write(folder, ds, name="a.nc"):
    ds.to_netcdf(folder / name)
    return folder / name


HERE = {"lon": 105.7, "lat": 26.6}


def test_consecutive_files_of_different_places_are_no_series(tmp_path):
    files = [
        write(tmp_path, grid(lat=(45.0,), lon=(10.0,)).isel(lat=0, lon=0)),
        write(tmp_path, grid(start="2015-01-21", lat=(-30.0,), lon=(100.0,)).isel(lat=0, lon=0), "b.nc"),
    ]
    with pytest.raises(InputError, match=r"tas of a\.nc and of b\.nc: lie .* degrees apart"):
        open_cmip(files)


def test_scenarios_are_not_mixed_but_continue_their_historical(tmp_path):
    tas = write(tmp_path, grid(("tas",)), "tas.nc")
    rest = write(tmp_path, grid(("pr", "rsds"), experiment_id="ssp585"), "rest.nc")
    with pytest.raises(InputError, match="experiment_id ssp126.*ssp585"):
        open_cmip([tas, rest], **HERE)
    past = write(tmp_path, grid(start="2014-12-22", n=10, experiment_id="historical"), "past.nc")
    ds = open_cmip([past, write(tmp_path, grid(), "all.nc")], **HERE)
    assert ds.attrs["experiment_id"] == "historical, ssp126" and ds.sizes["time"] == 30


def test_starts_of_a_hindcast_are_not_mixed(tmp_path):
    one = write(tmp_path, grid(("tas",), sub_experiment_id="s1960"), "one.nc")
    two = write(tmp_path, grid(("pr", "rsds"), sub_experiment_id="s1961"), "two.nc")
    with pytest.raises(InputError, match="sub_experiment_id s1960"):
        open_cmip([one, two], **HERE)


@pytest.mark.parametrize(
    ("units", "methods"), [("mm", "time: sum"), ("mm/month", ""), ("mm month-1", "time: mean")]
)
def test_amounts_of_months_by_the_length_of_each(tmp_path, units, methods):
    """62 mm in January are 2 mm a day, 56 mm in February of the noleap calendar as well."""
    ds = grid(n=12, freq="MS")
    days = ds.time.dt.days_in_month.values
    ds["pr"] = ds.pr.copy(data=np.broadcast_to(2.0 * days[:, None, None], ds.pr.shape))
    ds.pr.attrs = {"units": units, "cell_methods": methods}
    out = open_cmip(write(tmp_path, ds), **HERE, months="generate")
    monthly = out.pr.isel(location=0).groupby("time.month").mean() * DAY
    np.testing.assert_allclose(monthly, 2.0, rtol=1e-9)


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_evaporation_counted_as_negative_is_no_noise(tmp_path, share):
    """Potential evaporation of -0.5 mm a day lies within the dew that models give, but not on most days."""
    ds = grid()
    values = np.full(ds.tas.shape, 0.5)
    values[: int(20 * share)] *= -1.0
    ds["evspsblpot"] = (ds.tas.dims, values, {"units": "mm d-1"})
    with pytest.raises(InputError, match="negative, too many for noise"):
        open_cmip(write(tmp_path, ds), **HERE, variables=("evspsblpot",))
    slight = ds.assign(
        evspsblpot=ds.evspsblpot.where(ds.evspsblpot > 0.0, -0.02).assign_attrs(units="mm d-1")
    )
    if share < 1.0:
        out = open_cmip(write(tmp_path, slight, "b.nc"), **HERE, variables=("evspsblpot",))
        assert float(out.evspsblpot.min()) == 0.0 and "set to 0 (noise)" in out.attrs["repairs"]


def test_a_number_before_a_unit_with_a_power():
    """UDUNITS reads "mm 3h-1" as 3 mm/h; who writes it means mm in 3 h."""
    for units in ("mm 3h-1", "mm 3 h-1", "kg m-2 3h^-1"):
        with pytest.raises(InputError, match="not understood"):
            parse(units, "pr", "file")
    assert to_canonical("pr", np.array([86400.0]), "0.1 mm d-1", "file")[0] == pytest.approx(0.1)
    assert parse("1000 m3 s-1", "pr", "file").magnitude == 1000.0
    assert parse("1e-3 kg m-2 s-1", "pr", "file").magnitude == 1e-3


@pytest.fixture(scope="module")
def weather():
    pytest.importorskip("xsdba")
    return synthetic_forcing("stationary", 1990, 1999, seed=1), synthetic_forcing(
        "stationary", 1990, 1999, seed=2
    )


def test_a_month_without_data_is_refused(weather):
    station, model = weather
    summer = station.assign(tas=station.tas.where(station.time.dt.month < 11))
    with pytest.raises(
        InputError, match=r"tas: the station has fewer than 30 days of data in month\(s\) 11, 12"
    ):
        bias.adjust_bias(model, summer, "linear_scaling", variables=["tas"])


def test_results_that_are_not_finite_are_refused(weather):
    station, model = weather
    dry = model.assign(pr=model.pr.where(model.time.dt.month != 7, 0.0).assign_attrs(model.pr.attrs))
    with pytest.raises(InputError, match="pr: .* not finite after the adjustment"):
        bias.adjust_bias(dry, station, "linear_scaling", variables=["pr"])


def test_what_the_station_did_not_measure_is_not_adjusted(weather):
    station, model = weather
    notes = (
        "sfcWind: absent, set to 2.67 m s-1 at 10 m (2 m s-1 at 2 m)\n"
        "rsds: absent, estimated from tasmax - tasmin (Hargreaves and Samani)"
    )
    out, table = bias.adjust_bias(model, station.assign_attrs(repairs=notes), "linear_scaling")
    assert not {"sfcWind", "rsds"} & set(table.variable) and "tas" in set(table.variable)
    np.testing.assert_array_equal(out.sfcWind, model.sfcWind)
    with pytest.raises(InputError, match="as measured"):
        bias.adjust_bias(model, station.assign_attrs(repairs=notes), variables=["rsds"])


def test_a_point_outside_the_grid(tmp_path):
    """Cells of 2 x 2 degrees are some 2.7 degrees across: 1.8 degrees beside the last centre is near, 3.5 is not."""
    path = write(tmp_path, grid())
    assert "outside the grid" not in open_cmip(path, 105.0, 26.0).attrs["repairs"]
    near = open_cmip(path, 106.0, 28.8)
    assert "lies 1.8 degrees from the nearest cell, outside the grid" in near.attrs["repairs"]
    with pytest.raises(
        InputError, match=r"3\.5 degrees away(.|\n)*its cells lie at lon 104 to 106, lat 25 to 27"
    ):
        open_cmip(path, 106.0, 30.5)


@pytest.mark.parametrize("column", ["ch4", "n2o", "CH4_ppb", "co2eq"])
def test_another_gas_is_not_co2(tmp_path, column):
    path = tmp_path / "gas.csv"
    path.write_text(f"year,{column}\n2015,400\n2016,401\n")
    with pytest.raises(InputError, match="its column is"):
        read_co2(path)
    path.write_text("year,co2\n2015,400\n2016,401\n")
    assert read_co2(path)[1][0] == 400.0


@pytest.mark.parametrize(
    "header", ["wind_kmh", "pressure_mmHg", "wind (furlongs/fortnight)", "pressure_in_hg"]
)
def test_a_column_in_an_unread_unit_does_not_vanish(tmp_path, header):
    path = tmp_path / "station.csv"
    rows = "".join(f"2015-01-{d:02},10,2,100,5\n" for d in range(1, 11))
    path.write_text(f"date,tas_degC,pr_mm_d,rsds_W/m²,{header}\n{rows}")
    with pytest.raises(InputError, match="in units that are not read"):
        open_station(path)
    path.write_text(f"date,tas_degC,pr_mm_d,rsds [W m⁻²],wind_gust_direction\n{rows}")
    assert float(open_station(path).rsds[0, 0]) == 100.0


@pytest.mark.parametrize("name", ["tas", "wind"])
def test_an_extreme_or_an_upper_level_is_not_the_mean_at_the_ground(tmp_path, name):
    ds = grid()
    ds["wind"] = (ds.tas.dims, np.full(ds.tas.shape, 9.0), {"units": "m s-1", "standard_name": "wind_speed"})
    assert float(open_cmip(write(tmp_path, ds, "mean.nc"), **HERE).sfcWind[0, 0]) == 9.0
    ds[name].attrs["cell_methods"] = "area: mean time: maximum"
    high = ds.assign({name: ds[name].expand_dims(plev=[85000.0])})
    high.plev.attrs = {"units": "Pa", "standard_name": "air_pressure"}
    del high[name].attrs["cell_methods"]
    for path in (write(tmp_path, ds, "max.nc"), write(tmp_path, high, "high.nc")):
        if name == "tas":
            with pytest.raises(InputError, match="has no tas"):
                open_cmip(path, **HERE)
            continue
        out = open_cmip(path, **HERE)
        assert (
            float(out.sfcWind[0, 0]) == pytest.approx(2.674, abs=1e-3)
            and "not taken for sfcWind" in out.attrs["repairs"]
        )

"""Real files with their quirks: model output, reanalysis, a downscaled basin table. They stay outside the package."""

import numpy as np
import pytest

from karstsim.core.errors import InputError
from karstsim.forcing import open_cmip, open_forcing, to_records

MM = 86400.0  # kg m-2 s-1 to mm d-1
CANESM5 = "CanESM5_historical_r1i1p1f1_day_gn_2010-2011_subset.nc"
TOLD = {"pr": "mm d-1", "prsn": "mm d-1"}


@pytest.fixture(scope="module")
def noleap(shared_data):
    return shared_data / "cmip6_daily_noleap"


@pytest.fixture(scope="module")
def basin(shared_data):
    return shared_data / "cmip6_ssp_access_cm2"


@pytest.fixture(scope="module")
def era5(shared_data):
    return shared_data / "era5_daily_cities" / "daily_surface_cancities_1990-1993.nc"


@pytest.fixture(scope="module")
def canesm2(shared_data):
    return shared_data / "cmip5_canesm2_1950_2100"


def test_access_cm2_basin_table(basin):
    path = next(basin.glob("*ACCESS-CM2*.csv.gz"))
    ds = open_forcing(path, co2="ssp245", lon=-75.1, lat=42.1, elevation=500.0)
    table, dt, times = to_records(ds)
    assert (table.shape, dt) == ((1, 31046), 1.0)
    assert (str(times[0])[:10], str(times[-1])[:10]) == ("2015-01-01", "2099-12-31")
    assert table["pr"].mean() == pytest.approx(4.02, abs=0.01)
    assert table["tas"].mean() == pytest.approx((15.445 + 3.750) / 2.0, abs=0.01)
    assert table["rsds"].mean() == pytest.approx(176.33, abs=0.01)
    assert table["sfcwind"].mean() == pytest.approx(4.914, abs=0.001)
    assert table["co2"][0, 0] == pytest.approx(398.75, abs=0.01)
    assert table["co2"].max() == pytest.approx(602.6, abs=0.3)
    assert (table["snowfall"] == -1.0).all()
    assert "tas: absent, the mean of tasmin and tasmax" in ds.attrs["repairs"]


def test_daymet_table_with_a_gap(basin):
    """One day of 43 years and the radiation after 2019 are missing: named, and avoidable by choosing a span."""
    path = next(basin.glob("*Daymet*V4*.csv.gz"))
    with pytest.raises(InputError, match="pr, time 2020-12-31"):
        open_forcing(path, co2=400)
    ds = open_forcing(path, co2=400, start=1990, end=2019)
    assert float(ds.pr.mean()) * MM == pytest.approx(3.6, abs=0.2)


def test_canesm5_without_units_and_radiation(noleap):
    place = {"lon": -75.0, "lat": 46.0}
    with pytest.raises(InputError, match="pr; prsn: have no units"):
        open_forcing(noleap / CANESM5, **place)
    with pytest.raises(InputError, match="has no rsds"):
        open_forcing(noleap / CANESM5, units=TOLD, **place)
    ds = open_forcing(noleap / CANESM5, units=TOLD, estimate=("rsds",), **place)
    table, dt, times = to_records(ds)
    assert (table.shape, dt, times[0].calendar) == ((1, 730), 1.0, "noleap")
    assert (float(ds.lat[0]), float(ds.lon[0])) == (46.04, pytest.approx(-75.94))
    assert table["tas"].mean() == pytest.approx(6.70, abs=0.01)
    assert table["pr"].mean() == pytest.approx(3.408, abs=0.001)
    assert table["snowfall"].mean() == pytest.approx(0.4719, abs=0.0001)
    assert 130.0 < table["rsds"].mean() < 180.0
    assert 385.0 < table["co2"].mean() < 395.0  # historical, as the file says
    for word in ("rsds: absent, estimated", "sfcWind: absent", "ps: absent", "taken as 'mm d-1' as told"):
        assert word in ds.attrs["repairs"]


def test_canesm5_snow_agrees_with_the_file_that_has_units(noleap):
    """The values without units are mm d-1: the conformant file of the same run holds the same snow."""
    place = {"lon": 281.3, "lat": 46.0, "start": 2010, "end": 2010, "variables": ("prsn",)}
    told = open_cmip(noleap / CANESM5, units=TOLD, **place)
    conformant = open_cmip(noleap.glob("prsn_day_CanESM5*.nc"), **place)
    assert np.array_equal(told.time.values, conformant.time.values)
    np.testing.assert_allclose(told.prsn, conformant.prsn, rtol=1e-6, atol=1e-15)


def test_era5_cities(era5):
    ds = open_forcing(era5, co2="historical")
    table, dt, _ = to_records(ds)
    assert (table.shape, dt) == ((5, 1461), 1.0)
    assert list(ds.location.values)[:2] == ["Halifax", "Montréal"]
    np.testing.assert_allclose(table["tas"].mean(1), [6.69, 6.71, -10.46, 2.89, 10.09], atol=0.01)
    np.testing.assert_allclose(table["pr"].mean(1), [4.10, 3.17, 1.55, 1.28, 2.59], atol=0.01)
    assert (table["pr"] >= 0.0).all()
    assert (table["snowfall"] <= table["pr"]).all()
    assert "pr: 234 values" in ds.attrs["repairs"]
    assert "prsn: 613 values" in ds.attrs["repairs"]


def test_era5_one_city_by_name_or_place(era5):
    by_name = open_forcing(era5, co2="historical", location="Montréal")
    by_place = open_forcing(era5, co2="historical", lon=286.5, lat=45.4)
    assert by_name.sizes["location"] == 1
    np.testing.assert_array_equal(by_name.tas, by_place.tas)
    with pytest.raises(InputError, match="named 'Paris'"):
        open_forcing(era5, co2="historical", location="Paris")


def test_gfdl_point_with_single_members(noleap):
    ds = open_cmip(
        noleap / "pr_day_GFDL-CM4_historical_r1i1p1f1_point_18500101-20141231.nc", variables=("pr",)
    )
    assert dict(ds.sizes) == {"location": 1, "time": 60225}
    assert float(ds.pr.mean()) * MM == pytest.approx(3.705, abs=0.001)
    assert (float(ds.lat[0]), float(ds.lon[0])) == (40.5, -74.375)


def test_cesm2_years_counted_from_year_one(noleap):
    """The stamps lie at the end of each day, as the time bounds say: the first day is the last of 1999."""
    ds = open_cmip(noleap.glob("tas_day_CESM2-WACCM*.nc"), lon=1.0, lat=5.0, variables=("tas",))
    assert (ds.sizes["time"], ds.attrs["calendar"]) == (3650, "noleap")
    assert str(ds.time.values[0])[:10] == "1999-12-31"
    assert float(ds.tas.mean()) == pytest.approx(300.84, abs=0.01)
    assert "end of its steps" in ds.attrs["repairs"]


def test_models_are_not_mixed(noleap):
    files = [*noleap.glob("pr_day_GFDL*.nc"), *noleap.glob("prsn_day_CanESM5*.nc")]
    with pytest.raises(InputError, match="has source_id GFDL-CM4"):
        open_cmip(files, lon=284.0, lat=41.0)


def test_canesm2_and_its_transposed_observations(canesm2):
    model = open_cmip(canesm2 / "CanESM2_1950-2100.nc", variables=("tasmax", "pr"))
    assert dict(model.sizes) == {"location": 3, "time": 55115}
    assert float(model.pr.mean()) * MM == pytest.approx(2.53, abs=0.01)
    with pytest.raises(InputError, match="has no tas .found tasmax, pr"):
        open_cmip(canesm2 / "CanESM2_1950-2100.nc")
    observed = canesm2 / "ahccd_1950-2013.nc"
    with pytest.raises(InputError, match="1271 such value"):
        open_cmip(observed, variables=("tasmax", "pr"))
    vancouver = open_cmip(observed, location="Vancouver", variables=("tasmax", "pr"), start=1960, end=1990)
    assert vancouver.sizes["time"] == 31 * 365
    assert float(vancouver.pr.mean()) * MM == pytest.approx(3.1, abs=0.5)


def test_monthly_means_are_refused(shared_data):
    files = (shared_data / "cmip6_monthly_access_esm1_5").glob("*_Amon_*historical*.nc")
    with pytest.raises(InputError, match="time step of 31 d"):
        open_cmip(files, lon=101.0, lat=29.0)

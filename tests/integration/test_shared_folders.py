"""Every folder of the shared data opens in one call, with the numbers that its README gives."""

from __future__ import annotations

import numpy as np
import pytest

import karstsim as ks
from karstsim.forcing import open_cmip
from karstsim.forcing.co2 import co2_series

MM = 86400.0


def test_cmip5_canesm2(shared_data) -> None:
    ds = open_cmip(
        shared_data / "cmip5_canesm2_1950_2100" / "CanESM2_1950-2100.nc", variables=("tasmax", "pr")
    )
    assert dict(ds.sizes) == {"location": 3, "time": 55115}
    assert float(ds.pr.mean()) * MM == pytest.approx(2.53, abs=0.01)


def test_cmip6_daily(shared_data) -> None:
    """Nine cells, their height from the orography beside them, units told, radiation estimated."""
    files = sorted((shared_data / "cmip6_daily_noleap").glob("CanESM5_*.nc"))
    told = {"pr": "mm d-1", "prsn": "mm d-1"}
    ds = ks.open_forcing(*files, cells=True, units=told, estimate=("rsds",))
    assert dict(ds.sizes) == {"location": 9, "time": 730}
    assert "from orog of CanESM5_historical_fx_orog_subset.nc" in ds.attrs["repairs"]
    assert (float(ds.lat[0]), float(ds.lon[0])) == (
        pytest.approx(43.25, abs=0.1),
        pytest.approx(-78.75, abs=0.1),
    )


def test_cmip6_daily_as_a_folder(shared_data) -> None:
    table = ks.find_members(shared_data / "cmip6_daily_noleap")
    assert set(table.model) == {"CanESM5", "GFDL-CM4", "CESM2-WACCM"}


def test_cmip6_monthly(shared_data) -> None:
    """One place of the global grid; the months keep their means."""
    files = sorted((shared_data / "cmip6_monthly_access_esm1_5").glob("*_Amon_*historical*.nc"))
    ds = ks.open_forcing(*files, lon=101.0, lat=29.0, months="generate", estimate=("rsds",))
    months = open_cmip(files[0], lon=101.0, lat=29.0, months="generate", variables=("pr",))
    assert ds.sizes["time"] == 5479
    np.testing.assert_array_equal(ds.pr, months.pr)
    assert "the days are invented" in ds.attrs["comment"]


def test_land_share_as_a_mask(shared_data) -> None:
    """sftlf (%) weighs the land of the globe: the mean rain over it."""
    folder = shared_data / "cmip6_monthly_access_esm1_5"
    asked = {"variables": ("pr",), "months": "generate"}
    ds = open_cmip(next(folder.glob("pr_Amon*")), region=next(folder.glob("sftlf*")), **asked)
    assert 1.5 < float(ds.pr.mean()) * MM < 3.0
    assert 1.3e8 < float(ds.area_km2[0]) < 1.7e8


def test_access_cm2_and_daymet(shared_data) -> None:
    folder = shared_data / "cmip6_ssp_access_cm2"
    ds = ks.open_forcing(next(folder.glob("*ACCESS*")), co2="ssp245", lon=-75.1, lat=42.1)
    assert ds.sizes["time"] == 31046
    weather = ks.fit_weather(next(folder.glob("*Daymet*")), lat=42.1, lon=-75.1)
    assert 0.4 < weather.table().wet_share.mean() < 0.6


def test_era5_cities(shared_data) -> None:
    ds = ks.open_forcing(shared_data / "era5_daily_cities", co2="historical")
    assert ds.sizes["location"] == 5 and "pr: 234 values" in ds.attrs["repairs"]


def test_blowing_springs(shared_data) -> None:
    path = shared_data / "hydrochem_blowing_springs" / "Knierim-BS-Water-Chem-Data.csv"
    units = {"Discharge": "m3/s", "Ca": "mg/L", "DIC": "mg C/L", "CO2": "ppm"}
    ds = ks.read_spring_table(path, units=units, select={"Site": "BS01"}, sort=True, average=True)
    assert float(ds.discharge.min()) == pytest.approx(0.007)
    assert float(ds.discharge.max()) == pytest.approx(1.857)
    assert float(ds.ca.max()) * 40.078 == pytest.approx(83.2, abs=0.1)
    assert float(ds.d13c_dic.mean()) == pytest.approx(-14.4, abs=0.2)
    assert 400.0 < float(ds.air_co2.min()) < float(ds.air_co2.max()) < 7000.0
    assert ks.quality_report(ds).loc["ca", "missing"] > 0


def test_little_sugar_creek(shared_data) -> None:
    path = shared_data / "hydrochem_blowing_springs" / "Little-Sugar-Creek-discharge.csv"
    ds = ks.read_spring_table(path, units={"discharge": "cfs"})
    assert float(ds.discharge[0]) == pytest.approx(30.6 * 0.028316847)


def test_karst_spring(shared_data) -> None:
    folder = shared_data / "karst_spring_karstmod_demo"
    ds = ks.read_spring_table(
        folder / "KarstMod_dataset.txt", units={"QobsS": "m3/s", "P": "mm/d", "ET": "mm/d"}
    )
    assert float(ds.precipitation.sum()) == pytest.approx(1989.0, abs=1.0)
    assert float(ds.evapotranspiration.sum()) == pytest.approx(702.0, abs=1.0)
    ds = ks.read_spring_table(folder / "KarstID_default_dataset.txt", units={"discharge": "m3/s"})
    assert float(ds.discharge.mean()) == pytest.approx(15.9, abs=0.05)
    assert int(np.isnan(ds.discharge).sum()) == 7
    ions = dict.fromkeys(("Ca", "Mg", "Na", "K", "SO4", "Cl", "HCO3"), "mg/L")
    ds = ks.read_spring_table(folder / "pc_data.csv", units=ions)
    assert float(ds.ca[0]) * 40.078 == pytest.approx(70.23, abs=0.01)


def test_rothc(shared_data) -> None:
    from karstsim.analysis.rothc import read_rothc_input

    assert read_rothc_input(shared_data / "rothc_v2_reference" / "RothC_input.dat") is not None


def test_laegeren(shared_data) -> None:
    """Half-hourly efflux, 0.06 to 7.10 and 2.41 umol m-2 s-1 on the mean; one port at a time."""
    path = shared_data / "soil_respiration_laegeren" / "d20190607_RUEHR.csv.gz"
    columns = {"date": "CSR_TIMESTAMP_BEGIN", "soil_respiration": "CSR_FLUX_CO2", "temperature": "CSR_T10"}
    units = {"CSR_FLUX_CO2": "umol/m2/s", "CSR_T10": "degC"}
    ds = ks.read_spring_table(path, columns=columns, units=units, sort=True, average=True)
    assert float(ds.soil_respiration.max()) == pytest.approx(7.10 * 0.0864, rel=1e-3)
    assert float(ds.soil_respiration.mean()) == pytest.approx(2.41 * 0.0864, rel=0.02)


@pytest.mark.parametrize(
    ("scenario", "ppm"),
    [("ssp119", 393.5), ("ssp126", 445.6), ("ssp245", 602.8), ("ssp370", 867.2), ("ssp434", 473.4),
     ("ssp460", 668.4), ("ssp534-over", 496.6), ("ssp585", 1135.2)],
)  # fmt: skip
def test_co2_scenarios(shared_data, scenario: str, ppm: float) -> None:
    path = next((shared_data / "ssp_co2_concentrations").glob("*.csv"))
    assert co2_series(f"{path}:{scenario}", np.array(["2100-07-02"], "datetime64[ns]"))[0] == pytest.approx(
        ppm, abs=0.1
    )


def test_french_creek(shared_data) -> None:
    path = shared_data / "stream_metabolism_french_creek" / "french.csv"
    ds = ks.read_spring_table(path, units={"temp": "degC", "oxy": "mg/L"}, select={"station": "low", "sonde": "REZN"},
                              sort=True, average=True)  # fmt: skip
    assert float(ds.oxygen[0]) == pytest.approx(7.41 / 31.998)
    assert str(ds.time.values[0])[:16] == "2012-08-23T17:10"

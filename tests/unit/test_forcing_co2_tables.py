"""CO2 in every public layout: the same numbers out of each."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import open_forcing
from karstsim.forcing.co2 import co2_series
from tests.unit.test_forcing_cmip import HERE, grid, write

TIMES = np.array(["2020-07-02", "2021-07-02"], "datetime64[ns]")
RCMIP = (
    "Model,Scenario,Region,Variable,Unit,Activity_Id,Mip_Era,2019,2020,2021,2022\n"
    "AIM,ssp370,World,Atmospheric Concentrations|CO2,ppm,x,CMIP6,410,413,416,419\n"
    "IMAGE,ssp126,World,Atmospheric Concentrations|CO2,ppm,x,CMIP6,410,412,414,416\n"
    "IMAGE,ssp126,World,Atmospheric Concentrations|CH4,ppb,x,CMIP6,1,2,3,4\n"
)
MAGICC = (
    ".__  __\n&THISFILE_SPECIFICATIONS\n THISFILE_UNITS='MISC'\n/\n\n"
    "     YEARS        CO2EQ  KYOTO-CO2EQ          CO2          CH4\n"
    "      2019        480.0       460.0         410.0       1800.0\n"
    "      2020        483.0       463.0         413.0       1800.0\n"
    "      2021        486.0       466.0         416.0       1800.0\n"
)


def test_rcmip_rows(tmp_path):
    path = tmp_path / "rcmip.csv"
    path.write_text(RCMIP)
    np.testing.assert_allclose(co2_series(f"{path}:ssp370", TIMES), [413.0, 416.0], atol=0.01)
    np.testing.assert_allclose(co2_series(path, TIMES, ("historical", "ssp126")), [412.0, 414.0], atol=0.01)
    with pytest.raises(InputError, match="ssp370, ssp126") as caught:
        co2_series(path, TIMES)
    assert "rcmip.csv:ssp370" in caught.value.mend
    with pytest.raises(InputError, match="0 rows of CO2 of the scenario 'ssp585'"):
        co2_series(f"{path}:ssp585", TIMES)


def test_decades_of_the_iamc_databases(tmp_path):
    path = tmp_path / "iamc.csv"
    path.write_text("Scenario;Region;Variable;Unit;2010;2020;2030\nRCP8.5;World;Concentration|CO2;ppm;390;416;\n"
                    "RCP4.5;World;Concentration|CO2;ppm;390;410;430\n")  # fmt: skip
    np.testing.assert_allclose(co2_series(f"{path}:RCP4.5", TIMES)[0], 410.0, atol=0.01)
    with pytest.raises(InputError, match="asked for 2021"):
        co2_series(f"{path}:RCP8.5", TIMES)


def test_columns_of_scenarios(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(
        "# a remark\nyear,ssp126,ssp585\n2019,410,410\n2020,412,415\n2021,414,420\n2022,416,425\n"
    )
    np.testing.assert_allclose(co2_series(f"{path}:ssp585", TIMES), [415.0, 420.0], atol=0.02)


def test_magicc_rcp(tmp_path):
    path = tmp_path / "RCP85_MIDYEAR_CONCENTRATIONS.DAT"
    path.write_text(MAGICC)
    np.testing.assert_allclose(co2_series(path, TIMES), [413.0, 416.0], atol=0.01)


def test_co2mass(tmp_path):
    """400 ppm of the air's 5.1352e18 kg / 28.9647 g mol-1 are 7.0916e16 mol, 3.1210e15 kg of CO2."""
    time = xr.date_range("2019-07-01", periods=36, freq="MS", calendar="noleap", use_cftime=True)
    mass = np.full(36, 400e-6 * 5.1352e18 / 28.9647e-3 * 44.0095e-3)
    assert mass[0] == pytest.approx(3.1210e15, rel=1e-4)
    ds = xr.Dataset({"co2mass": ("time", mass, {"units": "kg"})}, {"time": time})
    np.testing.assert_allclose(co2_series(write(tmp_path, ds), TIMES), 400.0, rtol=1e-9)
    ds.co2mass.attrs["units"] = "Pg"
    with pytest.raises(InputError, match="outside 100..10000 ppm"):
        co2_series(write(tmp_path, ds, "b.nc"), TIMES)
    del ds.co2mass.attrs["units"]
    with pytest.raises(InputError, match="not understood|has no units"):
        co2_series(write(tmp_path, ds, "c.nc"), TIMES)


def test_input4mips_sectors(tmp_path):
    """Sector 0 is the globe."""
    time = xr.date_range("2019-07-01", periods=4, freq="YS-JUL", calendar="standard")
    values = np.stack([[410.0, 412.0, 414.0, 416.0], [420.0] * 4, [400.0] * 4], axis=1)
    ds = xr.Dataset(
        {"mole_fraction_of_carbon_dioxide_in_air": (("time", "sector"), values, {"units": "1.e-6"})},
        {"time": time},
    )
    assert co2_series(write(tmp_path, ds), TIMES)[0] == pytest.approx(412.0, abs=0.02)


def test_the_weather_chooses_the_scenario(tmp_path):
    (tmp_path / "rcmip.csv").write_text(
        RCMIP.replace("2019", "2014").replace("2020", "2015").replace("2021", "2016")
    )
    ds = grid()
    ds.attrs["experiment_id"] = "ssp126"
    out = open_forcing(write(tmp_path, ds), **HERE, co2=tmp_path / "rcmip.csv")
    assert float(out.co2[0, 0]) == pytest.approx(411.0, abs=0.1)
    ds.attrs["experiment_id"] = "rcp85"
    with pytest.raises(InputError, match="name no scenario") as caught:
        open_forcing(write(tmp_path, ds, "b.nc"), **HERE)
    assert "RCP85_MIDYEAR" in caught.value.mend


def test_the_public_table_itself(shared_data):
    path = shared_data / "ssp_co2_concentrations" / "rcmip-5.1.0_co2_annual_1700-2500.csv"
    at = np.array(["2100-07-02"], "datetime64[ns]")
    assert co2_series(f"{path}:ssp585", at)[0] == pytest.approx(1135.2, abs=0.1)
    assert co2_series(path, at, ("ssp119",))[0] == pytest.approx(393.5, abs=0.1)

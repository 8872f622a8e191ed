"""Units told for some files of many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import open_cmip, open_station
from karstsim.forcing.look import look


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two spans of rain of 4 mm d-1: one without units, in mm d-1, and one as CMIP has it."""
    for first, value, units in ((2001, 4.0, None), (2002, 4.0 / 86400.0, "kg m-2 s-1")):
        time = xr.date_range(f"{first}-01-01", periods=365, calendar="noleap", use_cftime=True)
        ds = xr.Dataset({"pr": ("time", np.full(365, value))}, {"time": time})
        ds.pr.attrs = {} if units is None else {"units": units}
        ds.to_netcdf(tmp_path / f"pr_day_M_historical_r1i1p1f1_gn_{first}0101-{first}1231.nc")
    return tmp_path


def test_only_the_file_without_units_is_told(folder: Path) -> None:
    with pytest.raises(InputError, match=r"20010101-20011231.nc, pr: has no units(.|\n)*pr@NAME"):
        open_cmip(folder, variables=("pr",))
    ds = open_cmip(folder, variables=("pr",), units={"pr@*2001*": "mm d-1"})
    np.testing.assert_allclose(ds.pr.values * 86400.0, 4.0)
    assert "20010101-20011231.nc: units of pr are None" in ds.attrs["repairs"]
    assert "20020101" not in ds.attrs["repairs"]


def test_all_units_are_asked_for_at_once(folder: Path) -> None:
    """Snow in the same file and heat in another have no units either: one message, with all that is to be typed."""
    with xr.open_dataset(next(folder.glob("*2001*.nc"))) as ds:
        ds = ds.load()
    heat = ds.rename(pr="tas").assign(tas=("time", np.full(365, 9.0)))
    heat.to_netcdf(folder / "tas_day_M_historical_r1i1p1f1_gn_20010101-20011231.nc")
    ds.assign(prsn=ds.pr).to_netcdf(folder / "pr_day_M_historical_r1i1p1f1_gn_20010101-20011231.nc", mode="w")
    with pytest.raises(InputError, match=r"1 more file\(s\), pr; prsn; tas: have no units") as refused:
        open_cmip(folder, variables=("pr", "prsn", "tas"))
    assert '--unit pr="mm d-1" --unit prsn="mm d-1" --unit tas="degC"' in refused.value.mend
    told = {"pr@*2001*": "mm d-1", "prsn": "mm d-1"}
    with pytest.raises(InputError, match=r"20011231.nc, tas: has no units"):
        open_cmip(folder, variables=("pr", "prsn", "tas"), units=told)


def test_the_name_of_a_file_goes_before_all_files(folder: Path) -> None:
    told = {"pr@*2002*": "kg m-2 s-1", "pr": "mm d-1"}
    np.testing.assert_allclose(open_cmip(folder, variables=("pr",), units=told).pr.values * 86400.0, 4.0)


def test_a_pattern_that_fits_no_file_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"'pr@\*2003\*'(.|\n)*fits no file"):
        open_cmip(folder, variables=("pr",), units={"pr@*2003*": "mm d-1"})
    with pytest.raises(InputError, match="unknown variable 'rain'"):
        open_cmip(folder, variables=("pr",), units={"rain@*": "mm d-1"})


def test_a_look_knows_them(folder: Path) -> None:
    report, series = look([str(folder)], units={"pr@*2001*": "mm d-1"})
    assert not report["refused"] and series["pr"].sizes["time"] == 730


def test_tables_know_them(tmp_path: Path) -> None:
    days = np.datetime64("2015-01-01") + np.arange(30)
    rows = "\n".join(f"{d},10,3,120,2,900" for d in days)
    path = tmp_path / "gauge.csv"
    path.write_text(f"date,tas_degC,pr,rsds_w_m2,wind_m_s,ps_hpa\n{rows}\n")
    np.testing.assert_allclose(open_station(path, units={"pr@gauge*": "mm d-1"}).pr.values * 86400.0, 3.0)

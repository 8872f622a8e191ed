"""What the laws of evapotranspiration take from the forcing, and what happens to it when it is unusable."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import humidity, open_forcing, to_records
from karstsim.forcing.canonical import wind_ratio

HEADER = "date,tas_degC,tmin_degC,tmax_degC,pr_mm_d,rsds_W_m2,co2_ppm"


def table(folder: Path, extra: dict[str, list[float | str]], n: int = 3) -> Path:
    """A station CSV of n days with further columns."""
    lines = [",".join([HEADER, *extra])]
    for i in range(n):
        row = [f"2015-01-{i + 1:02d}", "10", "6", "15", "1", "120", "400"]
        lines.append(",".join([*row, *(str(v[i]) for v in extra.values())]))
    path = folder / "station.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_forms_of_humidity_by_hand() -> None:
    """e(10) = 1227.9 Pa (FAO-56, Annex 2: 1.228 kPa). q = 0.01 at 90 kPa: 900/(0.622 + 0.00378) = 1438.2 Pa.

    60 % of the mean of e(6) = 934.9 and e(15) = 1705.3 Pa is 792.1 Pa.
    """
    assert humidity.from_dew_point(np.array([10.0]))[0] == pytest.approx(1227.9, abs=0.2)
    assert humidity.from_specific(np.array([0.01]), np.array([9e4]))[0] == pytest.approx(1438.2, abs=0.1)
    got = humidity.from_relative(np.array([60.0]), np.array([6.0]), np.array([15.0]))[0]
    assert got == pytest.approx(792.1, abs=0.2)


def test_dew_point_goes_before_specific_and_relative_humidity() -> None:
    assert humidity.chosen(["hurs", "tdps", "huss"]) == "tdps"
    assert humidity.chosen(["hurs", "huss"]) == "huss"
    assert humidity.chosen(["tas"]) is None


def test_a_station_table_with_everything(tmp_path) -> None:
    extra = {"rh_percent": [60, 70, 80], "rlds_w_m2": [300, 310, 320], "pet_mm_d": [2, 3, 4]}
    ds = open_forcing(table(tmp_path, extra))
    assert {"hurs", "rlds", "evspsblpot", "tasmin", "tasmax"} <= set(ds.data_vars)
    row = to_records(ds)[0][0, 0]
    assert (row.tasmin, row.tasmax) == (pytest.approx(6.0), pytest.approx(15.0))
    assert row.daily_range == pytest.approx(9.0)
    assert row.vapor_pressure == pytest.approx(792.1, abs=0.2)
    assert (row.rlds, row.evspsblpot) == (300.0, pytest.approx(2.0))
    assert row.rsds_day == row.rsds == 120.0


def test_without_them_the_record_says_so(tmp_path) -> None:
    ds = open_forcing(table(tmp_path, {})).drop_vars(["tasmin", "tasmax"])
    row = to_records(ds)[0][0, 0]
    assert row.tasmin == row.tasmax == row.tas and row.daily_range == 0.0
    assert row.rlds == row.vapor_pressure == row.evspsblpot == -1.0


@pytest.mark.parametrize(
    ("extra", "left_out"),
    [
        ({"rh": [60, 70, 80]}, "hurs: left out .*no units"),
        ({"rh_percent": [60, "", 80]}, "hurs: left out .*missing"),
        ({"rh_percent": [60, 900, 80]}, "hurs: left out .*outside 0..100"),
        ({"rlds_w_m2": [300, "cloudy", 320]}, "rlds: left out .*no number"),
        ({"dew_point_degC": [5, 300, 5]}, "tdps: left out .*outside"),
    ],
)
def test_what_is_unusable_is_left_out_and_named(tmp_path, extra, left_out) -> None:
    """A run by the law of Oudin must not fail over a variable that it does not read."""
    import re

    ds = open_forcing(table(tmp_path, extra))
    assert not {"hurs", "rlds", "tdps"} & set(ds.data_vars)
    assert re.search(left_out, ds.attrs["repairs"]), ds.attrs["repairs"]


def test_a_variable_that_was_told_is_not_left_out(tmp_path) -> None:
    path = table(tmp_path, {"damp": [60, "", 80]})
    with pytest.raises(InputError, match="hurs.*missing"):
        open_forcing(path, columns={"hurs": "damp"}, units={"hurs": "%"})


def test_humidity_over_ice_and_dew_are_repaired_by_name(tmp_path) -> None:
    extra = {"rh_percent": [60, 104, 80], "pet_mm_d": [2, -0.2, 4]}
    ds = open_forcing(table(tmp_path, extra))
    assert float(ds.hurs.max()) == 100.0 and float(ds.evspsblpot.min()) == 0.0
    assert "hurs: 1 values up to 104 % set to 100 %" in ds.attrs["repairs"]
    assert "evspsblpot: 1 values" in ds.attrs["repairs"]


def test_wind_of_another_height(tmp_path) -> None:
    """FAO-56, Eq. 47: u2 = 0.748 u10, so 2 m s-1 at 2 m are 2.674 at 10 m; 10 m changes nothing."""
    path = table(tmp_path, {"wind_m_s": [2, 2, 2]})
    ds = open_forcing(path, wind_height=2.0)
    assert float(ds.sfcWind[0, 0]) == pytest.approx(2.0 / 0.748, rel=1e-3)
    assert "sfcWind: from 2 m brought to 10 m" in ds.attrs["repairs"]
    assert wind_ratio(10.0) == 1.0 and wind_ratio(2.0) == pytest.approx(math.log(672.58) / math.log(130.18))
    assert "sfcWind" not in open_forcing(path).attrs["repairs"]
    with pytest.raises(InputError, match="wind_height"):
        open_forcing(path, wind_height=0.1)


def test_dew_point_estimated_where_that_is_asked(tmp_path) -> None:
    """FAO-56, Eq. 48: the night's minimum. Only where no humidity is given."""
    ds = open_forcing(table(tmp_path, {}), estimate=["tdps"])
    assert float(ds.tdps[0, 0]) == pytest.approx(279.15)
    assert "tdps: no humidity given" in ds.attrs["repairs"]
    assert "tdps" not in open_forcing(table(tmp_path, {"rh_percent": [60, 70, 80]}), estimate=["tdps"])


def hourly(**values: np.ndarray) -> xr.Dataset:
    n = 72
    usual = {"tas": 288.15, "pr": 0.0, "rsds": 100.0, "sfcWind": 2.0, "ps": 9e4, "co2": 410.0}
    data = {
        k: (("location", "time"), np.broadcast_to(v, (1, n)).copy()) for k, v in {**usual, **values}.items()
    }
    return xr.Dataset(data, {"time": pd.date_range("2015-06-01", periods=n, freq="h"), "location": ["here"]})


def test_range_and_radiation_of_the_local_day() -> None:
    """Steps of one local day share its range of temperature and its mean radiation; 90 degrees east is 6 h ahead."""
    day = np.repeat([0.0, 1.0, 2.0], 24)
    tas = 288.15 + day + 5.0 * np.cos(2.0 * np.pi * np.arange(72) / 24.0)
    ds = hourly(tas=tas, rsds=100.0 * (1.0 + day))
    row = to_records(ds)[0][0]
    np.testing.assert_allclose(row["daily_range"], 10.0)
    np.testing.assert_allclose(row["rsds_day"], 100.0 * (1.0 + day))
    np.testing.assert_allclose(row["tasmin"], row["tas"])
    east = to_records(ds.assign_coords(lon=("location", [90.0])))[0][0]
    assert (np.flatnonzero(np.diff(east["rsds_day"])) == [17, 41, 65]).all()
    local = ds.assign_coords(lon=("location", [90.0])).assign_attrs(clock="local standard time")
    assert to_records(local)[0][0]["rsds_day"] == pytest.approx(row["rsds_day"])


@pytest.mark.parametrize(("name", "value"), [
    ("hurs", 120.0), ("huss", 0.2), ("tdps", 15.0), ("rlds", -5.0), ("evspsblpot", np.nan), ("hurs", np.nan)
])  # fmt: skip
def test_unphysical_values_are_named(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"forcing, {name}, location here"):
        to_records(hourly(**{name: value}))


def _file(
    folder: Path, name: str, values: np.ndarray, units: str, start: str = "2015-01-01", freq: str = "D"
) -> None:
    time = xr.date_range(start, periods=len(values), freq=freq, use_cftime=True, calendar="noleap")
    data = (("time", "lat", "lon"), values[:, None, None], {"units": units})
    ds = xr.Dataset({name: data}, {"time": time, "lat": [26.0], "lon": [105.0]}, {"experiment_id": "ssp245"})
    ds.to_netcdf(folder / f"{name}.nc")


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, value, units in (("tas", 288.0, "K"), ("pr", 1e-5, "kg m-2 s-1"), ("rsds", 120.0, "W m-2")):
        _file(tmp_path, name, np.full(20, value), units)
    return tmp_path


def _open(folder: Path) -> xr.Dataset:
    return open_forcing(str(folder / "*.nc"), lon=105.0, lat=26.0, co2=410)


def test_optional_netcdf_variables_are_read(folder) -> None:
    _file(folder, "huss", np.full(20, 0.008), "1")
    _file(folder, "hurs", np.full(20, 70.0), "%")
    ds = _open(folder)
    assert {"huss", "hurs"} <= set(ds.data_vars) and "left out" not in ds.attrs["repairs"]


@pytest.mark.parametrize(
    ("values", "units", "start", "freq", "why"),
    [
        (np.full(12, 70.0), "%", "2015-01-01", "D", "does not cover the span"),
        (np.full(20, 70.0), "%", "2015-01-05", "D", "does not cover the span"),
        (np.full(20, 70.0), "%", "2015-01-01", "h", "time steps"),
        (np.full(3, 70.0), "%", "2015-01-01", "MS", "time step of"),
        (np.full(20, 70.0), "kg", "2015-01-01", "D", "cannot become"),
    ],
)
def test_optional_variables_never_shorten_or_stop_a_run(folder, values, units, start, freq, why) -> None:
    plain = _open(folder)
    _file(folder, "hurs", values, units, start, freq)
    ds = _open(folder)
    assert "hurs" not in ds and ds.sizes["time"] == plain.sizes["time"] == 20
    assert "hurs: left out" in ds.attrs["repairs"] and why in ds.attrs["repairs"]


def test_relative_humidity_as_a_fraction_without_units(folder) -> None:
    """CF: blank units are those of a pure number. Per cents under them are beyond all bounds and left out."""
    _file(folder, "hurs", np.full(20, 0.7), "")
    assert float(_open(folder).hurs[0, 0]) == pytest.approx(70.0)
    _file(folder, "hurs", np.full(20, 70.0), "")
    assert "hurs: left out" in _open(folder).attrs["repairs"]

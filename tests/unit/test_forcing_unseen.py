"""Habits of files that were seen late: equal amounts all day, half-hour stamps, seas, units of single archives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import open_cmip, open_station, running
from karstsim.forcing.land_use import read_land_use
from karstsim.forcing.units import to_canonical


def _hours(n: int, start: str = "2001-01-01") -> np.ndarray:
    return np.datetime64(start, "ns") + np.arange(n) * np.timedelta64(1, "h")


def test_equal_amounts_all_day_are_no_running_sum() -> None:
    stamps = _hours(24 * 8)
    assert not running.looks_running(np.full((stamps.size, 2), 1.7e-4), stamps)
    hour = np.arange(stamps.size) % 24
    sums = np.where(hour == 0, 24, hour)[:, None] * 1.7e-4
    assert running.looks_running(sums, stamps)


def test_stamps_at_half_past_begin_at_the_hour(tmp_path: Path) -> None:
    """Hourly means are stamped in their middle by many models; without bounds nothing else says so."""
    path = tmp_path / "tas.nc"
    xr.Dataset(
        {"tas": ("time", np.full(72, 280.0), {"units": "K"})}, {"time": _hours(72, "2001-01-01T00:30")}
    ).to_netcdf(path)
    ds = open_cmip(path, variables=("tas",))
    assert ds.time.values[0] == np.datetime64("2001-01-01T00:00") and ds.time.values[-1] == np.datetime64(
        "2001-01-03T23:00"
    )
    assert "middle of its steps" in ds.attrs["repairs"]


def test_a_point_in_the_sea_is_said_to_be_there(tmp_path: Path) -> None:
    values = np.full((20, 2, 2), 280.0)
    values[:, 0, 0] = np.nan
    days = xr.date_range("2001-01-01", periods=20)
    path = tmp_path / "tas.nc"
    xr.Dataset(
        {"tas": (("time", "lat", "lon"), values, {"units": "K"})},
        {"time": days, "lat": [45.0, 46.0], "lon": [13.0, 14.0]},
    ).to_netcdf(path)
    with pytest.raises(InputError, match="nan is missing at all steps(.|\n)*on land"):
        open_cmip(path, 13.0, 45.0, variables=("tas",))


def test_months_are_no_unit_of_a_time_axis(tmp_path: Path) -> None:
    path = tmp_path / "tas.nc"
    time = ("time", np.arange(4.0), {"units": "months since 2001-01-01"})
    xr.Dataset({"tas": ("time", np.full(4, 280.0), {"units": "K"})}, {"time": time}).to_netcdf(path)
    with pytest.raises(InputError, match="no fixed length(.|\n)*in days"):
        open_cmip(path, variables=("tas",))


@pytest.mark.parametrize(
    ("name", "units", "value", "canonical"),
    [
        ("pr", "mm/24h", 4.0, 4.0 / 86400.0),
        ("pr", "mm/3 hr", 0.5, 4.0 / 86400.0),
        ("tas", "degrees K", 285.0, 285.0),
        ("rsds", "Wm-2", 150.0, 150.0),
        ("ps", "mb", 900.0, 9e4),
    ],
)
def test_spellings_of_single_archives(name: str, units: str, value: float, canonical: float) -> None:
    np.testing.assert_allclose(to_canonical(name, np.array([value]), units, "file"), canonical, rtol=1e-12)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ("2010,0.4,0.6\ninf,0.4,0.6\n", "row 3(.|\n)*no whole year"),
        ("", "no row of numbers"),
        ("2010," + "9" * 400 + ",0.6\n", "areas.csv"),
    ],
)
def test_land_use_without_numbers_is_refused(tmp_path: Path, rows: str, what: str) -> None:
    path = tmp_path / "areas.csv"
    path.write_text(f"year,crop,shrub\n{rows}")
    with pytest.raises(InputError, match=what):
        read_land_use(path)


def test_columns_of_numbers_that_are_not_known_are_named(tmp_path: Path) -> None:
    """Radiation of the sky and humidity under names of their own went by without a word."""
    path = tmp_path / "w.csv"
    days = pd.date_range("2001-01-01", periods=60).strftime("%Y-%m-%d")
    table = pd.DataFrame(
        {"date": days, "tmax_degC": 12.0, "tmin_degC": 4.0, "prcp_mm_day": 2.0, "srad_W_m2": 120.0}
    )
    table.to_csv(path, index=False)
    assert "not read" not in open_station(path).attrs["repairs"]
    table = table.assign(lrad_W_m2=np.linspace(250, 300, 60), rhum_pct=[*[""] * 30, *range(50, 80)])
    table.assign(note="dry", empty="", place=7).to_csv(path, index=False)
    noted = [line for line in open_station(path).attrs["repairs"].splitlines() if "not read" in line]
    assert len(noted) == 1 and "lrad_W_m2, rhum_pct;" in noted[0] and "note" not in noted[0].split("read:")[1]
    told = open_station(path, columns={"hurs": "rhum_pct"}, units={"hurs": "%"}, variables=["pr"])
    assert "not read" not in told.attrs["repairs"]

"""Forcing records: units, season, steps, bounds."""

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing.records import FORCING, FORCING_DTYPE, to_records


def dataset(n=730, calendar="standard", freq="D", start="2015-01-01", **values):
    cftime = calendar != "standard"
    time = xr.date_range(start, periods=n, freq=freq, calendar=calendar, use_cftime=cftime)
    usual = {"tas": 288.15, "pr": 1.0 / 86400.0, "rsds": 125.0, "sfcWind": 2.0, "ps": 88000.0, "co2": 410.0}
    data = {k: (("location", "time"), np.full((1, n), v)) for k, v in {**usual, **values}.items()}
    return xr.Dataset(data, coords={"time": time, "location": ["here"]})


def test_values_in_the_units_of_the_model():
    table, dt, times = to_records(dataset())
    assert table.shape == (1, 730) and table.dtype == FORCING_DTYPE and len(times) == 730
    row = table[0, 0]
    assert dt == 1.0
    assert row.tas == pytest.approx(15.0)
    assert row.pr == pytest.approx(1.0)
    assert row.snowfall == -1.0
    assert (row.rsds, row.sfcwind, row.ps, row.co2) == (125.0, 2.0, 88000.0, 410.0)
    assert table.dtype.names == tuple(v.name for v in FORCING)


def test_snowfall_is_taken_when_present():
    table, _, _ = to_records(dataset(prsn=0.5 / 86400.0))
    np.testing.assert_allclose(table["snowfall"], 0.5)


def test_snow_above_precipitation_is_refused():
    with pytest.raises(InputError, match="snowfall"):
        to_records(dataset(prsn=2.0 / 86400.0))


@pytest.mark.parametrize(
    ("calendar", "days"), [("standard", 365), ("noleap", 365), ("360_day", 360), ("all_leap", 366)]
)
def test_year_fraction_is_calendar_independent(calendar, days):
    table, _, _ = to_records(dataset(days + 1, calendar))
    season = table["year_fraction"][0]
    assert season[0] == pytest.approx(0.5 / days)
    assert season[days - 1] == pytest.approx((days - 0.5) / days)
    assert season[days] < 0.01


def test_year_fraction_of_a_leap_year_and_of_noon_stamps():
    season = to_records(dataset(366, start="2016-01-01"))[0]["year_fraction"][0]
    assert season[365] == pytest.approx(365.5 / 366)
    noon = to_records(dataset(365, start="2015-01-01 12:00"))[0]["year_fraction"][0]
    assert noon[0] == pytest.approx(0.5 / 365)


def test_hourly_steps():
    table, dt, _ = to_records(dataset(48, freq="h"))
    assert dt == pytest.approx(1.0 / 24.0)
    assert table["year_fraction"][0, 0] == pytest.approx(0.5 / 24.0 / 365.0)


def test_solar_time_within_the_day():
    """Universal time and 90 degrees east: the sun is six hours ahead of the stamps; a local clock needs no shift."""
    ds = dataset(48, freq="h").assign_coords(lon=("location", [90.0]))
    assert to_records(ds)[0]["day_fraction"][0, :2] == pytest.approx([0.25, 0.25 + 1.0 / 24.0])
    local = to_records(ds.assign_attrs(clock="local standard time"))[0]
    assert local["day_fraction"][0, :2] == pytest.approx([0.0, 1.0 / 24.0])
    assert (to_records(dataset())[0]["day_fraction"] == 0.0).all()


def test_years_beyond_nanoseconds():
    ds = dataset(10)
    ds = ds.assign_coords(
        time=np.arange("2300-01-01", "2300-01-11", dtype="datetime64[D]").astype("datetime64[s]")
    )
    table, dt, _ = to_records(ds)
    assert dt == 1.0
    assert table["year_fraction"][0, 0] == pytest.approx(0.5 / 365.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tas", np.nan),
        ("tas", 15.0),
        ("tas", 400.0),
        ("pr", -1e-6),
        ("pr", 1.0),
        ("rsds", np.inf),
        ("rsds", 900.0),
        ("sfcWind", -1.0),
        ("ps", 880.0),
        ("co2", 0.04),
    ],
)
def test_unphysical_values_are_named(name, value):
    ds = dataset()
    ds[name][0, 31] = value
    with pytest.raises(InputError, match=f"(?i){name}.*location here, time 2015-02-01"):
        to_records(ds)


def test_gap_duplicate_reversed_long_step():
    ds = dataset(10)
    cases = {
        "uneven": ds.isel(time=[0, 1, 2, 4, 5]),
        "duplicate time 2015-01-02": ds.isel(time=[0, 1, 1, 2]),
        "backwards": ds.isel(time=[0, 1, 3, 2]),
        "time step of 31": dataset(3, freq="31D"),
        "at least two": ds.isel(time=[0]),
    }
    for message, bad in cases.items():
        with pytest.raises(InputError, match=message):
            to_records(bad)


def test_missing_variable_is_named():
    with pytest.raises(InputError, match="lacks rsds"):
        to_records(dataset().drop_vars("rsds"))

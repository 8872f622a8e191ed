"""CO2 series: the check values of the source, interpolation, spans, tables of the user."""

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing.co2 import SCENARIOS, co2_series, shipped

END_OF_CENTURY = {
    "ssp119": 393.5,
    "ssp126": 445.6,
    "ssp245": 602.8,
    "ssp370": 867.2,
    "ssp434": 473.4,
    "ssp460": 668.4,
    "ssp534-over": 496.6,
    "ssp585": 1135.2,
}


def mid_year(year, calendar="standard"):
    return xr.date_range(
        f"{year}-07-02 12:00", periods=1, calendar=calendar, use_cftime=calendar != "standard"
    ).values


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_check_values_of_the_source(scenario):
    assert co2_series(scenario, mid_year(2100))[0] == pytest.approx(END_OF_CENTURY[scenario], abs=0.06)
    assert co2_series(scenario, mid_year(1850))[0] == pytest.approx(284.32, abs=0.01)
    assert co2_series(scenario, mid_year(2014))[0] == pytest.approx(397.55, abs=0.01)


def test_table_is_complete():
    table = shipped()
    assert list(table.index) == list(range(1850, 2101))
    assert np.isfinite(table.to_numpy()).all()
    history = table.loc[:2014]
    assert (history.max(axis=1) == history.min(axis=1)).all()


def test_straight_lines_between_mid_years():
    first, second = co2_series("ssp245", mid_year(2050)), co2_series("ssp245", mid_year(2051))
    new_year = co2_series("ssp245", np.array(["2051-01-01"], "datetime64[ns]"))
    assert new_year[0] == pytest.approx((first[0] + second[0]) / 2.0, abs=1e-6)


def test_whole_span_is_covered_and_monotonic():
    days = xr.date_range("1850-01-01", "2100-12-30", freq="D", calendar="360_day", use_cftime=True).values
    co2 = co2_series("ssp585", days)
    assert np.isfinite(co2).all()
    assert (np.diff(co2) > -0.01).all()
    assert np.abs(np.diff(co2)).max() < 0.05  # ppm per day: no jump anywhere


def test_historical_ends_in_2014():
    assert co2_series("historical", mid_year(2014))[0] == pytest.approx(397.55, abs=0.01)
    with pytest.raises(InputError, match="covers 1850 to 2014, asked for 2015-07-02"):
        co2_series("historical", mid_year(2015))


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
def test_years_outside(calendar):
    for year in (1849, 2101):
        with pytest.raises(InputError, match=f"asked for {year}"):
            co2_series("ssp245", mid_year(year, calendar))


def test_constant():
    assert co2_series(410, mid_year(1500, "noleap"))[0] == 410.0
    assert co2_series("410.5", mid_year(2000))[0] == 410.5
    for bad in (0.00041, -5, float("nan"), True, None):
        with pytest.raises(InputError):
            co2_series(bad, mid_year(2000))


def test_own_table(tmp_path):
    path = tmp_path / "co2.csv"
    path.write_text("\ufeffyear,co2\n2000,370\n2001,372\n2002,374\n")
    assert co2_series(path, mid_year(2001))[0] == pytest.approx(372.0, abs=0.01)
    path.write_text("# mine\nyear;co2_ppm\n2000;370\n2010;380\n")
    assert co2_series(str(path), mid_year(2005))[0] == pytest.approx(375.0, abs=0.01)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "year,co2\n2001,1\n2000,2\n", "year,co2\n2000,x\n2001,y\n",
                                     "year,co2\n2000,\n2001,380\n"])  # fmt: skip
def test_bad_tables(tmp_path, content):
    path = tmp_path / "co2.csv"
    path.write_text(content)
    with pytest.raises(InputError, match="co2.csv"):
        co2_series(path, mid_year(2000))


def test_unknown_scenario():
    with pytest.raises(InputError, match="ssp999"):
        co2_series("ssp999", mid_year(2000))

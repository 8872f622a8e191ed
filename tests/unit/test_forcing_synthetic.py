"""The weather generator: climatology, seasons, trends, seeds, calendars, and its CMIP files."""

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import open_forcing, synthetic_forcing, to_records, write_cmip
from karstsim.forcing.synthetic import COMMENT, MODELS, TRENDS


@pytest.fixture(scope="module")
def stationary():
    return synthetic_forcing("stationary", 2015, 2100).isel(location=0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_annual_means(seed):
    ds = synthetic_forcing("stationary", 2015, 2100, seed=seed).isel(location=0)
    annual = (ds.pr * 86400.0).groupby("time.year").sum()
    assert float(annual.mean()) == pytest.approx(1293.0, rel=0.05)
    assert float(ds.tas.mean()) - 273.15 == pytest.approx(15.2, abs=0.3)
    assert float(ds.rsds.mean()) == pytest.approx(125.0, abs=4.0)
    assert float(ds.sfcWind.mean()) == pytest.approx(2.0, abs=0.1)
    assert 0.07 < float(annual.std() / annual.mean()) < 0.2  # years differ as they do in gauges


def test_seasons(stationary):
    rain = (stationary.pr * 86400.0).groupby("time.month").sum() / 86.0
    warm = stationary.tas.groupby("time.month").mean() - 273.15
    assert float(rain.sel(month=slice(5, 10)).sum() / rain.sum()) == pytest.approx(0.80, abs=0.04)
    assert float(warm.sel(month=1)) == pytest.approx(5.0, abs=0.6)
    assert float(warm.sel(month=7)) == pytest.approx(23.5, abs=0.5)
    assert int(rain.idxmax()) == 6


def test_wet_days_persist_and_are_cool_and_dull(stationary):
    wet = stationary.pr.values > 0.0
    assert 0.42 < wet.mean() < 0.52
    assert wet[1:][wet[:-1]].mean() > wet[1:][~wet[:-1]].mean() + 0.2
    summer = stationary.time.dt.month.isin([6, 7, 8]).values
    assert stationary.tas.values[summer & wet].mean() < stationary.tas.values[summer & ~wet].mean() - 1.0
    assert stationary.rsds.values[wet].mean() < 0.7 * stationary.rsds.values[~wet].mean()


def test_trends():
    late = {s: synthetic_forcing(s, 2081, 2100).mean() for s in ("ssp119", "ssp245", "ssp585")}
    base = synthetic_forcing("stationary", 2081, 2100).mean()
    warming = [float(late[s].tas - base.tas) for s in ("ssp119", "ssp245", "ssp585")]
    assert 0.3 < warming[0] < 0.7 < warming[1] < 2.2 < warming[2] < 4.4
    assert float(late["ssp585"].pr / base.pr) == pytest.approx(1.085, abs=0.02)
    assert float(late["ssp585"].co2) > float(late["ssp245"].co2) > float(late["ssp119"].co2)


def test_models_and_factors_spread_the_trends():
    tas = [float(synthetic_forcing("ssp585", 2090, 2100, warming_factor=f).tas.mean()) for f in (0.5, 1.5)]
    assert tas[1] - tas[0] == pytest.approx(4.4 * 0.93, abs=0.2)
    wetter = [float(synthetic_forcing("ssp585", 2090, 2100, rain_factor=f).pr.mean()) for f in (0.0, 2.0)]
    assert wetter[1] / wetter[0] == pytest.approx(1.19, abs=0.02)
    assert len({float(synthetic_forcing("ssp585", 2100, 2100, model=m).pr.sum()) for m in MODELS}) == len(
        MODELS
    )


def test_reproducible_by_seed_and_paired_between_scenarios():
    one, again = synthetic_forcing(seed=7, end=2020), synthetic_forcing(seed=7, end=2020)
    xr.testing.assert_identical(one, again)
    assert not np.array_equal(one.pr, synthetic_forcing(seed=8, end=2020).pr)
    other = synthetic_forcing("ssp585", seed=7, end=2020)
    assert np.array_equal(one.pr > 0.0, other.pr > 0.0)


@pytest.mark.parametrize(("calendar", "days"), [("standard", 731), ("noleap", 730), ("360_day", 720)])
def test_calendars(calendar, days):
    ds = synthetic_forcing("ssp245", 2015, 2016, calendar=calendar)
    assert ds.sizes["time"] == days
    table, dt, _ = to_records(ds)
    assert dt == 1.0
    assert table["year_fraction"].min() > 0.0
    assert table["year_fraction"].max() < 1.0


def test_history_and_all_scenarios_run():
    cold = (
        synthetic_forcing("historical", 1850, 1870).tas.mean()
        - synthetic_forcing("stationary", 1850, 1870).tas.mean()
    )
    assert float(cold) == pytest.approx(-0.94, abs=0.03)
    for scenario in TRENDS:
        to_records(synthetic_forcing(scenario, 2010, 2014))


@pytest.mark.parametrize(
    "bad",
    [{"scenario": "rcp85"}, {"start": 2020, "end": 2019}, {"seed": -1}, {"model": "../x"}, {"calendar": "mayan"},
     {"end": 2101}, {"lat": 80.0}],
)  # fmt: skip
def test_bad_requests(bad):
    with pytest.raises(InputError):
        synthetic_forcing(**bad)


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
def test_written_as_cmip_files_and_read_back(tmp_path, calendar):
    ds = synthetic_forcing("ssp245", 2015, 2017, calendar=calendar)
    paths = write_cmip(ds, tmp_path)
    last = "20171230" if calendar == "360_day" else "20171231"
    assert tmp_path / f"tas_day_synthetic-1_ssp245_r1i1p1f1_gn_20150101-{last}.nc" in paths
    back = open_forcing(tmp_path / "*.nc", lon=105.7, lat=26.3)
    assert np.array_equal(back.time.values, ds.time.values)
    for name in ds.data_vars:
        np.testing.assert_allclose(back[name], ds[name], rtol=1e-7, err_msg=name)
        assert back[name].attrs == ds[name].attrs
    for key in ("source_id", "experiment_id", "variant_label", "calendar"):
        assert back.attrs[key] == ds.attrs[key]
    assert (float(back.lat[0]), float(back.lon[0])) == (26.3, 105.7)


def test_files_say_what_they_are(tmp_path):
    path = write_cmip(synthetic_forcing(end=2015), tmp_path)[0]
    with xr.open_dataset(path) as ds:
        assert ds.attrs["comment"] == COMMENT
        assert ds.attrs["source_id"] == "synthetic-1"
        assert ds.tas.attrs["units"] == "K"
        assert "time_bnds" in ds.variables
        assert ds.time.dt.hour.values[0] == 12

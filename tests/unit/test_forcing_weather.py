"""The fitted generator gives back the record's climate; bounds from the sampling error of the record itself."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import karstsim as ks
from karstsim.core.errors import InputError
from karstsim.forcing import open_station, synthetic_forcing, to_records
from karstsim.forcing.weather import READ, fit_weather

MM = 86400.0
WET = 0.1


def spells(wet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of wet and of dry spells."""
    ends = np.r_[np.flatnonzero(np.diff(wet.astype(int))), wet.size - 1]
    lengths = np.diff(np.r_[-1, ends])
    return lengths[wet[ends]], lengths[~wet[ends]]


@pytest.fixture(scope="module")
def known() -> xr.Dataset:
    return synthetic_forcing("stationary", 1, 60, seed=3, calendar="noleap")


def test_a_known_climate_comes_back(known) -> None:
    """60 years of the Markov chain and gamma law of synthetic.py: shares within 0.01, means within 3 %."""
    out = fit_weather(known).generate(1, 200, seed=5, calendar="noleap")
    a, b = (ds.pr.values[0] * MM for ds in (known, out))
    assert (b >= WET).mean() == pytest.approx((a >= WET).mean(), abs=0.01)
    for x, y in zip(spells(b >= WET), spells(a >= WET), strict=True):
        assert x.mean() == pytest.approx(y.mean(), rel=0.03)
    assert b.mean() == pytest.approx(a.mean(), rel=0.03) and b.std() == pytest.approx(a.std(), rel=0.05)
    for name in ("tas", "rsds", "sfcWind"):
        x, y = known[name].values[0], out[name].values[0]
        assert y.mean() == pytest.approx(x.mean(), abs=0.03 * x.std())
        assert y.std() == pytest.approx(x.std(), rel=0.03)
    cooling = [
        float(ds.tas.where(ds.pr == 0.0).mean() - ds.tas.where(ds.pr > 0.0).mean()) for ds in (known, out)
    ]
    assert cooling[1] == pytest.approx(cooling[0], abs=0.3)


def test_seeds_trends_and_records(known) -> None:
    weather = fit_weather(known, lat=26.3)
    same = [weather.generate(2015, 2020, seed=1) for _ in range(2)]
    xr.testing.assert_identical(*same)
    assert not np.array_equal(same[0].pr, weather.generate(2015, 2020, seed=2).pr)
    warm = weather.generate(2015, 2100, scenario="ssp585", warming=3.0, rain_change=0.2)
    plain = weather.generate(2015, 2100)
    rise = (warm.tas - plain.tas).isel(location=0)
    assert float(rise[0]) == pytest.approx(0.0, abs=1e-3)
    assert float(rise[-1]) == pytest.approx(3.0, abs=0.05)
    ratio = float(warm.pr[0, -3650:].sum() / plain.pr[0, -3650:].sum())
    assert 1.15 < ratio < 1.2
    assert to_records(warm)[0].shape == (1, 31411)
    assert "fitted to a record" in warm.attrs["comment"]


def test_bad_records(known) -> None:
    with pytest.raises(InputError, match="less than five years"):
        fit_weather(known.isel(time=slice(0, 1000)))
    with pytest.raises(InputError, match="give precipitation and temperature"):
        fit_weather(known[["pr", "rsds"]])
    with pytest.raises(InputError, match="unknown scenario"):
        fit_weather(known).generate(2015, 2016, scenario="ssp999")


def test_a_real_record_comes_back(shared_data) -> None:
    """43 years of Daymet: wet share, spells, means and spread, of the year and of every month."""
    path = shared_data / "cmip6_ssp_access_cm2" / "cannonsville__DaymetV4.csv.gz"
    told = {"columns": {"hurs": "rhum_pct"}, "units": {"hurs": "%"}}
    record = open_station(path, variables=READ, gaps=True, lat=42.1, lon=-75.1, **told)
    out = ks.fit_weather(record).generate(1980, 2179)
    rain = record.pr.values[0] * MM
    a, b = rain[np.isfinite(rain)], out.pr.values[0] * MM
    assert (b >= WET).mean() == pytest.approx((a >= WET).mean(), abs=0.01)
    for x, y in zip(spells(b >= WET), spells(a >= WET), strict=True):
        assert x.mean() == pytest.approx(y.mean(), rel=0.03)
        assert np.quantile(x, 0.95) == pytest.approx(np.quantile(y, 0.95), abs=1.0)
    assert b.mean() == pytest.approx(a.mean(), rel=0.02) and b.std() == pytest.approx(a.std(), rel=0.04)
    assert np.quantile(b, 0.99) == pytest.approx(np.quantile(a, 0.99), rel=0.05)
    for name in ("tasmin", "tasmax", "rsds", "sfcWind", "hurs"):
        x, y = record[name].values[0], out[name].values[0]
        x = x[np.isfinite(x)]
        assert y.mean() == pytest.approx(x.mean(), abs=0.03 * x.std()), name
        assert y.std() == pytest.approx(x.std(), rel=0.03), name
    months = [ds.pr.groupby("time.month").mean(skipna=True).values.ravel() for ds in (out, record)]
    np.testing.assert_allclose(months[0], months[1], rtol=0.08)
    months = [ds.tasmax.groupby("time.month").mean(skipna=True).values.ravel() for ds in (out, record)]
    np.testing.assert_allclose(months[0], months[1], atol=0.4)

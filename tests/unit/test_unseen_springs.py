"""Springs that no default was made for: missing days, flashy ones without long recessions, short and fine records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import karstsim as ks
from karstsim import analysis as ka
from karstsim.core.errors import InputError
from karstsim.report.hydrograph import hydrograph_report


def _spring(values: np.ndarray, freq: str = "1D") -> xr.Dataset:
    time = pd.date_range("2001-01-01", periods=len(values), freq=freq)
    return xr.Dataset({"discharge": ("time", values, {"units": "m3 s-1"})}, {"time": time})


def test_a_missing_day_does_not_end_a_recession() -> None:
    """One day missing of 40 leaves one recession with the alpha that it has; a gap of three days ends it."""
    fall = 10.0 * np.exp(-0.03 * np.arange(40.0))
    fall[15] = np.nan
    (one,) = ka.recessions(fall)
    assert one.length == 39.0 and one.t.size == 39
    assert ka.fit_maillet(one).alpha == pytest.approx(0.03, rel=1e-9)
    fall[15:18] = np.nan
    assert [r.length for r in ka.recessions(fall)] == [21.0]
    assert ka.recessions(fall[:30], longest_gap=0.0) == []


def test_a_flashy_spring_has_its_short_recessions_used() -> None:
    """Floods every 12 days: no recession of 20 days, so those of 10 are used, and it is said."""
    spring = _spring(np.tile(8.0 * np.exp(-0.3 * np.arange(12.0)) + 0.5, 100))
    report = hydrograph_report(spring)
    assert report["indices"]["recessions"] > 50
    assert any("10 days" in text for text in report["warnings"])


def test_a_short_record_has_shorter_lags() -> None:
    """Sixty days: correlations up to thirty, said in a warning, instead of a refusal."""
    rng = np.random.default_rng(3)
    report = hydrograph_report(_spring(1.0 + rng.gamma(2.0, 1.0, 60)))
    assert any("up to 30 days" in text for text in report["warnings"])


def test_the_spectrum_is_the_sum_over_lags() -> None:
    """The cosine transform against the sum that defines it, term by term."""
    x = np.random.default_rng(2).normal(size=400).cumsum()
    found = ka.spectrum(x, truncation=50.0)
    k = np.arange(1, 51)
    r = ka.autocorrelation(x, max_lag=50.0)["r"].values[1:]
    window = 0.5 * (1.0 + np.cos(np.pi * k / 50))
    waves = np.cos(2.0 * np.pi * np.outer(found["frequency"], k))
    assert found["density"].values == pytest.approx(
        2.0 * (1.0 + 2.0 * waves @ (window * r)), rel=1e-10, abs=1e-10
    )


def test_a_record_by_the_hour_has_the_recessions_of_its_days() -> None:
    """A store of 25 days, refilled every 50, read by the hour with 3 % of noise: no fall of hours lasts a week."""
    hours = np.arange(24 * 300)
    noise = np.exp(0.03 * np.random.default_rng(2).standard_normal(len(hours)))
    report = hydrograph_report(_spring(np.exp(-(hours % 1200) / 24.0 / 25.0) * noise, "h"))
    assert "recessions are those of daily means" in report["warnings"]
    assert report["indices"]["recessions"] == 6
    assert report["indices"]["alpha_mean"] == pytest.approx(1.0 / 25.0, rel=0.1)


def test_a_record_of_a_few_days_is_refused_by_name():
    with pytest.raises(InputError, match=r"discharge: has 19 steps, too few.*\n.*20 steps or more"):
        hydrograph_report(_spring(np.linspace(2.0, 1.0, 19)))
    assert hydrograph_report(_spring(np.linspace(2.0, 1.0, 20)))["indices"]


def test_a_folder_in_the_place_of_a_table_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)\n.*name a file in it"):
        ks.read_spring_table(tmp_path)

"""Recession, flow duration, correlation and spectrum against cases whose answer can be written down."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim import analysis as ka
from karstsim.analysis.recession import Recession
from karstsim.core.errors import InputError

DAYS = np.arange(120.0)


def recession(q: np.ndarray, t: np.ndarray = DAYS) -> Recession:
    return Recession(0.0, t, q, "m3 s-1")


def over_time(q: np.ndarray, units: str = "m3 s-1") -> xr.DataArray:
    time = pd.date_range("2001-01-01", periods=len(q), freq="D")
    return xr.DataArray(q, {"time": time}, ("time",), attrs={"units": units})


def red_noise(phi: float, n: int, seed: int = 1) -> np.ndarray:
    x, noise = np.zeros(n), np.random.default_rng(seed).normal(size=n)
    for j in range(1, n):
        x[j] = phi * x[j - 1] + noise[j]
    return x + 100.0


# ------------------------------------------------------------------------------------------------ recession


@settings(max_examples=30, deadline=None)
@given(alpha=st.floats(0.001, 0.2), q0=st.floats(0.01, 1e3))
def test_an_exponential_returns_its_constants(alpha: float, q0: float) -> None:
    """ln Q is a straight line: least squares is exact. Stored volume: integral of Q over t = 86400 q0 / alpha."""
    fit = ka.fit_maillet(recession(q0 * np.exp(-alpha * DAYS)))
    assert fit.alpha == pytest.approx(alpha, rel=1e-9)
    assert fit.q0 == pytest.approx(q0, rel=1e-9)
    assert fit.dynamic_volume == pytest.approx(86400.0 * q0 / alpha, rel=1e-8)


def test_an_exponential_has_no_infiltration() -> None:
    law = ka.fit_mangin(recession(5.0 * np.exp(-0.02 * DAYS)))
    assert law.alpha == pytest.approx(0.02, rel=1e-9)
    assert law.q0 == 0.0
    assert np.isnan(law.i)


def test_both_components_of_mangin_come_back() -> None:
    """qr0 3, alpha 0.01; q0 12, eta 1/25, epsilon 0.2.

    i = (1 - 2/25) / (1 + 0.4) = 0.657143; dynamic volume 86400 * 3 exp(-0.25) / 0.01.
    """
    flood = np.where(DAYS < 25.0, 12.0 * (1.0 - DAYS / 25.0) / (1.0 + 0.2 * DAYS), 0.0)
    law = ka.fit_mangin(recession(3.0 * np.exp(-0.01 * DAYS) + flood))
    assert law.t_i == 25.0
    assert (law.alpha, law.qr0, law.q0) == pytest.approx((0.01, 3.0, 12.0), rel=1e-6)
    assert law.epsilon == pytest.approx(0.2, rel=1e-3)
    assert law.i == pytest.approx(0.92 / 1.4, rel=1e-3)
    assert law.dynamic_volume == pytest.approx(86400.0 * 3.0 * np.exp(-0.25) / 0.01, rel=1e-6)
    assert law.efficiency == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("n", [2.0, None])
def test_the_quadratic_law_of_boussinesq(n: float | None) -> None:
    """Q = q0 / (1 + alpha t)^2 is Coutagne's law with n = 2; its volume is q0 / alpha."""
    fit = ka.fit_coutagne(recession(8.0 / (1.0 + 0.03 * DAYS) ** 2), n)
    assert (fit.q0, fit.alpha, fit.n) == pytest.approx((8.0, 0.03, 2.0), rel=1e-4)
    assert fit.dynamic_volume == pytest.approx(86400.0 * 8.0 / 0.03, rel=1e-3)


def test_recessions_begin_at_peaks_and_end_at_rises_gaps_and_drought() -> None:
    """Four falls of 40 d: whole; cut by a gap after 25 d; with a rise of 3 %, left out; dry after 10 d, too short."""
    fall = 10.0 * np.exp(-0.03 * np.arange(40.0))
    gap, bump, dry = fall.copy(), fall.copy(), fall.copy()
    gap[25:29] = np.nan
    bump[20] = bump[19] * 1.03
    dry[10:] = 0.0
    found = ka.recessions(np.r_[1.0, fall, gap, bump, dry], least_days=20.0, tolerance=0.05)
    assert [one.start for one in found] == [1.0, 41.0, 81.0]
    assert [one.length for one in found] == [39.0, 24.0, 39.0]
    assert [one.t.size for one in found] == [40, 25, 39]


def test_the_master_curve_of_parts_of_one_exponential_is_that_exponential() -> None:
    """Parts of Q = 20 exp(-0.05 t) over t 0..40, 30..70 and 60..90 lie on one line after shifting."""
    parts = [
        recession(20.0 * np.exp(-0.05 * (t - 0.0)), t - t[0])
        for t in map(np.arange, (0, 30, 60), (41, 71, 91))
    ]
    curve = ka.master_recession(parts)
    assert curve.fit.alpha == pytest.approx(0.05, rel=1e-9)
    assert curve.t.max() == pytest.approx(90.0)
    np.testing.assert_allclose(curve.discharge, 20.0 * np.exp(-0.05 * curve.t), rtol=1e-9)


# --------------------------------------------------------------------------------- duration and base flow


def test_flow_duration_of_known_ranks() -> None:
    """99 values 1..99: rank j is exceeded j % of the time, so Q10 = 90, Q50 = 50, Q90 = 10; a gap is not counted."""
    q = np.random.default_rng(0).permutation(np.r_[np.arange(1.0, 100.0), np.nan])
    curve = ka.flow_duration(over_time(q))
    assert [float(curve[name]) for name in ("q10", "q50", "q90")] == pytest.approx([90.0, 50.0, 10.0])
    assert float(curve["slope"]) == pytest.approx(np.log(67.0 / 34.0) / 0.33)
    assert float(curve["ratio"]) == pytest.approx(9.0)
    assert curve.attrs["gaps"] == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.0, 1e3), min_size=1, max_size=60))
def test_flow_duration_falls_and_stays_within_the_data(values: list[float]) -> None:
    curve = ka.flow_duration(np.array(values))
    q, p = curve["discharge"].values, curve["exceedance"].values
    assert (np.diff(q) <= 0.0).all()
    assert (np.diff(p) >= 0.0).all()
    assert 0.0 < p.min() <= p.max() < 100.0


def test_base_flow_of_a_constant_is_its_highest_share() -> None:
    """With b_(j-1) = BFI Q: ((1 - BFI) a BFI + (1 - a) BFI) / (1 - a BFI) = BFI. Below Q, and NaN in the gap."""
    base = ka.base_flow(np.r_[np.full(50, 4.0), np.nan, np.full(9, 4.0)], alpha=0.02, most_share=0.8)
    assert np.nanmax(np.abs(base["base_flow"].values - 3.2)) < 1e-12
    assert np.isnan(base["base_flow"].values[50])
    assert float(base["base_flow_index"]) == pytest.approx(0.8)


# ---------------------------------------------------------------------------------- correlation, spectrum


@pytest.mark.parametrize("gaps", [0, 4000])
def test_red_noise_has_its_memory_and_spectrum(gaps: int) -> None:
    """r_k = phi^k: memory ln 0.2 / ln 0.9 = 15.28 d. S(f) = 2 (1 - phi^2) / (1 - 2 phi cos 2 pi f + phi^2): at its
    highest, near f = 0, 2 * 19, so the regulation time is near 19 d (less what the window takes).
    """
    x = red_noise(0.9, 40_000)
    x[np.random.default_rng(2).choice(x.size, gaps, replace=False)] = np.nan
    memory = float(ka.autocorrelation(over_time(x))["memory_effect"])
    assert memory == pytest.approx(np.log(0.2) / np.log(0.9), rel=0.1)
    s = ka.spectrum(over_time(x))
    assert float(s["regulation_time"]) == pytest.approx(19.0, rel=0.15)
    f = s["frequency"].values
    exact = 2.0 * (1.0 - 0.81) / (1.0 - 1.8 * np.cos(2.0 * np.pi * f) + 0.81)
    middle = (f > 0.05) & (f < 0.2)
    np.testing.assert_allclose(s["density"].values[middle].mean(), exact[middle].mean(), rtol=0.1)


def test_white_noise_is_flat() -> None:
    """r_k = 0, S = 2 d for daily values: regulation time 1 d, memory under a day."""
    s = ka.spectrum(red_noise(0.0, 40_000))
    assert float(s["density"].mean()) == pytest.approx(2.0, rel=0.02)
    assert float(s["regulation_time"]) == pytest.approx(1.0, abs=0.25)
    assert float(ka.autocorrelation(red_noise(0.0, 40_000))["memory_effect"]) == pytest.approx(0.8, abs=0.02)


def test_autocorrelation_is_the_classical_one_without_gaps() -> None:
    x = red_noise(0.5, 300)
    d = x - x.mean()
    expected = [np.sum(d[: 300 - k] * d[k:]) / np.sum(d * d) for k in range(11)]
    np.testing.assert_allclose(ka.autocorrelation(x, max_lag=10)["r"], expected, atol=1e-12)


@pytest.mark.parametrize("lag", [0, 1, 7])
def test_a_shifted_series_answers_after_its_shift(lag: int) -> None:
    x = np.random.default_rng(3).gamma(0.5, 5.0, 500)
    r = ka.cross_correlation(x[10:], x[10 - lag : 500 - lag], max_lag=20)
    assert float(r["response_lag"]) == lag
    assert float(r["response_r"]) > 0.9


def test_the_step_of_the_series_counts() -> None:
    """The same numbers at 6 h: lags, memory and regulation time are a quarter."""
    x = red_noise(0.8, 5000)
    daily, quarter = ka.autocorrelation(x, max_lag=100), ka.autocorrelation(x, step=0.25, max_lag=25)
    assert float(quarter["memory_effect"]) == pytest.approx(float(daily["memory_effect"]) / 4.0)
    one, four = ka.spectrum(x, truncation=100), ka.spectrum(x, step=0.25, truncation=25)
    assert float(four["regulation_time"]) == pytest.approx(float(one["regulation_time"]) / 4.0)


# ------------------------------------------------------------------------------------- indices and errors


@pytest.mark.parametrize(
    ("k", "alpha", "ir", "expected"),
    [(0.1, 0.1, 0.3, "C1"), (0.1, 0.1, 0.1, "C2"), (0.1, 0.01, 0.3, "C3"), (0.4, 0.01, 0.1, "C4"),
     (0.5, 0.01, 0.3, "C5"), (0.5, 0.01, 0.1, "C6"), (np.nan, 0.01, 0.1, "")],
)  # fmt: skip
def test_classes(k: float, alpha: float, ir: float, expected: str) -> None:
    """The limits of Cinkus et al. (2021): k_max 0.4, alpha_mean 0.03, IR 0.25."""
    assert ka.karst_class(k, alpha, ir) == expected


def test_indices_of_one_exponential_store() -> None:
    """Ten years of a yearly peak of 10 and alpha 0.01: mean Q = 10 (1 - exp(-3.65)) / (365 (1 - exp(-0.01))), and
    k = 86400 * 10 / 0.01 over the mean volume of 365.2425 d.
    """
    year = 10.0 * np.exp(-0.01 * np.arange(365.0))
    found = ka.karst_indices(over_time(np.tile(year, 10)))
    mean = 10.0 * (1.0 - np.exp(-3.65)) / (365.0 * (1.0 - np.exp(-0.01)))
    assert found.recessions == 10
    assert found.alpha_mean == pytest.approx(0.01)
    assert found.k_max == pytest.approx(10.0 / 0.01 / (mean * 365.2425), rel=1e-9)
    assert found.karst_class == ""


def test_depth_and_discharge_give_the_same_indices() -> None:
    q = np.tile(10.0 * np.exp(-0.01 * np.arange(365.0)), 3)
    one, other = ka.karst_indices(over_time(q)), ka.karst_indices(over_time(q, "mm d-1"))
    assert one.k_max == pytest.approx(other.k_max)


def test_absent_days_become_gaps() -> None:
    q = over_time(red_noise(0.9, 400)).isel(time=np.r_[0:100, 110:400])
    assert ka.autocorrelation(q).attrs == {"gaps": 10, "values": 390}


@pytest.mark.parametrize(
    ("series", "what"),
    [
        (np.ones((2, 3)), "shape"),
        (np.full(200, np.nan), "no value"),
        (np.r_[np.ones(200), np.inf], "infinite"),
        (-np.ones(200), "negative"),
        (over_time(np.ones(200), "feet"), "is in 'feet'"),
    ],
)
def test_what_is_no_discharge_is_refused(series: object, what: str) -> None:
    with pytest.raises(InputError, match=what):
        ka.flow_duration(series)


def test_uneven_times_and_short_series_are_refused() -> None:
    uneven = over_time(np.ones(4)).assign_coords(
        time=pd.Timestamp("2001-01-01") + pd.to_timedelta([0, 24, 48, 55], "h")
    )
    with pytest.raises(InputError, match="resample"):
        ka.flow_duration(uneven)
    with pytest.raises(InputError, match="longer series"):
        ka.spectrum(np.arange(50.0))
    with pytest.raises(InputError, match="does not vary"):
        ka.autocorrelation(np.ones(200))

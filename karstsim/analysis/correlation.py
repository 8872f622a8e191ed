"""Auto- and cross-correlation and the spectrum of a hydrograph, as Mangin (1984) reads them.

Gaps are left out pair by pair; their number is an attribute.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import xarray as xr

from karstsim.analysis.series import Series, as_series
from karstsim.core.errors import InputError

TRUNCATION = 125.0  # d; Mangin's m of a short-term analysis, and that of KarstID
MEMORY_LEVEL = 0.2  # of r_k
NEGLIGIBLE = 0.5  # d; a quarter of the density of daily white noise
LEAST_PAIRS = 10


def autocorrelation(data: xr.DataArray | Any, step: float = 1.0, max_lag: float = TRUNCATION) -> xr.Dataset:
    """Autocorrelation and memory effect (Mangin 1984).

    data     (n,) any quantity over time, or an array of one step (d); NaN are gaps
    max_lag  d

    r_k = C_k / C_0, C_k = 1/n sum (x_j - mean)(x_(j+k) - mean) (Box and Jenkins 1976). With gaps the sum over the
    pairs that are there is scaled up to all pairs.

    Returns r (lag), lag in d; memory_effect (d): the first lag where r falls to 0.2, between lags linear, NaN where
    it does not within max_lag.
    """
    series = as_series(data, step, "series")
    lags = _lags(series, max_lag)
    r = _correlation(series.values, series.values, lags)
    lag = lags * series.step
    attrs = {"gaps": series.gaps, "values": len(series.values) - series.gaps}
    memory = ((), _falls_to(lag, r, MEMORY_LEVEL), {"units": "d", "long_name": "memory effect (r = 0.2)"})
    return xr.Dataset(
        {"r": _curve("lag", r, "autocorrelation"), "memory_effect": memory}, {"lag": _lag(lag)}, attrs
    )


def cross_correlation(
    cause: xr.DataArray | Any, effect: xr.DataArray | Any, step: float = 1.0, max_lag: float = TRUNCATION
) -> xr.Dataset:
    """Cross-correlation of rain and discharge, and the lag of the response (Mangin 1984).

    cause, effect   (n,) over time; of two DataArrays the times that both have are used
    max_lag         d

    r_k = C_xy(k) / (s_x s_y), C_xy(k) = 1/n sum (x_j - mean x)(y_(j+k) - mean y), k from -max_lag to max_lag; at
    positive lags the effect comes after the cause.

    Returns r (lag), lag in d; response_lag (d): the lag from 0 on with the highest r; response_r.
    """
    if isinstance(cause, xr.DataArray) and isinstance(effect, xr.DataArray):
        cause, effect = xr.align(cause, effect, join="inner")
    if np.size(cause) != np.size(effect) or np.size(cause) == 0:
        raise InputError(
            "cross_correlation", "the series have no common times", "give series of the same time"
        )
    x, y = as_series(cause, step, "cause"), as_series(effect, step, "effect")
    positive = _lags(x, max_lag)
    lags = np.r_[-positive[:0:-1], positive]
    r = _correlation(x.values, y.values, lags)
    best = int(np.nanargmax(np.where(lags >= 0, r, -np.inf)))
    lag = lags * x.step
    data = {
        "r": _curve("lag", r, "cross-correlation"),
        "response_lag": ((), float(lag[best]), {"units": "d", "long_name": "lag of the response"}),
        "response_r": ((), float(r[best]), {"units": "1", "long_name": "highest cross-correlation"}),
    }
    gaps = int((np.isnan(x.values) | np.isnan(y.values)).sum())
    return xr.Dataset(data, {"lag": _lag(lag)}, {"gaps": gaps, "values": len(x.values) - gaps})


def spectrum(data: xr.DataArray | Any, step: float = 1.0, truncation: float = TRUNCATION) -> xr.Dataset:
    """Variance density spectrum from the correlogram, with Tukey's window (Jenkins and Watts 1968, Mangin 1984).

    data        (n,) any quantity over time, or an array of one step (d); NaN are gaps
    truncation  m, d: the longest lag

    S(f) = 2 dt (1 + 2 sum_(k=1..m) D_k r_k cos(2 pi f k dt)), D_k = (1 + cos(pi k / m)) / 2, f = j / (2 m dt),
    j = 1..m; over all frequencies it adds up to 1, and white noise has 2 dt.

    Returns density (frequency) in d, frequency in d-1; regulation_time (d) = highest S / 2, the length of the influence
    of a flood; cutoff_frequency (d-1), from which on S stays below 0.5 d. No source gives the level at which the
    spectrum is negligible: this one returns what Mangin (1984, recalled) reads off his four karsts, for series whose
    correlation falls exponentially with their memory effect.
    """
    series = as_series(data, step, "series")
    k = _lags(series, truncation)[1:]
    m = k.size
    r = _correlation(series.values, series.values, np.r_[0, k])[1:]
    if np.isnan(r).any():
        raise InputError(
            "spectrum",
            "too many gaps for some lags",
            "give a shorter truncation, or means of weeks or months",
        )
    frequency = np.arange(1, m + 1) / (2.0 * m * series.step)
    window = 0.5 * (1.0 + np.cos(np.pi * k / m))
    # 1 + 2 sum D_k r_k cos(pi j k / m): a cosine transform of type I, since D_m = 0
    density = 2.0 * series.step * scipy.fft.dct(np.r_[1.0, window * r], type=1)[1:]
    above = np.flatnonzero(density >= NEGLIGIBLE)
    cutoff = frequency[above[-1] + 1] if above.size and above[-1] + 1 < m else np.nan
    data = {
        "density": _curve("frequency", density, "variance density", "d"),
        "regulation_time": ((), float(density.max()) / 2.0, {"units": "d", "long_name": "regulation time"}),
        "cutoff_frequency": ((), float(cutoff), {"units": "d-1", "long_name": "cut-off frequency"}),
    }
    coords = {"frequency": ("frequency", frequency, {"units": "d-1", "long_name": "frequency"})}
    return xr.Dataset(data, coords, {"gaps": series.gaps, "truncation": truncation})


def _correlation(x: np.ndarray, y: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Correlation of x with y `lags` steps later, (n_lags,); NaN where too few pairs are there."""
    here, there = np.isfinite(x), np.isfinite(y)
    u = np.where(here, x - np.mean(x[here]), 0.0)
    v = np.where(there, y - np.mean(y[there]), 0.0)
    scale = np.sqrt(np.sum(u * u) / here.sum() * np.sum(v * v) / there.sum())
    if not scale > 0.0:
        raise InputError("series", "does not vary", "there is nothing to correlate")
    n = x.size
    place = n - 1 + lags
    sums = scipy.signal.correlate(v, u, method="fft")[place]
    pairs = np.rint(scipy.signal.correlate(there.astype("f8"), here.astype("f8"), method="fft")[place])
    enough = pairs >= LEAST_PAIRS
    share = (n - np.abs(lags)) / n
    return np.where(enough, sums / np.where(enough, pairs, 1.0) * share / scale, np.nan)


def _lags(series: Series, longest: float) -> np.ndarray:
    """Lags in steps, 0 to the longest (d)."""
    steps = int(longest / series.step + 1e-9)
    if not 1 <= steps <= len(series.values) - LEAST_PAIRS:
        what = f"lags up to {longest:g} d from a series of {len(series.values) * series.step:g} d"
        raise InputError("series", what, "give a longer series or a shorter max_lag or truncation")
    return np.arange(steps + 1)


def _falls_to(lag: np.ndarray, r: np.ndarray, level: float) -> float:
    """First lag at which r has fallen to the level, linear between lags."""
    below = np.flatnonzero(r <= level)
    if below.size == 0 or np.isnan(r[: below[0]]).any():
        return float("nan")
    k = int(below[0])
    return float(lag[k - 1] + (lag[k] - lag[k - 1]) * (r[k - 1] - level) / (r[k - 1] - r[k]))


def _curve(
    dim: str, values: np.ndarray, name: str, units: str = "1"
) -> tuple[str, np.ndarray, dict[str, str]]:
    return dim, values, {"units": units, "long_name": name}


def _lag(lag: np.ndarray) -> tuple[str, np.ndarray, dict[str, str]]:
    return "lag", lag, {"units": "d", "long_name": "lag"}

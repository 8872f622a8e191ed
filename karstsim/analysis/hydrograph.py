"""What a hydrograph says of its karst: flow duration, base flow, and the indices of functioning of KarstID."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy
import xarray as xr

from karstsim.analysis.correlation import TRUNCATION, autocorrelation, spectrum
from karstsim.analysis.recession import Mangin, Recession, fit_mangin, recessions
from karstsim.analysis.series import VOLUMES, Series, discharge_series
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.errors import InputError

PERCENTILES = (10.0, 50.0, 90.0)  # % of the time that the discharge is exceeded
SLOPE_BETWEEN = (33.0, 66.0)  # %
LEAST_EFFICIENCY = 0.7  # of a fitted recession that counts for the indices
K_MAX, ALPHA_MEAN, IR = 0.4, 0.03, 0.25  # limits of the classes of Cinkus et al. (2021)
CLASSES = {
    "C1": "poor dynamic storage, fast draining, substantial variability of functioning",
    "C2": "poor dynamic storage, fast draining, low variability of functioning",
    "C3": "poor dynamic storage, moderate draining, substantial variability of functioning",
    "C4": "poor dynamic storage, moderate draining, low variability of functioning",
    "C5": "noticeable dynamic storage, slow draining, substantial variability of functioning",
    "C6": "noticeable dynamic storage, slow draining, low variability of functioning",
}


def flow_duration(discharge: xr.DataArray | Any, step: float = 1.0) -> xr.Dataset:
    """Flow duration curve.

    discharge   (n,) m3 s-1 or mm d-1 over time, or an array; gaps are left out and counted

    The exceedance of the value of rank j from the highest is 100 j / (n + 1) % (Weibull 1939); equal values share the
    lowest frequency, their highest rank.

    Returns discharge (exceedance), exceedance in %; q10, q50, q90: exceeded 10, 50, 90 % of the time (NaN beyond the
    curve of a short series); slope: (ln q33 - ln q66) / (0.66 - 0.33), NaN where q66 is 0 (Yadav et al. 2007);
    ratio: q10 / q90, the spring variability coefficient (Flora 2004).
    """
    series = discharge_series(discharge, step)
    q = np.sort(series.values[np.isfinite(series.values)])[::-1]
    exceedance = 100.0 * scipy.stats.rankdata(-q, method="max") / (q.size + 1)
    attrs = {"units": series.units, "long_name": "discharge"}
    data: dict[str, Any] = {"discharge": ("exceedance", q, attrs)}
    places = 100.0 * np.arange(1, q.size + 1) / (q.size + 1)

    def exceeded(percent: float) -> float:
        return float(np.interp(percent, places, q, left=np.nan, right=np.nan))

    for percent in PERCENTILES:
        name = f"discharge exceeded {percent:g} % of the time"
        data[f"q{percent:g}"] = ((), exceeded(percent), {"units": series.units, "long_name": name})
    high, low = (exceeded(percent) for percent in SLOPE_BETWEEN)
    span = (SLOPE_BETWEEN[1] - SLOPE_BETWEEN[0]) / 100.0
    slope = np.log(high / low) / span if low > 0.0 else np.nan
    ratio = exceeded(10.0) / exceeded(90.0) if exceeded(90.0) > 0.0 else np.nan
    data["slope"] = ((), slope, {"units": "1", "long_name": "slope of ln Q between 33 and 66 %"})
    data["ratio"] = ((), ratio, {"units": "1", "long_name": "spring variability coefficient q10 / q90"})
    coords = {"exceedance": ("exceedance", exceedance, {"units": "%", "long_name": "share of time exceeded"})}
    return xr.Dataset(data, coords, {"gaps": series.gaps, "values": int(q.size)})


def base_flow(
    discharge: xr.DataArray | Any, alpha: float, step: float = 1.0, most_share: float = 0.8
) -> xr.Dataset:
    """Base flow by the recursive digital filter of Eckhardt (2005, Eq. 23).

    discharge   (n,) m3 s-1 or mm d-1 over time, or an array of one step (d)
    alpha       recession constant of the base flow, d-1: of `fit_maillet` or `fit_mangin`
    most_share  BFI_max, the share that base flow can reach in the long run; 0.8 for a perennial porous aquifer, and
                a choice rather than a measurement in karst

    b_j = ((1 - BFI) a b_(j-1) + (1 - a) BFI Q_j) / (1 - a BFI) <= Q_j, a = exp(-alpha step); it starts, and starts
    again after a gap, with b = BFI Q.
    Returns base_flow (time) in the unit of discharge and base_flow_index (1) over the steps with values.
    """
    if not (alpha > 0.0 and 0.0 < most_share < 1.0):
        what = f"alpha {alpha}, most_share {most_share}"
        raise InputError("base_flow", what, "give alpha > 0 and most_share between 0 and 1")
    series = discharge_series(discharge, step)
    base = _eckhardt(series, float(np.exp(-alpha * series.step)), most_share)
    total = float(np.nansum(series.values))
    index = float(np.nansum(base)) / total if total > 0.0 else np.nan
    data = {
        "base_flow": ("time", base, {"units": series.units, "long_name": "base flow"}),
        "base_flow_index": ((), index, {"units": "1", "long_name": "base flow index"}),
    }
    return xr.Dataset(data, {"time": series.time}, {"gaps": series.gaps})


def _eckhardt(series: Series, a: float, share: float) -> np.ndarray:
    base = np.full(len(series.values), np.nan)
    before = np.nan
    for j, q in enumerate(series.values.tolist()):
        after_gap = np.isnan(before)
        new = (
            share * q
            if after_gap
            else ((1.0 - share) * a * before + (1.0 - a) * share * q) / (1.0 - a * share)
        )
        base[j] = before = min(new, q) if q == q else np.nan
    return base


@dataclass(frozen=True)
class Indices:
    """Indices of functioning of a karst spring (Mangin 1975, 1984; Cinkus et al. 2021). NaN: cannot be said.

    mean                mean discharge, m3 s-1 (or mm d-1)
    cv                  coefficient of variation, %
    q10_q90             spring variability coefficient, 1
    memory_effect       d;  regulation_time: d;  cutoff_frequency: d-1
    recessions          number of recessions that count
    alpha_mean          mean recession constant of the base flow, d-1
    k_max               regulation: largest dynamic volume over the mean volume of a year, yr
    i_max, i_min        infiltration delay, 1;  ir: their difference, 1
    karst_class         C1 to C6, "" without recession or with one only
    """

    mean: float
    cv: float
    q10_q90: float
    memory_effect: float
    regulation_time: float
    cutoff_frequency: float
    recessions: int
    alpha_mean: float
    k_max: float
    i_max: float
    i_min: float
    ir: float
    karst_class: str
    years: float
    gaps: int

    def as_dict(self) -> dict[str, Any]:
        """Names and values."""
        return asdict(self)


INDEX_UNITS = {
    "mean": "m3 s-1", "cv": "%", "q10_q90": "1", "memory_effect": "d", "regulation_time": "d",
    "cutoff_frequency": "d-1", "recessions": "1", "alpha_mean": "d-1", "k_max": "yr", "i_max": "1", "i_min": "1",
    "ir": "1", "karst_class": "", "years": "yr", "gaps": "1",
}  # fmt: skip
INDEX_MEANINGS = {
    "mean": "mean discharge",
    "cv": "coefficient of variation",
    "q10_q90": "discharge exceeded 10 % of the time over that exceeded 90 %",
    "memory_effect": "lag at which the autocorrelation falls to 0.2",
    "regulation_time": "how long a flood influences the discharge (Mangin)",
    "cutoff_frequency": "above it the spring passes no changes of its input",
    "recessions": "recessions that Mangin's model fits",
    "alpha_mean": "recession coefficient of the base flow, mean of the recessions",
    "k_max": "largest dynamic volume over the volume of a mean year",
    "i_max": "infiltration delay, highest (0: fast, 1: slow)",
    "i_min": "infiltration delay, lowest",
    "ir": "range of the infiltration delay",
    "karst_class": "class after Cinkus et al. (2021)",
    "years": "length of the record, gaps included",
    "gaps": "steps without a value",
}


def karst_indices(
    discharge: xr.DataArray | Any,
    step: float = 1.0,
    found: Sequence[Recession] | None = None,
    least_days: float = 20.0,
    tolerance: float = 0.05,
    truncation: float = TRUNCATION,
) -> Indices:
    """The indices of functioning of a spring, and its class after Cinkus et al. (2021).

    discharge               (n,) m3 s-1 or mm d-1 over time, or an array of one step (d); NaN are gaps
    found                   recessions chosen by hand; by default those of `recessions` with least_days and tolerance
    truncation              longest lag, d

    A recession counts when Mangin's model fits it with an efficiency of at least 0.7 and has a base flow that falls.
    KarstID lets its user choose recessions and the ends of infiltration by eye; here both are found, so that
    indices agree in size and not to the digit. Raises InputError for a series shorter than the truncation.
    """
    series = discharge_series(discharge, step)
    q = series.values[np.isfinite(series.values)]
    chosen = found if found is not None else recessions(discharge, step, least_days, tolerance)
    fits = usable_fits(chosen)
    curve, memory, spectral = (
        flow_duration(discharge, step),
        autocorrelation(discharge, step, truncation),
        spectrum(discharge, step, truncation),
    )
    annual = float(q.mean()) * VOLUMES[series.units][0] * DAYS_PER_YEAR
    delays = [fit.i for fit in fits if np.isfinite(fit.i)]
    k_max = max((fit.dynamic_volume / annual for fit in fits), default=np.nan)
    alpha = float(np.mean([fit.alpha for fit in fits])) if fits else np.nan
    i_max, i_min = max(delays, default=np.nan), min(delays, default=np.nan)
    ir = i_max - i_min if len(delays) > 1 else np.nan
    return Indices(
        mean=float(q.mean()),
        cv=100.0 * float(q.std(ddof=1) / q.mean()) if q.size > 1 and q.mean() > 0.0 else np.nan,
        q10_q90=float(curve["ratio"]),
        memory_effect=float(memory["memory_effect"]),
        regulation_time=float(spectral["regulation_time"]),
        cutoff_frequency=float(spectral["cutoff_frequency"]),
        recessions=len(fits),
        alpha_mean=alpha,
        k_max=k_max,
        i_max=i_max,
        i_min=i_min,
        ir=ir,
        karst_class=karst_class(k_max, alpha, ir),
        years=len(series.values) * series.step / DAYS_PER_YEAR,
        gaps=series.gaps,
    )


def usable_fits(found: Sequence[Recession]) -> list[Mangin]:
    """Mangin's model of the recessions it fits, with a base flow that falls."""
    fits = [fit_mangin(one) for one in found]
    return [fit for fit in fits if fit.efficiency >= LEAST_EFFICIENCY and fit.alpha > 0.0]


def karst_class(k_max: float, alpha_mean: float, ir: float) -> str:
    """Class C1 to C6 of Cinkus et al. (2021), in words in `CLASSES`; "" where an index is NaN.

    k_max yr, alpha_mean d-1, ir 1. Storage is noticeable above k_max 0.4; draining fast from alpha 0.03 on;
    variability substantial from ir 0.25 on.
    """
    if np.isnan([k_max, alpha_mean, ir]).any():
        return ""
    if k_max > K_MAX:
        return "C5" if ir >= IR else "C6"
    if alpha_mean >= ALPHA_MEAN:
        return "C1" if ir >= IR else "C2"
    return "C3" if ir >= IR else "C4"

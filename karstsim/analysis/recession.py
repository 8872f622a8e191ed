"""Recession of a spring: segments of a hydrograph, and the models of Maillet, Coutagne and Mangin.

Time t is in days from the peak. Volumes are in m3 for a discharge in m3 s-1, in mm for mm d-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
import xarray as xr

from karstsim.analysis.series import VOLUMES, discharge_series
from karstsim.core.errors import InputError

INFILTRATION_DAY = 2.0  # d; Mangin's i is the infiltration function at this time
LEAST_BASE = 5  # values that the straight part of ln Q needs
BASE_SHARE = 1.0 / 3.0  # of the days of a recession that its base flow alone has at least
LEAST_VALUES = 3
NO_FLOOD = 1e-6  # of the peak: a quick component below it is none
EXPONENTS = (1.001, 20.0)  # of Coutagne's law
_EPSILONS = (1e-6, 1e4)  # d-1


@dataclass(frozen=True)
class Recession:
    """One recession: its start (stamp, or day of the series), t (n,) d, discharge (n,), and the unit of discharge."""

    start: Any
    t: np.ndarray
    discharge: np.ndarray
    units: str

    @property
    def length(self) -> float:
        """Days from the peak to the last value."""
        return float(self.t[-1])


@dataclass(frozen=True)
class Maillet:
    """Q = q0 exp(-alpha t): alpha d-1, q0 in the unit of discharge, r2 of ln Q, dynamic_volume q0 / alpha."""

    alpha: float
    q0: float
    r2: float
    dynamic_volume: float

    def discharge(self, t: Any) -> Any:
        """Discharge at t, d."""
        return self.q0 * np.exp(-self.alpha * np.asarray(t))


@dataclass(frozen=True)
class Coutagne:
    """Q = q0 (1 + (n - 1) alpha t)^(n / (1 - n)): alpha d-1 at t = 0; n = 2 is Boussinesq's quadratic law."""

    alpha: float
    q0: float
    n: float
    efficiency: float
    dynamic_volume: float

    def discharge(self, t: Any) -> Any:
        """Discharge at t, d."""
        return self.q0 * (1.0 + (self.n - 1.0) * self.alpha * np.asarray(t)) ** (self.n / (1.0 - self.n))


@dataclass(frozen=True)
class Mangin:
    """Q = base + flood; base = qr0 exp(-alpha t), flood = q0 (1 - eta t) / (1 + epsilon t) until t_i = 1 / eta.

    alpha           d-1, of the base flow
    qr0, q0         base flow extrapolated to t = 0 and infiltration flow at t = 0, in the unit of discharge
    eta, epsilon    d-1, mean speed and heterogeneity of the infiltration; NaN where the recession has no flood part
    t_i             d, end of the infiltration
    i               infiltration delay: (1 - 2 eta) / (1 + 2 epsilon), 0 to 1
    dynamic_volume  base flow at t_i over alpha
    efficiency      1 - sum of squared errors / variance of the discharge
    """

    alpha: float
    qr0: float
    q0: float
    eta: float
    epsilon: float
    t_i: float
    i: float
    dynamic_volume: float
    efficiency: float

    def base(self, t: Any) -> Any:
        """Base flow at t, d."""
        return self.qr0 * np.exp(-self.alpha * np.asarray(t))

    def discharge(self, t: Any) -> Any:
        """Discharge at t, d."""
        return self.base(t) + _flood(np.asarray(t), self.q0, self.t_i, np.nan_to_num(self.epsilon))


@dataclass(frozen=True)
class MasterRecession:
    """Recessions shifted along the time axis onto one curve.

    t, discharge    (n,) d from the highest value, and the unit of discharge, all values of all segments
    segment         (n,) number of the segment of each value
    fit             Maillet's law through the lower half of the curve, in ln Q: base flow
    """

    t: np.ndarray
    discharge: np.ndarray
    segment: np.ndarray
    fit: Maillet
    units: str


def recessions(
    discharge: xr.DataArray | Any,
    step: float = 1.0,
    least_days: float = 20.0,
    tolerance: float = 0.05,
    longest_gap: float = 2.0,
) -> list[Recession]:
    """The recessions of a hydrograph, in the order of time.

    discharge   (n,) m3 s-1 or mm d-1 over time, or an array of one step (d); NaN are gaps
    least_days  shortest recession that counts, d
    tolerance   rise above the lowest value so far, as a share of it, that does not end a recession
    longest_gap longest gap that does not end one, d: springs with a day missing here and there have no other

    A recession begins where the discharge stops rising, and ends before it exceeds the lowest value so far by more
    than the tolerance, before a longer gap and before it falls dry. Values above the lowest so far are left out, as the
    small secondary peaks are in KarstID (Cinkus et al. 2021).
    """
    if least_days <= 0.0 or tolerance < 0.0 or longest_gap < 0.0:
        raise InputError(
            "recessions",
            f"least_days {least_days}, tolerance {tolerance}, longest_gap {longest_gap}",
            "give least_days > 0, tolerance >= 0, longest_gap >= 0",
        )
    series = discharge_series(discharge, step)
    q = series.values
    found, first = [], 0
    absent = int(longest_gap / series.step + 1e-9)
    while first < len(q):
        kept, after = _fall(q, first, 1.0 + tolerance, absent)
        if kept and (kept[-1] - kept[0]) * series.step >= least_days and q[kept[-1]] < q[kept[0]]:
            t = (np.array(kept) - kept[0]) * series.step
            found.append(Recession(series.time[kept[0]], t, q[kept], series.units))
        first = after
    return found


def _fall(q: np.ndarray, first: int, most: float, absent: int) -> tuple[list[int], int]:
    """Places of the values that fall from `first` on, over gaps of `absent` steps, and the first place after them."""
    if not q[first] > 0.0:
        return [], first + 1
    kept, place, low, missed = [first], first + 1, q[first], 0
    while place < len(q) and missed <= absent:
        if np.isnan(q[place]):
            missed += 1
        elif not 0.0 < q[place] <= low * most:
            break
        else:
            missed = 0
            if q[place] <= low:
                low = q[place]
                kept.append(place)
        place += 1
    return kept, place


def fit_maillet(recession: Recession) -> Maillet:
    """Maillet (1905): a straight line through ln Q over t by least squares, slope -alpha."""
    t, q = _checked(recession)
    return _maillet(t, q, recession.units)


def _maillet(t: np.ndarray, q: np.ndarray, units: str) -> Maillet:
    line = scipy.stats.linregress(t, np.log(q))
    alpha, q0 = -float(line.slope), float(np.exp(line.intercept))
    return Maillet(alpha, q0, float(line.rvalue) ** 2, _volume(q0, alpha, units))


def fit_coutagne(recession: Recession, n: float | None = 2.0) -> Coutagne:
    """Coutagne (1948): outflow as the power n of the stored volume; by least squares on ln Q.

    n   exponent; 2 is the quadratic law of Boussinesq (1904) for a free water table, towards 1 it becomes Maillet's;
        None fits it, from 1 to 20

    From dV/dt = -Q = -c V^n: Q = q0 (1 + (n-1) alpha t)^(n/(1-n)) with alpha = q0 / V(0).
    """
    if n is not None and not n > 1.0:
        raise InputError("n of Coutagne's law", f"is {n}", "give n above 1, or use fit_maillet")
    t, q = _checked(recession)
    start = _maillet(t, q, recession.units)

    def log_q(t: np.ndarray, log_q0: float, log_alpha: float, power: float) -> np.ndarray:
        return log_q0 + power / (1.0 - power) * np.log1p((power - 1.0) * np.exp(log_alpha) * t)

    guess = [np.log(start.q0), np.log(max(start.alpha, 1e-6))]
    if n is None:
        bounds = ([-np.inf, -np.inf, EXPONENTS[0]], [np.inf, np.inf, EXPONENTS[1]])
        best, _ = scipy.optimize.curve_fit(log_q, t, np.log(q), [*guess, 1.5], bounds=bounds)
    else:
        best, _ = scipy.optimize.curve_fit(lambda t, a, b: log_q(t, a, b, n), t, np.log(q), guess)
    q0, alpha = float(np.exp(best[0])), float(np.exp(best[1]))
    power = n if n is not None else float(best[2])
    law = Coutagne(alpha, q0, power, np.nan, _volume(q0, alpha, recession.units))
    return Coutagne(alpha, q0, power, _efficiency(q, law.discharge(t)), law.dynamic_volume)


def fit_mangin(recession: Recession) -> Mangin:
    """Mangin (1975): base flow after Maillet plus the infiltration from the unsaturated zone.

    Every value from the second on that leaves a third of the days, and five values, to the base flow is tried as the
    end t_i of the infiltration: Maillet's law is fitted to what follows, epsilon to what remains before; the t_i with
    the least squared error of ln Q is taken. A recession that falls straight from its peak has no infiltration
    part: q0 = 0, and eta, epsilon, i are NaN.
    """
    t, q = _checked(recession)
    last = int(np.searchsorted(t, (1.0 - BASE_SHARE) * t[-1], side="right"))
    ends = range(2, min(last, len(t) - LEAST_BASE + 1))
    trials = [law for end in ends if (law := _mangin(t, q, end, recession.units))]
    trials.append(_base_only(t, q, recession.units))
    errors = [_log_error(q, law.discharge(t)) for law in trials]
    return trials[int(np.argmin(errors))]


def _mangin(t: np.ndarray, q: np.ndarray, end: int, units: str) -> Mangin | None:
    """Both components with the infiltration ending at value `end`; None where that leaves none of the two."""
    base = _maillet(t[end:], q[end:], units)
    q0 = float(q[0]) - base.q0
    if not base.alpha > 0.0 or q0 <= NO_FLOOD * q[0]:
        return None
    t_i = float(t[end])
    rest = q[1:end] - base.discharge(t[1:end])

    def error(log_epsilon: float) -> float:
        return float(np.sum((rest - _flood(t[1:end], q0, t_i, np.exp(log_epsilon))) ** 2))

    lowest, highest = np.log(_EPSILONS)
    epsilon = float(
        np.exp(scipy.optimize.minimize_scalar(error, bounds=(lowest, highest), method="bounded").x)
    )
    eta = 1.0 / t_i
    i = max(0.0, 1.0 - INFILTRATION_DAY * eta) / (1.0 + INFILTRATION_DAY * epsilon)
    volume = _volume(base.discharge(t_i), base.alpha, units)
    fitted = base.discharge(t) + _flood(t, q0, t_i, epsilon)
    return Mangin(base.alpha, base.q0, q0, eta, epsilon, t_i, i, volume, _efficiency(q, fitted))


def _base_only(t: np.ndarray, q: np.ndarray, units: str) -> Mangin:
    base = _maillet(t, q, units)
    nothing = (0.0, np.nan, np.nan, 0.0, np.nan)
    return Mangin(base.alpha, base.q0, *nothing, base.dynamic_volume, _efficiency(q, base.discharge(t)))


def _flood(t: np.ndarray, q0: float, t_i: float, epsilon: float) -> np.ndarray:
    """Infiltration flow; 0 from t_i on."""
    share = np.maximum(0.0, 1.0 - t / t_i) if t_i > 0.0 else np.zeros_like(t, dtype="f8")
    return q0 * share / (1.0 + epsilon * t)


def master_recession(found: Sequence[Recession]) -> MasterRecession:
    """Matching strip: each recession is shifted so that its lowest value lies on the curve of the lower ones.

    Snyder (1939), Posavec et al. (2006): the recession with the lowest end comes first; another is set where the
    curve of those before it, or Maillet's law through them where it ends above all of them, has its last value.
    Raises InputError without a recession.
    """
    if not found:
        raise InputError("master_recession", "no recession given", "lower least_days or raise the tolerance")
    order = sorted(range(len(found)), key=lambda k: float(found[k].discharge[-1]))
    t = found[order[0]].t - found[order[0]].t[-1]
    q = found[order[0]].discharge
    number = np.full(t.size, order[0])
    for k in order[1:]:
        one = found[k]
        shifted = one.t - one.t[-1] + _time_of(float(one.discharge[-1]), t, q, one.units)
        t, q = np.r_[t, shifted], np.r_[q, one.discharge]
        number = np.r_[number, np.full(shifted.size, k)]
    place = np.argsort(t, kind="stable")
    t = t[place] - t[place[0]]
    q = q[place]
    low = q <= np.sqrt(q.min() * q.max())
    fit = (
        _maillet(t[low], q[low], found[0].units)
        if low.sum() >= LEAST_BASE
        else _maillet(t, q, found[0].units)
    )
    return MasterRecession(t, q, number[place], fit, found[0].units)


def _time_of(discharge: float, t: np.ndarray, q: np.ndarray, units: str) -> float:
    """Time at which the curve through the values has this discharge."""
    if discharge > q.max():
        fit = _maillet(t, q, units)
        return float(np.log(fit.q0 / discharge) / fit.alpha)
    place = np.argsort(t)
    falling = np.minimum.accumulate(q[place])
    return float(np.interp(-np.log(discharge), -np.log(falling), t[place]))


def _checked(recession: Recession) -> tuple[np.ndarray, np.ndarray]:
    t, q = recession.t, recession.discharge
    if t.size < LEAST_VALUES or not (q > 0.0).all():
        what = f"has {t.size} values, lowest {q.min() if q.size else np.nan:g}"
        raise InputError(
            f"recession of {recession.start}", what, f"give at least {LEAST_VALUES} values above 0"
        )
    return t, q


def _volume(discharge: float, alpha: float, units: str) -> float:
    """Stored volume that drains from this discharge on; infinite where it does not fall."""
    return VOLUMES[units][0] * float(discharge) / alpha if alpha > 0.0 else np.inf


def _log_error(q: np.ndarray, fitted: np.ndarray) -> float:
    return float(np.sum(np.log(fitted / q) ** 2))


def _efficiency(q: np.ndarray, fitted: np.ndarray) -> float:
    """Nash and Sutcliffe (1970)."""
    spread = float(np.sum((q - q.mean()) ** 2))
    return 1.0 - float(np.sum((q - fitted) ** 2)) / spread if spread > 0.0 else np.nan

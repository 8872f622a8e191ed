"""Mean load of a dissolved substance from a discharge and samples of its concentration.

    continuous     mean of Q c where c is there at nearly every step; gaps of c are bridged on straight lines
    interpolation  the same with c of the samples on straight lines between them
    flow_weighted  mean Q times sum(q c)/sum(q) of the samples (q: discharge when the sample was taken)
    beale          the ratio estimator, mean Q (l/q) (1 + s_lq/(n l q)) / (1 + s_qq/(n q^2)), l = mean of q c; it takes
                   out the first-order bias of a ratio of means                                       (Beale 1962)
    rating         ln c = a + b ln Q, with the year's sine and cosine from 24 samples in a year or more on; the mean of
                   exp(residual) corrects for the return from logarithms                              (Duan 1983)

Uncertainty: samples are drawn again in blocks of n^(1/3), in the order of time, so that neighbours that resemble each
other do not count as independent. Their scatter holds the error of each of them; only where every step is there, and
nothing is drawn again, an error of every concentration is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from karstsim.analysis.estimators.monitoring import REGULAR, Monitoring
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.errors import InputError

LAWS = ("continuous", "interpolation", "flow_weighted", "beale", "rating")
SAME = 0.01  # relative difference of two steps that count as one
SEASONAL = 24  # samples, over at least a year, from which a rating knows the season
FEWEST = {"continuous": 2, "interpolation": 2, "flow_weighted": 2, "beale": 3, "rating": 6}


@dataclass(frozen=True)
class Samples:
    """Discharge over the whole time and concentrations of the samples, in the order of time.

    flow, weight, day   of every row with a discharge;  q, c, at: of the samples
    """

    flow: np.ndarray
    weight: np.ndarray
    day: np.ndarray
    q: np.ndarray
    c: np.ndarray
    at: np.ndarray

    @property
    def regular(self) -> bool:
        """Whether discharge was taken at one step, and not only when somebody came to sample."""
        gaps = np.diff(self.day)
        return bool(
            gaps.size and np.mean(np.abs(gaps - np.median(gaps)) <= SAME * np.median(gaps)) >= REGULAR
        )

    def mean_flow(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """(1 + draws,) mean flow: certain where the series is regular, else as certain as its rows are many."""
        mean = np.full(1 + draws, np.average(self.flow, weights=self.weight))
        if not self.regular:
            picked = _blocks(self.flow.size, draws, rng)
            mean[1:] = (self.flow * self.weight)[picked].sum(axis=1) / self.weight[picked].sum(axis=1)
        return mean

    @property
    def share(self) -> float:
        """Samples per row of discharge."""
        return self.c.size / self.flow.size


def samples(m: Monitoring, concentration: np.ndarray, name: str) -> Samples:
    """The samples of a table. Raises InputError where none has a discharge beside it."""
    flow, days = m.flow, m.days
    there = np.isfinite(flow)
    both = there & np.isfinite(concentration)
    if both.sum() < 2:
        raise InputError(
            f"data, {name}", "has less than 2 values with a discharge beside them", "check the dates of both"
        )
    if flow[both].sum() <= 0.0:
        raise InputError("data, discharge", "is zero at all samples", "leave dry times out")
    return Samples(flow[there], m.weights(there), days[there], flow[both], concentration[both], days[both])


def choose(s: Samples) -> str:
    """The law for these samples: continuous where c is as dense as Q, else Beale's, of few assumptions."""
    return (
        "continuous"
        if s.share >= REGULAR and s.regular
        else "beale"
        if s.c.size >= FEWEST["beale"]
        else "flow_weighted"
    )


def mean_load(s: Samples, law: str, error: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(1 + draws,) mean of Q c: the estimate first, then those of samples drawn again.

    error   relative standard deviation of a concentration, for the law continuous
    Raises InputError for too few samples.
    """
    if s.c.size < FEWEST[law]:
        raise InputError(f"load {law!r}", f"has {s.c.size} samples", f"give {FEWEST[law]} at least")
    if law == "continuous":
        noise = 1.0 + error * rng.standard_normal((draws, s.c.size))
        return np.vstack([s.c[None], s.c * noise]) @ _line_weights(s)
    picked = np.vstack([np.arange(s.c.size)[None], _blocks(s.c.size, draws, rng)])
    q, c, at = s.q[picked], s.c[picked], s.at[picked]
    if law == "flow_weighted":
        return s.mean_flow(draws, rng) * (q * c).sum(axis=1) / q.sum(axis=1)
    if law == "beale":
        return s.mean_flow(draws, rng) * _beale(q, c)
    if law == "rating":
        return _rating(s, q, c, at)
    return np.array([_on_lines(s, a, b) for a, b in zip(at, c, strict=True)])


def _line_weights(s: Samples) -> np.ndarray:
    """What every sample adds to the mean of Q c with c on straight lines: it is linear in c."""
    right = np.clip(np.searchsorted(s.at, s.day, side="right"), 1, s.at.size - 1)
    span = s.at[right] - s.at[right - 1]
    part = np.clip((s.day - s.at[right - 1]) / span, 0.0, 1.0)
    of = s.flow * s.weight / s.weight.sum()
    count = s.at.size
    return np.bincount(right - 1, of * (1.0 - part), count) + np.bincount(right, of * part, count)


def _on_lines(s: Samples, at: np.ndarray, c: np.ndarray) -> float:
    first = np.r_[True, np.diff(at) > 0.0]
    return float(np.average(s.flow * np.interp(s.day, at[first], c[first]), weights=s.weight))


def _blocks(n: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(draws, n) places of samples drawn in blocks that wrap around, sorted in time."""
    length = max(1, round(n ** (1.0 / 3.0)))
    starts = rng.integers(0, n, (draws, -(-n // length)))
    places = (starts[:, :, None] + np.arange(length)) % n
    return np.sort(places.reshape(draws, starts.shape[1] * length)[:, :n], axis=1)


def _beale(q: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Load per discharge."""
    load, n = q * c, q.shape[1]
    mean_q, mean_l = q.mean(axis=1), load.mean(axis=1)
    dq, dl = q - mean_q[:, None], load - mean_l[:, None]
    s_lq, s_qq = (dl * dq).sum(axis=1) / (n - 1), (dq * dq).sum(axis=1) / (n - 1)
    correction = (1.0 + s_lq / (n * mean_l * mean_q)) / (1.0 + s_qq / (n * mean_q**2))
    return mean_l / mean_q * correction


def _design(ln_q: np.ndarray, at: np.ndarray, seasonal: bool) -> np.ndarray:
    """(..., k) columns of the rating: 1, ln Q, and the season."""
    columns = [np.ones_like(ln_q), ln_q]
    if seasonal:
        angle = 2.0 * np.pi * at / DAYS_PER_YEAR
        columns += [np.sin(angle), np.cos(angle)]
    return np.stack(columns, axis=-1)


def _rating(s: Samples, q: np.ndarray, c: np.ndarray, at: np.ndarray) -> np.ndarray:
    least = s.flow[s.flow > 0.0].min()
    seasonal = s.c.size >= SEASONAL and float(np.ptp(s.at)) >= DAYS_PER_YEAR
    x = _design(np.log(np.maximum(q, least)), at, seasonal)
    everywhere = _design(np.log(np.maximum(s.flow, least)), s.day, seasonal)
    y = np.log(np.maximum(c, np.finfo("f8").tiny))
    out = np.empty(len(q))
    for i in range(len(q)):
        fit = np.linalg.lstsq(x[i], y[i], rcond=None)[0]
        smear = np.exp(y[i] - x[i] @ fit).mean()
        out[i] = np.average(s.flow * np.exp(everywhere @ fit), weights=s.weight) * smear
    return out

"""How well simulated values fit observed ones: scores, limits of acceptance, and log-likelihoods of error models.

All functions take `simulated` (member, time) and `observed` (time), both without gaps, and give one number a member.
A censored observation, of which only an upper limit is known, costs nothing while the model stays below the limit.

    KGE     1 - sqrt((r-1)^2 + (a-1)^2 + (b-1)^2), a ratio of standard deviations (2009) or of coefficients of
            variation (2012), b ratio of means                              [gupta2009; kling2012]
    NSE     1 - sum (s-o)^2 / sum (o-mean o)^2                              [nash1970]
    PBIAS   100 sum (s-o) / sum o
    error   s_i = sigma + slope |s|;  e = (o-s)/s_i;  e_i ~ N(rho^d e_(i-1), 1 - rho^(2 d)), d days apart
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import log_ndtr

LOG_SHARE = (
    0.01  # of the mean, added before a logarithm, so that a dry spring has one (Pushpalatha et al. 2012)
)
LOG_2PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True)
class Observed:
    """Observed values of one target, transformed as the simulated ones will be.

    values    (n,) the value, or the limit where censored
    censored  (n,) True where only known to be below it;  days: (n,) times in days
    """

    values: np.ndarray
    censored: np.ndarray
    days: np.ndarray

    def take(self, rows: np.ndarray) -> Observed:
        return Observed(self.values[rows], self.censored[rows], self.days[rows])

    def effective(self, simulated: np.ndarray) -> np.ndarray:
        """(member, time) what each member is held against: below a limit, itself."""
        return np.where(self.censored, np.minimum(simulated, self.values), self.values)


def transformed(values: np.ndarray, how: str, power: float, shift: float) -> np.ndarray:
    """Values as logarithm (of the value plus `shift`), root or Box-Cox power; NaN where they have none."""
    if how == "none":
        return values
    with np.errstate(invalid="ignore", divide="ignore"):
        if how == "log":
            return np.log(values + shift)
        if how == "sqrt":
            return np.sqrt(values)
        return (np.power(values, power) - 1.0) / power


# -------------------------------------------------------------------------------------------------------- scores


def _arrays(simulated: np.ndarray, observed: Observed) -> tuple[xr.DataArray, xr.DataArray]:
    """As the library of scores takes them."""
    target = observed.effective(simulated)
    dims = ("member", "time")
    return xr.DataArray(simulated, dims=dims), xr.DataArray(target, dims=dims)


def _kge(simulated: np.ndarray, observed: Observed, method: str) -> np.ndarray:
    from scores.continuous import kge

    with np.errstate(invalid="ignore", divide="ignore"):
        forecast, target = _arrays(simulated, observed)
        return kge(forecast, target, preserve_dims=["member"], method=method).values


def kge_2009(simulated: np.ndarray, observed: Observed) -> np.ndarray:
    return _kge(simulated, observed, "2009")


def kge_2012(simulated: np.ndarray, observed: Observed) -> np.ndarray:
    return _kge(simulated, observed, "2012")


def nse(simulated: np.ndarray, observed: Observed) -> np.ndarray:
    """With the spread of the observations themselves below: limits count as values there."""
    squares = ((simulated - observed.effective(simulated)) ** 2).sum(axis=1)
    return 1.0 - squares / ((observed.values - observed.values.mean()) ** 2).sum()


def pbias(simulated: np.ndarray, observed: Observed) -> np.ndarray:
    from scores.continuous import pbias as percent

    return percent(*_arrays(simulated, observed), preserve_dims=["member"]).values


def rmse(simulated: np.ndarray, observed: Observed) -> np.ndarray:
    from scores.continuous import rmse as root

    return root(*_arrays(simulated, observed), preserve_dims=["member"]).values


def inside_limits(simulated: np.ndarray, observed: Observed, absolute: float, relative: float) -> np.ndarray:
    """Share of the observations within `absolute` + `relative` x |observed| of the model [beven2006]."""
    width = absolute + relative * np.abs(observed.values)
    distance = np.abs(simulated - observed.effective(simulated))
    inside = (distance <= width).mean(axis=1)
    return np.where(np.isfinite(simulated).all(axis=1), inside, np.nan)


# --------------------------------------------------------------------------------------------------- likelihoods


def deviations(simulated: np.ndarray, sigma: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """(member, time) standard deviation of the error."""
    return sigma[:, None] + slope[:, None] * np.abs(simulated)


def innovations(
    simulated: np.ndarray, observed: Observed, sigma: np.ndarray, slope: np.ndarray, rho: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(member, time) standard normal where the error model holds, and the logarithm of its scale; censored: NaN.

    The memory of an error decays with the days since the last value that was not censored.
    """
    spread = deviations(simulated, sigma, slope)
    known = np.flatnonzero(~observed.censored)
    error = (observed.values[known] - simulated[:, known]) / spread[:, known]
    memory = rho[:, None] ** np.diff(observed.days[known])[None, :]
    rest = np.sqrt(1.0 - memory**2)
    inner, scale = error.copy(), np.log(spread[:, known])
    inner[:, 1:] = (error[:, 1:] - memory * error[:, :-1]) / rest
    scale[:, 1:] += np.log(rest)
    shape = simulated.shape
    whole, scales = np.full(shape, np.nan), np.full(shape, np.nan)
    whole[:, known], scales[:, known] = inner, scale
    return whole, scales


def log_likelihood(
    simulated: np.ndarray, observed: Observed, sigma: np.ndarray, slope: np.ndarray, rho: np.ndarray
) -> np.ndarray:
    """Of each member under its own error parameters (member,); a limit adds the chance to lie below it."""
    inner, scale = innovations(simulated, observed, sigma, slope, rho)
    known, below = ~observed.censored, observed.censored
    total = -0.5 * (inner[:, known] ** 2 + LOG_2PI).sum(axis=1) - scale[:, known].sum(axis=1)
    spread = deviations(simulated[:, below], sigma, slope)
    return total + log_ndtr((observed.values[below] - simulated[:, below]) / spread).sum(axis=1)


# ------------------------------------------------------------------------------------------------------ together

Score = Callable[[np.ndarray, Observed], np.ndarray]
SCORE: Mapping[str, Score] = {
    "kge": kge_2009,
    "kge_2012": kge_2012,
    "nse": nse,
    "log_nse": nse,  # of logarithms, see targets.py
    "pbias": pbias,
    "rmse": rmse,
}


def loss(objective: str, score: np.ndarray, spread: float) -> np.ndarray:
    """What a search makes small, of order one.

    1 - KGE, 1 - NSE, 1 - the share inside the limits, |PBIAS| / 100, RMSE over the `spread` of the observations, minus
    the log-likelihood.
    """
    if objective == "pbias":
        return np.abs(score) / 100.0
    if objective == "rmse":
        return score / spread
    if objective in ("gaussian", "heteroscedastic", "ar1"):
        return -score
    return 1.0 - score


def accepted(objective: str, score: np.ndarray, limit: float) -> np.ndarray:
    """Whether a score is as good as the limit: at least it, or for PBIAS and RMSE at most."""
    if objective in ("pbias", "rmse"):
        return np.abs(score) <= limit
    return score >= limit

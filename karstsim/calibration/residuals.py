"""What the residuals of the best run say: a checklist with pass and fail.

The residuals are those of the transformed values; under an error model its innovations, which should be white noise of
variance one. A failed line does not forbid the fit; it says which of its claims cannot be believed.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from karstsim.calibration.convergence import Check

LEAST_R2 = 0.5  # of what is commonly called satisfactory (Moriasi et al. 2007)
LEVEL = 0.05  # of the tests
FEWEST = 20  # residuals, below which no test is made
NOISE = 1.96  # standard errors of an autocorrelation


def checklist(observed: np.ndarray, simulated: np.ndarray, residuals: np.ndarray) -> list[Check]:
    """Checks of one target: (n,) transformed values and residuals in the order of time, without gaps."""
    if len(residuals) < FEWEST:
        return [Check("residuals", float(len(residuals)), f"at least {FEWEST} for any test", None)]
    tests = {
        "runs test, p": runs_test(residuals),
        "even spread (rank correlation of |residual| with the model), p": even_spread(residuals, simulated),
        "normal residuals (D'Agostino and Pearson), p": float(stats.normaltest(residuals).pvalue),
    }
    r2 = r_squared(observed, simulated)
    lag1, noise = autocorrelation(residuals), NOISE / np.sqrt(len(residuals))
    checks = [
        Check("r2", r2, f"at least {LEAST_R2:g}", bool(r2 >= LEAST_R2)),
        Check("autocorrelation of neighbours", lag1, f"within {noise:.3f}", bool(abs(lag1) <= noise)),
    ]
    return checks + [Check(n, p, f"at least {LEVEL:g}", bool(p >= LEVEL)) for n, p in tests.items()]


def r_squared(observed: np.ndarray, simulated: np.ndarray) -> float:
    """Squared Pearson correlation; NaN where one of them does not vary."""
    if not (np.std(observed) > 0.0 and np.std(simulated) > 0.0):
        return float("nan")
    return float(np.corrcoef(observed, simulated)[0, 1] ** 2)


def autocorrelation(residuals: np.ndarray, lag: int = 1) -> float:
    """Of values `lag` places apart, whatever the time between them."""
    centred = residuals - residuals.mean()
    return float((centred[lag:] * centred[:-lag]).sum() / (centred**2).sum())


def runs_test(residuals: np.ndarray) -> float:
    """Two-sided p of the number of runs above and below the median (Wald & Wolfowitz 1940)."""
    above = residuals > np.median(residuals)
    n, plus = len(above), int(above.sum())
    minus = n - plus
    if plus == 0 or minus == 0:
        return 0.0
    runs = 1 + int((above[1:] != above[:-1]).sum())
    mean = 1.0 + 2.0 * plus * minus / n
    variance = (mean - 1.0) * (mean - 2.0) / (n - 1.0)
    return float(2.0 * stats.norm.sf(abs(runs - mean) / np.sqrt(variance)))


def even_spread(residuals: np.ndarray, simulated: np.ndarray) -> float:
    """p of Spearman's rank correlation between the size of the residuals and the simulated values."""
    return float(stats.spearmanr(np.abs(residuals), simulated).pvalue)

"""Whether a search has ended: rank-normalised split R-hat and effective sample sizes of chains, and other checks.

R-hat and the bulk and tail sizes follow Vehtari et al. (2021), Eqs 3-4, 9-11 and 13-14, with Geyer's (1992) initial
monotone sequence. Uncertainties of a search that fails its checks are refused.          [vehtari2021]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri
from scipy.stats import rankdata

LARGEST_RHAT = 1.01  # Vehtari et al. (2021)
LEAST_ESS = 400.0  # the same: for the bulk and for the tails
TAILS = (0.05, 0.95)
SHORTEST = 8  # draws of a chain: each half then has four


@dataclass(frozen=True)
class Check:
    """One line of a checklist; `passed` is None where it could not be made."""

    name: str
    value: float
    limit: str
    passed: bool | None

    def line(self) -> str:
        word = {True: "pass", False: "FAIL", None: "not made"}[self.passed]
        value = f"{self.value:.4g}" if np.isfinite(self.value) else "unknown"
        return f"{word:8} {self.name}: {value} ({self.limit})"


def split(chains: np.ndarray) -> np.ndarray:
    """(2 m, n // 2) halves of (m, n) chains; the middle of an odd number is left out."""
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, -half:]])


def normal_ranks(chains: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks over all chains."""
    ranks = rankdata(chains, method="average").reshape(chains.shape)
    return ndtri((ranks - 0.375) / (chains.size + 0.25))


def plain_rhat(chains: np.ndarray) -> float:
    """sqrt(((n-1)/n W + B/n) / W) of (m, n) chains."""
    n = chains.shape[1]
    within = chains.var(axis=1, ddof=1).mean()
    between = n * chains.mean(axis=1).var(ddof=1)
    if not within > 0.0:
        return float("inf") if between > 0.0 else float("nan")
    return float(np.sqrt(((n - 1) / n * within + between / n) / within))


def rhat(chains: np.ndarray) -> float:
    """The larger of the R-hat of the ranks and of the ranks of the distances from the median, of (m, n) chains."""
    if chains.shape[1] < SHORTEST or not np.isfinite(chains).all():
        return float("nan")
    halves = split(chains)
    folded = np.abs(halves - np.median(halves))
    return max(plain_rhat(normal_ranks(halves)), plain_rhat(normal_ranks(folded)))


def _autocovariance(chains: np.ndarray) -> np.ndarray:
    """(m, n) by lag, divided by n."""
    n = chains.shape[1]
    centred = chains - chains.mean(axis=1, keepdims=True)
    size = next_fast_len(2 * n)
    spectrum = rfft(centred, size, axis=1)
    return irfft(spectrum * np.conj(spectrum), size, axis=1)[:, :n] / n


def plain_ess(chains: np.ndarray) -> float:
    """Effective number of draws in (m, n) chains."""
    m, n = chains.shape
    if 2 * n < SHORTEST or not np.isfinite(chains).all():
        return float("nan")
    covariance = _autocovariance(chains)
    within = covariance[:, 0].mean() * n / (n - 1)
    variance = within * (n - 1) / n + (chains.mean(axis=1).var(ddof=1) if m > 1 else 0.0)
    if not variance > 0.0:
        return float("nan")
    rho = 1.0 - (within - covariance.mean(axis=0) * n / (n - 1)) / variance
    rho[0] = 1.0
    pairs = rho[: n - n % 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0.0)
    pairs = np.minimum.accumulate(pairs[: negative[0] if negative.size else len(pairs)])
    time = max(2.0 * pairs.sum() - 1.0, 1.0 / np.log10(m * n))
    return float(m * n / time)


def bulk_ess(chains: np.ndarray) -> float:
    """That of the normal scores of all draws."""
    if chains.shape[1] < SHORTEST:
        return float("nan")
    return plain_ess(normal_ranks(split(chains)))


def tail_ess(chains: np.ndarray) -> float:
    """The smaller of those of the 5 and the 95 % quantile."""
    if chains.shape[1] < SHORTEST:
        return float("nan")
    ends = np.quantile(chains, TAILS)
    return min(plain_ess(split((chains <= end).astype(float))) for end in ends)


def check_chains(chains: np.ndarray, names: list[str], ensembles: int) -> list[Check]:
    """R-hat and effective sizes of every parameter of chains (m, n, d), the walkers of several ensembles in turn.

    For R-hat an ensemble is one chain: many short walkers would differ by chance alone (Margossian et al. 2024). A
    walker that is stuck shows in the effective sizes.
    """
    checks = []
    for i, name in enumerate(names):
        own = chains[:, :, i]
        whole = own.reshape(ensembles, -1, own.shape[1]).transpose(0, 2, 1).reshape(ensembles, -1)
        r, bulk, tail = rhat(whole), bulk_ess(own), tail_ess(own)
        checks += [
            Check(f"R-hat of {name}", r, f"at most {LARGEST_RHAT:g}", bool(r <= LARGEST_RHAT)),
            Check(f"bulk ESS of {name}", bulk, f"at least {LEAST_ESS:g}", bool(bulk >= LEAST_ESS)),
            Check(f"tail ESS of {name}", tail, f"at least {LEAST_ESS:g}", bool(tail >= LEAST_ESS)),
        ]
    return checks


def mend_of(checks: list[Check]) -> str:
    """What would let chains pass: effective sizes grow with the number of draws once chains have met."""
    sizes = [c.value for c in checks if "ESS" in c.name]
    if not np.isfinite(sizes).all():
        return "give more evaluations: the chains are too short to tell how many"
    times = LEAST_ESS / min(sizes)
    return f"give about {times:.1f} times the evaluations" if times > 1.0 else "give more evaluations"

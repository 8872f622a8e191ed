"""Searches for all that is likely: GLUE and ABC by limits of acceptance on even draws, and Markov chains by emcee."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import qmc

from karstsim.calibration import objectives
from karstsim.calibration.convergence import SHORTEST, Check, check_chains, mend_of
from karstsim.calibration.evaluate import CALL, Evaluator
from karstsim.calibration.search import LEAST_GENERATIONS, Found, evolve, finite, optional

LEAST_ACCEPTED = 100  # draws, below which the ends of a 90 % band are of five of them
NO_LIMIT = "the best share; no target says what it accepts, so widths are those of keep"
LARGEST_SHIFT = (
    0.15  # between the medians of two halves of the accepted draws, over the width of their 90 % band
)
START_SHARE = 0.25  # of the budget of an ensemble of walkers, to find where the likelihood is high
LEAST_ROUNDS = 4  # of an ensemble: two generations of that and two steps
START_SPREAD = (
    1.0  # of the log-likelihoods of walkers at the start, as in a posterior: they must not be one point
)
APART = 1000  # between the seeds of two ensembles
SNOOKER_SHARE = (
    0.2  # of the moves: along a line to another walker (ter Braak & Vrugt 2008) beside differences
)
FIRST_LOOK, LATER = (
    1.0 / 16.0,
    1.25,
)  # shares of the steps after which the checks are made: the first, then each times


def accept(evaluator: Evaluator, evaluations: int, sampler: str, keep: float, seed: int) -> Found:
    """Draws of the ranges that every target accepts (its `accept`), or without any limit the best share `keep`.

    GLUE (Beven & Binley 1992) by limits of acceptance (Beven 2006), which is ABC by rejection with a uniform kernel:
    all accepted draws weigh the same.
    """
    d = len(evaluator.problem.free)
    shares = draws(evaluations, d, sampler, seed)
    scores = np.concatenate([evaluator.scores(shares[i : i + CALL]) for i in range(0, len(shares), CALL)])
    totals = evaluator.problem.total(scores)
    chosen = accepted_draws(evaluator, scores, totals, keep)
    order = chosen[np.argsort(totals[chosen], kind="stable")]
    limited = any(t.section.accept is not None for t in evaluator.problem.targets)
    what = "accepted draws" if limited else f"draws kept ({NO_LIMIT})"
    checks = [Check(what, float(len(chosen)), f"at least {LEAST_ACCEPTED}", len(chosen) >= LEAST_ACCEPTED)]
    if len(chosen) >= LEAST_ACCEPTED:
        shift = largest_shift(shares[chosen])
        checks.append(
            Check(
                "shift between halves of the draws",
                shift,
                f"at most {LARGEST_SHIFT:g}",
                shift <= LARGEST_SHIFT,
            )
        )
    trace = np.minimum.accumulate(finite(totals))
    return Found(shares[order], "posterior", checks, trace)


def draws(n: int, d: int, sampler: str, seed: int) -> np.ndarray:
    """(n, d) shares, evenly spread."""
    if sampler == "lhs":
        return qmc.LatinHypercube(d, rng=seed).random(n)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scipy's reminder of the power of two
        return qmc.Sobol(d, rng=seed).random(n)


def accepted_draws(evaluator: Evaluator, scores: np.ndarray, totals: np.ndarray, keep: float) -> np.ndarray:
    """Rows of the draws that are accepted."""
    fine = np.isfinite(totals)
    limited = [(i, t) for i, t in enumerate(evaluator.problem.targets) if t.section.accept is not None]
    if not limited:
        n = min(max(round(keep * len(totals)), 1), int(fine.sum()))
        return np.sort(np.argsort(np.where(fine, totals, np.inf), kind="stable")[:n])
    for i, target in limited:
        fine &= objectives.accepted(
            target.section.objective, scores[:, i], float(target.section.accept or 0.0)
        )
    return np.flatnonzero(fine)


def largest_shift(shares: np.ndarray) -> float:
    """Between the medians of the first and the second half of the draws, of any parameter."""
    half = len(shares) // 2
    one, two = np.median(shares[:half], axis=0), np.median(shares[half:], axis=0)
    low, high = np.quantile(shares, (0.05, 0.95), axis=0)
    return float(np.max(np.abs(one - two) / np.maximum(high - low, 1e-12)))


def chains(
    evaluator: Evaluator, walkers: int, rounds: int, ensembles: int, burn_in: float, seed: int
) -> Found:
    """Draws of the posterior by ensembles of walkers (Foreman-Mackey et al. 2013).

    Priors are flat on the scale of the ranges. Each ensemble begins with a differential evolution of its own, and steps
    by differences between its walkers. Ensembles that ended in different modes fail their R-hat. They walk until their
    checks pass, or the rounds are used up.

    rounds  calls of the model that each ensemble may make, a point of every walker in each
    """
    optional("emcee", "emcee")
    seeds = [seed + APART * i for i in range(ensembles)]
    first_rounds = max(int(START_SHARE * rounds), LEAST_GENERATIONS)
    starts = [evolve(evaluator, walkers, first_rounds, s, START_SPREAD) for s in seeds]
    walks = [_walk(evaluator, start.shares, s) for start, s in zip(starts, seeds, strict=True)]
    for until in _looks(rounds - max(len(start.trace) for start in starts)):
        whole = [_up_to(walk, until) for walk in walks]
        kept = np.concatenate([w[min(round(burn_in * until), until - 1) :].transpose(1, 0, 2) for w in whole])
        checks = check_chains(kept, evaluator.problem.names, ensembles)
        if all(c.passed for c in checks):
            break
    trace = np.minimum.accumulate(np.concatenate([start.trace for start in starts]))
    return Found(kept.reshape(-1, kept.shape[-1]), "posterior", checks, trace, kept, mend_of(checks))


def _looks(steps: int) -> Iterator[int]:
    """Steps after which the checks are made: ever further apart, to cost little and seldom pass by chance."""
    at = FIRST_LOOK * steps
    while at < steps:
        if at >= SHORTEST:
            yield int(at)
        at *= LATER
    yield steps


def _up_to(walk: Any, steps: int) -> np.ndarray:
    """(steps, walkers, d) of a walk that goes on from where it stood."""
    walk.run_mcmc(None, steps - walk.iteration)
    return walk.get_chain()


def _walk(evaluator: Evaluator, start: np.ndarray, seed: int) -> Any:
    """An ensemble of walkers that stands at its start (walkers, d)."""
    import emcee

    def log_probability(points: np.ndarray) -> np.ndarray:
        inside = ((points >= 0.0) & (points <= 1.0)).all(axis=1)
        found = np.full(len(points), -np.inf)
        if inside.any():
            found[inside] = -evaluator.totals(points[inside])
        return found

    moves = [(emcee.moves.DEMove(), 1.0 - SNOOKER_SHARE), (emcee.moves.DESnookerMove(), SNOOKER_SHARE)]
    sampler = emcee.EnsembleSampler(*start.shape, log_probability, vectorize=True, moves=moves)
    state = emcee.State(start, random_state=np.random.RandomState(seed % 2**32).get_state())
    sampler.run_mcmc(state, 1, skip_initial_state_check=True)
    return sampler

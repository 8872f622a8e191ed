"""Searches for the best: differential evolution, NSGA-II for several targets at once, and a local refinement.

Every search works on shares (0-1) of the ranges, gives a whole generation to the model in one call, and depends on its
seed alone, so that a search that begins again asks for the same points and finds them in the ledger.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np
from scipy.optimize import OptimizeResult, differential_evolution, minimize
from scipy.stats import qmc

from karstsim.calibration.convergence import Check
from karstsim.calibration.evaluate import Evaluator
from karstsim.core.errors import InputError

FAILED = 1.0e9  # loss of a run that failed: searches cannot reckon with infinity
POPULATION_PER_PARAMETER, LEAST_POPULATION = 6, 16
LEAST_GENERATIONS = 2  # the first one is drawn, the second searches
LARGEST_SPREAD = 0.01  # of a population's losses, over the smaller of their mean and what the search gained
FLAT_SPREAD = 1.0e-3  # the same: below it the observations do not tell the points apart, however far they lie
WIDEST = 0.25  # standard deviation of a parameter in a population, over that of even draws of its range
EVEN = 12.0**-0.5  # standard deviation of even draws of 0-1
HYPERVOLUME_SHARE, LARGEST_GROWTH = 0.2, 0.01  # over the last fifth of the generations
REFINE_STEPS, REFINE_STEP = 20, 1.0e-3  # gradient steps, and their finite difference as a share of a range
REFINE_SHARE = 0.25  # of the budget, kept for the refinement where that is asked for

Kind = Literal["population", "pareto", "posterior"]


@dataclass(frozen=True)
class Found:
    """What a search ends with.

    shares   (n, d) points: a population, a Pareto front, or draws of the posterior
    kind     which of them; only a posterior has uncertainties
    chains   (m, n, d) of a sampler, after the burn-in
    trace    (generation,) lowest loss so far
    checks   whether it has ended;  mend: what to do where it has not
    """

    shares: np.ndarray
    kind: Kind
    checks: list[Check]
    trace: np.ndarray
    chains: np.ndarray | None = None
    mend: str = "give more evaluations"

    @property
    def converged(self) -> bool:
        return bool(self.checks) and all(c.passed for c in self.checks)


def optional(name: str, method: str) -> ModuleType:
    """A package of the extra `calibration`. Raises InputError where it is absent."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.split(".")[0]
        mend = 'pip install "karstsim[calibration]", or take method = "de" or "glue"'
        raise InputError(f'calibration.method = "{method}"', f"needs the package {package}", mend) from None


def population_size(asked: int | None, n_free: int, even: bool = False) -> int:
    """Points of a generation: as asked, else some for every parameter."""
    size = asked or max(POPULATION_PER_PARAMETER * n_free, LEAST_POPULATION)
    return size + size % 2 if even else size


def latin(n: int, d: int, seed: int) -> np.ndarray:
    return qmc.LatinHypercube(d, rng=seed).random(n)


def finite(losses: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(losses), losses, FAILED)


def evolve(evaluator: Evaluator, population: int, generations: int, seed: int, spread: float = 0.0) -> Found:
    """Differential evolution (Storn & Price 1997) of `population` points, until its checks pass.

    spread  of losses at which it may end before: walkers, whose chains have checks of their own, begin there
    """
    names = evaluator.problem.names
    d = len(names)
    trace: list[float] = []
    first: list[float] = []

    def loss(points: np.ndarray) -> np.ndarray:
        found = finite(evaluator.totals(points.T))
        if not first:
            first.append(float(np.median(found[found < FAILED])) if (found < FAILED).any() else FAILED)
        trace.append(min(float(found.min()), trace[-1] if trace else np.inf))
        return found

    def ended(intermediate_result: OptimizeResult) -> None:
        now = intermediate_result
        if all(c.passed for c in population_checks(now.population, now.population_energies, first[0], names)):
            raise StopIteration

    result = differential_evolution(
        loss, [(0.0, 1.0)] * d, init=latin(population, d, seed), maxiter=generations - 1, rng=seed,
        tol=LARGEST_SPREAD if spread > 0.0 else 0.0, atol=spread, vectorized=True, updating="deferred", polish=False,
        callback=ended,
    )  # fmt: skip
    points, energies = np.asarray(result.population), result.population_energies
    checks = population_checks(points, energies, first[0], names)
    return Found(points[np.argsort(energies, kind="stable")], "population", checks, np.array(trace))


def population_checks(shares: np.ndarray, losses: np.ndarray, first: float, names: list[str]) -> list[Check]:
    """Whether a population (n, d) with these losses (n,) has gathered in one place.

    first   the median loss of the first generation. A loss may have an offset that no point takes away, beside which
            all points look alike; what the search gained has none
    Points that lie apart are as good as gathered where their losses hardly differ: a parameter that the observations do
    not tell keeps its range for ever.
    """
    scale = min(abs(float(losses.mean())), first - float(losses.min()))
    left = float(losses.std() / max(scale, 1.0e-12))
    width = shares.std(axis=0) / EVEN
    widest, flat = int(np.argmax(width)), left <= FLAT_SPREAD
    return [
        Check(
            "spread of the population's losses, over the smaller of their mean and the gain since the first generation",
            left, f"at most {LARGEST_SPREAD:g}", left <= LARGEST_SPREAD,
        ),
        Check(
            f"spread of the population in its range, of {names[widest]} (1: even over all of it)",
            float(width[widest]),
            f"at most {WIDEST:g}, or losses that spread by {FLAT_SPREAD:g} at most",
            bool(width[widest] <= WIDEST) or flat,
        ),
    ]  # fmt: skip


class _SpentError(Exception):
    """A refinement has no runs left for another gradient."""


def refine(evaluator: Evaluator, start: np.ndarray, runs: int) -> None:
    """L-BFGS-B from `start` (d,), of at most so many `runs`; a gradient is one call. What it finds is in the ledger."""
    d = len(start)
    calls = 0

    def loss_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal calls
        calls += 1
        if calls * (2 * d + 1) > runs:
            raise _SpentError
        low, high = np.maximum(x - REFINE_STEP, 0.0), np.minimum(x + REFINE_STEP, 1.0)
        points = np.tile(x, (2 * d + 1, 1))
        points[np.arange(d), np.arange(d)] = low
        points[np.arange(d, 2 * d), np.arange(d)] = high
        losses = finite(evaluator.totals(points))
        gradient = (losses[d : 2 * d] - losses[:d]) / (high - low)
        return float(losses[-1]), np.where(np.abs(gradient) < FAILED, gradient, 0.0)

    with contextlib.suppress(_SpentError):
        minimize(
            loss_and_gradient, start, jac=True, method="L-BFGS-B", bounds=[(0.0, 1.0)] * d,
            options={"maxiter": REFINE_STEPS},
        )  # fmt: skip


def pareto(evaluator: Evaluator, population: int, generations: int, seed: int) -> Found:
    """NSGA-II (Deb et al. 2002): the points that no other beats in all targets."""
    optional("pymoo", "nsga2")
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.callback import Callback
    from pymoo.core.problem import Problem
    from pymoo.indicators.hv import HV
    from pymoo.optimize import minimize as search

    d, n_targets = len(evaluator.problem.free), len(evaluator.problem.targets)

    class Targets(Problem):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(n_var=d, n_obj=n_targets, xl=0.0, xu=1.0)

        def _evaluate(self, x: np.ndarray, out: dict[str, Any], *_: object, **__: object) -> None:
            out["F"] = finite(evaluator.losses(x))

    fronts: list[np.ndarray] = []

    class Fronts(Callback):  # type: ignore[misc]
        def notify(self, algorithm: Any) -> None:
            fronts.append(algorithm.opt.get("F").copy())

    result = search(
        Targets(), NSGA2(pop_size=population, sampling=latin(population, d, seed)), ("n_gen", generations),
        seed=seed, callback=Fronts(), verbose=False,
    )  # fmt: skip
    corner = np.max([f.max(axis=0) for f in fronts if (f < FAILED).all()] or [np.ones(n_targets)], axis=0)
    volumes = np.array([float(HV(ref_point=corner + 1e-9)(f)) for f in fronts])
    before = volumes[-1 - max(round(HYPERVOLUME_SHARE * len(volumes)), 1)] if len(volumes) > 1 else 0.0
    growth = float((volumes[-1] - before) / volumes[-1]) if volumes[-1] > 0.0 else np.inf
    check = Check(
        "growth of the hypervolume in the last fifth",
        growth,
        f"at most {LARGEST_GROWTH:g}",
        growth <= LARGEST_GROWTH,
    )
    weights = np.array([t.section.weight for t in evaluator.problem.targets])
    trace = np.minimum.accumulate([float((f @ weights).min() / weights.sum()) for f in fronts])
    shares = np.atleast_2d(result.X)
    order = np.argsort(finite(evaluator.totals(shares)), kind="stable")
    return Found(shares[order], "pareto", [check], trace)

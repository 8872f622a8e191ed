"""Known parameters are found again, and 90 % intervals hold them 90 times of 100.

    python -m experiments.synthetic_twin.run [--twins N] [--draws N] [--chains N] [--seed S] [--workers N]
    python -m experiments.synthetic_twin.run --write FOLDER     # the first twin, to calibrate by config.toml there

A twin is drawn from the ranges of config.toml; its discharge, every three weeks with gaps and correlated errors, is
written as a table and read back as any spring's would be. The model is run once for all twins at `--draws` points of
the ranges; each twin weighs them by its likelihood, which gives its posterior without a search. The first `--chains`
twins are also sampled by emcee, to compare.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binom

from experiments.verdicts import Line, table
from karstsim.calibration.config import load_calibration
from karstsim.calibration.evaluate import CALL, Evaluator
from karstsim.calibration.ledger import Ledger
from karstsim.calibration.objectives import LOG_SHARE
from karstsim.calibration.problem import Problem, open_problem
from karstsim.calibration.results import refusal
from karstsim.calibration.run import run_search
from karstsim.calibration.sampling import draws

HERE = Path(__file__).parent
NOMINAL, ENDS = 0.90, (0.05, 0.95)
BAND = (0.85, 0.98)  # of the coverage
LEAST_WEIGHED = 50.0  # effective draws of a twin
OFTEN = 21  # days between observations, at the least
KEPT_SHARE = 0.8  # of the days that are left; the rest are gaps


def observe(
    folder: Path, clean: np.ndarray, days: np.ndarray, sigma: float, rho: float, seed: list[int]
) -> None:
    """Write the table of a twin: logarithms of the discharge with an error that remembers itself."""
    random = np.random.default_rng(seed)
    error = np.empty(len(days))
    error[0] = random.standard_normal()
    for i in range(1, len(days)):
        memory = rho ** float(days[i] - days[i - 1])
        error[i] = memory * error[i - 1] + np.sqrt(1.0 - memory**2) * random.standard_normal()
    shift = LOG_SHARE * clean.mean()
    noisy = np.maximum((clean + shift) * np.exp(sigma * error) - shift, 0.0)
    dates = np.datetime64("2015-01-01") + days.astype("timedelta64[D]")
    pd.DataFrame({"date": dates.astype(str), "Q (m3/s)": noisy}).to_csv(folder / "spring.csv", index=False)


def observation_days(random: np.random.Generator, n_days: int) -> np.ndarray:
    every = np.arange(0, n_days, OFTEN)
    return every[random.random(len(every)) < KEPT_SHARE]


def simulate(problem: Problem, values: np.ndarray, workers: int) -> np.ndarray:
    """(n, days) discharge."""
    parts = [problem.simulate(values[i : i + CALL], workers)[0][0] for i in range(0, len(values), CALL)]
    return np.concatenate(parts)


def weighed(values: np.ndarray, logs: np.ndarray) -> tuple[np.ndarray, float]:
    """(2, d) ends of the interval of the draws weighed by their likelihood, and the effective number of draws."""
    weights = np.exp(logs - np.nanmax(logs))
    weights = np.where(np.isfinite(weights), weights, 0.0)
    weights /= weights.sum()
    ends = np.empty((2, values.shape[1]))
    for j in range(values.shape[1]):
        order = np.argsort(values[:, j])
        ends[:, j] = np.interp(ENDS, np.cumsum(weights[order]) - 0.5 * weights[order], values[order, j])
    return ends, float(1.0 / (weights**2).sum())


def by_chains(problem: Problem, folder: Path, workers: int) -> tuple[np.ndarray, str]:
    """(2, d) ends of the interval by emcee, and why it would be refused."""
    with Ledger(folder) as ledger:
        found = run_search(Evaluator(problem, ledger, workers))
    return np.quantile(problem.values(found.shares), ENDS, axis=0), refusal(found)


@dataclass(frozen=True)
class Coverage:
    """Parameters, (twin, parameter) whether the interval held the truth, and the effective draws of each twin."""

    names: list[str]
    inside: np.ndarray
    effective: np.ndarray


def find(twins: int = 100, n_draws: int = 8192, chains: int = 0, seed: int = 0, workers: int = 2) -> Coverage:
    with tempfile.TemporaryDirectory() as scratch:
        return cover(Path(scratch), twins, n_draws, chains, seed, workers)


@dataclass(frozen=True)
class Springs:
    """What twins are made from: truths (twin, parameter), clean discharge (twin, day), days of warm-up before it."""

    problem: Problem
    truths: np.ndarray
    clean: np.ndarray
    warm_up: int
    seed: int

    def write(self, folder: Path, k: int, days: np.ndarray) -> None:
        """The table of twin `k`, observed at these days after the warm-up."""
        sigma = self.truths[k, self.problem.names.index("discharge:sigma")]
        rho = float(self.problem.targets[0].section.rho)  # type: ignore[arg-type]
        observe(folder, self.clean[k, days], days + self.warm_up, sigma, rho, [self.seed, k])


def springs(folder: Path, twins: int, random: np.random.Generator, seed: int, workers: int) -> Springs:
    """Draw twins from the ranges of config.toml, which is copied into the folder, and run them."""
    config = shutil.copy(HERE / "config.toml", folder / "config.toml")
    every_day = np.arange(731)
    observe(folder, np.ones(731) + every_day, every_day, 0.0, 0.5, [0])  # to know the model's days
    whole = open_problem(load_calibration(config))
    truths = whole.values(random.random((twins, len(whole.free))))
    clean = simulate(whole, truths, workers)
    return Springs(whole, truths, clean, int(whole.targets[0].periods[0]), seed)


def write_first(folder: Path, twins: int, seed: int, workers: int) -> None:
    """The first twin as a user's spring: its configuration, its table and its truth."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed + 1)
    made = springs(folder, twins, random, seed, workers)
    made.write(folder, 0, observation_days(random, made.clean.shape[1]))
    truth = dict(zip(made.problem.names, made.truths[0].tolist(), strict=True))
    (folder / "truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")


def cover(folder: Path, twins: int, n_draws: int, chains: int, seed: int, workers: int) -> Coverage:
    random = np.random.default_rng(seed + 1)
    made = springs(folder, twins, random, seed, workers)
    whole, truths = made.problem, made.truths
    points = whole.values(draws(n_draws, len(whole.free), "sobol", seed))
    simulated = simulate(whole, points, workers)
    inside, effective = np.zeros((twins, len(whole.free)), dtype=bool), np.zeros(twins)
    for k, truth in enumerate(truths):
        days = observation_days(random, made.clean.shape[1])
        made.write(folder, k, days)
        twin = open_problem(load_calibration(folder / "config.toml"))
        assert (twin.targets[0].periods - made.warm_up == days).all()
        ends, effective[k] = weighed(points, twin.scores(points, [simulated[:, days]])[:, 0])
        inside[k] = (ends[0] <= truth) & (truth <= ends[1])
        if k < chains:
            show_chains(twin, truth, ends, folder / f"twin{k}", workers)
    return Coverage(whole.names, inside, effective)


def show_chains(twin: Problem, truth: np.ndarray, ends: np.ndarray, folder: Path, workers: int) -> None:
    folder.mkdir()
    sampled, refused = by_chains(twin, folder, workers)
    print(f"{'':32s}{'truth':>10s}{'weighed 5-95 %':>24s}{'emcee 5-95 %':>24s}")
    for name, t, (a, b), (c, d) in zip(twin.names, truth, ends.T, sampled.T, strict=True):
        print(f"{name:32s}{t:10.4g}{f'{a:.4g} .. {b:.4g}':>24s}{f'{c:.4g} .. {d:.4g}':>24s}")
    print(f"  emcee: {refused or 'converged'}", flush=True)


def verdicts(found: Coverage) -> list[Line]:
    """Coverage of all parameters together; that of each, which scatters more, stands beside."""
    twins = len(found.inside)
    low, high = (float(end) for end in binom.ppf(ENDS, twins, NOMINAL) / twins)
    lines = [
        Line(
            f"90 % intervals that hold the truth, {twins} twins",
            float(found.inside.mean()),
            *BAND,
            calibrated=True,
        )
    ]
    for name, share in zip(found.names, found.inside.mean(axis=0), strict=True):
        lines.append(
            Line(f"the same of {name}, within chance", float(share), low, high, calibrated=True, scored=False)
        )
    return lines


def describe(found: Coverage) -> str:
    few = int((found.effective < LEAST_WEIGHED).sum())
    return (
        f"effective draws: median {np.median(found.effective):.0f}, least {found.effective.min():.0f}; "
        f"fewer than {LEAST_WEIGHED:.0f} in {few} twins"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--twins", type=int, default=100)
    parser.add_argument("--draws", type=int, default=8192)
    parser.add_argument("--chains", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", type=Path, help="write the first twin into this folder; no more is done")
    asked = parser.parse_args()
    if asked.write is not None:
        write_first(asked.write, asked.twins, asked.seed, asked.workers)
        return
    found = find(asked.twins, asked.draws, asked.chains, asked.seed, asked.workers)
    print(table(verdicts(found)))
    print(describe(found))


if __name__ == "__main__":
    main()

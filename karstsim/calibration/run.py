"""Run a calibration into a folder, or go on with one: search, folds, results, and the way into an ensemble.

The folder holds config.toml (as resolved), ledger.sqlite, posterior.nc, best.toml (a run file of the best run), and,
where uncertainties may be told, posterior.csv with ensemble.toml that runs it. The search itself keeps no state: begun
again, it asks for the same points and finds in the ledger what was done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.calibration import sampling, search
from karstsim.calibration.config import CalibrationConfig, to_toml
from karstsim.calibration.ensemble import best_toml, ensemble_toml, write_draws
from karstsim.calibration.evaluate import Evaluator
from karstsim.calibration.ledger import LEDGER, Ledger
from karstsim.calibration.problem import Problem, open_problem
from karstsim.calibration.results import metrics, posterior
from karstsim.calibration.search import Found
from karstsim.calibration.targets import LEAST_VALUES
from karstsim.core.errors import InputError
from karstsim.core.files import make_folder, whole_file
from karstsim.ensemble.manifest import locked, remove_temporary
from karstsim.model.engine import Progress

CONFIG, POSTERIOR, BEST, DRAWS, ENSEMBLE = (
    "config.toml",
    "posterior.nc",
    "best.toml",
    "posterior.csv",
    "ensemble.toml",
)
# All that a calibration leaves that was killed as it began, but for temporary files.
OF_A_BEGINNING = (CONFIG, LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm", ".lock", "karstsim.log")


@dataclass(frozen=True)
class Outcome:
    """posterior: the results; files: what was written; new: evaluations that this call made."""

    posterior: xr.Dataset
    files: list[Path]
    new: int


def begin(config: CalibrationConfig, folder: Path) -> None:
    """Make the folder of a calibration, or find that it is there already. Raises InputError for one of another."""
    text = to_toml(config)
    path = folder / CONFIG
    if path.is_file():
        if path.read_text(encoding="utf-8") == text:
            Ledger(folder).close()  # made anew where it was removed: a damaged one has to be
            return
        if (folder / LEDGER).is_file():
            mend = "name another folder with -o, or remove this one"
            raise InputError(str(folder), "holds another calibration", mend)
    make_folder(folder)
    remove_temporary(folder)
    if any(entry.name not in OF_A_BEGINNING for entry in folder.iterdir()):
        raise InputError(str(folder), "is not empty and holds no calibration", "name another folder with -o")
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    Ledger(folder).close()


def work(
    config: CalibrationConfig, folder: Path, workers: int = 1, progress: Progress | None = None
) -> Outcome:
    """Search to the end and write the results. Raises InputError for bad input, RunError where nothing can be run."""
    problem = open_problem(config)
    generations(problem)
    with locked(folder), Ledger(folder) as ledger:
        remove_temporary(folder)
        folds = blocks_of(problem)
        others = [problem.fitted_to(fold.masks) for fold in folds]
        evaluator = Evaluator(
            problem, ledger, workers, progress, config.calibration.evaluations, others=others
        )
        found = run_search(evaluator)
        evaluator.refuse_if_all_failed()
        best = best_point(evaluator, found)
        searches = [
            Evaluator(p, ledger, workers, progress, evaluator.budget, f"fold {i} of {len(others)}")
            for i, p in enumerate(others, start=1)
        ]
        skills = [_fold(each, fold) for each, fold in zip(searches, folds, strict=True)]
        results = posterior(found, evaluator, best, config.calibration.seed, skills)
    return Outcome(
        results, _write(results, config, folder), evaluator.new + sum(each.new for each in searches)
    )


def generations(problem: Problem) -> tuple[int, int]:
    """Points of a generation and how many generations the budget holds. Raises InputError where they are too few."""
    settings = problem.config.calibration
    if settings.method == "glue":
        return settings.evaluations, 1
    n_free = len(problem.free)
    size = search.population_size(settings.population, n_free, settings.method == "emcee")
    groups = 1
    if settings.method == "emcee":
        size, groups = max(size, 2 * (n_free + 1)), settings.ensembles
    searched = 1.0 - search.REFINE_SHARE if settings.refine else 1.0
    number = int(searched * settings.evaluations) // (size * groups)
    least = sampling.LEAST_ROUNDS if settings.method == "emcee" else search.LEAST_GENERATIONS
    if number < least:
        what = f"{settings.evaluations} evaluations are {number} generations of {size * groups}"
        what += " beside the refinement" if settings.refine else ""
        mend = f"give at least {math.ceil(least * size * groups / searched)}, or a smaller population"
        raise InputError(f"{problem.config._source}, calibration.evaluations", what, mend)
    return size, number


def run_search(evaluator: Evaluator) -> Found:
    """The search that the configuration asks for."""
    settings = evaluator.problem.config.calibration
    size, number = generations(evaluator.problem)
    if settings.method == "glue":
        return sampling.accept(evaluator, size, settings.sampler, settings.keep, settings.seed)
    if settings.method == "emcee":
        return sampling.chains(evaluator, size, number, settings.ensembles, settings.burn_in, settings.seed)
    run = search.pareto if settings.method == "nsga2" else search.evolve
    return run(evaluator, size, number, settings.seed)


def best_point(evaluator: Evaluator, found: Found) -> np.ndarray:
    """(d,) shares of the evaluation with the lowest loss, refined where that is asked for."""
    problem = evaluator.problem
    if problem.config.calibration.refine:  # from where the search ended, also when begun again
        search.refine(evaluator, found.shares[0], evaluator.budget - evaluator.made)
    points, scores = evaluator.evaluated()
    return np.clip(problem.shares(points[[int(np.argmin(problem.total(scores)))]])[0], 0.0, 1.0)


@dataclass(frozen=True)
class Fold:
    """A block of the fitted time that is held out: (n,) rows of each target, and (n_values,) what the search sees."""

    rows: list[np.ndarray]
    masks: list[np.ndarray]


def blocks_of(problem: Problem) -> list[Fold]:
    """The folds of a problem. Raises InputError where a block of a target has too few values to be judged."""
    settings = problem.config.calibration
    folds = []
    for number in range(settings.folds):
        rows = [np.array_split(np.flatnonzero(t.fitted), settings.folds)[number] for t in problem.targets]
        for target, block in zip(problem.targets, rows, strict=True):
            if len(block) < LEAST_VALUES:
                where = f"{problem.config._source}, calibration.folds"
                what = f"leaves {len(block)} of the {int(target.fitted.sum())} values of {target.label} in a block"
                raise InputError(where, what, f"give fewer folds: a block needs {LEAST_VALUES} values")
        masks = [
            t.fitted & ~np.isin(np.arange(len(t.fitted)), r)
            for t, r in zip(problem.targets, rows, strict=True)
        ]
        folds.append(Fold(rows, masks))
    return folds


def _fold(evaluator: Evaluator, fold: Fold) -> dict[str, dict[str, float]]:
    """Metrics of the block under the fit to the other blocks, by target."""
    problem = evaluator.problem
    best = best_point(evaluator, run_search(evaluator))
    runs = problem.simulate(problem.values(best[None]), evaluator.workers)[0]
    return {
        t.label: metrics(t, run[0], block)
        for t, run, block in zip(problem.targets, runs, fold.rows, strict=True)
    }


def _write(results: xr.Dataset, config: CalibrationConfig, folder: Path) -> list[Path]:
    with whole_file(folder / POSTERIOR) as temporary:
        results.to_netcdf(temporary, engine="netcdf4")
    files = [folder / POSTERIOR, _text(folder / BEST, best_toml(results, config))]
    told = results.attrs["uncertainties"] == "given"
    for name in (DRAWS, ENSEMBLE):
        if not told:
            (folder / name).unlink(missing_ok=True)  # of an earlier run with other code
    if told:
        files += [
            write_draws(results, folder / DRAWS),
            _text(folder / ENSEMBLE, ensemble_toml(results, config, DRAWS)),
        ]
    return files


def _text(path: Path, text: str) -> Path:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path

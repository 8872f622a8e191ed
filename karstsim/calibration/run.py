"""Run a calibration into a folder, or go on with one: search, folds, results, and the way into an ensemble.

The folder holds config.toml (as resolved), ledger.sqlite, posterior.nc, best.toml (parameters of the best run), and,
where uncertainties may be told, posterior.csv with ensemble.toml that runs it. The search itself keeps no state: begun
again, it asks for the same points and finds in the ledger what was done.
"""

from __future__ import annotations

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
from karstsim.core.errors import InputError
from karstsim.core.files import whole_file
from karstsim.ensemble.manifest import locked
from karstsim.model.engine import Progress

CONFIG, POSTERIOR, BEST, DRAWS, ENSEMBLE = (
    "config.toml",
    "posterior.nc",
    "best.toml",
    "posterior.csv",
    "ensemble.toml",
)
OF_A_BEGINNING = (CONFIG, LEDGER, "karstsim.log")  # all that a calibration leaves that was killed as it began


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
    if path.is_file() and (folder / LEDGER).is_file():
        if path.read_text(encoding="utf-8") != text:
            raise InputError(
                str(folder), "holds another calibration", "name another folder with -o, or remove this one"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
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
    with locked(folder), Ledger(folder) as ledger:
        evaluator = Evaluator(problem, ledger, workers, progress, config.calibration.evaluations)
        found = run_search(evaluator)
        evaluator.refuse_if_all_failed()
        best = best_point(evaluator, found)
        folds = [_fold(problem, ledger, i, workers, progress) for i in range(config.calibration.folds)]
        results = posterior(found, evaluator, best, config.calibration.seed, folds)
    return Outcome(results, _write(results, config, folder), evaluator.new)


def run_search(evaluator: Evaluator) -> Found:
    """The search that the configuration asks for."""
    settings = evaluator.problem.config.calibration
    budget, seed = settings.evaluations, settings.seed
    size = search.population_size(
        settings.population, len(evaluator.problem.free), settings.method == "emcee"
    )
    if settings.method == "glue":
        return sampling.accept(evaluator, budget, settings.sampler, settings.keep, seed)
    if settings.method == "emcee":
        size = max(size, 2 * (len(evaluator.problem.free) + 1))
        return sampling.chains(evaluator, size, budget, settings.ensembles, settings.burn_in, seed)
    if settings.method == "nsga2":
        return search.pareto(evaluator, size, max(budget // size, 1), seed)
    return search.evolve(evaluator, size, max(budget // size, 1), seed)


def best_point(evaluator: Evaluator, found: Found) -> np.ndarray:
    """(d,) shares of the evaluation with the lowest loss, refined where that is asked for."""
    problem = evaluator.problem
    if problem.config.calibration.refine:  # from where the search ended, also when begun again
        search.refine(evaluator, found.shares[0])
    points, scores, _ = evaluator.ledger.all_of(problem.context)
    return np.clip(problem.shares(points[[int(np.argmin(problem.total(scores)))]])[0], 0.0, 1.0)


def _fold(
    problem: Problem, ledger: Ledger, number: int, workers: int, progress: Progress | None
) -> dict[str, dict[str, float]]:
    """Metrics of one block of the fitted time under the fit to the other blocks, by target."""
    settings = problem.config.calibration
    blocks = [np.array_split(np.flatnonzero(t.fitted), settings.folds)[number] for t in problem.targets]
    masks = []
    for target, block in zip(problem.targets, blocks, strict=True):
        mask = target.fitted.copy()
        mask[block] = False
        masks.append(mask)
    label = f"fold {number + 1} of {settings.folds}"
    evaluator = Evaluator(problem.fitted_to(masks), ledger, workers, progress, settings.evaluations, label)
    best = best_point(evaluator, run_search(evaluator))
    runs = problem.simulate(problem.values(best[None]), workers)[0]
    return {
        t.label: metrics(t, run[0], block)
        for t, run, block in zip(problem.targets, runs, blocks, strict=True)
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

"""From what a search found to a posterior Dataset: best run, draws, bands, identifiability, checks, held-out scores."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from karstsim.calibration import objectives
from karstsim.calibration.convergence import Check
from karstsim.calibration.evaluate import Evaluator
from karstsim.calibration.problem import Problem, parameter_units
from karstsim.calibration.residuals import checklist
from karstsim.calibration.search import Found
from karstsim.calibration.targets import Target

QUANTILES = (0.05, 0.5, 0.95)
BINS = 20  # of a profile
Folds = Mapping[str, Mapping[str, Mapping[str, float]]]
METRICS = ("kge", "kge_2012", "nse", "log_nse", "pbias", "rmse")
OF_ONE_VALUE = ("pbias", "rmse")  # those that observations without any spread have too
NOT_A_POSTERIOR = {
    "population": "a search for the best point tells no uncertainty; take method = emcee or glue",
    "pareto": "a Pareto front is a range of compromises, no uncertainty; take method = emcee or glue",
}


def refusal(found: Found) -> str:
    """Why no uncertainties are given; empty where they are."""
    if found.kind != "posterior":
        return NOT_A_POSTERIOR[found.kind]
    failed = [c.line() for c in found.checks if not c.passed]
    more = f", and {len(failed) - 3} more" if len(failed) > 3 else ""
    return f"the sampling has not converged ({'; '.join(failed[:3])}{more}); {found.mend}" if failed else ""


def posterior(found: Found, evaluator: Evaluator, best: np.ndarray, seed: int, folds: Folds) -> xr.Dataset:
    """All results.

    best    (d,) shares of the best point
    folds   held-out metrics of each fold (named by its days), by target
    """
    problem = evaluator.problem
    refused = refusal(found)
    chosen = _thinned(found, problem.config.calibration.draws, seed)
    values, best_values = problem.values(chosen), problem.values(best[None])
    ds = xr.Dataset(coords={"parameter": problem.names, "draw": np.arange(len(chosen))})
    ds.coords["units"] = ("parameter", [parameter_units(f) for f in problem.free])
    for name, end in (("lower", 0.0), ("upper", 1.0)):
        ends = problem.values(np.full((1, len(problem.free)), end))[0]
        ds[name] = ("parameter", ends, {"long_name": f"{name} end of the range"})
    ds["log_scale"] = ("parameter", [f.range.log for f in problem.free])
    ds["factor"] = (
        "parameter",
        [f.range.factor for f in problem.free],
        {"long_name": "value is a factor on the default"},
    )
    ds["best"] = ("parameter", best_values[0], {"long_name": "value with the lowest loss"})
    ds["value"] = (("draw", "parameter"), values, {"long_name": f"{found.kind} of the search"})
    scores = evaluator.scores(chosen)
    ds.coords["target"] = [t.label for t in problem.targets]
    ds["score"] = (("draw", "target"), scores, {"long_name": "score by the objective of the target"})
    ds["loss"] = ("draw", problem.total(scores))
    ds.coords["objective"] = ("target", [t.section.objective for t in problem.targets])
    ds["target_loss"] = (("draw", "target"), problem.losses(scores), {"long_name": "loss of each target"})
    ds["trace"] = ("generation", found.trace, {"long_name": "lowest loss so far"})
    if found.chains is not None:
        ds["chain_value"] = (("chain", "step", "parameter"), _chain_values(problem, found.chains))
    _identifiability(ds, problem, evaluator, found, refused)
    simulated = _simulate_draws(problem, values, evaluator.workers)
    best_run = problem.simulate(best_values, evaluator.workers)[0]
    for i, target in enumerate(problem.targets):
        _series(ds, target, simulated[i], best_run[i][0], problem.errors_of(target, values), refused, seed)
    ds = _judgement(ds, problem, best_values, best_run, folds)
    ds.attrs = _attributes(problem, found, refused, evaluator)
    ds.attrs["warnings"] = "\n".join(f"best run: {w}" for w in problem.spin_up_warnings(best_values))
    return ds


def _thinned(found: Found, wanted: int, seed: int) -> np.ndarray:
    """At most `wanted` of the points: drawn at random from a posterior, the best of a population."""
    if len(found.shares) <= wanted:
        return found.shares
    if found.kind != "posterior":
        return found.shares[:wanted]
    rows = np.random.default_rng(seed).choice(len(found.shares), wanted, replace=False)
    return found.shares[np.sort(rows)]


def _chain_values(problem: Problem, chains: np.ndarray) -> np.ndarray:
    return problem.values(chains.reshape(-1, chains.shape[-1])).reshape(chains.shape)


def _simulate_draws(problem: Problem, values: np.ndarray, workers: int) -> list[np.ndarray]:
    if not len(values):
        return [np.zeros((0, len(t.times))) for t in problem.targets]
    return problem.simulate(values, workers)[0]


def _identifiability(
    ds: xr.Dataset, problem: Problem, evaluator: Evaluator, found: Found, refused: str
) -> None:
    """Dotty data, profiles, and how much narrower than the ranges the posterior is."""
    points, scores = evaluator.evaluated()
    totals = problem.total(scores)
    ds["evaluated"] = (("evaluation", "parameter"), points, {"long_name": "all points of the search"})
    ds["evaluated_loss"] = ("evaluation", totals)
    ds["evaluated_target_loss"] = (("evaluation", "target"), problem.losses(scores))
    shares = problem.shares(points)
    profile = np.full((len(problem.free), BINS), np.nan)
    for j in range(len(problem.free)):
        bins = np.clip((shares[:, j] * BINS).astype(int), 0, BINS - 1)
        for b in range(BINS):
            here = totals[(bins == b) & np.isfinite(totals)]
            profile[j, b] = here.min() if here.size else np.nan
    middle = problem.values(np.repeat((np.arange(BINS)[:, None] + 0.5) / BINS, len(problem.free), axis=1)).T
    ds["profile"] = (
        ("parameter", "bin"),
        profile,
        {"long_name": "lowest loss of the evaluations in a bin of the range"},
    )
    ds["profile_at"] = (("parameter", "bin"), middle)
    if not refused:
        ds.coords["quantile"] = list(QUANTILES)
        whole = problem.values(found.shares)
        ds["interval"] = (("quantile", "parameter"), np.quantile(whole, QUANTILES, axis=0))
        width = np.subtract(*np.quantile(found.shares, (QUANTILES[2], QUANTILES[0]), axis=0))
        narrower = 1.0 - width / (QUANTILES[2] - QUANTILES[0])
        ds["identifiability"] = (
            "parameter", narrower, {"long_name": "1 - width of the 5-95 % interval over that of the range"}
        )  # fmt: skip


def safe(label: str) -> str:
    """A label as part of the name of a variable."""
    return re.sub(r"\W+", "_", label)


def _series(
    ds: xr.Dataset, target: Target, simulated: np.ndarray, best: np.ndarray, errors: Mapping[str, np.ndarray],
    refused: str, seed: int,
) -> None:  # fmt: skip
    """Observed and simulated values of a target at the times of the observations, in the observations' unit."""
    name = safe(target.label)
    time = f"time_{name}"
    unit = {"units": target.unit}
    ds.coords[time] = target.times.astype("datetime64[ns]")
    ds[f"observed_{name}"] = (time, target.raw, {**unit, "long_name": f"observed {target.label}"})
    ds[f"censored_{name}"] = (
        time,
        target.observed.censored,
        {"long_name": "below the limit given as observed"},
    )
    ds[f"fitted_{name}"] = (time, target.fitted, {"long_name": "used by the search"})
    ds[f"best_{name}"] = (time, best, {**unit, "long_name": f"{target.label} of the best run"})
    fine = np.isfinite(simulated).all(axis=1)
    if fine.any():
        ends = np.quantile(simulated[fine], (0.0, 0.5, 1.0) if refused else QUANTILES, axis=0)
        what = (
            "lowest, median and highest of the draws; no uncertainty"
            if refused
            else "5, 50 and 95 % of the draws"
        )
        ds[f"band_{name}"] = (("end", time), ends, {**unit, "long_name": what})
    if errors and not refused:
        ds[f"predicted_{name}"] = (
            ("end", time), _with_errors(target, simulated, errors, seed),
            {**unit, "long_name": "5, 50 and 95 % of the draws with their errors"},
        )  # fmt: skip


def _with_errors(
    target: Target, simulated: np.ndarray, errors: Mapping[str, np.ndarray], seed: int
) -> np.ndarray:
    """Quantiles of what would be observed: draws plus errors of the model, untransformed."""
    model = target.transform(simulated)
    zero = np.zeros(len(model))
    spread = objectives.deviations(model, errors["sigma"], errors.get("slope", zero))
    noise = np.random.default_rng(seed).standard_normal(model.shape)
    ends = np.quantile(model + spread * noise, QUANTILES, axis=0)
    how, power = target.section.transform, target.section.power
    if how == "log":
        return np.exp(ends) - target.shift
    if how == "sqrt":
        return np.maximum(ends, 0.0) ** 2
    return np.maximum(power * ends + 1.0, 0.0) ** (1.0 / power) if how == "boxcox" else ends


def metrics(target: Target, simulated: np.ndarray, rows: np.ndarray) -> dict[str, float]:
    """All scores of one run (n,) over some values, untransformed."""
    found: dict[str, float] = {}
    for name in METRICS:
        raw = target.raw[rows]
        seen = objectives.Observed(raw, target.observed.censored[rows], target.observed.days[rows])
        model = simulated[rows][None]
        if name == "log_nse":
            moved = objectives.transformed(raw, "log", 1.0, target.shift)
            seen = objectives.Observed(moved, seen.censored, seen.days)
            model = objectives.transformed(model, "log", 1.0, target.shift)
        fine = (
            len(rows) > 2
            and np.isfinite(model).all()
            and np.isfinite(seen.values).all()
            and (name in OF_ONE_VALUE or np.ptp(seen.values) > 0)
        )
        found[name] = float(objectives.SCORE[name](model, seen)[0]) if fine else float("nan")
    return found


def _judgement(
    ds: xr.Dataset,
    problem: Problem,
    best: np.ndarray,
    runs: list[np.ndarray],
    folds: Folds,
) -> xr.Dataset:
    """Scores of the best run, fitted and held out, of each fold, and the checks of its residuals."""
    table = np.full((len(problem.targets), 2, len(METRICS)), np.nan)
    lines = []
    for i, target in enumerate(problem.targets):
        for j, rows in enumerate((np.flatnonzero(target.fitted), np.flatnonzero(~target.fitted))):
            table[i, j] = list(metrics(target, runs[i][0], rows).values())
        lines.append("\n".join(c.line() for c in _check_residuals(ds, problem, target, best, runs[i])))
    ds.coords["metric"] = list(METRICS)
    ds.coords["part"] = ["fitted", "held out"]
    ds["skill"] = (
        ("target", "part", "metric"),
        table,
        {"long_name": "scores of the best run, untransformed"},
    )
    ds["residual_checks"] = ("target", lines)
    if folds:
        values = [[list(fold[t.label].values()) for t in problem.targets] for fold in folds.values()]
        ds.coords["fold"] = list(folds)
        ds["fold_skill"] = (
            ("fold", "target", "metric"),
            values,
            {"long_name": "scores of the fold that was held out"},
        )
    return ds


def _check_residuals(
    ds: xr.Dataset, problem: Problem, target: Target, best: np.ndarray, run: np.ndarray
) -> list[Check]:
    """The checklist of the best run over the fitted values that are no limits; the residuals join the Dataset."""
    rows = np.flatnonzero(target.fitted)
    model, seen = target.transform(run[:, rows]), target.observed.take(rows)
    errors = problem.errors_of(target, best)
    if errors:
        zero = np.zeros(1)
        inner = objectives.innovations(
            model, seen, errors["sigma"], errors.get("slope", zero), errors.get("rho", zero)
        )[0][0]
    else:
        inner = seen.values - model[0]
    known = ~seen.censored
    whole = np.full(len(target.times), np.nan)
    whole[rows[known]] = inner[known]
    name = safe(target.label)
    ds[f"residual_{name}"] = (f"time_{name}", whole, about_residuals(target, bool(errors)))
    return checklist(seen.values[known], model[0][known], inner[known])


def about_residuals(target: Target, innovations: bool) -> dict[str, str]:
    """Name and unit of the residuals: those of logarithms, and what a standard deviation has divided, have none."""
    how = "log" if target.section.objective == "log_nse" else target.section.transform
    if innovations:
        return {"long_name": "innovation of the error model", "units": "1"}
    if how == "none":
        return {"long_name": "residual", "units": target.unit}
    power = {"log": 0.0, "sqrt": 0.5}.get(how, target.section.power)
    units = "1" if power == 0.0 or target.unit == "1" else f"({target.unit})^{power:g}"
    return {"long_name": "transformed residual", "units": units}


def _attributes(problem: Problem, found: Found, refused: str, evaluator: Evaluator) -> dict[str, Any]:
    from karstsim import __version__

    return {
        "title": f"karstsim calibration of {problem.config.site.name}",
        "method": problem.config.calibration.method,
        "kind": found.kind,
        "ensembles": problem.config.calibration.ensembles,
        "converged": "yes" if found.converged else "no",
        "uncertainties": "given" if not refused else f"refused: {refused}",
        "convergence_checks": "\n".join(c.line() for c in found.checks),
        "observations": "\n".join(f"{t.label}: {note}" for t in problem.targets for note in t.notes),
        "observation_repairs": "\n".join(problem.repairs),
        "forcing_repairs": str(problem.forcing.attrs.get("repairs", "")),
        "failed_evaluations": "\n".join(evaluator.failures()),
        "evaluations": evaluator.ledger.runs([p.context for p in (problem, *evaluator.others)]),
        "context": problem.context,
        "karstsim": __version__,
    }

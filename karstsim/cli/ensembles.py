"""Ensembles: run a file of one, go on with a folder, show how it stands, export its results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karstsim import console
from karstsim.cli.options import Debug, Folder, Json
from karstsim.core.errors import quoted

if TYPE_CHECKING:
    from karstsim.ensemble.config import EnsembleConfig
    from karstsim.ensemble.plan import Plan
    from karstsim.ensemble.run import Outcome

SHOWN = 10  # failed members


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(export)


def run_file(
    config: EnsembleConfig, folder: Path, workers: int | None, scheduler: str | None, as_json: bool
) -> None:
    """Start an ensemble in an empty folder and work on it to its end."""
    from karstsim.ensemble.run import start

    start(config, folder)
    work_in(folder, workers, scheduler, as_json)


def check_file(path: Path, as_json: bool) -> None:
    """Show what the ensemble of a file would run and what that costs."""
    from karstsim.ensemble.config import load_ensemble

    check_config(load_ensemble(path), as_json)


def check_config(config: EnsembleConfig, as_json: bool) -> None:
    """Show what an ensemble would run and what that costs."""
    from karstsim.ensemble.estimate import describe, estimate
    from karstsim.ensemble.memory import warnings_of
    from karstsim.ensemble.prepare import make_plan

    plan, need = make_plan(config)
    warnings = warnings_of(config, plan, need)
    if not as_json:  # before a task of that size is measured: it may be more than this machine has
        console.print_list("Warnings", warnings)
    facts = describe(config, plan, estimate(config, plan), need)
    if as_json:
        console.print_json({"status": "ok", **facts, "warnings": warnings})
        return
    climates: Any = facts.pop("climates")
    bad: Any = facts.pop("draws that cannot run")
    console.print_table("Climates", tuple(climates[0]), [tuple(c.values()) for c in climates])
    console.print_table(
        "Ensemble", ("", ""), [(k, ", ".join(v) if isinstance(v, list) else v) for k, v in facts.items()]
    )
    console.print_list("Draws that cannot run", [f"draw {k}: {v}" for k, v in bad.items()])
    print("All inputs are usable.")


def is_ensemble(folder: Path) -> bool:
    """Whether an ensemble was begun in the folder; one without its plan says what it lacks."""
    from karstsim.ensemble.plan import MANIFEST, PLAN

    return (folder / PLAN).is_file() or (folder / MANIFEST).is_file()


def work_in(folder: Path, workers: int | None, scheduler: str | None, as_json: bool) -> None:
    """Work on an ensemble that was begun, to its end."""
    from karstsim.ensemble.plan import Plan
    from karstsim.ensemble.run import work

    with console.progress_shown() as progress:
        outcome = work(folder, workers or console.processors(), scheduler, progress)
    _show(folder, Plan.load(folder), outcome, {}, as_json)
    if outcome.failed:
        raise typer.Exit(console.FAILED)


def show_status(folder: Path, as_json: bool, after: str = "") -> None:
    """How far an ensemble is; `after`: what to say of what is done next, instead of its report and export."""
    from karstsim.ensemble.run import status

    plan, outcome, broken = status(folder)
    _show(folder, plan, outcome, {f"{tuple(t)}": path for t, path in broken.items()}, as_json, after)


def _show(
    folder: Path, plan: Plan, outcome: Outcome, broken: dict[str, str], as_json: bool, after: str = ""
) -> None:
    facts: dict[str, Any] = {
        "folder": str(folder),
        "climates": len(plan.climates),
        "members": len(plan.climates) * plan.n_columns,
        "tasks done": outcome.done,
        "tasks": outcome.tasks,
        "CPU time, s": round(outcome.cpu_seconds, 1),
        "largest imbalance of the books": max(outcome.closure.values(), default=0.0),
        **outcome.reports,
    }
    from karstsim.report.ensemble_folder import warnings_of

    warnings = warnings_of(outcome)
    failed = [f"column {column}, {why}" for column, why in outcome.failed.items()]
    if as_json:
        state = "damaged" if broken else "done" if outcome.complete else "unfinished"
        console.print_json(
            {
                "status": state,
                **facts,
                "warnings": warnings,
                "failed": failed,
                "broken": sorted(broken.values()),
            }
        )
        return
    console.print_table("Ensemble", ("", ""), list(facts.items()))
    console.print_list("Warnings", warnings)
    more = [f"and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
    console.print_list("Failed members; they have no values, all others do", [*failed[:SHOWN], *more])
    console.print_list("Files that are missing or changed since they were written", sorted(broken.values()))
    if broken:
        print(f"Next: {_mend(folder, plan, len(broken))}")
    elif after:
        print(after)
    elif outcome.complete:
        print(f"Next: karstsim report {quoted(folder)}, or karstsim export {quoted(folder)} OUT.nc")
    else:
        print(f"{outcome.tasks - outcome.done} tasks are left: karstsim resume {quoted(folder)}")


def _mend(folder: Path, plan: Plan, files: int) -> str:
    """What to do about broken files: only the code that began an ensemble computes the same again."""
    from karstsim.core.jit import source_hash

    left = f"what {files} task{'s' * (files > 1)} left"
    again = f"karstsim resume {quoted(folder)} computes again {left}, and nothing else"
    if plan.source == source_hash():
        return again
    return f"with {plan.writer}, {again}; or put the files back"


def export(
    folder: Folder,
    target: Annotated[Path, typer.Argument(help="File OUT.nc or folder OUT.zarr to write.")],
    frequency: Annotated[
        str | None, typer.Option(help="annual, monthly, daily or step; default: the first kept.")
    ] = None,
    climate: Annotated[
        list[str] | None,
        typer.Option("--climate", help="Name of a climate; repeatable. Default: all that nothing follows."),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the results of an ensemble into one netCDF or zarr."""
    with console.guarded(debug, as_json):
        from karstsim.ensemble.store import export as write

        path = write(folder, target, frequency, climate or [])
        if as_json:
            console.print_json({"status": "done", "files": [str(path)]})
        else:
            print(f"{path} written")

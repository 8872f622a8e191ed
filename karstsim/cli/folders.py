"""The commands that take the folder of any task: go on with what was stopped, say how far it is."""

from __future__ import annotations

from pathlib import Path

import typer

from karstsim import console
from karstsim.cli import calibrations, ensembles, runs, sensitivities
from karstsim.cli.options import Debug, Folder, Json, SchedulerAddress, Workers
from karstsim.core.errors import quoted

TASKS = (calibrations.is_calibration, sensitivities.is_study, runs.is_run, ensembles.is_ensemble)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (resume, status):
        app.command()(command)


def resume(
    folder: Folder,
    workers: Workers = None,
    scheduler: SchedulerAddress = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Go on with a run, an ensemble, a calibration or a sensitivity study that was stopped; finished work is kept."""
    with console.guarded(debug, as_json, folder, f"go on with: karstsim resume {quoted(folder)}"):
        _refuse(folder)
        if calibrations.is_calibration(folder):
            calibrations.work_in(folder, workers, as_json)
        elif sensitivities.is_study(folder):
            sensitivities.resume_in(folder, workers, scheduler, as_json)
        elif runs.is_run(folder):
            runs.resume_in(folder, workers, as_json)
        else:
            ensembles.work_in(folder, workers, scheduler, as_json)


def status(folder: Folder, as_json: Json = False, debug: Debug = False) -> None:
    """Show how far a task is, what failed, and which files are not as they were."""
    with console.guarded(debug, as_json):
        _refuse(folder)
        if calibrations.is_calibration(folder):
            calibrations.show_status(folder, as_json)
        elif sensitivities.is_study(folder):
            sensitivities.show_status(folder, as_json)
        elif runs.is_run(folder):
            runs.show_status(folder, as_json)
        else:
            ensembles.show_status(folder, as_json)


def _refuse(folder: Path) -> None:
    """A folder that is not there or holds no task, and factorial runs, which keep no file to go on from."""
    from karstsim.core.errors import InputError

    where, another = str(folder), "name the folder that a command has written (-o of run, calibrate, ...)"
    if not folder.is_dir():
        raise InputError(where, "is a file" if folder.exists() else "is no folder", another)
    if sensitivities.is_attribution(folder):
        mend = "go on by the command that began them, into the same folder: what is finished is kept"
        raise InputError(where, "holds factorial runs, which do not go on from their folder", mend)
    if not any(holds(folder) for holds in TASKS):
        raise InputError(where, "holds no run, ensemble, calibration or sensitivity study", another)

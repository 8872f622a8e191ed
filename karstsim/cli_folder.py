"""The commands that take the folder of any task: go on with what was stopped, say how far it is."""

from __future__ import annotations

from pathlib import Path

import typer

from karstsim import cli_calibration, cli_ensemble, cli_run, cli_sensitivity, console
from karstsim.cli_options import Debug, Folder, Json, SchedulerAddress, Workers


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
    with console.guarded(debug, as_json, folder, f"go on with: karstsim resume {folder}"):
        _refuse_factorial(folder)
        if cli_calibration.is_calibration(folder):
            cli_calibration.work_in(folder, workers, as_json)
        elif cli_sensitivity.is_study(folder):
            cli_sensitivity.resume_in(folder, workers, scheduler, as_json)
        elif cli_run.is_run(folder):
            cli_run.resume_in(folder, workers, as_json)
        else:
            cli_ensemble.work_in(folder, workers, scheduler, as_json)


def status(folder: Folder, as_json: Json = False, debug: Debug = False) -> None:
    """Show how far a task is, what failed, and which files are not as they were."""
    with console.guarded(debug, as_json):
        _refuse_factorial(folder)
        if cli_calibration.is_calibration(folder):
            cli_calibration.show_status(folder, as_json)
        elif cli_sensitivity.is_study(folder):
            cli_sensitivity.show_status(folder, as_json)
        elif cli_run.is_run(folder):
            cli_run.show_status(folder, as_json)
        else:
            cli_ensemble.show_status(folder, as_json)


def _refuse_factorial(folder: Path) -> None:
    """The factorial runs of an [attribution] keep no file of their own to go on from."""
    if cli_sensitivity.is_attribution(folder):
        from karstsim.core.errors import InputError

        mend = "go on by the command that began them, into the same folder: what is finished is kept"
        raise InputError(str(folder), "holds factorial runs, which do not go on from their folder", mend)

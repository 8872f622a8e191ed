"""The command of the experiments, which are part of the source checkout and not of the installed package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from karstsim import console
from karstsim.cli.options import Debug

CHECKOUT = Path(__file__).parents[2]


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(context_settings={"ignore_unknown_options": True})(experiments)


def experiments(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="Ids or folders; --long, --json, --write FILE, --figures FOLDER."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Run the experiments on the review's claims and print the scoreboard; needs the source checkout."""
    with console.guarded(debug, "--json" in (arguments or [])):
        from karstsim.core.errors import InputError

        if not (CHECKOUT / "experiments" / "__main__.py").is_file():
            raise InputError(
                "experiments",
                "are not part of the installed package",
                "take the source checkout of karstsim and run `python -m experiments` in it",
            )
        command = [sys.executable, "-m", "experiments", *(arguments or [])]
        paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)

"""The commands that look at the installation itself: doctor and verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from karstsim import console
from karstsim.cli.options import Debug, Json


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(doctor)
    app.command()(verify)


def doctor(as_json: Json = False, debug: Debug = False) -> None:
    """Look at versions, compiler, processors, compile cache, disk and extras, and say what to do about problems.

    The exit code is 1 where something must be mended before karstsim can work.
    """
    with console.guarded(debug, as_json):
        from karstsim.doctor import PROBLEM, examine

        findings = list(examine())
        problems = [f for f in findings if f.state == PROBLEM]
        if as_json:
            status = "failed" if problems else "ok"
            console.print_json({"status": status, "findings": [vars(f) for f in findings]})
        else:
            console.print_table("Installation", ("", "", ""), [(f.name, f.state, f.detail) for f in findings])
            console.print_list("What to do", [f"{f.name}: {f.mend}" for f in findings if f.mend])
            print(
                f"{len(problems)} problems." if problems else "Ready. `karstsim verify` checks the numbers."
            )
        if problems:
            raise typer.Exit(console.FAILED)


def verify(
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference", help="Another table of waters with expected_ columns; default: the shipped one."
        ),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check this installation's numbers: chemistry against PHREEQC, books, restart, compiled against plain code.

    The exit code is 1 where a check fails.
    """
    with console.guarded(debug, as_json):
        from karstsim.core.errors import InputError
        from karstsim.verify import PARTS
        from karstsim.verify import verify as checks

        if reference is not None and not reference.is_file():
            raise InputError(str(reference), "is no file", "name a table, or leave --reference out")
        done = []
        with console.progress_shown() as progress:
            for check in checks(reference):
                done.append(check)
                progress(len(done), PARTS, check.name)
        failed = [check.name for check in done if not check.passed]
        if as_json:
            console.print_json({"status": "failed" if failed else "ok", "checks": [vars(c) for c in done]})
        else:
            rows = [(c.name, "passed" if c.passed else "FAILED", c.detail) for c in done]
            console.print_table("Self-check", ("check", "", ""), rows)
            print(
                "All passed."
                if not failed
                else "Something is wrong with this installation: try `karstsim doctor`."
            )
        if failed:
            raise typer.Exit(console.FAILED)

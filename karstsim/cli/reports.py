"""The command that writes the page of a folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from karstsim import console
from karstsim.cli.options import Columns, DayFirst, Debug, Json, Select, Sheets, Units
from karstsim.cli.plain_arrays import plain_arrays_only
from karstsim.core.loading import loading


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(report)


def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a run, an ensemble, or other results.")],
    observations: Annotated[
        Path | None,
        typer.Option(
            "--observations",
            help="Table of the spring (CSV, TSV, xlsx) to set beside a run: fit and residuals.",
        ),
    ] = None,
    unit: Units = None,
    column: Columns = None,
    select: Select = None,
    area: Annotated[
        float | None, typer.Option("--area", help="Area (km2) of a catchment whose discharge is in mm/d.")
    ] = None,
    day_first: DayFirst = None,
    sheet: Sheets = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write report.html into FOLDER: what was run, checks, numbers, figures, tables, provenance.

    One file that needs no network. The options but --observations tell how to read that table.
    """
    with console.guarded(debug, as_json, folder, "write the report again"):
        with loading(keep=True):
            plain_arrays_only()
            from karstsim.core.errors import InputError
            from karstsim.report.build import contents_of
            from karstsim.report.html import write_page

        seen = None
        if observations is not None:
            from karstsim.analysis import read_spring_table

            seen = read_spring_table(
                observations, units=console.pairs("--unit", unit), columns=console.pairs("--column", column),
                select=console.pairs("--select", select), area_km2=area, dayfirst=day_first, sheet=sheet or None,
            )  # fmt: skip
        elif unit or column or select or area or sheet or day_first is not None:
            what = "speak of a table, and none is named"
            raise InputError("--unit, --column, --select, --area, --sheet", what, "add --observations TABLE")
        with console.working(console.DRAWING):
            contents = contents_of(folder, seen)
            path = write_page(folder, contents)
        checks = contents.notes.checks
        if as_json:
            lines = [{"name": c.name, "passed": c.passed, "detail": c.detail} for c in checks]
            sections = [section.title for section in contents.sections]
            console.print_json(
                {"status": "done", "files": [str(path)], "sections": sections, "checks": lines}
            )
        else:
            signs = {True: "passed", False: "FAILED", None: "note"}
            console.print_table(
                "Checks", ("check", "", ""), [(c.name, signs[c.passed], c.detail) for c in checks]
            )
            print(f"{path} written. Open it in a browser.")

"""The report of what `karstsim hydrograph -o` writes: the indices of a spring and its figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from karstsim.core.errors import InputError
from karstsim.report.found import found_figures, read_table
from karstsim.report.hydrograph import TABLE, WARNING
from karstsim.report.section import Contents, Notes, Section


def hydrograph_contents(folder: Path) -> Contents:
    """The page of a spring's record. Raises InputError where the table of its indices is empty."""
    table = read_table(folder / TABLE)
    if table is None:
        raise InputError(
            str(folder / TABLE), "holds no indices", "write it again: karstsim hydrograph TABLE -o"
        )
    indices = [row for row in table.rows if row[0] != WARNING]
    warnings = [str(row[1]) for row in table.rows if row[0] == WARNING]
    section = Section(
        "The spring", figures=found_figures(folder, set(), "."), tables=[replace(table, rows=indices)]
    )
    summary = [
        "Analysis of the record of a spring: recession, memory, regulation and the class of the karst."
    ]
    return Contents(
        f"karstsim: {folder.resolve().name}",
        [section],
        Notes(summary=summary, repairs=None, warnings=warnings),
    )

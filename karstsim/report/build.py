"""The report of a folder: what lies in it decides on the sections of the page. One way for runs, ensembles, the rest.

A folder of a kind that is not known here has its figures, checklists and tables shown (`found`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import xarray as xr

from karstsim.core.errors import InputError
from karstsim.report.found import found_contents
from karstsim.report.html import NAME, write_page
from karstsim.report.section import Contents, Section

Reader = Callable[..., Contents]  # of a folder, and of the observations beside a run
RUN = "run"
# What marks a folder, the kind whose module reads it, and how it is called; the first that is there. Only that module
# is loaded: those of a calibration or a study bring scipy's statistics along, a second that a run does not need.
READERS = (
    ("plan.json", "ensemble", "an ensemble"),
    ("restart.nc", RUN, "a run"),
    ("posterior.nc", "calibration", "a calibration, which has its own"),
    ("compare.json", "compare", "a comparison"),
    ("indices.nc", "sensitivity", "a sensitivity study"),
    ("attribution.nc", "attribution", "an attribution"),
    ("decomposition.nc", "decomposition", "a decomposition"),
    ("spring_indices.csv", "hydrograph", "the record of a spring"),
)


def _reader(kind: str) -> Reader:
    reader: Reader = getattr(import_module(f"karstsim.report.{kind}_folder"), f"{kind}_contents")
    return reader


def report(folder: str | Path, observations: xr.Dataset | None = None) -> Path:
    """Write `report.html` into a folder of results and return its path.

    observations  of `read_spring_table`, set beside the spring of a run
    Raises InputError for a folder without results.
    """
    return write_page(folder, contents_of(Path(folder), observations))


def sections_of(folder: str | Path) -> Sequence[Section]:
    """The sections that a folder gives."""
    return contents_of(Path(folder)).sections


def contents_of(folder: Path, observations: xr.Dataset | None = None) -> Contents:
    """Everything that the page of a folder says."""
    if not folder.is_dir():
        raise InputError(
            str(folder), "is no folder", "name a folder that `karstsim run` or the like has written"
        )
    for mark, kind, called in READERS:
        if (folder / mark).is_file():
            if kind != RUN and observations is not None:
                raise InputError("observations", "are for a single run", f"leave them out for {called}")
            known = _reader(kind)(folder, *((observations,) if kind == RUN else ()))
            shown = {Path(f).stem for section in known.sections for f, _ in section.figures}
            titles = {table.title for section in known.sections for table in section.tables}
            extra = found_contents(folder, shown, titles)
            return replace(known, sections=[*known.sections, *extra.sections])
    found = found_contents(folder, set())
    if not (found.sections or found.notes.checks):
        what = "holds no results: no output of a run or an ensemble, no figures, checklist or tables"
        raise InputError(str(folder), what, f"name the folder of a finished run; {NAME} is written into it")
    return found

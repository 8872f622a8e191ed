"""The report of what `karstsim hydrograph -o` writes: the indices of a spring and its figures."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from karstsim.core.errors import InputError
from karstsim.report.found import found_figures, read_table
from karstsim.report.hydrograph import TABLE, WARNING
from karstsim.report.section import Contents, Notes, Section
from karstsim.report.style import printed_unit
from karstsim.report.tables import number

# By file name, in the order of the page.
CAPTIONS = {
    "hydrograph": "The record: discharge, the recessions that were found, and rain where the table has it.",
    "recession": "The longest recession, with the baseflow and the quickflow of Mangin.",
    "master_recession": "All recessions, one behind the other.",
    "flow_duration": "Flow duration: the share of time in which a discharge is exceeded.",
    "autocorrelation": "Correlogram of the discharge; the memory effect is the lag at which it falls below 0.2.",
    "cross_correlation": "Cross-correlogram of rain and discharge: how fast the spring answers.",
    "spectrum": "Spectrum of the discharge; the regulation time is half of its highest value.",
}


def hydrograph_contents(folder: Path) -> Contents:
    """The page of a spring's record. Raises InputError where the table of its indices is empty."""
    table = read_table(folder / TABLE)
    if table is None:
        mend = "write it again: karstsim hydrograph TABLE -o"
        raise InputError(str(folder / TABLE), "holds no indices", mend)
    indices = [
        [
            name,
            _read(str(value)),
            printed_unit(str(unit)),
            *meaning,
        ]  # folders of earlier versions have no meaning
        for name, value, unit, *meaning in table.rows
        if name != WARNING
    ]
    warnings = [str(row[1]) for row in table.rows if row[0] == WARNING]
    files = {path.stem: path for path, _ in found_figures(folder, set(), ".")}
    figures = [(files[name], caption) for name, caption in CAPTIONS.items() if name in files]
    sections = [
        Section("Indices", tables=[replace(table, rows=indices, note=f"Also in {TABLE}.")]),
        Section("Figures", figures=figures),
    ]
    summary = [
        "Analysis of the record of a spring: recession, memory, regulation and the class of the karst."
    ]
    notes = Notes(summary=summary, repairs=None, warnings=warnings)
    return Contents(f"karstsim: {folder.resolve().name}", sections, notes)


def _read(value: str) -> str:
    """A number with a fraction to three digits; counts and words as they are."""
    with contextlib.suppress(ValueError):
        return value if value.isdigit() else number(float(value))
    return value

"""The cells of a table file as numbers, and what is said about each cell that is not simply one.

A cell is a number, a missing value, a value below a detection limit, or bad. None of them stops the table:
`Cells.notes` tells what a cell was taken for, `Cells.bad` what cannot be used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from karstsim.chemistry.api.columns import IONS, REPORTED, Column
from karstsim.core.marks import CODES, MISSING

BELOW = frozenset(  # the last row is German: not detectable
    (
        *("bdl", "b.d.l.", "bd", "b.d.", "<dl", "<lod", "<loq", "<mdl", "lod", "<ld", "<lq"),
        *("nn", "n.n.", "n.n", "n. n."),
    )
)
LIMITS = {  # canonical units: outside no water of a karst is found, and the unit or the cell is wrong
    "alkalinity": (-1e3, 1e3),
    "dic": (0.0, 1e4),
    "pco2": (0.0, 10.0),
    "ph": (0.0, 14.0),
    "temperature": (-5.0, 100.0),
} | dict.fromkeys((*IONS, *REPORTED), (0.0, 1e4))
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)

_BELOW_SHARE = dict.fromkeys(IONS, 0.5) | {
    "co3": 0.0
}  # of the limit; CO3 is below it where the titration finds none

Note = tuple[str, str]  # kind, which is counted over the rows, and detail


@dataclass
class Cells:
    """One column of numbers.

    raw      the number in the cell, in the unit of the column; NaN where there is none
    values   the same in the canonical unit, with half the limit where an ion is below detection
    notes    row -> what was supposed;  bad: row -> why the cell cannot be used;  absent: rows without a value
    """

    column: Column
    raw: np.ndarray
    values: np.ndarray
    notes: dict[int, Note] = field(default_factory=dict)
    bad: dict[int, Note] = field(default_factory=dict)
    absent: set[int] = field(default_factory=set)


def decimal_mark(cells: Iterable[str]) -> str:
    """The decimal mark of the table, by the majority of the cells that show it beyond doubt; a point if none does."""
    commas = points = 0
    for cell in cells:
        text = cell.lstrip("<> ").lower()
        if _COMMA.fullmatch(text):
            commas += not _THOUSANDS.fullmatch(text)
        elif "." in text:
            points += bool(_NUMBER.fullmatch(text))
    return "," if commas > points else "."


def read_cells(
    column: Column, cells: list[str], mark: str, limits: Mapping[str, tuple[float, float]] = LIMITS
) -> Cells:
    """The cells of one column in canonical units; `mark` is the decimal mark, `limits` what is possible."""
    found = Cells(column, np.full(len(cells), np.nan), np.full(len(cells), np.nan))
    halved = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        text = cell.strip().lower().replace("−", "-")
        if text in MISSING or _number(text, mark) in CODES:
            found.absent.add(row)
        elif column.name in _BELOW_SHARE and (limit := _limit(text, mark)) is not None:
            halved[row] = _BELOW_SHARE[column.name] * limit
            taken = "half the limit taken" if halved[row] else "taken as 0"
            found.notes[row] = (f"{column.name} below detection: {taken}", _short(cell))
        elif (value := _number(text, mark)) is not None:
            found.raw[row] = halved[row] = value
        else:
            found.bad[row] = _why(column.name, text, cell, mark)
    found.values = column.convert(halved)
    _check_limits(found, limits)
    return found


def _number(text: str, mark: str) -> float | None:
    """A finite number written with this decimal mark and no other sign, or None."""
    if mark == ",":
        if "." in text:
            return None
        text = text.replace(",", ".", 1)
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if np.isfinite(value) else None


def _limit(text: str, mark: str) -> float | None:
    """The detection limit in a cell such as ``<0.5``; 0 where it only says that it is below."""
    if text in BELOW:
        return 0.0
    limit = _number(text[1:].strip(), mark) if text.startswith("<") else None
    return limit if limit is None or limit >= 0.0 else None


def _why(name: str, text: str, cell: str, mark: str) -> Note:
    """Why a cell is no number."""
    if text in BELOW or text.startswith("<"):
        return f"{name} below detection: no value to compute with", _short(cell)
    other = "." if mark == "," else ","
    if other in text and _number(text.replace(other, ""), mark) is not None:
        return (
            f"{name} is not a number: a {'point' if other == '.' else 'comma'} in a table with decimal {mark!r}",
            _short(cell),
        )
    return f"{name} is not a number", _short(cell)


def _check_limits(found: Cells, limits: Mapping[str, tuple[float, float]]) -> None:
    """Move values outside the limits of their quantity to the bad ones."""
    name = found.column.name
    low, high = limits[name]
    for row in np.flatnonzero((found.values < low) | (found.values > high)):
        value = float(found.values[row])
        negative = value < 0.0 and low == 0.0 and name != "ph" and name in LIMITS
        kind = f"negative concentration: {name}" if negative else ""
        found.bad[int(row)] = (kind or f"{name} outside {low:g}..{high:g}", f"{value:.4g}")
        found.values[row] = np.nan
        found.notes.pop(int(row), None)


def _short(cell: str) -> str:
    return repr(" ".join(cell.split())[:24])

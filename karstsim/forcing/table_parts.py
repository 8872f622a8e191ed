"""What stands apart in tables of archives: dates in columns of their own (year, month, day), lines above the header."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

PARTS = {
    "year": "year yr yyyy jahr annee ano anno",
    "month": "month mon mo mm monat mois mes mese",
    "day": "day dy dd tag jour dia giorno",
    "doy": "yday doy jday yearday day_of_year dayofyear julian_day",
}
_PART_OF = {name: part for part, names in PARTS.items() for name in names.split()}
MARKS = ("\t", ";", ",")
MOST_ABOVE = 60  # lines


def dates_of_parts(
    headers: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[str], list[str]] | None:
    """Dates as text of rows that have a year and a month and day, or the day of the year; and the headers of these.

    What is no number stays as it is, to be refused with its row. None where the columns are not there.
    """
    places: dict[str, int] = {}
    for place, header in enumerate(headers):
        part = _PART_OF.get("_".join(header.lower().replace(".", " ").split()))
        if part is not None:
            places.setdefault(part, place)
    for parts in (("year", "month", "day"), ("year", "doy")):
        if all(part in places for part in parts):
            used = [places[part] for part in parts]
            return [_date([row[p].strip() for p in used]) for row in rows], [headers[p] for p in used]
    return None


def _date(cells: list[str]) -> str:
    numbers = [cell.removesuffix(".0") for cell in cells]
    if not all(n.isascii() and n.isdigit() and len(n) <= len("2015") for n in numbers):
        return "-".join(cells)
    year, *rest = map(int, numbers)
    if len(rest) == 1 and 1 <= year <= dt.MAXYEAR and rest[0] >= 1:
        ordinal = dt.date(year, 1, 1).toordinal() + rest[0] - 1
        if ordinal <= dt.date(year, 12, 31).toordinal():
            return dt.date.fromordinal(ordinal).isoformat()
    return "-".join([f"{year:04d}", *(f"{n:02d}" for n in rest)])


def below_preamble(text: str) -> tuple[str, int]:
    """The text from its header on, and how many lines stand above: lines of words before rows of equal length.

    A spreadsheet fills such a line up with marks, as in ``Station Nord;;;``: one cell of it holds something.
    """
    lines = text.splitlines(keepends=True)
    shown = [i for i, line in enumerate(lines[:MOST_ABOVE]) if line.strip() and not line.startswith("#")]
    if not shown or any(_filled(lines[shown[0]], mark) > 1 for mark in MARKS):
        return text, 0
    for first, second, third in zip(shown, shown[1:], shown[2:], strict=False):
        for mark in MARKS:
            count = lines[first].count(mark)
            if _filled(lines[first], mark) < 2:
                continue
            if count == lines[second].count(mark) == lines[third].count(mark):
                return "".join(lines[first:]), first
    return text, 0


def _filled(line: str, mark: str) -> int:
    """Cells of a line that hold something."""
    return sum(bool(cell.strip(' \t\r\n"')) for cell in line.split(mark))

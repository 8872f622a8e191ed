"""What a spring table leaves open and is not guessed: rows of several sites, values of nines, a comma in a number."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from karstsim.chemistry.api.columns import Column
from karstsim.chemistry.api.table_cells import decimal_mark
from karstsim.chemistry.api.table_text import TableText
from karstsim.core.errors import InputError
from karstsim.forcing.table_numbers import doubtful, grouped, sure_mark, ungrouped

FAR = 10.0  # times the next lower value: a 9999 as far as that above all others is a missing value
HIGH_NINES = (999.0, 9999.0, 99999.0, 999.9, 9999.9, 999.99, 9999.99)
LONG_HEAD = 10_000  # bytes in which a header ends
_LONG_FORM = ("CharacteristicName", "Result_Characteristic", "Parameter Code", "ResultMeasureValue")
_SITES = frozenset(
    (
        "site",
        "sites",
        "station",
        "stations",
        "station_id",
        "site_id",
        "site_no",
        "siteno",
        "site_name",
        "spring",
        "gauge",
    )
)


def refuse_sites(
    table: TableText, found: Mapping[int, Column], select: Mapping[str, str], path: Path
) -> None:
    """Rows of several sites are no series of one spring, even where their times differ."""
    for place, header in enumerate(table.headers):
        if place in found or header in select or "_".join(header.lower().split()) not in _SITES:
            continue
        sites = list(dict.fromkeys(row[place].strip() for row in table.rows if row[place].strip()))
        if len(sites) > 1:
            what = f"has rows of {len(sites)} sites ({', '.join(sites[:8])})"
            mend = (
                f'choose one: select={{"{header}": "{sites[0]}"}} (--select "{header}={sites[0]}", and in the '
                f'[[observations]] of a file select = {{ "{header}" = "{sites[0]}" }})'
            )
            raise InputError(f"{path}, column {header!r}", what, mend)


def refuse_long_form(data: bytes, path: Path) -> None:
    """A row for every result, as the Water Quality Portal has it, is no row for every time."""
    head = data[:LONG_HEAD].decode("utf-8", errors="replace").split("\n", 1)[0]
    if (name := next((n for n in _LONG_FORM if n in head), None)) is not None:
        what = f"has a row for every result (column {name!r})"
        raise InputError(
            str(path), what, "give one row a time and one column a quantity (pandas: pivot_table)"
        )


def refuse_nines(raw: np.ndarray, coded: np.ndarray, table: TableText, header: str, path: Path) -> None:
    """999 or 9999 far above all other values is not taken for a measurement, nor silently for a gap."""
    left = raw[~coded & np.isfinite(raw)]
    high = left[np.isin(left, HIGH_NINES)]
    others = left[~np.isin(left, HIGH_NINES)]
    if high.size and others.size and high.min() > FAR * max(float(others.max()), 1.0):
        row = int(np.argmax(raw == high.min()))
        what = f"{high.min():g} looks like a missing value ({high.size} cells; all others reach {others.max():g})"
        mend = f"say missing=({high.min():g},), or correct the cells"
        raise InputError(f"{path}, column {header!r}, line {table.lines[row]}", what, mend)


def one_decimal_mark(table: TableText, chosen: Mapping[str, int], repairs: list[str], path: Path) -> str:
    """The decimal mark; marks of thousands are taken out. Raises InputError where ``1,234`` may be either."""
    sure = sure_mark(row[place] for row in table.rows for place in chosen.values())
    mark = sure or decimal_mark(row[place] for row in table.rows for place in chosen.values())
    for place in chosen.values():
        many = [i for i, row in enumerate(table.rows) if grouped(row[place], mark)]
        if sure is None and any(doubtful(table.rows[i][place]) for i in many):
            row = next(i for i in many if doubtful(table.rows[i][place]))
            where = f"{path}, column {table.headers[place]!r}, line {table.lines[row]}"
            what = f"{table.rows[row][place]!r} has a comma before thousands or before decimals"
            raise InputError(
                where, what, "write all decimals with points, or numbers without marks of thousands"
            )
        if many:
            example = table.rows[many[0]][place]
            said = f"marks of thousands taken out of {len(many)} cells of {table.headers[place]!r}, as in {example!r}"
            repairs.append(said)
        for i in many:
            table.rows[i][place] = ungrouped(table.rows[i][place], mark)
    return mark

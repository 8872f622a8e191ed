"""What a table file is understood to say: its columns, the choices between them, and the inputs of every row."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from karstsim.chemistry.api.columns import (
    CARBONATE,
    INPUTS,
    IONS,
    REPORTED,
    Column,
    check_columns,
    parse_header,
    quantity_of,
)
from karstsim.chemistry.api.table_cells import LIMITS, Cells, Note, decimal_mark, read_cells
from karstsim.chemistry.api.table_text import TableText
from karstsim.core.errors import InputError

PAIRS = (  # preferred first: what monitoring measures; a pCO2 in a table is mostly computed from the rest
    ("alkalinity", "ph"), ("dic", "ph"), ("alkalinity", "dic"), ("alkalinity", "pco2"), ("dic", "pco2"), ("ph", "pco2"),
)  # fmt: skip
AGREE = 0.02  # relative difference of two columns of one quantity that still say the same
LIKELY = {  # median in canonical units above which a column without a unit is rather in another one
    "ca": 15.0, "mg": 10.0, "na": 50.0, "k": 5.0, "cl": 50.0, "so4": 20.0, "no3": 5.0,
    "alkalinity": 20.0, "dic": 20.0, "pco2": 0.5, "temperature": 45.0,
}  # fmt: skip
UNBALANCED = 0.3  # |charge imbalance| / charge of the cations


@dataclass(frozen=True)
class Understood:
    """One column as it was read: ``ca  <-  'Ca (mg/L)'  mg/L / 40.078``."""

    quantity: str
    header: str
    rule: str
    assumption: str = ""


@dataclass
class TableReading:
    """What was understood of a table file and what became of its rows.

    columns       the columns used;  unused: (header, why) of the others
    assumptions   what had to be supposed;  warnings: what looks wrong
    rows          waters in the table;  solved: those with a result
    reasons       reason -> line numbers in the file, of rows not solved or solved with a remark
    """

    path: str
    encoding: str
    separator: str
    decimal: str
    header_line: int
    rows: int
    columns: list[Understood] = field(default_factory=list)
    unused: list[tuple[str, str]] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    solved: int = 0
    reasons: dict[str, list[int]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same as plain lists and dictionaries."""
        return asdict(self)


@dataclass
class Waters:
    """Inputs of every row in canonical units, and what to say of it.

    failed   row -> reasons why it is not solved;  notes: row -> what was supposed to solve it
    """

    inputs: dict[str, np.ndarray]
    charge_balance: bool
    failed: list[list[Note]]
    notes: list[list[Note]]


def understand(table: TableText, path: Path) -> tuple[TableReading, dict[int, Cells], Waters]:
    """Read a table: what was understood, the cells of the used columns by their place, and the inputs of the rows.

    Raises InputError when the columns do not determine a water, or contradict each other.
    """
    found, unclear = _parse(table)
    mark = decimal_mark(row[place] for row in table.rows for place in found if place < len(row))
    reading = TableReading(
        str(path),
        table.encoding,
        table.separator,
        mark,
        table.header_line,
        len(table.rows),
        assumptions=table.notes,
    )
    numbers = {p: read_cells(column, [row[p] for row in table.rows], mark) for p, column in found.items()}
    chosen = _choose(numbers, reading, path)
    _alkalinity(chosen, numbers, reading)
    _refuse_unclear(unclear, chosen, table.titles, path)
    cells = {name: numbers[place] for name, place in chosen.items()}
    for name in (*INPUTS, *REPORTED):
        if name in cells:
            column = cells[name].column
            goal = "alkalinity" if name in REPORTED else name
            reading.columns.append(Understood(goal, column.header, column.rule(), column.assumption))
    _foreign(table, found, unclear, reading)
    waters = _waters(cells, table, reading, path)
    return reading, {place: numbers[place] for place in chosen.values()}, waters


def _parse(table: TableText) -> tuple[dict[int, Column], dict[int, InputError]]:
    """Columns by place, and the headers that name a quantity but not clearly."""
    found: dict[int, Column] = {}
    unclear: dict[int, InputError] = {}
    for place, title in enumerate(table.titles):
        try:
            column = parse_header(title)
        except InputError as error:
            unclear[place] = error
        else:
            if column is not None:
                found[place] = column
    return found, unclear


def _choose(numbers: dict[int, Cells], reading: TableReading, path: Path) -> dict[str, int]:
    """Quantity -> place of its column. Of several the lowest rank is taken; equal ranks must say the same."""
    chosen: dict[str, int] = {}
    empty = {place: not np.isfinite(cells.values).any() for place, cells in numbers.items()}
    for place in sorted(numbers, key=lambda p: (empty[p], numbers[p].column.rank, p)):
        cells = numbers[place]
        name, header = cells.column.name, cells.column.header
        if name not in chosen:
            chosen[name] = place
            continue
        first = numbers[chosen[name]]
        same = first.column.rank == cells.column.rank and not empty[place]
        if same and not _agree(first.values, cells.values):
            where = f"{path}, columns {first.column.header!r} and {header!r}"
            raise InputError(where, f"both give {name}, and they differ", "keep one of them")
        reading.unused.append((header, f"{name} is taken from {first.column.header!r}"))
    return chosen


def _agree(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two columns say the same in the middle of the rows that hold both."""
    both = np.isfinite(first) & np.isfinite(second)
    if not both.any():
        return False
    scale = np.maximum(np.abs(first[both]), np.abs(second[both]))
    return bool(np.median(np.abs(first[both] - second[both]) / np.where(scale > 0.0, scale, 1.0)) <= AGREE)


def _alkalinity(chosen: dict[str, int], numbers: dict[int, Cells], reading: TableReading) -> None:
    """Keep hco3 and co3 only where no column gives the alkalinity."""
    if "alkalinity" not in chosen and "hco3" in chosen:
        return
    why = (
        "alkalinity is taken from its own column"
        if "alkalinity" in chosen
        else "no alkalinity without bicarbonate"
    )
    for name in REPORTED:
        if name in chosen:
            reading.unused.append((numbers[chosen.pop(name)].column.header, why))


def _refuse_unclear(
    unclear: dict[int, InputError], chosen: dict[str, int], titles: list[str], path: Path
) -> None:
    """Refuse a quantity that only an unclear column gives, unless the waters are determined without it."""
    carbonate = sum(name in chosen for name in CARBONATE) + ("hco3" in chosen)
    for place, error in unclear.items():
        name = quantity_of(titles[place])
        spare = (
            name in (*CARBONATE, *REPORTED) and carbonate >= 2 and not (name == "co3" and "hco3" in chosen)
        )
        if name and name not in chosen and not spare:
            raise InputError(f"{path}, {error.where}", error.what, error.mend)


def _foreign(
    table: TableText, found: dict[int, Column], unclear: dict[int, InputError], reading: TableReading
) -> None:
    """List the columns that are only passed on."""
    for place, header in enumerate(table.headers):
        if place in unclear:
            error = unclear[place]
            hint = f"; {error.mend.split(',')[0]}?" if error.mend.startswith("write ") else ""
            reading.unused.append((header, error.what + hint))
        elif place not in found:
            reading.unused.append((header, ""))


def _waters(cells: dict[str, Cells], table: TableText, reading: TableReading, path: Path) -> Waters:
    """Inputs of the rows: one pair of carbonate variables each, missing ions as 0."""
    rows = len(table.rows)
    empty: tuple[list[list[Note]], list[list[Note]]] = ([[] for _ in range(rows)], [[] for _ in range(rows)])
    waters = Waters({name: column.values.copy() for name, column in cells.items()}, False, *empty)
    _carbonate_alkalinity(waters, cells)
    given = [name for name in CARBONATE if name in waters.inputs]
    ions = [name for name in IONS if name in waters.inputs]
    waters.charge_balance = len(given) == 1 and given[0] != "alkalinity" and bool(ions)
    try:
        check_columns(waters.inputs, waters.charge_balance)
    except InputError as error:
        raise InputError(f"{path}, {error.where}", error.what, error.mend.split(", or set")[0]) from None
    for row, what in table.odd.items():
        waters.failed[row].append(("row has a wrong number of cells", what))
    for name, column in cells.items():
        _judge(waters, name, column, set(table.odd))
    _pairs(waters, given, reading)
    _say_missing(waters, cells, given)
    _say_ions(waters, ions, reading)
    for row, failed in enumerate(waters.failed):
        if failed:
            waters.inputs["temperature"][row] = np.nan
    _look_for_wrong_units(waters, cells, reading)
    return waters


def _carbonate_alkalinity(waters: Waters, cells: dict[str, Cells]) -> None:
    """Alkalinity = HCO3 + 2 CO3 (eq m-3) from what a laboratory reports; a missing CO3 counts as 0."""
    if "hco3" not in cells:
        return
    carbonate = waters.inputs.pop("co3", np.zeros_like(cells["hco3"].values))
    if "co3" in cells:
        carbonate[list(cells["co3"].absent)] = 0.0
    waters.inputs["alkalinity"] = waters.inputs.pop("hco3") + 2.0 * carbonate


def _judge(waters: Waters, name: str, cells: Cells, odd: set[int]) -> None:
    """What the cells of one column mean for their rows."""
    for row, note in cells.bad.items():
        if row not in odd:
            spare = name in (*CARBONATE, *REPORTED)  # another pair may still determine the row
            (waters.notes if spare else waters.failed)[row].append(note)
    for row, note in cells.notes.items():
        waters.notes[row].append(note)
    if name in IONS:
        for row in cells.absent - odd:
            if name == "ca":
                waters.failed[row].append(("ca missing", ""))
            elif waters.charge_balance:
                waters.failed[row].append((f"missing value in {name}: no charge balance", ""))
            else:
                waters.notes[row].append((f"{name} missing, taken as 0", ""))
        waters.inputs[name] = np.nan_to_num(waters.inputs[name])


def _pairs(waters: Waters, given: list[str], reading: TableReading) -> None:
    """Leave the first pair of `PAIRS` in every row where more than two variables are given."""
    if len(given) <= 2:
        return
    have = {name: np.isfinite(waters.inputs[name]) for name in given}
    free = np.ones(len(waters.failed), dtype=bool)
    used = []
    for pair in PAIRS:
        if not set(pair) <= set(given):
            continue
        here = free & have[pair[0]] & have[pair[1]]
        for name in set(given) - set(pair):
            waters.inputs[name][here] = np.nan
        free &= ~here
        if here.any():
            used.append(f"{pair[0]} and {pair[1]} ({int(here.sum())} rows)")
    reading.assumptions.append(
        f"{', '.join(given)} are all given: a row is computed from {', else '.join(used) or 'none of them'}"
    )


def _say_missing(waters: Waters, cells: dict[str, Cells], given: list[str]) -> None:
    """Why a row has no temperature or not enough carbonate variables."""
    have = np.array([np.isfinite(waters.inputs[name]) for name in given])
    needed = 1 if waters.charge_balance else 2
    lost = ~np.isfinite(waters.inputs["temperature"]) | (have.sum(axis=0) < needed)
    for row in np.flatnonzero(lost).tolist():
        if waters.failed[row]:
            continue
        lacking = [name for name, here in zip(given, have[:, row], strict=True) if not here]
        lacking = lacking if have[:, row].sum() < needed else []
        if not np.isfinite(waters.inputs["temperature"][row]):
            lacking.insert(0, "temperature")
        for name in lacking:
            sources = [cells[n] for n in ((name,) if name in cells else REPORTED) if n in cells]
            bad = [source.bad[row] for source in sources if row in source.bad]
            waters.failed[row] += bad or [(f"{name} missing", "")]


def _say_ions(waters: Waters, ions: list[str], reading: TableReading) -> None:
    absent = [name for name in IONS if name not in ions]
    if absent:
        reading.assumptions.append(f"no column for {', '.join(absent)}: taken as 0")
    if waters.charge_balance:
        reading.assumptions.append("alkalinity is taken from the charge balance of the ions")


def _look_for_wrong_units(waters: Waters, cells: dict[str, Cells], reading: TableReading) -> None:
    """Warn of columns without a unit whose values are unlikely in the unit that was supposed."""
    for name, column in cells.items():
        values = column.values[np.isfinite(column.values)]
        if column.column.unit == "" and values.size and np.median(values) > LIKELY.get(name, LIMITS[name][1]):
            reading.warnings.append(
                f"median of {name} is {np.median(values):.4g} {column.column.rule()}: is column "
                f"{column.column.header!r} in another unit? write it into the header, or give it with --unit (units=)"
            )


def look_for_imbalance(reading: TableReading, waters: Waters, imbalance: np.ndarray) -> None:
    """Warn when the ions of a table without units do not balance; `imbalance` in eq m-3, NaN where not solved."""
    if not any(c.assumption.endswith(("mol m-3", "eq m-3")) for c in reading.columns):
        return
    charge = sum(z * waters.inputs.get(name, 0.0) for name, z in (("ca", 2), ("mg", 2), ("na", 1), ("k", 1)))
    share = np.abs(imbalance) / np.maximum(charge, 1e-6)
    share = share[np.isfinite(share)]
    if share.size and np.median(share) > UNBALANCED:
        reading.warnings.append(
            f"the ions do not balance (median imbalance {100 * np.median(share):.0f} % of the cations): a column "
            "without a unit may be in another unit than supposed"
        )

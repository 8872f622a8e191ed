"""Speciation of a table file: a monitoring CSV in, the same rows with their speciation out."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from karstsim.chemistry.api.columns import CARBONATE, IONS, choose_columns
from karstsim.chemistry.api.waters import TOTALS, speciate
from karstsim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def speciate_csv(
    path: str | Path, out_path: str | Path | None = None, constants: str = "pb82"
) -> pd.DataFrame:
    """Speciate the waters of a CSV file (UTF-8, comma or semicolon) and optionally write the result.

    Columns as in `speciate`; a file with one of alkalinity, dic, ph, pco2 and ions takes the alkalinity from the
    charge balance. Other columns (id, label, ...) are kept. Empty cells are missing values.
    Raises InputError, naming row and column, for a file that cannot be read.
    """
    import pandas as pd

    headers, rows = _read_csv(Path(path))
    chosen = choose_columns(headers)
    own = {column.header for column in chosen.values()}
    data = {h: [row[j] for row in rows] for j, h in enumerate(headers)}
    numbers = {h: _numbers(str(path), h, cells) for h, cells in data.items() if h in own}
    carbonate = [name for name in CARBONATE if name in chosen]
    balance = len(carbonate) == 1 and carbonate[0] != "alkalinity" and any(ion in chosen for ion in IONS)
    result = speciate(pd.DataFrame(numbers), charge_balance=balance, constants=constants)
    frame = result.drop_vars(TOTALS).to_dataframe().reset_index(drop=True)
    kept = pd.DataFrame({h: cells for h, cells in data.items() if h not in own} | numbers)[headers]
    clash = {c: f"{c}_computed" for c in frame.columns if c in kept.columns}
    frame = pd.concat([kept, frame.rename(columns=clash)], axis=1)
    if out_path is not None:
        try:
            frame.to_csv(out_path, index=False)
        except OSError as error:
            raise InputError(str(out_path), f"cannot be written ({error})", "name another file") from error
    return frame


def _read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of a CSV file, every row as long as the header."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})", "check the path") from None
    except UnicodeDecodeError as error:
        raise InputError(str(path), f"is not UTF-8 text (byte {error.start})", "save it as UTF-8") from None
    if "\0" in text:
        raise InputError(str(path), "is not a text file", "save it as CSV, UTF-8")
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        table = [
            row
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            if any(c.strip() for c in row)
        ]
    except csv.Error as error:
        raise InputError(str(path), f"is not CSV ({error})", "check the quotation marks") from None
    if len(table) < 2:
        raise InputError(str(path), "has no rows", "give a header line and at least one water")
    headers = [h.strip() for h in table[0]]
    repeated = {h for h in headers if headers.count(h) > 1}
    if repeated:
        raise InputError(str(path), f"header twice: {', '.join(sorted(repeated))}", "rename one")
    for number, row in enumerate(table[1:], start=1):
        if len(row) != len(headers):
            mend = "quote text that contains the separator; write decimals with a point"
            raise InputError(f"{path}, row {number}", f"{len(row)} cells for {len(headers)} columns", mend)
    return headers, table[1:]


def _numbers(path: str, header: str, cells: list[str]) -> list[float]:
    """One column as numbers; an empty cell is a missing value."""
    values = []
    for number, cell in enumerate(cells, start=1):
        text = cell.strip()
        if text == "" or text.lower() in ("na", "nan", "null", "-"):
            values.append(float("nan"))
            continue
        try:
            value = float(text)
        except ValueError:
            mend = "write decimals with a point" if "," in text else "write a number or leave the cell empty"
            raise InputError(
                f"{path}, row {number}, column {header!r}", f"{cell!r} is not a number", mend
            ) from None
        if value in (float("inf"), float("-inf")) or "_" in text:
            raise InputError(
                f"{path}, row {number}, column {header!r}", f"{cell!r} is not a number", "write a number"
            )
        values.append(value)
    return values

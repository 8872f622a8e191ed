"""The bytes of a table: a text file as it is, unpacked (``.gz``), or a sheet of a spreadsheet as CSV."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import gzip
import io
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from karstsim.core.errors import InputError

MOST_BYTES = 500_000_000  # unpacked
_ZIP, _OLD_EXCEL, _GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"


def table_bytes(path: Path, sheet: str | None) -> tuple[bytes, list[str]]:
    """Text of the table as bytes, and what is to be said of it.

    sheet   name of the sheet of a spreadsheet; without it the first with cells
    Raises InputError for a file that is not there, a broken or too large one, an old Excel file, an absent sheet.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if data.startswith(_GZIP):
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or str(error)
        mend = "name a file in it" if path.is_dir() else "check the path"
        raise InputError(str(path), f"cannot be read ({reason})"[:200], mend) from None
    if len(data) > MOST_BYTES:
        raise InputError(str(path), f"holds more than {MOST_BYTES // 10**6} MB", "cut out what is needed")
    if data.startswith(_OLD_EXCEL):
        raise InputError(str(path), "is a spreadsheet of the old kind", "save it as .xlsx or as CSV")
    if data.startswith(_ZIP):
        return _of_workbook(path, data, sheet)
    if sheet is not None:
        raise InputError(f"{path}, sheet", "the file is no spreadsheet", "leave sheet out")
    return data, []


@contextlib.contextmanager
def naming_sheets(said: list[str]) -> Iterator[None]:
    """Add to an InputError raised inside which other sheets there are, where `said` of `table_bytes` names some."""
    try:
        yield
    except InputError as error:
        if not said:
            raise
        mend = f'name the sheet with the table: sheet = "NAME" (--sheet NAME), or {error.mend}'
        raise InputError(error.where, f"{error.what}; {said[0]}", mend) from None


def _of_workbook(path: Path, data: bytes, sheet: str | None) -> tuple[bytes, list[str]]:
    if find_spec("openpyxl") is None:
        mend = "pip install 'karstsim[climate]', or save the sheet as CSV"
        raise InputError(str(path), "is a spreadsheet, and openpyxl is absent", mend)
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(info.file_size for info in packed.infolist()) > MOST_BYTES:
                raise InputError(str(path), "is too large when unpacked", "save the sheet as CSV")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = {s.title: [list(row) for row in s.iter_rows(values_only=True)] for s in book.worksheets}
    except InputError:
        raise
    except Exception as error:  # the packers and XML parsers raise many kinds
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise InputError(
            str(path), f"is no readable spreadsheet ({reason})", "save the sheet as CSV"
        ) from error
    filled = [name for name, rows in sheets.items() if any(c is not None for row in rows for c in row)]
    name = sheet if sheet is not None else (filled[0] if filled else "")
    if name not in sheets:
        raise InputError(f"{path}, sheet", f"there is no sheet {name!r}", f"choose from {', '.join(sheets)}")
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[_text(cell) for cell in row] for row in sheets[name]])
    others = [n for n in filled if n != name]
    return out.getvalue().encode(), [
        f"sheet {name!r} read, not {', '.join(map(repr, others))}"
    ] if others else []


def _text(cell: Any) -> str:
    """A cell as it would stand in a CSV. Errors of formulas are missing values."""
    if cell is None or (isinstance(cell, str) and cell.startswith("#") and cell.rstrip("!?/0A").isupper()):
        return ""
    if isinstance(cell, dt.datetime):
        cell = (cell + dt.timedelta(microseconds=500_000)).replace(
            microsecond=0
        )  # spreadsheets count in fractions of days
        return cell.isoformat(sep=" ") if cell.time() != dt.time(0) else cell.date().isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return repr(cell) if isinstance(cell, float) else str(cell)

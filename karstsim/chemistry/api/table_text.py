"""The text of a table file: encoding, separator, header, unit row, and the rows with their line numbers.

Nothing here knows what the table is about but by its `Vocabulary`, which is the chemistry of waters unless another is
given: the header is the first line in which at least two quantities are recognised, and the separator is the one that
recognises most.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from karstsim.chemistry.api.columns import Column, normalise, parse_header, quantity_of
from karstsim.core.errors import InputError

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
HEADER_WITHIN = 50  # lines: titles and comments may stand before the header
QUANTITIES = 2  # that a line must name to be the header
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

Line = tuple[int, list[str]]  # number in the file, from 1, and cells


@dataclass(frozen=True)
class Vocabulary:
    """What the headers of a kind of table mean.

    parse        header -> column, None for a foreign one; InputError where the name is known and its unit is not
    quantity_of  header -> the quantity whose name stands in it, whether or not its unit is understood
    example      headers that would do, for messages
    least        quantities that a line must name to be the header, where no line names `QUANTITIES`
    rows         what a row is
    """

    parse: Callable[[str], Column | None]
    quantity_of: Callable[[str], str | None]
    example: str
    least: int = QUANTITIES
    rows: str = "water"


WATERS = Vocabulary(parse_header, quantity_of, "temperature_c, ca_mg_l, alkalinity_mg_caco3_l, ph")


@dataclass
class TableText:
    """A table as text. Every row has as many cells as there are headers; `odd` names the rows that had not.

    lines    line number of every row
    titles   what the file calls the columns, with units; headers are the same made unique, blank ones named by place
    """

    titles: list[str]
    headers: list[str]
    rows: list[list[str]]
    lines: list[int]
    encoding: str
    separator: str
    header_line: int
    odd: dict[int, str] = field(default_factory=dict)  # row -> what is wrong with its length
    notes: list[str] = field(default_factory=list)


def read_text(
    path: Path, units: Mapping[str, str], words: Vocabulary = WATERS, data: bytes | None = None
) -> TableText:
    """The table in a file; `units` gives the unit of headers that have none, `words` what headers mean.

    data    the text as bytes, where it is not simply what the file holds

    Raises InputError for a file that cannot be read, is no text, or has no header with two known quantities.
    """
    text, encoding = _decode(path, data)
    separator, text = _separator(text, words)
    lines, notes = _lines(path, text, separator)
    start = _header(lines, words)
    if start is None:
        raise InputError(str(path), _no_header(lines, words), _no_header_mend(words))
    number, header = lines[start]
    rows = [line for line in lines[start + 1 :] if not _comment(line, len(header))]
    header = _stripped(header)
    if rows and _is_unit_row(header, rows[0][1], words):
        header = _with_units(path, header, rows[0], words)
        notes.append(f"line {rows[0][0]} read as a row of units")
        rows = rows[1:]
    if not rows:
        raise InputError(str(path), "has no rows", f"give a header line and at least one {words.rows}")
    header = _with_given_units(path, header, units)
    table = TableText([], [], [], [n for n, _ in rows], encoding, SEPARATORS[separator], number, notes=notes)
    _fill(table, header, [cells for _, cells in rows])
    return table


def _decode(path: Path, data: bytes | None = None) -> tuple[str, str]:
    """Text and name of the encoding: what the byte order mark says, else UTF-8, else Windows-1252."""
    try:
        data = path.read_bytes() if data is None else data
    except OSError as error:
        mend = "name a file in it" if path.is_dir() else "check the path"
        raise InputError(str(path), f"cannot be read ({error.strerror})", mend) from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputError(str(path), "is a spreadsheet or an archive", "save the sheet as CSV")
    codec, name = next(
        ((codec, name) for bom, codec, name in _BOMS if data.startswith(bom)), ("utf-8", "UTF-8")
    )
    if codec == "utf-8" and data[1:200:2].count(0) > 0.4 * len(data[1:200:2]) > 0:
        codec, name = "utf-16-le", "UTF-16"
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        if codec != "utf-8":
            raise InputError(str(path), f"is not {name} text", "save it as UTF-8") from None
        text, name = data.decode("cp1252", errors="replace"), "Windows-1252"
    if "\0" in text:
        raise InputError(str(path), "is not a text file", "save it as CSV, UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n"), name


def _separator(text: str, words: Vocabulary) -> tuple[str, str]:
    """The separator, and the text with a line such as ``sep=;`` blanked."""
    first, _, rest = text.partition("\n")
    declared = first.strip().strip('"').lower()
    if declared.startswith("sep=") and (mark := first.strip().strip('"')[4:] or "\t") in SEPARATORS:
        return mark, "\n" + rest
    sample = "\n".join(text.split("\n", HEADER_WITHIN)[:HEADER_WITHIN])
    known = {mark: _known_in(sample, mark, words) for mark in SEPARATORS}
    return max(known, key=lambda mark: known[mark]), text


def _known_in(sample: str, mark: str, words: Vocabulary) -> int:
    """How many quantities the header has if `mark` separates its cells."""
    try:
        lines = list(_numbered(csv.reader(io.StringIO(sample, newline=""), delimiter=mark)))
    except csv.Error:
        return 0
    start = _header(lines, words)
    return 0 if start is None else _quantities(lines[start][1], words)


def _numbered(reader: Iterable[list[str]]) -> Iterable[Line]:
    """Rows that are not blank with the number of their first line."""
    last = 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield last + 1, cells
        last = reader.line_num  # type: ignore[attr-defined]


def _lines(path: Path, text: str, mark: str) -> tuple[list[Line], list[str]]:
    """All rows of the text; quotation marks that do not pair are plain characters."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        lines = list(_numbered(reader))
        tall = [n for n, cells in lines if any("\n" in cell for cell in cells)]
        return lines, [f"a quoted cell runs over several lines (from line {n})" for n in tall[:3]]
    except csv.Error:
        pass
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, quoting=csv.QUOTE_NONE)
        return list(_numbered(reader)), ["quotation marks do not pair: read as plain characters"]
    except csv.Error as error:
        raise InputError(str(path), f"is not CSV ({error})", "check the quotation marks") from None


def _header(lines: list[Line], words: Vocabulary) -> int | None:
    """Place of the header: the first line that names enough quantities; one behind a # only when no other does."""
    near = [
        (place, cells, _quantities(cells, words)) for place, (_, cells) in enumerate(lines[:HEADER_WITHIN])
    ]
    for least in range(QUANTITIES, words.least - 1, -1):
        for wanted in (False, True):
            for place, cells, known in near:
                if (
                    cells[0].lstrip().startswith("#") == wanted
                    and known >= least
                    and len(cells) >= QUANTITIES
                ):
                    return place
    return None


def _quantities(cells: list[str], words: Vocabulary) -> int:
    """How many different quantities a line names, with or without a unit that is understood."""
    return len({name for cell in cells if len(cell) < 100 and (name := _quantity(cell, words))})


def _quantity(cell: str, words: Vocabulary) -> str | None:
    cell = cell.strip().lstrip("#").strip()
    try:
        column = words.parse(cell)
    except InputError:
        return words.quantity_of(cell)
    return column.name if column else None


def _no_header(lines: list[Line], words: Vocabulary) -> str:
    if not lines:
        return "has no rows"
    number, cells = lines[0]
    shown = ", ".join(repr(c.strip()[:30]) for c in cells[:6])
    return f"no header with at least {words.least} known columns found; line {number} holds {shown}"


def _no_header_mend(words: Vocabulary) -> str:
    return f"name the columns in one line, for example {words.example}"


def _comment(line: Line, width: int) -> bool:
    """Whether a line after the header is a remark: it starts with # and is no row of the table."""
    cells = line[1]
    return cells[0].lstrip().startswith("#") and sum(bool(c.strip()) for c in cells) < max(2, width // 2)


def _stripped(header: list[str]) -> list[str]:
    names = [" ".join(cell.split()) for cell in header]
    names[0] = names[0].lstrip("#").strip()
    return names


def _is_unit_row(header: list[str], cells: list[str], words: Vocabulary) -> bool:
    """Whether a row gives units: in the known columns no numbers, and at least one unit of its quantity."""
    known = [(h, c.strip()) for h, c in zip(header, cells, strict=False) if _quantity(h, words)]
    if any(any(x.isdigit() for x in c) and not any(x.isalpha() for x in c) for _, c in known):
        return False
    return any(c and not _gives_unit(h, words) and _gives_unit(_joined(h, c), words) for h, c in known)


def _gives_unit(header: str, words: Vocabulary) -> bool:
    try:
        column = words.parse(header)
    except InputError:
        return False
    return column is not None and column.unit != ""


def _joined(header: str, unit: str) -> str:
    return f"{header} ({unit.strip().strip('()[]')})"


def _with_units(path: Path, header: list[str], line: Line, words: Vocabulary) -> list[str]:
    """Headers with the units below them, where they do not hold them already."""
    units = [cell.strip(" -()[]") for cell in [*line[1], *[""] * len(header)]]
    return [_with_unit(path, h, u, line[0], words) for h, u in zip(header, units, strict=False)]


def _with_unit(path: Path, header: str, unit: str, number: int, words: Vocabulary) -> str:
    """One header with the unit below it. Raises InputError when the header says another one."""
    if not header or not unit:
        return header
    if not _gives_unit(header, words):
        repeated = _quantity(header, words) is None and set(normalise(unit).split("_")) <= set(
            normalise(header).split("_")
        )
        return header if repeated else _joined(header, unit)
    column, below = words.parse(header), None
    with contextlib.suppress(InputError):
        below = words.parse(f"{column.name if column else ''} ({unit})")
    if column and below and (column.factor, column.offset) != (below.factor, below.offset):
        where = f"{path}, line {number}, column {header!r}"
        raise InputError(where, f"the row of units says {unit!r}", "keep the right one of the two units")
    return header


def _with_given_units(path: Path, header: list[str], units: Mapping[str, str]) -> list[str]:
    """Headers with the units that the caller gives by header."""
    for name in units:
        if name not in header:
            raise InputError(f"{path}, unit of {name!r}", "no such column", f"use one of {', '.join(header)}")
    return [_joined(h, units[h]) if h in units else h for h in header]


def _fill(table: TableText, header: list[str], rows: list[list[str]]) -> None:
    """Put rows of one length and unique headers into `table`; columns without any text are dropped."""
    width = len(header)
    while width and not header[width - 1]:  # trailing separators
        width -= 1
    extra = max((len(row) - width for row in rows if any(c.strip() for c in row[width:])), default=0)
    unnamed = min(extra, len(header) - width)  # a column with cells but without a name
    width += unnamed
    table.titles = header[:width]
    table.headers = _unique(header[:width])
    for number, row in enumerate(rows):
        filled = len(row) if any(c.strip() for c in row[width:]) else min(len(row), width)
        if filled != width:
            table.odd[number] = f"{filled} cells for {width} columns"
        table.rows.append([cell.strip() for cell in [*row, *[""] * width][:width]])


def _unique(header: list[str]) -> list[str]:
    """Headers told apart: blank ones by their place, repeated ones by a number."""
    names: list[str] = []
    for place, name in enumerate(header, start=1):
        name = name or f"column {place}"
        number, unique = 1, name
        while unique in names:
            number += 1
            unique = f"{name} ({number})"
        names.append(unique)
    return names

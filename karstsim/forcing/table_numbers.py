"""Numbers as tables write them: the decimal mark, marks of thousands, and numbers that stand for a missing value."""

from __future__ import annotations

import re
from collections.abc import Iterable

NINES = (  # missing values where a quantity cannot be as low
    -99.0, -99.9, -99.99, -88.0, -77.0, -888.0, -777.0, -999.9, -999.99, -9999.9, -9999.99, -8888.0, -7777.0, -6999.0,
)  # fmt: skip
_GROUP = r"[+-]?[1-9]\d{{0,2}}(?:{mark}\d{{3}})+"
_BLANKS = "[ \u00a0\u2009\u202f'’]"
_DECIMAL = {
    ".": re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?"),
    ",": re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?"),
}
_LONE = {mark: re.compile(_GROUP.format(mark=re.escape(mark))) for mark in ".,"}
_BOTH = {  # decimal mark: a number with marks of the other kind, or blanks, between its thousands
    mark: re.compile(rf"{_GROUP.format(mark=f'(?:{re.escape(other)}|{_BLANKS})')}(?:{re.escape(mark)}\d*)?")
    for mark, other in ((".", ","), (",", "."))
}


def sure_mark(cells: Iterable[str]) -> str | None:
    """The decimal mark by the majority of the cells that show it beyond doubt; None where no cell does.

    ``1,234`` shows none: it may be 1234. ``1.234,5`` and ``0,5`` do.
    """
    count = {".": 0, ",": 0}
    for cell in cells:
        text = cell.strip().lstrip("<> ")
        for mark, other in ((".", ","), (",", ".")):
            written = _DECIMAL[mark].fullmatch(text) and not _LONE[mark].fullmatch(text)
            count[mark] += bool(written or (mark in text and other in text and _BOTH[mark].fullmatch(text)))
    if not any(count.values()):
        return None
    return "," if count[","] > count["."] else "."


def grouped(text: str, mark: str) -> bool:
    """Whether a number has marks or blanks between its thousands, where `mark` is the decimal one."""
    return bool(_BOTH[mark].fullmatch(text.strip()))


def ungrouped(text: str, mark: str) -> str:
    """The same number without them."""
    return re.sub(_BLANKS, "", text.strip().replace("," if mark == "." else ".", ""))


def doubtful(text: str) -> bool:
    """``1,234``: a number of four digits, or one with three decimals."""
    text = text.strip()
    return bool(_LONE[","].fullmatch(text) and text.count(",") == 1)

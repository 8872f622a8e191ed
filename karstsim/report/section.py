"""Parts of the page: checks, tables, figures, and charts that a reader can look into, in sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Table:
    """A table of the page; the first column names the row. `folded` tables open on a click."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    note: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Check:
    """One line of the checklist; `passed` is None for what is neither good nor bad but should be known."""

    name: str
    passed: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Chart:
    """Lines over time; the reader chooses the quantity, and hovering shows the numbers.

    x       decimal years;  when: what each is called, such as 2017-12
    panels  of each quantity its name, unit and lines: name, colour, middle, and perhaps low and high
    """

    caption: str
    x: Sequence[float]
    when: Sequence[str]
    panels: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading; figures are (SVG or PNG file, caption)."""

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    figures: Sequence[tuple[str | Path, str]] = ()


@dataclass(frozen=True)
class Notes:
    """What the page says in words.

    summary   paragraphs: what was run
    checks    the checklist
    repairs   what was mended in the inputs; None where the folder does not tell
    warnings  what the reader should know before using the numbers
    """

    summary: Sequence[str] = ()
    checks: Sequence[Check] = ()
    repairs: Sequence[str] | None = ()
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Contents:
    """All of a page."""

    title: str
    sections: Sequence[Section]
    notes: Notes = field(default_factory=Notes)
    provenance: Mapping[str, object] = field(default_factory=dict)

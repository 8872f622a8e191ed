"""Parts of the page: sections with words, tables, figures, and charts that a reader can look into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from karstsim.report.tables import Check, Table


@dataclass(frozen=True)
class Chart:
    """Lines over time; the reader chooses the quantity, and hovering shows the numbers.

    x       decimal years;  panels: name, unit and lines (name, colour, middle and perhaps low and high) of each quantity
    """

    caption: str
    x: Sequence[float]
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
    repairs   what was mended in the inputs
    warnings  what the reader should know before using the numbers
    """

    summary: Sequence[str] = ()
    checks: Sequence[Check] = ()
    repairs: Sequence[str] = ()
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Contents:
    """All of a page."""

    title: str
    sections: Sequence[Section]
    notes: Notes = field(default_factory=Notes)
    provenance: Mapping[str, object] = field(default_factory=dict)

"""One HTML file that needs nothing else: figures inside it, no network, light and dark, escaped throughout."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

from karstsim import __version__
from karstsim.report.tables import Check, Table

NAME = "report.html"
MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
STATES = {True: ("pass", "✓", "passed"), False: ("fail", "✗", "failed"), None: ("note", "–", "note")}


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
    warnings: Sequence[str] = field(default=())


def write_report(
    folder: str | Path,
    title: str,
    figures: Sequence[tuple[str | Path, str]],
    tables: Sequence[Table] = (),
    notes: Notes | None = None,
    provenance: Mapping[str, object] | None = None,
) -> Path:
    """Write `report.html` into `folder`; it appears whole or not at all.

    figures     (SVG or PNG file, caption); the files are put into the page
    tables      in the order of the page; folded ones open on a click
    provenance  versions, source hash, inputs: values may be text, numbers, lists or mappings
    """
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    notes = notes or Notes()
    page = _template().render(
        title=title,
        version=__version__,
        notes=notes,
        checks=[(*STATES[c.passed], c) for c in notes.checks],
        figures=[(data_uri(path), caption) for path, caption in figures],
        tables=[t for t in tables if not t.folded],
        folded=[t for t in tables if t.folded],
        provenance=[(key, _flat(value)) for key, value in (provenance or {}).items()],
    )
    path = out / NAME
    temporary = path.with_name(f".{NAME}.{os.getpid()}.tmp")
    try:
        temporary.write_text(page, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _template() -> jinja2.Template:
    """The page; autoescape is on for everything, and an unknown name is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("karstsim.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(NAME)


def data_uri(path: str | Path) -> str:
    """A figure as text to put into the page. As an image, an SVG file can neither run scripts nor load anything."""
    file = Path(path)
    kind = MEDIA_TYPES.get(file.suffix.lower())
    if kind is None:
        raise ValueError(f"{file.name}: a figure is {' or '.join(MEDIA_TYPES)}")
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"


def _flat(value: object) -> list[str]:
    """Lines of a provenance entry."""
    if isinstance(value, Mapping):
        return [f"{k}: {', '.join(_flat(v))}" for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _flat(item)]
    return [f"{value:g}" if isinstance(value, float) else str(value)]

"""One HTML file that needs nothing else: figures inside it, no network, light and dark, escaped throughout.

The page runs one script, its own (copy buttons and charts); its policy names the hash of that script and forbids any
other, so nothing that comes from inputs can run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup

from karstsim import __version__
from karstsim.report.section import Chart, Contents
from karstsim.report.style import RAISED, WIDTH

NAME = "report.html"
SCRIPT = "report.js"
TEMPLATES = "templates"
MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
POWER = re.compile(r"\b(\d+(?:\.\d+)?)e([+-]\d+)\b")
JOINT = re.compile(r"(?<=[A-Za-z][._])(?=[A-Za-z])")
SVG_WIDTH = re.compile(rb'<svg[^>]*? width="([0-9.]+)pt"')
HEAD_BYTES = 2000  # of an SVG file: its first element
POINTS_PER_INCH = 72.0
MOST_NAMED = 6  # of the failed checks above the page
STATES = {True: ("pass", "✓", "passed"), False: ("fail", "✗", "failed"), None: ("note", "–", "note")}


def write_page(folder: str | Path, contents: Contents) -> Path:
    """Write `report.html` into `folder`; it appears whole or not at all."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    script = (files("karstsim.report") / TEMPLATES / SCRIPT).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    page = _template().render(
        page=contents,
        notes=contents.notes,
        version=__version__,
        script=script,
        script_hash=f"sha256-{digest}",
        checks=[(*STATES[c.passed], c) for c in contents.notes.checks],
        failed=_named([c.name for c in contents.notes.checks if c.passed is False]),
        provenance=[(key, _flat(value)) for key, value in contents.provenance.items()],
    )
    path = out / NAME
    temporary = path.with_name(f".{NAME}.{os.getpid()}.tmp")
    try:
        temporary.write_text(page, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _named(failed: list[str]) -> list[str]:
    """The names of failed checks, the first few of many: chains that have not met fail by every parameter."""
    more = len(failed) - MOST_NAMED
    return failed if more < 2 else [*failed[:MOST_NAMED], f"{more} more"]


def _template() -> jinja2.Template:
    """The page; autoescape is on for everything but its own script, and an unknown name is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("karstsim.report", TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = data_uri
    environment.filters["share"] = share
    environment.filters["chart_json"] = chart_json
    environment.filters["breakable"] = breakable
    environment.filters["whole_powers"] = whole_powers
    return environment.get_template(NAME)


def breakable(cell: object) -> Markup:
    """A name such as soil.structure_factor may go on in the next line after its dots and dashes; copied it is whole."""
    return Markup("<wbr>").join(JOINT.split(str(cell)))


def whole_powers(text: str) -> str:
    """Powers of ten as the tables have them: 2.4e-15 -> 2.4 × 10⁻¹⁵, in which a line does not break; 1e-12 -> 10⁻¹²."""

    def shown(found: re.Match[str]) -> str:
        power = "10" + str(int(found[2])).translate(RAISED)
        return power if found[1] == "1" else f"{found[1]}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{power}"

    return POWER.sub(shown, text)


def chart_json(chart: Chart) -> str:
    """The numbers of a chart as the page's script reads them."""
    return json.dumps(
        {"x": list(chart.x), "when": list(chart.when), "panels": list(chart.panels)},
        allow_nan=False,
        separators=(",", ":"),
    )


def data_uri(path: str | Path) -> str:
    """A figure as text to put into the page. As an image, an SVG file can neither run scripts nor load anything."""
    file = Path(path)
    kind = MEDIA_TYPES.get(file.suffix.lower())
    if kind is None:
        raise ValueError(f"{file.name}: a figure is {' or '.join(MEDIA_TYPES)}")
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"


def share(path: str | Path) -> float:
    """What a figure takes of the page's width: drawn narrower it stays so, with letters as large as in the others.

    1 for other files, and for an SVG file of unknown width.
    """
    if Path(path).suffix != ".svg":
        return 1.0
    with open(path, "rb") as file:
        found = SVG_WIDTH.search(file.read(HEAD_BYTES))
    return min(float(found[1]) / (POINTS_PER_INCH * WIDTH), 1.0) if found else 1.0


def _flat(value: object) -> list[str]:
    """Lines of a provenance entry."""
    if isinstance(value, Mapping):
        return [f"{k}: {', '.join(_flat(v))}" for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _flat(item)]
    return [f"{value:g}" if isinstance(value, float) else str(value)]

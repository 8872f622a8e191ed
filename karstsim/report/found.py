"""What any folder shows of itself: figures, checklists, tables and records under usual names."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from karstsim.report.html import MEDIA_TYPES
from karstsim.report.section import Check, Contents, Notes, Section, Table

FIGURES, CAPTIONS = "figures", "captions.json"
CHECKLIST = "check"  # in the name of a JSON file with [{"name", "passed", "detail"}]
RECORD = "run.json"
MOST_ROWS, FOLDED_ROWS, MOST_COLUMNS = 200, 25, 24
LARGEST = 5_000_000  # bytes of a table or figure that is shown
NOT_RESULTS = ("plan.json", "compare.json", RECORD)


def found_contents(folder: Path, shown: set[str], titles: set[str] | None = None) -> Contents:
    """Figures, checklists, tables and the record of any folder.

    shown, titles  figures by name and tables by title that the page has already
    """
    sections = []
    figures = found_figures(folder, shown)
    if figures:
        sections.append(Section("Figures", figures=figures))
    files = sorted(path for path in folder.glob("*.csv") if path.is_file())  # a pipe would be waited for
    tables = [table for path in files if (table := read_table(path)) is not None]
    tables = [table for table in tables + _facts(folder) if table.title not in (titles or ())]
    if tables:
        sections.append(Section("Tables", tables=tables))
    record = _record(folder)
    notes = Notes(
        summary=[f"Results in {folder.resolve().name}."],
        checks=found_checks(folder),
        repairs=[str(line) for line in record.pop("repairs")] if record.get("repairs") else None,
        warnings=[str(line) for line in record.pop("warnings", None) or ()],
    )
    return Contents(f"karstsim: {folder.resolve().name}", sections, notes, record)


def found_figures(folder: Path, shown: set[str], below: str = FIGURES) -> list[tuple[Path, str]]:
    """(file, caption) of every figure, SVG before PNG; captions.json may say more than the name."""
    place = folder / below
    captions = _json(place / CAPTIONS) or {}
    by_name: dict[str, Path] = {}
    for suffix in MEDIA_TYPES:
        for path in sorted(place.glob(f"*{suffix}")):
            if path.stem not in shown and path.stat().st_size <= LARGEST:
                by_name.setdefault(path.stem, path)
    return [(path, str(captions.get(stem, _words(stem)))) for stem, path in sorted(by_name.items())]


def found_checks(folder: Path) -> list[Check]:
    """Checks of JSON files with "check" in their name: a list of objects, or one under "checks"."""
    checks = []
    for path in sorted(folder.glob("*.json")):
        if CHECKLIST not in path.stem:
            continue
        data = _json(path)
        lines = data.get("checks", []) if isinstance(data, dict) else data or []
        for line in lines:
            if isinstance(line, dict) and "name" in line:
                passed = line.get("passed")
                known = passed if isinstance(passed, bool) else None
                checks.append(Check(str(line["name"]), known, str(line.get("detail", ""))))
    return checks


def read_table(path: Path) -> Table | None:
    """A CSV as a table of the page; folded where it is long, cut where it is longer."""
    if path.stat().st_size > LARGEST:
        return None
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = list(csv.reader(file))
    rows = [row for row in rows if row]
    if len(rows) < 2:
        return None
    header, body = rows[0][:MOST_COLUMNS], [row[:MOST_COLUMNS] for row in rows[1:]]
    note = f"{path.name}: {len(body)} rows"
    if len(body) > MOST_ROWS:
        note += f", the first {MOST_ROWS} shown"
    if len(rows[0]) > MOST_COLUMNS:
        note += f", {MOST_COLUMNS} of {len(rows[0])} columns shown"
    cells = [[_short(cell) for cell in row] for row in body[:MOST_ROWS]]
    return Table(_words(path.stem), header, cells, note, folded=len(body) > FOLDED_ROWS)


def _facts(folder: Path) -> list[Table]:
    """Other JSON files that hold one level of names and numbers."""
    tables = []
    for path in sorted(folder.glob("*.json")):
        data = _json(path)
        if path.name in NOT_RESULTS or CHECKLIST in path.stem or not isinstance(data, dict):
            continue
        rows = [[key, _short(value)] for key, value in data.items() if not isinstance(value, dict | list)]
        if rows:
            tables.append(Table(_words(path.stem), ["quantity", "value"], rows, path.name))
    return tables


def _record(folder: Path) -> dict[str, Any]:
    data = _json(folder / RECORD)
    return data if isinstance(data, dict) else {}


def _json(path: Path) -> Any:
    """What a JSON file holds; None where there is none or it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _words(stem: str) -> str:
    text = stem.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def _short(value: object) -> str:
    """A number with six digits; other text as it is."""
    text = str(value)
    try:
        number = float(text)
    except ValueError:
        return text
    return text if len(text) <= 8 else f"{number:.6g}"

"""The page of a comparison: what an intervention added to the sink, its stability, side effects and money."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from karstsim.analysis.economics import Economics
from karstsim.ensemble.plan import PLAN
from karstsim.report.ensemble_folder import ensemble_notes
from karstsim.report.run_folder import RECORD, notes_and_provenance, read_outputs
from karstsim.report.section import Check, Contents, Notes, Section, Table
from karstsim.report.style import printed, printed_unit
from karstsim.report.tables import number

COMPARISON, FIGURE = "compare.json", "compare.svg"
TITLES = {
    "sink": "Sink",
    "stability": "Stability",
    "side": "Side effects",
    "economics": "Economics (whole catchment)",
}
CAPTION = (
    "(a) The sink with and without, the dotted line where the intervention begins. (b) What it added, by definition of "
    "the sink. (c) Side effects in per cent. (d) Acidity and saturation in their units."
)
TOOK_UP = "karst sink, CO2 that water took up (ledger)", "t CO2 km-2 a-1"
MONEY = ("credited", "net present value")
RUNS = {"baseline": "without", "intervention": "with"}
DEFINITION = "Additional is with less without: both runs share weather, parameters and start."


def compare_contents(folder: Path) -> Contents:
    """All that the page of a comparison says."""
    found = json.loads((folder / COMPARISON).read_text(encoding="utf-8"))
    labels, (first, last) = found["interventions"], found["years"]
    many = found["members"] > 1
    tables = [_table(found["rows"], group, title, many) for group, title in TITLES.items()]
    tables.append(_permanence(found["permanence_t_c_km2_a"]))
    figures = [(folder / FIGURE, CAPTION)] if (folder / FIGURE).is_file() else []
    sections = [
        Section("Comparison", [DEFINITION], [t for t in tables if t.rows], figures=figures),
        Section("Terms of the economics", tables=[_terms(found["economics"])]),
    ]
    members = f"{found['members']} members; values are medians" if many else "one run each"
    summary = [f"Means of {first} to {last} over {found['area_km2']:g}\u00a0km²; {members}."]
    summary += _answer(found["rows"])
    checks, repairs, provenance = _of_the_runs(folder, found.get("runs", {}))
    return Contents(
        f"With and without: {'; '.join(labels)}",
        sections,
        Notes(summary, checks, repairs, found["notes"]),
        {"folder": folder.resolve().name} | provenance,
    )


def _of_the_runs(
    folder: Path, runs: Mapping[str, str]
) -> tuple[list[Check], list[str] | None, dict[str, object]]:
    """Checklists of both runs, their repairs, and the provenance of the one with interventions.

    runs  their folders, seen from that of the comparison; those that are not named lie in it
    """
    checks: dict[str, list[Check]] = {}
    repairs: list[str] | None = None
    provenance: dict[str, object] = {}
    for name, label in RUNS.items():
        run = folder / runs.get(name, name)
        if (run / PLAN).is_file():
            notes, provenance = ensemble_notes(run)
        elif (run / RECORD).is_file():
            notes, provenance = notes_and_provenance(run, read_outputs(run), {})
        else:
            checks[label] = [Check("its checks", None, f"not looked at: {run.name} lies elsewhere now")]
            continue
        checks[label] = list(notes.checks)
        repairs = list(dict.fromkeys([*(repairs or []), *(notes.repairs or [])]))
    return _together(checks), repairs, provenance


def _together(checks: Mapping[str, Sequence[Check]]) -> list[Check]:
    """The checks of both runs: in one line where they end alike, else in one each, failures first in sight."""
    names = dict.fromkeys(check.name for some in checks.values() for check in some)
    lines = []
    for name in names:
        of = {label: check for label, some in checks.items() for check in some if check.name == name}
        if len(of) > 1 and len({check.passed for check in of.values()}) == 1:
            details = {check.detail for check in of.values()}
            said = [
                check.detail if len(details) == 1 else f"{label}: {check.detail}"
                for label, check in of.items()
            ]
            first = next(iter(of.values()))
            lines.append(
                replace(first, name=f"{' and '.join(of)}: {name}", detail="; ".join(dict.fromkeys(said)))
            )
            continue
        lines += [replace(check, name=f"{label}: {name}") for label, check in of.items()]
    return lines


def _answer(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What the comparison found, in a sentence or two: the sink that counts, and the money."""
    lines = []
    for r in rows:
        if (r["label"], r["unit"]) == TOOK_UP:
            text = f"Additional CO2 that water took up: {_number(r['difference'])} {r['unit']}"
            lines.append(f"{text} (from {_number(r['baseline'])} to {_number(r['intervention'])}).")
    money = [f"{r['label']} {_number(r['difference'])} {r['unit']}" for r in rows if r["label"] in MONEY]
    if money:
        lines.append(f"For the whole catchment: {', '.join(money)}.")
    return [printed(line) for line in lines]


def _terms(values: Mapping[str, float]) -> Table:
    """The terms that the money was counted with, each with its unit and meaning."""
    rows = []
    for name, value in values.items():
        term = Economics.model_fields[name]
        extra = term.json_schema_extra
        unit = str(extra["units"]) if isinstance(extra, dict) else ""
        rows.append([name.replace("_", " "), value, printed_unit(unit), printed(str(term.description))])
    return Table("Terms", ["term", "value", "unit", "meaning"], rows)


def _table(rows: Sequence[dict[str, Any]], group: str, title: str, many: bool) -> Table:
    money = group == "economics"
    keys = ["difference"] if money else ["baseline", "intervention", "difference"]
    names = ["value"] if money else ["without", "with", "difference"]
    if many:
        keys, names = [*keys, "low", "high"], [*names, "5 %", "95 %"]
    body = [
        [printed(r["label"]), *(_number(r[k]) for k in keys), printed_unit(r["unit"])]
        for r in rows
        if r["group"] == group
    ]
    return Table(title, ["quantity", *names, "unit"], body)


def _permanence(classes: dict[str, Sequence[Any]]) -> Table:
    rows = [[name, *map(_number, values)] for name, values in classes.items()]
    return Table("Carbon by permanence, t C km⁻² a⁻¹", ["class", "without", "with"], rows)


def _number(value: float | None) -> str:
    return number(float("nan") if value is None else value)

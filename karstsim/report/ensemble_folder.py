"""The page of an ensemble: its plan, how it stands, and its members by scenario."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError, quoted
from karstsim.ensemble.draws import AREA
from karstsim.ensemble.plan import RUN_RECORD, Plan, Task
from karstsim.ensemble.run import Outcome, status
from karstsim.ensemble.store import kept_open, open_ensemble
from karstsim.model.initial import DRIFT
from karstsim.model.parameters import by_name
from karstsim.model.simulate import FLAGS, flag_text
from karstsim.report import budget, style
from karstsim.report.checks import standard_checks
from karstsim.report.fan_figure import fan_figure
from karstsim.report.isotope_figure import SERIES
from karstsim.report.land_use_figure import RUNGS
from karstsim.report.results_figure import PANELS
from karstsim.report.run_folder import (
    CONFIG,
    FIGURES,
    MADE_UP,
    PERCENT,
    is_synthetic,
    provenance_of,
    sections_of_member,
    sections_of_outputs,
)
from karstsim.report.scheme_figure import ARROWS
from karstsim.report.section import Check, Contents, Notes, Section, Table
from karstsim.report.tables import KEYS
from karstsim.tomlfile import read_toml

DRIFT_REPORT, YEARS_REPORT = "largest drift of a spin-up, % per decade", "spin-up years"
SHOWN = 10
FAN_CAPTION = "Key quantities by scenario: lines are medians, bands hold 50 and 90 % of the draws."


def ensemble_contents(folder: Path) -> Contents:
    """All that the page of an ensemble says.  Raises InputError where nothing has been computed yet."""
    plan, outcome, broken = status(folder)
    outputs, member = _outputs(folder, outcome), _one_member(folder, outcome)
    if not (outputs or member):
        if broken:
            what = "is missing or was changed, and the page needs it"
            raise InputError(
                str(folder / next(iter(broken.values()))), what, f"karstsim resume {quoted(folder)}"
            )
        raise InputError(str(folder), "holds no output yet", f"karstsim resume {quoted(folder)}")
    annual = outputs.get("annual", next(iter((outputs or member).values())))
    site = _site(folder)
    notes, provenance = _notes_and_provenance(folder, plan, outcome, broken, annual)
    sections = sections_of_outputs(folder, outputs, site.get("area_km2")) if outputs else []
    if "annual" in outputs and any(key.variable in annual for key in KEYS):
        files = style.save(fan_figure(annual), folder / FIGURES / "fans")
        sections.insert(1, Section("Scenarios", figures=[(files[-1], FAN_CAPTION)]))
    sections += sections_of_member(folder, member, _whose(member), site.get("area_km2")) if member else []
    sections.append(_members(plan, outcome))
    members = f"{plan.n_columns} member{'s' * (plan.n_columns > 1)}{' each' * (len(plan.climates) > 1)}"
    title = f"{site.get('name', folder.resolve().name)}: {_climates(plan)}, {members}"
    return Contents(title, sections, notes, provenance)


def ensemble_notes(folder: Path) -> tuple[Notes, dict[str, object]]:
    """What ran, the checklist of all members, repairs and warnings; and where they come from."""
    plan, outcome, broken = status(folder)
    annual = _outputs(folder, outcome).get("annual", xr.Dataset())
    return _notes_and_provenance(folder, plan, outcome, broken, annual)


def _notes_and_provenance(
    folder: Path, plan: Plan, outcome: Outcome, broken: Mapping[Task, str], annual: xr.Dataset
) -> tuple[Notes, dict[str, object]]:
    warnings = warnings_of(outcome)
    if not outcome.complete:
        warnings.append(f"{outcome.tasks - outcome.done} tasks are left: karstsim resume {quoted(folder)}")
    warnings += [
        f"{path} is missing or was changed: karstsim resume {quoted(folder)}" for path in broken.values()
    ]
    repairs = [line for line in str(annual.attrs.get("forcing_repairs", "")).splitlines() if line]
    checks = [
        Check("All members computed", outcome.complete and not outcome.failed, _members_said(plan, outcome)),
        Check("Files as written", not broken, _files_said(folder, broken)),
        *standard_checks(annual, outcome.closure, settled(outcome), spin_up_text(outcome), repairs),
    ]
    summary = [what_ran(plan, _site(folder)), *([MADE_UP] if is_synthetic(annual) else [])]
    path = folder / RUN_RECORD
    record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if "tasks" in record:
        record["tasks"] = "{} of {}".format(*record["tasks"])
    return Notes(summary, checks, repairs, warnings), provenance_of(record, annual)


def _files_said(folder: Path, broken: Mapping[Task, str]) -> str:
    if not broken:
        return "the sha256 of every shard and state is that of the manifest"
    return f"{len(broken)} missing or changed, {next(iter(broken.values()))} first: karstsim resume {quoted(folder)}"


def _site(folder: Path) -> dict[str, Any]:
    site = read_toml(folder / CONFIG).get("site", {})
    return site if isinstance(site, dict) else {}


def _outputs(folder: Path, outcome: Outcome) -> dict[str, xr.Dataset]:
    """Annual and monthly output of all members, the variables that the page shows."""
    found = {}
    for name in ("annual", "monthly"):
        if (ds := _opened(folder, outcome, name)) is not None:
            with kept_open():
                found[name] = ds.load()
    return found


def _one_member(folder: Path, outcome: Outcome) -> dict[str, xr.Dataset]:
    """Daily output and that of every step, of the first member alone: all of them would not fit into a page."""
    found = {}
    for name in ("daily", "step"):
        if (ds := _opened(folder, outcome, name)) is not None:
            with kept_open():
                found[name] = ds.isel(realization=0).load()
    return found


def _opened(folder: Path, outcome: Outcome, name: str) -> xr.Dataset | None:
    """Output of one frequency, the variables that the page shows; None where it was not kept."""
    try:
        ds = open_ensemble(folder, name, partial=not outcome.complete)
    except InputError:
        return None
    return ds[sorted({str(n) for n in ds.data_vars} & _shown())]


def _whose(member: Mapping[str, xr.Dataset]) -> str:
    ds = next(iter(member.values()))
    return f"Climate {ds.climate.item()}, draw {ds.draw.item()}."


def _shown() -> set[str]:
    """Names of all variables of the page."""
    names = {*budget.patterns(), "tile_area_fraction", "time_bnds", "aquifer_spring_alkalinity"}
    names |= (
        {key.variable for key in KEYS}
        | {panel.variable for panel in PANELS}
        | {name for name, _, _ in SERIES}
    )
    names |= {n for item in (*RUNGS, *ARROWS) for n in (*item.add, *item.subtract)}
    return names | {f"catchment_imbalance_{e}" for e in ("water", "carbon", "calcium", "magnesium", "alkali", "sulfate",
                                                         "nitrate", "chloride", "oxygen")}  # fmt: skip


def what_ran(plan: Plan, site: dict[str, Any]) -> str:
    """Climates, draws and years in a sentence."""
    varied = sorted({name for draw in plan.draws for name in draw})
    years = (min(c.years[0] for c in plan.climates), max(c.years[1] for c in plan.climates))
    draws = f"{len(plan.draws)} draws of {len(varied)} parameters" if varied else f"{len(plan.draws)} members"
    cells = f" × {len(plan.cells)} grid cells" if len(plan.cells) > 1 else ""
    names = ", ".join(c.name for c in plan.climates)
    followed = {c.follows for c in plan.climates}
    before = ", ".join(c.name for i, c in enumerate(plan.climates) if i in followed)
    left_out = (
        f" Numbers and figures are those of the scenarios, without the years before them ({before})."
        if before
        else ""
    )
    return (
        f"{_area(plan, site)}{_climates(plan)} ({names}) × {draws}{cells}, {years[0]}–{years[1]}.{left_out}"
    )


def _area(plan: Plan, site: dict[str, Any]) -> str:
    """The karst area of the draws where they hold it, as after a calibration, else that of the site."""
    areas = [v for draw in plan.draws if isinstance(v := draw.get("area_km2"), float)]
    if areas:
        low, middle, high = np.quantile(areas, (0.05, 0.5, 0.95))
        return f"{middle:.4g} km² of karst (5 to 95 % of the draws: {low:.4g} to {high:.4g}). "
    return f"{site['area_km2']:g} km² of karst. " if "area_km2" in site else ""


def _climates(plan: Plan) -> str:
    return f"{len(plan.climates)} climate{'s' * (len(plan.climates) > 1)}"


def settled(outcome: Outcome) -> bool | None:
    """Whether every spin-up ended in balance."""
    drift = outcome.reports.get(DRIFT_REPORT)
    return None if drift is None else drift < PERCENT * DRIFT


def spin_up_text(outcome: Outcome) -> str:
    """How long the spin-up took, and what drift it left."""
    if DRIFT_REPORT not in outcome.reports:
        return ""
    years, drift = outcome.reports.get(YEARS_REPORT, 0.0), outcome.reports[DRIFT_REPORT]
    return f"{years:.0f} years of recycled climate; largest drift {drift:.2g} % per decade"


def warnings_of(outcome: Outcome) -> list[str]:
    """What a reader should know: flags of the model, a spin-up that did not settle, members that failed."""
    warnings = [flag_text(name, count) for name, count in outcome.reports.items() if name in FLAGS]
    if settled(outcome) is False:
        warnings.append(
            f"the spin-up left a drift: {spin_up_text(outcome)} (limit {PERCENT * DRIFT:g} %); raise spinup_years"
        )
    if outcome.failed:
        warnings.append(f"{len(outcome.failed)} members failed and have no values")
    return warnings


def _members_said(plan: Plan, outcome: Outcome) -> str:
    text = f"{len(plan.climates) * plan.n_columns} members, {outcome.done} of {outcome.tasks} tasks"
    return text + (f", {len(outcome.failed)} members failed" if outcome.failed else "")


def _members(plan: Plan, outcome: Outcome) -> Section:
    """Climates, the draws' parameters, and what failed."""
    columns = {
        "climate": [c.name for c in plan.climates],
        "scenario": [c.scenario for c in plan.climates],
        "model": [c.source_id for c in plan.climates],
        "member": [c.variant_label for c in plan.climates],
        "calendar": [c.calendar for c in plan.climates],
        "from": [c.start[:10] for c in plan.climates],
        "before": [c.end[:10] for c in plan.climates],
    }
    told = {name: cells for name, cells in columns.items() if any(cells)}
    climates = Table("Climates", list(told), [list(row) for row in zip(*told.values(), strict=True)])
    names = sorted({name for draw in plan.draws for name in draw})
    rows = [[str(d), *(_shown_value(draw.get(n)) for n in names)] for d, draw in enumerate(plan.draws)]
    header = ["draw", *(_with_unit(name, plan.draws) for name in names)]
    draws = Table("Parameter draws", header, rows, folded=len(rows) > SHOWN)
    failed = Table("Failed members", ["column", "why"], [[str(k), why] for k, why in outcome.failed.items()])
    tables = [climates, *([draws] if names else []), *([failed] if outcome.failed else [])]
    return Section("Members", tables=tables)


def _with_unit(name: str, draws: Sequence[Mapping[str, Any]]) -> str:
    """A parameter over its unit; factors, and what has no unit, stand alone."""
    factor = any(isinstance(draw.get(name), dict) for draw in draws)
    address = by_name().get(name)
    unit = "km2" if name == AREA else address.param.units if address and not factor else "1"
    return name if unit == "1" else f"{name}\n({style.printed(unit)})"


def _shown_value(value: Any) -> str:
    if value is None:
        return "–"
    return f"× {value['factor']:.3g}" if isinstance(value, dict) else f"{value:.3g}"

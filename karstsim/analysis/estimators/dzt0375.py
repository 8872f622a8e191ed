"""A report with the method set of DZ/T 0375-2021 (investigation of the karst carbon cycle and its sink effect).

The text of the standard was not seen. What the report holds is the method set that the literature names for it:
hydrochemistry with runoff first, tablets second, purity of the rock, correction for strong acids, uncertainty, and
tables by catchment and land use, in t C and in t CO2 per km2 and year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from karstsim.analysis.carbon_units import FLUX, Carbon
from karstsim.analysis.estimators.record import Estimate
from karstsim.core.errors import InputError

NOT_SEEN = "The method set of DZ/T 0375-2021 as the literature names it; the standard itself was not seen."
CO2 = "t CO2 km-2 a-1"


def guideline_report(
    name: str,
    area_km2: float,
    hydrochem: Estimate,
    *,
    acid: Estimate | None = None,
    tablets: Mapping[str, Estimate] | None = None,
    land_use_km2: Mapping[str, float] | None = None,
    purity: float | None = None,
) -> str:
    """The report of one catchment as Markdown.

    name, area_km2   of the catchment;  hydrochem, acid: estimates of these methods (per area)
    tablets          {land use: estimate of the method tablet};  land_use_km2: their areas
    purity           CaCO3 of the rock or of its tablets, 0 to 1
    Raises InputError where an estimate is not per area or areas of land uses exceed the catchment.
    """
    for one in (hydrochem, acid, *(tablets or {}).values()):
        if one is not None and not one.units.endswith("km-2 a-1"):
            raise InputError(f"report, {one.method}", f"is in {one.units!r}", "give the area to estimate()")
    areas = dict(land_use_km2 or {})
    if sum(areas.values()) > area_km2 * (1.0 + 1e-6):
        raise InputError(
            "report, land_use_km2", f"sum to {sum(areas.values()):g} km2", f"of {area_km2:g} km2"
        )
    lines = [f"# Karst carbon sink of {name}", "", NOT_SEEN, "", "## Catchment", ""]
    runoff, water = hydrochem.parts.get("runoff"), hydrochem.parts.get("mean HCO3, flow-weighted")
    facts = [("area", f"{area_km2:g}", "km2"), *_fact("runoff", runoff), *_fact("HCO3, flow-weighted", water)]
    if purity is not None:
        facts.append(("CaCO3 of the rock, or of its tablets", f"{100 * purity:.1f}", "%"))
    lines += _table(("quantity", "value", "unit"), facts)
    lines += ["", "## Sink of the catchment", ""]
    rows = [_row("hydrochemistry and runoff (primary)", hydrochem, area_km2)]
    if acid is not None:
        rows.append(_row("corrected for strong acids", acid, area_km2))
    lines += _table(("method", FLUX, "5-95 %", CO2, "t C a-1 of the catchment"), rows)
    if tablets:
        lines += ["", "## Tablets by land use (secondary)", ""]
        rows = [
            (*_row(use, one, areas.get(use)), f"{areas[use]:g}" if use in areas else "")
            for use, one in tablets.items()
        ]
        lines += _table(("land use", FLUX, "5-95 %", CO2, "t C a-1 of the area", "area, km2"), rows)
    lines += ["", "## Assumptions and warnings", ""]
    every = [one for one in (hydrochem, acid, *(tablets or {}).values()) if one is not None]
    said = dict.fromkeys(
        f"- {one.method}: {line}" for one in every for line in (*one.assumptions, *one.warnings)
    )
    return "\n".join([*lines, *said, ""])


def _fact(name: str, part: Any) -> list[tuple[str, str, str]]:
    return [(name, f"{part[0]:.4g}", part[1])] if part else []


def _row(label: str, one: Estimate, area_km2: float | None) -> tuple[str, ...]:
    flux = one.to(FLUX)
    co2 = Carbon(flux.value, FLUX).to(CO2).value
    total = f"{flux.value * area_km2:.4g}" if area_km2 is not None else ""
    return label, f"{flux.value:.3g}", f"{flux.low:.3g} to {flux.high:.3g}", f"{co2:.3g}", total


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    ruler = "|" + "---|" * len(header)
    return ["| " + " | ".join(header) + " |", ruler, *("| " + " | ".join(row) + " |" for row in rows)]

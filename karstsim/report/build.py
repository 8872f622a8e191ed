"""The report of a run or an ensemble: both figures into `figures/`, the page beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import xarray as xr

from karstsim.report import numbers, style
from karstsim.report.figures import middle_scenario, sink_and_budget_figure, spring_figure
from karstsim.report.html import Notes, write_report
from karstsim.report.tables import Table, budget_table, key_numbers

FIGURES = "figures"
DEFINITION = "The karst carbon sink is half the bicarbonate that leaves the karst with spring water and surface runoff."


def report(
    folder: str | Path,
    annual: xr.Dataset,
    monthly: xr.Dataset,
    title: str,
    notes: Notes | None = None,
    provenance: Mapping[str, object] | None = None,
    tables: Sequence[Table] = (),
    area_km2: float | None = None,
) -> Path:
    """Draw the figures (PNG and SVG), write the page, and return its path.

    annual, monthly  Datasets of a run, or of an ensemble with `scenario` and `draw` on `realization`
    tables           more tables, after the key numbers and the budget
    area_km2         karst area, for the discharge in m3 s-1
    """
    out = Path(folder)
    figures = []
    for name, figure, caption in (
        ("spring", spring_figure(monthly, area_km2=area_km2), spring_caption(monthly)),
        ("sink_and_budget", sink_and_budget_figure(annual), sink_caption(annual)),
    ):
        files = style.save(figure, out / FIGURES / name)
        figures.append((next(f for f in files if f.suffix == ".svg"), caption))
    shown = [key_numbers(annual), budget_table(annual), *tables]
    return write_report(out, title, figures, shown, notes, provenance)


def spring_caption(monthly: xr.Dataset) -> str:
    """What Figure 1 shows."""
    groups = numbers.members_by_scenario(monthly)
    name = middle_scenario(list(groups))
    several = groups[name].sizes["realization"] > 1
    lines = "lines are medians, bands hold 5 to 95 % of the draws" if several else "one run"
    whose = f", {style.scenario_label(name)}" if len(groups) > 1 else ""
    seasons = numbers.first_and_last(numbers.years_of(monthly))
    compared = f"of {seasons[0]} (grey, dashed) and {seasons[1]}" if seasons else "of the run"
    return (
        f"Water of the spring{whose}; {lines}. (a) Monthly values of the last years: discharge, bicarbonate and "
        "calcium, pH, saturation index of calcite (0 is saturation), and the CO₂ pressure in equilibrium with the "
        f"water. (b) Mean seasons {compared}, on the same scales."
    )


def sink_caption(annual: xr.Dataset) -> str:
    """What Figure 2 shows."""
    groups = numbers.members_by_scenario(annual)
    several = max(ds.sizes["realization"] for ds in groups.values()) > 1
    points = "points are the draws, bars their median" if several else "one run"
    return (
        f"{DEFINITION} (a) Sink by scenario. (b) Its change over the run; {points}. A decade's mean keeps some of the "
        "chance of its weather. (c) Sources and fates of the carbon in all water from the soil to the outflow of the "
        "last water body. What enters and does not leave is a change of storage, or a term that the run did not keep; "
        "it is printed beside the bars. All per square metre of karst area."
    )

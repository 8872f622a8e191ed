"""The numbers behind the page's charts: key quantities over time, by scenario."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from karstsim.forcing.times import decimal_years
from karstsim.report import numbers, style
from karstsim.report.section import Chart
from karstsim.report.tables import KEYS, Key

DIGITS = 4
SHOWN = 3  # digits of the largest number where the pointer stands
LEAST_YEARS = 4  # below, months are shown


def chart_of(annual: xr.Dataset | None, monthly: xr.Dataset | None) -> list[Chart]:
    """The key quantities by year, or by month where there are few years; nothing where neither was kept."""
    if annual is not None:
        annual = numbers.whole_years(annual)
        if annual.sizes["time"] >= LEAST_YEARS or (monthly is None and annual.sizes["time"] > 1):
            return _chart(annual, "Annual values")
    return _chart(monthly, "Monthly values; amounts per month") if monthly is not None else []


def _chart(ds: xr.Dataset, what: str) -> list[Chart]:
    groups = numbers.members_by_scenario(ds)
    by_month = what.startswith("Monthly")
    years, months = numbers.years_of(ds), numbers.months_of(ds)
    panels = [_panel(groups, key, by_month) for key in KEYS if key.variable in ds]
    panels = [p for p in panels if any(v is not None for line in p["lines"] for v in line["middle"])]
    several = max(part.sizes["realization"] for part in groups.values()) > 1
    spread = "; median of the draws, in brackets 5 to 95 %" if several else ""
    x = [round(float(v), 4) for v in decimal_years(ds["time"].values)]
    caption = f"{what}{spread}. Point at the chart, or use the arrow keys, to read the values."
    when = [f"{y}-{m:02d}" if by_month else f"{y}" for y, m in zip(years, months, strict=True)]
    return [Chart(caption, x, when, panels)] if panels else []


def _panel(groups: dict[str, xr.Dataset], key: Key, by_month: bool) -> dict[str, Any]:
    unit = "" if key.unit == "1" else key.unit.replace("a⁻¹", "month⁻¹") if by_month else key.unit
    lines = []
    for position, (name, ds) in enumerate(groups.items()):
        middle, low, high = numbers.band(key.factor * numbers.members(ds, key.variable, key.rows))
        line: dict[str, Any] = {
            "name": style.scenario_label(name),
            "colour": style.scenario_colour(name, position),
        }
        line["middle"] = _rounded(middle)
        if ds.sizes["realization"] > 1:
            line |= {"low": _rounded(low), "high": _rounded(high)}
        lines.append(line)
    return {"name": key.label, "unit": unit, "decimals": _decimals(lines), "lines": lines}


def _decimals(lines: list[dict[str, Any]]) -> int:
    """Decimals that show the largest number of a chart with `SHOWN` digits, and all beside it alike."""
    sizes = [abs(v) for line in lines for v in line["middle"] + line.get("high", []) if v]
    return max(0, SHOWN - 1 - math.floor(math.log10(max(sizes)))) if sizes else 0


def _rounded(values: np.ndarray) -> list[float | None]:
    """Few digits, and null for what is not a number."""
    return [float(f"{v:.{DIGITS}g}") if np.isfinite(v) else None for v in values]

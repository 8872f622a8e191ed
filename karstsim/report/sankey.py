"""The carbon budget of the water as a flow picture: as wide as the carbon, from its sources to its fates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from karstsim.core.errors import InputError
from karstsim.report import style
from karstsim.report.budget import LABELS, Budget, carbon_budgets
from karstsim.report.budget_panel import COLOURS, REMAINDER_HATCH
from karstsim.report.figures import chosen_scenario
from karstsim.report.tables import number

UNIT = "g C m⁻² a⁻¹"
LEAST = 2.0e-3  # share of the whole below which a flow is not drawn; the table has it
HEIGHT = 5.2  # inches
LEFT, MIDDLE, RIGHT, NODE = 0.0, 1.0, 2.0, 0.07  # places of the three columns, half width of the middle one
LINE = 0.062  # least distance of two labels, share of the whole
ROOM = 0.9  # for labels beside the columns
FLOW_ALPHA = 0.85
REST = "rest"


@style.styled
def sankey_figure(annual: xr.Dataset, scenario: str | None = None) -> Figure:
    """Sources and fates of the carbon in the catchment's water over the last years, and what is left of it.

    annual    annual Dataset of a run or an ensemble;  scenario: which one, the middle one by default
    Raises InputError where the run did not keep the terms of the budget.
    """
    budgets = {b.scenario: b for b in carbon_budgets(annual)}
    if not budgets:
        raise InputError(
            "carbon budget", "the run did not keep its terms", "keep annual output and catchment_*"
        )
    budget = budgets[chosen_scenario(budgets, scenario)]
    figure = style.new_figure(HEIGHT)
    ax = figure.subplots()
    _draw(ax, budget)
    return figure


def closure_said(budget: Budget) -> str:
    """In, out and what is left, in words."""
    shown = round(budget.total_in, 2) - round(budget.total_out, 2)
    # 25.49 − 25.50 = 0.00 would look wrong.
    digits = 2 if round(shown, 2) == round(budget.remainder, 2) else 3
    share = 100.0 * budget.remainder / budget.total_in if budget.total_in > 0.0 else np.nan
    return (
        f"in {budget.total_in:.{digits}f} − out {budget.total_out:.{digits}f} = {budget.remainder_label} "
        f"{number(budget.remainder, digits)} {UNIT} ({number(share, 1)} % of in)"
    ).replace("-", "−")


def _draw(ax: Axes, budget: Budget) -> None:
    whole = max(budget.total_in, budget.total_out)
    left, right = dict(budget.sources), dict(budget.fates)
    (right if budget.remainder > 0.0 else left)[REST] = abs(budget.remainder)
    lowest = 0.0
    for flows, side in ((left, LEFT), (right, RIGHT)):
        drawn = {k: v / whole for k, v in flows.items() if v > LEAST * whole}
        lowest = min(lowest, _column(ax, drawn, side, whole, budget.remainder_label))
    ax.add_patch(Rectangle((MIDDLE - NODE, 0.0), 2 * NODE, 1.0, facecolor=style.SOFT, linewidth=0.0))
    ax.text(
        MIDDLE,
        0.5,
        "carbon in the water",
        color="white",
        rotation=90,
        ha="center",
        va="center",
        weight="bold",
    )
    ax.set_xlim(LEFT - ROOM, RIGHT + ROOM)
    ax.set_ylim(lowest - 0.15, 1.04)
    ax.set_axis_off()
    label = style.plain(style.scenario_label(budget.scenario))
    ax.set_title(f"Carbon in the catchment's water, {label}, {budget.years} ({UNIT})")
    ax.text(MIDDLE, lowest - 0.11, closure_said(budget), ha="center", va="center")


def _column(ax: Axes, flows: Mapping[str, float], side: float, whole: float, rest: str) -> float:
    """One side: bands from top to bottom, each with its label and its number; returns the place of the lowest label."""
    outer, inner = (side, MIDDLE - NODE) if side < MIDDLE else (side, MIDDLE + NODE)
    gap = LINE / 3.0
    top, middle_top = 1.0 + gap * (len(flows) - 1) / 2.0, 1.0
    places = []
    for key, value in flows.items():
        _band(ax, outer, top, inner, middle_top, value, key)
        places.append(top - value / 2.0)
        top -= value + gap
        middle_top -= value
    shift, align = (-0.04, "right") if side < MIDDLE else (0.04, "left")
    labels = _apart(places)
    for (key, value), y, place in zip(flows.items(), labels, places, strict=True):
        ax.plot([outer, outer + 0.7 * shift], [place, y], color=style.SOFT, linewidth=0.6)
        name = rest if key == REST else LABELS[key]
        ax.text(
            outer + shift, y, f"{_folded(name)}  {value * whole:.2f}", ha=align, va="center", fontsize=9.5
        )
    return min(labels, default=0.0)


def _folded(name: str) -> str:
    """A long label on two lines."""
    if len(name) < 28:
        return name
    at = name.rfind(" ", 0, 26)
    return f"{name[:at]}\n{name[at + 1 :]}"


def _apart(places: list[float]) -> list[float]:
    """Places of labels from the top down, no nearer than a line to the one above."""
    found: list[float] = []
    for place in places:
        found.append(min(place, found[-1] - LINE) if found else place)
    return found


def _band(ax: Axes, x0: float, top0: float, x1: float, top1: float, width: float, key: str) -> None:
    bend = (x0 + x1) / 2.0
    upper = [(x0, top0), (bend, top0), (bend, top1), (x1, top1)]
    lower = [(x1, top1 - width), (bend, top1 - width), (bend, top0 - width), (x0, top0 - width)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    outline = Path([*upper, *lower, (x0, top0)], codes)
    if key == REST:
        patch = PathPatch(
            outline, facecolor="white", edgecolor=style.SOFT, hatch=REMAINDER_HATCH, linewidth=0.6
        )
    else:
        patch = PathPatch(outline, facecolor=COLOURS[key], alpha=FLOW_ALPHA, linewidth=0.0)
    ax.add_patch(patch)

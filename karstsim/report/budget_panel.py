"""The budget as two bars per scenario: what enters the catchment's water, and what becomes of it."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from karstsim.report import style
from karstsim.report.budget import FATES, LABELS, SOURCES, Budget, carbon_budgets

# Muted, so that they are not taken for the colours of the scenarios.
COLOURS = {
    "uptake": "#b5835a",
    "rock": "#9aa0a6",
    "soil_organic": "#6b4f3a",
    "rain": "#8ecae6",
    "irrigation": "#6fb1a0",
    "allogenic": "#4f9bc4",
    "tributary": "#a7c7e7",
    "gain": "#5f7fb5",
    "grains": "#d9cba3",
    "invasion": "#cfe8f3",
    "export_dic": "#5b8fb9",
    "export_oc": "#7a9e58",
    "evasion": "#e8a598",
    "burial_ic": "#d7d2cc",
    "burial_oc": "#4a5d3a",
    "harvest": "#a9b665",
    "caves": "#b7a9c9",
    "loss": "#8f86b8",
}
LIGHT_INK_ON = {"soil_organic", "burial_oc"}
REMAINDER_COLOUR = "#ffffff"
REMAINDER_HATCH = "////"
BAR, GAP, GROUP = 0.8, 1.0, 2.5  # thickness of a bar; distance of the two bars, and of two scenarios
LEAST_LABELLED = 0.045  # share of the axis that a part needs to carry its number
LEAST_NAMED = 5e-4  # share of the total below which a part is not in the legend
ROOM = 1.2  # length of the axis over that of the longest bar
X_LABEL = "Carbon in the catchment's water (g C m⁻² a⁻¹)"
IN, OUT = "from", "to"
FRAME_HEIGHT, PAIR_HEIGHT, LEAST_HEIGHT = 1.1, 0.95, 3.3  # inches


def budget_height(scenarios: int) -> float:
    """Height in inches at which bars look alike for any number of scenarios and the legend has room."""
    return max(FRAME_HEIGHT + PAIR_HEIGHT * scenarios, LEAST_HEIGHT)


def signed(value: float) -> str:
    """+0.03, −0.12, 0.00."""
    text = f"{value:+.2f}".replace("-", "−")
    return "0.00" if text[1:] == "0.00" else text


def draw_budget(figure: Figure | SubFigure, annual: xr.Dataset, letter: str = "a") -> None:
    """One panel: sources and fates of the carbon in the water, g C m-2 a-1, each pair of bars equally long."""
    budgets = carbon_budgets(annual)
    ax = figure.subplots()
    ax.set_xlabel(X_LABEL)
    if not budgets:
        style.panel_title(ax, letter, "Where the carbon goes")
        ax.text(0.5, 0.5, "the run did not keep the terms of the budget", ha="center", transform=ax.transAxes)
        ax.set_yticks([])
        return
    longest = max(max(b.total_in, b.total_out) for b in budgets)
    ax.set_xlim(0.0, ROOM * longest)
    places, names = [], []
    for i, b in enumerate(budgets):
        top = -i * GROUP
        _bar(ax, top, b, b.sources, max(-b.remainder, 0.0), longest)
        _bar(ax, top - GAP, b, b.fates, max(b.remainder, 0.0), longest)
        ax.text(
            ROOM * longest,
            top - GAP / 2,
            f"in − out\n{signed(b.remainder)}",
            ha="right",
            va="center",
            fontsize=9.0,
            color=style.SOFT,
        )
        label = style.plain(style.scenario_label(b.scenario))
        places += [top, top - GAP]
        names += [f"{label}   {IN}", OUT]
    ax.set_yticks(places, names)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(False, axis="y")
    ax.set_ylim(places[-1] - 0.6, 0.6)
    style.panel_title(ax, letter, f"Carbon in the water, {budgets[0].years}")
    if budgets[0].members > 1:
        ax.set_xlabel(f"{X_LABEL}, mean of {budgets[0].members} draws")
    _legend(figure, budgets)


def _bar(ax: Axes, y: float, b: Budget, parts: dict[str, float], rest: float, longest: float) -> None:
    at = 0.0
    for key, value in parts.items():
        ax.barh(y, value, BAR, left=at, color=COLOURS[key], edgecolor="white", linewidth=0.6, label=key)
        if value > LEAST_LABELLED * longest:
            ink = "white" if key in LIGHT_INK_ON else style.INK
            ax.text(
                at + value / 2, y, f"{value:.1f}", ha="center", va="center_baseline", fontsize=9.5, color=ink
            )
        at += value
    ax.barh(
        y,
        rest,
        BAR,
        left=at,
        color=REMAINDER_COLOUR,
        edgecolor=style.SOFT,
        hatch=REMAINDER_HATCH,
        linewidth=0.6,
        label="remainder",
    )
    ax.text(
        at + rest + 0.008 * longest, y, f"{at:.1f}", va="center_baseline", fontweight="bold", fontsize=9.5
    )


def _legend(figure: Figure | SubFigure, budgets: list[Budget]) -> None:
    """Sources and fates beside the bars, in the order of the bars."""
    largest = max(max(b.total_in, b.total_out) for b in budgets)
    handles: list[Patch] = []
    headings: list[int] = []
    for terms, side, heading in ((SOURCES, "sources", "From"), (FATES, "fates", "To")):
        keys = [t.key for t in terms] + [t.key for t in (*SOURCES, *FATES) if t not in terms]
        seen = [k for k in keys if any(getattr(b, side).get(k, 0.0) > LEAST_NAMED * largest for b in budgets)]
        headings.append(len(handles))
        handles.append(Patch(visible=False, label=heading))
        handles += [
            Patch(facecolor=COLOURS[k], edgecolor=style.SOFT, linewidth=0.4, label=LABELS[k]) for k in seen
        ]
    handles.append(
        Patch(
            facecolor=REMAINDER_COLOUR,
            edgecolor=style.SOFT,
            hatch=REMAINDER_HATCH,
            label=budgets[0].remainder_label,
        )
    )
    legend = figure.legend(handles=handles, loc="outside right upper", handlelength=1.3, labelspacing=0.35)
    for at in headings:
        legend.get_texts()[at].set_fontweight("bold")

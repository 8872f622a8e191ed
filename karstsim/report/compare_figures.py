"""One figure of a comparison: the sink with and without, what was added, and what it did to water and chemistry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from karstsim.analysis.compare import Comparison, Row
from karstsim.report import style
from karstsim.report.numbers import band

HEIGHT = 6.6  # inches
BASELINE_COLOUR, INTERVENTION_COLOUR = "#6e7781", "#0072b2"
GAIN, LOSS = "#009e73", "#d55e00"
NEITHER = "#8a9097"  # of side effects, which are neither good nor bad by their sign
ADDED = {
    "sink": "karst sink,\nhydrochemical",
    "ledger": "CO₂ taken up\n(ledger)",
    "ledger_net": "less what water\ngave back",
    "S2_sink": "retained after\n100 years (S2)",
}
SIDES = (
    "runoff",
    "evapotranspiration",
    "spring_hco3",
    "soil_pco2",
    "evasion",
    "nitrate",
    "soil_respiration",
    "npp",
)
POINTS = ("spring_ph", "water_ph", "spring_si")  # in units, not per cent
LEAST_SHOWN = 1e-4  # of a change, in per cent or the unit of its axis
LEAST = 1e-9  # of a baseline, to be compared in per cent
MINUS = "−"
MOST_TICKS = 4  # across a panel: numbers such as −0.0003 are wide


@style.styled
def compare_figure(found: Comparison) -> Figure:
    """Four panels: yearly sinks, additional sink after its definitions, side effects in per cent, and in units."""
    figure = style.new_figure(HEIGHT)
    top, bottom = figure.subplots(2, 2)
    _sinks(top[0], found)
    _added(top[1], found)
    _sides(bottom[0], found)
    _units(bottom[1], found)
    figure.legend(*top[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    figure.suptitle(style.plain("; ".join(found.labels)), fontsize=11, x=0.01, ha="left")
    return figure


def save_compare_figure(found: Comparison, folder: Path) -> list[Path]:
    """Write the figure into a folder."""
    return style.save(compare_figure(found), folder / "compare")


def _sinks(ax: Axes, found: Comparison) -> None:
    years = found.all_years
    for name, colour, label in (
        ("baseline", BASELINE_COLOUR, "without"),
        ("intervention", INTERVENTION_COLOUR, "with"),
    ):
        middle, low, high = band(found.series[name])
        if found.members > 1:
            ax.fill_between(years, low, high, color=colour, alpha=style.BAND_ALPHA, linewidth=0)
        ax.plot(
            years, middle, color=colour, label=label, marker="o" if len(years) < 40 else None, markersize=3.5
        )
    ax.axvline(found.years[0] - 0.5, color=style.BASELINE, linewidth=0.9, linestyle=":")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylabel("Sink (t C km⁻² a⁻¹)")
    ax.set_xlabel("Year")
    style.panel_title(ax, "a", "Karst sink, hydrochemical")


def _added(ax: Axes, found: Comparison) -> None:
    rows = [(label, found.row(key)) for key, label in ADDED.items() if any(r.key == key for r in found.rows)]
    signs = [GAIN if r.difference >= 0.0 else LOSS for _, r in rows]
    _bars(ax, [label for label, _ in rows], [r for _, r in rows], [1.0] * len(rows), "{:+.2f}", signs)
    ax.set_xlabel("More than without (t C km⁻² a⁻¹)")
    style.panel_title(ax, "b", f"Additional sink, {found.years[0]}–{found.years[1]}")


def _sides(ax: Axes, found: Comparison) -> None:
    rows = [r for r in found.rows if r.key in SIDES and abs(r.baseline) > LEAST]
    _bars(ax, [_short(r) for r in rows], rows, [100.0 / r.baseline for r in rows], "{:+.1f} %")
    ax.set_xlabel("Change (%)")
    style.panel_title(ax, "c", "Side effects")


def _units(ax: Axes, found: Comparison) -> None:
    rows = [r for r in found.rows if r.key in POINTS]
    _bars(ax, [_short(r) for r in rows], rows, [1.0] * len(rows), "{:+.3f}")
    ax.set_xlabel("Change (units of pH and of SI)")
    style.panel_title(ax, "d", "Acidity and saturation")


def _short(row: Row) -> str:
    return style.printed(row.label).replace(", highest box", "")


def _shown(value: float, text: str) -> str:
    """A change as `text` prints it, with two digits where that would print a change as none; nothing is 0."""
    printed, unit = text.format(value), " %" if text.endswith("%") else ""
    if any(c in "123456789" for c in printed):
        return printed
    return f"{value:+.2g}{unit}" if abs(value) >= LEAST_SHOWN else f"{'≈ ' if value else ''}0{unit}"


def _bars(
    ax: Axes,
    labels: list[str],
    rows: list[Row],
    factors: list[float],
    text: str,
    colours: list[str] | None = None,
) -> None:
    ax.use_sticky_edges = False
    places = np.arange(len(rows))[::-1]
    values = np.array([r.difference * f for r, f in zip(rows, factors, strict=True)])
    ax.barh(places, values, color=colours or NEITHER, height=0.6)
    for place, value, row, factor in zip(places, values, rows, factors, strict=True):
        if row.high > row.low:
            ax.plot([row.low * factor, row.high * factor], [place, place], color=style.INK, linewidth=1.2)
        shown = _shown(value, text).replace("-", MINUS)
        edge = max(value, row.high * factor, row.low * factor, 0.0)
        ax.annotate(shown, (edge, place), (5, 0), textcoords="offset points", va="center", fontsize=9)
    ax.set_yticks(places, labels)
    ax.axvline(0.0, color=style.BASELINE, linewidth=0.9)
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_locator(MaxNLocator(MOST_TICKS))
    ax.margins(x=0.4)  # room for the numbers beside the bars

"""The two figures of a run or an ensemble: the water of the spring; the karst sink and where the carbon goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from karstsim.core.constants import MM_PER_M, MOLAR_MASS_C, SECONDS_PER_DAY
from karstsim.core.errors import InputError, demand_kind
from karstsim.report import numbers, style
from karstsim.report.budget_panel import budget_height, draw_budget

SQUARE_METRES_PER_KM2 = 1.0e6
PER_MILLION = 1.0e6
SINK = "catchment_sink_hydrochemical"
SINK_LABEL = "Karst carbon sink\n(g C m⁻² a⁻¹ = t C km⁻² a⁻¹)"
SINK_CHANGE_LABEL = "last minus first years\n(g C m⁻² a⁻¹)"
PREFERRED_SCENARIO = "ssp245"
HEADROOM = 0.3  # of an axis, above what is drawn, for its legend
MOST_BESIDE = 3  # scenarios in a row of the legend
# None of these is the colour of a scenario.
LATE_COLOUR, EARLY_COLOUR, BICARBONATE_COLOUR = "#0f5c5c", "#8a9097", "#8e5ea2"
LATE_STYLE, EARLY_STYLE = "-", "--"
FIRST_MONTH_SHARE = 0.5  # a monthly value stands at the middle of its month
JITTER = 0.22  # half width over which the draws of one scenario are spread
SPRING_HEIGHT, SINK_HEIGHT = 9.4, 3.6  # inches


# ---------------------------------------------------------------------------------------------------- spring


@style.styled
def spring_figure(monthly: xr.Dataset, scenario: str | None = None, area_km2: float | None = None) -> Figure:
    """Hydro-chemistry of the spring: its last ten years, and the seasons of the first and the last decade.

    monthly    monthly Dataset of a run or an ensemble
    scenario   which one of an ensemble; the middle one by default
    area_km2   karst area, to show discharge in m3 s-1 instead of mm per month; draws that hold an area have their own
    """
    if area_km2 is not None:
        demand_kind("area_km2", area_km2, (int, float), "give the karst area in km2")
    groups = numbers.members_by_scenario(monthly)
    name = chosen_scenario(groups, scenario)
    ds = groups[name]
    figure = style.new_figure(SPRING_HEIGHT)
    grid = figure.subplots(5, 2, width_ratios=(2.6, 1.0), sharex="col", sharey="row")
    rows = _spring_rows(ds, area_km2)
    years = numbers.years_of(ds)
    recent = numbers.last_years(years)
    decades = numbers.first_and_last(years)
    for number, (title, unit, lines) in enumerate(rows):
        left, right = grid[number]
        _recent(left, ds, recent, lines)
        _seasons(right, ds, decades or (recent,), lines)
        left.set_ylabel(f"{title}\n({unit})")
        if title.startswith("SI"):
            for ax in (left, right):
                ax.axhline(0.0, color=style.BASELINE, linewidth=1.0, zorder=1)
        if lines[0].zero:
            left.set_ylim(bottom=0.0)
    _spring_legends(grid, rows, ds, name, recent, decades)
    return figure


class _Line:
    """One quantity of a panel: (realization, time) values in the unit of the panel."""

    def __init__(self, values: np.ndarray, colour: str, label: str = "", zero: bool = False) -> None:
        self.values, self.colour, self.label, self.zero = values, colour, label, zero


def _spring_rows(ds: xr.Dataset, area_km2: float | None) -> list[tuple[str, str, list[_Line]]]:
    """Title, unit and quantities of the five rows."""
    discharge, unit = numbers.members(ds, "aquifer_spring"), "mm month⁻¹"
    area = ds["area_km2"].values[:, None] if "area_km2" in ds.coords else area_km2
    if area is not None:
        seconds = np.asarray(ds["time"].dt.days_in_month.values, float) * SECONDS_PER_DAY
        discharge, unit = discharge / MM_PER_M * area * SQUARE_METRES_PER_KM2 / seconds, "m³ s⁻¹"
    bicarbonate = "aquifer_spring_hco3" if "aquifer_spring_hco3" in ds else "aquifer_spring_alkalinity"
    ion = "HCO₃⁻" if bicarbonate.endswith("hco3") else "alkalinity (meq)"
    return [
        ("Discharge", unit, [_Line(discharge, LATE_COLOUR, zero=True)]),
        (
            "Concentration",
            "mmol L⁻¹",
            [
                _Line(numbers.members(ds, bicarbonate), BICARBONATE_COLOUR, ion),
                _Line(numbers.members(ds, "aquifer_spring_ca_concentration"), LATE_COLOUR, "Ca²⁺"),
            ],
        ),
        ("pH", "–", [_Line(numbers.members(ds, "aquifer_spring_ph"), LATE_COLOUR)]),
        ("SI calcite", "–", [_Line(numbers.members(ds, "aquifer_spring_si_calcite"), LATE_COLOUR)]),
        ("pCO₂", "µatm", [_Line(PER_MILLION * numbers.members(ds, "aquifer_spring_pco2"), LATE_COLOUR)]),
    ]


def chosen_scenario(groups: Iterable[str], scenario: str | None) -> str:
    """The scenario that is asked for, else the middle one. Raises InputError for one that is not there."""
    names = list(groups)
    if scenario is None:
        return middle_scenario(names)
    if scenario not in names:
        raise InputError(f"scenario {scenario!r}", "is not in the data", f"choose one of {', '.join(names)}")
    return scenario


def middle_scenario(names: list[str]) -> str:
    """SSP2-4.5 where it is there, else the middle one."""
    return PREFERRED_SCENARIO if PREFERRED_SCENARIO in names else names[len(names) // 2]


def _recent(ax: Axes, ds: xr.Dataset, span: numbers.Span, lines: list[_Line]) -> None:
    part = ds.isel(time=span.where)
    x = numbers.years_of(part) + (numbers.months_of(part) - FIRST_MONTH_SHARE) / numbers.MONTHS
    for line in lines:
        _line_and_band(ax, x, line.values[:, span.where], line.colour, line.label)
    ax.set_xlim(span.first, span.last + 1)


def _seasons(ax: Axes, ds: xr.Dataset, spans: tuple[numbers.Span, ...], lines: list[_Line]) -> None:
    months = numbers.months_of(ds)
    looks = ((EARLY_COLOUR, EARLY_STYLE), (LATE_COLOUR, LATE_STYLE))[-len(spans) :]
    for span, (colour, dashes) in zip(spans, looks, strict=True):
        for line in lines:
            values = numbers.climatology(line.values[:, span.where], months[span.where])
            _line_and_band(ax, np.arange(1, numbers.MONTHS + 1), values, colour, str(span), dashes)


def _line_and_band(
    ax: Axes, x: np.ndarray, values: np.ndarray, colour: str, label: str = "", dashes: str = "-"
) -> None:
    """Median over the members, and their 5 to 95 % band where there are several."""
    middle, low, high = numbers.band(values)
    if values.shape[0] > 1:
        ax.fill_between(x, low, high, color=colour, alpha=style.BAND_ALPHA, linewidth=0.0)
    ax.plot(x, middle, color=colour, linestyle=dashes, label=label or None)


def _spring_legends(
    grid: np.ndarray,
    rows: list[tuple[str, str, list[_Line]]],
    ds: xr.Dataset,
    name: str,
    recent: numbers.Span,
    decades: tuple[numbers.Span, numbers.Span] | None,
) -> None:
    n = ds.sizes["realization"]
    how = f"median and 5–95 % of {n} draws" if n > 1 else "one run"
    style.panel_title(grid[0, 0], "a", style.plain(f"{style.scenario_label(name)}, {recent}: {how}"))
    style.panel_title(grid[0, 1], "b", "Mean seasons")
    above = {"loc": "lower right", "bbox_to_anchor": (1.0, 0.97), "borderaxespad": 0.0}
    grid[1, 0].legend(ncols=len(rows[1][2]), **above)
    if decades is not None:
        grid[1, 1].legend(*grid[0, 1].get_legend_handles_labels(), ncols=2, **above)
    grid[-1, 0].set_xlabel("Year")
    grid[-1, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    style.months_on_x(grid[-1, 1])


# ------------------------------------------------------------------------------------------------------ sink


@style.styled
def sink_figure(annual: xr.Dataset) -> Figure:
    """Karst carbon sink by scenario: 11-year running mean with its spread, and the change over the run."""
    figure = style.new_figure(SINK_HEIGHT)
    draw_sink(figure, annual)
    return figure


@style.styled
def budget_figure(annual: xr.Dataset) -> Figure:
    """Where the carbon of the catchment's water comes from and goes, by scenario."""
    figure = style.new_figure(budget_height(len(numbers.members_by_scenario(annual))))
    draw_budget(figure, annual)
    return figure


@style.styled
def sink_and_budget_figure(annual: xr.Dataset) -> Figure:
    """The sink by scenario above the budget."""
    heights = (SINK_HEIGHT, budget_height(len(numbers.members_by_scenario(annual))))
    figure = style.new_figure(sum(heights))
    halves: Any = figure.subfigures(2, 1, height_ratios=heights)
    draw_sink(halves[0], annual)
    draw_budget(halves[1], annual, letter="c")
    return figure


def draw_sink(figure: Figure | SubFigure, annual: xr.Dataset) -> None:
    """Panels a (time series) and b (last decade against the first) of the sink, g C m-2 a-1."""
    groups = numbers.members_by_scenario(numbers.whole_years(annual))
    series, change = figure.subplots(1, 2, width_ratios=(2.2, 1.0))
    length = 1
    for position, (name, ds) in enumerate(groups.items()):
        colour = style.scenario_colour(name, position)
        sink = MOLAR_MASS_C * numbers.members(ds, SINK)
        values, years, length = numbers.running_mean(sink, numbers.years_of(ds))
        _line_and_band(series, years, values, colour, style.plain(style.scenario_label(name)))
    style.panel_title(series, "a", f"Sink, {length}-year running mean" if length > 1 else "Annual sink")
    series.set_xlabel("Year")
    series.set_ylabel(SINK_LABEL)
    draws = max(ds.sizes["realization"] for ds in groups.values())
    low, high = series.get_ylim()
    series.set_ylim(low, high + HEADROOM * (high - low))
    title = f"median, 5–95 % of {draws} draws" if draws > 1 else None
    series.legend(loc="upper left", title=title, alignment="left", ncols=min(len(groups), MOST_BESIDE))
    series.xaxis.get_major_locator().set_params(integer=True)
    _draw_change(change, groups)


def _draw_change(ax: Axes, groups: dict[str, xr.Dataset]) -> None:
    labels = []
    label = SINK_CHANGE_LABEL
    for position, (name, ds) in enumerate(groups.items()):
        labels.append(style.plain(style.scenario_label(name)))
        decades = numbers.first_and_last(numbers.years_of(ds)) if ds.sizes["time"] else None
        if decades is None:
            continue
        early, late = decades
        label = f"{late} minus {early}\n(g C m⁻² a⁻¹)"
        sink = MOLAR_MASS_C * numbers.members(ds, SINK)
        change = sink[:, late.where].mean(axis=1) - sink[:, early.where].mean(axis=1)
        colour = style.scenario_colour(name, position)
        n = change.size
        spread = np.linspace(-JITTER, JITTER, n) if n > 1 else np.zeros(1)
        marker = style.scenario_marker(name)
        ax.plot(
            position + spread, change, marker, color=colour, markersize=5, alpha=0.75, markeredgewidth=0.0
        )
        middle = float(numbers.band(change)[0])
        ax.plot([position - 0.34, position + 0.34], [middle, middle], color=colour, linewidth=2.4)
    ax.axhline(0.0, color=style.BASELINE, linewidth=1.0, zorder=1)
    ax.set_xticks(range(len(labels)), labels)
    ax.set_xlim(-0.6, len(labels) - 0.4)
    ax.set_xlabel("Scenario")
    ax.set_ylabel(label)
    ax.grid(False, axis="x")
    style.panel_title(ax, "b", "Change of the sink")

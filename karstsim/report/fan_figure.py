"""Scenario fans: any annual quantities by scenario, with the spread over their draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from karstsim.core.errors import InputError, demand_kind
from karstsim.report import numbers, style
from karstsim.report.tables import KEYS, Key, told

HEIGHT = 2.9  # inches a row
COLUMNS = 2
OUTER, INNER = (0.05, 0.95), (0.25, 0.75)
PALE = 0.09  # of the outer band
SHOWN = (
    "catchment_sink_hydrochemical",
    "catchment_runoff",
    "aquifer_spring_hco3",
    "soil_base_pco2",
    "catchment_npp",
    "catchment_evasion",
)


@style.styled
def fan_figure(annual: xr.Dataset, variables: Sequence[str] = SHOWN) -> Figure:
    """One panel a quantity: the median of the draws' running means, with bands that hold 50 and 90 % of the draws.

    variables   names of the key numbers' variables (`report.tables.KEYS`); those that the Dataset lacks, and
                those that are zero throughout, are left out
    """
    keys = _keys(annual, variables)
    groups = numbers.members_by_scenario(numbers.whole_years(annual))
    rows = -(-len(keys) // COLUMNS)
    figure = style.new_figure(HEIGHT * rows + 0.4)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for ax, key, letter in zip(axes, keys, "abcdefghijklmnopqrst", strict=False):
        _panel(ax, groups, key)
        style.panel_title(ax, letter, key.label)
    for ax in axes[len(keys) :]:
        ax.set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    if len(groups) > 1:
        figure.legend(handles, labels, loc="outside upper left", ncols=len(groups))
    return figure


def _keys(annual: xr.Dataset, variables: Sequence[str]) -> list[Key]:
    demand_kind("variables", variables, (list, tuple), 'write variables=["catchment_runoff"]')
    known = {key.variable: key for key in reversed(KEYS)}
    unknown = [name for name in variables if name not in known]
    if unknown:
        raise InputError(f"variable {unknown[0]!r}", "has no panel", f"choose from {', '.join(known)}")
    found = [known[name] for name in variables if told(annual, known[name])]
    if not found:
        raise InputError(
            "scenario fan", "the run kept none of its quantities", "keep annual output and catchment_*"
        )
    return found


def _panel(ax: Axes, groups: dict[str, xr.Dataset], key: Key) -> None:
    for position, (name, ds) in enumerate(groups.items()):
        colour = style.scenario_colour(name, position)
        values, years, length = numbers.running_mean(
            key.factor * numbers.members(ds, key.variable, key.rows), numbers.years_of(ds)
        )
        if values.shape[0] > 1:
            for (low, high), alpha in ((OUTER, PALE), (INNER, style.BAND_ALPHA)):
                edges = np.nanquantile(values, (low, high), axis=0)
                ax.fill_between(years, *edges, color=colour, alpha=alpha, linewidth=0.0)
        ax.plot(years, numbers.band(values)[0], color=colour, label=style.plain(style.scenario_label(name)))
    unit = "–" if key.unit == "1" else key.unit
    ax.set_ylabel(f"({unit})")
    ax.set_xlabel("Year" if length == 1 else f"Year ({length}-year running means)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))

"""The compartments of a catchment with the water and the carbon of a run on the arrows between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.errors import InputError
from karstsim.core.solutes import SOLUTES
from karstsim.report import numbers, style
from karstsim.report.figures import chosen_scenario
from karstsim.report.time_axis import per_year

HEIGHT = 7.4  # inches
WATER, CARBON, ROCK = "#0072b2", "#a0522d", "#57606a"
THIN, THICK = 1.0, 4.5  # points, of the smallest and the largest flow
LEAST_DRAWN = 5.0e-3  # mm or g C m-2 a-1, what a number beside an arrow can show
ORGANIC = tuple(s.name for s in SOLUTES if s.carbon and s.name != "dic")
# name: (left, bottom, width, height, label, colour)
BOXES = {
    "air": (0.0, 8.6, 14.0, 1.0, "Air", "#e8f1f8"),
    "plants": (0.4, 6.4, 3.2, 1.2, "Plants", "#dcead0"),
    "soil": (5.0, 6.4, 3.6, 1.2, "Soil", "#e6d9c8"),
    "epikarst": (5.0, 4.0, 3.6, 1.2, "Epikarst", "#dcdfe3"),
    "aquifer": (5.0, 1.4, 3.6, 1.4, "Aquifer", "#c9d9e6"),
    "surface": (10.4, 1.4, 3.4, 1.4, "Stream and lakes", "#c5e3ee"),
}

WITHOUT_BOXES = "Leaves the karst"  # what the water does where the site has no stream or lake


@dataclass(frozen=True)
class Arrow:
    """A flow from one point to another; `add` less `subtract`, with the label beside its middle.

    bend    how far it leaves the straight line, over its length
    """

    start: tuple[float, float]
    end: tuple[float, float]
    add: tuple[str, ...]
    label: str = ""
    carbon: bool = False
    subtract: tuple[str, ...] = ()
    align: str = "left"
    colour: str = ""
    bend: float = 0.0


ARROWS = (
    Arrow((5.3, 8.6), (5.3, 7.6), ("atmosphere_precipitation",), "rain", align="right"),
    Arrow((6.0, 7.6), (6.0, 8.6), ("catchment_evapotranspiration",), "evapo-\ntranspiration\n"),
    Arrow((8.3, 7.6), (8.3, 8.6), ("catchment_soil_efflux",), "soil CO₂", carbon=True),
    Arrow((1.2, 8.6), (1.2, 7.6), ("catchment_npp",), "NPP", carbon=True),
    Arrow((3.6, 7.0), (5.0, 7.0), ("vegetation_litterfall",), "litter", carbon=True, align="above"),
    Arrow((5.8, 6.4), (5.8, 5.2), ("soil_percolation",), "percolation", align="right"),
    Arrow((7.8, 6.4), (7.8, 5.2), ("soil_percolation_dic",), "DIC", carbon=True),
    Arrow((5.8, 4.0), (5.8, 2.8), ("epikarst_recharge",), "recharge", align="right"),
    Arrow((7.8, 4.0), (7.8, 2.8), ("epikarst_recharge_dic",), "DIC", carbon=True),
    Arrow((8.6, 6.6), (8.6, 2.7), ("epikarst_event_recharge",), "event\nwater", bend=0.42),
    Arrow((8.6, 2.5), (10.4, 2.5), ("catchment_runoff",), "spring and\nrunoff", align="above"),
    Arrow((8.6, 1.8), (10.4, 1.8), ("catchment_runoff_dic",), "DIC", carbon=True, align="below"),
    Arrow((10.2, 7.1), (8.6, 7.1), ("soil_rock_dissolution", "soil_rock_film_dissolution"), "rock", carbon=True,
          align="above", colour=ROCK),
    Arrow((3.4, 4.6), (5.0, 4.6), ("epikarst_rock_dissolution",), "rock", carbon=True,
          subtract=("epikarst_calcite_precipitation",), align="start", colour=ROCK),
    Arrow((3.4, 2.4), (5.0, 2.4), ("aquifer_matrix_dissolution", "aquifer_conduit_dissolution"), "rock", carbon=True,
          align="start", colour=ROCK),
    Arrow((5.0, 1.7), (3.4, 1.7), ("aquifer_loss", "aquifer_matrix_loss"), "losses", align="end"),
    Arrow((3.4, 1.1), (5.0, 1.6), ("aquifer_allogenic", "aquifer_gain"), "allogenic,\ngains", align="start"),
    Arrow((11.2, 2.8), (11.2, 8.6), ("catchment_evasion",), "evasion", carbon=True),
    Arrow((12.9, 8.6), (12.9, 2.8), ("catchment_invasion",), "invasion", carbon=True),
    Arrow((11.2, 1.4), (11.2, 0.3), ("catchment_export",), "export", align="right"),
    Arrow((12.1, 1.4), (12.1, 0.3), ("catchment_export_dic",), "DIC", carbon=True),
    Arrow((13.4, 1.4), (13.4, 0.3), tuple(f"catchment_export_{name}" for name in ORGANIC), "OC", carbon=True),
)  # fmt: skip
VARIABLES = tuple(dict.fromkeys(name for arrow in ARROWS for name in (*arrow.add, *arrow.subtract)))


@style.styled
def scheme_figure(annual: xr.Dataset, scenario: str | None = None) -> Figure:
    """Compartments and mean flows of the last years: water in mm a-1, carbon in g C m-2 a-1.

    annual    annual Dataset of a run or an ensemble;  scenario: which one, the middle one by default
    What the run did not keep, and what does not flow, has no arrow.
    """
    groups = numbers.members_by_scenario(numbers.whole_years(annual))
    name = chosen_scenario(groups, scenario)
    ds = groups[name]
    if not ds.sizes["time"]:
        raise InputError(
            "scheme", "the dataset holds no whole year", "keep annual output, or a year of months"
        )
    span = numbers.last_years(numbers.years_of(ds))
    part = ds.isel(time=span.where)
    figure = style.new_figure(HEIGHT)
    ax = figure.subplots()
    ax.set_axis_off()
    ax.set_xlim(-0.2, 14.9)
    ax.set_ylim(-0.5, 9.9)
    for room, (left, bottom, width, height, label, colour) in BOXES.items():
        shape = FancyBboxPatch((left, bottom), width, height, boxstyle="round,pad=0,rounding_size=0.15",
                               facecolor=colour, edgecolor=style.SOFT, linewidth=0.9)  # fmt: skip
        ax.add_patch(shape)
        text = WITHOUT_BOXES if room == "surface" and not ds.sizes.get("box") else label
        ax.text(left + width / 2, bottom + height / 2, text, ha="center", va="center", weight="bold")
    values = [(arrow, _value(part, arrow)) for arrow in ARROWS]
    flows = [(arrow, value) for arrow, value in values if np.isfinite(value) and abs(value) >= LEAST_DRAWN]
    for carbon in (False, True):
        drawn = [(arrow, value) for arrow, value in flows if arrow.carbon == carbon]
        largest = max((abs(v) for _, v in drawn), default=1.0)
        for arrow, value in drawn:
            _arrow(ax, arrow, value, largest)
    _legend(ax, {_colour(arrow) for arrow, _ in flows})
    whose = style.plain(style.scenario_label(name))
    ax.set_title(f"Water and carbon through the catchment, {whose}, {span}, per area of karst")
    return figure


def _value(ds: xr.Dataset, arrow: Arrow) -> float:
    """Mean over members and years, mm or g C m-2 a-1; NaN where nothing of it was kept."""
    if not any(name in ds for name in arrow.add):
        return float("nan")
    total = 0.0
    for sign, names in ((1.0, arrow.add), (-1.0, arrow.subtract)):
        for name in (n for n in names if n in ds):
            total += sign * float(numbers.mean_over(per_year(ds, numbers.members(ds, name, "tile"))))
    return total * (MOLAR_MASS_C if arrow.carbon else 1.0)


def _colour(arrow: Arrow) -> str:
    return arrow.colour or (CARBON if arrow.carbon else WATER)


def _arrow(ax: Axes, arrow: Arrow, value: float, largest: float) -> None:
    width = THIN + (THICK - THIN) * np.sqrt(abs(value) / largest)
    colour = _colour(arrow)
    start, end = (arrow.start, arrow.end) if value >= 0.0 else (arrow.end, arrow.start)
    style_of = {"arrowstyle": "-|>", "linewidth": width, "color": colour, "shrinkA": 0, "shrinkB": 0,
                "mutation_scale": 9 + 2 * width, "connectionstyle": f"arc3,rad={-arrow.bend}"}  # fmt: skip
    ax.annotate("", end, start, arrowprops=style_of)
    x, y = (arrow.start[0] + arrow.end[0]) / 2, (arrow.start[1] + arrow.end[1]) / 2
    x += arrow.bend * abs(arrow.start[1] - arrow.end[1]) / 2  # bends are of vertical arrows
    text = f"{arrow.label} {_number(abs(value))}".replace("\n ", "\n")
    dx, dy, ha, va = {
        "left": (0.18, 0.0, "left", "center"),
        "right": (-0.18, 0.0, "right", "center"),
        "above": (0.0, 0.15, "center", "bottom"),
        "below": (0.0, -0.15, "center", "top"),
        "start": (arrow.start[0] - x - 0.1, arrow.start[1] - y, "right", "center"),
        "end": (arrow.end[0] - x - 0.1, arrow.end[1] - y, "right", "center"),
    }[arrow.align]
    ax.text(x + dx, y + dy, text, ha=ha, va=va, color=colour, fontsize=9.5)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100.0 else f"{value:#.3g}" if value >= 0.1 else f"{value:.2f}"


def _legend(ax: Axes, drawn: set[str]) -> None:
    """What the colours that are drawn stand for."""
    for y, colour, text in ((0.35, WATER, "water (mm a⁻¹)"), (-0.1, CARBON, "carbon (g C m⁻² a⁻¹)"),
                            (-0.5, ROCK, "carbon of dissolved rock (g C m⁻² a⁻¹)")):  # fmt: skip
        if colour in drawn:
            ax.plot([0.0, 0.6], [y, y], color=colour, linewidth=3.0)
            ax.text(0.8, y, text, va="center", fontsize=9.5)

"""How figures look: colours that colour-blind readers can tell apart, sizes that read at 100 % in a page, files."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

DPI = 150  # of the PNG files
WIDTH = 9.6  # inches; at the page's 960 px a 10 pt letter is 14 px high
INK, SOFT, GRID, BASELINE = "#1f2328", "#57606a", "#d8dee4", "#6e7781"
# From cool to warm with falling lightness; after Okabe and Ito (2008), so that hue is not the only difference.
SCENARIO_COLOURS = {
    "historical": "#6e7781",
    "ssp119": "#56b4e9",
    "ssp126": "#0072b2",
    "ssp434": "#009e73",
    "ssp534-over": "#44aa99",
    "ssp245": "#e69f00",
    "ssp460": "#b07aa1",
    "ssp370": "#d55e00",
    "ssp585": "#7f1d3f",
}
SCENARIO_MARKERS = {"ssp126": "o", "ssp245": "s", "ssp370": "^", "ssp585": "D"}
OTHER_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1f2328")
OTHER_MARKER = "o"
BAND_ALPHA = 0.18
RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same picture everywhere
    "font.size": 10.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "axes.prop_cycle": cycler(color=OTHER_COLOURS),
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.6,
    "hatch.linewidth": 0.8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "karstsim",
}
NO_UNIT = "–"
RAISED = str.maketrans("-.0123456789", "⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")
POWER = re.compile(r"(?<=[A-Za-z])(?<!\de)-\d\b|(?<=m)[23]\b")  # not the 2 of CO2, not 1e-6
EXPONENT = re.compile(r"\^(-?\d+(?:\.\d+)?)")  # of a unit in brackets: (m3 s-1)^0.5
IONS = {"HCO3": "HCO₃⁻", "SO4": "SO₄²⁻", "NO3": "NO₃⁻"}
ION = re.compile(rf"\b(?:{'|'.join(IONS)})\b")
SVG_METADATA = {"Date": None, "Creator": None}  # the same data gives the same file


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function with the settings of this page; matplotlib's own stay as they were."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context(RC):
            return function(*args, **kwargs)

    return wrapped


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """A figure that no global state knows of; sizes in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def scenario_colour(name: str, position: int = 0) -> str:
    """The colour of a scenario; `position` picks one for a name that has none."""
    return SCENARIO_COLOURS.get(name.lower(), OTHER_COLOURS[position % len(OTHER_COLOURS)])


def scenario_marker(name: str) -> str:
    return SCENARIO_MARKERS.get(name.lower(), OTHER_MARKER)


def scenario_label(name: str) -> str:
    """ssp126 -> SSP1-2.6; other names stay as they are."""
    match = re.fullmatch(r"ssp(\d)(\d)(\d)(-over)?", name.lower())
    if match is None:
        return name
    return f"SSP{match[1]}-{match[2]}.{match[3]}{match[4] or ''}"


def printed(text: str) -> str:
    """Powers raised and formulas lowered, as print has them: t CO2 km-2 year-1 -> t CO₂ km⁻² a⁻¹.

    Files write year, because UDUNITS reads a as the are.
    """
    raised = POWER.sub(lambda found: found[0].translate(RAISED), text.replace("year-1", "a-1"))
    raised = EXPONENT.sub(lambda found: found[1].translate(RAISED), raised)
    lowered = ION.sub(lambda found: IONS[found[0]], raised).replace("CO2", "CO₂")
    return re.sub(r"\bu(?=(?:atm|mol)\b)", "µ", lowered).replace(" x ", " × ")


def printed_unit(text: str) -> str:
    """A unit for a table: `printed`; a dash for a pure number."""
    return NO_UNIT if text == "1" else printed(text)


def unit(text: str) -> str:
    """A unit for a figure: as for a table, and of unknown origin, so safe as by `plain`."""
    return plain(printed_unit(text))


def plain(text: str) -> str:
    """Text of unknown origin for a figure: a dollar sign must not start mathematics."""
    return text.replace("$", r"\$")


def panel_title(ax: Axes, letter: str, text: str) -> None:
    ax.set_title(f"{letter}  {text}")


def months_on_x(ax: Axes) -> None:
    """Twelve months, one letter each."""
    ax.set_xlim(0.5, 12.5)
    ax.set_xticks(range(1, 13), list("JFMAMJJASOND"))
    ax.set_xlabel("Month")


@styled
def save(figure: Figure, path: str | Path, suffixes: Iterable[str] = (".png", ".svg")) -> list[Path]:
    """Write a figure beside `path` (its suffix does not count) as PNG (150 dpi) and SVG; the folder is made."""
    base = Path(path)
    base.parent.mkdir(parents=True, exist_ok=True)
    files = []
    engine, dpi = figure.get_layout_engine(), figure.dpi
    if engine is not None:
        figure.dpi = DPI
        engine.execute(figure)
        figure.set_layout_engine(None)  # places are found; with an engine each file would be drawn twice
    for suffix in suffixes:
        file = base.with_suffix(suffix)
        figure.savefig(file, dpi=DPI, metadata=SVG_METADATA if suffix == ".svg" else None)
        files.append(file)
    figure.set_layout_engine(engine)
    figure.dpi = dpi
    return files

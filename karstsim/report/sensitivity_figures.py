"""Figures of a sensitivity study: indices with intervals, Morris' plane, indices over time, convergence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from karstsim.core.errors import InputError
from karstsim.report import style
from karstsim.report.decomposition_figures import attribution_figure, decomposition_figure

FIRST, TOTAL = "#0072b2", "#e69f00"
MAP = "cividis"  # reads the same for colour-blind eyes and in grey
MOST_LINES = 6  # factors that have a line of their own; a map shows more
MOST_PANELS = 6
ROW = 0.30  # inches of a factor
PANEL_HEIGHT = 3.2
MAIN = {
    "morris": "mu_star",
    "sobol": "ST",
    "fast": "ST",
    "rbd_fast": "S1",
    "pawn": "median",
    "delta": "delta",
}
BARS = {
    "sobol": ("S1", "ST"),
    "fast": ("S1", "ST"),
    "rbd_fast": ("S1",),
    "pawn": ("median",),
    "delta": ("delta",),
}
NAMES = {
    "S1": "first-order index",
    "ST": "total index",
    "mu_star": "mean absolute effect μ*",
    "median": "PAWN index (median over slices)",
    "delta": "Borgonovo's δ",
}
IDLE = 0.01  # of the largest index: a factor with less has no line
LEAST_TOP = 0.05  # of the colours of second-order indices
MARKERS = "os^Dvp*hX"


def write_figures(ds: xr.Dataset, folder: Path) -> list[Path]:
    """All figures that a result has something to show in: of indices, of a decomposition, of an attribution."""
    if "share" in ds:
        makers: dict[str, Callable[[xr.Dataset], Figure]] = {"decomposition": decomposition_figure}
    elif "effect" in ds:
        makers = {"attribution": attribution_figure}
    else:
        makers = _of_indices(ds)
    return [file for name, make in makers.items() for file in style.save(make(ds), folder / name, (".png",))]


def _of_indices(ds: xr.Dataset) -> dict[str, Callable[[xr.Dataset], Figure]]:
    makers: dict[str, Callable[[xr.Dataset], Figure]] = {}
    if len(scalars(ds)):
        makers["indices"] = morris_figure if ds.attrs["method"] == "morris" else bars_figure
        if "members" in ds.coords:
            makers["convergence"] = convergence_figure
        if "S2" in ds:
            makers["second_order"] = second_order_figure
    if over_time(ds):
        makers["over_time"] = time_figure
    return makers


def scalars(ds: xr.Dataset) -> np.ndarray:
    """Outputs that are one number of a member, and vary."""
    whole = (ds["year"].values < 0) & (ds["month"].values < 0)
    return np.flatnonzero(whole & np.isfinite(ds[MAIN[ds.attrs["method"]]].values).any(axis=1))


def over_time(ds: xr.Dataset) -> list[str]:
    """Diagnostics that have several times."""
    timed = ds["diagnostic"].values[(ds["year"].values >= 0) | (ds["month"].values >= 0)]
    return [str(name) for name in dict.fromkeys(timed) if (timed == name).sum() > 1]


@style.styled
def bars_figure(ds: xr.Dataset) -> Figure:
    """First-order and total indices (or the one index of the method) of every output, with intervals."""
    if ds.attrs["method"] not in BARS:
        what = f"{ds.attrs['method']} has no first-order or total index"
        raise InputError("sensitivity_indices", what, "draw Morris' plane: ks.plot.morris")
    shown = scalars(ds)[:MOST_PANELS]
    names = BARS[ds.attrs["method"]]
    n = ds.sizes["factor"]
    figure, panels = _panels(len(shown), 0.9 + ROW * n * len(names) ** 0.5)
    order = np.argsort(ds[names[-1]].isel(output=shown).max("output").values)
    height = 0.8 / len(names)
    for ax, at in zip(panels, shown, strict=False):
        for k, name in enumerate(names):
            place = np.arange(n) + (0.5 * (len(names) - 1) - k) * height
            values, widths = ds[name].values[at, order], ds[f"{name}_conf"].values[at, order]
            colour = FIRST if name != "ST" else TOTAL
            ax.barh(place, values, height, color=colour, label=NAMES[name])
            ax.errorbar(values, place, xerr=widths, fmt="none", ecolor=style.INK, elinewidth=1.0, capsize=2.0)
        ax.set_yticks(range(n), [style.plain(str(f)) for f in ds["factor"].values[order]])
        ax.axvline(0.0, color=style.BASELINE, linewidth=0.8)
        ax.grid(False, axis="y")
        ax.set_xlabel(f"Index ({style.NO_UNIT})")
    _title_panels(panels, shown, ds)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=len(names))
    return figure


@style.styled
def morris_figure(ds: xr.Dataset) -> Figure:
    """Morris' plane: how much a factor does, and how much that depends on the others or on its own value."""
    shown = scalars(ds)[:MOST_PANELS]
    figure, panels = _panels(len(shown), PANEL_HEIGHT)
    for ax, at in zip(panels, shown, strict=False):
        x, y = ds["mu_star"].values[at], ds["sigma"].values[at]
        without = np.isnan(y)  # groups: their effects have no sign, so no spread around a mean
        y = np.where(without, 0.0, y)
        for k, factor in enumerate(ds["factor"].values):
            name = style.plain(str(factor)) + (" (a group: μ* alone)" if without[k] else "")
            colour = style.OTHER_COLOURS[k % len(style.OTHER_COLOURS)]
            ax.errorbar(
                x[k], y[k], xerr=ds["mu_star_conf"].values[at, k], fmt=MARKERS[k % len(MARKERS)],
                color=colour, elinewidth=1.0, capsize=2.0, markersize=6, label=name, clip_on=not without[k],
            )  # fmt: skip
        top = max(float(np.nanmax(x + ds["mu_star_conf"].values[at])), float(y.max()))
        line = (0, (4, 3))
        ax.plot(
            [0.0, top], [0.0, top], color=style.BASELINE, lw=0.8, linestyle=line, zorder=1, label="σ = μ*"
        )
        ax.set_xlim(0.0, 1.05 * top)
        ax.xaxis.set_major_locator(MaxNLocator(5))  # 0.0025 and its like touch each other sooner
        ax.set_ylim(0.0, 1.05 * max(float(y.max()), 0.4 * top))
        units = _units(ds, at)
        ax.set_xlabel(f"μ*, mean absolute effect ({units})")
        ax.set_ylabel(f"σ of the effects ({units})")
    _title_panels(panels, shown, ds)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return figure


@style.styled
def convergence_figure(ds: xr.Dataset) -> Figure:
    """The main index against the number of members, with its interval."""
    shown = scalars(ds)[:MOST_PANELS]
    name = MAIN[ds.attrs["method"]]
    figure, panels = _panels(len(shown), PANEL_HEIGHT)
    members = ds["members"].values
    for ax, at in zip(panels, shown, strict=False):
        for k, factor in _leading(ds, [at]):
            values, widths = ds[f"{name}_at"].values[:, at, k], ds[f"{name}_conf_at"].values[:, at, k]
            colour = style.OTHER_COLOURS[k % len(style.OTHER_COLOURS)]
            ax.fill_between(
                members, values - widths, values + widths, color=colour, alpha=style.BAND_ALPHA, lw=0.0
            )
            ax.plot(
                members, values, marker=MARKERS[k % len(MARKERS)], markersize=4.5, color=colour, label=factor
            )
        ax.set_xscale("log", base=2)
        ax.set_xticks(members, [str(m) for m in members])
        ax.minorticks_off()
        ax.set_xlabel("Members")
        ax.set_ylabel(_index_label(ds, name, at))
    _title_panels(panels, shown, ds)
    _shared_legend(figure, panels)
    return figure


@style.styled
def time_figure(ds: xr.Dataset) -> Figure:
    """The main index over years or months: lines with intervals for few factors, a map for many."""
    wanted = over_time(ds)[:MOST_PANELS]
    name = MAIN[ds.attrs["method"]]
    lines = ds.sizes["factor"] <= MOST_LINES
    height = PANEL_HEIGHT if lines else 1.0 + ROW * ds.sizes["factor"]
    figure, panels = _panels(len(wanted), height)
    for ax, diagnostic in zip(panels, wanted, strict=False):
        at = np.flatnonzero(ds["diagnostic"].values == diagnostic)
        by_year = ds["year"].values[at[0]] >= 0
        x = ds["year" if by_year else "month"].values[at]
        if lines:
            _time_lines(ax, ds, name, at, x)
        else:
            _time_map(figure, ax, ds, name, at, x)
        if by_year:
            ax.set_xlabel("Year")
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        else:
            style.months_on_x(ax)
    for letter, ax, diagnostic in zip("abcdef", panels, wanted, strict=False):
        style.panel_title(ax, letter, style.plain(style.printed(diagnostic)))
    if lines:
        _shared_legend(figure, panels)
    return figure


def _time_lines(ax: Axes, ds: xr.Dataset, name: str, at: np.ndarray, x: np.ndarray) -> None:
    for k, factor in enumerate(ds["factor"].values):
        values, widths = ds[name].values[at, k], ds[f"{name}_conf"].values[at, k]
        colour = style.OTHER_COLOURS[k % len(style.OTHER_COLOURS)]
        ax.fill_between(
            x, values - widths, values + widths, color=colour, alpha=style.BAND_ALPHA, linewidth=0.0
        )
        marker = MARKERS[k % len(MARKERS)]
        ax.plot(x, values, color=colour, marker=marker, markersize=4.5, label=style.plain(str(factor)))
    ax.set_ylabel(_index_label(ds, name, at[0]))


def _time_map(figure: Figure, ax: Axes, ds: xr.Dataset, name: str, at: np.ndarray, x: np.ndarray) -> None:
    order = np.argsort(np.nanmean(ds[name].values[at], axis=0))
    mesh = ax.pcolormesh(x, np.arange(len(order)), ds[name].values[at][:, order].T, cmap=MAP, vmin=0.0)
    ax.set_yticks(range(len(order)), [style.plain(str(f)) for f in ds["factor"].values[order]])
    ax.grid(False)
    figure.colorbar(mesh, ax=ax, label=_index_label(ds, name, at[0]))


@style.styled
def second_order_figure(ds: xr.Dataset) -> Figure:
    """Pairs of factors: the share of the variance that only both together explain."""
    shown = scalars(ds)[:MOST_PANELS]
    n = ds.sizes["factor"]
    figure, panels = _panels(len(shown), 1.4 + 0.45 * n)
    labels = [style.plain(str(f)) for f in ds["factor"].values]
    for ax, at in zip(panels, shown, strict=False):
        values = ds["S2"].values[at].T  # below the diagonal
        top = max(float(np.nanmax(values)), LEAST_TOP)
        mesh = ax.imshow(values, cmap=MAP, vmin=0.0, vmax=top, aspect="auto")
        for i, j in np.argwhere(np.isfinite(values)):
            width = ds["S2_conf"].values[at, j, i]
            dark = values[i, j] < 0.5 * top
            text = f"{values[i, j]:.2f}\n±{width:.2f}".replace("-", "\N{MINUS SIGN}")
            ax.text(j, i, text, ha="center", va="center", fontsize=8.0, color="white" if dark else style.INK)
        ax.set_xticks(range(n), labels, rotation=30.0, ha="right")
        ax.set_yticks(range(n), labels)
        ax.grid(False)
        figure.colorbar(mesh, ax=ax, label=f"Second-order index ({style.NO_UNIT})")
    _title_panels(panels, shown, ds)
    return figure


# ---------------------------------------------------------------------------------------------------- parts


def _panels(count: int, height: float) -> tuple[Figure, list[Axes]]:
    """Up to two panels side by side, in as many rows as it takes."""
    if count == 0:
        raise InputError("figure", "has no output to show", "ask for a diagnostic that varies")
    columns = min(count, 2)
    rows = -(-count // columns)
    figure = style.new_figure(rows * height + 0.6)
    axes = list(np.atleast_1d(figure.subplots(rows, columns)).flat)
    for ax in axes[count:]:
        ax.set_visible(False)
    return figure, axes[:count]


def _title_panels(panels: list[Axes], shown: np.ndarray, ds: xr.Dataset) -> None:
    for letter, ax, at in zip("abcdef", panels, shown, strict=False):
        style.panel_title(ax, letter, style.plain(style.printed(str(ds["diagnostic"].values[at]))))


def _leading(ds: xr.Dataset, outputs: list[int]) -> Iterator[tuple[int, str]]:
    """The factors with the largest main index, as number and name."""
    size = np.nanmax(np.abs(ds[MAIN[ds.attrs["method"]]].values[outputs]), axis=0)
    for k in sorted(k for k in np.argsort(-size)[:MOST_LINES] if size[k] > IDLE * size.max()):
        yield int(k), style.plain(str(ds["factor"].values[k]))


def _shared_legend(figure: Figure, panels: list[Axes]) -> None:
    entries: dict[str, Artist] = {}
    for ax in panels:
        handles, labels = ax.get_legend_handles_labels()
        entries.update((label, h) for label, h in zip(labels, handles, strict=True) if isinstance(h, Artist))
    figure.legend(list(entries.values()), list(entries), loc="outside lower left", ncols=3)


def _index_label(ds: xr.Dataset, name: str, at: int) -> str:
    text = f"{NAMES[name][:1].upper()}{NAMES[name][1:]}"
    if name != "mu_star":
        return f"{text} ({style.NO_UNIT})"
    return f"{text}\n({_units(ds, at)})"  # in one line it can be longer than its panel


def _units(ds: xr.Dataset, at: int) -> str:
    """mm year-1 as mm a⁻¹."""
    return style.unit(str(ds["units"].values[at]))

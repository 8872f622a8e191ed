"""Figures of what spreads an ensemble, and of what drives a trend, over time."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from karstsim.report import style
from karstsim.report.tables import drivers_in_words, in_words, source_in_words

HEIGHT = 3.9
COLOURS = {
    "internal": "#e69f00",
    "model": "#0072b2",
    "scenario": "#009e73",
    "parameters": "#cc79a7",
    "interactions": "#8a9097",
}
PERCENT = 100.0


@style.styled
def decomposition_figure(ds: xr.Dataset) -> Figure:
    """Shares of the variance by source over time, stacked, and the standard deviation that they are shares of."""
    figure = style.new_figure(HEIGHT)
    shares, spread = figure.subplots(1, 2, width_ratios=(1.6, 1.0))
    parts = with_interactions_joined(ds)
    x = ds["time"].values
    low = np.zeros(len(x))
    for name, share in parts.items():
        high = low + PERCENT * share
        shares.fill_between(
            x, low, high, color=COLOURS[name], edgecolor="white", linewidth=0.8,
            label=source_in_words(name),
        )  # fmt: skip
        low = high
    shares.set_ylim(0.0, PERCENT)
    shares.set_ylabel("Share of the variance (%)")
    shares.grid(False)
    middle, sd = ds["mean"].values, np.sqrt(ds["total"].values)
    spread.fill_between(x, middle - sd, middle + sd, color=style.SOFT, alpha=style.BAND_ALPHA, linewidth=0.0)
    spread.plot(x, middle, color=style.INK)
    spread.set_ylabel(f"Mean ± total standard deviation\n({style.unit(ds.attrs['units'])})")
    window = int(ds.attrs["window_years"])
    style.panel_title(shares, "a", f"Sources, {window}-year running mean" if window > 1 else "Sources")
    style.panel_title(spread, "b", style.plain(in_words(ds)))
    for ax in (shares, spread):
        _years(ax, x)
    handles, labels = shares.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside lower left", ncols=5)
    return figure


def with_interactions_joined(ds: xr.Dataset) -> dict[str, np.ndarray]:
    """Shares in the order in which they are stacked, all interactions as one."""
    shares = {str(name): ds["share"].values[i] for i, name in enumerate(ds["source"].values)}
    joint = [v for name, v in shares.items() if name not in COLOURS]
    parts = {name: shares[name] for name in COLOURS if name in shares}
    return {**parts, "interactions": np.sum(joint, axis=0)} if joint else parts


@style.styled
def attribution_figure(ds: xr.Dataset) -> Figure:
    """Effects of drivers and interactions over time, and what each adds to the trend.

    A trend without any driver is one of the start (stocks that a spin-up left moving) or of the weather's chance.
    """
    figure = style.new_figure(HEIGHT + 0.7)
    lines, bars = figure.subplots(1, 2, width_ratios=(1.5, 1.0))
    x, units = ds["time"].values, style.unit(ds.attrs["units"])
    names = [style.plain(drivers_in_words(str(n))) for n in ds["drivers"].values]
    lines.plot(x, ds["all"].values - ds["base"].values, color=style.INK, linewidth=2.2, label="all drivers")
    for k, name in enumerate(names):
        colour = style.OTHER_COLOURS[k % (len(style.OTHER_COLOURS) - 1)]
        dashes = "-" if "×" not in name else (0, (4, 2))
        lines.plot(x, ds["effect"].values[k], color=colour, linestyle=dashes, label=name)
    lines.axhline(0.0, color=style.BASELINE, linewidth=0.8, zorder=1)
    lines.set_ylabel(f"Effect ({units})")
    window = int(ds.attrs["window_years"])
    running = f", {window}-year running mean" if window > 1 else ""
    style.panel_title(lines, "a", style.plain(f"{in_words(ds)}{running}"))
    _years(lines, x)
    whole, base = float(ds["all_trend"]), float(ds["base_trend"])
    total = whole - base
    values = [*ds["effect_trend"].values, total]
    place = np.arange(len(values))[::-1]
    colours = [style.OTHER_COLOURS[k % (len(style.OTHER_COLOURS) - 1)] for k in range(len(names))]
    bars.barh(place, values, 0.7, color=[*colours, style.INK])
    bars.axvline(0.0, color=style.BASELINE, linewidth=0.8)
    bars.set_yticks(place, [*names, "all drivers"])
    bars.grid(False, axis="y")
    error = float(ds["base_trend_error"])
    told = f"whole trend {whole:.3g},\nwithout any driver {base:.3g} ± {error:.2g}".replace(
        "-", "\N{MINUS SIGN}"
    )
    bars.set_xlabel(f"Part of the trend\n({units} decade⁻¹)\n{told}")
    style.panel_title(bars, "b", "Trend")
    figure.legend(*lines.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    return figure


def _years(ax: Axes, x: np.ndarray) -> None:
    ax.set_xlim(x[0], x[-1])
    ax.set_xlabel("Year")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))

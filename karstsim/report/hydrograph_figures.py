"""Figures of a hydrograph: recession, flow duration, correlograms, spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from karstsim.analysis import (
    Maillet,
    Mangin,
    MasterRecession,
    Recession,
    fit_mangin,
    master_recession,
)
from karstsim.analysis.correlation import MEMORY_LEVEL
from karstsim.core.errors import InputError
from karstsim.report import style

DATA, FIT, PART, RAIN = "#1f2328", "#d55e00", "#0072b2", "#56b4e9"
DASHED, DOTTED = (0, (5, 2)), (0, (1.5, 1.8))
HEIGHT = 3.9  # inches
HALF_WIDTH = 6.4
LIGHTEST = 0.62  # of the colour map: the contrast of lighter lines to the page is below 3
LABEL_LEFT = 80.0  # %: from here on a label stands left of its point


@style.styled
def hydrograph_figure(
    discharge: xr.DataArray, found: Sequence[Recession] = (), rain: xr.DataArray | None = None
) -> Figure:
    """Discharge over time with its recessions marked, and rain (mm d-1) hanging from the top."""
    figure = style.new_figure(HEIGHT)
    ax = figure.subplots()
    ax.plot(discharge["time"], discharge, color=DATA, linewidth=1.0, label="discharge")
    for number, one in enumerate(found):
        times = np.datetime64(one.start) + (one.t * 86400.0).astype("timedelta64[s]")
        ax.plot(times, one.discharge, color=FIT, linewidth=2.2, label="recession" if number == 0 else None)
    ax.set_ylabel(f"Discharge ({_unit(discharge.attrs.get('units', ''))})")
    top = float(discharge.max())
    ax.set_ylim(0.0, top * (1.5 if rain is not None else 1.08))
    locator: Any = AutoDateLocator()  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    ax.set_xlabel("Time")
    handles: list[Any]
    handles, labels = ax.get_legend_handles_labels()
    if rain is not None:
        above = ax.twinx()
        bars = above.bar(rain["time"], rain, width=1.0, color=RAIN, linewidth=0.0)
        above.set_ylim(3.2 * float(rain.max()), 0.0)
        above.set_ylabel("Rain (mm d⁻¹)", loc="top")
        above.grid(False)
        above.spines["right"].set_visible(True)
        above.set_yticks([t for t in above.get_yticks() if 0.0 <= t <= float(rain.max()) * 1.1])
        handles, labels = [*handles, bars], [*labels, "rain"]
    if len(handles) > 1:
        figure.legend(handles, labels, loc="outside upper left", ncols=3)
    return figure


@style.styled
def recession_figure(recession: Recession, law: Mangin | None = None) -> Figure:
    """One recession with Mangin's model (fitted here unless given): linear, and as ln Q where base flow is straight."""
    law = law if law is not None else fit_mangin(recession)
    figure = style.new_figure(HEIGHT)
    linear, logarithmic = figure.subplots(1, 2, sharex=True)
    t = np.linspace(0.0, recession.length, 400)
    for ax in (linear, logarithmic):
        ax.plot(recession.t, recession.discharge, "o", color=DATA, markersize=3.2, label="observed")
        ax.plot(t, law.discharge(t), color=FIT, label="Mangin's model")
        ax.plot(t, law.base(t), color=PART, linestyle=DASHED, label="base flow (Maillet)")
        if law.t_i > 0.0:
            ax.axvline(law.t_i, color=style.BASELINE, linewidth=1.0, linestyle=DOTTED, zorder=1)
        ax.set_xlabel("Days since the peak")
        ax.set_ylabel(f"Discharge ({_unit(recession.units)})")
    linear.set_ylim(bottom=0.0)
    _log_axis(logarithmic)
    style.panel_title(linear, "a", f"Recession from {str(recession.start)[:10]}")
    style.panel_title(logarithmic, "b", "The same, logarithmic")
    linear.legend(loc="upper right")
    said = linear.text(0.97, 0.62, _said(law), transform=linear.transAxes, ha="right", va="top", fontsize=9.5)
    said.set_bbox(
        {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    )  # the end of infiltration may lie behind it
    if law.t_i > 0.0:
        place = logarithmic.get_xaxis_transform()
        logarithmic.text(
            law.t_i,
            0.98,
            "  end of infiltration",
            transform=place,
            ha="left",
            va="top",
            color=style.SOFT,
            fontsize=9.5,
        )
    return figure


@style.styled
def master_recession_figure(found: Sequence[Recession], curve: MasterRecession | None = None) -> Figure:
    """All recessions as observed, and shifted onto one curve with Maillet's law through it."""
    curve = curve if curve is not None else master_recession(found)
    figure = style.new_figure(HEIGHT)
    single, master = figure.subplots(1, 2, sharey=True)
    for number, one in enumerate(found):
        single.plot(one.t, one.discharge, color=_shade(number, len(found)), linewidth=1.1)
        part = curve.segment == number
        master.plot(curve.t[part], curve.discharge[part], color=_shade(number, len(found)), linewidth=1.1)
    t = np.linspace(0.0, float(curve.t.max()), 200)
    master.plot(
        t, curve.fit.discharge(t), color=FIT, linestyle=DASHED, linewidth=2.0, label=_maillet_said(curve.fit)
    )
    for ax in (single, master):
        _log_axis(ax)
        ax.set_xlabel("Days since the peak" if ax is single else "Days on the master curve")
    single.set_ylabel(f"Discharge ({_unit(curve.units)})")
    style.panel_title(single, "a", f"{len(found)} recession{'s' * (len(found) > 1)}")
    style.panel_title(master, "b", "Master recession curve")
    master.legend(loc="upper right")
    return figure


@style.styled
def flow_duration_figure(curve: xr.Dataset) -> Figure:
    """Flow duration curve on a logarithmic discharge axis, with Q10, Q50 and Q90."""
    figure = style.new_figure(HEIGHT, HALF_WIDTH)
    ax = figure.subplots()
    flowing = curve.where(curve["discharge"] > 0.0, drop=True)
    if flowing.sizes["exceedance"] == 0:
        raise InputError("flow duration curve", "has no discharge above 0", "there is nothing to draw")
    ax.plot(flowing["exceedance"], flowing["discharge"], color=DATA)
    ax.set_yscale("log")
    for name in ("q10", "q50", "q90"):
        value, percent = float(curve[name]), float(name[1:])
        if not value > 0.0:
            continue
        ax.plot([percent], [value], "o", color=FIT, markersize=6)
        side, shift = ("left", (7, 6)) if percent < LABEL_LEFT else ("right", (-6, -12))
        text = f"Q{percent:g} = {value:.3g}"
        ax.annotate(text, (percent, value), shift, textcoords="offset points", ha=side, fontsize=9.5)
    _log_axis(ax)
    ax.set_xlim(0.0, 100.0)
    ax.set_xlabel("Share of time exceeded (%)")
    ax.set_ylabel(f"Discharge ({_unit(curve['discharge'].attrs['units'])})")
    missing = int(curve.attrs["gaps"])
    gaps = f", {missing} missing" if missing else ""
    ax.set_title(f"Flow duration, {curve.attrs['values']} values{gaps}")
    return figure


@style.styled
def autocorrelation_figure(correlogram: xr.Dataset) -> Figure:
    """Correlogram of the discharge with the memory effect."""
    figure = style.new_figure(HEIGHT, HALF_WIDTH)
    ax = figure.subplots()
    ax.plot(correlogram["lag"], correlogram["r"], color=DATA)
    ax.axhline(0.0, color=style.BASELINE, linewidth=1.0, zorder=1)
    ax.axhline(MEMORY_LEVEL, color=PART, linewidth=1.2, linestyle=DASHED, zorder=1)
    memory = float(correlogram["memory_effect"])
    if np.isfinite(memory):
        ax.plot([memory], [MEMORY_LEVEL], "o", color=FIT, markersize=7)
        _remark(ax, f"memory effect {memory:.3g} d", memory, MEMORY_LEVEL)
    else:
        ax.text(0.97, 0.93, f"r stays above {MEMORY_LEVEL:g}", transform=ax.transAxes, ha="right", va="top")
    ax.set_xlim(0.0, float(correlogram["lag"].max()))
    ax.set_ylim(top=1.02)
    ax.set_xlabel("Lag (d)")
    ax.set_ylabel("Autocorrelation (–)")
    ax.set_title("Correlogram of the discharge")
    return figure


@style.styled
def cross_correlation_figure(correlogram: xr.Dataset) -> Figure:
    """Cross-correlogram of rain and discharge with the lag of the response."""
    figure = style.new_figure(HEIGHT, HALF_WIDTH)
    ax = figure.subplots()
    ax.axhline(0.0, color=style.BASELINE, linewidth=1.0, zorder=1)
    ax.axvline(0.0, color=style.BASELINE, linewidth=1.0, zorder=1)
    ax.plot(correlogram["lag"], correlogram["r"], color=DATA, linewidth=1.3)
    lag, r = float(correlogram["response_lag"]), float(correlogram["response_r"])
    ax.plot([lag], [r], "o", color=FIT, markersize=7)
    _remark(ax, f"r = {r:.2f} after {lag:.3g} d", lag, r)
    limit = 2.0 / np.sqrt(float(correlogram.attrs["values"]))
    for sign, label in (
        (1.0, "±2 n$^{-1/2}$: 95 % of unrelated white series"),
        (-1.0, None),
    ):  # Bartlett (1946)
        ax.axhline(sign * limit, color=PART, linewidth=1.0, linestyle=DASHED, zorder=1, label=label)
    ax.legend(loc="lower right")
    ax.set_xlim(float(correlogram["lag"].min()), float(correlogram["lag"].max()))
    ax.margins(y=0.2)
    ax.set_xlabel("Lag of the discharge behind the rain (d)")
    ax.set_ylabel("Cross-correlation (–)")
    ax.set_title("Rain and discharge")
    return figure


@style.styled
def spectrum_figure(density: xr.Dataset) -> Figure:
    """Variance density spectrum with the regulation time and the cut-off frequency."""
    figure = style.new_figure(HEIGHT)
    linear, logarithmic = figure.subplots(1, 2, width_ratios=(1.0, 1.0))
    f, s = density["frequency"].values, density["density"].values
    cutoff = float(density["cutoff_frequency"])
    white = 1.0 / float(f[-1])
    linear.plot(f, s, color=DATA)
    linear.set_xlim(0.0, float(f[-1]))
    linear.set_ylim(bottom=min(0.0, float(s.min())))
    positive = s > 0.0
    logarithmic.loglog(f[positive], s[positive], color=DATA)
    logarithmic.axhline(white, color=PART, linewidth=1.2, linestyle=DASHED, zorder=1)
    for ax in (linear, logarithmic):
        ax.set_xlabel("Frequency (d⁻¹)")
        ax.set_ylabel("Variance density (d)")
        if np.isfinite(cutoff):
            ax.axvline(cutoff, color=style.BASELINE, linewidth=1.0, linestyle=DOTTED, zorder=1)
    logarithmic.text(float(f[0]), white, "white noise", va="bottom", ha="left", color=PART, fontsize=9.5)
    said = f"regulation time {float(density['regulation_time']):.3g} d"
    if np.isfinite(cutoff):
        said += f"\ncut-off frequency {cutoff:.3g} d⁻¹ (dotted)"
    linear.text(0.97, 0.95, said, transform=linear.transAxes, ha="right", va="top", fontsize=9.5)
    style.panel_title(linear, "a", f"Spectrum, truncation {density.attrs['truncation']:g} d")
    style.panel_title(logarithmic, "b", "The same, logarithmic")
    return figure


def _unit(units: str) -> str:
    return style.unit(units or "m3 s-1")


def _remark(ax: Axes, text: str, x: float, y: float) -> None:
    """A remark up and right of a point."""
    ax.annotate(text, (x, y), xytext=(10, 12), textcoords="offset points", ha="left", va="bottom")


def _log_axis(ax: Axes) -> None:
    """A logarithmic discharge axis with plain numbers; also 2 and 5 where it spans less than two decades."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    short = high / low < 100.0
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if short else (1.0,)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _shade(number: int, count: int) -> tuple[float, float, float, float]:
    """Dark to light in the order of time."""
    from matplotlib import colormaps

    return colormaps["cividis"](LIGHTEST * number / max(1, count - 1))


def _said(law: Mangin) -> str:
    lines = [rf"$\alpha$ = {law.alpha:.3g} d⁻¹"]
    if law.t_i > 0.0:
        lines += [
            rf"$\eta$ = {law.eta:.3g} d⁻¹,  $\varepsilon$ = {law.epsilon:.2g} d⁻¹",
            rf"$t_i$ = {law.t_i:.3g} d,  $i$ = {law.i:.2f}",
        ]
    return "\n".join([*lines, f"efficiency {law.efficiency:.3f}"])


def _maillet_said(fit: Maillet) -> str:
    return rf"Maillet, $\alpha$ = {fit.alpha:.3g} d⁻¹, $r^2$ = {fit.r2:.2f}"


def all_figures(
    discharge: xr.DataArray,
    found: Sequence[Recession],
    curves: dict[str, xr.Dataset],
    rain: xr.DataArray | None = None,
) -> dict[str, Figure]:
    """Every figure that the data allow, by file name.

    found    recessions;  curves: of flow_duration, autocorrelation, spectrum and cross_correlation under these names
    """
    figures = {"hydrograph": hydrograph_figure(discharge, found, rain)}
    if found:
        longest = max(found, key=lambda one: one.length)
        figures["recession"] = recession_figure(longest)
        figures["master_recession"] = master_recession_figure(found)
    draw = {
        "flow_duration": flow_duration_figure,
        "autocorrelation": autocorrelation_figure,
        "cross_correlation": cross_correlation_figure,
        "spectrum": spectrum_figure,
    }
    return figures | {name: draw[name](curve) for name, curve in curves.items()}

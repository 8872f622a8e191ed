"""Figures of a calibration: search, dotty plots, observed against simulated, residuals, pairs of parameters."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from karstsim.calibration.results import safe
from karstsim.core.errors import InputError
from karstsim.report.style import (
    BAND_ALPHA,
    GRID,
    INK,
    NO_UNIT,
    OTHER_COLOURS,
    SOFT,
    new_figure,
    panel_title,
    plain,
    save,
    styled,
    unit,
)

BLUE, ORANGE, GREEN = OTHER_COLOURS[:3]
COLUMNS = 3
ROW_HEIGHT = 2.5  # inches
MOST_PAIRS = 7  # parameters in a corner plot
SHOWN_SHARE = 0.9  # of the evaluations in a dotty plot, the better ones
SHOWN_RISES = 3.0  # of the profiles, above the lowest loss
MOST_DOTS = 4000
KEPT_AS = {"population": "population", "pareto": "Pareto front", "posterior": "draws"}
ALONE = 4.0  # points, the width of a single value among gaps
SQUARE = 3.4  # inches, a panel of two losses
MOST_COMPROMISES = 6  # pairs of targets
LOSSES = {  # what a search makes small, none of it has a unit
    "kge": "1 − KGE",
    "kge_2012": "1 − KGE (2012)",
    "nse": "1 − NSE",
    "log_nse": "1 − NSE of logarithms",
    "limits": "share outside its limits",
    "pbias": "|PBIAS| / 100",
    "rmse": "RMSE / spread of observations",
}
QUANTITIES = {  # of a table of a spring, as print has them
    "ph": "pH",
    "pco2": "pCO₂",
    "hco3": "HCO₃⁻",
    "d13c_dic": "δ¹³C of DIC",
    "soil_respiration": "soil respiration",
    "ca": "Ca²⁺",
    "mg": "Mg²⁺",
    "na": "Na⁺",
    "k": "K⁺",
    "cl": "Cl⁻",
    "so4": "SO₄²⁻",
    "no3": "NO₃⁻",
    "dic": "DIC",
}
NARROW = 100.0  # upper over lower end of a logarithmic range, below which 2 and 5 are also marked
NARROW_PANEL = 40.0  # the same, of the small panels of a corner plot
WITHOUT_DECADE = 10.0  # the same, below which it may hold one of these alone


def draw_all(posterior: xr.Dataset, folder: Path) -> list[Path]:
    """Draw everything that the posterior Dataset has into a folder, as PNG: with thousands of dots SVG is large."""
    figures = {"trace": trace(posterior), "dotty": dotty(posterior)}
    for target in map(str, posterior.target.values):
        figures[f"fit_{safe(target)}"] = fit(posterior, target)
        figures[f"residuals_{safe(target)}"] = residual_panels(posterior, target)
    if posterior.sizes["draw"] > 1 and posterior.sizes["parameter"] > 1:
        figures["corner"] = corner(posterior)
    if "chain_value" in posterior:
        figures["chains"] = chains(posterior)
    if posterior.sizes["target"] > 1:
        figures["pareto"] = pareto(posterior)
    return [file for name, figure in figures.items() for file in save(figure, folder / name, (".png",))]


def quantity(target: str) -> str:
    """A target as print has it; one that the user named stays as it is."""
    return QUANTITIES.get(target, target)


def _short(posterior: xr.Dataset, i: int) -> str:
    """Name and unit of a parameter, for an axis."""
    name = str(posterior.parameter.values[i])
    if bool(posterior["factor"].values[i]):
        return plain(f"{name}\n(× default)")
    units = str(posterior["units"].values[i])
    return plain(name) if units == "1" else f"{plain(name)}\n({unit(units)})"


def _wrapped(posterior: xr.Dataset, i: int) -> str:
    """The same in short lines, for a small panel."""
    return _short(posterior, i).replace(".", ".\n", 1).replace("_", "_\n", 1)


def _scale(ax: Axes, posterior: xr.Dataset, i: int, axis: str = "x", narrow: float = NARROW) -> None:
    """Range and scale of a parameter on an axis; ranges below `narrow` have more marks."""
    low, high = float(posterior["lower"].values[i]), float(posterior["upper"].values[i])
    if bool(posterior["log_scale"].values[i]):
        (ax.set_xscale if axis == "x" else ax.set_yscale)("log")
        ticks = ax.xaxis if axis == "x" else ax.yaxis
        subs = (1.0, 2.0, 5.0) if high < narrow * low else (1.0,)
        ticks.set_major_locator(LogLocator(subs=subs) if high >= WITHOUT_DECADE * low else MaxNLocator(3))
        ticks.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        ticks.set_minor_formatter(NullFormatter())
    (ax.set_xlim if axis == "x" else ax.set_ylim)(low, high)


@styled
def trace(posterior: xr.Dataset) -> Figure:
    """Lowest loss so far, by generation."""
    figure = new_figure(3.0)
    ax = figure.subplots()
    values = posterior["trace"].values
    ax.step(np.arange(1, len(values) + 1), values, where="post", color=BLUE)
    fine = values[np.isfinite(values) & (np.abs(values) < 1e8)]
    if fine.size and fine.min() > 0.0 and fine.max() > 20.0 * fine.min():
        ax.set_yscale("log")
    ax.set_xlabel("Draw" if posterior.attrs["method"] == "glue" else "Generation")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylabel(f"Lowest loss ({NO_UNIT})")
    ax.set_title("Search")
    return figure


@styled
def dotty(posterior: xr.Dataset) -> Figure:
    """Loss of every evaluation against each parameter, with the profile below them and the best point."""
    n = posterior.sizes["parameter"]
    rows = -(-n // COLUMNS)
    figure = new_figure(ROW_HEIGHT * rows + 0.3)
    axes = np.atleast_1d(figure.subplots(rows, COLUMNS, sharey=True)).ravel()
    loss = posterior["evaluated_loss"].values
    fine = np.flatnonzero(np.isfinite(loss))
    top = _top(loss[fine], posterior["profile"].values)
    shown = fine[loss[fine] <= top]
    shown = shown[:: max(len(shown) // MOST_DOTS, 1)]
    room = 0.05 * (top - loss[fine].min()) or 1.0
    for i, ax in enumerate(axes):
        if i >= n:
            ax.set_axis_off()
            continue
        ax.plot(
            posterior["evaluated"].values[shown, i],
            loss[shown],
            ".",
            ms=2.5,
            color=SOFT,
            alpha=0.4,
            label="evaluations",
        )
        ax.plot(
            posterior["profile_at"].values[i], posterior["profile"].values[i], color=BLUE, label="lowest loss"
        )
        best = float(posterior["best"].values[i])
        ax.plot(best, loss[fine].min(), "D", color=ORANGE, ms=6, label="best", clip_on=False, zorder=5)
        _scale(ax, posterior, i)
        ax.set_ylim(loss[fine].min() - room, top)
        ax.set_xlabel(_short(posterior, i))
        if i % COLUMNS == 0:
            ax.set_ylabel(f"Loss ({NO_UNIT})")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def _top(loss: np.ndarray, profile: np.ndarray) -> float:
    """The largest loss that is shown: of a share of the runs, and of some times the usual rise of a profile.

    A likelihood rises by orders of magnitude away from its best, and the profiles would all lie on the axis.
    """
    highest = np.nanmax(np.where(np.isfinite(profile), profile, np.nan), axis=1)
    rise = float(np.nanmedian(highest)) - loss.min()
    share = float(np.quantile(loss, SHOWN_SHARE))
    return min(share, loss.min() + SHOWN_RISES * rise) if rise > 0.0 else share


@styled
def chains(posterior: xr.Dataset) -> Figure:
    """Every parameter over the steps that were kept: median and 5 to 95 % of the walkers of each ensemble.

    Ensembles that have met lie on each other, and are level.
    """
    n, groups = posterior.sizes["parameter"], int(posterior.attrs.get("ensembles", 1))
    rows = -(-n // COLUMNS)
    figure = new_figure(1.7 * rows + 0.4)
    axes = np.atleast_1d(figure.subplots(rows, COLUMNS, sharex=True)).ravel()
    walkers = np.split(posterior["chain_value"].values, groups)
    for i, ax in enumerate(axes):
        if i >= n:
            ax.set_axis_off()
            continue
        for group, values in enumerate(walkers):
            low, middle, high = np.quantile(values[:, :, i], (0.05, 0.5, 0.95), axis=0)
            colour, steps = OTHER_COLOURS[group % len(OTHER_COLOURS)], np.arange(len(middle))
            ax.fill_between(steps, low, high, color=colour, alpha=BAND_ALPHA, lw=0.0)
            ax.plot(steps, middle, color=colour, lw=1.0, label=f"ensemble {group + 1}")
        _scale(ax, posterior, i, "y")
        ax.set_ylabel(_wrapped(posterior, i), fontsize=8.5)
        if i >= n - COLUMNS:
            ax.set_xlabel("Step after the burn-in")
            ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            ax.tick_params(labelbottom=True)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=groups)
    return figure


def _sorted_series(
    posterior: xr.Dataset, target: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Times, observed, best, and whether the search saw it."""
    name = safe(target)
    return (
        posterior[f"time_{name}"].values,
        posterior[f"observed_{name}"].values,
        posterior[f"best_{name}"].values,
        posterior[f"fitted_{name}"].values.astype(bool),
    )


def _with_gaps(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (..., n) with NaN in long gaps, so that no line bridges them."""
    gaps = np.diff(times)
    usual = np.median(gaps) if len(gaps) else np.timedelta64(1, "D")
    after = np.flatnonzero(gaps > 3 * usual) + 1
    middle = times[after - 1] + (times[after] - times[after - 1]) / 2
    return np.insert(times, after, middle), np.insert(values, after, np.nan, axis=-1)


def _alone(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of the values (..., n) that have a gap on either side, of which a line or a band shows nothing."""
    there = np.isfinite(values).reshape(-1, len(times)).all(axis=0)
    beside = np.r_[False, there, False]
    rows = there & ~beside[:-2] & ~beside[2:]
    return times[rows], values[..., rows]


@styled
def fit(posterior: xr.Dataset, target: str) -> Figure:
    """Observed and simulated values over time, with the band of the draws, and against each other."""
    name = safe(target)
    times, observed, best, fitted = _sorted_series(posterior, target)
    units = unit(str(posterior[f"observed_{name}"].attrs["units"]))
    figure = new_figure(3.6)
    ax, cross = figure.subplots(1, 2, width_ratios=(3.2, 1.0))
    told = posterior.attrs["uncertainties"] == "given"
    if f"predicted_{name}" in posterior:
        _band(ax, times, posterior[f"predicted_{name}"].values, GREEN, "5–95 % with errors")
    if f"band_{name}" in posterior and posterior.sizes["draw"] > 1:
        text = (
            "5–95 % of the draws"
            if told
            else f"range of the {KEPT_AS[posterior.attrs['kind']]} (no uncertainty)"
        )
        _band(ax, times, posterior[f"band_{name}"].values, BLUE, text)
    ax.plot(*_with_gaps(times, best), color=BLUE, lw=1.1, label="best run")
    alone = _alone(*_with_gaps(times, best))
    ax.plot(*alone, "_", ms=ALONE, mew=1.4, color=BLUE)
    below = posterior[f"censored_{name}"].values.astype(bool)
    ax.plot(times[~below], observed[~below], ".", ms=2.5, color=INK, label="observed", zorder=3)
    if below.any():
        ax.plot(times[below], observed[below], "v", ms=4, mfc="none", color=INK, label="below a limit")
    if not fitted.all():
        ax.axvspan(
            times[np.argmin(fitted)], times[-1], color=GRID, alpha=0.5, lw=0.0, zorder=0, label="held out"
        )
    _dates(ax)
    ax.set_ylabel(f"{plain(quantity(target))} ({units})")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=5)
    panel_title(ax, "a", plain(_score_text(posterior, target)))
    ends = float(min(observed.min(), best.min())), float(max(observed.max(), best.max()))
    for rows, colour, label in ((fitted, BLUE, "fitted"), (~fitted, ORANGE, "held out")):
        if rows.any():
            cross.plot(observed[rows], best[rows], ".", ms=3, color=colour, label=label)
    cross.plot(ends, ends, color=SOFT, lw=1.0)
    cross.set_xlabel(f"observed ({units})")
    cross.set_ylabel(f"best run ({units})")
    if not fitted.all():
        emptier = "lower right" if np.mean(best > observed) > 0.5 else "upper left"  # both lie off the line
        cross.legend(loc=emptier, markerscale=2.0, handletextpad=0.1)
    panel_title(cross, "b", "One to one")
    return figure


def _band(ax: Axes, times: np.ndarray, ends: np.ndarray, colour: str, label: str) -> None:
    at, values = _with_gaps(times, ends)
    ax.fill_between(at, values[0], values[2], color=colour, alpha=BAND_ALPHA, lw=0.0, label=label)
    at, values = _alone(at, values)
    ax.vlines(at, values[0], values[2], color=colour, alpha=BAND_ALPHA, lw=ALONE)


def _dates(ax: Axes) -> None:
    locator = AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _score_text(posterior: xr.Dataset, target: str) -> str:
    """KGE and NSE of the best run, fitted and held out."""
    parts = []
    for part in posterior.part.values:
        skill = posterior["skill"].sel(target=target, part=part)
        kge, nse = float(skill.sel(metric="kge")), float(skill.sel(metric="nse"))
        if np.isfinite(nse):
            parts.append(f"{part}: KGE {kge:.2f}, NSE {nse:.2f}")
    return ";  ".join(parts).replace("-", "\N{MINUS SIGN}")


@styled
def residual_panels(posterior: xr.Dataset, target: str) -> Figure:
    """The residuals that are tested: over time, against the model, their autocorrelation and their quantiles."""
    from scipy import stats

    times, _, best, _ = _sorted_series(posterior, target)
    whole = posterior[f"residual_{safe(target)}"].values
    known = np.isfinite(whole)
    residual, model = whole[known], best[known]
    attrs = posterior[f"residual_{safe(target)}"].attrs
    what = f"{attrs['long_name']}\n({unit(str(attrs['units']))})" if "units" in attrs else attrs["long_name"]
    units = unit(str(posterior[f"observed_{safe(target)}"].attrs["units"]))
    figure = new_figure(5.4)
    over_time, spread, memory, normal = figure.subplots(2, 2).ravel()
    over_time.plot(times[known], residual, ".", ms=3, color=BLUE)
    over_time.set_ylabel(plain(what))
    _dates(over_time)
    panel_title(over_time, "a", "Over time")
    spread.plot(model, residual, ".", ms=3, color=BLUE)
    spread.set_xlabel(f"best run ({units})")
    panel_title(spread, "b", "Against the model")
    for ax in (over_time, spread):
        ax.axhline(0.0, color=SOFT, lw=1.0)
    lags = np.arange(1, min(31, max(len(residual) // 4, 2)))
    centred = residual - residual.mean()
    total = float((centred**2).sum()) or 1.0
    memory.bar(lags, [(centred[k:] * centred[:-k]).sum() / total for k in lags], color=BLUE, width=0.7)
    noise = 1.96 / np.sqrt(max(len(residual), 1))
    memory.axhspan(-noise, noise, color=SOFT, alpha=BAND_ALPHA, lw=0.0)
    memory.set_xlabel("Lag (values)")
    memory.xaxis.set_major_locator(MaxNLocator(integer=True))
    memory.set_ylabel(f"Autocorrelation ({NO_UNIT})")
    panel_title(memory, "c", "Memory (grey: of white noise)")
    theory, sample = stats.probplot(residual, fit=False)
    normal.plot(theory, sample, ".", ms=3, color=BLUE)
    normal.plot(theory, residual.mean() + residual.std() * theory, color=SOFT, lw=1.0)
    normal.set_xlabel(f"Normal quantiles ({NO_UNIT})")
    normal.set_ylabel(plain(what))
    panel_title(normal, "d", "Normality")
    return figure


@styled
def corner(posterior: xr.Dataset) -> Figure:
    """Pairs of the first parameters of the file among the draws, with their histograms on the diagonal."""
    whole = posterior.sizes["parameter"]
    n = min(whole, MOST_PAIRS)
    figure = new_figure(max(1.35 * n, 4.0))
    axes = figure.subplots(n, n, squeeze=False)
    values, best = posterior["value"].values, posterior["best"].values
    for row in range(n):
        for column in range(n):
            ax = axes[row, column]
            if column > row:
                ax.set_axis_off()
                continue
            _scale(ax, posterior, column, narrow=NARROW_PANEL)
            if column == row:
                ax.hist(values[:, row], bins=_edges(posterior, row), color=BLUE, alpha=0.6)
                ax.axvline(float(best[row]), color=ORANGE, lw=1.2)
                ax.set_yticks([])
            else:
                ax.plot(values[:, column], values[:, row], ".", ms=2.0, color=BLUE, alpha=0.5)
                ax.plot(best[column], best[row], "D", ms=4, color=ORANGE)
                _scale(ax, posterior, row, "y", NARROW_PANEL)
            _label_corner(ax, posterior, row, column, n)
    if n < whole:
        told = f"the first {n} of {whole} parameters;\nthe dotty plots show all"
        figure.text(0.98, 0.98, told, ha="right", va="top", color=SOFT)
    return figure


@styled
def pareto(posterior: xr.Dataset) -> Figure:
    """Losses of every pair of targets: all evaluations, the kept ones, and the one that is best in the mean.

    Raises InputError where there is one target, or the results are of a version that did not keep these losses.
    """
    if posterior.sizes["target"] < 2 or "target_loss" not in posterior:
        raise InputError("pareto", "needs the losses of two targets", "calibrate on two targets or more")
    pairs = list(combinations(range(posterior.sizes["target"]), 2))[:MOST_COMPROMISES]
    columns = min(len(pairs), COLUMNS)
    rows = -(-len(pairs) // columns)
    figure = new_figure(SQUARE * rows)
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    kept, every = posterior["target_loss"].values, posterior["evaluated_target_loss"].values
    best = every[np.argmin(posterior["evaluated_loss"].values)]
    front = posterior.attrs["kind"] == "pareto"
    for ax, (i, j) in zip(axes, pairs, strict=False):
        ax.plot(every[:, i], every[:, j], ".", ms=2.5, color=SOFT, alpha=0.4, label="evaluations")
        ax.plot(kept[:, i], kept[:, j], "o", ms=4, color=BLUE, label="front" if front else "kept")
        ax.plot(best[i], best[j], "D", ms=7, color=ORANGE, label="best in the mean", zorder=5)
        for limits, k in ((ax.set_xlim, i), (ax.set_ylim, j)):
            limits(*_shown_losses(every[:, k], kept[:, k]))
        ax.set_xlabel(_loss_label(posterior, i))
        ax.set_ylabel(_loss_label(posterior, j))
    for ax in axes[len(pairs) :]:
        ax.set_axis_off()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def _shown_losses(every: np.ndarray, kept: np.ndarray) -> tuple[float, float]:
    """Ends of an axis: all that is kept, and of the rest what is not far out."""
    fine = np.concatenate([every[np.isfinite(every)], kept])
    low = float(fine.min())
    high = float(max(np.quantile(fine, SHOWN_SHARE), kept.max(initial=-np.inf)))
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _loss_label(posterior: xr.Dataset, i: int) -> str:
    objective = str(posterior["objective"].values[i])
    return plain(f"{quantity(str(posterior.target.values[i]))}\n{LOSSES.get(objective, '−log likelihood')}")


def _edges(posterior: xr.Dataset, i: int) -> np.ndarray:
    low, high = float(posterior["lower"].values[i]), float(posterior["upper"].values[i])
    return (
        np.geomspace(low, high, 21) if bool(posterior["log_scale"].values[i]) else np.linspace(low, high, 21)
    )


def _label_corner(ax: Axes, posterior: xr.Dataset, row: int, column: int, n: int) -> None:
    """Names at the left and below, numbers nowhere else."""
    ax.tick_params(labelsize=7, labelbottom=row == n - 1, labelleft=column == 0 and row > 0, which="both")
    if row == n - 1:
        ax.set_xlabel(_wrapped(posterior, column), fontsize=7.5)
    if column == 0 and row > 0:
        ax.set_ylabel(_wrapped(posterior, row), fontsize=7.5)

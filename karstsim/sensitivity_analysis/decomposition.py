"""Where the spread of an ensemble comes from: scenarios, climate models, parameters, and what is left.

Values x[s, m, p] of every scenario, model and parameter draw are means that run over a window of years. Two methods:

anova              (Yip et al. 2011) At every time the sum of squares falls exactly into main effects and interactions,
                   with equal weights: V = V_s + V_m + V_p + V_sm + V_sp + V_mp + V_smp. V_s is the variance of the
                   scenarios' means, V_sm that of the means of a scenario and model less both main effects, and so on.
                   Needs every combination.
hawkins_sutton     (Hawkins & Sutton 2009, a third source added) scenario: variance of the scenarios' means; model: mean
                   over scenarios of the variance of their models' means; parameters: mean over scenarios and models of
                   the variance of draws. Takes incomplete designs; interactions go to model and parameters.

Internal variability is the variance about the running mean, averaged over all series and times, as in both papers;
where one scenario and model has several members (variants), also the variance between them. Variances divide by the
number of values, so that shares add up to one; of few models or scenarios they underrate what more would show.
"""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from karstsim.analysis.years import RUNNING, running_mean, whole_years
from karstsim.config import FilePath
from karstsim.core.errors import InputError
from karstsim.core.files import make_folder, whole_file
from karstsim.ensemble.store import open_ensemble
from karstsim.model.site import Name, Section
from karstsim.sensitivity_analysis.diagnostics import units_of
from karstsim.tomlfile import read_toml, validated

FACTORS = {"scenario": "scenario", "model": "source_id", "parameters": "draw"}
INTERNAL = "internal"
NAMED = 5  # missing combinations in a message

RESULT = "decomposition.nc"
# Beginnings of the attributes of an ensemble that its decomposition keeps.
OF_ENSEMBLE = ("source", "forcing_", "time_coverage_")

Method = Literal["anova", "hawkins_sutton"]


class DecompositionSection(Section):
    """An ensemble folder, its variable, and how the variance is taken apart; see `decompose_variance`."""

    ensemble: FilePath
    variable: Name
    climates: list[Name] = []
    window: int = Field(default=RUNNING, ge=1, le=1001)
    method: Method = "anova"
    baseline: Annotated[list[int], Field(min_length=2, max_length=2)] | None = None


class _File(Section):
    decomposition: DecompositionSection


def decomposition(config: str | Path, folder: str | Path) -> xr.Dataset:
    """Decompose what the [decomposition] table of a file names, into `decomposition.nc` of a folder.

    Raises InputError for bad input, and as `decompose_variance` does.
    """
    ds, folder = decomposed(config), Path(folder)
    make_folder(folder)
    with whole_file(folder / RESULT) as temporary:
        ds.to_netcdf(temporary, engine="netcdf4")
    return ds


def decomposed(config: str | Path) -> xr.Dataset:
    """What the [decomposition] table of a file asks for."""
    path = Path(config)
    asked = validated(_File, read_toml(path), str(path)).decomposition
    source = os.path.join(os.path.abspath(path.parent), asked.ensemble)
    baseline = (asked.baseline[0], asked.baseline[1]) if asked.baseline else None
    ensemble = open_ensemble(source, "annual", asked.climates)
    found = decompose_variance(ensemble, asked.variable, asked.window, asked.method, baseline)
    kept = {k: v for k, v in ensemble.attrs.items() if str(k).startswith(OF_ENSEMBLE)}
    return found.assign_attrs(kept, ensemble=source)


def decompose_variance(
    ds: xr.Dataset,
    variable: str,
    window: int = RUNNING,
    method: Method = "anova",
    baseline: tuple[int, int] | None = None,
) -> xr.Dataset:
    """Variance by source over time.

    ds        annual results of an ensemble (`ks.open_ensemble`), with scenario, source_id and draw of each realization
    window    years of the running mean, an odd number; 1 for none
    baseline  first and last year whose mean is taken off every series, as Hawkins & Sutton do: what is left is change
    Returns `variance` and `share` (source, time), `total` (time) and `mean` (time) over the ensemble.
    Raises InputError for an incomplete design (anova), values that are not there, or a window longer than the record.
    """
    values, years, labels, units = _series(ds, variable, baseline)
    smooth, middle = smoothed(values, years, window)
    inside = np.isin(years, middle)
    internal = float(np.mean(np.var(values[:, inside] - smooth, axis=1))) if window > 1 else 0.0
    table, between = _table(smooth, labels)
    if method == "hawkins_sutton":
        variance = _hawkins_sutton(table)
    else:
        _refuse_gaps(table, labels)
        variance = anova(table, tuple(FACTORS))
    variance[INTERNAL] = np.full(len(middle), internal) + between
    total = sum(variance.values())
    share = {
        name: np.divide(v, total, out=np.zeros_like(v), where=total > 0.0) for name, v in variance.items()
    }
    return xr.Dataset(
        {
            "variance": (("source", "time"), np.stack(list(variance.values())), {"units": f"({units})2"}),
            "share": (("source", "time"), np.stack(list(share.values())), {"units": "1"}),
            "total": ("time", total, {"units": f"({units})2"}),
            "mean": ("time", np.nanmean(table, axis=(0, 1, 2)), {"units": units}),
        },
        coords={"source": list(variance), "time": ("time", middle, {"long_name": "calendar year"})},
        attrs={
            "variable": variable,
            "long_name": str(ds[variable].attrs.get("long_name", variable)),
            "units": units,
            "method": method,
            "window_years": window,
            **{name: table.shape[i] for i, name in enumerate(FACTORS)},
        },
    )


def shares_at(ds: xr.Dataset) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Header and rows of a table of shares in the first, a middle and the last year, of `decompose_variance`."""
    at = [0, ds.sizes["time"] // 2, -1]
    header = ["source", *(str(ds.time.values[i]) for i in at)]
    return header, [(str(s), *map(float, ds.share.values[k, at])) for k, s in enumerate(ds.source.values)]


def _series(
    ds: xr.Dataset, variable: str, baseline: tuple[int, int] | None
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], str]:
    """(realization, year) values, years, labels of realizations, and units."""
    if variable not in ds:
        raise InputError(f"variable {variable!r}", "is not in the ensemble", "keep it: [ensemble] variables")
    ds = whole_years(ds)
    rows = next((d for d in ("tile", "box") if d in ds[variable].dims), None)
    if rows is not None:
        raise InputError(
            f"variable {variable!r}", f"has a value for each {rows}", f"choose one with .isel({rows}=...)"
        )
    values = ds[variable].transpose("realization", "time")
    years = values["time"].dt.year.values
    if len(np.unique(years)) < len(years):
        raise InputError("ensemble", "is not annual", 'open it with frequency "annual"')
    array = values.values.astype(float)
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
        text = ", ".join(map(str, bad[:NAMED])) + (", ..." if len(bad) > NAMED else "")
        raise InputError(
            f"realizations {text}", "have no number", "leave them out with .isel(realization=...)"
        )
    if baseline is not None:
        at = (years >= baseline[0]) & (years <= baseline[1])
        if not at.any():
            raise InputError(f"baseline {baseline}", "lies outside the years", f"{years[0]} to {years[-1]}")
        array = array - array[:, at].mean(axis=1, keepdims=True)
    labels = {name: np.asarray(ds[coord].values) for name, coord in FACTORS.items()}
    return array, years, labels, units_of(values)


def smoothed(values: np.ndarray, years: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Running means along the last axis, and their middle years. Raises InputError for a window that does not fit."""
    if window == 1:
        return values, years
    if window % 2 == 0 or window < 1:
        raise InputError(f"window of {window} years", "has no middle year", "give an odd number")
    smooth, middle, length = running_mean(values, years, window)
    if length != window:
        longest = (len(years) // 2 - 1) // 2 * 2 + 1  # odd
        mend = f"give at most {max(longest, 1)} years, or a longer ensemble"
        raise InputError(f"window of {window} years", f"is too long for {len(years)} years", mend)
    return smooth, middle


def _table(values: np.ndarray, labels: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(scenario, model, draw, time) means over members of one combination, NaN where there are none; and the mean
    variance within combinations, (time,)."""
    places = [np.unique(labels[name], return_inverse=True) for name in FACTORS]
    shape = tuple(len(names) for names, _ in places)
    cell = np.ravel_multi_index(tuple(at for _, at in places), shape)
    n_cells = int(np.prod(shape))
    counts = np.bincount(cell, minlength=n_cells)[:, None]
    sums, squares = np.zeros((n_cells, values.shape[1])), np.zeros((n_cells, values.shape[1]))
    np.add.at(sums, cell, values)
    with np.errstate(invalid="ignore"):
        means = sums / counts
    np.add.at(squares, cell, (values - means[cell]) ** 2)
    within = squares.sum(axis=0) / len(values)
    return means.reshape(*shape, -1), within


def _refuse_gaps(table: np.ndarray, labels: dict[str, np.ndarray]) -> None:
    """InputError that names combinations without a member."""
    gaps = np.argwhere(np.isnan(table[..., 0]))
    if not len(gaps):
        return
    names = [np.unique(labels[name]) for name in FACTORS]
    lines = [
        ", ".join(f"{factor} {names[k][i]}" for k, (factor, i) in enumerate(zip(FACTORS, gap, strict=True)))
        for gap in gaps[:NAMED]
    ]
    lines += [f"and {len(gaps) - NAMED} more"] if len(gaps) > NAMED else []
    raise InputError(
        "the ensemble",
        "\n  ".join(["is unbalanced; it has no member of", *lines]),
        'leave out what is incomplete, or use method "hawkins_sutton"',
    )


def anova(table: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Main effects and interactions of a full factorial table (factors..., time), as variances (time,).

    Their sum is the variance over all cells. The name of an interaction joins those of its factors with " x ".
    """
    axes = range(len(names))
    effects: dict[tuple[int, ...], np.ndarray] = {(): table.mean(axis=tuple(axes), keepdims=True)}
    found: dict[str, np.ndarray] = {}
    for size in range(1, len(names) + 1):
        for kept in combinations(axes, size):
            others = tuple(a for a in axes if a not in kept)
            means = table.mean(axis=others, keepdims=True) if others else table
            lower = sum(e for of, e in effects.items() if set(of) < set(kept))
            effects[kept] = means - lower
            found[" x ".join(names[a] for a in kept)] = (effects[kept] ** 2).mean(axis=tuple(axes))
    return found


def _hawkins_sutton(table: np.ndarray) -> dict[str, np.ndarray]:
    """Nested variances: draws within scenarios and models, models within scenarios, scenarios."""
    there = ~np.isnan(table[..., 0])
    models = [
        np.stack([np.nanmean(table[s, m], axis=0) for m in np.flatnonzero(there[s].any(axis=1))])
        for s in range(len(table))
    ]
    draws = [
        np.var(table[s, m][there[s, m]], axis=0)
        for s in range(len(table))
        for m in np.flatnonzero(there[s].any(axis=1))
    ]
    return {
        "scenario": np.var([m.mean(axis=0) for m in models], axis=0),
        "model": np.mean([np.var(m, axis=0) for m in models], axis=0),
        "parameters": np.mean(draws, axis=0),
    }

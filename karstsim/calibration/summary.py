"""What a calibration found, as the rows of tables: for the terminal and for the page alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from karstsim.model.parameters import by_name

AT_THE_END = 0.02  # of a range: nearer to an end, the observations ask for more than it holds
HEADER = ("parameter", "best", "unit", "lower", "upper", "5 %", "median", "95 %", "identifiability")


def facts(ds: xr.Dataset) -> dict[str, Any]:
    """Method, effort, and whether the result may be called one."""
    return {
        "method": ds.attrs["method"],
        "evaluations": int(ds.attrs["evaluations"]),
        "lowest loss": float(ds["evaluated_loss"].min()),
        "converged": ds.attrs["converged"],
        "uncertainties": ds.attrs["uncertainties"],
    }


def parameter_rows(ds: xr.Dataset) -> list[tuple[Any, ...]]:
    """One line a parameter, under `HEADER`; with uncertainties only where they are given."""
    rows = []
    for i, name in enumerate(ds.parameter.values):
        unit = "x default" if bool(ds["factor"].values[i]) else str(ds["units"].values[i])
        row: tuple[Any, ...] = (
            str(name), float(ds["best"].values[i]), unit, float(ds["lower"].values[i]), float(ds["upper"].values[i]),
        )  # fmt: skip
        if "interval" in ds:
            row += (*map(float, ds["interval"].values[:, i]), float(ds["identifiability"].values[i]))
        rows.append(row)
    return rows


def unconverged_lines(ds: xr.Dataset) -> list[str]:
    """What to do about a search that has not converged."""
    if ds.attrs["converged"] == "yes":
        return []
    return [
        "the search has not converged: give it more evaluations and a folder of its own (-o), or fewer ranges"
    ]


def end_lines(ds: xr.Dataset) -> list[str]:
    """What to do about parameters whose best value lies at an end of its range.

    A share of 0 or 1 is an answer, and so is a rate of 0.
    """
    lines = []
    for i, name in enumerate(map(str, ds.parameter.values)):
        best, low, high = (float(ds[key].values[i]) for key in ("best", "lower", "upper"))
        if bool(ds["log_scale"].values[i]):
            share = np.log(best / low) / np.log(high / low)
        else:
            share = (best - low) / (high - low)
        if AT_THE_END < share < 1.0 - AT_THE_END:
            continue
        end, bounds = low if share < 0.5 else high, _bounds(ds, i)
        if end not in bounds:
            lines.append(f"{name} = {best:.4g} lies at the end of its range ({end:g}): widen it")
        elif end != 0.0 and bounds != (0.0, 1.0):
            why = "another parameter that is not searched, or a process that is off, may be missing"
            lines.append(f"{name} = {best:.4g} lies at the end of what the model allows ({end:g}): {why}")
    return lines


def _bounds(ds: xr.Dataset, i: int) -> tuple[float, ...]:
    """Ends of what the model takes, of a parameter that is searched by its value."""
    name = str(ds.parameter.values[i])
    if bool(ds["factor"].values[i]) or name not in by_name():
        return ()
    param = by_name()[name].param
    return float(param.lower), float(param.upper)


def skill_rows(ds: xr.Dataset) -> list[tuple[Any, ...]]:
    """Target, part, and its scores under the best run; folds last."""
    rows: list[tuple[Any, ...]] = [
        (str(t), str(p), *map(float, ds["skill"].sel(target=t, part=p).values))
        for t in ds.target.values
        for p in ds.part.values
        if ds["skill"].sel(target=t, part=p).notnull().any()
    ]
    if "fold_skill" in ds:
        rows += [
            (str(t), f"fold {fold}", *map(float, ds["fold_skill"].sel(target=t, fold=fold).values))
            for t in ds.target.values
            for fold in ds.fold.values
        ]
    return rows


def residual_lines(ds: xr.Dataset, target: Any) -> list[str]:
    """The checklist of the residuals of a target."""
    return str(ds["residual_checks"].sel(target=target).values).splitlines()

"""What a calibration found, as the rows of tables: for the terminal and for the page alike."""

from __future__ import annotations

from typing import Any

import xarray as xr

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
            (str(t), f"fold {f + 1}, held out", *map(float, ds["fold_skill"].sel(target=t).values[f]))
            for t in ds.target.values
            for f in range(ds.sizes["fold"])
        ]
    return rows


def residual_lines(ds: xr.Dataset, target: Any) -> list[str]:
    """The checklist of the residuals of a target."""
    return str(ds["residual_checks"].sel(target=target).values).splitlines()

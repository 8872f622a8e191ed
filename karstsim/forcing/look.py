"""A look into forcing files: what is there, what was repaired, what is refused, and what a run would still need."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import netcdf
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import Unsaid
from karstsim.forcing.cmip import SUBSTITUTES, open_cmip
from karstsim.forcing.names import find_variables
from karstsim.forcing.netcdf import Files, expand
from karstsim.forcing.request import WANTED, Request
from karstsim.forcing.units import fits, variable_of

_NOT_OF_A_VARIABLE = ("co2", "estimate", "elevation", "wind_height", "dayfirst", "timezone", "sheet")


def look(files: Files, **asked: Any) -> tuple[dict[str, Any], dict[str, xr.DataArray]]:
    """Every variable of the files on its own, and all of them as the forcing of a run.

    files   as in open_forcing;  asked: its other arguments. Variables of a grid without a place are those of all cells,
            monthly means are shown as they are; a run needs both told
    Returns a report and the series. Report: ``files`` (name, variables), ``variables`` (span, steps, calendar, mean,
    min and max in canonical units), ``repairs``, ``refused`` (where, what, mend) and ``run``: "ready", or what a run
    lacks.
    Raises InputError where nothing can be read at all.
    """
    from karstsim.forcing import open_forcing

    paths = expand(files)
    report: dict[str, Any] = {"files": [], "variables": {}, "repairs": [], "refused": []}
    series: dict[str, xr.DataArray] = {}
    if all(netcdf.is_netcdf(p) for p in paths):
        _each_variable(paths, asked, report, series)
    elif len(paths) == 1:
        _each_column(paths[0], asked, report, series)
    try:
        whole = open_forcing(*paths, **asked)
    except InputError as error:
        report["run"] = {"where": error.where, "what": error.what, "mend": error.mend}
        if not series and not report["refused"]:
            raise
    else:
        report["run"] = "ready"
        _add(whole, report, series)
    return report, series


def _each_variable(
    paths: list[Any], asked: dict[str, Any], report: dict[str, Any], series: dict[str, xr.DataArray]
) -> None:
    place = {k: v for k, v in asked.items() if k not in _NOT_OF_A_VARIABLE}
    placed = any(asked.get(k) is not None for k in ("lon", "region", "location")) or asked.get("cells")
    request = Request(columns=asked.get("columns"), units=asked.get("units"))
    holders: dict[str, list[Any]] = {}
    wanted = (*WANTED, *(v for others in SUBSTITUTES.values() for v in others))
    for path in paths:
        try:
            with netcdf.reading(path), netcdf.opened(path) as ds:
                names = find_variables(ds, wanted, request, path, Unsaid())
        except InputError as error:
            _refuse(report, error)
            continue
        report["files"].append({"file": path.name, "variables": list(names)})
        for name in names:
            holders.setdefault(name, []).append(path)
    for name, where in holders.items():
        own = {
            k: {
                n: v for n, v in place[k].items() if variable_of(n) == name and any(fits(n, p) for p in where)
            }
            for k in ("columns", "units")
            if place.get(k)
        }
        try:
            _add(_one(where, {**place, **own, "variables": (name,)}, not placed), report, series)
        except InputError as error:
            _refuse(report, error)


def _each_column(
    path: Any, asked: dict[str, Any], report: dict[str, Any], series: dict[str, xr.DataArray]
) -> None:
    """The variables of a weather table, with its gaps."""
    from karstsim.forcing.station import open_station, variables_of

    names = ("columns", "units", "lon", "lat", "start", "end", "location", "dayfirst", "timezone", "sheet")
    told = {k: asked[k] for k in names if asked.get(k) is not None}
    names_there = variables_of(path, told.get("columns"), told.get("sheet"))
    try:
        _add(open_station(path, **told, variables=names_there, gaps=True), report, series)
        return
    except InputError:  # which of them?
        pass
    for name in names_there:
        try:
            _add(open_station(path, **told, variables=(name,), gaps=True), report, series)
        except InputError as error:
            _refuse(report, error)


def _one(where: list[Any], asked: dict[str, Any], any_place: bool) -> xr.Dataset:
    """One variable; of a grid all cells, where no place was asked."""
    try:
        return open_cmip(where, **asked, as_is=True)
    except InputError as error:
        if not any_place or not error.what.startswith("has ") or not error.what.endswith(" cells"):
            raise
    return open_cmip(where, **{**asked, "cells": True}, as_is=True)


def entry(da: xr.DataArray) -> dict[str, Any]:
    """Span, steps and statistics of a series over time, and perhaps over locations."""
    stamps = da.time.values
    sec = clock.seconds(stamps)
    values = da.values[np.isfinite(da.values)]
    mean, low, high = (float(f(values)) if values.size else float("nan") for f in (np.mean, np.min, np.max))
    return {
        "start": clock.text(stamps[0]),
        "end": clock.text(stamps[-1]),
        "steps": int(stamps.size),
        "step_hours": clock.usual_step(sec) / 3600.0 if stamps.size > 1 else float("nan"),
        "calendar": clock.calendar_of(stamps),
        "locations": int(da.sizes.get("location", 1)),
        "mean": mean,
        "min": low,
        "max": high,
        "missing": int(da.size - values.size),
        "units": str(da.attrs["units"]),
    }


def _refuse(report: dict[str, Any], error: InputError) -> None:
    """Enter a refusal; one that several variables share stands once."""
    for entry in report["refused"]:
        if (entry["what"], entry["mend"]) == (error.what, error.mend):
            if entry["where"] != error.where:
                entry["where"] += f"; {error.where.rsplit(', ', 1)[-1]}"
            return
    report["refused"].append({"where": error.where, "what": error.what, "mend": error.mend})


def _add(ds: xr.Dataset, report: dict[str, Any], series: dict[str, xr.DataArray]) -> None:
    for name in map(str, ds.data_vars):
        series[name] = ds[name]
        report["variables"][name] = entry(ds[name])
    lines = [r for r in str(ds.attrs.get("repairs", "")).split("\n") if r]
    report["repairs"] += [r for r in lines if r not in report["repairs"]]

"""The analysis of one spring table: its indices as rows, and its figures as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xarray as xr

from karstsim.analysis import (
    CLASSES,
    INDEX_UNITS,
    autocorrelation,
    cross_correlation,
    flow_duration,
    karst_indices,
    recessions,
    spectrum,
)
from karstsim.core.errors import InputError

SURE_YEARS, SURE_RECESSIONS = 3.0, 5  # below, one wet or dry year decides on the class


def hydrograph_report(spring: xr.Dataset, folder: Path | None = None) -> dict[str, Any]:
    """Indices of a spring and, with a folder, the figures.

    spring   Dataset of `read_spring_table` with discharge, and precipitation for the cross-correlation

    Returns rows (name, value, unit), indices by name, what was understood of the table, warnings, and files written.
    Raises InputError for a table without discharge or a series too short to analyse.
    """
    where = str(spring.attrs.get("source_file", "table"))
    if "discharge" not in spring:
        raise InputError(where, "has no discharge", "name its column discharge_m3_s, or Q with a unit")
    discharge, rain = spring["discharge"], spring.get("precipitation")
    found = recessions(discharge)
    indices = karst_indices(discharge, found=found).as_dict()
    units = INDEX_UNITS | {"mean": discharge.attrs["units"]}
    rows = [(name, value, units[name]) for name, value in indices.items()]
    curves = {"autocorrelation": autocorrelation(discharge), "spectrum": spectrum(discharge)}
    curves["flow_duration"] = flow_duration(discharge)
    if rain is not None and float(rain.std()) > 0.0:
        curves["cross_correlation"] = cross_correlation(rain, discharge)
        lag = float(curves["cross_correlation"]["response_lag"])
        indices["response_lag"] = lag
        rows.append(("response_lag", lag, "d"))
    if indices["karst_class"]:
        rows.append(("which means", CLASSES[indices["karst_class"]], ""))
    warnings = []
    if indices["years"] < SURE_YEARS or indices["recessions"] < SURE_RECESSIONS:
        said = f"{indices['recessions']} recessions in {indices['years']:.1f} years"
        warnings.append(f"{said} are few: alpha, k, ir and the class are uncertain")
    files = [] if folder is None else _draw(discharge, found, curves, rain, folder)
    names = ("columns", "unused", "supposed", "repairs")
    understood = {name: str(spring.attrs.get(name, "")).splitlines() for name in names}
    return {"indices": indices, "rows": rows, "understood": understood, "warnings": warnings, "files": files}


def _draw(discharge: Any, found: Any, curves: dict[str, xr.Dataset], rain: Any, folder: Path) -> list[str]:
    from karstsim.report import style
    from karstsim.report.hydrograph_figures import all_figures

    figures = all_figures(discharge, found, curves, rain)
    return [str(file) for name, figure in figures.items() for file in style.save(figure, folder / name)]

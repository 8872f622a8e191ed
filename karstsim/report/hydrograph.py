"""The analysis of one spring table: its indices as rows, and its figures as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from karstsim.analysis import (
    CLASSES,
    INDEX_MEANINGS,
    INDEX_UNITS,
    Recession,
    autocorrelation,
    cross_correlation,
    flow_duration,
    karst_indices,
    recessions,
    spectrum,
)
from karstsim.analysis.correlation import LEAST_PAIRS, TRUNCATION
from karstsim.analysis.series import discharge_series
from karstsim.core.errors import InputError

HEADER = ("quantity", "value", "unit", "meaning")
Row = tuple[str, Any, str, str]
TABLE, WARNING = "spring_indices.csv", "warning"  # the latter in the place of a quantity
SURE_YEARS, SURE_RECESSIONS = 3.0, 5  # below, one wet or dry year decides on the class
LEAST_DAYS = (20.0, 10.0, 7.0)  # of a recession: the first that finds any
LONGEST_LAG = 0.5  # of the length of the series


def hydrograph_report(spring: xr.Dataset, folder: Path | None = None) -> dict[str, Any]:
    """Indices of a spring and, with a folder, the figures and a table of the indices, which `report` shows.

    spring   Dataset of `read_spring_table` with discharge, and precipitation for the cross-correlation

    Returns rows (name, value, unit, meaning), indices by name, what was understood of the table, warnings, and files
    written.
    Raises InputError for a table without discharge or a series too short to analyse.
    """
    where = str(spring.attrs.get("source_file", "table"))
    if "discharge" not in spring:
        raise InputError(where, "has no discharge", "name its column discharge_m3_s, or Q with a unit")
    discharge, rain = spring["discharge"], spring.get("precipitation")
    warnings: list[str] = []
    found = usual_recessions(discharge, warnings)
    lag = longest_lag(discharge, warnings, f"{where}, discharge")
    indices = karst_indices(discharge, found=found, truncation=lag).as_dict()
    units = INDEX_UNITS | {"mean": discharge.attrs["units"]}
    meanings = INDEX_MEANINGS.copy()
    if indices["karst_class"]:
        meanings["karst_class"] += f": {CLASSES[indices['karst_class']]}"
    rows = [(name, value, units[name], meanings[name]) for name, value in indices.items()]
    curves = {
        "autocorrelation": autocorrelation(discharge, max_lag=lag),
        "spectrum": spectrum(discharge, truncation=lag),
    }
    curves["flow_duration"] = flow_duration(discharge)
    if rain is not None and float(rain.std()) > 0.0:
        curves["cross_correlation"] = cross_correlation(rain, discharge, max_lag=lag)
        response = float(curves["cross_correlation"]["response_lag"])
        indices["response_lag"] = response
        rows.append(("response_lag", response, "d", "lag at which discharge follows rain most closely"))
    if indices["years"] < SURE_YEARS or indices["recessions"] < SURE_RECESSIONS:
        said = f"{indices['recessions']} recessions in {indices['years']:.1f} years"
        warnings.append(f"{said} are few: alpha, k, ir and the class are uncertain")
    files = (
        []
        if folder is None
        else [*_draw(discharge, found, curves, rain, folder), _table(rows, warnings, folder)]
    )
    names = ("columns", "unused", "supposed", "repairs")
    understood = {name: str(spring.attrs.get(name, "")).splitlines() for name in names}
    return {"indices": indices, "rows": rows, "understood": understood, "warnings": warnings, "files": files}


def usual_recessions(discharge: xr.DataArray, warnings: list[str]) -> list[Recession]:
    """Recessions of twenty days; of fewer, with a warning, where a flashy spring has none.

    Of daily means where the record is finer, as the indices are defined: by the hour the noise of readings ends a fall.
    """
    found: list[Recession] = []
    if discharge_series(discharge).step < 1.0:
        discharge = discharge.resample(time="1D").mean(keep_attrs=True)
        warnings.append("recessions are those of daily means")
    for days in LEAST_DAYS:
        found = recessions(discharge, least_days=days)
        if found:
            if days < LEAST_DAYS[0]:
                warnings.append(
                    f"no recession lasts {LEAST_DAYS[0]:g} days: those of {days:g} days and more were used"
                )
            break
    return found


def longest_lag(discharge: xr.DataArray, warnings: list[str], where: str = "discharge") -> float:
    """Longest lag of the correlations, d: shorter than usual, with a warning, in a short series.

    Raises InputError for one so short that its longest lag has too few pairs.
    """
    series = discharge_series(discharge)
    least = int(np.ceil(LEAST_PAIRS / (1.0 - LONGEST_LAG)))
    if len(series.values) < least:
        what = f"has {len(series.values)} steps, too few for recessions and correlations"
        raise InputError(where, what, f"give a record of {least} steps or more")
    lag = float(np.floor(LONGEST_LAG * len(series.values) * series.step))
    if lag >= TRUNCATION:
        return TRUNCATION
    warnings.append(f"the series is short: correlations up to {lag:g} days instead of {TRUNCATION:g}")
    return lag


def _draw(discharge: Any, found: Any, curves: dict[str, xr.Dataset], rain: Any, folder: Path) -> list[str]:
    from karstsim.report import style
    from karstsim.report.hydrograph_figures import all_figures

    figures = all_figures(discharge, found, curves, rain)
    return [str(file) for name, figure in figures.items() for file in style.save(figure, folder / name)]


def _table(rows: list[Row], warnings: list[str], folder: Path) -> str:
    path = folder / TABLE
    told = [*rows, *((WARNING, text, "", "") for text in warnings)]
    # The mark tells spreadsheets the encoding.
    pd.DataFrame(told, columns=list(HEADER)).to_csv(path, index=False, encoding="utf-8-sig")
    return str(path)

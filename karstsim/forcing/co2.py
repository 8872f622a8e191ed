"""CO2 of the air through time: a scenario of the shipped table, a constant, or a table of the user's own."""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from karstsim.core.errors import InputError
from karstsim.forcing import times as clock
from karstsim.forcing.co2_tables import read_co2, split_spec
from karstsim.forcing.records import BOUNDS

SCENARIOS = ("ssp119", "ssp126", "ssp245", "ssp370", "ssp434", "ssp460", "ssp534-over", "ssp585")
LAST_HISTORICAL_YEAR = 2014
HALF_YEAR = 0.5


def co2_series(spec: str | float | Path, times: np.ndarray, experiments: tuple[str, ...] = ()) -> np.ndarray:
    """CO2 mole fraction (ppm) at each time, float64 (n_time,).

    spec         a scenario of SCENARIOS, "historical" (1850-2014), a constant in ppm, or a file (co2_tables.py):
                 ``table.csv``, or ``table.csv:ssp245`` where it has several scenarios
    times        (n_time,) datetime64 or cftime of any calendar
    experiments  names that the weather's files give themselves: they choose in a table where `spec` does not
    Annual means hold in the middle of their year and are joined by straight lines; the half years at both ends of a
    table continue its first and last slope.
    Raises InputError for an unknown scenario, a bad table, or times outside the years of the table.
    """
    if isinstance(spec, bool) or not isinstance(spec, str | Path | int | float | np.number):
        raise InputError("co2", f"{spec!r} is no CO2 series", _mend())
    number = _as_number(spec)
    if number is not None:
        _check_values(np.array([number]), "co2")
        return np.full(len(times), number)
    middles, values, where = _table(str(spec), experiments)
    return _interpolate(middles, values, clock.decimal_years(times), times, where)


def _mend() -> str:
    return (
        f"write one of {', '.join(SCENARIOS)}, historical, a number in ppm, or the path of a table (year, co2; RCMIP; "
        "MAGICC .DAT; co2mass)"
    )


def _as_number(spec: str | float | Path) -> float | None:
    try:
        return float(spec)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _table(spec: str, experiments: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, str]:
    """Decimal years at which the means hold, the means, and the name of the source."""
    name = spec.strip().lower()
    if name in (*SCENARIOS, "historical"):
        table = shipped()
        if name == "historical":
            table = table.loc[:LAST_HISTORICAL_YEAR].rename(columns={SCENARIOS[0]: name})
        return table.index.to_numpy("f8") + HALF_YEAR, table[name].to_numpy("f8"), f"co2 {name}"
    found = split_spec(spec)
    if found is None:
        raise InputError("co2", f"{spec!r} is neither a scenario nor a file", _mend())
    at, values = read_co2(*found, experiments)
    _check_values(values, spec)
    return at, values, spec


def shipped() -> pd.DataFrame:
    """The shipped table: ppm, one row a year from 1850 to 2100, one column a scenario."""
    with (files("karstsim.forcing") / "ssp_co2.csv").open(encoding="utf-8") as handle:
        return pd.read_csv(handle, comment="#", index_col="year")


def _check_values(values: np.ndarray, where: str) -> None:
    lower, upper = BOUNDS["co2"]
    bad = ~((values >= lower) & (values <= upper))
    if bad.any():
        what = f"{values[np.argmax(bad)]:g} is outside {lower:g}..{upper:g} ppm"
        raise InputError(where, what, "give CO2 in ppm (1e-6 mol per mol of air)")


def _interpolate(
    middles: np.ndarray, values: np.ndarray, at: np.ndarray, times: np.ndarray, where: str
) -> np.ndarray:
    half = min(HALF_YEAR, 0.5 * float(np.diff(middles).min()))
    first, last = middles[0] - half, middles[-1] + half
    outside = (at < first) | (at >= last)
    if outside.any():
        when = clock.text(times[np.argmax(outside)])
        what = f"covers {math.floor(first + 1e-6)} to {math.ceil(last - 1e-6) - 1}, asked for {when}"
        raise InputError(where, what, "choose another scenario, a shorter span, or a CSV with all years")
    slopes = np.diff(values)[[0, -1]] / np.diff(middles)[[0, -1]]
    ends = values[[0, -1]] + slopes * np.array([-half, half])
    grid = np.concatenate([[first], middles, [last]])
    return np.interp(at, grid, np.concatenate([ends[:1], values, ends[1:]]))

"""CO2 of the air through time: a scenario of the shipped table, a constant, or a table of the user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from karstsim.core.errors import InputError
from karstsim.forcing import times as clock
from karstsim.forcing.records import BOUNDS

SCENARIOS = ("ssp119", "ssp126", "ssp245", "ssp370", "ssp434", "ssp460", "ssp534-over", "ssp585")
LAST_HISTORICAL_YEAR = 2014
HALF_YEAR = 0.5


def co2_series(spec: str | float | Path, times: np.ndarray) -> np.ndarray:
    """CO2 mole fraction (ppm) at each time, float64 (n_time,).

    spec    a scenario of SCENARIOS, "historical" (1850-2014), a constant in ppm, or the path of a CSV with the
            columns year and co2 (annual means, ppm)
    times   (n_time,) datetime64 or cftime of any calendar
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
    years, values, where = _table(str(spec))
    return _interpolate(years, values, clock.decimal_years(times), times, where)


def _mend() -> str:
    return (
        f"write one of {', '.join(SCENARIOS)}, historical, a number in ppm, or the path of a CSV (year, co2)"
    )


def _as_number(spec: str | float | Path) -> float | None:
    try:
        return float(spec)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _table(spec: str) -> tuple[np.ndarray, np.ndarray, str]:
    name = spec.strip().lower()
    if name in (*SCENARIOS, "historical"):
        table = shipped()
        if name == "historical":
            table = table.loc[:LAST_HISTORICAL_YEAR].rename(columns={SCENARIOS[0]: name})
        return table.index.to_numpy("f8"), table[name].to_numpy("f8"), f"co2 {name}"
    if not Path(spec).is_file():
        raise InputError("co2", f"{spec!r} is neither a scenario nor a file", _mend())
    return (*_read_csv(Path(spec)), spec)


def shipped() -> pd.DataFrame:
    """The shipped table: ppm, one row a year from 1850 to 2100, one column a scenario."""
    with (files("karstsim.forcing") / "ssp_co2.csv").open(encoding="utf-8") as handle:
        return pd.read_csv(handle, comment="#", index_col="year")


def _read_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    mend = "give a CSV with the columns year and co2 (ppm), one row a year in rising order"
    try:
        table = pd.read_csv(path, comment="#", encoding="utf-8-sig", sep=None, engine="python")
        columns = {str(c).strip().lower(): c for c in table.columns}
        years = table[columns["year"]].to_numpy("f8")
        values = table[columns["co2"] if "co2" in columns else columns["co2_ppm"]].to_numpy("f8")
    except Exception as error:  # pandas and its csv sniffer raise many kinds on garbage
        raise InputError(str(path), f"is no CO2 table ({str(error)[:100]})", mend) from error
    if len(years) < 2 or not np.all(np.diff(years) > 0.0):
        raise InputError(str(path), "the years do not rise or are fewer than two", mend)
    _check_values(values, str(path))
    return years, values


def _check_values(values: np.ndarray, where: str) -> None:
    lower, upper = BOUNDS["co2"]
    bad = ~((values >= lower) & (values <= upper))
    if bad.any():
        what = f"{values[np.argmax(bad)]:g} is outside {lower:g}..{upper:g} ppm"
        raise InputError(where, what, "give CO2 in ppm (1e-6 mol per mol of air)")


def _interpolate(
    years: np.ndarray, values: np.ndarray, at: np.ndarray, times: np.ndarray, where: str
) -> np.ndarray:
    outside = (at < years[0]) | (at >= years[-1] + 1.0)
    if outside.any():
        first = clock.text(times[np.argmax(outside)])
        what = f"covers {years[0]:.0f} to {years[-1]:.0f}, asked for {first}"
        raise InputError(where, what, "choose another scenario, a shorter span, or a CSV with all years")
    middles = years + HALF_YEAR
    slopes = np.diff(values)[[0, -1]] / np.diff(years)[[0, -1]]
    grid = np.concatenate([[years[0]], middles, [years[-1] + 1.0]])
    ends = values[[0, -1]] + slopes * np.array([-HALF_YEAR, HALF_YEAR])
    return np.interp(at, grid, np.concatenate([ends[:1], values, ends[1:]]))

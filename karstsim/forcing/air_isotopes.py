"""d13C and Delta14C of atmospheric CO2 through time: constants, or tables of the user's own (a bomb curve).

The variables have the names of input4MIPs (Graven et al. 2017). None is shipped: without a series the model uses
-8.5 permil and modern carbon, and shows neither Suess effect nor bomb carbon.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing.records import AIR_ISOTOPES, BOUNDS
from karstsim.forcing.times import decimal_years

LONG_NAMES = {
    "delta13co2": "d13C of CO2 in air (VPDB)",
    "Delta14co2": "Delta14C of CO2 in air, normalised and decay-corrected to 1950",
}


def with_air_isotopes(
    forcing: xr.Dataset,
    delta13co2: float | str | Path | None = None,
    Delta14co2: float | str | Path | None = None,
) -> xr.Dataset:
    """The forcing with isotopes of the air, for `simulate(..., isotopes=True)`.

    delta13co2, Delta14co2  permil: a number, or the path of a CSV with the columns year (with decimals for shorter
                            means) and delta13co2 or Delta14co2; between the years straight lines, beyond them the last
    Raises InputError for a bad table or values that no air has had.
    """
    out = forcing.copy()
    for name, spec in (("delta13co2", delta13co2), ("Delta14co2", Delta14co2)):
        if spec is None:
            continue
        values = _series(name, spec, forcing["time"].values)
        _check(name, values)
        out[name] = ("time", values, {"units": "permil", "long_name": LONG_NAMES[name]})
    return out


def _series(name: str, spec: float | str | Path, times: np.ndarray) -> np.ndarray:
    try:
        return np.full(len(times), float(spec))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        years, values = _table(name, str(spec))
        return np.interp(decimal_years(times), years, values)


def _table(name: str, path: str) -> tuple[np.ndarray, np.ndarray]:
    mend = f"give a CSV with the columns year and {name} (permil), years rising; without one: {AIR_ISOTOPES[name]}"
    try:
        table = pd.read_csv(path, comment="#", encoding="utf-8-sig", sep=None, engine="python")
        columns = {str(c).strip().lower(): c for c in table.columns}
        years = table[columns["year"]].to_numpy("f8")
        values = table[columns[name.lower()]].to_numpy("f8")
    except Exception as error:  # pandas and its csv sniffer raise many kinds on garbage
        raise InputError(path, f"is no table of {name} ({str(error)[:100]})", mend) from error
    if len(years) < 2 or not np.all(np.diff(years) > 0.0):
        raise InputError(path, "the years do not rise or are fewer than two", mend)
    return years, values


def _check(name: str, values: np.ndarray) -> None:
    lower, upper = BOUNDS[name]
    bad = ~((values >= lower) & (values <= upper))
    if bad.any():
        what = f"{values[np.argmax(bad)]:g} is outside {lower:g}..{upper:g} permil"
        raise InputError(name, what, "give it in permil")

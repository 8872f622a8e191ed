"""Deposition and other slow drivers by the year: a table of parameters, or of loads in the units of monitoring.

A table has a column ``year`` and columns that are parameters under their dotted names and in their units
(``soil.dry_nitrogen``, mol m-2 year-1), or loads named as in `LOADS`. A netCDF of the models' nitrogen deposition
(``drynoy``, kg m-2 s-1 of nitrogen) is averaged by the year. What is not in the table stays as the site has it.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
import pandas as pd

from karstsim.core.constants import DAYS_PER_YEAR, SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import netcdf
from karstsim.forcing import times as clock

MOLAR_MASS_S, MOLAR_MASS_N = 32.06, 14.007  # g mol-1
PER_HECTARE = 0.1  # g m-2 in one kg ha-1
LOADS = {  # header: parameter, and its unit in one unit of the column
    "dry_sulfur_kg_s_ha_a": ("soil.dry_sulfur", PER_HECTARE / MOLAR_MASS_S),
    "dry_oxidised_nitrogen_kg_n_ha_a": ("soil.dry_nitrogen", PER_HECTARE / MOLAR_MASS_N),
    "fertiliser_nitrogen_kg_n_ha_a": ("soil.fertiliser_nitrogen", PER_HECTARE / MOLAR_MASS_N),
    "rain_sulfate_mg_l": ("atmosphere.rain_so4", 1.0 / 96.06),
    "rain_nitrate_mg_l": ("atmosphere.rain_no3", 1.0 / 62.005),
}
CMIP = {"drynoy": ("soil.dry_nitrogen", 1e3 / MOLAR_MASS_N * SECONDS_PER_DAY * DAYS_PER_YEAR)}  # kg m-2 s-1
NOT_USED = {  # deposition of the models that no parameter takes, and what does
    "wetnoy": "what rain brings is a concentration: give rain_nitrate_mg_l",
    "drynhx": "reduced nitrogen becomes acid where it is nitrified: give soil.fertiliser_nitrogen",
    "wetnhx": "reduced nitrogen becomes acid where it is nitrified: give soil.fertiliser_nitrogen",
}
log = logging.getLogger("karstsim.forcing")
Yearly = dict[str, tuple[np.ndarray, np.ndarray]]  # parameter -> years, values in its units


def read_yearly(path: str | Path, lon: float | None = None, lat: float | None = None) -> Yearly:
    """Parameters by the year out of a CSV or a netCDF; `lon` and `lat` pick the cell of a netCDF.

    Raises InputError for a file that cannot be read, columns that are unknown, years that do not rise, missing values.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(str(path), "is not there", "give the table of parameters by the year")
    return _of_netcdf(path, lon, lat) if netcdf.is_netcdf(path) else _of_table(path)


def _of_table(path: Path) -> Yearly:
    mend = f"give a CSV with year and parameters (soil.dry_sulfur) or loads ({', '.join(LOADS)})"
    try:
        text = path.read_text(encoding="utf-8-sig")
        frame = pd.read_csv(io.StringIO(text), sep=None, engine="python", comment="#")
        frame.columns = [str(c).strip() for c in frame.columns]
        values = frame.apply(pd.to_numeric)
        years = values["year"].to_numpy("f8")
    except Exception as error:  # pandas and its csv sniffer raise many kinds on garbage
        raise InputError(str(path), f"is no table by the year ({str(error)[:100]})", mend) from error
    if (
        len(years) < 1
        or not np.isfinite(years).all()
        or (np.diff(years) <= 0.0).any()
        or not np.array_equal(years, np.floor(years))
    ):
        raise InputError(
            f"{path}, column 'year'", "the years do not rise", "give one row a year in rising order"
        )
    found: Yearly = {}
    for header in (c for c in values.columns if c != "year"):
        name, factor = LOADS.get(header, (header, 1.0))
        if "." not in name:
            raise InputError(f"{path}, column {header!r}", "is neither a parameter nor a load", mend)
        column = values[header].to_numpy("f8") * factor
        if not np.isfinite(column).all():
            when = int(years[int(np.argmin(np.isfinite(column)))])
            raise InputError(
                f"{path}, column {header!r}, year {when}", "is missing", "fill it, or leave the row out"
            )
        if name in found:
            raise InputError(
                f"{path}, column {header!r}", f"{name} is given twice", "keep one of the columns"
            )
        found[name] = (years, column)
    if not found:
        raise InputError(str(path), "has no column beside year", mend)
    return found


def _of_netcdf(path: Path, lon: float | None, lat: float | None) -> Yearly:
    from karstsim.forcing.canonical import Repairs
    from karstsim.forcing.cmip import decoded_starts
    from karstsim.forcing.place import locate
    from karstsim.forcing.request import Request

    request, repairs = Request(lon, lat), Repairs()
    found: Yearly = {}
    with netcdf.reading(path), netcdf.opened(path) as ds:
        left = {str(v): NOT_USED[str(v).lower()] for v in ds.data_vars if str(v).lower() in NOT_USED}
        for name, why in left.items():
            log.warning("%s: %s is not used; %s", path.name, name, why)
        for name, (parameter, factor) in CMIP.items():
            if name not in ds.data_vars:
                continue
            where = f"{path}, {name}"
            if str(ds[name].attrs.get("units", "")) not in ("kg m-2 s-1", "kg m^-2 s^-1", "kg/m2/s"):
                raise InputError(
                    where, f"units {ds[name].attrs.get('units')!r}", "give kg m-2 s-1 of nitrogen"
                )
            values = locate(ds, ds[name], "time", where, request, repairs).read(
                ds[name], "time", where, repairs
            )[:, 0]
            number = np.floor(clock.decimal_years(decoded_starts(ds, "time", str(path), repairs)) + 1e-6)
            years = np.unique(number)
            means = np.array([values[number == y].mean() for y in years]) * factor
            if not np.isfinite(means).all():
                raise InputError(where, "has missing values at the place", "choose another cell")
            found[parameter] = (years, means)
    if not found and left:
        name, why = next(iter(left.items()))
        raise InputError(f"{path}, {name}", "is not taken by any parameter as it stands", why)
    if not found:
        raise InputError(str(path), "holds no deposition", f"give {', '.join(CMIP)}, or a CSV by the year")
    return found

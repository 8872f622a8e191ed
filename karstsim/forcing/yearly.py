"""Deposition and other slow drivers by the year: a table of parameters, or of loads in the units of monitoring.

A table has a column ``year`` and columns that are parameters under their dotted names and in their units
(``soil.dry_nitrogen``, mol m-2 year-1), or loads named as in `LOADS`. Of netCDF files of the models' nitrogen
deposition (input4MIPs, kg m-2 s-1 of nitrogen) the means by the year are taken: ``drynoy`` as dry_nitrogen, ``wetnoy``
in the ``pr`` beside it as rain_no3. What is not in the table stays as the site has it.
"""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd

from karstsim.core.constants import DAYS_PER_YEAR, GRAMS_PER_KG, SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import netcdf
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import Repairs
from karstsim.forcing.cmip import decoded_starts, time_name
from karstsim.forcing.place import locate
from karstsim.forcing.request import Request
from karstsim.forcing.units import WATER_DENSITY, parse, registry

MOLAR_MASS_S, MOLAR_MASS_N = 32.06, 14.007  # g mol-1
PER_HECTARE = 0.1  # g m-2 in one kg ha-1
LOADS = {  # header: parameter, and its unit in one unit of the column
    "dry_sulfur_kg_s_ha_a": ("soil.dry_sulfur", PER_HECTARE / MOLAR_MASS_S),
    "dry_oxidised_nitrogen_kg_n_ha_a": ("soil.dry_nitrogen", PER_HECTARE / MOLAR_MASS_N),
    "fertiliser_nitrogen_kg_n_ha_a": ("soil.fertiliser_nitrogen", PER_HECTARE / MOLAR_MASS_N),
    "rain_sulfate_mg_l": ("atmosphere.rain_so4", 1.0 / 96.06),
    "rain_nitrate_mg_l": ("atmosphere.rain_no3", 1.0 / 62.005),
}
NITROGEN = ("drynoy", "wetnoy", "drynhx", "wetnhx")  # of the models, as mass of nitrogen
RAIN = "what rain brings is a concentration: add pr of the same model, or give rain_nitrate_mg_l"
REDUCED = "it is acid where it nitrifies: give soil.dry_nitrogen with the part that does"
NOT_USED = {  # deposition of the models that no parameter takes, and what does
    "drynhx": REDUCED,
    "wetnhx": REDUCED,
    "nhx": REDUCED,
    "noy": "it is wet and dry in one: give soil.dry_nitrogen and rain_nitrate_mg_l",
}
WHOLE = 0.95  # of the steps of other years, in which leap years have one more
_OF_NITROGEN = re.compile(r"(?<=g)\s?(\(N\)|N\b)")  # "kg(N) m-2 s-1": to a unit parser N is newton
log = logging.getLogger("karstsim.forcing")


class Yearly(dict[str, tuple[np.ndarray, np.ndarray]]):
    """Parameter -> years, values in its units; `notes` say what of the source is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []


def read_yearly(path: str | Path, lon: float | None = None, lat: float | None = None) -> Yearly:
    """Parameters by the year out of a CSV, a netCDF or a folder of them; `lon` and `lat` pick the cell of a netCDF.

    Raises InputError for a file that cannot be read, columns that are unknown, years that do not rise, missing values.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(str(path), "is not there", "give the table of parameters by the year")
    paths = netcdf.expand(path)
    return _of_netcdf(paths, lon, lat) if netcdf.is_netcdf(paths[0]) else _of_table(path)


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
    found = Yearly()
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


def _of_netcdf(paths: list[Path], lon: float | None, lat: float | None) -> Yearly:
    """Deposition by the models, of one file or of a folder with a file for each variable or span."""
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for path in paths:
        for name, series in _means(path, Request(lon, lat)).items():
            parts.setdefault(name, []).append(series)
    means = {name: _joined(name, pieces) for name, pieces in parts.items()}
    found, where = Yearly(), str(paths[0]) if len(paths) == 1 else f"{paths[0].parent}"
    if "drynoy" in means:
        found["soil.dry_nitrogen"] = means["drynoy"]
    left = {name: mend for name, mend in NOT_USED.items() if name in means}
    if "wetnoy" in means and "pr" in means:
        years, both, rain = np.intersect1d(means["wetnoy"][0], means["pr"][0], return_indices=True)
        found["atmosphere.rain_no3"] = years, means["wetnoy"][1][both] / means["pr"][1][rain]
    elif "wetnoy" in means:
        left["wetnoy"] = RAIN
    for name, mend in left.items():
        load = float(means[name][1].mean()) * MOLAR_MASS_N / PER_HECTARE
        found.notes.append(f"{name} (a mean of {load:.3g} kg N ha-1 a-1) is not used: {mend}")
        log.warning("series: %s", found.notes[-1])
    if not found and left:
        name, mend = next(iter(left.items()))
        raise InputError(f"{where}, {name}", "is not taken by any parameter as it stands", mend)
    if not found:
        raise InputError(where, "holds no deposition", f"give {', '.join(NITROGEN)}, or a CSV by the year")
    return found


def _means(path: Path, request: Request) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Years and means of the deposition (mol m-2 year-1) and the rain (m3 m-2 year-1) that a file has at the place."""
    found, repairs = {}, Repairs()
    with netcdf.reading(path), netcdf.opened(path) as ds:
        for stored in map(str, ds.data_vars):
            name = stored if stored == "pr" else stored.lower()
            if name not in (*NITROGEN, *NOT_USED, "pr"):
                continue
            where = f"{path}, {stored}"
            time = time_name(ds, ds[stored], where)
            values = locate(ds, ds[stored], time, where, request, repairs).read(
                ds[stored], time, where, repairs
            )[:, 0]
            number = np.floor(clock.decimal_years(decoded_starts(ds, time, str(path), repairs)) + 1e-6)
            years, steps = np.unique(number, return_counts=True)
            if (steps < WHOLE * steps.max()).any():
                row = int(np.argmin(steps))
                what = f"year {years[row]:.0f} has {steps[row]} steps, others {steps.max()}"
                raise InputError(where, what, "cut the file to whole years")
            means = np.array([values[number == y].mean() for y in years])
            if not np.isfinite(means).all() or (means < 0.0).any():
                raise InputError(where, "has missing or negative values at the place", "choose another cell")
            found[name] = years, means * _factor(name, ds[stored].attrs.get("units"), where)
    return found


def _factor(name: str, units: object, where: str) -> float:
    """From the units of a file to mol m-2 year-1 of nitrogen, or to m3 m-2 year-1 of rain."""
    if not str(units or "").strip():
        raise InputError(where, "has no units", 'write them into the file, as in "kg m-2 s-1"')
    rate = parse(_OF_NITROGEN.sub("", str(units)), name, str(where))
    goal = registry().Quantity(1.0, "kg m-2 s-1")
    if rate.dimensionality != goal.dimensionality:
        raise InputError(where, f"units {units!r} are no mass by area and time", "give kg m-2 s-1")
    per_year = float(rate.to_base_units().magnitude) * SECONDS_PER_DAY * DAYS_PER_YEAR
    return per_year / WATER_DENSITY if name == "pr" else per_year * GRAMS_PER_KG / MOLAR_MASS_N


def _joined(name: str, pieces: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    years, values = (np.concatenate([piece[i] for piece in pieces]) for i in (0, 1))
    order = np.argsort(years, kind="stable")
    if (np.diff(years[order]) == 0.0).any():
        raise InputError(name, "two files hold the same year", "keep one file for each year")
    return years[order], values[order]

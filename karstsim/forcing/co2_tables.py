"""CO2 out of files: every public layout in use, and the user's own.

* ``year, co2``: one series; ``year, ssp126, ssp245, ...``: one column a scenario
* RCMIP and the IAMC databases: one row a scenario, one column a year
* MAGICC ``RCP85_MIDYEAR_CONCENTRATIONS.DAT``: years and gases in columns of blanks
* netCDF: CMIP ``co2mass`` (mass of CO2 in the air), mole fractions of input4MIPs (the global mean of its sectors)
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd

from karstsim.core.errors import InputError
from karstsim.forcing import netcdf
from karstsim.forcing import times as clock
from karstsim.forcing.units import parse, registry

DRY_AIR = 5.1352e18  # kg; mass of the dry atmosphere [Trenberth and Smith 2005; recalled]
MOLAR_MASS_AIR, MOLAR_MASS_CO2 = 28.9647e-3, 44.0095e-3  # kg mol-1
MOST_BYTES = 200_000_000
MEND = "give a CSV with the columns year and co2 (ppm), one row a year in rising order"
NETCDF_NAMES = ("co2mass", "mole_fraction_of_carbon_dioxide_in_air", "co2", "CO2", "co2s")
_NEAR_CONCENTRATION = re.compile(r"concentrations?\b.*\bCO2$", re.IGNORECASE)
_OTHER_GAS = re.compile(r"(ch_?4|n_?2o|sf6|nf3|[hp]?c?fc|methane|nitrous|halon|kyoto|co2.?e(q|$|_?m))")
Series = tuple[np.ndarray, np.ndarray]  # decimal years at which the values hold, ppm


def split_spec(spec: str) -> tuple[Path, str] | None:
    """File and scenario of ``table.csv`` or ``table.csv:ssp245``; None where there is no such file."""
    head, _, scenario = spec.rpartition(":")
    for path, name in ((spec, ""), (head, scenario)):
        if path and Path(path).exists():
            return Path(path), name.strip().lower()
    return None


def read_co2(path: Path, scenario: str = "", experiments: tuple[str, ...] = ()) -> Series:
    """Decimal years at which annual (or monthly) means hold, and the means in ppm.

    scenario     which one of a table with several; without it the one that is among `experiments`
    Raises InputError for a file that is none of the layouts, or for a scenario that is absent or not told.
    """
    if netcdf.is_netcdf(path):
        return _of_netcdf(path)
    text = _text(path)
    lines = text.splitlines()
    magicc = next((i for i, line in enumerate(lines) if line.split()[:1] == ["YEARS"]), None)
    if magicc is not None:
        return _of_magicc(lines[magicc:], path)
    table = _table(text, path)
    if "year" in table:
        return _of_columns(table, path, scenario, experiments)
    return _of_rows(table, path, scenario, experiments)


def scenarios_of(path: Path) -> list[str]:
    """Names of the scenarios of a CO2 table; one without names is ``co2``. Raises InputError where it is none."""
    text = _text(path)
    if any(line.split()[:1] == ["YEARS"] for line in text.splitlines()):
        return ["co2"]
    table = _table(text, path)
    if "year" in table:
        names = [c for c in table.columns if c != "year" and not _OTHER_GAS.match(c)]
    else:
        if not {"scenario", "variable", "unit"} <= set(table.columns):
            raise InputError(str(path), "is no CO2 table (no column year, no row of scenarios)", MEND)
        rows = table[table["variable"].astype(str).str.contains(_NEAR_CONCENTRATION)]
        names = [str(n).strip().lower() for n in dict.fromkeys(rows["scenario"])]
    if not names:
        raise InputError(str(path), "is no CO2 table (no column of CO2)", MEND)
    read_co2(path, names[0])
    return names


def _text(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"is no CO2 table ({str(error)[:100]})", MEND) from error
    if len(content) > MOST_BYTES or "\0" in text:
        raise InputError(str(path), "is too long or no text", MEND)
    return text


def _table(text: str, path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(io.StringIO(text), comment="#", sep=None, engine="python")
    except Exception as error:  # pandas and its csv sniffer raise many kinds on garbage
        raise InputError(str(path), f"is no CO2 table ({str(error)[:100]})", MEND) from error
    table.columns = [str(c).strip().lower() for c in table.columns]
    return table


def _of_columns(table: pd.DataFrame, path: Path, scenario: str, experiments: tuple[str, ...]) -> Series:
    """Years down, scenarios or ``co2`` across."""
    there = [c for c in table.columns if c != "year"]
    own = [c for c in ("co2", "co2_ppm") if c in there]
    name = scenario or (own[0] if own else _only(there, experiments, path))
    if not scenario and _OTHER_GAS.match(name):
        raise InputError(str(path), f"is no CO2 table (its column is {name!r})", MEND)
    if name not in there:
        what = f"is no CO2 table (no column {name!r}; there are {', '.join(there[:12])})"
        raise InputError(str(path), what, MEND)
    return _checked(table["year"], table[name], path)


def _of_rows(table: pd.DataFrame, path: Path, scenario: str, experiments: tuple[str, ...]) -> Series:
    """Scenarios down, years across: RCMIP and IAMC."""
    years = [c for c in table.columns if re.fullmatch(r"\d{4}(-07-01.*)?", c)]
    if not {"scenario", "variable", "unit"} <= set(table.columns) or len(years) < 2:
        raise InputError(str(path), "is no CO2 table (no column year, no row of scenarios)", MEND)
    rows = table[table["variable"].astype(str).str.contains(_NEAR_CONCENTRATION)]
    if "region" in rows and rows["region"].nunique() > 1:
        rows = rows[rows["region"].astype(str).str.lower() == "world"]
    names = rows["scenario"].fillna("").astype(str).str.strip().str.lower()
    name = scenario or _only(list(dict.fromkeys(names)), experiments, path)
    rows = rows[names == name]
    if len(rows) != 1:
        there = ", ".join(map(str, dict.fromkeys(names)))
        what = f"holds {len(rows)} rows of CO2 of the scenario {name!r} (there are {there})"
        raise InputError(str(path), what, f"name one, as in {path.name}:ssp245")
    unit = str(rows["unit"].iloc[0]).strip().lower()
    if unit not in ("ppm", "ppmv"):
        raise InputError(str(path), f"its unit is {unit!r}", "give CO2 in ppm")
    values = rows[years].iloc[0]
    keep = values.notna().to_numpy()  # tables of decades have empty years
    return _checked(pd.Series([int(y[:4]) for y in years])[keep], values[keep], path)


def _only(there: list[str], experiments: tuple[str, ...], path: Path) -> str:
    known = [e for e in experiments if e in there]
    if len(there) == 1 or len(known) == 1:
        return known[0] if known else there[0]
    what = f"is no CO2 table of one scenario (there are {', '.join(there[:12]) or 'none'})"
    raise InputError(str(path), what, f"name one, as in {path.name}:{there[0] if there else 'ssp245'}")


def _of_magicc(lines: list[str], path: Path) -> Series:
    header = lines[0].split()
    if "CO2" not in header:
        raise InputError(str(path), "is no CO2 table (no column CO2)", MEND)
    try:
        rows = [[float(x) for x in line.split()] for line in lines[1:] if line.strip()]
        values = np.array(rows)[:, [0, header.index("CO2")]]
    except (ValueError, IndexError) as error:
        raise InputError(str(path), f"is no CO2 table ({str(error)[:100]})", MEND) from error
    return _checked(pd.Series(values[:, 0]), pd.Series(values[:, 1]), path)


def _checked(years: pd.Series, values: pd.Series, path: Path) -> Series:
    try:
        at, ppm = years.to_numpy("f8"), values.to_numpy("f8")
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(str(path), f"is no CO2 table ({str(error)[:100]})", MEND) from error
    if len(at) < 2 or not np.all(np.diff(at) > 0.0) or not np.array_equal(at, np.floor(at)):
        raise InputError(str(path), "the years do not rise or are fewer than two", MEND)
    return at + 0.5, ppm


def _of_netcdf(path: Path) -> Series:
    import xarray as xr

    with netcdf.reading(path), netcdf.opened(path) as ds:
        name = next((n for n in NETCDF_NAMES if n in ds.data_vars), None)
        if name is None:
            mend = "give co2mass of CMIP, or mole fractions of input4MIPs"
            raise InputError(str(path), f"holds no CO2 ({', '.join(map(str, ds.data_vars))[:80]})", mend)
        da = ds[name]
        time = next(
            (d for d in da.dims if " since " in str(ds[d].attrs.get("units", "")) or str(d) == "time"), None
        )
        if time is None or time not in ds.variables:
            raise InputError(f"{path}, {name}", "has no time axis", "give the file its time coordinate")
        da = da.isel({d: 0 for d in da.dims if d != time and (da.sizes[d] == 1 or d == "sector")})
        if da.ndim != 1:
            what = f"is a field over {', '.join(str(d) for d in da.dims if d != time)}, not one series"
            raise InputError(f"{path}, {name}", what, "give its mean over the globe")
        units, values = str(da.attrs.get("units", "")), da.values.astype("f8")
        times = xr.decode_cf(xr.Dataset({time: ds[time].variable}))[time].values
    if name == "co2mass":
        values = values * _same(units, "kg", f"{path}, {name}")
        ppm = values / MOLAR_MASS_CO2 / (DRY_AIR / MOLAR_MASS_AIR) * 1e6
    else:
        if not units.strip():
            raise InputError(f"{path}, {name}", "has no units", "give it units, such as 1e-6")
        factor = 1e-6 if re.fullmatch(r"1\.?0?e-0?6", units.strip()) else _same(units, "1", f"{path}, {name}")
        ppm = values * factor * 1e6
    at = clock.decimal_years(times)
    if len(at) < 2 or not np.all(np.diff(at) > 0.0):
        raise InputError(
            f"{path}, {name}", "the times do not rise or are fewer than two", "mend the time axis"
        )
    return at, ppm


def _same(units: str, wanted: str, where: str) -> float:
    """The factor from `units` to `wanted`."""
    parsed = parse(units, "co2", where)
    goal = registry().Quantity(1.0, wanted)
    if parsed.dimensionality != goal.dimensionality:
        raise InputError(where, f"units {units!r} cannot become {wanted}", f"give it in {wanted}")
    return float(parsed.to(goal.units).magnitude)

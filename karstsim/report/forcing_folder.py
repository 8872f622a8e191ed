"""What a folder holds: simulations, weather tables, tables of springs, CO2 tables; each read by its own reader."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import TABLES, netcdf
from karstsim.forcing.look import entry, look
from karstsim.forcing.members import find_members
from karstsim.forcing.units import CANONICAL, fits, variable_of

MODEL_FILES = (".rdb", ".dat")  # gauges of the US Geological Survey, input of RothC
NOT_DATA = ("readme", "license", "licence")
RUN, SPRING, CO2, ROTHC = (
    "karstsim run",
    "karstsim hydrograph, ks.read_spring_table",
    "--co2",
    "ks.read_rothc_input",
)
MOST_HEAD, MOST_LINES = 100_000, 100  # of a table, in which its header is
FOREIGN = ("no column of a spring", "no date among", "no header", "no table", "has no row", "no known")
Report = dict[str, Any]
EMPTY: Report = {"variables": {}, "repairs": [], "refused": []}


def sources(files: list[str]) -> list[tuple[str, list[str]]]:
    """Name and files of everything that may be read, climate simulations first; constant fields go to their model.

    files   files, patterns and folders, which are looked through with all that lies below
    Raises InputError where nothing is there.
    """
    inside = [p for f in files for p in _inside(f)]
    grids = [p for p in inside if netcdf.is_netcdf(p)]
    found: list[tuple[str, list[str]]] = []
    if grids:
        table = find_members(grids, history=True)
        rows = table.to_dict("records")
        fixed = [r for r in rows if r["frequency"] == "fx" or not (set(r["variables"].split()) - {"orog"})]
        fixed = fixed if len(fixed) < len(rows) else []
        for row in (r for r in rows if r not in fixed):
            ground = [f for r in fixed for f in r["files"] if r["model"] in (row["model"], "")]
            named = [row[k] for k in ("model", "scenario", "member", "frequency", "grid") if row[k]]
            found.append((" ".join(named) or Path(row["files"][0]).name, [*row["files"], *ground]))
        known = {f for row in rows for f in row["files"]}
        found += [(p.name, [str(p)]) for p in grids if str(p) not in known]  # unreadable: their look says why
    found += [(p.name, [str(p)]) for p in inside if not netcdf.is_netcdf(p)]
    return found


def _inside(place: str) -> list[Path]:
    folder = Path(place)
    if not folder.is_dir() or netcdf.is_zarr(folder):
        return netcdf.expand(place)
    inside = [p for p in sorted(folder.rglob("*")) if not p.name.lower().startswith(NOT_DATA)]
    stores = [p for p in inside if netcdf.is_zarr(p)]
    suffixes = (*netcdf.SUFFIXES, *TABLES, *MODEL_FILES)
    plain = [p for p in inside if p.is_file() and p.name.lower().endswith(suffixes)]
    plain = [p for p in plain if not any(s in p.parents for s in stores)]
    if not plain and not stores:
        raise InputError(str(folder), "holds no netCDF file and no table", "name the folder of the data")
    return [*plain, *stores]


def read_sources(
    found: list[tuple[str, list[str]]], asked: Mapping[str, Any], select: Mapping[str, str]
) -> tuple[list[Report], dict[str, xr.DataArray]]:
    """A report of every source, and the series of all that is weather under the name of its source."""
    reports: list[Report] = []
    series: dict[str, xr.DataArray] = {}
    for name, files in found:
        if netcdf.is_netcdf(Path(files[0])):
            report, own = _weather(files, asked)
            series |= {f"{name}, {v}": da for v, da in own.items()}
            reports.append({"source": name, "kind": "weather", "reader": RUN, **report})
        else:
            reports.append({"source": name, **_table(Path(files[0]), asked, select)})
    return reports, series


def _weather(files: list[str], asked: Mapping[str, Any]) -> tuple[Report, dict[str, xr.DataArray]]:
    own = {
        k: {
            n: v
            for n, v in (asked.get(k) or {}).items()
            if variable_of(n) in (*CANONICAL, "time") and any(fits(n, Path(p)) for p in files)
        }
        for k in ("units", "columns")
    }
    try:
        return look(files, **{**asked, **own})
    except InputError as error:
        return {**EMPTY, "refused": [_refusal(error)]}, {}


def is_observations(file: str, asked: Mapping[str, Any]) -> bool:
    """Whether a file is a table and holds no weather. A table that is none of all is left to the reader of weather."""
    from karstsim.forcing.station import is_weather

    path = Path(file)
    if netcdf.is_netcdf(path):
        return False
    columns = {k: v for k, v in (asked.get("columns") or {}).items() if k in CANONICAL}
    with contextlib.suppress(InputError):
        if is_weather(path, columns, asked.get("sheet")):
            return False
    return True


def _table(path: Path, asked: Mapping[str, Any], select: Mapping[str, str]) -> Report:
    """A table by the reader that understands it: weather, else a spring, else CO2, else RothC."""
    if not is_observations(str(path), asked):
        report, _ = _weather([str(path)], asked)
        return {"kind": "weather", "reader": RUN, **report}
    for kind, reader, read in (("spring", SPRING, _spring), ("CO2", CO2, _co2), ("RothC", ROTHC, _rothc)):
        try:
            found = read(path, asked, select)
        except InputError as error:
            if kind == "spring" and not _is_foreign(error):
                return {"kind": kind, "reader": reader, **EMPTY, "refused": [_refusal(error)]}
            continue
        return {"kind": kind, "reader": reader, **EMPTY, **found}
    return {"kind": "no table that is read here", "reader": "", **EMPTY}


def _is_foreign(error: InputError) -> bool:
    """Whether the reader of springs finds nothing of its own in the table."""
    return any(said in error.what for said in FOREIGN)


def _headers(path: Path) -> set[str]:
    """Cells of the lines that may be the header of a table."""
    from karstsim.forcing.table_bytes import table_bytes

    text = table_bytes(path, None)[0][:MOST_HEAD].decode("utf-8", errors="replace")
    cells = [cell for line in text.splitlines()[:MOST_LINES] for cell in re.split("[,;\t|]", line)]
    return {cell.strip(" \"'\ufeff") for cell in cells}


def _spring(path: Path, asked: Mapping[str, Any], select: Mapping[str, str]) -> Report:
    from karstsim.analysis import read_spring_table

    there = _headers(path)
    columns = {k: v for k, v in (asked.get("columns") or {}).items() if v in there}
    chosen = {k: v for k, v in select.items() if k in there}
    units = {k: v for k, v in (asked.get("units") or {}).items() if k in there}
    table = read_spring_table(path, units=units, columns=columns, select=chosen, sort=True, average=True,
                              dayfirst=asked.get("dayfirst"), timezone=asked.get("timezone"),
                              sheet=asked.get("sheet"))  # fmt: skip
    said = [line for key in ("supposed", "repairs") for line in str(table.attrs[key]).split("\n") if line]
    names = {str(n) for n in table.data_vars}
    if "precipitation" in names and "discharge" not in names:
        said.append("read as observations; as the weather of a run: --column tas=HEADER --column pr=HEADER")
    return {"variables": {str(n): entry(table[n]) for n in table.data_vars}, "repairs": said}


def _co2(path: Path, asked: Mapping[str, Any], select: Mapping[str, str]) -> Report:
    from karstsim.forcing.co2_tables import scenarios_of

    names = scenarios_of(path)
    return {"variables": {}, "scenarios": names, "repairs": []}


def _rothc(path: Path, asked: Mapping[str, Any], select: Mapping[str, str]) -> Report:
    from karstsim.analysis.rothc import read_rothc_input

    table, _ = read_rothc_input(path)
    return {"variables": {str(c): {"steps": len(table)} for c in table.columns}}


def _refusal(error: InputError) -> dict[str, str]:
    return {"where": error.where, "what": error.what, "mend": error.mend}

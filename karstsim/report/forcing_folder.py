"""What a folder holds: climate simulations, weather tables, tables of springs, CO2 tables; each read by its own reader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import TABLES, netcdf
from karstsim.forcing.look import entry, look
from karstsim.forcing.members import find_members
from karstsim.forcing.units import CANONICAL

MODEL_FILES = (".dat",)  # input of RothC
NOT_DATA = ("readme", "license", "licence")
RUN, SPRING, CO2, ROTHC = (
    "karstsim run",
    "karstsim hydrograph, ks.read_spring_table",
    "--co2",
    "ks.read_rothc_input",
)
Report = dict[str, Any]


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
    units = {k: v for k, v in (asked.get("units") or {}).items() if k in CANONICAL}
    try:
        return look(files, **{**asked, "units": units})
    except InputError as error:
        return {"variables": {}, "repairs": [], "refused": [_refusal(error)]}, {}


def _table(path: Path, asked: Mapping[str, Any], select: Mapping[str, str]) -> Report:
    """A table by the reader that understands it: weather, else a spring, else CO2, else RothC."""
    from karstsim.forcing.station import weather_columns

    try:
        is_weather = weather_columns(path)
    except InputError:
        is_weather = False
    if is_weather:
        report, _ = _weather([str(path)], asked)
        return {"kind": "weather", "reader": RUN, **report}
    for kind, reader, read in (("spring", SPRING, _spring), ("CO2", CO2, _co2), ("RothC", ROTHC, _rothc)):
        try:
            found = read(path, asked, select)
        except InputError as error:
            if kind == "spring" and not _is_foreign(error):
                return {
                    "kind": kind,
                    "reader": reader,
                    "variables": {},
                    "repairs": [],
                    "refused": [_refusal(error)],
                }
            continue
        return {"kind": kind, "reader": reader, "repairs": [], "refused": [], **found}
    return {"kind": "no data", "reader": "", "variables": {}, "repairs": [], "refused": []}


def _is_foreign(error: InputError) -> bool:
    """Whether the reader of springs finds nothing of its own in the table."""
    foreign = (
        "no column of a spring",
        "no date among",
        "no header",
        "no table",
        "no row of the length",
        "no known",
    )
    return any(said in error.what for said in foreign)


def _spring(path: Path, asked: Mapping[str, Any], select: Mapping[str, str]) -> Report:
    from karstsim.analysis import read_spring_table

    table = read_spring_table(path, units=asked.get("units"), select=select, dayfirst=asked.get("dayfirst"),
                              timezone=asked.get("timezone"))  # fmt: skip
    said = [line for key in ("supposed", "repairs") for line in str(table.attrs[key]).split("\n") if line]
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

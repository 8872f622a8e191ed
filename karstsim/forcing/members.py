"""What a folder of climate files holds: model x scenario x member, by file names of the archives or by attributes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import netcdf
from karstsim.forcing.canonical import NAMES, Repairs
from karstsim.forcing.names import find_variables
from karstsim.forcing.request import WANTED, Request

if TYPE_CHECKING:
    import pandas as pd

_SPAN = r"(?:_(?P<first>\d{4,14})-(?P<last>\d{4,14})[^_]*)?"
_MEMBER = r"(?P<member>(?:s\d{4}-)?r\d+i\d+p\d+(?:f\d+)?)"  # s1990: the year in which a hindcast starts
_DRS = {  # names of files as the archives prescribe them
    "CORDEX": rf"(?P<var>\w+?)_(?P<domain>[A-Z]{{3}}-\d+i?)_(?P<gcm>[\w-]+?)_(?P<scenario>[\w-]+?)_{_MEMBER}_"
    rf"(?P<rcm>[\w-]+?)_(?P<version>v[\w-]+)_(?P<freq>\w+?){_SPAN}$",
    "CMIP6": rf"(?P<var>\w+?)_(?P<freq>\w+?)_(?P<model>[\w-]+?)_(?P<scenario>[\w-]+?)_{_MEMBER}_"
    rf"(?P<grid>g\w+?){_SPAN}$",
    "CMIP5": rf"(?P<var>\w+?)_(?P<freq>\w+?)_(?P<model>[\w.-]+?)_(?P<scenario>[\w-]+?)_{_MEMBER}{_SPAN}$",
    "ISIMIP2b": rf"(?P<var>\w+?)_(?P<freq>day|mon|3hr|6hr)_(?P<model>[\w.-]+?)_(?P<scenario>[\w-]+?)_{_MEMBER}_"
    rf"(?P<bias>[A-Z][\w-]*?)(?:_(?P<region>[a-z]\w*?))?{_SPAN}$",
    "ISIMIP": rf"(?P<model>[\w-]+?)_{_MEMBER}_(?P<bias>[\w-]+?)_(?P<scenario>[\w-]+?)_(?P<var>\w+?)_(?P<region>\w+?)_"
    r"(?P<freq>daily|monthly|3hourly|hourly)_(?P<first>\d{4})_(?P<last>\d{4})$",
}
HISTORICAL = "historical"
COLUMNS = ("model", "scenario", "member", "frequency", "grid", "variables", "first", "last", "files")
_KEYS = COLUMNS[:5]
_DIGITS = re.compile(r"[\d\s._-]+")
_ATTRIBUTES = {  # CMIP6, CMIP5, CORDEX and what else is seen
    "model": ("source_id", "model_id", "source"),
    "scenario": ("experiment_id", "driving_experiment_name", "experiment", "scenario"),
    "start": ("sub_experiment_id",),
    "member": ("variant_label", "driving_model_ensemble_member", "parent_experiment_rip", "member_id"),
    "frequency": ("frequency",),
    "grid": ("grid_label", "CORDEX_domain"),
}


def find_members(folder: str | Path | Iterable[str | Path], history: bool = False) -> pd.DataFrame:
    """The simulations in a folder and its sub-folders (or among the files given), one a row.

    history   True: every scenario brings the historical files of its model, member, frequency and grid
    Returns a table with model, scenario, member, frequency, grid, variables, first and last time of the file names, and
    files: ``ks.open_forcing(*row.files, ...)`` opens a row. File names after the rules of CMIP5, CMIP6, CORDEX and
    ISIMIP are believed; other files are opened for their attributes. Files that cannot be read are in
    ``attrs["refused"]``.
    Raises InputError where there is no netCDF file.
    """
    import pandas as pd

    paths = _files(folder)
    refused: list[str] = []
    rows = []
    for path in paths:
        try:
            rows.append({**_describe(path), "path": str(path)})
        except InputError as error:
            refused.append(str(error))
    _tell_apart(rows)
    grouped: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows:
        grouped.setdefault(tuple(row[k] for k in _KEYS), []).append(row)
    if history:
        grouped = _with_history(grouped)
    lines = [dict(zip(_KEYS, key, strict=True)) | _summary(group) for key, group in sorted(grouped.items())]
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    table.attrs["refused"] = refused
    return table


def _files(folder: str | Path | Iterable[str | Path]) -> list[Path]:
    if not isinstance(folder, str | Path):
        return netcdf.expand(folder)
    root = Path(folder)
    if not root.is_dir() or netcdf.is_zarr(root):
        return netcdf.expand(folder)
    stores = [p for p in sorted(root.rglob("*.zarr")) if netcdf.is_zarr(p)]
    files = [p for p in sorted(root.rglob("*")) if p.suffix in netcdf.SUFFIXES and p.is_file()]
    if not stores and not files:
        raise InputError(str(folder), "holds no netCDF file", "name the folder of the climate files")
    return [*files, *stores]


def _describe(path: Path) -> dict[str, str]:
    """Model, scenario, member, frequency, grid, variables and span of a file."""
    for archive, pattern in _DRS.items():
        match = re.match(pattern, path.name.removesuffix(".zarr").split(".nc")[0])
        if match and (archive.startswith("ISIMIP") or _known(match["var"])):
            return _of_name(archive, match)
    with netcdf.reading(path), netcdf.opened(path) as ds:
        return _of_attributes(ds, path)


def _known(variable: str) -> bool:
    return variable in NAMES or variable in ("sftlf", "co2mass", "areacella", "sfcWindmax")


def _of_name(archive: str, match: re.Match[str]) -> dict[str, str]:
    parts = match.groupdict()
    model = f"{parts['gcm']} {parts['rcm']}" if archive == "CORDEX" else parts["model"]
    return {
        "model": model,
        "scenario": parts["scenario"],
        "member": parts["member"],
        "frequency": _frequency(parts["freq"]),
        "grid": " ".join(parts[k] for k in ("grid", "domain", "bias", "region") if parts.get(k)),
        "variables": parts["var"],
        "first": parts["first"] or "",
        "last": parts["last"] or "",
    }


def _frequency(table: str) -> str:
    """Frequency of a table of the archives: Amon and Lmon are mon, Aday and daily are day, Ofx is fx."""
    for name in ("mon", "day", "fx", "3hr", "6hr", "1hr"):
        if name in table.lower():
            return name
    return {"daily": "day", "hourly": "1hr", "3hourly": "3hr"}.get(table, table)


def _of_attributes(ds: xr.Dataset, path: Path) -> dict[str, str]:
    if not ds.data_vars:
        raise InputError(str(path), "holds no variable", "leave it out, or get it again")
    found = {
        key: next((str(ds.attrs[n]) for n in names if str(ds.attrs.get(n, "")).strip()), "")
        for key, names in _ATTRIBUTES.items()
    }
    rip = [ds.attrs.get(n) for n in ("realization", "initialization_method", "physics_version")]
    if not found["member"] and all(r is not None for r in rip):
        found["member"] = "r{}i{}p{}".format(*rip)
    start = found.pop("start")
    if start not in ("", "none") and not found["member"].startswith(start):
        found["member"] = f"{start}-{found['member']}".rstrip("-")
    names = find_variables(ds, (*WANTED, "psl", "orog"), Request(), path, Repairs())
    return {**found, "variables": " ".join(names), "first": "", "last": ""}


def _tell_apart(rows: list[dict[str, str]]) -> None:
    """Files that name no model are one simulation unless two of different names hold the same variable.

    Then what is left of a name without variable and digits stands for the model.
    """
    nameless = [row for row in rows if not row["model"]]
    stems = {row["path"]: _stem(row) for row in nameless}
    holders: dict[str, set[str]] = {}
    for row in nameless:
        for variable in row["variables"].split():
            holders.setdefault(variable, set()).add(stems[row["path"]])
    if any(len(found) > 1 for found in holders.values()):
        for row in nameless:
            row["model"] = stems[row["path"]]


def _stem(row: Mapping[str, str]) -> str:
    words = _DIGITS.split(Path(row["path"]).name.split(".")[0])
    return "_".join(w for w in words if w and w.lower() not in row["variables"].lower().split())


def _summary(group: list[dict[str, str]]) -> dict[str, object]:
    spans = [(r["first"], r["last"]) for r in group if r["first"]]
    return {
        "variables": " ".join(dict.fromkeys(v for r in group for v in r["variables"].split())),
        "first": min((a for a, _ in spans), default=""),
        "last": max((b for _, b in spans), default=""),
        "files": [r["path"] for r in group],
    }


def _with_history(
    grouped: Mapping[tuple[str, ...], list[dict[str, str]]],
) -> dict[tuple[str, ...], list[dict[str, str]]]:
    """Scenarios with the files of their past in front; a past that serves a scenario has no row of its own."""
    out, used = {}, set()
    for key, group in grouped.items():
        past = (key[0], HISTORICAL, *key[2:])
        if key[1] != HISTORICAL and past in grouped:
            used.add(past)
            out[key] = [*grouped[past], *group]
        else:
            out[key] = group
    return {k: g for k, g in out.items() if k not in used}

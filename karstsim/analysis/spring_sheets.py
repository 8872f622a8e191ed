"""A spring on several sheets of one workbook: discharge on one, samples on another, joined by their times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.analysis.spring_columns import vocabulary
from karstsim.analysis.spring_times import Reading, regular, usual_step
from karstsim.chemistry.api.table_text import read_text
from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing.table_bytes import table_bytes

Options = dict[str, dict[str, str]]
BASE = "discharge"
LINES = ("columns", "unused", "supposed", "repairs")


def read_sheets(
    path: Path,
    sheets: Sequence[str],
    told: Mapping[str, Mapping[str, str]],
    average: bool,
    read: Callable[..., xr.Dataset],
) -> xr.Dataset:
    """Each sheet as a table of its own, then one Dataset over all times.

    Where the sheet with the discharge has one time step, what the others hold stands at the step (of days: the date)
    that it lies in; else all times are kept.

    sheets   two or more
    told     units, columns, select and plain of `read_spring_table`; each goes to the sheets that have its header
    average  take the mean of what lies in one step
    read     ``read(sheet=..., **told)``: the table of one sheet

    Raises InputError for a sheet without a table, a header that is on no sheet, a quantity that is on two, and
    several values in one step.
    """
    if len(set(sheets)) < len(sheets):
        raise InputError(f"{path}, sheet", "names a sheet twice", "name each once")
    headers = {name: _headers(path, name, told) for name in sheets}
    _refuse_unknown(path, headers, told)
    tables = {name: _table(path, name, _of_sheet(there, told), read) for name, there in headers.items()}
    _refuse_doubles(path, tables)
    return _joined(path, tables, average)


def _headers(path: Path, sheet: str, told: Mapping[str, Mapping[str, str]]) -> list[str]:
    data, _ = table_bytes(path, sheet)
    try:
        return read_text(path, {}, vocabulary(dict(told["columns"]), None), data).headers
    except InputError as error:
        raise InputError(f"{path}, sheet {sheet!r}", error.what, error.mend) from None


def _table(path: Path, sheet: str, told: Options, read: Callable[..., xr.Dataset]) -> xr.Dataset:
    """The table of one sheet; its errors name the sheet."""
    try:
        return read(sheet=sheet, **told)
    except InputError as error:
        where = error.where.replace(str(path), f"{path}, sheet {sheet!r}", 1)
        raise InputError(where, error.what, error.mend) from None


def _wanted(option: str, name: str, value: str) -> str:
    """The header that an entry of an option speaks of."""
    return value if option in ("columns", "plain") else name


def _has(headers: Sequence[str], wanted: str) -> bool:
    return any(header == wanted or header.startswith(f"{wanted} (") for header in headers)


def _of_sheet(headers: Sequence[str], told: Mapping[str, Mapping[str, str]]) -> Options:
    return {
        option: {n: v for n, v in entries.items() if _has(headers, _wanted(option, n, v))}
        for option, entries in told.items()
    }


def _refuse_unknown(
    path: Path, headers: Mapping[str, Sequence[str]], told: Mapping[str, Mapping[str, str]]
) -> None:
    for option, entries in told.items():
        for name, value in entries.items():
            wanted = _wanted(option, name, value)
            if not any(_has(there, wanted) for there in headers.values()):
                some = "; ".join(f"{sheet}: {', '.join(there[:15])}" for sheet, there in headers.items())
                raise InputError(
                    f"{path}, {option}", f"no sheet has a column {wanted!r}", f"use one of {some}"
                )


def _refuse_doubles(path: Path, tables: Mapping[str, xr.Dataset]) -> None:
    first: dict[str, str] = {}
    for sheet, table in tables.items():
        for name in map(str, table.data_vars):
            if name in first:
                where = f"{path}, sheets {first[name]!r} and {sheet!r}"
                mend = "leave one sheet out, or rename the column that is not meant"
                raise InputError(where, f"both give {name}", mend)
            first[name] = sheet


def _joined(path: Path, tables: Mapping[str, xr.Dataset], average: bool) -> xr.Dataset:
    base = next((sheet for sheet, table in tables.items() if BASE in table), next(iter(tables)))
    reading = Reading()
    step = usual_step(tables[base].time.values)
    placed = dict(tables)
    if step is not None:
        for sheet in (name for name in tables if name != base):
            start = tables[base].time.values[0]
            placed[sheet] = _on_steps(
                f"{path}, sheet {sheet!r}", tables[sheet], start, step, average, reading
            )
    whole = xr.merge(placed.values(), join="outer", compat="no_conflicts", combine_attrs="override")
    if step is not None:
        whole = regular(whole, step, reading)
    attrs = {key: tables[base].attrs[key] for key in ("source_file", "format")}
    for name in LINES:
        said = [
            f"{sheet}: {line}" for sheet, table in tables.items() for line in table.attrs[name].splitlines()
        ]
        attrs[name] = "\n".join([*said, *getattr(reading, name)])
    return whole.assign_attrs(attrs)


def _on_steps(
    where: str, table: xr.Dataset, start: np.datetime64, step: float, average: bool, reading: Reading
) -> xr.Dataset:
    """The table at the steps, s, from `start` on that its times lie in."""
    table = table.dropna("time", how="all")
    times = table.time.values
    origin = start.astype("datetime64[D]") if step == SECONDS_PER_DAY else start
    length = np.timedelta64(round(step * 1e9), "ns")
    steps = start + ((times - origin) // length) * length
    moved = int((steps != times).sum())
    if moved:
        unit = "day" if step == SECONDS_PER_DAY else "step"
        reading.repairs.append(f"{where}: {moved} time(s) put at the {unit} that they lie in")
    table = table.assign_coords(time=steps)
    again = np.flatnonzero(np.diff(steps) == np.timedelta64(0, "ns"))
    if not again.size:
        return table
    if not average:
        what = f"{_text(times[again[0]])} and {_text(times[again[0] + 1])} lie in one step of the discharge"
        raise InputError(where, what, "keep one of them, or take their mean: average=True (--average)")
    reading.repairs.append(f"{where}: {again.size} time(s) averaged with others of their step")
    return table.groupby("time").mean(keep_attrs=True)


def _text(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]")).replace("T", " ")

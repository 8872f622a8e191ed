"""Times of a spring table: stamps of its rows, their order, rows that repeat a time, steps that are absent."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from karstsim.analysis.spring_columns import CLOCK, DATE, ZONE
from karstsim.chemistry.api.columns import Column
from karstsim.chemistry.api.table_text import TableText
from karstsim.core.errors import InputError
from karstsim.forcing.table_parts import dates_of_parts
from karstsim.forcing.table_times import looks_like_dates, read_times

MOST_FILL = 20  # empty steps for one row of the table: beyond that the series is not a regular one
REGULAR = 0.6  # share of the distances between rows that are one step in a regular series: a third may lack


@dataclass
class Reading:
    """What was understood and supposed of a table, line by line."""

    columns: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    supposed: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)


def row_times(
    table: TableText,
    found: dict[int, Column],
    reading: Reading,
    path: Path,
    dayfirst: bool | None,
    timezone: str | None,
    date_format: str | None,
) -> np.ndarray:
    """Time stamps of the rows, datetime64[ns]."""
    parts = dates_of_parts(table.headers, table.rows)
    if parts is not None:
        said = ", ".join(map(repr, parts[1]))
        reading.supposed.append(f"{said}: taken as the date")
        reading.unused = [u for u in reading.unused if u not in map(repr, parts[1])]
        stamps, notes = read_times(
            parts[0], None, table.lines, f"{path}, columns {said}", None, None, timezone
        )
        reading.supposed += notes
        return stamps
    dates = [place for place, column in found.items() if column.name == DATE]
    clocks = [place for place, column in found.items() if column.name == CLOCK]
    if not dates and clocks:
        dates, clocks = clocks[:1], []
    if not dates:
        dates = [
            p for p in range(len(table.titles)) if p not in found and looks_like_dates(cells_of(table, p))
        ][:1]
        if not dates:
            mend = 'name the column "date", or give columns={"date": "its header"}'
            raise InputError(str(path), f"no date among {', '.join(table.headers[:15])}", mend)
        reading.supposed.append(f"{table.headers[dates[0]]!r} holds dates: taken as the time")
        reading.unused = [u for u in reading.unused if u != repr(table.headers[dates[0]])]
    where = f"{path}, column {table.headers[dates[0]]!r}"
    times = [cells_of(table, place) for place in (dates[0], *clocks[:1])]
    separate = times[1] if len(times) > 1 and not any(":" in cell for cell in times[0]) else None
    zones = next((cells_of(table, place) for place, column in found.items() if column.name == ZONE), None)
    stamps, notes = read_times(
        times[0], separate, table.lines, where, dayfirst, zones, timezone, form=date_format
    )
    reading.supposed += notes
    return stamps


def cells_of(table: TableText, place: int) -> list[str]:
    """One column."""
    return [row[place] for row in table.rows]


def order_of(times: np.ndarray, table: TableText, reading: Reading, path: Path, sort: bool) -> np.ndarray:
    """Rows in the order of time. A table from last to first is turned round; other disorder is refused or sorted."""
    gaps = np.diff(times)
    backwards = gaps < np.timedelta64(0, "ns")
    if not backwards.any():
        return np.arange(len(times))
    if not (gaps > np.timedelta64(0, "ns")).any():
        reading.repairs.append("the table runs from the last time to the first: turned round")
        return np.arange(len(times))[::-1]
    if not sort:
        row = int(np.argmax(backwards)) + 1
        what = f"{_text(times[row])} comes after {_text(times[row - 1])} ({int(backwards.sum())} times run backwards)"
        raise InputError(f"{path}, line {table.lines[row]}", what, "correct the time, or give sort=True")
    reading.repairs.append(f"rows sorted by time ({int(backwards.sum())} times ran backwards)")
    return np.argsort(times, kind="stable")


def _text(time: np.datetime64) -> str:
    return str(pd.Timestamp(time)).removesuffix(" 00:00:00")


def without_doubles(
    order: np.ndarray,
    times: np.ndarray,
    table: TableText,
    data: dict[str, tuple[np.ndarray, dict[str, Any]]],
    path: Path,
    reading: Reading,
    average: bool,
) -> np.ndarray:
    """Rows with one time each: repeated rows are left out and named, rows that differ averaged if told, else refused.

    order   (n,) rows in the order of time;  times: (n,) their times
    """
    first = np.r_[True, np.diff(times) != np.timedelta64(0, "ns")]
    differ = 0
    for place in np.flatnonzero(~first):
        one, two = int(order[place - 1]), int(order[place])
        if all(np.array_equal(v[one], v[two], equal_nan=True) for v, _ in data.values()):
            continue
        differ += 1
        if not average:
            where = f"{path}, lines {table.lines[one]} and {table.lines[two]}"
            mend = "keep one row for each time, choose the rows with select=, or give average=True"
            raise InputError(where, f"{_text(times[place])} stands twice with different values", mend)
    if first.all():
        return order
    line = table.lines[int(order[np.argmin(first)])]
    how = f", {differ} of them averaged" if differ else ""
    reading.repairs.append(f"{int((~first).sum())} row(s) repeat a time{how} (first in line {line})")
    group = pd.Series(np.cumsum(first))
    for name, (values, attrs) in data.items():
        means = pd.Series(values[order]).groupby(group.to_numpy()).transform("mean").to_numpy()
        mixed = values.copy()
        mixed[order] = means
        data[name] = (mixed if average else values, attrs)
    return order[first]


def usual_step(times: np.ndarray) -> float | None:
    """The step, s, of a series that has one: most rows follow each other by it, the others by whole multiples."""
    gaps = np.diff(times).astype("timedelta64[ns]").astype("i8")
    gaps = gaps[gaps > 0]
    if gaps.size < 2:
        return None
    values, counts = np.unique(gaps, return_counts=True)
    step = int(values[np.argmax(counts)])
    if (
        counts.max() < REGULAR * gaps.size
        or (gaps % step).any()
        or gaps.sum() // step > MOST_FILL * gaps.size
    ):
        return None
    return step / 1e9


def regular(dataset: xr.Dataset, step: float | None, reading: Reading) -> xr.Dataset:
    """Absent steps of a regular series as NaN."""
    if step is None:
        reading.supposed.append("the times have no common step: kept as they are")
        return dataset
    first, last = dataset.time.values[[0, -1]]
    whole = np.arange(first, last + np.timedelta64(1, "ns"), np.timedelta64(round(step * 1e9), "ns"))
    absent = len(whole) - dataset.sizes["time"]
    if absent:
        before = int(np.argmax(~np.isin(whole, dataset.time.values)))
        reading.repairs.append(
            f"{absent} step(s) absent from the table are NaN (first {_text(whole[before])})"
        )
    return dataset.reindex(time=whole)

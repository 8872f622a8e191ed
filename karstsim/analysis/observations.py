"""Monitoring tables of springs: discharge, weather, probes and chemistry over time, with gaps and mixed units.

The text and the cells are read as those of water analyses are (`karstsim.chemistry.api`): encoding, separator, decimal
mark, titles, comments and a row of units are found out. Values below detection limits become gaps, except ions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from karstsim.analysis.spring_columns import (
    CLOCK,
    DATE,
    LIMITS,
    LONG_NAMES,
    PER_STEP,
    UNITS,
    ZONE,
    vocabulary,
)
from karstsim.analysis.spring_doubts import one_decimal_mark, refuse_long_form, refuse_nines, refuse_sites
from karstsim.analysis.spring_sheets import read_sheets
from karstsim.analysis.spring_times import (
    Reading,
    cells_of,
    order_of,
    regular,
    row_times,
    usual_step,
    without_doubles,
)
from karstsim.chemistry.api.columns import Column
from karstsim.chemistry.api.table_cells import Cells, read_cells
from karstsim.chemistry.api.table_text import TableText, Vocabulary, read_text
from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError, demand_kind
from karstsim.forcing.table_bytes import naming_sheets, table_bytes
from karstsim.forcing.table_numbers import NINES

MOST_BAD = 0.5  # share of cells without a number, beyond which a column is misunderstood
SHOWN = 6
NINE = ("-9", "−9")  # what marks of missing values begin with; no other absent cell does
ANY = (-np.inf, np.inf)  # of a plain column nothing is known
LIMIT = "_limit"  # behind the name of a quantity: its detection limits
REMARKS = (
    "ice",
    "eqp",
    "bkw",
    "dis",
    "mnt",
    "rat",
    "ssn",
    "tst",
    "fld",
    "dry",
    "***",
)  # of the US Geological Survey


def read_spring_table(
    path: str | Path,
    *,
    units: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    select: Mapping[str, str] | None = None,
    missing: Iterable[float] = (),
    dayfirst: bool | None = None,
    date_format: str | None = None,
    area_km2: float | None = None,
    sort: bool = False,
    average: bool = False,
    timezone: str | None = None,
    sheet: str | Sequence[str] | None = None,
    plain: Mapping[str, str] | None = None,
    censored: bool = False,
) -> xr.Dataset:
    """Read a table of a spring, one time a row, into canonical units.

    path       text file (also ``.gz``); comma, semicolon, tab or bar between cells, decimal point or comma, quoted or
               not; RDB files of the US Geological Survey; spreadsheets (``.xlsx``)
    units      {header: unit} of headers that have none: ``{"QobsS": "m3/s", "Ca": "mg/L"}``
    columns    {quantity: header} of headers that are not understood: ``{"discharge": "gauge 3"}``; "date" and
               "clock" name the columns of the time
    select     {header: text} of the rows to keep, as in ``{"Site": "BS01"}``; needed where rows are of several sites
    missing    numbers that stand for a missing value besides -999, -9999, -99999 and, where a quantity cannot be as
               low, -99, -99.9 and their like
    dayfirst   the order of day and month where the year comes last and the dates do not tell
    date_format  format of the dates in the manner of strptime, as in ``%y-%m-%d``
    area_km2   area of the catchment, km2, for a discharge in mm d-1
    sort       bring rows into the order of time; else a row out of order is refused
    average    take the mean of rows that have one time and differ (double samples); else they are refused
    timezone   IANA name of the zone whose clock the stamps show, where it is put forward in summer; the result is in
               its standard time. Zones written in the stamps or in a column are honoured without it
    sheet      name of the sheet of a spreadsheet; the first with cells by default. Several names: their tables are
               joined by time, as discharge on one sheet and samples on another; a sample then stands at the step
               (of days: the date) of the discharge that it lies in
    plain      {name: header} of further columns, of numbers in their own unit: ``{"si": "SI calcite"}``
    censored   beside each quantity with values below detection, ``<quantity>_limit``: the limit where the cell only
               says that the value is below it, else NaN; the quantity itself is NaN there

    Returns a Dataset over `time`: discharge (m3 s-1), precipitation, evapotranspiration (mm d-1), temperature,
    air_temperature (degC), conductivity (uS cm-1), relative_humidity (%), turbidity (NTU), water_level (m), oxygen
    (mol m-3), air_co2 (ppm), d13c_dic (permil), soil_respiration (mol m-2 d-1), soil_carbon (mol m-2) and, where
    their unit is known, the quantities of water analyses (mol m-3, eq m-3, ph, pco2 in atm): those that the table has.
    A series with one time step keeps it: steps that are absent are NaN. Attributes ``columns``, ``unused``,
    ``supposed`` and ``repairs`` say, line by line, what became of the file; variables carry their header and rule.

    Raises InputError with file and line or column: a file that is no table, a discharge without unit, dates that are
    not understood or ambiguous, two rows with one time that differ, times out of order, a column without numbers.
    """
    mend = "write the table to a file (frame.to_csv(path)) and give its path"
    demand_kind("read_spring_table, path", path, (str, Path), mend)
    path = Path(path)
    if area_km2 is not None and not area_km2 > 0.0:
        raise InputError("area_km2", f"is {area_km2}", "give the area of the catchment in km2, above 0")
    sheets = [sheet] if isinstance(sheet, str) else list(sheet or ())
    if len(sheets) > 1:
        told = {"units": units or {}, "columns": columns or {}, "select": select or {}, "plain": plain or {}}
        one = partial(
            read_spring_table, path, missing=tuple(missing), dayfirst=dayfirst, date_format=date_format,
            area_km2=area_km2, sort=sort, average=average, timezone=timezone, censored=censored,
        )  # fmt: skip
        return read_sheets(path, sheets, told, average, one)
    words = vocabulary(dict(columns or {}), area_km2)
    data, said = table_bytes(path, sheets[0] if sheets else None)
    refuse_long_form(data, path)
    table = _text_of(path, data, said, units or {}, words)
    reading = Reading(supposed=[*said, *table.notes])
    _drop_odd_rows(table, reading)
    _select(table, select or {}, path)
    found = _columns(table, words, reading, path)
    found |= _plain_columns(table, plain or {}, reading, path)
    refuse_sites(table, found, select or {}, path)
    times = row_times(table, found, reading, path, dayfirst, timezone, date_format)
    order = order_of(times, table, reading, path, sort)
    chosen = _choose(found, reading, path, dict(columns or {}))
    step = usual_step(times[order])
    mark = one_decimal_mark(table, chosen, reading.repairs, path)
    variables = {}
    for name, place in chosen.items():
        column = _rate(found[place], step, path)
        texts = cells_of(table, place)
        cells = read_cells(column, texts, mark, {column.name: ANY, **LIMITS})
        values, attrs = _variable(cells, table, place, reading, path, tuple(missing))
        limits = _detection_limits(column, texts, mark) if censored else np.full(len(values), np.nan)
        variables[name] = np.where(np.isfinite(limits), np.nan, values), attrs
        if np.isfinite(limits).any():
            variables[f"{name}{LIMIT}"] = limits, {**attrs, "long_name": f"detection limit of {name}"}
    rows = without_doubles(order, times[order], table, variables, path, reading, average)
    dataset = regular(_dataset(rows, times, variables), step, reading)
    dataset.attrs = {
        "source_file": str(path),
        "format": f"{table.encoding}, {table.separator} between cells, decimal {mark!r}, header in line "
        f"{table.header_line}",
        **{name: "\n".join(getattr(reading, name)) for name in ("columns", "unused", "supposed", "repairs")},
    }
    return dataset


def _text_of(
    path: Path, data: bytes, said: list[str], units: Mapping[str, str], words: Vocabulary
) -> TableText:
    """The table, or which sheets there are where the one that was read holds none."""
    with naming_sheets(said):
        return read_text(path, units, words, data)


# ----------------------------------------------------------------------------------------------------- rows


def _drop_odd_rows(table: TableText, reading: Reading) -> None:
    """Leave out rows of the wrong length, and the row of field widths (``15s 20d``) of USGS files."""
    widths = [
        i for i, row in enumerate(table.rows[:1]) if all(c[:-1].isdigit() and c[-1:] in "snd" for c in row)
    ]
    odd = sorted({*table.odd, *widths})
    for row in odd[:SHOWN]:
        reading.repairs.append(
            f"line {table.lines[row]} left out: {table.odd.get(row, 'a row of field widths')}"
        )
    if len(odd) > SHOWN:
        reading.repairs.append(f"{len(odd) - SHOWN} more lines left out, of the wrong length")
    _keep(table, [row for row in range(len(table.rows)) if row not in set(odd)])


def _keep(table: TableText, rows: list[int]) -> None:
    table.rows, table.lines = [table.rows[row] for row in rows], [table.lines[row] for row in rows]


def _select(table: TableText, select: Mapping[str, str], path: Path) -> None:
    for header, wanted in select.items():
        if header not in table.headers:
            raise InputError(
                f"{path}, select", f"no column {header!r}", f"use one of {', '.join(table.headers)}"
            )
        place = table.headers.index(header)
        there = dict.fromkeys(row[place] for row in table.rows)
        _keep(table, [i for i, row in enumerate(table.rows) if row[place] == wanted])
        if not table.rows:
            some = ", ".join(list(there)[:12])
            raise InputError(f"{path}, column {header!r}", f"no row with {wanted!r}", f"use one of {some}")
    if not table.rows:
        raise InputError(str(path), "has no row of the length of its header", "check separator and header")


# -------------------------------------------------------------------------------------------------- columns


def _columns(table: TableText, words: Vocabulary, reading: Reading, path: Path) -> dict[int, Column]:
    """Columns by place. Raises InputError for water, or for the only quantity, whose unit is not understood."""
    found: dict[int, Column] = {}
    refused: list[InputError] = []
    for place, title in enumerate(table.titles):
        try:
            column = words.parse(title)
        except InputError as error:
            if words.quantity_of(title) in ("discharge", "precipitation"):
                raise InputError(f"{path}, {error.where}", error.what, error.mend) from None
            reading.unused.append(f"{title!r}: {error.what}")
            refused.append(error)
            continue
        if column is None:
            reading.unused.append(f"{table.headers[place]!r}")
        else:
            found[place] = column
    if refused and not any(column.name in UNITS for column in found.values()):
        raise InputError(f"{path}, {refused[0].where}", refused[0].what, refused[0].mend)
    return _air(found)


def _plain_columns(
    table: TableText, plain: Mapping[str, str], reading: Reading, path: Path
) -> dict[int, Column]:
    """Columns of plain numbers by place."""
    found = {}
    for name, header in plain.items():
        if header not in table.headers:
            some = ", ".join(table.headers[:15])
            raise InputError(f"{path}, column {header!r}", "is not there", f"use one of {some}")
        place = table.headers.index(header)
        found[place] = Column(header, name, assumption="plain numbers")
        reading.unused = [u for u in reading.unused if not u.startswith(repr(table.titles[place]))]
    return found


def _detection_limits(column: Column, cells: list[str], mark: str) -> np.ndarray:
    """The number behind ``<`` in the canonical unit; NaN in other cells."""
    below = [cell.strip()[1:] if cell.strip().startswith("<") else "" for cell in cells]
    return read_cells(column, below, mark, {column.name: ANY, **LIMITS}).values


def _air(found: dict[int, Column]) -> dict[int, Column]:
    """A temperature without further word is of the air where it stands beside the humidity of the air."""
    names = {column.name for column in found.values()}
    if "relative_humidity" not in names or "air_temperature" in names:
        return found
    said = "beside the humidity: read as of the air"
    return {
        place: replace(column, name="air_temperature", assumption=said)
        if column.name == "temperature" and "water" not in column.header.lower()
        else column
        for place, column in found.items()
    }


def _choose(
    found: dict[int, Column], reading: Reading, path: Path, told: Mapping[str, str]
) -> dict[str, int]:
    """Quantity -> place of its column: told or of the lowest rank; chemistry without a unit is left out."""
    chosen: dict[str, int] = {}
    for name, header in told.items():
        if not any(column.name == name for column in found.values()):
            raise InputError(f"{path}, columns", f"no column {header!r} for {name}", "check the header")
    for place in sorted(found, key=lambda p: (found[p].rank, p)):
        column = found[place]
        if column.name in (DATE, CLOCK, ZONE):
            continue
        if column.unit == "" and column.name == "discharge":
            mend = f'write its unit, as in "Q (L/s)", or give its unit (units=, --unit), as in "{column.header}=m3/s"'
            raise InputError(f"{path}, column {column.header!r}", "a discharge without unit", mend)
        if column.unit == "" and UNITS.get(column.name, "")[:3] in ("mol", "eq ", "atm"):
            reading.unused.append(f"{column.header!r}: {column.name} without unit; give it with units=")
            continue
        if column.name in chosen:
            _second(found[chosen[column.name]], column, reading, path)
        else:
            chosen[column.name] = place
    if not chosen and (unitless := [c for c in found.values() if c.name in UNITS]):
        names = ", ".join(c.header for c in unitless[:8])
        mend = f'tell them: units={{"{unitless[0].header}": "mg/L"}} (--unit); karstsim speciate reads water analyses'
        raise InputError(str(path), f"has quantities without units ({names})", mend)
    if not chosen:
        mend = "name a column discharge_m3_s, or give columns= and units="
        raise InputError(str(path), "no column of a spring is understood", mend)
    return chosen


def _second(first: Column, second: Column, reading: Reading, path: Path) -> None:
    if first.rank == second.rank:
        where = f"{path}, columns {first.header!r} and {second.header!r}"
        mend = f'choose one: columns={{"{first.name}": "{first.header}"}} (--column {first.name}="{first.header}")'
        if first.header == second.header:
            mend = "the headers are alike: rename the one that is not meant"
        raise InputError(where, f"both give {first.name}", mend)
    reading.unused.append(f"{second.header!r}: {first.name} is taken from {first.header!r}")


def _rate(column: Column, step: float | None, path: Path) -> Column:
    """A column of amounts per step as a rate per day; other columns as they are."""
    rain = column.name in ("precipitation", "evapotranspiration")
    if rain and column.unit == "" and step != SECONDS_PER_DAY:
        length = "no common step" if step is None else f"steps of {step / 3600.0:g} h"
        mend = f'tell it: units={{"{column.header}": "mm"}} (--unit) for amounts of single steps, else "mm/d" or "mm/h"'
        raise InputError(f"{path}, column {column.header!r}", f"has no unit, and {length}", mend)
    if column.name not in ("precipitation", "evapotranspiration") or column.unit not in PER_STEP:
        return column
    if step is None:
        where = f"{path}, column {column.header!r}"
        raise InputError(where, f"amounts in {column.unit} without a time step", "give mm/d")
    said = f"amounts of steps of {step / SECONDS_PER_DAY:g} d, also after rows that are absent"
    return replace(column, factor=column.factor * SECONDS_PER_DAY / step, assumption=said)


def _mend_of_strange(cell: str) -> str:
    """What to do about a column whose cells are mostly no numbers."""
    if any(char.isdigit() for char in cell):
        return "check its unit and decimal mark, or rename the column"
    return f"where {cell!r} stands for no value leave the cells empty; else rename the column"


def _variable(
    cells: Cells, table: TableText, place: int, reading: Reading, path: Path, missing: tuple[float, ...]
) -> tuple[np.ndarray, dict[str, Any]]:
    """Values in file order and attributes; what is said of single cells goes into the reading."""
    column, header = cells.column, table.headers[place]
    values = cells.values.copy()
    coded = np.isin(cells.raw, missing) & np.isfinite(cells.raw)
    low, high = LIMITS.get(column.name, ANY)
    beyond = np.isin(cells.raw, NINES) & (
        (column.convert(cells.raw) < low) | (column.convert(cells.raw) > high)
    )
    if beyond.any():
        codes = ", ".join(f"{c:g}" for c in np.unique(cells.raw[beyond]))
        reading.repairs.append(f"{int(beyond.sum())} cells of {header!r} are {codes}: taken as missing")
    coded |= beyond
    marks = [t for row in cells.absent if (t := table.rows[row][place].strip()).startswith(NINE)]
    if marks:
        reading.repairs.append(f"{len(marks)} cells of {header!r} are {marks[0]}: taken as missing")
    values[coded] = np.nan
    refuse_nines(cells.raw, coded, table, header, path)
    given = len(values) - len(cells.absent) - int(coded.sum())
    bad = {row: note for row, note in cells.bad.items() if not coded[row]}
    strange = {row: note for row, note in bad.items() if not _known(note)}
    if given and len(strange) > MOST_BAD * given:
        row, (kind, detail) = next(iter(strange.items()))
        where = f"{path}, column {header!r}, line {table.lines[row]}"
        what = f"{kind} ({detail}), as {len(bad)} of {given} cells"
        raise InputError(where, what, _mend_of_strange(table.rows[row][place].strip()))
    for said, rows in _by_kind(bad, "taken as missing") + _by_kind(cells.notes, ""):
        lines = ", ".join(str(table.lines[row]) for row in rows[:SHOWN])
        more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        reading.repairs.append(f"{said} (line {lines}{more})")
    supposed = f"  ({column.assumption})" if column.assumption else ""
    reading.columns.append(f"{column.name}  <-  {header!r}  {column_rule(column)}{supposed}")
    attrs = {
        "units": UNITS.get(column.name, ""),
        "long_name": LONG_NAMES.get(column.name, column.name),
        "source_header": header,
        "conversion": column_rule(column),
        "below_detection": sum(
            "below detection" in kind for kind, _ in [*cells.notes.values(), *bad.values()]
        ),
        "refused": sum("below detection" not in kind for kind, _ in bad.values()),
    }
    return values, attrs


def _known(note: tuple[str, str]) -> bool:
    """Whether a cell without a number is no sign of a misread column: below detection, or a remark of a gauge."""
    kind, detail = note
    return "below detection" in kind or detail.strip("'").lower() in REMARKS


def column_rule(column: Column) -> str:
    """How a value becomes canonical, for people."""
    return replace(column, unit=column.unit or UNITS.get(column.name, "as it is")).rule()


def _by_kind(notes: Mapping[int, tuple[str, str]], end: str) -> list[tuple[str, list[int]]]:
    kinds: dict[str, list[int]] = {}
    for row, (kind, _) in notes.items():
        kinds.setdefault(f"{kind}: {end}".rstrip(": "), []).append(row)
    return list(kinds.items())


def _dataset(
    rows: np.ndarray, times: np.ndarray, data: Mapping[str, tuple[np.ndarray, dict[str, Any]]]
) -> xr.Dataset:
    variables = {name: ("time", values[rows], attrs) for name, (values, attrs) in data.items()}
    return xr.Dataset(variables, {"time": times[rows]})

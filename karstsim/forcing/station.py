"""Station and basin tables (CSV, spreadsheets) -> raw series -> canonical Dataset.

The header names the variables as CMIP does (``tas``, ``pr``, ...) or by one of NAMES, and carries the units behind an
underscore or in brackets: ``prcp_mm_day``, ``tmax_degC``, ``srad_W_m2``, ``pr [mm/d]``. Everything else is told with
``columns={"pr": "rain"}`` and ``units={"pr": "mm d-1"}``.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.core.marks import CODES, MISSING
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import MOST_NAMED, STANDARD_HEIGHT, Repairs, Unsaid, finish, label
from karstsim.forcing.canonical import NAMES as VARIABLES
from karstsim.forcing.optional import OPTIONAL, leaving_out
from karstsim.forcing.records import LOCAL_CLOCK
from karstsim.forcing.station_headers import UNITS, key_of, split_header, variables_of_headers
from karstsim.forcing.table_bytes import naming_sheets, table_bytes
from karstsim.forcing.table_numbers import doubtful, grouped, sure_mark, ungrouped
from karstsim.forcing.table_parts import below_preamble, dates_of_parts
from karstsim.forcing.table_times import read_times
from karstsim.forcing.units import UnitsMissingError, check_names, to_canonical, told_for, unknown

DATE_COLUMNS = ("date", "time", "datetime", "timestamp", "day", "datum", "fecha", "mess_datum", "date_time")
CLOCK_COLUMNS = ("time", "hour", "clock", "zeit", "uhrzeit", "heure", "hora")
SITE_COLUMNS = (
    "station",
    "site",
    "site_no",
    "station_id",
    "site_id",
    "stationid",
    "stations_id",
    "id",
    "location",
)
GLANCED = 50  # cells of a column, to see whether it holds numbers
_BLANK_IN_NUMBER = re.compile("\\d['’ \u00a0\u2009\u202f]\\d{3}(?!\\d)")
_UNIVERSAL = re.compile(r":\d\d(?:[.,]\d+)?\s*(?:Z|UTC|GMT|[+-]00(?::?00)?)$")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?")


def open_station(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    *,
    lon: float | None = None,
    lat: float | None = None,
    estimate: Iterable[str] = (),
    elevation: float = 0.0,
    start: str | int | None = None,
    end: str | int | None = None,
    location: str | None = None,
    wind_height: float = STANDARD_HEIGHT,
    variables: Sequence[str] | None = None,
    gaps: bool = False,
    dayfirst: bool | None = None,
    timezone: str | None = None,
    sheet: str | None = None,
) -> xr.Dataset:
    """Weather from a table (``.csv``, ``.txt``, ``.tsv``, each also ``.gz``, or ``.xlsx``) with one row per step.

    path      comma, semicolon or tab between columns; a byte order mark, decimal commas, marks of thousands and a row
              of units under the header are understood; -999, -9999 and -99999 are missing
    columns   {CMIP name: header}, and ``{"time": header}`` where the date column has another name
    units     {CMIP name: units}, used instead of those of the header
    lon, lat  degrees, kept as coordinates (lat is needed to estimate radiation)
    location  name for the location, by default the file name; of a table with a column ``station`` or ``site`` and rows
              of several, the one whose rows are read
    dayfirst  order of day and month in dates such as 03/04/2015
    timezone  IANA name of a clock that is put forward in summer; stamps become its standard time
    sheet     of a spreadsheet; by default the first with cells
    estimate, elevation, wind_height, start, end  as in cmip.open_cmip
    variables only these CMIP variables, checked but not completed
    gaps      missing rows and values stay missing (NaN): for records to compare with or to fit, not to run
    returns   canonical Dataset, with co2 only where the table has it; attrs["clock"] says that stamps are local time,
              unless they say themselves that they are universal
    Raises InputError with the first row at fault for dates that are missing, double, reversed or unreadable, for
    values that are missing or no numbers, and for missing variables or units.
    """
    path, repairs = Path(path), Repairs()
    told_units = told_for(check_names(units), path)
    other_sheets: list[str] = []
    with naming_sheets(other_sheets):
        table = _one_site(_read(path, sheet, repairs, other_sheets), path, location)
        dates = _date_column(table, path, columns)
        found = variables_of_headers(table, path, dict(columns or {}), told_units)
    times, universal = _times(table, dates, path, dayfirst, timezone, repairs)
    place = {
        "lat": ("location", [np.nan if lat is None else lat]),
        "lon": ("location", [np.nan if lon is None else lon]),
    }
    coords = {"time": times, "location": [location or path.name.split(".")[0]], **place}
    others = [c for c in table if c not in {dates, *(header for header, _ in found.values())}]
    data, told = {}, {*(columns or {}), *told_units}
    if variables is None:
        _note_unread(table[others], path, repairs)
    else:
        found = {name: column for name, column in found.items() if name in variables}
    needed = {n: unit for n, (_, unit) in found.items() if n not in OPTIONAL or n in told}
    if bare := [n for n, unit in needed.items() if unknown(n, unit)]:
        raise UnitsMissingError(str(path), bare)
    for name, (header, unit) in found.items():
        with leaving_out(name, told, repairs):
            values = _numbers(table[header], header, path, repairs)
            data[name] = (("location", "time"), to_canonical(name, values, unit, str(path))[None, :])
    raw = xr.Dataset(data, coords=coords)
    if gaps:
        raw = _on_whole_axis(raw, str(path), repairs)
    clock.check_regular(raw.time.values, str(path))
    raw = clock.select_span(raw, start, end, str(path))
    raw = raw.assign_coords(time=clock.step_starts(raw.time.values, None, str(path)))
    raw.attrs = (
        {"source_files": str(path)} if universal else {"source_files": str(path), "clock": LOCAL_CLOCK}
    )
    with naming_sheets(other_sheets):
        ds = finish(raw.drop_vars("co2", errors="ignore"), str(path), repairs, estimate, elevation,
                    keep=variables, wind_height=wind_height, told=told, gaps=gaps,
                    others=others)  # fmt: skip
    return label(ds.assign(co2=raw.co2), repairs) if "co2" in raw else ds


def _note_unread(others: pd.DataFrame, path: Path, repairs: Repairs) -> None:
    """Say which columns of numbers have names that are not known: humidity may be among them, or longwave radiation."""
    series = [c for c in others if others[c].nunique() > 1 and _are_numbers(others[c])]
    if series:
        named = ", ".join(series[:MOST_NAMED]) + (", ..." if len(series) > MOST_NAMED else "")
        repairs.note(f"{path.name}: not known and not read: {named}; weather among them is told by columns")


def _are_numbers(cells: pd.Series) -> bool:
    """Whether the first filled cells are numbers, which is as much as a note needs."""
    filled = cells[~cells.str.strip().str.lower().isin(MISSING)].iloc[:GLANCED]
    return len(filled) > 0 and bool(pd.to_numeric(filled, errors="coerce").notna().all())


def variables_of(path: Path, columns: Mapping[str, str] | None = None, sheet: str | None = None) -> list[str]:
    """CMIP names of the variables that the headers of a table name, or that are told."""
    headers = list(_read(path, sheet, Unsaid()))
    told = {h: name for name, h in (columns or {}).items() if name in VARIABLES}
    names = [told.get(h) or (m[0] if (m := split_header(h)) else None) for h in headers]
    return [n for n in dict.fromkeys(names) if n is not None and n != "co2"]


def is_weather(path: Path, columns: Mapping[str, str] | None = None, sheet: str | None = None) -> bool:
    """Whether a table has precipitation and a temperature."""
    names = set(variables_of(path, columns, sheet))
    return "pr" in names and ("tas" in names or {"tasmin", "tasmax"} <= names)


def _on_whole_axis(raw: xr.Dataset, where: str, repairs: Repairs) -> xr.Dataset:
    """Rows that are absent as missing values. Raises InputError for steps that are no multiples of the usual one."""
    sec = clock.seconds(raw.time.values)
    if len(sec) < 2 or (np.diff(sec) <= 0).any():
        return raw  # refused by the check of the axis
    step = int(clock.usual_step(sec))
    if ((sec - sec[0]) % step).any():
        raise InputError(where, f"the rows do not follow a step of {step} s", "give a table with one step")
    if (sec[-1] - sec[0]) // step > 10 * len(sec):
        raise InputError(where, "most of its rows are absent", "give a shorter span")
    whole = clock.stamps(np.arange(sec[0], sec[-1] + step, step), raw.time.values)
    if len(whole) > len(sec):
        repairs.note(f"{len(whole) - len(sec)} rows are absent from the table and stay missing")
    return raw.reindex(time=whole)


# ------------------------------------------------------------------------------------------------ the table


def _read(path: Path, sheet: str | None, repairs: Repairs, other: list[str] | None = None) -> pd.DataFrame:
    """All cells as text, headers stripped. Lines that begin with # are comments. Other sheets go to `other`."""
    if not path.is_file():
        raise InputError(str(path), "no such file", "check the path")
    content, said = table_bytes(path, sheet)
    if other is not None:
        other += said
    for note in said:
        repairs.note(f"{path.name}: {note}")
    text = _decoded(content, path, repairs)
    text, above = below_preamble(text)
    if above:
        repairs.note(f"{path.name}: {above} lines above the header left out")
    separator = _separator(text, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", pd.errors.ParserWarning
            )  # rows longer than the header would lose cells
            table = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                dtype=object,  # Python's own text: with pyarrow pandas would read other regular expressions
                comment="#",
                keep_default_na=False,
                index_col=False,
            ).fillna("")
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, ValueError) as error:
        mend = "give every row the columns of the header"
        raise InputError(str(path), f"is no table ({error})"[:200], mend) from error
    table.columns = [str(c).strip().strip('"') for c in table.columns]
    table = _with_dates(_with_units_row(table))
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InputError(str(path), f"has two columns {twice[0]!r}", "give every column its own name")
    if separator == "," and '"' not in text and not _BLANK_IN_NUMBER.search(text):
        return table  # no cell can hold a comma
    return _with_points(table, path, repairs)


def _decoded(content: bytes, path: Path, repairs: Repairs) -> str:
    """Text in UTF-8 or UTF-16, else in the Western code page of Windows, whose degree sign is told by nothing else."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except ValueError:
        text = "\0" if wide else content.decode("cp1252", errors="replace")
        repairs.note(f"{path.name}: is not in UTF-8, read as Windows-1252")
    if "\0" in text:
        raise InputError(str(path), "is no text", "give a CSV in UTF-8")
    return text


def _with_units_row(table: pd.DataFrame) -> pd.DataFrame:
    """A row of units under the header moves into the headers that have none."""
    if table.empty or any(c.isdigit() for c in table.iloc[0, 0]):
        return table
    units = [cell.strip(" []()") for cell in table.iloc[0]]
    if not any(key_of(u) in UNITS for u in units) or any(re.fullmatch(r"[-+]?[\d.,]+", u) for u in units):
        return table
    named = [
        f"{c} [{u}]" if key_of(u) in UNITS and split_header(c) else c
        for c, u in zip(table, units, strict=True)
    ]
    return table.iloc[1:].set_axis(named, axis=1).reset_index(drop=True)


def _with_dates(table: pd.DataFrame) -> pd.DataFrame:
    """A column of dates where year, month and day have columns of their own."""
    parts = dates_of_parts(list(table), table.to_numpy().tolist())
    if parts is None or any(c.lower() in DATE_COLUMNS for c in table if c not in parts[1]):
        return table
    return table.drop(columns=parts[1]).assign(date=parts[0])


def _one_site(table: pd.DataFrame, path: Path, location: str | None) -> pd.DataFrame:
    """Rows of one station. Raises InputError for rows of several where none is chosen."""
    column = next((c for c in table if key_of(c) in SITE_COLUMNS and table[c].nunique() > 1), None)
    if column is None:
        return table
    sites = list(dict.fromkeys(table[column].str.strip()))
    if location not in sites:
        what = f"has rows of {len(sites)} stations ({', '.join(sites[:8])})"
        raise InputError(
            f"{path}, column {column!r}", what, f'choose one: location="{sites[0]}" (--location)'
        )
    return table[table[column].str.strip() == location].reset_index(drop=True)


def _separator(text: str, path: Path) -> str:
    header = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    counts = {s: header.count(s) for s in ("\t", ";", ",")}
    best = max(counts, key=lambda s: counts[s])
    if counts[best] == 0:
        what = f"has a single column (header {header[:60]!r})"
        raise InputError(str(path), what, "separate the columns by comma, semicolon or tab")
    return best


def _with_points(table: pd.DataFrame, path: Path, repairs: Repairs) -> pd.DataFrame:
    """Decimal commas become points and marks of thousands vanish. Raises InputError where ``1,234`` may be either."""
    mixed = [c for c in table if table[c].str.contains("\\d[,' \u00a0\u2009\u202f]\\d", regex=True).any()]
    mixed = [c for c in mixed if not _are_words_or_dates(table[c])]
    if not mixed:
        return table
    mark = sure_mark(cell for c in table for cell in table[c])
    changed: dict[str, pd.Series] = {}
    for c in mixed:
        cells = table[c].str.strip()
        if mark is None and (unsure := cells[cells.map(doubtful)]).size:
            what = f"{unsure.iloc[0]!r} has a comma before thousands or before decimals"
            mend = "write the decimals of the table with points, or numbers without marks of thousands"
            raise InputError(f"{path}, column {c}, {_row(int(unsure.index[0]))}", what, mend)
        own = mark or "."
        many = cells.map(lambda cell, own=own: grouped(cell, own))
        if many.any():
            example = cells[many].iloc[0]
            repairs.note(
                f"{path.name}: marks of thousands taken out of {int(many.sum())} cells of {c}, as in {example!r}"
            )
            cells = cells.where(~many, cells.map(lambda cell, own=own: ungrouped(cell, own)))
        changed[c] = cells.str.replace(",", ".", regex=False) if own == "," else cells
    if mark == ",":
        repairs.note(f"{path.name}: decimal commas read as points in {', '.join(changed)}")
    return table.assign(**changed)


def _are_words_or_dates(cells: pd.Series) -> bool:
    """Whether a column holds other than numbers; a minus sign makes no date, and a mark of a missing value no word."""
    filled = cells[~cells.str.strip().str.lower().isin(MISSING)]
    return bool(filled.str.contains(r"\d[-/:]\d|[A-Za-z]{2}", regex=True).any())


def _row(i: int) -> str:
    return f"data row {i + 1}"


def _date_column(table: pd.DataFrame, path: Path, columns: Mapping[str, str] | None) -> str:
    told = (columns or {}).get("time")
    if told is not None and told in table:
        return told
    found = [c for c in table.columns if c.lower() in DATE_COLUMNS]
    if told is not None or not found:
        what = f"has no column {told or 'date or time'!r} (columns: {', '.join(table.columns[:15])})"
        raise InputError(
            str(path), what, 'name the date column "date", or give columns={"time": "its header"}'
        )
    return found[0]


def _times(
    table: pd.DataFrame,
    column: str,
    path: Path,
    dayfirst: bool | None,
    timezone: str | None,
    repairs: Repairs,
) -> tuple[np.ndarray, bool]:
    """datetime64[ns] stamps, and whether they say that they are universal time."""
    if table.empty:
        raise InputError(str(path), "has no rows below its header", "give the table with its data")
    text = table[column].str.strip()
    if timezone is None and len(text) and text.str.fullmatch(_ISO).all() and text.str.len().nunique() == 1:
        stamps = pd.to_datetime(text, format="ISO8601", errors="coerce")
        if not stamps.isna().any() and not (len(text[0]) == 10 and _clock_column(table, column)):
            return stamps.to_numpy("datetime64[ns]"), False
    other = _clock_column(table, column) if not text.str.contains(":").any() else None
    clocks = None if other is None else table[other].tolist()
    found, notes = read_times(
        text.tolist(), clocks, range(1, len(text) + 1), str(path), dayfirst, timezone=timezone, row="data row"
    )
    for note in notes:
        repairs.note(f"{path.name}: {note}")
    last = text if clocks is None else table[other].str.strip()
    return found, bool(len(text)) and bool(last.str.contains(_UNIVERSAL).all())


def _clock_column(table: pd.DataFrame, column: str) -> str | None:
    """A column of times of the day beside that of the dates."""
    named = [c for c in table if c != column and key_of(c) in CLOCK_COLUMNS]
    return next((c for c in named if table[c].str.contains(r"^\s*\d{1,2}:\d\d", regex=True).all()), None)


def _numbers(column: pd.Series, header: str, path: Path, repairs: Repairs) -> np.ndarray:
    """float64 values; NaN where a cell is empty or says so. Raises InputError for any other text."""
    text = column.str.strip()
    missing = text.str.lower().isin(MISSING).to_numpy()
    values = pd.to_numeric(text.where(~missing, "nan"), errors="coerce").to_numpy("f8")
    bad = np.isnan(values) & ~missing
    if bad.any():
        i = int(np.argmax(bad))
        what = f"{text.iloc[i][:40]!r} is no number ({int(bad.sum())} such row(s))"
        raise InputError(
            f"{path}, column {header}, {_row(i)}", what, "write numbers, or leave the cell empty"
        )
    coded = np.isin(values, CODES)
    if coded.any():
        repairs.note(
            f"{path.name}: {int(coded.sum())} cells {values[coded][0]:g} of {header} are missing values"
        )
    return np.where(coded, np.nan, values)

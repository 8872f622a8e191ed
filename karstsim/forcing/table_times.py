"""Dates of spring tables: one format a table, found out where only one is possible, told where several are.

Time zones written into the stamps or beside them (a column ``tz_cd`` of the US Geological Survey) are honoured: where
they change within a table, all stamps are brought to its standard time, and that is said.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from karstsim.core.errors import InputError

_CLOCK = (
    r"(?:[ T,;]+(?P<H>\d{1,2}):?(?P<M>\d\d)(?::?(?P<S>\d\d(?:[.,]\d+)?))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|[A-Z]{3,4}|[+-]\d\d(?::?\d\d)?)?$"
)
_FORMATS = {  # y, m, d; a and b where the order of day and month is open; n a month by name; yy two digits
    "year-month-day": r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _CLOCK,
    "yearmonthday": r"^(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)" + _CLOCK,
    "day and month, year": r"^(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4})" + _CLOCK,
    "day and month, year of two digits": r"^(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<yy>\d{2})" + _CLOCK,
    "day, name of the month, year": r"^(?P<d>\d{1,2})[-\s./]*(?P<n>[^\W\d]{3,9})[-\s.,/]*(?P<y>\d{4})"
    + _CLOCK,
    "name of the month, day, year": r"^(?P<n>[^\W\d]{3,9})[-\s.]*(?P<d>\d{1,2})[-\s.,]+(?P<y>\d{4})" + _CLOCK,
}
_MONTHS = (  # first letters in English, German, French, Spanish and Italian, without accents
    "jan ene gen", "feb fev", "mar mrz mae", "apr avr abr", "may mai mag", "jun juin giu", "jul juil lug",
    "aug aou ago", "sep set", "oct okt ott", "nov", "dec dez dic",
)  # fmt: skip
_YEARS = (1700, 2300)
_CENTURY = 69  # two digits from 69 are of the 20th century, as POSIX has it
_ZONES = {  # hours from universal time
    "Z": 0.0, "UTC": 0.0, "GMT": 0.0, "WET": 0.0, "WEST": 1.0, "BST": 1.0, "CET": 1.0, "CEST": 2.0, "MEZ": 1.0,
    "MESZ": 2.0, "EET": 2.0, "EEST": 3.0, "AST": -4.0, "ADT": -3.0, "EST": -5.0, "EDT": -4.0, "CST": -6.0,
    "CDT": -5.0, "MST": -7.0, "MDT": -6.0, "PST": -8.0, "PDT": -7.0, "AKST": -9.0, "AKDT": -8.0, "HST": -10.0,
}  # fmt: skip


def read_times(
    dates: Sequence[str],
    clocks: Sequence[str] | None,
    lines: Sequence[int],
    where: str,
    dayfirst: bool | None,
    zones: Sequence[str] | None = None,
    timezone: str | None = None,
    row: str = "line",
    form: str | None = None,
) -> tuple[np.ndarray, list[str]]:
    """Time stamps, datetime64[ns] (n,), and what had to be supposed.

    dates     ``19900901``, ``1990-09-01``, ``1990/9/1 06:00``, ``1 Sep 1990``, or day and month before the year
    clocks    ``9:20``, from a column of its own
    lines     line numbers in the file, for messages
    dayfirst  the order where the year comes last; None: found out from a number above 12, else refused
    zones     ``EST``, ``+01:00``, from a column of its own
    timezone  IANA name (``Europe/Ljubljana``) of a clock that is put forward in summer; stamps become standard time
    row       what `lines` count
    form      format of all stamps in the manner of strptime, ``%y-%m-%d``, where none is to be found out

    A zone that all stamps share is dropped and named. Raises InputError with the first line at fault.
    """
    text = pd.Series([date.strip() for date in dates], dtype=object)
    if clocks is not None:
        text = (text + " " + pd.Series([clock.strip() for clock in clocks], dtype=object)).str.strip()
    where, lines = f"{where}, {row}", list(lines)
    text = text.str.replace(r"(?<=\d)\. +(?=\d)", ".", regex=True)  # "31. 12. 2019"
    if form is not None:
        stamps, notes = _by_form(text, form, lines, where), [f"dates read as {form!r}, as told"]
        return (stamps if timezone is None else _standard_time(stamps, timezone, text, lines, where)), notes
    name, parts = _parts(text, lines, where)
    notes = [] if name != "yearmonthday" else ["dates read as YYYYMMDD"]
    if "yy" in parts:
        if dayfirst is None:
            _refuse_year_first(parts, text, lines, where)
        short = parts["yy"].astype(int)
        parts["y"] = (short + np.where(short >= _CENTURY, 1900, 2000)).astype(str)
        notes.append(f"years of two digits read as 19{_CENTURY} to 20{_CENTURY - 1}")
    if "a" in parts:
        day_first, said = _order(parts, text, lines, where, dayfirst)
        parts = parts.rename(columns={"a": "d", "b": "m"} if day_first else {"a": "m", "b": "d"})
        notes.append(said)
    if "n" in parts:
        parts["m"] = [_month_of(n) for n in parts["n"]]
    stamps = _stamps(parts, text, lines, where)
    written = (
        parts["zone"].tolist()
        if zones is None
        else [z.strip() or p for z, p in zip(zones, parts["zone"], strict=True)]
    )
    if timezone is not None:
        if any(written):
            raise InputError("timezone", "the stamps have a time zone of their own", "leave timezone out")
        return _standard_time(stamps, timezone, text, lines, where), [
            *notes,
            f"clock of {timezone} read as its standard time",
        ]
    return _same_zone(stamps, written, text, lines, where, notes)


def _same_zone(
    stamps: np.ndarray, zones: list[str], text: pd.Series, lines: Sequence[int], where: str, notes: list[str]
) -> tuple[np.ndarray, list[str]]:
    """Stamps of one zone; where the zone changes all are brought to the one farthest west, the standard time."""
    kinds = list(dict.fromkeys(zones))
    if kinds == [""]:
        return stamps, notes
    if len(kinds) == 1:
        return stamps, [*notes, f"time zone {kinds[0]} dropped: the stamps stay as they are written"]
    hours = np.array([np.nan if (h := _hours(zone)) is None else h for zone in zones])
    if np.isnan(hours).any():
        row = int(np.argmax(np.isnan(hours)))
        what = f"{text[row]!r} is in the time zone {zones[row] or '(none)'!r}, other rows in {kinds[0] or '(none)'!r}"
        raise InputError(f"{where} {lines[row]}", what, "write local standard time all the year round")
    standard = float(hours.min())
    shifted = stamps + np.rint((standard - hours) * 3600.0).astype("timedelta64[s]")
    said = f"time zones {', '.join(kinds[:6])}: all stamps brought to UTC{standard:+g} h"
    return shifted.astype("datetime64[ns]"), [*notes, said]


def _hours(zone: str) -> float | None:
    """Hours from universal time, None for a zone that is not known."""
    if zone[:1] not in ("+", "-"):
        return _ZONES.get(zone.upper()) if zone else None
    digits = zone[1:].replace(":", "")
    return float(zone[0] + "1") * (int(digits[:2]) + int(digits[2:] or 0) / 60.0)


def _standard_time(
    stamps: np.ndarray, timezone: str, text: pd.Series, lines: Sequence[int], where: str
) -> np.ndarray:
    """Clock time of a zone as its standard time. Raises InputError for hours that do not exist or exist twice."""
    try:
        zone = ZoneInfo(timezone)
    except Exception as error:  # zoneinfo raises several kinds for names and for paths
        mend = "give an IANA name such as Europe/Ljubljana"
        raise InputError("timezone", f"{timezone!r} is not known", mend) from error
    index = pd.DatetimeIndex(stamps)
    local = index.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    if local.hasnans:
        with contextlib.suppress(ValueError):
            local = index.tz_localize(zone, ambiguous="infer", nonexistent="NaT")
    if local.hasnans:
        row = int(np.argmax(local.isna()))
        count = int(local.isna().sum())
        what = f"{text[row]!r} does not exist or exists twice on the clock of {timezone} ({count} rows)"
        raise InputError(f"{where} {lines[row]}", what, "write local standard time all the year round")
    year = int(index[0].year)
    offsets = [datetime(year, m, 1, tzinfo=zone).utcoffset() for m in (1, 7)]
    standard = min(o for o in offsets if o is not None)
    return (local.tz_convert("UTC").tz_localize(None) + standard).to_numpy("datetime64[ns]")


def _month_of(name: str) -> str:
    """Number of a month by its name; "0" for a word that is none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    for number, starts in enumerate(_MONTHS, start=1):
        if any(plain.startswith(start) for start in starts.split()):
            return str(number)
    return "0"


def _by_form(text: pd.Series, form: str, lines: Sequence[int], where: str) -> np.ndarray:
    try:
        stamps = pd.to_datetime(text, format=form, errors="coerce")
    except ValueError as error:
        raise InputError(
            "date_format", f"{form!r} is no format ({error})", "write it as in '%y-%m-%d'"
        ) from None
    if stamps.isna().any():
        row = int(np.argmax(stamps.isna()))
        raise InputError(
            f"{where} {lines[row]}", f"date {text[row]!r} is not {form!r}", "correct it or the format"
        )
    return stamps.to_numpy("datetime64[ns]")


def _refuse_year_first(parts: pd.DataFrame, text: pd.Series, lines: Sequence[int], where: str) -> None:
    """``15-03-04`` may be the year, the month and the day. Dates with points or strokes end with their year."""
    first, second, last = (parts[k].astype(int).to_numpy() for k in ("a", "b", "yy"))
    if not text.str.match(r"^\d{1,2}-").any() or (last > 31).any() or (second > 12).any() or (last < 1).any():
        return
    mend = (
        "tell the format (date_format='%y-%m-%d'), or the order with dayfirst= (--day-first, --month-first)"
    )
    row = int(np.argmax(first > 31)) if (first > 31).any() else 0
    raise InputError(f"{where} {lines[row]}", f"date {text[row]!r}: year first or last?", mend)


def looks_like_dates(cells: Sequence[str]) -> bool:
    """Whether the cells of a column without a name are dates."""
    text = pd.Series([cell.strip() for cell in cells], dtype=object)
    return any(bool(text.str.match(form).all()) for form in _FORMATS.values())


def _parts(text: pd.Series, lines: Sequence[int], where: str) -> tuple[str, pd.DataFrame]:
    """The format that fits most rows, and its parts. Raises InputError for the first row that it does not fit."""
    fits = {name: text.str.match(form).to_numpy(bool) for name, form in _FORMATS.items()}
    name = max(fits, key=lambda form: int(fits[form].sum()))
    if not fits[name].all():
        row = int(np.argmin(fits[name]))
        other = next((form for form, fit in fits.items() if fit[row]), None)
        what = f"date {text[row]!r} is not understood"
        if other and fits[name].any():
            what = f"date {text[row]!r} is written as {other}, others as {name}"
        raise InputError(f"{where} {lines[row]}", what, "write dates as 2015-01-31 or 2015-01-31 06:00")
    return name, text.str.extract(_FORMATS[name]).fillna("")


def _order(
    parts: pd.DataFrame, text: pd.Series, lines: Sequence[int], where: str, told: bool | None
) -> tuple[bool, str]:
    """Whether the day comes first, and how that is known."""
    if told is not None:
        return told, f"dates read with the {'day' if told else 'month'} first, as told"
    first, second = parts["a"].astype(int).to_numpy(), parts["b"].astype(int).to_numpy()
    if (first > 12).any() and not (second > 12).any():
        return True, f"dates read with the day first: {text[int(np.argmax(first > 12))]!r} allows no other"
    if (second > 12).any() and not (first > 12).any():
        return (
            False,
            f"dates read with the month first: {text[int(np.argmax(second > 12))]!r} allows no other",
        )
    if text.str.match(r"^\d{1,2}\.\d{1,2}\.").all() and not (second > 12).any():
        return True, "dates with points read with the day first, as all who write them so do"
    both = (first > 12).any()
    row = int(np.argmax(second > 12)) if both else 0
    what = f"date {text[row]!r}: {'both orders of day and month occur' if both else 'day or month first?'}"
    raise InputError(
        f"{where} {lines[row]}", what, "say dayfirst= (--day-first, --month-first), or write 2015-01-31"
    )


def _stamps(parts: pd.DataFrame, text: pd.Series, lines: Sequence[int], where: str) -> np.ndarray:
    """datetime64[ns]; 24:00 is the next midnight. Raises InputError for a day or an hour that does not exist."""
    clock = parts[["H", "M", "S"]].replace("", "0")
    hour = clock["H"].astype(int)
    half = parts["half"].str.lower().str[:1]
    hour = hour.where(half == "", hour % 12 + 12 * (half == "p"))
    minute, second = clock["M"].astype(int), clock["S"].str.replace(",", ".").astype(float)
    year = parts["y"].astype(int)
    days = pd.to_datetime(
        pd.DataFrame({"year": year, "month": parts["m"].astype(int), "day": parts["d"].astype(int)}),
        errors="coerce",
    )
    late = (hour > 24) | (minute > 59) | (second >= 60.0) | ((hour == 24) & (minute + second > 0))
    bad = (days.isna() | late | (year < _YEARS[0]) | (year > _YEARS[1])).to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        what = f"there is no time {text[row]!r} ({int(bad.sum())} such row(s))"
        raise InputError(
            f"{where} {lines[row]}",
            what,
            "correct it, or say dayfirst= (--day-first, --month-first) if the order is another",
        )
    seconds = 3600.0 * hour + 60.0 * minute + second
    stamps = days.to_numpy("datetime64[ns]") + np.rint(1e3 * seconds.to_numpy()).astype("timedelta64[ms]")
    return stamps.astype("datetime64[ns]")

"""Dates of spring tables: one format a table, found out where only one is possible, told where several are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from karstsim.core.errors import InputError

_CLOCK = (
    r"(?:[ T,;]+(?P<H>\d{1,2}):?(?P<M>\d\d)(?::?(?P<S>\d\d(?:[.,]\d+)?))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$"
)
_FORMATS = {  # y, m, d; a and b where the order of day and month is open
    "year-month-day": r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _CLOCK,
    "yearmonthday": r"^(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)" + _CLOCK,
    "day and month, year": r"^(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4})" + _CLOCK,
}
_YEARS = (1700, 2300)


def read_times(
    dates: Sequence[str],
    clocks: Sequence[str] | None,
    lines: Sequence[int],
    where: str,
    dayfirst: bool | None,
) -> tuple[np.ndarray, list[str]]:
    """Time stamps, datetime64[ns] (n,), and what had to be supposed.

    dates     ``19900901``, ``1990-09-01``, ``1990/9/1 06:00``, or day and month before the year
    clocks    ``9:20``, from a column of its own
    lines     line numbers in the file, for messages
    dayfirst  the order where the year comes last; None: found out from a number above 12, else refused

    A time zone that all stamps share is dropped and named. Raises InputError with the first line at fault.
    """
    text = pd.Series([date.strip() for date in dates], dtype="str")
    if clocks is not None:
        text = (text + " " + pd.Series([clock.strip() for clock in clocks], dtype="str")).str.strip()
    name, parts = _parts(text, lines, where)
    notes = [] if name != "yearmonthday" else ["dates read as YYYYMMDD"]
    if "a" in parts:
        day_first, said = _order(parts, text, lines, where, dayfirst)
        parts = parts.rename(columns={"a": "d", "b": "m"} if day_first else {"a": "m", "b": "d"})
        notes.append(said)
    zones = parts["zone"].unique()
    if len(zones) > 1:
        row = int(np.argmax((parts["zone"] != parts["zone"].iloc[0]).to_numpy()))
        what = f"{text[row]!r} is in another time zone than the rows before it"
        raise InputError(f"{where}, line {lines[row]}", what, "write local standard time all the year round")
    if zones[0]:
        notes.append(f"time zone {zones[0]} dropped: the stamps stay as they are written")
    return _stamps(parts, text, lines, where), notes


def looks_like_dates(cells: Sequence[str]) -> bool:
    """Whether the cells of a column without a name are dates."""
    text = pd.Series([cell.strip() for cell in cells], dtype="str")
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
        raise InputError(f"{where}, line {lines[row]}", what, "write dates as 2015-01-31 or 2015-01-31 06:00")
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
    both = (first > 12).any()
    row = int(np.argmax(second > 12)) if both else 0
    what = f"date {text[row]!r}: {'both orders of day and month occur' if both else 'day or month first?'}"
    raise InputError(f"{where}, line {lines[row]}", what, "say dayfirst=True or False, or write 2015-01-31")


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
            f"{where}, line {lines[row]}", what, "correct it, or say dayfirst= if the order is another"
        )
    seconds = 3600.0 * hour + 60.0 * minute + second
    stamps = days.to_numpy("datetime64[ns]") + np.rint(1e3 * seconds.to_numpy()).astype("timedelta64[ms]")
    return stamps.astype("datetime64[ns]")

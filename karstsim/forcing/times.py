"""Time axes of any CF calendar: step length, order, gaps and spans, without ever assuming 365.25 days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import cftime
import numpy as np
import pandas as pd
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError

SHORTEST_STEP = 60.0  # s; one minute, far below the 10 min of storm runs
LONGEST_STEP = SECONDS_PER_DAY  # s; weather averaged over more than a day has lost its rain days
_EPOCH = "seconds since 1850-01-01 00:00:00"


def text(time: Any) -> str:
    """A time stamp as ISO text, without the seconds that are zero: ``2015-01-01`` or ``2015-01-01 06:30:00``."""
    if isinstance(time, np.datetime64):
        time = pd.Timestamp(time)
    date = f"{time.year:04d}-{time.month:02d}-{time.day:02d}"
    clock = f"{time.hour:02d}:{time.minute:02d}:{time.second:02d}"
    return date if clock == "00:00:00" else f"{date} {clock}"


def seconds(times: np.ndarray) -> np.ndarray:
    """Seconds since a fixed date as int64 (n_time,), in the calendar of the stamps themselves.

    times   (n_time,) datetime64 or cftime objects; decoded floats are rounded to the nearest second.
    """
    if np.issubdtype(times.dtype, np.datetime64):
        offset = times.astype("datetime64[ms]") - np.datetime64(
            "1850-01-01", "ms"
        )  # ns would overflow in 2262
        return np.rint(offset / np.timedelta64(1, "s")).astype("i8")
    return np.rint(cftime.date2num(times, _EPOCH, calendar=times[0].calendar)).astype("i8")


def calendar_of(times: np.ndarray) -> str:
    """CF name of the calendar of the stamps; datetime64 is ``proleptic_gregorian``."""
    return "proleptic_gregorian" if np.issubdtype(times.dtype, np.datetime64) else times[0].calendar


def stamps(sec: np.ndarray, like: np.ndarray) -> np.ndarray:
    """The inverse of `seconds`: time stamps of the kind and calendar of `like`."""
    if np.issubdtype(like.dtype, np.datetime64):
        return np.datetime64("1850-01-01", "ns") + sec * np.timedelta64(1_000_000_000, "ns")
    return cftime.num2date(sec, _EPOCH, calendar=like[0].calendar)


def usual_step(sec: np.ndarray) -> float:
    """The most frequent positive distance, s, between `seconds` in any order. Needs two different ones."""
    values, counts = np.unique(np.diff(np.unique(sec)), return_counts=True)
    return float(values[np.argmax(counts)])


def check_regular(times: np.ndarray, where: str, sec: np.ndarray | None = None) -> float:
    """The uniform step, s. `sec` are the `seconds` of the times, where they are known already.

    Raises InputError for fewer than two stamps, a duplicate, a reversed order, a gap, or a step outside one minute
    to one day; the message gives the time at fault.
    """
    if len(times) < 2:
        raise InputError(where, f"{len(times)} time step(s)", "give a series of at least two steps")
    sec = seconds(times) if sec is None else sec
    gaps = np.diff(sec)
    _refuse_first(gaps == 0, times, where, "duplicate time", "keep one row or file for each time")
    _refuse_first(gaps < 0, times, where, "times run backwards at", "sort the series by time")
    step = usual_step(sec)
    if not SHORTEST_STEP <= step <= LONGEST_STEP:
        raise InputError(
            where,
            f"time step of {step / SECONDS_PER_DAY:g} d from {text(times[0])} on",
            "give daily or finer data (1 minute to 1 day); monthly means have lost the rain days, "
            'which months="generate" would invent',
        )
    odd = np.flatnonzero(gaps != step)
    if odd.size:
        raise InputError(where, _gap_text(times, gaps, step, odd), _gap_mend(times, odd))
    return step


def _refuse_first(bad: np.ndarray, times: np.ndarray, where: str, what: str, mend: str) -> None:
    if bad.any():
        first = int(np.argmax(bad)) + 1
        raise InputError(where, f"{what} {text(times[first])} ({int(bad.sum())} in all)", mend)


def _gap_text(times: np.ndarray, gaps: np.ndarray, step: float, odd: np.ndarray) -> str:
    i = int(odd[0])
    missing = gaps[i] / step - 1.0
    return (
        f"uneven steps: after {text(times[i])} comes {text(times[i + 1])} ({missing:g} steps of {step:g} s missing); "
        f"{odd.size} such place(s)"
    )


def _gap_mend(times: np.ndarray, odd: np.ndarray) -> str:
    before = pd.Timestamp(times[odd[0]]) if isinstance(times[0], np.datetime64) else times[odd[0]]
    if (before.month, before.day) == (2, 28):
        return "29 February is absent: give the time axis its true calendar (calendar = 'noleap') or fill the day"
    return (
        "add the missing file or fill the missing steps; or choose start and end so that the gap is left out"
    )


def from_middles(times: np.ndarray) -> np.ndarray:
    """Stamps in the middle of steps below a day (00:30, 01:30, ...) moved to their beginning; others as they are."""
    sec = seconds(times)
    step = int(usual_step(sec)) if len(np.unique(sec)) > 1 else 0
    if not 0 < step < LONGEST_STEP or step % 2 or SECONDS_PER_DAY % step or (sec % step != step // 2).any():
        return times
    return stamps(sec - step // 2, times)


def step_starts(times: np.ndarray, bounds: np.ndarray | None, where: str) -> np.ndarray:
    """The beginning of every step: canonical stamps, whatever a file uses (noon, midnight, end of the interval).

    times    (n_time,) stamps as in the file
    bounds   (n_time, 2) of the same type, or None. Daily steps without bounds begin at midnight of the stamped day;
             finer steps without bounds are taken as stamped at their beginning.
    Raises InputError where stamps lie outside their bounds by more than a step.
    """
    if len(times) < 2:
        return times
    sec = seconds(times)
    step = usual_step(sec)
    low = middle = sec
    if bounds is not None:
        low, high = seconds(bounds[:, 0]), seconds(bounds[:, 1])
        middle = (low + high) // 2
        astray = (sec < low - step) | (sec > high + step)
        if astray.any():
            first = text(times[np.argmax(astray)])
            raise InputError(where, f"time {first} lies outside its bounds", "mend the time bounds")
    day = int(SECONDS_PER_DAY)
    starts = middle // day * day if step == LONGEST_STEP else low
    return times if np.array_equal(starts, sec) else stamps(starts, times)


def year_fraction(times: np.ndarray, step: float) -> np.ndarray:
    """Fraction of the year (0..1) at the middle of each step, the same season in every calendar.

    times   (n_time,) beginning of the steps (a daily step is the whole stamped day)
    step    s
    """
    t = xr.DataArray(times, dims="time", coords={"time": times}).dt
    return day_of_year(times, step) / t.days_in_year.values


def day_of_year(times: np.ndarray, step: float) -> np.ndarray:
    """Days since the year began at the middle of each step, in the calendar of the stamps; as `year_fraction`."""
    t = xr.DataArray(times, dims="time", coords={"time": times}).dt
    clock = (t.hour * 3600.0 + t.minute * 60.0 + t.second).values / SECONDS_PER_DAY
    day = t.dayofyear.values - 1.0
    return day + 0.5 if step == LONGEST_STEP else day + clock + 0.5 * step / SECONDS_PER_DAY


def decimal_years(times: np.ndarray) -> np.ndarray:
    """Year plus its elapsed fraction, float64 (n_time,), in the calendar of the stamps."""
    years = np.array([t.year for t in times]) if times.dtype == object else None
    if years is None:
        years = times.astype("datetime64[Y]").astype("i8") + 1970
    return years + year_fraction(times, 0.0)


def parse_date(date: str | int | None, where: str) -> tuple[int, ...] | None:
    """``2015``, ``"2015-03"`` or ``"2015-03-31"`` as a tuple of one to three integers; None stays None.

    Raises InputError for anything else.
    """
    if date is None:
        return None
    try:
        parts = tuple(int(p) for p in str(date).split("-"))
    except ValueError:
        parts = ()
    limits = ((0, 9999), (1, 12), (1, 31))
    if not 1 <= len(parts) <= 3 or any(not a <= p <= b for p, (a, b) in zip(parts, limits, strict=False)):
        raise InputError(where, f"{date!r} is not a date", "write a year, year-month or year-month-day")
    return parts


def select_span(ds: xr.Dataset, start: str | int | None, end: str | int | None, where: str) -> xr.Dataset:
    """The steps from `start` to `end`, both included (a year means all of it), in any calendar.

    Raises InputError where the data do not cover the asked span.
    """
    first, last = parse_date(start, "start"), parse_date(end, "end")
    if first is None and last is None:
        return ds
    keep = np.ones(ds.sizes["time"], bool)
    key = _date_key(ds)
    if first is not None:
        keep &= key >= _padded(first, 0)
    if last is not None:
        keep &= key <= _padded(last, 99)
    chosen = ds.isel(time=np.flatnonzero(keep))
    if chosen.sizes["time"] == 0 or not _covers(chosen, ds, first, last):
        have = f"{text(ds.time.values[0])} to {text(ds.time.values[-1])}"
        raise InputError(
            where,
            f"data cover {have}, asked are {start or 'the first step'} to {end or 'the last step'}",
            "choose start and end within the data, or add the files that are missing",
        )
    return chosen


def _date_key(ds: xr.Dataset) -> np.ndarray:
    t = ds.time.dt
    return (t.year * 10000 + t.month * 100 + t.day).values


def _padded(parts: Sequence[int], fill: int) -> int:
    year, month, day = (*parts, fill, fill)[:3]
    return year * 10000 + month * 100 + day


def _covers(
    chosen: xr.Dataset, ds: xr.Dataset, first: tuple[int, ...] | None, last: tuple[int, ...] | None
) -> bool:
    """True when the step before the first chosen and the step after the last fall outside the asked span."""
    index = chosen.indexes["time"]
    step = timedelta(seconds=usual_step(seconds(ds.time.values)))
    before, after = index[0] - step, index[-1] + step
    early = first is None or _prefix(before, len(first)) < first
    late = last is None or _prefix(after, len(last)) > last
    return early and late


def _prefix(time: Any, n: int) -> tuple[int, ...]:
    return (time.year, time.month, time.day)[:n]

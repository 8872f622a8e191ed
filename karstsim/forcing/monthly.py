"""Monthly means as daily weather, only where that is asked for, and labelled as what it is.

The mean of every month is kept to rounding. Within the month the weather is that of a generator (synthetic.py): rain
falls on its wet days, multiplied to the month's sum; temperature is its course, shifted to the month's mean; radiation
and wind are multiplied, pressure and humidity stay at the month's value. Daily variability is therefore invented, and
so is what depends on it: storms, recharge pulses, the diel range.
"""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import Repairs

MONTH = "month"
SHORTEST, LONGEST = 27 * SECONDS_PER_DAY, 32 * SECONDS_PER_DAY
COMMENT = (
    "daily weather generated from monthly means: the days are invented, the monthly means are the source's"
)
SEED = 1
_MONTH = re.compile(r"(?<![A-Za-z])months?(?![A-Za-z])")
SHIFTED = ("tas", "tasmin", "tasmax", "tdps")  # follow the generator's temperature
SCALED = {"pr": "pr", "prsn": "pr", "rsds": "rsds", "sfcWind": "sfcWind", "evspsblpot": "rsds"}


def check(months: str | None) -> None:
    """Raises InputError for a wish that is not known."""
    if months not in (None, "generate"):
        raise InputError("months", f"{months!r} is not known", 'write months="generate", or leave it out')


def is_monthly(sec: np.ndarray) -> bool:
    """Whether stamps (s) follow each other by months."""
    gaps = np.diff(sec)
    return gaps.size > 0 and bool(np.all((gaps >= SHORTEST) & (gaps <= LONGEST)))


def per_month(units: str) -> bool:
    return bool(_MONTH.search(units))


def as_days(units: str) -> str:
    """Units per month as those per day: to a unit parser a month is a twelfth of the year."""
    return _MONTH.sub("day", units)


def seconds_of(times: np.ndarray) -> np.ndarray:
    """Length of the month of every stamp in its calendar, s."""
    return np.asarray(xr.DataArray(times, dims="time").dt.days_in_month.values * SECONDS_PER_DAY)


def on_months(da: xr.DataArray, where: str) -> xr.DataArray:
    """The series with stamps at the first day of its months. Raises InputError for a month twice or absent."""
    t = da.time.dt
    number = (t.year * 12 + t.month - 1).values
    if (np.diff(number) != 1).any():
        i = int(np.argmax(np.diff(number) != 1))
        what = f"after {clock.text(da.time.values[i])} the months do not follow each other"
        raise InputError(where, what, "add the file that is missing")
    first = da.time.values - (t.day.values - 1) * np.timedelta64(1, "D") if _is_numpy(da) else None
    if first is None:
        first = np.array(
            [x.replace(day=1, hour=0, minute=0, second=0, microsecond=0) for x in da.time.values]
        )
    else:
        first = first.astype("datetime64[D]").astype("datetime64[ns]")
    return da.assign_coords(time=first).assign_attrs({**da.attrs, "step": MONTH})


def _is_numpy(da: xr.DataArray) -> bool:
    return bool(np.issubdtype(da.time.dtype, np.datetime64))


def disaggregate(ds: xr.Dataset, where: str, repairs: Repairs) -> xr.Dataset:
    """Daily series of monthly ones (location, time), canonical units, with the same monthly means."""
    from karstsim.forcing.synthetic import generate

    days, month = _days(ds)
    season = clock.year_fraction(days, SECONDS_PER_DAY)
    count = np.bincount(month)
    weather = generate(season, np.random.default_rng(SEED))
    out = xr.Dataset(
        coords={"time": days, **{c: ds[c] for c in ("location", "lat", "lon", "area_km2") if c in ds}}
    )
    for name in map(str, ds.data_vars):
        means = ds[name].transpose("location", "time").values
        if name in SHIFTED:
            values = means[:, month] + (weather["tas"] - _means(weather["tas"], month, count))[None, :]
        elif name in SCALED:
            values = means[:, month] * _course(weather[SCALED[name]], month, count)[None, :]
        else:
            values = means[:, month]
        out[name] = (("location", "time"), values)
    out.attrs["comment"] = COMMENT
    repairs.note(f"{where}: {COMMENT}")
    return out


def _days(ds: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Stamps of all days of the months, and the number of the month of each."""
    lengths = ds.time.dt.days_in_month.values
    calendar = clock.calendar_of(ds.time.values)
    days = xr.date_range(
        ds.time.values[0] if calendar == "proleptic_gregorian" else clock.text(ds.time.values[0]),
        periods=int(lengths.sum()),
        freq="D",
        calendar=calendar,
        use_cftime=calendar != "proleptic_gregorian",
    )
    return np.asarray(days.values), np.repeat(np.arange(lengths.size), lengths)


def _means(values: np.ndarray, month: np.ndarray, count: np.ndarray) -> np.ndarray:
    return (np.bincount(month, values) / count)[month]


def _course(values: np.ndarray, month: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Values over their monthly mean; 1 in a month in which all are zero, so that its mean is kept."""
    mean = _means(values, month, count)
    return np.where(mean > 0.0, values / np.where(mean > 0.0, mean, 1.0), 1.0)

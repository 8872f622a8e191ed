"""A regular series with gaps: what every analysis of a hydrograph starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import times as clock

VOLUMES = {"m3 s-1": (SECONDS_PER_DAY, "m3"), "mm d-1": (1.0, "mm")}  # of one unit in a day
MOST_STEPS = 10_000_000


@dataclass(frozen=True)
class Series:
    """Values at one step; NaN are gaps.

    values  (n,);  step: d;  time: (n,) stamps, or days from the first value;  units: of the values
    """

    values: np.ndarray
    step: float
    time: np.ndarray
    units: str

    @property
    def gaps(self) -> int:
        """Steps without a value."""
        return int(np.isnan(self.values).sum())

    @property
    def days(self) -> np.ndarray:
        """Days from the first value, (n,)."""
        return np.arange(len(self.values)) * self.step


def as_series(data: xr.DataArray | Any, step: float = 1.0, name: str = "discharge") -> Series:
    """A series from a DataArray over `time`, or from an array of one step (d); absent steps become NaN.

    Raises InputError for another shape, infinite values, no value at all, and times without a common step.
    """
    values = np.asarray(data, dtype="f8")
    if values.ndim != 1:
        raise InputError(
            name, f"has the shape {values.shape}", "give one series over time, as with .isel(...)"
        )
    if np.isinf(values).any() or not np.isfinite(values).any():
        what = "has infinite values" if np.isinf(values).any() else "has no value"
        raise InputError(name, what, "check the table it comes from")
    if not isinstance(data, xr.DataArray):
        if not step > 0.0:
            raise InputError(f"step of {name}", f"is {step} d", "give a step above 0")
        return Series(values, step, np.arange(len(values)) * step, "")
    if data.dims != ("time",) or "time" not in data.coords:
        raise InputError(name, f"has the dimension {data.dims[0]!r}, not time", "give a series over time")
    return _regular(values, data["time"].values, str(data.attrs.get("units", "")), name)


def _regular(values: np.ndarray, times: np.ndarray, units: str, name: str) -> Series:
    """The series on every step between its first and last time."""
    if len(times) < 2:
        raise InputError(name, "has a single time", "give a series")
    seconds = clock.seconds(times)
    gaps = np.diff(seconds)
    if (gaps <= 0).any():
        place = int(np.argmax(gaps <= 0)) + 1
        raise InputError(
            f"{name}, {clock.text(times[place])}", "is not after the time before it", "sort the series"
        )
    step = clock.usual_step(seconds)
    places = (seconds - seconds[0]) / step
    if (places != np.rint(places)).any() or places[-1] > MOST_STEPS:
        place = int(np.argmax(places != np.rint(places)))
        mend = 'resample it, for example .resample(time="1D").mean()'
        raise InputError(f"{name}, {clock.text(times[place])}", f"is off the step of {step:g} s", mend)
    whole = np.full(int(places[-1]) + 1, np.nan)
    whole[places.astype("i8")] = values
    stamps = clock.stamps(seconds[0] + np.arange(len(whole)) * round(step), times)
    return Series(whole, step / SECONDS_PER_DAY, stamps, units)


def discharge_series(data: xr.DataArray | Any, step: float = 1.0) -> Series:
    """A series of discharge: m3 s-1, also where no unit is said, or mm d-1. Raises InputError for another unit."""
    series = as_series(data, step)
    units = series.units or "m3 s-1"
    if units not in VOLUMES:
        raise InputError("discharge", f"is in {units!r}", f"give it in {' or '.join(VOLUMES)}")
    if (series.values < 0.0).any():
        count = int((series.values < 0.0).sum())
        raise InputError("discharge", f"is negative at {count} time(s)", "make them missing")
    return Series(series.values, series.step, series.time, units)

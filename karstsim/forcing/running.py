"""Running sums: amounts that grow from midnight (UTC) on, as ERA5-Land stores rain, radiation and evaporation.

A value holds what has gathered between 00 UTC and its stamp; that at 00 UTC is the whole day before. Its differences
are the amounts of the steps that end at the stamps. Such a variable is known by a file that calls itself ERA5-Land, or
told with ``units={"pr": "m since 00 UTC"}``; amounts read as those of single steps that grow all day are refused.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import times as clock

SINCE_MIDNIGHT = re.compile(r"\s+since\s+(?:00(?::?00)?(?:\s*UTC)?|midnight)\s*$", re.IGNORECASE)
_LAND = re.compile(r"era5[-_ ]?land", re.IGNORECASE)
DAY = int(SECONDS_PER_DAY)
BACKWARD = 1e-3  # of a day's sum: packing lets a running sum fall by that much
SURE_DAYS = (
    3  # with an amount, of which all must grow all day before single amounts are taken for running sums
)


def of_file(ds: xr.Dataset, da: xr.DataArray, stamps: np.ndarray, path: Path) -> bool:
    """Whether the file says that its amounts are running sums: ERA5-Land in steps below a day."""
    if len(stamps) < 2 or "sum" in str(da.attrs.get("cell_methods", "")):
        return False
    said = " ".join(map(str, (path.name, *ds.attrs.values(), *da.attrs.values())))
    return bool(_LAND.search(said)) and clock.usual_step(clock.seconds(stamps)) < DAY


def amounts(values: np.ndarray, stamps: np.ndarray, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Amounts (n, k) of the steps of running sums, and the beginning of each step.

    values   (n_time, k);  stamps: (n_time,) as in the file
    Raises InputError for stamps that do not divide the day and for sums that fall within a day.
    """
    sec = clock.seconds(stamps)
    step = int(clock.usual_step(sec)) if len(sec) > 1 else 0
    if step <= 0 or DAY % step or (sec % step).any() or (np.diff(sec) != step).any():
        what = "is a running sum since 00 UTC with stamps that do not divide the day evenly"
        raise InputError(where, what, "give all steps of whole days, as 01:00 to 00:00")
    opens = (sec - step) % DAY == 0
    first = 0 if opens[0] else 1
    out = np.where(opens[1:, None], values[1:], np.diff(values, axis=0))
    out = np.concatenate([values[:1], out])[first:]
    fallen = out < -BACKWARD * np.nanmax(np.abs(values), initial=0.0)
    if fallen.any():
        row = int(np.argmax(fallen.any(axis=1))) + first
        what = f"falls within the day at {clock.text(stamps[row])}, which no running sum since 00 UTC does"
        raise InputError(
            where, what, 'tell what it is: units={"pr": "m h-1"} for the amounts of single hours'
        )
    return np.maximum(out, 0.0), clock.stamps(sec[first:] - step, stamps)


def looks_running(values: np.ndarray, stamps: np.ndarray) -> bool:
    """Whether values of a sub-daily series grow from every midnight to the next and then start anew."""
    sec = clock.seconds(stamps)
    if len(sec) < 3:
        return False
    step = int(clock.usual_step(sec))
    per_day = DAY // step
    if per_day < 3 or len(sec) < (SURE_DAYS + 1) * per_day or (np.diff(sec) != step).any():
        return False
    first = int(np.argmax((sec - step) % DAY == 0))
    days = (len(sec) - first) // per_day
    table: np.ndarray = values[first : first + days * per_day].reshape(days, per_day, -1)
    last = table[:, -1]
    wet = last > 0.0
    grows: np.ndarray = np.all(np.diff(table, axis=1) >= -BACKWARD * last[:, None], axis=1)
    early = table[:, per_day // 2] > 0.0
    rises = last > (1.0 + BACKWARD) * table[:, 0]  # equal amounts of all steps do not fall either
    return bool((wet & early & rises).sum() >= SURE_DAYS and grows[wet].all())

"""What people spread on soils in a season of the year: manure, straw, biochar, powder (design notes 8).

A yearly rate, spread evenly over days that begin on a day of the year; a step brings the part of the season that it
covers, so that steps of any length bring the same in a year.
"""

import math

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Param

ALL_YEAR = 366.0  # d, at least
HALF = 0.5


def season_params(name: str, most: float, doc: str) -> tuple[Param, ...]:
    """Rate (at most `most` mol m-2 year-1), first day and length of the season in which `name` is spread."""
    return (
        Param(f"{name}_rate", 0.0, "mol m-2 year-1", 0.0, most, "management", calibrate=False, doc=doc),
        Param(
            f"{name}_day",
            1.0,
            "day",
            1.0,
            ALL_YEAR,
            "management",
            calibrate=False,
            doc="day of the year on which the spreading begins",
        ),
        Param(
            f"{name}_days",
            ALL_YEAR,
            "day",
            1.0,
            ALL_YEAR,
            "management",
            calibrate=False,
            doc="days over which it is spread; 366: all the year",
        ),
    )


@kernel
def spread(rate, first_day, days, year_fraction, dt):
    """Amount spread in one step: the part of the season that the step covers, times the yearly rate; mol m-2.

    rate           mol m-2 year-1
    first_day      day of the year on which the season begins, from 1
    days           length of the season
    year_fraction  at the middle of the step
    dt             d
    """
    if rate == 0.0:
        return 0.0
    length = dt / DAYS_PER_YEAR
    season = min(days / DAYS_PER_YEAR, 1.0)
    begin = year_fraction - HALF * length - (first_day - 1.0) / DAYS_PER_YEAR
    begin -= math.floor(begin)
    end = begin + length
    covered = max(min(end, season) - begin, 0.0) + max(min(end, 1.0 + season) - 1.0, 0.0)
    return rate * covered / season

"""Manure and straw that people spread: carbon from outside the catchment, into the soil's pools (science.md 3.10, 8).

Each has a yearly rate, spread evenly over a season of given days that begins on a day of the year. Its parts are
decomposable and resistant plant material and humus: DPM, RPM and HUM of RothC, and the metabolic litter, structural
litter and slow organic matter of CENTURY.
"""

import math

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

PARAMS = (
    Param(
        "manure_rate",
        0.0,
        "mol m-2 year-1",
        0.0,
        100.0,
        "management",
        calibrate=False,
        doc="carbon in farmyard manure; 1 t C ha-1 is 8.33 mol m-2",
    ),
    Param(
        "manure_day",
        1.0,
        "d",
        1.0,
        366.0,
        "management",
        calibrate=False,
        doc="day of the year on which the spreading begins",
    ),
    Param(
        "manure_days",
        366.0,
        "d",
        1.0,
        366.0,
        "management",
        calibrate=False,
        doc="days over which it is spread; 366: all the year",
    ),
    Param("manure_dpm", 0.49, "1", 0.0, 0.8, "coleman1996", calibrate=False, doc="decomposable part"),
    Param(
        "manure_hum",
        0.02,
        "1",
        0.0,
        0.15,
        "coleman1996",
        calibrate=False,
        doc="humified part; the rest is resistant",
    ),
    Param(
        "straw_rate",
        0.0,
        "mol m-2 year-1",
        0.0,
        100.0,
        "management",
        calibrate=False,
        doc="carbon in straw brought in; residue that a crop leaves is litter already",
    ),
    Param(
        "straw_day",
        1.0,
        "d",
        1.0,
        366.0,
        "management",
        calibrate=False,
        doc="day of the year on which the spreading begins",
    ),
    Param(
        "straw_days",
        366.0,
        "d",
        1.0,
        366.0,
        "management",
        calibrate=False,
        doc="days over which it is spread; 366: all the year",
    ),
    Param(
        "straw_dpm",
        0.59,
        "1",
        0.0,
        0.8,
        "coleman1996; DPM/RPM of crops, 1.44",
        calibrate=False,
        doc="decomposable part",
    ),
    Param(
        "straw_hum",
        0.0,
        "1",
        0.0,
        0.15,
        "coleman1996",
        calibrate=False,
        doc="humified part; the rest is resistant",
    ),
)
FLUXES = (
    Var("manure", "mol m-2", "carbon in manure spread", aggregate="sum"),
    Var("straw", "mol m-2", "carbon in straw spread", aggregate="sum"),
)


@kernel
def spread(rate, first_day, days, year_fraction, dt):
    """Carbon spread in one step: the part of the season that the step covers, times the yearly rate; mol m-2.

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
    begin = year_fraction - 0.5 * length - (first_day - 1.0) / DAYS_PER_YEAR
    begin -= math.floor(begin)
    end = begin + length
    covered = max(min(end, season) - begin, 0.0) + max(min(end, 1.0 + season) - 1.0, 0.0)
    return rate * covered / season


@kernel
def step(p, f, forcing, dt):
    f.manure = spread(p.manure_rate, p.manure_day, p.manure_days, forcing.year_fraction, dt)
    f.straw = spread(p.straw_rate, p.straw_day, p.straw_days, forcing.year_fraction, dt)


@kernel
def parts(p, manure, straw):
    """(decomposable, resistant, humified) carbon of given amounts, in their unit."""
    decomposable = p.manure_dpm * manure + p.straw_dpm * straw
    humified = p.manure_hum * manure + p.straw_hum * straw
    return decomposable, manure + straw - decomposable - humified, humified

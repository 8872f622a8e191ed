"""Irrigation: when, how much, and with which water (design notes 3.7, 8).

WARM_DAYS   `irrigation_rate` while the air is at least `irrigation_temperature` warm
CALENDAR    `irrigation_depth` in the day that begins every `irrigation_interval` days of the season, evenly over
            it: in a step depth (N(end) - N(begin)), N(t) = floor(t/i) + min(t - i floor(t/i), 1), t days after
            the season began
DEFICIT     decided at the beginning of each day of the season: where the soil's saturation is below
            `irrigation_trigger`, as much as is missing to `irrigation_target`, evenly over the day and at most
            `irrigation_rate`, in which case the next days go on. Irrigation alone never overfills the soil (thin
            compartments of a tile with many of them may still run over); rain of the day is not foreseen

All are withdrawn amounts. The share 1 - efficiency of them evaporates in ditches and sprays and is part of the
evapotranspiration; its solutes stay in the rest. What seeps away needs no number: it is the soil's percolation.

The water is of given composition (`irrigation_ca` ..), one of three presets, or pumped from the mobile water of the
catchment's own rock matrix, which feeds the spring. Only the latter is no flux across the boundary.
"""

import math
from enum import IntEnum

from karstsim.core.jit import kernel
from karstsim.core.spec import Constraint, Flow, Param, Var
from karstsim.processes.recipe import KG_PER_M3, dissolve_ions
from karstsim.processes.soil import water
from karstsim.processes.transport import assign, bring_to, clear, withdraw


class IrrigationRule(IntEnum):
    """When and how much: values of `soil.irrigation_rule`."""

    WARM_DAYS = 0
    CALENDAR = 1
    DEFICIT = 2


class IrrigationSource(IntEnum):
    """Which water: values of `soil.irrigation_source`."""

    GIVEN = 0  # irrigation_dic, irrigation_ca, ..
    KARST_SPRING = 1
    ALLOGENIC = 2
    RIVER = 3
    OWN_AQUIFER = 4


CALENDAR = int(IrrigationRule.CALENDAR)
DEFICIT = int(IrrigationRule.DEFICIT)
SPRING_WATER = int(IrrigationSource.KARST_SPRING)
ALLOGENIC_WATER = int(IrrigationSource.ALLOGENIC)
RIVER_WATER = int(IrrigationSource.RIVER)
OWN_AQUIFER = int(IrrigationSource.OWN_AQUIFER)
# DIC, Ca, Mg, Na, K, Cl, SO4, NO3 in mol m-3
# HCO3 3.88                                                                                     [design]
KARST_SPRING = (4.2, 1.9, 0.1, 0.02, 0.0, 0.02, 0.05, 0.02)
# HCO3 0.30, CO2 of 1500 ppm at 10 degC                                                         [design notes 3.7]
ALLOGENIC = (0.38, 0.10, 0.05, 0.10, 0.0, 0.0, 0.05, 0.0)
# The natural mean of the world's rivers, HCO3 0.85; CO2 of 2000 ppm at 15 degC is design       [Meybeck 1979, recalled]
RIVER = (0.94, 0.334, 0.138, 0.224, 0.033, 0.162, 0.086, 0.016)
DIC, CA, MG, NA, K, CL, SO4, NO3 = range(8)
PARAMS = (
    Param(
        "irrigation_rule",
        int(IrrigationRule.WARM_DAYS),
        "1",
        0,
        len(IrrigationRule) - 1,
        "management",
        calibrate=False,
        doc="0 fixed rate on warm days, 1 calendar, 2 soil moisture deficit",
        integer=True,
    ),
    Param(
        "irrigation_source",
        int(IrrigationSource.GIVEN),
        "1",
        0,
        len(IrrigationSource) - 1,
        "management",
        calibrate=False,
        doc="0 the composition below, 1 karst spring, 2 allogenic water, 3 mean river, 4 the catchment's own matrix",
        integer=True,
    ),
    Param(
        "irrigation_rate",
        0.0,
        "mm d-1",
        0.0,
        20.0,
        "management",
        calibrate=False,
        doc="on warm days (rule 0); the largest one (rule 2)",
    ),
    Param(
        "irrigation_temperature",
        10.0,
        "degC",
        -60.0,
        40.0,
        "management",
        calibrate=False,
        doc="irrigated on days at least this warm (rule 0)",
    ),
    Param(
        "irrigation_first_day",
        1.0,
        "day",
        1.0,
        366.0,
        "management",
        calibrate=False,
        doc="first day of year of the season (rules 1, 2)",
    ),
    Param(
        "irrigation_last_day",
        366.0,
        "day",
        1.0,
        366.0,
        "management",
        calibrate=False,
        doc="last day of year of the season; before the first one in seasons over the new year, "
        "from which the intervals then count anew",
    ),
    Param(
        "irrigation_interval",
        10.0,
        "day",
        1.0,
        366.0,
        "management",
        calibrate=False,
        doc="from one irrigation to the next (rule 1)",
    ),
    Param(
        "irrigation_depth",
        0.0,
        "mm",
        0.0,
        200.0,
        "management",
        calibrate=False,
        doc="of one irrigation (rule 1)",
    ),
    Param(
        "irrigation_trigger",
        0.4,
        "1",
        0.05,
        0.7,
        "management",
        calibrate=False,
        doc="soil saturation theta_irr below which irrigation begins (rule 2)",
    ),
    Param(
        "irrigation_target",
        0.9,
        "1",
        0.7,
        1.0,
        "management",
        calibrate=False,
        doc="soil saturation at which it ends (rule 2)",
    ),
    Param(
        "irrigation_efficiency",
        1.0,
        "1",
        0.3,
        1.0,
        "management",
        calibrate=False,
        doc="share of the water withdrawn that reaches the soil; the rest evaporates",
    ),
    Param(
        "irrigation_dic",
        KARST_SPRING[DIC],
        "mol m-3",
        0.0,
        50.0,
        "management",
        calibrate=False,
        doc="default chemistry: karst spring water",
    ),
    Param("irrigation_ca", KARST_SPRING[CA], "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_mg", KARST_SPRING[MG], "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_na", KARST_SPRING[NA], "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_k", KARST_SPRING[K], "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_cl", KARST_SPRING[CL], "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_so4", KARST_SPRING[SO4], "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_no3", KARST_SPRING[NO3], "mol m-3", 0.0, 50.0, "management", calibrate=False),
)
# A rule without an amount would irrigate nothing and not say so.
CONSTRAINTS = (
    Constraint(
        "irrigation_depth > 0 where irrigation_rule is 1 (calendar)",
        lambda v: v["irrigation_rule"] != CALENDAR or v["irrigation_depth"] > 0.0,
        "irrigation_rule",
        "set soil.irrigation_depth (mm of one irrigation, say 30), or leave the rule at 0, which with a rate of 0 is "
        "no irrigation",
    ),
    Constraint(
        "irrigation_rate > 0 where irrigation_rule is 2 (deficit)",
        lambda v: v["irrigation_rule"] != DEFICIT or v["irrigation_rate"] > 0.0,
        "irrigation_rule",
        "set soil.irrigation_rate (the largest one, mm d-1, say 20), or leave the rule at 0, which with a rate of 0 is "
        "no irrigation",
    ),
)
STATE = (
    Var("refill_rate", "mm d-1", "irrigation that the deficit rule decided for the day"),
    Var("refill_day", "1", "day of the year for which it did", aggregate="last"),
)
FLUXES = (
    Flow("irrigation", "irrigation water from outside the catchment"),
    Flow("pumped_irrigation", "irrigation water out of the catchment's own aquifer"),
    Var(
        "irrigation_loss",
        "mm",
        "irrigation water that evaporates before it reaches the soil",
        aggregate="sum",
    ),
)
DAY = 1.0  # d
YEAR = 366.0  # d, at least


@kernel
def events_until(time, length, interval):
    """Irrigations finished `time` days into a season of `length` days; each takes its day evenly."""
    time = min(max(time, 0.0), length)
    whole = math.floor(time / interval)
    return whole + min(time - interval * whole, DAY)


@kernel
def events_in(p, begin, end):
    """Irrigations between two times of one year, days since it began."""
    first, last = p.irrigation_first_day - 1.0, p.irrigation_last_day
    gap = p.irrigation_interval
    if last > first:
        span = last - first
        return events_until(end - first, span, gap) - events_until(begin - first, span, gap)
    early = events_until(end, last, gap) - events_until(begin, last, gap)
    return early + events_until(end - first, YEAR, gap) - events_until(begin - first, YEAR, gap)


@kernel
def in_season(p, day):
    """Whether the season includes `day`, days since the year began."""
    first, last = p.irrigation_first_day - 1.0, p.irrigation_last_day
    if last > first:
        return first <= day < last
    return day >= first or day < last


@kernel
def decide(p, s, day):
    """Rate of the deficit rule for a day that begins, mm d-1."""
    if not in_season(p, day):
        return 0.0
    volume = s.pore_water.volume
    unfinished = s.refill_rate > 0.0 and s.refill_rate >= p.irrigation_rate
    if not unfinished and water.saturation(p, volume) >= p.irrigation_trigger:
        return 0.0
    full = water.residual(p) + p.irrigation_target * water.capacity(p)
    missing = max(full - volume, 0.0) / p.irrigation_efficiency
    return min(missing / DAY, p.irrigation_rate)


@kernel
def wanted(p, s, forcing, dt):
    """Water to withdraw in this step, mm."""
    if p.irrigation_rule == CALENDAR:
        begin = forcing.day_of_year - 0.5 * dt
        return p.irrigation_depth * max(events_in(p, begin, begin + dt), 0.0)
    if p.irrigation_rule == DEFICIT:
        today = 1.0 + math.floor(forcing.day_of_year)
        if today != s.refill_day:
            s.refill_rate = decide(p, s, forcing.day_of_year)
            s.refill_day = today
        return s.refill_rate * dt
    return p.irrigation_rate * dt if forcing.tas >= p.irrigation_temperature else 0.0


@kernel
def composition(p):
    """DIC, Ca, Mg, Na, K, Cl, SO4, NO3 of water from outside, mol m-3."""
    if p.irrigation_source == SPRING_WATER:
        return KARST_SPRING
    if p.irrigation_source == ALLOGENIC_WATER:
        return ALLOGENIC
    if p.irrigation_source == RIVER_WATER:
        return RIVER
    return (
        p.irrigation_dic,
        p.irrigation_ca,
        p.irrigation_mg,
        p.irrigation_na,
        p.irrigation_k,
        p.irrigation_cl,
        p.irrigation_so4,
        p.irrigation_no3,
    )


@kernel
def bring(p, f, volume):
    """Water from outside with its solutes."""
    dic, ca, mg, na, potassium, cl, so4, no3 = composition(p)
    f.irrigation.volume = volume
    dissolve_ions(f.irrigation, ca, mg, na, potassium, cl, so4, no3)
    f.irrigation.sol.dic = dic * volume / KG_PER_M3


@kernel
def pump(f, ground, mobile, area, volume, n_active):
    """Take `volume` mm of the tile out of the matrix, as far as its mobile water goes, and give it to the tile."""
    if area > 0.0:
        withdraw(ground, f.pumped_irrigation, min(volume * area, mobile), n_active)
        assign(f.pumped_irrigation, f.pumped_irrigation, 1.0 / area, n_active)


@kernel
def step(p, s, f, ground, mobile, area, forcing, dt, n_active):
    """Fetch the water of the step.

    ground  the rock matrix, per karst area; mobile  its water above the immobile one, mm
    area    share of the karst area that the tile covers
    """
    clear(f.irrigation, n_active)
    clear(f.pumped_irrigation, n_active)
    volume = wanted(p, s, forcing, dt)
    if volume > 0.0:
        if p.irrigation_source == OWN_AQUIFER:
            pump(f, ground, mobile, area, volume, n_active)
        else:
            bring(p, f, volume)
            bring_to(f.irrigation, forcing.tas)
    withdrawn = f.irrigation.volume + f.pumped_irrigation.volume
    f.irrigation_loss = (1.0 - p.irrigation_efficiency) * withdrawn

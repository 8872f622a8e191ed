"""Biochar: a labile part of 3 % that lasts for months, a stable part for centuries (Wang et al. 2016; notes 3.10).

Both parts become CO2. While stable biochar is in the soil, humus (the slow pool of CENTURY) decays at 1 + priming of
its rate. The residence times are means over incubations and fields of many climates and soils, with no temperature to
refer them to, so the modifiers of soil carbon do not act on them.
"""

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.soil.season import season_params, spread

PARAMS = (
    *season_params("biochar", 200.0, "carbon in biochar; 1 t C ha-1 is 8.33 mol m-2"),
    Param("biochar_labile_share", 0.03, "1", 0.0, 0.5, "wang2016", calibrate=False),
    Param(
        "biochar_labile_time",
        108.0,
        "day",
        10.0,
        1000.0,
        "wang2016",
        calibrate=False,
        doc="mean residence time",
    ),
    Param(
        "biochar_stable_time",
        556.0,
        "year",
        50.0,
        5000.0,
        "wang2016",
        calibrate=False,
        doc="mean residence time",
    ),
    Param(
        "biochar_priming",
        -0.04,
        "1",
        -0.15,
        0.15,
        "wang2016",
        calibrate=False,
        doc="relative change of the decay of humus while there is stable biochar",
    ),
)
FLUXES = (Var("biochar", "mol m-2", "carbon in biochar spread", aggregate="sum"),)
POOLS = (
    Var("biochar_labile", "mol m-2", "carbon in labile biochar"),
    Var("biochar_stable", "mol m-2", "carbon in stable biochar"),
)


@kernel
def priming(p, s):
    """Factor on the decay of humus."""
    return 1.0 + p.biochar_priming if s.biochar_stable > 0.0 else 1.0


@kernel
def step(p, f, forcing, dt):
    """What is spread."""
    f.biochar = spread(p.biochar_rate, p.biochar_day, p.biochar_days, forcing.year_fraction, dt)


@kernel
def turn_over(p, s, amount, dt):
    """Decay of both parts, and `amount` joins them (mol m-2). Returns the CO2."""
    labile = s.biochar_labile * relaxed_share(dt, p.biochar_labile_time)
    stable = s.biochar_stable * relaxed_share(dt, p.biochar_stable_time * DAYS_PER_YEAR)
    fresh = p.biochar_labile_share * amount
    s.biochar_labile += fresh - labile
    s.biochar_stable += amount - fresh - stable
    return labile + stable


@kernel
def settle(p, s):
    """Stocks in equilibrium with the rate of spreading."""
    labile = p.biochar_labile_share * p.biochar_rate
    s.biochar_labile = labile * p.biochar_labile_time / DAYS_PER_YEAR
    s.biochar_stable = (p.biochar_rate - labile) * p.biochar_stable_time

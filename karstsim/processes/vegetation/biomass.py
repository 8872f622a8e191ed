"""Plant carbon: allocation, harvest, turnover, and respiration paid from a reserve (design notes 3.9, 12.14).

GPP beyond NPP enters the reserve; root respiration follows the production of the last weeks, so that plants go on
respiring on dull days; the rest leaves as respiration of leaves and wood with the reserve's own time constant.

Roots breathe what comes down to them after a while: with g = 1

    R = r g m,    dm/dt = (NPP - g m)/tau,    tau 20 days                                             [design notes 3.9]

With `root_temperature_response` g is the factor of Lloyd & Taylor (1994) at the temperature of the soil, 1 at 10 degC:
a warm soil uses up the same substrate sooner. So roots follow the temperature of the day and the production of the
season, and a year's respiration stays the share r of its NPP, as plants keep it that acclimate (Dewar et al. 1999).
"""

import math
from enum import IntEnum

from karstsim.core.classes import by_land_use
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Constraint, Param, Var
from karstsim.processes.lowpass import low_pass, relaxed_share


class RootResponse(IntEnum):
    """How root respiration follows the temperature of the soil: values of `vegetation.root_temperature_response`."""

    NONE = 0
    LLOYD_TAYLOR = 1


NONE = int(RootResponse.NONE)
PARAMS = (
    Param(
        "harvest",
        0.0,
        "1",
        0.0,
        0.9,
        "design; design notes 3.12",
        by_class=by_land_use(0.0, 0.45, 0.05, 0.0, 0.0, 0.0),
        doc="share of NPP taken away",
    ),
    Param(
        "leaf_allocation",
        0.35,
        "1",
        0.0,
        1.0,
        "design; design notes 3.9",
        calibrate=False,
        by_class=by_land_use(0.45, 0.69, 0.45, 0.35, 0.30, 0.30),
        doc="share of the NPP that is not harvested",
    ),
    Param(
        "wood_allocation",
        0.30,
        "1",
        0.0,
        1.0,
        "design; design notes 3.9",
        calibrate=False,
        by_class=by_land_use(0.0, 0.0, 0.0, 0.30, 0.40, 0.40),
        doc="share of the NPP that is not harvested; fine roots get the rest",
    ),
    Param("leaf_turnover", 1.0, "year", 0.2, 5.0, "design; design notes 3.9", calibrate=False),
    Param("wood_turnover", 40.0, "year", 5.0, 200.0, "design; design notes 3.9", calibrate=False),
    Param("root_turnover", 1.0, "year", 0.2, 5.0, "design; design notes 3.9", calibrate=False),
    Param(
        "root_respiration",
        0.6,
        "1",
        0.2,
        0.95,
        "design; design notes 3.12",
        by_class=by_land_use(0.6, 0.5, 0.7, 0.6, 0.6, 0.6),
        doc="root respiration over the NPP that feeds it",
    ),
    Param(
        "root_temperature_response",
        NONE,
        "1",
        0,
        len(RootResponse) - 1,
        "lloydtaylor1994 dewar1999",
        calibrate=False,
        integer=True,
        doc="0 none, 1 Lloyd & Taylor: a warm soil uses up the roots' substrate sooner",
    ),
    Param(
        "root_substrate_time",
        20.0,
        "day",
        2.0,
        365.0,
        "design; design notes 3.9",
        scale="log",
        doc="mean time from production to root respiration; with the response, at 10 degC",
    ),
    Param("reserve_time", 20.0, "day", 2.0, 100.0, "design", calibrate=False),
)
CONSTRAINTS = (
    Constraint(
        "leaf_allocation + wood_allocation <= 1", lambda v: v["leaf_allocation"] + v["wood_allocation"] <= 1.0
    ),
)
FLUXES = (
    Var("respiration", "mol m-2", "respiration of leaves and wood", aggregate="sum"),
    Var("root_respiration", "mol m-2", "root respiration", aggregate="sum"),
    Var("leaf_litter", "mol m-2", "leaf litter", aggregate="sum"),
    Var("wood_litter", "mol m-2", "woody litter", aggregate="sum"),
    Var("root_litter", "mol m-2", "root litter", aggregate="sum"),
    Var("litterfall", "mol m-2", "litter of leaves, wood and roots", aggregate="sum"),
    Var("harvested", "mol m-2", "harvest", aggregate="sum"),
)
# exp(E0 (1/(T_ref - T_0) - 1/(T - T_0))) with E0 308.56 K, T_ref 10 degC, T_0 -46.02 degC        [Lloyd & Taylor 1994]
ACTIVATION, AT_REFERENCE, ZERO_RATE = 308.56, 56.02, 46.02
COLDEST = -40.0  # degC; below, roots do as little as here


@kernel
def root_activity(p, soil_temperature):
    """g: how much faster than at 10 degC roots use up their substrate; temperature degC."""
    if p.root_temperature_response == NONE:
        return 1.0
    above_zero = max(soil_temperature, COLDEST) + ZERO_RATE
    return math.exp(ACTIVATION * (1.0 / AT_REFERENCE - 1.0 / above_zero))


@kernel
def step(p, s, f, soil_temperature, dt):
    """Allocate NPP, let leaves, wood and roots die, respire from the reserve."""
    activity = root_activity(p, soil_temperature)
    s.npp_recent = low_pass(s.npp_recent, f.npp / dt / activity, dt, p.root_substrate_time / activity)
    f.harvested = p.harvest * f.npp
    kept = f.npp - f.harvested
    to_leaf = p.leaf_allocation * kept
    to_wood = p.wood_allocation * kept
    s.leaf += to_leaf
    s.wood += to_wood
    s.root += kept - to_leaf - to_wood
    f.leaf_litter = s.leaf * relaxed_share(dt, p.leaf_turnover * DAYS_PER_YEAR)
    f.wood_litter = s.wood * relaxed_share(dt, p.wood_turnover * DAYS_PER_YEAR)
    f.root_litter = s.root * relaxed_share(dt, p.root_turnover * DAYS_PER_YEAR)
    s.leaf -= f.leaf_litter
    s.wood -= f.wood_litter
    s.root -= f.root_litter
    f.litterfall = f.leaf_litter + f.wood_litter + f.root_litter
    s.reserve += f.gpp - f.npp
    f.root_respiration = min(p.root_respiration * activity * s.npp_recent * dt, s.reserve)
    s.reserve -= f.root_respiration
    f.respiration = s.reserve * relaxed_share(dt, p.reserve_time)
    s.reserve -= f.respiration

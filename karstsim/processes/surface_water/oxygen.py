"""Dissolved oxygen of a box: exchange with the air, photosynthesis and respiration (design notes 6.1, 6.2).

    dO2/dt = k_O2/D (O2_sat - O2) + PQ GPP - (R/RQ) O2/(K_O + O2)

k_O2 is the transfer velocity of CO2 at the Schmidt number of O2, without chemical enhancement. Nothing holds O2 at
saturation: bubbles are not followed. Without oxygen carbon is respired all the same (by nitrate, iron and
sulfate, which are not followed); the O2 that this spares is the factor O2/(K_O + O2). The books of O2 in a step are

    change = oxygen_inflow + inflow_oxygen (of a box above) - outflow_oxygen
             + oxygen_exchange + oxygen_production - oxygen_consumption
"""

from karstsim.chemistry.gas import gas_transfer_velocity, oxygen_saturation, schmidt_exponent, schmidt_o2
from karstsim.core.constants import MM_PER_M, STANDARD_ATMOSPHERE
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.dissolution import MINIMUM_VOLUME
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.surface_water.organic import LEAST_DEPTH
from karstsim.processes.transport import temperature_of

PARAMS = (
    Param("photosynthetic_quotient", 1.2, "1", 0.9, 1.6, "design", doc="O2 released per CO2 assimilated"),
    Param("respiratory_quotient", 0.9, "1", 0.7, 1.2, "design", doc="CO2 respired per O2 consumed"),
    Param(
        "half_saturation_oxygen",
        6.0e-3,
        "mol m-3",
        1.0e-4,
        0.1,
        "design",
        calibrate=False,
        doc="O2 at which respiration takes half its oxygen (0.2 mg/L)",
    ),
    Param(
        "spring_oxygen",
        0.8,
        "1",
        0.0,
        1.5,
        "design",
        calibrate=False,
        doc="saturation with O2 of the water that enters the first box",
    ),
)
FLUXES = (
    Var("oxygen_inflow", "mol m-2", "oxygen of water from the ground and of rain", aggregate="sum"),
    Var("oxygen_exchange", "mol m-2", "oxygen from the air, negative to the air", aggregate="sum"),
    Var("oxygen_production", "mol m-2", "oxygen of photosynthesis", aggregate="sum"),
    Var("oxygen_consumption", "mol m-2", "oxygen of respiration", aggregate="sum"),
    Var("oxygen_saturation", "1", "dissolved oxygen over its saturation"),
    Var("oxygen_min", "1", "lowest saturation with oxygen", aggregate="min"),
    Var("oxygen_max", "1", "highest saturation with oxygen", aggregate="max"),
)


MOST_DILUTION = 2.0  # of O2 by the inflow of one sub-step that is followed
HALF = 0.5


@kernel
def begin(f):
    f.oxygen_inflow = 0.0
    f.oxygen_exchange = 0.0
    f.oxygen_production = 0.0
    f.oxygen_consumption = 0.0
    f.oxygen_saturation = 0.0
    f.oxygen_min = 0.0
    f.oxygen_max = 0.0


@kernel
def dissolved(flow, share, saturation, forcing):
    """O2 (mol m-2) of a `share` of a flow that is saturated to `saturation`."""
    if flow.volume <= 0.0:
        return 0.0
    return (
        share
        * flow.volume
        / MM_PER_M
        * saturation
        * oxygen_saturation(temperature_of(flow), forcing.ps / STANDARD_ATMOSPHERE)
    )


@kernel
def enter(s, f, amount):
    """O2 of water that comes from where oxygen is not followed: the ground, or rain."""
    s.water.sol.oxygen += amount
    f.oxygen_inflow += amount


@kernel
def before_inflow(f, mixed):
    """O2 of the water as it was before this sub-step's inflow, mol m-3: that of the outflow's first half.

    mixed  after the inflow; where most of the water is new, what was before does not matter
    """
    if f.released.volume <= 0.0:
        return mixed
    return min(f.released.sol.oxygen * MM_PER_M / f.released.volume, MOST_DILUTION * mixed)


@kernel
def step(p, s, f, gross, respired, forcing, h, stays):
    """Solution of the linear equation over a sub-step, inflow spread over it, the share K_O/(K_O + O2) frozen.

    gross, respired  carbon assimilated and respired in the sub-step, mol m-2
    h, stays         sub-step (d), and the share of the water that is there after it
    """
    if s.water.volume <= MINIMUM_VOLUME * f.area_ratio or f.k600 <= 0.0:
        return
    per_volume = MM_PER_M / s.water.volume
    mixed = s.water.sol.oxygen * per_volume
    before = before_inflow(f, mixed)
    saturation = oxygen_saturation(s.temperature, forcing.ps / STANDARD_ATMOSPHERE)
    exponent = schmidt_exponent(p.k600_law, forcing.sfcwind)
    velocity = gas_transfer_velocity(f.k600, schmidt_o2(s.temperature), exponent)
    exchange = velocity * h * stays / max(f.depth, LEAST_DEPTH)
    production = p.photosynthetic_quotient * gross
    gain = exchange * saturation + production * per_volume
    demand = respired * per_volume / p.respiratory_quotient
    # The O2 half-way that freezes the share comes from one backward Euler step.
    half = p.half_saturation_oxygen + before
    end = (mixed + gain) * half / ((1.0 + exchange) * half + demand)
    demand /= p.half_saturation_oxygen + HALF * (before + end)
    loss = exchange + demand
    per_loss = 1.0 / loss
    share = relaxed_share(loss / stays, 1.0)
    after = before + share * stays * ((mixed - before + gain) * per_loss - before)
    # What is lost is the mean over the sub-step times `loss`; what is left of the change has come from the air.
    consumption = demand * max(mixed - after + gain, 0.0) * per_loss / per_volume
    change = (after - mixed) / per_volume
    s.water.sol.oxygen += change
    f.oxygen_production += production
    f.oxygen_consumption += consumption
    f.oxygen_exchange += change - production + consumption
    ratio = after / saturation
    f.oxygen_saturation = ratio
    f.oxygen_min = min(f.oxygen_min, ratio) if f.oxygen_min > 0.0 else ratio
    f.oxygen_max = max(f.oxygen_max, ratio)

"""Volume, depth, area and outflow of streams and reservoirs (design notes 3.8).

Stream: velocity U = a Q^m and depth D = c Q^f with Q in m3 s-1; by default those of Raymond et al. (2012), a = 0.194,
m = 0.285, c = 0.409, f = 0.294, or what was measured at the site. A reach of length L holds V = L Q/U, which turned
around is its rating, Q = (a V/L)^(1/(1 - m)): the volume is the state.
Reservoir: fixed area and depth; what exceeds its volume flows out; rain falls on it and water evaporates from it.
"""

import math

from karstsim.core.classes import by_water_class
from karstsim.core.constants import MM_PER_M, SECONDS_PER_DAY
from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes.transport import evaporate, receive, withdraw

PARAMS = (
    Param(
        "reservoir",
        0,
        "1",
        0,
        1,
        "site",
        calibrate=False,
        integer=True,
        doc="0 = stream reach, 1 = reservoir",
    ),
    Param(
        "catchment_area", 10.0, "km2", 1.0e-3, 1.0e6, "site", calibrate=False, doc="karst area of the site"
    ),
    Param("reach_length", 5.0, "km", 0.01, 5000.0, "site", calibrate=False),
    Param(
        "velocity_coefficient",
        0.194,
        "m s-1",
        0.01,
        2.0,
        "site raymond2012",
        calibrate=False,
        doc="flow velocity of a stream at 1 m3 s-1",
    ),
    Param(
        "velocity_exponent",
        0.285,
        "1",
        0.0,
        0.5,
        "site raymond2012",
        calibrate=False,
        doc="power of discharge in the velocity of a stream",
    ),
    Param(
        "depth_coefficient",
        0.409,
        "m",
        0.02,
        5.0,
        "site raymond2012",
        calibrate=False,
        doc="depth of a stream at 1 m3 s-1",
    ),
    Param(
        "depth_exponent",
        0.294,
        "1",
        0.0,
        0.5,
        "site raymond2012",
        calibrate=False,
        doc="power of discharge in the depth of a stream",
    ),
    Param("reservoir_area", 0.1, "km2", 1.0e-5, 1.0e5, "site", calibrate=False),
    Param("reservoir_depth", 3.0, "m", 0.05, 200.0, "site", calibrate=False),
    Param(
        "substeps",
        48,
        "day-1",
        12,
        1440,
        "design; measured in docs/decisions.md",
        calibrate=False,
        integer=True,
        by_class=by_water_class(48, 24, 24, 96, 96, 48),
        doc="least number of sub-steps per day; the chain takes the largest",
    ),
)
FLUXES = (
    Flow("inflow", "water entering the box"),
    Flow("outflow", "water leaving the box"),
    Flow("released", "water leaving the box in the last sub-step"),
    Flow("parcel", "water leaving the box at the end of the last sub-step"),
    Var("outgoing", "mm", "outflow of the last sub-step", aggregate="last"),
    Flow("rain", "precipitation on the box"),
    Var("evaporation", "mm", "evaporation from the box per karst area", aggregate="sum"),
    Var("depth", "m", "mean depth of the box"),
    Var("area_ratio", "1", "water surface of the box over the karst area"),
    Var("discharge", "m3 s-1", "outflow of the box"),
    Var("velocity", "m s-1", "flow velocity of the box"),
)
LEAST_DISCHARGE = 1.0e-6  # m3 s-1
LEAST_VOLUME = 1.0e-30  # m3
M_PER_KM, M2_PER_KM2 = 1.0e3, 1.0e6
HALF = 0.5
NEWTON_STEPS = 50
ROUNDING = 1.0e-13
MOST_TURNOVER = 0.1  # of a box's water in a sub-step
MOST_SUBSTEPS = 1440.0  # a day
LAST_STEP = 1.0e-7  # of the volume, of the last Newton step; what is left is of the order of its square


@kernel
def turnover(p, discharge):
    """How often a day a steady discharge (m3 s-1) renews the water of a box."""
    if discharge <= LEAST_DISCHARGE:
        return 0.0
    if p.reservoir == 1:
        return SECONDS_PER_DAY * discharge / (p.reservoir_area * M2_PER_KM2 * p.reservoir_depth)
    velocity = p.velocity_coefficient * math.exp(p.velocity_exponent * math.log(discharge))
    return SECONDS_PER_DAY * velocity / (p.reach_length * M_PER_KM)


@kernel
def substeps(params, fluxes, entering, dt):
    """Number of sub-steps in a step of `dt` days: the most that any box of the chain asks for.

    A box asks for its least number, and for so many that no more than a tenth of its water is renewed in one.
    entering  water that enters the first box in the step, mm
    """
    most = 1
    for i in range(params.shape[0]):
        p = params[i].surface_water
        entering += fluxes[i].surface_water.tributary.volume
        renewals = turnover(p, entering / mm_per_m3(p) / (dt * SECONDS_PER_DAY))
        asked = max(min(renewals / MOST_TURNOVER, MOST_SUBSTEPS), float(p.substeps))
        most = max(most, int(math.ceil(dt * asked - ROUNDING)))
    return most


@kernel
def mm_per_m3(p):
    """Depth over the karst area (mm) of one cubic metre."""
    return MM_PER_M / (p.catchment_area * M2_PER_KM2)


@kernel
def weather(p, s, f, air_f, share, n_active):
    """Rain on and evaporation from a reservoir; a stream's surface is too small to matter for its water."""
    if p.reservoir == 0:
        return
    ratio = p.reservoir_area / p.catchment_area
    receive(s.water, air_f.precipitation, ratio * share, n_active)
    receive(f.rain, air_f.precipitation, ratio * share, n_active)
    lost = min(ratio * share * air_f.pet, s.water.volume)
    evaporate(s.water, lost)
    f.evaporation += lost


@kernel
def stream_outflow(volume, p, h, guess):
    """Outflow (m3) of a reach holding `volume` m3 in `h` days, and the discharge (m3 s-1): backward Euler.

    V1 + h Q(V1) = V0 has one root; Newton's second and later steps come from above and converge because Q is convex.
    guess  outflow of the sub-step before, m3
    """
    exponent = 1.0 / (1.0 - p.velocity_exponent)
    seconds = h * SECONDS_PER_DAY
    v = max(volume - guess, 0.5 * volume)
    for _ in range(NEWTON_STEPS):
        q = math.exp(
            exponent * math.log(max(p.velocity_coefficient * v / (p.reach_length * M_PER_KM), 1.0e-30))
        )
        change = (v + seconds * q - volume) / (1.0 + seconds * exponent * q / max(v, LEAST_VOLUME))
        v -= change
        if abs(change) <= LAST_STEP * volume:
            break
    return volume - v, (volume - v) / seconds


@kernel
def geometry(p, s, f, entering, h):
    """Outflow of this sub-step (`outgoing`), in which `entering` mm come, depth and surface of the water that stays."""
    to_mm = mm_per_m3(p)
    volume = (s.water.volume + entering) / to_mm
    if p.reservoir == 1:
        full = p.reservoir_area * M2_PER_KM2 * p.reservoir_depth
        out = max(volume - full, 0.0)
        f.discharge = out / (h * SECONDS_PER_DAY)
        f.area_ratio = p.reservoir_area / p.catchment_area
        f.depth = (volume - out) * to_mm / (f.area_ratio * MM_PER_M)
        f.velocity = f.discharge * p.reach_length * M_PER_KM / max(volume, 1.0)
    else:
        out, f.discharge = stream_outflow(volume, p, h, f.outgoing / to_mm)
        f.depth = p.depth_coefficient * math.exp(
            p.depth_exponent * math.log(max(f.discharge, LEAST_DISCHARGE))
        )
        f.velocity = f.discharge * p.reach_length * M_PER_KM / max(volume - out, LEAST_VOLUME)
        f.area_ratio = (volume - out) * to_mm / (f.depth * MM_PER_M)
    f.outgoing = out * to_mm


@kernel
def release_half(s, f, n_active):
    """Let half of the sub-step's outflow go, or all that is there."""
    withdraw(s.water, f.released, HALF * f.outgoing, n_active)


@kernel
def staying(s, f):
    """Share of the water of a box that is still there after the rest of the outflow."""
    return max(1.0 - (f.outgoing - f.released.volume) / s.water.volume, 0.0) if s.water.volume > 0.0 else 1.0


@kernel
def release_rest(s, f, n_active):
    """Let the rest go, and count both."""
    withdraw(s.water, f.parcel, f.outgoing - f.released.volume, n_active)
    receive(f.released, f.parcel, 1.0, n_active)
    receive(f.outflow, f.released, 1.0, n_active)

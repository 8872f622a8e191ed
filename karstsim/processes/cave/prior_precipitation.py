"""Prior calcite precipitation: what drip water loses in air-filled fissures above the cave (design notes 5.3).

Water with a higher CO2 pressure than the fissures' air, a mixture of vadose and cave air, degasses towards it on its
way of t days, and calcite grows while the saturation index is above a threshold:

    p(t) = p_air + (p_0 - p_air) e^-kt,    dc/dt = k (c_eq(p) - c) where SI > SI_thr

With one rate k for both, c_eq linear in p and no threshold, water that came saturated has at the end lost the share
1 - kt/(e^kt - 1) of what is then too much in it: the second of two equal first-order steps. With a threshold it keeps
at least what makes SI_thr; at one pressure Omega^(1/3) is c/c_eq of water with calcite alone, and is used for all.
Each drop takes the time t, whatever the model's step.

Degassed CO2 joins the cave's air in the share that this air has in the fissures; the rest leaves with the soil's
efflux. Calcite stays in the fissures. What it does to the ratio is kept as the last reading:

    PCP = 1 - (Ca/Mg)/(Ca/Mg of the water from the epikarst)
"""

import math

from karstsim.core.constants import LN10
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.cave.calcite import CALCITE, degas, grow
from karstsim.processes.dissolution import apply

PARAMS = (
    Param(
        "fissure_time",
        1.0,
        "day",
        0.0,
        30.0,
        "design",
        doc="time that drip water spends in air-filled fissures above the cave; 0 = no prior precipitation",
    ),
    Param("fissure_rate", 3.0, "day-1", 1.0, 10.0, "design; design notes 5.3", scale="log", calibrate=False),
    Param(
        "fissure_cave_share",
        0.5,
        "1",
        0.0,
        1.0,
        "design",
        doc="share of cave air in the air of the fissures; the rest is vadose air",
    ),
    Param(
        "fissure_threshold",
        0.2,
        "1",
        0.0,
        1.0,
        "design; design notes 5.3",
        calibrate=False,
        doc="saturation index above which calcite precipitates in the fissures",
    ),
)
STATE = (
    Var("fissure_calcite", "mol m-2", "calcite left in fissures above caves, per area of the tile"),
    Var("prior_precipitation", "1", "share of its calcium that drip water lost in the fissures"),
)
FLUXES = (
    Var("fissure_pco2", "atm", "CO2 pressure of the air in fissures above caves"),
    Var("fissure_degassing", "mol m-2", "CO2 degassed from drip water in fissures", aggregate="sum"),
    Var(
        "fissure_degassing_to_vadose",
        "mol m-2",
        "part of it that leaves with vadose air and not with the cave's",
        aggregate="sum",
    ),
    Var("fissure_growth", "mol m-2", "calcite precipitated in fissures above caves", aggregate="sum"),
)
CUBE = 3.0


@kernel
def begin(p, f, vadose_pco2):
    """Zero the step's sums; the fissures' air, with the cave's mean air of the step."""
    f.fissure_pco2 = vadose_pco2 + p.fissure_cave_share * (f.air_pco2 - vadose_pco2)
    f.fissure_degassing = 0.0
    f.fissure_degassing_to_vadose = 0.0
    f.fissure_growth = 0.0


@kernel
def lost_share(y, si, threshold):
    """Share of the calcite above saturation that is lost on the way; y = k t, `si` of the degassed water above it."""
    omega, least = math.exp(LN10 * si / CUBE), math.exp(LN10 * threshold / CUBE)
    return min(1.0 - y / math.expm1(y), (omega - least) / (omega - 1.0))


@kernel
def part_lost(p, si):
    """Share of the calcite above saturation that a water of the index `si` loses, once it has degassed; 0: none."""
    if not si > p.fissure_threshold:
        return 0.0 * si
    return lost_share(p.fissure_rate * p.fissure_time, si, p.fissure_threshold)


@kernel
def enter(p, s, f, rise, pco2):
    """The air that drip water of a CO2 pressure `pco2` (atm) meets at the end of its way through the fissures.

    rise     of the cave's mean CO2 pressure per CO2 released into it, atm m2 mol-1
    returns  its pressure (atm) and the rise of that per CO2 released (atm kg mol-1); (0, 0) where nothing is lost
    """
    s.prior_precipitation = 0.0
    if p.fissure_time <= 0.0 or pco2 <= f.fissure_pco2:
        return 0.0 * pco2, 0.0 * pco2
    left = math.exp(-p.fissure_rate * p.fissure_time)
    slope = p.fissure_cave_share * p.fissure_cave_share * rise * f.drip.volume * (1.0 - left)
    return f.fissure_pco2 + (pco2 - f.fissure_pco2) * left, slope


@kernel
def book(p, s, f, lost, released, ca):
    """Book the calcite and the CO2 that a kg of drip water has lost in the fissures, where it brought `ca` (mol kg-1).

    returns  CO2 released to the cave's air, mol m-2 of the tile
    """
    f.fissure_growth = lost * f.drip.volume
    f.fissure_degassing = released * f.drip.volume
    if lost > 0.0:
        s.prior_precipitation = lost / ca
    apply(f.drip, -f.fissure_growth, -f.fissure_degassing, CALCITE)
    s.fissure_calcite += f.fissure_growth
    to_cave = p.fissure_cave_share * f.fissure_degassing
    f.fissure_degassing_to_vadose = f.fissure_degassing - to_cave
    return to_cave


@kernel
def step(p, s, f, rise, x, k):
    """React the drip water, speciated in `x`, on its way through the fissures; returns as `book`.

    rise     of the cave's mean CO2 pressure per CO2 released into it, atm m2 mol-1
    """
    pressure, slope = enter(p, s, f, rise, x.pco2)
    if pressure == 0.0:
        return pressure
    ca, lost = x.ca, 0.0
    released = degas(x, k, pressure, slope)
    share = part_lost(p, x.si_calcite)
    if share > 0.0:
        lost, gas = grow(x, k, pressure + slope * released, slope, share)
        released += gas
    return book(p, s, f, lost, released, ca)

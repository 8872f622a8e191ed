"""Prior calcite precipitation: what drip water loses in air-filled fissures before it reaches the cave (science.md 5.3).

Water with a higher CO2 pressure than the fissures' air, a mixture of vadose and cave air, degasses towards it on its
way of t days, and calcite follows where the water at the end would be above a threshold:

    p(t) = p_air + (p_0 - p_air) e^-kt,    dc/dt = k (c_eq(p) - c)

With one rate k for both, and c_eq following p linearly, water that came saturated has at the end precipitated the share
1 - kt/(e^kt - 1) of what is then too much in it: the second of two equal first-order steps. That is relaxation for the
time ln((e^kt - 1)/kt)/k at the last pressure. Each drop takes t, whatever the model's step.

Degassed CO2 joins the cave's air in the share that this air has in the fissures; the rest leaves with the soil's efflux.
Calcite stays in the fissures. What it does to the ratio is kept as the last reading:

    PCP = 1 - (Ca/Mg)/(Ca/Mg of the water from the epikarst)
"""

import math

from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.dissolution import LINEAR_ORDER, LINEAR_START, apply, open_step

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
    Param("fissure_rate", 3.0, "day-1", 1.0, 10.0, "design; science.md 5.3", scale="log", calibrate=False),
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
        "design; science.md 5.3",
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
CALCITE = 0.0  # magnesium in what precipitates


@kernel
def begin(p, f, vadose_pco2):
    """Zero the step's sums; the fissures' air, with the cave's mean air of the step."""
    f.fissure_pco2 = vadose_pco2 + p.fissure_cave_share * (f.air_pco2 - vadose_pco2)
    f.fissure_degassing = 0.0
    f.fissure_degassing_to_vadose = 0.0
    f.fissure_growth = 0.0


@kernel
def delayed(y):
    """k times the time of relaxation at the last pressure that stands for precipitation after degassing; y = k t."""
    return math.log(math.expm1(y) / y)


@kernel
def step(p, s, f, rise, x, k):
    """React the drip water, speciated in `x`, on its way through the fissures.

    rise     of the cave's mean CO2 pressure per CO2 released into it, atm m2 mol-1
    returns  CO2 released to the cave's air, mol m-2 of the tile
    """
    s.prior_precipitation = 0.0
    if p.fissure_time <= 0.0 or x.pco2 <= f.fissure_pco2:
        return 0.0
    before = x.ca
    y = p.fissure_rate * p.fissure_time
    left = math.exp(-y)
    pressure = f.fissure_pco2 + (x.pco2 - f.fissure_pco2) * left
    slope = p.fissure_cave_share * p.fissure_cave_share * rise * f.drip.volume * (1.0 - left)
    solid, gas = open_step(
        x, k, CALCITE, pressure, slope, 0.0, delayed(y), p.fissure_threshold, LINEAR_START, LINEAR_ORDER
    )
    f.fissure_growth = -solid * f.drip.volume
    f.fissure_degassing = -gas * f.drip.volume
    apply(f.drip, -f.fissure_growth, -f.fissure_degassing, CALCITE)
    s.fissure_calcite += f.fissure_growth
    s.prior_precipitation = 1.0 - x.ca / before if before > 0.0 else 0.0
    to_cave = p.fissure_cave_share * f.fissure_degassing
    f.fissure_degassing_to_vadose = f.fissure_degassing - to_cave
    return to_cave

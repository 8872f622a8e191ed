"""Soil and epikarst of one tile as n compartments, from thin and tight to deep and open (design notes 3.6).

    w_i = (i/n)^a n / sum (j/n)^a,  V_S,i = V_S w_i,  V_E,i = V_E w_i,  K_E,i = max(1 d, K_E w_(n+1-i))   [Eq. 3.2, 3.3]

Water above the rim of compartment i runs on to the soil of compartment i + 1, what the last one cannot take runs off;
shafts get the share f_C,i = (i/n)^a_f of the recharge of a compartment                                     [Eq. 3.4]
With one compartment f_C is the mean of that law over the area, 1/(1 + a_f).

Only volumes are divided. Solutes, heat and chemistry belong to the tile's one soil store and one epikarst store, whose
water is the mean of the compartments'. The same holds for the soil layers of a compartment (soil/sarrazin_2018.py).

How they fill and empty is in cascade.py; hartmann_2015.py has the daily laws as they were published, in two variants.

Sources: Hartmann et al. (2015), VarKarst; Sarrazin et al. (2018), V2Karst (means of capacity, no lag).
"""

import math
from enum import IntEnum

from karstsim.core.jit import kernel
from karstsim.core.spec import Block, Param, Var
from karstsim.processes.soil import sarrazin_2018, water

MOST = 15
SHORTEST = 1.0  # residence time, d                                                             [Eq. 3.3]


class Concentration(IntEnum):
    """How excess water finds the next compartment, and with which numerics."""

    CASCADE = 0  # within the step, rates solved exactly
    SARRAZIN_2018 = 1  # V2Karst: fills deficits at the end of the same step; explicit
    HARTMANN_2015 = 2  # VarKarst: infiltrates in the next step; explicit


CASCADE = int(Concentration.CASCADE)
ONE, THREE = 1.0, 3.0  # soil layers
PARAMS = (
    Param(
        "compartments",
        1,
        "1",
        1,
        MOST,
        "design; design notes 3.6",
        calibrate=False,
        doc="soil-epikarst compartments of the tile; 10 resolve the variability",
        integer=True,
    ),
    Param(
        "variability",
        1.5,
        "1",
        0.0,
        6.0,
        "hartmann2015; design notes 3.6",
        doc="exponent a of the capacities of the compartments; no effect with one",
    ),
    Param(
        "concentration",
        CASCADE,
        "1",
        0,
        len(Concentration) - 1,
        "design; sarrazin2018; hartmann2015",
        calibrate=False,
        doc="0 cascade within the step, 1 V2Karst's and 2 VarKarst's daily update (for comparison)",
        integer=True,
    ),
)
_MEMBERS = tuple(f"c{i + 1:02d}" for i in range(MOST))
STATE = (
    Block("soil_part", tuple(Var(c, "mm", f"plant-available soil water, compartment {c}") for c in _MEMBERS)),
    Block("top_part", tuple(Var(c, "mm", f"water in soil layer 1, compartment {c}") for c in _MEMBERS)),
    Block("root_part", tuple(Var(c, "mm", f"water in soil layer 2, compartment {c}") for c in _MEMBERS)),
    Block("rock_part", tuple(Var(c, "mm", f"epikarst water, compartment {c}") for c in _MEMBERS)),
    Var("parts", "1", "compartments that the water is divided into", aggregate="last"),
    Var("layers", "1", "layers that the soil water of a compartment is divided into", aggregate="last"),
    Var("run_on", "mm", "soil water on its way to another compartment, per area of a compartment"),
    Var("run_on_to", "1", "compartment that it will enter", aggregate="last"),
)
FLUXES = (
    Block(
        "spread",  # Kept from step to step, because powers are dear; a restart works it out again
        (
            *(Var(f"capacity_{c}", "1", f"capacity over its mean, compartment {c}") for c in _MEMBERS),
            *(Var(f"shaft_{c}", "1", f"share of recharge to shafts, compartment {c}") for c in _MEMBERS),
            Var("compartments", "1", "compartments that these numbers are for"),
            Var("variability", "1", "variability that these numbers are for"),
            Var("recharge_shape", "1", "recharge shape that these numbers are for"),
        ),
    ),
    Block(
        "drained_part",
        tuple(
            Var(c, "mm", f"outflow of the epikarst per area of compartment {c}", aggregate="sum")
            for c in _MEMBERS
        ),
    ),
    Var("concentrated_share", "1", "share of recharge that falls into shafts"),
)


@kernel
def spread_out(p, f):
    """Relative capacities and shaft shares of the compartments, when the parameters are new."""
    known = f.spread
    if (
        known.compartments == p.compartments
        and known.variability == p.variability
        and known.recharge_shape == p.recharge_shape
    ):
        return
    n = p.compartments
    total = 0.0
    for i in range(n):
        place = (i + 1.0) / n
        known.v[i] = math.pow(place, p.variability)
        known.v[MOST + i] = math.pow(place, p.recharge_shape)
        total += known.v[i]
    for i in range(n):
        known.v[i] *= n / total
    if n == 1:
        known.v[MOST] = 1.0 / (1.0 + p.recharge_shape)
    known.compartments = n
    known.variability = p.variability
    known.recharge_shape = p.recharge_shape


@kernel
def follow(part, capacity, n, volume, extra):
    """Make the compartments (and `extra`, in transit) hold `n` times `volume`; returns what is in transit then.

    The store is the one truth. In a run only rounding differs; water that was added to the store from outside is
    divided by capacity, water that was taken is taken from each in proportion.
    """
    total = extra
    for i in range(n):
        total += part.v[i]
    more = volume - total / n
    if more >= 0.0:
        for i in range(n):
            part.v[i] += more * capacity.v[i]
        return extra
    ratio = n * volume / total
    for i in range(n):
        part.v[i] *= ratio
    return extra * ratio


@kernel
def soil_layers(p, soil_p):
    """Layers that the soil of a compartment is divided into; the daily laws know one."""
    if p.concentration == CASCADE and soil_p.layers != sarrazin_2018.BUCKET:
        return THREE
    return ONE


@kernel
def follow_layers(s, f, soil_p, n, layers, size):
    """Make the soil layers hold what their compartments hold; all equally wet where they are new."""
    new = s.layers != layers
    s.layers = layers
    if layers == ONE:
        return
    for i in range(n):
        capacity = size * f.spread.v[i]
        total = s.soil_part.v[i]
        top, root = s.top_part.v[i], s.root_part.v[i]
        if new:
            top_size, root_size, _ = sarrazin_2018.sizes(soil_p, capacity)
            top, root = total * top_size / capacity, total * root_size / capacity
        s.top_part.v[i], s.root_part.v[i] = sarrazin_2018.contents(soil_p, capacity, total, top, root)


@kernel
def moisture_stress(s, f, soil_p, n, size):
    """Actual over potential transpiration, mean of the compartments."""
    stress = 0.0
    for i in range(n):
        capacity = size * f.spread.v[i]
        if s.layers == THREE:
            stress += sarrazin_2018.wetness(
                soil_p, capacity, s.soil_part.v[i], s.top_part.v[i], s.root_part.v[i]
            )
        else:
            stress += min(s.soil_part.v[i] / capacity / soil_p.stress_start, 1.0)
    return stress / n


@kernel
def begin(p, s, f, soil_p, soil_s, n_active):
    """Bring the compartments in line with the stores. Returns actual over potential transpiration, for plants' growth.

    Water alone grows no plants: 1.
    """
    spread_out(p, f)
    n = p.compartments
    if s.parts != n:
        for i in range(MOST):
            s.soil_part.v[i] = 0.0
            s.rock_part.v[i] = 0.0
        s.run_on = 0.0
        s.parts = n
        s.layers = ONE
    available = max(soil_s.pore_water.volume - water.residual(soil_p), 0.0)
    s.run_on = follow(s.soil_part, f.spread, n, available, s.run_on)
    follow(s.rock_part, f.spread, n, s.water.volume, 0.0)
    size = water.capacity(soil_p)
    follow_layers(s, f, soil_p, n, soil_layers(p, soil_p), size)
    return moisture_stress(s, f, soil_p, n, size) if n_active > 0 else 1.0


@kernel
def residence_time(p, f, i):
    """K_E of compartment i (from 0), d: deep compartments drain fast."""
    time = p.residence_time * f.spread.v[p.compartments - 1 - i]
    return SHORTEST if time < SHORTEST else time  # max() would hide NaN

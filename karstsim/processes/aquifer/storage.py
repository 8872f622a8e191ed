"""Matrix and conduit with two-way exchange (design notes 3.7, option B, Eq. 3.5).

    dV_m/dt = R_diff - V_m/K_M - X
    dV_c/dt = R_conc + Q_allo - Q_c + X + phi V_m/K_M,   Q_c = (V_c/K_C) (V_c/V_ref)^(b - 1)
    X = k_X (V_m - (S_m/S_c) V_c)

An exponent b below 1 is a conduit whose outflow is limited: 0.5 is turbulent flow through a full pipe under the head of
shafts of even width. `conduit_capacity` limits Q_c outright: the narrowest reach runs full, and what it cannot pass is
held up behind it (Bonacci 2001). The overflow spring is not held back.

A step is cut into parts of RODAS3, a Rosenbrock method of third order that damps what is stiff (Sandu et al. 1997). Its
own estimate of the error, `TOLERANCE` of the conduit's water, says how long a part may be: a day of recession is one, a
flood or a threshold takes more. Where the shortest part still errs by more (a conduit that runs dry under an exponent
below 1), backward Euler, which keeps every volume positive, takes its place. Outflows are integrated by the same stages
as the volumes, so the balance is exact.
Volumes V are mobile; the matrix also holds immobile water that mixes but does not move, and the conduit a pool that
never empties.

This is structure 0; hartmann_2015.py has the reservoirs of VarKarst.
"""

import math
from enum import IntEnum

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes.aquifer import conduit_cells, outlets
from karstsim.processes.transport import assign, receive, split


class Structure(IntEnum):
    """How groundwater flows to the spring."""

    MATRIX_AND_CONDUIT = 0
    VARIABLE_RESERVOIRS = 1  # VarKarst's, rates solved exactly
    HARTMANN_2015 = 2  # VarKarst's, explicit amounts of a day as published


MATRIX_AND_CONDUIT = int(Structure.MATRIX_AND_CONDUIT)
PARAMS = (
    Param(
        "structure",
        MATRIX_AND_CONDUIT,
        "1",
        0,
        len(Structure) - 1,
        "design; hartmann2013; design notes 3.7",
        calibrate=False,
        doc="0 matrix and conduit, 1 VarKarst's reservoirs by rates, 2 the same by the day (for comparison)",
        integer=True,
    ),
    Param(
        "matrix_residence_time",
        150.0,
        "day",
        5.0,
        2000.0,
        "design; design notes 3.7; cinkus2021 for the upper bound: base flow of 78 springs falls by 0.001 to 0.19 d-1",
        scale="log",
    ),
    Param("conduit_residence_time", 3.0, "day", 0.3, 20.0, "design; design notes 3.7", scale="log"),
    Param(
        "conduit_exponent",
        1.3,
        "1",
        0.5,
        2.0,
        "mazzilli2019; design notes 3.7 for the default; 0.5 is turbulent flow through a full pipe",
        doc="power of the mobile volume in the conduit's outflow; below 1 the outflow is limited",
    ),
    Param(
        "conduit_reference_volume",
        5.0,
        "mm",
        0.5,
        50.0,
        "design",
        scale="log",
        doc="mobile conduit volume at which the residence time holds",
    ),
    Param(
        "conduit_capacity",
        10000.0,
        "mm d-1",
        0.1,
        10000.0,
        "bonacci2001",
        scale="log",
        calibrate=False,
        doc="most that the conduit passes to the spring, per karst area; 10000 = no limit",
    ),
    Param(
        "exchange_rate",
        0.02,
        "day-1",
        0.0,
        0.1,
        "design; design notes 3.7",
        doc="by which matrix and conduit level out; a low conduit drains the matrix by it, beside its residence time: "
        "0.02 in 50 days",
    ),
    Param(
        "storativity_ratio",
        5.0,
        "1",
        1.0,
        20.0,
        "design; design notes 3.7",
        calibrate=False,
        doc="specific yield of the matrix over that of the conduit",
    ),
    Param(
        "matrix_to_conduit",
        0.5,
        "1",
        0.0,
        1.0,
        "design",
        calibrate=False,
        doc="share of the matrix outflow that drains into the conduit",
    ),
    Param(
        "matrix_immobile",
        500.0,
        "mm",
        50.0,
        2000.0,
        "design; design notes 3.7",
        scale="log",
        doc="immobile water that takes part in mixing",
    ),
    Param(
        "conduit_pool",
        5.0,
        "mm",
        0.5,
        50.0,
        "design",
        scale="log",
        calibrate=False,
        doc="water in siphons and pools that never drains",
    ),
    Param(
        "loss_share",
        0.0,
        "1",
        0.0,
        0.9,
        "design; design notes 12.20",
        doc="share of the spring's water that leaves to a neighbouring basin",
    ),
)
FLUXES = (
    Flow("matrix_recharge", "diffuse recharge of all tiles"),
    Flow("conduit_recharge", "concentrated recharge of all tiles and allogenic water"),
    Var("exchanged", "mm", "net water from matrix to conduit by head difference", aggregate="sum"),
    Var("matrix_drained", "mm", "outflow of the matrix", aggregate="sum"),
    Var("conduit_drained", "mm", "outflow of the conduit", aggregate="sum"),
    Var("seepage_share", "1", "share of the matrix outflow that drains into the conduit"),
    Flow("matrix_to_conduit", "water from matrix to conduit by head difference"),
    Flow("conduit_to_matrix", "water from conduit to matrix by head difference"),
    Flow("seepage", "matrix outflow that drains into the conduit"),
    Flow("matrix_discharge", "matrix water to the spring"),
    Flow("conduit_discharge", "conduit water to the spring"),
    Flow("discharge", "all water leaving the aquifer"),
    Flow("loss", "water lost to a neighbouring basin"),
    Flow("spring", "spring discharge"),
)
TOLERANCE = 1.0e-3  # error of a part over the conduit's mobile water
SECOND_ORDER = 0.1  # of the third stage counts as error too: the fourth may vanish by chance
LEAST_ERROR = 1.0e-4  # mm, below which no part is cut
TICKS = 64  # of a step; the shortest part is one
HALF = 0.5
EIGHTH = 1.0 / 8.0  # of the error of a part that is cut in half
ROUNDING = 1.0e-6  # of the error that is allowed
NEWTON_STEPS = 40
DRY = 1.0e-12  # mm; a conduit with less keeps it, because roots of such volumes underflow
CONVERGED = 1.0e-6  # relative change by a Newton step; what is left then is its square
# RODAS3: each stage solves with 2/h less the Jacobian; the fourth is the error                 [Sandu et al. 1997]
STIFFNESS, OF_FIRST, OF_THIRD = 2.0, 4.0, 8.0 / 3.0
# Weights of the stages in the mean of a volume over the part, and of rates and slope in the mean of the overflow: they
# follow from the method's coefficients
IN_MEAN = (3.0 / 2.0, -1.0 / 6.0, 1.0 / 3.0, 1.0 / 2.0)
OF_RATES = (2.0 / 3.0, -1.0 / 6.0, 1.0 / 2.0)
OF_SLOPE = (5.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0, 1.0 / 2.0)


@kernel
def conduit_outflow(volume, p):
    """(Q_c, dQ_c/dV_c): mm d-1, d-1, of the mobile volume (mm)."""
    return outlets.power_law(volume, p.conduit_residence_time, p.conduit_exponent, p.conduit_reference_volume)


@kernel
def bent(value, exponent):
    """value^exponent of a volume that may be nothing; the value itself for 1."""
    if exponent == 1.0 or value < outlets.LEAST_VOLUME:
        return value
    return math.exp(exponent * math.log(value))


@kernel
def search(supply, slope, free, p, dt):
    """Mobile conduit volume v, mm, at which slope v + dt (free Q_c + Q_o) = supply.

    free   1.0 where the conduit follows its power law, 0.0 where it runs full and its outflow is taken off the supply

    Newton from above cannot overshoot because the outflow is convex. With b < 1 it is concave in v, and the search is
    for v^b, in which it is convex.
    """
    v = supply / slope
    if v < DRY:
        return v
    bend = max(1.0 / p.conduit_exponent, 1.0)
    w = bent(v, 1.0 / bend)
    for _ in range(NEWTON_STEPS):
        outflow, derivative = conduit_outflow(v, p)
        over, steeper = outlets.overflow(v, p)
        outflow = free * outflow + over
        derivative = free * derivative + steeper
        change = (slope * v + dt * outflow - supply) * w / ((slope + dt * derivative) * bend * v)
        w -= change
        v = bent(w, bend)
        if abs(change) <= CONVERGED * w:
            break
    return v


@kernel
def implicit_step(matrix, conduit, to_matrix, to_conduit, p, dt):
    """Backward Euler for both mobile volumes: (V_m, V_c) after dt, mm; recharges in mm.

    V_m follows linearly from V_c, so one increasing equation in V_c is left. A conduit that would pass more than its
    capacity passes just that: the level is then higher still, so which law holds is known from the first search.
    """
    x = p.exchange_rate * dt
    drain = dt / p.matrix_residence_time
    scale = 1.0 / (1.0 + drain + x)
    back = x * p.storativity_ratio
    fed = p.matrix_to_conduit * drain + x
    supply = conduit + to_conduit + fed * scale * (matrix + to_matrix)
    slope = 1.0 + back - fed * scale * back
    v = search(supply, slope, 1.0, p, dt)
    if conduit_outflow(v, p)[0] > p.conduit_capacity:
        v = search(supply - dt * p.conduit_capacity, slope, 0.0, p, dt)
    return (matrix + to_matrix + back * v) * scale, v


@kernel
def outflows(volume, p):
    """(Q, dQ/dV_c, Q_o, dQ_o/dV_c) of the conduit: both springs together, and the overflow spring; mm d-1, d-1."""
    outflow, slope = conduit_outflow(volume, p)
    if outflow > p.conduit_capacity:
        outflow, slope = p.conduit_capacity, 0.0
    if volume <= p.overflow_threshold:
        return outflow, slope, 0.0, 0.0
    over, steeper = outlets.overflow(volume, p)
    return outflow + over, slope + steeper, over, steeper


@kernel
def stage(matrix, conduit, outflow, more_matrix, more_conduit, recharge, rates, inverse):
    """(K_m, K_c) of one stage at these volumes, mm.

    more_matrix, more_conduit  what former stages add to the rates of change   mm d-1
    recharge  of matrix and conduit                                            mm d-1
    rates     of leaving and feeding of the matrix, of flow back to it         d-1
    inverse   of 2/h less the Jacobian, by rows                                d
    """
    to_matrix, to_conduit = recharge
    leaving, feeding, back = rates
    rise_m = to_matrix - leaving * matrix + back * conduit + more_matrix
    rise_c = to_conduit + feeding * matrix - back * conduit - outflow + more_conduit
    return inverse[0] * rise_m + inverse[1] * rise_c, inverse[2] * rise_m + inverse[3] * rise_c


@kernel
def weighted(weights, k1, k2, k3, k4):
    """Weighted sum of four stages."""
    return weights[0] * k1 + weights[1] * k2 + weights[2] * k3 + weights[3] * k4


@kernel
def rosenbrock_step(matrix, conduit, recharge, p, h):
    """RODAS3 for both mobile volumes: (V_m, V_c, their integrals, overflow, error), mm and mm d.

    recharge  of matrix and conduit, mm d-1

    Where h is too long the volumes may be negative, and the error is as large.
    """
    drain = 1.0 / p.matrix_residence_time
    leaving, feeding = drain + p.exchange_rate, p.matrix_to_conduit * drain + p.exchange_rate
    back = p.exchange_rate * p.storativity_ratio
    rates = leaving, feeding, back
    per = 1.0 / h
    outflow, slope, over_1, over_slope = outflows(conduit, p)
    diagonal_m, diagonal_c = STIFFNESS * per + leaving, STIFFNESS * per + back + slope
    scale = 1.0 / (diagonal_m * diagonal_c - back * feeding)
    inverse = diagonal_c * scale, back * scale, feeding * scale, diagonal_m * scale
    m1, c1 = stage(matrix, conduit, outflow, 0.0, 0.0, recharge, rates, inverse)
    m2, c2 = stage(
        matrix, conduit, outflow, OF_FIRST * per * m1, OF_FIRST * per * c1, recharge, rates, inverse
    )
    v_m, v_c = matrix + 2.0 * m1, conduit + 2.0 * c1
    outflow, _, over_3, _ = outflows(v_c, p)
    m3, c3 = stage(v_m, v_c, outflow, per * (m1 - m2), per * (c1 - c2), recharge, rates, inverse)
    v_m, v_c = v_m + m3, v_c + c3
    outflow, _, over_4, _ = outflows(v_c, p)
    more_m, more_c = per * (m1 - m2 - OF_THIRD * m3), per * (c1 - c2 - OF_THIRD * c3)
    m4, c4 = stage(v_m, v_c, outflow, more_m, more_c, recharge, rates, inverse)
    held_m = h * (matrix + weighted(IN_MEAN, m1, m2, m3, m4))
    held_c = h * (conduit + weighted(IN_MEAN, c1, c2, c3, c4))
    spilled = OF_RATES[0] * over_1 + OF_RATES[1] * over_3 + OF_RATES[2] * over_4
    spilled = h * (spilled + over_slope * weighted(OF_SLOPE, c1, c2, c3, c4))
    error = max(abs(m4), abs(c4), SECOND_ORDER * abs(c3))
    return v_m + m4, v_c + c4, held_m, held_c, spilled, error


@kernel
def implicit_part(matrix, conduit, recharge, p, h):
    """As `rosenbrock_step` without its error, by backward Euler."""
    v_m, v_c = implicit_step(matrix, conduit, h * recharge[0], h * recharge[1], p, h)
    over, _ = outlets.overflow(v_c, p)
    return v_m, v_c, h * v_m, h * v_c, h * over


@kernel
def moved(conduit, v_c, to_conduit, held_m, held_c, p):
    """(exchanged, drained, left) in a part, mm, from the integrals of the volumes, mm d.

    left  what the conduit of `conduit` mm let go to keep v_c mm; to_conduit, its recharge, mm
    """
    exchanged = p.exchange_rate * (held_m - p.storativity_ratio * held_c)
    drained = held_m / p.matrix_residence_time
    return exchanged, drained, conduit + to_conduit + exchanged + p.matrix_to_conduit * drained - v_c


@kernel
def shorter(ticks, error, limit):
    """Ticks of the part that takes the place of one with too large an error, which falls with the third power."""
    return max(ticks // (4 if error * EIGHTH > limit else 2), 1)


@kernel
def balance(p, s, f, dt):
    """Net exchange and outflows of the step from the mobile volumes, mm."""
    matrix = max(s.matrix.volume - p.matrix_immobile, 0.0)
    conduit = max(conduit_cells.volume(p, s) - p.conduit_pool, 0.0)
    recharge = f.matrix_recharge.volume / dt, f.conduit_recharge.volume / dt
    net, from_matrix, from_conduit, spilled = 0.0, 0.0, 0.0, 0.0
    ticks, rest = TICKS, TICKS
    while rest > 0:
        h = dt * ticks / TICKS
        v_m, v_c, held_m, held_c, over, error = rosenbrock_step(matrix, conduit, recharge, p, h)
        exchanged, drained, left = moved(conduit, v_c, h * recharge[1], held_m, held_c, p)
        limit = TOLERANCE * max(conduit, v_c) + LEAST_ERROR
        if not (error <= limit and min(v_m, v_c) >= 0.0 and left >= -ROUNDING * limit):
            if ticks > 1:
                ticks = shorter(ticks, error, limit)
                continue
            v_m, v_c, held_m, held_c, over = implicit_part(matrix, conduit, recharge, p, h)
            exchanged, drained, left = moved(conduit, v_c, h * recharge[1], held_m, held_c, p)
        matrix, conduit = v_m, v_c
        net += exchanged
        from_matrix += drained
        left = max(left, 0.0)  # rounding, from a conduit that runs dry
        from_conduit += left
        spilled += min(max(over, 0.0), left)  # a part that crosses the threshold errs by its tolerance
        rest -= ticks
        if error < EIGHTH * HALF * limit:
            ticks *= 2
        ticks = min(ticks, rest)
    f.seepage_share = p.matrix_to_conduit
    f.exchanged = net
    f.matrix_drained = from_matrix
    f.conduit_drained = from_conduit
    f.overflow_drained = spilled


@kernel
def collect(p, f, n_active):
    """All water that leaves, divided between spring and neighbours."""
    assign(f.discharge, f.matrix_discharge, 1.0, n_active)
    receive(f.discharge, f.conduit_discharge, 1.0, n_active)
    split(f.discharge, f.loss, f.spring, p.loss_share, n_active)

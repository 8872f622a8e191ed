"""Matrix and conduit with two-way exchange (design notes 3.7, option B, Eq. 3.5).

    dV_m/dt = R_diff - V_m/K_M - X
    dV_c/dt = R_conc + Q_allo - Q_c + X + phi V_m/K_M,   Q_c = (V_c/K_C) (V_c/V_ref)^(b - 1)
    X = k_X (V_m - (S_m/S_c) V_c)

An exponent b below 1 is a conduit whose outflow is limited: 0.5 is turbulent flow through a full pipe under the head of
shafts of even width. `conduit_capacity` limits Q_c outright: the narrowest reach runs full, and what it cannot pass is
held up behind it (Bonacci 2001). The overflow spring is not held back.

Backward Euler in parts of at most `LONGEST_STEP`, at least `FEWEST_PARTS` a step: it lets a flood rise half a part too
early. The fluxes are the sums over the parts, so the balance is exact.
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
    Param("exchange_rate", 0.02, "day-1", 0.0, 0.1, "design; design notes 3.7"),
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
LONGEST_STEP = 1.0 / 24.0  # d; a flood of 40 mm errs by about 2 % of its peak at K_C = 3 d
FEWEST_PARTS = 6
NEWTON_STEPS = 40
DRY = 1.0e-12  # mm; a conduit with less keeps it, because roots of such volumes underflow
CONVERGED = 1.0e-6  # relative change by a Newton step; what is left then is its square
NEAR_STEPS = 3  # of the search from a start near the root
SERIES = 0.01  # relative change of a volume up to which the series of its power holds to 1e-12
NEAR = 2.0e-4  # relative change by a step of third order; what is left is less than half its cube
HALF = 0.5


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
def outflow_share(volume, p, dt):
    """Outflow of the conduit in `dt` over its volume, mm; nothing without water."""
    outflow, _ = conduit_outflow(volume, p)
    return dt * outflow / volume if volume > 0.0 else 0.0


@kernel
def power_near_one(change, exponent):
    """(1 + change)^exponent by its binomial series, |change| <= `SERIES`."""
    s = 1.0 + (exponent - 4.0) * (1.0 / 5.0) * change
    s = 1.0 + (exponent - 3.0) * (1.0 / 4.0) * change * s
    s = 1.0 + (exponent - 2.0) * (1.0 / 3.0) * change * s
    s = 1.0 + (exponent - 1.0) * (1.0 / 2.0) * change * s
    return 1.0 + exponent * change * s


@kernel
def search_near(volume, share, slope, supply, exponent):
    """(V_c, its `outflow_share`) as `search` has it, from a start near it; V_c < 0 where it is not near.

    Chebyshev's method, third order: its powers are series, where `search` takes logarithms.
    """
    for _ in range(NEAR_STEPS):
        stays, flows = slope * volume, share * volume
        per = 1.0 / (stays + exponent * flows)
        step = (supply - stays - flows) * per
        change = step * (1.0 - HALF * exponent * (exponent - 1.0) * flows * per * step)
        if not abs(change) <= SERIES:
            break
        volume += change * volume
        share *= power_near_one(change, exponent - 1.0)
        if abs(change) <= NEAR:
            return volume, share
    return -1.0, share


@kernel
def implicit_step(matrix, conduit, to_matrix, to_conduit, start, share, p, dt):
    """Backward Euler for both mobile volumes: (V_m, V_c, `outflow_share` of V_c) after dt, mm; recharges in mm.

    V_m follows linearly from V_c, so one increasing equation in V_c is left. A conduit that would pass more than its
    capacity passes just that: the level is then higher still, so which law holds is known from the first search.

    start, share  a guess of V_c and its `outflow_share`; (0, 0) for none
    """
    x = p.exchange_rate * dt
    drain = dt / p.matrix_residence_time
    scale = 1.0 / (1.0 + drain + x)
    back = x * p.storativity_ratio
    fed = p.matrix_to_conduit * drain + x
    supply = conduit + to_conduit + fed * scale * (matrix + to_matrix)
    slope = 1.0 + back - fed * scale * back
    v = -1.0
    if share > 0.0:
        v, share = search_near(start, share, slope, supply, p.conduit_exponent)
    if v < 0.0 or v > p.overflow_threshold:
        v = search(supply, slope, 1.0, p, dt)
        share = outflow_share(v, p, dt)
    if share * v > dt * p.conduit_capacity:
        v = search(supply - dt * p.conduit_capacity, slope, 0.0, p, dt)
        share = outflow_share(v, p, dt)
    return (matrix + to_matrix + back * v) * scale, v, share


@kernel
def balance(p, s, f, dt):
    """Net exchange and outflows of the step from the mobile volumes, mm."""
    steps = max(int(math.ceil(dt / LONGEST_STEP)), FEWEST_PARTS)
    h = dt / steps
    drain = h / p.matrix_residence_time
    matrix = max(s.matrix.volume - p.matrix_immobile, 0.0)
    conduit = max(conduit_cells.volume(p, s) - p.conduit_pool, 0.0)
    to_matrix = f.matrix_recharge.volume / steps
    to_conduit = f.conduit_recharge.volume / steps
    share = outflow_share(conduit, p, h)
    # Of V_c and its share in a part; the next part is likely to have the same.
    growth, share_growth = 1.0, 1.0
    net, from_matrix, from_conduit, spilled = 0.0, 0.0, 0.0, 0.0
    for _ in range(steps):
        before, share_before = conduit, share
        matrix, conduit, share = implicit_step(
            matrix, conduit, to_matrix, to_conduit, growth * before, share_growth * share, p, h
        )
        growth = conduit / before if before > 0.0 else 1.0
        share_growth = share / share_before if share_before > 0.0 else 1.0
        exchanged = p.exchange_rate * h * (matrix - p.storativity_ratio * conduit)
        drained = matrix * drain
        left = before + to_conduit + exchanged + p.matrix_to_conduit * drained - conduit
        over, _ = outlets.overflow(conduit, p)
        net += exchanged
        from_matrix += drained
        from_conduit += max(left, 0.0)  # rounding, from a conduit that runs dry
        spilled += over * h
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

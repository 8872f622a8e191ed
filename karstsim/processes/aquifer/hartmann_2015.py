"""Groundwater of VarKarst: a reservoir under every compartment, the last is the conduit (design notes 3.7, option A).

    dV_i/dt = R_diff,i - V_i/K_GW,i   (i < n),       K_GW,i = 1/min(1, (1/K_C) (i/n)^a_GW)  d
    dV_n/dt = R_conc - V_n/K_C - Q_o,                R_diff,i = (1 - f_C,i) Q_epi,i,  R_diff,n = 0 as f_C,n = 1

R_conc is the concentrated recharge of all compartments with allogenic water. All reservoirs flow straight to the
spring: matrix_to_conduit, the exchange, matrix_residence_time, conduit_exponent and conduit_capacity do not apply.
With n = 1 the diffuse recharge has a reservoir of the conduit's K_C (of 1 d if that is longer); both together are
VarKarst's single one.

Only volumes are divided. The matrix's store holds the immobile water and reservoirs 1 to n - 1 in one mixture, the
conduit's store (or cells) holds reservoir n. Losses of the matrix come out of its reservoirs in proportion to their
water, gains of the matrix are shared evenly, the overflow spring Q_o is that of outlets.py.

Structure 1 solves the rates exactly for constant recharge, the overflow implicitly. Structure 2 is the explicit daily
amount as published, Q_i = (V_i + R_i)/K_i, for comparison: the answer depends on the step.

Sources: Hartmann et al. (2013); the order of the day is that of the program (saraibrd09/benaojan-varkarst-dream).
"""

import math

from karstsim.core.jit import kernel
from karstsim.core.spec import Block, Param, Var
from karstsim.processes.aquifer import conduit_cells, outlets
from karstsim.processes.aquifer.storage import CONVERGED, NEWTON_STEPS, Structure
from karstsim.processes.epikarst.compartments import MOST, follow
from karstsim.processes.lowpass import low_pass

PUBLISHED = int(Structure.HARTMANN_2015)
MOST_RESERVOIRS = MOST - 1  # of the matrix
FASTEST = 1.0  # d-1
LONGEST_STEP = 1.0 / 24.0  # d, of a flood above the threshold of the overflow spring
PARAMS = (
    Param(
        "reservoir_variability",
        2.0,
        "1",
        0.0,
        6.0,
        "hartmann2013; design notes 3.7",
        doc="exponent a_GW of the residence times of VarKarst's reservoirs; no effect with structure 0",
    ),
)
_MEMBERS = tuple(f"r{i + 1:02d}" for i in range(MOST_RESERVOIRS))
STATE = (
    Block(
        "reservoir",
        tuple(Var(r, "mm", f"mobile water of reservoir {r}, per area of its compartment") for r in _MEMBERS),
    ),
    Var("reservoirs", "1", "reservoirs that the mobile matrix water is divided into", aggregate="last"),
)
FLUXES = (
    Block(
        "reservoir_recharge",
        tuple(
            Var(r, "mm", f"diffuse recharge of reservoir {r}, per area of its compartment", aggregate="sum")
            for r in _MEMBERS
        ),
    ),
    Var("compartments", "1", "soil-epikarst compartments above the reservoirs", aggregate="last"),
    Block(
        "residence",  # Kept from step to step, because powers are dear; a restart works it out again
        (
            *(Var(r, "1", f"residence time over its mean, reservoir {r}") for r in _MEMBERS),
            Var("mean_time", "day", "mean residence time of the reservoirs"),
            Var("compartments", "1", "compartments that these numbers are for"),
            Var("conduit_residence_time", "day", "conduit residence time that these numbers are for"),
            Var("variability", "1", "variability that these numbers are for"),
        ),
    ),
)


@kernel
def matrix_reservoirs(n):
    """Reservoirs of the matrix under n compartments."""
    return n - 1 if n > 1 else 1


@kernel
def residence_time(i, n, conduit_residence_time, variability):
    """K_GW of reservoir i (from 1) under n compartments, d."""
    return 1.0 / min(math.pow(i / n, variability) / conduit_residence_time, FASTEST)


@kernel
def spread_out(p, f, n):
    """Residence times of the reservoirs, when the parameters are new."""
    known = f.residence
    if (
        known.compartments == n
        and known.conduit_residence_time == p.conduit_residence_time
        and known.variability == p.reservoir_variability
    ):
        return
    m = matrix_reservoirs(n)
    total = 0.0
    for i in range(m):
        known.v[i] = residence_time(i + 1.0, n, p.conduit_residence_time, p.reservoir_variability)
        total += known.v[i]
    known.mean_time = total / m
    for i in range(m):
        known.v[i] /= known.mean_time
    known.compartments = n
    known.conduit_residence_time = p.conduit_residence_time
    known.variability = p.reservoir_variability


@kernel
def empty(f):
    """Empty the recharge of the reservoirs."""
    for i in range(MOST_RESERVOIRS):
        f.reservoir_recharge.v[i] = 0.0


@kernel
def gather(f, area, n, epikarst_f):
    """Add the diffuse recharge of one tile (share `area`) to the reservoirs under the compartments that it came from.

    n, epikarst_f  compartments, the same in all tiles, and fluxes of the tile's epikarst
    """
    f.compartments = n
    shafts = epikarst_f.spread
    leaving = 0.0
    for i in range(matrix_reservoirs(n)):
        leaving += (1.0 - shafts.v[MOST + i]) * epikarst_f.drained_part.v[i]
    if leaving <= 0.0:
        return
    scale = n * area * epikarst_f.diffuse_recharge.volume / leaving
    for i in range(matrix_reservoirs(n)):
        f.reservoir_recharge.v[i] += scale * (1.0 - shafts.v[MOST + i]) * epikarst_f.drained_part.v[i]


@kernel
def divide(p, s, f, n):
    """Bring the reservoirs in line with the matrix's store, which is the one truth.

    Water that they do not know of (at the start, or from outside) is divided so that all would discharge it alike.
    """
    spread_out(p, f, n)
    m = matrix_reservoirs(n)
    if s.reservoirs != m:
        for i in range(MOST_RESERVOIRS):
            s.reservoir.v[i] = 0.0
        s.reservoirs = m
    mobile = max(s.matrix.volume - p.matrix_immobile, 0.0)
    follow(s.reservoir, f.residence, m, mobile * n / m, 0.0)


@kernel
def left_in(volume, arriving, residence_time, published, dt):
    """Water that stays in a linear reservoir, mm, of `volume` and what arrives in the step."""
    if published:
        full = volume + arriving
        return full - min(full * dt / residence_time, full)
    return max(low_pass(volume, arriving / dt * residence_time, dt, residence_time), 0.0)


@kernel
def spilled(volume, p, dt):
    """Water of the overflow spring, mm, by an implicit step; Newton from above as in storage.py."""
    v = volume
    for _ in range(NEWTON_STEPS):
        over, slope = outlets.overflow(v, p)
        change = (v + dt * over - volume) / (1.0 + dt * slope)
        v -= change
        if abs(change) <= CONVERGED * v:
            break
    return volume - v


@kernel
def drain_matrix(p, s, f, n, published, dt):
    """Outflow of all reservoirs of the matrix."""
    divide(p, s, f, n)
    m = matrix_reservoirs(n)
    known = 0.0
    for i in range(m):
        known += f.reservoir_recharge.v[i]
    gained = max(n * f.matrix_recharge.volume - known, 0.0) / m
    f.matrix_drained = 0.0
    for i in range(m):
        arriving = f.reservoir_recharge.v[i] + gained
        full = s.reservoir.v[i] + arriving
        left = left_in(s.reservoir.v[i], arriving, f.residence.v[i] * f.residence.mean_time, published, dt)
        f.matrix_drained += (full - left) / n
        s.reservoir.v[i] = left


@kernel
def drain_conduit(p, s, f, published, dt):
    """Outflow of the conduit with its overflow spring; floods above the threshold in short steps."""
    volume = max(conduit_cells.volume(p, s) - p.conduit_pool, 0.0)
    arriving = f.conduit_recharge.volume
    parts = 1
    if not published and volume + arriving > p.overflow_threshold:
        parts = max(int(math.ceil(dt / LONGEST_STEP)), 1)
    arriving /= parts
    f.conduit_drained = 0.0
    f.overflow_drained = 0.0
    for _ in range(parts):
        left = left_in(volume, arriving, p.conduit_residence_time, published, dt / parts)
        over = spilled(left, p, dt / parts)
        f.conduit_drained += volume + arriving - left + over
        f.overflow_drained += over
        volume = left - over


@kernel
def balance(p, s, f, dt):
    """Outflows of the step from the mobile volumes, mm: what storage.balance does for matrix and conduit."""
    published = p.structure == PUBLISHED
    f.exchanged = 0.0
    f.seepage_share = 0.0
    drain_matrix(p, s, f, int(f.compartments), published, dt)
    drain_conduit(p, s, f, published, dt)

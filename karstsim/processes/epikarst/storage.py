"""Epikarst as a linear reservoir with a rim, solved exactly for constant inflow (design notes 3.6).

dV/dt = R - V/K_E,  0 <= V <= V_E, the excess runs off
"""

import math

from karstsim.core.classes import by_land_use
from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes.transport import clear, receive, release, split

PARAMS = (
    Param(
        "capacity",
        150.0,
        "mm",
        20.0,
        700.0,
        "design; design notes 3.6 (Hartmann et al. 2015 for the range)",
        scale="log",
    ),
    Param(
        "residence_time",
        15.0,
        "day",
        1.0,
        60.0,
        "design; design notes 3.6 (Hartmann et al. 2015 for the range, whose shortest time is a day)",
        scale="log",
        by_class=by_land_use(5.0, 15.0, 15.0, 15.0, 15.0, 15.0),
    ),
    Param(
        "recharge_shape",
        2.0,
        "1",
        0.1,
        8.0,
        "design; design notes 3.6 (Hartmann et al. 2015: from 0.5); mazzilli2019 (all may go to the conduit)",
        doc="exponent a_f of the separation of concentrated and diffuse recharge; 0.1 gives the conduit 91 %",
    ),
)
FLUXES = (
    Var("drained", "mm", "outflow of the epikarst reservoir", aggregate="sum"),
    Var("overflowed", "mm", "water above the epikarst's capacity", aggregate="sum"),
    Flow("recharge", "recharge from the epikarst"),
    Flow("concentrated_recharge", "recharge through shafts to the conduit"),
    Flow("diffuse_recharge", "recharge through fissures to the matrix"),
    Flow("overflow", "surface runoff from saturated epikarst"),
    Flow("parcel", "water leaving the epikarst in the last part of a step"),
)


@kernel
def reservoir(volume, inflow, residence_time, size, duration):
    """Linear reservoir with a rim for constant inflow: (drained, overflowed), mm; exact.

    volume, size mm; inflow mm d-1; residence_time, duration d.
    """
    asymptote = inflow * residence_time
    left = duration
    drained = 0.0
    overflowed = 0.0
    if volume < size or asymptote < size:
        span = left
        if asymptote > size:
            span = min(left, residence_time * math.log1p((size - volume) / (asymptote - size)))
        change = (asymptote - volume) * -math.expm1(-span / residence_time)
        drained = inflow * span - change
        left -= span
    if left > 0.0:
        drained += size / residence_time * left
        overflowed = (inflow - size / residence_time) * left
    return drained, overflowed


@kernel
def begin(f, soil_f, n_active):
    """Empty the flows of the step. Returns what will arrive from soil and bare rock, mm."""
    clear(f.overflow, n_active)
    clear(f.recharge, n_active)
    return soil_f.percolation.volume + soil_f.rock_runoff.volume


@kernel
def enter(s, soil_f, share, n_active):
    """Receive a share of the step's percolation and rock runoff."""
    receive(s.water, soil_f.percolation, share, n_active)
    receive(s.water, soil_f.rock_runoff, share, n_active)


@kernel
def drain(s, f, share, n_active):
    """Release a share of the step's overflow and recharge."""
    release(s.water, f.overflow, f.parcel, share * f.overflowed, n_active)
    release(s.water, f.recharge, f.parcel, share * f.drained, n_active)


@kernel
def divide(f, shafts, n_active):
    """Divide the recharge between shafts (share `shafts`) and fissures."""
    split(f.recharge, f.concentrated_recharge, f.diffuse_recharge, shafts, n_active)

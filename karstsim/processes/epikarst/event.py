"""Event water: what falls into shafts in the step in which it leaves the soil, past the epikarst's store.

    R_event = e f_C (percolation + rock runoff),   f_C = 1/(1 + a_f)                            [design notes 3.7, 3.6]

It keeps the composition of soil water and of the film on bare rock. The rest of the concentrated recharge leaves the
mixed store; its share is lowered to f_C (1 - e)/(1 - e f_C), so that e changes when and with which chemistry water
reaches the conduit, not how much of it does in the long run. Overflow of the full epikarst may also find a shaft.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param
from karstsim.processes.epikarst.compartments import CASCADE
from karstsim.processes.transport import assign, clear, receive, split

PARAMS = (
    Param(
        "event_share",
        0.25,
        "1",
        0.0,
        1.0,
        "talarovich1998 (5 % storm water in a storm's discharge; 0.25 makes it 8 % of the recharge)",
        doc="share of the concentrated recharge that passes the epikarst's store by; with concentration 0 only",
    ),
    Param(
        "overflow_to_shafts",
        0.0,
        "1",
        0.0,
        1.0,
        "design; design notes 3.6",
        doc="share of the full epikarst's overflow that falls into shafts instead of running off",
    ),
)
FLUXES = (
    Flow("event_recharge", "recharge through shafts past the epikarst's store"),
    Flow("captured_overflow", "overflow of the full epikarst that falls into shafts"),
)


@kernel
def passing_share(p):
    """Share of the arriving water that passes the store by: e f_C, with the rates of the cascade only."""
    if p.concentration != CASCADE:
        return 0.0
    return p.event_share / (1.0 + p.recharge_shape)


@kernel
def share_of_stored(passing, concentrated_share):
    """Share of the store's outflow that falls into shafts, so that all of it is `concentrated_share` in the mean."""
    if passing >= 1.0:
        return concentrated_share
    return max(concentrated_share - passing, 0.0) / (1.0 - passing)


@kernel
def divert(f, soil_f, passing, n_active):
    """Fill the event water of the step; the rest of percolation and rock runoff is left to the store."""
    assign(f.event_recharge, soil_f.percolation, passing, n_active)
    receive(f.event_recharge, soil_f.rock_runoff, passing, n_active)
    clear(f.captured_overflow, n_active)


@kernel
def join(p, f, n_active):
    """Add event water and captured overflow to the concentrated recharge of the store."""
    receive(f.concentrated_recharge, f.event_recharge, 1.0, n_active)
    if p.overflow_to_shafts > 0.0:
        assign(f.parcel, f.overflow, 1.0, n_active)
        split(f.parcel, f.captured_overflow, f.overflow, p.overflow_to_shafts, n_active)
        receive(f.concentrated_recharge, f.captured_overflow, 1.0, n_active)

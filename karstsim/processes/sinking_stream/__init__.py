"""Sinking streams of a catchment that has several: one row each, by the laws of aquifer/allogenic.py (notes 3.7).

Each has an area, a runoff law, a chemistry and a swallet of its own. The water of all of them joins the recharge of
the one aquifer; their sums are `aquifer_allogenic`, `aquifer_swallowed` and `aquifer_unswallowed`, as in the books.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow
from karstsim.processes.aquifer import allogenic
from karstsim.processes.transport import clear, receive

NAME = "sinking_stream"
LEVEL = "sinking_stream"
STATE = allogenic.STATE
PROCESSES = ()  # the law is that of aquifer/allogenic.py
PARAMS = allogenic.PARAMS
FLUXES = (
    *allogenic.FLUXES,
    Flow("conduit_recharge", "water of the stream to the conduit"),
    Flow("matrix_recharge", "water of the stream to the matrix"),
)


@kernel
def step(p, s, f, recharged, air_f, forcing, k, dt, n_active):
    """Let one stream run and sink; `recharged` are the fluxes of the aquifer that it feeds."""
    clear(f.conduit_recharge, n_active)
    clear(f.matrix_recharge, n_active)
    allogenic.step(p, s, f, air_f, forcing, k, dt, n_active)
    receive(recharged.conduit_recharge, f.conduit_recharge, 1.0, n_active)
    receive(recharged.matrix_recharge, f.matrix_recharge, 1.0, n_active)


@kernel
def count(total, f, n_active):
    """Add one stream to the allogenic water of the whole aquifer."""
    receive(total.allogenic, f.allogenic, 1.0, n_active)
    receive(total.swallowed, f.swallowed, 1.0, n_active)
    receive(total.unswallowed, f.unswallowed, 1.0, n_active)

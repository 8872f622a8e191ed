"""Labile dissolved organic carbon is respired in the aquifer and adds CO2 to the water (design notes 5.5)."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.aquifer import isotopes
from karstsim.processes.aquifer.conduit_cells import cell
from karstsim.processes.lowpass import relaxed_share

PARAMS = (Param("doc_decay", 0.005, "day-1", 0.0, 0.1, "design; design notes 5.5", calibrate=False),)
FLUXES = (
    Var("doc_respiration", "mol m-2", "dissolved organic carbon respired in the aquifer", aggregate="sum"),
)


@kernel
def respire(store, share, traced):
    """Turn a share of the labile DOC of a store into DIC (with isotopes if `traced`); returns the amount, mol m-2."""
    lost = store.sol.doc_labile * share
    if traced == 1.0:
        isotopes.respire(store, lost, store.sol.doc_labile + store.sol.doc_refractory)
    store.sol.doc_labile -= lost
    store.sol.dic += lost
    return lost


@kernel
def begin(p, s, f, dt, traced):
    """Respiration in the matrix."""
    f.doc_respiration = respire(s.matrix, relaxed_share(p.doc_decay * dt, 1.0), traced)


@kernel
def step(p, s, f, dt, traced):
    share = relaxed_share(p.doc_decay * dt, 1.0)
    for above in range(p.conduit_cells):
        f.doc_respiration += respire(cell(s, above), share, traced)

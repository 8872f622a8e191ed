"""Epikarst: storage in the weathered rock, open dissolution, and the split of recharge. One row per land tile."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Store
from karstsim.processes.epikarst import chemistry, storage

NAME = "epikarst"
LEVEL = "tile"
STATE = (Store("water", "epikarst water"),)
PROCESSES = (storage, chemistry)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)


@kernel
def step(p, s, f, soil_p, soil_s, soil_f, forcing, x, k, dt, n_active):
    """Receive percolation and rock runoff, react with rock and vadose air, release recharge and overflow.

    soil_p, soil_s, soil_f  the soil's parameters, state and fluxes: percolation, gas pressure at its base
    """
    storage.fill(p, s, f, soil_f, dt, n_active)
    chemistry.step(p, s, f, soil_p, soil_s, soil_f, forcing, x, k, dt)
    storage.drain(p, s, f, n_active)

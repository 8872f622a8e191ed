"""Epikarst: storage in the weathered rock, open dissolution, and the split of recharge. One row per land tile."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Store
from karstsim.processes.epikarst import chemistry, event, storage
from karstsim.processes.transport import turnover_parts

NAME = "epikarst"
HALF = 0.5
LEVEL = "tile"
STATE = (Store("water", "epikarst water"),)
PROCESSES = (storage, event, chemistry)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)


@kernel
def step(p, s, f, soil_p, soil_s, soil_f, forcing, x, k, dt, n_active):
    """Receive percolation and rock runoff, react with rock and vadose air, release recharge and overflow.

    Half of what leaves does so before the reactions and half after them; on wet days the step is cut into parts.

    soil_p, soil_s, soil_f  the soil's parameters, state and fluxes: percolation, gas pressure at its base
    """
    shafts = storage.concentrated_share(p)
    passing = event.bypass(p.event_share, shafts)
    shafts = event.share_of_stored(p.event_share, shafts)
    event.divert(f, soil_f, passing, n_active)
    kept = 1.0 - passing
    arriving = storage.balance(p, s, f, soil_f, kept, dt, n_active)
    if n_active == 0:  # water alone
        storage.enter(s, soil_f, kept, n_active)
        storage.drain(s, f, 1.0, n_active)
        storage.divide(f, shafts, n_active)
        event.join(p, f, n_active)
        return
    coupling = chemistry.begin(p, f, soil_p, soil_f, forcing)
    parts = turnover_parts(arriving, s.water.volume)
    for _ in range(parts):
        storage.enter(s, soil_f, kept / parts, n_active)
        storage.drain(s, f, HALF / parts, n_active)
        chemistry.step(p, s, f, soil_p, soil_s, soil_f, coupling, x, k, dt / parts)
        storage.drain(s, f, HALF / parts, n_active)
    chemistry.finish(f, soil_f, coupling, dt)
    storage.divide(f, shafts, n_active)
    event.join(p, f, n_active)

"""Aquifer: rock matrix and conduit with exchange between them, dissolution, the spring. One per catchment."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Store, Var
from karstsim.processes.aquifer import (
    allogenic,
    chemistry,
    conduit_air,
    conduit_cells,
    heat,
    organic,
    outlets,
    spring,
    storage,
)
from karstsim.processes.transport import receive

NAME = "aquifer"
LEVEL = "column"
STATE = (
    Store("matrix", "water in the rock matrix and its fissures"),
    Store("conduit", "water in the conduits (in the last of their cells)"),
    *conduit_cells.STATE,
    Var("allogenic_runoff", "mm d-1", "runoff of the allogenic area, per its own area"),
    Var("allogenic_temperature", "degC", "temperature of allogenic water"),
    *spring.STATE,
)
PROCESSES = (allogenic, storage, conduit_cells, outlets, heat, organic, conduit_air, chemistry, spring)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
HALF = 0.5


@kernel
def react(p, s, f, air_s, x, k, dt, n_active):
    """Heat exchange, respiration, gas exchange and dissolution in all stores."""
    heat.step(p, s, f, air_s.air_temperature_year, dt)
    if n_active > 0:
        organic.step(p, s, f, dt)
        chemistry.step(p, s, f, x, k, dt)


@kernel
def step(p, s, f, air_s, air_f, forcing, x, k, dt, n_active):
    """Recharge and cave air have been gathered in `f`; flow, mix, react, and let the spring out.

    air_s, air_f  state and fluxes of the atmosphere (rain and melt for the allogenic area, running mean temperatures)
    """
    allogenic.step(p, s, f, air_f, forcing, k, dt, n_active)
    outlets.gain(p, f, air_s.air_temperature_year, k, dt, n_active)
    outlets.lose(p, s, f, dt, n_active)
    storage.balance(p, s, f, dt)
    if p.conduit_cells > 1:
        conduit_cells.begin(f, n_active)
        conduit_cells.advance(p, s, f, HALF, n_active)
        react(p, s, f, air_s, x, k, dt, n_active)
        conduit_cells.advance(p, s, f, HALF, n_active)
    else:
        receive(s.matrix, f.matrix_recharge, 1.0, n_active)
        receive(s.conduit, f.conduit_recharge, 1.0, n_active)
        storage.exchange(s, f, n_active)
        react(p, s, f, air_s, x, k, dt, n_active)
        storage.drain(p, s, f, n_active)
    f.conduit_volume = conduit_cells.volume(p, s)
    storage.collect(p, f, n_active)
    outlets.divide(p, f, n_active)
    spring.step(s, f, x, k, n_active)

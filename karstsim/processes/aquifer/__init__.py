"""Aquifer: rock matrix and conduit with exchange between them, closed dissolution, the spring. One per catchment."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Store, Var
from karstsim.processes.aquifer import (
    allogenic,
    chemistry,
    conduit_cells,
    hartmann_2015,
    organic,
    outlets,
    spring,
    storage,
)
from karstsim.processes.aquifer.storage import MATRIX_AND_CONDUIT
from karstsim.processes.transport import clear, receive

NAME = "aquifer"
LEVEL = "column"
STATE = (
    Store("matrix", "water in the rock matrix and its fissures"),
    Store("conduit", "water in the conduits (in the last of their cells)"),
    *conduit_cells.STATE,
    *hartmann_2015.STATE,
    Var("allogenic_runoff", "mm d-1", "runoff of the allogenic area, per its own area"),
    *spring.STATE,
)
PROCESSES = (allogenic, storage, hartmann_2015, conduit_cells, outlets, organic, chemistry, spring)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
HALF = 0.5


@kernel
def empty(f, n_active):
    """Empty what the tiles will fill with recharge."""
    clear(f.matrix_recharge, n_active)
    clear(f.conduit_recharge, n_active)
    hartmann_2015.empty(f)


@kernel
def gather(p, f, area, epikarst_p, epikarst_f, n_active):
    """Receive the recharge of one tile, weighted with its area."""
    receive(f.matrix_recharge, epikarst_f.diffuse_recharge, area, n_active)
    receive(f.conduit_recharge, epikarst_f.concentrated_recharge, area, n_active)
    if p.structure != MATRIX_AND_CONDUIT:
        hartmann_2015.gather(f, area, epikarst_p.compartments, epikarst_f)


@kernel
def react(p, s, f, air_s, x, k, dt, n_active):
    """Respiration and dissolution in all stores."""
    if n_active > 0:
        organic.step(p, s, f, dt)
        chemistry.step(p, s, f, air_s.air_temperature_year, x, k, dt)


@kernel
def step(p, s, f, air_s, air_f, forcing, x, k, dt, n_active):
    """Recharge has been gathered in `f`; flow, mix, react, and let the spring out.

    air_s, air_f  state and fluxes of the atmosphere (rain and melt for the allogenic area, running mean temperatures)
    """
    allogenic.step(p, s, f, air_f, forcing, k, dt, n_active)
    receive(f.conduit_recharge, f.allogenic, 1.0, n_active)
    outlets.gain(p, f, air_s.air_temperature_year, k, dt, n_active)
    outlets.lose(p, s, f, dt, n_active)
    if p.structure == MATRIX_AND_CONDUIT:
        storage.balance(p, s, f, dt)
    else:
        hartmann_2015.balance(p, s, f, dt)
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
        storage.drain(s, f, n_active)
    f.conduit_volume = conduit_cells.volume(p, s)
    storage.collect(p, f, n_active)
    outlets.divide(p, f, n_active)
    s.spring_temperature = air_s.air_temperature_year
    if n_active > 0:
        spring.step(s, f, x, k)

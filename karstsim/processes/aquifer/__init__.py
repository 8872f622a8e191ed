"""Aquifer: rock matrix and conduit with exchange between them, dissolution, the spring. One per catchment."""

from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import Store
from karstsim.processes.aquifer import (
    allogenic,
    chemistry,
    conduit_air,
    conduit_cells,
    hartmann_2015,
    heat,
    isotopes,
    organic,
    outlets,
    spring,
    storage,
)
from karstsim.processes.aquifer.storage import MATRIX_AND_CONDUIT
from karstsim.processes.transport import clear, receive, turnover_parts

NAME = "aquifer"
LEVEL = "column"
STATE = (
    Store("matrix", "water in the rock matrix and its fissures"),
    Store("conduit", "water in the conduits (in the last of their cells)"),
    *conduit_cells.STATE,
    *hartmann_2015.STATE,
    *allogenic.STATE,
    *spring.STATE,
    *isotopes.STATE,
)
PROCESSES = (
    allogenic, storage, hartmann_2015, conduit_cells, outlets, heat, organic, conduit_air, chemistry, spring, isotopes,
)  # fmt: skip
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
HALF = 0.5


@kernel
def empty(f, n_active):
    """Empty what the tiles will fill with recharge."""
    clear(f.matrix_recharge, n_active)
    clear(f.conduit_recharge, n_active)
    hartmann_2015.empty(f)
    f.rock_d13c = 0.0


@kernel
def gather(p, f, area, epikarst_p, epikarst_f, n_active):
    """Receive the recharge of one tile, weighted with its area."""
    receive(f.matrix_recharge, epikarst_f.diffuse_recharge, area, n_active)
    receive(f.conduit_recharge, epikarst_f.concentrated_recharge, area, n_active)
    if p.structure != MATRIX_AND_CONDUIT:
        hartmann_2015.gather(f, area, epikarst_p.compartments, epikarst_f)


@kernel
def begin(p, s, f, air_s, x, k, dt, n_active):
    """Empty the step's sums; the matrix, of whose water a step moves little, reacts once."""
    conduit_cells.begin(f, n_active)
    heat.begin(s, f, air_s.air_temperature_year)
    if n_active > 0:
        if n_active > N_CORE:
            isotopes.begin(f)
        organic.begin(p, s, f, dt, k.tracers)
        chemistry.begin(p, s, f, x, k, dt)


@kernel
def react(p, s, f, air_s, x, k, h, solved, n_active):
    """Heat exchange, respiration, gas exchange and dissolution in the conduit for `h` days.

    solved   1 where `x` holds the conduit's last solve; so is what is returned
    """
    heat.step(p, s, f, air_s.air_temperature_year, h)
    if n_active == 0:
        return 0.0
    organic.step(p, s, f, h, k.tracers)
    return chemistry.step(p, s, f, x, k, h, solved)


@kernel
def step(p, s, f, air_s, air_f, forcing, x, k, dt, n_active):
    """Recharge and cave air have been gathered in `f`; flow, mix, react, and let the spring out.

    Half of what moves does so before the reactions and half after them; on wet days the step is cut into parts.

    air_s, air_f  state and fluxes of the atmosphere (rain and melt for the allogenic area, running mean temperatures)
    """
    allogenic.step(p, s, f, air_f, forcing, k, dt, n_active)
    outlets.gain(p, f, air_s.air_temperature_year, k, dt, n_active)
    outlets.lose(p, s, f, dt, n_active)
    if p.structure == MATRIX_AND_CONDUIT:
        storage.balance(p, s, f, dt)
    else:
        hartmann_2015.balance(p, s, f, dt)
    begin(p, s, f, air_s, x, k, dt, n_active)
    parts = turnover_parts(f.conduit_recharge.volume, conduit_cells.volume(p, s)) if n_active > 0 else 1
    solved = 0.0
    for _ in range(parts):
        conduit_cells.advance(p, s, f, HALF / parts, n_active)
        solved = react(p, s, f, air_s, x, k, dt / parts, solved, n_active)
        conduit_cells.advance(p, s, f, HALF / parts, n_active)
    f.conduit_volume = conduit_cells.volume(p, s)
    storage.collect(p, f, n_active)
    outlets.divide(p, f, n_active)
    spring.step(s, f, x, k, n_active)
    if n_active > N_CORE:
        isotopes.read_spring(s, f, forcing.co2_c14)

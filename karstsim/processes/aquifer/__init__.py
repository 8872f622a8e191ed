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
from karstsim.processes.transport import clear, most_parts, receive, turnover_parts

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
def flow(p, s, f, air_s, air_f, forcing, k, dt, n_active):
    """The water of the step, before any of it moves; the matrix takes the heat of its rock and respires.

    Recharge and cave air have been gathered in `f`.

    air_s, air_f  state and fluxes of the atmosphere (rain and melt for the allogenic area, running mean temperatures)
    returns       into how many parts the step of the conduit is cut
    """
    allogenic.step(p, s, f, air_f, forcing, k, dt, n_active)
    outlets.gain(p, f, air_s.air_temperature_year, k, dt, n_active)
    outlets.lose(p, s, f, dt, n_active)
    if p.structure == MATRIX_AND_CONDUIT:
        storage.balance(p, s, f, dt)
    else:
        hartmann_2015.balance(p, s, f, dt)
    conduit_cells.begin(f, n_active)
    heat.begin(s, f, air_s.air_temperature_year)
    if n_active == 0:
        return 1
    if n_active > N_CORE:
        isotopes.begin(f)
    organic.begin(p, s, f, dt, k.tracers)
    return turnover_parts(f.conduit_recharge.volume, conduit_cells.volume(p, s))


@kernel
def arrive(p, s, f, air_s, k, part, dt, n_active):
    """Half of the water of a part of the step (the share `part`, `dt` days); then heat and respiration of the part."""
    conduit_cells.advance(p, s, f, HALF * part, n_active)
    heat.step(p, s, f, air_s.air_temperature_year, dt)
    if n_active > 0:
        organic.step(p, s, f, dt, k.tracers)


@kernel
def react(cp, cs, cf, first, count, scratch, w, constant_set, dt, n_active):
    """Move the water and let it react, in the catchments first .. first + count - 1 side by side.

    The matrix, of whose water a step moves little, reacts once. In each part of the step half of what moves does so
    before the conduit reacts and half after it. Tables as in `chemistry.react_matrices`.
    """
    traced = n_active > N_CORE
    if n_active > 0:
        chemistry.react_matrices(cp, cs, cf, first, count, scratch, w, constant_set, dt, traced)
    for part in range(most_parts(scratch, count)):
        for lane in range(count):
            parts = scratch[lane].parts
            if part < parts:
                p, s, f = cp[first + lane].aquifer, cs[first + lane].aquifer, cf[first + lane].aquifer
                air_s, k = cs[first + lane].atmosphere, scratch[lane].constants
                arrive(p, s, f, air_s, k, 1.0 / parts, dt / parts, n_active)
        if n_active > 0:
            chemistry.react_conduits(cp, cs, cf, first, count, part, scratch, w, constant_set, dt, traced)
        for lane in range(count):
            parts = scratch[lane].parts
            if part < parts:
                p, s, f = cp[first + lane].aquifer, cs[first + lane].aquifer, cf[first + lane].aquifer
                conduit_cells.advance(p, s, f, HALF / parts, n_active)


@kernel
def emerge(cp, cs, cf, first, count, scratch, w, constant_set, n_active):
    """Let the springs of the catchments first .. first + count - 1 out, and read them; tables as in `react`."""
    for lane in range(count):
        p, s, f = cp[first + lane].aquifer, cs[first + lane].aquifer, cf[first + lane].aquifer
        f.conduit_volume = conduit_cells.volume(p, s)
        storage.collect(p, f, n_active)
        outlets.divide(p, f, n_active)
    spring.read_lanes(cs, cf, first, count, scratch, w, constant_set, n_active)

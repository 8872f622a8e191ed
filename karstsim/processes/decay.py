"""Radioactive decay of 14C in every store of a catchment: A exp(-t/8267 a), once a step (design notes 7)."""

from karstsim.chemistry.isotopes import DECAY_PER_DAY
from karstsim.core.jit import kernel
from karstsim.core.solutes import N_TRACERS
from karstsim.processes.aquifer.conduit_cells import MOST_CELLS, cell
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.soil import gas_layers, organic_carbon
from karstsim.processes.tracers import C14
from karstsim.processes.vegetation.isotopes import POOLS as PLANT_POOLS

N_ORGANIC = len(organic_carbon.POOLS)
N_PLANT = len(PLANT_POOLS)


@kernel
def in_water(water, share):
    """Returns what decayed, mol m-2, as all kernels here."""
    sol = water.sol
    lost = share * (sol.di14c + sol.do14c + sol.aquatic_14c)
    sol.di14c -= share * sol.di14c
    sol.do14c -= share * sol.do14c
    sol.aquatic_14c -= share * sol.aquatic_14c
    return lost


@kernel
def in_block(block, share):
    lost = share * block.v[C14]
    block.v[C14] -= lost
    return lost


@kernel
def in_pools(pools, n, share):
    lost = 0.0
    for i in range(n):
        lost += share * pools.v[i]
        pools.v[i] -= share * pools.v[i]
    return lost


@kernel
def in_soil_air(s, share):
    lost = 0.0
    for i in range(gas_layers.MOST_LAYERS):
        held = s.air_tracers_of.v[i * N_TRACERS + C14]
        lost += share * held
        s.air_tracers_of.v[i * N_TRACERS + C14] = held - share * held
    return lost


@kernel
def in_tile(s, share):
    lost = in_water(s.vegetation.canopy, share) + in_water(s.soil.pore_water, share)
    lost += in_water(s.epikarst.water, share)
    lost += in_pools(s.vegetation.plants_c14, N_PLANT, share) + in_pools(s.soil.organic_c14, N_ORGANIC, share)
    lost += in_block(s.soil.carbonate_of, share) + in_block(s.cave.air_of, share)
    if s.soil.air_parts > 0.0:
        lost += in_soil_air(s.soil, share)
    return lost + in_block(s.cave.calcite_of, share) + in_block(s.cave.fissure_of, share)


@kernel
def in_box(s, share):
    return in_water(s.water, share) + in_block(s.plants_of, share) + in_block(s.bed_of, share)


@kernel
def step(cs, ts, bs, dt):
    """Let 14C of all stores decay for `dt` days; per karst area."""
    share = relaxed_share(DECAY_PER_DAY * dt, 1.0)
    lost = in_water(cs.atmosphere.snow, share) + in_water(cs.aquifer.matrix, share)
    lost += in_block(cs.atmosphere.air_isotopes, share)
    for above in range(MOST_CELLS):
        lost += in_water(cell(cs.aquifer, above), share)
    for i in range(ts.shape[0]):
        lost += ts[i].tile.area_fraction * in_tile(ts[i], share)
    for i in range(bs.shape[0]):
        lost += in_box(bs[i].surface_water, share)
    return lost

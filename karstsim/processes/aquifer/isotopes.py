"""Isotopes and sources of inorganic carbon in matrix and conduit, and at the spring.

Rock that dissolves brings its own d13C and no 14C; calcite that grows takes 13C by Rayleigh; conduit water swaps carbon
with cave air at the rate of its gas exchange. Dissolved organic carbon that is respired brings its own isotopes.
Water from outside has the d13C and 14C that its parameters give (allogenic.py, outlets.py).

    dead-carbon fraction = 1 - A_DIC/A_air             A the 14C activity over modern carbon, the air's of the same day
"""

from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import Var
from karstsim.processes import tracers
from karstsim.processes.tracers import C13, C14, ISOTOPES, SOIL, isotope_block, tracer_block

PARAMS = ()
STATE = (
    Var("spring_d13c", "permille", "d13C of DIC of spring water"),
    Var("spring_c14", "1", "14C of DIC of spring water over that of modern carbon"),
    Var("spring_dead_carbon", "1", "dead-carbon fraction of DIC of spring water"),
    Var("spring_rock_share", "1", "share of rock in DIC of spring water by its tags"),
)
FLUXES = (
    Var("rock_d13c", "permille", "d13C of the rock: soil.rock_d13c of all land, weighted by area"),
    tracer_block("solid_of", "rock dissolved last"),
    tracer_block("calcite_of", "calcite precipitated in matrix and conduit", how="sum"),
    tracer_block("cave_air_of", "CO2 of the air above conduit water", "atm"),
    tracer_block("gas_of", "CO2 that conduit water took up last"),
    tracer_block("cave_air_before", "CO2 of the air above conduit water before", "atm"),
    Var(
        "conduit_swapped", "mol m-2", "CO2 of cave air that went into conduit water one way", aggregate="sum"
    ),
    tracer_block("conduit_uptake_of", "CO2 that conduit water took up", how="sum"),
    isotope_block("crossing_of", "carbon that crossed the boundary of the catchment here"),
)


@kernel
def begin(f):
    """Empty the sums of the step."""
    tracers.empty(f.calcite_of)
    tracers.empty(f.conduit_uptake_of)
    f.conduit_swapped = 0.0
    f.crossing_of.v[C13] = 0.0
    f.crossing_of.v[C14] = 0.0


@kernel
def react(f, water, rock, x):
    """Tracers of rock (mol m-2, negative: calcite) that has entered a closed water already."""
    sol = water.sol
    if rock >= 0.0:
        tracers.empty(f.solid_of)
        tracers.put_rock(f.solid_of, rock, f.rock_d13c, tracers.acid_share(sol))
        tracers.pour(sol, f.solid_of)
        f.crossing_of.v[C13] += f.solid_of.v[C13]
        return
    tracers.empty(f.solid_of)
    tracers.precipitate(sol, f.solid_of, sol.dic - rock, -rock, x)
    tracers.add(f.calcite_of, f.solid_of, 1.0)
    for i in range(ISOTOPES):
        f.crossing_of.v[i] -= f.solid_of.v[i]


@kernel
def exchange(f, water, gas, pressure, rate_dt, x):
    """Tracers of conduit water that has taken `gas` (mol m-2) up from cave air of `pressure` before."""
    slope = f.conduit_air_slope
    out = max(rate_dt * x.m_co2 * water.volume - max(-gas, 0.0), 0.0)
    f.conduit_swapped += out + max(gas, 0.0)
    tracers.empty(f.solid_of)
    tracers.empty(f.gas_of)
    tracers.exchange(
        water.sol, f.solid_of, 0.0, gas, f.cave_air_of, pressure - slope * gas, slope, slope, out, x, f.gas_of
    )
    tracers.add(f.conduit_uptake_of, f.gas_of, 1.0)
    tracers.add(f.cave_air_of, f.gas_of, -slope)


@kernel
def respire(store, lost, organic):
    """Isotopes of `lost` dissolved organic carbon that became DIC; the store held `organic` of land before."""
    sol = store.sol
    share = lost / organic if organic > 0.0 else 0.0
    moved = share * sol.do13c
    sol.do13c -= moved
    sol.v[N_CORE + C13] += moved
    moved = share * sol.do14c
    sol.do14c -= moved
    sol.v[N_CORE + C14] += moved
    sol.v[N_CORE + SOIL] += lost


@kernel
def read_spring(s, f, air_c14):
    """What a sample of the spring would show; without discharge the last reading stays."""
    sol = f.spring.sol
    if not sol.dic > 0.0:
        return
    s.spring_d13c = tracers.delta_of(sol.di13c, sol.dic)
    s.spring_c14 = sol.di14c / sol.dic
    s.spring_dead_carbon = tracers.dead_carbon(sol.di14c, sol.dic, air_c14)
    s.spring_rock_share = (sol.tag_rock + sol.tag_acid_rock) / sol.dic

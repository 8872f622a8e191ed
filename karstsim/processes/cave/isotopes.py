"""Isotopes and sources of carbon in cave air, drip water and calcite.

Cave air mixes its tracers as it mixes its CO2 (air.py). Water that degasses on its way, and calcite that grows from it,
take 13C by Rayleigh: calcite with alpha calcite-DIC, CO2 with the one-way alpha of a water surface. Drips are too
fast to swap carbon with the cave's air; water that takes CO2 up gets what the air is made of.

The dead-carbon fraction of calcite, 1 - F_calcite/F_air, is that against the air of the day: what a stalagmite archives
is this series.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Var
from karstsim.processes import tracers
from karstsim.processes.cave.air import per_atm
from karstsim.processes.tracers import C13, C14, ISOTOPES, N_TRACERS, isotope_block, tracer_block

PARAMS = ()
STATE = (
    tracer_block("air_of", "CO2 in cave air"),
    tracer_block("calcite_of", "calcite deposited in caves"),
    tracer_block("fissure_of", "calcite left in fissures above caves"),
    Var("drip_d13c", "permille", "d13C of DIC of drip water on the floor"),
    Var("calcite_d13c", "permille", "d13C of the calcite that grew last on the floor"),
    Var("calcite_dead_carbon", "1", "dead-carbon fraction of the calcite that grew last on the floor"),
)
FLUXES = (
    tracer_block("outside_of", "CO2 of the open air", "atm"),
    tracer_block("above_of", "CO2 of the air above the cave", "atm"),
    tracer_block("brought_of", "CO2 of outside air drawn in", how="sum"),
    tracer_block("drawn_of", "soil CO2 drawn with vadose air", how="sum"),
    tracer_block("after_of", "CO2 in cave air at the end of the step without what water releases"),
    tracer_block("released_of", "CO2 that drip water gives the cave's air", how="sum"),
    tracer_block("vadose_of", "CO2 that drip water gives the vadose air", how="sum"),
    tracer_block("growth_of", "calcite grown on the floor", how="sum"),
    isotope_block("fissure_growth_of", "calcite left in fissures above the cave"),
    tracer_block("met_of", "CO2 in the air that drip water meets"),
    tracer_block("gas_of", "CO2 that drip water took up last"),
    tracer_block("solid_of", "nothing: no solid dissolves here"),
    isotope_block("from_air_of", "carbon taken out of the open air"),
)


@kernel
def begin(f, soil_f, epikarst_f):
    """The air outside and above the cave, and empty sums."""
    tracers.empty(f.outside_of)
    tracers.add(f.outside_of, soil_f.air_of, 1.0)
    tracers.empty(f.above_of)
    tracers.add(f.above_of, epikarst_f.vadose_of, 1.0)
    tracers.empty(f.brought_of)
    tracers.empty(f.drawn_of)
    tracers.empty(f.released_of)
    tracers.empty(f.vadose_of)
    tracers.empty(f.growth_of)
    tracers.empty(f.solid_of)
    for i in range(ISOTOPES):
        f.from_air_of.v[i] = 0.0
        f.fissure_growth_of.v[i] = 0.0


@kernel
def ventilate(p, s, f, vadose_pco2, outside, kept, cave_temperature):
    """What air brings, and the cave's air as it would be without what drip water gives off (air.ventilate)."""
    atm = per_atm(cave_temperature)
    moved = f.air_from_outside + f.air_from_vadose * min(vadose_pco2 / outside, 1.0)
    excess = vadose_pco2 - outside
    a = 1.0 / f.air_kept - 1.0
    for i in range(N_TRACERS):
        f.brought_of.v[i] = p.area_fraction * moved * f.outside_of.v[i] / atm
        if excess > 0.0:
            f.drawn_of.v[i] = f.drawn_soil_co2 * (f.above_of.v[i] - f.outside_of.v[i]) / excess
        brought = f.brought_of.v[i] + f.drawn_of.v[i]
        f.after_of.v[i] = s.air_of.v[i] * (1.0 - a * kept) + brought * kept


@kernel
def degas(f, gas, into_cave, kept, x):
    """Tracers of CO2 that drip water gave off (negative: took up), mol m-2; `into_cave` the share of the cave's air.

    It meets the air with what was released into it before: without that, water that takes nearly all of the CO2 would
    take more from one source than the air has of it.
    """
    tracers.empty(f.met_of)
    tracers.add(f.met_of, f.after_of, 1.0)
    tracers.add(f.met_of, f.released_of, kept)
    held = tracers.total(f.met_of)
    tracers.empty(f.gas_of)
    tracers.exchange(f.drip.sol, f.solid_of, 0.0, -gas, f.met_of, held, 0.0, 0.0, 0.0, x, f.gas_of)
    tracers.add(f.released_of, f.gas_of, -into_cave)
    tracers.add(f.vadose_of, f.gas_of, into_cave - 1.0)


@kernel
def fissures(p, s, f, kept, x):
    """Tracers of what drip water lost in the fissures."""
    sol = f.drip.sol
    before = sol.dic + f.fissure_growth + f.fissure_degassing
    tracers.note(f.fissure_growth_of, s.fissure_of, -1.0)
    tracers.precipitate(sol, s.fissure_of, before, f.fissure_growth, x)
    tracers.note(f.fissure_growth_of, s.fissure_of, 1.0)
    degas(f, f.fissure_degassing, p.fissure_cave_share, kept, x)


@kernel
def drips(s, f, kept, x, air_c14):
    """Tracers of what drip water lost to the cave's air and floor."""
    sol = f.drip.sol
    before = sol.dic + f.calcite_growth + f.drip_degassing
    tracers.precipitate(sol, f.growth_of, before, f.calcite_growth, x)
    degas(f, f.drip_degassing, 1.0, kept, x)
    tracers.add(s.calcite_of, f.growth_of, 1.0)
    s.drip_d13c = tracers.delta_of(sol.di13c, sol.dic)
    if f.calcite_growth > 0.0:
        s.calcite_d13c = tracers.delta_of(f.growth_of.v[C13], f.calcite_growth)
        s.calcite_dead_carbon = tracers.dead_carbon(f.growth_of.v[C14], f.calcite_growth, air_c14)


@kernel
def close(s, f, kept):
    """Book the air of the step once drip water has released CO2 into it."""
    for i in range(N_TRACERS):
        held = s.air_of.v[i] + f.drawn_of.v[i] + f.released_of.v[i]
        s.air_of.v[i] = f.after_of.v[i] + kept * f.released_of.v[i]
        if i < ISOTOPES:
            f.from_air_of.v[i] = s.air_of.v[i] - held


@kernel
def receive(s, f, amounts, share):
    """Bring a share of the tracers that the conduit gave off into the air; what air that passes takes leaves."""
    for i in range(N_TRACERS):
        stays = share * amounts.v[i] * f.air_kept
        s.air_of.v[i] += stays
        if i < ISOTOPES:
            f.from_air_of.v[i] -= share * amounts.v[i] - stays

"""Isotopes and sources of carbon in a box: its DIC, its plants, the organic matter in its water, and the bed's calcite.

After each sub-step its amounts of carbon are known, and the tracers follow them in this order:

    respiration    organic carbon becomes DIC as it is
    gas exchange   both one-way fluxes, out = in - net, with equilibrium and kinetic fractionation (tracers.exchange);
                   calcite of the bed dissolves as it is
    production     net of growth respiration, off the DIC by Rayleigh, with the shares of CO2 and HCO3- of Eq. 6.1,
                   alpha = ((1 - s) alpha_CO2 (1 - D_CO2/1000) + s alpha_HCO3 (1 - D_HCO3/1000))/alpha_DIC
    calcite        with plants or without, by Rayleigh with alpha calcite-DIC; then burial

Phytoplankton, what plants exude and dead particles are one mixture in a water, and so is organic matter from land,
which counts as soil carbon once it is respired. Submerged plants and the bed are pools of their own. Plants that take
up rock carbon keep its tag: what is buried is known by source.
"""

import math

from karstsim.chemistry.isotopes import (
    EPSILON_PHOTOSYNTHESIS_CO2,
    EPSILON_PHOTOSYNTHESIS_HCO3,
    ZHANG1995,
    alpha_co2,
    alpha_hco3,
    epsilon_to_alpha,
)
from karstsim.core.jit import kernel
from karstsim.core.solutes import AQUATIC, N_CORE, N_TRACERS
from karstsim.core.spec import Param, Var, record_dtype
from karstsim.processes import tracers
from karstsim.processes.tracers import C13, C14, ISOTOPES, SOIL, isotope_block, tracer_block

PARAMS = (
    Param(
        "co2_discrimination",
        -EPSILON_PHOTOSYNTHESIS_CO2,
        "permille",
        10.0,
        25.0,
        "design; design notes 7",
        calibrate=False,
        doc="of aquatic plants against the CO2(aq) that they take up",
    ),
    Param(
        "bicarbonate_discrimination",
        -EPSILON_PHOTOSYNTHESIS_HCO3,
        "permille",
        10.0,
        13.0,
        "design; design notes 7",
        calibrate=False,
        doc="of aquatic plants against the HCO3- that they take up",
    ),
)
STATE = (tracer_block("plants_of", "submerged plants"), tracer_block("bed_of", "calcite on the bed"))
FLUXES = (
    Var("dic_d13c", "permille", "d13C of DIC"),
    Var("lowest_d13c", "permille", "lowest d13C of DIC of any sub-step", aggregate="min"),
    Var("highest_d13c", "permille", "highest d13C of DIC of any sub-step", aggregate="max"),
    Var("dic_c14", "1", "14C of DIC over that of modern carbon"),
    Var("dic_dead_carbon", "1", "dead-carbon fraction of DIC"),
    Var("dic_rock_share", "1", "share of rock in DIC by its tags"),
    Var("plants_d13c", "permille", "d13C of submerged plants"),
    Var("organic_d13c", "permille", "d13C of phytoplankton and of what aquatic plants left in the water"),
    Var("organic_rock_share", "1", "share of rock in that carbon by its tags"),
    Var("bed_d13c", "permille", "d13C of calcite on the bed"),
    tracer_block("buried_of", "organic carbon buried", how="sum"),
    tracer_block("evaded_of", "CO2 that left to the open air one way", how="sum"),
    tracer_block("invaded_of", "CO2 that entered from the open air one way", how="sum"),
    tracer_block("fixed_of", "net production of the last sub-step"),
    tracer_block("solid_of", "calcite of the bed that dissolved last"),
    tracer_block("gas_of", "CO2 that the water took up last"),
    isotope_block("from_air_of", "carbon taken out of the open air"),
    isotope_block("crossing_of", "other carbon that crossed the boundary of the catchment here"),
    isotope_block("harvest_of", "plants harvested and taken away"),
    isotope_block("production_of", "net primary production of aquatic plants"),
    isotope_block("respired_of", "organic carbon that became DIC"),
    isotope_block("calcite_of", "calcite precipitated"),
    isotope_block("calcite_burial_of", "calcite buried"),
)
BEFORE_DTYPE = record_dtype(
    [
        (name, "f8")
        for name in (
            *("dic", "land", "aquatic", "plants", "bed", "evasion", "invasion", "gpp", "gpp_bicarbonate"),
            *(
                "autotrophic_respiration",
                "heterotrophic_respiration",
                "plant_respiration",
                "stand_respiration",
            ),
            *("stand_death", "plant_harvest", "calcite", "calcite_dissolution", "calcite_burial"),
            *("burial_oc", "burial_oc_land"),
        )
    ]
)
OPEN_AIR = 1.0  # the air's tracers are shares of its CO2


@kernel
def land_carbon(sol):
    """Organic carbon from land, mol m-2."""
    return sol.doc_labile + sol.doc_semilabile + sol.doc_refractory + sol.poc_land


@kernel
def aquatic_carbon(sol):
    """Organic carbon of aquatic plants in the water, mol m-2."""
    return sol.aoc_labile + sol.aoc_semilabile + sol.aoc_refractory + sol.poc + sol.algae


@kernel
def begin(f):
    """Empty the sums of the step."""
    tracers.empty(f.buried_of)
    tracers.empty(f.evaded_of)
    tracers.empty(f.invaded_of)
    for i in range(ISOTOPES):
        f.from_air_of.v[i] = 0.0
        f.crossing_of.v[i] = 0.0
        f.harvest_of.v[i] = 0.0
        f.production_of.v[i] = 0.0
        f.respired_of.v[i] = 0.0
        f.calcite_of.v[i] = 0.0
        f.calcite_burial_of.v[i] = 0.0
    f.lowest_d13c = math.nan
    f.highest_d13c = math.nan


@kernel
def note(s, f, before):
    """Amounts before a sub-step."""
    before.dic = s.water.sol.dic
    before.land = land_carbon(s.water.sol)
    before.aquatic = aquatic_carbon(s.water.sol)
    before.plants = s.plants
    before.bed = s.bed_calcite
    before.evasion = f.evasion
    before.invasion = f.invasion
    before.gpp = f.gpp
    before.gpp_bicarbonate = f.gpp_bicarbonate
    before.autotrophic_respiration = f.autotrophic_respiration
    before.heterotrophic_respiration = f.heterotrophic_respiration
    before.plant_respiration = f.plant_respiration
    before.stand_respiration = f.stand_respiration
    before.stand_death = f.stand_death
    before.plant_harvest = f.plant_harvest
    before.calcite = f.calcite
    before.calcite_dissolution = f.calcite_dissolution
    before.calcite_burial = f.calcite_burial
    before.burial_oc = f.burial_oc
    before.burial_oc_land = f.burial_oc_land


@kernel
def step(p, s, f, t, air_of, x):
    """Tracers of a sub-step whose carbon is settled.

    t       scratch of the sub-step; air_of  tracers of the open air's CO2; x  the speciated water at its end
    """
    carbon = t.before.dic + respire(s, f, t.before)
    if x.ph > 0.0:
        carbon = exchange(s, f, t, air_of, x, carbon)
        carbon = produce(p, s, f, t.before, x, carbon)
        tracers.note(f.calcite_of, s.bed_of, -1.0)
        tracers.precipitate(s.water.sol, s.bed_of, carbon, f.calcite - t.before.calcite, x)
        tracers.note(f.calcite_of, s.bed_of, 1.0)
    bury(s, f, f.calcite_burial - t.before.calcite_burial)
    read(s, f, air_of)


@kernel
def share_of(part, whole):
    return min(max(part, 0.0) / whole, 1.0) if whole > 0.0 else 0.0


@kernel
def respire(s, f, before):
    """Decay, maintenance and burial of organic carbon; returns what became DIC, mol m-2."""
    sol = s.water.sol
    land_buried = f.burial_oc_land - before.burial_oc_land
    land_lost = before.land - land_carbon(sol)
    by_stand = f.stand_respiration - before.stand_respiration
    respired = f.heterotrophic_respiration - before.heterotrophic_respiration
    respired += f.plant_respiration - before.plant_respiration
    land_respired = max(land_lost - land_buried, 0.0)  # not below zero by rounding
    aquatic_respired = respired - by_stand - land_respired
    aquatic_buried = f.burial_oc - before.burial_oc - land_buried
    lose_land(
        sol,
        f,
        share_of(land_respired, before.land),
        share_of(land_buried, before.land),
        land_respired,
        land_buried,
    )
    lose_aquatic(sol, f, share_of(aquatic_respired, before.aquatic), share_of(aquatic_buried, before.aquatic))
    thin_stand(
        s,
        f,
        share_of(by_stand, before.plants),
        share_of(f.stand_death - before.stand_death, before.plants),
        share_of(f.plant_harvest - before.plant_harvest, before.plants),
    )
    return respired


@kernel
def lose_land(sol, f, respired_share, buried_share, respired, buried):
    """Isotopes of land's organic carbon, and soil as its source."""
    kept = max(1.0 - (respired_share + buried_share), 0.0)
    for i in range(ISOTOPES):
        held = sol.do13c if i == C13 else sol.do14c
        f.buried_of.v[i] += buried_share * held
        f.crossing_of.v[i] -= buried_share * held
        sol.v[N_CORE + i] += respired_share * held
        f.respired_of.v[i] += respired_share * held
        if i == C13:
            sol.do13c = kept * held
        else:
            sol.do14c = kept * held
    sol.v[N_CORE + SOIL] += respired
    f.buried_of.v[SOIL] += buried


@kernel
def lose_aquatic(sol, f, respired_share, buried_share):
    kept = max(1.0 - (respired_share + buried_share), 0.0)
    for i in range(N_TRACERS):
        held = sol.v[AQUATIC + i]
        sol.v[AQUATIC + i] = kept * held
        sol.v[N_CORE + i] += respired_share * held
        f.buried_of.v[i] += buried_share * held
        if i < ISOTOPES:
            f.respired_of.v[i] += respired_share * held
            f.crossing_of.v[i] -= buried_share * held


@kernel
def thin_stand(s, f, respired_share, died_share, harvested_share):
    sol = s.water.sol
    kept = max(1.0 - (respired_share + died_share + harvested_share), 0.0)
    for i in range(N_TRACERS):
        held = s.plants_of.v[i]
        s.plants_of.v[i] = kept * held
        sol.v[N_CORE + i] += respired_share * held
        sol.v[AQUATIC + i] += died_share * held
        if i < ISOTOPES:
            f.respired_of.v[i] += respired_share * held
            f.harvest_of.v[i] += harvested_share * held


@kernel
def exchange(s, f, t, air_of, x, carbon):
    """Gas exchange with the open air and the bed that dissolves; returns the DIC after it, mol m-2."""
    sol = s.water.sol
    before = t.before
    gas = f.invasion - before.invasion - (f.evasion - before.evasion)
    rock = f.calcite_dissolution - before.calcite_dissolution
    tracers.empty(f.solid_of)
    tracers.take(s.bed_of, f.solid_of, share_of(rock, before.bed))
    entering = max(t.gas * x.c_kh * t.air * s.water.volume, gas)
    final = sol.dic
    sol.dic = carbon + rock + gas  # production and calcite come after
    after = sol.dic
    tracers.empty(f.gas_of)
    tracers.exchange(
        sol,
        f.solid_of,
        rock,
        gas,
        air_of,
        OPEN_AIR,
        0.0,
        0.0,
        entering - max(gas, 0.0),
        x,
        f.gas_of,
    )
    sol.dic = final
    slower = tracers.scaled(air_of.v[C13], tracers.alpha_into_water(x))
    for i in range(N_TRACERS):
        invaded = entering * (slower if i == C13 else air_of.v[i])
        f.invaded_of.v[i] += invaded
        f.evaded_of.v[i] += invaded - f.gas_of.v[i]
    for i in range(ISOTOPES):
        f.from_air_of.v[i] += f.gas_of.v[i]
    return after


@kernel
def alpha_production(p, temperature, share_hco3):
    """alpha of fixed carbon against CO2 gas in equilibrium with the water, of HCO3- users by their share."""
    by_co2 = alpha_co2(ZHANG1995, temperature) * epsilon_to_alpha(-p.co2_discrimination)
    by_hco3 = alpha_hco3(ZHANG1995, temperature) * epsilon_to_alpha(-p.bicarbonate_discrimination)
    return by_co2 + share_hco3 * (by_hco3 - by_co2)


@kernel
def produce(p, s, f, before, x, carbon):
    """Net production to submerged plants and to what is in the water; returns the DIC after it, mol m-2."""
    gross = f.gpp - before.gpp
    kept = gross - (f.autotrophic_respiration - before.autotrophic_respiration)
    if not kept > 0.0:
        return carbon
    share_hco3 = share_of(f.gpp_bicarbonate - before.gpp_bicarbonate, gross)
    alpha = alpha_production(p, x.temperature, share_hco3) / tracers.alpha_of_dic(x)
    tracers.empty(f.fixed_of)
    tracers.rayleigh(s.water.sol, f.fixed_of, carbon, kept, alpha)
    lost = f.stand_respiration + f.stand_death + f.plant_harvest
    lost -= before.stand_respiration + before.stand_death + before.plant_harvest
    grown = share_of(s.plants - before.plants + lost, kept)
    for i in range(N_TRACERS):
        to_stand = grown * f.fixed_of.v[i]
        s.plants_of.v[i] += to_stand
        s.water.sol.v[AQUATIC + i] += f.fixed_of.v[i] - to_stand
        if i < ISOTOPES:
            f.production_of.v[i] += f.fixed_of.v[i]
    return carbon - kept


@kernel
def bury(s, f, buried):
    """Calcite that passes out of reach of the water."""
    tracers.empty(f.solid_of)
    tracers.take(s.bed_of, f.solid_of, share_of(buried, s.bed_calcite + buried))
    for i in range(ISOTOPES):
        f.calcite_burial_of.v[i] += f.solid_of.v[i]
        f.crossing_of.v[i] -= f.solid_of.v[i]


@kernel
def read(s, f, air_of):
    """What samples of the box would show; NaN where there is none of it."""
    sol = s.water.sol
    f.dic_d13c = tracers.delta_of(sol.di13c, sol.dic)
    f.lowest_d13c = min(f.dic_d13c, f.lowest_d13c) if f.lowest_d13c == f.lowest_d13c else f.dic_d13c
    f.highest_d13c = max(f.dic_d13c, f.highest_d13c) if f.highest_d13c == f.highest_d13c else f.dic_d13c
    f.dic_c14 = sol.di14c / sol.dic if sol.dic > 0.0 else math.nan
    f.dic_dead_carbon = tracers.dead_carbon(sol.di14c, sol.dic, air_of.v[C14])
    f.dic_rock_share = (sol.tag_rock + sol.tag_acid_rock) / sol.dic if sol.dic > 0.0 else math.nan
    organic = aquatic_carbon(sol)
    f.organic_d13c = tracers.delta_of(sol.aquatic_13c, organic)
    rock = sol.aquatic_tag_rock + sol.aquatic_tag_acid_rock
    f.organic_rock_share = rock / organic if organic > 0.0 else math.nan
    f.plants_d13c = tracers.delta_of(s.plants_of.di13c, s.plants)
    f.bed_d13c = tracers.delta_of(s.bed_of.di13c, s.bed_calcite)

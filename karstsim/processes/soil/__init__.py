"""Soil: water, organic carbon, CO2, and the first contact of water with rock. One row per land tile."""

from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import Store, Var
from karstsim.processes import tracers
from karstsim.processes.soil import (
    amendments,
    biochar,
    brook_1983,
    chemistry,
    deposition,
    diffusivity,
    gas,
    gas_layers,
    gwiazda_1994,
    irrigation,
    isotopes,
    nitrification,
    npp_linear,
    organic_carbon,
    parton_1987,
    powder,
    pyrite,
    rock_film,
    rothc,
    sarrazin_2018,
    steady_profile,
    temperature,
    water,
)
from karstsim.processes.transport import clear, most_parts, turnover_parts

NAME = "soil"
HALF = 0.5
LEVEL = "tile"
STATE = (
    Store("pore_water", "soil water"),
    Var("temperature", "degC", "soil temperature", standard_name="soil_temperature"),
    *organic_carbon.POOLS,
    Var("carbonate", "mol m-2", "pedogenic calcite in the soil"),
    *powder.STATE,
    *irrigation.STATE,
    *gas_layers.STATE,
    *brook_1983.STATE,
    *gwiazda_1994.STATE,
    *npp_linear.STATE,
    *isotopes.STATE,
)
GAS = (steady_profile, diffusivity, gas_layers, npp_linear, gas)
PROCESSES = (
    temperature, irrigation, deposition, nitrification, pyrite, powder, water, sarrazin_2018, rock_film, rothc,
    parton_1987, amendments, biochar, organic_carbon, *GAS, chemistry, isotopes,
)  # fmt: skip
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
CONSTRAINTS = tuple(c for process in PROCESSES for c in getattr(process, "CONSTRAINTS", ()))


@kernel
def receive_water(p, s, f, throughfall, ground, mobile, area, forcing, x, k, dt, n_active):
    """Throughfall is divided between bare rock and soil, and irrigation fetched; nothing enters yet.

    throughfall           flow from the vegetation
    ground, mobile, area  rock matrix that irrigation may pump from, its mobile water (mm), area share of the tile
    """
    irrigation.step(p, s, f, ground, mobile, area, forcing, dt, n_active)
    if n_active > N_CORE:
        tracers.fill(f.irrigation, p.irrigation_d13c, p.irrigation_c14, tracers.IRRIGATION)
    rock_film.step(p, f, throughfall, forcing, x, k, dt, n_active)
    if n_active > 0:
        deposition.step(p, s, f, dt)
        nitrification.step(p, s, f, dt)
        powder.spread(p, s, f, forcing, dt)


@kernel
def prepare(p, s, f, litter, forcing, root_respiration, dt, n_active):
    """Organic matter decays and the soil gas follows; nothing enters or percolates yet but water alone.

    litter            vegetation fluxes (litterfall, npp: mol m-2; canopy_evaporation: mm)
    root_respiration  mol m-2
    returns           into how many parts the step is cut in which water enters, reacts and percolates
    """
    clear(f.percolation, n_active)
    if n_active == 0:  # water alone
        water.enter(s, f, 1.0, n_active)
        water.percolate(s, f, 1.0, n_active)
        return 1
    if n_active > N_CORE:
        isotopes.decompose(p, s, f, litter, forcing, dt)
    organic_carbon.step(p, s, f, litter, forcing, dt)
    gas.remember(s, f, litter, dt)
    gas.step(p, s, f, root_respiration, forcing, dt)
    if n_active > N_CORE:
        isotopes.respire(p, s, f, litter, forcing, dt)
    pyrite.step(p, s, f, forcing, dt)
    chemistry.begin(f)
    return turnover_parts(f.excess, s.pore_water.volume)


@kernel
def react(tp, ts, tf, tile, first, count, scratch, w, v, constant_set, dt, n_active):
    """Water enters, dissolves rock under the soil and percolates, in the catchments first .. first + count - 1.

    Half of what percolates leaves before the reactions and half after them; on wet days the step is cut into parts.

    tp, ts, tf  tables of the tiles of all catchments, of which `tile` reacts; scratch (LANES,) records
    """
    traced = n_active > N_CORE
    for part in range(most_parts(scratch, count)):
        for lane in range(count):
            parts = scratch[lane].parts
            if part < parts:
                s, f = ts[first + lane, tile].soil, tf[first + lane, tile].soil
                water.enter(s, f, 1.0 / parts, n_active)
                water.percolate(s, f, HALF / parts, n_active)
        chemistry.react(tp, ts, tf, tile, part, first, count, scratch, w, v, constant_set, dt, traced)
        for lane in range(count):
            parts = scratch[lane].parts
            if part < parts:
                s, f = ts[first + lane, tile].soil, tf[first + lane, tile].soil
                water.percolate(s, f, HALF / parts, n_active)


@kernel
def finish(s, f, dt, n_active):
    """The gas of the step once water has taken up what it wants."""
    chemistry.finish(s, f, dt)
    if n_active > N_CORE:
        isotopes.lower(f, f.uptake_of, dt)

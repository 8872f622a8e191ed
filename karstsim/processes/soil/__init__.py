"""Soil: water, organic carbon, CO2, and the first contact of water with rock. One row per land tile."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Store, Var
from karstsim.processes.soil import (
    brook_1983,
    chemistry,
    deposition,
    diffusivity,
    gas,
    gas_layers,
    gwiazda_1994,
    irrigation,
    npp_linear,
    rock_film,
    rothc,
    steady_profile,
    temperature,
    water,
)
from karstsim.processes.transport import clear, turnover_parts

NAME = "soil"
HALF = 0.5
LEVEL = "tile"
STATE = (
    Store("pore_water", "soil water"),
    Var("temperature", "degC", "soil temperature", standard_name="soil_temperature"),
    Var("dpm", "mol m-2", "carbon in decomposable plant material"),
    Var("rpm", "mol m-2", "carbon in resistant plant material"),
    Var("bio", "mol m-2", "carbon in microbial biomass"),
    Var("hum", "mol m-2", "carbon in humified organic matter"),
    Var("iom", "mol m-2", "carbon in inert organic matter"),
    Var("carbonate", "mol m-2", "carbonate grains in the soil (pedogenic or spread)"),
    *gas_layers.STATE,
    *brook_1983.STATE,
    *gwiazda_1994.STATE,
    *npp_linear.STATE,
)
GAS = (steady_profile, diffusivity, gas_layers, npp_linear, gas)
PROCESSES = (temperature, irrigation, deposition, water, rock_film, rothc, *GAS, chemistry)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
CONSTRAINTS = tuple(c for process in PROCESSES for c in getattr(process, "CONSTRAINTS", ()))


@kernel
def receive_water(p, s, f, throughfall, forcing, x, k, dt, n_active):
    """Throughfall and irrigation are divided between bare rock and soil; nothing enters yet.

    throughfall  flow from the vegetation
    """
    temperature.step(p, s, forcing, dt)
    irrigation.step(p, f, forcing, dt, n_active)
    rock_film.step(p, f, throughfall, forcing, x, k, dt, n_active)
    if n_active > 0:
        deposition.step(p, s, f, dt)


@kernel
def react(p, s, f, litter, forcing, root_respiration, dolomite, x, k, dt, n_active):
    """Organic matter decays, the soil gas follows, water enters, dissolves rock under it, and percolates.

    Half of what percolates leaves before the reactions and half after them; on wet days the step is cut into parts.

    litter            vegetation fluxes (litterfall, npp: mol m-2; canopy_evaporation: mm)
    root_respiration  mol m-2
    dolomite          molar share of magnesium in the rock under the soil
    """
    clear(f.percolation, n_active)
    if n_active == 0:  # water alone
        water.enter(s, f, 1.0, n_active)
        water.percolate(s, f, 1.0, n_active)
        return
    rothc.step(p, s, f, litter, dt)
    gas.remember(s, f, litter, dt)
    gas.step(p, s, f, root_respiration, forcing, dt)
    chemistry.begin(f)
    parts = turnover_parts(f.excess, s.pore_water.volume)
    for _ in range(parts):
        water.enter(s, f, 1.0 / parts, n_active)
        water.percolate(s, f, HALF / parts, n_active)
        chemistry.step(p, s, f, dolomite, f.excess / parts, x, k, dt / parts)
        water.percolate(s, f, HALF / parts, n_active)
    chemistry.finish(f, dt)

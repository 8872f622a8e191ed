"""Soil: water, organic carbon, CO2, and the first contact of water with rock. One row per land tile."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Store, Var
from karstsim.processes.soil import chemistry, deposition, gas, irrigation, rock_film, rothc, temperature, water

NAME = "soil"
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
)
PROCESSES = (temperature, irrigation, deposition, water, rock_film, rothc, gas, chemistry)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
CONSTRAINTS = tuple(c for process in PROCESSES for c in getattr(process, "CONSTRAINTS", ()))


@kernel
def receive_water(p, s, f, throughfall, demand, forcing, x, k, dt, n_active):
    """Throughfall, irrigation and dry deposition arrive; bare rock sheds its share; the bucket loses water to ET.

    throughfall  flow from the vegetation
    demand       potential evapotranspiration left for the soil, mm
    """
    temperature.step(p, s, forcing, dt)
    irrigation.step(p, f, forcing, dt, n_active)
    rock_film.step(p, f, throughfall, forcing, x, k, dt, n_active)
    deposition.step(p, s, f, dt)
    water.step(p, s, f, demand, dt, n_active)


@kernel
def react(p, s, f, litter, forcing, root_respiration, dolomite, x, k, dt, n_active):
    """Organic matter decays, the soil gas follows, water dissolves rock under it, and the excess percolates.

    litter            vegetation fluxes (leaf_litter, wood_litter, root_litter), mol m-2
    root_respiration  mol m-2
    dolomite          molar share of magnesium in the rock under the soil
    """
    rothc.step(p, s, f, litter, dt)
    gas.step(p, s, f, root_respiration, forcing, dt)
    chemistry.step(p, s, f, dolomite, x, k, dt)
    water.percolate(s, f, n_active)

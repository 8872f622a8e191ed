"""Submerged plants and phytoplankton of a box: biomass, cover, respiration, death, harvest (design notes 6.4).

    dB/dt = share of net production - (m + r q + harvest) B,   cover = plant_cover (1 - exp(-(B + seed)/B_c))

q = 1.07^(T - 20). B is per area of planted bed; what would grow beyond its capacity is shed at once. Seeds and shoots
in the bed give a bare bed some cover, and spores a clear water some phytoplankton: they produce, but are no stock.
Phytoplankton drifts with the water (solute `algae`), settles, and takes its phosphorus out of the water.
"""

import math

from karstsim.core.classes import by_plant, by_water_class
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.surface_water import organic

PARAMS = (
    Param(
        "plant_cover",
        1.0,
        "1",
        0.0,
        1.0,
        "management",
        calibrate=False,
        by_class=by_water_class(1.0, 0.3, 0.1, 1.0, 1.0, 1.0),
        by_plant=by_plant(phytoplankton=0.0),
        doc="share of the bed where submerged plants may grow",
    ),
    Param("cover_biomass", 5.0, "mol m-2", 1.0, 20.0, "design; design notes 6.4", calibrate=False),
    Param("plant_capacity", 25.0, "mol m-2", 2.0, 100.0, "design; design notes 6.4", calibrate=False),
    Param("plant_mortality", 0.01, "day-1", 1.0e-3, 0.1, "design; design notes 6.4", scale="log"),
    Param(
        "plant_maintenance",
        0.01,
        "day-1",
        1.0e-3,
        0.1,
        "design",
        scale="log",
        doc="respiration of standing plants at 20 degC; with growth respiration about 0.4 of gross production",
    ),
    Param(
        "plant_harvest",
        0.0,
        "year-1",
        0.0,
        50.0,
        "management; design notes 8",
        calibrate=False,
        doc="plants cut and taken away; 50 = all within a week",
    ),
    Param("algal_mortality", 0.05, "day-1", 0.005, 0.5, "design", scale="log", doc="grazing included"),
    Param("algal_maintenance", 0.1, "day-1", 0.01, 0.3, "design", scale="log", doc="at 20 degC"),
    Param("algal_settling", 0.1, "m d-1", 0.0, 2.0, "design", calibrate=False),
)
FLUXES = (
    Var("plant_respiration", "mol m-2", "maintenance respiration of aquatic plants", aggregate="sum"),
    Var("plant_death", "mol m-2", "dead aquatic plants, to particles", aggregate="sum"),
    Var("stand_respiration", "mol m-2", "part of plant_respiration by submerged plants", aggregate="sum"),
    Var("stand_death", "mol m-2", "submerged plants that died, without what crowding shed", aggregate="sum"),
    Var("plant_harvest", "mol m-2", "aquatic plants harvested and taken away", aggregate="sum"),
)
SEED = 0.1  # mol m-2 of bed (1 g C m-2), and
SPORES = 1.0e-4  # mol m-3 (0.03 ug chlorophyll per litre): both design
LEAST_AREA = 1.0e-12  # of water over karst


@kernel
def begin(f):
    f.plant_respiration = 0.0
    f.plant_death = 0.0
    f.plant_harvest = 0.0
    f.stand_respiration = 0.0
    f.stand_death = 0.0


@kernel
def density(p, s, f):
    """Biomass per area of the planted bed, mol m-2."""
    return s.plants / max(f.area_ratio * p.plant_cover, LEAST_AREA)


@kernel
def cover(p, s, f):
    """Share of the bed that plants cover."""
    if p.plant_cover <= 0.0:
        return 0.0
    return p.plant_cover * -math.expm1(-(density(p, s, f) + SEED) / p.cover_biomass)


@kernel
def step(p, s, f, warmth, h, h_water):
    """What a sub-step takes from the stand (`h` days) and the phytoplankton (`h_water`); returns the respired carbon,
    mol m-2.
    """
    sol = s.water.sol
    respiration, death = p.plant_maintenance * warmth, p.plant_mortality
    harvest = p.plant_harvest / DAYS_PER_YEAR
    lost = relaxed_share((respiration + death + harvest) * h, 1.0) * s.plants
    s.plants -= lost
    per_rate = lost / (respiration + death + harvest)
    respired = per_rate * respiration
    harvested = per_rate * harvest
    dead = lost - respired - harvested
    f.stand_respiration += respired
    f.stand_death += dead
    respiration, death = p.algal_maintenance * warmth, p.algal_mortality
    settling = p.algal_settling / max(f.depth, organic.LEAST_DEPTH)
    lost = relaxed_share((respiration + death + settling) * h_water, 1.0) * sol.algae
    sol.algae -= lost
    per_rate = lost / (respiration + death + settling)
    respired += per_rate * respiration
    dead += per_rate * death
    respired_below = organic.bury(p, f, per_rate * settling, False)
    sol.poc += dead
    sol.dic += respired + respired_below
    f.plant_respiration += respired
    f.plant_death += dead
    f.plant_harvest += harvested
    f.heterotrophic_respiration += respired_below
    return respired + respired_below


@kernel
def grow(p, s, f, plants, algae):
    """Divide the net production (mol m-2) of submerged plants and phytoplankton: dissolved matter and new biomass."""
    s.water.sol.algae += organic.exude(p, s, algae)
    kept = organic.exude(p, s, plants)
    crowding = min(density(p, s, f) / p.plant_capacity, 1.0)
    shed = crowding * kept
    s.plants += kept - shed
    s.water.sol.poc += shed
    f.plant_death += shed

"""Production of a stand that follows a growth curve: what it puts on, and what replaces its litter.

    B(t) = B_max (1 - exp(-k t))^p                                     Chapman-Richards, t the age of the stand
    NPP  = dB + turnover of leaves, wood and roots, of the part that is not harvested          [design notes 3.9]

as in CBM-CFS3 (Kurz et al. 2009), where yield tables stand for B. Both terms take their season from CASA, so biomass
falls behind the curve in winter and catches up in summer; what is missing at the end of a year, or because a tile
began off its curve, is regrown with a time constant of ten years.
"""

import math

from karstsim.core.classes import by_land_use
from karstsim.core.constants import GRAMS_PER_KG, MOLAR_MASS_C
from karstsim.core.jit import kernel
from karstsim.core.spec import Param

PARAMS = (
    Param(
        "stand_age",
        100.0,
        "year",
        0.0,
        1000.0,
        "design",
        calibrate=False,
        doc="age of the stand when a run begins, in the growth curve",
    ),
    Param(
        "most_biomass",
        9.1,
        "kg m-2",
        0.01,
        40.0,
        "design; design notes 3.9: secondary forest, shrub and grass measured, the others chosen",
        by_class=by_land_use(0.05, 0.26, 0.26, 0.40, 9.1, 13.0),
        doc="carbon in the biomass of an old stand, in the growth curve; 2.8 for forest with shrubs",
    ),
    Param(
        "growth_rate",
        0.05,
        "year-1",
        0.005,
        5.0,
        "design",
        scale="log",
        by_class=by_land_use(0.2, 2.0, 1.0, 0.15, 0.05, 0.03),
        doc="k of the growth curve",
    ),
    Param("growth_power", 1.5, "1", 1.0, 4.0, "design", doc="p of the growth curve"),
)
FLUXES = ()
RETURN_TIME = 10.0  # years in which a stand comes back to its curve; slow beside a year, fast beside its life


@kernel
def biomass(p, age):
    """Carbon in the biomass of a stand by its curve, mol m-2; age in years."""
    grown = -math.expm1(-p.growth_rate * age)
    share = math.exp(p.growth_power * math.log(grown)) if grown > 0.0 else 0.0
    return p.most_biomass * GRAMS_PER_KG / MOLAR_MASS_C * share


@kernel
def net_primary_production(p, s, response, years):
    """NPP of one step, mol m-2; ages the stand.

    response  factor on the curve for CO2
    years     part of a year's growth that falls into this step
    """
    young = biomass(p, s.stand_age)
    s.stand_age += years
    old = biomass(p, s.stand_age)
    turnover = s.leaf / p.leaf_turnover + s.wood / p.wood_turnover + s.root / p.root_turnover
    missing = response * old - (s.leaf + s.wood + s.root)
    grown = response * (old - young) + years * (turnover + missing / RETURN_TIME)
    return max(grown, 0.0) / (1.0 - p.harvest)

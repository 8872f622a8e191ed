"""The Miami model: net primary production of a year from its mean temperature or its rain, whichever gives less.

    NPP_T = 3000/(1 + exp(1.315 - 0.119 T)),  NPP_P = 3000 (1 - exp(-0.000664 P))    g m-2 a-1 of dry matter

[Lieth 1975; design notes 3.9]. It is the production that the climate allows: it knows no soil, no land use and no CO2.
"""

import math

from karstsim.core.classes import by_land_use
from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.jit import kernel
from karstsim.core.spec import Param

PARAMS = (
    Param(
        "carbon_content",
        0.45,
        "1",
        0.4,
        0.55,
        "lieth1975; design notes 3.9",
        calibrate=False,
        doc="carbon in the dry matter of Miami",
    ),
    Param(
        "climate_share",
        1.0,
        "1",
        0.05,
        1.2,
        "design; Miami is 1, bare rock has fPAR over that of a virgin forest",
        by_class=by_land_use(0.15, 1.0, 1.0, 1.0, 1.0, 1.0),
        doc="share of the production that the climate allows, in Miami",
    ),
)
FLUXES = ()
MOST = 3000.0  # g m-2 a-1 of dry matter
WARM_LEVEL, WARM_SLOPE = 1.315, 0.119  # 1, degC-1
RAIN_SLOPE = 0.000664  # mm-1


@kernel
def dry_matter(temperature, precipitation):
    """Yearly NPP, g m-2 of dry matter; annual mean temperature degC, annual precipitation mm."""
    warm = MOST / (1.0 + math.exp(WARM_LEVEL - WARM_SLOPE * temperature))
    wet = -MOST * math.expm1(-RAIN_SLOPE * precipitation)
    return min(warm, wet)


@kernel
def net_primary_production(p, temperature, precipitation):
    """Yearly NPP, mol m-2 of carbon; annual mean temperature degC, annual precipitation mm."""
    return p.climate_share * p.carbon_content * dry_matter(temperature, precipitation) / MOLAR_MASS_C

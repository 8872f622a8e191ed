"""The steady profile of CO2 in soil air that produces it (design notes 3.11, Eq. 3.6).

    C(z) = C_a + (P L/D) [1 - e^(-z/L) - (z/L) e^(-z_s/L)]/(1 - e^(-z_s/L)) - J z/D        (mol m-3 of air)

with production P decaying over the depth L, and J the CO2 that water takes up at the base. The bracket over its
denominator is the profile's shape.
"""

import math

from karstsim.core.classes import by_land_use
from karstsim.core.jit import kernel
from karstsim.core.spec import Param

PARAMS = (
    Param(
        "production_depth",
        0.12,
        "m",
        0.03,
        0.6,
        "design; design notes 3.12",
        by_class=by_land_use(0.06, 0.12, 0.12, 0.13, 0.15, 0.20),
        doc="e-folding depth of CO2 production",
    ),
)
FLUXES = ()
HALF = 0.5


@kernel
def profile_shape(depth, soil_depth, production_depth):
    """[1 - e^(-z/L) - (z/L) e^(-z_s/L)]/(1 - e^(-z_s/L)), dimensionless."""
    bottom = math.exp(-soil_depth / production_depth)
    upper = 1.0 - math.exp(-depth / production_depth) - depth / production_depth * bottom
    return upper / (1.0 - bottom)


@kernel
def layer_shape(i, thickness, soil_depth, production_depth):
    """Mean of `profile_shape` over layer i of the given thickness, counted from 0 at the surface."""
    bottom = math.exp(-soil_depth / production_depth)
    ratio = thickness / production_depth
    decayed = math.exp(-i * ratio) * -math.expm1(-ratio) / ratio
    return (1.0 - decayed - (i + HALF) * ratio * bottom) / (1.0 - bottom)

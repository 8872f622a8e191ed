"""How much light leaves absorb, and their area: one value for each land use, or a series of the forcing.

    fAPAR = 1 - exp(-k LAI)                                                                       [design notes 3.9]

One of the two is given and the other follows, so that production and interception see the same leaves.
"""

import math
from enum import IntEnum

from karstsim.core.classes import by_land_use
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var


class LeafModel(IntEnum):
    """Where the leaves come from: values of `vegetation.leaf_model`."""

    PARAMETER = 0
    PRESCRIBED = 1


PARAMETER = int(LeafModel.PARAMETER)

PARAMS = (
    Param(
        "leaf_model",
        PARAMETER,
        "1",
        0,
        1,
        "design; design notes 3.9",
        calibrate=False,
        integer=True,
        doc="0 the parameter fpar all the year, 1 the forcing's lai, fapar or ndvi",
    ),
    Param(
        "fpar",
        0.5,
        "1",
        0.05,
        0.95,
        "design; design notes 3.12",
        by_class=by_land_use(0.12, 0.45, 0.50, 0.55, 0.70, 0.80),
        doc="share of photosynthetically active radiation that the leaves absorb",
    ),
    Param("light_extinction", 0.5, "1", 0.3, 0.8, "design; design notes 3.9", calibrate=False),
)
FLUXES = (
    Var("fpar", "1", "share of photosynthetically active radiation that leaves absorb"),
    Var("leaf_area_index", "1", "leaf area index", standard_name="leaf_area_index"),
)


@kernel
def leaf_area_index(p, fpar):
    """LAI from fAPAR = 1 - exp(-k LAI)."""
    return -math.log(1.0 - fpar) / p.light_extinction


@kernel
def step(p, f, forcing):
    """Leaves of this step; a prescribed area goes before a prescribed share of light."""
    if p.leaf_model == PARAMETER:
        f.fpar = p.fpar
        f.leaf_area_index = leaf_area_index(p, f.fpar)
    elif forcing.lai >= 0.0:
        f.leaf_area_index = forcing.lai
        f.fpar = -math.expm1(-p.light_extinction * forcing.lai)
    else:
        f.fpar = max(forcing.fapar, 0.0)
        f.leaf_area_index = leaf_area_index(p, f.fpar)

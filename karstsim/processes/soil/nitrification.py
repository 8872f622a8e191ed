"""Nitrification of fertiliser: nitric acid from the nitrogen that crops leave (design notes 4.6).

    HNO3 = N_fertiliser nitrified (1 - uptake)

Ammonium that plants take up, or nitrate that they take up again, acidifies nothing in the end: only nitrate that stays
in the water counts, one equivalent per mole. The year's fertiliser nitrifies evenly.
"""

from karstsim.core.classes import by_land_use
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

PARAMS = (
    Param(
        "fertiliser_nitrogen",
        0.0,
        "mol m-2 year-1",
        0.0,
        5.0,
        "design; design notes 3.13, 4.6",
        calibrate=False,
        by_class=by_land_use(0.0, 0.5, 0.0, 0.0, 0.0, 0.0),
        doc="nitrogen spread as fertiliser; 0.5 mol are 70 kg per hectare, 0.1 eq of acid",
    ),
    Param(
        "nitrified_share",
        0.5,
        "1",
        0.0,
        1.0,
        "design; design notes 4.6",
        calibrate=False,
        doc="share of the fertiliser nitrogen that becomes nitric acid by nitrification",
    ),
    Param(
        "nitrate_uptake",
        0.6,
        "1",
        0.0,
        1.0,
        "design; design notes 4.6",
        calibrate=False,
        doc="share of that nitrate that crops take up again",
    ),
)
FLUXES = (Var("nitrified_no3", "mol m-2", "nitrate that fertiliser leaves in soil water", aggregate="sum"),)


@kernel
def step(p, s, f, dt):
    years = dt / DAYS_PER_YEAR
    f.nitrified_no3 = p.fertiliser_nitrogen * p.nitrified_share * (1.0 - p.nitrate_uptake) * years
    s.pore_water.sol.no3 += f.nitrified_no3

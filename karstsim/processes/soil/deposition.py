"""Strong acids and carbonate powder that reach the soil (science.md 4.6, 8.1).

Acids enter as sulfate and nitrate without a cation, that is as negative alkalinity.
"""

from karstsim.core.classes import by_land_use
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

PARAMS = (
    Param(
        "acid_load",
        0.2,
        "mol m-2 year-1",
        0.0,
        1.0,
        "design; science.md 3.13",
        by_class=by_land_use(0.2, 0.3, 0.2, 0.2, 0.2, 0.2),
        doc="equivalents of strong acid from dry deposition, fertiliser nitrification and pyrite",
    ),
    Param(
        "sulfuric_share",
        0.6,
        "1",
        0.0,
        1.0,
        "design",
        calibrate=False,
        doc="share of the acid load that is sulfuric acid; the rest is nitric acid",
    ),
    Param(
        "powder_rate",
        0.0,
        "mol m-2 year-1",
        0.0,
        10.0,
        "management",
        calibrate=False,
        doc="carbonate powder spread",
    ),
)
FLUXES = (
    Var("deposited_so4", "mol m-2", "sulfate from dry deposition, fertiliser and pyrite", aggregate="sum"),
    Var("deposited_no3", "mol m-2", "nitrate from dry deposition and fertiliser", aggregate="sum"),
    Var("powder", "mol m-2", "carbonate powder spread", aggregate="sum"),
)
SULFATE_CHARGE = 2.0


@kernel
def step(p, s, f, dt):
    years = dt / DAYS_PER_YEAR
    f.deposited_so4 = p.acid_load * p.sulfuric_share / SULFATE_CHARGE * years
    f.deposited_no3 = p.acid_load * (1.0 - p.sulfuric_share) * years
    f.powder = p.powder_rate * years
    s.pore_water.sol.so4 += f.deposited_so4
    s.pore_water.sol.no3 += f.deposited_no3
    s.carbonate += f.powder

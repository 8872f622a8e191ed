"""Plant carbon: allocation, harvest, turnover, and respiration paid from a reserve (science.md 3.9, 12.14).

GPP beyond NPP enters the reserve; root respiration follows the production of the last weeks, so that plants go on
respiring on dull days; the rest leaves as respiration of leaves and wood with the reserve's own time constant.
"""

from karstsim.core.classes import by_land_use
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Constraint, Param, Var
from karstsim.processes.lowpass import low_pass, relaxed_share

PARAMS = (
    Param(
        "harvest",
        0.0,
        "1",
        0.0,
        0.9,
        "design; science.md 3.12",
        by_class=by_land_use(0.0, 0.45, 0.05, 0.0, 0.0, 0.0),
        doc="share of NPP taken away",
    ),
    Param(
        "leaf_allocation",
        0.35,
        "1",
        0.0,
        1.0,
        "design; science.md 3.9",
        calibrate=False,
        by_class=by_land_use(0.45, 0.69, 0.45, 0.35, 0.30, 0.30),
        doc="share of the NPP that is not harvested",
    ),
    Param(
        "wood_allocation",
        0.30,
        "1",
        0.0,
        1.0,
        "design; science.md 3.9",
        calibrate=False,
        by_class=by_land_use(0.0, 0.0, 0.0, 0.30, 0.40, 0.40),
        doc="share of the NPP that is not harvested; fine roots get the rest",
    ),
    Param("leaf_turnover", 1.0, "year", 0.2, 5.0, "design; science.md 3.9", calibrate=False),
    Param("wood_turnover", 40.0, "year", 5.0, 200.0, "design; science.md 3.9", calibrate=False),
    Param("root_turnover", 1.0, "year", 0.2, 5.0, "design; science.md 3.9", calibrate=False),
    Param(
        "root_respiration",
        0.6,
        "1",
        0.2,
        0.95,
        "design; science.md 3.12",
        by_class=by_land_use(0.6, 0.5, 0.7, 0.6, 0.6, 0.6),
        doc="root respiration over the NPP of the last 20 days",
    ),
    Param("reserve_time", 20.0, "day", 2.0, 100.0, "design", calibrate=False),
)
CONSTRAINTS = (
    Constraint(
        "leaf_allocation + wood_allocation <= 1", lambda v: v["leaf_allocation"] + v["wood_allocation"] <= 1.0
    ),
)
FLUXES = (
    Var("respiration", "mol m-2", "respiration of leaves and wood", aggregate="sum"),
    Var("root_respiration", "mol m-2", "root respiration", aggregate="sum"),
    Var("leaf_litter", "mol m-2", "leaf litter", aggregate="sum"),
    Var("wood_litter", "mol m-2", "woody litter", aggregate="sum"),
    Var("root_litter", "mol m-2", "root litter", aggregate="sum"),
    Var("litterfall", "mol m-2", "litter of leaves, wood and roots", aggregate="sum"),
    Var("harvested", "mol m-2", "harvest", aggregate="sum"),
)
RECENT = 20.0  # days


@kernel
def step(p, s, f, dt):
    """Allocate NPP, let leaves, wood and roots die, respire from the reserve."""
    s.npp_recent = low_pass(s.npp_recent, f.npp / dt, dt, RECENT)
    f.harvested = p.harvest * f.npp
    kept = f.npp - f.harvested
    to_leaf = p.leaf_allocation * kept
    to_wood = p.wood_allocation * kept
    s.leaf += to_leaf
    s.wood += to_wood
    s.root += kept - to_leaf - to_wood
    f.leaf_litter = s.leaf * relaxed_share(dt, p.leaf_turnover * DAYS_PER_YEAR)
    f.wood_litter = s.wood * relaxed_share(dt, p.wood_turnover * DAYS_PER_YEAR)
    f.root_litter = s.root * relaxed_share(dt, p.root_turnover * DAYS_PER_YEAR)
    s.leaf -= f.leaf_litter
    s.wood -= f.wood_litter
    s.root -= f.root_litter
    f.litterfall = f.leaf_litter + f.wood_litter + f.root_litter
    s.reserve += f.gpp - f.npp
    f.root_respiration = min(p.root_respiration * s.npp_recent * dt, s.reserve)
    s.reserve -= f.root_respiration
    f.respiration = s.reserve * relaxed_share(dt, p.reserve_time)
    s.reserve -= f.respiration

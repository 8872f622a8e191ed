"""Nitrate and aquatic plants: what they take up, and what comes back as their carbon is respired (design notes 6.1).

    uptake = x r NPP,    release = x r (respiration of the carbon of aquatic plants)

r is the nitrogen to carbon of aquatic plants, x the part of it that is nitrate: 0 unless a site asks for it. Taking up
nitrate raises the alkalinity, giving it back lowers it. Nitrogen in plants, particles and dissolved organic carbon is r
times their carbon and no stock of its own, so the books have both ways at the boundary; over a cycle they differ by
what is buried, harvested, exported or still there. No more is taken than the water has: the rest is other nitrogen.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

PARAMS = (
    Param(
        "nitrate_share",
        0.0,
        "1",
        0.0,
        1.0,
        "design; design notes 6.1",
        calibrate=False,
        doc="part of the nitrogen of aquatic plants that is taken up and given back as nitrate; 0 = no nitrate moves",
    ),
    Param(
        "nitrogen_to_carbon",
        16.0 / 106.0,
        "1",
        0.01,
        0.2,
        "redfield1958",
        calibrate=False,
        doc="nitrogen per carbon in aquatic plants; submerged plants have less than phytoplankton",
    ),
)
FLUXES = (
    Var("nitrate_uptake", "mol m-2", "nitrate taken up by aquatic plants", aggregate="sum"),
    Var(
        "nitrate_release",
        "mol m-2",
        "nitrate released as carbon of aquatic plants is respired",
        aggregate="sum",
    ),
)


@kernel
def begin(f):
    f.nitrate_uptake = 0.0
    f.nitrate_release = 0.0


@kernel
def step(p, s, f, produced, respired):
    """Nitrate of a sub-step; net production and respiration of carbon of aquatic plants, mol m-2."""
    if p.nitrate_share <= 0.0:
        return
    per_carbon = p.nitrate_share * p.nitrogen_to_carbon
    sol = s.water.sol
    sol.no3 += per_carbon * respired
    taken = min(per_carbon * produced, sol.no3)
    sol.no3 -= taken
    f.nitrate_release += per_carbon * respired
    f.nitrate_uptake += taken

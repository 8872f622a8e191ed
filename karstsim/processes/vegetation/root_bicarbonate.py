"""Inorganic carbon that roots keep from the water they take up (Wu; design notes 5.4).

    U = min(T_act [DIC] phi_u, f_max GPP)

The transpiration stream is the ceiling: roots cannot keep more than it brings. Protons that come with the carbon leave
the alkalinity of the soil water as it was; with `bicarbonate_alkalinity` roots take bicarbonate with its calcium, which
leaves with the plants.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

# phi_u of species, for `vegetation.bicarbonate_uptake`                           [design; design notes 5.4]
UPTAKE_OF_SPECIES = {
    "generic": 0.15,
    "Morus alba": 0.2,
    "Orychophragmus violaceus": 0.4,
    "Broussonetia papyrifera": 0.5,
}
PARAMS = (
    Param(
        "bicarbonate_uptake",
        UPTAKE_OF_SPECIES["generic"],
        "1",
        0.0,
        0.6,
        "design; design notes 5.4",
        calibrate=False,
        doc="share of the DIC in the transpiration stream that roots keep: "
        + ", ".join(f"{share:g} {species}" for species, share in UPTAKE_OF_SPECIES.items()),
    ),
    Param(
        "bicarbonate_ceiling",
        0.17,
        "1",
        0.0,
        0.3,
        "design; design notes 5.4",
        calibrate=False,
        doc="largest share of GPP that root bicarbonate may feed",
    ),
    Param(
        "bicarbonate_alkalinity",
        0,
        "1",
        0,
        1,
        "design; design notes 5.4",
        calibrate=False,
        integer=True,
        doc="0: taken up with protons, alkalinity stays; 1: with calcium, alkalinity falls by the same",
    ),
    Param(
        "pepc_share",
        0.2,
        "1",
        0.1,
        0.3,
        "design; design notes 5.4",
        calibrate=False,
        doc="share of root bicarbonate that PEP carboxylase fixes, the rest goes to Rubisco; low with much anhydrase",
    ),
)
FLUXES = (
    Var("bicarbonate_uptake", "mol m-2", "soil inorganic carbon taken up by roots", aggregate="sum"),
    Var("bicarbonate_pepc", "mol m-2", "part of it that PEP carboxylase fixes", aggregate="sum"),
    Var("calcium_uptake", "mol m-2", "calcium taken up with bicarbonate by roots", aggregate="sum"),
)
HALF = 0.5  # mol of calcium for each mol of bicarbonate


@kernel
def step(p, s, f, pore_water, transpiration):
    """What roots keep enters the plants' reserve.

    pore_water     soil water store, whose DIC (and calcium) is debited
    transpiration  mm in this step
    """
    f.bicarbonate_uptake = 0.0
    f.calcium_uptake = 0.0
    if pore_water.volume > 0.0:
        risen = min(max(transpiration, 0.0) / pore_water.volume, 1.0)  # layers may round it below 0
        kept = pore_water.sol.dic * risen * p.bicarbonate_uptake
        f.bicarbonate_uptake = min(kept, p.bicarbonate_ceiling * f.gpp)
        if p.bicarbonate_alkalinity == 1:
            f.calcium_uptake = min(HALF * f.bicarbonate_uptake, pore_water.sol.ca * risen)
    f.bicarbonate_pepc = p.pepc_share * f.bicarbonate_uptake
    pore_water.sol.dic -= f.bicarbonate_uptake
    pore_water.sol.ca -= f.calcium_uptake
    s.reserve += f.bicarbonate_uptake

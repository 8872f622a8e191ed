"""13C and 14C of plants: photosynthesis discriminates, plants pass on what they have (design notes 7).

    d13C of what is fixed = d13C of the air - (1 - c) (18.5 + 0.02 (CO2 - 410)) - 4.0 c,       c the share of C4 plants

C3 plants are at -27 permil under the air of 2020 and lighter by 0.02 permil per ppm, C4 plants at -12.5. The C3 term
stays between the fractionation of diffusion through stomata, 4.4, and that of carboxylation, 27 (Farquhar et al. 1982):
the straight line is that of the CO2 of the last centuries and meets the upper end at 835 ppm. Nothing is fractionated
afterwards. Bicarbonate that roots keep brings its own isotopes into the reserve.
"""

from karstsim.chemistry.isotopes import delta_to_fraction
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE, N_TRACERS
from karstsim.core.spec import Block, Param, Var
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.tracers import C13, C14, ISOTOPES, isotope_block

PARAMS = (
    Param(
        "c4_share",
        0.0,
        "1",
        0.0,
        1.0,
        "design; design notes 7",
        calibrate=False,
        doc="share of C4 plants in the production",
    ),
    Param(
        "c3_discrimination",
        18.5,
        "permille",
        14.0,
        23.0,
        "design; design notes 7: -27 (+-2) under air of -8.5",
        calibrate=False,
    ),
    Param(
        "c4_discrimination",
        4.0,
        "permille",
        1.0,
        7.0,
        "design; design notes 7: -12.5 under air of -8.5",
        calibrate=False,
    ),
    Param(
        "c3_co2_effect",
        0.02,
        "permille ppm-1",
        0.0,
        0.03,
        "design; design notes 7; farquhar1982",
        calibrate=False,
        doc="rise of the C3 discrimination with CO2 above 410 ppm; in all it stays between 4.4 and 27",
    ),
)
POOLS = ("leaf", "wood", "root", "reserve")
STATE = tuple(
    Block(f"plants_{n}", tuple(Var(pool, "mol m-2", f"carbon-{n[1:]} in plants, {pool}") for pool in POOLS))
    for n in ("c13", "c14")
)
FLUXES = (
    Var("fixed_d13c", "permille", "d13C of what plants fix"),
    isotope_block("litter_of", "litter"),
    isotope_block("root_respired_of", "root respiration"),
    isotope_block("from_air_of", "production less respiration above ground"),
    isotope_block("harvest_of", "harvest"),
    isotope_block("gpp_of", "gross primary production"),
    isotope_block("respiration_of", "respiration of leaves and wood"),
    isotope_block("bicarbonate_uptake_of", "soil inorganic carbon taken up by roots"),
)
REFERENCE_CO2 = 410.0  # ppm, of about 2020
OF_DIFFUSION, OF_CARBOXYLATION = (
    4.4,
    27.0,
)  # permil, ends of C3 discrimination: c_i = 0 and c_i = c_a (Farquhar 1982)


@kernel
def fixed_delta(p, co2, air_delta):
    """d13C of what plants fix, permil, under air of `co2` ppm and d13C `air_delta`."""
    c3 = p.c3_discrimination + p.c3_co2_effect * (co2 - REFERENCE_CO2)
    c3 = min(max(c3, OF_DIFFUSION), OF_CARBOXYLATION)
    return air_delta - (1.0 - p.c4_share) * c3 - p.c4_share * p.c4_discrimination


@kernel
def turn_over(p, pools, f, share, dt):
    """One isotope through the plants of a step; returns the litter, mol m-2.

    pools  its amounts; f the fluxes of all carbon, already known; share  of it in what is fixed
    """
    kept = share * (f.npp - f.harvested)
    to_leaf = p.leaf_allocation * kept
    to_wood = p.wood_allocation * kept
    pools.leaf += to_leaf
    pools.wood += to_wood
    pools.root += kept - to_leaf - to_wood
    leaf = pools.leaf * relaxed_share(dt, p.leaf_turnover * DAYS_PER_YEAR)
    wood = pools.wood * relaxed_share(dt, p.wood_turnover * DAYS_PER_YEAR)
    root = pools.root * relaxed_share(dt, p.root_turnover * DAYS_PER_YEAR)
    pools.leaf -= leaf
    pools.wood -= wood
    pools.root -= root
    pools.reserve += share * (f.gpp - f.npp)
    return leaf + wood + root


@kernel
def step(p, s, f, forcing, dt):
    """After the carbon of the step is known."""
    f.fixed_d13c = fixed_delta(p, forcing.co2, forcing.co2_d13c)
    before = s.reserve + f.respiration + f.root_respiration
    by_roots = f.root_respiration / before if before > 0.0 else 0.0
    by_leaves = relaxed_share(dt, p.reserve_time)
    for i in range(ISOTOPES):
        pools = s.plants_c13 if i == C13 else s.plants_c14
        share = delta_to_fraction(f.fixed_d13c) if i == C13 else forcing.co2_c14
        f.litter_of.v[i] = turn_over(p, pools, f, share, dt)
        f.harvest_of.v[i] = share * f.harvested
        f.root_respired_of.v[i] = by_roots * pools.reserve
        pools.reserve -= f.root_respired_of.v[i]
        respired = by_leaves * pools.reserve
        pools.reserve -= respired
        f.gpp_of.v[i] = share * f.gpp
        f.respiration_of.v[i] = respired
        f.from_air_of.v[i] = share * f.gpp - respired


@kernel
def keep_bicarbonate(s, f, pore_water):
    """Isotopes of the DIC that roots have kept; it has left the water with all tracers in proportion."""
    before = pore_water.sol.dic + f.bicarbonate_uptake
    share = f.bicarbonate_uptake / before if before > 0.0 else 0.0
    for i in range(ISOTOPES):
        f.bicarbonate_uptake_of.v[i] = share * pore_water.sol.v[N_CORE + i]
    s.plants_c13.reserve += f.bicarbonate_uptake_of.v[C13]
    s.plants_c14.reserve += f.bicarbonate_uptake_of.v[C14]
    for i in range(N_TRACERS):
        pore_water.sol.v[N_CORE + i] *= 1.0 - share

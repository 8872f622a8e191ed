"""Organic carbon in the water: decay, the microbial carbon pump, settling and burial (design notes 6.1, 6.4).

    dL/dt = inputs - (k_L q + k_MCP) L              labile
    dS/dt = inputs + k_MCP L - (k_S q + k_MCP2) S   semi-labile
    dR/dt = inputs + k_MCP2 S - k_R q R             refractory
    dP/dt = inputs - (k_P q + v_s/D) P              particles: of what settles a share is buried and the rest respired

q = 1.07^(T - 20). Carbon of aquatic plants (autochthonous) and of the land (allochthonous) decays alike, in own pools.
The pump of design notes 6.1 leads from labile to refractory; here it passes through the semi-labile pool.
"""

import math

from karstsim.core.classes import by_water_class
from karstsim.core.jit import kernel
from karstsim.core.spec import Constraint, Param, Var
from karstsim.processes.lowpass import relaxed_share

PARAMS = (
    Param(
        "labile_share", 0.40, "1", 0.2, 0.6, "design; design notes 6.4", doc="labile DOC in net production"
    ),
    Param(
        "semilabile_share",
        0.0,
        "1",
        0.0,
        0.3,
        "design",
        calibrate=False,
        doc="semi-labile DOC in net production; what the pump makes comes on top",
    ),
    Param(
        "refractory_share",
        0.25,
        "1",
        0.05,
        0.35,
        "design; design notes 6.4",
        doc="refractory DOC in net production",
    ),
    Param("labile_decay", 0.02, "day-1", 0.005, 0.1, "design; design notes 6.4", scale="log"),
    Param(
        "semilabile_decay",
        2.0e-3,
        "day-1",
        2.0e-4,
        0.02,
        "hansell2013",
        scale="log",
        calibrate=False,
        doc="lifetime of about 1.5 years",
    ),
    Param(
        "refractory_decay",
        1.0e-4,
        "day-1",
        1.0e-5,
        1.0e-3,
        "design; design notes 6.4",
        scale="log",
        calibrate=False,
    ),
    Param(
        "labile_pump",
        2.0e-3,
        "day-1",
        0.0,
        0.02,
        "design; design notes 6.4",
        calibrate=False,
        doc="microbial carbon pump: labile to semi-labile DOC",
    ),
    Param(
        "semilabile_pump",
        5.0e-4,
        "day-1",
        0.0,
        0.01,
        "design",
        calibrate=False,
        doc="microbial carbon pump: semi-labile to refractory DOC",
    ),
    Param("particulate_decay", 0.01, "day-1", 0.002, 0.05, "design; design notes 6.4", scale="log"),
    Param("settling_velocity", 0.1, "m d-1", 0.02, 1.0, "design; design notes 6.4", scale="log"),
    Param(
        "burial_efficiency",
        0.3,
        "1",
        0.1,
        0.8,
        "design; design notes 6.4",
        by_class=by_water_class(0.3, 0.3, 0.5, 0.3, 0.3, 0.5),
    ),
    Param(
        "decay_temperature_factor",
        1.07,
        "1",
        1.0,
        1.15,
        "design; design notes 6.1",
        calibrate=False,
        doc="factor on decay and maintenance respiration per degC above 20 degC",
    ),
)
CONSTRAINTS = (
    Constraint(
        "labile_share + semilabile_share + refractory_share <= 1",
        lambda v: v["labile_share"] + v["semilabile_share"] + v["refractory_share"] <= 1.0,
    ),
)
FLUXES = (
    Var("heterotrophic_respiration", "mol m-2", "organic carbon respired in the box", aggregate="sum"),
    Var("carbon_pump", "mol m-2", "refractory DOC made by the microbial carbon pump", aggregate="sum"),
    Var("burial_oc", "mol m-2", "organic carbon buried in sediment", aggregate="sum"),
    Var("burial_oc_land", "mol m-2", "part of it that comes from land", aggregate="sum"),
)
REFERENCE_TEMPERATURE = 20.0
LEAST_DEPTH = 1.0e-3  # m


@kernel
def begin(f):
    f.heterotrophic_respiration = 0.0
    f.carbon_pump = 0.0
    f.burial_oc = 0.0
    f.burial_oc_land = 0.0


@kernel
def warmth(p, temperature):
    """Factor of temperature on decay and respiration."""
    return math.exp(math.log(p.decay_temperature_factor) * (temperature - REFERENCE_TEMPERATURE))


@kernel
def bury(p, f, settled, from_land):
    """Bury a share of what has settled (mol m-2); returns the rest, which the sediment respires."""
    buried = p.burial_efficiency * settled
    f.burial_oc += buried
    if from_land:
        f.burial_oc_land += buried
    return settled - buried


@kernel
def passed_on(amount, decay, pump, share):
    """Of `amount` a `share` reacts: (respired, pumped to the next pool)."""
    reacted = share * amount
    respired = min(reacted * decay / (decay + pump), reacted)  # not above it by rounding
    return respired, reacted - respired


@kernel
def step(p, s, f, q, h):
    """Exact first-order losses of a sub-step; what is respired becomes DIC.

    q  `warmth`. Returns (all that is respired, the part of it that aquatic plants made), mol m-2.
    """
    sol = s.water.sol
    decay, pump = p.labile_decay * q, p.labile_pump
    share = relaxed_share((decay + pump) * h, 1.0)
    from_land, made_land = passed_on(sol.doc_labile, decay, pump, share)
    from_plants, made = passed_on(sol.aoc_labile, decay, pump, share)
    sol.doc_labile = max(sol.doc_labile - (from_land + made_land), 0.0)  # not below zero by rounding
    sol.aoc_labile = max(sol.aoc_labile - (from_plants + made), 0.0)
    respired, aquatic = from_land + from_plants, from_plants
    decay, pump = p.semilabile_decay * q, p.semilabile_pump
    share = relaxed_share((decay + pump) * h, 1.0)
    from_land, kept_land = passed_on(sol.doc_semilabile, decay, pump, share)
    from_plants, kept = passed_on(sol.aoc_semilabile, decay, pump, share)
    sol.doc_semilabile = max(sol.doc_semilabile - (from_land + kept_land), 0.0) + made_land
    sol.aoc_semilabile = max(sol.aoc_semilabile - (from_plants + kept), 0.0) + made
    respired += from_land + from_plants
    aquatic += from_plants
    f.carbon_pump += kept_land + kept
    share = relaxed_share(p.refractory_decay * q * h, 1.0)
    from_land, from_plants = share * sol.doc_refractory, share * sol.aoc_refractory
    sol.doc_refractory += kept_land - from_land
    sol.aoc_refractory += kept - from_plants
    land_particles, particles_of_plants = particles(p, s, f, q, h)
    respired += from_land + from_plants + land_particles + particles_of_plants
    aquatic += from_plants + particles_of_plants
    sol.dic += respired
    f.heterotrophic_respiration += respired
    return respired, aquatic


@kernel
def particles(p, s, f, q, h):
    """Decay and settling of particles; returns what of (land, aquatic plants) water and sediment respire, mol m-2."""
    sol = s.water.sol
    decay = p.particulate_decay * q
    settling = p.settling_velocity / max(f.depth, LEAST_DEPTH)
    share = relaxed_share((decay + settling) * h, 1.0)
    respired, settled = passed_on(sol.poc, decay, settling, share)
    respired_land, settled_land = passed_on(sol.poc_land, decay, settling, share)
    sol.poc = max(sol.poc - (respired + settled), 0.0)
    sol.poc_land = max(sol.poc_land - (respired_land + settled_land), 0.0)
    return respired_land + bury(p, f, settled_land, True), respired + bury(p, f, settled, False)


@kernel
def exude(p, s, net):
    """Dissolved organic carbon of a net production (mol m-2); returns what is left for biomass."""
    labile, semilabile = p.labile_share * net, p.semilabile_share * net
    refractory = p.refractory_share * net
    s.water.sol.aoc_labile += labile
    s.water.sol.aoc_semilabile += semilabile
    s.water.sol.aoc_refractory += refractory
    return net - labile - semilabile - refractory

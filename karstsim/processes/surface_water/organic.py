"""Organic carbon in the water: decay of dissolved and particulate carbon, settling and burial (science.md 6.1, 6.4)."""

import math

from karstsim.core.classes import by_water_class
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.lowpass import relaxed_share

PARAMS = (
    Param("labile_share", 0.40, "1", 0.2, 0.6, "design; science.md 6.4", doc="labile DOC in net production"),
    Param(
        "refractory_share",
        0.25,
        "1",
        0.05,
        0.35,
        "design; science.md 6.4",
        doc="refractory DOC in net production",
    ),
    Param("labile_decay", 0.02, "day-1", 0.005, 0.1, "design; science.md 6.4", scale="log"),
    Param(
        "refractory_decay",
        1.0e-4,
        "day-1",
        1.0e-5,
        1.0e-3,
        "design; science.md 6.4",
        scale="log",
        calibrate=False,
    ),
    Param("particulate_decay", 0.01, "day-1", 0.002, 0.05, "design; science.md 6.4", scale="log"),
    Param("settling_velocity", 0.1, "m d-1", 0.02, 1.0, "design; science.md 6.4", scale="log"),
    Param(
        "burial_efficiency",
        0.3,
        "1",
        0.1,
        0.8,
        "design; science.md 6.4",
        by_class=by_water_class(0.3, 0.3, 0.5, 0.3, 0.3, 0.5),
    ),
    Param(
        "decay_temperature_factor",
        1.07,
        "1",
        1.0,
        1.15,
        "design; science.md 6.1",
        calibrate=False,
        doc="factor on decay per degC above 20 degC",
    ),
)
FLUXES = (
    Var("heterotrophic_respiration", "mol m-2", "organic carbon respired in the box", aggregate="sum"),
    Var("burial_oc", "mol m-2", "organic carbon buried in sediment", aggregate="sum"),
)
REFERENCE_TEMPERATURE = 20.0


@kernel
def begin(f):
    f.heterotrophic_respiration = 0.0
    f.burial_oc = 0.0


@kernel
def step(p, s, f, h):
    """Exact first-order losses of one sub-step; what is respired becomes DIC of the box."""
    warmth = math.exp(math.log(p.decay_temperature_factor) * (s.temperature - REFERENCE_TEMPERATURE)) * h
    labile = relaxed_share(p.labile_decay * warmth, 1.0)
    refractory = relaxed_share(p.refractory_decay * warmth, 1.0)
    sol = s.water.sol
    respired = labile * (sol.doc_labile + sol.aoc_labile) + refractory * (
        sol.doc_refractory + sol.aoc_refractory
    )
    sol.doc_labile -= labile * sol.doc_labile
    sol.aoc_labile -= labile * sol.aoc_labile
    sol.doc_refractory -= refractory * sol.doc_refractory
    sol.aoc_refractory -= refractory * sol.aoc_refractory
    decay = p.particulate_decay * warmth
    settling = p.settling_velocity * h / max(f.depth, 1.0e-3)
    lost = relaxed_share(decay + settling, 1.0) * sol.poc
    sol.poc -= lost
    buried = p.burial_efficiency * lost * settling / (decay + settling)
    respired += lost - buried
    sol.dic += respired
    f.heterotrophic_respiration += respired
    f.burial_oc += buried


@kernel
def add_production(p, s, net):
    """Divide the net production of a sub-step (mol m-2) among labile and refractory DOC and particles."""
    labile = p.labile_share * net
    refractory = p.refractory_share * net
    s.water.sol.aoc_labile += labile
    s.water.sol.aoc_refractory += refractory
    s.water.sol.poc += net - labile - refractory

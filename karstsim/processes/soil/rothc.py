"""Soil organic carbon after RothC-26.3 (Coleman & Jenkinson 1996), driven by the simulated soil moisture.

Pools lose Y (1 - exp(-rho k t)); of what is lost x/(x+1) becomes CO2, 0.46/(x+1) microbial biomass and 0.54/(x+1)
humus, with x = 1.67 (1.85 + 1.60 exp(-0.0786 clay))                                             [science.md 3.10]
"""

import math

from karstsim.core.classes import by_land_use
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Constraint, Param, Var
from karstsim.processes.soil.water import saturation

PARAMS = (
    Param(
        "clay",
        30.0,
        "percent",
        0.0,
        90.0,
        "design; science.md 3.12",
        calibrate=False,
        by_class=by_land_use(25.0, 30.0, 30.0, 30.0, 32.0, 35.0),
    ),
    Param(
        "dpm_rpm",
        0.67,
        "1",
        0.05,
        5.0,
        "coleman1996",
        calibrate=False,
        by_class=by_land_use(0.67, 1.44, 0.67, 0.67, 0.25, 0.25),
        doc="decomposable over resistant plant material in the litter",
    ),
    Param(
        "tillage",
        1.0,
        "1",
        0.8,
        1.5,
        "design; science.md 3.12",
        by_class=by_land_use(1.0, 1.2, 1.0, 1.0, 1.0, 1.0),
        doc="factor on all decay rates",
    ),
    Param(
        "cover_factor",
        0.6,
        "1",
        0.5,
        1.0,
        "coleman1996",
        calibrate=False,
        by_class=by_land_use(1.0, 0.6, 0.6, 0.6, 0.6, 0.6),
        doc="0.6 under vegetation, 1.0 on bare soil",
    ),
    Param("decay_dpm", 10.0, "year-1", 1.0, 20.0, "coleman1996", calibrate=False),
    Param("decay_rpm", 0.3, "year-1", 0.05, 1.0, "coleman1996", calibrate=False),
    Param("decay_bio", 0.66, "year-1", 0.1, 2.0, "coleman1996", calibrate=False),
    Param("decay_hum", 0.02, "year-1", 0.002, 0.1, "coleman1996", calibrate=False),
    Param(
        "wilting_saturation",
        0.1,
        "1",
        0.0,
        0.3,
        "design; science.md 3.10",
        calibrate=False,
        doc="saturation at which decay is slowest",
    ),
    Param(
        "moist_saturation",
        0.5,
        "1",
        0.3,
        1.0,
        "design; science.md 3.10",
        calibrate=False,
        doc="saturation above which moisture does not limit decay",
    ),
    Param(
        "doc_share",
        0.015,
        "1",
        0.0,
        0.05,
        "design; science.md 3.10",
        doc="dissolved organic carbon produced per respired carbon",
    ),
    Param(
        "doc_retention",
        0.7,
        "1",
        0.0,
        1.0,
        "design; science.md 3.10",
        calibrate=False,
        doc="share of the dissolved organic carbon that the soil keeps (and respires)",
    ),
    Param("doc_refractory_share", 0.3, "1", 0.0, 1.0, "design", calibrate=False),
)
CONSTRAINTS = (
    Constraint(
        "wilting_saturation < moist_saturation", lambda v: v["wilting_saturation"] < v["moist_saturation"]
    ),
)
FLUXES = (
    Var("rate_modifier", "1", "product of all modifiers of soil carbon decay"),
    Var("respiration", "mol m-2", "heterotrophic respiration of the soil", aggregate="sum"),
    Var("doc_production", "mol m-2", "dissolved organic carbon released to soil water", aggregate="sum"),
)
TEMPERATURE_SCALE, TEMPERATURE_STEEP, TEMPERATURE_OFFSET = 47.91, 106.06, 18.27
COLDEST = -5.0  # degC
DRY_RATE = 0.2
CLAY_SCALE, CLAY_BASE, CLAY_SPAN, CLAY_SLOPE = 1.67, 1.85, 1.60, 0.0786
BIO_SHARE, HUM_SHARE = 0.46, 0.54


@kernel
def temperature_modifier(temperature):
    """47.91/(1 + exp(106.06/(T + 18.27))), 0 below -5 degC."""
    if temperature < COLDEST:
        return 0.0
    return TEMPERATURE_SCALE / (1.0 + math.exp(TEMPERATURE_STEEP / (temperature + TEMPERATURE_OFFSET)))


@kernel
def moisture_modifier(p, volume):
    """0.2 in dry soil to 1 in moist soil, linear in saturation between; `volume` of pore water in mm."""
    wetness = (saturation(p, volume) - p.wilting_saturation) / (p.moist_saturation - p.wilting_saturation)
    return DRY_RATE + (1.0 - DRY_RATE) * min(max(wetness, 0.0), 1.0)


@kernel
def modifier(p, s, volume):
    """Product rho of all rate modifiers."""
    return temperature_modifier(s.temperature) * moisture_modifier(p, volume) * p.cover_factor * p.tillage


@kernel
def retained_fraction(clay):
    """Share of decomposed carbon that becomes biomass and humus, 1/(x + 1)."""
    return 1.0 / (1.0 + CLAY_SCALE * (CLAY_BASE + CLAY_SPAN * math.exp(-CLAY_SLOPE * clay)))


@kernel
def decay(pool, rate, years):
    """Amount that a pool loses, Y (1 - exp(-k t))."""
    return pool * -math.expm1(-rate * years)


@kernel
def step(p, s, f, litter, dt):
    f.rate_modifier = modifier(p, s, f.final_volume)
    years = f.rate_modifier * dt / DAYS_PER_YEAR
    lost_dpm = decay(s.dpm, p.decay_dpm, years)
    lost_rpm = decay(s.rpm, p.decay_rpm, years)
    lost_bio = decay(s.bio, p.decay_bio, years)
    lost_hum = decay(s.hum, p.decay_hum, years)
    lost = lost_dpm + lost_rpm + lost_bio + lost_hum
    kept = lost * retained_fraction(p.clay)
    to_bio = BIO_SHARE * kept
    to_hum = kept - to_bio
    decomposable = litter.litterfall * p.dpm_rpm / (1.0 + p.dpm_rpm)
    s.dpm += decomposable - lost_dpm
    s.rpm += litter.litterfall - decomposable - lost_rpm
    s.bio += to_bio - lost_bio
    s.hum += to_hum - lost_hum
    f.doc_production = (lost - kept) * p.doc_share * (1.0 - p.doc_retention)
    f.respiration = lost - kept - f.doc_production
    refractory = p.doc_refractory_share * f.doc_production
    s.pore_water.sol.doc_refractory += refractory
    s.pore_water.sol.doc_labile += f.doc_production - refractory

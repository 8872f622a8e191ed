"""RothC-26.3 (Coleman & Jenkinson 1996): five pools that decay under one rate modifier.

Pools lose Y (1 - exp(-rho k t)); of what is lost x/(x+1) becomes CO2, 0.46/(x+1) microbial biomass and 0.54/(x+1)
humus, with x = 1.67 (1.85 + 1.60 exp(-0.0786 clay))                                             [design notes 3.10]

Here rho follows the simulated soil moisture and the step is any. The published monthly mode, with its own water
balance, is in coleman_1996.py; the rates, the partition and the modifiers are these in both. The inert pool does
not decay; Falloon et al. (1998) give it from the others.
"""

import math

from karstsim.core.classes import by_land_use
from karstsim.core.constants import MOLAR_MASS_C
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
        "design; design notes 3.12",
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
        "design; design notes 3.10",
        calibrate=False,
        doc="saturation at which decay is slowest",
    ),
    Param(
        "moist_saturation",
        0.5,
        "1",
        0.3,
        1.0,
        "design; design notes 3.10",
        calibrate=False,
        doc="saturation above which moisture does not limit decay",
    ),
)
CONSTRAINTS = (
    Constraint(
        "wilting_saturation < moist_saturation", lambda v: v["wilting_saturation"] < v["moist_saturation"]
    ),
)
FLUXES = ()
POOLS = (
    Var("dpm", "mol m-2", "carbon in decomposable plant material"),
    Var("rpm", "mol m-2", "carbon in resistant plant material"),
    Var("bio", "mol m-2", "carbon in microbial biomass"),
    Var("hum", "mol m-2", "carbon in humified organic matter"),
    Var("iom", "mol m-2", "carbon in inert organic matter"),
)
TEMPERATURE_SCALE, TEMPERATURE_STEEP, TEMPERATURE_OFFSET = 47.91, 106.06, 18.27
COLDEST = -5.0  # degC
DRY_RATE = 0.2
CLAY_SCALE, CLAY_BASE, CLAY_SPAN, CLAY_SLOPE = 1.67, 1.85, 1.60, 0.0786
BIO_SHARE, HUM_SHARE = 0.46, 0.54
INERT_SCALE, INERT_EXPONENT = 0.049, 1.139  # IOM = 0.049 TOC^1.139, t ha-1        [Falloon et al. 1998]
INERT_ROUNDS = 50  # each leaves a fifth of the error or less below 10,000 t ha-1
MOL_M2_PER_T_HA = 100.0 / MOLAR_MASS_C


@kernel
def temperature_modifier(temperature):
    """47.91/(1 + exp(106.06/(T + 18.27))), 0 below -5 degC."""
    if temperature < COLDEST:
        return 0.0
    return TEMPERATURE_SCALE / (1.0 + math.exp(TEMPERATURE_STEEP / (temperature + TEMPERATURE_OFFSET)))


@kernel
def wetness_modifier(wetness):
    """0.2 in dry soil (wetness 0) to 1 where moisture does not limit (1), linear between."""
    return DRY_RATE + (1.0 - DRY_RATE) * min(max(wetness, 0.0), 1.0)


@kernel
def moisture_modifier(p, volume):
    """`wetness_modifier` linear in saturation; `volume` of pore water in mm."""
    wetness = (saturation(p, volume) - p.wilting_saturation) / (p.moist_saturation - p.wilting_saturation)
    return wetness_modifier(wetness)


@kernel
def modifier(p, s, volume):
    """Product of the modifiers for temperature, moisture and cover; `volume` of pore water in mm."""
    return temperature_modifier(s.temperature) * moisture_modifier(p, volume) * p.cover_factor


@kernel
def retained_fraction(clay):
    """Share of decomposed carbon that becomes biomass and humus, 1/(x + 1)."""
    return 1.0 / (1.0 + CLAY_SCALE * (CLAY_BASE + CLAY_SPAN * math.exp(-CLAY_SLOPE * clay)))


@kernel
def decay(pool, rate, years):
    """Amount that a pool loses, Y (1 - exp(-k t))."""
    return pool * -math.expm1(-rate * years)


@kernel
def decomposable_share(dpm_rpm):
    """Decomposable plant material in fresh litter, from its ratio to the resistant."""
    return dpm_rpm / (1.0 + dpm_rpm)


@kernel
def turn_over(p, s, priming, years):
    """Decay of all pools over `years` of unmodified rates, and the partition of what they lost. Returns the CO2.

    priming  factor on the decay of humus
    """
    lost_dpm = decay(s.dpm, p.decay_dpm, years)
    lost_rpm = decay(s.rpm, p.decay_rpm, years)
    lost_bio = decay(s.bio, p.decay_bio, years)
    lost_hum = decay(s.hum, p.decay_hum * priming, years)
    lost = lost_dpm + lost_rpm + lost_bio + lost_hum
    kept = lost * retained_fraction(p.clay)
    to_bio = BIO_SHARE * kept
    to_hum = kept - to_bio
    s.dpm -= lost_dpm
    s.rpm -= lost_rpm
    s.bio += to_bio - lost_bio
    s.hum += to_hum - lost_hum
    return lost - kept


@kernel
def receive(s, dpm, rpm, hum):
    """Fresh carbon, in the unit of the pools."""
    s.dpm += dpm
    s.rpm += rpm
    s.hum += hum


@kernel
def inert(others):
    """IOM = 0.049 (others + IOM)^1.139 in t ha-1, solved by iteration; mol m-2 here       [Falloon et al. 1998]."""
    total = others / MOL_M2_PER_T_HA
    if total <= 0.0:
        return 0.0
    found = 0.0
    for _ in range(INERT_ROUNDS):
        found = INERT_SCALE * math.exp(INERT_EXPONENT * math.log(total + found))
    return found * MOL_M2_PER_T_HA


@kernel
def settle(p, s, dpm, rpm, hum, priming, rate):
    """Pools in equilibrium with constant inputs (mol m-2 year-1) at the mean modifier `rate`.

    All that decays is D = inputs + q D with the retained share q, so D = inputs/(1 - q). DPM and RPM pass on what they
    get, biomass 0.46 q D, humus its own input and 0.54 q D.
    """
    kept = retained_fraction(p.clay)
    kept *= (dpm + rpm + hum) / (1.0 - kept)
    s.dpm = dpm / (rate * p.decay_dpm)
    s.rpm = rpm / (rate * p.decay_rpm)
    s.bio = BIO_SHARE * kept / (rate * p.decay_bio)
    s.hum = (hum + HUM_SHARE * kept) / (rate * p.decay_hum * priming)
    s.iom = inert(s.dpm + s.rpm + s.bio + s.hum)

"""CENTURY's soil organic matter (Parton et al. 1987): two kinds of litter and three pools that differ in their pace.

    lost = Y (1 - exp(-rho k t)),   k of metabolic litter 18.5, active 7.3 (1 - 0.75 T), slow 0.2, passive 0.0045
    and structural litter 4.9 exp(-3 Ls) per year; T is silt and clay, Ls lignin of that litter [design notes 3.10]

    metabolic  -> 0.45 active                          structural -> 0.45 active; its lignin -> 0.70 slow
    active     -> 0.004 passive, 0.146 + 0.68 T slow   slow       -> 0.42 active, 0.03 passive
    passive    -> 0.45 active                          the rest of each is CO2

Litter is metabolic to 0.85 - 0.018 L/N, with its ratio of lignin to nitrogen. All litter decays as that within the
soil; the paper's litter on the surface is a fifth slower. Lignin has a pool of its own beside the rest of the
structural litter, so that Ls follows when litter of another kind is mixed in.

rho is CENTURY's function of temperature, 1 at 35 degC, times the moisture modifier of rothc.py: the paper's function of
monthly rain and evapotranspiration has no place in daily steps on simulated moisture. Plant cover has no effect.
"""

import math

from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.soil.rothc import decay, moisture_modifier

PARAMS = (
    Param(
        "silt_share",
        0.6,
        "1",
        0.0,
        1.0,
        "design",
        calibrate=False,
        doc="silt over silt and sand; with clay it is the texture that CENTURY reads",
    ),
    Param(
        "lignin_nitrogen",
        20.0,
        "1",
        1.0,
        45.0,
        "design; lignin 0.2 and nitrogen 0.01 of the litter's mass",
        calibrate=False,
        doc="lignin over nitrogen in the litter, by mass",
    ),
    Param(
        "structural_lignin",
        0.4,
        "1",
        0.0,
        0.9,
        "design; lignin 0.2 of the litter",
        calibrate=False,
        doc="lignin in the structural part of the litter",
    ),
    Param("decay_metabolic", 18.5, "year-1", 5.0, 40.0, "parton1987", calibrate=False),
    Param("decay_structural", 4.9, "year-1", 1.0, 10.0, "parton1987", calibrate=False),
    Param("decay_active", 7.3, "year-1", 2.0, 15.0, "parton1987", calibrate=False),
    Param("decay_slow", 0.2, "year-1", 0.05, 0.5, "parton1987", calibrate=False),
    Param("decay_passive", 0.0045, "year-1", 0.001, 0.01, "parton1987", calibrate=False),
)
FLUXES = ()
POOLS = (
    Var("metabolic", "mol m-2", "carbon in metabolic litter"),
    Var("structural", "mol m-2", "carbon in structural litter without its lignin"),
    Var("lignin", "mol m-2", "carbon in the lignin of structural litter"),
    Var("active", "mol m-2", "carbon in active organic matter"),
    Var("slow", "mol m-2", "carbon in slow organic matter"),
    Var("passive", "mol m-2", "carbon in passive organic matter"),
)
PERCENT = 0.01
# Litter and texture                                                           [Parton et al. 1987, as coded in SoilR]
METABOLIC_MOST, METABOLIC_SLOPE = 0.85, 0.018
LIGNIN_SLOWS = 3.0
TEXTURE_SLOWS = 0.75
ACTIVE_RESPIRED, TEXTURE_KEEPS = 0.85, 0.68
# Shares of what a pool loses that another receives                                                     [the same]
METABOLIC_TO_ACTIVE, STRUCTURAL_TO_ACTIVE, LIGNIN_TO_SLOW = 0.45, 0.45, 0.7
ACTIVE_TO_PASSIVE, SLOW_TO_ACTIVE, SLOW_TO_PASSIVE, PASSIVE_TO_ACTIVE = 0.004, 0.42, 0.03, 0.45
# ((Tm - T)/(Tm - To))^0.2 exp(0.2/2.63 (1 - ((Tm - T)/(Tm - To))^2.63))              [Burke et al. 2003, in SoilR]
HOTTEST, BEST = 45.0, 35.0  # degC
RISE, FALL = 0.2, 2.63


@kernel
def temperature_modifier(temperature):
    """Effect of soil temperature: 1 at 35 degC, 0.34 at 15 degC, 0 from 45 degC on."""
    if temperature >= HOTTEST:
        return 0.0
    distance = math.log((HOTTEST - temperature) / (HOTTEST - BEST))
    return math.exp(RISE * distance + RISE / FALL * (1.0 - math.exp(FALL * distance)))


@kernel
def modifier(p, s, volume):
    """Product of the modifiers for temperature and moisture; `volume` of pore water in mm."""
    return temperature_modifier(s.temperature) * moisture_modifier(p, volume)


@kernel
def texture(p):
    """Silt and clay in the mineral soil, 0-1."""
    clay = PERCENT * p.clay
    return clay + p.silt_share * (1.0 - clay)


@kernel
def metabolic_share(p):
    """Metabolic part of fresh litter."""
    return METABOLIC_MOST - METABOLIC_SLOPE * p.lignin_nitrogen


@kernel
def structural_decay(p, structural, lignin):
    """Decay rate of structural litter and of its lignin, year-1."""
    total = structural + lignin
    share = lignin / total if total > 0.0 else p.structural_lignin
    return p.decay_structural * math.exp(-LIGNIN_SLOWS * share)


@kernel
def active_decay(p):
    """Decay rate of the active pool, year-1."""
    return p.decay_active * (1.0 - TEXTURE_SLOWS * texture(p))


@kernel
def active_to_slow(p):
    """Share of what the active pool loses that becomes slow."""
    return 1.0 - (ACTIVE_RESPIRED - TEXTURE_KEEPS * texture(p)) - ACTIVE_TO_PASSIVE


@kernel
def receive(p, s, metabolic, structural, slow):
    """Fresh carbon, mol m-2."""
    lignin = p.structural_lignin * structural
    s.metabolic += metabolic
    s.structural += structural - lignin
    s.lignin += lignin
    s.slow += slow


@kernel
def turn_over(p, s, rate, priming, years):
    """Decay of all pools over `years` of unmodified rates, and where it goes. Returns the CO2.

    rate     of structural litter, year-1 (`structural_decay`)
    priming  factor on the decay of the slow pool
    """
    metabolic = decay(s.metabolic, p.decay_metabolic, years)
    structural = decay(s.structural, rate, years)
    lignin = decay(s.lignin, rate, years)
    active = decay(s.active, active_decay(p), years)
    slow = decay(s.slow, p.decay_slow * priming, years)
    passive = decay(s.passive, p.decay_passive, years)
    to_active = METABOLIC_TO_ACTIVE * metabolic + STRUCTURAL_TO_ACTIVE * structural
    to_active += SLOW_TO_ACTIVE * slow + PASSIVE_TO_ACTIVE * passive
    to_slow = LIGNIN_TO_SLOW * lignin + active_to_slow(p) * active
    to_passive = ACTIVE_TO_PASSIVE * active + SLOW_TO_PASSIVE * slow
    s.metabolic -= metabolic
    s.structural -= structural
    s.lignin -= lignin
    s.active += to_active - active
    s.slow += to_slow - slow
    s.passive += to_passive - passive
    return metabolic + structural + lignin + active + slow + passive - to_active - to_slow - to_passive


@kernel
def settle(p, s, metabolic, structural, slow, priming, rate):
    """Pools in equilibrium with constant inputs (mol m-2 year-1) at the mean modifier `rate`.

    With A, S and P what active, slow and passive lose a year, a what the litter sends to active, b what litter and
    amendments send to slow, and sigma = active_to_slow:

        S = b + sigma A,  P = 0.004 A + 0.03 S,  A = a + 0.42 S + 0.45 P
    """
    lignin = p.structural_lignin * structural
    rest = structural - lignin
    to_active = METABOLIC_TO_ACTIVE * metabolic + STRUCTURAL_TO_ACTIVE * rest
    to_slow = LIGNIN_TO_SLOW * lignin + slow
    back = SLOW_TO_ACTIVE + PASSIVE_TO_ACTIVE * SLOW_TO_PASSIVE
    kept = active_to_slow(p)
    lost_active = (to_active + back * to_slow) / (1.0 - back * kept - PASSIVE_TO_ACTIVE * ACTIVE_TO_PASSIVE)
    lost_slow = to_slow + kept * lost_active
    s.metabolic = metabolic / (rate * p.decay_metabolic)
    s.structural = rest / (rate * structural_decay(p, rest, lignin))
    s.lignin = lignin / (rate * structural_decay(p, rest, lignin))
    s.active = lost_active / (rate * active_decay(p))
    s.slow = lost_slow / (rate * p.decay_slow * priming)
    s.passive = (ACTIVE_TO_PASSIVE * lost_active + SLOW_TO_PASSIVE * lost_slow) / (rate * p.decay_passive)

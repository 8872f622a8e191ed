"""Cave air: chimney ventilation with outside air while the cave is the warmer, and with vadose air while it is not.

    h dC/dt = q_o (C_out - C) + q_v (C_vad - C) + G,   q = k_v sqrt|T_cave - T_out|          [design notes 5.2]

q_o flows while the cave is warmer than the outside, q_v while it is colder (after Lang & Faimon: only advected vadose
air explains 10^3 to 10^4 ppm). Both may flow within a step: between the lowest and the highest temperature of the step
the outside swings like a cosine, so that a day that crosses the cave's temperature breathes both ways. G is what drip
water gives off. For constant flows and G the balance is solved exactly:

    C(t) = C_in + (C_0 - C_in) e^-a + (G t/h) (1 - e^-a)/a,   a = (q_o + q_v) t/h

and drip water meets the mean of that over the step, so hours and days agree.

Conduit water is another matter: it may take up or give off in a day many times what the air holds, and the mean of a
step says nothing then. It meets the air by backward Euler, C (1 + a) = C_0 + a C_in + G t/h, and after the drips; never
does it take more than the air has at the end of the step.

Vadose air is outside air that has taken up soil CO2: the latter is debited from the soil's production.
"""

import math

from karstsim.core.constants import GAS_CONSTANT_ATM, ZERO_CELSIUS
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.air import co2_pressure

PARAMS = (
    Param(
        "area_fraction",
        0.02,
        "1",
        0.0,
        0.5,
        "design",
        calibrate=False,
        doc="share of the tile that caves underlie, and so of the diffuse recharge that drips through them",
    ),
    Param("height", 3.0, "m", 0.5, 30.0, "design; design notes 5.2", calibrate=False),
    Param("ventilation", 0.2, "m d-1 K-0.5", 0.02, 1.0, "design; design notes 5.2", scale="log"),
)
FLUXES = (
    Var("air_from_outside", "m", "outside air drawn in per cave area", aggregate="sum"),
    Var("air_from_vadose", "m", "vadose air drawn in per cave area", aggregate="sum"),
    Var("drawn_soil_co2", "mol m-2", "soil CO2 that caves draw from vadose air", aggregate="sum"),
    Var(
        "ventilation", "mol m-2", "net CO2 that cave ventilation releases to the atmosphere", aggregate="sum"
    ),
    Var("air_pco2", "atm", "CO2 pressure of the cave air"),
    Var("air_kept", "1", "share of the conduit's CO2 that cave air keeps in a step"),
    Var(
        "air_rise", "atm m2 mol-1", "rise of the cave's CO2 pressure per CO2 of the conduit; 0 without a cave"
    ),
    Var("air_offered", "atm", "CO2 pressure that the cave's air offers to conduit water"),
)
HALF, SIXTH = 0.5, 1.0 / 6.0
SLIGHT_RENEWAL = 1.0e-4  # below it (1 - (1 - e^-a)/a)/a is its series; its next term is a^2/24
# The cosine at the middle of the hours of half a day; the other half has the same temperatures.
HOURS = 12
COSINES = tuple(math.cos(math.pi * (i + HALF) / HOURS) for i in range(HOURS))


@kernel
def drawn_air(p, cave_temperature, forcing, dt):
    """Air drawn in from outside and from the vadose zone, m per cave area: (outside, vadose)."""
    swing = HALF * (forcing.tasmax - forcing.tasmin)
    excess = cave_temperature - forcing.tas
    outside, vadose = 0.0, 0.0
    for cosine in COSINES:
        difference = excess - swing * cosine
        moved = p.ventilation * math.sqrt(abs(difference)) * dt / HOURS
        if difference >= 0.0:
            outside += moved
        else:
            vadose += moved
    return outside, vadose


@kernel
def per_atm(cave_temperature):
    """CO2 pressure per CO2 in the air, atm m3 mol-1."""
    return GAS_CONSTANT_ATM * (cave_temperature + ZERO_CELSIUS)


@kernel
def leave_out(f, forcing):
    """No cave: no air moves, and what would be its air is the open air."""
    f.air_from_outside = 0.0
    f.air_from_vadose = 0.0
    f.drawn_soil_co2 = 0.0
    f.ventilation = 0.0
    f.air_pco2 = co2_pressure(forcing)
    f.air_rise = 0.0


@kernel
def ventilate(p, s, f, vadose_pco2, available, cave_temperature, forcing, dt):
    """Draw air in; the cave's air as it would be without what drip water gives off.

    available  soil CO2 that water has left of the step's production, mol m-2: caves cannot draw more
    returns    CO2 at the end of the step (mol m-2 of the tile), share of a source within the step that is still there
               at its end, rise of the step's mean pressure per source (atm m2 mol-1)
    """
    f.air_from_outside, f.air_from_vadose = drawn_air(p, cave_temperature, forcing, dt)
    atm = per_atm(cave_temperature)
    outside = co2_pressure(forcing) / atm
    vadose = vadose_pco2 / atm
    from_outside = f.air_from_outside * outside + f.air_from_vadose * min(vadose, outside)
    f.drawn_soil_co2 = min(p.area_fraction * f.air_from_vadose * max(vadose - outside, 0.0), available)
    brought = p.area_fraction * from_outside + f.drawn_soil_co2
    volume = p.area_fraction * p.height
    a = (f.air_from_outside + f.air_from_vadose) / p.height
    if a < SLIGHT_RENEWAL:
        lag = HALF - SIXTH * a
        kept = 1.0 - a * lag
    else:
        kept = -math.expm1(-a) / a
        lag = (1.0 - kept) / a
    # Written with what is brought, and not with C_in, which a still cave does not have.
    after = s.air_co2 * (1.0 - a * kept) + brought * kept
    mean = s.air_co2 * kept + brought * lag
    f.air_pco2 = mean / volume * atm
    f.air_kept = 1.0 / (1.0 + a)
    f.air_rise = f.air_kept / volume * atm
    f.air_offered = (s.air_co2 + brought) * f.air_rise
    return after, kept, lag / volume * atm


@kernel
def close(s, f, after, kept, released):
    """Book the air of the step once drip water has `released` CO2 into it (mol m-2 of the tile)."""
    held = s.air_co2 + f.drawn_soil_co2 + released
    f.ventilation = held - (after + kept * released)
    s.air_co2 = held - f.ventilation
    f.air_offered = min(f.air_offered + released * f.air_rise, s.air_co2 * f.air_rise / f.air_kept)

"""Gas transfer velocity of the box (design notes 6.2): which law, and the Schmidt number of CO2."""

from karstsim.chemistry.gas import (
    HydrationLaw,
    K600Law,
    chemical_enhancement,
    gas_transfer_velocity,
    k600,
    schmidt_co2,
    schmidt_exponent,
)
from karstsim.core.classes import by_water_class
from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

STREAM, LAKE = int(K600Law.RAYMOND2012_EQ1), int(K600Law.COLE_CARACO1998)
PARAMS = (
    Param(
        "k600_law",
        STREAM,
        "1",
        0,
        3,
        "raymond2012 cole1998 vachon2013",
        calibrate=False,
        integer=True,
        by_class=by_water_class(STREAM, STREAM, LAKE, STREAM, STREAM, LAKE),
    ),
    Param("k600_multiplier", 1.0, "1", 0.2, 5.0, "design; design notes 3.13", scale="log"),
    Param(
        "slope",
        0.002,
        "1",
        1.0e-6,
        0.5,
        "site; design notes 6.2",
        calibrate=False,
        doc="slope of the stream bed",
    ),
    Param(
        "ca_factor",
        2.0,
        "1",
        1.0,
        20.0,
        "design; design notes 4.7",
        scale="log",
        by_class=by_water_class(1.0, 2.0, 3.0, 2.0, 3.0, 3.0),
        doc="carbonic anhydrase: factor on CO2 hydration in chemical enhancement",
    ),
    Param(
        "hydration_law",
        int(HydrationLaw.JOHNSON1982),
        "1",
        0,
        1,
        "johnson1982 usdowski1982",
        calibrate=False,
        integer=True,
        doc="rate constant of CO2 hydration in chemical enhancement: 0 Johnson 1982, 1 Usdowski 1982",
    ),
    Param("least_k600", 0.2, "m d-1", 0.01, 1.0, "design; design notes 6.2", calibrate=False),
    Param("greatest_k600", 50.0, "m d-1", 10.0, 500.0, "design; design notes 6.2", calibrate=False),
)
FLUXES = (Var("k600", "m d-1", "gas transfer velocity at a Schmidt number of 600, at the end of the step"),)


@kernel
def set_k600(p, f, wind):
    """k600 of the sub-step from its flow and the wind, m d-1: a flood within a day degasses at its own velocity."""
    raw = k600(p.k600_law, f.velocity, p.slope, f.depth, wind, p.reservoir_area) * p.k600_multiplier
    f.k600 = min(max(raw, p.least_k600), p.greatest_k600)


@kernel
def transfer_velocity(p, f, h, k1, k2, kw, temperature, wind):
    """Transfer velocity of CO2 with chemical enhancement, m d-1, at `h` = 10^-pH.

    k1, k2, kw  conditional constants of the water
    """
    velocity = gas_transfer_velocity(f.k600, schmidt_co2(temperature), schmidt_exponent(p.k600_law, wind))
    per_second = velocity / SECONDS_PER_DAY
    return velocity * chemical_enhancement(
        h, k1, k2, kw / h, per_second, temperature, p.ca_factor, p.hydration_law
    )

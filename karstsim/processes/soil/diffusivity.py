"""Diffusivity of CO2 in soil air: that in free air times what the pores leave of it (design notes 3.11).

    D_s = D_0 xi f_str >= D_min,    D_0 = 1.47e-5 (T/293.15)^1.75 (101325/p)  m2 s-1

    xi = phi_a^2.5/phi                                                  water-induced linear reduction and Marshall
         phi_a^(10/3)/phi^2                                             Millington-Quirk
         (2 phi_100^3 + 0.04 phi_100) (phi_a/phi_100)^(2 + 3/b)         Buckingham-Burdine-Campbell

phi_a is the air-filled porosity, phi_100 that at a suction of 100 cm, which is taken for field capacity. The factor of
structure f_str was set with the first law; another law may need another factor.
"""

import math
from enum import IntEnum

from karstsim.core.classes import by_land_use
from karstsim.core.constants import MM_PER_M, SECONDS_PER_DAY, STANDARD_ATMOSPHERE, ZERO_CELSIUS
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var


class DiffusivityLaw(IntEnum):
    """How the diffusivity falls with the air-filled porosity."""

    WLR_MARSHALL = 0
    MILLINGTON_QUIRK = 1
    BUCKINGHAM_BURDINE_CAMPBELL = 2


WLR_MARSHALL = int(DiffusivityLaw.WLR_MARSHALL)
MILLINGTON_QUIRK = int(DiffusivityLaw.MILLINGTON_QUIRK)
PARAMS = (
    Param(
        "diffusivity_law",
        WLR_MARSHALL,
        "1",
        0,
        len(DiffusivityLaw) - 1,
        "moldrup2000 millington1961 moldrup1999",
        calibrate=False,
        doc="0 WLR-Marshall, 1 Millington-Quirk, 2 Buckingham-Burdine-Campbell",
        integer=True,
    ),
    Param(
        "campbell_b",
        7.7,
        "1",
        1.0,
        20.0,
        "cosby1984; 2.91 + 0.159 clay",
        calibrate=False,
        by_class=by_land_use(6.9, 7.7, 7.7, 7.7, 8.0, 8.5),
        doc="exponent of the water retention curve; only Buckingham-Burdine-Campbell reads it",
    ),
    Param(
        "structure_factor",
        1.63,
        "1",
        0.3,
        4.0,
        "design; design notes 3.12",
        scale="log",
        by_class=by_land_use(1.77, 1.63, 1.76, 1.76, 1.63, 1.12),
        doc="factor on the diffusivity of a structured soil",
    ),
    Param(
        "least_air",
        0.03,
        "1",
        0.005,
        0.1,
        "design; design notes 3.11",
        calibrate=False,
        doc="floor of the air-filled porosity",
    ),
    Param(
        "least_diffusivity",
        1.0e-8,
        "m2 s-1",
        1.0e-9,
        1.0e-6,
        "design; design notes 3.11",
        calibrate=False,
        scale="log",
        doc="floor of the diffusivity, for barometric and wind pumping",
    ),
)
FLUXES = (Var("air_filled_porosity", "1", "air-filled porosity"),)
FREE_DIFFUSIVITY = 1.47e-5  # m2 s-1 at 20 degC and 1013.25 hPa (design notes 3.11)
FREE_TEMPERATURE = 293.15  # K
TEMPERATURE_EXPONENT = 1.75
MILLINGTON_EXPONENT = 10.0 / 3.0
WET_CUBIC, WET_LINEAR = (
    2.0,
    0.04,
)  # diffusivity at a suction of 100 cm                   [Moldrup et al. 1999]
BURDINE_BASE, BURDINE_SLOPE = 2.0, 3.0


@kernel
def air_filled_porosity(p, volume):
    """phi - theta with its floor; theta from the pore water `volume` (mm) of the whole depth."""
    return max(p.porosity - volume / (MM_PER_M * p.depth), p.least_air)


@kernel
def free_share(p, air):
    """xi: diffusivity in the pores of unstructured soil over that in free air; `air` the air-filled porosity."""
    if p.diffusivity_law == WLR_MARSHALL:
        return air * air * math.sqrt(air) / p.porosity
    if p.diffusivity_law == MILLINGTON_QUIRK:
        return math.pow(air, MILLINGTON_EXPONENT) / (p.porosity * p.porosity)
    wet = p.porosity * (1.0 - p.field_capacity_ratio)
    at_wet = wet * (WET_CUBIC * wet * wet + WET_LINEAR)
    return at_wet * math.pow(air / wet, BURDINE_BASE + BURDINE_SLOPE / p.campbell_b)


@kernel
def diffusivity(p, air, temperature, pressure):
    """CO2 diffusivity of the soil, m2 d-1; temperature degC, air pressure Pa."""
    kelvin = (temperature + ZERO_CELSIUS) / FREE_TEMPERATURE
    free = (
        FREE_DIFFUSIVITY * math.exp(TEMPERATURE_EXPONENT * math.log(kelvin)) * STANDARD_ATMOSPHERE / pressure
    )
    return SECONDS_PER_DAY * max(free * free_share(p, air) * p.structure_factor, p.least_diffusivity)

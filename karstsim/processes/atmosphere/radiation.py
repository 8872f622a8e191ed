"""Radiation: what arrives at the top of the air, what a clear sky lets through, what the ground loses as longwave.

Equations of FAO-56 (Allen et al. 1998); design notes 3.5.
"""

import math

from karstsim.core.constants import ZERO_CELSIUS
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

PARAMS = (
    Param("latitude", 26.3, "degree_north", -90.0, 90.0, "site", calibrate=False),
    Param(
        "elevation", 0.0, "m", -450.0, 9000.0, "site", calibrate=False, doc="for the clear sky's radiation"
    ),
    Param(
        "surface_emissivity",
        0.98,
        "1",
        0.9,
        1.0,
        "design; plants and wet soil have 0.96-0.99",
        calibrate=False,
        doc="of the ground, where the forcing has longwave radiation",
    ),
)
FLUXES = (Var("extraterrestrial_radiation", "MJ m-2 d-1", "daily mean extraterrestrial radiation"),)
# FAO Irrigation and Drainage Paper 56 (Allen et al. 1998), Eqs. 21, 23, 24, 25
SOLAR_CONSTANT = 118.08  # MJ m-2 d-1 (0.0820 MJ m-2 min-1)
ECCENTRICITY = 0.033
OBLIQUITY = 0.409  # rad
EQUINOX_PHASE = 1.39  # rad
DEGREE = math.pi / 180.0
# The same, Eqs. 37 and 39
CLEAR_SKY, CLEAR_SKY_PER_METER = 0.75, 2.0e-5
STEFAN_BOLTZMANN = 4.903e-9  # MJ K-4 m-2 d-1
DRY_AIR, DAMP_AIR = (
    0.34,
    0.14,
)  # net emissivity of the ground under air of vapour pressure e: 0.34 - 0.14 sqrt(e)
CLOUD_SLOPE, CLOUD_OFFSET = 1.35, 0.35
# Range of Rs/Rso in Eq. 39 after ASCE-EWRI (2005, Eq. 18): below it the formula would let clouds warm the ground
LEAST_CLEARNESS, FULL_CLEARNESS = 0.3, 1.0
MJ_PER_WATT_DAY = 0.0864
PASCAL_PER_KILOPASCAL = 1000.0


@kernel
def distance_factor(year_fraction):
    """Inverse square of the relative distance to the sun                       [Allen et al. 1998, Eq. 23]."""
    return 1.0 + ECCENTRICITY * math.cos(2.0 * math.pi * year_fraction)


@kernel
def extraterrestrial_radiation(latitude, year_fraction):
    """Daily extraterrestrial radiation, MJ m-2 d-1                              [Allen et al. 1998, Eq. 21]."""
    angle = 2.0 * math.pi * year_fraction
    phi = latitude * DEGREE
    # Sines and cosines of one angle from each other: a sine costs as much as the rest of a catchment's weather.
    sine = math.sin(OBLIQUITY * math.sin(angle - EQUINOX_PHASE))
    upright = math.sin(phi) * sine
    aslant = math.cos(phi) * math.sqrt(1.0 - sine * sine)
    cosine = min(max(-upright / aslant, -1.0), 1.0)
    daily = math.acos(cosine) * upright + aslant * math.sqrt(1.0 - cosine * cosine)
    return SOLAR_CONSTANT / math.pi * distance_factor(year_fraction) * daily


@kernel
def clearness(p, extraterrestrial, radiation_of_day):
    """Radiation of the day over that of a clear sky, Rs/Rso with Rso = (0.75 + 2e-5 z) Ra.

    [Allen et al. 1998, Eq. 37; ASCE-EWRI 2005, Eq. 18]  Kept within 0.3..1; a polar night counts as overcast.

    extraterrestrial  Ra                                MJ m-2 d-1
    radiation_of_day  shortwave radiation of the day    W m-2
    """
    clear_sky = (CLEAR_SKY + CLEAR_SKY_PER_METER * p.elevation) * extraterrestrial
    if clear_sky <= 0.0:
        return LEAST_CLEARNESS
    return min(max(MJ_PER_WATT_DAY * radiation_of_day / clear_sky, LEAST_CLEARNESS), FULL_CLEARNESS)


@kernel
def black_body(temperature):
    """sigma T^4, MJ m-2 d-1; temperature degC."""
    square = (temperature + ZERO_CELSIUS) * (temperature + ZERO_CELSIUS)
    return STEFAN_BOLTZMANN * square * square


@kernel
def net_longwave(p, extraterrestrial, forcing):
    """Longwave radiation that the ground loses, MJ m-2 d-1.

    With the sky's own radiation in the forcing, eps (sigma T^4 - rlds). Else         [Allen et al. 1998, Eq. 39]
    Rnl = (sigma Tmax^4 + sigma Tmin^4)/2 (0.34 - 0.14 sqrt(e_a)) (1.35 Rs/Rso - 0.35),
    e_a in kPa, and Rs/Rso of the whole day also where steps are shorter.
    """
    if forcing.rlds >= 0.0:
        return p.surface_emissivity * (black_body(forcing.tas) - MJ_PER_WATT_DAY * forcing.rlds)
    ground = 0.5 * (black_body(forcing.tasmin) + black_body(forcing.tasmax))
    vapor = max(forcing.vapor_pressure, 0.0) / PASCAL_PER_KILOPASCAL
    clouds = CLOUD_SLOPE * clearness(p, extraterrestrial, forcing.rsds_day) - CLOUD_OFFSET
    return ground * (DRY_AIR - DAMP_AIR * math.sqrt(vapor)) * clouds


@kernel
def step(p, f, forcing):
    f.extraterrestrial_radiation = extraterrestrial_radiation(p.latitude, forcing.year_fraction)

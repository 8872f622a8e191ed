"""Extraterrestrial radiation and potential evapotranspiration after Oudin (science.md 3.5)."""

import math

from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

PARAMS = (
    Param("latitude", 26.3, "degree_north", -90.0, 90.0, "site", calibrate=False),
    Param("oudin_offset", 5.0, "degC", 2.0, 8.0, "oudin2005", calibrate=False),
    Param("oudin_scale", 100.0, "degC", 60.0, 140.0, "oudin2005", calibrate=False),
)
FLUXES = (
    Var("extraterrestrial_radiation", "MJ m-2 d-1", "daily mean extraterrestrial radiation"),
    Var(
        "pet",
        "mm",
        "potential evapotranspiration",
        standard_name="water_potential_evapotranspiration_amount",
        aggregate="sum",
    ),
)
# FAO Irrigation and Drainage Paper 56 (Allen et al. 1998), Eqs. 21, 23, 24, 25
SOLAR_CONSTANT = 118.08  # MJ m-2 d-1 (0.0820 MJ m-2 min-1)
ECCENTRICITY = 0.033
OBLIQUITY = 0.409  # rad
EQUINOX_PHASE = 1.39  # rad
LATENT_HEAT = 2.45  # MJ kg-1
DEGREE = math.pi / 180.0


@kernel
def distance_factor(year_fraction):
    """Inverse square of the relative distance to the sun                       [Allen et al. 1998, Eq. 23]."""
    return 1.0 + ECCENTRICITY * math.cos(2.0 * math.pi * year_fraction)


@kernel
def extraterrestrial_radiation(latitude, year_fraction):
    """Daily extraterrestrial radiation, MJ m-2 d-1                              [Allen et al. 1998, Eq. 21]."""
    angle = 2.0 * math.pi * year_fraction
    declination = OBLIQUITY * math.sin(angle - EQUINOX_PHASE)
    phi = latitude * DEGREE
    cosine = min(max(-math.tan(phi) * math.tan(declination), -1.0), 1.0)
    sunset = math.acos(cosine)
    daily = sunset * math.sin(phi) * math.sin(declination)
    daily += math.cos(phi) * math.cos(declination) * math.sin(sunset)
    return SOLAR_CONSTANT / math.pi * distance_factor(year_fraction) * daily


@kernel
def oudin(p, extraterrestrial, temperature):
    """PET = Ra/(lambda rho) (T + 5)/100 where T > -5 degC, else 0; mm d-1                  [Oudin et al. 2005]."""
    return extraterrestrial / LATENT_HEAT * max(temperature + p.oudin_offset, 0.0) / p.oudin_scale


@kernel
def step(p, f, forcing, dt):
    f.extraterrestrial_radiation = extraterrestrial_radiation(p.latitude, forcing.year_fraction)
    f.pet = oudin(p, f.extraterrestrial_radiation, forcing.tas) * dt

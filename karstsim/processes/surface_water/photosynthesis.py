"""Light in the water and the carbon limitation of photosynthesis (science.md 6.3, 6.4).

GPP = G_max/D tanh(I/I_k) f_T f_C,   f_C = m + (1 - m) phi_H [HCO3]/(K_H + [HCO3]),  m = [CO2]/(K_CO2 + [CO2])
"""

import math

from karstsim.core.classes import by_water_class
from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.jit import kernel
from karstsim.core.spec import Param
from karstsim.processes.atmosphere.radiation import (
    DEGREE,
    EQUINOX_PHASE,
    OBLIQUITY,
    SOLAR_CONSTANT,
    distance_factor,
)

PARAMS = (
    Param(
        "gross_production",
        8.0,
        "g m-2 d-1",
        0.0,
        100.0,
        "design; science.md 6.4",
        by_class=by_water_class(8.0, 8.0, 10.0, 20.0, 60.0, 25.0),
        doc="light- and carbon-saturated gross production at 25 degC",
    ),
    Param("plant_cover", 1.0, "1", 0.0, 1.0, "management", calibrate=False),
    Param("light_saturation", 250.0, "umol m-2 s-1", 100.0, 400.0, "design; science.md 6.4"),
    Param("light_attenuation", 0.4, "m-1", 0.15, 2.0, "design; science.md 6.3", calibrate=False),
    Param("half_saturation_co2", 0.1, "mol m-3", 0.004, 0.185, "kirk1994", calibrate=False),
    Param("half_saturation_hco3", 3.0, "mol m-3", 1.0, 20.0, "design; science.md 6.4"),
    Param(
        "bicarbonate_use",
        0.6,
        "1",
        0.0,
        0.9,
        "sandjensen1983 design; science.md 6.4",
        by_class=by_water_class(0.6, 0.8, 0.8, 0.6, 0.6, 0.6),
        doc="0 for plants that use CO2 only",
    ),
    Param(
        "bicarbonate_light",
        80.0,
        "umol m-2 s-1",
        10.0,
        200.0,
        "design; science.md 6.4",
        calibrate=False,
        doc="light below which bicarbonate is not used",
    ),
    Param(
        "autotrophic_respiration",
        0.4,
        "1",
        0.2,
        0.6,
        "design; science.md 6.4",
        calibrate=False,
        doc="share of gross production",
    ),
    Param("optimum_temperature", 25.0, "degC", 10.0, 35.0, "design; science.md 6.4", calibrate=False),
    Param("temperature_width", 14.0, "degC", 5.0, 30.0, "design; science.md 6.4", calibrate=False),
)
FLUXES = ()
PAR_SHARE, QUANTA = 0.46, 4.57  # of shortwave energy; umol J-1 (science.md 6.3)


@kernel
def sun_height(latitude, year_fraction, time_of_day):
    """Cosine of the zenith angle, 0 below the horizon; time of day in days, local solar."""
    declination = OBLIQUITY * math.sin(2.0 * math.pi * year_fraction - EQUINOX_PHASE)
    hour_angle = 2.0 * math.pi * (time_of_day - 0.5)
    phi = latitude * DEGREE
    cosine = math.sin(phi) * math.sin(declination)
    cosine += math.cos(phi) * math.cos(declination) * math.cos(hour_angle)
    return max(cosine, 0.0)


@kernel
def mean_light(p, f, air_p, air_f, forcing, time_of_day):
    """PAR averaged over the depth, umol m-2 s-1: the day's radiation in the shape of the sun's height."""
    daily_mean = air_f.extraterrestrial_radiation / (SOLAR_CONSTANT * distance_factor(forcing.year_fraction))
    if daily_mean <= 0.0:
        return 0.0
    shape = sun_height(air_p.latitude, forcing.year_fraction, time_of_day) / daily_mean
    surface = PAR_SHARE * QUANTA * forcing.rsds * shape
    optical = p.light_attenuation * max(f.depth, 1.0e-3)
    return surface * -math.expm1(-optical) / optical


@kernel
def potential(p, depth, light, temperature):
    """Gross production without carbon limitation, mol m-3 d-1."""
    offset = (temperature - p.optimum_temperature) / p.temperature_width
    warmth = math.exp(-offset * offset)
    rate = p.gross_production * p.plant_cover / MOLAR_MASS_C / max(depth, 1.0e-3)
    return rate * math.tanh(light / p.light_saturation) * warmth


@kernel
def bicarbonate_capacity(p, light):
    """phi_H times a smooth step in light up to `bicarbonate_light`."""
    z = min(max(light / p.bicarbonate_light, 0.0), 1.0)
    return p.bicarbonate_use * z * z * (3.0 - 2.0 * z)


@kernel
def carbon_limitation(p, capacity, co2, hco3):
    """f_C of CO2 and HCO3- (mol m-3)                                                     [science.md Eq. 6.1]."""
    m = co2 / (p.half_saturation_co2 + co2)
    return m + (1.0 - m) * capacity * hco3 / (p.half_saturation_hco3 + hco3)

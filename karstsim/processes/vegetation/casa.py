"""Net primary production, light-use efficiency after CASA (Potter et al. 1993; Field et al. 1995; design notes 3.9)."""

import math
from enum import IntEnum

from karstsim.core.classes import by_land_use
from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.jit import kernel
from karstsim.core.spec import Param


class TemperatureLaw(IntEnum):
    """How production follows temperature: values of `vegetation.temperature_law`."""

    CASA = 0
    GAUSSIAN = 1


GAUSSIAN = int(TemperatureLaw.GAUSSIAN)
# The table of land uses was set with the Gaussian law. TO_SCALARS is the mean of that law over the mean of CASA's
# scalars, both weighted with light, in the climate of the table; so both laws give its production there.
BY_GAUSSIAN = (
    0.30,
    0.75,
    0.75,
    0.75,
    0.85,
    0.95,
)  # g MJ-1                                  [design notes 3.12]
TO_SCALARS = 0.926
PARAMS = (
    Param(
        "temperature_law",
        int(TemperatureLaw.CASA),
        "1",
        0,
        len(TemperatureLaw) - 1,
        "potter1993; design; design notes 3.9",
        calibrate=False,
        integer=True,
        doc="0 the two scalars of CASA, 1 exp(-((T - optimum)/11)^2), to which efficiencies 1.08 times as high belong",
    ),
    Param(
        "light_use_efficiency",
        BY_GAUSSIAN[1] * TO_SCALARS,
        "g MJ-1",
        0.1,
        2.0,
        "design; design notes 3.12, brought to the scalars of CASA",
        by_class=by_land_use(*(efficiency * TO_SCALARS for efficiency in BY_GAUSSIAN)),
        doc="carbon fixed per absorbed photosynthetically active radiation, unstressed",
    ),
    Param("optimum_temperature", 22.0, "degC", 5.0, 32.0, "design; design notes 3.9"),
    Param("par_share", 0.5, "1", 0.4, 0.55, "potter1993", calibrate=False, doc="PAR in shortwave radiation"),
    Param(
        "co2_response",
        0.6,
        "1",
        0.3,
        0.8,
        "design; design notes 3.9, set to the FACE median of norby2005",
        doc="beta in 1 + beta ln(CO2/380)",
    ),
    Param(
        "dry_efficiency",
        0.5,
        "1",
        0.0,
        1.0,
        "potter1993",
        calibrate=False,
        doc="light-use efficiency without transpiration, relative to the unstressed one",
    ),
    Param(
        "light_saturation",
        0.0,
        "m2 d mol-1",
        0.0,
        0.1,
        "makela2008",
        doc="gamma of 1/(1 + gamma A), A the photons absorbed in a day: efficiency falls in bright light; 0 leaves "
        "production proportional to light, five conifer forests had 0.007 to 0.05, median about 0.04",
    ),
)
FLUXES = ()
MJ_PER_WATT_DAY = 0.0864
REFERENCE_CO2 = 380.0  # ppm
PHOTONS = 4.57  # mol MJ-1, photons in the PAR of daylight
# The efficiencies belong to the climate of the table. With this light (PAR before the canopy) a canopy of any class
# fixes there as much with the law of saturation as without it, within 2 % for any gamma.
REFERENCE_LIGHT = 30.0  # mol m-2 d-1
# Temperature scalars of Potter et al. (1993), Eqs. 5-6 of their appendix, as printed in design notes 3.9
OPTIMUM_BASE, OPTIMUM_LINEAR, OPTIMUM_SQUARE = 0.8, 0.02, 0.0005
GAUSSIAN_WIDTH = (
    11.0  # K                                                                            [design notes 3.9]
)
SIGMOID_SCALE, COLD_SLOPE, WARM_SLOPE, SIGMOID_WIDTH = 1.1814, 0.2, 0.3, 10.0


@kernel
def temperature_scalar(temperature, optimum):
    """Product of the two CASA temperature scalars."""
    site = OPTIMUM_BASE + OPTIMUM_LINEAR * optimum - OPTIMUM_SQUARE * optimum * optimum
    cold = 1.0 + math.exp(COLD_SLOPE * (optimum - SIGMOID_WIDTH - temperature))
    warm = 1.0 + math.exp(WARM_SLOPE * (temperature - optimum - SIGMOID_WIDTH))
    return max(site, 0.0) * SIGMOID_SCALE / (cold * warm)


@kernel
def gaussian_scalar(temperature, optimum):
    """The simple alternative to CASA's scalars, exp(-((T - T_opt)/11)^2)."""
    away = (temperature - optimum) / GAUSSIAN_WIDTH
    return math.exp(-away * away)


@kernel
def co2_response(p, co2):
    """C = 1 + beta ln(CO2/380), not below 0; ppm."""
    return max(1.0 + p.co2_response * math.log(co2 / REFERENCE_CO2), 0.0)


@kernel
def light_scalar(p, fpar, radiation_day):
    """Efficiency in the light of a day over that under `REFERENCE_LIGHT`: 1/(1 + gamma A) of Makela et al. (2008).

    A is what the canopy absorbs in a day, mol m-2; radiation_day is the day's mean, W m-2, at any step.
    """
    light = p.par_share * radiation_day * MJ_PER_WATT_DAY * PHOTONS
    return (1.0 + p.light_saturation * fpar * REFERENCE_LIGHT) / (1.0 + p.light_saturation * fpar * light)


@kernel
def net_primary_production(p, fpar, temperature, radiation, radiation_day, co2, moisture_stress):
    """NPP = fPAR PAR eps L T W C, mol m-2 d-1.

    temperature degC; radiation of the step and its mean of the day W m-2; co2 ppm; stress 0-1
    """
    absorbed = fpar * p.par_share * radiation * MJ_PER_WATT_DAY
    water = p.dry_efficiency + (1.0 - p.dry_efficiency) * moisture_stress
    if p.temperature_law == GAUSSIAN:
        warmth = gaussian_scalar(temperature, p.optimum_temperature)
    else:
        warmth = temperature_scalar(temperature, p.optimum_temperature)
    scalar = warmth * water * co2_response(p, co2) * light_scalar(p, fpar, radiation_day)
    return absorbed * p.light_use_efficiency * scalar / MOLAR_MASS_C

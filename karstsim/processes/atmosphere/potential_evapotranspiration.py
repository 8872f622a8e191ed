"""Potential evapotranspiration by one of five laws (design notes 3.5).

OUDIN               Ra/(lambda rho) (T + 5)/100                        needs the temperature only
HARGREAVES_SAMANI   0.0023 Ra/lambda (T + 17.8) sqrt(Tmax - Tmin)      and the daily range of temperature
PRIESTLEY_TAYLOR    1.26 D/(D + g) (Rn - G)/lambda                     and humidity, or longwave radiation
PENMAN_MONTEITH     FAO-56, below                                      and humidity; wind
PRESCRIBED          the forcing's own

The result is that of the reference surface (short grass, albedo 0.23, never short of water). Tiles multiply it with
their crop coefficient after they have corrected it for their own albedo: `pet_of_sun` is what the sunlight would
evaporate if all of it were absorbed, 0 for laws without net radiation.

Steps shorter than a day: Ra, the range of temperature and the clearness of the sky are those of the day, all else is
that of the step, and rates are multiplied with the step. The laws of Oudin and of Hargreaves and Samani are linear in
temperature, so their hours add up to the day. For the other two the ground takes up heat by day and returns it at
night (FAO-56, Eqs. 45, 46), which over a day is taken as zero (Eq. 42).
"""

import math
from enum import IntEnum

from karstsim.core.constants import SATURATION_AT_ZERO, SATURATION_FACTOR, SATURATION_OFFSET
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.atmosphere.radiation import MJ_PER_WATT_DAY, PASCAL_PER_KILOPASCAL, net_longwave


class PetLaw(IntEnum):
    """Laws of potential evapotranspiration: values of `atmosphere.pet_law`."""

    OUDIN = 0
    HARGREAVES_SAMANI = 1
    PRIESTLEY_TAYLOR = 2
    PENMAN_MONTEITH = 3
    PRESCRIBED = 4


OUDIN = int(PetLaw.OUDIN)
HARGREAVES_SAMANI = int(PetLaw.HARGREAVES_SAMANI)
PENMAN_MONTEITH = int(PetLaw.PENMAN_MONTEITH)
PRESCRIBED = int(PetLaw.PRESCRIBED)

PARAMS = (
    Param(
        "pet_law",
        OUDIN,
        "1",
        0,
        4,
        "oudin2005 hargreaves1985 priestley1972 allen1998",
        calibrate=False,
        integer=True,
        doc="0 Oudin, 1 Hargreaves-Samani, 2 Priestley-Taylor, 3 Penman-Monteith (FAO-56), 4 the forcing's evspsblpot",
    ),
    Param("oudin_offset", 5.0, "degC", 2.0, 8.0, "oudin2005", calibrate=False),
    Param("oudin_scale", 100.0, "degC", 60.0, 140.0, "oudin2005", calibrate=False),
    Param("hargreaves_scale", 0.0023, "degC-1.5", 0.001, 0.004, "hargreaves1985 allen1998", calibrate=False),
    Param("priestley_taylor_factor", 1.26, "1", 1.0, 1.8, "priestley1972", calibrate=False),
    Param(
        "stomatal_co2_response",
        0.0,
        "ppm-1",
        0.0,
        0.003,
        "design; design notes 3.5 gives 0.001; 0 is FAO-56 itself",
        calibrate=False,
        doc="rise of the stomatal resistance with CO2 above 380 ppm, in Penman-Monteith",
    ),
)
FLUXES = (
    Var(
        "pet",
        "mm",
        "potential evapotranspiration",
        standard_name="water_potential_evapotranspiration_amount",
        aggregate="sum",
    ),
    Var(
        "pet_of_sun",
        "mm",
        "potential evapotranspiration by shortwave radiation if all of it were absorbed",
        aggregate="sum",
    ),
)
LATENT_HEAT = 2.45  # MJ kg-1                                                   [Allen et al. 1998, Annex 3]
LATENT_HEAT_AT_ZERO, LATENT_HEAT_SLOPE = (
    2.501,
    2.361e-3,
)  # MJ kg-1, MJ kg-1 K-1              [the same, Eq. 3-1]
HARGREAVES_OFFSET = (
    17.8  # degC                                                             [the same, Eq. 52]
)
PSYCHROMETRIC = (
    0.665e-3  # K-1                                                               [the same, Eq. 8]
)
ALBEDO = (
    0.23  # of the reference surface                                                     [the same, Eq. 38]
)
ENERGY_PER_DEPTH = (
    0.408  # kg MJ-1, 1/2.45 as printed                                         [the same, Eq. 6]
)
AERODYNAMIC, AERODYNAMIC_ZERO = (
    900.0,
    273.0,
)  # K s m-1 d-1 mm kPa-1, K                         [the same, Eq. 6]
RESISTANCE_RATIO = (
    0.34  # s m-1, stomatal over aerodynamic resistance at a wind of 1 m s-1     [the same, Eq. 6]
)
REFERENCE_CO2 = 380.0  # ppm
# Wind at 2 m over that at height z: 4.87/ln(67.8 z - 5.42), here for 10 m                     [the same, Eq. 47]
WIND_AT_TWO_METERS = 4.87 / math.log(67.8 * 10.0 - 5.42)
GROUND_BY_DAY, GROUND_AT_NIGHT = (
    0.1,
    0.5,
)  # G/Rn of hours                              [the same, Eqs. 45, 46]
DAY = 1.0


@kernel
def saturation_vapor_pressure(temperature):
    """e = 0.6108 exp(17.27 T/(T + 237.3)), kPa; temperature degC           [Allen et al. 1998, Eq. 11]."""
    exponent = SATURATION_FACTOR * temperature / (temperature + SATURATION_OFFSET)
    return SATURATION_AT_ZERO / PASCAL_PER_KILOPASCAL * math.exp(exponent)


@kernel
def saturation_slope(temperature):
    """D = 17.27 x 237.3 e/(T + 237.3)^2, kPa K-1 (FAO-56 prints the product as 4098) [Allen et al. 1998, Eq. 13]."""
    above = temperature + SATURATION_OFFSET
    pressure = saturation_vapor_pressure(temperature)
    return SATURATION_FACTOR * SATURATION_OFFSET * pressure / (above * above)


@kernel
def psychrometric_constant(pressure):
    """g = 0.665e-3 p, kPa K-1; pressure Pa                                     [Allen et al. 1998, Eq. 8]."""
    return PSYCHROMETRIC * pressure / PASCAL_PER_KILOPASCAL


@kernel
def vapor_deficit(forcing):
    """What the air lacks in water vapour, kPa, not below 0: (e(Tmin) + e(Tmax))/2 - e_a  [Allen et al. 1998, Eq. 12].

    Steps shorter than a day have Tmin = Tmax = T, as in Eq. 53.
    """
    saturated = saturation_vapor_pressure(forcing.tasmin) + saturation_vapor_pressure(forcing.tasmax)
    return max(0.5 * saturated - forcing.vapor_pressure / PASCAL_PER_KILOPASCAL, 0.0)


@kernel
def oudin(p, extraterrestrial, temperature):
    """PET = Ra/(lambda rho) (T + 5)/100 where T > -5 degC, else 0; mm d-1                  [Oudin et al. 2005]."""
    return extraterrestrial / LATENT_HEAT * max(temperature + p.oudin_offset, 0.0) / p.oudin_scale


@kernel
def hargreaves_samani(p, extraterrestrial, temperature, daily_range):
    """PET = 0.0023 Ra/lambda (T + 17.8) sqrt(Tmax - Tmin), mm d-1, not below 0.

    [Hargreaves & Samani 1985; Allen et al. 1998, Eq. 52]  daily_range = Tmax - Tmin of the day, K
    """
    warmth = max(temperature + HARGREAVES_OFFSET, 0.0)
    return p.hargreaves_scale * extraterrestrial / LATENT_HEAT * warmth * math.sqrt(max(daily_range, 0.0))


@kernel
def priestley_taylor_weight(p, forcing):
    """Water that net radiation evaporates, 1.26 D/(D + g)/lambda(T), mm per MJ m-2      [Priestley & Taylor 1972]."""
    slope = saturation_slope(forcing.tas)
    latent = LATENT_HEAT_AT_ZERO - LATENT_HEAT_SLOPE * forcing.tas
    return p.priestley_taylor_factor * slope / (slope + psychrometric_constant(forcing.ps)) / latent


@kernel
def penman_monteith_denominator(p, forcing):
    """D + g (1 + 0.34 u2 (1 + S (CO2 - 380))), kPa K-1.

    [Allen et al. 1998, Eq. 6; notes 3.5]  0.34 u2 is the ratio of the stomatal to the aerodynamic resistance, so a
    stomatal resistance that rises with CO2 multiplies it. S = 0 is FAO-56.
    """
    closing = max(1.0 + p.stomatal_co2_response * (forcing.co2 - REFERENCE_CO2), 0.0)
    ratio = RESISTANCE_RATIO * WIND_AT_TWO_METERS * forcing.sfcwind * closing
    return saturation_slope(forcing.tas) + psychrometric_constant(forcing.ps) * (1.0 + ratio)


@kernel
def penman_monteith_weight(p, forcing):
    """Water that net radiation evaporates, 0.408 D over the denominator, mm per MJ m-2 [Allen et al. 1998, Eq. 6]."""
    return ENERGY_PER_DEPTH * saturation_slope(forcing.tas) / penman_monteith_denominator(p, forcing)


@kernel
def penman_monteith_drying(p, forcing):
    """Water that dry wind evaporates, g 900/(T + 273) u2 (e_s - e_a) over the denominator, mm d-1.

    [Allen et al. 1998, Eq. 6]  For hours Eq. 53 has 37, a 24th of 900.
    """
    wind = WIND_AT_TWO_METERS * forcing.sfcwind
    drying = psychrometric_constant(forcing.ps) * AERODYNAMIC / (forcing.tas + AERODYNAMIC_ZERO) * wind
    return drying * vapor_deficit(forcing) / penman_monteith_denominator(p, forcing)


@kernel
def ground_share(forcing, dt):
    """Heat into the ground over net radiation: 0 over a whole day; 0.1 by day, 0.5 at night.

    [Allen et al. 1998, Eqs. 42, 45, 46]
    """
    if dt >= DAY:
        return 0.0
    return GROUND_BY_DAY if forcing.rsds > 0.0 else GROUND_AT_NIGHT


@kernel
def by_net_radiation(p, f, forcing, weight, drying, dt):
    """PET of the laws with net radiation: weight (Rn - G) + drying, not below 0.

    weight  mm per MJ m-2 of net radiation
    drying  mm d-1 without radiation
    """
    weight *= 1.0 - ground_share(forcing, dt)
    lost = net_longwave(p, f.extraterrestrial_radiation, forcing)
    f.pet_of_sun = weight * MJ_PER_WATT_DAY * forcing.rsds * dt
    f.pet = max((1.0 - ALBEDO) * f.pet_of_sun + (drying - weight * lost) * dt, 0.0)


@kernel
def step(p, f, forcing, dt):
    """Potential evapotranspiration of one step by the law of `p.pet_law`."""
    f.pet_of_sun = 0.0
    if p.pet_law == OUDIN:
        f.pet = oudin(p, f.extraterrestrial_radiation, forcing.tas) * dt
    elif p.pet_law == HARGREAVES_SAMANI:
        f.pet = hargreaves_samani(p, f.extraterrestrial_radiation, forcing.tas, forcing.daily_range) * dt
    elif p.pet_law == PRESCRIBED:
        f.pet = max(forcing.evspsblpot, 0.0) * dt
    elif p.pet_law == PENMAN_MONTEITH:
        weight, drying = penman_monteith_weight(p, forcing), penman_monteith_drying(p, forcing)
        by_net_radiation(p, f, forcing, weight, drying, dt)
    else:
        by_net_radiation(p, f, forcing, priestley_taylor_weight(p, forcing), 0.0, dt)

"""Light in the water and the limits of photosynthesis (design notes 6.3, 6.4).

    GPP = (G_max cover(B)/D + P_max A) tanh(I/I_k) f_T f_N f_C
    f_C = m + (1 - m) phi_H [HCO3]/(K_H + [HCO3]),   m = [CO2]/(K_CO2 + [CO2])
    f_N = min(N/(K_N + N), P/(K_P + P))

G_max cover(B) of submerged plants, P_max A of phytoplankton of concentration A, each with its own phi_H. P is the total
phosphorus less what phytoplankton holds (106 C : 1 P), which bounds its bloom; N is nitrate. Submerged plants feed on
the bed: f_N is theirs only with `nutrient_limitation`.
"""

import math

from karstsim.core.classes import by_plant, by_water_class
from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.jit import kernel, lane_function
from karstsim.core.spec import Param
from karstsim.processes.atmosphere.radiation import (
    DEGREE,
    EQUINOX_PHASE,
    OBLIQUITY,
    SOLAR_CONSTANT,
    distance_factor,
)
from karstsim.processes.surface_water.organic import LEAST_DEPTH

PARAMS = (
    Param(
        "gross_production",
        8.0,
        "g m-2 d-1",
        0.0,
        100.0,
        "design; design notes 6.4",
        by_class=by_water_class(8.0, 8.0, 10.0, 20.0, 60.0, 25.0),
        by_plant=by_plant(water_moss=8.0, pondweed=30.0, hydrilla=60.0, stonewort=20.0),
        doc="light- and carbon-saturated gross production at 25 degC",
    ),
    Param(
        "algal_production",
        3.0,
        "day-1",
        0.5,
        8.0,
        "design",
        doc="light- and carbon-saturated gross production of phytoplankton per its carbon at 25 degC",
    ),
    Param(
        "light_saturation",
        250.0,
        "umol m-2 s-1",
        100.0,
        400.0,
        "design; design notes 6.4",
        by_plant=by_plant(water_moss=100.0, hydrilla=150.0),
    ),
    Param("light_attenuation", 0.4, "m-1", 0.15, 2.0, "design; design notes 6.3", calibrate=False),
    Param(
        "chlorophyll_attenuation",
        0.02,
        "m2 mg-1",
        0.0,
        0.05,
        "design; design notes 6.3",
        calibrate=False,
        doc="light absorbed per chlorophyll",
    ),
    Param(
        "carbon_to_chlorophyll",
        40.0,
        "1",
        15.0,
        150.0,
        "design",
        calibrate=False,
        doc="grams of carbon per gram of chlorophyll in phytoplankton",
    ),
    Param(
        "turbidity",
        0.0,
        "s2 m-3",
        0.0,
        20.0,
        "design; design notes 6.3",
        calibrate=False,
        doc="light attenuation of stirred sediment per square of the flow velocity",
    ),
    Param(
        "half_saturation_co2",
        0.1,
        "mol m-3",
        0.004,
        0.185,
        "kirk1994 vanhaller1976",
        calibrate=False,
        by_plant=by_plant(hydrilla=0.17, phytoplankton=0.03),
    ),
    Param("half_saturation_hco3", 3.0, "mol m-3", 1.0, 20.0, "design; design notes 6.4"),
    Param(
        "bicarbonate_use",
        0.6,
        "1",
        0.0,
        0.9,
        "sandjensen1983; design; design notes 6.4",
        by_class=by_water_class(0.6, 0.8, 0.8, 0.6, 0.6, 0.6),
        by_plant=by_plant(water_moss=0.0, pondweed=0.6, hydrilla=0.6, stonewort=0.6),
        doc="0 for plants that use CO2 only",
    ),
    Param(
        "bicarbonate_light",
        80.0,
        "umol m-2 s-1",
        10.0,
        200.0,
        "design; design notes 6.4",
        calibrate=False,
        doc="light below which bicarbonate is not used",
    ),
    Param(
        "algal_bicarbonate_use",
        0.8,
        "1",
        0.0,
        0.9,
        "design; design notes 6.4",
        calibrate=False,
        doc="the same of phytoplankton",
    ),
    Param(
        "ca_on_bicarbonate",
        0.0,
        "1",
        0.0,
        1.0,
        "design; design notes A18",
        calibrate=False,
        doc="power of 1/ca_factor by which carbonic anhydrase lowers half_saturation_hco3",
    ),
    Param(
        "nutrient_limitation",
        0,
        "1",
        0,
        1,
        "design; design notes 6.4",
        calibrate=False,
        integer=True,
        doc="1 = nitrate limits too, and nutrients limit submerged plants as well",
    ),
    Param(
        "phosphorus",
        1.0e-3,
        "mol m-3",
        1.0e-5,
        0.05,
        "site; 31 ug/L, mesotrophic",
        calibrate=False,
        scale="log",
        doc="phosphorus in phytoplankton and at its disposal",
    ),
    Param("half_saturation_no3", 0.014, "mol m-3", 1.0e-3, 0.1, "design; design notes 6.4", calibrate=False),
    Param(
        "half_saturation_phosphorus",
        5.0e-4,
        "mol m-3",
        1.0e-5,
        5.0e-3,
        "design; design notes 6.4",
        calibrate=False,
    ),
    Param(
        "autotrophic_respiration",
        0.25,
        "1",
        0.1,
        0.6,
        "design; design notes 6.4",
        calibrate=False,
        doc="share of gross production respired at once; plant_maintenance comes on top",
    ),
    Param("optimum_temperature", 25.0, "degC", 10.0, 35.0, "design; design notes 6.4", calibrate=False),
    Param("temperature_width", 14.0, "degC", 5.0, 30.0, "design; design notes 6.4", calibrate=False),
)
FLUXES = ()
PAR_SHARE, QUANTA = 0.46, 4.57  # of shortwave energy; umol J-1 (design notes 6.3)
P_PER_C = 1.0 / 106.0  # Redfield (1958)
MILLI = 1.0e3  # mg per g


@kernel
def set_sun(t, air_p, air_f, forcing):
    """PAR at the surface through the day, umol m-2 s-1: the day's radiation in the shape of the sun's height.

    t  scratch: PAR is the positive part of par_mean + par_swing cos(hour angle)
    """
    t.par_mean, t.par_swing = 0.0, 0.0
    daily_mean = air_f.extraterrestrial_radiation / (SOLAR_CONSTANT * distance_factor(forcing.year_fraction))
    if daily_mean <= 0.0:
        return
    per_height = PAR_SHARE * QUANTA * forcing.rsds_day / daily_mean
    declination = OBLIQUITY * math.sin(2.0 * math.pi * forcing.year_fraction - EQUINOX_PHASE)
    phi = air_p.latitude * DEGREE
    t.par_mean = per_height * math.sin(phi) * math.sin(declination)
    t.par_swing = per_height * math.cos(phi) * math.cos(declination)


@kernel
def attenuation(p, f, algae):
    """Attenuation of PAR, m-1, by water, stirred sediment and phytoplankton of `algae` mol m-3."""
    chlorophyll = MILLI * MOLAR_MASS_C * algae / p.carbon_to_chlorophyll
    return (
        p.light_attenuation + p.turbidity * f.velocity * f.velocity + p.chlorophyll_attenuation * chlorophyll
    )


@kernel
def mean_light(p, f, algae, t, time_of_day):
    """PAR averaged over the depth, umol m-2 s-1.

    algae  phytoplankton, mol m-3; t  the day's sun (`set_sun`); time of day in days, local solar
    """
    surface = t.par_mean + t.par_swing * math.cos(2.0 * math.pi * (time_of_day - 0.5))
    if surface <= 0.0:
        return 0.0
    optical = attenuation(p, f, algae) * max(f.depth, LEAST_DEPTH)
    return surface * -math.expm1(-optical) / optical


@kernel
def warmth_and_light(p, light, temperature):
    """tanh(I/I_k) f_T."""
    offset = (temperature - p.optimum_temperature) / p.temperature_width
    return math.tanh(light / p.light_saturation) * math.exp(-offset * offset)


@kernel
def plant_potential(p, cover, depth):
    """Gross production of submerged plants at full light and the best temperature and of enough carbon, mol m-3 d-1."""
    return p.gross_production * cover / MOLAR_MASS_C / max(depth, LEAST_DEPTH)


@kernel
def nutrients(p, algae, no3):
    """(phosphorus alone, phosphorus and nitrate): f_N for phytoplankton of `algae` mol m-3; `no3` mol m-3."""
    free = max(p.phosphorus - algae * P_PER_C, 0.0)
    phosphorus = free / (p.half_saturation_phosphorus + free)
    return phosphorus, min(phosphorus, no3 / (p.half_saturation_no3 + no3))


@kernel
def bicarbonate_capacity(p, use, light):
    """`use` (phi_H) times a smooth step in light up to `bicarbonate_light`."""
    z = min(max(light / p.bicarbonate_light, 0.0), 1.0)
    return use * z * z * (3.0 - 2.0 * z)


@kernel
def half_saturation_hco3(p):
    """K_H, lowered by external carbonic anhydrase, mol m-3."""
    if p.ca_on_bicarbonate == 0.0:
        return p.half_saturation_hco3
    return p.half_saturation_hco3 * math.exp(-p.ca_on_bicarbonate * math.log(p.ca_factor))


@lane_function
def carbon_shares(half_co2, half_hco3, co2, hco3):
    """(m, share of phi_H): of Eq. 6.1, f_C = m + phi_H share, for CO2 and HCO3-, all in mol m-3."""
    m = co2 / (half_co2 + co2)
    return m, (1.0 - m) * hco3 / (half_hco3 + hco3)


@lane_function
def carbon_slopes(half_co2, half_hco3, co2, hco3, co2_slope, hco3_slope):
    """Slopes of what `carbon_shares` returns, from those of CO2 and HCO3- by the same variable."""
    per_co2, per_hco3 = 1.0 / (half_co2 + co2), 1.0 / (half_hco3 + hco3)
    m_slope = half_co2 * co2_slope * per_co2 * per_co2
    rest = half_co2 * per_co2
    return m_slope, per_hco3 * (rest * half_hco3 * hco3_slope * per_hco3 - m_slope * hco3)

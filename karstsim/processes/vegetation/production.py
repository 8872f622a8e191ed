"""Net primary production by one of four models, and the season that the yearly ones are given.

CASA           light-use efficiency, by the step (casa.py)
MIAMI          a yearly sum from the mean climate of the last year (miami.py)
GROWTH_CURVE   what a stand of its age puts on, and what replaces its litter (growth_curve.py)
PRESCRIBED     the forcing's npp

Yearly laws get their season from CASA: in a step they give the share (w/w_mean) dt of a year's sum, where w is CASA's
production without its CO2 response and w_mean the low-pass of w over a year T. Because w = w_mean + T dw_mean/dt,

    integral of w/w_mean dt = t + T ln(w_mean(t)/w_mean(0)),

the shares of a year add up to one whenever the climate repeats itself, for any step and any season.
"""

import math
from enum import IntEnum

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.lowpass import low_pass
from karstsim.processes.vegetation import casa, growth_curve, miami


class NppModel(IntEnum):
    """Models of net primary production: values of `vegetation.npp_model`."""

    CASA = 0
    MIAMI = 1
    GROWTH_CURVE = 2
    PRESCRIBED = 3


CASA = int(NppModel.CASA)
MIAMI = int(NppModel.MIAMI)
PRESCRIBED = int(NppModel.PRESCRIBED)

PARAMS = (
    Param(
        "npp_model",
        CASA,
        "1",
        0,
        3,
        "potter1993 lieth1975 kurz2009",
        calibrate=False,
        integer=True,
        doc="0 CASA, 1 Miami, 2 growth curve of a stand, 3 the forcing's npp",
    ),
    Param(
        "yearly_co2_response",
        0,
        "1",
        0,
        1,
        "design",
        calibrate=False,
        integer=True,
        doc="1: Miami and the growth curve follow CO2 as CASA does; 0: they do not, as published",
    ),
    Param("carbon_use_efficiency", 0.5, "1", 0.4, 0.6, "design; design notes 3.9", doc="NPP over GPP"),
)
FLUXES = (
    Var("npp", "mol m-2", "net primary production", aggregate="sum"),
    Var("gpp", "mol m-2", "gross primary production", aggregate="sum"),
)


@kernel
def growing_time(s, weight, dt):
    """The part of a year's production that falls into this step, in days: the integral of w/w_mean.

    weight  CASA's production at the reference CO2, mol m-2 d-1
    """
    before = s.season_mean
    s.season_mean = low_pass(before, weight, dt, DAYS_PER_YEAR)
    if before <= 0.0:  # nothing has ever grown: an even year until something does
        return dt
    return max(dt + DAYS_PER_YEAR * math.log(s.season_mean / before), 0.0)


@kernel
def yearly_response(p, co2):
    """Factor on a yearly law for CO2, ppm."""
    return casa.co2_response(p, co2) if p.yearly_co2_response == 1 else 1.0


@kernel
def yearly(p, s, f, climate, moisture_stress, forcing, dt):
    """NPP of one step by a yearly law."""
    weight = casa.net_primary_production(
        p, f.fpar, forcing.tas, forcing.rsds, forcing.rsds_day, casa.REFERENCE_CO2, moisture_stress
    )
    years = growing_time(s, weight, dt) / DAYS_PER_YEAR
    response = yearly_response(p, forcing.co2)
    if p.npp_model == MIAMI:
        precipitation = climate.precipitation_year * DAYS_PER_YEAR
        return response * miami.net_primary_production(p, climate.air_temperature_year, precipitation) * years
    return growth_curve.net_primary_production(p, s, response, years)


@kernel
def step(p, s, f, climate, moisture_stress, forcing, dt):
    """Production of this step.

    climate          state of the atmosphere: means of temperature and precipitation over a year
    moisture_stress  actual over potential transpiration, 0-1
    """
    if p.npp_model == CASA:
        rate = casa.net_primary_production(
            p, f.fpar, forcing.tas, forcing.rsds, forcing.rsds_day, forcing.co2, moisture_stress
        )
        f.npp = rate * dt
    elif p.npp_model == PRESCRIBED:
        f.npp = max(forcing.npp, 0.0) * dt
    else:
        f.npp = yearly(p, s, f, climate, moisture_stress, forcing, dt)
    f.gpp = f.npp / p.carbon_use_efficiency

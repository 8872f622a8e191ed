"""Running means of the air temperature that set the temperature of streams (a week) and groundwater (a year)."""

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.processes.lowpass import low_pass

PARAMS = ()
FLUXES = ()
WEEK = 7.0


@kernel
def step(s, forcing, dt):
    s.air_temperature_week = low_pass(s.air_temperature_week, forcing.tas, dt, WEEK)
    s.air_temperature_year = low_pass(s.air_temperature_year, forcing.tas, dt, DAYS_PER_YEAR)

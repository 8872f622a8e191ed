"""Atmosphere: what falls, what could evaporate, how warm the ground has been, and its CO2. One row per catchment."""

from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import Var, Water
from karstsim.processes.atmosphere import (
    co2_box,
    isotopes,
    potential_evapotranspiration,
    precipitation,
    radiation,
    snow,
    temperature,
)

NAME = "atmosphere"
LEVEL = "column"
STATE = (
    Water("snow", "snow on the ground"),
    *snow.STATE,
    Var("air_temperature_week", "degC", "air temperature, low-pass of seven days"),
    Var("air_temperature_year", "degC", "air temperature, low-pass of one year"),
    Var("precipitation_year", "mm d-1", "precipitation, low-pass of one year"),
    *co2_box.STATE,
    *isotopes.STATE,
)
PROCESSES = (
    precipitation, snow, radiation, potential_evapotranspiration, temperature, co2_box, isotopes,
)  # fmt: skip
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)


@kernel
def step(p, s, f, forcing, k, dt, n_active):
    """Precipitation with its solutes, snow, radiation, evaporative demand, and the running means."""
    precipitation.fall(p, f.precipitation, forcing, k, dt, n_active)
    if n_active > N_CORE:
        isotopes.step(f, forcing)
    precipitation.remember(s, forcing, dt)
    snow.step(p, s, f, forcing, dt, n_active)
    radiation.step(p, f, forcing)
    potential_evapotranspiration.step(p, f, forcing, dt)
    temperature.step(s, forcing, dt)

"""Water temperature: groundwater and the air of the last week mixed, with a diel wave (design notes 3.8, 6.3)."""

import math

from karstsim.core.classes import by_water_class
from karstsim.core.jit import kernel
from karstsim.core.spec import Param
from karstsim.processes.transport import bring_to

PARAMS = (
    Param(
        "groundwater_share",
        0.3,
        "1",
        0.0,
        1.0,
        "design; design notes 3.8",
        by_class=by_water_class(0.7, 0.1, 0.0, 0.6, 0.6, 0.4),
        calibrate=False,
    ),
    Param(
        "diel_amplitude",
        0.5,
        "degC",
        0.0,
        5.0,
        "design; design notes 6.3",
        by_class=by_water_class(0.5, 0.3, 1.0, 1.0, 1.0, 2.0),
        calibrate=False,
    ),
)
FLUXES = ()
RISING_MEAN = 9.0 / 24.0  # the wave crosses its mean at nine in the morning, upwards


@kernel
def step(p, s, air_s, time_of_day):
    mean = (1.0 - p.groundwater_share) * air_s.air_temperature_week
    mean += p.groundwater_share * air_s.air_temperature_year
    wave = p.diel_amplitude * math.sin(2.0 * math.pi * (time_of_day - RISING_MEAN))
    s.temperature = max(mean + wave, 0.0)
    bring_to(s.water, s.temperature)

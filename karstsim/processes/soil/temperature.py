"""Soil temperature: the air temperature damped over days (one first-order store)."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Param
from karstsim.processes.lowpass import low_pass

PARAMS = (
    Param(
        "thermal_memory",
        10.0,
        "day",
        1.0,
        60.0,
        "design",
        calibrate=False,
        doc="time constant with which the soil follows the air",
    ),
)
FLUXES = ()


@kernel
def step(p, s, forcing, dt):
    s.temperature = low_pass(s.temperature, forcing.tas, dt, p.thermal_memory)

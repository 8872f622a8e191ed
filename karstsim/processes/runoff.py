"""Runoff of an area outside the karst and its temperature: allogenic streams and tributaries (design notes 3.7).

dq/dt = (c_q (rain + melt) - q)/tau,    dT/dt = (T_air - T)/tau_T
"""

from karstsim.core.jit import kernel
from karstsim.processes.lowpass import low_pass

TEMPERATURE_LAG = 3.0  # d, of the stream behind the air


@kernel
def of_area(before, coefficient, memory, air_f, dt):
    """Runoff at the end of the step, mm d-1 of the area, from that before it.

    coefficient  runoff over rain and melt; memory  time constant, d; air_f  fluxes of the atmosphere
    """
    wet = (air_f.rainfall.volume + air_f.melt.volume) / dt
    return low_pass(before, coefficient * wet, dt, memory)


@kernel
def temperature(before, forcing, dt):
    """Temperature of its stream at the end of the step, degC."""
    return low_pass(before, forcing.tas, dt, TEMPERATURE_LAG)

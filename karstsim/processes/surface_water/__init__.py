"""Surface water: a chain of well-mixed boxes below the spring, resolved within the day. One row per box.

All amounts are per square metre of the karst catchment, so that the budget of the whole catchment adds up.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Store, Var
from karstsim.processes.surface_water import (
    carbon,
    gas_exchange,
    hydraulics,
    organic,
    photosynthesis,
    temperature,
)
from karstsim.processes.transport import clear

NAME = "surface_water"
LEVEL = "box"
STATE = (
    Store("water", "water of the box"),
    Var("temperature", "degC", "water temperature of the box"),
)
PROCESSES = (hydraulics, temperature, gas_exchange, photosynthesis, organic, carbon)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)


@kernel
def step(params, states, fluxes, first_inflow, air_p, air_s, air_f, forcing, waters, k, t, dt, n_active):
    """One step of a chain of boxes, in sub-steps short enough for the diel cycle.

    params, states, fluxes  one row per box, in downstream order
    first_inflow            flow into the first box in this step (spring and surface runoff)
    air_p, air_s, air_f     parameters, state and fluxes of the atmosphere
    waters                  one scratch solution per box
    """
    n_sub = hydraulics.substeps(params, dt)
    h = dt / n_sub
    for i in range(params.shape[0]):
        begin(fluxes[i].surface_water, states[i].surface_water, n_active)
    for j in range(n_sub):
        time_of_day = forcing.day_fraction + (j + 0.5) * h
        for i in range(params.shape[0]):
            p, s, f = params[i].surface_water, states[i].surface_water, fluxes[i].surface_water
            if i == 0:
                hydraulics.inflow(s, f, first_inflow, 1.0 / n_sub, n_active)
            else:
                hydraulics.inflow(s, f, fluxes[i - 1].surface_water.released, 1.0, n_active)
            hydraulics.weather(p, s, f, air_f, 1.0 / n_sub, n_active)
            hydraulics.geometry(p, s, f, h, n_active)
            # Half of the outflow leaves before the reactions and half after them, so that the water that reacts is
            # neither more nor less than the box holds; the error in the turnover is then of second order.
            hydraulics.release(s, f, 0.5, n_active)
            temperature.step(p, s, air_s, time_of_day)
            if n_active > 0:
                light = photosynthesis.mean_light(p, f, air_p, air_f, forcing, time_of_day)
                organic.step(p, s, f, h)
                carbon.step(p, s, f, light, forcing, waters[i], k, t, h, j == 0)
            hydraulics.release(s, f, 0.5, n_active)


@kernel
def begin(f, s, n_active):
    """Zero the amounts that are summed over the sub-steps."""
    clear(f.inflow, n_active)
    clear(f.outflow, n_active)
    clear(f.rain, n_active)
    f.evaporation = 0.0
    f.outgoing = 0.0
    carbon.begin(f, s)
    organic.begin(f)

"""Caves under a land tile: ventilated air, fissures above them, drips that degas and leave calcite. A row per tile."""

from karstsim.chemistry.constants import set_temperature
from karstsim.chemistry.speciation import Mode, speciate
from karstsim.core.jit import kernel
from karstsim.core.spec import Var
from karstsim.processes.air import co2_pressure
from karstsim.processes.cave import air, drip, isotopes, prior_precipitation, readings
from karstsim.processes.dissolution import LEAST_PRESSURE, load
from karstsim.processes.transport import receive, withdraw

NAME = "cave"
LEVEL = "tile"
STATE = (
    Var("air_co2", "mol m-2", "CO2 in cave air, per area of the tile"),
    Var("calcite", "mol m-2", "calcite deposited in caves, per area of the tile"),
    *prior_precipitation.STATE,
    *readings.STATE,
    *isotopes.STATE,
)
PROCESSES = (air, prior_precipitation, drip, readings, isotopes)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
ALK_DIC = int(Mode.ALK_DIC)
LEAST_DRIP = 1.0e-9  # mm per area of the tile in a step


@kernel
def receive_co2(s, f, amount):
    """Bring `amount` mol m-2 of the conduit into the air; returns what leaves with the air that passes."""
    vented = amount * (1.0 - f.air_kept)
    s.air_co2 += amount - vented
    f.ventilation += vented
    return vented


@kernel
def step(p, s, f, recharge, vadose_pco2, available, cave_temperature, forcing, x, k, dt, n_active):
    """Ventilate the cave, let a share of the diffuse recharge drip through it.

    recharge          diffuse recharge of the tile (flow; its drip share is taken out and given back)
    vadose_pco2       CO2 pressure of the air above the cave, atm
    available         soil CO2 that caves may draw in this step, mol m-2
    cave_temperature  degC
    """
    drip.begin(f)
    withdraw(recharge, f.drip, p.area_fraction * recharge.volume, n_active)
    if p.area_fraction <= 0.0:
        air.leave_out(f, forcing)
        prior_precipitation.begin(p, f, vadose_pco2)
        return
    after, kept, rise = air.ventilate(p, s, f, vadose_pco2, available, cave_temperature, forcing, dt)
    prior_precipitation.begin(p, f, vadose_pco2)
    if k.tracers == 1.0:
        outside = co2_pressure(forcing)
        isotopes.ventilate(p, s, f, vadose_pco2, outside, kept, cave_temperature)
    released = 0.0
    if f.drip.volume >= LEAST_DRIP:
        released = react(p, s, f, after, kept, rise, max(cave_temperature, 0.0), forcing, x, k, dt)
    receive(recharge, f.drip, 1.0, n_active)
    air.close(s, f, after, kept, released)
    if k.tracers == 1.0:
        isotopes.close(s, f, kept)


@kernel
def react(p, s, f, after, kept, rise, temperature, forcing, x, k, dt):
    """The drip water's way from the epikarst to the floor.

    returns  the CO2 that it gives the cave's air, mol m-2 of the tile
    rise     of the cave's mean CO2 pressure per CO2 released into it, atm m2 mol-1
    """
    set_temperature(k, temperature, k.constant_set)
    load(x, f.drip, temperature)
    x.ph = s.ceiling.ph
    x.ionic_strength = s.ceiling.ionic_strength
    speciate(x, k, ALK_DIC)
    x.resume = 1.0  # all that follows is this water's
    if f.air_pco2 < LEAST_PRESSURE:  # next to no CO2 in the air: nothing to be in equilibrium with
        readings.note(s.ceiling, x)
        readings.note(s.floor, x)
        return 0.0
    released = prior_precipitation.step(p, s, f, rise, x, k)
    if k.tracers == 1.0:
        isotopes.fissures(p, s, f, kept, x)
    f.air_pco2 += rise * released
    readings.note(s.ceiling, x)
    drip.count(p, f, dt)
    mean = f.air_pco2
    if x.pco2 < mean:  # it takes CO2 up: no more than the air has at the end of the step
        f.air_pco2 = min(mean, rise * (after / kept + released))
    if f.air_pco2 < LEAST_PRESSURE:
        f.air_pco2 = mean
        readings.note(s.floor, x)
        return released
    degassed = drip.step(p, s, f, rise, temperature, x, k)
    if k.tracers == 1.0:
        isotopes.drips(s, f, kept, x, forcing.co2_c14)
    f.air_pco2 = mean + rise * degassed
    readings.note(s.floor, x)
    return released + degassed

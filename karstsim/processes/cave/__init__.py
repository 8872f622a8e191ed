"""Caves under a land tile: ventilated air, fissures above them, drips that degas and leave calcite. A row per tile.

A step is `begin`, the chemistry of the drip water (`react_lanes`), `finish`.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Var
from karstsim.processes.air import co2_pressure
from karstsim.processes.cave import air, drip, isotopes, prior_precipitation, readings
from karstsim.processes.cave.chemistry import ABOVE, DONE, react_lanes
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
__all__ = ["begin", "finish", "react_lanes", "receive_co2"]
LEAST_DRIP = 1.0e-9  # mm per area of the tile in a step


@kernel
def receive_co2(s, f, amount):
    """Bring `amount` mol m-2 of the conduit into the air; returns what leaves with the air that passes."""
    vented = amount * (1.0 - f.air_kept)
    s.air_co2 += amount - vented
    f.ventilation += vented
    return vented


@kernel
def begin(p, s, f, recharge, vadose_pco2, available, cave_temperature, forcing, t, k, dt, n_active):
    """Ventilate the cave, take the share of the diffuse recharge that drips through it.

    recharge          diffuse recharge of the tile (flow; its drip share is taken out, `finish` gives it back)
    vadose_pco2       CO2 pressure of the air above the cave, atm
    available         soil CO2 that caves may draw in this step, mol m-2
    cave_temperature  degC
    t                 record of `chemistry.DRIP_DTYPE`: what `chemistry.react` and `finish` go on from
    """
    drip.begin(f)
    withdraw(recharge, f.drip, p.area_fraction * recharge.volume, n_active)
    t.stage, t.released = DONE, 0.0
    if p.area_fraction <= 0.0:
        air.leave_out(f, forcing)
        prior_precipitation.begin(p, f, vadose_pco2)
        return
    t.after, t.kept, t.rise = air.ventilate(p, s, f, vadose_pco2, available, cave_temperature, forcing, dt)
    prior_precipitation.begin(p, f, vadose_pco2)
    if k.tracers == 1.0:
        outside = co2_pressure(forcing)
        isotopes.ventilate(p, s, f, vadose_pco2, outside, t.kept, cave_temperature)
    if f.drip.volume >= LEAST_DRIP:
        t.stage, t.temperature, t.air_c14 = ABOVE, max(cave_temperature, 0.0), forcing.co2_c14


@kernel
def finish(p, s, f, recharge, t, k, n_active):
    """Give the drip water, which has reacted, back to the recharge, and book the air of the step."""
    if p.area_fraction <= 0.0:
        return
    receive(recharge, f.drip, 1.0, n_active)
    air.close(s, f, t.after, t.kept, t.released)
    if k.tracers == 1.0:
        isotopes.close(s, f, t.kept)

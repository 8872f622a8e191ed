"""Caves under a land tile: air ventilated by the seasons, drips that degas and leave calcite. One row per land tile."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Var
from karstsim.processes.cave import air, drip

NAME = "cave"
LEVEL = "tile"
STATE = (
    Var("air_co2", "mol m-2", "CO2 in cave air, per area of the tile"),
    Var("calcite", "mol m-2", "calcite deposited in caves, per area of the tile"),
)
PROCESSES = (air, drip)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)


@kernel
def air_volume(p):
    """Volume of cave air per area of the tile, m."""
    return p.area_fraction * p.height


@kernel
def passing_air(p, f):
    """Cave air and the air that passes through in the step, per area of the tile, m."""
    return p.area_fraction * (p.height + f.air_exchange)


@kernel
def receive_co2(p, s, f, amount):
    """Bring `amount` mol m-2 into the air after its exchange; returns what leaves with the air that passes.

    The implicit exchange is linear: of what enters, h/(h + q dt) stays, as if it had entered before.
    """
    vented = amount * f.air_exchange / (p.height + f.air_exchange)
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
    air.ventilate(p, s, f, vadose_pco2, available, cave_temperature, forcing, dt)
    drip.step(p, s, f, recharge, cave_temperature, x, k, n_active)

"""Conduit water under cave air: part of every conduit is a stream with a free surface (design notes 4.5, f_air).

    dC/dt = f_air k (C_eq(p_air) - C)

C is the water's DIC at its alkalinity, C_eq what stands with the air. The air is that of the caves under all tiles,
mixed: conduit and caves are one system of cavities. What water gives off enters the caves' air and leaves with their
ventilation; what it takes up comes out of it. The air of a step is what stands in the caves and what passes through.
Without caves (`cave.area_fraction` 0) the conduit is closed.

Half of the exchange of a step is before the dissolution and half after it.
"""

from karstsim.chemistry.constants import set_temperature
from karstsim.chemistry.medium import NOTHING
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes.aquifer import isotopes
from karstsim.processes.dissolution import MINIMUM_VOLUME, apply, exchange_gas, load_again
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.transport import temperature_of

PARAMS = (
    Param(
        "conduit_air_share",
        0.2,
        "1",
        0.0,
        1.0,
        "design; design notes 4.5",
        doc="share of the conduit whose water has a free surface under cave air",
    ),
    Param(
        "conduit_gas_exchange",
        5.0,
        "day-1",
        0.5,
        50.0,
        "design; design notes 5.3",
        scale="log",
        calibrate=False,
        doc="rate of CO2 exchange of water under cave air",
    ),
)
FLUXES = (
    Var("conduit_air_pco2", "atm", "CO2 pressure of the air above conduit water"),
    Var(
        "conduit_air_slope",
        "atm m2 mol-1",
        "rise of that pressure per CO2 that the water gives off",
    ),
    Var(
        "conduit_gas_uptake",
        "mol m-2",
        "CO2 exchanged between cave air and conduit water (positive: into water)",
        aggregate="sum",
    ),
)
HALF = 0.5


@kernel
def begin(f, air, co2):
    """The air of the step: `air` is the CO2 that raises its pressure by one atm, `co2` what it has (mol m-2)."""
    f.conduit_gas_uptake = 0.0
    f.conduit_air_slope = 1.0 / air if air > 0.0 else 0.0
    f.conduit_air_pco2 = co2 * f.conduit_air_slope


@kernel
def is_open(p, f):
    """Whether conduit water has a surface under air that it exchanges CO2 with."""
    return p.conduit_air_share * p.conduit_gas_exchange > 0.0 and f.conduit_air_slope > 0.0


@kernel
def book(store, x, p, f, gas, dt, traced):
    """Move `gas` (mol m-2) from the air into a cell of the conduit, in half of the exchange of a step.

    x   where `traced`, the water's carbon at equilibrium with that air
    """
    apply(store, 0.0, gas, 0.0)
    if traced:
        rate_dt = HALF * p.conduit_air_share * p.conduit_gas_exchange * dt
        isotopes.exchange(f, store, gas, f.conduit_air_pco2, rate_dt, x)
    f.conduit_gas_uptake += gas
    f.conduit_air_pco2 -= f.conduit_air_slope * gas


@kernel
def load_lane(w, lane, p, f, dt):
    """The air of the step, and the share of equilibrium of half of its exchange, into a lane with conduit water."""
    if not is_open(p, f):
        return
    w[lanes.AIR + lane] = f.conduit_air_pco2
    w[lanes.AIR_SLOPE + lane] = f.conduit_air_slope
    w[lanes.AIR_SHARE + lane] = relaxed_share(HALF * p.conduit_air_share * p.conduit_gas_exchange * dt, 1.0)


@kernel
def book_lane(w, which, lane, store, x, p, f, dt, traced):
    """Book one of the two exchanges of a lane into its conduit and the air."""
    if not is_open(p, f):
        return
    if traced:
        lanes.show(w, which, lane, x)
    book(store, x, p, f, w[lanes.GAS_MOVED + which + lane] * store.volume, dt, traced)


@kernel
def exchange(store, x, k, p, f, dt, solved):
    """Half of the gas exchange of a step between a cell of the conduit and the air.

    solved   1 where `x` holds this cell's last solve; so is what is returned
    """
    if not is_open(p, f) or store.volume < MINIMUM_VOLUME:
        return solved
    temperature = temperature_of(store)
    set_temperature(k, temperature, k.constant_set)
    load_again(x, store, temperature, solved)
    x.readings = NOTHING
    slope = f.conduit_air_slope * store.volume
    share = relaxed_share(HALF * p.conduit_air_share * p.conduit_gas_exchange * dt, 1.0)
    gas = exchange_gas(x, k, f.conduit_air_pco2, slope) * share * store.volume
    book(store, x, p, f, gas, dt, k.tracers == 1.0)
    return 1.0

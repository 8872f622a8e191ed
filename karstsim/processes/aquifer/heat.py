"""Heat of groundwater: the matrix has the temperature of its rock, the conduit approaches it on the way to the spring.

    dT/dt = k_h (T_rock - T),   T_rock = air temperature of the year

k_h = (A/V) h/(rho c), where the wall rather than the water resists: h = lambda/sqrt(pi a t) for rock that is warmed
for a time t. With lambda 2.5 W m-1 K-1, a = 1e-6 m2 s-1 and t of one day, h is 4.8 W m-2 K-1, and k_h 0.2 per day at
A/V 2 per metre (a wide channel) and 2 per day at 20. The rock of the wall has no store: what it gives or takes is
`heat_from_rock`, and the heat of an aquifer closes with it.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.aquifer.conduit_cells import cell
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.transport import bring_to

PARAMS = (
    Param(
        "conduit_heat_exchange",
        0.5,
        "day-1",
        0.0,
        20.0,
        "design",
        calibrate=False,
        doc="rate at which conduit water takes the temperature of the rock",
    ),
)
FLUXES = (Var("heat_from_rock", "mm K", "heat that groundwater takes from the rock", aggregate="sum"),)


@kernel
def begin(s, f, rock_temperature):
    """The matrix takes the temperature of its rock."""
    before = s.matrix.heat
    bring_to(s.matrix, rock_temperature)
    f.heat_from_rock = s.matrix.heat - before


@kernel
def step(p, s, f, rock_temperature, dt):
    share = relaxed_share(p.conduit_heat_exchange * dt, 1.0)
    for above in range(p.conduit_cells):
        water = cell(s, above)
        gained = share * (water.volume * max(rock_temperature, 0.0) - water.heat)
        water.heat += gained
        f.heat_from_rock += gained

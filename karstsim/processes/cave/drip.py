"""Drip water: it equilibrates with cave air at once, then calcite grows for a drip interval (science.md 5.2).

c(t) = c_eq + (c_0 - c_eq) exp(-alpha t/delta), alpha after Baker et al. (1998)
"""

from karstsim.chemistry.constants import set_temperature
from karstsim.core.constants import GAS_CONSTANT_ATM, ZERO_CELSIUS
from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes.dissolution import (
    LINEAR_ORDER,
    LINEAR_START,
    apply,
    load,
    open_step,
)
from karstsim.processes.transport import receive, withdraw

PARAMS = (
    Param("drip_interval", 300.0, "s", 1.0, 36000.0, "design", calibrate=False, scale="log"),
    Param("drip_film", 0.1, "mm", 0.05, 0.5, "baker1998", calibrate=False),
)
FLUXES = (
    Flow("drip", "water dripping through caves"),
    Var("drip_degassing", "mol m-2", "CO2 degassed from drip water to cave air", aggregate="sum"),
    Var("calcite_growth", "mol m-2", "calcite deposited by drips", aggregate="sum"),
)
# Calcite growth rate constant at a film of 0.1 mm, m s-1 = 1e-7 (c0 + c1 T + c2 T^2)            [Baker et al. 1998]
ALPHA_SCALE, ALPHA_0, ALPHA_1, ALPHA_2 = 1.0e-7, 0.51549, 0.04015, 0.00418
M_PER_MM = 1.0e-3
PURE_CALCITE = 0.0
LEAST_DRIP = 1.0e-9  # mm per area of the tile in a step


@kernel
def growth_constant(temperature):
    """alpha of calcite growth from a thin film, m s-1; temperature degC."""
    return ALPHA_SCALE * (ALPHA_0 + temperature * (ALPHA_1 + temperature * ALPHA_2))


@kernel
def step(p, s, f, recharge, cave_temperature, x, k, n_active):
    f.drip_degassing = 0.0
    f.calcite_growth = 0.0
    withdraw(recharge, f.drip, p.area_fraction * recharge.volume, n_active)
    if f.drip.volume < LEAST_DRIP:
        receive(recharge, f.drip, 1.0, n_active)
        return
    temperature = max(cave_temperature, 0.0)
    set_temperature(k, temperature, k.constant_set)
    load(x, f.drip, temperature)
    atm = GAS_CONSTANT_ATM * (cave_temperature + ZERO_CELSIUS)
    slope = atm * f.drip.volume / (p.area_fraction * p.height)
    growth = growth_constant(temperature) * p.drip_interval / (p.drip_film * M_PER_MM)
    # Drips do not dissolve the cave's floor; above saturation calcite grows without a threshold.
    solid, gas = open_step(
        x, k, PURE_CALCITE, f.air_pco2, slope, 0.0, growth, 0.0, LINEAR_START, LINEAR_ORDER
    )
    f.calcite_growth = -solid * f.drip.volume
    f.drip_degassing = -gas * f.drip.volume
    apply(f.drip, -f.calcite_growth, -f.drip_degassing, PURE_CALCITE)
    s.calcite += f.calcite_growth
    s.air_co2 += f.drip_degassing
    f.air_pco2 += atm * f.drip_degassing / (p.area_fraction * p.height)
    receive(recharge, f.drip, 1.0, n_active)

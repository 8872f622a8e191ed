"""Drip water under air: it degasses, and calcite may leave it. Nothing dissolves: neither fissures' calcite nor floors.

Air pressures are given as `pressure` (atm) and its rise `slope` per CO2 released (atm kg mol-1).
"""

from karstsim.chemistry.equilibrium import equilibrate_gas, equilibrate_open
from karstsim.chemistry.speciation import Mode, speciate
from karstsim.core.jit import kernel

ALK_DIC = int(Mode.ALK_DIC)
CALCITE = 0.0  # magnesium in what grows


@kernel
def degas(x, k, pressure, slope):
    """CO2 that the water gives off to equilibrium, mol kg-1; leaves `x` speciated. None where it cannot be found."""
    dic = x.dic
    gas = equilibrate_gas(x, k, pressure, slope)
    if x.status < 0.0:
        x.dic = dic
        x.ca_ratio, x.resume = 0.0, 0.0
        speciate(x, k, ALK_DIC)
        gas *= 0.0
    return -gas


@kernel
def grow(x, k, pressure, slope, share):
    """Calcite and CO2 that leave the water, both mol kg-1, when it loses `share` of what is too much for saturation."""
    dic, ca, alkalinity = x.dic, x.ca, x.alkalinity
    rock, _ = equilibrate_open(x, k, CALCITE, pressure, slope)
    # The record then holds the medium of this very water's last solve, unless there is none.
    x.resume = 1.0
    if x.status < 0.0:
        x.ca_ratio, x.resume = 0.0, 0.0
        rock = 0.0 * dic
    lost = share * max(-rock, 0.0)
    x.dic = dic - lost
    x.ca = ca - lost
    x.alkalinity = alkalinity - 2.0 * lost
    return lost, degas(x, k, pressure, slope)

"""Cave air: chimney ventilation with outside air in the cold season and with vadose air in the warm one.

    h dC/dt = q_v (C_in - C) + drip degassing,   q_v = k_v sqrt|T_cave - T_out|          [science.md 5.2]

C_in is the outside air when the cave is warmer than it, else the vadose air above the cave (after Lang & Faimon:
only advected vadose air explains 10^3-10^4 ppm). The vadose air is soil CO2 and is debited from the soil's production.
"""

import math

from karstsim.core.constants import GAS_CONSTANT_ATM, ZERO_CELSIUS
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.air import co2_pressure

PARAMS = (
    Param(
        "area_fraction",
        0.02,
        "1",
        0.0,
        0.5,
        "design",
        calibrate=False,
        doc="share of the tile that caves underlie, and so of the diffuse recharge that drips through them",
    ),
    Param("height", 3.0, "m", 0.5, 30.0, "design; science.md 5.2", calibrate=False),
    Param("ventilation", 0.2, "m d-1 K-0.5", 0.02, 1.0, "design; science.md 5.2", scale="log"),
)
FLUXES = (
    Var("air_exchange", "m", "air exchanged per cave area", aggregate="sum"),
    Var("drawn_soil_co2", "mol m-2", "CO2 that caves draw from vadose air", aggregate="sum"),
    Var(
        "ventilation", "mol m-2", "net CO2 that cave ventilation releases to the atmosphere", aggregate="sum"
    ),
    Var("air_pco2", "atm", "CO2 pressure of the cave air"),
)


@kernel
def ventilate(p, s, f, vadose_pco2, available, cave_temperature, forcing, dt):
    """Implicit exchange of one step; stocks per area of the tile, so multiplied by the cave's area fraction.

    available  soil CO2 that water has left of the step's production, mol m-2: caves cannot draw more
    """
    f.air_exchange = 0.0
    f.drawn_soil_co2 = 0.0
    f.ventilation = 0.0
    f.air_pco2 = co2_pressure(forcing)
    if p.area_fraction <= 0.0:
        return
    atm = GAS_CONSTANT_ATM * (cave_temperature + ZERO_CELSIUS)
    difference = cave_temperature - forcing.tas
    f.air_exchange = p.ventilation * math.sqrt(abs(difference)) * dt
    outside = co2_pressure(forcing) / atm
    inward = outside if difference >= 0.0 else vadose_pco2 / atm
    stock = p.area_fraction * p.height
    brought = p.area_fraction * f.air_exchange * inward
    if difference < 0.0:
        brought = min(brought, available)
    after = (s.air_co2 + brought) * stock / (stock + p.area_fraction * f.air_exchange)
    left = s.air_co2 + brought - after
    if difference >= 0.0:
        f.ventilation = left - brought
    else:
        f.drawn_soil_co2 = brought
        f.ventilation = left
    s.air_co2 += f.drawn_soil_co2 - f.ventilation
    f.air_pco2 = s.air_co2 / stock * atm

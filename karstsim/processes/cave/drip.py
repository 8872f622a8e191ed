"""Drip water: it equilibrates with cave air at once, then calcite grows for a drip interval (design notes 5.2).

    c(t_d) = c_eq + (c_0 - c_eq) exp(-alpha t_d/delta),   alpha after Baker et al. (1998)
    n = R A/V_drop drops a day fall at a drip site that gathers the recharge R of the area A
    growth = V_m delta n (c_0 - c(t_d)) of the stalagmite under it, V_m the molar volume of calcite

A drop wets the area V_drop/delta, so this growth on all stalagmites is the calcite deposited. The interval t_d is a
parameter, or 1/n: each drop then has the time until the next one.
"""

from enum import IntEnum

from karstsim.core.constants import DAYS_PER_YEAR, MM_PER_M, MOLAR_MASS_CACO3
from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes.aquifer.spring import MOL_PER_M3
from karstsim.processes.cave.calcite import CALCITE
from karstsim.processes.dissolution import apply
from karstsim.processes.lowpass import relaxed_share


class DripLaw(IntEnum):
    """What sets the drip interval: values of `cave.drip_law`."""

    CONSTANT = 0
    RECHARGE = 1


RECHARGE = int(DripLaw.RECHARGE)
PARAMS = (
    Param(
        "drip_law",
        int(DripLaw.CONSTANT),
        "1",
        0,
        len(DripLaw) - 1,
        "design; design notes 5.2",
        calibrate=False,
        integer=True,
        doc="drip interval: 0 constant, 1 follows the recharge",
    ),
    Param("drip_interval", 300.0, "s", 1.0, 36000.0, "design", calibrate=False, scale="log"),
    Param("drip_film", 0.1, "mm", 0.05, 0.5, "baker1998", calibrate=False),
    Param("drop_volume", 0.1, "mL", 0.02, 0.5, "dreybrodt1988", calibrate=False),
    Param(
        "drip_catchment",
        0.02,
        "m2",
        0.001,
        100.0,
        "design",
        scale="log",
        doc="area that one drip site gathers its water from; 0.02 m2 and 500 mm a year give a drop in five minutes",
    ),
)
FLUXES = (
    Flow("drip", "water dripping through caves"),
    Var("drip_rate", "min-1", "drops per minute at a drip site"),
    Var("drip_degassing", "mol m-2", "CO2 degassed from drip water to cave air", aggregate="sum"),
    Var("calcite_growth", "mol m-2", "calcite deposited by drips", aggregate="sum"),
    Var("stalagmite_growth", "mm year-1", "growth of a stalagmite under a drip"),
)
# Calcite growth rate constant at a film of 0.1 mm, m s-1 = 1e-7 (c0 + c1 T + c2 T^2)            [Baker et al. 1998]
ALPHA_SCALE, ALPHA_0, ALPHA_1, ALPHA_2 = 1.0e-7, 0.51549, 0.04015, 0.00418
M_PER_MM = 1.0e-3
MINUTES_PER_DAY, SECONDS_PER_MINUTE = 1440.0, 60.0
ML_PER_MM_M2 = 1000.0
CALCITE_DENSITY = 2.71e6  # g m-3, of the mineral without pores
# mm year-1 from mol m-2 min-1
GROWTH = MM_PER_M * MINUTES_PER_DAY * DAYS_PER_YEAR * MOLAR_MASS_CACO3 / CALCITE_DENSITY


@kernel
def growth_constant(temperature):
    """alpha of calcite growth from a thin film, m s-1; temperature degC."""
    return ALPHA_SCALE * (ALPHA_0 + temperature * (ALPHA_1 + temperature * ALPHA_2))


@kernel
def begin(f):
    """Zero what a step without drip water leaves."""
    f.drip_rate = 0.0
    f.drip_degassing = 0.0
    f.calcite_growth = 0.0
    f.stalagmite_growth = 0.0


@kernel
def count(p, f, dt):
    """Drops per minute at a drip site."""
    gathered = f.drip.volume / p.area_fraction * p.drip_catchment * ML_PER_MM_M2
    f.drip_rate = gathered / (p.drop_volume * dt * MINUTES_PER_DAY)


@kernel
def part_lost(p, f, temperature):
    """Share of the calcite above saturation that a drop loses in its interval."""
    interval = SECONDS_PER_MINUTE / f.drip_rate if p.drip_law == RECHARGE else p.drip_interval
    return relaxed_share(growth_constant(temperature) * interval, p.drip_film * M_PER_MM)


@kernel
def book(p, s, f, lost, gas):
    """Book the calcite and the CO2 that a kg of drip water has lost; returns CO2 released, mol m-2 of the tile."""
    f.calcite_growth = lost * f.drip.volume
    f.drip_degassing = gas * f.drip.volume
    f.stalagmite_growth = GROWTH * f.drip_rate * p.drip_film * M_PER_MM * MOL_PER_M3 * lost
    apply(f.drip, -f.calcite_growth, -f.drip_degassing, CALCITE)
    s.calcite += f.calcite_growth
    return f.drip_degassing

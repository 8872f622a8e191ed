"""Oxidation of pyrite in soil and regolith: sulfuric acid (design notes 4.6).

    FeS2 + 15/4 O2 + 7/2 H2O -> Fe(OH)3 + 2 H2SO4

Iron stays behind as hydroxide and is not carried; pyrite does not run out. The rate grows with temperature (Arrhenius)
and with the root of the O2 pressure in soil air (Williamson & Rimstidt 1994), where respiration has replaced O2 by CO2.
It is in proportion to the air-filled share of the pores, through which O2 comes, up to a half.
"""

import math

from karstsim.core.constants import DAYS_PER_YEAR, GAS_CONSTANT, STANDARD_ATMOSPHERE, ZERO_CELSIUS
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.air import co2_pressure

PARAMS = (
    Param(
        "pyrite_rate",
        0.0,
        "mol m-2 year-1",
        0.0,
        0.075,
        "site williamson1994 palandri2004; design notes 4.6: 0 to 0.3 eq",
        calibrate=False,
        doc="pyrite oxidised at 15 degC in well-aired soil at sea level; 4 eq of acid per mole",
    ),
)
FLUXES = (Var("pyrite_so4", "mol m-2", "sulfate from oxidised pyrite", aggregate="sum"),)
SULFATE_PER_PYRITE = 2.0
REFERENCE = 288.15  # K
ACTIVATION_ENERGY = 56900.0  # J mol-1, pyrite and O2 (Palandri & Kharaka 2004, recalled)
OXYGEN_IN_AIR = 0.2095
DIFFUSIVITY_RATIO = 0.78  # of CO2 to O2 in air (recalled); what moves slower builds up more difference
WELL_AIRED = 0.5  # air-filled share of the pores from which on O2 comes freely


@kernel
def oxygen(base_pco2, pco2, pressure):
    """O2 pressure at the soil base over that of air at sea level: what CO2 exceeds the air by, O2 falls short of.

    base_pco2, pco2  atm, at the base and in the air; pressure  of the air, Pa
    """
    air = OXYGEN_IN_AIR * pressure / STANDARD_ATMOSPHERE
    return max(air - DIFFUSIVITY_RATIO * (base_pco2 - pco2), 0.0) / OXYGEN_IN_AIR


@kernel
def step(p, s, f, forcing, dt):
    """After the gas of the step is known."""
    kelvin = s.temperature + ZERO_CELSIUS
    warmth = math.exp(ACTIVATION_ENERGY / GAS_CONSTANT * (1.0 / REFERENCE - 1.0 / kelvin))
    root = math.sqrt(oxygen(f.base_pco2_without_uptake, co2_pressure(forcing), forcing.ps))
    aired = min(f.air_filled_porosity / (WELL_AIRED * p.porosity), 1.0)
    oxidised = p.pyrite_rate * warmth * root * aired * dt / DAYS_PER_YEAR
    f.pyrite_so4 = SULFATE_PER_PYRITE * oxidised
    s.pore_water.sol.so4 += f.pyrite_so4

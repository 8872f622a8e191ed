"""Soil CO2 from annual drainage and temperature, after Gwiazda & Broecker (1994) and Godderis et al.

    pCO2 = C_a [1 + 0.304 R^0.8/(1 + exp(1.315 - 0.119 T))]                 (R mm a-1; T degC)   [design notes 3.11]

1 + 0.304 R^0.8 is the upper limit of the ratio; temperature acts on what exceeds the atmosphere, so that soil air is
never below it. R is what drains from the soil, as a low-pass of a year. It starts from 0, so the law needs a spin-up.

GEOCLIM has the same two functions with an excess in preindustrial atmospheres. Here, as in design notes, the excess is
proportional to the CO2 of the air, so the law is not made for scenarios of rising CO2.
"""

import math

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Var
from karstsim.processes.lowpass import low_pass

STATE = (Var("drainage_year", "mm d-1", "drainage from the soil, low-pass of a year"),)
RUNOFF_SCALE, RUNOFF_EXPONENT = 0.304, 0.8
COLD, WARMTH = 1.315, 0.119  # 1, K-1


@kernel
def remember(s, drainage, dt):
    """Take a step's drainage (mm) into the mean."""
    s.drainage_year = low_pass(s.drainage_year, drainage / dt, dt, DAYS_PER_YEAR)


@kernel
def pressure(s, outside):
    """CO2 pressure of the soil, atm, over that of the open air `outside`."""
    most = RUNOFF_SCALE * math.pow(s.drainage_year * DAYS_PER_YEAR, RUNOFF_EXPONENT)
    return outside * (1.0 + most / (1.0 + math.exp(COLD - WARMTH * s.temperature)))

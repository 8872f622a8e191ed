"""Soil CO2 from annual evapotranspiration, after Brook, Folkoff & Box (1983): a world model of growing seasons.

    log10 pCO2 = -3.47 + 2.09 (1 - exp(-0.00172 AET))                      (atm; AET mm a-1)      [design notes 3.11]

AET is all that leaves the tile's leaves and soil, as a low-pass of a year. It starts from 0, so the law needs a
spin-up. The pressure does not follow the atmosphere's CO2.
"""

import math

from karstsim.core.constants import DAYS_PER_YEAR, LN10
from karstsim.core.jit import kernel
from karstsim.core.spec import Var
from karstsim.processes.lowpass import low_pass

STATE = (Var("evapotranspiration_year", "mm d-1", "evapotranspiration of the tile, low-pass of a year"),)
BARE, RISE, STEEPNESS = -3.47, 2.09, 0.00172  # log10 atm, log10 atm, (mm a-1)-1


@kernel
def remember(s, evapotranspiration, dt):
    """Take a step's evapotranspiration (mm) into the mean."""
    s.evapotranspiration_year = low_pass(
        s.evapotranspiration_year, evapotranspiration / dt, dt, DAYS_PER_YEAR
    )


@kernel
def pressure(s):
    """CO2 pressure of the soil, atm."""
    annual = s.evapotranspiration_year * DAYS_PER_YEAR
    return math.exp(LN10 * (BARE - RISE * math.expm1(-STEEPNESS * annual)))

"""Soil CO2 in proportion to net primary production: what plants bring in, soil breathes out through its pores.

    pCO2 = C_a + R T kappa NPP/D_s                                                               [design notes 3.11]

NPP is a low-pass of a year. It starts from 0, so the law needs a spin-up. In the steady profile kappa would be the
depth of production times its shape at the base, times respiration over NPP: 0.12 m x 0.88 x 1.6 under grass.
"""

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.lowpass import low_pass

PARAMS = (
    Param(
        "npp_depth",
        0.17,
        "m",
        0.02,
        1.0,
        "design; design notes 3.11",
        scale="log",
        calibrate=False,
        doc="kappa: CO2 of soil air per NPP over diffusivity; only the law linear in NPP reads it",
    ),
)
FLUXES = ()
STATE = (Var("npp_year", "mol m-2 d-1", "net primary production, low-pass of a year"),)


@kernel
def remember(s, npp, dt):
    """Take a step's production (mol m-2) into the mean."""
    s.npp_year = low_pass(s.npp_year, npp / dt, dt, DAYS_PER_YEAR)


@kernel
def pressure(p, s, outside, atm, d):
    """CO2 pressure of the soil, atm.

    outside  CO2 pressure of the open air, atm; atm R T, atm m3 mol-1; d diffusivity, m2 d-1
    """
    return outside + atm * p.npp_depth * s.npp_year / d

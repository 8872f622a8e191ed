"""The open air's CO2 as a pressure: the mole fraction times the air pressure of the place."""

from karstsim.core.constants import STANDARD_ATMOSPHERE
from karstsim.core.jit import kernel

PPM = 1.0e-6


@kernel
def co2_pressure(forcing):
    """Partial pressure of atmospheric CO2, atm, from its mole fraction (ppm) and the air pressure (Pa)."""
    return forcing.co2 * PPM * forcing.ps / STANDARD_ATMOSPHERE

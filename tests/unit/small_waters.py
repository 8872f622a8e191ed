"""Waters of a few ions with their constants, for tests of what happens to them."""

from __future__ import annotations

import numpy as np

from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.speciation import SOLUTION_DTYPE
from karstsim.core.jit import python_callable

SET = python_callable(set_temperature)


def constants(temperature: float) -> np.record:
    """Constants of pb82 at a temperature, degC."""
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    SET(k, temperature, 0)
    return k


K15 = constants(15.0)


def water_of(
    ca: float, dic: float, mg: float = 0.0, so4: float = 0.0, na: float = 0.0, temperature: float = 15.0
) -> np.record:
    """A water whose alkalinity is that of its ions; mol kg-1."""
    x = np.zeros(1, SOLUTION_DTYPE)[0]
    x.temperature, x.ca, x.mg, x.so4, x.na, x.dic = temperature, ca, mg, so4, na, dic
    x.alkalinity = 2.0 * (ca + mg - so4) + na
    return x

"""Rate laws of natural limestone in c/c_eq: Palmer (1991) and the high-order law near equilibrium.

c is the calcium of the water, c_eq that of the same water saturated with calcite at its CO2 pressure. Both slow down
near saturation, where impurities gather on the surface. Supersaturated water precipitates by the same law, mirrored:
|1 - c/c_eq| with the other sign. Their authors give the laws for dissolution only.
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.core.constants import LN10, MOLAR_MASS_CACO3
from karstsim.core.jit import kernel

# Palmer (1991, Geol. Soc. Am. Bull. 103:1), as used in the open karst code olm. Rows: pCO2 0.003, 0.03, 0.3, 1 atm;
# columns 5, 15, 25 degC. k in mg cm L-1 s-1.
PALMER_LOG_PRESSURES = np.log10([0.003, 0.03, 0.3, 1.0])
PALMER_T_FIRST, PALMER_T_STEP = 5.0, 10.0
PALMER_IMPURE = np.array(
    [[0.006, 0.010, 0.015], [0.009, 0.015, 0.020], [0.03, 0.035, 0.04], [0.07, 0.09, 0.12]]
)
PALMER_PURE = np.array(
    [[0.010, 0.015, 0.020], [0.014, 0.018, 0.028], [0.044, 0.055, 0.065], [0.11, 0.14, 0.18]]
)
PALMER_SWITCH = np.array([[0.6, 0.7, 0.8], [0.6, 0.7, 0.8], [0.65, 0.7, 0.8], [0.8, 0.85, 0.9]])
PALMER_ORDER = np.array([2.2, 1.7, 1.6, 1.5])
PALMER_TAIL_ORDER = 4.0
# 1 mg cm L-1 s-1 = 1e-6 g cm-2 s-1 = 1e-2 g m-2 s-1.
MOL_M2_PER_PALMER = 1e-2 / MOLAR_MASS_CACO3
PRESSURE_MIN = 1e-12  # atm, under a logarithm

# Svensson & Dreybrodt (1992), Eisenlohr et al. (1999), in Dreybrodt (1996, Water Resour. Res. 32:2923).
HIGH_ORDER_K1 = 4e-7  # mol m-2 s-1 (4e-11 mol cm-2 s-1)
HIGH_ORDER_SWITCH = 0.9  # c/c_eq
HIGH_ORDER_N1, HIGH_ORDER_N2 = 1.0, 4.0
EQUILIBRIUM_MIN = 1e-12  # mol kgw-1; calcium at equilibrium below it is none


@kernel
def two_branches(departure, k1, n1, n2, switch):
    """k1 u^n1 for u = |departure| > 1 - switch, else k2 u^n2 with k2 = k1 (1 - switch)^(n1 - n2): continuous.

    departure   1 - c/c_eq; its sign is that of the result
    """
    u = math.fabs(departure)
    if not u > 0.0:
        return 0.0 * departure
    start = 1.0 - switch
    if u > start:
        size = k1 * math.exp(n1 * math.log(u))
    else:
        size = k1 * math.exp(n1 * math.log(start) + n2 * math.log(u / start))
    return size if departure > 0.0 else -size


@kernel
def high_order_rate(ca, ca_equilibrium):
    """F = 4e-11 (1 - c/c_eq) mol cm-2 s-1 up to 0.9 c_eq, 4e-8 (1 - c/c_eq)^4 beyond; result mol m-2 s-1."""
    if ca_equilibrium < EQUILIBRIUM_MIN:
        return 0.0 * ca
    departure = 1.0 - ca / ca_equilibrium
    return two_branches(departure, HIGH_ORDER_K1, HIGH_ORDER_N1, HIGH_ORDER_N2, HIGH_ORDER_SWITCH)


@kernel
def _row(log_pressure):
    """Row of the table below `log_pressure` and the place in it, 0..1."""
    row = 0
    if log_pressure > PALMER_LOG_PRESSURES[2]:
        row = 2
    elif log_pressure > PALMER_LOG_PRESSURES[1]:
        row = 1
    step = PALMER_LOG_PRESSURES[row + 1] - PALMER_LOG_PRESSURES[row]
    place = (log_pressure - PALMER_LOG_PRESSURES[row]) / step
    place = 0.0 if place < 0.0 else place
    return row, 1.0 if place > 1.0 else place


@kernel
def _interpolate(table, row, by_pressure, column, by_temperature):
    """Bilinear between the nodes of a table."""
    low = table[row, column] + by_temperature * (table[row, column + 1] - table[row, column])
    high = table[row + 1, column] + by_temperature * (table[row + 1, column + 1] - table[row + 1, column])
    return low + by_pressure * (high - low)


@kernel
def palmer_coefficients(temperature, pco2, pure):
    """k (mg cm L-1 s-1), order n1 and switch C/Cs of Palmer (1991), linear in temperature and log10 pCO2 between nodes.

    temperature degC, pco2 atm; outside 5-25 degC and 0.003-1 atm the edge holds. pure: of pure calcite, else impure.
    """
    position = (temperature - PALMER_T_FIRST) / PALMER_T_STEP
    position = 0.0 if position < 0.0 else position
    position = 2.0 if position > 2.0 else position
    column = 1 if position > 1.0 else 0
    t = position - column
    row, p = _row(math.log(pco2 if not pco2 < PRESSURE_MIN else PRESSURE_MIN) / LN10)
    k = _interpolate(PALMER_PURE if pure else PALMER_IMPURE, row, p, column, t)
    order = PALMER_ORDER[row] + p * (PALMER_ORDER[row + 1] - PALMER_ORDER[row])
    return k, order, _interpolate(PALMER_SWITCH, row, p, column, t)


@kernel
def palmer_rate(temperature, pco2, ca, ca_equilibrium, pure):
    """R = k (1 - C/Cs)^n, n from 1.5-2.2 to 4 near saturation (Palmer 1991); mol m-2 s-1.

    As wall retreat in mm/yr it is 31.56 k (1 - C/Cs)^n 10/rho, rho in g cm-3.
    """
    if ca_equilibrium < EQUILIBRIUM_MIN:
        return 0.0 * ca
    k, order, switch = palmer_coefficients(temperature, pco2, pure)
    return MOL_M2_PER_PALMER * two_branches(1.0 - ca / ca_equilibrium, k, order, PALMER_TAIL_ORDER, switch)

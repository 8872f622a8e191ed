"""Transfer of calcium through the diffusion boundary layer at a carbonate wall: F = alpha (c_eq - c).

alpha depends on temperature, CO2 pressure, thickness of the layer and carbonic anhydrase. It is looked up in a table
of the film model (`film_model`, notes 4.4), cubic in temperature and in the logarithms of the others and of alpha;
between nodes it errs by at most 1 % against the model for deep water and 5 % for thin films (half of all waters: less
than 0.04 %, 99 of 100 less than 1.8 %), but up to 11 % in thin films above 40 degC and below 2e-4 atm, where the lowest
nodes have no steady state. Outside the table the value at its edge holds: 0-50 degC, 1e-4 to 1 atm, 0.01 to 10 mm, f_CA
1 to 1e4 (`in_table`).

Two tables: deep water, whose bulk beyond the layer is in equilibrium with its CO2, and thin films under air, which are
all boundary layer and must convert all their CO2 themselves (bare rock, stalagmites).
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.core.constants import LN10
from karstsim.core.jit import PACKAGE, kernel

# Nodes, equally spaced: first value, step, number.
T_FIRST, T_STEP, T_COUNT = 0.0, 5.0, 11  # degC
P_FIRST, P_STEP, P_COUNT = -4.0, 0.25, 17  # log10 of atm
E_FIRST, E_STEP, E_COUNT = -2.0, 0.25, 13  # log10 of mm
F_FIRST, F_STEP, F_COUNT = 0.0, 0.5, 9  # log10 of the factor
TEMPERATURES = T_FIRST + T_STEP * np.arange(T_COUNT)
LOG_PRESSURES = P_FIRST + P_STEP * np.arange(P_COUNT)
LOG_FILMS = E_FIRST + E_STEP * np.arange(E_COUNT)
LOG_FACTORS = F_FIRST + F_STEP * np.arange(F_COUNT)
T_PER_STEP, P_PER_STEP, E_PER_STEP, F_PER_STEP = 1.0 / T_STEP, 1.0 / P_STEP, 1.0 / E_STEP, 1.0 / F_STEP
NODES = T_COUNT * P_COUNT * E_COUNT * F_COUNT
P_STRIDE, T_STRIDE = E_COUNT * F_COUNT, P_COUNT * E_COUNT * F_COUNT  # from a node to the next one
DEEP, THIN = 0, NODES  # where the two tables begin
NEAR = 4  # nodes of each axis that a value is taken from
ROUNDING = 1e-9  # of a logarithm
SMALLEST = 1e-30  # under a logarithm
TABLE_FILE = PACKAGE / "chemistry" / "film_alpha.csv"


def read_table() -> np.ndarray:
    """ln alpha (m s-1) of all nodes, flat: deep then thin, temperature slowest and f_CA fastest.

    NaN where there is no table of these nodes yet (before it is written, after their number has changed).
    """
    if not TABLE_FILE.is_file():
        return np.full(2 * NODES, np.nan)
    values = np.loadtxt(TABLE_FILE, delimiter=",").ravel()
    return np.ascontiguousarray(values) if values.size == 2 * NODES else np.full(2 * NODES, np.nan)


LN_ALPHA = read_table()


@kernel
def _place(value, first, per_step, count):
    """First of the four nodes around `value`, and the place after it in steps (0..3; at the edge beyond the table).

    NaN stays NaN.
    """
    position = (value - first) * per_step
    top = count - 1.0
    position = 0.0 if position < 0.0 else position
    position = top if position > top else position
    index = int(position) - 1 if position >= 1.0 else 0
    index = index if index < count - NEAR else count - NEAR
    return index, position - index


@kernel
def _weights(x):
    """Weights of the cubic through four nodes at 0, 1, 2 and 3 (Lagrange)."""
    a, b, c = x - 1.0, x - 2.0, x - 3.0
    return a * b * c * (-1.0 / 6.0), 0.5 * x * b * c, -0.5 * x * a * c, x * a * b * (1.0 / 6.0)


@kernel
def _log10(value):
    """log10 of a number that may be zero."""
    return math.log(value if not value < SMALLEST else SMALLEST) / LN10


@kernel
def _by_factor(j, w):
    """Table at the flat index `j` and three factor nodes on, weighted."""
    return w[0] * LN_ALPHA[j] + w[1] * LN_ALPHA[j + 1] + w[2] * LN_ALPHA[j + 2] + w[3] * LN_ALPHA[j + 3]


@kernel
def _by_film(j, e, f):
    """The same over four films."""
    value = e[0] * _by_factor(j, f) + e[1] * _by_factor(j + F_COUNT, f)
    return value + e[2] * _by_factor(j + 2 * F_COUNT, f) + e[3] * _by_factor(j + 3 * F_COUNT, f)


@kernel
def _by_pressure(j, p, e, f):
    """The same over four pressures."""
    value = p[0] * _by_film(j, e, f) + p[1] * _by_film(j + P_STRIDE, e, f)
    return value + p[2] * _by_film(j + 2 * P_STRIDE, e, f) + p[3] * _by_film(j + 3 * P_STRIDE, e, f)


@kernel
def film_alpha(temperature, film_mm, pco2, ca_factor):
    """Transfer coefficient alpha (m s-1) of the linear law F = alpha (c_eq - c) at a carbonate wall.

    Table of the film model of Dreybrodt & Buhmann (1991), at c = c_eq/2 of calcite water open to its CO2.

    temperature  degC
    film_mm      thickness of the diffusion boundary layer, mm
    pco2         CO2 pressure of the water, atm; 0 counts as the table's lowest
    ca_factor    carbonic-anhydrase factor on CO2 hydration, >= 1
    Rises with temperature and ca_factor, falls with film_mm.
    """
    return _lookup(DEEP, temperature, film_mm, pco2, ca_factor)


@kernel
def thin_film_alpha(temperature, depth_mm, pco2, ca_factor):
    """As `film_alpha`, for a film of water of `depth_mm` under air of CO2 pressure `pco2` that is all boundary layer.

    Its CO2 must be converted within the film: slower than deep water at low pressure, and much faster with anhydrase.
    Rises with temperature and ca_factor.
    """
    return _lookup(THIN, temperature, depth_mm, pco2, ca_factor)


@kernel
def _lookup(table, temperature, film_mm, pco2, ca_factor):
    """alpha (m s-1) from the table that begins at the flat index `table`."""
    t, by_t = _place(temperature, T_FIRST, T_PER_STEP, T_COUNT)
    p, by_p = _place(_log10(pco2), P_FIRST, P_PER_STEP, P_COUNT)
    e, by_e = _place(_log10(film_mm), E_FIRST, E_PER_STEP, E_COUNT)
    f, by_f = _place(_log10(ca_factor), F_FIRST, F_PER_STEP, F_COUNT)
    j = table + t * T_STRIDE + p * P_STRIDE + e * F_COUNT + f
    w_t, w_p, w_e, w_f = _weights(by_t), _weights(by_p), _weights(by_e), _weights(by_f)
    value = w_t[0] * _by_pressure(j, w_p, w_e, w_f) + w_t[1] * _by_pressure(j + T_STRIDE, w_p, w_e, w_f)
    value += w_t[2] * _by_pressure(j + 2 * T_STRIDE, w_p, w_e, w_f)
    value += w_t[3] * _by_pressure(j + 3 * T_STRIDE, w_p, w_e, w_f)
    return math.exp(value)


def in_table(
    temperature: np.ndarray, film_mm: np.ndarray, pco2: np.ndarray, ca_factor: np.ndarray
) -> np.ndarray:
    """Whether the table has these waters, or only the value at its edge: arrays that broadcast; degC, mm, atm, 1."""
    inside = np.asarray(True)
    for value, nodes in (
        (np.asarray(temperature), TEMPERATURES),
        (_logarithms(film_mm), LOG_FILMS),
        (_logarithms(pco2), LOG_PRESSURES),
        (_logarithms(ca_factor), LOG_FACTORS),
    ):
        inside = inside & (value >= nodes[0] - ROUNDING) & (value <= nodes[-1] + ROUNDING)
    return inside


def _logarithms(values: np.ndarray) -> np.ndarray:
    return np.log10(np.maximum(values, SMALLEST))

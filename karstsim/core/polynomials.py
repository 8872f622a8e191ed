"""exp, log and cube root as polynomials, for loops that the compiler shall turn into vector instructions.

pip's numba has no vector library: a call of ``math.exp`` or ``math.log`` in a loop stops its vectorisation. These have
no branch and no call, hold over a stated range, and are proven there by tests.
"""

from __future__ import annotations

from karstsim.core.jit import lane_function

EXP_LIMIT = 3.2
EXP_WIDE = 16.0
INVERSE_FACTORIAL_3, INVERSE_FACTORIAL_4, INVERSE_FACTORIAL_5 = 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0
INVERSE_FACTORIAL_6, INVERSE_FACTORIAL_7, INVERSE_FACTORIAL_8 = 1.0 / 720.0, 1.0 / 5040.0, 1.0 / 40320.0
ROOT_START, ROOT_SLOPE = 0.4, 0.6  # straight line near the cube root between 0.3 and 1


@lane_function
def exp_small(x):
    """exp(x) for |x| <= 3.2 (clipped beyond), relative error below 1.1e-13.

    Taylor of degree 8 at y = x/32, in pairs that do not wait for each other, five squarings. The terms left out are
    below 1.01 y^9/9! = 2.8e-15, which the squarings make 32 times as much, 8.9e-14; the rest is rounding.
    """
    y = min(max(x, -EXP_LIMIT), EXP_LIMIT) * (1.0 / 32.0)
    y2 = y * y
    y4 = y2 * y2
    low = (1.0 + y) + y2 * (0.5 + y * INVERSE_FACTORIAL_3)
    middle = INVERSE_FACTORIAL_4 + y * INVERSE_FACTORIAL_5
    high = INVERSE_FACTORIAL_6 + y * INVERSE_FACTORIAL_7
    p = low + y4 * (middle + y2 * high + y4 * INVERSE_FACTORIAL_8)
    p *= p
    p *= p
    p *= p
    p *= p
    return p * p


@lane_function
def exp_wide(x):
    """exp(x) for |x| <= 51 (clipped beyond), relative error below 2e-12: the 16th power of `exp_small`."""
    p = exp_small(x * (1.0 / EXP_WIDE))
    p *= p
    p *= p
    p *= p
    return p * p


@lane_function
def log_near(x):
    """ln(x) for 0.7 <= x <= 1.4, absolute error below 1e-15: 2 artanh((x - 1)/(x + 1)) as a series."""
    y = (x - 1.0) / (x + 1.0)
    y2 = y * y
    s = 1.0 / 17.0
    s = 1.0 / 15.0 + y2 * s
    s = 1.0 / 13.0 + y2 * s
    s = 1.0 / 11.0 + y2 * s
    s = 1.0 / 9.0 + y2 * s
    s = 1.0 / 7.0 + y2 * s
    s = 1.0 / 5.0 + y2 * s
    s = 1.0 / 3.0 + y2 * s
    return 2.0 * y * (1.0 + y2 * s)


@lane_function
def cube_root(x):
    """Cube root for 0.3 <= x <= 1, relative error below 6e-14: four Newton steps from a straight line."""
    r = ROOT_START + ROOT_SLOPE * x
    r = (2.0 * r + x / (r * r)) * (1.0 / 3.0)
    r = (2.0 * r + x / (r * r)) * (1.0 / 3.0)
    r = (2.0 * r + x / (r * r)) * (1.0 / 3.0)
    return (2.0 * r + x / (r * r)) * (1.0 / 3.0)

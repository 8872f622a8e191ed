"""Calcite kinetics: the PWP law, PHREEQC's form of it, and relaxation towards equilibrium.

1 mmol cm-2 s-1 = 10 mol m-2 s-1. Activities count as mol L-1.
"""

from __future__ import annotations

import math

from karstsim.core.constants import LN10, ZERO_CELSIUS
from karstsim.core.jit import kernel

SI_PER_MMOL_CM2 = 10.0  # mol m-2 s-1 per mmol cm-2 s-1

# log10 k = a + b/T, Plummer, Wigley & Parkhurst (1978, Am. J. Sci. 278:179), as in phreeqc.dat.
K1_A, K1_B = 0.198, -444.0  # cm s-1
K2_A, K2_B = 2.84, -2177.0  # cm s-1
K3_COLD_A, K3_COLD_B = -5.86, -317.0  # mmol cm-2 s-1, up to 25 degC
K3_WARM_A, K3_WARM_B = -1.10, -1737.0  # mmol cm-2 s-1, above
K3_SWITCH = 25.0  # degC
OMEGA_EXPONENT = 2.0 / 3.0  # of the saturation ratio, RATES block Calcite of phreeqc.dat

EQUILIBRIUM_MIN = 1e-12  # equilibrium concentrations below are none
TAIL_START_MAX = 1.0 - 1e-9
ORDER_MIN = 1.0 + 1e-9  # tail orders up to this are linear


@kernel
def pwp_constants(temperature):
    """PWP rate constants k1, k2 (cm s-1) and k3 (mmol cm-2 s-1) at `temperature` degC.

    log10 k1 = 0.198 - 444/T, log10 k2 = 2.84 - 2177/T, log10 k3 = -5.86 - 317/T (<= 25 degC), -1.10 - 1737/T above
    (Plummer, Wigley & Parkhurst 1978).
    """
    t = temperature + ZERO_CELSIUS
    k1 = math.exp(LN10 * (K1_A + K1_B / t))
    k2 = math.exp(LN10 * (K2_A + K2_B / t))
    if temperature > K3_SWITCH:
        k3 = math.exp(LN10 * (K3_WARM_A + K3_WARM_B / t))
    else:
        k3 = math.exp(LN10 * (K3_COLD_A + K3_COLD_B / t))
    return k1, k2, k3


@kernel
def pwp_forward(x, k):
    """Forward term of the PWP law, mol m-2 s-1:  f = k1 aH + k2 aCO2 + k3 aH2O  (Plummer et al. 1978).

    x   speciated water (SOLUTION_DTYPE); k   constants at its temperature (CONSTANTS_DTYPE)
    """
    k1, k2, k3 = pwp_constants(k.temperature)
    return SI_PER_MMOL_CM2 * (k1 * x.g_h * x.m_h + k2 * x.g_co2 * x.m_co2 + k3 * x.water_activity)


@kernel
def calcite_rate(x, k):
    """Calcite dissolution rate, mol m-2 s-1; negative: precipitation. Zero exactly at SI = 0.

    R = f (1 - 10^(2/3 SI)), the RATES block of phreeqc.dat: exact PWP for calcite water but the k1 term.

    x   speciated water (SOLUTION_DTYPE); k   constants at its temperature (CONSTANTS_DTYPE)
    """
    return pwp_forward(x, k) * (1.0 - math.exp(LN10 * OMEGA_EXPONENT * x.si_calcite))


@kernel
def relax(c, c_eq, k_dt, tail_start, tail_order):
    """Concentration after relaxing towards equilibrium, the exact solution of  dc/dt = k (c_eq - c) g.

    g = 1 for c < tail_start c_eq, ((1 - c/c_eq)/(1 - tail_start))^(n-1) above: the slow last stretch of natural
    limestone (Svensson & Dreybrodt 1992; Eisenlohr et al. 1999). With u = 1 - c/c_eq the tail integrates to
    u = (u0^(1-n) + (n-1) k dt (1-ts)^(1-n))^(1/(1-n)). Supersaturated water (c > c_eq) relaxes linearly.

    c, c_eq     concentration before and at equilibrium (any one unit)
    k_dt        rate constant times time, >= 0
    tail_start  share of c_eq where the tail begins, 0..1; 1: none
    tail_order  order n of the tail, >= 1; 1: linear
    returns c after the time.
    """
    return relax_and_slope(c, c_eq, k_dt, tail_start, tail_order)[0]


@kernel
def relax_and_slope(c, c_eq, k_dt, tail_start, tail_order):
    """As `relax`, and the derivative of what it returns by `c_eq`."""
    if c_eq <= EQUILIBRIUM_MIN or c >= c_eq or tail_order <= ORDER_MIN or tail_start >= TAIL_START_MAX:
        share = -math.expm1(-k_dt)
        return c + (c_eq - c) * share, share
    per_eq = 1.0 / c_eq
    before = 1.0 - c * per_eq
    u = before
    u_start = 1.0 - tail_start
    left = k_dt
    if u > u_start:
        to_tail = math.log(u / u_start)
        if left <= to_tail:
            share = -math.expm1(-left)
            return c + c_eq * u * share, share
        left -= to_tail
        u = u_start
    u, slowing = _tail(u, u_start, left, tail_order)
    # With c fixed, d before/d c_eq = c/c_eq^2; whether the way began above the tail or in it, u follows it by
    # (u/before)/slowing, slowing = 1 + (n-1) k dt (u/u_s)^(n-1) of the way within the tail.
    return c + c_eq * (before - u), 1.0 - u - c * per_eq * u / (before * slowing)


@kernel
def _tail(u, u_start, k_dt, order):
    """Undersaturation u after k_dt in the high-order tail,  u0 s^(-1/(n-1)),  and s = 1 + (n-1) k dt (u0/u_s)^(n-1)."""
    power = order - 1.0
    ratio = math.exp(power * math.log(u / u_start)) if u > 0.0 else 0.0 * u
    slowing = 1.0 + power * k_dt * ratio
    return u * math.exp(-math.log(slowing) / power), slowing

"""Speciation of one water: any two of alkalinity, DIC, pH and CO2 pressure give the others.

See `medium` for the symbols and for the pieces that other solvers reuse (re-exported here).
"""

from __future__ import annotations

import math
from enum import IntEnum

from karstsim.chemistry.medium import (
    KNOWN,
    WARM,
    accelerate,
    alk_over_hco3,
    dic_over_hco3,
    distribute,
    finish,
    is_near,
    medium_residual,
    noncarbonate_alkalinity,
    refresh_medium,
    settle,
    start_medium,
    total_alkalinity,
    total_dic,
    update_species,
)
from karstsim.chemistry.solution import SOLUTION_DTYPE
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel

__all__ = [
    "SOLUTION_DTYPE",
    "Mode",
    "alk_over_hco3",
    "dic_over_hco3",
    "distribute",
    "newton_step",
    "noncarbonate_alkalinity",
    "refresh_medium",
    "speciate",
    "total_alkalinity",
    "total_dic",
]


class Mode(IntEnum):
    """Which two of the four carbonate variables are given."""

    ALK_DIC = 0
    ALK_PCO2 = 1
    ALK_PH = 2
    DIC_PH = 3
    DIC_PCO2 = 4
    PH_PCO2 = 5


ALK_DIC = int(Mode.ALK_DIC)
ALK_PCO2 = int(Mode.ALK_PCO2)
ALK_PH = int(Mode.ALK_PH)
DIC_PH = int(Mode.DIC_PH)
DIC_PCO2 = int(Mode.DIC_PCO2)
PH_PCO2 = int(Mode.PH_PCO2)

H_MIN, H_MAX = 1e-15, 10.0  # hydrogen-ion activities searched
H_EDGE = 1.001  # a root within this factor of the ends is none
H_MOVE = 3.0  # largest factor between two iterations where the root is sensitive to the medium
H_COLD = 3e-8  # start where nothing better is known
H_ACID = 1e-4  # start where all DIC is CO2
STEP_TOLERANCE = 1e-5  # of the last Newton step in ln h: what is left is half its square
LEFT_BY_STEP = 0.3  # the square of a last step over the tolerance of the medium that it is taken in
SHORT_STEP = 0.1  # in ln h, up to which three terms of the exponential are near enough for a step
MAX_OUTER, MAX_INNER = 300, 200
UNDETERMINED = 0.01  # with less of the DIC ionised, DIC and pCO2 do not determine the pH
NEGATIVE_TOLERANCE = 1e-12  # mol kgw-1 of bicarbonate below zero that is rounding


@kernel
def newton_step(h, f, slope, low, high):
    """One safeguarded Newton step in ln h for a function that increases with h.

    h, f, slope   trial, function value, derivative by ln h
    low, high     bracket; the trial has already replaced one end
    returns the next h: Newton's when inside the bracket, else its geometric middle. NaN stays NaN.
    """
    if f != f:
        return f
    step = -f / slope if slope > 0.0 else LN10 * LN10
    size = math.fabs(step)
    if size < STEP_TOLERANCE:
        return h * (1.0 + step)
    new = 0.0
    if size < SHORT_STEP:
        new = h * (1.0 + step * (1.0 + 0.5 * step))
    elif size < LN10:
        new = h * math.exp(step)
    if not (new > low and new < high):
        new = math.sqrt(low * high)
    return new


@kernel
def last_step(tolerance):
    """Newton step in ln h after which h is as near as a medium within `tolerance` needs."""
    return max(STEP_TOLERANCE, math.sqrt(LEFT_BY_STEP * tolerance))


@kernel
def _residual(x, mode, h):
    """Mismatch of the given variable at `h` = 10^-pH, increasing with h, and its derivative by ln h.

    ALK_DIC: Alk - DIC A/D - N;  ALK_PCO2: Alk - hco3 A - N;  DIC_PCO2: DIC - hco3 D, hco3 = c_k1 c_kh p/h.
    """
    per_h = 1.0 / h
    carbonic = h * x.d_h
    last = x.d1 * per_h
    big_d = carbonic + x.d0 + last
    if mode == DIC_PCO2:
        hco3 = x.c_k1 * x.c_kh * x.pco2 * per_h
        return x.dic - hco3 * big_d, hco3 * (x.d0 + 2.0 * last)
    big_a = x.a0 + x.a1 * per_h
    noncarbonate = x.n_oh * per_h - x.n_h * h
    slope = x.n_oh * per_h + x.n_h * h
    if mode == ALK_DIC:
        hco3 = x.dic / big_d
        slope += hco3 * (x.a1 * per_h + big_a * (carbonic - last) / big_d)
    else:
        hco3 = x.c_k1 * x.c_kh * x.pco2 * per_h
        slope += hco3 * (big_a + x.a1 * per_h)
    return x.alkalinity - hco3 * big_a - noncarbonate, slope


@kernel
def _solve_h(x, mode, h, enough):
    """Root of `_residual` from the start `h`, in the bracket H_MIN..H_MAX; NaN when the water is NaN.

    enough   a step in ln h after which it is near enough (`last_step`)
    """
    low, high = H_MIN, H_MAX
    for _ in range(MAX_INNER):
        f, slope = _residual(x, mode, h)
        if f > 0.0:
            high = h
        elif f < 0.0:
            low = h
        new = newton_step(h, f, slope, low, high)
        if not math.fabs(new - h) > enough * h:
            return new
        h = new
    return h


@kernel
def _bicarbonate(x, mode, h):
    """Free HCO3- (mol kgw-1) at `h` = 10^-pH from the second given variable."""
    if mode in (ALK_DIC, DIC_PH):
        return x.dic / dic_over_hco3(x, h)
    if mode == ALK_PH:
        return (x.alkalinity - noncarbonate_alkalinity(x, h)) / alk_over_hco3(x, h)
    return x.c_k1 * x.c_kh * x.pco2 / h


@kernel
def _cold_h(x, mode):
    """Start value of h = 10^-pH for an unknown water in the present medium (closed-form limits)."""
    if mode == DIC_PCO2:
        bound = x.dic - x.c_kh * x.pco2
        h = clip_h(x.c_k1 * x.c_kh * x.pco2 / bound if bound > 0.0 else H_ACID)
        return h if h < H_ACID else H_ACID
    alk = x.alkalinity
    if not alk > 0.0:
        return clip_h(-alk if alk < -H_COLD else H_COLD)
    if mode == ALK_PCO2:
        acid = x.c_k1 * x.c_kh * x.pco2
        ratio = 4.0 * x.c_k2 * alk
        return clip_h((acid + math.sqrt(acid * (acid + 2.0 * ratio)) + x.c_kw) / (2.0 * alk))
    dic = x.dic
    if alk < dic:
        return clip_h(x.c_k1 * (dic - alk) / alk + x.c_k2)
    if alk < 2.0 * dic:
        return clip_h(x.c_k2 * (2.0 * dic - alk) / (alk - dic + x.c_k2))
    return clip_h(x.c_kw / (alk - 2.0 * dic + x.c_k2))


@kernel
def clip_h(h):
    """`h` inside the bracket, away from its ends; NaN gives the cold start."""
    if h > H_MIN * LN10 and h < H_MAX / LN10:
        return h
    return H_COLD


@kernel
def _limited(new, h, mode):
    """Next h of the outer loop. With DIC and pCO2 given, small changes of the medium can move or remove the root in
    acid water, where bicarbonate is the small difference of DIC and CO2: the move is limited to a factor.
    """
    if mode == DIC_PCO2:
        if new > h * H_MOVE:
            return h * H_MOVE
        if new < h / H_MOVE:
            return h / H_MOVE
    return new


@kernel
def speciate(x, k, mode):
    """Solve the carbonate system, pairs and activities of one water in place.

    x      water (SOLUTION_DTYPE). In: totals ca mg na k cl so4 no3 (mol kgw-1) and, by `mode`, two of alkalinity
           (eq kgw-1), dic (mol kgw-1), ph, pco2 (fugacity, atm). Out: the other two, ionic_strength, all species,
           activity coefficients, saturation indices, status (0 solved, -1 not).
           A warm start is taken from ph and ionic_strength when both are positive on entry, and from the pairing
           ratios (ca_ratio ..) when all are; tolerance > 0 is what may be left of the medium's error (`is_near`).
    k      constants at the water's temperature (CONSTANTS_DTYPE, `set_temperature`)
    mode   `Mode`
    returns the number of medium iterations, or -1 when there is no solution or it did not converge.

    The answer is unique: every balance is monotone in ln h in a frozen medium. Valid 0-50 degC, I < 0.5.
    """
    given_h = mode in (ALK_PH, DIC_PH, PH_PCO2)
    what = start_medium(x, k)
    if given_h:
        h = math.exp(-LN10 * x.ph)
    elif what == KNOWN:
        h = clip_h(x.m_h * x.g_h)
    elif what == WARM:
        h = clip_h(math.exp(-LN10 * x.ph))
    else:
        h = _cold_h(x, mode)
    count, reached, hco3 = -1, h, _bicarbonate(x, mode, h)
    if what != KNOWN and hco3 > 0.0 and mode != DIC_PCO2:
        settle(x, k, h, hco3, what)
    enough = last_step(x.tolerance)
    for iteration in range(MAX_OUTER):
        if not given_h:
            reached = _solve_h(x, mode, h, enough)
            h = _limited(reached, h, mode)
        hco3 = _bicarbonate(x, mode, h)
        update_species(x, h, hco3 if not hco3 < 0.0 else 0.0)
        residual = medium_residual(x)
        if is_near(x, residual) and h == reached:
            count = iteration + 1
            break
        if residual != residual:
            break
        accelerate(x, k, residual)
    if hco3 < -NEGATIVE_TOLERANCE or (not given_h and (h < H_MIN * H_EDGE or h > H_MAX / H_EDGE)):
        count = -1
    if mode == DIC_PCO2 and x.dic - x.m_co2 < UNDETERMINED * x.dic:
        count = -1
    _results(x, k, mode, h)
    x.status = 0.0 if count > 0 else -1.0
    x.unsolved -= x.status
    return count


@kernel
def _results(x, k, mode, h):
    """Write the variables that were not given, and pH and saturation, after the species are final."""
    ph, pco2 = x.ph, x.pco2
    finish(x, k, h)
    if mode in (ALK_PH, DIC_PH, PH_PCO2):
        x.ph = ph
    if mode in (ALK_PCO2, DIC_PCO2, PH_PCO2):
        x.pco2 = pco2
    if mode in (ALK_PH, ALK_PCO2, PH_PCO2):
        x.dic = total_dic(x)
    if mode in (DIC_PH, DIC_PCO2, PH_PCO2):
        x.alkalinity = total_alkalinity(x)

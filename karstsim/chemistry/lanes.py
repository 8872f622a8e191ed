"""Speciation of eight waters side by side, in SIMD lanes: the fast twin of `speciation`.

The unknowns are x = ln h (h = 10^-pH), y = ln hco3 (free HCO3-) and z = ln so4 (free SO4--), in the layout and the
equations of `lane_medium`. One iteration refreshes the activity coefficients from the ionic strength and takes one
Newton step; a lane that has converged is frozen, so that its answer does not depend on its neighbours. A lane that does
not converge is left to the scalar `speciate`, which also judges the waters that have no solution.
"""

from __future__ import annotations

import math

from karstsim.chemistry.activity import WATER_ACTIVITY_SLOPE
from karstsim.chemistry.constants import set_temperature
from karstsim.chemistry.lane_medium import (
    ACTIVE,
    ALK,
    ALK_X,
    ALK_Y,
    ALK_Z,
    C_K1,
    C_K2,
    C_KH,
    C_KW,
    CA,
    CL,
    CO3_PAIR,
    COUNT,
    DEFECT,
    DIC,
    DIC_X,
    DIC_Y,
    DIC_Z,
    FREE,
    FREE_SO4,
    HCO3,
    HCO3_PAIR,
    HSO4_PAIR,
    I_X,
    I_Y,
    I_Z,
    IONIC,
    IONIC_BEFORE,
    LANES,
    M_CO2,
    M_CO3,
    M_H,
    M_HSO4,
    M_OH,
    MG,
    NA,
    NO3,
    OH_PAIR,
    P_SO4,
    PCO2,
    SO4,
    SO4_PAIR,
    SO4_X,
    SO4_Y,
    SO4_Z,
    SO42_PAIR,
    SOLUTES,
    SOLUTES_X,
    SOLUTES_Y,
    SOLUTES_Z,
    SUM_ALK,
    SUM_DIC,
    SUM_I,
    SUM_SO4,
    SUM_SOLUTES,
    TEMPERATURE,
    H,
    K,
    evaluate,
    lane_count,
    refresh,
)
from karstsim.chemistry.medium import TRACE
from karstsim.chemistry.speciation import H_COLD, H_EDGE, H_MAX, H_MIN, UNDETERMINED, Mode, speciate
from karstsim.core.jit import kernel
from karstsim.core.polynomials import exp_small

ALK_DIC, ALK_PCO2, ALK_PH = int(Mode.ALK_DIC), int(Mode.ALK_PCO2), int(Mode.ALK_PH)
DIC_PH, DIC_PCO2, PH_PCO2 = int(Mode.DIC_PH), int(Mode.DIC_PCO2), int(Mode.PH_PCO2)

STEP_LIMIT = 2.0  # of one Newton step in a logarithm
STEP_TOLERANCE = 1e-7  # of the last step: what is left is of the order of its square
IONIC_TOLERANCE = 1e-9  # relative; what is left is of the order of 1e-3 of it
SECANT_STEP = 0.1  # the ionic strength is extrapolated once the other unknowns move less than this
FALL, RISE = -0.75, 7.0  # limits of the relative change of the ionic strength in one step
SLOPE_LOW, SLOPE_HIGH = -4.0, -0.2  # of its defect, where the extrapolation is trusted
MAX_ITERATIONS = 24
TINY = 1e-300
H_ACID = 1e-4
COLD, RESUMED = 0, 1
DENSE = 3.0  # mol kgw-1


@kernel
def _newton(w, mode, step_tolerance, ionic_tolerance):
    """One Newton step of all active lanes; returns how many lanes have not converged.

    Sulfate is eliminated first (its own derivative is positive). What is given fixes the rest: h given, dx = 0; pCO2
    given, hco3 h is constant, dy = -dx; the alkalinity or the DIC, or both, give the equations that are left.
    """
    for lane in range(LANES):
        per_s = 1.0 / max(w[SO4_Z + lane], TINY)
        s_x, s_y = w[SO4_X + lane] * per_s, w[SO4_Y + lane] * per_s
        s_0 = (w[SO4 + lane] - w[SUM_SO4 + lane]) * per_s
        a_x = w[ALK_X + lane] - w[ALK_Z + lane] * s_x
        a_y = w[ALK_Y + lane] - w[ALK_Z + lane] * s_y
        a_0 = w[ALK + lane] - w[SUM_ALK + lane] - w[ALK_Z + lane] * s_0
        d_x = w[DIC_X + lane] - w[DIC_Z + lane] * s_x
        d_y = w[DIC_Y + lane] - w[DIC_Z + lane] * s_y
        d_0 = w[DIC + lane] - w[SUM_DIC + lane] - w[DIC_Z + lane] * s_0
        if mode == ALK_DIC:
            pivot = a_x * d_y - a_y * d_x
        elif mode == ALK_PCO2:
            pivot = a_x - a_y
        elif mode == DIC_PCO2:
            pivot = d_x - d_y
        elif mode == ALK_PH:
            pivot = a_y
        elif mode == DIC_PH:
            pivot = d_y
        else:
            pivot = 1.0
        regular = (
            abs(pivot) > TINY
        )  # a water without carbon, or NaN, has no pivot: it never counts as settled
        per_pivot = 1.0 / (pivot if regular else 1.0)
        dx, dy = 0.0, 0.0
        if mode == ALK_DIC:
            dx = (a_0 * d_y - a_y * d_0) * per_pivot
            dy = (a_x * d_0 - a_0 * d_x) * per_pivot
        elif mode == ALK_PCO2:
            dx = a_0 * per_pivot
            dy = -dx
        elif mode == DIC_PCO2:
            dx = d_0 * per_pivot
            dy = -dx
        elif mode == ALK_PH:
            dy = a_0 * per_pivot
        elif mode == DIC_PH:
            dy = d_0 * per_pivot
        dz = s_0 - s_x * dx - s_y * dy
        ionic = w[IONIC + lane]
        predicted = w[SUM_I + lane] + w[I_X + lane] * dx + w[I_Y + lane] * dy + w[I_Z + lane] * dz
        active = w[ACTIVE + lane]
        dx = active * min(max(dx, -STEP_LIMIT), STEP_LIMIT)
        dy = active * min(max(dy, -STEP_LIMIT), STEP_LIMIT)
        dz = active * min(max(dz, -STEP_LIMIT), STEP_LIMIT)
        step = max(abs(dx), abs(dy), abs(dz))
        defect = predicted - ionic
        moved = ionic - w[IONIC_BEFORE + lane]
        slope = (defect - w[DEFECT + lane]) / (moved if abs(moved) > TINY else 1.0)
        sound = (step < SECANT_STEP) & (slope < SLOPE_HIGH) & (slope > SLOPE_LOW)
        change = min(max(-defect / (slope if sound else -1.0), FALL * ionic), RISE * ionic)
        w[H + lane] *= exp_small(dx)
        w[HCO3 + lane] *= exp_small(dy)
        w[FREE_SO4 + lane] *= exp_small(dz)
        solutes = w[SUM_SOLUTES + lane] - w[SOLUTES + lane]
        solutes += w[SOLUTES_X + lane] * dx + w[SOLUTES_Y + lane] * dy + w[SOLUTES_Z + lane] * dz
        w[SOLUTES + lane] += active * solutes
        w[IONIC_BEFORE + lane] = ionic
        w[DEFECT + lane] = defect
        w[IONIC + lane] = ionic + active * change
        # the activity of water lags by one step: the ionic strength can settle by chance while it has not
        still = (abs(change) <= ionic_tolerance * ionic) & (
            WATER_ACTIVITY_SLOPE * abs(solutes) <= ionic_tolerance
        )
        settled = regular & (step <= step_tolerance) & still
        w[COUNT + lane] += active
        w[ACTIVE + lane] = 0.0 if settled else active
    left = 0.0
    for lane in range(LANES):
        left += w[ACTIVE + lane]
    return left


@kernel
def _impose(w, mode):
    """Free HCO3- where the CO2 pressure is given: hco3 h = c_k1 c_kh pCO2."""
    if mode in (ALK_PCO2, DIC_PCO2, PH_PCO2):
        for lane in range(lane_count(w)):
            w[HCO3 + lane] = w[C_K1 + lane] * w[C_KH + lane] * w[PCO2 + lane] / w[H + lane]


@kernel
def _guess_h(w, mode):
    """Start value of h = 10^-pH without pairs, in closed form: the limits of `speciation._cold_h`.

    With alkalinity and DIC, the positive root of alk h^2 + k1 (alk - dic) h + k1 k2 (alk - 2 dic) = 0.
    """
    for lane in range(lane_count(w)):
        alk, dic = w[ALK + lane], w[DIC + lane]
        k1, k2, kw = w[C_K1 + lane], w[C_K2 + lane], w[C_KW + lane]
        acid = k1 * w[C_KH + lane] * w[PCO2 + lane]
        if mode == ALK_PCO2:
            basic = (acid + math.sqrt(acid * (acid + 8.0 * k2 * max(alk, 0.0))) + kw) / (2.0 * max(alk, TINY))
            strong = 0.5 * (-alk + math.sqrt(alk * alk + 4.0 * (acid + kw)))
            h = basic if alk > 0.0 else strong
        elif mode == DIC_PCO2:
            bound = dic - w[C_KH + lane] * w[PCO2 + lane]
            h = min(acid / max(bound, TINY), H_ACID)
        else:
            excess = dic - alk
            middle = (
                0.5
                * k1
                * (excess + math.sqrt(max(excess * excess + 4.0 * k2 / k1 * alk * (dic + excess), 0.0)))
            )
            per_alk = 1.0 / max(alk, TINY)
            least = kw / (max(alk - 2.0 * dic, 0.0) + math.sqrt(max(dic, 0.0) * kw / k2))
            h = max(middle * per_alk, least) if alk > 0.0 else max(-alk, H_COLD)
        w[H + lane] = min(max(h, H_MIN), H_MAX)


@kernel
def _start(w, constant_set, mode, start):
    """First point of all lanes. COLD: from the totals; RESUMED: the lanes hold the last answer."""
    if start == RESUMED:
        return
    for lane in range(lane_count(w)):
        ca, mg, na, kk = w[CA + lane], w[MG + lane], w[NA + lane], w[K + lane]
        cl, so4, no3 = w[CL + lane], w[SO4 + lane], w[NO3 + lane]
        w[SOLUTES + lane] = ca + mg + na + kk + cl + so4 + no3 + w[DIC + lane]
        strong = max(abs(2.0 * (ca + mg - so4) + na + kk - cl - no3), abs(w[ALK + lane]))
        w[IONIC + lane] = TRACE + 2.0 * (ca + mg + so4) + 0.5 * (na + kk + cl + no3 + strong)
    refresh(w, constant_set)
    if mode in (ALK_DIC, ALK_PCO2, DIC_PCO2):
        _guess_h(w, mode)
    for lane in range(lane_count(w)):
        h = w[H + lane]
        free = w[DIC + lane] / (1.0 + h / w[C_K1 + lane] + w[C_K2 + lane] / h)
        if mode == ALK_PH:
            free = (w[ALK + lane] - w[C_KW + lane] / h + h) / (1.0 + 2.0 * w[C_K2 + lane] / h)
        w[HCO3 + lane] = max(free, 0.0)
        w[FREE_SO4 + lane] = w[SO4 + lane] / (
            1.0 + w[CA + P_SO4 + lane] * w[CA + lane] + w[MG + P_SO4 + lane] * w[MG + lane]
        )


@kernel
def solve(w, constant_set, mode, start, step_tolerance, ionic_tolerance):
    """Solve the carbonate system, pairs and activities of eight waters in place.

    w             scratch of WORDS numbers. In: TEMPERATURE (not used here), the totals CA MG NA K (the first quantity
                  of each block), SO4, CL, NO3 in mol kgw-1 and, by `mode`, two of ALK (eq kgw-1), DIC (mol kgw-1), H
                  (10^-pH), PCO2 (fugacity, atm). Out: H, HCO3, IONIC, all species, activity coefficients and sums.
                  The constants are there already (`set_temperatures`).
    constant_set  `ConstantSet`
    mode, start   `Mode`; COLD or RESUMED
    step_tolerance, ionic_tolerance  of the last step in the logarithms and of the last relative change of the ionic
                  strength: STEP_TOLERANCE and IONIC_TOLERANCE leave an error below 2e-9
    returns the number of lanes left unsolved; they are those with ``w[ACTIVE + lane] == 1``.
    """
    for lane in range(LANES):
        w[ACTIVE + lane] = 1.0
        w[COUNT + lane] = 0.0
        w[IONIC_BEFORE + lane] = 0.0
        w[DEFECT + lane] = 0.0
    _start(w, constant_set, mode, start)
    left = 1.0
    for iteration in range(MAX_ITERATIONS):
        if iteration > 0 or start == RESUMED:  # else `_start` has just done it
            refresh(w, constant_set)
        _impose(w, mode)
        evaluate(w)
        left = _newton(w, mode, step_tolerance, ionic_tolerance)
        if left == 0.0:
            break
    _settle(w, constant_set, mode)
    return left + _doubtful(w, mode)


@kernel
def _settle(w, constant_set, mode):
    """Activities and species at the final point. Done whenever a solve ends, even where it changes nothing that counts:
    else a lane's last digits would tell how long its neighbours took.
    """
    refresh(w, constant_set)
    _impose(w, mode)
    evaluate(w)


@kernel
def _doubtful(w, mode):
    """Mark the converged lanes that the scalar solver must judge; returns how many.

    pH at the edge of what is searched, an ionic strength beyond any activity model, and DIC with pCO2 where hardly any
    of the DIC is ionised.
    """
    doubtful = 0.0
    for lane in range(LANES):
        h = w[H + lane]
        ionised = w[DIC + lane] - w[M_CO2 + lane]
        dense = w[IONIC + lane] > DENSE
        vague = mode == DIC_PCO2 and ionised < UNDETERMINED * w[DIC + lane]
        if w[ACTIVE + lane] == 0.0 and (vague or dense or h < H_MIN * H_EDGE or h > H_MAX / H_EDGE):
            w[ACTIVE + lane] = 1.0
            doubtful += 1.0
    return doubtful


@kernel
def totals(w, lane, x):
    """Totals and temperature of one lane into the record `x`; alkalinity, DIC and pCO2 as given."""
    x.temperature = w[TEMPERATURE + lane]
    x.ca, x.mg, x.na, x.k = w[CA + lane], w[MG + lane], w[NA + lane], w[K + lane]
    x.cl, x.so4, x.no3 = w[CL + lane], w[SO4 + lane], w[NO3 + lane]
    x.alkalinity, x.dic, x.pco2 = w[ALK + lane], w[DIC + lane], w[PCO2 + lane]


@kernel
def charged_species(w, lane, x):
    """Charged species and ionic strength of one lane into the record `x`: what the conductance needs."""
    totals(w, lane, x)
    x.ionic_strength = w[IONIC + lane]
    x.m_h, x.m_oh, x.m_hco3, x.m_co3 = w[M_H + lane], w[M_OH + lane], w[HCO3 + lane], w[M_CO3 + lane]
    x.m_ca, x.m_mg, x.m_na, x.m_k = (
        w[CA + FREE + lane],
        w[MG + FREE + lane],
        w[NA + FREE + lane],
        w[K + FREE + lane],
    )
    x.m_so4, x.m_hso4 = w[FREE_SO4 + lane], w[M_HSO4 + lane]
    x.m_cahco3, x.m_mghco3 = w[CA + HCO3_PAIR + lane], w[MG + HCO3_PAIR + lane]
    x.m_naco3, x.m_naso4, x.m_kso4 = w[NA + CO3_PAIR + lane], w[NA + SO4_PAIR + lane], w[K + SO4_PAIR + lane]
    x.m_cahso4, x.m_caoh, x.m_mgoh = w[CA + HSO4_PAIR + lane], w[CA + OH_PAIR + lane], w[MG + OH_PAIR + lane]
    x.m_mgso42 = w[MG + SO42_PAIR + lane]


@kernel
def _rescue_lane(w, lane, x, k, constant_set, mode):
    """Solve one lane by the scalar `speciate` and take over its answer; returns 1 where there is one, else 0."""
    totals(w, lane, x)
    h = w[H + lane]
    x.ph = -math.log10(h) if h > 0.0 and mode in (ALK_PH, DIC_PH, PH_PCO2) else 0.0
    x.ionic_strength = 0.0
    x.resume = 0.0
    set_temperature(k, x.temperature, constant_set)
    count = speciate(x, k, mode)
    if count < 0:
        w[H + lane], w[HCO3 + lane], w[FREE_SO4 + lane] = H_COLD, 0.0, 0.0
        w[IONIC + lane], w[SOLUTES + lane] = TRACE, 0.0
        return 0.0
    w[H + lane] = x.m_h * x.g_h
    w[HCO3 + lane] = x.m_hco3
    w[FREE_SO4 + lane] = x.m_so4
    w[IONIC + lane] = x.ionic_strength
    w[SOLUTES + lane] = x.solute_molality
    return 1.0


@kernel
def rescue(w, x, k, constant_set, mode, solved):
    """Solve the lanes that `solve` has left by the scalar solver; the others keep their answer to the last bit.

    x, k    scratch records (SOLUTION_DTYPE, CONSTANTS_DTYPE)
    solved  1 for each lane with an answer, 0 without
    """
    for lane in range(LANES):
        solved[lane] = 1.0
        if w[ACTIVE + lane] == 1.0:
            solved[lane] = _rescue_lane(w, lane, x, k, constant_set, mode)
    _settle(w, constant_set, mode)

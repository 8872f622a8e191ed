"""Speciation of eight waters side by side, in SIMD lanes: the fast twin of `speciation`.

One flat scratch array holds eight values ("lanes") of every quantity, one quantity after the other, so that each inner
loop runs over eight neighbours without a branch and LLVM turns it into vector instructions. The offsets declared here
name the quantities: ``w[H + lane]``. Nothing but this file, `store_day` and the callers that fill ``w`` know of it.

The equations are those of `medium`, in the unknowns x = ln h (h = 10^-pH), y = ln hco3 (free HCO3-) and z = ln so4
(free SO4--). The cations are eliminated: each is a share of its total,

    m = total/r,   r = 1 + p_hco3 hco3 + p_co3 co3 + (p_so4 + p_hso4 h) so4 + p_so42 so4^2 + p_oh/h,

which makes the derivatives of alkalinity, DIC, sulfate and ionic strength exact. One iteration refreshes the activity
coefficients from the ionic strength and takes one Newton step; a lane that has converged is frozen, so that its answer
does not depend on its neighbours. A lane that does not converge is left to the scalar `speciate`, which also judges
the waters that have no solution.

exp is a polynomial (`core.polynomials`): ``math.exp`` would stop the vectorisation.
"""

from __future__ import annotations

import math

from karstsim.chemistry import medium as md
from karstsim.chemistry.constants import (
    A_NASO4_386,
    B_CO2_386,
    B_HCL_386,
    B_KHCO3_386,
    B_KSO4_386,
    B_MGSO4_386,
    B_NAHCO3_386,
    B_NEUTRAL,
    EQUILIBRIA,
    EQUILIBRIUM_TABLES,
    PHREEQC386,
    debye_hueckel,
    log10_kelvin,
    set_temperature,
    water_density,
    water_dielectric,
)
from karstsim.chemistry.speciation import H_COLD, H_EDGE, H_MAX, H_MIN, UNDETERMINED, Mode, speciate
from karstsim.core.constants import LN10, ZERO_CELSIUS
from karstsim.core.jit import kernel, lane_function
from karstsim.core.polynomials import exp_small, exp_wide

LANES = 8


def offsets(number: int, start: int = 0) -> tuple[int, ...]:
    """Offsets of consecutive quantities."""
    return tuple(start + LANES * j for j in range(number))


# Of one cation: its total, the conditional constants of its pairs, and the molalities that follow.
(
    TOTAL, P_HCO3, P_CO3, P_SO4, P_HSO4, P_OH, P_SO42,
    FREE, HCO3_PAIR, CO3_PAIR, SO4_PAIR, HSO4_PAIR, OH_PAIR, SO42_PAIR,
) = offsets(14)  # fmt: skip
_BLOCK = 14 * LANES
CA, MG, NA, K = (_BLOCK * j for j in range(4))

# Of the water: what is given, the state of the iteration, species, activity coefficients, conditional constants, and
# what the species add up to with the derivatives by x, y and z.
(
    TEMPERATURE, ALK, DIC, PCO2, SO4, CL, NO3,
    H, HCO3, FREE_SO4, IONIC, IONIC_BEFORE, DEFECT, SOLUTES, ACTIVE, COUNT,
    M_H, M_OH, M_CO2, M_DIMER, M_CO3, M_HSO4, M_HCL,
    G_H, G_HCO3, G_CO3, G_CA, G_MG, G_SO4, G_CAHCO3, G_CO2, WATER,
    C_KH, C_K1, C_K2, C_KW, C_HSO4, C_DIMER, C_HCL,
    SUM_ALK, ALK_X, ALK_Y, ALK_Z, SUM_DIC, DIC_X, DIC_Y, DIC_Z, SUM_SO4, SO4_X, SO4_Y, SO4_Z,
    SUM_I, I_X, I_Y, I_Z, SUM_SOLUTES, SOLUTES_X, SOLUTES_Y, SOLUTES_Z,
) = offsets(59, 4 * _BLOCK)  # fmt: skip
_CONSTANTS = 4 * _BLOCK + 59 * LANES

# The equilibrium constants in the order of EQUILIBRIA, then A ln 10 and B of Debye & Hueckel, T, 1/T, log10 T.
(
    KH, K1, K2, KW, CALCITE, ARAGONITE, DOLOMITE, GYPSUM, CAHCO3, CACO3, MGHCO3, MGCO3, NAHCO3, NACO3, KHCO3, CASO4,
    MGSO4, MGSO42, NASO4, KSO4, HSO4, CAHSO4, CAOH, MGOH, DIMER, HCL,
) = offsets(len(EQUILIBRIA), _CONSTANTS)  # fmt: skip
N_EQUILIBRIA = len(EQUILIBRIA)
DH_A, DH_B, KELVIN, PER_KELVIN, LOG_KELVIN = offsets(5, _CONSTANTS + LANES * N_EQUILIBRIA)
WORDS = _CONSTANTS + LANES * (N_EQUILIBRIA + 5)  # length of the scratch array

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
TRACE = md.TRACE
DENSE = 3.0  # mol kgw-1


@lane_function
def lane_count(w):
    """Eight, as a number that the compiler does not know: it would unroll a short loop instead of vectorising it."""
    return w.size // WORDS * LANES


@kernel
def set_temperatures(w, constant_set):
    """Fill the constants of eight waters for their temperatures ``w[TEMPERATURE]`` (degC).

    Relative error of a constant against `set_temperature` below 2e-12. Valid 0 to 50 degC.
    """
    for lane in range(LANES):
        t = w[TEMPERATURE + lane] + ZERO_CELSIUS
        a, b = debye_hueckel(t, water_density(t), water_dielectric(t))
        w[DH_A + lane] = LN10 * a
        w[DH_B + lane] = b
        w[KELVIN + lane] = t
        w[PER_KELVIN + lane] = 1.0 / t
        w[LOG_KELVIN + lane] = log10_kelvin(t)
    lanes = lane_count(w)
    for j in range(N_EQUILIBRIA):
        a1 = EQUILIBRIUM_TABLES[constant_set, j, 0]
        a2 = EQUILIBRIUM_TABLES[constant_set, j, 1]
        a3 = EQUILIBRIUM_TABLES[constant_set, j, 2]
        a4 = EQUILIBRIUM_TABLES[constant_set, j, 3]
        a5 = EQUILIBRIUM_TABLES[constant_set, j, 4]
        a6 = EQUILIBRIUM_TABLES[constant_set, j, 5]
        for lane in range(lanes):
            t, per_t = w[KELVIN + lane], w[PER_KELVIN + lane]
            log_k = a1 + a2 * t + (a3 + a5 * per_t) * per_t + a4 * w[LOG_KELVIN + lane] + a6 * t * t
            w[_CONSTANTS + LANES * j + lane] = exp_wide(LN10 * log_k)


@lane_function
def _ln_gamma(z2, size, linear, root, ionic, a, b):
    """ln of an activity coefficient (Truesdell & Jones 1974); `a` is the Debye-Hueckel A times ln 10."""
    return LN10 * linear * ionic - z2 * a * root / (1.0 + b * size * root)


@kernel
def _refresh(w, constant_set):
    """Activity coefficients and conditional constants of all lanes, as `medium.refresh_activities` has them."""
    for lane in range(LANES):
        i = w[IONIC + lane]
        a, b = w[DH_A + lane], w[DH_B + lane]
        root = math.sqrt(max(i, 0.0))
        aw = max(1.0 - md.WATER_ACTIVITY_SLOPE * w[SOLUTES + lane], md.WATER_ACTIVITY_MIN)
        per_neutral = exp_small(-LN10 * B_NEUTRAL * i)
        neutral = exp_small(LN10 * B_NEUTRAL * i)
        per_davies = exp_small(a * (root / (1.0 + root) - md.B_DAVIES * i))
        g_oh = exp_small(_ln_gamma(1.0, md.A_OH, 0.0, root, i, a, b))
        ln_hco3 = _ln_gamma(1.0, md.A_CARBONATE, 0.0, root, i, a, b)
        g_hco3, per_hco3 = exp_small(ln_hco3), exp_small(-ln_hco3)
        g2 = g_hco3 * g_hco3
        g_co3 = g2 * g2
        g_ca = exp_small(_ln_gamma(4.0, md.A_CA, md.B_CA, root, i, a, b))
        g_mg = exp_small(_ln_gamma(4.0, md.A_MG, md.B_MG, root, i, a, b))
        g_na = exp_small(_ln_gamma(1.0, md.A_NA, md.B_NA, root, i, a, b))
        g_k = g_oh * exp_small(LN10 * md.B_K * i)
        g_so4 = exp_small(_ln_gamma(4.0, md.A_SO4, md.B_SO4, root, i, a, b))
        g_cahco3 = exp_small(_ln_gamma(1.0, md.A_CAHCO3, 0.0, root, i, a, b))
        per_mghco3 = exp_small(-_ln_gamma(1.0, md.A_MGHCO3, 0.0, root, i, a, b))
        per_mgoh = exp_small(-_ln_gamma(1.0, md.A_MGOH, 0.0, root, i, a, b))
        w[WATER + lane] = aw
        w[G_H + lane] = exp_small(_ln_gamma(1.0, md.A_H, 0.0, root, i, a, b))
        w[G_HCO3 + lane] = g_hco3
        w[G_CO3 + lane] = g_co3
        w[G_CA + lane] = g_ca
        w[G_MG + lane] = g_mg
        w[G_SO4 + lane] = g_so4
        w[G_CAHCO3 + lane] = g_cahco3
        w[G_CO2 + lane] = neutral
        w[C_KH + lane] = w[KH + lane] * per_neutral
        w[C_K1 + lane] = w[K1 + lane] * aw * neutral * per_hco3
        w[C_K2 + lane] = w[K2 + lane] * per_hco3 * per_hco3 * per_hco3
        w[C_KW + lane] = w[KW + lane] * aw / g_oh
        w[C_DIMER + lane] = w[DIMER + lane] * neutral
        w[C_HCL + lane] = 0.0
        hso4 = w[HSO4 + lane] * g_so4 * per_davies
        w[C_HSO4 + lane] = hso4
        w[CA + P_HCO3 + lane] = w[CAHCO3 + lane] * g_ca * g_hco3 / g_cahco3
        w[CA + P_CO3 + lane] = w[CACO3 + lane] * g_ca * g_co3 * per_neutral
        w[CA + P_SO4 + lane] = w[CASO4 + lane] * g_ca * g_so4 * per_neutral
        w[CA + P_HSO4 + lane] = w[CAHSO4 + lane] * g_ca * hso4
        w[CA + P_OH + lane] = w[CAOH + lane] * aw * g_ca * per_davies
        w[MG + P_HCO3 + lane] = w[MGHCO3 + lane] * g_mg * g_hco3 * per_mghco3
        w[MG + P_CO3 + lane] = w[MGCO3 + lane] * g_mg * g_co3 * per_neutral
        w[MG + P_SO4 + lane] = w[MGSO4 + lane] * g_mg * g_so4 * per_neutral
        w[MG + P_OH + lane] = w[MGOH + lane] * aw * g_mg * per_mgoh
        w[NA + P_HCO3 + lane] = w[NAHCO3 + lane] * g_na * g_hco3 * per_neutral
        w[NA + P_CO3 + lane] = w[NACO3 + lane] * g_na * g_co3 * per_davies
        w[NA + P_SO4 + lane] = w[NASO4 + lane] * g_na * g_so4 * per_hco3
        w[K + P_SO4 + lane] = w[KSO4 + lane] * g_k * g_so4 * per_hco3
    if constant_set == PHREEQC386:
        _refresh_phreeqc386(w)


@kernel
def _refresh_phreeqc386(w):
    """What phreeqc.dat 3.8.6 does differently (`medium._condition_phreeqc386`)."""
    for lane in range(LANES):
        i = w[IONIC + lane]
        a, b = w[DH_A + lane], w[DH_B + lane]
        root = math.sqrt(max(i, 0.0))
        per_neutral = exp_small(-LN10 * B_NEUTRAL * i)
        g_co2 = exp_small(LN10 * B_CO2_386 * i)
        g_mgso4 = exp_small(LN10 * B_MGSO4_386 * i)
        g_na = exp_small(_ln_gamma(1.0, md.A_NA, md.B_NA, root, i, a, b))
        g_k = exp_small(_ln_gamma(1.0, md.A_K, md.B_K, root, i, a, b))
        g_hco3, g_so4 = w[G_HCO3 + lane], w[G_SO4 + lane]
        mgso4 = w[MGSO4 + lane] * w[G_MG + lane] * g_so4 / g_mgso4
        per_mgso42 = exp_small(-_ln_gamma(4.0, md.A_MGSO42, md.B_MGSO42, root, i, a, b))
        per_naso4 = exp_small(-_ln_gamma(1.0, A_NASO4_386, 0.0, root, i, a, b))
        per_kso4 = exp_small(-_ln_gamma(1.0, md.A_CARBONATE, B_KSO4_386, root, i, a, b))
        w[G_CO2 + lane] = g_co2
        w[C_KH + lane] = w[KH + lane] / g_co2
        w[C_K1 + lane] = w[K1 + lane] * w[WATER + lane] * g_co2 / g_hco3
        w[C_DIMER + lane] = w[DIMER + lane] * g_co2 * g_co2 * per_neutral
        g_cl = exp_small(_ln_gamma(1.0, md.A_CL, md.B_CL, root, i, a, b))
        w[C_HCL + lane] = w[HCL + lane] * g_cl * exp_small(-LN10 * B_HCL_386 * i)
        w[MG + P_SO4 + lane] = mgso4
        w[MG + P_SO42 + lane] = mgso4 * w[MGSO42 + lane] * g_mgso4 * g_so4 * per_mgso42
        w[NA + P_HCO3 + lane] = w[NAHCO3 + lane] * g_na * g_hco3 * exp_small(-LN10 * B_NAHCO3_386 * i)
        w[NA + P_SO4 + lane] = w[NASO4 + lane] * g_na * g_so4 * per_naso4
        w[K + P_HCO3 + lane] = w[KHCO3 + lane] * g_k * g_hco3 * exp_small(-LN10 * B_KHCO3_386 * i)
        w[K + P_SO4 + lane] = w[KSO4 + lane] * g_k * g_so4 * per_kso4


@kernel
def _evaluate(w):
    """Species, sums and their derivatives by x = ln h, y = ln hco3, z = ln so4, at the present point of all lanes.

    SUM_ALK eq kgw-1, SUM_DIC, SUM_SO4, SUM_I mol kgw-1: what the species add up to.
    """
    for lane in range(LANES):
        h, hco3, so4 = w[H + lane], w[HCO3 + lane], w[FREE_SO4 + lane]
        co3 = w[C_K2 + lane] * hco3 / h
        co2 = h * hco3 / w[C_K1 + lane]
        dimer = w[C_DIMER + lane] * co2 * co2
        oh = w[C_KW + lane] / h
        m_h = h / w[G_H + lane]
        hso4 = w[C_HSO4 + lane] * h * so4
        w[M_H + lane] = m_h
        w[M_OH + lane] = oh
        w[M_CO2 + lane] = co2
        w[M_DIMER + lane] = dimer
        w[M_CO3 + lane] = co3
        w[M_HSO4 + lane] = hso4
        acid = w[C_HCL + lane] * h
        free_share = 1.0 / (1.0 + acid)
        cl = w[CL + lane] * free_share
        hcl = acid * cl
        hcl_x = hcl * free_share
        w[M_HCL + lane] = hcl
        w[SUM_ALK + lane] = hco3 + 2.0 * co3 + oh - m_h - hso4 - hcl
        w[ALK_X + lane] = -2.0 * co3 - oh - m_h - hso4 - hcl_x
        w[ALK_Y + lane] = hco3 + 2.0 * co3
        w[ALK_Z + lane] = -hso4
        w[SUM_DIC + lane] = co2 + 2.0 * dimer + hco3 + co3
        w[DIC_X + lane] = co2 + 4.0 * dimer - co3
        w[DIC_Y + lane] = co2 + 4.0 * dimer + hco3 + co3
        w[DIC_Z + lane] = 0.0
        w[SUM_SO4 + lane] = so4 + hso4
        w[SO4_X + lane] = hso4
        w[SO4_Y + lane] = 0.0
        w[SO4_Z + lane] = so4 + hso4
        w[SUM_I + lane] = 0.5 * (m_h + oh + hco3 + hso4 + cl + w[NO3 + lane]) + 2.0 * (co3 + so4)
        w[I_X + lane] = 0.5 * (m_h - oh + hso4 - hcl_x) - 2.0 * co3
        w[I_Y + lane] = 0.5 * hco3 + 2.0 * co3
        w[I_Z + lane] = 0.5 * hso4 + 2.0 * so4
        anions = m_h + oh + hco3 + hso4 + co3 + so4 + w[CL + lane] + w[NO3 + lane]
        w[SUM_SOLUTES + lane] = (
            anions + co2 + dimer + w[CA + lane] + w[MG + lane] + w[NA + lane] + w[K + lane]
        )
        w[SOLUTES_X + lane] = m_h - oh + hso4 - co3 + co2 + 2.0 * dimer
        w[SOLUTES_Y + lane] = hco3 + co3 + co2 + 2.0 * dimer
        w[SOLUTES_Z + lane] = hso4 + so4
    _add_cation(w, CA, 2.0)
    _add_cation(w, MG, 2.0)
    _add_cation(w, NA, 1.0)
    _add_cation(w, K, 1.0)


@lane_function
def _add_cation(w, c, charge):
    """Species of the cation whose block starts at `c`, added to the sums and derivatives of `_evaluate`."""
    own, one, two, four = (
        0.5 * charge * charge,
        0.5 * (charge - 1.0) * (charge - 1.0),
        0.5 * (charge - 2.0) * (charge - 2.0),
        0.5 * (charge - 4.0) * (charge - 4.0),
    )
    for lane in range(LANES):
        h, hco3, so4, co3 = w[H + lane], w[HCO3 + lane], w[FREE_SO4 + lane], w[M_CO3 + lane]
        s1 = w[c + P_HCO3 + lane] * hco3
        s2 = w[c + P_CO3 + lane] * co3
        s3 = w[c + P_SO4 + lane] * so4
        s4 = w[c + P_HSO4 + lane] * h * so4
        s5 = w[c + P_OH + lane] / h
        s6 = w[c + P_SO42 + lane] * so4 * so4
        per_r = 1.0 / (1.0 + s1 + s2 + s3 + s4 + s5 + s6)
        r_x = (s4 - s2 - s5) * per_r
        r_y = (s1 + s2) * per_r
        r_z = (s3 + s4 + 2.0 * s6) * per_r
        free = w[c + TOTAL + lane] * per_r
        s1 *= free
        s2 *= free
        s3 *= free
        s4 *= free
        s5 *= free
        s6 *= free
        w[c + FREE + lane] = free
        w[c + HCO3_PAIR + lane] = s1
        w[c + CO3_PAIR + lane] = s2
        w[c + SO4_PAIR + lane] = s3
        w[c + HSO4_PAIR + lane] = s4
        w[c + OH_PAIR + lane] = s5
        w[c + SO42_PAIR + lane] = s6
        alk = s1 + 2.0 * s2 - s4 + s5
        dic = s1 + s2
        sulfate = s3 + s4 + 2.0 * s6
        ionic = own * free + one * (s1 + s4 + s5) + two * (s2 + s3) + four * s6
        w[SUM_ALK + lane] += alk
        w[ALK_X + lane] -= 2.0 * s2 + s4 + s5 + alk * r_x
        w[ALK_Y + lane] += s1 + 2.0 * s2 - alk * r_y
        w[ALK_Z + lane] -= s4 + alk * r_z
        w[SUM_DIC + lane] += dic
        w[DIC_X + lane] -= s2 + dic * r_x
        w[DIC_Y + lane] += dic - dic * r_y
        w[DIC_Z + lane] -= dic * r_z
        w[SUM_SO4 + lane] += sulfate
        w[SO4_X + lane] += s4 - sulfate * r_x
        w[SO4_Y + lane] -= sulfate * r_y
        w[SO4_Z + lane] += s3 + s4 + 4.0 * s6 - sulfate * r_z
        w[SUM_I + lane] += ionic
        w[I_X + lane] += one * (s4 - s5) - two * s2 - ionic * r_x
        w[I_Y + lane] += one * s1 + two * s2 - ionic * r_y
        w[I_Z + lane] += one * s4 + two * s3 + 2.0 * four * s6 - ionic * r_z


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
        settled = regular & (step <= step_tolerance) & (abs(change) <= ionic_tolerance * ionic)
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
            least = kw / (max(alk - 2.0 * dic, 0.0) + math.sqrt(dic * kw / k2))
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
    _refresh(w, constant_set)
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
            _refresh(w, constant_set)
        _impose(w, mode)
        _evaluate(w)
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
    _refresh(w, constant_set)
    _impose(w, mode)
    _evaluate(w)


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

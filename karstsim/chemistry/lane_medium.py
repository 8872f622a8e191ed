"""The aqueous medium of eight waters side by side: where their quantities lie, their constants, activities and species.

One flat scratch array holds eight values ("lanes") of every quantity, one quantity after the other, so that each inner
loop runs over eight neighbours without a branch and LLVM turns it into vector instructions. The offsets declared here
name the quantities: ``w[H + lane]``. The equations are those of `medium`; `lanes` solves them.

The cations are eliminated: each is a share of its total,

    m = total/r,   r = 1 + p_hco3 hco3 + p_co3 co3 + (p_so4 + p_hso4 h) so4 + p_so42 so4^2 + p_oh/h,

which makes the derivatives of alkalinity, DIC, sulfate and ionic strength exact. exp is a polynomial
(`core.polynomials`): ``math.exp`` would stop the vectorisation.
"""

from __future__ import annotations

import math

from karstsim.chemistry import activity
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
    SIDE_BY_SIDE,
    WIDE,
    debye_hueckel,
    log10_kelvin,
    water_density,
    water_dielectric,
)
from karstsim.core.constants import LN10, ZERO_CELSIUS
from karstsim.core.jit import lane_function, lane_kernel
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
_ROW = _CONSTANTS + LANES * (N_EQUILIBRIA + 5)  # all constants of one water, one after the other
WORDS = _ROW + -(-WIDE // LANES) * LANES  # length of the scratch array
FEW = 4  # waters, for which fewer instructions are needed where the constants of each stand side by side


@lane_function
def lane_count(w):
    """Eight, as a number that the compiler does not know: it would unroll a short loop instead of vectorising it."""
    return w.size // WORDS * LANES


@lane_kernel
def _are_set(w, lanes):
    """Whether the constants are those of the temperatures already."""
    same = True
    for lane in range(lanes):
        same = same and w[KELVIN + lane] == w[TEMPERATURE + lane] + ZERO_CELSIUS
    return same


@lane_kernel
def set_temperatures(w, constant_set, lanes=LANES):
    """Fill the constants of the first waters for their temperatures ``w[TEMPERATURE]`` (degC).

    lanes  how many; the rest keep what they have

    Relative error of a constant against `set_temperature` below 2e-12. Valid 0 to 50 degC. Waters whose temperatures
    are those of the last call keep their constants: `w` serves one constant set.
    """
    if _are_set(w, lanes):
        return
    for lane in range(lanes):
        t = w[TEMPERATURE + lane] + ZERO_CELSIUS
        a, b = debye_hueckel(t, water_density(t), water_dielectric(t))
        w[DH_A + lane] = LN10 * a
        w[DH_B + lane] = b
        w[KELVIN + lane] = t
        w[PER_KELVIN + lane] = 1.0 / t
        w[LOG_KELVIN + lane] = log10_kelvin(t)
    if lanes < FEW:
        _set_few(w, constant_set, lanes)
        return
    lanes = min(lanes, lane_count(w))
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


@lane_kernel
def _set_few(w, constant_set, lanes):
    """The constants of a few waters, to the same digits."""
    for lane in range(lanes):
        t, per_t, log_t = w[KELVIN + lane], w[PER_KELVIN + lane], w[LOG_KELVIN + lane]
        for j in range(WIDE):
            a1, a2 = SIDE_BY_SIDE[constant_set, 0, j], SIDE_BY_SIDE[constant_set, 1, j]
            a3, a4 = SIDE_BY_SIDE[constant_set, 2, j], SIDE_BY_SIDE[constant_set, 3, j]
            a5, a6 = SIDE_BY_SIDE[constant_set, 4, j], SIDE_BY_SIDE[constant_set, 5, j]
            log_k = a1 + a2 * t + (a3 + a5 * per_t) * per_t + a4 * log_t + a6 * t * t
            w[_ROW + j] = exp_wide(LN10 * log_k)
        for j in range(N_EQUILIBRIA):
            w[_CONSTANTS + LANES * j + lane] = w[_ROW + j]


@lane_function
def _ln_gamma(z2, size, linear, root, ionic, a, b):
    """ln of an activity coefficient (Truesdell & Jones 1974); `a` is the Debye-Hueckel A times ln 10."""
    return LN10 * linear * ionic - z2 * a * root / (1.0 + b * size * root)


@lane_kernel
def refresh(w, constant_set, lanes=LANES):
    """Activity coefficients and conditional constants of all lanes, as `medium.refresh_activities` has them."""
    for lane in range(lanes):
        i = w[IONIC + lane]
        a, b = w[DH_A + lane], w[DH_B + lane]
        root = math.sqrt(max(i, 0.0))
        aw = max(1.0 - activity.WATER_ACTIVITY_SLOPE * w[SOLUTES + lane], activity.WATER_ACTIVITY_MIN)
        per_neutral = exp_small(-LN10 * B_NEUTRAL * i)
        neutral = 1.0 / per_neutral
        per_davies = exp_small(a * (root / (1.0 + root) - activity.B_DAVIES * i))
        g_oh = exp_small(_ln_gamma(1.0, activity.A_OH, 0.0, root, i, a, b))
        g_hco3 = exp_small(_ln_gamma(1.0, activity.A_CARBONATE, 0.0, root, i, a, b))
        per_hco3 = 1.0 / g_hco3
        g2 = g_hco3 * g_hco3
        g_co3 = g2 * g2
        g_ca = exp_small(_ln_gamma(4.0, activity.A_CA, activity.B_CA, root, i, a, b))
        g_mg = exp_small(_ln_gamma(4.0, activity.A_MG, activity.B_MG, root, i, a, b))
        g_na = exp_small(_ln_gamma(1.0, activity.A_NA, activity.B_NA, root, i, a, b))
        g_k = g_oh * exp_small(LN10 * activity.B_K * i)
        g_so4 = exp_small(_ln_gamma(4.0, activity.A_SO4, activity.B_SO4, root, i, a, b))
        g_cahco3 = exp_small(_ln_gamma(1.0, activity.A_CAHCO3, 0.0, root, i, a, b))
        per_mghco3 = exp_small(-_ln_gamma(1.0, activity.A_MGHCO3, 0.0, root, i, a, b))
        per_mgoh = exp_small(-_ln_gamma(1.0, activity.A_MGOH, 0.0, root, i, a, b))
        w[WATER + lane] = aw
        w[G_H + lane] = exp_small(_ln_gamma(1.0, activity.A_H, 0.0, root, i, a, b))
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
        _refresh_phreeqc386(w, lanes)


@lane_kernel
def _refresh_phreeqc386(w, lanes):
    """What phreeqc.dat 3.8.6 does differently (`medium._condition_phreeqc386`)."""
    for lane in range(lanes):
        i = w[IONIC + lane]
        a, b = w[DH_A + lane], w[DH_B + lane]
        root = math.sqrt(max(i, 0.0))
        per_neutral = exp_small(-LN10 * B_NEUTRAL * i)
        g_co2 = exp_small(LN10 * B_CO2_386 * i)
        g_mgso4 = exp_small(LN10 * B_MGSO4_386 * i)
        g_na = exp_small(_ln_gamma(1.0, activity.A_NA, activity.B_NA, root, i, a, b))
        g_k = exp_small(_ln_gamma(1.0, activity.A_K, activity.B_K, root, i, a, b))
        g_hco3, g_so4 = w[G_HCO3 + lane], w[G_SO4 + lane]
        mgso4 = w[MGSO4 + lane] * w[G_MG + lane] * g_so4 / g_mgso4
        per_mgso42 = exp_small(-_ln_gamma(4.0, activity.A_MGSO42, activity.B_MGSO42, root, i, a, b))
        per_naso4 = exp_small(-_ln_gamma(1.0, A_NASO4_386, 0.0, root, i, a, b))
        per_kso4 = exp_small(-_ln_gamma(1.0, activity.A_CARBONATE, B_KSO4_386, root, i, a, b))
        w[G_CO2 + lane] = g_co2
        w[C_KH + lane] = w[KH + lane] / g_co2
        w[C_K1 + lane] = w[K1 + lane] * w[WATER + lane] * g_co2 / g_hco3
        w[C_DIMER + lane] = w[DIMER + lane] * g_co2 * g_co2 * per_neutral
        g_cl = exp_small(_ln_gamma(1.0, activity.A_CL, activity.B_CL, root, i, a, b))
        w[C_HCL + lane] = w[HCL + lane] * g_cl * exp_small(-LN10 * B_HCL_386 * i)
        w[MG + P_SO4 + lane] = mgso4
        w[MG + P_SO42 + lane] = mgso4 * w[MGSO42 + lane] * g_mgso4 * g_so4 * per_mgso42
        w[NA + P_HCO3 + lane] = w[NAHCO3 + lane] * g_na * g_hco3 * exp_small(-LN10 * B_NAHCO3_386 * i)
        w[NA + P_SO4 + lane] = w[NASO4 + lane] * g_na * g_so4 * per_naso4
        w[K + P_HCO3 + lane] = w[KHCO3 + lane] * g_k * g_hco3 * exp_small(-LN10 * B_KHCO3_386 * i)
        w[K + P_SO4 + lane] = w[KSO4 + lane] * g_k * g_so4 * per_kso4


@lane_kernel
def evaluate(w, lanes=LANES):
    """Species, sums and their derivatives by x = ln h, y = ln hco3, z = ln so4, at the present point of all lanes.

    SUM_ALK eq kgw-1, SUM_DIC, SUM_SO4, SUM_I mol kgw-1: what the species add up to.
    """
    for lane in range(lanes):
        h, hco3, so4 = w[H + lane], w[HCO3 + lane], w[FREE_SO4 + lane]
        per_h = 1.0 / h
        co3 = w[C_K2 + lane] * hco3 * per_h
        co2 = h * hco3 / w[C_K1 + lane]
        dimer = w[C_DIMER + lane] * co2 * co2
        oh = w[C_KW + lane] * per_h
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
    # Sums, not offsets: numba would compile one more function for every number that it knows. And a function with the
    # loop inside, that serves all blocks, does not become vector instructions.
    for lane in range(lanes):
        _add_cation(w, CA + lane, 2.0, lane)
        _add_cation(w, MG + lane, 2.0, lane)
        _add_cation(w, NA + lane, 1.0, lane)
        _add_cation(w, K + lane, 1.0, lane)


@lane_function
def _add_cation(w, c, charge, lane):
    """Species of a lane's cation, added to the sums and derivatives of `evaluate`; `c` its block's start plus lane."""
    own, one, two, four = (
        0.5 * charge * charge,
        0.5 * (charge - 1.0) * (charge - 1.0),
        0.5 * (charge - 2.0) * (charge - 2.0),
        0.5 * (charge - 4.0) * (charge - 4.0),
    )
    h, hco3, so4, co3 = w[H + lane], w[HCO3 + lane], w[FREE_SO4 + lane], w[M_CO3 + lane]
    s1 = w[c + P_HCO3] * hco3
    s2 = w[c + P_CO3] * co3
    s3 = w[c + P_SO4] * so4
    s4 = w[c + P_HSO4] * h * so4
    s5 = w[c + P_OH] / h
    s6 = w[c + P_SO42] * so4 * so4
    per_r = 1.0 / (1.0 + s1 + s2 + s3 + s4 + s5 + s6)
    r_x = (s4 - s2 - s5) * per_r
    r_y = (s1 + s2) * per_r
    r_z = (s3 + s4 + 2.0 * s6) * per_r
    free = w[c + TOTAL] * per_r
    s1 *= free
    s2 *= free
    s3 *= free
    s4 *= free
    s5 *= free
    s6 *= free
    w[c + FREE] = free
    w[c + HCO3_PAIR] = s1
    w[c + CO3_PAIR] = s2
    w[c + SO4_PAIR] = s3
    w[c + HSO4_PAIR] = s4
    w[c + OH_PAIR] = s5
    w[c + SO42_PAIR] = s6
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

"""How the speciation of eight waters answers to small changes of their totals: the linear response.

The unknowns are x = ln h, y = ln hco3, z = ln so4 of `lanes` and the ionic strength I. At any point that `evaluate` has
worked out, one system of four linear equations (alkalinity, DIC, sulfate, I) gives

* the Newton correction of that point, which includes what the activity coefficients do, and
* the changes of x, y, z, I with calcium, with DIC and with the alkalinity of the other ions, in mol kgw-1.

A solver that follows a water through many small changes needs no iteration: it foresees the next point by the changes
and mends it by the correction.

The activity coefficients enter by one slope, that of ln gamma of a single charge with the size of HCO3-, times the
squares of the charges. Pairs other than those of calcium with HCO3, CO3 and SO4 count as rigid here. Both change only
how fast a solver closes in, not on what.
"""

from __future__ import annotations

import math

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry.activity import A_CARBONATE
from karstsim.core.jit import kernel, lane_function

LANES = at.LANES
# The correction of the point, the slope of ln gamma by I, the share of h's effect that is acid, and the responses.
(
    DX, DY, DZ, DI, SLOPE,
    ACID, X_CA, Y_CA, Z_CA, I_CA, X_DIC, Y_DIC, Z_DIC, I_DIC, X_ALK, Y_ALK, Z_ALK, I_ALK,
) = at.offsets(18, at.WORDS)  # fmt: skip
WORDS = at.WORDS + 18 * LANES  # length of the scratch array

# The square of the charges in a conditional constant: how often the slope of a single charge acts on its logarithm.
BY_CO2, BY_CO3, BY_OH, BY_H = 1.0, -3.0, -1.0, -1.0
BY_CAHCO3, BY_CACO3, BY_CASO4, BY_OMEGA = 4.0, 5.0, 8.0, 5.0
TINY = 1e-30
LEAST, MOST = 0.04, 25.0  # of the factor by which h moves at once


@lane_function
def moved_h(x, acid):
    """The factor by which h moves, given the first-order change x of ln h.

    CO2 goes with h, CO3 and OH with 1/h; their difference is linear in DIC and alkalinity, h itself is not. `acid` is
    the part of CO2 in their sum:  acid m - (1 - acid)/m = 2 acid - 1 + x.
    """
    excess = 2.0 * acid - 1.0 + x
    root = math.sqrt(max(excess * excess + 4.0 * acid * (1.0 - acid), 0.0))
    up = (excess + root) / (2.0 * max(acid, TINY))
    down = 2.0 * (1.0 - acid) / max(root - excess, TINY)
    return min(max(up if excess > 0.0 else down, LEAST), MOST)


@lane_function
def slope_of_gamma(w, lane):
    """Slope of ln gamma of a single charge with the size of HCO3- by the ionic strength, kgw mol-1."""
    root = math.sqrt(max(w[at.IONIC + lane], TINY))
    swelling = 1.0 + w[at.DH_B + lane] * A_CARBONATE * root
    return -0.5 * w[at.DH_A + lane] / (root * swelling * swelling)


@lane_function
def acid_share(w, lane):
    """The part of CO2 in what moves with h, as `moved_h` wants it."""
    excess = w[at.SUM_DIC + lane] - w[at.SUM_ALK + lane]
    return min(max(0.5 + 0.5 * excess / (w[at.DIC_X + lane] - w[at.ALK_X + lane]), 0.0), 1.0)


@lane_function
def by_ionic_strength(w, lane, slope):
    """Derivatives of what the species add up to (alkalinity, DIC, sulfate, I) by the ionic strength."""
    ca = at.CA + lane
    hco3, co3, so4 = w[ca + at.HCO3_PAIR], w[ca + at.CO3_PAIR], w[ca + at.SO4_PAIR]
    r = r_of_ionic_strength(w, lane)
    hco3, co3, so4 = (BY_CAHCO3 - r) * hco3, (BY_CACO3 - r) * co3, (BY_CASO4 - r) * so4
    free_co3, oh, h = BY_CO3 * w[at.M_CO3 + lane], BY_OH * w[at.M_OH + lane], BY_H * w[at.M_H + lane]
    alk = hco3 + 2.0 * (co3 + free_co3) + oh - h
    dic = hco3 + co3 + free_co3 + BY_CO2 * w[at.M_CO2 + lane]
    ionic = 0.5 * (hco3 + oh + h) + 2.0 * (free_co3 - r * w[ca + at.FREE])
    return slope * alk, slope * dic, slope * so4, slope * ionic


@lane_function
def r_of_ionic_strength(w, lane):
    """Derivative of ln r of calcium (`lane_medium`) by ln gamma of a single charge."""
    ca = at.CA + lane
    pairs = BY_CAHCO3 * w[ca + at.HCO3_PAIR] + BY_CACO3 * w[ca + at.CO3_PAIR] + BY_CASO4 * w[ca + at.SO4_PAIR]
    return pairs / max(w[ca], TINY)


@lane_function
def _system(w, lane, slope):
    """The four equations with sulfate and the ionic strength eliminated; what `_answer` needs of them."""
    alk_i, dic_i, so4_i, ionic_i = by_ionic_strength(w, lane, slope)
    per_s = 1.0 / max(w[at.SO4_Z + lane], TINY)
    s_x, s_y, s_i = w[at.SO4_X + lane] * per_s, w[at.SO4_Y + lane] * per_s, so4_i * per_s
    a_z, d_z, i_z = w[at.ALK_Z + lane], w[at.DIC_Z + lane], w[at.I_Z + lane]
    per_i = 1.0 / (1.0 - ionic_i + i_z * s_i)
    i_x, i_y = (w[at.I_X + lane] - i_z * s_x) * per_i, (w[at.I_Y + lane] - i_z * s_y) * per_i
    a_i, d_i = alk_i - a_z * s_i, dic_i - d_z * s_i
    a_x, a_y = w[at.ALK_X + lane] - a_z * s_x + a_i * i_x, w[at.ALK_Y + lane] - a_z * s_y + a_i * i_y
    d_x, d_y = w[at.DIC_X + lane] - d_z * s_x + d_i * i_x, w[at.DIC_Y + lane] - d_z * s_y + d_i * i_y
    per_det = 1.0 / (a_x * d_y - a_y * d_x)
    return (
        (a_x * per_det, a_y * per_det, d_x * per_det, d_y * per_det),
        (a_z, d_z, i_z * per_i, per_s, per_i),
        (a_i, d_i, s_i, s_x, s_y, i_x, i_y),
    )


@lane_function
def _answer(system, alk, dic, so4, ionic):
    """Changes of x, y, z and I that raise the four sums by so much."""
    a_x, a_y, d_x, d_y = system[0]
    a_z, d_z, i_z, per_s, per_i = system[1]
    a_i, d_i, s_i, s_x, s_y, i_x, i_y = system[2]
    z = so4 * per_s
    i = ionic * per_i + i_z * z
    a = alk - a_z * z - a_i * i
    d = dic - d_z * z - d_i * i
    x, y = a * d_y - a_y * d, a_x * d - a * d_x
    i += i_x * x + i_y * y
    return x, y, z - s_x * x - s_y * y - s_i * i, i


@kernel
def respond(w):
    """Correction and responses at the point that `evaluate` has just worked out for the totals in `w`."""
    c = at.CA
    for lane in range(LANES):
        slope = slope_of_gamma(w, lane)
        system = _system(w, lane, slope)
        alk, dic = w[at.SUM_ALK + lane], w[at.SUM_DIC + lane]
        w[SLOPE + lane] = slope
        w[ACID + lane] = acid_share(w, lane)
        w[DX + lane], w[DY + lane], w[DZ + lane], w[DI + lane] = _answer(
            system,
            w[at.ALK + lane] - alk,
            w[at.DIC + lane] - dic,
            w[at.SO4 + lane] - w[at.SUM_SO4 + lane],
            w[at.SUM_I + lane] - w[at.IONIC + lane],
        )
        per_ca = 1.0 / max(w[c + lane], TINY)
        hco3, co3 = w[c + at.HCO3_PAIR + lane] * per_ca, w[c + at.CO3_PAIR + lane] * per_ca
        so4, hso4 = w[c + at.SO4_PAIR + lane] * per_ca, w[c + at.HSO4_PAIR + lane] * per_ca
        oh, free = w[c + at.OH_PAIR + lane] * per_ca, w[c + at.FREE + lane] * per_ca
        # What new calcium pairs with at once is no longer there for the rest.
        w[X_CA + lane], w[Y_CA + lane], w[Z_CA + lane], w[I_CA + lane] = _answer(
            system,
            2.0 - hco3 - 2.0 * co3 + hso4 - oh,
            1.0 - hco3 - co3,
            -so4 - hso4,
            2.0 * free + 0.5 * (hco3 + hso4 + oh),
        )
        w[X_DIC + lane], w[Y_DIC + lane], w[Z_DIC + lane], w[I_DIC + lane] = _answer(
            system, 0.0, 1.0, 0.0, 0.0
        )
        w[X_ALK + lane], w[Y_ALK + lane], w[Z_ALK + lane], w[I_ALK + lane] = _answer(
            system, 1.0, 0.0, 0.0, 0.0
        )

"""Activity coefficients of dissolved species: Truesdell & Jones (1974), Davies (1962), neutral species, and of water.

The activity model of PHREEQC; `medium` turns them into conditional constants.
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.chemistry.constants import B_NEUTRAL
from karstsim.chemistry.solution import IONS, N_IONS
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel
from karstsim.core.polynomials import exp_small

# Ion-size and linear parameters of log10 g = -A z^2 sqrt(I)/(1 + B a sqrt(I)) + b I: Truesdell & Jones (1974,
# J. Res. USGS 2:233) as in phreeqc.dat.
A_H, A_OH, A_CA, A_MG, A_NA, A_K = 9.0, 3.5, 5.0, 5.5, 4.08, 3.5
B_CA, B_MG, B_NA, B_K = 0.165, 0.20, 0.082, 0.015
A_CL, B_CL = 3.63, 0.017
A_CARBONATE, A_SO4, B_SO4 = 5.4, 5.0, -0.04
A_CAHCO3, A_MGHCO3, A_MGOH = 6.0, 4.0, 6.5
A_MGSO42, B_MGSO42 = 7.0, 0.047
B_DAVIES = 0.3  # Davies (1962)
WATER_ACTIVITY_SLOPE = 0.017  # a_w = 1 - 0.017 sum(m), Garrels & Christ (1965), as in PHREEQC
WATER_ACTIVITY_MIN = 0.1
# log10 g = b I - z^2 A sqrt(I)/(1 + d sqrt(I)), side by side for a loop that becomes vector instructions: what stands
# below, with d = B a, or d = 1 and b = 0.3 A for Davies; neutral species have z = 0.
_CHARGE2 = np.array([1.0, 1.0, 1.0, 4.0, 4.0, 1.0, 4.0, 1.0, 1.0, 1.0, 1.0, 0.0])
_SIZE = np.array([A_H, A_OH, A_CARBONATE, A_CA, A_MG, A_NA, A_SO4, A_CAHCO3, A_MGHCO3, A_MGOH, 0.0, 0.0])
_LINEAR = np.array([0.0, 0.0, 0.0, B_CA, B_MG, B_NA, B_SO4, 0.0, 0.0, 0.0, 0.0, B_NEUTRAL])
_IS_DAVIES = np.array([float(name == "davies") for name in IONS])


@kernel
def gamma(z2, size, linear, root_i, ionic_strength, k):
    """Activity coefficient of an ion with charge squared `z2`, ion size (Angstrom) and linear term b.

    log10 g = -A z^2 sqrt(I)/(1 + B a sqrt(I)) + b I                     (Truesdell & Jones 1974)
    """
    return math.exp(LN10 * (linear * ionic_strength - z2 * k.dh_a * root_i / (1.0 + k.dh_b * size * root_i)))


@kernel
def water_activity(x):
    """Activity of water beside the solutes ``x.solute_molality`` (mol kgw-1)."""
    aw = 1.0 - WATER_ACTIVITY_SLOPE * x.solute_molality
    return aw if not aw < WATER_ACTIVITY_MIN else WATER_ACTIVITY_MIN


@kernel
def refresh_coefficients(x, k):
    """Activity coefficients, and that of water, from ``x.ionic_strength`` and ``x.solute_molality`` (mol kgw-1)."""
    i = x.ionic_strength
    root = math.sqrt(i) if not i < 0.0 else 0.0
    x.water_activity = water_activity(x)
    g = x.gammas
    per_size, davies = k.dh_b * root, B_DAVIES * k.dh_a
    # With a count that the compiler knew it would unroll the loop instead.
    for j in range(int(k.ready) * N_IONS):
        denominator = 1.0 + per_size * _SIZE[j] + _IS_DAVIES[j] * root
        linear = _LINEAR[j] + _IS_DAVIES[j] * davies
        g[j] = exp_small(LN10 * (linear * i - _CHARGE2[j] * k.dh_a * root / denominator))
    x.g_h, x.g_oh, x.g_hco3, x.g_ca, x.g_mg, x.g_na = g[0], g[1], g[2], g[3], g[4], g[5]
    x.g_so4, x.g_cahco3, x.g_mghco3, x.g_mgoh, x.g_davies, x.g_neutral = g[6], g[7], g[8], g[9], g[10], g[11]
    g2 = x.g_hco3 * x.g_hco3
    x.g_co3 = g2 * g2  # same size, twice the charge, no linear term
    x.g_k = x.g_oh * exp_small(LN10 * B_K * i)  # A_K = A_OH

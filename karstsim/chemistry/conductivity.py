"""Specific conductance from the species.

SC = F^2/(R T) sum z^2 D m g_SC with  ln g_SC = ln g (0.6/sqrt|z|)  for I < 0.36 |z|, else ln g sqrt(I)/|z|
(Appelo 2010, Proc. Int. FZK Workshop, as in PHREEQC 3). Tracer diffusion coefficients at 25 degC of phreeqc.dat.
"""

from __future__ import annotations

import math

from karstsim.core.constants import GAS_CONSTANT, LN10, ZERO_CELSIUS
from karstsim.core.jit import kernel

FARADAY = 96485.33212  # C mol-1 (CODATA 2018)
REFERENCE_T = 25.0  # degC
# S m-1 to uS cm-1, times mol m-3 per mol kgw-1, times 1e-9 m2 s-1
SCALE = 1e4 * 1e3 * 1e-9 * FARADAY * FARADAY / (GAS_CONSTANT * (REFERENCE_T + ZERO_CELSIUS))

# Tracer diffusion coefficients at 25 degC, 1e-9 m2 s-1 (phreeqc.dat, -dw).
D_H, D_OH, D_CA, D_MG, D_NA, D_K = 9.31, 5.27, 0.793, 0.705, 1.33, 1.96
D_CL, D_HCO3, D_CO3, D_SO4, D_NO3 = 2.03, 1.18, 0.955, 1.07, 1.90
D_CAHCO3, D_MGHCO3, D_NACO3, D_NASO4, D_KSO4, D_HSO4 = 0.506, 0.478, 0.585, 0.618, 0.9, 1.33
D_HYDROXIDE_PAIR = 0.65  # CaOH+, MgOH+, CaHSO4+: set to a typical monovalent complex

A_CL, B_CL, A_NO3 = 3.63, 0.017, 3.0  # activity coefficients, Truesdell & Jones form
APPELO = 0.6
APPELO_LIMIT = 0.36


@kernel
def _correction(charge, ionic_strength):
    """Factor on ln gamma: 0.6/sqrt|z| for I < 0.36 |z|, else sqrt(I)/|z|."""
    if ionic_strength < APPELO_LIMIT * charge:
        return APPELO / math.sqrt(charge)
    return math.sqrt(ionic_strength) / charge


@kernel
def _mobile(molality, gamma, factor):
    """Molality times its conductance coefficient gamma^factor."""
    return molality * math.exp(factor * math.log(gamma)) if gamma > 0.0 else molality * gamma


@kernel
def conductivity_25(x, k):
    """Specific conductance at 25 degC, uS cm-1.

    x   water speciated at 25 degC (SOLUTION_DTYPE); k   constants at 25 degC
    """
    i = x.ionic_strength
    root = math.sqrt(i) if not i < 0.0 else 0.0
    one, two = _correction(1.0, i), _correction(2.0, i)
    g_cl = math.exp(LN10 * (B_CL * i - k.dh_a * root / (1.0 + k.dh_b * A_CL * root)))
    g_no3 = math.exp(-LN10 * k.dh_a * root / (1.0 + k.dh_b * A_NO3 * root))
    free = (
        _mobile(D_H * x.m_h, x.g_h, one)
        + _mobile(D_OH * x.m_oh, x.g_oh, one)
        + _mobile(D_HCO3 * x.m_hco3, x.g_hco3, one)
        + _mobile(D_NA * x.m_na, x.g_na, one)
        + _mobile(D_K * x.m_k, x.g_k, one)
        + _mobile(D_CL * x.cl, g_cl, one)
        + _mobile(D_NO3 * x.no3, g_no3, one)
    )
    double = (
        _mobile(D_CA * x.m_ca, x.g_ca, two)
        + _mobile(D_MG * x.m_mg, x.g_mg, two)
        + _mobile(D_SO4 * x.m_so4, x.g_so4, two)
        + _mobile(D_CO3 * x.m_co3, x.g_co3, two)
    )
    pairs = (
        D_CAHCO3 * x.m_cahco3
        + D_MGHCO3 * x.m_mghco3
        + D_NACO3 * x.m_naco3
        + D_NASO4 * x.m_naso4
        + D_KSO4 * x.m_kso4
        + D_HSO4 * x.m_hso4
        + D_HYDROXIDE_PAIR * (x.m_caoh + x.m_mgoh + x.m_cahso4)
    )
    return SCALE * (free + 4.0 * double + _mobile(pairs, x.g_davies, one))

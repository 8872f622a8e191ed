"""Specific conductance from the species, by the law of Debye, Hueckel, Onsager and Falkenhagen.

The equivalent conductance of an ion of charge z and size a is (Onsager 1927, Phys. Z. 28:277; Robinson & Stokes 1959,
ch. 7)

    lambda = (lambda0 - B2 z r/(1 + k a)) (1 - B1 z+ z- q/(1 + sqrt q) r/((1 + k a)(1 + k a sqrt q + (k a)^2/6)))

with r = sqrt(I), k a = B a r, lambda0 = z D F^2/(R T), electrophoresis B2, relaxation B1, and the mean charges z+, z-
of cations and anions. In mixtures the ions of one sign share the sum of their equivalents by their part in the ionic
strength (z^2 m), as PHREEQC 3.8 does (Appelo 2017, Cem. Concr. Res. 101:102): divalent ions get more weight than m z
would give. Diffusion coefficients and sizes are those of phreeqc.dat 3.8.6; the large one of SO4 keeps its conductance
up, and that of sulfate waters: with one size for all, waters saturated with gypsum come out 8 % too low.
"""

from __future__ import annotations

import math

from karstsim.core.constants import GAS_CONSTANT, ZERO_CELSIUS
from karstsim.core.jit import kernel

FARADAY = 96485.33212  # C mol-1 (CODATA 2018)
REFERENCE_T = 25.0  # degC
CM2_PER_M2 = 1e4
NANO = 1e-9
MICROSIEMENS = 1000.0  # uS cm-1 per (S cm2 eq-1)(eq L-1)
LIMITING = CM2_PER_M2 * NANO * FARADAY * FARADAY / (GAS_CONSTANT * (REFERENCE_T + ZERO_CELSIUS))
RELAXATION = 0.783  # B1 at 25 degC, kg^0.5 mol^-0.5
ELECTROPHORESIS = 30.3  # B2 at 25 degC, S cm2 eq-1 kg^0.5 mol^-0.5
FALKENHAGEN = 1.0 / 6.0

# Tracer diffusion coefficients at 25 degC, 1e-9 m2 s-1, and sizes, Angstrom (phreeqc.dat 3.8.6, -dw).
D_H, D_NA, D_K, D_CA, D_MG = 9.31, 1.33, 1.96, 0.792, 0.705
D_OH, D_CL, D_HCO3, D_CO3, D_SO4, D_NO3 = 5.27, 2.033, 1.18, 0.955, 1.07, 1.90
D_CAHCO3, D_MGHCO3, D_NACO3, D_NASO4, D_KSO4, D_HSO4, D_MGSO42 = 0.506, 0.478, 0.585, 1.13, 0.9, 1.22, 0.845
D_OTHER_PAIR = 0.5  # CaOH+, MgOH+, CaHSO4+: not tabulated; as the pairs above
SIZE_H, SIZE_NA, SIZE_K, SIZE_CA, SIZE_MG = 6.96, 3.627, 3.484, 5.411, 5.569
SIZE_OH, SIZE_CL, SIZE_HCO3, SIZE_CO3, SIZE_SO4, SIZE_NO3 = 0.8695, 3.16, 11.386, 2.246, 17.0, 1.11
SIZE_NASO4, SIZE_KSO4, SIZE_HSO4, SIZE_MGSO42 = 8.5, 8.48, 15.0, 8.0
SIZE_OTHER = 3.5  # PHREEQC's where the database gives none
EMPTY = 1e-30  # mol kgw-1; a solution without ions of one sign does not conduct


@kernel
def _ion(m, d, z, size, root, b_root, root_q, relaxation):
    """Equivalent conductance of one ion times its part in the ionic strength, m z^2 lambda.

    m mol kgw-1; d 1e-9 m2 s-1; z charge number; size Angstrom; root sqrt(I); b_root B sqrt(I), Angstrom-1;
    root_q sqrt(q); relaxation B1 z+ z- q/(1 + sqrt q)
    """
    ka = size * b_root
    cloud = 1.0 + ka * (root_q + FALKENHAGEN * ka)
    screened = root / ((1.0 + ka) * cloud)
    mobility = LIMITING * d - ELECTROPHORESIS * screened * cloud
    return m * z * z * z * mobility * (1.0 - relaxation * screened)


@kernel
def _cations(x, root, b_root, root_q, relaxation):
    """Sum of `_ion` over the cations."""
    other = x.m_caoh + x.m_mgoh + x.m_cahso4
    return (
        _ion(x.m_h, D_H, 1.0, SIZE_H, root, b_root, root_q, relaxation)
        + _ion(x.m_na, D_NA, 1.0, SIZE_NA, root, b_root, root_q, relaxation)
        + _ion(x.m_k, D_K, 1.0, SIZE_K, root, b_root, root_q, relaxation)
        + _ion(x.m_ca, D_CA, 2.0, SIZE_CA, root, b_root, root_q, relaxation)
        + _ion(x.m_mg, D_MG, 2.0, SIZE_MG, root, b_root, root_q, relaxation)
        + _ion(x.m_cahco3, D_CAHCO3, 1.0, SIZE_OTHER, root, b_root, root_q, relaxation)
        + _ion(x.m_mghco3, D_MGHCO3, 1.0, SIZE_OTHER, root, b_root, root_q, relaxation)
        + _ion(other, D_OTHER_PAIR, 1.0, SIZE_OTHER, root, b_root, root_q, relaxation)
    )


@kernel
def _anions(x, root, b_root, root_q, relaxation):
    """Sum of `_ion` over the anions."""
    return (
        _ion(x.m_oh, D_OH, 1.0, SIZE_OH, root, b_root, root_q, relaxation)
        + _ion(x.cl, D_CL, 1.0, SIZE_CL, root, b_root, root_q, relaxation)
        + _ion(x.no3, D_NO3, 1.0, SIZE_NO3, root, b_root, root_q, relaxation)
        + _ion(x.m_hco3, D_HCO3, 1.0, SIZE_HCO3, root, b_root, root_q, relaxation)
        + _ion(x.m_co3, D_CO3, 2.0, SIZE_CO3, root, b_root, root_q, relaxation)
        + _ion(x.m_so4, D_SO4, 2.0, SIZE_SO4, root, b_root, root_q, relaxation)
        + _ion(x.m_hso4, D_HSO4, 1.0, SIZE_HSO4, root, b_root, root_q, relaxation)
        + _ion(x.m_naso4, D_NASO4, 1.0, SIZE_NASO4, root, b_root, root_q, relaxation)
        + _ion(x.m_kso4, D_KSO4, 1.0, SIZE_KSO4, root, b_root, root_q, relaxation)
        + _ion(x.m_naco3, D_NACO3, 1.0, SIZE_OTHER, root, b_root, root_q, relaxation)
        + _ion(x.m_mgso42, D_MGSO42, 2.0, SIZE_MGSO42, root, b_root, root_q, relaxation)
    )


@kernel
def _mobile_cations(x):
    """Molality and diffusion (molality times coefficient) of mono- and of divalent cations."""
    other = x.m_caoh + x.m_mgoh + x.m_cahso4
    m1 = x.m_h + x.m_na + x.m_k + x.m_cahco3 + x.m_mghco3 + other
    d1 = D_H * x.m_h + D_NA * x.m_na + D_K * x.m_k + D_CAHCO3 * x.m_cahco3 + D_MGHCO3 * x.m_mghco3
    return m1, d1 + D_OTHER_PAIR * other, x.m_ca + x.m_mg, D_CA * x.m_ca + D_MG * x.m_mg


@kernel
def _mobile_anions(x):
    """Molality and diffusion (molality times coefficient) of mono- and of divalent anions."""
    m1 = x.m_oh + x.m_hco3 + x.cl + x.no3 + x.m_hso4 + x.m_naco3 + x.m_naso4 + x.m_kso4
    d1 = D_OH * x.m_oh + D_HCO3 * x.m_hco3 + D_CL * x.cl + D_NO3 * x.no3
    d1 += D_HSO4 * x.m_hso4 + D_NACO3 * x.m_naco3 + D_NASO4 * x.m_naso4 + D_KSO4 * x.m_kso4
    m2 = x.m_co3 + x.m_so4 + x.m_mgso42
    return m1, d1, m2, D_CO3 * x.m_co3 + D_SO4 * x.m_so4 + D_MGSO42 * x.m_mgso42


@kernel
def conductivity_25(x, k):
    """Specific conductance at 25 degC, uS cm-1 (equation in the module's text).

    x   water speciated at 25 degC (SOLUTION_DTYPE); k   constants at 25 degC (CONSTANTS_DTYPE)
    Within 2.5 % of PHREEQC 3.8.6 for karst waters, gypsum and acid ones included, I < 0.1.
    """
    c1, dc1, c2, dc2 = _mobile_cations(x)
    a1, da1, a2, da2 = _mobile_anions(x)
    cations, anions = c1 + c2, a1 + a2
    if cations < EMPTY or anions < EMPTY:
        return 0.0
    z_plus, z_minus = (c1 + 2.0 * c2) / cations, (a1 + 2.0 * a2) / anions
    l_plus, l_minus = (dc1 + 2.0 * dc2) / cations, (da1 + 2.0 * da2) / anions
    transport = l_plus / (l_plus + l_minus)
    q = 1.0 / ((transport / z_plus + (1.0 - transport) / z_minus) * (z_plus + z_minus))
    root_q = math.sqrt(q)
    relaxation = RELAXATION * z_plus * z_minus * q / (1.0 + root_q)
    root = math.sqrt(x.ionic_strength) if not x.ionic_strength < 0.0 else 0.0
    b_root = k.dh_b * root
    share_plus, share_minus = (c1 + 2.0 * c2) / (c1 + 4.0 * c2), (a1 + 2.0 * a2) / (a1 + 4.0 * a2)
    plus = share_plus * _cations(x, root, b_root, root_q, relaxation)
    return MICROSIEMENS * (plus + share_minus * _anions(x, root, b_root, root_q, relaxation))

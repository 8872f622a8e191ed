"""Specific conductance from the species, by the law of Debye, Hueckel and Onsager.

The equivalent conductance of an ion of charge z (Onsager 1927, Phys. Z. 28:277; Robinson & Stokes 1959, ch. 7) is

    lambda = (lambda0 - B2 z r) (1 - B1 z+ z- q/(1 + sqrt q) r/(1 + k a)),    r = sqrt(I)/(1 + k a)

with lambda0 = z D F^2/(R T), electrophoresis B2, relaxation B1, and the mean charges z+, z- of cations and anions. In
mixtures the ions of one sign share the sum of their equivalents by their part in the ionic strength (z^2 m), as
PHREEQC 3.8 does (Appelo 2017, Cem. Concr. Res. 101:102). That gives divalent ions more weight than m z would: sulfate
waters come out up to 10 % higher than with the plain sum, and as PHREEQC 3.8 has them.
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
ION_SIZE = 5.0  # Angstrom, typical of Ca, HCO3, SO4 (Truesdell & Jones 1974)

# Tracer diffusion coefficients at 25 degC, 1e-9 m2 s-1 (phreeqc.dat, -dw).
D_H, D_OH, D_CA, D_MG, D_NA, D_K = 9.31, 5.27, 0.793, 0.705, 1.33, 1.96
D_CL, D_HCO3, D_CO3, D_SO4, D_NO3 = 2.03, 1.18, 0.955, 1.07, 1.90
D_CAHCO3, D_MGHCO3, D_NACO3, D_NASO4, D_KSO4, D_HSO4 = 0.506, 0.478, 0.585, 0.618, 0.746, 1.33
D_OTHER_PAIR = 0.5  # CaOH+, MgOH+, CaHSO4+, Mg(SO4)2--: none is tabulated; as the pairs above
EMPTY = 1e-30  # mol kgw-1; a solution without ions of one sign does not conduct


@kernel
def _cations(x):
    """Molalities and molality-weighted diffusion coefficients of mono- and divalent cations."""
    other = x.m_caoh + x.m_mgoh + x.m_cahso4
    m1 = x.m_h + x.m_na + x.m_k + x.m_cahco3 + x.m_mghco3 + other
    d1 = D_H * x.m_h + D_NA * x.m_na + D_K * x.m_k + D_CAHCO3 * x.m_cahco3 + D_MGHCO3 * x.m_mghco3
    return m1, d1 + D_OTHER_PAIR * other, x.m_ca + x.m_mg, D_CA * x.m_ca + D_MG * x.m_mg


@kernel
def _anions(x):
    """Molalities and molality-weighted diffusion coefficients of mono- and divalent anions."""
    m1 = x.m_oh + x.m_hco3 + x.cl + x.no3 + x.m_hso4 + x.m_naco3 + x.m_naso4 + x.m_kso4
    d1 = D_OH * x.m_oh + D_HCO3 * x.m_hco3 + D_CL * x.cl + D_NO3 * x.no3
    d1 += D_HSO4 * x.m_hso4 + D_NACO3 * x.m_naco3 + D_NASO4 * x.m_naso4 + D_KSO4 * x.m_kso4
    m2 = x.m_co3 + x.m_so4 + x.m_mgso42
    return m1, d1, m2, D_CO3 * x.m_co3 + D_SO4 * x.m_so4 + D_OTHER_PAIR * x.m_mgso42


@kernel
def _share(m1, d1, m2, d2, r):
    """Conductance of the ions of one sign before relaxation: equivalents times their mean equivalent conductance.

    The mean is weighted by z^2 m. S cm2 kgw-1; r as in the module's text.
    """
    lambda1 = LIMITING * d1 - ELECTROPHORESIS * r * m1
    lambda2 = 2.0 * (LIMITING * d2 - ELECTROPHORESIS * r * m2)
    return (m1 + 2.0 * m2) * (lambda1 + 4.0 * lambda2) / (m1 + 4.0 * m2)


@kernel
def conductivity_25(x, k):
    """Specific conductance at 25 degC, uS cm-1 (equation in the module's text).

    x   water speciated at 25 degC (SOLUTION_DTYPE); k   constants at 25 degC (CONSTANTS_DTYPE)
    Within 4 % of PHREEQC 3.8.6 for karst waters, I < 0.1.
    """
    c1, dc1, c2, dc2 = _cations(x)
    a1, da1, a2, da2 = _anions(x)
    cations, anions = c1 + c2, a1 + a2
    if cations < EMPTY or anions < EMPTY:
        return 0.0
    z_plus, z_minus = (c1 + 2.0 * c2) / cations, (a1 + 2.0 * a2) / anions
    l_plus, l_minus = (dc1 + 2.0 * dc2) / cations, (da1 + 2.0 * da2) / anions
    transport = l_plus / (l_plus + l_minus)
    q = 1.0 / ((transport / z_plus + (1.0 - transport) / z_minus) * (z_plus + z_minus))
    root = math.sqrt(x.ionic_strength) if not x.ionic_strength < 0.0 else 0.0
    denominator = 1.0 + k.dh_b * ION_SIZE * root
    r = root / denominator
    relaxation = 1.0 - RELAXATION * z_plus * z_minus * q / (1.0 + math.sqrt(q)) * r / denominator
    return MICROSIEMENS * relaxation * (_share(c1, dc1, c2, dc2, r) + _share(a1, da1, a2, da2, r))

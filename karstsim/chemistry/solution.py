"""The record of one water: what is given, its species and activities, the medium of its solve, and the results.

`medium` gives the meaning of the names.
"""

from __future__ import annotations

import numpy as np

from karstsim.core.spec import record_dtype

# Ions whose activity coefficients are worked out side by side, see `activity`.
IONS = ["h", "oh", "hco3", "ca", "mg", "na", "so4", "cahco3", "mghco3", "mgoh", "davies", "neutral"]
N_IONS = len(IONS)
N_STATE = 5  # numbers that make a medium: ionic strength and four pairing ratios

_INPUTS = (
    "resume conditioned readings tolerance temperature "
    "ca mg na k cl so4 no3 dic alkalinity ph pco2 ionic_strength"
)
_SPECIES = (
    "m_h m_oh m_co2 m_co2_dimer m_hco3 m_co3 m_ca m_mg m_na m_k m_so4 m_cahco3 m_caco3 m_mghco3 m_mgco3 m_nahco3 "
    "m_naco3 m_khco3 m_caso4 m_mgso4 m_mgso42 m_naso4 m_kso4 m_hso4 m_cahso4 m_caoh m_mgoh m_cl m_hcl"
)
_ACTIVITY = (
    "water_activity solute_molality g_h g_oh g_hco3 g_co3 g_ca g_mg g_na g_k g_so4 g_cahco3 g_mghco3 g_mgoh g_davies "
    "g_neutral g_co2"
)
_CONDITIONAL = (
    "c_kh c_k1 c_k2 c_kw c_calcite p_cahco3 p_caco3 p_mghco3 p_mgco3 p_nahco3 p_naco3 p_khco3 p_caso4 p_mgso4 p_mgso42 "
    "p_naso4 p_kso4 p_hso4 p_cahso4 p_caoh p_mgoh p_dimer p_hcl"
)
_MEDIUM = "d_h d0 d1 a0 a1 n_oh n_h ca_ratio mg_ratio na_ratio k_ratio so4_ratio"
_RESULTS = "si_calcite si_aragonite si_dolomite si_gypsum status unsolved last_residual"
_NAMES = " ".join((_INPUTS, _SPECIES, _ACTIVITY, _CONDITIONAL, _MEDIUM, _RESULTS)).split()

SOLUTION_DTYPE = record_dtype(
    [(name, "f8") for name in _NAMES]
    + [
        (name, (np.float64, (N_STATE,)))
        for name in ("trial", "mapped", "mapped_before", "defect", "defect_before")
    ]
    + [("gammas", (np.float64, (N_IONS,))), ("ended", (np.float64, (N_STATE + 1,)))]
)

"""Laboratory rate laws of dolomite, calcite and gypsum: Palandri & Kharaka (2004), Busenberg & Plummer (1982).

Palandri & Kharaka (2004, USGS OFR 2004-1068), as in phreeqc_rates.dat, for a mineral with three parallel mechanisms:

    R = (k_acid aH^n + k_neutral + k_carbonate aCO2^n) (1 - Omega^p),   k = k25 exp(-E/R (1/T - 1/298.15))

The compilation labels its carbonate mechanism with the PRESSURE of CO2. Its numbers are those of laws in the activity
of CO2(aq): calcite's -3.48 is k2 of Plummer et al. (1978), disordered dolomite's -5.11 is k2 of Busenberg & Plummer
(1982). With the pressure calcite would be 1/K_H = 29 times too fast at 25 degC; here the activity is used.
"""

from __future__ import annotations

import math

from karstsim.chemistry.rates import SI_PER_MMOL_CM2
from karstsim.core.constants import GAS_CONSTANT, LN10, ZERO_CELSIUS
from karstsim.core.jit import kernel

T25 = 298.15  # K
J_PER_KJ = 1000.0
ACTIVITY_MIN = 1e-30  # under a logarithm

# log10 k at 25 degC (mol m-2 s-1), activation energy (kJ mol-1): acid, neutral, carbonate; order; power of Omega.
CALCITE = (-0.30, 14.4, -5.81, 23.5, -3.48, 35.4, 1.0, 1.0)
DOLOMITE = (-3.76, 56.7, -8.60, 95.3, -5.37, 45.7, 0.5, 0.5)
DOLOMITE_DISORDERED = (-3.19, 36.1, -7.53, 52.2, -5.11, 34.8, 0.5, 0.5)
GYPSUM_LOG_K = -2.79  # neutral mechanism only, no temperature dependence given
# Solubility of disordered dolomite: log10 K at 25 degC, reaction enthalpy kJ mol-1 (wateq4f.dat: -11.09 kcal).
DISORDERED_LOG_K, DISORDERED_ENTHALPY = -16.54, -11.09 * 4.184

# log10 k = a + b/T of Busenberg & Plummer (1982, Am. J. Sci. 282:45), mmol cm-2 s-1 with activities in mol L-1.
BP1_A, BP1_B = 2.12, -1880.0
BP2_A, BP2_B = -0.07, -1800.0
BP3_A, BP3_B = 0.53, -2700.0
BP4_A, BP4_B = 3.16, -2300.0


@kernel
def _arrhenius(log_k25, energy, t):
    """A constant at `t` kelvin from log10 of that at 25 degC and its activation energy or enthalpy, kJ mol-1."""
    return math.exp(LN10 * log_k25 - energy * J_PER_KJ / GAS_CONSTANT * (1.0 / t - 1.0 / T25))


@kernel
def _power(activity, order):
    """activity^order of an activity that may be zero; order 1/2 or 1 in these laws."""
    return math.exp(order * math.log(activity if not activity < ACTIVITY_MIN else ACTIVITY_MIN))


@kernel
def palandri_kharaka(x, k, mineral, saturation_index):
    """Rate of a mineral of the tables above, mol m-2 s-1.

    x   speciated water; k   constants at its temperature; saturation_index   of the mineral
    """
    t = k.temperature + ZERO_CELSIUS
    order = mineral[6]
    acid = _arrhenius(mineral[0], mineral[1], t) * _power(x.g_h * x.m_h, order)
    neutral = _arrhenius(mineral[2], mineral[3], t)
    carbonate = _arrhenius(mineral[4], mineral[5], t) * _power(x.g_co2 * x.m_co2, order)
    return (acid + neutral + carbonate) * (1.0 - math.exp(LN10 * mineral[7] * saturation_index))


@kernel
def palandri_kharaka_calcite(x, k):
    """Calcite: log k25 -0.30, -5.81, -3.48; E 14.4, 23.5, 35.4; x (1 - Omega)."""
    return palandri_kharaka(x, k, CALCITE, x.si_calcite)


@kernel
def palandri_kharaka_dolomite(x, k):
    """Ordered dolomite, mol CaMg(CO3)2: log k25 -3.76, -8.60, -5.37; E 56.7, 95.3, 45.7; x (1 - Omega^(1/2))."""
    return palandri_kharaka(x, k, DOLOMITE, x.si_dolomite)


@kernel
def si_disordered_dolomite(x, k):
    """Saturation index of disordered dolomite (log K -16.54 at 25 degC): about 0.55 below that of the ordered one."""
    solubility = _arrhenius(DISORDERED_LOG_K, DISORDERED_ENTHALPY, k.temperature + ZERO_CELSIUS)
    return x.si_dolomite + math.log(k.dolomite / solubility) / LN10


@kernel
def palandri_kharaka_disordered_dolomite(x, k):
    """Disordered dolomite: log k25 -3.19, -7.53, -5.11; E 36.1, 52.2, 34.8; x (1 - Omega^(1/2)).

    Its zero is the saturation of disordered dolomite, SI about +0.55 of the ordered one.
    """
    return palandri_kharaka(x, k, DOLOMITE_DISORDERED, si_disordered_dolomite(x, k))


@kernel
def busenberg_plummer_dolomite(x, k):
    """Dolomite below 45 degC, mol CaMg(CO3)2 m-2 s-1 (Busenberg & Plummer 1982):

    R = k1 aH^0.5 + k2 aCO2^0.5 + k3 aH2O^0.5 - k4 aHCO3

    A law for undersaturated water: its zero is where the backward term says, NOT at SI = 0.
    """
    t = k.temperature + ZERO_CELSIUS
    k1 = math.exp(LN10 * (BP1_A + BP1_B / t))
    k2 = math.exp(LN10 * (BP2_A + BP2_B / t))
    k3 = math.exp(LN10 * (BP3_A + BP3_B / t))
    k4 = math.exp(LN10 * (BP4_A + BP4_B / t))
    forward = k1 * math.sqrt(x.g_h * x.m_h) + k2 * math.sqrt(x.g_co2 * x.m_co2)
    return SI_PER_MMOL_CM2 * (forward + k3 * math.sqrt(x.water_activity) - k4 * x.g_hco3 * x.m_hco3)


@kernel
def palandri_kharaka_gypsum(x, k):
    """Gypsum: 10^-2.79 (1 - Omega) mol m-2 s-1. In nature transport is slower and controls."""
    return math.exp(LN10 * GYPSUM_LOG_K) * (1.0 - math.exp(LN10 * x.si_gypsum)) + 0.0 * k.temperature

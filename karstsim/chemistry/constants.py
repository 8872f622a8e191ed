"""Equilibrium constants as functions of temperature, and the Debye-Hueckel coefficients of water.

Two sets exist. ``PB82`` is phreeqc.dat as shipped with PHREEQC 3.7.3: the carbonate constants of Plummer & Busenberg
(1982, Geochim. Cosmochim. Acta 46:1011). ``PHREEQC386`` is phreeqc.dat of PHREEQC 3.8.6 (2024), with refitted
calcite, dolomite and gypsum, a weaker CaHCO3+ and its own activity coefficients of some species.

Each table is (A1..A6) of  log10 K = A1 + A2 T + A3/T + A4 log10 T + A5/T^2 + A6 T^2  with T in kelvin.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from karstsim.chemistry.solution import SOLUTION_DTYPE
from karstsim.core.constants import LN10, ZERO_CELSIUS
from karstsim.core.jit import kernel, lane_kernel
from karstsim.core.polynomials import cube_root, exp_small, exp_wide, log_near
from karstsim.core.spec import record_dtype


class ConstantSet(IntEnum):
    """Which thermodynamic database the constants come from."""

    PB82 = 0
    PHREEQC386 = 1


PB82 = int(ConstantSet.PB82)
PHREEQC386 = int(ConstantSet.PHREEQC386)

_R_PHREEQC = 8.3147  # J mol-1 K-1, the rounding that the databases were evaluated with
_T25 = 298.15  # K
_J_PER_KCAL = 4184.0


def _vant_hoff(log_k25: float, enthalpy_kcal: float) -> tuple[float, ...]:
    """Table of a constant given by its value at 25 degC and a constant reaction enthalpy (kcal mol-1)."""
    slope = enthalpy_kcal * _J_PER_KCAL / (LN10 * _R_PHREEQC)
    return (log_k25 + slope / _T25, 0.0, -slope, 0.0, 0.0, 0.0)


# Both sets (phreeqc.dat 3.7.3 and 3.8.6; Plummer & Busenberg 1982 for K2, aragonite, CaCO3).
HENRY = (10.5624, -2.3547e-2, -3972.8, 0.0, 5.8746e5, 1.9194e-5)  # CO2(g) = CO2
CO2_FORMATION = (464.1965, 0.09344813, -26986.16, -165.75951, 2248628.9, 0.0)  # CO3 + 2H = CO2 + H2O
K2 = (-107.8871, -0.03252849, 5151.79, 38.92561, -563713.9, 0.0)  # HCO3 = H + CO3
KW = (293.29227, 0.1360833, -10576.913, -123.73158, 0.0, -6.996455e-5)
ARAGONITE = (-171.9773, -0.077993, 2903.293, 71.595, 0.0, 0.0)
CACO3 = (-1228.732, -0.299440, 35512.75, 485.818, 0.0, 0.0)
MGHCO3_FORMATION = (48.6721, 0.03252849, -2614.335, -18.00263, 563713.9, 0.0)  # Mg + CO3 + H
MGCO3 = (0.9910, 0.00667, 0.0, 0.0, 0.0, 0.0)
CASO4 = _vant_hoff(2.25, 1.325)
HSO4 = (-56.889, 0.006473, 2307.9, 19.8858, 0.0, 0.0)
CAHSO4 = (1.08, 0.0, 0.0, 0.0, 0.0, 0.0)
CAOH = (-12.78, 0.0, 0.0, 0.0, 0.0, 0.0)  # Ca + H2O = CaOH + H
MGOH = _vant_hoff(-11.44, 15.952)
CO2_DIMER = (8.68, -0.0103, -2190.0, 0.0, 0.0, 0.0)  # 2 CO2 = (CO2)2
_ABSENT = (-99.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # a pair that the set does not know

# phreeqc.dat of PHREEQC 3.7.3.
CALCITE = (-171.9065, -0.077993, 2839.319, 71.595, 0.0, 0.0)
DOLOMITE = _vant_hoff(-17.09, -9.436)
GYPSUM = (68.2401, 0.0, -3221.51, -25.0627, 0.0, 0.0)
CAHCO3_FORMATION = (1317.0071, 0.34546894, -39916.84, -517.70761, 563713.9, 0.0)  # Ca + CO3 + H
MGSO4 = _vant_hoff(2.37, 4.55)
NAHCO3 = _vant_hoff(-0.25, -1.0)
NACO3 = _vant_hoff(1.27, 8.91)
NASO4 = _vant_hoff(0.70, 1.12)
KSO4 = (3.106, 0.0, -673.6, 0.0, 0.0, 0.0)

# phreeqc.dat of PHREEQC 3.8.6 where it differs.
CALCITE_386 = (17.118, -0.046528, -3496.0, 0.0, 0.0, 0.0)
DOLOMITE_386 = (31.283, -0.0898, -6438.0, 0.0, 0.0, 0.0)
GYPSUM_386 = (93.7, 5.99e-3, -4e3, -35.019, 0.0, 0.0)
CAHCO3_FORMATION_386 = (-6.009, 3.377e-2, 2044.0, 0.0, 0.0, 0.0)
MGSO4_386 = (0.0, 9.64e-3, -136.0, 0.0, 0.0, 0.0)
NAHCO3_386 = _vant_hoff(-0.06, 21.0 / 4.184)
NASO4_386 = (255.903, 0.10057, 0.0, -1.11138e2, -8.5983e5, 0.0)
KSO4_386 = (-3.0246, 9.986e-3, 0.0, 0.0, 1.093e5, 0.0)
MGSO42_386 = (0.0, -1.51e-3, 0.0, 0.0, 8.604e4, 0.0)  # MgSO4 + SO4 = Mg(SO4)2
HCL_386 = (0.334, -2.684e-3, 1.015, 0.0, 0.0, 0.0)  # H + Cl = HCl
KHCO3_386 = _vant_hoff(-0.35, 12.0 / 4.184)


def _product(*tables: tuple[float, ...]) -> tuple[float, ...]:
    """Table of the product of constants: the sum of their logarithms."""
    return tuple(sum(column) for column in zip(*tables, strict=True))


def _reciprocal(table: tuple[float, ...]) -> tuple[float, ...]:
    """Table of 1/K."""
    return tuple(-a for a in table)


# Every constant as one table, by the names of CONSTANTS_DTYPE: rows of EQUILIBRIUM_TABLES, for solvers in lanes.
_TABLES = {
    "kh": (HENRY, HENRY),
    "k1": (_reciprocal(_product(CO2_FORMATION, K2)),) * 2,
    "k2": (K2, K2),
    "kw": (KW, KW),
    "calcite": (CALCITE, CALCITE_386),
    "aragonite": (ARAGONITE, ARAGONITE),
    "dolomite": (DOLOMITE, DOLOMITE_386),
    "gypsum": (GYPSUM, GYPSUM_386),
    "cahco3": (_product(CAHCO3_FORMATION, K2), _product(CAHCO3_FORMATION_386, K2)),
    "caco3": (CACO3, CACO3),
    "mghco3": (_product(MGHCO3_FORMATION, K2),) * 2,
    "mgco3": (MGCO3, MGCO3),
    "nahco3": (NAHCO3, NAHCO3_386),
    "naco3": (NACO3, _ABSENT),
    "khco3": (_ABSENT, KHCO3_386),
    "caso4": (CASO4, CASO4),
    "mgso4": (MGSO4, MGSO4_386),
    "mgso42": (_ABSENT, MGSO42_386),
    "naso4": (NASO4, NASO4_386),
    "kso4": (KSO4, KSO4_386),
    "hso4": (HSO4, HSO4),
    "cahso4": (CAHSO4, CAHSO4),
    "caoh": (CAOH, CAOH),
    "mgoh": (MGOH, MGOH),
    "dimer": (CO2_DIMER, CO2_DIMER),
    "hcl": (_ABSENT, HCL_386),
}
EQUILIBRIA = tuple(_TABLES)
EQUILIBRIUM_TABLES = np.array([[_TABLES[name][s] for name in EQUILIBRIA] for s in (PB82, PHREEQC386)])
# The same as (set, coefficient, constant): constants side by side, for a loop that becomes vector instructions. Zeros
# fill the last register.
WIDE = 28
SIDE_BY_SIDE = np.zeros((2, 6, WIDE))
SIDE_BY_SIDE[:, :, : len(EQUILIBRIA)] = EQUILIBRIUM_TABLES.transpose(0, 2, 1)

# Activity coefficients that differ between the sets: coefficient b of neutral species, a and b of ions.
B_NEUTRAL = 0.1
B_CO2_386 = 0.066
B_NAHCO3_386 = 0.2
B_MGSO4_386 = 0.2
B_KHCO3_386 = 0.0094
B_HCL_386 = 0.4256
A_NASO4 = 5.4
A_NASO4_386 = 5.5
B_KSO4_386 = 0.19

# Dielectric constant of water (Bradley & Pitzer 1979, J. Phys. Chem. 83:1599).
U1, U2, U3 = 342.79, -5.0866e-3, 9.4690e-7
U4, U5, U6 = -2.0525, 3115.9, -182.89
U7, U8, U9 = -8032.5, 4.2142e6, 2.1417
_P_REFERENCE = 1000.0  # bar, of the same equation
_P_WATER = 1.01325  # bar

# Density of saturated liquid water (Wagner & Pruss 2002, J. Phys. Chem. Ref. Data 31:387, eq. 2.6).
T_CRITICAL = 647.096  # K
RHO_CRITICAL = 0.322  # kg L-1
W1, W2, W3, W4, W5, W6 = 1.99274064, 1.09965342, -0.510839303, -1.75493479, -45.5170352, -6.74694450e5
# Its increase from saturation to 1 atm, kg L-1, a polynomial in degC (as in PHREEQC; compressibility of water).
P0, P1, P2, P3, P4 = 5.1880000e-5, -4.1885519e-7, 6.6780748e-9, -3.6648699e-11, 8.3501912e-14

REFERENCE_T = 320.0  # K, middle of the range of `log10_kelvin`
LN_REFERENCE_T = math.log(REFERENCE_T)
DH_A = 1.8248664e6  # log10 Debye-Hueckel coefficient (Truesdell & Jones 1974; fundamental constants as in PHREEQC)
DH_B = 50.291924  # per Angstrom, same source

_NAMES = (
    "temperature",
    "constant_set",
    "ready",
    *EQUILIBRIA,
    *[
        "dh_a",
        "dh_b",
        "dielectric",
        "density",
        "b_co2",
        "b_nahco3",
        "b_khco3",
        "b_mgso4",
        "a_naso4",
        "b_kso4",
        "tracers",
    ],
)
# With room for a second water of this temperature: some problems solve two side by side (processes/joint_dissolution).
CONSTANTS_DTYPE = record_dtype(
    [(name, "f8") for name in _NAMES] + [("side_by_side", (np.float64, (WIDE,))), ("second", SOLUTION_DTYPE)]
)


@lane_kernel
def log10_kelvin(t):
    """log10 of a temperature of 225 to 450 K."""
    return (LN_REFERENCE_T + log_near(t * (1.0 / REFERENCE_T))) * (1.0 / LN10)


@lane_kernel
def water_density(t):
    """Density of liquid water at 1 atm, kg L-1, at `t` kelvin.

    Saturated liquid (Wagner & Pruss 2002, eq. 2.6) plus the compression from saturation to 1 atm.
    """
    tau = 1.0 - t / T_CRITICAL
    third = cube_root(tau)
    third2 = third * third
    tau5 = third2 * third2 * third  # tau^(5/3)
    tau16 = tau5 * tau5 * tau5 * third  # tau^(16/3)
    tau43 = tau16 * tau16 * tau5 * tau5 * third  # tau^(43/3)
    tau110 = tau43 * tau43 * tau16 * tau5 * third2 * third  # tau^(110/3)
    saturated = 1.0 + W1 * third + W2 * third2 + W3 * tau5 + W4 * tau16 + W5 * tau43 + W6 * tau110
    tc = t - ZERO_CELSIUS
    compression = P0 + tc * (P1 + tc * (P2 + tc * (P3 + tc * P4)))
    return RHO_CRITICAL * saturated + compression


@lane_kernel
def water_dielectric(t):
    """Relative permittivity of water at 1 atm and `t` kelvin (Bradley & Pitzer 1979)."""
    c = U4 + U5 / (U6 + t)
    b = U7 + U8 / t + U9 * t
    return U1 * exp_small(U2 * t + U3 * t * t) + c * log_near((b + _P_WATER) / (b + _P_REFERENCE))


@lane_kernel
def debye_hueckel(t, density, dielectric):
    """Debye-Hueckel coefficients A (log10 form) and B (per Angstrom) of water (Truesdell & Jones 1974).

    t kelvin; density kg L-1; dielectric constant relative
    """
    et = dielectric * t
    root_density, root_et = math.sqrt(density), math.sqrt(et)
    return DH_A * root_density / (et * root_et), DH_B * root_density / root_et


@kernel
def set_temperature(k, temperature, constant_set):
    """Fill the constants record `k` for a temperature (degC) and a `ConstantSet`.

    Returns at once when `k` already holds them. A zeroed record is never ready. Valid 0 to 50 degC.
    Source: the tables above; Debye-Hueckel A, B from density and permittivity (Truesdell & Jones 1974).
    """
    if k.ready == 1.0 and k.temperature == temperature and k.constant_set == constant_set:
        return
    t = temperature + ZERO_CELSIUS
    _set_equilibria(k, t, 1.0 / t, log10_kelvin(t), PHREEQC386 if constant_set == PHREEQC386 else PB82)
    k.density = water_density(t)
    k.dielectric = water_dielectric(t)
    k.dh_a, k.dh_b = debye_hueckel(t, k.density, k.dielectric)
    if constant_set == PHREEQC386:
        k.b_co2, k.b_nahco3, k.b_khco3 = B_CO2_386, B_NAHCO3_386, B_KHCO3_386
        k.b_mgso4, k.a_naso4, k.b_kso4 = B_MGSO4_386, A_NASO4_386, B_KSO4_386
    else:
        k.b_co2, k.b_nahco3, k.b_khco3 = B_NEUTRAL, B_NEUTRAL, B_NEUTRAL
        k.b_mgso4, k.a_naso4, k.b_kso4 = B_NEUTRAL, A_NASO4, 0.0
    k.temperature = temperature
    k.constant_set = constant_set
    k.ready = 1.0


@kernel
def _set_equilibria(k, t, per_t, t_log, which):
    """All equilibrium constants at `t` kelvin, `t_log` = log10 t, within 2e-12; pairs that the set does not know: 0."""
    a1, a2, a3 = SIDE_BY_SIDE[which, 0], SIDE_BY_SIDE[which, 1], SIDE_BY_SIDE[which, 2]
    a4, a5, a6 = SIDE_BY_SIDE[which, 3], SIDE_BY_SIDE[which, 4], SIDE_BY_SIDE[which, 5]
    v = k.side_by_side
    for j in range(WIDE):
        log_k = a1[j] + a2[j] * t + (a3[j] + a5[j] * per_t) * per_t + a4[j] * t_log + a6[j] * t * t
        v[j] = exp_wide(LN10 * log_k)
    k.kh, k.k1, k.k2, k.kw = v[0], v[1], v[2], v[3]
    k.calcite, k.aragonite, k.dolomite, k.gypsum = v[4], v[5], v[6], v[7]
    k.cahco3, k.caco3, k.mghco3, k.mgco3, k.nahco3, k.naco3 = v[8], v[9], v[10], v[11], v[12], v[13]
    k.khco3, k.caso4, k.mgso4, k.mgso42, k.naso4, k.kso4 = v[14], v[15], v[16], v[17], v[18], v[19]
    k.hso4, k.cahso4, k.caoh, k.mgoh, k.dimer, k.hcl = v[20], v[21], v[22], v[23], v[24], v[25]
    if which == PHREEQC386:
        k.naco3 = 0.0
    else:
        k.khco3, k.mgso42, k.hcl = 0.0, 0.0, 0.0

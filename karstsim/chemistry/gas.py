"""Gas exchange of CO2 between water and air: transfer velocities, chemical enhancement, hydration, fugacity."""

from __future__ import annotations

import math
from enum import IntEnum

from karstsim.core.constants import LN10, ZERO_CELSIUS
from karstsim.core.jit import kernel


class K600Law(IntEnum):
    """Which law gives the gas transfer velocity at a Schmidt number of 600."""

    RAYMOND2012_EQ1 = 0
    RAYMOND2012_EQ5 = 1
    COLE_CARACO1998 = 2
    VACHON_PRAIRIE2013 = 3


class HydrationLaw(IntEnum):
    """Whose rate constant of CO2 + H2O -> H+ + HCO3- is used; they differ by 40 % at 25 degC."""

    JOHNSON1982 = 0
    USDOWSKI1982 = 1


RAYMOND2012_EQ1 = int(K600Law.RAYMOND2012_EQ1)
RAYMOND2012_EQ5 = int(K600Law.RAYMOND2012_EQ5)
COLE_CARACO1998 = int(K600Law.COLE_CARACO1998)
VACHON_PRAIRIE2013 = int(K600Law.VACHON_PRAIRIE2013)
JOHNSON1982 = int(HydrationLaw.JOHNSON1982)
USDOWSKI1982 = int(HydrationLaw.USDOWSKI1982)

M_PER_D_PER_CM_PER_H = 0.24
SCHMIDT_REFERENCE = 600.0
CALM_WIND = 3.7  # m s-1; below it the surface is smooth (design notes 6.2)
EXPONENT_ROUGH, EXPONENT_SMOOTH = -0.5, -2.0 / 3.0
SCHMIDT_MIN = 1.0
SCHMIDT_WARMEST = 40.0  # degC, end of the fits, which turn beyond it (CO2 at 50 degC twice what it is)
POSITIVE_MIN = 1e-12  # of velocities, slopes, depths under a logarithm

# Schmidt number of CO2 in fresh water, Wanninkhof (2014, Limnol. Oceanogr. Methods 12:351). It replaces the cubic of
# Wanninkhof (1992): within 2.2 % of it from 0 to 30 degC, 23 % above it at 35 degC, where the cubic falls away.
SC0, SC1, SC2, SC3, SC4 = 1923.6, -125.06, 4.3773, -0.085681, 0.00070284
# The same of O2 (recalled; its ratio to the sea-water column is that of CO2 within 0.2 %).
SO0, SO1, SO2, SO3, SO4 = 1745.1, -124.34, 4.8055, -0.10115, 0.00086842
# Solubility of O2 in fresh water under 1 atm of moist air, ln(mL/L): Garcia & Gordon (1992, Limnol. Oceanogr. 37:1307)
# through the data of Benson & Krause; vapour pressure of water, log10(mmHg), after Antoine.
GG0, GG1, GG2, GG3, GG4, GG5 = 2.00907, 3.22014, 4.05010, 4.94457, -0.256847, 3.88767
GG_REFERENCE = 298.15  # K
VAPOUR_A, VAPOUR_B, VAPOUR_C = 8.10765, 1750.286, 235.0
MMHG_PER_ATM = 760.0
O2_MOL_PER_M3_PER_ML_PER_L = 1.42905 / 31.998  # gas density g L-1 over molar mass
# Raymond et al. (2012, Limnol. Oceanogr. Fluids Environ. 2:41), Table 2.
R1_SCALE, R1_US, R1_D = 5037.0, 0.89, 0.54
R5_SLOPE, R5_INTERCEPT = 2841.0, 2.02
# Cole & Caraco (1998, Limnol. Oceanogr. 43:647), cm h-1.
CC_INTERCEPT, CC_SCALE, CC_EXPONENT = 2.07, 0.215, 1.7
# Vachon & Prairie (2013, Can. J. Fish. Aquat. Sci. 70:1757), cm h-1, area in km2.
VP_INTERCEPT, VP_WIND, VP_AREA = 2.51, 1.48, 0.39

# CO2 + H2O, ln k = a + b/T + c ln T: Johnson (1982, Limnol. Oceanogr. 27:849).
J_A, J_B, J_C = 1246.98, -6.19e4, -183.0
# The same, log10 k = a + b log10 T + c/T: Usdowski (1982), in Kaufmann & Dreybrodt (2007), Table 1.
U_A, U_B, U_C = 329.850, -110.54, -17265.4
# CO2 + OH-, log10 k = a + b/T: Kaufmann & Dreybrodt (2007, Geochim. Cosmochim. Acta 71:1398), Table 1.
OH_A, OH_B = 13.635, -2895.0  # L mol-1 s-1
# Diffusion coefficient of CO2: 1.0e-9 m2 s-1 at 10 degC, +2.6 % per K (design notes 4.4).
D_10, D_WARMING, D_REFERENCE_T = 1.0e-9, 0.026, 10.0
SERIES_LIMIT = 1e-4  # below it tanh(z)/z is 1 - z^2/3
TANH_ONE = 20.0  # above it tanh is 1

# Peng & Robinson (1976, Ind. Eng. Chem. Fundam. 15:59) for CO2.
PR_TC, PR_PC, PR_OMEGA = 304.2, 72.86, 0.225  # K, atm, acentric factor
PR_A, PR_B = 0.457235, 0.077796
PR_KAPPA = 0.37464 + 1.54226 * PR_OMEGA - 0.26992 * PR_OMEGA * PR_OMEGA
SQRT2 = math.sqrt(2.0)
PR_ITERATIONS = 30
PR_TOLERANCE = 1e-12
PR_HIGHEST = 30.0  # atm
PRESSURE_TOLERANCE = 1e-4  # of the last step; what is left is of the order of its square


@kernel
def schmidt_co2(temperature):
    """Schmidt number of CO2 in fresh water at `temperature` degC (Wanninkhof 2014; 600 at 20 degC).

    -2 to 40 degC; above it that of 40 degC.
    """
    t = temperature if not temperature > SCHMIDT_WARMEST else SCHMIDT_WARMEST
    sc = SC0 + t * (SC1 + t * (SC2 + t * (SC3 + t * SC4)))
    return sc if not sc < SCHMIDT_MIN else SCHMIDT_MIN


@kernel
def schmidt_o2(temperature):
    """Schmidt number of O2 in fresh water at `temperature` degC (Wanninkhof 2014; 510 at 20 degC).

    -2 to 40 degC; above it that of 40 degC.
    """
    t = temperature if not temperature > SCHMIDT_WARMEST else SCHMIDT_WARMEST
    sc = SO0 + t * (SO1 + t * (SO2 + t * (SO3 + t * SO4)))
    return sc if not sc < SCHMIDT_MIN else SCHMIDT_MIN


@kernel
def oxygen_saturation(temperature, pressure):
    """O2 in fresh water in equilibrium with moist air, mol m-3 (Garcia & Gordon 1992; 0.284 at 20 degC and 1 atm).

    temperature  degC, 0 to 40; pressure  of the air, atm
    """
    s = math.log(_positive(GG_REFERENCE - temperature) / (ZERO_CELSIUS + temperature))
    ln_c = GG0 + s * (GG1 + s * (GG2 + s * (GG3 + s * (GG4 + s * GG5))))
    vapour = math.exp(LN10 * (VAPOUR_A - VAPOUR_B / (VAPOUR_C + temperature))) / MMHG_PER_ATM
    return O2_MOL_PER_M3_PER_ML_PER_L * math.exp(ln_c) * max(pressure - vapour, 0.0) / (1.0 - vapour)


@kernel
def diffusion_co2(temperature):
    """Diffusion coefficient of CO2 in water, m2 s-1: 1.0e-9 exp(0.026 (T - 10)), T in degC (design notes 4.4)."""
    return D_10 * math.exp(D_WARMING * (temperature - D_REFERENCE_T))


@kernel
def _positive(value):
    """`value`, at least a tiny positive number; NaN stays NaN."""
    return value if not value < POSITIVE_MIN else POSITIVE_MIN


@kernel
def k600_raymond2012_eq1(velocity, slope, depth):
    """k600 of a stream, m d-1:  5037 (U S)^0.89 D^0.54  (Raymond et al. 2012, eq. 1).

    velocity U m s-1; slope S m m-1; depth D m
    """
    return R1_SCALE * math.exp(
        R1_US * math.log(_positive(velocity * slope)) + R1_D * math.log(_positive(depth))
    )


@kernel
def k600_raymond2012_eq5(velocity, slope):
    """k600 of a stream, m d-1:  2841 U S + 2.02  (Raymond et al. 2012, eq. 5); U m s-1, S m m-1."""
    return R5_SLOPE * velocity * slope + R5_INTERCEPT


@kernel
def k600_cole_caraco1998(wind):
    """k600 of standing water, m d-1:  2.07 + 0.215 u10^1.7 cm h-1  (Cole & Caraco 1998); `wind` u10 m s-1."""
    return M_PER_D_PER_CM_PER_H * (
        CC_INTERCEPT + CC_SCALE * math.exp(CC_EXPONENT * math.log(_positive(wind)))
    )


@kernel
def k600_vachon_prairie2013(wind, area):
    """k600 of a lake, m d-1:  2.51 + 1.48 u10 + 0.39 u10 log10(area) cm h-1  (Vachon & Prairie 2013).

    wind u10 m s-1; area km2. Not below the calm-water value 2.51 cm h-1 (ponds under 1.6e-4 km2).
    """
    growth = wind * (VP_WIND + VP_AREA * math.log(_positive(area)) / LN10)
    return M_PER_D_PER_CM_PER_H * (VP_INTERCEPT + (growth if not growth < 0.0 else 0.0))


@kernel
def k600(law, velocity, slope, depth, wind, area):
    """k600 (m d-1) by a `K600Law`.

    velocity m s-1, slope m m-1, depth m (streams); wind u10 m s-1, area km2 (lakes)
    """
    if law == RAYMOND2012_EQ1:
        return k600_raymond2012_eq1(velocity, slope, depth)
    if law == RAYMOND2012_EQ5:
        return k600_raymond2012_eq5(velocity, slope)
    if law == COLE_CARACO1998:
        return k600_cole_caraco1998(wind)
    return k600_vachon_prairie2013(wind, area)


@kernel
def schmidt_exponent(law, wind):
    """Exponent of the Schmidt number: -2/3 on standing water below 3.7 m s-1 of wind, else -1/2 (design notes 6.2)."""
    if law >= COLE_CARACO1998 and wind < CALM_WIND:
        return EXPONENT_SMOOTH
    return EXPONENT_ROUGH


@kernel
def gas_transfer_velocity(k600_value, schmidt, exponent):
    """Transfer velocity of a gas, in the unit of k600:  k = k600 (Sc/600)^exponent  (Jaehne et al. 1987)."""
    if exponent == EXPONENT_ROUGH:
        return k600_value * math.sqrt(SCHMIDT_REFERENCE / _positive(schmidt))
    return k600_value * math.exp(exponent * math.log(_positive(schmidt) / SCHMIDT_REFERENCE))


@kernel
def hydration_johnson1982(temperature):
    """CO2 + H2O -> H+ + HCO3-, s-1:  ln k = 1246.98 - 6.19e4/T - 183.0 ln T  (Johnson 1982; 0.037 at 25 degC).

    temperature  degC, 0 to 40
    """
    t = temperature + ZERO_CELSIUS
    return math.exp(J_A + J_B / t + J_C * math.log(_positive(t)))


@kernel
def hydration_usdowski1982(temperature):
    """CO2 + H2O -> H+ + HCO3-, s-1:  log10 k = 329.850 - 110.54 log10 T - 17265.4/T  (Usdowski 1982).

    temperature  degC, 0 to 50; 0.0067 s-1 at 10 degC, 0.026 s-1 at 25 degC
    """
    t = temperature + ZERO_CELSIUS
    return math.exp(LN10 * (U_A + U_C / t) + U_B * math.log(_positive(t)))


@kernel
def hydration_rate(temperature, law=JOHNSON1982):
    """CO2 + H2O -> H+ + HCO3-, s-1, at `temperature` degC by a `HydrationLaw`."""
    if law == USDOWSKI1982:
        return hydration_usdowski1982(temperature)
    return hydration_johnson1982(temperature)


@kernel
def hydroxylation_rate(temperature):
    """CO2 + OH- -> HCO3-, L mol-1 s-1:  log10 k = 13.635 - 2895/T  (Kaufmann & Dreybrodt 2007; 8.4e3 at 25 degC)."""
    return math.exp(LN10 * (OH_A + OH_B / (temperature + ZERO_CELSIUS)))


@kernel
def back_rates(hydration, hydroxylation, k1, kw):
    """Rate constants of the reverse reactions by detailed balance, so that equilibrium is exactly at rest.

    HCO3- + H+ -> CO2 + H2O   k_CO2/K1       L mol-1 s-1   (Johnson 1982: 7.6e4 at 25 degC)
    HCO3- -> CO2 + OH-        k_OH Kw/K1     s-1           (Johnson 1982: 1.8e-4 at 25 degC)

    hydration      s-1 (`hydration_rate`); hydroxylation  L mol-1 s-1 (`hydroxylation_rate`)
    k1, kw         constants of the same water (``k.k1``, ``k.kw``)
    """
    return hydration / k1, hydroxylation * kw / k1


@kernel
def chemical_enhancement(h, k1, k2, oh, transfer_velocity, temperature, ca_factor, law=JOHNSON1982):
    """Factor by which the reactions of CO2 speed up its exchange (Hoover & Berkshire 1969, J. Geophys. Res. 74:456).

    E = tau/((tau - 1) + tanh(Q)/Q),  tau = 1 + h^2/(k1 k2 + k1 h),  Q = (D/k) sqrt(r tau/D),  r = k_CO2 f_CA + k_OH OH

    h                  10^-pH
    k1, k2             dissociation constants of carbonic acid in the same convention (``x.c_k1``, ``x.c_k2``)
    oh                 OH- molality, mol kgw-1 (``c_kw/h``)
    transfer_velocity  k without enhancement, m s-1
    temperature        degC
    ca_factor          carbonic-anhydrase factor on hydration, >= 1
    law                `HydrationLaw` of k_CO2
    returns E >= 1; near 1 below pH 8. The reverse reactions are in tau: the film is near equilibrium far from the air.
    """
    d = diffusion_co2(temperature)
    tau = 1.0 + h * h / (k1 * k2 + k1 * h)
    r = hydration_rate(temperature, law) * ca_factor + hydroxylation_rate(temperature) * oh
    film = d / _positive(transfer_velocity)
    q = film * math.sqrt(_positive(r * tau / d))
    return tau / (tau - 1.0 + _tanh_ratio(q))


@kernel
def _tanh_ratio(q):
    """tanh(q)/q for q >= 0, without loss near zero."""
    if q < SERIES_LIMIT:
        return 1.0 - q * q / 3.0
    if q > TANH_ONE:
        return 1.0 / q
    return math.tanh(q) / q


@kernel
def _ln_fugacity_coefficient(temperature, pressure):
    """ln of the fugacity coefficient of CO2 gas (Peng & Robinson 1976); `temperature` degC, `pressure` atm.

    Gas root by Newton from the ideal gas. Valid to a few atm; above PR_HIGHEST the value there.
    """
    t = temperature + ZERO_CELSIUS
    root_alpha = 1.0 + PR_KAPPA * (1.0 - math.sqrt(_positive(t) / PR_TC))
    reduced = (min(pressure, PR_HIGHEST) / PR_PC) / (t / PR_TC)
    b = PR_B * reduced
    a = PR_A * root_alpha * root_alpha * reduced / (t / PR_TC)
    if not b > 0.0:
        return 0.0 * b
    z = 1.0
    for _ in range(PR_ITERATIONS):
        f = ((z - (1.0 - b)) * z + (a - 3.0 * b * b - 2.0 * b)) * z - (a * b - b * b - b * b * b)
        slope = (3.0 * z - 2.0 * (1.0 - b)) * z + (a - 3.0 * b * b - 2.0 * b)
        step = f / slope if slope > 0.0 else 0.0
        z -= step
        if not math.fabs(step) > PR_TOLERANCE:
            break
    spread = math.log((z + (1.0 + SQRT2) * b) / (z + (1.0 - SQRT2) * b))
    return z - 1.0 - math.log(_positive(z - b)) - a / (2.0 * SQRT2 * b) * spread


@kernel
def fugacity_coefficient_co2(temperature, pressure):
    """Fugacity coefficient of CO2 gas at its partial pressure, from the Peng-Robinson equation of state.

    temperature  degC; pressure  atm, valid to a few atm.
    """
    return math.exp(_ln_fugacity_coefficient(temperature, pressure))


@kernel
def co2_pressure(temperature, fugacity):
    """Partial pressure (atm) of CO2 with this fugacity (atm) at `temperature` degC: the root of p phi(p) = f.

    Newton in ln p with d ln phi/d ln p = ln phi, which holds at low pressure.
    """
    p = fugacity
    if not fugacity > 0.0:
        return p
    for _ in range(PR_ITERATIONS):
        ln_phi = _ln_fugacity_coefficient(temperature, p)
        step = (math.log(fugacity / p) - ln_phi) / _positive(1.0 + ln_phi)
        p *= math.exp(step)
        if not math.fabs(step) > PRESSURE_TOLERANCE:
            break
    return p

"""Carbon isotopes: equilibrium and kinetic fractionation of 13C, and 14C as twice 13C.

A fractionation factor is alpha(A-B) = R_A/R_B with R = 13C/12C, its enrichment is epsilon = 1000 (alpha - 1) permil,
and delta values are permil against VPDB, so  delta_A = alpha (delta_B + 1000) - 1000.

Species take part as three groups: CO2 with its dimer, HCO3- with its pairs (CaHCO3+, MgHCO3+, NaHCO3, KHCO3), CO3--
with its pairs (CaCO3, MgCO3, NaCO3-). A mixture is the mean of the deltas weighted by carbon; against exact weights by
12C that errs by less than 0.003 permil for deltas 30 permil apart.

Calcite that dissolves hands on its own ratio (congruent): that is `mix_delta`, and needs no factor.
"""

from __future__ import annotations

import math
from enum import IntEnum

from karstsim.core.constants import DAYS_PER_YEAR, ZERO_CELSIUS
from karstsim.core.jit import kernel


class FractionationSet(IntEnum):
    """Whose factors between CO2 gas and the dissolved species are used."""

    ZHANG1995 = 0
    MOOK1974 = 1  # with Vogel et al. (1970) for CO2(aq) and Mook (2000) for CO3--
    DEINES1974 = 2


class CalciteLaw(IntEnum):
    """Whose fractionation between calcite and HCO3- is used."""

    ROMANEK1992 = 0
    MOOK2000 = 1
    DEINES1974 = 2


class CarbonSpecies(IntEnum):
    """Where a delta value is known."""

    GAS = 0
    CO2 = 1
    HCO3 = 2
    CO3 = 3


ZHANG1995 = int(FractionationSet.ZHANG1995)
MOOK1974 = int(FractionationSet.MOOK1974)
DEINES1974 = int(FractionationSet.DEINES1974)
CALCITE_MOOK2000 = int(CalciteLaw.MOOK2000)
CALCITE_DEINES1974 = int(CalciteLaw.DEINES1974)
GAS, CO2, HCO3 = int(CarbonSpecies.GAS), int(CarbonSpecies.CO2), int(CarbonSpecies.HCO3)

PERMIL = 1000.0
# 13C/12C of VPDB: Zhang, Chang & Li (1990), recommended by IUPAC (Brand et al. 2014, Pure Appl. Chem. 86:425) over
# Craig's 0.0112372 (1957, of the lost PDB). Only amounts of 13C see it (0.5 %); deltas and epsilons do not.
R_VPDB = 0.011180

# epsilon against CO2 gas = a + b tc, degC: Zhang, Quay & Wilbur (1995, Geochim. Cosmochim. Acta 59:107), 5-25 degC.
Z_CO2_A, Z_CO2_B = -1.31, 0.0049
Z_HCO3_A, Z_HCO3_B = 10.78, -0.1141
Z_CO3_A, Z_CO3_B = 7.22, -0.052
# epsilon = a + b/T, K.
V_CO2_A, V_CO2_B = 0.19, -373.0  # CO2(aq)-CO2(g), Vogel, Grootes & Mook (1970, Z. Phys. 230:225), 0-60 degC
M_HCO3_A, M_HCO3_B = (
    -23.89,
    9483.0,
)  # HCO3-CO2(g), Mook, Bommerson & Staverman (1974, EPSL 22:169), 5-125 degC
M_CO3_A, M_CO3_B = 2.52, -867.0  # CO3-HCO3, Mook (2000, IHP-V 39, vol. 1)
M_CALCITE_A, M_CALCITE_B = 15.10, -4232.0  # calcite-HCO3, the same
# 1000 ln alpha against CO2 gas = a + b/T^2, K: Deines, Langmuir & Harmon (1974, Geochim. Cosmochim. Acta 38:1147).
D_CO2_A, D_CO2_B = -0.91, 6300.0
D_HCO3_A, D_HCO3_B = -4.54, 1.099e6
D_CO3_A, D_CO3_B = -3.4, 0.87e6
D_CALCITE_A, D_CALCITE_B = -3.63, 1.194e6
# Romanek, Grossman & Morse (1992, Geochim. Cosmochim. Acta 56:419), 10-40 degC.
R_CALCITE_HCO3, R_ARAGONITE_HCO3 = 1.0, 2.7  # +-0.2, +-0.6 permil, no temperature dependence
R_CALCITE_GAS_A, R_ARAGONITE_GAS_A = 11.98, 13.88
R_CALCITE_GAS_B, R_ARAGONITE_GAS_B = -0.12, -0.13

ALPHA_GAS_TRANSFER = 0.99919  # CO2 through a water surface at 21 degC, both ways (Zhang et al. 1995)
EPSILON_HYDRATION = (
    -13.0
)  # CO2 + H2O; O'Leary et al. (1992, Plant Cell Environ. 15:1099); -6.9 in Marlier & O'Leary
EPSILON_HYDROXYLATION = -11.0  # CO2 + OH-; Siegenthaler & Muennich (1981), in Zeebe & Wolf-Gladrow (2001)
ALPHA_SOIL_DIFFUSION = 1.0044  # 12CO2 over 13CO2 diffusing in air; Cerling (1984, EPSL 71:229)
EPSILON_PHOTOSYNTHESIS_CO2 = -20.0  # phytoplankton from CO2(aq), -10 to -25 (design notes 7)
EPSILON_PHOTOSYNTHESIS_HCO3 = -11.5  # users of HCO3-, -10 to -13 (design notes 7)
TINY = 1e-300

MEAN_LIFE_14C = 8267.0  # years, half-life 5730 (Godwin 1962, Nature 195:984), as in Stuiver & Polach (1977)
LIBBY_MEAN_LIFE = (
    8033.0  # years, of conventional ages by definition (Stuiver & Polach 1977, Radiocarbon 19:355)
)
DECAY_PER_YEAR = 1.0 / MEAN_LIFE_14C
DECAY_PER_DAY = DECAY_PER_YEAR / DAYS_PER_YEAR
NORMAL_DELTA = -25.0  # permil, to which 14C activities are normalised (Stuiver & Polach 1977)
NORMAL_RATIO = 1.0 + NORMAL_DELTA / PERMIL
YEAR_OF_STANDARD = 1950.0


# ------------------------------------------------------------------------------------------ deltas, ratios, mixtures


@kernel
def delta_to_ratio(delta):
    """13C/12C of a delta value (permil VPDB):  R = R_VPDB (1 + delta/1000)."""
    return R_VPDB * (1.0 + delta / PERMIL)


@kernel
def ratio_to_delta(ratio):
    """Delta value (permil VPDB) of 13C/12C:  delta = 1000 (R/R_VPDB - 1)."""
    return PERMIL * (ratio / R_VPDB - 1.0)


@kernel
def delta_to_fraction(delta):
    """13C as a share of all stable carbon:  R/(1 + R); `delta` permil VPDB."""
    ratio = delta_to_ratio(delta)
    return ratio / (1.0 + ratio)


@kernel
def epsilon_to_alpha(epsilon):
    """Fractionation factor of an enrichment in permil:  alpha = 1 + epsilon/1000."""
    return 1.0 + epsilon / PERMIL


@kernel
def alpha_to_epsilon(alpha):
    """Enrichment in permil of a fractionation factor:  epsilon = 1000 (alpha - 1)."""
    return PERMIL * (alpha - 1.0)


@kernel
def fractionate(delta, alpha):
    """Delta of A from delta of B (permil) and alpha(A-B):  alpha (delta_B + 1000) - 1000; divide alpha to go back."""
    return alpha * (delta + PERMIL) - PERMIL


@kernel
def mix_delta(amount_a, delta_a, amount_b, delta_b):
    """Delta (permil) of two carbons together, weighted by amount (one unit, >= 0); also of rock that dissolves.

    (m_a delta_a + m_b delta_b)/(m_a + m_b); 0 where there is no carbon.
    """
    total = amount_a + amount_b
    if total == 0.0:
        return 0.0
    return (amount_a * delta_a + amount_b * delta_b) / total


@kernel
def rayleigh(delta, fraction_left, alpha):
    """Delta (permil) of what is left when a product with alpha(product-reservoir) is drawn off continuously.

    delta_f = (delta_0 + 1000) f^(alpha - 1) - 1000                                           (Rayleigh 1902)

    delta          of the reservoir at the beginning, permil
    fraction_left  f, share of the reservoir's carbon that is left, 0 < f <= 1
    """
    f = fraction_left if not fraction_left < TINY else TINY
    return (delta + PERMIL) * math.exp((alpha - 1.0) * math.log(f)) - PERMIL


@kernel
def rayleigh_product(delta, fraction_left, alpha):
    """Delta (permil) of all product drawn off so far; the same arguments as `rayleigh`. At f = 1 the first product.

    By mass balance:  (delta_0 - f delta_f)/(1 - f)
    """
    drawn = 1.0 - fraction_left
    if not drawn > 0.0:
        return fractionate(delta, alpha) + 0.0 * drawn
    left = rayleigh(delta, fraction_left, alpha)
    return (delta - fraction_left * left) / drawn


# --------------------------------------------------------------------------------------------------- equilibrium


@kernel
def alpha_co2(law, temperature):
    """alpha CO2(aq)-CO2(g) at `temperature` degC by a `FractionationSet`.

    epsilon = -1.31 + 0.0049 tc           Zhang et al. (1995), 5-25 degC
    epsilon = 0.19 - 373/T                Vogel et al. (1970), 0-60 degC
    1000 ln alpha = -0.91 + 6300/T^2      Deines et al. (1974)
    """
    t = temperature + ZERO_CELSIUS
    if law == MOOK1974:
        return epsilon_to_alpha(V_CO2_A + V_CO2_B / t)
    if law == DEINES1974:
        return math.exp((D_CO2_A + D_CO2_B / (t * t)) / PERMIL)
    return epsilon_to_alpha(Z_CO2_A + Z_CO2_B * temperature)


@kernel
def alpha_hco3(law, temperature):
    """alpha HCO3(-)-CO2(g) at `temperature` degC by a `FractionationSet`.

    epsilon = 10.78 - 0.1141 tc           Zhang et al. (1995), 5-25 degC
    epsilon = 9483/T - 23.89              Mook et al. (1974), 5-125 degC
    1000 ln alpha = -4.54 + 1.099e6/T^2   Deines et al. (1974)
    """
    t = temperature + ZERO_CELSIUS
    if law == MOOK1974:
        return epsilon_to_alpha(M_HCO3_A + M_HCO3_B / t)
    if law == DEINES1974:
        return math.exp((D_HCO3_A + D_HCO3_B / (t * t)) / PERMIL)
    return epsilon_to_alpha(Z_HCO3_A + Z_HCO3_B * temperature)


@kernel
def alpha_co3(law, temperature):
    """alpha CO3(--)-CO2(g) at `temperature` degC by a `FractionationSet`.

    epsilon = 7.22 - 0.052 tc             Zhang et al. (1995), 5-25 degC
    epsilon(CO3-HCO3) = 2.52 - 867/T      Mook (2000), times alpha HCO3-CO2(g) of Mook et al. (1974)
    1000 ln alpha = -3.4 + 0.87e6/T^2     Deines et al. (1974)
    """
    t = temperature + ZERO_CELSIUS
    if law == MOOK1974:
        return epsilon_to_alpha(M_CO3_A + M_CO3_B / t) * alpha_hco3(law, temperature)
    if law == DEINES1974:
        return math.exp((D_CO3_A + D_CO3_B / (t * t)) / PERMIL)
    return epsilon_to_alpha(Z_CO3_A + Z_CO3_B * temperature)


@kernel
def alpha_to_gas(species, law, temperature):
    """alpha of a `CarbonSpecies` against CO2 gas (1 for the gas itself) at `temperature` degC, `law` as above."""
    if species == GAS:
        return 1.0
    if species == CO2:
        return alpha_co2(law, temperature)
    if species == HCO3:
        return alpha_hco3(law, temperature)
    return alpha_co3(law, temperature)


@kernel
def alpha_calcite(calcite_law, temperature):
    """alpha calcite-HCO3(-) at `temperature` degC by a `CalciteLaw`.

    epsilon = +1.0 (+-0.2)                                Romanek et al. (1992), 10-40 degC
    epsilon = 15.10 - 4232/T                              Mook (2000)
    1000 ln alpha = (-3.63 + 4.54) + 0.095e6/T^2          Deines et al. (1974), both against CO2 gas
    """
    t = temperature + ZERO_CELSIUS
    if calcite_law == CALCITE_MOOK2000:
        return epsilon_to_alpha(M_CALCITE_A + M_CALCITE_B / t)
    if calcite_law == CALCITE_DEINES1974:
        return math.exp((D_CALCITE_A - D_HCO3_A + (D_CALCITE_B - D_HCO3_B) / (t * t)) / PERMIL)
    return epsilon_to_alpha(R_CALCITE_HCO3)


@kernel
def alpha_aragonite():
    """alpha aragonite-HCO3(-):  epsilon = +2.7 (+-0.6), 10-40 degC  (Romanek et al. 1992)."""
    return epsilon_to_alpha(R_ARAGONITE_HCO3)


@kernel
def alpha_calcite_gas(temperature):
    """alpha calcite-CO2(g):  epsilon = 11.98 - 0.12 tc  (Romanek et al. 1992); `temperature` degC, 10-40."""
    return epsilon_to_alpha(R_CALCITE_GAS_A + R_CALCITE_GAS_B * temperature)


@kernel
def alpha_aragonite_gas(temperature):
    """alpha aragonite-CO2(g):  epsilon = 13.88 - 0.13 tc  (Romanek et al. 1992); `temperature` degC, 10-40."""
    return epsilon_to_alpha(R_ARAGONITE_GAS_A + R_ARAGONITE_GAS_B * temperature)


@kernel
def carbon_shares(x):
    """Shares of CO2, HCO3- and CO3-- in the DIC of a speciated water (SOLUTION_DTYPE), each with its pairs.

    The CO2 dimer counts twice, as CO2. (1, 0, 0) for water without DIC.
    """
    co2 = x.m_co2 + 2.0 * x.m_co2_dimer
    hco3 = x.m_hco3 + x.m_cahco3 + x.m_mghco3 + x.m_nahco3 + x.m_khco3
    co3 = x.m_co3 + x.m_caco3 + x.m_mgco3 + x.m_naco3
    total = co2 + hco3 + co3
    if total == 0.0:
        return 1.0, 0.0, 0.0
    return co2 / total, hco3 / total, co3 / total


@kernel
def alpha_dic(law, temperature, share_co2, share_hco3, share_co3):
    """alpha DIC-CO2(g) of a mixture of species at isotopic equilibrium:  sum of share times alpha.

    law          `FractionationSet`; temperature  degC
    share_...    shares of the DIC (`carbon_shares`), adding up to 1
    """
    return (
        share_co2 * alpha_co2(law, temperature)
        + share_hco3 * alpha_hco3(law, temperature)
        + share_co3 * alpha_co3(law, temperature)
    )


@kernel
def alpha_dic_zhang1995(temperature, share_co3):
    """alpha DIC-CO2(g) of sea water:  epsilon = 10.53 - 0.105 tc + 0.014 tc f_CO3  (Zhang et al. 1995).

    temperature  degC, 5-25; share_co3  of the DIC, 0.05-0.2. A regression, for comparison with `alpha_dic`.
    """
    return epsilon_to_alpha(10.53 + temperature * (-0.105 + 0.014 * share_co3))


@kernel
def delta_of_dic(law, temperature, share_co2, share_hco3, share_co3, species, delta):
    """d13C (permil) of DIC from that of one `CarbonSpecies` in isotopic equilibrium with it.

    With the gas as the species: an open system. Arguments as in `alpha_dic`.
    """
    dic = alpha_dic(law, temperature, share_co2, share_hco3, share_co3)
    return fractionate(delta, dic / alpha_to_gas(species, law, temperature))


@kernel
def delta_of_species(law, temperature, share_co2, share_hco3, share_co3, delta_dic):
    """d13C (permil) of CO2(g), CO2(aq), HCO3-, CO3-- in isotopic equilibrium with DIC of `delta_dic`.

    Arguments as in `alpha_dic`.
    """
    gas = fractionate(delta_dic, 1.0 / alpha_dic(law, temperature, share_co2, share_hco3, share_co3))
    return (
        gas,
        fractionate(gas, alpha_co2(law, temperature)),
        fractionate(gas, alpha_hco3(law, temperature)),
        fractionate(gas, alpha_co3(law, temperature)),
    )


# ------------------------------------------------------------------------------------------------------- kinetics


@kernel
def delta_evasion(delta_co2):
    """d13C (permil) of the CO2 that leaves water, from that of its CO2(aq):  alpha_k = 0.99919  (Zhang et al. 1995)."""
    return fractionate(delta_co2, ALPHA_GAS_TRANSFER)


@kernel
def delta_invasion(law, temperature, delta_gas):
    """d13C (permil) of the CO2 that enters water from a gas:  alpha_k alpha_CO2(aq)-CO2(g)  (Zhang et al. 1995).

    With `delta_evasion` of CO2(aq) in equilibrium with the gas both one-way fluxes carry the same ratio.
    law  `FractionationSet`; temperature  degC
    """
    return fractionate(delta_gas, ALPHA_GAS_TRANSFER * alpha_co2(law, temperature))


@kernel
def alpha_hydration():
    """alpha HCO3(-) formed - CO2(aq), of  CO2 + H2O -> HCO3- + H+:  -13 permil at 25 degC  (O'Leary et al. 1992).

    Between -6.9 (Marlier & O'Leary 1984, J. Am. Chem. Soc. 106:5054) and -13 in the literature.
    """
    return epsilon_to_alpha(EPSILON_HYDRATION)


@kernel
def alpha_hydroxylation():
    """alpha HCO3(-) formed - CO2(aq), of  CO2 + OH- -> HCO3-:  -11 permil at 25 degC.

    Siegenthaler & Muennich (1981), in Zeebe & Wolf-Gladrow (2001, CO2 in Seawater)
    """
    return epsilon_to_alpha(EPSILON_HYDROXYLATION)


@kernel
def alpha_reverse(alpha_forward, law, temperature):
    """alpha CO2(aq) formed - HCO3(-) of the reverse reaction, by detailed balance.

    alpha_forward/alpha(HCO3-CO2(aq)): about -22 permil for dehydration (Zeebe & Wolf-Gladrow 2001).
    law  `FractionationSet`; temperature  degC
    """
    return alpha_forward * alpha_co2(law, temperature) / alpha_hco3(law, temperature)


@kernel
def soil_co2_delta(co2_air, co2_soil, delta_air, delta_respired):
    """d13C (permil) of CO2 in soil air: production and diffusion, mixed with the atmosphere.

    delta_s = (C_a/C_s)(delta_a - 1.0044 delta_r - 4.4) + 1.0044 delta_r + 4.4       (Cerling 1984; Davidson 1995)

    co2_air, co2_soil  pressures or concentrations, one unit; soil at least as high as air
    delta_air, delta_respired  permil. Far above the air's CO2 the soil is 4.4 permil heavier than respiration.
    """
    top = fractionate(delta_respired, ALPHA_SOIL_DIFFUSION)
    if not co2_soil > co2_air:
        return delta_air + 0.0 * co2_soil
    return co2_air / co2_soil * (delta_air - top) + top


@kernel
def photosynthate_delta(delta_co2, delta_hco3, share_hco3, epsilon_co2, epsilon_hco3):
    """d13C (permil) of carbon fixed in water from CO2(aq) and from HCO3-.

    (1 - s)(delta_CO2 + eps_CO2) + s (delta_HCO3 + eps_HCO3), each by its alpha                    (design notes 7)

    delta_co2, delta_hco3      of the carbon that each path takes up, permil
    share_hco3                 s, share of HCO3- in the uptake, 0..1
    epsilon_co2, epsilon_hco3  permil, fixed carbon against the carbon taken up; about -20 and -11.5
    """
    co2 = fractionate(delta_co2, epsilon_to_alpha(epsilon_co2))
    hco3 = fractionate(delta_hco3, epsilon_to_alpha(epsilon_hco3))
    return co2 + share_hco3 * (hco3 - co2)


# ------------------------------------------------------------------------------------------------------------ 14C


@kernel
def alpha14(alpha13):
    """Fractionation factor of 14C/12C, the square of that of 13C/12C  (Craig 1954; Stuiver & Polach 1977)."""
    return alpha13 * alpha13


@kernel
def fraction_modern(activity, delta):
    """Fraction modern F from a measured 14C activity relative to the normalised standard (0.95 oxalic acid I).

    F = A/A_ON (0.975/(1 + delta/1000))^2                       (Stuiver & Polach 1977; Reimer et al. 2004)

    delta  d13C of the sample, permil VPDB. F is free of fractionation: it mixes by carbon and passes through phases.
    """
    factor = NORMAL_RATIO / (1.0 + delta / PERMIL)
    return activity * factor * factor


@kernel
def activity14(fraction, delta):
    """14C activity relative to the normalised standard, of carbon with this fraction modern and d13C (permil)."""
    factor = (1.0 + delta / PERMIL) / NORMAL_RATIO
    return fraction * factor * factor


@kernel
def decay14(fraction, years):
    """Fraction modern after `years`:  F exp(-t/8267)  (half-life 5730 years, Godwin 1962)."""
    return fraction * math.exp(-years * DECAY_PER_YEAR)


@kernel
def cap_delta14(fraction, year):
    """Delta14C (permil) of a fraction modern, sampled in the calendar `year`.

    1000 (F exp((1950 - year)/8267) - 1)                        (Stuiver & Polach 1977)
    """
    return PERMIL * (fraction * math.exp((YEAR_OF_STANDARD - year) * DECAY_PER_YEAR) - 1.0)


@kernel
def fraction_of_cap_delta14(cap_delta, year):
    """Fraction modern of Delta14C (permil) sampled in the calendar `year`; the inverse of `cap_delta14`."""
    return (1.0 + cap_delta / PERMIL) * math.exp((year - YEAR_OF_STANDARD) * DECAY_PER_YEAR)


@kernel
def percent_modern(fraction):
    """pMC, percent modern carbon, as most laboratories write it:  100 F  (F14C of Reimer et al. 2004)."""
    return 100.0 * fraction


@kernel
def fraction_of_percent_modern(pmc):
    """Fraction modern of percent modern carbon:  pMC/100."""
    return pmc / 100.0


@kernel
def radiocarbon_age(fraction):
    """Conventional radiocarbon age, years before 1950:  -8033 ln F  (Stuiver & Polach 1977)."""
    return -LIBBY_MEAN_LIFE * math.log(fraction if not fraction < TINY else TINY)


@kernel
def dead_carbon_fraction(fraction_water, fraction_air):
    """Share of 14C-free carbon:  1 - F_DIC/F_atm  (Genty & Massault 1999, Geochim. Cosmochim. Acta 63:1537).

    Fractions modern of the DIC and of the atmosphere at the time of recharge; 0 where the air has no 14C.
    """
    if not fraction_air > 0.0:
        return 0.0 * fraction_water
    return 1.0 - fraction_water / fraction_air

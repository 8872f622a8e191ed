"""Rate laws of carbonate minerals and gypsum beside PHREEQC's form for calcite, and the choice between them.

All give mol m-2 s-1, positive for dissolution, and precipitate by the same expression. The zero of these laws is at
SI = 0 of their mineral unless their text says otherwise. Activities count as mol L-1 and 1 mmol cm-2 s-1 is
10 mol m-2 s-1. `rate` chooses by `RateLaw`; laws that need the saturated water of the same pCO2 get it in a scratch
record from `saturate`.
"""

from __future__ import annotations

import math
from enum import IntEnum

from karstsim.chemistry.equilibrium import equilibrate_open
from karstsim.chemistry.film import film_alpha
from karstsim.chemistry.rates import SI_PER_MMOL_CM2, calcite_rate, pwp_constants, pwp_forward
from karstsim.chemistry.rates_minerals import (
    busenberg_plummer_dolomite,
    palandri_kharaka_calcite,
    palandri_kharaka_disordered_dolomite,
    palandri_kharaka_dolomite,
    palandri_kharaka_gypsum,
    si_disordered_dolomite,
)
from karstsim.chemistry.rates_natural import high_order_rate, palmer_rate
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel


class RateLaw(IntEnum):
    """Which rate law a mineral follows."""

    NONE = 0
    PHREEQC = 1
    PWP_SURFACE = 2
    TST = 3
    PWP_KAUFMANN_DREYBRODT2007 = 4
    PWP_BUHMANN_DREYBRODT1985 = 5
    PALMER1991 = 6
    PALMER1991_PURE = 7
    HIGH_ORDER = 8
    FILM = 9
    PALANDRI_KHARAKA = 10
    DOLOMITE_PALANDRI_KHARAKA = 11
    DOLOMITE_PALANDRI_KHARAKA_DISORDERED = 12
    DOLOMITE_BUSENBERG_PLUMMER = 13
    GYPSUM_PALANDRI_KHARAKA = 14


PHREEQC = int(RateLaw.PHREEQC)
PWP_SURFACE = int(RateLaw.PWP_SURFACE)
TST = int(RateLaw.TST)
PWP_KD2007 = int(RateLaw.PWP_KAUFMANN_DREYBRODT2007)
PWP_BD1985 = int(RateLaw.PWP_BUHMANN_DREYBRODT1985)
PALMER = int(RateLaw.PALMER1991)
PALMER_PURE = int(RateLaw.PALMER1991_PURE)
HIGH_ORDER = int(RateLaw.HIGH_ORDER)
FILM = int(RateLaw.FILM)
PALANDRI_KHARAKA = int(RateLaw.PALANDRI_KHARAKA)
DOLOMITE_PK = int(RateLaw.DOLOMITE_PALANDRI_KHARAKA)
DOLOMITE_PK_DISORDERED = int(RateLaw.DOLOMITE_PALANDRI_KHARAKA_DISORDERED)
DOLOMITE_BP = int(RateLaw.DOLOMITE_BUSENBERG_PLUMMER)
GYPSUM_PK = int(RateLaw.GYPSUM_PALANDRI_KHARAKA)

MMOL = 1000.0  # mol m-3 per mol kgw-1
# log10 k4 of the PWP law (cm4 mmol-1 s-1; as used in the open karst code olm):
KD_A, KD_T, KD_P, KD_SWITCH = -2.375, 0.025, 0.56, 1.3  # Kaufmann & Dreybrodt (2007); switch at -log10 pCO2
BD_A, BD_T, BD_P = -3.077, 0.0146, -0.611  # Buhmann & Dreybrodt (1985)
PRESSURE_MIN = 1e-12  # atm, under a logarithm
THRESHOLD_RAMP = 0.01  # of the saturation index, over which precipitation sets in above a threshold


@kernel
def saturate(x, k, scratch):
    """Bring a copy of the water `x` in `scratch` to calcite saturation at the CO2 pressure of `x`.

    x   speciated water (SOLUTION_DTYPE); scratch   another record; k   constants at its temperature
    ``scratch.status`` is negative where there is no such water.
    """
    scratch.temperature = x.temperature
    scratch.ca, scratch.mg, scratch.na, scratch.k = x.ca, x.mg, x.na, x.k
    scratch.cl, scratch.so4, scratch.no3 = x.cl, x.so4, x.no3
    scratch.dic, scratch.alkalinity = x.dic, x.alkalinity
    scratch.ph, scratch.ionic_strength, scratch.resume = 0.0, 0.0, 0.0
    equilibrate_open(scratch, k, 0.0, x.pco2, 0.0)


@kernel
def pwp_surface_rate(x, k, saturated):
    """PWP law with the equilibrium surface (Plummer, Wigley & Parkhurst 1978, eq. 25; k1' = k1).

    R = k1 aH + k2 aCO2 + k3 aH2O - k4 aCa aHCO3,   k4 = (K2/Kc) (k1 + (k2 aCO2 + k3 aH2O)/aH(s))

    aH(s) is that of the same water at calcite saturation and the same pCO2 (`saturate`).
    """
    k1, k2, k3 = pwp_constants(k.temperature)
    carbonic = k2 * x.g_co2 * x.m_co2 + k3 * x.water_activity
    k4 = k.k2 / k.calcite * (k1 + carbonic * math.exp(LN10 * saturated.ph))
    return pwp_forward(x, k) - SI_PER_MMOL_CM2 * k4 * x.g_ca * x.m_ca * x.g_hco3 * x.m_hco3


@kernel
def tst_rate(x, k):
    """f (1 - Omega): the PWP law with the bulk water's aH in k4; it overstates precipitation many times."""
    return pwp_forward(x, k) * (1.0 - math.exp(LN10 * x.si_calcite))


@kernel
def _backward(x, log_k4):
    """k4 aCa aHCO3 in mol m-2 s-1."""
    return SI_PER_MMOL_CM2 * math.exp(LN10 * log_k4) * x.g_ca * x.m_ca * x.g_hco3 * x.m_hco3


@kernel
def _log_pressure(x):
    """log10 of the water's CO2 pressure in atm."""
    return math.log(x.pco2 if not x.pco2 < PRESSURE_MIN else PRESSURE_MIN) / LN10


@kernel
def kaufmann_dreybrodt_rate(x, k):
    """PWP law, log10 k4 = -2.375 + 0.025 T, + 0.56 (-log10 pCO2 - 1.3) below 0.05 atm (Kaufmann & Dreybrodt 2007).

    The fit of k4 moves the zero: the rate is NOT zero at SI = 0 (errors up to 0.6 f).
    """
    below = -_log_pressure(x) - KD_SWITCH
    log_k4 = KD_A + KD_T * k.temperature + KD_P * (below if not below < 0.0 else 0.0)
    return pwp_forward(x, k) - _backward(x, log_k4)


@kernel
def buhmann_dreybrodt_rate(x, k):
    """PWP law, k4 = 10^(-3.077 + 0.0146 T) pCO2^-0.611, for pCO2 < 0.05 atm (Buhmann & Dreybrodt 1985).

    The fit of k4 moves the zero: the rate is NOT zero at SI = 0 (errors up to 0.6 f).
    """
    return pwp_forward(x, k) - _backward(x, BD_A + BD_T * k.temperature + BD_P * _log_pressure(x))


@kernel
def film_rate(x, k, saturated, film_mm, ca_factor):
    """F = alpha (c_eq - c): diffusion and CO2 conversion in the boundary layer (`film`); c_eq at the same pCO2."""
    alpha = film_alpha(k.temperature, film_mm, x.pco2, ca_factor)
    return alpha * MMOL * (saturated.ca - x.ca)


@kernel
def needs_saturated(law):
    """Whether `rate` needs the saturated water for this law."""
    return law == PWP_SURFACE or (law >= PALMER and law <= FILM)


@kernel
def saturation_index(x, k, law):
    """Saturation index of the mineral that `law` belongs to; that of disordered dolomite is its own."""
    if law == DOLOMITE_PK_DISORDERED:
        return si_disordered_dolomite(x, k)
    if law in (DOLOMITE_PK, DOLOMITE_BP):
        return x.si_dolomite
    if law == GYPSUM_PK:
        return x.si_gypsum
    return x.si_calcite


@kernel
def rate(x, k, law, saturated, threshold, film_mm, ca_factor):
    """Rate by a `RateLaw`, mol m-2 s-1 of its mineral; negative: precipitation.

    x          speciated water (SOLUTION_DTYPE); k   constants at its temperature (CONSTANTS_DTYPE)
    saturated  scratch record, holds the water of `saturate` for the laws that need it (PWP_SURFACE, PALMER1991,
               PALMER1991_PURE, HIGH_ORDER, FILM); a water that cannot be saturated does not react by these
    threshold  saturation index up to which supersaturated water does not precipitate, >= 0; the rate sets in over the
               next 0.01. With 0 the law is as published, but for precipitation from undersaturated water, which laws
               with a displaced zero would have: that is none
    film_mm, ca_factor   boundary layer (mm) and anhydrase factor, of the law FILM
    """
    value = 0.0 * x.dic
    if needs_saturated(law):
        saturate(x, k, saturated)
        if saturated.status >= 0.0:
            value = _calcite_rate(x, k, law, saturated, film_mm, ca_factor)
    elif law <= PALANDRI_KHARAKA:
        value = _calcite_rate(x, k, law, saturated, film_mm, ca_factor)
    else:
        value = _other_rate(x, k, law)
    if value < 0.0:
        above = saturation_index(x, k, law) - threshold
        if above <= 0.0:
            value = 0.0
        elif threshold > 0.0 and above < THRESHOLD_RAMP:
            value *= above / THRESHOLD_RAMP
    return value


@kernel
def _calcite_rate(x, k, law, saturated, film_mm, ca_factor):
    """The laws of calcite, by int."""
    if law == PHREEQC:
        return calcite_rate(x, k)
    if law == PWP_SURFACE:
        return pwp_surface_rate(x, k, saturated)
    if law == TST:
        return tst_rate(x, k)
    if law == PWP_KD2007:
        return kaufmann_dreybrodt_rate(x, k)
    if law == PWP_BD1985:
        return buhmann_dreybrodt_rate(x, k)
    if law in (PALMER, PALMER_PURE):
        return palmer_rate(k.temperature, x.pco2, x.ca, saturated.ca, law == PALMER_PURE)
    if law == HIGH_ORDER:
        return high_order_rate(x.ca, saturated.ca)
    if law == FILM:
        return film_rate(x, k, saturated, film_mm, ca_factor)
    if law == PALANDRI_KHARAKA:
        return palandri_kharaka_calcite(x, k)
    return 0.0 * x.dic


@kernel
def _other_rate(x, k, law):
    """The laws of dolomite and gypsum, by int."""
    if law == DOLOMITE_PK:
        return palandri_kharaka_dolomite(x, k)
    if law == DOLOMITE_PK_DISORDERED:
        return palandri_kharaka_disordered_dolomite(x, k)
    if law == DOLOMITE_BP:
        return busenberg_plummer_dolomite(x, k)
    return palandri_kharaka_gypsum(x, k)

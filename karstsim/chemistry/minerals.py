"""Equilibrium of one water with calcite or aragonite, dolomite and gypsum, and with a gas: fixed, limited or none.

In a frozen medium (see `medium`) everything follows from h = 10^-pH and c, the free carbonate ion (mol kgw-1):

    calcite, aragonite   m_Ca c = K          dolomite   m_Ca m_Mg c^2 = K          gypsum   m_Ca m_SO4 = K

    carbonate dissolved  R(c) = dCa + dMg - dSO4               (dolomite counts twice; each d is over its start)
    carbon               DIC(h, c) = DIC0 + R(c) + gas lost      gives c(h)
    alkalinity           Alk(h, c) = Alk0 + 2 R(c)               gives h

R falls with c for every set of minerals, so that each of the two balances is monotone in its unknown: there is one
root. The carbon balance is a quadratic where calcite or aragonite is present and linear without dolomite; dolomite
without them takes a safeguarded Newton iteration.

Calcite and aragonite cannot both be at equilibrium (their solubilities differ), so a water has one of them at most.
"""

from __future__ import annotations

import math
from enum import IntEnum

from karstsim.chemistry.gas import fugacity_coefficient_co2
from karstsim.chemistry.medium import (
    MEDIUM_TOLERANCE,
    N_STATE,
    accelerate,
    alk_over_hco3,
    dic_over_hco3,
    finish,
    medium_residual,
    noncarbonate_alkalinity,
    start_medium,
    update_species,
)
from karstsim.chemistry.speciation import (
    H_COLD,
    H_EDGE,
    H_MAX,
    H_MIN,
    MAX_INNER,
    MAX_OUTER,
    STEP_TOLERANCE,
    newton_step,
)
from karstsim.core.constants import GAS_CONSTANT_ATM, ZERO_CELSIUS
from karstsim.core.jit import kernel
from karstsim.core.spec import record_dtype


class Carbonate(IntEnum):
    """Which polymorph of CaCO3 the water is in contact with."""

    NONE = 0
    CALCITE = 1
    ARAGONITE = 2


ARAGONITE = int(Carbonate.ARAGONITE)

KG_PER_MOL_WATER = 0.0180153  # IUPAC 2021
WATER_OF_GYPSUM = 2.0  # CaSO4.2H2O
LITRES_PER_M3 = 1000.0
CO3_COLD, CO3_MIN, CO3_MAX = 1e-5, 1e-40, 1e3  # mol kgw-1, start and bracket of the carbonate ion
PATIENCE = 60  # iterations before the medium is damped; all but a few in a million need fewer
SI_TOLERANCE = 1e-8  # of every mineral at the end, else the water counts as not solved

_NAMES = (
    # what the water is in contact with
    "carbonate dolomite gypsum fixed_gas gas_pressure gas_volume "
    # totals at the start, and of those that react per kg of the water there is now
    "start_ca start_mg start_na start_k start_cl start_so4 start_no3 start_dic start_alkalinity "
    "ca0 mg0 so4_0 dic0 alk0 gas0 "
    # of the frozen medium: solubilities with activities in them, CO2 in the gas per atm of fugacity
    "k_carbonate k_dolomite k_gypsum capacity fugacity "
    # at the present trial
    "co3 slope_co3 ca mg so4 rock slope_rock "
    # what was exchanged
    "n_carbonate n_dolomite n_gypsum co2_uptake water phi next_water next_phi"
)
CONTACT_DTYPE = record_dtype([(name, "f8") for name in _NAMES.split()])


@kernel
def _condition_minerals(x, k, e):
    """Solubility products of the present medium, in free molalities."""
    carbonate = k.aragonite if e.carbonate == ARAGONITE else k.calcite
    a_co3 = 1.0 / x.g_co3
    a_ca = 1.0 / x.g_ca
    aw = x.water_activity
    e.k_carbonate = carbonate * a_ca * a_co3
    e.k_dolomite = k.dolomite * a_ca * a_co3 * a_co3 / x.g_mg
    e.k_gypsum = k.gypsum * a_ca / (x.g_so4 * aw * aw)


@kernel
def _dissolve(x, e, co3):
    """Totals at equilibrium with the minerals when the free carbonate ion is `co3` (mol kgw-1, > 0).

    Sets e.ca, e.mg, e.so4 (totals), e.rock (carbonate dissolved, R) and e.slope_rock (dR/dln co3, never positive).
    Without CaCO3 the free calcium m is the positive root of  Ca - Mg - SO4 = their start, over the ions that
    minerals hold:  ca_ratio m^2 - X m - (mg_ratio K_d/c^2 + so4_ratio K_g) = 0.
    """
    magnesium = e.dolomite * x.mg_ratio * e.k_dolomite / (co3 * co3) if e.dolomite > 0.0 else 0.0
    sulfate = e.gypsum * x.so4_ratio * e.k_gypsum
    start = e.ca0 - e.dolomite * e.mg0 - e.gypsum * e.so4_0
    m_ca = e.ca0 / x.ca_ratio
    if e.carbonate > 0.0:
        m_ca = e.k_carbonate / co3
    elif e.dolomite + e.gypsum > 0.0:
        pair = magnesium + sulfate
        root = math.sqrt(start * start + 4.0 * x.ca_ratio * pair)
        m_ca = 0.5 * (start + root) / x.ca_ratio if start > 0.0 else 2.0 * pair / (root - start)
    e.ca = x.ca_ratio * m_ca
    mg_held, so4_held = magnesium / m_ca if m_ca > 0.0 else 0.0, sulfate / m_ca if m_ca > 0.0 else 0.0
    e.mg = mg_held if e.dolomite > 0.0 else e.mg0
    e.so4 = so4_held if e.gypsum > 0.0 else e.so4_0
    n_dolomite = e.mg - e.mg0
    if e.carbonate > 0.0:
        e.rock = (e.ca - e.ca0) + n_dolomite - (e.so4 - e.so4_0)
        e.slope_rock = -(e.ca + mg_held + so4_held)
    else:
        e.rock = 2.0 * n_dolomite
        held = e.ca + mg_held + so4_held
        e.slope_rock = -4.0 * mg_held * (e.ca + so4_held) / held if held > 0.0 else 0.0


@kernel
def _carbonate_quadratic(x, e, lead, supply):
    """Carbonate ion from the carbon balance where CaCO3 is present: the positive root of

    (lead + so4_ratio K_g/K) c^2 - (supply - X) c - (ca_ratio K + mg_ratio K_d/K) = 0,  X = Ca0 + Mg0 - SO4_0,

    magnesium only with dolomite, sulfate only with gypsum.
    """
    k = e.k_carbonate
    a = lead + e.gypsum * x.so4_ratio * e.k_gypsum / k
    b = supply - (e.ca0 + e.dolomite * e.mg0 - e.gypsum * e.so4_0)
    c = x.ca_ratio * k + e.dolomite * x.mg_ratio * e.k_dolomite / k
    root = math.sqrt(b * b + 4.0 * a * c)
    return 0.5 * (b + root) / a if b > 0.0 else 2.0 * c / (root - b)


@kernel
def _carbonate_newton(x, e, lead, supply):
    """Carbonate ion from the carbon balance lead c = supply + R(c), increasing in c; started at e.co3."""
    low, high, co3 = CO3_MIN, CO3_MAX, e.co3
    for _ in range(MAX_INNER):
        _dissolve(x, e, co3)
        f = lead * co3 - supply - e.rock
        if f > 0.0:
            high = co3
        elif f < 0.0:
            low = co3
        new = newton_step(co3, f, lead * co3 - e.slope_rock, low, high)
        if not math.fabs(new - co3) > STEP_TOLERANCE * co3:
            return new
        co3 = new
    return co3


@kernel
def _balance_carbon(x, e, h):
    """Carbonate ion and all totals at `h` = 10^-pH from the carbon balance; sets e.co3, e.slope_co3 = dln c/dln h.

    DIC = c h D(h)/c_k2 and fugacity = c h^2/(c_kh c_k1 c_k2). The gas is a fixed fugacity, or the `e.gas0` mol that
    it held at first: (DIC/c + capacity fugacity/c) c = DIC0 + gas0 + R(c).
    """
    per_co3 = h / x.c_k2
    fugacity = per_co3 * h / (x.c_kh * x.c_k1)
    lead = per_co3 * dic_over_hco3(x, h) + e.capacity * fugacity
    supply = e.dic0 + e.gas0
    if e.fixed_gas > 0.0:
        e.co3 = e.fugacity / fugacity
    elif e.carbonate > 0.0:
        e.co3 = _carbonate_quadratic(x, e, lead, supply)
    elif e.dolomite > 0.0:
        e.co3 = _carbonate_newton(x, e, lead, supply)
    else:
        e.co3 = supply / lead
    _dissolve(x, e, e.co3)
    if e.fixed_gas > 0.0:
        e.slope_co3 = -2.0
        return
    stiff = lead * e.co3 - e.slope_rock
    d_lead = per_co3 * (2.0 * h * x.d_h + x.d0) + 2.0 * e.capacity * fugacity
    e.slope_co3 = -e.co3 * d_lead / stiff if stiff > 0.0 else 0.0


@kernel
def _solve_ph(x, e, h):
    """Root in ln h of the alkalinity balance  Alk0 + 2 R - hco3 A(h) - N(h), increasing with h; started at `h`."""
    low, high = H_MIN, H_MAX
    for _ in range(MAX_INNER):
        _balance_carbon(x, e, h)
        hco3 = e.co3 * h / x.c_k2
        big_a = alk_over_hco3(x, h)
        f = e.alk0 + 2.0 * e.rock - hco3 * big_a - noncarbonate_alkalinity(x, h)
        slope = 2.0 * e.slope_rock * e.slope_co3 - hco3 * (big_a * (1.0 + e.slope_co3) - x.a1 / h)
        slope += x.n_oh / h + x.n_h * h
        if f > 0.0:
            high = h
        elif f < 0.0:
            low = h
        new = newton_step(h, f, slope, low, high)
        if not math.fabs(new - h) > STEP_TOLERANCE * h:
            return new
        h = new
    return h


@kernel
def _set_totals(x, e, h):
    """Write the totals at `h` = 10^-pH and their species into the water, and what was exchanged into the contact."""
    _balance_carbon(x, e, h)
    hco3 = e.co3 * h / x.c_k2
    pressure = hco3 * h / (x.c_kh * x.c_k1)
    gas = e.gas0 - e.capacity * pressure
    if e.fixed_gas > 0.0:
        gas = hco3 * dic_over_hco3(x, h) - e.dic0 - e.rock
    x.ca, x.mg, x.so4 = e.ca, e.mg, e.so4
    x.dic = e.dic0 + e.rock + gas
    x.alkalinity = e.alk0 + 2.0 * e.rock
    x.pco2 = pressure
    x.m_so4 = x.so4 / x.so4_ratio
    update_species(x, h, hco3)
    magnesium, sulfate = e.mg - e.mg0, e.so4 - e.so4_0
    e.n_dolomite = e.water * magnesium
    e.n_gypsum = e.water * sulfate
    e.n_carbonate = e.water * (e.ca - e.ca0 - magnesium - sulfate) if e.carbonate > 0.0 else 0.0
    e.co2_uptake = e.water * gas


@kernel
def _remember_start(x, e):
    """Keep the totals of the start, mol per kg of water at the start."""
    e.start_ca, e.start_mg, e.start_na, e.start_k = x.ca, x.mg, x.na, x.k
    e.start_cl, e.start_so4, e.start_no3 = x.cl, x.so4, x.no3
    e.start_dic, e.start_alkalinity = x.dic, x.alkalinity


@kernel
def _refresh_contact(x, k, e):
    """What of the contact changes slowly: solubilities, gas, and the start per kg of the water there is now."""
    _condition_minerals(x, k, e)
    e.water, e.phi = e.next_water, e.next_phi
    per_water = 1.0 / e.water
    e.ca0, e.mg0, e.so4_0 = e.start_ca * per_water, e.start_mg * per_water, e.start_so4 * per_water
    e.dic0, e.alk0 = e.start_dic * per_water, e.start_alkalinity * per_water
    x.na, x.k = e.start_na * per_water, e.start_k * per_water
    x.cl, x.no3 = e.start_cl * per_water, e.start_no3 * per_water
    per_atm = LITRES_PER_M3 * GAS_CONSTANT_ATM * (x.temperature + ZERO_CELSIUS)
    volume = e.gas_volume * per_water if e.fixed_gas == 0.0 else 0.0
    e.gas0 = volume * e.gas_pressure / per_atm
    e.capacity = volume / (per_atm * e.phi)


@kernel
def _slow_change(x, e):
    """Next water (with what gypsum released) and fugacity coefficient of a limited gas, and their largest change."""
    e.next_water = 1.0 + WATER_OF_GYPSUM * KG_PER_MOL_WATER * e.n_gypsum
    change = math.fabs(e.next_water - e.water)
    if e.fixed_gas == 0.0 and e.gas_volume > 0.0:
        e.next_phi = fugacity_coefficient_co2(x.temperature, x.pco2 / e.phi)
        moved = math.fabs(e.next_phi - e.phi)
        change = change if change > moved else moved
    return change


@kernel
def _worst_index(x, e):
    """Largest absolute saturation index of the minerals in contact."""
    worst = 0.0
    if e.carbonate > 0.0:
        worst = math.fabs(x.si_aragonite if e.carbonate == ARAGONITE else x.si_calcite)
    if e.dolomite > 0.0:
        worst = max(worst, math.fabs(x.si_dolomite))
    if e.gypsum > 0.0:
        worst = max(worst, math.fabs(x.si_gypsum))
    return worst


@kernel
def _damp(x):
    """Go only half the way to the new medium, without extrapolation: for the rare water whose iteration circles."""
    for j in range(N_STATE):
        x.mapped[j] = 0.5 * (x.trial[j] + x.mapped[j])
    x.last_residual = -1.0


@kernel
def equilibrate_minerals(x, k, e):
    """Bring a water to equilibrium with minerals, each in excess, and with a gas.

    x   water (SOLUTION_DTYPE): temperature (degC), totals ca mg na k cl so4 no3 dic (mol kgw-1) and alkalinity (eq
        kgw-1) in; leaves the water at equilibrium, speciated, per kg of the water that there is then. status 0
        solved, -1 not (a carbonate mineral in a gas kept free of CO2, a water beyond the activity model)
    k   constants at the water's temperature
    e   contact (CONTACT_DTYPE). In: carbonate (`Carbonate`), dolomite, gypsum (1 present, 0 not); fixed_gas 1: the
        gas stays at gas_pressure; 0: gas_volume litres per kg of water, at gas_pressure before, stay with the water
        (0: closed system). gas_pressure is a partial pressure of CO2, atm; an amount of gas is that of an ideal gas,
        its fugacity of Peng & Robinson (1976).
        Out: n_carbonate, n_dolomite, n_gypsum (mol dissolved; negative: precipitated) and co2_uptake (mol) per kg
        of water at the start, and water, kg now per kg at the start. Only the two H2O of gypsum change the water
        (0.05 % at saturation); that of CO2 + H2O is left out as everywhere in karstsim (below 0.006 %).
    """
    _remember_start(x, e)
    e.next_water, e.co3 = 1.0, CO3_COLD
    e.next_phi = fugacity_coefficient_co2(x.temperature, e.gas_pressure)
    e.fugacity = e.next_phi * e.gas_pressure
    x.status = -1.0
    empty_gas = e.fixed_gas > 0.0 and not e.gas_pressure > 0.0
    if e.gas_pressure < 0.0 or e.gas_volume < 0.0 or (empty_gas and e.carbonate + e.dolomite > 0.0):
        x.unsolved += 1.0
        return
    x.ph, x.resume = 0.0, 0.0
    start_medium(x, k)
    h = H_COLD
    for iteration in range(MAX_OUTER):
        _refresh_contact(x, k, e)
        h = _solve_ph(x, e, h)
        _set_totals(x, e, h)
        residual = medium_residual(x)
        change = _slow_change(x, e)
        if residual < MEDIUM_TOLERANCE and change < MEDIUM_TOLERANCE:
            finish(x, k, h)
            if h > H_MIN * H_EDGE and h < H_MAX / H_EDGE and _worst_index(x, e) < SI_TOLERANCE:
                x.status = 0.0
            break
        if residual != residual:
            break
        if iteration >= PATIENCE:
            _damp(x)
        accelerate(x, k, residual)
    x.unsolved -= x.status

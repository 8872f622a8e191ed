"""The aqueous medium: activity coefficients, conditional constants and pairing of one water.

The carbonate system of a water is solved as a *medium* and one unknown. The medium is everything that changes slowly
with pH: activity coefficients (from the ionic strength) and how far Ca, Mg, Na, K and SO4 are paired. In a frozen
medium every carbonate species is hco3 (free HCO3-, mol kgw-1) times a function of h, and

    DIC                  = hco3 D(h),   D(h) = h d_h + d0 + d1/h
    carbonate alkalinity = hco3 A(h),   A(h) = a0 + a1/h
    other alkalinity     = N(h)       = n_oh/h - n_h h

h is the hydrogen-ion ACTIVITY, 10^-pH; all other concentrations are free molalities. Conditional constants ``c_...``
and ``p_...`` (pairs) are mixed in that sense: ``c_k1 = h m_hco3/m_co2``, ``c_k2 = h m_co3/m_hco3``,
``c_kw = h m_oh``, ``m_co2 = c_kh pco2``, ``p_caco3 = m_caco3/(m_ca m_co3)``, ``p_caoh = h m_caoh/m_ca``,
``m_h = h/g_h``. At calcite saturation ``m_ca m_co3 = c_calcite``; ``ca_ratio`` is total over free Ca.

Totals are mol (eq) per kg of water, pCO2 is a fugacity in atm. A loop over any problem is

    refresh_medium(x, k); find h and hco3; distribute(x, k, h, hco3)

repeated until nothing moves; `accelerate` shortens it.
"""

from __future__ import annotations

import math

from karstsim.chemistry.activity import (
    A_CARBONATE,
    A_CL,
    A_MGSO42,
    B_CL,
    B_MGSO42,
    gamma,
    refresh_coefficients,
    water_activity,
)
from karstsim.chemistry.constants import B_HCL_386
from karstsim.chemistry.solution import N_STATE
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel

IAP_FLOOR = 1e-99  # where an ion is absent the saturation index is this floor's
DENSE_IONIC_STRENGTH = 20.0  # iterates are kept below (mol kgw-1)
MEDIUM_TOLERANCE = 3e-10  # relative change of the medium at convergence; what is left is a few per cent of it
# In `is_near` no round is trusted to leave less of the error than this, and what is foreseen needs a margin.
LEAST_LEFT, FORESIGHT = 0.03, 0.3
TRACE = 1e-9  # ionic strength below which an iterate is not trusted
# What is read from a solved water, as ``x.readings``: logarithms are dear.
ALL, CARBONATE, NOTHING = 0.0, 1.0, 2.0
COLD, WARM, KNOWN = 0, 1, 2  # what is known of a water before it is solved, see `start_medium`
THETA_LOW, THETA_HIGH = -20.0, 0.9  # limits of the extrapolation in `accelerate`


@kernel
def refresh_activities(x, k):
    """Activity coefficients and conditional constants from ``x.ionic_strength`` (mol kgw-1) and ``x.solute_molality``.

    Truesdell & Jones (1974) for ions with known size, Davies otherwise, log10 g = b I for neutral species, and
    a_w = 1 - 0.017 sum(m): the activity model of PHREEQC.
    """
    refresh_coefficients(x, k)
    _condition_carbonate(x, k)
    _condition_sulfate(x, k)
    if k.khco3 > 0.0:
        _condition_phreeqc386(x, k, math.sqrt(max(x.ionic_strength, 0.0)))
    x.conditioned = k.temperature


@kernel
def _condition_carbonate(x, k):
    """Conditional constants of the carbonate system and its pairs, from the activity coefficients in `x`."""
    aw = x.water_activity
    per_neutral, per_davies, per_hco3 = 1.0 / x.g_neutral, 1.0 / x.g_davies, 1.0 / x.g_hco3
    x.g_co2 = x.g_neutral
    x.c_kh = k.kh * per_neutral
    x.c_k1 = k.k1 * aw * x.g_co2 * per_hco3
    x.c_k2 = k.k2 * per_hco3 * per_hco3 * per_hco3  # g_hco3/g_co3
    x.c_kw = k.kw * aw / x.g_oh
    x.c_calcite = k.calcite / (x.g_ca * x.g_co3)
    x.p_cahco3 = k.cahco3 * x.g_ca * x.g_hco3 / x.g_cahco3
    x.p_caco3 = k.caco3 * x.g_ca * x.g_co3 * per_neutral
    x.p_mghco3 = k.mghco3 * x.g_mg * x.g_hco3 / x.g_mghco3
    x.p_mgco3 = k.mgco3 * x.g_mg * x.g_co3 * per_neutral
    x.p_nahco3 = k.nahco3 * x.g_na * x.g_hco3 * per_neutral
    x.p_naco3 = k.naco3 * x.g_na * x.g_co3 * per_davies
    x.p_khco3 = 0.0
    x.p_caoh = k.caoh * aw * x.g_ca * per_davies
    x.p_mgoh = k.mgoh * aw * x.g_mg / x.g_mgoh
    x.p_dimer = k.dimer * x.g_co2 * x.g_co2 * per_neutral


@kernel
def _condition_sulfate(x, k):
    """Conditional constants of the sulfate pairs, from the activity coefficients in `x`."""
    per_neutral, per_davies, per_hco3 = 1.0 / x.g_neutral, 1.0 / x.g_davies, 1.0 / x.g_hco3
    x.p_caso4 = k.caso4 * x.g_ca * x.g_so4 * per_neutral
    x.p_mgso4 = k.mgso4 * x.g_mg * x.g_so4 * per_neutral
    x.p_naso4 = k.naso4 * x.g_na * x.g_so4 * per_hco3  # NaSO4- and KSO4- have the size of HCO3-
    x.p_kso4 = k.kso4 * x.g_k * x.g_so4 * per_hco3
    x.p_hso4 = k.hso4 * x.g_so4 * per_davies
    x.p_cahso4 = k.cahso4 * k.hso4 * x.g_ca * x.g_so4 * per_davies
    x.p_mgso42 = 0.0
    x.p_hcl = 0.0


@kernel
def _condition_phreeqc386(x, k, root):
    """What phreeqc.dat 3.8.6 does differently: own coefficients of some species, KHCO3, Mg(SO4)2-- and HCl."""
    i = x.ionic_strength
    g_nahco3 = math.exp(LN10 * k.b_nahco3 * i)
    g_khco3 = math.exp(LN10 * k.b_khco3 * i)
    g_mgso4 = math.exp(LN10 * k.b_mgso4 * i)

    g_naso4 = gamma(1.0, k.a_naso4, 0.0, root, i, k)
    g_kso4 = gamma(1.0, A_CARBONATE, k.b_kso4, root, i, k)
    g_cl = gamma(1.0, A_CL, B_CL, root, i, k)
    x.p_hcl = k.hcl * g_cl * math.exp(-LN10 * B_HCL_386 * i)
    g_mgso42 = gamma(4.0, A_MGSO42, B_MGSO42, root, i, k)
    x.g_co2 = math.exp(LN10 * k.b_co2 * i)
    x.c_kh = k.kh / x.g_co2
    x.c_k1 = k.k1 * x.water_activity * x.g_co2 / x.g_hco3
    x.p_dimer = k.dimer * x.g_co2 * x.g_co2 / x.g_neutral
    x.p_nahco3 = k.nahco3 * x.g_na * x.g_hco3 / g_nahco3
    x.p_khco3 = k.khco3 * x.g_k * x.g_hco3 / g_khco3
    x.p_mgso4 = k.mgso4 * x.g_mg * x.g_so4 / g_mgso4
    x.p_mgso42 = k.mgso42 * g_mgso4 * x.g_so4 / g_mgso42
    x.p_naso4 = k.naso4 * x.g_na * x.g_so4 / g_naso4
    x.p_kso4 = k.kso4 * x.g_k * x.g_so4 / g_kso4


@kernel
def refresh_pairs(x):
    """Coefficients of D(h), A(h) and N(h) from the free ions and the CO2 now in `x` (mol kgw-1)."""
    x.d_h = (1.0 + 2.0 * x.p_dimer * x.m_co2) / x.c_k1
    x.d0 = 1.0 + x.p_cahco3 * x.m_ca + x.p_mghco3 * x.m_mg + x.p_nahco3 * x.m_na + x.p_khco3 * x.m_k
    x.d1 = x.c_k2 * (1.0 + x.p_caco3 * x.m_ca + x.p_mgco3 * x.m_mg + x.p_naco3 * x.m_na)
    x.a0 = x.d0
    x.a1 = 2.0 * x.d1
    x.n_oh = x.c_kw + x.p_caoh * x.m_ca + x.p_mgoh * x.m_mg
    x.n_h = 1.0 / x.g_h + x.m_so4 * (x.p_hso4 + x.p_cahso4 * x.m_ca) + x.p_hcl * x.m_cl


@kernel
def refresh_medium(x, k):
    """Refresh the whole medium from ``x.ionic_strength`` and the free species in `x` (mol kgw-1).

    x   water (SOLUTION_DTYPE); k   constants at its temperature (`set_temperature`)
    """
    refresh_activities(x, k)
    refresh_pairs(x)


@kernel
def dic_over_hco3(x, h):
    """D(h) = DIC / free HCO3-; `h` is 10^-pH."""
    return h * x.d_h + x.d0 + x.d1 / h


@kernel
def alk_over_hco3(x, h):
    """A(h) = carbonate alkalinity (eq) per mol of free HCO3-; `h` is 10^-pH."""
    return x.a0 + x.a1 / h


@kernel
def noncarbonate_alkalinity(x, h):
    """N(h) = OH + CaOH + MgOH - H - HSO4 - CaHSO4 - HCl, eq kgw-1; `h` is 10^-pH."""
    return x.n_oh / h - x.n_h * h


@kernel
def update_species(x, h, hco3):
    """Species, pairing ratios and ionic strength for `h` = 10^-pH and free bicarbonate `hco3` (mol kgw-1).

    Mass action with the conditional constants in `x`; the cations see the sulfate of the last call, the sulfate sees
    the new cations (Gauss-Seidel). Totals ``x.ca`` .. ``x.so4`` are conserved: each pair is a share of its total.
    """
    so4 = x.m_so4
    per_h = 1.0 / h
    co3 = x.c_k2 * hco3 * per_h
    x.m_h = h / x.g_h
    x.m_oh = x.c_kw * per_h
    x.m_hco3 = hco3
    x.m_co3 = co3
    x.m_co2 = h * hco3 / x.c_k1
    x.m_co2_dimer = x.p_dimer * x.m_co2 * x.m_co2
    hso4_ca = x.p_cahso4 * h
    x.ca_ratio = 1.0 + x.p_cahco3 * hco3 + x.p_caco3 * co3 + (x.p_caso4 + hso4_ca) * so4 + x.p_caoh * per_h
    so4_mg = x.p_mgso4 * (1.0 + x.p_mgso42 * so4)
    x.mg_ratio = 1.0 + x.p_mghco3 * hco3 + x.p_mgco3 * co3 + so4_mg * so4 + x.p_mgoh * per_h
    x.na_ratio = 1.0 + x.p_nahco3 * hco3 + x.p_naco3 * co3 + x.p_naso4 * so4
    x.k_ratio = 1.0 + x.p_khco3 * hco3 + x.p_kso4 * so4
    free_cations(x)
    x.m_cl = x.cl / (1.0 + x.p_hcl * h)
    x.m_hcl = x.p_hcl * h * x.m_cl
    x.so4_ratio = (
        1.0
        + (x.p_caso4 + hso4_ca) * x.m_ca
        + x.p_mgso4 * x.m_mg * (1.0 + 2.0 * x.p_mgso42 * so4)
        + x.p_naso4 * x.m_na
        + x.p_kso4 * x.m_k
        + x.p_hso4 * h
    )
    x.m_so4 = x.so4 / x.so4_ratio
    _pairs(x, h, per_h)
    _ionic_strength(x)


@kernel
def free_cations(x):
    """Free Ca, Mg, Na, K (mol kgw-1) from totals and pairing ratios."""
    x.m_ca = x.ca / x.ca_ratio
    x.m_mg = x.mg / x.mg_ratio
    x.m_na = x.na / x.na_ratio
    x.m_k = x.k / x.k_ratio


@kernel
def _pairs(x, h, per_h):
    """Molalities of all pairs from the free ions in `x`."""
    x.m_cahco3 = x.p_cahco3 * x.m_ca * x.m_hco3
    x.m_caco3 = x.p_caco3 * x.m_ca * x.m_co3
    x.m_mghco3 = x.p_mghco3 * x.m_mg * x.m_hco3
    x.m_mgco3 = x.p_mgco3 * x.m_mg * x.m_co3
    x.m_nahco3 = x.p_nahco3 * x.m_na * x.m_hco3
    x.m_naco3 = x.p_naco3 * x.m_na * x.m_co3
    x.m_khco3 = x.p_khco3 * x.m_k * x.m_hco3
    x.m_caso4 = x.p_caso4 * x.m_ca * x.m_so4
    x.m_mgso4 = x.p_mgso4 * x.m_mg * x.m_so4
    x.m_mgso42 = x.p_mgso42 * x.m_mgso4 * x.m_so4
    x.m_naso4 = x.p_naso4 * x.m_na * x.m_so4
    x.m_kso4 = x.p_kso4 * x.m_k * x.m_so4
    x.m_hso4 = x.p_hso4 * h * x.m_so4
    x.m_cahso4 = x.p_cahso4 * h * x.m_ca * x.m_so4
    x.m_caoh = x.p_caoh * x.m_ca * per_h
    x.m_mgoh = x.p_mgoh * x.m_mg * per_h


@kernel
def _ionic_strength(x):
    """Ionic strength I = 1/2 sum z^2 m and the sum of all solute molalities (mol kgw-1)."""
    single = (
        x.m_h
        + x.m_oh
        + x.m_hco3
        + x.m_na
        + x.m_k
        + x.m_cl
        + x.no3
        + x.m_cahco3
        + x.m_mghco3
        + x.m_naco3
        + x.m_naso4
        + x.m_kso4
        + x.m_hso4
        + x.m_cahso4
        + x.m_caoh
        + x.m_mgoh
    )
    double = x.m_ca + x.m_mg + x.m_so4 + x.m_co3 + x.m_mgso42
    neutral = x.m_co2 + x.m_co2_dimer + x.m_caco3 + x.m_mgco3 + x.m_nahco3 + x.m_khco3 + x.m_caso4 + x.m_mgso4
    neutral += x.m_hcl
    x.ionic_strength = 0.5 * single + 2.0 * double
    x.solute_molality = single + double + neutral


@kernel
def total_dic(x):
    """Dissolved inorganic carbon as the sum of its species (the CO2 dimer twice, as in PHREEQC), mol kgw-1."""
    free = x.m_co2 + 2.0 * x.m_co2_dimer + x.m_hco3 + x.m_co3
    return free + x.m_cahco3 + x.m_caco3 + x.m_mghco3 + x.m_mgco3 + x.m_nahco3 + x.m_naco3 + x.m_khco3


@kernel
def total_alkalinity(x):
    """Alkalinity as the sum of its species, eq kgw-1: CO2, H2O and SO4-- are the zero level."""
    single = x.m_hco3 + x.m_cahco3 + x.m_mghco3 + x.m_nahco3 + x.m_khco3
    double = x.m_co3 + x.m_caco3 + x.m_mgco3 + x.m_naco3
    return single + 2.0 * double + x.m_oh + x.m_caoh + x.m_mgoh - x.m_h - x.m_hso4 - x.m_cahso4 - x.m_hcl


@kernel
def saturation_index(iap, solubility):
    """log10 of ion activity product over solubility product; an absent ion gives the index of `IAP_FLOOR`."""
    return math.log10((iap if not iap < IAP_FLOOR else IAP_FLOOR) / solubility)


@kernel
def finish_carbonate(x, k, h):
    """pH, CO2 pressure (fugacity, atm) and saturation with calcite of the species now in `x`; returns a(Ca) a(CO3)."""
    x.ph = -math.log10(h) if not h <= 0.0 else 0.0
    x.pco2 = x.m_co2 / x.c_kh
    iap = x.g_ca * x.m_ca * (x.g_co3 * x.m_co3)
    x.si_calcite = saturation_index(iap, k.calcite)
    return iap


@kernel
def finish(x, k, h):
    """As `finish_carbonate`, and the saturation indices of the other minerals unless ``x.readings`` leaves them out."""
    iap = finish_carbonate(x, k, h)
    if x.readings != ALL:
        return
    a_ca, a_co3 = x.g_ca * x.m_ca, x.g_co3 * x.m_co3
    x.si_aragonite = saturation_index(iap, k.aragonite)
    x.si_dolomite = saturation_index(iap * x.g_mg * x.m_mg * a_co3, k.dolomite)
    aw = x.water_activity
    x.si_gypsum = saturation_index(a_ca * x.g_so4 * x.m_so4 * aw * aw, k.gypsum)


@kernel
def distribute(x, k, h, hco3):
    """All species and results of `x` for `h` = 10^-pH and free bicarbonate `hco3` (mol kgw-1) in the present medium.

    Fills species, pairing ratios, ionic strength, pH, pco2 and saturation indices; totals are left as they are
    (`total_dic` and `total_alkalinity` give the sums over the species). The medium itself is not refreshed.
    """
    update_species(x, h, hco3)
    finish(x, k, h)


@kernel
def start_medium(x, k):
    """First medium of a solve. Says what is known of the water: KNOWN, WARM or COLD; of the last two no ion is paired.

    Of an earlier solve pH and ionic strength are taken over where both are positive (WARM), and the pairing ratios too
    where all are (KNOWN), so that the answer depends on nothing else; unless ``x.resume`` is 1, which says that the
    record still holds the medium of this very water's last solve (KNOWN). The H+ of a KNOWN water is that of its last
    solve.
    """
    if x.resume == 1.0:
        resume_medium(x, k)
        return KNOWN
    warm = x.ph > 0.0 and x.ionic_strength > TRACE
    known = warm and x.ca_ratio > 0.0 and x.mg_ratio > 0.0 and x.na_ratio > 0.0 and x.so4_ratio > 0.0
    if not warm:
        strong = 2.0 * (x.ca + x.mg - x.so4) + x.na + x.k - x.cl - x.no3
        weak = strong if strong > 0.0 else -strong
        x.ionic_strength = TRACE + 2.0 * (x.ca + x.mg + x.so4) + 0.5 * (x.na + x.k + x.cl + x.no3 + weak)
    if not known:
        x.ca_ratio, x.mg_ratio, x.na_ratio, x.so4_ratio = 1.0, 1.0, 1.0, 1.0
    x.k_ratio = 1.0
    free_cations(x)
    x.m_so4, x.m_cl, x.m_co2 = x.so4 / x.so4_ratio, x.cl, 0.0
    h = math.exp(-LN10 * x.ph) if known else 0.0
    # Each pair is in the total of its anion. Only the activity of water depends on this sum.
    x.solute_molality = x.m_ca + x.m_mg + x.m_na + x.m_k + x.cl + x.so4 + x.no3 + x.dic + h
    x.last_residual = -1.0
    refresh_medium(x, k)
    _remember(x)
    if known:
        x.m_h = h / x.g_h
        x.m_co2 = h * x.dic / (dic_over_hco3(x, h) * x.c_k1)
        x.d_h = (
            1.0 + 2.0 * x.p_dimer * x.m_co2
        ) / x.c_k1  # with the dimer, which no other part of the medium shows
        return KNOWN
    return WARM if warm else COLD


@kernel
def start_from(y, x, k):
    """First medium of a water `y` that has the totals of the started water `x` and will move away from it."""
    y.ca, y.mg, y.na, y.k, y.cl, y.so4, y.no3, y.dic = x.ca, x.mg, x.na, x.k, x.cl, x.so4, x.no3, x.dic
    y.ca_ratio, y.mg_ratio, y.na_ratio, y.k_ratio, y.so4_ratio = (
        x.ca_ratio,
        x.mg_ratio,
        x.na_ratio,
        x.k_ratio,
        x.so4_ratio,
    )
    free_cations(y)
    y.m_so4, y.m_cl, y.m_co2 = x.m_so4, x.m_cl, x.m_co2
    y.ionic_strength = x.ionic_strength
    y.solute_molality = x.solute_molality
    y.tolerance = x.tolerance
    y.last_residual = -1.0
    refresh_medium(y, k)
    _remember(y)


@kernel
def resume_medium(x, k):
    """Go on from the medium of this water's last solve, after its totals or its temperature have changed a little.

    Only for solves that follow each other within one step: a new step starts from what the store remembers. At
    the same temperature the activity coefficients are those that the last solve has ended with.
    """
    free_cations(x)
    x.m_so4 = x.so4 / x.so4_ratio
    x.last_residual = -1.0
    if x.conditioned == k.temperature:
        x.ionic_strength = x.trial[0]
        refresh_pairs(x)
    else:
        refresh_medium(x, k)
    _remember(x)


@kernel
def settle(x, k, h, hco3, what):
    """Pair the ions of a started medium at a first guess of h = 10^-pH and free HCO3- (mol kgw-1).

    Two Gauss-Seidel passes without new activity coefficients; a cold start then takes over the ionic strength.
    `what` is what `start_medium` returned: COLD or WARM.
    """
    ionic_strength = x.ionic_strength
    update_species(x, h, hco3)
    update_species(x, h, hco3)
    if what == WARM:
        x.ionic_strength = ionic_strength
        refresh_pairs(x)
    else:
        refresh_medium(x, k)
    _remember(x)


@kernel
def _remember(x):
    """Keep the medium that the next solve starts from."""
    x.trial[0] = x.ionic_strength
    x.trial[1] = x.ca_ratio
    x.trial[2] = x.mg_ratio
    x.trial[3] = x.so4_ratio
    x.trial[4] = x.na_ratio


@kernel
def medium_residual(x):
    """Largest relative change of the medium by the last `update_species`; NaN in any part of it gives NaN.

    The medium is ionic strength and pairing ratios, and the activity of water.
    """
    x.mapped[0] = x.ionic_strength
    x.mapped[1] = x.ca_ratio
    x.mapped[2] = x.mg_ratio
    x.mapped[3] = x.so4_ratio
    x.mapped[4] = x.na_ratio
    worst = 0.0
    for j in range(N_STATE):
        x.defect[j] = (x.mapped[j] - x.trial[j]) / x.mapped[j]
        change = math.fabs(x.defect[j])
        if not change <= worst:
            worst = change
            if worst != worst:
                return worst
    change = math.fabs(water_activity(x) - x.water_activity)
    return worst if change <= worst else change


@kernel
def is_near(x, residual):
    """Whether the medium needs no further round, after one that has changed it by `residual`.

    As much as ``x.tolerance`` may be left of the medium's error: as foreseen, a round leaves the share that the one
    before has left.
    """
    if residual < MEDIUM_TOLERANCE or residual < x.tolerance:
        return True
    left = residual * max(residual, LEAST_LEFT * x.last_residual)
    return left < FORESIGHT * x.tolerance * x.last_residual


@kernel
def accelerate(x, k, residual):
    """Next medium by Anderson's (1965, J. ACM 12:547) extrapolation of depth one, and its refresh.

    With F the map medium -> medium and f its relative defect, the next medium is F - theta (F - F_before),
    theta = f.(f - f_before)/|f - f_before|^2; plain iteration first, when the defect grew, or when the extrapolation
    would leave the positive range.

    residual   what `medium_residual` returned
    """
    theta = _theta(x, residual)
    for j in range(N_STATE):
        if x.mapped[j] - theta * (x.mapped[j] - x.mapped_before[j]) <= _lower(j):
            theta = 0.0
    for j in range(N_STATE):
        x.defect_before[j] = x.defect[j]
        x.trial[j] = x.mapped[j] - theta * (x.mapped[j] - x.mapped_before[j])
        x.mapped_before[j] = x.mapped[j]
    x.last_residual = residual
    i = x.trial[0]
    x.ionic_strength = i if not i > DENSE_IONIC_STRENGTH else DENSE_IONIC_STRENGTH
    x.ca_ratio, x.mg_ratio, x.so4_ratio, x.na_ratio = x.trial[1], x.trial[2], x.trial[3], x.trial[4]
    free_cations(x)
    x.m_so4 = x.so4 / x.so4_ratio
    refresh_medium(x, k)


@kernel
def _theta(x, residual):
    """Mixing factor of `accelerate`, 0 for plain iteration."""
    if x.last_residual < 0.0 or residual > x.last_residual:
        return 0.0
    above, below = 0.0, 0.0
    for j in range(N_STATE):
        df = x.defect[j] - x.defect_before[j]
        above += x.defect[j] * df
        below += df * df
    if not below > 0.0:
        return 0.0
    theta = above / below
    return THETA_LOW if theta < THETA_LOW else (THETA_HIGH if theta > THETA_HIGH else theta)


@kernel
def _lower(j):
    """Lower limit of a component of the medium: ratios of total to free are at least one."""
    return 0.0 if j == 0 else 1.0 - TRACE

"""Inorganic carbon of a box: gas exchange, photosynthesis and calcite in one implicit sub-step (design notes 6.1-6.5).

    DIC1 = DIC0 - E k h/D (CO2 - KH p_air) - (1 - r) G(CO2, HCO3) - n
    Alk1 = Alk0 - 2 n,   Ca1 = Ca0 - n,   n = h k_cc/D (sqrt(Omega) - 1) + r_cc G_HCO3

The first part of n precipitates where SI exceeds its threshold at the start of the sub-step, and dissolves the bed
where SI < 0; the second, that of plants which take up HCO3-, does not go below saturation.

All terms are taken at the end of the sub-step (design notes 12.12: photosynthesis and calcite share one limiter), so no
step is too long: with the activities frozen, every species follows from h = 10^-pH, n is the root of a quadratic, and
one increasing equation in ln h is left. What plants precipitate is in proportion to the HCO3- at the end, whose factor
follows the uptake. The loop over the activities is that of the chemistry.
"""

import math

from karstsim.chemistry.constants import set_temperature
from karstsim.chemistry.medium import (
    N_STATE,
    WARM,
    accelerate,
    alk_over_hco3,
    dic_over_hco3,
    finish_carbonate,
    medium_residual,
    noncarbonate_alkalinity,
    settle,
    start_medium,
    update_species,
)
from karstsim.chemistry.speciation import H_MAX, H_MIN, Mode, newton_step, speciate
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel
from karstsim.core.spec import Var, record_dtype
from karstsim.processes.air import co2_pressure
from karstsim.processes.dissolution import MINIMUM_VOLUME, load_store, remember
from karstsim.processes.surface_water import calcite, gas_exchange, isotopes, organic, photosynthesis, plants
from karstsim.processes.transport import alkalinity

PARAMS = ()
FLUXES = (
    Var("evasion", "mol m-2", "gross CO2 evasion to the atmosphere", aggregate="sum"),
    Var("invasion", "mol m-2", "gross CO2 invasion from the atmosphere", aggregate="sum"),
    Var("gpp", "mol m-2", "gross primary production of aquatic plants", aggregate="sum"),
    Var("gpp_algae", "mol m-2", "part of it by phytoplankton", aggregate="sum"),
    Var("gpp_bicarbonate", "mol m-2", "part of it that takes up HCO3-", aggregate="sum"),
    Var(
        "autotrophic_respiration",
        "mol m-2",
        "growth respiration of aquatic plants; plant_respiration comes on top",
        aggregate="sum",
    ),
    Var("ph_min", "1", "lowest pH", aggregate="min"),
    Var("ph_max", "1", "highest pH", aggregate="max"),
)
ALK_DIC = int(Mode.ALK_DIC)
KG_PER_M3 = 1000.0
NEAR = 1.0e-3  # of the carbon at hand: mismatch from where one step is enough,
HASTY = 4  # but where saturation bounds the calcite of plants it may lead astray round after round
# Of the mismatch before the last step in h and of the last change of the medium; a few per cent of them are left, a
# thousandth of what the length of a sub-step errs by. Tighter ones take another round of the medium.
BALANCE_TOLERANCE = 2.0e-4
# Where saturation lies inside the tolerance, steps may cross it to and fro; after some rounds more is asked for.
PATIENT, EXACT = 12, 1.0e-5
MEDIUM_TOLERANCE = 5.0e-5
UPTAKE_TOLERANCE = 5.0e-5  # of the carbon at hand: calcite of plants
FAMILIAR = 0.2  # relative change of the medium, or of h, that may go on
MAX_OUTER, MAX_INNER = 60, 120
NEWTON_TRIES = 40  # then bisection, which cannot fail
UPTAKE_TRIES = 40

# Of one sub-step: exchange of gas (1) and the pressure of the air (atm); potential production of submerged plants and
# of phytoplankton and what of both can take HCO3- (mol kg-1), K_H (mol m-3); calcite that would precipitate at
# Omega = 4, or by the other law the share of what can; calcite of plants if light alone were the limit (mol kg-1), and
# per free HCO3- at the end; calcite of the bed, and the water before (mol kg-1); carbon
# assimilated (mol m-2); h before and a guess of it after; the day's sun (`photosynthesis.set_sun`); light
# (umol m-2 s-1), share of the water that stays; carbon respired, by what lives in the water, and the sum of
# autotrophic respiration before it (mol m-2); O2 that the spring brings (mol m-2); amounts before it, for isotopes.
SUBSTEP_DTYPE = record_dtype(
    [("before", isotopes.BEFORE_DTYPE)]
    + [
        (name, "f8")
        for name in [
            "gas",
            "air",
            "plants",
            "algae",
            "plants_hco3",
            "algae_hco3",
            "half_hco3",
            "calcite",
            "calcite_share",
            "plants_calcite",
            "calcite_per_hco3",
            "bed",
            "dic",
            "alkalinity",
            "ca",
            "gross",
            "acidity",
            "guess",
            "par_mean",
            "par_swing",
            "light",
            "stays",
            "respired",
            "aquatic",
            "respired_before",
            "spring_oxygen",
        ]
    ]
)


@kernel
def begin(f, s):
    f.evasion = 0.0
    f.invasion = 0.0
    f.gpp = 0.0
    f.gpp_algae = 0.0
    f.gpp_bicarbonate = 0.0
    f.autotrophic_respiration = 0.0
    f.k600 = 0.0
    f.ph_min = s.water.ph
    f.ph_max = s.water.ph


@kernel
def bicarbonate_and_calcite(x, t, h):
    """(free HCO3-, precipitated calcite n, and their slopes by ln h), mol kg-1, at `h` in the frozen medium.

    Carbonate alkalinity is B - 2 n = A HCO3, and Omega = w A (Ca0 - n) HCO3. Plants precipitate c HCO3 of n; by the
    rest m, HCO3 = (B - 2 m)/(A + 2 c), and Omega is again a product of a calcium less m and B - 2 m.
    """
    per_h = 1.0 / h
    alk = t.alkalinity - noncarbonate_alkalinity(x, h)
    alk_slope = x.n_oh * per_h + x.n_h * h
    a = alk_over_hco3(x, h)
    per_a, a_slope = 1.0 / a, -x.a1 * per_h
    w = x.c_k2 * per_h * per_a / (x.ca_ratio * x.c_calcite)
    c, per_all, room = t.calcite_per_hco3, per_a, 0.0
    if c > 0.0:
        per_all = 1.0 / (a + 2.0 * c)
        if w * a * (t.ca - c * alk * per_all) * alk * per_all > 1.0:
            room = c * per_a
        elif w * t.ca * alk > 1.0:
            n, n_slope = calcite.quadratic(0.0, w, -w * (1.0 + a_slope * per_a), t.ca, 0.0, alk, alk_slope)
            hco3 = (alk - 2.0 * n) * per_a
            return hco3, n, (alk_slope - 2.0 * n_slope - hco3 * a_slope) * per_a, n_slope
        else:
            c, per_all = 0.0, per_a
    w *= a * a * per_all * per_all
    w_slope = -w * (1.0 + a_slope * (2.0 * per_all - per_a))
    ca = t.ca + room * (2.0 * t.ca - alk)
    ca_slope = -room * (a_slope * per_a * (2.0 * t.ca - alk) + alk_slope)
    n, n_slope = calcite.precipitated(t, w, w_slope, ca, ca_slope, alk, alk_slope)
    hco3 = (alk - 2.0 * n) * per_all
    hco3_slope = (alk_slope - 2.0 * n_slope - hco3 * a_slope) * per_all
    return hco3, n + c * hco3, hco3_slope, n_slope + c * hco3_slope


@kernel
def limits(p, t, co2, hco3):
    """(m, share of phi_H) of Eq. 6.1 at CO2 and HCO3- in mol kg-1."""
    half_co2 = p.half_saturation_co2
    return photosynthesis.carbon_shares(
        half_co2, t.half_hco3, KG_PER_M3 * max(co2, 0.0), KG_PER_M3 * max(hco3, 0.0)
    )


@kernel
def follow_uptake(t, on_hco3, hco3):
    """Set the calcite of plants per HCO3- by their uptake; whether that has changed the water."""
    per_hco3 = t.plants_calcite * on_hco3 / hco3
    changed = abs(per_hco3 - t.calcite_per_hco3) * hco3 > UPTAKE_TOLERANCE * t.dic
    t.calcite_per_hco3 = per_hco3
    return changed


@kernel
def mismatch(x, p, t, h):
    """(carbon that the water holds at `h` beyond what the sub-step leaves it, its slope by ln h > 0), mol kg-1."""
    hco3, n, hco3_slope, n_slope = bicarbonate_and_calcite(x, t, h)
    producing = t.plants + t.algae > 0.0 and hco3 > 0.0
    on_co2, on_hco3 = 0.0, 0.0
    if producing:
        on_co2, on_hco3 = limits(p, t, h * hco3 / x.c_k1, hco3)
        for _ in range(UPTAKE_TRIES):
            if not (t.plants_calcite > 0.0 and follow_uptake(t, on_hco3, hco3)):
                break
            hco3, n, hco3_slope, n_slope = bicarbonate_and_calcite(x, t, h)
            on_co2, on_hco3 = limits(p, t, h * hco3 / x.c_k1, hco3)
    co2, co2_slope = h * hco3 / x.c_k1, h * (hco3 + hco3_slope) / x.c_k1
    f = hco3 * dic_over_hco3(x, h) + t.gas * (co2 - x.c_kh * t.air) + n - t.dic
    slope = hco3_slope * dic_over_hco3(x, h) + hco3 * (h * x.d_h - x.d1 / h) + t.gas * co2_slope + n_slope
    if producing:
        co2_slopes, hco3_slopes = photosynthesis.carbon_slopes(
            p.half_saturation_co2, t.half_hco3,
            KG_PER_M3 * co2, KG_PER_M3 * hco3, KG_PER_M3 * co2_slope, KG_PER_M3 * hco3_slope,
        )  # fmt: skip
        kept = 1.0 - p.autotrophic_respiration
        of_co2, of_hco3 = kept * (t.plants + t.algae), kept * (t.plants_hco3 + t.algae_hco3)
        f += of_co2 * on_co2 + of_hco3 * on_hco3
        slope += of_co2 * co2_slopes + of_hco3 * hco3_slopes
    return f, slope


@kernel
def solve_h(x, p, t, h, near):
    """Nearer to the root of `mismatch` by safeguarded Newton steps in ln h: (h, |mismatch| one step before it).

    The carbon balance is what counts, not h: in acid water a small error of h is much carbon. So the mismatch is over
    the carbon at hand. Once it is below `near` one more step is enough for this medium.
    """
    scale = t.dic + t.gas * x.c_kh * t.air
    low, high = H_MIN, H_MAX
    off = 0.0
    for i in range(MAX_INNER):
        f, slope = mismatch(x, p, t, h)
        off = abs(f) / scale
        if f > 0.0:
            high = h
        else:
            low = h
        h = newton_step(h, f, slope, low, high) if i < NEWTON_TRIES else math.sqrt(low * high)
        if not off > near:
            break
    return h, off


@kernel
def allowed_mismatch(rounds):
    """Mismatch over the carbon at hand from where one step in h is enough, after so many rounds of the medium."""
    if rounds < HASTY:
        return NEAR
    return BALANCE_TOLERANCE if rounds < PATIENT else EXACT


@kernel
def solve(x, k, p, t):
    """Water at the end of the sub-step into `x`, whose medium has been started: (CO2, HCO3, calcite n), mol kg-1."""
    h = t.guess
    x.status = -1.0
    for i in range(MAX_OUTER):
        h, off = solve_h(x, p, t, h, allowed_mismatch(i))
        hco3, n, _, _ = bicarbonate_and_calcite(x, t, h)
        x.ca = t.ca - n
        update_species(x, h, max(hco3, 0.0))
        residual = medium_residual(x)
        if residual < MEDIUM_TOLERANCE and off < BALANCE_TOLERANCE:
            x.status = 0.0
        if x.status == 0.0 or residual != residual:
            break
        accelerate(x, k, residual)
    x.unsolved -= x.status
    finish_carbonate(x, k, h)
    return h * hco3 / x.c_k1, hco3, n


@kernel
def step(p, s, f, light, forcing, x, k, t, h, fresh):
    """Sub-step of `h` days; `t.gross` is the carbon assimilated in it, mol m-2.

    light  depth-mean PAR, umol m-2 s-1
    x      the box's own scratch solution; t  scratch (SUBSTEP_DTYPE)
    fresh  whether this is the first sub-step of a step, which starts from the box's state alone
    """
    t.gross = 0.0
    if s.water.volume <= MINIMUM_VOLUME * f.area_ratio or s.water.sol.dic <= 0.0:
        x.ph = 0.0
        return
    set_temperature(k, s.temperature, k.constant_set)
    begin_solution(s, x, k, t, fresh)
    gas_exchange.set_k600(p, f, forcing.sfcwind)
    prepare(p, s, f, light, forcing, t, t.acidity, x.c_k1, x.c_k2, x.c_kw, h)
    if t.plants_calcite > 0.0:
        hco3 = t.dic / dic_over_hco3(x, t.acidity)
        follow_uptake(t, limits(p, t, t.acidity * hco3 / x.c_k1, hco3)[1], hco3)
    co2, hco3, n = solve(x, k, p, t)
    book(p, s, f, t, co2, hco3, n, x.c_kh)
    x.dic = s.water.sol.dic / s.water.volume
    remember(x, s.water)
    note_ph(s, f)


@kernel
def book(p, s, f, t, co2, hco3, n, henry):
    """Bring what the sub-step has moved into the box and its sums.

    co2, hco3, n  CO2 and free HCO3- at its end, and calcite precipitated, mol kg-1; henry  K_H of the water
    """
    exchange(s, f, t, co2, henry)
    assimilate(p, s, f, t, co2, hco3)
    calcite.book(s, f, n * s.water.volume)


@kernel
def note_ph(s, f):
    """The day's range of pH."""
    ph = s.water.ph
    f.ph_min = min(f.ph_min, ph) if f.ph_min > 0.0 else ph
    f.ph_max = max(f.ph_max, ph)


@kernel
def begin_solution(s, x, k, t, fresh):
    """Load the box's water; within a step go on from the medium of the last sub-step."""
    going_on = not fresh and x.ph > 0.0
    load_store(x, s.water, s.temperature)
    if going_on:
        x.resume = 1.0
    else:
        x.ended[0] = 0.0
        if x.ph <= 0.0:
            speciate(x, k, ALK_DIC)
            x.resume = 1.0
    t.acidity = math.exp(-LN10 * x.ph)
    t.guess = extrapolate(x, t.acidity) if going_on else t.acidity
    if start_medium(x, k) == WARM:
        settle(x, k, t.acidity, x.dic / dic_over_hco3(x, t.acidity), WARM)


@kernel
def extrapolate(x, h):
    """A start for medium and h: as if they went on to change as in the sub-step before. Returns that h.

    ``x.mapped`` is the medium at the end of the last solve; ``x.ended`` is that of the solve before, and its h.
    """
    known = x.ended[0] > 0.0
    for j in range(N_STATE):
        now, before = x.mapped[j], x.ended[j]
        x.ended[j] = now
        if known and abs(now - before) < FAMILIAR * now:
            x.mapped[j] += now - before
    before = x.ended[N_STATE]
    x.ended[N_STATE] = h
    x.ionic_strength = x.mapped[0]
    x.ca_ratio, x.mg_ratio, x.so4_ratio, x.na_ratio = x.mapped[1], x.mapped[2], x.mapped[3], x.mapped[4]
    return h * (h / before) if known and abs(h - before) < FAMILIAR * h else h


@kernel
def prepare(p, s, f, light, forcing, t, acidity, k1, k2, kw, h):
    """Coefficients of the sub-step of `h` days from the water as it stands, which has an h of `acidity`.

    k1, k2, kw  its conditional constants
    """
    depth = max(f.depth, organic.LEAST_DEPTH)
    velocity = gas_exchange.transfer_velocity(p, f, acidity, k1, k2, kw, s.temperature, forcing.sfcwind)
    t.gas = velocity * h / depth
    t.air = co2_pressure(forcing)
    per_kg = 1.0 / s.water.volume
    t.dic = s.water.sol.dic * per_kg
    t.alkalinity = alkalinity(s.water.sol) * per_kg
    t.ca = s.water.sol.ca * per_kg
    prepare_plants(p, s, f, depth, light, s.water.sol.no3 * per_kg * KG_PER_M3, t, h / KG_PER_M3)
    calcite.prepare(p, s, t, h / depth)


@kernel
def prepare_plants(p, s, f, depth, light, no3, t, per_kg):
    """Potential production of plants and phytoplankton; `per_kg` is the sub-step (d) over 1000 kg m-3."""
    t.plants, t.algae, t.plants_hco3, t.algae_hco3 = 0.0, 0.0, 0.0, 0.0
    t.plants_calcite, t.calcite_per_hco3 = 0.0, 0.0
    t.half_hco3 = photosynthesis.half_saturation_hco3(p)
    if light <= 0.0:
        return
    density = KG_PER_M3 * s.water.sol.algae / s.water.volume
    by_phosphorus, by_both = photosynthesis.nutrients(p, density, no3)
    for_plants, for_algae = (by_both, by_both) if p.nutrient_limitation == 1 else (1.0, by_phosphorus)
    driven = photosynthesis.warmth_and_light(p, light, s.temperature) * per_kg
    t.plants = photosynthesis.plant_potential(p, plants.cover(p, s, f), depth) * driven * for_plants
    t.algae = p.algal_production * (density + plants.SPORES) * driven * for_algae
    t.plants_hco3 = t.plants * photosynthesis.bicarbonate_capacity(p, p.bicarbonate_use, light)
    t.algae_hco3 = t.algae * photosynthesis.bicarbonate_capacity(p, p.algal_bicarbonate_use, light)
    t.plants_calcite = p.biogenic_calcite * (t.plants_hco3 + t.algae_hco3)


@kernel
def exchange(s, f, t, co2, henry):
    """CO2 exchanged with the air, gross in each direction over the sub-steps."""
    released = t.gas * (co2 - henry * t.air) * s.water.volume
    s.water.sol.dic -= released
    f.evasion += max(released, 0.0)
    f.invasion += max(-released, 0.0)


@kernel
def assimilate(p, s, f, t, co2, hco3):
    """Photosynthesis, growth respiration, and the growth that is left."""
    on_co2, on_hco3 = limits(p, t, co2, hco3)
    mass = s.water.volume
    by_plants = (t.plants * on_co2 + t.plants_hco3 * on_hco3) * mass
    by_algae = (t.algae * on_co2 + t.algae_hco3 * on_hco3) * mass
    from_hco3 = (t.plants_hco3 + t.algae_hco3) * on_hco3 * mass
    t.gross = by_plants + by_algae
    respired = p.autotrophic_respiration * t.gross
    s.water.sol.dic += respired - t.gross
    kept = 1.0 - p.autotrophic_respiration
    plants.grow(p, s, f, kept * by_plants, kept * by_algae)
    f.gpp += t.gross
    f.gpp_algae += by_algae
    f.gpp_bicarbonate += from_hco3
    f.autotrophic_respiration += respired

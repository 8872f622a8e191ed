"""Inorganic carbon of a box: gas exchange, photosynthesis and calcite in one implicit sub-step (science.md 6.1-6.5).

    DIC1 = DIC0 - E k h/D (CO2 - KH p_air) - (1 - r) G(CO2, HCO3) - n
    Alk1 = Alk0 - 2 n,   n = h k_cc/D (sqrt(Omega) - 1)  where SI exceeds its threshold

All terms are taken at the end of the sub-step (science.md 12.12: photosynthesis and calcite share one limiter), so no
step is too long: with the activities frozen, every species follows from h = 10^-pH, n is the root of a quadratic, and
one increasing equation in ln h is left. The loop over the activities is that of the chemistry.
"""

import math

from karstsim.chemistry.constants import set_temperature
from karstsim.chemistry.medium import (
    accelerate,
    alk_over_hco3,
    dic_over_hco3,
    distribute,
    medium_residual,
    noncarbonate_alkalinity,
    settle,
    start_medium,
    update_species,
)
from karstsim.chemistry.speciation import H_MAX, H_MIN, Mode, newton_step, speciate
from karstsim.core.classes import by_water_class
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var, record_dtype
from karstsim.processes.air import co2_pressure
from karstsim.processes.dissolution import MINIMUM_VOLUME, load_store, remember
from karstsim.processes.surface_water import gas_exchange, organic, photosynthesis

PARAMS = (
    Param(
        "calcite_rate",
        0.002,
        "mol m-2 d-1",
        5.0e-4,
        0.2,
        "design; science.md 6.5",
        scale="log",
        by_class=by_water_class(0.01, 0.002, 0.002, 0.2, 0.2, 0.02),
    ),
    Param(
        "calcite_threshold",
        0.3,
        "1",
        0.0,
        1.0,
        "design; science.md 6.5",
        doc="saturation index above which calcite precipitates",
    ),
)
FLUXES = (
    Var("evasion", "mol m-2", "gross CO2 evasion to the atmosphere", aggregate="sum"),
    Var("invasion", "mol m-2", "gross CO2 invasion from the atmosphere", aggregate="sum"),
    Var("gpp", "mol m-2", "gross primary production of aquatic plants", aggregate="sum"),
    Var("autotrophic_respiration", "mol m-2", "respiration of aquatic plants", aggregate="sum"),
    Var("calcite", "mol m-2", "calcite precipitated and buried", aggregate="sum"),
    Var("ph_min", "1", "lowest pH", aggregate="min"),
    Var("ph_max", "1", "highest pH", aggregate="max"),
)
ALK_DIC = int(Mode.ALK_DIC)
KG_PER_M3 = 1000.0
SLOPE_STEP = 1.0e-6  # in ln h, of the numerical derivative
FIRST_TOLERANCE = 1.0e-3  # of the carbon at hand, while the medium still moves
BALANCE_TOLERANCE = 1.0e-9
MEDIUM_TOLERANCE = 1.0e-7
MAX_OUTER, MAX_INNER = 60, 120
NEWTON_TRIES = 40  # then bisection, which cannot fail
WARM = 1

SUBSTEP_DTYPE = record_dtype(
    [(name, "f8") for name in ["gas", "air", "plants", "capacity", "calcite", "dic", "alkalinity", "ca"]]
)


@kernel
def begin(f, s):
    f.evasion = 0.0
    f.invasion = 0.0
    f.gpp = 0.0
    f.autotrophic_respiration = 0.0
    f.calcite = 0.0
    f.k600 = 0.0
    f.ph_min = s.water.ph
    f.ph_max = s.water.ph


@kernel
def bicarbonate_and_calcite(x, t, h):
    """Free HCO3- and precipitated calcite (mol kg-1) at `h`, in the frozen medium.

    With Omega = w (Ca0 - n)(B - 2 n), n solves (n/kappa + 1)^2 = Omega: a quadratic with one positive root where
    Omega(0) > 1.
    """
    alk = t.alkalinity - noncarbonate_alkalinity(x, h)
    big_a = alk_over_hco3(x, h)
    n = 0.0
    if t.calcite > 0.0:
        w = x.c_k2 / (h * big_a * x.ca_ratio * x.c_calcite)
        c = 1.0 - w * t.ca * alk
        if c < 0.0:
            a = 1.0 / (t.calcite * t.calcite) - 2.0 * w
            b = 2.0 / t.calcite + w * (alk + 2.0 * t.ca)
            n = -2.0 * c / (b + math.sqrt(max(b * b - 4.0 * a * c, 0.0)))
    return (alk - 2.0 * n) / big_a, n


@kernel
def gross_production(p, t, co2, hco3):
    """Carbon-limited gross production of the sub-step, mol kg-1."""
    limited = photosynthesis.carbon_limitation(
        p, t.capacity, KG_PER_M3 * max(co2, 0.0), KG_PER_M3 * max(hco3, 0.0)
    )
    return t.plants * limited


@kernel
def mismatch(x, p, t, h):
    """Carbon that the water holds at `h` beyond what the sub-step leaves it, mol kg-1; increases with h."""
    hco3, n = bicarbonate_and_calcite(x, t, h)
    co2 = h * hco3 / x.c_k1
    taken = (1.0 - p.autotrophic_respiration) * gross_production(p, t, co2, hco3)
    return hco3 * dic_over_hco3(x, h) + t.gas * (co2 - x.c_kh * t.air) + taken + n - t.dic


@kernel
def solve_h(x, p, t, h, tolerance):
    """Root of `mismatch` by safeguarded Newton steps in ln h, to `tolerance` of the carbon at hand.

    The carbon balance is what counts, not h: in acid water a small error of h is much carbon.
    """
    scale = t.dic + t.gas * x.c_kh * t.air
    low, high = H_MIN, H_MAX
    for i in range(MAX_INNER):
        f = mismatch(x, p, t, h)
        if not abs(f) > tolerance * scale:
            return h
        if f > 0.0:
            high = h
        else:
            low = h
        if i < NEWTON_TRIES:
            slope = (mismatch(x, p, t, h * (1.0 + SLOPE_STEP)) - f) / SLOPE_STEP
            h = newton_step(h, f, slope, low, high)
        else:
            h = math.sqrt(low * high)
    return h


@kernel
def solve(x, k, p, t):
    """Water at the end of the sub-step into `x`, whose medium has been started: (CO2, HCO3, calcite n), mol kg-1."""
    h = math.exp(-LN10 * x.ph)
    tolerance = FIRST_TOLERANCE
    x.status = -1.0
    for _ in range(MAX_OUTER):
        h = solve_h(x, p, t, h, tolerance)
        hco3, n = bicarbonate_and_calcite(x, t, h)
        x.ca = t.ca - n
        update_species(x, h, max(hco3, 0.0))
        residual = medium_residual(x)
        if residual < MEDIUM_TOLERANCE and tolerance <= BALANCE_TOLERANCE:
            x.status = 0.0
        if x.status == 0.0 or residual != residual:
            break
        # No need to know h better than the medium allows.
        tolerance = BALANCE_TOLERANCE if residual < FIRST_TOLERANCE else FIRST_TOLERANCE
        accelerate(x, k, residual)
    x.unsolved -= x.status
    distribute(x, k, h, max(hco3, 0.0))
    return h * hco3 / x.c_k1, hco3, n


@kernel
def step(p, s, f, light, forcing, x, k, t, h, fresh):
    """Sub-step of `h` days.

    light  depth-mean PAR, umol m-2 s-1
    x      the box's own scratch solution; t  scratch (SUBSTEP_DTYPE)
    fresh  whether this is the first sub-step of a step, which starts from the box's state alone
    """
    if s.water.volume < MINIMUM_VOLUME or s.water.sol.dic <= 0.0:
        x.ph = 0.0
        return
    set_temperature(k, s.temperature, k.constant_set)
    begin_solution(s, x, k, fresh)
    if fresh:
        gas_exchange.set_k600(p, f, forcing.sfcwind)
    prepare(p, s, f, light, forcing, x, t, h)
    co2, hco3, n = solve(x, k, p, t)
    book(p, s, f, t, co2, hco3, n, x.c_kh)
    x.dic = s.water.sol.dic / s.water.volume
    remember(x, s.water)
    f.ph_min = min(f.ph_min, x.ph) if f.ph_min > 0.0 else x.ph
    f.ph_max = max(f.ph_max, x.ph)


@kernel
def begin_solution(s, x, k, fresh):
    """Load the box's water; within a step go on from the medium of the last sub-step."""
    going_on = not fresh and x.ph > 0.0
    load_store(x, s.water, s.temperature)
    if going_on:
        x.resume = 1.0
    elif x.ph <= 0.0:
        speciate(x, k, ALK_DIC)
        x.resume = 1.0
    if start_medium(x, k) == WARM:
        h = math.exp(-LN10 * x.ph)
        settle(x, k, h, x.dic / dic_over_hco3(x, h), WARM)


@kernel
def prepare(p, s, f, light, forcing, x, t, h):
    """Coefficients of the sub-step from the water as it stands."""
    depth = max(f.depth, 1.0e-3)
    acidity = math.exp(-LN10 * x.ph)
    velocity = gas_exchange.transfer_velocity(p, f, x, acidity, s.temperature, forcing.sfcwind)
    t.gas = velocity * h / depth
    t.air = co2_pressure(forcing)
    t.plants = photosynthesis.potential(p, depth, light, s.temperature) * h / KG_PER_M3
    t.capacity = photosynthesis.bicarbonate_capacity(p, light)
    t.calcite = p.calcite_rate * h / (depth * KG_PER_M3) if s.water.si_calcite > p.calcite_threshold else 0.0
    t.dic = x.dic
    t.alkalinity = x.alkalinity
    t.ca = x.ca


@kernel
def book(p, s, f, t, co2, hco3, n, henry):
    """Move what the solution says into and out of the water (mol m-2)."""
    mass = s.water.volume
    released = t.gas * (co2 - henry * t.air) * mass
    gross = gross_production(p, t, co2, hco3) * mass
    respired = p.autotrophic_respiration * gross
    solid = n * mass
    s.water.sol.dic += respired - gross - released - solid
    s.water.sol.ca -= solid
    organic.add_production(p, s, gross - respired)
    f.evasion += max(released, 0.0)
    f.invasion += max(-released, 0.0)
    f.gpp += gross
    f.autotrophic_respiration += respired
    f.calcite += solid

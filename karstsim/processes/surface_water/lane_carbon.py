"""The carbonate system of up to eight boxes side by side: one sub-step of `carbon` in lanes.

The laws are those of `carbon.solve`, all taken at the end of the sub-step. With the sums of `lane_medium` every lane
solves what `lane_store` does, with calcite as rock that leaves (N = -n) and with what plants take beside the gas:

    SUM_DIC + n + E (CO2 - K_H p_air) + (1 - r) G(CO2, HCO3) = DIC0
    SUM_ALK + 2 n = Alk0
    n = max(kappa (sqrt(Omega) - 1), -bed) + n_plants(CO2, HCO3)

Calcite of plants does not go below saturation. A box that was supersaturated has all of it, another none; where the end
of the sub-step says otherwise, the box goes to the scalar kernels, as do boxes with Baker's law and those whose water
has never been solved. Within a step the first guess goes on as in the sub-step before.
"""

import math

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lane_store as ls
from karstsim.chemistry.lane_medium import offsets
from karstsim.chemistry.lane_response import slope_of_gamma
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel, lane_function, lane_kernel
from karstsim.core.polynomials import exp_small
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes.dissolution import MINIMUM_VOLUME
from karstsim.processes.surface_water import carbon, gas_exchange
from karstsim.processes.surface_water.carbon import BALANCE_TOLERANCE, KG_PER_M3
from karstsim.processes.surface_water.photosynthesis import carbon_shares, carbon_slopes

# Of a lane: exchange of gas (1) and the CO2 of the air (atm); production that stays in plants, by CO2 and by HCO3-, and
# its half saturations (mol kg-1); calcite at Omega = 4, of the bed, and of plants by light alone (mol kg-1); by what
# the first guess of ln h differs from the water as it stands, and the ratio of both CO2 pressures.
(
    EXCHANGE, AIR, BY_CO2, BY_HCO3, HALF_CO2, HALF_HCO3, KAPPA, BED, BIOGENIC, AHEAD_H, AHEAD_PCO2,
) = offsets(11, lanes.WORDS)  # fmt: skip
WORDS = lanes.WORDS + 11 * at.LANES  # length of the scratch array
FAMILIAR = 0.2  # relative change that may go on
HALF = 0.5
STEP_TOLERANCE = (
    4.0e-3  # of the last step in a logarithm: what is left is its square, a tenth of BALANCE_TOLERANCE
)
NOWHERE = 0.0  # in place of a pH: no sub-step before in this step
PURE_CALCITE = 0.0


@kernel
def has_water(s, f):
    """Whether a box has water that reacts."""
    return s.water.volume > MINIMUM_VOLUME * f.area_ratio and s.water.sol.dic > 0.0


@kernel
def load(w, lane, s, f, x, fresh):
    """A box's water into a lane, with where its first guess lies.

    x      the box's own scratch solution; ``x.ended`` has pH and CO2 pressure before the last two sub-steps in lanes,
           and the ionic strength before the last one
    fresh  whether this is the first sub-step of a step, which starts from the box's state alone
    """
    if not has_water(s, f):
        # Water that comes later in the step finds no sub-step before it, least of all another box's.
        x.ended[0] = NOWHERE
        return
    water = s.water
    lanes.load_any(w, lane, water, s.temperature, PURE_CALCITE)  # its own least volume is that of its area
    if not lanes.is_sound(w, lane):
        return
    w[AHEAD_H + lane], w[AHEAD_PCO2 + lane] = 0.0, 1.0
    if fresh:
        x.ended[0], x.ended[2] = NOWHERE, NOWHERE
    if x.ended[0] != NOWHERE:
        turn, ratio = x.ended[0] - water.ph, water.pco2 / x.ended[1]
        if x.ended[2] != NOWHERE:
            turn += turn - (x.ended[2] - x.ended[0])
            ratio *= ratio * x.ended[3] / x.ended[1]
        w[AHEAD_H + lane] = LN10 * turn if abs(LN10 * turn) < FAMILIAR else 0.0
        w[AHEAD_PCO2 + lane] = ratio if abs(ratio - 1.0) < FAMILIAR else 1.0
        ratio = water.ionic_strength / x.ended[4]
        w[at.IONIC + lane] *= ratio if abs(ratio - 1.0) < FAMILIAR else 1.0
    x.ended[2], x.ended[3] = x.ended[0], x.ended[1]
    x.ended[0], x.ended[1], x.ended[4] = water.ph, water.pco2, water.ionic_strength


@kernel
def prepare(w, lane, p, s, f, forcing, t, h):
    """Coefficients of the sub-step of `h` days into a lane, whose constants are there."""
    c1, c2, cw = w[at.C_K1 + lane], w[at.C_K2 + lane], w[at.C_KW + lane]
    carbon.prepare(p, s, f, t.light, forcing, t, w[at.H + lane], c1, c2, cw, h)
    kept = 1.0 - p.autotrophic_respiration
    w[EXCHANGE + lane], w[AIR + lane] = t.gas, t.air
    w[BY_CO2 + lane], w[BY_HCO3 + lane] = kept * (t.plants + t.algae), kept * (t.plants_hco3 + t.algae_hco3)
    w[HALF_CO2 + lane], w[HALF_HCO3 + lane] = p.half_saturation_co2 / KG_PER_M3, t.half_hco3 / KG_PER_M3
    w[KAPPA + lane], w[BED + lane] = t.calcite, t.bed
    w[BIOGENIC + lane] = t.plants_calcite if s.water.si_calcite > 0.0 else 0.0
    if t.calcite_share > 0.0:
        w[lanes.ODD + lane] = 1.0


@lane_kernel
def solve(w, constant_set, count, with_carbon):
    """Solve the sound lanes; those that resist are odd. N is the calcite gained (negative: lost), mol kg-1."""
    for lane in range(count):
        w[at.ACTIVE + lane] = 1.0 if lanes.is_sound(w, lane) else 0.0
        w[ls.ROCK + lane], w[ls.N + lane], w[at.COUNT + lane] = 0.0, 0.0, 0.0
        w[ls.LINE + lane] = 1.0
        w[at.CA + lane], w[at.MG + lane] = w[ls.CA_0 + lane], w[ls.MG_0 + lane]
        w[at.H + lane] *= exp_small(w[AHEAD_H + lane])
        w[at.PCO2 + lane] *= w[AHEAD_PCO2 + lane]
    for i in range(ls.MOST_ROUNDS):
        if i > 0:  # `step` has worked out the activities of the first round
            at.refresh(w, constant_set, count)
        ls.begin(w, count)
        at.evaluate(w, count)
        _newton(w, count)
        ls.factors(w, count)
        ls.read(w, count)
        if with_carbon:
            ls.read_carbon(w, count)
        if ls.move(w, count, STEP_TOLERANCE) == 0.0:
            break
    for lane in range(count):
        if w[at.ACTIVE + lane] == 1.0:
            w[lanes.ODD + lane] = 1.0


@lane_kernel
def _newton(w, count):
    """The step of every lane."""
    for lane in range(count):
        slope = slope_of_gamma(w, lane)
        co2, hco3 = w[at.M_CO2 + lane], w[at.HCO3 + lane]
        half_co2, half_hco3 = w[HALF_CO2 + lane], w[HALF_HCO3 + lane]
        by_co2, by_hco3 = w[BY_CO2 + lane], w[BY_HCO3 + lane]
        on_co2, on_hco3 = carbon_shares(half_co2, half_hco3, co2, hco3)
        co2_x, hco3_x = carbon_slopes(half_co2, half_hco3, co2, hco3, co2, 0.0)
        co2_y, hco3_y = carbon_slopes(half_co2, half_hco3, co2, hco3, co2, hco3)
        taken = (
            by_co2 * on_co2 + by_hco3 * on_hco3,
            by_co2 * co2_x + by_hco3 * hco3_x,
            by_co2 * co2_y + by_hco3 * hco3_y,
        )
        henry = w[at.C_KH + lane]
        w[ls.GAS + lane] = w[EXCHANGE + lane] * henry
        w[ls.TARGET + lane] = w[at.DIC + lane] + w[EXCHANGE + lane] * henry * w[AIR + lane]
        ls.note_omega(w, lane, slope)
        rock = _calcite(w, lane, on_hco3, hco3_x, hco3_y)
        dx, dy, dz, dn, di, _, _, _, _, _ = ls.linear(w, lane, slope, rock, taken)
        w[ls.D_X + lane], w[ls.D_Y + lane], w[ls.D_Z + lane], w[ls.D_N + lane], w[ls.D_I + lane] = (
            dx,
            dy,
            dz,
            dn,
            di,
        )
        # Many times the carbon of shallow soft water passes through it in a sub-step: what a step leaves counts as
        # often, so that a small one is not yet the last.
        steps = abs(dx) + abs(dy)
        left = (w[EXCHANGE + lane] * co2 + taken[0]) * steps * steps
        w[ls.REGULAR + lane] = (
            w[ls.REGULAR + lane] if left <= BALANCE_TOLERANCE * w[at.SUM_DIC + lane] else 0.0
        )


@lane_function
def _calcite(w, lane, on_hco3, hco3_x, hco3_y):
    """The step of N = -n by those of the others, see `lane_store.linear`."""
    kappa, plants = w[KAPPA + lane], w[BIOGENIC + lane]
    root = math.sqrt(max(w[ls.OMEGA + lane], 0.0))
    grown = kappa * (root - 1.0)
    bounded = grown < -w[BED + lane]
    slope = 0.0 if bounded else HALF * kappa * root
    grown = -w[BED + lane] if bounded else grown
    per = 1.0 / (1.0 + slope * w[ls.E_N + lane])
    n_0 = -(grown + plants * on_hco3 + w[ls.N + lane]) * per
    n_x = -(slope * w[ls.E_X + lane] + plants * hco3_x) * per
    n_y = -(slope * w[ls.E_Y + lane] + plants * hco3_y) * per
    return n_0, n_x, n_y, -slope * w[ls.E_Z + lane] * per, -slope * w[ls.E_I + lane] * per


@kernel
def check(w, lane, t):
    """Make a lane odd whose calcite of plants is not what its saturation at the end asks for."""
    omega = w[ls.OUT_OMEGA + lane]
    if t.plants_calcite > 0.0 and (omega < 1.0 if w[BIOGENIC + lane] > 0.0 else omega > 1.0):
        w[lanes.ODD + lane] = 1.0


@kernel
def book(w, lane, p, s, f, t, x, traced):
    """Bring what a lane's sub-step has moved into its box."""
    co2 = w[ls.OUT_CO2 + lane]
    henry = co2 / w[ls.OUT_PCO2 + lane]
    carbon.book(p, s, f, t, co2, w[at.HCO3 + lane], -w[ls.N + lane], henry)
    lanes.keep(w, lane, s.water)
    carbon.note_ph(s, f)
    x.ph = s.water.ph
    if traced:
        lanes.show(w, lanes.MIDDLE, lane, x)
        x.c_kh = henry


@kernel
def step(
    params, states, fluxes, box, sub_step, weather, first, count, scratch, waters, w, constant_set, dt, traced
):
    """`carbon.step` in one box of each chain, side by side; arguments as in `surface_water.step`."""
    lanes.empty(w, count)
    for lane in range(count):
        if sub_step < scratch[lane].parts:
            s, f, x = (
                states[first + lane, box].surface_water,
                fluxes[first + lane, box].surface_water,
                waters[lane, box],
            )
            scratch[lane].substep.gross = 0.0
            x.ph = 0.0
            load(w, lane, s, f, x, sub_step == 0)
    lanes.prepare(w, constant_set, count)
    at.refresh(w, constant_set, count)
    for lane in range(count):
        if lanes.is_sound(w, lane):
            i, t = first + lane, scratch[lane].substep
            p, s, f = params[i, box].surface_water, states[i, box].surface_water, fluxes[i, box].surface_water
            gas_exchange.set_k600(p, f, weather[lane].sfcwind)
            prepare(w, lane, p, s, f, weather[lane], t, t.stays * dt / scratch[lane].parts)
    solve(w, constant_set, count, traced)
    lanes.end(w, count, traced)
    for lane in range(count):
        if sub_step >= scratch[lane].parts:
            continue
        i, t, x, k = first + lane, scratch[lane].substep, waters[lane, box], scratch[lane].constants
        p, s, f = params[i, box].surface_water, states[i, box].surface_water, fluxes[i, box].surface_water
        if lanes.is_sound(w, lane):
            check(w, lane, t)
        if lanes.is_sound(w, lane):
            book(w, lane, p, s, f, t, x, traced)
        elif has_water(s, f):
            carbon.step(p, s, f, t.light, weather[lane], x, k, t, t.stays * dt / scratch[lane].parts, True)
            x.ended[0] = NOWHERE

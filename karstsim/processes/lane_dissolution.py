"""Dissolution, precipitation and gas exchange of up to eight stores side by side: the lanes of `dissolution`.

The laws are those of `dissolution.closed_step` and `dissolution.exchange_gas`; `lane_store` solves their waters. A
compartment loads its stores into lanes, lets them react, books what has moved and has each store keep its medium:

    empty(w, count); load(w, lane, store, ..), set_law(w, lane, ..) for each store; prepare(w, ..)
    exchange(w, FIRST, ..); dissolve(w, ..); exchange(w, LAST, ..)          (or dissolve alone)
    of every sound lane: w[ROCK_MOVED + lane], w[GAS_MOVED + which + lane]; keep(w, lane, store)

A lane that `lane_store` cannot solve is odd (ODD is 1): its store, which is untouched, goes to the scalar kernels. So
does a store that has never been solved. Nothing in a lane depends on its neighbours.
"""

import math

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lane_store as ls
from karstsim.chemistry.lane_medium import LANES, offsets
from karstsim.chemistry.medium import IAP_FLOOR
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel, lane_kernel
from karstsim.core.polynomials import exp_wide
from karstsim.processes.dissolution import MINIMUM_VOLUME, PURE_CALCITE
from karstsim.processes.joint_dissolution import relaxed_rock
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.transport import alkalinity

# Of a lane: whether it has a store that reacts, whether that is odd, which solve it is at; the laws' numbers; the air
# and its fall per CO2 that a m2 of water takes up; what has moved, mol kg-1; the medium after `dissolve`; a number of
# the compartment's own.
(
    RUNS, ODD, STAGE, ABOVE, VOLUME, MG_FRACTION, K_DT, TAIL_START, TAIL_ORDER, THRESHOLD, PRECIPITATION_DT,
    AIR, AIR_SLOPE, AIR_SHARE, ROCK_MOVED,
    KEPT_H, KEPT_IONIC, KEPT_PCO2, KEPT_OMEGA, KEPT_CA, KEPT_MG, KEPT_NA, KEPT_SO4, OWN,
) = offsets(24, ls.WORDS)  # fmt: skip
# Of each of the three reactions of a step: the gas that it moved, mol kg-1, and the carbon of each charge after it.
FIRST, MIDDLE, LAST = offsets(3)
GAS_MOVED, WITH_CO2, WITH_DIMER, WITH_HCO3, WITH_CO3 = (
    ls.WORDS + 24 * LANES + 3 * start for start in offsets(5)
)
WORDS = ls.WORDS + 39 * LANES  # length of the scratch array
# What a lane's next solve is for: rock to saturation, the water as it is, calcite to saturation, calcite to the
# threshold, the water that is left. REACTED lanes need none.
SATURATES, LOOKS, PRECIPITATES, STOPS, LEAVES, REACTED = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0
HARMLESS = 1.0e-3  # mol kg-1
MOST_SOLVES = 6  # no way through these takes more


@kernel
def empty(w, count):
    """No store in the first lanes."""
    for lane in range(count):
        w[RUNS + lane] = 0.0
        w[ODD + lane] = 0.0


@kernel
def load(w, lane, store, temperature, mg_fraction):
    """A store's water at `temperature` (degC), with the medium that it remembers, into a lane; too little is odd.

    The compartment gives the laws: K_DT, TAIL_START, TAIL_ORDER, THRESHOLD, PRECIPITATION_DT (see `set_law`) and, where
    there is gas, AIR, AIR_SLOPE and AIR_SHARE.
    """
    if store.volume < MINIMUM_VOLUME:
        w[ODD + lane] = 1.0
        return
    load_any(w, lane, store, temperature, mg_fraction)


@kernel
def load_any(w, lane, store, temperature, mg_fraction):
    """As `load`, however little water there is; one without a medium is odd."""
    known = store.ph > 0.0 and store.so4_ratio > 0.0 and store.pco2 > 0.0 and store.ionic_strength > 0.0
    if not known:
        w[ODD + lane] = 1.0
        return
    load_totals(w, lane, store, temperature)
    w[MG_FRACTION + lane] = mg_fraction
    w[ABOVE + lane] = 1.0 if store.si_calcite > 0.0 else 0.0
    w[at.H + lane] = -LN10 * store.ph
    w[at.IONIC + lane] = store.ionic_strength
    w[at.PCO2 + lane] = store.pco2
    w[at.FREE_SO4 + lane] = w[at.SO4 + lane] / store.so4_ratio
    w[AIR_SLOPE + lane] = 0.0
    w[AIR_SHARE + lane] = 0.0


@kernel
def load_totals(w, lane, water, temperature):
    """What a water holds into a lane that runs; a first guess of its medium is left to the caller."""
    per_kg = 1.0 / water.volume
    sol = water.sol
    w[RUNS + lane] = 1.0
    w[VOLUME + lane] = water.volume
    w[at.TEMPERATURE + lane] = temperature
    w[at.DIC + lane] = sol.dic * per_kg
    w[ls.CA_0 + lane] = sol.ca * per_kg
    w[ls.MG_0 + lane] = sol.mg * per_kg
    w[at.NA + lane] = sol.na * per_kg
    w[at.K + lane] = sol.k * per_kg
    w[at.CL + lane] = sol.cl * per_kg
    w[at.SO4 + lane] = sol.so4 * per_kg
    w[at.NO3 + lane] = sol.no3 * per_kg
    w[at.ALK + lane] = alkalinity(sol) * per_kg


@kernel
def set_law(w, lane, k_dt, tail_start, tail_order, threshold, precipitation_dt):
    """The laws of dissolution and precipitation of a lane, as `dissolution.closed_step` takes them."""
    w[K_DT + lane] = k_dt
    w[TAIL_START + lane], w[TAIL_ORDER + lane] = tail_start, tail_order
    w[THRESHOLD + lane] = math.exp(LN10 * threshold)
    w[PRECIPITATION_DT + lane] = precipitation_dt


@lane_kernel
def prepare(w, constant_set, count):
    """Constants and first guess of the loaded lanes."""
    at.set_temperatures(w, constant_set, count)
    for lane in range(count):
        w[at.H + lane] = exp_wide(w[at.H + lane])
        ions = w[ls.CA_0 + lane] + w[ls.MG_0 + lane] + w[at.NA + lane] + w[at.K + lane]
        w[at.SOLUTES + lane] = ions + w[at.CL + lane] + w[at.SO4 + lane] + w[at.NO3 + lane] + w[at.DIC + lane]
        w[ls.FRESH + lane] = 1.0
        w[ls.LEVEL + lane] = 1.0
        w[ls.MG_SHARE + lane] = w[MG_FRACTION + lane]
        w[ROCK_MOVED + lane] = 0.0
        w[GAS_MOVED + FIRST + lane], w[GAS_MOVED + LAST + lane] = 0.0, 0.0


@kernel
def make_ready(w):
    """A harmless water in all lanes: those without a store are worked out too, and their numbers are not looked at."""
    for lane in range(LANES):
        for quantity in (at.CA, at.MG, at.NA, at.K, at.CL, at.NO3, at.DIC, at.SO4, at.ALK, ls.CA_0, ls.MG_0):
            w[quantity + lane] = HARMLESS
        for quantity in (at.HCO3, at.FREE_SO4, at.IONIC, at.SOLUTES, at.PCO2):
            w[quantity + lane] = HARMLESS
        w[at.H + lane], w[at.TEMPERATURE + lane] = HARMLESS * HARMLESS, 0.0
        w[VOLUME + lane], w[ls.LINE + lane], w[ls.LEVEL + lane] = 1.0, 1.0, 1.0


@lane_kernel
def is_sound(w, lane):
    """Whether the lane has a store that its solves have carried so far."""
    return w[RUNS + lane] == 1.0 and w[ODD + lane] == 0.0


@lane_kernel
def give_up(w, count):
    """The lanes that a solver has left are odd."""
    for lane in range(count):
        if w[at.ACTIVE + lane] == 1.0:
            w[ODD + lane] = 1.0
            w[at.ACTIVE + lane] = 0.0


@kernel
def solve(w, constant_set, count, with_carbon):
    """Solve the active lanes; those that resist are odd."""
    if ls.solve(w, constant_set, count, with_carbon) > 0.0:
        give_up(w, count)


@lane_kernel
def _note_carbon(w, which, count):
    """Keep the carbon species of the last solve as those of one reaction."""
    for lane in range(count):
        w[WITH_CO2 + which + lane], w[WITH_DIMER + which + lane] = (
            w[ls.OUT_CO2 + lane],
            w[ls.OUT_DIMER + lane],
        )
        w[WITH_HCO3 + which + lane], w[WITH_CO3 + which + lane] = w[ls.OUT_HCO3 + lane], w[ls.OUT_CO3 + lane]


@lane_kernel
def exchange(w, which, constant_set, count, with_carbon):
    """AIR_SHARE of the way to equilibrium with the air: GAS_MOVED, mol kg-1, and into water and air.

    The lanes without air keep their water and move nothing. which: FIRST or LAST
    """
    for lane in range(count):
        line = w[AIR_SLOPE + lane] * w[VOLUME + lane]
        open_to_air = is_sound(w, lane) and line > 0.0 and w[AIR_SHARE + lane] > 0.0
        w[at.ACTIVE + lane] = 1.0 if open_to_air else 0.0
        w[ls.ROCK + lane] = 0.0
        w[ls.LINE + lane], w[ls.GAS + lane] = line, 1.0
        w[ls.TARGET + lane] = w[AIR + lane] + line * w[at.DIC + lane]
        w[ls.OUT_DIC + lane] = w[at.DIC + lane]
    solve(w, constant_set, count, with_carbon)
    for lane in range(count):
        gas = (w[ls.OUT_DIC + lane] - w[at.DIC + lane]) * w[AIR_SHARE + lane]
        w[GAS_MOVED + which + lane] = gas
        w[at.DIC + lane] += gas
        w[AIR + lane] -= w[AIR_SLOPE + lane] * w[VOLUME + lane] * gas
    if with_carbon:
        _note_carbon(w, which, count)


@lane_kernel
def dissolve(w, constant_set, count, with_carbon):
    """`dissolution.closed_step` for all lanes: ROCK_MOVED, mol kg-1, into the water, which is solved afterwards."""
    for lane in range(count):
        sound = is_sound(w, lane)
        w[at.ACTIVE + lane] = 1.0 if sound else 0.0
        w[STAGE + lane] = REACTED
        w[ls.LINE + lane], w[ls.GAS + lane], w[ls.TARGET + lane] = 1.0, 0.0, w[at.DIC + lane]
        if sound:
            above = w[ABOVE + lane] == 1.0
            w[STAGE + lane] = LOOKS if above else SATURATES
            w[ls.ROCK + lane] = 0.0 if above else 1.0
    for _ in range(MOST_SOLVES):
        solve(w, constant_set, count, with_carbon)
        more = False
        for lane in range(count):
            if is_sound(w, lane) and w[STAGE + lane] != REACTED:
                advance(w, lane)
                more = more or w[STAGE + lane] != REACTED
        if not more:
            break
    end(w, count, with_carbon)


@lane_kernel
def end(w, count, with_carbon):
    """Note the waters after their last solve, for `keep` and, as those of the MIDDLE reaction, for `show`."""
    for lane in range(count):
        w[KEPT_H + lane], w[KEPT_IONIC + lane] = w[at.H + lane], w[at.IONIC + lane]
        w[KEPT_PCO2 + lane], w[KEPT_OMEGA + lane] = w[ls.OUT_PCO2 + lane], w[ls.OUT_OMEGA + lane]
        w[KEPT_CA + lane], w[KEPT_MG + lane] = w[ls.OUT_CA + lane], w[ls.OUT_MG + lane]
        w[KEPT_NA + lane], w[KEPT_SO4 + lane] = w[ls.OUT_NA + lane], w[ls.OUT_SO4 + lane]
    if with_carbon:
        _note_carbon(w, int(MIDDLE), count)


@lane_kernel
def advance(w, lane):
    """What follows for a lane after a solve; the order of `dissolution.closed_step`."""
    stage = w[STAGE + lane]
    n = w[ls.N + lane]
    if stage == SATURATES:
        if n >= 0.0:
            tail_start, tail_order = w[TAIL_START + lane], w[TAIL_ORDER + lane]
            compose(
                w, lane, relaxed_rock(w[at.ALK + lane], n, w[K_DT + lane], tail_start, tail_order), LEAVES
            )
        else:
            w[ABOVE + lane] = 0.0
            compose(w, lane, 0.0 * n, LOOKS)
    elif stage == LOOKS:
        omega = w[ls.OUT_OMEGA + lane]
        w[STAGE + lane] = REACTED
        if omega > w[THRESHOLD + lane]:
            w[ls.MG_SHARE + lane] = PURE_CALCITE
            ask_rock(w, lane, PRECIPITATES)
        elif omega < 1.0 and w[ABOVE + lane] == 1.0:
            ask_rock(w, lane, SATURATES)
    elif stage == PRECIPITATES:
        w[ROCK_MOVED + lane] = n * relaxed_share(w[PRECIPITATION_DT + lane], 1.0)
        w[ls.LEVEL + lane] = w[THRESHOLD + lane]
        ask_rock(w, lane, STOPS)
    elif stage == STOPS:
        w[ls.LEVEL + lane] = 1.0
        compose(w, lane, min(max(w[ROCK_MOVED + lane], n), 0.0), LEAVES)
    else:
        w[STAGE + lane] = REACTED


@lane_kernel
def ask_rock(w, lane, stage):
    """Ask for the rock that brings the lane's water to its LEVEL."""
    w[ls.ROCK + lane] = w[at.ACTIVE + lane] = 1.0
    w[STAGE + lane] = stage


@lane_kernel
def compose(w, lane, rock, stage):
    """Bring `rock` (mol kg-1) into the lane's water and ask for the water that it makes."""
    magnesium = w[ls.MG_SHARE + lane] * rock
    w[ROCK_MOVED + lane] = rock
    w[at.DIC + lane] += rock
    w[ls.TARGET + lane] = w[at.DIC + lane]
    w[ls.CA_0 + lane] += rock - magnesium
    w[ls.MG_0 + lane] += magnesium
    w[at.ALK + lane] += 2.0 * rock
    w[ls.ROCK + lane] = 0.0
    w[at.ACTIVE + lane] = 1.0
    w[STAGE + lane] = stage


@kernel
def keep(w, lane, store):
    """Carbonate state after `dissolve` into the store, as `dissolution.remember` does for the scalar kernels."""
    store.ph = -math.log10(w[KEPT_H + lane])
    store.ionic_strength = w[KEPT_IONIC + lane]
    store.pco2 = w[KEPT_PCO2 + lane]
    store.si_calcite = math.log10(max(w[KEPT_OMEGA + lane], IAP_FLOOR / w[at.CALCITE + lane]))
    store.ca_ratio, store.mg_ratio = w[KEPT_CA + lane], w[KEPT_MG + lane]
    store.na_ratio, store.so4_ratio = w[KEPT_NA + lane], w[KEPT_SO4 + lane]


@kernel
def show(w, which, lane, x):
    """Temperature and carbon species of a lane after one reaction, pairs with the free ions, into the record `x`.

    What the isotopes read; only after reactions `with_carbon`. which: FIRST (gas), MIDDLE (rock) or LAST (gas)
    """
    x.temperature = w[at.TEMPERATURE + lane]
    at_lane = which + lane
    show_carbon(
        x, w[WITH_CO2 + at_lane], w[WITH_DIMER + at_lane], w[WITH_HCO3 + at_lane], w[WITH_CO3 + at_lane]
    )


@kernel
def show_carbon(x, co2, dimer, hco3, co3):
    """Carbon of each charge (mol kgw-1) into the record `x`, pairs with the free ions."""
    x.m_co2, x.m_co2_dimer, x.m_hco3, x.m_co3 = co2, dimer, hco3, co3
    x.m_cahco3, x.m_mghco3, x.m_nahco3, x.m_khco3 = 0.0, 0.0, 0.0, 0.0
    x.m_caco3, x.m_mgco3, x.m_naco3 = 0.0, 0.0, 0.0

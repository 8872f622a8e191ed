"""Dissolution beside a gas that thins, of up to eight stores side by side: the lanes of `dissolution.open_step`.

Two waters stand side by side in each lane, as in `joint_dissolution`: that after the rock r, beside its gas, in the
scratch `w` of `lane_dissolution`, and the one that rock would saturate at the same CO2 pressure p, in a second scratch
`v`. With n the rock that saturates, and R the rate law,

    r = R(n(p)),   p = p0 - s g

Each round refreshes both and steps both together. The step of `v` is known but for the change dp of its pressure, on
which it depends in proportion; so the rock's step in `w` is R - r + R' (dn/dp) dp, dp being a matter of the unknowns of
`w`. That is what `lane_store` calls a rate law. With its step `w` tells dp, and `v` follows.
"""

import math

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lane_store as ls
from karstsim.chemistry.equilibrium import CALCITE_SHARE_MIN
from karstsim.chemistry.lanes import FALL, RISE
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel, lane_kernel
from karstsim.processes import lane_dissolution as ld
from karstsim.processes.joint_dissolution import LEAST_PRESSURE, relaxed_rock, relaxed_rock_and_slope

JOINS = 6.0  # a stage (see `lane_dissolution`): the water that dissolves beside the saturated one
MOST_SOLVES = 6  # no way through the stages takes more
ROOT = 1.0 / 3.0
LAW_TOLERANCE = 1.0e-5  # of the calcium: what may be left between a settled lane's rock and its rate law
MOST_RISE = 1.0e4  # of the first guess: water without calcium lacks any factor


@kernel
def open_to(w, lane, store, pressure, slope):
    """Beside a lane's water a gas of this CO2 pressure (atm), that falls by `slope` (atm m2 mol-1) with its uptake.

    Without a gas, or without calcite in the rock, the lane is odd. The laws come by `lane_dissolution.set_law`.
    """
    w[ld.AIR + lane], w[ld.AIR_SLOPE + lane] = pressure, slope
    w[ls.OUT_OMEGA + lane] = math.exp(LN10 * store.si_calcite)
    if not pressure > 0.0 or w[ld.MG_FRACTION + lane] > 1.0 - CALCITE_SHARE_MIN:
        w[ld.ODD + lane] = 1.0
        w[ld.MG_FRACTION + lane] = 0.0


@lane_kernel
def dissolve_open(w, v, constant_set, count, with_carbon):
    """`dissolution.open_step` for all lanes: ROCK_MOVED and GAS_MOVED + MIDDLE, mol kg-1; the medium is kept.

    w, v  scratch of `lane_dissolution.WORDS` numbers each
    """
    for lane in range(count):
        w[ld.STAGE + lane], w[at.ACTIVE + lane], w[ls.ROCK + lane] = ld.REACTED, 0.0, 0.0
        if ld.is_sound(w, lane):
            dissolves = w[ld.K_DT + lane] > 0.0 and w[ld.ABOVE + lane] == 0.0
            w[ld.STAGE + lane] = JOINS if dissolves else ld.LOOKS
            w[at.ACTIVE + lane] = 1.0
        w[ld.ABOVE + lane] = 0.0
        _beside_gas(w, lane)
    for _ in range(MOST_SOLVES):
        if solve_joint(w, v, constant_set, count, with_carbon) > 0.0:
            ld.give_up(w, count)
        more = False
        for lane in range(count):
            if ld.is_sound(w, lane) and w[ld.STAGE + lane] != ld.REACTED:
                _advance(w, lane)
                _beside_gas(w, lane)
                more = more or w[ld.STAGE + lane] != ld.REACTED
        if not more:
            break
    for lane in range(count):
        w[ld.GAS_MOVED + ld.MIDDLE + lane] = w[ls.OUT_DIC + lane] - w[at.DIC + lane]
    ld.end(w, count, with_carbon)


@lane_kernel
def _beside_gas(w, lane):
    """The lane's water, with the rock that it has, beside its gas."""
    line = w[ld.AIR_SLOPE + lane] * w[ld.VOLUME + lane]
    w[ls.LINE + lane], w[ls.GAS + lane] = line, 1.0
    w[ls.TARGET + lane] = w[ld.AIR + lane] + line * w[at.DIC + lane]


@lane_kernel
def _advance(w, lane):
    """The order of `dissolution.open_step`: water that dissolves nothing may precipitate, as in a closed store."""
    if w[ld.STAGE + lane] == ld.LOOKS and w[ls.OUT_OMEGA + lane] < 1.0 and w[ld.K_DT + lane] > 0.0:
        w[ld.STAGE + lane], w[at.ACTIVE + lane] = JOINS, 1.0
        w[at.PCO2 + lane] = w[ls.OUT_PCO2 + lane]
        return
    if w[ld.STAGE + lane] == JOINS:
        rock = w[ls.N + lane]
        w[ld.STAGE + lane] = ld.REACTED if rock > 0.0 else ld.LOOKS
        w[ld.ROCK_MOVED + lane] = rock
        w[at.DIC + lane] += rock
    if w[ld.STAGE + lane] != ld.REACTED:
        ld.advance(w, lane)


@lane_kernel
def solve_joint(w, v, constant_set, lanes, with_carbon):
    """As `lane_store.solve`, where the lanes that are at JOINS have a rate law; returns how many are not solved.

    w, v  the water that dissolves, the saturated one (out: its N). OUT_OMEGA of `w` goes in too
    """
    left = ls.start(w, lanes)
    joined = _stand_beside(w, v, lanes)
    for _ in range(ls.MOST_ROUNDS):
        if left == 0.0:
            break
        ls.look(w, constant_set, lanes)
        if joined:
            _give_pressure(w, v, lanes)
            ls.look(v, constant_set, lanes)
            ls.newton(v, lanes)
            _ask_law(w, v, lanes)
        ls.newton(w, lanes)
        if joined:
            _follow(w, v, lanes)
            ls.factors(v, lanes)
            ls.move(v, lanes, ls.STEP_TOLERANCE)
        left = ls.step(w, lanes, with_carbon)
        if joined:
            left = _settle(w, v, lanes)
    return left


@lane_kernel
def _stand_beside(w, v, lanes):
    """The saturated water starts from the other; returns whether any lane has one.

    At the same pressure h falls as the rest rises, in calcite water by the cube root of what the saturation lacks.
    """
    joined = False
    for lane in range(lanes):
        joins = w[at.ACTIVE + lane] == 1.0 and w[ld.STAGE + lane] == JOINS
        v[at.ACTIVE + lane] = 1.0 if joins else 0.0
        joined = joined or joins
    if not joined:
        return joined
    for constant in range(at.KH, at.WORDS):
        v[constant] = w[constant]
    for lane in range(lanes):
        v[at.NA + lane], v[at.K + lane], v[at.CL + lane] = w[at.NA + lane], w[at.K + lane], w[at.CL + lane]
        v[at.SO4 + lane], v[at.NO3 + lane], v[at.ALK + lane] = (
            w[at.SO4 + lane],
            w[at.NO3 + lane],
            w[at.ALK + lane],
        )
        v[ls.CA_0 + lane], v[ls.MG_0 + lane] = w[ls.CA_0 + lane], w[ls.MG_0 + lane]
        v[at.FREE_SO4 + lane], v[at.SOLUTES + lane] = w[at.FREE_SO4 + lane], w[at.SOLUTES + lane]
        v[at.PCO2 + lane], v[ls.MG_SHARE + lane] = w[at.PCO2 + lane], w[ls.MG_SHARE + lane]
        v[ls.ROCK + lane], v[ls.LINE + lane], v[ls.GAS + lane], v[ls.LEVEL + lane] = 1.0, 0.0, 1.0, 1.0
        v[ls.FRESH + lane] = 1.0
        if v[at.ACTIVE + lane] == 1.0:
            rise = min(math.exp(-ROOT * math.log(w[ls.OUT_OMEGA + lane])), MOST_RISE)
            ca, share = w[ls.CA_0 + lane], w[ls.MG_SHARE + lane]
            n = ca * (rise - 1.0) / (1.0 - share)
            v[ls.N + lane] = n
            v[at.CA + lane], v[at.MG + lane] = (
                ca + (1.0 - share) * n,
                max(w[ls.MG_0 + lane] + share * n, 0.0),
            )
            v[at.H + lane] = w[at.H + lane] / rise
            v[at.IONIC + lane] = w[at.IONIC + lane] + 3.0 * n
    return joined


@lane_kernel
def _give_pressure(w, v, lanes):
    """The saturated water stands at the pressure of the other."""
    for lane in range(lanes):
        v[ls.TARGET + lane] = max(w[at.M_CO2 + lane] / w[at.C_KH + lane], LEAST_PRESSURE)


@lane_kernel
def _ask_law(w, v, lanes):
    """The step of the rock that the rate law asks for, and how it changes with the pressure."""
    for lane in range(lanes):
        if v[at.ACTIVE + lane] == 1.0:
            law = w[ld.K_DT + lane], w[ld.TAIL_START + lane], w[ld.TAIL_ORDER + lane]
            n = v[ls.N + lane] + v[ls.D_N + lane]
            rock, by_n = relaxed_rock_and_slope(w[at.ALK + lane], n, *law)
            thins = v[ls.TARGET + lane] > LEAST_PRESSURE
            w[ls.LAW_STEP + lane] = rock - w[ls.N + lane]
            w[ls.LAW_BY_P + lane] = by_n * v[ls.N_BY_TARGET + lane] if thins else 0.0


@lane_kernel
def _follow(w, v, lanes):
    """The saturated water follows the pressure; rock does not become negative on the way. RUNS of `v`: which lanes."""
    for lane in range(lanes):
        change = w[ls.D_X + lane] + w[ls.D_Y + lane] + w[ls.SLOPE + lane] * w[ls.D_I + lane]
        p, ionic = v[ls.TARGET + lane], v[at.IONIC + lane]
        dp = p * min(max(change, FALL), RISE) if p > LEAST_PRESSURE else 0.0
        v[ls.D_X + lane] += dp * v[ls.X_BY_TARGET + lane]
        v[ls.D_Y + lane] += dp * v[ls.Y_BY_TARGET + lane]
        v[ls.D_Z + lane] += dp * v[ls.Z_BY_TARGET + lane]
        v[ls.D_N + lane] += dp * v[ls.N_BY_TARGET + lane]
        di = v[ls.D_I + lane] + dp * v[ls.I_BY_TARGET + lane]
        v[ls.D_I + lane] = min(max(di, FALL * ionic), RISE * ionic)
        v[ld.RUNS + lane] = v[at.ACTIVE + lane]
        dn = w[ls.D_N + lane]
        w[ls.D_N + lane] = max(dn, -w[ls.N + lane]) if w[ld.STAGE + lane] == JOINS else dn


@lane_kernel
def _settle(w, v, lanes):
    """A lane with two waters has settled when both have and the rate law holds; returns how many lanes have not.

    Near saturation the law bends within a small step: what its slope has foreseen is compared with the law itself.
    """
    left = 0.0
    for lane in range(lanes):
        active = max(w[at.ACTIVE + lane], v[at.ACTIVE + lane])
        if active == 0.0 and v[ld.RUNS + lane] == 1.0:
            law = w[ld.K_DT + lane], w[ld.TAIL_START + lane], w[ld.TAIL_ORDER + lane]
            rock = relaxed_rock(w[at.ALK + lane], v[ls.N + lane], *law)
            amiss = abs(rock - w[ls.N + lane]) > LAW_TOLERANCE * w[at.CA + lane]
            active = 1.0 if amiss else 0.0
        w[at.ACTIVE + lane] = active
        v[at.ACTIVE + lane] = active if w[ld.STAGE + lane] == JOINS else 0.0
        left += active
    return left

"""One stiff stretch of time (a day) of eight stores side by side: calcite kinetics, gas exchange and flow together.

    dCa/dt        = a r                     + q (Ca_in - Ca)
    d(DIC-Ca)/dt  = k_gas (K_H p - CO2)     + q ((DIC-Ca)_in - (DIC-Ca))
    dc/dt         = q (c_in - c)            for Mg, Na, K, Cl, SO4, NO3: solved exactly

with a the rock area per kg of water, r the PHREEQC form of the PWP law (`rates.calcite_rate`) and the alkalinity
defined by the ions. DIC - Ca is what the gas alone changes, so that the two rates stand apart. Each store is advanced
by the exponential Rosenbrock method EXPRB32 (Hochbruck, Ostermann & Schweitzer 2009, SIAM J. Numer. Anal. 47:786),

    U = u + t phi1(t J) F(u),   u1 = U + 2 t phi3(t J) (F(U) - F(u) - J (U - u)),

with the closed-form functions of the 2 x 2 Jacobian J, the last correction as its error estimate, and a step length of
its own in each lane. CO2 speeds up dissolution and dissolution draws in CO2, so the off-diagonal terms of J have one
sign but for extreme waters, and its eigenvalues are real; where they would not be, their real part stands for both,
which the error estimate then sees.

One evaluation of the chemistry makes a step. It is done at U, foreseen and mended by `lane_response` instead of solved;
where the mending is large, the step is repeated at a shorter length, as it is where the error is. F and J at u1 follow
from those at U, from which u1 differs by the small correction only:  F(u1) = F(U) + J(U) (u1 - U).
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lane_response as lr
from karstsim.chemistry import lanes as ln
from karstsim.chemistry.rates import OMEGA_EXPONENT, SI_PER_MMOL_CM2, pwp_constants
from karstsim.chemistry.speciation import Mode
from karstsim.core.jit import kernel, lane_function
from karstsim.core.polynomials import exp_wide

LANES = at.LANES
# The point that a step arrives at, behind the responses of `lane_response`: right-hand side, its Jacobian and its drift
# with time, the alkalinity of the ions that only flow, and the unknowns of the speciation. From lr.ACID on, all of it
# is kept at `KEPT + name` for the point that the step leaves.
(
    F_CA, F_GAS, J11, J12, J21, J22, V_CA, V_GAS, STRONG, NOW_H, NOW_HCO3, NOW_SO4, NOW_IONIC, NOW_SOLUTES,
) = at.offsets(14, lr.WORDS)  # fmt: skip
_FIRST_KEPT = lr.ACID
N_KEPT = (lr.WORDS - lr.ACID) // LANES + 14
KEPT = LANES * N_KEPT
# Of a store: rates and inflow (given), contents (in and out), the run of the steps, the trial and its correction, the
# two matrix functions that the correction needs, and intermediate results of the rates.
_OWN = 39
(
    AREA, GAS_RATE, AIR, FLOW, IN_CA, IN_GAS, CALCIUM, GAS, MEAN_CA, MEAN_GAS,
    TIME, STEP, RUNNING, STEPS, TAKEN, ERROR, TURNED, DRIFT, STRONG_0, STRONG_IN,
    RATE_1, RATE_2, RATE_3, TRIAL_CA, TRIAL_GAS, STEP_CA, STEP_GAS, BY_CA, BY_GAS,
    R3, S3, R4, S4, POWER, OMEGA_CA, OMEGA_GAS, OMEGA_ALK, H_FACTOR, HCO3_FACTOR,
) = at.offsets(_OWN, lr.WORDS + 14 * LANES + KEPT)  # fmt: skip
_FLOWING = lr.WORDS + (14 + N_KEPT + _OWN) * LANES
# Of the six ions that only flow: content at the start, content of the inflow.
MG_0, NA_0, K_0, CL_0, SO4_0, NO3_0, IN_MG, IN_NA, IN_K, IN_CL, IN_SO4, IN_NO3 = at.offsets(12, _FLOWING)
STORE_WORDS = _FLOWING + 12 * LANES  # length of the scratch array
CHARGES = np.array([2.0, 1.0, 1.0, -1.0, -2.0, -1.0])  # of these six
N_FLOWING = len(CHARGES)

ALK_DIC = int(Mode.ALK_DIC)
TOLERANCE = 6e-4  # of the local error of the second-order stage, relative to the store's carbon and calcium
FIRST_MOVE = 0.5  # of ln h and ln hco3 together, that the first step would make at the rates it starts from
SAFETY, SHRINK, GROW = 0.9, 0.2, 6.0  # of the step control
MENDED = 0.3  # largest correction of a logarithm in the speciation that a step may need
STEP_TOLERANCE, IONIC_TOLERANCE = 5e-2, 1e-2  # of the first speciation, which is mended like the others
MAX_STEPS = 400
SEPARATION = 1e-6  # relative, least distance of the eigenvalues
TINY = 1e-30
ROUNDING = 1e-9  # of the stretch
LEAST_ERROR, WORST_ERROR = 1e-8, 1e8
LEAST_SHARE = 0.1  # of what the speciation starts from that a foreseen change leaves
SERIES = 0.3  # below it the phi functions are their Taylor series


@lane_function
def _phi(z):
    """phi1, phi2, phi3, phi4 of the exponential methods, phi_k(z) = (phi_(k-1)(z) - 1/(k-1)!)/z, phi_0 = exp.

    The Taylor series of phi4 below |z| = 0.3, where the recursion would cancel; exp(z) counts as 0 below -51. Absolute
    error below 1e-11.
    """
    near = min(max(z, -SERIES), 1.0)
    series = 1.0 + near * (1.0 / 11.0)
    series = 1.0 + near * series * (1.0 / 10.0)
    series = 1.0 + near * series * (1.0 / 9.0)
    series = 1.0 + near * series * (1.0 / 8.0)
    series = 1.0 + near * series * (1.0 / 7.0)
    series = 1.0 + near * series * (1.0 / 6.0)
    series = 1.0 + near * series * (1.0 / 5.0)
    s4 = series * (1.0 / 24.0)
    s3 = 1.0 / 6.0 + near * s4
    s2 = 0.5 + near * s3
    s1 = 1.0 + near * s2
    far = min(z, -SERIES)
    per = 1.0 / far
    f1 = (exp_wide(far) - 1.0) * per
    f2 = (f1 - 1.0) * per
    f3 = (f2 - 0.5) * per
    f4 = (f3 - 1.0 / 6.0) * per
    out = 1.0 if z < -SERIES else 0.0
    return s1 + out * (f1 - s1), s2 + out * (f2 - s2), s3 + out * (f3 - s3), s4 + out * (f4 - s4)


@kernel
def _let_flow(w, ahead):
    """The ions that only flow, `ahead` steps from the present time: contents, alkalinity, and its drift with time."""
    lanes = at.lane_count(w)
    for lane in range(lanes):
        flow, gap = w[FLOW + lane], w[STRONG_IN + lane] - w[STRONG_0 + lane]
        turned = exp_wide(-flow * (w[TIME + lane] + ahead * w[STEP + lane]))
        w[TURNED + lane] = turned
        w[STRONG + lane] = w[STRONG_IN + lane] - gap * turned
        w[DRIFT + lane] = flow * turned * gap
    _let_one_flow(w, lanes, at.MG, MG_0, IN_MG)
    _let_one_flow(w, lanes, at.NA, NA_0, IN_NA)
    _let_one_flow(w, lanes, at.K, K_0, IN_K)
    _let_one_flow(w, lanes, at.CL, CL_0, IN_CL)
    _let_one_flow(w, lanes, at.SO4, SO4_0, IN_SO4)
    _let_one_flow(w, lanes, at.NO3, NO3_0, IN_NO3)


@lane_function
def _let_one_flow(w, lanes, now, before, inflow):
    for lane in range(lanes):
        w[now + lane] = w[inflow + lane] + (w[before + lane] - w[inflow + lane]) * w[TURNED + lane]


@kernel
def _trial(w):
    """First stage: U = u + t phi1(t J) F + t^2 phi2(t J) v, the mean of that solution over the step, and its totals.

    v is the drift of F with time, through the ions that only flow.
    """
    for lane in range(LANES):
        t, kept = w[STEP + lane], KEPT + lane
        j11, j12, j21, j22 = w[kept + J11], w[kept + J12], w[kept + J21], w[kept + J22]
        middle, half = 0.5 * (j11 + j22), 0.5 * (j11 - j22)
        apart = math.sqrt(max(half * half + j12 * j21, 0.0))
        apart = max(apart, SEPARATION * abs(middle) + TINY)
        e1, e2 = middle + apart, middle - apart
        p1, p2, p3, p4 = _phi(t * e1)
        q1, q2, q3, q4 = _phi(t * e2)
        per = 0.5 / apart
        s1, s2, s3, s4 = (p1 - q1) * per, (p2 - q2) * per, (p3 - q3) * per, (p4 - q4) * per
        r1, r2, r3, r4 = p1 - s1 * e1, p2 - s2 * e1, p3 - s3 * e1, p4 - s4 * e1
        f, g = w[kept + F_CA], w[kept + F_GAS]
        v, u = t * w[kept + V_CA], t * w[kept + V_GAS]
        jf, jg, jv, ju = j11 * f + j12 * g, j21 * f + j22 * g, j11 * v + j12 * u, j21 * v + j22 * u
        ca, gas = w[CALCIUM + lane], w[GAS + lane]
        new_ca = ca + t * (r1 * f + s1 * jf + r2 * v + s2 * jv)
        new_gas = gas + t * (r1 * g + s1 * jg + r2 * u + s2 * ju)
        w[STEP_CA + lane] = ca + t * (r2 * f + s2 * jf + r3 * v + s3 * jv)
        w[STEP_GAS + lane] = gas + t * (r2 * g + s2 * jg + r3 * u + s3 * ju)
        w[TRIAL_CA + lane], w[TRIAL_GAS + lane] = new_ca, new_gas
        w[R3 + lane], w[S3 + lane], w[R4 + lane], w[S4 + lane] = r3, s3, r4, s4


@kernel
def _compose(w):
    """Totals of the trial's waters."""
    for lane in range(LANES):
        ca = w[TRIAL_CA + lane]
        w[at.CA + lane] = ca
        w[at.DIC + lane] = ca + w[TRIAL_GAS + lane]
        w[at.ALK + lane] = 2.0 * ca + w[STRONG + lane]


@kernel
def _foresee(w):
    """Where the speciation of the trial will be, by the responses at the point that the step leaves."""
    for lane in range(LANES):
        kept = KEPT + lane
        ca, gas = w[TRIAL_CA + lane] - w[CALCIUM + lane], w[TRIAL_GAS + lane] - w[GAS + lane]
        alk = w[STRONG + lane] - w[kept + STRONG]
        x = w[kept + lr.X_CA] * ca + w[kept + lr.X_DIC] * gas + w[kept + lr.X_ALK] * alk
        y = w[kept + lr.Y_CA] * ca + w[kept + lr.Y_DIC] * gas + w[kept + lr.Y_ALK] * alk
        z = w[kept + lr.Z_CA] * ca + w[kept + lr.Z_DIC] * gas + w[kept + lr.Z_ALK] * alk
        i = w[kept + lr.I_CA] * ca + w[kept + lr.I_DIC] * gas + w[kept + lr.I_ALK] * alk
        w[at.H + lane] = w[kept + NOW_H] * lr.moved_h(x, w[kept + lr.ACID])
        w[at.HCO3 + lane] = w[kept + NOW_HCO3] * max(1.0 + y, LEAST_SHARE)
        w[at.FREE_SO4 + lane] = w[kept + NOW_SO4] * max(1.0 + z, LEAST_SHARE)
        w[at.IONIC + lane] = max(w[kept + NOW_IONIC] + i, LEAST_SHARE * w[kept + NOW_IONIC])
        w[at.SOLUTES + lane] = w[kept + NOW_SOLUTES]


@kernel
def _saturate(w):
    """Omega^(2/3) of the mended speciation and the derivatives of ln Omega by calcium, DIC - Ca and alkalinity."""
    c = at.CA
    for lane in range(LANES):
        per_ca = 1.0 / max(w[c + lane], TINY)
        s1, s2 = w[c + at.HCO3_PAIR + lane] * per_ca, w[c + at.CO3_PAIR + lane] * per_ca
        s3, s4 = w[c + at.SO4_PAIR + lane] * per_ca, w[c + at.HSO4_PAIR + lane] * per_ca
        s5 = w[c + at.OH_PAIR + lane] * per_ca
        r_x, r_y, r_z = s4 - s2 - s5, s1 + s2, s3 + s4
        o_x, o_y = -1.0 - r_x, 1.0 - r_y
        o_i = w[lr.SLOPE + lane] * (lr.BY_OMEGA - lr.r_of_ionic_strength(w, lane))
        w[OMEGA_CA + lane] = (
            per_ca
            + o_x * w[lr.X_CA + lane]
            + o_y * w[lr.Y_CA + lane]
            - r_z * w[lr.Z_CA + lane]
            + o_i * w[lr.I_CA + lane]
        )
        w[OMEGA_GAS + lane] = (
            o_x * w[lr.X_DIC + lane]
            + o_y * w[lr.Y_DIC + lane]
            - r_z * w[lr.Z_DIC + lane]
            + o_i * w[lr.I_DIC + lane]
        )
        w[OMEGA_ALK + lane] = (
            o_x * w[lr.X_ALK + lane]
            + o_y * w[lr.Y_ALK + lane]
            - r_z * w[lr.Z_ALK + lane]
            + o_i * w[lr.I_ALK + lane]
        )
        x, y = w[lr.DX + lane], w[lr.DY + lane]
        h, hco3 = lr.moved_h(x, w[lr.ACID + lane]), max(1.0 + y, LEAST_SHARE)
        w[H_FACTOR + lane], w[HCO3_FACTOR + lane] = h, hco3
        pairs = 1.0 - r_x * x - r_y * y - r_z * w[lr.DZ + lane] + o_i * w[lr.DI + lane]
        free, co3 = w[c + at.FREE + lane], w[at.M_CO3 + lane] * hco3 / h
        w[POWER + lane] = w[at.G_CA + lane] * free * w[at.G_CO3 + lane] * co3 * pairs / w[at.CALCITE + lane]
    for lane in range(LANES):
        omega = w[POWER + lane]
        w[POWER + lane] = math.exp(OMEGA_EXPONENT * math.log(omega)) if omega > 0.0 else 0.0


@kernel
def _slopes(w):
    """Right-hand side F (mol kg-1 s-1), Jacobian and drift at the trial, with the speciation as mended."""
    for lane in range(LANES):
        slope = w[lr.SLOPE + lane]
        x_ca, x_gas, x_alk = w[lr.X_CA + lane], w[lr.X_DIC + lane], w[lr.X_ALK + lane]
        co2_ca = x_ca + w[lr.Y_CA + lane] + slope * w[lr.I_CA + lane]
        co2_gas = x_gas + w[lr.Y_DIC + lane] + slope * w[lr.I_DIC + lane]
        co2_alk = x_alk + w[lr.Y_ALK + lane] + slope * w[lr.I_ALK + lane]
        h = w[H_FACTOR + lane]
        acid = w[RATE_1 + lane] * w[at.G_H + lane] * w[at.M_H + lane] * h
        co2 = w[at.M_CO2 + lane] * h * w[HCO3_FACTOR + lane] * (1.0 + slope * w[lr.DI + lane])
        carbonic = w[RATE_2 + lane] * w[at.G_CO2 + lane] * co2
        forward = acid + carbonic + w[RATE_3 + lane] * w[at.WATER + lane]
        power, area, flow = w[POWER + lane], w[AREA + lane], w[FLOW + lane]
        left, back = area * (1.0 - power), area * OMEGA_EXPONENT * power * forward
        gas_rate, drift = w[GAS_RATE + lane], w[DRIFT + lane]
        w[F_CA + lane] = forward * left + flow * (w[IN_CA + lane] - w[TRIAL_CA + lane])
        w[F_GAS + lane] = gas_rate * (w[at.C_KH + lane] * w[AIR + lane] - co2) + flow * (
            w[IN_GAS + lane] - w[TRIAL_GAS + lane]
        )
        w[J11 + lane] = (acid * x_ca + carbonic * co2_ca) * left - back * w[OMEGA_CA + lane] - flow
        w[J12 + lane] = (acid * x_gas + carbonic * co2_gas) * left - back * w[OMEGA_GAS + lane]
        w[J21 + lane] = -gas_rate * co2 * co2_ca
        w[J22 + lane] = -gas_rate * co2 * co2_gas - flow
        w[V_CA + lane] = drift * ((acid * x_alk + carbonic * co2_alk) * left - back * w[OMEGA_ALK + lane])
        w[V_GAS + lane] = -drift * gas_rate * co2 * co2_alk


@kernel
def _correct(w, seconds):
    """Second stage: the correction of the trial, its error, and the means over the stretch if it is taken."""
    for lane in range(LANES):
        t, kept = w[STEP + lane], KEPT + lane
        ca, gas = w[CALCIUM + lane], w[GAS + lane]
        moved_ca, moved_gas = w[TRIAL_CA + lane] - ca, w[TRIAL_GAS + lane] - gas
        j11, j12, j21, j22 = w[kept + J11], w[kept + J12], w[kept + J21], w[kept + J22]
        f = w[F_CA + lane] - w[kept + F_CA] - j11 * moved_ca - j12 * moved_gas - t * w[kept + V_CA]
        g = w[F_GAS + lane] - w[kept + F_GAS] - j21 * moved_ca - j22 * moved_gas - t * w[kept + V_GAS]
        jf, jg = j11 * f + j12 * g, j21 * f + j22 * g
        r3, s3, r4, s4 = w[R3 + lane], w[S3 + lane], w[R4 + lane], w[S4 + lane]
        by_ca, by_gas = 2.0 * t * (r3 * f + s3 * jf), 2.0 * t * (r3 * g + s3 * jg)
        w[BY_CA + lane], w[BY_GAS + lane] = by_ca, by_gas
        w[STEP_CA + lane] += 2.0 * t * (r4 * f + s4 * jf)
        w[STEP_GAS + lane] += 2.0 * t * (r4 * g + s4 * jg)
        mended = max(abs(w[lr.DX + lane]), abs(w[lr.DY + lane]), abs(w[lr.DZ + lane])) / MENDED
        error = max(abs(by_ca), abs(by_gas)) / (TOLERANCE * (abs(ca) + abs(ca + gas)) + TINY)
        error = max(error, mended * mended)
        least = min(w[TRIAL_CA + lane], w[at.DIC + lane], ca + moved_ca + by_ca)
        sound = (least >= 0.0) & (error < WORST_ERROR) & (mended < WORST_ERROR)  # NaN is not
        w[ERROR + lane] = error if sound else WORST_ERROR


@kernel
def _control(w, seconds):
    """Take the step where its error is small and choose the next; returns how many lanes still run."""
    for lane in range(LANES):
        t, error, running = w[STEP + lane], w[ERROR + lane], w[RUNNING + lane]
        taken = (running > 0.0) & (error <= 1.0)
        share = t / seconds
        w[MEAN_CA + lane] += share * w[STEP_CA + lane] if taken else 0.0
        w[MEAN_GAS + lane] += share * w[STEP_GAS + lane] if taken else 0.0
        ca, gas = w[TRIAL_CA + lane] + w[BY_CA + lane], w[TRIAL_GAS + lane] + w[BY_GAS + lane]
        w[CALCIUM + lane] = ca if taken else w[CALCIUM + lane]
        w[GAS + lane] = gas if taken else w[GAS + lane]
        time = w[TIME + lane] + (t if taken else 0.0)
        root = math.sqrt(math.sqrt(math.sqrt(max(error, LEAST_ERROR))))
        step = t * min(max(SAFETY / (root * root * root), SHRINK), GROW)  # error^(-3/8): near the third root
        least = ROUNDING * seconds
        goes_on = (time < seconds - least) & (taken | (t > least))
        w[TIME + lane] = time
        w[STEP + lane] = max(min(step, seconds - time), least)
        w[STEPS + lane] += running
        w[RUNNING + lane] = running if goes_on else 0.0
        w[TAKEN + lane] = 1.0 if taken else 0.0
    left = 0.0
    for lane in range(LANES):
        left += w[RUNNING + lane]
    return left


@kernel
def _arrive(w):
    """Speciation and right-hand side where the step ends, from those at the trial, and keep all where it is taken."""
    for lane in range(LANES):
        ca, gas = w[BY_CA + lane], w[BY_GAS + lane]
        x = w[lr.DX + lane] + w[lr.X_CA + lane] * ca + w[lr.X_DIC + lane] * gas
        y = w[lr.DY + lane] + w[lr.Y_CA + lane] * ca + w[lr.Y_DIC + lane] * gas
        z = w[lr.DZ + lane] + w[lr.Z_CA + lane] * ca + w[lr.Z_DIC + lane] * gas
        i = w[lr.DI + lane] + w[lr.I_CA + lane] * ca + w[lr.I_DIC + lane] * gas
        w[NOW_H + lane] = w[at.H + lane] * lr.moved_h(x, w[lr.ACID + lane])
        w[NOW_HCO3 + lane] = w[at.HCO3 + lane] * max(1.0 + y, LEAST_SHARE)
        w[NOW_SO4 + lane] = w[at.FREE_SO4 + lane] * max(1.0 + z, LEAST_SHARE)
        w[NOW_IONIC + lane] = w[at.IONIC + lane] + i
        w[NOW_SOLUTES + lane] = w[at.SUM_SOLUTES + lane]
        w[F_CA + lane] += w[J11 + lane] * ca + w[J12 + lane] * gas
        w[F_GAS + lane] += w[J21 + lane] * ca + w[J22 + lane] * gas
    for j in range(N_KEPT):
        for lane in range(LANES):
            o = _FIRST_KEPT + LANES * j + lane
            w[KEPT + o] = w[o] if w[TAKEN + lane] > 0.0 else w[KEPT + o]


@kernel
def _begin(w, x, k, solved, constant_set, seconds, start):
    """Speciate the stores as they are and choose the first step; those without a solution do not run."""
    for lane in range(LANES):
        w[TIME + lane], w[STEP + lane], w[STEPS + lane], w[TAKEN + lane] = 0.0, 0.0, 0.0, 1.0
        w[MEAN_CA + lane], w[MEAN_GAS + lane], w[BY_CA + lane], w[BY_GAS + lane] = 0.0, 0.0, 0.0, 0.0
        w[TRIAL_CA + lane], w[TRIAL_GAS + lane] = w[CALCIUM + lane], w[GAS + lane]
        w[STRONG_0 + lane], w[STRONG_IN + lane], solved[lane] = 0.0, 0.0, 1.0
    for j in range(N_FLOWING):
        for lane in range(LANES):
            w[STRONG_0 + lane] += CHARGES[j] * w[MG_0 + LANES * j + lane]
            w[STRONG_IN + lane] += CHARGES[j] * w[IN_MG + LANES * j + lane]
    _let_flow(w, 0.0)
    _compose(w)
    if ln.solve(w, constant_set, ALK_DIC, start, STEP_TOLERANCE, IONIC_TOLERANCE) > 0.0:
        ln.rescue(w, x, k, constant_set, ALK_DIC, solved)
    lr.respond(w)
    _saturate(w)
    _slopes(w)
    _arrive(w)
    for lane in range(LANES):
        ca, gas = w[F_CA + lane], w[F_GAS + lane]
        move = abs(w[lr.X_CA + lane] * ca + w[lr.X_DIC + lane] * gas)
        move += abs(w[lr.Y_CA + lane] * ca + w[lr.Y_DIC + lane] * gas)
        w[STEP + lane] = min(seconds, FIRST_MOVE / max(move, TINY))
        w[RUNNING + lane] = solved[lane]


@kernel
def _end(w, solved, seconds):
    """What the lanes hold at last; returns how many have not reached the end."""
    _let_flow(w, 0.0)
    failed = 0.0
    for lane in range(LANES):
        kept = KEPT + lane
        w[at.H + lane], w[at.HCO3 + lane], w[at.FREE_SO4 + lane] = (
            w[kept + NOW_H],
            w[kept + NOW_HCO3],
            w[kept + NOW_SO4],
        )
        w[at.IONIC + lane], w[at.SOLUTES + lane] = w[kept + NOW_IONIC], w[kept + NOW_SOLUTES]
        solved[lane] = 1.0 if w[TIME + lane] >= (1.0 - ROUNDING) * seconds else 0.0
        if solved[lane] == 0.0:
            w[CALCIUM + lane] = w[GAS + lane] = w[MEAN_CA + lane] = w[MEAN_GAS + lane] = math.nan
            failed += 1.0
    return failed


@kernel
def prepare(w, constant_set):
    """Constants and rate constants of the eight stores for ``w[lanes.TEMPERATURE]`` (degC)."""
    at.set_temperatures(w, constant_set)
    for lane in range(LANES):
        k1, k2, k3 = pwp_constants(w[at.TEMPERATURE + lane])
        w[RATE_1 + lane] = SI_PER_MMOL_CM2 * k1
        w[RATE_2 + lane] = SI_PER_MMOL_CM2 * k2
        w[RATE_3 + lane] = SI_PER_MMOL_CM2 * k3


@kernel
def advance(w, x, k, solved, constant_set, seconds, start):
    """Advance eight stores by `seconds`.

    w             scratch of STORE_WORDS. In: CALCIUM and GAS (= DIC - Ca), mol kg-1; MG_0 .. NO3_0; AREA, m2 kg-1;
                  GAS_RATE, s-1; AIR, CO2 fugacity in atm; FLOW, s-1, and its inflow IN_CA .. IN_NO3, mol kg-1.
                  Out: CALCIUM, GAS; the ions that flow; MEAN_CA, MEAN_GAS over the stretch. The rock dissolved is
                  dCa - FLOW (IN_CA - MEAN_CA) seconds, and so for the gas: the books close by construction.
                  `prepare` has set the constants.
    x, k          scratch of `lanes.rescue`: two records
    solved        out: 1 for each store that has reached the end; 0 where the water has no speciation or no step was
                  small enough, and then its contents are NaN
    start         COLD or RESUMED of `lanes`, for the first speciation
    returns the number of stores that have not reached the end.
    """
    _begin(w, x, k, solved, constant_set, seconds, start)
    for _ in range(MAX_STEPS):
        _let_flow(w, 1.0)
        _trial(w)
        _compose(w)
        _foresee(w)
        at.refresh(w, constant_set)
        at.evaluate(w)
        lr.respond(w)
        _saturate(w)
        _slopes(w)
        _correct(w, seconds)
        left = _control(w, seconds)
        _arrive(w)
        if left == 0.0:
            break
    return _end(w, solved, seconds)

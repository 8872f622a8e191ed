"""One stiff stretch of time (a day) of eight stores side by side: calcite kinetics, gas exchange and flow together.

    dCa/dt        = a r                     + q (Ca_in - Ca)
    d(DIC-Ca)/dt  = k_gas (K_H p - CO2)     + q ((DIC-Ca)_in - (DIC-Ca))
    dc/dt         = q (c_in - c)            for Mg, Na, K, Cl, SO4, NO3: solved exactly

with a the rock area per kg of water, r the PHREEQC form of the PWP law (`rates.calcite_rate`) and the alkalinity
defined by the ions. DIC - Ca is what the gas alone changes, so that the two rates stand apart. Each store is advanced
by the exponential Rosenbrock method EXPRB32 (Hochbruck, Ostermann & Schweitzer 2009, SIAM J. Numer. Anal. 47:786),

    U = u + t phi1(t J) F(u),   u1 = U + 2 t phi3(t J) (F(U) - F(u) - J (U - u)),

with the closed-form functions of the 2 x 2 Jacobian J, the last correction as its error estimate, and a step length of
its own in each lane. J takes the activity coefficients as constant. CO2 speeds up dissolution and dissolution draws in
CO2, so its off-diagonal terms have one sign but for extreme waters, and its eigenvalues are real; where they would not
be, their real part stands for both, which the error estimate then sees.
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lanes as ln
from karstsim.chemistry.rates import OMEGA_EXPONENT, SI_PER_MMOL_CM2, pwp_constants
from karstsim.chemistry.speciation import Mode
from karstsim.core.jit import kernel, lane_function
from karstsim.core.polynomials import exp_small, exp_wide

LANES = at.LANES
_OWN = 52
# Of a store: rates and inflow (given), contents (in and out), the run of the steps, the right-hand side and its
# Jacobian, the two matrix functions. They follow the quantities of `lanes` in the same scratch array.
(
    AREA, GAS_RATE, AIR, FLOW, IN_CA, IN_GAS, CALCIUM, GAS, MEAN_CA, MEAN_GAS,
    TIME, STEP, RUNNING, STEPS, TURNED, DRIFT,
    F_CA, F_GAS, F_CA_0, F_GAS_0, J11, J12, J21, J22, TRIAL_CA, TRIAL_GAS,
    EIGEN_1, EIGEN_2, RATE_1, RATE_2, RATE_3, UNSATURATED, FORWARD, STEP_CA, STEP_GAS,
    X_CA, Y_CA, Z_CA, X_GAS, Y_GAS, Z_GAS, X_ALK, Y_ALK, Z_ALK, V_CA, V_GAS, I_CA,
    END_H, END_HCO3, END_SO4, END_IONIC, END_SOLUTES,
) = at.offsets(_OWN, at.WORDS)  # fmt: skip
# Of the six ions that only flow: content at the start, content of the inflow.
MG_0, NA_0, K_0, CL_0, SO4_0, NO3_0, IN_MG, IN_NA, IN_K, IN_CL, IN_SO4, IN_NO3 = at.offsets(
    12, at.WORDS + _OWN * LANES
)
STORE_WORDS = at.WORDS + (_OWN + 12) * LANES  # length of the scratch array
CONSERVED = np.array([at.MG, at.NA, at.K, at.CL, at.SO4, at.NO3])
N_CONSERVED = len(CONSERVED)

ALK_DIC = int(Mode.ALK_DIC)
TOLERANCE = 1.5e-4  # of the local error estimate, relative to the store's carbon and calcium
FIRST_SHARE = 0.02  # of the stretch, length of the first step
SAFETY, SHRINK, GROW = 0.85, 0.2, 6.0  # of the step control
STEP_TOLERANCE, IONIC_TOLERANCE = (
    2e-2,
    3e-4,
)  # of the speciations: what is left is 1e-4 of h, far below the error of the steps
MAX_STEPS = 400
LEAST_SHARE = 0.1  # of its content that a trial leaves in a store
SEPARATION = 1e-6  # relative, least distance of the eigenvalues
TINY = 1e-30
ROUNDING = 1e-9  # of the stretch
LEAST_ERROR = 1e-8
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
    f1 = (exp_wide(far) - 1.0) / far
    f2 = (f1 - 1.0) / far
    f3 = (f2 - 0.5) / far
    f4 = (f3 - 1.0 / 6.0) / far
    out = 1.0 if z < -SERIES else 0.0
    return s1 + out * (f1 - s1), s2 + out * (f2 - s2), s3 + out * (f3 - s3), s4 + out * (f4 - s4)


@kernel
def _compose(w, calcium, gas):
    """Totals of the waters whose calcium and DIC - Ca stand at the offsets `calcium` and `gas`."""
    for lane in range(LANES):
        ca = w[calcium + lane]
        w[at.CA + lane] = ca
        w[at.DIC + lane] = ca + w[gas + lane]
        w[at.ALK + lane] = (
            2.0 * (ca + w[at.MG + lane] - w[at.SO4 + lane])
            + w[at.NA + lane]
            + w[at.K + lane]
            - w[at.CL + lane]
            - w[at.NO3 + lane]
        )


@kernel
def _speciate(w, x, k, solved, constant_set, start):
    """Solve the eight waters, those that resist by the scalar solver; returns how many have no solution."""
    failed = 0.0
    if ln.solve(w, constant_set, ALK_DIC, start, STEP_TOLERANCE, IONIC_TOLERANCE) > 0.0:
        ln.rescue(w, x, k, constant_set, ALK_DIC, solved)
        for lane in range(LANES):
            failed += 1.0 - solved[lane]
    return failed


@kernel
def _rates(w, calcium, gas):
    """Right-hand side F_CA, F_GAS (mol kg-1 s-1) of the speciated waters; keeps the rate's two factors."""
    for lane in range(LANES):
        omega = (
            w[at.G_CA + lane]
            * w[at.CA + at.FREE + lane]
            * w[at.G_CO3 + lane]
            * w[at.M_CO3 + lane]
            / w[at.CALCITE + lane]
        )
        power = math.exp(OMEGA_EXPONENT * math.log(omega)) if omega > 0.0 else 0.0
        w[UNSATURATED + lane] = 1.0 - power
    for lane in range(LANES):
        forward = (
            w[RATE_1 + lane] * w[at.G_H + lane] * w[at.M_H + lane]
            + w[RATE_2 + lane] * w[at.G_CO2 + lane] * w[at.M_CO2 + lane]
            + w[RATE_3 + lane] * w[at.WATER + lane]
        )
        flow = w[FLOW + lane]
        w[FORWARD + lane] = forward
        w[F_CA + lane] = w[AREA + lane] * forward * w[UNSATURATED + lane] + flow * (
            w[IN_CA + lane] - w[calcium + lane]
        )
        w[F_GAS + lane] = w[GAS_RATE + lane] * (
            w[at.C_KH + lane] * w[AIR + lane] - w[at.M_CO2 + lane]
        ) + flow * (w[IN_GAS + lane] - w[gas + lane])


@kernel
def _jacobian(w):
    """Derivatives of F by calcium and by DIC - Ca, and its eigenvalues, at the speciated waters.

    A change of the totals moves x = ln h, y = ln hco3, z = ln so4 by the inverse of the Newton matrix of `lanes`; the
    pairs that new calcium forms at once count on its right-hand side.
    """
    c = at.CA
    for lane in range(LANES):
        per_ca = 1.0 / max(w[c + lane], TINY)
        s1, s2 = w[c + at.HCO3_PAIR + lane] * per_ca, w[c + at.CO3_PAIR + lane] * per_ca
        s3, s4 = w[c + at.SO4_PAIR + lane] * per_ca, w[c + at.HSO4_PAIR + lane] * per_ca
        s5 = w[c + at.OH_PAIR + lane] * per_ca
        per_s = 1.0 / max(w[at.SO4_Z + lane], TINY)
        s_x, s_y = w[at.SO4_X + lane] * per_s, w[at.SO4_Y + lane] * per_s
        a_x = w[at.ALK_X + lane] - w[at.ALK_Z + lane] * s_x
        a_y = w[at.ALK_Y + lane] - w[at.ALK_Z + lane] * s_y
        d_x = w[at.DIC_X + lane] - w[at.DIC_Z + lane] * s_x
        d_y = w[at.DIC_Y + lane] - w[at.DIC_Z + lane] * s_y
        per_det = 1.0 / (a_x * d_y - a_y * d_x)
        sulfate = -(s3 + s4) * per_s
        a_0 = 2.0 - (s1 + 2.0 * s2 - s4 + s5) - w[at.ALK_Z + lane] * sulfate
        d_0 = 1.0 - (s1 + s2) - w[at.DIC_Z + lane] * sulfate
        x_ca = (a_0 * d_y - a_y * d_0) * per_det
        y_ca = (a_x * d_0 - a_0 * d_x) * per_det
        x_gas, y_gas = -a_y * per_det, a_x * per_det
        z_ca, z_gas = sulfate - s_x * x_ca - s_y * y_ca, -s_x * x_gas - s_y * y_gas
        x_alk, y_alk = d_y * per_det, -d_x * per_det
        z_alk = -s_x * x_alk - s_y * y_alk
        r_x, r_y, r_z = s4 - s2 - s5, s1 + s2, s3 + s4
        omega_ca = per_ca + y_ca - x_ca - r_x * x_ca - r_y * y_ca - r_z * z_ca
        omega_gas = y_gas - x_gas - r_x * x_gas - r_y * y_gas - r_z * z_gas
        omega_alk = y_alk - x_alk - r_x * x_alk - r_y * y_alk - r_z * z_alk
        acid = w[RATE_1 + lane] * w[at.G_H + lane] * w[at.M_H + lane]
        carbonic = w[RATE_2 + lane] * w[at.G_CO2 + lane] * w[at.M_CO2 + lane]
        left, area, drift = w[UNSATURATED + lane], w[AREA + lane], w[DRIFT + lane]
        back = OMEGA_EXPONENT * (1.0 - left) * w[FORWARD + lane]
        release = w[GAS_RATE + lane] * w[at.M_CO2 + lane]
        j11 = area * ((acid * x_ca + carbonic * (x_ca + y_ca)) * left - back * omega_ca) - w[FLOW + lane]
        j12 = area * ((acid * x_gas + carbonic * (x_gas + y_gas)) * left - back * omega_gas)
        j21 = -release * (x_ca + y_ca)
        j22 = -release * (x_gas + y_gas) - w[FLOW + lane]
        w[V_CA + lane] = (
            drift * area * ((acid * x_alk + carbonic * (x_alk + y_alk)) * left - back * omega_alk)
        )
        w[V_GAS + lane] = -drift * release * (x_alk + y_alk)
        w[X_CA + lane], w[Y_CA + lane], w[Z_CA + lane] = x_ca, y_ca, z_ca
        w[X_GAS + lane], w[Y_GAS + lane], w[Z_GAS + lane] = x_gas, y_gas, z_gas
        w[X_ALK + lane], w[Y_ALK + lane], w[Z_ALK + lane] = x_alk, y_alk, z_alk
        w[I_CA + lane] = 2.0 * w[c + at.FREE + lane] * per_ca + 0.5 * (s1 + s4 + s5)
        middle, half = 0.5 * (j11 + j22), 0.5 * (j11 - j22)
        apart = math.sqrt(max(half * half + j12 * j21, 0.0))
        apart = max(apart, SEPARATION * abs(middle) + TINY)
        w[J11 + lane], w[J12 + lane], w[J21 + lane], w[J22 + lane] = j11, j12, j21, j22
        w[EIGEN_1 + lane] = middle + apart
        w[EIGEN_2 + lane] = middle - apart


@lane_function
def _foresee(w, lane, ca, gas, alk):
    """Move the speciation's start by what changes of calcium, DIC - Ca and alkalinity of other ions will do to it."""
    x = w[X_CA + lane] * ca + w[X_GAS + lane] * gas + w[X_ALK + lane] * alk
    y = w[Y_CA + lane] * ca + w[Y_GAS + lane] * gas + w[Y_ALK + lane] * alk
    z = w[Z_CA + lane] * ca + w[Z_GAS + lane] * gas + w[Z_ALK + lane] * alk
    w[at.H + lane] *= exp_small(x)
    w[at.HCO3 + lane] *= exp_small(y)
    w[at.FREE_SO4 + lane] *= exp_small(z)
    ionic = w[I_CA + lane] * ca + w[at.I_X + lane] * x + w[at.I_Y + lane] * y + w[at.I_Z + lane] * z
    w[at.IONIC + lane] = max(w[at.IONIC + lane] + ionic, LEAST_SHARE * w[at.IONIC + lane])


@kernel
def _trial(w):
    """First stage: U = u + t phi1(t J) F + t^2 phi2(t J) v, and the mean of that solution over the step.

    v is the drift of F with time, through the ions that only flow.
    """
    for lane in range(LANES):
        t = w[STEP + lane]
        e1, e2 = w[EIGEN_1 + lane], w[EIGEN_2 + lane]
        p1, p2, p3, _a = _phi(t * e1)
        q1, q2, q3, _b = _phi(t * e2)
        per = 1.0 / (e1 - e2)
        s1, s2, s3 = (p1 - q1) * per, (p2 - q2) * per, (p3 - q3) * per
        r1, r2, r3 = p1 - s1 * e1, p2 - s2 * e1, p3 - s3 * e1
        f, g = w[F_CA + lane], w[F_GAS + lane]
        v, u = t * w[V_CA + lane], t * w[V_GAS + lane]
        j11, j12, j21, j22 = w[J11 + lane], w[J12 + lane], w[J21 + lane], w[J22 + lane]
        jf, jg, jv, ju = j11 * f + j12 * g, j21 * f + j22 * g, j11 * v + j12 * u, j21 * v + j22 * u
        ca, gas = w[CALCIUM + lane], w[GAS + lane]
        new_ca = max(ca + t * (r1 * f + s1 * jf + r2 * v + s2 * jv), LEAST_SHARE * ca)
        new_gas = gas + t * (r1 * g + s1 * jg + r2 * u + s2 * ju)
        new_gas = max(new_gas, LEAST_SHARE * (ca + gas) - new_ca)
        w[STEP_CA + lane] = ca + t * (r2 * f + s2 * jf + r3 * v + s3 * jv)
        w[STEP_GAS + lane] = gas + t * (r2 * g + s2 * jg + r3 * u + s3 * ju)
        w[TRIAL_CA + lane], w[TRIAL_GAS + lane] = new_ca, new_gas
        w[F_CA_0 + lane], w[F_GAS_0 + lane] = f, g
        _foresee(w, lane, new_ca - ca, new_gas - gas, t * w[DRIFT + lane])


@kernel
def _correct(w, seconds):
    """Second stage and step control: takes the step where the correction is small; returns how many lanes still run."""
    for lane in range(LANES):
        t = w[STEP + lane]
        e1, e2 = w[EIGEN_1 + lane], w[EIGEN_2 + lane]
        _a, _b, p3, p4 = _phi(t * e1)
        _c, _d, q3, q4 = _phi(t * e2)
        per = 1.0 / (e1 - e2)
        s3, s4 = (p3 - q3) * per, (p4 - q4) * per
        r3, r4 = p3 - s3 * e1, p4 - s4 * e1
        ca, gas = w[CALCIUM + lane], w[GAS + lane]
        moved_ca, moved_gas = w[TRIAL_CA + lane] - ca, w[TRIAL_GAS + lane] - gas
        j11, j12, j21, j22 = w[J11 + lane], w[J12 + lane], w[J21 + lane], w[J22 + lane]
        f = w[F_CA + lane] - w[F_CA_0 + lane] - j11 * moved_ca - j12 * moved_gas - t * w[V_CA + lane]
        g = w[F_GAS + lane] - w[F_GAS_0 + lane] - j21 * moved_ca - j22 * moved_gas - t * w[V_GAS + lane]
        jf, jg = j11 * f + j12 * g, j21 * f + j22 * g
        by_ca = 2.0 * t * (r3 * f + s3 * jf)
        by_gas = 2.0 * t * (r3 * g + s3 * jg)
        error = max(abs(by_ca), abs(by_gas)) / (TOLERANCE * (abs(ca) + abs(ca + gas)) + TINY)
        running = w[RUNNING + lane]
        taken = running if error <= 1.0 else 0.0
        share = t / seconds * taken
        w[MEAN_CA + lane] += share * (w[STEP_CA + lane] + 2.0 * t * (r4 * f + s4 * jf))
        w[MEAN_GAS + lane] += share * (w[STEP_GAS + lane] + 2.0 * t * (r4 * g + s4 * jg))
        w[CALCIUM + lane] = ca + taken * (moved_ca + by_ca)
        w[GAS + lane] = gas + taken * (moved_gas + by_gas)
        back = 1.0 - taken
        _foresee(
            w,
            lane,
            taken * by_ca - back * moved_ca,
            taken * by_gas - back * moved_gas,
            -back * t * w[DRIFT + lane],
        )
        time = w[TIME + lane] + taken * t
        root = math.sqrt(math.sqrt(math.sqrt(max(error, LEAST_ERROR))))
        step = t * min(
            max(SAFETY / (root * root * root), SHRINK), GROW
        )  # error^(-3/8): near the third root, and no call
        w[TIME + lane] = time
        w[STEP + lane] = max(min(step, seconds - time), ROUNDING * seconds)
        w[STEPS + lane] += running
        still = running if time < (1.0 - ROUNDING) * seconds else 0.0
        ends = (
            running - still
        )  # what the speciation starts from next time is taken when the lane ends, not when all do
        w[END_H + lane] += ends * (w[at.H + lane] - w[END_H + lane])
        w[END_HCO3 + lane] += ends * (w[at.HCO3 + lane] - w[END_HCO3 + lane])
        w[END_SO4 + lane] += ends * (w[at.FREE_SO4 + lane] - w[END_SO4 + lane])
        w[END_IONIC + lane] += ends * (w[at.IONIC + lane] - w[END_IONIC + lane])
        w[END_SOLUTES + lane] += ends * (w[at.SOLUTES + lane] - w[END_SOLUTES + lane])
        w[RUNNING + lane] = still
    left = 0.0
    for lane in range(LANES):
        left += w[RUNNING + lane]
    return left


@kernel
def _let_flow(w, ahead):
    """Content of the ions that only flow and the drift of their alkalinity, `ahead` steps from the present time."""
    for lane in range(LANES):
        flow = w[FLOW + lane]
        turned = exp_wide(-flow * (w[TIME + lane] + ahead * w[STEP + lane]))
        w[TURNED + lane] = turned
        w[DRIFT + lane] = (
            flow
            * turned
            * (
                2.0 * (w[IN_MG + lane] - w[MG_0 + lane] - w[IN_SO4 + lane] + w[SO4_0 + lane])
                + w[IN_NA + lane]
                - w[NA_0 + lane]
                + w[IN_K + lane]
                - w[K_0 + lane]
                - w[IN_CL + lane]
                + w[CL_0 + lane]
                - w[IN_NO3 + lane]
                + w[NO3_0 + lane]
            )
        )
    for j in range(N_CONSERVED):
        for lane in range(LANES):
            inflow = w[IN_MG + LANES * j + lane]
            w[CONSERVED[j] + lane] = inflow + (w[MG_0 + LANES * j + lane] - inflow) * w[TURNED + lane]


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
    x, k, solved  scratch of `lanes.rescue`: two records, eight marks
    start         COLD or RESUMED of `lanes`, for the first speciation
    returns the number of speciations that had no solution plus the lanes that did not reach the end.
    """
    for lane in range(LANES):
        w[TIME + lane] = 0.0
        w[STEP + lane] = FIRST_SHARE * seconds
        w[RUNNING + lane] = 1.0
        w[STEPS + lane] = 0.0
        w[MEAN_CA + lane] = 0.0
        w[MEAN_GAS + lane] = 0.0
        for o in (END_H, END_HCO3, END_SO4, END_IONIC, END_SOLUTES):
            w[o + lane] = 0.0
    failed, left = 0.0, 1.0
    for _ in range(MAX_STEPS):
        _let_flow(w, 0.0)
        _compose(w, CALCIUM, GAS)
        failed += _speciate(w, x, k, solved, constant_set, start)
        start = ln.RESUMED
        _rates(w, CALCIUM, GAS)
        _jacobian(w)
        _trial(w)
        _let_flow(w, 1.0)
        _compose(w, TRIAL_CA, TRIAL_GAS)
        failed += _speciate(w, x, k, solved, constant_set, start)
        _rates(w, TRIAL_CA, TRIAL_GAS)
        left = _correct(w, seconds)
        if left == 0.0:
            break
    _let_flow(w, 0.0)
    for lane in range(LANES):
        if w[RUNNING + lane] == 0.0:
            w[at.H + lane], w[at.HCO3 + lane] = w[END_H + lane], w[END_HCO3 + lane]
            w[at.FREE_SO4 + lane], w[at.IONIC + lane] = w[END_SO4 + lane], w[END_IONIC + lane]
            w[at.SOLUTES + lane] = w[END_SOLUTES + lane]
    return failed + left

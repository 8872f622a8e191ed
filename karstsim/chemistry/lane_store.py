"""The waters of up to eight stores side by side, each with a problem of its own: one Newton iteration for all.

The unknowns are x = ln h, y = ln hco3, z = ln so4, the ionic strength I and the rock n (mol kgw-1) that has entered.
With the sums over the species of `lane_medium`, every lane solves

    SUM_ALK = ALK + 2 n
    LINE (SUM_DIC - n) + GAS p = TARGET          p = m_co2/c_kh, the fugacity of CO2 (atm)
    SUM_SO4 = SO4
    SUM_I = I
    n = 0,  or, where ROCK is 1,  a(Ca) a(CO3) = CALCITE LEVEL,  or the rock that a rate law asks for

so that by four numbers a lane says which water it wants:

    closed water          LINE 1, GAS 0, TARGET = DIC                 (DIC with its rock counted on the left)
    beside a gas          LINE s, GAS 1, TARGET = p0 + s DIC          p = p0 - s g: the gas thins by s per CO2 taken up
    saturated with rock   ROCK 1, LEVEL 10^SI;  Ca = CA_0 + (1 - MG_SHARE) n,  Mg = MG_0 + MG_SHARE n, not below 0

A rate law (`processes.lane_joint`) gives the step of the rock anew in each round: LAW_STEP + LAW_BY_P dp, where dp is
the change of the lane's own CO2 pressure. Without a law both are 0.

Each round refreshes the activities, works out the species and their derivatives, and eliminates rock, sulfate and
ionic strength from the linear system in this order. A lane that has settled is frozen; the readings `OUT_...` are those
after its last step, to first order. Loops run over the lanes in use, without fused multiply-add (`jit.lane_kernel`), so
that no digit depends on the neighbours. Lanes that do not settle are left to the scalar kernels of `equilibrium`.
"""

from __future__ import annotations

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry.activity import WATER_ACTIVITY_SLOPE
from karstsim.chemistry.lane_medium import LANES, offsets
from karstsim.chemistry.lane_response import (
    BY_OMEGA,
    LEAST,
    MOST,
    TINY,
    acid_share,
    by_ionic_strength,
    moved_h,
    r_of_ionic_strength,
    slope_of_gamma,
)
from karstsim.chemistry.lanes import FALL, RISE
from karstsim.core.jit import lane_function, lane_kernel
from karstsim.core.polynomials import exp_small

# What is wanted of a lane; ACTIVE (lane_medium) is 1 for the lanes to solve. FRESH is 1 where HCO3- is not known yet:
# it follows from H and PCO2.
N, CA_0, MG_0, MG_SHARE, ROCK, LEVEL, LINE, GAS, TARGET, FRESH = offsets(10, at.WORDS)
# Readings of a settled lane: DIC (mol kgw-1), pCO2 (atm), a(Ca) a(CO3)/K of calcite, total over free of the ions, CO2,
# and with pairs the carbon of each charge (mol kgw-1). Nothing else of it may be read: coefficients and species are
# those of the last round, which its neighbours may need and it does not.
(
    OUT_DIC, OUT_PCO2, OUT_OMEGA, OUT_CA, OUT_MG, OUT_NA, OUT_SO4,
    OUT_CO2, OUT_DIMER, OUT_HCO3, OUT_CO3,
) = offsets(11, at.WORDS + 10 * LANES)  # fmt: skip
# The step of a round: by unknown, the factors of h and hco3, whether there is one; the derivatives of ln Omega by x,
# y, z and I, of DIC by rock and I, and Omega itself before it.
(
    D_X, D_Y, D_Z, D_N, D_I, X_FACTOR, Y_FACTOR, REGULAR, E_X, E_Y, E_Z, E_I, E_N, DIC_N, DIC_I, SLOPE, OMEGA,
) = offsets(17, at.WORDS + 21 * LANES)  # fmt: skip
# What a rate law asks of the rock, and by how much the step changes with TARGET.
LAW_STEP, LAW_BY_P, X_BY_TARGET, Y_BY_TARGET, Z_BY_TARGET, N_BY_TARGET, I_BY_TARGET = offsets(
    7, at.WORDS + 38 * LANES
)
WORDS = at.WORDS + 45 * LANES  # length of the scratch array
MOST_ROUNDS = 16
STEP_TOLERANCE = 1.0e-3  # of the last step in a logarithm: what is left is of the order of its square
IONIC_TOLERANCE = 3.0e-4  # relative, of the last step in the ionic strength
WATER_TOLERANCE = 1.0e-5  # of the last change of the activity of water, which lags by a round


@lane_kernel
def solve(w, constant_set, lanes, with_carbon):
    """Solve the first lanes of `w` that are ACTIVE; those that are so afterwards are not solved. Returns how many.

    w             scratch of WORDS numbers. In: constants (`set_temperatures`), CA_0, MG_0, NA, K, SO4, CL, NO3, ALK,
                  what the module's table says, and a first guess of H, HCO3 (or FRESH), FREE_SO4, IONIC, SOLUTES.
                  Out: these, N and the readings.
    with_carbon   whether OUT_DIMER .. OUT_CO3 are wanted
    """
    left = start(w, lanes)
    if left == 0.0:
        return left
    for _ in range(MOST_ROUNDS):
        look(w, constant_set, lanes)
        newton(w, lanes)
        left = step(w, lanes, with_carbon)
        if left == 0.0:
            break
    return left


@lane_kernel
def start(w, lanes):
    """The totals before any rock, and no rate law; returns how many lanes are ACTIVE."""
    left = 0.0
    for lane in range(lanes):
        w[at.COUNT + lane] = 0.0
        w[N + lane] = 0.0
        w[LAW_STEP + lane], w[LAW_BY_P + lane] = 0.0, 0.0
        w[at.CA + lane] = w[CA_0 + lane]
        w[at.MG + lane] = w[MG_0 + lane]
        left += w[at.ACTIVE + lane]
    return left


@lane_kernel
def look(w, constant_set, lanes):
    """Activities, species and their derivatives at the present point."""
    at.refresh(w, constant_set, lanes)
    begin(w, lanes)
    at.evaluate(w, lanes)


@lane_kernel
def step(w, lanes, with_carbon):
    """Readings after the step that `newton` has found, and the step itself; returns how many lanes have not settled."""
    factors(w, lanes)
    read(w, lanes)
    if with_carbon:
        read_carbon(w, lanes)
    return move(w, lanes, STEP_TOLERANCE)


@lane_kernel
def begin(w, lanes):
    """HCO3- of lanes that know their CO2 pressure only."""
    for lane in range(lanes):
        hco3 = w[at.C_K1 + lane] * w[at.C_KH + lane] * w[at.PCO2 + lane] / w[at.H + lane]
        w[at.HCO3 + lane] = hco3 if w[FRESH + lane] > 0.0 else w[at.HCO3 + lane]
        w[FRESH + lane] = 0.0


@lane_function
def _by_rock(w, lane):
    """Derivatives by rock of what the species add up to (alkalinity less 2 n, DIC, sulfate, I).

    What new calcium and magnesium pair with is theirs at once.
    """
    ca, mg = at.CA + lane, at.MG + lane
    share = w[MG_SHARE + lane]
    of_ca, of_mg = (1.0 - share) / max(w[ca], TINY), share / max(w[mg], TINY)
    hco3 = of_ca * w[ca + at.HCO3_PAIR] + of_mg * w[mg + at.HCO3_PAIR]
    co3 = of_ca * w[ca + at.CO3_PAIR] + of_mg * w[mg + at.CO3_PAIR]
    so4 = of_ca * w[ca + at.SO4_PAIR] + of_mg * w[mg + at.SO4_PAIR]
    oh = of_ca * w[ca + at.OH_PAIR] + of_mg * w[mg + at.OH_PAIR]
    hso4, so42 = of_ca * w[ca + at.HSO4_PAIR], of_mg * w[mg + at.SO42_PAIR]
    free = of_ca * w[ca + at.FREE] + of_mg * w[mg + at.FREE]
    alk = hco3 + 2.0 * co3 - hso4 + oh - 2.0
    return alk, hco3 + co3, so4 + hso4 + 2.0 * so42, 2.0 * (free + so42) + 0.5 * (hco3 + hso4 + oh)


@lane_function
def note_omega(w, lane, slope):
    """OMEGA at the present point and the derivatives of its logarithm, E_X .. E_N; returns a(Ca) a(CO3).

    slope  of ln gamma (`slope_of_gamma`)
    """
    ca = at.CA + lane
    per_ca = 1.0 / max(w[ca], TINY)
    hso4 = w[ca + at.HSO4_PAIR] * per_ca
    r_x = hso4 - (w[ca + at.CO3_PAIR] + w[ca + at.OH_PAIR]) * per_ca
    r_y = (w[ca + at.HCO3_PAIR] + w[ca + at.CO3_PAIR]) * per_ca
    r_z = w[ca + at.SO4_PAIR] * per_ca + hso4
    product = w[at.G_CA + lane] * w[ca + at.FREE] * w[at.G_CO3 + lane] * w[at.M_CO3 + lane]
    w[E_X + lane], w[E_Y + lane], w[E_Z + lane] = -1.0 - r_x, 1.0 - r_y, -r_z
    w[E_I + lane] = slope * (BY_OMEGA - r_of_ionic_strength(w, lane))
    w[E_N + lane] = (1.0 - w[MG_SHARE + lane]) * per_ca
    w[OMEGA + lane] = product / w[at.CALCITE + lane]
    return product


@lane_function
def _rock(w, lane, slope):
    """The step of the rock, n_0 + n_x dx + n_y dy + n_z dz + n_i di, that keeps the lane at its saturation or law.

    The logarithm of Omega over LEVEL is taken as 2 (a - b)/(a + b), which starts well from far below as well.
    """
    product = note_omega(w, lane, slope)
    wanted = w[at.CALCITE + lane] * w[LEVEL + lane]
    per_e = w[ROCK + lane] * max(w[at.CA + lane], TINY) / (1.0 - w[MG_SHARE + lane])
    by_p = w[LAW_BY_P + lane] * (w[at.M_CO2 + lane] / w[at.C_KH + lane])
    n_0 = -2.0 * (product - wanted) / (product + wanted) * per_e + w[LAW_STEP + lane]
    n_x, n_y = by_p - w[E_X + lane] * per_e, by_p - w[E_Y + lane] * per_e
    return n_0, n_x, n_y, -w[E_Z + lane] * per_e, by_p * slope - w[E_I + lane] * per_e


@lane_function
def linear(w, lane, slope, rock, taken):
    """The step of one lane: its linear system, with rock, sulfate and ionic strength eliminated in this order.

    slope    of ln gamma (`slope_of_gamma`)
    rock     the step of the rock by those of the others: n_0, n_x, n_y, n_z, n_i
    taken    carbon that leaves the water besides (mol kgw-1), and its derivatives by x and y
    returns  the step in x, y, z, n and I, then its change with TARGET
    """
    alk_i, dic_i, so4_i, ionic_i = by_ionic_strength(w, lane, slope)
    alk_n, dic_n, so4_n, ionic_n = _by_rock(w, lane)
    n_0, n_x, n_y, n_z, n_i = rock
    n, line, ionic = w[N + lane], w[LINE + lane], w[at.IONIC + lane]
    pressure = w[GAS + lane] * (w[at.M_CO2 + lane] / w[at.C_KH + lane])
    s_z = w[at.SO4_Z + lane] + so4_n * n_z
    per_s = 1.0 / (s_z if abs(s_z) > TINY else 1.0)
    s_x = (w[at.SO4_X + lane] + so4_n * n_x) * per_s
    s_y = (w[at.SO4_Y + lane] + so4_n * n_y) * per_s
    s_i = (so4_i + so4_n * n_i) * per_s
    s_0 = (w[at.SO4 + lane] - w[at.SUM_SO4 + lane] - so4_n * n_0) * per_s
    i_z = w[at.I_Z + lane] + ionic_n * n_z
    per_i = 1.0 / (1.0 - ionic_i - ionic_n * n_i + i_z * s_i)
    i_0 = (w[at.SUM_I + lane] - ionic + ionic_n * n_0 + i_z * s_0) * per_i
    i_x = (w[at.I_X + lane] + ionic_n * n_x - i_z * s_x) * per_i
    i_y = (w[at.I_Y + lane] + ionic_n * n_y - i_z * s_y) * per_i
    a_z = w[at.ALK_Z + lane] + alk_n * n_z
    a_i = alk_i + alk_n * n_i - a_z * s_i
    a_x = w[at.ALK_X + lane] + alk_n * n_x - a_z * s_x + a_i * i_x
    a_y = w[at.ALK_Y + lane] + alk_n * n_y - a_z * s_y + a_i * i_y
    a_0 = w[at.ALK + lane] + 2.0 * n - w[at.SUM_ALK + lane] - alk_n * n_0 - a_z * s_0 - a_i * i_0
    d_n = line * (dic_n - 1.0)
    d_z = line * w[at.DIC_Z + lane] + d_n * n_z
    d_i = line * dic_i + pressure * slope + d_n * n_i - d_z * s_i
    d_x = line * w[at.DIC_X + lane] + pressure + taken[1] + d_n * n_x - d_z * s_x + d_i * i_x
    d_y = line * w[at.DIC_Y + lane] + pressure + taken[2] + d_n * n_y - d_z * s_y + d_i * i_y
    d_0 = w[TARGET + lane] + line * (n - w[at.SUM_DIC + lane]) - pressure - taken[0]
    d_0 -= d_n * n_0 + d_z * s_0 + d_i * i_0
    pivot = a_x * d_y - a_y * d_x
    regular = abs(pivot) > TINY * TINY  # NaN has no pivot: such a lane never settles
    per_pivot = 1.0 / (pivot if regular else 1.0)
    dx, dy = (a_0 * d_y - a_y * d_0) * per_pivot, (a_x * d_0 - a_0 * d_x) * per_pivot
    di = i_0 + i_x * dx + i_y * dy
    dz = s_0 - s_x * dx - s_y * dy - s_i * di
    dn = n_0 + n_x * dx + n_y * dy + n_z * dz + n_i * di
    w[DIC_N + lane], w[DIC_I + lane], w[SLOPE + lane] = dic_n, dic_i, slope
    w[REGULAR + lane] = 1.0 if regular else 0.0
    x_t, y_t = -a_y * per_pivot, a_x * per_pivot
    i_t = i_x * x_t + i_y * y_t
    z_t = -s_x * x_t - s_y * y_t - s_i * i_t
    n_t = n_x * x_t + n_y * y_t + n_z * z_t + n_i * i_t
    return dx, dy, dz, dn, min(max(di, FALL * ionic), RISE * ionic), x_t, y_t, z_t, n_t, i_t


@lane_kernel
def newton(w, lanes):
    """The step of every lane, and its change with TARGET."""
    for lane in range(lanes):
        slope = slope_of_gamma(w, lane)
        step = linear(w, lane, slope, _rock(w, lane, slope), (0.0, 0.0, 0.0))
        dx, dy, dz, dn, di, x_t, y_t, z_t, n_t, i_t = step
        w[D_X + lane], w[D_Y + lane], w[D_Z + lane], w[D_N + lane], w[D_I + lane] = dx, dy, dz, dn, di
        w[X_BY_TARGET + lane], w[Y_BY_TARGET + lane], w[Z_BY_TARGET + lane] = x_t, y_t, z_t
        w[N_BY_TARGET + lane], w[I_BY_TARGET + lane] = n_t, i_t


@lane_kernel
def factors(w, lanes):
    """By what h and hco3 are multiplied; beside rock h follows its logarithm."""
    for lane in range(lanes):
        dx = w[D_X + lane]
        by_h = moved_h(dx, acid_share(w, lane))
        w[X_FACTOR + lane] = exp_small(dx) if w[ROCK + lane] > 0.0 else by_h
        w[Y_FACTOR + lane] = exp_small(w[D_Y + lane])


@lane_kernel
def read(w, lanes):
    """What the lanes that run read after this step, to first order."""
    c, g = at.CA, at.MG
    for lane in range(lanes):
        running = w[at.ACTIVE + lane] > 0.0
        dx, dy, dz, dn, di = w[D_X + lane], w[D_Y + lane], w[D_Z + lane], w[D_N + lane], w[D_I + lane]
        x_factor, y_factor = w[X_FACTOR + lane], w[Y_FACTOR + lane]
        dic = w[at.SUM_DIC + lane] + w[at.DIC_X + lane] * dx + w[at.DIC_Y + lane] * dy
        dic += w[at.DIC_Z + lane] * dz + w[DIC_N + lane] * dn + w[DIC_I + lane] * di
        co2 = w[at.M_CO2 + lane] * x_factor * y_factor * (1.0 + w[SLOPE + lane] * di)
        more = w[E_N + lane] * dn + (w[E_X + lane] + 1.0) * dx + (w[E_Y + lane] - 1.0) * dy
        more += w[E_Z + lane] * dz + w[E_I + lane] * di
        omega = w[OMEGA + lane] * (y_factor / x_factor) * (1.0 + more)
        ca = max(w[c + lane], TINY) / max(w[c + at.FREE + lane], TINY)
        mg = max(w[g + lane], TINY) / max(w[g + at.FREE + lane], TINY)
        na = max(w[at.NA + lane], TINY) / max(w[at.NA + at.FREE + lane], TINY)
        so4 = max(w[at.SO4 + lane], TINY) / max(w[at.FREE_SO4 + lane], TINY)
        w[OUT_DIC + lane] = dic if running else w[OUT_DIC + lane]
        w[OUT_CO2 + lane] = co2 if running else w[OUT_CO2 + lane]
        w[OUT_PCO2 + lane] = co2 / w[at.C_KH + lane] if running else w[OUT_PCO2 + lane]
        w[OUT_OMEGA + lane] = omega if running else w[OUT_OMEGA + lane]
        w[OUT_CA + lane] = ca if running else w[OUT_CA + lane]
        w[OUT_MG + lane] = mg if running else w[OUT_MG + lane]
        w[OUT_NA + lane] = na if running else w[OUT_NA + lane]
        w[OUT_SO4 + lane] = so4 if running else w[OUT_SO4 + lane]


@lane_kernel
def read_carbon(w, lanes):
    """The other carbon, each charge with its pairs, which move with the free ion."""
    for lane in range(lanes):
        running = w[at.ACTIVE + lane] > 0.0
        x_factor, y_factor = w[X_FACTOR + lane], w[Y_FACTOR + lane]
        by_co2 = x_factor * y_factor * (1.0 + w[SLOPE + lane] * w[D_I + lane])
        hco3, co3 = w[at.HCO3 + lane], w[at.M_CO3 + lane]
        hco3 += w[at.CA + at.HCO3_PAIR + lane] + w[at.MG + at.HCO3_PAIR + lane]
        hco3 += w[at.NA + at.HCO3_PAIR + lane] + w[at.K + at.HCO3_PAIR + lane]
        co3 += w[at.CA + at.CO3_PAIR + lane] + w[at.MG + at.CO3_PAIR + lane] + w[at.NA + at.CO3_PAIR + lane]
        w[OUT_DIMER + lane] = w[at.M_DIMER + lane] * by_co2 * by_co2 if running else w[OUT_DIMER + lane]
        w[OUT_HCO3 + lane] = hco3 * y_factor if running else w[OUT_HCO3 + lane]
        w[OUT_CO3 + lane] = co3 * (y_factor / x_factor) if running else w[OUT_CO3 + lane]


@lane_kernel
def move(w, lanes, tolerance):
    """Take the step in the lanes that run and see which have settled; returns how many have not.

    tolerance  of the step in a logarithm that is the last one
    """
    for lane in range(lanes):
        active = w[at.ACTIVE + lane]
        running = active > 0.0
        ionic, di, dn = w[at.IONIC + lane], w[D_I + lane], w[D_N + lane]
        w[at.H + lane] *= w[X_FACTOR + lane] if running else 1.0
        w[at.HCO3 + lane] *= w[Y_FACTOR + lane] if running else 1.0
        w[at.FREE_SO4 + lane] *= min(max(1.0 + w[D_Z + lane], LEAST), MOST) if running else 1.0
        w[at.IONIC + lane] = ionic + (di if running else 0.0)
        n = w[N + lane] + (dn if running else 0.0)
        w[N + lane] = n
        w[at.CA + lane] = w[CA_0 + lane] + (1.0 - w[MG_SHARE + lane]) * n
        w[at.MG + lane] = max(w[MG_0 + lane] + w[MG_SHARE + lane] * n, 0.0)
        solutes = w[at.SUM_SOLUTES + lane] - w[at.SOLUTES + lane]
        w[at.SOLUTES + lane] += solutes if running else 0.0
        moves = max(abs(w[D_X + lane]), abs(w[D_Y + lane]), abs(w[D_Z + lane]), abs(dn) * w[E_N + lane])
        still = (abs(di) <= IONIC_TOLERANCE * ionic) & (
            WATER_ACTIVITY_SLOPE * abs(solutes) <= WATER_TOLERANCE
        )
        settled = (w[REGULAR + lane] > 0.0) & (moves <= tolerance) & still & (w[at.CA + lane] >= 0.0)
        w[at.COUNT + lane] += active
        w[at.ACTIVE + lane] = 0.0 if settled else active
    left = 0.0
    for lane in range(lanes):
        left += w[at.ACTIVE + lane]
    return left

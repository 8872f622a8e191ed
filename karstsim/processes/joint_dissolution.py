"""Rock that an open water dissolves in a step while its gas thins: two waters and the rock between them, all at once.

    r = R(n(p(r))),   p(r) = pco2 - slope g(r)

r is the rock dissolved in the step, g the gas that the water takes up when r has dissolved, n the rock that would
saturate the water before the step at the pressure p, and R the rate law. Two waters stand side by side: that after r,
in equilibrium with p, and the saturated one at p. Each round solves both and r in their frozen media by Newton steps
and then renews both media. There is one root: p, and n with it, falls with r, but in acid water with hardly any carbon,
where it rises ever less. At the root the water is undersaturated. Solving for saturation with all its uptake in the
step instead would make the rate depend on the step: a short step asks for the whole uptake within it.
"""

import math

from karstsim.chemistry.equilibrium import (
    CALCITE_SHARE_MIN,
    conclude,
    gas_h,
    gas_pressure,
    gas_residual,
    open_h,
    open_pressure,
    open_residual,
    start,
)
from karstsim.chemistry.medium import (
    accelerate,
    dic_over_hco3,
    is_near,
    medium_residual,
    start_from,
    update_species,
)
from karstsim.chemistry.rates import relax_and_slope
from karstsim.chemistry.speciation import SHORT_STEP, last_step
from karstsim.core.jit import kernel

LEAST_PRESSURE = 1.0e-7  # atm
NEGLIGIBLE_ROCK = 1.0e-5  # of the water's calcium
HALF = 0.5
FIRST_STEP = 0.05  # in ln h, to which each water is solved alone before they are joined
MOST_ROUNDS, MOST_STEPS = 30, 12  # more than a water needs that can be solved this way
LARGEST_STEP = 0.5  # in ln h; for a larger one the waters are solved apart again
LEAST_FALL = 0.1  # of r - R(n(p(r))) with r, for a whole step: small where water degasses as it dissolves


@kernel
def relaxed_rock(alk, rock_at_equilibrium, k_dt, tail_start, tail_order):
    """Rock dissolved in one step when `rock_at_equilibrium` (positive) would saturate the water, mol kg-1.

    How near saturation the water is, is measured by the carbonate alkalinity that rock has given it (half of `alk`,
    eq kg-1): calcium of strong acids or gypsum does not slow dissolution down, and acid water dissolves linearly.
    """
    return relaxed_rock_and_slope(alk, rock_at_equilibrium, k_dt, tail_start, tail_order)[0]


@kernel
def relaxed_rock_and_slope(alk, rock_at_equilibrium, k_dt, tail_start, tail_order):
    """As `relaxed_rock`, and its derivative by `rock_at_equilibrium`; nothing dissolves in supersaturated water."""
    if k_dt <= 0.0 or rock_at_equilibrium <= 0.0:
        return 0.0 * rock_at_equilibrium, 0.0
    given = max(HALF * alk, 0.0)
    relaxed, slope = relax_and_slope(given, given + rock_at_equilibrium, k_dt, tail_start, tail_order)
    return relaxed - given, slope


@kernel
def dissolve_with_gas(x, k, mg_fraction, pco2, slope, k_dt, tail_start, tail_order):
    """Rock that an open water dissolves in one step, mol kg-1; leaves `x` as the water afterwards.

    x, k         water and constants; ``k.second`` becomes the saturated water
    mg_fraction  Mg per carbonate of the rock, below 1
    pco2, slope  gas pressure (atm, positive) and its fall per CO2 taken up in the step (atm kg mol-1)
    k_dt         rate constant of dissolution times the step
    returns the rock, 0 where the water is supersaturated, and whether it was found: where not, `x` is of no use.
    """
    if pco2 <= 0.0 or mg_fraction > 1.0 - CALCITE_SHARE_MIN:
        return 0.0, False
    y = k.second
    dic, ca, mg, alk = x.dic, x.ca, x.mg, x.alkalinity
    per_share = 1.0 / (1.0 - mg_fraction)
    h = start(x, k)
    start_from(y, x, k)
    h, h_saturated = _step_apart(x, y, h, h, 0.0, dic, ca, alk, per_share, pco2, slope)
    enough = last_step(x.tolerance)
    rock, solved = 0.0, False
    for _ in range(MOST_ROUNDS):
        h, h_saturated, rock, found = _step_together(
            x, y, h, h_saturated, rock, dic, ca, alk, per_share, pco2, slope, k_dt, tail_start, tail_order, enough
        )  # fmt: skip
        if not found:
            break
        pressure = _become_dissolved(x, h, dic, ca, mg, alk, rock, mg_fraction, pco2, slope)
        _become_saturated(y, h_saturated, ca, mg, per_share, pressure)
        residual, residual_saturated = medium_residual(x), medium_residual(y)
        if is_near(x, residual) and is_near(y, residual_saturated):
            solved = True
            break
        if not residual + residual_saturated < math.inf:
            break
        accelerate(x, k, residual)
        accelerate(y, k, residual_saturated)
    if solved:
        conclude(x, k, h, 1)
        solved = x.status == 0.0
    return rock, solved


@kernel
def _step_apart(x, y, h, h_saturated, rock, dic, ca, alk, per_share, pco2, slope):
    """h of both waters for a given rock, each on its own safe way and near enough to be joined."""
    h = gas_h(x, h, dic + rock, alk + 2.0 * rock, pco2, slope, FIRST_STEP)
    pressure = max(gas_pressure(x, h, dic + rock, pco2, slope)[0], LEAST_PRESSURE)
    return h, open_h(y, h_saturated, ca, dic, alk, per_share, pressure, 0.0, FIRST_STEP)


@kernel
def _step_together(
    x, y, h, h_saturated, rock, dic, ca, alk, per_share, pco2, slope, k_dt, tail_start, tail_order, enough
):
    """h of both waters and the rock, by Newton steps in their frozen media; ends after a step of `enough` in ln h.

    x stands on rock, y on the pressure that x leaves, rock on what saturates y: the three equations are solved by
    elimination, in that order.
    """
    for _ in range(MOST_STEPS):
        f, f_h = gas_residual(x, h, dic + rock, alk + 2.0 * rock, pco2, slope)
        p, p_h, p_r, f_r = _pressure_slopes(x, h, dic + rock, pco2, slope)
        dx, dx_r = -f / f_h, -f_r / f_h
        dp, dp_r = p_h * dx, p_h * dx_r + p_r
        if p < LEAST_PRESSURE:
            p, dp, dp_r = LEAST_PRESSURE, 0.0, 0.0
        g, g_h = open_residual(y, h_saturated, ca, dic, alk, per_share, p, 0.0)
        n, n_h, n_p, g_p = _saturation_slopes(y, h_saturated, ca, dic, per_share, p)
        dy, dy_r = -(g + g_p * dp) / g_h, -g_p * dp_r / g_h
        dn, dn_r = n_h * dy + n_p * dp, n_h * dy_r + n_p * dp_r
        relaxed, relaxed_n = relaxed_rock_and_slope(alk, n + dn, k_dt, tail_start, tail_order)
        fall = 1.0 - relaxed_n * dn_r
        new = max(rock + (relaxed - rock) / max(fall, LEAST_FALL), 0.0)
        change = new - rock
        dx += dx_r * change
        dy += dy_r * change
        rock = new
        size = max(math.fabs(dx), math.fabs(dy))
        if size > LARGEST_STEP:
            h, h_saturated = _step_apart(x, y, h, h_saturated, rock, dic, ca, alk, per_share, pco2, slope)
            continue
        h *= _factor(dx)
        h_saturated *= _factor(dy)
        near = size <= enough and math.fabs(change) <= enough * (rock + NEGLIGIBLE_ROCK * ca)
        if near and fall >= LEAST_FALL:  # a shortened step says little of what is left
            return h, h_saturated, rock, True
    return h, h_saturated, rock, False


@kernel
def _factor(step):
    """exp of a step in ln h, as `newton_step` takes it."""
    if math.fabs(step) < SHORT_STEP:
        return 1.0 + step * (1.0 + HALF * step)
    return math.exp(step)


@kernel
def _pressure_slopes(x, h, dic, pco2, slope):
    """Pressure beside the water at `h`, its derivatives by ln h and rock, and the alkalinity balance's by rock."""
    p, p_h = gas_pressure(x, h, dic, pco2, slope)
    per_h = 1.0 / h
    carbonic = x.c_kh * x.c_k1 * per_h
    p_r = slope / (1.0 + slope * carbonic * dic_over_hco3(x, h))
    return p, p_h, p_r, 2.0 - carbonic * p_r * (x.a0 + x.a1 * per_h)


@kernel
def _saturation_slopes(y, h, ca, dic, per_share, p):
    """Rock to saturation at `h` and pressure `p`, its derivatives by ln h and p, and the alkalinity balance's by p."""
    _, per_p, _, w = open_pressure(y, h, ca, dic, per_share, p, 0.0)
    ca_after = w * per_p
    per_h = 1.0 / h
    n_p = -ca_after * per_p * per_share
    g_p = 2.0 * n_p - y.c_kh * y.c_k1 * per_h * (y.a0 + y.a1 * per_h)
    return (ca_after - ca) * per_share, 2.0 * ca_after * per_share, n_p, g_p


@kernel
def _become_dissolved(x, h, dic, ca, mg, alk, rock, mg_fraction, pco2, slope):
    """Totals and species of the water after `rock` and its gas; returns the pressure beside it, atm."""
    p, _ = gas_pressure(x, h, dic + rock, pco2, slope)
    hco3 = x.c_kh * x.c_k1 * p / h
    x.dic = hco3 * dic_over_hco3(x, h)
    x.ca = ca + rock - mg_fraction * rock
    x.mg = mg + mg_fraction * rock
    x.alkalinity = alk + 2.0 * rock
    update_species(x, h, hco3)
    return max(p, LEAST_PRESSURE)


@kernel
def _become_saturated(y, h, ca, mg, per_share, pressure):
    """Totals and species of the saturated water; what precipitates with too little magnesium is not followed."""
    _, per_p, _, w = open_pressure(y, h, ca, 0.0, per_share, pressure, 0.0)
    hco3 = y.c_kh * y.c_k1 * pressure / h
    y.ca = w * per_p
    n = (y.ca - ca) * per_share
    y.mg = max(mg + n - (y.ca - ca), 0.0)
    y.dic = hco3 * dic_over_hco3(y, h)
    update_species(y, h, hco3)

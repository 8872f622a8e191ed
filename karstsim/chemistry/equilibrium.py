"""Equilibria of a water with carbonate rock and with a gas phase, each one equation in ln h.

All use the medium of `medium`: in a frozen medium the amounts exchanged follow from h = 10^-pH in closed form, and the
alkalinity balance, monotone in ln h, fixes h. Rock brings, per mole of carbonate, 1 DIC, (1 - mg_fraction) Ca,
mg_fraction Mg and 2 eq of alkalinity; it dissolves (or precipitates) until the saturation index of calcite is zero.

Precipitation runs the same stoichiometry backwards: pass ``mg_fraction = 0`` for a supersaturated water whose
precipitate is pure calcite. The alkalinity of the water is an input: set ``x.alkalinity`` from the ions first.
"""

from __future__ import annotations

import math

from karstsim.chemistry.medium import (
    COLD,
    KNOWN,
    NOTHING,
    WARM,
    accelerate,
    dic_over_hco3,
    finish_carbonate,
    is_near,
    medium_residual,
    settle,
    start_medium,
    update_species,
)
from karstsim.chemistry.speciation import (
    H_COLD,
    H_EDGE,
    H_MAX,
    H_MIN,
    MAX_INNER,
    MAX_OUTER,
    clip_h,
    last_step,
    newton_step,
)
from karstsim.core.constants import LN10
from karstsim.core.jit import kernel

CALCITE_SHARE_MIN = 1e-9  # rock without calcite cannot reach calcite saturation by dissolving
SHORT_OF_MG = 2
MG_ROUNDING = 1e-15  # mol kgw-1 of negative Mg that is rounding


@kernel
def rock_to_saturation(x, h, ca, dic, mg_fraction):
    """Rock that brings a closed water to calcite saturation at `h` = 10^-pH in the present medium.

    (Ca0 + (1 - m) n)(DIC0 + n) = R,  R = ca_ratio c_calcite h D(h)/c_k2, the larger root of the quadratic, written
    without cancellation.

    ca, dic      totals before, mol kgw-1
    mg_fraction  Mg per carbonate of the rock, 0..1
    returns n, Ca total, DIC after (mol kgw-1), dn/dln h
    """
    share = 1.0 - mg_fraction
    big_d = dic_over_hco3(x, h)
    scale = x.ca_ratio * x.c_calcite / x.c_k2
    product = scale * h * big_d
    slope = scale * h * (2.0 * h * x.d_h + x.d0)  # dR/dln h
    excess = ca - share * dic
    root = math.sqrt(excess * excess + 4.0 * share * product)
    n = 2.0 * (product - ca * dic) / (root + ca + share * dic)
    if excess > 0.0:
        ca_after = 0.5 * (root + excess)
        dic_after = product / ca_after
    else:
        dic_after = 0.5 * (root - excess) / share
        ca_after = product / dic_after
    return n, ca_after, dic_after, slope / root


@kernel
def _closed_residual(x, h, ca, dic, alk, mg_fraction):
    """Alkalinity mismatch of the closed problem, increasing with h, and its derivative by ln h (eq kgw-1)."""
    n, _, dic_after, dn = rock_to_saturation(x, h, ca, dic, mg_fraction)
    per_h = 1.0 / h
    acid, last = h * x.d_h, x.d1 * per_h
    per_d, big_a = 1.0 / (acid + x.d0 + last), x.a0 + x.a1 * per_h
    hco3 = dic_after * per_d
    d_hco3 = (dn - hco3 * (acid - last)) * per_d
    hydroxide, hydrogen = x.n_oh * per_h, x.n_h * h
    f = alk + 2.0 * n - hco3 * big_a - (hydroxide - hydrogen)
    return f, 2.0 * dn - d_hco3 * big_a + hco3 * x.a1 * per_h + hydroxide + hydrogen


@kernel
def _closed_h(x, h, ca, dic, alk, mg_fraction, enough):
    """Root of `_closed_residual`, started at `h`; ends after a step of `enough` in ln h."""
    low, high = H_MIN, H_MAX
    for _ in range(MAX_INNER):
        f, slope = _closed_residual(x, h, ca, dic, alk, mg_fraction)
        if f > 0.0:
            high = h
        elif f < 0.0:
            low = h
        new = newton_step(h, f, slope, low, high)
        if not math.fabs(new - h) > enough * h:
            return new
        h = new
    return h


@kernel
def start(x, k):
    """Start the medium; returns the start value of h: that of the last solve, or a guess."""
    what = start_medium(x, k)
    if what == KNOWN:
        return clip_h(x.m_h * x.g_h)
    if what == COLD:
        return H_COLD
    h = math.exp(-LN10 * x.ph)
    settle(x, k, h, x.dic / dic_over_hco3(x, h), WARM)
    return h


@kernel
def conclude(x, k, h, converged):
    """Results and status after the last iteration.

    0 solved; 1 solved as far as the direction goes: the water is supersaturated but has too little Mg for the rock to
    precipitate, so the caller takes calcite; -1 not solved (counted in ``x.unsolved``).
    """
    if x.readings != NOTHING:
        finish_carbonate(x, k, h)
    x.status = -1.0
    if converged != 0 and h > H_MIN * H_EDGE and h < H_MAX / H_EDGE:
        x.status = 0.0 if converged == 1 else 1.0
    x.unsolved -= min(x.status, 0.0)


@kernel
def equilibrate_closed(x, k, mg_fraction):
    """Carbonate rock that must dissolve into a closed water to reach calcite saturation.

    x            water (SOLUTION_DTYPE): totals ca mg na k cl so4 no3 dic (mol kgw-1) and alkalinity (eq kgw-1) in;
                 leaves the water at equilibrium, speciated. ph and ionic_strength > 0 on entry: warm start;
                 tolerance as in `speciate`.
                 status 0 solved; -1 not (no calcite in the rock, Mg below zero, no convergence)
    k            constants at the water's temperature
    mg_fraction  Mg per carbonate of the rock, 0 (calcite) .. 0.5 (dolomite) .. < 1
    returns n, mol of carbonate rock per kg of water; negative: precipitates.
    """
    ca, mg, dic, alk = x.ca, x.mg, x.dic, x.alkalinity
    if mg_fraction > 1.0 - CALCITE_SHARE_MIN:
        x.status = -1.0
        x.unsolved += 1.0
        return 0.0 * mg_fraction
    h = start(x, k)
    n, converged = 0.0, 0
    enough = last_step(x.tolerance)
    for _ in range(MAX_OUTER):
        h = _closed_h(x, h, ca, dic, alk, mg_fraction, enough)
        n, ca_after, dic_after, _dn = rock_to_saturation(x, h, ca, dic, mg_fraction)
        x.ca = ca_after
        x.dic = dic_after
        mg_after = mg + mg_fraction * n
        x.mg = mg_after if not mg_after < 0.0 else 0.0
        x.alkalinity = alk + 2.0 * n
        update_species(x, h, dic_after / dic_over_hco3(x, h))
        residual = medium_residual(x)
        if is_near(x, residual):
            converged = 1 if mg_after > -MG_ROUNDING else SHORT_OF_MG
            break
        if residual != residual:
            break
        accelerate(x, k, residual)
    conclude(x, k, h, converged)
    return n


@kernel
def open_pressure(x, h, ca, dic, per_share, pco2_0, pco2_slope):
    """CO2 pressure at calcite saturation and `h` = 10^-pH, for a gas phase with p = p0 - s g.

    p^2 (1 + s d) - p (p0 + s (DIC0 - Ca0/(1 - m))) - s W/(1 - m) = 0, with DIC = p d(h), d = c_kh c_k1 D(h)/h and
    Ca = W/p, W = ca_ratio c_calcite h^2/(c_kh c_k1 c_k2): the positive root.

    per_share 1/(1 - m), pco2_0 atm, pco2_slope atm per (mol kgw-1)
    returns p (atm), 1/p, dp/dln h, and W (mol atm kgw-1).
    """
    carbonic = x.c_kh * x.c_k1
    w = x.ca_ratio * x.c_calcite / (carbonic * x.c_k2) * h * h
    if pco2_slope == 0.0:
        return pco2_0, 1.0 / pco2_0, 0.0, w
    per_h = 1.0 / h
    rise, last = pco2_slope * carbonic * per_h, x.d1 * per_h  # s c_kh c_k1/h
    a = 1.0 + rise * (h * x.d_h + x.d0 + last)
    b = pco2_0 + pco2_slope * (dic - ca * per_share)
    c = pco2_slope * w * per_share
    root = math.sqrt(b * b + 4.0 * a * c)
    if b >= 0.0:
        above, below = 0.5 * (b + root), a
    else:
        above, below = 2.0 * c, root - b
    p = above / below
    slope = (2.0 * c + rise * (x.d0 + 2.0 * last) * p * p) / root if root > 0.0 else 0.0
    return p, below / above, slope, w


@kernel
def open_residual(x, h, ca, dic, alk, per_share, pco2_0, pco2_slope):
    """Alkalinity mismatch of the open problem, increasing with h, and its derivative by ln h (eq kgw-1)."""
    p, per_p, dp, w = open_pressure(x, h, ca, dic, per_share, pco2_0, pco2_slope)
    per_h = 1.0 / h
    ca_after = w * per_p
    n = (ca_after - ca) * per_share
    dn = ca_after * (2.0 - dp * per_p) * per_share
    carbonic = x.c_kh * x.c_k1 * per_h
    hco3, d_hco3 = carbonic * p, carbonic * (dp - p)
    last = x.a1 * per_h
    big_a = x.a0 + last
    hydroxide, hydrogen = x.n_oh * per_h, x.n_h * h
    f = alk + 2.0 * n - hco3 * big_a - (hydroxide - hydrogen)
    return f, 2.0 * dn - d_hco3 * big_a + hco3 * last + hydroxide + hydrogen


@kernel
def open_h(x, h, ca, dic, alk, per_share, pco2_0, pco2_slope, enough):
    """Root of `open_residual`, started at `h`; ends after a step of `enough` in ln h."""
    low, high = H_MIN, H_MAX
    for _ in range(MAX_INNER):
        f, slope = open_residual(x, h, ca, dic, alk, per_share, pco2_0, pco2_slope)
        if f > 0.0:
            high = h
        elif f < 0.0:
            low = h
        new = newton_step(h, f, slope, low, high)
        if not math.fabs(new - h) > enough * h:
            return new
        h = new
    return h


@kernel
def equilibrate_open(x, k, mg_fraction, pco2_0, pco2_slope):
    """Calcite saturation together with a gas phase whose CO2 pressure falls with what the water takes up.

    p = pco2_0 - pco2_slope g;  DIC = DIC0 + n + g;  Ca = Ca0 + (1 - m) n;  Alk = Alk0 + 2 n;  SI calcite = 0

    x            water, as in `equilibrate_closed`; x.pco2 leaves with the final pressure
    mg_fraction  Mg per carbonate of the rock, 0..<1
    pco2_0       CO2 pressure (fugacity) of the gas before, atm, > 0
    pco2_slope   fall of the pressure per CO2 taken up, atm per (mol kgw-1); 0: fixed pressure
    returns n, mol of rock dissolved and g, mol of CO2 taken up, per kg of water (negative: precipitated, degassed).
    """
    ca, mg, dic, alk = x.ca, x.mg, x.dic, x.alkalinity
    if mg_fraction > 1.0 - CALCITE_SHARE_MIN or pco2_0 <= 0.0 or pco2_slope < 0.0:
        x.status = -1.0
        x.unsolved += 1.0
        return 0.0 * mg_fraction, 0.0 * pco2_0
    h = start(x, k)
    n, g, converged = 0.0, 0.0, 0
    per_share = 1.0 / (1.0 - mg_fraction)
    enough = last_step(x.tolerance)
    for _ in range(MAX_OUTER):
        h = open_h(x, h, ca, dic, alk, per_share, pco2_0, pco2_slope, enough)
        p, per_p, _dp, w = open_pressure(x, h, ca, dic, per_share, pco2_0, pco2_slope)
        hco3 = x.c_kh * x.c_k1 * p / h
        x.ca = w * per_p
        n = (x.ca - ca) * per_share
        x.dic = hco3 * dic_over_hco3(x, h)
        g = x.dic - dic - n
        mg_after = mg + mg_fraction * n
        x.mg = mg_after if not mg_after < 0.0 else 0.0
        x.alkalinity = alk + 2.0 * n
        update_species(x, h, hco3)
        residual = medium_residual(x)
        if is_near(x, residual):
            converged = 1 if mg_after > -MG_ROUNDING else SHORT_OF_MG
            break
        if residual != residual:
            break
        accelerate(x, k, residual)
    conclude(x, k, h, converged)
    return n, g


@kernel
def gas_pressure(x, h, dic, pco2_0, pco2_slope):
    """CO2 pressure at `h` without a mineral, p (1 + s d) = p0 + s DIC0, and dp/dln h (atm)."""
    per_h = 1.0 / h
    rise, last = pco2_slope * x.c_kh * x.c_k1 * per_h, x.d1 * per_h  # s c_kh c_k1/h
    per_a = 1.0 / (1.0 + rise * (h * x.d_h + x.d0 + last))
    p = (pco2_0 + pco2_slope * dic) * per_a
    return p, p * rise * (x.d0 + 2.0 * last) * per_a


@kernel
def gas_residual(x, h, dic, alk, pco2_0, pco2_slope):
    """Alk0 - hco3 A(h) - N(h) along the gas line, increasing with h, and its derivative by ln h (eq kgw-1)."""
    p, dp = gas_pressure(x, h, dic, pco2_0, pco2_slope)
    per_h = 1.0 / h
    carbonic = x.c_kh * x.c_k1 * per_h
    hco3, d_hco3 = carbonic * p, carbonic * (dp - p)
    last = x.a1 * per_h
    big_a = x.a0 + last
    hydroxide, hydrogen = x.n_oh * per_h, x.n_h * h
    f = alk - hco3 * big_a - (hydroxide - hydrogen)
    return f, hco3 * last - d_hco3 * big_a + hydroxide + hydrogen


@kernel
def gas_h(x, h, dic, alk, pco2_0, pco2_slope, enough):
    """Root of `gas_residual`, started at `h`; ends after a step of `enough` in ln h."""
    low, high = H_MIN, H_MAX
    for _ in range(MAX_INNER):
        f, slope = gas_residual(x, h, dic, alk, pco2_0, pco2_slope)
        if f > 0.0:
            high = h
        elif f < 0.0:
            low = h
        new = newton_step(h, f, slope, low, high)
        if not math.fabs(new - h) > enough * h:
            return new
        h = new
    return h


@kernel
def equilibrate_gas(x, k, pco2_0, pco2_slope):
    """Gas exchange without a mineral, to equilibrium with a gas phase of pressure p = pco2_0 - pco2_slope g.

    x           water, as in `equilibrate_closed`; alkalinity and ions stay, DIC becomes DIC0 + g
    pco2_0      CO2 pressure (fugacity) of the gas before, atm, >= 0
    pco2_slope  atm per (mol kgw-1), >= 0
    returns g, mol of CO2 taken up per kg of water; negative: degassed.
    """
    dic, alk = x.dic, x.alkalinity
    if pco2_0 < 0.0 or pco2_slope < 0.0:
        x.status = -1.0
        x.unsolved += 1.0
        return 0.0 * pco2_0
    h = start(x, k)
    converged = 0
    enough = last_step(x.tolerance)
    for _ in range(MAX_OUTER):
        h = gas_h(x, h, dic, alk, pco2_0, pco2_slope, enough)
        p, _dp = gas_pressure(x, h, dic, pco2_0, pco2_slope)
        hco3 = x.c_kh * x.c_k1 * p / h
        x.dic = hco3 * dic_over_hco3(x, h)
        update_species(x, h, hco3)
        residual = medium_residual(x)
        if is_near(x, residual):
            converged = 1
            break
        if residual != residual:
            break
        accelerate(x, k, residual)
    conclude(x, k, h, converged)
    return x.dic - dic

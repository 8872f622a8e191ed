"""Calcite in a box: precipitation, by plants too, the bed that keeps or gives it back, and burial (design notes 6.5).

    n = h k_cc/D (sqrt(Omega) - 1)   mol kg-1, above a threshold of SI; below 0 while the bed has calcite
    n = h alpha/D (Ca - Ca_eq)       instead: alpha of Baker et al. (1998)
    n = r_cc G_HCO3                  beside them: of plants, while Omega > 1 is left

Ca_eq is that of saturation at the water's pH, r_cc per HCO3- that plants take up. The implicit solution of n is
that of the whole sub-step (carbon.py). Calcite settles within a sub-step. The bed loses it to burial at a first-order
rate; what is buried stays.
"""

import math
from enum import IntEnum

from karstsim.core.classes import by_plant, by_water_class
from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.cave.drip import growth_constant
from karstsim.processes.lowpass import relaxed_share


class CalciteLaw(IntEnum):
    """Rate of calcite growth in surface water: values of `surface_water.calcite_law`."""

    ROOT_OF_OMEGA = 0
    BAKER1998 = 1


ROOT_OF_OMEGA, BAKER1998 = int(CalciteLaw.ROOT_OF_OMEGA), int(CalciteLaw.BAKER1998)
PARAMS = (
    Param(
        "calcite_law",
        ROOT_OF_OMEGA,
        "1",
        0,
        len(CalciteLaw) - 1,
        "design; design notes 6.5; baker1998",
        calibrate=False,
        integer=True,
        doc="growth of calcite: 0 calcite_rate (sqrt(Omega) - 1), 1 alpha (Ca - Ca_eq) with Baker's alpha",
    ),
    Param(
        "calcite_rate",
        0.002,
        "mol m-2 d-1",
        5.0e-4,
        0.2,
        "design; design notes 6.5",
        scale="log",
        by_class=by_water_class(0.01, 0.002, 0.002, 0.2, 0.2, 0.02),
    ),
    Param(
        "calcite_threshold",
        0.3,
        "1",
        0.0,
        1.0,
        "design; design notes 6.5",
        doc="saturation index above which calcite precipitates",
    ),
    Param(
        "biogenic_calcite",
        0.1,
        "1",
        0.0,
        1.0,
        "mcconnaughey1991; design; design notes 6.5",
        by_plant=by_plant(water_moss=0.0, stonewort=1.0),
        doc="calcite precipitated by plants per HCO3- assimilated, in supersaturated water",
    ),
    Param(
        "calcite_burial",
        0.01,
        "day-1",
        1.0e-4,
        1.0,
        "design",
        scale="log",
        calibrate=False,
        doc="calcite of the bed that passes out of reach of the water",
    ),
)
FLUXES = (
    Var("calcite", "mol m-2", "calcite precipitated", aggregate="sum"),
    Var("calcite_dissolution", "mol m-2", "calcite of the bed dissolved", aggregate="sum"),
    Var("calcite_burial", "mol m-2", "calcite buried", aggregate="sum"),
)
KG_PER_M3 = 1000.0


@kernel
def begin(f):
    f.calcite = 0.0
    f.calcite_dissolution = 0.0
    f.calcite_burial = 0.0


@kernel
def prepare(p, s, t, turns):
    """Whether calcite precipitates or dissolves in the sub-step; `turns` is its length over the depth, d m-1."""
    index = s.water.si_calcite
    t.bed = s.bed_calcite / s.water.volume
    t.calcite, t.calcite_share = 0.0, 0.0
    if not (index > p.calcite_threshold or (index < 0.0 and t.bed > 0.0)):
        return
    if p.calcite_law == BAKER1998:
        velocity = growth_constant(s.temperature) * SECONDS_PER_DAY * turns
        t.calcite_share = velocity / (1.0 + velocity)
    else:
        t.calcite = p.calcite_rate * turns / KG_PER_M3


@kernel
def quadratic(per_kappa, w, w_slope, ca, ca_slope, alk, alk_slope):
    """(n, its slope) of (n/kappa + 1)^2 = w (Ca - n)(alk - 2 n), with 0 per kappa where that is 1."""
    excess = w * ca * alk - 1.0
    a = per_kappa * per_kappa - 2.0 * w
    b = 2.0 * per_kappa + w * (alk + 2.0 * ca)
    n = 2.0 * excess / (b + math.sqrt(max(b * b + 4.0 * a * excess, 0.0)))
    left = alk - 2.0 * n
    stiffness = 2.0 * per_kappa * (n * per_kappa + 1.0) + w * (left + 2.0 * (ca - n))
    change = (ca - n) * (w_slope * left + w * alk_slope) + w * ca_slope * left
    return n, change / stiffness if stiffness > 0.0 else 0.0


@kernel
def precipitated(t, w, w_slope, ca, ca_slope, alk, alk_slope):
    """(n, its slope): calcite, mol kg-1, that leaves the water without plants; Omega is then w (Ca - n)(alk - 2 n).

    Root law: n solves (n/kappa + 1)^2 = Omega, a quadratic with one positive root where Omega(0) > 1 and one in
    -kappa..0 where it is less. Baker's: the share v/(1 + v), v = h alpha/D, of what goes until Omega = 1. No more than
    the bed holds dissolves. The slopes are by ln h.
    """
    if t.calcite + t.calcite_share <= 0.0 or not (w * ca * alk > 1.0 or t.bed > 0.0):
        return 0.0, 0.0
    share, per_kappa = 1.0, 0.0
    if t.calcite_share > 0.0:
        share = t.calcite_share
    else:
        per_kappa = 1.0 / t.calcite
    n, slope = quadratic(per_kappa, w, w_slope, ca, ca_slope, alk, alk_slope)
    if share * n < -t.bed:
        return -t.bed, 0.0
    return share * n, share * slope


@kernel
def book(s, f, solid):
    """Move `solid` mol m-2 from the water to the bed; negative back, of what the bed has."""
    solid = max(solid, -s.bed_calcite)
    s.water.sol.dic -= solid
    s.water.sol.ca -= solid
    s.bed_calcite += solid
    f.calcite += max(solid, 0.0)
    f.calcite_dissolution += max(-solid, 0.0)


@kernel
def bury(p, s, f, h):
    buried = relaxed_share(p.calcite_burial * h, 1.0) * s.bed_calcite
    s.bed_calcite -= buried
    f.calcite_burial += buried

"""Calcite in a box: precipitation, by plants too, the bed that keeps or gives it back, and burial (science.md 6.5).

    n = h k_cc/D (sqrt(Omega) - 1)   in mol kg-1: above a threshold of SI, and below 0 while the bed has calcite
    plants precipitate r_cc per HCO3- that they take up, in supersaturated water

The implicit solution of n is that of the whole sub-step (carbon.py). Calcite settles within a sub-step. The bed loses
it to burial at a first-order rate; what is buried stays.
"""

from karstsim.core.classes import by_water_class
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.lowpass import relaxed_share

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
    Param(
        "biogenic_calcite",
        0.1,
        "1",
        0.0,
        1.0,
        "design; science.md 6.5",
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
MOST_OF_CALCIUM = 0.1  # that plants precipitate in one sub-step


@kernel
def begin(f):
    f.calcite = 0.0
    f.calcite_dissolution = 0.0
    f.calcite_burial = 0.0


@kernel
def prepare(p, s, t, per_kg):
    """Whether calcite precipitates or dissolves in the sub-step; `per_kg` turns mol m-2 d-1 into mol kg-1."""
    index = s.water.si_calcite
    t.bed = s.bed_calcite / s.water.volume
    acts = index > p.calcite_threshold or (index < 0.0 and t.bed > 0.0)
    t.calcite = p.calcite_rate * per_kg if acts else 0.0


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
def precipitate_with_plants(p, s, f, from_hco3):
    """Calcite of `from_hco3` mol m-2 of HCO3- assimilated."""
    if s.water.si_calcite > 0.0:
        book(s, f, min(p.biogenic_calcite * from_hco3, MOST_OF_CALCIUM * s.water.sol.ca))


@kernel
def bury(p, s, f, h):
    buried = relaxed_share(p.calcite_burial * h, 1.0) * s.bed_calcite
    s.bed_calcite -= buried
    f.calcite_burial += buried

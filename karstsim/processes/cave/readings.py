"""What a probe and a sampler in the cave would read: states, so that a dry spell keeps the last reading.

The ceiling is where water leaves the fissures, before it degasses into the cave; the floor is where it has degassed and
left its calcite. Both are at the cave's temperature.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Block, Var
from karstsim.processes.aquifer.spring import MOL_PER_M3, bicarbonate, conductivity

PARAMS = ()
FLUXES = ()
_PROBE = (
    ("ph", "1", "pH"),
    ("ionic_strength", "mol kg-1", "ionic strength"),
    ("pco2", "atm", "CO2 pressure in equilibrium"),
    ("ca", "mol m-3", "calcium"),
    ("mg", "mol m-3", "magnesium"),
    ("hco3", "mol m-3", "bicarbonate with its ion pairs"),
    ("mg_ca", "1", "molar ratio of magnesium to calcium"),
    ("si_calcite", "1", "calcite saturation index"),
    ("conductivity", "uS cm-1", "electrical conductivity at 25 degC"),
)
STATE = (
    Block("ceiling", tuple(Var(n, u, f"{text} of drip water at the ceiling") for n, u, text in _PROBE)),
    Block("floor", tuple(Var(n, u, f"{text} of drip water on the floor") for n, u, text in _PROBE)),
)


@kernel
def note(place, x):
    """Read a speciated water at one of the two places."""
    place.ph = x.ph
    place.ionic_strength = x.ionic_strength
    place.pco2 = x.pco2
    place.ca = MOL_PER_M3 * x.ca
    place.mg = MOL_PER_M3 * x.mg
    place.hco3 = bicarbonate(x)
    place.mg_ca = x.mg / x.ca if x.ca > 0.0 else 0.0
    place.si_calcite = x.si_calcite
    place.conductivity = conductivity(x)

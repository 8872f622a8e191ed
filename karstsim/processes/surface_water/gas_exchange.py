"""Gas transfer velocity of the box (science.md 6.2): which law, and the Schmidt number of CO2."""

from karstsim.chemistry.gas import K600Law, gas_transfer_velocity, k600, schmidt_co2
from karstsim.core.classes import by_water_class
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

STREAM, LAKE = int(K600Law.RAYMOND_EQ1), int(K600Law.COLE_CARACO)
PARAMS = (
    Param("k600_law", STREAM, "1", 0, 3, "raymond2012 cole1998 vachon2013", calibrate=False, integer=True,
          by_class=by_water_class(STREAM, STREAM, LAKE, STREAM, STREAM, LAKE)),
    Param("k600_multiplier", 1.0, "1", 0.2, 5.0, "design; science.md 3.13", scale="log"),
    Param("slope", 0.002, "1", 1.0e-6, 0.5, "site; science.md 6.2", calibrate=False, doc="slope of the stream bed"),
    Param("least_k600", 0.2, "m d-1", 0.01, 1.0, "design; science.md 6.2", calibrate=False),
    Param("greatest_k600", 50.0, "m d-1", 10.0, 500.0, "design; science.md 6.2", calibrate=False),
)
FLUXES = (Var("k600", "m d-1", "gas transfer velocity at a Schmidt number of 600"),)


@kernel
def transfer_velocity(p, f, temperature, wind):
    """Gas transfer velocity of CO2 without chemical enhancement, m d-1."""
    raw = k600(p.k600_law, f.velocity, p.slope, f.depth, wind, p.reservoir_area) * p.k600_multiplier
    f.k600 = min(max(raw, p.least_k600), p.greatest_k600)
    return gas_transfer_velocity(f.k600, schmidt_co2(temperature), wind, p.reservoir)

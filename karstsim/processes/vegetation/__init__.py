"""Vegetation: interception, production, allocation, turnover, root uptake of bicarbonate. One row per land tile."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Var, Water
from karstsim.processes.vegetation import biomass, casa, interception

NAME = "vegetation"
LEVEL = "tile"
STATE = (
    Water("canopy", "water on leaves"),
    Var("leaf", "mol m-2", "carbon in leaves"),
    Var("wood", "mol m-2", "carbon in wood"),
    Var("root", "mol m-2", "carbon in fine roots", standard_name=None),
    Var("reserve", "mol m-2", "carbon in the plants' reserve pool"),
    Var("npp_recent", "mol m-2 d-1", "net primary production, low-pass of 20 days"),
)
PROCESSES = (interception, casa, biomass)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
CONSTRAINTS = tuple(c for process in PROCESSES for c in getattr(process, "CONSTRAINTS", ()))


@kernel
def step(p, s, f, air, moisture_stress, forcing, dt, n_active):
    """Interception and demand from the atmosphere's fluxes `air`; production limited by soil moisture; turnover.

    moisture_stress  actual over potential transpiration of the soil as it was left by the previous step, 0-1
    """
    interception.step(p, s, f, air, dt, n_active)
    casa.step(p, f, moisture_stress, forcing, dt)
    biomass.step(p, s, f, dt)

"""Vegetation: leaves, interception, production, turnover, root uptake of bicarbonate. One row per land tile."""

from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import Var, Water
from karstsim.processes.vegetation import (
    biomass,
    casa,
    growth_curve,
    interception,
    isotopes,
    leaves,
    miami,
    production,
    root_bicarbonate,
)

NAME = "vegetation"
LEVEL = "tile"
STATE = (
    Water("canopy", "water on leaves"),
    Var("leaf", "mol m-2", "carbon in leaves"),
    Var("wood", "mol m-2", "carbon in wood"),
    Var("root", "mol m-2", "carbon in fine roots", standard_name=None),
    Var("reserve", "mol m-2", "carbon in the plants' reserve pool"),
    Var("npp_recent", "mol m-2 d-1", "net primary production that feeds root respiration, low-pass"),
    Var("season_mean", "mol m-2 d-1", "production of CASA at the reference CO2, low-pass of one year"),
    Var("stand_age", "year", "age of the stand, in years' growth"),
    *isotopes.STATE,
)
PROCESSES = (leaves, interception, production, casa, miami, growth_curve, biomass, root_bicarbonate, isotopes)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
CONSTRAINTS = tuple(c for process in PROCESSES for c in getattr(process, "CONSTRAINTS", ()))


@kernel
def step(p, s, f, climate, air, moisture_stress, soil_temperature, forcing, dt, n_active):
    """Interception and demand from the atmosphere's fluxes `air`; production limited by soil moisture; turnover.

    climate          state of the atmosphere
    moisture_stress  actual over potential transpiration of the soil as it was left by the previous step, 0-1
    soil_temperature degC
    """
    leaves.step(p, f, forcing)
    interception.step(p, s, f, air, dt, n_active)
    if n_active == 0:  # water alone: leaves are prescribed, so their growth moves no water
        return
    production.step(p, s, f, climate, moisture_stress, forcing, dt)
    biomass.step(p, s, f, soil_temperature, dt)
    if n_active > N_CORE:
        isotopes.step(p, s, f, forcing, dt)

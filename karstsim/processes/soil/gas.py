"""Soil CO2: a steady diffusion profile whose base drives dissolution (science.md 3.11, Eq. 3.6).

    C(z) = C_a + (P L/D) [1 - e^(-z/L) - (z/L) e^(-z_s/L)]/(1 - e^(-z_s/L)) - J z/D        (mol m-3 of air)

with production P decaying over the depth L, and J the CO2 that water takes up at the base. The profile has no stock
(science.md 12.14): what is produced leaves in the same step, to the air, to the water or into caves.

Another model's respiration, or a measured one, may stand for the soil's own. The soil's carbon decays as before; what
the series has beyond it (or lacks) crosses the boundary of the catchment as `imposed_respiration`, so that books close.
"""

import math
from enum import IntEnum

from karstsim.core.classes import by_land_use
from karstsim.core.constants import (
    GAS_CONSTANT_ATM,
    MM_PER_M,
    SECONDS_PER_DAY,
    STANDARD_ATMOSPHERE,
    ZERO_CELSIUS,
)
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.air import co2_pressure


class RespirationModel(IntEnum):
    """Where the CO2 of the soil comes from: values of `soil.respiration_model`."""

    SIMULATED = 0
    PRESCRIBED_HETEROTROPHIC = 1
    PRESCRIBED_TOTAL = 2


SIMULATED = int(RespirationModel.SIMULATED)
PRESCRIBED_TOTAL = int(RespirationModel.PRESCRIBED_TOTAL)

PARAMS = (
    Param(
        "respiration_model",
        SIMULATED,
        "1",
        0,
        2,
        "design; science.md 1.4",
        calibrate=False,
        integer=True,
        doc="0 decay and roots as simulated, 1 the forcing's rhSoil for decay, 2 the forcing's rSoil for both",
    ),
    Param(
        "production_depth",
        0.12,
        "m",
        0.03,
        0.6,
        "design; science.md 3.12",
        by_class=by_land_use(0.06, 0.12, 0.12, 0.13, 0.15, 0.20),
        doc="e-folding depth of CO2 production",
    ),
    Param(
        "structure_factor",
        1.63,
        "1",
        0.3,
        4.0,
        "design; science.md 3.12",
        scale="log",
        by_class=by_land_use(1.77, 1.63, 1.76, 1.76, 1.63, 1.12),
        doc="factor on the diffusivity of a structured soil",
    ),
    Param(
        "least_air",
        0.03,
        "1",
        0.005,
        0.1,
        "design; science.md 3.11",
        calibrate=False,
        doc="floor of the air-filled porosity",
    ),
    Param(
        "least_diffusivity",
        1.0e-8,
        "m2 s-1",
        1.0e-9,
        1.0e-6,
        "design; science.md 3.11",
        calibrate=False,
        scale="log",
        doc="floor of the diffusivity, for barometric and wind pumping",
    ),
)
FLUXES = (
    Var("co2_production", "mol m-2", "CO2 produced in the soil by decay and roots", aggregate="sum"),
    Var(
        "imposed_respiration",
        "mol m-2",
        "prescribed respiration beyond that of the soil's own carbon and roots",
        aggregate="sum",
    ),
    Var("air_filled_porosity", "1", "air-filled porosity"),
    Var("base_pco2_without_uptake", "atm", "CO2 pressure at the soil base if water took up none"),
    Var("base_pco2_slope", "atm m2 d mol-1", "fall of the base CO2 pressure per CO2 taken up by water"),
    Var("base_pco2", "atm", "CO2 pressure at the soil base"),
    Var("efflux", "mol m-2", "CO2 efflux from the soil", aggregate="sum", standard_name=None),
)
FREE_DIFFUSIVITY = 1.47e-5  # m2 s-1 at 20 degC and 1013.25 hPa (science.md 3.11)
FREE_TEMPERATURE = 293.15  # K
TEMPERATURE_EXPONENT = 1.75


@kernel
def air_filled_porosity(p, volume):
    """phi - theta with its floor; theta from the pore water `volume` (mm) of the whole depth."""
    return max(p.porosity - volume / (MM_PER_M * p.depth), p.least_air)


@kernel
def diffusivity(p, air, temperature, pressure):
    """CO2 diffusivity of the soil, m2 d-1: WLR-Marshall phi_a^2.5/phi                    [Moldrup et al. 2000]."""
    kelvin = (temperature + ZERO_CELSIUS) / FREE_TEMPERATURE
    free = (
        FREE_DIFFUSIVITY * math.exp(TEMPERATURE_EXPONENT * math.log(kelvin)) * STANDARD_ATMOSPHERE / pressure
    )
    tortuosity = air * air * math.sqrt(air) / p.porosity
    return SECONDS_PER_DAY * max(free * tortuosity * p.structure_factor, p.least_diffusivity)


@kernel
def profile_shape(depth, soil_depth, production_depth):
    """[1 - e^(-z/L) - (z/L) e^(-z_s/L)]/(1 - e^(-z_s/L)), dimensionless."""
    bottom = math.exp(-soil_depth / production_depth)
    upper = 1.0 - math.exp(-depth / production_depth) - depth / production_depth * bottom
    return upper / (1.0 - bottom)


@kernel
def imposed_respiration(p, own, root_respiration, forcing, dt):
    """Prescribed less simulated respiration of one step, mol m-2; 0 without a series.

    own  heterotrophic respiration of the soil's carbon, mol m-2
    """
    if p.respiration_model == SIMULATED:
        return 0.0
    if p.respiration_model == PRESCRIBED_TOTAL:
        return max(forcing.rsoil, 0.0) * dt - (own + root_respiration)
    return max(forcing.rhsoil, 0.0) * dt - own


@kernel
def step(p, s, f, root_respiration, forcing, dt):
    """Production of this step, and the CO2 pressure at the base as a linear function of the water's uptake."""
    f.imposed_respiration = imposed_respiration(p, f.respiration, root_respiration, forcing, dt)
    f.co2_production = f.respiration + root_respiration + f.imposed_respiration
    f.air_filled_porosity = air_filled_porosity(p, f.final_volume)
    d = diffusivity(p, f.air_filled_porosity, s.temperature, forcing.ps)
    atm = GAS_CONSTANT_ATM * (s.temperature + ZERO_CELSIUS)
    shape = profile_shape(p.depth, p.depth, p.production_depth)
    rise = atm * f.co2_production / dt * p.production_depth / d * shape
    f.base_pco2_without_uptake = co2_pressure(forcing) + rise
    f.base_pco2_slope = atm * p.depth / d


@kernel
def vent(f, uptake, drawn_by_cave):
    """What is left of the production leaves to the air: J_efflux = P - J_wx - cave draught (mol m-2).

    uptake  CO2 that soil and epikarst water took up (negative: gave back)
    """
    f.efflux = f.co2_production - uptake - drawn_by_cave

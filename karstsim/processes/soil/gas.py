"""Soil CO2: the pressure at the soil's base that drives dissolution, and what is left for the air (design notes 3.11).

The base pressure is a linear function of what water takes up, p = p_0 - b J. By default p_0 and b are those of the
steady diffusion profile (steady_profile.py). It has no stock (design notes 12.14): what is produced leaves in the same
step, to the air, to the water or into caves. With `gas_layers` the profile has a stock (gas_layers.py).

Three empirical laws prescribe the pressure instead: uptake does not lower it (b = 0) and layers have no effect. Carbon
closes under every law, because the efflux is what is left of the production. Under a prescribed pressure water may take
up more than the soil produces; then the efflux is negative, the open air pays.

Another model's respiration, or a measured one, may stand for the soil's own. The soil's carbon decays as before; what
the series has beyond it (or lacks) crosses the boundary of the catchment as `imposed_respiration`, so that books close.
"""

from enum import IntEnum

from karstsim.core.constants import GAS_CONSTANT_ATM, ZERO_CELSIUS
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.air import co2_pressure
from karstsim.processes.soil import brook_1983, gas_layers, gwiazda_1994, npp_linear
from karstsim.processes.soil.diffusivity import air_filled_porosity, diffusivity
from karstsim.processes.soil.steady_profile import profile_shape


class RespirationModel(IntEnum):
    """Where the CO2 of the soil comes from: values of `soil.respiration_model`."""

    SIMULATED = 0
    PRESCRIBED_HETEROTROPHIC = 1
    PRESCRIBED_TOTAL = 2


class Co2Law(IntEnum):
    """What sets the CO2 pressure of the soil."""

    DIFFUSION = 0
    BROOK_1983 = 1
    GWIAZDA_1994 = 2
    NPP_LINEAR = 3


SIMULATED = int(RespirationModel.SIMULATED)
PRESCRIBED_TOTAL = int(RespirationModel.PRESCRIBED_TOTAL)
DIFFUSION = int(Co2Law.DIFFUSION)
BROOK_1983 = int(Co2Law.BROOK_1983)
GWIAZDA_1994 = int(Co2Law.GWIAZDA_1994)
PARAMS = (
    Param(
        "respiration_model",
        SIMULATED,
        "1",
        0,
        len(RespirationModel) - 1,
        "design; design notes 1.4",
        calibrate=False,
        integer=True,
        doc="0 decay and roots as simulated, 1 the forcing's rhSoil for decay, 2 the forcing's rSoil for both",
    ),
    Param(
        "co2_law",
        DIFFUSION,
        "1",
        0,
        len(Co2Law) - 1,
        "design; design notes 3.11; brook1983; gwiazda1994",
        calibrate=False,
        doc="0 diffusion, 1 evapotranspiration (Brook), 2 drainage and temperature (Gwiazda & Broecker), 3 NPP",
        integer=True,
    ),
)
FLUXES = (
    Var("co2_production", "mol m-2", "CO2 produced in the soil by decay and roots", aggregate="sum"),
    Var("co2_diffusivity", "m2 d-1", "diffusivity of CO2 in soil air"),
    Var(
        "imposed_respiration",
        "mol m-2",
        "prescribed respiration beyond that of the soil's own carbon and roots",
        aggregate="sum",
    ),
    Var("base_pco2_without_uptake", "atm", "CO2 pressure at the soil base if water took up none"),
    Var("base_pco2_slope", "atm m2 d mol-1", "fall of the base CO2 pressure per CO2 taken up by water"),
    Var("base_pco2", "atm", "CO2 pressure at the soil base"),
    Var("co2_storage", "mol m-2", "CO2 that soil air gained", aggregate="sum"),
    Var("efflux", "mol m-2", "CO2 efflux from the soil", aggregate="sum", standard_name=None),
)


@kernel
def layers(p):
    """Layers of soil air with a stock; a prescribed pressure has none."""
    return p.gas_layers if p.co2_law == DIFFUSION else 0


@kernel
def remember(s, f, plants, dt):
    """Take the step into the annual means of the empirical laws, so that a restart may go on with any of them."""
    brook_1983.remember(s, plants.canopy_evaporation + f.evapotranspiration, dt)
    gwiazda_1994.remember(s, f.excess, dt)
    npp_linear.remember(s, plants.npp, dt)


@kernel
def prescribed(p, s, outside, atm, d):
    """CO2 pressure of the chosen empirical law, atm."""
    if p.co2_law == BROOK_1983:
        return brook_1983.pressure(s)
    if p.co2_law == GWIAZDA_1994:
        return gwiazda_1994.pressure(s, outside)
    return npp_linear.pressure(p, s, outside, atm, d)


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
    f.co2_diffusivity = d
    atm = GAS_CONSTANT_ATM * (s.temperature + ZERO_CELSIUS)
    outside = co2_pressure(forcing)
    n = layers(p)
    f.co2_storage = -gas_layers.total(s)
    gas_layers.divide(s, n)
    if n > 0:
        before = air_filled_porosity(p, s.pore_water.volume)
        base, fall = gas_layers.step(p, s, f, outside / atm, f.co2_production, d, before, n, dt)
        f.base_pco2_without_uptake = atm * base
        f.base_pco2_slope = atm * fall * dt
    elif p.co2_law == DIFFUSION:
        shape = profile_shape(p.depth, p.depth, p.production_depth)
        rise = atm * f.co2_production / dt * p.production_depth / d * shape
        f.base_pco2_without_uptake = outside + rise
        f.base_pco2_slope = atm * p.depth / d
    else:
        f.base_pco2_without_uptake = prescribed(p, s, outside, atm, d)
        f.base_pco2_slope = 0.0


@kernel
def available(f, uptake):
    """Soil CO2 that caves may draw after water took up `uptake`: the rest of the production, mol m-2.

    Air on its way down takes CO2 along from the whole soil, so that caves do not thin the air at its base.
    """
    return max(f.co2_production - uptake, 0.0)


@kernel
def settle(p, s, f, uptake):
    """Debit the stock of soil air, where there is one, with what water took up (mol m-2)."""
    n = layers(p)
    if n > 0:
        gas_layers.take(s, f, uptake, n)
    f.co2_storage += gas_layers.total(s)


@kernel
def vent(f, uptake, drawn_by_cave):
    """What is left of the production leaves to the air: J_efflux = P - J_wx - cave draught - storage (mol m-2).

    uptake  CO2 that soil and epikarst water took up (negative: gave back)
    """
    f.efflux = f.co2_production - uptake - drawn_by_cave - f.co2_storage

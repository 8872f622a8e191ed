"""Carbon isotopes of the open air, and rain in equilibrium with it.

d13C and Delta14C of the air's CO2 are forcing (`karstsim.with_air_isotopes`); without a series d13C is -8.5 permil,
that of 2020, and 14C is modern, so that a run without a series shows no bomb carbon.
"""

from karstsim.chemistry.isotopes import ZHANG1995, alpha_co2, alpha_hco3, delta_to_fraction
from karstsim.core.jit import kernel
from karstsim.processes.tracers import ATMOSPHERE, C13, C14, empty, fill, scaled, tracer_block
from karstsim.processes.transport import temperature_of

PARAMS = ()
FLUXES = (tracer_block("air_of", "CO2 of the open air, as shares of its CO2", "1"),)


@kernel
def rain(flow, forcing, pco2, k):
    """Tracers of rain, whose DIC is CO2 and bicarbonate in isotopic equilibrium with air; `k` at its temperature."""
    if flow.volume <= 0.0:
        return
    fill(flow, forcing.co2_d13c, forcing.co2_c14, ATMOSPHERE)
    carbon = flow.sol.dic
    temperature = temperature_of(flow)
    dissolved = min(k.kh * pco2 * flow.volume / carbon, 1.0)
    alpha = dissolved * alpha_co2(ZHANG1995, temperature)
    alpha += (1.0 - dissolved) * alpha_hco3(ZHANG1995, temperature)
    flow.sol.di13c = carbon * scaled(flow.sol.di13c / carbon, alpha)


@kernel
def step(f, forcing):
    """The air of the step."""
    empty(f.air_of)
    f.air_of.v[C13] = delta_to_fraction(forcing.co2_d13c)
    f.air_of.v[C14] = forcing.co2_c14
    f.air_of.v[ATMOSPHERE] = 1.0

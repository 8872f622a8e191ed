"""Carbon isotopes of the open air, and rain in equilibrium with it.

d13C and Delta14C of the air's CO2 are forcing (`karstsim.with_air_isotopes`); without a series d13C is -8.5 permil,
that of 2020, and 14C is modern, so that a run without a series shows no bomb carbon. A box of air (co2_box.py) has its
own: it starts with those of the forcing, gives and takes what land and water exchange with it, and emissions join it.
"""

from karstsim.chemistry.isotopes import ZHANG1995, alpha_co2, alpha_hco3, delta_to_fraction
from karstsim.core.jit import kernel
from karstsim.core.spec import Param
from karstsim.processes.atmosphere.co2_box import PRESCRIBED
from karstsim.processes.tracers import (
    ATMOSPHERE,
    C13,
    C14,
    ISOTOPES,
    delta_of,
    empty,
    fill,
    isotope_block,
    scaled,
    tracer_block,
)
from karstsim.processes.transport import temperature_of

PARAMS = (
    Param(
        "emissions_d13c",
        -28.0,
        "permille",
        -50.0,
        -5.0,
        "design; fossil fuels of about 2000, recalled",
        calibrate=False,
        doc="d13C of emissions into the box of air",
    ),
    Param(
        "emissions_c14",
        0.0,
        "1",
        0.0,
        1.5,
        "design; fossil fuels",
        calibrate=False,
        doc="14C of emissions into the box of air over that of modern carbon",
    ),
)
STATE = (isotope_block("air_isotopes", "carbon in the box of air", "mean"),)
FLUXES = (
    tracer_block("air_of", "CO2 of the open air, as shares of its CO2", "1"),
    isotope_block("entered_of", "emissions and harvest that entered the box of air"),
)


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


@kernel
def fill_box(p, s, forcing):
    """Give a box of air that has just been made the isotopes of the forcing; returns them, mol m-2."""
    if p.co2_source == PRESCRIBED or s.air_isotopes.v[C13] != 0.0:
        return 0.0, 0.0
    s.air_isotopes.v[C13] = s.air_carbon * delta_to_fraction(forcing.co2_d13c)
    s.air_isotopes.v[C14] = s.air_carbon * forcing.co2_c14
    return s.air_isotopes.v[C13], s.air_isotopes.v[C14]


@kernel
def look(p, s, forcing):
    """Show the isotopes of the box, where there is one, in a forcing that may be written to."""
    if p.co2_source != PRESCRIBED:
        forcing.co2_d13c = delta_of(s.air_isotopes.v[C13], s.air_carbon)
        forcing.co2_c14 = s.air_isotopes.v[C14] / s.air_carbon


@kernel
def share_emitted(p, i, emitted, forcing):
    """Isotope i in what is emitted; what is drawn out of the box (negative) is air."""
    if i == C13:
        return delta_to_fraction(p.emissions_d13c if emitted > 0.0 else forcing.co2_d13c)
    return p.emissions_c14 if emitted > 0.0 else forcing.co2_c14


@kernel
def settle(p, s, f, taken, harvest, forcing):
    """Isotopes of the box at the end of a step, and of what came into it; co2_box.settle is through.

    taken, harvest  blocks of isotopes: what land and water took, and what was harvested
    """
    if p.co2_source == PRESCRIBED:
        return
    for i in range(ISOTOPES):
        returned = p.harvest_respired * harvest.v[i]
        f.entered_of.v[i] = share_emitted(p, i, f.emitted, forcing) * f.emitted + returned
        s.air_isotopes.v[i] += f.entered_of.v[i] - taken.v[i]

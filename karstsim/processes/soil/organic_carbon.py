"""Soil organic carbon: litter and amendments decay in the pools of RothC or of CENTURY; what decays is respired.

    respired = CO2 of all pools (1 - d (1 - r)),    dissolved = CO2 of all pools d (1 - r)          [design notes 3.10]

A share d of the decomposed carbon dissolves on its way; the soil keeps the share r of it and respires it after all. The
rest goes to the pore water, from where it leaches. Pools decay over a step under the modifier at its end, then what
fell and was spread in the step enters. Biochar is beside the pools of either model.

A measured moisture may stand for the simulated one in the modifier (`moisture_model`). It moves no water, so that the
books of water do not know of it.
"""

from enum import IntEnum

from karstsim.core.classes import by_land_use
from karstsim.core.constants import DAYS_PER_YEAR, MM_PER_M
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.soil import amendments, biochar, parton_1987, rothc


class SocModel(IntEnum):
    """Models of soil organic carbon: values of `soil.soc_model`."""

    ROTHC = 0
    CENTURY = 1


class MoistureModel(IntEnum):
    """Whose moisture decay sees: values of `soil.moisture_model`."""

    SIMULATED = 0
    PRESCRIBED = 1


CENTURY = int(SocModel.CENTURY)
PRESCRIBED = int(MoistureModel.PRESCRIBED)
PARAMS = (
    Param(
        "soc_model",
        int(SocModel.ROTHC),
        "1",
        0,
        1,
        "coleman1996 parton1987",
        calibrate=False,
        integer=True,
        doc="0 RothC, 1 CENTURY",
    ),
    Param(
        "moisture_model",
        int(MoistureModel.SIMULATED),
        "1",
        0,
        len(MoistureModel) - 1,
        "design",
        calibrate=False,
        integer=True,
        doc="moisture that decay sees: 0 the simulated, 1 the forcing's swc; water and gas keep the simulated",
    ),
    Param(
        "tillage",
        1.0,
        "1",
        0.8,
        1.5,
        "design; design notes 3.12",
        by_class=by_land_use(1.0, 1.2, 1.0, 1.0, 1.0, 1.0),
        doc="factor on all decay rates but those of biochar",
    ),
    Param(
        "doc_share",
        0.015,
        "1",
        0.0,
        0.05,
        "design; design notes 3.10",
        doc="dissolved organic carbon produced per respired carbon",
    ),
    Param(
        "doc_retention",
        0.7,
        "1",
        0.0,
        1.0,
        "design; design notes 3.10",
        calibrate=False,
        doc="share of the dissolved organic carbon that the soil keeps (and respires)",
    ),
    Param("doc_refractory_share", 0.3, "1", 0.0, 1.0, "design", calibrate=False),
)
FLUXES = (
    Var("rate_modifier", "1", "product of all modifiers of soil carbon decay"),
    Var("respiration", "mol m-2", "heterotrophic respiration of the soil", aggregate="sum"),
    Var("doc_production", "mol m-2", "dissolved organic carbon released to soil water", aggregate="sum"),
    Var("organic_carbon", "mol m-2", "organic carbon in the soil, all pools", aggregate="last"),
)
POOLS = (*rothc.POOLS, *parton_1987.POOLS, *biochar.POOLS)
LEAST_MODIFIER = 1.0e-3  # a soil that is frozen for ever has no steady state


@kernel
def seen_water(p, f, forcing):
    """Pore water (mm) of the moisture that decay sees: at the end of the step, or of the prescribed water content."""
    if p.moisture_model == PRESCRIBED:
        return MM_PER_M * p.depth * forcing.swc
    return f.final_volume


@kernel
def modifier(p, s, volume):
    """Product rho of all rate modifiers of the chosen model; `volume` of pore water in mm."""
    if p.soc_model == CENTURY:
        return parton_1987.modifier(p, s, volume) * p.tillage
    return rothc.modifier(p, s, volume) * p.tillage


@kernel
def stock(s):
    """Carbon in all pools, mol m-2."""
    total = s.dpm + s.rpm + s.bio + s.hum + s.iom
    total += s.metabolic + s.structural + s.lignin + s.active + s.slow + s.passive
    return total + s.biochar_labile + s.biochar_stable


@kernel
def inputs(p, litterfall, manure, straw):
    """Litter and amendments as the (fast, resistant, humified) carbon of the chosen model, in their unit."""
    if p.soc_model == CENTURY:
        share = parton_1987.metabolic_share(p)
    else:
        share = rothc.decomposable_share(p.dpm_rpm)
    fresh = share * litterfall
    decomposable, resistant, humified = amendments.parts(p, manure, straw)
    return fresh + decomposable, litterfall - fresh + resistant, humified


@kernel
def dissolved_share(p):
    """Share of decomposed carbon that goes to the pore water."""
    return p.doc_share * (1.0 - p.doc_retention)


@kernel
def advance(p, pools, structural_rate, priming, years, litterfall, manure, straw, char, dt):
    """Decay of all pools, then what falls and is spread enters. Returns the carbon decomposed, mol m-2.

    pools            amounts of carbon, or of one of its isotopes: all that follows is linear in them
    structural_rate  of CENTURY's structural litter, year-1
    years            of unmodified rates; char is biochar spread; amounts in the unit of the pools
    """
    fast, resistant, humified = inputs(p, litterfall, manure, straw)
    if p.soc_model == CENTURY:
        decomposed = parton_1987.turn_over(p, pools, structural_rate, priming, years)
        parton_1987.receive(p, pools, fast, resistant, humified)
    else:
        decomposed = rothc.turn_over(p, pools, priming, years)
        rothc.receive(pools, fast, resistant, humified)
    return decomposed + biochar.turn_over(p, pools, char, dt)


@kernel
def dissolve(p, s, f, decomposed):
    """Divide decomposed carbon (mol m-2) between CO2 and the pore water."""
    f.doc_production = decomposed * p.doc_share * (1.0 - p.doc_retention)
    f.respiration = decomposed - f.doc_production
    refractory = p.doc_refractory_share * f.doc_production
    s.pore_water.sol.doc_refractory += refractory
    s.pore_water.sol.doc_labile += f.doc_production - refractory


@kernel
def step(p, s, f, litter, forcing, dt):
    """Decay, then what falls and is spread enters.

    litter  vegetation fluxes (litterfall, mol m-2)
    """
    f.rate_modifier = modifier(p, s, seen_water(p, f, forcing))
    years = f.rate_modifier * dt / DAYS_PER_YEAR
    amendments.step(p, f, forcing, dt)
    biochar.step(p, f, forcing, dt)
    rate = parton_1987.structural_decay(p, s.structural, s.lignin)
    priming = biochar.priming(p, s)
    decomposed = advance(p, s, rate, priming, years, litter.litterfall, f.manure, f.straw, f.biochar, dt)
    dissolve(p, s, f, decomposed)
    f.organic_carbon = stock(s)


@kernel
def settle(p, s, litter, mean_modifier):
    """All pools in equilibrium with constant litter and spreading (mol m-2 year-1) at the mean modifier."""
    rate = max(mean_modifier, LEAST_MODIFIER)
    biochar.settle(p, s)
    priming = biochar.priming(p, s)
    fast, resistant, humified = inputs(p, litter, p.manure_rate, p.straw_rate)
    if p.soc_model == CENTURY:
        parton_1987.settle(p, s, fast, resistant, humified, priming, rate)
    else:
        rothc.settle(p, s, fast, resistant, humified, priming, rate)

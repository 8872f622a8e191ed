"""Dissolution and precipitation of carbonate rock in a body of water during one step, with or without a gas phase.

The rate is the linear film law dc/dt = (A/V) alpha (c_eq - c) with the slow fourth-order approach near equilibrium
that natural limestone shows (design notes 4.5); c_eq is the saturated water of the same store, so that the rate is zero
exactly at SI = 0. Saturation, gas exchange and the fall of the gas pressure with the CO2 taken up are solved jointly
(design notes 12.13). One mole of rock brings 1 DIC, (1 - m) Ca, m Mg and 2 eq of alkalinity.

Calcite precipitates at the rate k (c - c_eq) while the saturation index is above a threshold, and stops at it: water
that hovers there would otherwise lose more in one long step than in many short ones.
"""

import math

from karstsim.chemistry.equilibrium import equilibrate_closed, equilibrate_gas, equilibrate_open
from karstsim.chemistry.film import film_alpha, thin_film_alpha
from karstsim.chemistry.medium import CARBONATE, NOTHING
from karstsim.chemistry.speciation import Mode, speciate
from karstsim.core.constants import LN10, MM_PER_M, SECONDS_PER_DAY
from karstsim.core.jit import kernel
from karstsim.core.spec import Param
from karstsim.processes.joint_dissolution import LEAST_PRESSURE, dissolve_with_gas, relaxed_rock
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.transport import alkalinity

ALK_DIC = int(Mode.ALK_DIC)
MINIMUM_VOLUME = 1.0e-3  # mm; a thinner film than a micrometre of water has no chemistry of its own
PURE_CALCITE = 0.0  # magnesium of what precipitates
SEARCH_STEPS = 60
SEARCH_TOLERANCE = 1.0e-7  # of the rock
STORE_TOLERANCE = 1.0e-6  # of a store's solve: what may be left of the relative error of its medium
HALF = 0.5
CLOSED = -1.0  # in place of a gas pressure: no gas
UNSOLVED_PRESSURE = (
    1.0e-2  # atm, of a store whose water was never solved (its first step): that of karst water
)
LINEAR_START, LINEAR_ORDER = 0.9, 1.0  # no slow tail near equilibrium


def carbonate_share(**by_lithology: dict) -> Param:
    """The parameter that says how much of a compartment's rock is carbonate."""
    return Param(
        "carbonate_share",
        1.0,
        "1",
        0.0,
        1.0,
        "design",
        calibrate=False,
        doc="share of the rock's surface that is carbonate; the rest (chert, clay, sand) dissolves nothing",
        **by_lithology,
    )


def rate_params(prefix: str, area_to_volume: float, film: float, source: str, **by_class: dict) -> tuple:
    """The parameters of the rate law for one store; `prefix` names the store where a compartment has several."""
    return (
        Param(
            f"{prefix}area_to_volume", area_to_volume, "m-1", 0.5, 20000.0, source, scale="log", **by_class
        ),
        Param(f"{prefix}film_thickness", film, "mm", 0.05, 1.0, "design; design notes 4.4", scale="log"),
        Param(
            f"{prefix}tail_start",
            0.9,
            "1",
            0.6,
            0.999,
            "svensson1992 eisenlohr1999",
            calibrate=False,
            doc="saturation c/c_eq above which dissolution slows",
        ),
        Param(
            f"{prefix}tail_order",
            4.0,
            "1",
            1.0,
            11.0,
            "svensson1992 eisenlohr1999",
            calibrate=False,
            doc="order of the approach to saturation above tail_start; 1 = linear throughout",
        ),
    )


@kernel
def rate_constant(area_to_volume, film_thickness, temperature, pco2, ca_factor):
    """Rate constant of the linear law, d-1: (A/V) alpha(T, film, pCO2, carbonic anhydrase).

    pco2   CO2 pressure of the water (atm): that of its gas in an open store, its own of the last step in a closed one
    """
    return area_to_volume * film_alpha(temperature, film_thickness, pco2, ca_factor) * SECONDS_PER_DAY


@kernel
def thin_film_rate_constant(area_to_volume, temperature, pco2, ca_factor):
    """As `rate_constant`, d-1, for a film of water under air of CO2 pressure `pco2`, 1/(A/V) thick."""
    depth = MM_PER_M / area_to_volume
    return area_to_volume * thin_film_alpha(temperature, depth, pco2, ca_factor) * SECONDS_PER_DAY


@kernel
def magnesium_share(dolomite_share):
    """Molar share of magnesium in the cations of the rock, x/(1 + x)."""
    return dolomite_share / (1.0 + dolomite_share)


@kernel
def own_pressure(store):
    """CO2 pressure (atm) of a closed store's water after its last step."""
    return UNSOLVED_PRESSURE if store.pco2 <= 0.0 else store.pco2


@kernel
def _load_totals(x, water, temperature):
    """Concentrations of a water body into the scratch solution: mol m-2 over mm is mol kg-1."""
    per_kg = 1.0 / water.volume
    x.temperature = temperature
    x.dic = water.sol.dic * per_kg
    x.ca = water.sol.ca * per_kg
    x.mg = water.sol.mg * per_kg
    x.na = water.sol.na * per_kg
    x.k = water.sol.k * per_kg
    x.cl = water.sol.cl * per_kg
    x.so4 = water.sol.so4 * per_kg
    x.no3 = water.sol.no3 * per_kg
    x.alkalinity = alkalinity(water.sol) * per_kg
    x.tolerance = STORE_TOLERANCE
    x.readings = CARBONATE


@kernel
def load(x, water, temperature):
    """A water of which nothing but its totals is known into the scratch solution."""
    _load_totals(x, water, temperature)
    x.ph = 0.0
    x.ionic_strength = 0.0
    x.si_calcite = 0.0
    x.ca_ratio = 0.0
    x.resume = 0.0


@kernel
def load_store(x, store, temperature):
    """As `load`, with the medium of the water's last step, which the store remembers."""
    _load_totals(x, store, temperature)
    x.ph = store.ph
    x.ionic_strength = store.ionic_strength
    x.si_calcite = store.si_calcite
    x.ca_ratio = store.ca_ratio
    x.mg_ratio = store.mg_ratio
    x.na_ratio = store.na_ratio
    x.so4_ratio = store.so4_ratio
    x.resume = 0.0


@kernel
def load_again(x, store, temperature, solved):
    """As `load_store`; `solved` is 1 where `x` holds this very water's last solve, to go on from its medium."""
    if solved == 1.0:
        _load_totals(x, store, temperature)
        x.resume = 1.0
    else:
        load_store(x, store, temperature)


@kernel
def remember(x, store):
    """Carbonate state of the solution into the store: outputs, and the next step's warm start."""
    store.ph = x.ph
    store.ionic_strength = x.ionic_strength
    store.pco2 = x.pco2
    store.si_calcite = x.si_calcite
    store.ca_ratio = x.ca_ratio
    store.mg_ratio = x.mg_ratio
    store.na_ratio = x.na_ratio
    store.so4_ratio = x.so4_ratio


@kernel
def apply(water, rock, gas, mg_fraction):
    """Book `rock` moles of dissolved rock and `gas` moles of CO2 (mol m-2) into the water.

    Precipitation (negative rock) takes no magnesium.
    """
    magnesium = mg_fraction * max(rock, 0.0)
    water.sol.dic += rock + gas
    water.sol.mg += magnesium
    water.sol.ca += rock - magnesium


@kernel
def _compose(x, dic, ca, mg, alk, rock, mg_fraction):
    """Set the totals of `x` to those of the water `dic .. alk` after `rock` (mol kg-1) has entered."""
    x.dic = dic + rock
    x.ca = ca + rock - mg_fraction * rock
    x.mg = mg + mg_fraction * rock
    x.alkalinity = alk + 2.0 * rock
    x.resume = 1.0  # the record holds this water's medium from the solve before


@kernel
def open_step(x, k, mg_fraction, pco2, slope, k_dt, precipitation_dt, threshold, tail_start, tail_order):
    """Rock and gas that enter an open water in one step: (mol kg-1, mol kg-1); leaves `x` as the water afterwards.

    Gas exchange is instant beside dissolution and turnover (design notes 4.5: 50 d-1).

    x                 ``x.si_calcite`` says on which side of saturation to look first: that of the last step
    pco2, slope       gas pressure (atm) and its fall per CO2 taken up in the step (atm kg mol-1)
    k_dt              rate constant of dissolution times the step
    precipitation_dt  rate constant of precipitation times the step, above the saturation index `threshold`
    """
    dic, ca, mg, alk = x.dic, x.ca, x.mg, x.alkalinity
    dissolves = k_dt > 0.0 and not x.si_calcite > 0.0
    if not dissolves:
        gas = exchange_gas(x, k, pco2, slope)
        if x.si_calcite >= 0.0 or k_dt <= 0.0:
            return _precipitate_open(x, k, pco2, slope, dic, ca, mg, alk, gas, precipitation_dt, threshold)
        _compose(x, dic, ca, mg, alk, 0.0, mg_fraction)
    ionic_strength = x.ionic_strength
    rock, found = dissolve_with_gas(x, k, mg_fraction, pco2, slope, k_dt, tail_start, tail_order)
    if not found:
        _compose(x, dic, ca, mg, alk, 0.0, mg_fraction)
        x.ionic_strength, x.ca_ratio, x.resume = ionic_strength, 0.0, 0.0
        rock = search_rock(x, k, mg_fraction, pco2, slope, k_dt, tail_start, tail_order)
        _compose(x, dic, ca, mg, alk, rock, mg_fraction)
        exchange_gas(x, k, pco2, slope)
    gas = x.dic - dic - rock
    if rock > 0.0:
        return rock, gas
    return _precipitate_open(x, k, pco2, slope, dic, ca, mg, alk, gas, precipitation_dt, threshold)


@kernel
def _precipitate_open(x, k, pco2, slope, dic, ca, mg, alk, gas, precipitation_dt, threshold):
    """What `open_step` returns for water that dissolves nothing, now in `x` after it has taken up `gas`.

    What precipitates is pure calcite, whatever the rock.
    """
    if not x.si_calcite > threshold:
        return 0.0 * gas, gas
    _compose(x, dic, ca, mg, alk, 0.0, PURE_CALCITE)
    rock = _rock_to(x, k, 0.0, PURE_CALCITE, pco2, slope) * relaxed_share(precipitation_dt, 1.0)
    _compose(x, dic, ca, mg, alk, 0.0, PURE_CALCITE)
    rock = min(max(rock, _rock_to(x, k, threshold, PURE_CALCITE, pco2, slope)), 0.0)
    _compose(x, dic, ca, mg, alk, rock, PURE_CALCITE)
    return rock, exchange_gas(x, k, pco2, slope)


@kernel
def search_rock(x, k, mg_fraction, pco2, slope, k_dt, tail_start, tail_order):
    """The rock of `joint_dissolution.dissolve_with_gas` by a search over r, for the odd water that has no way there.

    False position from nothing to what saturates the water together with its gas or at the least pressure,
    halving the end that stays (Dowell & Jarratt 1971). Leaves the totals of `x` changed.
    """
    dic, ca, mg, alk = x.dic, x.ca, x.mg, x.alkalinity
    first, last = 0.0, _rock_to(x, k, 0.0, mg_fraction, pco2, slope)
    if pco2 > 0.0:  # a gas that gives all it has stands at the least pressure, which may ask for more
        _compose(x, dic, ca, mg, alk, 0.0, mg_fraction)
        last = max(last, _rock_to(x, k, 0.0, mg_fraction, LEAST_PRESSURE, 0.0))
    if not last > 0.0:
        return 0.0 * last
    below = relaxed_rock(alk, last, k_dt, tail_start, tail_order) - last
    above = _excess(x, k, first, mg_fraction, pco2, slope, dic, ca, mg, alk, k_dt, tail_start, tail_order)
    if not above > 0.0:
        return 0.0 * above
    rock = first
    for _ in range(SEARCH_STEPS):
        rock = first + (last - first) * above / (above - below)
        excess = _excess(x, k, rock, mg_fraction, pco2, slope, dic, ca, mg, alk, k_dt, tail_start, tail_order)
        if not abs(excess) > SEARCH_TOLERANCE * rock:
            break
        if excess > 0.0:
            first, above, below = rock, excess, HALF * below
        else:
            last, below, above = rock, excess, HALF * above
    return rock


@kernel
def _excess(x, k, rock, mg_fraction, pco2, slope, dic, ca, mg, alk, k_dt, tail_start, tail_order):
    """R(n(p(rock))) - rock, mol kg-1, of the water `dic .. alk` (see `joint_dissolution`)."""
    _compose(x, dic, ca, mg, alk, rock, mg_fraction)
    x.readings = NOTHING
    gas = exchange_gas(x, k, pco2, slope)
    x.readings = CARBONATE
    pressure = max(pco2 - slope * gas, LEAST_PRESSURE)
    _compose(x, dic, ca, mg, alk, 0.0, mg_fraction)
    saturating = _rock_to(x, k, 0.0, mg_fraction, pressure, 0.0)
    return relaxed_rock(alk, saturating, k_dt, tail_start, tail_order) - rock


@kernel
def _rock_to(x, k, index, mg_fraction, pco2, slope):
    """Rock that brings the water, together with its gas or `CLOSED`, to the saturation index `index`, mol kg-1.

    Water for which it cannot be found does not react in this step (it is counted); NaN stays NaN.
    """
    dic = x.dic
    solubility = k.calcite
    if index != 0.0:
        # The medium holds the solubility: it is made anew for this solve. What follows in the step does not use it.
        k.calcite = solubility * math.exp(LN10 * index)
        x.resume = 0.0
    x.readings = NOTHING  # another solve follows
    if pco2 == CLOSED:
        rock = equilibrate_closed(x, k, mg_fraction)
    else:
        rock, _ = equilibrate_open(x, k, mg_fraction, pco2, slope)
    x.readings = CARBONATE
    if index != 0.0:
        k.calcite = solubility
        x.conditioned = math.nan
    return rock if x.status >= 0.0 else 0.0 * dic


@kernel
def rock_to_saturation(x, k, mg_fraction, pco2):
    """Rock that saturates a water open to gas of the pressure `pco2`, mol kg-1; leaves the totals of `x` changed."""
    return _rock_to(x, k, 0.0, mg_fraction, pco2, 0.0)


@kernel
def exchange_gas(x, k, pco2, slope):
    """Gas that equilibrium asks for, mol kg-1; leaves `x` speciated. No exchange where it cannot be found."""
    dic = x.dic
    gas = equilibrate_gas(x, k, pco2, slope)
    if x.status < 0.0:
        gas *= 0.0
        x.dic = dic
        x.ca_ratio, x.resume = 0.0, 0.0
        speciate(x, k, ALK_DIC)
    return gas


@kernel
def closed_step(x, k, mg_fraction, k_dt, precipitation_dt, threshold, tail_start, tail_order):
    """Rock that enters a closed water in one step, mol kg-1; leaves `x` as the water afterwards.

    x   ``x.si_calcite`` says on which side of saturation to look first: that of the last step
    """
    dic, ca, mg, alk = x.dic, x.ca, x.mg, x.alkalinity
    above = False
    if x.si_calcite > 0.0:
        speciate(x, k, ALK_DIC)
        above = x.si_calcite >= 0.0
        _compose(x, dic, ca, mg, alk, 0.0, mg_fraction)
    if not above:
        at_equilibrium = _rock_to(x, k, 0.0, mg_fraction, CLOSED, 0.0)
        if not at_equilibrium < 0.0:
            rock = relaxed_rock(alk, at_equilibrium, k_dt, tail_start, tail_order)
            _compose(x, dic, ca, mg, alk, rock, mg_fraction)
            speciate(x, k, ALK_DIC)
            return rock
        _compose(x, dic, ca, mg, alk, 0.0 * at_equilibrium, PURE_CALCITE)
        speciate(x, k, ALK_DIC)
    if not x.si_calcite > threshold:
        return 0.0 * dic
    _compose(x, dic, ca, mg, alk, 0.0, PURE_CALCITE)
    rock = _rock_to(x, k, 0.0, PURE_CALCITE, CLOSED, 0.0) * relaxed_share(precipitation_dt, 1.0)
    _compose(x, dic, ca, mg, alk, 0.0, PURE_CALCITE)
    rock = min(max(rock, _rock_to(x, k, threshold, PURE_CALCITE, CLOSED, 0.0)), 0.0)
    _compose(x, dic, ca, mg, alk, rock, PURE_CALCITE)
    speciate(x, k, ALK_DIC)
    return rock

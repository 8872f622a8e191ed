"""Dissolution in the epikarst, open to vadose air that the soil feeds (design notes 3.11, 4.5).

    pCO2_epi = C_a + f_epi (1 - f_rock) (pCO2_soil - C_a)

The CO2 that this water takes up is paid for by the soil, whose pressure at the base falls, in the share of soil air in
the vadose air, min(1, f_epi) (1 - f_rock), and by the open air for the rest. Ground air (Atkinson 1977), f_epi > 1,
comes from deep respiration. That is part of the soil's production, so the soil pays for it too (design notes 12.14).
Water with more CO2 than the vadose air degasses to it.
"""

from karstsim.chemistry.constants import set_temperature
from karstsim.core.classes import by_land_use, by_lithology
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes import lane_joint
from karstsim.processes.air import co2_pressure
from karstsim.processes.dissolution import (
    MINIMUM_VOLUME,
    apply,
    carbonate_share,
    load_store,
    magnesium_share,
    open_step,
    rate_constant,
    rate_params,
    remember,
)
from karstsim.processes.epikarst import isotopes
from karstsim.processes.soil.chemistry import temperature_of_reactions

PARAMS = (
    Param(
        "dolomite_share",
        0.1,
        "1",
        0.0,
        1.0,
        "design; design notes 3.13",
        calibrate=False,
        by_lithology=by_lithology(dolomite=1.0),
        doc="formula units of dolomite per formula unit of carbonate rock; magnesium is x/(1 + x) of the cations",
    ),
    carbonate_share(by_lithology=by_lithology(mantled_limestone=0.0)),
    *rate_params(
        "",
        500.0,
        0.3,
        "design; design notes 4.5",
        by_class=by_land_use(2.0, 500.0, 500.0, 500.0, 500.0, 500.0),
    ),
    Param(
        "co2_ratio",
        1.0,
        "1",
        0.3,
        1.5,
        "design; design notes 3.11; atkinson1977",
        doc="CO2 excess of the vadose air over that of the soil base; above 1: ground air with deep respiration",
    ),
    Param(
        "calcite_threshold",
        0.3,
        "1",
        0.0,
        1.0,
        "design; design notes 5.3",
        calibrate=False,
        doc="saturation index above which calcite precipitates",
    ),
    Param("calcite_rate", 1.0, "day-1", 0.01, 10.0, "design; design notes 5.3", calibrate=False, scale="log"),
)
FLUXES = (
    Var("air_pco2", "atm", "CO2 pressure of the vadose air"),
    Var(
        "gas_uptake",
        "mol m-2",
        "CO2 exchanged between vadose air and epikarst water (positive: into water)",
        aggregate="sum",
    ),
    Var(
        "open_air_uptake",
        "mol m-2",
        "part of the epikarst's CO2 exchange that the open air pays for",
        aggregate="sum",
    ),
    Var("vadose_degassing", "mol m-2", "CO2 degassed from epikarst water to vadose air", aggregate="sum"),
    Var("rock_dissolution", "mol m-2", "carbonate dissolved in the epikarst", aggregate="sum"),
    Var("calcite_precipitation", "mol m-2", "calcite precipitated in the epikarst", aggregate="sum"),
)


@kernel
def soil_part(p, soil_p):
    """Share of the vadose air that is soil air: what epikarst water takes up is paid for by it and by the open air."""
    return min(p.co2_ratio, 1.0) * (1.0 - soil_p.rock_fraction)


@kernel
def begin(p, f, soil_p, soil_f, forcing, traced):
    """Zero the step's sums; the vadose air before epikarst water has taken CO2 up. Returns its coupling to the soil.

    Air that would be thinner than the outside air's CO2 is not amplified.
    """
    f.gas_uptake = 0.0
    f.rock_dissolution = 0.0
    f.calcite_precipitation = 0.0
    f.vadose_degassing = 0.0
    outside = co2_pressure(forcing)
    coupling = p.co2_ratio * (1.0 - soil_p.rock_fraction)
    if soil_f.base_pco2 < outside:
        coupling = soil_part(p, soil_p)
    f.air_pco2 = outside + coupling * (soil_f.base_pco2 - outside)
    if traced == 1.0:
        isotopes.begin(f, soil_f, coupling)
    return coupling


@kernel
def slope_of_air(p, soil_p, soil_f, coupling, h):
    """Fall of the vadose air's pressure per CO2 that is taken up within `h` days, atm m2 mol-1."""
    return coupling * soil_part(p, soil_p) * soil_f.base_pco2_slope / h


@kernel
def rate(p, f, soil_p, temperature):
    """Rate constant of dissolution, d-1."""
    area = p.carbonate_share * p.area_to_volume
    return rate_constant(area, p.film_thickness, temperature, f.air_pco2, soil_p.ca_factor)


@kernel
def step(p, s, f, soil_p, soil_s, soil_f, coupling, x, k, h):
    """React for `h` days; what enters the water is added to the step's fluxes."""
    if s.water.volume < MINIMUM_VOLUME:
        return
    temperature = temperature_of_reactions(soil_s)
    set_temperature(k, temperature, k.constant_set)
    load_store(x, s.water, temperature)
    slope = slope_of_air(p, soil_p, soil_f, coupling, h)
    mg = magnesium_share(p.dolomite_share)
    k_dt = rate(p, f, soil_p, temperature) * h
    rock, gas = open_step(
        x,
        k,
        mg,
        f.air_pco2,
        slope * s.water.volume,
        k_dt,
        p.calcite_rate * h,
        p.calcite_threshold,
        p.tail_start,
        p.tail_order,
    )
    book(p, s, f, soil_p, soil_f, rock, gas, slope, x, h, k.tracers)
    remember(x, s.water)


@kernel
def book(p, s, f, soil_p, soil_f, rock, gas, slope, x, h, traced):
    """Bring rock and gas (mol kg-1) into the water; `x` has its carbon where `traced`.

    slope  fall of the vadose air's pressure per CO2 taken up, atm m2 mol-1
    """
    dissolved, taken_up = rock * s.water.volume, gas * s.water.volume
    # Parts of a step may differ in sign, and only what dissolves brings magnesium: two fluxes.
    f.rock_dissolution += max(dissolved, 0.0)
    f.calcite_precipitation += max(-dissolved, 0.0)
    f.gas_uptake += taken_up
    f.vadose_degassing += max(-taken_up, 0.0)
    apply(s.water, dissolved, taken_up, magnesium_share(p.dolomite_share))
    if traced == 1.0:
        isotopes.react(p, f, soil_p, soil_f, s.water, dissolved, taken_up, slope, x, h)


@kernel
def load_lane(w, lane, p, s, f, soil_p, soil_s, soil_f, coupling, h):
    """The epikarst's water, its laws and the vadose air for `h` days into a lane."""
    temperature = temperature_of_reactions(soil_s)
    lanes.load(w, lane, s.water, temperature, magnesium_share(p.dolomite_share))
    if lanes.is_sound(w, lane):
        law = p.tail_start, p.tail_order, p.calcite_threshold, p.calcite_rate * h
        lanes.set_law(w, lane, rate(p, f, soil_p, temperature) * h, *law)
        lane_joint.open_to(w, lane, s.water, f.air_pco2, slope_of_air(p, soil_p, soil_f, coupling, h))


@kernel
def book_lane(w, lane, p, s, f, soil_p, soil_f, coupling, x, h, traced):
    """Book what a lane has moved within `h` days into the epikarst's water, which keeps the lane's medium."""
    if traced == 1.0:
        lanes.show(w, lanes.MIDDLE, lane, x)
    rock, gas = w[lanes.ROCK_MOVED + lane], w[lanes.GAS_MOVED + lanes.MIDDLE + lane]
    slope = slope_of_air(p, soil_p, soil_f, coupling, h)
    book(p, s, f, soil_p, soil_f, rock, gas, slope, x, h, traced)
    lanes.keep(w, lane, s.water)


@kernel
def react(tp, ts, tf, tile, part, first, count, scratch, w, v, constant_set, dt, traced):
    """One part of the step of `dt` days in the catchments first .. first + count - 1; as `soil.chemistry.react`."""
    lanes.empty(w, count)
    for lane in range(count):
        if part < scratch[lane].parts:
            p, s, f = tp[first + lane, tile], ts[first + lane, tile], tf[first + lane, tile]
            coupling, h = scratch[lane].coupling, dt / scratch[lane].parts
            load_lane(w, lane, p.epikarst, s.epikarst, f.epikarst, p.soil, s.soil, f.soil, coupling, h)
    lanes.prepare(w, constant_set, count)
    lane_joint.dissolve_open(w, v, constant_set, count, traced)
    for lane in range(count):
        if part < scratch[lane].parts:
            p, s, f = tp[first + lane, tile], ts[first + lane, tile], tf[first + lane, tile]
            coupling, h = scratch[lane].coupling, dt / scratch[lane].parts
            x, k = scratch[lane].solution, scratch[lane].constants
            if lanes.is_sound(w, lane):
                book_lane(
                    w, lane, p.epikarst, s.epikarst, f.epikarst, p.soil, f.soil, coupling, x, h, k.tracers
                )
            else:
                step(p.epikarst, s.epikarst, f.epikarst, p.soil, s.soil, f.soil, coupling, x, k, h)


@kernel
def finish(p, f, soil_p, soil_f, coupling, dt, traced):
    """Mean CO2 pressures over the step, after what epikarst water took up.

    Vadose air thinned by open air may give more than its soil air holds: the open air pays that too.
    """
    share = soil_part(p, soil_p)
    from_soil = share * f.gas_uptake
    if soil_f.base_pco2_slope * from_soil > soil_f.base_pco2 * dt:
        from_soil = soil_f.base_pco2 * dt / soil_f.base_pco2_slope
        share = from_soil / f.gas_uptake
    f.open_air_uptake = f.gas_uptake - from_soil
    fall = soil_f.base_pco2_slope * from_soil / dt
    soil_f.base_pco2 = max(soil_f.base_pco2 - fall, 0.0)
    f.air_pco2 -= coupling * fall
    if traced == 1.0:
        isotopes.finish(f, soil_p, soil_f, coupling, share, dt)

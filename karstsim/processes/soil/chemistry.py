"""Soil water chemistry: CO2 uptake, dissolution of rock at the soil base and of carbonate grains, calcrete.

Gas pressure, gas uptake and saturation are solved jointly (design notes 4.5, 12.13). Where evaporation concentrates the
water beyond the threshold, calcite precipitates into the soil's carbonate pool and its CO2 goes back to the soil gas.

Pedogenic calcite, powder and rock act on the same undersaturation. Pedogenic calcite goes first (design notes 4.5);
powder and rock share the rest in proportion to their rates. Where powder lies, or grains without carbonate rock, the
rates of all that may run out are their means over the step (`powder.mean_rates`), so that rock does not dissolve in
their place. Such soils react by the scalar kernels, the others side by side in lanes (`lane_joint`).
"""

from karstsim.chemistry import lane_store
from karstsim.chemistry.constants import set_temperature
from karstsim.core.classes import by_land_use, by_lithology
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes import lane_joint
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
    rock_to_saturation,
)
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.soil import isotopes, powder

PARAMS = (
    carbonate_share(by_lithology=by_lithology(mantled_limestone=0.0)),
    *rate_params("", 500.0, 0.3, "design; design notes 4.5"),
    Param(
        "ca_factor",
        1.5,
        "1",
        1.0,
        20.0,
        "design; design notes 3.12",
        scale="log",
        by_class=by_land_use(1.0, 1.3, 1.5, 2.0, 2.5, 3.0),
        doc="carbonic anhydrase: factor on CO2 hydration",
    ),
    Param(
        "calcite_threshold",
        0.3,
        "1",
        0.0,
        0.8,
        "design; design notes 4.5",
        calibrate=False,
        doc="saturation index above which calcite precipitates",
    ),
    Param("calcite_rate", 1.0, "day-1", 0.01, 10.0, "design; design notes 4.5", calibrate=False, scale="log"),
    Param(
        "grain_rate",
        5.0,
        "day-1",
        0.05,
        50.0,
        "design; design notes 4.5",
        calibrate=False,
        scale="log",
        doc="rate at which pedogenic calcite brings the soil water to saturation",
    ),
)
FLUXES = (
    Var("gas_uptake", "mol m-2", "CO2 taken up by soil water (negative: released)", aggregate="sum"),
    Var("co2_leached", "mol m-2", "dissolved CO2 leaving the soil with percolation", aggregate="sum"),
    Var("rock_dissolution", "mol m-2", "carbonate dissolved from rock at the soil base", aggregate="sum"),
    Var(
        "grain_dissolution",
        "mol m-2",
        "carbonate dissolved from pedogenic calcite and powder",
        aggregate="sum",
    ),
    Var("calcite_precipitation", "mol m-2", "calcite precipitated in the soil", aggregate="sum"),
)
PURE_CALCITE = 0.0
MOL_PER_M3 = 1000.0  # mol kg-1 in mol m-3


@kernel
def begin(f):
    """Zero the amounts that are summed over the parts of a step."""
    f.gas_uptake = 0.0
    f.co2_leached = 0.0
    f.rock_dissolution = 0.0
    f.grain_dissolution = 0.0
    f.powder_dissolution = 0.0
    f.calcite_precipitation = 0.0


@kernel
def temperature_of_reactions(s):
    """Temperature (degC) of the soil's water and of that under it."""
    return max(s.temperature, 0.0)


@kernel
def rate_of_rock(p, f, temperature):
    """Rate constant of dissolution of the rock under the soil, d-1."""
    area = p.carbonate_share * p.area_to_volume
    return rate_constant(area, p.film_thickness, temperature, f.base_pco2_without_uptake, p.ca_factor)


@kernel
def rate_of_pool(p, s):
    """Rate constant of dissolution of pedogenic calcite, d-1."""
    return p.grain_rate if s.carbonate > 0.0 else 0.0


@kernel
def grains_matter(s, rock_rate, pool_rate):
    """Whether grains may run out in rock's stead: powder lies, or there is no carbonate rock."""
    return (rock_rate == 0.0 and pool_rate > 0.0) or powder.mass(s) > powder.NEGLIGIBLE_MASS


@kernel
def share_of_pool(pool_rate, rate, h):
    """Share of pedogenic calcite in what dissolves: rock and powder get what it leaves within `h` days."""
    return relaxed_share(pool_rate * h, 1.0) / relaxed_share(rate * h, 1.0) if rate > 0.0 else 0.0


@kernel
def step(p, s, f, dolomite, leaving, x, k, h):
    """React for `h` days; what enters the water is added to the step's fluxes.

    leaving  water that percolates in this part of the step, mm
    """
    water = s.pore_water
    if water.volume < MINIMUM_VOLUME:
        return
    temperature = temperature_of_reactions(s)
    set_temperature(k, temperature, k.constant_set)
    load_store(x, water, temperature)
    slope = f.base_pco2_slope * water.volume / h
    pressure = f.base_pco2_without_uptake
    rock_rate, pool_rate = rate_of_rock(p, f, temperature), rate_of_pool(p, s)
    powder_rate, powder_mg, exposure = 0.0, 0.0, 0.0
    if grains_matter(s, rock_rate, pool_rate):
        powder_mg = powder.composition(s)
        powder.set_pace(p, s, f, temperature, pressure)
        deficit = MOL_PER_M3 * rock_to_saturation(x, k, powder_mg, pressure)
        load_store(x, water, temperature)
        if deficit > 0.0:
            pool_rate, powder_rate, exposure = powder.mean_rates(s, f, rock_rate, pool_rate, deficit, h)
    rate = rock_rate + pool_rate + powder_rate
    # What dissolves has the mean composition of its sources.
    pool_share = share_of_pool(pool_rate, rate, h)
    powder_share = powder_rate / (powder_rate + rock_rate) if powder_rate > 0.0 else 0.0
    mg = (1.0 - pool_share) * (dolomite + powder_share * (powder_mg - dolomite))
    rock, gas = open_step(
        x,
        k,
        mg,
        pressure,
        slope,
        rate * h,
        p.calcite_rate * h,
        p.calcite_threshold,
        p.tail_start,
        p.tail_order,
    )
    book(p, s, f, rock, gas, pool_share, powder_share, exposure, dolomite, x, h, k.tracers)
    f.co2_leached += x.m_co2 * leaving
    remember(x, water)


@kernel
def book(p, s, f, rock, gas, pool_share, powder_share, exposure, dolomite, x, h, traced):
    """Bring rock and gas (mol kg-1) into the water; `x` has its carbon where `traced`. The rest as in `dissolve`."""
    taken_up, solid = gas * s.pore_water.volume, rock * s.pore_water.volume
    f.gas_uptake += taken_up
    if solid < 0.0:
        precipitate(s, f, -solid)
    else:
        dissolve(p, s, f, solid, pool_share, powder_share, exposure, dolomite, traced)
    apply(s.pore_water, 0.0, taken_up, PURE_CALCITE)
    if traced == 1.0:
        isotopes.react(p, s, f, solid, taken_up, x, h)


@kernel
def load_lane(w, lane, p, s, f, dolomite, h):
    """The soil's water, its laws and its gas for `h` days into a lane; where grains matter it is odd."""
    temperature = temperature_of_reactions(s)
    rock_rate, pool_rate = rate_of_rock(p, f, temperature), rate_of_pool(p, s)
    if grains_matter(s, rock_rate, pool_rate):
        w[lanes.ODD + lane] = 1.0
        return
    rate = rock_rate + pool_rate
    pool_share = share_of_pool(pool_rate, rate, h)
    lanes.load(w, lane, s.pore_water, temperature, (1.0 - pool_share) * dolomite)
    if lanes.is_sound(w, lane):
        w[lanes.OWN + lane] = pool_share
        law = p.tail_start, p.tail_order, p.calcite_threshold, p.calcite_rate * h
        lanes.set_law(w, lane, rate * h, *law)
        lane_joint.open_to(w, lane, s.pore_water, f.base_pco2_without_uptake, f.base_pco2_slope / h)


@kernel
def book_lane(w, lane, p, s, f, dolomite, leaving, x, h, traced):
    """Book what a lane has moved within `h` days into the soil's water, which keeps the lane's medium."""
    if traced == 1.0:
        lanes.show(w, lanes.MIDDLE, lane, x)
    rock, gas = w[lanes.ROCK_MOVED + lane], w[lanes.GAS_MOVED + lanes.MIDDLE + lane]
    book(p, s, f, rock, gas, w[lanes.OWN + lane], 0.0, 0.0, dolomite, x, h, traced)
    f.co2_leached += w[lane_store.OUT_CO2 + lane] * leaving
    lanes.keep(w, lane, s.pore_water)


@kernel
def react(tp, ts, tf, tile, part, first, count, scratch, w, v, constant_set, dt, traced):
    """One part of the step of `dt` days in the catchments first .. first + count - 1 that have so many parts.

    tp, ts, tf  tables of the tiles of all catchments, of which `tile` reacts
    scratch     (LANES,) records; w, v  scratch of `lane_dissolution.WORDS` numbers each
    """
    lanes.empty(w, count)
    for lane in range(count):
        parts = scratch[lane].parts
        if part < parts:
            p, s, f = tp[first + lane, tile], ts[first + lane, tile].soil, tf[first + lane, tile].soil
            load_lane(w, lane, p.soil, s, f, magnesium_share(p.epikarst.dolomite_share), dt / parts)
    lanes.prepare(w, constant_set, count)
    lane_joint.dissolve_open(w, v, constant_set, count, traced)
    for lane in range(count):
        parts = scratch[lane].parts
        if part < parts:
            p, s, f = tp[first + lane, tile], ts[first + lane, tile].soil, tf[first + lane, tile].soil
            x, k, h, leaving = scratch[lane].solution, scratch[lane].constants, dt / parts, f.excess / parts
            mg = magnesium_share(p.epikarst.dolomite_share)
            if lanes.is_sound(w, lane):
                book_lane(w, lane, p.soil, s, f, mg, leaving, x, h, k.tracers)
            else:
                step(p.soil, s, f, mg, leaving, x, k, h)


@kernel
def finish(s, f, dt):
    """Mean CO2 pressure at the soil base over the step, after what soil water took up; powder left."""
    f.base_pco2 = f.base_pco2_without_uptake - f.base_pco2_slope * f.gas_uptake / dt
    f.powder_left = powder.mass(s)


@kernel
def precipitate(s, f, calcite):
    """Calcite (mol m-2) from the water into the soil's pool."""
    f.calcite_precipitation += calcite
    s.carbonate += calcite
    apply(s.pore_water, -calcite, 0.0, PURE_CALCITE)


@kernel
def dissolve(p, s, f, solid, pool_share, powder_share, exposure, dolomite, traced):
    """Divide the solid that entered the water (mol m-2) between its sources and debit the grains.

    Pedogenic calcite that runs out within the step leaves its part to the others, powder to the rock.

    powder_share  of what pedogenic calcite leaves
    exposure      undersaturation to which powder was exposed, mol m-3 d (`powder.mean_rates`)
    traced        1 where isotopes and sources are carried
    """
    from_pool = min(pool_share * solid, s.carbonate)
    s.carbonate -= from_pool
    powder_mg = powder.composition(s)
    from_powder = powder.take(s, f, powder_share * (solid - from_pool), exposure)
    from_rock = max(
        solid - from_pool - from_powder, 0.0
    )  # grains that give all leave rounding of either sign
    f.grain_dissolution += from_pool + from_powder
    f.rock_dissolution += from_rock
    apply(s.pore_water, from_pool, 0.0, PURE_CALCITE)
    apply(s.pore_water, from_powder, 0.0, powder_mg)
    apply(s.pore_water, from_rock, 0.0, dolomite)
    if traced == 1.0:
        isotopes.dissolve(p, s, f, from_pool, from_powder, from_rock)

"""Surface water: a chain of well-mixed boxes below the spring, resolved within the day. One row per box.

All amounts are per square metre of the karst catchment, so that the budget of the whole catchment adds up.
"""

from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import Store, Var
from karstsim.processes.surface_water import (
    calcite,
    carbon,
    gas_exchange,
    hydraulics,
    isotopes,
    lane_carbon,
    nitrogen,
    organic,
    oxygen,
    photosynthesis,
    plants,
    temperature,
    tributary,
)
from karstsim.processes.surface_water.carbon import KG_PER_M3
from karstsim.processes.transport import clear, receive

NAME = "surface_water"
LEVEL = "box"
STATE = (
    Store("water", "water of the box"),
    Var("temperature", "degC", "water temperature of the box"),
    Var("plants", "mol m-2", "carbon of submerged plants"),
    Var("bed_calcite", "mol m-2", "calcite on the bed in reach of the water"),
    *isotopes.STATE,
    *tributary.STATE,
)
PROCESSES = (
    hydraulics,
    tributary,
    temperature,
    gas_exchange,
    photosynthesis,
    plants,
    organic,
    calcite,
    carbon,
    nitrogen,
    oxygen,
    isotopes,
)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)
CONSTRAINTS = tuple(c for process in PROCESSES for c in getattr(process, "CONSTRAINTS", ()))


@kernel
def step(
    params, states, fluxes, inflows, air_p, air_s, air_f, weather, first, count, scratch, waters, w, constant_set, dt,
    n_active,
):  # fmt: skip
    """One step of the chains of boxes of the catchments first .. first + count - 1, side by side.

    params, states, fluxes  tables (n, box), in downstream order
    inflows                 (n,) flow into the first box in this step (spring and surface runoff)
    air_p, air_s, air_f     (n,) parameters, state and fluxes of the atmosphere
    weather                 (LANES,) forcing of each lane
    scratch, waters, w      (LANES,) records; (LANES, box) solutions; `lane_carbon.WORDS` numbers

    The step is cut into sub-steps short enough for the diel cycle and for the flow of each catchment.
    """
    most, traced = 0, n_active > N_CORE
    for lane in range(count):
        i, k, t = first + lane, scratch[lane].constants, scratch[lane].substep
        scratch[lane].parts = open_chain(
            params[i], states[i], fluxes[i], inflows[i], air_p[i], air_f[i], weather[lane], k, t, dt, n_active
        )
        most = max(most, scratch[lane].parts)
    for j in range(most):
        for box in range(params.shape[1]):
            for lane in range(count):
                parts = scratch[lane].parts
                if j < parts:
                    i, t, forcing = first + lane, scratch[lane].substep, weather[lane]
                    p, s, f = (
                        params[i, box].surface_water,
                        states[i, box].surface_water,
                        fluxes[i, box].surface_water,
                    )
                    above = fluxes[i, max(box - 1, 0)].surface_water
                    time_of_day = forcing.day_fraction + (j + 0.5) * dt / parts
                    flow_in(p, s, f, box, above, inflows[i], air_f[i], forcing, t, parts, dt, n_active)
                    temperature.step(p, s, air_s[i], time_of_day)
                    if n_active > 0:
                        decay(p, s, f, t, time_of_day, dt / parts, traced)
            if n_active > 0:
                lane_carbon.step(
                    params,
                    states,
                    fluxes,
                    box,
                    j,
                    weather,
                    first,
                    count,
                    scratch,
                    waters,
                    w,
                    constant_set,
                    dt,
                    traced,
                )
            for lane in range(count):
                parts = scratch[lane].parts
                if j < parts:
                    i, t, x = first + lane, scratch[lane].substep, waters[lane, box]
                    p, s, f = (
                        params[i, box].surface_water,
                        states[i, box].surface_water,
                        fluxes[i, box].surface_water,
                    )
                    if n_active > 0:
                        settle(p, s, f, air_f[i].air_of, weather[lane], x, t, dt / parts, traced)
                    hydraulics.release_rest(s, f, n_active)


@kernel
def open_chain(params, states, fluxes, first_inflow, air_p, air_f, forcing, k, t, dt, n_active):
    """Begin the step of one chain, one row per box; returns into how many sub-steps it is cut."""
    for i in range(params.shape[0]):
        p, s, f = params[i].surface_water, states[i].surface_water, fluxes[i].surface_water
        begin(f, s, n_active)
        tributary.step(p, s, f, air_f, forcing, k, dt, n_active)
        receive(f.inflow, f.tributary, 1.0, n_active)
    n_sub = hydraulics.substeps(params, fluxes, first_inflow.volume, dt)
    photosynthesis.set_sun(t, air_p, air_f, forcing)
    receive(fluxes[0].surface_water.inflow, first_inflow, 1.0, n_active)
    t.spring_oxygen = oxygen.dissolved(
        first_inflow, 1.0 / n_sub, params[0].surface_water.spring_oxygen, forcing
    )
    return n_sub


@kernel
def flow_in(p, s, f, box, above, first_inflow, air_f, forcing, t, parts, dt, n_active):
    """Bring the water of one of `parts` sub-steps into a box, and let half of what leaves it out.

    above  fluxes of the box above, if it is not the first
    """
    hydraulics.weather(p, s, f, air_f, 1.0 / parts, n_active)
    if p.reservoir == 1:
        share = p.reservoir_area / (p.catchment_area * parts)
        oxygen.enter(s, f, oxygen.dissolved(air_f.precipitation, share, 1.0, forcing))
    from_above = above.released.volume if box > 0 else first_inflow.volume / parts
    hydraulics.geometry(p, s, f, from_above + f.tributary.volume / parts, dt / parts)
    # Half of the outflow is water as it was, half as it will be: what passes a box then errs by the second
    # order of the sub-step only, and a steady flow not at all.
    hydraulics.release_half(s, f, n_active)
    if box == 0:
        receive(s.water, first_inflow, 1.0 / parts, n_active)
        oxygen.enter(s, f, t.spring_oxygen)
    else:
        receive(s.water, above.released, 1.0, n_active)
        receive(f.inflow, above.released, 1.0, n_active)
    if f.tributary.volume > 0.0:
        receive(s.water, f.tributary, 1.0 / parts, n_active)
        oxygen.enter(s, f, oxygen.dissolved(f.tributary, 1.0 / parts, p.tributary_oxygen, forcing))


@kernel
def decay(p, s, f, t, time_of_day, h, traced):
    """Light of one box, and what decays and is respired in it in a sub-step of `h` days, before its carbonate reacts.

    The rest of its outflow leaves as the reactions leave it, so they last for it as for the water that stays: as much
    reacts as would in the latter alone. A steady state is then exact at any sub-step.
    """
    algae = KG_PER_M3 * s.water.sol.algae / s.water.volume if s.water.volume > 0.0 else 0.0
    t.light = photosynthesis.mean_light(p, f, algae, t, time_of_day)
    if traced:
        isotopes.note(s, f, t.before)
    t.stays = hydraulics.staying(s, f)
    h_water = h * t.stays
    warmth = organic.warmth(p, s.temperature)
    t.respired, t.aquatic = organic.step(p, s, f, warmth, h_water)
    by_plants = plants.step(p, s, f, warmth, h, h_water)
    t.respired += by_plants
    t.aquatic += by_plants
    t.respired_before = f.autotrophic_respiration


@kernel
def settle(p, s, f, air_of, forcing, x, t, h, traced):
    """What follows from the carbon assimilated in a box: nitrogen, burial, oxygen, isotopes."""
    grown = f.autotrophic_respiration - t.respired_before
    nitrogen.step(p, s, f, t.gross - grown, t.aquatic)
    calcite.bury(p, s, f, h)
    oxygen.step(p, s, f, t.gross, t.respired + grown, forcing, h, t.stays)
    if traced:
        isotopes.step(p, s, f, t, air_of, x)


@kernel
def begin(f, s, n_active):
    """Zero the amounts that are summed over the sub-steps."""
    clear(f.inflow, n_active)
    clear(f.outflow, n_active)
    clear(f.rain, n_active)
    f.evaporation = 0.0
    f.outgoing = 0.0
    carbon.begin(f, s)
    calcite.begin(f)
    organic.begin(f)
    plants.begin(f)
    nitrogen.begin(f)
    oxygen.begin(f)
    if n_active > N_CORE:
        isotopes.begin(f)

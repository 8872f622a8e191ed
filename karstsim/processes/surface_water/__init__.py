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
def step(params, states, fluxes, first_inflow, air_p, air_s, air_f, forcing, waters, k, t, dt, n_active):
    """One step of a chain of boxes, in sub-steps short enough for the diel cycle.

    params, states, fluxes  one row per box, in downstream order
    first_inflow            flow into the first box in this step (spring and surface runoff)
    air_p, air_s, air_f     parameters, state and fluxes of the atmosphere
    waters                  one scratch solution per box
    """
    for i in range(params.shape[0]):
        p, s, f = params[i].surface_water, states[i].surface_water, fluxes[i].surface_water
        begin(f, s, n_active)
        tributary.step(p, s, f, air_f, forcing, k, dt, n_active)
        receive(f.inflow, f.tributary, 1.0, n_active)
    if params.shape[0] == 0:
        return
    n_sub = hydraulics.substeps(params, fluxes, first_inflow.volume, dt)
    h = dt / n_sub
    photosynthesis.set_sun(t, air_p, air_f, forcing)
    receive(fluxes[0].surface_water.inflow, first_inflow, 1.0, n_active)
    spring_oxygen = oxygen.dissolved(
        first_inflow, 1.0 / n_sub, params[0].surface_water.spring_oxygen, forcing
    )
    for j in range(n_sub):
        time_of_day = forcing.day_fraction + (j + 0.5) * h
        for i in range(params.shape[0]):
            p, s, f = params[i].surface_water, states[i].surface_water, fluxes[i].surface_water
            hydraulics.weather(p, s, f, air_f, 1.0 / n_sub, n_active)
            if p.reservoir == 1:
                share = p.reservoir_area / (p.catchment_area * n_sub)
                oxygen.enter(s, f, oxygen.dissolved(air_f.precipitation, share, 1.0, forcing))
            from_above = fluxes[i - 1].surface_water.released.volume if i > 0 else first_inflow.volume / n_sub
            hydraulics.geometry(p, s, f, from_above + f.tributary.volume / n_sub, h)
            # Half of the outflow is water as it was, half as it will be: what passes a box then errs by the second
            # order of the sub-step only, and a steady flow not at all.
            hydraulics.release_half(s, f, n_active)
            if i == 0:
                receive(s.water, first_inflow, 1.0 / n_sub, n_active)
                oxygen.enter(s, f, spring_oxygen)
            else:
                receive(s.water, fluxes[i - 1].surface_water.released, 1.0, n_active)
                receive(f.inflow, fluxes[i - 1].surface_water.released, 1.0, n_active)
            if f.tributary.volume > 0.0:
                receive(s.water, f.tributary, 1.0 / n_sub, n_active)
                oxygen.enter(s, f, oxygen.dissolved(f.tributary, 1.0 / n_sub, p.tributary_oxygen, forcing))
            temperature.step(p, s, air_s, time_of_day)
            if n_active > 0:
                react(p, s, f, air_f.air_of, forcing, waters[i], k, t, time_of_day, h, j == 0)
            hydraulics.release_rest(s, f, n_active)


@kernel
def react(p, s, f, air_of, forcing, x, k, t, time_of_day, h, fresh):
    """Reactions of one sub-step of `h` days in one box, after its inflow and before the rest of its outflow.

    That rest leaves as the reactions leave it, so they last for it as for the water that stays: as much reacts as
    would in the latter alone. A steady state is then exact at any sub-step.
    """
    algae = KG_PER_M3 * s.water.sol.algae / s.water.volume if s.water.volume > 0.0 else 0.0
    light = photosynthesis.mean_light(p, f, algae, t, time_of_day)
    if k.tracers == 1.0:
        isotopes.note(s, f, t.before)
    stays = hydraulics.staying(s, f)
    h_water = h * stays
    warmth = organic.warmth(p, s.temperature)
    respired, aquatic = organic.step(p, s, f, warmth, h_water)
    by_plants = plants.step(p, s, f, warmth, h, h_water)
    respired += by_plants
    aquatic += by_plants
    before = f.autotrophic_respiration
    carbon.step(p, s, f, light, forcing, x, k, t, h_water, fresh)
    grown = f.autotrophic_respiration - before
    respired += grown
    nitrogen.step(p, s, f, t.gross - grown, aquatic)
    calcite.bury(p, s, f, h)
    oxygen.step(p, s, f, t.gross, respired, forcing, h, stays)
    if k.tracers == 1.0:
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

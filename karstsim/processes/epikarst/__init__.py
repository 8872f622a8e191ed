"""Epikarst: storage in the weathered rock, open dissolution, and the split of recharge. One row per land tile."""

from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import Store
from karstsim.processes.epikarst import (
    cascade,
    chemistry,
    compartments,
    event,
    hartmann_2015,
    isotopes,
    storage,
)
from karstsim.processes.soil import water
from karstsim.processes.transport import most_parts, release, turnover_parts

NAME = "epikarst"
HALF = 0.5
LEVEL = "tile"
STATE = (Store("water", "epikarst water"), *compartments.STATE)
PROCESSES = (storage, compartments, event, chemistry, isotopes)
PARAMS = tuple(p for process in PROCESSES for p in process.PARAMS)
FLUXES = tuple(v for process in PROCESSES for v in process.FLUXES)


@kernel
def settle(p, s, f, soil_p, soil_s, soil_f, demand, leaf_demand, dt, n_active):
    """Evapotranspiration, percolation, recharge and runoff of the step; the compartments are left as they will be.

    What runs on to soils comes out of what percolated in other compartments and out of water on bare rock, never out of
    the epikarst's store, so the tile's two stores see one percolation.

    demand, leaf_demand  potential evapotranspiration of the ground, and of leaves in it, mm
    """
    n = p.compartments
    soil_f.transpiration = 0.0
    soil_f.evapotranspiration, f.drained, f.concentrated_share = 0.0, 0.0, 0.0
    if p.concentration == compartments.CASCADE:
        percolated, ran_on, over = cascade.update(
            p, s, f, soil_p, soil_f, demand, leaf_demand, 1.0 - event.passing_share(p), dt
        )
    else:
        percolated, ran_on, over = hartmann_2015.update(p, s, f, soil_p, soil_f, demand, dt)
    f.concentrated_share = f.concentrated_share / f.drained if f.drained > 0.0 else 0.0
    soil_f.evapotranspiration /= n
    f.drained /= n
    f.overflowed = over / n
    net = (percolated - ran_on) / n
    if net < 0.0:
        release(soil_f.rock_runoff, soil_f.infiltration, soil_f.parcel, -net, n_active)
    soil_f.excess = max(net, 0.0)
    soil_f.transpiration /= n
    if s.layers == compartments.ONE:
        soil_f.transpiration = soil_f.evapotranspiration * soil_p.transpiration_share
    left = soil_s.pore_water.volume + water.arriving(soil_f)
    soil_f.final_volume = left - soil_f.evapotranspiration - soil_f.excess
    soil_f.evapotranspiration += soil_f.irrigation_loss


@kernel
def prepare(p, s, f, soil_p, soil_f, forcing, k, n_active):
    """Event water and vadose air of the step; nothing enters the store yet but water alone.

    soil_p, soil_f  the soil's parameters and fluxes: percolation, gas pressure at its base
    returns         into how many parts the step is cut, and the coupling of the vadose air to the soil's
    """
    passing = event.passing_share(p)
    event.divert(f, soil_f, passing, n_active)
    kept = 1.0 - passing
    arriving = kept * storage.begin(f, soil_f, n_active)
    if n_active == 0:  # water alone
        storage.enter(s, soil_f, kept, n_active)
        storage.drain(s, f, 1.0, n_active)
        return 1, 0.0
    coupling = chemistry.begin(p, f, soil_p, soil_f, forcing, k.tracers)
    return turnover_parts(arriving, s.water.volume), coupling


@kernel
def react(tp, ts, tf, tile, first, count, scratch, w, v, constant_set, dt, n_active):
    """Receive percolation and rock runoff, react with rock and vadose air, release the recharge and overflow settled.

    Half of what leaves does so before the reactions and half after them; on wet days the step is cut into parts.
    Tables as in `soil.react`.
    """
    traced = n_active > N_CORE
    for part in range(most_parts(scratch, count)):
        for lane in range(count):
            parts = scratch[lane].parts
            if part < parts:
                s, t = ts[first + lane, tile].epikarst, tf[first + lane, tile]
                kept = 1.0 - event.passing_share(tp[first + lane, tile].epikarst)
                storage.enter(s, t.soil, kept / parts, n_active)
                storage.drain(s, t.epikarst, HALF / parts, n_active)
        chemistry.react(tp, ts, tf, tile, part, first, count, scratch, w, v, constant_set, dt, traced)
        for lane in range(count):
            parts = scratch[lane].parts
            if part < parts:
                storage.drain(
                    ts[first + lane, tile].epikarst, tf[first + lane, tile].epikarst, HALF / parts, n_active
                )


@kernel
def finish(p, f, soil_p, soil_f, coupling, k, dt, n_active):
    """The vadose air of the step, and the split of the recharge."""
    if n_active > 0:
        chemistry.finish(p, f, soil_p, soil_f, coupling, dt, k.tracers)
    storage.divide(f, event.share_of_stored(event.passing_share(p), f.concentrated_share), n_active)
    event.join(p, f, n_active)

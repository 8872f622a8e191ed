"""One step: the order of the coupling. And the compiled driver that takes it with up to eight catchments side by side.

The order is that of design notes 3.3: atmosphere, then for every tile vegetation, soil, epikarst and cave, then the
aquifer under all tiles, the surface water below the spring, and the books. Where waters react (`soil.react`,
`epikarst.react`, `aquifer.react`) they do so together, in lanes; between, each catchment goes on by itself.
"""

import numpy as np

from karstsim.chemistry.lane_medium import LANES
from karstsim.core.jit import driver, kernel, uncounted
from karstsim.core.solutes import N_CORE
from karstsim.model import books, isotope_books
from karstsim.processes import (
    aquifer,
    atmosphere,
    cave,
    decay,
    epikarst,
    lane_dissolution,
    sinking_stream,
    soil,
    surface_water,
    tracers,
    vegetation,
)
from karstsim.processes.aquifer import conduit_air
from karstsim.processes.atmosphere import co2_box
from karstsim.processes.atmosphere import isotopes as air_isotopes
from karstsim.processes.cave import isotopes as cave_isotopes
from karstsim.processes.dissolution import magnesium_share
from karstsim.processes.epikarst import compartments
from karstsim.processes.soil import gas
from karstsim.processes.soil import isotopes as soil_isotopes
from karstsim.processes.soil.sarrazin_2018 import leaf_demand
from karstsim.processes.transport import assign, clear, receive
from karstsim.processes.vegetation import isotopes as plant_isotopes
from karstsim.processes.vegetation import root_bicarbonate

MEAN, SUM, MINIMUM, MAXIMUM, LAST = 0, 1, 2, 3, 4


@kernel
def land_above(cp, cs, p, s, f, air_f, forcing, x, k, dt, n_active):
    """One land tile from the canopy down to the water that will percolate; amounts per area of the tile.

    cp, cs   parameters and state of the catchment; p, s, f  parameters, state and fluxes of the tile
    returns  into how many parts the step of the soil is cut
    """
    ground, air_s = cs.aquifer.matrix, cs.atmosphere
    mobile = max(ground.volume - cp.aquifer.matrix_immobile, 0.0)
    stress = compartments.begin(p.epikarst, s.epikarst, f.epikarst, p.soil, s.soil, n_active)
    soil.temperature.step(p.soil, s.soil, forcing, dt)
    warmth = s.soil.temperature
    vegetation.step(
        p.vegetation, s.vegetation, f.vegetation, air_s, air_f, stress, warmth, forcing, dt, n_active
    )
    v = f.vegetation
    demand = v.potential_evapotranspiration - v.canopy_evaporation
    leaves = leaf_demand(p.vegetation.fpar, v.potential_evapotranspiration, v.canopy_evaporation)
    area = s.tile.area_fraction
    traced = n_active > N_CORE
    if traced:
        soil_isotopes.begin(s.soil, f.soil, air_f, forcing)
    soil.receive_water(
        p.soil, s.soil, f.soil, v.throughfall, ground, mobile, area, forcing, x, k, dt, n_active
    )
    epikarst.settle(p.epikarst, s.epikarst, f.epikarst, p.soil, s.soil, f.soil, demand, leaves, dt, n_active)
    if n_active > 0:
        root_bicarbonate.step(p.vegetation, s.vegetation, v, s.soil.pore_water, f.soil.transpiration)
    if traced:
        plant_isotopes.keep_bicarbonate(s.vegetation, v, s.soil.pore_water)
    return soil.prepare(p.soil, s.soil, f.soil, v, forcing, v.root_respiration, dt, n_active)


@kernel
def land_between(p, s, f, forcing, k, dt, n_active):
    """Close the step of the soil and begin that of the epikarst under it.

    returns  into how many parts its step is cut, and the coupling of the vadose air to the soil's
    """
    if n_active > 0:
        soil.finish(s.soil, f.soil, dt, n_active)
    return epikarst.prepare(p.epikarst, s.epikarst, f.epikarst, p.soil, f.soil, forcing, k, n_active)


@kernel
def land_below(cs, p, s, f, coupling, forcing, t, k, dt, n_active):
    """Close the step of the epikarst and begin that of the caves under it.

    t  record of the drip (`cave.begin`)
    """
    epikarst.finish(p.epikarst, f.epikarst, p.soil, f.soil, coupling, k, dt, n_active)
    if n_active == 0:
        return
    if n_active > N_CORE:
        cave_isotopes.begin(f.cave, f.soil, f.epikarst)
    recharge, vadose = f.epikarst.diffuse_recharge, f.epikarst.air_pco2
    drawable = gas.available(f.soil, taken_up(f))
    warmth = cs.atmosphere.air_temperature_year
    cave.begin(p.cave, s.cave, f.cave, recharge, vadose, drawable, warmth, forcing, t, k, dt, n_active)


@kernel
def taken_up(f):
    """CO2 of the soil that soil and epikarst water of a tile took up in the step, mol m-2."""
    return f.soil.gas_uptake + f.epikarst.gas_uptake - f.epikarst.open_air_uptake


@kernel
def land_end(cp, cs, cf, p, s, f, t, k, n_active):
    """Close the step of the caves, vent the soil's air, and bring what is left to the aquifer and the streams."""
    if n_active > 0:
        cave.finish(p.cave, s.cave, f.cave, f.epikarst.diffuse_recharge, t, k, n_active)
        uptake = taken_up(f) - f.cave.fissure_degassing_to_vadose
        gas.settle(p.soil, s.soil, f.soil, uptake)
        gas.vent(f.soil, uptake, f.cave.drawn_soil_co2)
    if n_active > N_CORE:
        soil_isotopes.vent(p.soil, s.soil, f.soil, f.cave)
    gather(cp, cf, s.tile.area_fraction, p, f, n_active)
    books.flag_high_co2(cs.catchment, f.soil.base_pco2_without_uptake)
    books.flag_waters(cs.catchment, 0.0, s.soil.pore_water.ionic_strength)


@kernel
def gather(cp, f, area, tp, t, n_active):
    """Bring the water of one tile to the aquifer and to surface runoff, weighted with the tile's area."""
    aquifer.gather(cp.aquifer, f.aquifer, area, tp.epikarst, t.epikarst, n_active)
    f.aquifer.rock_d13c += area * tp.soil.rock_d13c
    receive(f.catchment.surface_runoff, t.epikarst.overflow, area, n_active)
    books.summarise_land(f.catchment, area, t)


@kernel
def conduit_weight(releasing, area, f):
    """Part of a tile's caves in what the conduit exchanges: by their air, or by its CO2 where water takes it up."""
    if f.air_rise <= 0.0:
        return 0.0
    return area / f.air_rise if releasing else area / f.air_rise * f.air_offered


@kernel
def open_conduit(cf, ts, tf):
    """Give the conduit the mixed air of the caves under all tiles."""
    air, co2 = 0.0, 0.0
    for i in range(ts.shape[0]):
        area = ts[i].tile.area_fraction
        air += conduit_weight(True, area, tf[i].cave)
        co2 += conduit_weight(False, area, tf[i].cave)
    conduit_air.begin(cf.aquifer, air, co2)


@kernel
def mix_cave_air(cf, ts, tf):
    """The tracers of that air, before and after conduit water is under it."""
    tracers.empty(cf.aquifer.cave_air_of)
    for i in range(ts.shape[0]):
        offered = conduit_weight(False, ts[i].tile.area_fraction, tf[i].cave)
        held = tracers.total(ts[i].cave.air_of)
        if held > 0.0:
            weight = cf.aquifer.conduit_air_slope * offered / held
            tracers.add(cf.aquifer.cave_air_of, ts[i].cave.air_of, weight)
    tracers.empty(cf.aquifer.cave_air_before)
    tracers.add(cf.aquifer.cave_air_before, cf.aquifer.cave_air_of, 1.0)


@kernel
def return_tracers(cf, ts, tf):
    """Each cave gives of its own air what conduit water takes one way; what comes back is mixed.

    With one mixture both ways a cave would pay with CO2 of sources that its air does not have.
    """
    a = cf.aquifer
    releasing = a.conduit_gas_uptake <= 0.0
    total, offered = 0.0, 0.0
    for i in range(ts.shape[0]):
        total += conduit_weight(releasing, ts[i].tile.area_fraction, tf[i].cave)
        offered += conduit_weight(False, ts[i].tile.area_fraction, tf[i].cave)
    if not total > 0.0:
        return
    taken = min(a.conduit_swapped, offered) / offered if offered > 0.0 else 0.0  # of what the caves offer
    returned = taken * offered - a.conduit_gas_uptake
    for i in range(ts.shape[0]):
        area = ts[i].tile.area_fraction
        if area <= 0.0:
            continue
        gives = taken * conduit_weight(False, area, tf[i].cave)
        gets = gives - a.conduit_gas_uptake * conduit_weight(releasing, area, tf[i].cave) / total
        own = tracers.total(ts[i].cave.air_of)
        tracers.empty(a.gas_of)
        if own > 0.0:
            tracers.add(a.gas_of, ts[i].cave.air_of, -gives / own)
        if returned > 0.0 and a.conduit_air_slope > 0.0:
            share = gets / returned
            tracers.add(a.gas_of, a.cave_air_before, share * taken / a.conduit_air_slope)
            tracers.add(a.gas_of, a.conduit_uptake_of, -share)
        cave_isotopes.receive(ts[i].cave, tf[i].cave, a.gas_of, 1.0 / area)


@kernel
def close_conduit(cf, ts, tf):
    """Bring what conduit water gave off to the caves, or take what it took up."""
    released = -cf.aquifer.conduit_gas_uptake
    if released == 0.0:
        return
    releasing = released > 0.0
    total = 0.0
    for i in range(ts.shape[0]):
        total += conduit_weight(releasing, ts[i].tile.area_fraction, tf[i].cave)
    for i in range(ts.shape[0]):
        area = ts[i].tile.area_fraction
        share = conduit_weight(releasing, area, tf[i].cave) / total
        if share > 0.0:
            vented = cave.receive_co2(ts[i].cave, tf[i].cave, released * share / area)
            cf.catchment.cave_ventilation += area * vented


@kernel
def fill_box(cp, cs, forcing, n_active):
    """Fill a box of air that has just been made."""
    cs.catchment.stock.carbon += co2_box.fill(cp.atmosphere, cs.atmosphere, forcing)
    if n_active > N_CORE:
        c13, c14 = air_isotopes.fill_box(cp.atmosphere, cs.atmosphere, forcing)
        cs.catchment.stock.carbon_13 += c13
        cs.catchment.stock.carbon_14 += c14


@kernel
def begin(cp, cs, cf, forcing, x, k, dt, n_active):
    """Begin the step of one catchment, whose books are open: its weather.

    cp, cs, cf  parameters, state, fluxes of the catchment
    forcing     a forcing record of its own, into which the CO2 of its box of air is written, where there is one
    x, k        scratch: solution, constants
    """
    f = cf.catchment
    co2_box.look(cp.atmosphere, cs.atmosphere, cf.atmosphere, forcing)
    if n_active > N_CORE:
        air_isotopes.look(cp.atmosphere, cs.atmosphere, forcing)
    books.begin(f)
    x.unsolved = 0.0
    atmosphere.step(cp.atmosphere, cs.atmosphere, cf.atmosphere, forcing, k, dt, n_active)
    aquifer.empty(cf.aquifer, n_active)
    clear(f.surface_runoff, n_active)


@kernel
def open_books(ledger, cs, tp, ts, bs, n_active):
    """Open the books of one catchment; tp, ts a row per land tile, bs a row per surface-water box."""
    take_stock(ledger, cs, tp, ts, bs, n_active)
    books.open_books(ledger, cs.catchment)


@kernel
def take_streams(cf, ap, a_s, af, forcing, k, dt, n_active):
    """Bring the sinking streams of one catchment, a row each, to its aquifer."""
    for i in range(ap.shape[0]):
        p, s, stream = ap[i].sinking_stream, a_s[i].sinking_stream, af[i].sinking_stream
        sinking_stream.step(p, s, stream, cf.aquifer, cf.atmosphere, forcing, k, dt, n_active)


@kernel
def bring_cave_air(cf, ts, tf, n_active):
    """The air of the caves under all tiles, a row each, over the conduit of one catchment."""
    open_conduit(cf, ts, tf)
    if n_active > N_CORE:
        mix_cave_air(cf, ts, tf)


@kernel
def emerge(cp, cs, cf, ts, tf, af, forcing, n_active):
    """All the water that leaves the land of one catchment; ts, tf a row per tile, af a row per sinking stream."""
    f = cf.catchment
    if n_active > N_CORE:
        aquifer.isotopes.read_spring(cs.aquifer, cf.aquifer, forcing.co2_c14)
    if n_active > 0:
        close_conduit(cf, ts, tf)
    for i in range(af.shape[0]):
        sinking_stream.count(cf.aquifer, af[i].sinking_stream, n_active)
    if n_active > N_CORE:
        return_tracers(cf, ts, tf)
    assign(f.runoff, cf.aquifer.spring, 1.0, n_active)
    receive(f.surface_runoff, cf.aquifer.unswallowed, 1.0, n_active)
    receive(f.runoff, f.surface_runoff, 1.0, n_active)


@kernel
def close(cp, cs, cf, tp, ts, tf, bs, bf, forcing, x, waters, ledger, dt, n_active):
    """Close the step of one catchment and its books.

    bs, bf  state and fluxes, one row per surface-water box; waters  scratch: one solution per box
    """
    f = cf.catchment
    n_boxes = bs.shape[0]
    if n_boxes > 0:
        assign(f.export, bf[n_boxes - 1].surface_water.outflow, 1.0, n_active)
    else:
        assign(f.export, f.runoff, 1.0, n_active)
    cs.catchment.unsolved_waters += x.unsolved
    for i in range(n_boxes):
        cs.catchment.unsolved_waters += waters[i].unsolved
        waters[i].unsolved = 0.0
        books.flag_waters(cs.catchment, bf[i].surface_water.ph_max, bs[i].surface_water.water.ionic_strength)
    if n_active > N_CORE:
        f.decayed_14c = decay.step(cs, ts, bs, dt)
    audit(cp, cs, cf, tp, ts, tf, bs, bf, forcing, ledger, dt, n_active)


@kernel
def take_stock(ledger, cs, tp, ts, bs, n_active):
    """Count all stores."""
    books.take_stock(ledger.stock, cs, ts, bs, n_active)
    if n_active > N_CORE:
        isotope_books.take_stock(ledger.stock, tp, ts, bs)


@kernel
def audit(cp, cs, cf, tp, ts, tf, bs, bf, forcing, ledger, dt, n_active):
    """Close the books of the step; what the catchment took from the air is known here, and the box of air pays."""
    books.clear_ledger(ledger)
    if n_active > N_CORE:
        isotope_books.boundary(ledger, cf, ts, tf, bf)
    books.enter_rain(ledger, cf.atmosphere.precipitation, n_active)
    for i in range(tp.shape[0]):
        mg = magnesium_share(tp[i].epikarst.dolomite_share)
        books.land_boundary(ledger, ts[i].tile.area_fraction, tp[i], tf[i], mg, n_active)
    books.aquifer_boundary(ledger, cf.aquifer, magnesium_share(cp.aquifer.dolomite_share), n_active)
    for i in range(bs.shape[0]):
        books.water_boundary(ledger, bf[i].surface_water, n_active)
        books.summarise_water(cf.catchment, bf[i].surface_water)
    books.enter(ledger, cf.catchment.export, -1.0, n_active)
    books.summarise_aquifer(cf.catchment, cf.aquifer, cs.aquifer, cf.atmosphere.precipitation)
    air = cf.atmosphere
    harvest = cf.catchment.harvest + cf.catchment.aquatic_harvest
    co2_box.settle(cp.atmosphere, cs.atmosphere, air, ledger.from_air, harvest, forcing, dt)
    if n_active > N_CORE:
        air_isotopes.settle(cp.atmosphere, cs.atmosphere, air, ledger.from_air_of, ledger.harvest_of, forcing)
    books.air_boundary(ledger, cp.atmosphere, air)
    take_stock(ledger, cs, tp, ts, bs, n_active)
    if n_active > N_CORE:
        cf.catchment.gap_of_tags = isotope_books.gap_of_tags(cs, ts, bs)
    books.close(ledger, cs.catchment, cf.catchment, n_active)


@kernel
def accumulate(tables, column, selection, output, period, fresh):
    """Add the selected floats of one catchment to its running aggregate.

    tables     float views of the state and flux tables, each (column, row, float)
    selection  (variable, 4): table, row, offset, how
    output     (column, period, variable)
    fresh      whether the period begins with this step
    """
    for v in range(selection.shape[0]):
        value = tables[selection[v, 0]][column, selection[v, 1], selection[v, 2]]
        how = selection[v, 3]
        if fresh or how == LAST:
            output[column, period, v] = value
        elif how == MINIMUM:
            output[column, period, v] = min(output[column, period, v], value)
        elif how == MAXIMUM:
            output[column, period, v] = max(output[column, period, v], value)
        else:
            output[column, period, v] += value


@driver
def run(
    cp, cs, cf, tp, ts, tf, bp, bs, bf, ap, a_s, af, forcing, forcing_row, scratch, w, v, waters, weather, ledger,
    dt, constant_set, n_active, tables, periods, selections, outputs,
):  # fmt: skip
    """Step all catchments through one window of forcing, aggregating the selected outputs on the way.

    cp .. af     record tables: catchment (n,), tile (n, n_tiles), box (n, n_boxes), sinking stream (n, n_streams);
                 states and fluxes are updated
    forcing      (n_forcing, n_steps) records; forcing_row (n,) says which row drives a catchment
    scratch      (LANES,) solution, constants, sub-step records, parts, coupling, drip;
                 w, v (`lane_carbon.WORDS`,) floats; waters (LANES, n_boxes) solutions;
                 weather (LANES,) forcing records; ledger (1,) books
    tables       float views of cs, cf, ts, tf, bs, bf, a_s, af as (n, rows, floats)
    periods      (4, n_steps): output period of every step for daily (0), monthly (1), annual (2), step (3)
    selections   four (n_variables, 4) tables, see `accumulate`; outputs four (n, n_periods, n_variables)

    Means are left as sums: the caller divides by the number of steps. Eight catchments go through a step side by side,
    and their waters react in lanes. Catchments never talk to each other, so the result does not depend on how they
    are divided into blocks.
    """
    for lane in range(LANES):
        k = scratch[lane].constants
        k.ready = 0.0
        k.constant_set = constant_set
        k.tracers = 1.0 if n_active > N_CORE else 0.0
    lane_dissolution.make_ready(w)
    lane_dissolution.make_ready(v)
    ledger_row = ledger[0]
    wanted = np.zeros(len(selections), np.int64)
    for o in range(len(selections)):
        wanted[o] = selections[o].shape[0]
    cp, cs, cf, forcing = uncounted(cp), uncounted(cs), uncounted(cf), uncounted(forcing)
    tp, ts, tf = uncounted(tp), uncounted(ts), uncounted(tf)
    bp, bs, bf = uncounted(bp), uncounted(bs), uncounted(bf)
    ap, a_s, af = uncounted(ap), uncounted(a_s), uncounted(af)
    scratch, w, v = uncounted(scratch), uncounted(w), uncounted(v)
    waters, weather = uncounted(waters), uncounted(weather)
    for first in range(0, cp.shape[0], LANES):
        count = min(LANES, cp.shape[0] - first)
        for j in range(forcing.shape[1]):
            for lane in range(count):
                i, x, k = first + lane, scratch[lane].solution, scratch[lane].constants
                weather[lane] = forcing[forcing_row[i], j]
                fill_box(cp[i], cs[i], weather[lane], n_active)
                if cs[i].catchment.opened == 0.0:
                    open_books(ledger_row, cs[i], tp[i], ts[i], bs[i], n_active)
                begin(cp[i], cs[i], cf[i], weather[lane], x, k, dt, n_active)
            for tile in range(tp.shape[1]):
                for lane in range(count):
                    i, x, k = first + lane, scratch[lane].solution, scratch[lane].constants
                    p, s, f = tp[i, tile], ts[i, tile], tf[i, tile]
                    scratch[lane].parts = land_above(
                        cp[i], cs[i], p, s, f, cf[i].atmosphere, weather[lane], x, k, dt, n_active
                    )
                if n_active > 0:
                    soil.react(tp, ts, tf, tile, first, count, scratch, w, v, constant_set, dt, n_active)
                for lane in range(count):
                    i, k = first + lane, scratch[lane].constants
                    p, s, f = tp[i, tile], ts[i, tile], tf[i, tile]
                    scratch[lane].parts, scratch[lane].coupling = land_between(
                        p, s, f, weather[lane], k, dt, n_active
                    )
                if n_active > 0:
                    epikarst.react(tp, ts, tf, tile, first, count, scratch, w, v, constant_set, dt, n_active)
                for lane in range(count):
                    i, t, k = first + lane, scratch[lane].drip, scratch[lane].constants
                    p, s, f, coupling = tp[i, tile], ts[i, tile], tf[i, tile], scratch[lane].coupling
                    land_below(cs[i], p, s, f, coupling, weather[lane], t, k, dt, n_active)
                if n_active > 0:
                    cave.react_lanes(
                        tp, ts, tf, tile, first, count, scratch, w, constant_set, dt, n_active > N_CORE
                    )
                for lane in range(count):
                    i, t, k = first + lane, scratch[lane].drip, scratch[lane].constants
                    land_end(cp[i], cs[i], cf[i], tp[i, tile], ts[i, tile], tf[i, tile], t, k, n_active)
            for lane in range(count):
                i, k = first + lane, scratch[lane].constants
                p, s, f = cp[i].aquifer, cs[i].aquifer, cf[i].aquifer
                if ap.shape[1] > 0:
                    take_streams(cf[i], ap[i], a_s[i], af[i], weather[lane], k, dt, n_active)
                if n_active > 0:
                    bring_cave_air(cf[i], ts[i], tf[i], n_active)
                scratch[lane].parts = aquifer.flow(
                    p, s, f, cs[i].atmosphere, cf[i].atmosphere, weather[lane], k, dt, n_active
                )
            aquifer.react(cp, cs, cf, first, count, scratch, w, constant_set, dt, n_active)
            aquifer.emerge(cp, cs, cf, first, count, scratch, w, constant_set, n_active)
            for lane in range(count):
                i = first + lane
                emerge(cp[i], cs[i], cf[i], ts[i], tf[i], af[i], weather[lane], n_active)
            if bp.shape[1] > 0:
                runoff = cf["catchment"]["runoff"]
                surface_water.step(
                    bp, bs, bf, runoff, cp["atmosphere"], cs["atmosphere"], cf["atmosphere"], weather, first, count,
                    scratch, waters, w, constant_set, dt, n_active,
                )  # fmt: skip
            for lane in range(count):
                i, x = first + lane, scratch[lane].solution
                close(
                    cp[i], cs[i], cf[i], tp[i], ts[i], tf[i], bs[i], bf[i], weather[lane], x, waters[lane], ledger_row,
                    dt, n_active,
                )  # fmt: skip
            for o in range(len(selections)):
                if wanted[o] > 0:
                    period = periods[o, j]
                    fresh = j == 0 or periods[o, j - 1] != period
                    for i in range(first, first + count):
                        accumulate(tables, i, selections[o], outputs[o], period, fresh)

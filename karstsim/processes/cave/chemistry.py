"""The drip water's way from the epikarst to the floor: fissures, ceiling, drip. Side by side in lanes, or one by one.

The water is looked at, loses CO2 and calcite in the fissures (`prior_precipitation`), is read at the ceiling,
loses CO2 and calcite in the cave (`drip`), and is read on the floor. Up to eight catchments do so in lanes
(`lane_reading`); a water that the lanes cannot solve goes on by the scalar kernels from where it was booked last.
"""

from karstsim.chemistry import lane_store as ls
from karstsim.chemistry.constants import set_temperature
from karstsim.chemistry.speciation import Mode, speciate
from karstsim.core.jit import kernel
from karstsim.core.spec import record_dtype
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes import lane_reading
from karstsim.processes.cave import drip, isotopes, prior_precipitation, readings
from karstsim.processes.cave.calcite import grow
from karstsim.processes.dissolution import LEAST_PRESSURE, load

ALK_DIC = int(Mode.ALK_DIC)
# How far the drip water of a step has come: `stage` of its record.
DONE, ABOVE, CEILING = 0.0, 1.0, 2.0
# What a lane's next solve is for: nothing, the water beside its air as it is, calcite to saturation, the water that is
# left. `grows` of the record.
NOT, LOOKS, SATURATES, LEAVES = 0.0, 1.0, 2.0, 3.0
MOST_SOLVES = 3
# What a step knows of a tile's cave and drip, from `cave.begin` to `cave.finish`.
DRIP_DTYPE = record_dtype(
    [
        ("stage", "f8"),
        ("temperature", "f8"),  # degC
        ("air_c14", "f8"),  # of the open air
        (
            "after",
            "f8",
        ),  # CO2 in the air at the end of the step but for what water releases, mol m-2 of the tile
        ("kept", "f8"),  # share of a source within the step that is still there at its end
        ("rise", "f8"),  # of the mean CO2 pressure per CO2 released, atm m2 mol-1
        ("mean_pressure", "f8"),  # CO2 pressure with what the fissures have released, atm
        ("released", "f8"),  # CO2 given to the cave's air, mol m-2 of the tile
        (
            "pressure",
            "f8",
        ),  # of the air beside the lane's water (atm), its rise per CO2 released (atm kg mol-1)
        ("slope", "f8"),
        ("grows", "f8"),
        ("share", "f8"),  # of the calcite above saturation that is lost
        ("ca", "f8"),  # calcium before, calcite and CO2 lost since the water was booked, mol kg-1
        ("taken", "f8"),  # a first guess of what saturates the lane's water, already out of it
        ("lost", "f8"),
        ("gas", "f8"),
    ]
)


@kernel
def react(p, s, f, t, x, k, dt):
    """Let one drip water react from where it is (``t.stage``) to the floor, by the scalar kernels."""
    set_temperature(k, t.temperature, k.constant_set)
    load(x, f.drip, t.temperature)
    x.ph = s.ceiling.ph
    x.ionic_strength = s.ceiling.ionic_strength
    speciate(x, k, ALK_DIC)
    x.resume = 1.0  # all that follows is this water's
    traced = k.tracers == 1.0
    if t.stage == ABOVE and is_under_air(s, f, t, x):
        released = prior_precipitation.step(p, s, f, t.rise, x, k)
        reach_ceiling(p, s, f, t, released, x, dt, traced)
    if t.stage == CEILING:
        lost, gas = grow(x, k, t.pressure, t.slope, t.share)
        reach_floor(p, s, f, t, lost, gas, x, traced)


@kernel
def is_under_air(s, f, t, x):
    """Whether the air holds CO2 to be in equilibrium with; without, the water, speciated in `x`, passes as it is."""
    if f.air_pco2 < LEAST_PRESSURE:
        readings.note(s.ceiling, x)
        readings.note(s.floor, x)
        t.stage = DONE
    return t.stage != DONE


@kernel
def air_of_drip(t, pco2):
    """CO2 pressure (atm) of the air that a drop of the pressure `pco2` meets, once the fissures have given theirs.

    A drop below the step's mean takes CO2 up: no more than the air has at the end of the step. Where the air is then
    below the drop as well, neither gives: a drop just below the mean and one just above lose the same.
    """
    if not pco2 < t.mean_pressure:
        return t.mean_pressure
    at_end = min(t.mean_pressure, t.rise * (t.after / t.kept + t.released))
    return at_end if at_end < LEAST_PRESSURE else max(at_end, pco2)


@kernel
def reach_ceiling(p, s, f, t, released, x, dt, traced):
    """Read the water, in `x`, that has given `released` (mol m-2) to the cave; the air that it meets as a drip."""
    if traced:
        isotopes.fissures(p, s, f, t.kept, x)
    t.released = released
    t.mean_pressure = f.air_pco2 + t.rise * released
    readings.note(s.ceiling, x)
    drip.count(p, f, dt)
    f.air_pco2 = air_of_drip(t, x.pco2)
    if f.air_pco2 < LEAST_PRESSURE:
        f.air_pco2 = t.mean_pressure
        readings.note(s.floor, x)
        t.stage = DONE
        return
    t.stage = CEILING
    t.pressure, t.slope = f.air_pco2, t.rise * f.drip.volume
    t.share = drip.part_lost(p, f, t.temperature)


@kernel
def reach_floor(p, s, f, t, lost, gas, x, traced):
    """Book what a kg of the drip has lost, and read what is left, in `x`."""
    degassed = drip.book(p, s, f, lost, gas)
    if traced:
        isotopes.drips(s, f, t.kept, x, t.air_c14)
    f.air_pco2 = t.mean_pressure + t.rise * degassed
    readings.note(s.floor, x)
    t.released += degassed
    t.stage = DONE


@kernel
def react_lanes(tp, ts, tf, tile, first, count, scratch, w, constant_set, dt, traced):
    """Let the drips of one tile of the catchments first .. first + count - 1 react, side by side.

    tp, ts, tf  tables (n, n_tiles) of all catchments; scratch (LANES,) records, ``drip`` as `cave.begin` left it;
                w scratch of `lane_dissolution.WORDS` numbers
    """
    lanes.empty(w, count)
    for lane in range(count):
        t, s, f = scratch[lane].drip, ts[first + lane, tile].cave, tf[first + lane, tile].cave
        if t.stage == ABOVE:
            known = s.ceiling.ph, s.ceiling.ionic_strength, s.ceiling.pco2
            lane_reading.load(w, lane, f.drip, t.temperature, *known)
    lanes.prepare(w, constant_set, count)
    for lane in range(count):
        if lanes.is_sound(w, lane):
            lane_reading.close(w, lane)
    lane_reading.solve(w, constant_set, count)
    for lane in range(count):
        if lanes.is_sound(w, lane):
            p, s, f = tp[first + lane, tile].cave, ts[first + lane, tile].cave, tf[first + lane, tile].cave
            _enter(w, lane, p, s, f, scratch[lane].drip, scratch[lane].solution)
    lane_reading.solve(w, constant_set, count)
    for lane in range(count):
        if lanes.is_sound(w, lane):
            _descend(w, lane, tp[first + lane, tile].cave, scratch[lane].drip)
    _grow(w, scratch, constant_set, count)
    for lane in range(count):
        if lanes.is_sound(w, lane):
            p, s, f = tp[first + lane, tile].cave, ts[first + lane, tile].cave, tf[first + lane, tile].cave
            _drip(w, lane, p, s, f, scratch[lane].drip, scratch[lane].solution, dt, traced)
    _grow(w, scratch, constant_set, count)
    for lane in range(count):
        p, s, f = tp[first + lane, tile].cave, ts[first + lane, tile].cave, tf[first + lane, tile].cave
        t, x = scratch[lane].drip, scratch[lane].solution
        if lanes.is_sound(w, lane):
            lane_reading.show(w, lane, x)
            reach_floor(p, s, f, t, t.lost, t.gas, x, traced)
        elif t.stage != DONE:
            react(p, s, f, t, x, scratch[lane].constants, dt)


@kernel
def _enter(w, lane, p, s, f, t, x):
    """Ask for the water beside the air of the fissures, if it loses anything there."""
    lane_reading.show(w, lane, x)
    t.ca, t.lost, t.gas, t.grows, t.pressure = x.ca, 0.0, 0.0, NOT, 0.0
    if not is_under_air(s, f, t, x):
        w[lanes.RUNS + lane] = 0.0
        return
    t.pressure, t.slope = prior_precipitation.enter(p, s, f, t.rise, x.pco2)
    if t.pressure > 0.0:
        lane_reading.beside_gas(w, lane, t.pressure, t.slope)


@kernel
def _descend(w, lane, p, t):
    """Ask for calcite where the water of the fissures has degassed to above their threshold."""
    if t.pressure > 0.0:
        t.gas = lane_reading.released(w, lane)
        t.share = prior_precipitation.part_lost(p, lane_reading.calcite_index(w, lane))
        if t.share > 0.0:
            t.pressure += t.slope * t.gas
            _ask_calcite(w, lane, t)


@kernel
def _drip(w, lane, p, s, f, t, x, dt, traced):
    """Book what the water has lost in the fissures; ask for the calcite of the drip."""
    lane_reading.show(w, lane, x)
    released = 0.0
    if t.pressure > 0.0:
        released = prior_precipitation.book(p, s, f, t.lost, t.gas, t.ca)
    reach_ceiling(p, s, f, t, released, x, dt, traced)
    if t.stage == DONE:
        w[lanes.RUNS + lane] = 0.0
        return
    t.lost, t.gas = 0.0, 0.0
    if lane_reading.expected_omega(w, lane, t.pressure) < 1.0:
        t.grows = LOOKS
        lane_reading.beside_gas(w, lane, t.pressure, t.slope)
    else:
        _ask_calcite(w, lane, t)


@kernel
def _ask_calcite(w, lane, t):
    """Ask for the calcite that saturates the lane's water beside its air."""
    t.grows = SATURATES
    t.taken = lane_reading.saturated_beside_gas(w, lane, t.pressure, t.slope)


@kernel
def _grow(w, scratch, constant_set, count):
    """`calcite.grow` for the lanes that have been asked for it (``grows``): `lost` and `gas` of the drip."""
    for _ in range(MOST_SOLVES):
        lane_reading.solve(w, constant_set, count)
        more = False
        for lane in range(count):
            t = scratch[lane].drip
            if lanes.is_sound(w, lane) and t.grows != NOT:
                _advance(w, lane, t)
                more = more or t.grows != NOT
        if not more:
            break


@kernel
def _advance(w, lane, t):
    """What follows for a lane after a solve. Undersaturated water loses no calcite, and none is sought."""
    if t.grows == LOOKS and lane_reading.calcite_index(w, lane) > 0.0:
        _ask_calcite(w, lane, t)
    elif t.grows == SATURATES:
        t.lost = t.share * max(t.taken - w[ls.N + lane], 0.0)
        lane_reading.lose(w, lane, t.lost - t.taken)
        lane_reading.beside_gas(w, lane, t.pressure, t.slope)
        t.grows = LEAVES
    else:
        t.gas += lane_reading.released(w, lane)
        t.grows = NOT

"""The compartments in turn: what one cannot hold runs on to the soil of the next (design notes 3.6).

Soil and epikarst of each are solved exactly for constant inflow (soil/water.py, storage.py). What runs over the rim of
compartment i enters compartment i + 1 evenly over the step, and what the last cannot take is surface runoff: V2Karst's
concentration within the step (Sarrazin et al. 2018), with rates instead of daily amounts. One compartment is one bucket
over one reservoir.
"""

from karstsim.core.jit import kernel
from karstsim.processes.epikarst.compartments import MOST, THREE, residence_time
from karstsim.processes.epikarst.storage import reservoir
from karstsim.processes.soil import sarrazin_2018, water


@kernel
def soil_step(volume, inflow, demand, size, threshold, dt, per_step):
    """Soil of one compartment: (evaporated, excess), mm; a content above the rim leaves at once.

    dt, per_step  the step and its inverse, d and d-1
    """
    lost, excess = water.bucket(min(volume, size), inflow * per_step, demand * per_step, size, threshold, dt)
    lost = min(lost, volume + inflow)
    return lost, max(excess, volume + inflow - lost - size)


@kernel
def layered_step(s, i, soil_p, inflow, demand, leaf_demand, size, dt):
    """Soil of compartment i in three layers, which it leaves as they will be: (evaporated, excess, transpired), mm."""
    volume = s.soil_part.v[i]
    evaporated, transpired, excess, s.top_part.v[i], s.root_part.v[i] = sarrazin_2018.step(
        soil_p,
        size,
        volume,
        s.top_part.v[i],
        s.root_part.v[i],
        inflow,
        demand - leaf_demand,
        leaf_demand,
        dt,
    )
    lost = min(evaporated + transpired, volume + inflow)
    return lost, max(excess, volume + inflow - lost - size), transpired


@kernel
def rock_step(volume, inflow, time, size, dt, per_step):
    """Epikarst of one compartment: (drained, overflowed), mm; a content above the rim leaves at once."""
    drained, over = reservoir(min(volume, size), inflow * per_step, time, size, dt)
    return drained, max(over, volume + inflow - drained - size)


@kernel
def update(p, s, f, soil_p, soil_f, demand, leaf_demand, kept, dt):
    """All compartments in turn. Returns sums over them, mm: soil excess, run-on to soils, runoff from the last.

    demand, leaf_demand  potential evapotranspiration of the ground, and of leaves in it, mm
    kept   share of what leaves soil and bare rock that enters the epikarst; the rest is event water
    """
    n = p.compartments
    per_step = 1.0 / dt  # a quotient is slow, and each compartment waits for the one before
    arriving = water.arriving(soil_f)
    soil_size = water.capacity(soil_p)
    percolated, ran_on, carry = 0.0, 0.0, 0.0
    for i in range(n):
        inflow = arriving + carry
        ran_on += carry
        if s.run_on > 0.0 and i == s.run_on_to:
            inflow += s.run_on
        size = soil_size * f.spread.v[i]
        soil = s.soil_part.v[i]
        if s.layers == THREE:
            lost, excess, transpired = layered_step(s, i, soil_p, inflow, demand, leaf_demand, size, dt)
            soil_f.transpiration += transpired
        else:
            lost, excess = soil_step(soil, inflow, demand, size, soil_p.stress_start * size, dt, per_step)
        s.soil_part.v[i] = max(soil + inflow - lost - excess, 0.0)
        entering = kept * (excess + soil_f.rock_runoff.volume)
        rock = s.rock_part.v[i]
        room, time = p.capacity * f.spread.v[i], residence_time(p, f, i)
        drained, carry = rock_step(rock, entering, time, room, dt, per_step)
        s.rock_part.v[i] = max(rock + entering - drained - carry, 0.0)
        percolated += excess
        soil_f.evapotranspiration += lost
        f.drained += drained
        f.drained_part.v[i] = drained
        f.concentrated_share += f.spread.v[MOST + i] * drained
    s.run_on = 0.0
    return percolated, ran_on, carry

"""The compartments in turn: what one cannot hold runs on to the soil of the next (science.md 3.6).

Soil and epikarst of each are solved exactly for constant inflow (soil/water.py, storage.py). What runs over the rim of
compartment i enters compartment i + 1 evenly over the step, and what the last cannot take is surface runoff: V2Karst's
concentration within the step (Sarrazin et al. 2018), with rates instead of daily amounts. One compartment is one bucket
over one reservoir.
"""

from karstsim.core.jit import kernel
from karstsim.processes.epikarst.compartments import MOST, residence_time
from karstsim.processes.epikarst.storage import reservoir
from karstsim.processes.soil import water


@kernel
def soil_step(volume, inflow, demand, size, threshold, dt):
    """Soil of one compartment: (evaporated, excess), mm; a content above the rim leaves at once."""
    lost, excess = water.bucket(min(volume, size), inflow / dt, demand / dt, size, threshold, dt)
    lost = min(lost, volume + inflow)
    return lost, max(excess, volume + inflow - lost - size)


@kernel
def rock_step(volume, inflow, time, size, dt):
    """Epikarst of one compartment: (drained, overflowed), mm; a content above the rim leaves at once."""
    drained, over = reservoir(min(volume, size), inflow / dt, time, size, dt)
    return drained, max(over, volume + inflow - drained - size)


@kernel
def update(p, s, f, soil_p, soil_f, demand, kept, dt):
    """All compartments in turn. Returns sums over them, mm: soil excess, run-on to soils, runoff from the last.

    kept   share of what leaves soil and bare rock that enters the epikarst; the rest is event water
    """
    n = p.compartments
    arriving = soil_f.infiltration.volume + soil_f.irrigation.volume
    soil_size = water.capacity(soil_p)
    percolated, ran_on, carry = 0.0, 0.0, 0.0
    for i in range(n):
        inflow = arriving + carry
        ran_on += carry
        if s.run_on > 0.0 and i == s.run_on_to:
            inflow += s.run_on
        size = soil_size * f.spread.v[i]
        soil = s.soil_part.v[i]
        lost, excess = soil_step(soil, inflow, demand, size, soil_p.stress_start * size, dt)
        s.soil_part.v[i] = max(soil + inflow - lost - excess, 0.0)
        entering = kept * (excess + soil_f.rock_runoff.volume)
        rock = s.rock_part.v[i]
        drained, carry = rock_step(rock, entering, residence_time(p, f, i), p.capacity * f.spread.v[i], dt)
        s.rock_part.v[i] = max(rock + entering - drained - carry, 0.0)
        percolated += excess
        soil_f.evapotranspiration += lost
        f.drained += drained
        f.drained_part.v[i] = drained
        f.concentrated_share += f.spread.v[MOST + i] * drained
    s.run_on = 0.0
    return percolated, ran_on, carry

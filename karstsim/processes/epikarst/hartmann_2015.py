"""The daily update of VarKarst and of V2Karst as published, for comparison with them (design notes 3.6).

    E_i = min(PET min(1, V_i/(b V_S,i)), V_i + Inf_i),        R_i = max(V_i + Inf_i - E_i - V_S,i, 0)
    Q_i = min(V_E,i/K_E,i, V_E,i + R_i),                      Exc_i = max(V_E,i + R_i - Q_i - V_E,i^max, 0)

with the volumes at the beginning of the step. m is the last compartment with an excess. VarKarst (Hartmann et al.
2015): the sum of Exc infiltrates in compartment m + 1 in the next step. V2Karst (Sarrazin et al. 2018): it fills the
deficits of m + 1 .. n in order, soil before epikarst, in the same step. The rest is surface runoff.

Rates are per day and explicit, so the answer depends on the step; the lag is one step, whatever its length.
"""

from karstsim.core.jit import kernel
from karstsim.processes.epikarst.compartments import MOST, Concentration, residence_time
from karstsim.processes.soil import water

NEXT_STEP = int(Concentration.HARTMANN_2015)


@kernel
def update(p, s, f, soil_p, soil_f, demand, dt):
    """All compartments at once. Returns sums over them, mm: soil excess, run-on to soils, surface runoff."""
    n = p.compartments
    arriving = water.arriving(soil_f)
    soil_size = water.capacity(soil_p)
    percolated, exceeding, last = 0.0, 0.0, -1
    for i in range(n):
        inflow = arriving
        if s.run_on > 0.0 and i == s.run_on_to:
            inflow += s.run_on
        size = soil_size * f.spread.v[i]
        soil = s.soil_part.v[i]
        wetness = min(soil / (soil_p.stress_start * size), 1.0)
        lost = min(demand * wetness, soil + inflow)
        excess = max(soil + inflow - lost - size, 0.0)
        s.soil_part.v[i] = soil + inflow - lost - excess
        rock = s.rock_part.v[i]
        filled = rock + excess + soil_f.rock_runoff.volume
        drained = min(rock / residence_time(p, f, i) * dt, filled)
        over = max(filled - drained - p.capacity * f.spread.v[i], 0.0)
        s.rock_part.v[i] = filled - drained - over
        if over > 0.0:
            exceeding += over
            last = i
        percolated += excess
        soil_f.evapotranspiration += lost
        f.drained += drained
        f.drained_part.v[i] = drained
        f.concentrated_share += f.spread.v[MOST + i] * drained
    s.run_on = 0.0
    if p.concentration == NEXT_STEP:
        if last + 1 < n:
            s.run_on = exceeding
            s.run_on_to = last + 1.0
            exceeding = 0.0
        return percolated, s.run_on, exceeding
    to_soil = 0.0
    for i in range(last + 1, n):
        room = min(max(soil_size * f.spread.v[i] - s.soil_part.v[i], 0.0), exceeding)
        s.soil_part.v[i] += room
        to_soil += room
        exceeding -= room
        room = min(max(p.capacity * f.spread.v[i] - s.rock_part.v[i], 0.0), exceeding)
        s.rock_part.v[i] += room
        exceeding -= room
    return percolated, to_soil, exceeding

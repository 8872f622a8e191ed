"""Isotopes and sources of inorganic carbon in the epikarst, open to vadose air.

Vadose air is the open air and its excess of soil air, tracer by tracer as for the pressure (chemistry.py). What water
takes up of a tracer is paid for by the soil in the share of soil air, by the open air for the rest, and for its own CO2
that the soil air does not have.
"""

from karstsim.chemistry.isotopes import delta_to_fraction
from karstsim.core.jit import kernel
from karstsim.core.spec import Param
from karstsim.processes import tracers
from karstsim.processes.soil import isotopes as of_soil
from karstsim.processes.tracers import C13, ISOTOPES, N_TRACERS, isotope_block, tracer_block

PARAMS = (
    Param(
        "isotope_exchange",
        25.0,
        "day-1",
        0.0,
        500.0,
        "design; design notes 4.5: 50 per day, half of it open",
        calibrate=False,
        doc="gross rate at which dissolved CO2 of epikarst water leaves to vadose air and is replaced",
    ),
)
FLUXES = (
    tracer_block("vadose_of", "CO2 of vadose air", "atm"),
    tracer_block("solid_of", "rock dissolved in the last part of a step"),
    tracer_block("uptake_of", "CO2 taken up by epikarst water", how="sum"),
    tracer_block("from_soil_of", "CO2 taken up by epikarst water that the soil pays for", how="sum"),
    tracer_block("calcite_of", "calcite precipitated in the epikarst", how="sum"),
    isotope_block("from_air_of", "carbon taken out of the open air"),
    isotope_block("crossing_of", "other carbon that crossed the boundary of the catchment here"),
)


@kernel
def begin(f, soil_f, coupling):
    """Vadose air before epikarst water has taken CO2 up, and empty sums."""
    for i in range(N_TRACERS):
        f.vadose_of.v[i] = soil_f.air_of.v[i] + coupling * (soil_f.gas_of.v[i] - soil_f.air_of.v[i])
    tracers.empty(f.uptake_of)
    tracers.empty(f.calcite_of)


@kernel
def react(p, f, soil_p, soil_f, water, dissolved, gas, slope, x, h):
    """Tracers of one part of a step, whose rock and gas (mol m-2) are in the water already.

    slope  fall of the vadose air's pressure per CO2 taken up, atm m2 mol-1
    """
    sol = water.sol
    tracers.empty(f.solid_of)
    if dissolved < 0.0:
        tracers.precipitate(sol, f.calcite_of, sol.dic - dissolved - gas, -dissolved, x)
    else:
        tracers.put_rock(f.solid_of, dissolved, soil_p.rock_d13c, tracers.acid_share(sol))
    out = max(p.isotope_exchange * h * x.m_co2 * water.volume - max(-gas, 0.0), 0.0)
    tracers.exchange(
        sol,
        f.solid_of,
        max(dissolved, 0.0),
        gas,
        f.vadose_of,
        f.air_pco2 - slope * gas,
        slope,
        soil_f.slower_by_c13 * slope,
        out,
        x,
        f.uptake_of,
    )


@kernel
def finish(f, soil_p, soil_f, coupling, share, dt):
    """Debit soil and open air with what epikarst water took up; the air that is left for caves.

    share  of soil air in the vadose air
    """
    tracers.empty(f.from_soil_of)
    tracers.add(f.from_soil_of, f.uptake_of, share)
    of_soil.swap_with_open_air(soil_f, f.from_soil_of, dt)
    of_soil.lower(soil_f, f.from_soil_of, dt)
    for i in range(N_TRACERS):
        f.vadose_of.v[i] = soil_f.air_of.v[i] + coupling * (soil_f.gas_of.v[i] - soil_f.air_of.v[i])
    for i in range(ISOTOPES):
        f.from_air_of.v[i] = f.uptake_of.v[i] - f.from_soil_of.v[i]
        f.crossing_of.v[i] = -f.calcite_of.v[i]
    f.crossing_of.v[C13] += delta_to_fraction(soil_p.rock_d13c) * f.rock_dissolution
    tracers.add(soil_f.uptake_of, f.from_soil_of, 1.0)

"""Soil water chemistry: CO2 uptake, dissolution of rock at the soil base and of carbonate grains, calcrete.

Gas pressure, gas uptake and saturation are solved jointly (science.md 4.5, 12.13). Where evaporation concentrates the
water beyond the threshold, calcite precipitates into the soil's carbonate pool and its CO2 goes back to the soil gas.
"""

from karstsim.chemistry.constants import set_temperature
from karstsim.core.classes import by_land_use
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.dissolution import (
    MINIMUM_VOLUME,
    apply,
    load_store,
    open_step,
    rate_constant,
    rate_params,
    remember,
)
from karstsim.processes.lowpass import relaxed_share

PARAMS = (
    *rate_params("", 500.0, 0.3, "design; science.md 4.5"),
    Param(
        "ca_factor",
        1.5,
        "1",
        1.0,
        20.0,
        "design; science.md 3.12",
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
        "design; science.md 4.5",
        calibrate=False,
        doc="saturation index above which calcite precipitates",
    ),
    Param("calcite_rate", 1.0, "day-1", 0.01, 10.0, "design; science.md 4.5", calibrate=False, scale="log"),
    Param(
        "grain_rate",
        5.0,
        "day-1",
        0.05,
        50.0,
        "design; science.md 4.5",
        calibrate=False,
        scale="log",
        doc="rate at which carbonate grains bring the soil water to saturation",
    ),
)
FLUXES = (
    Var("gas_uptake", "mol m-2", "CO2 taken up by soil water (negative: released)", aggregate="sum"),
    Var("co2_leached", "mol m-2", "dissolved CO2 leaving the soil with percolation", aggregate="sum"),
    Var("rock_dissolution", "mol m-2", "carbonate dissolved from rock at the soil base", aggregate="sum"),
    Var("grain_dissolution", "mol m-2", "carbonate dissolved from grains in the soil", aggregate="sum"),
    Var("calcite_precipitation", "mol m-2", "calcite precipitated in the soil", aggregate="sum"),
)
PURE_CALCITE = 0.0


@kernel
def begin(f):
    """Zero the amounts that are summed over the parts of a step."""
    f.gas_uptake = 0.0
    f.co2_leached = 0.0
    f.rock_dissolution = 0.0
    f.grain_dissolution = 0.0
    f.calcite_precipitation = 0.0


@kernel
def step(p, s, f, dolomite, leaving, x, k, h):
    """React for `h` days; what enters the water is added to the step's fluxes.

    leaving  water that percolates in this part of the step, mm
    """
    water = s.pore_water
    if water.volume < MINIMUM_VOLUME:
        return
    temperature = max(s.temperature, 0.0)
    set_temperature(k, temperature, k.constant_set)
    load_store(x, water, temperature)
    slope = f.base_pco2_slope * water.volume / h
    pressure = f.base_pco2_without_uptake
    rock_rate = rate_constant(p.area_to_volume, p.film_thickness, temperature, pressure, p.ca_factor)
    grain_rate = p.grain_rate if s.carbonate > 0.0 else 0.0
    # Grains are pure calcite: while they last, what dissolves has the mean composition of both sources.
    # They go first (science.md 4.5): rock gets what they leave within the step.
    grain_share = relaxed_share(grain_rate * h, 1.0) / relaxed_share((grain_rate + rock_rate) * h, 1.0)
    mg = dolomite * (1.0 - grain_share)
    rock, gas = open_step(
        x,
        k,
        mg,
        pressure,
        slope,
        (rock_rate + grain_rate) * h,
        p.calcite_rate * h,
        p.calcite_threshold,
        p.tail_start,
        p.tail_order,
    )
    taken_up = gas * water.volume
    f.gas_uptake += taken_up
    book(s, f, rock * water.volume, grain_share, dolomite)
    apply(water, 0.0, taken_up, PURE_CALCITE)
    f.co2_leached += x.m_co2 * leaving
    remember(x, water)


@kernel
def finish(f, dt):
    """Mean CO2 pressure at the soil base over the step, after what soil water took up."""
    f.base_pco2 = f.base_pco2_without_uptake - f.base_pco2_slope * f.gas_uptake / dt


@kernel
def book(s, f, solid, grain_share, dolomite):
    """Divide the solid that entered the water (mol m-2) between rock and grains and debit the grains.

    Grains that run out within the step leave their part to the rock.
    """
    if solid < 0.0:
        f.calcite_precipitation -= solid
        s.carbonate -= solid
        apply(s.pore_water, solid, 0.0, PURE_CALCITE)
        return
    from_grains = min(grain_share * solid, s.carbonate)
    from_rock = solid - from_grains
    f.grain_dissolution += from_grains
    f.rock_dissolution += from_rock
    s.carbonate -= from_grains
    apply(s.pore_water, from_grains, 0.0, PURE_CALCITE)
    apply(s.pore_water, from_rock, 0.0, dolomite)

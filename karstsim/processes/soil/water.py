"""Soil water: a bucket between the residual water and field capacity, solved exactly for a constant input.

    dV/dt = P - E min(1, V/(b V_S)),  0 <= V <= V_S, the excess percolates                      [design notes 3.6]

V_S = z_s (theta_fc - theta_r) is derived from the soil's depth and porosity (design notes 12.16). The residual water
theta_r z_s takes part in mixing and chemistry but never moves. The fluxes of a step are settled with the epikarst's
(epikarst/cascade.py), because water that runs over there enters the soil elsewhere.
"""

import math

from karstsim.core.classes import by_land_use
from karstsim.core.constants import MM_PER_M
from karstsim.core.jit import kernel
from karstsim.core.spec import Constraint, Flow, Param, Var
from karstsim.processes.transport import bring_to, evaporate, receive, release

LEAST_AVAILABLE = 0.01  # volumetric water content between residual water and field capacity
PARAMS = (
    Param(
        "depth",
        0.4,
        "m",
        0.02,
        3.0,
        "design; design notes 3.12",
        by_class=by_land_use(0.10, 0.40, 0.40, 0.40, 0.45, 0.60),
    ),
    Param(
        "porosity",
        0.55,
        "1",
        0.3,
        0.75,
        "design; design notes 3.12",
        by_class=by_land_use(0.50, 0.55, 0.54, 0.54, 0.55, 0.56),
    ),
    Param(
        "residual_water",
        0.08,
        "1",
        0.02,
        0.15,
        "design; design notes 3.12",
        doc="volumetric water content that never drains",
    ),
    Param(
        "field_capacity_ratio",
        0.58,
        "1",
        0.45,
        0.75,
        "design; design notes 3.11",
        doc="water content at field capacity over porosity",
    ),
    Param(
        "stress_start",
        0.8,
        "1",
        0.3,
        1.0,
        "design; design notes 3.6",
        doc="saturation below which transpiration falls; without effect with layers",
    ),
    Param(
        "transpiration_share",
        0.6,
        "1",
        0.0,
        1.0,
        "design",
        calibrate=False,
        by_class=by_land_use(0.12, 0.45, 0.50, 0.55, 0.70, 0.80),
        doc="transpiration in evapotranspiration from the soil, set to the leaves' share of light; "
        "computed with layers",
    ),
)
CONSTRAINTS = (
    Constraint(
        "field_capacity_ratio * porosity > residual_water + 0.01",
        lambda v: v["field_capacity_ratio"] * v["porosity"] > v["residual_water"] + LEAST_AVAILABLE,
    ),
)
FLUXES = (
    Var("evapotranspiration", "mm", "evapotranspiration from the soil", aggregate="sum"),
    Var("transpiration", "mm", "transpiration", aggregate="sum", standard_name="transpiration_amount"),
    Flow("percolation", "water percolating from the soil to the epikarst"),
    Flow("parcel", "water percolating in the last part of a step"),
    Var("excess", "mm", "water above field capacity", aggregate="sum"),
    Var("final_volume", "mm", "soil water at the end of the step", aggregate="last"),
)
MAX_SEGMENTS = 3


@kernel
def capacity(p):
    """Plant-available water at field capacity V_S, mm."""
    return MM_PER_M * p.depth * (p.field_capacity_ratio * p.porosity - p.residual_water)


@kernel
def residual(p):
    """Residual water theta_r z_s, mm."""
    return MM_PER_M * p.depth * p.residual_water


@kernel
def saturation(p, volume):
    """Available water over its capacity, 0-1; `volume` of pore water in mm."""
    return min(max((volume - residual(p)) / capacity(p), 0.0), 1.0)


@kernel
def bucket(volume, inflow, demand, size, threshold, duration):
    """Exact solution of the bucket for constant inflow and demand: (evaporated, excess), mm.

    volume, size, threshold  mm; inflow, demand mm d-1; duration d. The content crosses the threshold at most once
    and the rim at most once, so three segments are enough.
    """
    evaporated = 0.0
    excess = 0.0
    left = duration
    for _ in range(MAX_SEGMENTS):
        if left <= 0.0:
            break
        if volume < threshold or (volume == threshold and inflow < demand):
            span, change = _below_threshold(volume, inflow, demand, threshold, left)
            evaporated += inflow * span - change
            volume = threshold if span < left else volume + change
        else:
            net = inflow - demand
            span = left
            if net > 0.0:
                span = min(left, (size - volume) / net)
            elif net < 0.0:
                span = min(left, (volume - threshold) / -net)
            evaporated += demand * span
            volume = min(max(volume + net * span, threshold), size)
            if net >= 0.0 and volume >= size:
                rest = left - span
                evaporated += demand * rest
                excess += net * rest
                span = left
        left -= span
    return evaporated, excess


@kernel
def _below_threshold(volume, inflow, demand, threshold, left):
    """Segment in which transpiration is proportional to the content: (its length d, its change of content mm)."""
    if demand <= 0.0:
        span = left if inflow <= 0.0 else min(left, (threshold - volume) / inflow)
        return span, inflow * span
    rate = demand / threshold
    asymptote = inflow / rate
    span = left
    if asymptote > threshold:
        span = min(left, math.log1p((threshold - volume) / (asymptote - threshold)) / rate)
    return span, (asymptote - volume) * -math.expm1(-rate * span)


@kernel
def arriving(f):
    """Water that reaches the pores in this step, mm: infiltration and what irrigation does not lose to the air."""
    return f.infiltration.volume + f.irrigation.volume + f.pumped_irrigation.volume - f.irrigation_loss


@kernel
def enter(s, f, share, n_active):
    """Let a share of the step's infiltration and irrigation in and of its evapotranspiration out.

    Pore water has the temperature of the soil at once.
    """
    receive(s.pore_water, f.infiltration, share, n_active)
    receive(s.pore_water, f.irrigation, share, n_active)
    receive(s.pore_water, f.pumped_irrigation, share, n_active)
    evaporate(s.pore_water, share * f.evapotranspiration)
    bring_to(s.pore_water, s.temperature)


@kernel
def percolate(s, f, share, n_active):
    """Release a share of the excess with the chemistry that the pore water has by now."""
    release(s.pore_water, f.percolation, f.parcel, share * f.excess, n_active)

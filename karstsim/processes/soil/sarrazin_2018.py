"""Soil water in three layers after V2Karst (Sarrazin et al. 2018; design notes 3.6), as rates.

Sizes in a soil of capacity V_S:  V_1 = min(V_e, V_2'),  V_1 + V_2 = V_2' = min(V_r, V_S),  V_3 = V_S - V_2'
    E_s  = E_pot v_1/V_1                            bare soil under the share 1 - f_c of the tile, from layer 1
    T_12 = T_pot (v_1 + v_2)/(V_1 + V_2)            roots, from layers 1 and 2 in proportion to their contents
    T_3  = T_pot f_red v_3/V_3                      deep roots and capillary rise, from layer 3
    plants take from where the rate is higher: T_12 or T_3, not both
    E_pot = (1 - f_c) PET,  T_pot = f_c PET - E_canopy,  f_c = 1 - exp(-k LAI)
Rain enters layer 1; what a layer cannot hold enters the next one, and from layer 3 the epikarst.

The equations are those of the published model (its own program was read for them, none of its text is used); the ranges
of V_e and f_red are recalled. V2Karst takes amounts of a day from the contents at its beginning; here contents follow
rates, so that each layer is a linear reservoir with a rim, solved exactly. Where T_12 and T_3 are equal both fall
together: plants take from the roots in that share of the time with which the step ends there.
"""

import math
from enum import IntEnum

from karstsim.core.classes import by_land_use
from karstsim.core.jit import kernel
from karstsim.core.spec import Param


class SoilLayers(IntEnum):
    """How the soil water of a compartment is divided: values of `soil.layers`."""

    BUCKET = 0  # one store
    SARRAZIN_2018 = 1  # evaporation layer, rooting layer, soil below the roots


BUCKET = int(SoilLayers.BUCKET)
PARAMS = (
    Param(
        "layers",
        BUCKET,
        "1",
        0,
        len(SoilLayers) - 1,
        "design; sarrazin2018",
        calibrate=False,
        doc="0 one bucket, 1 three layers of V2Karst (without stress_start and transpiration_share); "
        "with epikarst.concentration 0 only",
        integer=True,
    ),
    Param(
        "evaporation_capacity",
        20.0,
        "mm",
        5.0,
        45.0,
        "sarrazin2018; recalled, design notes 3.6",
        doc="capacity V_e of the layer that bare soil evaporates from",
    ),
    Param(
        "rooting_capacity",
        80.0,
        "mm",
        10.0,
        400.0,
        "design",
        by_class=by_land_use(20.0, 60.0, 60.0, 80.0, 100.0, 140.0),
        doc="capacity V_r of the soil that roots fill, the evaporation layer included",
    ),
    Param(
        "deep_reduction",
        0.1,
        "1",
        0.0,
        0.5,
        "sarrazin2018; recalled",
        doc="transpiration f_red out of wet soil below the roots, over that out of wet rooted soil",
    ),
)
FLUXES = ()  # soil.transpiration and soil.evapotranspiration are declared in water.py
SOLVE_STEPS = 60
TOLERANCE = 1.0e-12  # of the saturation


@kernel
def leaf_demand(cover, potential, wet):
    """Transpiration of dry leaves if soil water were at hand, mm: f_c PET less what wet leaves evaporate."""
    return max(cover * potential - wet, 0.0)


@kernel
def sizes(p, capacity):
    """Capacities of the three layers of a soil that holds `capacity` mm; the second and third may be 0."""
    rooted = min(capacity, p.rooting_capacity)
    top = min(rooted, p.evaporation_capacity)
    return top, rooted - top, capacity - rooted


@kernel
def contents(p, capacity, total, top, root):
    """Contents (v_1, v_2) of the upper layers next to the known ones with which the soil holds `total` mm.

    The total is the truth. What is missing is taken from both, what is too much fills the soil from below.
    """
    top_size, root_size, deep_size = sizes(p, capacity)
    top, root = min(top, top_size), min(root, root_size)
    if top + root > total:
        ratio = total / (top + root)
        return top * ratio, root * ratio
    more = max(total - top - root - deep_size, 0.0)
    to_root = min(more, root_size - root)
    return top + (more - to_root), root + to_root


@kernel
def wetness(p, capacity, total, top, root):
    """Actual over potential transpiration: the larger of T_12/T_pot and T_3/T_pot."""
    top_size, root_size, deep_size = sizes(p, capacity)
    rooted = min((top + root) / (top_size + root_size), 1.0)
    if deep_size <= 0.0:
        return rooted
    return max(rooted, p.deep_reduction * min(max(total - top - root, 0.0) / deep_size, 1.0))


@kernel
def layer(volume, size, rate, inflow, start, duration):
    """One layer, dv/dt = i - k v with a rim, exactly: (content after, drawn, excess mm d-1, beginning of the excess d).

    rate      k, d-1
    inflow    i, mm d-1, from `start` on, d
    """
    drawn = volume * -math.expm1(-rate * start)
    volume -= drawn
    left = duration - start
    net = inflow - rate * size  # of the full layer
    span = left
    if net > 0.0:
        slowed = rate * (size - volume) / net
        factor = math.log1p(slowed) / slowed if slowed > 0.0 else 1.0
        span = min(left, (size - volume) / net * factor)
    turned = rate * span
    share = -math.expm1(-turned)
    kept = share / turned if turned > 0.0 else 1.0  # of the inflow
    drawn += volume * share + inflow * span * max(1.0 - kept, 0.0)
    if span < left:
        return size, drawn + rate * size * (left - span), net, start + span
    return volume - volume * share + inflow * span * kept, drawn, 0.0, duration


@kernel
def rooted_share_step(p, capacity, top, root, deep, inflow, bare, leaf, share, dt):
    """A step in which plants take the `share` of the time from the roots, the rest from below.

    top, root, deep           contents, mm; inflow, bare (E_pot), leaf (T_pot)  mm d-1
    Returns contents (v_1, v_2, v_3) after it, evaporated, transpired, excess, mm; and T_12 - T_3 over T_pot.
    """
    top_size, root_size, deep_size = sizes(p, capacity)
    by_roots = share * leaf / (top_size + root_size)
    by_air = bare / top_size
    below = (1.0 - share) * leaf * p.deep_reduction / deep_size if deep_size > 0.0 else 0.0
    top, drawn, flow, start = layer(top, top_size, by_roots + by_air, inflow, 0.0, dt)
    evaporated = drawn * by_air / (by_roots + by_air) if by_air > 0.0 else 0.0
    transpired = drawn - evaporated
    root, drawn, flow, start = layer(root, root_size, by_roots, flow, start, dt)
    transpired += drawn
    deep, drawn, flow, start = layer(deep, deep_size, below, flow, start, dt)
    transpired += drawn
    ahead = (top + root) / (top_size + root_size)
    if deep_size > 0.0:
        ahead -= p.deep_reduction * deep / deep_size
    return top, root, deep, evaporated, transpired, flow * (dt - start), ahead


@kernel
def rooted_share(p, capacity, top, root, deep, inflow, bare, leaf, dt):
    """Share of the time in which plants take from the roots: 1 or 0, or that with which both rates end equal.

    More of it dries the roots and spares the soil below, so the difference falls with it: regula falsi (Illinois).
    """
    low, high = 0.0, 1.0
    ahead_high = rooted_share_step(p, capacity, top, root, deep, inflow, bare, leaf, high, dt)[6]
    if not ahead_high < 0.0:
        return high
    ahead_low = rooted_share_step(p, capacity, top, root, deep, inflow, bare, leaf, low, dt)[6]
    if ahead_low <= 0.0:
        return low
    share = high
    side = 0
    for _ in range(SOLVE_STEPS):
        share = (low * ahead_high - high * ahead_low) / (ahead_high - ahead_low)
        ahead = rooted_share_step(p, capacity, top, root, deep, inflow, bare, leaf, share, dt)[6]
        if abs(ahead) <= TOLERANCE:
            break
        if ahead > 0.0:
            low, ahead_low = share, ahead
            if side > 0:
                ahead_high *= 0.5
            side = 1
        else:
            high, ahead_high = share, ahead
            if side < 0:
                ahead_low *= 0.5
            side = -1
    return share


@kernel
def step(p, capacity, total, top, root, inflow, bare, leaf, dt):
    """Soil of one compartment: (evaporated, transpired, excess, v_1, v_2), mm; the excess of what it holds at first.

    total, top, root    contents of the soil and of its upper layers, as `contents` leaves them, mm
    inflow, bare, leaf  rain, E_pot and T_pot of the step, mm
    """
    top_size, root_size, deep_size = sizes(p, capacity)
    deep = min(max(total - top - root, 0.0), deep_size)
    top, root = min(top, top_size), min(root, root_size)
    rain, bare_rate, leaf_rate = inflow / dt, bare / dt, leaf / dt
    share = rooted_share(p, capacity, top, root, deep, rain, bare_rate, leaf_rate, dt)
    top, root, deep, evaporated, transpired, excess, _ = rooted_share_step(
        p, capacity, top, root, deep, rain, bare_rate, leaf_rate, share, dt
    )
    return evaporated, transpired, excess, top, root

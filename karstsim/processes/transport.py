"""Moving water with all that it carries. The only place where a litre changes its store.

Fractions of mass are moved, never concentration times flow, so no store can become negative and nothing is lost:
what leaves the donor is the number that the receiver adds. Heat is the volume times the temperature above 0 degC; water
is never colder.
"""

import math

from karstsim.core.jit import kernel

SMALL_INFLOW = 0.05  # of the store's water in one part of a step
MOST_PARTS = 8


@kernel
def withdraw(store, flow, volume, n_active):
    """Take `volume` mm of well-mixed water out of `store` and put it, with its solutes, into `flow`.

    store     donor: volume mm, solutes mol m-2
    flow      receives the amounts moved (overwritten)
    volume    mm, limited to what the store holds
    n_active  number of transported solutes
    """
    fraction = 0.0
    if store.volume > 0.0:
        fraction = min(max(volume / store.volume, 0.0), 1.0)
    flow.volume = fraction * store.volume
    store.volume -= flow.volume
    flow.heat = fraction * store.heat
    store.heat -= flow.heat
    for i in range(n_active):
        flow.sol.v[i] = fraction * store.sol.v[i]
        store.sol.v[i] -= flow.sol.v[i]


@kernel
def release(store, flow, parcel, volume, n_active):
    """Take `volume` mm out of `store` and add it to `flow`; `parcel` is scratch of the same kind."""
    withdraw(store, parcel, volume, n_active)
    receive(flow, parcel, 1.0, n_active)


@kernel
def turnover_parts(inflow, volume):
    """Into how many parts a step is cut so that the inflow of a part is small beside the store's water.

    Water that enters a store leaves it again within the step; reactions that are fast beside the step then act on it
    for too long or too short a time. inflow, volume mm.
    """
    part = SMALL_INFLOW * volume
    if inflow <= part:
        return 1
    if inflow >= MOST_PARTS * part:  # also keeps the quotient of an almost empty store out of the integers
        return MOST_PARTS
    return int(math.ceil(inflow / part))


@kernel
def most_parts(scratch, count):
    """The most parts (``scratch[lane].parts``) into which the step of any of the first `count` lanes is cut."""
    most = 1
    for lane in range(count):
        most = max(most, scratch[lane].parts)
    return most


@kernel
def receive(store, flow, weight, n_active):
    """Add `weight` times the amounts of `flow` to `store` (weight: share of area or of the flow)."""
    store.volume += weight * flow.volume
    store.heat += weight * flow.heat
    for i in range(n_active):
        store.sol.v[i] += weight * flow.sol.v[i]


@kernel
def assign(flow, source, weight, n_active):
    """Set `flow` to `weight` times the amounts of `source`."""
    flow.volume = weight * source.volume
    flow.heat = weight * source.heat
    for i in range(n_active):
        flow.sol.v[i] = weight * source.sol.v[i]


@kernel
def split(whole, first, second, share, n_active):
    """Divide the amounts of `whole` into `first` (share) and `second` (the rest), so that both add up to it."""
    first.volume = share * whole.volume
    second.volume = whole.volume - first.volume
    first.heat = share * whole.heat
    second.heat = whole.heat - first.heat
    for i in range(n_active):
        first.sol.v[i] = share * whole.sol.v[i]
        second.sol.v[i] = whole.sol.v[i] - first.sol.v[i]


@kernel
def clear(flow, n_active):
    """Set all amounts of `flow` to zero."""
    flow.volume = 0.0
    flow.heat = 0.0
    for i in range(n_active):
        flow.sol.v[i] = 0.0


@kernel
def evaporate(store, volume):
    """Take `volume` mm of pure water out of a store, at the store's temperature; solutes stay."""
    if store.volume > 0.0:
        store.heat -= store.heat * min(volume / store.volume, 1.0)
    store.volume -= volume


@kernel
def bring_to(water, temperature):
    """Give a body of water a temperature (degC); water that would be colder than 0 degC has 0 degC."""
    water.heat = water.volume * max(temperature, 0.0)


@kernel
def temperature_of(water):
    """Temperature of a body of water, degC, from 0 upwards; NaN without water."""
    return max(water.heat, 0.0) / water.volume if water.volume > 0.0 else math.nan


@kernel
def alkalinity(sol):
    """Alkalinity of a solute block from its ions, in the block's own unit (eq per unit)    [design notes 3.1]."""
    return 2.0 * (sol.ca + sol.mg - sol.so4) + sol.na + sol.k - sol.no3 - sol.cl

"""The books of isotopes beside those of the elements, and of source tags.

13C and 14C of plants, soils, solids and air join the stocks, and cross the boundary with the carbon that has them.
Source tags have no boundary of their own: in every store they must add up to its carbon. What they lack or have too
much, without regard to its sign and summed over all stores, is `gap_of_tags`, over that carbon.
"""

from karstsim.chemistry.isotopes import delta_to_fraction
from karstsim.core.jit import kernel
from karstsim.core.solutes import AQUATIC, N_CORE, N_TRACERS
from karstsim.model.books import FIRST_ISOTOPE, enter_air_isotope, enter_isotope
from karstsim.processes import decay, tracers
from karstsim.processes.aquifer.conduit_cells import MOST_CELLS, cell
from karstsim.processes.soil import gas_layers, powder
from karstsim.processes.surface_water.isotopes import aquatic_carbon


@kernel
def take_stock(book, tp, ts, bs):
    """Add what is not dissolved to a book that has the waters' isotopes already."""
    for i in range(ts.shape[0]):
        take_tile(book, ts[i].tile.area_fraction, tp[i], ts[i])
    for i in range(bs.shape[0]):
        s = bs[i].surface_water
        for j in range(tracers.ISOTOPES):
            book.v[FIRST_ISOTOPE + j] += s.plants_of.v[j] + s.bed_of.v[j]


@kernel
def take_tile(book, area, p, s):
    """Isotopes of one tile's plants, soil, solids, soil and cave air."""
    for i in range(tracers.ISOTOPES):
        plants = s.vegetation.plants_c13 if i == tracers.C13 else s.vegetation.plants_c14
        organic = s.soil.organic_c13 if i == tracers.C13 else s.soil.organic_c14
        held = s.soil.carbonate_of.v[i] + s.cave.calcite_of.v[i] + s.cave.fissure_of.v[i] + s.cave.air_of.v[i]
        held += gas_layers.total_of(s.soil, i)
        for j in range(decay.N_PLANT):
            held += plants.v[j]
        for j in range(decay.N_ORGANIC):
            held += organic.v[j]
        book.v[FIRST_ISOTOPE + i] += area * held
    book.carbon_13 += area * powder.mass(s.soil) * delta_to_fraction(p.soil.powder_d13c)


@kernel
def boundary(ledger, cf, ts, tf, bf):
    """Isotopes across the boundary as carbon of plants, soils, rock and air; waters are entered with their solutes."""
    for i in range(tracers.ISOTOPES):
        enter_isotope(ledger, i, cf.aquifer.crossing_of.v[i])
        for j in range(ts.shape[0]):
            t, area = tf[j], ts[j].tile.area_fraction
            v, s, e, c = t.vegetation, t.soil, t.epikarst, t.cave
            for taken in (v.from_air_of.v[i], s.from_air_of.v[i], e.from_air_of.v[i], c.from_air_of.v[i]):
                enter_air_isotope(ledger, i, area * taken)
            enter_isotope(ledger, i, area * s.crossing_of.v[i])
            enter_isotope(ledger, i, area * e.crossing_of.v[i])
            take_harvest(ledger, i, area * v.harvest_of.v[i])
        for j in range(bf.shape[0]):
            f = bf[j].surface_water
            enter_air_isotope(ledger, i, f.from_air_of.v[i])
            enter_isotope(ledger, i, f.crossing_of.v[i])
            take_harvest(ledger, i, f.harvest_of.v[i])
    enter_isotope(ledger, tracers.C14, -cf.catchment.decayed_14c)


@kernel
def take_harvest(ledger, i, amount):
    enter_isotope(ledger, i, -amount)
    ledger.harvest_of.v[i] += amount


# --------------------------------------------------------------------------------------------------------- tags


@kernel
def gap_of_tags(cs, ts, bs):
    """Sum over all stores of |tags - carbon| over the sum of that carbon."""
    gap, carbon = in_water(cs.atmosphere.snow)
    for i in range(-1, MOST_CELLS):
        found, held = in_water(cs.aquifer.matrix if i < 0 else cell(cs.aquifer, i))
        gap, carbon = gap + found, carbon + held
    for i in range(ts.shape[0]):
        found, held = in_tile(ts[i])
        area = ts[i].tile.area_fraction
        gap, carbon = gap + area * found, carbon + area * held
    for i in range(bs.shape[0]):
        s = bs[i].surface_water
        found, held = in_water(s.water)
        found += apart(s.plants_of.v, 0, s.plants) + apart(s.bed_of.v, 0, s.bed_calcite)
        gap, carbon = gap + found, carbon + (held + s.plants + s.bed_calcite)
    return gap / carbon if carbon > 0.0 else 0.0


@kernel
def apart(amounts, first, carbon):
    """|tags - carbon| of nine tracers that begin at `first`, mol m-2."""
    tags = 0.0
    for i in range(tracers.ISOTOPES, N_TRACERS):
        tags += amounts[first + i]
    return abs(tags - carbon)


@kernel
def in_water(water):
    """(gap, carbon) of a water's inorganic carbon and of its organic carbon from aquatic plants, mol m-2."""
    sol = water.sol
    organic = aquatic_carbon(sol)
    return apart(sol.v, N_CORE, sol.dic) + apart(sol.v, AQUATIC, organic), sol.dic + organic


@kernel
def in_tile(s):
    """The same of a tile's waters, solids and air."""
    gap, carbon = in_water(s.vegetation.canopy)
    for water in (s.soil.pore_water, s.epikarst.water):
        found, held = in_water(water)
        gap, carbon = gap + found, carbon + held
    gap += apart(s.soil.carbonate_of.v, 0, s.soil.carbonate) + apart(s.cave.calcite_of.v, 0, s.cave.calcite)
    gap += apart(s.cave.fissure_of.v, 0, s.cave.fissure_calcite) + apart(s.cave.air_of.v, 0, s.cave.air_co2)
    carbon += s.soil.carbonate + s.cave.calcite + s.cave.fissure_calcite + s.cave.air_co2
    for i in range(gas_layers.MOST_LAYERS):
        gap += apart(s.soil.air_tracers_of.v, i * N_TRACERS, s.soil.air_co2.v[i])
        carbon += s.soil.air_co2.v[i]
    return gap, carbon

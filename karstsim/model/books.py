"""The catchment's books: every stock, every flux across its boundary, and what does not add up.

Per step and catchment the imbalance is |stock change - boundary fluxes| over the sum of all stocks and fluxes; it is
an output of every run. Amounts are per square metre of karst area. Alkalinity follows from the ions and needs no book.
"""

from __future__ import annotations

import numpy as np

from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE, SOLUTES
from karstsim.core.spec import Block, Flow, Var, block_dtype, record_dtype
from karstsim.processes import tracers
from karstsim.processes.aquifer.conduit_cells import MOST_CELLS, cell
from karstsim.processes.atmosphere.co2_box import PRESCRIBED
from karstsim.processes.soil import gas_layers, organic_carbon, powder
from karstsim.processes.transport import alkalinity

NAME = "catchment"
LEVEL = "column"
ELEMENTS = ("water", "carbon", "calcium", "magnesium", "alkali", "sulfate", "nitrate", "chloride", "oxygen")
ISOTOPES = ("carbon_13", "carbon_14")  # the latter as modern carbon; zero where isotopes are not carried
BOOKED = (*ELEMENTS, *ISOTOPES)
_UNITS = {name: "mm" if name == "water" else "mol m-2" for name in BOOKED}
_LONG = {name: "sodium and potassium" if name == "alkali" else name.replace("_", "-") for name in BOOKED}

PARAMS = ()
STATE = (
    Var("opened", "1", "1 once the books are open"),
    Var(
        "unsolved_waters",
        "1",
        "carbonate systems that could not be solved, since the start",
        aggregate="last",
    ),
    Var(
        "high_co2_steps",
        "1",
        "steps and tiles with soil CO2 above 0.3 atm, since the start",
        aggregate="last",
    ),
    Var("high_ph_steps", "1", "steps and boxes with a pH above 9, since the start", aggregate="last"),
    Var(
        "high_ionic_strength_steps",
        "1",
        "steps and stores with an ionic strength above 0.5 mol kg-1, since the start",
        aggregate="last",
    ),
    Block("stock", tuple(Var(e, _UNITS[e], f"{_LONG[e]} in the catchment") for e in BOOKED)),
    Block(
        "residual", tuple(Var(e, _UNITS[e], f"{_LONG[e]} unaccounted for since the start") for e in BOOKED)
    ),
    Block(
        "throughput",
        tuple(Var(e, _UNITS[e], f"{_LONG[e]} across the boundary since the start") for e in BOOKED),
    ),
)
FLUXES = (
    Flow(
        "surface_runoff", "surface runoff from saturated epikarst and of allogenic floods beyond the swallet"
    ),
    Flow(
        "runoff",
        "water from the karst to surface water: spring and surface runoff",
        standard_name="runoff_amount",
    ),
    Flow("export", "water and matter leaving the last box"),
    Var("gpp", "mol m-2", "gross primary production on land", aggregate="sum"),
    Var("npp", "mol m-2", "net primary production on land", aggregate="sum"),
    Var("plant_respiration", "mol m-2", "respiration of leaves and wood", aggregate="sum"),
    Var("root_respiration", "mol m-2", "root respiration", aggregate="sum"),
    Var("soil_respiration", "mol m-2", "CO2 produced in soil by decay and roots", aggregate="sum"),
    Var("soil_efflux", "mol m-2", "CO2 efflux from soil to the atmosphere", aggregate="sum"),
    Var("harvest", "mol m-2", "carbon harvested", aggregate="sum"),
    Var("amendment", "mol m-2", "carbon spread on soils: manure, straw and biochar", aggregate="sum"),
    Var("gas_uptake", "mol m-2", "net CO2 gas taken up by water below ground", aggregate="sum"),
    Var("bicarbonate_uptake", "mol m-2", "dissolved inorganic carbon taken up by roots", aggregate="sum"),
    Var(
        "weathering_uptake",
        "mol m-2",
        "CO2 gas consumed by water below ground beyond what roots take back out of it",
        aggregate="sum",
    ),
    Var(
        "imported_alkalinity",
        "mol m-2",
        "alkalinity brought by rain, irrigation and allogenic water",
        aggregate="sum",
    ),
    Var(
        "rock_dissolution",
        "mol m-2",
        "carbonate rock dissolved in all stores, less what precipitates below the soil",
        aggregate="sum",
    ),
    Var("co2_leached", "mol m-2", "dissolved CO2 leaving the soil with percolation", aggregate="sum"),
    Var("cave_ventilation", "mol m-2", "net CO2 that caves release to the atmosphere", aggregate="sum"),
    Var(
        "evapotranspiration",
        "mm",
        "evapotranspiration of the land",
        aggregate="sum",
        standard_name="water_evapotranspiration_amount",
    ),
    Var("evasion", "mol m-2", "gross CO2 evasion from surface water", aggregate="sum"),
    Var("invasion", "mol m-2", "gross CO2 invasion into surface water", aggregate="sum"),
    Var("aquatic_gpp", "mol m-2", "gross production of aquatic plants", aggregate="sum"),
    Var("aquatic_harvest", "mol m-2", "aquatic plants harvested", aggregate="sum"),
    Var("burial_oc", "mol m-2", "organic carbon buried in surface water", aggregate="sum"),
    Var("burial_ic", "mol m-2", "calcite buried in surface water", aggregate="sum"),
    Var(
        "sink_hydrochemical",
        "mol m-2",
        "karst carbon sink flux: half the bicarbonate that leaves the karst less half the alkalinity brought into it",
        aggregate="sum",
    ),
    Var("decayed_14c", "mol m-2", "14C decayed in all stores, as modern carbon", aggregate="sum"),
    Var(
        "gap_of_tags",
        "1",
        "what source tags lack or have too much of the carbon of their stores",
        aggregate="max",
    ),
    Block(
        "imbalance",
        tuple(Var(e, "1", f"relative imbalance of {_LONG[e]} in a step", aggregate="max") for e in BOOKED),
    ),
)

BOOK_DTYPE = block_dtype(BOOKED)
PAIR_DTYPE = block_dtype(ISOTOPES)
LEDGER_DTYPE = record_dtype(
    [
        *(("stock", BOOK_DTYPE), ("net", BOOK_DTYPE), ("gross", BOOK_DTYPE), ("from_air", "f8")),
        *(("from_air_of", PAIR_DTYPE), ("harvest_of", PAIR_DTYPE)),
    ]
)
CARBON = np.array([float(s.carbon) for s in SOLUTES])
N_BOOKED = len(BOOKED)
FIRST_ISOTOPE = len(ELEMENTS)
HALF = 0.5
M3_PER_KG = 1.0e-3
HIGH_CO2 = 0.3  # atm
HIGH_PH = 9.0
HIGH_IONIC_STRENGTH = 0.5  # mol kg-1


@kernel
def clear(book):
    for i in range(N_BOOKED):
        book.v[i] = 0.0


@kernel
def add(book, water, weight, n_active):
    """Add `weight` times a body of water (store or flow) to a book."""
    sol = water.sol
    book.water += weight * water.volume
    if n_active == 0:
        return
    for i in range(n_active):
        book.carbon += weight * CARBON[i] * sol.v[i]
    book.calcium += weight * sol.ca
    book.magnesium += weight * sol.mg
    book.alkali += weight * (sol.na + sol.k)
    book.sulfate += weight * sol.so4
    book.nitrate += weight * sol.no3
    book.chloride += weight * sol.cl
    book.oxygen += weight * sol.oxygen
    if n_active > N_CORE:
        book.carbon_13 += weight * (sol.di13c + sol.do13c + sol.aquatic_13c)
        book.carbon_14 += weight * (sol.di14c + sol.do14c + sol.aquatic_14c)


@kernel
def clear_ledger(ledger):
    """Nothing entered yet."""
    clear(ledger.net)
    clear(ledger.gross)
    ledger.from_air = 0.0
    for i in range(tracers.ISOTOPES):
        ledger.from_air_of.v[i] = 0.0
        ledger.harvest_of.v[i] = 0.0


@kernel
def enter(ledger, flow, weight, n_active):
    """Book a flow that enters (positive weight) or leaves (negative) the catchment."""
    add(ledger.net, flow, weight, n_active)
    add(ledger.gross, flow, abs(weight), n_active)


@kernel
def enter_carbon(ledger, amount):
    ledger.net.carbon += amount
    ledger.gross.carbon += abs(amount)


@kernel
def enter_air(ledger, amount):
    """Book CO2 that comes out of the open air (negative: goes there)."""
    enter_carbon(ledger, amount)
    ledger.from_air += amount


@kernel
def enter_rain(ledger, flow, n_active):
    """Book rain, whose inorganic carbon comes out of the open air."""
    enter(ledger, flow, 1.0, n_active)
    ledger.from_air += flow.sol.dic
    if n_active > N_CORE:
        ledger.from_air_of.carbon_13 += flow.sol.di13c
        ledger.from_air_of.carbon_14 += flow.sol.di14c


@kernel
def enter_rock(ledger, amount, magnesium_share):
    """Book dissolved rock (negative: precipitated, which takes no magnesium)."""
    magnesium = magnesium_share * max(amount, 0.0)
    enter_carbon(ledger, amount)
    ledger.net.magnesium += magnesium
    ledger.gross.magnesium += magnesium
    ledger.net.calcium += amount - magnesium
    ledger.gross.calcium += abs(amount - magnesium)


@kernel
def take_stock(book, cs, ts, bs, n_active):
    """Sum of all stores of one catchment, per karst area; isotopes of waters and of the air alone."""
    clear(book)
    add(book, cs.atmosphere.snow, 1.0, n_active)
    book.carbon += cs.atmosphere.air_carbon
    for i in range(tracers.ISOTOPES):
        book.v[FIRST_ISOTOPE + i] += cs.atmosphere.air_isotopes.v[i]
    add(book, cs.aquifer.matrix, 1.0, n_active)
    for above in range(MOST_CELLS):
        add(book, cell(cs.aquifer, above), 1.0, n_active)
    for i in range(ts.shape[0]):
        s = ts[i]
        area = s.tile.area_fraction
        add(book, s.vegetation.canopy, area, n_active)
        add(book, s.soil.pore_water, area, n_active)
        add(book, s.epikarst.water, area, n_active)
        if n_active == 0:
            continue
        solid = s.soil.carbonate + powder.mass(s.soil) + s.cave.calcite + s.cave.fissure_calcite
        plants = s.vegetation.leaf + s.vegetation.wood + s.vegetation.root + s.vegetation.reserve
        air = s.cave.air_co2 + gas_layers.total(s.soil)
        book.carbon += area * (plants + organic_carbon.stock(s.soil) + solid + air)
        book.calcium += area * (solid - s.soil.powder_magnesium)
        book.magnesium += area * s.soil.powder_magnesium
    for i in range(bs.shape[0]):
        s = bs[i].surface_water
        add(book, s.water, 1.0, n_active)
        book.carbon += s.plants + s.bed_calcite
        book.calcium += s.bed_calcite


@kernel
def enter_air_isotope(ledger, i, amount):
    """Book an isotope in CO2 that comes out of the open air (negative: goes there)."""
    enter_isotope(ledger, i, amount)
    ledger.from_air_of.v[i] += amount


@kernel
def enter_isotope(ledger, i, amount):
    ledger.net.v[FIRST_ISOTOPE + i] += amount
    ledger.gross.v[FIRST_ISOTOPE + i] += abs(amount)


@kernel
def land_boundary(ledger, area, p, f, magnesium_share, n_active):
    """Fluxes of one tile across the catchment's boundary."""
    v, s, e, c = f.vegetation, f.soil, f.epikarst, f.cave
    ledger.net.water -= area * (v.canopy_evaporation + s.evapotranspiration)
    ledger.gross.water += area * (v.canopy_evaporation + s.evapotranspiration)
    enter(ledger, s.irrigation, area, n_active)
    if n_active == 0:
        return
    enter_air(ledger, area * v.gpp)
    enter_air(ledger, -area * v.respiration)
    enter_carbon(ledger, -area * v.harvested)
    enter_carbon(ledger, area * (s.manure + s.straw + s.biochar))
    enter_carbon(ledger, area * s.imposed_respiration)
    enter_air(ledger, -area * s.efflux)
    enter_air(ledger, -area * c.ventilation)
    enter_air(ledger, area * s.rock_film_uptake)
    enter_air(ledger, area * e.open_air_uptake)
    enter_rock(ledger, area * s.powder, powder.magnesium_share(p.soil))
    enter_rock(ledger, area * s.rock_film_dissolution, p.soil.rock_film_mg)
    enter_rock(ledger, area * s.rock_dissolution, magnesium_share)
    enter_rock(ledger, area * e.rock_dissolution, magnesium_share)
    enter_rock(ledger, -area * e.calcite_precipitation, 0.0)
    ledger.net.calcium -= area * v.calcium_uptake
    ledger.gross.calcium += area * v.calcium_uptake
    sulfate = area * (s.deposited_so4 + s.pyrite_so4)
    ledger.net.sulfate += sulfate
    ledger.gross.sulfate += sulfate
    nitrate = area * (s.deposited_no3 + s.nitrified_no3)
    ledger.net.nitrate += nitrate
    ledger.gross.nitrate += nitrate


@kernel
def aquifer_boundary(ledger, f, dolomite_magnesium, n_active):
    """Allogenic water, losses to and gains from neighbouring basins, and rock dissolved below the epikarst."""
    enter(ledger, f.allogenic, 1.0, n_active)
    enter(ledger, f.loss, -1.0, n_active)
    enter(ledger, f.matrix_loss, -1.0, n_active)
    enter(ledger, f.gain, 1.0, n_active)
    if n_active == 0:
        return
    enter_rock(ledger, f.matrix_dissolution, dolomite_magnesium)
    enter_rock(ledger, f.conduit_dissolution + f.conduit_precipitation, dolomite_magnesium)
    enter_rock(ledger, -f.conduit_precipitation, 0.0)


@kernel
def water_boundary(ledger, f, n_active):
    """Fluxes of one surface-water box to the air and to the sediment."""
    enter_rain(ledger, f.rain, n_active)
    enter(ledger, f.tributary, 1.0, n_active)
    ledger.net.water -= f.evaporation
    ledger.gross.water += f.evaporation
    if n_active == 0:
        return
    ledger.net.nitrate += f.nitrate_release - f.nitrate_uptake
    ledger.gross.nitrate += f.nitrate_release + f.nitrate_uptake
    enter_air(ledger, f.invasion)
    enter_air(ledger, -f.evasion)
    enter_carbon(ledger, -f.burial_oc)
    enter_carbon(ledger, -f.plant_harvest)
    enter_rock(ledger, -f.calcite_burial, 0.0)
    ledger.net.oxygen += f.oxygen_inflow + f.oxygen_exchange + f.oxygen_production - f.oxygen_consumption
    ledger.gross.oxygen += (
        f.oxygen_inflow + abs(f.oxygen_exchange) + f.oxygen_production + f.oxygen_consumption
    )


@kernel
def air_boundary(ledger, p, f):
    """With a box of air, what land and water exchange with it stays inside; emissions come in.

    f  fluxes of the atmosphere
    """
    if p.co2_source == PRESCRIBED:
        return
    ledger.net.carbon -= ledger.from_air
    enter_carbon(ledger, f.emitted)
    enter_carbon(ledger, f.harvest_returned)
    for i in range(tracers.ISOTOPES):
        ledger.net.v[FIRST_ISOTOPE + i] -= ledger.from_air_of.v[i]
        enter_isotope(ledger, i, f.entered_of.v[i])


@kernel
def summarise_land(f, area, t):
    """Area-weighted sums of the tiles into the catchment's fluxes."""
    v, s, e, c = t.vegetation, t.soil, t.epikarst, t.cave
    f.gpp += area * v.gpp
    f.npp += area * v.npp
    f.plant_respiration += area * v.respiration
    f.root_respiration += area * v.root_respiration
    f.soil_respiration += area * s.co2_production
    f.soil_efflux += area * s.efflux
    f.harvest += area * v.harvested
    f.amendment += area * (s.manure + s.straw + s.biochar)
    gas = s.gas_uptake + e.gas_uptake + s.rock_film_uptake
    f.gas_uptake += area * gas
    f.bicarbonate_uptake += area * v.bicarbonate_uptake
    f.weathering_uptake += area * (gas - v.bicarbonate_uptake)
    f.imported_alkalinity += area * alkalinity(s.irrigation.sol)
    f.rock_dissolution += area * (
        s.rock_dissolution + e.rock_dissolution - e.calcite_precipitation + s.rock_film_dissolution
    )
    f.co2_leached += area * s.co2_leached
    f.cave_ventilation += area * c.ventilation
    f.evapotranspiration += area * (v.canopy_evaporation + s.evapotranspiration)


@kernel
def begin(f):
    """Zero the catchment's sums."""
    f.gpp = 0.0
    f.npp = 0.0
    f.plant_respiration = 0.0
    f.root_respiration = 0.0
    f.soil_respiration = 0.0
    f.soil_efflux = 0.0
    f.harvest = 0.0
    f.amendment = 0.0
    f.gas_uptake = 0.0
    f.bicarbonate_uptake = 0.0
    f.weathering_uptake = 0.0
    f.imported_alkalinity = 0.0
    f.rock_dissolution = 0.0
    f.co2_leached = 0.0
    f.cave_ventilation = 0.0
    f.evapotranspiration = 0.0
    f.evasion = 0.0
    f.invasion = 0.0
    f.aquatic_gpp = 0.0
    f.aquatic_harvest = 0.0
    f.burial_oc = 0.0
    f.burial_ic = 0.0


@kernel
def flag_high_co2(s, base_pco2):
    """Count soils beyond the range of the gas profile; the value itself is left as it is         [notes 12.15]."""
    if base_pco2 > HIGH_CO2:
        s.high_co2_steps += 1.0


@kernel
def summarise_water(f, b):
    f.evasion += b.evasion
    f.invasion += b.invasion
    f.aquatic_gpp += b.gpp
    f.burial_oc += b.burial_oc
    f.burial_ic += b.calcite_burial
    f.aquatic_harvest += b.plant_harvest


@kernel
def summarise_aquifer(f, a, state, rain):
    """Dissolution below the epikarst, and the hydrochemical sink CSF = 1/2 (Q [HCO3] - imported alkalinity).

    Q counts spring, losses to neighbours and surface runoff                            [design notes 9.1, 12.17]
    """
    f.rock_dissolution += a.matrix_dissolution + a.conduit_dissolution
    f.gas_uptake += a.conduit_gas_uptake
    f.weathering_uptake += a.conduit_gas_uptake
    f.imported_alkalinity += alkalinity(rain.sol) + alkalinity(a.allogenic.sol) + alkalinity(a.gain.sol)
    bicarbonate = state.spring_hco3 * M3_PER_KG * a.discharge.volume + max(
        alkalinity(f.surface_runoff.sol), 0.0
    )
    f.sink_hydrochemical = HALF * (bicarbonate - f.imported_alkalinity)


@kernel
def flag_waters(s, ph, ionic_strength):
    """Count waters beyond the range of the chemistry or of what rivers show          [design notes 12.1, 12.13]."""
    if ph > HIGH_PH:
        s.high_ph_steps += 1.0
    if ionic_strength > HIGH_IONIC_STRENGTH:
        s.high_ionic_strength_steps += 1.0


@kernel
def close(ledger, s, f, n_active):
    """Compare the stock change with the boundary fluxes, element by element that is carried; carry the totals."""
    n = 1 if n_active == 0 else (FIRST_ISOTOPE if n_active == N_CORE else N_BOOKED)  # water is the first
    for i in range(n):
        after, before = ledger.stock.v[i], s.stock.v[i]
        missing = after - before - ledger.net.v[i]
        scale = abs(after) + abs(before) + ledger.gross.v[i]
        f.imbalance.v[i] = abs(missing) / scale if scale > 0.0 else 0.0
        s.residual.v[i] += missing
        s.throughput.v[i] += ledger.gross.v[i]
        s.stock.v[i] = after


@kernel
def open_books(ledger, s):
    """Write the present stocks down before the first step."""
    for i in range(N_BOOKED):
        s.stock.v[i] = ledger.stock.v[i]
    s.opened = 1.0

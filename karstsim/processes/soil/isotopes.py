"""Isotopes and sources of carbon in soil: organic matter, soil gas, and what water takes from gas and solids.

Organic pools hold 13C and 14C beside their carbon and turn over by the same kernel, without fractionation. The steady
diffusion profile holds for each isotope by itself. With the pressures p of CO2 and y of 13CO2, at the base and (a) in
the air, the share r of 13C in what is respired, and the uptake J of water,

    p = p_a + A P - b J,   y = y_a + 1.0044 (A r P - b J_13),

13CO2 being the slower by 1.0044: that is the mixing of Cerling (1984) with the air, +4.4 permil where the air's part is
small. A prescribed pressure has p - p_a in place of A P. Sources follow the same rule, so the air's share of soil gas
is tagged atmosphere, and rock carbon that water gave back to the gas stays rock until it leaves. With layers of soil
air each tracer has its own stock and diffuses by itself (gas_layers.py).

What the soil gives off is what is left, isotope by isotope.
"""

from karstsim.chemistry.isotopes import ALPHA_SOIL_DIFFUSION, delta_to_fraction
from karstsim.core.constants import DAYS_PER_YEAR, GAS_CONSTANT_ATM, ZERO_CELSIUS
from karstsim.core.jit import kernel
from karstsim.core.spec import Block, Param, Var
from karstsim.processes import tracers
from karstsim.processes.air import co2_pressure
from karstsim.processes.soil import amendments, biochar, gas, gas_layers, organic_carbon, parton_1987
from karstsim.processes.tracers import C13, ISOTOPES, SOIL, isotope_block, tracer_block

PARAMS = (
    Param(
        "rock_d13c",
        1.0,
        "permille",
        -4.0,
        5.0,
        "design; design notes 7: -2 to 4",
        calibrate=False,
        doc="d13C of the rock under this land; matrix and conduit have the mean over the catchment",
    ),
    Param(
        "powder_d13c",
        1.0,
        "permille",
        -10.0,
        5.0,
        "design; design notes 7",
        calibrate=False,
        doc="d13C of powder",
    ),
    Param(
        "amendment_d13c",
        -27.0,
        "permille",
        -32.0,
        -10.0,
        "design; design notes 7",
        calibrate=False,
        doc="d13C of manure, straw and biochar brought in; their 14C is the air's",
    ),
    Param(
        "isotope_exchange",
        50.0,
        "day-1",
        0.0,
        500.0,
        "design; design notes 4.5",
        calibrate=False,
        doc="gross rate at which dissolved CO2 of soil water leaves to soil gas and is replaced",
    ),
    Param(
        "irrigation_d13c",
        -12.0,
        "permille",
        -20.0,
        2.0,
        "design; design notes 7",
        calibrate=False,
        doc="of its DIC",
    ),
    Param(
        "irrigation_c14", 0.8, "1", 0.0, 1.5, "design", calibrate=False, doc="14C over that of modern carbon"
    ),
)
STATE = (
    *(
        Block(
            f"organic_{n}",
            tuple(Var(v.name, v.units, f"carbon-{n[1:]}: {v.long_name}") for v in organic_carbon.POOLS),
        )
        for n in ("c13", "c14")
    ),
    tracer_block("carbonate_of", "pedogenic calcite"),
)
FLUXES = (
    Var("co2_d13c", "permille", "d13C of CO2 at the soil base, before water takes any up"),
    Var("respired_d13c", "permille", "d13C of CO2 produced in the soil"),
    Var("slower_by_c13", "1", "fall of the base pressure per uptake, of 13CO2 over that of all CO2"),
    tracer_block("air_of", "CO2 of the open air", "atm"),
    tracer_block("gas_of", "CO2 of soil air at the base, before water took it up", "atm"),
    tracer_block("solid_of", "rock and grains dissolved in the last part of a step"),
    tracer_block("uptake_of", "soil CO2 taken up by water in soil and epikarst", how="sum"),
    tracer_block("film_of", "CO2 of the open air taken up by water on bare rock"),
    tracer_block("respired_of", "CO2 produced in the soil", how="sum"),
    isotope_block("respiration_of", "heterotrophic respiration of the soil"),
    isotope_block("efflux_of", "CO2 efflux from the soil"),
    isotope_block("calcite_precipitation_of", "calcite precipitated in the soil"),
    isotope_block("from_air_of", "carbon taken out of the open air"),
    isotope_block("crossing_of", "other carbon that crossed the boundary of the catchment here"),
)


@kernel
def begin(s, f, air_f, forcing):
    """The open air as partial pressures, empty sums, and what soil air holds before the step."""
    tracers.empty(f.air_of)
    tracers.add(f.air_of, air_f.air_of, co2_pressure(forcing))
    tracers.empty(f.uptake_of)
    tracers.empty(f.solid_of)
    for i in range(ISOTOPES):
        f.from_air_of.v[i] = -gas_layers.total_of(s, i)
        f.efflux_of.v[i] = gas_layers.total_of(s, i)
        f.calcite_precipitation_of.v[i] = 0.0
        f.crossing_of.v[i] = 0.0


@kernel
def cross(f, i, amount):
    """Book an amount of an isotope that enters the catchment, but not out of the air."""
    f.crossing_of.v[i] += amount


@kernel
def decompose(p, s, f, litter, forcing, dt):
    """Isotopes through organic matter, before its carbon is stepped; what is respired begins with them."""
    years = organic_carbon.modifier(p, s, organic_carbon.seen_water(p, f, forcing)) * dt / DAYS_PER_YEAR
    priming = biochar.priming(p, s)
    rate = parton_1987.structural_decay(p, s.structural, s.lignin)
    amendments.step(p, f, forcing, dt)
    biochar.step(p, f, forcing, dt)
    dissolved = organic_carbon.dissolved_share(p)
    tracers.empty(f.respired_of)
    for i in range(ISOTOPES):
        pools = s.organic_c13 if i == C13 else s.organic_c14
        share = delta_to_fraction(p.amendment_d13c) if i == C13 else forcing.co2_c14
        decomposed = organic_carbon.advance(
            p,
            pools,
            rate,
            priming,
            years,
            litter.litter_of.v[i],
            share * f.manure,
            share * f.straw,
            share * f.biochar,
            dt,
        )
        cross(f, i, share * (f.manure + f.straw + f.biochar))
        f.respired_of.v[i] = decomposed * (1.0 - dissolved)
        f.respiration_of.v[i] = f.respired_of.v[i]
        if i == C13:
            s.pore_water.sol.do13c += decomposed * dissolved
        else:
            s.pore_water.sol.do14c += decomposed * dissolved


@kernel
def respire(p, s, f, litter, forcing, dt):
    """What the soil respires, and the gas at its base before water takes any up.

    Respiration that is imposed, or due to nothing that the soil has, has the isotopes of the rest, or of the plants.
    """
    own = f.co2_production - f.imposed_respiration
    outside = co2_pressure(forcing)
    excess = f.base_pco2_without_uptake - outside
    thinned = min(f.base_pco2_without_uptake / outside, 1.0)  # a law may put soil air below the open air
    cross(f, C13, delta_to_fraction(p.powder_d13c) * f.powder)
    for i in range(ISOTOPES):
        f.respired_of.v[i] += litter.root_respired_of.v[i]
        plants = delta_to_fraction(litter.fixed_d13c) if i == C13 else forcing.co2_c14
        share = f.respired_of.v[i] / own if own > 0.0 else plants
        cross(f, i, share * f.imposed_respiration)
        f.respired_of.v[i] = share * f.co2_production
        if i == C13:
            share = tracers.scaled(share, ALPHA_SOIL_DIFFUSION)
        f.gas_of.v[i] = thinned * f.air_of.v[i] + share * max(excess, 0.0)
    f.respired_of.v[SOIL] = f.co2_production
    for i in range(ISOTOPES, tracers.N_TRACERS):
        f.gas_of.v[i] = thinned * f.air_of.v[i]
    f.gas_of.v[SOIL] += max(excess, 0.0)
    f.slower_by_c13 = ALPHA_SOIL_DIFFUSION
    if gas.layers(p) > 0:
        pass_layers(p, s, f, gas.layers(p), dt)
    f.respired_d13c = tracers.delta_of(f.respired_of.v[C13], f.co2_production)
    f.co2_d13c = tracers.delta_of(f.gas_of.v[C13], f.base_pco2_without_uptake)


@kernel
def pass_layers(p, s, f, n, dt):
    """Tracers through n layers of soil air, whose CO2 has been stepped already."""
    atm = GAS_CONSTANT_ATM * (s.temperature + ZERO_CELSIUS)
    for i in range(tracers.N_TRACERS):
        outside, produced = f.air_of.v[i] / atm, f.respired_of.v[i]
        base, fall = gas_layers.trace(p, s, f, i, outside, produced, f.co2_diffusivity, n, dt)
        f.gas_of.v[i] = atm * base
        if i == C13:
            f.slower_by_c13 = atm * fall * dt / f.base_pco2_slope


@kernel
def dissolve(p, s, f, from_pool, from_powder, from_rock):
    """Tracers of what dissolves; the pool of pedogenic calcite is already less by its part."""
    before = s.carbonate + from_pool
    tracers.empty(f.solid_of)
    tracers.take(s.carbonate_of, f.solid_of, from_pool / before if before > 0.0 else 0.0)
    tracers.put(f.solid_of, from_powder, p.powder_d13c, tracers.DEAD, tracers.POWDER)
    tracers.put_rock(f.solid_of, from_rock, p.rock_d13c, tracers.acid_share(s.pore_water.sol))
    cross(f, C13, delta_to_fraction(p.rock_d13c) * from_rock)


@kernel
def react(p, s, f, solid, gas, x, h):
    """Tracers of one part of a step, whose rock and gas are in the water already (mol m-2)."""
    slope = f.base_pco2_slope / h
    out = max(p.isotope_exchange * h * x.m_co2 * s.pore_water.volume - max(-gas, 0.0), 0.0)
    if solid < 0.0:
        tracers.empty(f.solid_of)
        tracers.note(f.calcite_precipitation_of, s.carbonate_of, -1.0)
        tracers.precipitate(s.pore_water.sol, s.carbonate_of, s.pore_water.sol.dic - solid - gas, -solid, x)
        tracers.note(f.calcite_precipitation_of, s.carbonate_of, 1.0)
    tracers.exchange(
        s.pore_water.sol,
        f.solid_of,
        max(solid, 0.0),
        gas,
        f.gas_of,
        f.base_pco2_without_uptake - slope * gas,
        slope,
        f.slower_by_c13 * slope,
        out,
        x,
        f.uptake_of,
    )


@kernel
def rock_film(p, f, rock, gas, contact, x):
    """Tracers of water on bare rock, open to the air for `contact` days; rock and gas (mol m-2) are in it already."""
    sol = f.rock_runoff.sol
    tracers.empty(f.solid_of)
    tracers.put_rock(f.solid_of, max(rock, 0.0), p.rock_d13c, tracers.acid_share(sol))
    cross(f, C13, f.solid_of.v[C13])
    pressure = f.air_of.v[tracers.ATMOSPHERE]
    out = max(p.isotope_exchange * contact * x.m_co2 * f.rock_runoff.volume - max(-gas, 0.0), 0.0)
    tracers.empty(f.film_of)
    tracers.exchange(sol, f.solid_of, max(rock, 0.0), gas, f.air_of, pressure, 0.0, 0.0, out, x, f.film_of)
    for i in range(ISOTOPES):
        f.from_air_of.v[i] += f.film_of.v[i]


@kernel
def fall_of(f, taken, i, dt):
    """Fall of the pressure of tracer i at the soil base by what water took up (block, mol m-2)."""
    slower = f.slower_by_c13 if i == C13 else 1.0
    return slower * f.base_pco2_slope * taken.v[i] / dt


@kernel
def swap_with_open_air(f, taken, dt):
    """Let the open air pay for that of its own CO2 in `taken` which soil air does not have.

    Vadose air is open air in part, and water that swaps carbon with it may take more of the open air's CO2 than there
    is in the soil's share. The open air gives the soil what it lacks and gets as much of the mixture, so that neither
    gains carbon and no source falls below zero.
    """
    lacking = fall_of(f, taken, tracers.ATMOSPHERE, dt) - f.gas_of.v[tracers.ATMOSPHERE]
    if not lacking > 0.0:
        return
    brought = lacking / tracers.total(f.air_of)
    held = lacking
    for i in range(ISOTOPES, tracers.N_TRACERS):
        held += f.gas_of.v[i] - fall_of(f, taken, i, dt)
    for i in range(tracers.N_TRACERS):
        slower = f.slower_by_c13 if i == C13 else 1.0
        given = brought * f.air_of.v[i]
        returned = lacking / held * (f.gas_of.v[i] - fall_of(f, taken, i, dt) + given)
        taken.v[i] += (returned - given) * dt / (slower * f.base_pco2_slope)


@kernel
def lower(f, taken, dt):
    """Debit what water took up (block, mol m-2) from the gas at the soil base; none is below zero by rounding."""
    for i in range(tracers.N_TRACERS):
        f.gas_of.v[i] = max(f.gas_of.v[i] - fall_of(f, taken, i, dt), 0.0)


@kernel
def vent(p, s, f, cave_f):
    """What the soil gives off to the air: what is left of what it respired, and of what its air held."""
    n = gas.layers(p)
    for i in range(tracers.N_TRACERS if n > 0 else 0):
        gas_layers.take_of(s, f, i, f.uptake_of.v[i] - cave_f.vadose_of.v[i], n)
    for i in range(ISOTOPES):
        drawn = cave_f.drawn_of.v[i] - cave_f.vadose_of.v[i]
        f.from_air_of.v[i] += f.uptake_of.v[i] + drawn - f.respired_of.v[i] + gas_layers.total_of(s, i)
        f.efflux_of.v[i] += f.respired_of.v[i] - f.uptake_of.v[i] - drawn - gas_layers.total_of(s, i)

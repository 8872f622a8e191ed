"""Carbon isotopes and source tags of carbon in water: the only place where carbon gets, keeps or loses its origin.

Each body of inorganic carbon, and what aquatic plants make of it, has nine amounts beside it (mol m-2): its 13C, its
14C as modern carbon, and the part from each source; the sources add up to the carbon. Water keeps them in its solute
slots, solids, plants and air in blocks of the same order, so most moves are one loop. 14C is the activity
A = 1 + Delta14C/1000, normalised for fractionation, times the carbon: it mixes, passes phases unchanged, and decays.

Where water exchanges CO2 with a gas for a time t, both one-way fluxes count. With O out and I = O + net in, and O/DIC
(mean of the step) the turnover k, old carbon keeps the share e^-kt and what entered within the step (1 - e^-kt)/kt; the
rest of the water's carbon is then of the gas, in equilibrium with it (13C: alpha DIC-CO2). The net part has the one-way
fractionation of its direction (Zhang et al. 1995), out by Rayleigh. Each tracer i lowers its own pressure in the gas,

    y_i = y_i0 - slope_i (what the water took up of it),

solved together with the exchange, which is linear in y_i: a gas that takes rock carbon back has it afterwards. The sum
over the sources is that of the carbon at any pressure, so alkaline water may leave next to no CO2 in the gas.
"""

import math

from karstsim.chemistry.isotopes import (
    ALPHA_GAS_TRANSFER,
    PERMIL,
    R_VPDB,
    ZHANG1995,
    CalciteLaw,
    alpha_calcite,
    alpha_co2,
    alpha_dic,
    alpha_hco3,
    carbon_shares,
    dead_carbon_fraction,
    delta_to_fraction,
)
from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE, N_TRACERS, TRACERS
from karstsim.core.spec import Aggregate, Block, Var

C13, C14, SOIL, ROCK, ACID_ROCK, ATMOSPHERE, POWDER, ALLOGENIC, IRRIGATION = range(N_TRACERS)
ISOTOPES = 2  # the first of them; organic carbon has these alone
CALCITE_LAW = int(CalciteLaw.ROMANEK1992)
DEAD, MODERN = 0.0, 1.0
SLIGHT = 1.0e-5  # below it (1 - e^-y)/y is 1 - y/2 to 1e-11
HALF = 0.5
DISSOLVED = "dissolved inorganic "


def tracer_block(name: str, what: str, units: str = "mol m-2", how: Aggregate = "last") -> Block:
    """Isotopes and sources of a body of carbon; of a gas as partial pressures (atm)."""
    how = "mean" if units == "atm" else how
    return Block(
        name,
        tuple(
            Var(t.name, units, f"{t.long_name.removeprefix(DISSOLVED)}: {what}", aggregate=how)
            for t in TRACERS
        ),
    )


def isotope_block(name: str, what: str, how: Aggregate = "sum") -> Block:
    """Isotopes of a flux of carbon, or of a stock (`how` = "mean")."""
    return Block(
        name, tuple(Var(n, "mol m-2", f"{what}, carbon-{n[1:]}", aggregate=how) for n in ("c13", "c14"))
    )


# ------------------------------------------------------------------------------------------------- plain arithmetic


@kernel
def scaled(fraction, alpha):
    """13C over all carbon after its ratio 13C/12C was multiplied by alpha."""
    return alpha * fraction / (1.0 + (alpha - 1.0) * fraction)


@kernel
def delta_of(c13, carbon):
    """d13C (permil VPDB) of an amount of 13C in an amount of carbon; NaN without carbon."""
    if not carbon > c13:
        return math.nan
    return PERMIL * (c13 / (carbon - c13) / R_VPDB - 1.0)


@kernel
def dead_carbon(c14, carbon, air_c14):
    """Dead-carbon fraction of an amount of carbon under air of this 14C activity; NaN without carbon."""
    return dead_carbon_fraction(c14 / carbon, air_c14) if carbon > 0.0 else math.nan


@kernel
def empty(block):
    for i in range(N_TRACERS):
        block.v[i] = 0.0


@kernel
def put(block, amount, delta, activity, tag):
    """Add carbon of one source: its d13C (permil), its 14C activity, its tag."""
    block.v[C13] += amount * delta_to_fraction(delta)
    block.v[C14] += amount * activity
    block.v[tag] += amount


@kernel
def put_rock(block, amount, delta, acid_share):
    """Add dissolved rock, of which strong acids released the share `acid_share`."""
    acid = acid_share * amount
    put(block, acid, delta, DEAD, ACID_ROCK)
    put(block, amount - acid, delta, DEAD, ROCK)


@kernel
def acid_share(sol):
    """Share of the dissolved cations of rock that strong acids have set free: acid over Ca + Mg, at most one.

    Every equivalent of SO4, NO3 and Cl that sodium and potassium do not balance holds one mole of Ca or Mg whose
    carbonate it has made bicarbonate of; carbonic acid holds half a mole for each bicarbonate (design notes 4.6).
    """
    acid = 2.0 * sol.so4 + sol.no3 + sol.cl - sol.na - sol.k
    cations = sol.ca + sol.mg
    return min(max(acid, 0.0) / cations, 1.0) if cations > 0.0 else 0.0


@kernel
def add(block, other, weight):
    """Add `weight` times the tracers of another block."""
    for i in range(N_TRACERS):
        block.v[i] += weight * other.v[i]


@kernel
def note(flux, stock, sign):
    """Read a stock's isotopes into those of a flux: with -1 before and 1 after, what the stock has gained."""
    for i in range(ISOTOPES):
        flux.v[i] += sign * stock.v[i]


@kernel
def total(block):
    """The carbon that the tracers of a block belong to: the sum of its sources."""
    carbon = 0.0
    for i in range(ISOTOPES, N_TRACERS):
        carbon += block.v[i]
    return carbon


@kernel
def take(block, into, share):
    """Move a share of what a block holds into another."""
    for i in range(N_TRACERS):
        moved = share * block.v[i]
        block.v[i] -= moved
        into.v[i] += moved


@kernel
def pour(sol, block):
    """Add a block to the inorganic carbon of a water."""
    for i in range(N_TRACERS):
        sol.v[N_CORE + i] += block.v[i]


@kernel
def fill(flow, delta, activity, tag):
    """Give the inorganic carbon of a water that comes from outside its origin."""
    carbon = flow.sol.dic
    for i in range(N_TRACERS):
        flow.sol.v[N_CORE + i] = 0.0
    flow.sol.di13c = carbon * delta_to_fraction(delta)
    flow.sol.di14c = carbon * activity
    flow.sol.v[N_CORE + tag] = carbon


@kernel
def kept_of_new(turnover):
    """Share of what enters evenly during a time that is still there at its end: (1 - e^-y)/y."""
    if turnover < SLIGHT:
        return 1.0 - HALF * turnover
    return -math.expm1(-turnover) / turnover


# -------------------------------------------------------------------------------------------------------- reactions


@kernel
def rayleigh_part(fraction, share, alpha):
    """Part of its 13C that a body loses with a share of its carbon, by Rayleigh; `fraction` is 13C over carbon.

    R = R0 f^(alpha - 1), f = 1 - share: written so that a tiny share loses no digits.
    """
    if not share < 1.0:
        return 1.0
    log_left = math.log1p(-share)
    raised = math.expm1((alpha - 1.0) * log_left) * fraction
    return (raised - math.expm1(alpha * log_left)) / (1.0 + raised)


@kernel
def rayleigh(sol, into, carbon, lost, alpha):
    """Draw `lost` of the `carbon` off a water with alpha(product - DIC) and add its tracers to `into`."""
    if not carbon > 0.0:
        return
    share = min(lost / carbon, 1.0)
    heavy = rayleigh_part(sol.di13c / carbon, share, alpha)
    for i in range(N_TRACERS):
        drawn = (heavy if i == C13 else share) * sol.v[N_CORE + i]
        into.v[i] += drawn
        sol.v[N_CORE + i] -= drawn


@kernel
def alpha_of_dic(x):
    """alpha DIC-CO2(g) of a speciated water."""
    co2, hco3, co3 = carbon_shares(x)
    return alpha_dic(ZHANG1995, x.temperature, co2, hco3, co3)


@kernel
def alpha_into_water(x):
    """alpha of CO2 that enters the water one way, against the gas that it comes from (Zhang et al. 1995)."""
    return ALPHA_GAS_TRANSFER * alpha_co2(ZHANG1995, x.temperature)


@kernel
def precipitate(sol, into, carbon, calcite, x):
    """Tracers of `calcite` that has left a water which had `carbon` (mol m-2); `x` the speciated water."""
    alpha = alpha_calcite(CALCITE_LAW, x.temperature) * alpha_hco3(ZHANG1995, x.temperature) / alpha_of_dic(x)
    rayleigh(sol, into, carbon, calcite, alpha)


@kernel
def exchange(sol, solid, rock, gas, air, pressure, slope, slope_13, out, x, taken):
    """Tracers of a water that has been open to a gas; its DIC already holds `rock` and `gas` (mol m-2).

    solid           tracers of `rock`, what dissolved in the same time
    gas             net CO2 taken up
    air, pressure   partial pressures of the tracers before (block, atm), and that of CO2 after it
    slope           fall of the gas pressure per CO2 taken up, atm m2 mol-1; `slope_13` that of 13C
    out             CO2 that left the water one way in that time, beside a net loss, mol m-2
    x               the speciated water
    taken           block to which what the water took up out of the gas is added
    """
    after = sol.dic
    pressure_before = pressure + slope * gas
    dic_gas = alpha_of_dic(x)
    one_way = alpha_into_water(x)
    brought, lost = max(gas, 0.0), max(-gas, 0.0)
    before = after - rock - gas
    held = before + rock
    left = max(1.0 - lost / held, 0.0) if held > 0.0 else 1.0
    mean = HALF * (before + after)
    turnover = out / mean if mean > 0.0 else 0.0
    old_kept, new_kept = math.exp(-turnover), kept_of_new(turnover)
    swapped = left * ((1.0 - old_kept) * before + (1.0 - new_kept) * rock) + (1.0 - new_kept) * brought
    for i in range(N_TRACERS):
        old = sol.v[N_CORE + i]
        stays, entered, in_balance, fall = left, new_kept * brought, swapped, slope
        if i == C13:
            had = (old + solid.v[i]) / held if held > 0.0 else 0.0
            in_gas = air.v[i] / pressure_before if pressure_before > 0.0 else 0.0
            if lost > 0.0 and had > 0.0 and left > 0.0:
                power = (one_way / dic_gas - 1.0) * math.log(left)
                stays *= scaled(had, math.exp(power)) / had
            entered *= one_way / (1.0 + (one_way - 1.0) * in_gas)
            in_balance *= dic_gas / (1.0 + (dic_gas - 1.0) * in_gas)
            fall = slope_13
        kept = stays * (old_kept * old + new_kept * solid.v[i])
        of_gas = entered + in_balance
        left_of_air = air.v[i] - fall * (kept - old - solid.v[i])
        without_it = pressure + fall * of_gas
        share = (
            left_of_air / without_it if without_it != 0.0 else 0.0
        )  # y_i over the pressure, which may be zero
        now = kept + share * of_gas
        taken.v[i] += now - old - solid.v[i]
        sol.v[N_CORE + i] = now

"""Limestone or dolomite powder: grains in size bins that shrink as they dissolve (design notes 8.1).

    dr/dt = -V_m alpha (c_eq - c) roughness exposed wet        V_m volume per mole, wet the saturation of the soil

c_eq - c is the undersaturation of the soil water, the same for grains and rock, and alpha that of a film as thick as
the soil's or, around a small sphere, as its radius. With I the undersaturation summed over a step, a grain keeps
(1 - pace I)^3 of its mass, pace = -dr/dt / (r (c_eq - c)): the shrinking sphere, which cannot lose more than it has.

A bin holds a mass and a number of grains, so their mean radius. Grains that shrink below the edge of their bin join the
bin of their size (moving centres, Jacobson 1997), and dust of the least radius loses grains instead of size. Powder
only dissolves; what precipitates becomes pedogenic calcite. Amounts are moles of carbonate: 1 t ha-1 is 1.00 mol m-2 of
limestone and 1.08 mol m-2 of dolomite. A dolomitic powder has grains of its mean composition.
"""

import math

from karstsim.chemistry.film import film_alpha
from karstsim.core.constants import MM_PER_M, SECONDS_PER_DAY
from karstsim.core.jit import kernel
from karstsim.core.spec import Block, Param, Var
from karstsim.processes.lowpass import relaxed_share
from karstsim.processes.soil import season
from karstsim.processes.soil.season import ALL_YEAR
from karstsim.processes.soil.water import saturation

BINS = 8
PARAMS = (
    Param(
        "powder_rate",
        0.0,
        "mol m-2 year-1",
        0.0,
        10.0,
        "management",
        calibrate=False,
        doc="carbonate powder spread; 1 mol m-2 is 1 t ha-1 of limestone",
    ),
    Param(
        "powder_day",
        0.0,
        "1",
        0.0,
        365.0,
        "management",
        calibrate=False,
        integer=True,
        doc="day of the year on which the year's powder is spread; 0 = evenly over the year",
    ),
    Param(
        "powder_diameter",
        50.0,
        "um",
        5.0,
        5000.0,
        "design; design notes 8.1; jacobson1997",
        calibrate=False,
        scale="log",
        doc="median diameter of the powder by mass",
    ),
    Param(
        "powder_deviation",
        2.0,
        "1",
        1.05,
        5.0,
        "design; design notes 8.1",
        calibrate=False,
        doc="geometric standard deviation of the diameter (lognormal)",
    ),
    Param(
        "powder_dolomite",
        0.0,
        "1",
        0.0,
        1.0,
        "management",
        calibrate=False,
        doc="share of the powder's carbonate that is dolomite; 0 = limestone, 1 = dolomite",
    ),
    Param(
        "powder_roughness",
        5.0,
        "1",
        1.0,
        10.0,
        "design; design notes 8.1",
        calibrate=False,
        doc="surface of a grain over that of a sphere",
    ),
    Param(
        "powder_exposed",
        0.3,
        "1",
        0.05,
        1.0,
        "design; design notes 8.1",
        calibrate=False,
        doc="share of the grains' surface that is neither coated nor hidden in aggregates",
    ),
    Param(
        "powder_dolomite_rate",
        0.04,
        "1",
        0.016,
        0.33,
        "design; design notes 8.1: 10 to 60 times slower",
        calibrate=False,
        scale="log",
        doc="rate of dolomite over that of calcite",
    ),
)
LEAST_RADIUS = 2.0e-6  # m; lower edge of the smallest bin, below which grains are dust
EDGE_RATIO = 2.0  # between the edges of neighbouring bins: diameters of 4, 8 .. 512 um


def bins(name: str, units: str, what: str) -> Block:
    """One number per size bin."""
    edges = [2.0e6 * LEAST_RADIUS * math.pow(EDGE_RATIO, j) for j in range(BINS)]
    return Block(
        name, tuple(Var(f"bin_{j}", units, f"{what} from {d:.0f} um on") for j, d in enumerate(edges))
    )


STATE = (
    bins("powder_mass", "mol m-2", "carbonate in powder grains"),
    bins("powder_grains", "m-2", "number of powder grains"),
    Var("powder_magnesium", "mol m-2", "magnesium in powder"),
)
FLUXES = (
    Var("powder", "mol m-2", "carbonate powder spread", aggregate="sum"),
    Var("powder_dissolution", "mol m-2", "carbonate dissolved from powder", aggregate="sum"),
    Var("powder_left", "mol m-2", "carbonate powder in the soil at the end of the step", aggregate="last"),
    bins("powder_pace", "m3 mol-1 d-1", "radius lost per day and undersaturation by grains"),
)
CALCITE_VOLUME = 3.69e-5  # m3 per mole of carbonate (design notes 8.1)
DOLOMITE_VOLUME = 3.225e-5  # half of 64.5 cm3 mol-1 of CaMg(CO3)2 (design notes 8.1)
MAGNESIUM_IN_DOLOMITE = 0.5  # per mole of carbonate
VOLUME_RATIO = EDGE_RATIO * EDGE_RATIO * EDGE_RATIO
SPHERE = 4.0 / 3.0 * math.pi
THIRD = 1.0 / 3.0
HALF = 0.5
MICROMETRES_PER_M = 1.0e6
NEGLIGIBLE_SHARE = 1.0e-9  # of the powder spread: a bin that gets less gets nothing
NEGLIGIBLE_MASS = 1.0e-9  # mol m-2; less powder does not react
HALVINGS = 40


@kernel
def magnesium_share(p):
    """Molar share of magnesium in the powder that is spread."""
    return MAGNESIUM_IN_DOLOMITE * p.powder_dolomite


@kernel
def mass(s):
    """Powder in the soil, mol m-2."""
    total = 0.0
    for j in range(BINS):
        total += s.powder_mass.v[j]
    return total


@kernel
def composition(s):
    """Molar share of magnesium in the powder that lies in the soil."""
    total = mass(s)
    return min(s.powder_magnesium / total, MAGNESIUM_IN_DOLOMITE) if total > 0.0 else 0.0


@kernel
def molar_volume(magnesium):
    """Volume of the grains, m3 per mole of carbonate."""
    return CALCITE_VOLUME + magnesium / MAGNESIUM_IN_DOLOMITE * (DOLOMITE_VOLUME - CALCITE_VOLUME)


# ---------------------------------------------------------------------------------------------------------- spreading


@kernel
def below(z):
    """Standard normal distribution function."""
    return HALF * (1.0 + math.erf(z * math.sqrt(HALF)))


@kernel
def spread(p, s, f, forcing, dt):
    """Fresh grains, lognormal by mass, into the bins; the grains of a bin get the mean radius of its surface.

    With u = ln r standardised and w = ln(deviation), the mass between two edges is the difference of Phi(u), and its
    mean of 1/r is exp(w^2/2)/r_50 times the difference of Phi(u + w) over that of Phi(u).
    """
    f.powder = 0.0
    if p.powder_rate <= 0.0:
        return
    days = ALL_YEAR if p.powder_day == 0 else 1.0
    amount = season.spread(p.powder_rate, max(p.powder_day, 1.0), days, forcing.year_fraction, dt)
    width = math.log(p.powder_deviation)
    median = HALF * p.powder_diameter / MICROMETRES_PER_M
    shift = math.exp(HALF * width * width)
    volume = molar_volume(magnesium_share(p))
    edge = LEAST_RADIUS
    lower, lower_shifted = 0.0, 0.0
    for j in range(BINS):
        edge *= EDGE_RATIO
        u = math.log(edge / median) / width
        last = j == BINS - 1
        upper, upper_shifted = (1.0, 1.0) if last else (below(u), below(u + width))
        share = upper - lower
        if share > NEGLIGIBLE_SHARE:
            radius = median * share / (shift * (upper_shifted - lower_shifted))
            s.powder_mass.v[j] += share * amount
            s.powder_grains.v[j] += share * amount * volume / (SPHERE * radius * radius * radius)
            f.powder += share * amount
        lower, lower_shifted = upper, upper_shifted
    s.powder_magnesium += magnesium_share(p) * f.powder
    sort(s)


@kernel
def radius(s, j, volume):
    """Mean radius of the grains of a bin, m; `volume` per mole."""
    return math.exp(THIRD * math.log(s.powder_mass.v[j] * volume / (SPHERE * s.powder_grains.v[j])))


@kernel
def sort(s):
    """Grains smaller than their bin join the bin of their size; dust of the least radius becomes fewer."""
    volume = molar_volume(composition(s))
    dust = SPHERE * LEAST_RADIUS * LEAST_RADIUS * LEAST_RADIUS
    edge = dust
    for j in range(1, BINS):
        edge *= VOLUME_RATIO
        own, least = j, edge
        while own > 0 and s.powder_mass.v[j] * volume < least * s.powder_grains.v[j]:
            own -= 1
            least /= VOLUME_RATIO
        if own < j:
            s.powder_mass.v[own] += s.powder_mass.v[j]
            s.powder_grains.v[own] += s.powder_grains.v[j]
            s.powder_mass.v[j] = 0.0
            s.powder_grains.v[j] = 0.0
    s.powder_grains.v[0] = min(s.powder_grains.v[0], s.powder_mass.v[0] * volume / dust)


# --------------------------------------------------------------------------------------------------------- dissolving


@kernel
def set_pace(p, s, f, temperature, pco2):
    """Share of its radius that a grain of each bin loses per day and mol m-3 of undersaturation."""
    magnesium = composition(s)
    volume = molar_volume(magnesium)
    dolomite = magnesium / MAGNESIUM_IN_DOLOMITE
    surface = p.powder_roughness * p.powder_exposed * saturation(p, s.pore_water.volume)
    surface *= 1.0 - dolomite * (1.0 - p.powder_dolomite_rate)
    for j in range(BINS):
        f.powder_pace.v[j] = 0.0
        if s.powder_mass.v[j] > 0.0:
            r = radius(s, j, volume)
            film = min(p.film_thickness, r * MM_PER_M)
            alpha = film_alpha(temperature, film, pco2, p.ca_factor)
            f.powder_pace.v[j] = volume * alpha * SECONDS_PER_DAY * surface / r


@kernel
def loss(s, f, exposure):
    """What the grains lose, mol m-2, when exposed to undersaturation of `exposure` mol m-3 d."""
    total = 0.0
    for j in range(BINS):
        total += bin_loss(s, f, j, exposure)
    return total


@kernel
def bin_loss(s, f, j, exposure):
    kept = max(1.0 - f.powder_pace.v[j] * exposure, 0.0)
    return s.powder_mass.v[j] * (1.0 - kept * kept * kept)


@kernel
def mean_rates(s, f, rock_rate, pool_rate, deficit, h):
    """Rates at which pedogenic calcite and powder act over a step in which they may run out: (pool, powder, exposure).

    rock_rate, pool_rate  d-1
    deficit               undersaturation at the start of the step, mol m-3, positive
    h                     length of the step, d

    The exposure I (mol m-3 d) solves I = deficit (1 - e^(-K h))/K, where K I is what all sources give to it. The right
    side rises more slowly than I, so the root is unique. The upper end of the bracket is returned: the sources then
    hold at least what the water takes.
    """
    metres = s.pore_water.volume / MM_PER_M
    low, high = 0.0, deficit * h
    for _ in range(HALVINGS):
        trial = HALF * (low + high)
        given = rock_rate * trial + (_from_pool(s, pool_rate, trial, metres) + loss(s, f, trial)) / metres
        if deficit * relaxed_share(given / trial * h, 1.0) > given:
            low = trial
        else:
            high = trial
    pool = _from_pool(s, pool_rate, high, metres) / (metres * high)
    return pool, loss(s, f, high) / (metres * high), high


@kernel
def _from_pool(s, pool_rate, exposure, metres):
    """Pedogenic calcite that dissolves, mol m-2: at its rate until it is gone."""
    return min(pool_rate * exposure * metres, s.carbonate)


@kernel
def take(s, f, amount, exposure):
    """Take up to `amount` out of the bins in proportion to their loss by `exposure`; what was taken, mol m-2."""
    lost = loss(s, f, exposure)
    if not lost > 0.0:
        return 0.0 * amount
    part = min(amount / lost, 1.0)
    share = composition(s)
    taken = 0.0
    for j in range(BINS):
        dissolved = part * bin_loss(s, f, j, exposure)
        s.powder_mass.v[j] -= dissolved
        taken += dissolved
    s.powder_magnesium -= share * taken
    f.powder_dissolution += taken
    sort(s)
    return taken

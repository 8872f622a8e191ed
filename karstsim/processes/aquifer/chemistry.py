"""Dissolution in matrix and conduit, closed but for the conduit's contact with cave air (design notes 4.5).

The waters of up to eight catchments react side by side (`lane_dissolution`). A conduit of several cells, and a water
that the lanes cannot solve, react by the scalar kernels.
"""

from karstsim.chemistry.constants import set_temperature
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes.aquifer import conduit_air, isotopes
from karstsim.processes.aquifer.conduit_cells import cell
from karstsim.processes.dissolution import (
    MINIMUM_VOLUME,
    apply,
    carbonate_share,
    closed_step,
    load_again,
    magnesium_share,
    own_pressure,
    rate_constant,
    rate_params,
    remember,
)
from karstsim.processes.transport import temperature_of

PARAMS = (
    Param(
        "dolomite_share",
        0.1,
        "1",
        0.0,
        1.0,
        "design; design notes 3.13",
        calibrate=False,
        doc="formula units of dolomite per formula unit of carbonate rock in the aquifer",
    ),
    carbonate_share(),
    *rate_params("matrix_", 2000.0, 0.3, "design; design notes 4.5"),
    *rate_params("conduit_", 20.0, 0.3, "design; design notes 4.5"),
    Param(
        "ca_factor",
        1.0,
        "1",
        1.0,
        20.0,
        "design; design notes 4.7",
        scale="log",
        doc="carbonic anhydrase: factor on CO2 hydration",
    ),
    Param(
        "calcite_threshold",
        0.3,
        "1",
        0.0,
        1.0,
        "design; design notes 5.3",
        calibrate=False,
        doc="saturation index above which calcite precipitates",
    ),
    Param("calcite_rate", 1.0, "day-1", 0.01, 10.0, "design; design notes 5.3", calibrate=False, scale="log"),
)
FLUXES = (
    Var(
        "matrix_dissolution",
        "mol m-2",
        "carbonate dissolved in the matrix (negative: precipitated)",
        aggregate="sum",
    ),
    Var(
        "conduit_dissolution",
        "mol m-2",
        "carbonate dissolved in the conduit less what precipitated there",
        aggregate="sum",
    ),
    # Cells may differ in sign, and only what dissolves brings magnesium.
    Var("conduit_precipitation", "mol m-2", "calcite precipitated in the conduit", aggregate="sum"),
)


@kernel
def react(store, x, k, mg, area_to_volume, film, p, f, dt, tail_start, tail_order, solved):
    """Closed dissolution in one store; returns the rock dissolved, mol m-2.

    solved   1 where `x` holds this store's last solve
    """
    if store.volume < MINIMUM_VOLUME:
        return 0.0
    temperature = temperature_of(store)
    set_temperature(k, temperature, k.constant_set)
    k_dt = rate(p, store, area_to_volume, film) * dt
    load_again(x, store, temperature, solved)
    rock = closed_step(x, k, mg, k_dt, p.calcite_rate * dt, p.calcite_threshold, tail_start, tail_order)
    dissolved = rock * store.volume
    book(store, x, f, dissolved, mg, k.tracers == 1.0)
    remember(x, store)
    return dissolved


@kernel
def rate(p, store, area_to_volume, film):
    """Rate constant of dissolution in a store of the aquifer, d-1."""
    area = p.carbonate_share * area_to_volume
    return rate_constant(area, film, temperature_of(store), own_pressure(store), p.ca_factor)


@kernel
def book(store, x, f, dissolved, mg, traced):
    """Bring `dissolved` (mol m-2, negative: calcite) into a store; `x` has its carbon where `traced`."""
    apply(store, dissolved, 0.0, mg)
    if traced:
        isotopes.react(f, store, dissolved, x)


@kernel
def book_lane(w, lane, store, x, f, mg, traced):
    """Book the rock of a lane into its store, which keeps the lane's medium; returns the rock, mol m-2."""
    dissolved = w[lanes.ROCK_MOVED + lane] * store.volume
    if traced:
        lanes.show(w, lanes.MIDDLE, lane, x)
    book(store, x, f, dissolved, mg, traced)
    lanes.keep(w, lane, store)
    return dissolved


@kernel
def load_matrix(w, lane, p, store, dt):
    """The matrix and its law into a lane."""
    lanes.load(w, lane, store, temperature_of(store), magnesium_share(p.dolomite_share))
    if lanes.is_sound(w, lane):
        k_dt = rate(p, store, p.matrix_area_to_volume, p.matrix_film_thickness) * dt
        law = p.matrix_tail_start, p.matrix_tail_order, p.calcite_threshold, p.calcite_rate * dt
        lanes.set_law(w, lane, k_dt, *law)


@kernel
def react_matrix(p, s, f, x, k, dt):
    """Dissolution in one matrix by the scalar kernels; returns the rock dissolved, mol m-2."""
    mg = magnesium_share(p.dolomite_share)
    area, film = p.matrix_area_to_volume, p.matrix_film_thickness
    return react(s.matrix, x, k, mg, area, film, p, f, dt, p.matrix_tail_start, p.matrix_tail_order, 0.0)


@kernel
def react_matrices(cp, cs, cf, first, count, scratch, w, constant_set, dt, traced):
    """Dissolution in the matrices of the catchments first .. first + count - 1, side by side.

    cp, cs, cf  tables of all catchments; scratch (LANES,) records; w scratch of `lane_dissolution.WORDS` numbers
    """
    lanes.empty(w, count)
    for lane in range(count):
        load_matrix(w, lane, cp[first + lane].aquifer, cs[first + lane].aquifer.matrix, dt)
    lanes.prepare(w, constant_set, count)
    lanes.dissolve(w, constant_set, count, traced)
    for lane in range(count):
        p, s, f = cp[first + lane].aquifer, cs[first + lane].aquifer, cf[first + lane].aquifer
        x, k = scratch[lane].solution, scratch[lane].constants
        if lanes.is_sound(w, lane):
            mg = magnesium_share(p.dolomite_share)
            f.matrix_dissolution = book_lane(w, lane, s.matrix, x, f, mg, traced)
        else:
            f.matrix_dissolution = react_matrix(p, s, f, x, k, dt)
        f.conduit_dissolution = 0.0
        f.conduit_precipitation = 0.0


@kernel
def count_rock(f, rock):
    """Add what dissolved in the conduit (mol m-2, negative: calcite) to the sums of the step."""
    f.conduit_dissolution += rock
    f.conduit_precipitation += max(-rock, 0.0)


@kernel
def react_conduit(p, s, f, x, k, dt):
    """Gas exchange and dissolution in the cells of one conduit for `dt` days, by the scalar kernels."""
    mg = magnesium_share(p.dolomite_share)
    area, film = p.conduit_area_to_volume, p.conduit_film_thickness
    for above in range(p.conduit_cells):
        store = cell(s, above)
        solved = conduit_air.exchange(store, x, k, p, f, dt, 0.0)
        rock = react(
            store, x, k, mg, area, film, p, f, dt, p.conduit_tail_start, p.conduit_tail_order, solved
        )  # fmt: skip
        # Where the water reacted at all, `x` now holds it.
        conduit_air.exchange(store, x, k, p, f, dt, 1.0)
        count_rock(f, rock)


@kernel
def load_conduit(w, lane, p, s, f, dt):
    """The conduit with its law and air into a lane; one of several cells is odd."""
    if p.conduit_cells > 1:
        w[lanes.ODD + lane] = 1.0
        return
    lanes.load(w, lane, s.conduit, temperature_of(s.conduit), magnesium_share(p.dolomite_share))
    if lanes.is_sound(w, lane):
        k_dt = rate(p, s.conduit, p.conduit_area_to_volume, p.conduit_film_thickness) * dt
        law = p.conduit_tail_start, p.conduit_tail_order, p.calcite_threshold, p.calcite_rate * dt
        lanes.set_law(w, lane, k_dt, *law)
        conduit_air.load_lane(w, lane, p, f, dt)


@kernel
def book_conduit(w, lane, p, s, f, x, dt, traced):
    """Book gas, rock and gas of a lane into its conduit, in the order in which they moved."""
    mg = magnesium_share(p.dolomite_share)
    conduit_air.book_lane(w, lanes.FIRST, lane, s.conduit, x, p, f, dt, traced)
    rock = book_lane(w, lane, s.conduit, x, f, mg, traced)
    conduit_air.book_lane(w, lanes.LAST, lane, s.conduit, x, p, f, dt, traced)
    count_rock(f, rock)


@kernel
def react_conduits(cp, cs, cf, first, count, part, scratch, w, constant_set, dt, traced):
    """Gas exchange and dissolution in the conduits, side by side, in one part of a step of `dt` days.

    As `react_matrices`; only the catchments with more than `part` parts (``scratch[lane].parts``) take part.
    """
    lanes.empty(w, count)
    for lane in range(count):
        p, s, f = cp[first + lane].aquifer, cs[first + lane].aquifer, cf[first + lane].aquifer
        if part < scratch[lane].parts:
            load_conduit(w, lane, p, s, f, dt / scratch[lane].parts)
    lanes.prepare(w, constant_set, count)
    lanes.exchange(w, lanes.FIRST, constant_set, count, traced)
    lanes.dissolve(w, constant_set, count, traced)
    lanes.exchange(w, lanes.LAST, constant_set, count, traced)
    for lane in range(count):
        p, s, f = cp[first + lane].aquifer, cs[first + lane].aquifer, cf[first + lane].aquifer
        x, k = scratch[lane].solution, scratch[lane].constants
        h = dt / scratch[lane].parts
        if lanes.is_sound(w, lane):
            book_conduit(w, lane, p, s, f, x, h, traced)
        elif part < scratch[lane].parts:
            react_conduit(p, s, f, x, k, h)

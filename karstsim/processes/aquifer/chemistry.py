"""Dissolution in matrix and conduit, closed but for the conduit's contact with cave air (design notes 4.5)."""

from karstsim.chemistry.constants import set_temperature
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.aquifer import conduit_air, isotopes
from karstsim.processes.aquifer.conduit_cells import cell
from karstsim.processes.dissolution import (
    MINIMUM_VOLUME,
    apply,
    carbonate_share,
    closed_step,
    load_again,
    own_pressure,
    rate_constant,
    rate_params,
    remember,
)
from karstsim.processes.epikarst.chemistry import magnesium_share
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
    area = p.carbonate_share * area_to_volume
    k_dt = rate_constant(area, film, temperature, own_pressure(store), p.ca_factor) * dt
    load_again(x, store, temperature, solved)
    rock = closed_step(x, k, mg, k_dt, p.calcite_rate * dt, p.calcite_threshold, tail_start, tail_order)
    dissolved = rock * store.volume
    apply(store, dissolved, 0.0, mg)
    if k.tracers == 1.0:
        isotopes.react(f, store, dissolved, x)
    remember(x, store)
    return dissolved


@kernel
def begin(p, s, f, x, k, dt):
    """Dissolution in the matrix."""
    mg = magnesium_share(p.dolomite_share)
    f.matrix_dissolution = react(
        s.matrix,
        x,
        k,
        mg,
        p.matrix_area_to_volume,
        p.matrix_film_thickness,
        p,
        f,
        dt,
        p.matrix_tail_start,
        p.matrix_tail_order,
        0.0,
    )
    f.conduit_dissolution = 0.0
    f.conduit_precipitation = 0.0


@kernel
def step(p, s, f, x, k, dt, solved):
    """Gas exchange and dissolution in the conduit for `dt` days.

    solved   1 where `x` holds the last solve of the conduit's only cell; so is what is returned
    """
    mg = magnesium_share(p.dolomite_share)
    for above in range(p.conduit_cells):
        store = cell(s, above)
        solved = conduit_air.exchange(store, x, k, p, f, dt, solved)
        rock = react(
            store,
            x,
            k,
            mg,
            p.conduit_area_to_volume,
            p.conduit_film_thickness,
            p,
            f,
            dt,
            p.conduit_tail_start,
            p.conduit_tail_order,
            solved,
        )
        # Where the water reacted at all, `x` now holds it.
        conduit_air.exchange(store, x, k, p, f, dt, 1.0)
        solved = 1.0 if p.conduit_cells == 1 and store.volume >= MINIMUM_VOLUME else 0.0
        f.conduit_dissolution += rock
        f.conduit_precipitation += max(-rock, 0.0)
    return solved

"""The state that a run starts from, and the spin-up that makes it the climate's own.

Soil carbon and wood start from their analytic steady state under the mean climate (design notes 3.3); then the first
decade of the forcing is recycled until the stocks drift by less than `DRIFT` per decade, or the limit is reached. A
stand with a growth curve has an age: it is planted anew after every cycle, so that only the soil under it settles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from karstsim.core.constants import (
    DAYS_PER_YEAR,
    GAS_CONSTANT_ATM,
    MM_PER_M,
    STANDARD_ATMOSPHERE,
    ZERO_CELSIUS,
)
from karstsim.core.jit import driver, python_callable
from karstsim.model import origins
from karstsim.model.engine import (
    FREQUENCIES,
    FULL,
    NOTHING,
    Forcing,
    Physics,
    Progress,
    Tables,
    step_all,
    step_window,
)
from karstsim.model.land_use import LandUse
from karstsim.model.registry import variables
from karstsim.model.site import Site
from karstsim.processes.air import PPM
from karstsim.processes.aquifer.conduit_cells import MOST_CELLS
from karstsim.processes.atmosphere.co2_box import PRESCRIBED
from karstsim.processes.soil import organic_carbon
from karstsim.processes.soil.gas import DIFFUSION
from karstsim.processes.soil.gas_layers import MOST_LAYERS
from karstsim.processes.vegetation import casa, growth_curve, production
from karstsim.processes.vegetation.production import NppModel

DRIFT = 1.0e-3  # per decade (targets B)
CYCLE_YEARS = 10
WARM_UP_YEARS = 5
# Dilute water for all stores: mol kg-1, charge-balanced with alkalinity 0
DILUTE = {"dic": 2.0e-5, "ca": 4.0e-5, "na": 2.0e-5, "cl": 2.0e-5, "so4": 3.0e-5, "no3": 2.0e-5}
SATURATED_OXYGEN = 0.3  # mol m-3, of surface water at 17 degC
YEARLY_LAWS = (NppModel.MIAMI, NppModel.GROWTH_CURVE)
MOIST = 1.0  # actual over potential transpiration
EMPTY = [NOTHING for _ in FREQUENCIES]


@dataclass(frozen=True)
class SpinUp:
    """How the spin-up ended: years run (at most), and per member the largest drift per decade and the stock with it."""

    years: int
    drift: np.ndarray
    stock: tuple[str, ...]

    @property
    def settled(self) -> np.ndarray:
        return self.drift < DRIFT


def _fill_water(store: np.ndarray, volume: np.ndarray | float, temperature: np.ndarray) -> None:
    """Dilute water of a temperature (degC) in every row of `store`."""
    store["volume"] = volume
    store["heat"] = volume * np.maximum(temperature, 0.0)
    for solute, concentration in DILUTE.items():
        store["sol"][solute] = concentration * store["volume"]


def _fill_soil_air(soil: np.ndarray, p: np.ndarray, pressure: np.ndarray) -> None:
    """Open air of a CO2 pressure (atm) in the layers of every soil: its steady profile while it produces nothing."""
    layers = np.where(p["co2_law"] == DIFFUSION, p["gas_layers"], 0)
    air = np.maximum(
        p["porosity"] * p["depth"] - soil["pore_water"]["volume"] / MM_PER_M, p["least_air"] * p["depth"]
    )
    amount = air * pressure / (GAS_CONSTANT_ATM * (soil["temperature"] + ZERO_CELSIUS))
    for i in range(MOST_LAYERS):
        soil["air_co2"]["v"][..., i] = np.where(i < layers, amount / np.maximum(layers, 1), 0.0)
    soil["air_parts"] = layers


def set_initial_state(tables: Tables, site: Site, forcing: Forcing) -> None:
    """Half-full soils, dilute water everywhere, temperatures at their means; no organic carbon yet."""
    mean = forcing.table["tas"].mean(axis=1)[tables.forcing_row]
    year = np.full(len(tables), site.mean_temperature) if site.mean_temperature is not None else mean
    column, tile, box = (tables.state[level] for level in ("column", "tile", "box"))
    p_tile, p_column, p_box = (tables.params[level] for level in ("tile", "column", "box"))
    column["atmosphere"]["air_temperature_week"] = mean
    column["atmosphere"]["air_temperature_year"] = year
    column["atmosphere"]["precipitation_year"] = forcing.table["pr"].mean(axis=1)[tables.forcing_row]
    column["aquifer"]["spring_temperature"] = year
    column["aquifer"]["allogenic_temperature"] = mean
    tables.state["sinking_stream"]["sinking_stream"]["allogenic_temperature"] = mean[:, None]
    tables.state["box"]["surface_water"]["tributary_temperature"] = mean[:, None]
    tile["vegetation"]["season_mean"] = _season_means(tables, forcing)
    plant_stands(tables, forcing)
    tile["tile"]["area_fraction"] = [t.area_fraction for t in site.tiles]
    soil = p_tile["soil"]
    full = MM_PER_M * soil["depth"] * soil["field_capacity_ratio"] * soil["porosity"]
    residual = MM_PER_M * soil["depth"] * soil["residual_water"]
    _fill_water(tile["soil"]["pore_water"], 0.5 * (full + residual), mean[:, None])
    tile["soil"]["temperature"] = mean[:, None]
    air = forcing.table
    co2 = (air["co2"] * PPM * air["ps"] / STANDARD_ATMOSPHERE).mean(axis=1)[tables.forcing_row]
    _fill_soil_air(tile["soil"], soil, co2[:, None])
    _fill_water(tile["epikarst"]["water"], 0.1 * p_tile["epikarst"]["capacity"], mean[:, None])
    aquifer = p_column["aquifer"]
    matrix = aquifer["matrix_immobile"] + 0.3 * aquifer["matrix_residence_time"]
    _fill_water(column["aquifer"]["matrix"], matrix, year)
    cells = aquifer["conduit_cells"]
    conduit = (aquifer["conduit_pool"] + aquifer["conduit_residence_time"]) / cells
    _fill_water(column["aquifer"]["conduit"], conduit, year)
    for above in range(1, MOST_CELLS):
        _fill_water(column["aquifer"][f"conduit_above_{above}"], np.where(above < cells, conduit, 0.0), year)
    box["surface_water"]["temperature"] = mean[:, None]
    water = p_box["surface_water"]
    lake = MM_PER_M * water["reservoir_depth"] * water["reservoir_area"] / water["catchment_area"]
    surface = box["surface_water"]["water"]
    _fill_water(surface, np.where(water["reservoir"] == 1, lake, 1.0), mean[:, None])
    surface["sol"]["oxygen"] = SATURATED_OXYGEN * surface["volume"] / MM_PER_M


def _season_means(tables: Tables, forcing: Forcing) -> np.ndarray:
    """Mean production of CASA over the first year in moist soil, mol m-2 d-1, (n, n_tiles); 0 where no law needs it."""
    plants = tables.params["tile"]["vegetation"]
    produce = python_callable(casa.net_primary_production)
    means = np.zeros(plants.shape)
    for member, tile in np.argwhere(np.isin(plants["npp_model"], YEARLY_LAWS)):
        p = plants[member, tile]
        year = forcing.table[tables.forcing_row[member], : max(round(DAYS_PER_YEAR / forcing.dt), 1)]
        steps = zip(*(year[name].tolist() for name in ("tas", "rsds", "rsds_day")), strict=True)
        means[member, tile] = np.mean(
            [produce(p, p.fpar, *step, casa.REFERENCE_CO2, MOIST) for step in steps]
        )
    return means


def plant_stands(tables: Tables, forcing: Forcing) -> None:
    """Stands with a growth curve get the biomass of their age, divided between the pools as in an old stand."""
    plants, state = tables.params["tile"]["vegetation"], tables.state["tile"]["vegetation"]
    state["stand_age"] = plants["stand_age"]
    curve, response = python_callable(growth_curve.biomass), python_callable(production.yearly_response)
    co2 = forcing.table["co2"][tables.forcing_row, 0]
    for at in map(tuple, np.argwhere(plants["npp_model"] == NppModel.GROWTH_CURVE)):
        p = plants[at]
        biomass = response(p, co2[at[0]]) * curve(p, p.stand_age)
        held = {
            "leaf": p.leaf_allocation * p.leaf_turnover,
            "wood": p.wood_allocation * p.wood_turnover,
            "root": (1.0 - p.leaf_allocation - p.wood_allocation) * p.root_turnover,
        }
        for name, share in held.items():
            state[name][at] = biomass * share / sum(held.values())


def _offsets(names: Sequence[str]) -> np.ndarray:
    """Float offsets of variables by name."""
    offsets = {v.name: v.offset for v in variables()}
    return np.array([offsets[n] for n in names])


def _mean_fluxes(tables: Tables, forcing: Forcing, physics: Physics) -> dict[str, np.ndarray]:
    """Means of every tile over the forcing, (n, n_tiles): NPP and litter mol m-2 a-1, modifier of decay 1."""
    names = ("vegetation_npp", "vegetation_litterfall", "soil_rate_modifier")
    offsets = _offsets(names)
    n_tiles = tables.state["tile"].shape[1]
    table = 3  # tile fluxes, see engine.TABLE_ORDER
    rows = [(table, tile, offset, 1) for tile in range(n_tiles) for offset in offsets]
    selections = [EMPTY[0], EMPTY[1], np.array(rows, dtype=np.int64)]
    totals = 0.0
    steps = 0
    for first, last in forcing.windows():
        annual = step_window(tables, forcing.window(first, last), selections, physics)[2]
        totals = totals + annual.values.sum(axis=1)
        steps += int(annual.counts.sum())
    mean = np.asarray(totals).reshape(len(tables), n_tiles, len(names)) / steps
    per_year = mean[..., :2] / forcing.dt * DAYS_PER_YEAR
    return {"npp": per_year[..., 0], "litter": per_year[..., 1], "modifier": mean[..., 2]}


@driver
def _settle_soil(p: Any, s: Any, litter: Any, modifier: Any) -> None:
    """Soil carbon of every tile in equilibrium with its litter (mol m-2 a-1) and its mean rate modifier."""
    for i in range(p.shape[0]):
        for j in range(p.shape[1]):
            organic_carbon.settle(p[i, j].soil, s[i, j].soil, litter[i, j], modifier[i, j])


def set_steady_carbon(tables: Tables, means: dict[str, np.ndarray]) -> None:
    """Plants and soil carbon in equilibrium with the mean production and decay of a warm-up.

    Under a stand that still grows, with its litter instead: part of the production stays in the wood.
    """
    plants = tables.params["tile"]["vegetation"]
    state = tables.state["tile"]
    kept = means["npp"] * (1.0 - plants["harvest"])
    state["vegetation"]["leaf"] = kept * plants["leaf_allocation"] * plants["leaf_turnover"]
    state["vegetation"]["wood"] = kept * plants["wood_allocation"] * plants["wood_turnover"]
    roots = 1.0 - plants["leaf_allocation"] - plants["wood_allocation"]
    state["vegetation"]["root"] = kept * roots * plants["root_turnover"]
    litter = np.where(plants["npp_model"] == NppModel.GROWTH_CURVE, means["litter"], kept)
    rows = (
        tables.params["tile"],
        state,
        np.ascontiguousarray(litter),
        np.ascontiguousarray(means["modifier"]),
    )
    _settle_soil.bind_to(*rows)(*rows)


def drift_stocks(tables: Tables, physics: Physics = FULL) -> dict[str, np.ndarray]:
    """The slow stocks that must stand still after a spin-up, each (n, ...): organic carbon and groundwater.

    Tiles without area have none: what they hold is replaced when they get some.
    """
    if not physics.solutes:
        return {"matrix water": tables.state["column"]["aquifer"]["matrix"]["volume"].copy()}
    tile, column = tables.state["tile"], tables.state["column"]
    plants, soil = tile["vegetation"], tile["soil"]
    matrix = column["aquifer"]["matrix"]
    land = tile["tile"]["area_fraction"] > 0.0
    return {
        "biomass": np.where(land, plants["leaf"] + plants["wood"] + plants["root"], 0.0),
        "soil carbon": np.where(land, sum(soil[pool.name] for pool in organic_carbon.POOLS), 0.0),
        "matrix water": matrix["volume"].copy(),
        "matrix DIC": matrix["sol"]["dic"].copy(),
        "matrix calcium": matrix["sol"]["ca"].copy(),
        "matrix sulfate": matrix["sol"]["so4"].copy(),
    }


def _largest_drift(
    before: dict[str, np.ndarray], after: dict[str, np.ndarray], years: float
) -> tuple[np.ndarray, list[str]]:
    names = list(before)
    n = len(next(iter(before.values())))
    change = np.zeros((n, len(names)))
    for i, name in enumerate(names):
        scale = np.maximum(np.abs(after[name]), 1e-9)
        relative = np.abs(after[name] - before[name]) / scale * CYCLE_YEARS / years
        change[:, i] = relative.reshape(n, -1).max(axis=1)
    worst = change.argmax(axis=1)
    return change.max(axis=1), [names[i] for i in worst]


def cycle_of(forcing: Forcing, years: int) -> Forcing:
    """The first whole years of the forcing, at most `years`; the whole forcing when it is shorter than a year."""
    spans = forcing.windows()[:years]
    return forcing.window(spans[0][0], spans[-1][1])


def spin_up(
    tables: Tables,
    site: Site,
    forcing: Forcing,
    limit_years: int,
    physics: Physics = FULL,
    workers: int = 1,
    progress: Progress | None = None,
    land_use: LandUse | None = None,
) -> SpinUp:
    """Initial state, analytic carbon, then recycled climate until the drift test passes or `limit_years` are run.

    The cycle is repeated whole and tested at least once, so a short limit is exceeded by up to a cycle and its warm-up.
    Atmospheric CO2 is that of the forcing even where a box of air is to give it afterwards.
    """
    with prescribed_co2(tables):
        return _spin_up(tables, site, forcing, limit_years, physics, workers, progress, land_use)


@contextmanager
def prescribed_co2(tables: Tables) -> Iterator[None]:
    """Boxes of air wait."""
    air = tables.params["column"]["atmosphere"]
    source = air["co2_source"].copy()
    air["co2_source"] = PRESCRIBED
    try:
        yield
    finally:
        air["co2_source"] = source


def _spin_up(
    tables: Tables,
    site: Site,
    forcing: Forcing,
    limit_years: int,
    physics: Physics,
    workers: int,
    progress: Progress | None,
    land_use: LandUse | None,
) -> SpinUp:
    set_initial_state(tables, site, forcing)
    if physics.isotopes:
        origins.fill_waters(tables, forcing)
        origins.fill_soil_air(tables, forcing)
    if land_use is not None:
        land_use.begin(tables)
    if limit_years <= 0:
        return SpinUp(0, np.full(len(tables), np.nan), ("not run",) * len(tables))
    cycle = cycle_of(forcing, CYCLE_YEARS)
    warm = cycle_of(forcing, WARM_UP_YEARS)
    cycle_years = len(cycle.windows())
    years = 0
    if physics.solutes:
        # A first guess from a few years lets soil CO2 and groundwater settle while the whole cycle is averaged.
        for part in (warm, cycle):
            set_steady_carbon(tables, _mean_fluxes(tables, part, physics))
            plant_stands(tables, forcing)
            if physics.isotopes:
                origins.fill_organic(tables, forcing)
        years = len(warm.windows()) + cycle_years
    drift, stock = np.full(len(tables), np.inf), np.array(["nothing"] * len(tables), dtype=object)
    unsettled = np.arange(len(tables))
    tested = False
    while not tested or (years < limit_years and len(unsettled)):
        tested = True
        # Each catchment stops when it has settled itself: its state must not depend on its neighbours in the table.
        moving = tables.take(unsettled)
        before = {k: v.copy() for k, v in drift_stocks(moving, physics).items()}
        shown = _of_limit(progress, years, max(limit_years, years + cycle_years))
        step_all(moving, cycle, EMPTY, physics, workers, shown, "spin-up")
        years += cycle_years
        plant_stands(moving, forcing)
        if physics.isotopes:
            origins.replant(moving, forcing)
        drift[unsettled], stock[unsettled] = _largest_drift(
            before, drift_stocks(moving, physics), cycle_years
        )
        tables.put(unsettled, moving)
        unsettled = unsettled[~(drift[unsettled] < DRIFT)]
    close_books(tables)
    return SpinUp(years, drift, tuple(stock))


def _of_limit(progress: Progress | None, years: int, limit: int) -> Progress | None:
    """Progress of one cycle as a share of all years that the spin-up may take; it ends when the stocks stand still."""
    if progress is None:
        return None
    return lambda done, _, label: progress(years + done, limit, label)


def close_books(tables: Tables) -> None:
    """The run's own books start after the spin-up."""
    tables.state["column"]["catchment"]["opened"] = 0.0
    for count in ("unsolved_waters", "high_co2_steps", "high_ph_steps", "high_ionic_strength_steps"):
        tables.state["column"]["catchment"][count] = 0.0
    tables.state["column"]["catchment"]["residual"]["v"] = 0.0
    tables.state["column"]["catchment"]["throughput"]["v"] = 0.0

"""Conduit water on its way: heat exchanged with the rock, CO2 with cave air, and what a swallet takes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from karstsim.chemistry.constants import CONSTANTS_DTYPE
from karstsim.chemistry.solution import SOLUTION_DTYPE
from karstsim.core.constants import GAS_CONSTANT_ATM
from karstsim.core.jit import kernel
from karstsim.model.engine import step_all
from karstsim.model.registry import variables
from karstsim.model.simulate import Simulation
from karstsim.processes import aquifer
from karstsim.processes.aquifer import allogenic, conduit_air, heat
from karstsim.processes.transport import bring_to, evaporate, temperature_of

N = 13
NO_OUTPUT = np.zeros((0, 4), dtype=np.int64)
TEMPERATURE = 15.0  # degC
AIR_CO2, AIR = 0.004, 0.1 / (GAS_CONSTANT_ATM * 288.15)  # mol m-2 in 0.1 m of air; mol m-2 atm-1


def _records(record_of, **parameters):
    return (record_of(aquifer.PARAMS, **parameters), record_of(aquifer.STATE), record_of(aquifer.FLUXES))


# ------------------------------------------------------------------------------------------------------------ heat


@kernel
def _dry_out(s, temperature, lost):
    bring_to(s.conduit, temperature)
    evaporate(s.conduit, lost)
    return temperature_of(s.conduit)


@pytest.mark.parametrize(("temperature", "expected"), [(12.0, 12.0), (-3.0, 0.0)])
def test_evaporation_keeps_the_temperature(record_of, on_rows, temperature, expected) -> None:
    _, s, _ = _records(record_of)
    s.conduit.volume = 20.0
    assert on_rows(_dry_out)(s, temperature, 5.0) == pytest.approx(expected, abs=1e-13)
    assert s.conduit.volume == 15.0
    assert math.isnan(on_rows(_dry_out)(s, temperature, 15.0))


@pytest.mark.parametrize("cells", [1, 4])
def test_conduit_water_approaches_the_rock(record_of, on_rows, cells) -> None:
    """Allogenic water of 25 degC under rock of 10 degC at 0.5 per day: 10 + 15 exp(-0.5 t), in any steps."""
    p, s, f = _records(record_of, conduit_heat_exchange=0.5, conduit_cells=cells)
    stores = [s.conduit, s.conduit_above_1, s.conduit_above_2, s.conduit_above_3][:cells]
    for store in (*stores, s.matrix):
        store.volume = 8.0
        store.heat = 8.0 * 25.0
    on_rows(heat.begin)(s, f, 10.0)
    for _ in range(48):
        on_rows(heat.step)(p, s, f, 10.0, 1.0 / 24.0)
    for store in stores:
        assert store.heat / store.volume == pytest.approx(10.0 + 15.0 * math.exp(-1.0), rel=1e-12, abs=0.0)
    assert s.matrix.heat == pytest.approx(80.0, rel=1e-14, abs=0.0)
    assert f.heat_from_rock == pytest.approx(
        8.0 * (-15.0 + cells * 15.0 * (math.exp(-1.0) - 1.0)), rel=1e-12, abs=0.0
    )


@pytest.mark.parametrize("cells", [1, 3])
def test_the_heat_of_the_aquifer_closes(climate_forcing, whole_site, cells) -> None:
    """Heat of matrix and conduit changes by what flows in and out and by what the rock gives, day by day."""
    options = {"aquifer.conduit_cells": cells, "aquifer.gain": 1.0, "aquifer.matrix_loss": 0.3}
    run = Simulation(whole_site(), climate_forcing("monsoon"), [options])
    run.spin_up(0)
    place = {v.name: v.offset for v in variables() if v.level == "column"}
    stores = ["matrix", "conduit", *(f"conduit_above_{i}" for i in range(1, 5))]
    flows = ["matrix_recharge", "conduit_recharge", "discharge", "matrix_loss"]
    names = [*(f"{name}_heat" for name in (*stores, *flows)), "heat_from_rock"]
    table = [0] * len(stores) + [1] * (len(flows) + 1)
    how = [4] * len(stores) + [1] * (len(flows) + 1)
    selection = np.array(
        [(t, 0, place[f"aquifer_{n}"], h) for t, n, h in zip(table, names, how, strict=True)]
    )
    before = sum(float(run.tables.state["column"]["aquifer"][n]["heat"][0]) for n in stores)
    daily = np.concatenate(
        [w[0].values[0] for w in step_all(run.tables, run.forcing, [selection, NO_OUTPUT, NO_OUTPUT])]
    )
    stock = daily[:, : len(stores)].sum(axis=1)
    change = np.diff(np.r_[before, stock])
    gained = daily[:, 6] + daily[:, 7] - daily[:, 8] - daily[:, 9] + daily[:, 10]
    np.testing.assert_allclose(change, gained, atol=1e-10 * np.abs(stock).max())
    assert np.abs(daily[:, 10]).max() > 1.0


def test_springs_are_warm_in_summer(climate_forcing, whole_site) -> None:
    """A spring's temperature swings about the year's mean by a few degrees, less than the air, and later."""
    ds = climate_forcing("monsoon")
    run = Simulation(whole_site(("grass",), 0), ds, [{}], chemistry=False)
    run.spin_up(3)
    spring = run.run(["monthly"], ["aquifer_spring_temperature"])["monthly"]["aquifer_spring_temperature"]
    air = ds["tas"].isel(location=0).resample(time="MS").mean().to_numpy() - 273.15
    water = spring.isel(realization=0).to_numpy()
    assert 0.5 < np.ptp(water) < 0.7 * np.ptp(air)
    assert abs(water.mean() - air.mean()) < 1.5


# ------------------------------------------------------------------------------------------------------ cave air


@kernel
def _exchange(s, f, x, k, p, dt):
    conduit_air.begin(f, AIR, AIR_CO2)
    conduit_air.exchange(s.conduit, x, k, p, f, dt, 0.0)


def _under_air(record_of, on_rows, dt: float, **parameters):
    """Spring water (Ca 1.9, Na and Cl none, DIC 4.2 mmol/kg: 8,000 ppm) under cave air of 946 ppm."""
    p, s, f = _records(record_of, **parameters)
    s.conduit.volume, s.conduit.heat = 10.0, 10.0 * TEMPERATURE
    s.conduit.sol.ca, s.conduit.sol.dic = 10.0 * 1.9e-3, 10.0 * 4.2e-3
    x, k = np.zeros(1, SOLUTION_DTYPE)[0], np.zeros(1, CONSTANTS_DTYPE)[0]
    on_rows(_exchange)(s, f, x, k, p, dt)
    return s, f, x


def test_water_and_cave_air_reach_one_pressure(record_of, on_rows) -> None:
    """At a high rate half a step brings both to the same pressure, and no carbon is lost between them."""
    s, f, x = _under_air(record_of, on_rows, 10.0, conduit_air_share=1.0, conduit_gas_exchange=50.0)
    assert f.conduit_gas_uptake < 0.0
    assert f.conduit_air_pco2 == pytest.approx((AIR_CO2 - f.conduit_gas_uptake) / AIR, rel=1e-12, abs=0.0)
    assert f.conduit_air_pco2 == pytest.approx(x.m_co2 / x.c_kh, rel=1e-6)
    assert s.conduit.sol.dic - f.conduit_gas_uptake == pytest.approx(10.0 * 4.2e-3, rel=1e-14, abs=0.0)
    assert s.conduit.sol.ca == 10.0 * 1.9e-3


def test_the_exchange_has_the_stated_rate(record_of, on_rows) -> None:
    """Half a step of 0.2 d at 0.2 x 5 per day closes 1 - exp(-0.1) of the difference, here 9.5 %."""
    whole = _under_air(record_of, on_rows, 10.0, conduit_air_share=1.0, conduit_gas_exchange=50.0)[1]
    part = _under_air(record_of, on_rows, 0.2, conduit_air_share=0.2, conduit_gas_exchange=5.0)[1]
    share = part.conduit_gas_uptake / whole.conduit_gas_uptake
    assert share == pytest.approx(1.0 - math.exp(-0.1), rel=1e-6)


def test_a_conduit_without_air_is_closed(record_of, on_rows) -> None:
    s, f, _ = _under_air(record_of, on_rows, 1.0, conduit_air_share=0.0)
    assert f.conduit_gas_uptake == 0.0
    assert s.conduit.sol.dic == 10.0 * 4.2e-3


def test_caves_get_what_conduits_give_off(climate_forcing, whole_site) -> None:
    """Winter air draws CO2 out of the conduit: spring water has less of it than without contact, and books close."""
    run = Simulation(
        whole_site(("grass", "cropland"), 0, allogenic_area_km2=0.0),
        climate_forcing("monsoon"),
        [{}, {"aquifer.conduit_air_share": 0.0}, {"cave.area_fraction": 0.0}],
    )
    run.spin_up(3)
    names = ["aquifer_conduit_gas_uptake", "aquifer_spring_pco2", "cave_ventilation"]
    annual = run.run(["annual"], names)["annual"].isel(time=-1)
    uptake = annual["aquifer_conduit_gas_uptake"].to_numpy()
    assert uptake[0] < 0.0 and uptake[1] == 0.0 and uptake[2] == 0.0
    pressure = annual["aquifer_spring_pco2"].to_numpy()
    assert pressure[0] < pressure[1]
    vented = annual["cave_ventilation"].sum("tile").to_numpy()
    assert vented[0] > vented[1]
    assert max(run.closure().values()) <= 1e-12


# ----------------------------------------------------------------------------------------------------- swallets


@kernel
def _sink(p, s, f, air, forcing, k, dt):
    allogenic.step(p, s, f, air, forcing, k, dt, N)


@pytest.mark.parametrize(("capacity", "sinks"), [(10000.0, 4.0), (3.0, 3.0), (0.0, 0.0)])
def test_a_swallet_takes_what_it_can(record_of, on_rows, capacity, sinks) -> None:
    """Area ratio 2, runoff 2 mm/d: 4 mm reach the karst, at most the capacity sinks, the rest stays above ground."""
    from karstsim.forcing.records import FORCING
    from karstsim.processes import atmosphere

    p, s, f = _records(record_of, allogenic_area_ratio=2.0, swallet_capacity=capacity)
    s.allogenic_runoff, s.allogenic_temperature = 2.0, 15.0
    air, forcing = record_of(atmosphere.FLUXES), record_of(FORCING, tas=15.0, co2=410.0, ps=101325.0)
    air.rainfall.volume = 4.0  # half of which runs off: the running mean stays
    on_rows(_sink)(p, s, f, air, forcing, np.zeros(1, CONSTANTS_DTYPE)[0], 1.0)
    assert f.allogenic.volume == pytest.approx(4.0, rel=1e-12, abs=0.0)
    assert f.swallowed.volume == pytest.approx(sinks, rel=1e-12, abs=0.0)
    assert f.conduit_recharge.volume == f.swallowed.volume
    assert f.swallowed.sol.ca + f.unswallowed.sol.ca == pytest.approx(0.10 * 4.0e-3, rel=1e-12, abs=0.0)
    assert f.swallowed.heat == pytest.approx(15.0 * sinks, rel=1e-12, abs=0.0)

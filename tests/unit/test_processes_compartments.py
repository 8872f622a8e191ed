"""Soil-epikarst compartments: VarKarst and V2Karst written a second time with arrays, limits, bounds, books."""

from __future__ import annotations

import math

import epikarst_tile
import numpy as np
import pytest
from epikarst_tile import RESIDUAL, SOIL, V_S, weather
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from varkarst_arrays import soil_and_epikarst

from karstsim.core.jit import disabled, kernel
from karstsim.model.simulate import Simulation
from karstsim.processes import epikarst
from karstsim.processes.epikarst import compartments as parts
from karstsim.processes.epikarst import storage
from karstsim.processes.epikarst.compartments import MOST, Concentration
from karstsim.processes.soil import water

N = 13
CLIMATES = ("hot_humid", "monsoon", "mediterranean", "cold_snowy", "semi_arid")


@kernel
def _day(ep, es, ef, sp, ss, sf, rain, rock, pet, dt, n_active):
    """The water of one step without its chemistry; returns the stress before it."""
    stress = parts.begin(ep, es, ef, sp, ss, n_active)
    sf.infiltration.volume = rain - rock
    sf.rock_runoff.volume = rock
    epikarst.settle(ep, es, ef, sp, ss, sf, pet, 0.0, dt, n_active)
    sf.percolation.volume = 0.0
    water.enter(ss, sf, 1.0, n_active)
    water.percolate(ss, sf, 1.0, n_active)
    storage.begin(ef, sf, n_active)
    storage.enter(es, sf, 1.0, n_active)
    storage.drain(es, ef, 1.0, n_active)
    storage.divide(ef, ef.concentrated_share, n_active)
    return stress


class Tile(epikarst_tile.Tile):
    def __init__(self, record_of, on_rows, soil_values=SOIL, **values: float) -> None:
        super().__init__(record_of, on_rows, _day, soil_values, **values)

    def step(self, rain: float, pet: float, dt: float = 1.0, rock: float = 0.0) -> None:
        self.stress = self.call(*self.records, float(rain), float(rock), float(pet), dt, N)

    @property
    def fluxes(self) -> tuple[float, ...]:
        """Evapotranspiration, recharge, surface runoff, share of recharge in shafts."""
        ef = self.ef
        return (
            float(self.sf.evapotranspiration), float(ef.recharge.volume), float(ef.overflow.volume),
            float(ef.concentrated_recharge.volume),
        )  # fmt: skip

    def divided(self) -> tuple[float, float]:
        """Means over the compartments (with what is in transit in the soil's): soil and epikarst, mm."""
        n = int(self.ep.compartments)
        return (
            float(self.es.soil_part.v[:n].sum() + self.es.run_on) / n,
            float(self.es.rock_part.v[:n].sum()) / n,
        )


PUBLISHED = {
    "V2Karst": int(Concentration.SARRAZIN_2018),
    "VarKarst": int(Concentration.HARTMANN_2015),
}


@pytest.mark.parametrize("variant", PUBLISHED)
@pytest.mark.parametrize(
    ("n", "a", "v_e", "k_e", "a_f"),
    [(15, 1.5, 150.0, 15.0, 2.0), (10, 2.4, 92.0, 54.8, 6.8), (15, 6.0, 40.0, 30.0, 0.5), (10, 0.5, 20.0, 60.0, 8.0),
     (2, 3.0, 25.0, 40.0, 1.0), (1, 1.5, 20.0, 20.0, 2.0)],
)  # fmt: skip
def test_recharge_is_that_of_an_array_implementation(
    record_of, on_rows, variant, n, a, v_e, k_e, a_f
) -> None:
    """Ten years of days: recharge, evapotranspiration, runoff, shares to 1e-10 mm; the second row is Benaojan's."""
    rain, pet = weather(10)
    rock = 0.15 * rain
    tile = Tile(
        record_of, on_rows, compartments=n, variability=a, capacity=v_e, residence_time=k_e, recharge_shape=a_f,
        concentration=PUBLISHED[variant],
    )  # fmt: skip
    theirs, _ = soil_and_epikarst(rain, rock, pet, n, a, a_f, V_S, v_e, k_e, 0.8, variant == "VarKarst")
    ours = np.zeros_like(theirs)
    before = tile.storage
    for t in range(len(rain)):
        tile.step(rain[t], pet[t], rock=rock[t])
        ours[t] = tile.fluxes
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-10)
    assert abs(before + rain.sum() - ours[:, :3].sum() - tile.storage) < 1e-13 * rain.sum()
    assert theirs[:, 2].sum() > 0.0 or n > 1  # the hard cases happen


def test_the_comparison_can_fail(record_of, on_rows) -> None:
    """The two variants differ, so that agreeing with the right one means something."""
    rain, pet = weather(2)
    args = (rain, 0.0 * rain, pet, 10, 2.0, 2.0, V_S, 40.0, 30.0, 0.8)
    with_lag, without = (soil_and_epikarst(*args, lag)[0][:, 1] for lag in (True, False))
    assert abs(with_lag - without).max() > 1e-2


def test_cascade_of_one_is_a_bucket_over_a_reservoir(record_of, on_rows) -> None:
    """The default: bucket and reservoir called by hand, three years, to 1e-12 of the store."""
    from karstsim.core.jit import python_callable

    bucket, reservoir = python_callable(water.bucket), python_callable(storage.reservoir)
    rain, pet = weather(3)
    tile = Tile(record_of, on_rows, capacity=30.0)
    v, u = 50.0, 3.0
    for t in range(len(rain)):
        tile.step(rain[t], pet[t])
        et, excess = bucket(v, rain[t], pet[t], V_S, 80.0, 1.0)
        v = min(v + rain[t] - et - excess, V_S)
        q, over = reservoir(u, excess, 15.0, 30.0, 1.0)
        u = min(u + excess - q - over, 30.0)
        assert tile.fluxes == pytest.approx((et, q, over, q / 3.0), abs=1e-10)


DRAWN = {
    "compartments": st.integers(1, MOST), "variability": st.floats(0.0, 6.0), "concentration": st.integers(0, 2),
    "capacity": st.floats(20.0, 700.0), "residence_time": st.floats(2.0, 60.0), "recharge_shape": st.floats(0.5, 8.0),
}  # fmt: skip


def _check(tile: Tile, before: float, rain: float) -> None:
    """What holds after every step: one truth about volumes, capacities kept, all water accounted for."""
    scale = before + rain
    n = int(tile.ep.compartments)
    soil_mean, rock_mean = tile.divided()
    assert abs(RESIDUAL + soil_mean - tile.ss.pore_water.volume) <= 1e-13 * scale
    assert abs(rock_mean - tile.es.water.volume) <= 1e-13 * scale
    weight = tile.ef.spread.v[:n]
    assert (tile.es.soil_part.v[:n] <= V_S * weight + 1e-12 * scale).all()
    assert (tile.es.rock_part.v[:n] <= tile.ep.capacity * weight + 1e-12 * scale).all()
    assert (tile.es.soil_part.v >= 0.0).all() and (tile.es.rock_part.v >= 0.0).all()
    out = sum(tile.fluxes[:3])
    assert min(tile.fluxes) >= -1e-13 * scale
    assert abs(before + rain - out - tile.storage) <= 1e-13 * scale
    assert tile.fluxes[3] <= tile.fluxes[1] + 1e-13 * scale
    assert 0.0 <= tile.stress <= 1.0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries(DRAWN), st.sampled_from([1.0, 1 / 24]), st.floats(0.0, 0.95), st.integers(0, 99))
def test_volumes_add_up_at_every_step(record_of, on_rows, values, dt, bare, seed) -> None:
    """The compartments' water is the store's, within the capacities, in every step, for any parameters."""
    tile = Tile(record_of, on_rows, **values)
    rain, pet = weather(1, seed, mean=30.0)
    for t in range(60):
        before = tile.storage
        tile.step(rain[t] * dt, pet[t] * dt, dt, bare * rain[t] * dt)
        _check(tile, before, rain[t] * dt)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries(DRAWN), st.integers(0, 99), st.floats(0.0, 80.0))
def test_more_rain_is_never_less_recharge(record_of, on_rows, values, seed, more) -> None:
    """Cascade: after 20 days of any weather, more rain on the next day lowers neither recharge nor what is stored."""
    rain, pet = weather(1, seed)
    after = []
    for extra in (0.0, more):
        tile = Tile(record_of, on_rows, **{**values, "concentration": 0})
        for t in range(20):
            tile.step(rain[t], pet[t])
        tile.step(rain[20] + extra, pet[20])
        after.append((tile.fluxes[1], tile.storage))
    assert after[1][0] >= after[0][0] - 1e-9 and after[1][1] >= after[0][1] - 1e-9


def test_equal_compartments_are_one(record_of, on_rows) -> None:
    """a -> 0: all compartments alike. With an epikarst that never overflows recharge is that of one compartment."""
    rain, pet = weather(3)
    one = Tile(record_of, on_rows, capacity=700.0)
    many = Tile(record_of, on_rows, capacity=700.0, compartments=10, variability=1e-12)
    for t in range(len(rain)):
        one.step(rain[t], pet[t])
        many.step(rain[t], pet[t])
        assert many.fluxes[:3] == pytest.approx(one.fluxes[:3], abs=1e-8)


def test_thin_compartments_recharge_after_dry_spells(record_of, on_rows) -> None:
    """Soil half full, 20 mm of rain, V_S = 100 mm: one bucket holds it, the thinnest of ten (1.4 mm, a = 1.5) cannot.

    Excess of the compartments whose room 0.5 V_S,i is below 20 mm, without evaporation: mean of max(20 - 0.5 V_S,i, 0).
    """
    one = Tile(record_of, on_rows)
    ten = Tile(record_of, on_rows, compartments=10, capacity=700.0)
    one.step(20.0, 0.0)
    ten.step(20.0, 0.0)
    w = (np.arange(1, 11) / 10.0) ** 1.5
    room = 0.5 * V_S * w * 10.0 / w.sum()
    assert one.sf.excess == 0.0
    # With 700 mm the epikarst of the thinnest (70 mm) overflows nowhere, so nothing runs on.
    assert float(ten.sf.excess) == pytest.approx(np.maximum(20.0 - room, 0.0).mean(), rel=1e-12, abs=0.0)


def test_run_on_from_rock_enters_the_soil_with_its_solutes(record_of, on_rows) -> None:
    """Bare rock sheds more than percolates: what runs on to soils is taken from its runoff, calcium included."""
    tile = Tile(record_of, on_rows, compartments=10, variability=6.0, capacity=20.0, residence_time=60.0)
    tile.sf.rock_runoff.sol.ca = 1.0
    tile.step(60.0, 0.0, rock=57.0)
    moved = 1.0 - float(tile.sf.rock_runoff.sol.ca)
    assert 0.0 < moved < 1.0
    assert float(tile.sf.infiltration.sol.ca) == pytest.approx(moved, rel=1e-12, abs=0.0)
    assert tile.sf.rock_runoff.volume == pytest.approx(57.0 * (1.0 - moved), rel=1e-12, abs=0.0)
    assert tile.sf.excess == 0.0


def test_another_number_of_compartments_keeps_the_water(record_of, on_rows) -> None:
    """From 1 to 10 to 3 compartments: the stores' water is divided anew by capacity."""
    tile = Tile(record_of, on_rows, compartments=1)
    tile.step(10.0, 1.0)
    for n in (10, 3):
        tile.ep.base["compartments"] = n
        before = tile.storage
        tile.step(0.0, 0.0)
        _check(tile, before, 0.0)
        saturation = tile.es.soil_part.v[:n] / tile.ef.spread.v[:n]
        np.testing.assert_allclose(saturation, saturation[0], rtol=1e-12)


@pytest.mark.parametrize("factor", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("field", ["soil_part", "rock_part", "run_on"])
@pytest.mark.parametrize("scheme", list(Concentration))
def test_a_false_division_is_no_water(record_of, on_rows, field, factor, scheme) -> None:
    """The stores alone hold water: compartments that were tampered with follow them again, and nothing is made."""
    tile = Tile(record_of, on_rows, compartments=10, capacity=20.0, concentration=int(scheme))
    for _ in range(3):
        tile.step(30.0, 1.0)
    if field == "run_on":
        tile.es.base["run_on"] = 10.0 * factor
    else:
        getattr(tile.es, field).v[:] *= factor
    before = tile.storage
    tile.step(5.0, 1.0)
    _check(tile, before, 5.0)


@pytest.mark.parametrize("mean", [3.0, 12.0])
def test_daily_and_hourly_recharge_agree(record_of, on_rows, mean) -> None:
    """Cascade, ten compartments: annual recharge and evapotranspiration within 1 %, daily against hourly steps."""
    rain, pet = weather(4, mean=mean)
    total = np.zeros((2, 4))
    for i, steps in enumerate((1, 24)):
        tile = Tile(record_of, on_rows, compartments=10)
        for t in range(len(rain)):
            for _ in range(steps):
                tile.step(rain[t] / steps, pet[t] / steps, 1.0 / steps)
                total[i] += tile.fluxes
    print("daily/hourly - 1:", total[0] / np.maximum(total[1], 1e-30) - 1.0, total[1])
    assert total[0, 1] == pytest.approx(total[1, 1], rel=0.01)
    assert total[0, 0] == pytest.approx(total[1, 0], rel=0.01)
    assert total[0, 3] == pytest.approx(total[1, 3], rel=0.02)


# ------------------------------------------------------------------------------------------------ the whole model


@pytest.mark.parametrize("climate", CLIMATES)
@pytest.mark.parametrize("scheme", list(Concentration))
def test_books_close_with_compartments(climate, scheme, climate_forcing, whole_site) -> None:
    """A year with everything on: all elements closed to 1e-13 a step and 1e-12 in all; volumes add up in every tile."""
    members = [
        {"epikarst.compartments": 10, "epikarst.concentration": int(scheme)},
        {"epikarst.compartments": 15, "epikarst.concentration": int(scheme), "epikarst.variability": 6.0,
         "epikarst.capacity": 20.0, "soil.depth": 0.05},
    ]  # fmt: skip
    run = Simulation(whole_site(), climate_forcing(climate, years=1), members)
    run.spin_up(0)
    daily = run.run(["daily"], ["catchment_imbalance_*"])["daily"]
    assert max(float(daily[n].max()) for n in daily.data_vars if n != "time_bnds") <= 1e-13
    assert max(run.closure().values()) <= 1e-12
    p, s = run.tables.params["tile"], run.tables.state["tile"]
    n = p["epikarst"]["compartments"]
    e = s["epikarst"]
    residual = 1000.0 * p["soil"]["depth"] * p["soil"]["residual_water"]
    held = (e["soil_part"]["v"].sum(axis=-1) + e["run_on"]) / n
    np.testing.assert_allclose(held + residual, s["soil"]["pore_water"]["volume"], rtol=1e-12)
    np.testing.assert_allclose(
        e["rock_part"]["v"].sum(axis=-1) / n, e["water"]["volume"], rtol=1e-12, atol=1e-12
    )


@pytest.mark.skipif(disabled(), reason="long")
@pytest.mark.parametrize("scheme", list(Concentration))
@pytest.mark.parametrize("at", [2, 61])
def test_a_restart_between_compartments_changes_no_bit(
    scheme, at, climate_forcing, whole_site, tmp_path
) -> None:
    """120 days of which the last run from a restart file: all later outputs and the last state byte for byte."""
    member = {"epikarst.compartments": 10, "epikarst.concentration": int(scheme), "epikarst.capacity": 20.0}
    site = whole_site(("bare_rock", "cropland"), 1)
    ds = climate_forcing("monsoon", years=1).isel(time=slice(150, 270))
    whole = Simulation(site, ds, [member])
    whole.spin_up(0)
    first = Simulation(site, ds.isel(time=slice(0, at)), [member])
    for level, floats in whole.tables.state_floats.items():
        first.tables.state_floats[level][...] = floats
    all_days = whole.run(["daily"], ["*"])["daily"].isel(time=slice(at, None))
    first.run(["daily"], ["catchment_runoff"])
    path = first.write_restart(tmp_path / "restart.nc")
    second = Simulation(site, ds.isel(time=slice(at, None)), [member])
    second.start_from(path)
    rest = second.run(["daily"], ["*"])["daily"]
    floats_of = [n for n in rest.data_vars if n != "time_bnds"]
    differing = [n for n in floats_of if rest[n].values.tobytes() != all_days[n].values.tobytes()]
    assert not differing
    for level, floats in whole.tables.state_floats.items():
        assert floats.tobytes() == second.tables.state_floats[level].tobytes()


@pytest.mark.parametrize(
    ("name", "value"), [("compartments", 16), ("compartments", 2.5), ("concentration", 3)]
)
def test_impossible_switches_are_refused(name, value, climate_forcing, whole_site) -> None:
    from karstsim.core.errors import InputError

    with pytest.raises(InputError):
        Simulation(whole_site(), climate_forcing("monsoon", years=1), [{f"epikarst.{name}": value}])


def test_shares_of_shafts_by_hand(record_of, on_rows) -> None:
    """Eq. 3.4 with a_f = 2 and ten compartments of equal outflow: mean of (i/10)^2 = 0.385; with one 1/3."""
    tile = Tile(record_of, on_rows, compartments=10, variability=0.0)
    tile.step(0.0, 0.0)
    assert tile.fluxes[3] / tile.fluxes[1] == pytest.approx(0.385, rel=1e-12, abs=0.0)
    one = Tile(record_of, on_rows)
    one.step(0.0, 0.0)
    assert one.fluxes[3] / one.fluxes[1] == pytest.approx(1.0 / 3.0, rel=1e-12, abs=0.0)
    assert math.isclose(float(one.ef.concentrated_share), 1.0 / 3.0)

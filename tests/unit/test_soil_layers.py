"""Soil water in three layers: the rates integrated a second way, V2Karst's own day, limits, compartments, books."""

from __future__ import annotations

import math

import epikarst_tile
import numpy as np
import pytest
from epikarst_tile import RESIDUAL, V_S, weather
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karstsim.core.errors import InputError
from karstsim.core.jit import disabled, kernel, python_callable
from karstsim.model.simulate import Simulation
from karstsim.processes import epikarst, soil
from karstsim.processes.epikarst import compartments as parts
from karstsim.processes.soil import sarrazin_2018, water

LAYERED = int(sarrazin_2018.SoilLayers.SARRAZIN_2018)
SOIL = epikarst_tile.SOIL | {"layers": LAYERED}
N = 13
COVER = 0.6
STEP = python_callable(sarrazin_2018.step)
LAYER = python_callable(sarrazin_2018.layer)
CONTENTS = python_callable(sarrazin_2018.contents)
LEAF_DEMAND = python_callable(sarrazin_2018.leaf_demand)


@pytest.fixture
def three(record_of):
    """Layers of 20, 40 and 40 mm."""
    return record_of(
        soil.PARAMS, evaporation_capacity=20.0, rooting_capacity=60.0, deep_reduction=0.15, **SOIL
    )


def _published(v, p, capacity, rain, bare, leaf):
    """One step of V2Karst (Sarrazin et al. 2018) with arrays over compartments: amounts from the contents at first.

    v  [v_1, v_2, v_3] of all compartments, mm; bare and leaf potential amounts of the step, mm
    Returns the new contents, evaporated, transpired, excess.
    """
    rooting = np.minimum(float(p.rooting_capacity), capacity)
    v1_max = np.minimum(float(p.evaporation_capacity), rooting)
    v2_max, v3_max = rooting - v1_max, capacity - rooting
    evaporated = np.minimum(bare * np.minimum(v[0] / v1_max, 1.0), v[0] + rain)
    roots = leaf * np.minimum((v[0] + v[1]) / rooting, 1.0)
    below = np.where(v3_max > 0.0, leaf * float(p.deep_reduction) * v[2] / np.maximum(v3_max, 1e-30), 0.0)
    roots, below = np.where(below > roots, 0.0, roots), np.where(below > roots, below, 0.0)
    first = v[0] + rain - evaporated
    roots = np.minimum(roots, first + v[1])
    held = first + v[1]
    from_first = np.where(held > 0.0, roots * first / np.where(held > 0.0, held, 1.0), 0.0)
    one = first - from_first
    two = v[1] - (roots - from_first) + np.maximum(one - v1_max, 0.0)
    three = v[2] + np.maximum(two - v2_max, 0.0)
    below = np.minimum(below, three)
    three = three - below
    excess = np.maximum(three - v3_max, 0.0)
    new = np.array([np.minimum(one, v1_max), np.minimum(two, v2_max), np.minimum(three, v3_max)])
    return new, evaporated, roots + below, excess


def _fine(p, capacity, v, rain, bare, leaf, dt, parts_of_day=20000):
    """The published step, so short that it is a rate: contents and sums after dt."""
    n = int(parts_of_day * dt)
    v = np.array(v)[:, None]
    sums = np.zeros(3)
    for _ in range(n):
        v, *moved = _published(v, p, np.array([capacity]), rain / n, bare / n, leaf / n)
        sums += [float(m[0]) for m in moved]
    return v[:, 0], sums


CASES = {
    "drying": ((15.0, 30.0, 35.0), 0.0, 1.5, 3.0),
    "rain on dry soil": ((0.0, 5.0, 10.0), 12.0, 1.5, 2.0),
    "all layers fill": ((18.0, 39.0, 38.0), 30.0, 1.0, 2.0),
    "first fills, second does not": ((10.0, 0.0, 5.0), 15.0, 1.0, 2.0),
    "plants drink below": ((0.1, 1.0, 40.0), 0.0, 0.5, 6.0),
    "roots and below alike": ((0.5, 8.6, 40.0), 0.0, 3.0, 6.0),
    "no demand": ((5.0, 5.0, 5.0), 3.0, 0.0, 0.0),
    "rain and bare soil alone": ((5.0, 5.0, 5.0), 3.0, 4.0, 0.0),
    "leaves alone": ((5.0, 5.0, 5.0), 0.0, 0.0, 4.0),
}


@pytest.mark.nojit
@pytest.mark.parametrize("case", CASES)
def test_a_day_is_the_limit_of_ever_shorter_steps_of_v2karst(three, case) -> None:
    """A day in one step against 20000 steps of the published update, each layer and flux to 0.02 mm."""
    v, rain, bare, leaf = CASES[case]
    expected, sums = _fine(three, V_S, v, rain, bare, leaf, 1.0)
    evaporated, transpired, excess, top, root = STEP(three, V_S, sum(v), v[0], v[1], rain, bare, leaf, 1.0)
    deep = sum(v) + rain - evaporated - transpired - excess - top - root
    assert (evaporated, transpired, excess) == pytest.approx(tuple(sums), abs=0.02)
    assert (top, root, deep) == pytest.approx(tuple(expected), abs=0.02)


@pytest.mark.nojit
def test_one_layer_by_hand() -> None:
    """A layer of 20 mm at 0.1 d-1 with 5 mm, 8 mm/d from noon on: 5 e^-0.05 mm at noon, then 80 - (80 - v) e^-0.1t.

    With i mm/d it is full 10 ln((10 i - v)/(10 i - 20)) d after noon: not that day with 8 mm/d, in 0.194 d with 80.
    """
    noon = 5.0 * math.exp(-0.05)
    after, drawn, excess, begin = LAYER(5.0, 20.0, 0.1, 8.0, 0.5, 1.0)
    assert after == pytest.approx(80.0 - (80.0 - noon) * math.exp(-0.05), rel=1e-14, abs=0.0)
    assert drawn == pytest.approx(5.0 + 4.0 - after, rel=1e-12, abs=0.0)
    assert (excess, begin) == (0.0, 1.0)
    after, drawn, excess, begin = LAYER(5.0, 20.0, 0.1, 80.0, 0.5, 1.0)
    full = 10.0 * math.log((800.0 - noon) / 780.0)
    assert (after, excess) == (20.0, 78.0)
    assert begin == pytest.approx(0.5 + full, rel=1e-12, abs=0.0)
    assert drawn == pytest.approx(5.0 + 40.0 - 20.0 - 78.0 * (0.5 - full), rel=1e-12, abs=0.0)


@pytest.mark.nojit
@pytest.mark.parametrize("rate", [0.0, 1e-300, 1e-12, 50.0, 1e9])
@pytest.mark.parametrize("inflow", [0.0, 1e-9, 3.0, 500.0])
@pytest.mark.parametrize("volume", [0.0, 7.0, 20.0])
@pytest.mark.parametrize("start", [0.0, 0.4, 1.0])
def test_a_layer_loses_nothing(rate, inflow, volume, start) -> None:
    """Content and inflow are what is drawn, left and overflows, for any rate, also none."""
    after, drawn, excess, begin = LAYER(volume, 20.0, rate, inflow, start, 1.0)
    arrived = volume + inflow * (1.0 - start)
    assert 0.0 <= after <= 20.0 and drawn >= 0.0 and excess >= 0.0 and start <= begin <= 1.0
    assert after + drawn + excess * (1.0 - begin) == pytest.approx(arrived, abs=1e-12 * (1.0 + arrived))


@pytest.mark.nojit
@pytest.mark.parametrize("rain", [0.0, 2.0, 60.0])
@pytest.mark.parametrize("saturation", [0.05, 0.6, 1.0])
def test_a_soil_of_one_layer_is_the_bucket(record_of, rain, saturation) -> None:
    """40 mm that the evaporation layer fills alone: the bucket with its threshold at the rim (V2Karst's b = 1)."""
    p = record_of(soil.PARAMS, evaporation_capacity=45.0, rooting_capacity=400.0)
    v = 40.0 * saturation
    evaporated, transpired, excess, top, root = STEP(p, 40.0, v, v, 0.0, rain, 2.0, 3.0, 1.0)
    lost, over = python_callable(water.bucket)(v, rain, 5.0, 40.0, 40.0, 1.0)
    assert evaporated + transpired == pytest.approx(lost, rel=1e-12, abs=0.0)
    assert excess == pytest.approx(over, rel=1e-12, abs=1e-13)
    assert transpired == pytest.approx(0.6 * lost, rel=1e-12, abs=0.0)
    assert (top, root) == (pytest.approx(v + rain - lost - over, abs=1e-12), 0.0)


@pytest.mark.nojit
def test_where_both_rates_are_equal_both_fall_together(three) -> None:
    """Roots 0.15 full over a full layer below, f_red 0.15, leaves alone: T = T_pot s while 60 s + 40/0.15 s shrinks.

    So s(t) = 0.15 exp(-T_pot t/(60 + 266.7)): after a day of 6 mm both are at 0.15 exp(-0.01837), whatever the steps.
    """
    s = 0.15 * math.exp(-6.0 / (60.0 + 40.0 / 0.15))
    for steps in (1, 24):
        total, top, root, taken = 49.0, 0.0, 9.0, 0.0
        for _ in range(steps):
            _, transpired, _, top, root = STEP(
                three, V_S, total, top, root, 0.0, 0.0, 6.0 / steps, 1.0 / steps
            )
            total -= transpired
            taken += transpired
        assert (top + root) / 60.0 == pytest.approx(s, rel=1e-4)
        assert 0.15 * (total - top - root) / 40.0 == pytest.approx(s, rel=1e-4)
        assert taken == pytest.approx((60.0 + 40.0 / 0.15) * (0.15 - s), rel=1e-4)


@pytest.mark.nojit
def test_bare_soil_dries_no_deeper_than_its_layer(three) -> None:
    """A year without leaves and rain takes the 20 mm of layer 1, nothing else; without f_red layer 3 stays full."""
    evaporated, transpired, excess, top, root = STEP(three, V_S, V_S, 20.0, 40.0, 0.0, 2000.0, 0.0, 365.0)
    assert (evaporated, transpired, excess) == (pytest.approx(20.0), 0.0, 0.0)
    assert (top, root) == (pytest.approx(0.0, abs=1e-12), 40.0)
    three.deep_reduction = 0.0
    _, transpired, *_ = STEP(three, V_S, V_S, 20.0, 40.0, 0.0, 0.0, 2000.0, 365.0)
    assert transpired == pytest.approx(60.0, rel=1e-3)


@pytest.mark.nojit
@pytest.mark.parametrize("known", [(0.0, 0.0), (20.0, 40.0), (3.0, 30.0), (50.0, 90.0)])
@pytest.mark.parametrize("total", [0.0, 10.0, 45.0, 99.0, 100.0])
def test_contents_follow_the_total(three, known, total) -> None:
    top, root = CONTENTS(three, V_S, total, *known)
    deep = total - top - root
    assert min(top, root, deep) >= -1e-12
    assert top <= 20.0 + 1e-12 and root <= 40.0 + 1e-12 and deep <= 40.0 + 1e-12


@pytest.mark.nojit
def test_what_cannot_be_known_stays_visible(three) -> None:
    assert math.isnan(STEP(three, V_S, math.nan, math.nan, 1.0, 0.0, 1.0, 1.0, 1.0)[0])
    assert math.isnan(STEP(three, V_S, 50.0, 10.0, 20.0, math.nan, 1.0, 1.0, 1.0)[0])
    assert math.isnan(LEAF_DEMAND(0.5, math.nan, 0.0))


@pytest.mark.nojit
def test_wet_leaves_transpire_less() -> None:
    """60 % cover, 4 mm: 2.4 mm of leaves, of which 0.4 mm went into drying them; never negative."""
    assert LEAF_DEMAND(0.6, 4.0, 0.4) == pytest.approx(2.0)
    assert LEAF_DEMAND(0.1, 4.0, 0.5) == 0.0


# ------------------------------------------------------------------------------------------------ compartments


@kernel
def _step(ep, es, ef, sp, ss, sf, rain, pet, dt, n_active):
    """The water of one step without its chemistry; returns the stress before it."""
    stress = parts.begin(ep, es, ef, sp, ss, n_active)
    sf.infiltration.volume = rain
    epikarst.settle(ep, es, ef, sp, ss, sf, pet, COVER * pet, dt, n_active)
    water.enter(ss, sf, 1.0, n_active)
    ss.pore_water.volume -= sf.excess
    es.water.volume += sf.excess - ef.drained - ef.overflowed
    return stress


class Tile(epikarst_tile.Tile):
    def __init__(self, record_of, on_rows, soil_values=SOIL, **values: float) -> None:
        super().__init__(record_of, on_rows, _step, soil_values, **values)

    def step(self, rain: float, pet: float, dt: float = 1.0) -> None:
        self.stress = self.call(*self.records, float(rain), float(pet), dt, N)

    @property
    def fluxes(self) -> np.ndarray:
        """Evapotranspiration, transpiration, recharge, surface runoff."""
        f = self.sf
        return np.array([f.evapotranspiration, f.transpiration, self.ef.drained, self.ef.overflowed], float)

    def check(self, before: float, rain: float) -> None:
        """One truth about volumes, layers within their compartments, all water accounted for."""
        n = int(self.ep.compartments)
        scale = before + rain
        e = self.es
        top, root, total = (b.v[:n].copy() for b in (e.top_part, e.root_part, e.soil_part))
        assert abs(total.sum() / n + RESIDUAL - self.ss.pore_water.volume) <= 1e-12 * scale
        assert (top >= 0.0).all() and (root >= 0.0).all() and (total - top - root >= -1e-10).all()
        assert (top <= float(self.sp.evaporation_capacity) + 1e-10).all()
        assert (top + root <= float(self.sp.rooting_capacity) + 1e-10).all()
        assert (total <= V_S * self.ef.spread.v[:n] + 1e-10).all()
        evapotranspired, transpired, drained, over = self.fluxes
        assert 0.0 <= transpired <= evapotranspired + 1e-12
        assert abs(before + rain - evapotranspired - drained - over - self.storage) <= 1e-13 * scale
        assert 0.0 <= self.stress <= 1.0 + 1e-12


DRAWN = {
    "compartments": st.integers(1, parts.MOST), "variability": st.floats(0.0, 6.0), "capacity": st.floats(20.0, 700.0),
}  # fmt: skip
DRAWN_SOIL = {
    "evaporation_capacity": st.floats(5.0, 45.0), "rooting_capacity": st.floats(10.0, 400.0),
    "deep_reduction": st.floats(0.0, 0.5),
}  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(DRAWN), st.fixed_dictionaries(DRAWN_SOIL), st.sampled_from([1.0, 1 / 24]),
    st.integers(0, 99),
)  # fmt: skip
def test_volumes_add_up_at_every_step(record_of, on_rows, values, layers, dt, seed) -> None:
    tile = Tile(record_of, on_rows, SOIL | layers, **values)
    rain, pet = weather(1, seed, mean=20.0)
    for t in range(100, 220):
        before = tile.storage
        tile.step(rain[t] * dt, pet[t] * dt, dt)
        tile.check(before, rain[t] * dt)


@pytest.mark.parametrize("n", [1, 10])
@pytest.mark.parametrize("mean", [3.0, 12.0])
def test_daily_and_hourly_water_agree(record_of, on_rows, n, mean) -> None:
    """Four years, daily against hourly: evapotranspiration and transpiration within 0.5 %, recharge within 1 %."""
    rain, pet = weather(4, mean=mean)
    total = np.zeros((2, 4))
    for i, steps in enumerate((1, 24)):
        tile = Tile(record_of, on_rows, compartments=n)
        for t in range(len(rain)):
            for _ in range(steps):
                tile.step(rain[t] / steps, pet[t] / steps, 1.0 / steps)
                total[i] += tile.fluxes
    print(f"n {n}, {mean} mm: daily/hourly - 1", total[0] / np.maximum(total[1], 1e-30) - 1.0, total[1])
    np.testing.assert_allclose(total[0, :2], total[1, :2], rtol=5e-3)
    assert total[0, 2] == pytest.approx(total[1, 2], rel=1e-2)


@pytest.mark.parametrize("mean", [3.0, 12.0])
def test_near_v2karsts_own_days(record_of, on_rows, mean) -> None:
    """Ten compartments that do not overflow, four years, against the published daily update: what its days cost.

    Evapotranspiration, transpiration and soil excess of V2Karst's explicit days are within 3 % of the rates'; in steps
    of an hour its update comes within 0.5 %.
    """
    rain, pet = weather(4, mean=mean)
    tile = Tile(record_of, on_rows, compartments=10, capacity=700.0)
    ours = np.zeros(3)
    for t in range(len(rain)):
        tile.step(rain[t], pet[t])
        ours += [tile.sf.evapotranspiration, tile.sf.transpiration, tile.sf.excess]
    capacity = V_S * tile.ef.spread.v[:10].copy()
    rooting = np.minimum(float(tile.sp.rooting_capacity), capacity)
    top = np.minimum(float(tile.sp.evaporation_capacity), rooting)
    for steps, tolerance in ((1, 0.03), (24, 0.005)):
        v = 0.5 * np.array([top, rooting - top, capacity - rooting])
        theirs = np.zeros(3)
        for t in range(len(rain)):
            for _ in range(steps):
                v, e, x, over = _published(
                    v,
                    tile.sp,
                    capacity,
                    rain[t] / steps,
                    (1.0 - COVER) * pet[t] / steps,
                    COVER * pet[t] / steps,
                )
                theirs += [(e + x).mean(), x.mean(), over.mean()]
        print(f"{mean} mm, {steps} steps a day: theirs/ours - 1", theirs / ours - 1.0, ours)
        np.testing.assert_allclose(theirs, ours, rtol=tolerance)


def test_layers_differ_from_the_bucket(record_of, on_rows) -> None:
    """Dry climate, ten compartments: the switch does something, and the default is the bucket."""
    rain, pet = weather(2, mean=3.0)
    sums = []
    for layers in (LAYERED, sarrazin_2018.BUCKET):
        tile = Tile(record_of, on_rows, SOIL | {"layers": layers}, compartments=10)
        total = np.zeros(4)
        for t in range(len(rain)):
            tile.step(rain[t], pet[t])
            total += tile.fluxes
        sums.append(total)
    assert abs(sums[0][0] / sums[1][0] - 1.0) > 0.02
    assert sums[1][1] == pytest.approx(0.6 * sums[1][0], rel=1e-12, abs=0.0)
    assert int(record_of(soil.PARAMS).layers) == sarrazin_2018.BUCKET


def test_switching_divides_the_water_equally(record_of, on_rows) -> None:
    """From a bucket to layers, and to another number of compartments: all layers equally wet, the water is the same."""
    tile = Tile(record_of, on_rows, SOIL | {"layers": sarrazin_2018.BUCKET}, compartments=4)
    tile.step(10.0, 2.0)
    for n in (4, 7):
        tile.sp.base["layers"] = LAYERED
        tile.ep.base["compartments"] = n
        before = tile.storage
        tile.step(0.0, 0.0)
        tile.check(before, 0.0)
        share = tile.es.soil_part.v[:n] / (V_S * tile.ef.spread.v[:n])
        top_size = np.minimum(20.0, V_S * tile.ef.spread.v[:n])
        np.testing.assert_allclose(tile.es.top_part.v[:n] / top_size, share, rtol=1e-12)


@pytest.mark.parametrize("factor", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("field", ["top_part", "root_part", "soil_part"])
def test_a_false_division_is_no_water(record_of, on_rows, field, factor) -> None:
    """The store alone holds water: layers that were tampered with follow their compartment, and nothing is made."""
    tile = Tile(record_of, on_rows, compartments=10, capacity=20.0)
    for _ in range(3):
        tile.step(30.0, 1.0)
    getattr(tile.es, field).v[:] *= factor
    before = tile.storage
    tile.step(5.0, 1.0)
    tile.check(before, 5.0)


# ------------------------------------------------------------------------------------------------ the whole model

MEMBERS = [
    {"soil.layers": LAYERED},
    {
        "soil.layers": LAYERED,
        "epikarst.compartments": 10,
        "epikarst.capacity": 30.0,
        "soil.deep_reduction": 0.3,
    },
    {"soil.layers": LAYERED, "epikarst.compartments": 15, "epikarst.concentration": 1},
]


@pytest.mark.parametrize("climate", ["monsoon", "semi_arid"])
def test_books_close_with_layers(climate, climate_forcing, whole_site) -> None:
    """Everything on: books per step and in total; transpiration is a part of evapotranspiration and of the demand."""
    run = Simulation(whole_site(), climate_forcing(climate, years=1), MEMBERS)
    run.spin_up(0)
    names = ["catchment_imbalance_*", "soil_evapotranspiration", "soil_transpiration",
             "vegetation_potential_evapotranspiration", "vegetation_canopy_evaporation"]  # fmt: skip
    daily = run.run(["daily"], names)["daily"]
    books = [n for n in daily.data_vars if n.startswith("catchment_imbalance")]
    assert max(float(daily[n].max()) for n in books) <= 1e-13
    assert max(run.closure().values()) <= 1e-12
    lost, leaves = daily["soil_evapotranspiration"].values, daily["soil_transpiration"].values
    potential = daily["vegetation_potential_evapotranspiration"].values
    wet = daily["vegetation_canopy_evaporation"].values
    assert (leaves >= 0.0).all() and (leaves <= lost + 1e-12).all()
    cover = run.tables.params["tile"]["vegetation"]["fpar"][:, :, None]
    demand = np.maximum(np.moveaxis(cover, 2, 1) * potential - wet, 0.0)
    assert (leaves[:2] <= demand[:2] + 1e-9).all()
    assert leaves[:2].sum() > 0.3 * lost[:2].sum()


@pytest.mark.skipif(disabled(), reason="long")
@pytest.mark.parametrize("member", [0, 1], ids=["one", "ten"])
def test_a_restart_between_layers_changes_no_bit(member, climate_forcing, whole_site, tmp_path) -> None:
    site = whole_site(("bare_rock", "cropland"), 1)
    ds = climate_forcing("monsoon", years=1).isel(time=slice(200, 290))
    whole = Simulation(site, ds, [MEMBERS[member]])
    whole.spin_up(0)
    first = Simulation(site, ds.isel(time=slice(0, 41)), [MEMBERS[member]])
    for level, floats in whole.tables.state_floats.items():
        first.tables.state_floats[level][...] = floats
    first.run(["daily"], ["catchment_runoff"])
    second = Simulation(site, ds.isel(time=slice(41, None)), [MEMBERS[member]])
    second.start_from(first.write_restart(tmp_path / "restart.nc"))
    second.run(["daily"], ["catchment_runoff"])
    whole.run(["daily"], ["catchment_runoff"])
    for level, floats in whole.tables.state_floats.items():
        assert floats.tobytes() == second.tables.state_floats[level].tobytes()


def test_an_unknown_number_of_layers_is_refused(climate_forcing, whole_site) -> None:
    with pytest.raises(InputError, match="layers"):
        Simulation(whole_site(), climate_forcing("monsoon", years=1), [{"soil.layers": 2}])

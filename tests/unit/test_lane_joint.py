"""Open waters in lanes against the scalar `open_step`, solved to the last digits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lane_waters import KEEP, KINDS, LAW, SHOW, STORE_DTYPE, constants, fill, groups

from karstsim.chemistry import lane_store
from karstsim.chemistry.isotopes import carbon_shares
from karstsim.chemistry.speciation import SOLUTION_DTYPE
from karstsim.core.jit import kernel, python_callable
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes import lane_joint
from karstsim.processes.dissolution import open_step, search_rock
from karstsim.processes.transport import temperature_of

OPEN, SEARCH, SHARES = (python_callable(f) for f in (open_step, search_rock, carbon_shares))
NEAR = 5e-6  # pH; the median is 2e-8
RAIN_DT = 0.5
KEPT = ("ph", "ionic_strength", "si_calcite", "ca_ratio", "mg_ratio", "na_ratio", "so4_ratio")
CASES = [*KINDS, "acid"]
RESULTS = (
    lanes.ODD,
    lanes.ROCK_MOVED,
    lanes.GAS_MOVED + lanes.MIDDLE,
    lanes.KEPT_H,
    lanes.KEPT_OMEGA,
    lanes.KEPT_PCO2,
    lanes.KEPT_IONIC,
    lane_store.OUT_CO2,
    lanes.WITH_HCO3 + lanes.MIDDLE,
)


@kernel
def _react(stores, laws, w, v, count, constant_set, tail_start, tail_order, threshold, rain_dt):
    lanes.make_ready(w)
    lanes.make_ready(v)
    lanes.empty(w, count)
    for lane in range(count):
        mg, k_dt, pressure, slope = laws[lane]
        lanes.load(w, lane, stores[lane], temperature_of(stores[lane]), mg)
        if lanes.is_sound(w, lane):
            lanes.set_law(w, lane, k_dt, tail_start, tail_order, threshold, rain_dt)
            lane_joint.open_to(w, lane, stores[lane], pressure, slope / stores[lane].volume)
    lanes.prepare(w, constant_set, count)
    lane_joint.dissolve_open(w, v, constant_set, count, True)


REACT = python_callable(_react)


def react(stores: np.ndarray, laws: np.ndarray, constant_set: int = 0) -> np.ndarray:
    """The scratch array after one step of all stores."""
    w, v = np.zeros(lanes.WORDS), np.zeros(lanes.WORDS)
    REACT(stores, laws, w, v, len(stores), constant_set, *LAW, RAIN_DT)
    return w


def cases(kind: str, constant_set: int, seed: int = 0):
    """Groups of eight waters of the kind, their stores and laws: (Mg of the rock, k dt, pressure, its fall)."""
    rng = np.random.default_rng([seed, constant_set, 7])
    for waters, stores in groups("soft" if kind == "acid" else kind, constant_set, seed):
        for lane, x in enumerate(waters):
            if kind == "acid":
                x.no3 = x.alkalinity + rng.uniform(0.0, 5e-4)
                x.alkalinity -= x.no3
                stores[lane] = np.zeros(1, STORE_DTYPE)[0]
                fill(x, rng, constant_set, stores, lane)
        laws = np.empty((8, 4))
        laws[:, 0] = rng.choice([0.0, 0.09, 0.5], 8)
        laws[:, 1] = 10.0 ** rng.uniform(-4.0, 3.0, 8)
        laws[:, 2] = stores["pco2"] * rng.uniform(0.5, 2.0, 8)
        laws[:, 3] = np.where(rng.random(8) < 0.25, 0.0, 10.0 ** rng.uniform(-2.0, 2.0, 8))
        laws[rng.random(8) < 0.05, 1] = 0.0
        yield waters, stores, laws


def scalar(x: np.record, store: np.record, law: np.ndarray, constant_set: int):
    """Rock, gas and water of `open_step`, which begins where the store's last step ended."""
    y = x.copy()
    for name in KEPT:
        y[name] = store[name]
    mg, k_dt, pressure, slope = law
    k = constants(x.temperature, constant_set)
    rock, gas = OPEN(y, k, mg, pressure, slope, k_dt, RAIN_DT, LAW[2], *LAW[:2])
    return rock, gas, y


@pytest.mark.parametrize("constant_set", [0, 1])
@pytest.mark.parametrize("kind", CASES)
def test_rock_and_gas_are_those_of_the_scalar_kernel(kind: str, constant_set: int) -> None:
    """Rock, gas, pH, pressure, saturation and carbon species of every water; none of these is odd."""
    moved = []
    for waters, stores, laws in cases(kind, constant_set):
        w = react(stores, laws, constant_set)
        for lane, x in enumerate(waters):
            assert w[lanes.ODD + lane] == 0.0
            rock, gas, y = scalar(x, stores[lane], laws[lane], constant_set)
            moved.append(rock)
            total = max(x.ca, rock)
            assert w[lanes.ROCK_MOVED + lane] == pytest.approx(rock, rel=2e-6, abs=NEAR * total)
            assert w[lanes.GAS_MOVED + lanes.MIDDLE + lane] == pytest.approx(gas, rel=1e-6, abs=NEAR * x.dic)
            KEEP(w, lane, stores)
            store = stores[lane]
            assert store.ph == pytest.approx(y.ph, abs=NEAR)
            assert store.si_calcite == pytest.approx(y.si_calcite, abs=NEAR)
            assert store.pco2 == pytest.approx(y.pco2, rel=NEAR, abs=0.0)
            assert store.ionic_strength == pytest.approx(y.ionic_strength, rel=NEAR, abs=0.0)
            shown = np.zeros(1, SOLUTION_DTYPE)[0]
            SHOW(w, lanes.MIDDLE, lane, shown)
            np.testing.assert_allclose(SHARES(shown), SHARES(y), atol=NEAR)
            assert shown.m_co2 == pytest.approx(y.m_co2, rel=NEAR, abs=0.0)
    if kind in ("dissolving", "acid", "soft"):
        assert max(moved) > 0.0
    if kind == "above the threshold":
        assert min(moved) < 0.0
    if kind == "below the threshold":
        assert 0.0 in moved


def test_rock_is_what_the_search_finds() -> None:
    """The same root by the search over r, which has no Newton step of two waters."""
    for waters, stores, laws in cases("dissolving", 0, 4):
        w = react(stores, laws)
        for lane, x in enumerate(waters):
            mg, k_dt, pressure, slope = laws[lane]
            found = SEARCH(x.copy(), constants(x.temperature, 0), mg, pressure, slope, k_dt, LAW[0], LAW[1])
            rock = w[lanes.ROCK_MOVED + lane]
            if rock >= 0.0:
                assert rock == pytest.approx(found, rel=1e-5, abs=NEAR * x.ca)


def test_no_digit_depends_on_the_neighbours() -> None:
    """A water alone, beside one and beside seven others of other kinds, and beside one that cannot be solved."""
    for _, stores, laws in cases("mixed", 0, 2):
        whole = react(stores, laws)
        poisoned = stores.copy()
        poisoned["sol"]["dic"][7] = math.nan
        for some in (stores[:1], stores[:2], stores[:5], stores[:7], poisoned):
            w = react(some, laws)
            for quantity in RESULTS:
                n = min(len(some), 7)
                np.testing.assert_array_equal(w[quantity : quantity + n], whole[quantity : quantity + n])
            if len(some) == 8:
                assert w[lanes.ODD + 7] == 1.0


def test_without_gas_or_calcite_the_lane_is_odd() -> None:
    """What the equations of a lane do not hold for is left to the scalar kernels; the neighbours react."""
    _, stores, laws = next(cases("dissolving", 0, 3))
    laws[0, 2], laws[1, 0] = 0.0, 1.0
    w = react(stores, laws)
    assert list(w[lanes.ODD : lanes.ODD + 8]) == [1.0, 1.0, *[0.0] * 6]


def test_water_a_trace_below_saturation_dissolves_that_trace() -> None:
    """Saturated water under a little more CO2: a first round finds no rock, and must not be the last."""
    for waters, stores, laws in cases("dissolving", 0, 8):
        laws[:, 0], laws[:, 1], laws[:, 3] = 0.0, 1e15, 1e-9
        w = react(stores, laws)
        for lane, x in enumerate(waters):
            rock = w[lanes.ROCK_MOVED + lane]
            x.dic += rock + w[lanes.GAS_MOVED + lanes.MIDDLE + lane]
            x.ca, x.alkalinity = x.ca + rock, x.alkalinity + 2.0 * rock
            KEEP(w, lane, stores)
            for name in ("dic", "ca"):
                stores["sol"][name][lane] = x[name] * stores["volume"][lane]
        for more in (1.0 + 3e-4, 1.0 + 1e-3):
            beside = laws.copy()
            beside[:, 2] *= more
            w = react(stores, beside)
            for lane, x in enumerate(waters):
                rock = scalar(x, stores[lane], beside[lane], 0)[0]
                assert w[lanes.ROCK_MOVED + lane] == pytest.approx(rock, rel=0.0, abs=4.0 * NEAR * x.ca)


def test_nothing_dissolves_without_carbonate_rock() -> None:
    """Water without rock exchanges gas, and calcite still precipitates from it."""
    for kind, sign in (("dissolving", 0.0), ("above the threshold", -1.0)):
        for _, stores, laws in cases(kind, 0, 5):
            laws[:, 1], laws[:, 2], laws[:, 3] = 0.0, stores["pco2"], 0.0
            w = react(stores, laws)
            assert (w[lanes.ODD : lanes.ODD + 8] == 0.0).all()
            assert (np.sign(w[lanes.ROCK_MOVED : lanes.ROCK_MOVED + 8]) == sign).all()


def test_water_without_calcium_has_the_index_of_the_floor() -> None:
    """As the scalar kernels have it: a finite one."""
    for waters, stores, laws in cases("dissolving", 0, 6):
        for lane, x in enumerate(waters):
            x.na, x.ca = x.na + 2.0 * x.ca, 0.0
            stores[lane] = np.zeros(1, STORE_DTYPE)[0]
            fill(x, np.random.default_rng(lane), 0, stores, lane)
        laws[:, 1], laws[:, 2] = 0.0, stores["pco2"]
        w = react(stores, laws)
        for lane, x in enumerate(waters):
            _, _, y = scalar(x, stores[lane], laws[lane], 0)
            KEEP(w, lane, stores)
            assert stores[lane].si_calcite == pytest.approx(y.si_calcite, abs=NEAR)

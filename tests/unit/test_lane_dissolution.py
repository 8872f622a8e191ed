"""Stores in lanes against the scalar `closed_step` and `exchange_gas`, solved from nothing and to the last digits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.equilibrium import equilibrate_closed
from karstsim.chemistry.isotopes import carbon_shares
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import disabled, kernel, python_callable
from karstsim.model.registry import STATE_DTYPES
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes.dissolution import closed_step, exchange_gas, remember

ALK_DIC = int(Mode.ALK_DIC)
STORE_DTYPE = STATE_DTYPES["column"]["aquifer"]["matrix"]
CLOSED, GAS, SPECIATE = python_callable(closed_step), python_callable(exchange_gas), python_callable(speciate)
SATURATE, CONSTANTS = python_callable(equilibrate_closed), python_callable(set_temperature)
SHARES = python_callable(carbon_shares)
LAW = (0.9, 4.0, 0.3)  # start and order of the slow tail, threshold of calcite
VOLUME = 80.0
GROUPS = 2 if disabled() else 40
NEAR = 5e-6  # pH after a change of 5 %, at a step tolerance of 1e-3; the median is 1e-7
KINDS = ["dissolving", "saturated", "below the threshold", "above the threshold", "gypsum", "soft"]


@kernel
def _react(stores, w, count, constant_set, mg, k_dt, tail_start, tail_order, threshold, rain_dt, air, share):
    """Dissolution, between two exchanges with `air` (atm) where `share` is above 0; carbon is noted."""
    lanes.make_ready(w)
    lanes.empty(w, count)
    for lane in range(count):
        lanes.load(w, lane, stores[lane], mg)
        lanes.set_law(w, lane, k_dt, tail_start, tail_order, threshold, rain_dt)
        w[lanes.AIR + lane], w[lanes.AIR_SLOPE + lane], w[lanes.AIR_SHARE + lane] = air, 0.01, share
    lanes.prepare(w, constant_set, count)
    lanes.exchange(w, lanes.FIRST, constant_set, count, True)
    lanes.dissolve(w, constant_set, count, True)
    lanes.exchange(w, lanes.LAST, constant_set, count, True)


@kernel
def _show(w, which, lane, x):
    lanes.show(w, which, lane, x)


@kernel
def _keep(w, lane, stores):
    lanes.keep(w, lane, stores[lane])


@kernel
def _remember(x, stores, lane):
    remember(x, stores[lane])


REACT, SHOW, KEEP, REMEMBER = (python_callable(f) for f in (_react, _show, _keep, _remember))


def _constants(temperature: float, constant_set: int) -> np.record:
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    CONSTANTS(k, temperature, constant_set)
    return k


def _water(rng: np.random.Generator, kind: str, constant_set: int) -> np.record:
    """A water of the kind: its totals (mol kg-1), temperature and calcite saturation."""
    x = np.zeros(1, SOLUTION_DTYPE)[0]
    x.temperature = rng.uniform(2.0, 28.0)
    x.ca, x.mg = rng.uniform(0.1, 2.5) * 1e-3, rng.uniform(0.0, 0.6) * 1e-3
    x.na, x.k, x.cl = rng.uniform(0.0, 0.3, 3) * 1e-3
    x.so4 = rng.uniform(0.0, 0.3) * min(x.ca, 0.5e-3)
    if kind == "dissolving":
        x.ca *= 0.5
        x.so4 *= 0.5
    if kind == "gypsum":
        x.so4 = rng.uniform(2.0, 8.0) * 1e-3
        x.ca += x.so4
    if kind == "soft":
        x.ca, x.mg, x.so4, x.cl = rng.uniform(0.02, 0.1) * 1e-3, 0.0, 0.0, 0.0
    x.alkalinity = 2.0 * (x.ca + x.mg - x.so4) + x.na + x.k - x.cl
    x.dic = x.alkalinity * rng.uniform(1.1, 2.0)
    if kind in ("saturated", "below the threshold", "above the threshold"):
        k = _constants(x.temperature, constant_set)
        index = {"saturated": 0.0, "below the threshold": rng.uniform(0.02, 0.28)}.get(kind, 0.6)
        y = x.copy()
        k.calcite *= math.exp(math.log(10.0) * index)
        rock = SATURATE(y, k, 0.0)
        x.ca, x.dic, x.alkalinity = x.ca + rock, x.dic + rock, x.alkalinity + 2.0 * rock
    return x


def _store(x: np.record, rng: np.random.Generator, constant_set: int, stores: np.ndarray, lane: int) -> None:
    """Fill a store with the water; it remembers one that had up to 5 % less of everything."""
    store = stores[lane]
    store.volume, store.heat = VOLUME, VOLUME * x.temperature
    for name in ("ca", "mg", "na", "k", "cl", "so4", "no3", "dic"):
        store.sol[name] = VOLUME * x[name]
    y, before = x.copy(), rng.uniform(0.95, 1.0)
    for name in ("ca", "mg", "na", "k", "cl", "so4", "no3", "dic", "alkalinity"):
        y[name] *= before
    y.ph = 0.0
    SPECIATE(y, _constants(x.temperature, constant_set), ALK_DIC)
    REMEMBER(y, stores, lane)


def _groups(kind: str, constant_set: int, seed: int = 0):
    """Eight waters and their stores, several times over; `mixed` takes another kind in each lane."""
    rng = np.random.default_rng([seed, constant_set])
    for _ in range(GROUPS):
        stores = np.zeros(8, STORE_DTYPE)
        kinds = [kind if kind != "mixed" else KINDS[lane % len(KINDS)] for lane in range(8)]
        waters = [_water(rng, one, constant_set) for one in kinds]
        for lane, x in enumerate(waters):
            _store(x, rng, constant_set, stores, lane)
        yield waters, stores


@pytest.mark.parametrize("constant_set", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_dissolution_is_that_of_the_scalar_kernel(kind: str, constant_set: int) -> None:
    """Rock, pH, pressure, saturation and carbon species of every water; none of these is odd."""
    for waters, stores in _groups(kind, constant_set):
        w = np.zeros(lanes.WORDS)
        REACT(stores, w, 8, constant_set, 0.09, 0.7, *LAW, 0.5, 0.0, 0.0)
        for lane, x in enumerate(waters):
            assert w[lanes.ODD + lane] == 0.0
            y, store = x.copy(), stores[lane]
            y.si_calcite = store.si_calcite
            rock = CLOSED(y, _constants(x.temperature, constant_set), 0.09, 0.7, 0.5, 0.3, *LAW[:2])
            KEEP(w, lane, stores)
            assert w[lanes.ROCK_MOVED + lane] == pytest.approx(rock, abs=0.2 * NEAR * x.ca)
            assert store.ph == pytest.approx(y.ph, abs=NEAR)
            assert store.si_calcite == pytest.approx(y.si_calcite, abs=NEAR)
            assert store.pco2 == pytest.approx(y.pco2, rel=NEAR, abs=0.0)
            assert store.ionic_strength == pytest.approx(y.ionic_strength, rel=NEAR, abs=0.0)
            ratios = [name for name in ("ca", "mg", "na", "so4") if x[name] > 0.0]
            for name in ratios:  # where the next scalar solve begins, no more
                assert store[f"{name}_ratio"] == pytest.approx(y[f"{name}_ratio"], rel=1e-3, abs=0.0)
            shown = np.zeros(1, SOLUTION_DTYPE)[0]
            SHOW(w, lanes.MIDDLE, lane, shown)
            np.testing.assert_allclose(SHARES(shown), SHARES(y), atol=1e-6)
            if kind == "dissolving":
                assert rock > 0.0
            if kind == "above the threshold":
                assert rock < 0.0
            if kind == "below the threshold":
                assert w[lanes.ROCK_MOVED + lane] == 0.0


@pytest.mark.parametrize("air", [6e-4, 2e-2])
def test_gas_exchange_is_that_of_the_scalar_kernel(air: float) -> None:
    """Half of the way to air that thins with what the water takes: CO2 and species at equilibrium."""
    for waters, stores in _groups("dissolving", 0, 1):
        w = np.zeros(lanes.WORDS)
        REACT(stores, w, 8, 0, 0.0, 0.0, *LAW, 0.0, air, 0.5)
        for lane, x in enumerate(waters):
            assert w[lanes.ODD + lane] == 0.0
            y = x.copy()
            gas = GAS(y, _constants(x.temperature, 0), air, 0.01 * VOLUME)
            assert w[lanes.GAS_MOVED + lanes.FIRST + lane] == pytest.approx(0.5 * gas, abs=NEAR * x.dic)
            shown = np.zeros(1, SOLUTION_DTYPE)[0]
            SHOW(w, lanes.FIRST, lane, shown)
            np.testing.assert_allclose(SHARES(shown), SHARES(y), atol=1e-6)
            assert shown.m_co2 == pytest.approx(y.m_co2, rel=1e-5, abs=0.0)


def test_no_digit_depends_on_the_neighbours() -> None:
    """A water alone, beside one and beside seven others of other kinds, and beside one that cannot be solved."""
    for _, stores in _groups("mixed", 0, 2):
        whole = np.zeros(lanes.WORDS)
        arguments = (0, 0.09, 0.7, *LAW, 0.5, 2e-2, 0.5)
        REACT(stores, whole, 8, *arguments)
        poisoned = stores.copy()
        poisoned["sol"]["dic"][7] = math.nan
        for some in (stores[:1], stores[:2], stores[:5], stores[:7], poisoned):
            w = np.zeros(lanes.WORDS)
            REACT(some, w, len(some), *arguments)
            for quantity in (lanes.ROCK_MOVED, lanes.GAS_MOVED + lanes.LAST, lanes.KEPT_H, lanes.KEPT_OMEGA):
                for lane in range(min(len(some), 7)):
                    assert w[quantity + lane] == whole[quantity + lane]
            if len(some) == 8:
                assert w[lanes.ODD + 7] == 1.0


def test_a_store_without_a_medium_is_odd() -> None:
    """A store that was never solved, and one without water, go to the scalar kernels; no lane holds them."""
    stores = np.zeros(8, STORE_DTYPE)
    stores["volume"][:4] = VOLUME
    w = np.zeros(lanes.WORDS)
    REACT(stores, w, 8, 0, 0.0, 0.7, *LAW, 0.5, 0.0, 0.0)
    assert (w[lanes.ODD : lanes.ODD + 8] == 1.0).all()
    assert (w[at.ACTIVE : at.ACTIVE + 8] == 0.0).all()


def test_acid_water_is_solved_or_odd() -> None:
    """Water of strong acid, alkalinity below zero: the scalar answer, or none."""
    rng = np.random.default_rng(3)
    solved = 0
    for _ in range(GROUPS):
        stores, waters = np.zeros(8, STORE_DTYPE), []
        for lane in range(8):
            x = _water(rng, "soft", 0)
            x.no3 = x.alkalinity + rng.uniform(0.0, 5e-4)
            x.alkalinity -= x.no3
            _store(x, rng, 0, stores, lane)
            waters.append(x)
        w = np.zeros(lanes.WORDS)
        REACT(stores, w, 8, 0, 0.0, 0.7, *LAW, 0.5, 0.0, 0.0)
        for lane, x in enumerate(waters):
            if w[lanes.ODD + lane] == 0.0:
                solved += 1
                y = x.copy()
                rock = CLOSED(y, _constants(x.temperature, 0), 0.0, 0.7, 0.5, 0.3, *LAW[:2])
                assert w[lanes.ROCK_MOVED + lane] == pytest.approx(rock, rel=1e-5, abs=0.0)
    assert solved > 0

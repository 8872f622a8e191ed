"""Stores in lanes against the scalar `closed_step` and `exchange_gas`, solved from nothing and to the last digits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lane_waters import GROUPS, KEEP, KINDS, LAW, SHOW, STORE_DTYPE, VOLUME, constants, fill, groups, water

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry.isotopes import carbon_shares
from karstsim.chemistry.speciation import SOLUTION_DTYPE
from karstsim.core.jit import kernel, python_callable
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes.dissolution import closed_step, exchange_gas
from karstsim.processes.transport import temperature_of

CLOSED, GAS = python_callable(closed_step), python_callable(exchange_gas)
SHARES = python_callable(carbon_shares)
NEAR = 5e-6  # pH after a change of 5 %, at a step tolerance of 1e-3; the median is 1e-7


@kernel
def _react(stores, w, count, constant_set, mg, k_dt, tail_start, tail_order, threshold, rain_dt, air, share):
    """Dissolution, between two exchanges with `air` (atm) where `share` is above 0; carbon is noted."""
    lanes.make_ready(w)
    lanes.empty(w, count)
    for lane in range(count):
        lanes.load(w, lane, stores[lane], temperature_of(stores[lane]), mg)
        lanes.set_law(w, lane, k_dt, tail_start, tail_order, threshold, rain_dt)
        w[lanes.AIR + lane], w[lanes.AIR_SLOPE + lane], w[lanes.AIR_SHARE + lane] = air, 0.01, share
    lanes.prepare(w, constant_set, count)
    lanes.exchange(w, lanes.FIRST, constant_set, count, True)
    lanes.dissolve(w, constant_set, count, True)
    lanes.exchange(w, lanes.LAST, constant_set, count, True)


REACT = python_callable(_react)


@pytest.mark.parametrize("constant_set", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_dissolution_is_that_of_the_scalar_kernel(kind: str, constant_set: int) -> None:
    """Rock, pH, pressure, saturation and carbon species of every water; none of these is odd."""
    for waters, stores in groups(kind, constant_set):
        w = np.zeros(lanes.WORDS)
        REACT(stores, w, 8, constant_set, 0.09, 0.7, *LAW, 0.5, 0.0, 0.0)
        for lane, x in enumerate(waters):
            assert w[lanes.ODD + lane] == 0.0
            y, store = x.copy(), stores[lane]
            y.si_calcite = store.si_calcite
            rock = CLOSED(y, constants(x.temperature, constant_set), 0.09, 0.7, 0.5, 0.3, *LAW[:2])
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
    for waters, stores in groups("dissolving", 0, 1):
        w = np.zeros(lanes.WORDS)
        REACT(stores, w, 8, 0, 0.0, 0.0, *LAW, 0.0, air, 0.5)
        for lane, x in enumerate(waters):
            assert w[lanes.ODD + lane] == 0.0
            y = x.copy()
            gas = GAS(y, constants(x.temperature, 0), air, 0.01 * VOLUME)
            assert w[lanes.GAS_MOVED + lanes.FIRST + lane] == pytest.approx(0.5 * gas, abs=NEAR * x.dic)
            shown = np.zeros(1, SOLUTION_DTYPE)[0]
            SHOW(w, lanes.FIRST, lane, shown)
            np.testing.assert_allclose(SHARES(shown), SHARES(y), atol=1e-6)
            assert shown.m_co2 == pytest.approx(y.m_co2, rel=1e-5, abs=0.0)


def test_no_digit_depends_on_the_neighbours() -> None:
    """A water alone, beside one and beside seven others of other kinds, and beside one that cannot be solved."""
    for _, stores in groups("mixed", 0, 2):
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
            x = water(rng, "soft", 0)
            x.no3 = x.alkalinity + rng.uniform(0.0, 5e-4)
            x.alkalinity -= x.no3
            fill(x, rng, 0, stores, lane)
            waters.append(x)
        w = np.zeros(lanes.WORDS)
        REACT(stores, w, 8, 0, 0.0, 0.7, *LAW, 0.5, 0.0, 0.0)
        for lane, x in enumerate(waters):
            if w[lanes.ODD + lane] == 0.0:
                solved += 1
                y = x.copy()
                rock = CLOSED(y, constants(x.temperature, 0), 0.0, 0.7, 0.5, 0.3, *LAW[:2])
                assert w[lanes.ROCK_MOVED + lane] == pytest.approx(rock, rel=1e-5, abs=0.0)
    assert solved > 0

"""An open water's day, rock and gas solved at once, against bisection on nothing but speciations.

The reference knows none of the equilibrium solvers: each of its equations is a bracket that is halved, around
`speciate` for given alkalinity and CO2 pressure, which is checked against PHREEQC elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from small_waters import constants, water_of

from karstsim.chemistry.constants import set_temperature
from karstsim.chemistry.rates import relax_and_slope
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import disabled, kernel, python_callable
from karstsim.processes.dissolution import STORE_TOLERANCE, closed_step, open_step, search_rock
from karstsim.processes.joint_dissolution import LEAST_PRESSURE, dissolve_with_gas, relaxed_rock
from karstsim.processes.lowpass import relaxed_share

by_bisection = pytest.mark.skipif(disabled(), reason="a million speciations")

ALK_PCO2 = int(Mode.ALK_PCO2)
HALVINGS = 46
DOUBLINGS = 60
LEAST_P = 1.0e-12  # atm, below every gas line here
THRESHOLD = 0.3
NEAR = (
    30.0 * STORE_TOLERANCE
)  # what a solve of a hostile water leaves, of the rock and a tenth of its calcium


# ------------------------------------------------------------------------------------------------ by bisection


@kernel
def _with_rock(y, x, k, rock, share, p):
    """Water `y`: `x` after `rock` at the pressure `p`, speciated from a cold start."""
    y.ca, y.mg = x.ca + rock - share * rock, x.mg + share * rock
    y.alkalinity = x.alkalinity + 2.0 * rock
    y.pco2, y.ph, y.ionic_strength, y.resume = p, 0.0, 0.0, 0.0
    speciate(y, k, ALK_PCO2)


@kernel
def _pressure_after(y, x, k, rock, share, pco2, slope):
    """p = pco2 - slope (DIC(p) - DIC0 - rock): the right side falls with p. Leaves `y` at it."""
    low, high = LEAST_P, pco2 + slope * (x.dic + max(rock, 0.0)) + LEAST_P
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)
        _with_rock(y, x, k, rock, share, middle)
        if middle < pco2 - slope * (y.dic - x.dic - rock):
            low = middle
        else:
            high = middle
    _with_rock(y, x, k, rock, share, high)
    return high


@kernel
def _saturating(y, x, k, share, p):
    """Rock that saturates `x` at the pressure `p`; 0 for a supersaturated water."""
    _with_rock(y, x, k, 0.0, share, p)
    if y.si_calcite >= 0.0:
        return 0.0
    low, high = 0.0, x.ca + 1.0e-6
    for _ in range(DOUBLINGS):
        _with_rock(y, x, k, high, share, p)
        if y.si_calcite > 0.0:
            break
        low, high = high, 2.0 * high
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        _with_rock(y, x, k, middle, share, p)
        if y.si_calcite < 0.0:
            low = middle
        else:
            high = middle
    return high


@kernel
def _excess(y, x, k, rock, share, pco2, slope, k_dt, tail_start, tail_order):
    """R(n(p(rock))) - rock."""
    p = max(_pressure_after(y, x, k, rock, share, pco2, slope), LEAST_PRESSURE)
    return relaxed_rock(x.alkalinity, _saturating(y, x, k, share, p), k_dt, tail_start, tail_order) - rock


@kernel
def _dissolved(y, x, k, share, pco2, slope, k_dt, tail_start, tail_order):
    """Root of `_excess`; 0 where nothing dissolves."""
    if not _excess(y, x, k, 0.0, share, pco2, slope, k_dt, tail_start, tail_order) > 0.0:
        return 0.0
    low, high = 0.0, x.ca + 1.0e-6
    for _ in range(DOUBLINGS):
        if _excess(y, x, k, high, share, pco2, slope, k_dt, tail_start, tail_order) < 0.0:
            break
        low, high = high, 2.0 * high
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if _excess(y, x, k, middle, share, pco2, slope, k_dt, tail_start, tail_order) > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@kernel
def _precipitated_to(y, x, k, index, pco2, slope):
    """Calcite (negative) that leaves until the saturation index is `index`, with the gas it gives off."""
    low, high = -x.ca, 0.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        _pressure_after(y, x, k, middle, 0.0, pco2, slope)
        if y.si_calcite < index:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@kernel
def reference(y, x, k, share, pco2, slope, k_dt, precipitation_dt, threshold, tail_start, tail_order):
    """What `open_step` shall return: rock and gas, mol kg-1; leaves `y` as the water afterwards."""
    rock = _dissolved(y, x, k, share, pco2, slope, k_dt, tail_start, tail_order)
    _pressure_after(y, x, k, rock, share, pco2, slope)
    if rock == 0.0 and y.si_calcite > threshold:
        share = 0.0
        rock = _precipitated_to(y, x, k, 0.0, pco2, slope) * relaxed_share(precipitation_dt, 1.0)
        rock = max(rock, _precipitated_to(y, x, k, threshold, pco2, slope))
        _pressure_after(y, x, k, rock, share, pco2, slope)
    return rock, y.dic - x.dic - rock


# ------------------------------------------------------------------------------------------------ waters


@kernel
def _days(waters, knobs, way, out, scratch, k):
    """Rock, gas, whether it was found, then DIC, Ca, alkalinity, pH and SI, of each water by one of five ways."""
    for i in range(waters.shape[0]):
        x, y = waters[i], scratch[0]
        share, pco2, slope, k_dt, rain_dt, start, order = knobs[i]
        set_temperature(k, x.temperature, 0)
        dic, found = x.dic, True
        if way == REFERENCE:
            y.ca, y.mg, y.na, y.k, y.cl, y.so4, y.no3 = x.ca, x.mg, x.na, x.k, x.cl, x.so4, x.no3
            y.temperature, y.tolerance, y.readings = x.temperature, 0.0, 0.0
            rock, gas = reference(y, x, k, share, pco2, slope, k_dt, rain_dt, THRESHOLD, start, order)
            x = y
        elif way == STEP:
            rock, gas = open_step(x, k, share, pco2, slope, k_dt, rain_dt, THRESHOLD, start, order)
        elif way == CLOSED:
            rock, gas = closed_step(x, k, share, k_dt, rain_dt, THRESHOLD, start, order), 0.0
        elif way == JOINT:
            rock, found = dissolve_with_gas(x, k, share, pco2, slope, k_dt, start, order)
            gas = x.dic - dic - rock
        else:
            rock = search_rock(x, k, share, pco2, slope, k_dt, start, order)
            gas = math.nan
        out[i, 0], out[i, 1], out[i, 2] = rock, gas, 1.0 if found else 0.0
        out[i, 3], out[i, 4], out[i, 5], out[i, 6], out[i, 7] = x.dic, x.ca, x.alkalinity, x.ph, x.si_calcite


REFERENCE, STEP, JOINT, SEARCH, CLOSED = range(5)
DAYS = python_callable(_days)
COLUMNS = ("rock", "gas", "found", "dic", "ca", "alkalinity", "ph", "si_calcite")


def _by(way: int, waters: np.ndarray, knobs: np.ndarray) -> dict[str, np.ndarray]:
    out = np.zeros((len(waters), len(COLUMNS)))
    DAYS(waters.copy(), knobs, way, out, np.zeros(1, SOLUTION_DTYPE), constants(15.0))
    return dict(zip(COLUMNS, out.T, strict=True))


def _ionic(waters: np.ndarray) -> np.ndarray:
    """The waters with the alkalinity of their ions."""
    w = waters
    w["alkalinity"] = 2.0 * (w["ca"] + w["mg"] - w["so4"]) + w["na"] + w["k"] - w["cl"] - w["no3"]
    w["tolerance"], w["readings"] = STORE_TOLERANCE, 0.0
    return w


def _log(rng: np.random.Generator, low: float, high: float, n: int) -> np.ndarray:
    return 10.0 ** rng.uniform(low, high, n)


def random_days(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Waters of every kind that a store may hold, far beyond what karst has, and the day of each.

    0 to 50 degC, alkalinity of either sign, gypsum and magnesium waters, gases of 1e-5 to 1 atm that do not thin (a
    fifth) or give all they have, films that dissolve nothing (a tenth) or saturate at once.
    """
    rng = np.random.default_rng(seed)
    w = np.zeros(n, SOLUTION_DTYPE)
    w["temperature"] = rng.uniform(0.0, 50.0, n)
    for name, low, high in (
        ("ca", -8.0, -1.7), ("mg", -8.0, -2.0), ("na", -7.0, -1.5), ("k", -7.0, -3.0),
        ("so4", -7.0, -1.7), ("no3", -7.0, -2.5),
    ):  # fmt: skip
        w[name] = _log(rng, low, high, n)
    w["cl"] = w["na"] * rng.uniform(0.5, 1.5, n)
    _ionic(w)
    w["dic"] = np.where(
        w["alkalinity"] > 0.0, w["alkalinity"] * rng.uniform(0.5, 3.0, n), _log(rng, -6.0, -2.0, n)
    )
    w["si_calcite"] = rng.choice(
        [-0.1, 0.0, 0.1], n
    )  # what the step before left, which says nothing of this one
    knobs = np.column_stack(
        [
            np.where(rng.random(n) < 0.3, 0.0, rng.uniform(0.0, 0.6, n)),
            _log(rng, -5.0, 0.0, n),
            np.where(rng.random(n) < 0.2, 0.0, _log(rng, -3.0, 5.0, n)),
            np.where(rng.random(n) < 0.1, 0.0, _log(rng, -5.0, 4.0, n)),
            _log(rng, -4.0, 2.0, n),
            rng.uniform(0.6, 0.99, n),
            np.where(rng.random(n) < 0.3, 1.0, rng.uniform(1.0, 11.0, n)),
        ]
    )
    return w, knobs


def acid_days(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Waters with more strong acid than bases and hardly any carbon, under a steep gas: they degas as they dissolve."""
    w, knobs = random_days(n, seed)
    rng = np.random.default_rng(seed + 1)
    w["ca"], w["mg"] = _log(rng, -8.0, -4.0, n), _log(rng, -8.0, -4.0, n)
    w["so4"] = 0.5 * w["na"] + w["ca"] + w["mg"] + _log(rng, -6.0, -2.0, n)
    w["cl"] = w["na"]
    _ionic(w)
    w["dic"] = _log(rng, -7.0, -4.0, n)
    knobs[:, 1] = _log(rng, -5.0, -2.0, n)
    knobs[:, 2] = _log(rng, 0.0, 5.0, n)
    knobs[:, 3] = _log(rng, -3.0, 4.0, n)
    return w, knobs


# ------------------------------------------------------------------------------------------------ tests


def _error(days: dict[str, np.ndarray], expected: dict[str, np.ndarray], waters: np.ndarray) -> np.ndarray:
    """Difference of the rock, of the rock itself and a tenth of the calcium; infinite where it is not a number."""
    error = np.abs(days["rock"] - expected["rock"]) / (np.abs(expected["rock"]) + 0.1 * waters["ca"] + 1.0e-9)
    return np.where(np.isnan(error), np.inf, error)


def _check(waters: np.ndarray, knobs: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """All ways against bisection; returns whether the joint solution was found, and what bisection says."""
    expected = _by(REFERENCE, waters, knobs)
    step, joint, search = (_by(way, waters, knobs) for way in (STEP, JOINT, SEARCH))
    assert np.all(np.isfinite([step[name] for name in COLUMNS]))
    assert _error(step, expected, waters).max() < NEAR
    gas = np.abs(step["gas"] - expected["gas"]) / (np.abs(expected["gas"]) + 0.1 * expected["dic"])
    assert gas.max() < NEAR
    assert np.abs(step["ph"] - expected["ph"]).max() < NEAR
    dissolves, found = expected["rock"] > 0.0, joint["found"] == 1.0
    assert _error(joint, expected, waters)[found & dissolves].max() < NEAR
    assert np.all(joint["rock"][found & ~dissolves] == 0.0)
    assert _error(search, expected, waters)[dissolves].max() < NEAR
    assert np.all(search["rock"][~dissolves] == 0.0)
    return found, expected


@by_bisection
def test_open_step_agrees_with_bisection() -> None:
    """Waters that dissolve, precipitate and rest: rock, gas and pH of each way; few need the search."""
    found, expected = _check(*random_days(250, 11))
    assert (expected["rock"] > 0.0).sum() > 100 and (expected["rock"] < 0.0).sum() > 15
    assert (expected["rock"] == 0.0).sum() > 15
    assert found.mean() > 0.98


@by_bisection
def test_the_search_takes_over_where_the_joint_solution_gives_up() -> None:
    """Acid water under a steep gas is what it is for, and what it says there is right too."""
    found, expected = _check(*acid_days(80, 3))
    assert 4 <= (~found & (expected["rock"] > 0.0)).sum() < 16


# temperature, ca, mg, na, cl, so4, dic (mol kg-1) | Mg share, pCO2, its fall, k dt
EXTREMES = {
    "rain at 0 degC": ((0.0, 1e-6, 1e-7, 1e-5, 1.2e-5, 1e-6, 1.5e-5), (0.0, 1e-5, 0.0, 1.0)),
    "nothing in it": ((10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), (0.0, 1e-2, 100.0, 1.0)),
    "no calcium": ((10.0, 0.0, 0.0, 1e-3, 0.0, 0.0, 1.5e-3), (0.0, 1e-2, 100.0, 1.0)),
    "hot, an atmosphere of CO2": ((50.0, 1e-3, 1e-4, 1e-5, 1e-5, 1e-5, 4e-3), (0.1, 1.0, 1.0, 1.0)),
    "thin air": ((25.0, 2e-4, 1e-5, 0.0, 0.0, 0.0, 4e-4), (0.0, 1e-5, 1e4, 3.0)),
    "a nearly empty store": ((15.0, 1.5e-2, 3e-3, 1e-2, 1.5e-2, 5e-3, 2.5e-2), (0.0, 5e-2, 1e-3, 1e4)),
    "a film without end": ((15.0, 1e-4, 1e-5, 0.0, 0.0, 0.0, 1e-3), (0.0, 1e-2, 50.0, 1e7)),
    "a film that is next to none": ((15.0, 1e-4, 1e-5, 0.0, 0.0, 0.0, 1e-3), (0.0, 1e-2, 50.0, 1e-9)),
    "a gas that gives all it has": ((15.0, 1e-4, 1e-5, 0.0, 0.0, 0.0, 1e-3), (0.0, 1e-2, 1e8, 1.0)),
    "sulphuric acid": ((12.0, 1e-6, 1e-6, 0.0, 0.0, 5e-3, 1e-6), (0.2, 1e-3, 1e3, 0.1)),
    "gypsum": ((15.0, 1.5e-2, 1e-4, 0.0, 0.0, 1.45e-2, 1.2e-3), (0.0, 2e-2, 30.0, 1.0)),
    "magnesium": ((15.0, 1e-4, 2e-2, 0.0, 0.0, 1e-3, 4e-2), (0.5, 3e-2, 30.0, 2.0)),
    "soda": ((20.0, 1e-5, 1e-5, 3e-2, 0.0, 0.0, 3e-2), (0.0, 1e-3, 30.0, 2.0)),
    "far above saturation": ((20.0, 8e-3, 1e-4, 0.0, 0.0, 0.0, 2e-2), (0.3, 4e-4, 10.0, 2.0)),
    "just below saturation": ((10.0, 1.75e-3, 0.0, 0.0, 0.0, 0.0, 4.0e-3), (0.0, 1e-2, 10.0, 2.0)),
}


@by_bisection
@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("last", [-0.1, 0.1])
def test_extreme_waters(name: str, last: float) -> None:
    """On either side of saturation that the step before may have left."""
    water, (share, pco2, slope, k_dt) = EXTREMES[name]
    w = np.zeros(1, SOLUTION_DTYPE)
    for field, value in zip(("temperature", "ca", "mg", "na", "cl", "so4", "dic"), water, strict=True):
        w[field] = value
    w["si_calcite"] = last
    _ionic(w)
    knobs = np.array([[share, pco2, slope, k_dt, 0.5 * min(k_dt, 10.0), 0.9, 4.0]])
    expected, step = _by(REFERENCE, w, knobs), _by(STEP, w, knobs)
    assert _error(step, expected, w).max() < NEAR
    assert step["gas"] == pytest.approx(expected["gas"], rel=NEAR, abs=NEAR * float(expected["dic"][0]))
    assert step["ph"] == pytest.approx(expected["ph"], abs=NEAR)


@kernel
def _turns(waters, knobs, points, turns, y, k):
    """How often R(n(p(r))) - r changes its sign between no rock and more than saturates."""
    for i in range(waters.shape[0]):
        x = waters[i]
        share, pco2, slope, k_dt, _, start, order = knobs[i]
        set_temperature(k, x.temperature, 0)
        most = _saturating(y, x, k, share, pco2 + slope * (x.dic + 1.0e-6)) + 1.0e-9
        before = _excess(y, x, k, 0.0, share, pco2, slope, k_dt, start, order)
        for j in range(points):
            rock = most * 10.0 ** (8.0 * (j + 1 - points) / points)
            now = _excess(y, x, k, rock, share, pco2, slope, k_dt, start, order)
            if (now > 0.0) != (before > 0.0):
                turns[i] += 1.0
            before = now


@by_bisection
@pytest.mark.parametrize("kind", [random_days, acid_days])
def test_there_is_no_second_root(kind) -> None:
    """What dissolves cannot be another of several answers."""
    waters, knobs = kind(40, 21)
    turns = np.zeros(len(waters))
    python_callable(_turns)(waters, knobs, 60, turns, np.zeros(1, SOLUTION_DTYPE)[0], constants(15.0))
    assert turns.max() == 1.0


@by_bisection
def test_brines_are_books_still() -> None:
    """Beyond what the activities are made for nothing is not a number, nothing is negative, and the books close."""
    w, knobs = random_days(2000, 5)
    for name in ("ca", "mg", "na", "k", "cl", "so4", "no3", "dic"):
        w[name] *= 30.0
    _ionic(w)
    step = _by(STEP, w, knobs)
    assert np.all(np.isfinite([step[name] for name in COLUMNS]))
    assert step["ca"].min() > 0.0 and step["dic"].min() > 0.0
    rounding = 1.0e-12 * (w["dic"] + np.abs(step["gas"]) + np.abs(step["rock"]))
    assert np.all(np.abs(step["dic"] - w["dic"] - step["rock"] - step["gas"]) <= rounding)
    assert np.all(
        np.abs(step["alkalinity"] - w["alkalinity"] - 2.0 * step["rock"]) <= 1.0e-12 * (1.0 + w["ca"])
    )


def hostile_days(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Waters and days at and beyond the edges: no ions, no carbon, lime water, warm starts and saturation indices of
    quite another water (or none: NaN), rock of hardly any calcium, no gas, tails without end, rates without limit.
    """
    rng = np.random.default_rng(seed)
    w = np.zeros(n, SOLUTION_DTYPE)
    w["temperature"] = np.where(
        rng.random(n) < 0.4, rng.choice([0.0, 25.0, 25.001, 50.0], n), rng.uniform(0.0, 50.0, n)
    )
    for name in ("ca", "mg", "na", "k", "so4", "no3"):
        w[name] = np.where(rng.random(n) < 0.25, 0.0, _log(rng, -10.0, -1.6, n))
    w["cl"] = w["na"] * rng.choice([0.0, 1.0, 2.0], n)
    _ionic(w)
    some = np.abs(w["alkalinity"]) * _log(rng, -4.0, 0.7, n)
    w["dic"] = np.where(
        rng.random(n) < 0.15, 0.0, np.where(rng.random(n) < 0.2, _log(rng, -9.0, -5.0, n), some)
    )
    w["si_calcite"] = rng.choice([-5.0, -0.1, 0.0, 0.1, 5.0, math.nan], n)
    stale = rng.random(n) < 0.5
    w["ph"] = np.where(stale, rng.uniform(1.0, 13.5, n), 0.0)
    w["ionic_strength"] = np.where(stale, _log(rng, -6.0, 0.0, n), 0.0)
    for name in ("ca_ratio", "mg_ratio", "na_ratio", "so4_ratio"):
        w[name] = np.where(stale, 1.0 + _log(rng, -3.0, 6.0, n), 0.0)

    def some_none(low: float, high: float) -> np.ndarray:
        return np.where(rng.random(n) < 0.15, 0.0, _log(rng, low, high, n))

    share = rng.choice([0.0, 0.1, 0.5, 0.9, 0.99, 0.9999], n)
    tail = rng.choice([0.0, 0.6, 0.9, 1.0], n), rng.choice([1.0, 4.0, 11.0], n)
    days = some_none(-9.0, 0.0), some_none(-4.0, 9.0), some_none(-14.0, 10.0), some_none(-8.0, 8.0)
    return w, np.column_stack([share, *days, *tail])


def _books_close(step: dict[str, np.ndarray], w: np.ndarray) -> None:
    moved = w["dic"] + np.abs(step["gas"]) + np.abs(step["rock"])
    assert np.all(np.isfinite([step[name] for name in COLUMNS]))
    assert step["ca"].min() >= 0.0 and step["dic"].min() >= 0.0
    assert np.all(np.abs(step["dic"] - w["dic"] - step["rock"] - step["gas"]) <= 1.0e-12 * moved)
    assert np.all(
        np.abs(step["alkalinity"] - w["alkalinity"] - 2.0 * step["rock"]) <= 1.0e-12 * (1.0 + w["ca"])
    )


@by_bisection
def test_hostile_waters() -> None:
    """Whatever comes in, numbers come out, none is negative, and the books close; under a gas the rock is right."""
    w, knobs = hostile_days(1500, 7)
    step = _by(STEP, w, knobs)
    _books_close(step, w)
    without_gas = knobs[:, 1] == 0.0  # the step needs a pressure
    assert without_gas.sum() > 100 and np.all(step["rock"][without_gas] == 0.0)
    checked = np.flatnonzero((step["rock"] > 0.0) & ~without_gas)[:200]
    expected = _by(REFERENCE, w[checked], knobs[checked])
    got = {name: values[checked] for name, values in step.items()}
    assert _error(got, expected, w[checked]).max() < 1.0e-4  # 2.4e-5 in 12,000, beside rock of 0.9999 Mg
    search = _by(
        SEARCH, w[checked], knobs[checked]
    )  # waters that leave less than the least pressure among them
    assert _error(search, expected, w[checked]).max() < 1.0e-4


@by_bisection
def test_hostile_waters_without_gas() -> None:
    """The closed step dissolves to saturation at most, and to it in a long time."""
    w, knobs = hostile_days(1500, 8)
    step = _by(CLOSED, w, knobs)
    _books_close(step, w)
    dissolves = step["rock"] > 0.0
    assert dissolves.sum() > 300 and (step["rock"] < 0.0).sum() > 30
    assert step["si_calcite"][dissolves].max() < 5.0e-5
    long = dissolves & (knobs[:, 3] > 1.0e6) & (knobs[:, 6] == 1.0)
    assert long.sum() > 10 and np.abs(step["si_calcite"][long]).max() < 5.0e-5


@pytest.mark.nojit
def test_joint_solution_agrees_with_the_search() -> None:
    """Also as plain Python, on three waters."""
    k = constants(12.0)
    for ca, slope, k_dt in ((1e-4, 0.0, 1.0), (5e-4, 40.0, 0.2), (1e-3, 300.0, 5.0)):
        x = water_of(ca, 3.0 * ca, mg=2e-4, so4=1e-5, temperature=12.0)
        y = x.copy()
        dic = x.dic
        rock, found = python_callable(dissolve_with_gas)(x, k, 0.1, 2e-2, slope, k_dt, 0.9, 4.0)
        assert (
            found
            and rock > 0.0
            and x.ca == pytest.approx(ca + 0.9 * rock, rel=1e-12, abs=0.0)
            and x.dic > dic
        )
        assert rock == pytest.approx(
            python_callable(search_rock)(y, k, 0.1, 2e-2, slope, k_dt, 0.9, 4.0), rel=NEAR
        )


@pytest.mark.nojit
@pytest.mark.parametrize("c", [0.0, 0.5, 0.85, 0.95])
@pytest.mark.parametrize("k_dt", [1e-3, 0.3, 5.0, 300.0])
@pytest.mark.parametrize(("start", "order"), [(0.9, 4.0), (0.6, 11.0), (0.9, 1.0), (1.0, 4.0)])
def test_slope_of_the_rate_law(c: float, k_dt: float, start: float, order: float) -> None:
    """The derivative by the saturated concentration is that of finite differences."""
    law, d = python_callable(relax_and_slope), 1e-6
    slope = law(c, 1.0, k_dt, start, order)[1]
    by_difference = (law(c, 1.0 + d, k_dt, start, order)[0] - law(c, 1.0 - d, k_dt, start, order)[0]) / (
        2.0 * d
    )
    assert slope == pytest.approx(by_difference, rel=1e-5, abs=1e-8)

"""The flow of matrix and conduit against a stiff solver of its equations, for states and parameters drawn at random."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from karstsim.core.jit import python_callable
from karstsim.processes import aquifer as room
from karstsim.processes.aquifer import outlets, storage

pytestmark = pytest.mark.nojit
OUTFLOW, OVERFLOW = python_callable(storage.conduit_outflow), python_callable(outlets.overflow)
STEP = python_callable(storage.implicit_step)
DRAWN = 120
NAMES = ("exchanged", "matrix_drained", "conduit_drained", "overflow_drained")
FIRST_ORDER_PARTS = 24  # of backward Euler a day, at least six a step: the scheme to be better than
FEWEST = 6


def _spread(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _draw(rng: np.random.Generator) -> tuple[dict[str, float], tuple[float, float, float, float], float]:
    """(parameters, (V_m, V_c, recharge of both), step): all ranges of the parameters, from dry to a flood of 200 mm."""
    values = {
        "matrix_residence_time": _spread(rng, 5.0, 400.0),
        "conduit_residence_time": _spread(rng, 0.3, 20.0),
        "conduit_exponent": rng.choice([0.5, 1.0, rng.uniform(0.3, 3.0), rng.uniform(0.5, 2.0)]),
        "conduit_reference_volume": _spread(rng, 0.5, 50.0),
        "conduit_capacity": rng.choice([1.0e4, 1.0e4, _spread(rng, 0.1, 100.0)]),
        "exchange_rate": rng.uniform(0.0, 0.1),
        "storativity_ratio": rng.uniform(1.0, 20.0),
        "matrix_to_conduit": rng.uniform(0.0, 1.0),
        "overflow_threshold": rng.choice([1.0e4, 1.0e4, _spread(rng, 1.0, 100.0)]),
        "overflow_residence_time": _spread(rng, 0.05, 20.0),
        "overflow_exponent": rng.uniform(1.0, 2.0),
    }
    water = (
        _spread(rng, 0.1, 300.0),
        rng.choice([0.0, *(_spread(rng, 1.0e-3, 100.0) for _ in range(4))]),
        rng.choice([0.0, _spread(rng, 0.1, 30.0)]),
        rng.choice([0.0, _spread(rng, 0.1, 200.0)]),
    )
    return values, water, float(rng.choice([1.0, 1.0, 1.0 / 24.0, 1.0 / 144.0]))


def _exact(p, water, dt: float) -> np.ndarray:
    """V_m, V_c, exchanged, drained, conduit and overflow water by Radau at 1e-10."""
    matrix, conduit, to_matrix, to_conduit = water

    def slope(t, y):
        over = OVERFLOW(y[1], p)[0]
        out = min(OUTFLOW(y[1], p)[0], p.conduit_capacity) + over
        drained = y[0] / p.matrix_residence_time
        exchanged = p.exchange_rate * (y[0] - p.storativity_ratio * y[1])
        to_c = to_conduit / dt - out + exchanged + p.matrix_to_conduit * drained
        return [to_matrix / dt - drained - exchanged, to_c, exchanged, drained, out, over]

    start = [matrix, conduit, 0.0, 0.0, 0.0, 0.0]
    return solve_ivp(slope, (0.0, dt), start, method="Radau", rtol=1e-10, atol=1e-12).y[:, -1]


def _first_order(p, water, dt: float) -> np.ndarray:
    """The same but for the exchange and the overflow, by backward Euler in parts of an hour."""
    matrix, conduit, to_matrix, to_conduit = water
    parts = max(round(FIRST_ORDER_PARTS * dt), FEWEST)
    start, from_matrix = conduit, 0.0
    exchanged = 0.0
    for _ in range(parts):
        matrix, conduit = STEP(matrix, conduit, to_matrix / parts, to_conduit / parts, p, dt / parts)
        exchanged += p.exchange_rate * dt / parts * (matrix - p.storativity_ratio * conduit)
        from_matrix += matrix / p.matrix_residence_time * dt / parts
    out = start + to_conduit + exchanged + p.matrix_to_conduit * from_matrix - conduit
    return np.array([matrix, conduit, exchanged, from_matrix, out])


class Aquifer:
    """`balance` on numbers."""

    def __init__(self, record_of, on_rows, values: dict[str, float]) -> None:
        self.p = record_of(room.PARAMS, **values)
        self.s, self.f = record_of(room.STATE), record_of(room.FLUXES)
        self.call = on_rows(storage.balance)

    def step(self, water, dt: float) -> np.ndarray:
        """V_m, V_c after the fluxes, exchanged, drained, conduit and overflow water."""
        matrix, conduit, to_matrix, to_conduit = water
        self.s.matrix.volume, self.s.conduit.volume = (
            matrix + self.p.matrix_immobile,
            conduit + self.p.conduit_pool,
        )
        self.f.matrix_recharge.volume, self.f.conduit_recharge.volume = to_matrix, to_conduit
        self.call(self.p, self.s, self.f, dt)
        exchanged, drained, out, over = (float(self.f[name]) for name in NAMES)
        matrix += to_matrix - exchanged - drained
        conduit += to_conduit + exchanged + self.p.matrix_to_conduit * drained - out
        return np.array([matrix, conduit, exchanged, drained, out, over])


@pytest.fixture(scope="module")
def errors(record_of, on_rows) -> tuple[np.ndarray, np.ndarray]:
    """(DRAWN, 6) errors of `balance`, (DRAWN,) largest error of backward Euler, both over the water of the conduit."""
    rng = np.random.default_rng(20)
    found, former = [], []
    for _ in range(DRAWN):
        values, water, dt = _draw(rng)
        aquifer = Aquifer(record_of, on_rows, values)
        exact = _exact(aquifer.p, water, dt)
        scale = water[1] + water[3] + exact[4] + 0.1
        now = aquifer.step(water, dt)
        assert min(now[0], now[1], now[3], now[4], now[5]) >= -1e-9, (values, water, dt)
        assert now[5] <= now[4] + 1e-9, (values, water, dt)
        found.append((now - exact) / scale)
        former.append(np.abs(_first_order(aquifer.p, water, dt) - exact[:5]).max() / scale)
    return np.abs(np.array(found)), np.array(former)


def test_flow_is_that_of_a_stiff_solver(errors) -> None:
    """Volumes and fluxes within 0.5 % of the conduit's water, half of the draws within 1e-4."""
    worst = errors[0].max(axis=1)
    print(f"median {np.median(worst):.1e}, 90 % {np.quantile(worst, 0.9):.1e}, largest {worst.max():.1e}")
    assert worst.max() < 5e-3
    assert np.median(worst) < 1e-4


def test_it_is_closer_than_hourly_backward_euler(errors) -> None:
    """Wherever it errs by more than 0.3 %; an empty conduit under an exponent below 1 errs by as much either way."""
    worst, former = errors[0][:, :5].max(axis=1), errors[1]
    print(f"backward Euler: 90 % {np.quantile(former, 0.9):.1e}, largest {former.max():.1e}")
    print("farther in", np.flatnonzero((worst > former) & (worst > 3e-3)))
    assert np.all((worst < 3e-3) | (worst < former))
    assert np.quantile(worst, 0.9) < 0.1 * np.quantile(former, 0.9)

"""Water: soil bucket, epikarst and aquifer against stiff solvers of their own equations; canopy, snow, streams."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from karstsim.core.jit import disabled, kernel, python_callable
from karstsim.core.spec import Flow, Store, new_table
from karstsim.forcing.records import FORCING, FORCING_DTYPE
from karstsim.processes import aquifer as aquifer_room
from karstsim.processes import atmosphere, surface_water, vegetation
from karstsim.processes import transport as moving
from karstsim.processes.aquifer import storage as aquifer
from karstsim.processes.atmosphere import snow
from karstsim.processes.epikarst import storage as epikarst
from karstsim.processes.soil import water as soil_water
from karstsim.processes.surface_water import hydraulics
from karstsim.processes.vegetation import interception, leaves

BUCKET = python_callable(soil_water.bucket)
RESERVOIR = python_callable(epikarst.reservoir)
STEP = python_callable(aquifer.implicit_step)
OUTFLOW = python_callable(aquifer.conduit_outflow)
STREAM = python_callable(hydraulics.stream_outflow)
N = 13
pytestmark = pytest.mark.nojit


# ------------------------------------------------------------------------------------------------ soil bucket


def _bucket_ode(volume, inflow, demand, size, threshold, duration):
    """dV/dt = P - E min(1, V/V_t), held at V_S: (evaporated, excess), from solve_ivp between located events."""

    def slope(t, y):
        return [inflow - demand * min(y[0] / threshold, 1.0), demand * min(y[0] / threshold, 1.0)]

    def rim(t, y):
        return y[0] - size

    def bend(t, y):
        return y[0] - threshold

    rim.terminal = True
    rim.direction = 1
    t, y = 0.0, [volume, 0.0]
    if volume < size or inflow < demand:
        bend.terminal = True
        while t < duration:
            events = [rim, bend] if abs(y[0] - threshold) > 1e-9 else [rim]
            out = solve_ivp(slope, (t, duration), y, events=events, rtol=1e-11, atol=1e-11)
            t, y = out.t[-1], list(out.y[:, -1])
            if out.t_events[0].size:
                break
    rest = duration - t
    return y[1] + demand * rest, max(inflow - demand, 0.0) * rest


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 1.0), st.floats(0.0, 60.0), st.floats(0.01, 9.0), st.floats(5.0, 300.0), st.floats(0.3, 1.0),
    st.sampled_from([1.0, 0.25, 1 / 24]),
)  # fmt: skip
def test_bucket_is_the_solution_of_its_equation(fill, inflow, demand, size, bend, duration) -> None:
    evaporated, excess = BUCKET(fill * size, inflow, demand, size, bend * size, duration)
    expected = _bucket_ode(fill * size, inflow, demand, size, bend * size, duration)
    assert evaporated == pytest.approx(expected[0], abs=1e-7 * size)
    assert excess == pytest.approx(expected[1], abs=1e-7 * size)


@settings(max_examples=400, deadline=None)
@given(
    st.floats(0.0, 1.0), st.one_of(st.just(0.0), st.floats(1e-6, 80.0)), st.one_of(st.just(0.0), st.floats(1e-4, 9.0)),
    st.floats(5.0, 300.0), st.floats(0.3, 1.0), st.floats(0.0, 1.0),
)  # fmt: skip
def test_two_part_steps_of_the_bucket_are_one(fill, inflow, demand, size, bend, part) -> None:
    """Semigroup, bounds and limits: V stays in 0..V_S, E <= demand, excess > 0 only with inflow above the demand."""
    volume = fill * size
    args = (inflow, demand, size, bend * size)
    e1, x1 = BUCKET(volume, *args, part)
    middle = volume + inflow * part - e1 - x1
    e2, x2 = BUCKET(middle, *args, 1.0 - part)
    evaporated, excess = BUCKET(volume, *args, 1.0)
    scale = size + inflow
    assert e1 + e2 == pytest.approx(evaporated, abs=1e-11 * scale)
    assert x1 + x2 == pytest.approx(excess, abs=1e-11 * scale)
    after = volume + inflow - evaporated - excess
    assert -1e-12 * scale <= after <= size + 1e-12 * scale
    assert -1e-12 * scale <= evaporated <= demand * (1.0 + 1e-12) + 1e-12 * scale
    assert excess >= 0.0
    if excess > 1e-9 * scale:
        assert inflow > demand and after == pytest.approx(size, rel=1e-9)


@pytest.mark.parametrize(
    ("volume", "inflow", "demand", "evaporated", "excess"),
    [
        (100.0, 0.0, 0.0, 0.0, 0.0),  # nothing happens to a full bucket
        (100.0, 5.0, 0.0, 0.0, 5.0),  # a full bucket passes what comes
        (100.0, 5.0, 2.0, 2.0, 3.0),  # less what evaporates
        (95.0, 10.0, 0.0, 0.0, 5.0),  # fills first
        (0.0, 0.0, 5.0, 0.0, 0.0),  # an empty one gives nothing
        (50.0, 0.0, 8.0, 50.0 * (1.0 - math.exp(-0.1)), 0.0),  # V exp(-E t/V_t), V_t = 80
        (90.0, 0.0, 10.0, 10.0, 0.0),  # above the threshold at the full rate
        (80.0, 3.0, 3.0, 3.0, 0.0),  # in balance at the threshold
    ],
)
def test_bucket_of_100_mm_by_hand(volume, inflow, demand, evaporated, excess) -> None:
    """V_S = 100 mm, threshold 80 mm, one day."""
    assert BUCKET(volume, inflow, demand, 100.0, 80.0, 1.0) == pytest.approx((evaporated, excess), abs=1e-12)


@pytest.mark.parametrize("demand", [1e-3, 1e-9, 1e-12, 1e-15, 1e-18, 1e-300])
def test_bucket_with_almost_no_demand(demand: float) -> None:
    """20 mm, threshold 50, rim 60: 10 mm/d leave nothing to percolate; 100 mm/d leave 60 mm.

    In the second case the threshold is reached after 0.3 d at 0.7 of the demand on average: E = 0.91 of the demand.
    """
    evaporated, excess = BUCKET(20.0, 10.0, demand, 60.0, 50.0, 1.0)
    assert excess == 0.0
    assert 0.0 <= evaporated <= demand
    evaporated, excess = BUCKET(20.0, 100.0, demand, 60.0, 50.0, 1.0)
    assert excess == pytest.approx(60.0 - 0.91 * demand, abs=0.01 * demand + 1e-12)
    assert evaporated <= demand * (1.0 + 1e-9) + 1e-13


# ------------------------------------------------------------------------------------------------ epikarst


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 1.0), st.floats(0.0, 120.0), st.floats(2.0, 60.0), st.floats(20.0, 700.0))
def test_epikarst_is_the_solution_of_its_equation(fill, inflow, time_constant, size) -> None:
    """dV/dt = R - V/K, cut off at V_E; solve_ivp stops at the rim, after which outflow is V_E/K."""

    def rim(t, y):
        return y[0] - size

    rim.terminal, rim.direction = True, 1
    volume = fill * size
    t, y = 0.0, np.array([volume, 0.0])
    if volume < size or inflow * time_constant < size:
        out = solve_ivp(
            lambda t, y: [inflow - y[0] / time_constant, y[0] / time_constant], (0.0, 1.0), y, events=rim, rtol=1e-11,
            atol=1e-11,
        )  # fmt: skip
        t, y = out.t[-1], out.y[:, -1]
    rest = 1.0 - t
    drained, overflowed = RESERVOIR(volume, inflow, time_constant, size, 1.0)
    assert drained == pytest.approx(y[1] + rest * size / time_constant, abs=1e-8 * size)
    assert overflowed == pytest.approx(max(rest * (inflow - size / time_constant), 0.0), abs=1e-7 * size)


@settings(max_examples=400, deadline=None)
@given(
    st.floats(0.0, 1.0),
    st.floats(0.0, 300.0),
    st.floats(2.0, 60.0),
    st.floats(20.0, 700.0),
    st.floats(0.0, 1.0),
)
def test_two_part_steps_of_the_epikarst_are_one(fill, inflow, time_constant, size, part) -> None:
    volume = fill * size
    d1, o1 = RESERVOIR(volume, inflow, time_constant, size, part)
    d2, o2 = RESERVOIR(min(volume + inflow * part - d1 - o1, size), inflow, time_constant, size, 1.0 - part)
    drained, overflowed = RESERVOIR(volume, inflow, time_constant, size, 1.0)
    scale = size + inflow
    assert d1 + d2 == pytest.approx(drained, abs=1e-11 * scale)
    assert o1 + o2 == pytest.approx(overflowed, abs=1e-11 * scale)
    assert drained >= -1e-12 * scale and overflowed >= -1e-12 * scale
    assert -1e-12 * scale <= volume + inflow - drained - overflowed <= size * (1.0 + 1e-12)


@pytest.mark.parametrize(
    ("volume", "inflow", "drained", "overflowed"),
    [
        (100.0, 0.0, 100.0 * (1.0 - math.exp(-0.1)), 0.0),
        (50.0, 5.0, 5.0, 0.0),  # steady: V = R K
        (100.0, 15.0, 10.0, 5.0),  # full: V_E/K drains, the rest overflows
        (100.0, 10.0, 10.0, 0.0),
        (0.0, 0.0, 0.0, 0.0),
    ],
)
def test_epikarst_of_100_mm_by_hand(volume, inflow, drained, overflowed) -> None:
    """V_E = 100 mm, K_E = 10 d, one day."""
    assert RESERVOIR(volume, inflow, 10.0, 100.0, 1.0) == pytest.approx((drained, overflowed), abs=1e-12)


# ------------------------------------------------------------------------------------------------ aquifer


def _aquifer_ode(p, matrix, conduit, to_matrix, to_conduit, duration):
    """Eq. 3.5 with tight BDF: V_m, V_c and what left each of them."""

    def slope(t, y):
        q_c = min(OUTFLOW(y[1], p)[0], p.conduit_capacity)
        q_m = y[0] / p.matrix_residence_time
        x = p.exchange_rate * (y[0] - p.storativity_ratio * y[1])
        return [to_matrix - q_m - x, to_conduit - q_c + x + p.matrix_to_conduit * q_m, q_m, q_c, x]

    start = [matrix, conduit, 0.0, 0.0, 0.0]
    return solve_ivp(slope, (0.0, duration), start, method="BDF", rtol=1e-10, atol=1e-12).y[:, -1]


AQUIFER = {
    "matrix_residence_time": st.floats(5.0, 400.0), "conduit_residence_time": st.floats(0.3, 20.0),
    "conduit_exponent": st.floats(0.5, 2.0), "conduit_reference_volume": st.floats(0.5, 50.0),
    "exchange_rate": st.floats(0.0, 0.1), "storativity_ratio": st.floats(1.0, 20.0),
    "matrix_to_conduit": st.floats(0.0, 1.0), "conduit_capacity": st.floats(0.1, 100.0),
}  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(AQUIFER), st.floats(0.0, 200.0), st.floats(0.0, 60.0), st.floats(0.0, 30.0),
    st.floats(0.0, 200.0), st.floats(0.001, 1.0),
)  # fmt: skip
def test_implicit_aquifer_step_keeps_its_mass(
    record_of, values, matrix, conduit, to_matrix, to_conduit, dt
) -> None:
    """V1 - V0 = recharge - outflows at the new volumes, both stores non-negative, for all parameters in bounds."""
    p = record_of(aquifer_room.PARAMS, **values)
    v_m, v_c = STEP(matrix, conduit, to_matrix, to_conduit, p, dt)
    assert v_m >= 0.0 and v_c >= 0.0
    q_m = v_m / p.matrix_residence_time * dt
    q_c = min(OUTFLOW(v_c, p)[0], p.conduit_capacity) * dt
    x = p.exchange_rate * dt * (v_m - p.storativity_ratio * v_c)
    scale = matrix + conduit + to_matrix + to_conduit + abs(x)
    assert abs(matrix + to_matrix - q_m - x - v_m) <= 1e-12 * scale
    left = conduit + to_conduit + x + p.matrix_to_conduit * q_m - q_c - v_c
    assert abs(left) <= 1e-11 * scale + aquifer.DRY  # what a dry conduit keeps


@pytest.mark.parametrize("capacity", [10000.0, 4.0])
@pytest.mark.parametrize("start", [(100.0, 5.0, 3.0, 40.0), (50.0, 30.0, 0.0, 0.0), (0.0, 0.0, 10.0, 2.0)])
def test_implicit_aquifer_step_tends_to_bdf(record_of, start, capacity) -> None:
    """First order: a tenth of the step, a tenth (here under a seventh) of the error. A conduit of 4 mm d-1 is full."""
    p = record_of(aquifer_room.PARAMS, conduit_capacity=capacity)
    exact = _aquifer_ode(p, *start, 2.0)
    errors = []
    for steps in (20, 200, 2000):
        v_m, v_c = start[:2]
        for _ in range(steps):
            v_m, v_c = STEP(v_m, v_c, start[2] * 2.0 / steps, start[3] * 2.0 / steps, p, 2.0 / steps)
        errors.append(max(abs(v_m - exact[0]), abs(v_c - exact[1])))
    assert errors[0] < 1.0
    assert errors[2] < errors[1] / 7.0 < errors[0] / 49.0
    assert errors[2] < 1e-2  # mm, of a flood of 40


def _balance_days(
    record_of, on_rows, k_c: float, start: tuple[float, float], flood: tuple[float, float]
) -> np.ndarray:
    """(10, 2): conduit outflow of ten days by `balance` and by BDF, with recharge (matrix, conduit) on the first."""
    p = record_of(aquifer_room.PARAMS, conduit_residence_time=k_c)
    s, f = record_of(aquifer_room.STATE), record_of(aquifer_room.FLUXES)
    matrix, conduit = start
    exact = np.array(start)
    days = []
    for day in range(10):
        f.matrix_recharge.volume, f.conduit_recharge.volume = flood if day == 0 else (0.0, 0.0)
        s.matrix.volume, s.conduit.volume = matrix + p.matrix_immobile, conduit + p.conduit_pool
        on_rows(aquifer.balance)(p, s, f, 1.0)
        out = _aquifer_ode(p, *exact, f.matrix_recharge.volume, f.conduit_recharge.volume, 1.0)
        exact = out[:2]
        days.append((f.conduit_drained, out[3]))
        matrix += f.matrix_recharge.volume - f.matrix_drained - f.exchanged
        conduit += (
            f.conduit_recharge.volume
            + f.exchanged
            + p.matrix_to_conduit * f.matrix_drained
            - f.conduit_drained
        )
    return np.array(days)


def test_conduit_recession_errs_by_less_than_a_thousandth(record_of, on_rows) -> None:
    """A recession from the reference volume of 5 mm at K_C = 3 d, day by day."""
    days = _balance_days(record_of, on_rows, 3.0, (20.0, 5.0), (0.0, 0.0))
    assert np.abs(days[:, 0] / days[:, 1] - 1.0).max() < 0.001


@pytest.mark.parametrize("k_c", [3.0, 1.0, 0.3])
def test_daily_flood_of_the_conduit_agrees_with_bdf(record_of, on_rows, k_c) -> None:
    """40 mm in one day and ten days of recession: error of the daily outflow over its peak, and of the total."""
    days = _balance_days(record_of, on_rows, k_c, (80.0, 2.0), (10.0, 40.0))
    assert np.abs(days[:, 0] - days[:, 1]).max() < 0.002 * days[:, 1].max()
    assert days[:, 0].sum() == pytest.approx(days[:, 1].sum(), rel=0.001)


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0.0, 100.0),
    st.floats(0.0, 100.0),
    st.floats(0.0, 50.0),
    st.floats(0.0, 50.0),
    st.floats(0.01, 20.0),
)
def test_more_water_in_is_more_water_left(record_of, matrix, conduit, to_matrix, to_conduit, more) -> None:
    """The system is cooperative: adding to either store lowers neither (comparison theorem for Eq. 3.5)."""
    p = record_of(aquifer_room.PARAMS)
    base = STEP(matrix, conduit, to_matrix, to_conduit, p, 0.17)
    for changed in (
        (matrix + more, conduit, to_matrix, to_conduit),
        (matrix, conduit, to_matrix, to_conduit + more),
    ):
        after = STEP(*changed, p, 0.17)
        assert after[0] >= base[0] - 1e-12 and after[1] >= base[1] - 1e-12


@pytest.mark.parametrize(
    ("volume", "exponent", "outflow"),
    [(5.0, 1.3, 5.0 / 3.0), (10.0, 2.0, 20.0 / 3.0), (20.0, 0.5, 10.0 / 3.0), (0.0, 1.3, 0.0)],
)
def test_conduit_outflow_by_hand(record_of, volume, exponent, outflow) -> None:
    """Q = (V/K_C)(V/V_ref)^(b-1) with K_C 3 d, V_ref 5 mm; the derivative by central difference."""
    p = record_of(aquifer_room.PARAMS, conduit_exponent=exponent)
    q, slope = OUTFLOW(volume, p)
    assert q == pytest.approx(outflow, rel=1e-12, abs=0.0)
    if volume:
        numeric = (OUTFLOW(volume + 1e-5, p)[0] - OUTFLOW(volume - 1e-5, p)[0]) / 2e-5
        assert slope == pytest.approx(numeric, rel=1e-8)


def _flood(p, days: int) -> np.ndarray:
    """Outflow (mm d-1) of every hour after 60 mm in a day into an empty aquifer."""
    h = 1.0 / 24.0
    matrix, conduit, left = 0.0, 0.0, []
    for hour in range(24 * days):
        arriving = 60.0 * h if hour < 24 else 0.0
        before = matrix + conduit + arriving
        matrix, conduit = STEP(matrix, conduit, 0.0, arriving, p, h)
        left.append((before - matrix - conduit) / h)
    return np.array(left)


@pytest.mark.parametrize(("exponent", "exchange"), [(0.5, 0.0), (1.0, 0.0), (1.3, 0.02)])
def test_full_conduit_holds_a_flood_up(record_of, exponent, exchange) -> None:
    """The spring stands at 4 mm d-1 for days, where the same conduit without a limit would pass more."""
    values = {"conduit_exponent": exponent, "exchange_rate": exchange, "matrix_to_conduit": 1.0}
    free = _flood(record_of(aquifer_room.PARAMS, **values), 60)
    full = _flood(record_of(aquifer_room.PARAMS, conduit_capacity=4.0, **values), 60)
    assert free.max() > 5.0
    assert full.max() == pytest.approx(4.0, rel=1e-9)
    assert (full > 4.0 * (1.0 - 1e-9)).sum() > 5 * 24  # hours
    assert full.sum() <= free.sum()  # with exchange, what is held up finds its way into the matrix
    if exchange == 0.0:
        assert full.sum() == pytest.approx(free.sum(), rel=1e-6)


@pytest.mark.parametrize("exponent", [0.5, 0.7, 1.0, 2.0])
def test_a_conduit_that_has_run_dry_stays_dry(record_of, exponent) -> None:
    """Without exchange nothing feeds it; its outflow is then nothing, and never negative."""
    p = record_of(
        aquifer_room.PARAMS, conduit_exponent=exponent, exchange_rate=0.0, conduit_residence_time=0.3
    )
    left = _flood(p, 120)
    assert left.min() > -1e-11
    if exponent <= 1.0:
        assert left[-24 * 20 :].max() < 1e-9
    assert left.sum() / 24.0 == pytest.approx(60.0, abs=1e-6 if exponent <= 1.0 else 1.0)


# ------------------------------------------------------------------------------------------------ canopy and snow


def _canopy_day(
    record_of, on_rows, rain: float, pet: float, held: float, steps: int, fpar: float
) -> tuple[float, float, float]:
    """(evaporated, throughfall, held) after one day of uniform rain in `steps` steps."""
    p = record_of(vegetation.PARAMS, fpar=fpar, crop_coefficient=1.0)
    s, f, air = record_of(vegetation.STATE), record_of(vegetation.FLUXES), record_of(atmosphere.FLUXES)
    on_rows(leaves.step)(p, f, record_of(FORCING))
    s.canopy.volume = held
    air.rainfall.volume, air.pet = rain / steps, pet / steps
    evaporated = through = 0.0
    for _ in range(steps):
        on_rows(interception.step)(p, s, f, air, 1.0 / steps, N)
        evaporated += f.canopy_evaporation
        through += f.throughfall.volume
    return evaporated, through, float(s.canopy.volume)


@settings(max_examples=80, deadline=None)
@given(
    st.floats(0.0, 20.0),
    st.floats(0.0, 8.0),
    st.floats(0.0, 1.0),
    st.floats(0.1, 0.9),
    st.sampled_from([2, 24, 144]),
)
def test_interception_does_not_depend_on_the_step(record_of, on_rows, rain, pet, fill, fpar, steps) -> None:
    """Rates are constant within the day, so one step and many must give the same loss, drip and store."""
    capacity = 0.2 * -math.log(1.0 - fpar) / 0.5
    once = _canopy_day(record_of, on_rows, rain, pet, fill * capacity, 1, fpar)
    assert _canopy_day(record_of, on_rows, rain, pet, fill * capacity, steps, fpar) == pytest.approx(
        once, abs=1e-11
    )
    assert once[0] <= min(pet, capacity) + 1e-12
    assert once[2] <= capacity * (1.0 + 1e-12)
    assert sum(once) == pytest.approx(rain + fill * capacity, abs=1e-11)


def test_interception_by_hand(record_of, on_rows) -> None:
    """fPAR 0.6321 is LAI 2 (k = 0.5), so 0.4 mm: of 10 mm rain 0.4 evaporate at PET 3, 0.4 stay, 9.2 fall."""
    got = _canopy_day(record_of, on_rows, 10.0, 3.0, 0.0, 1, 1.0 - math.exp(-1.0))
    assert got == pytest.approx((0.4, 9.2, 0.4), abs=1e-12)


def _weather(**values: float) -> np.record:
    table, _ = new_table((1,), FORCING_DTYPE)
    defaults = {"tas": 15.0, "snowfall": -1.0, "rsds": 150.0, "sfcwind": 2.0, "ps": 101325.0, "co2": 400.0}
    for name, value in {**defaults, **values}.items():
        table[name] = value
    return table[0]


@pytest.mark.parametrize(
    ("tas", "pr", "prsn", "held", "fraction", "melt"),
    [
        (-1.0, 10.0, -1.0, 0.0, 1.0, 0.0),  # T_rs + 1 - T = 3: all snow
        (0.0, 10.0, -1.0, 0.0, 1.0, 0.0),
        (1.0, 10.0, -1.0, 5.0, 0.5, 3.0),  # half snow at the threshold; 3 mm/K/d at 1 degC
        (2.0, 10.0, -1.0, 20.0, 0.0, 6.0),
        (10.0, 10.0, -1.0, 20.0, 0.0, 20.0),  # all of 20 mm, not 30
        (10.0, 10.0, 4.0, 20.0, 0.4, 24.0),  # snowfall of the forcing itself
        (10.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_snow_by_hand(record_of, on_rows, tas, pr, prsn, held, fraction, melt) -> None:
    """P_s = P clip((T_rs + 1 - T)/2), M = min(S, DDF max(T, 0)) with T_rs 1 degC and DDF 3    [design notes 3.5]."""
    p, s, f = record_of(atmosphere.PARAMS), record_of(atmosphere.STATE), record_of(atmosphere.FLUXES)
    s.snow.volume = held
    f.precipitation.volume = pr
    f.precipitation.sol.v[:N] = 1.0
    on_rows(snow.step)(p, s, f, _weather(tas=tas, pr=pr, snowfall=prsn), 1.0, N)
    assert f.snow_fraction == pytest.approx(fraction)
    assert f.melt.volume == pytest.approx(melt)
    assert f.snowfall.volume + f.rainfall.volume == pytest.approx(pr, abs=1e-15)
    assert s.snow.volume == pytest.approx(held + fraction * pr - melt, abs=1e-12)
    carried = s.snow.sol.ca + f.melt.sol.ca + f.rainfall.sol.ca
    assert carried == pytest.approx(1.0, rel=1e-15, abs=0.0)


def test_snow_lies_high(record_of, on_rows) -> None:
    """1000 m of range: bands at -400 .. 400 m, 2.6 degC warmer to 2.6 colder than the 1 degC of the mean.

    At 3.6, 2.3, 1, -0.3, -1.6 degC the shares of snow are 0, 0, 0.5, 1, 1; of 20 mm in each 10.8, 6.9, 3 mm melt.
    """
    p = record_of(atmosphere.PARAMS, elevation_range=1000.0)
    s, f = record_of(atmosphere.STATE), record_of(atmosphere.FLUXES)
    s.snow.volume = 20.0
    f.precipitation.volume = 10.0
    on_rows(snow.step)(p, s, f, _weather(tas=1.0), 1.0, N)
    assert f.snow_fraction == pytest.approx(0.5, abs=1e-12)
    assert f.melt.volume == pytest.approx((10.8 + 6.9 + 3.0) / 5.0, abs=1e-12)
    np.testing.assert_allclose(s.snow_band.v, [9.2, 13.1, 22.0, 30.0, 30.0], atol=1e-12)
    assert s.snow.volume == pytest.approx(s.snow_band.v.mean(), abs=1e-12)


# ------------------------------------------------------------------------------------------------ streams


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 50.0), st.floats(-3.0, 6.0), st.floats(0.0, 2.0))
def test_stream_rating_is_that_of_the_hydraulic_geometry(record_of, length_km, log_volume, guess) -> None:
    """U = 0.194 Q^0.285 and V = L Q/U, so V = L Q^0.715/0.194; the implicit step takes Q at the new volume.

    `guess`, the outflow that Newton's method starts from, must not matter.
    """
    p = record_of(surface_water.PARAMS, reach_length=length_km)
    before = 10.0**log_volume
    out, q = STREAM(before, p, 1.0 / 48.0, guess * before)
    left = before - out
    assert 0.0 <= out <= before
    assert q == pytest.approx(out / 1800.0, rel=1e-12, abs=0.0)
    if left > 1e-6 * before:
        assert left == pytest.approx(length_km * 1000.0 * q**0.715 / 0.194, rel=1e-6)


def test_stream_outflow_tends_to_the_ode(record_of) -> None:
    """A reach of 3 km that empties for a day: dV/dt = -(0.194 V/L)^(1/0.715)."""
    p = record_of(surface_water.PARAMS, reach_length=3.0)
    out = solve_ivp(
        lambda t, v: -86400.0 * (0.194 * np.maximum(v, 0.0) / 3000.0) ** (1.0 / 0.715), (0.0, 0.1), [4000.0],
        method="BDF", rtol=1e-10, atol=1e-8,
    )  # fmt: skip
    errors = []
    for steps in (10, 100, 1000):
        volume = 4000.0
        for _ in range(steps):
            volume -= STREAM(volume, p, 0.1 / steps, 0.0)[0]
        errors.append(abs(volume - out.y[0, -1]))
    assert errors[2] < 0.2 * errors[1] < 0.04 * errors[0]
    assert errors[2] < 2e-3 * 4000.0


def test_an_empty_stream_gives_nothing(record_of) -> None:
    p = record_of(surface_water.PARAMS)
    out, q = STREAM(0.0, p, 1.0 / 48.0, 0.0)
    assert abs(out) < 1e-30 and abs(q) < 1e-30


def _substeps(table, fluxes, entering, step):
    return hydraulics.substeps(table, fluxes, entering, step)


@pytest.mark.parametrize(
    ("dt", "asked", "expected"),
    [(1.0, 48, 48), (1 / 24, 48, 2), (1 / 48, 48, 1), (1 / 144, 48, 1), (0.5, 12, 6), (1.0, 96, 96)],
)
def test_substeps_are_as_many_as_the_box_asks_for(record_of, on_rows, dt, asked, expected) -> None:
    """`surface_water.substeps` a day, at least one a step; the most demanding box of a chain decides."""
    from karstsim.model.registry import FLUX_DTYPES, PARAM_DTYPES

    rows, _ = new_table((3,), PARAM_DTYPES["box"])
    rows["surface_water"]["substeps"] = [1, asked, 1]
    call = hydraulics.substeps if disabled() else numba.njit(_substeps)
    fluxes, _ = new_table((3,), FLUX_DTYPES["box"])
    assert call(rows, fluxes, 0.0, dt) == expected


@pytest.mark.parametrize(("length", "expected"), [(5.0, 48), (1.0, 168), (0.5, 336), (0.01, 1440)])
def test_short_reaches_get_shorter_sub_steps(length, expected) -> None:
    """1 m3 s-1 flows at 0.194 m s-1, through a kilometre in 5155 s: 16.76 times a day, ten sub-steps each give 167.6.

    5 km: 33.5, so the 48 of the box; 10 m would be 16760, a minute is the shortest. Of 10 km2, 1 m3 s-1 is 8.64 mm a
    day, here half of it from a tributary.
    """
    from karstsim.model.registry import FLUX_DTYPES, PARAM_DTYPES

    rows, _ = new_table((1,), PARAM_DTYPES["box"])
    fluxes, _ = new_table((1,), FLUX_DTYPES["box"])
    rows["surface_water"]["substeps"], rows["surface_water"]["reach_length"] = 48, length
    rows["surface_water"]["velocity_coefficient"], rows["surface_water"]["velocity_exponent"] = 0.194, 0.285
    rows["surface_water"]["catchment_area"] = 10.0
    fluxes["surface_water"]["tributary"]["volume"] = 4.32
    call = hydraulics.substeps if disabled() else numba.njit(_substeps)
    assert call(rows, fluxes, 4.32, 1.0) == expected


# ------------------------------------------------------------------------------------------------ transport


@kernel
def _move(h, wanted, share, n_active):
    """A withdrawal, its division, and the withdrawal given back."""
    moving.withdraw(h.store, h.flow, wanted, n_active)
    moving.split(h.flow, h.one, h.two, share, n_active)
    moving.assign(h.left, h.store, 1.0, n_active)
    moving.receive(h.store, h.flow, 1.0, n_active)


@settings(max_examples=200, deadline=None)
@given(st.floats(0.0, 1e4), st.floats(-10.0, 2e4), st.floats(0.0, 1.0), st.integers(0, 2**32 - 1))
def test_moving_water_loses_nothing_and_leaves_nothing_negative(
    record_of, on_rows, volume, wanted, share, seed
) -> None:
    h = record_of((Store("store", "x"), *(Flow(name, "y") for name in ("flow", "one", "two", "left"))))
    rng = np.random.default_rng(seed)
    amounts = rng.random(N) * 10.0 ** rng.uniform(-12, 2, N)
    h.store.volume = volume
    h.store.sol.v[:N] = amounts
    on_rows(_move)(h, wanted, share, N)
    flow, left = h.flow, h.left
    assert 0.0 <= flow.volume <= volume and left.volume >= 0.0 and (left.sol.v >= 0.0).all()
    assert flow.volume == pytest.approx(min(max(wanted, 0.0), volume), rel=1e-15, abs=1e-300)
    np.testing.assert_allclose(left.sol.v[:N] + flow.sol.v[:N], amounts, rtol=3e-16)
    np.testing.assert_allclose(h.one.sol.v[:N] + h.two.sol.v[:N], flow.sol.v[:N], rtol=3e-16)
    assert (h.two.sol.v >= 0.0).all() and h.two.volume >= 0.0
    np.testing.assert_allclose(h.store.sol.v[:N], amounts, rtol=3e-16)
    assert h.store.volume == pytest.approx(volume, rel=3e-16, abs=0.0)

"""One stiff day of a water store: calcite at the PWP rate, gas exchange and flow, by different integrators.

    dCa/dt  = (A/V) R + q (Ca_in - Ca)
    dDIC/dt = (A/V) R + k_gas (K_H pCO2 - CO2) + q (DIC_in - DIC)

R is karstsim's compiled calcite rate; every right-hand side is one warm speciation. All integrators see the same one.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numba
import numpy as np
from scipy.integrate import solve_ivp
from timing import Missing, Row

from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.rates import calcite_rate
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate

ALK_DIC = int(Mode.ALK_DIC)
TIMES = np.array([0.0, 900.0, 3600.0, 21600.0, 86400.0])  # s, where the answers are compared
RTOL, ATOL = 1e-4, 1e-8  # mol kgw-1; rms errors then stay below 1e-4 of the stock
TIGHT_RTOL, TIGHT_ATOL = 1e-10, 1e-14
KG_PER_M3 = 1000.0
A_V, K_GAS, FLOW, PCO2, CA_IN, DIC_IN, CA_0, DIC_0 = range(8)
N_STORE, N_WATER, N_CONSTANTS = 8, SOLUTION_DTYPE.itemsize // 8, CONSTANTS_DTYPE.itemsize // 8


def random_stores(seed: int, n: int) -> np.ndarray:
    """`n` stores after a daily jump: A/V 20-2000 m-1, gas exchange 5-50 d-1, turnover 0.02-2 d-1, 0.05-5 % CO2."""
    rng = np.random.default_rng(seed)

    def spread(low: float, high: float) -> np.ndarray:
        return 10.0 ** rng.uniform(np.log10(low), np.log10(high), n)

    stores = np.zeros((n, N_STORE))
    stores[:, A_V] = spread(20.0, 2000.0)
    stores[:, K_GAS], stores[:, FLOW] = spread(5.0, 50.0) / 86400.0, spread(0.02, 2.0) / 86400.0
    stores[:, PCO2] = spread(5e-4, 5e-2)
    stores[:, CA_IN], stores[:, CA_0] = rng.uniform(1e-5, 1e-3, n), rng.uniform(2e-4, 3e-3, n)
    stores[:, DIC_IN] = 2.0 * stores[:, CA_IN] + spread(1e-5, 1e-3)
    stores[:, DIC_0] = 2.0 * stores[:, CA_0] + spread(1e-5, 1e-3)
    return stores


@numba.njit(error_model="numpy")
def _slopes(y, p, x, k, slopes):  # type: ignore[no-untyped-def]
    """Right-hand side; `x` keeps the last solution as the next start."""
    x.ca = y[0]
    x.dic = y[1]
    x.alkalinity = 2.0 * y[0]
    speciate(x, k, ALK_DIC)
    rock = p[A_V] * calcite_rate(x, k) / KG_PER_M3
    slopes[0] = rock + p[FLOW] * (p[CA_IN] - y[0])
    slopes[1] = rock + p[K_GAS] * (x.c_kh * p[PCO2] - x.m_co2) + p[FLOW] * (p[DIC_IN] - y[1])


@numba.njit(error_model="numpy")
def _right_hand_side(t, y, p, water, k, slopes):  # type: ignore[no-untyped-def]
    """The form that scipy calls."""
    _slopes(y, p, water[0], k[0], slopes)
    return slopes.copy()


@numba.njit(error_model="numpy")
def _repeat(y, p, water, k, slopes, times):  # type: ignore[no-untyped-def]
    """Many right-hand sides of a state that moves a little."""
    moved = y.copy()
    for j in range(times):
        moved[1] = y[1] * (1.0 + 1e-3 * (j % 3))
        _slopes(moved, p, water[0], k[0], slopes)


@numba.njit
def _fill(k, temperature):  # type: ignore[no-untyped-def]
    set_temperature(k[0], temperature, 0)


def _scratch() -> tuple[np.ndarray, np.ndarray]:
    """A water and the constants of 15 degC."""
    k = np.zeros(1, CONSTANTS_DTYPE)
    _fill(k, 15.0)
    return np.zeros(1, SOLUTION_DTYPE), k


def one_side(stores: np.ndarray, times: int = 1000) -> Row:
    """The unit of the table: one right-hand side inside compiled code."""
    water, k = _scratch()
    slopes = np.zeros(2)
    y, p = stores[0, CA_0:].copy(), stores[0]
    return Row(
        "one right-hand side, compiled",
        lambda: _repeat(y, p, water, k, slopes, times),
        times,
        None,
        "warm speciation by the scalar kernel and calcite rate",
    )


def scipy_days(method: str, stores: np.ndarray, rtol: float = RTOL, atol: float = ATOL) -> Row:
    """`scipy.integrate.solve_ivp` with the compiled right-hand side."""
    water, k = _scratch()
    slopes, ends = np.zeros(2), np.zeros((len(stores), len(TIMES) - 1, 2))

    def run() -> None:
        for j, p in enumerate(stores):
            answer = solve_ivp(
                _right_hand_side,
                (0.0, TIMES[-1]),
                p[CA_0:],
                method,
                TIMES[1:],
                args=(p, water, k, slopes),
                rtol=rtol,
                atol=atol,
            )
            ends[j] = answer.y.T

    return Row(f"scipy {method}", run, len(stores), lambda: ends, f"rtol {rtol:g}, right-hand side compiled")


def numbalsoda_days(stores: np.ndarray) -> Row | Missing:
    """LSODA called from compiled code; the water and the constants travel behind the parameters."""
    name = "numbalsoda LSODA"
    if importlib.util.find_spec("numbalsoda") is None:
        return Missing(name, "pip install numbalsoda, needs gfortran and cmake")
    from numbalsoda import lsoda, lsoda_sig

    size = N_STORE + N_WATER + N_CONSTANTS

    @numba.cfunc(lsoda_sig)
    def right_hand_side(t, y, slopes, data):  # type: ignore[no-untyped-def]
        w = numba.carray(data, (size,))
        x = w[N_STORE : N_STORE + N_WATER].view(SOLUTION_DTYPE)[0]
        k = w[N_STORE + N_WATER :].view(CONSTANTS_DTYPE)[0]
        _slopes(numba.carray(y, (2,)), w, x, k, numba.carray(slopes, (2,)))

    address = right_hand_side.address

    @numba.njit
    def days(stores, data, ends):  # type: ignore[no-untyped-def]
        for j in range(stores.shape[0]):
            data[:N_STORE] = stores[j]
            y, success = lsoda(address, stores[j, CA_0:].copy(), TIMES, data, RTOL, ATOL)
            ends[j] = y[1:]

    data, ends = np.zeros(size), np.zeros((len(stores), len(TIMES) - 1, 2))
    data[N_STORE + N_WATER :] = _scratch()[1].view(np.float64)
    keep: Any = right_hand_side  # the address lives as long as this
    return Row(
        name, lambda: days(stores, data, ends) or bool(keep), len(stores), lambda: ends, f"rtol {RTOL:g}"
    )


def reference(stores: np.ndarray) -> np.ndarray:
    """Ca and DIC at `TIMES`, by Radau with tight tolerances."""
    row = scipy_days("Radau", stores, TIGHT_RTOL, TIGHT_ATOL)
    row.run()
    assert row.result is not None
    return row.result().copy()

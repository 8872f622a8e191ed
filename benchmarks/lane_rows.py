"""The solvers in lanes of eight as rows of the benchmark: speciation cold and warm, and the stiff store day."""

from __future__ import annotations

import numba
import numpy as np
import pandas as pd
import store_day
from timing import Row

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lanes as ln
from karstsim.chemistry import store_day as sd
from karstsim.chemistry.constants import CONSTANTS_DTYPE, ConstantSet
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode

MMOL = 1000.0
TEMPERATURE = 15.0  # degC
ALK_DIC, SET, PB82 = int(Mode.ALK_DIC), int(ConstantSet.PHREEQC386), int(ConstantSet.PB82)
COLUMNS = ["temperature", "ca", "mg", "na", "k", "cl", "so4", "no3", "alkalinity", "dic"]
PLACES = np.array([at.TEMPERATURE, at.CA, at.MG, at.NA, at.K, at.CL, at.SO4, at.NO3, at.ALK, at.DIC])


@numba.njit(error_model="numpy")
def _cold(given, h, w, constant_set, fill):  # type: ignore[no-untyped-def]
    """A solve without a start value for every water, `fill`: and its constants; `given` (10, n) as in PLACES."""
    for first in range(0, given.shape[1], 8):
        for j in range(PLACES.size):
            for lane in range(8):
                w[PLACES[j] + lane] = given[j, first + lane]
        if fill or first == 0:
            at.set_temperatures(w, constant_set)
        ln.solve(w, constant_set, ALK_DIC, ln.COLD, ln.STEP_TOLERANCE, ln.IONIC_TOLERANCE)
        for lane in range(8):
            h[first + lane] = w[at.H + lane]


@numba.njit(error_model="numpy")
def _warm(w, factor, times, constant_set):  # type: ignore[no-untyped-def]
    """Eight waters again and again, the DIC up and down by `factor`."""
    for j in range(times):
        for lane in range(8):
            w[at.DIC + lane] *= factor if j % 2 == 0 else 1.0 / factor
        ln.solve(w, constant_set, ALK_DIC, ln.RESUMED, ln.STEP_TOLERANCE, ln.IONIC_TOLERANCE)


def _given(waters: pd.DataFrame) -> np.ndarray:
    """Whole blocks of eight waters in the kernels' units."""
    whole = waters.head(len(waters) // 8 * 8)
    table = np.array(whole[COLUMNS].to_numpy().T, order="C")
    table[1:] /= MMOL
    return table


def cold(waters: pd.DataFrame) -> Row:
    """All species and activity coefficients of many waters."""
    given, w = _given(waters), np.zeros(at.WORDS)
    h = np.zeros(given.shape[1])
    note = "full ion pairs; constants of each temperature included"
    name = "karstsim, lanes of eight, cold"
    return Row(name, lambda: _cold(given, h, w, SET, True), h.size, lambda: -np.log10(h), note)


def cold_at_hand(waters: pd.DataFrame) -> Row:
    """The same with the older database at one temperature, as the simulator has it from its last step."""
    given, w = _given(waters), np.zeros(at.WORDS)
    given[0] = TEMPERATURE
    h = np.zeros(given.shape[1])
    name, note = "karstsim, lanes of eight, pb82, cold", "constants at hand"
    return Row(name, lambda: _cold(given, h, w, PB82, False), h.size, None, note)


def warm(waters: pd.DataFrame, constant_set: int = SET, times: int = 2000) -> Row:
    """The same from the last answer, constants at hand."""
    given, w = _given(waters)[:, :8], np.zeros(at.WORDS)
    _cold(given, np.zeros(8), w, constant_set, True)
    name = (
        "karstsim, lanes of eight, pb82, warm" if constant_set == PB82 else "karstsim, lanes of eight, warm"
    )
    note = "constants at hand, DIC changed by 1 %"
    return Row(name, lambda: _warm(w, 1.01, times, constant_set), 8 * times, None, note)


@numba.njit(error_model="numpy")
def _days(stores, times, ends, w, x, k, solved):  # type: ignore[no-untyped-def]
    """All stores, eight at a time, to each of `times`."""
    for first in range(0, stores.shape[0], 8):
        for lane in range(8):
            s = stores[first + lane]
            w[at.TEMPERATURE + lane] = TEMPERATURE
            w[sd.AREA + lane] = s[store_day.A_V] / MMOL
            w[sd.GAS_RATE + lane], w[sd.AIR + lane] = s[store_day.K_GAS], s[store_day.PCO2]
            w[sd.FLOW + lane] = s[store_day.FLOW]
            w[sd.IN_CA + lane] = s[store_day.CA_IN]
            w[sd.IN_GAS + lane] = s[store_day.DIC_IN] - s[store_day.CA_IN]
            w[sd.CALCIUM + lane] = s[store_day.CA_0]
            w[sd.GAS + lane] = s[store_day.DIC_0] - s[store_day.CA_0]
        sd.prepare(w, PB82)
        start = ln.COLD
        for t in range(1, times.size):
            sd.advance(w, x[0], k[0], solved, PB82, times[t] - times[t - 1], start)
            start = ln.RESUMED
            for lane in range(8):
                ends[first + lane, t - 1, 0] = w[sd.CALCIUM + lane]
                ends[first + lane, t - 1, 1] = w[sd.CALCIUM + lane] + w[sd.GAS + lane]


def day(stores: np.ndarray, times: np.ndarray, name: str, note: str) -> Row:
    """The exponential Rosenbrock steps of `chemistry.store_day`, stopped at each of `times`."""
    stores = stores[: len(stores) // 8 * 8]
    ends = np.zeros((len(stores), len(times) - 1, 2))
    scratch = np.zeros(sd.STORE_WORDS), np.zeros(1, SOLUTION_DTYPE), np.zeros(1, CONSTANTS_DTYPE), np.zeros(8)
    return Row(name, lambda: _days(stores, times, ends, *scratch), len(stores), lambda: ends, note)

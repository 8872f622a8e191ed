"""Karst waters of several kinds and their stores, for tests of `lane_dissolution` and `lane_joint`."""

from __future__ import annotations

import math

import numpy as np

from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.equilibrium import equilibrate_closed
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import disabled, kernel, python_callable
from karstsim.model.registry import STATE_DTYPES
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes.dissolution import remember

ALK_DIC = int(Mode.ALK_DIC)
STORE_DTYPE = STATE_DTYPES["column"]["aquifer"]["matrix"]
LAW = (0.9, 4.0, 0.3)  # start and order of the slow tail, threshold of calcite
VOLUME = 80.0
GROUPS = 2 if disabled() else 40
KINDS = ["dissolving", "saturated", "below the threshold", "above the threshold", "gypsum", "soft"]


@kernel
def _show(w, which, lane, x):
    lanes.show(w, which, lane, x)


@kernel
def _keep(w, lane, stores):
    lanes.keep(w, lane, stores[lane])


@kernel
def _remember(x, stores, lane):
    remember(x, stores[lane])


SHOW, KEEP, REMEMBER = (python_callable(f) for f in (_show, _keep, _remember))
SPECIATE, SATURATE = python_callable(speciate), python_callable(equilibrate_closed)
CONSTANTS = python_callable(set_temperature)


def constants(temperature: float, constant_set: int) -> np.record:
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    CONSTANTS(k, temperature, constant_set)
    return k


def water(rng: np.random.Generator, kind: str, constant_set: int) -> np.record:
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
        k = constants(x.temperature, constant_set)
        index = {"saturated": 0.0, "below the threshold": rng.uniform(0.02, 0.28)}.get(kind, 0.6)
        y = x.copy()
        k.calcite *= math.exp(math.log(10.0) * index)
        rock = SATURATE(y, k, 0.0)
        x.ca, x.dic, x.alkalinity = x.ca + rock, x.dic + rock, x.alkalinity + 2.0 * rock
    return x


def fill(x: np.record, rng: np.random.Generator, constant_set: int, stores: np.ndarray, lane: int) -> None:
    """Fill a store with the water; it remembers one that had up to 5 % less of everything."""
    store = stores[lane]
    store.volume, store.heat = VOLUME, VOLUME * x.temperature
    for name in ("ca", "mg", "na", "k", "cl", "so4", "no3", "dic"):
        store.sol[name] = VOLUME * x[name]
    y, before = x.copy(), rng.uniform(0.95, 1.0)
    for name in ("ca", "mg", "na", "k", "cl", "so4", "no3", "dic", "alkalinity"):
        y[name] *= before
    y.ph = 0.0
    SPECIATE(y, constants(x.temperature, constant_set), ALK_DIC)
    REMEMBER(y, stores, lane)


def groups(kind: str, constant_set: int, seed: int = 0):
    """Eight waters and their stores, several times over; `mixed` takes another kind in each lane."""
    rng = np.random.default_rng([seed, constant_set])
    for _ in range(GROUPS):
        stores = np.zeros(8, STORE_DTYPE)
        kinds = [kind if kind != "mixed" else KINDS[lane % len(KINDS)] for lane in range(8)]
        waters = [water(rng, one, constant_set) for one in kinds]
        for lane, x in enumerate(waters):
            fill(x, rng, constant_set, stores, lane)
        yield waters, stores

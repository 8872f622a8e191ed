"""What eight catchments side by side would gain: a store's solve by the scalar kernel and in lanes of eight.

    python benchmarks/store_solves.py

Each water is solved again and again from its own last medium, with its DIC up and down by a given share: by the scalar
kernel at the tolerance of a store's solve in the simulator, in lanes at one that leaves about the same error (only the
scalar kernel ends by the error that it foresees, so at equal tolerance lanes would do more). The lanes are full: eight
waters that all need a solve of the same kind.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from lane_rows import PLACES
from timing import Row, machine, markdown, measure

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lanes
from karstsim.chemistry.constants import CONSTANTS_DTYPE, ConstantSet, set_temperature
from karstsim.chemistry.medium import NOTHING
from karstsim.chemistry.speciation import LEFT_BY_STEP, SOLUTION_DTYPE, Mode, speciate
from karstsim.processes.dissolution import STORE_TOLERANCE

ALK_DIC, PB82 = int(Mode.ALK_DIC), int(ConstantSet.PB82)
TEMPERATURE = 15.0  # degC
LANES_TOLERANCE = 1.0e-5  # leaves an error like that of the scalar kernel at STORE_TOLERANCE
STEP = math.sqrt(LEFT_BY_STEP * LANES_TOLERANCE)
WATERS, TIMES, REPEATS = 8, 4000, 5  # an even number of times ends at the water it began with
CHANGES = (0.001, 0.01, 0.1)
NAMES = ("temperature", "ca", "mg", "na", "k", "cl", "so4", "no3", "alkalinity", "dic")  # as in PLACES


@numba.njit(error_model="numpy", fastmath={"contract"})
def _scalar(x, k, factor, times):  # type: ignore[no-untyped-def]
    for j in range(times):
        for i in range(x.shape[0]):
            x[i].dic *= factor if j % 2 == 0 else 1.0 / factor
            x[i].resume, x[i].tolerance, x[i].readings = 1.0, STORE_TOLERANCE, NOTHING
            speciate(x[i], k[0], ALK_DIC)


@numba.njit(error_model="numpy", fastmath={"contract"})
def _lanes(w, factor, times):  # type: ignore[no-untyped-def]
    for j in range(times):
        for lane in range(WATERS):
            w[at.DIC + lane] *= factor if j % 2 == 0 else 1.0 / factor
        lanes.solve(w, PB82, ALK_DIC, lanes.RESUMED, STEP, LANES_TOLERANCE)


@numba.njit(error_model="numpy")
def _first(x, k, w):  # type: ignore[no-untyped-def]
    set_temperature(k[0], TEMPERATURE, PB82)
    for i in range(x.shape[0]):
        speciate(x[i], k[0], ALK_DIC)
    at.set_temperatures(w, PB82)
    lanes.solve(w, PB82, ALK_DIC, lanes.COLD, lanes.STEP_TOLERANCE, lanes.IONIC_TOLERANCE)


def _waters() -> np.ndarray:
    """Eight karst waters, mol kgw-1, in the order of `NAMES`."""
    draw = np.random.default_rng(1).uniform
    ca, mg, na = (draw(low, high, WATERS) for low, high in ((0.5e-3, 2.5e-3), (5e-5, 5e-4), (5e-5, 3e-4)))
    so4, no3 = draw(5e-5, 3e-4, WATERS), draw(2e-5, 2e-4, WATERS)
    alkalinity = 2.0 * (ca + mg - so4) - no3 + 0.3 * na
    dic = alkalinity * draw(1.05, 1.3, WATERS)
    return np.array([np.full(WATERS, TEMPERATURE), ca, mg, na, 0.3 * na, na, so4, no3, alkalinity, dic])


def rows(change: float) -> tuple[list[Row], np.ndarray]:
    """Both ways for a DIC that changes by the share `change`, their result the ionic strength; and its exact value."""
    given = _waters()
    x, k, w = np.zeros(WATERS, SOLUTION_DTYPE), np.zeros(1, CONSTANTS_DTYPE), np.zeros(at.WORDS)
    for name, place, values in zip(NAMES, PLACES, given, strict=True):
        x[name] = values
        w[place : place + WATERS] = values
    _first(x, k, w)
    kind, factor, solves = f"DIC changed by {100.0 * change:g} %", 1.0 + change, WATERS * TIMES
    of_lanes = w[at.IONIC : at.IONIC + WATERS]
    ways = [
        Row(f"scalar, {kind}", lambda: _scalar(x, k, factor, TIMES), solves, lambda: x["ionic_strength"]),
        Row(f"lanes of eight, {kind}", lambda: _lanes(w, factor, TIMES), solves, lambda: of_lanes),
    ]
    return ways, of_lanes.copy()


def main() -> None:
    print(f"{machine()}\n")
    for change in CHANGES:
        ways, exact = rows(change)
        found = measure(ways, REPEATS, lambda ionic, exact=exact: float(np.max(np.abs(ionic / exact - 1.0))))
        print(markdown(found, "solve", "relative error of I"), "\n")


if __name__ == "__main__":
    main()

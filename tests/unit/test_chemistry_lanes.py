"""The solver in lanes of eight against the scalar one, which is its reference and its last resort."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lanes
from karstsim.chemistry.api.blocks import OUTPUTS, given_variables, speciate_columns
from karstsim.chemistry.constants import CONSTANTS_DTYPE, EQUILIBRIA, ConstantSet, set_temperature
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core import polynomials
from karstsim.core.jit import disabled, python_callable

SETS = [int(ConstantSet.PB82), int(ConstantSet.PHREEQC386)]
IONS = ("ca", "mg", "na", "k", "cl", "so4", "no3")
CARBONATE = ("alkalinity", "dic", "ph", "pco2")
ALK_DIC = int(Mode.ALK_DIC)
# Relative, where the two given numbers determine the water less well; 2e-9 otherwise. Both solvers stop at a tolerance.
BARS = {Mode.ALK_PH: 1e-7, Mode.DIC_PH: 3e-9, Mode.DIC_PCO2: 1e-8, Mode.PH_PCO2: 3e-9}


@njit(error_model="numpy")
def scalar(waters: np.ndarray, k: np.ndarray, which: int, mode: int, counts: np.ndarray) -> None:
    for j in range(waters.size):
        set_temperature(k[0], waters[j].temperature, which)
        counts[j] = speciate(waters[j], k[0], mode)


@njit(error_model="numpy")
def in_lanes(given: np.ndarray, out: np.ndarray, w: np.ndarray, which: int, mode: int, start: int) -> None:
    """Rows: temperature, seven ions, alkalinity, DIC, h, pCO2 given; h, co3, free Ca, I, unsolved, steps out."""
    for first in range(0, given.shape[1], 8):
        for lane in range(8):
            j = first + lane
            w[at.TEMPERATURE + lane] = given[0, j]
            w[at.CA + lane], w[at.MG + lane] = given[1, j], given[2, j]
            w[at.NA + lane], w[at.K + lane] = given[3, j], given[4, j]
            w[at.CL + lane], w[at.SO4 + lane], w[at.NO3 + lane] = (
                given[5, j],
                given[6, j],
                given[7, j],
            )
            w[at.ALK + lane], w[at.DIC + lane] = given[8, j], given[9, j]
            w[at.PCO2 + lane] = given[11, j]
            if start == lanes.COLD:
                w[at.H + lane] = given[10, j]
        at.set_temperatures(w, which)
        lanes.solve(w, which, mode, start, lanes.STEP_TOLERANCE, lanes.IONIC_TOLERANCE)
        for lane in range(8):
            j = first + lane
            out[0, j], out[1, j] = w[at.H + lane], w[at.M_CO3 + lane]
            out[2, j], out[3, j] = w[at.CA + at.FREE + lane], w[at.IONIC + lane]
            out[4, j], out[5, j] = w[at.ACTIVE + lane], w[at.COUNT + lane]


def random_waters(n: int, seed: int) -> np.ndarray:
    """Waters over the whole promised range (targets: DIC to 100, alkalinity -5..100, Ca, Mg, SO4 to 50 mmol kgw-1)."""
    rng = np.random.default_rng(seed)

    def spread(low: float, high: float) -> np.ndarray:
        decades = np.exp(rng.uniform(math.log(low), math.log(high), n))
        return np.where(rng.random(n) < 0.5, decades, rng.uniform(low, high, n))

    x = np.zeros(n, SOLUTION_DTYPE)
    x["temperature"] = rng.uniform(0.0, 50.0, n)
    for ion in ("ca", "mg", "so4"):
        x[ion] = np.where(rng.random(n) < 0.15, 0.0, spread(1e-7, 0.05))
    for ion in ("na", "k", "cl", "no3"):
        x[ion] = np.where(rng.random(n) < 0.5, 0.0, spread(1e-7, 0.02))
    x["dic"] = spread(1e-6, 0.1)
    wide, near = rng.uniform(-0.005, 0.1, n), rng.uniform(-0.005, 0.01, n)
    x["alkalinity"] = np.where(rng.random(n) < 0.5, wide, near)
    return x


def solve_scalar(waters: np.ndarray, which: int, mode: int) -> tuple[np.ndarray, np.ndarray]:
    solved, counts = waters.copy(), np.zeros(waters.size, np.int64)
    scalar(solved, np.zeros(1, CONSTANTS_DTYPE), which, mode, counts)
    return solved, counts > 0


def columns_of(waters: np.ndarray) -> np.ndarray:
    rows = [waters["temperature"], *(waters[n] for n in IONS), waters["alkalinity"], waters["dic"]]
    return np.array([*rows, 10.0 ** -waters["ph"], waters["pco2"]])


def solve(given: np.ndarray, which: int, mode: int) -> np.ndarray:
    out = np.zeros((6, given.shape[1]))
    in_lanes(np.ascontiguousarray(given), out, np.zeros(at.WORDS), which, mode, lanes.COLD)
    return out


def relative(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a - b) / np.where(b == 0.0, 1.0, np.abs(b))


@pytest.mark.nojit
def test_polynomials() -> None:
    """Each over the range its docstring states, to the error it states."""
    for function, exact, low, high, bar in (
        (polynomials.exp_small, math.exp, -3.2, 3.2, 1.1e-13),
        (polynomials.exp_wide, math.exp, -51.0, 51.0, 2e-12),
        (polynomials.cube_root, math.cbrt, 0.3, 1.0, 6e-14),
    ):
        call = python_callable(function)
        points = [float(x) for x in np.linspace(low, high, 20001)]
        errors = [abs(call(x) / exact(x) - 1.0) for x in points]
        worst = int(np.argmax(errors))
        assert bar / 10.0 < errors[worst] < bar, (function, points[worst], errors[worst])
    call = python_callable(polynomials.log_near)
    assert max(abs(call(x) - math.log(x)) for x in map(float, np.linspace(0.7, 1.4, 20001))) < 1e-15
    assert math.isnan(python_callable(polynomials.exp_small)(math.nan))


@pytest.mark.parametrize("which", SETS)
def test_constants_equal_the_scalar_ones(which: int) -> None:
    fill, fill_lanes = python_callable(set_temperature), python_callable(at.set_temperatures)
    w = np.zeros(at.WORDS)
    for first in range(0, 56, 8):
        temperatures = np.minimum(np.arange(first, first + 8), 50.0)
        w[at.TEMPERATURE : at.TEMPERATURE + 8] = temperatures
        fill_lanes(w, which)
        for lane, t in enumerate(temperatures):
            k = np.zeros(1, CONSTANTS_DTYPE)[0]
            fill(k, t, which)
            for j, name in enumerate(EQUILIBRIA):
                expected = getattr(k, name)
                found = w[at.KH + 8 * j + lane]
                close = pytest.approx(expected, rel=2e-12, abs=0.0)
                assert found == close if expected > 0.0 else found < 1e-20, name
            assert w[at.DH_A + lane] == pytest.approx(k.dh_a * math.log(10.0), rel=1e-13, abs=0.0)
            assert w[at.DH_B + lane] == pytest.approx(k.dh_b, rel=1e-13, abs=0.0)


def compare(n: int, seed: int, which: int, mode: Mode) -> tuple[int, int]:
    """The two solvers agree on `n` waters; returns how many the lanes and the scalar solver have solved."""
    complete, good = solve_scalar(random_waters(n, seed), which, ALK_DIC)
    assert good.all()
    pair = given_variables(mode)
    given = complete.copy()
    for name in set(CARBONATE) - set(pair):
        given[name] = 0.0
    given["ionic_strength"] = 0.0
    if mode == Mode.ALK_DIC:
        given["ph"] = 0.0
    expected, solved = solve_scalar(given, which, int(mode))
    out = solve(columns_of(given), which, int(mode))
    alone = out[4] == 0.0
    assert (solved | ~alone).all(), "lanes claim a water that the scalar solver refuses"
    both = solved & alone
    if mode == Mode.ALK_PH:  # where OH or H make up the alkalinity, the carbonate is their small difference
        carbonate = expected["m_hco3"] + 2.0 * expected["m_co3"]
        both &= carbonate > 0.03 * (np.abs(expected["alkalinity"]) + expected["m_oh"] + expected["m_h"])
    bar = BARS.get(mode, 2e-9)
    for row, name in ((1, "m_co3"), (2, "m_ca"), (3, "ionic_strength")):
        assert relative(out[row], expected[name])[both].max() < bar, (mode, name)
    assert relative(out[0], expected["m_h"] * expected["g_h"])[both].max() < bar, mode
    return int(alone.sum()), int(solved.sum())


@pytest.mark.nojit
@pytest.mark.parametrize("which", SETS)
@pytest.mark.parametrize("mode", list(Mode))
def test_lanes_equal_the_scalar_solver(which: int, mode: Mode) -> None:
    lane_count, scalar_count = compare(24 if disabled() else 20_000, 1, which, mode)
    assert lane_count >= (0.75 if mode == Mode.ALK_PH else 0.99) * scalar_count


@pytest.mark.slow
def test_a_million_waters() -> None:
    for seed in range(10):
        lane_count, scalar_count = compare(100_000, 100 + seed, SETS[seed % 2], Mode.ALK_DIC)
        assert lane_count > 0.9999 * scalar_count


def test_a_lane_does_not_know_its_neighbours() -> None:
    """The same water beside easy and beside hard neighbours, in any lane: the same bits."""
    waters, _ = solve_scalar(random_waters(64, 3), 0, ALK_DIC)
    waters["ph"] = 0.0
    given = columns_of(waters)
    first = solve(given, 0, ALK_DIC)
    order = np.random.default_rng(1).permutation(64)
    again = solve(given[:, order], 0, ALK_DIC)
    assert (again[:5] == first[:5, order]).all()


def test_a_resumed_water_takes_few_steps() -> None:
    waters = random_waters(8, 5)
    given = columns_of(waters)
    w, out = np.zeros(at.WORDS), np.zeros((6, 8))
    in_lanes(given, out, w, 0, ALK_DIC, lanes.COLD)
    cold = out.copy()
    given[9] *= 1.001
    in_lanes(given, out, w, 0, ALK_DIC, lanes.RESUMED)
    assert out[5].sum() < cold[5].sum()
    fresh = solve(given, 0, ALK_DIC)
    np.testing.assert_allclose(out[0], fresh[0], rtol=1e-9)


@pytest.mark.nojit
def test_the_activity_of_water_has_settled_too() -> None:
    """Where the ionic strength settles by chance before the activity of water, the lanes go on."""
    given = np.zeros(8, SOLUTION_DTYPE)
    given["temperature"], given["mg"] = 47.656986232354534, 5.2742396399317335e-08
    given["cl"], given["no3"] = 0.004516069702292554, 0.00043995037423475564
    given["ph"], given["pco2"] = 8.080878319953985, 0.04334474203824317
    expected, solved = solve_scalar(given, SETS[1], int(Mode.PH_PCO2))
    out = solve(columns_of(given), SETS[1], int(Mode.PH_PCO2))
    assert solved.all() and (out[4] == 0.0).all()
    assert relative(out[3], expected["ionic_strength"]).max() < 2e-9


@pytest.mark.nojit
def test_hopeless_waters_are_left_to_the_scalar_solver() -> None:
    """Without DIC, with an alkalinity that contradicts the pH: the scalar answer or NaN, and no neighbour is hurt."""
    inputs = {name: np.full(8, value) for name, value in zip(("ca", "mg"), (2.0, 0.5), strict=True)}
    inputs |= {name: np.zeros(8) for name in ("na", "k", "cl", "so4", "no3", "ph", "pco2")}
    inputs |= {"temperature": np.full(8, 12.0), "alkalinity": np.full(8, 5.0), "dic": np.full(8, 5.2)}
    modes = np.full(8, ALK_DIC)
    good = {k: v[0] for k, v in speciate_columns(inputs, modes, ConstantSet.PB82).items()}
    inputs["dic"][2] = 0.0
    modes[4] = int(Mode.ALK_PH)
    inputs["ph"][4], inputs["alkalinity"][4] = 3.0, -5.0
    modes[6] = -1
    out = speciate_columns(inputs, modes, ConstantSet.PB82)
    assert all(np.isnan(out[name][j]) for name in OUTPUTS for j in (4, 6))
    assert out["ph"][2] > 11.0 and np.isnan(out["si_calcite"][2])
    for j in (0, 1, 3, 5, 7):
        for name in OUTPUTS:
            np.testing.assert_equal(out[name][j], good[name], err_msg=name)

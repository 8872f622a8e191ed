"""Equilibria with calcite and gas: published examples, balances, limits, random waters."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.equilibrium import equilibrate_closed, equilibrate_gas, equilibrate_open
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import disabled, python_callable

TEMPERATURE = python_callable(set_temperature)
SPECIATE = python_callable(speciate)
CLOSED = python_callable(equilibrate_closed)
OPEN = python_callable(equilibrate_open)
GAS = python_callable(equilibrate_gas)


@numba.njit(error_model="numpy")
def run_all(waters, temperatures, rock, pressure, slope, which, n, g):
    """Cold equilibria of a table of waters: 0 closed, 1 open, 2 gas."""
    constants = np.zeros(1, CONSTANTS_DTYPE)
    for j in range(waters.size):
        set_temperature(constants[0], temperatures[j], 0)
        if which == 0:
            n[j] = equilibrate_closed(waters[j], constants[0], rock[j])
        elif which == 1:
            n[j], g[j] = equilibrate_open(waters[j], constants[0], rock[j], pressure[j], slope[j])
        else:
            g[j] = equilibrate_gas(waters[j], constants[0], pressure[j], slope[j])


def constants_at(temperature: float) -> np.record:
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    TEMPERATURE(k, float(temperature), 0)
    return k


def water(**values: float) -> np.record:
    x = np.zeros(1, SOLUTION_DTYPE)[0]
    for name, value in values.items():
        setattr(x, name, value)
    return x


# design notes 4.1 (PHREEQC, wateq4f.dat): temperature, log10 pCO2, Ca and DIC in mmol/kgw, pH
OPEN_CALCITE = [
    (5, -3.4, 0.739, 1.489, 8.246),
    (5, -1.5, 3.519, 9.058, 7.004),
    (10, -2.0, 2.119, 4.766, 7.318),
    (15, -2.5, 1.289, 2.711, 7.635),
    (20, -3.4, 0.578, 1.155, 8.218),
    (25, -2.0, 1.646, 3.622, 7.297),
    (25, -1.5, 2.503, 6.071, 6.971),
]


@pytest.mark.parametrize(("temperature", "pressure", "ca", "dic", "ph"), OPEN_CALCITE)
def test_open_calcite_of_the_literature(
    temperature: float, pressure: float, ca: float, dic: float, ph: float
) -> None:
    x = water()
    n, _ = OPEN(x, constants_at(temperature), 0.0, 10.0**pressure, 0.0)
    assert x.status == 0.0 and n == pytest.approx(x.ca)
    assert x.ca * 1e3 == pytest.approx(ca, rel=2e-3)
    assert x.dic * 1e3 == pytest.approx(dic, rel=2e-3)
    assert x.ph == pytest.approx(ph, abs=2e-3)


CLOSED_CALCITE = [  # temperature, log10 pCO2 before, Ca mmol/kgw, pH, pCO2 after in uatm (design notes 4.1)
    (10, -2.0, 0.5558, 8.403, 220),
    (15, -2.0, 0.4789, 8.451, 180),
    (20, -2.0, 0.4181, 8.493, 151),
    (10, -1.5, 1.5213, 7.579, 3977),
    (15, -1.5, 1.3219, 7.615, 3395),
    (20, -1.5, 1.1572, 7.648, 2952),
]


@pytest.mark.parametrize(("temperature", "pressure", "ca", "ph", "after"), CLOSED_CALCITE)
def test_closed_calcite_of_the_literature(
    temperature: float, pressure: float, ca: float, ph: float, after: float
) -> None:
    k = constants_at(temperature)
    x = water(pco2=10.0**pressure)
    SPECIATE(x, k, Mode.ALK_PCO2)
    n = CLOSED(x, k, 0.0)
    assert n == pytest.approx(x.ca)
    assert x.ca * 1e3 == pytest.approx(ca, rel=2e-3)
    assert x.ph == pytest.approx(ph, abs=2e-3)
    assert x.pco2 * 1e6 == pytest.approx(after, rel=6e-3)


@pytest.mark.parametrize(
    ("acid", "ca", "dic", "ph"), [("no3", 2.319, 4.085, 7.275), ("so4", 2.348, 4.142, 7.282)]
)
def test_strong_acids_of_the_literature(acid: str, ca: float, dic: float, ph: float) -> None:
    """design notes 4.1: 1 meq of HNO3 or H2SO4 per litre, open to 10^-2 atm, 15 degC."""
    x = water(**{acid: 1e-3 if acid == "no3" else 5e-4}, alkalinity=-1e-3)
    OPEN(x, constants_at(15), 0.0, 1e-2, 0.0)
    assert x.ca * 1e3 == pytest.approx(ca, rel=2e-3)
    assert x.dic * 1e3 == pytest.approx(dic, rel=2e-3)
    assert x.ph == pytest.approx(ph, abs=2e-3)


def test_degassing_and_reprecipitation_of_the_literature() -> None:
    """design notes 4.1: open at 10^-2 atm, then 415 uatm without and with calcite, 10 degC."""
    k = constants_at(10)
    x = water()
    OPEN(x, k, 0.0, 1e-2, 0.0)
    GAS(x, k, 415e-6, 0.0)
    assert (x.ph, x.dic * 1e3, x.si_calcite) == pytest.approx((8.664, 4.082, 1.293), rel=2e-3)
    n, g = OPEN(x, k, 0.0, 415e-6, 0.0)
    assert n < 0.0 and g < 0.0
    assert (x.ca * 1e3, x.dic * 1e3) == pytest.approx((0.690, 1.388), rel=2e-3)


waters = st.fixed_dictionaries(
    {
        "temperature": st.floats(0.0, 50.0),
        "ca": st.floats(0.0, 0.02),
        "mg": st.floats(0.0, 0.02),
        "so4": st.floats(0.0, 0.02),
        "dic": st.floats(1e-5, 0.05),
        "alkalinity": st.floats(-0.005, 0.05),
    }
)


@settings(max_examples=80, deadline=None)
@given(waters)
def test_closed_restores_saturation_and_conserves(values: dict[str, float]) -> None:
    k = constants_at(values["temperature"])
    x = water(**values)
    n = CLOSED(x, k, 0.0)
    assert x.status == 0.0
    assert abs(x.si_calcite) < 1e-9
    scale = x.ca + x.dic + abs(n)
    assert x.ca == pytest.approx(values["ca"] + n, abs=1e-12 * scale)
    assert x.dic == pytest.approx(values["dic"] + n, abs=1e-12 * scale)
    again = water(**{s: getattr(x, s) for s in values})
    assert SPECIATE(again, k, Mode.ALK_DIC) > 0
    assert again.si_calcite == pytest.approx(0.0, abs=1e-6)
    assert CLOSED(x, k, 0.0) == pytest.approx(0.0, abs=1e-9 * scale)


@settings(max_examples=80, deadline=None)
@given(waters, st.floats(-4.0, -0.5), st.floats(0.0, 300.0))
def test_open_with_slope_is_open_at_the_final_pressure(
    values: dict[str, float], p0: float, slope: float
) -> None:
    k = constants_at(values["temperature"])
    x = water(**values)
    n, g = OPEN(x, k, 0.0, 10.0**p0, slope)
    assert x.status == 0.0
    assert x.pco2 == pytest.approx(10.0**p0 - slope * g, rel=1e-7, abs=1e-9 * slope)
    fixed = water(**values)
    n_fixed, g_fixed = OPEN(fixed, k, 0.0, x.pco2, 0.0)
    scale = abs(n) + abs(g) + values["dic"] + values["ca"]
    assert n_fixed == pytest.approx(n, abs=1e-8 * scale)
    assert g_fixed == pytest.approx(g, abs=1e-8 * scale)


def test_steep_gas_line_approaches_the_closed_system() -> None:
    k = constants_at(15)
    start = water(pco2=1e-2)
    SPECIATE(start, k, Mode.ALK_PCO2)
    closed = start.copy()
    n = CLOSED(closed, k, 0.0)
    line = start.copy()
    n_line, g = OPEN(line, k, 0.0, closed.pco2, 1e9)
    assert n_line == pytest.approx(n, rel=1e-4)
    assert g == pytest.approx(0.0, abs=1e-9)


def test_gas_line_without_mineral() -> None:
    k = constants_at(15)
    x = water(ca=1e-3, dic=2.5e-3, alkalinity=2e-3)
    g = GAS(x, k, 1e-3, 5.0)
    assert g < 0.0
    assert x.pco2 == pytest.approx(1e-3 - 5.0 * g, rel=1e-9)
    assert x.dic == pytest.approx(2.5e-3 + g, rel=1e-12, abs=0.0)
    assert GAS(x, k, x.pco2, 0.0) == pytest.approx(0.0, abs=1e-14)


def test_magnesium_follows_the_rock() -> None:
    k = constants_at(10)
    x = water(pco2=1e-2)
    SPECIATE(x, k, Mode.ALK_PCO2)
    n = CLOSED(x, k, 0.5)
    assert x.mg == pytest.approx(0.5 * n) and x.ca == pytest.approx(0.5 * n)
    assert x.alkalinity == pytest.approx(2.0 * n)


def test_what_cannot_be_is_refused() -> None:
    k = constants_at(10)
    x = water(dic=1e-3)
    CLOSED(x, k, 1.0)  # a rock without calcite
    assert x.status == -1.0
    x = water(ca=5e-3, dic=8e-3, alkalinity=9e-3)
    n = CLOSED(
        x, k, 0.5
    )  # supersaturated, but without magnesium for the rock to precipitate: the direction stands
    assert x.status == 1.0 and n < 0.0 and x.unsolved == 0.0
    x = water(dic=math.nan)
    assert math.isnan(CLOSED(x, k, 0.0)) and x.status == -1.0
    OPEN(x, k, 0.0, 0.0, 0.0)
    assert x.status == -1.0


@pytest.mark.parametrize("which", [0, 1, 2])
def test_random_waters_of_the_whole_range_are_solved(which: int) -> None:
    size = 200 if disabled() else 30_000
    rng = np.random.default_rng(which)
    x = np.zeros(size, SOLUTION_DTYPE)
    for ion in ("ca", "mg", "so4"):
        x[ion] = np.where(rng.random(size) < 0.2, 0.0, rng.uniform(0.0, 0.05, size))
    x["dic"] = 10 ** rng.uniform(-6.0, -1.0, size)
    x["alkalinity"] = rng.uniform(-0.005, 0.1, size)
    pressure = 10 ** rng.uniform(-4.0, -0.3, size)
    slope = np.where(rng.random(size) < 0.3, 0.0, 10 ** rng.uniform(-3.0, 4.0, size))
    n, g = np.zeros(size), np.zeros(size)
    run_all(x, rng.uniform(0.0, 50.0, size), np.zeros(size), pressure, slope, which, n, g)
    assert (x["status"] == 0.0).all()
    assert np.isfinite(n).all() and np.isfinite(g).all()
    assert (x["ca"] >= 0.0).all() and (x["dic"] > 0.0).all()
    if which < 2:
        assert np.abs(x["si_calcite"]).max() < 1e-9
    if which > 0:
        assert np.abs(x["pco2"] - (pressure - slope * g)).max() < 1e-6


@pytest.mark.parametrize("tolerance", [1e-6, 1e-5])
def test_a_looser_solve_ends_close_to_the_tight_one(tolerance: float) -> None:
    """A solve ends when what is left of its medium's error is foreseen to be below the tolerance.

    So it is in most waters, in ln h and in the amounts exchanged beside the water's DIC, and ten times that in none.
    """
    rng = np.random.default_rng(5)
    n = 300
    tight = np.zeros(n, SOLUTION_DTYPE)
    for name, most in (("ca", 3e-3), ("mg", 1e-3), ("na", 5e-4), ("cl", 5e-4), ("so4", 5e-4)):
        tight[name] = rng.uniform(0.0, most, n)
    tight["alkalinity"] = 2.0 * (tight["ca"] + tight["mg"] - tight["so4"]) + tight["na"] - tight["cl"]
    tight["dic"] = np.abs(tight["alkalinity"]) * rng.uniform(0.95, 1.5, n) + 1e-5
    loose = tight.copy()
    loose["tolerance"] = tolerance
    temperatures, rock = rng.uniform(0.0, 30.0, n), rng.uniform(0.0, 0.4, n)
    pressure, slope = 10.0 ** rng.uniform(-3.4, -1.5, n), 10.0 ** rng.uniform(-1.0, 2.0, n)
    for which in range(3):
        found = []
        for waters in (tight.copy(), loose.copy()):
            taken, gas = np.zeros(n), np.zeros(n)
            run_all(waters, temperatures, rock, pressure, slope, which, taken, gas)
            found.append((waters, taken, gas))
        (x, taken, gas), (y, near, near_gas) = found
        assert (x["status"] == y["status"]).all() and (x["status"] == 0.0).sum() > n // 2
        solved = x["status"] == 0.0
        errors = [np.abs(x["ph"] - y["ph"]) / math.log10(math.e)]
        errors += [np.abs(a - b) / x["dic"] for a, b in ((taken, near), (gas, near_gas))]
        for error in errors:
            assert np.quantile(error[solved], 0.5) < tolerance and error[solved].max() < 10.0 * tolerance

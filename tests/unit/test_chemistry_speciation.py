"""Speciation: closure of charge and mass, all pairs of variables, warm and cold starts, hard and hopeless waters."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim.chemistry.constants import CONSTANTS_DTYPE, ConstantSet, set_temperature
from karstsim.chemistry.medium import refresh_medium, total_alkalinity, total_dic
from karstsim.chemistry.speciation import (
    SOLUTION_DTYPE,
    Mode,
    alk_over_hco3,
    dic_over_hco3,
    distribute,
    noncarbonate_alkalinity,
    speciate,
)
from karstsim.core.jit import disabled, python_callable

TEMPERATURE = python_callable(set_temperature)
SPECIATE = python_callable(speciate)
IONS = ("ca", "mg", "na", "k", "cl", "so4", "no3")


@numba.njit(error_model="numpy")
def solve_all(waters, constants, temperatures, mode, counts):
    """Speciate a table of waters (cold where ionic_strength is 0)."""
    for j in range(waters.size):
        set_temperature(constants[0], temperatures[j], 0)
        counts[j] = speciate(waters[j], constants[0], mode)


def constants_at(temperature: float, which: ConstantSet = ConstantSet.PB82) -> np.record:
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    TEMPERATURE(k, float(temperature), int(which))
    return k


def water(**values: float) -> np.record:
    x = np.zeros(1, SOLUTION_DTYPE)[0]
    for name, value in values.items():
        setattr(x, name, value)
    return x


def random_waters(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Waters over the whole promised range, with zeros and many decades."""
    rng = np.random.default_rng(seed)

    def spread(low: float, high: float) -> np.ndarray:
        decades = np.exp(rng.uniform(math.log(low), math.log(high), n))
        return np.where(rng.random(n) < 0.5, decades, rng.uniform(low, high, n))

    x = np.zeros(n, SOLUTION_DTYPE)
    for ion in ("ca", "mg", "so4"):
        x[ion] = np.where(rng.random(n) < 0.15, 0.0, spread(1e-7, 0.05))
    for ion in ("na", "k", "cl", "no3"):
        x[ion] = np.where(rng.random(n) < 0.5, 0.0, spread(1e-7, 0.02))
    x["dic"] = spread(1e-6, 0.1)
    x["alkalinity"] = np.where(rng.random(n) < 0.5, rng.uniform(-0.005, 0.1, n), rng.uniform(-0.005, 0.01, n))
    return x, rng.uniform(0.0, 50.0, n)


karst = st.fixed_dictionaries(
    {
        "temperature": st.floats(0.0, 50.0),
        "ca": st.floats(0.0, 0.05),
        "mg": st.floats(0.0, 0.05),
        "so4": st.floats(0.0, 0.05),
        "na": st.floats(0.0, 0.02),
        "dic": st.floats(1e-6, 0.1),
        "alkalinity": st.floats(-0.005, 0.1),
    }
)


@settings(max_examples=100, deadline=None)
@given(karst)
def test_species_add_up_to_the_totals(values: dict[str, float]) -> None:
    k = constants_at(values["temperature"])
    x = water(**values)
    assert SPECIATE(x, k, Mode.ALK_DIC) > 0
    assert x.dic == values["dic"] and x.alkalinity == values["alkalinity"]
    carbon = (
        x.m_co2 + 2 * x.m_co2_dimer + x.m_hco3 + x.m_co3 + x.m_cahco3 + x.m_caco3 + x.m_mghco3 + x.m_mgco3
    )
    carbon += x.m_nahco3 + x.m_naco3
    calcium = x.m_ca + x.m_cahco3 + x.m_caco3 + x.m_caso4 + x.m_caoh + x.m_cahso4
    sulfate = x.m_so4 + x.m_caso4 + x.m_mgso4 + x.m_naso4 + x.m_kso4 + x.m_hso4 + x.m_cahso4
    assert carbon == pytest.approx(x.dic, rel=1e-9)
    assert calcium == pytest.approx(x.ca, rel=1e-9, abs=1e-18)
    assert sulfate == pytest.approx(x.so4, rel=1e-9, abs=1e-18)
    charge = (
        2 * x.m_ca + 2 * x.m_mg + x.m_na + x.m_h + x.m_cahco3 + x.m_mghco3 + x.m_caoh + x.m_mgoh + x.m_cahso4
    )
    charge -= x.m_hco3 + 2 * x.m_co3 + 2 * x.m_so4 + x.m_oh + x.m_naco3 + x.m_naso4 + x.m_hso4
    ions = 2 * x.ca + 2 * x.mg + x.na - 2 * x.so4
    scale = x.ca + x.mg + x.so4 + x.dic + abs(x.alkalinity)
    assert charge == pytest.approx(ions - x.alkalinity, abs=1e-9 * scale)


@settings(max_examples=100, deadline=None)
@given(karst, st.floats(0.5, 2.0))
def test_warm_start_finds_the_cold_answer(values: dict[str, float], factor: float) -> None:
    k = constants_at(values["temperature"])
    cold = water(**values)
    SPECIATE(cold, k, Mode.ALK_DIC)
    warm = water(**values)
    warm.dic *= factor
    SPECIATE(warm, k, Mode.ALK_DIC)
    warm.dic = values["dic"]
    SPECIATE(warm, k, Mode.ALK_DIC)
    for name in ("m_h", "pco2", "m_ca", "m_co3", "ionic_strength"):
        assert getattr(warm, name) == pytest.approx(getattr(cold, name), rel=1e-9, abs=1e-25)


def test_a_known_medium_takes_fewer_rounds_than_pairing_anew() -> None:
    """A water whose totals have moved a little: all three starts end alike, and each knows more than the next."""
    start, temperatures = random_waters(2000, 21)
    k, counts = np.zeros(1, CONSTANTS_DTYPE), np.zeros(start.size, np.int64)
    solve_all(start, k, temperatures, int(Mode.ALK_DIC), counts)
    solved, rounds, waters = counts > 0, {}, {}
    for what in ("known", "warm", "cold"):
        x = start.copy()
        x["dic"] *= 1.001
        if what != "known":
            x["ca_ratio"] = 0.0
        if what == "cold":
            x["ph"] = 0.0
        solve_all(x, k, temperatures, int(Mode.ALK_DIC), counts)
        rounds[what], waters[what] = counts[solved].mean(), x[solved]
    assert rounds["known"] < rounds["warm"] - 0.5 < rounds["cold"] - 0.5
    for name in ("m_h", "m_ca", "ionic_strength", "ca_ratio"):
        for what in ("known", "warm"):
            np.testing.assert_allclose(waters[what][name], waters["cold"][name], rtol=2e-9, err_msg=name)


@pytest.mark.nojit
@pytest.mark.parametrize("pco2", [1e-3, 2e-2, 0.3, 1.0])
def test_water_at_rest_stays_what_it_is(pco2: float) -> None:
    """A round from a medium that is known says the same again, of CO2 beside its dimer too, at a store's tolerance."""
    k = constants_at(12.0)
    x = water(ca=2e-3, mg=3e-4, na=1e-4, so4=2e-4, alkalinity=4.3e-3, pco2=pco2)
    SPECIATE(x, k, Mode.ALK_PCO2)
    ph, x.tolerance = x.ph, 1e-6
    for _ in range(3):
        assert SPECIATE(x, k, Mode.ALK_DIC) <= 2
        assert x.pco2 == pytest.approx(pco2, rel=3e-6) and x.ph == pytest.approx(ph, abs=1e-6)


def test_what_a_tolerance_leaves_is_foreseen() -> None:
    """With 1e-6 allowed, medium and acidity of water that has changed by a few per cent are about that near."""
    allowed = 1e-6
    start, temperatures = random_waters(3000, 22)
    k, counts = np.zeros(1, CONSTANTS_DTYPE), np.zeros(start.size, np.int64)
    solve_all(start, k, temperatures, int(Mode.ALK_DIC), counts)
    start, temperatures = start[counts > 0], temperatures[counts > 0]
    rng, counts = np.random.default_rng(23), counts[counts > 0]
    for total in ("dic", "ca", "alkalinity"):
        start[total] *= rng.uniform(0.97, 1.03, start.size)
    exact, near = start.copy(), start.copy()
    near["tolerance"] = allowed
    solve_all(exact, k, temperatures, int(Mode.ALK_DIC), counts)
    solved, tight = counts > 0, counts.copy()
    solve_all(near, k, temperatures, int(Mode.ALK_DIC), counts)
    assert counts[solved].mean() < 0.7 * tight[solved].mean()
    for name in ("ionic_strength", "ca_ratio", "mg_ratio", "so4_ratio", "na_ratio"):
        error = np.abs(near[name] / exact[name] - 1.0)[solved]
        assert np.quantile(error, 0.99) < 5.0 * allowed and error.max() < 30.0 * allowed, (name, error.max())
    error = np.abs(near["ph"] - exact["ph"])[solved]
    assert np.quantile(error, 0.99) < 5.0 * allowed and error.max() < 100.0 * allowed, error.max()


def test_every_pair_of_variables_gives_the_same_water() -> None:
    k = constants_at(12.0)
    base = water(ca=2e-3, mg=5e-4, na=2e-4, cl=2e-4, so4=3e-4, dic=4.6e-3, alkalinity=4.4e-3)
    SPECIATE(base, k, Mode.ALK_DIC)
    for mode in Mode:
        x = base.copy()
        x.ionic_strength = 0.0
        names = [n.replace("alk", "alkalinity") for n in mode.name.lower().split("_")]
        for name in {"alkalinity", "dic", "ph", "pco2"} - set(names):
            setattr(x, name, 0.0)
        assert SPECIATE(x, k, mode) > 0
        for name in ("alkalinity", "dic", "ph", "pco2", "si_calcite"):
            assert getattr(x, name) == pytest.approx(getattr(base, name), rel=1e-9), (mode, name)


@pytest.mark.parametrize("mode", [Mode.ALK_DIC, Mode.ALK_PCO2, Mode.DIC_PH])
def test_random_waters_of_the_whole_range_are_solved(mode: Mode) -> None:
    n = 300 if disabled() else 100_000
    x, temperatures = random_waters(n, seed=int(mode))
    rng = np.random.default_rng(7)
    x["ph"] = rng.uniform(3.0, 11.0, n) if mode == Mode.DIC_PH else 0.0
    x["pco2"] = 10 ** rng.uniform(-6.0, 0.0, n)
    counts = np.zeros(n, np.int64)
    solve_all(x, np.zeros(1, CONSTANTS_DTYPE), temperatures, int(mode), counts)
    assert (counts > 0).all()
    for name in ("ph", "pco2", "ionic_strength", "si_calcite", "dic", "alkalinity"):
        assert np.isfinite(x[name]).all()
    sums = np.array(
        [x[f"m_{s}"] for s in ("co2", "hco3", "co3", "cahco3", "caco3", "mghco3", "mgco3", "nahco3")]
    )
    carbon = sums.sum(axis=0) + x["m_naco3"] + 2 * x["m_co2_dimer"]
    assert np.abs(carbon / x["dic"] - 1.0).max() < 1e-9


def test_root_is_unique_in_alkalinity_and_dic() -> None:
    """More alkalinity at the same DIC always raises the pH."""
    k = constants_at(25.0)
    last = 0.0
    for alkalinity in np.linspace(-0.005, 0.05, 200):
        x = water(ca=0.01, mg=0.01, so4=0.02, dic=0.01, alkalinity=alkalinity)
        assert SPECIATE(x, k, Mode.ALK_DIC) > 0
        assert x.ph > last
        last = x.ph


@pytest.mark.parametrize("mode", list(Mode))
def test_nan_stays_nan_and_ends(mode: Mode) -> None:
    k = constants_at(10.0)
    for name in (*IONS, *mode.name.lower().replace("alk", "alkalinity").split("_")):
        x = water(ca=1e-3, alkalinity=2e-3, dic=2e-3, ph=8.0, pco2=1e-3)
        setattr(x, name, math.nan)
        assert SPECIATE(x, k, mode) == -1
        assert x.status == -1.0
        assert math.isnan(x.ionic_strength) or math.isnan(x.si_calcite) or math.isnan(x.ph)


def test_contradicting_variables_are_refused() -> None:
    k = constants_at(10.0)
    assert SPECIATE(water(dic=1e-4, pco2=0.1), k, Mode.DIC_PCO2) == -1  # more CO2 than DIC
    assert SPECIATE(water(alkalinity=-1e-3, ph=8.0), k, Mode.ALK_PH) == -1  # acid water is not alkaline
    assert SPECIATE(water(alkalinity=50.0, dic=1e-3), k, Mode.ALK_DIC) == -1


def test_pure_water_is_neutral() -> None:
    k = constants_at(25.0)
    x = water()
    assert SPECIATE(x, k, Mode.ALK_PCO2) > 0
    assert x.ph == pytest.approx(-0.5 * math.log10(k.kw), abs=1e-4)
    assert x.si_calcite < -50.0


def test_the_pieces_reproduce_the_solution() -> None:
    """At the solution the one-unknown functions of the medium hold, and `distribute` gives the same species."""
    k = constants_at(18.0)
    x = water(ca=2e-3, mg=1e-3, na=1e-3, so4=1e-3, dic=5e-3, alkalinity=4.6e-3)
    SPECIATE(x, k, Mode.ALK_DIC)
    h, hco3 = 10.0**-x.ph, x.m_hco3
    python_callable(refresh_medium)(x, k)
    assert hco3 * python_callable(dic_over_hco3)(x, h) == pytest.approx(x.dic, rel=1e-9)
    alkalinity = hco3 * python_callable(alk_over_hco3)(x, h) + python_callable(noncarbonate_alkalinity)(x, h)
    assert alkalinity == pytest.approx(x.alkalinity, rel=1e-9)
    before = x.copy()
    python_callable(distribute)(x, k, h, hco3)
    for name in ("m_ca", "m_co3", "m_mgso4", "ionic_strength", "si_calcite", "pco2"):
        assert getattr(x, name) == pytest.approx(getattr(before, name), rel=1e-8)
    assert python_callable(total_dic)(x) == pytest.approx(x.dic, rel=1e-9)
    assert python_callable(total_alkalinity)(x) == pytest.approx(x.alkalinity, rel=1e-9)
    assert x.m_ca * x.m_co3 / x.c_calcite == pytest.approx(10.0**x.si_calcite, rel=1e-9)
    assert x.ca_ratio == pytest.approx(x.ca / x.m_ca, rel=1e-12, abs=0.0)


def test_published_waters() -> None:
    """design notes 4.1 (PHREEQC): Ca 2, Mg 0.3, C 4.5, Na 0.1, Cl 0.1, SO4 0.05 mmol, charge balance, 15 degC; and
    pH 7.40, alkalinity 3.8 meq, Ca 1.9 mmol, 20 degC.
    """
    ions = {"ca": 2e-3, "mg": 3e-4, "na": 1e-4, "cl": 1e-4, "so4": 5e-5}
    x = water(**ions, dic=4.5e-3, alkalinity=2 * (2e-3 + 3e-4 - 5e-5))
    SPECIATE(x, constants_at(15.0), Mode.ALK_DIC)
    assert x.ph == pytest.approx(8.149, abs=1e-3)
    assert x.pco2 * 1e6 == pytest.approx(1607, rel=2e-3)
    assert (x.si_calcite, x.si_dolomite) == pytest.approx((0.879, 0.928), abs=1e-3)
    x = water(ca=1.9e-3, alkalinity=3.8e-3, ph=7.40)
    SPECIATE(x, constants_at(20.0), Mode.ALK_PH)
    assert x.dic * 1e3 == pytest.approx(4.117, abs=1e-3)
    assert x.pco2 * 1e6 == pytest.approx(8425, rel=1e-3)
    assert x.si_calcite == pytest.approx(0.144, abs=1e-3)


SCRIPT = """
import numpy as np
from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.speciation import SOLUTION_DTYPE, speciate
from karstsim.chemistry.equilibrium import equilibrate_closed, equilibrate_open, equilibrate_gas
from karstsim.core.jit import python_callable as p
for t, ca, mg, so4, dic, alk, cs in [(10, 2e-3, 3e-4, 1e-4, 4.6e-3, 4.4e-3, 0), (25, 0.02, 0.01, 0.03, 0.01, -1e-3, 0),
                                     (40, 5e-5, 0.0, 0.0, 1e-3, 2e-3, 1)]:
    for which in range(4):
        k = np.zeros(1, CONSTANTS_DTYPE)[0]
        p(set_temperature)(k, float(t), cs)
        x = np.zeros(1, SOLUTION_DTYPE)[0]
        x.ca, x.mg, x.so4, x.dic, x.alkalinity = ca, mg, so4, dic, alk
        if which == 0:
            p(speciate)(x, k, 0)
        elif which == 1:
            p(equilibrate_closed)(x, k, 0.0)
        elif which == 2:
            p(equilibrate_open)(x, k, 0.1, 0.01, 2.0)
        else:
            p(equilibrate_gas)(x, k, 0.001, 0.5)
        print(repr([float(v) for v in (x.m_h, x.pco2, x.ionic_strength, x.m_ca, x.m_so4, x.dic)]))
"""


def test_compiled_and_plain_agree() -> None:
    """JIT on and off give the same numbers to 1e-10."""
    results = []
    for off in ("0", "1"):
        env = {**os.environ, "NUMBA_DISABLE_JIT": off}
        out = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True
        )
        results.append(np.array([eval(line) for line in out.stdout.splitlines()]))  # noqa: S307
    np.testing.assert_allclose(results[0], results[1], rtol=1e-10)

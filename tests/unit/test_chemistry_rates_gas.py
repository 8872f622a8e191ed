"""Calcite kinetics, relaxation, gas transfer laws, fugacity, conductance."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim.chemistry import gas, rates
from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import python_callable

pytestmark = pytest.mark.nojit
RELAX = python_callable(rates.relax)


@pytest.mark.parametrize(  # design notes 4.3
    ("temperature", "k1", "k2", "k3"),
    [(5, 0.0400, 1.03e-5, 1.00e-7), (15, 0.0454, 1.93e-5, 1.10e-7), (25, 0.0511, 3.45e-5, 1.19e-7)],
)
def test_pwp_constants_of_the_literature(temperature: float, k1: float, k2: float, k3: float) -> None:
    got = python_callable(rates.pwp_constants)(float(temperature))
    assert got == pytest.approx((k1, k2, k3), rel=6e-3)


def test_calcite_rate_has_the_sign_of_undersaturation() -> None:
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    python_callable(set_temperature)(k, 15.0, 0)
    rate, forward = python_callable(rates.calcite_rate), python_callable(rates.pwp_forward)
    for alkalinity in np.linspace(1e-4, 8e-3, 40):
        x = np.zeros(1, SOLUTION_DTYPE)[0]
        x.ca, x.alkalinity, x.pco2 = alkalinity / 2, alkalinity, 3e-3
        python_callable(speciate)(x, k, Mode.ALK_PCO2)
        assert rate(x, k) * x.si_calcite < 0.0
        assert rate(x, k) < forward(x, k)
        x.si_calcite = 0.0
        assert rate(x, k) == 0.0


@settings(max_examples=200, deadline=None)
@given(
    st.floats(0.0, 3.0), st.floats(0.01, 2.0), st.floats(0.0, 20.0), st.floats(0.0, 1.0), st.floats(0.05, 0.95),
    st.floats(1.0, 11.0),
)  # fmt: skip
def test_relax_in_two_steps_is_relax_in_one(
    c: float, c_eq: float, k_dt: float, split: float, start: float, order: float
) -> None:
    once = RELAX(c, c_eq, k_dt, start, order)
    twice = RELAX(RELAX(c, c_eq, split * k_dt, start, order), c_eq, (1.0 - split) * k_dt, start, order)
    assert twice == pytest.approx(once, rel=1e-9, abs=1e-12)
    low, high = sorted((c, c_eq))
    assert low - 1e-15 <= once <= high + 1e-15


@pytest.mark.parametrize("order", [1.0, 2.0, 4.0, 11.0])
@pytest.mark.parametrize("c0", [0.0, 0.5, 0.95, 1.4])
def test_relax_solves_its_equation(order: float, c0: float) -> None:
    """Against classical Runge-Kutta steps of dc/dt = (c_eq - c) g with c_eq = 1, tail from 0.9."""

    def slope(c: float) -> float:
        g = 1.0 if c < 0.9 or c > 1.0 else ((1.0 - c) / 0.1) ** (order - 1.0)
        return (1.0 - c) * g

    c, step, steps = c0, 1e-3, 3000
    for _ in range(steps):
        a = slope(c)
        b = slope(c + 0.5 * step * a)
        d = slope(c + 0.5 * step * b)
        e = slope(c + step * d)
        c += step / 6.0 * (a + 2 * b + 2 * d + e)
    assert RELAX(c0, 1.0, step * steps, 0.9, order) == pytest.approx(c, abs=2e-6)


def test_relax_limits() -> None:
    for c in (1e-7, 0.2, 0.95, 1.7):
        assert RELAX(c, 1.0, 0.0, 0.9, 4.0) == c
    assert RELAX(0.3, 0.0, 1.0, 0.9, 4.0) == pytest.approx(0.3 * math.exp(-1.0))
    assert RELAX(1.0, 1.0, 5.0, 0.9, 4.0) == 1.0
    assert RELAX(0.2, 1.0, 1e9, 1.0, 4.0) == pytest.approx(1.0)
    assert math.isnan(RELAX(math.nan, 1.0, 1.0, 0.9, 4.0))
    assert math.isnan(RELAX(0.2, math.nan, 1.0, 0.9, 4.0))
    assert math.isnan(RELAX(0.2, 1.0, math.nan, 0.9, 4.0))


def test_schmidt_number_of_600_at_20_degrees() -> None:
    assert python_callable(gas.schmidt_co2)(20.0) == pytest.approx(600.0, abs=5.0)


def test_schmidt_numbers_never_grow_with_warmth() -> None:
    """They are viscosity over diffusion: 157 for CO2 at 50 degC (Jaehne et al. 1987), not 296."""
    for schmidt in (python_callable(gas.schmidt_co2), python_callable(gas.schmidt_o2)):
        values = [schmidt(0.5 * step) for step in range(-4, 121)]
        assert all(cooler >= warmer for cooler, warmer in pairwise(values))
        assert math.isnan(schmidt(math.nan))
    assert python_callable(gas.schmidt_co2)(50.0) == pytest.approx(240.6, abs=0.1)


def test_transfer_velocities() -> None:
    law = python_callable(gas.k600)
    laws = gas.K600Law
    args = (0.3, 0.002, 0.5, 5.0, 10.0)
    assert law(laws.RAYMOND2012_EQ1, *args) == pytest.approx(5037 * (0.3 * 0.002) ** 0.89 * 0.5**0.54)
    assert law(laws.RAYMOND2012_EQ5, *args) == pytest.approx(2841 * 0.3 * 0.002 + 2.02)
    assert law(laws.COLE_CARACO1998, *args) == pytest.approx(0.24 * (2.07 + 0.215 * 5.0**1.7))
    assert law(laws.VACHON_PRAIRIE2013, *args) == pytest.approx(0.24 * (2.51 + 1.48 * 5.0 + 0.39 * 5.0))
    assert law(laws.COLE_CARACO1998, 0.0, 0.0, 0.0, 0.0, 0.0) == pytest.approx(0.24 * 2.07)
    assert law(laws.RAYMOND2012_EQ1, 0.0, 0.0, 0.0, 0.0, 0.0) >= 0.0
    velocity = python_callable(gas.gas_transfer_velocity)
    assert velocity(2.0, 600.0, -0.5) == pytest.approx(2.0)
    assert velocity(2.0, 1200.0, -0.5) == pytest.approx(2.0 / math.sqrt(2.0))
    exponent = python_callable(gas.schmidt_exponent)
    assert exponent(laws.COLE_CARACO1998, 2.0) == pytest.approx(-2 / 3)
    assert exponent(laws.COLE_CARACO1998, 5.0) == exponent(laws.RAYMOND2012_EQ1, 2.0) == -0.5


def test_schmidt_number_agrees_with_the_older_cubic() -> None:
    """Wanninkhof (1992): 1911.1 - 118.11 T + 3.4527 T^2 - 0.04132 T^3, within 2.2 % from 0 to 30 degC."""
    for t in range(31):
        older = 1911.1 - 118.11 * t + 3.4527 * t**2 - 0.04132 * t**3
        assert python_callable(gas.schmidt_co2)(float(t)) == pytest.approx(older, rel=0.022)


def test_hydration_kinetics_of_the_literature() -> None:
    """chemistry notes 2: Usdowski 0.0067 and 0.026 s-1 at 10 and 25 degC, Johnson 0.037 at 25; OH- 2.6e3 and 8.4e3."""
    law, rate = gas.HydrationLaw, python_callable(gas.hydration_rate)
    assert rate(25.0, law.JOHNSON1982) == pytest.approx(0.0371, rel=0.01)
    assert rate(25.0) == rate(25.0, law.JOHNSON1982)
    assert rate(25.0, law.USDOWSKI1982) == pytest.approx(0.026, rel=0.01)
    assert rate(10.0, law.USDOWSKI1982) == pytest.approx(0.0067, rel=0.01)
    assert python_callable(gas.hydroxylation_rate)(25.0) == pytest.approx(8.4e3, rel=0.03)
    assert python_callable(gas.hydroxylation_rate)(10.0) == pytest.approx(2.6e3, rel=0.03)


def test_back_reactions_by_detailed_balance() -> None:
    """Johnson (1982), 25 degC: 7.6e4 L mol-1 s-1 and 1.8e-4 s-1; Kaufmann & Dreybrodt (2007): 10^(14.09 - 5308/T)."""
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    back, hydration = python_callable(gas.back_rates), python_callable(gas.hydration_rate)
    for temperature in (5.0, 10.0, 25.0):
        python_callable(set_temperature)(k, temperature, 0)
        oh = python_callable(gas.hydroxylation_rate)(temperature)
        dehydration, dehydroxylation = back(hydration(temperature), oh, k.k1, k.kw)
        published = 10.0 ** (14.09 - 5308.0 / (temperature + 273.15))
        assert dehydroxylation == pytest.approx(published, rel=0.05)
    assert dehydration == pytest.approx(7.6e4, rel=0.1)
    assert dehydroxylation == pytest.approx(1.8e-4, rel=0.1)


def test_chemical_enhancement_matters_only_at_high_ph() -> None:
    enhance = python_callable(gas.chemical_enhancement)
    k1, k2, kw = 10**-6.35, 10**-10.33, 1e-14

    def at(ph: float, velocity: float, ca: float = 1.0) -> float:
        return enhance(10.0**-ph, k1, k2, kw * 10.0**ph, velocity, 25.0, ca)

    slow = 0.5 / 86400.0
    assert at(4.0, slow) == pytest.approx(1.0, abs=0.01)
    assert at(7.0, 5.0 / 86400.0) == pytest.approx(1.0, abs=0.02)
    assert at(9.5, slow) > 3.0
    assert at(9.5, 20.0 / 86400.0) < at(9.5, slow) < at(9.5, slow, ca=10.0)
    values = [at(ph, slow) for ph in np.linspace(4.0, 11.0, 50)]
    assert all(v >= 1.0 - 1e-12 for v in values)
    assert math.isnan(at(math.nan, slow))


def test_enhancement_follows_the_hydration_law() -> None:
    """The slower constant enhances less, by at most its square root (thick films: E -> Q ~ sqrt r)."""
    enhance, rate = python_callable(gas.chemical_enhancement), python_callable(gas.hydration_rate)
    k1, k2, kw = 10**-6.35, 10**-10.33, 1e-14
    law = gas.HydrationLaw
    slow = 0.2 / 86400.0
    for ph in np.linspace(7.0, 10.5, 15):
        water = (10.0**-ph, k1, k2, kw * 10.0**ph, slow, 25.0, 1.0)
        fast, weak = enhance(*water, law.JOHNSON1982), enhance(*water, law.USDOWSKI1982)
        assert enhance(*water) == fast
        assert 1.0 < weak < fast
        assert fast / weak < math.sqrt(rate(25.0, law.JOHNSON1982) / rate(25.0, law.USDOWSKI1982))


def test_enhancement_limits() -> None:
    """No reaction: 1. Stirred water: 1. A thick film with all DIC ionised, tau -> 1 + h/K1 -> 1: Q coth Q -> Q."""
    enhance = python_callable(gas.chemical_enhancement)
    k1, k2, kw = 10**-6.35, 10**-10.33, 1e-14
    assert enhance(1e-9, k1, k2, 1e-5, 1.0, 25.0, 1.0) == pytest.approx(1.0, abs=1e-6)
    assert enhance(1e-2, k1, k2, 1e-12, 1e-7, 25.0, 1.0) == pytest.approx(1.0, abs=1e-4)
    h, velocity = 10.0**-10.5, 1e-6
    d = python_callable(gas.diffusion_co2)(25.0)
    r = python_callable(gas.hydration_rate)(25.0) + python_callable(gas.hydroxylation_rate)(25.0) * kw / h
    tau = 1.0 + h * h / (k1 * k2 + k1 * h)
    q = d / velocity * math.sqrt(r * tau / d)
    assert q > 50.0
    assert enhance(h, k1, k2, kw / h, velocity, 25.0, 1.0) == pytest.approx(tau / (tau - 1.0 + 1.0 / q))


def test_fugacity_of_co2() -> None:
    """chemistry notes 1: 1 - phi = 5.5e-4 at 0.1 atm and 1.7e-3 at 0.316 atm, 25 degC (Peng-Robinson)."""
    phi = python_callable(gas.fugacity_coefficient_co2)
    assert 1.0 - phi(25.0, 0.1) == pytest.approx(5.5e-4, rel=0.02)
    assert 1.0 - phi(25.0, 0.316) == pytest.approx(1.75e-3, rel=0.02)
    assert phi(25.0, 0.0) == 1.0
    assert math.isnan(phi(25.0, math.nan))
    back = python_callable(gas.co2_pressure)
    for p in (1e-4, 1e-2, 0.3):
        assert back(10.0, p * phi(10.0, p)) == pytest.approx(p, rel=1e-12, abs=0.0)

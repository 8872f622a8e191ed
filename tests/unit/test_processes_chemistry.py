"""Dissolution with and without gas, and films, against closed forms and stiff solvers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_waters import K15, constants, water_of

from karstsim.chemistry.equilibrium import equilibrate_closed, equilibrate_open
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import kernel, python_callable
from karstsim.forcing.records import FORCING
from karstsim.processes import soil
from karstsim.processes.dissolution import closed_step, open_step, rate_constant
from karstsim.processes.soil import rock_film

OPEN, CLOSED = python_callable(open_step), python_callable(closed_step)
SPECIATE = python_callable(speciate)
EQUILIBRATE_OPEN, EQUILIBRATE_CLOSED = python_callable(equilibrate_open), python_callable(equilibrate_closed)
ALK_DIC = int(Mode.ALK_DIC)
TAIL = (0.9, 4.0)
N = 13


def _saturation_index(x: np.record) -> float:
    y = x.copy()
    y.ph = 0.0
    SPECIATE(y, K15, ALK_DIC)
    return float(y.si_calcite)


WATERS = st.tuples(st.floats(1e-5, 4e-3), st.floats(1e-5, 8e-3), st.floats(0.0, 1e-3), st.floats(0.0, 5e-4))


# ------------------------------------------------------------------------------------------------ open and closed


@settings(max_examples=150, deadline=None)
@given(
    WATERS, st.floats(0.0, 0.5), st.floats(4e-4, 5e-2), st.floats(0.0, 20.0),
    st.floats(0.0, 2.0), st.floats(0.0, 30.0),
)  # fmt: skip
def test_open_step_books_what_it_moves(water, mg_share, pco2, k_dt, rain_dt, slope) -> None:
    """DIC, Ca, Mg and alkalinity afterwards are those before plus rock and gas; precipitation takes no Mg."""
    ca, dic, mg, so4 = water
    x = water_of(ca, dic, mg, so4)
    rock, gas = OPEN(x, K15, mg_share, pco2, slope, k_dt, rain_dt, 0.3, *TAIL)
    taken = mg_share * max(rock, 0.0)
    scale = 1e-13 + 1e-10 * (dic + ca + abs(rock) + abs(gas))
    assert x.dic == pytest.approx(dic + rock + gas, abs=scale)
    assert x.ca == pytest.approx(ca + rock - taken, abs=scale)
    assert x.mg == pytest.approx(mg + taken, abs=scale)
    assert x.alkalinity == pytest.approx(2.0 * (ca + mg - so4) + 2.0 * rock, abs=scale)
    assert x.ca > 0.0


@settings(max_examples=200, deadline=None)
@given(
    st.floats(1e-5, 3e-3),
    st.floats(1.0, 2.5),
    st.floats(4e-4, 3e-2),
    st.floats(0.01, 20.0),
    st.floats(0.0, 300.0),
)
def test_dissolving_never_leaves_water_supersaturated(ca, ratio, pco2, k_dt, slope) -> None:
    """Rock dissolves against the pressure that its own uptake leaves: SI <= 0 after it, however steep the gas phase."""
    x = water_of(ca, 2.0 * ratio * ca)
    rock, _ = OPEN(x, K15, 0.0, pco2, slope, k_dt, 0.025 * k_dt, 0.3, *TAIL)
    assert x.dic > 0.0 and x.ca > 0.0
    si = _saturation_index(x)
    if rock > 1e-9:
        assert si <= 2e-3, f"dissolved to SI {si:+.2f}"
    elif rock < -1e-9:
        assert si >= -1e-3, f"precipitated to SI {si:+.2f}"


def test_supersaturated_water_without_magnesium_precipitates_calcite_from_dolomitic_rock() -> None:
    """SI 0.45 with no Mg over rock with Mg: what grows is calcite, so the missing magnesium does not matter."""
    closed, opened = water_of(3e-3, 6.5e-3), water_of(3e-3, 6.5e-3)
    assert _saturation_index(closed) > 0.4
    assert CLOSED(closed, K15, 0.3, 5.0, 5.0, 0.3, *TAIL) < -1e-4
    rock, _ = OPEN(opened, K15, 0.3, 1e-3, 10.0, 5.0, 5.0, 0.3, *TAIL)
    assert rock < -1e-4
    assert closed.mg == opened.mg == 0.0


@settings(max_examples=200, deadline=None)
@given(WATERS, st.floats(4e-4, 5e-2), st.floats(0.0, 20.0), st.floats(0.0, 30.0))
def test_no_open_step_takes_more_carbon_than_there_is(water, pco2, k_dt, rain_dt) -> None:
    """DIC and Ca stay positive for any rates, the limits (no gas, all rock) and soda waters included."""
    ca, dic, mg, so4 = water
    x = water_of(ca, dic, mg, so4)
    OPEN(x, K15, 0.0, pco2, 0.0, k_dt, rain_dt, 0.0, *TAIL)
    assert x.dic > 0.0 and x.ca > 0.0 and math.isfinite(x.ph)


@settings(max_examples=150, deadline=None)
@given(WATERS, st.floats(0.0, 0.5), st.floats(0.0, 20.0), st.floats(0.0, 2.0))
def test_closed_step_books_what_it_moves(water, mg_share, k_dt, rain_dt) -> None:
    ca, dic, mg, so4 = water
    x = water_of(ca, dic, mg, so4)
    rock = CLOSED(x, K15, mg_share, k_dt, rain_dt, 0.3, *TAIL)
    taken = mg_share * max(rock, 0.0)
    scale = 1e-13 + 1e-10 * (dic + ca + abs(rock))
    assert x.dic == pytest.approx(dic + rock, abs=scale)
    assert x.ca == pytest.approx(ca + rock - taken, abs=scale)
    assert x.mg == pytest.approx(mg + taken, abs=scale)
    assert x.ca > 0.0 and x.dic > 0.0 and math.isfinite(x.ph)


@settings(max_examples=120, deadline=None)
@given(WATERS, st.sampled_from(["open", "closed"]), st.floats(0.01, 20.0), st.floats(0.0, 1.0))
def test_rock_follows_the_saturation_index(water, system, k_dt, threshold) -> None:
    """Undersaturated water dissolves, supersaturated precipitates only above its threshold, and never past SI = 0.

    An open water is judged after its gas exchange, so its sign is tested at the pressure it already has.
    """
    ca, dic, mg, so4 = water
    x = water_of(ca, dic, mg, so4)
    probe = x.copy()
    SPECIATE(probe, K15, ALK_DIC)
    si, pressure = probe.si_calcite, probe.pco2
    if system == "open":
        if not 1e-6 < pressure < 1.0:
            return
        rock, _ = OPEN(x, K15, 0.0, pressure, 0.0, k_dt, k_dt, threshold, *TAIL)
    else:
        rock = CLOSED(x, K15, 0.0, k_dt, k_dt, threshold, *TAIL)
    if si < -1e-6:
        assert rock > 0.0
        assert _saturation_index(x) <= 1e-6
    elif 1e-6 < si < threshold - 1e-6:
        assert rock == 0.0
    elif si > threshold + 1e-6:
        assert rock < 0.0
        assert _saturation_index(x) >= -1e-6


@pytest.mark.parametrize("mg_share", [0.0, 0.09, 0.5])
@pytest.mark.parametrize("pco2", [4e-4, 1e-2])
def test_nothing_dissolves_at_saturation(mg_share, pco2) -> None:
    """A water brought to SI = 0 stays: |rock| below 1e-9 of its calcium, open and closed."""
    x = water_of(1e-4, 1e-4)
    EQUILIBRATE_OPEN(x, K15, mg_share, pco2, 0.0)
    assert abs(x.si_calcite) < 1e-9
    for system in ("open", "closed"):
        y = x.copy()
        if system == "open":
            rock, gas = OPEN(y, K15, mg_share, pco2, 0.0, 5.0, 1.0, 0.0, *TAIL)
            assert abs(gas) < 1e-9 * x.dic
        else:
            rock = CLOSED(y, K15, mg_share, 5.0, 1.0, 0.0, *TAIL)
        assert abs(rock) < 1e-9 * x.ca


@settings(max_examples=100, deadline=None)
@given(
    st.floats(1e-5, 1e-3),
    st.floats(0.0, 0.5),
    st.floats(4e-4, 5e-2),
    st.floats(0.01, 10.0),
    st.floats(0.05, 0.95),
)
def test_two_open_steps_are_one_at_fixed_pressure(ca, mg_share, pco2, k_dt, part) -> None:
    """With instant gas exchange at a fixed pressure c_eq does not move, and the relaxation is a semigroup."""
    once, twice = water_of(ca, 2.0 * ca), water_of(ca, 2.0 * ca)
    total, gas = OPEN(once, K15, mg_share, pco2, 0.0, k_dt, 0.0, 0.3, *TAIL)
    first, gas_1 = OPEN(twice, K15, mg_share, pco2, 0.0, part * k_dt, 0.0, 0.3, *TAIL)
    second, gas_2 = OPEN(twice, K15, mg_share, pco2, 0.0, (1.0 - part) * k_dt, 0.0, 0.3, *TAIL)
    assert first + second == pytest.approx(total, rel=1e-7)
    assert gas_1 + gas_2 == pytest.approx(gas, rel=1e-7)


@settings(max_examples=100, deadline=None)
@given(
    st.floats(1e-5, 1e-3),
    st.floats(1e-3, 8e-3),
    st.floats(0.0, 0.5),
    st.floats(0.01, 10.0),
    st.floats(0.05, 0.95),
)
def test_two_closed_steps_are_one(ca, dic, mg_share, k_dt, part) -> None:
    """A closed water keeps its saturated composition while it dissolves, so the relaxation is a semigroup too."""
    once, twice = water_of(ca, dic), water_of(ca, dic)
    total = CLOSED(once, K15, mg_share, k_dt, 0.0, 0.3, *TAIL)
    first = CLOSED(twice, K15, mg_share, part * k_dt, 0.0, 0.3, *TAIL)
    second = CLOSED(twice, K15, mg_share, (1.0 - part) * k_dt, 0.0, 0.3, *TAIL)
    if total > 1e-9:
        assert first + second == pytest.approx(total, rel=1e-7)


def test_open_water_reaches_the_published_calcium() -> None:
    """15 degC, 10^-2 atm, calcite: 1.946 mmol Ca (design notes 4.6); with 1 meq HNO3 more of it, 2.318."""
    x = water_of(1e-9, 1e-9)
    OPEN(x, K15, 0.0, 1e-2, 0.0, 1e6, 0.0, 0.3, 1.0, 1.0)
    assert x.ca * 1e3 == pytest.approx(1.946, rel=5e-3)
    x = water_of(1e-9, 1e-9)
    x.no3, x.alkalinity = 1e-3, x.alkalinity - 1e-3
    OPEN(x, K15, 0.0, 1e-2, 0.0, 1e6, 0.0, 0.3, 1.0, 1.0)
    assert x.ca * 1e3 == pytest.approx(2.318, rel=5e-3)


def test_gas_pressure_falls_with_what_the_water_takes() -> None:
    """With slope s the water ends in equilibrium with p0 - s g: pco2 of the water after says so."""
    x = water_of(1e-4, 2e-4)
    _, gas = OPEN(x, K15, 0.0, 1e-2, 1.5, 3.0, 0.0, 0.3, *TAIL)
    assert x.pco2 == pytest.approx(1e-2 - 1.5 * gas, rel=1e-8)
    assert 0.0 < x.pco2 < 1e-2


# ------------------------------------------------------------------------------------------------ films


@pytest.mark.parametrize(("contact", "low", "high"), [(15.0, 0.40, 0.80), (5.0, 0.25, 0.60)])
def test_rock_film_reaches_half_of_saturation(record_of, on_rows, contact, low, high) -> None:
    """design notes 4.5: 5-60 min on bare rock give 40-80 % of c_eq; default 15 min at 15 degC, CA factor 1.

    k = 1e4 m-1 x 1.18e-7 m s-1 (film model, open film 0.1 mm thick, 4.1e-4 atm) = 1.18e-3 s-1, so 900 s give
    1 - exp(-1.06) = 65 %, 300 s 30 %.
    """
    p, f = record_of(soil.PARAMS, rock_fraction=1.0, ca_factor=1.0), record_of(soil.FLUXES)
    p.rock_film_contact = contact
    down = record_of(soil.FLUXES)
    rain = down.infiltration
    rain.volume, rain.sol.ca, rain.sol.na = 10.0, 4e-4, 2e-4
    rain.sol.cl, rain.sol.so4, rain.sol.no3, rain.sol.dic = 2e-4, 3e-4, 2e-4, 2e-4
    x, k = np.zeros(1, SOLUTION_DTYPE)[0], constants(15.0)
    forcing = record_of(FORCING, tas=15.0, co2=410.0, ps=101325.0)
    on_rows(_film)(p, f, down, forcing, x, k)
    saturated = water_of(4e-5, 2e-5)
    saturated.na, saturated.cl, saturated.so4, saturated.no3, saturated.alkalinity = (
        2e-5,
        2e-5,
        3e-5,
        2e-5,
        0.0,
    )
    at_equilibrium, _ = EQUILIBRATE_OPEN(saturated, K15, p.rock_film_mg, 410e-6, 0.0)
    share = f.rock_film_dissolution / 10.0 / at_equilibrium
    assert low < share < high
    assert share == pytest.approx(1.0 - math.exp(-1.18e-3 * 60.0 * contact), rel=0.02)


@kernel
def _film(p, f, down, forcing, x, k):
    rock_film.step(p, f, down.infiltration, forcing, x, k, 1.0, 13)


def test_rate_constants_of_the_science_page() -> None:
    """design notes 4.5, 1/k at 15 degC: A/V 500: 3 h, 100: 16 h, 2000: 0.8 h, 20: 3.3 d (alpha 1.69e-7 m/s).

    The film model with activity coefficients gives 2.17e-7 at 0.3 mm and 10^-2 atm: 29 % faster.
    """
    rate = python_callable(rate_constant)
    for area_to_volume, hours in ((500.0, 3.3), (100.0, 16.5), (2000.0, 0.82), (20.0, 82.0)):
        assert 24.0 / rate(area_to_volume, 0.3, 15.0, 1e-2, 1.0) == pytest.approx(hours / 1.29, rel=0.03)

"""Sources of carbon add up to it where a gas is nearly used up, and where soil air lacks open air that water takes."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.isotopes import delta_to_fraction
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import kernel, python_callable
from karstsim.core.solutes import N_CORE, N_TRACERS
from karstsim.core.spec import Store, Var
from karstsim.processes import tracers
from karstsim.processes.soil import isotopes as of_soil
from karstsim.processes.tracers import ATMOSPHERE, C13, C14, ISOTOPES, ROCK, SOIL, tracer_block

pytestmark = pytest.mark.nojit
WATER = (Store("water", "water"), *(tracer_block(n, n) for n in ("solid", "air", "taken")))
BASE = (
    *(tracer_block(n, n) for n in ("air_of", "gas_of", "taken")),
    *(Var(n, "1", n) for n in ("base_pco2_slope", "slower_by_c13")),
)
FRACTION, ONE_WAY = python_callable(delta_to_fraction), python_callable(tracers.alpha_into_water)
SET, SPECIATE = python_callable(set_temperature), python_callable(speciate)
PRESSURE, DT = 1.0e-3, 1.0


@kernel
def _exchange(r, gas, pressure, slope, out, x):
    r.water.sol.dic += gas
    tracers.exchange(r.water.sol, r.solid, 0.0, gas, r.air, pressure, slope, slope, out, x, r.taken)


@kernel
def _debit(r):
    of_soil.swap_with_open_air(r, r.taken, DT)
    of_soil.lower(r, r.taken, DT)


def _alkaline() -> np.ndarray:
    """One row of water with sodium hydroxide, mol kg-1: pH 12 at 15 degC."""
    x, k = np.zeros(1, SOLUTION_DTYPE), np.zeros(1, CONSTANTS_DTYPE)
    SET(k[0], 15.0, 0)
    x[0].temperature, x[0].dic, x[0].alkalinity, x[0].na = 15.0, 1.0e-3, 1.2e-2, 1.2e-2
    SPECIATE(x[0], k[0], int(Mode.ALK_DIC))
    return x


def _tags(v: np.ndarray) -> float:
    return float(v[ISOTOPES:N_TRACERS].sum())


@pytest.mark.parametrize("left", [0.5, 1e-2, 2e-5, 1e-9, 1e-14, 0.0])
@pytest.mark.parametrize("out", [0.0, 1e-4])
def test_tags_add_up_when_water_uses_the_gas_up(record_of, on_rows, left, out) -> None:
    """Alkaline water leaves the share `left` of the gas: DIC is the sum of its sources, down to nothing left.

    Without gross exchange 13C is known. It enters one way with a = alpha/(1 + (alpha - 1) F), F its share in the gas,
    against its own pressure, J = a F G y/(p F), y = F p0 - s J, s G = p0 (1 - left), p = p0 left, so

        J/(F G) = a/(left + a (1 - left)),

    which is a from a large gas, and one from a gas that all goes into the water.
    """
    x = _alkaline()
    r = record_of(WATER)
    sol, dic, gas = r.water.sol, 1.0e-3, 2.0e-3
    fraction = FRACTION(-20.0)
    sol.dic, sol.v[N_CORE + ROCK], sol.v[N_CORE + C13] = dic, dic, dic * FRACTION(0.0)
    r.air.v[SOIL], r.air.v[ATMOSPHERE] = 0.7 * PRESSURE, 0.3 * PRESSURE
    r.air.v[C13], r.air.v[C14] = fraction * PRESSURE, PRESSURE
    slope = PRESSURE * (1.0 - left) / gas
    on_rows(_exchange)(r, gas, PRESSURE - slope * gas, slope, out, x[0])
    assert _tags(sol.v[N_CORE:]) == pytest.approx(dic + gas, rel=1e-14, abs=0.0)
    assert _tags(r.taken.v) == pytest.approx(gas, rel=1e-14, abs=0.0)
    if out == 0.0:
        a = ONE_WAY(x[0])
        a /= 1.0 + (a - 1.0) * fraction
        assert r.taken.v[C13] / (fraction * gas) == pytest.approx(
            a / (left + a * (1.0 - left)), rel=1e-12, abs=0.0
        )


@pytest.mark.parametrize("atmosphere", [0.2e-3, 0.6e-3])
def test_open_air_pays_for_its_own_co2(record_of, on_rows, atmosphere) -> None:
    """Water takes 0.4e-3 atm of the open air's CO2 and returns 0.3e-3 of rock: soil air ends with 0.1e-3 less.

    Where soil air has 0.6e-3 of the open air's, that is all. Where it has 0.2e-3 it lacks 0.2e-3. The open air brings
    that to the 0.8e-3 of soil and 0.3e-3 of rock which are left, and takes 0.2e-3 of the 1.1e-3: of each 2/11.
    """
    r = record_of(BASE)
    r.base_pco2_slope, r.slower_by_c13 = 0.5, 1.0
    r.air_of.v[ATMOSPHERE], r.air_of.v[C13], r.air_of.v[C14] = 0.4e-3, 0.4e-3 * FRACTION(-8.0), 0.4e-3
    r.gas_of.v[SOIL], r.gas_of.v[ATMOSPHERE] = 0.8e-3, atmosphere
    r.gas_of.v[C13], r.gas_of.v[C14] = 1.0e-3 * FRACTION(-20.0), 1.0e-3
    r.taken.v[ATMOSPHERE], r.taken.v[ROCK] = 0.4e-3 / 0.5, -0.3e-3 / 0.5
    on_rows(_debit)(r)
    kept = 1.0 if atmosphere > 0.4e-3 else 9.0 / 11.0
    assert r.gas_of.v[SOIL] == pytest.approx(0.8e-3 * kept, rel=1e-12, abs=0.0)
    assert r.gas_of.v[ROCK] == pytest.approx(0.3e-3 * kept, rel=1e-12, abs=0.0)
    assert r.gas_of.v[ATMOSPHERE] == pytest.approx(max(atmosphere - 0.4e-3, 0.0), abs=1e-18)
    assert _tags(r.taken.v) == pytest.approx(0.1e-3 / 0.5, rel=1e-12, abs=0.0)
    air = 0.2e-3 * FRACTION(-8.0) if kept < 1.0 else 0.0
    expected = kept * (1.0e-3 * FRACTION(-20.0) + air)
    assert r.gas_of.v[C13] == pytest.approx(expected, rel=1e-12, abs=0.0)
    assert r.taken.v[C13] == pytest.approx((1.0e-3 * FRACTION(-20.0) - expected) / 0.5, rel=1e-9)

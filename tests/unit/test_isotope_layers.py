"""Isotopes and source tags in layers of soil air, in every book, and of one rock."""

from __future__ import annotations

import math

import numpy as np
import pytest

from karstsim.chemistry.isotopes import delta_to_fraction, soil_co2_delta
from karstsim.core.jit import kernel, python_callable
from karstsim.core.solutes import N_TRACERS
from karstsim.forcing.records import FORCING
from karstsim.model.books import BOOKED
from karstsim.model.engine import step_window
from karstsim.model.output import of_isotopes
from karstsim.model.registry import variables
from karstsim.model.simulate import Simulation
from karstsim.processes import cave, soil, tracers, vegetation
from karstsim.processes.soil import gas, gas_layers
from karstsim.processes.soil import isotopes as of_soil
from karstsim.processes.tracers import ATMOSPHERE, C13, C14, ISOTOPES, ROCK, SOIL

FRACTION, DELTA = python_callable(delta_to_fraction), python_callable(tracers.delta_of)
CERLING = python_callable(soil_co2_delta)
NO_OUTPUT = [np.zeros((0, 4), dtype=np.int64)] * 3
AIR_DELTA, RESPIRED = -8.5, -27.0
OUTSIDE = 410e-6 * 96000.0 / 101325.0  # atm
nojit = pytest.mark.nojit


@kernel
def _lower(f, dt):
    of_soil.lower(f, f.uptake_of, dt)


class Column:
    """One soil at 15 degC whose respiration is -27 permil, without 14C; stepped as column.py does."""

    def __init__(self, record_of, on_rows, n: int, water: float = 0.25) -> None:
        self.p, self.s = record_of(soil.PARAMS, gas_layers=n), record_of(soil.STATE)
        self.f, self.cave, self.plants = (record_of(c.FLUXES) for c in (soil, cave, vegetation))
        self.forcing = record_of(FORCING, ps=96000.0, co2=410.0, co2_d13c=AIR_DELTA, co2_c14=1.0)
        self.call = on_rows
        self.s.temperature, self.water = 15.0, water
        self.s.pore_water.volume = 1000.0 * self.p.depth * water
        self.f.air_of.v[C13], self.f.air_of.v[C14] = OUTSIDE * FRACTION(AIR_DELTA), OUTSIDE
        self.f.air_of.v[ATMOSPHERE] = OUTSIDE

    def step(self, production: float, uptake: np.ndarray, dt: float, water: float | None = None) -> None:
        """`production` and the `uptake` of CO2 by tracer are rates per day."""
        self.f.respiration = production * dt
        self.f.final_volume = 1000.0 * self.p.depth * (self.water if water is None else water)
        for i in range(ISOTOPES):
            self.f.from_air_of.v[i] = -sum(self.layer(j, i) for j in range(gas_layers.MOST_LAYERS))
        for i in range(N_TRACERS):
            self.f.respired_of.v[i], self.f.uptake_of.v[i] = 0.0, uptake[i] * dt
        self.f.respired_of.v[C13] = production * dt * FRACTION(RESPIRED)
        self.call(gas.step)(self.p, self.s, self.f, 0.0, self.forcing, dt)
        self.call(of_soil.respire)(self.p, self.s, self.f, self.plants, self.forcing, dt)
        self.call(gas.settle)(self.p, self.s, self.f, float(uptake[ISOTOPES:].sum() * dt))
        self.call(_lower)(self.f, dt)
        self.call(of_soil.vent)(self.p, self.s, self.f, self.cave)
        self.s.pore_water.volume = self.f.final_volume

    def layer(self, j: int, tracer: int) -> float:
        return float(self.s.air_tracers_of.v[j * N_TRACERS + tracer])

    def gas(self, tracer: int) -> float:
        return float(self.f.gas_of.v[tracer])


def _uptake(amount: float, delta: float = -20.0) -> np.ndarray:
    taken = np.zeros(N_TRACERS)
    taken[C13], taken[C14], taken[SOIL] = amount * FRACTION(delta), 0.1 * amount, 0.9 * amount
    taken[ATMOSPHERE] = 0.1 * amount
    return taken


@nojit
@pytest.mark.parametrize("n", [1, 5, 10])
@pytest.mark.parametrize("uptake", [0.0, 2e-3])
def test_layers_come_to_rest_in_cerlings_profile(record_of, on_rows, n, uptake) -> None:
    """At rest every tracer at the base is that of the steady profile, which is Cerling's mixture of -8.5 and -27."""
    layered, steady = Column(record_of, on_rows, n), Column(record_of, on_rows, 0)
    for _ in range(60):
        layered.step(0.1, _uptake(uptake), 1.0)
    steady.step(0.1, _uptake(uptake), 1.0)
    assert layered.f.base_pco2_slope == pytest.approx(steady.f.base_pco2_slope, rel=0.2)
    for i in range(N_TRACERS):
        assert layered.gas(i) == pytest.approx(steady.gas(i), rel=1e-5, abs=1e-15)
    assert layered.f.slower_by_c13 == pytest.approx(1.0044, abs=5e-4)
    if uptake == 0.0:
        base = layered.f.base_pco2_without_uptake
        by_delta = CERLING(OUTSIDE, base, AIR_DELTA, RESPIRED)
        assert DELTA(layered.gas(C13), base) == pytest.approx(by_delta, abs=0.01)


@nojit
@pytest.mark.parametrize("n", [1, 4, 10])
def test_a_layer_holds_its_tracers_through_wet_and_dry(record_of, on_rows, n) -> None:
    """Filling and draining pores, uptake and what water gives back: tags are the CO2 of each layer, nothing is lost.

    What the air took of an isotope is what was respired and came out of the layers, less what water took.
    """
    c = Column(record_of, on_rows, n)
    back = np.zeros(N_TRACERS)
    back[C13], back[ROCK] = -1e-3 * FRACTION(1.0), -1e-3
    none = np.zeros(N_TRACERS)
    for production, taken, water in (
        (0.2, none, 0.4),
        (0.05, back, 0.45),
        (0.1, none, 0.1),
        (0.1, None, 0.3),
    ):
        if taken is None:
            taken = 2e-3 * c.f.gas_of.v / c.f.gas_of.v[ISOTOPES:].sum()
        before = [sum(c.layer(j, i) for j in range(n)) for i in range(ISOTOPES)]
        c.step(production, taken, 0.1, water)
        for j in range(n):
            tags = sum(c.layer(j, i) for i in range(ISOTOPES, N_TRACERS))
            assert tags == pytest.approx(c.s.air_co2.v[j], rel=1e-12, abs=0.0)
            assert min(c.layer(j, i) for i in range(N_TRACERS)) >= 0.0
        for i in range(ISOTOPES):
            after = sum(c.layer(j, i) for j in range(n))
            gained = c.f.respired_of.v[i] - 0.1 * taken[i] + c.f.from_air_of.v[i]
            assert after - before[i] == pytest.approx(gained, abs=1e-15)
    assert c.gas(ROCK) > 0.0  # rock carbon that water gave back is still there


@nojit
def test_a_light_pulse_ages_in_the_layers(record_of, on_rows) -> None:
    """After production stops 12CO2 leaves first: what is left of the soil's CO2 grows heavier until it is gone.

    Free of production, 12C and 13C fall as two exponentials whose rates k differ by 0.44 %: at the base the enrichment
    grows by 4.4 permil of 1 + delta per e-folding of the CO2 above the air's. Implicit steps fall by 1/(1 + k dt): for
    a fall g = ln(1 + k dt) of each the growth is (1 - e^-g)/g times that.
    """
    c = Column(record_of, on_rows, 5)
    for _ in range(60):
        c.step(0.1, np.zeros(N_TRACERS), 1.0)
    pulse = []
    for _ in range(40):
        c.step(0.0, np.zeros(N_TRACERS), 0.02)
        excess = c.f.base_pco2_without_uptake - OUTSIDE
        pulse.append((math.log(excess), DELTA(c.gas(C13) - c.f.air_of.v[C13], excess)))
    (log_a, delta_a), (log_b, delta_b) = pulse[20], pulse[39]
    by_step = (log_a - log_b) / 19.0
    share = -math.expm1(-by_step) / by_step
    assert 0.02 < by_step < 0.5
    assert (delta_b - delta_a) / (log_a - log_b) == pytest.approx(4.4 * 0.977 * share, rel=0.02)


# -------------------------------------------------------------------------------------------------------- whole runs


@pytest.fixture(scope="module")
def settled(climate_forcing, whole_site):
    """Everything on with five layers of soil air and four compartments of the conduit, after a monsoon year."""
    parameters = {"soil.gas_layers": 5, "cave.area_fraction": 0.1, "soil.rock_d13c": 2.0}
    run = Simulation(whole_site(), climate_forcing("monsoon", years=1), [parameters], isotopes=True)
    run.spin_up(0)
    wanted = ["catchment_imbalance_*", "catchment_gap_of_tags", "soil_co2_d13c", "aquifer_rock_d13c"]
    return run, run.run(["daily"], wanted)["daily"].isel(realization=0)


def test_books_close_with_layers(settled) -> None:
    """targets B: 1e-13 a step for every element and isotope, tags add up in every store, 1e-12 over the run."""
    run, out = settled
    assert max(float(out[f"catchment_imbalance_{e}"].max()) for e in BOOKED) <= 1e-13
    assert max(run.closure().values()) <= 1e-12
    assert float(out["catchment_gap_of_tags"].max()) <= 1e-12
    held = run.tables.state["tile"]["soil"]["air_tracers_of"]["v"]
    assert (held >= 0.0).all() and (held[..., SOIL] > 0.0).all()
    assert -28.0 < float(out["soil_co2_d13c"].mean()) < -8.0


def test_there_is_one_rock(settled) -> None:
    """Matrix and conduit dissolve the rock of the land above, weighted by its area."""
    run, out = settled
    assert "rock_d13c" not in (run.tables.params["column"]["aquifer"].dtype.names or ())
    np.testing.assert_allclose(out["aquifer_rock_d13c"], 2.0, rtol=1e-12)


def _stores() -> list:
    """Every state that is an amount of an isotope or of a source."""
    return [
        v
        for v in variables()
        if v.kind == "state"
        and v.var.units == "mol m-2"
        and of_isotopes(v.name)
        and not v.name.startswith("catchment_")
    ]


def _books_of(name: str) -> str:
    if "tag" in name:
        return "tags"
    return "carbon_14" if "14c" in name or "c14" in name or "carbon_14" in name else "carbon_13"


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["gain", "loss"])
def test_a_leak_in_any_store_of_any_tracer_is_noticed(settled, sign) -> None:
    """1e-8 mol m-2 of one tracer put into (or taken out of) one store: the next step's book of it shows that, no other.

    All waters, plants, soil carbon, solids, airs and boxes: 13C and 14C by their books, sources by `gap_of_tags`.
    """
    run, _ = settled
    states = {level: floats.copy() for level, floats in run.tables.state_floats.items()}
    day = run.forcing.window(180, 181)
    books = run.tables.flux["column"]["catchment"]
    stores = _stores()
    assert len(stores) >= 400
    missed = []
    for v in stores:
        for level, floats in run.tables.state_floats.items():
            floats[...] = states[level]
        run.tables.state_floats[v.level][..., v.offset] += sign * 1e-8
        step_window(run.tables, day, NO_OUTPUT, run.physics)
        found = {e: float(books["imbalance"][e][0]) for e in BOOKED}
        found["tags"] = float(books["gap_of_tags"][0])
        noticed = found.pop(_books_of(v.name))
        if noticed < 1e-11 or max(found.values()) > 2e-12:
            missed.append((v.name, noticed, max(found.values())))
    for level, floats in run.tables.state_floats.items():
        floats[...] = states[level]
    assert not missed


def test_a_restart_with_layers_changes_no_bit(settled, climate_forcing, whole_site, tmp_path) -> None:
    """Going on from a file gives every float of the state, layers and their tracers included."""
    forcing = climate_forcing("monsoon", years=1)
    parts = [{"soil.gas_layers": 5}]
    first, second = (
        Simulation(whole_site(), forcing.isel(time=part), parts, isotopes=True)
        for part in (slice(0, 60), slice(60, 120))
    )
    first.spin_up(0)
    first.run(["annual"])
    second.start_from(first.write_restart(tmp_path / "restart.nc"))
    second.run(["annual"])
    step_window(first.tables, second.forcing, NO_OUTPUT, first.physics)
    for level, floats in first.tables.state_floats.items():
        assert (floats == second.tables.state_floats[level]).all(), level

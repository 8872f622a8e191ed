"""Isotopes and source tags: the rules by which carbon keeps its origin, their end members, and whole runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.isotopes import (
    ALPHA_GAS_TRANSFER,
    alpha_calcite,
    alpha_co2,
    alpha_dic,
    alpha_hco3,
    carbon_shares,
    delta_to_fraction,
    soil_co2_delta,
)
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.errors import InputError
from karstsim.core.jit import kernel, python_callable
from karstsim.core.solutes import N_CORE, N_TRACERS
from karstsim.core.spec import Store
from karstsim.forcing.air_isotopes import with_air_isotopes
from karstsim.model.books import BOOKED
from karstsim.model.engine import step_window
from karstsim.model.simulate import Simulation
from karstsim.processes import tracers, vegetation
from karstsim.processes.soil import isotopes as of_soil
from karstsim.processes.tracers import ATMOSPHERE, C13, C14, ROCK, SOIL, tracer_block
from karstsim.processes.vegetation import isotopes as of_plants

nojit = pytest.mark.nojit
STORE = (Store("water", "water"), *(tracer_block(n, n) for n in ("solid", "air", "taken", "calcite")))
NO_OUTPUT = [np.zeros((0, 4), dtype=np.int64)] * 3
TEMPERATURE = 15.0
GAS_DELTA, ROCK_DELTA = -23.5, 1.0
FRACTION, DELTA = python_callable(delta_to_fraction), python_callable(tracers.delta_of)
SET, SPECIATE = python_callable(set_temperature), python_callable(speciate)
SHARES, ALPHA_DIC = python_callable(carbon_shares), python_callable(alpha_dic)
ALPHA_CO2, ALPHA_HCO3, ALPHA_CALCITE = (python_callable(f) for f in (alpha_co2, alpha_hco3, alpha_calcite))


def _speciated(dic: float = 4.2e-3, alkalinity: float = 4.0e-3) -> np.ndarray:
    """One row of water of calcium bicarbonate, mol kg-1, at 15 degC."""
    x, k = np.zeros(1, SOLUTION_DTYPE), np.zeros(1, CONSTANTS_DTYPE)
    SET(k[0], TEMPERATURE, 0)
    x[0].temperature, x[0].dic, x[0].alkalinity, x[0].ca = TEMPERATURE, dic, alkalinity, alkalinity / 2.0
    SPECIATE(x[0], k[0], int(Mode.ALK_DIC))
    return x


def _dic_alpha(x: np.ndarray) -> float:
    return ALPHA_DIC(0, TEMPERATURE, *SHARES(x[0]))


def _water(record_of, dic: float, delta: float = -12.0, tag: int = SOIL):
    """A store (with scratch blocks) whose DIC is of one source."""
    r = record_of(STORE)
    r.water.volume, r.water.sol.dic = 1.0, dic
    r.water.sol.v[N_CORE + C13] = dic * FRACTION(delta)
    r.water.sol.v[N_CORE + C14] = dic
    r.water.sol.v[N_CORE + tag] = dic
    return r


def _of(block, delta: float, activity: float, tag: int, amount: float = 1.0) -> None:
    block.v[C13], block.v[C14], block.v[tag] = amount * FRACTION(delta), amount * activity, amount


def _tags(sol) -> float:
    return float(sol.v[N_CORE + tracers.ISOTOPES : N_CORE + N_TRACERS].sum())


@kernel
def _exchange(r, rock, gas, pressure, slope, slope_13, out, x):
    tracers.exchange(r.water.sol, r.solid, rock, gas, r.air, pressure, slope, slope_13, out, x, r.taken)


@kernel
def _acid_share(r):
    return tracers.acid_share(r.water.sol)


@kernel
def _precipitate(r, calcite, x):
    r.water.sol.dic -= calcite
    tracers.precipitate(r.water.sol, r.calcite, r.water.sol.dic + calcite, calcite, x)


def _run_exchange(on_rows, r, x, rock=0.0, gas=0.0, pressure=0.01, slope=0.0, out=0.0) -> None:
    r.water.sol.dic += rock + gas
    on_rows(_exchange)(r, rock, gas, pressure, slope, slope, out, x[0])


# ----------------------------------------------------------------------------------------------------- end members


@nojit
def test_open_system_end_member(record_of, on_rows) -> None:
    """Long under soil CO2 of -23.5 permil at 15 degC, all DIC is soil carbon at the equilibrium with the gas.

    By Zhang et al. (1995): HCO3 is 10.78 - 0.1141 x 15 = 9.07 permil above the gas, so -14.4 (design notes 7); CO2(aq)
    1.24 below. The mixture here has 4.7 % CO2, so DIC lies between.
    """
    x = _speciated()
    r = _water(record_of, 4.2e-3, -3.0, ROCK)
    _of(r.air, GAS_DELTA, 1.0, SOIL, 0.01)
    _run_exchange(on_rows, r, x, out=1.0)
    sol = r.water.sol
    expected = _dic_alpha(x) * (GAS_DELTA + 1000.0) - 1000.0
    assert DELTA(sol.v[N_CORE + C13], sol.dic) == pytest.approx(expected, abs=1e-6)
    assert -15.2 < expected < -14.4
    hco3 = ALPHA_HCO3(0, TEMPERATURE) * (GAS_DELTA + 1000.0) - 1000.0
    assert hco3 == pytest.approx(-14.64, abs=0.01)  # -23.5 + 9.07 (1 - 0.0235)
    assert sol.v[N_CORE + SOIL] == pytest.approx(sol.dic, rel=1e-12, abs=0.0)
    assert abs(sol.v[N_CORE + ROCK]) < 1e-12 * sol.dic


@nojit
def test_closed_system_end_member(record_of, on_rows) -> None:
    """Without exchange DIC is half the gas's carbon and half the rock's: (-23.5 - 2.05 + 1)/2 = -12.3, 14C one half.

    Invading CO2 is lighter than the gas by the one-way factors -1.236 and -0.81 permil. design notes 7: -11 to -12,
    dead-carbon fraction 0.45 to 0.5.
    """
    x = _speciated(4.0e-3, 4.0e-3)
    r = _water(record_of, 0.0)
    _of(r.air, GAS_DELTA, 1.0, SOIL, 0.01)
    _of(r.solid, ROCK_DELTA, 0.0, ROCK, 2.0e-3)
    _run_exchange(on_rows, r, x, rock=2.0e-3, gas=2.0e-3)
    sol = r.water.sol
    one_way = ALPHA_GAS_TRANSFER * ALPHA_CO2(0, TEMPERATURE)
    expected = 0.5 * (one_way * (GAS_DELTA + 1000.0) - 1000.0) + 0.5 * ROCK_DELTA
    assert DELTA(sol.v[N_CORE + C13], sol.dic) == pytest.approx(expected, abs=3e-3)
    assert sol.v[N_CORE + C14] / sol.dic == pytest.approx(0.5, rel=1e-12, abs=0.0)
    assert sol.v[N_CORE + ROCK] == pytest.approx(0.5 * sol.dic, rel=1e-12, abs=0.0)


@nojit
@pytest.mark.parametrize("lost", [0.05, 0.3, 0.8])
def test_degassing_follows_rayleigh(record_of, on_rows, lost) -> None:
    """R/R0 = f^(alpha - 1) with the one-way alpha(gas - DIC); gas and water together keep the 13C."""
    x = _speciated()
    r = _water(record_of, 4.2e-3)
    before = float(r.water.sol.v[N_CORE + C13])
    _run_exchange(on_rows, r, x, gas=-lost * 4.2e-3)
    sol = r.water.sol
    alpha = ALPHA_GAS_TRANSFER * ALPHA_CO2(0, TEMPERATURE) / _dic_alpha(x)
    expected = (1000.0 - 12.0) * (1.0 - lost) ** (alpha - 1.0) - 1000.0
    assert DELTA(sol.v[N_CORE + C13], sol.dic) == pytest.approx(expected, abs=1e-9)
    assert sol.v[N_CORE + C13] - r.taken.v[C13] == pytest.approx(before, rel=1e-14, abs=0.0)
    assert _tags(sol) == pytest.approx(sol.dic, rel=1e-14, abs=0.0)


@nojit
def test_calcite_follows_rayleigh(record_of, on_rows) -> None:
    """Calcite is 1 permil above HCO3 (Romanek et al. 1992), HCO3 above DIC by its own share; 14C is not changed."""
    x = _speciated()
    r = _water(record_of, 4.2e-3)
    on_rows(_precipitate)(r, 0.4 * 4.2e-3, x[0])
    sol = r.water.sol
    alpha = ALPHA_CALCITE(0, TEMPERATURE) * ALPHA_HCO3(0, TEMPERATURE) / _dic_alpha(x)
    assert alpha == pytest.approx(1.0014, abs=2e-4)
    expected = (1000.0 - 12.0) * 0.6 ** (alpha - 1.0) - 1000.0
    assert DELTA(sol.v[N_CORE + C13], sol.dic) == pytest.approx(expected, abs=1e-9)
    assert r.calcite.v[C14] / (0.4 * 4.2e-3) == pytest.approx(1.0, rel=1e-12, abs=0.0)
    assert DELTA(r.calcite.v[C13], 0.4 * 4.2e-3) > -12.0


# -------------------------------------------------------------------------------------------------------- exchange


@nojit
@pytest.mark.parametrize("gas", [1.5e-3, -1.0e-3])
def test_exchange_agrees_with_its_differential_equation(record_of, on_rows, gas) -> None:
    """dN/dt = rock x_r + net in - O/DIC N + O y/p for a tag, to 2 %, though DIC changes by half.

    The law keeps e^-kt of what was there and (1 - e^-kt)/kt of what came, with k of the mean DIC; the equation has the
    DIC of each moment.
    """
    dic, rock, out = 4.0e-3, 1.0e-3, 2.0e-3
    x = _speciated(dic + rock + gas, 4.0e-3)
    r = _water(record_of, dic, tag=ROCK)
    _of(r.air, GAS_DELTA, 1.0, SOIL, 0.01)
    _of(r.solid, ROCK_DELTA, 0.0, ROCK, rock)
    _run_exchange(on_rows, r, x, rock=rock, gas=gas, out=out)

    def rates(t, n):
        total = dic + (rock + gas) * t
        return [rock - (out + max(-gas, 0.0)) * n[0] / total]

    exact = solve_ivp(rates, (0.0, 1.0), [dic], rtol=1e-10, atol=1e-14).y[0, -1]
    assert r.water.sol.v[N_CORE + ROCK] == pytest.approx(exact, rel=0.02)
    assert _tags(r.water.sol) == pytest.approx(r.water.sol.dic, rel=1e-13, abs=0.0)


@nojit
@pytest.mark.parametrize("slope", [0.0, 0.3, 50.0])
@pytest.mark.parametrize("gas", [1.0e-3, 0.0, -1.0e-3])
def test_no_tracer_is_made_or_lost(record_of, on_rows, slope, gas) -> None:
    """What the water gains is what solid and gas lose; all are positive; gas and water end with shares that add up."""
    x = _speciated()
    r = _water(record_of, 4.0e-3, tag=ROCK)
    _of(r.air, GAS_DELTA, 1.0, SOIL, 0.009 + slope * 1e-3)
    _of(r.solid, ROCK_DELTA, 0.0, ROCK, 5.0e-4)
    r.air.v[ATMOSPHERE] = 0.001
    start = r.water.sol.v[N_CORE : N_CORE + N_TRACERS].copy() + r.solid.v
    pressure = 0.01 + slope * 1e-3 - slope * gas
    _run_exchange(on_rows, r, x, rock=5.0e-4, gas=gas, pressure=pressure, slope=slope, out=1.0e-3)
    now = r.water.sol.v[N_CORE : N_CORE + N_TRACERS]
    assert now == pytest.approx(start + r.taken.v, rel=1e-12, abs=1e-18)
    assert (now >= 0.0).all() and (r.air.v - slope * r.taken.v >= -1e-15).all()
    assert _tags(r.water.sol) == pytest.approx(r.water.sol.dic, rel=1e-12, abs=0.0)
    assert r.taken.v[tracers.ISOTOPES :].sum() == pytest.approx(gas, abs=1e-15)


@nojit
def test_acid_share_of_rock(record_of, on_rows) -> None:
    """1 mol of H2SO4 in 2 mol of dissolved calcite (2 CaCO3 + H2SO4) is all of it; carbonic acid alone none."""
    r = record_of(STORE)
    r.water.sol.so4, r.water.sol.ca = 1.0, 2.0
    assert on_rows(_acid_share)(r) == 1.0
    r.water.sol.so4, r.water.sol.no3, r.water.sol.na = 0.0, 1.0, 0.5
    assert on_rows(_acid_share)(r) == pytest.approx(0.25)
    r.water.sol.na = 1.0
    assert on_rows(_acid_share)(r) == 0.0


# --------------------------------------------------------------------------------------------- plants and soil gas


@nojit
def test_plants_are_at_their_published_values(record_of, on_rows) -> None:
    """Under air of -8.5 permil and 410 ppm C3 plants fix -27, C4 -12.5; 100 ppm more, C3 2 permil less.

    C3 discrimination ends at 27 permil, that of carboxylation (Farquhar et al. 1982), 8.5 above 18.5 and so 425 ppm
    above 410; without CO2 it would be 10.3, and with the steepest slope it stops at the 4.4 of diffusion.
    """
    fixed = on_rows(of_plants.fixed_delta)
    plants = record_of(vegetation.PARAMS)
    assert fixed(plants, 410.0, -8.5) == pytest.approx(-27.0)
    assert fixed(record_of(vegetation.PARAMS, c4_share=1.0), 410.0, -8.5) == pytest.approx(-12.5)
    assert fixed(plants, 510.0, -8.5) == pytest.approx(-29.0)
    assert fixed(plants, 834.0, -8.5) == pytest.approx(-35.48)
    assert fixed(plants, 840.0, -8.5) == fixed(plants, 2000.0, -8.5) == -35.5
    assert fixed(plants, 0.0, -8.5) == pytest.approx(-18.8)
    steep = record_of(vegetation.PARAMS, c3_discrimination=14.0, c3_co2_effect=0.03)
    assert fixed(steep, 50.0, -8.5) == pytest.approx(-12.9)


@nojit
def test_soil_gas_is_cerlings_mixture(record_of, on_rows) -> None:
    """Air of 400 ppm and -8.5, respiration of -27: at 8,000 ppm the gas has Cerling's d13C and 5 % of the air's carbon.

    Cerling (1984) writes the mixture in deltas, the model in amounts: they agree within 0.01 permil.
    """
    from karstsim.forcing.records import FORCING
    from karstsim.processes import soil

    f, plants = record_of(soil.FLUXES), record_of(vegetation.FLUXES)
    forcing = record_of(FORCING, co2=400.0, ps=101325.0, co2_d13c=-8.5, co2_c14=1.0)
    f.co2_production, f.base_pco2_without_uptake = 1.0, 8.0e-3
    f.air_of.v[C13], f.air_of.v[ATMOSPHERE] = 4.0e-4 * FRACTION(-8.5), 4.0e-4
    f.respired_of.v[C13] = FRACTION(-27.0)
    on_rows(of_soil.respire)(record_of(soil.PARAMS), record_of(soil.STATE), f, plants, forcing, 1.0)
    cerling = python_callable(soil_co2_delta)(400.0, 8000.0, -8.5, -27.0)
    assert cerling == pytest.approx(-22.01, abs=0.01)  # 0.95 (-27 x 1.0044 + 4.4) + 0.05 x -8.5
    assert f.co2_d13c == pytest.approx(cerling, abs=0.01)
    assert f.gas_of.v[ATMOSPHERE] / 8.0e-3 == pytest.approx(0.05)
    assert f.gas_of.v[SOIL] / 8.0e-3 == pytest.approx(0.95)


def test_series_of_the_air(climate_forcing, tmp_path) -> None:
    """A bomb curve as CSV: straight lines between its years; a number holds all the time; nonsense is refused."""
    curve = tmp_path / "bomb.csv"
    curve.write_text("year,Delta14co2\n2000,100\n2002,80\n")
    forcing = with_air_isotopes(climate_forcing("monsoon"), delta13co2=-8.0, Delta14co2=curve)
    assert float(forcing["Delta14co2"][0]) == pytest.approx(90.0, abs=0.1)
    assert (forcing["delta13co2"] == -8.0).all()
    with pytest.raises(InputError, match="outside"):
        with_air_isotopes(forcing, delta13co2=27.0)
    with pytest.raises(InputError, match="no table"):
        with_air_isotopes(forcing, Delta14co2=tmp_path / "none.csv")


# ------------------------------------------------------------------------------------------------------ whole runs


@pytest.fixture(scope="module")
def settled(climate_forcing, whole_site):
    """Six land uses with management, spun up for twelve years of a monsoon climate, and a year's output."""
    run = Simulation(whole_site(n_boxes=0), climate_forcing("monsoon", years=1), isotopes=True)
    run.spin_up(12)
    wanted = [
        "aquifer_spring",
        "aquifer_spring_*",
        "soil_co2_d13c",
        "soil_respired_d13c",
        "catchment_imbalance_*",
    ]
    return run, run.run(["daily"], [*wanted, "cave_calcite_*"])["daily"].isel(realization=0)


def test_thirteen_carbon_closes_as_carbon_does(settled) -> None:
    """targets B: 1e-13 of stocks and fluxes in each step, 1e-12 in total, for every element and isotope."""
    run, out = settled
    assert max(float(out[f"catchment_imbalance_{e}"].max()) for e in BOOKED) <= 1e-13
    assert max(run.closure().values()) <= 1e-12
    assert run.closure()["carbon_13"] > 0.0 or float(out["catchment_imbalance_carbon_13"].max()) > 0.0


def test_tags_add_up_to_the_carbon(settled) -> None:
    """In every water of the state, to rounding; and no tracer is negative."""
    run, _ = settled
    tile, aquifer = run.tables.state["tile"], run.tables.state["column"]["aquifer"]
    for water in (
        tile["soil"]["pore_water"],
        tile["epikarst"]["water"],
        aquifer["matrix"],
        aquifer["conduit"],
    ):
        v = water["sol"]["v"]
        tags = v[..., N_CORE + tracers.ISOTOPES : N_CORE + N_TRACERS]
        assert tags.sum(axis=-1) == pytest.approx(water["sol"]["dic"], rel=1e-11)
        assert (v[..., N_CORE:] >= 0.0).all()
    held = tile["cave"]["air_of"]["v"]
    assert held[..., tracers.ISOTOPES :].sum(axis=-1) == pytest.approx(tile["cave"]["air_co2"], rel=1e-9)
    assert (held >= 0.0).all()


def test_no_cave_pays_with_carbon_that_it_does_not_have(whole_site, climate_forcing) -> None:
    """Air of caves under forest, cropland and bare rock over one conduit: no source falls below nothing on any day."""
    run = Simulation(whole_site(), climate_forcing("monsoon"), [{}], isotopes=True)
    run.spin_up(0)
    out = run.run(["daily"], ["cave_air_of_*", "catchment_gap_of_tags"])["daily"]
    tags = [name for name in out if name.startswith("cave_air_of_tag_")]
    assert len(tags) == N_TRACERS - tracers.ISOTOPES
    assert min(float(out[name].min()) for name in tags) >= 0.0
    assert float(out["catchment_gap_of_tags"].max()) <= 1e-12


def test_numbers_are_those_of_karst(settled) -> None:
    """Soil CO2 -20 to -24 and 4.4 above respiration less the air's part; spring -10 to -16; dead carbon 0.05 to 0.3."""
    _, out = settled
    soil, respired = out["soil_co2_d13c"].mean("time"), out["soil_respired_d13c"].mean("time")
    green = soil.land_use != "bare_rock"  # bare rock's thin soil is mostly the air's
    assert ((soil[green] > -24.0) & (soil[green] < -16.0)).all() and (soil[~green] > -14.0).all()
    assert (soil > respired).all()
    assert -16.0 < float(out["aquifer_spring_d13c"].mean()) < -10.0
    assert 0.05 < float(out["aquifer_spring_dead_carbon"].mean()) < 0.3
    floor = (
        out["cave_calcite_d13c"].isel(time=-1)[green].max()
    )  # thin air and water of bare rock is another matter
    assert -13.0 < float(floor) < -2.0


def test_a_leak_of_thirteen_carbon_is_seen(settled) -> None:
    """13C added to or taken out of humus beside the books: the next step shows it, of that size; others stay closed."""
    run, _ = settled
    states = [s.copy() for s in run.tables.state_floats.values()]
    books = run.tables.state["column"]["catchment"]
    area = run.tables.state["tile"]["tile"]["area_fraction"][0].sum()
    for leak in (1e-9, -1e-9):
        before = books["residual"].copy()
        run.tables.state["tile"]["soil"]["organic_c13"]["hum"] += leak
        step_window(run.tables, run.forcing.window(0, 1), NO_OUTPUT, run.physics)
        missing = {e: float(books["residual"][e][0] - before[e][0]) for e in BOOKED}
        assert missing.pop("carbon_13") == pytest.approx(leak * area, rel=1e-3)
        assert max(map(abs, missing.values())) < 1e-11
    for floats, kept in zip(run.tables.state_floats.values(), states, strict=True):
        floats[...] = kept


def test_a_restart_changes_nothing(settled, climate_forcing, whole_site, tmp_path) -> None:
    """Going on from a file gives every float of the state that going on in memory gives, in surface water too."""
    forcing = climate_forcing("monsoon", years=1)
    first, second = (
        Simulation(whole_site(), forcing.isel(time=part), isotopes=True)
        for part in (slice(0, 100), slice(100, 200))
    )
    first.spin_up(0)
    first.run(["annual"])
    path = first.write_restart(tmp_path / "restart.nc")
    second.start_from(path)
    second.run(["annual"])
    step_window(first.tables, second.forcing, NO_OUTPUT, first.physics)
    for level, floats in first.tables.state_floats.items():
        assert (floats == second.tables.state_floats[level]).all(), level


def test_carbon_does_not_depend_on_its_isotopes(settled, climate_forcing, whole_site) -> None:
    """Every state that a run without isotopes has is the same to the bit with them."""
    forcing = climate_forcing("monsoon", years=1)
    runs = [Simulation(whole_site(n_boxes=0), forcing, isotopes=on) for on in (False, True)]
    for run in runs:
        run.spin_up(0)
        run.run(["annual"])
    for store in ("matrix", "conduit"):
        a, b = (r.tables.state["column"]["aquifer"][store] for r in runs)
        assert (a["volume"] == b["volume"]).all() and (a["ph"] == b["ph"]).all()
        assert (a["sol"]["v"][..., :N_CORE] == b["sol"]["v"][..., :N_CORE]).all()
    assert (runs[0].tables.state["column"]["aquifer"]["matrix"]["sol"]["di13c"] == 0.0).all()


def test_what_cannot_carry_isotopes_says_so(climate_forcing, whole_site, tmp_path) -> None:
    """No chemistry, the restart of a run without them."""
    forcing = climate_forcing("monsoon", years=1)
    with pytest.raises(InputError, match="chemistry"):
        Simulation(whole_site(n_boxes=0), forcing, chemistry=False, isotopes=True)
    plain = Simulation(whole_site(n_boxes=0), forcing.isel(time=slice(0, 10)))
    plain.spin_up(0)
    plain.run(["annual"])
    path = plain.write_restart(tmp_path / "plain.nc")
    later = Simulation(whole_site(n_boxes=0), forcing.isel(time=slice(10, None)), isotopes=True)
    with pytest.raises(InputError, match="without isotopes"):
        later.start_from(path)


def test_radiocarbon_decays_in_every_store(settled) -> None:
    """What decays in a year is 1/8267 of the 14C that the catchment holds, and the books know of it."""
    run, _ = settled
    held = float(run.tables.state["column"]["catchment"]["stock"]["carbon_14"][0])
    day = float(run.tables.flux["column"]["catchment"]["decayed_14c"][0])
    assert day == pytest.approx(held * -math.expm1(-1.0 / 8267.0 / 365.2425), rel=1e-3)

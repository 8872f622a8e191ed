"""VarKarst's groundwater: the whole of VarKarst written with arrays, exact recessions, books, options, restarts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from varkarst_arrays import groundwater, residence_times, shaft_share, soil_and_epikarst

from karstsim.core.errors import InputError
from karstsim.core.jit import python_callable
from karstsim.model.engine import step_all
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.registry import variables
from karstsim.model.simulate import Simulation
from karstsim.processes import aquifer
from karstsim.processes.aquifer import hartmann_2015, outlets
from karstsim.processes.aquifer.storage import Structure

RATES, PUBLISHED = int(Structure.VARIABLE_RESERVOIRS), int(Structure.HARTMANN_2015)
NO_OUTPUT = np.zeros((0, 4), dtype=np.int64)
STEP_CLOSURE, RUN_CLOSURE = 1e-13, 1e-12  # targets B
TEN = {"epikarst.compartments": 10}
OPTIONS = {
    "rates": {"aquifer.structure": RATES, **TEN},
    "published": {"aquifer.structure": PUBLISHED, **TEN, "epikarst.concentration": 2},
    "one": {"aquifer.structure": RATES},
    "steep": {"aquifer.structure": RATES, "epikarst.compartments": 15, "aquifer.reservoir_variability": 6.0,
              "aquifer.conduit_residence_time": 0.3, "epikarst.event_share": 0.7, "epikarst.overflow_to_shafts": 0.5},
    "outlets": {"aquifer.structure": RATES, **TEN, "aquifer.overflow_threshold": 3.0, "aquifer.conduit_cells": 3,
                "aquifer.overflow_residence_time": 0.05, "aquifer.overflow_exponent": 2.0, "aquifer.loss_share": 0.3},
    "neighbours": {"aquifer.structure": RATES, **TEN, "aquifer.matrix_loss": 0.5, "aquifer.matrix_loss_rate": 0.01,
                   "aquifer.gain": 1.0, "aquifer.gain_to_conduit": 0.4},
    "floods by the day": {"aquifer.structure": PUBLISHED, **TEN, "aquifer.overflow_threshold": 3.0,
                          "aquifer.conduit_residence_time": 0.3},
}  # fmt: skip


# ------------------------------------------------------------------------------------------------ VarKarst with arrays

VARKARST = {
    "benaojan": {"n": 15, "a": 2.4, "v_e": 92.0, "k_e": 54.8, "a_f": 6.8, "k_c": 7.0, "a_gw": 2.9},
    "fast": {"n": 10, "a": 1.5, "v_e": 150.0, "k_e": 15.0, "a_f": 2.0, "k_c": 1.0, "a_gw": 0.5},
    "capped": {"n": 3, "a": 0.5, "v_e": 30.0, "k_e": 10.0, "a_f": 0.5, "k_c": 1.3, "a_gw": 0.1},
    "one": {"n": 1, "a": 1.0, "v_e": 60.0, "k_e": 20.0, "a_f": 1.0, "k_c": 5.0, "a_gw": 3.0},
}  # fmt: skip
TILES = {"grass": 0.3, "secondary_forest": 0.5, "bare_rock": 0.2}


def _site(whole_site):
    """Three tiles of unequal area, no allogenic area, nothing below the spring."""
    tiles = [{"land_use": u, "area_fraction": share} for u, share in TILES.items()]
    return whole_site(n_boxes=0, tiles=tiles, allogenic_area_km2=0.0)


def _overrides(v: dict[str, float]) -> dict[str, float]:
    return {
        "epikarst.compartments": v["n"], "epikarst.variability": v["a"], "epikarst.capacity": v["v_e"],
        "epikarst.residence_time": v["k_e"], "epikarst.recharge_shape": v["a_f"], "epikarst.concentration": 2,
        "aquifer.conduit_residence_time": v["k_c"], "aquifer.reservoir_variability": v["a_gw"],
        "aquifer.structure": PUBLISHED,
    }  # fmt: skip


def _array_spring(run: Simulation, out, v: dict[str, float], a_gw: float) -> np.ndarray:
    """Daily discharge of the array model on the throughfall and the demand that reached the soils of the run."""
    n = v["n"]
    diffuse, concentrated = 0.0, 0.0
    for i, area in enumerate(TILES.values()):
        tile = out.isel(tile=i)
        soil = run.tables.params["tile"]["soil"][0, i]
        v_s = (
            1000.0
            * soil["depth"]
            * (soil["field_capacity_ratio"] * soil["porosity"] - soil["residual_water"])
        )
        fall = tile["vegetation_throughfall"].values
        demand = (
            tile["vegetation_potential_evapotranspiration"] - tile["vegetation_canopy_evaporation"]
        ).values
        _, q = soil_and_epikarst(
            fall, soil["rock_fraction"] * fall, demand, n, v["a"], v["a_f"], v_s, v["v_e"], v["k_e"], 0.8, True
        )  # fmt: skip
        share = shaft_share(n, v["a_f"])
        diffuse += area * (1.0 - share) * q
        concentrated += area * (share * q).sum(axis=1)
    times = residence_times(n, v["k_c"], a_gw)
    # Start: 0.3 mm/d times 150 d in the matrix, as if all its reservoirs discharged alike; 1 mm/d from the conduit.
    start = np.zeros(n)
    if n > 1:
        start[:-1] = n * 45.0 * times[:-1] / times[:-1].sum()
    start[-1] = n * v["k_c"] + (45.0 if n == 1 else 0.0)
    return groundwater(diffuse, concentrated, times, start)


@pytest.mark.parametrize("case", VARKARST)
def test_spring_is_that_of_an_array_implementation(case, climate_forcing, whole_site) -> None:
    """Ten years of daily discharge of the whole model over three tiles, to 1e-10 mm/d; and the comparison can fail."""
    v = VARKARST[case]
    run = Simulation(
        _site(whole_site), climate_forcing("monsoon", years=10), [_overrides(v)], chemistry=False
    )
    run.spin_up(0)
    wanted = ["vegetation_throughfall", "vegetation_potential_evapotranspiration", "vegetation_canopy_evaporation",
              "aquifer_spring", "epikarst_overflow"]  # fmt: skip
    out = run.run(["daily"], wanted)["daily"].isel(realization=0)
    ours, theirs = out["aquifer_spring"].values, _array_spring(run, out, v, v["a_gw"])
    print(case, "largest difference", np.abs(ours - theirs).max(), "mm/d of", theirs.max())
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-10)
    if v["n"] > 1:
        other = _array_spring(run, out, v, v["a_gw"] + 0.05)
        assert np.abs(ours - other).max() > 1e-3


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("i", "n", "k_c", "a", "days"),
    [(1, 15, 7.0, 2.9, 18020.3), (14, 15, 7.0, 2.9, 8.5505), (1, 10, 3.0, 2.0, 300.0), (5, 10, 3.0, 0.0, 3.0),
     (9, 10, 0.5, 0.1, 1.0), (1, 1, 3.0, 2.0, 3.0)],
)  # fmt: skip
def test_residence_times_by_hand(i, n, k_c, a, days) -> None:
    """K_C (n/i)^a: 7 x 15^2.9 = 7 x exp(2.9 ln 15) = 18020 d, 7 x (15/14)^2.9 = 8.5505 d; never below a day."""
    assert python_callable(hartmann_2015.residence_time)(float(i), n, k_c, a) == pytest.approx(days, rel=1e-5)


# ------------------------------------------------------------------------------------------------ the law of rates


class Aquifer:
    """Water of the aquifer alone under n compartments."""

    def __init__(self, record_of, on_rows, n: int, **values: float) -> None:
        self.p = record_of(aquifer.PARAMS, structure=RATES, **values)
        self.s, self.f = record_of(aquifer.STATE), record_of(aquifer.FLUXES)
        self.n, self.f.compartments = n, n
        self.s.matrix.volume, self.s.conduit.volume = self.p.matrix_immobile, self.p.conduit_pool
        self.call = on_rows(hartmann_2015.balance)

    def fill(self, reservoirs: np.ndarray, conduit: float) -> None:
        """Water of the reservoirs, mm per area of a compartment, and of the conduit, mm."""
        self.s.reservoirs = len(reservoirs)
        self.s.reservoir.v[: len(reservoirs)] = reservoirs
        self.s.matrix.volume = self.p.matrix_immobile + reservoirs.sum() / self.n
        self.s.conduit.volume = self.p.conduit_pool + conduit

    def step(
        self, dt: float, recharge: np.ndarray, to_conduit: float, gained: float = 0.0
    ) -> tuple[float, ...]:
        """(matrix, conduit, overflow) outflows; recharge (n - 1,) per area of a compartment and day, all else mm/d."""
        f, s = self.f, self.s
        f.reservoir_recharge.v[: len(recharge)] = recharge * dt
        f.matrix_recharge.volume = (recharge.sum() / self.n + gained) * dt
        f.conduit_recharge.volume = to_conduit * dt
        self.call(self.p, s, f, dt)
        s.matrix.volume += f.matrix_recharge.volume - f.matrix_drained
        s.conduit.volume += f.conduit_recharge.volume - f.conduit_drained
        return float(f.matrix_drained), float(f.conduit_drained), float(f.overflow_drained)


def test_recession_is_the_exact_one(record_of, on_rows) -> None:
    """Four reservoirs and conduit, no recharge: the day takes V (1 - exp(-1/K)) of each, K = 2 (5/i)^1.5 and 2 d."""
    water = Aquifer(record_of, on_rows, 5, conduit_residence_time=2.0, reservoir_variability=1.5)
    volumes = np.array([40.0, 10.0, 5.0, 1.0])
    water.fill(volumes, 3.0)
    times = 2.0 * (5.0 / np.arange(1.0, 5.0)) ** 1.5
    for day in range(20):
        matrix, conduit, over = water.step(1.0, np.zeros(4), 0.0)
        left = volumes * np.exp(-day / times)
        assert matrix == pytest.approx((left * -np.expm1(-1.0 / times)).sum() / 5.0, rel=1e-11)
        assert conduit == pytest.approx(3.0 * np.exp(-day / 2.0) * -np.expm1(-0.5), rel=1e-11)
        assert over == 0.0
    np.testing.assert_allclose(water.s.reservoir.v[:4], volumes * np.exp(-20.0 / times), rtol=1e-11)


@pytest.mark.parametrize("steps", [2, 24, 144])
def test_steps_of_any_length_agree(record_of, on_rows, steps) -> None:
    """Recharge constant over each day: daily outflow by one step and by many, to 1e-12 mm, floods of 60 mm included."""
    rng = np.random.default_rng(1)
    days = rng.gamma(0.3, 10.0, (60, 5))
    coarse, fine = (
        Aquifer(record_of, on_rows, 5, conduit_residence_time=0.5, reservoir_variability=3.0)
        for _ in range(2)
    )
    for day in days:
        whole = coarse.step(1.0, day[:4], day[4])
        parts = np.sum([fine.step(1.0 / steps, day[:4], day[4]) for _ in range(steps)], axis=0)
        np.testing.assert_allclose(parts, whole, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize(("exponent", "time"), [(1.0, 1.0), (2.0, 0.3)])
def test_floods_of_the_overflow_spring_agree_with_bdf(record_of, on_rows, exponent, time) -> None:
    """30 mm in a day on a conduit with its rim at 4 mm, and nine days after: within 4 % of the peak, 2 % in all."""
    values = {"conduit_residence_time": 3.0, "overflow_threshold": 4.0, "overflow_residence_time": time,
              "overflow_exponent": exponent}  # fmt: skip
    water = Aquifer(record_of, on_rows, 2, **values)
    spill = python_callable(outlets.overflow)
    y = np.array([0.0, 0.0, 0.0])
    ours, exact = [], []
    for day in range(10):
        rain = 30.0 if day == 0 else 0.0

        def slope(t, y, rain=rain):
            over = spill(y[0], water.p)[0]
            return [rain - y[0] / 3.0 - over, y[0] / 3.0 + over, over]

        end = solve_ivp(slope, (0.0, 1.0), y * [1.0, 0.0, 0.0], method="BDF", rtol=1e-9, atol=1e-11).y[:, -1]
        exact.append(end[1:])
        ours.append(water.step(1.0, np.zeros(1), rain)[1:])
        y = end
    ours, exact = np.array(ours), np.array(exact)
    print("largest error over peak", np.abs(ours - exact).max(axis=0) / exact.max(axis=0))
    assert (np.abs(ours - exact).max(axis=0) < 0.04 * exact.max(axis=0)).all()
    np.testing.assert_allclose(ours.sum(axis=0), exact.sum(axis=0), rtol=0.02)
    assert exact[:, 1].sum() > 10.0


def test_a_steady_reservoir_holds_recharge_times_residence_time(record_of, on_rows) -> None:
    """R = 0.7 and 0.2 mm/d on K = 12 and 3 d (n 3, K_C 4/3, a 2): 8.4 and 0.6 mm; the outflow is the recharge."""
    water = Aquifer(record_of, on_rows, 3, conduit_residence_time=4.0 / 3.0, reservoir_variability=2.0)
    for _ in range(1000):
        matrix, conduit, _ = water.step(1.0, np.array([0.7, 0.2]), 5.0)
    np.testing.assert_allclose(water.s.reservoir.v[:2], [8.4, 0.6], rtol=1e-10)
    assert matrix == pytest.approx(0.3, rel=1e-10) and conduit == pytest.approx(5.0, rel=1e-10)


# ------------------------------------------------------------------------------------------------ neighbours


def test_gains_are_shared_evenly_and_losses_in_proportion(record_of, on_rows) -> None:
    """Gain of 3 mm/d on two reservoirs under three compartments: 3 x 3/2 mm each; a loss leaves their proportions."""
    water = Aquifer(record_of, on_rows, 3, conduit_residence_time=20.0, reservoir_variability=6.0)
    water.fill(np.array([30.0, 12.0]), 0.0)
    before = water.s.reservoir.v[:2] * np.exp(-0.01 / (20.0 * (3.0 / np.array([1.0, 2.0])) ** 6.0))
    water.step(0.01, np.zeros(2), 0.0, gained=3.0)
    np.testing.assert_allclose(water.s.reservoir.v[:2] - before, 0.045, rtol=1e-3)
    kept = water.s.reservoir.v[:2].copy()
    water.s.matrix.volume -= 0.5 * kept.sum() / 3.0
    water.step(1e-9, np.zeros(2), 0.0)
    np.testing.assert_allclose(water.s.reservoir.v[:2], 0.5 * kept, rtol=1e-9)


@pytest.mark.parametrize("n", [2, 6, 15, 1])
def test_another_number_of_compartments_keeps_the_water(record_of, on_rows, n) -> None:
    """Water is divided anew as if all reservoirs discharged alike, and none is made."""
    water = Aquifer(record_of, on_rows, 10, conduit_residence_time=3.0, reservoir_variability=2.0)
    water.fill(np.linspace(1.0, 9.0, 9), 0.0)
    water.f.compartments = water.n = n
    before = float(water.s.matrix.volume)
    matrix, _, _ = water.step(1e-9, np.zeros(max(n - 1, 1)), 0.0)
    assert float(water.s.matrix.volume) + matrix == pytest.approx(before, rel=1e-15, abs=0.0)
    times = residence_times(n, 3.0, 2.0)[: max(n - 1, 1)]
    outflow = water.s.reservoir.v[: len(times)] / times
    np.testing.assert_allclose(outflow, n * 4.5 / times.sum(), rtol=1e-7)
    assert (water.s.reservoir.v[len(times) :] == 0.0).all()


@pytest.mark.parametrize("factor", [0.0, 0.5, 3.0])
def test_a_false_division_is_no_water(record_of, on_rows, factor) -> None:
    """The store alone holds water: reservoirs that were tampered with follow it again, and nothing is made."""
    water = Aquifer(record_of, on_rows, 4, reservoir_variability=3.0)
    water.fill(np.array([9.0, 6.0, 3.0]), 1.0)
    water.s.reservoir.v[:3] *= factor
    before = float(water.s.matrix.volume)
    matrix, _, _ = water.step(0.25, np.array([1.0, 2.0, 3.0]), 0.0)
    held = float(water.s.reservoir.v[:3].sum()) / 4.0
    assert before + 0.25 * 1.5 - matrix == pytest.approx(float(water.s.matrix.volume), rel=1e-15, abs=0.0)
    assert held == pytest.approx(float(water.s.matrix.volume - water.p.matrix_immobile), rel=1e-12, abs=0.0)


# ------------------------------------------------------------------------------------------------ the whole model


def test_tiles_must_have_as_many_compartments(whole_site) -> None:
    """Reservoirs under 10 and 3 compartments are refused with both names; the default structure takes them."""
    tiles = [
        {"land_use": "grass", "area_fraction": 0.5, "parameters": {"epikarst.compartments": n}}
        for n in (10, 3)
    ]
    site = whole_site(tiles=tiles)
    parameter_tables(site, [{}])
    with pytest.raises(
        InputError, match=r"aquifer\.structure.*epikarst\.compartments' is 3 and 10"
    ) as caught:
        parameter_tables(site, [{"aquifer.structure": RATES}])
    assert "mend:" in str(caught.value)
    parameter_tables(site, [{"aquifer.structure": RATES, "epikarst.compartments": 5}])


@pytest.mark.parametrize("climate", ["monsoon", "cold_snowy", "semi_arid"])
def test_books_close_with_reservoirs(climate, climate_forcing, whole_site) -> None:
    """Everything on, each option: closed per step and in all, nothing negative, reservoirs add up to the store."""
    run = Simulation(whole_site(), climate_forcing(climate, years=1), list(OPTIONS.values()))
    run.spin_up(0)
    offsets = [v.offset for v in variables() if v.name.startswith("catchment_imbalance_")]
    selection = np.array([(1, 0, o, 3) for o in offsets])
    windows = step_all(run.tables, run.forcing, [NO_OUTPUT, NO_OUTPUT, selection])
    assert max(float(w[2].values.max()) for w in windows) <= STEP_CLOSURE
    assert max(run.closure().values()) <= RUN_CLOSURE
    for floats in (*run.tables.state_floats.values(), *run.tables.flux_floats.values()):
        assert np.isfinite(floats).all()
    p, s, f = (run.tables.__dict__[t]["column"]["aquifer"] for t in ("params", "state", "flux"))
    held = s["reservoir"]["v"].sum(axis=1) / f["compartments"]
    np.testing.assert_allclose(held + p["matrix_immobile"], s["matrix"]["volume"], rtol=1e-12)
    assert (s["reservoir"]["v"] >= 0.0).all() and (s["matrix"]["sol"]["v"] >= 0.0).all()
    assert (f["seepage"]["volume"] == 0.0).all() and (p["matrix_to_conduit"] == 0.5).all()
    assert (f["matrix_to_conduit"]["volume"] == 0.0).all() and (f["conduit_to_matrix"]["volume"] == 0.0).all()


def test_diffuse_recharge_arrives_under_its_compartments(climate_forcing, whole_site) -> None:
    """One tile: R_diff,i = (1 - f_C,i) Q_epi,i, none under the last. Six, with event water: all diffuse recharge."""
    ds = climate_forcing("monsoon", years=1)
    names = [f"r{i:02d}" for i in range(1, 15)]

    def parts(run: Simulation, others: list[str]):
        run.spin_up(0)
        out = run.run(["daily"], [*(f"aquifer_reservoir_recharge_{n}" for n in names), *others])["daily"]
        return out, np.stack([out[f"aquifer_reservoir_recharge_{n}"].values[0] for n in names], axis=-1)

    member = {**OPTIONS["rates"], "epikarst.event_share": 0.0}
    one = Simulation(whole_site(("grass",), 0), ds, [member], chemistry=False)
    out, diffuse = parts(one, ["epikarst_drained_part_*"])
    left = np.stack([out[f"epikarst_drained_part_c{i:02d}"].values[0, :, 0] for i in range(1, 11)], axis=-1)
    np.testing.assert_allclose(
        diffuse[:, :9], ((1.0 - shaft_share(10, 2.0)) * left)[:, :9], rtol=1e-12, atol=1e-15
    )
    assert (diffuse[:, 9:] == 0.0).all() and np.ptp(diffuse[:, :9].sum(axis=0)) > 10.0
    six = Simulation(whole_site(), ds, [OPTIONS["steep"]], chemistry=False)
    out, diffuse = parts(six, ["epikarst_diffuse_recharge"])
    areas = [t.area_fraction for t in six.site.tiles]
    expected = out["epikarst_diffuse_recharge"].values[0] @ areas
    np.testing.assert_allclose(diffuse.sum(axis=-1) / 15.0, expected, rtol=1e-12, atol=1e-15)


def test_water_alone_is_that_of_the_full_run(climate_forcing, whole_site) -> None:
    results = []
    for chemistry in (True, False):
        run = Simulation(
            whole_site(("grass", "bare_rock"), 1), climate_forcing("monsoon", years=1), list(OPTIONS.values()),
            chemistry=chemistry,
        )  # fmt: skip
        run.spin_up(0)
        results.append(
            run.run(["daily"], ["aquifer_spring", "aquifer_matrix", "aquifer_reservoir_r*"])["daily"]
        )
    for name in results[0].data_vars:
        if name != "time_bnds":
            np.testing.assert_allclose(
                results[1][name], results[0][name], rtol=1e-11, atol=1e-12, err_msg=name
            )


def test_daily_and_hourly_springs_agree(climate_forcing, whole_site) -> None:
    """Rates from soil to spring, an hour against a day, from the same state: the year within 0.5 %, days within 5 %."""
    site = whole_site(("grass", "secondary_forest"), 0)
    daily = {}
    for steps in (1, 24):
        run = Simulation(
            site,
            climate_forcing("monsoon", years=2, steps_per_day=steps),
            [OPTIONS["rates"]],
            chemistry=False,
        )
        run.spin_up(0)
        daily[steps] = run.run(["daily"], ["aquifer_spring"])["daily"]["aquifer_spring"].values[0]
    difference = np.abs(daily[1] - daily[24]).max() / daily[24].max()
    print("year", daily[1].sum() / daily[24].sum() - 1.0, "day over peak", difference)
    assert daily[1].sum() == pytest.approx(daily[24].sum(), rel=0.005)
    assert difference < 0.05


@pytest.mark.parametrize("option", ["rates", "published", "outlets"])
def test_a_restart_changes_no_bit(option, climate_forcing, whole_site, tmp_path) -> None:
    site, ds = (
        whole_site(("bare_rock", "grass"), 1),
        climate_forcing("monsoon", years=1).isel(time=slice(150, 210)),
    )
    whole = Simulation(site, ds, [OPTIONS[option]])
    whole.spin_up(0)
    first = Simulation(site, ds.isel(time=slice(0, 35)), [OPTIONS[option]])
    for level, floats in whole.tables.state_floats.items():
        first.tables.state_floats[level][...] = floats
    first.run(["daily"], ["aquifer_spring"])
    second = Simulation(site, ds.isel(time=slice(35, None)), [OPTIONS[option]])
    second.start_from(first.write_restart(tmp_path / "restart.nc"))
    rest = second.run(["daily"], ["*"])["daily"]
    all_days = whole.run(["daily"], ["*"])["daily"].isel(time=slice(35, None))
    assert not [n for n in rest.data_vars if rest[n].values.tobytes() != all_days[n].values.tobytes()]
    for level, floats in whole.tables.state_floats.items():
        assert floats.tobytes() == second.tables.state_floats[level].tobytes()

"""Event water, conduit cells and outlets: residence times against Erlang's law, recessions by hand, the books."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gamma

from karstsim.core.jit import python_callable
from karstsim.model.engine import step_all
from karstsim.model.registry import variables
from karstsim.model.simulate import Simulation
from karstsim.processes import aquifer
from karstsim.processes.aquifer import conduit_cells, outlets
from karstsim.processes.epikarst import event

N = 13
NO_OUTPUT = np.zeros((0, 4), dtype=np.int64)
ELEMENTS = ("water", "carbon", "calcium", "magnesium", "alkali", "sulfate", "nitrate", "chloride")
STEP_CLOSURE, RUN_CLOSURE = 1e-13, 1e-12  # targets B
OPTIONS = {
    "event": {"epikarst.event_share": 0.5, "epikarst.overflow_to_shafts": 0.4, "epikarst.capacity": 25.0},
    "cells": {"aquifer.conduit_cells": 3},
    "five": {"aquifer.conduit_cells": 5, "aquifer.conduit_pool": 0.5, "epikarst.event_share": 1.0},
    "overflow": {
        "aquifer.overflow_threshold": 3.0,
        "aquifer.overflow_residence_time": 0.05,
        "aquifer.overflow_exponent": 2.0,
    },
    "neighbours": {
        "aquifer.matrix_loss": 0.5,
        "aquifer.matrix_loss_rate": 0.01,
        "aquifer.matrix_loss_threshold": 20.0,
        "aquifer.gain": 1.0,
        "aquifer.gain_to_conduit": 0.4,
        "aquifer.loss_share": 0.3,
    },
    "swallet and air": {
        "aquifer.swallet_capacity": 0.3,
        "aquifer.conduit_air_share": 1.0,
        "aquifer.conduit_gas_exchange": 50.0,
    },
    "backflow": {"aquifer.conduit_cells": 4, "aquifer.exchange_rate": 0.1, "aquifer.storativity_ratio": 20.0},
}


def _passage(record_of, on_rows, n: int, steps_per_day: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """(end of each step, chloride that left in it): one unit in the inflow of the first; V 12 mm, Q 4 mm/d."""
    p, s, f = (record_of(d) for d in (aquifer.PARAMS, aquifer.STATE, aquifer.FLUXES))
    p.conduit_cells = n
    for name in ("conduit", *(f"conduit_above_{i}" for i in range(1, n))):
        s[name]["volume"] = 12.0 / n
    f.conduit_recharge.sol.cl = 1.0
    dt = 1.0 / steps_per_day
    f.conduit_recharge.volume = f.conduit_drained = 4.0 * dt
    left = []
    for _ in range(days * steps_per_day):
        on_rows(conduit_cells.begin)(f, N)
        on_rows(conduit_cells.advance)(p, s, f, 0.5, N)
        on_rows(conduit_cells.advance)(p, s, f, 0.5, N)
        left.append(float(f.conduit_discharge.sol.cl))
        f.conduit_recharge.sol.cl = 0.0
    return dt * np.arange(1, len(left) + 1), np.array(left)


@pytest.mark.nojit
@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("steps_per_day", [1, 24])
def test_residence_times_follow_erlang(record_of, on_rows, n, steps_per_day) -> None:
    """n cells of together 12 mm at 4 mm/d: mean 12/4 = 3 d, variance 9/n d2, and the gamma law of shape n, scale 3/n.

    The passage is implicit, so that the variance is larger by at most the turnover of a part (0.1) and by what a step
    smears at both ends (dt2/6).
    """
    time, left = _passage(record_of, on_rows, n, steps_per_day, 60)
    assert left.sum() == pytest.approx(1.0, abs=1e-6)
    after = time - 1.0 / steps_per_day  # between the middles of the steps of entry and exit
    mean = (after * left).sum()
    variance = (after**2 * left).sum() - mean**2
    assert mean == pytest.approx(3.0, rel=1e-6)
    assert 0.99 * 9.0 / n < variance < 1.1 * 9.0 / n + 1.0 / (6.0 * steps_per_day**2)
    entry = np.linspace(0.0, 1.0 / steps_per_day, 101)
    expected = gamma.cdf(time[:, None] - entry, n, scale=3.0 / n).mean(axis=1)
    distance = np.abs(np.cumsum(left) - expected).max()
    assert distance < (0.04 if steps_per_day == 1 else 0.01)


def test_old_water_leaves_first(record_of, on_rows) -> None:
    """After a quarter of the mean residence time a mixed conduit has lost 22 % of the tracer, five cells 0.9 %."""
    mixed, row = (_passage(record_of, on_rows, n, 48, 1)[1] for n in (1, 5))
    assert mixed[:36].sum() == pytest.approx(1.0 - np.exp(-0.25), rel=0.02)
    assert row[:36].sum() == pytest.approx(gamma.cdf(0.75, 5, scale=0.6), rel=0.2)


@pytest.mark.nojit
@pytest.mark.parametrize("shafts", [0.0, 0.2, 1.0 / 3.0, 1.0])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_event_water_leaves_the_division_of_recharge(shafts, share) -> None:
    """Past the store e f_C, from the store the rest: of each litre f_C reaches the conduit in the long run."""
    passing = share * shafts
    from_store = python_callable(event.share_of_stored)(passing, shafts)
    assert 0.0 <= from_store <= 1.0
    assert passing + (1.0 - passing) * from_store == pytest.approx(shafts, abs=1e-15)


# ------------------------------------------------------------------------------------------------ the whole model


def _worst(run: Simulation) -> float:
    """Largest imbalance of any element and step, stepping the forcing through day by day windows."""
    offsets = [v.offset for v in variables() if v.name.startswith("catchment_imbalance_")]
    selection = np.array([(1, 0, o, 3) for o in offsets])
    windows = step_all(run.tables, run.forcing, [NO_OUTPUT, NO_OUTPUT, selection])
    return max(float(w[2].values.max()) for w in windows)


@pytest.mark.parametrize("climate", ["monsoon", "hot_humid", "cold_snowy", "semi_arid"])
def test_books_close_with_every_option(climate, climate_forcing, whole_site) -> None:
    """Each option, and all together: books per step and in total, finite, no negative amount of water or solute."""
    together = {k: v for option in OPTIONS.values() for k, v in option.items()}
    run = Simulation(whole_site(), climate_forcing(climate), [*OPTIONS.values(), together])
    run.spin_up(0)
    assert _worst(run) <= STEP_CLOSURE
    assert max(run.closure().values()) <= RUN_CLOSURE
    for floats in (*run.tables.state_floats.values(), *run.tables.flux_floats.values()):
        assert np.isfinite(floats).all()
    water = run.tables.state["column"]["aquifer"]
    for name in water.dtype.names:
        if water.dtype[name].names and "volume" in water.dtype[name].names:
            assert (water[name]["volume"] >= 0.0).all() and (water[name]["sol"]["v"] >= 0.0).all(), name


def test_cells_hold_equal_shares(climate_forcing, whole_site) -> None:
    run = Simulation(whole_site(("grass",), 0), climate_forcing("monsoon"), [{"aquifer.conduit_cells": 5}])
    run.spin_up(0)
    step_all(run.tables, run.forcing, [NO_OUTPUT] * 3)
    state = run.tables.state["column"]["aquifer"]
    volumes = [float(state["conduit"]["volume"][0])]
    volumes += [float(state[f"conduit_above_{i}"]["volume"][0]) for i in range(1, 5)]
    np.testing.assert_allclose(volumes, volumes[0], rtol=1e-12)


@pytest.mark.parametrize("option", list(OPTIONS))
def test_a_restart_changes_no_bit(option, climate_forcing, whole_site, tmp_path) -> None:
    site, ds = (
        whole_site(("bare_rock", "grass"), 1),
        climate_forcing("monsoon", years=1).isel(time=slice(0, 60)),
    )
    whole = Simulation(site, ds, [OPTIONS[option]])
    whole.spin_up(0)
    first = Simulation(site, ds.isel(time=slice(0, 35)), [OPTIONS[option]])
    for level, floats in whole.tables.state_floats.items():
        first.tables.state_floats[level][...] = floats
    first.run(["daily"], ["aquifer_spring"])
    second = Simulation(site, ds.isel(time=slice(35, None)), [OPTIONS[option]])
    second.start_from(first.write_restart(tmp_path / "restart.nc"))
    second.run(["daily"], ["aquifer_spring"])
    whole.run(["daily"], ["aquifer_spring"])
    for level, floats in whole.tables.state_floats.items():
        assert floats.tobytes() == second.tables.state_floats[level].tobytes()


def test_both_springs_are_the_spring(climate_forcing, whole_site) -> None:
    """Main and overflow spring add up to the spring, litre and mole; the overflow runs in floods only."""
    run = Simulation(whole_site(("grass",), 0), climate_forcing("monsoon"), [OPTIONS["overflow"]])
    run.spin_up(0)
    names = ["aquifer_spring", "aquifer_main_spring", "aquifer_overflow_spring"]
    out = run.run(["daily"], [*names, *(f"{n}_ca" for n in names)])["daily"].isel(realization=0)
    for suffix in ("", "_ca"):
        whole, main, over = (out[n + suffix].values for n in names)
        np.testing.assert_allclose(main + over, whole, rtol=1e-12)
        assert over.max() > 0.1 * whole.max() and over.min() == 0.0 and (main >= 0.0).all()


@pytest.mark.parametrize("start", [5.0, 60.0])
def test_matrix_loss_by_hand(record_of, start) -> None:
    """0.05 d-1 above 20 mm and 1 mm/d, a day: 40 (1 - exp(-0.05)) + 1 of 60 mm, 1 of 5 mm, never more than all."""
    p = record_of(aquifer.PARAMS, matrix_loss=1.0, matrix_loss_rate=0.05, matrix_loss_threshold=20.0)
    lost = python_callable(outlets.lost_volume)
    assert lost(start, p, 1.0) == pytest.approx(
        max(start - 20.0, 0.0) * (1.0 - np.exp(-0.05)) + 1.0, rel=1e-14
    )
    assert lost(0.3, p, 1.0) == 0.3


def test_cells_move_no_water_of_the_spring(climate_forcing, whole_site) -> None:
    """The law of flow stays with the whole conduit: one cell or five, the spring discharges the same litres."""
    members = [{"aquifer.conduit_cells": n} for n in (1, 2, 5)]
    run = Simulation(whole_site(("grass",), 0), climate_forcing("monsoon", years=1), members)
    run.spin_up(0)
    spring = run.run(["daily"], ["aquifer_spring"])["daily"]["aquifer_spring"].values
    np.testing.assert_allclose(spring[1:], np.broadcast_to(spring[0], spring[1:].shape), rtol=1e-9)

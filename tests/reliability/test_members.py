"""Members never talk to each other: any order, block, thread count; one poisoned member harms no other."""

from __future__ import annotations

from concurrent.futures import Executor, Future

import numpy as np
import pytest
from small_ensemble import CLIMATES, DRAWS, digest, settings, write_file
from small_site import SITE

from karstsim.core.errors import InputError, RunError
from karstsim.ensemble import run as running
from karstsim.ensemble.config import load_ensemble
from karstsim.ensemble.manifest import Manifest
from karstsim.model.engine import FREQUENCIES, step_all
from karstsim.model.simulate import Simulation

ALL = ["*"]
MEMBERS = [{}, {"soil.depth": 0.8, "soil.dry_nitrogen": 0.3},
           {"aquifer.conduit_residence_time": 1.0}, {"soil.clay": 60.0},
           {"vegetation.fpar": 0.9}, {"surface_water.gross_production": 90.0}, {"epikarst.capacity": 30.0},
           {"aquifer.loss_share": 0.5}, {"soil.ca_factor": 10.0}, {"cave.area_fraction": 0.3},
           {"aquifer.dolomite_share": 1.0, "epikarst.dolomite_share": 1.0}]  # fmt: skip


@pytest.fixture(scope="module")
def world(whole_site, climate_forcing):
    """A small site, 50 days of forcing, and the output and states of all members in their order."""
    site = whole_site(("bare_rock", "grass"), 2)
    ds = climate_forcing("monsoon", years=1).isel(time=slice(120, 170))
    return site, ds, *_run(site, ds, MEMBERS)


def _run(site, ds, members, workers: int = 1, isotopes: bool = False):
    run = Simulation(site, ds, members, workers=workers, isotopes=isotopes)
    run.spin_up(0)
    output = run.run(["daily", "annual"], ALL)
    states = [
        [run.tables.state_floats[level][i].tobytes() for level in ("column", "tile", "box")]
        for i in range(len(members))
    ]
    return output, states


def _bytes(output, member: int) -> list[bytes]:
    return [
        np.ascontiguousarray(variable.values[member]).tobytes()
        for ds in output.values()
        for variable in ds.variables.values()
        if "realization" in variable.dims
    ]


def test_members_are_different(world) -> None:
    """Otherwise the tests below compare nothing."""
    _, _, output, states = world
    assert len({tuple(s) for s in states}) == len(MEMBERS)
    assert len({tuple(_bytes(output, i)) for i in range(len(MEMBERS))}) == len(MEMBERS)


@pytest.mark.parametrize("workers", [2, 3, 11, 40])
def test_threads_change_no_bit(world, workers) -> None:
    site, ds, output, states = world
    other, other_states = _run(site, ds, MEMBERS, workers)
    assert other_states == states
    for i in range(len(MEMBERS)):
        assert _bytes(other, i) == _bytes(output, i)


@pytest.mark.parametrize("seed", [0, 1])
def test_order_changes_no_bit(world, seed) -> None:
    site, ds, output, states = world
    order = np.random.default_rng(seed).permutation(len(MEMBERS))
    other, other_states = _run(site, ds, [MEMBERS[i] for i in order])
    for place, i in enumerate(order):
        assert other_states[place] == states[i]
        assert _bytes(other, place) == _bytes(output, i)


@pytest.mark.parametrize("part", [slice(0, 1), slice(1, 4), slice(7, 11), slice(8, 9)])
def test_blocks_change_no_bit(world, part) -> None:
    """A member alone, or in a block with some of the others, is the same member."""
    site, ds, output, states = world
    other, other_states = _run(site, ds, MEMBERS[part])
    for place, i in enumerate(range(len(MEMBERS))[part]):
        assert other_states[place] == states[i]
        assert _bytes(other, place) == _bytes(output, i)


def test_neighbours_in_lanes_change_no_bit(whole_site, climate_forcing) -> None:
    """Every variable of each of 120 days, with isotopes. Draws need as many rounds on most days, and not on all."""
    site = whole_site(("cropland", "secondary_forest"), 0)  # with caves
    ds = climate_forcing("monsoon", years=1).isel(time=slice(120, 240))
    draw = np.random.default_rng(5)
    names = ("soil.depth", "soil.area_to_volume", "aquifer.conduit_residence_time")
    draws = [{name: {"factor": float(draw.uniform(0.6, 1.6))} for name in names} for _ in range(11)]
    whole, _ = _run(site, ds, draws, isotopes=True)
    for size in (1, 3):
        for first in range(0, len(draws), size):
            part, _ = _run(site, ds, draws[first : first + size], isotopes=True)
            for place in range(min(size, len(draws) - first)):
                assert _bytes(part, place) == _bytes(whole, first + place)


class Shuffled(Executor):
    """Does one of the tasks handed in, drawn at random, whenever somebody waits."""

    def __init__(self, seed: int) -> None:
        self.waiting: list[tuple[Future, tuple]] = []
        self.draw, self.passed_over = np.random.default_rng(seed), 0

    def submit(self, fn, /, *args, **kwargs) -> Future:  # type: ignore[no-untyped-def]
        future: Future = Future()
        self.waiting.append((future, (fn, args)))
        return future

    def work(self) -> None:
        place = int(self.draw.integers(len(self.waiting)))
        self.passed_over += place > 0
        future, (fn, args) = self.waiting.pop(place)
        future.set_result(fn(*args))


@pytest.mark.parametrize("seed", [0, 1])
def test_tasks_of_an_ensemble_in_any_order_change_no_bit(finished, tmp_path, monkeypatch, seed) -> None:
    file = write_file(tmp_path, SITE, CLIMATES, DRAWS, settings())
    plan = running.start(load_ensemble(file), tmp_path / "out")
    executor, waited = Shuffled(seed), running.wait
    monkeypatch.setattr(
        running, "wait", lambda fs, return_when: (executor.work(), waited(fs, 60, return_when))[1]
    )
    with Manifest(tmp_path / "out", writable=True) as manifest:
        running.Scheduler(tmp_path / "out", plan, manifest, executor, lambda: 100, None).run()
    assert executor.passed_over > 2, "the tasks came in their order"
    assert digest(tmp_path / "out") == digest(finished)


def test_windows_change_no_bit(world) -> None:
    """The driver called day by day ends where it ends when called once (scratch holds nothing that matters)."""
    site, ds, _, states = world
    run = Simulation(site, ds, MEMBERS)
    run.spin_up(0)
    empty = [np.zeros((0, 4), dtype=np.int64)] * len(FREQUENCIES)
    for j in range(len(run.forcing.times)):
        step_all(run.tables, run.forcing.window(j, j + 1), empty)
    got = [
        [run.tables.state_floats[level][i].tobytes() for level in ("column", "tile", "box")]
        for i in range(len(MEMBERS))
    ]
    assert got == states


def test_each_member_follows_its_own_weather(world, climate_forcing, whole_site) -> None:
    """Two locations, three members on rows 1, 0, 1: each is the member that runs alone on its location."""
    import xarray as xr

    site, ds, _, _ = world
    dry = ds.copy()
    dry["pr"] = 0.3 * ds["pr"]
    both = xr.concat([ds, dry], dim="location")
    run = Simulation(site, both, [{}, {}, {"soil.depth": 0.8}], forcing_row=[1, 0, 1])
    run.spin_up(0)
    output = run.run(["daily"], ALL)
    for member, (weather, parameters) in enumerate(((dry, {}), (ds, {}), (dry, {"soil.depth": 0.8}))):
        alone = Simulation(site, weather, [parameters])
        alone.spin_up(0)
        assert _bytes(alone.run(["daily"], ALL), 0) == _bytes(output, member)


POISON = [("column", "aquifer", "matrix_immobile"), ("tile", "soil", "porosity"),
          ("tile", "vegetation", "leaf_turnover"),
          ("tile", "cave", "height"), ("tile", "epikarst", "residence_time"),
          ("box", "surface_water", "catchment_area"),
          ("tile", "soil", "thermal_memory"), ("box", "surface_water", "gross_production"),
          ("column", "aquifer", "conduit_exponent"), ("column", "atmosphere", "rain_cl")]  # fmt: skip


@pytest.mark.parametrize(("level", "compartment", "name"), POISON, ids=[".".join(p[1:]) for p in POISON])
def test_a_poisoned_member_is_named_and_harms_no_other(world, level, compartment, name) -> None:
    """NaN in one parameter of member 3: RunError names member 3, every other member ends as without it."""
    site, ds, _, states = world
    run = Simulation(site, ds, MEMBERS)
    run.spin_up(0)
    run.tables.params[level][compartment][name][3] = np.nan
    with pytest.raises(RunError, match="member 3:") as caught:
        run.run(["daily"], ["catchment_runoff"])
    assert "mend:" in str(caught.value)
    for i in range(len(MEMBERS)):
        if i != 3:
            got = [run.tables.state_floats[k][i].tobytes() for k in ("column", "tile", "box")]
            assert got == states[i], f"member {i} was disturbed"


def test_nan_cannot_come_in_as_a_parameter(world) -> None:
    site, ds, _, _ = world
    with pytest.raises(InputError, match="soil.depth"):
        Simulation(site, ds, [{"soil.depth": float("nan")}])
    with pytest.raises(InputError, match="soil.depth"):
        Simulation(site, ds, [{"soil.depth": {"factor": float("nan")}}])

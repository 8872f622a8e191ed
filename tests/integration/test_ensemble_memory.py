"""Memory of an ensemble: blocks that are sized by it, and weather of the members of a task alone."""

from __future__ import annotations

import json
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from small_ensemble import CLIMATES, DRAWS, KEPT, PAST_AND_LOW, digest, settings, write_file
from small_site import SITE
from typer.testing import CliRunner

from karstsim.cli.app import app
from karstsim.core.errors import InputError
from karstsim.ensemble import estimate, memory, run_ensemble, work
from karstsim.ensemble import run as running
from karstsim.ensemble.config import load_ensemble
from karstsim.ensemble.plan import SPIN_UP, Plan, Task
from karstsim.ensemble.prepare import make_plan
from karstsim.ensemble.store import open_ensemble
from karstsim.forcing import synthetic_forcing
from karstsim.model.simulate import Simulation

ONE_CLIMATE = """
[[climates]]
name = "now"
synthetic = "ssp245"
start = "2015-01-01"
end = "2015-12-31"
"""
OWN = settings(weather_per_draw=True)
FREE = "\n".join(line for line in settings(output=["daily"], spinup_years=0).splitlines()
                 if not line.startswith(("block", "window_years", "variables")))  # fmt: skip


def _many(folder: Path, variables: str) -> Path:
    draws = DRAWS.replace("number = 3", "number = 48")
    return write_file(folder, SITE, ONE_CLIMATE, draws, FREE, f"variables = {variables}")


def test_many_variables_get_smaller_blocks_that_hold_what_was_said(tmp_path, monkeypatch) -> None:
    """A task of all variables stays below the budget, and above half of what the rule counts for its output.

    What the netCDF library takes for itself is not seen here; `benchmarks/scaling.py` sees the whole process.
    """
    monkeypatch.setattr(memory, "TASK_BYTES", 150_000_000)  # of all variables, less than eight members fit
    few, _ = make_plan(load_ensemble(_many(tmp_path, '["catchment_runoff"]')))
    config = load_ensemble(_many(tmp_path, '["*"]'))
    plan, need = make_plan(config)
    assert 1 < plan.block < few.block == 8
    assert need.fits(plan.block, plan.window_years) and not need.fits(plan.block + 1, plan.window_years)
    running.start(config, tmp_path / "out")
    folder, columns = str(tmp_path / "out"), tuple(range(plan.block))
    spun = work.run_task(folder, Task(0, 0, SPIN_UP), columns, None)
    alone = work.run_task(folder, Task(0, 1, SPIN_UP), (plan.block,), None)
    work.run_task(folder, Task(0, 1, 0), (plan.block,), alone.files[0].path)  # what is made once in a process
    tracemalloc.start()
    try:
        work.run_task(folder, Task(0, 0, 0), columns, spun.files[0].path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.5 * plan.block * need.output < peak < memory.TASK_BYTES - need.files


def test_the_check_tells_the_memory_and_warns(tmp_path, monkeypatch) -> None:
    file = write_file(tmp_path, SITE, PAST_AND_LOW, DRAWS, settings())
    found = CliRunner().invoke(app, ["check", str(file), "--json"])
    assert found.exit_code == 0, found.output
    facts = json.loads(found.stdout)
    plan, need = make_plan(load_ensemble(file))
    assert facts["warnings"] == [] and (plan.block, plan.window_years) == (2, 1)
    assert facts["memory of a worker, MB"] == pytest.approx(need.task(2, 1) / 1e6)
    monkeypatch.setattr(memory, "TASK_BYTES", 1000)
    found = CliRunner().invoke(app, ["check", str(file)])
    assert found.exit_code == 0 and "memory of a worker, MB" in found.stdout
    assert "Warnings" in found.stdout and "keep fewer variables" in " ".join(found.stdout.split())


def test_the_check_warns_before_it_measures_a_task_that_may_be_too_large(tmp_path, monkeypatch) -> None:
    """A machine without room for the sample kills the command: what is wrong must have been said by then."""

    def no_room(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(memory, "TASK_BYTES", 1000)
    monkeypatch.setattr(estimate, "estimate", no_room)
    file = write_file(tmp_path, SITE, PAST_AND_LOW, DRAWS, settings())
    found = CliRunner().invoke(app, ["check", str(file)])
    assert found.exit_code != 0 and "keep fewer variables" in " ".join(found.stdout.split())


# ------------------------------------------------------------------------------------------ weather of each draw


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Path:
    """Three draws with weather of their own, in blocks of two."""
    folder = tmp_path_factory.mktemp("own")
    run_ensemble(write_file(folder, SITE, CLIMATES, DRAWS, OWN), folder / "out").close()
    return folder / "out"


def test_a_draw_with_its_own_weather_is_what_the_model_computes_with_it(own) -> None:
    """The draw of the second block too, to the bit: the weather of draw d has the seed + d."""
    plan = Plan.load(own)
    site = load_ensemble(own / "config.toml").site
    ds = open_ensemble(own, "monthly", ["past"])
    for draw in (0, 1, 2):
        past = synthetic_forcing("ssp245", 2013, 2014, 5 + draw, lon=105.7, lat=26.3, elevation=1200.0)
        alone = Simulation(site, past, [plan.draws[draw]])
        alone.spin_up(1)
        expected = alone.run(["monthly"], KEPT)["monthly"]
        for name in KEPT:
            np.testing.assert_array_equal(ds[name].values[draw], expected[name].values[0])


@pytest.mark.parametrize(("block", "workers"), [(1, 2), (3, 1)])
def test_the_cut_changes_nothing_of_own_weather(own, tmp_path, block, workers) -> None:
    """Neither a value nor what a file says of its weather."""
    asked = settings(weather_per_draw=True, block=block, window_years=2)
    run_ensemble(write_file(tmp_path, SITE, CLIMATES, DRAWS, asked), tmp_path / "out", workers).close()
    assert digest(tmp_path / "out") == digest(own)
    said = [
        {k: v for k, v in open_ensemble(f).attrs.items() if "forcing" in k} for f in (own, tmp_path / "out")
    ]
    assert said[0] == said[1] and "forcing_comment" in said[0] and "forcing_variant_label" not in said[0]


def test_only_the_weather_of_the_block_is_made(own, monkeypatch) -> None:
    made = []
    opened = work.open_climate
    monkeypatch.setattr(
        work, "open_climate", lambda c, i, draws, n: made.append(draws) or opened(c, i, draws, n)
    )
    ensemble = work.Ensemble(own)
    assert ensemble.weather(0, [0, 1]).ds.sizes["location"] == 2
    assert ensemble.weather(0, [2]).draws == (2,)
    assert ensemble.weather(0, [1]).draws == (0, 1)  # a member of the block has failed: the same weather
    assert made == [(0, 1), (2,)]


def test_each_thread_keeps_the_weather_that_it_works_with(own, monkeypatch) -> None:
    """Two threads keep two blocks whatever their bytes; one keeps one."""
    monkeypatch.setattr(work, "KEPT_BYTES", 1)
    ensemble = work.Ensemble(own)
    ensemble.weather(0, [0])
    ensemble.weather(0, [2])
    assert list(ensemble._kept) == [(0, (2,))]
    other = threading.Thread(target=ensemble.weather, args=(0, [0]))
    other.start()
    other.join()
    assert list(ensemble._kept) == [(0, (2,)), (0, (0, 1))]


def test_a_factor_on_rain_is_checked_with_the_weather_of_its_own_draw(tmp_path) -> None:
    """The wettest days of the draws differ: the same factor is too much for one of them only."""
    wettest = [
        float(synthetic_forcing("ssp245", 2015, 2015, 5 + d, lat=26.3).pr.max()) * 86400.0 for d in (0, 1)
    ]
    factor = 2000.0 / (0.5 * sum(wettest))  # 2000 mm d-1: the model's limit for a day
    (tmp_path / "draws.csv").write_text(f"forcing.pr factor\n{factor}\n{factor}\n", encoding="utf-8")
    file = write_file(tmp_path, SITE, ONE_CLIMATE, "[draws]\nfile = 'draws.csv'", OWN)
    plan, need = make_plan(load_ensemble(file))
    assert list(plan.bad) == [int(np.argmax(wettest))] and need.own
    (tmp_path / "draws.csv").write_text("forcing.pr factor\n1e4\n1e4\n", encoding="utf-8")
    with pytest.raises(InputError, match="none can run"):
        make_plan(load_ensemble(file))

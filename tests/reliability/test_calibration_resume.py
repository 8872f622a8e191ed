"""A calibration that is killed goes on from its ledger: the same result to the bit, and nothing computed twice."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from karstsim import calibrate
from karstsim.calibration.config import load_calibration
from karstsim.calibration.evaluate import Evaluator
from karstsim.calibration.folds import blocks_of
from karstsim.calibration.ledger import LEDGER, Ledger
from karstsim.calibration.problem import open_problem
from karstsim.calibration.results import metrics
from karstsim.calibration.run import POSTERIOR, begin, best_point, run_search, work
from karstsim.core.errors import InputError

Write = Callable[..., Path]
BUDGET = 360
BOTH = (
    'objective = "nse"\n[[observations.targets]]\nquantity = "discharge"\nname = "low"\nobjective = "log_nse"'
)


def entered(folder: Path) -> int:
    """Evaluations in a ledger."""
    with sqlite3.connect(f"file:{folder / LEDGER}?mode=ro", uri=True) as db:
        return int(db.execute("select count(*) from evaluation").fetchone()[0])


DIES = """
import os, signal
from karstsim.calibration.ledger import Ledger
from karstsim.cli.app import main

enter, begun = Ledger.enter, []

def enter_and_die(self, *args):
    enter(self, *args)
    begun.append(1)
    if len(begun) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

Ledger.enter = enter_and_die
main()
"""


def kill_in_the_middle(path: Path, folder: Path) -> int:
    """Start a calibration in a process of its own, killed when it has entered a second generation; how much it had."""
    command = [sys.executable, "-c", DIES, "calibrate", str(path), "-o", str(folder), "--workers", "1"]
    died = subprocess.run(command, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    return entered(folder)


def test_killed_and_resumed_it_ends_as_if_it_had_not_been(calibration_file: Write, tmp_path: Path) -> None:
    path = calibration_file(evaluations=BUDGET)
    whole = calibrate(path, tmp_path / "whole")
    had = kill_in_the_middle(path, tmp_path / "cut")
    total = int(whole.attrs["evaluations"])
    assert 0 < had < total
    outcome = work(load_calibration(tmp_path / "cut" / "config.toml"), tmp_path / "cut")
    assert outcome.new == total - had
    xr.testing.assert_identical(outcome.posterior, whole)
    with xr.open_dataset(tmp_path / "cut" / POSTERIOR) as ds:
        assert ds.attrs["method"] == "de"


def test_begun_again_nothing_is_computed_and_nothing_changes(calibration_file: Write, tmp_path: Path) -> None:
    path = calibration_file(evaluations=40, calibration="folds = 2\nrefine = true")
    first = calibrate(path, tmp_path / "run")
    again = work(load_calibration(path), tmp_path / "run", workers=2)
    assert again.new == 0
    xr.testing.assert_identical(again.posterior, first)
    assert first.attrs["evaluations"] <= 3 * 40  # the search and its refinement, and those of two folds
    assert first.sizes["fold"] == 2 and first["fold_skill"].notnull().all()


def test_folds_share_the_runs_of_equal_points(calibration_file: Write, tmp_path: Path) -> None:
    """The draws of GLUE are the same for every fold: 24 runs in all, and held-out skill as from a search of its own."""
    path = calibration_file("glue", 24, "folds = 2\nkeep = 0.2")
    config = load_calibration(path)
    begin(config, tmp_path / "run")
    outcome = work(config, tmp_path / "run")
    assert outcome.new == outcome.posterior.attrs["evaluations"] == 24
    whole = open_problem(config)
    fold = blocks_of(whole)[0]
    alone = whole.fitted_to(fold.masks)
    (tmp_path / "alone").mkdir()
    with Ledger(tmp_path / "alone") as ledger:
        evaluator = Evaluator(alone, ledger)
        best = best_point(evaluator, run_search(evaluator))
        assert evaluator.new == 24
    run = alone.simulate(alone.values(best[None]), 1)[0][0][0]
    expected = list(metrics(alone.targets[0], run, fold.rows[0]).values())
    np.testing.assert_array_equal(outcome.posterior["fold_skill"].values[0, 0], expected)


@pytest.mark.parametrize(
    ("method", "evaluations", "target"),
    [("de", 23, ""), ("nsga2", 23, BOTH), ("emcee", 95, 'objective = "gaussian"\nsigma = 0.1')],
)
def test_a_budget_below_what_a_search_needs_is_refused_and_no_budget_is_exceeded(
    calibration_file: Write, tmp_path: Path, method: str, evaluations: int, target: str
) -> None:
    """Two generations of 12 points; of emcee two generations and two steps of 12 walkers, twice."""
    config = load_calibration(calibration_file(method, evaluations, target=target))
    with pytest.raises(InputError, match=f"give at least {evaluations + 1}"):
        work(config, tmp_path)
    config = load_calibration(calibration_file(method, evaluations + 1, target=target))
    begin(config, tmp_path / "run")
    assert work(config, tmp_path / "run").new <= evaluations + 1


def test_what_a_killed_beginning_left_is_no_other_calibration(
    calibration_file: Write, tmp_path: Path
) -> None:
    """A temporary file of the configuration, a ledger without tables, its log and the lock."""
    folder = tmp_path / "run"
    folder.mkdir()
    for name in (".config.toml.0123abcd.tmp", LEDGER, f"{LEDGER}-wal", ".lock"):
        (folder / name).write_bytes(b"")
    begin(load_calibration(calibration_file()), folder)
    assert not list(folder.glob(".*.tmp"))


def test_a_folder_of_another_calibration_is_refused(calibration_file: Write, tmp_path: Path) -> None:
    begin(load_calibration(calibration_file()), tmp_path / "run")
    with pytest.raises(InputError, match="another calibration"):
        begin(load_calibration(calibration_file(evaluations=60)), tmp_path / "run")


def test_a_folder_of_something_else_is_left_alone(calibration_file: Write, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("config.toml", "annual.nc"):
        (tmp_path / "run" / name).write_text("of another run")
    with pytest.raises(InputError, match="not empty"):
        begin(load_calibration(calibration_file()), tmp_path / "run")
    assert (tmp_path / "run" / "config.toml").read_text() == "of another run"


def test_other_observations_are_other_evaluations(calibration_file: Write, tmp_path: Path) -> None:
    """The file has the same name and the folder the same configuration; its numbers are not those of the ledger."""
    path = calibration_file()
    config = load_calibration(path)
    begin(config, tmp_path / "run")
    first = work(config, tmp_path / "run").new
    table = path.with_name("spring.csv")
    table.write_text(table.read_text().rstrip() + "9\n")  # the last number, one more digit
    assert work(config, tmp_path / "run").new == first


def test_other_weather_is_other_evaluations(calibration_file: Write, tmp_path: Path) -> None:
    """The same names and the same configuration; one day's rain is another."""
    path = calibration_file(evaluations=24)
    made_up = '[forcing]\nsynthetic = "ssp245"\nstart = "2015-01-01"\nend = "2015-05-31"\n'
    text = path.read_text(encoding="utf-8")
    assert made_up in text
    path.write_text(
        text.replace(made_up, '[forcing]\nfiles = ["weather.csv"]\nco2 = 400\n'), encoding="utf-8"
    )
    days = np.arange("2015-01-01", "2015-06-01", dtype="datetime64[D]").astype(str)
    rows = [f"{day},15.0,{8.0 * (i % 4 == 0)},150.0,75.0,2.0" for i, day in enumerate(days)]
    header = "date,tas (degC),pr (mm/d),rsds (W m-2),hurs (%),sfcWind (m/s)"
    weather = path.with_name("weather.csv")
    weather.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    config = load_calibration(path)
    begin(config, tmp_path / "run")
    first = work(config, tmp_path / "run").new
    assert work(config, tmp_path / "run").new == 0
    rows[100] = rows[100].replace(",8.0,", ",9.0,")
    weather.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert work(config, tmp_path / "run").new == first > 0

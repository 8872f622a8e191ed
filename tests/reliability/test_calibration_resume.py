"""A calibration that is killed goes on from its ledger: the same result to the bit, and nothing computed twice."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import xarray as xr

from karstsim import calibrate
from karstsim.calibration.config import load_calibration
from karstsim.calibration.ledger import LEDGER
from karstsim.calibration.run import POSTERIOR, begin, work
from karstsim.core.errors import InputError

Write = Callable[..., Path]
BUDGET = 360
WAIT = 120.0  # s


def entered(folder: Path) -> int:
    """Evaluations in a ledger that another process may be writing."""
    try:
        with sqlite3.connect(f"file:{folder / LEDGER}?mode=ro", uri=True, timeout=5.0) as db:
            return int(db.execute("select count(*) from evaluation").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def kill_in_the_middle(path: Path, folder: Path) -> int:
    """Start a calibration in a process of its own and kill it once it has entered something; how much it had."""
    command = [sys.executable, "-m", "karstsim", "calibrate", str(path), "-o", str(folder), "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + WAIT
    while entered(folder) < 24 and time.monotonic() < end and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return entered(folder)


def test_killed_and_resumed_it_ends_as_if_it_had_not_been(calibration_file: Write, tmp_path: Path) -> None:
    path = calibration_file(evaluations=BUDGET)
    whole = calibrate(path, tmp_path / "whole")
    had = kill_in_the_middle(path, tmp_path / "cut")
    total = int(whole.attrs["evaluations"])
    assert 24 <= had < total, "the kill came too late or too early to test anything"
    outcome = work(load_calibration(tmp_path / "cut" / "config.toml"), tmp_path / "cut")
    assert outcome.new == total - had
    xr.testing.assert_identical(outcome.posterior, whole)
    with xr.open_dataset(tmp_path / "cut" / POSTERIOR) as ds:
        assert ds.attrs["method"] == "de"


def test_begun_again_nothing_is_computed_and_nothing_changes(calibration_file: Write, tmp_path: Path) -> None:
    path = calibration_file(evaluations=24, calibration="folds = 2\nrefine = true")
    first = calibrate(path, tmp_path / "run")
    again = work(load_calibration(path), tmp_path / "run", workers=2)
    assert again.new == 0
    xr.testing.assert_identical(again.posterior, first)
    assert first.sizes["fold"] == 2 and first["fold_skill"].notnull().all()


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

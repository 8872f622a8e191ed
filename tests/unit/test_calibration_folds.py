"""Folds are blocks of time, the same ones for all targets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from karstsim.calibration.config import load_calibration
from karstsim.calibration.folds import Fold, blocks_of, days_of
from karstsim.calibration.problem import Problem, open_problem
from karstsim.core.errors import InputError

Write = Callable[..., Path]
TWO = 'objective = "rmse"\n[[observations.targets]]\nquantity = "temperature"\nobjective = "rmse"'
DAYS = np.arange("2015-01-21", "2015-06-01", dtype="datetime64[D]")


def opened(write: Write, folds: int, warm: range, target: str = TWO) -> Problem:
    """Discharge of every day and a temperature of some: rows of the table that have one."""
    rows = [
        f"{day},{300.0 + i % 7},{10.0 + i % 3 if i in warm else ''}" for i, day in enumerate(DAYS.astype(str))
    ]
    text = "\n".join(["date,Q (L/s),T (degC)", *rows]) + "\n"
    return open_problem(load_calibration(write(calibration=f"folds = {folds}", target=target, table=text)))


def days(problem: Problem, fold: Fold, held_out: bool) -> list[set[str]]:
    """Days of each target that a fold holds out, or lets the search see."""
    picked = fold.rows if held_out else [np.flatnonzero(m) for m in fold.masks]
    return [set(days_of(t)[rows].astype(str)) for t, rows in zip(problem.targets, picked, strict=True)]


def test_a_block_is_held_out_of_every_target(calibration_file: Write) -> None:
    """The temperature was read in the second half alone; blocks cut by its own values would lie elsewhere in time."""
    problem = opened(calibration_file, 3, range(60, len(DAYS), 2))
    folds = blocks_of(problem)
    for fold in folds:
        span = {str(d) for d in DAYS if fold.first <= d <= fold.last}
        for held, seen in zip(days(problem, fold, True), days(problem, fold, False), strict=True):
            assert held <= span and not seen & span
    assert [f.last < g.first for f, g in zip(folds[:-1], folds[1:], strict=True)] == [True, True]
    for i, target in enumerate(problem.targets):
        held = np.concatenate([fold.rows[i] for fold in folds])
        np.testing.assert_array_equal(held, np.flatnonzero(target.fitted))


def test_no_day_is_torn(calibration_file: Write) -> None:
    """Five readings a day, of 20 days: cut by values, 100 of them in 3 blocks would tear two days."""
    stamps = [f"2015-03-{day:02d} {hour:02d}:00" for day in range(1, 21) for hour in range(0, 20, 4)]
    table = "date,Q (L/s)\n" + "\n".join(f"{s},{300 + i % 7}" for i, s in enumerate(stamps)) + "\n"
    problem = open_problem(load_calibration(calibration_file(calibration="folds = 3", table=table)))
    held = [days(problem, fold, True)[0] for fold in blocks_of(problem)]
    assert [len(h) for h in held] == [7, 7, 6]


def test_a_gap_leaves_no_block_empty(calibration_file: Write) -> None:
    """Days with observations are shared out, not days of the calendar: three months without any lie in one block."""
    stamps = [*DAYS[:6].astype(str), *DAYS[-6:].astype(str)]
    table = "date,Q (L/s)\n" + "\n".join(f"{s},{300 + i}" for i, s in enumerate(stamps)) + "\n"
    problem = open_problem(load_calibration(calibration_file(calibration="folds = 4", table=table)))
    assert [len(fold.rows[0]) for fold in blocks_of(problem)] == [3, 3, 3, 3]


def test_few_values_in_a_block_are_held_out_all_the_same(calibration_file: Write) -> None:
    problem = opened(calibration_file, 3, range(42, 100))
    fold = blocks_of(problem)[0]
    assert len(fold.rows[1]) == 2 and int(fold.masks[1].sum()) == 56


def test_blocks_too_small_to_judge_are_refused(calibration_file: Write) -> None:
    problem = open_problem(load_calibration(calibration_file(calibration="folds = 20")))
    with pytest.raises(InputError, match=r"calibration.folds: .* one has 2 of discharge"):
        blocks_of(problem)


def test_a_block_that_leaves_nothing_to_fit_is_refused(calibration_file: Write) -> None:
    problem = opened(calibration_file, 2, range(30))
    with pytest.raises(InputError, match="temperature without 2015-01-21 to 2015-03-27: has 0 values to fit"):
        blocks_of(problem)

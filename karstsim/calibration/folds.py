"""Folds: the fitted time cut into blocks, each predicted by the fit to the others.

A block is a span of time and the same one for all targets: what is held out of the discharge is held out of the
chemistry too, or the fit would have seen the flood that it is asked to predict. Blocks hold equally many days with
observations, so that gaps and sampling campaigns leave none of them empty; no day is torn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from karstsim.calibration.problem import Problem
from karstsim.calibration.targets import LEAST_VALUES, Target, check_objective
from karstsim.core.errors import InputError


@dataclass(frozen=True)
class Fold:
    """A block of the fitted time that is held out.

    first, last  its days;  rows: (n,) those of each target;  masks: (n_values,) what the search sees of each target
    """

    first: np.datetime64
    last: np.datetime64
    rows: list[np.ndarray]
    masks: list[np.ndarray]

    @property
    def label(self) -> str:
        return f"{self.first} to {self.last}"


def blocks_of(problem: Problem) -> list[Fold]:
    """The folds of a problem, in the order of time.

    A target with too few values in a block has no score there, but they are held out all the same.
    Raises InputError where a block has too few values of every target, or leaves too few of one to be fitted.
    """
    number = problem.config.calibration.folds
    if not number:
        return []
    seen = np.concatenate([days_of(t)[t.fitted] for t in problem.targets])
    where = f"{problem.config._source}, calibration.folds"
    return [_fold(problem.targets, days, where) for days in np.array_split(np.unique(seen), number)]


def days_of(target: Target) -> np.ndarray:
    """(n_values,) day of each observation."""
    return target.times.astype("datetime64[D]")


def _fold(targets: tuple[Target, ...], days: np.ndarray, where: str) -> Fold:
    inside = [t.fitted & np.isin(days_of(t), days) for t in targets]
    counts = {t.label: int(held.sum()) for t, held in zip(targets, inside, strict=True)}
    if max(counts.values()) < LEAST_VALUES:
        told = ", ".join(f"{n} of {label}" for label, n in counts.items())
        mend = f"give fewer folds: a block needs {LEAST_VALUES} values of a target"
        raise InputError(where, f"cut blocks too small to be judged: one has {told}", mend)
    masks = [t.fitted & ~held for t, held in zip(targets, inside, strict=True)]
    fold = Fold(days[0], days[-1], [np.flatnonzero(held) for held in inside], masks)
    for target, mask in zip(targets, masks, strict=True):
        check_objective(target, np.flatnonzero(mask), f"{where}: {target.label} without {fold.label}")
    return fold

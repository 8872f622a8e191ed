"""Evaluations: points in, scores out, by the ledger first and by one call of the model for all that are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from karstsim.calibration.ledger import Entry, Ledger, key_of
from karstsim.calibration.problem import Problem
from karstsim.core.errors import RunError
from karstsim.model.engine import Progress

CALL = 256  # points in one call of the model: what a kill can lose, and what memory holds
NAMED = 3  # reasons in a message


@dataclass
class Evaluator:
    """The objective of a search.

    budget   evaluations that a search may make, for the progress; made, new: asked for, and of those not in the ledger
    others   the same problem over other values (folds): every run is judged for them too, so that a search over those
             finds in the ledger what this one has run
    asked    points and entries by key, in the order in which the search asked for them
    """

    problem: Problem
    ledger: Ledger
    workers: int = 1
    progress: Progress | None = None
    budget: int = 0
    label: str = "calibrating"
    others: Sequence[Problem] = ()
    asked: dict[str, tuple[np.ndarray, Entry]] = field(default_factory=dict)
    made: int = 0
    new: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def scores(self, shares: np.ndarray) -> np.ndarray:
        """(n, n_targets) of points (n, d) in shares of the ranges; NaN where the run failed."""
        values = self.problem.values(np.clip(shares, 0.0, 1.0))
        keys = [key_of(self.problem.context, row) for row in values]
        known = self.ledger.find(keys)
        rows = {key: i for i, key in enumerate(keys) if key not in known}  # equal points once
        places = list(rows.values())
        for first in range(0, len(places), CALL):
            part = places[first : first + CALL]
            entries = self._evaluate(values[part])
            known |= {keys[i]: e for i, e in zip(part, entries, strict=True)}
        self.made += len(keys)
        self.new += len(places)
        self.reasons.update(known[key].reason for key in keys if known[key].reason)
        for key, point in zip(keys, values, strict=True):
            self.asked.setdefault(key, (point, known[key]))
        self._show()
        return np.array([known[key].scores for key in keys]).reshape(len(keys), len(self.problem.targets))

    def _evaluate(self, values: np.ndarray) -> list[Entry]:
        """Run new points in one call, and enter what it says for the search and for the others."""
        simulated, reasons = self.problem.simulate(values, self.workers)
        judged = [(p, _judged(p, values, simulated, reasons)) for p in (self.problem, *self.others)]
        self.ledger.enter(
            (problem.context, point, entry)
            for problem, entries in judged
            for point, entry in zip(values, entries, strict=True)
        )
        return judged[0][1]

    def evaluated(self) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, d) that were asked for, each once, and their scores (n, n_targets)."""
        points, entries = zip(*self.asked.values(), strict=True)
        return np.array(points), np.array([entry.scores for entry in entries])

    def _show(self) -> None:
        if self.progress is not None:
            self.progress(min(self.made, self.budget), max(self.budget, 1), self.label)

    def totals(self, shares: np.ndarray) -> np.ndarray:
        """(n,) what a search of one number makes small; inf where the run failed."""
        return self.problem.total(self.scores(shares))

    def losses(self, shares: np.ndarray) -> np.ndarray:
        return self.problem.losses(self.scores(shares))

    def failures(self) -> list[str]:
        """Why evaluations failed, the most frequent reasons first."""
        return [f"{n} x {why}" for why, n in self.reasons.most_common()]

    def refuse_if_all_failed(self) -> None:
        """RunError where no point could be run."""
        if sum(self.reasons.values()) >= self.made > 0:
            raise RunError(
                "no evaluation could be used: "
                + "; ".join(self.failures()[:NAMED])
                + "\n  mend: look at the ranges"
            )


def _judged(
    problem: Problem, values: np.ndarray, simulated: Sequence[np.ndarray], reasons: Mapping[int, str]
) -> list[Entry]:
    """Scores of runs; NaN with a reason where a run failed or has no score."""
    scores = problem.scores(values, simulated)
    reasons = dict(reasons)
    for i in np.flatnonzero(~np.isfinite(scores).all(axis=1)):
        reasons.setdefault(
            int(i), "a score is not finite: a target has no value, or none after its transformation"
        )
    return [Entry(np.where(i in reasons, np.nan, row), reasons.get(i, "")) for i, row in enumerate(scores)]

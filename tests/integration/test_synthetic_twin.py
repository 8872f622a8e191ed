"""A synthetic twin as a spring of one's own: what is written beside its file is what the calibration command takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from experiments.synthetic_twin.run import write_first
from karstsim.calibration.config import load_calibration
from karstsim.calibration.problem import open_problem


def test_a_written_twin_can_be_calibrated_and_its_truth_is_likely(tmp_path: Path) -> None:
    """The truth, by the likelihood of the file, is far better than most of the ranges."""
    write_first(tmp_path / "twin", twins=2, seed=0, workers=1)
    problem = open_problem(load_calibration(tmp_path / "twin" / "config.toml"))
    told = json.loads((tmp_path / "twin" / "truth.json").read_text())
    truth = np.array([[told[name] for name in problem.names]])
    assert 15 <= len(problem.targets[0].raw) <= 27  # of 27 days three weeks apart, a fifth of them gaps
    shares = problem.shares(truth)
    assert ((shares >= 0.0) & (shares <= 1.0)).all()
    others = problem.values(np.random.default_rng(1).random((30, truth.shape[1])))
    values = np.concatenate([truth, others])
    simulated, reasons = problem.simulate(values, 1)
    assert not reasons
    likely = problem.scores(values, simulated)[:, 0]
    assert likely[0] > np.quantile(likely[1:], 0.8)

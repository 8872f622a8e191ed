"""First-order indices of a polynomial are in its coefficients."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.sensitivity.smooth import smooth
from karstsim.sensitivity_analysis.methods import Design, points

DESIGN = Design("sobol", ("a", "b", "c", "idle"), 64, seed=1)


def test_the_indices_of_a_polynomial_are_exact() -> None:
    """y = 2 a + 6 b^2 + 12 a c: V_a = (2 + 6)^2 / 12, V_b = 36 (1/5 - 1/9), V_c = 6^2 / 12, V_ac = 12^2 / 12^2."""
    x = points(DESIGN)
    y = 2.0 * x[:, 0] + 6.0 * x[:, 1] ** 2 + 12.0 * x[:, 0] * x[:, 2]
    parts = np.array([64.0 / 12.0, 36.0 * (1.0 / 5.0 - 1.0 / 9.0), 3.0, 0.0])
    found = smooth(x, y, DESIGN.unit)
    assert found.first == pytest.approx(parts / (parts.sum() + 1.0), abs=1e-9)
    assert found.r2 == pytest.approx(1.0)
    assert found.ranks[:, 0].tolist() == [1, 1] and found.ranks[:, 3].tolist() == [4, 4]


def test_what_a_polynomial_cannot_follow_is_told() -> None:
    """A step in one factor, and noise: r2 is well below one, and the rank is right all the same."""
    x = points(DESIGN)
    y = (x[:, 0] > 0.3).astype(float) + 0.3 * np.random.default_rng(0).standard_normal(len(x))
    found = smooth(x, y, DESIGN.unit)
    assert 0.2 < found.r2 < 0.9
    assert found.ranks[:, 0].tolist() == [1, 1]

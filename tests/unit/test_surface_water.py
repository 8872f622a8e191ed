"""Oxygen at saturation, ledgers of carbon, and a bright planted day with half the sub-step."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.analysis.carbon_paths import CarbonPaths, gross_partition, ocean_step, retained
from karstsim.chemistry.gas import oxygen_saturation, schmidt_o2
from karstsim.core.jit import python_callable

PEARL = CarbonPaths(104.0, 0.0, 15.0, 4.0, 0.0, 54.0, 20.0, 0.0, 7.0, 0.0)


def test_oxygen_at_saturation() -> None:
    """Benson & Krause's table at 1 atm: 14.62, 11.29, 9.09 and 7.56 mg/L at 0, 10, 20 and 30 degC."""
    saturation = python_callable(oxygen_saturation)
    for temperature, expected in ((0.0, 14.62), (10.0, 11.29), (20.0, 9.09), (30.0, 7.56)):
        assert 31.998 * saturation(temperature, 1.0) == pytest.approx(expected, abs=0.01)
    assert python_callable(schmidt_o2)(20.0) == pytest.approx(510.0, abs=1.0)


def test_ledgers() -> None:
    """4 + 27 + 54 + 15 = 100; after a century 0.9 x 4 + 54 + 7 exp(-0.02) = 64.46 stay; S3 = 2 x 0.85 - 1."""
    assert gross_partition(PEARL)["organic"] == pytest.approx(0.27)
    assert PEARL.remainder == pytest.approx(4.0)
    assert retained(PEARL) == pytest.approx(0.6446, abs=1e-4)
    assert ocean_step() == pytest.approx(0.70)


@pytest.mark.slow
def test_half_the_sub_step_changes_little_on_a_bright_day() -> None:
    """X12 in short form: DIC at every hour within 1 %, pH within 0.02, also at noon."""
    from experiments.diel import run as diel

    coarse, fine = diel.day(True, 3), diel.day(True, 3, 2 * diel.STEPS)
    ratio = coarse["outflow_dic"] / fine["outflow_dic"]
    assert np.abs(ratio - 1.0).max() < 0.01
    assert np.abs(coarse["water_ph"] - fine["water_ph"]).max() < 0.02
    assert 15.0 < diel.summary(coarse)["drop"] < 30.0

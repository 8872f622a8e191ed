"""The benchmarks run; nothing is timed here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = pytest.mark.slow


def _numbers(script: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark prints for machines."""
    if not (BENCHMARKS / script).is_file():
        pytest.skip("the benchmarks are not part of this copy")
    command = [sys.executable, str(BENCHMARKS / script), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_chemistry_benchmark_runs_and_its_rows_agree() -> None:
    """Tiny numbers. Every row ran or names what is missing; errors: 1e-4 in pH of karstsim, 3e-4 of integrators."""
    tables = _numbers("chemistry.py", "--waters", "200", "--stores", "8", "--repeats", "1")
    for row in (*tables["speciation"], *tables["store_day"]):
        assert row["nanoseconds"] is not None or row["note"].startswith("not installed"), row
    for row in tables["speciation"]:
        assert not row["name"].startswith("karstsim") or (row["error"] or 0.0) < 1e-4, row
    for row in tables["store_day"]:
        assert (row["error"] or 0.0) < 3e-4, row


def test_the_cost_model_is_fitted_to_its_slices() -> None:
    """Every line is finite and grows; a thousand members cost more than the largest slice, the globe more than they."""
    found = _numbers("scaling.py", "--quick")
    model = found["model"]
    assert all(
        np.isfinite(model[name]).all() and min(model[name]) >= 0.0 for name in ("cpu", "disk", "memory")
    )
    assert model["cpu"][0] > 0.0 and model["disk"][0] > 0.0
    hours = [size["core-hours"] for size in found["sizes"]]
    largest = max(row["cpu s"] for row in found["slices"]) / 3600.0
    assert largest < hours[0] < hours[2]
    assert all(row["peak MB"] > 0.0 and row["files"] > 0 for row in found["slices"])
    globe = found["sizes"][2]
    assert 0.0 < globe["of forcing, cut"] < globe["of forcing, not cut"]
    assert found["sizes"][0]["of forcing, cut"] == 0.0  # synthetic


def test_an_ensemble_is_run_whole() -> None:
    (taken,) = _numbers("scaling.py", "--members", "3", "--years", "2", "--frequency", "daily")["slices"]
    assert (taken["draws"], taken["years"], taken["frequency"]) == (3, 2, "daily")
    assert taken["cpu s"] > 0.0 and taken["files"] > 0


def test_the_programs_of_the_page_cut_forcing_without_changing_it() -> None:
    """The benchmark runs both programs of the page of clusters and ends with an error where a value differs."""
    cut = _numbers("forcing_cut.py", "--quick")
    assert min(cut[key] for key in ("blocks_ns", "region_s", "read_s", "uncut_ns")) > 0.0
    assert 0.5 < cut["growth"] < 2.0  # packed as before


def test_estimates_stand_beside_costs() -> None:
    found = _numbers("estimates.py", "--quick")
    assert len(found["plans"]) == 3
    for plan in found["plans"]:
        assert 0.2 < plan["time, told/took"] < 5.0 and 0.5 < plan["disk, told/took"] < 2.0, plan

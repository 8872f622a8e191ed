"""The benchmark of the chemistry runs; nothing is timed here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "chemistry.py"


@pytest.mark.slow
def test_the_chemistry_benchmark_runs_and_its_rows_agree() -> None:
    """Tiny numbers. Every row ran or names what is missing; errors: 1e-4 in pH of karstsim, 3e-4 of integrators."""
    if not SCRIPT.is_file():
        pytest.skip("the benchmarks are not part of this copy")
    command = [sys.executable, str(SCRIPT), "--waters", "200", "--stores", "4", "--repeats", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tables = json.loads(done.stdout)
    for row in (*tables["speciation"], *tables["store_day"]):
        assert row["nanoseconds"] is not None or row["note"].startswith("not installed"), row
    for row in tables["speciation"]:
        assert not row["name"].startswith("karstsim") or (row["error"] or 0.0) < 1e-4, row
    for row in tables["store_day"]:
        assert (row["error"] or 0.0) < 3e-4, row

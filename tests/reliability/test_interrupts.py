"""Ctrl-C in a real process: a clean message, code 3, all that was done is kept, and the end is the undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import xarray as xr
from command_runs import begin, digest, finish
from small_site import SITE

from karstsim.ensemble import run_ensemble

pytestmark = pytest.mark.slow

ENSEMBLE = (
    SITE
    + """
[[climates]]
name = "low"
synthetic = "ssp126"
start = "2015-01-01"
end = "2044-12-31"
[draws]
number = 8
[draws.ranges]
"soil.structure_factor" = { factor = [0.7, 1.4], scale = "log" }
[ensemble]
output = ["monthly"]
variables = ["catchment_runoff", "aquifer_spring_ph"]
spinup_years = 1
block = 4
window_years = 5
"""
)
RUN = (
    SITE
    + """
[forcing]
synthetic = "ssp245"
start = "2015-01-01"
end = "2099-12-31"
[run]
output = ["daily"]
variables = ["catchment_runoff", "aquifer_spring_ph"]
spinup_years = 100
"""
)
PATIENCE = 300.0  # s


def _interrupted_when(process: subprocess.Popen[str], begun: Path, pattern: str, times: int = 1) -> str:
    """Send what Ctrl-C sends, `times` times, once a file is there; returns what the command said at its end."""
    limit = time.monotonic() + PATIENCE
    while process.poll() is None and not list(begun.glob(pattern)) and time.monotonic() < limit:
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()[1]
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
    said = process.communicate(timeout=PATIENCE)[1]
    # Pressed again while Python takes its leave, the keys end it at once; nothing is left to be done by then.
    assert process.returncode in ((3,) if times == 1 else (3, -signal.SIGINT)), said
    assert "Traceback" not in said and "interrupted" in said
    return said


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "e.toml").write_text(ENSEMBLE, encoding="utf-8")
    run_ensemble(folder / "e.toml", folder / "out").close()
    return folder / "e.toml", digest(folder / "out")


@pytest.mark.parametrize("times", [1, 3])
def test_an_ensemble_that_was_interrupted_goes_on(ensemble, tmp_path, times) -> None:
    """Also where the impatient press the keys again and again."""
    file, whole = ensemble
    out = tmp_path / "out"
    said = _interrupted_when(begin("run", file, "-o", out, "--workers", 2), out, "shards/*/*.nc", times)
    assert f"karstsim resume {out}" in said
    kept = {p: p.stat().st_mtime_ns for p in out.glob("s*/*/*.nc")}
    assert finish("resume", out).returncode == 0
    assert {p: p.stat().st_mtime_ns for p in kept} == kept and digest(out) == whole


@pytest.mark.parametrize("moment", ["parts", "parts/state_0002.nc"], ids=["spin-up", "third window"])
def test_a_run_that_was_interrupted_goes_on(tmp_path, moment) -> None:
    (tmp_path / "run.toml").write_text(RUN, encoding="utf-8")
    out = tmp_path / "out"
    said = _interrupted_when(begin("run", tmp_path / "run.toml", "-o", out), out, moment)
    assert f"karstsim resume {out}" in said
    assert finish("status", out).returncode == 0
    assert finish("resume", out).returncode == 0
    assert finish("run", tmp_path / "run.toml", "-o", tmp_path / "whole").returncode == 0
    for name in ("daily.nc", "restart.nc"):
        with xr.open_dataset(out / name) as ours, xr.open_dataset(tmp_path / "whole" / name) as theirs:
            xr.testing.assert_identical(ours.load(), theirs.load())

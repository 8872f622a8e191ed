"""Process faults of an ensemble: killed at any moment, on a cluster that loses and gains workers."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_runs import begin, digest, entered
from small_site import SITE

from karstsim.ensemble import run as running
from karstsim.ensemble import run_ensemble

pytestmark = pytest.mark.slow

KILLS = 100
LONGEST = 12.0  # s that a run may live before it is killed: from its imports to well into its work
FILE = (
    SITE
    + """
[[climates]]
name = "low"
synthetic = "ssp126"
start = "2015-01-01"
end = "2034-12-31"
[[climates]]
name = "high"
synthetic = "ssp585"
start = "2015-01-01"
end = "2034-12-31"
[draws]
number = 24
[draws.ranges]
"soil.structure_factor" = { factor = [0.7, 1.4], scale = "log" }
[ensemble]
output = ["monthly"]
variables = ["catchment_runoff", "aquifer_spring_ph", "catchment_sink_hydrochemical"]
spinup_years = 1
block = 2
window_years = 2
"""
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "e.toml").write_text(FILE, encoding="utf-8")
    run_ensemble(folder / "e.toml", folder / "out", workers=2)
    return folder / "e.toml", digest(folder / "out")


def test_killed_at_any_moment_nothing_is_lost(undisturbed, tmp_path) -> None:
    """kill -9 at a hundred random moments: what was entered is never done again, every end is the undisturbed one.

    A run that ends before its kill is looked at, and the next begins in a new folder. Kills in the midst of the work,
    with files entered and others to come, are counted: they are what matters.
    """
    file, whole = undisturbed
    chance = random.Random(7)
    kills = midst = ends = 0
    out, seen = tmp_path / "0", dict[str, int]()
    while kills < KILLS:
        begun = (out / "plan.json").is_file()
        arguments = ("resume", out) if begun else ("run", file, "-o", out, "--overwrite")
        process = begin(*arguments, "--workers", 2)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.1, LONGEST))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        _, said = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), said
        known = entered(out)
        assert {path: known[path] for path in seen} == seen
        midst += bool(known) and process.returncode != 0
        seen = known
        if process.returncode == 0:
            assert digest(out) == whole
            ends += 1
            out, seen = tmp_path / str(ends), {}
    assert running.work(out, 2).complete and digest(out) == whole
    print(f"{kills} kills, {midst} of them with work behind, {ends} runs that ended between")
    assert midst >= KILLS // 4


def test_a_cluster_gives_the_same_and_survives_the_loss_of_a_worker(undisturbed, tmp_path) -> None:
    """A scheduler and workers started as on a cluster; one worker is killed and one is added on the way.

    The commands are those of docs/cluster.md; the values are those of two threads.
    """
    pytest.importorskip("distributed", reason="distributed is not installed (extra cluster)")
    file, whole = undisturbed
    out = tmp_path / "out"
    with _dask(
        "scheduler", "--scheduler-file", tmp_path / "s.json", "--port", 0, "--dashboard-address", ":0"
    ):
        address = _address(tmp_path / "s.json")
        worker = ("worker", address, "--nthreads", 1, "--nworkers", 1, "--no-dashboard")
        with _dask(*worker) as victim, _dask(*worker):
            process = begin("run", file, "-o", out, "--scheduler", address)
            while process.poll() is None and not list(out.glob("shards/*/*.nc")):
                time.sleep(0.2)
            assert process.poll() is None, process.communicate()[1]
            os.killpg(victim.pid, signal.SIGKILL)
            with _dask(*worker):
                said = process.communicate(timeout=600)[1]
            assert process.returncode == 0, said
    assert digest(out) == whole


def test_a_cluster_that_is_lost_is_named_and_one_that_comes_late_is_used(undisturbed, tmp_path) -> None:
    """A run waits for its first worker; when the scheduler dies it ends with a message, and goes on without it."""
    pytest.importorskip("distributed", reason="distributed is not installed (extra cluster)")
    file, whole = undisturbed
    out = tmp_path / "out"
    with _dask(
        "scheduler", "--scheduler-file", tmp_path / "s.json", "--port", 0, "--dashboard-address", ":0"
    ) as scheduler:
        address = _address(tmp_path / "s.json")
        process = begin("run", file, "-o", out, "--scheduler", address)
        while process.poll() is None and not (out / "manifest.sqlite").is_file():
            time.sleep(0.2)
        with _dask("worker", address, "--nthreads", 2, "--nworkers", 1, "--no-dashboard"):
            while process.poll() is None and not list(out.glob("shards/*/*.nc")):
                time.sleep(0.2)
            assert process.poll() is None, process.communicate()[1]
            os.killpg(scheduler.pid, signal.SIGKILL)
            said = process.communicate(timeout=120)[1]
    assert process.returncode == 1 and "Traceback" not in said, said
    assert f"the dask cluster at {address} was lost" in said and f"karstsim resume {out}" in said
    kept = entered(out)
    assert running.work(out, 2).complete and digest(out) == whole
    assert {path: entered(out)[path] for path in kept} == kept


@contextlib.contextmanager
def _dask(*arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """A dask command while it is needed; it and its nannies are a process group of their own."""
    call = [sys.executable, "-m", "dask", *map(str, arguments)]
    process = subprocess.Popen(
        call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address(path: Path) -> str:
    """Address in the file that a scheduler writes once it listens."""
    for _ in range(600):
        with contextlib.suppress(OSError, ValueError):
            return str(json.loads(path.read_text(encoding="utf-8"))["address"])
        time.sleep(0.1)
    raise AssertionError("the scheduler did not start")

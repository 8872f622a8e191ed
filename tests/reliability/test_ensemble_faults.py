"""Process faults of an ensemble: killed at any moment, on a cluster that loses workers, on a disk that is full."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from small_site import SITE

from karstsim.ensemble import run as running
from karstsim.ensemble import run_ensemble
from karstsim.ensemble.manifest import Manifest
from karstsim.ensemble.store import open_ensemble

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


def _digest(folder: Path) -> str:
    ds = open_ensemble(folder)
    total = hashlib.sha256()
    for name in sorted(str(n) for n, v in ds.data_vars.items() if "realization" in v.dims):
        total.update(np.ascontiguousarray(ds[name].values).tobytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "e.toml").write_text(FILE, encoding="utf-8")
    run_ensemble(folder / "e.toml", folder / "out", workers=2)
    return folder / "e.toml", _digest(folder / "out")


def _process(*arguments: str) -> subprocess.Popen[bytes]:
    call = [sys.executable, "-c", "from karstsim.cli import main; main()", *arguments]
    return subprocess.Popen(
        call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def test_killed_at_any_moment_nothing_is_lost(undisturbed, tmp_path) -> None:
    """kill -9 at random moments, until a run ends: what was entered is never done again, the result is the same."""
    file, digest = undisturbed
    out = tmp_path / "out"
    chance = random.Random(7)
    seen: dict[str, int] = {}
    kills = 0
    while kills < KILLS:
        arguments = (
            ("resume", str(out))
            if (out / "plan.json").is_file()
            else ("run", str(file), "-o", str(out), "--overwrite")
        )
        process = _process(*arguments, "--workers", "2")
        time.sleep(chance.uniform(0.1, LONGEST))
        if process.poll() is not None:
            assert process.returncode == 0
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
        if not (out / "manifest.sqlite").is_file():
            continue
        with Manifest(out) as manifest:
            entered = {f.path: (out / f.path).stat().st_mtime_ns for _, f in manifest.files()}
        assert {path: entered[path] for path in seen} == seen
        seen = entered
    outcome = running.work(out, 2)
    assert outcome.complete and _digest(out) == digest
    print(f"{kills} kills")
    assert kills >= 3


def test_a_cluster_gives_the_same_and_survives_the_loss_of_a_worker(undisturbed, tmp_path) -> None:
    """Two worker processes, of which one is killed and one is added on the way: the same values as of two threads."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed (extra cluster)")
    file, digest = undisturbed
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        process = _process(
            "run", str(file), "-o", str(tmp_path / "out"), "--scheduler", cluster.scheduler_address
        )
        while process.poll() is None and not list((tmp_path / "out").glob("shards/*/*.nc")):
            time.sleep(0.5)
        assert process.poll() is None
        with distributed.Client(cluster) as client:
            victim = next(iter(client.run(os.getpid).values()))
        os.kill(victim, signal.SIGKILL)
        cluster.scale(3)
        assert process.wait(600) == 0
    assert _digest(tmp_path / "out") == digest


def test_a_full_disk_is_named_and_costs_nothing(undisturbed, tmp_path) -> None:
    """On a file system of 400 kB the run ends with a message and code 1; with room it goes on to the same end."""
    file, digest = undisturbed
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(small)], check=False)
    if mounted.returncode != 0:
        pytest.skip("no right to mount a small file system")
    try:
        call = [
            sys.executable,
            "-c",
            "from karstsim.cli import main; main()",
            "run",
            str(file),
            "-o",
            str(small / "out"),
        ]
        ended = subprocess.run(call, capture_output=True, text=True, check=False)
        assert ended.returncode == 1 and "Traceback" not in ended.stderr
        assert (
            "No space left" in ended.stderr
            or " MB are free" in ended.stderr
            or "disk is full" in ended.stderr
        )
        assert "karstsim resume" in ended.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        assert running.work(small / "out", 2).complete
        assert _digest(small / "out") == digest
    finally:
        subprocess.run(["umount", str(small)], check=False)

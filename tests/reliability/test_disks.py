"""Real disks that are full or cannot be written to: a small file system of memory, mounted for the test."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import xarray as xr
from command_runs import digest, entered, finish
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
end = "2018-12-31"
[draws]
number = 4
[draws.ranges]
"soil.structure_factor" = { factor = [0.7, 1.4], scale = "log" }
[ensemble]
output = ["daily"]
variables = ["catchment_runoff", "aquifer_spring_ph", "catchment_sink_hydrochemical"]
spinup_years = 1
block = 2
window_years = 1
"""
)
RUN = (
    SITE
    + """
[forcing]
synthetic = "ssp245"
start = "2015-01-01"
end = "2038-12-31"
[run]
output = ["daily"]
variables = ["catchment_*"]
spinup_years = 1
"""
)


class Disk:
    """A small file system; `room` gives it another size or takes away the right to write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def room(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.path)], check=True)


@pytest.fixture
def disk(tmp_path) -> Iterator[Disk]:
    """A file system of 600 kB; skipped where mounting is not allowed."""
    path = tmp_path / "disk"
    path.mkdir()
    try:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(path)], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if made.returncode != 0:
        pytest.skip("no right to mount a small file system (root is needed)")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=False)


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory) -> tuple[Path, str]:
    """The file, and the sha256 of what it gives where there is room."""
    folder = tmp_path_factory.mktemp("room")
    (folder / "e.toml").write_text(ENSEMBLE, encoding="utf-8")
    run_ensemble(folder / "e.toml", folder / "out").close()
    return folder / "e.toml", digest(folder / "out")


def _told(ended: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    assert any(word in ended.stderr for word in words), ended.stderr


NO_ROOM = ("No space left", "MB are free", "disk is full")
NO_WRITING = ("Read-only file system", "no permission to write", "read-only", "readonly")


def test_an_ensemble_goes_on_where_a_full_disk_stopped_it(disk, ensemble) -> None:
    """Message and code 1; a second try says the same; with room it goes on to the same sha256, doing nothing twice."""
    file, whole = ensemble
    out = disk.path / "out"
    ended = finish("run", file, "-o", out)
    _told(ended, 1, *NO_ROOM)
    assert f"karstsim resume {out}" in ended.stderr
    _told(finish("resume", out), 1, *NO_ROOM)
    assert finish("status", out).returncode == 0
    kept = entered(out)
    assert kept and not list(out.glob("s*/*/.*.tmp"))
    disk.room("size=64m")
    assert finish("resume", out).returncode == 0
    assert {path: entered(out)[path] for path in kept} == kept and digest(out) == whole


def test_an_ensemble_goes_on_where_writing_was_forbidden(disk, ensemble) -> None:
    """Refused at the start with code 2; forbidden on the way, resume says so; allowed again, the same sha256."""
    file, whole = ensemble
    out = disk.path / "out"
    disk.room("ro")
    _told(finish("run", file, "-o", out), 2, *NO_WRITING)
    disk.room("rw")
    _told(finish("run", file, "-o", out), 1, *NO_ROOM)
    disk.room("ro,size=64m")
    _told(finish("resume", out), 2, *NO_WRITING)
    assert finish("status", out).returncode == 0
    disk.room("rw")
    assert finish("resume", out).returncode == 0
    assert digest(out) == whole


@pytest.mark.parametrize("name", ["all.nc", "all.zarr"])
def test_an_export_to_a_full_disk_says_so_and_leaves_nothing(disk, ensemble, name) -> None:
    if name.endswith("zarr"):
        pytest.importorskip("zarr", reason="zarr is not installed (extra cluster)")
    file, _ = ensemble
    disk.room("size=16k")
    _told(finish("export", file.parent / "out", disk.path / name), 1, *NO_ROOM)
    assert not list(disk.path.iterdir())


def test_a_single_run_goes_on_where_a_full_disk_stopped_it(disk, tmp_path) -> None:
    """The windows that were written stay; the files are those of a run that had room."""
    (tmp_path / "run.toml").write_text(RUN, encoding="utf-8")
    out = disk.path / "out"
    ended = finish("run", tmp_path / "run.toml", "-o", out)
    _told(ended, 1, *NO_ROOM)
    assert f"karstsim resume {out}" in ended.stderr
    disk.room("size=256m")
    assert finish("resume", out).returncode == 0
    assert finish("run", tmp_path / "run.toml", "-o", tmp_path / "whole").returncode == 0
    for name in ("daily.nc", "restart.nc"):
        with xr.open_dataset(out / name) as ours, xr.open_dataset(tmp_path / "whole" / name) as theirs:
            xr.testing.assert_identical(ours.load(), theirs.load())

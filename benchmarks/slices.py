"""Slices of ensembles, each run in a process of its own: time, largest memory, disk and the share of writing.

`compare.py` and `scaling.py` measure with it; by itself it does nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

FIRST_YEAR = 2015
GRID, ROWS = 0.1, 2  # degrees between the cells of a slice, and its rows

# Timed in the process that runs the slice: whatever brings results to the disk, and reads them back for their sha256.
CHILD = """
import json, re, sys, threading, time
from pathlib import Path
import karstsim as ks
from karstsim.ensemble import work

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024 / 1e6

spent, lock = {"write": 0.0}, threading.Lock()

def timed(do):
    def run(*given, **named):
        began = time.thread_time()
        try:
            return do(*given, **named)
        finally:
            with lock:
                spent["write"] += time.thread_time() - began
    return run

for name in ("_write_shard", "_write_state"):
    setattr(work, name, timed(getattr(work, name)))

warm, config, folder, workers = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
ks.run_ensemble(warm, folder / "warm", workers=1).close()
before, spent["write"] = peak(), 0.0
clock, cpu = time.perf_counter(), time.process_time()
ks.run_ensemble(config, folder / "out", workers=workers).close()
record = json.loads((folder / "out" / "run.json").read_text())
files = [p for p in (folder / "out").rglob("*") if p.is_file()]
print(json.dumps({
    "wall_s": time.perf_counter() - clock,
    "cpu_s": time.process_time() - cpu,
    "task_s": record["cpu_seconds"],
    "write_s": spent["write"],
    "spin_up_years": record["reports"].get("spin-up years", 0.0),
    "tasks": record["tasks"][1],
    "start_mb": before,
    "peak_mb": peak(),
    "forcing_mb": work.opened(str(folder / "out")).weather(0, [0]).ds.nbytes / 1e6,
    "shard_mb": sum(p.stat().st_size for p in files if p.parts[-3] == "shards") / 1e6,
    "disk_mb": sum(p.stat().st_size for p in files) / 1e6,
    "files": len(files),
}))
"""
SITE = """
[site]
name = "benchmark"
latitude = 26.3
longitude = 105.7
elevation = 1200.0
area_km2 = 10.0

[[site.tiles]]
land_use = "cropland"
area_fraction = 1.0
"""  # of all slices and plans


@dataclass(frozen=True)
class Slice:
    """An ensemble of draws x cells through years, with one output frequency.

    variables  how many are kept; 0 the standard set
    cells      0: synthetic weather of one place; else a grid in netCDF, in two rows
    """

    draws: int
    years: int
    cells: int = 0
    frequency: str = "daily"
    variables: int = 30
    spinup_years: int = 0
    window_years: int = 10
    block: int = 32

    @property
    def members(self) -> int:
        return self.draws * max(self.cells, 1)


@dataclass(frozen=True)
class Cost:
    """What a slice took; see `CHILD`. start_mb: memory after a first small ensemble, before the slice."""

    wall_s: float
    cpu_s: float
    task_s: float
    write_s: float
    spin_up_years: float
    tasks: int
    start_mb: float
    peak_mb: float
    forcing_mb: float
    shard_mb: float
    disk_mb: float
    files: int

    @property
    def write_share(self) -> float:
        """CPU time of writing over that of the tasks without it."""
        return self.write_s / (self.task_s - self.write_s)


def measure(part: Slice, workers: int = 2) -> Cost:
    """Run a slice in a fresh process, after a small one that compiles. Linux only: memory is read from /proc."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _grid(part, folder) if part.cells else []
        (folder / "e.toml").write_text(ensemble(part, files), encoding="utf-8")
        (folder / "w.toml").write_text(ensemble(Slice(1, 1, variables=1)), encoding="utf-8")
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                CHILD,
                str(folder / "w.toml"),
                str(folder / "e.toml"),
                str(folder),
                str(workers),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"the ensemble failed:\n{done.stderr}")
        return Cost(**json.loads(done.stdout.splitlines()[-1]))


def ensemble(part: Slice, files: list[Path] | None = None) -> str:
    """The ensemble file of a slice."""
    weather = f'files = {json.dumps([str(f) for f in files])}\nco2 = "ssp245"\ncells = true' if files else ""
    return f"""{SITE}
[[climates]]
name = "ssp245"
{weather or 'synthetic = "ssp245"'}
start = "{FIRST_YEAR}-01-01"
end = "{FIRST_YEAR - 1 + part.years}-12-31"

[draws]
number = {part.draws}

[draws.ranges]
"soil.structure_factor" = {{ factor = [0.7, 1.4], scale = "log" }}

[ensemble]
output = ["{part.frequency}"]
variables = {json.dumps(first_variables(part.variables))}
spinup_years = {part.spinup_years}
window_years = {part.window_years}
block = {part.block}
"""


def first_variables(number: int) -> list[str]:
    """The first variables of the standard set that have one value a catchment."""
    from karstsim.model.output import select

    return [v.name for v in select([]) if v.level == "column"][:number]


def _grid(part: Slice, folder: Path) -> list[Path]:
    """CMIP-style files of two rows of cells: synthetic weather, every cell with its own seed."""
    import xarray as xr

    from karstsim.forcing.synthetic import synthetic_forcing, write_cmip

    last = FIRST_YEAR - 1 + part.years
    made: dict[str, dict[int, list[xr.Dataset]]] = {}
    for cell in range(part.cells):
        row, place = cell % ROWS, cell // ROWS
        at = {"lon": 105.7 + GRID * place, "lat": 26.3 + GRID * row}
        weather = synthetic_forcing("ssp245", FIRST_YEAR, last, cell, **at)
        for path in write_cmip(weather.assign_attrs(variant_label="r1i1p1f1"), folder / f"cell{cell}"):
            with xr.open_dataset(path, decode_times=False) as ds:
                made.setdefault(path.name, {}).setdefault(row, []).append(ds.load())
    paths = []
    for name, rows in made.items():
        paths.append(folder / name)
        strips = [xr.concat(cells, "lon", data_vars="minimal") for cells in rows.values()]
        xr.concat(strips, "lat", data_vars="minimal").to_netcdf(paths[-1])
    return paths


def row(part: Slice, cost: Cost) -> dict[str, Any]:
    """A slice and its cost as a row of a table."""
    kept = asdict(part)
    return {
        **{name: kept[name] for name in ("draws", "cells", "years", "frequency", "variables")},
        "cpu s": cost.cpu_s,
        "wall s": cost.wall_s,
        "writing over stepping": cost.write_share,
        "peak MB": cost.peak_mb,
        "shards MB": cost.shard_mb,
        "files": cost.files,
    }

"""karstsim beside its peers on the same work, and how its cost grows, in one run.

    python benchmarks/compare.py [--quick] [--json]

Four parts: waters and stiff store days beside PHREEQC, PyCO2SYS, numbalsoda and scipy (`chemistry.py`); the whole
column, with members, days and threads growing; the same output through karstsim's store and through plain xarray; and
the largest memory of ensembles that grow. No other program simulates the whole column: the stiff day of one of its
stores is the part that integrators can do.

Thread or process CPU time, so that other jobs disturb less; ratios within one part are what counts.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import chemistry  # noqa: E402 - beside this file
from slices import Slice, first_variables, measure  # noqa: E402
from throughput import site  # noqa: E402
from timing import Rows, machine, markdown, options, table  # noqa: E402

from karstsim.forcing.synthetic import synthetic_forcing  # noqa: E402
from karstsim.model.engine import step_all  # noqa: E402
from karstsim.model.initial import EMPTY, set_initial_state  # noqa: E402
from karstsim.model.output import write_netcdf  # noqa: E402
from karstsim.model.simulate import Simulation  # noqa: E402

REPEATS = 3
STORE_PACKING = {
    "compression": "zstd",
    "complevel": 1,
    "shuffle": True,
    "dtype": "f4",
}  # of the ensemble's shards
MEGABYTE = 1024.0  # of the kilobytes that the system counts
KEPT = 30  # variables that are written
NO_CAVES = {"cave.area_fraction": 0.0}


def stepping(run: Simulation, workers: int = 1) -> tuple[float, float]:
    """Median CPU and wall time (s) of stepping all members through the forcing, after a first time."""
    step_all(run.tables, run.forcing, EMPTY, run.physics, workers)
    cpu, wall = [], []
    for _ in range(REPEATS):
        began, clock = time.process_time(), time.perf_counter()
        step_all(run.tables, run.forcing, EMPTY, run.physics, workers)
        cpu.append(time.process_time() - began)
        wall.append(time.perf_counter() - clock)
    return float(np.median(cpu)), float(np.median(wall))


def ready(
    years: int, members: int, boxes: int = 0, overrides: dict[str, Any] | None = None, **how: Any
) -> Simulation:
    """A cropland catchment with its stores filled."""
    place = site(["cropland"], boxes)
    run = Simulation(
        place, synthetic_forcing("ssp245", 2015, 2014 + years), [overrides or {}] * members, **how
    )
    set_initial_state(run.tables, place, run.forcing)
    return run


def columns(quick: bool) -> Rows:
    """Microseconds of a column-day: what is in it, and with more members, days and threads."""
    members, years = (4, 1) if quick else (16, 2)
    more = 4 if quick else 8
    cases: list[tuple[str, Callable[[], Simulation], int]] = [
        ("four stores, without caves", lambda: ready(years, members, overrides=NO_CAVES), 1),
        ("with caves (default)", lambda: ready(years, members), 1),
        ("with caves and a stream", lambda: ready(years, members, boxes=1), 1),
        ("water alone", lambda: ready(years, members, chemistry=False), 1),
        (f"default, {more} times the members", lambda: ready(years, members * more), 1),
        (f"default, {more} times the years", lambda: ready(years * more, members), 1),
        ("default, two threads", lambda: ready(years, members), 2),
    ]
    rows: Rows = []
    for name, make, workers in cases:
        run = make()
        cpu, wall = stepping(run, workers)
        days = len(run.tables) * len(run.forcing.times)
        rows.append({"case": name, "cpu_us": cpu / days * 1e6, "wall_us": wall / days * 1e6})
    for row in rows:
        row["ratio"] = row["cpu_us"] / rows[1]["cpu_us"]
    return rows


def writing(quick: bool) -> Rows:
    """CPU time of writing the same output, 30 variables by the day of different members, and how large the file is."""
    members, years = (4, 1) if quick else (32, 10)
    draws = [{"soil.structure_factor": {"factor": f}} for f in np.geomspace(0.7, 1.4, members)]
    run = Simulation(site(["cropland"], 0), synthetic_forcing("ssp245", 2015, 2014 + years), draws)
    run.spin_up(0)
    stepping(ready(1, 1))
    began = time.process_time()
    ds = run.advance(["daily"], first_variables(KEPT))["daily"]
    simulated = time.process_time() - began
    plain = ds.drop_vars("time_bnds")
    coded = {name: {"zlib": True, "complevel": 4} for name in plain.data_vars}
    ways: dict[str, Callable[[Path], object]] = {
        "karstsim's store (zstd 1, single)": lambda path: write_netcdf(ds, path, STORE_PACKING),
        "xarray to_netcdf, as it is": plain.to_netcdf,
        "xarray to_netcdf, zlib 4": lambda path: plain.to_netcdf(path, encoding=coded),
    }
    rows: Rows = []
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, write) in enumerate(ways.items()):
            path = Path(folder) / f"{i}.nc"
            began = time.process_time()
            write(path)
            spent = time.process_time() - began
            size = path.stat().st_size / MEGABYTE / MEGABYTE
            rows.append({"way": name, "share_of_run": spent / simulated, "megabytes": size})
    for row in rows:
        row["ratio"] = row["share_of_run"] / rows[0]["share_of_run"]
    return rows


def memory(quick: bool, workers: int = 2) -> Rows:
    """Largest memory (MB) of an ensemble in a process of its own, with members, years and blocks growing."""
    small, short = (8, 2) if quick else (64, 5)
    cases = (
        Slice(small, short),
        Slice(4 * small, short),
        Slice(small, 4 * short),
        Slice(small, short, block=4, window_years=2),
    )
    return [_memory_row(case, workers) for case in cases]


def _memory_row(case: Slice, workers: int) -> dict[str, Any]:
    cost = measure(case, workers)
    return {
        "members": case.members,
        "years": case.years,
        "members x years of a task": f"{min(case.block, case.members)} x {min(case.window_years, case.years)}",
        "megabytes": cost.peak_mb,
        "megabytes before": cost.start_mb,
    }


def main() -> None:
    asked = options(__doc__, "small numbers, to see that everything runs").parse_args()
    waters = chemistry.speciation(1000 if asked.quick else 50_000, False, REPEATS)
    days = chemistry.store_days(20 if asked.quick else 160, REPEATS)
    parts = {"column": columns(asked.quick), "writing": writing(asked.quick), "memory": memory(asked.quick)}
    if asked.json:
        peers = {"speciation": chemistry.plain(waters), "store_day": chemistry.plain(days)}
        print(json.dumps({"machine": machine(), **peers, **parts}, indent=1))
        return
    print(machine())
    print(f"\nWaters\n\n{markdown(waters, 'water', 'max abs dpH against PHREEQC')}")
    print(f"\nStiff store days\n\n{markdown(days, 'store day', 'rms relative error of Ca and DIC')}")
    for name, rows in parts.items():
        print(f"\n{name.capitalize()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()

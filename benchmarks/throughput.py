"""How fast: column-days per second and core, compile times, and what the parts cost relative to each other.

    python benchmarks/throughput.py [--years N] [--members N]

Times are CPU seconds of this process. Ratios within one run are what counts; absolute figures follow the machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from karstsim.forcing.synthetic import synthetic_forcing
from karstsim.model import origins
from karstsim.model.engine import step_all
from karstsim.model.initial import EMPTY, set_initial_state
from karstsim.model.simulate import Simulation
from karstsim.model.site import Site

REPEATS = 5
STREAM = {"name": "stream", "kind": "stream", "water_class": "headwater", "length_km": 5.0}
PLACE: dict[str, Any] = {
    "name": "benchmark",
    "latitude": 26.3,
    "longitude": 105.7,
    "elevation": 1200.0,
    "area_km2": 10.0,
}
COLD_START = (
    "import time; t = time.perf_counter()\n"
    "from benchmarks.throughput import small_run\n"
    "small_run(); print(time.perf_counter() - t)\n"
)


def site(land_uses: list[str], boxes: int) -> Site:
    """A catchment with equal tiles and a chain of streams."""
    tiles = [{"land_use": use, "area_fraction": 1.0 / len(land_uses)} for use in land_uses]
    chain = [{**STREAM, "name": f"stream {i}"} for i in range(boxes)]
    return Site.from_dict({**PLACE, "tiles": tiles, "boxes": chain})


def small_run() -> None:
    """The shortest run that compiles everything."""
    run = Simulation(site(["cropland"], 1), synthetic_forcing("ssp245", 2015, 2015))
    set_initial_state(run.tables, run.site, run.forcing)
    step_all(run.tables, run.forcing, EMPTY)


def microseconds_per_column_day(place: Site, years: int, members: int, isotopes: bool = False) -> float:
    """Median CPU time of stepping one catchment for one day, after a warm-up run."""
    forcing = synthetic_forcing("ssp245", 2015, 2014 + years)
    run = Simulation(place, forcing, [{}] * members, isotopes=isotopes)
    set_initial_state(run.tables, place, run.forcing)
    if isotopes:
        origins.fill_waters(run.tables, run.forcing)
    step_all(run.tables, run.forcing, EMPTY, run.physics)
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        step_all(run.tables, run.forcing, EMPTY, run.physics)
        times.append(time.process_time() - began)
    return float(np.median(times)) / (members * len(run.forcing.times)) * 1e6


def start_seconds(cache: str) -> float:
    """Wall time of a fresh interpreter that imports karstsim and makes its first short run, with this cache folder."""
    environment = {**os.environ, "KARSTSIM_CACHE": cache}
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    done = subprocess.run(
        [sys.executable, "-c", COLD_START],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=2)
    parser.add_argument("--members", type=int, default=16)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = start_seconds(cache), start_seconds(cache)
    print(f"first run with an empty compile cache  {cold:8.1f} s")
    print(f"first run with a filled compile cache  {warm:8.1f} s")
    cases = {
        "one tile, no surface water": site(["cropland"], 0),
        "one tile, one stream": site(["cropland"], 1),
        "two tiles, one stream": site(["cropland", "secondary_forest"], 1),
        "six tiles, three streams": site(
            ["bare_rock", "cropland", "grass", "shrub", "secondary_forest", "virgin_forest"], 3
        ),
    }
    base = 0.0
    print(f"{'case':30s} {'us/column-day':>14s} {'column-days/s/core':>20s} {'ratio to first':>16s}")
    for name, place in cases.items():
        cost = microseconds_per_column_day(place, asked.years, asked.members)
        base = base or cost
        print(f"{name:30s} {cost:14.1f} {1e6 / cost:20.0f} {cost / base:16.2f}")
        traced = microseconds_per_column_day(place, asked.years, asked.members, isotopes=True)
        print(f"{'  with isotopes':30s} {traced:14.1f} {1e6 / traced:20.0f} {traced / base:16.2f}")


if __name__ == "__main__":
    main()

"""What an ensemble of any size costs on this machine: slices are measured, a model is fitted, sizes are computed.

    python benchmarks/scaling.py [--quick] [--json] [--workers N]
    python benchmarks/scaling.py --members 1000 --years 86 --frequency daily    # runs that ensemble, whole
    python benchmarks/scaling.py --cells 200000 --draws 50 --climates 5 --years 86 --frequency monthly

The model has one line for each thing (non-negative least squares over the slices):

    CPU time   = a x years stepped by members + b x numbers kept + c x tasks
    disk       = d x numbers kept + e x those of a weather's first member in a block + f x states of members + g x tasks
    memory     = h + i x numbers that the tasks at work hold + forcing of all cells of a process

Years stepped are those of the climates and of the spin-ups. Members of a block that share their weather pack well
together, which is why disk has two lines for numbers. The forcing is measured and not fitted: its memory in the slices,
the time to cut and to read it for every region by `forcing_cut.py`, on a small grid, carried over to that of the globe.
How far the lines miss the slices is printed beside them. Sizes far beyond the slices are extrapolated: the time of a
member-year does not depend on their number (the table shows it), queues and file systems of a cluster are not in it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass

import numpy as np
from forcing_cut import GRID, Cut, measured
from forcing_cut import QUICK as QUICK_GRID
from forcing_cut import describe as describe_cut
from scipy.optimize import nnls
from slices import Cost, Slice, measure, row
from timing import Rows, machine, options, table

PER_YEAR = {"daily": 365.25, "monthly": 12.0, "annual": 1.0}  # periods
HOUR = 3600.0
DOUBLE = 8.0  # bytes of a number while it is computed
MEGA = 1.0e6
SPIN_UP_YEARS = (
    25  # of most catchments: five to warm up, the cycle of ten for its means and for the test of drift
)
REGION_CELLS = 100  # of one ensemble of a large area
GLOBE_GRID = 1800 * 3600  # all cells of its files, sea too
VARIABLES, READS = 6, 2  # of the forcing; times that a job reads it: for its plan, and to run
GLOBE = "0.1 degree globe"

SLICES = (
    Slice(8, 10, block=4),
    Slice(32, 10, block=16),
    Slice(64, 10),
    Slice(64, 30),
    Slice(160, 10),
    Slice(64, 10, frequency="monthly"),
    Slice(16, 10, block=8, spinup_years=1),
    Slice(1, 10, cells=16, block=8),
    Slice(1, 10, cells=48),
)
QUICK = (
    Slice(2, 1, block=1),
    Slice(4, 2, block=2),
    Slice(4, 4, block=2),
    Slice(8, 2, block=4),
    Slice(4, 2, block=2, frequency="monthly"),
    Slice(2, 2, block=1, spinup_years=1),
    Slice(1, 2, cells=4, block=2),
    Slice(1, 2, cells=8, block=4),
)


@dataclass(frozen=True)
class Size:
    """An ensemble to be estimated: climates x cells x draws through years; climates of one model share a spin-up."""

    name: str
    draws: int
    years: int
    climates: int = 1
    cells: int = 1
    frequency: str = "daily"
    variables: int = 30
    window_years: int = 10
    block: int = 32

    @property
    def members(self) -> int:
        return self.climates * self.cells * self.draws


@dataclass(frozen=True)
class Model:
    """The fitted lines: coefficients, and the largest relative miss of a slice for each thing."""

    cpu: np.ndarray
    disk: np.ndarray
    memory: np.ndarray
    forcing: float
    misses: dict[str, float]
    workers: int


def kept(size: Slice | Size, members: int) -> float:
    """Numbers that are kept."""
    return members * size.years * PER_YEAR[size.frequency] * size.variables


def packed(size: Slice | Size, members: int) -> tuple[float, float]:
    """Numbers that are kept, and those of them that stand first in a block with a weather of their own."""
    numbers = kept(size, members)
    return numbers, numbers / min(size.block, size.draws)


def held(size: Slice | Size, members: int, workers: int) -> float:
    """Numbers that the tasks at work hold: of their members, through the years of a window."""
    at_once = min(workers, -(-members // size.block))
    years = min(size.window_years, size.years)
    return at_once * min(size.block, members) * years * PER_YEAR[size.frequency] * size.variables


def states(size: Slice | Size, columns: int) -> float:
    """States of members on the disk: after the spin-up and after every window, of one climate."""
    return columns * (1.0 + -(-size.years // size.window_years))


def fit(parts: list[tuple[Slice, Cost]], workers: int) -> Model:
    """The lines through the slices, each slice weighted by its own size so that small ones count too."""
    cpu = np.array([[p.members * (p.years + c.spin_up_years), kept(p, p.members), c.tasks] for p, c in parts])
    memory = np.array([[1.0, held(p, p.members, workers)] for p, _ in parts])
    spent = np.array([c.cpu_s for _, c in parts])
    peak = np.array([c.peak_mb - c.forcing_mb for _, c in parts])
    disk = np.array([[*packed(p, p.members), states(p, p.members), c.tasks] for p, c in parts])
    forcing = float(np.median([c.forcing_mb / (p.cells * p.years) for p, c in parts if p.cells]))
    full = np.array([c.disk_mb for _, c in parts])
    lines = {"cpu": _line(cpu, spent), "memory": _line(memory, peak), "disk": _line(disk, full)}
    misses = {
        "cpu": float(np.abs(cpu @ lines["cpu"] / spent - 1.0).max()),
        "memory": float(np.abs(memory @ lines["memory"] / peak - 1.0).max()),
        "disk": float(np.abs(disk @ lines["disk"] / full - 1.0).max()),
    }
    return Model(lines["cpu"], lines["disk"], lines["memory"], forcing, misses, workers)


def _line(terms: np.ndarray, seen: np.ndarray) -> np.ndarray:
    scale = np.maximum(np.abs(terms).max(axis=0), 1.0)
    found, _ = nnls(terms / scale / seen[:, None], np.ones(len(seen)))
    return found / scale


def predict(model: Model, size: Size, cut: Cut, grid: int, spin_ups: int = 1) -> dict[str, float | str]:
    """What a size costs; `memory` is of a process that works on an ensemble of at most `REGION_CELLS` cells."""
    columns = size.cells * size.draws
    windows = -(-size.years // size.window_years)
    blocks = -(-columns // size.block)
    tasks = blocks * (size.climates * windows + spin_ups)
    stepped = size.members * size.years + columns * spin_ups * SPIN_UP_YEARS
    terms = np.array([stepped, kept(size, size.members), tasks])
    hours = float(model.cpu @ terms) / HOUR
    on_disk = np.array([*packed(size, size.members), columns * (spin_ups + size.climates * windows), tasks])
    at_once = np.array([1.0, held(size, columns, model.workers)])
    forcing = model.forcing * min(size.cells, REGION_CELLS) * size.years
    once, uncut = forcing_hours(size, cut, grid)
    files = tasks + blocks * size.climates * windows
    return {
        "ensemble": size.name,
        "members": size.members,
        "output": f"{size.frequency}, {size.variables} variables",
        "block x window": f"{size.block} x {size.window_years}",
        "core-hours": hours,
        "of forcing, cut": once,
        "of forcing, not cut": uncut,
        "disk GB": float(model.disk @ on_disk) / 1.0e3,
        "memory MB": float(model.memory @ at_once) + forcing,
        "files": files,
        "files per core-hour": files / hours,
    }


def forcing_hours(size: Size, cut: Cut, grid: int) -> tuple[float, float]:
    """CPU time (h) of reading the forcing of many cells from global files: cut first, with the cut; and as they come.

    Jobs have `REGION_CELLS` cells each, in a square. Zero for a size of one cell.
    """
    if size.cells == 1:
        return 0.0, 0.0
    jobs, series = -(-size.cells // REGION_CELLS), VARIABLES * size.climates * size.years
    numbers = series * PER_YEAR["daily"] * grid
    once = 1e-9 * cut.blocks_ns * numbers + jobs * series * (cut.region_s + READS * cut.read_s)
    return once / HOUR, 1e-9 * cut.uncut_ns * numbers * jobs * READS / HOUR


def sizes(asked: argparse.Namespace) -> list[Size]:
    """The sizes that the page of benchmarks names, and the one that was asked for."""
    globe = {"draws": 50, "years": 86, "climates": 5, "cells": asked.globe_cells, "block": 50}
    found = [
        Size("thousand members", 1000, 86),
        Size("thousand members", 1000, 86, frequency="monthly"),
        *(Size(GLOBE, **globe, frequency=f, window_years=43) for f in ("annual", "monthly")),
        Size(GLOBE, **globe),
    ]
    if asked.draws:
        found.append(
            Size(
                "asked",
                asked.draws,
                asked.years,
                asked.climates,
                asked.cells,
                asked.frequency,
                asked.variables,
            )
        )
    return found


def main() -> None:
    parser = options(__doc__, "small slices, to see that everything runs")
    parser.add_argument("--workers", type=int, default=2, help="threads of each slice")
    parser.add_argument("--draws", type=int, default=0, help="of an ensemble of your own")
    parser.add_argument("--years", type=int, default=86)
    parser.add_argument("--climates", type=int, default=1)
    parser.add_argument("--cells", type=int, default=1)
    parser.add_argument("--frequency", choices=sorted(PER_YEAR), default="monthly")
    parser.add_argument("--variables", type=int, default=30)
    # 20.3 million km2 of carbonate rock at the surface (Goldscheider et al. 2020) in cells of 0.1 degree at 35 degrees
    # of latitude (101 km2); cells that are karst in part add to it.
    parser.add_argument("--globe-cells", type=int, default=200_000, help="karst cells of the globe")
    parser.add_argument(
        "--grid-cells", type=int, default=GLOBE_GRID, help="cells of the files of the forcing"
    )
    parser.add_argument(
        "--members", type=int, default=0, help="run one ensemble of so many draws, and no more"
    )
    parser.add_argument("--spin-up-years", type=int, default=SPIN_UP_YEARS, help="of that ensemble")
    asked = parser.parse_args()
    if asked.members:
        whole(asked)
        return
    parts = [(part, measure(part, asked.workers)) for part in (QUICK if asked.quick else SLICES)]
    model = fit(parts, asked.workers)
    found: Rows = [{**row(p, c), "ms a member-year": _milliseconds(p, c)} for p, c in parts]
    cut = measured(*QUICK_GRID if asked.quick else GRID)
    predicted: Rows = [predict(model, size, cut, asked.grid_cells) for size in sizes(asked)]
    if asked.json:
        lines = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in asdict(model).items()}
        print(
            json.dumps(
                {
                    "machine": machine(),
                    "slices": found,
                    "model": lines,
                    "forcing": asdict(cut),
                    "sizes": predicted,
                },
                indent=1,
            )
        )
        return
    print(f"{machine()}; {asked.workers} threads a slice\n\n{table(found)}\n")
    print("\n".join([*describe(model), describe_cut(cut)]))
    print(f"\n{table(predicted)}")


def whole(asked: argparse.Namespace) -> None:
    """Run the ensemble that was asked for, as one slice, and print what it took."""
    part = Slice(
        asked.members,
        asked.years,
        frequency=asked.frequency,
        variables=asked.variables,
        spinup_years=asked.spin_up_years,
    )
    cost = measure(part, asked.workers)
    found: Rows = [{**row(part, cost), "ms a member-year": _milliseconds(part, cost)}]
    if asked.json:
        print(json.dumps({"machine": machine(), "slices": found}, indent=1))
    else:
        print(
            f"{machine()}; {asked.workers} threads, {cost.spin_up_years:.0f} years of spin-up\n\n{table(found)}"
        )


def _milliseconds(part: Slice, cost: Cost) -> float:
    return 1.0e3 * cost.cpu_s / (part.members * (part.years + cost.spin_up_years))


def describe(model: Model) -> list[str]:
    """The lines for people."""
    step, number, task = model.cpu
    floor, holds = model.memory
    shared, own, state, book = model.disk
    return [
        f"CPU time: {1e3 * step:.2f} ms a member-year, {1e9 * number:.0f} ns a number kept, "
        f"{1e3 * task:.0f} ms a task; slices missed by {100 * model.misses['cpu']:.0f} % at most",
        f"disk: {shared * MEGA:.2f} bytes a number kept, {own * MEGA:.2f} more for the first with its weather, "
        f"{1e3 * state:.1f} kB a state of a member, {1e3 * book:.0f} kB a task; "
        f"missed by {100 * model.misses['disk']:.0f} % at most",
        f"memory: {floor:.0f} MB, {holds * MEGA / DOUBLE:.1f} times what the tasks at work hold as doubles, "
        f"{1e3 * model.forcing:.0f} kB a year of a cell's forcing; "
        f"missed by {100 * model.misses['memory']:.0f} % at most",
    ]


if __name__ == "__main__":
    main()

"""How long an ensemble will take and how much disk it needs, from a few of its members on this machine.

The members do what tasks do, in a temporary folder: read the forcing, spin up, go through a window of years, write.
They do so in blocks like those of the plan: what a member costs depends on how many go side by side in lanes.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from karstsim.chemistry.lane_medium import LANES
from karstsim.core.files import BYTES_PER_MB
from karstsim.ensemble.config import EnsembleConfig, to_toml
from karstsim.ensemble.memory import Need
from karstsim.ensemble.plan import CONFIG, SPIN_UP, Climate, Plan, Task
from karstsim.ensemble.work import STATE, opened, run_task
from karstsim.model.engine import FREQUENCIES

SAMPLE_YEARS = 2
# Years where a member's first takes less than so many s: two would be lost in what a machine does besides.
MORE_YEARS, QUICK = 10, 0.3
MOST_MEMBERS = 2 * LANES  # of a block that is measured as it is
# Years of a spin-up that are measured; one that may take longer counts as if it took all its years.
MOST_SPUN = 40
SETTLED = 0.1  # % per decade, of the report of a spin-up
READS = 2  # of each forcing: for the plan, and for the work


@dataclass(frozen=True)
class Estimate:
    """Of the whole ensemble: CPU time, s; bytes of its files; CPU time of a member and year without its spin-up, s."""

    cpu_seconds: float
    bytes: float
    member_year_seconds: float


@dataclass(frozen=True)
class Sample:
    """What some members cost as one block: CPU time, s, of a spin-up and of windows; bytes of a state and of shards.

    short, window  of a window of one year and of `years`; short_shards, shards: their bytes
    """

    spin_up: float
    state: float
    short: float
    short_shards: float
    window: float
    shards: float
    years: int


Samples = Mapping[int, Sample]  # by members
Blocks = Mapping[int, int]  # how many of each number of members a climate has


def estimate(config: EnsembleConfig, plan: Plan) -> Estimate:
    """Measure a few members that can run and scale them to the plan."""
    climate = next(i for i, c in enumerate(plan.climates) if c.follows is None)
    small = _sampled(plan)
    limit = config.ensemble.spinup_years
    settings = config.ensemble.model_copy(update={"spinup_years": min(limit, MOST_SPUN)})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / CONFIG).write_text(
            to_toml(config.model_copy(update={"ensemble": settings})), encoding="utf-8"
        )
        small.save(folder)
        reading = READS * _seconds(lambda: opened(name).weather(climate, (0,)))
        first, _ = _measure(name, name, climate, 1)  # compiles besides, or reads the model from its cache
        quick = first.short < QUICK
        longer = _with_windows(folder, small, min(MORE_YEARS if quick else SAMPLE_YEARS, plan.window_years))
        opened(longer).keep(climate, (0,), opened(name).weather(climate, (0,)))
        sizes = _sizes(plan, small.n_columns, quick)
        measured = {n: _measure(name, longer, climate, n) for n in sizes}
    samples = {n: sample for n, (sample, _) in measured.items()}
    unsettled = limit > MOST_SPUN and any(drifts for _, drifts in measured.values())
    if config.ensemble.weather_per_draw:  # made for each, and only by the work
        reading *= len(plan.draws) / len(small.draws) / READS
    return _scaled(plan, samples, reading, limit / MOST_SPUN if unsettled else 1.0)


def _blocks(plan: Plan) -> Blocks:
    """Of a plan: two numbers of members at most."""
    return Counter(len(plan.columns(block)) for block in range(plan.n_blocks))


def _sizes(plan: Plan, available: int, quick: bool) -> list[int]:
    """Members of the blocks to measure: those of the plan's, or two numbers that larger ones are scaled from.

    available  members at hand; quick: whether tasks are so short that what they cost whatever their members counts
    """
    blocks = _blocks(plan)
    most = MOST_MEMBERS if quick else LANES
    wanted = list(blocks) if max(blocks) <= most else [LANES, most] if quick else [1, LANES]
    return sorted({min(n, available) for n in wanted})


def _with_windows(folder: Path, plan: Plan, years: int) -> str:
    """A folder of the same with windows of so many years."""
    place = folder / "longer"
    place.mkdir()
    (place / CONFIG).write_bytes((folder / CONFIG).read_bytes())
    replace(plan, window_years=years).save(place)
    return str(place)


def _sampled(plan: Plan) -> Plan:
    """Columns of the plan to measure, of the draws that can run, as one block; windows of a year.

    No more than a block of the plan has: so many fit a task's memory.
    """
    members = min(MOST_MEMBERS, plan.block, plan.n_columns)
    draws = [d for i, d in enumerate(plan.draws) if i not in plan.bad][:members]
    cells = plan.cells[: -(-members // len(draws))]
    return replace(
        plan,
        draws=tuple(draws),
        cells=cells,
        bad={},
        block=len(draws) * len(cells),
        window_years=1,
    )


def _measure(folder: str, longer: str, climate: int, members: int) -> tuple[Sample, bool]:
    """The first members through a spin-up and a window of each folder; and whether one of them has not settled."""
    gc.collect()  # once in a whole run, 0.4 s: within a sample it would be multiplied by the plan
    columns = tuple(range(members))
    spun = run_task(folder, Task(climate, 0, SPIN_UP), columns, None)
    state = str(Path(folder) / spun.files[0].path)
    windows = [run_task(place, Task(climate, 0, 0), columns, state) for place in (folder, longer)]
    short, long = (sum(f.bytes for f in gone.files if f.kind != STATE) for gone in windows)
    drift = max((v for name, v in spun.report.items() if "drift" in name), default=0.0)
    begin, end = opened(longer).plan.window(windows[-1].task)
    cost = Sample(
        spun.seconds,
        spun.files[0].bytes,
        windows[0].seconds,
        short,
        windows[1].seconds,
        long,
        end - begin + 1,
    )
    return cost, drift > SETTLED


def _seconds(do: Callable[[], object]) -> float:
    began = time.thread_time()
    do()
    return time.thread_time() - began


def _scaled(plan: Plan, samples: Samples, reading: float, stretch: float) -> Estimate:
    """Costs of the plan's blocks, times the spin-ups and windows that each goes through.

    reading  CPU time, s, of the weather of a climate; stretch: of a spin-up, over what was measured of it
    """
    spin_ups = sum(c.spun_by == i for i, c in enumerate(plan.climates))
    windows = sum(plan.n_windows(i) for i in range(len(plan.climates)))
    years = sum(last - first + 1 for first, last in (c.years for c in plan.climates))
    seconds, size, stepping = reading * len(plan.climates), 0.0, 0.0
    for members, number in _blocks(plan).items():
        block = _sample_of(samples, members)
        task, yearly = _line(block.short, block.window, block.years)
        head, growth = _line(block.short_shards, block.shards, block.years)
        seconds += number * (spin_ups * block.spin_up * stretch + windows * task + years * yearly)
        size += number * ((spin_ups + windows) * block.state + windows * head + years * growth)
        stepping += number * yearly
    return Estimate(seconds, size, stepping / plan.n_columns)


def _line(short: float, long: float, years: int) -> tuple[float, float]:
    """What a window costs whatever its years, and what each of them adds, from one year and from several."""
    each = min(max((long - short) / (years - 1), 0.0), long / years) if years > 1 else long
    return long - each * years, each


def _sample_of(samples: Samples, members: int) -> Sample:
    """What a block costs: as measured, or scaled from those that were."""
    if members in samples:
        return samples[members]
    most = max(samples)
    least = min(samples)

    def bytes_of(name: str) -> float:
        first, last = getattr(samples[least], name), getattr(samples[most], name)
        each = max((last - first) / (most - least), 0.0) if most > least else last / most
        return float(last + each * (members - most))

    def seconds_of(name: str) -> float:
        """By eights: one that is not full costs about as much."""
        first, last = getattr(samples[least], name), getattr(samples[most], name)
        more, eights = -(-members // LANES) - -(-most // LANES), -(-most // LANES)
        each = max(last - first, 0.0) if least == LANES and most == MOST_MEMBERS else last / eights
        return float(last + each * more)

    return Sample(
        seconds_of("spin_up"),
        bytes_of("state"),
        seconds_of("short"),
        bytes_of("short_shards"),
        seconds_of("window"),
        bytes_of("shards"),
        samples[most].years,
    )


def describe(config: EnsembleConfig, plan: Plan, cost: Estimate, need: Need) -> dict[str, object]:
    """The plan and its cost for people and machines."""
    block = min(plan.block, plan.n_columns)
    return {
        "climates": [
            {
                "name": c.name,
                "scenario": c.scenario,
                "model": c.source_id,
                "from": c.start,
                "to": c.end,
                "begins with": _begins(plan.climates, i),
            }
            for i, c in enumerate(plan.climates)
        ],
        "cells": len(plan.cells),
        "draws": len(plan.draws),
        "draws that cannot run": {str(k): v for k, v in plan.bad.items()},
        "members": len(plan.climates) * plan.n_columns,
        "tasks": sum(1 for _ in plan.tasks()),
        "members of a task": plan.block,
        "years of a task": plan.window_years,
        "output": [f for f in FREQUENCIES if f in config.ensemble.output],
        "CPU time, s": cost.cpu_seconds,
        "disk, MB": cost.bytes / BYTES_PER_MB,
        "memory of a worker, MB": need.task(block, plan.window_years) / BYTES_PER_MB,
    }


def _begins(climates: Sequence[Climate], i: int) -> str:
    c = climates[i]
    if c.follows is not None:
        return f"the end of {climates[c.follows].name}"
    return (
        "a spin-up" if c.spun_by is None or c.spun_by == i else f"the spin-up of {climates[c.spun_by].name}"
    )

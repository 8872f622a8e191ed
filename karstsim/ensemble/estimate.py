"""How long an ensemble will take and how much disk it needs, from a few of its members on this machine.

The members do what tasks do, in a temporary folder: read the forcing, spin up, go through a window of years, write.
Done by one member and by several, this tells what a task costs from what its members do.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from karstsim.core.files import BYTES_PER_MB
from karstsim.ensemble.config import EnsembleConfig, to_toml
from karstsim.ensemble.memory import Need
from karstsim.ensemble.plan import CONFIG, SPIN_UP, Climate, Plan, Task
from karstsim.ensemble.work import STATE, opened, run_task
from karstsim.model.engine import FREQUENCIES

SAMPLE_YEARS = 2
# Years where a member's first takes less than so many s: two would be lost in what a machine does besides.
MORE_YEARS, QUICK = 10, 0.3
SAMPLE_MEMBERS = 3
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
    """What some members cost: CPU time, s, of a spin-up and of a window of `years`; bytes of a state and of shards."""

    spin_up: float
    state: float
    window: float
    shards: float
    years: int


def estimate(config: EnsembleConfig, plan: Plan, need: Need) -> Estimate:
    """Measure a few members that can run and scale them to the plan; `need`: of its tasks."""
    climate = next(i for i, c in enumerate(plan.climates) if c.follows is None)
    small = _sampled(plan, need)
    limit = config.ensemble.spinup_years
    settings = config.ensemble.model_copy(update={"spinup_years": min(limit, MOST_SPUN)})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / CONFIG).write_text(
            to_toml(config.model_copy(update={"ensemble": settings})), encoding="utf-8"
        )
        small.save(folder)
        reading = READS * _seconds(lambda: opened(name).weather(climate, (0,)))
        short, _ = _measure(name, climate, 1)  # compiles besides, or reads the model from its cache
        years = MORE_YEARS if short.window < QUICK else SAMPLE_YEARS
        longer = _with_windows(folder, small, min(years, plan.window_years))
        opened(longer).keep(climate, (0,), opened(name).weather(climate, (0,)))
        one, stretch = _measure(longer, climate, 1)
        several, stretch = (
            _measure(longer, climate, small.n_columns) if small.n_columns > 1 else (one, stretch)
        )
    if stretch and limit > MOST_SPUN:
        stretch = limit / MOST_SPUN
    if config.ensemble.weather_per_draw:  # made for each, and only by the work
        reading *= len(plan.draws) / len(small.draws) / READS
    return _scaled(plan, short, one, several, small.n_columns, reading, max(stretch, 1.0))


def _with_windows(folder: Path, plan: Plan, years: int) -> str:
    """A folder of the same with windows of so many years."""
    place = folder / "longer"
    place.mkdir()
    (place / CONFIG).write_bytes((folder / CONFIG).read_bytes())
    replace(plan, window_years=years).save(place)
    return str(place)


def _sampled(plan: Plan, need: Need) -> Plan:
    """A few columns of the plan, of the draws that can run, as one block; windows of a year.

    Several even where the plan's blocks are of one: only so are the costs of a task told from those of its member. But
    no more than fit a task's memory.
    """
    fits = need.fits(SAMPLE_MEMBERS, min(MORE_YEARS, plan.window_years))
    members = SAMPLE_MEMBERS if fits else min(SAMPLE_MEMBERS, plan.block)
    draws = [d for i, d in enumerate(plan.draws) if i not in plan.bad][:members]
    cells = plan.cells[: max(members // len(draws), 1)]
    return replace(
        plan,
        draws=tuple(draws),
        cells=cells,
        bad={},
        block=len(draws) * len(cells),
        window_years=1,
    )


def _measure(folder: str, climate: int, members: int) -> tuple[Sample, float]:
    """The first members through a spin-up and a window; and whether one of them has not settled."""
    gc.collect()  # once in a whole run, 0.4 s: within a sample it would be multiplied by the plan
    columns = tuple(range(members))
    spun = run_task(folder, Task(climate, 0, SPIN_UP), columns, None)
    gone = run_task(folder, Task(climate, 0, 0), columns, spun.files[0].path)
    shards = sum(f.bytes for f in gone.files if f.kind != STATE)
    drift = max((v for name, v in spun.report.items() if "drift" in name), default=0.0)
    first, last = opened(folder).plan.window(gone.task)
    cost = Sample(spun.seconds, spun.files[0].bytes, gone.seconds, shards, last - first + 1)
    return cost, float(drift > SETTLED)


def _seconds(do: Callable[[], object]) -> float:
    began = time.thread_time()
    do()
    return time.thread_time() - began


def _scaled(
    plan: Plan, short: Sample, one: Sample, several: Sample, members: int, reading: float, stretch: float
) -> Estimate:
    """Costs of tasks and of members, from those of one member and of several, times their numbers in the plan.

    short  of one member through fewer years. What the members of a block share in their shards, weather above all, is
           compressed to that of one: it grows with the years and not with the members.
    """

    def split(name: str) -> tuple[float, float]:
        """What a task costs whatever its members, and what each of them adds."""
        first, last = getattr(one, name), getattr(several, name)
        each = max((last - first) / (members - 1), 0.0) if members > 1 else first
        return max(first - each, 0.0), each

    spin_up, state, window, shards = (split(n) for n in ("spin_up", "state", "window", "shards"))
    yearly = (one.shards - short.shards) / (one.years - short.years) if one.years > short.years else 0.0
    shared = min(max(yearly - shards[1] / one.years, 0.0), shards[0] / one.years)
    spin_ups = sum(c.spun_by == i for i, c in enumerate(plan.climates))
    windows = sum(plan.n_windows(i) for i in range(len(plan.climates)))
    years = sum(last - first + 1 for first, last in (c.years for c in plan.climates))
    seconds = reading * len(plan.climates)
    seconds += spin_ups * (plan.n_blocks * spin_up[0] + plan.n_columns * spin_up[1] * stretch)
    seconds += plan.n_blocks * windows * window[0] + plan.n_columns * years * window[1] / one.years
    size = (spin_ups + windows) * (plan.n_blocks * state[0] + plan.n_columns * state[1])
    size += plan.n_blocks * (windows * (shards[0] - shared * one.years) + years * shared)
    size += plan.n_columns * years * shards[1] / one.years
    return Estimate(seconds, size, window[1] / one.years)


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

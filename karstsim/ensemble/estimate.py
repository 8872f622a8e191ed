"""How long an ensemble will take and how much disk it needs, from two years of its first member on this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.ensemble.config import EnsembleConfig
from karstsim.ensemble.draws import without_weather
from karstsim.ensemble.plan import Climate, Plan
from karstsim.ensemble.work import open_climate
from karstsim.model.engine import FREQUENCIES, calendar_fields
from karstsim.model.initial import CYCLE_YEARS, WARM_UP_YEARS
from karstsim.model.output import frequencies
from karstsim.model.simulate import Simulation

SAMPLE_YEARS = 2
TURNS = 2  # of the cycle in a usual spin-up: one for the mean fluxes, one that is tested
BYTES = {"single": 4, "double": 8}


@dataclass(frozen=True)
class Estimate:
    """Of the whole ensemble: CPU time, s; bytes of the outputs before they are packed (files are smaller)."""

    cpu_seconds: float
    bytes: float
    member_year_seconds: float


def estimate(config: EnsembleConfig, plan: Plan) -> Estimate:
    """Measure two years of the first member that can run and scale them to the plan."""
    draw = next(i for i in range(len(plan.draws)) if i not in plan.bad)
    ds = open_climate(config, 0, len(plan.draws)).isel(location=[0])
    years = calendar_fields(ds.time.values)[:, 0]
    sample = ds.isel(time=years < years[0] + SAMPLE_YEARS)
    members = [{**config.parameters, **without_weather(plan.draws[draw])}]
    wanted = frequencies(config.ensemble.output)
    seconds = 0.0
    for _ in range(2):  # the first time compiles, or reads the compiled model from its cache
        run = Simulation(
            config.site,
            sample,
            members,
            isotopes=config.ensemble.isotopes,
            interventions=config.intervention,
        )
        run.spin_up(0)
        began = time.thread_time()
        datasets = run.advance(wanted, config.ensemble.variables)
        seconds = time.thread_time() - began
    span = len(run.forcing.times) * run.forcing.dt / DAYS_PER_YEAR
    per_year = seconds / span
    each = BYTES[config.ensemble.precision] / 8.0
    values = [v.nbytes for ds in datasets.values() for v in ds.data_vars.values() if "realization" in v.dims]
    per_member_year = sum(values) * each / span
    member_years = plan.n_columns * sum(last - first + 1 for first, last in (c.years for c in plan.climates))
    return Estimate(
        cpu_seconds=per_year * (member_years + plan.n_columns * _spin_up_years(config, plan)),
        bytes=per_member_year * member_years,
        member_year_seconds=per_year,
    )


def _spin_up_years(config: EnsembleConfig, plan: Plan) -> int:
    """Years of all spin-ups of a column."""
    if config.ensemble.spinup_years == 0:
        return 0
    return sum(
        WARM_UP_YEARS + TURNS * min(CYCLE_YEARS, c.years[1] - c.years[0] + 1)
        for i, c in enumerate(plan.climates)
        if c.spun_by == i
    )


def describe(config: EnsembleConfig, plan: Plan, cost: Estimate) -> dict[str, object]:
    """The plan and its cost for people and machines."""
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
        "output before packing, MB": cost.bytes / 1.0e6,
    }


def _begins(climates: Sequence[Climate], i: int) -> str:
    c = climates[i]
    if c.follows is not None:
        return f"the end of {climates[c.follows].name}"
    return (
        "a spin-up" if c.spun_by is None or c.spun_by == i else f"the spin-up of {climates[c.spun_by].name}"
    )

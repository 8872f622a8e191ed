"""Run a plan: one spin-up per draw, from which all scenarios branch, then every member in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.ensemble.plan import Plan
from karstsim.model.engine import Progress
from karstsim.model.registry import LEVELS
from karstsim.model.simulate import Simulation
from karstsim.model.site import Site

LABELS = ("source_id", "experiment_id", "variant_label")


def run_plan(
    site: Site,
    forcings: Mapping[str, xr.Dataset],
    plan: Plan,
    frequencies: Sequence[str],
    patterns: Sequence[str] = (),
    spinup_years: int = 30,
    workers: int = 1,
    progress: Progress | None = None,
) -> tuple[dict[str, xr.Dataset], Simulation]:
    """Simulate every member of the plan.

    forcings   canonical Dataset for each scenario, all on the same time axis: one location that all draws share, or
               one location per draw
    Returns a Dataset (realization, time, ...) for each frequency, and the finished simulation with its spin-up report.
    Raises InputError for a missing scenario or differing time axes.
    """
    joined, rows = join_forcings(forcings, plan)
    spun = Simulation(site, joined, plan.draws, rows[0], workers=workers)
    spun.spin_up(spinup_years, progress)
    members = plan.members()
    run = Simulation(site, joined, plan.overrides(), [rows[s][d] for s, d in members], workers=workers)
    for level in LEVELS:
        run.tables.state_floats[level][...] = spun.tables.state_floats[level][[d for _, d in members]]
    run.spin = spun.spin
    datasets = run.run(frequencies, patterns, progress)
    return {name: label(ds, forcings, plan) for name, ds in datasets.items()}, run


def join_forcings(forcings: Mapping[str, xr.Dataset], plan: Plan) -> tuple[xr.Dataset, list[list[int]]]:
    """One Dataset of all forcing locations, and the location of every draw of every scenario."""
    parts: list[xr.Dataset] = []
    rows: list[list[int]] = []
    used = 0
    for name in plan.scenarios:
        if name not in forcings:
            raise InputError(
                f"scenario {name!r}", "has no forcing", f"give one; there are {', '.join(forcings)}"
            )
        part = forcings[name]
        n = part.sizes.get("location", 1)
        if n not in (1, len(plan.draws)):
            raise InputError(
                f"scenario {name!r}",
                f"has {n} locations for {len(plan.draws)} draws",
                "give one, or one per draw",
            )
        if parts and not np.array_equal(part.time.values, parts[0].time.values):
            raise InputError(
                f"scenario {name!r}", "has another time axis", "give all scenarios the same start and end"
            )
        parts.append(part.drop_vars("location", errors="ignore"))
        rows.append([used + (d if n > 1 else 0) for d in range(len(plan.draws))])
        used += n
    return join(parts), rows


def join(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Datasets of the same time axis side by side along `location`, with the variables that all of them have."""
    shared = set.intersection(*(set(part.data_vars) for part in parts))
    return xr.concat(
        [part[[name for name in part.data_vars if name in shared]] for part in parts],
        dim="location",
        combine_attrs="drop_conflicts",
        data_vars="all",
        coords="minimal",
        compat="override",
    )


def label(ds: xr.Dataset, forcings: Mapping[str, xr.Dataset], plan: Plan) -> xr.Dataset:
    """Coordinates that say what each realization is."""
    members = plan.members()
    names = [plan.scenarios[s] for s, _ in members]
    ds = ds.assign_coords(
        scenario=("realization", names, {"long_name": "scenario"}),
        draw=("realization", [d for _, d in members], {"long_name": "parameter draw"}),
    )
    for key in LABELS:
        ds = ds.assign_coords({key: ("realization", [str(forcings[n].attrs.get(key, "")) for n in names])})
    return ds

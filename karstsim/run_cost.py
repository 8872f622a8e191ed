"""How long a single run will take and how much disk it needs, from its spin-up and a few of its years here."""

from __future__ import annotations

import gc
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from karstsim.ensemble.estimate import MOST_SPUN, READS, SETTLED, Estimate
from karstsim.model.engine import calendar_fields
from karstsim.model.output import frequencies, write_netcdf
from karstsim.run_file import WINDOW_YEARS

if TYPE_CHECKING:
    from karstsim.config import RunConfig

YEARS = 1, 3  # of two samples, which part what a window costs from what its years do
PERCENT = 100.0


@dataclass(frozen=True)
class Sample:
    """Some years as one window: CPU time, s, of its steps with its state, of writing its outputs and of reading them.

    bytes  of the outputs that are asked for
    """

    years: int
    steps: float
    writing: float
    reading: float
    bytes: float


def cost(config: RunConfig) -> Estimate:
    """Measure the spin-up and a few years of a run file and scale them to its length. Raises InputError."""
    began = time.thread_time()
    ds = config.open_forcing()
    reading = time.thread_time() - began
    years = calendar_fields(ds.time.values)[:, 0]
    total = int(years[-1] - years[0]) + 1
    _sample(config, ds, years, 1)  # compiles, or reads the compiled model from its cache
    first, last = (_sample(config, ds, years, min(n, total)) for n in YEARS)
    spin_up = 0.0 if config.run.restart is not None else _spin_up(config, ds)
    windows = -(-total // WINDOW_YEARS)
    seconds = READS * reading + spin_up + _whole(first, last, "steps", total, windows)
    seconds += _whole(first, last, "writing", total, 1)
    if windows > 1:  # all but the last are written, read back and joined
        seconds += sum(_whole(first, last, name, total, windows) for name in ("writing", "reading"))
    each = max(last.steps - first.steps, 0.0) / max(last.years - first.years, 1)
    return Estimate(seconds, _whole(first, last, "bytes", total, 1), each)


def _whole(first: Sample, last: Sample, name: str, total: int, pieces: int) -> float:
    """What all years in so many pieces cost, on the line through both samples; what does not grow comes with each."""
    here, there = getattr(first, name), getattr(last, name)
    if last.years == first.years:
        return float(there)
    each = max((there - here) / (last.years - first.years), 0.0)
    return float(max(here - each * first.years, 0.0) * pieces + each * total)


def _sample(config: RunConfig, ds: xr.Dataset, years: np.ndarray, n: int) -> Sample:
    """The first years of the run, from the state before a spin-up."""
    gc.collect()  # as of the samples of an ensemble: within one of them it would be multiplied
    began = time.thread_time()
    run = config.simulation(ds.isel(time=np.flatnonzero(years < years[0] + n)))
    run.spin_up(0)
    datasets = run.advance(frequencies([*config.run.output, "annual"]), config.run.variables)
    with tempfile.TemporaryDirectory() as folder:
        run.write_restart(Path(folder) / "state.nc")
        stepped = time.thread_time()
        alone = {name: made.isel(realization=0) for name, made in datasets.items()}
        paths = [write_netcdf(made, Path(folder) / f"{name}.nc") for name, made in alone.items()]
        wrote = time.thread_time()
        for path in paths:
            with xr.open_dataset(path, engine="netcdf4", decode_timedelta=False) as written:
                written.load()
        size = sum(path.stat().st_size for path in paths if path.stem in config.run.output)
    return Sample(n, stepped - began, wrote - stepped, time.thread_time() - wrote, size)


def _spin_up(config: RunConfig, ds: xr.Dataset) -> float:
    """CPU time of the spin-up; of one that does not settle soon, as if it took all the years that it may."""
    limit = config.run.spinup_years
    run = config.simulation(ds)
    began = time.thread_time()
    spun = run.spin_up(min(limit, MOST_SPUN))
    seconds = time.thread_time() - began
    unsettled = bool((PERCENT * spun.drift > SETTLED).any())
    return seconds * (limit / spun.years if unsettled and limit > spun.years else 1.0)

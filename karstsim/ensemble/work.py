"""One task of an ensemble, from the state on disk to the shards on disk: the same in a thread, a process, or elsewhere.

All that a task needs lies in the folder (config, plan, states) and in the forcing that the config names. Files appear
whole, so a task that was cut is simply done again, and done twice it leaves the same.
"""

from __future__ import annotations

import functools
import platform
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.core.files import sha256_of
from karstsim.core.jit import source_hash
from karstsim.ensemble.config import EnsembleConfig, load_ensemble
from karstsim.ensemble.draws import RAIN, parameters_of, rain_factor
from karstsim.ensemble.inputs import check_unchanged
from karstsim.ensemble.manifest import Entry, Written
from karstsim.ensemble.plan import CONFIG, PLAN, SPIN_UP, Plan, Task
from karstsim.forcing.times import calendar_of, check_regular
from karstsim.model.engine import FREQUENCIES, calendar_fields, periods_of
from karstsim.model.initial import CYCLE_YEARS
from karstsim.model.output import frequencies, write_netcdf
from karstsim.model.parameters import Overrides
from karstsim.model.restart import write_restart
from karstsim.model.simulate import Simulation

SHARDS, STATES = "shards", "states"
STATE = "state"  # the kind of a state file in the manifest
KEPT_BYTES = 500_000_000  # of the forcing of climates that stay in memory; one stays whatever its size
OF_ONE_DRAW = "variant_label"  # attribute of weather that names its seed: of no use for a file of several
Kept = tuple[int, tuple[int, ...] | None]  # climate, and draws with weather of their own
# netCDF's C library must not be entered by two threads at once.
DISK = threading.Lock()


@dataclass(frozen=True)
class Weather:
    """Forcing of a climate in memory, dims (location, time), with its calendar fields and the steps of a day.

    draws  whose weather the locations are, where each has its own; None: all share it, by place
    """

    ds: xr.Dataset
    fields: np.ndarray
    day: int
    draws: tuple[int, ...] | None = None

    def steps(self, first_year: int, last_year: int) -> tuple[int, int]:
        """First step, and the one after the last, of calendar years."""
        inside = np.flatnonzero((self.fields[:, 0] >= first_year) & (self.fields[:, 0] <= last_year))
        return int(inside[0]), int(inside[-1]) + 1

    def period(self, frequency: str, step: int) -> int:
        """Number of the output period that a step belongs to."""
        return int(periods_of(self.fields)[FREQUENCIES.index(frequency), step])


class Ensemble:
    """An ensemble folder opened for work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config: EnsembleConfig = load_ensemble(folder / CONFIG)
        self.plan = Plan.load(folder)
        self._opening = threading.Lock()
        self._kept: dict[Kept, Weather] = {}
        self._askers: set[int] = set()  # threads

    def weather(self, climate: int, columns: Sequence[int]) -> Weather:
        """The forcing of a climate, for columns of one block; what was used last stays in memory, up to `KEPT_BYTES`.

        Where draws have weather of their own it is that of the draws of the block, which each thread is left at least
        one of: made anew for every task it would cost more than the task.
        """
        draws = self._draws(columns)
        with self._opening, DISK:
            self._askers.add(threading.get_ident())
            least = len(self._askers) if draws else 1
            found = self._kept.pop((climate, draws), None) or self._read_forcing(climate, draws)
            self._kept[climate, draws] = found  # the last of the dict is the last that was used
            while len(self._kept) > least and sum(w.ds.nbytes for w in self._kept.values()) > KEPT_BYTES:
                del self._kept[next(iter(self._kept))]
            return found

    def keep(self, climate: int, columns: Sequence[int], weather: Weather) -> None:
        """Take the forcing of a climate that another folder of the same ensemble has read."""
        self._kept[climate, self._draws(columns)] = weather

    def _draws(self, columns: Sequence[int]) -> tuple[int, ...] | None:
        """Draws of the block of some columns, failed ones too, where each draw has weather of its own."""
        if not self.config.ensemble.weather_per_draw:
            return None
        block = self.plan.columns(columns[0] // self.plan.block)
        return tuple(sorted({self.plan.cell_and_draw(c)[1] for c in block}))

    def _read_forcing(self, climate: int, draws: tuple[int, ...] | None) -> Weather:
        check_unchanged(self.plan.inputs, self.config.climates[climate].forcing.input_files)
        ds = open_climate(self.config, climate, draws or (), len(self.plan.draws)).load()
        times = ds.time.values
        return Weather(ds, calendar_fields(times), steps_of_a_day(times), draws)

    def members(self, columns: Sequence[int]) -> list[Overrides]:
        """Overrides of columns: those of all members, of the cell, of the draw."""
        result: list[Overrides] = []
        for column in columns:
            cell, draw = self.plan.cell_and_draw(column)
            place = {"atmosphere.latitude": self.plan.cells[cell][1]} if len(self.plan.cells) > 1 else {}
            result.append({**self.config.parameters, **place, **parameters_of(self.plan.draws[draw])})
        return result

    def location(self, column: int, weather: Weather) -> int:
        """Location of a climate's forcing that drives a column."""
        cell, draw = self.plan.cell_and_draw(column)
        if weather.draws is not None:
            return weather.draws.index(draw)
        return cell if weather.ds.sizes["location"] > 1 else 0

    def simulation(self, climate: int, columns: Sequence[int], first_year: int, last_year: int) -> Simulation:
        """The columns through calendar years of one climate, with a day more of forcing at both ends."""
        weather = self.weather(climate, columns)
        ds = weather.ds
        first, last = weather.steps(first_year, last_year)
        begin, end = max(first - weather.day, 0), min(last + weather.day, ds.sizes["time"])
        wanted = [self.location(c, weather) for c in columns]
        part = ds.isel(time=slice(begin, end))
        draws = [self.plan.draws[self.plan.cell_and_draw(c)[1]] for c in columns]
        if any(RAIN in draw for draw in draws):
            part = _with_rain(part.isel(location=wanted), [rain_factor(draw) for draw in draws])
            places = list(range(len(columns)))
        else:
            rows = sorted(set(wanted))
            part, places = part.isel(location=rows), [rows.index(w) for w in wanted]
        return Simulation(
            self.config.site,
            part,
            self.members(columns),
            places,
            isotopes=self.config.ensemble.isotopes,
            steps=(first - begin, last - begin),
            interventions=self.config.intervention,
        )


def _with_rain(ds: xr.Dataset, factors: Sequence[float]) -> xr.Dataset:
    """Weather of one location per member, with its rain and snow times its factor."""
    scale = xr.DataArray(list(factors), dims="location")
    changed = {}
    for name in ("pr", "prsn"):
        if name in ds:
            changed[name] = (ds[name] * scale).transpose(*ds[name].dims).assign_attrs(ds[name].attrs)
    return ds.assign(changed)


def opened(folder: str) -> Ensemble:
    """The ensemble of a folder, opened once in each process; anew where another has begun in the folder."""
    return _opened(folder, sha256_of(Path(folder) / PLAN), sha256_of(Path(folder) / CONFIG))


@functools.lru_cache(maxsize=2)
def _opened(folder: str, plan: str, config: str) -> Ensemble:
    del plan, config  # of the key alone
    found = Ensemble(Path(folder))
    if found.plan.source != source_hash():
        raise InputError(
            f"the worker on {platform.node()}",
            f"runs other code (source {source_hash()}) than {found.plan.writer}, which began the ensemble",
            "start the workers in the environment of the run",
        )
    return found


def steps_of_a_day(times: np.ndarray) -> int:
    """Whole steps of a day on a regular axis; at least one."""
    return max(round(SECONDS_PER_DAY / check_regular(times, "forcing")), 1)


def own_weather(config: EnsembleConfig, n_cells: int, draws: Sequence[Overrides]) -> bool:
    """Whether members of a block need weather of their own, each."""
    return config.ensemble.weather_per_draw or n_cells > 1 or any(RAIN in draw for draw in draws)


def open_climate(config: EnsembleConfig, climate: int, draws: Sequence[int], n_draws: int) -> xr.Dataset:
    """Canonical forcing of one climate with the dimension location: cells, or draws with weather of their own.

    draws  of the `n_draws` of the ensemble, whose own weather is wanted
    """
    section = config.climates[climate]
    if not config.ensemble.weather_per_draw:
        ds = config.run_config(section).open_forcing()
        return ds if "location" in ds.dims else ds.expand_dims("location")
    parts = [config.run_config(section, shift=d).open_forcing() for d in draws]
    ds = xr.concat(
        [p.drop_vars("location", errors="ignore") for p in parts],
        dim="location",
        combine_attrs="drop_conflicts",
        data_vars="all",
        coords="minimal",
        compat="override",
    )
    if n_draws > 1:
        ds.attrs.pop(OF_ONE_DRAW, None)
    return ds


def run_task(folder: str, task: Task, columns: tuple[int, ...], state: str | None) -> Entry:
    """Do one task.

    columns  columns of its block that have not failed yet
    state    state file to begin with, relative to the folder; None for a spin-up
    Raises InputError for a state that does not fit, OSError where a file cannot be written.
    """
    began = time.thread_time()
    ensemble = opened(folder)
    if task.window == SPIN_UP:
        files, failures, report, closure = _spin_up(ensemble, task, columns)
    else:
        files, failures, report, closure = _advance(ensemble, task, columns, str(state))
    return Entry(task, tuple(files), time.thread_time() - began, closure, failures, report)


Result = tuple[list[Written], dict[int, str], dict[str, float], dict[str, float]]


def _spin_up(ensemble: Ensemble, task: Task, columns: tuple[int, ...]) -> Result:
    first, last = ensemble.plan.climates[task.climate].years
    run = ensemble.simulation(task.climate, columns, first, min(first + CYCLE_YEARS - 1, last))
    spin = run.spin_up(ensemble.config.ensemble.spinup_years)
    failures = {columns[i]: f"in the spin-up: {why}" for i, why in run.failures().items()}
    report = {
        "spin-up years": float(spin.years),
        "largest drift of a spin-up, % per decade": 100.0 * float(np.max(spin.drift)),
    }
    written = _write_state(ensemble, task, run, failures, columns, run.forcing.times[0])
    return [written], failures, report, _closure(run, failures, columns)


def _advance(ensemble: Ensemble, task: Task, columns: tuple[int, ...], state: str) -> Result:
    config = ensemble.config.ensemble
    run = ensemble.simulation(task.climate, columns, *ensemble.plan.window(task))
    with DISK:
        run.start_from(ensemble.folder / state)
    datasets = run.advance(frequencies(config.output), config.variables)
    failures = {columns[i]: why for i, why in run.failures().items()}
    files = [_write_shard(ensemble, task, name, ds, columns, failures) for name, ds in datasets.items()]
    end = run.forcing.times[-1] + (run.forcing.times[1] - run.forcing.times[0])
    files.append(_write_state(ensemble, task, run, failures, columns, end))
    return files, failures, run.flag_counts(), _closure(run, failures, columns)


def _closure(run: Simulation, failures: dict[int, str], columns: tuple[int, ...]) -> dict[str, float]:
    """The largest imbalance, per element, of the members that did not fail."""
    sound = np.array([c not in failures for c in columns])
    return {name: float(values[sound].max()) for name, values in run.imbalance().items() if sound.any()}


def _write_shard(
    ensemble: Ensemble,
    task: Task,
    frequency: str,
    ds: xr.Dataset,
    columns: tuple[int, ...],
    failures: dict[int, str],
) -> Written:
    """Output of one frequency for all columns of the block; those that failed have no values."""
    block = ensemble.plan.columns(task.block)
    sound = [i for i, c in enumerate(columns) if c not in failures]
    whole = ds.isel(realization=sound).assign_coords(realization=[columns[i] for i in sound])
    if len(sound) < len(block):
        whole = whole.reindex(realization=list(block))
    dtype = "f4" if ensemble.config.ensemble.precision == "single" else "f8"
    weather = ensemble.weather(task.climate, block)
    first = weather.period(frequency, weather.steps(*ensemble.plan.window(task))[0])
    path = _path(ensemble, SHARDS, task, f"_{frequency}.nc")
    with DISK:
        write_netcdf(whole, path, {"compression": "zstd", "complevel": 1, "shuffle": True, "dtype": dtype})
    return _written(ensemble, path, frequency, first, ds.sizes["time"])


def _write_state(
    ensemble: Ensemble,
    task: Task,
    run: Simulation,
    failures: dict[int, str],
    columns: tuple[int, ...],
    at: object,
) -> Written:
    sound = np.array([i for i, c in enumerate(columns) if c not in failures], dtype=np.int64)
    path = _path(ensemble, STATES, task, ".nc")
    with DISK:
        write_restart(run.tables.take(sound), run.site, at, calendar_of(run.forcing.times), path)
    return _written(ensemble, path, STATE)


def _path(ensemble: Ensemble, folder: str, task: Task, ending: str) -> Path:
    place = ensemble.folder / folder / f"c{task.climate:04d}"
    place.mkdir(parents=True, exist_ok=True)
    window = "start" if task.window == SPIN_UP else f"w{task.window:04d}"
    return place / f"b{task.block:05d}_{window}{ending}"


def _written(ensemble: Ensemble, path: Path, kind: str, first: int = 0, periods: int = 0) -> Written:
    name = path.relative_to(ensemble.folder).as_posix()
    return Written(kind, name, sha256_of(path), path.stat().st_size, first, periods)

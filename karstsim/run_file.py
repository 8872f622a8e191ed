"""A run file from its forcing to a folder, through windows of years that end with their state on disk.

Every window begins with a state read from a file, the first with that of the spin-up. So there is one way to go on,
whether the window before has just ended or the run was killed in it; a kill costs the window that was running.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from karstsim.core.constants import CO2_PER_C, DAYS_PER_YEAR, MOLAR_MASS_C, SECONDS_PER_DAY
from karstsim.core.errors import InputError, quoted
from karstsim.core.files import locked, make_folder, sha256_of, whole_file
from karstsim.core.jit import source_hash
from karstsim.forcing.times import calendar_of, check_regular
from karstsim.model import output as out
from karstsim.model.engine import Progress, calendar_fields
from karstsim.model.interventions.records import check_dates
from karstsim.model.restart import write_restart
from karstsim.model.simulate import Simulation, warnings_of

if TYPE_CHECKING:
    from karstsim.config import RunConfig

CONFIG, RECORD = "config.toml", "run.json"
PARTS = "parts"  # folder of states and outputs of windows, until the run is done
BEGUN = "begun.json"
WINDOW_YEARS = 10

# label: variable, factor (carbon is converted to grams where the unit says so)
HEADLINES = {
    "precipitation mm a-1": ("atmosphere_precipitation", 1.0),
    "runoff mm a-1": ("catchment_runoff", 1.0),
    "soil CO2 at the base uatm": ("soil_base_pco2", 1e6),
    "spring Ca, flow-weighted mmol/L": ("aquifer_spring_ca_concentration", 1.0),
    "spring HCO3, time mean mmol/L": ("aquifer_spring_hco3", 1.0),
    "spring pH": ("aquifer_spring_ph", 1.0),
    "spring SI calcite": ("aquifer_spring_si_calcite", 1.0),
    "NPP g C m-2 a-1": ("catchment_npp", 1.0),
    "soil respiration g C m-2 a-1": ("catchment_soil_respiration", 1.0),
    "karst sink t C km-2 a-1": ("catchment_sink_hydrochemical", 1.0),
    "karst sink t CO2 km-2 a-1": ("catchment_sink_hydrochemical", CO2_PER_C),
    "CO2 evasion g C m-2 a-1": ("catchment_evasion", 1.0),
    "CO2 invasion g C m-2 a-1": ("catchment_invasion", 1.0),
}


@dataclass
class RunSummary:
    """What a run left behind: files, headline numbers, repairs of the forcing, warnings."""

    files: list[Path]
    summary: dict[str, float | str]
    repairs: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def run_config(
    config: RunConfig, folder: Path, workers: int = 1, progress: Progress | None = None
) -> RunSummary:
    """Run a configuration and write its outputs, its restart state and run.json into `folder`.

    What an earlier run left half done there is removed; `resume_run` goes on with it. Raises InputError for bad input
    or a folder that another process works in.
    """
    make_folder(folder)
    with locked(folder):
        (folder / PARTS / BEGUN).unlink(missing_ok=True)  # first: what a kill here leaves is no run
        shutil.rmtree(folder / PARTS, ignore_errors=True)
        return _Run(config, folder, workers, progress).to_the_end()


def is_run(folder: Path) -> bool:
    """Whether the folder is that of a single run, done or stopped."""
    return (folder / PARTS).is_dir() or ((folder / CONFIG).is_file() and (folder / "restart.nc").is_file())


def windows_done(folder: Path) -> tuple[int, int] | None:
    """Windows that a stopped run has behind it, of all; None for a run that is done."""
    if not (folder / PARTS).is_dir():
        return None
    begun = _begun(folder)
    return len(list((folder / PARTS).glob("state_*.nc"))) - 1 if begun else 0, begun.get("windows", 0)


def resume_run(
    config: RunConfig, folder: Path, workers: int = 1, progress: Progress | None = None
) -> RunSummary:
    """Go on with a run that was stopped.

    config  of the folder's config.toml

    Raises InputError for a run that is done, begun with another config, other inputs or another version of karstsim,
    or that another process works on.
    """
    if windows_done(folder) is None:
        raise InputError(
            str(folder), "holds a run that is done", f"karstsim report {quoted(folder)} shows it"
        )
    with locked(folder):
        run = _Run(config, folder, workers, progress)
        run.check_unchanged()
        return run.to_the_end()


def _begun(folder: Path) -> dict[str, Any]:
    """What a run wrote when its spin-up was done; empty before."""
    path = folder / PARTS / BEGUN
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


class _Run:
    """One run file and its folder."""

    def __init__(self, config: RunConfig, folder: Path, workers: int, progress: Progress | None) -> None:
        self.began = time.monotonic()
        self.config, self.folder, self.workers, self.progress = config, folder, workers, progress
        self.inputs = {name: sha256_of(Path(name)) for name in config.input_files}
        self.dataset = config.open_forcing()
        if self.dataset.sizes.get("location", 1) > 1:
            mend = "name one with [forcing] location, or give lon and lat"
            raise InputError("forcing", "has several locations", mend)
        with config.named():
            check_dates(config.intervention, int(self.dataset.time.dt.year[-1]))
        self.day = max(round(SECONDS_PER_DAY / check_regular(self.dataset.time.values, "forcing")), 1)
        self.wanted = out.frequencies([*config.run.output, "annual"])
        self.windows = _windows(self.dataset.time.values)

    def check_unchanged(self) -> None:
        """Raises InputError where code or files are not those that the run was begun with."""
        begun = _begun(self.folder)
        mend = "run the file again, with --overwrite or into another folder"
        if begun and begun["source"] != source_hash():
            raise InputError(str(self.folder), "was begun with another version of karstsim", mend)
        if begun and begun["config"] != _sha256_of_config(self.config):
            raise InputError(str(self.folder / CONFIG), "has changed since the run was begun", mend)
        for name, digest in begun.get("inputs", {}).items():
            if self.inputs.get(name) != digest:
                raise InputError(name, "has changed since the run was begun", mend)

    def to_the_end(self) -> RunSummary:
        """Do what is not done yet, then join the windows into the files of the run."""
        (self.folder / PARTS).mkdir(parents=True, exist_ok=True)
        if not _begun(self.folder):
            self._begin()
        last = len(self.windows) - 1
        for i in range(last):
            if not self._state(i + 1).is_file():
                self._keep(i, *self._advance(i))
        return self._finish(*self._advance(last))

    def _state(self, window: int) -> Path:
        """The state that a window begins with."""
        return self.folder / PARTS / f"state_{window:04d}.nc"

    def _part(self, window: int, frequency: str) -> Path:
        return self.folder / PARTS / f"{frequency}_{window:04d}.nc"

    def _simulation(self, first: int, last: int) -> Simulation:
        """Steps first..last-1, with a day more of forcing at both ends."""
        begin, end = max(first - self.day, 0), min(last + self.day, self.dataset.sizes["time"])
        days = self.dataset.isel(time=slice(begin, end))
        return self.config.simulation(days, self.workers, (first - begin, last - begin))

    def _begin(self) -> None:
        """The state at the start, of a spin-up or of another run."""
        with self.config.named():
            out.select(
                self.config.run.variables, "run.variables", self.config.run.isotopes
            )  # before the spin-up
            run = self._simulation(0, self.dataset.sizes["time"])
        warnings: list[str] = []
        spin = None
        if self.config.run.restart is not None:
            run.start_from(self.config.run.restart)
        else:
            spun = run.spin_up(self.config.run.spinup_years, self.progress)
            warnings = warnings_of(spun)
            spin = {"years": spun.years, "drift_per_decade": spun.drift.tolist(), "stock": list(spun.stock)}
        times = run.forcing.times
        write_restart(run.tables, run.site, times[0], calendar_of(times), self._state(0))
        begun = {
            "source": source_hash(),
            "config": _sha256_of_config(self.config),
            "inputs": self.inputs,
            "windows": len(self.windows),
            "spin_up": spin,
            "warnings": warnings,
        }
        _write_json(self.folder / PARTS / BEGUN, begun)

    def _advance(self, window: int) -> tuple[Simulation, dict[str, xr.Dataset]]:
        first, last = self.windows[window]
        run = self._simulation(first, last)
        run.start_from(self._state(window))
        return run, run.run(self.wanted, self.config.run.variables, self._progress_from(first, last))

    def _progress_from(self, first: int, last: int) -> Progress | None:
        """Progress of the steps of a window as that of the whole run."""
        shown, total = self.progress, self.dataset.sizes["time"]
        if shown is None:
            return None
        return lambda done, of, label: shown(first + (last - first) * done // of, total, label)

    def _keep(self, window: int, run: Simulation, datasets: Mapping[str, xr.Dataset]) -> None:
        """Outputs first: the state of the next window says that they are whole."""
        for name, ds in datasets.items():
            out.write_netcdf(ds, self._part(window, name))
        run.write_restart(self._state(window + 1))

    def _finish(self, run: Simulation, datasets: Mapping[str, xr.Dataset]) -> RunSummary:
        config, folder, begun = self.config, self.folder, _begun(self.folder)
        joined = {name: self._joined(name, ds) for name, ds in datasets.items()}
        files = [
            out.write_netcdf(joined[name].isel(realization=0), folder / f"{name}.nc")
            for name in self.wanted
            if name in config.run.output
        ]
        files.append(run.write_restart(folder / "restart.nc"))
        warnings = [*begun["warnings"], *run.flags()]
        summary = summarise(joined["annual"], run, begun["spin_up"])
        _write_json(folder / RECORD, self._record(run, begun, summary, warnings))
        shutil.rmtree(folder / PARTS)
        return RunSummary([*files, folder / RECORD], summary, run.repairs, warnings)

    def _joined(self, frequency: str, last: xr.Dataset) -> xr.Dataset:
        parts = []
        for window in range(len(self.windows) - 1):
            with xr.open_dataset(
                self._part(window, frequency), engine="netcdf4", decode_timedelta=False
            ) as ds:
                parts.append(ds.load().drop_encoding())
        if not parts:
            return last
        joined = xr.concat(
            [*parts, last], "time", data_vars="minimal", coords="minimal", compat="override", combine_attrs="override"
        )  # fmt: skip
        joined.attrs["time_coverage_end"] = last.attrs["time_coverage_end"]
        return joined

    def _record(
        self, run: Simulation, begun: Mapping[str, Any], summary: Mapping[str, Any], warnings: Sequence[str]
    ) -> dict[str, Any]:
        """Provenance: versions, source hash, inputs with their sha256, seed, wall time, what was repaired."""
        import platform

        import numba

        from karstsim import __version__

        return {
            "karstsim": __version__,
            "source": source_hash(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
            "inputs_sha256": begun["inputs"],
            "seed": self.config.run.seed,
            "constants": run.constants,
            "wall_seconds": round(time.monotonic() - self.began, 3),
            "spin_up": begun["spin_up"],
            "closure": run.closure(),
            "summary": dict(summary),
            "repairs": run.repairs,
            "warnings": list(warnings),
        }


def _windows(times: np.ndarray) -> list[tuple[int, int]]:
    """First and last + 1 step of every `WINDOW_YEARS` calendar years."""
    years = calendar_fields(times)[:, 0]
    blocks = (years - years[0]) // WINDOW_YEARS
    starts = np.flatnonzero(np.r_[True, np.diff(blocks) != 0]).tolist()
    return list(zip(starts, [*starts[1:], len(years)], strict=True))


def _sha256_of_config(config: RunConfig) -> str:
    from karstsim.config import to_toml

    return hashlib.sha256(to_toml(config).encode()).hexdigest()


def summarise(annual: xr.Dataset, run: Simulation, spin: Mapping[str, Any] | None) -> dict[str, float | str]:
    """Headline numbers: amounts per year of the span that was run, whole years or not, and time means of states."""
    grams = MOLAR_MASS_C
    bounds = annual["time_bnds"].values
    steps = np.array(
        [(end - start) / (run.forcing.times[1] - run.forcing.times[0]) for start, end in bounds], float
    )
    years = float(steps.sum()) * run.forcing.dt / DAYS_PER_YEAR
    summary: dict[str, float | str] = {"years": round(years, 3)}
    if spin is not None:
        summary["spin-up years"] = float(spin["years"])
    for label, (name, factor) in HEADLINES.items():
        if name not in annual:
            continue
        values = annual[name].values.reshape(len(annual.realization), len(steps), -1)
        if annual[name].attrs["cell_methods"] == "time: sum":
            value = values.sum(axis=1).mean() / years
        else:
            value = (values * steps[:, None]).sum(axis=1).mean() / steps.sum()
        carbon = grams if annual[name].attrs["units"] == "mol m-2" else 1.0
        summary[label] = float(carbon * factor * value)
    summary["largest imbalance of the books"] = max(run.closure().values())
    return summary


def _write_json(path: Path, record: Mapping[str, Any]) -> None:
    text = json.dumps(_without_nan(record), indent=2, allow_nan=False) + "\n"
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _without_nan(value: Any) -> Any:
    """JSON has no NaN and no infinity: null instead."""
    if isinstance(value, Mapping):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value

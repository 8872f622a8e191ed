"""Two finished runs, or two ensembles, as a pair that differs in its interventions only; or an error that says why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from karstsim.analysis.compare import VARIABLES, Comparison, compare_datasets
from karstsim.analysis.economics import Economics
from karstsim.config import load_config
from karstsim.core.errors import InputError
from karstsim.ensemble.config import load_ensemble
from karstsim.ensemble.plan import PLAN
from karstsim.ensemble.store import open_ensemble
from karstsim.model.interventions.records import Intervention
from karstsim.tomlfile import dotted, read_toml, shown

CONFIG, RECORD, ANNUAL = "config.toml", "run.json", "annual"
# Of the resolved file: what may differ without changing the simulation, and what is compared by itself.
FREE = {("run", "output"), ("run", "variables"), ("ensemble", "output"), ("ensemble", "variables"),
        ("ensemble", "block"), ("ensemble", "window_years"), ("ensemble", "precision")}  # fmt: skip
BY_ITSELF = "intervention"
RECORDED = {
    "source": "version of the source",
    "inputs_sha256": "content of the input files",
    "inputs": "input files",
}


@dataclass(frozen=True)
class Finished:
    """A folder of results: its resolved file, its interventions and its area, and what it was made from."""

    folder: Path
    settings: dict[str, Any]
    interventions: list[Intervention]
    area_km2: float
    ensemble: bool

    @classmethod
    def open(cls, folder: str | Path) -> Finished:
        """Raises InputError for a folder that holds no finished run."""
        folder = Path(folder)
        if not (folder / CONFIG).is_file():
            mend = "give two folders that karstsim run has written"
            raise InputError(str(folder), f"holds no run: there is no {CONFIG}", mend)
        settings = read_toml(folder / CONFIG)
        ensemble = "climates" in settings
        config = load_ensemble(folder / CONFIG) if ensemble else load_config(folder / CONFIG)
        return cls(folder, settings, config.intervention, config.site.area_km2, ensemble)

    def annual(self) -> xr.Dataset:
        """Its annual output. Raises InputError where it was not kept or the run has not ended."""
        if self.ensemble:
            whole = open_ensemble(self.folder, ANNUAL)
            return whole[[name for name in VARIABLES if name in whole]].load()
        path = self.folder / f"{ANNUAL}.nc"
        if not path.is_file() or not (self.folder / RECORD).is_file():
            mend = 'run it to its end with output = ["annual"]'
            raise InputError(str(self.folder), "has no annual output", mend)
        with xr.open_dataset(path) as ds:
            return ds.load()

    def record(self) -> dict[str, Any]:
        """Version and inputs of the run."""
        path = self.folder / (PLAN if self.ensemble else RECORD)
        return json.loads(path.read_text(encoding="utf-8"))


def compare(baseline: str | Path, intervention: str | Path, economics: Economics | None = None) -> Comparison:
    """Compare two folders of results, or two of ensembles member by member.

    baseline      folder of the run without; it may have interventions, which the other must have too
    intervention  folder of the run with one more
    economics     prices; those of design notes 9.10 by default
    Raises InputError that names the difference where the two do not share site, forcing, parameters and version.
    """
    a, b = Finished.open(baseline), Finished.open(intervention)
    added = _added(a, b)
    _check_same(a, b)
    return compare_datasets(a.annual(), b.annual(), added, b.area_km2, economics)


def _added(a: Finished, b: Finished) -> list[Intervention]:
    """Interventions of the second run that the first has not."""
    added = [what for what in b.interventions if what not in a.interventions]
    lost = [what for what in a.interventions if what not in b.interventions]
    if lost:
        mend = "exchange the two, or give a baseline whose interventions the other has too"
        raise InputError(
            str(a.folder), f"has {lost[0].KIND} from {lost[0].start}, which {b.folder} has not", mend
        )
    if not added:
        mend = "give the run without interventions first, and the run with them second"
        raise InputError(str(b.folder), "has no intervention that the other run lacks", mend)
    return added


def _check_same(a: Finished, b: Finished) -> None:
    if a.ensemble != b.ensemble:
        raise InputError(str(b.folder), "one is an ensemble and the other is not", "compare two of one kind")
    found = _differences(a.settings, b.settings)
    if found:
        key, one, other = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise InputError(
            f"{b.folder}, {key}",
            f"is {shown(other)}, and {shown(one)} in {a.folder}{more}",
            "run both from one file, with and without its [[intervention]] tables",
        )
    one, other = a.record(), b.record()
    for key, what in RECORDED.items():
        if one.get(key) != other.get(key):
            raise InputError(
                str(b.folder), f"the {what} is not that of {a.folder}", "run both again, with one version"
            )
    if a.ensemble and one["draws"] != other["draws"]:
        raise InputError(str(b.folder), f"has other draws than {a.folder}", "run both from one file")


def _differences(one: Any, other: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str, Any, Any]]:
    """Keys in which two resolved files differ: (dotted key, value of the first, value of the second)."""
    if path in FREE or path == (BY_ITSELF,):
        return []
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = [*one, *(k for k in other if k not in one)]
        return [d for k in keys for d in _differences(one.get(k), other.get(k), (*path, k))]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            d for i, (x, y) in enumerate(zip(one, other, strict=True)) for d in _differences(x, y, (*path, i))
        ]
    return [] if one == other else [(dotted(path), one, other)]

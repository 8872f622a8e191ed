"""A study from its file to its indices: points, members run as an ensemble, diagnostics, analysis, files.

sensitivity.toml   the study as it was understood       diagnostics.csv   what every member gave
draws.csv          the parameters of every member       indices.nc, .csv  the result
ensemble/          the members; `karstsim status` and `karstsim export` know it
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.core.files import make_folder, whole_file
from karstsim.ensemble.config import EnsembleConfig
from karstsim.ensemble.config import to_toml as ensemble_toml
from karstsim.ensemble.draws import draws_csv
from karstsim.ensemble.plan import CONFIG, PLAN, RUN_RECORD, Plan
from karstsim.ensemble.run import check_inputs, start, status, work
from karstsim.model.engine import Progress
from karstsim.sensitivity_analysis.config import SensitivityConfig, to_toml
from karstsim.sensitivity_analysis.diagnostics import diagnostics_of
from karstsim.sensitivity_analysis.factors import design_of, draws_at, ranges_of
from karstsim.sensitivity_analysis.indices import gate, indices, named
from karstsim.sensitivity_analysis.methods import MAY_DROP, Design, points, require_salib

STUDY, DRAWS, MEMBERS = "sensitivity.toml", "draws.csv", "ensemble"
VALUES, INDICES, TABLE = "diagnostics.csv", "indices.nc", "indices.csv"
OF_OTHERS = ("ledger.sqlite", PLAN, RUN_RECORD)  # a calibration's, an ensemble's, a run's folder
PRINTED = {
    "morris": "Morris",
    "sobol": "Sobol",
    "fast": "FAST",
    "rbd_fast": "RBD-FAST",
    "pawn": "PAWN",
}  # of methods


def run_study(
    config: SensitivityConfig,
    folder: Path,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run a study into a folder, or go on with one that was begun there.

    Where the folder holds the same members, only what is missing is run, and the analysis is made anew: diagnostics,
    confidence and resamples may change.
    Raises InputError for bad input or another study in the folder, RunError for members without a number.
    """
    require_salib()
    section = config.sensitivity
    ranges = ranges_of(section, config.site)
    design = design_of(section, ranges)
    x = points(design)
    _write_members(config, folder, design, draws_csv(draws_at(x, ranges)))
    plan, outcome, broken = status(folder / MEMBERS)
    # Also where nothing is left to run: members of other weather are no answer.
    check_inputs(plan, folder / MEMBERS)
    if broken or not outcome.complete:
        outcome = work(folder / MEMBERS, workers, scheduler, progress)
    values = diagnostics_of(folder / MEMBERS, config.diagnostics)
    _write_values(values, folder / VALUES)
    kept = gate(values, design, outcome.failed, section.failed == "drop")
    ds = indices(design, x, values, kept, section.confidence, section.resamples, section.sizes)
    ds.attrs["title"] = f"Sensitivity of {config.site.name} by {PRINTED.get(section.method, section.method)}"
    if not design.groups:
        ds = ds.assign_coords(
            lower=("factor", [r.lower for r in ranges.values()]),
            upper=("factor", [r.upper for r in ranges.values()]),
            scale=("factor", ["log" if r.log else "linear" for r in ranges.values()]),
        )
    _write_indices(ds, folder)
    return ds


def planned(config: SensitivityConfig, draws: Path) -> EnsembleConfig:
    """The ensemble of a study, its draws written to a file: what a run would start from."""
    require_salib()
    ranges = ranges_of(config.sensitivity, config.site)
    text = draws_csv(draws_at(points(design_of(config.sensitivity, ranges)), ranges))
    draws.write_text(text, encoding="utf-8")
    return config.ensemble(draws)


def _write_members(config: SensitivityConfig, folder: Path, design: Design, draws: str) -> None:
    """Start the ensemble of a study, or see that the one which is there is the same."""
    ensemble = config.ensemble(folder / DRAWS) if (folder / DRAWS).is_file() else None
    if (folder / MEMBERS / PLAN).is_file() and ensemble is not None:
        there = (folder / MEMBERS / CONFIG).read_text(encoding="utf-8")
        if (folder / DRAWS).read_text(encoding="utf-8") != draws or there != ensemble_toml(ensemble):
            mend = "name another folder, or remove this one"
            raise InputError(str(folder), "holds a study of other members", mend)
    else:
        make_folder(folder)
        if any((folder / name).exists() for name in OF_OTHERS):
            raise InputError(str(folder), "holds results of another kind", "name another folder with -o")
        _write(folder / DRAWS, draws)
        start(config.ensemble(folder / DRAWS), folder / MEMBERS)
    _write(folder / STUDY, to_toml(config))
    bad = Plan.load(folder / MEMBERS).bad
    if bad and (config.sensitivity.failed == "refuse" or design.method not in MAY_DROP):
        mend = "narrow the ranges"
        if design.method in MAY_DROP:
            mend += ', or write failed = "drop" to leave them out'
        raise InputError(f"{len(bad)} of {design.members} members", f"cannot run:\n{named(bad)}", mend)


def _write(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _write_values(values: xr.DataArray, path: Path) -> None:
    frame = pd.DataFrame(values.values, columns=[str(name) for name in values["output"].values])
    with whole_file(path) as temporary:
        frame.to_csv(temporary, index_label="member")


def _write_indices(ds: xr.Dataset, folder: Path) -> None:
    with whole_file(folder / INDICES) as temporary:
        ds.to_netcdf(temporary, engine="netcdf4")
    names = [str(n) for n, v in ds.data_vars.items() if v.dims == ("output", "factor")]
    part = ds[names]
    frame = part.drop_vars([c for c in part.coords if c not in ("output", "factor", "units")]).to_dataframe()
    with whole_file(folder / TABLE) as temporary:
        frame.reset_index().to_csv(temporary, index=False)

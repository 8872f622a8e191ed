"""Ensembles: who runs what, running it, and the results on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def run_ensemble(
    config: str | Path, folder: str | Path, workers: int = 1, scheduler: str | None = None
) -> xr.Dataset:
    """Run the ensemble of a file into a folder, or go on with one that was begun there, and open its results.

    config     ensemble file (TOML), as `karstsim new ensemble` writes one
    folder     of the results; where it holds the same ensemble already, only what is missing is run
    workers    threads; scheduler: address of a dask scheduler whose workers see the folder, instead
    Returns the results of the first frequency that is kept, see `open_ensemble`.
    Raises InputError for bad input, RunError when the run fails.
    """
    from karstsim.core.errors import InputError
    from karstsim.ensemble.config import load_ensemble, to_toml
    from karstsim.ensemble.plan import CONFIG, PLAN
    from karstsim.ensemble.run import start, work
    from karstsim.ensemble.store import open_ensemble

    folder = Path(folder)
    settings = load_ensemble(config)
    if not (folder / PLAN).is_file():
        start(settings, folder)
    elif (folder / CONFIG).read_text(encoding="utf-8") != to_toml(settings):
        raise InputError(
            str(folder), f"holds another ensemble than {config}", "name another folder, or remove this one"
        )
    work(folder, workers, scheduler)
    return open_ensemble(folder)

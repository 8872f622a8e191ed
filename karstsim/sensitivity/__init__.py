"""Sensitivity: which parameters an output depends on, and which of scenario, model and parameters its spread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def sensitivity(
    config: str | Path, folder: str | Path, workers: int = 1, scheduler: str | None = None
) -> xr.Dataset:
    """Run the sensitivity study of a file into a folder, or go on with one that was begun there.

    config     sensitivity file (TOML), as `karstsim new sensitivity` writes one
    folder     of the results; where it holds the same members already, only what is missing is run
    workers    threads; scheduler: address of a dask scheduler whose workers see the folder, instead
    Returns a Dataset of indices (output, factor): each `<index>` with the half-width `<index>_conf` of its interval.
    Raises InputError for bad input, for members without a number, and where SALib is absent.
    """
    from karstsim.sensitivity.config import load_sensitivity
    from karstsim.sensitivity.study import run_study

    return run_study(load_sensitivity(config), Path(folder), workers, scheduler)

"""Sensitivity: what an output depends on, what spreads an ensemble, what drives a trend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

    from karstsim.model.engine import Progress

TABLES = ("sensitivity", "decomposition", "attribution")


def sensitivity(
    config: str | Path,
    folder: str | Path,
    workers: int = 1,
    scheduler: str | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run what a file asks for into a folder, or go on with what was begun there.

    config     TOML with a table [sensitivity] (`karstsim new sensitivity` writes one), [decomposition] or [attribution]
    folder     of the results; where it holds the same members already, only what is missing is run
    workers    threads; scheduler: address of a dask scheduler whose workers see the folder, instead
    seed       instead of that of a [sensitivity] file
    Returns a Dataset: indices (output, factor), each `<index>` with the half-width `<index>_conf` of its interval; or
    that of `decompose_variance`, or of `attribute_trend`.
    Raises InputError for bad input and where SALib is absent, RunError that names the members without a number.
    """
    from karstsim.core.errors import InputError
    from karstsim.tomlfile import read_toml

    tables = [name for name in TABLES if name in read_toml(Path(config))]
    if len(tables) != 1:
        what = "has " + (" and ".join(f"[{name}]" for name in tables) or "no table that says what to do")
        raise InputError(str(config), what, f"give one of {', '.join(f'[{name}]' for name in TABLES)}")
    if tables == ["decomposition"]:
        from karstsim.sensitivity_analysis.decomposition import decomposition

        return decomposition(config, folder)
    if tables == ["attribution"]:
        from karstsim.sensitivity_analysis.attribution import attribution

        return attribution(config, folder, workers, progress)
    from karstsim.sensitivity_analysis.config import load_sensitivity
    from karstsim.sensitivity_analysis.study import run_study

    settings = load_sensitivity(config)
    settings = settings if seed is None else settings.with_seed(seed)
    return run_study(settings, Path(folder), workers, scheduler, progress)

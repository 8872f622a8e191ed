"""Calibration: objectives, searches, uncertainties that are told or refused, and the way into an ensemble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def calibrate(config: str | Path, folder: str | Path, workers: int = 1) -> xr.Dataset:
    """Fit the model to the observations that a file names, or go on with a calibration that was begun in the folder.

    config    calibration file (TOML), as `karstsim new calibration` writes one
    folder    of the results; what its ledger holds already is not computed again
    workers   threads; the result does not depend on them
    Returns the posterior Dataset (see docs/calibration.md), also in ``posterior.nc`` of the folder.
    Raises InputError for bad input, RunError where no evaluation can be used.
    """
    from karstsim.calibration.config import load_calibration
    from karstsim.calibration.run import begin, work

    settings = load_calibration(config)
    begin(settings, Path(folder))
    return work(settings, Path(folder), workers).posterior

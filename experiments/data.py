"""Where the data of others lie: the folder of `KARSTSIM_DATA`, else ``shared/data`` beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path


class MissingDataError(Exception):
    """An experiment that cannot run here, and why: its data are not there."""


def data_folder(name: str) -> Path:
    """One folder of the data; MissingDataError where it is not there."""
    root = Path(os.environ.get("KARSTSIM_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not (root / name).is_dir():
        raise MissingDataError(f"needs the data {name}; KARSTSIM_DATA names their folder")
    return root / name

"""Fixtures shared by all tests: where the public data and reference tables lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _shared_folder(name: str, variable: str) -> Path:
    folder = Path(os.environ.get(variable) or ROOT.parent / "shared" / name)
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; set {variable} to the folder with the shared {name}")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real forcing and monitoring data (`KARSTSIM_DATA`)."""
    return _shared_folder("data", "KARSTSIM_DATA")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Folder of reference tables computed with other programs (`KARSTSIM_REFERENCE`)."""
    return _shared_folder("reference", "KARSTSIM_REFERENCE")

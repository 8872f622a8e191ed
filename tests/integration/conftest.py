"""A small ensemble, finished once for all tests that look at it, and copies of it to be spoiled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_ensemble import CLIMATES, DRAWS, settings, write_file
from small_site import SITE


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """An ensemble of 3 climates and 3 draws, run by one worker in blocks of two members and windows of a year."""
    from karstsim.ensemble import run_ensemble

    folder = tmp_path_factory.mktemp("ensemble")
    run_ensemble(write_file(folder, SITE, CLIMATES, DRAWS, settings()), folder / "out")
    return folder / "out"


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    """The finished ensemble in a folder of its own, to be spoiled."""
    shutil.copytree(finished, tmp_path / "out")
    return tmp_path / "out"

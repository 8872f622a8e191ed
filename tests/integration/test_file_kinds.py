"""Every kind of file: written by `new`, understood by `check`, and sent to its own command by `run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from karstsim.cli.app import KINDS, app, kind_of

COMMANDS = {
    "site": "run",
    "ensemble": "run",
    "sensitivity": "sensitivity",
    "decomposition": "sensitivity",
    "attribution": "sensitivity",
    "calibration": "calibrate",
}


def write(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.toml"
    done = CliRunner().invoke(app, ["new", kind, "-o", str(path)])
    assert done.exit_code == 0, done.output
    return path


@pytest.mark.parametrize(("kind", "command"), COMMANDS.items())
def test_a_file_is_known_by_its_tables(tmp_path: Path, kind: str, command: str) -> None:
    table = kind_of(write(tmp_path, kind))
    assert (KINDS[table].command if table else "run") == command


@pytest.mark.parametrize("kind", [k for k, command in COMMANDS.items() if command != "run"])
def test_run_names_the_command_of_other_files(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind)
    done = CliRunner().invoke(app, ["run", str(path), "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert f"karstsim {COMMANDS[kind]} " in done.stderr and not (tmp_path / "out").exists()


def test_the_new_attribution_has_eight_runs_that_can_start(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(write(tmp_path, "attribution")), "--json"])
    assert done.exit_code == 0, done.output
    runs = json.loads(done.stdout)["runs"]
    assert [r["drivers that change"] for r in runs][::7] == ["none", "climate+co2+land_use"] and len(
        runs
    ) == 8
    assert all((r["first year"], r["last year"]) == (2015, 2044) for r in runs)


def test_a_decomposition_without_its_ensemble_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(write(tmp_path, "decomposition"))])
    assert done.exit_code == 2 and "holds no ensemble" in done.stderr

"""A run file through windows: what a kill leaves, and that going on gives the same files to the bit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xarray as xr
from typer.testing import CliRunner

from karstsim import run_file
from karstsim.cli.app import app
from karstsim.config import load_config, to_toml
from karstsim.core.errors import InputError
from karstsim.core.files import locked

FILE = """
[site]
name = "small"
latitude = 26.3
longitude = 105.7
elevation = 1200.0
area_km2 = 1.0
[[site.tiles]]
land_use = "grass"
area_fraction = 1.0
[forcing]
synthetic = "ssp245"
start = "2015-04-01"
end = "2017-09-30"
[run]
output = ["monthly", "annual"]
variables = ["aquifer_spring", "aquifer_spring_*", "catchment_*"]
spinup_years = 3
[[intervention]]
kind = "soil_improvement"
start = 2016
manure = 2.0
"""


class _KilledError(Exception):
    """Stands for a kill: nothing of the run's own code catches it."""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "run.toml"
    path.write_text(FILE)
    return load_config(path)


def _folder(place: Path, config) -> Path:
    place.mkdir()
    (place / "config.toml").write_text(to_toml(config))
    return place


@pytest.fixture(scope="module")
def whole(tmp_path_factory, config):
    """The run in one piece."""
    folder = _folder(tmp_path_factory.mktemp("whole") / "run", config)
    run_file.run_config(config, folder)
    return folder


@pytest.fixture
def stopped(tmp_path, config, monkeypatch):
    """The run in windows of a year, killed in the second."""
    monkeypatch.setattr(run_file, "WINDOW_YEARS", 1)
    return _stop_half_way(config, _folder(tmp_path / "run", config))


def _stop_half_way(config, folder: Path) -> Path:
    def progress(done: int, total: int, label: str) -> None:
        if label == "simulating" and done > 0.5 * total:
            raise _KilledError

    with pytest.raises(_KilledError):
        run_file.run_config(config, folder, progress=progress)
    return folder


def test_going_on_after_a_kill_gives_the_files_of_a_run_in_one_piece(stopped, whole):
    result = CliRunner().invoke(app, ["resume", str(stopped)])
    assert result.exit_code == 0, result.output
    for name in ("monthly.nc", "annual.nc", "restart.nc"):
        with xr.open_dataset(stopped / name) as ours, xr.open_dataset(whole / name) as theirs:
            xr.testing.assert_identical(ours.load(), theirs.load())
    assert not (stopped / run_file.PARTS).exists()


def test_a_stopped_run_says_how_far_it_is_and_refuses_to_be_run_over(stopped):
    assert run_file.windows_done(stopped) == (1, 3)
    said = CliRunner().invoke(app, ["status", str(stopped)])
    assert "1 of 3 windows" in said.output and "karstsim resume" in said.output
    again = CliRunner().invoke(app, ["run", str(stopped / "config.toml"), "-o", str(stopped)])
    assert again.exit_code == 2
    assert "karstsim resume" in again.output


def test_a_run_is_not_continued_by_other_code(stopped, config, monkeypatch):
    monkeypatch.setattr(run_file, "source_hash", lambda: "another")
    with pytest.raises(InputError, match="another version"):
        run_file.resume_run(config, stopped)


def test_a_run_is_not_continued_with_another_table_of_co2(tmp_path, monkeypatch):
    """Every file that a run reads is an input, not the weather alone: 410 ppm became 420 on the way."""
    monkeypatch.setattr(run_file, "WINDOW_YEARS", 1)
    air = tmp_path / "air.csv"
    air.write_text("year,ppm\n2014,410\n2018,410\n")
    file = tmp_path / "run.toml"
    file.write_text(FILE.replace('synthetic = "ssp245"', 'synthetic = "ssp245"\nco2 = "air.csv"'))
    config = load_config(file)
    folder = _folder(tmp_path / "run", config)
    _stop_half_way(config, folder)
    air.write_text(air.read_text().replace("410", "420"))
    with pytest.raises(InputError, match=r"air.csv: has changed"):
        run_file.resume_run(config, folder)


def test_all_files_that_a_run_reads_are_its_inputs(config, tmp_path):
    names = {
        name: str(tmp_path / name) for name in ("co2.csv", "c13.csv", "region.wkt", "series.csv", "start.nc")
    }
    for name in names.values():
        Path(name).touch()
    forcing = {
        "co2": f"{names['co2.csv']}:ssp245",
        "delta13co2": names["c13.csv"],
        "Delta14co2": -20.0,
        "region": names["region.wkt"],
    }
    run = {"series": names["series.csv"], "restart": names["start.nc"]}
    asked = config.model_copy(
        update={
            "forcing": config.forcing.model_copy(update=forcing),
            "run": config.run.model_copy(update=run),
        }
    )
    assert sorted(asked.input_files) == sorted(names.values())
    polygon = config.forcing.model_copy(update={"region": "POLYGON((" + "1 1," * 2000 + "1 1))"})
    assert polygon.input_files == []


def test_a_run_is_not_continued_with_another_config(stopped, config):
    other = config.model_copy(update={"parameters": {"soil.structure_factor": 0.7}})
    with pytest.raises(InputError, match="config.toml: has changed"):
        run_file.resume_run(other, stopped)


def test_two_processes_do_not_work_on_one_run(stopped, config):
    """The second is refused, whether it goes on or begins anew, and what the first has is left alone."""
    before = sorted((stopped / run_file.PARTS).iterdir())
    with locked(stopped):
        for second in (run_file.resume_run, run_file.run_config):
            with pytest.raises(InputError, match="another process"):
                second(config, stopped)
    assert sorted((stopped / run_file.PARTS).iterdir()) == before


def test_a_run_that_is_done_is_not_run_again(whole, config):
    with pytest.raises(InputError, match="done"):
        run_file.resume_run(config, whole)
    written = {path: path.stat().st_mtime_ns for path in whole.iterdir()}
    for command in (
        "status",
        "resume",
    ):  # nothing is left to do, as for an ensemble: no mistake, and nothing is written
        said = CliRunner().invoke(app, [command, str(whole)])
        assert said.exit_code == 0 and "is done" in said.output and "karstsim report" in said.output
        told = CliRunner().invoke(app, [command, str(whole), "--json"])
        assert json.loads(told.stdout)["status"] == "done"
    assert {path: path.stat().st_mtime_ns for path in whole.iterdir()} == written


def test_what_a_run_will_cost_is_measured(whole, config, tmp_path):
    """Disk within 30 % of what the run wrote; CPU time at least a millisecond a year, also of the spin-up."""
    file = tmp_path / "run.toml"
    file.write_text(to_toml(config))
    shown = CliRunner().invoke(app, ["check", str(file), "--cost", "--json"])
    assert shown.exit_code == 0, shown.output
    told = json.loads(shown.stdout)["cost"]
    size = sum((whole / name).stat().st_size for name in ("monthly.nc", "annual.nc")) / 1e6
    assert told["disk, MB"] == pytest.approx(size, rel=0.3)
    assert told["CPU time, s"] > 10 * 1e-3

"""A sensitivity study from its file to its indices: by command, after a kill, and with members that cannot run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from small_site import SITE
from typer.testing import CliRunner

import karstsim as ks
from karstsim.cli.app import app
from karstsim.core.errors import InputError
from karstsim.ensemble.run import status
from karstsim.report.sensitivity_figures import write_figures

pytest.importorskip("SALib")
FILE = (
    SITE
    + """
[forcing]
synthetic = "stationary"
start = "2015-01-01"
end = "2016-12-31"
[sensitivity]
method = "morris"
samples = 4
sizes = 2
resamples = 20
[sensitivity.ranges]
"forcing.pr" = { factor = [0.5, 1.5] }
"soil.structure_factor" = { factor = [0.7, 1.4] }
[[diagnostics]]
name = "rain"
variable = "atmosphere_precipitation"
[[diagnostics]]
name = "soil CO2"
variable = "soil_base_pco2"
[[diagnostics]]
name = "soil CO2 by year"
variable = "soil_base_pco2"
over = "year"
[run]
spinup_years = 0
block = 3
"""
)


def _file(folder: Path, text: str = FILE) -> Path:
    path = folder / "sensitivity.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> tuple[Path, xr.Dataset]:
    folder = tmp_path_factory.mktemp("study")
    return folder, ks.sensitivity(_file(folder), folder / "out")


def test_rain_has_the_effect_of_its_factor_and_nothing_else_moves_it(study) -> None:
    """From half to one and a half times the rain is once the mean rain, everywhere; the soil does not make rain."""
    folder, ds = study
    rain = ds.sel(output="rain")
    drawn = pd.read_csv(folder / "out" / "draws.csv")["forcing.pr factor"]
    values = pd.read_csv(folder / "out" / "diagnostics.csv")["rain"]
    mean = float((values / drawn).mean())
    assert mean == pytest.approx(values.iloc[0] / drawn.iloc[0], rel=1e-9)
    assert 900.0 < mean < 1700.0 and str(rain.units.values) == "mm year-1"
    assert float(rain.mu_star.sel(factor="forcing.pr")) == pytest.approx(mean, rel=1e-9)
    assert float(rain.sigma.sel(factor="forcing.pr")) == pytest.approx(0.0, abs=1e-6)
    assert float(rain.mu_star.sel(factor="soil.structure_factor")) == 0.0
    assert (
        float(ds.sel(output="soil CO2").mu.sel(factor="soil.structure_factor")) < 0.0
    )  # a looser soil holds less


def test_outputs_over_years_are_labelled(study) -> None:
    ds = study[1]
    yearly = ds.isel(output=np.flatnonzero(ds.diagnostic.values == "soil CO2 by year"))
    assert yearly.year.values.tolist() == [2015, 2016]
    mean = float(yearly.mu.sel(factor="forcing.pr").mean())
    assert mean == pytest.approx(float(ds.mu.sel(output="soil CO2", factor="forcing.pr")), rel=1e-9)


def test_a_study_that_was_killed_goes_on_to_the_same_numbers(study, tmp_path) -> None:
    """Killed after the second task of eight, it does the other six, and no number differs in a bit."""

    def stop(done: int, total: int, label: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    path = _file(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        ks.sensitivity(path, tmp_path / "out", progress=stop)
    assert 2 <= status(tmp_path / "out" / "ensemble")[1].done < 8
    said = CliRunner().invoke(app, ["status", str(tmp_path / "out")])
    assert said.exit_code == 0 and f"karstsim resume {tmp_path / 'out'}" in said.output.replace("\n", "")
    done = CliRunner().invoke(app, ["resume", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout)["status"] == "done"
    assert status(tmp_path / "out" / "ensemble")[1].complete
    again = xr.open_dataset(tmp_path / "out" / "indices.nc")
    assert all(np.array_equal(again[name], study[1][name], equal_nan=True) for name in study[1].data_vars)


def test_a_finished_study_is_analysed_again_without_running_members(study, monkeypatch) -> None:
    """With another confidence the members are taken as they are; with other points the folder is refused."""
    folder, ds = study
    monkeypatch.setattr("karstsim.sensitivity_analysis.study.work", lambda *_: pytest.fail("ran members"))
    wider = ks.sensitivity(
        _file(folder, FILE.replace("samples = 4", "samples = 4\nconfidence = 0.99")), folder / "out"
    )
    assert np.array_equal(wider.mu_star, ds.mu_star)
    ratio = float(wider.mu_star_conf.sum() / ds.mu_star_conf.sum())
    assert ratio == pytest.approx(2.5758 / 1.9600, rel=1e-3)
    with pytest.raises(InputError, match="holds a study of other members"):
        ks.sensitivity(_file(folder, FILE.replace("samples = 4", "samples = 5")), folder / "out")


def test_a_finished_study_whose_weather_has_changed_is_refused(tmp_path) -> None:
    """Begun again it would tell the indices of the old weather under the name of the new one."""
    path, weather = _file(tmp_path), tmp_path / "weather.csv"
    days = pd.date_range("2015-01-01", "2016-12-31")
    rain = np.where(np.arange(len(days)) % 3, 0.0, 12.0)
    table = pd.DataFrame({"date": days, "tas (degC)": 12.0, "pr (mm/d)": rain, "rsds (W m-2)": 150.0})
    table.assign(**{"hurs (%)": 75.0, "sfcWind (m/s)": 2.0}).to_csv(weather, index=False)
    own = '[forcing]\nfiles = ["weather.csv"]\nco2 = 410\n'
    text = path.read_text(encoding="utf-8")
    first, last = text.index("[forcing]"), text.index("[sensitivity]")
    path.write_text(text[:first] + own + text[last:], encoding="utf-8")
    ks.sensitivity(path, tmp_path / "out")
    ks.sensitivity(path, tmp_path / "out")
    weather.write_text(weather.read_text().replace(",12.0,150", ",13.0,150"), encoding="utf-8")
    with pytest.raises(InputError, match=r"weather.csv: has changed"):
        ks.sensitivity(path, tmp_path / "out")


@pytest.mark.parametrize("name", ["ledger.sqlite", "plan.json", "run.json"])
def test_a_folder_of_another_kind_is_left_as_it_is(tmp_path, name) -> None:
    """A calibration's, an ensemble's and a run's; a study in it would hide what `resume` and `report` look for."""
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("")
    with pytest.raises(InputError, match="holds results of another kind"):
        ks.sensitivity(_file(tmp_path), out)
    assert [file.name for file in out.iterdir()] == [name]


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="out: is no folder"):
        ks.sensitivity(_file(tmp_path), tmp_path / "out")


def test_every_result_has_its_figures(study, tmp_path) -> None:
    names = [p.name for p in write_figures(study[1], tmp_path)]
    assert names == ["indices.png", "convergence.png", "over_time.png"]


def test_members_that_cannot_run_are_named_before_anything_runs(tmp_path) -> None:
    """Water at field capacity must exceed what roots cannot take: some corners of these ranges do not."""
    ranges = '"soil.porosity" = { value = [0.3, 0.75] }\n"soil.residual_water" = { value = [0.02, 0.15] }'
    text = FILE.replace('"soil.structure_factor" = { factor = [0.7, 1.4] }', ranges)
    text += '[parameters]\n"soil.field_capacity_ratio" = 0.45\n'
    result = CliRunner().invoke(
        app, ["sensitivity", str(_file(tmp_path, text)), "-o", str(tmp_path / "out"), "--json"]
    )
    assert result.exit_code == 2, result.output
    said = json.loads(result.stdout)
    assert "cannot run" in said["what"] and "residual_water" in said["what"] and "drop" in said["mend"]
    assert status(tmp_path / "out" / "ensemble")[1].done == 0


def test_members_without_a_number_are_a_failed_run_and_named(study) -> None:
    """The spread of one value is none. The input is good, so the exit code is that of a run that failed."""
    folder, _ = study
    text = FILE.replace('over = "year"', 'over = "year"\nstatistic = "std"')
    result = CliRunner().invoke(
        app, ["sensitivity", str(_file(folder, text)), "-o", str(folder / "out"), "--json"]
    )
    assert result.exit_code == 1, result.output
    said = json.loads(result.stdout)
    assert "12 of 12 members have no number:\n  member 0: soil CO2 by year, 2015 is no number" in said["what"]
    assert "narrow the ranges" in said["mend"]


def test_the_new_file_can_be_checked(tmp_path) -> None:
    path = tmp_path / "s.toml"
    assert CliRunner().invoke(app, ["new", "sensitivity", "-o", str(path)]).exit_code == 0
    result = CliRunner().invoke(app, ["check", str(path), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["members"] == 96


def test_without_salib_the_mend_is_said(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "SALib.sample", None)
    with pytest.raises(InputError, match=r"karstsim\[sensitivity\]"):
        ks.sensitivity(_file(tmp_path), tmp_path / "out")


def test_a_folder_with_the_file_alone_is_no_study(tmp_path: Path) -> None:
    """`karstsim resume .` beside a sensitivity.toml of one's own starts nothing there."""
    from typer.testing import CliRunner

    from karstsim.cli.app import app

    assert (
        CliRunner().invoke(app, ["new", "sensitivity", "-o", str(tmp_path / "sensitivity.toml")]).exit_code
        == 0
    )
    for command in ("resume", "status"):
        done = CliRunner().invoke(app, [command, str(tmp_path)])
        assert done.exit_code == 2, done.output
        assert tmp_path.name in done.output
    assert [p.name for p in tmp_path.iterdir()] == ["sensitivity.toml"]

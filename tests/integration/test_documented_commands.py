"""What README and docs tell a reader to type exists; the walk of the README and every Python block run as written."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
import xarray as xr

import karstsim as ks
from karstsim.check import check
from karstsim.cli.app import app
from karstsim.core.errors import InputError
from karstsim.forcing.synthetic import synthetic_forcing, write_cmip
from karstsim.sensitivity_analysis.attribution import load_attribution, merged
from karstsim.sensitivity_analysis.decomposition import decomposed
from karstsim.tomlfile import emit_toml

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "experiments").glob("*/README.md")) + sorted((ROOT / "benchmarks").glob("*.md"))
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"(?<!`)karstsim ([a-z][^#`;&|\n]*)")
INLINE = re.compile(r"`karstsim ([a-z][^`]*)`")
PLACEHOLDER = re.compile(r"[A-Z_]+(\.[a-z]+)?|\.\.\.")


def _blocks(page: Path, *languages: str) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [body for language, body in found if language.strip() in languages]


def _typed(page: Path) -> list[str]:
    """Commands in blocks that are typed; of a line that continues in a comment also the command in there."""
    return [c.strip() for body in _blocks(page, "", "bash", "console", "sh") for c in TYPED.findall(body)]


def _command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and what is left of them for it; typer has a click of its own in some versions."""
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, f"no command {' '.join(words)}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_in_a_block_can_be_typed(page: Path) -> None:
    """Its arguments and options are those of the command; nothing is run."""
    for text in _typed(page):
        if PLACEHOLDER.search(text.split()[-1]) or " ... " in text:
            continue
        command, rest = _command(shlex.split(text))
        command.make_context(text, rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_that_is_named_in_a_text_exists(page: Path) -> None:
    for text in INLINE.findall(page.read_text(encoding="utf-8").replace("\n", " ")):
        command, rest = _command(shlex.split(text))
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        assert all(word in known for word in rest if word.startswith("-")), text


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_examples_are_toml_and_python_of_this_version(page: Path) -> None:
    """Every ks.name in Python is one; tables have a test of their own."""
    for body in _blocks(page, "python"):
        for node in ast.walk(ast.parse(body)):
            if isinstance(node, ast.Attribute) and re.fullmatch(r"ks(\.\w+)+", ast.unparse(node)):
                found: object = ks
                for name in ast.unparse(node).split(".")[1:]:
                    found = getattr(found, name)


PARTS = [(page, body) for page in PAGES for body in _blocks(page, "toml")]


@pytest.mark.parametrize(
    ("page", "body"), PARTS, ids=[f"{page.stem}-{body.splitlines()[0]}" for page, body in PARTS]
)
def test_tables_load_by_the_reader_that_they_are_for(page: Path, body: str, tmp_path: Path) -> None:
    """A part of a run file stands in the run file of `karstsim new`, and what it names is there."""
    part = tomllib.loads(body)
    file = tmp_path / "file.toml"
    if "decomposition" in part:  # read to its end, where the ensemble is opened
        file.write_text(body, encoding="utf-8")
        with pytest.raises(InputError, match=part["decomposition"]["ensemble"]):
            decomposed(file)
        return
    _weather(tmp_path, 2029, 2030)
    kind = "attribution" if "attribution" in part else "site"
    whole = tomllib.loads((ROOT / "karstsim" / "templates" / f"{kind}.toml").read_text(encoding="utf-8"))
    whole.pop("attribution", None)
    whole["forcing"] |= {"start": "2029-01-01", "end": "2030-12-31"}
    if "forcing" in part and "files" not in part["forcing"]:
        whole = merged(whole, {"forcing": {"files": ["station.csv"], "co2": 415.0}})
    file.write_text(emit_toml(merged(whole, part)), encoding="utf-8")
    if "attribution" in part:
        _, runs = load_attribution(file)
        assert len(runs) == 2 ** len(part["attribution"]["without"])
        return
    found = check(file)
    assert found["forcing"]["steps"] == 730
    assert len(found["interventions"]) == len(part.get("intervention", []))


def _weather(folder: Path, first: int, last: int) -> None:
    """The weather that pages name: CMIP files here and in folders, a grid with a map of karst, a station with NPP."""
    weather = synthetic_forcing("ssp245", first, last, 1, lon=105.7, lat=26.3, elevation=1200.0)
    for place in (folder, folder / "data", folder / "cmip6"):
        write_cmip(weather, place)
    columns = {
        "tas (degC)": weather.tas[0] - 273.15,
        "pr (mm/d)": 86400.0 * weather.pr[0],
        "rsds (W m-2)": weather.rsds[0],
        "NPP of BIOME-BGC": 1.5 + 0.0 * weather.tas[0],
    }
    table = pd.DataFrame(
        {name: values.values for name, values in columns.items()}, pd.Index(weather.time.values, name="date")
    )
    table.to_csv(folder / "station.csv", date_format="%Y-%m-%d")


WATERS = "site,T (degC),pH,Ca (mg/L),HCO3 (mg/L)\nspring,15.2,7.4,76,232\nbrook,16,8.1,<5,210\n"
MONITORING = "date,Q (L/s),HCO3 (mg/L)\n" + "".join(
    f"2015-{m:02d}-15,{80 + 9 * m},{240 - m}\n" for m in range(1, 13)
)
SHORT = (  # the same files for less weather
    ("my.toml", 'end = "2020-12-31"', 'end = "2016-12-31"'),
    ("ensemble.toml", 'start = "1995-01-01"', 'start = "2013-01-01"'),
    ("ensemble.toml", 'end = "2034-12-31"', 'end = "2015-12-31"'),
    ("ensemble.toml", "number = 8", "number = 2"),
    ("calibration.toml", "evaluations = 3000", "evaluations = 120"),
    ("sensitivity.toml", "samples = 16", "samples = 4"),
)


def _add_intervention(folder: Path) -> None:
    """The line of the README that is no command of karstsim: it adds to my.toml what is to be compared."""
    lines = [line for body in _blocks(ROOT / "README.md", "") for line in body.splitlines()]
    (line,) = [line for line in lines if line.startswith("printf")]
    subprocess.run(["sh", "-c", line], check=True, cwd=folder)


def test_the_readme_adds_an_intervention_to_the_unedited_file(tmp_path: Path) -> None:
    _type("new site -o my.toml", tmp_path)
    assert not check(tmp_path / "my.toml")["interventions"]
    _add_intervention(tmp_path)
    assert [i["kind"] for i in check(tmp_path / "my.toml")["interventions"]] == ["limestone_powder"]


@pytest.mark.slow
def test_the_walk_of_the_readme(tmp_path: Path) -> None:
    """Every command of the README but the installation, in its order, and its Python block, from an empty folder."""
    write_cmip(synthetic_forcing("ssp245", 2029, 2031, 1, lon=105.7, lat=26.3, elevation=1200.0), tmp_path)
    for file in tmp_path.glob("*.nc"):
        assert re.match(r"(tas|pr|rsds|sfcWind|ps)", file.name), file
    (tmp_path / "waters.csv").write_text(WATERS, encoding="utf-8")
    (tmp_path / "monitoring.csv").write_text(MONITORING, encoding="utf-8")
    _type("new calibration -o calibration.toml", tmp_path)  # writes a spring, which an earlier command reads
    (tmp_path / "calibration.toml").unlink()
    for text in _typed(ROOT / "README.md"):
        if text.startswith(("demo", "resume")):  # the demo has tests of its own; nothing was stopped
            continue
        if text.startswith("compare"):
            _add_intervention(tmp_path)
        _type(text, tmp_path)
        _shorten(tmp_path, text)
    for file in ("results/report.html", "speciated.csv", "figures/hydrograph.svg", "runs/a/report.html"):
        assert (tmp_path / file).is_file(), file
    (script,) = _blocks(ROOT / "README.md", "python")
    _run(["-c", script], tmp_path)
    assert (tmp_path / "results.svg").is_file()
    shutil.rmtree(tmp_path / "runs")


def _shorten(folder: Path, text: str) -> None:
    """Make the file that a command `new` has written ask for less."""
    for name, old, new in SHORT:
        if text.startswith("new") and name in text + ".toml" and (folder / name).is_file():
            whole = (folder / name).read_text(encoding="utf-8")
            assert old in whole or new in whole
            (folder / name).write_text(whole.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file that a Python block of the docs opens."""
    folder = tmp_path_factory.mktemp("desk")
    _weather(folder, 2030, 2035)
    (folder / "cordex").mkdir()
    grid = _grid()
    for name in grid.data_vars:
        grid[[name]].to_netcdf(folder / "cordex" / f"{name}.nc")
    grid.to_netcdf(folder / "eobs.nc")
    share = xr.zeros_like(grid.tas[0], dtype=float).drop_vars("time").assign_attrs(units="1")
    share[0] = 1.0
    xr.Dataset({"karst": share, "other": share}).to_netcdf(folder / "mask.nc")
    ring = [[105.0, 25.5], [106.5, 25.5], [106.5, 26.5], [105.0, 26.5], [105.0, 25.5]]
    (folder / "karst.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    days = pd.date_range("2015-01-01", periods=400, name="date")
    flow = 200.0 + 150.0 * np.cos(np.arange(400) / 30.0)
    pd.DataFrame({"Q": flow}, days).to_excel(folder / "spring.xlsx")
    for text in (
        "new site -o my.toml",
        "new ensemble -o ensemble.toml",
        "new calibration -o calibration.toml",
    ):
        _type(text, folder)
        _shorten(folder, text)
    run = (folder / "my.toml").read_text(encoding="utf-8").replace('output = ["monthly"', 'output = ["daily"')
    (folder / "daily.toml").write_text(run, encoding="utf-8")
    _type("run daily.toml -o results", folder)
    return folder


def _grid() -> xr.Dataset:
    """Two by two cells of constant days, as a regional climate model writes them."""
    means = {"tas": (288.0, "K"), "pr": (4.0e-5, "kg m-2 s-1"), "rsds": (130.0, "W m-2")}
    time = xr.date_range("2030-01-01 12:00", periods=365, freq="D")
    coords = {
        "time": time,
        "lat": ("lat", [25.75, 26.25], {"units": "degrees_north"}),
        "lon": ("lon", [105.25, 105.75], {"units": "degrees_east"}),
    }
    shape = (365, 2, 2)
    parts = {
        name: (("time", "lat", "lon"), np.full(shape, value), {"units": unit})
        for name, (value, unit) in means.items()
    }
    return xr.Dataset(parts, coords)


SCRIPTS = [page for page in (ROOT / "docs").glob("*.md") if _blocks(page, "python")]


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(SCRIPTS), ids=lambda p: p.stem)
def test_the_python_of_a_page_runs(page: Path, desk: Path) -> None:
    """From its first block to its last, in one interpreter."""
    if page.stem == "cluster":
        pytest.importorskip("dask_jobqueue", reason="no extra of karstsim: it belongs to the cluster")
        (desk / "sbatch").write_text("#!/bin/sh\necho Submitted batch job 1\n")
        (desk / "sbatch").chmod(0o755)
    _run(["-c", "\n".join(_blocks(page, "python"))], desk)


@pytest.mark.slow
def test_the_worker_processes_of_one_machine(desk: Path) -> None:
    """The file of the page on clusters, called as it says there: what two dask workers write is what threads do."""
    pytest.importorskip("distributed", reason="distributed is not installed (extra cluster)")
    (script,) = (b for b in _blocks(ROOT / "docs" / "cluster.md", "python") if "LocalCluster" in b)
    (desk / "local.py").write_text(script, encoding="utf-8")
    _run(["local.py"], desk)
    ks.run_ensemble(desk / "ensemble.toml", desk / "threads", workers=2).close()
    with ks.open_ensemble(desk / "runs" / "local") as ours, ks.open_ensemble(desk / "threads") as theirs:
        xr.testing.assert_identical(ours.load(), theirs.load())


def _type(text: str, folder: Path) -> None:
    """What a shell would do: patterns become file names."""
    words: list[str] = []
    for word in shlex.split(text):
        words += sorted(p.name for p in folder.glob(word)) if "*" in word else [word]
    _run(["-m", "karstsim", *words], folder)


def _run(words: list[str], folder: Path) -> None:
    given = os.environ | {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"
    }  # sbatch of a cluster, if there
    done = subprocess.run(
        [sys.executable, *words], check=False, cwd=folder, capture_output=True, text=True, env=given
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"

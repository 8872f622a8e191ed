"""Folders of climate files: simulations by file names and attributes; the look that `karstsim forcing` prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import karstsim as ks
from karstsim.cli.app import app
from karstsim.core.errors import InputError
from karstsim.forcing.look import look
from karstsim.forcing.members import find_members
from tests.unit.test_forcing_cmip import HERE, grid, write

CMIP6 = "{v}_day_EC-Earth3_{s}_r{r}i1p1f1_gr_{a}-{b}.nc"
OTHER = (  # names of the other archives, and what they say
    ("tas_day_CanESM2_rcp85_r1i1p1_20060101-21001231.nc", ("CanESM2", "rcp85", "r1i1p1", "day", "", "tas")),
    (
        "tas_EUR-11_MPI-M-MPI-ESM-LR_rcp85_r1i1p1_CLMcom-CCLM4-8-17_v1_day_20060101-20101231.nc",
        ("MPI-M-MPI-ESM-LR CLMcom-CCLM4-8-17", "rcp85", "r1i1p1", "day", "EUR-11", "tas"),
    ),
    (
        "gfdl-esm4_r1i1p1f1_w5e5_ssp126_tas_global_daily_2015_2020.nc",
        ("gfdl-esm4", "ssp126", "r1i1p1f1", "day", "w5e5 global", "tas"),
    ),
    ("pr_Amon_ACCESS-ESM1-5_historical_r1i1p1f1_gn_200001-201412.nc",
     ("ACCESS-ESM1-5", "historical", "r1i1p1f1", "mon", "gn", "pr")),
    ("orog_fx_CanESM5_historical_r1i1p1f1_gn.nc", ("CanESM5", "historical", "r1i1p1f1", "fx", "gn", "orog")),
)  # fmt: skip


def touch(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"CDF\x01")


@pytest.mark.parametrize(("name", "said"), OTHER)
def test_names_of_the_archives(tmp_path, name, said):
    touch(tmp_path, name)
    (row,) = find_members(tmp_path).itertuples()
    assert (row.model, row.scenario, row.member, row.frequency, row.grid, row.variables) == said


def test_models_scenarios_and_members_with_their_history(tmp_path):
    for v in ("tas", "pr"):
        for s, a, b in (
            ("historical", 18500101, 20141231),
            ("ssp126", 20150101, 21001231),
            ("ssp585", 20150101, 21001231),
        ):
            for r in (1, 2):
                (tmp_path / s).mkdir(exist_ok=True)
                touch(tmp_path / s, CMIP6.format(v=v, s=s, r=r, a=a, b=b))
    table = ks.find_members(tmp_path)
    assert len(table) == 6
    assert set(table.variables) == {"pr tas"}
    assert list(table[table.scenario == "ssp585"]["first"]) == ["20150101", "20150101"]
    joined = find_members(tmp_path, history=True)
    assert sorted(zip(joined.scenario, joined.member, strict=True)) == [
        (s, m) for s in ("ssp126", "ssp585") for m in ("r1i1p1f1", "r2i1p1f1")
    ]
    assert set(joined["first"]) == {"18500101"} and {len(f) for f in joined.files} == {4}


def test_other_names_are_opened_for_their_attributes(tmp_path):
    write(tmp_path, grid(), "anything.nc")
    ds = grid(("tas",))
    ds.attrs = {"model_id": "OLD", "experiment_id": "rcp45", "realization": 1, "initialization_method": 1,
                "physics_version": 1, "frequency": "day"}  # fmt: skip
    write(tmp_path, ds, "old.nc")
    (tmp_path / "broken.nc").write_bytes(b"CDF\x01garbage")
    table = find_members(tmp_path)
    assert list(table.model) == ["MODEL", "OLD"]
    assert list(table.member) == ["r1i1p1f1", "r1i1p1"]
    assert table.variables[0] == "tas pr rsds sfcWind ps"
    assert "broken.nc" in table.attrs["refused"][0]
    with pytest.raises(InputError, match="holds no netCDF file"):
        (tmp_path / "empty").mkdir()
        find_members(tmp_path / "empty")


def test_a_row_opens(tmp_path):
    write(tmp_path, grid(), "a.nc")
    row = find_members(tmp_path).iloc[0]
    assert ks.open_forcing(*row.files, **HERE).attrs["source_id"] == "MODEL"


def test_look_says_what_is_found_repaired_refused_and_missing(tmp_path):
    ds = grid(("tas", "pr"))
    ds.pr.values[3] = -1e-12
    write(tmp_path, ds, "a.nc")
    bad = grid(("rsds",))
    bad.rsds.values[4] = 5000.0
    write(tmp_path, bad, "b.nc")
    report, series = look(tmp_path / "*.nc", **HERE)
    assert set(series) == {"tas", "pr"}
    assert report["variables"]["tas"]["steps"] == 20
    assert any("pr: 1 values" in r for r in report["repairs"])
    (refused,) = report["refused"]
    assert "b.nc, rsds, time 2015-01-05" in refused["where"] and refused["mend"]
    assert "rsds" in report["run"]["where"]


def test_the_command(tmp_path):
    write(tmp_path, grid(), "a.nc")
    run = CliRunner().invoke(app, ["forcing", str(tmp_path), "--lon", "105.7", "--lat", "26.6", "--json",
                                   "--plot", str(tmp_path / "out.png")])  # fmt: skip
    assert run.exit_code == 0, run.output
    said = json.loads(run.stdout)
    assert said["run"] == "ready" and set(said["variables"]) >= {"tas", "pr", "co2"}
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    ds = grid()
    del ds.pr.attrs["units"]
    write(tmp_path, ds, "a.nc")
    run = CliRunner().invoke(app, ["forcing", str(tmp_path / "a.nc"), "--lon", "105.7", "--lat", "26.6"])
    assert run.exit_code == 2
    assert "pr: has no units" in run.stdout
    told = ["--unit", "pr=kg m-2 s-1"]
    run = CliRunner().invoke(
        app, ["forcing", str(tmp_path / "a.nc"), "--lon", "105.7", "--lat", "26.6", *told]
    )
    assert run.exit_code == 0 and "A run can start" in run.stdout


def test_the_command_shows_several_simulations_and_lists_an_archive(tmp_path, monkeypatch):
    for r in (1, 2):
        write(tmp_path, grid(("tas",)), CMIP6.format(v="tas", s="ssp126", r=r, a=20150101, b=21001231))
    run = CliRunner().invoke(app, ["forcing", str(tmp_path)])
    assert run.exit_code == 0
    assert "r2i1p1f1" in run.stdout and "Several simulations" in run.stdout and "degC" in run.stdout
    monkeypatch.setattr("karstsim.report.forcing_look.MOST_READ", 1000)
    run = CliRunner().invoke(app, ["forcing", str(tmp_path)])
    assert "r2i1p1f1" in run.stdout and "listed and not read" in run.stdout and "degC" not in run.stdout


def test_the_command_reads_a_table(tmp_path):
    (tmp_path / "a.csv").write_text(
        "date,tas_degC,pr_mm_d,rsds_w_m2\n2015-01-01,5,1,100\n2015-01-02,6,0,100\n"
    )
    run = CliRunner().invoke(app, ["forcing", str(tmp_path / "a.csv"), "--co2", "400"])
    assert run.exit_code == 0, run.output
    assert "A run can start" in run.stdout

"""The commands report, doctor and verify: exit codes, JSON, and a planted wrong number that must be found."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from karstsim import doctor, verify
from karstsim.cli.app import app


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_report_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "checks.json").write_text(
        '[{"name": "Fit", "passed": true, "detail": "KGE 0.8"}]', encoding="utf-8"
    )
    done = invoke("report", tmp_path)
    assert done.exit_code == 0, done.output
    assert "Fit" in done.stdout
    assert "drawing figures" in done.stderr
    assert (tmp_path / "report.html").is_file()
    told = json.loads(invoke("report", tmp_path, "--json").stdout)
    assert told["status"] == "done"
    assert told["checks"] == [{"name": "Fit", "passed": True, "detail": "KGE 0.8"}]


def test_report_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    done = invoke("report", tmp_path, "--json")
    assert done.exit_code == 2
    told = json.loads(done.stdout)
    assert told["where"] == str(tmp_path)
    assert told["mend"]


def test_doctor_of_a_good_installation() -> None:
    done = invoke("doctor", "--json")
    told = json.loads(done.stdout)
    states = {(f["name"], f["state"]) for f in told["findings"]}
    if ("compiler", doctor.PROBLEM) in states:
        pytest.skip("the compiler is off")
    assert done.exit_code == 0, done.stdout
    assert ("python", "ok") in states
    assert {"disk, here", "processors", "compile cache"} <= {name for name, _ in states}


def test_doctor_names_each_problem_and_its_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No compiler, a cache that cannot be written, a package that is gone, a full disk, a missing extra."""
    blocked = tmp_path / "file"
    blocked.write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    monkeypatch.setenv("KARSTSIM_CACHE", str(blocked))
    version = doctor._version
    monkeypatch.setattr(
        doctor, "_version", lambda name: None if name in ("cftime", "emcee") else version(name)
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1000))
    done = invoke("doctor", "--json")
    assert done.exit_code == 1
    findings = json.loads(done.stdout)["findings"]
    problems = {f["name"]: f["mend"] for f in findings if f["state"] == doctor.PROBLEM}
    assert set(problems) == {"compiler", "compile cache", "packages", "disk, here"}
    assert "unset NUMBA_DISABLE_JIT" in problems["compiler"]
    assert "pip install cftime" in problems["packages"]
    extra = next(f for f in findings if f["name"] == "extra: calibration")
    assert (extra["state"], extra["mend"]) == (
        doctor.NOTE,
        'pip install "karstsim[calibration]" where it is needed',
    )
    assert "What to do" in invoke("doctor").stdout


@pytest.fixture
def chemistry_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other three checks take half a minute of compiled and plain simulation; they have a test of their own."""
    for name in ("_books", "_restart", "_plain"):
        monkeypatch.setattr(verify, name, lambda: "left out")


@pytest.mark.usefixtures("chemistry_only")
def test_verify_passes_with_the_shipped_waters_and_fails_with_a_wrong_one(tmp_path: Path) -> None:
    done = invoke("verify", "--json")
    assert done.exit_code == 0, done.stdout
    shipped = files("karstsim") / "data" / verify.WATERS
    table = pd.read_csv(shipped.open(encoding="utf-8"))
    table.loc[7, "expected_si_calcite"] += 0.01
    wrong = tmp_path / "wrong.csv"
    table.to_csv(wrong, index=False)
    done = invoke("verify", "--reference", wrong, "--json")
    assert done.exit_code == 1
    failed = [c for c in json.loads(done.stdout)["checks"] if not c["passed"]]
    assert [c["name"] for c in failed] == ["Chemistry as PHREEQC"]
    assert f"si_calcite of water {table.id[7]}" in failed[0]["detail"]
    assert invoke("verify", "--reference", tmp_path / "none.csv").exit_code == 2


def test_shipped_waters_are_those_of_the_reference(shared_reference: Path) -> None:
    shipped = pd.read_csv((files("karstsim") / "data" / verify.WATERS).open(encoding="utf-8")).set_index("id")
    whole = pd.read_csv(shared_reference / "phreeqc_speciation.csv").set_index("id").loc[shipped.index]
    for mine, theirs in (("expected_ph", "ph"), ("expected_si_calcite", "si_calcite"), ("expected_dic", "dic_mmol_kgw"),
                         ("ca_mmol_kgw", "ca_mmol_kgw")):  # fmt: skip
        pd.testing.assert_series_equal(shipped[mine], whole[theirs], check_names=False)


def test_books_and_restart_hold() -> None:
    assert "add up" not in verify._books()
    assert "are the same" in verify._restart()


def test_a_broken_restart_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit of one number is enough."""
    from karstsim.model import simulate

    whole = simulate.Simulation.start_from

    def spoiled(self: simulate.Simulation, path: Path) -> None:
        whole(self, path)
        store = self.tables.state["column"]["aquifer"]["matrix"]
        store["volume"] = store["volume"] * (1.0 + 2.0**-50)

    monkeypatch.setattr(simulate.Simulation, "start_from", spoiled)
    with pytest.raises(AssertionError, match="differ after a restart"):
        verify._restart()


@pytest.mark.slow
def test_verify_as_a_user_runs_it() -> None:
    done = invoke("verify")
    assert done.exit_code == 0, done.stdout
    assert "All passed" in done.stdout

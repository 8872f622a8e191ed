"""Accidents of an ensemble: what was cut, spoiled, poisoned or changed is named, mended, and costs nothing else."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_ensemble import CLIMATES, DRAWS, digest, settings, write_file
from small_site import SITE
from typer.testing import CliRunner

from karstsim.cli.app import app
from karstsim.core.errors import InputError, RunError
from karstsim.ensemble import run as running
from karstsim.ensemble import run_ensemble, work
from karstsim.ensemble.config import load_ensemble
from karstsim.ensemble.manifest import Manifest
from karstsim.ensemble.plan import SPIN_UP, Plan, Task
from karstsim.ensemble.store import export, open_ensemble
from karstsim.ensemble.work import Ensemble
from karstsim.model.simulate import Simulation
from karstsim.report.ensemble_folder import ensemble_contents, ensemble_notes


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    """The finished ensemble in a folder of its own, to be spoiled."""
    shutil.copytree(finished, tmp_path / "out")
    return tmp_path / "out"


def test_an_ensemble_that_was_cut_goes_on(copy, finished) -> None:
    """Without some entries and with the litter of a killed process: only these tasks are done, to the same end."""
    lost = [Task(1, 0, 0), Task(1, 0, 1), Task(2, 1, 1), Task(0, 1, SPIN_UP)]
    with Manifest(copy, writable=True) as manifest:
        for task in lost:
            manifest.erase(task)
    litter = copy / "shards" / "c0001" / ".b00000_w0000_annual.nc.1234.tmp"
    litter.write_bytes(b"half a file")
    with pytest.raises(InputError, match="is not finished: 4 tasks are left"):
        open_ensemble(copy)
    assert np.isnan(open_ensemble(copy, "annual", partial=True).catchment_runoff.values).sum() == 2 * 2 + 1
    before = {p: p.stat().st_mtime_ns for p in (copy / "shards").rglob("*.nc")}
    outcome = running.work(copy)
    assert outcome.complete and not litter.exists()
    written = [p for p, t in before.items() if p.stat().st_mtime_ns != t]
    assert len(written) == 2 * 3  # two frequencies of the three tasks that are no spin-up
    assert digest(copy) == digest(finished)


def test_ctrl_c_again_and_again_loses_no_work_that_is_done(copy, finished, monkeypatch) -> None:
    """The second press comes while the tasks at work are waited for; these are entered all the same."""
    with Manifest(copy, writable=True) as manifest:
        for task in (Task(1, 0, 0), Task(1, 0, 1)):
            manifest.erase(task)
    done = running.run_task

    def pressed_twice(*arguments):
        for _ in range(2):
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)
        return done(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(running, "run_task", pressed_twice)
        running.work(copy)
    with Manifest(copy) as manifest:
        assert Task(1, 0, 0) in manifest.done() and Task(1, 0, 1) not in manifest.done()
    assert running.work(copy).complete and digest(copy) == digest(finished)


@pytest.mark.parametrize("place", ["shards", "states"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_sabotage_is_found_and_mended(copy, finished, place, how) -> None:
    """A changed, cut or missing file is named by `status`, and computed again from the state before it."""
    victim = sorted((copy / place / "c0002").glob("b00001_w0000*"))[0]
    whole = victim.read_bytes()
    if how == "gone":
        victim.unlink()
    else:
        victim.write_bytes(whole[:-100] if how == "cut" else whole[:-1] + bytes([whole[-1] ^ 1]))
    _, _, broken = running.status(copy)
    assert broken == {Task(2, 1, 0): victim.relative_to(copy).as_posix()}
    running.work(copy)
    assert not running.status(copy)[2] and digest(copy) == digest(finished)


def test_what_is_gone_from_a_folder_is_named_with_its_mend(copy, finished) -> None:
    """No `status`, export or report takes a folder with a lost book for none; what they advise works."""
    (copy / "manifest.sqlite").rename(copy / "kept")
    for look in (running.status, open_ensemble, ensemble_contents):
        with pytest.raises(InputError, match=r"manifest\.sqlite: is gone.*\n.*karstsim resume"):
            look(copy)
    (copy / "kept").rename(copy / "manifest.sqlite")
    (copy / "plan.json").rename(copy / "kept")
    with pytest.raises(InputError, match=r"plan\.json: is gone.*\n.*config.toml -o ANOTHER_FOLDER"):
        running.status(copy)
    (copy / "kept").rename(copy / "plan.json")
    for shard in copy.glob("shards/*/b00000_w0000*"):
        shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"shards/c0000/b00000_w0000.*is missing or was changed"):
        ensemble_contents(copy)
    (copy / "manifest.sqlite").unlink()
    assert running.work(copy).complete and digest(copy) == digest(finished)


@pytest.mark.parametrize("name", ["plan.json", "manifest.sqlite", "config.toml"])
def test_a_flipped_bit_in_the_books_of_a_folder_changes_no_value(copy, finished, name) -> None:
    """Twelve random bits, one at a time: refused with a message, or the values of before; never a traceback."""
    path, chance = copy / name, random.Random(11)
    whole, books = path.read_bytes(), {p: p.read_bytes() for p in copy.iterdir() if p.is_file()}
    for _ in range(12):
        spoiled, at = bytearray(whole), chance.randrange(len(whole))
        spoiled[at] ^= 1 << chance.randrange(8)
        path.write_bytes(spoiled)
        with contextlib.suppress(InputError):
            running.work(copy)
            assert digest(copy) == digest(finished), at
            assert open_ensemble(copy).drawn.equals(open_ensemble(finished).drawn), at
        for book in copy.glob("manifest.sqlite-*"):
            book.unlink()
        for book, content in books.items():
            book.write_bytes(content)


def test_without_its_manifest_an_ensemble_is_computed_again(copy, finished) -> None:
    (copy / "manifest.sqlite").unlink()
    assert running.work(copy).complete and digest(copy) == digest(finished)


def test_a_poison_member_is_named_and_the_others_are_done(tmp_path, finished) -> None:
    """A draw that is no number, and one whose books a planted error breaks in the past: both NaN, the rest as ever."""
    draws = Plan.load(finished).draws
    names = list(draws[0])
    default = 0.4  # any value: only that of the sound members must agree with the other ensemble
    lines = [",".join(names), f"nan,{default}", *(",".join(["1.0", "100.0"]) for _ in range(2))]
    (tmp_path / "draws.csv").write_text("\n".join(lines), encoding="utf-8")
    file = write_file(tmp_path, SITE, CLIMATES, "[draws]\nfile = 'draws.csv'", settings(block=3))
    ds = run_ensemble(file, tmp_path / "out")
    finite = np.isfinite(ds.catchment_runoff.values).all(axis=1)
    assert finite.tolist() == [False, True, True] * 2
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert list(record["failed"]) == ["0"] and names[0] in record["failed"]["0"]


def test_a_draw_that_makes_rain_of_no_weather_is_named_and_the_others_are_done(tmp_path) -> None:
    """No factor, one without end, and one that makes kilometres of rain: the ensemble is that of the other two."""
    rows = ["-1", "inf", "1e6", "1", "0"]
    (tmp_path / "draws.csv").write_text("\n".join(["forcing.pr factor", *rows]), encoding="utf-8")
    asked = settings(spinup_years=0, output=["annual"], block=1)
    ds = run_ensemble(
        write_file(tmp_path, SITE, CLIMATES, "[draws]\nfile = 'draws.csv'", asked), tmp_path / "out"
    )
    sound = np.isfinite(ds.catchment_runoff.values).all(axis=1)
    assert sound.tolist() == ([False] * 3 + [True] * 2) * 2
    bad = Plan.load(tmp_path / "out").bad
    assert list(bad) == [0, 1, 2] and "wettest step of climate past, above 2000" in bad[2]


def _failing(failures: Callable[[Simulation], dict[int, str]], year: int) -> Callable[..., dict[int, str]]:
    """`Simulation.failures`, and in a window that begins with `year` members of 200 days of residence fail too."""

    def planted(run: Simulation) -> dict[int, str]:
        residence = run.tables.params["column"]["aquifer"]["matrix_residence_time"]
        then = run.forcing.years()[0] == year and run.forcing.years()[-1] == year
        found = {int(i): "planted" for i in np.flatnonzero(residence == 200.0)} if then else {}
        return {**failures(run), **found}

    return planted


def test_a_member_that_fails_on_the_way_is_left_out_from_there(tmp_path, monkeypatch) -> None:
    """The books of draw 1 break in the second year of the past: its first year stays, all later ones are NaN."""
    monkeypatch.setattr(Simulation, "failures", _failing(Simulation.failures, 2014))
    (tmp_path / "draws.csv").write_text("aquifer.matrix_residence_time\n100\n200\n", encoding="utf-8")
    file = write_file(tmp_path, SITE, CLIMATES, "[draws]\nfile = 'draws.csv'", settings())
    ds = run_ensemble(file, tmp_path / "out")
    assert np.isfinite(ds.catchment_runoff.values).all(axis=1).tolist() == [True, False] * 2
    past = open_ensemble(tmp_path / "out", climates=["past"]).catchment_runoff.values
    assert np.isfinite(past).tolist() == [[True, True], [True, False]]
    _, outcome, _ = running.status(tmp_path / "out")
    assert "climate past, draw 1: planted" in outcome.failed[1] and outcome.complete


def test_a_failure_in_a_spoiled_task_is_found_again_before_what_follows(tmp_path, monkeypatch) -> None:
    """The shard in which draw 1 failed is gone and the futures are not done: they wait to hear who failed."""
    monkeypatch.setattr(Simulation, "failures", _failing(Simulation.failures, 2013))
    (tmp_path / "draws.csv").write_text("aquifer.matrix_residence_time\n100\n200\n", encoding="utf-8")
    file = write_file(tmp_path, SITE, CLIMATES, "[draws]\nfile = 'draws.csv'", settings())
    out = tmp_path / "out"
    values = run_ensemble(file, out).catchment_runoff.values
    with Manifest(out, writable=True) as manifest:
        for climate in (1, 2):
            for window in (0, 1):
                manifest.erase(Task(climate, 0, window))
    next((out / "shards" / "c0000").glob("b00000_w0000*")).unlink()
    assert running.work(out, workers=3).complete
    np.testing.assert_array_equal(open_ensemble(out).catchment_runoff.values, values)
    assert "draw 1: planted" in running.status(out)[1].failed[1]


def test_an_ensemble_without_any_sound_draw_is_refused(tmp_path) -> None:
    (tmp_path / "draws.csv").write_text("soil.depth\nnan\n-1\n", encoding="utf-8")
    file = write_file(tmp_path, SITE, CLIMATES, "[draws]\nfile = 'draws.csv'", settings())
    with pytest.raises(InputError, match="none can run"):
        run_ensemble(file, tmp_path / "out")


def test_a_full_disk_is_named_and_costs_nothing(copy, finished, monkeypatch) -> None:
    """The third shard finds no room: what was entered before stays, and the ensemble goes on when there is room."""
    with Manifest(copy, writable=True) as manifest:
        for task in manifest.done():
            manifest.erase(task)
    write, written = work.write_netcdf, []

    def full(ds, path, packing):  # type: ignore[no-untyped-def]
        written.append(path)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(ds, path, packing)

    monkeypatch.setattr(work, "write_netcdf", full)
    with pytest.raises(RunError, match=r"No space left on device(.|\n)*karstsim resume"):
        running.work(copy)
    monkeypatch.setattr(work, "write_netcdf", write)
    with Manifest(copy) as manifest:
        assert len(manifest.done()) >= 2
    running.work(copy)
    assert digest(copy) == digest(finished)


def test_an_interrupted_run_enters_what_it_has(copy, finished, monkeypatch) -> None:
    with Manifest(copy, writable=True) as manifest:
        for task in manifest.done():
            manifest.erase(task)
    waited, calls = running.wait, []

    def interrupt(fs: Sequence[Future], return_when: str):  # type: ignore[no-untyped-def]
        calls.append(len(fs))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return waited(fs, return_when=return_when)

    monkeypatch.setattr(running, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        running.work(copy, workers=2)
    monkeypatch.setattr(running, "wait", waited)
    with Manifest(copy) as manifest:
        assert len(manifest.done()) >= 4  # three that were waited for, and what was running
    running.work(copy)
    assert digest(copy) == digest(finished)


def test_another_version_or_changed_inputs_are_refused(copy, monkeypatch) -> None:
    monkeypatch.setattr(running, "source_hash", lambda: "0" * 16)
    with pytest.raises(InputError, match="another version"):
        running.work(copy)
    monkeypatch.undo()
    file = copy / "draws.csv"
    file.write_text("new", encoding="utf-8")
    replace(Plan.load(copy), inputs={str(file): {"bytes": 3, "sha256": "old"}}).save(copy)
    with pytest.raises(InputError, match="has changed"):
        running.work(copy)
    file.unlink()
    with pytest.raises(InputError, match="no longer there"):
        running.work(copy)


def test_an_input_that_changes_while_the_work_goes_on_is_refused(tmp_path) -> None:
    """Whoever reads the weather looks whether its files are those of the plan."""
    air = tmp_path / "air.csv"
    air.write_text("year,ppm\n2012,410\n2018,410\n", encoding="utf-8")
    climates = CLIMATES.replace("[forcing]", '[forcing]\nco2 = "air.csv"')
    file = write_file(tmp_path, SITE, climates, DRAWS, settings())
    running.start(load_ensemble(file), tmp_path / "out")
    air.write_text(air.read_text(encoding="utf-8").replace("410", "420"), encoding="utf-8")
    with pytest.raises(InputError, match=r"air.csv: has changed"):
        Ensemble(tmp_path / "out").weather(0, [0])


def test_what_another_version_finished_is_read_and_not_continued(copy, finished, tmp_path) -> None:
    """Opened, exported and shown; what is broken only that version can compute again, and workers of others refuse."""
    replace(Plan.load(copy), version="0.0.9", source="feed").save(copy)
    assert digest(copy) == digest(finished) and running.status(copy)[1].complete
    assert export(copy, tmp_path / "x.nc").is_file()
    with pytest.raises(InputError, match=r"karstsim 0\.0\.9 \(source feed\)"):
        running.work(copy)
    with pytest.raises(InputError, match=r"runs other code(.|\n)*start the workers in the environment"):
        work.run_task(str(copy), Task(0, 0, SPIN_UP), (0, 1), None)
    next((copy / "shards" / "c0001").glob("*.nc")).unlink()
    shown = CliRunner().invoke(app, ["status", str(copy)]).stdout
    assert "Next: with karstsim 0.0.9 (source feed), karstsim resume" in shown


def test_the_status_of_broken_files_says_how_to_mend_them(copy) -> None:
    """Not to report or export what has a hole."""
    victim = sorted((copy / "shards" / "c0002").glob("*.nc"))[0]
    victim.write_bytes(b"")
    shown = CliRunner().invoke(app, ["status", str(copy)]).stdout
    assert victim.name in shown and "Next: karstsim resume" in shown and "report" not in shown
    told = json.loads(CliRunner().invoke(app, ["status", str(copy), "--json"]).stdout)
    assert told["status"] == "damaged" and told["broken"] == [victim.relative_to(copy).as_posix()]


def test_what_a_killed_export_left_goes_with_the_next_or_with_resume(copy, tmp_path) -> None:
    """Whatever the next one is called; files of others stay."""
    others = tmp_path / "of_others"
    others.mkdir()
    for folder in (others, copy):
        for name in (".old.nc.0f0f.tmp", ".old.nc.begun", ".theirs.nc.0f0f.tmp"):
            (folder / name).touch()
    (copy / ".run.json.0f0f.tmp").touch()
    export(copy, others / "new.nc")
    assert {p.name for p in others.iterdir()} == {"new.nc", ".theirs.nc.0f0f.tmp"}
    running.work(copy)
    assert {p.name for p in copy.glob(".*")} == {".lock", ".theirs.nc.0f0f.tmp"}


def test_a_folder_with_another_ensemble_is_not_mixed(copy, tmp_path) -> None:
    file = write_file(tmp_path / "other", SITE, CLIMATES, DRAWS, settings(seed=6))
    with pytest.raises(InputError, match="holds another ensemble"):
        run_ensemble(file, copy)


def test_another_ensemble_in_the_same_folder_computes_its_own(tmp_path, finished) -> None:
    """Overwritten, or begun where a plan was lost: nothing of the earlier ensemble counts as done, in one process."""
    first = write_file(tmp_path, SITE, CLIMATES, DRAWS, settings(seed=6))
    before = run_ensemble(first, tmp_path / "out").catchment_runoff.values
    config = load_ensemble(write_file(tmp_path / "b", SITE, CLIMATES, DRAWS, settings()))
    running.start(config, tmp_path / "out")
    running.work(tmp_path / "out")
    assert digest(tmp_path / "out") == digest(finished)
    (tmp_path / "out" / "plan.json").unlink()
    again = run_ensemble(first, tmp_path / "out").catchment_runoff.values
    np.testing.assert_array_equal(again, before)


def test_a_changed_config_is_not_continued(copy) -> None:
    with open(copy / "config.toml", "a", encoding="utf-8") as file:
        file.write('[parameters]\n"vegetation.par_share" = 0.4\n')
    with pytest.raises(InputError, match=r"config\.toml: has changed"):
        running.work(copy)


def test_a_model_does_not_follow_another(tmp_path) -> None:
    mixed = CLIMATES.replace('name = "low"', 'name = "low"\nmodel = "CESM2"')
    with pytest.raises(InputError, match="of model 'CESM2' follows"):
        run_ensemble(write_file(tmp_path, SITE, mixed, DRAWS, settings()), tmp_path / "out")


def test_spoiled_files_are_not_exported_or_opened(copy, tmp_path) -> None:
    victim = sorted((copy / "shards" / "c0002").glob("*_annual.nc"))[0]
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(InputError, match=r"has changed(.|\n)*resume"):
        export(copy, tmp_path / "x.nc")
    victim.write_bytes(whole[:-1000])
    with pytest.raises(InputError, match=r"was written with(.|\n)*resume"):
        open_ensemble(copy)
    victim.unlink()
    with pytest.raises(InputError, match=r"is missing(.|\n)*resume"):
        open_ensemble(copy)


def test_a_spoiled_file_fails_a_check_of_the_page_and_what_cannot_be_read_is_named(copy) -> None:
    """The numbers of the page may be wrong by a flipped bit, and nothing else would tell."""

    def found() -> dict[str, bool | None]:
        return {check.name: check.passed for check in ensemble_notes(copy)[0].checks}

    def spoil(file: Path) -> None:
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))

    assert found()["Files as written"] is True
    spoil(min((copy / "states" / "c0002").iterdir()))
    assert found()["Files as written"] is False
    spoil(min((copy / "shards" / "c0002").glob("*_monthly.nc")))  # its last byte is of HDF's own books
    with pytest.raises(InputError, match=r"cannot be read(.|\n)*karstsim resume"):
        ensemble_notes(copy)


def test_an_export_of_too_long_a_name_is_named(copy, tmp_path) -> None:
    for length in (245, 300):  # with and without room for the name of the file while it is written
        with pytest.raises(InputError, match="too long a name"):
            export(copy, tmp_path / ("x" * length + ".nc"))


def test_an_unfinished_ensemble_opens_with_gaps(copy) -> None:
    """One climate a window behind: NaN there. Nothing of the asked climates: said so. A climate named twice is one."""
    with Manifest(copy, writable=True) as manifest:
        for block in (0, 1):
            manifest.erase(Task(2, block, 1))
    runoff = open_ensemble(copy, "annual", partial=True).catchment_runoff.values
    assert np.isnan(runoff).tolist() == [[False, False]] * 3 + [[False, True]] * 3
    assert open_ensemble(copy, climates=["low", "low"], partial=True).sizes["realization"] == 3
    with Manifest(copy, writable=True) as manifest:
        for window in (0, 1):
            for block in (0, 1):
                manifest.erase(Task(1, block, window))
    with pytest.raises(InputError, match="nothing of these climates"):
        open_ensemble(copy, "annual", ["low"], partial=True)


def test_climates_that_do_not_meet_are_refused(tmp_path) -> None:
    gap = CLIMATES.replace('end = "2014-12-31"', 'end = "2013-12-31"')
    with pytest.raises(InputError, match=r"starts at 2015-01-01(.|\n)*ends at 2014-01-01"):
        run_ensemble(write_file(tmp_path, SITE, gap, DRAWS, settings()), tmp_path / "out")

"""Ensembles before they run: draws, the file, and the order of the tasks."""

from __future__ import annotations

import contextlib
import json
import math
import os
import pickle
import random
import shutil
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_ensemble import PAST_AND_LOW as CLIMATES
from small_site import SITE

from karstsim.core.errors import InputError, RunError
from karstsim.core.files import marked, remove_unfinished, whole_folder
from karstsim.ensemble import inputs, manifest
from karstsim.ensemble.config import load_ensemble, to_toml
from karstsim.ensemble.draws import Range, drawn_values, read_draws, sample
from karstsim.ensemble.estimate import Sample
from karstsim.ensemble.estimate import _scaled as scaled
from karstsim.ensemble.estimate import _sizes as sizes
from karstsim.ensemble.manifest import Entry, Manifest, Written
from karstsim.ensemble.plan import LAYOUT, SPIN_UP, Climate, Plan, Task, block_size


def _file(folder: Path, *parts: str) -> Path:
    path = folder / "ensemble.toml"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------------------- draws


def test_a_logarithmic_range_is_halved_at_its_geometric_middle() -> None:
    """Half way between 1 and 100 in logarithms is 10; as a factor it is written as one."""
    assert Range(1.0, 100.0, log=True).at(0.5) == pytest.approx(10.0)
    assert Range(0.5, 2.0, factor=True, log=True).at(0.5) == {"factor": pytest.approx(1.0)}
    assert Range(2.0, 4.0).at(0.25) == 2.5


@pytest.mark.parametrize("sampler", ["lhs", "sobol"])
def test_draws_fill_every_stratum(sampler) -> None:
    """Of 8 draws one lies in each eighth of every range, also of a scrambled Sobol sequence; a seed repeats them."""
    ranges = {"soil.depth": Range(0.2, 1.0), "epikarst.capacity": Range(50.0, 500.0, log=True)}
    draws = sample(ranges, 8, 3, sampler)
    depth = sorted(int((d["soil.depth"] - 0.2) / 0.1) for d in draws)
    capacity = sorted(int(8 * math.log(d["epikarst.capacity"] / 50.0) / math.log(10.0)) for d in draws)
    assert depth == capacity == list(range(8))
    assert sample(ranges, 8, 3, sampler) == draws != sample(ranges, 8, 4, sampler)


def test_counts_are_drawn_whole() -> None:
    draws = sample({"epikarst.compartments": Range(1.0, 15.0)}, 20, 1)
    assert all(d["epikarst.compartments"] == int(d["epikarst.compartments"]) for d in draws)


def test_an_unknown_parameter_cannot_be_drawn() -> None:
    with pytest.raises(InputError, match=r"soil\.dept"):
        sample({"soil.dept": Range(0.0, 1.0)}, 4, seed=1)


def test_a_table_of_draws_keeps_what_is_no_number_as_nan(tmp_path) -> None:
    """Also with a byte-order mark, semicolons and a numbering column."""
    path = tmp_path / "posterior.csv"
    path.write_text("\ufeffdraw; soil.depth ;soil.porosity\n0;0.5;0.45\n1;oops;0.5\n", encoding="utf-8")
    draws = read_draws(path)
    assert draws[0] == {"soil.depth": 0.5, "soil.porosity": 0.45}
    assert math.isnan(draws[1]["soil.depth"])
    assert drawn_values(draws)["soil.porosity"].tolist() == [0.45, 0.5]


@pytest.mark.parametrize(
    "text", ["", "draw\n1\n", "soil.depth,soil.depth\n1,2\n", "no.such\n1\n", "\x00\x01"]
)
def test_a_bad_table_of_draws_is_named(tmp_path, text) -> None:
    path = tmp_path / "draws.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"draws\.csv"):
        read_draws(path)


# -------------------------------------------------------------------------------------------------------------- file


def test_climates_take_what_they_share_and_their_own(tmp_path) -> None:
    config = load_ensemble(_file(tmp_path, SITE, CLIMATES))
    past, low = config.climates
    assert (past.forcing.end, low.forcing.end) == ("2014-12-31", "2016-12-31")
    assert low.follows == "past" and config.draws.number == 1


def test_a_climate_of_files_does_not_take_shared_synthetic_weather(tmp_path) -> None:
    (tmp_path / "w.csv").write_text("time,tas\n", encoding="utf-8")
    text = '[forcing]\nsynthetic = "ssp245"\n[[climates]]\nname = "a"\nfiles = ["w.csv"]\n'
    config = load_ensemble(_file(tmp_path, SITE, text))
    assert config.climates[0].forcing.synthetic is None
    assert config.climates[0].forcing.files == [str(tmp_path / "w.csv")]


def test_the_resolved_file_reads_back_to_the_same(tmp_path) -> None:
    draws = '[draws]\nnumber = 3\n[draws.ranges]\n"soil.depth" = { factor = [0.8, 1.2], scale = "log" }\n'
    config = load_ensemble(_file(tmp_path, SITE, CLIMATES, draws, "[parameters]\n'soil.porosity' = 0.5\n"))
    (tmp_path / "again").mkdir()
    again = load_ensemble(_file(tmp_path / "again", to_toml(config)))
    assert again.model_dump() == config.model_dump() and to_toml(again) == to_toml(config)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (CLIMATES.replace('"low"', '"past"'), "one name"),
        (CLIMATES.replace('follows = "past"', 'follows = "pas"'), "no other climate"),
        (CLIMATES.replace('follows = "past"', 'follows = "low"'), "no other climate"),
        (CLIMATES + '[[climates]]\nname="x"\nfollows="low"\nsynthetic="ssp126"\n', "follows another"),
        (CLIMATES + "[draws.ranges]\n'soil.depth' = { value = [0.1, 900.0] }\n", "goes beyond"),
        (CLIMATES + "[draws.ranges]\n'soil.depth' = { value = [0.5, 0.1] }\n", "is no range"),
        (CLIMATES + "[draws.ranges]\n'soil.depth' = { factor = [0, 1], scale = 'log' }\n", "is no range"),
        (CLIMATES + "[draws.ranges]\n'soil.depth' = {}\n", "one of factor and value"),
        (CLIMATES + "[draws.ranges]\n'soil.dept' = { factor = [1, 2] }\n", "not a parameter"),
        (CLIMATES + "[draws]\nfile = 'none.csv'\n", "there is no file"),
        (CLIMATES + "[draws]\nfile = 'none.csv'\nnumber = 3\n", "both a file"),
        (CLIMATES + "[ensemble]\noutput = ['yearly']\n", "yearly"),
        (CLIMATES + "[ensemble]\nblok = 3\n", "block"),
        ("climates = 3\n", "climates"),
        ("climates = [3]\n", "climates"),
    ],
)
def test_a_bad_file_is_refused_with_its_key(tmp_path, text, says) -> None:
    where = text if text.startswith("climates") else ""
    body = (where + SITE) if where else SITE + text
    with pytest.raises(InputError, match=says) as caught:
        load_ensemble(_file(tmp_path, body))
    assert "ensemble.toml" in str(caught.value)


def test_weather_per_draw_is_synthetic_weather(tmp_path) -> None:
    (tmp_path / "w.csv").write_text("time,tas\n", encoding="utf-8")
    text = '[[climates]]\nname = "a"\nfiles = ["w.csv"]\n[ensemble]\nweather_per_draw = true\n'
    with pytest.raises(InputError, match="synthetic weather in all climates"):
        load_ensemble(_file(tmp_path, SITE, text))


# -------------------------------------------------------------------------------------------------------------- plan


def _plan(
    years: list[tuple[int, int]], follows: list[int | None], draws: int, block: int, window: int
) -> Plan:
    climates = tuple(
        Climate(f"c{i}", "s", "m", "e", "v", "standard", "", "", y, f, None if f is not None else 0)
        for i, (y, f) in enumerate(zip(years, follows, strict=True))
    )
    return Plan(climates, ((0.0, 0.0),), tuple({} for _ in range(draws)), block, window, "source")


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.integers(1, 20),
    st.integers(1, 7),
    st.integers(1, 12),
)
def test_every_task_comes_after_the_one_it_begins_with(lengths, draws, block, window) -> None:
    """Whatever the cut: tasks are in an order that can be worked off, `after` inverts `before`, all years are there."""
    years = [(2000, 2000 + n - 1) for n in lengths]
    plan = _plan(years, [None] + [0 if i % 2 else None for i in range(1, len(years))], draws, block, window)
    seen: set[Task] = set()
    for task in plan.tasks():
        before = plan.before(task)
        assert (before is None and task.window == SPIN_UP) or before in seen
        if before is not None:
            assert task in plan.after(before)
        seen.add(task)
    assert sum(len(plan.after(t)) for t in seen) == len(seen) - plan.n_blocks
    for c, (first, last) in enumerate(years):
        spans = [plan.window(Task(c, 0, w)) for w in range(plan.n_windows(c))]
        assert [y for a, b in spans for y in range(a, b + 1)] == list(range(first, last + 1))
    assert [c for b in range(plan.n_blocks) for c in plan.columns(b)] == list(range(plan.n_columns))


def test_a_plan_is_read_back_as_it_was_saved(tmp_path) -> None:
    plan = _plan([(2000, 2009), (2010, 2020)], [None, 0], 3, 2, 4)
    plan.save(tmp_path)
    assert Plan.load(tmp_path) == plan
    (tmp_path / "plan.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"plan\.json"):
        Plan.load(tmp_path)
    with pytest.raises(InputError, match="holds no ensemble"):
        Plan.load(tmp_path / "nowhere")


def test_a_small_ensemble_is_cut_into_several_blocks() -> None:
    assert [block_size(n) for n in (1, 7, 64, 10_000)] == [1, 7, 8, 32]


@given(st.integers(8, 5000))
def test_blocks_fill_their_lanes(n) -> None:
    """All but the last of an ensemble. Where so many can be full, there are as many as keep a few workers busy."""
    assert block_size(n) % 8 == 0
    assert n < 64 or -(-n // block_size(n)) >= 8


def test_a_folder_of_another_layout_is_named_with_the_version_that_wrote_it(tmp_path) -> None:
    """A later layout, and the first one, whose plans had neither a layout nor a sha256."""
    plan = _plan([(2000, 2009)], [None], 3, 2, 4)
    replace(plan, layout=LAYOUT + 1, version="9.8.7", source="feed").save(tmp_path)
    with pytest.raises(InputError, match=rf"karstsim 9\.8\.7 \(source feed\) in layout {LAYOUT + 1}"):
        Plan.load(tmp_path)
    plan.save(tmp_path)
    data = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    for key in ("sha256", "layout", "version"):
        del data[key]
    (tmp_path / "plan.json").write_text(json.dumps(data), encoding="utf-8")
    (tmp_path / "run.json").write_text('{"karstsim": "0.0.9"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"karstsim 0\.0\.9 (.|\n)*karstsim run .*config\.toml"):
        Plan.load(tmp_path)


# ---------------------------------------------------------------------------------------------------------- manifest


def test_an_error_of_a_worker_arrives_as_it_was() -> None:
    """As a dask worker sends it to the run."""
    sent = InputError("a file", "is bad", "mend it")
    found = pickle.loads(pickle.dumps(sent))
    assert (str(found), found.where, found.what, found.mend) == (str(sent), "a file", "is bad", "mend it")


def test_what_a_killed_process_left_goes_and_what_another_is_writing_stays(tmp_path) -> None:
    """A mark with nobody behind it, and one that is held; files without a mark belong to others."""
    for name in (".a[1].nc.12ab.tmp", ".a[1].nc.begun", ".b.nc.12ab.tmp", ".c.nc.12ab.tmp", "a[1].nc"):
        (tmp_path / name).touch()
    (tmp_path / ".z.zarr.12ab.tmp" / "0").mkdir(parents=True)
    (tmp_path / ".z.zarr.begun").touch()
    with marked(tmp_path / "b.nc"):
        remove_unfinished(tmp_path)
        with pytest.raises(BlockingIOError), marked(tmp_path / "b.nc"):
            pass
        assert {p.name for p in tmp_path.iterdir()} == {
            ".b.nc.12ab.tmp",
            ".b.nc.begun",
            ".c.nc.12ab.tmp",
            "a[1].nc",
        }
    assert not (tmp_path / ".b.nc.begun").exists()


def test_a_folder_that_failed_goes_though_threads_still_write_into_it(tmp_path) -> None:
    """As those of zarr do, after a full disk has stopped one of them."""

    def write(folder: Path) -> None:
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            for i in range(20):
                folder.mkdir(exist_ok=True)
                with contextlib.suppress(OSError):
                    (folder / str(i)).touch()

    with pytest.raises(OSError, match="full"), whole_folder(tmp_path / "all.zarr") as temporary:  # noqa: PT012
        late = threading.Thread(target=write, args=(temporary,))
        late.start()
        raise OSError("full")
    late.join()
    assert not list(tmp_path.iterdir())


def test_a_manifest_knows_what_was_entered_and_what_is_broken(tmp_path) -> None:
    (tmp_path / "a.nc").write_bytes(b"whole")
    (tmp_path / "b.nc").write_bytes(b"part")
    good = "5a7ef6f9cd1bbd3abf1b1f5e7a4a1ed7"  # not its hash: the file counts as changed
    task = Task(0, 1, 2)
    with Manifest(tmp_path, writable=True) as book:
        book.enter(
            Entry(task, (Written("annual", "a.nc", good, 5, 3, 10),), 1.5, {"water": 1e-16}, {7: "why"})
        )
        book.enter(Entry(Task(0, 2, 2), (Written("state", "none.nc", good, 5),), 0.5))
        assert book.done() == {task, Task(0, 2, 2)}
        assert book.broken() == {task: "a.nc", Task(0, 2, 2): "none.nc"}
        assert book.failures() == {task: {7: "why"}}
        assert [(t, f.first, f.periods) for t, f in book.files("annual")] == [(task, 3, 10)]
        book.erase(task)
        assert book.done() == {Task(0, 2, 2)} and not book.failures()


def test_only_one_process_may_write(tmp_path) -> None:
    with Manifest(tmp_path, writable=True):
        with pytest.raises(InputError, match="another process"):
            Manifest(tmp_path, writable=True)
        Manifest(tmp_path).close()
    Manifest(tmp_path, writable=True).close()


def test_a_reader_of_a_manifest_locks_nothing_and_leaves_nothing(tmp_path) -> None:
    """Also what still lies in the log of a writer: it may run on another machine, or have been killed."""
    with Manifest(tmp_path, writable=True) as book:
        book.enter(Entry(Task(0, 1, 2), (), 1.5))
        names = {p.name for p in tmp_path.iterdir()}
        assert "manifest.sqlite-wal" in names
        with Manifest(tmp_path) as read:
            book.enter(Entry(Task(0, 1, 3), (), 1.5))
            assert read.done() == {Task(0, 1, 2)}
        assert {p.name for p in tmp_path.iterdir()} == names


def test_a_reader_of_a_manifest_waits_for_its_writer_to_rest(tmp_path, monkeypatch) -> None:
    """Written during two copies: the third is taken. Written during all of them: said so, not half a manifest."""
    copied, late = shutil.copy, [Task(0, 0, 1), Task(0, 0, 2)]
    with Manifest(tmp_path, writable=True) as book:
        book.enter(Entry(Task(0, 0, 0), (), 1.0))

        def disturbed(source: Path, folder: Path) -> None:
            copied(source, folder)
            if late and str(source).endswith("-wal"):
                book.enter(Entry(late.pop(0), (), 1.0))

        monkeypatch.setattr(manifest.shutil, "copy", disturbed)
        with Manifest(tmp_path) as read:
            assert len(read.done()) == 3
        late.extend(Task(1, 0, i) for i in range(100))
        monkeypatch.setattr(manifest, "COPIES", 3)
        with pytest.raises(InputError, match="is written all the time"):
            Manifest(tmp_path)


def test_a_broken_manifest_is_named(tmp_path) -> None:
    (tmp_path / "manifest.sqlite").write_bytes(b"garbage" * 1000)
    with pytest.raises(InputError, match=r"manifest\.sqlite"):
        Manifest(tmp_path, writable=True)


def test_a_large_input_is_known_by_pieces_and_its_time(tmp_path, monkeypatch) -> None:
    """Changed in a piece with its time kept: refused. A copy with a new time: refused, until it gets the old time."""
    monkeypatch.setattr(inputs, "READ_BYTES", 640)
    data = random.Random(1).randbytes(10_000)
    file = tmp_path / "big.nc"
    file.write_bytes(data)
    known = {str(file): inputs.describe(file)}
    assert inputs.WHOLE not in known[str(file)]
    time = file.stat().st_mtime_ns
    for place in (0, 9_999):
        changed = bytearray(data)
        changed[place] ^= 1
        file.write_bytes(changed)
        os.utime(file, ns=(time, time))
        with pytest.raises(InputError, match="has changed"):
            inputs.check_unchanged(known, known)
    file.write_bytes(data)
    os.utime(file, ns=(time + 10**9, time + 10**9))
    with pytest.raises(InputError, match="was written to") as refused:
        inputs.check_unchanged(known, known)
    assert refused.value.mend.endswith(f"touch -d @{time // 10**9}.{time % 10**9:09d} {file}")
    os.utime(file, ns=(time, time))
    inputs.check_unchanged(known, known)


def test_a_small_input_may_have_another_time(tmp_path) -> None:
    file = tmp_path / "small.csv"
    file.write_bytes(b"1")
    known = {str(file): inputs.describe(file)}
    os.utime(file, ns=(0, 0))
    inputs.check_unchanged(known, known)


def test_a_manifest_that_another_program_has_locked_is_named(tmp_path, monkeypatch) -> None:
    """A viewer of databases, say: it can be read meanwhile, and who wants to write is told."""
    monkeypatch.setattr(manifest, "PATIENCE", 0.1)
    entry = Entry(Task(0, 0, 0), (), 1.0)
    with Manifest(tmp_path, writable=True) as book:
        book.enter(entry)
        viewer = sqlite3.connect(book.path)
        viewer.execute("begin exclusive")
        for write in (lambda: book.enter(entry), lambda: book.erase(entry.task)):
            with pytest.raises(RunError, match=r"locked(.|\n)*end the program(.|\n)*karstsim resume"):
                write()
        with Manifest(tmp_path) as reader:
            assert reader.done() == {entry.task}
        viewer.close()
        book.erase(entry.task)


def test_a_folder_whose_path_is_too_long_is_named(tmp_path) -> None:
    """SQLite opens no path of more than 512 bytes, however many the system allows."""
    folder = tmp_path.joinpath(*["d" * 100] * 5)
    folder.mkdir(parents=True)
    with pytest.raises(InputError, match="shorter"):
        Manifest(folder, writable=True)


PLACE = (105.7, 26.3)
PAST = Climate("a", "a", "", "", "", "standard", "2001-01-01", "2021-01-01", (2001, 2020), spun_by=0)


def _of_years(members: int, block: int, window: int) -> Plan:
    """Twenty years of one climate."""
    return Plan((PAST,), (PLACE,), ({},) * members, block=block, window_years=window, source="x")


def _shards(members: int, years: int) -> int:
    """100 bytes, 50 a year whatever the members, and 10 a member and year."""
    return 100 + years * (50 + 10 * members)


def _seconds(members: int, years: int) -> float:
    """0.1 s a task and 0.02 s a year of each eight, full or not; half as much of a single member."""
    return 0.1 + years * (0.01 if members == 1 else 0.02 * -(-members // 8))


def _samples(years: int, *members: int) -> dict[int, Sample]:
    return {
        n: Sample(
            spin_up=_seconds(n, 30), state=n, short=_seconds(n, 1), short_shards=_shards(n, 1),
            window=_seconds(n, years), shards=_shards(n, years), years=years,
        )
        for n in members
    }  # fmt: skip


@pytest.mark.parametrize(
    ("members", "block", "years", "measured"),
    [(8, 8, 10, [8]), (12, 8, 10, [4, 8]), (9, 8, 2, [1, 8]), (24, 12, 10, [12]), (256, 32, 10, [8, 16])],
)
def test_blocks_cost_what_blocks_of_as_many_members_did(members, block, years, measured) -> None:
    """Two windows of ten years each: of members and years that were measured, and of more."""
    plan = _of_years(members, block, 10)
    assert sizes(plan, 16, quick=True) == measured
    told = scaled(plan, _samples(years, *measured), 0.0, 1.0)
    cut = [len(plan.columns(b)) for b in range(plan.n_blocks)]
    assert told.cpu_seconds == pytest.approx(sum(_seconds(n, 30) + 2 * _seconds(n, 10) for n in cut))
    assert told.bytes == pytest.approx(sum(3 * n + 2 * _shards(n, 10) for n in cut))


def test_long_tasks_are_told_from_eight_members() -> None:
    """Their cost is of their members; their bytes, of which the weather is shared, are told beside one."""
    plan = _of_years(64, 32, 10)
    assert sizes(plan, 16, quick=False) == [1, 8]
    told = scaled(plan, _samples(2, 1, 8), 0.0, 1.0)
    assert told.cpu_seconds == pytest.approx(2 * 4 * (_seconds(8, 30) + 2 * _seconds(8, 10)))
    assert told.bytes == pytest.approx(2 * (3 * 32 + 2 * _shards(32, 10)))


def test_windows_of_a_year_tell_no_slope_and_need_none() -> None:
    told = scaled(_of_years(8, 4, 1), _samples(1, 4), 0.0, 1.0)
    assert told.bytes == pytest.approx(2 * (21 * 4 + 20 * _shards(4, 1)))

"""The scoreboard on made-up experiments: misses first, a failure stops nothing, counts, stored results, the command."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from experiments import __main__ as command
from experiments import scoreboard
from experiments.scoreboard import Experiment, Result
from experiments.verdicts import Line, table
from karstsim.cli import experiments as experiments_command
from karstsim.core.errors import InputError

RUN = """
from pathlib import Path
from experiments.data import MissingDataError
from experiments.verdicts import Line
def find():
    {find}
def verdicts(found):
    return {lines}
def draw(found, path):
    Path(path).write_text("drawn")
"""
GOOD = 'Line("good", 1.0, 0.5, 1.5, "mm")'
FITTED = 'Line("fitted", 1.0, 0.5, 1.5, calibrated=True)'
BAD = 'Line("bad", 2.0, 0.5, 1.5)'
SHOWN = 'Line("beside", 9.0, 0.0, 1.0, scored=False)'
OUTSIDE = 'Line("no such thing", float("nan"), 0.0, 1.0, not_comparable="the model has none")'
MADE = {
    "good": ("print('by the way'); return 1", f"[{GOOD}, {SHOWN}]"),
    "fitted": ("return 1", f"[{GOOD}, {FITTED}]"),
    "bad": ("return 1", f"[{GOOD}, {BAD}]"),
    "outside": ("return 1", f"[{OUTSIDE}, {SHOWN}]"),
    "broken": ('raise ValueError("no water")', "[]"),
    "no_data": ('raise MissingDataError("needs the data creek")', "[]"),
}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Experiment, ...]:
    """A catalogue of the experiments above, in a package of their own."""
    package = tmp_path / "made_up"
    for name, (find, lines) in MADE.items():
        (package / name).mkdir(parents=True)
        (package / name / "run.py").write_text(RUN.format(find=find, lines=lines))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(scoreboard, "HERE", package)
    run_one = scoreboard.run_one
    monkeypatch.setattr(scoreboard, "run_one", lambda e, figures=None: run_one(e, figures, "made_up"))
    catalogue = tuple(Experiment(f"X{i:02d}", name, name) for i, name in enumerate([*MADE, "absent"]))
    monkeypatch.setattr(scoreboard, "CATALOGUE", catalogue)
    yield catalogue
    for name in [m for m in sys.modules if m.startswith("made_up")]:
        del sys.modules[name]


def test_one_that_fails_does_not_stop_the_others(made) -> None:
    results = {r.folder: r for r in scoreboard.run_all(made)}
    verdicts = {name: (r.verdict, r.kind, r.inside) for name, r in results.items()}
    assert verdicts == {
        "good": ("reproduced", "predicted", "1 of 1"),
        "fitted": ("reproduced", "calibrated", "2 of 2"),
        "bad": ("missed", "predicted", "1 of 2"),
        "outside": ("not comparable", "predicted", "0 of 0"),
        "broken": ("failed", "predicted", "0 of 0"),
        "no_data": ("not run", "predicted", "0 of 0"),
        "absent": ("not run", "predicted", "0 of 0"),
    }
    assert results["broken"].error == "ValueError: no water"
    assert results["no_data"].error == "needs the data creek"
    assert "absent" in results["absent"].error
    counts = scoreboard.counts(results.values())
    assert counts["experiments"] == 7
    assert (counts["reproduced"], counts["reproduced and predicted"]) == (2, 1)
    assert [counts[n] for n in ("missed", "not comparable", "failed", "not run")] == [1, 1, 1, 2]


def test_misses_stand_first(made) -> None:
    results = scoreboard.run_all(made)
    page = scoreboard.page(results)
    rows = [line for line in page.splitlines() if line.startswith("| X")]
    assert [row.split("|")[3].strip() for row in rows] == [
        "**missed**", "**failed**", "**not run**", "**not run**", "**not comparable**", "reproduced", "reproduced",
    ]  # fmt: skip
    assert "bad: 2, asked 0.5 to 1.5" in rows[0]
    assert page.index("### X02 bad") < page.index("### X00 good")
    assert "Of 7 experiments on the review 2 are inside their band" in page
    lines = table(
        [Line("a", 1.0, 0.0, 2.0), Line("b", 3.0, 0.0, 2.0), Line("c", 5.0, 0.0, 2.0, scored=False)]
    )
    assert [row[2] for row in lines.splitlines()[2:]] == ["b", "c", "a"]


def test_verdicts_of_a_line() -> None:
    assert Line("at the edge", 1.0, 1.0, 2.0).verdict == "reproduced"
    assert Line("nan", math.nan, 0.0, 1.0).verdict == "missed"
    assert Line("nan", math.nan, 0.0, 1.0, not_comparable="no such water").verdict == "not comparable"
    assert Line("open", 1e9, 1.0, math.inf).band == ">= 1"
    assert Line("many digits", 1.0, 11184.0, 16776.0).band == "11180 to 16780"


def test_what_misses_has_its_unit_and_no_power_of_ten() -> None:
    page = scoreboard.page([Result("X1", "a", "a", (Line("soil CO2", 14391.0, 1.0, 2.0, "ppm"),))])
    assert "soil CO2: 14390, asked 1 to 2 ppm" in page and "| 14390 ppm |" in page


def test_long_experiments_show_what_was_stored(made, monkeypatch) -> None:
    """Without a stored result a long one runs and keeps it; then it is read, labelled with date and sources."""
    long = Experiment("X99", "fitted", "long", long=True)
    [first] = scoreboard.run_all([long])
    assert not first.stored
    monkeypatch.setattr(scoreboard, "run_one", lambda *_: pytest.fail("it was run again"))
    [second] = scoreboard.run_all([long])
    assert second.stored and second.verdict == first.verdict and second.lines == first.lines
    assert (second.date, second.source) == (first.date, first.source)
    page = scoreboard.page([second])
    assert f"Stored result of {first.date}, run with the same sources (`{first.source}`)" in page
    other = Result(
        "X99", "fitted", "long", second.lines, stored=True, source="0123456789ab", date="2020-01-01"
    )
    assert "run with other sources (`0123456789ab`)" in scoreboard.page([other])


def test_numbers_that_are_not_finite_pass_through_json() -> None:
    lines = (Line("a", math.nan, -math.inf, math.inf, not_comparable="x"), Line("b", 1.0, 0.0, math.inf))
    plain = scoreboard.as_plain(Result("X1", "a", "a", lines))
    again = json.loads(json.dumps(plain, allow_nan=False))
    assert again["lines"][1]["high"] == "inf" and again["lines"][0]["verdict"] == "not comparable"


def test_the_command(made, tmp_path: Path, monkeypatch, capsys) -> None:
    page, figures = tmp_path / "board.md", tmp_path / "figures"
    arguments = ["x00", "bad", "--json", "--write", str(page), "--figures", str(figures)]
    monkeypatch.setattr(sys, "argv", ["experiments", *arguments])
    assert command.main() == 0
    found = json.loads(capsys.readouterr().out)
    assert [r["verdict"] for r in found["results"]] == ["reproduced", "missed"]
    assert found["counts"]["missed"] == 1
    assert page.read_text().startswith("# Scoreboard") and (figures / "bad.png").is_file()
    monkeypatch.setattr(sys, "argv", ["experiments", "broken"])
    assert command.main() == 1
    monkeypatch.setattr(sys, "argv", ["experiments", "x999"])
    assert command.main() == 2
    assert "x999: is no experiment" in capsys.readouterr().err


def test_every_experiment_of_the_catalogue_is_one_of_the_review_or_of_the_data() -> None:
    ids = [e.id for e in scoreboard.CATALOGUE]
    assert len(set(ids)) == len(ids) and sum(i.startswith("X") for i in ids) == 20
    assert scoreboard.chosen(["x04", "diel"])[0].folder == "restoration"
    with pytest.raises(InputError, match="is no experiment"):
        scoreboard.chosen(["x21"])


def test_without_the_checkout_the_command_says_so(tmp_path: Path, monkeypatch, capsys) -> None:
    from typer.testing import CliRunner

    from karstsim.cli.app import app

    monkeypatch.setattr(experiments_command, "CHECKOUT", tmp_path)
    result = CliRunner().invoke(app, ["experiments", "X01", "--json"])
    assert result.exit_code == 2
    assert "source checkout" in " ".join((result.output + capsys.readouterr().err).split())

"""What README and docs tell a reader to type exists, and the walk of the README runs as it is written."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

import karstsim as ks
from karstsim.cli import app

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
    """Tables are TOML, and every ks.name in Python is one."""
    for body in _blocks(page, "toml"):
        tomllib.loads(body)
    for body in _blocks(page, "python"):
        for node in ast.walk(ast.parse(body)):
            if isinstance(node, ast.Attribute) and re.fullmatch(r"ks(\.\w+)+", ast.unparse(node)):
                found: object = ks
                for name in ast.unparse(node).split(".")[1:]:
                    found = getattr(found, name)


WATERS = "site,T (degC),pH,Ca (mg/L),HCO3 (mg/L)\nspring,15.2,7.4,76,232\nbrook,16,8.1,<5,210\n"
MONITORING = "date,Q (L/s),HCO3 (mg/L)\n" + "".join(
    f"2015-{m:02d}-15,{80 + 9 * m},{240 - m}\n" for m in range(1, 13)
)
SHORT = (  # the same files for less weather
    ("my.toml", 'end = "2020-12-31"', 'end = "2016-12-31"'),
    ("ensemble.toml", 'start = "1995-01-01"', 'start = "2013-01-01"'),
    ("ensemble.toml", 'end = "2034-12-31"', 'end = "2015-12-31"'),
    ("ensemble.toml", "number = 8", "number = 2"),
    ("calibration.toml", "evaluations = 3000", "evaluations = 96"),
    ("sensitivity.toml", "samples = 16", "samples = 4"),
)
INTERVENTION = '\n[[intervention]]\nkind = "limestone_powder"\nstart = 2016\nrate = 50.0\n'


@pytest.mark.slow
def test_the_walk_of_the_readme(tmp_path: Path) -> None:
    """Every command of the README but the installation, in its order, and its Python block, from an empty folder."""
    from karstsim.forcing.synthetic import synthetic_forcing, write_cmip

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
            with (tmp_path / "my.toml").open("a", encoding="utf-8") as file:
                file.write(INTERVENTION)
        if text == "estimate monitoring.csv --method hydrochem":
            text += " --area 20"
        _type(text, tmp_path)
        for name, old, new in SHORT:
            if text.startswith("new") and name in text + ".toml" and (tmp_path / name).is_file():
                whole = (tmp_path / name).read_text(encoding="utf-8")
                assert old in whole or new in whole
                (tmp_path / name).write_text(whole.replace(old, new), encoding="utf-8")
    for file in ("results/report.html", "speciated.csv", "figures/hydrograph.svg", "runs/a/report.html"):
        assert (tmp_path / file).is_file(), file
    (script,) = _blocks(ROOT / "README.md", "python")
    _run(["-c", script], tmp_path)
    assert (tmp_path / "results.svg").is_file()
    shutil.rmtree(tmp_path / "runs")


def _type(text: str, folder: Path) -> None:
    """What a shell would do: patterns become file names."""
    words: list[str] = []
    for word in shlex.split(text):
        words += sorted(p.name for p in folder.glob(word)) if "*" in word else [word]
    _run(["-m", "karstsim", *words], folder)


def _run(words: list[str], folder: Path) -> None:
    done = subprocess.run([sys.executable, *words], check=False, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"

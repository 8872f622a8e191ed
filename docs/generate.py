"""Reference pages written from the code: parameters, variables, equations, commands, functions, experiments.

Sphinx calls `write_all` before it reads the pages; nothing here is kept in the repository.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import typer
from printed import WHOLE
from typer.testing import CliRunner

import karstsim as ks
from karstsim import processes
from karstsim.cli.app import app
from karstsim.model.registry import COMPARTMENTS

ROOT = Path(__file__).resolve().parents[1]
KEY = re.compile(r"@\w+\{([^,\s]+),")
WORD = re.compile(r"[a-z]+\d{4}[a-z]?")
KEYS = set(KEY.findall((ROOT / "docs" / "references.bib").read_text(encoding="utf-8")))
EXPERIMENT = re.compile(r"\]\((?:\.\./)*experiments/(\w+)(?:/README\.md|/)?\)")
NEIGHBOUR = re.compile(r"\]\(\.\./(\w+)/README\.md\)")  # of one experiment to another
DOCUMENT = re.compile(r"\]\((?:\.\./)+docs/([\w/]+\.(?:md|png|svg))(#[\w-]+)?\)")
COLUMNS = re.compile(r"\S {3,}\S|^[\w.]+(?:, [\w.]+)* {2,}\S")  # of a sentence two spaces are none
LONG_LINE = 100  # a page 1000 px wide breaks them
GAP = re.compile(r"(?<=\S) {4,}")  # before a remark at the end of a line
BALANCE = re.compile(r"^d\w+/dt = ")  # a law that stands alone at the margin
ARGUMENT = re.compile(r"([\w.*]+(?:(?:, | \.\. )[\w.]+)*)( +)(\S.*)")  # names, gap, what they are
BETWEEN = re.compile(r", (?![^()]*\))")  # arguments, not inside a tuple
CODE = re.compile(r"(``[^`]+``|`[^`]+`)")
FAR = re.compile(
    r" {4,}(?=\[(?:design |chemistry )?notes|\[Eq)"
)  # a source at the end of a line, which a page would break
ADJACENT = re.compile(r"(\{cite:t\}`\w+`|^site|^design) (?=\{cite:t\})")
SHORT = {"co2": "CO2", "npp": "NPP", "casa": "CASA", "rothc": "RothC"}  # of file names
SPECIAL = re.compile(r"([\\*_<>$\[\]|`#])")
# Sections of the document that karstsim was designed from, which is not published: left out of the pages.
ONE = r"A?\d++(?:\.\d++)*+"
SECTIONS = rf"science\.md {ONE}(?:(?:, and |, | and |-){ONE})*+"
DESIGN = (
    (re.compile(rf"\s*\({SECTIONS}\)"), ""),
    (re.compile(rf"(?<=\(){SECTIONS}[;,] "), ""),
    (re.compile(rf"[;,] {SECTIONS}(?=[);.:,]|$)"), ""),
    (re.compile(rf"{SECTIONS} (?=range)"), ""),
    (re.compile(rf"(?<=\*\* ){SECTIONS}"), "The design"),
    (re.compile(rf"(?<=design; ){SECTIONS} "), ""),
    (re.compile(rf"\s*\[{SECTIONS}\]"), ""),
    (re.compile(SECTIONS), "the design"),
    (re.compile(r"\bscience\.md(?=[,.])"), "the design"),
    (re.compile(r"(?<!design )(?<!chemistry )\bnotes (?=\d+\.\d)"), "design notes "),
)
OUTSIDE = {
    "benchmarks/README.md": "benchmarks",
    "README.md": "index",
    "CONTRIBUTING.md": "extending",
    "CHANGELOG.md": "changelog",
}


def without_sections(text: str) -> str:
    """The text without references to the unpublished design."""
    for pattern, instead in DESIGN:
        text = pattern.sub(instead, text)
    return text


def links_inside(text: str) -> str:
    """Rewrite links to files of the checkout so that they lead to the page made of them."""
    text = without_sections(text)
    text = EXPERIMENT.sub(r"](/generated/experiments/\1.md)", text)
    text = DOCUMENT.sub(lambda m: f"](/{m[1]}{m[2] or ''})", text)
    for file, page in OUTSIDE.items():
        text = re.sub(rf"\]\((?:\.\./)+{re.escape(file)}\)", f"](/{page}.md)", text)
    return text


def write_all(folder: Path) -> None:
    """Write every generated page below `folder`."""
    (folder / "equations").mkdir(parents=True, exist_ok=True)
    (folder / "experiments").mkdir(exist_ok=True)
    pages = {
        "parameters.md": _parameters(),
        "variables.md": _variables(),
        "commands.md": _commands(),
        "functions.md": _functions(),
        **{f"equations/{name}.md": text for name, text in _equations().items()},
        **{f"experiments/{name}.md": text for name, text in _experiments().items()},
    }
    for name, text in pages.items():
        _write(folder / name, text)


def _write(path: Path, text: str) -> None:
    """Write only what changed, so that a second build reads only that."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


# ------------------------------------------------------------------------------------------ parameters and variables


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;").replace("\n", " ")


def _whole(value: object) -> str:
    """A cell at whose spaces no line breaks."""
    return _cell(value).replace(" ", WHOLE)


def _classes(text: str) -> str:
    """Values by class: a line may break after a value, not within "grass 0.5"."""
    return ", ".join(_whole(part) for part in text.split(", "))


def _breakable(name: str) -> str:
    """The code of a dotted name, of which a line may hold what stands before the dot: long ones would widen a table."""
    parts = "<wbr>".join(f'<span class="pre">{part}</span>' for part in re.split(r"(?<=\.)", name))
    return f'<code class="docutils literal notranslate">{parts}</code>'


def _compartment(name: str) -> str:
    """What a page calls the compartment of a name: Surface water."""
    return name.replace("_", " ").capitalize()


def _cited(source: str) -> str:
    """A source with its keys of references.bib as citations."""
    parts = [p.strip() for p in without_sections(source).split(";")]
    return "; ".join(_citation(p) for p in parts if p)


def _citation(part: str) -> str:
    """Keys of references.bib as citations; other words as they are."""
    cited = WORD.sub(lambda m: f"{{cite:t}}`{m[0]}`" if m[0] in KEYS else m[0], _cell(part))
    return ADJACENT.sub(r"\1, ", cited)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


HEADER = ["name and meaning", "default, by class", "unit", "bounds", "source"]


def _parameter_rows(table: pd.DataFrame) -> list[list[str]]:
    return [
        [
            _breakable(p.name) + (f"<br>{_cell(p.doc)}" if p.doc else ""),
            f"{p.default:g}" + (f"<br>{_classes(p.by_class)}" if p.by_class else ""),
            _whole(p.units),
            _whole(f"{p.lower:g} to {p.upper:g}"),
            _cited(p.source),
        ]
        for p in table.itertuples()
    ]


def _parameters() -> str:
    table = ks.parameters()
    text = [
        "# Parameters\n",
        f"All {len(table)}, as `karstsim parameters` prints them. Any of them can be set in `[parameters]` of a run "
        "file, drawn in an ensemble, and calibrated. Values that depend on land use, water class or plant follow the "
        "default.\n",
        "Of the sources that are no publication, *design* marks a value that was chosen when the model was made, "
        "inside what the literature reports or for want of it, and belongs to no site; *site* and *management* stand "
        "for what the user knows.\n",
    ]
    for compartment, part in table.groupby(table.name.str.split(".").str[0], sort=False):
        text += [f"## {_compartment(str(compartment))}\n", _table(HEADER, _parameter_rows(part))]
    return "\n".join(text)


def _variables() -> str:
    table = ks.variables()
    usual = table[table.standard]
    text = [
        "# Variables\n",
        f"The {len(usual)} variables that a run keeps unless told otherwise. With the ions, tags and isotopes of every "
        f"flow and store there are {len(table)}: `karstsim variables --csv` lists them all.\n",
    ]
    names = "|".join(sorted((c.NAME for c in COMPARTMENTS), key=len, reverse=True))
    owner = usual.name.str.extract(rf"^({names}|[a-z]+)_", expand=False)
    for compartment, part in usual.groupby(owner, sort=False):
        rows = [[f"`{v.name}`", v.kind, _whole(v.units), _cell(v.long_name)] for v in part.itertuples()]
        text += [f"## {_compartment(str(compartment))}\n", _table(["name", "kind", "unit", "meaning"], rows)]
    return "\n".join(text)


# --------------------------------------------------------------------------------------------------------- equations


def _equations() -> dict[str, str]:
    """One page a compartment: what each process file says of its equations, with its parameters."""
    by_module = {c.__name__: c.NAME for c in COMPARTMENTS}
    table = ks.parameters()
    pages = {}
    for info in pkgutil.iter_modules(processes.__path__, processes.__name__ + "."):
        package = importlib.import_module(info.name)
        if not info.ispkg:
            continue
        name = by_module[info.name]
        text = [f"# {_compartment(name)}\n", _prose(package)]
        for part in pkgutil.iter_modules(package.__path__, info.name + "."):
            text.append(_process(importlib.import_module(part.name), name, table))
        pages[name] = "\n".join(text)
    return pages


def _process(module: ModuleType, compartment: str, table: pd.DataFrame) -> str:
    path = module.__name__.replace(".", "/") + ".py"
    words = module.__name__.rsplit(".", 1)[-1].split("_")
    title = " ".join(SHORT.get(word, word) for word in words)
    title = title[:1].upper() + title[1:]
    text = f"## {title}\n\n`{path}`\n\n{_prose(module)}"
    names = {f"{compartment}.{p.name}" for p in getattr(module, "PARAMS", ())}
    mine = table[table.name.isin(names)]
    if len(mine):
        text += "\n" + _table(HEADER, _parameter_rows(mine))
    return text


def _prose(thing: object) -> str:
    return _paragraphs(inspect.getdoc(thing) or "")


def _paragraphs(text: str) -> str:
    """A docstring with its paragraphs as text; equations and columns stay as they stand."""
    parts: list[tuple[bool, list[str]]] = []
    for line in text.splitlines():
        line = FAR.sub("   " if line.startswith(" ") else " ", line)
        fixed = line.startswith(" ") or bool(COLUMNS.search(line) or BALANCE.search(line))
        if not parts or (line and fixed != parts[-1][0]) or (not line and not parts[-1][0]):
            parts.append((fixed, []))
        parts[-1][1].append(line)
    return "\n\n".join(filter(None, (_part(fixed, lines) for fixed, lines in parts))) + "\n"


def _part(fixed: bool, lines: list[str]) -> str:
    text = "\n".join(lines).strip("\n")
    if not text:
        return ""
    if fixed:
        text = textwrap.dedent(text)
        alone = "\n" not in text and len(text) > LONG_LINE
        return f"```text\n{GAP.sub('   ', text) if alone else text}\n```"
    return _escaped(text)


def _escaped(text: str) -> str:
    spans = CODE.split(text)  # every second is code, which stays as it stands
    return "".join(span if k % 2 else SPECIAL.sub(r"\\\1", span) for k, span in enumerate(spans))


# --------------------------------------------------------------------------------------------- commands and functions


def _commands() -> str:
    text = ["# Commands\n", "What `--help` says of each.\n"]
    runner = CliRunner(env={"COLUMNS": "96", "TERM": "dumb", "NO_COLOR": "1"})
    for path in _paths(typer.main.get_command(app), ()):
        said = runner.invoke(app, [*path, "--help"], prog_name="karstsim").stdout
        text.append(f"## karstsim {' '.join(path)}\n\n```text\n{said.strip()}\n```\n")
    return "\n".join(text)


def _paths(command: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Words that lead to each command, in the order of `karstsim --help`."""
    if not hasattr(command, "commands"):
        return [path]
    return [found for name, sub in command.commands.items() for found in _paths(sub, (*path, name))]


def _functions() -> str:
    text = ["# Python functions\n", "`import karstsim as ks`\n"]
    for name in sorted(ks.__all__):
        thing = getattr(ks, name)
        if not callable(thing):
            continue
        text.append(f"## ks.{name}\n\n```python\nks.{name}{_signature(thing)}\n```\n\n{_described(thing)}")
    text.append(f"## ks.plot\n\n{_prose(ks.plot)}")
    for name in sorted(ks.plot.__all__):
        thing = getattr(ks.plot, name)
        text.append(
            f"### ks.plot.{name}\n\n```python\nks.plot.{name}{_signature(thing)}\n```\n\n{_described(thing)}"
        )
    return "\n".join(text)


def _signature(function: object) -> str:
    """Arguments with their defaults, without types, one line or one an argument."""
    signature = inspect.signature(function)  # type: ignore[arg-type]
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    text = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return text if len(text) < 90 else "(\n    " + BETWEEN.sub(",\n    ", text[1:-1]) + ",\n)"


def _described(function: Any) -> str:
    """The docstring of a function: its arguments as a table, the rest as text."""
    known = set(inspect.signature(function).parameters)
    parts: list[str | list[tuple[str, str]]] = []
    for line in (inspect.getdoc(function) or "").splitlines():
        rows = parts[-1] if parts and isinstance(parts[-1], list) else None
        found = ARGUMENT.fullmatch(line)
        named = found is not None and (len(found[2]) > 1 or (rows is not None and found[1] in known))
        if found is not None and named:
            if rows is None:
                parts.append(rows := [])
            rows.append((found[1], found[3]))
        elif rows is not None and line.startswith(" "):
            rows[-1] = (rows[-1][0], f"{rows[-1][1]} {line.strip()}")
        elif rows is None and parts:
            parts[-1] = f"{parts[-1]}\n{line}"
        else:
            parts.append(line)
    return "\n".join(_arguments(p) if isinstance(p, list) else _paragraphs(p) for p in parts)


def _arguments(rows: list[tuple[str, str]]) -> str:
    cells = [[", ".join(f"`{n}`" for n in names.split(", ")), _escaped(text)] for names, text in rows]
    return _table(["name", "meaning"], cells)


# ------------------------------------------------------------------------------------------------------- experiments


def _experiments() -> dict[str, str]:
    """Each experiment's README as a page, with its figures."""
    found = sorted((ROOT / "experiments").glob("*/README.md"), key=_number)
    pages = {p.parent.name: _included(p) for p in found}
    names = "\n".join(pages)
    pages["index"] = (
        "# Experiments\n\nClaims of the review and of monitoring, put to the model with one parameter table. "
        f"Misses are reported as misses.\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"
    )
    return pages


def _number(path: Path) -> tuple[bool, str]:
    """The place of an experiment: claims of the review, then data, each by its number."""
    title = path.read_text(encoding="utf-8").split("\n", 1)[0]
    number = re.search(r"\(([A-Z]\d\d)\)", title)
    return (number is None or number[1] < "X", number[1] if number else title)


def _included(path: Path) -> str:
    """The text, with pictures that lie beside it found from the generated page."""
    picture = re.compile(r"\]\((?!https?:|/|\.\.)([^)]+\.(?:png|svg))\)")
    text = NEIGHBOUR.sub(r"](/generated/experiments/\1.md)", path.read_text(encoding="utf-8"))
    return picture.sub(rf"](/../experiments/{path.parent.name}/\1)", text)

"""The command that compares a run with interventions to the run without them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karstsim import console
from karstsim.cli.options import Debug, Json, Overwrite, Workers
from karstsim.core.errors import quoted

if TYPE_CHECKING:
    from karstsim.analysis.compare import Comparison
    from karstsim.config import RunConfig

BASELINE, INTERVENTION = "baseline", "intervention"


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(compare)


def compare(
    baseline: Annotated[
        Path, typer.Argument(help="Folder of the run without, or a run or ensemble file with interventions.")
    ],
    intervention: Annotated[
        Path | None,
        typer.Argument(help="Folder of the run with; not with a file, whose two runs are made first."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Folder of compare.csv, compare.json and the figure; with a file also of its runs.",
        ),
    ] = None,
    economics: Annotated[
        Path | None, typer.Option("--economics", help=r"TOML with a table \[economics]: price, buffer, ...")
    ] = None,
    overwrite: Overwrite = False,
    workers: Workers = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare a run with interventions to the run without: additional sink, stability, side effects, cost.

    Of ensembles, member by member.
    """
    with console.guarded(debug, as_json, output):
        from karstsim.analysis.economics import read_economics
        from karstsim.analysis.pair import compare as compare_folders

        terms = read_economics(economics) if economics else None
        if baseline.is_file():
            output = output or Path("runs") / f"{baseline.stem}-compared"
            baseline, intervention = _run_both(baseline, intervention, output, overwrite, workers)
        elif intervention is None:
            from karstsim.core.errors import InputError

            raise InputError(
                "karstsim compare", "needs a second folder", "give the run without, then the run with"
            )
        found = compare_folders(baseline, intervention, terms)
        files = _write(found, output, (baseline, intervention)) if output is not None else []
        if as_json:
            console.print_json({"status": "done", "files": files, **found.as_json()})
            return
        _show(found, files)


def _run_both(
    config: Path, second: Path | None, folder: Path, overwrite: bool, workers: int | None
) -> tuple[Path, Path]:
    """Run a file with its interventions and without them, into two folders."""
    from karstsim.core.errors import InputError
    from karstsim.tomlfile import read_toml

    if second is not None:
        raise InputError(str(second), "has no place beside a file", "give a file alone, or two folders")
    data = read_toml(config)
    if not data.get("intervention"):
        mend = "add [[intervention]]; `karstsim new site` shows one"
        raise InputError(f"{config}, intervention", "is missing: there is nothing to compare", mend)
    console.make_folder(folder, overwrite)
    many = "climates" in data
    for name in (BASELINE, INTERVENTION):
        print("without interventions" if name == BASELINE else "with interventions", file=sys.stderr)
        (_run_ensemble if many else _run_one)(config, folder / name, name == BASELINE, workers)
    return folder / BASELINE, folder / INTERVENTION


def _run_one(path: Path, folder: Path, plain: bool, workers: int | None) -> None:
    from karstsim.config import load_config, to_toml
    from karstsim.run_file import run_config

    config: RunConfig = load_config(path)
    output: list[Any] = list(dict.fromkeys([*config.run.output, "annual"]))
    update: dict[str, Any] = {"run": config.run.model_copy(update={"output": output})}
    config = config.model_copy(update=update | ({"intervention": []} if plain else {}))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(to_toml(config), encoding="utf-8")
    with console.progress_shown() as progress:
        run_config(config, folder, workers or console.processors(), progress)


def _run_ensemble(path: Path, folder: Path, plain: bool, workers: int | None) -> None:
    from karstsim.ensemble.config import load_ensemble
    from karstsim.ensemble.run import start, work

    config = load_ensemble(path)
    output: list[Any] = list(dict.fromkeys([*config.ensemble.output, "annual"]))
    update: dict[str, Any] = {"ensemble": config.ensemble.model_copy(update={"output": output})}
    start(config.model_copy(update=update | ({"intervention": []} if plain else {})), folder)
    with console.progress_shown() as progress:
        work(folder, workers or console.processors(), progress=progress)


def _write(found: Comparison, folder: Path, runs: tuple[Path, Path]) -> list[str]:
    """compare.json, which names the two runs for the page's checks, and the figure."""
    from karstsim.report.compare_figures import save_compare_figure

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "compare.json"
    seen = {name: _seen_from(folder, run) for name, run in zip((BASELINE, INTERVENTION), runs, strict=True)}
    kept = console.strict({**found.as_json(), "runs": seen})
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    table = folder / "compare.csv"
    # The mark tells spreadsheets the encoding.
    found.as_table().to_csv(table, index=False, encoding="utf-8-sig")
    return [str(p) for p in (path, table, *save_compare_figure(found, folder))]


def _seen_from(folder: Path, run: Path) -> str:
    """Relative, so that the folders can be moved together; on another drive there is no such way."""
    try:
        return Path(os.path.relpath(run, folder)).as_posix()
    except ValueError:
        return str(run.resolve())


def _show(found: Comparison, files: list[str]) -> None:
    from karstsim.report.compare_folder import TITLES

    first, last = found.years
    print(f"{'; '.join(found.labels)}; means of {first} to {last}, {found.members} member(s)")
    many = found.members > 1
    header = ("quantity", "without", "with", "difference", *(("5 %", "95 %") if many else ()), "unit")
    for group, title in TITLES.items():
        rows = [r for r in found.rows if r.group == group]
        if group == "economics":
            table = [(r.label, r.difference, *((r.low, r.high) if many else ()), r.unit) for r in rows]
            console.print_table(title, ("quantity", "value", *header[4:]), table)
            continue
        table = [
            (r.label, r.baseline, r.intervention, r.difference, *((r.low, r.high) if many else ()), r.unit)
            for r in rows
        ]
        console.print_table(title, header, table)
    classes = [(name, *values) for name, values in found.permanence.items()]
    console.print_table("Carbon by permanence, t C km-2 a-1", ("class", "without", "with"), classes)
    terms = [f"{name} {value:g}" for name, value in found.terms.model_dump().items()]
    console.print_list("Terms", [", ".join(terms)])
    console.print_list("Notes", found.notes)
    console.print_list("Files", files)
    if files:
        print(f"Next: karstsim report {quoted(Path(files[0]).parent)}")

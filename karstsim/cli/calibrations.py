"""The commands of calibrations: fit the model of a file to observations, go on, write a file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karstsim import console
from karstsim.cli.options import Debug, Json, Results, Seed, Workers
from karstsim.core.errors import quoted

if TYPE_CHECKING:
    from karstsim.calibration.run import Outcome

LEDGER, CONFIG = "ledger.sqlite", "config.toml"
SPRING = "spring.csv"


def add_to(app: typer.Typer, new: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(calibrate)
    new.command("calibration")(new_calibration)


def calibrate(
    config: Annotated[Path, typer.Argument(help="Calibration file; `karstsim new calibration` writes one.")],
    output: Results = None,
    workers: Workers = None,
    seed: Seed = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit the model to observations of a spring; in a folder where it was begun, go on with it."""
    folder = output or Path("runs") / config.stem
    with console.guarded(debug, as_json, folder, f"go on with: karstsim resume {quoted(folder)}"):
        from karstsim.calibration.config import load_calibration
        from karstsim.calibration.run import begin

        settings = load_calibration(config)
        begin(settings if seed is None else settings.with_seed(seed), folder)
        work_in(folder, workers, as_json)


def is_calibration(folder: Path) -> bool:
    return (folder / LEDGER).is_file()


def show_status(folder: Path, as_json: bool) -> None:
    """How far a calibration is."""
    from karstsim.calibration.config import load_calibration
    from karstsim.calibration.ledger import Ledger
    from karstsim.calibration.run import POSTERIOR

    wanted = load_calibration(folder / CONFIG).calibration.evaluations
    with Ledger(folder) as ledger:
        made = ledger.runs()
    done = (folder / POSTERIOR).is_file()
    if as_json:
        state = "done" if done else "unfinished"
        console.print_json({"status": state, "folder": str(folder), "evaluations": made, "at most": wanted})
    elif done:
        print(
            f"{folder} holds a calibration that is done: {made} evaluations; karstsim report {quoted(folder)}"
        )
    else:
        print(
            f"{folder} holds a calibration with {made} evaluations of at most {wanted}: "
            f"karstsim resume {quoted(folder)}"
        )


def work_in(folder: Path, workers: int | None, as_json: bool) -> None:
    """Search to the end in a folder that was begun, write results and figures, and show them."""
    from karstsim.calibration.config import load_calibration
    from karstsim.calibration.run import work
    from karstsim.report.calibration_figures import draw_all

    with console.progress_shown() as progress:
        outcome = work(load_calibration(folder / CONFIG), folder, workers or console.processors(), progress)
    with console.working(console.DRAWING):
        figures = draw_all(outcome.posterior, folder / "figures")
    _show(outcome, [str(p) for p in [*outcome.files, *figures]], as_json)


def _show(outcome: Outcome, files: list[str], as_json: bool) -> None:
    from karstsim.calibration.summary import (
        HEADER,
        end_lines,
        facts,
        parameter_rows,
        residual_lines,
        skill_rows,
        unconverged_lines,
    )

    ds = outcome.posterior
    told = {**facts(ds), "of these made now": outcome.new}
    rows, skills = parameter_rows(ds), skill_rows(ds)
    metrics = [str(m) for m in ds.metric.values]
    checks = ds.attrs["convergence_checks"].splitlines()
    residuals = {str(t): residual_lines(ds, t) for t in ds.target.values}
    repairs = ds.attrs["observation_repairs"].splitlines()
    failed = ds.attrs["failed_evaluations"].splitlines()
    warnings = unconverged_lines(ds) + ds.attrs["warnings"].splitlines()
    if as_json:
        console.print_json(
            {"status": "done", **told, "parameters": [dict(zip(HEADER, row, strict=False)) for row in rows],
             "at the ends": end_lines(ds), "files": files,
             "repairs of the observations": repairs, "convergence": checks,
             "residuals": residuals, "failed": failed, "warnings": warnings,
             "skill": [dict(zip(("target", "part", *metrics), row, strict=True)) for row in skills]}
        )  # fmt: skip
        return
    console.print_table("Calibration", ("", ""), list(told.items()))
    console.print_list("Observations", ds.attrs["observations"].splitlines())
    console.print_list("Repairs of the observations", repairs)
    console.print_table("Parameters", HEADER[: len(rows[0])], rows)
    console.print_list("At the ends of their ranges", end_lines(ds))
    console.print_table("Scores of the best run", ("target", "part", *metrics), skills)
    console.print_list("Convergence", checks)
    for target, lines in residuals.items():
        console.print_list(f"Residuals of {target}", lines)
    console.print_list("Failed evaluations", failed)
    console.print_list("Warnings", warnings)
    console.print_list("Files", files)
    print(f"Next: karstsim report {quoted(Path(files[0]).parent)}")


def check_file(path: Path, as_json: bool) -> None:
    """Show what a calibration would compare and search; runs nothing."""
    from karstsim.calibration.config import load_calibration
    from karstsim.calibration.folds import blocks_of
    from karstsim.calibration.problem import open_problem, parameter_units
    from karstsim.calibration.run import generations
    from karstsim.calibration.targets import not_compared

    config = load_calibration(path)
    problem = open_problem(config)
    generations(problem)
    settings = {k: v for k, v in config.calibration.model_dump().items() if v is not None}
    settings["computes"] = "water, carbon and isotopes" if problem.isotopes else (
        "water and carbon" if problem.chemistry else "water alone"
    )  # fmt: skip
    settings["folds"] = ", ".join(fold.label for fold in blocks_of(problem)) or "none"
    targets = [
        (
            t.label,
            t.variable,
            t.section.objective,
            int(t.fitted.sum()),
            int((~t.fitted).sum()),
            "; ".join(t.notes),
        )
        for t in problem.targets
    ]
    free = [
        (f.name, f.range.lower, f.range.upper, "log" if f.range.log else "linear", parameter_units(f))
        for f in problem.free
    ]
    unused = not_compared(config.observations, config.site)
    weather = str(problem.forcing.attrs.get("repairs", "")).splitlines()
    repairs = [line for line in (*weather, *problem.repairs) if line]
    if as_json:
        found = {"calibration": settings, "targets": targets, "ranges": free, "not compared": unused}
        console.print_json({"status": "ok", **found, "repairs": repairs})
        return
    console.print_table("Calibration", ("", ""), list(settings.items()))
    console.print_table(
        "Targets", ("target", "variable", "objective", "fitted", "held out", "observations"), targets
    )
    console.print_list("In the tables and not compared", unused)
    console.print_table("Ranges", ("parameter", "lower", "upper", "scale", "unit"), free)
    console.print_list("Repairs of the input", repairs)
    print("All inputs are usable.")


def new_calibration(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = Path("calibration.toml"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a complete, commented calibration file, and beside it a made-up spring to try it on."""
    with console.guarded(debug, as_json):
        from karstsim.calibration.example import write_spring
        from karstsim.tomlfile import write_template

        write_template(output, "calibration.toml")
        files = [output]
        spring = output.parent / SPRING
        kept = spring.exists()
        if not kept:
            files.append(write_spring(spring))
        console.show_new(files, "calibrate", as_json)
        if kept and not as_json:
            print(
                f"{spring} was there and is kept; set [forcing] to the weather of its years and its catchment."
            )

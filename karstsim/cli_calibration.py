"""The commands of calibrations: fit the model of a file to observations, go on, write a file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karstsim import console
from karstsim.cli_options import Debug, Json, Results, Seed, Workers

if TYPE_CHECKING:
    import xarray as xr

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
    with console.guarded(debug, as_json, folder, f"go on with: karstsim resume {folder}"):
        from karstsim.calibration.config import load_calibration
        from karstsim.calibration.run import begin

        settings = load_calibration(config)
        begin(settings if seed is None else settings.with_seed(seed), folder)
        work_in(folder, workers, as_json)


def is_calibration(folder: Path) -> bool:
    return (folder / LEDGER).is_file()


def work_in(folder: Path, workers: int | None, as_json: bool) -> None:
    """Search to the end in a folder that was begun, write results and figures, and show them."""
    from karstsim.calibration.config import load_calibration
    from karstsim.calibration.run import work
    from karstsim.report.calibration_figures import draw_all

    with console.progress_shown() as progress:
        outcome = work(load_calibration(folder / CONFIG), folder, workers or console.processors(), progress)
    figures = draw_all(outcome.posterior, folder / "figures")
    _show(outcome, [str(p) for p in [*outcome.files, *figures]], as_json)


def _show(outcome: Outcome, files: list[str], as_json: bool) -> None:
    ds = outcome.posterior
    facts = {
        "method": ds.attrs["method"],
        "evaluations": int(ds.attrs["evaluations"]),
        "of these made now": outcome.new,
        "lowest loss": float(ds["evaluated_loss"].min()),
        "converged": ds.attrs["converged"],
        "uncertainties": ds.attrs["uncertainties"],
    }
    skills = [
        (str(t), str(p), *map(float, ds["skill"].sel(target=t, part=p).values))
        for t in ds.target.values
        for p in ds.part.values
        if ds["skill"].sel(target=t, part=p).notnull().any()
    ]
    skills += _folds(ds)
    metrics = [str(m) for m in ds.metric.values]
    checks = ds.attrs["convergence_checks"].splitlines()
    if as_json:
        parameters = [dict(zip(_HEADER, row, strict=False)) for row in _rows(ds)]
        console.print_json(
            {"status": "done", **facts, "parameters": parameters, "files": files, "convergence": checks,
             "skill": [dict(zip(("target", "part", *metrics), row, strict=True)) for row in skills],
             "residuals": {str(t): _residual_lines(ds, t) for t in ds.target.values},
             "failed": ds.attrs["failed_evaluations"].splitlines()}
        )  # fmt: skip
        return
    console.print_table("Calibration", ("", ""), list(facts.items()))
    console.print_list("Observations", ds.attrs["observations"].splitlines())
    rows = _rows(ds)
    console.print_table("Parameters", _HEADER[: len(rows[0])], rows)
    console.print_table("Scores of the best run", ("target", "part", *metrics), skills)
    console.print_list("Convergence", checks)
    for target in ds.target.values:
        console.print_list(f"Residuals of {target}", _residual_lines(ds, target))
    console.print_list("Failed evaluations", ds.attrs["failed_evaluations"].splitlines())
    console.print_list("Files", files)


def _residual_lines(ds: xr.Dataset, target: Any) -> list[str]:
    return str(ds["residual_checks"].sel(target=target).values).splitlines()


_HEADER = ("parameter", "best", "unit", "lower", "upper", "5 %", "median", "95 %", "identifiability")


def _rows(ds: xr.Dataset) -> list[tuple[Any, ...]]:
    """One line a parameter; with uncertainties only where they are given."""
    rows = []
    for i, name in enumerate(ds.parameter.values):
        unit = "x default" if bool(ds["factor"].values[i]) else str(ds["units"].values[i])
        row: tuple[Any, ...] = (
            str(name), float(ds["best"].values[i]), unit, float(ds["lower"].values[i]), float(ds["upper"].values[i]),
        )  # fmt: skip
        if "interval" in ds:
            row += (*map(float, ds["interval"].values[:, i]), float(ds["identifiability"].values[i]))
        rows.append(row)
    return rows


def _folds(ds: xr.Dataset) -> list[tuple[Any, ...]]:
    if "fold_skill" not in ds:
        return []
    return [
        (str(t), f"fold {f + 1}, held out", *map(float, ds["fold_skill"].sel(target=t).values[f]))
        for t in ds.target.values
        for f in range(ds.sizes["fold"])
    ]


def check_file(path: Path, as_json: bool) -> None:
    """Show what a calibration would compare and search; runs nothing."""
    from karstsim.calibration.config import load_calibration
    from karstsim.calibration.problem import open_problem, parameter_units

    config = load_calibration(path)
    problem = open_problem(config)
    settings = {k: v for k, v in config.calibration.model_dump().items() if v is not None}
    settings["computes"] = "water, carbon and isotopes" if problem.isotopes else (
        "water and carbon" if problem.chemistry else "water alone"
    )  # fmt: skip
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
    repairs = [line for line in str(problem.forcing.attrs.get("repairs", "")).splitlines() if line]
    if as_json:
        console.print_json(
            {"status": "ok", "calibration": settings, "targets": targets, "ranges": free, "repairs": repairs}
        )
        return
    console.print_table("Calibration", ("", ""), list(settings.items()))
    console.print_table(
        "Targets", ("target", "variable", "objective", "fitted", "held out", "observations"), targets
    )
    console.print_table("Ranges", ("parameter", "lower", "upper", "scale", "unit"), free)
    console.print_list("Repairs of the input", repairs)
    print("All inputs are usable.")


def new_calibration(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = Path("calibration.toml"),
    debug: Debug = False,
) -> None:
    """Write a complete, commented calibration file, and beside it a made-up spring to try it on."""
    with console.guarded(debug):
        from karstsim.calibration.example import write_spring
        from karstsim.tomlfile import write_template

        write_template(output, "calibration.toml")
        spring = output.parent / SPRING
        if not spring.exists():
            write_spring(spring)
        print(
            f"{output} and {spring} written. Next: karstsim check {output}, then karstsim calibrate {output}"
        )

"""The command of sensitivity studies, and what `karstsim check` and `karstsim new` know of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karstsim import console
from karstsim.cli import ensembles
from karstsim.cli.options import Debug, Json, Results, SchedulerAddress, Workers
from karstsim.core.errors import quoted

if TYPE_CHECKING:
    import xarray as xr

STUDY = "sensitivity.toml"  # in the folder of a study
MOST_OUTPUTS = 6  # shown as tables on a terminal


def add_to(app: typer.Typer, new: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(sensitivity)
    new.command("sensitivity")(new_sensitivity)
    new.command("decomposition")(new_decomposition)
    new.command("attribution")(new_attribution)


def new_sensitivity(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = Path("sensitivity.toml"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a complete, commented sensitivity file: a site, its weather, what is varied and what is asked."""
    with console.guarded(debug, as_json):
        console.write_new(output, "sensitivity.toml", "sensitivity", as_json)


def new_decomposition(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = Path(
        "decomposition.toml"
    ),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a commented file that takes the variance of an ensemble apart."""
    with console.guarded(debug, as_json):
        console.write_new(output, "decomposition.toml", "sensitivity", as_json)


def new_attribution(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = Path("attribution.toml"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a complete, commented file of factorial runs that attribute a trend to its drivers."""
    with console.guarded(debug, as_json):
        console.write_new(output, "attribution.toml", "sensitivity", as_json)


def sensitivity(
    config: Annotated[Path, typer.Argument(help="Sensitivity file; `karstsim new sensitivity` writes one.")],
    output: Results = None,
    workers: Workers = None,
    scheduler: SchedulerAddress = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**31 - 1, help="Instead of the seed in CONFIG.")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    r"""Run the sensitivity study that CONFIG describes, or go on with it; indices, intervals and figures.

    Also the decomposition of an ensemble's variance (\[decomposition]), and factorial runs (\[attribution]).
    """
    folder = output or Path("runs") / config.stem
    again = f"go on with: karstsim sensitivity {quoted(config)} -o {quoted(folder)}"
    with console.guarded(debug, as_json, folder, again):
        _work(config, folder, workers, scheduler, seed, as_json)


def is_study(folder: Path) -> bool:
    """Whether the folder is that of a [sensitivity] file, done or stopped; one with the file alone is the user's."""
    if not (folder / STUDY).is_file():
        return False
    from karstsim.sensitivity_analysis.study import DRAWS

    return (folder / DRAWS).is_file()


def is_attribution(folder: Path) -> bool:
    """Whether the folder holds the runs of an [attribution] file."""
    from karstsim.sensitivity_analysis.attribution import NONE, RUNS

    return (folder / RUNS / NONE).is_dir()


def resume_in(folder: Path, workers: int | None, scheduler: str | None, as_json: bool) -> None:
    """Go on with a study that was stopped."""
    _work(folder / STUDY, folder, workers, scheduler, None, as_json)


def show_status(folder: Path, as_json: bool) -> None:
    """How far a study is: its members, and whether its indices are there."""
    from karstsim.sensitivity_analysis.study import INDICES, MEMBERS

    if (folder / INDICES).is_file():
        after = f"Next: karstsim report {quoted(folder)}"
    else:
        after = f"The indices are not computed yet: karstsim resume {quoted(folder)}"
    ensembles.show_status(folder / MEMBERS, as_json, after)


def _work(
    config: Path, folder: Path, workers: int | None, scheduler: str | None, seed: int | None, as_json: bool
) -> None:
    from karstsim.report.sensitivity_figures import write_figures
    from karstsim.sensitivity_analysis import sensitivity as run

    with console.progress_shown() as progress:
        ds = run(config, folder, workers or console.processors(), scheduler, seed, progress)
    with console.working(console.DRAWING):
        write_figures(ds, folder / "figures")
    files = [str(f) for f in sorted(folder.glob("*.*")) + sorted((folder / "figures").iterdir())]
    if "method" in ds.attrs and "factor" in ds.dims:
        _show(ds, files, as_json)
    else:
        _show_over_time(ds, files, as_json)
    if not as_json:
        console.print_list("Warnings", _warnings(folder))
        print(f"Next: karstsim report {quoted(folder)}")


def _warnings(folder: Path) -> list[str]:
    """What a reader should know of the members of a study."""
    if not is_study(folder):
        return []
    from karstsim.ensemble.run import status
    from karstsim.report.ensemble_folder import warnings_of
    from karstsim.sensitivity_analysis.study import MEMBERS

    return warnings_of(status(folder / MEMBERS)[1])


def check_file(path: Path, as_json: bool) -> None:
    """Show how many members a study would run and what they cost."""
    from karstsim.sensitivity_analysis.config import load_sensitivity
    from karstsim.sensitivity_analysis.study import DRAWS, planned

    with tempfile.TemporaryDirectory() as folder:
        ensembles.check_config(planned(load_sensitivity(path), Path(folder) / DRAWS), as_json)


def check_attribution(path: Path, as_json: bool) -> None:
    """Show the factorial runs, each of which is checked as a run file is."""
    from karstsim.check import open_checked
    from karstsim.sensitivity_analysis.attribution import load_attribution, name_of

    section, runs = load_attribution(path)
    rows = []
    for subset, run in runs.items():
        forcing = open_checked(run)[0]
        rows.append((name_of(subset), int(forcing.time.dt.year[0]), int(forcing.time.dt.year[-1])))
    header = ("drivers that change", "first year", "last year")
    if as_json:
        found = [dict(zip(header, row, strict=True)) for row in rows]
        console.print_json({"status": "ok", **section.model_dump(), "runs": found})
        return
    console.print_table(f"Runs for the trend of {section.variable}", header, rows)
    print("All inputs are usable.")


def check_decomposition(path: Path, as_json: bool) -> None:
    """Show what a decomposition would take apart; its ensemble must be there."""
    from karstsim.sensitivity_analysis.decomposition import decomposed

    ds = decomposed(path)
    facts = {**ds.attrs, "first year": int(ds.time.values[0]), "last year": int(ds.time.values[-1])}
    if as_json:
        console.print_json({"status": "ok", **facts})
        return
    console.print_table("Decomposition", ("", ""), list(facts.items()))
    print("All inputs are usable.")


def _show(ds: xr.Dataset, files: list[str], as_json: bool) -> None:
    from karstsim.sensitivity_analysis.indices import WIDE, widest

    names = [str(n) for n, v in ds.data_vars.items() if v.dims == ("output", "factor")]
    if as_json:
        console.print_json({"status": "done", **ds.attrs, "indices": _as_lists(ds, names), "files": files})
        return
    outputs = [i for i, year in enumerate(ds.year.values) if year < 0 and ds.month.values[i] < 0]
    for i in outputs[:MOST_OUTPUTS]:
        part = ds.isel(output=i)
        order = (-abs(part["mu_star" if "mu_star" in part else names[0]])).argsort().values
        rows = [(str(ds.factor.values[k]), *(float(part[n].values[k]) for n in names)) for k in order]
        console.print_table(f"{ds.output.values[i]} ({ds.units.values[i]})", ("factor", *names), rows)
    console.print_list("Left out", _lines(f"{ds.attrs['dropped']} members", ds.attrs["dropped_because"]))
    console.print_list("Do not vary, so have no indices", _lines("", ds.attrs["outputs_without_variation"]))
    width = widest(ds)
    if width is not None and width > WIDE:
        sized = f"the widest is +-{width:.2g} on {ds.attrs['samples']} samples (wanted: {WIDE:g})"
        console.print_list("Intervals are wide", [f"{sized}; raise samples before you read the numbers"])
    console.print_list("Files", files)


def _show_over_time(ds: xr.Dataset, files: list[str], as_json: bool) -> None:
    """Shares at the ends of a decomposition; parts of the trend of an attribution."""
    mind: list[str] = []
    if "share" in ds:
        from karstsim.sensitivity_analysis.decomposition import shares_at

        title, (header, rows) = "Shares of the variance", shares_at(ds)
    else:
        from karstsim.sensitivity_analysis.attribution import left_moving, trend_parts

        title, header = f"Trend ({ds.effect_trend.attrs['units']})", ["drivers", "part of the trend"]
        rows, mind = [*trend_parts(ds)], left_moving(ds)
    if as_json:
        found = [dict(zip(header, row, strict=True)) for row in rows]
        console.print_json({"status": "done", **ds.attrs, "result": found, "mind": mind, "files": files})
        return
    console.print_table(title, header, rows)
    console.print_list("Mind", mind)
    console.print_list("Files", files)


def _lines(title: str, text: str) -> list[str]:
    return [line for line in (title, *text.split("\n")) if line] if text else []


def _as_lists(ds: xr.Dataset, names: list[str]) -> list[dict[str, Any]]:
    return [
        {"output": str(o), "factor": str(f), **{n: float(ds[n].values[i, k]) for n in names}}
        for i, o in enumerate(ds.output.values)
        for k, f in enumerate(ds.factor.values)
    ]

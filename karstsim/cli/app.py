"""The command ``karstsim``. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from karstsim import console
from karstsim.cli import (
    calibrations,
    comparisons,
    ensembles,
    estimates,
    experiments,
    folders,
    forcings,
    installation,
    reports,
    runs,
    sensitivities,
)
from karstsim.cli.options import (
    FLAG,
    Columns,
    DayFirst,
    Debug,
    Json,
    Overwrite,
    Results,
    SchedulerAddress,
    Seed,
    Select,
    Sheet,
    Sheets,
    Units,
    Workers,
)
from karstsim.cli.plain_arrays import plain_arrays_only
from karstsim.cli.usage import Commands
from karstsim.core.errors import quoted
from karstsim.core.loading import loading

MOST_YEARS_SHOWN = 12
RESOLVED = "config.toml"
BEFORE_RESULTS = (RESOLVED, console.LOG_NAME)  # all that a run leaves when it fails before its first result

app = typer.Typer(
    name="karstsim",
    cls=Commands,
    help="Water and carbon through a karst catchment, from climate files to its spring and stream.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 the run failed, 2 bad usage or input, 3 interrupted.",
)
new = typer.Typer(no_args_is_help=True, help="Write a commented file to start from.")
app.add_typer(new, name="new")


class Kind(NamedTuple):
    """A kind of file: the command that runs it, and what `check` shows of it."""

    command: str
    check: Callable[[Path, bool], None]


SHOWN_OF_PARAMETERS = ("name", "default", "units", "lower", "upper", "doc")
SHOWN_OF_VARIABLES = ("name", "kind", "units", "standard", "long_name")
KINDS = {  # by the table that only files of this kind have; without any of them it is a run file
    "climates": Kind("run", ensembles.check_file),
    "sensitivity": Kind("sensitivity", sensitivities.check_file),
    "attribution": Kind("sensitivity", sensitivities.check_attribution),
    "decomposition": Kind("sensitivity", sensitivities.check_decomposition),
    "observations": Kind("calibrate", calibrations.check_file),
}


def kind_of(config: Path) -> str:
    """The table that tells what kind of file this is; empty for a run file."""
    from karstsim.tomlfile import read_toml

    return next((name for name in read_toml(config) if name in KINDS), "")


class Constants(StrEnum):
    """Sets of equilibrium constants."""

    pb82 = "pb82"
    phreeqc386 = "phreeqc386"


Config = Annotated[Path, typer.Argument(help="Run file (TOML); `karstsim new site` writes one.")]
Csv = Annotated[bool, typer.Option("--csv", metavar=FLAG, help="Print as CSV.")]
Markdown = Annotated[bool, typer.Option("--markdown", metavar=FLAG, help="Print as a Markdown table.")]


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="karstsim")  # also as `python -m karstsim`: completion is by name


def _version(wanted: bool) -> None:
    if wanted:
        import karstsim

        print(f"karstsim {karstsim.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", metavar=FLAG, callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the results.")] = Path(
        "karstsim-demo"
    ),
    workers: Workers = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run the built-in example; needs no input files."""
    with console.guarded(debug, as_json, output):
        _make_folder(output, overwrite)
        from karstsim.demo import run_demo

        with console.progress_shown() as progress:
            summary = run_demo(output, workers or console.processors(), progress)
        runs.show_summary(summary, output, as_json)


@app.command()
def run(
    config: Config,
    output: Results = None,
    workers: Workers = None,
    scheduler: SchedulerAddress = None,
    seed: Seed = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run the simulation or the ensemble that CONFIG describes; `karstsim resume` goes on after a stop."""
    folder = output or Path("runs") / config.stem
    with console.guarded(debug, as_json, folder, f"go on with: karstsim resume {quoted(folder)}"):
        with loading(keep=True):
            from karstsim.config import load_config, to_toml
            from karstsim.core.errors import InputError

        kind = kind_of(config)
        if kind == "climates":
            _run_ensemble(config, folder, workers, scheduler, seed, overwrite, as_json)
            return
        if kind:
            command = KINDS[kind].command
            raise InputError(
                f"{config}, [{kind}]",
                "is not of a run",
                f"start it with: karstsim {command} {quoted(config)}",
            )
        _refuse_scheduler(scheduler)
        settings = load_config(config)
        if seed is not None:
            settings = settings.with_seed(seed)
        _make_folder(folder, overwrite)
        (folder / RESOLVED).write_text(to_toml(settings), encoding="utf-8")

        with loading(keep=True):
            plain_arrays_only()
            from karstsim.run_file import run_config

        with console.progress_shown() as progress:
            summary = run_config(settings, folder, workers or console.processors(), progress)
        runs.show_summary(summary, folder, as_json)


def _run_ensemble(
    config: Path, folder: Path, workers: int | None, scheduler: str | None, seed: int | None, overwrite: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Run an ensemble file."""
    from karstsim.ensemble.config import load_ensemble

    settings = load_ensemble(config)
    if seed is not None:
        settings = settings.with_seed(seed)
    _make_folder(folder, overwrite)
    ensembles.run_file(settings, folder, workers, scheduler, as_json)


def _refuse_scheduler(scheduler: str | None) -> None:
    from karstsim.core.errors import InputError

    if scheduler is not None:
        raise InputError("--scheduler", "is for ensembles", "remove it: a single run needs no cluster")


def _make_folder(folder: Path, overwrite: bool) -> None:
    console.make_folder(folder, overwrite, BEFORE_RESULTS)


@app.command()
def check(
    config: Config,
    cost: Annotated[
        bool, typer.Option("--cost", metavar=FLAG, help="Measure what a single run will cost.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Read CONFIG, open its inputs and show what a run would start from; runs nothing.

    Of an ensemble also its cost, from the spin-up and two to ten years of a few members; of a single run with --cost.
    """
    with console.guarded(debug, as_json):
        kind = kind_of(config)
        if kind:
            KINDS[kind].check(config, as_json)
            return
        with loading(keep=True):
            plain_arrays_only()
            from karstsim.check import check as check_run

        report = check_run(config)
        if cost:
            report["cost"] = _cost(config)
        if as_json:
            console.print_json({"status": "ok", **report})
        else:
            _show_check(report)


def _cost(config: Path) -> dict[str, float]:
    """CPU time and disk of a run file, measured."""
    from karstsim.config import load_config
    from karstsim.core.files import BYTES_PER_MB
    from karstsim.run_cost import cost

    found = cost(load_config(config))
    return {"CPU time, s": found.cpu_seconds, "disk, MB": found.bytes / BYTES_PER_MB}


def _show_check(report: dict[str, Any]) -> None:
    site, forcing = report["site"], report["forcing"]
    tiles, boxes, variables = site.pop("tiles"), site.pop("boxes"), forcing.pop("variables")
    repairs, areas, streams = forcing.pop("repairs"), site.pop("areas", None), site.pop("sinking_streams", [])
    console.print_table("Site", ("", ""), list(site.items()))
    console.print_table(
        "Tiles",
        ("land use", "lithology", "area fraction", "overrides"),
        [
            (t["land_use"], t["lithology"], t["area_fraction"], _overrides_text(t["parameters"]))
            for t in tiles
        ],
    )
    if areas is not None:
        rows = [(y, *(v[i] for v in areas["fractions"].values())) for i, y in enumerate(areas["years"])]
        console.print_table("Area fractions by year", ("year", *areas["fractions"]), rows[:MOST_YEARS_SHOWN])
    console.print_table(
        "Surface water",
        ("name", "kind", "class", "size", "overrides"),
        [(b["name"], b["kind"], b["water_class"], _size(b), _overrides_text(b["parameters"])) for b in boxes],
    )
    if streams:
        rows = [(a["name"], f"{a['area_km2']:g} km2", _overrides_text(a["parameters"])) for a in streams]
        console.print_table("Sinking streams", ("name", "area", "overrides"), rows)
    console.print_table("Forcing", ("", ""), list(forcing.items()))
    console.print_table(
        "Weather",
        ("variable", "mean", "min", "max", "units"),
        [(name, v["mean"], v["min"], v["max"], v["units"]) for name, v in variables.items()],
    )
    console.print_table(
        "Potential evapotranspiration", ("law", "takes from the forcing"), list(report["evaporation"].items())
    )
    asked = {**report["run"], "variables": report["run"]["variables"] or "the standard set"}
    console.print_table("Run", ("", ""), [(k, _listed(v)) for k, v in asked.items()])
    console.print_table(
        "Parameters", ("name", "value"), [(k, _override(v)) for k, v in report["parameters"].items()]
    )
    rows = [
        (i.pop("kind"), i.pop("start"), ", ".join(f"{k} {v}" for k, v in i.items()))
        for i in report["interventions"]
    ]
    console.print_table("Interventions", ("kind", "start", "keys"), rows)
    console.print_table("Cost", ("", ""), list(report.get("cost", {}).items()))
    console.print_list("Repairs of the input", repairs)
    print("All inputs are usable.")


def _listed(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


def _size(box: dict[str, Any]) -> str:
    if box["kind"] == "stream":
        return f"{box['length_km']:g} km, slope {box['slope']:g}"
    return f"{box['area_km2']:g} km2, {box['depth_m']:g} m deep"


def _override(value: float | dict[str, float]) -> str:
    return f"x {value['factor']:g}" if isinstance(value, dict) else f"{value:g}"


def _overrides_text(overrides: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_override(value)}" for name, value in overrides.items())


@app.command()
def speciate(
    waters: Annotated[Path, typer.Argument(help="Table (CSV, TSV, xlsx) with one water a row.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="CSV to write; default: stdout.")
    ] = None,
    constants: Annotated[Constants, typer.Option(help="Equilibrium constants.")] = Constants.pb82,
    unit: Annotated[
        list[str] | None,
        typer.Option(
            "--unit", help="Unit of a column whose header has none, as in --unit Ca=mg/L; repeatable."
        ),
    ] = None,
    sheet: Sheet = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Speciate waters: pH, CO2 pressure, saturation and more from any two of alkalinity, DIC, pH and pCO2.

    Reads monitoring tables as they are; what was understood, supposed and flagged is shown on stderr.
    """
    with console.guarded(debug, as_json):
        from karstsim.chemistry.api import speciate_csv
        from karstsim.forcing.table_bytes import naming_sheets, table_bytes

        data, said = table_bytes(waters, sheet)
        with naming_sheets(said):
            table = speciate_csv(waters, output, constants.value, console.pairs("--unit", unit), data)
        understood = table.attrs["understood"]
        understood["assumptions"] = [*said, *understood["assumptions"]]
        if as_json:
            rows = {} if output else {"waters": table.to_dict("records")}
            files = [str(output)] if output else []
            console.print_json({"status": "done", "files": files, "understood": understood, **rows})
            return
        _show_understood(understood)
        if output is None:
            print(table.to_csv(index=False), end="")
        else:
            print(f"{len(table)} waters written to {output}")
        units = [f"{unit}: {', '.join(columns)}" for unit, columns in understood["units"].items()]
        console.print_list("Units of the result", units, stderr=True)


def _show_understood(understood: dict[str, Any]) -> None:
    """What was read from a table of waters, on stderr: stdout may be the result."""
    columns, unused = understood["columns"], understood["unused"]
    console.print_table(
        f"{understood['path']}: {understood['encoding']}, {understood['separator']}, decimal "
        f"{understood['decimal']!r}, header in line {understood['header_line']}",
        ("quantity", "column", "unit and rule", "supposed"),
        [(c["quantity"], c["header"], c["rule"], c["assumption"]) for c in columns],
        stderr=True,
    )
    doubtful = [f"{header!r}: {why}" for header, why in unused if why]
    plain = [header for header, why in unused if not why]
    if plain:
        doubtful.append(f"no chemistry used here: {', '.join(plain)}")
    console.print_list("Columns passed on", doubtful, stderr=True)
    console.print_list("Supposed", understood["assumptions"], stderr=True)
    console.print_list("Warnings", understood["warnings"], stderr=True)
    reasons = [
        f"{len(lines)} x {reason} ({_lines(lines)})" for reason, lines in understood["reasons"].items()
    ]
    title = f"Rows: {understood['rows']}, solved {understood['solved']}"
    console.print_list(title, reasons or ["none flagged"], stderr=True)


def _lines(lines: list[int], shown: int = 8) -> str:
    """Line numbers for people, the first few of many."""
    text = ", ".join(str(line) for line in lines[:shown])
    more = f" and {len(lines) - shown} more" if len(lines) > shown else ""
    return f"line{'s' * (len(lines) > 1)} {text}{more}"


@app.command()
def hydrograph(
    table: Annotated[Path, typer.Argument(help="Table (CSV, TSV, xlsx) with the discharge of a spring.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of the figures; default: none are drawn.")
    ] = None,
    unit: Units = None,
    column: Columns = None,
    area: Annotated[
        float | None, typer.Option("--area", help="Catchment area (km2), for a discharge in mm/d.")
    ] = None,
    day_first: DayFirst = None,
    date_format: Annotated[
        str | None, typer.Option("--date-format", help="Format of the dates, as in %y-%m-%d.")
    ] = None,
    select: Select = None,
    sheet: Sheets = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Read a spring table: recession, memory, regulation and the class of the karst; with -o its figures."""
    with console.guarded(debug, as_json):
        from karstsim.analysis import read_spring_table
        from karstsim.report.hydrograph import HEADER, hydrograph_report

        spring = read_spring_table(
            table, units=console.pairs("--unit", unit), columns=console.pairs("--column", column),
            area_km2=area, dayfirst=day_first, date_format=date_format,
            select=console.pairs("--select", select), sheet=sheet or None,
        )  # fmt: skip
        if output is not None:
            _make_folder(output, overwrite)
        report = hydrograph_report(spring, output)
        if as_json:
            console.print_json({"status": "done", **report})
            return
        for name in ("columns", "unused", "supposed", "repairs"):
            console.print_list(name.capitalize(), report["understood"][name], stderr=True)
        console.print_list("Warnings", report["warnings"], stderr=True)
        rows = [(name, console.number_text(value), *told) for name, value, *told in report["rows"]]
        console.print_table("Indices of the spring", HEADER, rows)
        console.print_list("Files", report["files"])
        if output is not None:
            print(f"Next: karstsim report {quoted(output)}")


@app.command()
def parameters(
    csv: Csv = False, markdown: Markdown = False, as_json: Json = False, debug: Debug = False
) -> None:
    """List every parameter with its default, bounds, unit and source."""
    with console.guarded(debug, as_json):
        from karstsim.model.parameters import parameters_table

        console.print_frame(parameters_table(), "Parameters", csv, markdown, as_json, SHOWN_OF_PARAMETERS)


@app.command()
def variables(
    csv: Csv = False, markdown: Markdown = False, as_json: Json = False, debug: Debug = False
) -> None:
    """List every output variable with its unit and meaning."""
    with console.guarded(debug, as_json):
        from karstsim.model.output import variables_table

        console.print_frame(variables_table(), "Variables", csv, markdown, as_json, SHOWN_OF_VARIABLES)


@new.command("site")
def new_site(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = Path("site.toml"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a complete, commented run file: a site, its weather and what to compute."""
    with console.guarded(debug, as_json):
        console.write_new(output, "site.toml", "run", as_json)


@new.command("ensemble")
def new_ensemble(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")] = Path("ensemble.toml"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a complete, commented ensemble file: a site, climates, parameter draws and what to keep."""
    with console.guarded(debug, as_json):
        console.write_new(output, "ensemble.toml", "run", as_json)


folders.add_to(app)
ensembles.add_to(app)
forcings.add_to(app)
experiments.add_to(app)
estimates.add_to(app)
sensitivities.add_to(app, new)
reports.add_to(app)
installation.add_to(app)
calibrations.add_to(app, new)
comparisons.add_to(app)

GROUPS = {  # of `karstsim --help`, in the order in which they are needed
    "Begin": ("new", "demo", "check", "run", "resume", "status", "report"),
    "Tables and files, without a model": ("speciate", "hydrograph", "estimate", "forcing"),
    "Studies": ("calibrate", "sensitivity", "compare", "export"),
    "What the model has": ("parameters", "variables", "experiments"),
    "This installation": ("doctor", "verify"),
}


def _grouped() -> None:
    """Sort the commands into `GROUPS`."""
    places = {
        name: (panel, i) for i, (panel, name) in enumerate((p, n) for p, some in GROUPS.items() for n in some)
    }

    def name_of(info: Any) -> str:
        return str(info.name or info.callback.__name__)

    for info in app.registered_commands:
        info.rich_help_panel = places[name_of(info)][0]
    app.registered_commands.sort(key=lambda info: places[name_of(info)][1])
    app.registered_groups[0].rich_help_panel = places["new"][0]


_grouped()

"""The command ``karstsim estimate``: carbon fluxes from a monitoring table by the methods of the literature."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karstsim import console
from karstsim.cli.options import FLAG, Columns, DayFirst, Debug, Json, Select, Sheets, Units

if TYPE_CHECKING:
    from karstsim.analysis.estimators import Declared, Estimate, Monitoring

ALL = "all"
COMMON = {"draws", "seed"}  # settings of every method
WRITERS = (".json", ".csv", ".nc", ".md")
Pairs = list[str] | None


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(estimate)


def estimate(
    table: Annotated[
        Path | None,
        typer.Argument(help="Monitoring table (CSV, TSV, xlsx) of a spring, or netCDF of a simulation."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option("-m", "--method", help="Method, repeatable; all: every one that the table allows."),
    ] = None,
    area: Annotated[float | None, typer.Option("--area", help="Area of the catchment, km2.")] = None,
    unit: Units = None,
    column: Columns = None,
    select: Select = None,
    setting: Annotated[
        Pairs, typer.Option("--set", help="Setting of the method, as load=rating or purity=0.98; repeatable.")
    ] = None,
    day_first: DayFirst = None,
    sheet: Sheets = None,
    sort: Annotated[
        bool, typer.Option("--sort", metavar=FLAG, help="Bring rows into the order of time.")
    ] = False,
    average: Annotated[
        bool, typer.Option("--average", metavar=FLAG, help="Take the mean of rows of one time.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File: .json, .csv, .nc, or .md for the report after DZ/T 0375."),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Estimate the karst carbon sink from a table; without --method, list what each method needs."""
    with console.guarded(debug, as_json):
        from karstsim.analysis.estimators import METHODS, open_monitoring
        from karstsim.analysis.estimators import estimate as estimated
        from karstsim.core.errors import InputError

        _check_output(output)
        reading = {
            "units": _pairs("--unit", unit), "columns": _pairs("--column", column),
            "select": _pairs("--select", select), "dayfirst": day_first, "sort": sort, "average": average,
            "sheet": sheet or None,
        }  # fmt: skip
        m = None if table is None else open_monitoring(table, area, reading)
        if not method:
            _list(m, as_json)
            return
        every = [name for name, card in METHODS.items() if m is not None and not card.missing(m.data)]
        settings = _pairs("--set", setting)
        names = every if method == [ALL] else method
        found: list[Estimate] = []
        left_out: dict[str, str] = {}
        _check_settings(settings, names)
        for name in names:
            own = _of(name, settings, len(names) > 1)
            try:
                found.append(estimated(m, name, **own))
            except InputError as error:
                if method != [ALL] or own.keys() - COMMON:  # the user asked for this one
                    raise
                left_out[name] = f"{error.what}; {error.mend}"
        if not found:
            what = "; ".join(f"{name}: {why}" for name, why in left_out.items()) or "no table is given"
            raise InputError("--method all", f"no method can run: {what}", "see: karstsim estimate TABLE")
        _refuse_report(output, area, found, m, left_out)
        _write(found, output, table, area)
        _show(found, left_out, m, output, as_json)


def _refuse_report(
    output: Path | None,
    area: float | None,
    found: list[Estimate],
    m: Monitoring | None,
    left_out: dict[str, str],
) -> None:
    """InputError where the report after DZ/T 0375 lacks what it must have, with what the table lacks for it."""
    from karstsim.analysis.estimators import METHODS
    from karstsim.core.errors import InputError

    if output is None or output.suffix != ".md":
        return
    if area is None:
        raise InputError("--output", "the report needs the area of the catchment", "give --area, in km2")
    if any(e.method == "hydrochem" for e in found):
        return
    lacks = METHODS["hydrochem"].missing(m.data if m is not None else {})
    if lacks:
        what = f"the report needs hydrochemistry, and the table has no {' and no '.join(lacks)}"
        mend = "add the column; what of the table is not understood: karstsim estimate TABLE"
    else:
        what = f"the report needs hydrochemistry{': ' * ('hydrochem' in left_out)}{left_out.get('hydrochem', '')}"
        mend = "give --method hydrochem (with acid and tablet beside it, or all)"
    raise InputError("--output", what, mend)


def _pairs(option: str, given: Iterable[str] | None) -> dict[str, str]:
    from karstsim.core.errors import InputError

    pairs = [text.rpartition("=") for text in given or ()]
    for name, _, value in pairs:
        if not name or not value:
            raise InputError(option, f"{name!r} is no NAME=VALUE", f"write {option} NAME=VALUE")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _check_settings(settings: dict[str, str], methods: list[str]) -> None:
    """InputError for a setting that none of several methods has."""
    from karstsim.analysis.estimators import METHODS
    from karstsim.core.errors import InputError

    known = {one.name for name in methods if name in METHODS for one in METHODS[name].settings} | COMMON
    unknown = [name for name in settings if name not in known and name.removesuffix("_sd") not in known]
    if len(methods) > 1 and unknown:
        raise InputError(
            f"--set {unknown[0]}", "is no setting of these methods", f"use one of {', '.join(sorted(known))}"
        )


def _of(method: str, settings: dict[str, str], several: bool) -> dict[str, Any]:
    """The settings for one of several methods: those that it has."""
    from karstsim.analysis.estimators import METHODS

    if not several or method not in METHODS:
        return dict(settings)
    known = {one.name for one in METHODS[method].settings} | COMMON
    return {name: value for name, value in settings.items() if name.removesuffix("_sd") in known}


def _check_output(output: Path | None) -> None:
    from karstsim.core.errors import InputError

    if output is not None and output.suffix not in WRITERS:
        raise InputError(f"--output {output}", "ends in none of the known ways", f"use {', '.join(WRITERS)}")


def _list(m: Monitoring | None, as_json: bool) -> None:
    """What every method needs, and whether the table has it."""
    from karstsim.analysis.estimators import METHODS

    rows = []
    for name, card in METHODS.items():
        needs = "; ".join(" or ".join(group) for group in card.needs) or "settings only"
        missing = card.missing(m.data) if m is not None else []
        can = "" if m is None else ("no: " + ", ".join(missing) if missing else "yes")
        settings = "; ".join(_setting(one) for one in card.settings)
        rows.append({"method": name, "what": card.title, "needs": needs, "this table": can, "sees": card.sees,
                     "misses": card.misses, "settings": settings})  # fmt: skip
    if as_json:
        console.print_json({"status": "ok", "methods": rows})
        return
    shown = ("method", "what", "needs", *(("this table",) if m is not None else ("settings",)))
    console.print_table("Methods", shown, [tuple(row[k] for k in shown) for row in rows])
    print("Run one: karstsim estimate TABLE --method NAME [--set NAME=VALUE]; all that can run: --method all")


def _setting(one: Declared) -> str:
    """A setting with its default, or with its unit where it has none."""
    from karstsim.analysis.estimators import Choice, Setting

    if isinstance(one, Choice):
        return f"{one.name}={'|'.join(one.options)}"
    if isinstance(one, Setting) and one.default == one.default:
        return f"{one.name}={one.default:g}"
    return f"{one.name} ({one.units})"


def _show(
    found: list[Estimate], left_out: dict[str, str], m: Monitoring | None, output: Path | None, as_json: bool
) -> None:
    files = [str(output)] if output else []
    if as_json:
        said = {name: str(m.data.attrs.get(name, "")).splitlines() for name in READ} if m is not None else {}
        console.print_json(
            {
                "status": "done",
                "understood": said,
                "estimates": [e.to_dict() for e in found],
                "left_out": left_out,
                "files": files,
            }
        )
        return
    if m is not None:
        for name in READ:
            console.print_list(name.capitalize(), str(m.data.attrs.get(name, "")).splitlines(), stderr=True)
    text = console.number_text
    header = ("method", "value", "5 %", "95 %", "unit", "what")
    rows = [(e.method, *(f"{x:.4g}" for x in (e.value, e.low, e.high)), e.units, e.quantity) for e in found]
    console.print_table("Estimates", header, rows)
    parts = [(e.method, name, text(v), u) for e in found for name, (v, u) in e.parts.items()]
    console.print_table("On the way", ("method", "quantity", "value", "unit"), parts)
    console.print_list("Assumptions", [f"{e.method}: {line}" for e in found for line in e.assumptions])
    console.print_list("Warnings", [f"{e.method}: {line}" for e in found for line in e.warnings], stderr=True)
    console.print_list("Left out", [f"{name}: {why}" for name, why in left_out.items()], stderr=True)
    console.print_list("Files", files)


READ = ("columns", "unused", "supposed", "repairs")


def _write(found: list[Estimate], output: Path | None, table: Path | None, area: float | None) -> None:
    if output is None:
        return
    import json

    import pandas as pd
    import xarray as xr

    from karstsim.core.files import whole_file

    with whole_file(output) as part:
        if output.suffix == ".json":
            Path(part).write_text(json.dumps([e.to_dict() for e in found], indent=2), encoding="utf-8")
        elif output.suffix == ".md":
            Path(part).write_text(_report(found, table, area), encoding="utf-8")
        elif output.suffix == ".csv":
            keys = ("method", "value", "low", "high", "units", "quantity")
            rows = [{k: e.to_dict()[k] for k in keys} | {"warnings": " | ".join(e.warnings)} for e in found]
            pd.DataFrame(rows).to_csv(part, index=False)
        else:
            joined = xr.concat([e.to_dataset()[["value", "low", "high"]] for e in found], "method")
            joined["units"] = ("method", [e.units for e in found])
            joined.coords["method"] = ("method", [e.method for e in found])
            joined.to_netcdf(part)


def _report(found: list[Estimate], table: Path | None, area: float | None) -> str:
    """The report after DZ/T 0375 of the estimates of one table."""
    from karstsim.analysis.estimators.dzt0375 import guideline_report
    from karstsim.analysis.estimators.tablet import PURITY

    assert area is not None  # else refused
    of = {e.method: e for e in found}
    tablets = {"the catchment": of["tablet"]} if "tablet" in of else None
    purity = of["tablet"].parts[PURITY][0] if "tablet" in of else None
    name = table.stem if table is not None else "the catchment"
    return guideline_report(name, area, of["hydrochem"], acid=of.get("acid"), tablets=tablets, purity=purity)

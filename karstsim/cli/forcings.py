"""The command ``karstsim forcing``: what is in files and folders of weather and observations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from karstsim import console
from karstsim.cli.options import FLAG, DayFirst, Debug, Json, Sheet


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(forcing)


def forcing(
    files: Annotated[
        list[str], typer.Argument(help="netCDF files, zarr stores, tables, patterns, or a folder of them.")
    ],
    lon: Annotated[float | None, typer.Option("--lon", help="Longitude of the point (degrees east).")] = None,
    lat: Annotated[float | None, typer.Option("--lat", help="Latitude of the point (degrees north).")] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="GeoJSON, WKT or mask.nc[:variable]: the mean over it.")
    ] = None,
    cells: Annotated[
        bool, typer.Option("--cells", metavar=FLAG, help="Every cell (of the region) on its own.")
    ] = False,
    location: Annotated[str | None, typer.Option("--location", help="Name of one station.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="Name in the file, as in --column pr=rain; time=... too; repeatable."),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option("--unit", help="Units of a variable, as in --unit pr=mm/d; repeatable."),
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="First year, month or day.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Last year, month or day.")] = None,
    co2: Annotated[str | None, typer.Option("--co2", help="Scenario, ppm, or a table.")] = None,
    elevation: Annotated[
        str | None, typer.Option("--elevation", help="Height of the place (m), or a file of the orography.")
    ] = None,
    estimate: Annotated[
        list[str] | None, typer.Option("--estimate", help="rsds or tdps may be estimated; repeatable.")
    ] = None,
    wind_height: Annotated[
        float, typer.Option("--wind-height", help="Height of the measured wind above ground (m).")
    ] = 10.0,
    months: Annotated[
        str | None, typer.Option("--months", help="generate: days out of monthly means.")
    ] = None,
    day_first: DayFirst = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="Zone of a clock with summer time, Europe/Ljubljana.")
    ] = None,
    sheet: Sheet = None,
    select: Annotated[
        list[str] | None, typer.Option("--select", help="Rows of a spring table, as in --select Site=BS01.")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Picture to write (PNG).")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what is in forcing files: variables, repairs, what is refused and why; runs nothing.

    A folder is looked through: every simulation, weather table, table of a
    spring and CO2 table in it is read by its own reader; of more than 500 MB
    the names alone are listed. The exit code is 0 where a run can start from
    the files (of a folder or of observations: where all was read), else 2.
    """
    with console.guarded(debug, as_json):
        from karstsim.report.forcing_look import show_forcing

        asked = {"lon": lon, "lat": lat, "region": region, "cells": cells, "location": location,
                 "columns": console.pairs("--column", column), "units": console.pairs("--unit", unit),
                 "start": start, "end": end, "co2": co2, "elevation": _height(elevation),
                 "estimate": estimate or (), "wind_height": wind_height, "months": months, "dayfirst": day_first,
                 "timezone": timezone, "sheet": sheet}  # fmt: skip
        if not show_forcing(files, asked, console.pairs("--select", select), plot, as_json):
            raise typer.Exit(console.BAD_INPUT)


def _height(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text

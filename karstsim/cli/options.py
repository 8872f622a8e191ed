"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FLAG = ""  # as the type of an option that takes no value; typer would print <bool>, which reads as if it took one
Json = Annotated[bool, typer.Option("--json", metavar=FLAG, help="Print the result as JSON on stdout.")]
Debug = Annotated[
    bool, typer.Option("--debug", metavar=FLAG, help="Show the traceback of an unexpected error.")
]
Folder = Annotated[Path, typer.Argument(help="Folder of the results.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", metavar=FLAG, help="Write into a folder that is not empty.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, max=4096, help="Threads; default: all processors.")
]
SchedulerAddress = Annotated[
    str | None,
    typer.Option(
        "--scheduler", help="Address of a dask scheduler whose workers see the folder, as tcp://host:8786."
    ),
]
Results = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Folder of the results; default: runs/<name of CONFIG>."),
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Instead of the seed in CONFIG.")
]
Units = Annotated[
    list[str] | None,
    typer.Option("--unit", help="Unit of a column whose header has none, as in --unit Q=m3/s; repeatable."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="Header of a quantity, as discharge='gauge 3'; repeatable."),
]
Select = Annotated[
    list[str] | None, typer.Option("--select", help="Rows to keep, as in --select Site=BS01; repeatable.")
]
DayFirst = Annotated[
    bool | None,
    typer.Option("--day-first/--month-first", metavar=FLAG, help="Order in dates such as 3/4/2015."),
]
Sheet = Annotated[
    str | None, typer.Option("--sheet", help="Sheet of a spreadsheet; default: the first with cells.")
]
Sheets = Annotated[
    list[str] | None,
    typer.Option(
        "--sheet",
        help="Sheet of a spreadsheet; repeatable: several are joined by time. Default: the first with cells.",
    ),
]

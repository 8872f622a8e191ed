"""The command ``karstsim forcing``: a look into files as tables on the terminal, as JSON and as a picture."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from karstsim import console
from karstsim.core.constants import SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.core.errors import InputError

_SHOWN_AS = {
    "K": ("degC", 1.0, -ZERO_CELSIUS),
    "kg m-2 s-1": ("mm d-1", SECONDS_PER_DAY, 0.0),
    "1e-6": ("ppm", 1.0, 0.0),
}


def show_forcing(files: list[str], asked: dict[str, Any], plot: Path | None, as_json: bool) -> bool:
    """Print what is in the files; with `plot` draw it. Returns whether something was refused."""
    from karstsim.forcing.look import look
    from karstsim.forcing.members import find_members
    from karstsim.forcing.netcdf import expand, is_netcdf

    logging.getLogger("karstsim.forcing").setLevel(logging.ERROR)  # repairs are printed as a list
    members: list[dict[str, Any]] = []
    if all(Path(f).is_dir() or is_netcdf(p) for f in files for p in ([] if Path(f).is_dir() else expand(f))):
        table = find_members(files[0] if len(files) == 1 else files)
        members = table.to_dict("records")
        runs = {
            (m["model"], m["scenario"], m["member"], m["grid"]) for m in members if m["frequency"] != "fx"
        }
        if len(runs) > 1 and len({(m, v) for m, _, v, _ in runs}) > 1:
            _show_members(members, table.attrs["refused"], as_json)
            return bool(table.attrs["refused"])
        files = [f for m in members for f in m["files"]]
    report, series = look(files, **asked)
    drawn = _draw(series, plot)
    if as_json:
        console.print_json({"status": "done", "members": members, **report, "plot": drawn})
    else:
        _show(report, drawn)
    return bool(report["refused"])


def _draw(series: dict[str, Any], plot: Path | None) -> str | None:
    if plot is None:
        return None
    if plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError(str(plot), "is no picture by its suffix", "write --plot forcing.png")
    if not series:
        return None
    from karstsim.report import style
    from karstsim.report.forcing_figure import forcing_figure

    return str(style.save(forcing_figure(series), plot, (plot.suffix,))[0])


def _show_members(members: list[dict[str, Any]], refused: list[str], as_json: bool) -> None:
    if as_json:
        console.print_json({"status": "done", "members": members, "refused": refused})
        return
    header = ("model", "scenario", "member", "frequency", "grid", "variables", "first", "last", "files")
    rows = [(*(m[k] for k in header[:-1]), len(m["files"])) for m in members]
    console.print_table("Simulations in these files", header, rows)
    console.print_list("Refused", refused)
    print("Several simulations: open one at a time, as in karstsim forcing '*MODEL_ssp245_r1i1p1f1*.nc'.")


def _show(report: dict[str, Any], drawn: str | None) -> None:
    console.print_table(
        "Files",
        ("file", "variables"),
        [(f["file"], " ".join(f["variables"]) or "-") for f in report["files"]],
    )
    rows = []
    for name, v in report["variables"].items():
        unit, factor, offset = _SHOWN_AS.get(v["units"], (v["units"], 1.0, 0.0))
        numbers = [v[k] * factor + offset for k in ("mean", "min", "max")]
        rows.append((name, f"{v['start']} to {v['end']}", v["steps"], v["step_hours"], v["calendar"], v["locations"],
                     *numbers, unit))  # fmt: skip
    header = ("variable", "span", "steps", "hours", "calendar", "places", "mean", "min", "max", "units")
    console.print_table("Variables, repaired", header, rows)
    console.print_list("Repairs", report["repairs"])
    console.print_list(
        "Refused", [f"{r['where']}: {r['what']}\n    mend: {r['mend']}" for r in report["refused"]]
    )
    run = report["run"]
    print("A run can start from these files." if run == "ready" else
          f"For a run: {run['where']}: {run['what']}\n  mend: {run['mend']}")  # fmt: skip
    if drawn:
        print(f"Picture: {drawn}")

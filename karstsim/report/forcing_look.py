"""The command ``karstsim forcing``: a look into files as tables on the terminal, as JSON and as a picture."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
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


MOST_READ = 500_000_000  # bytes of several sources; an archive is listed by the names of its files


@contextmanager
def _quiet() -> Iterator[None]:
    """Repairs are printed as a list, not logged one by one."""
    log = logging.getLogger("karstsim.forcing")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


@_quiet()
def show_forcing(
    files: list[str], asked: dict[str, Any], select: dict[str, str], plot: Path | None, as_json: bool
) -> bool:
    """Print what is in the files; with `plot` draw it. Returns whether a run can start, or all of a folder was read."""
    from karstsim.forcing.look import look
    from karstsim.report.forcing_folder import is_observations, read_sources, sources

    found = sources(files)
    if len(found) > 1 or (
        is_observations(found[0][1][0], asked) and read_sources(found, asked, select)[0][0]["reader"]
    ):
        return _show_sources(found, asked, select, plot, as_json)
    report, series = look(found[0][1], **asked)
    drawn = _draw(series, plot)
    members = [{"source": name, "files": own} for name, own in found]
    fine = not report["refused"] and (report["run"] == "ready" or all(Path(f).is_dir() for f in files))
    if as_json:
        console.print_json({"status": _status(fine), "members": members, **report, "plot": drawn})
    else:
        _show(report, drawn)
    return fine


def _status(fine: bool) -> str:
    """As the exit code: not done where a run cannot start, or something was refused."""
    return "done" if fine else "not ready"


def _show_sources(
    found: list[tuple[str, list[str]]],
    asked: dict[str, Any],
    select: dict[str, str],
    plot: Path | None,
    as_json: bool,
) -> bool:
    """All that a folder holds, each by its own reader. Returns whether nothing was refused."""
    from karstsim.report.forcing_folder import read_sources

    size = sum(Path(f).stat().st_size for _, own in found for f in own)
    if size > MOST_READ:
        return _show_names(found, size, as_json)
    reports, series = read_sources(found, asked, select)
    drawn = _draw(series, plot)
    fine = not any(r["refused"] for r in reports)
    if as_json:
        console.print_json({"status": _status(fine), "sources": reports, "plot": drawn})
    else:
        for report in reports:
            _show_source(report)
        if sum(r["kind"] == "weather" for r in reports) > 1:
            print(
                "Several simulations: open one at a time, as in karstsim forcing FILE or '*MODEL_ssp245*.nc'."
            )
    return fine


def _show_names(found: list[tuple[str, list[str]]], size: int, as_json: bool) -> bool:
    """An archive by the names of its files."""
    if as_json:
        console.print_json({"status": "done", "members": [{"source": n, "files": own} for n, own in found]})
        return True
    rows = [(name, len(own)) for name, own in found]
    console.print_table("Simulations and tables in these files", ("source", "files"), rows)
    print(
        f"{size / 1e6:.0f} MB, listed and not read: open one at a time, as in karstsim forcing '*MODEL_ssp245*.nc'."
    )
    return True


def _show_source(report: dict[str, Any]) -> None:
    by = f" ({report['reader']})" if report["reader"] else ""
    print(f"\n{report['source']}: {report['kind']}{by}")
    if names := report.get("scenarios"):
        print(f"  scenarios: {', '.join(names)}")
    if report["kind"] not in ("RothC", "CO2") and report["variables"]:
        _show_variables(report["variables"])
    console.print_list("Repairs", report["repairs"])
    _show_refused(report["refused"])


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


def _show(report: dict[str, Any], drawn: str | None) -> None:
    console.print_table(
        "Files",
        ("file", "variables"),
        [(f["file"], " ".join(f["variables"]) or "-") for f in report["files"]],
    )
    _show_variables(report["variables"])
    console.print_list("Repairs", report["repairs"])
    _show_refused(report["refused"])
    run = report["run"]
    print("A run can start from these files." if run == "ready" else
          f"For a run: {run['where']}: {run['what']}\n  mend: {run['mend']}")  # fmt: skip
    if drawn:
        print(f"Picture: {drawn}")


def _show_variables(variables: dict[str, Any]) -> None:
    rows = []
    for name, v in variables.items():
        unit, factor, offset = _SHOWN_AS.get(v["units"], (v["units"], 1.0, 0.0))
        numbers = [v[k] * factor + offset for k in ("mean", "min", "max")]
        rows.append((name, f"{v['start']} to {v['end']}", v["steps"], v["step_hours"], v["calendar"], v["locations"],
                     *numbers, unit))  # fmt: skip
    header = ("variable", "span", "steps", "hours", "calendar", "places", "mean", "min", "max", "units")
    console.print_table("Variables, repaired", header, rows)


def _show_refused(refused: list[dict[str, str]]) -> None:
    console.print_list("Refused", [f"{r['where']}: {r['what']}\n    mend: {r['mend']}" for r in refused])

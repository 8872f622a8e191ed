"""The page of a calibration: what was searched and compared, what was found, and whether to believe it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xarray as xr

from karstsim.calibration.run import BEST, CONFIG, DRAWS, POSTERIOR
from karstsim.calibration.summary import (
    HEADER,
    end_lines,
    parameter_rows,
    residual_lines,
    skill_rows,
    unconverged_lines,
)
from karstsim.report.calibration_figures import quantity
from karstsim.report.found import found_figures
from karstsim.report.section import Check, Contents, Notes, Section, Table
from karstsim.report.style import printed_unit
from karstsim.report.tables import number
from karstsim.tomlfile import read_toml

PASSED = {"pass": True, "FAIL": False}
WORD = 8  # letters of a line of a checklist that hold its verdict
METHODS = {
    "de": "differential evolution",
    "nsga2": "NSGA-II",
    "glue": "GLUE (limits of acceptance)",
    "emcee": "an ensemble of Markov chains",
}
CAPTIONS = {
    "trace": "The course of the search.",
    "dotty": "Every evaluation: a parameter against the loss; the line is the lowest loss around each value. "
    "Where it is flat the observations do not tell the parameter.",
    "corner": "Pairs of parameters among the best runs or the draws; on a ridge two can stand for each other.",
    "chains": "Markov chains after the burn-in: median and 5 to 95 % of the walkers. Ensembles that met overlap.",
    "pareto": "Compromises between the targets: no point is better in all.",
}
FIT = "Observed and simulated {}; grey was held out of the fit."
RESIDUALS = (
    "What the best run leaves over of {}: over time, against its size, their memory and their distribution."
)


def calibration_contents(folder: Path) -> Contents:
    """All that the page of a calibration says."""
    with xr.open_dataset(folder / POSTERIOR, engine="netcdf4", decode_timedelta=False) as opened:
        ds = opened.load()
    config = read_toml(folder / CONFIG)
    sections = [
        Section("Parameters", [_told(ds)], [_parameters(ds)]),
        Section("Fit", tables=[_scores(ds)], figures=_figures(folder, ("fit_", "residuals_"))),
        Section("Search", figures=_figures(folder, tuple(CAPTIONS))),
    ]
    failed = str(ds.attrs["failed_evaluations"]).splitlines()
    warnings = [f"evaluation without a score: {line}" for line in failed]
    warnings = (
        unconverged_lines(ds) + warnings + end_lines(ds) + str(ds.attrs.get("warnings", "")).splitlines()
    )
    kinds = ("forcing_repairs", "observation_repairs")
    repairs = [line for kind in kinds for line in str(ds.attrs.get(kind, "")).splitlines()]
    notes = Notes(_summary(ds, config), _checks(ds), repairs, warnings)
    provenance = {
        "karstsim": ds.attrs["karstsim"],
        "context": ds.attrs["context"],
        "weather": _weather(config),
        "observations": ", ".join(str(o.get("file", "")) for o in config.get("observations", [])),
        "seed": config.get("calibration", {}).get("seed", 0),
    }
    return Contents(str(ds.attrs["title"]), sections, notes, provenance)


def _weather(config: dict[str, Any]) -> str:
    forcing = config.get("forcing", {})
    return (
        ", ".join(forcing["files"]) if forcing.get("files") else f"synthetic {forcing.get('synthetic', '')}"
    )


def _summary(ds: xr.Dataset, config: dict[str, Any]) -> list[str]:
    site = config.get("site", {}).get("name", "the site")
    targets = ", ".join(str(t) for t in ds.target.values)
    method = METHODS.get(ds.attrs["method"], ds.attrs["method"])
    return [
        f"{site}: {ds.sizes['parameter']} parameters searched by {method} in {ds.attrs['evaluations']} runs of the "
        f"model, held against {targets}.",
        "; ".join(str(ds.attrs["observations"]).splitlines()) + ".",
    ]


def _told(ds: xr.Dataset) -> str:
    """Whether there are uncertainties, and where what was found lies."""
    told = str(ds.attrs["uncertainties"])
    if told == "given":
        return f"Intervals hold 5 to 95 % of the draws in {DRAWS}; {BEST} runs the best parameters."
    return f"Uncertainties are {told}. {BEST} runs the best parameters."


def _parameters(ds: xr.Dataset) -> Table:
    rows = [
        [name, number(best), printed_unit(unit), *map(number, more)]
        for name, best, unit, *more in parameter_rows(ds)
    ]
    return Table("Parameters of the best run", HEADER[: len(rows[0])], rows)


def _scores(ds: xr.Dataset) -> Table:
    header = ["target", "part", *(str(m).upper().replace("_", " ") for m in ds.metric.values)]
    rows = [[v if isinstance(v, str) else number(v) for v in row] for row in skill_rows(ds)]
    note = "Of untransformed values; 1 is perfect for KGE and NSE. PBIAS in %, RMSE in the unit of the observations."
    return Table("Scores of the best run", header, rows, note)


def _checks(ds: xr.Dataset) -> list[Check]:
    lines = [("", line) for line in str(ds.attrs["convergence_checks"]).splitlines()]
    lines += [(f"{t}: ", line) for t in ds.target.values for line in residual_lines(ds, t)]
    return [_check(whose, line) for whose, line in lines]


def _check(whose: str, line: str) -> Check:
    """A line of a checklist, ``pass     name: value (limit)``, as a check of the page."""
    name, _, detail = line[WORD:].strip().rpartition(": ")
    return Check(f"{whose}{name}", PASSED.get(line[:WORD].strip()), detail)


def _figures(folder: Path, names: tuple[str, ...]) -> list[tuple[Path, str]]:
    figures = [(file, text) for file, text in found_figures(folder, set()) if file.stem.startswith(names)]
    return [(file, _caption(file.stem, text)) for file, text in figures]


def _caption(stem: str, text: str) -> str:
    kind, _, target = stem.partition("_")
    shown = quantity(target).replace("_", " ")
    return {"fit": FIT, "residuals": RESIDUALS}.get(kind, CAPTIONS.get(stem, text)).format(shown)

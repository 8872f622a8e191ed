"""All experiments: which there are, running them one by one, and the page of their verdicts."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import importlib
import json
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments import permitted
from experiments.data import MissingDataError
from experiments.verdicts import (
    MISSED,
    NOT_COMPARABLE,
    ORDER,
    REPRODUCED,
    Line,
    draw_in_style,
    four_digits,
    table,
    with_units,
)
from karstsim.core.errors import InputError

HERE = Path(__file__).parent
FAILED, NOT_RUN = "failed", "not run"
ASKED = {"inside their band": 16, "of these predicted": 12}  # of 20
STORED = "result.json"  # of a long experiment, in its folder
HASH_SHOWN = 12
ABBREVIATIONS = (
    "A and a number: a statement of the review, in [claims](claims.md). ET is evapotranspiration, R runoff, "
    "NPP net primary production, Rs soil respiration, CSF the karst carbon sink, SOC soil organic carbon, EC "
    "electrical conductivity, S2 the share of the carbon that is still there."
)
MODEL = HERE.parent / "karstsim"
ROOMS = (
    "core",
    "chemistry",
    "processes",
    "model",
    "forcing",
)  # what a result depends on, with its own folder


@dataclass(frozen=True)
class Experiment:
    """One experiment of the design (`X..`) or of the comparison with data (`D..`).

    long  a fit to data: the scoreboard shows its stored result unless asked to run it
    """

    id: str
    folder: str
    title: str
    long: bool = False

    @property
    def path(self) -> Path:
        return HERE / self.folder


CATALOGUE = (
    Experiment("X01", "chemistry_tables", "carbonate chemistry against PHREEQC's tables"),
    Experiment("X02", "closure", "water, carbon and ions over 50 years of random weather"),
    Experiment("X03", "climate_change", "synthetic climates of 2015 to 2060, and of the globe to 2100"),
    Experiment("X04", "restoration", "cropland becomes forest"),
    Experiment("X05", "land_use_census", "sink and soil respiration by land use; soil amendments"),
    Experiment("X06", "land_use_ladder", "runoff and bicarbonate from bare rock to forest"),
    Experiment("X07", "allogenic_water", "water from outside the karst"),
    Experiment("X08", "irrigation", "irrigation and warming of soils"),
    Experiment("X09", "strong_acids", "acids that dissolve rock without a sink"),
    Experiment("X10", "catalysis_and_powder", "carbonic anhydrase; carbonate powder"),
    Experiment("X11", "storm", "a storm at a spring"),
    Experiment("X12", "diel", "a day in a planted stream"),
    Experiment("X13", "pearl_river", "where the carbon of a large river goes"),
    Experiment("X14", "x14_stability", "how much of the carbon stays"),
    Experiment("X15", "attribution", "rock carbon by ions, isotopes and tags"),
    Experiment("X16", "monitoring_network", "a virtual monitoring network"),
    Experiment("X17", "area_scaling", "from a catchment to China and the globe"),
    Experiment("X18", "temperature_bell", "bicarbonate along a gradient of temperature"),
    Experiment("X19", "estimators", "estimators of the sink on one known truth"),
    Experiment("X20", "sensitivity", "which parameters matter"),
    Experiment("D01", "blowing_springs", "a spring in Arkansas, uncalibrated"),
    Experiment("D02", "karstmod_spring", "daily discharge of KarstMod's demo spring", long=True),
    Experiment("D03", "soil_respiration", "soil respiration at Laegeren", long=True),
    Experiment("D04", "french_creek", "oxygen of a creek"),
    Experiment("D05", "blowing_springs_fit", "the spring in Arkansas, calibrated", long=True),
    Experiment("D06", "synthetic_twin", "known parameters found again", long=True),
)


@dataclass(frozen=True)
class Result:
    """What came of one experiment, in `seconds` of CPU time; `error` is the reason where it has no lines."""

    id: str
    folder: str
    title: str
    lines: tuple[Line, ...] = ()
    seconds: float = 0.0
    status: str = ""
    error: str = ""
    date: str = ""
    source: str = ""
    stored: bool = False

    @property
    def judged(self) -> list[Line]:
        """The lines that decide: scored and comparable."""
        return [line for line in self.lines if line.scored and line.verdict != NOT_COMPARABLE]

    @property
    def verdict(self) -> str:
        if self.status:
            return self.status
        if not self.judged:
            return NOT_COMPARABLE
        return REPRODUCED if all(line.reproduced for line in self.judged) else MISSED

    @property
    def kind(self) -> str:
        return "calibrated" if any(line.calibrated for line in self.judged) else "predicted"

    @property
    def inside(self) -> str:
        return f"{sum(line.reproduced for line in self.judged)} of {len(self.judged)}"


# ------------------------------------------------------------------------------------------------ running


def sources(experiment: Experiment) -> str:
    """Beginning of the hash of the model's sources and of the experiment's own."""
    digest = hashlib.sha256()
    for folder in (*(MODEL / room for room in ROOMS), experiment.path):
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".csv", ".toml")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:HASH_SHOWN]


def today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def chosen(names: Iterable[str]) -> list[Experiment]:
    """Experiments of these ids or folders; all that are there without names."""
    names = list(names)
    if not names:
        return list(CATALOGUE)
    known = {key: e for e in CATALOGUE for key in (e.id.lower(), e.folder)}
    for name in names:
        if name.lower() not in known:
            ids = ", ".join(f"{e.id} {e.folder}" for e in CATALOGUE)
            raise InputError(name, "is no experiment", f"choose from {ids}")
    return [known[name.lower()] for name in names]


def run_all(
    experiments: Iterable[Experiment],
    long: bool = False,
    figures: Path | None = None,
    told: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Results of all; one that fails does not stop the others.

    long     run the long ones too, and store their results; else show what is stored
    figures  folder for a figure of each
    """
    results = []
    for experiment in experiments:
        stored = read_stored(experiment) if experiment.long and not long else None
        result = stored or run_one(experiment, figures)
        if experiment.long and not stored and result.lines:
            store(experiment, result)
        told(result)
        results.append(result)
    return results


def run_one(experiment: Experiment, figures: Path | None = None, package: str = "experiments") -> Result:
    """One experiment, with the reason in the place of lines where it cannot be run."""
    begin = time.process_time()
    base = {"id": experiment.id, "folder": experiment.folder, "title": experiment.title}
    now = {"date": today(), "source": sources(experiment)}
    lines: tuple[Line, ...] = ()
    status = error = ""
    try:
        module = importlib.import_module(f"{package}.{experiment.folder}.run")
        # stdout is for the scoreboard
        with contextlib.redirect_stdout(sys.stderr), permitted.enforced(experiment.folder):
            found = module.find()
            lines = tuple(module.verdicts(found))
        if figures is not None and hasattr(module, "draw"):
            draw_in_style(module.draw, found, figures / f"{experiment.folder}.png")
    except ModuleNotFoundError as missing:
        status, error = NOT_RUN, f"there is no module {missing.name}"
    except MissingDataError as why:
        status, error = NOT_RUN, str(why)
    except Exception as failure:
        status, error = FAILED, f"{type(failure).__name__}: {failure}"
        traceback.print_exc()
    return Result(**base, lines=lines, seconds=time.process_time() - begin, status=status, error=error, **now)


def store(experiment: Experiment, result: Result) -> None:
    """Keep the result of a long experiment in its folder."""
    (experiment.path / STORED).write_text(json.dumps(as_plain(result), indent=1) + "\n", encoding="utf-8")


def read_stored(experiment: Experiment) -> Result | None:
    """The stored result of a long experiment, labelled so; None where there is none."""
    path = experiment.path / STORED
    if not path.is_file():
        return None
    plain = json.loads(path.read_text(encoding="utf-8"))
    lines = tuple(
        Line(**{k: _number(k, v) for k, v in line.items() if k != "verdict"}) for line in plain["lines"]
    )
    kept = {k: plain[k] for k in ("seconds", "date", "source")}
    return Result(experiment.id, experiment.folder, experiment.title, lines, stored=True, **kept)


def _number(name: str, value: Any) -> Any:
    """Numbers that JSON has no word for stand as text."""
    return float(value) if name in ("value", "low", "high") else value


# ------------------------------------------------------------------------------------------------ showing


def as_plain(result: Result) -> dict[str, Any]:
    """A result as plain values for JSON; numbers that are not finite as text."""

    def plain(value: Any) -> Any:
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value

    lines = [
        {k: plain(v) for k, v in asdict(line).items()} | {"verdict": line.verdict} for line in result.lines
    ]
    out = {k: v for k, v in asdict(result).items() if k != "lines"}
    return {**out, "verdict": result.verdict, "kind": result.kind, "lines": lines}


def counts(results: Iterable[Result]) -> dict[str, int]:
    """How many experiments of the review have which verdict, and how many of the reproduced ones are predicted."""
    review = [r for r in results if r.id.startswith("X")]
    found = {name: sum(r.verdict == name for r in review) for name in (*ORDER, FAILED, NOT_RUN)}
    predicted = sum(r.verdict == REPRODUCED and r.kind == "predicted" for r in review)
    return {"experiments": len(review), **found, "reproduced and predicted": predicted}


def summary(results: list[Result]) -> str:
    """Two sentences: the counts against what is asked."""
    c = counts(results)
    rest = ", ".join(f"{c[name]} {name}" for name in (MISSED, NOT_COMPARABLE, FAILED, NOT_RUN) if c[name])
    return (
        f"Of {c['experiments']} experiments on the review {c[REPRODUCED]} are inside their band (asked for: "
        f"{ASKED['inside their band']} of 20), {c['reproduced and predicted']} of these predicted (asked for: "
        f"{ASKED['of these predicted']}){'; ' + rest if rest else ''}. An experiment counts as inside when every "
        "number of its claim is; calibrated when one of them rests on a fit."
    )


def rank(result: Result) -> tuple[int, str]:
    """Misses first, and what could not be run before what is reproduced."""
    order = (MISSED, FAILED, NOT_RUN, NOT_COMPARABLE, REPRODUCED)
    return order.index(result.verdict), result.id


def _row(result: Result) -> str:
    verdict = result.verdict if result.verdict == REPRODUCED else f"**{result.verdict}**"
    worst = [
        f"{line.claim}: {four_digits(line.value)}, asked {with_units(line.band, line.units)}"
        for line in result.judged
        if not line.reproduced
    ]
    why = result.error or "; ".join(worst)
    took = f"{result.seconds:.0f} s" + (f", of {result.date}" if result.stored else "")
    kind = result.kind if result.judged else ""
    link = f"[{result.title}](../experiments/{result.folder}/README.md)"
    cells = (result.id, link, verdict, kind, result.inside, why, took)
    return f"| {' | '.join(cells)} |"


def overview(results: list[Result]) -> str:
    """Markdown table with one row an experiment, misses first, the review before the data."""
    head = "| | experiment | verdict | kind | numbers inside | what misses | CPU time |\n|---|---|---|---|---|---|---|"
    parts = []
    for letter, title in (("X", "## The review's claims"), ("D", "## Against data")):
        rows = [_row(r) for r in sorted(results, key=rank) if r.id.startswith(letter)]
        if rows:
            parts.append("\n".join([title, "", head, *rows]))
    return "\n\n".join(parts)


def page(results: list[Result]) -> str:
    """The scoreboard as a page of the docs."""
    parts = [
        "# Scoreboard",
        f"Made by `python -m experiments --write docs/scoreboard.md` on {today()}; not edited by hand. One default "
        "table of parameters in all experiments. What each claim is, and how it is represented: [claims](claims.md).",
        summary(results),
        overview(results),
        "## Every number, misses first",
        ABBREVIATIONS,
    ]
    for result in sorted(results, key=rank):
        if result.lines:
            parts += [f"### {result.id} {result.title}", _origin(result), table(result.lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(result: Result) -> str:
    if not result.stored:
        return ""
    now = sources(Experiment(result.id, result.folder, result.title))
    same = "the same" if result.source == now else "other"
    return (
        f"Stored result of {result.date}, run with {same} sources (`{result.source}`); "
        f"`python -m experiments {result.folder} --long` runs it again."
    )

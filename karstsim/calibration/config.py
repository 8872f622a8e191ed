"""The calibration file: one TOML that says which site and weather, which observations, and what to search.

[site]  [forcing]  [parameters]     as in a run file
[calibration]                       method, budget, warm-up, split
[ranges]                            what is searched, and between which ends; area_km2 may be among them
[[observations]]                    a table of the spring, and how its columns are read
[[observations.targets]]            a quantity of it, and how the model is judged by it
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from karstsim.config import Date, FilePath, ForcingSection, RunConfig, RunSection, SiteFile, with_paths
from karstsim.ensemble.config import Limits, RangeSection
from karstsim.model.parameters import by_name, nearest
from karstsim.model.site import Name, Section
from karstsim.tomlfile import emit_toml, problem, problems_error, pruned, read_toml

AREA = "area_km2"  # among the ranges: the unknown catchment area, a scale of the discharge
SCORES = ("kge", "kge_2012", "nse", "log_nse", "pbias", "rmse", "limits")
LIKELIHOODS = ("gaussian", "heteroscedastic", "ar1")
ERROR_PARAMETERS = {
    "gaussian": ("sigma",),
    "heteroscedastic": ("sigma", "slope"),
    "ar1": ("sigma", "slope", "rho"),
}
LARGEST_RHO = 1.0

Method = Literal["de", "nsga2", "emcee", "glue"]
Objective = Literal[
    "kge", "kge_2012", "nse", "log_nse", "pbias", "rmse", "limits", "gaussian", "heteroscedastic", "ar1"
]
NumberOrRange = float | Limits


class TargetSection(Section):
    """A quantity that the model is judged by.

    `quantity` is a column that the table's reader knows, `column` the header of any other one; `variable` an output of
    the model (`karstsim variables`), which the quantities of a spring have by default. `row` names the tile or box of a
    variable that has one for each. The observed value is taken times `factor` plus `offset`.
    """

    quantity: Name | None = None
    column: Name | None = None
    variable: Name | None = None
    row: Name | None = None
    name: Name | None = None
    factor: float = 1.0
    offset: float = 0.0
    objective: Objective = "kge"
    weight: float = Field(default=1.0, gt=0.0)
    transform: Literal["none", "log", "sqrt", "boxcox"] = "none"
    power: float = Field(default=0.25, gt=0.0, le=1.0)
    start: Date | None = None
    end: Date | None = None
    average: Literal["day"] | None = None
    accept: float | None = None
    absolute: float = Field(default=0.0, ge=0.0)
    relative: float = Field(default=0.0, ge=0.0)
    sigma: NumberOrRange | None = None
    slope: NumberOrRange | None = None
    rho: NumberOrRange | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.quantity is None) == (self.column is None):
            raise problem("needs one of quantity and column", 'write quantity = "discharge"')
        if self.column is not None and (self.variable is None or self.name is None):
            raise problem("a column of your own needs variable and name", 'add name = "si" and variable')
        wanted = ERROR_PARAMETERS.get(self.objective, ())
        for key in ("sigma", "slope", "rho"):
            self._check_error_parameter(key, key in wanted)
        if self.objective == "limits" and not self.absolute + self.relative > 0.0:
            raise problem("limits of acceptance have no width", "give absolute, relative or both")
        if self.objective == "log_nse" and self.transform != "none":
            raise problem("log_nse has its own transformation", 'remove transform, or take "nse"')
        return self

    def _check_error_parameter(self, key: str, wanted: bool) -> None:
        value = getattr(self, key)
        if not wanted and value is not None:
            raise problem(f"{key} means nothing for {self.objective}", f"remove {key}")
        if wanted and value is None and key != "slope":
            raise problem(
                f"{self.objective} needs {key}", f"add {key} as a number, or as [low, high] to search"
            )
        ends = value if isinstance(value, list) else [value] if value is not None else []
        if isinstance(value, list) and not ends[0] < ends[-1]:
            raise problem(f"{key} = {value} is no range", "give the lower end first, or one number")
        low = 0.0 if key != "sigma" else None
        if any((e <= 0.0 if low is None else e < low) or (key == "rho" and e >= LARGEST_RHO) for e in ends):
            what = {"sigma": "above 0", "slope": "0 or more", "rho": "from 0 to below 1"}[key]
            raise problem(f"{key} = {value} cannot be", f"give {key} {what}")

    @property
    def label(self) -> str:
        return self.name or self.quantity or ""

    def error_parameters(self) -> dict[str, NumberOrRange]:
        """Of the error model: a number that is fixed, or the ends of a search."""
        return {k: v for k in ERROR_PARAMETERS.get(self.objective, ()) if (v := getattr(self, k)) is not None}


class ObservationsSection(Section):
    """A table of a spring: the options of `ks.read_spring_table`, and the targets in it."""

    file: FilePath
    targets: list[TargetSection] = Field(min_length=1, max_length=100)
    units: dict[Name, Name] = Field(default={}, max_length=100)
    columns: dict[Name, Name] = Field(default={}, max_length=100)
    select: dict[Name, Name] = Field(default={}, max_length=100)
    missing: list[float] = Field(default=[], max_length=100)
    dayfirst: bool | None = None
    sort: bool = False
    average: bool = False
    timezone: Name | None = None
    sheet: Name | None = None

    def reader_options(self) -> dict[str, Any]:
        """Keyword arguments of `read_spring_table`."""
        plain = {self.name_in_table(t): t.column for t in self.targets if t.column is not None}
        return {**self.model_dump(exclude={"file", "targets"}), "plain": plain, "censored": True}

    def name_in_table(self, target: TargetSection) -> str:
        """What the reader calls the values of a target: of several targets of one column, the first one's label."""
        if target.quantity is not None:
            return target.quantity
        return next(t.label for t in self.targets if t.column == target.column)


class CalibrationSection(Section):
    """How to search. `evaluations` is the budget; `population` the points that one call of the model takes.

    `split` holds out what is observed from that day on; `folds` cuts the fitted time into blocks, the same for all
    targets, each predicted by the fit to the others.
    """

    method: Method = "de"
    evaluations: int = Field(default=2000, ge=4, le=10_000_000)
    population: int | None = Field(default=None, ge=4, le=100_000)
    sampler: Literal["lhs", "sobol"] = "lhs"
    keep: float = Field(default=0.05, gt=0.0, le=1.0)
    ensembles: int = Field(default=2, ge=1, le=16)
    burn_in: float = Field(default=0.5, ge=0.0, lt=1.0)
    refine: bool = False
    warm_up_days: int = Field(default=365, ge=0, le=100_000)
    spinup_years: int = Field(default=10, ge=0, le=10_000)
    frequency: Literal["daily", "step"] = "daily"
    constants: Literal["pb82", "phreeqc386"] = "pb82"
    split: Date | None = None
    folds: int = Field(default=0, ge=0, le=20)
    draws: int = Field(default=200, ge=1, le=100_000)
    seed: int = Field(default=0, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.folds == 1:
            raise problem("one fold leaves nothing to fit", "write folds = 0, or 2 and more")
        if self.refine and self.method != "de":
            raise problem("refine goes on from the best point of a search", 'remove it, or method = "de"')
        if self.method == "emcee" and self.population is not None and self.population % 2:
            raise problem(
                f"emcee moves halves of its walkers, and {self.population} is odd", "give an even number"
            )
        return self


class CalibrationConfig(SiteFile):
    """A whole calibration, as `load_calibration` read it: all paths absolute."""

    forcing: ForcingSection
    calibration: CalibrationSection = CalibrationSection()
    ranges: dict[Name, RangeSection] = Field(min_length=1, max_length=200)
    observations: list[ObservationsSection] = Field(min_length=1, max_length=100)
    _source: str = PrivateAttr(default="calibration")

    @property
    def targets(self) -> list[TargetSection]:
        return [t for section in self.observations for t in section.targets]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        labels = [t.label for t in self.targets]
        double = next((label for label in labels if labels.count(label) > 1), None)
        if double is not None:
            raise problem(f"two targets are called {double!r}", "give each a name of its own")
        kinds = {t.objective in LIKELIHOODS for t in self.targets}
        if len(kinds) > 1:
            raise problem("likelihoods and scores cannot be summed", "take one kind for all targets")
        method = self.calibration.method
        if method == "emcee" and kinds != {True}:
            raise problem(
                "emcee samples a likelihood, and the objectives are scores",
                f"take objective = {', '.join(LIKELIHOODS)}, or another method",
            )
        if method == "glue" and kinds != {False}:
            raise problem("glue accepts by scores or limits", f"take an objective of {', '.join(SCORES)}")
        if method == "nsga2" and len(labels) < 2:
            raise problem("nsga2 weighs targets against each other, and there is one", 'take method = "de"')
        return self

    def run_config(self) -> RunConfig:
        """The run to open the forcing with."""
        config = RunConfig(
            site=self.site,
            forcing=self.forcing,
            run=RunSection(seed=self.calibration.seed),
            parameters=self.parameters,
        )
        config._source = self._source
        return config

    def with_seed(self, seed: int) -> CalibrationConfig:
        return self.model_copy(update={"calibration": self.calibration.model_copy(update={"seed": seed})})


def load_calibration(path: str | Path) -> CalibrationConfig:
    """Read and check a calibration file. Raises InputError that lists every problem with file and key."""
    path = Path(path)
    folder = Path(os.path.abspath(path.parent))
    config = CalibrationConfig.read(read_toml(path), path)
    _check_quantities(config, str(path))
    _check_ranges(config, str(path))
    return _with_paths(config, folder, str(path))


def _check_quantities(config: CalibrationConfig, where: str) -> None:
    """Before the ranges, whose rules look for a target by its quantity."""
    from karstsim.analysis.spring_columns import UNITS

    found = []
    for i, section in enumerate(config.observations):
        for j, target in enumerate(section.targets):
            if target.quantity is not None and target.quantity not in UNITS:
                what = f"{target.quantity!r} is no quantity that a table of a spring is read for"
                found.append(
                    (f"observations[{i}].targets[{j}].quantity", what, _nearest(target.quantity, UNITS))
                )
    if found:
        raise problems_error(where, found)


def _nearest(name: str, known: Iterable[str]) -> str:
    """The mend for an unknown quantity."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"choose from {', '.join(sorted(known))}; of any other, name its column: column, variable and name"


def _check_ranges(config: CalibrationConfig, where: str) -> None:
    found = []
    for name, section in config.ranges.items():
        key = f"ranges.{name}"
        if name == AREA:
            if section.value is None or section.value[0] <= 0.0:
                found.append((key, "is no area", "write { value = [5.0, 50.0] } in km2"))
            continue
        if name not in by_name():
            found.append((key, "is not a parameter", nearest(name, AREA)))
            continue
        p = by_name()[name].param
        low, high = section.limits
        if section.value is not None and not (p.lower <= low and high <= p.upper):
            text = f"[{low:g}, {high:g}] goes beyond {p.lower:g}..{p.upper:g} {p.units}"
            found.append((key, text, "keep it inside the bounds of the parameter"))
        if p.integer:
            found.append(
                (key, "is a count or a switch, which no search can follow", "set it in [parameters]")
            )
        if name in config.parameters:
            found.append((key, "is also set in [parameters]", "remove one of them"))
        if low == high:
            found.append((key, f"has no width ({low:g})", "set it in [parameters] instead"))
    if AREA in config.ranges and not any(t.quantity == "discharge" for t in config.targets):
        there = ", ".join(t.label for t in config.targets)
        what = f"is seen in the discharge alone, which is no target (there are: {there})"
        found.append((f"ranges.{AREA}", what, 'remove it, or add a target with quantity = "discharge"'))
    if found:
        raise problems_error(where, found)


def _with_paths(config: CalibrationConfig, folder: Path, where: str) -> CalibrationConfig:
    found: list[tuple[str, str, str]] = []
    forcing = with_paths(config.forcing, folder, "forcing", found)
    sections = []
    for i, section in enumerate(config.observations):
        file = os.path.abspath(os.path.join(folder, section.file))
        if not os.path.isfile(file):
            mend = f"check the name; it is taken relative to {folder}"
            found.append((f"observations[{i}].file", f"there is no file {section.file!r}", mend))
        sections.append(section.model_copy(update={"file": file}))
    if found:
        raise problems_error(where, found)
    return config.model_copy(update={"forcing": forcing, "observations": sections})


def to_toml(config: CalibrationConfig) -> str:
    """The resolved calibration as TOML that `load_calibration` reads back to the same."""
    return emit_toml(pruned(config.model_dump(exclude_none=True)))

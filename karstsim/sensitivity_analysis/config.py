"""The sensitivity file: one TOML that says which catchment and weather, what is varied, how, and what is asked of it.

[site], [forcing]            as in a run file
[sensitivity]                method, samples, seed, what is varied
[sensitivity.ranges]         ranges that are not those of the parameters' declarations
[[diagnostics]]              what is asked of every member: a variable and a statistic
[run]                        spin-up, isotopes, sizes of the pieces
[parameters]                 of all members, below what is varied
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from karstsim.config import ForcingSection, Period, SiteFile, with_paths
from karstsim.core.errors import InputError
from karstsim.ensemble.config import (
    ClimateSection,
    DrawsSection,
    EnsembleConfig,
    EnsembleSection,
    RangeSection,
    check_ranges,
)
from karstsim.ensemble.draws import check_names
from karstsim.model.output import select
from karstsim.model.site import Name, Section
from karstsim.sensitivity_analysis.methods import MAY_DROP
from karstsim.tomlfile import emit_toml, problem, problems_error, pruned, read_toml

MOST_SAMPLES = 1_000_000
CLIMATE = "climate"  # the name of the only one of the ensemble
BY_COMPARTMENT = "compartment"
FREQUENCY: dict[str, Period] = {
    "whole": "annual",
    "year": "annual",
    "month": "monthly",
}  # that a statistic starts from

Method = Literal["morris", "sobol", "fast", "rbd_fast", "pawn", "delta"]
Statistic = Literal["mean", "sum", "min", "max", "std", "percentile", "trend", "amplitude"]
Span = Annotated[list[int], Field(min_length=2, max_length=2)]
Month = Annotated[int, Field(ge=1, le=12)]


class DiagnosticSection(Section):
    """A number of every member: a statistic of a variable.

    frequency   of the values that the statistic starts from; by default years, months where months are asked for,
                days for a percentile
    over        "whole": one number; "year" or "month": one for each calendar year or month
    months, years  only these;  tile: number of the land tile, from 0, instead of their mean; box: of the water body,
                instead of the last
    """

    name: Name | None = None
    variable: Name
    statistic: Statistic = "mean"
    percentile: float | None = Field(default=None, ge=0.0, le=100.0)
    over: Literal["whole", "year", "month"] = "whole"
    frequency: Period | None = None
    months: list[Month] = []
    years: Span | None = None
    tile: int | None = Field(default=None, ge=0)
    box: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.percentile is None) == (self.statistic == "percentile"):
            raise problem(
                "needs statistic and percentile together", 'write statistic = "percentile", percentile = 95'
            )
        if self.statistic in ("trend", "amplitude") and self.over != "whole":
            raise problem(
                f"{self.statistic} is of the whole time", "remove over, or choose another statistic"
            )
        if self.over == "month" and self.months:
            raise problem("has both months and over = 'month'", "remove one of them")
        if self.years is not None and self.years[0] > self.years[1]:
            raise problem(f"years {self.years} end before they begin", "give the first year first")
        if self.frequency == "annual" and (
            self.months or self.over == "month" or self.statistic == "amplitude"
        ):
            raise problem("months are not in annual values", 'write frequency = "monthly", or remove it')
        return self

    @property
    def label(self) -> str:
        return self.name or f"{self.variable} {self.statistic}"

    @property
    def starts_from(self) -> Period:
        if self.frequency is not None:
            return self.frequency
        if self.statistic == "percentile":
            return "daily"
        return "monthly" if self.months or self.statistic == "amplitude" else FREQUENCY[self.over]


class SensitivitySection(Section):
    """What is varied and how.

    parameters  names or patterns of parameters, within the bounds and on the scale of their declarations
    groups      "compartment", or lists of parameters by name of the group; parameters in none are groups of their own
    failed      what to do about members without a number: "refuse", or "drop" where the method allows it
    sizes       points of the convergence curve, each half of the next; 0 for none
    """

    method: Method = "sobol"
    samples: int = Field(ge=2, le=MOST_SAMPLES)
    second_order: bool = False
    parameters: list[Name] = Field(default=[], max_length=1000)
    ranges: dict[Name, RangeSection] = Field(default={}, max_length=1000)
    groups: Literal["compartment"] | dict[Name, list[Name]] | None = None
    levels: int = Field(default=4, ge=2, le=100)
    curves: int = Field(default=4, ge=1, le=1000)
    slices: int = Field(default=10, ge=2, le=100)
    seed: int = Field(default=0, ge=0, lt=2**31)
    confidence: float = Field(default=0.95, gt=0.0, lt=1.0)
    resamples: int = Field(default=200, ge=10, le=100_000)
    sizes: int = Field(default=4, ge=0, le=20)
    failed: Literal["refuse", "drop"] = "refuse"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.parameters and not self.ranges:
            raise problem("varies nothing", 'name parameters = ["soil.*"] or give [sensitivity.ranges]')
        if self.failed == "drop" and self.method not in MAY_DROP:
            raise problem(
                f"{self.method} needs every member of its design: none can be dropped",
                f'write failed = "refuse", or use one of {", ".join(MAY_DROP)}',
            )
        return self


class MembersSection(Section):
    """How the members are run; as in the [ensemble] table of an ensemble file."""

    spinup_years: int = Field(default=30, ge=0, le=10_000)
    isotopes: bool = False
    block: int | None = Field(default=None, ge=1, le=100_000)
    window_years: int = Field(default=10, ge=1, le=10_000)


def _distinct(diagnostics: list[DiagnosticSection]) -> list[DiagnosticSection]:
    labels = [d.label for d in diagnostics]
    twice = next((name for name in labels if labels.count(name) > 1), None)
    if twice is not None:
        raise problem(f"two diagnostics are called {twice!r}", "give each its own name")
    return diagnostics


class SensitivityConfig(SiteFile):
    """A whole study, as `load_sensitivity` read it: all paths absolute."""

    forcing: ForcingSection
    sensitivity: SensitivitySection
    diagnostics: Annotated[list[DiagnosticSection], AfterValidator(_distinct)] = Field(
        min_length=1, max_length=1000
    )
    run: MembersSection = MembersSection()
    _source: str = PrivateAttr(default="sensitivity")

    def with_seed(self, seed: int) -> SensitivityConfig:
        """The same study with another seed for points, resamples and synthetic weather."""
        section = self.sensitivity.model_copy(update={"seed": seed})
        forcing = self.forcing.model_copy(update={"seed": None})
        return self.model_copy(update={"sensitivity": section, "forcing": forcing})

    def ensemble(self, draws: Path) -> EnsembleConfig:
        """The ensemble whose members are the rows of a table of draws."""
        seed = self.sensitivity.seed
        weather = {"seed": seed if self.forcing.seed is None else self.forcing.seed}
        config = EnsembleConfig(
            site=self.site,
            climates=[ClimateSection(name=CLIMATE, forcing=self.forcing.model_copy(update=weather))],
            draws=DrawsSection(file=os.path.abspath(draws)),
            ensemble=EnsembleSection(
                output=list(dict.fromkeys(d.starts_from for d in self.diagnostics)),
                variables=sorted({name for d in self.diagnostics for name in needed(d.variable)}),
                seed=seed,
                precision="double",  # differences of members are what counts
                **self.run.model_dump(),
            ),
            parameters=self.parameters,
        )
        config._source = self._source
        return config


def needed(variable: str) -> list[str]:
    """What a run must keep for a diagnostic: concentrations of the spring come from amounts, tiles need their areas."""
    if variable == "aquifer_spring_alkalinity":
        return ["aquifer_spring", "aquifer_spring_*"]
    if variable.startswith("aquifer_spring_") and variable.endswith("_concentration"):
        return [variable.removesuffix("_concentration"), "aquifer_spring"]
    return [variable, "tile_area_fraction"]


def load_sensitivity(path: str | Path) -> SensitivityConfig:
    """Read and check a sensitivity file. Raises InputError that lists every problem with file and key."""
    path = Path(path)
    folder = Path(os.path.abspath(path.parent))
    config = SensitivityConfig.read(read_toml(path), path)
    ranges = config.sensitivity.ranges
    check_names(ranges, f"{path}, sensitivity.ranges")
    found = check_ranges(ranges, "sensitivity.ranges")
    forcing = with_paths(config.forcing, folder, "forcing", found)
    if found:
        raise problems_error(str(path), found)
    for i, diagnostic in enumerate(config.diagnostics):
        _check_variable(diagnostic.variable, config.run.isotopes, f"{path}, diagnostics[{i}]")
    return config.model_copy(update={"forcing": forcing})


def _check_variable(name: str, isotopes: bool, where: str) -> None:
    if any(c in name for c in "*?["):
        raise InputError(where, f"{name!r} is a pattern", "name one variable in each diagnostic")
    select(needed(name)[:1], where, isotopes)


def to_toml(config: SensitivityConfig) -> str:
    """The resolved study as TOML that `load_sensitivity` reads back to the same."""
    return emit_toml(pruned(config.model_dump(exclude_none=True)))

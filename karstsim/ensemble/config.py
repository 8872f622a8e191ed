"""The ensemble file: one TOML that says which site, which climates, which parameter draws, and what to keep.

    [site]                       as in a run file, or site = "site.toml"
    [forcing]                    what the climates have in common
    [[climates]]                 a name, labels, and the keys of [forcing] that are its own
    [draws]                      number and ranges, or a table
    [ensemble]                   outputs, spin-up, sizes of the pieces
    [parameters]                 of all members, below the draws
    [[intervention]]             what people do, in all members and climates

A climate that `follows` another begins with the state in which the other ended: one historical run and its scenarios.
Climates that follow none share the spin-up of the first of them with the same model and member.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, SerializeAsAny, model_validator

from karstsim.config import (
    FilePath,
    ForcingSection,
    Period,
    RunConfig,
    RunSection,
    SiteFile,
    no_repeats,
    with_paths,
)
from karstsim.ensemble.draws import AREA, BESIDE, MOST_DRAWS, RAIN, Range, check_names
from karstsim.model.interventions.records import Intervention, as_entries, read_interventions
from karstsim.model.parameters import by_name
from karstsim.model.site import Name, Section
from karstsim.tomlfile import emit_toml, problem, problems_error, pruned, read_toml

MOST_CLIMATES = 10_000
LABELS = ("name", "scenario", "model", "member", "follows")
SOURCES = ("files", "synthetic")  # a climate that names one of them does not take the other from [forcing]


Limits = Annotated[list[float], Field(min_length=2, max_length=2)]


class ClimateSection(Section):
    """One future or past: its labels and its weather."""

    name: Name
    scenario: Name | None = None
    model: Name | None = None
    member: Name | None = None
    follows: Name | None = None
    forcing: ForcingSection


class RangeSection(Section):
    """Where a parameter is drawn from: `factor = [0.7, 1.4]` on the defaults, or `value = [80, 300]`."""

    factor: Limits | None = None
    value: Limits | None = None
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.factor is None) == (self.value is None):
            raise problem(
                "needs one of factor and value", "write { factor = [0.8, 1.2] } or { value = [80, 300] }"
            )
        lower, upper = self.limits
        if not lower <= upper or (self.scale == "log" and lower <= 0.0):
            raise problem(
                f"[{lower:g}, {upper:g}] is no range", "give the lower end first; above 0 for a log scale"
            )
        return self

    @property
    def limits(self) -> tuple[float, float]:
        lower, upper = self.factor or self.value or (0.0, 0.0)
        return lower, upper

    def range(self) -> Range:
        return Range(*self.limits, factor=self.factor is not None, log=self.scale == "log")


class DrawsSection(Section):
    """Parameter draws: sampled from ranges, or the rows of a table."""

    number: int = Field(default=1, ge=1, le=MOST_DRAWS)
    sampler: Literal["lhs", "sobol"] = "lhs"
    ranges: dict[Name, RangeSection] = Field(default={}, max_length=1000)
    file: FilePath | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.file is not None and (self.ranges or self.number > 1):
            raise problem("has both a file and ranges or a number", "remove one of them")
        return self


class EnsembleSection(Section):
    """What to compute and to keep, and how the work is cut.

    `isotopes` adds carbon isotopes and source tags. A shard holds `block` members through `window_years` years;
    what is not set is chosen by memory. `weather_per_draw` gives every draw synthetic weather of its own. Neither the
    cut nor the number of workers changes a result.
    """

    output: Annotated[list[Period], AfterValidator(no_repeats)] = Field(default=["annual"], min_length=1)
    variables: list[Name] = Field(default=[], max_length=10_000)
    spinup_years: int = Field(default=30, ge=0, le=10_000)
    seed: int = Field(default=0, ge=0, lt=2**32)
    isotopes: bool = False
    weather_per_draw: bool = False
    precision: Literal["single", "double"] = "single"
    block: int | None = Field(default=None, ge=1, le=100_000)
    window_years: int | None = Field(default=None, ge=1, le=10_000)


class EnsembleConfig(SiteFile):
    """A whole ensemble, as `load_ensemble` read it: all paths absolute, all patterns expanded."""

    climates: list[ClimateSection] = Field(min_length=1, max_length=MOST_CLIMATES)
    draws: DrawsSection = DrawsSection()
    ensemble: EnsembleSection = EnsembleSection()
    intervention: list[SerializeAsAny[Intervention]] = Field(default=[], max_length=1000)
    _source: str = PrivateAttr(default="ensemble")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [c.name for c in self.climates]
        if len(set(names)) < len(names):
            raise problem("two climates have one name", "give each climate its own name")
        known = dict(zip(names, self.climates, strict=True))
        for climate in self.climates:
            if climate.follows is None:
                continue
            if climate.follows == climate.name or climate.follows not in known:
                raise problem(
                    f"climate {climate.name!r} follows {climate.follows!r}, which is no other climate",
                    f"name one of {', '.join(n for n in names if n != climate.name)}",
                )
            if known[climate.follows].follows is not None:
                raise problem(
                    f"climate {climate.follows!r} is followed and follows another",
                    "let the scenarios follow one historical climate that follows none",
                )
        if self.ensemble.weather_per_draw and any(c.forcing.synthetic is None for c in self.climates):
            raise problem(
                "weather_per_draw needs synthetic weather in all climates", "remove weather_per_draw"
            )
        return self

    def with_seed(self, seed: int) -> EnsembleConfig:
        """The same ensemble with another seed for everything random."""
        climates = [
            c.model_copy(update={"forcing": c.forcing.model_copy(update={"seed": None})})
            for c in self.climates
        ]
        ensemble = self.ensemble.model_copy(update={"seed": seed})
        return self.model_copy(update={"climates": climates, "ensemble": ensemble})

    def run_config(self, climate: ClimateSection, shift: int = 0) -> RunConfig:
        """The run of one climate alone, to open its forcing with; `shift` is added to the seed of its weather."""
        seed = self.ensemble.seed if climate.forcing.seed is None else climate.forcing.seed
        forcing = climate.forcing.model_copy(update={"seed": (seed + shift) % 2**32})
        config = RunConfig(site=self.site, forcing=forcing, run=RunSection(seed=self.ensemble.seed))
        config._source = f"{self._source}, climate {climate.name}"
        return config


def load_ensemble(path: str | Path) -> EnsembleConfig:
    """Read and check an ensemble file. Raises InputError that lists every problem with file and key."""
    path = Path(path)
    folder = Path(os.path.abspath(path.parent))
    data = read_toml(path)
    if "intervention" in data:
        data["intervention"] = read_interventions(data["intervention"], str(path))
    _give_climates_their_forcing(data)
    config = EnsembleConfig.read(data, path)
    _check_ranges(config, str(path))
    return _with_paths(config, folder, str(path))


def _give_climates_their_forcing(data: dict[str, Any]) -> None:
    """Move the keys of weather in every climate below `forcing`, over those that all climates share."""
    shared = data.pop("forcing", {})
    climates = data.get("climates")
    if not isinstance(climates, list) or not isinstance(shared, dict):
        return
    for i, climate in enumerate(climates):
        if not isinstance(climate, dict):
            continue
        own = {k: v for k, v in climate.items() if k not in LABELS}
        base = {k: v for k, v in shared.items() if k not in SOURCES or not any(s in own for s in SOURCES)}
        climates[i] = {k: v for k, v in climate.items() if k in LABELS} | {"forcing": {**base, **own}}


def _check_ranges(config: EnsembleConfig, where: str) -> None:
    check_names(config.draws.ranges, f"{where}, draws.ranges", BESIDE)
    found = check_ranges(config.draws.ranges, "draws.ranges")
    if found:
        raise problems_error(where, found)


def check_ranges(ranges: Mapping[str, RangeSection], key: str) -> list[tuple[str, str, str]]:
    """Key, problem and mend of every range that leaves the bounds of its parameter."""
    found = []
    for name, section in ranges.items():
        if name == RAIN:
            if section.factor is None or section.limits[0] < 0.0:
                found.append((f"{key}.{name}", "is a factor of at least 0", "write { factor = [0.8, 1.2] }"))
            continue
        if name == AREA:
            if section.value is None or section.limits[0] <= 0.0:
                found.append((f"{key}.{name}", "is no area", "write { value = [5.0, 50.0] } in km2"))
            continue
        p = by_name()[name].param
        if section.value is not None and not (p.lower <= section.value[0] and section.value[1] <= p.upper):
            text = (
                f"[{section.value[0]:g}, {section.value[1]:g}] goes beyond {p.lower:g}..{p.upper:g} {p.units}"
            )
            found.append((f"{key}.{name}", text, "keep it inside the bounds of the parameter"))
    return found


def _with_paths(config: EnsembleConfig, folder: Path, where: str) -> EnsembleConfig:
    found: list[tuple[str, str, str]] = []
    climates = [
        c.model_copy(update={"forcing": with_paths(c.forcing, folder, f"climates[{i}]", found)})
        for i, c in enumerate(config.climates)
    ]
    draws = config.draws
    if draws.file is not None:
        file = os.path.abspath(os.path.join(folder, draws.file))
        if not os.path.isfile(file):
            found.append(
                ("draws.file", f"there is no file {draws.file!r}", f"it is taken relative to {folder}")
            )
        draws = draws.model_copy(update={"file": file})
    if found:
        raise problems_error(where, found)
    return config.model_copy(update={"climates": climates, "draws": draws})


def to_toml(config: EnsembleConfig) -> str:
    """The resolved ensemble as TOML that `load_ensemble` reads back to the same."""
    data = config.model_dump(exclude_none=True)
    data["climates"] = [
        {**{k: v for k, v in c.items() if k != "forcing"}, **c["forcing"]} for c in data["climates"]
    ]
    return emit_toml(pruned({**data, "intervention": as_entries(config.intervention)}))

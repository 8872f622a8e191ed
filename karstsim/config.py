"""The run file: one TOML that says which site, which weather, which outputs and which parameters.

`load_config` checks everything that can be checked without the simulator and resolves every path, so that the
resolved file written beside the results (`to_toml`) runs again from any folder.
"""

from __future__ import annotations

import contextlib
import datetime
import glob
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SerializeAsAny, model_validator

from karstsim.core.errors import InputError
from karstsim.model.interventions.records import Intervention, as_entries, read_interventions
from karstsim.model.site import Name, Overrides, Section, Site, check_overrides, read_areas
from karstsim.tomlfile import (
    emit_toml,
    finite_number,
    problem,
    problems_error,
    pruned,
    read_toml,
    shown,
    validated,
)

if TYPE_CHECKING:
    import xarray as xr

    from karstsim.forcing.yearly import Yearly
    from karstsim.model.simulate import Simulation

MOST_FILES = 10_000
LONGEST_PATH = 4000  # characters; a region may also be the polygon itself
CO2_RANGE = (100.0, 10_000.0)  # ppm
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_KEY_OF = {  # arguments of the forcing functions that have keys of their own in the run file
    "scenario": "forcing.synthetic",
    "start, end": "forcing.start, forcing.end",
    "lat": "forcing.lat",
    "lon, lat": "forcing.lon, forcing.lat",
    "co2": "forcing.co2",
    "estimate": "forcing.estimate",
    "delta13co2": "forcing.delta13co2",
    "Delta14co2": "forcing.Delta14co2",
}
_FILES_ONLY = (
    "location",
    "columns",
    "units",
    "estimate",
    "wind_height",
    "region",
    "cells",
    "months",
    "dayfirst",
    "timezone",
    "sheet",
)


def _date(value: object) -> object:
    """A date as text: a year, a month or a day of any calendar (360_day has a 30 February)."""
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 9999:
        return f"{value:04d}"
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise problem(f"{shown(value)} is not a date", 'write "2015", "2015-01" or "2015-01-01"')
    return value


def _co2(value: object) -> object:
    if finite_number(value):
        number = float(value)  # type: ignore[arg-type]
        if not CO2_RANGE[0] <= number <= CO2_RANGE[1]:
            raise problem(f"{number:g} ppm is outside {CO2_RANGE[0]:g}..{CO2_RANGE[1]:g}", "give CO2 in ppm")
        return number
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise problem(
            f"{shown(value)} is neither a scenario, a number nor a file", 'write "ssp245", 410 or "co2.csv"'
        )
    return value


def _air_isotope(value: object) -> object:
    if finite_number(value):
        return float(value)  # type: ignore[arg-type]
    if not isinstance(value, str):
        raise problem(f"{shown(value)} is neither a number nor a file", 'write -8.5 (permil) or "air.csv"')
    return _path(value)


def _path(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise problem(f"{shown(value)} is not a path", "write the name of a file")
    return value


def no_repeats(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise problem("names an entry twice", "remove the repeated entry")
    return values


Date = Annotated[str, BeforeValidator(_date)]
Co2 = Annotated[Any, BeforeValidator(_co2)]
AirIsotope = Annotated[Any, BeforeValidator(_air_isotope)]
FilePath = Annotated[str, Field(max_length=LONGEST_PATH), AfterValidator(_path)]
Period = Literal["daily", "monthly", "annual", "step"]


class ForcingSection(Section):
    """Where the weather comes from: files, or the synthetic generator.

    `columns` maps CMIP names to the names in the files, `units` CMIP names to units. `lon` and `lat` pick the grid
    cell; without them the site's own place is taken, or with `region` (GeoJSON, WKT or a mask) the mean over it.
    `cells` takes every cell with data, with `region` those inside it: columns of an ensemble, each at its own place.
    `months` accepts monthly means and invents their days. `co2` is a scenario, a number in ppm or a file; `delta13co2`
    and `Delta14co2` of the air are numbers in permil or files, for run.isotopes. `wind_height` is that of the measured
    wind, 10 m without it. `dayfirst` and `timezone` say how the dates of a table are meant, `sheet`
    which of a workbook is read.
    """

    files: list[FilePath] = Field(default=[], max_length=MOST_FILES)
    synthetic: Name | None = None
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    lon: float | None = Field(default=None, ge=-180.0, le=360.0)
    lat: float | None = Field(default=None, ge=-90.0, le=90.0)
    location: Name | None = None
    co2: Co2 = None
    delta13co2: AirIsotope = None
    Delta14co2: AirIsotope = None
    columns: dict[Name, Name] = Field(default={}, max_length=100)
    units: dict[Name, Name] = Field(default={}, max_length=100)
    region: Annotated[str, Field(max_length=100_000), AfterValidator(_path)] | None = None
    cells: bool = False
    months: Literal["generate"] | None = None
    dayfirst: bool | None = None
    timezone: Name | None = None
    sheet: Name | None = None
    estimate: list[Literal["rsds", "tdps"]] = []
    wind_height: float | None = Field(default=None, ge=0.5, le=200.0)
    start: Date | None = None
    end: Date | None = None

    @property
    def input_files(self) -> list[str]:
        """All files that the weather comes from, those of the air and of the region too; paths must be absolute."""
        named = [n for n in (self.co2, self.delta13co2, self.Delta14co2, self.region) if isinstance(n, str)]
        tables = [n if os.path.isfile(n) else n.rpartition(":")[0] for n in named if len(n) <= LONGEST_PATH]
        return [*self.files, *(t for t in tables if os.path.isfile(t))]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.files) == (self.synthetic is not None):
            what = "has both files and synthetic" if self.files else "has neither files nor synthetic"
            raise problem(what, 'give files = ["*.nc"] or synthetic = "ssp245"')
        if (self.lon is None) != (self.lat is None):
            raise problem("has only one of lon and lat", "give both, or neither for the site's own place")
        if self.region is not None and self.lon is not None:
            raise problem("has both a region and lon and lat", "give one of them")
        if self.cells and (self.lon is not None or self.location is not None):
            raise problem("has cells = true and a place", "give one of them")
        if self.synthetic is not None:
            for name in _FILES_ONLY:
                if getattr(self, name):
                    raise problem(f"{name} means nothing for synthetic weather", f"remove {name}")
        if self.start and self.end:
            length = min(len(self.start), len(self.end))
            if self.start[:length] > self.end[:length]:
                raise problem(f"start {self.start} is after end {self.end}", "exchange or correct them")
        return self


class RunSection(Section):
    """What to compute and to keep.

    `series` is a file of parameters that change by the year: deposition, fertiliser, rain chemistry.
    """

    output: Annotated[list[Period], AfterValidator(no_repeats)] = Field(
        default=["monthly", "annual"], min_length=1
    )
    variables: list[Name] = Field(default=[], max_length=10_000)
    series: FilePath | None = None
    spinup_years: int = Field(default=30, ge=0, le=10_000)
    restart: FilePath | None = None
    seed: int = Field(default=0, ge=0, lt=2**32)
    isotopes: bool = False


class SiteFile(Section):
    """What the files of runs, ensembles, calibrations and sensitivity studies have in common: a site, parameters."""

    site: Site
    parameters: Overrides = {}
    _source: str = PrivateAttr(default="file")  # its name, for messages

    @classmethod
    def read(cls, data: dict[str, Any], path: Path) -> Self:
        """The file that the tables of `path` make, also where its site is a file of its own; parameters are checked."""
        folder, where = Path(os.path.abspath(path.parent)), str(path)
        given = isinstance(data.get("site"), str)
        if given:
            data["site"] = Site.from_toml(folder / data["site"])
        else:
            read_areas(data.get("site"), folder, where)
        config = validated(cls, data, where)
        if not given:
            config.site.check_parameters(where)
        check_overrides(config.parameters, f"{where}, parameters")
        config._source = where
        return config


class RunConfig(SiteFile):
    """A whole run, as `load_config` read it: all paths absolute, all patterns expanded."""

    forcing: ForcingSection
    run: RunSection = RunSection()
    intervention: list[SerializeAsAny[Intervention]] = Field(default=[], max_length=1000)
    _source: str = PrivateAttr(default="run")

    @property
    def forcing_seed(self) -> int:
        """The seed of synthetic weather: its own if it has one, else that of the run."""
        return self.run.seed if self.forcing.seed is None else self.forcing.seed

    @property
    def place(self) -> tuple[float, float]:
        """Longitude and latitude of the weather: those of [forcing], else the site's."""
        if self.forcing.lon is None or self.forcing.lat is None:
            return self.site.longitude, self.site.latitude
        return self.forcing.lon, self.forcing.lat

    def open_forcing(self) -> xr.Dataset:
        """The canonical forcing Dataset of the run. Raises InputError."""
        from karstsim.forcing.air_isotopes import with_air_isotopes

        asked = self.forcing
        try:
            ds = self._synthetic_forcing() if asked.synthetic else self._forcing_of_files()
            return with_air_isotopes(ds, asked.delta13co2, asked.Delta14co2)
        except InputError as error:  # name the key of the run file instead of the argument
            where = f"{self._source}, {_KEY_OF[error.where]}" if error.where in _KEY_OF else error.where
            raise InputError(where, error.what, error.mend) from error

    @contextlib.contextmanager
    def named(self) -> Iterator[None]:
        """Name the run file in an InputError raised inside that tells a key or an intervention alone, and no file."""
        try:
            yield
        except InputError as error:
            has_a_file = self._source in error.where or os.path.exists(error.where.split(", ")[0])
            if has_a_file or not os.path.isfile(self._source):
                raise
            raise InputError(f"{self._source}, {error.where}", error.what, error.mend) from None

    def open_series(self) -> Yearly | None:
        """Parameters by the year of run.series. Raises InputError."""
        if self.run.series is None:
            return None
        from karstsim.forcing.yearly import read_yearly

        return read_yearly(self.run.series, self.site.longitude, self.site.latitude)

    def simulation(
        self, forcing: xr.Dataset, workers: int = 1, steps: tuple[int, int] | None = None
    ) -> Simulation:
        """The run over a canonical forcing, before its spin-up; `steps` as in `Simulation`. Raises InputError."""
        from karstsim.model.simulate import Simulation

        return Simulation(
            self.site,
            forcing,
            [self.parameters],
            workers=workers,
            isotopes=self.run.isotopes,
            steps=steps,
            series=self.open_series(),
            interventions=self.intervention,
        )

    def _synthetic_forcing(self) -> xr.Dataset:
        from karstsim.forcing import synthetic_forcing
        from karstsim.forcing.times import select_span

        asked = self.forcing
        lon, lat = self.place
        years: dict[str, Any] = {k: int(v[:4]) for k, v in (("start", asked.start), ("end", asked.end)) if v}
        ds = synthetic_forcing(
            str(asked.synthetic),
            **years,
            seed=self.forcing_seed,
            lon=lon,
            lat=lat,
            elevation=self.site.elevation,
            co2=asked.co2,
        )
        return select_span(ds, asked.start, asked.end, "forcing")

    def _forcing_of_files(self) -> xr.Dataset:
        from karstsim.forcing import open_forcing
        from karstsim.forcing.canonical import STANDARD_HEIGHT

        asked = self.forcing
        elsewhere = asked.cells or asked.region is not None or (asked.location and asked.lon is None)
        lon, lat = (None, None) if elsewhere else self.place
        return open_forcing(
            *asked.files,
            lon=lon,
            lat=lat,
            co2=asked.co2,
            columns=asked.columns,
            units=asked.units,
            estimate=asked.estimate,
            elevation=self.site.elevation,
            start=asked.start,
            end=asked.end,
            location=asked.location,
            region=asked.region,
            cells=asked.cells,
            months=asked.months,
            dayfirst=asked.dayfirst,
            timezone=asked.timezone,
            sheet=asked.sheet,
            wind_height=STANDARD_HEIGHT if asked.wind_height is None else asked.wind_height,
        )

    @property
    def input_files(self) -> list[str]:
        """All files that the run reads."""
        return [*self.forcing.input_files, *(f for f in (self.run.series, self.run.restart) if f is not None)]

    def with_seed(self, seed: int) -> RunConfig:
        """The same run with another seed for everything random."""
        return self.model_copy(
            update={
                "run": self.run.model_copy(update={"seed": seed}),
                "forcing": self.forcing.model_copy(update={"seed": None}),
            }
        )


def load_config(path: str | Path) -> RunConfig:
    """Read and check a run file. Raises InputError that lists every problem with file and key."""
    path = Path(path)
    return config_of(read_toml(path), path)


def config_of(data: dict[str, Any], path: Path) -> RunConfig:
    """The run file that the tables of `path` make."""
    folder = Path(os.path.abspath(path.parent))
    if "intervention" in data:
        data["intervention"] = read_interventions(data["intervention"], str(path))
    return _with_paths(RunConfig.read(data, path), folder, str(path))


def _with_paths(config: RunConfig, folder: Path, where: str) -> RunConfig:
    found: list[tuple[str, str, str]] = []
    forcing = with_paths(config.forcing, folder, "forcing", found)
    run: dict[str, Any] = {}
    if config.run.restart is not None:
        run["restart"] = _existing(config.run.restart, folder, "run.restart", found)
    if config.run.series is not None:
        run["series"] = _existing(config.run.series, folder, "run.series", found)
    if found:
        raise problems_error(where, found)
    return config.model_copy(update={"forcing": forcing, "run": config.run.model_copy(update=run)})


def with_paths(
    forcing: ForcingSection, folder: Path, key: str, found: list[tuple[str, str, str]]
) -> ForcingSection:
    """The section with absolute paths and its patterns expanded; what is not there is added to `found` under `key`."""
    update: dict[str, Any] = {"files": _expanded(forcing.files, folder, key, found)}
    if isinstance(forcing.co2, str) and _looks_like_file(forcing.co2):
        update["co2"] = _existing_table(forcing.co2, folder, f"{key}.co2", found)
    region = forcing.region
    if region is not None and not set("({") & set(region):  # else it is the polygon itself
        update["region"] = _existing_table(region, folder, f"{key}.region", found)
    for name in ("delta13co2", "Delta14co2"):
        if isinstance(asked := getattr(forcing, name), str):
            update[name] = _existing(asked, folder, f"{key}.{name}", found)
    return forcing.model_copy(update=update)


def _looks_like_file(text: str) -> bool:
    return bool(os.path.splitext(text)[1]) or "/" in text or os.sep in text


def _expanded(patterns: list[str], folder: Path, key: str, found: list[tuple[str, str, str]]) -> list[str]:
    files: list[str] = []
    for i, pattern in enumerate(patterns):
        matches = _matches(pattern, folder)
        if not matches:
            found.append((f"{key}.files[{i}]", *_nothing_at(pattern, folder)))
        files += [m for m in matches if m not in files]
    if len(files) > MOST_FILES:
        found.append((f"{key}.files", f"match more than {MOST_FILES} files", "name fewer files"))
    return files


def _nothing_at(pattern: str, folder: Path) -> tuple[str, str]:
    """What is wrong with a name or pattern that matches no file, and the mend."""
    if os.path.isdir(os.path.join(folder, pattern)):
        return f"{shown(pattern)} is a folder", f"name its files: {shown(os.path.join(pattern, '*.nc'))}"
    return f"no file matches {shown(pattern)}", f"check the name; it is taken relative to {folder}"


def _matches(pattern: str, folder: Path) -> list[str]:
    whole = os.path.join(folder, pattern)
    if os.path.isfile(whole):  # also a name with brackets in it
        return [os.path.abspath(whole)]
    matches = islice(glob.iglob(pattern, root_dir=folder), MOST_FILES + 1)
    paths = (os.path.abspath(os.path.join(folder, m)) for m in matches)
    return sorted(p for p in paths if os.path.isfile(p))


def _existing(name: str, folder: Path, key: str, found: list[tuple[str, str, str]]) -> str:
    path = os.path.abspath(os.path.join(folder, name))
    if not os.path.isfile(path):
        found.append(
            (key, f"there is no file {shown(name)}", f"check the name; it is taken relative to {folder}")
        )
    return path


def _existing_table(name: str, folder: Path, key: str, found: list[tuple[str, str, str]]) -> str:
    """A file, perhaps with the name of what is meant in it: ``table.csv:ssp245``."""
    head, colon, scenario = name.rpartition(":")
    if colon and os.path.isfile(os.path.join(folder, head)):
        return f"{_existing(head, folder, key, found)}:{scenario}"
    return _existing(name, folder, key, found)


def to_toml(config: RunConfig) -> str:
    """The resolved run as TOML that `load_config` reads back to the same."""
    data = config.model_dump(exclude_none=True)
    return emit_toml(pruned({**data, "intervention": as_entries(config.intervention)}))

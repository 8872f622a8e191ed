"""A catchment: land-use tiles over one karst aquifer, and the chain of streams and reservoirs below its spring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from karstsim.core.classes import AQUATIC_PLANTS, LAND_USES, LITHOLOGIES, WATER_CLASSES
from karstsim.core.errors import InputError
from karstsim.tomlfile import finite_number, one_of, problem, read_toml, shown, suggestion, validated

if TYPE_CHECKING:
    from karstsim.model.registry import Level

DEFAULT_SLOPE = 0.002
FRACTION_TOLERANCE = 1e-6
TABLES = (
    "site",
    "forcing",
    "run",
    "parameters",
    "intervention",
)  # of a run file; a site file has the first only
_FIELDS_OF = {"stream": ("length_km", "slope"), "reservoir": ("area_km2", "depth_m")}


def _flat_overrides(value: object) -> dict[str, float | dict[str, float]]:
    """Overrides with dotted names: ``"soil.depth" = 0.5`` and ``soil.depth = 0.5`` are the same."""
    if not isinstance(value, Mapping):
        raise problem(f"is not a table (it is {shown(value)})", 'write "soil.depth" = 0.5 below [parameters]')
    flat: dict[str, float | dict[str, float]] = {}
    for name, entry in value.items():
        nested = isinstance(entry, Mapping) and set(entry) != {"factor"}
        inner = (
            {f"{name}.{k}": v for k, v in _flat_overrides(entry).items()}
            if nested
            else {name: _one(name, entry)}
        )
        for key in inner:
            if key in flat:
                raise problem(f"sets {shown(key)} twice", "remove one of them")
        flat.update(inner)
    return flat


def _one(name: str, entry: object) -> float | dict[str, float]:
    if isinstance(entry, Mapping):
        return {"factor": _number(name, entry["factor"])}
    return _number(name, entry)


def _number(name: str, value: object) -> float:
    if not finite_number(value):
        raise problem(
            f"{shown(name)} is {shown(value)}, not a finite number",
            f'write "{name[:60]}" = 0.5, or {{ factor = 1.1 }} to multiply the default',
        )
    return float(value)  # type: ignore[arg-type]


def _one_line(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise problem(f"{shown(value)} is not a name", "write one line of ordinary text")
    return value


Overrides = Annotated[dict[str, float | dict[str, float]], BeforeValidator(_flat_overrides)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
LandUse = Annotated[str, AfterValidator(lambda v: one_of(v, LAND_USES))]
Lithology = Annotated[str, AfterValidator(lambda v: one_of(v, LITHOLOGIES))]
WaterClass = Annotated[str, AfterValidator(lambda v: one_of(v, WATER_CLASSES))]
AquaticPlants = Annotated[str, AfterValidator(lambda v: one_of(v, AQUATIC_PLANTS))]


class Section(BaseModel):
    """A table of a TOML file: unknown keys and numbers in quotes are errors, nothing changes afterwards."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        defer_build=True,  # a start builds the checks of the tables that its file has, not of all
    )


class Tile(Section):
    """A part of the catchment with one land use over one lithology (`core.classes`).

    With `grows_from` the land had that use before, and changes its parameters from the year `since` (the first of the
    run, and not before it) over `transition_years` (by default those of design notes 3.12). `name` tells tiles of one
    use apart.
    """

    land_use: LandUse
    area_fraction: float = Field(default=0.0, ge=0.0, le=1.0)
    lithology: Lithology = "limestone"
    name: Name | None = None
    grows_from: LandUse | None = None
    since: int | None = Field(default=None, ge=1, le=9999)
    transition_years: float | None = Field(default=None, gt=0.0, le=1000.0)
    parameters: Overrides = {}

    @property
    def label(self) -> str:
        """Name of the tile in `Site.areas`."""
        return self.name or self.land_use

    @model_validator(mode="after")
    def _transition(self) -> Self:
        if self.grows_from is None:
            for key in ("since", "transition_years"):
                if getattr(self, key) is not None:
                    raise problem(
                        f"{key} without grows_from has no effect", f"add grows_from or remove {key}"
                    )
        return self


class Areas(Section):
    """Area fractions of the tiles, by name, in the years given; linear between them, constant outside."""

    years: list[int] = Field(min_length=1, max_length=10_000)
    fractions: dict[Name, list[float]] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if any(b <= a for a, b in zip(self.years, self.years[1:], strict=False)):
            raise problem("the years do not rise", "list each year once, the first first")
        for name, values in self.fractions.items():
            if len(values) != len(self.years):
                raise problem(
                    f"{shown(name)} has {len(values)} fractions for {len(self.years)} years",
                    "give one a year",
                )
            if min(values) < 0.0:
                raise problem(f"{shown(name)} has a negative fraction", "give fractions from 0 to 1")
        for i, year in enumerate(self.years):
            total = sum(values[i] for values in self.fractions.values())
            if abs(total - 1.0) > FRACTION_TOLERANCE:
                raise problem(f"the fractions of {year} sum to {total:.7g}, not 1", "change them")
        return self


class Box(Section):
    """A well-mixed body of surface water: a stream reach or a reservoir; a dam or a pond is a reservoir more.

    A tributary from outside the karst may enter it: the runoff of `tributary_km2`, a steady `tributary_m3_s`, or both,
    with parameters ``surface_water.tributary_*``. `plants` names what grows in it.
    """

    name: Name
    kind: Literal["stream", "reservoir"]
    water_class: WaterClass
    length_km: float | None = Field(default=None, gt=0.0, le=10_000.0)
    slope: float | None = Field(default=None, gt=0.0, le=1.0)
    area_km2: float | None = Field(default=None, gt=0.0, le=1e5)
    depth_m: float | None = Field(default=None, gt=0.0, le=1000.0)
    plants: AquaticPlants | None = None
    tributary_km2: float = Field(default=0.0, ge=0.0, le=1e7)
    tributary_m3_s: float = Field(default=0.0, ge=0.0, le=1e5)
    parameters: Overrides = {}

    @model_validator(mode="before")
    @classmethod
    def _default_slope(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("kind") == "stream" and data.get("slope") is None:
            return {**data, "slope": DEFAULT_SLOPE}
        return data

    @model_validator(mode="after")
    def _fields_of_kind(self) -> Self:
        for kind, names in _FIELDS_OF.items():
            for name in names:
                given = getattr(self, name) is not None
                if kind == self.kind and not given:
                    raise problem(f"a {self.kind} needs {name}", f"add {name}")
                if kind != self.kind and given:
                    raise problem(f"a {self.kind} has no {name}", f"remove {name}, or set kind = {kind!r}")
        return self


class SinkingStream(Section):
    """A stream from non-karst land that sinks into the karst: its catchment, and parameters ``sinking_stream.*``."""

    name: Name
    area_km2: float = Field(gt=0.0, le=1e7)
    parameters: Overrides = {}


class _Refusing(type(BaseModel)):  # type: ignore[misc]
    """A site made in Python is refused with the words of one read from a file."""

    def __call__(cls, *args: Any, **values: Any) -> Any:
        if args:
            what = f"takes its values by name (the first is {shown(args[0])})"
            raise InputError(
                cls.__name__, what, "write Site(name=..., latitude=...), or Site.from_toml(path)"
            )
        return validated(cls, values, cls.__name__)


class Site(Section, metaclass=_Refusing):
    """One catchment. Areas in km2, elevation in m, temperature in degC.

    `mean_temperature` is the long-term mean of the air, which groundwater takes on; without it the mean of the
    forcing is used. `allogenic_area_km2` lies outside the karst and drains into it; `sinking_streams` are for
    catchments with several such areas, and add to it. The `boxes` follow each other downstream from the spring.
    With `areas` the fractions of the tiles change by the year, and theirs are not used.
    """

    name: Name
    latitude: float = Field(ge=-90.0, le=90.0)
    longitude: float = Field(ge=-180.0, le=360.0)
    elevation: float = Field(ge=-450.0, le=9000.0)
    area_km2: float = Field(gt=0.0, le=1e7)
    mean_temperature: float | None = Field(default=None, ge=-30.0, le=45.0)
    allogenic_area_km2: float = Field(default=0.0, ge=0.0, le=1e7)
    tiles: list[Tile] = Field(min_length=1, max_length=100)
    boxes: list[Box] = Field(default=[], max_length=100)
    sinking_streams: list[SinkingStream] = Field(default=[], max_length=100)
    areas: Areas | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = sum(tile.area_fraction for tile in self.tiles)
        if self.areas is None and abs(total - 1.0) > FRACTION_TOLERANCE:
            raise problem(
                f"the area fractions of the tiles sum to {total:.7g}, not 1",
                "change them so that they sum to 1",
            )
        if self.areas is not None:
            self._check_areas(self.areas)
        for kind, parts in (("boxes", self.boxes), ("sinking streams", self.sinking_streams)):
            names = [part.name for part in parts]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise problem(f"two {kind} are called {shown(twice[0])}", "give each its own name")
        return self

    def _check_areas(self, areas: Areas) -> None:
        labels = [tile.label for tile in self.tiles]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise problem(f"two tiles are called {shown(twice[0])}", "give each a name of its own")
        if set(areas.fractions) != set(labels):
            odd = sorted(set(areas.fractions) ^ set(labels))[0]
            raise problem(
                f"areas.fractions and the tiles differ in {shown(odd)}",
                "give fractions for every tile, by name",
            )

    @property
    def rows(self) -> dict[Level, int]:
        """Rows of one catchment in the tables of each level."""
        n = {"tile": len(self.tiles), "box": len(self.boxes), "sinking_stream": len(self.sinking_streams)}
        return {"column": 1, **n}  # type: ignore[dict-item]

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """The ``[site]`` table of a TOML file (a site file, or a run file with its site in it)."""
        data = read_toml(Path(path))
        for name in data:
            if name not in TABLES:
                raise InputError(f"{path}, {name[:60]}", "is not a known table", suggestion(name, TABLES))
        if "site" not in data:
            raise InputError(
                str(path), "has no [site] table", "`karstsim new site` writes a complete example"
            )
        read_areas(data["site"], Path(path).parent, str(path))
        return cls.from_dict(data["site"], where=str(path))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "site") -> Self:
        """A site from plain values; InputError names every wrong key."""
        site = validated(cls, data, where, prefix="" if where == "site" else "site")
        site.check_parameters(where)
        return site

    def check_parameters(self, where: str) -> None:
        """InputError for an override of a tile, box or stream that is no parameter or lies outside its bounds."""
        for group in ("tiles", "boxes", "sinking_streams"):
            for i, part in enumerate(getattr(self, group)):
                check_overrides(part.parameters, f"{where}, site.{group}[{i}].parameters")


def read_areas(site: Any, folder: Path, where: str) -> None:
    """Put years and fractions in the place of ``areas.file`` in the plain values of a site.

    Classes of a LUH2 file that have no tile are left out when they have no area either.
    """
    areas = site.get("areas") if isinstance(site, dict) else None
    if not isinstance(areas, dict) or "file" not in areas:
        return
    from karstsim.forcing.land_use import read_land_use

    if not isinstance(areas["file"], str) or len(areas) > 1:
        raise InputError(f"{where}, site.areas", "has a file and other keys", "give the file alone, as text")
    tiles = site.get("tiles")
    tiles = [t for t in tiles if isinstance(t, dict)] if isinstance(tiles, list) else []
    labels = {t.get("name", t.get("land_use")) for t in tiles}
    place = [
        site[key] if isinstance(site.get(key), int | float) else None for key in ("longitude", "latitude")
    ]
    years, fractions = read_land_use(folder / areas["file"], *place)
    kept = {name: values for name, values in fractions.items() if name in labels or max(values) > 0.0}
    site["areas"] = {"years": years, "fractions": kept}


def check_overrides(overrides: Mapping[str, float | Mapping[str, float]], where: str) -> None:
    """InputError for an override that is no parameter or lies outside its bounds."""
    if overrides:
        # Loads every process; files without overrides need none of them.
        from karstsim.model.parameters import check_overrides as check

        check(overrides, where)

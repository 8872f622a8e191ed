"""What people do, as data: one record per kind, dated by calendar years, for `[[intervention]]` tables and for Python.

A record says when, where and how much. What it changes in the model stands in `changes`; nothing here computes. Ranges
are those of design notes 8; values that go straight into a parameter have the bounds of that parameter, see
`karstsim parameters`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from karstsim.core.constants import MOLAR_MASS_CACO3
from karstsim.core.errors import InputError
from karstsim.model.site import AquaticPlants, LandUse, Name, Section
from karstsim.tomlfile import problem, shown, suggestion, validated

DESIGN = "design; design notes 8"
REQUIRED: Any = ...
MOLAR_MASS_MGCO3 = 84.314  # g mol-1
MAGNESIUM_IN_DOLOMITE = 0.5  # per mole of carbonate
_FIRST_DAY = re.compile(r"(\d{4})(-01(-01)?)?")


def _year(value: object) -> object:
    """A calendar year; a date must be the first of January, when parameters may change."""
    if isinstance(value, datetime.date):
        value = value.isoformat()[:10]
    if isinstance(value, str):
        match = _FIRST_DAY.fullmatch(value)
        if match is None:
            raise problem(
                f"{shown(value)} is no beginning of a year, and a run changes only on 1 January",
                "give the year, as in 2030",
            )
        value = int(match[1])
    return value


Year = Annotated[int, BeforeValidator(_year), Field(ge=1, le=9999)]


def amount(
    default: float | None, lower: float, upper: float, units: str, doc: str, source: str = DESIGN
) -> Any:
    """A number of a record: default, bounds, units, meaning and source, declared once."""
    return Field(
        default=default,
        ge=lower,
        le=upper,
        description=doc,
        json_schema_extra={"units": units, "source": source},
    )


def like(parameter: str, doc: str = "") -> Any:
    """A number that stands for a parameter of the model, with its bounds; without it the site's own value stays."""
    return Field(default=None, description=doc, json_schema_extra={"parameter": parameter})


class Intervention(Section):
    """One thing that people do, from the 1st of January of `start` to the end of the year `end` (for good without it).

    `cost` is paid in the first year and `yearly_cost` in all, in CNY for the whole catchment.
    """

    KIND: ClassVar[str] = ""
    start: Year
    end: Year | None = None
    name: Name | None = None
    cost: float = amount(0.0, 0.0, 1e12, "CNY", "paid in the first year", "site")
    yearly_cost: float = amount(0.0, 0.0, 1e12, "CNY year-1", "paid in every year", "site")

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise problem(f"end {self.end} is before start {self.start}", "exchange or correct them")
        return self

    def active(self, year: int) -> bool:
        """Whether it acts in a calendar year."""
        return self.start <= year and (self.end is None or year <= self.end)

    @property
    def label(self) -> str:
        return self.name or self.KIND


class OfTiles(Intervention):
    """On tiles, by name or land use; on all of them without names."""

    tiles: list[Name] = Field(default=[], max_length=100)


class OfBoxes(Intervention):
    """In boxes of surface water, by name; in all of them without names."""

    boxes: list[Name] = Field(default=[], max_length=100)


class VegetationRestoration(Intervention):
    """Land of one tile takes another use and grows into it, as tiles with `grows_from` do (design notes 3.12).

    `area_fraction` of the karst area leaves the tile `from_tile` (all that it has in the first year without a number),
    evenly over `planting_years`, and becomes a tile of its own.
    """

    model_config = ConfigDict(populate_by_name=True)
    KIND: ClassVar[str] = "vegetation_restoration"
    from_tile: Name = Field(alias="from")
    to: LandUse
    area_fraction: float | None = amount(None, 0.0, 1.0, "1", "of the karst area", "site")
    planting_years: int = Field(default=1, ge=1, le=100)
    transition_years: float | None = amount(
        None,
        0.1,
        1000.0,
        "year",
        "e-folding time; by default that of the land use",
        "design; design notes 3.12",
    )

    @model_validator(mode="after")
    def _for_good(self) -> Self:
        if self.end is not None:
            raise problem("has an end, but land grows on", "remove end; add another restoration back")
        if self.area_fraction == 0.0:
            raise problem(
                "moves no land: area_fraction is 0", "give a share of the karst area, or leave it out"
            )
        return self

    @property
    def label(self) -> str:
        return self.name or f"{self.to}_since_{self.start}"


class SoilImprovement(OfTiles):
    """Organic matter, tillage, mulch, biochar and fertiliser; only what is named acts (design notes 8)."""

    KIND: ClassVar[str] = "soil_improvement"
    manure: float = amount(0.0, 0.0, 10.0, "t ha-1 year-1", "carbon in farmyard manure; 2 is usual")
    straw: float = amount(0.0, 0.0, 10.0, "t ha-1 year-1", "carbon in straw brought in")
    straw_return: float = amount(0.0, 0.0, 1.0, "1", "share of the harvested straw that stays; 0.5 is usual")
    harvest_index: float = amount(
        0.5,
        0.2,
        0.8,
        "1",
        "grain in what is harvested; the rest is straw",
        "design; about 0.5 in cereals, recalled",
    )
    no_till: bool = False
    mulch: float = amount(0.0, 0.0, 0.6, "1", "share of soil evaporation that it saves; 0.3 is usual")
    water_capacity: float = amount(0.0, 0.0, 0.2, "1", "relative gain of field capacity; 0.1 to 0.2")
    biochar: float = amount(0.0, 0.0, 20.0, "t ha-1", "carbon in biochar, spread once; 5 to 20 is usual")
    fertiliser: float = amount(0.0, 0.0, 500.0, "kg ha-1 year-1", "nitrogen beyond what is spread already")
    fertiliser_response: float = amount(0.1, 0.0, 0.5, "1", "relative gain of the light-use efficiency by it")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        acts = (
            "manure",
            "straw",
            "straw_return",
            "no_till",
            "mulch",
            "water_capacity",
            "biochar",
            "fertiliser",
        )
        if not any(getattr(self, name) for name in acts):
            raise problem("names nothing that it does", f"give one of {', '.join(acts)}")
        return self


class Irrigation(OfTiles):
    """Water from outside (design notes 3.7, 8). The efficiency is the share that reaches the soil.

    By the calendar `depth` is divided evenly over the season; by the deficit it is the soil's own need, and `depth`
    means nothing.
    """

    KIND: ClassVar[str] = "irrigation"
    rule: Literal["calendar", "deficit"] = "calendar"
    depth: float = amount(
        300.0, 1.0, 1500.0, "mm year-1", "withdrawn in a year; 100 to 500, paddies more", DESIGN
    )
    first_day: int = Field(default=121, ge=1, le=366)
    last_day: int = Field(default=273, ge=1, le=366)
    interval: int = Field(default=10, ge=1, le=366)
    trigger: float | None = like("soil.irrigation_trigger")
    target: float | None = like("soil.irrigation_target")
    most: float = amount(20.0, 0.1, 20.0, "mm d-1", "by the deficit", DESIGN)
    efficiency: float | None = like("soil.irrigation_efficiency")
    source: Literal["karst_spring", "allogenic", "river", "own_aquifer"] = "river"


class AllogenicDiversion(Intervention):
    """The runoff of non-karst land is led into the karst or one of the site's sinking streams (design notes 3.7, 8)."""

    KIND: ClassVar[str] = "allogenic_diversion"
    area_km2: float = amount(REQUIRED, 0.0, 1e7, "km2", "whose runoff comes in addition", "site")
    stream: Name | None = None


class AquaticPlanting(OfBoxes):
    """Submerged plants: which, on what share of the bed, how much is cut (design notes 6.4, 8)."""

    KIND: ClassVar[str] = "aquatic_plants"
    species: AquaticPlants | None = None
    cover: float | None = amount(
        None, 0.0, 0.8, "1", "share of the bed; without it 0.5, or what is there where that is more"
    )
    harvest: float = amount(0.0, 0.0, 0.5, "year-1", "share of the stand cut and taken away in a year")
    burial_gain: float = amount(
        0.1, 0.0, 0.3, "1", "added to the burial efficiency: a stand holds its sediment"
    )


class Powder(OfTiles):
    """Ground carbonate rock on soil, every `interval` years as much as the rate makes in that time (notes 8.1)."""

    rate: float = amount(50.0, 1.0, 500.0, "t km-2 year-1", "of rock")
    interval: int = Field(default=1, ge=1, le=50)
    day: int | None = like("soil.powder_day")
    diameter: float | None = like("soil.powder_diameter")
    deviation: float | None = like("soil.powder_deviation")
    roughness: float | None = like("soil.powder_roughness")
    co2_cost: float = amount(
        0.035, 0.0, 0.2, "t t-1", "CO2 of quarrying, grinding and transport per rock; 0.02 to 0.05"
    )

    @property
    def molar_mass(self) -> float:
        """Grams of rock per mole of carbonate."""
        return MOLAR_MASS_CACO3


class LimestonePowder(Powder):
    """Limestone powder."""

    KIND: ClassVar[str] = "limestone_powder"


class DolomitePowder(Powder):
    """Dolomite powder: `dolomite` is its share of the carbonate, the rest is calcite."""

    KIND: ClassVar[str] = "dolomite_powder"
    dolomite: float = amount(1.0, 0.0, 1.0, "1", "share of the carbonate", DESIGN)

    @property
    def molar_mass(self) -> float:
        magnesium = MAGNESIUM_IN_DOLOMITE * self.dolomite
        return (1.0 - magnesium) * MOLAR_MASS_CACO3 + magnesium * MOLAR_MASS_MGCO3


class CarbonicAnhydrase(Intervention):
    """More carbonic anhydrase: a factor on its effect in soil, aquifer or surface water (design notes 4.7, 8)."""

    KIND: ClassVar[str] = "carbonic_anhydrase"
    factor: float = amount(2.0, 1.0, 20.0, "1", "on the ca_factor of each place, which may not exceed 20")
    where: list[Literal["soil", "aquifer", "surface_water"]] = Field(default=["soil"], min_length=1)


class BicarbonatePlants(OfTiles):
    """Plants whose roots take up bicarbonate (design notes 5.4): a species, or a share of the DIC that reaches them."""

    KIND: ClassVar[str] = "bicarbonate_plants"
    species: (
        Literal["generic", "Morus alba", "Orychophragmus violaceus", "Broussonetia papyrifera"] | None
    ) = None
    uptake: float | None = like("vegetation.bicarbonate_uptake")
    with_calcium: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.species is None) == (self.uptake is None):
            raise problem("needs one of species and uptake", 'write species = "Morus alba" or uptake = 0.2')
        return self


class AcidLoad(OfTiles):
    """A relative change of the acids of sulfur and nitrogen that fall, dry and with rain (design notes 4.6, 8).

    Rain falls on all tiles; with names only their dry deposition changes.
    """

    KIND: ClassVar[str] = "acid_load"
    sulfur: float = amount(0.0, -0.5, 0.5, "1", "relative change")
    nitrogen: float = amount(0.0, -0.5, 0.5, "1", "relative change")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.sulfur or self.nitrogen):
            raise problem(
                "names nothing that it does", "give sulfur or nitrogen, as 0.5 for half as much again"
            )
        return self


class Dam(Intervention):
    """A reach becomes a reservoir: it fills first, and has the water class reservoir from then on (notes 6, 8)."""

    KIND: ClassVar[str] = "dam"
    box: Name
    area_km2: float = amount(REQUIRED, 1e-5, 1e5, "km2", "of the water surface", "site")
    depth_m: float = amount(REQUIRED, 0.05, 200.0, "m", "mean depth when full", "site")


KINDS: dict[str, type[Intervention]] = {
    cls.KIND: cls
    for cls in (
        VegetationRestoration,
        SoilImprovement,
        Irrigation,
        AllogenicDiversion,
        AquaticPlanting,
        LimestonePowder,
        DolomitePowder,
        CarbonicAnhydrase,
        BicarbonatePlants,
        AcidLoad,
        Dam,
    )
}
STRUCTURAL = {
    "pond": 'add a [[site.boxes]] with water_class = "pond"; a dam on a reach can be dated: kind = "dam"',
}


def read_interventions(entries: object, where: str) -> list[Intervention]:
    """Records out of the `[[intervention]]` tables of a file. InputError names the table and its key."""
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise InputError(f"{where}, intervention", "is not a list of tables", "write it as [[intervention]]")
    return [_read(dict(entry), where, f"intervention[{i}]") for i, entry in enumerate(entries)]


def _read(entry: dict[str, Any], where: str, key: str) -> Intervention:
    kind = entry.pop("kind", None)
    if kind in STRUCTURAL:
        what = f"{kind} cannot begin within a run: it is one more box of the chain"
        raise InputError(f"{where}, {key}.kind", what, STRUCTURAL[kind])
    if kind not in KINDS:
        what = "is missing" if kind is None else f"{shown(kind)} is not known"
        raise InputError(f"{where}, {key}.kind", what, suggestion(str(kind), KINDS))
    return validated(KINDS[kind], entry, where, prefix=key)


def check_dates(interventions: Sequence[Intervention], last: int) -> None:
    """InputError for an intervention that begins after the last year of a run and would do nothing."""
    for i, what in enumerate(interventions):
        if what.start > last:
            raise InputError(
                f"intervention[{i}].start",
                f"{what.label} begins in {what.start}, after the end of the run in {last}",
                "begin earlier, or lengthen the forcing",
            )


def as_entries(interventions: Sequence[Intervention]) -> list[dict[str, Any]]:
    """The records as plain values that `read_interventions` reads back."""
    return [
        {"kind": i.KIND, **i.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)}
        for i in interventions
    ]

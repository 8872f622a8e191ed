"""What each intervention changes in the parameters of the model: the only place that knows.

A change names one parameter, the rows of its table, and the value that it takes out of what it was. Changes of one
intervention and of several follow each other, so factors multiply and amounts add up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np

from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.errors import InputError
from karstsim.model.interventions import records
from karstsim.model.interventions.records import Intervention
from karstsim.model.parameters import by_name
from karstsim.model.registry import Level
from karstsim.model.site import Site
from karstsim.processes.soil.irrigation import IrrigationRule, IrrigationSource
from karstsim.processes.vegetation.root_bicarbonate import UPTAKE_OF_SPECIES
from karstsim.tomlfile import suggestion

GRAMS_PER_T_HA = 100.0  # g m-2 in 1 t ha-1
GRAMS_PER_KG_HA = 0.1
MOLAR_MASS_N = 14.007
UNTILLED = 1.0  # soil.tillage of land that is not ploughed                                [design notes 3.12]
CHAR_POROSITY, CHAR_WATER = 0.02, 1.05  # of soil with biochar                                [design notes 8]
PLANTED = (
    0.5  # share of the bed, where the record has none                                   [design notes 8]
)
RESERVOIR = "reservoir"

Values = np.ndarray
Rule = Callable[[Values, np.ndarray], Values]  # (what it was, the rows' whole records) -> what it becomes


@dataclass(frozen=True)
class Change:
    """One parameter in some rows of its table (all without rows)."""

    parameter: str
    rule: Rule
    rows: tuple[int, ...] | None = None

    @property
    def level(self) -> Level:
        return by_name()[self.parameter].level


def put(value: float) -> Rule:
    """The parameter takes a value."""
    return lambda was, _: np.full_like(was, value)


def times(factor: float) -> Rule:
    return lambda was, _: was * factor


def plus(amount: float) -> Rule:
    return lambda was, _: was + amount


def changes_of(what: Intervention, site: Site, year: int) -> list[Change]:
    """All changes of an intervention in a year in which it is active."""
    return list(_RULES[type(what)](what, site, year)) if type(what) in _RULES else []


def rows_of(names: Sequence[str], known: Sequence[str], where: str, kind: str) -> tuple[int, ...]:
    """Places of the named tiles, boxes or streams; all of them without names."""
    for name in names:
        if name not in known:
            mend = suggestion(name, known) if known else f"the site has no {kind}; add one"
            raise InputError(where, f"{name!r} is no {kind} of the site", mend)
    if not known:
        raise InputError(where, f"needs a {kind}, and the site has none", f"add a {kind} to the site")
    return tuple(i for i, label in enumerate(known) if not names or label in names)


def tiles_of(what: records.OfTiles, site: Site) -> tuple[int, ...]:
    """Places of the tiles that an intervention names; all of them without names."""
    names = {t.label for t in site.tiles} | {t.land_use for t in site.tiles}
    for name in what.tiles:
        if name not in names:
            raise InputError(
                f"{what.label}, tiles", f"{name!r} is no tile of the site", suggestion(name, names)
            )
    return tuple(
        i for i, t in enumerate(site.tiles) if not what.tiles or {t.label, t.land_use} & set(what.tiles)
    )


def _boxes(names: Sequence[str], what: Intervention, site: Site, key: str) -> tuple[int, ...]:
    return rows_of(names, [b.name for b in site.boxes], f"{what.label}, {key}", "box")


def _given(rows: tuple[int, ...], **values: float | None) -> Iterator[Change]:
    """Soil parameters that the record gives."""
    for name, value in values.items():
        if value is not None:
            yield Change(f"soil.{name}", put(value), rows)


def soil_improvement(what: records.SoilImprovement, site: Site, year: int) -> Iterator[Change]:
    rows = tiles_of(what, site)
    carbon = GRAMS_PER_T_HA / MOLAR_MASS_C
    if what.manure:
        yield Change("soil.manure_rate", plus(what.manure * carbon), rows)
    if what.straw:
        yield Change("soil.straw_rate", plus(what.straw * carbon), rows)
    if what.straw_return:
        left = 1.0 - what.straw_return * (1.0 - what.harvest_index)
        # A later year may lie fallow; one that never has a harvest is seen in the first.
        rule = partial(_harvested, left) if year == what.start else times(left)
        yield Change("vegetation.harvest", rule, rows)
    if what.no_till:
        # As with straw: what the first year ploughs, a later one may leave.
        rule = _ploughed if year == what.start else _unploughed
        yield Change("soil.tillage", rule, rows)
    if what.mulch:
        # Evaporation is the part of the demand that transpiration leaves; transpiration itself stays what it was.
        yield Change("vegetation.crop_coefficient", partial(_mulched_demand, what.mulch), rows)
        yield Change("soil.transpiration_share", partial(_mulched_share, what.mulch), rows)
    if what.water_capacity:
        yield Change("soil.field_capacity_ratio", times(1.0 + what.water_capacity), rows)
    if what.biochar:
        if year == what.start:
            yield Change("soil.biochar_rate", plus(what.biochar * carbon), rows)
        yield Change("soil.porosity", plus(CHAR_POROSITY), rows)
        yield Change("soil.field_capacity_ratio", times(CHAR_WATER), rows)
    if what.fertiliser:
        nitrogen = what.fertiliser * GRAMS_PER_KG_HA / MOLAR_MASS_N
        yield Change("soil.fertiliser_nitrogen", plus(nitrogen), rows)
        yield Change("vegetation.light_use_efficiency", times(1.0 + what.fertiliser_response), rows)


def _unploughed(was: Values, _: np.ndarray) -> Values:
    return np.minimum(was, UNTILLED)


def _ploughed(was: Values, rows: np.ndarray) -> Values:
    if (was <= UNTILLED).all():
        raise InputError(
            "soil_improvement, no_till",
            "these tiles are not ploughed, so that there is nothing to stop",
            "name tiles that are (soil.tillage above 1), as cropland",
        )
    return _unploughed(was, rows)


def _harvested(left: float, was: Values, _: np.ndarray) -> Values:
    if not was.any():
        raise InputError(
            "soil_improvement, straw_return",
            "nothing is harvested on these tiles, so that no straw can stay",
            "name tiles with a harvest, as cropland, or bring straw in (straw)",
        )
    return was * left


def _demand_left(mulch: float, rows: np.ndarray) -> Values:
    return 1.0 - mulch * (1.0 - rows["soil"]["transpiration_share"])


def _mulched_demand(mulch: float, was: Values, rows: np.ndarray) -> Values:
    if (rows["soil"]["layers"] != 0).any():
        raise InputError(
            "soil_improvement, mulch",
            "acts through soil.transpiration_share, which soils with layers do not read",
            "set soil.layers = 0, or leave mulch out",
        )
    return was * _demand_left(mulch, rows)


def _mulched_share(mulch: float, was: Values, rows: np.ndarray) -> Values:
    return was / _demand_left(mulch, rows)


def irrigation(what: records.Irrigation, site: Site, year: int) -> Iterator[Change]:
    rows = tiles_of(what, site)
    yield Change("soil.irrigation_rule", put(IrrigationRule[what.rule.upper()]), rows)
    yield Change("soil.irrigation_source", put(IrrigationSource[what.source.upper()]), rows)
    yield from _given(
        rows,
        irrigation_first_day=float(what.first_day),
        irrigation_last_day=float(what.last_day),
        irrigation_efficiency=what.efficiency,
    )
    if what.rule == "deficit":
        yield from _given(
            rows,
            irrigation_rate=what.most,
            irrigation_trigger=what.trigger,
            irrigation_target=what.target,
        )
        return
    depth = what.depth / irrigations(what)
    yield from _given(rows, irrigation_interval=float(what.interval), irrigation_depth=depth)


def irrigations(what: records.Irrigation) -> int:
    """How often the calendar irrigates in a year."""
    days = what.last_day - what.first_day + 1
    if days <= 0:
        days += 365
    return math.ceil(days / what.interval)


def allogenic_diversion(what: records.AllogenicDiversion, site: Site, year: int) -> Iterator[Change]:
    ratio = plus(what.area_km2 / site.area_km2)
    if what.stream is None:
        yield Change("aquifer.allogenic_area_ratio", ratio)
        return
    known = [s.name for s in site.sinking_streams]
    rows = rows_of([what.stream], known, f"{what.label}, stream", "sinking stream")
    yield Change("sinking_stream.allogenic_area_ratio", ratio, rows)


def aquatic_plants(what: records.AquaticPlanting, site: Site, year: int) -> Iterator[Change]:
    rows = _boxes(what.boxes, what, site, "boxes")
    for row in rows if what.species else ():
        yield from _species(str(what.species), site, row)
    if what.cover is not None or what.species not in by_name()["surface_water.plant_cover"].param.by_plant:
        yield Change("surface_water.plant_cover", partial(_planted, what), rows)
    yield Change("surface_water.plant_harvest", plus(what.harvest), rows)
    yield Change("surface_water.burial_efficiency", plus(what.burial_gain), rows)


def _planted(what: records.AquaticPlanting, was: Values, _: np.ndarray) -> Values:
    if what.cover is None:
        return np.maximum(was, PLANTED)
    if what.species is None and (was > what.cover).any():
        raise InputError(
            f"{what.label}, cover",
            f"is {what.cover:g}, and plants may grow on {was.max():g} of the bed already: they would be cleared",
            "name the species that takes their place, or leave cover out",
        )
    return np.full_like(was, what.cover)


def _species(species: str, site: Site, row: int) -> Iterator[Change]:
    """What a kind of plant sets; where the one before it has set more, the water class speaks again."""
    box = site.boxes[row]
    for name, address in by_name().items():
        p = address.param
        if species in p.by_plant:
            yield Change(name, put(p.by_plant[species]), (row,))
        elif box.plants in p.by_plant and name not in box.parameters:
            yield Change(name, put(p.by_class.get(box.water_class, p.default)), (row,))


def powder(what: records.Powder, site: Site, year: int) -> Iterator[Change]:
    rows = tiles_of(what, site)
    if (year - what.start) % what.interval == 0:
        amount = what.rate * what.interval / what.molar_mass
        dolomite = what.dolomite if isinstance(what, records.DolomitePowder) else 0.0
        yield Change("soil.powder_dolomite", partial(_mixed_powder, amount, dolomite), rows)
        yield Change("soil.powder_rate", plus(amount), rows)
    yield from _given(
        rows,
        powder_day=what.day,
        powder_diameter=what.diameter,
        powder_deviation=what.deviation,
        powder_roughness=what.roughness,
    )


def _mixed_powder(amount: float, dolomite: float, was: Values, rows: np.ndarray) -> Values:
    """Share of dolomite when `amount` joins what the year spreads already."""
    there = rows["soil"]["powder_rate"]
    return (was * there + dolomite * amount) / (there + amount)


def carbonic_anhydrase(what: records.CarbonicAnhydrase, site: Site, year: int) -> Iterator[Change]:
    for place in what.where:
        yield Change(f"{place}.ca_factor", times(what.factor))


def bicarbonate_plants(what: records.BicarbonatePlants, site: Site, year: int) -> Iterator[Change]:
    rows = tiles_of(what, site)
    uptake = what.uptake if what.species is None else UPTAKE_OF_SPECIES[what.species]
    yield Change("vegetation.bicarbonate_uptake", put(cast(float, uptake)), rows)
    yield Change("vegetation.bicarbonate_alkalinity", put(float(what.with_calcium)), rows)


def acid_load(what: records.AcidLoad, site: Site, year: int) -> Iterator[Change]:
    rows = tiles_of(what, site)
    for dry, wet, change in (("sulfur", "so4", what.sulfur), ("nitrogen", "no3", what.nitrogen)):
        yield Change(f"soil.dry_{dry}", times(1.0 + change), rows)
        if not what.tiles:
            yield Change(f"atmosphere.rain_{wet}", times(1.0 + change))


def dam(what: records.Dam, site: Site, year: int) -> Iterator[Change]:
    rows = _boxes([what.box], what, site, "box")
    box = site.boxes[rows[0]]
    if box.kind == RESERVOIR:
        mend = "name a stream; a reservoir is there already"
        raise InputError(f"{what.label}, box", f"{box.name!r} is a reservoir", mend)
    for name, address in by_name().items():
        p = address.param
        if RESERVOIR in p.by_class and name not in box.parameters and box.plants not in p.by_plant:
            yield Change(name, put(p.by_class[RESERVOIR]), rows)
    yield Change("surface_water.reservoir", put(1.0), rows)
    yield Change("surface_water.reservoir_area", put(what.area_km2), rows)
    yield Change("surface_water.reservoir_depth", put(what.depth_m), rows)


_RULES: dict[type[Intervention], Any] = {
    records.SoilImprovement: soil_improvement,
    records.Irrigation: irrigation,
    records.AllogenicDiversion: allogenic_diversion,
    records.AquaticPlanting: aquatic_plants,
    records.LimestonePowder: powder,
    records.DolomitePowder: powder,
    records.CarbonicAnhydrase: carbonic_anhydrase,
    records.BicarbonatePlants: bicarbonate_plants,
    records.AcidLoad: acid_load,
    records.Dam: dam,
}

"""The parameter records that kernels read: defaults by class, overrides of the site, overrides of the members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from karstsim.core.errors import InputError
from karstsim.core.spec import new_table
from karstsim.model.parameters import Overrides, by_name, check_bounds, check_overrides
from karstsim.model.registry import PARAM_DTYPES, Level, constraints
from karstsim.model.site import Box, SinkingStream, Site, Tile
from karstsim.processes.aquifer.storage import Structure

Layer = tuple[str, Overrides]  # where it stands, and what it sets


def _site_values(site: Site) -> dict[str, float]:
    return {
        "atmosphere.latitude": site.latitude,
        "atmosphere.elevation": site.elevation,
        "aquifer.allogenic_area_ratio": site.allogenic_area_km2 / site.area_km2,
    }


def _box_values(site: Site, box: Box) -> dict[str, float]:
    values: dict[str, float | None] = {
        "surface_water.reservoir": float(box.kind == "reservoir"),
        "surface_water.catchment_area": site.area_km2,
        "surface_water.reach_length": box.length_km,
        "surface_water.slope": box.slope,
        "surface_water.reservoir_area": box.area_km2,
        "surface_water.reservoir_depth": box.depth_m,
        "surface_water.tributary_area_ratio": box.tributary_km2 / site.area_km2,
        "surface_water.tributary_discharge": box.tributary_m3_s,
    }
    return {name: value for name, value in values.items() if value is not None}


def _plant_values(box: Box) -> dict[str, float]:
    """What the plants that a box names set."""
    if box.plants is None:
        return {}
    return {n: a.param.by_plant[box.plants] for n, a in by_name().items() if box.plants in a.param.by_plant}


def _rock_values(tile: Tile) -> dict[str, float]:
    """What the lithology of a tile sets."""
    return {
        n: a.param.by_lithology[tile.lithology]
        for n, a in by_name().items()
        if tile.lithology in a.param.by_lithology
    }


@cache
def _class_values(level: Level, class_name: str) -> Mapping[str, float]:
    """Defaults of one class, by dotted name."""
    return {
        n: a.param.by_class.get(class_name, a.param.default) for n, a in by_name().items() if a.level == level
    }


def _row(level: Level, class_name: str, layers: Sequence[Layer]) -> dict[str, float]:
    """Values of one row by dotted name: class default, then each layer of overrides in turn."""
    values = dict(_class_values(level, class_name))
    for where, layer in layers:
        check_overrides(layer, where)
        for name, value in layer.items():
            if name not in values:
                continue
            values[name] = values[name] * value["factor"] if isinstance(value, Mapping) else float(value)
    where = f"{class_name or level} after all overrides"
    for name, value in values.items():
        check_bounds(by_name()[name], value, where)
    _check_constraints(values, where, layers)
    return values


def _check_constraints(values: Mapping[str, float], where: str, layers: Sequence[Layer]) -> None:
    by_compartment: dict[str, dict[str, float]] = {}
    for name, value in values.items():
        compartment, _, parameter = name.partition(".")
        by_compartment.setdefault(compartment, {})[parameter] = value
    for compartment, own in sorted(by_compartment.items()):
        for constraint in constraints(compartment):
            if constraint.holds(own):
                continue
            key = f"{compartment}.{constraint.key}"
            setters = [source for source, layer in layers if key in layer]
            raise InputError(
                f"{setters[-1]}, {key}" if setters else f"{where}, compartment {compartment!r}",
                f"the parameters do not satisfy {constraint.text}",
                constraint.mend,
            )


def _fill(table: np.ndarray, index: tuple[int, ...], values: Mapping[str, float]) -> None:
    for name, value in values.items():
        compartment, field = name.split(".")
        table[compartment][field][index] = value


def parameter_tables(site: Site, members: Sequence[Overrides]) -> dict[Level, np.ndarray]:
    """Parameter records of all members by level: ``column`` (n,), ``tile`` (n, n_tiles), and so on.

    site     tiles, boxes and sinking streams with their own overrides
    members  one mapping of overrides per member, on top of the site's
    Raises InputError for an unknown name or a value outside its bounds.
    """
    n = len(members)
    shapes: dict[Level, tuple[int, ...]] = {
        "column": (n,),
        "tile": (n, len(site.tiles)),
        "box": (n, len(site.boxes)),
        "sinking_stream": (n, len(site.sinking_streams)),
    }
    tables = {level: new_table(shape, PARAM_DTYPES[level])[0] for level, shape in shapes.items()}
    for i, member in enumerate(members):
        last: list[Layer] = [("member", member)]
        column = _row("column", "", [("site", _site_values(site)), *last])
        _fill(tables["column"], (i,), column)
        for j, tile in enumerate(site.tiles):
            _fill(tables["tile"], (i, j), _tile_row(tile, last))
        _check_reservoirs(Structure(int(column["aquifer.structure"])), tables["tile"][i])
        for j, box in enumerate(site.boxes):
            where = f"box {box.name}"
            _check_level(box.parameters, "box", where)
            own = _box_values(site, box) | _plant_values(box)
            layers: list[Layer] = [("box", own), (where, box.parameters), *last]
            _fill(tables["box"], (i, j), _row("box", box.water_class, layers))
        for j, stream in enumerate(site.sinking_streams):
            _fill(tables["sinking_stream"], (i, j), _stream_row(site, stream, last))
    return tables


def _tile_row(tile: Tile, last: list[Layer]) -> dict[str, float]:
    where = f"tile {tile.land_use}"
    _check_level(tile.parameters, "tile", where)
    return _row("tile", tile.land_use, [("tile", _rock_values(tile)), (where, tile.parameters), *last])


def _stream_row(site: Site, stream: SinkingStream, last: list[Layer]) -> dict[str, float]:
    where = f"sinking stream {stream.name}"
    _check_level(stream.parameters, "sinking_stream", where)
    area = {"sinking_stream.allogenic_area_ratio": stream.area_km2 / site.area_km2}
    return _row("sinking_stream", "", [("site", area), (where, stream.parameters), *last])


def _check_reservoirs(structure: Structure, tiles: np.ndarray) -> None:
    """InputError for reservoirs under compartments that differ in number between tiles."""
    counts = [int(n) for n in np.unique(tiles["epikarst"]["compartments"])]
    if structure is not Structure.MATRIX_AND_CONDUIT and len(counts) > 1:
        raise InputError(
            f"parameter 'aquifer.structure' = {int(structure)} ({structure.name.lower()})",
            "has one reservoir under each soil-epikarst compartment, but 'epikarst.compartments' is "
            f"{' and '.join(map(str, counts))} in tiles of one catchment",
            "give all tiles the same 'epikarst.compartments', or choose structure 0",
        )


def _check_level(overrides: Overrides, level: Level, where: str) -> None:
    """InputError for an override in a tile or box that belongs elsewhere and would have no effect there."""
    for name in overrides:
        address = by_name().get(name)
        if address is not None and address.level != level:
            raise InputError(
                f"{where}, parameter {name!r}",
                f"belongs to the {address.level}, not to a {level}",
                "move it to [parameters]" if address.level == "column" else f"move it to a {address.level}",
            )

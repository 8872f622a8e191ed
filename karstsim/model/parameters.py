"""Parameters: the table of all, the check of overrides, and the records that kernels read."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from karstsim.core.errors import InputError
from karstsim.core.spec import new_table
from karstsim.model.registry import PARAM_DTYPES, Address, Level, addresses, constraints
from karstsim.processes.aquifer.storage import Structure

if TYPE_CHECKING:
    import pandas as pd

    from karstsim.model.site import Box, SinkingStream, Site, Tile

Override = float | Mapping[str, float]
Overrides = Mapping[str, Override]
Layer = tuple[str, Overrides]  # where it stands, and what it sets


@lru_cache(maxsize=1)
def by_name() -> dict[str, Address]:
    """Every parameter under its dotted name, ``soil.depth``."""
    return {a.name: a for a in addresses()}


def parameters_table() -> pd.DataFrame:
    """All parameters: name, level, default, units, bounds, scale, class values, source, meaning."""
    import pandas as pd

    rows = [
        {
            "name": a.name,
            "level": a.level,
            "default": a.param.default,
            "units": a.param.units,
            "lower": a.param.lower,
            "upper": a.param.upper,
            "scale": a.param.scale,
            "calibrate": a.param.calibrate,
            "by_class": ", ".join(f"{k} {v:g}" for k, v in {**a.param.by_class, **a.param.by_plant}.items()),
            "source": a.param.source,
            "doc": a.param.doc,
        }
        for a in addresses()
    ]
    return pd.DataFrame(rows)


def check_overrides(overrides: Overrides, where: str) -> None:
    """Raise InputError for an unknown parameter or an absolute value outside its bounds."""
    for name, value in overrides.items():
        address = by_name().get(name)
        if address is None:
            close = difflib.get_close_matches(name, by_name(), n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(close)}?" if close else "list them with: karstsim parameters"
            raise InputError(f"{where}, parameter {name!r}", "is not a parameter", hint)
        if not isinstance(value, Mapping):
            _check_bounds(address, float(value), where)


def _check_bounds(address: Address, value: float, where: str) -> None:
    p = address.param
    if not p.lower <= value <= p.upper:
        raise InputError(
            f"{where}, parameter {address.name!r}",
            f"{value:g} {p.units} lies outside {p.lower:g}..{p.upper:g}",
            f"choose a value inside the bounds (default {p.default:g})",
        )
    if p.integer and value != int(value):
        raise InputError(
            f"{where}, parameter {address.name!r}", f"{value:g} is not a whole number", "give an integer"
        )


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
        _check_bounds(by_name()[name], value, where)
    _check_constraints(values, where)
    return values


def _check_constraints(values: Mapping[str, float], where: str) -> None:
    by_compartment: dict[str, dict[str, float]] = {}
    for name, value in values.items():
        compartment, _, parameter = name.partition(".")
        by_compartment.setdefault(compartment, {})[parameter] = value
    for compartment, own in sorted(by_compartment.items()):
        for constraint in constraints(compartment):
            if not constraint.holds(own):
                raise InputError(
                    f"{where}, compartment {compartment!r}",
                    f"the parameters do not satisfy {constraint.text}",
                    "change one of them",
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
    return _row("tile", tile.land_use, [(where, tile.parameters), *last])


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

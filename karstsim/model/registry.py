"""All compartments in order, and the record types that follow from their declarations.

A new compartment is one line here and one in `column.py`. Kernels never import this module.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import numpy as np

from karstsim.core.spec import (
    Constraint,
    Declaration,
    Param,
    Var,
    dtype_of,
    expand,
    float_offset,
    record_dtype,
)
from karstsim.model import books, tiles
from karstsim.processes import (
    aquifer,
    atmosphere,
    cave,
    epikarst,
    sinking_stream,
    soil,
    surface_water,
    vegetation,
)

Level = Literal["column", "tile", "box", "sinking_stream"]
Kind = Literal["state", "flux"]
LEVELS: tuple[Level, ...] = ("column", "tile", "box", "sinking_stream")
KINDS: tuple[Kind, ...] = ("state", "flux")
COMPARTMENTS: tuple[ModuleType, ...] = (
    atmosphere,
    tiles,
    vegetation,
    soil,
    epikarst,
    cave,
    sinking_stream,
    aquifer,
    surface_water,
    books,
)


def _level_dtype(level: Level, attribute: str) -> np.dtype:
    members = [c for c in COMPARTMENTS if level == c.LEVEL and getattr(c, attribute)]
    return record_dtype([(c.NAME, dtype_of(getattr(c, attribute))) for c in members])


PARAM_DTYPES: dict[Level, np.dtype] = {level: _level_dtype(level, "PARAMS") for level in LEVELS}
STATE_DTYPES: dict[Level, np.dtype] = {level: _level_dtype(level, "STATE") for level in LEVELS}
FLUX_DTYPES: dict[Level, np.dtype] = {level: _level_dtype(level, "FLUXES") for level in LEVELS}


@dataclass(frozen=True)
class Address:
    """One parameter and where it lives."""

    level: Level
    compartment: str
    param: Param

    @property
    def name(self) -> str:
        return f"{self.compartment}.{self.param.name}"


@dataclass(frozen=True)
class Variable:
    """One output variable: its declaration and the place of its float in the row of its table."""

    name: str
    level: Level
    kind: Kind
    compartment: str
    var: Var
    offset: int


def addresses() -> Iterator[Address]:
    """Every parameter of every compartment."""
    for c in COMPARTMENTS:
        for param in c.PARAMS:
            yield Address(c.LEVEL, c.NAME, param)


def constraints(compartment: str) -> tuple[Constraint, ...]:
    """What the parameters of a compartment must satisfy together."""
    module = next(c for c in COMPARTMENTS if compartment == c.NAME)
    return getattr(module, "CONSTRAINTS", ())


def _declared(compartment: ModuleType, kind: Kind) -> tuple[Declaration, ...]:
    return compartment.STATE if kind == "state" else compartment.FLUXES


@functools.cache
def variables() -> tuple[Variable, ...]:
    """Every float of every state and flux table, named ``<compartment>_<quantity>``."""
    return tuple(_variables())


def _variables() -> Iterator[Variable]:
    for c in COMPARTMENTS:
        for kind in KINDS:
            dtype = (STATE_DTYPES if kind == "state" else FLUX_DTYPES)[c.LEVEL]
            for path, var in expand(_declared(c, kind)):
                offset = float_offset(dtype, (c.NAME, *path))
                yield Variable(f"{c.NAME}_{var.name}", c.LEVEL, kind, c.NAME, var, offset)

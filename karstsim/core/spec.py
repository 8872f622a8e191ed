"""One declaration per parameter and per variable, and the record types built from them.

Parameters, states, fluxes and forcings are nested numpy records: kernels read ``p.soil.depth`` and write
``f.soil.efflux``. Everything else that needs a name, unit, bound or source (validation, tables, calibration bounds,
CF attributes) reads the same declaration.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from karstsim.core.solutes import SOLUTES

Aggregate = Literal["mean", "sum", "min", "max", "last"]
_RESERVED = frozenset(dir(np.record))


@dataclass(frozen=True)
class Param:
    """A parameter: its default, bounds and source, declared once beside the equation that uses it.

    `default` holds unless `by_class` gives a value for the land use (tiles) or water class (boxes) of the row; where
    `by_lithology` has the lithology of a tile, or `by_plant` the plants of a box, that value goes first.
    `source` is one or more BibTeX keys of docs/references.bib, or ``"design"`` for a choice of karstsim's own,
    followed by free text. An `integer` parameter is an option switch or a count.
    """

    name: str
    default: float
    units: str
    lower: float
    upper: float
    source: str
    scale: Literal["linear", "log"] = "linear"
    calibrate: bool = True
    doc: str = ""
    by_class: Mapping[str, float] = field(default_factory=dict)
    by_lithology: Mapping[str, float] = field(default_factory=dict)
    by_plant: Mapping[str, float] = field(default_factory=dict)
    integer: bool = False

    def __post_init__(self) -> None:
        _check_name(self.name)
        for label, value in {"default": self.default, **self.special}.items():
            if not self.lower <= value <= self.upper:
                raise ValueError(f"parameter {self.name}: {label} {value} outside {self.lower}..{self.upper}")
        if self.scale == "log" and self.lower <= 0.0:
            raise ValueError(f"parameter {self.name}: a log-scaled parameter needs a positive lower bound")

    @property
    def special(self) -> dict[str, float]:
        """Every value that is not the default, by land use, water class, lithology or plant."""
        return {**self.by_class, **self.by_lithology, **self.by_plant}


@dataclass(frozen=True)
class Constraint:
    """What parameters of one compartment must satisfy together; `holds` gets their values by name.

    key   parameter that the error names where it was set; mend  what to do
    """

    text: str
    holds: Callable[[Mapping[str, float]], bool]
    key: str = ""
    mend: str = "change one of them"


@dataclass(frozen=True)
class Var:
    """A state or flux: one float per row. `aggregate` is what a longer output period does with it."""

    name: str
    units: str
    long_name: str
    standard_name: str | None = None
    aggregate: Aggregate = "mean"

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class Flow:
    """Water moved in one step with all it carries: volume (mm), heat (mm K) and solutes (mol m-2)."""

    name: str
    long_name: str
    standard_name: str | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class Water:
    """A passive body of water (snow, canopy): volume (mm), heat and solutes (mol m-2), no chemistry."""

    name: str
    long_name: str

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class Store:
    """A body of water: volume (mm), heat (mm K), solutes (mol m-2) and the state of its carbonate system."""

    name: str
    long_name: str

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class Block:
    """Several variables that loops also address as the vector ``v`` over the same memory."""

    name: str
    members: tuple[Var, ...]

    def __post_init__(self) -> None:
        _check_name(self.name)


Declaration = Param | Var | Flow | Water | Store | Block


def _check_name(name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise ValueError(f"{name!r} is not a lower-case identifier")
    if name in _RESERVED:
        raise ValueError(f"{name!r} is a name that numpy records own; choose another")


def record_dtype(fields: Iterable[tuple[str, object]]) -> np.dtype:
    """A record dtype that works compiled and with JIT off: every level is ``(np.record, [...])``.

    Raises ValueError for a repeated or reserved name.
    """
    fields = list(fields)
    names = [name for name, _ in fields]
    for name in names:
        _check_name(name)
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"declared twice: {', '.join(sorted(repeated))}")
    return np.dtype((np.record, fields))


def block_dtype(names: Iterable[str]) -> np.dtype:
    """Named floats and the vector ``v`` over the same memory: ``sol.ca`` and ``sol.v[k]`` are one number."""
    names = list(names)
    n = len(names)
    formats: list[object] = ["f8"] * n + [("f8", (n,))]
    offsets = [8 * i for i in range(n)] + [0]
    layout = {"names": [*names, "v"], "formats": formats, "offsets": offsets, "itemsize": 8 * n}
    return np.dtype((np.record, layout))


CARBONATE_STATE = (
    Var("ph", "1", "pH"),
    Var("ionic_strength", "mol kg-1", "ionic strength"),
    Var("pco2", "atm", "equilibrium CO2 pressure"),
    Var("si_calcite", "1", "calcite saturation index"),
    Var("ca_ratio", "1", "calcium over free calcium"),
    Var("mg_ratio", "1", "magnesium over free magnesium"),
    Var("na_ratio", "1", "sodium over free sodium"),
    Var("so4_ratio", "1", "sulfate over free sulfate"),
)
SOLUTE_DTYPE = block_dtype(s.name for s in SOLUTES)
CARRIED: list[tuple[str, object]] = [("volume", "f8"), ("heat", "f8"), ("sol", SOLUTE_DTYPE)]
FLOW_DTYPE = record_dtype(CARRIED)
STORE_DTYPE = record_dtype([*CARRIED, *((v.name, "f8") for v in CARBONATE_STATE)])


def dtype_of(declarations: Iterable[Declaration]) -> np.dtype:
    """Record dtype of one compartment's declarations."""
    return record_dtype([(d.name, _field_format(d)) for d in declarations])


def _field_format(declaration: Declaration) -> object:
    if isinstance(declaration, Flow | Water):
        return FLOW_DTYPE
    if isinstance(declaration, Store):
        return STORE_DTYPE
    if isinstance(declaration, Block):
        return block_dtype(v.name for v in declaration.members)
    if isinstance(declaration, Param) and declaration.integer:
        return "i8"
    return "f8"


def expand(declarations: Iterable[Declaration]) -> Iterator[tuple[tuple[str, ...], Var]]:
    """Every float of the declarations as (path inside the record, Var): flows and stores become their parts."""
    for d in declarations:
        if isinstance(d, Var):
            yield (d.name,), d
        elif isinstance(d, Block):
            for v in d.members:
                yield (d.name, v.name), replace(v, name=f"{d.name}_{v.name}")
        elif isinstance(d, Flow):
            yield (d.name, "volume"), Var(d.name, "mm", d.long_name, d.standard_name, aggregate="sum")
            yield from _expand_carried(d.name, d.long_name, "sum")
        elif isinstance(d, Water | Store):
            yield (d.name, "volume"), Var(d.name, "mm", d.long_name)
            yield from _expand_carried(d.name, d.long_name, "mean")
        if isinstance(d, Store):
            for v in CARBONATE_STATE:
                yield (d.name, v.name), Var(f"{d.name}_{v.name}", v.units, f"{v.long_name} of {d.long_name}")


def _expand_carried(name: str, long_name: str, aggregate: Aggregate) -> Iterator[tuple[tuple[str, ...], Var]]:
    heat = Var(f"{name}_heat", "mm K", f"heat above 0 degC in {long_name}", aggregate=aggregate)
    yield (name, "heat"), heat
    for s in SOLUTES:
        yield (
            (name, "sol", s.name),
            Var(f"{name}_{s.name}", s.units, f"{s.long_name} in {long_name}", aggregate=aggregate),
        )


def float_offset(dtype: np.dtype, path: Iterable[str]) -> int:
    """Position of the float at `path` in the float view of one row of `dtype`."""
    offset = 0
    for name in path:
        fields = dtype.fields
        if fields is None or name not in fields:
            raise KeyError(f"no field {name!r} in the record")
        dtype, start = fields[name][0], fields[name][1]
        offset += start
    return offset // 8


def new_table(shape: tuple[int, ...], dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """A zeroed table of records and the float view of the same memory (last axis: the floats of a row).

    Restarts and outputs use the float view, because numpy refuses to save records with overlapping fields.
    """
    floats = np.zeros((*shape, dtype.itemsize // 8))
    return floats.view(dtype)[..., 0], floats

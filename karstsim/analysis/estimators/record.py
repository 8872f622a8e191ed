"""What every estimator declares and returns: its settings, its method card, its estimate with an interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from karstsim.analysis.carbon_units import FLUX, TOTAL, Carbon
from karstsim.core.errors import InputError

LOW, HIGH = 5.0, 95.0  # percentiles of the interval
DRAWS, SEED = 500, 1


@dataclass(frozen=True)
class Setting:
    """A number that a method needs beside the data: declared once, with what is not known about it.

    default  NaN: not told, and found in the table or by another setting
    spread   standard deviation of its error, in its own units or `relative`; 0: taken as known
    source   BibTeX key of docs/references.bib, or "design", as for parameters of the model
    """

    name: str
    default: float
    units: str
    lower: float
    upper: float
    source: str
    doc: str
    spread: float = 0.0
    relative: bool = False


@dataclass(frozen=True)
class Choice:
    """A setting out of a list of words."""

    name: str
    options: tuple[str, ...]
    doc: str

    @property
    def default(self) -> str:
        return self.options[0]


@dataclass(frozen=True)
class Samples:
    """Numbers of the user's own (masses, rates, stocks) that a method takes as a list; none by default."""

    name: str
    units: str
    doc: str


Declared = Setting | Choice | Samples


@dataclass(frozen=True)
class Method:
    """The card of an estimator.

    needs    quantities of the monitoring table, one of each group
    run      (monitoring or None, settings) -> Estimate
    sees, misses   what of the carbon's way it can and cannot tell
    """

    name: str
    title: str
    equation: str
    needs: tuple[tuple[str, ...], ...]
    settings: tuple[Declared, ...]
    sees: str
    misses: str
    source: str
    run: Callable[..., Estimate]
    table_free: bool = False  # can do with settings alone

    def missing(self, there: Mapping[str, Any] | xr.Dataset) -> list[str]:
        """What a table lacks."""
        return [" or ".join(group) for group in self.needs if not any(name in there for name in group)]


@dataclass(frozen=True)
class Estimate:
    """A value with its 5-95 % interval. `units` name the substance; `parts` are numbers on the way with units."""

    method: str
    quantity: str
    value: float
    low: float
    high: float
    units: str
    parts: dict[str, tuple[float, str]] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def carbon(self) -> Carbon:
        """The value as carbon; raises InputError where it is none (mm of rock)."""
        return Carbon(self.value, self.units)

    def to(self, units: str) -> Estimate:
        """The same estimate in another unit of carbon."""
        value, low, high = (Carbon(x, self.units).to(units).value for x in (self.value, self.low, self.high))
        return Estimate(self.method, self.quantity, value, low, high, units, self.parts, self.assumptions,
                        self.warnings)  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "method": self.method, "quantity": self.quantity, "value": self.value, "low": self.low,
            "high": self.high, "interval": f"{LOW:g}-{HIGH:g} %", "units": self.units,
            "parts": {name: {"value": v, "units": u} for name, (v, u) in self.parts.items()},
            "assumptions": list(self.assumptions), "warnings": list(self.warnings),
        }  # fmt: skip

    def to_dataset(self) -> xr.Dataset:
        """As a Dataset: `value`, `low`, `high` and the parts, with units; words are attributes."""
        attrs = {"units": self.units, "long_name": self.quantity}
        out = xr.Dataset({name: ((), getattr(self, name), attrs) for name in ("value", "low", "high")})
        for name, (value, units) in self.parts.items():
            out[name.replace(" ", "_")] = ((), value, {"units": units, "long_name": name})
        out.attrs = {"method": self.method, "interval": f"{LOW:g}-{HIGH:g} %"} | {
            name: "\n".join(getattr(self, name)) for name in ("assumptions", "warnings")
        }
        return out


class Settings:
    """The settings of one call: central values as attributes, and draws of what is uncertain.

    Every uncertain setting has one value in `values` and `DRAWS` in `draws`; a method computes with arrays of
    1 + DRAWS, whose first is the central one.
    """

    def __init__(self, method: str, declared: tuple[Declared, ...], given: Mapping[str, Any]) -> None:
        known = {one.name: one for one in declared}
        left = {name: value for name, value in given.items() if name not in ("draws", "seed")}
        for name in left:
            base = known.get(name.removesuffix("_sd"))
            if name not in known and not (name.endswith("_sd") and isinstance(base, Setting)):
                names = ", ".join([*known, "draws", "seed"])
                raise InputError(f"{method}, {name!r}", "is no setting of this method", f"use one of {names}")
        self.draws = int(_number(method, "draws", given.get("draws", DRAWS), 0, 100_000))
        self.rng = np.random.default_rng(int(_number(method, "seed", given.get("seed", SEED), 0, 2**32 - 1)))
        self._values: dict[str, Any] = {}
        self.spread: dict[str, float] = {}  # standard deviations of the uncertain settings
        self.given = frozenset(left)
        for name, one in known.items():
            self._values[name] = self._value(method, one, given)

    def _value(self, method: str, one: Declared, given: Mapping[str, Any]) -> Any:
        if isinstance(one, Choice):
            value = str(given.get(one.name, one.default))
            if value not in one.options:
                raise InputError(
                    f"{method}, {one.name}", f"{value!r} is unknown", f"use {', '.join(one.options)}"
                )
            return value
        if isinstance(one, Samples):
            return _numbers(method, one, given.get(one.name))
        if one.name not in given and math.isnan(one.default):
            return np.full(1 + self.draws, math.nan)
        centre = _number(method, one.name, given.get(one.name, one.default), one.lower, one.upper)
        spread = _number(method, f"{one.name}_sd", given.get(f"{one.name}_sd", one.spread), 0.0, float("inf"))
        scale = self.spread[one.name] = spread * (abs(centre) if one.relative else 1.0)
        drawn = np.clip(centre + scale * self.rng.standard_normal(self.draws), one.lower, one.upper)
        return np.concatenate([[centre], drawn])

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(name) from None


def _number(method: str, name: str, value: Any, lower: float, upper: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(
            f"{method}, {name}", f"{value!r} is no number", f"give {lower:g} to {upper:g}"
        ) from None
    if not lower <= number <= upper:
        raise InputError(f"{method}, {name}", f"is {number:g}", f"give {lower:g} to {upper:g}")
    return number


def _numbers(method: str, one: Samples, value: Any) -> np.ndarray:
    if value is None:
        return np.zeros(0)
    try:
        numbers = [float(x) for x in value.split(",")] if isinstance(value, str) else value
        array = np.atleast_1d(np.asarray(numbers, dtype="f8"))
    except (TypeError, ValueError):
        array = np.full(1, np.nan)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise InputError(f"{method}, {one.name}", f"{value!r} are no numbers", f"give numbers in {one.units}")
    return array


def finish(
    method: Method, values: Any, units: str, quantity: str, parts: Mapping[str, tuple[float, str]] | None = None,
    assumptions: list[str] | None = None, warnings: list[str] | None = None,
) -> Estimate:  # fmt: skip
    """The estimate of `values`, the central one first and its draws behind it."""
    values = np.atleast_1d(np.asarray(values, dtype="f8"))
    low, high = np.percentile(values[1:], [LOW, HIGH]) if values.size > 1 else (np.nan, np.nan)
    said = dict(parts or {})
    if units in (FLUX, TOTAL):
        other = units.replace("t C", "t CO2")
        said["as CO2"] = (Carbon(float(values[0]), units).to(other).value, other)
    return Estimate(method.name, quantity, float(values[0]), float(low), float(high), units, said,
                    list(assumptions or []), list(warnings or []))  # fmt: skip

"""Parameters: the table of all, and the check of overrides. What a site makes of them: `model/parameter_records.py`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from karstsim.core.errors import InputError
from karstsim.model.registry import Address, addresses

if TYPE_CHECKING:
    import pandas as pd

Override = float | Mapping[str, float]
Overrides = Mapping[str, Override]


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
            "by_class": ", ".join(f"{k} {v:g}" for k, v in a.param.special.items()),
            "source": a.param.source,
            "doc": a.param.doc,
        }
        for a in addresses()
    ]
    return pd.DataFrame(rows)


def nearest(name: str, *others: str) -> str:
    """The mend for a name that is no parameter: those that are near, of the parameters and of `others`."""
    close = difflib.get_close_matches(name, [*others, *by_name()], n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else "list them with: karstsim parameters"


def check_overrides(overrides: Overrides, where: str) -> None:
    """Raise InputError for an unknown parameter or an absolute value outside its bounds."""
    for name, value in overrides.items():
        address = by_name().get(name)
        if address is None:
            raise InputError(f"{where}, parameter {name!r}", "is not a parameter", nearest(name))
        if not isinstance(value, Mapping):
            check_bounds(address, float(value), where)


def check_bounds(address: Address, value: float, where: str) -> None:
    """InputError for a value outside the bounds of its parameter."""
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

"""What is varied: parameters with their ranges, and what points of the unit cube mean for them."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

import numpy as np

from karstsim.core.errors import InputError
from karstsim.ensemble.draws import RAIN, Range
from karstsim.model.parameters import Overrides, by_name
from karstsim.model.registry import Address
from karstsim.model.site import Site
from karstsim.sensitivity_analysis.config import BY_COMPARTMENT, SensitivitySection
from karstsim.sensitivity_analysis.methods import Design


def ranges_of(section: SensitivitySection, site: Site) -> dict[str, Range]:
    """Ranges by parameter: those given, and the declared bounds of the others.

    A pattern finds what may be calibrated in this site; a name, or a given range, any parameter.
    Raises InputError for a name or pattern without a parameter.
    """
    found: dict[str, Range] = {}
    for pattern in section.parameters:
        matches = [a for a in by_name().values() if a.name == pattern] or [
            a for a in by_name().values() if fnmatch.fnmatch(a.name, pattern) and _is_free(a, site)
        ]
        if not matches:
            mend = "list them with: karstsim parameters; patterns find what calibrate marks and the site has"
            raise InputError(f"sensitivity.parameters, {pattern!r}", "matches no parameter", mend)
        found.update((a.name, declared(a)) for a in matches)
    found.update((name, r.range()) for name, r in section.ranges.items())
    return found


def _is_free(address: Address, site: Site) -> bool:
    """Whether a pattern may take a parameter: a number to be calibrated, of a part that the site has."""
    rows = {
        "column": 1,
        "tile": len(site.tiles),
        "box": len(site.boxes),
        "sinking_stream": len(site.sinking_streams),
    }
    return address.param.calibrate and not address.param.integer and rows[address.level] > 0


def declared(address: Address) -> Range:
    """The bounds and the scale of a parameter's declaration."""
    p = address.param
    return Range(p.lower, p.upper, log=p.scale == "log")


def design_of(section: SensitivitySection, ranges: dict[str, Range]) -> Design:
    """The design of SALib. Raises InputError where it cannot be."""
    return Design(
        section.method,
        tuple(ranges),
        section.samples,
        _groups(section, list(ranges)),
        section.second_order,
        section.levels,
        section.curves,
        section.slices,
        section.seed,
    )


def _groups(section: SensitivitySection, names: list[str]) -> tuple[str, ...]:
    """Group of each parameter; none where nothing is grouped."""
    if section.groups is None:
        return ()
    if section.groups == BY_COMPARTMENT:
        return tuple(name.split(".")[0] for name in names)
    assert isinstance(section.groups, dict)
    group_of: dict[str, str] = {}
    for group, members in section.groups.items():
        for name in members:
            where = f"sensitivity.groups.{group}, {name!r}"
            if name not in names:
                raise InputError(where, "is not varied", f"choose from {', '.join(names)}")
            if name in group_of:
                raise InputError(where, f"is in {group_of[name]!r} as well", "leave it in one group")
            group_of[name] = group
    return tuple(group_of.get(name, name) for name in names)


def draws_at(points: np.ndarray, ranges: dict[str, Range]) -> list[Overrides]:
    """The parameter draw of each point of the unit cube; whole numbers share it evenly, both ends included."""
    return [dict(_values(ranges, row)) for row in points]


def _values(ranges: dict[str, Range], row: np.ndarray) -> Iterable[tuple[str, float | dict[str, float]]]:
    for (name, r), share in zip(ranges.items(), row, strict=True):
        if name != RAIN and by_name()[name].param.integer and not r.factor:
            count = int(r.upper) - int(r.lower) + 1
            yield name, float(int(r.lower) + min(int(share * count), count - 1))
        else:
            yield name, r.at(float(share))

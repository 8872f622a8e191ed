"""Interventions at work: parameters change at the beginning of calendar years and come back when an intervention ends.

Before land use and yearly series speak, `lift` puts back what the interventions had taken the place of; after them
`begin_year` looks at the year and lays the active interventions over what stands there then. So a factor acts on what
the land is in that year, a year without interventions has the parameters of a run without any, and a run that goes on
from a restart needs to know nothing but the year. Spin-ups have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from karstsim.core.errors import InputError
from karstsim.model.interventions.changes import Change, changes_of, tiles_of
from karstsim.model.interventions.records import Intervention, OfTiles
from karstsim.model.parameters import by_name
from karstsim.model.registry import Level
from karstsim.model.site import Site

Params = Mapping[Level, np.ndarray]


def check_land(
    site: Site, interventions: Sequence[Intervention], areas_of: Callable[[int], np.ndarray], last: int
) -> None:
    """InputError for an intervention on tiles that have no area while it acts: it would do nothing, and cost.

    areas_of: area fractions (n_tiles,) of a year;  last: year of the run
    """
    for what in interventions:
        if not isinstance(what, OfTiles) or not what.tiles:
            continue
        rows = list(tiles_of(what, site))
        end = max(what.start, last if what.end is None else min(what.end, last))
        if not any(areas_of(year)[rows].sum() > 0.0 for year in (what.start, end)):
            there = ", ".join(
                t.label for t, a in zip(site.tiles, areas_of(what.start), strict=True) if a > 0.0
            )
            raise InputError(
                f"{what.label}, tiles",
                f"{' and '.join(what.tiles)} {'have' if len(what.tiles) > 1 else 'has'} no area from {what.start} on",
                f"name a tile that has ({there}), or begin earlier",
            )


class Measures:
    """The interventions of a run over its parameter tables. Raises InputError for what the site lacks."""

    def __init__(self, site: Site, interventions: Sequence[Intervention]) -> None:
        self.site = site
        self.interventions = tuple(interventions)
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []
        for what in self.interventions:
            changes_of(what, site, what.start)

    def check(self, params: Params) -> None:
        """Raise InputError for values outside the bounds in any year in which something begins or comes back."""
        for year in sorted({what.start for what in self.interventions}):
            self.begin_year(params, year)
            self.lift()

    def lift(self) -> None:
        """Put back what the interventions had changed."""
        for values, before in reversed(self._kept):
            values[...] = before
        self._kept.clear()

    def begin_year(self, params: Params, year: int) -> None:
        """Lay the interventions that are active in a year over the parameters; `lift` comes first."""
        for i, what in enumerate(self.interventions):
            if not what.active(year):
                continue
            for change in changes_of(what, self.site, year):
                self._apply(change, params, f"intervention[{i}] ({what.label}), {year}")

    def _apply(self, change: Change, params: Params, where: str) -> None:
        compartment, field = change.parameter.split(".")
        table = params[change.level]
        values = table[compartment][field]
        self._kept.append((values, values.copy()))
        rows = (...,) if change.rows is None else (slice(None), list(change.rows))
        became = change.rule(values[rows], table[rows])
        p = by_name()[change.parameter].param
        outside = ~((p.lower <= became) & (became <= p.upper))
        if outside.any():
            worst = float(became[outside].flat[0])
            self.lift()
            raise InputError(
                where,
                f"brings {change.parameter!r} to {worst:g} {p.units}, outside {p.lower:g}..{p.upper:g}",
                "ask for less, or change the parameter of the site",
            )
        values[rows] = became

"""Vegetation restoration as a change of the site: a tile more, which grows out of another one's land use.

The new tile has no area until the year of the restoration, so the catchment before it is that without it.
"""

from __future__ import annotations

from collections.abc import Sequence

from karstsim.core.errors import InputError
from karstsim.model.interventions.records import Intervention, VegetationRestoration
from karstsim.model.land_use import Move
from karstsim.model.parameters import by_name
from karstsim.model.site import Areas, Site, Tile
from karstsim.tomlfile import suggestion

MANAGEMENT = "management"  # source of parameters that end with the old land use


def restored(site: Site, interventions: Sequence[Intervention]) -> tuple[Site, tuple[Move, ...]]:
    """The site with a tile for each restoration, and the moves of area.

    Raises InputError for a tile that is not there or is of that use already, and for a name that is taken.
    """
    moves = []
    for what in interventions:
        if isinstance(what, VegetationRestoration):
            origin = _origin(what, site)
            site = _with_tile(site, _new_tile(what, site.tiles[origin]))
            moves.append(
                Move(
                    origin,
                    len(site.tiles) - 1,
                    what.area_fraction,
                    what.start,
                    what.planting_years,
                    what.label,
                )
            )
    return site, tuple(moves)


def _origin(what: VegetationRestoration, site: Site) -> int:
    labels = [t.label for t in site.tiles]
    if what.from_tile not in labels:
        raise InputError(
            f"{what.label}, from",
            f"{what.from_tile!r} is no tile of the site",
            suggestion(what.from_tile, labels),
        )
    if labels.count(what.from_tile) > 1:
        mend = "give the tiles names and use one of them"
        raise InputError(f"{what.label}, from", f"two tiles are called {what.from_tile!r}", mend)
    if what.label in labels:
        mend = "give the restoration a name of its own"
        raise InputError(f"{what.label}, name", f"a tile is called {what.label!r} already", mend)
    place = labels.index(what.from_tile)
    if site.tiles[place].land_use == what.to:
        mend = "name another use; management is changed by soil_improvement"
        raise InputError(f"{what.label}, to", f"{what.from_tile!r} is {what.to} already", mend)
    return place


def _new_tile(what: VegetationRestoration, origin: Tile) -> Tile:
    kept = {n: v for n, v in origin.parameters.items() if by_name()[n].param.source != MANAGEMENT}
    return Tile(
        land_use=what.to,
        lithology=origin.lithology,
        name=what.label,
        grows_from=origin.land_use,
        since=what.start,
        transition_years=what.transition_years,
        parameters=kept,
    )


def _with_tile(site: Site, tile: Tile) -> Site:
    areas = site.areas
    if areas is not None:
        areas = Areas(years=areas.years, fractions={**areas.fractions, tile.label: [0.0] * len(areas.years)})
    return site.model_copy(update={"tiles": [*site.tiles, tile], "areas": areas})

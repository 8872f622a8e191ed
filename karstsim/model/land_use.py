"""Land use that changes: area moves between tiles, and the land of a tile grows from one use into another.

At the beginning of every calendar year

* area moves (`Site.areas`): tiles that lose area keep their content per area; tiles that gain it mix what they hold
  with what the moved land brings, water, heat, solutes, carbon and solids alike, so the catchment keeps all of it;
* a tile with `grows_from` takes the parameters p = p_from + (p_to - p_from)(1 - exp(-age/tau)), tau = 3 years to grass,
  8 to shrub, 20 to secondary and 80 to virgin forest, four times that for the depth of the soil     [design notes 3.12]

A `Move` takes area from one tile to another from a year on, beside what the site's areas say.

The age is that of the land: new area begins at zero, so a growing tile holds its mean age. Land brings its depth of
soil along. Where the tile's soil is shallower than what it had and got, it loses its share of organic carbon and
carbonate: the books enter it as eroded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from karstsim.core.errors import InputError
from karstsim.model.engine import Tables
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.parameters import Overrides
from karstsim.model.registry import variables
from karstsim.model.site import Site
from karstsim.processes.soil.organic_carbon import POOLS

TRANSITION_YEARS = {  # design notes 3.12; cropland and bare rock are taken from grass
    "bare_rock": 3.0,
    "cropland": 3.0,
    "grass": 3.0,
    "shrub": 8.0,
    "secondary_forest": 20.0,
    "virgin_forest": 80.0,
}
DEPTH_FACTOR = 4.0
ORGANIC = tuple(pool.name for pool in POOLS)
OF_THE_LAND = ("tile_area_fraction", "tile_age", "tile_age_year")
ROUNDING = 1.0e-9  # of an area fraction


@dataclass(frozen=True)
class Move:
    """Area that goes from tile `origin` to tile `target`, evenly over `years` from the year `start` on.

    fraction  of the karst area; None: all that the origin has in the first year
    label     what moves it, for messages
    """

    origin: int
    target: int
    fraction: float | None
    start: int
    years: int
    label: str

    def apply(self, areas: np.ndarray, whole: float, year: int) -> None:
        """Move what has gone by a year; `whole` is what the origin has in the first one without the move."""
        share = min(max((year - self.start + 1) / self.years, 0.0), 1.0)
        if share == 0.0:
            return
        if self.fraction is None and whole <= ROUNDING:
            raise InputError(
                f"{self.label}, from",
                f"has no area in {self.start}",
                "name a tile that has, or begin earlier",
            )
        gone = share * (whole if self.fraction is None else self.fraction)
        if gone > areas[self.origin] + ROUNDING:
            raise InputError(
                f"{self.label}, area_fraction",
                f"takes {gone:g} of the karst area in {year}, and the tile has {areas[self.origin]:g}",
                "take less, or leave area_fraction out to take all",
            )
        gone = min(gone, areas[self.origin])
        areas[self.origin] -= gone
        areas[self.target] += gone


@dataclass(frozen=True)
class LandUse:
    """How tiles change: parameters of both ends of every transition, and the areas of each year.

    before, after  tile parameters (n, n_tiles) of the use that the land comes from and of its own
    time           years (n_tiles,) of each transition; infinite where the tile does not change
    moves          of area, in order
    """

    site: Site
    before: np.ndarray
    after: np.ndarray
    time: np.ndarray
    moves: tuple[Move, ...] = ()

    @classmethod
    def of(
        cls, site: Site, members: Sequence[Overrides], after: np.ndarray, moves: tuple[Move, ...] = ()
    ) -> LandUse | None:
        """The plan of a site; None when neither areas nor parameters change. `after`: the tiles' own parameters."""
        changing = [tile.grows_from is not None for tile in site.tiles]
        if not any(changing) and site.areas is None:
            return None
        origin = [t.model_copy(update={"land_use": t.grows_from or t.land_use}) for t in site.tiles]
        before = parameter_tables(site.model_copy(update={"tiles": origin}), members)["tile"]
        time = [
            (t.transition_years or TRANSITION_YEARS[t.land_use]) if t.grows_from is not None else np.inf
            for t in site.tiles
        ]
        plan = cls(site, before, after.copy(), np.array(time), moves)
        for move in moves:  # what cannot be moved is said before the run
            plan.areas_of(move.start + move.years - 1)
        return plan

    def begin(self, tables: Tables) -> None:
        """Areas and parameters before the first year: those of a spin-up."""
        tables.state["tile"]["tile"]["area_fraction"] = self.areas_of(None)
        self.set_parameters(tables)

    def check_begin(self, tables: Tables, year: int) -> None:
        """InputError for land whose change was to begin before the run: it has the plants and soil of its old use."""
        young = (tables.state["tile"]["tile"]["age_year"] == 0.0).any(axis=0)
        for tile, fresh in zip(self.site.tiles, young, strict=True):
            if fresh and tile.since is not None and tile.since < year:
                raise InputError(
                    f"tile {tile.label}",
                    f"changes from {tile.since} on, and the run begins in {year} with the land as it was before",
                    f"begin the weather in {tile.since} or a restart of that time, or let the change begin in {year}",
                )

    def begin_year(self, tables: Tables, year: int) -> None:
        """Let the land grow older, move the area of the year, set the year's parameters. Twice is once."""
        self._grow_older(tables.state["tile"]["tile"], year)
        depth = move_area(tables, self.areas_of(year))
        self.set_parameters(tables)
        erode(tables, depth)

    def areas_of(self, year: int | None) -> np.ndarray:
        """Area fractions (n_tiles,) of a year, linear between the years of the table; None: the first."""
        if year is None:
            return self._given_areas(None)
        found = self._given_areas(year)
        for i, move in enumerate(self.moves):
            at_start = self._given_areas(move.start)
            for earlier in self.moves[:i]:
                earlier.apply(at_start, at_start[earlier.origin], move.start)
            move.apply(found, at_start[move.origin], year)
        return found

    def _given_areas(self, year: int | None) -> np.ndarray:
        areas = self.site.areas
        if areas is None:
            return np.array([t.area_fraction for t in self.site.tiles])
        at = areas.years[0] if year is None else year
        found = np.array([np.interp(at, areas.years, areas.fractions[t.label]) for t in self.site.tiles])
        return found / found.sum()

    def _grow_older(self, land: np.ndarray, year: int) -> None:
        since = np.array([t.since or 0 for t in self.site.tiles])
        last = np.maximum(np.where(land["age_year"] > 0.0, land["age_year"], year), since)
        land["age"] += np.where(np.isfinite(self.time), np.maximum(year - last, 0.0), 0.0)
        land["age_year"] = year

    def set_parameters(self, tables: Tables) -> None:
        """Parameters of every tile at the age that its land has."""
        params = tables.params["tile"]
        age = tables.state["tile"]["tile"]["age"]
        for compartment in params.dtype.names or ():
            for name in params[compartment].dtype.names or ():
                slow = DEPTH_FACTOR if (compartment, name) == ("soil", "depth") else 1.0
                grown = -np.expm1(-age / (slow * self.time))
                params[compartment][name] = between(
                    self.before[compartment][name], self.after[compartment][name], grown
                )


def between(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Values at `share` of the way; switches turn when the way begins. Equal ends stay what they are to the bit."""
    if before.dtype.kind == "i":
        return np.where(share > 0.0, after, before)
    return np.where(before == after, after, before + (after - before) * share)


def move_area(tables: Tables, target: np.ndarray) -> np.ndarray:
    """Give the tiles of every catchment the area fractions `target` (n_tiles,) and move what the land holds.

    Returns the mean depth of the soils (m) that every tile has then.
    """
    land = tables.state["tile"]["tile"]
    depth = tables.params["tile"]["soil"]["depth"].copy()
    old = land["area_fraction"].copy()
    if (old == target).all():
        return depth
    floats = tables.state_floats["tile"]
    gained = np.maximum(target - old, 0.0)
    lost = np.maximum(old - target, 0.0)
    total = lost.sum(axis=1, keepdims=True)
    given = lost / np.where(total > 0.0, total, 1.0)
    share = gained / np.where(target > 0.0, target, 1.0)

    def mixed(values: np.ndarray) -> np.ndarray:
        """Values (n, n_tiles, ..) of every tile with what it gains."""
        brought = np.einsum("mt,mt...->m...", given, values)[:, None]
        part = share.reshape(share.shape + (1,) * (values.ndim - 2))
        return np.where(part > 0.0, values + (brought - values) * part, values)

    place = {v.name: v.offset for v in variables() if v.level == "tile" and v.kind == "state"}
    kept = {name: floats[..., place[name]].copy() for name in OF_THE_LAND}
    floats[...] = mixed(floats)
    for name, values in kept.items():
        floats[..., place[name]] = values
    land["age"] *= 1.0 - share
    land["area_fraction"] = target
    return mixed(depth)


def erode(tables: Tables, depth: np.ndarray) -> None:
    """Take out of soils that had the `depth` (m) what stood in the part that they have lost; the books follow."""
    kept = np.minimum(tables.params["tile"]["soil"]["depth"] / depth, 1.0)
    if (kept == 1.0).all():
        return
    soil, land = tables.state["tile"]["soil"], tables.state["tile"]["tile"]
    area = land["area_fraction"]
    books = tables.state["column"]["catchment"]
    for name in (*ORGANIC, "carbonate"):
        lost = soil[name] * (1.0 - kept)
        soil[name] -= lost
        land["eroded_carbon"] += lost
        out = (area * lost).sum(axis=1)
        for element in ("carbon", "calcium") if name == "carbonate" else ("carbon",):
            books["stock"][element] -= out
            books["throughput"][element] += out
    for i, (element, pools) in enumerate((("carbon_13", "organic_c13"), ("carbon_14", "organic_c14"))):
        organic, solid = soil[pools]["v"], soil["carbonate_of"]["v"][..., i]
        out = (area * (1.0 - kept) * (organic.sum(axis=-1) + solid)).sum(axis=1)
        organic *= kept[..., None]
        solid *= kept
        books["stock"][element] -= out
        books["throughput"][element] += out

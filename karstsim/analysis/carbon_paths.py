"""Where the carbon of a river goes, and how much of it stays: ledgers, S1-S3, permanence (science.md 9.6, 9.7).

All functions take amounts of carbon of one unit, as sums over the same time, and do not care which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import xarray as xr

DAYS_PER_YEAR = 365.2425
HORIZON = 100.0  # years
REFRACTORY_LIFETIME = 5000.0  # years; 4000-6000 for the ocean's refractory DOC [science.md 9.7]
SEMILABILE_LIFETIME = 1.5  # years, Hansell (2013)
LABILE_DECAY, PARTICLE_DECAY = 0.02, 0.01  # day-1, of the surface-water boxes
BURIED_STAYS = 0.9  # of buried carbon at the horizon [science.md 9.7]
OCEAN_EFFICIENCY = 0.85  # eta; 0.80-0.90, Renforth & Henderson (2017) [science.md 9.7]
PERMANENCE = {  # class of carbon: (shortest, longest) lifetime in years [science.md 9.7]
    "buried": (1.0e3, 1.0e6),
    "refractory DOC": (1.0e3, 1.0e4),
    "DIC in the ocean": (1.0e3, 1.0e5),
    "semi-labile DOC": (0.5, 20.0),
    "labile DOC and particles": (0.0, 1.0),
    "harvested plants": (0.0, 1.0),
}
PATHS = ("sediment", "organic", "dic", "degassed", "harvested")
EXPORTED = ("dic", "aoc_labile", "aoc_semilabile", "aoc_refractory", "poc", "algae")
VARIABLES = (  # that `paths_of` reads
    "catchment_runoff_dic",
    "catchment_invasion",
    "catchment_evasion",
    "catchment_burial_ic",
    "catchment_burial_oc",
    "catchment_aquatic_harvest",
    "surface_water_tributary_dic",
    "surface_water_burial_oc_land",
    *(f"catchment_export_{name}" for name in EXPORTED),
)


@dataclass(frozen=True)
class CarbonPaths:
    """Carbon that enters surface water as DIC or out of the air, and every way by which it leaves.

    Organic carbon is that of aquatic plants; what comes from land has its own ways (`land_respired` is what of it
    became DIC in the water).
    """

    dic_in: float
    invasion: float
    evasion: float
    calcite_buried: float
    organic_buried: float
    dic_out: float
    labile_out: float
    semilabile_out: float
    refractory_out: float
    particles_out: float
    harvested: float = 0.0
    land_respired: float = 0.0

    @property
    def organic_out(self) -> float:
        """Exported organic carbon of aquatic plants."""
        return self.labile_out + self.semilabile_out + self.refractory_out + self.particles_out

    @property
    def amounts(self) -> dict[str, float]:
        """Carbon on each of `PATHS`; what degasses is gross evasion."""
        sediment = self.calcite_buried + self.organic_buried
        values = (sediment, self.organic_out, self.dic_out, self.evasion, self.harvested)
        return dict(zip(PATHS, values, strict=True))

    @property
    def remainder(self) -> float:
        """Carbon that entered and has not left: change of storage, or an error."""
        return self.dic_in + self.invasion + self.land_respired - sum(self.amounts.values())


def gross_partition(paths: CarbonPaths) -> dict[str, float]:
    """Share of each path in the sum of all paths."""
    total = sum(paths.amounts.values())
    return {name: amount / total for name, amount in paths.amounts.items()}


def net_partition(paths: CarbonPaths) -> dict[str, float]:
    """Each path over the DIC that entered, with invasion apart: the paths less invasion make 1 at steady state."""
    return {
        name: amount / paths.dic_in for name, amount in (paths.amounts | {"invasion": paths.invasion}).items()
    }


def no_return(paths: CarbonPaths, consumed: float) -> float:
    """S1: share of the CO2 consumed by weathering that surface water does not give back to the air."""
    return 1.0 - (paths.evasion - paths.invasion) / consumed


def retained(
    paths: CarbonPaths, horizon: float = HORIZON, refractory_lifetime: float = REFRACTORY_LIFETIME
) -> float:
    """S2: share of all paths that is neither in the air nor in living matter after `horizon` years."""
    days = horizon * DAYS_PER_YEAR
    kept = paths.dic_out + BURIED_STAYS * (paths.calcite_buried + paths.organic_buried)
    kept += paths.refractory_out * math.exp(-horizon / refractory_lifetime)
    kept += paths.semilabile_out * math.exp(-horizon / SEMILABILE_LIFETIME)
    kept += paths.labile_out * math.exp(-LABILE_DECAY * days) + paths.particles_out * math.exp(
        -PARTICLE_DECAY * days
    )
    return kept / sum(paths.amounts.values())


def ocean_step(efficiency: float = OCEAN_EFFICIENCY) -> float:
    """S3: net CO2 kept by the ocean per CO2 that weathering took up, 2 eta - 1 per mol of CaCO3 delivered."""
    return 2.0 * efficiency - 1.0


def permanence(paths: CarbonPaths) -> dict[str, float]:
    """Amount of carbon in each class of `PERMANENCE`."""
    amounts = (
        paths.calcite_buried + paths.organic_buried,
        paths.refractory_out,
        paths.dic_out,
        paths.semilabile_out,
        paths.labile_out + paths.particles_out,
        paths.harvested,
    )
    return dict(zip(PERMANENCE, amounts, strict=True))


def transport_efficiency(
    exported_alkalinity: float, imported_alkalinity: float, dissolved_rock: float
) -> float:
    """Alkalinity of dissolved carbonate rock that is exported over that which was dissolved (2 eq per mol)."""
    return (exported_alkalinity - imported_alkalinity) / (2.0 * dissolved_rock)


def autochthonous_share(aquatic: float, terrestrial: float) -> float:
    """Share of organic carbon that aquatic plants made."""
    return aquatic / (aquatic + terrestrial)


def paths_of(annual: xr.Dataset) -> CarbonPaths:
    """Carbon paths of a catchment's output (mol m-2 of karst area), summed over its time and averaged over its members.

    Needs ``catchment_runoff_*``, ``catchment_export_*``, evasion, invasion and burial; storage change is the remainder.
    Where ``surface_water_tributary_dic`` is there, what tributaries bring counts as DIC that enters.
    """

    def total(name: str) -> float:
        return float(annual[name].sum("time").mean())

    def exported(*names: str) -> float:
        return sum(total(f"catchment_export_{name}") for name in names)

    def of_boxes(name: str) -> float:
        return float(annual[name].sum(("time", "box")).mean()) if name in annual else 0.0

    land_buried = of_boxes("surface_water_burial_oc_land")
    return CarbonPaths(
        dic_in=total("catchment_runoff_dic") + of_boxes("surface_water_tributary_dic"),
        invasion=total("catchment_invasion"),
        evasion=total("catchment_evasion"),
        calcite_buried=total("catchment_burial_ic"),
        organic_buried=total("catchment_burial_oc") - land_buried,
        dic_out=exported("dic"),
        labile_out=exported("aoc_labile"),
        semilabile_out=exported("aoc_semilabile"),
        refractory_out=exported("aoc_refractory"),
        particles_out=exported("poc", "algae"),
        harvested=total("catchment_aquatic_harvest"),
    )

"""Where the carbon of a river goes, and how much of it stays: ledgers, S1-S3, permanence (design notes 9.6, 9.7).

All functions take amounts of carbon of one unit, as sums over the same time, and do not care which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import xarray as xr

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.errors import InputError

HORIZON = 100.0  # years
REFRACTORY_LIFETIME = 5000.0  # years; 4000-6000 for the ocean's refractory DOC [design notes 9.7]
SEMILABILE_LIFETIME = 1.5  # years, Hansell (2013)
LABILE_DECAY, PARTICLE_DECAY = 0.02, 0.01  # day-1, of the surface-water boxes
BURIED_STAYS = 0.9  # of buried carbon at the horizon [design notes 9.7]
OCEAN_EFFICIENCY = 0.85  # eta; 0.80-0.90, Renforth & Henderson (2017) [design notes 9.7]
PERMANENCE = {  # class of carbon: (shortest, longest) lifetime in years [design notes 9.7]
    "buried": (1.0e3, 1.0e6),
    "refractory DOC": (1.0e3, 1.0e4),
    "DIC in the ocean": (1.0e3, 1.0e5),
    "semi-labile DOC": (0.5, 20.0),
    "labile DOC and particles": (0.0, 1.0),
    "harvested plants": (0.0, 1.0),
    "soil organic carbon": (10.0, 100.0),
    "biomass": (10.0, 100.0),
}
PATHS = ("sediment", "organic", "dic", "degassed", "harvested")
EQUIVALENTS = {"ca": 2.0, "mg": 2.0, "na": 1.0, "k": 1.0, "so4": -2.0, "no3": -1.0, "cl": -1.0}
FROM_LAND = ("doc_labile", "doc_semilabile", "doc_refractory", "poc_land")
TRIBUTARY_FROM_LAND = tuple(f"surface_water_tributary_{name}" for name in FROM_LAND)
BIOMASS = (
    "vegetation_leaf",
    "vegetation_wood",
    "vegetation_root",
    "vegetation_reserve",
    "surface_water_plants",
)
STOCKS = (*BIOMASS, "soil_organic_carbon")  # organic carbon that stays where it is
DISSOLVED = ("catchment_rock_dissolution", "soil_grain_dissolution")  # of rock; of powder and of soil calcite
REGROWN = "soil_calcite_precipitation"  # what grows deeper is off the first already
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
    "catchment_imported_alkalinity",
    *DISSOLVED,
    REGROWN,
    *(f"catchment_export_{name}" for name in (*EXPORTED, *EQUIVALENTS, *FROM_LAND)),
    *(f"catchment_runoff_{name}" for name in FROM_LAND),
    *TRIBUTARY_FROM_LAND,
    "soil_organic_carbon",
    *BIOMASS,
    "tile_area_fraction",
)


@dataclass(frozen=True)
class CarbonPaths:
    """Carbon that enters surface water as DIC or out of the air, and every way by which it leaves.

    Organic carbon is that of aquatic plants; what comes from land has its own ways: `land_respired` is what of it
    became DIC in the water, `land_out` what is exported. `tributary_dic` is the part of `dic_in` that is no karst
    water, `alkalinity_out` what reaches the end less what rain, irrigation and allogenic water brought (eq), and
    `soil_gained` and `biomass_gained` are what soils and plants hold more at the end.
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
    land_out: float = 0.0
    tributary_dic: float = 0.0
    alkalinity_out: float = 0.0
    soil_gained: float = 0.0
    biomass_gained: float = 0.0

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
    """S1: share of the CO2 `consumed` that surface water does not give back to the air.

    The denominator must be said: all CO2 that the water took up, free CO2 included, or that which dissolved rock, for
    which the hydrochemical sink stands. Free CO2 degasses first; strong acids raise that sink and no CO2.
    """
    _karst_alone(paths, "S1")
    return 1.0 - (paths.evasion - paths.invasion) / consumed


def retained(
    paths: CarbonPaths, horizon: float = HORIZON, refractory_lifetime: float = REFRACTORY_LIFETIME
) -> float:
    """S2: share of all paths that is neither in the air nor in living matter after `horizon` years."""
    _karst_alone(paths, "S2")
    days = horizon * DAYS_PER_YEAR
    kept = paths.dic_out + BURIED_STAYS * (paths.calcite_buried + paths.organic_buried)
    kept += paths.refractory_out * math.exp(-horizon / refractory_lifetime)
    kept += paths.semilabile_out * math.exp(-horizon / SEMILABILE_LIFETIME)
    kept += paths.labile_out * math.exp(-LABILE_DECAY * days) + paths.particles_out * math.exp(
        -PARTICLE_DECAY * days
    )
    return kept / sum(paths.amounts.values())


def _karst_alone(paths: CarbonPaths, share: str) -> None:
    """Refuse shares of karst carbon in a river of which tributaries bring a part: what degasses has no address."""
    if paths.tributary_dic > 0.0:
        part = 100.0 * paths.tributary_dic / paths.dic_in
        raise InputError(
            "site.boxes",
            f"{share} is a share of the karst's carbon, and tributaries bring {part:.0f} % of the DIC of this river",
            "ask for it in a run whose boxes have no tributary; the ledgers of the whole river hold as they are",
        )


def ocean_step(efficiency: float = OCEAN_EFFICIENCY) -> float:
    """Net CO2 kept by the ocean per mol of CaCO3 delivered as alkalinity (2 eq): 2 eta - 1."""
    return 2.0 * efficiency - 1.0


def ocean_kept(paths: CarbonPaths, efficiency: float = OCEAN_EFFICIENCY) -> float:
    """CO2 kept by the ocean for the alkalinity that is delivered to it, (2 eta - 1) Alk/2; S3 is its share of the
    CO2 that dissolved rock, for which the hydrochemical sink stands.

    What precipitates on the way is not delivered, what others bring is not the karst's.
    """
    return 0.5 * ocean_step(efficiency) * paths.alkalinity_out


def permanence(paths: CarbonPaths) -> dict[str, float]:
    """Amount of carbon in each class of `PERMANENCE`."""
    amounts = (
        paths.calcite_buried + paths.organic_buried,
        paths.refractory_out,
        paths.dic_out,
        paths.semilabile_out,
        paths.labile_out + paths.particles_out,
        paths.harvested,
        paths.soil_gained,
        paths.biomass_gained,
    )
    return dict(zip(PERMANENCE, amounts, strict=True))


def transport_efficiency(
    exported_alkalinity: float, imported_alkalinity: float, dissolved_rock: float
) -> float:
    """Alkalinity of dissolved carbonate that is exported over that which was dissolved (2 eq per mol).

    Powder on soils is carbonate as the rock is: `dissolved_carbonate` of a run counts both.
    """
    return (exported_alkalinity - imported_alkalinity) / (2.0 * dissolved_rock)


def geological_sink(exported_alkalinity: float, imported_alkalinity: float, dissolved_rock: float) -> float:
    """CO2 still bound after more than 10^5 years, when the ocean has made calcite of what it received (9.7).

    One CO2 comes back for each two equivalents that precipitate: half the alkalinity less the rock (net of calcite that
    grew on the way). Carbonic acid gives 2 eq per mole of rock, so nothing stays; strong acids give less: a source,
    negative.
    """
    return 0.5 * (exported_alkalinity - imported_alkalinity) - dissolved_rock


def autochthonous_share(aquatic: float, terrestrial: float) -> float:
    """Share of organic carbon that aquatic plants made; NaN where there is none."""
    return aquatic / (aquatic + terrestrial) if aquatic + terrestrial > 0.0 else math.nan


def paths_of(annual: xr.Dataset) -> CarbonPaths:
    """Carbon paths of a catchment's output (mol m-2 of karst area), summed over its time and averaged over its members.

    Needs ``catchment_runoff_*``, ``catchment_export_*``, evasion, invasion and burial; storage change is the remainder.
    What tributaries bring counts as DIC that enters; with one, its organic carbon must be in the output too.
    """
    tributary_dic = _of_boxes(annual, "surface_water_tributary_dic")
    if tributary_dic > 0.0:
        _need(annual, (*TRIBUTARY_FROM_LAND, "surface_water_burial_oc_land"))

    def exported(*names: str) -> float:
        return sum(_total(annual, f"catchment_export_{name}") for name in names)

    land_buried = _of_boxes(annual, "surface_water_burial_oc_land")
    land_in, land_out = _from_land(annual)
    return CarbonPaths(
        dic_in=_total(annual, "catchment_runoff_dic") + tributary_dic,
        invasion=_total(annual, "catchment_invasion"),
        evasion=_total(annual, "catchment_evasion"),
        calcite_buried=_total(annual, "catchment_burial_ic"),
        organic_buried=_total(annual, "catchment_burial_oc") - land_buried,
        dic_out=exported("dic"),
        labile_out=exported("aoc_labile"),
        semilabile_out=exported("aoc_semilabile"),
        refractory_out=exported("aoc_refractory"),
        particles_out=exported("poc", "algae"),
        harvested=_total(annual, "catchment_aquatic_harvest"),
        land_respired=land_in - land_out - land_buried,
        land_out=land_out,
        tributary_dic=tributary_dic,
        alkalinity_out=_delivered_alkalinity(annual),
        soil_gained=_gained(annual, ("soil_organic_carbon",)),
        biomass_gained=_gained(annual, BIOMASS),
    )


def dissolved_carbonate(annual: xr.Dataset) -> float:
    """Carbonate of rock, powder and soil calcite that dissolved, less what grew below ground, mol m-2 of karst area.

    Summed over time, averaged over members; NaN where the run did not keep it.
    """
    if any(name not in annual for name in (*DISSOLVED, REGROWN)):
        return math.nan
    return sum(_of_land(annual, name) for name in DISSOLVED) - _of_land(annual, REGROWN)


def _total(annual: xr.Dataset, name: str) -> float:
    return float(annual[name].sum("time").mean())


def _of_land(annual: xr.Dataset, name: str) -> float:
    """A sum over time, of the tiles by their area."""
    values = annual[name]
    if "tile" in values.dims:
        values = (values * annual["tile_area_fraction"]).sum("tile")
    return float(values.sum("time").mean())


def _of_boxes(annual: xr.Dataset, name: str) -> float:
    return float(annual[name].sum(("time", "box")).mean()) if name in annual else 0.0


def _need(annual: xr.Dataset, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in annual]
    if missing:
        raise InputError(
            "output",
            f"the ledger of a river with tributaries needs {', '.join(missing)}",
            "keep them in the run",
        )


def _from_land(annual: xr.Dataset) -> tuple[float, float]:
    """(organic carbon of land that enters, that leaves surface water); zeros where the run did not keep it."""
    runoff, export = ([f"catchment_{way}_{name}" for name in FROM_LAND] for way in ("runoff", "export"))
    if any(name not in annual for name in (*runoff, *export)):
        return 0.0, 0.0
    entering = sum(_total(annual, name) for name in runoff)
    entering += sum(_of_boxes(annual, name) for name in TRIBUTARY_FROM_LAND)
    return entering, sum(_total(annual, name) for name in export)


def _delivered_alkalinity(annual: xr.Dataset) -> float:
    """Exported less imported alkalinity, eq; NaN where the run did not keep it or a tributary brings more."""
    names = [f"catchment_export_{ion}" for ion in EQUIVALENTS]
    kept = all(name in annual for name in (*names, "catchment_imported_alkalinity"))
    if not kept or _of_boxes(annual, "surface_water_tributary_dic") > 0.0:
        return math.nan
    exported = sum(n * _total(annual, f"catchment_export_{ion}") for ion, n in EQUIVALENTS.items())
    return exported - _total(annual, "catchment_imported_alkalinity")


def _gained(annual: xr.Dataset, names: tuple[str, ...]) -> float:
    """Growth of stocks over the time of the output, from the first and the last of their yearly means."""
    years = annual.sizes["time"]
    if years < 2:
        return 0.0
    gained = 0.0
    for name in (n for n in names if n in annual):
        stock = annual[name]
        if "tile" in stock.dims:
            stock = (stock * annual["tile_area_fraction"]).sum("tile")
        stock = stock.sum("box") if "box" in stock.dims else stock
        change = stock.isel(time=-1) - stock.isel(time=0)
        gained += float(change.mean()) * years / (years - 1)
    return gained

"""d13C and 14C of the pools and fluxes of a run: amounts of isotopes over the carbon that they belong to.

    d13C = 1000 ((13C/(C - 13C))/R_VPDB - 1)          14C activity = 14C/C, modern carbon 1

Amounts add up over time and land, ratios do not: sum the amounts first, then take the ratio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karstsim.chemistry.isotopes import PERMIL, R_VPDB
from karstsim.core.errors import InputError
from karstsim.core.solutes import TRACERS

if TYPE_CHECKING:
    import xarray as xr

TAGS = tuple(t.name for t in TRACERS if t.name.startswith("tag_"))
LAND = ("doc_labile", "doc_semilabile", "doc_refractory", "poc_land")  # organic carbon in water, from land
AQUATIC = ("aoc_labile", "aoc_semilabile", "aoc_refractory", "poc", "algae")  # and of aquatic plants
IN_WATER = {  # ends of a 13C and a 14C of water: what they belong to, and how it is called in the result
    ("_di13c", "_di14c"): (("dic",), "dic"),
    ("_do13c", "_do14c"): (LAND, "land_organic"),
    ("_aquatic_13c", "_aquatic_14c"): (AQUATIC, "aquatic_organic"),
}
ROUNDING = 1e-9  # of a source in a sum
POOLS = {"soil_organic_c13_": "soil_", "vegetation_plants_c13_": "vegetation_"}
NAMED_OTHERWISE = {  # the carbon of a flux's isotopes, where it is not the name without "_of"
    "vegetation_litter": ("vegetation_litterfall",),
    "vegetation_harvest": ("vegetation_harvested",),
    "vegetation_root_respired": ("vegetation_root_respiration",),
    "surface_water_harvest": ("surface_water_plant_harvest",),
    "surface_water_respired": (
        "surface_water_heterotrophic_respiration",
        "surface_water_plant_respiration",
    ),
    "surface_water_production": ("surface_water_gpp", "-surface_water_autotrophic_respiration"),
}


def isotope_ratios(results: xr.Dataset) -> xr.Dataset:
    """d13C (permil VPDB, ``*_d13c``) and 14C activity (modern is 1, ``*_c14``) of everything that has its parts there.

    results   a run with ``isotopes=True``, or sums of it, that holds amounts of isotopes and their carbon:
              ``soil_efflux`` and ``soil_efflux_of_*``, ``soil_percolation_*``, ``soil_hum`` and
              ``soil_organic_*_hum``, ``surface_water_buried_of_*`` (blocks with tags bring their carbon)
    NaN where a flux is zero or goes the other way, and where it is the net of an exchange in which one source goes in
    and another out, as CO2 that soil water took up: such a net has no d13C of its own.
    Raises InputError where no isotope meets its carbon.
    """
    import xarray as xr

    found = {}
    for name in map(str, results.data_vars):
        parts = _parts(name)
        if parts is None:
            continue
        twin, carbon, label = parts
        if twin not in results or not all(c.lstrip("-") in results for c in carbon):
            continue
        whole = _sum(results, carbon)
        ratio = results[name] / (whole - results[name])
        found[f"{label}_d13c"] = (PERMIL * (ratio / R_VPDB - 1.0)).assign_attrs(
            units="permil", long_name=f"d13C (VPDB) of {label}"
        )
        found[f"{label}_c14"] = (results[twin] / whole).assign_attrs(
            units="1", long_name=f"14C of {label} over that of modern carbon"
        )
    if not found:
        what = "no 13C stands beside its carbon"
        mend = "simulate with isotopes=True and keep both, as soil_efflux and soil_efflux_of_*"
        raise InputError("results", what, mend)
    return xr.Dataset(found)


def _sum(results: xr.Dataset, carbon: tuple[str, ...]) -> Any:
    """The carbon of a 13C; NaN where it is not positive, or one of its sources goes the other way than the rest."""
    whole: Any = sum(-results[c[1:]] if c.startswith("-") else results[c] for c in carbon)
    one_way = whole > 0.0
    for tag in (c for c in carbon if "_of_tag_" in c):
        one_way &= results[tag] >= -ROUNDING * whole
    return whole.where(one_way)


def _parts(name: str) -> tuple[str, tuple[str, ...], str] | None:
    """Of a 13C: its 14C, its carbon and the name of what has them. None for another variable."""
    if name.endswith("_of_di13c"):
        stem = name.removesuffix("_di13c")
        return f"{stem}_di14c", tuple(f"{stem}_{tag}" for tag in TAGS), stem.removesuffix("_of")
    for (c13, c14), (carbon, label) in IN_WATER.items():
        if name.endswith(c13):
            stem = name.removesuffix(c13)
            return stem + c14, tuple(f"{stem}_{c}" for c in carbon), f"{stem}_{label}"
    if name.endswith("_of_c13"):
        stem = name.removesuffix("_of_c13")
        return f"{stem}_of_c14", NAMED_OTHERWISE.get(stem, (stem,)), stem
    for start, level in POOLS.items():
        if name.startswith(start):
            stem = level + name.removeprefix(start)
            return name.replace("_c13_", "_c14_"), (stem,), stem
    return None

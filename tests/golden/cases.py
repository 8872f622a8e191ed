"""What the golden values are of: small worlds that together take every shipped variant of every process.

A case is a site, two years of weather and one member for each set of parameters; kept are means of the last year.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import CLIMATES, build_forcing, whole_site

from karstsim.chemistry.api import dissolve, equilibrate, mix, speciate
from karstsim.model.simulate import Simulation

STORED = Path(__file__).with_name("values.csv")
KEYS = ["case", "variable", "place"]
TINY = 1.0e-9  # of amounts in mol m-2, mm and degC: less is nothing, and its digits are rounding
SPIN_UP = 8  # years at the most: the values need not be those of a catchment at rest

WATER = (
    "atmosphere_pet",
    "atmosphere_snow",
    "catchment_evapotranspiration",
    "catchment_surface_runoff",
    "catchment_runoff",
    "aquifer_spring",
    "aquifer_loss",
    "epikarst_water",
    "soil_temperature",
)
CARBON = (
    "vegetation_npp",
    "soil_efflux",
    "soil_base_pco2",
    "soil_hum",
    "soil_slow",
    "aquifer_spring_ca",
    "aquifer_spring_dic",
    "aquifer_spring_so4",
    "catchment_export_ca",
    "catchment_export_dic",
    "catchment_export_no3",
    "catchment_rock_dissolution",
    "catchment_sink_hydrochemical",
    "catchment_weathering_uptake",
    "catchment_evasion",
    "surface_water_water_ph",
    "surface_water_gpp",
    "surface_water_calcite",
)
# Every variant that an integer chooses and is not taken by the other cases, by name and value.
VARIANTS: tuple[Mapping[str, float], ...] = (
    {},
    {"atmosphere.pet_law": 1},
    {"atmosphere.pet_law": 2},
    {"atmosphere.pet_law": 3},
    {"atmosphere.pet_law": 4},
    {"vegetation.leaf_model": 1},
    {"atmosphere.co2_source": 1},
    {"vegetation.npp_model": 1},
    {"vegetation.npp_model": 1, "vegetation.yearly_co2_response": 1},
    {"vegetation.npp_model": 2},
    {"vegetation.npp_model": 3},
    {"vegetation.temperature_law": 1},
    {"vegetation.root_temperature_response": 1},
    {"vegetation.bicarbonate_alkalinity": 1},
    {"soil.irrigation_rule": 1, "soil.irrigation_depth": 30.0},
    {
        "soil.irrigation_rule": 2,
        "soil.irrigation_rate": 3.0,
        "soil.irrigation_trigger": 0.7,
        "soil.irrigation_target": 0.9,
    },
    {"soil.irrigation_source": 1, "soil.irrigation_rate": 1.0},
    {"soil.irrigation_source": 2, "soil.irrigation_rate": 1.0},
    {"soil.irrigation_source": 3, "soil.irrigation_rate": 1.0},
    {"soil.irrigation_source": 4, "soil.irrigation_rate": 1.0},
    {"soil.powder_rate": 1.0, "soil.powder_dolomite": 0.5, "soil.powder_day": 90},
    {"soil.layers": 1},
    {"soil.soc_model": 1},
    {"soil.moisture_model": 1},
    {"soil.diffusivity_law": 1},
    {"soil.diffusivity_law": 2},
    {"soil.gas_layers": 5},
    {"soil.respiration_model": 1},
    {"soil.respiration_model": 2},
    {"soil.co2_law": 1},
    {"soil.co2_law": 2},
    {"soil.co2_law": 3},
    {"soil.carbonate_share": 0.0, "epikarst.carbonate_share": 0.0},
    {"epikarst.dolomite_share": 1.0, "aquifer.dolomite_share": 1.0},
    {"epikarst.compartments": 10},
    {"epikarst.compartments": 10, "epikarst.concentration": 1},
    {"epikarst.compartments": 10, "epikarst.concentration": 2},
    {"cave.area_fraction": 0.2, "cave.drip_law": 1},
    {"aquifer.structure": 1, "epikarst.compartments": 5},
    {"aquifer.structure": 2, "epikarst.compartments": 5},
    {"aquifer.exchange_rate": 0.1, "aquifer.overflow_threshold": 5.0, "aquifer.conduit_exponent": 1.6},
    {"aquifer.conduit_capacity": 3.0, "aquifer.conduit_exponent": 0.6, "aquifer.loss_share": 0.1},
    {"aquifer.conduit_cells": 5},
    {"surface_water.k600_law": 1},
    {"surface_water.k600_law": 2},
    {"surface_water.k600_law": 3},
    {"surface_water.nutrient_limitation": 1},
    {"surface_water.hydration_law": 1},
    {"surface_water.calcite_law": 1},
    {"surface_water.nitrate_share": 1.0},
)


@dataclass(frozen=True)
class Case:
    """Members of one site under one climate; `variables` as patterns, all of the standard set where there are none."""

    name: str
    site: Any
    climate: str = "monsoon"
    members: tuple[Mapping[str, float], ...] = ({},)
    variables: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def values(self) -> Iterator[tuple[str, str, str, float]]:
        run = Simulation(self.site, build_forcing(self.climate), list(self.members), **self.options)
        run.spin_up(SPIN_UP)
        last = run.run(["annual"], self.variables)["annual"].isel(time=-1)
        for i, member in enumerate(self.members):
            name = " ".join([self.name, *(f"{k}={v:g}" for k, v in member.items())])
            for variable, da in last.isel(realization=i).data_vars.items():
                if da.dtype.kind == "f" and set(da.dims) <= {"tile", "box"} and not _rounding(str(variable)):
                    for place, value in np.ndenumerate(da.values):
                        yield name, str(variable), "/".join(map(str, place)), float(value)


def _rounding(variable: str) -> bool:
    """Whether a variable is what the books do not explain: rounding, different on every machine."""
    return any(word in variable for word in ("residual", "imbalance", "gap_of_tags"))


def cases() -> Iterator[Case]:
    """All worlds."""
    build = whole_site.__wrapped__()
    one = {"land_uses": ("secondary_forest",), "n_boxes": 1}
    yield Case("everything", build())
    yield Case("isotopes", build(**one), options={"isotopes": True})
    yield Case("phreeqc386", build(**one), variables=(*WATER, *CARBON), options={"constants": "phreeqc386"})
    for climate in CLIMATES:
        yield Case(climate, build(("cropland",), 1), climate, variables=(*WATER, *CARBON))
    yield Case("variant", build(**one), members=VARIANTS, variables=(*WATER, *CARBON))
    water = ({}, {"epikarst.compartments": 10}, {"aquifer.structure": 1, "epikarst.compartments": 5})
    alone = {"chemistry": False}
    yield Case("water", build(("grass",), 0), "cold_snowy", water, WATER, alone)


def waters() -> Iterator[tuple[str, str, str, float]]:
    """Speciation, equilibrium, mixing and kinetics of a few waters with two sets of constants."""
    given = {
        "temperature": [5.0, 15.0, 35.0],
        "ca": [1.2, 2.5, 4.0],
        "mg": [0.1, 0.8, 2.0],
        "so4": [0.1, 1.0, 5.0],
    }
    gas = {"temperature": 12.0, "pco2": 2e-2, "minerals": ["calcite"]}
    for constants in ("pb82", "phreeqc386"):
        asked = {
            "speciate": speciate(
                **given, alkalinity=[2.4, 4.0, 1.5], ph=[7.2, 7.6, 8.3], constants=constants
            ),
            "open": equilibrate(**gas, system="open", constants=constants),
            "closed": equilibrate(**gas, system="closed", constants=constants),
            "acid": equilibrate(**gas, system="open", acid={"h2so4": 0.2}, constants=constants),
        }
        asked["mix"] = mix(
            asked["open"], equilibrate(**{**gas, "pco2": 1e-3}, system="open", constants=constants), 0.3
        )
        asked["dissolve"] = dissolve(**gas, area_to_volume=10.0, system="closed", times=[3600.0, 86400.0])
        for name, ds in asked.items():
            for variable, da in ds.data_vars.items():
                if da.dtype.kind == "f":
                    for place, value in np.ndenumerate(da.values):
                        yield f"{constants} {name}", str(variable), "/".join(map(str, place)), float(value)


def computed() -> pd.Series:
    """Golden values as the present sources give them, by case, variable and place."""
    rows = [*waters(), *(row for case in cases() for row in case.values())]
    return pd.DataFrame(rows, columns=[*KEYS, "value"]).set_index(KEYS)["value"]


def stored() -> pd.Series:
    """Golden values as they were when they were last made anew."""
    return pd.read_csv(STORED, dtype={"place": str}, keep_default_na=False, na_values=["nan"]).set_index(
        KEYS
    )["value"]


def moved(old: pd.Series, new: pd.Series) -> pd.Series:
    """Relative change of what both have, the largest first; infinite where one is not a number."""
    both = old.index.intersection(new.index)
    a, b = old[both], new[both]
    change = (b - a).abs() / np.maximum(np.maximum(a.abs(), b.abs()), TINY)
    change[a.isna() & b.isna()] = 0.0
    return change.fillna(np.inf).sort_values(ascending=False)

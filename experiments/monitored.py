"""Simulated catchments that experiments monitor: one run each, with all that stations and diagnostics look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import karstsim as ks
from experiments.catchments import SITE, SPIN_UP
from karstsim.analysis.diagnostics import DIAGNOSED

MONITORED = (
    "aquifer_spring", "aquifer_spring_*", "atmosphere_precipitation", "catchment_evapotranspiration",
    "catchment_soil_efflux", "soil_base_pco2", "soil_temperature", "soil_organic_carbon", "soil_percolation",
    "soil_co2_d13c", "soil_percolation_dic", "tile_area_fraction", "catchment_sink_hydrochemical", "atmosphere_co2",
    "vegetation_npp", "cave_air_pco2", "cave_drip_degassing", "surface_water_burial_oc", *DIAGNOSED,
)  # fmt: skip


def simulate(
    tiles: list[dict[str, Any]], forcing: xr.Dataset, parameters: dict[str, float] | None = None, **site: Any
) -> xr.Dataset:
    """Daily output of a catchment of these tiles, isotopes included; `site` changes the place."""
    fraction = 1.0 / len(tiles)
    area = [{"area_fraction": fraction, **tile} for tile in tiles]
    place = ks.Site(**{**SITE, **site}, tiles=area)
    return ks.simulate(place, forcing, parameters, variables=MONITORED, spinup_years=SPIN_UP, isotopes=True)


def windows(output: xr.Dataset, years: int) -> list[xr.Dataset]:
    """Campaigns of some calendar years each, side by side."""
    of = output["time"].dt.year.values
    first = range(int(of[0]), int(of[-1]) + 2 - years, years)
    return [output.isel(time=np.flatnonzero((of >= y) & (of < y + years))) for y in first]

"""Catchments of a single land use under a climate: what several experiments look at."""

from __future__ import annotations

import numpy as np
import xarray as xr

import karstsim as ks

GRAMS_PER_MOL = 12.011
CO2_PER_C = 44.01 / 12.011
PPM = 1.0e6
SITE = {"name": "experiment", "latitude": 26.3, "longitude": 105.7, "elevation": 1200.0, "area_km2": 10.0}
SPIN_UP = 150  # years at most
VARIABLES = (
    "catchment_evapotranspiration", "catchment_runoff", "catchment_npp", "catchment_soil_respiration",
    "catchment_sink_hydrochemical", "soil_base_pco2", "soil_organic_carbon", "soil_percolation",
    "aquifer_spring_hco3", "aquifer_spring",
)  # fmt: skip


def catchment(*tiles: dict[str, object]) -> ks.Site:
    """A catchment whose tiles share its area evenly."""
    return ks.Site(**SITE, tiles=[{**tile, "area_fraction": 1.0 / len(tiles)} for tile in tiles])


def run(site: ks.Site, forcing: xr.Dataset, parameters: dict[str, float] | None = None) -> xr.Dataset:
    """Daily output of `VARIABLES`."""
    return ks.simulate(site, forcing, parameters, variables=VARIABLES, spinup_years=SPIN_UP)


def yearly(daily: xr.Dataset) -> dict[str, float]:
    """Means per year of a run, in the units of science.md 3.12.

    ET, R mm; NPP, Rs, CSF g C m-2; pCO2 ppm (mean, and weighted with percolation); HCO3 mol m-3 (weighted with
    discharge); SOC kg C m-2.
    """
    years = daily.sizes["time"] / 365.2425

    def total(name: str) -> float:
        return float(daily[name].sum()) / years

    flow, percolation = daily["aquifer_spring"], daily["soil_percolation"]
    hco3 = float((daily["aquifer_spring_hco3"] * flow).sum() / flow.sum())
    return {
        "ET": total("catchment_evapotranspiration"),
        "R": total("catchment_runoff"),
        "NPP": total("catchment_npp") * GRAMS_PER_MOL,
        "Rs": total("catchment_soil_respiration") * GRAMS_PER_MOL,
        "pCO2": float(daily["soil_base_pco2"].mean()) * PPM,
        "pCO2 weighted": float((daily["soil_base_pco2"] * percolation).sum() / percolation.sum()) * PPM,
        "HCO3": hco3,
        "CSF": total("catchment_sink_hydrochemical") * GRAMS_PER_MOL,
        "SOC": float(daily["soil_organic_carbon"].mean()) * GRAMS_PER_MOL * 1e-3,
    }


def land_use_index(before: dict[str, float], after: dict[str, float]) -> tuple[float, float]:
    """(beta, Phi) of a change of land use (science.md 9.9): Zeng's ratio of growth rates, and the exact product.

    beta is nan where runoff does not fall.
    """
    loss = 1.0 - after["R"] / before["R"]
    gain = after["HCO3"] / before["HCO3"] - 1.0
    beta = gain / loss if loss > 0.0 else np.nan
    return beta, after["HCO3"] * after["R"] / (before["HCO3"] * before["R"])

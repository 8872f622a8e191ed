"""Catchments under a climate: what several experiments look at.

The site that most of them share stands in `config.toml` beside this file, all that is special to an experiment in the
`config.toml` of its folder. ``[site]`` is the table of a run file; ``[climate]`` has first_year and last_year of
synthetic weather, its mean `temperature` (degC) and `rain` (mm a-1), and its `scenario`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import xarray as xr

import karstsim as ks
from karstsim.core.constants import DAYS_PER_YEAR, SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.forcing.synthetic import synthetic_forcing

GRAMS_PER_MOL = 12.011
CO2_PER_C = 44.01 / 12.011
PPM = 1.0e6  # uatm per atm; of a mole fraction, ppm
CONFIG = "config.toml"
SHARED = Path(__file__).with_name(CONFIG)
# Under tiles of mantled limestone: an aquifer that is no limestone either.
NO_CARBONATE_BELOW = {"aquifer.carbonate_share": 0.0}
SPIN_UP = 150  # years at most
VARIABLES = (
    "catchment_evapotranspiration", "catchment_runoff", "catchment_npp", "catchment_soil_respiration",
    "catchment_sink_hydrochemical", "soil_base_pco2", "soil_organic_carbon", "soil_percolation",
    "aquifer_spring_hco3", "aquifer_spring",
)  # fmt: skip


def config(run_file: str | Path = SHARED) -> dict[str, Any]:
    """The tables of the `config.toml` beside a run.py (or of that file itself)."""
    return tomllib.loads(Path(run_file).with_name(CONFIG).read_text(encoding="utf-8"))


SITE = config()["site"]


def catchment(*tiles: dict[str, Any], **changes: Any) -> ks.Site:
    """A catchment whose tiles share its area evenly; `changes` of what the shared site has."""
    parts = [{**tile, "area_fraction": 1.0 / len(tiles)} for tile in tiles]
    return ks.Site.from_dict({**SITE, "tiles": parts, **changes})


def climate(
    temperature: float | None = None,
    rain: float | None = None,
    first_year: int = 2015,
    last_year: int = 2024,
    scenario: str = "stationary",
    **options: Any,
) -> xr.Dataset:
    """Synthetic weather with these means over all its years, degC and mm a-1; without them the generator's own.

    The means of a scenario with a trend are those of its weather without the trend.
    """
    forcing = synthetic_forcing(scenario, first_year, last_year, **options)
    plain = forcing
    if scenario != "stationary":
        plain = synthetic_forcing(
            scenario, first_year, last_year, **{**options, "warming_factor": 0.0, "rain_factor": 0.0}
        )
    if temperature is not None:
        forcing["tas"] = forcing["tas"] + (temperature + ZERO_CELSIUS - float(plain["tas"].mean()))
    if rain is not None:
        yearly_rain = float(plain["pr"].mean()) * SECONDS_PER_DAY * DAYS_PER_YEAR
        forcing["pr"] = forcing["pr"] * (rain / yearly_rain)
    return forcing


def run(site: ks.Site, forcing: xr.Dataset, parameters: dict[str, float] | None = None) -> xr.Dataset:
    """Daily output of `VARIABLES`."""
    return ks.simulate(site, forcing, parameters, variables=VARIABLES, spinup_years=SPIN_UP)


def yearly(daily: xr.Dataset) -> dict[str, float]:
    """Means per year of a run, in the units of design notes 3.12.

    ET, R mm; NPP, Rs, CSF g C m-2; pCO2 uatm (mean, and weighted with percolation); HCO3 mol m-3 (weighted with
    discharge); SOC kg C m-2.
    """
    years = daily.sizes["time"] / DAYS_PER_YEAR

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


def change(after: float, before: float) -> float:
    """In per cent."""
    return 100.0 * (after / before - 1.0)

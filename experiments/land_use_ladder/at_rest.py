"""What the table of the prototype says of itself, by the design's own equations without the model.

    python -m experiments.land_use_ladder.at_rest

From its NPP, respiration, CO2 and runoff alone: respiration and soil carbon of a soil at rest, the wetness at which the
steady profile has its CO2, the temperature at which calcite's equilibrium has its bicarbonate, and its sink.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import brentq

import karstsim as ks
from experiments import catchments
from experiments.land_use_ladder.run import CLIMATE, PROTOTYPE, YEARS
from karstsim.core.classes import LAND_USES

# Columns of design notes 3.12: bare rock, cropland, grass, shrub, secondary and virgin forest
HARVEST = np.array([0.0, 0.45, 0.05, 0.0, 0.0, 0.0])
ROOTS = np.array([0.6, 0.5, 0.7, 0.6, 0.6, 0.6])
POROSITY = np.array([0.50, 0.55, 0.54, 0.54, 0.55, 0.56])
STRUCTURE = np.array([1.77, 1.63, 1.76, 1.76, 1.63, 1.12])
DEPTH = np.array([0.10, 0.40, 0.40, 0.40, 0.45, 0.60])
PRODUCED = np.array([0.06, 0.12, 0.12, 0.13, 0.15, 0.20])  # e-folding depth, m
CLAY = np.array([25.0, 30.0, 30.0, 30.0, 32.0, 35.0])
DPM_RPM = np.array([0.67, 1.44, 0.67, 0.67, 0.25, 0.25])
TILLAGE = np.array([1.0, 1.2, 1.0, 1.0, 1.0, 1.0])
RESIDUAL, FIELD_CAPACITY = 0.08, 0.58  # water content; share of the porosity
BARE, COVERED = 1.0, 0.6  # RothC's cover factor
AIR = 410.0  # ppm
KELVIN, GAS_CONSTANT, CARBON, DAYS = 273.15, 8.2057e-5, 12.011, 365.25
PPM = 1e-6
T_PER_HA, ROUNDS = 10.0, 50  # of kg m-2; of a series that shrinks sixfold each round


def respiration_at_rest() -> np.ndarray:
    """Soil respiration, g C m-2 a-1: all that is not harvested decays, beside the roots."""
    return (1.0 - HARVEST + ROOTS) * PROTOTYPE["NPP"]


def soil_carbon_at_rest() -> np.ndarray:
    """RothC's pools in equilibrium with the table's NPP less harvest in ever moist soil, kg C m-2.

    The least that RothC-26.3 has there: decay is that of the daily air temperature, and dryness would only slow it.
    """
    weather = catchments.climate(CLIMATE["temperature"], CLIMATE["rain"], *YEARS)
    daily = weather["tas"].values - KELVIN
    warmth = float(np.mean(47.91 / (1.0 + np.exp(106.06 / (np.maximum(daily, -5.0) + 18.27)))))
    cover = np.where(np.array(LAND_USES) == "bare_rock", BARE, COVERED)
    litter = (1.0 - HARVEST) * PROTOTYPE["NPP"] / 1000.0
    kept = 1.0 / (1.67 * (1.85 + 1.60 * np.exp(-0.0786 * CLAY)) + 1.0)
    decayed = litter / (1.0 - kept)  # of all pools together: what leaves as CO2 is the litter
    decomposable = DPM_RPM / (1.0 + DPM_RPM) * litter / 10.0
    resistant = litter / (1.0 + DPM_RPM) / 0.3
    living = decomposable + resistant + kept * decayed * (0.46 / 0.66 + 0.54 / 0.02)
    return with_inert(living / (warmth * cover * TILLAGE))


def with_inert(living: np.ndarray) -> np.ndarray:
    """Total of which 0.049 TOC^1.139 t ha-1 are inert (Falloon et al. 1998), kg C m-2."""
    total = living
    for _ in range(ROUNDS):
        total = living + 0.049 * (T_PER_HA * total) ** 1.139 / T_PER_HA
    return total


def profile(saturation: np.ndarray | float, uptake: bool) -> np.ndarray:
    """CO2 at the soil's base under the table's respiration, ppm at 1 atm (design notes 3.11, Eq. 3.6)."""
    kelvin = CLIMATE["temperature"] + KELVIN
    air = POROSITY - RESIDUAL - saturation * (FIELD_CAPACITY * POROSITY - RESIDUAL)
    free = 1.47e-5 * (kelvin / 293.15) ** 1.75 * 86400.0
    diffusivity = free * np.maximum(air, 0.03) ** 2.5 / POROSITY * STRUCTURE
    ratio = DEPTH / PRODUCED
    shape = (1.0 - np.exp(-ratio) * (1.0 + ratio)) / (1.0 - np.exp(-ratio))
    made, taken = (np.array(PROTOTYPE[name]) / CARBON / DAYS for name in ("Rs", "CSF"))
    rise = made * PRODUCED / diffusivity * shape - uptake * taken * DEPTH / diffusivity
    return AIR + GAS_CONSTANT * kelvin * rise / PPM


def wetness(name: str) -> list[float]:
    """Share of field capacity at which the profile without uptake has the table's CO2 (`pCO2` or `pCO2 weighted`)."""
    return [
        brentq(lambda s, i=i: profile(s, uptake=False)[i] - PROTOTYPE[name][i], 0.0, 1.5)
        for i in range(len(LAND_USES))
    ]


def temperature_of_bicarbonate() -> list[float]:
    """degC at which calcite under the weighted CO2, taken for uatm, has the table's bicarbonate."""

    def missing(t: float, i: int) -> float:
        water = ks.equilibrate(t, PROTOTYPE["pCO2 weighted"][i] * PPM, ["calcite"])
        return float(water["m_hco3"].values.item()) - PROTOTYPE["HCO3"][i]

    return [brentq(missing, 1.0, 45.0, args=(i,), xtol=1e-3) for i in range(len(LAND_USES))]


def find() -> pd.DataFrame:
    """One row for each land use."""
    return pd.DataFrame(
        {
            "Rs": PROTOTYPE["Rs"],
            "Rs at rest": respiration_at_rest(),
            "SOC": PROTOTYPE["SOC"],
            "SOC at rest": soil_carbon_at_rest(),
            "wetness of pCO2": wetness("pCO2"),
            "of weighted": wetness("pCO2 weighted"),
            "degC of HCO3": temperature_of_bicarbonate(),
            "CSF": PROTOTYPE["CSF"],
            "R HCO3/2": np.array(PROTOTYPE["R"]) * PROTOTYPE["HCO3"] * CARBON / 2000.0,
        },
        index=list(LAND_USES),
    )


if __name__ == "__main__":
    print(find().round(2).to_string())

"""Calcium of saturated soil water: what tablets, film and potential dissolution are measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from karstsim.analysis.estimators.monitoring import AT_ONE_ATM, PPM, Monitoring
from karstsim.chemistry.api import equilibrate
from karstsim.chemistry.film import film_alpha
from karstsim.core.errors import InputError
from karstsim.core.jit import python_callable

HALF = 0.5
OF_THE_SPRING = "c_eq as half the HCO3 of the spring"
MOST_ROWS = 366  # rows of a long table that are solved: saturation is smooth over a year
COLD, HOT = 0.0, 50.0  # degC, range of the constants


@dataclass(frozen=True)
class Saturation:
    """Calcium (mol m-3), temperature (degC) and CO2 pressure (atm; NaN where not known) of saturated soil water."""

    calcium: np.ndarray
    temperature: np.ndarray
    pressure: np.ndarray
    said: str


def saturated_calcium(temperature: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    """Calcium of pure water in equilibrium with calcite and a gas, mol m-3."""
    t, p = np.broadcast_arrays(np.atleast_1d(temperature).astype("f8"), np.atleast_1d(pressure).astype("f8"))
    out = equilibrate(temperature=np.clip(t, COLD, HOT), pco2=p, minerals="calcite")
    return out["ca"].values


def soil_saturation(m: Monitoring) -> Saturation:
    """From CO2 in soil air and its temperature; else half the bicarbonate of the spring stands for saturation."""
    where = "air_temperature" if "air_temperature" in m else "temperature"
    if "air_co2" in m and where in m:
        temperature, pressure = m.values(where), m.values("air_co2") / PPM
        there = np.flatnonzero(np.isfinite(temperature) & np.isfinite(pressure) & (pressure > 0.0))
        if there.size:
            there = there[:: -(-there.size // MOST_ROWS)]
            calcium = saturated_calcium(temperature[there], pressure[there])
            return Saturation(
                calcium, temperature[there], pressure[there], f"c_eq from CO2 in soil air, {AT_ONE_ATM}"
            )
    if "hco3" not in m:
        raise InputError(
            "data", "has neither CO2 in soil air with a temperature nor HCO3", "add a column of them"
        )
    return Saturation(
        np.full(1, half_bicarbonate(m)), np.full(1, m.mean(where)), np.full(1, np.nan), OF_THE_SPRING
    )


def half_bicarbonate(m: Monitoring) -> float:
    """Half the bicarbonate of the spring, mol m-3, weighted with its discharge where that is known."""
    return HALF * (m.weighted(m.values("hco3")) if "discharge" in m else m.mean("hco3"))


def film_coefficient(found: Saturation, film_mm: float) -> float:
    """alpha (m s-1) of the film model, mean over the rows weighted with their calcium; without carbonic anhydrase.

    Raises InputError where the CO2 pressure is not known.
    """
    if not np.isfinite(found.pressure).all():
        raise InputError(
            "transfer = film", "needs CO2 in soil air", "add a column air_co2 (ppm), or use constant"
        )
    alpha = python_callable(film_alpha)
    values = [alpha(t, film_mm, p, 1.0) for t, p in zip(found.temperature, found.pressure, strict=True)]
    return float(np.average(values, weights=found.calcium))

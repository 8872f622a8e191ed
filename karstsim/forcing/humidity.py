"""Water vapour: pressure from relative humidity, specific humidity or dew point (FAO-56, Allen et al. 1998)."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np

from karstsim.core.constants import SATURATION_AT_ZERO, SATURATION_FACTOR, SATURATION_OFFSET

FORMS = (
    "tdps",
    "huss",
    "hurs",
)  # the first that is there is taken: dew point is the most direct [FAO-56, p. 36]
MASS_RATIO = 0.622  # molar mass of water over that of dry air
PERCENT = 100.0


def chosen(names: Container[Any]) -> str | None:
    """The humidity that is used among the variables there, or None without any."""
    return next((form for form in FORMS if form in names), None)


def saturation(temperature: np.ndarray) -> np.ndarray:
    """Saturation vapour pressure over water, Pa; temperature degC.                    [FAO-56, Eq. 11]"""
    return SATURATION_AT_ZERO * np.exp(SATURATION_FACTOR * temperature / (temperature + SATURATION_OFFSET))


def from_dew_point(dew_point: np.ndarray) -> np.ndarray:
    """Vapour pressure, Pa, from the dew point, degC.                                  [FAO-56, Eq. 14]"""
    return saturation(dew_point)


def from_specific(specific: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    """Vapour pressure, Pa: e = q p/(0.622 + 0.378 q), by definition of q (kg kg-1); pressure Pa."""
    return specific * pressure / (MASS_RATIO + (1.0 - MASS_RATIO) * specific)


def from_relative(relative: np.ndarray, tasmin: np.ndarray, tasmax: np.ndarray) -> np.ndarray:
    """Vapour pressure, Pa, from the mean relative humidity, %, and the extremes of temperature. [FAO-56, Eq. 19]"""
    return relative / PERCENT * 0.5 * (saturation(tasmin) + saturation(tasmax))

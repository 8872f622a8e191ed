"""Shortwave radiation where none was measured: the top of the air, and what share of it comes down."""

from __future__ import annotations

import numpy as np

SOLAR_CONSTANT = 0.0820e6 / 60.0  # W m-2; the 0.0820 MJ m-2 min-1 of FAO-56
DRY = 0.62  # [design] share of the top-of-air radiation on a day without rain
WET = (
    0.38  # [design] share on a wet day; with 43 % wet days these give the 0.5 that FAO-56 finds for a mid sky
)
WET_DAY = 1.0  # mm d-1; the usual threshold of a wet day
HARGREAVES = 0.16  # K^-0.5; the inland coefficient


def extraterrestrial(lat: np.ndarray, year_fraction: np.ndarray) -> np.ndarray:
    """Daily mean radiation at the top of the air, W m-2.                       [FAO-56, Eqs. 21 to 25]

    lat            degrees north; polar day and night are handled
    year_fraction  0..1; broadcast against lat
    """
    strength, upright, level, sunset = _sun(lat, year_fraction)
    return np.maximum(strength * (sunset * upright + level * np.sin(sunset)) / np.pi, 0.0)


def extraterrestrial_of_steps(
    lat: np.ndarray, year_fraction: np.ndarray, day_fraction: np.ndarray, step: float
) -> np.ndarray:
    """Mean radiation at the top of the air over steps shorter than a day, W m-2.        [FAO-56, Eq. 28]

    day_fraction   local solar time at the beginning of each step, 0..1;  step: length, d
    """
    strength, upright, level, sunset = _sun(lat, year_fraction)
    found = np.zeros(np.broadcast_shapes(strength.shape, np.shape(day_fraction), np.shape(sunset)))
    for day in (0.0, 1.0):  # a step may reach into the next morning
        first, last = (
            np.clip(2.0 * np.pi * (day_fraction + later - 0.5 - day), -sunset, sunset)
            for later in (0.0, step)
        )
        found = found + (last - first) * upright + level * (np.sin(last) - np.sin(first))
    return np.maximum(strength * found / (2.0 * np.pi * step), 0.0)


def _sun(lat: np.ndarray, year_fraction: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Radiation across the rays (W m-2), the two parts of the sun's height, and the angle of sunset (radian)."""
    phi = np.deg2rad(lat)
    angle = 2.0 * np.pi * year_fraction
    declination = 0.409 * np.sin(angle - 1.39)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(declination), -1.0, 1.0))
    strength = SOLAR_CONSTANT * (1.0 + 0.033 * np.cos(angle))
    return strength, np.sin(phi) * np.sin(declination), np.cos(phi) * np.cos(declination), sunset


def hargreaves_samani(spread: np.ndarray, top: np.ndarray, elevation: float | np.ndarray) -> np.ndarray:
    """Radiation (W m-2) from the daily temperature range `spread` (K), at most that of a clear sky."""
    clear = 0.75 + 2e-5 * elevation
    return np.minimum(HARGREAVES * np.sqrt(np.maximum(spread, 0.0)), clear) * top


def wet_dry(pr: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Radiation (W m-2) from the daily precipitation `pr` (mm d-1): one clearness for wet and one for dry days."""
    return np.where(pr >= WET_DAY, WET, DRY) * top

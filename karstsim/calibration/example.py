"""A made-up spring to try a calibration on: two linear stores under the synthetic weather of the template."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from karstsim.core.constants import SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.core.files import whole_file
from karstsim.forcing.synthetic import synthetic_forcing

LON, LAT, ELEVATION = 105.7, 26.3, 1200.0  # of the template
SPAN = (2015, 2017)
AREA_KM2 = 20.0
RESIDENCE = (6.0, 90.0)  # days, of the quick and the slow store
QUICK_SHARE = 0.4
CAPACITY = 80.0  # mm, of the soil
EVAPORATION = 0.14  # mm d-1 per degC above 0: leaves about half of the rain
NOISE = 0.08  # standard deviation of the logarithm of a reading
GAP = slice(500, 540)  # days without readings
M3_PER_MM_KM2 = 1000.0


def write_spring(path: Path) -> Path:
    """A table of daily discharge (m3 s-1) and calcium (mg/L, weekly) with noise and a gap."""
    weather = synthetic_forcing("ssp245", *SPAN, seed=0, lon=LON, lat=LAT, elevation=ELEVATION).isel(
        location=0
    )
    rain = weather["pr"].values * SECONDS_PER_DAY
    surplus = _surplus(rain, weather["tas"].values - ZERO_CELSIUS)
    quick = _store(QUICK_SHARE * surplus, RESIDENCE[0])
    slow = _store((1.0 - QUICK_SHARE) * surplus, RESIDENCE[1])
    noise = np.random.default_rng(1)
    discharge = (quick + slow) * AREA_KM2 * M3_PER_MM_KM2 / SECONDS_PER_DAY
    discharge *= np.exp(NOISE * noise.standard_normal(len(rain)))
    calcium = 75.0 - 25.0 * quick / (quick + slow) + 2.0 * noise.standard_normal(len(rain))
    discharge[GAP] = np.nan
    calcium[np.arange(len(rain)) % 7 > 0] = np.nan
    days = weather["time"].values.astype("datetime64[D]").astype(str)
    table = pd.DataFrame({"date": days, "Q (m3/s)": discharge.round(4), "Ca (mg/L)": calcium.round(1)})
    with whole_file(path) as temporary:
        table.to_csv(temporary, index=False)
    return path


def _surplus(rain: np.ndarray, warmth: np.ndarray) -> np.ndarray:
    """Rain left over by evaporation out of a soil, mm d-1."""
    held, left = 0.5 * CAPACITY, np.empty(len(rain))
    for i, (water, t) in enumerate(zip(rain, warmth, strict=True)):
        held = max(held + water - EVAPORATION * max(t, 0.0), 0.0)
        left[i] = max(held - CAPACITY, 0.0)
        held -= left[i]
    return left


def _store(inflow: np.ndarray, days: float) -> np.ndarray:
    """Outflow of a linear store that begins in balance, mm d-1."""
    volume, out = inflow.mean() * days, np.empty(len(inflow))
    for i, water in enumerate(inflow):
        out[i] = volume * (1.0 - np.exp(-1.0 / days))
        volume += water - out[i]
    return out

"""The model of streamMetabolizer's documentation, written anew: linear light, constant respiration, trapezoid rule.

Appling et al. (2018, J. Geophys. Res. Biogeosci. 123:624); its vignette "gpp_er_eqs" gives the values of `DOCUMENTED`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

LATITUDE, LONGITUDE = 41.33, -106.3
DEPTH, PRESSURE_MMHG = 0.16, 523.0
MINUTES_PER_DEGREE = 3.989  # a sidereal day over 360 degrees, as there
CLOCK_FROM_UTC = -6.0  # h, mountain daylight time of the records
DOCUMENTED = {  # GPP, ER (g O2 m-2 d-1), K600 (d-1)
    "2012-09-18": (2.814873, -2.113937, 31.06049),
    "2012-09-19": (3.271209, -2.466198, 33.23838),
    "2012-09-20": (2.590927, -1.712055, 28.71846),
}
FIRST_HOUR, LAST_HOUR = 4, 28  # of a fitted day, mean solar time
HOLES = (
    (6353, 2),
    (7773, 1),
)  # records after which the documentation's data repeat one to fill a gap of so many
EVERY = 3  # 15-minute data of 5-minute records
START = (8.0, -10.0, 10.0)


def records(path) -> pd.DataFrame:
    """Time (mean solar), temperature (degC) and O2 (mg/L) of the file, sorted, without doubles and gaps."""
    table = pd.read_csv(path)
    table = table[table["oxy"].notna()].drop_duplicates()
    clock = pd.to_datetime(table["date"] + " " + table["time"], format="%m/%d/%Y %H:%M:%S")
    solar = clock + pd.to_timedelta(MINUTES_PER_DEGREE * LONGITUDE - 60.0 * CLOCK_FROM_UTC, unit="min")
    frame = pd.DataFrame(
        {"solar": solar, "temp": table["temp"].astype(float), "oxy": table["oxy"].astype(float)}
    )
    return frame.sort_values("solar", kind="stable").reset_index(drop=True)


def documentation_records(frame: pd.DataFrame) -> pd.DataFrame:
    """Every third record after its holes were filled as in `data_metab`."""
    parts, begin = [], 0
    for after, count in HOLES:
        parts.append(frame.iloc[begin:after])
        for i in range(count):
            row = frame.iloc[[after - 1]].copy()
            row["solar"] += pd.Timedelta(minutes=5 * (i + 1))
            parts.append(row)
        begin = after
    return pd.concat([*parts, frame.iloc[begin:]], ignore_index=True).iloc[::EVERY]


def apparent_time(solar: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """(days since the year began, apparent solar time of the day in h), by the equation of time."""
    of_day = ((solar - solar.dt.normalize()) / pd.Timedelta(days=1)).to_numpy()
    day = solar.dt.day_of_year.to_numpy() - 1.0 + of_day
    angle = np.radians(360.0 / 365.0 * (day - 81.0))
    minutes = 9.87 * np.sin(2.0 * angle) - 7.53 * np.cos(angle) - 1.5 * np.sin(angle)
    return day, 24.0 * of_day + minutes / 60.0


def light(solar: pd.Series) -> np.ndarray:
    """Shape of the light: cosine of the zenith angle at apparent solar time."""
    day, hour = apparent_time(solar)
    tilt = np.sin(np.radians(23.439)) * np.sin(np.radians(360.0 / 365.0 * (283.0 + np.floor(day))))
    declination, latitude = np.arcsin(tilt), np.radians(LATITUDE)
    high = np.sin(latitude) * np.sin(declination)
    return np.maximum(
        high + np.cos(latitude) * np.cos(declination) * np.cos(np.radians(15.0 * (hour - 12.0))), 0.0
    )


def saturation(temperature: np.ndarray, mmhg: float = PRESSURE_MMHG) -> np.ndarray:
    """O2 at saturation, mg/L (Garcia & Gordon 1992)."""
    s = np.log((298.15 - temperature) / (273.15 + temperature))
    ln_c = 2.00907 + s * (3.22014 + s * (4.0501 + s * (4.94457 + s * (-0.256847 + s * 3.88767))))
    vapour = 10.0 ** (8.10765 - 1750.286 / (235.0 + temperature))
    return np.exp(ln_c) * 1.42905 * (mmhg - vapour) / (760.0 - vapour)


def exchange_factor(temperature: np.ndarray) -> np.ndarray:
    """(Sc/600)^-1/2 with the Schmidt number of O2 of Wanninkhof (1992)."""
    t = temperature
    return ((1568.0 - 86.04 * t + 2.142 * t**2 - 0.0216 * t**3) / 600.0) ** -0.5


def simulate(gpp: float, er: float, k600: float, day: pd.DataFrame) -> np.ndarray:
    """O2 of a day's records, mg/L, from the first one on."""
    temperature = day["temp"].to_numpy()
    step = float((day["solar"].iloc[-1] - day["solar"].iloc[0]) / pd.Timedelta(days=1)) / (len(day) - 1)
    shape = light(day["solar"])
    source = (gpp * shape / shape.mean() + er) / DEPTH
    k, o2_sat = k600 * exchange_factor(temperature), saturation(temperature)
    out = np.empty(len(day))
    out[0] = day["oxy"].iloc[0]
    for i in range(len(day) - 1):
        gain = source[i] + source[i + 1] + k[i] * o2_sat[i] + k[i + 1] * o2_sat[i + 1]
        out[i + 1] = out[i] + step * (gain - (k[i] + k[i + 1]) * out[i]) / (2.0 + k[i + 1] * step)
    return out


def days(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Records of each day from 4 o'clock to 4 o'clock."""
    label = (frame["solar"] - pd.Timedelta(hours=FIRST_HOUR)).dt.strftime("%Y-%m-%d")
    return {str(name): part for name, part in frame.groupby(label)}


def fit(day: pd.DataFrame) -> tuple[np.ndarray, float]:
    """(GPP, ER, K600) of least squares, and the RMSE, mg/L."""
    observed = day["oxy"].to_numpy()
    found = least_squares(
        lambda p: simulate(*p, day) - observed, START, x_scale=np.abs(START), xtol=1e-12, ftol=1e-12
    )
    return found.x, float(np.sqrt(np.mean(found.fun**2)))

"""Synthetic daily weather of a subtropical monsoon karst, after Puding in Guizhou, SW China.

Per day: a first-order two-state Markov chain says whether it rains, a gamma law how much; temperature is the seasonal
mean plus an AR(1) residual, lower on wet days; radiation is a share of that at the top of the air, smaller on wet
days; wind is gamma distributed. Scenarios add warming and scale the rain amounts. It is weather for demonstrations,
tests and designs, not the output of a climate model, and every file written from it says so.

All numbers of this page are choices of karstsim's own [design], set to the climate of notes 3.12: 1293 mm a-1 with
four fifths of it from May to October, 15.2 degC (January 5, July 23.5), 125 W m-2.
"""

from __future__ import annotations

import math
import re
import zlib
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.core.errors import InputError
from karstsim.forcing import radiation
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import NAMES, Repairs, air_pressure, label
from karstsim.forcing.co2 import co2_series
from karstsim.forcing.units import CANONICAL

LON, LAT, ELEVATION = 105.7, 26.3, 1200.0  # degrees east, degrees north, m
COMMENT = "synthetic weather, not the output of a climate model"

# January to December, at mid-month; straight lines between.
RAIN = np.array([22, 24, 40, 88, 190, 262, 235, 175, 112, 88, 38, 19], "f8")  # mm per month
WET_SHARE = np.array([0.45, 0.45, 0.48, 0.52, 0.56, 0.60, 0.55, 0.50, 0.42, 0.46, 0.38, 0.36])  # of the days
TEMPERATURE = np.array([4.8, 6.8, 11.5, 16.4, 19.7, 22.0, 23.7, 23.0, 20.0, 15.9, 12.0, 6.6])  # degC
RESIDUAL_SD = np.array(
    [3.4, 3.6, 3.4, 2.8, 2.3, 1.8, 1.5, 1.5, 2.1, 2.4, 2.9, 3.1]
)  # K; cold surges end in April

WET_PERSISTENCE = 0.30  # lag-1 correlation of the wet/dry state; 0.2 to 0.4 in most daily records
GAMMA_SHAPE = 0.65  # of wet-day amounts; below 1, many small rains carry few large ones
LEAST_RAIN = 0.1  # mm; a wet day has at least what a gauge resolves
WET_COOLING = 1.8  # K between the mean dry and the mean wet day of one season
TEMPERATURE_MEMORY = 0.70  # AR(1) coefficient of daily temperature
CLEARNESS_DRY, CLEARNESS_WET = 0.420, 0.225  # Guizhou is the cloudiest part of China: low even on dry days
CLEARNESS_SEASON = 0.15  # relative amplitude; the winter half-year is overcast, late July the clearest
CLEARNESS_PEAK = 0.57  # fraction of the year
CLEARNESS_SPREAD = 0.25  # relative standard deviation of a day
CLEARNESS_LIMITS = (0.04, 0.75)  # thickest overcast; clear sky (FAO-56)
WIND_MEAN, WIND_SHAPE = 2.0, 4.0  # m s-1 at 10 m; gamma shape

# Warming (K) and relative rain change by 2100 against 2015, and the power of their path (1 is a straight line, less
# than 1 an early rise that levels off). Choices within the CMIP6 range for SW China, not results of any one model.
REFERENCE_YEAR, HORIZON = 2015, 2100
TRENDS = {
    "stationary": (0.0, 0.0, 1.0),
    "historical": (0.0, 0.0, 1.0),
    "ssp119": (0.6, 0.03, 0.5),
    "ssp126": (1.0, 0.04, 0.6),
    "ssp434": (1.3, 0.04, 0.7),
    "ssp534-over": (1.6, 0.05, 0.7),
    "ssp245": (2.2, 0.06, 0.9),
    "ssp460": (2.6, 0.06, 1.0),
    "ssp370": (3.5, 0.07, 1.1),
    "ssp585": (4.4, 0.10, 1.2),
}
PAST_WARMING = 1.0  # K from 1850 to 2015, a straight line; not for "stationary"
STATIONARY_CO2 = 410.0  # ppm, as in design notes 3.12
# (warming factor, rain-change factor) of the synthetic models: a small, deliberately wide family.
MODELS = {
    "synthetic-1": (1.0, 1.0),
    "synthetic-2": (1.3, 0.4),
    "synthetic-3": (0.75, 1.2),
    "synthetic-4": (1.15, 1.8),
    "synthetic-5": (0.9, -0.5),
}


def synthetic_forcing(
    scenario: str = "ssp245",
    start: int = 2015,
    end: int = 2100,
    seed: int = 1,
    model: str = "synthetic-1",
    calendar: str = "standard",
    *,
    lon: float = LON,
    lat: float = LAT,
    elevation: float = ELEVATION,
    co2: str | float | None = None,
    warming_factor: float | None = None,
    rain_factor: float | None = None,
) -> xr.Dataset:
    """Canonical daily Dataset of synthetic weather for the years `start` to `end`, both included.

    scenario        a key of TRENDS; "stationary" has no trend and 410 ppm
    seed, model     the same seed and model give the same weather noise in all scenarios (paired runs)
    calendar        any CF calendar
    lon, lat        degrees; lat sets the radiation at the top of the air, nothing else
    elevation       m, for the air pressure
    co2             as in co2_series; by default that of the scenario
    warming_factor, rain_factor   multiply the trends; by default those of MODELS
    Raises InputError for an unknown scenario or calendar and for years without CO2.
    """
    _check(scenario, start, end, seed, model, lat)
    times = days_of(start, end, calendar)
    season = clock.year_fraction(times, SECONDS_PER_DAY)
    factors = MODELS.get(model, (1.0, 1.0))
    warming, wetter = trend(
        scenario,
        np.array([t.year for t in times]) + season if times.dtype == object else _years(times) + season,
        factors[0] if warming_factor is None else warming_factor,
        factors[1] if rain_factor is None else rain_factor,
    )
    weather = generate(season, np.random.default_rng([seed, zlib.crc32(model.encode())]), lat)
    weather["tas"] += warming
    weather["pr"] *= wetter
    weather["ps"] = np.full(times.size, air_pressure(elevation))
    if co2 is None:
        co2 = STATIONARY_CO2 if scenario == "stationary" else scenario
    weather["co2"] = co2_series(co2, times)
    ds = xr.Dataset(
        {name: (("location", "time"), values[None, :]) for name, values in weather.items()},
        coords={"time": times, "location": ["point"], "lat": ("location", [lat]), "lon": ("location", [lon])},
        attrs={
            "source_files": "",
            "source_id": model,
            "experiment_id": scenario,
            "variant_label": f"r{seed}i1p1f1",
            "comment": COMMENT,
        },
    )
    return label(ds, Repairs())


def _check(scenario: str, start: int, end: int, seed: int, model: str, lat: float) -> None:
    if scenario not in TRENDS:
        raise InputError("scenario", f"unknown scenario {scenario!r}", f"choose from {', '.join(TRENDS)}")
    if not 1 <= start <= end <= 9998:
        raise InputError(
            "start, end", f"years {start} to {end}", "give a first year that is not after the last"
        )
    if seed < 0:
        raise InputError("seed", f"{seed} is negative", "give a whole number from 0 up")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,60}", model):
        raise InputError("model", f"name {model!r}", "use letters, digits, hyphens and points")
    if not -66.0 <= lat <= 66.0:
        raise InputError(
            "lat", f"{lat:g} is polar", "the generator is made for the subtropics; stay within 66 degrees"
        )


def days_of(start: int, end: int, calendar: str) -> np.ndarray:
    """Stamps of all days of the years, both included."""
    try:
        first, last = f"{start:04d}-01-01", f"{end + 1:04d}-01-01"
        return xr.date_range(first, last, freq="D", inclusive="left", calendar=calendar).values
    except (KeyError, ValueError) as error:
        raise InputError(
            "calendar", f"{calendar!r} ({error})", "give a CF calendar such as standard or noleap"
        ) from error


def _years(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[Y]").astype("i8") + 1970.0


def trend(
    scenario: str, years: np.ndarray, warming_factor: float, rain_factor: float
) -> tuple[np.ndarray, np.ndarray]:
    """Warming (K) and rain multiplier (1) at decimal `years`."""
    warming, wetting, power = TRENDS[scenario]
    path = np.clip((years - REFERENCE_YEAR) / (HORIZON - REFERENCE_YEAR), 0.0, None) ** power
    past = np.clip((REFERENCE_YEAR - years) / (REFERENCE_YEAR - 1850), 0.0, None)
    past_warming = 0.0 if scenario == "stationary" else PAST_WARMING
    return warming * warming_factor * path - past_warming * past, np.maximum(
        1.0 + wetting * rain_factor * path, 0.0
    )


def generate(season: np.ndarray, rng: np.random.Generator, lat: float = LAT) -> dict[str, np.ndarray]:
    """Stationary weather of consecutive days: tas K, pr kg m-2 s-1, rsds W m-2, sfcWind m s-1, each (n_time,).

    season   year fraction of each day, 0..1
    """
    share = monthly(WET_SHARE, season)
    wet = _markov(share, rng.random(season.size))
    tas = monthly(TEMPERATURE, season) + _residuals(season, rng) + WET_COOLING * (share - wet)
    return {
        "tas": tas + ZERO_CELSIUS,
        "pr": _amounts(season, share, wet, rng) / SECONDS_PER_DAY,
        "rsds": _clearness(season, wet, rng) * radiation.extraterrestrial(np.array(lat), season),
        "sfcWind": rng.gamma(WIND_SHAPE, WIND_MEAN / WIND_SHAPE, season.size),
    }


def monthly(values: np.ndarray, season: np.ndarray) -> np.ndarray:
    """Values given for the middle of twelve months, joined by straight lines round the year."""
    return np.interp(season, (np.arange(12) + 0.5) / 12.0, values, period=1.0)


def _markov(share: np.ndarray, dice: np.ndarray) -> np.ndarray:
    """Wet (1.0) or dry (0.0) days with the long-term wet share `share` and its persistence."""
    after_dry = (share * (1.0 - WET_PERSISTENCE)).tolist()
    wet = np.empty(share.size)
    state = bool(dice[0] < share[0])
    for i, (p, d) in enumerate(zip(after_dry, dice.tolist(), strict=True)):
        if i:
            state = d < (p + WET_PERSISTENCE if state else p)
        wet[i] = state
    return wet


def _amounts(season: np.ndarray, share: np.ndarray, wet: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Precipitation, mm d-1: zero on dry days, LEAST_RAIN plus a gamma amount on wet ones."""
    daily = monthly(RAIN / (365.25 / 12.0), season)
    mean = daily / share - LEAST_RAIN
    return wet * (LEAST_RAIN + rng.gamma(GAMMA_SHAPE, mean / GAMMA_SHAPE))


def _residuals(season: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """AR(1) temperature residuals, K, with the standard deviation of the season."""
    noise = rng.standard_normal(season.size).tolist()
    innovation = math.sqrt(1.0 - TEMPERATURE_MEMORY**2)
    residual = np.empty(season.size)
    residual[0] = last = noise[0]
    for i in range(1, season.size):
        residual[i] = last = TEMPERATURE_MEMORY * last + innovation * noise[i]
    return residual * monthly(RESIDUAL_SD, season)


def _clearness(season: np.ndarray, wet: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    middle = np.where(wet > 0.0, CLEARNESS_WET, CLEARNESS_DRY)
    middle = middle * (1.0 + CLEARNESS_SEASON * np.cos(2.0 * np.pi * (season - CLEARNESS_PEAK)))
    return np.clip(middle * (1.0 + CLEARNESS_SPREAD * rng.standard_normal(season.size)), *CLEARNESS_LIMITS)


# ------------------------------------------------------------------------------------------------ as CMIP files


def write_cmip(ds: xr.Dataset, folder: str | Path) -> list[Path]:
    """Write a canonical daily Dataset of one location as CMIP-style netCDF files, one per variable, without co2.

    Values are float32 and stamps at noon with bounds, as CMIP does. Returns the paths.
    Raises InputError for several locations or steps other than a day.
    """
    if ds.sizes["location"] != 1 or clock.check_regular(ds.time.values, "forcing") != SECONDS_PER_DAY:
        raise InputError(
            "forcing", "is not daily weather of one location", "select one location of a daily Dataset"
        )
    Path(folder).mkdir(parents=True, exist_ok=True)
    days = np.arange(ds.sizes["time"])
    first, last = (clock.text(ds.time.values[i])[:10].replace("-", "") for i in (0, -1))
    ids = [str(ds.attrs.get(k, "unknown")) for k in ("source_id", "experiment_id", "variant_label")]
    paths = []
    for name in (str(v) for v in ds.data_vars if v != "co2"):
        path = Path(folder) / f"{name}_day_{'_'.join(ids)}_gn_{first}-{last}.nc"
        out = _cmip_dataset(ds, name, days, ids)
        encoding = {name: {"dtype": "f4", "zlib": True, "complevel": 1, "_FillValue": np.float32(1e20)}}
        out.to_netcdf(path, engine="netcdf4", encoding=encoding)
        paths.append(path)
    return paths


def _cmip_dataset(ds: xr.Dataset, name: str, days: np.ndarray, ids: list[str]) -> xr.Dataset:
    start = clock.text(ds.time.values[0])[:10]
    standard, long = NAMES[name]
    attrs = {
        "standard_name": standard,
        "long_name": long,
        "units": CANONICAL[name],
        "cell_methods": "time: mean",
    }
    time = {
        "units": f"days since {start}",
        "calendar": ds.attrs["calendar"],
        "bounds": "time_bnds",
        "axis": "T",
    }
    out = xr.Dataset({name: (("time", "lat", "lon"), ds[name].values[0][:, None, None], attrs)})
    out["time_bnds"] = (("time", "bnds"), np.stack([days, days + 1.0], axis=1))
    for axis, units, long_name in (
        ("lat", "degrees_north", "latitude"),
        ("lon", "degrees_east", "longitude"),
    ):
        text = {"units": units, "standard_name": long_name, "axis": "Y" if axis == "lat" else "X"}
        out = out.assign_coords({axis: (axis, ds[axis].values, text)})
    out = out.assign_coords(time=("time", days + 0.5, {**time, "standard_name": "time"}))
    for coordinate in ("time", "time_bnds", "lat", "lon"):
        out[coordinate].encoding["_FillValue"] = None
    out.attrs = {
        "Conventions": "CF-1.11",
        "source_id": ids[0],
        "experiment_id": ids[1],
        "variant_label": ids[2],
        "frequency": "day",
        "grid_label": "gn",
        "variable_id": name,
        "comment": str(ds.attrs.get("comment", "")),
    }
    return out

"""A weather generator fitted to a daily record: other weather of the same climate, after Richardson (1981).

* whether it rains: a two-state Markov chain with the record's transition shares of every month, so wet and dry spells
  have their mean lengths
* how much: a gamma law with the mean and the variance of the wet days of every month
* everything else: each variable is turned into normal scores within its month, apart for wet and dry days, and the
  scores of all variables follow one autoregression of first order with the record's correlations of the same and of
  the next day. Turned back, each has the record's distribution. Temperature enters as its departure from a mean year of
  three harmonics, radiation as the share of that at the top of the air, tasmin and tasmax as distances from tas.

Limits, which every such generator has: years differ from each other less than real ones (by three quarters in a humid
record), amounts do not depend on the day before, temperatures never leave the range of the record (warming apart).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtr, ndtri

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import radiation
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import Repairs, air_pressure, default_wind, label
from karstsim.forcing.co2 import co2_series
from karstsim.forcing.station import open_station
from karstsim.forcing.synthetic import STATIONARY_CO2, TRENDS, days_of, trend

COMMENT = (
    "weather of a generator fitted to a record, neither an observation nor the output of a climate model"
)
READ = ("tas", "tasmin", "tasmax", "pr", "rsds", "sfcWind", "hurs")
LEAST_YEARS = 5.0
LEAST_OF_KIND = 10  # wet or dry days of a month; with fewer both kinds share one distribution
HARMONICS = 3
NODES = np.r_[0.0, (np.arange(60) + 0.5) / 60.0, 1.0]  # of the distributions
WET_DAY = 0.1  # mm d-1; what a gauge resolves
SPREAD_FLOOR = 0.05  # K; least distance of tasmin and tasmax from tas


@dataclass(frozen=True)
class Weather:
    """The climate of a place as the generator needs it.

    wet_after_dry, wet_after_wet   (12,) transition shares of the months
    rain_mean, rain_shape          (12,) mean of wet days, mm d-1 beyond `wet_day`, and shape of their gamma law
    year                           coefficients of the mean year of tas, K
    scores      variable -> (12, 2, n_nodes) distribution by month, for dry (0) and wet (1) days
    memory, noise   (k, k) matrices of the autoregression of the scores
    """

    names: tuple[str, ...]
    wet_after_dry: np.ndarray
    wet_after_wet: np.ndarray
    rain_mean: np.ndarray
    rain_shape: np.ndarray
    year: np.ndarray
    scores: Mapping[str, np.ndarray]
    memory: np.ndarray
    noise: np.ndarray
    lat: float
    lon: float
    elevation: float
    wet_day: float
    source: str

    def table(self) -> pd.DataFrame:
        """What was fitted, by month."""
        share = self.wet_after_dry / (1.0 + self.wet_after_dry - self.wet_after_wet)
        columns = {
            "wet_share": share,
            "wet_after_dry": self.wet_after_dry,
            "wet_after_wet": self.wet_after_wet,
            "rain_of_wet_day_mm": self.rain_mean + self.wet_day,
            "rain_shape": self.rain_shape,
        }
        return pd.DataFrame(columns, index=pd.Index(range(1, 13), name="month"))

    def generate(
        self,
        start: int,
        end: int,
        seed: int = 1,
        scenario: str = "stationary",
        *,
        warming: float | None = None,
        rain_change: float | None = None,
        co2: str | float | Path | None = None,
        calendar: str = "standard",
    ) -> xr.Dataset:
        """Canonical daily weather of the years `start` to `end`; the same seed is the same weather in every scenario.

        warming, rain_change   K and share by 2100 against 2015, on the path of the scenario; by default those of
                               synthetic.TRENDS, which are choices for SW China
        co2                    as in co2_series; by default that of the scenario, 410 ppm for "stationary"
        """
        if scenario not in TRENDS:
            raise InputError("scenario", f"unknown scenario {scenario!r}", f"choose from {', '.join(TRENDS)}")
        if not 1 <= start <= end <= 9998:
            raise InputError(
                "start, end", f"years {start} to {end}", "give a first year that is not after the last"
            )
        times = days_of(start, end, calendar)
        season = clock.year_fraction(times, SECONDS_PER_DAY)
        data = self._days(
            season, xr.DataArray(times, dims="t").dt.month.values - 1, np.random.default_rng(seed)
        )
        own = TRENDS[scenario]
        for name, asked, usual in zip(
            ("warming", "rain_change"), (warming, rain_change), own[:2], strict=True
        ):
            if asked and not usual:
                what = f"{asked:g} has no path in time: the scenario {scenario!r} has no trend"
                raise InputError(name, what, 'name the scenario whose path it follows: scenario="ssp245"')
        factors = [1.0 if asked is None else asked / usual if usual else 0.0
                   for asked, usual in zip((warming, rain_change), own[:2], strict=True)]  # fmt: skip
        warm, wetter = trend(scenario, clock.decimal_years(times), *factors)
        for name in ("tas", "tasmin", "tasmax"):
            if name in data:
                data[name] = data[name] + warm
        data["pr"] = data["pr"] * wetter
        data["ps"] = np.full(times.size, air_pressure(self.elevation))
        if co2 is None:
            co2 = STATIONARY_CO2 if scenario == "stationary" else scenario
        data["co2"] = co2_series(co2, times)
        ds = xr.Dataset(
            {name: (("location", "time"), values[None, :]) for name, values in data.items()},
            coords={"time": times, "location": ["point"], "lat": ("location", [self.lat]),
                    "lon": ("location", [self.lon])},
            attrs={"source_files": self.source, "source_id": "fitted-weather", "experiment_id": scenario,
                   "variant_label": f"r{seed}i1p1f1", "comment": COMMENT},
        )  # fmt: skip
        repairs = Repairs()
        repairs.note(
            f"weather generated after {self.source}; absent there and filled in: {', '.join(self._absent())}"
        )
        return label(ds, repairs)

    def _absent(self) -> list[str]:
        return ["ps", *(["sfcWind"] if "sfcWind" not in self.names else []),
                *(["rsds"] if "clearness" not in self.names else [])]  # fmt: skip

    def _days(self, season: np.ndarray, month: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        wet = _chain(self.wet_after_dry[month], self.wet_after_wet[month], rng)
        amount = rng.gamma(self.rain_shape[month], self.rain_mean[month] / self.rain_shape[month])
        pr = np.where(wet, self.wet_day + amount, 0.0)
        z = _autoregression(self.memory, self.noise, season.size, rng)
        found = {}
        for i, name in enumerate(self.names):
            share = ndtr(z[:, i])
            values = np.empty(season.size)
            for m in range(12):
                for kind in (0, 1):
                    at = (month == m) & (wet == kind)
                    values[at] = np.interp(share[at], NODES, self.scores[name][m, kind])
            found[name] = values
        tas = _mean_year(self.year, season) + found["tas"]
        out = {"tas": tas, "pr": pr / SECONDS_PER_DAY}
        if "below" in found:
            out |= {"tasmin": tas - found["below"], "tasmax": tas + found["above"]}
        top = radiation.extraterrestrial(np.array(self.lat), season)
        out["rsds"] = found["clearness"] * top if "clearness" in found else radiation.wet_dry(pr, top)
        out["sfcWind"] = found["sfcWind"] if "sfcWind" in found else np.full(season.size, default_wind())
        return out | ({"hurs": found["hurs"]} if "hurs" in found else {})


def fit_weather(
    record: str | Path | xr.Dataset,
    *,
    lon: float | None = None,
    lat: float | None = None,
    elevation: float = 0.0,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    wet_day: float = WET_DAY,
) -> Weather:
    """Fit the generator to a daily record of at least five years; gaps are left out.

    record     a station table (as open_station reads it) or a canonical Dataset of one location, with pr and tas (or
               tasmin and tasmax); rsds, sfcWind and hurs where it has them
    lat        degrees north; needed for radiation
    wet_day    mm d-1 from which a day is wet; raise it to 1 for reanalyses, in which it drizzles
    Raises InputError for a record that is too short, not daily, or lacks rain or temperature.
    """
    if not isinstance(record, xr.Dataset):
        record = open_station(record, columns, units, lon=lon, lat=lat, variables=READ, gaps=True)
    where = str(record.attrs.get("source_files") or "record")
    if (
        "time" not in record.coords
        or record.sizes.get("location", 1) != 1
        or clock.usual_step(clock.seconds(record.time.values)) != SECONDS_PER_DAY
    ):
        raise InputError(
            where, "is not daily weather of one location", "select one location, or give daily values"
        )
    ds = record.isel(location=0) if "location" in record.dims else record
    series = {n: ds[n].values.astype("f8") for n in READ if n in ds}
    if "tas" not in series and {"tasmin", "tasmax"} <= set(series):
        series["tas"] = 0.5 * (series["tasmin"] + series["tasmax"])
    if not {"pr", "tas"} <= set(series):
        raise InputError(where, f"has {', '.join(series) or 'nothing'}", "give precipitation and temperature")
    place = [float(ds[c]) if v is None and c in ds.coords else v for c, v in (("lat", lat), ("lon", lon))]
    if place[0] is None or not math.isfinite(place[0]):
        raise InputError("lat", "is not known", "give lat=, degrees north")
    season = clock.year_fraction(ds.time.values, SECONDS_PER_DAY)
    month = ds.time.dt.month.values - 1
    rain = series["pr"] * SECONDS_PER_DAY
    if np.isfinite(rain + series["tas"]).sum() < LEAST_YEARS * 365.0:
        raise InputError(where, "has less than five years of rain and temperature", "give a longer record")
    wet = np.where(np.isnan(rain), np.nan, (rain >= wet_day).astype("f8"))
    chain = _transitions(wet, month)
    amounts = _amounts(rain, wet, month, wet_day)
    year = _fitted_year(series["tas"], season)
    scores, z = _scores(_parts(series, season, year, place[0]), wet, month)
    memory, noise = _correlations(z)
    return Weather(tuple(scores), *chain, *amounts, year, scores, memory, noise, float(place[0]),
                   float("nan") if place[1] is None else float(place[1]), elevation, wet_day, where)  # fmt: skip


def _transitions(wet: np.ndarray, month: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of wet days after dry and after wet ones, by the month of the second day."""
    before, after, at = wet[:-1], wet[1:], month[1:]
    shares = []
    for state in (0.0, 1.0):
        pairs = [after[(at == m) & (before == state) & np.isfinite(after)] for m in range(12)]
        shares.append(np.array([p.mean() if p.size else 0.0 for p in pairs]))
    return shares[0], shares[1]


def _amounts(
    rain: np.ndarray, wet: np.ndarray, month: np.ndarray, wet_day: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean (mm d-1 beyond the threshold) and gamma shape of wet days; the traces of dry days are added to them."""
    mean, shape = np.full(12, 1.0), np.full(12, 1.0)
    for m in range(12):
        amounts, traces = (rain[(month == m) & (wet == kind)] for kind in (1.0, 0.0))
        if amounts.size == 0:
            continue
        beyond = amounts - wet_day
        mean[m] = max(beyond.mean() + traces.sum() / amounts.size, 1e-3)
        shape[m] = min(max(mean[m] ** 2 / max(beyond.var(), 1e-6), 0.05), 100.0)
    return mean, shape


def _parts(
    series: Mapping[str, np.ndarray], season: np.ndarray, year: np.ndarray, lat: float
) -> dict[str, np.ndarray]:
    """What is turned into scores."""
    parts = {"tas": series["tas"] - _mean_year(year, season)}
    if {"tasmin", "tasmax"} <= set(series):
        parts["below"] = np.maximum(series["tas"] - series["tasmin"], SPREAD_FLOOR)
        parts["above"] = np.maximum(series["tasmax"] - series["tas"], SPREAD_FLOOR)
    if "rsds" in series:
        top = radiation.extraterrestrial(np.array(lat), season)
        parts["clearness"] = np.where(top > 1.0, series["rsds"] / np.maximum(top, 1.0), np.nan)
    return parts | {n: series[n] for n in ("sfcWind", "hurs") if n in series}


def _design(season: np.ndarray) -> np.ndarray:
    angles = 2.0 * np.pi * season[:, None] * np.arange(1, HARMONICS + 1)
    return np.hstack([np.ones((season.size, 1)), np.cos(angles), np.sin(angles)])


def _mean_year(coefficients: np.ndarray, season: np.ndarray) -> np.ndarray:
    return _design(season) @ coefficients


def _fitted_year(tas: np.ndarray, season: np.ndarray) -> np.ndarray:
    there = np.isfinite(tas)
    return np.linalg.lstsq(_design(season[there]), tas[there], rcond=None)[0]


def _scores(
    parts: Mapping[str, np.ndarray], wet: np.ndarray, month: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Distributions by month and kind of day, and the normal scores (n_days, k) of the record."""
    tables = {name: np.empty((12, 2, NODES.size)) for name in parts}
    z = np.full((wet.size, len(parts)), np.nan)
    for i, (name, values) in enumerate(parts.items()):
        for m in range(12):
            for kind in (0, 1):
                own = (month == m) & (wet == kind) & np.isfinite(values)
                used = own if own.sum() >= LEAST_OF_KIND else (month == m) & np.isfinite(values)
                if not used.any():
                    raise InputError(f"record, {name}", f"has no value in month {m + 1}", "give whole years")
                tables[name][m, kind] = np.quantile(values[used], NODES)
                rank = np.argsort(np.argsort(values[own])) + 0.5
                z[own, i] = ndtri(rank / max(own.sum(), 1))
    return tables, z


def _correlations(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices A and B of z(t) = A z(t-1) + B e, from the correlations of lag 0 and 1      [Matalas 1967]"""
    k = z.shape[1]
    frame = pd.DataFrame(np.hstack([z[1:], z[:-1]]))
    both = frame.corr().to_numpy()
    m0, m1 = 0.5 * (both[:k, :k] + both[k:, k:]), both[:k, k:]
    memory = m1 @ np.linalg.pinv(m0)
    rest = m0 - memory @ m1.T
    values, vectors = np.linalg.eigh(0.5 * (rest + rest.T))
    return memory, vectors @ np.diag(np.sqrt(np.clip(values, 0.0, None)))


def _autoregression(memory: np.ndarray, noise: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    shocks = rng.standard_normal((n, memory.shape[0])) @ noise.T
    z = np.empty_like(shocks)
    last = rng.standard_normal(memory.shape[0])
    for t in range(n):
        last = memory @ last + shocks[t]
        z[t] = last
    return z


def _chain(after_dry: np.ndarray, after_wet: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Wet (True) or dry days."""
    dice = rng.random(after_dry.size).tolist()
    wet = np.empty(after_dry.size, bool)
    state = False
    for i, (d, p0, p1) in enumerate(zip(dice, after_dry.tolist(), after_wet.tolist(), strict=True)):
        state = d < (p1 if state else p0)
        wet[i] = state
    return wet

"""A network of virtual stations on a simulated catchment: what a team would have measured of a known truth.

Every stream of the network (atmosphere, rain, vegetation, soil, soil water, epikarst, drip, cave, spring, stream) has
instruments: a quantity, how often it is read, its noise, drift, gaps and detection limit. `observe` is seeded; the
table that comes out is one for `estimate`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from karstsim.analysis.estimators.monitoring import PPM, SIMULATED, from_simulation
from karstsim.core.constants import DAYS_PER_YEAR, SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import times as clock

GAP_DAYS = 10.0  # mean length of an outage
MILLI = 1e3  # parts of a day, in the seed of the visits


@dataclass(frozen=True)
class Instrument:
    """One quantity as it is read.

    interval   days between readings; 0: every step of the truth
    noise      standard deviation of one reading, relative to it;  offset: in its units
    bias       relative error of all readings;  drift: relative change per year
    gaps       share of the time that is lost, in outages of `GAP_DAYS` on average
    limit      detection limit in its units: what is below is lost
    """

    quantity: str
    interval: float = 0.0
    noise: float = 0.0
    offset: float = 0.0
    bias: float = 0.0
    drift: float = 0.0
    gaps: float = 0.0
    limit: float = 0.0

    def __post_init__(self) -> None:
        where = f"instrument of {self.quantity}"
        for name in ("interval", "noise", "offset", "limit"):
            if not getattr(self, name) >= 0.0:
                raise InputError(where, f"{name} is {getattr(self, name)}", "give 0 or more")
        if not 0.0 <= self.gaps < 1.0:
            raise InputError(where, f"gaps is {self.gaps}", "give a share of the time, 0 to below 1")


def _of(names: str, **what: float) -> tuple[Instrument, ...]:
    return tuple(Instrument(name, **what) for name in names.split())


SAMPLED = "hco3 alkalinity ca mg na k cl so4 no3 dic d13c_dic"  # of one bottle, read at one visit
SPRING = (  # a logger and a sampler, errors of good field and laboratory work [design]
    Instrument("discharge", noise=0.05),
    *_of("temperature air_temperature", offset=0.1),
    *_of("conductivity", noise=0.01, drift=0.01),
    *_of("ph", offset=0.05),
    *_of(SAMPLED.removesuffix(" d13c_dic"), interval=7.0, noise=0.03),
    Instrument("d13c_dic", interval=7.0, offset=0.2),
    Instrument("precipitation", noise=0.05),
    Instrument("evapotranspiration", noise=0.15),
    Instrument("air_co2", noise=0.05, drift=0.02, gaps=0.1),
    Instrument("soil_respiration", interval=14.0, noise=0.2),
    Instrument("net_exchange", noise=0.3, gaps=0.4),
    Instrument("soil_carbon", interval=365.0, noise=0.05),
)
STREAMS = {  # ten streams of a karst observatory: output of the model, factor, unit     [design notes A21, X16]
    "atmosphere": ("atmosphere_co2", 1.0, "ppm"),
    "precipitation": ("atmosphere_precipitation", 1.0, "mm"),
    "vegetation": ("vegetation_npp", 1.0, "mol m-2"),
    "soil": ("soil_base_pco2", PPM, "ppm"),
    "soil water": ("soil_percolation_dic", 1.0, "mol m-2"),
    "cave air": ("cave_air_pco2", PPM, "ppm"),
    "cave drip": ("cave_drip_degassing", 1.0, "mol m-2"),
    "spring": ("aquifer_spring_hco3", 1.0, "mol m-3"),
    "underground river": ("aquifer_spring", 1.0, "mm"),
    "sediment": ("surface_water_burial_oc", 1.0, "mol m-2"),
}


def observe(truth: xr.Dataset, instruments: Sequence[Instrument] = SPRING, seed: int = 1) -> xr.Dataset:
    """What the instruments read of a truth: simulated output, or a Dataset over time with units.

    The result has the times of the truth; between readings is NaN. One seed gives one result, whatever the order of
    the instruments. Raises InputError where no instrument reads anything of the truth.
    """
    table = from_simulation(truth) if SIMULATED in truth else truth
    days = _days(table)
    out = xr.Dataset(coords={"time": table["time"]})
    for instrument in instruments:
        if instrument.quantity not in table:
            continue
        rng = np.random.default_rng([seed, zlib.crc32(instrument.quantity.encode())])
        true = table[instrument.quantity].values.astype("f8")
        values = np.where(
            _visited(days, instrument.interval, seed), _read(true, days, instrument, rng), np.nan
        )
        out[instrument.quantity] = ("time", values, dict(table[instrument.quantity].attrs))
    if not out.data_vars:
        some = ", ".join(map(str, table.data_vars))
        raise InputError("instruments", "read nothing of this truth", f"use quantities of it: {some}")
    out.attrs["comment"] = f"virtual monitoring of a simulation, seed {seed}"
    return out


def _days(table: xr.Dataset) -> np.ndarray:
    seconds = clock.seconds(table["time"].values)
    return (seconds - seconds[0]) / SECONDS_PER_DAY


def _read(true: np.ndarray, days: np.ndarray, one: Instrument, rng: np.random.Generator) -> np.ndarray:
    n = true.size
    values = true * (1.0 + one.bias + one.drift * days / DAYS_PER_YEAR + one.noise * rng.standard_normal(n))
    values = values + one.offset * rng.standard_normal(n)
    below = values < one.limit if one.limit > 0.0 else np.zeros(n, bool)
    return np.where(below | _outages(days, one.gaps, rng), np.nan, values)


def _visited(days: np.ndarray, interval: float, seed: int) -> np.ndarray:
    """Steps with a reading; quantities of one interval are read at the same visits."""
    if interval == 0.0:
        return np.ones(days.size, bool)
    first = np.random.default_rng([seed, round(interval * MILLI)]).uniform(0.0, interval)
    visits = np.arange(first, days[-1] + interval, interval)
    taken = np.zeros(days.size, bool)
    taken[np.unique(np.searchsorted(days, visits[visits <= days[-1]]))] = True
    return taken


def _outages(days: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Steps that are lost, in runs of `GAP_DAYS` on average, `share` of all on average."""
    lost = np.zeros(days.size, bool)
    if share == 0.0:
        return lost
    at = 0.0
    working = GAP_DAYS * (1.0 - share) / share
    while at < days[-1]:
        at += rng.exponential(working)
        length = rng.exponential(GAP_DAYS)
        lost |= (days >= at) & (days < at + length)
        at += length
    return lost


def sampled_every(
    days: float, instruments: Sequence[Instrument] = SPRING, names: str = SAMPLED
) -> tuple[Instrument, ...]:
    """The same instruments with the quantities `names` read every so many days (0: at every step)."""
    chosen = set(names.split())
    return tuple(replace(i, interval=days) if i.quantity in chosen else i for i in instruments)


def noisier(factor: float, instruments: Sequence[Instrument] = SPRING) -> tuple[Instrument, ...]:
    """The same instruments with all their errors times a factor; 0: without error, intervals kept."""
    return tuple(
        replace(i, **{n: factor * getattr(i, n) for n in ("noise", "offset", "bias", "drift")})
        for i in instruments
    )


def streams(output: xr.Dataset, names: Iterable[str] = STREAMS) -> xr.Dataset:
    """The streams of `STREAMS` that an output has, as series over time (means of tiles, last box)."""
    out = xr.Dataset(coords={"time": output["time"]})
    for name in names:
        variable, factor, units = STREAMS[name]
        if variable not in output:
            continue
        series = factor * output[variable]
        if "tile" in series.dims:
            series = series.weighted(output["tile_area_fraction"].fillna(0.0)).mean("tile")
        if "box" in series.dims:
            series = series.isel(box=-1)
        out[name.replace(" ", "_")] = series.assign_attrs(units=units, long_name=name)
    return out

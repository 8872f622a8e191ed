"""The forcing records that the compiled model reads: one row per location and step, in the units of the model."""

from __future__ import annotations

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.core.errors import InputError
from karstsim.core.spec import Var, dtype_of, new_table
from karstsim.forcing import times as clock

FORCING = (
    Var("tas", "degC", "near-surface air temperature", "air_temperature"),
    Var("pr", "mm d-1", "precipitation, rain and snow", "lwe_precipitation_rate"),
    Var("snowfall", "mm d-1", "snowfall; -1 when the snow process shall split pr by temperature"),
    Var("rsds", "W m-2", "downwelling shortwave radiation", "surface_downwelling_shortwave_flux_in_air"),
    Var("sfcwind", "m s-1", "wind speed at 10 m", "wind_speed"),
    Var("ps", "Pa", "surface air pressure", "surface_air_pressure"),
    Var("co2", "ppm", "CO2 mole fraction of dry air", "mole_fraction_of_carbon_dioxide_in_air"),
    Var("year_fraction", "1", "fraction of the year at the middle of the step, in its own calendar"),
    Var("day_fraction", "1", "local solar time at the beginning of the step, 0 for daily steps"),
)
FORCING_DTYPE = dtype_of(FORCING)
LOCAL_CLOCK = "local standard time"  # ds.attrs["clock"] of tables whose stamps are not universal time
SPLIT_BY_TEMPERATURE = -1.0  # value of snowfall when the forcing has none

# Physical bounds of one step in the units above. Rain and radiation of short steps may be higher (see `upper_bound`).
BOUNDS = {
    "tas": (-90.0, 60.0),  # the lowest and highest air temperatures ever measured lie just inside
    "pr": (0.0, 2000.0),  # 1825 mm is the record of one day
    "rsds": (0.0, 600.0),  # a polar midsummer day at the top of the air has 550
    "sfcwind": (0.0, 75.0),
    "ps": (40000.0, 110000.0),
    "co2": (100.0, 10000.0),
}
BRIGHTEST = 1500.0  # W m-2; an instant under broken clouds
SOURCES = {"tas": "tas", "pr": "pr", "rsds": "rsds", "sfcwind": "sfcWind", "ps": "ps", "co2": "co2"}


def upper_bound(name: str, step: float) -> float:
    """Highest credible value of a field over a step of `step` seconds.

    The heaviest rains on record follow depth ~ duration^0.5, so their rate grows as duration^-0.5.
    """
    upper = BOUNDS[name][1]
    if step >= SECONDS_PER_DAY or name not in ("pr", "rsds"):
        return upper
    return upper * (SECONDS_PER_DAY / step) ** 0.5 if name == "pr" else BRIGHTEST


def to_records(ds: xr.Dataset) -> tuple[np.ndarray, float, np.ndarray]:
    """Canonical forcing Dataset -> (table, dt, times).

    ds       tas K, pr and prsn kg m-2 s-1, rsds W m-2, sfcWind m s-1, ps Pa, co2 1e-6; dims (location, time)
    table    (n_location, n_time) records of FORCING_DTYPE
    dt       step length, d
    times    (n_time,) datetime64 or cftime: the beginning of each step
    Raises InputError for a missing variable, uneven steps, a value that is not finite or not physical.
    """
    missing = [v for v in SOURCES.values() if v not in ds]
    if missing or "time" not in ds.dims:
        raise InputError(
            "forcing",
            f"lacks {', '.join(missing) or 'the dimension time'}",
            "make the forcing with karstsim.open_forcing or synthetic_forcing",
        )
    ds = ds if "location" in ds.dims else ds.expand_dims("location")
    times = ds.time.values
    step = clock.check_regular(times, "forcing")
    table, _ = new_table((ds.sizes["location"], ds.sizes["time"]), FORCING_DTYPE)
    for field, name in SOURCES.items():
        table[field] = _model_units(field, _values(ds, name))
        _check(field, table[field], step, ds)
    table["snowfall"] = _snowfall(ds, table["pr"], step)
    table["year_fraction"] = clock.year_fraction(times, step)
    table["day_fraction"] = _day_fraction(ds, times, step)
    return table, step / SECONDS_PER_DAY, times


def _day_fraction(ds: xr.Dataset, times: np.ndarray, step: float) -> np.ndarray:
    """Local solar time at the start of each step, days, (n_location, n_time) or (n_time,).

    Stamps are universal time and the longitude shifts them, unless ``ds.attrs["clock"]`` says that they are LOCAL_CLOCK
    (station tables): local standard time is within an hour or so of solar time and taken as it is.
    """
    if step >= SECONDS_PER_DAY:
        return np.zeros(len(times))
    universal = np.asarray(clock.seconds(times) % SECONDS_PER_DAY) / SECONDS_PER_DAY
    if "lon" not in ds or ds.attrs.get("clock") == LOCAL_CLOCK:
        return universal
    longitude = np.nan_to_num(np.atleast_1d(ds["lon"].values).astype(float))
    return (universal[None, :] + longitude[:, None] / 360.0) % 1.0


def _values(ds: xr.Dataset, name: str) -> np.ndarray:
    shape = xr.DataArray(np.zeros((ds.sizes["location"], ds.sizes["time"])), dims=("location", "time"))
    extra = [str(d) for d in ds[name].dims if d not in ("location", "time")]
    if extra:
        raise InputError(f"forcing, {name}", f"has dimensions {', '.join(extra)}", "select one point of them")
    return (
        ds[name].drop_vars(list(ds[name].coords)).broadcast_like(shape).transpose("location", "time").values
    )


def _model_units(field: str, values: np.ndarray) -> np.ndarray:
    if field == "tas":
        return values - ZERO_CELSIUS
    return values * SECONDS_PER_DAY if field == "pr" else values


def _snowfall(ds: xr.Dataset, pr: np.ndarray, step: float) -> np.ndarray:
    if "prsn" not in ds:
        return np.full(pr.shape, SPLIT_BY_TEMPERATURE)
    snow = _values(ds, "prsn") * SECONDS_PER_DAY
    _refuse("snowfall", snow, ~((snow >= 0.0) & (snow <= pr * (1.0 + 1e-9))), ds, "outside 0..pr mm d-1")
    return snow


def _check(field: str, values: np.ndarray, step: float, ds: xr.Dataset) -> None:
    lower, upper = BOUNDS[field][0], upper_bound(field, step)
    units = next(v.units for v in FORCING if v.name == field)
    _refuse(
        field, values, ~((values >= lower) & (values <= upper)), ds, f"outside {lower:g}..{upper:g} {units}"
    )


def _refuse(field: str, values: np.ndarray, bad: np.ndarray, ds: xr.Dataset, why: str) -> None:
    """InputError for the first bad value in time order; NaN and inf are bad by construction of the test."""
    if not bad.any():
        return
    i_time, i_location = (int(k[0]) for k in np.nonzero(bad.T))
    place = str(ds.location.values[i_location]) if "location" in ds.coords else str(i_location)
    raise InputError(
        f"forcing, {field}, location {place}, time {clock.text(ds.time.values[i_time])}",
        f"value {values[i_location, i_time]:g} is {why} ({int(bad.sum())} such value(s))",
        "check the units and the missing values of this variable in the source",
    )

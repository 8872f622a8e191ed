"""The forcing records that the compiled model reads: one row per location and step, in the units of the model."""

from __future__ import annotations

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.core.errors import InputError
from karstsim.core.spec import Var, dtype_of, new_table
from karstsim.forcing import humidity, leaves
from karstsim.forcing import times as clock
from karstsim.forcing.units import model_factor

FORCING = (
    Var("tas", "degC", "near-surface air temperature", "air_temperature"),
    Var("pr", "mm d-1", "precipitation, rain and snow", "lwe_precipitation_rate"),
    Var("snowfall", "mm d-1", "snowfall; -1 when the snow process shall split pr by temperature"),
    Var("rsds", "W m-2", "downwelling shortwave radiation", "surface_downwelling_shortwave_flux_in_air"),
    Var("sfcwind", "m s-1", "wind speed at 10 m", "wind_speed"),
    Var("ps", "Pa", "surface air pressure", "surface_air_pressure"),
    Var("co2", "ppm", "CO2 mole fraction of dry air", "mole_fraction_of_carbon_dioxide_in_air"),
    Var(
        "tasmin",
        "degC",
        "lowest air temperature of the step; that of tas where it is not known",
        "air_temperature",
    ),
    Var(
        "tasmax",
        "degC",
        "highest air temperature of the step; that of tas where it is not known",
        "air_temperature",
    ),
    Var("daily_range", "degC", "highest less lowest air temperature of the day; 0 where it is not known"),
    Var("rsds_day", "W m-2", "downwelling shortwave radiation, mean of the day"),
    Var("rlds", "W m-2", "downwelling longwave radiation; -1 where it is not known"),
    Var(
        "vapor_pressure",
        "Pa",
        "water vapour pressure; -1 where it is not known",
        "water_vapor_partial_pressure_in_air",
    ),
    Var("evspsblpot", "mm d-1", "prescribed potential evapotranspiration; -1 where it is not known"),
    Var("npp", "mol m-2 d-1", "prescribed net primary production; -1 where it is not known"),
    Var("rhsoil", "mol m-2 d-1", "prescribed heterotrophic respiration; -1 where it is not known"),
    Var("rsoil", "mol m-2 d-1", "prescribed respiration of soil and roots; -1 where it is not known"),
    Var("fco2antt", "mol m-2 d-1", "CO2 emissions into the box of air, per its area; 0 where not known"),
    Var("lai", "1", "prescribed leaf area index; -1 where it is not known"),
    Var("fapar", "1", "prescribed share of light that leaves absorb; -1 where it is not known"),
    Var("swc", "1", "prescribed volumetric water content of the soil; -1 where it is not known"),
    Var("co2_d13c", "permille", "d13C of atmospheric CO2"),
    Var("co2_c14", "1", "14C activity of atmospheric CO2 over that of modern carbon, 1 + Delta14C/1000"),
    Var("year_fraction", "1", "fraction of the year at the middle of the step, in its own calendar"),
    Var("day_of_year", "day", "days since the year began at the middle of the step, in its own calendar"),
    Var("day_fraction", "1", "local solar time at the beginning of the step, 0 for daily steps"),
)
FORCING_DTYPE = dtype_of(FORCING)
LOCAL_CLOCK = "local standard time"  # ds.attrs["clock"] of tables whose stamps are not universal time
ABSENT = -1.0  # value of an optional field that is never negative
SPLIT_BY_TEMPERATURE = ABSENT  # value of snowfall when the forcing has none

# Physical bounds of one step in the units above. Rain and radiation of short steps may be higher (see `upper_bound`).
BOUNDS = {
    "tas": (-90.0, 60.0),  # the lowest and highest air temperatures ever measured lie just inside
    "pr": (0.0, 2000.0),  # 1825 mm is the record of one day
    "rsds": (0.0, 600.0),  # a polar midsummer day at the top of the air has 550
    "sfcwind": (0.0, 75.0),
    "ps": (40000.0, 110000.0),
    "psl": (85000.0, 110000.0),  # 870 hPa, in a typhoon, is the lowest ever measured
    "uas": (-75.0, 75.0),
    "vas": (-75.0, 75.0),
    "co2": (100.0, 10000.0),
    "hurs": (0.0, 100.0),
    "huss": (0.0, 0.06),  # saturated air at 43 degC
    "rlds": (30.0, 700.0),  # above any cloud base as warm as 60 degC
    "evspsblpot": (0.0, 50.0),
    "npp": (0.0, 5.0),  # 60 g C m-2 d-1, twice the best day of a crop
    "rhsoil": (0.0, 5.0),
    "rsoil": (0.0, 5.0),
    "fco2antt": (-5.0, 50.0),  # a dense city emits 20 kg C m-2 a-1, 5 mol m-2 d-1
    "lai": (0.0, 15.0),
    "fapar": (0.0, 1.0),
    "ndvi": (-1.0, 1.0),
    "swc": (0.0, 0.9),  # peat holds the most
    "delta13co2": (-15.0, 0.0),
    "Delta14co2": (-500.0, 1500.0),  # the bomb peak of 1964 is 980 in the northern hemisphere
}
FOLLOW_THE_SUN = ("evspsblpot", "npp")
AIR_ISOTOPES = {
    "delta13co2": -8.5,
    "Delta14co2": 0.0,
}  # permil, without a series: d13C of 2020, modern carbon
BRIGHTEST = 1500.0  # W m-2; an instant under broken clouds
SOURCES = {"tas": "tas", "pr": "pr", "rsds": "rsds", "sfcwind": "sfcWind", "ps": "ps", "co2": "co2"}


def upper_bound(name: str, step: float) -> float:
    """Highest credible value of a field over a step of `step` seconds.

    The heaviest rains on record follow depth ~ duration^0.5, so their rate grows as duration^-0.5.
    """
    upper = BOUNDS[name][1]
    if step >= SECONDS_PER_DAY or name not in ("pr", "rsds", *FOLLOW_THE_SUN):
        return upper
    if name in FOLLOW_THE_SUN:
        return upper * BRIGHTEST / BOUNDS["rsds"][1]
    return upper * (SECONDS_PER_DAY / step) ** 0.5 if name == "pr" else BRIGHTEST


def to_records(ds: xr.Dataset) -> tuple[np.ndarray, float, np.ndarray]:
    """Canonical forcing Dataset -> (table, dt, times).

    ds       tas K, pr and prsn kg m-2 s-1, rsds W m-2, sfcWind m s-1, ps Pa, co2 1e-6; dims (location, time);
             perhaps tasmin, tasmax and tdps K, hurs %, huss 1, rlds W m-2, evspsblpot kg m-2 s-1; npp, rhSoil, rSoil
             and fco2antt kg m-2 s-1 of carbon; lai, fapar or ndvi 1; swc 1
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
    _fill_optional(table, ds, step)
    table["year_fraction"] = clock.year_fraction(times, step)
    table["day_of_year"] = clock.day_of_year(times, step)
    table["day_fraction"] = day_fraction(ds, times, step)
    return table, step / SECONDS_PER_DAY, times


def _fill_optional(table: np.ndarray, ds: xr.Dataset, step: float) -> None:
    """Fields that only some laws read."""
    both = "tasmin" in ds and "tasmax" in ds
    for name in ("tasmin", "tasmax"):
        table[name] = _checked(ds, name, "tas", step) - ZERO_CELSIUS if both else table["tas"]
    for name in ("rlds", "evspsblpot", "npp", "rhSoil", "rSoil", "swc"):
        table[name.lower()] = _checked(ds, name, name.lower(), step) if name in ds else ABSENT
    table["fco2antt"] = _checked(ds, "fco2antt", "fco2antt", step) if "fco2antt" in ds else 0.0
    table["lai"] = table["fapar"] = ABSENT
    delta, cap_delta = (
        _checked(ds, name, name, step) if name in ds else default for name, default in AIR_ISOTOPES.items()
    )
    table["co2_d13c"], table["co2_c14"] = delta, 1.0 + cap_delta / 1000.0
    form = leaves.chosen(ds)
    if form == "lai":
        table["lai"] = _checked(ds, form, form, step)
    elif form is not None:
        table["fapar"] = leaves.absorbed(form, _checked(ds, form, form, step))
    table["vapor_pressure"] = _vapor_pressure(table, ds, step)
    if step >= SECONDS_PER_DAY:
        table["daily_range"] = table["tasmax"] - table["tasmin"]
        table["rsds_day"] = table["rsds"]
        return
    days = local_days(ds)
    table["daily_range"] = of_day(table["tasmax"], days, np.maximum) - of_day(
        table["tasmin"], days, np.minimum
    )
    count = of_day(np.ones(days.shape), days, np.add)
    table["rsds_day"] = of_day(table["rsds"], days, np.add) / count


def _vapor_pressure(table: np.ndarray, ds: xr.Dataset, step: float) -> np.ndarray | float:
    form = humidity.chosen(ds)
    if form is None:
        return ABSENT
    values = _checked(ds, form, "tas" if form == "tdps" else form, step)
    if form == "tdps":
        return humidity.from_dew_point(values - ZERO_CELSIUS)
    if form == "huss":
        return humidity.from_specific(values, table["ps"])
    return humidity.from_relative(values, table["tasmin"], table["tasmax"])


def _checked(ds: xr.Dataset, name: str, like: str, step: float) -> np.ndarray:
    """Values of an optional variable, in model units, for temperatures K. InputError outside the bounds of `like`."""
    values = _values(ds, name)
    scaled = values * model_factor(name)
    kelvin = ZERO_CELSIUS if like == "tas" else 0.0
    lower, upper = BOUNDS[like][0] + kelvin, upper_bound(like, step) + kelvin
    _refuse(name, scaled, ~((scaled >= lower) & (scaled <= upper)), ds, f"outside {lower:g}..{upper:g}")
    return scaled


def local_days(ds: xr.Dataset) -> np.ndarray:
    """Number of the local day of each step, (n_location, n_time)."""
    stamps = np.asarray(clock.seconds(ds.time.values), "f8") / SECONDS_PER_DAY
    days = np.floor(stamps[None, :] + _clock_shift(ds)[:, None] + 1e-9)
    return np.broadcast_to(days, (ds.sizes["location"], ds.sizes["time"]))


def of_day(values: np.ndarray, days: np.ndarray, how: np.ufunc) -> np.ndarray:
    """`values` (n_location, n_time) reduced over equal neighbours in `days`, repeated for each step of the day."""
    out = np.empty(values.shape)
    for i, day in enumerate(days):
        starts = np.flatnonzero(np.r_[True, np.diff(day) != 0.0])
        out[i] = np.repeat(how.reduceat(values[i], starts), np.diff(np.r_[starts, len(day)]))
    return out


def day_fraction(ds: xr.Dataset, times: np.ndarray, step: float) -> np.ndarray:
    """Local solar time at the start of each step, days, (n_location, n_time) or (n_time,).

    Stamps are universal time and the longitude shifts them, unless ``ds.attrs["clock"]`` says that they are LOCAL_CLOCK
    (station tables): local standard time is within an hour or so of solar time and taken as it is.
    """
    if step >= SECONDS_PER_DAY:
        return np.zeros(len(times))
    universal = np.asarray(clock.seconds(times) % SECONDS_PER_DAY) / SECONDS_PER_DAY
    return (universal[None, :] + _clock_shift(ds)[:, None]) % 1.0


def _clock_shift(ds: xr.Dataset) -> np.ndarray:
    """Days by which local solar time is ahead of the stamps, (n_location,) or (1,)."""
    if "lon" not in ds or ds.attrs.get("clock") == LOCAL_CLOCK:
        return np.zeros(1)
    return np.nan_to_num(np.atleast_1d(ds["lon"].values).astype(float)) / 360.0


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

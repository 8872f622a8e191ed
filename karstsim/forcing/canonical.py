"""What every source of weather passes before the model sees it: complete, finite, physical, and its repairs listed.

Raw series of CMIP variables in canonical units (units.CANONICAL) go in; the canonical Dataset of `finish` comes out.
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY, STANDARD_ATMOSPHERE, ZERO_CELSIUS
from karstsim.core.errors import InputError
from karstsim.forcing import humidity, leaves, radiation
from karstsim.forcing import times as clock
from karstsim.forcing.optional import OPTIONAL, leaving_out
from karstsim.forcing.records import BOUNDS, day_fraction, local_days, of_day, upper_bound
from karstsim.forcing.units import CANONICAL, NOISE, is_noise, model_factor

log = logging.getLogger("karstsim.forcing")

MEAN_WIND, MEAN_WIND_HEIGHT = (
    2.0,
    2.0,
)  # m s-1, m; the world mean over land, as FAO-56 advises where none is measured
SNOW_EXCESS = (
    0.10  # snowfall may exceed precipitation by this share of the total before it counts as an error
)
MOST_NAMED = 15  # names of a source that a message lists
TOO_DRY = 0.1 / SECONDS_PER_DAY  # kg m-2 s-1; a year whose wettest day stays below 0.1 mm has wrong units
NAMES = {
    "tas": ("air_temperature", "near-surface air temperature"),
    "tasmin": ("air_temperature", "daily minimum near-surface air temperature"),
    "tasmax": ("air_temperature", "daily maximum near-surface air temperature"),
    "pr": ("precipitation_flux", "precipitation"),
    "prsn": ("snowfall_flux", "snowfall"),
    "rsds": ("surface_downwelling_shortwave_flux_in_air", "downwelling shortwave radiation"),
    "sfcWind": ("wind_speed", "wind speed at 10 m"),
    "ps": ("surface_air_pressure", "surface air pressure"),
    "hurs": ("relative_humidity", "near-surface relative humidity"),
    "huss": ("specific_humidity", "near-surface specific humidity"),
    "tdps": ("dew_point_temperature", "near-surface dew point"),
    "rlds": ("surface_downwelling_longwave_flux_in_air", "downwelling longwave radiation"),
    "evspsblpot": ("water_potential_evaporation_flux", "prescribed potential evapotranspiration"),
    "npp": ("net_primary_productivity_of_biomass_expressed_as_carbon", "prescribed net primary production"),
    "rhSoil": (
        "surface_upward_mass_flux_of_carbon_dioxide_expressed_as_carbon_due_to_heterotrophic_respiration",
        "prescribed heterotrophic respiration of litter and soil",
    ),
    "rSoil": (
        "surface_upward_mass_flux_of_carbon_dioxide_expressed_as_carbon_due_to_respiration_in_soil",
        "prescribed respiration of the soil with its roots",
    ),
    "fco2antt": (
        "tendency_of_atmosphere_mass_content_of_carbon_dioxide_expressed_as_carbon_due_to_anthropogenic_emission",
        "CO2 emissions by people",
    ),
    "lai": ("leaf_area_index", "prescribed leaf area index"),
    "fapar": (
        "fraction_of_surface_downwelling_photosynthetic_radiative_flux_absorbed_by_vegetation",
        "prescribed share of photosynthetically active radiation that leaves absorb",
    ),
    "ndvi": ("normalized_difference_vegetation_index", "normalized difference vegetation index"),
    "swc": ("volume_fraction_of_condensed_water_in_soil", "volumetric water content of the soil"),
    "co2": ("mole_fraction_of_carbon_dioxide_in_air", "CO2 mole fraction"),
    "psl": ("air_pressure_at_mean_sea_level", "air pressure at sea level"),
    "uas": ("eastward_wind", "eastward wind at 10 m"),
    "vas": ("northward_wind", "northward wind at 10 m"),
    "orog": ("surface_altitude", "height of the ground"),
}
ESTIMABLE = ("rsds", "tdps")
STANDARD_HEIGHT = 10.0  # m, of sfcWind
LAPSE_RATE = 0.0065  # K m-1; of the international standard atmosphere
BAROMETRIC = 5.25588  # its exponent, g M / (R lapse rate)
SLOW = (*leaves.FORMS, "swc")  # gaps of which straight lines may close
OVERSATURATED = 160.0  # %; models give humidity over ice, up to this in the coldest air
YEAR = 360 * SECONDS_PER_DAY  # of the shortest calendar
MONTH_OR_SO = 28 * SECONDS_PER_DAY
TOO_DRIZZLY = (
    0.02 / SECONDS_PER_DAY
)  # kg m-2 s-1; it does not rain on most days of a month without ever passing 0.02 mm
MANY_DAYS, DRIEST = 2 * SECONDS_PER_DAY, 1.5  # %; no place on earth stays below that for days
HALF = 0.5  # of the steps
AT_HAND = 65_536  # values that a core keeps close between two looks at them
ROUNDING = 1e-3  # K by which tasmin may exceed tasmax: float32 and packing
ORDER = ("location", "time")
NEEDED = ("tas", "pr", "prsn", "rsds", "sfcWind", "ps")
KEPT = (*NEEDED, "tasmin", "tasmax", *OPTIONAL)
_FIELD = {
    "prsn": "pr",
    "tasmin": "tas",
    "tasmax": "tas",
    "tdps": "tas",
    "sfcWind": "sfcwind",
    "rhSoil": "rhsoil",
    "rSoil": "rsoil",
}  # record field with the same bounds


Heights = TypeVar("Heights", float, np.ndarray)
Elevation = float | Sequence[float] | np.ndarray | str | Path | None  # a file is one of the orography


class Repairs(list):
    """Notes on what was changed or filled in; each is logged when it is made and ends in ``ds.attrs["repairs"]``."""

    def note(self, message: str) -> None:
        if message not in self:
            self.append(message)
            log.warning("repair: %s", message)


class Unsaid(Repairs):
    """Notes of a look that the reading proper will say again."""

    def note(self, message: str) -> None:
        """Nothing."""


def finish(
    raw: xr.Dataset,
    where: str,
    repairs: Repairs,
    estimate: Iterable[str] = (),
    elevation: float | np.ndarray = 0.0,
    keep: Iterable[str] | None = None,
    wind_height: float = STANDARD_HEIGHT,
    told: Iterable[str] = (),
    gaps: bool = False,
    step: float | None = None,
    others: Iterable[str] = (),
) -> xr.Dataset:
    """Check raw series and complete them to the canonical Dataset (all but co2).

    raw        CMIP variables in canonical units, dims (location, time); coords time (regular), lat, lon
    where      name of the source for messages
    estimate   variables that may be estimated when absent: ``("rsds", "tdps")``
    elevation  m, of all locations or (n_location,), for the air pressure where ps is absent
    keep       only check and return these variables; nothing is derived
    wind_height  m above ground of the measured sfcWind; brought to 10 m
    told       variables that the caller named: faults of optional ones are errors as well
    gaps       missing values may stay: for records that are compared with, not run
    step       s, of values whose time axis is known to be right (months); else it is found and checked
    others     names in the source that are no variable read here: where one is missing they are told
    Raises InputError for missing variables and for values that are not finite or not physical.
    """
    _check_request(estimate, elevation, wind_height)
    step = clock.check_regular(raw.time.values, where) if step is None else step
    raw = raw if all(v.dims == ORDER for v in raw.data_vars.values()) else raw.transpose(*ORDER)
    strict = OPTIONAL if keep is not None else tuple(told)
    checked = {}
    for name in map(str, raw.data_vars):
        with leaving_out(name, strict, repairs):
            checked[name] = _checked(name, raw[name], step, where, repairs, gaps).variable
    ds = raw.drop_vars(raw.data_vars).assign(checked)
    if keep is None:
        with _telling(ds, others):
            ds = _complete(ds, step, where, repairs, tuple(estimate), elevation, wind_height)
    return label(ds, repairs)


def label(ds: xr.Dataset, repairs: Repairs) -> xr.Dataset:
    """The Dataset with dims in order, CF attributes on every variable, calendar and repairs in its attributes."""
    ds = ds.transpose("location", "time")
    for name in ds.data_vars:
        standard, long = NAMES[str(name)]
        ds[name].attrs = {"standard_name": standard, "long_name": long, "units": CANONICAL[str(name)]}
        ds[name].encoding = {}
    ds.attrs["calendar"] = clock.calendar_of(ds.time.values)
    ds.attrs["repairs"] = "\n".join(repairs)
    return ds


def _check_request(estimate: Iterable[str], elevation: float | np.ndarray, wind_height: float) -> None:
    unknown = [e for e in estimate if e not in ESTIMABLE]
    if isinstance(estimate, str) or unknown:
        raise InputError("estimate", f"{estimate!r} cannot be estimated", 'write estimate=("rsds",)')
    heights = np.atleast_1d(elevation)
    if not ((heights >= -500.0) & (heights <= 9000.0)).all():
        astray = float(heights[np.argmin((heights >= -500.0) & (heights <= 9000.0))])
        raise InputError("elevation", f"{astray:g} m is not on land", "give metres above sea level")
    if not 0.5 <= wind_height <= 200.0:
        raise InputError(
            "wind_height", f"{wind_height:g} m is no mast", "give metres above ground, 0.5 to 200"
        )


# ------------------------------------------------------------------------------------------------ one variable


def _checked(
    name: str, da: xr.DataArray, step: float, where: str, repairs: Repairs, gaps: bool = False
) -> xr.DataArray:
    """The variable with noise around zero removed. Raises InputError for gaps and for unphysical values."""
    if gaps and np.isnan(da.values).any():
        return _with_gaps(name, da, step, where, repairs)
    if name in SLOW:
        da = _bridged(da, repairs)
    values = da.values
    lower, upper = gate(name, step)
    lowest, highest = _extremes(values)
    if lower <= lowest and highest <= upper and not _suspicious(name, values, highest, step):
        return da
    _refuse(
        np.isnan(values).all(axis=1, keepdims=True),
        da,
        where,
        "missing at all steps",
        "choose a point on land, or fill the gap; cells=True leaves empty cells out",
    )
    _refuse(
        ~np.isfinite(values),
        da,
        where,
        "missing or not finite",
        "fill the gap, or choose start and end without it",
    )
    if name in NOISE:
        noise = (values < 0.0) & (values >= NOISE[name])
        if noise.any():
            if not is_noise(name, values):
                what = f"{int((values < 0.0).sum())} of {values.size} values are negative, too many for noise"
                mend = f"check the sign: {name} is positive here, and ERA5 counts evaporation as negative"
                raise InputError(f"{where}, {name}", what, mend)
            low = values[noise].min()
            repairs.note(
                f"{name}: {int(noise.sum())} values from {low:.2g} to 0 {CANONICAL[name]} set to 0 (noise)"
            )
            values = np.where(noise, 0.0, values)
    if name == "hurs" and ((values > 100.0) & (values <= OVERSATURATED)).any():
        repairs.note(f"hurs: {int((values > 100.0).sum())} values up to {values.max():.4g} % set to 100 %")
        values = np.where(values <= OVERSATURATED, np.minimum(values, 100.0), values)
    bad = (values < lower) | (values > upper)
    limits = f"outside {lower:.6g}..{upper:.6g} {CANONICAL[name]}"
    _refuse(bad, da, where, limits, _hint(name, values))
    if said := _suspicious(name, values, float(values.max()), step):
        raise InputError(f"{where}, {name}", *said)
    return da.copy(data=values)


def _extremes(values: np.ndarray) -> tuple[float, float]:
    """Lowest and highest value, NaN where there is one; both of a part while it is at hand: memory is read once."""
    flat = values.ravel(order="K")
    parts = [flat[i : i + AT_HAND] for i in range(0, flat.size, AT_HAND)]
    both = np.array([(part.min(), part.max()) for part in parts])
    return float(both[:, 0].min()), float(both[:, 1].max())


def _with_gaps(name: str, da: xr.DataArray, step: float, where: str, repairs: Repairs) -> xr.DataArray:
    """As `_checked`, with missing values named and kept."""
    missing = np.isnan(da.values)
    if missing.all():
        raise InputError(f"{where}, {name}", "has no value", "leave the column out")
    repairs.note(f"{name}: {int(missing.sum())} of {missing.size} values are missing and stay so")
    stand_in = da.copy(data=np.where(missing, np.nanmedian(da.values), da.values))
    checked = _checked(name, stand_in, step, where, repairs)
    return checked.copy(data=np.where(missing, np.nan, checked.values))


def _suspicious(name: str, values: np.ndarray, highest: float, step: float) -> tuple[str, str] | None:
    """What and mend of values that are possible one by one and not over their whole span: their units are wrong."""
    span = values.shape[1] * step
    dry = name == "pr" and 0.0 < highest < TOO_DRY
    if dry and (
        span >= YEAR
        or (span >= MONTH_OR_SO and highest < TOO_DRIZZLY and float((values > 0.0).mean()) > HALF)
    ):
        what = f"never above {highest * SECONDS_PER_DAY:.3g} mm d-1 in {span / SECONDS_PER_DAY:.0f} days"
        return what, "the values look like kg m-2 s-1 labelled as mm d-1: tell their units"
    if name == "hurs" and span >= MANY_DAYS and highest <= DRIEST:
        what = f"never above {highest:.3g} % in {span / SECONDS_PER_DAY:.0f} days"
        return what, 'the values look like a fraction labelled as %: units={"hurs": "1"}'
    return None


def _bridged(da: xr.DataArray, repairs: Repairs) -> xr.DataArray:
    """Gaps between the values of a slow variable closed by straight lines: satellites pass seldom, probes fail."""
    missing = np.isnan(da.values)
    if not missing.any() or missing.all(axis=1).any():
        return da
    steps = np.arange(da.sizes["time"])
    lines = [np.interp(steps, steps[~gap], row[~gap]) for row, gap in zip(da.values, missing, strict=True)]
    repairs.note(
        f"{da.name}: {int(missing.sum())} of {missing.size} steps from straight lines between the others"
    )
    return da.copy(data=np.array(lines))


def gate(name: str, step: float) -> tuple[float, float]:
    """Lowest and highest credible value in canonical units for steps of `step` seconds."""
    field = _FIELD.get(name, name)
    lower, upper = BOUNDS[field][0], upper_bound(field, step)
    if field == "tas":
        return lower + ZERO_CELSIUS, upper + ZERO_CELSIUS
    return lower / model_factor(name), upper / model_factor(name)


def _refuse(bad: np.ndarray, da: xr.DataArray, where: str, what: str, mend: str) -> None:
    if not bad.any():
        return
    i_time, i_location = (int(k[0]) for k in np.nonzero(bad.T))
    place = f", location {da.location.values[i_location]}" if da.sizes["location"] > 1 else ""
    raise InputError(
        f"{where}, {da.name}{place}, time {clock.text(da.time.values[i_time])}",
        f"value {da.values[i_location, i_time]:.6g} is {what} ({int(bad.sum())} such value(s))",
        mend,
    )


def _hint(name: str, values: np.ndarray) -> str:
    middle = float(np.median(values))
    if name.startswith("tas") and middle < 100.0:
        return "the values look like degC labelled as K: tell their units"
    if name.startswith("tas") and middle > 400.0:
        return "the values look like K labelled as degC: tell their units"
    if name in ("pr", "prsn") and values.min() < 0.0:
        return "negative precipitation cannot be repaired: correct it in the source"
    if name in ("pr", "prsn"):
        return "too much rain: perhaps mm d-1 labelled as kg m-2 s-1; tell the units"
    return "check the units and the values in the source"


# ------------------------------------------------------------------------------------------------ the whole set


def _complete(
    ds: xr.Dataset,
    step: float,
    where: str,
    repairs: Repairs,
    estimate: tuple[str, ...],
    elevation: float | np.ndarray,
    wind_height: float,
) -> xr.Dataset:
    ds = _with_substitutes(_with_tas(ds, where, repairs), repairs, elevation)
    if "pr" not in ds:
        raise _MissingError(where, "has no pr", f"add the file or column of precipitation{_named('pr')}")
    if "prsn" in ds:
        ds["prsn"] = _snow_within_precipitation(ds, where, repairs)
    if "rsds" not in ds:
        ds["rsds"] = _estimated_rsds(ds, step, where, repairs, estimate, elevation)
    if "sfcWind" not in ds:
        ds["sfcWind"] = _everywhere(default_wind(), ds.pr)
        at = f"{MEAN_WIND:g} m s-1 at {MEAN_WIND_HEIGHT:g} m"
        repairs.note(f"sfcWind: absent, set to {default_wind():.3g} m s-1 at 10 m ({at})")
    elif wind_height != STANDARD_HEIGHT:
        ds["sfcWind"] = ds.sfcWind * wind_ratio(wind_height)
        repairs.note(f"sfcWind: from {wind_height:g} m brought to 10 m, times {wind_ratio(wind_height):.4g}")
    if "ps" not in ds:
        pressure = air_pressure(np.atleast_1d(elevation))
        ds["ps"] = _everywhere(pressure[:, None], ds.pr)
        doubt = "" if np.any(elevation) else ", which counts where none is given"
        repairs.note(f"ps: absent, {_span(pressure)} Pa from the elevation {_span(elevation)} m{doubt}")
    if "tdps" in estimate and humidity.chosen(ds) is None:
        ds["tdps"] = _estimated_dew_point(ds, step, where, repairs)
    return ds[[v for v in KEPT if v in ds]]


def _span(values: float | np.ndarray) -> str:
    """One number, or the lowest and the highest."""
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"


def _everywhere(value: float | np.ndarray, like: xr.DataArray) -> xr.DataArray:
    """One value at all steps, of all places or (n_location, 1), without the memory of an array."""
    return like.copy(data=np.broadcast_to(value, like.shape))


def default_wind() -> float:
    """Wind at 10 m where none is measured, m s-1.                                        [FAO-56, chapter 3]"""
    return MEAN_WIND * wind_ratio(MEAN_WIND_HEIGHT)


def wind_ratio(height: float) -> float:
    """Wind at 10 m over that at `height` (m), by the logarithmic profile over short grass.     [FAO-56, Eq. 47]"""
    return math.log(67.8 * STANDARD_HEIGHT - 5.42) / math.log(67.8 * height - 5.42)


def _estimated_dew_point(ds: xr.Dataset, step: float, where: str, repairs: Repairs) -> xr.DataArray:
    """The daily minimum of temperature, near which the air of a vegetated place is saturated.  [FAO-56, Eq. 48]"""
    if "tasmin" not in ds or step != clock.LONGEST_STEP:
        what = "has no daily tasmin, so the dew point cannot be estimated"
        raise InputError(where, what, "add hurs, huss or tdps, or daily tasmin")
    repairs.note("tdps: no humidity given, dew point set to tasmin (FAO-56, Eq. 48)")
    return ds.tasmin.copy()


def _named(variable: str) -> str:
    """How a variable of another name is told, on the command line and in a run file."""
    told = f'{variable} = "NAME" under [forcing.columns]'
    return f"; if the file has it as NAME: {told} (--column {variable}=NAME, columns= in Python)"


class _MissingError(InputError):
    """A variable that the source has not; what it has is told where it is known (`_telling`)."""


@contextlib.contextmanager
def _telling(ds: xr.Dataset, others: Iterable[str]) -> Iterator[None]:
    """Add to a `_MissingError` raised inside what the source has, also under names that are none of a variable."""
    there = ", ".join(str(v) for v in ds.data_vars) or "no variable of weather"
    names = list(dict.fromkeys(others))
    if names:
        more = ", ..." if len(names) > MOST_NAMED else ""
        there += f"; not known: {', '.join(names[:MOST_NAMED])}{more}"
    try:
        yield
    except _MissingError as error:
        raise InputError(error.where, f"{error.what} (found {there})", error.mend) from None


def _with_tas(ds: xr.Dataset, where: str, repairs: Repairs) -> xr.Dataset:
    if {"tasmin", "tasmax"} <= set(ds.data_vars):
        low, high = (ds[n].transpose("location", "time").values for n in ("tasmin", "tasmax"))
        crossed = low > high
        if crossed.any():
            mend = "check the columns of minimum and maximum temperature"
            _refuse(low > high + ROUNDING, ds.tasmin, where, "above tasmax", mend)
            repairs.note(
                f"tasmin: {int(crossed.sum())} values up to {float((low - high).max()):.1g} K above tasmax "
                "(rounding), both set to their mean"
            )
            middle = 0.5 * (low + high)
            ds["tasmin"] = ds.tasmin.copy(data=np.where(crossed, middle, low))
            ds["tasmax"] = ds.tasmax.copy(data=np.where(crossed, middle, high))
    if "tas" in ds:
        return ds
    if not {"tasmin", "tasmax"} <= set(ds.data_vars):
        mend = f"add the file or column of tas, or both tasmin and tasmax{_named('tas')}"
        raise _MissingError(where, "has no tas", mend)
    repairs.note("tas: absent, the mean of tasmin and tasmax")
    return ds.assign(tas=0.5 * (ds.tasmin + ds.tasmax))


def _with_substitutes(ds: xr.Dataset, repairs: Repairs, elevation: float | np.ndarray) -> xr.Dataset:
    """Wind from its components and air pressure from that at sea level, where they themselves are absent."""
    if "sfcWind" not in ds and {"uas", "vas"} <= set(ds.data_vars):
        repairs.note("sfcWind: absent, from uas and vas (of means over a step it is somewhat low)")
        ds["sfcWind"] = np.hypot(ds.uas, ds.vas)
    if "ps" not in ds and "psl" in ds:
        repairs.note(f"ps: absent, from psl, tas and the elevation {_span(elevation)} m")
        rise = xr.DataArray(LAPSE_RATE * elevation, dims="location" if np.ndim(elevation) else ())
        ds["ps"] = ds.psl * (1.0 - rise / (ds.tas + rise)) ** BAROMETRIC
    return ds


def _snow_within_precipitation(ds: xr.Dataset, where: str, repairs: Repairs) -> xr.DataArray:
    """Snowfall not above precipitation: two reanalysis fields or their rounding can cross."""
    excess = (ds.prsn - ds.pr).clip(min=0.0)
    count = int((excess > 0.0).sum())
    share = float((excess.sum("time") / ds.prsn.sum("time").clip(min=1e-12)).max())
    if share > SNOW_EXCESS:
        what = f"snowfall exceeds precipitation by {100.0 * share:.0f} % of its total ({count} steps)"
        raise InputError(f"{where}, prsn", what, "check the units of pr and prsn, or leave prsn out")
    if count:
        most = float(excess.max()) * SECONDS_PER_DAY
        repairs.note(f"prsn: {count} values above pr (by up to {most:.2g} mm d-1) set to pr")
    return np.minimum(ds.prsn, ds.pr)


def air_pressure(elevation: Heights) -> Heights:
    """Air pressure (Pa) of the international standard atmosphere at `elevation` (m)."""
    return STANDARD_ATMOSPHERE * (1.0 - 2.25577e-5 * elevation) ** BAROMETRIC


def _rain_of_days(ds: xr.Dataset) -> np.ndarray:
    """Mean rain of the local day of each step, mm d-1, (location, time)."""
    rain, days = ds.pr.transpose("location", "time").values * SECONDS_PER_DAY, local_days(ds)
    return of_day(rain, days, np.add) / of_day(np.ones_like(rain), days, np.add)


def _estimated_rsds(
    ds: xr.Dataset,
    step: float,
    where: str,
    repairs: Repairs,
    estimate: tuple[str, ...],
    elevation: float | np.ndarray,
) -> xr.DataArray:
    if "rsds" not in estimate:
        raise _MissingError(
            where,
            "has no rsds",
            'add the file or column of radiation (W m-2), or allow an estimate: estimate=("rsds",), in a run file '
            'estimate = ["rsds"] under [forcing]',
        )
    lat = ds.lat.values
    if not np.all(np.isfinite(lat)):
        raise InputError(where, "the latitude is not known, so rsds cannot be estimated", "give lon and lat")
    season = clock.year_fraction(ds.time.values, step)
    if step != clock.LONGEST_STEP:
        repairs.note(
            f"rsds: absent, estimated as {radiation.DRY:g} (dry day) or {radiation.WET:g} (wet day) of the radiation "
            "at the top of the air in each step"
        )
        hours = day_fraction(ds, ds.time.values, step)
        top = radiation.extraterrestrial_of_steps(
            lat[:, None], season[None, :], hours, step / SECONDS_PER_DAY
        )
        return ds.pr.copy(data=radiation.wet_dry(_rain_of_days(ds), top))
    top = radiation.extraterrestrial(lat[:, None], season[None, :])
    if {"tasmin", "tasmax"} <= set(ds.data_vars):
        spread = (ds.tasmax - ds.tasmin).transpose("location", "time").values
        values = radiation.hargreaves_samani(spread, top, np.reshape(elevation, (-1, 1)))
        repairs.note("rsds: absent, estimated from tasmax - tasmin (Hargreaves and Samani)")
    else:
        values = radiation.wet_dry(ds.pr.values * SECONDS_PER_DAY, top)
        repairs.note(
            f"rsds: absent, estimated as {radiation.DRY:g} (dry day) or {radiation.WET:g} (wet day) of the radiation "
            "at the top of the air"
        )
    return ds.pr.copy(data=values)

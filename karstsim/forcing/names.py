"""Which variable of a file is which CMIP variable: by its name, a name of another archive, or its standard name."""

from __future__ import annotations

import re
from pathlib import Path

import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing.canonical import NAMES, Repairs
from karstsim.forcing.request import Request

# Names that E-OBS, ERA5 (both spellings of the Climate Data Store) and gridded station products use, lower case.
ALIASES = {
    "tas": ("tg", "t2m", "2t", "tmean", "tavg"),
    "tasmin": ("tn", "mn2t", "tmin", "t2m_min"),
    "tasmax": ("tx", "mx2t", "tmax", "t2m_max"),
    "pr": ("rr", "tp", "mtpr", "avg_tprate", "prcp", "precip", "precipitation"),
    "prsn": ("sf", "msr", "avg_tsrwe", "snowfall"),
    "rsds": ("qq", "ssrd", "msdwswrf", "avg_sdswrf", "srad"),
    "rlds": ("strd", "msdwlwrf", "avg_sdlwrf"),
    "sfcWind": ("fg", "si10", "ws10", "wind_speed"),
    "uas": ("u10", "10u"),
    "vas": ("v10", "10v"),
    "ps": ("sp",),
    "psl": ("pp", "msl", "mslp", "slp"),
    "hurs": ("hu", "rh", "rh2m", "r2"),
    "huss": ("q2m", "sh2"),
    "tdps": ("d2m", "2d"),
    "evspsblpot": ("pev", "pet", "et0"),
    "orog": ("orography", "elevation", "height"),
}
STANDARD_NAMES = {  # beside those of NAMES
    "pr": ("lwe_precipitation_rate", "precipitation_amount", "lwe_thickness_of_precipitation_amount"),
    "prsn": ("lwe_snowfall_rate", "snowfall_amount", "lwe_thickness_of_snowfall_amount"),
    "orog": ("surface_altitude",),
}
_EXTREME = re.compile(r"max|min", re.IGNORECASE)
_EXTREME_OF_STEP = re.compile(r"\btime:\s*(maximum|minimum)\b")
_PRESSURES = ("Pa", "hPa", "mbar", "millibar", "millibars")
_SUM = re.compile(r"\btime:\s*sum\b")


def find_variables(
    ds: xr.Dataset, wanted: tuple[str, ...], request: Request, path: Path, repairs: Repairs
) -> dict[str, str]:
    """{CMIP name: name in the file} of the wanted variables that the file has.

    Raises InputError where two variables of the file could be one and none has the CMIP name.
    """
    there = [str(v) for v in ds.data_vars]
    names = {v: request.columns.get(v, v) for v in wanted if request.columns.get(v, v) in there}
    names = {v: s for v, s in names.items() if v in request.columns or _is_mean(ds, s, v, path, repairs)}
    taken = {*names.values(), *request.columns.values()}
    foreign = [s for s in there if s not in NAMES and s not in taken]
    for v in wanted:
        if v in names or v in request.columns:
            continue
        alike = [
            s for s in foreign if s.lower() in (v.lower(), *ALIASES.get(v, ())) and not _is_other(ds[s], v)
        ]
        by = "name"
        if not alike:
            alike = [s for s in foreign if _same_quantity(ds[s], v)]
            by = "standard name"
        alike = [s for s in alike if _is_mean(ds, s, v, path, repairs)]
        if len(alike) > 1:
            what = f"{' and '.join(map(repr, alike))} could both be {v}"
            raise InputError(str(path), what, f'choose one: columns={{"{v}": "{alike[0]}"}}')
        if alike:
            names[v] = alike[0]
            repairs.note(f"{path.name}: {v} taken from {alike[0]!r}, by its {by}")
    return names


def _standard_names(name: str) -> tuple[str, ...]:
    return (NAMES[name][0], *STANDARD_NAMES.get(name, ()))


def _is_other(da: xr.DataArray, name: str) -> bool:
    """Whether the standard name says that this is another variable that is known here."""
    standard = da.attrs.get("standard_name")
    if name == "orog" and (standard == "height" or (str(da.name).lower() == "height" and da.ndim < 2)):
        return True  # the 2 m or 10 m above ground at which a variable holds
    return standard not in _standard_names(name) and any(standard in _standard_names(n) for n in NAMES)


def _same_quantity(da: xr.DataArray, name: str) -> bool:
    """By the standard name alone. A daily maximum or minimum shares it with the mean and is not taken for it."""
    named = [n for n, aliases in ALIASES.items() if str(da.name).lower() in aliases]
    if any(not _is_other(da, n) for n in named):
        return False
    said = " ".join(str(da.attrs.get(k, "")) for k in ("cell_methods", "long_name")) + str(da.name)
    if name.startswith("tas") and (name != "tas" or _EXTREME.search(said)):
        return False
    return da.attrs.get("standard_name") in _standard_names(name)


def _is_mean(ds: xr.Dataset, stored: str, name: str, path: Path, repairs: Repairs) -> bool:
    """Whether a variable is the mean (or sum) of its step near the ground; what it is instead is noted."""
    da, other = ds[stored], ""
    if name not in ("tasmin", "tasmax") and (
        found := _EXTREME_OF_STEP.search(str(da.attrs.get("cell_methods", "")))
    ):
        other = f"the {found[1]} of its step"
    elif level := next((c for c in _coordinates(ds, da) if _is_pressure(ds[c])), ""):
        other = f"on levels of pressure ({level})"
    if other:
        repairs.note(f"{path.name}: {stored!r} is {other}, not taken for {name}")
    return not other


def _coordinates(ds: xr.Dataset, da: xr.DataArray) -> list[str]:
    """Coordinates of a variable itself: xarray gives every scalar one of the file to all variables."""
    named = str(da.attrs.get("coordinates", da.encoding.get("coordinates", ""))).split()
    return [c for c in (*map(str, da.dims), *named) if c in ds.variables]


def _is_pressure(coordinate: xr.DataArray) -> bool:
    attrs = coordinate.attrs
    return attrs.get("standard_name") == "air_pressure" or str(attrs.get("units")) in _PRESSURES


def is_amount(da: xr.DataArray) -> bool:
    """Whether the file says that values are amounts of their step: by standard name or cell methods, as CF defines."""
    standard = str(da.attrs.get("standard_name", ""))
    return (
        standard.endswith("_amount")
        or standard.startswith("integral_wrt_time_of")
        or bool(_SUM.search(str(da.attrs.get("cell_methods", ""))))
    )

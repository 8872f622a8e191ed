"""Headers of weather tables: which variable a column is, and in what units. Units are read or told, never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from karstsim.core.errors import InputError
from karstsim.forcing.canonical import NAMES as VARIABLES
from karstsim.forcing.units import CANONICAL, DEPTHS, EXAMPLES

NAMES = {
    "tas": (
        "tas",
        "tmean",
        "tavg",
        "temp",
        "temperature",
        "air_temperature",
        "t_air",
        "ta",
        "ta_f",
        "tmk",
        "lufttemperatur",
    ),
    "tasmin": ("tasmin", "tmin", "t_min", "tnk"),
    "tasmax": ("tasmax", "tmax", "t_max", "txk"),
    "pr": ("pr", "prcp", "precip", "precipitation", "rain", "rainfall", "p", "p_f", "rsk", "niederschlag"),
    "prsn": ("prsn", "snowfall"),
    "rsds": (
        "rsds",
        "srad",
        "radiation",
        "solar",
        "solar_radiation",
        "shortwave",
        "sw_in",
        "sw_in_f",
        "globalstrahlung",
    ),
    "sfcWind": ("sfcwind", "wind", "wind_speed", "windspeed", "ws", "ws_f", "windgeschwindigkeit"),
    "ps": ("ps", "pressure", "air_pressure", "pa_f", "luftdruck"),
    "hurs": ("hurs", "rh", "relative_humidity", "humidity", "upm", "luftfeuchte", "relative_luftfeuchte"),
    "huss": ("huss", "specific_humidity"),
    "tdps": ("tdps", "dew_point", "dewpoint", "t_dew", "tdew"),
    "rlds": ("rlds", "longwave"),
    "evspsblpot": ("evspsblpot", "pet", "et0", "eto"),
    "npp": ("npp", "net_primary_production"),
    "rhSoil": ("rhsoil", "heterotrophic_respiration"),
    "rSoil": ("rsoil", "soil_respiration"),
    "fco2antt": ("fco2antt", "emissions", "co2_emissions"),
    "lai": ("lai", "leaf_area_index"),
    "fapar": ("fapar", "fpar"),
    "ndvi": ("ndvi",),
    "swc": ("swc", "vwc", "soil_moisture", "soil_water_content", "volumetric_water_content", "theta"),
    "co2": ("co2",),
}
UNITS = {  # as in headers (lower case, other signs than letters and digits become _): as in units.py
    "degc": "degC",
    "c": "degC",
    "celsius": "degC",
    "deg_c": "degC",
    "k": "K",
    "degf": "degF",
    "f": "degF",
    "mm_day": "mm d-1",
    "mm_d": "mm d-1",
    "mm_d_1": "mm d-1",
    "mm_day_1": "mm d-1",
    "mm_h": "mm h-1",
    "mm_hr": "mm h-1",
    "mm_s": "mm s-1",
    "in_day": "inch d-1",
    "in_d": "inch d-1",
    "in_h": "inch h-1",
    "mph": "mile h-1",
    "kg_m2_s": "kg m-2 s-1",
    "kg_m_2_s_1": "kg m-2 s-1",
    "w_m2": "W m-2",
    "w_m_2": "W m-2",
    "mj_m2_day": "MJ m-2 d-1",
    "mj_m2_d": "MJ m-2 d-1",
    "mj_m_2_d_1": "MJ m-2 d-1",
    "m_s": "m s-1",
    "m_s_1": "m s-1",
    "km_h": "km h-1",
    "pa": "Pa",
    "hpa": "hPa",
    "kpa": "kPa",
    "mbar": "hPa",
    "ppm": "ppm",
    "percent": "%",
    "pct": "%",
    "kg_kg": "kg kg-1",
    "kg_kg_1": "kg kg-1",
    "g_kg": "g kg-1",
    "g_kg_1": "g kg-1",
    "g_m2_d": "g m-2 d-1",
    "g_m2_day": "g m-2 d-1",
    "g_m_2_d_1": "g m-2 d-1",
    "gc_m2_d": "g m-2 d-1",
    "gc_m2_day": "g m-2 d-1",
    "gc_m_2_d_1": "g m-2 d-1",
    "g_c_m2_d": "g m-2 d-1",
    "g_c_m2_day": "g m-2 d-1",
    "g_c_m_2_d_1": "g m-2 d-1",
    "mol_m2_d": "mol m-2 d-1",
    "mol_m_2_d_1": "mol m-2 d-1",
    "umol_m2_s": "umol m-2 s-1",
    "umol_m_2_s_1": "umol m-2 s-1",
    "m2_m2": "1",
    "m2_m_2": "1",
    "m3_m3": "1",
    "m3_m_3": "1",
}
_UNIT_TEXT = (  # words that a unit which is not in UNITS is made of
    "1 2 3 a atm bar c cal cm d day deg degc degf degk degree degrees f fahrenheit ft g h hg hour hpa hr in inch "
    "inches inhg j k kcal kelvin kg kj km kmh kmph knot knots kn kph kpa kt kts l ly langley m m2 mb mbar mg min mj "
    "mjm2 mm mmhg mol mon month mph ms mwh pa per s sec torr tenths umol v w week wh wm2 y year yr kwh"
)
TEMPERATURES = ("degC", "degF", "K")
UNIT_WORDS = frozenset(_UNIT_TEXT.split())


def split_header(header: str) -> tuple[str, str | None] | None:
    """("pr", "mm d-1") for ``prcp_mm_day``; units None for a bare name; None where the header is no variable."""
    key = key_of(header)
    for variable, names in NAMES.items():
        for name in names:
            if key == name:
                return variable, None
            unit = _unit(key[len(name) + 1 :], variable) if key.startswith(f"{name}_") else None
            if unit is not None:
                return variable, unit  # "P_F" of flux towers is filled precipitation
    return None


def _unit(key: str, variable: str) -> str | None:
    """The unit that a part of a header says, where it can be one of the variable."""
    unit = UNITS.get(key)
    return unit if unit not in TEMPERATURES or CANONICAL[variable] == "K" else None


def unit_in_brackets(header: str, variable: str) -> str | None:
    """The unit at the end of a header whose name is not known but told, as in ``T (degC)``."""
    bracket = re.search(r"[\[(](.+)[\])]\s*$", header)
    return _unit(key_of(bracket[1]), variable) if bracket else None


def key_of(header: str) -> str:
    """Lower case letters, digits and single underscores; superscripts as digits, % as a word."""
    text = unicodedata.normalize("NFKC", header).lower().replace("°", "deg").replace("μ", "u")
    text = text.replace("%", "_percent")
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def unread_unit(header: str) -> str | None:
    """The variable of a header whose name is known and followed by a unit that is not read, else None."""
    key, bracket = key_of(header), re.search(r"[\[(](.+)[\])]\s*$", header)
    for variable, names in NAMES.items():
        for name in names:
            rest = key[len(name) + 1 :] if key.startswith(f"{name}_") else ""
            if rest and (
                all(w in UNIT_WORDS for w in rest.split("_")) or (bracket and rest == key_of(bracket[1]))
            ):
                return variable
    return None


def variables_of_headers(
    table: pd.DataFrame, path: Path, columns: dict[str, str], units: dict[str, str]
) -> dict[str, tuple[str, str | None]]:
    """{CMIP name: (header, units)}: told columns first, then those whose header says what they are."""
    columns.pop("time", None)
    for name, header in columns.items():
        if name not in VARIABLES:
            raise InputError(
                "columns", f"unknown variable {name!r}", f"choose from time, {', '.join(VARIABLES)}"
            )
        if header not in table:
            what = f"has no column {header!r} for {name}"
            raise InputError(str(path), what, f"choose from {', '.join(table.columns[:15])}")
    parsed = {h: split_header(h) for h in table.columns}
    found: dict[str, tuple[str, str | None]] = {}
    for header, meaning in parsed.items():
        told = [n for n, h in columns.items() if h == header]
        variable = told[0] if told else meaning[0] if meaning else None
        if variable is None or (not told and variable in columns):
            continue
        if variable in found:
            what = f"columns {found[variable][0]!r} and {header!r} are both {variable}"
            raise InputError(str(path), what, f'choose one: columns={{"{variable}": "{header}"}}')
        own = meaning[1] if meaning and meaning[0] == variable else unit_in_brackets(header, variable)
        found[variable] = (header, units.get(variable, own))
    _refuse_unread(parsed, found, columns, path)
    return found


def _refuse_unread(
    parsed: Mapping[str, object], found: Mapping[str, object], columns: Mapping[str, str], path: Path
) -> None:
    """A column with a known name must not vanish because of its unit, unless another gives the variable."""
    for header, meaning in parsed.items():
        variable = unread_unit(header) if meaning is None and header not in columns.values() else None
        if variable is not None and variable not in found:
            raise InputError(
                f"{path}, column {header!r}",
                f"is {variable} in units that are not read",
                _mend(variable, header),
            )


def _mend(variable: str, header: str) -> str:
    example = EXAMPLES.get(variable, CANONICAL[variable])
    hours = ', or "mm h-1" where they are amounts of hours' if variable in DEPTHS else ""
    return (
        f'tell them: columns={{"{variable}": "{header}"}}, units={{"{variable}": "{example}"}}{hours}; in a run file '
        f'{variable} = "{header}" under [forcing.columns], {variable} = "{example}" under [forcing.units]'
    )

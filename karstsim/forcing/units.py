"""From the units of a file to the canonical CMIP units. Units are read or told, never guessed."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from karstsim.core.constants import GRAMS_PER_KG, MOLAR_MASS_C, SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.core.errors import InputError


@cache
def registry() -> Any:
    """The unit registry of cf_xarray (half a second to build, hence at first use).

    pint's notes on the units that cf_xarray redefines on purpose are left out.
    """
    logger = logging.getLogger("pint.util")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        from cf_xarray.units import units
    finally:
        logger.setLevel(level)
    return units


CANONICAL = {
    "tas": "K",
    "tasmin": "K",
    "tasmax": "K",
    "pr": "kg m-2 s-1",
    "prsn": "kg m-2 s-1",
    "rsds": "W m-2",
    "sfcWind": "m s-1",
    "ps": "Pa",
    "hurs": "%",
    "huss": "1",
    "tdps": "K",
    "rlds": "W m-2",
    "evspsblpot": "kg m-2 s-1",
    "npp": "kg m-2 s-1",
    "rhSoil": "kg m-2 s-1",
    "rSoil": "kg m-2 s-1",
    "fco2antt": "kg m-2 s-1",
    "lai": "1",
    "fapar": "1",
    "ndvi": "1",
    "swc": "1",
    "co2": "1e-6",
    "psl": "Pa",
    "uas": "m s-1",
    "vas": "m s-1",
    "orog": "m",
}
WATER_DENSITY = 1000.0  # kg m-3; a depth of 1 mm is 1 kg m-2 by definition of the CF precipitation flux
DEPTHS = ("pr", "prsn", "evspsblpot")  # also given as a depth of water
CARBON_FLUXES = ("npp", "rhSoil", "rSoil", "fco2antt")  # mass of carbon, as in CMIP; also given as an amount
BARE_NUMBERS = ("lai", "fapar", "ndvi")  # have no units, so that none need be told
EXAMPLES = {
    **dict.fromkeys(("tas", "tasmin", "tasmax", "tdps"), "degC"),
    **dict.fromkeys(DEPTHS, "mm d-1"),
    **dict.fromkeys(CARBON_FLUXES, "g m-2 d-1"),
    "co2": "ppm",
}

# Spellings that the CF unit registry does not know or reads as something else ("deg C" is a degree times something).
SPELLINGS = {
    "deg c": "degC",
    "deg_c": "degC",
    "degrees_c": "degC",
    "degrees c": "degC",
    "degree_c": "degC",
    "degrees_celsius": "degC",
    "degrees celsius": "degC",
    "degree celsius": "degC",
    "deg f": "degF",
    "deg_f": "degF",
    "deg k": "K",
    "deg_k": "K",
    "degk": "K",
    "degree k": "K",
    "degrees k": "K",
    "degree_k": "K",
    "degrees_k": "K",
    "wm-2": "W m-2",
    "wm^-2": "W m-2",
    "wm**-2": "W m-2",
    "mb": "mbar",
    "kelvin": "K",
    "kelvins": "K",
    "celsius": "degC",
    "deg celsius": "degC",
    "fahrenheit": "degF",
    "ppmv": "ppm",
    "ppm by volume": "ppm",
}
_SAFE = re.compile(r"[A-Za-z0-9µ°%/*^. _()+-]{1,40}")
_OF_CARBON = re.compile(r"(?<=g)[ _]?C\b|(?<=mol)[ _]?C\b")  # "g C m-2 d-1": to a unit parser C is coulomb
_PER_HOURS = re.compile(r"/\s*(\d+)\s*(h|hr|hrs|hours?|d|days?)$", re.IGNORECASE)  # "mm/24h" is mm/(24 h)
_NUMBER_OF_POWER = re.compile(
    r"[A-Za-z)]\S*[\s.*]+\d[\d.]*\s*[A-Za-z]+(\*\*|\^)?[-+]?\d"
)  # "mm 3h-1" is 3 mm/h
_POWER_OF_NUMBER = re.compile(r"[\d)]\s*(\*\*|\^)|(\*\*|\^)\s*[-+(]*\s*\d{3}")

# Lowest values that are noise of packing and interpolation around zero and become 0, with a repair note. One
# micrometre of water a day is far below any gauge; a pyranometer at night reads down to about -1 W m-2.
NOISE = {
    "pr": -1e-3 / SECONDS_PER_DAY,
    "prsn": -1e-3 / SECONDS_PER_DAY,
    "rsds": -1.0,
    "evspsblpot": -1.0 / SECONDS_PER_DAY,  # models let dew fall as negative evaporation
    "npp": -1e-3 / SECONDS_PER_DAY,  # 1 g C m-2 d-1: dull days on which plants respire more than they fix
    "rhSoil": -1e-4 / SECONDS_PER_DAY,  # chambers scatter around zero in frozen soil
    "rSoil": -1e-4 / SECONDS_PER_DAY,
}
NOISE_SHARE = 0.01  # of the values; more of them must be slight as a whole:
NOISE_WEIGHT = 0.1  # of the sum of the positive values: dew of many nights, plants of a whole winter
NOISE_SLIGHT = 0.05  # of the lowest value of noise, as a mean: packing of zeros


def is_noise(name: str, values: np.ndarray) -> bool:
    """Whether the negative values are noise around zero. A flux that is counted the other way is no noise."""
    low = values < 0.0
    lost, kept = -float(values[low].sum()), float(values[~low].sum())
    rare, slight = low.mean() <= NOISE_SHARE, lost <= -NOISE_SLIGHT * NOISE[name] * values.size
    return bool(rare or slight or lost <= NOISE_WEIGHT * kept)


class UnitsMissingError(InputError):
    """Variables whose units neither the file nor the user tells: all of them in one message."""

    def __init__(self, where: str, names: Sequence[str]) -> None:
        what = "has no units" if len(names) == 1 else "have no units"
        super().__init__(f"{where}, {'; '.join(names)}", what, _tell_units(*names))


def unknown(name: str, units: object) -> bool:
    """Whether units of the variable have to be told: it is no pure number, and nothing is written."""
    return name not in BARE_NUMBERS and (units is None or (not str(units).strip() and name != "hurs"))


def to_canonical(name: str, values: np.ndarray, units: str | None, where: str) -> np.ndarray:
    """Values of a CMIP variable in its canonical units, as float64 of the same shape.

    name    one of CANONICAL
    units   as written in the file or told by the user; None or blank means that they are not known
    Raises InputError for unknown, unreadable or wrong units (a depth per step is no rate).
    """
    target = CANONICAL[name]
    if unknown(name, units):
        raise UnitsMissingError(where, (name,))
    units = "1" if units is None else units
    values = np.asarray(values, "f8")
    if units == target:
        return values
    parsed = parse(str(units).strip() or "1", name, where)  # CF: no units are those of a pure number
    if target == "K":
        return _temperature(name, values, parsed, str(units), where)
    if name in DEPTHS and parsed.dimensionality == registry()("m s-1").dimensionality:
        parsed = parsed * registry().Quantity(WATER_DENSITY, "kg m-3")
    if name in CARBON_FLUXES and parsed.dimensionality == registry()("mol m-2 s-1").dimensionality:
        parsed = parsed * registry().Quantity(MOLAR_MASS_C / GRAMS_PER_KG, "kg mol-1")
    goal = registry().Quantity(registry().parse_expression(target))
    if parsed.dimensionality != goal.dimensionality:
        raise InputError(f"{where}, {name}", f"units {units!r} cannot become {target}", _wrong_units(name))
    factor = float(parsed.to_base_units().magnitude) / float(goal.to_base_units().magnitude)
    return values if factor == 1.0 else values * factor


def per_step(name: str, units: str, where: str) -> bool:
    """Whether units are those of an amount, which becomes the variable when it is divided by a time."""
    amount = parse(units, name, where) / registry().Quantity(1.0, "s")
    goal = registry().Quantity(registry().parse_expression(CANONICAL[name])).dimensionality
    depth = name in DEPTHS and amount.dimensionality == registry()("m s-1").dimensionality
    return bool(depth or amount.dimensionality == goal)


def parse(units: str, name: str, where: str) -> Any:
    """The quantity that a unit string stands for. Raises InputError when it stands for none."""
    spelled = SPELLINGS.get(units.strip().lower(), units.strip())
    spelled = _PER_HOURS.sub(r"/(\1 \2)", spelled)
    if name in CARBON_FLUXES:
        spelled = _OF_CARBON.sub("", spelled)
    try:
        if not _SAFE.fullmatch(spelled) or any(
            p.search(spelled) for p in (_POWER_OF_NUMBER, _NUMBER_OF_POWER)
        ):
            raise ValueError("not a unit")
        return registry().Quantity(registry().parse_expression(spelled))
    except Exception as error:  # the parser raises many kinds, from tokenizer errors to its own
        what = f"units {units[:60]!r} are not understood"
        raise InputError(f"{where}, {name}", what, _tell_units(name)) from error


def _temperature(name: str, values: np.ndarray, parsed: Any, units: str, where: str) -> np.ndarray:
    label = str(parsed.units) if parsed.magnitude == 1 else ""
    if label == "kelvin":
        return values
    if label == "degree_Celsius":
        return values + ZERO_CELSIUS
    if label == "degree_Fahrenheit":
        return (values - 32.0) / 1.8 + ZERO_CELSIUS
    raise InputError(f"{where}, {name}", f"units {units!r} are no temperature", _wrong_units(name))


def _tell_units(*names: str) -> str:
    examples = {name: EXAMPLES.get(name, CANONICAL[name]) for name in names}
    python = ", ".join(f'"{n}": "{u}"' for n, u in examples.items())
    typed = " ".join(f'--unit {n}="{u}"' for n, u in examples.items())
    written = " and ".join(f'{n} = "{u}"' for n, u in examples.items())
    return (
        f"give units={{{python}}} ({typed}), or {written} under [forcing.units] in the config; "
        f'for some files of many "{names[0]}@NAME*" in place of "{names[0]}"'
    )


def _wrong_units(name: str) -> str:
    depth = "; a depth per step must be given as a rate, such as mm d-1" if name in DEPTHS else ""
    carbon = "; a mass is that of carbon, not of CO2 or of dry matter" if name in CARBON_FLUXES else ""
    return f"check the variable, or {_tell_units(name)}{depth}{carbon}"


def model_factor(name: str) -> float:
    """What turns canonical units into those of the model's records (temperatures differ by an offset as well)."""
    if name in DEPTHS:
        return SECONDS_PER_DAY
    return SECONDS_PER_DAY * GRAMS_PER_KG / MOLAR_MASS_C if name in CARBON_FLUXES else 1.0


def check_names(units: Mapping[str, str] | None) -> dict[str, str]:
    """The told units. Raises InputError for a variable that the forcing does not know."""
    units = dict(units or {})
    unknown = [k for k in map(variable_of, units) if k not in CANONICAL]
    if unknown:
        raise InputError("units", f"unknown variable {unknown[0]!r}", f"choose from {', '.join(CANONICAL)}")
    return units


def variable_of(key: str) -> str:
    """The variable of a key of told units, which may name files as well: that of ``pr@CanESM5*`` is pr."""
    return key.partition("@")[0]


def fits(key: str, path: Path) -> bool:
    """Whether told units are for a file: those under ``pr`` are for all, under ``pr@CanESM5*`` for such names."""
    _, at, pattern = key.partition("@")
    return not at or fnmatch(path.name, pattern)


def told_for(units: Mapping[str, str], path: Path) -> dict[str, str]:
    """{variable: units} told for a file; those for its name go before those for all."""
    keys = sorted((key for key in units if fits(key, path)), key=lambda key: "@" in key)
    return {variable_of(key): units[key] for key in keys}


def check_files(units: Mapping[str, str], paths: Sequence[Path]) -> None:
    """Raises InputError where told units are for files that are not there."""
    for key in units:
        if not any(fits(key, path) for path in paths):
            names = ", ".join(path.name for path in paths[:8])
            raise InputError(
                f"units, {key!r}", "fits no file", f"name one of {names}, or a pattern such as 'A*.nc'"
            )

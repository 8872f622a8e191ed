"""Units of the columns of a table of waters: from the words of a header to a factor.

Canonical units: degC, mol m-3 (= mmol/L = mmol/kgw: one litre of water counts as one kilogram), eq m-3, atm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from karstsim.core.constants import (
    MOLAR_MASS_C,
    MOLAR_MASS_CACO3,
    MOLAR_MASS_CO2,
    MOLAR_MASS_HCO3,
    STANDARD_ATMOSPHERE,
    ZERO_CELSIUS,
)

ACIDS = {
    "h2so4": ("so4", 2.0),
    "hno3": ("no3", 1.0),
    "hcl": ("cl", 1.0),
}  # strong acids: anion, equivalents per mol
UNITS = dict.fromkeys(("ca", "mg", "na", "k", "cl", "so4", "no3", "hco3", "co3", "dic"), "mol m-3") | {
    "temperature": "degC",
    "alkalinity": "eq m-3",
    "ph": "1",
    "pco2": "atm",
}
MOLAR_MASS = {  # g mol-1, IUPAC 2021
    "ca": 40.078,
    "mg": 24.305,
    "na": 22.990,
    "k": 39.098,
    "cl": 35.45,
    "so4": 96.06,
    "no3": 62.004,
    "n": 14.007,
    "s": 32.06,
    "c": MOLAR_MASS_C,
    "co2": MOLAR_MASS_CO2,
    "hco3": MOLAR_MASS_HCO3,
    "co3": 60.008,
    "caco3": MOLAR_MASS_CACO3,
}
_CHARGE = {
    "ca": 2,
    "mg": 2,
    "na": 1,
    "k": 1,
    "cl": 1,
    "so4": 2,
    "no3": 1,
    "hco3": 1,
    "co3": 2,
    "alkalinity": 1,
}
_REPORTED_AS = {  # canonical amount in one mole of the substance that a laboratory reports the quantity as
    "ca": {"ca": 1, "caco3": 1},
    "mg": {"mg": 1, "caco3": 1},
    "na": {"na": 1},
    "k": {"k": 1},
    "cl": {"cl": 1},
    "so4": {"so4": 1, "s": 1},
    "no3": {"no3": 1, "n": 1},
    "hco3": {"hco3": 1, "caco3": 2},
    "co3": {"co3": 1, "caco3": 1},
    "alkalinity": {"caco3": 2, "hco3": 1},
    "dic": {"c": 1, "co2": 1},
}
_WORDS = {  # words of units that are spelt in several ways
    "liter": "l", "litre": "l", "lit": "l", "ltr": "l", "lt": "l", "dm3": "l", "kgwater": "kgw",
    "equiv": "eq", "mequiv": "meq", "mval": "meq", "milliequivalents": "meq", "milligrams": "mg",
    "micromol": "umol", "millimol": "mmol", "calcium": "ca", "magnesium": "mg", "nitrogen": "n", "sulfur": "s",
    "sulphur": "s", "carbon": "c",
}  # fmt: skip
_SHORT = {"mm": ("mmol", "l"), "um": ("umol", "l"), "ppm": ("mg", "kg"), "ppb": ("ug", "kg")}
_GLUED = re.compile(r"([umn]?(?:g|mol|eq))(l|kgw|kg|m3|c|n|s|caco3|hco3|co2)")
_AMOUNT = re.compile(r"([umn]?)(g|mol|eq)")
_PREFIX = {"": 1e3, "m": 1.0, "u": 1e-3, "n": 1e-6}  # of one litre or kilogram, to the cubic metre
_VOLUME = {"l": 1.0, "kg": 1.0, "kgw": 1.0, "m3": 1e-3}
_FILLER = frozenset(("as", "of", "per", "in"))
_SPELLING = {
    "l": "L",
    "caco3": "CaCO3",
    "hco3": "HCO3",
    "co2": "CO2",
    "co3": "CO3",
    "no3": "NO3",
    "so4": "SO4",
}
_TEMPERATURE = (
    dict.fromkeys(
        (
            "c",
            "degc",
            "deg_c",
            "oc",
            "celsius",
            "grad_c",
            *(f"{degree}_{c}" for degree in ("deg", "degree", "degrees") for c in ("c", "celsius")),
        ),
        ("degC", 1.0, 0.0),
    )  # fmt: skip
    | dict.fromkeys(("k", "kelvin"), ("K", 1.0, -ZERO_CELSIUS))
    | dict.fromkeys(("f", "degf", "deg_f", "fahrenheit"), ("degF", 5.0 / 9.0, -160.0 / 9.0))
)
_PH = frozenset(
    ("1", "wert", "units", "unit", "standard_units", "std_units", "s_u", "su", "ph_units", "ph_unit")
)
_PRESSURE = {
    "atm": 1.0,
    "matm": 1e-3,
    "uatm": 1e-6,
    "ppm": 1e-6,
    "ppmv": 1e-6,
    "percent": 1e-2,
    "pa": 1.0 / STANDARD_ATMOSPHERE,
    "hpa": 1e2 / STANDARD_ATMOSPHERE,
    "kpa": 1e3 / STANDARD_ATMOSPHERE,
    "bar": 1e5 / STANDARD_ATMOSPHERE,
    "mbar": 1e2 / STANDARD_ATMOSPHERE,
    "ubar": 1e-1 / STANDARD_ATMOSPHERE,
}
_SHARES_OF_AIR = frozenset(("ppm", "ppmv", "percent"))  # a pressure only with that of the air
_PRESSURE_SPELLING = {"uatm": "µatm", "ubar": "µbar", "pa": "Pa", "hpa": "hPa", "kpa": "kPa", "percent": "%"}


class UnitError(ValueError):
    """The words are no unit of the quantity; the message says what would be."""


@dataclass(frozen=True)
class Unit:
    """canonical = value * factor + offset; `assumption` is what had to be supposed, empty when nothing."""

    text: str
    factor: float = 1.0
    offset: float = 0.0
    assumption: str = ""


def unit_of(name: str, words: Sequence[str]) -> Unit:
    """The unit that `words` (lower case) name for a quantity. Raises UnitError for any other words."""
    unit = "_".join(words)
    if name == "temperature":
        return _temperature(unit)
    if name == "ph":
        if unit in _PH:
            return Unit("")
        raise UnitError(f"unit {unit!r} of ph not known: ph has no unit")
    if name == "pco2":
        if unit in _PRESSURE:
            supposed = "a share of air, read as at 1 atm" if unit in _SHARES_OF_AIR else ""
            return Unit(_PRESSURE_SPELLING.get(unit, unit), _PRESSURE[unit], 0.0, supposed)
        raise UnitError(f"unit {unit!r} of pco2 not known: use one of {', '.join(_PRESSURE)}")
    return _amount(name, list(words))


def _temperature(unit: str) -> Unit:
    if unit not in _TEMPERATURE:
        raise UnitError(f"unit {unit!r} of temperature not known: use degC, K or degF")
    return Unit(*_TEMPERATURE[unit])


def _amount(name: str, words: list[str]) -> Unit:
    """A concentration: one amount, at most one volume, at most one substance it is reported as, nothing else."""
    amount = volume = substance = ""
    for word in _split(words):
        if not amount and _AMOUNT.fullmatch(word):
            amount = word
        elif not volume and word in _VOLUME:
            volume = word
        elif not substance and word in _REPORTED_AS[name]:
            substance = word
        else:
            raise UnitError(_unknown(name, words))
    bare = substance == "caco3" and not amount and not volume  # a mass by convention
    if bare:
        amount, volume = "mg", "l"
    if not amount:
        raise UnitError(_unknown(name, words))
    match = _AMOUNT.fullmatch(amount)
    assert match is not None
    prefix, kind = match.groups()
    if kind == "g" and not volume:
        raise UnitError(_unknown(name, words))
    factor = _PREFIX[prefix] * _VOLUME[volume or "l"] * _per_unit(name, kind, substance)
    reported = f"{amount.replace('u', 'µ')} {_formula(substance)}".strip()
    supposed = "no amount in the unit: read as mg CaCO3/L" if bare else _supposed(name, kind, words, volume)
    return Unit(f"{reported}/{_formula(volume or 'l')}", factor, 0.0, supposed)


def _split(words: Sequence[str]) -> list[str]:
    """Words of a unit, one meaning each: ``mgc`` becomes mg, c; ``mm`` becomes mmol, l."""
    plain: list[str] = []
    for word in words:
        word = _WORDS.get(word, word)
        glued = _GLUED.fullmatch(word)
        plain += glued.groups() if glued else _SHORT.get(word, (word,))
    return [word for word in plain if word not in _FILLER]


def _per_unit(name: str, kind: str, substance: str) -> float:
    """Canonical amount in one gram, mole or equivalent."""
    known = _REPORTED_AS[name]
    if kind == "eq":
        if name == "dic" or substance not in ("", name, "caco3", "hco3"):
            raise UnitError(f"{name} is not given in equivalents: use mmol/L")
        return 1.0 / _CHARGE[name]
    if kind == "mol":
        return float(known.get(substance, 1))
    substance = substance or (name if name in known else "")
    if not substance:
        choice = " or ".join(f"mg {_formula(s)}/L" for s in known)
        raise UnitError(f"ambiguous: a mass of what? {choice}")
    return known[substance] / MOLAR_MASS[substance]


def _supposed(name: str, kind: str, words: Sequence[str], volume: str) -> str:
    if "ppm" in words or "ppb" in words:
        return "ppm and ppb read as mg/kg and µg/kg"
    if not volume:
        return "no volume in the unit: read as per litre"
    if name == "alkalinity" and kind == "mol":
        return "moles of alkalinity read as equivalents"
    return ""


def _unknown(name: str, words: Sequence[str]) -> str:
    """That the words are no unit of `name`, and what is."""
    known = [f"mg {_formula(substance)}/L" for substance in _REPORTED_AS[name]]
    known += ["mmol/L"] + ["meq/L"] * (name != "dic")
    return f"unit {'_'.join(words)!r} of {name} not known: use one of {', '.join(known)}"


def _formula(word: str) -> str:
    """A substance or a volume as people write it."""
    return _SPELLING.get(word, word.capitalize() if word in MOLAR_MASS else word)

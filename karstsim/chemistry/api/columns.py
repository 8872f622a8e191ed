"""Names and units of the columns of a table of waters.

A header is a name and, optionally, a unit: ``ca``, ``ca_mg_l``, ``Ca (mg/L)``, ``alkalinity_mg_caco3_l``,
``temperature_c``, ``log10_pco2_atm``. Canonical units: degC, mol m-3 (= mmol/L = mmol/kgw: one litre of water counts
as one kilogram), eq m-3, atm.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from karstsim.core.constants import (
    MOLAR_MASS_C,
    MOLAR_MASS_CACO3,
    MOLAR_MASS_CO2,
    MOLAR_MASS_HCO3,
    STANDARD_ATMOSPHERE,
    ZERO_CELSIUS,
)
from karstsim.core.errors import InputError

IONS = ("ca", "mg", "na", "k", "cl", "so4", "no3")
CARBONATE = ("alkalinity", "dic", "ph", "pco2")
INPUTS = ("temperature", *IONS, *CARBONATE)
UNITS = {
    "temperature": "degC",
    "alkalinity": "eq m-3",
    "dic": "mol m-3",
    "ph": "1",
    "pco2": "atm",
} | dict.fromkeys(IONS, "mol m-3")
MOLAR_MASS = {  # g mol-1, IUPAC 2021
    "ca": 40.078,
    "mg": 24.305,
    "na": 22.990,
    "k": 39.098,
    "cl": 35.45,
    "so4": 96.06,
    "no3": 62.004,
}
_CHARGE = {"ca": 2, "mg": 2, "na": 1, "k": 1, "cl": 1, "so4": 2, "no3": 1}
_SYNONYMS = {
    "calcium": "ca",
    "magnesium": "mg",
    "sodium": "na",
    "potassium": "k",
    "chloride": "cl",
    "sulfate": "so4",
    "sulphate": "so4",
    "nitrate": "no3",
    "alk": "alkalinity",
    "temp": "temperature",
    "water_temperature": "temperature",
}
_MOLAR = {  # to mol m-3
    "mol_m3": 1.0,
    "mol_m_3": 1.0,
    "mmol_l": 1.0,
    "mm": 1.0,
    "mmol_kgw": 1.0,
    "mmol_kg": 1.0,
    "mol_l": 1e3,
    "mol_kgw": 1e3,
    "mol_kg": 1e3,
    "umol_l": 1e-3,
    "umol_kgw": 1e-3,
    "umol_kg": 1e-3,
}
_EQUIVALENT = {  # to eq m-3
    "eq_m3": 1.0,
    "eq_m_3": 1.0,
    "meq_l": 1.0,
    "meq_kgw": 1.0,
    "meq_kg": 1.0,
    "eq_l": 1e3,
    "eq_kgw": 1e3,
    "ueq_l": 1e-3,
    "ueq_kgw": 1e-3,
}
_MASS = {"mg_l": 1.0, "ug_l": 1e-3, "g_l": 1e3, "mg_kg": 1.0, "mg_kgw": 1.0}  # to g m-3
_CARRIED_NAMES = (  # constituents and properties that often stand in such tables and are only passed on
    "sr ba fe mn al si sio2 f br i b li p po4 nh4 no2 o2 do doc toc tic poc tds ec sc conductivity turbidity eh orp q "
    "discharge flow d13c d18o d2h depth distance altitude elevation"
)
_CARRIED = frozenset(_CARRIED_NAMES.split())
_UNIT_TAIL = re.compile(
    r"_(u|m)?(g|mol|eq)(_[a-z0-9]+)?_(l|kgw|kg|m3)$|_(u|m)?(g|mol|eq)_(l|kgw|kg|m3)(_[a-z0-9]+)?$"
)


@dataclass(frozen=True)
class Column:
    """One input column: canonical = transform(value * factor + offset)."""

    header: str
    name: str
    factor: float = 1.0
    offset: float = 0.0
    log10: bool = False

    def convert(self, values: np.ndarray) -> np.ndarray:
        """Values in the canonical unit."""
        values = np.asarray(values, dtype=np.float64)
        if self.log10:
            values = np.power(10.0, np.clip(values, -300.0, 300.0))
        return values * self.factor + self.offset


def normalise(header: str) -> str:
    """A header as lower-case words joined by underscores: ``Ca (mg/L)`` becomes ``ca_mg_l``."""
    text = header.strip().lower().replace("µ", "u").replace("μ", "u").replace("°", "").replace("%", "percent")
    for charge in ("2+", "2-", "+", "--", "⁺", "²⁺", "⁻", "²⁻"):
        text = re.sub(rf"(?<=[a-z0-9]){re.escape(charge)}(?=$|[ _(\[/,])", "", text)
    text = re.sub(r"[^a-z0-9]+", "_", text).strip("_")
    return text.replace("co2_partial_pressure", "pco2").replace("p_co2", "pco2")


def parse_header(header: str) -> Column | None:
    """The column that a header names, or None when it is no chemistry.

    Raises InputError for a known name with an unknown or ambiguous unit, and for an unknown name with a unit.
    """
    text = normalise(header)
    log10 = text.startswith(("log10_", "log_"))
    bare = text.split("_", 1)[1] if log10 else text
    name, unit = _split(bare)
    if name is None:
        _other(header, text)
        return None
    if log10 and name != "pco2":
        raise InputError(
            f"column {header!r}", f"logarithms of {name} are not understood", f"give {name} itself"
        )
    factor, offset = _unit(header, name, unit)
    return Column(header, name, factor, offset, log10)


def _split(text: str) -> tuple[str | None, str]:
    """Name and unit of a normalised header; the longest known name wins."""
    known = sorted([*INPUTS, *_SYNONYMS], key=len, reverse=True)
    for name in known:
        if text == name or text.startswith(name + "_"):
            return _SYNONYMS.get(name, name), text[len(name) + 1 :]
    return None, ""


def _other(header: str, text: str) -> None:
    """Pass a foreign column, or refuse one that looks like chemistry misspelt."""
    first = text.split("_", 1)[0]
    if first in _CARRIED:
        return
    if first in ("hco3", "bicarbonate", "co3", "carbonate"):
        raise InputError(
            f"column {header!r}",
            "bicarbonate is computed here; what laboratories report under this name is an alkalinity",
            "rename it, for example alkalinity_mg_hco3_l, alkalinity_meq_l, or drop it",
        )
    close = difflib.get_close_matches(first, [*INPUTS, *_SYNONYMS], n=1, cutoff=0.8) if len(first) > 3 else []
    if close or _UNIT_TAIL.search("_" + text):
        guess = f"write {close[0]}" if close else f"use one of {', '.join(INPUTS)}"
        raise InputError(f"column {header!r}", "name not known", f"{guess}, or drop the column")


def _unit(header: str, name: str, unit: str) -> tuple[float, float]:
    """Factor and offset from a unit to the canonical unit of `name`."""
    if unit == "":
        return 1.0, 0.0
    table = _units_of(name)
    if unit in table:
        return table[unit]
    if name in ("alkalinity", "dic") and unit in _MASS:
        mend = "alkalinity_mg_caco3_l or alkalinity_mg_hco3_l" if name == "alkalinity" else "dic_mg_c_l"
        raise InputError(f"column {header!r}", "ambiguous: a mass of what?", f"write {mend}")
    raise InputError(
        f"column {header!r}", f"unit {unit!r} of {name} not known", f"use {', '.join(sorted(table))}"
    )


def _units_of(name: str) -> dict[str, tuple[float, float]]:
    """Known units of one quantity: factor and offset."""
    if name == "temperature":
        return {"c": (1.0, 0.0), "degc": (1.0, 0.0), "celsius": (1.0, 0.0), "k": (1.0, -ZERO_CELSIUS)}
    if name == "ph":
        return {"units": (1.0, 0.0), "unit": (1.0, 0.0), "field": (1.0, 0.0), "lab": (1.0, 0.0)}
    if name == "pco2":
        pressures = {"atm": 1.0, "matm": 1e-3, "uatm": 1e-6, "ppm": 1e-6, "ppmv": 1e-6}
        pressures |= {"pa": 1.0 / STANDARD_ATMOSPHERE, "hpa": 100.0 / STANDARD_ATMOSPHERE}
        return {unit: (factor, 0.0) for unit, factor in pressures.items()}
    if name == "alkalinity":
        factors = dict(_EQUIVALENT)
        _add_masses(factors, "caco3", 2.0 / MOLAR_MASS_CACO3)
        _add_masses(factors, "hco3", 1.0 / MOLAR_MASS_HCO3)
    elif name == "dic":
        factors = dict(_MOLAR)
        _add_masses(factors, "c", 1.0 / MOLAR_MASS_C)
        _add_masses(factors, "co2", 1.0 / MOLAR_MASS_CO2)
    else:
        factors = dict(_MOLAR) | {u: f / MOLAR_MASS[name] for u, f in _MASS.items()}
        factors |= {u: f / _CHARGE[name] for u, f in _EQUIVALENT.items()}
        if name == "no3":
            _add_masses(factors, "n", 1.0 / 14.007)
        if name == "so4":
            _add_masses(factors, "s", 1.0 / 32.06)
    return {unit: (factor, 0.0) for unit, factor in factors.items()}


def _add_masses(factors: dict[str, float], substance: str, per_gram: float) -> None:
    """Add units such as ``mg_caco3_l`` and ``mg_l_caco3`` (optionally ``_as_``)."""
    for mass, to_gram in _MASS.items():
        amount, volume = mass.split("_")
        for unit in (
            f"{amount}_{substance}_{volume}",
            f"{mass}_{substance}",
            f"{mass}_as_{substance}",
            f"as_{substance}_{mass}",
            f"{substance}_{mass}",
            f"as_{substance}_{amount}_{volume}",
        ):
            factors[unit] = to_gram * per_gram


def choose_columns(headers: Iterable[str]) -> dict[str, Column]:
    """Canonical name -> column for a table's headers. Raises InputError when two headers name one quantity."""
    chosen: dict[str, Column] = {}
    for header in headers:
        column = parse_header(str(header))
        if column is None:
            continue
        if column.name in chosen:
            raise InputError(
                f"columns {chosen[column.name].header!r} and {column.header!r}",
                f"both give {column.name}",
                "keep one of them",
            )
        chosen[column.name] = column
    return chosen


def check_columns(names: Iterable[str], charge_balance: bool) -> None:
    """Whether these quantities determine a water. Raises InputError otherwise."""
    names = list(names)
    if "temperature" not in names:
        raise InputError(
            "temperature", "missing", "give temperature in degC (column temperature or temperature_c)"
        )
    given = [name for name in CARBONATE if name in names]
    if charge_balance:
        if "alkalinity" in given:
            raise InputError("alkalinity", "given together with charge_balance", "drop one of the two")
        if not given:
            raise InputError("carbonate system", "charge_balance needs one more", "add one of dic, ph, pco2")
    elif len(given) < 2:
        have = given[0] if given else "none"
        raise InputError(
            "carbonate system",
            f"two of {', '.join(CARBONATE)} are needed, given: {have}",
            "add one, or set charge_balance=True to take the alkalinity from the ions",
        )

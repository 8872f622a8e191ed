"""Amounts and fluxes of carbon that always say what they count: t C or t CO2, per area or in all.

The literature of the karst sink mixes tonnes of carbon with tonnes of CO2, a factor of 3.66 (design notes 2). So a
number enters a comparison with its unit or not at all: ``Carbon(51, "Mt CO2 a-1")``, or the text "51 Mt CO2 a-1".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from karstsim.core.constants import CO2_PER_C, DAYS_PER_YEAR, MOLAR_MASS_C
from karstsim.core.errors import InputError

TONNES = {  # of one unit of mass
    "g": 1e-6, "kg": 1e-3, "t": 1.0, "kt": 1e3, "Mt": 1e6, "Gt": 1e9, "Tg": 1e6, "Pg": 1e9, "Mg": 1.0, "mol": 1e-6,
}  # fmt: skip
CARBON = {"C": 1.0, "CO2": 1.0 / CO2_PER_C, "CO2e": 1.0 / CO2_PER_C}  # mass of carbon in one of the substance
KM2 = {"m-2": 1e6, "ha-1": 1e2, "km-2": 1.0}  # per km2
YEAR = {"a-1": 1.0, "yr-1": 1.0, "d-1": DAYS_PER_YEAR}
FLUX, TOTAL = "t C km-2 a-1", "t C a-1"
MEND = 'say the substance, as in "t C km-2 a-1" or "Mt CO2 a-1"'


@dataclass(frozen=True)
class Carbon:
    """A value with its unit: mass, substance (C, CO2), optionally per area (m-2, ha-1, km-2) and time (a-1, d-1)."""

    value: float
    units: str

    def __post_init__(self) -> None:
        if isinstance(self.value, str):
            raise InputError(f"value {self.value!r}", "is a text", f'write Carbon(51, "{self.units}")')
        factor(self.units)

    def to(self, units: str) -> Carbon:
        """The same in another unit. Raises InputError where one is per area or time and the other is not."""
        own, other = factor(self.units), factor(units)
        if own[1:] != other[1:]:
            raise InputError(
                f"{self.units!r}", f"cannot be told in {units!r}", "multiply with area or time first"
            )
        return Carbon(self.value * own[0] / other[0], units)

    def times_area(self, km2: float) -> Carbon:
        """A flux per area, over an area (km2)."""
        scale, per_area, per_time = factor(self.units)
        if not per_area:
            raise InputError(f"{self.units!r}", "is not per area", "leave the area away")
        return Carbon(self.value * scale * km2, TOTAL if per_time else "t C")


def factor(units: str) -> tuple[float, bool, bool]:
    """t C (per km2, per year) in one unit; whether it is per area; whether it is per time.

    Raises InputError for words that are not understood and for a mass without substance.
    """
    words = re.sub(r"\s+", " ", units.replace("CO₂", "CO2")).strip().split(" ")
    if words[0] not in TONNES:
        raise InputError(
            f"unit {units!r}", "is no mass of carbon", f"use one of {', '.join(TONNES)}, and {MEND}"
        )
    if len(words) < 2 or words[1] not in CARBON:
        raise InputError(f"unit {units!r}", "does not say whether it counts C or CO2", MEND)
    substance = MOLAR_MASS_C if words[0] == "mol" else CARBON[words[1]]
    scale, per_area, per_time = TONNES[words[0]] * substance, False, False
    for word in words[2:]:
        if word in KM2 and not per_area:
            scale, per_area = scale * KM2[word], True
        elif word in YEAR and not per_time:
            scale, per_time = scale * YEAR[word], True
        else:
            raise InputError(
                f"unit {units!r}", f"{word!r} is not understood", f"use {', '.join([*KM2, *YEAR])}"
            )
    return scale, per_area, per_time


def carbon(value: Any, name: str = "value") -> Carbon:
    """Anything that says its unit as `Carbon`: a Carbon, an estimate, a DataArray with ``units``, a text.

    Raises InputError for a bare number.
    """
    if isinstance(value, Carbon):
        return value
    if isinstance(value, str):
        number, _, said = value.strip().partition(" ")
        try:
            return Carbon(float(number), said)
        except ValueError:
            raise InputError(
                f"{name}, {value!r}", "is no number with a unit", 'write "51 Mt CO2 a-1"'
            ) from None
    units = getattr(value, "units", None) or getattr(value, "attrs", {}).get("units")
    if not units:
        raise InputError(
            name, f"the number {value} has no unit", 'write Carbon(51, "Mt CO2 a-1"), or a text of it'
        )
    return Carbon(
        float(getattr(value, "value", value)) if not hasattr(value, "dims") else float(value), str(units)
    )


def ratio(one: Any, other: Any) -> float:
    """One amount of carbon over another, both with units, in whatever units: 51 Mt CO2 over 101 Mt C is 0.138."""
    denominator = carbon(other, "denominator")
    value = carbon(one, "numerator").to(denominator.units).value
    return value / denominator.value if denominator.value != 0.0 else float("nan")

"""How much of a water's DIC is rock carbon: the estimates that are in use, with their uncertainty.

    stoichiometric   (Ca + Mg)/DIC: rock that dissolved, whatever became of its carbon since
    mixing           (d - s)/(r - s): soil CO2 s and rock r, as if nothing fractionated
    closed           (d - b)/(r - b): b, soil CO2 that entered once as CO2(aq)
    open             (d - o)/(r - o): o, DIC in equilibrium with soil CO2

d is d13C of DIC. The last two are the end members of what a water can have been through: a share of rock above the one
of `mixing` is not more rock, it may be less exchange. Uncertainties are first-order and independent: that of the share
f from d, the biogenic end member e and r is sqrt(sd_d^2 + (1 - f)^2 sd_e^2 + f^2 sd_r^2)/|r - e|. With e = alpha s, as
for b and o, sd_e has two parts: alpha sd_s, and the error of the fractionation itself.

Where rock and the biogenic end member are within a permil of each other, as under C4 plants in an open system, the
estimate says nothing and is NaN; the row's `flag` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from karstsim.chemistry.api.columns import is_d13c
from karstsim.chemistry.api.labelled import as_array, broadcast, headers_of
from karstsim.chemistry.isotopes import (
    PERMIL,
    Z_CO2_A,
    Z_CO2_B,
    Z_CO3_A,
    Z_CO3_B,
    Z_HCO3_A,
    Z_HCO3_B,
)
from karstsim.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

SOIL, ROCK = (
    (-23.0, 2.0),
    (1.0, 1.0),
)  # permil, mean and standard deviation: C3 soil CO2, marine carbonate (design notes 7)
D13C_ERROR = 0.2  # permil, of a measurement
ION_ERROR = 0.03  # relative, of Ca + Mg and of DIC
FRACTIONATION_ERROR = 0.2  # permil; the sets of chemistry/isotopes.py differ by 0.1-0.4 between DIC and CO2
LEAST_SPAN = 1.0  # permil between rock and biogenic carbon
LIGHTEST, HEAVIEST = -100.0, 50.0  # permil; beyond it a number is no d13C of carbon in waters
GROUPS = {
    "co2": (("co2", 1.0), ("co2_dimer", 2.0)),
    "hco3": (("hco3", 1.0), ("cahco3", 1.0), ("mghco3", 1.0), ("nahco3", 1.0), ("khco3", 1.0)),
    "co3": (("co3", 1.0), ("caco3", 1.0), ("mgco3", 1.0), ("naco3", 1.0)),
}
EPSILON = {"co2": (Z_CO2_A, Z_CO2_B), "hco3": (Z_HCO3_A, Z_HCO3_B), "co3": (Z_CO3_A, Z_CO3_B)}


def carbon_sources(
    water: xr.Dataset,
    d13c: Any,
    soil: tuple[float, float] = SOIL,
    rock: tuple[float, float] = ROCK,
    d13c_error: float = D13C_ERROR,
    ion_error: float = ION_ERROR,
    fractionation_error: float = FRACTIONATION_ERROR,
) -> xr.Dataset:
    """The shares of rock carbon in the DIC of speciated waters, each with its standard deviation `_sd`.

    water        result of `speciate`
    d13c         of DIC, permil VPDB: a number, an array, Series or DataArray; fitted to the waters as `speciate` fits
                 its inputs, so that one water with many deltas gives many rows
    soil, rock   d13C of soil CO2 and of rock, permil: mean and standard deviation
    d13c_error   standard deviation of d13c, permil; `ion_error` relative, of Ca + Mg and of DIC;
                 `fractionation_error` of that between DIC or CO2(aq) and CO2 gas, permil
    Returns the waters with `d13c_dic`, `d13c_co2_gas` (CO2 in equilibrium) and four estimates `rock_share_*`. They are
    not cut to 0..1: beyond it the end members do not explain the water. NaN, with the reason in `flag`, where an end
    member cannot be told from rock, and for a number that is no d13C.
    Raises InputError where soil and rock cannot be told apart, or a number is no d13C or no standard deviation.
    """
    _check(
        soil,
        rock,
        {"d13c_error": d13c_error, "ion_error": ion_error, "fractionation_error": fractionation_error},
    )
    water, delta = _fitted(water, d13c)
    epsilon = _epsilon_dic(water)
    dissolved = _scaled(soil[0], Z_CO2_A + Z_CO2_B * water["temperature"])
    gas = (delta + PERMIL) / (1.0 + epsilon / PERMIL) - PERMIL
    out = water.assign(d13c_dic=delta.variable, d13c_co2_gas=gas.variable)
    share = (water["ca"] + water["mg"]) / water["dic"]
    _put(out, "stoichiometric", share, share * ion_error * 2.0**0.5)
    wrong = (delta < LIGHTEST) | (delta > HEAVIEST)
    _flag(out, wrong, "d13c: no d13C of DIC in permil")
    delta = delta.where(~wrong)
    fractionated = {"mixing": 0.0, "closed": fractionation_error, "open": fractionation_error}
    ends = {"mixing": 0.0 * epsilon + soil[0], "closed": dissolved, "open": _scaled(soil[0], epsilon)}
    for name, biogenic in ends.items():
        span = rock[0] - biogenic
        told_apart = abs(span) >= LEAST_SPAN
        _flag(out, ~told_apart & span.notnull(), f"{name}: soil carbon cannot be told from rock")
        share = ((delta - biogenic) / span).where(told_apart)
        alpha = (biogenic + PERMIL) / (soil[0] + PERMIL)
        end_variance = (alpha * soil[1]) ** 2 + fractionated[name] ** 2
        variance = d13c_error**2 + (1.0 - share) ** 2 * end_variance + (share * rock[1]) ** 2
        _put(out, name, share, variance**0.5 / abs(span))
    for name in ("d13c_dic", "d13c_co2_gas"):
        out[name].attrs = {
            "units": "permil",
            "long_name": "d13C of DIC" if name == "d13c_dic" else "d13C of CO2 gas",
        }
    return out


def _fitted(water: xr.Dataset, d13c: Any) -> tuple[xr.Dataset, xr.DataArray]:
    """The waters and their d13C in one shape. Raises InputError where d13C is not numeric or fits no water."""
    delta = as_array("d13c", d13c, "permil")
    dic = water["dic"]
    if delta.shape == dic.shape and not delta.coords:
        return water, dic.copy(data=delta.data)
    both = broadcast({"waters": dic, "d13c": delta})
    single = [d for d, n in dic.sizes.items() if n == 1 != both["waters"].sizes.get(d, n)]
    return water.isel(dict.fromkeys(single, 0), drop=True).broadcast_like(both["waters"]), both["d13c"]


def _check(soil: tuple[float, float], rock: tuple[float, float], errors: dict[str, float]) -> None:
    for name, (mean, deviation) in (("soil", soil), ("rock", rock)):
        if not LIGHTEST <= mean <= HEAVIEST:
            raise InputError(
                name, f"{mean:g} is no d13C in permil", f"give one of {LIGHTEST:g} to {HEAVIEST:g}"
            )
        errors[f"{name} deviation"] = deviation
    for name, value in errors.items():
        if not 0.0 <= value < PERMIL:
            raise InputError(name, f"{value:g} is no standard deviation", "give zero or a positive number")
    if abs(rock[0] - soil[0]) < LEAST_SPAN:
        raise InputError(
            "soil, rock", "have nearly the same d13C", "give end members that differ by some permil"
        )


def _flag(out: xr.Dataset, where: Any, reason: str) -> None:
    """Say why an estimate is missing in rows that are sound otherwise."""
    import xarray as xr

    said = out["flag"] if "flag" in out else xr.full_like(out["dic"], "", dtype="<U1")
    out["flag"] = said.where(~(where & (said == "")), reason).variable


def _place(headers: Sequence[str]) -> int | None:
    """Where d13C of DIC stands. Raises InputError for two such headers."""
    places = [i for i, header in enumerate(headers) if is_d13c(header)]
    if len(places) > 1:
        both = " and ".join(repr(headers[i]) for i in places)
        raise InputError(f"columns {both}", "both give d13C of DIC", "keep one of them")
    return places[0] if places else None


def column_in(table: Any) -> Any:
    """d13C of DIC of a DataFrame, Dataset or mapping, by its header; None without such a column."""
    headers = headers_of(table)
    place = _place(list(headers))
    return None if place is None else table[headers[list(headers)[place]]]


def column_of(titles: Sequence[str], rows: Sequence[Sequence[str]], mark: str) -> np.ndarray | None:
    """d13C of DIC of a text table, by its title; NaN for cells without a number. None without such a column."""
    place = _place(titles)
    if place is None:
        return None
    values = np.full(len(rows), np.nan)
    for i, row in enumerate(rows):
        try:
            values[i] = float(row[place].strip().replace("\u2212", "-").replace(mark, "."))
        except ValueError:
            continue
    return values


def _put(out: xr.Dataset, name: str, share: Any, deviation: Any) -> None:
    out[f"rock_share_{name}"], out[f"rock_share_{name}_sd"] = share.variable, deviation.variable
    out[f"rock_share_{name}"].attrs = {"units": "1", "long_name": f"share of rock carbon in DIC, {name}"}
    out[f"rock_share_{name}_sd"].attrs = {"units": "1", "long_name": f"its standard deviation, {name}"}


def _scaled(delta: float, epsilon: Any) -> Any:
    return (1.0 + epsilon / PERMIL) * (delta + PERMIL) - PERMIL


def _epsilon_dic(water: xr.Dataset) -> Any:
    """epsilon DIC-CO2(g), permil (Zhang et al. 1995), weighted by the species."""
    total: Any = 0.0
    weighted: Any = 0.0
    for group, members in GROUPS.items():
        amount = sum(weight * water[f"m_{name}"] for name, weight in members if f"m_{name}" in water)
        a, b = EPSILON[group]
        total = total + amount
        weighted = weighted + amount * (a + b * water["temperature"])
    return weighted / total

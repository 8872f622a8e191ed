"""How much of a water's DIC is rock carbon: the estimates that are in use, with their uncertainty.

    stoichiometric   (Ca + Mg)/DIC: rock that dissolved, whatever became of its carbon since
    mixing           (d - s)/(r - s): soil CO2 s and rock r, as if nothing fractionated
    closed           (d - b)/(r - b): b, soil CO2 that entered once as CO2(aq)
    open             (d - o)/(r - o): o, DIC in equilibrium with soil CO2

d is d13C of DIC. The last two are the end members of what a water can have been through: a share of rock above the one
of `mixing` is not more rock, it may be less exchange. Uncertainties are first-order and independent: that of the share
f from d, s and r is sqrt(sd_d^2 + (1 - f)^2 sd_s^2 + f^2 sd_r^2)/|r - s|.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
)  # permil, mean and standard deviation: C3 soil CO2, marine carbonate (science.md 7)
D13C_ERROR = 0.2  # permil, of a measurement
ION_ERROR = 0.03  # relative, of Ca + Mg and of DIC
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
) -> xr.Dataset:
    """The shares of rock carbon in the DIC of speciated waters, each with its standard deviation `_sd`.

    water        result of `speciate`
    d13c         of DIC, permil VPDB: a number, an array shaped like the waters, or a DataArray
    soil, rock   d13C of soil CO2 and of rock, permil: mean and standard deviation
    d13c_error   standard deviation of d13c, permil; `ion_error` relative, of Ca + Mg and of DIC
    Returns the waters with `d13c_dic`, `d13c_co2_gas` (CO2 in equilibrium) and four estimates `rock_share_*`. They are
    not cut to 0..1: beyond it the end members do not explain the water.
    Raises InputError where soil and rock cannot be told apart.
    """
    if abs(rock[0] - soil[0]) < 1.0:
        raise InputError(
            "soil, rock", "have nearly the same d13C", "give end members that differ by some permil"
        )
    delta = d13c if hasattr(d13c, "dims") else water["dic"] * 0.0 + d13c
    epsilon = _epsilon_dic(water)
    dissolved = _scaled(soil[0], Z_CO2_A + Z_CO2_B * water["temperature"])
    out = water.assign(d13c_dic=delta, d13c_co2_gas=(delta + PERMIL) / (1.0 + epsilon / PERMIL) - PERMIL)
    share = (water["ca"] + water["mg"]) / water["dic"]
    _put(out, "stoichiometric", share, share * ion_error * 2.0**0.5)
    for name, biogenic in (("mixing", soil[0]), ("closed", dissolved), ("open", _scaled(soil[0], epsilon))):
        span = rock[0] - biogenic
        share = (delta - biogenic) / span
        variance = d13c_error**2 + ((1.0 - share) * soil[1]) ** 2 + (share * rock[1]) ** 2
        _put(out, name, share, variance**0.5 / abs(span))
    for name in ("d13c_dic", "d13c_co2_gas"):
        out[name].attrs = {
            "units": "permil",
            "long_name": "d13C of DIC" if name == "d13c_dic" else "d13C of CO2 gas",
        }
    return out


def _put(out: xr.Dataset, name: str, share: Any, deviation: Any) -> None:
    out[f"rock_share_{name}"], out[f"rock_share_{name}_sd"] = share, deviation
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

"""Equilibria for people: waters brought to equilibrium with minerals and gas, and mixtures of two waters.

Amounts are mol m-3 of water and one cubic metre of water counts as 1000 kg, as in `waters`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from karstsim.chemistry.api.blocks import CHUNK, MMOL
from karstsim.chemistry.api.columns import IONS
from karstsim.chemistry.api.labelled import as_array, collect, flatten, labelled_dataset
from karstsim.chemistry.api.units import ACIDS, UNITS
from karstsim.chemistry.api.waters import T_REFUSED, TOTALS, constant_set, speciate
from karstsim.chemistry.constants import CONSTANTS_DTYPE, ConstantSet, set_temperature
from karstsim.chemistry.equilibrium import equilibrate_gas
from karstsim.chemistry.gas import fugacity_coefficient_co2
from karstsim.chemistry.minerals import CONTACT_DTYPE, Carbonate, equilibrate_minerals
from karstsim.chemistry.speciation import SOLUTION_DTYPE
from karstsim.core.errors import InputError
from karstsim.core.jit import driver
from karstsim.core.spec import record_dtype

if TYPE_CHECKING:
    import xarray as xr

MINERALS = ("calcite", "aragonite", "dolomite", "gypsum")
SYSTEMS = ("open", "closed")
WATER = (*TOTALS, "dic", "alkalinity")  # what determines a start water
ACID_DTYPE = record_dtype([(ion, "f8") for ion, _ in ACIDS.values()])
UNSOLVED = "no equilibrium: a carbonate mineral without CO2, or a water beyond the activity model"

_OUTPUTS = {
    **{f"{name}_dissolved": ("mol m-3", f"{name} dissolved; negative: precipitated") for name in MINERALS},
    "co2_uptake": ("mol m-3", "CO2 that the water took up from the gas; negative: degassed"),
    "water_mass": ("kg kg-1", "water at the end per water at the start"),
}
_CAPACITY = {
    "calcite_capacity": (
        "mol m-3",
        "calcite that the closed water can dissolve until it is saturated; negative: can precipitate",
    ),
    "mixing_corrosion": ("mol m-3", "calcite_capacity that mixing creates, beyond that of the two waters"),
}


@driver
def _equilibrate_rows(
    waters: Any, contacts: Any, acids: Any, tried: Any, pure: bool, constant_set: int, constants: Any
) -> None:
    """Bring every row to equilibrium in place: acid added, then minerals and gas.

    waters     SOLUTION_DTYPE, totals of the start (mol kgw-1), none where `pure`
    contacts   CONTACT_DTYPE, inputs set
    acids      ACID_DTYPE, anions of strong acids added (mol kgw-1)
    tried      rows to solve
    pure       the start is pure water in equilibrium with the gas at gas_pressure
    constants  one-row scratch of CONSTANTS_DTYPE
    """
    for j in range(waters.size):
        if not tried[j]:
            continue
        x = waters[j]
        e = contacts[j]
        a = acids[j]
        k = constants[0]
        set_temperature(k, x.temperature, constant_set)
        if pure:
            phi = fugacity_coefficient_co2(x.temperature, e.gas_pressure)
            equilibrate_gas(x, k, phi * e.gas_pressure, 0.0)
        x.so4 += a.so4
        x.no3 += a.no3
        x.cl += a.cl
        x.alkalinity -= 2.0 * a.so4 + a.no3 + a.cl
        equilibrate_minerals(x, k, e)


def _types() -> tuple[Any, ...]:
    """Numba types of the arguments of `_equilibrate_rows`."""
    waters, contacts, acids, constants = (
        numba.from_dtype(d)[::1] for d in (SOLUTION_DTYPE, CONTACT_DTYPE, ACID_DTYPE, CONSTANTS_DTYPE)
    )
    tried = numba.boolean[::1]
    return waters, contacts, acids, tried, numba.boolean, numba.int64, constants


@dataclass(frozen=True)
class Reaction:
    """What all rows of one call share.

    minerals in contact; whether the gas is kept at its pressure; whether the start is pure water in that gas
    """

    minerals: tuple[str, ...]
    fixed_gas: bool
    pure: bool
    constants: ConstantSet


def equilibrate(
    temperature: Any = None,
    pco2: Any = None,
    minerals: str | Iterable[str] | None = None,
    system: str = "open",
    gas_volume: Any = None,
    acid: Mapping[str, Any] | None = None,
    water: Any = None,
    *,
    constants: str = "pb82",
) -> xr.Dataset:
    """Equilibrium of waters with carbonate minerals, gypsum, strong acids and a gas.

    temperature   degC, 0 to 50; default: that of `water`
    pco2          partial pressure of CO2 in the gas, atm
    minerals      of calcite, aragonite, dolomite, gypsum: each there in excess, it dissolves or precipitates until its
                  saturation index is zero; ``[]`` for gas exchange alone. Calcite and aragonite exclude each other
    system        ``"open"``: the gas stays at `pco2`. ``"closed"``: the water, first in equilibrium with `pco2` (0:
                  water free of CO2), is cut off from the gas, then acid and minerals react; with `water` as start no
                  gas is met at all and `pco2` is left out
    gas_volume    litres of gas per litre of water, at `pco2` at first, that stay with the water: between closed (0) and
                  open (very large). It counts in either system
    acid          strong acids added, mol m-3 (= mmol/L), by name: h2so4, hno3, hcl
    water         start water: a Dataset of `speciate`, `equilibrate` or `mix`, or a table or mapping that `speciate`
                  takes (at `temperature` where it has none). Default: pure water in equilibrium with `pco2`
    constants     ``"pb82"`` (phreeqc.dat of PHREEQC 3.7.3) or ``"phreeqc386"`` (PHREEQC 3.8.6)

    Numbers, arrays, pandas Series and DataArrays are broadcast; dask arrays are computed. Returns a Dataset of that
    shape: all that `speciate` gives for the final water (pco2 is its own pressure at the end), its totals,
    ``calcite_dissolved`` .. ``gypsum_dissolved`` and ``co2_uptake`` (mol per m3 of water at the start, since the start
    water), ``water_mass`` (kg per kg at the start: gypsum releases its water; concentrations are per kg of the water at
    the end, so that start + dissolved = water_mass * total), and ``flag``, which names the reason where a row is NaN.
    Raises InputError for unknown names, a missing temperature or pressure, negative volumes and acids.

    Equations: mass action of Plummer & Busenberg (1982) and PHREEQC, see `karstsim.chemistry.minerals`.
    """
    chosen = constant_set(constants)
    names = _minerals(minerals)
    if system not in SYSTEMS:
        raise InputError("system", f"{system!r} is not known", f"use one of {', '.join(SYSTEMS)}")
    fixed_gas = system == "open" and gas_volume is None
    _check_gas(pco2, fixed_gas, gas_volume, water)
    given, reasons = {}, None
    if water is not None:
        start = _start_water("water", water, temperature, constants)
        given = {name: start[name] for name in WATER}
        reasons = start["flag"]
    if temperature is not None:
        given["temperature"] = as_array("temperature", temperature, UNITS["temperature"])
    if "temperature" not in given:
        raise InputError("temperature", "missing", "give temperature in degC")
    given["pco2"] = as_array("pco2", 0.0 if pco2 is None else pco2, UNITS["pco2"])
    given["gas_volume"] = _amount("gas_volume", 0.0 if gas_volume is None else gas_volume, "litres per litre")
    given |= _acids(acid)
    flat, template = flatten(given, "temperature")
    flags = _check_rows(flat, _reasons(reasons, template))
    columns = _react(flat, flags, Reaction(names, fixed_gas, water is None, chosen))
    return _result(
        columns, flags, template, _OUTPUTS, constants, "Waters in equilibrium with minerals and gas"
    )


def mix(a: Any, b: Any, fraction: Any = 0.5, *, constants: str = "pb82") -> xr.Dataset:
    """Mixture of two waters and what it does to calcite.

    a, b       waters: Datasets of `speciate`, `equilibrate` or `mix`, or tables or mappings that `speciate` takes
    fraction   mass fraction of `a`, 0..1
    constants  ``"pb82"`` or ``"phreeqc386"``

    Totals, alkalinity and temperature (heat) mix in proportion; no gas is exchanged. Returns a Dataset of the broadcast
    shape: all that `speciate` gives for the mixture, its totals, ``calcite_capacity`` (mol m-3 of calcite that the
    closed mixture dissolves until it is saturated; negative: can precipitate) and ``mixing_corrosion``: that capacity
    less those of the two waters in proportion, the aggressiveness that mixing creates (Boegli 1964): two waters
    saturated at different CO2 pressures of soil or cave air give an undersaturated mixture.
    Raises InputError for a fraction outside 0..1 and for waters that are not determined.
    """
    chosen = constant_set(constants)
    ends = {where: _start_water(where, water, None, constants) for where, water in (("a", a), ("b", b))}
    given = {f"{where}_{name}": water[name] for where, water in ends.items() for name in WATER}
    given["fraction"] = _amount("fraction", fraction, "parts of 1")
    if bool((given["fraction"] > 1.0).any()):
        raise InputError("fraction", "above 1", "give the mass fraction of the first water, 0 to 1")
    flat, template = flatten(given, "a_temperature")
    f = flat["fraction"]
    waters = {where: {name: flat[f"{where}_{name}"] for name in WATER} for where in ends}
    waters["mixture"] = {n: waters["b"][n] + f * (waters["a"][n] - waters["b"][n]) for n in WATER}
    reasons = [_reasons(water["flag"], template) for water in ends.values()]
    flags = _check_rows(waters["mixture"] | {"fraction": f}, np.where(reasons[0] != "", *reasons))
    closed = Reaction(("calcite",), False, False, chosen)
    capacity = {where: _react(w, flags.copy(), closed)["calcite_dissolved"] for where, w in waters.items()}
    columns = dict(waters["mixture"])
    columns["calcite_capacity"] = capacity["mixture"]
    columns["mixing_corrosion"] = capacity["mixture"] - (f * capacity["a"] + (1.0 - f) * capacity["b"])
    flags[np.isnan(columns["mixing_corrosion"]) & (flags == "")] = UNSOLVED
    return _result(columns, flags, template, _CAPACITY, constants, "Mixtures of two waters")


def _minerals(minerals: str | Iterable[str] | None) -> tuple[str, ...]:
    """Names of the minerals. Raises InputError for unknown ones and for two polymorphs of CaCO3."""
    if minerals is None:
        raise InputError("minerals", "missing", f"list some of {', '.join(MINERALS)}, or [] for none")
    listed = [minerals] if isinstance(minerals, str) else list(minerals)
    names = tuple(str(name).strip().lower() for name in listed)
    for name in names:
        if name not in MINERALS:
            raise InputError("minerals", f"{name!r} is not known", f"use some of {', '.join(MINERALS)}")
    if "calcite" in names and "aragonite" in names:
        what = "calcite and aragonite cannot both be at equilibrium: aragonite is the more soluble"
        raise InputError(
            "minerals", what, "keep one: calcite for the stable water, aragonite where no calcite forms"
        )
    return names


def _check_gas(pco2: Any, fixed_gas: bool, gas_volume: Any, water: Any) -> None:
    """Whether the CO2 pressure is given where it is needed, and only there. Raises InputError."""
    isolated = not fixed_gas and gas_volume is None and water is not None
    if pco2 is None and not isolated:
        raise InputError(
            "pco2", "missing", "give the CO2 pressure of the gas in atm; 0 for water free of CO2"
        )
    if pco2 is not None and isolated:
        mend = (
            "drop pco2; or give gas_volume; or bring the water to that gas first, system='open', minerals=[]"
        )
        raise InputError("pco2", "has no part in a closed system with a start water", mend)


def _amount(name: str, value: Any, units: str) -> xr.DataArray:
    """A setting that is not negative, as an array. Raises InputError."""
    array = as_array(name, value, units)
    if bool((array < 0.0).any()):
        raise InputError(name, "negative", f"give {units}, 0 or more")
    return array


def _acids(acid: Mapping[str, Any] | None) -> dict[str, xr.DataArray]:
    """Amounts of strong acids, ``acid_<ion>``. Raises InputError for unknown ones."""
    given: dict[str, xr.DataArray] = {}
    if acid is not None and not isinstance(acid, Mapping):
        raise InputError("acid", f"a {type(acid).__name__} is not a mapping", 'write acid={"h2so4": 0.5}')
    for name, value in (acid or {}).items():
        key = str(name).strip().lower()
        if key not in ACIDS:
            raise InputError("acid", f"{name!r} is not known", f"use some of {', '.join(ACIDS)}")
        given[f"acid_{ACIDS[key][0]}"] = _amount(f"acid {key}", value, "mol m-3 (= mmol/L)")
    return given


def _start_water(where: str, water: Any, temperature: Any, constants: str) -> xr.Dataset:
    """A start water with `WATER` and ``flag``: a result of this package as it is, anything else speciated."""
    if hasattr(water, "data_vars") and all(name in water.variables for name in (*WATER, "flag")):
        return water
    try:
        own = collect(water, {})
        needed = {} if "temperature" in own or temperature is None else {"temperature": temperature}
        return speciate(water, **needed, constants=constants)
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.what, error.mend) from None


def _reasons(flag: xr.DataArray | None, template: xr.DataArray) -> np.ndarray:
    """Flags of a start water in the shape of `template`, flat; empty without a start water."""
    if flag is None:
        return np.full(template.size, "", dtype=object)
    wide = flag.broadcast_like(template).transpose(*template.dims).copy()
    texts = np.asarray(wide.values, dtype=object).ravel()
    texts[[not isinstance(text, str) for text in texts]] = ""  # rows that only other inputs have
    return texts


def _check_rows(flat: dict[str, np.ndarray], reasons: np.ndarray) -> np.ndarray:
    """Why a row cannot be tried, empty where it can; `reasons` are those of the start water."""
    flags = np.full(flat["temperature"].size, "", dtype=object)

    def mark(where: np.ndarray, reason: Any) -> None:
        flags[where & (flags == "")] = reason

    missing = {name: ~np.isfinite(values) for name, values in flat.items()}
    for name, lost in missing.items():
        if name not in WATER:
            mark(lost, f"missing value in {name}")
    for name, lost in missing.items():
        if name in WATER and name != "temperature":
            told = lost & (reasons != "") & (flags == "")
            flags[told] = "start water: " + reasons[told]
            mark(lost, f"missing value in start water: {name}")
    mark(missing["temperature"], "missing value in temperature")
    if "pco2" in flat:
        mark(flat["pco2"] < 0.0, "negative CO2 pressure: pco2")
    for name in (*IONS, "dic"):
        if name in flat:
            mark(flat[name] < 0.0, f"negative concentration in start water: {name}")
    refused = (flat["temperature"] < T_REFUSED[0]) | (flat["temperature"] > T_REFUSED[1])
    mark(refused, f"temperature outside {T_REFUSED[0]:g}..{T_REFUSED[1]:g} degC")
    return flags


def _react(flat: dict[str, np.ndarray], flags: np.ndarray, reaction: Reaction) -> dict[str, np.ndarray]:
    """Final totals and amounts exchanged of flat inputs, chunk by chunk; marks unsolved rows in `flags`."""
    size = flags.size
    columns = {name: np.full(size, np.nan) for name in (*WATER, *_OUTPUTS)}
    run = _equilibrate_rows.bind_types(_types)
    constants = np.zeros(1, CONSTANTS_DTYPE)
    for first in range(0, size, CHUNK):
        rows = slice(first, min(first + CHUNK, size))
        part = {name: values[rows] for name, values in flat.items()}
        tried = flags[rows] == ""
        waters, contacts, acids = _records(part, reaction)
        run(waters, contacts, acids, tried, reaction.pure, int(reaction.constants), constants)
        solved = tried & (waters["status"] == 0.0)
        flags[rows][tried & ~solved] = UNSOLVED
        for name, values in _exchanged(waters, contacts, reaction).items():
            columns[name][rows][solved] = values[solved]
    columns["temperature"] = flat["temperature"]
    return columns


def _records(part: dict[str, np.ndarray], reaction: Reaction) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scratch records of one chunk in the kernels' units (mol kgw-1, eq kgw-1, atm, L kg-1)."""
    size = part["temperature"].size
    waters, contacts, acids = (np.zeros(size, d) for d in (SOLUTION_DTYPE, CONTACT_DTYPE, ACID_DTYPE))
    waters["temperature"] = part["temperature"]
    for name in WATER[1:]:
        if name in part:
            waters[name] = part[name] / MMOL
    for ion, _ in ACIDS.values():
        if f"acid_{ion}" in part:
            acids[ion] = part[f"acid_{ion}"] / MMOL
    if "calcite" in reaction.minerals:
        contacts["carbonate"] = int(Carbonate.CALCITE)
    if "aragonite" in reaction.minerals:
        contacts["carbonate"] = int(Carbonate.ARAGONITE)
    contacts["dolomite"] = float("dolomite" in reaction.minerals)
    contacts["gypsum"] = float("gypsum" in reaction.minerals)
    contacts["fixed_gas"] = float(reaction.fixed_gas)
    contacts["gas_pressure"] = part.get("pco2", 0.0)
    contacts["gas_volume"] = part.get("gas_volume", 0.0)
    return waters, contacts, acids


def _exchanged(waters: np.ndarray, contacts: np.ndarray, reaction: Reaction) -> dict[str, np.ndarray]:
    """Columns of one chunk in output units."""
    columns = {name: waters[name] * MMOL for name in WATER[1:]}
    carbonate = "aragonite" if "aragonite" in reaction.minerals else "calcite"
    columns |= {f"{name}_dissolved": np.zeros(waters.size) for name in MINERALS}
    columns[f"{carbonate}_dissolved"] = contacts["n_carbonate"] * MMOL
    columns["dolomite_dissolved"] = contacts["n_dolomite"] * MMOL
    columns["gypsum_dissolved"] = contacts["n_gypsum"] * MMOL
    columns["co2_uptake"] = contacts["co2_uptake"] * MMOL
    columns["water_mass"] = contacts["water"]
    return columns


def _result(
    columns: dict[str, np.ndarray],
    flags: np.ndarray,
    template: xr.DataArray,
    outputs: dict[str, tuple[str, str]],
    constants: str,
    title: str,
) -> xr.Dataset:
    """Speciated final waters, their totals and the columns named in `outputs`, in the shape of `template`."""
    final = speciate({name: columns[name] for name in WATER}, constants=constants)
    found = {str(name): variable.values for name, variable in final.items()}
    found |= {name: columns[name] for name in outputs}
    found["flag"] = np.where(flags != "", flags, found["flag"])
    attributes = {str(name): dict(variable.attrs) for name, variable in final.items()}
    attributes |= {name: {"units": u, "long_name": text} for name, (u, text) in outputs.items()}
    attrs = {"title": title, "constants": constant_set(constants).name.lower()}
    return labelled_dataset(found, template, attributes, attrs)

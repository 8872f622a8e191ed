"""Speciation for people: tables and arrays of waters in, a labelled Dataset out.

Concentrations are mol m-3 of water, and one cubic metre of water counts as 1000 kg: mol m-3, mmol/L and mmol/kgw are
one number.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from karstsim.chemistry.api.blocks import GAMMAS, SPECIES, given_variables, speciate_columns
from karstsim.chemistry.api.carbon_sources import carbon_sources, column_in
from karstsim.chemistry.api.columns import CARBONATE, INPUTS, IONS, check_columns
from karstsim.chemistry.api.labelled import assumptions, collect, compute
from karstsim.chemistry.api.units import UNITS
from karstsim.chemistry.constants import ConstantSet
from karstsim.chemistry.speciation import Mode
from karstsim.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

TOTALS = ("temperature", *IONS)  # inputs that are passed on, so that a result can be the start of another
T_LOW, T_HIGH = 0.0, 50.0  # degC, range of the constants
T_REFUSED = (-5.0, 100.0)  # outside nothing is computed
DENSE = 0.5  # mol kgw-1, end of the activity model
LOG_PRESSED = 1.0  # log10 of the CO2 fugacity in atm; the gas law holds below

_FORMULA = {
    "h": "H+",
    "oh": "OH-",
    "co2": "CO2",
    "co2_dimer": "(CO2)2",
    "hco3": "HCO3-",
    "co3": "CO3--",
    "ca": "Ca++",
    "mg": "Mg++",
    "na": "Na+",
    "k": "K+",
    "so4": "SO4--",
    "cahco3": "CaHCO3+",
    "caco3": "CaCO3",
    "mghco3": "MgHCO3+",
    "mgco3": "MgCO3",
    "nahco3": "NaHCO3",
    "naco3": "NaCO3-",
    "khco3": "KHCO3",
    "caso4": "CaSO4",
    "mgso4": "MgSO4",
    "mgso42": "Mg(SO4)2--",
    "naso4": "NaSO4-",
    "kso4": "KSO4-",
    "hso4": "HSO4-",
    "cahso4": "CaHSO4+",
    "caoh": "CaOH+",
    "mgoh": "MgOH+",
    "hcl": "HCl",
}
_OUTPUTS = {
    "ph": ("1", "pH"),
    "pco2": ("atm", "CO2 partial pressure in equilibrium with the water"),
    "log10_fco2": ("1", "log10 of the CO2 fugacity in atm"),
    "ionic_strength": ("mol kg-1", "ionic strength"),
    "dic": ("mol m-3", "dissolved inorganic carbon"),
    "alkalinity": ("eq m-3", "alkalinity"),
    "si_calcite": ("1", "calcite saturation index"),
    "si_aragonite": ("1", "aragonite saturation index"),
    "si_dolomite": ("1", "dolomite saturation index"),
    "si_gypsum": ("1", "gypsum saturation index"),
    "conductivity_25": ("uS cm-1", "specific conductance at 25 degC"),
    "charge_imbalance": ("eq m-3", "charge of the ions less the alkalinity"),
    "calcite_rate": ("mol m-2 s-1", "calcite dissolution rate, negative for precipitation"),
    "activity_water": ("1", "activity of water"),
}


def constant_set(constants: str) -> ConstantSet:
    """The `ConstantSet` of a name, ``"pb82"`` or ``"phreeqc386"``. Raises InputError for another."""
    try:
        return ConstantSet[str(constants).upper()]
    except KeyError:
        names = ", ".join(repr(c.name.lower()) for c in ConstantSet)
        raise InputError("constants", f"{constants!r} is not known", f"use one of {names}") from None


def speciate(
    table: Any = None,
    /,
    *,
    temperature: Any = None,
    ca: Any = None,
    mg: Any = None,
    na: Any = None,
    k: Any = None,
    cl: Any = None,
    so4: Any = None,
    no3: Any = None,
    alkalinity: Any = None,
    dic: Any = None,
    ph: Any = None,
    pco2: Any = None,
    charge_balance: bool = False,
    d13c: Any = None,
    constants: str = "pb82",
) -> xr.Dataset:
    """Speciate waters: pH, CO2 pressure, species, saturation indices, conductance.

    table            pandas DataFrame, xarray Dataset or mapping with the column names below, units in the name
                     allowed (``ca_mg_l``, ``Ca2+ (mg/L)``); columns of another nature are ignored; what had to be
                     supposed (a header without a unit) is in ``attrs["supposed"]`` of the result
    temperature      degC
    ca .. no3        totals, mol m-3 (= mmol/L = mmol/kgw; 1 m3 of water counts as 1000 kg); absent: 0
    alkalinity, dic, ph, pco2   eq m-3, mol m-3, -log10 of the activity, partial pressure in atm: two of them
    charge_balance   take the alkalinity from the ions; one of dic, ph, pco2 besides
    d13c             of DIC, permil VPDB, here or as a column of the table (``d13c``, ``δ13C-DIC (permil)``): adds the
                     shares of rock carbon by `carbon_sources` with its usual end members, and their uncertainty
    constants        ``"pb82"`` (phreeqc.dat of PHREEQC 3.7.3) or ``"phreeqc386"`` (PHREEQC 3.8.6)

    Scalars, arrays and DataArrays are broadcast; the index of pandas inputs becomes a coordinate. With a dask-backed
    input the result is lazy and computed block by block. Returns a Dataset with units; ``flag`` is empty for a good
    row and names the reason where a row is NaN (not solved) or out of the range of the constants (solved). Temperature
    and totals are passed on, so that the result can be the ``water`` of `equilibrate` or `mix`.
    Raises InputError when the columns do not determine a water.
    """
    chosen = constant_set(constants)
    keywords = {
        "temperature": temperature, "ca": ca, "mg": mg, "na": na, "k": k, "cl": cl, "so4": so4, "no3": no3,
        "alkalinity": alkalinity, "dic": dic, "ph": ph, "pco2": pco2,
    }  # fmt: skip
    given = collect(table, {name: value for name, value in keywords.items() if value is not None})
    check_columns(given, charge_balance)
    attrs = {"title": "Speciation of carbonate waters", "constants": chosen.name.lower()}
    if supposed := assumptions(table):
        attrs["supposed"] = "; ".join(supposed)
    result = compute(
        partial(_solve, charge_balance=charge_balance, chosen=chosen),
        given,
        "temperature",
        _attributes(),
        attrs,
    )
    delta = column_in(table) if table is not None else None
    if delta is not None and d13c is not None:
        raise InputError("d13c", "given both in the table and as a keyword", "keep one of them")
    delta = d13c if delta is None else delta
    return result if delta is None else carbon_sources(result, delta)


def _solve(flat: dict[str, np.ndarray], charge_balance: bool, chosen: ConstantSet) -> dict[str, np.ndarray]:
    """All outputs for flat canonical inputs."""
    size = flat["temperature"].size
    zero = np.zeros(size)
    inputs = {name: flat.get(name, zero if name in IONS else np.full(size, np.nan)) for name in INPUTS}
    strong = 2.0 * (inputs["ca"] + inputs["mg"] - inputs["so4"])
    strong += inputs["na"] + inputs["k"] - inputs["cl"] - inputs["no3"]
    if charge_balance:
        inputs["alkalinity"] = strong
    modes, flags = _modes(inputs)
    columns = speciate_columns(inputs, modes, chosen)
    columns["charge_imbalance"] = strong - columns["alkalinity"]
    unsolved = (modes >= 0) & np.isnan(columns["ph"])
    flags[unsolved] = "no solution: the two carbonate variables contradict each other"
    flags[unsolved & (modes == Mode.DIC_PCO2)] = (
        "no solution: dic and pco2 contradict each other, or nearly all DIC is CO2 and does not tell the pH"
    )
    _flag_range(flags, inputs["temperature"], columns)
    columns["flag"] = flags
    columns |= {name: inputs[name] for name in TOTALS}
    return columns


def _modes(inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Solver mode of every row, -1 where it cannot be solved, and the reason."""
    size = inputs["temperature"].size
    flags = np.full(size, "", dtype=object)
    have = {name: np.isfinite(inputs[name]) for name in CARBONATE}
    modes = np.full(size, -1, dtype=np.int64)
    for mode in Mode:
        first, second = given_variables(mode)
        modes[have[first] & have[second]] = int(mode)
    number = sum(h.astype(int) for h in have.values())
    _mark(flags, number < 2, "missing value in alkalinity, dic, ph or pco2")
    _mark(flags, number > 2, "more than two of alkalinity, dic, ph, pco2 in this row")
    for name in ("temperature", *IONS):
        _mark(flags, ~np.isfinite(inputs[name]), f"missing value in {name}")
    for name in (*IONS, "dic", "pco2"):
        _mark(flags, inputs[name] < 0.0, f"negative concentration: {name}")
    _mark(flags, (inputs["ph"] <= 0.0) | (inputs["ph"] > 14.0), "ph outside 0..14")
    refused = (inputs["temperature"] < T_REFUSED[0]) | (inputs["temperature"] > T_REFUSED[1])
    _mark(flags, refused, f"temperature outside {T_REFUSED[0]:g}..{T_REFUSED[1]:g} degC")
    modes[flags != ""] = -1
    return modes, flags


def _mark(flags: np.ndarray, where: np.ndarray, reason: str) -> None:
    """Write a reason into the rows that have none yet."""
    if where.any():
        flags[where & (flags == "")] = reason


def _flag_range(flags: np.ndarray, temperature: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    """Mark solved rows outside the range of the constants, of the activity model or of the gas law."""
    beyond = (temperature < T_LOW) | (temperature > T_HIGH)
    _mark(flags, beyond, "temperature outside 0..50 degC: extrapolated")
    dense = columns["ionic_strength"] > DENSE
    _mark(flags, dense, f"ionic strength above {DENSE}: outside the activity model")
    pressed = columns["log10_fco2"] > LOG_PRESSED
    _mark(flags, pressed, "CO2 pressure above 10 atm: do the two carbonate variables belong to one water?")


def _attributes() -> dict[str, dict[str, str]]:
    """Units and long names of all outputs."""
    attributes = {name: {"units": u, "long_name": text} for name, (u, text) in _OUTPUTS.items()}
    for name in GAMMAS:
        formula = _FORMULA[name.removeprefix("gamma_")]
        attributes[name] = {"units": "1", "long_name": f"activity coefficient of {formula}"}
    for name in SPECIES:
        attributes[f"m_{name}"] = {"units": "mol m-3", "long_name": f"concentration of {_FORMULA[name]}"}
    for name in TOTALS:
        text = "water temperature" if name == "temperature" else f"total {name}"
        attributes[name] = {"units": UNITS[name], "long_name": text}
    attributes["flag"] = {"long_name": "why a row is missing or doubtful; empty for a good row"}
    return attributes

"""Speciation for people: tables and arrays of waters in, a labelled Dataset out.

Concentrations are mol m-3 of water, and one cubic metre of water counts as 1000 kg: mol m-3, mmol/L and mmol/kgw are
one number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from karstsim.chemistry.api.columns import CARBONATE, INPUTS, IONS, UNITS, check_columns
from karstsim.chemistry.api.labelled import collect, flatten, labelled_dataset
from karstsim.chemistry.conductivity import REFERENCE_T, conductivity_25
from karstsim.chemistry.constants import CONSTANTS_DTYPE, ConstantSet, set_temperature
from karstsim.chemistry.gas import co2_pressure, fugacity_coefficient_co2
from karstsim.chemistry.rates import calcite_rate
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode
from karstsim.chemistry.speciation import speciate as _speciate
from karstsim.core.errors import InputError
from karstsim.core.jit import driver
from karstsim.core.spec import record_dtype

if TYPE_CHECKING:
    import xarray as xr

MMOL = 1000.0  # mmol per mol, and kg of water per m3
TOTALS = ("temperature", *IONS)  # inputs that are passed on, so that a result can be the start of another
CHUNK = 4096  # rows whose scratch records are held at once
T_LOW, T_HIGH = 0.0, 50.0  # degC, range of the constants
T_REFUSED = (-5.0, 100.0)  # outside nothing is computed
DENSE = 0.5  # mol kgw-1, end of the activity model
ALK_DIC = int(Mode.ALK_DIC)

_SPECIES = [str(name)[2:] for name in SOLUTION_DTYPE.names or () if str(name).startswith("m_")]
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
_GAMMAS = {
    "gamma_h": "g_h",
    "gamma_hco3": "g_hco3",
    "gamma_co3": "g_co3",
    "gamma_ca": "g_ca",
    "gamma_mg": "g_mg",
    "gamma_so4": "g_so4",
    "gamma_cahco3": "g_cahco3",
    "gamma_co2": "g_co2",
}
_DIRECT = ("ph", "ionic_strength", "si_calcite", "si_aragonite", "si_dolomite", "si_gypsum")

EXTRA_DTYPE = record_dtype([(n, "f8") for n in ("pressure", "phi", "conductivity", "rate", "count")])


@driver
def _speciate_rows(
    waters: Any, extra: Any, modes: Any, constant_set: int, constants: Any, reference: Any, scratch: Any
) -> None:
    """Speciate every row in place, then its conductance at 25 degC (closed) and its calcite rate.

    waters     SOLUTION_DTYPE, inputs set; pco2 is a partial pressure (atm) on entry and a fugacity on return
    extra      EXTRA_DTYPE: pressure and fugacity coefficient of CO2, conductance, rate, iterations (-1 unsolved)
    modes      `Mode` of each row; negative rows are skipped
    constants  one-row scratch of CONSTANTS_DTYPE; reference: the same for 25 degC; scratch: one water
    """
    set_temperature(reference[0], REFERENCE_T, constant_set)
    for j in range(waters.size):
        if modes[j] < 0:
            continue
        x = waters[j]
        e = extra[j]
        set_temperature(constants[0], x.temperature, constant_set)
        x.pco2 = x.pco2 * fugacity_coefficient_co2(x.temperature, x.pco2)
        e.count = _speciate(x, constants[0], modes[j])
        if e.count < 0:
            continue
        e.pressure = co2_pressure(x.temperature, x.pco2)
        e.rate = calcite_rate(x, constants[0])
        w = scratch[0]
        w.ca, w.mg, w.na, w.k = x.ca, x.mg, x.na, x.k
        w.cl, w.so4, w.no3 = x.cl, x.so4, x.no3
        w.dic, w.alkalinity = x.dic, x.alkalinity
        w.ph, w.ionic_strength = x.ph, x.ionic_strength
        count = _speciate(w, reference[0], ALK_DIC)
        e.conductivity = conductivity_25(w, reference[0]) if count > 0 else 0.0


def _bound() -> Any:
    """The compiled row loop (compiled or loaded from the cache at the first call)."""
    water = numba.from_dtype(SOLUTION_DTYPE)[::1]
    constants = numba.from_dtype(CONSTANTS_DTYPE)[::1]
    extra = numba.from_dtype(EXTRA_DTYPE)[::1]
    return _speciate_rows.bind(water, extra, numba.int64[::1], numba.int64, constants, constants, water)


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
    constants: str = "pb82",
) -> xr.Dataset:
    """Speciate waters: pH, CO2 pressure, species, saturation indices, conductance.

    table            pandas DataFrame, xarray Dataset or mapping with the column names below, units in the name
                     allowed (``ca_mg_l``); columns of another nature are ignored
    temperature      degC
    ca .. no3        totals, mol m-3 (= mmol/L = mmol/kgw; 1 m3 of water counts as 1000 kg); absent: 0
    alkalinity, dic, ph, pco2   eq m-3, mol m-3, -log10 of the activity, partial pressure in atm: two of them
    charge_balance   take the alkalinity from the ions; one of dic, ph, pco2 besides
    constants        ``"pb82"`` (phreeqc.dat of PHREEQC 3.7.3) or ``"phreeqc386"`` (PHREEQC 3.8.6)

    Scalars, arrays and DataArrays are broadcast. Returns a Dataset with units; ``flag`` is empty for a good row and
    names the reason where a row is NaN (not solved) or out of the range of the constants (solved). Temperature and
    totals are passed on, so that the result can be the ``water`` of `equilibrate` or `mix`.
    Raises InputError when the columns do not determine a water.
    """
    chosen = constant_set(constants)
    keywords = {
        "temperature": temperature, "ca": ca, "mg": mg, "na": na, "k": k, "cl": cl, "so4": so4, "no3": no3,
        "alkalinity": alkalinity, "dic": dic, "ph": ph, "pco2": pco2,
    }  # fmt: skip
    given = collect(table, {name: value for name, value in keywords.items() if value is not None})
    check_columns(given, charge_balance)
    flat, template = flatten(given, "temperature")
    columns = _solve(flat, charge_balance, chosen)
    columns |= {name: flat.get(name, np.zeros_like(flat["temperature"])) for name in TOTALS}
    attrs = {"title": "Speciation of carbonate waters", "constants": chosen.name.lower()}
    return labelled_dataset(columns, template, _attributes(), attrs)


def _solve(flat: dict[str, np.ndarray], charge_balance: bool, chosen: ConstantSet) -> dict[str, np.ndarray]:
    """All outputs for flat canonical inputs, chunk by chunk."""
    size = flat["temperature"].size
    zero = np.zeros(size)
    inputs = {name: flat.get(name, zero if name in IONS else np.full(size, np.nan)) for name in INPUTS}
    ions = {name: inputs[name] / MMOL for name in IONS}
    strong = 2.0 * (ions["ca"] + ions["mg"] - ions["so4"]) + ions["na"] + ions["k"] - ions["cl"] - ions["no3"]
    if charge_balance:
        inputs["alkalinity"] = strong * MMOL
    modes, flags = _modes(inputs)
    columns = {name: np.full(size, np.nan) for name in [*_OUTPUTS, *_GAMMAS, *(f"m_{s}" for s in _SPECIES)]}
    run = _bound()
    scratch = (np.zeros(1, CONSTANTS_DTYPE), np.zeros(1, CONSTANTS_DTYPE), np.zeros(1, SOLUTION_DTYPE))
    for start in range(0, size, CHUNK):
        rows = slice(start, min(start + CHUNK, size))
        waters = _fill({n: v[rows] for n, v in inputs.items()}, {n: v[rows] for n, v in ions.items()})
        extra = np.zeros(waters.size, EXTRA_DTYPE)
        run(waters, extra, modes[rows], int(chosen), *scratch)
        _extract(columns, rows, waters, extra, modes[rows] >= 0, strong[rows])
        unsolved = (modes[rows] >= 0) & (extra["count"] < 0)
        flags[rows][unsolved] = "no solution: the two carbonate variables contradict each other"
    _flag_range(flags, inputs["temperature"], columns["ionic_strength"])
    columns["flag"] = flags
    return columns


def _fill(inputs: dict[str, np.ndarray], ions: dict[str, np.ndarray]) -> np.ndarray:
    """Scratch records with inputs in the kernels' units (mol kgw-1, eq kgw-1, atm)."""
    waters = np.zeros(inputs["temperature"].size, SOLUTION_DTYPE)
    waters["temperature"] = inputs["temperature"]
    for name, values in ions.items():
        waters[name] = values
    for name in CARBONATE:
        scale = MMOL if name in ("alkalinity", "dic") else 1.0
        waters[name] = np.nan_to_num(inputs[name], nan=0.0) / scale
    return waters


def _modes(inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Solver mode of every row, -1 where it cannot be solved, and the reason."""
    size = inputs["temperature"].size
    flags = np.full(size, "", dtype=object)
    have = {name: np.isfinite(inputs[name]) for name in CARBONATE}
    modes = np.full(size, -1, dtype=np.int64)
    for mode in Mode:
        first, second = mode.name.lower().replace("alk", "alkalinity").split("_")
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
    flags[where & (flags == "")] = reason


def _flag_range(flags: np.ndarray, temperature: np.ndarray, ionic_strength: np.ndarray) -> None:
    """Mark solved rows outside the range of the constants or of the activity model."""
    _mark(
        flags, (temperature < T_LOW) | (temperature > T_HIGH), "temperature outside 0..50 degC: extrapolated"
    )
    _mark(flags, ionic_strength > DENSE, f"ionic strength above {DENSE}: outside the activity model")


def _extract(
    columns: dict[str, np.ndarray],
    rows: slice,
    waters: np.ndarray,
    extra: np.ndarray,
    tried: np.ndarray,
    strong: np.ndarray,
) -> None:
    """Copy the solved rows of one chunk into the output columns, in output units."""
    good = tried & (extra["count"] > 0)

    def put(name: str, values: np.ndarray, where: np.ndarray = good) -> None:
        columns[name][rows][where] = values[where]

    for name in _DIRECT:
        put(name, waters[name])
    for name in ("dic", "alkalinity"):
        put(name, waters[name] * MMOL)
    for name in _SPECIES:
        put(f"m_{name}", waters[f"m_{name}"] * MMOL)
    for name, source in _GAMMAS.items():
        put(name, waters[source])
    put("activity_water", waters["water_activity"])
    put("pco2", extra["pressure"])
    put("charge_imbalance", (strong - waters["alkalinity"]) * MMOL)
    put(
        "log10_fco2",
        np.log10(np.where(waters["pco2"] > 0.0, waters["pco2"], 1.0)),
        good & (waters["pco2"] > 0.0),
    )
    put("conductivity_25", extra["conductivity"], good & (extra["conductivity"] > 0.0))
    put("calcite_rate", extra["rate"])
    carbon = waters["dic"] > 0.0
    needed = {"si_calcite": carbon, "si_aragonite": carbon, "si_dolomite": carbon & (waters["mg"] > 0.0)}
    needed["si_gypsum"] = waters["so4"] > 0.0
    for name, present in needed.items():
        columns[name][rows][~((waters["ca"] > 0.0) & present)] = np.nan


def _attributes() -> dict[str, dict[str, str]]:
    """Units and long names of all outputs."""
    attributes = {name: {"units": u, "long_name": text} for name, (u, text) in _OUTPUTS.items()}
    for name in _GAMMAS:
        formula = _FORMULA[name.removeprefix("gamma_")]
        attributes[name] = {"units": "1", "long_name": f"activity coefficient of {formula}"}
    for name in _SPECIES:
        attributes[f"m_{name}"] = {"units": "mol m-3", "long_name": f"concentration of {_FORMULA[name]}"}
    for name in TOTALS:
        text = "water temperature" if name == "temperature" else f"total {name}"
        attributes[name] = {"units": UNITS[name], "long_name": text}
    attributes["flag"] = {"long_name": "why a row is missing or doubtful; empty for a good row"}
    return attributes

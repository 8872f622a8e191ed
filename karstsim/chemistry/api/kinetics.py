"""Batch kinetics for people: what a water dissolves from minerals of a given area in the course of time.

Amounts are mol m-3 of water and one cubic metre of water counts as 1000 kg, as in `waters`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from karstsim.chemistry.api.columns import IONS
from karstsim.chemistry.api.labelled import as_array, broadcast, collect
from karstsim.chemistry.api.units import ACIDS
from karstsim.chemistry.api.waters import constant_set, speciate
from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.film import in_table
from karstsim.chemistry.gas import fugacity_coefficient_co2
from karstsim.chemistry.rate_laws import RateLaw, rate
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode
from karstsim.chemistry.speciation import speciate as _speciate
from karstsim.core.errors import InputError
from karstsim.core.jit import driver

if TYPE_CHECKING:
    import xarray as xr

MMOL = 1000.0  # mmol per mol, and kg of water per m3
RELATIVE, ABSOLUTE = 1e-8, 1e-10  # tolerances of the integration; absolute in mol m-3
_SECONDS = ("s", "sec", "second", "seconds")
MINERALS = ("calcite", "dolomite", "gypsum")
LAWS = {  # by mineral; the first is the default
    "calcite": {
        "phreeqc": RateLaw.PHREEQC,
        "pwp_surface": RateLaw.PWP_SURFACE,
        "tst": RateLaw.TST,
        "pwp_kaufmann_dreybrodt2007": RateLaw.PWP_KAUFMANN_DREYBRODT2007,
        "pwp_buhmann_dreybrodt1985": RateLaw.PWP_BUHMANN_DREYBRODT1985,
        "palmer1991": RateLaw.PALMER1991,
        "palmer1991_pure": RateLaw.PALMER1991_PURE,
        "high_order": RateLaw.HIGH_ORDER,
        "film": RateLaw.FILM,
        "palandri_kharaka": RateLaw.PALANDRI_KHARAKA,
    },
    "dolomite": {
        "palandri_kharaka": RateLaw.DOLOMITE_PALANDRI_KHARAKA,
        "palandri_kharaka_disordered": RateLaw.DOLOMITE_PALANDRI_KHARAKA_DISORDERED,
        "busenberg_plummer": RateLaw.DOLOMITE_BUSENBERG_PLUMMER,
    },
    "gypsum": {"palandri_kharaka": RateLaw.GYPSUM_PALANDRI_KHARAKA},
}
# What one mole of each mineral brings: Ca, Mg, SO4, DIC, alkalinity.
CA_OF, MG_OF, SO4_OF = np.array([1.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
DIC_OF, ALKALINITY_OF = np.array([1.0, 2.0, 0.0]), np.array([2.0, 4.0, 0.0])
START = ("temperature", *IONS, "dic", "alkalinity")
ALK_DIC, ALK_PCO2 = int(Mode.ALK_DIC), int(Mode.ALK_PCO2)
UNSOLVED = "no solution: the reaction could not be followed"
OFF_TABLE = (
    "the law film is outside its table (0-50 degC, 1e-4-1 atm, 0.01-10 mm, factor to 1e4): value of its edge"
)


@driver
def _rates(
    start: Any,
    extents: Any,
    pressure: float,
    laws: Any,
    settings: Any,
    constant_set: int,
    scratch: Any,
    constants: Any,
    out: Any,
) -> int:
    """Rates (mol m-2 s-1) of calcite, dolomite and gypsum in `out` after `extents` (mol kgw-1) have dissolved.

    start      totals at the start (one SOLUTION_DTYPE); scratch: two of them; constants: one CONSTANTS_DTYPE
    pressure   CO2 partial pressure of the gas, atm; negative: closed
    laws       `RateLaw` of each mineral; settings: threshold, film (mm), anhydrase factor
    returns the iterations of the speciation, -1 when there is no solution.
    """
    x, saturated, w, k = scratch[0], scratch[1], start[0], constants[0]
    set_temperature(k, w.temperature, constant_set)
    x.temperature = w.temperature
    calcite, dolomite, gypsum = extents[0], extents[1], extents[2]
    x.ca = max(w.ca + calcite + dolomite + gypsum, 0.0)
    x.mg = max(w.mg + dolomite, 0.0)
    x.so4 = max(w.so4 + gypsum, 0.0)
    x.na, x.k, x.cl, x.no3 = w.na, w.k, w.cl, w.no3
    x.dic = max(w.dic + calcite + 2.0 * dolomite, 0.0)
    x.alkalinity = w.alkalinity + 2.0 * calcite + 4.0 * dolomite
    x.ph, x.ionic_strength, x.resume = 0.0, 0.0, 0.0
    if pressure < 0.0:
        count = _speciate(x, k, ALK_DIC)
    else:
        x.pco2 = pressure * fugacity_coefficient_co2(w.temperature, pressure)
        count = _speciate(x, k, ALK_PCO2)
    for j in range(out.size):
        out[j] = 0.0
        if count > 0 and laws[j] > 0:
            out[j] = rate(x, k, laws[j], saturated, settings[0], settings[1], settings[2])
    return count


def _types() -> tuple[Any, ...]:
    """Numba types of the arguments of `_rates`."""
    water, constants = numba.from_dtype(SOLUTION_DTYPE)[::1], numba.from_dtype(CONSTANTS_DTYPE)[::1]
    vector, real = numba.float64[::1], numba.float64
    laws = numba.int64[::1]
    return water, vector, real, laws, vector, numba.int64, water, constants, vector


@dataclass(frozen=True)
class Batch:
    """What all rows of one call share: law of each mineral (0: absent), times (s), set of constants."""

    laws: np.ndarray
    times: np.ndarray
    closed: bool
    constant_set: int


def dissolve(
    temperature: Any = None,
    pco2: Any = None,
    minerals: str | Iterable[str] = ("calcite",),
    area_to_volume: Any = None,
    system: str = "open",
    times: Any = None,
    law: str | Mapping[str, str] = "phreeqc",
    water: Any = None,
    acid: Mapping[str, Any] | None = None,
    *,
    threshold: Any = 0.0,
    film: Any = 0.3,
    ca_factor: Any = 1.0,
    constants: str = "pb82",
) -> xr.Dataset:
    """Dissolution and precipitation of minerals by a batch of water, in the course of time.

    temperature     degC, 0 to 50; default: that of `water`
    pco2            partial pressure of CO2, atm: of the gas that the water stays with (open), or met before it was cut
                    off (closed). With `water` it defaults to the water's own (open) and is not given (closed)
    minerals        of calcite, dolomite, gypsum: unlimited, of constant area
    area_to_volume  m2 of mineral per m3 of water (m-1): one value, or a mapping by mineral
    system          ``"open"``: the gas stays at `pco2`; ``"closed"``: no gas
    times           s after the start, 0 or more, increasing
    law             name for the minerals that know it, or a mapping by mineral. Calcite: phreeqc (PWP in the form of
                    phreeqc.dat), pwp_surface (Plummer et al. 1978, eq. 25), tst, pwp_kaufmann_dreybrodt2007,
                    pwp_buhmann_dreybrodt1985, palmer1991, palmer1991_pure, high_order (Svensson & Dreybrodt 1992), film
                    (boundary layer, Dreybrodt & Buhmann 1991), palandri_kharaka. Dolomite: palandri_kharaka,
                    palandri_kharaka_disordered (2004), busenberg_plummer (1982). Gypsum: palandri_kharaka
    water           start: a Dataset of this package with temperature, ions, dic, alkalinity, or a table or mapping that
                    `speciate` takes (at `temperature` where it has none). Default: pure water at `pco2`
    acid            strong acids added at the start, mol m-3 (= mmol/L), by name: h2so4, hno3, hcl
    threshold       saturation index up to which supersaturated water does not precipitate, 0 or more
    film            mm, thickness of the boundary layer of the law film. Outside 0.01-10 mm, 0-50 degC, 1e-4 to 1 atm
                    and factors up to 1e4 its coefficient is that of the table's edge, and ``flag`` says so
    ca_factor       factor of carbonic anhydrase on CO2 hydration, of the law film, 1 or more
    constants       ``"pb82"`` or ``"phreeqc386"``

    All but `times` may be arrays and are broadcast. Returns a Dataset of that shape and the dimension ``time`` (s): all
    that `speciate` gives, the totals, ``<mineral>_dissolved`` (mol m-3 since the start, negative: precipitated) and
    ``rate_<mineral>`` (mol m-2 s-1). CO2 conversion in the bulk and gas exchange are instantaneous. Rows that cannot be
    followed are NaN with a reason in ``flag``; a time at which the law film left its table keeps its values and has a
    reason there as well. Raises InputError for unknown names and what is missing.
    """
    chosen = constant_set(constants)
    names = _minerals(minerals)
    if system not in ("open", "closed"):
        raise InputError("system", f"{system!r} is not known", "use one of open, closed")
    batch = Batch(_laws(law, names), _times(times), system == "closed", int(chosen))
    start = _start(temperature, pco2, batch.closed, water, constants)
    given = dict(start) | _areas(area_to_volume, names)
    given |= {
        n: _amount(n, v) for n, v in (("threshold", threshold), ("film", film), ("ca_factor", ca_factor))
    }
    if bool((given["ca_factor"] < 1.0).any()) or bool((given["film"] <= 0.0).any()):
        raise InputError("film, ca_factor", "out of range", "give film > 0 mm and ca_factor >= 1")
    given |= _acids(acid)
    arrays = _broadcast(given)
    template = arrays["temperature"]
    flat = {n: np.asarray(a.values, object if n == "flag" else float).ravel() for n, a in arrays.items()}
    for name, (ion, equivalents) in ACIDS.items():
        if name in flat:
            flat[ion] = flat[ion] + flat[name]
            flat["alkalinity"] = flat["alkalinity"] - equivalents * flat[name]
    extents, rates, flags = _follow(flat, batch)
    return _result(flat, template, extents, rates, flags, batch, names, constants)


def _minerals(minerals: str | Iterable[str]) -> tuple[str, ...]:
    """Names of the minerals. Raises InputError for unknown ones."""
    listed = [minerals] if isinstance(minerals, str) else list(minerals)
    names = tuple(dict.fromkeys(str(name).strip().lower() for name in listed))
    for name in names:
        if name not in MINERALS:
            raise InputError("minerals", f"{name!r} is not known", f"use some of {', '.join(MINERALS)}")
    if not names:
        raise InputError("minerals", "none given", f"list some of {', '.join(MINERALS)}")
    return names


def _laws(law: str | Mapping[str, str], names: tuple[str, ...]) -> np.ndarray:
    """`RateLaw` of each of `MINERALS`, 0 where absent. Raises InputError for unknown laws and minerals."""
    if isinstance(law, Mapping):
        wanted = {str(m).strip().lower(): str(name).strip().lower() for m, name in law.items()}
        strange = [m for m in wanted if m not in names]
        if strange:
            raise InputError("law", f"{strange[0]!r} is not among the minerals", f"use {', '.join(names)}")
    else:
        wanted = {m: str(law).strip().lower() for m in names if str(law).strip().lower() in LAWS[m]}
        if not wanted and law != "phreeqc":
            known = sorted({name for m in names for name in LAWS[m]})
            raise InputError("law", f"{law!r} is not known for {', '.join(names)}", f"use {', '.join(known)}")
    chosen = np.zeros(len(MINERALS), np.int64)
    for j, mineral in enumerate(MINERALS):
        if mineral in names:
            name = wanted.get(mineral, next(iter(LAWS[mineral])))
            if name not in LAWS[mineral]:
                mend = f"use one of {', '.join(LAWS[mineral])}"
                raise InputError(f"law of {mineral}", f"{name!r} is not known", mend)
            chosen[j] = int(LAWS[mineral][name])
    return chosen


def _times(times: Any) -> np.ndarray:
    """Output times, s. Raises InputError."""
    if times is None:
        raise InputError("times", "missing", "give the times of the output in seconds, for example [0, 3600]")
    if (units := str(getattr(times, "attrs", {}).get("units", "s"))) not in _SECONDS:
        raise InputError("times", f"in {units!r}", "give seconds after the start")
    values = np.atleast_1d(as_array("times", times, "seconds").values)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all() or values[0] < 0.0:
        raise InputError("times", "not a list of times", "give seconds after the start, 0 or more")
    if np.any(np.diff(values) <= 0.0):
        raise InputError("times", "not increasing", "sort them and drop doubles")
    return values


def _array(name: str, value: Any) -> xr.DataArray:
    """A setting as a DataArray with the labels that it has. Raises InputError for what is not numeric."""
    return _renamed(as_array(name, value, "numbers"))


def _amount(name: str, value: Any) -> xr.DataArray:
    """A setting that is a number, 0 or more. Raises InputError."""
    array = _array(name, value)
    if bool((array < 0.0).any()) or not bool(np.isfinite(array).all()):
        raise InputError(name, "negative or not finite", "give numbers, 0 or more")
    return array


def _areas(area_to_volume: Any, names: tuple[str, ...]) -> dict[str, xr.DataArray]:
    """``area_<mineral>`` in m-1. Raises InputError."""
    if area_to_volume is None:
        raise InputError("area_to_volume", "missing", "give the mineral's area per volume of water, m-1")
    by_mineral = (
        area_to_volume if isinstance(area_to_volume, Mapping) else dict.fromkeys(names, area_to_volume)
    )
    for name in names:
        if name not in by_mineral:
            raise InputError("area_to_volume", f"nothing for {name}", f"give {name} as well")
    for name in by_mineral:
        if name not in names:
            raise InputError("area_to_volume", f"{name!r} is not among the minerals", "add it or drop it")
    return {f"area_{name}": _amount(f"area_to_volume of {name}", by_mineral[name]) for name in names}


def _acids(acid: Mapping[str, Any] | None) -> dict[str, xr.DataArray]:
    """Amounts of strong acids by name, mol m-3. Raises InputError."""
    if acid is not None and not isinstance(acid, Mapping):
        raise InputError("acid", f"a {type(acid).__name__} is not a mapping", 'write acid={"h2so4": 0.5}')
    amounts = {str(name).strip().lower(): value for name, value in (acid or {}).items()}
    for name in amounts:
        if name not in ACIDS:
            raise InputError("acid", f"{name!r} is not known", f"use some of {', '.join(ACIDS)}")
    return {name: _amount(f"acid {name}", value) for name, value in amounts.items()}


def _start(temperature: Any, pco2: Any, closed: bool, water: Any, constants: str) -> dict[str, xr.DataArray]:
    """Temperature, ions, dic, alkalinity, flag and gas pressure at the start, before acid. Raises InputError."""
    if water is None:
        if temperature is None or pco2 is None:
            missing = "temperature" if temperature is None else "pco2"
            raise InputError(missing, "missing", "give temperature (degC) and pco2 (atm), or a start water")
        given = _broadcast(_given(temperature=temperature, pco2=pco2))
        found = speciate(given | {"alkalinity": 0.0 * given["pco2"]}, constants=constants)
        start = given | {"dic": found["dic"], "alkalinity": 0.0 * found["dic"], "flag": found["flag"]}
        return dict.fromkeys(IONS, 0.0 * start["temperature"]) | start
    if closed and pco2 is not None:
        raise InputError("pco2", "has no part in a closed system with a start water", "drop pco2")
    start = _given_water(temperature, water, constants)
    if pco2 is not None:
        start |= _given(pco2=pco2)
    return start


def _given_water(temperature: Any, water: Any, constants: str) -> dict[str, xr.DataArray]:
    """The same of a start water; ``pco2`` is its own."""
    override = {} if temperature is None else _given(temperature=temperature)
    try:
        if hasattr(water, "data_vars") and all(name in water.variables for name in START):
            totals = {name: _renamed(water[name]) for name in START}
        else:
            totals = {name: _renamed(array) for name, array in collect(water, {}).items()}
            if "temperature" not in totals:
                totals |= override
            solved = speciate(totals, constants=constants)
            totals |= {name: solved[name] for name in ("dic", "alkalinity")}
        totals = {n: totals.get(n, 0.0 * totals["dic"]) for n in START} | override
        totals = _broadcast(totals)
        found = speciate(totals, constants=constants)
    except InputError as error:
        raise InputError(f"water: {error.where}", error.what, error.mend) from None
    return totals | {"pco2": found["pco2"], "flag": found["flag"]}


def _given(**values: Any) -> dict[str, xr.DataArray]:
    """Inputs with the names of `speciate`, as arrays."""
    return {name: _renamed(array) for name, array in collect(None, values).items()}


def _renamed(array: xr.DataArray) -> xr.DataArray:
    """`array` without dimensions that carry the name of an output: ``pco2`` becomes ``pco2_given``."""
    return array.rename({dim: f"{dim}_given" for dim in array.dims if dim in ("pco2", *START)})


def _broadcast(given: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    """All inputs in one shape, temperature's dimensions first. Raises InputError for shapes that do not fit."""
    bare = {}
    for name, array in given.items():
        if "time" in array.dims:
            raise InputError(name, "has the dimension time, which the result needs", "rename that dimension")
        # Levels of a MultiIndex are labels of its dimension and stay with it.
        bare[name] = array.drop_vars([c for c in array.coords if c not in array.xindexes])
    arrays = broadcast(bare)
    dims = arrays["temperature"].dims
    return {name: array.transpose(*dims) for name, array in arrays.items()}


def _follow(flat: dict[str, np.ndarray], batch: Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Extents (mol m-3) and rates (mol m-2 s-1), (rows, times, minerals), and flags (rows,)."""
    shape = (flat["temperature"].size, batch.times.size, len(MINERALS))
    extents, rates = np.full(shape, np.nan), np.full(shape, np.nan)
    flags = flat["flag"].copy()
    run = _rates.bind_types(_types)
    for row in range(shape[0]):
        if not all(np.isfinite(flat[name][row]) for name in START):
            flags[row] = flags[row] or "missing value in the start water"
            continue
        flags[row] = ""
        pressure = -1.0 if batch.closed else float(flat["pco2"][row])
        if not batch.closed and not pressure > 0.0:
            flags[row] = "CO2 pressure of the gas missing or not positive"
            continue
        areas = np.array([flat.get(f"area_{name}", np.zeros(shape[0]))[row] for name in MINERALS])
        start = np.zeros(1, SOLUTION_DTYPE)
        for name in START:
            start[name] = flat[name][row] if name == "temperature" else flat[name][row] / MMOL
        settings = np.array([flat[name][row] for name in ("threshold", "film", "ca_factor")])
        try:
            extents[row], rates[row] = _integrate(run, start, pressure, areas, settings, batch)
        except ArithmeticError:
            flags[row] = UNSOLVED
    return extents, rates, flags


def _integrate(
    run: Any, start: np.ndarray, pressure: float, areas: np.ndarray, settings: np.ndarray, batch: Batch
) -> tuple[np.ndarray, np.ndarray]:
    """Extents (mol m-3) and rates (mol m-2 s-1) of one row at the output times, (times, minerals).

    LSODA to a relative tolerance of 1e-8. Raises ArithmeticError where a water on the way has no solution.
    """
    from scipy.integrate import solve_ivp

    scratch, constants = np.zeros(2, SOLUTION_DTYPE), np.zeros(1, CONSTANTS_DTYPE)
    out = np.empty(len(MINERALS))

    def rates(extent: np.ndarray) -> np.ndarray:
        state = np.ascontiguousarray(extent / MMOL)
        count = run(start, state, pressure, batch.laws, settings, batch.constant_set, scratch, constants, out)
        if count < 0 or not np.isfinite(out).all():
            raise ArithmeticError("no solution")
        return out.copy()

    extents = np.zeros((batch.times.size, len(MINERALS)))
    end = float(batch.times[-1])
    if end > 0.0:
        solved = solve_ivp(
            lambda t, y: areas * rates(y), (0.0, end), np.zeros(len(MINERALS)), method="LSODA",
            t_eval=batch.times, rtol=RELATIVE, atol=ABSOLUTE,
        )  # fmt: skip
        if not solved.success:
            raise ArithmeticError(solved.message)
        extents = solved.y.T
    return extents, np.array([rates(extent) for extent in extents])


def _result(
    flat: dict[str, np.ndarray],
    template: xr.DataArray,
    extents: np.ndarray,
    rates: np.ndarray,
    flags: np.ndarray,
    batch: Batch,
    names: Sequence[str],
    constants: str,
) -> xr.Dataset:
    """The speciated waters of all times with what has dissolved, in the shape of `template` and ``time``."""
    import xarray as xr

    dims, shape = (*template.dims, "time"), (*template.shape, batch.times.size)
    times = xr.DataArray(batch.times, dims="time", attrs={"units": "s", "long_name": "time since start"})
    coords = template.coords.assign(time=times)

    def shaped(values: np.ndarray, **attrs: str) -> xr.DataArray:
        return xr.DataArray(values.reshape(shape), dims=dims, attrs=attrs)

    brought = {"ca": CA_OF, "mg": MG_OF, "so4": SO4_OF, "dic": DIC_OF, "alkalinity": ALKALINITY_OF}
    totals = {n: flat[n][:, None] + extents @ brought.get(n, np.zeros(len(MINERALS))) for n in START}
    given = {name: shaped(values).assign_coords(coords) for name, values in totals.items()}
    if not batch.closed:
        del given["dic"]
        pressure = np.broadcast_to(flat["pco2"][:, None], totals["dic"].shape)
        given["pco2"] = shaped(pressure).assign_coords(coords)
    result = speciate(given, constants=constants).drop_vars("calcite_rate")
    for name in ("temperature", *IONS):
        text = "water temperature" if name == "temperature" else f"total {name}"
        units = "degC" if name == "temperature" else "mol m-3"
        result[name] = shaped(totals[name], units=units, long_name=text)
    for name in names:
        j = MINERALS.index(name)
        text = f"{name} dissolved since the start, negative: precipitated"
        result[f"{name}_dissolved"] = shaped(extents[..., j], units="mol m-3", long_name=text)
        text = f"rate of {name} dissolution, negative: precipitation"
        result[f"rate_{name}"] = shaped(rates[..., j], units="mol m-2 s-1", long_name=text)
    reasons = shaped(np.repeat(flags[:, None], batch.times.size, axis=1))
    result["flag"] = result["flag"].where(reasons == "", reasons).variable  # labels stay those of `result`
    if int(RateLaw.FILM) in batch.laws:
        temperature, thickness, factor = (
            flat[name][:, None] for name in ("temperature", "film", "ca_factor")
        )
        pressures = result["pco2"].transpose(*dims).values.reshape(flags.size, -1)
        left = np.isfinite(pressures) & ~in_table(temperature, thickness, pressures, factor)
        result["flag"] = result["flag"].where((result["flag"] != "") | ~shaped(left), OFF_TABLE).variable
    result.attrs = {
        "title": "Dissolution in the course of time",
        "constants": constants,
        "law": _named(batch),
    }
    return result


def _named(batch: Batch) -> str:
    """The laws as text: ``calcite: phreeqc``."""
    pairs = (
        (m, n) for j, m in enumerate(MINERALS) for n, law in LAWS[m].items() if int(law) == batch.laws[j]
    )
    return ", ".join(f"{mineral}: {name}" for mineral, name in pairs)

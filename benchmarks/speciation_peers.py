"""Speciation of the same karst waters by karstsim and by its peers, each as one row of the benchmark."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pandas as pd
from scipy.optimize import brentq
from timing import Missing, Row

from karstsim.chemistry import constants as tables
from karstsim.chemistry.api import speciate
from karstsim.chemistry.constants import CONSTANTS_DTYPE, ConstantSet, set_temperature
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode
from karstsim.chemistry.speciation import speciate as speciate_kernel

SET = ConstantSet.PHREEQC386  # the database of the live engine
SPREAD = {"ca": "Ca", "mg": "Mg", "na": "Na", "k": "K", "cl": "Cl", "so4": "S(6)", "no3": "N(5)"}
MMOL = 1000.0
ALK_DIC, CONSTANT_SET = int(Mode.ALK_DIC), int(SET)


def random_waters(seed: int, n: int) -> pd.DataFrame:
    """Charge-balanced karst waters, alkalinity and DIC known: 1-30 degC, Ca-Mg-HCO3 with gypsum, salt and nitrate."""
    rng = np.random.default_rng(seed)
    rock, magnesium = 10.0 ** rng.uniform(-0.5, 0.8, n), rng.uniform(0.0, 0.5, n)  # mmol/kgw of carbonate
    gypsum, salt = 10.0 ** rng.uniform(-2.5, 0.3, n), 10.0 ** rng.uniform(-1.5, 0.3, n)
    acid = 10.0 ** rng.uniform(-2.5, -1.0, n)
    table = pd.DataFrame({"temperature": rng.uniform(1.0, 30.0, n)})
    table["ca"], table["mg"] = rock * (1.0 - magnesium) + gypsum, rock * magnesium
    table["na"], table["k"] = 0.9 * salt, 0.1 * salt
    table["cl"], table["so4"], table["no3"] = salt, gypsum, acid
    table["alkalinity"] = 2.0 * rock - acid
    table["dic"] = table.alkalinity * (1.0 + 10.0 ** rng.uniform(-2.0, -0.5, n))
    return table


# ------------------------------------------------------------------------------------------------------ karstsim


@numba.njit(error_model="numpy")
def _cold(waters, k):  # type: ignore[no-untyped-def]
    """Constants and a solve without a start value for every water."""
    for j in range(waters.size):
        x = waters[j]
        x.ph, x.ionic_strength = 0.0, 0.0
        set_temperature(k[0], x.temperature, CONSTANT_SET)
        speciate_kernel(x, k[0], ALK_DIC)


@numba.njit(error_model="numpy")
def _warm(waters, k, dic, change):  # type: ignore[no-untyped-def]
    """A solve from the last answer after the DIC has changed; one constants record per water, ready."""
    for j in range(waters.size):
        waters[j].dic = dic[j] * (1.0 + change)
        speciate_kernel(waters[j], k[j], ALK_DIC)


def _records(waters: pd.DataFrame) -> np.ndarray:
    """Waters as records of the kernels, mol kgw-1."""
    records = np.zeros(len(waters), SOLUTION_DTYPE)
    records["temperature"] = waters.temperature
    for name in (*SPREAD, "alkalinity", "dic"):
        records[name] = waters[name] / MMOL
    return records


def scalar_cold(waters: pd.DataFrame) -> Row:
    """The scalar kernel in a compiled loop."""
    records, k = _records(waters), np.zeros(1, CONSTANTS_DTYPE)
    return Row(
        "karstsim, scalar kernel, cold",
        lambda: _cold(records, k),
        len(records),
        lambda: records["ph"],
        "full ion pairs; constants of each temperature included",
    )


def scalar_warm(waters: pd.DataFrame) -> Row:
    """The same as the simulator uses it: constants at hand, start from yesterday's water, DIC 1 % off."""
    records, k = _records(waters), np.zeros(len(waters), CONSTANTS_DTYPE)
    one = np.zeros(1, CONSTANTS_DTYPE)
    for j in range(len(records)):
        _cold(records[j : j + 1], one)
        k[j] = one[0]
    dic = records["dic"].copy()
    days = iter(np.tile([0.01, 0.0], 10**6))

    def result() -> np.ndarray:
        _warm(records, k, dic, 0.0)
        return records["ph"]

    return Row(
        "karstsim, scalar kernel, warm",
        lambda: _warm(records, k, dic, next(days)),
        len(records),
        result,
        "constants at hand, DIC changed by 1 %",
    )


def api(waters: pd.DataFrame) -> Row:
    """`karstsim.speciate` on a table, all outputs."""
    last: list[Any] = []

    def run() -> None:
        last[:] = [speciate(waters, constants=SET.name.lower())]

    note = f"{len(waters):,} waters; all species, indices and the conductance"
    return Row("karstsim.speciate, table in, Dataset out", run, len(waters), lambda: last[0].ph.values, note)


# --------------------------------------------------------------------------------------------------------- PHREEQC


def phreeqc_input(waters: pd.DataFrame) -> str:
    """All waters as one input of PHREEQC that punches pH."""
    lines = ["SELECTED_OUTPUT 1", "-reset false", "-high_precision true"]
    lines += ["USER_PUNCH 1", "-headings ph", "-start", '10 PUNCH -LA("H+")', "-end"]
    for number, w in enumerate(waters.itertuples(), 1):
        lines += [f"SOLUTION {number}", "units mmol/kgw", f"temp {w.temperature!r}", "pH 7"]
        lines += [f"{theirs} {getattr(w, mine)!r}" for mine, theirs in SPREAD.items()]
        lines += [f"Alkalinity {w.alkalinity!r}", f"C(4) {w.dic!r}"]
    return "\n".join([*lines, "END"])


def phreeqc_batched(waters: pd.DataFrame) -> Row | Missing:
    """The PHREEQC 3.8.6 engine on one long input."""
    name = "PHREEQC 3.8.6, one input for all"
    found = importlib.util.find_spec("phreeqc")
    if found is None or found.origin is None:
        return Missing(name, "pip install phreeqc")
    import phreeqc

    database = str(Path(found.origin).parent / "databases" / "phreeqc.dat")
    last: list[np.ndarray] = []

    def run() -> None:
        engine = phreeqc.Phreeqc()
        if engine.LoadDatabase(database) or engine.RunString(phreeqc_input(waters)):
            raise RuntimeError(engine.GetErrorString())
        last[:] = [np.array(engine.GetSelectedOutput()["ph"], dtype=float)]

    return Row(name, run, len(waters), lambda: last[0], "the reference; reading the database included")


def phreeqpython_each(waters: pd.DataFrame) -> Row | Missing:
    """PHREEQC 3.7.3 through phreeqpython, one solution after the other."""
    name = "phreeqpython (PHREEQC 3.7.3), water by water"
    if importlib.util.find_spec("phreeqpython") is None:
        return Missing(name, "pip install phreeqpython")
    from phreeqpython import PhreeqPython

    engine = PhreeqPython(database="phreeqc.dat")
    ph = np.zeros(len(waters))
    inputs = []
    for w in waters.itertuples():
        recipe = {
            "units": "mmol/kgw",
            "temp": w.temperature,
            "pH": 7,
            "Alkalinity": w.alkalinity,
            "C(4)": w.dic,
        }
        inputs.append(recipe | {theirs: getattr(w, mine) for mine, theirs in SPREAD.items()})

    def run() -> None:
        for j, recipe in enumerate(inputs):
            solution = engine.add_solution(recipe)
            ph[j] = solution.pH
            solution.forget()

    return Row(name, run, len(waters), lambda: ph, "its own phreeqc.dat of 3.7.3 has a stronger CaHCO3+")


# -------------------------------------------------------------------------------------------------- other libraries


def pyco2sys(waters: pd.DataFrame) -> Row | Missing:
    """PyCO2SYS in fresh-water mode, vectorised."""
    name = "PyCO2SYS, fresh water, arrays"
    if importlib.util.find_spec("PyCO2SYS") is None:
        return Missing(name, "pip install 'PyCO2SYS<2'")
    import PyCO2SYS

    micro = {"par1": waters.alkalinity.values * MMOL, "par2": waters.dic.values * MMOL}
    options = {"par1_type": 1, "par2_type": 2, "salinity": 0.0, "opt_k_carbonic": 8, "opt_pH_scale": 4}
    options |= {"total_borate": 0.0, "total_sulfate": 0.0, "total_fluoride": 0.0}
    last: list[np.ndarray] = []

    def run() -> None:
        answer = PyCO2SYS.sys(**micro, temperature=waters.temperature.values, **options)
        last[:] = [np.asarray(answer["pH"])]

    return Row(name, run, len(waters), lambda: last[0], "no ion pairs, no ionic strength: another chemistry")


def brentq_python(waters: pd.DataFrame) -> Row:
    """The same chemistry written as people write it: Python, scipy's brentq for pH, a fixed point for the medium."""
    rows = list(waters.itertuples())
    ph = np.zeros(len(rows))

    def run() -> None:
        for j, w in enumerate(rows):
            ph[j] = _brentq_ph(w)

    return Row(
        "scipy brentq in Python", run, len(rows), lambda: ph, "six pairs of Ca and Mg with HCO3, CO3, SO4"
    )


CONSTANT_NAMES = {
    "k2": "K2", "formation": "CO2_FORMATION", "kw": "KW", "cahco3": "CAHCO3_FORMATION_386", "caco3": "CACO3",
    "mghco3": "MGHCO3_FORMATION", "mgco3": "MGCO3", "caso4": "CASO4", "mgso4": "MGSO4_386",
}  # fmt: skip
ION_SIZE = {"h": 9.0, "oh": 3.5, "hco3": 5.4, "ca": 5.0, "mg": 5.5, "so4": 5.0, "cahco3": 6.0, "mghco3": 4.0}
ION_LINEAR = {"ca": 0.165, "mg": 0.20, "so4": -0.04}
DOUBLE = ("ca", "mg", "so4")


def _gammas(i: float, celsius: float) -> dict[str, float]:
    """Activity coefficients of Truesdell & Jones, with the linear fit of A and B."""
    root, a, b = math.sqrt(i), 0.48809 + 8.074e-4 * celsius, 0.3241 + 1.6e-4 * celsius
    g = {
        ion: 10.0
        ** (-a * (4 if ion in DOUBLE else 1) * root / (1 + b * size * root) + ION_LINEAR.get(ion, 0) * i)
        for ion, size in ION_SIZE.items()
    }
    g["co3"] = g["hco3"] ** 4
    g["neutral"] = 10.0 ** (0.1 * i)
    return g


def _brentq_ph(w: Any) -> float:
    """pH of one water: brentq in a frozen medium, then the medium again until it rests."""
    t = w.temperature + 273.15
    log_k = {
        name: sum(
            c * f
            for c, f in zip(getattr(tables, table), (1, t, 1 / t, math.log10(t), t**-2, t * t), strict=True)
        )
        for name, table in CONSTANT_NAMES.items()
    }
    k = {name: 10.0**value for name, value in log_k.items()}
    k["k1"] = 1.0 / (k["formation"] * k["k2"])
    ca, mg, so4, alk, dic = (v / MMOL for v in (w.ca, w.mg, w.so4, w.alkalinity, w.dic))
    single = (w.na + w.k + w.cl + w.no3) / MMOL
    free_ca, free_mg, free_so4, i, h = ca, mg, so4, 0.5 * single + 2.0 * (ca + mg + so4) + 0.5 * alk, 1e-8
    for _ in range(100):
        before = h
        g = _gammas(i, w.temperature)
        p = {
            "cahco3": k["cahco3"] * k["k2"] * g["ca"] * g["hco3"] / g["cahco3"],
            "mghco3": k["mghco3"] * k["k2"] * g["mg"] * g["hco3"] / g["mghco3"],
            "caco3": k["caco3"] * g["ca"] * g["co3"] / g["neutral"],
            "mgco3": k["mgco3"] * g["mg"] * g["co3"] / g["neutral"],
            "caso4": k["caso4"] * g["ca"] * g["so4"] / g["neutral"],
            "mgso4": k["mgso4"] * g["mg"] * g["so4"] / 10.0 ** (0.2 * i),
        }
        k1, k2 = k["k1"] * 10.0 ** (0.066 * i) / g["hco3"], k["k2"] * g["hco3"] / g["co3"]
        d0 = 1.0 + p["cahco3"] * free_ca + p["mghco3"] * free_mg
        d1 = k2 * (1.0 + p["caco3"] * free_ca + p["mgco3"] * free_mg)

        def mismatch(
            ln_h: float, k1: float = k1, d0: float = d0, d1: float = d1, g: dict[str, float] = g
        ) -> float:
            h = math.exp(ln_h)
            hco3 = dic / (h / k1 + d0 + d1 / h)
            return alk - hco3 * (d0 + 2.0 * d1 / h) - k["kw"] / (g["oh"] * h) + h / g["h"]

        h = math.exp(brentq(mismatch, math.log(1e-13), math.log(1e-2), xtol=1e-10))
        hco3 = dic / (h / k1 + d0 + d1 / h)
        co3 = k2 * hco3 / h
        free_ca = ca / (1.0 + p["cahco3"] * hco3 + p["caco3"] * co3 + p["caso4"] * free_so4)
        free_mg = mg / (1.0 + p["mghco3"] * hco3 + p["mgco3"] * co3 + p["mgso4"] * free_so4)
        free_so4 = so4 / (1.0 + p["caso4"] * free_ca + p["mgso4"] * free_mg)
        ions = hco3 * (1.0 + p["cahco3"] * free_ca + p["mghco3"] * free_mg) + single
        i = 0.5 * ions + 2.0 * (free_ca + free_mg + free_so4 + co3)
        if abs(h - before) < 1e-9 * h:
            break
    return -math.log10(h)

"""Speciation of many waters: columns in, columns out, eight waters at a time in one compiled loop."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lanes
from karstsim.chemistry.conductivity import REFERENCE_T, conductivity_25
from karstsim.chemistry.constants import CONSTANTS_DTYPE, ConstantSet
from karstsim.chemistry.gas import co2_pressure, fugacity_coefficient_co2
from karstsim.chemistry.rates import calcite_rate
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode
from karstsim.core.constants import LN10
from karstsim.core.jit import driver, kernel

MMOL = 1000.0  # mmol per mol, and kg of water per m3
CHUNK = 2048  # rows whose scratch is held at once: it stays in the processor's cache
GIVEN = ("temperature", "ca", "mg", "na", "k", "cl", "so4", "no3", "alkalinity", "dic", "ph", "pco2")
TEMPERATURE, CA, MG, NA, K, CL, SO4, NO3, ALKALINITY, DIC, PH, PCO2 = range(len(GIVEN))
STEP_TOLERANCE_25, IONIC_TOLERANCE_25 = 1e-3, 1e-5  # the conductance needs no more
ALK_DIC, ALK_PCO2, ALK_PH = int(Mode.ALK_DIC), int(Mode.ALK_PCO2), int(Mode.ALK_PH)
DIC_PH, DIC_PCO2, PH_PCO2 = int(Mode.DIC_PH), int(Mode.DIC_PCO2), int(Mode.PH_PCO2)

SPECIES = {
    "h": at.M_H,
    "oh": at.M_OH,
    "co2": at.M_CO2,
    "co2_dimer": at.M_DIMER,
    "hco3": at.HCO3,
    "co3": at.M_CO3,
    "ca": at.CA + at.FREE,
    "mg": at.MG + at.FREE,
    "na": at.NA + at.FREE,
    "k": at.K + at.FREE,
    "so4": at.FREE_SO4,
    "cahco3": at.CA + at.HCO3_PAIR,
    "caco3": at.CA + at.CO3_PAIR,
    "mghco3": at.MG + at.HCO3_PAIR,
    "mgco3": at.MG + at.CO3_PAIR,
    "nahco3": at.NA + at.HCO3_PAIR,
    "naco3": at.NA + at.CO3_PAIR,
    "khco3": at.K + at.HCO3_PAIR,
    "caso4": at.CA + at.SO4_PAIR,
    "mgso4": at.MG + at.SO4_PAIR,
    "mgso42": at.MG + at.SO42_PAIR,
    "naso4": at.NA + at.SO4_PAIR,
    "kso4": at.K + at.SO4_PAIR,
    "hso4": at.M_HSO4,
    "cahso4": at.CA + at.HSO4_PAIR,
    "caoh": at.CA + at.OH_PAIR,
    "mgoh": at.MG + at.OH_PAIR,
    "hcl": at.M_HCL,
}
"""Species and where a lane keeps them."""
GAMMAS = {
    "gamma_h": at.G_H,
    "gamma_hco3": at.G_HCO3,
    "gamma_co3": at.G_CO3,
    "gamma_ca": at.G_CA,
    "gamma_mg": at.G_MG,
    "gamma_so4": at.G_SO4,
    "gamma_cahco3": at.G_CAHCO3,
    "gamma_co2": at.G_CO2,
}
_PLAIN = {"ionic_strength": at.IONIC, "activity_water": at.WATER} | GAMMAS
_MOLAR = {"dic": at.SUM_DIC, "alkalinity": at.SUM_ALK} | {f"m_{n}": o for n, o in SPECIES.items()}
_COPIED = _PLAIN | _MOLAR
_LOGARITHMS = ("ph", "log10_fco2", "si_calcite", "si_aragonite", "si_dolomite", "si_gypsum")
_COMPUTED = (*_LOGARITHMS, "pco2", "conductivity_25", "calcite_rate")
OUTPUTS = (*_COPIED, *_COMPUTED)
OFFSETS = np.array(list(_COPIED.values()))
SCALES = np.array([1.0] * len(_PLAIN) + [MMOL] * len(_MOLAR))
N_COPIED = len(_COPIED)
O_PH, O_FCO2, O_CALCITE, O_ARAGONITE, O_DOLOMITE, O_GYPSUM, O_PCO2, O_CONDUCTIVITY, O_RATE = range(
    N_COPIED, len(OUTPUTS)
)


@kernel
def _load(w: Any, given: Any, first: Any, mode: Any) -> None:
    """Eight columns of `given` from `first` on into the lanes; pCO2 becomes a fugacity."""
    for lane in range(at.LANES):
        j = first + lane
        t = given[TEMPERATURE, j]
        w[at.TEMPERATURE + lane] = t
        w[at.CA + lane], w[at.MG + lane] = given[CA, j], given[MG, j]
        w[at.NA + lane], w[at.K + lane] = given[NA, j], given[K, j]
        w[at.CL + lane], w[at.SO4 + lane] = given[CL, j], given[SO4, j]
        w[at.NO3 + lane] = given[NO3, j]
        w[at.ALK + lane], w[at.DIC + lane] = given[ALKALINITY, j], given[DIC, j]
        if mode in (ALK_PH, DIC_PH, PH_PCO2):
            w[at.H + lane] = math.exp(-LN10 * given[PH, j])
        if mode in (ALK_PCO2, DIC_PCO2, PH_PCO2):
            p = given[PCO2, j]
            w[at.PCO2 + lane] = p * fugacity_coefficient_co2(t, p)


@kernel
def _warm_up(w: Any, warm: Any) -> None:
    """The solved waters of `w` into `warm`, as closed waters that are to be solved at another temperature."""
    for lane in range(at.LANES):
        for block in (at.CA, at.MG, at.NA, at.K):
            warm[block + lane] = w[block + lane]
        for o in (
            at.CL,
            at.SO4,
            at.NO3,
            at.H,
            at.HCO3,
            at.FREE_SO4,
            at.IONIC,
            at.SOLUTES,
        ):
            warm[o + lane] = w[o + lane]
        warm[at.ALK + lane] = w[at.SUM_ALK + lane]
        warm[at.DIC + lane] = w[at.SUM_DIC + lane]


@kernel
def _rate(w: Any, lane: Any, x: Any, k: Any, si_ratio: Any) -> float:
    """PHREEQC's calcite rate of one lane, mol m-2 s-1."""
    x.g_h, x.m_h = w[at.G_H + lane], w[at.M_H + lane]
    x.g_co2, x.m_co2 = w[at.G_CO2 + lane], w[at.M_CO2 + lane]
    x.water_activity = w[at.WATER + lane]
    x.si_calcite = math.log10(si_ratio) if si_ratio > 0.0 else -math.inf
    k.temperature = w[at.TEMPERATURE + lane]
    k.ready = 0.0
    return calcite_rate(x, k)


@kernel
def _compute(out: Any, j: Any, w: Any, lane: Any, x: Any, k: Any, given_pressure: Any) -> None:
    """The outputs that are no plain copy of a lane's quantity; logarithms are taken of whole columns later."""
    a_ca = w[at.G_CA + lane] * w[at.CA + at.FREE + lane]
    a_co3 = w[at.G_CO3 + lane] * w[at.M_CO3 + lane]
    a_mg = w[at.G_MG + lane] * w[at.MG + at.FREE + lane]
    a_so4 = w[at.G_SO4 + lane] * w[at.FREE_SO4 + lane]
    water = w[at.WATER + lane]
    fugacity = w[at.M_CO2 + lane] / w[at.C_KH + lane]
    calcite = a_ca * a_co3 / w[at.CALCITE + lane]
    out[O_PH, j] = 1.0 / w[at.H + lane]
    out[O_FCO2, j] = fugacity
    out[O_CALCITE, j] = calcite
    out[O_ARAGONITE, j] = a_ca * a_co3 / w[at.ARAGONITE + lane]
    out[O_DOLOMITE, j] = a_ca * a_mg * a_co3 * a_co3 / w[at.DOLOMITE + lane]
    out[O_GYPSUM, j] = a_ca * a_so4 * water * water / w[at.GYPSUM + lane]
    out[O_RATE, j] = _rate(w, lane, x, k, calcite)
    out[O_PCO2, j] = (
        given_pressure if given_pressure > 0.0 else co2_pressure(w[at.TEMPERATURE + lane], fugacity)
    )


@driver
def _speciate_columns(
    given: Any,
    out: Any,
    mode: int,
    constant_set: int,
    w: Any,
    warm: Any,
    solved: Any,
    x: Any,
    k: Any,
) -> None:
    """Speciate all columns of `given`, whose number is a multiple of eight.

    given      one row for each of GIVEN: degC, mol kgw-1, eq kgw-1, pH, partial pressure in atm; all of one `Mode`
    out        one row for each of OUTPUTS, before the logarithms; a column without a solution is NaN
    w, warm    scratch of eight waters (at.WORDS), the second at 25 degC; solved: 2 x 8 marks
    x, k       one-row tables of SOLUTION_DTYPE and CONSTANTS_DTYPE: scratch
    """
    for lane in range(at.LANES):
        warm[at.TEMPERATURE + lane] = REFERENCE_T
    at.set_temperatures(warm, constant_set)
    for first in range(0, given.shape[1], at.LANES):
        _load(w, given, first, mode)
        at.set_temperatures(w, constant_set)
        solved[:] = 1.0
        if lanes.solve(w, constant_set, mode, lanes.COLD, lanes.STEP_TOLERANCE, lanes.IONIC_TOLERANCE) > 0.0:
            lanes.rescue(w, x[0], k[0], constant_set, mode, solved[0])
        _warm_up(w, warm)
        if (
            lanes.solve(warm, constant_set, ALK_DIC, lanes.RESUMED, STEP_TOLERANCE_25, IONIC_TOLERANCE_25)
            > 0.0
        ):
            lanes.rescue(warm, x[0], k[0], constant_set, ALK_DIC, solved[1])
        for f in range(N_COPIED):
            for lane in range(at.LANES):
                out[f, first + lane] = SCALES[f] * w[OFFSETS[f] + lane]
        for lane in range(at.LANES):
            j = first + lane
            if solved[0, lane] == 0.0:
                for f in range(out.shape[0]):
                    out[f, j] = math.nan
                continue
            given_pressure = given[PCO2, j] if mode in (ALK_PCO2, DIC_PCO2, PH_PCO2) else 0.0
            _compute(out, j, w, lane, x[0], k[0], given_pressure)
            lanes.charged_species(warm, lane, x[0])
            out[O_CONDUCTIVITY, j] = math.nan
            if solved[1, lane] == 1.0:
                k[1].dh_b = warm[at.DH_B + lane]
                out[O_CONDUCTIVITY, j] = conductivity_25(x[0], k[1])


def _types() -> tuple[Any, ...]:
    """Numba types of the arguments of `_speciate_columns`."""
    table, scratch = numba.float64[:, ::1], numba.float64[::1]
    x, k = numba.from_dtype(SOLUTION_DTYPE)[::1], numba.from_dtype(CONSTANTS_DTYPE)[::1]
    return table, table, numba.int64, numba.int64, scratch, scratch, table, x, k


def speciate_columns(
    inputs: dict[str, np.ndarray], modes: np.ndarray, constant_set: ConstantSet
) -> dict[str, np.ndarray]:
    """All outputs of many waters.

    inputs   one array of n for each of GIVEN: degC, mol m-3, eq m-3, pH, partial pressure in atm; what a mode does not
             use may be NaN
    modes    `Mode` of each water; -1: not to be solved
    returns one array of n for each of OUTPUTS, NaN where there is no solution
    """
    run = _speciate_columns.bind_types(_types)
    columns = {name: np.empty(modes.size) for name in OUTPUTS}
    skipped = modes < 0
    scratch = (
        np.zeros(at.WORDS),
        np.zeros(at.WORDS),
        np.zeros((2, at.LANES)),
        np.zeros(1, SOLUTION_DTYPE),
        np.zeros(2, CONSTANTS_DTYPE),
    )
    buffer = np.empty((len(OUTPUTS), CHUNK))
    for mode in Mode:
        rows = np.flatnonzero(modes == int(mode))
        whole = rows.size == modes.size
        for start in range(0, rows.size, CHUNK):
            chunk = slice(start, min(start + CHUNK, rows.size)) if whole else rows[start : start + CHUNK]
            size = rows[start : start + CHUNK].size
            given = _given(inputs, chunk, size)
            out = buffer if given.shape[1] == CHUNK else np.empty((len(OUTPUTS), given.shape[1]))
            run(given, out, int(mode), int(constant_set), *scratch)
            _take_logarithms(out)
            for name, values in zip(OUTPUTS, out, strict=True):
                columns[name][chunk] = values[:size]
        here = slice(None) if whole else rows
        for name in given_variables(mode):
            columns[name][here] = np.where(np.isnan(columns["ph"][here]), np.nan, inputs[name][here])
    if skipped.any():
        for values in columns.values():
            values[skipped] = np.nan
    return columns


def given_variables(mode: Mode) -> tuple[str, str]:
    """Names of the two carbonate variables that a mode takes."""
    first, second = mode.name.lower().replace("alk", "alkalinity").split("_")
    return first, second


def _given(inputs: dict[str, np.ndarray], rows: Any, size: int) -> np.ndarray:
    """Inputs of `size` rows in the kernels' units, filled up to a multiple of eight with the last water."""
    given = np.empty((len(GIVEN), size + -size % at.LANES))
    for row, name in zip(given, GIVEN, strict=True):
        scale = 1.0 if name in ("temperature", "ph", "pco2") else MMOL
        np.divide(inputs[name][rows], scale, out=row[:size])
    given[:, size:] = given[:, size - 1 : size]
    np.copyto(given, 0.0, where=np.isnan(given))
    return given


def _take_logarithms(out: np.ndarray) -> None:
    """log10 of the outputs that are logarithms, in place; NaN where the substance is absent."""
    for name in _LOGARITHMS:
        row = out[OUTPUTS.index(name)]
        with np.errstate(divide="ignore", invalid="ignore"):
            np.log10(row, out=row)
        row[np.isneginf(row)] = np.nan

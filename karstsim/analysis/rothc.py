"""RothC-26.3 on its own: by the month, with its own water balance, from a table or from the model's own input file.

    table, soil = read_rothc_input("RothC_input.dat")
    months = rothc_monthly(table, **soil)

Amounts of carbon are in t ha-1. The column of karstsim runs the same pools by the day on simulated moisture.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pandas as pd

from karstsim.core.errors import InputError
from karstsim.core.jit import driver
from karstsim.core.spec import Param, dtype_of, new_table
from karstsim.processes.soil import amendments, coleman_1996, rothc

PARAMS = (*rothc.PARAMS, *amendments.PARAMS)
POOLS = tuple(pool.name for pool in rothc.POOLS)
STARTED = ("dpm", "rpm", "bio", "hum", "deficit")
COLUMNS = tuple(v.name for v in coleman_1996.MONTH)
SIGNED = ("temperature", "evaporation")  # dew makes the pan's evaporation negative in some winter months
MONTHS = 12
STEADY = 1.0e-6  # t ha-1 between two years                                         [RothC 2.0.0]
MOST_YEARS = 100_000
FILE_COLUMNS = ("year", "month", "modern", "temperature", "rain", "evaporation", "plant", "manure", "covered",
                "dpm_rpm")  # fmt: skip
FILE_OPTIONS, FILE_SOIL, FILE_TABLE = 4, 7, 10  # lines before the options, the soil and the table
STANDARD_OPTIONS = ("1", "1")
DRIEST = 7  # column of the soil's line with the lowest moisture modifier

PARAM_DTYPE, STATE_DTYPE, MODIFIER_DTYPE, MONTH_DTYPE = (
    dtype_of(d) for d in (PARAMS, coleman_1996.STATE, coleman_1996.MODIFIERS, coleman_1996.MONTH)
)


@driver
def _run(p: Any, states: Any, modifiers: Any, months: Any, depth: float) -> None:
    """Step from states[0] through all months; states[i + 1] and modifiers[i] are those of months[i]."""
    for i in range(months.shape[0]):
        states[i + 1] = states[i]
        coleman_1996.step(p[0], states[i + 1], modifiers[i], months[i], depth)


@driver
def _equilibrate(p: Any, state: Any, modifiers: Any, year: Any, depth: float) -> int:
    """Repeat one year until the decaying pools change by less than STEADY in it. Returns the years taken."""
    s = state[0]
    before = 0.0
    for years in range(1, MOST_YEARS + 1):
        for i in range(year.shape[0]):
            coleman_1996.step(p[0], s, modifiers[0], year[i], depth)
        total = s.dpm + s.rpm + s.bio + s.hum
        if abs(total - before) < STEADY:
            return years
        before = total
    return 0


def _types() -> tuple[Any, ...]:
    """Numba types of the arguments of `_run` and `_equilibrate`."""
    rows = (numba.from_dtype(d)[::1] for d in (PARAM_DTYPE, STATE_DTYPE, MODIFIER_DTYPE, MONTH_DTYPE))
    return *rows, numba.float64


def rothc_monthly(
    table: pd.DataFrame,
    clay: float,
    depth: float = coleman_1996.DEPTH,
    iom: float = 0.0,
    start: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """RothC-26.3 by the month.

    table  one row a month: temperature degC, rain and open-pan evaporation mm, plant and manure t C ha-1, covered (1
           under plants, 0 on bare soil), dpm_rpm; other columns (year, month) are handed on. A column month must
           count from 1 to 12 and on
    clay   percent
    depth  of the soil, cm
    iom    inert organic carbon, t ha-1
    start  pools dpm, rpm, bio, hum (t ha-1) and perhaps the moisture deficit (mm, negative) before the first row.
           Without it the first twelve rows are repeated until the soil is in equilibrium, and the result begins
           after them
    Returns the table with modifiers, moisture deficit, pools, soc and the carbon respired since its start at the end
    of each month; attrs has what it began with, as `start`, and the `spin_up_months`.
    Raises InputError for a missing column or value, months that do not follow each other, or a value out of bounds.
    """
    p = _parameters(clay)
    months = _months(table)
    first = new_table((1,), STATE_DTYPE)[0]
    first["iom"] = _within("iom", iom, 0.0, np.inf)
    depth = _within("depth", depth, 1.0, 300.0)
    taken = 0
    if start is None:
        taken = MONTHS
        spun = _spin_up(p, first, months[:MONTHS], depth)
    else:
        spun = 0
        for name, value in start.items():
            if name not in STARTED:
                raise InputError(f"start, {name!r}", "is no pool of RothC", f"give {', '.join(STARTED)}")
            lower, upper = (-np.inf, 0.0) if name == "deficit" else (0.0, np.inf)
            first[name] = _within(f"start, {name}", value, lower, upper)
    months = months[taken:]
    states, modifiers = (
        new_table((len(months) + 1,), STATE_DTYPE)[0],
        new_table((len(months),), MODIFIER_DTYPE)[0],
    )
    states[0] = first[0]
    _run.bind_types(_types)(p, states, modifiers, months, depth)
    result = table.iloc[taken:].copy()
    for v in coleman_1996.MODIFIERS:
        result[f"{v.name}_modifier"] = modifiers[v.name]
    for name in ("deficit", *POOLS, "co2"):
        result[name] = states[name][1:]
    result["soc"] = sum(states[name][1:] for name in POOLS)
    result.attrs = {"spin_up_months": spun, "start": {name: float(first[name][0]) for name in STARTED}}
    return result


def _spin_up(p: np.ndarray, state: np.ndarray, year: np.ndarray, depth: float) -> int:
    """Bring `state` to equilibrium with a year; the months that it took."""
    if len(year) < MONTHS:
        raise InputError("table", f"has {len(year)} rows", "give a year of twelve months, or `start`")
    years = int(_equilibrate.bind_types(_types)(p, state, new_table((1,), MODIFIER_DTYPE)[0], year, depth))
    if years == 0:
        raise InputError("table, first year", f"no equilibrium in {MOST_YEARS} years", "give `start`")
    state["co2"] = 0.0
    return years * MONTHS


def _within(name: str, value: float, lower: float, upper: float) -> float:
    if not lower <= value <= upper:
        raise InputError(name, f"{value:g} lies outside {lower:g}..{upper:g}", "mend the value")
    return float(value)


def _parameters(clay: float) -> np.ndarray:
    table = new_table((1,), PARAM_DTYPE)[0]
    for d in PARAMS:
        assert isinstance(d, Param)
        table[d.name] = d.default
        if d.name == "clay":
            table["clay"] = _within("clay", clay, d.lower, d.upper)
    return table


def _months(table: pd.DataFrame) -> np.ndarray:
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise InputError("table", f"lacks {', '.join(missing)}", f"its columns are {', '.join(COLUMNS)}")
    months = new_table((len(table),), MONTH_DTYPE)[0]
    for name in COLUMNS:
        months[name] = pd.to_numeric(table[name], errors="coerce").to_numpy(float)
        bad = ~np.isfinite(months[name])
        if name not in SIGNED:
            bad |= months[name] < 0.0
        if bad.any():
            raise InputError(
                f"table, {name}, row {int(np.argmax(bad))}",
                f"{table[name].iloc[int(np.argmax(bad))]} is no valid value",
                f"every month needs a number, 0 or more but for {' and '.join(SIGNED)}",
            )
    if "month" in table:
        _check_order(pd.to_numeric(table["month"], errors="coerce").to_numpy(float))
    return months


def _check_order(month: np.ndarray) -> None:
    """InputError for months that do not follow each other; years may jump, as the official file's after its first."""
    odd = ~np.isin(month, np.arange(1, MONTHS + 1))
    odd[1:] |= month[1:] != month[:-1] % MONTHS + 1
    if odd.any():
        row = int(np.argmax(odd))
        after = f" after {month[row - 1]:g}" if row else ""
        raise InputError(
            f"table, month, row {row}", f"is {month[row]:g}{after}", "sort the rows and give every month once"
        )


def read_rothc_input(path: str | Path) -> tuple[pd.DataFrame, dict[str, float]]:
    """Table and soil (clay, depth, iom) of an input file of RothC 2.0.0, as `rothc_monthly` takes them.

    Raises InputError for a file of another layout, or with options other than those of RothC-26.3.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        options, soil = lines[FILE_OPTIONS].split(), [float(x) for x in lines[FILE_SOIL].split()]
        rows = [[float(x) for x in line.split()] for line in lines[FILE_TABLE:] if line.strip()]
        table = pd.DataFrame(rows, columns=list(FILE_COLUMNS))
        clay, depth, iom, n = soil[:4]
        driest = soil[DRIEST]
    except (OSError, IndexError, ValueError) as error:
        raise InputError(
            str(path), f"cannot be read as input of RothC 2.0.0 ({error})", "see its RothC_input.dat"
        ) from error
    if tuple(options) != STANDARD_OPTIONS or driest != rothc.DRY_RATE:
        raise InputError(
            f"{path}, options",
            f"{' '.join(options)} and a lowest moisture modifier of {driest:g} are not those of RothC-26.3",
            f"only {' '.join(STANDARD_OPTIONS)} and {rothc.DRY_RATE:g} are known",
        )
    table = table.astype({"year": int, "month": int})
    return table.iloc[: int(n)], {"clay": clay, "depth": depth, "iom": iom}

"""Parameter draws: Latin hypercube, Sobol sequence, or a table such as a posterior.

A draw may also hold `forcing.pr`, a factor on the precipitation of all climates, and `area_km2`, the catchment's area.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import qmc

from karstsim.core.errors import InputError
from karstsim.model.parameters import Overrides, by_name

MOST_DRAWS = 1_000_000
SAMPLERS = ("lhs", "sobol")
INDEX_COLUMNS = ("draw", "realization", "member")  # of a table: they number its rows
RAIN = "forcing.pr"
AREA = "area_km2"
BESIDE = (RAIN, AREA)  # what a draw may hold that is no parameter
BOX_AREA = "surface_water.catchment_area"  # the same, for streams and reservoirs
FACTOR = " factor"  # ends the header of a column of factors on the defaults


@dataclass(frozen=True)
class Range:
    """Where a parameter is drawn from: between lower and upper, as a factor on the default or as a value."""

    lower: float
    upper: float
    factor: bool = False
    log: bool = False

    def at(self, share: float) -> float | dict[str, float]:
        """The override at `share` (0-1) of the range."""
        if self.log:
            value = math.exp(math.log(self.lower) + share * (math.log(self.upper) - math.log(self.lower)))
        else:
            value = self.lower + share * (self.upper - self.lower)
        return {"factor": value} if self.factor else value


def sample(ranges: Mapping[str, Range], n: int, seed: int, sampler: str = "lhs") -> list[Overrides]:
    """`n` draws from the ranges; the same seed gives the same draws.

    sampler  "lhs", Latin hypercube (McKay et al. 1979), or "sobol", scrambled Sobol sequence (Owen 1998), which is
             balanced where n is a power of two
    Raises InputError for an unknown parameter or sampler.
    """
    check_names(ranges, "draws.ranges", BESIDE)
    if sampler not in SAMPLERS:
        raise InputError("draws.sampler", f"{sampler!r} is unknown", f"use {' or '.join(SAMPLERS)}")
    if not ranges:
        return [{} for _ in range(n)]
    if sampler == "lhs":
        points = qmc.LatinHypercube(len(ranges), rng=seed).random(n)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # scipy's reminder of the power of two
            points = qmc.Sobol(len(ranges), rng=seed).random(n)
    return [
        {name: _rounded(name, r.at(float(u))) for (name, r), u in zip(ranges.items(), row, strict=True)}
        for row in points
    ]


def _rounded(name: str, value: float | dict[str, float]) -> float | dict[str, float]:
    """Counts and switches are whole numbers."""
    whole = name not in BESIDE and by_name()[name].param.integer and not isinstance(value, dict)
    return float(round(value)) if whole else value  # type: ignore[arg-type]


def read_draws(path: Path) -> list[Overrides]:
    """Draws from a CSV, one a row: columns are parameter names, values absolute; "soil.depth factor" holds factors.

    A value that is no number becomes NaN: that member will be named and left out. Raises InputError for a bad table.
    """
    mend = "give a CSV with parameter names (karstsim parameters) as header and one draw a row"
    try:
        text = path.read_text(encoding="utf-8-sig")
        header = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
        separator = next((s for s in ("\t", ";") if s in header), ",")
        table = pd.read_csv(io.StringIO(text), comment="#", sep=separator, float_precision="round_trip")
    except Exception as error:  # pandas raises many kinds on garbage
        raise InputError(str(path), f"is no table of draws ({str(error)[:100]})", mend) from error
    table.columns = [str(c).strip() for c in table.columns]
    columns = [c for c in table.columns if c not in INDEX_COLUMNS]
    names = [c.removesuffix(FACTOR) for c in columns]
    if not names or table.empty:
        raise InputError(str(path), "holds no draws", mend)
    if len(set(names)) < len(names):
        raise InputError(str(path), "names a parameter twice", mend)
    if len(table) > MOST_DRAWS:
        raise InputError(str(path), f"has {len(table)} draws", f"give at most {MOST_DRAWS}")
    check_names(names, str(path), BESIDE)
    if AREA + FACTOR in columns:
        raise InputError(str(path), f"gives {AREA} as a factor", f"give km2, and name the column {AREA!r}")
    if RAIN in columns:
        raise InputError(str(path), f"gives {RAIN} as a value", f"name the column {RAIN + FACTOR!r}")
    values = table[columns].apply(pd.to_numeric, errors="coerce").to_numpy("f8")
    return [
        {n: {"factor": float(v)} if n != c else float(v) for n, c, v in zip(names, columns, row, strict=True)}
        for row in values
    ]


def draws_csv(draws: list[Overrides]) -> str:
    """The table that `read_draws` reads back to the same numbers; all draws name the same parameters."""
    first = draws[0]
    header = ",".join(n + FACTOR if isinstance(v, Mapping) else n for n, v in first.items())
    return "\n".join([header, *(",".join(repr(_number(v)) for v in draw.values()) for draw in draws)]) + "\n"


def parameters_of(draw: Overrides) -> Overrides:
    """What a draw says of parameters. Its area is that of the streams and reservoirs too; ratios of areas stay."""
    own = {name: value for name, value in draw.items() if name not in BESIDE}
    return {**own, BOX_AREA: draw[AREA]} if AREA in draw else own


def rain_factor(draw: Overrides) -> float:
    """What a draw multiplies precipitation with."""
    return _number(draw.get(RAIN, 1.0))


def check_names(
    names: Mapping[str, object] | list[str], where: str, beside: tuple[str, ...] = (RAIN,)
) -> None:
    """InputError for a name that is no parameter, and none of those `beside` them."""
    for name in names:
        if name not in beside and name not in by_name():
            raise InputError(
                f"{where}, parameter {name!r}", "is not a parameter", "list them with: karstsim parameters"
            )


def drawn_values(draws: list[Overrides]) -> dict[str, np.ndarray]:
    """What was drawn by name, (n_draws,): a value, or the factor on the default."""
    names = list(dict.fromkeys(name for draw in draws for name in draw))
    return {
        name: np.array([_number(draw.get(name, math.nan)) for draw in draws], dtype=float) for name in names
    }


def _number(value: object) -> float:
    return float(value["factor"]) if isinstance(value, Mapping) else float(value)  # type: ignore[arg-type]

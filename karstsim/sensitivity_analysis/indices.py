"""From the outputs of all members to indices: the gate for members without a number, the analysis, its convergence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from karstsim.core.errors import RunError
from karstsim.sensitivity_analysis.methods import LEAST, MAY_DROP, SECOND, Design, analyse, varies

NAMED = 10  # members in a message
LONG_NAMES = {
    "S1": "first-order index: share of the variance that the factor explains alone",
    "ST": "total index: share of the variance that the factor takes part in",
    "S2": "second-order index: share of the variance that two factors explain only together",
    "mu": "mean elementary effect",
    "mu_star": "mean absolute elementary effect",
    "sigma": "standard deviation of elementary effects",
    "delta": "moment-independent index of Borgonovo",
    "median": "PAWN index, median over slices",
    "mean": "PAWN index, mean over slices",
    "maximum": "PAWN index, maximum over slices",
}
SHARES = ("mu", "mu_star", "sigma")  # in the units of the output; the others are numbers
WIDE = 0.1  # half-width of an interval beyond which an index tells little


@dataclass(frozen=True)
class Kept:
    """Members that an analysis may use: rows, whole units of the design, and who was left out, and why."""

    rows: np.ndarray
    dropped: dict[int, str]


def gate(
    values: xr.DataArray, design: Design, failures: Mapping[int, str] | None = None, drop: bool = False
) -> Kept:
    """The members to analyse. Raises RunError that names members without a number, unless they may be dropped.

    values    (member, output);  failures: why members failed, as the ensemble says
    drop      leave them out, with all that belongs to them (a trajectory of Morris), where the method allows it
    """
    bad = missing(values, failures or {})
    if not bad:
        return Kept(np.arange(design.members), {})
    allowed = drop and design.method in MAY_DROP
    if not allowed:
        raise RunError(
            f"{len(bad)} of {design.members} members have no number:\n{named(bad)}\n  mend: {_mend(design, drop)}"
        )
    lost = {member // design.unit for member in bad}
    units = [u for u in range(design.units) if u not in lost]
    if len(units) < (LEAST[design.method] if design.unit == 1 else 2):
        raise RunError(f"too few members are left:\n{named(bad)}\n  mend: narrow the ranges")
    rows = np.concatenate([np.arange(u * design.unit, (u + 1) * design.unit) for u in units])
    return Kept(rows, bad)


def missing(values: xr.DataArray, failures: Mapping[int, str]) -> dict[int, str]:
    """Members without a number, and why."""
    bad = dict(failures)
    finite = np.isfinite(values.transpose("member", "output").values)
    for member in np.flatnonzero(~finite.all(axis=1)):
        output = str(values["output"].values[int(np.argmin(finite[member]))])
        bad.setdefault(int(member), f"{output} is no number")
    return dict(sorted(bad.items()))


def named(bad: Mapping[int, str]) -> str:
    lines = [f"  member {member}: {why}" for member, why in list(bad.items())[:NAMED]]
    return "\n".join([*lines, *([f"  and {len(bad) - NAMED} more"] if len(bad) > NAMED else [])])


def _mend(design: Design, drop: bool) -> str:
    mend = "narrow the ranges of the parameters that cause it"
    if design.method in MAY_DROP:
        return mend if drop else f'{mend}, or write failed = "drop" to leave them out'
    return f"{mend}; {design.method} needs every member, {', '.join(MAY_DROP)} can leave some out"


def indices(
    design: Design,
    points: np.ndarray,
    values: xr.DataArray,
    kept: Kept,
    confidence: float = 0.95,
    resamples: int = 200,
    sizes: int = 4,
) -> xr.Dataset:
    """Indices of every output with their intervals.

    points  (members, parameters) in the unit cube;  values: (member, output)
    sizes   points of the convergence curve: the design cut to a half, a quarter and so on, and whole
    Returns `<index>` and its half-width `<index>_conf` (output, factor), S2 (output, factor, factor_2), and
    `<index>_at` (size, output, factor) over the number of `members`.
    """
    y = values.transpose("member", "output").values
    units = len(kept.rows) // design.unit
    rows = [kept.rows[: n * design.unit] for n in _nested(design, units, sizes)]
    found = [_all_outputs(design, points[r], y[r], confidence, resamples) for r in rows]
    data = {name: (_dims(name), array, _attributes(name, confidence)) for name, array in found[-1].items()}
    if len(rows) > 1:
        for name in (n + end for n in design.indices for end in ("", "_conf")):
            stacked = np.stack([f[name] for f in found])
            data[f"{name}_at"] = (("size", "output", "factor"), stacked, _attributes(name, confidence))
    ds = xr.Dataset(data, coords={"factor": list(design.factors), **_labels(values)})
    if SECOND in ds:
        ds = ds.assign_coords(factor_2=list(design.factors))
    if len(rows) > 1:
        ds = ds.assign_coords(members=("size", [len(r) for r in rows], {"long_name": "members used"}))
    still = [str(name) for i, name in enumerate(values["output"].values) if not varies(y[kept.rows, i])]
    ds.attrs = {
        "method": design.method,
        "members": design.members,
        "samples": design.samples,
        "seed": design.seed,
        "confidence": confidence,
        "resamples": resamples,
        "dropped": len(design_rows_lost(design, kept)),
        "dropped_because": named(kept.dropped),
        "outputs_without_variation": ", ".join(still),
    }
    return ds


def widest(ds: xr.Dataset) -> float | None:
    """The widest half-width of any interval; of indices with units, as a part of their output's largest index.

    None where no index has an interval. Beyond `WIDE` more samples are wanted.
    """
    found: list[float] = []
    for name in (str(n) for n in ds.data_vars if f"{n}_conf" in ds and ds[n].dims == ("output", "factor")):
        width = ds[f"{name}_conf"].values
        if name in SHARES:
            largest = np.abs(ds[name].values).max(axis=1, keepdims=True)
            width = np.divide(width, largest, out=np.zeros_like(width), where=largest > 0.0)
        found += width[np.isfinite(width)].tolist()
    return max(found, default=None)


def design_rows_lost(design: Design, kept: Kept) -> list[int]:
    """Members of the design that the analysis does not use."""
    return sorted(set(range(design.members)) - set(kept.rows.tolist()))


def _nested(design: Design, units: int, sizes: int) -> list[int]:
    """Numbers of units, each half of the next, that give indices at all."""
    least = 1 if design.method == "fast" else 2 if design.unit > 1 else LEAST[design.method]
    wanted = [units // 2**k for k in reversed(range(max(sizes, 1)))]
    return list(dict.fromkeys(n for n in wanted if n >= least or n == units))


def _all_outputs(
    design: Design, x: np.ndarray, y: np.ndarray, confidence: float, resamples: int
) -> dict[str, np.ndarray]:
    each = [analyse(design, x, y[:, i], confidence, resamples) for i in range(y.shape[1])]
    return {name: np.stack([e[name] for e in each]) for name in each[0]}


def _dims(name: str) -> tuple[str, ...]:
    return ("output", "factor", "factor_2") if name.startswith(SECOND) else ("output", "factor")


def _attributes(name: str, confidence: float) -> dict[str, str]:
    of = name.removesuffix("_conf")
    text = LONG_NAMES[of] if of == name else f"half-width of the {100.0 * confidence:g} % interval of {of}"
    return {"long_name": text, "units": "that of the output" if of in SHARES else "1"}


def _labels(values: xr.DataArray) -> dict[str, xr.DataArray]:
    return {str(name): c for name, c in values.coords.items() if "output" in c.dims}

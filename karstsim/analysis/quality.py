"""Quality of a spring table: what is there, what is missing, and what looks wrong. Nothing is changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import demand_kind

STUCK = 24  # equal values in a row, zeros apart, from which a probe is suspected
JUMP = 12.0  # times the usual distance from a value to the mean of its neighbours: a spike
NEEDED = 10  # values, below which no spike can be told


def quality_report(spring: xr.Dataset) -> pd.DataFrame:
    """One row a quantity of a Dataset of `read_spring_table`.

    first, last, values     times and number of the values;  missing: steps or rows without one
    below_detection, refused   cells of the file that gave no value, or half a limit, and why (see ``repairs``)
    longest_gap_d, longest_step_d   days between two neighbouring values, and between two rows
    longest_run             equal values in a row (zeros apart);  spikes: single values far from both neighbours
    min, median, max        in the units of the table
    notes                   what to look at
    """
    mend = "read the table first: ks.read_spring_table(path)"
    demand_kind("quality_report, spring", spring, (xr.Dataset,), mend)
    times = spring["time"].values
    step = np.diff(times) / np.timedelta64(1, "s") / SECONDS_PER_DAY if len(times) > 1 else np.zeros(0)
    rows = {}
    for name in map(str, spring.data_vars):
        values = spring[name].values.astype("f8")
        there = np.isfinite(values)
        own, when = values[there], times[there]
        gaps = np.diff(when) / np.timedelta64(1, "s") / SECONDS_PER_DAY
        attrs = spring[name].attrs
        rows[name] = {
            "units": attrs.get("units", ""),
            "first": when[0] if own.size else None,
            "last": when[-1] if own.size else None,
            "values": own.size,
            "missing": int((~there).sum()),
            "below_detection": int(attrs.get("below_detection", 0)),
            "refused": int(attrs.get("refused", 0)),
            "longest_gap_d": float(gaps.max()) if gaps.size else 0.0,
            "longest_step_d": float(step.max()) if step.size else 0.0,
            "longest_run": _longest_run(own),
            "spikes": int(_spikes(own).sum()),
            "min": float(own.min()) if own.size else np.nan,
            "median": float(np.median(own)) if own.size else np.nan,
            "max": float(own.max()) if own.size else np.nan,
        }
        rows[name]["notes"] = _notes(rows[name])
    return pd.DataFrame.from_dict(rows, orient="index")


def _longest_run(values: np.ndarray) -> int:
    if values.size == 0:
        return 0
    starts = np.flatnonzero(np.r_[True, np.diff(values) != 0.0])
    lengths = np.diff(np.r_[starts, values.size])
    return int(lengths[values[starts] != 0.0].max(initial=0))


def _spikes(values: np.ndarray) -> np.ndarray:
    """Values that stand alone: far from the mean of their neighbours, which are close to each other."""
    found = np.zeros(values.size, bool)
    if values.size < NEEDED:
        return found
    off = values[1:-1] - 0.5 * (values[:-2] + values[2:])
    usual = np.median(np.abs(off))
    beside = np.abs(values[2:] - values[:-2])
    if usual > 0.0:
        found[1:-1] = (np.abs(off) > JUMP * usual) & (beside < 0.25 * np.abs(off))
    return found


def _notes(row: dict[str, object]) -> str:
    said = []
    if int(row["longest_run"]) >= STUCK:  # type: ignore[call-overload]
        said.append(f"{row['longest_run']} equal values in a row: is the probe stuck?")
    if int(row["spikes"]) > 0:  # type: ignore[call-overload]
        said.append(f"{row['spikes']} spike(s)")
    if row["values"] == 0:
        said.append("no value")
    return "; ".join(said)

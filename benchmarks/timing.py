"""Rows of a benchmark, timed in turn, and the table they make."""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np

Rows = list[dict[str, Any]]


def options(doc: str | None, quick: str) -> argparse.ArgumentParser:
    """The options --quick (`quick`: what it does) and --json of a benchmark whose module says `doc`."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", action="store_true", help="numbers for machines")
    return parser


@dataclass
class Row:
    """One way to do the work.

    `run` does it once for `items` items; `result` is what it last found, to be judged, or None. `note` tells what is
    different from the other rows.
    """

    name: str
    run: Callable[[], None]
    items: int
    result: Callable[[], np.ndarray] | None = None
    note: str = ""


@dataclass(frozen=True)
class Missing:
    """A peer that is not installed."""

    name: str
    package: str


@dataclass(frozen=True)
class Measured:
    """Thread CPU time per item, its ratio to the first row and the error; NaN and the reason where nothing ran."""

    name: str
    nanoseconds: float
    ratio: float
    error: float
    note: str


def measure(rows: list[Row | Missing], repeats: int, error: Callable[[np.ndarray], float]) -> list[Measured]:
    """Median thread CPU time of every row over `repeats` rounds in which all rows take their turn.

    Interleaving gives every row the same share of what else the machine does. The first call of each is not counted.
    The ratio is the median of the ratios to the first row within one round.
    """
    present = [row for row in rows if isinstance(row, Row)]
    for row in present:
        row.run()
    rounds = np.array([[_seconds(row) / row.items for row in present] for _ in range(repeats)])
    ratios = np.median(rounds / rounds[:, :1], axis=0)
    times = np.median(rounds, axis=0) * 1e9
    found = {
        row.name: Measured(row.name, float(t), float(r), _error(row, error), row.note)
        for row, t, r in zip(present, times, ratios, strict=True)
    }
    nan = float("nan")
    return [
        found[row.name]
        if isinstance(row, Row)
        else Measured(row.name, nan, nan, nan, f"not installed ({row.package})")
        for row in rows
    ]


def _seconds(row: Row) -> float:
    began = time.thread_time()
    row.run()
    return time.thread_time() - began


def _error(row: Row, error: Callable[[np.ndarray], float]) -> float:
    return error(row.result()) if row.result is not None else float("nan")


def markdown(measured: list[Measured], item: str, error: str) -> str:
    """The table in Markdown; `item` and `error` head their columns."""
    lines = [f"| way | ns per {item} | ratio | {error} | remarks |", "|---|---|---|---|---|"]
    for m in measured:
        numbers = [_figures(m.nanoseconds), _figures(m.ratio), f"{m.error:.0e}" if m.error > 0.0 else ""]
        lines.append(f"| {m.name} | {' | '.join(numbers)} | {m.note} |")
    return "\n".join(lines)


def _figures(value: float) -> str:
    """Two significant figures with thousands separators; empty for NaN."""
    if value != value:
        return ""
    if value < 10.0:
        return f"{value:.2g}"
    digits = 1 - int(np.floor(np.log10(value)))
    return f"{round(value, digits):,.0f}"


def table(rows: Rows) -> str:
    """Rows with the same keys as Markdown, three figures a number."""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for row in rows:
        cells = [_three(row[n]) if isinstance(row[n], float) else str(row[n]) for n in names]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _three(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000.0 else f"{value:,.0f}"


def machine() -> str:
    """What the numbers were measured on, with the load that other jobs made."""
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return (
        f"{processor()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
        f"numba {numba.__version__}, load {load}"
    )


def processor() -> str:
    """Architecture, and where /proc/cpuinfo says so (Linux) the model and clock of the first CPU."""
    facts: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            facts.setdefault(name.strip(), value.strip())
    said = [platform.machine(), facts.get("model name", "")]
    said.append(f"{float(facts['cpu MHz']) / 1e3:.2f} GHz" if "cpu MHz" in facts else "")
    return ", ".join(filter(None, said))

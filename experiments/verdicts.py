"""What an experiment says in the end: a claim, the band it asks for, what came out, and whether that lies inside."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Line:
    """One number put to the test.

    low, high   the band, both included; infinite where it is open
    calibrated  whether a parameter was fitted to get the number; predicted otherwise
    """

    claim: str
    value: float
    low: float
    high: float
    units: str = "1"
    calibrated: bool = False

    @property
    def reproduced(self) -> bool:
        return self.low <= self.value <= self.high

    @property
    def band(self) -> str:
        if math.isinf(self.high):
            return f">= {self.low:g}"
        return f"<= {self.high:g}" if math.isinf(self.low) else f"{self.low:.4g} to {self.high:.4g}"


def table(lines: Iterable[Line]) -> str:
    """Markdown table of all lines, misses first."""
    rows = ["| claim | band | result | verdict |", "|---|---|---|---|"]
    for line in sorted(lines, key=lambda line: line.reproduced):
        how = "calibrated" if line.calibrated else "predicted"
        verdict = "reproduced" if line.reproduced else "**missed**"
        rows.append(
            f"| {line.claim} | {line.band} {line.units} | {line.value:.4g} {line.units} | {verdict}, {how} |"
        )
    return "\n".join(rows)


def report(
    doc: str | None,
    find: Callable[[], Any],
    verdicts: Callable[[Any], list[Line]],
    draw: Callable[[Any, Path], None],
) -> Any:
    """Command line of an experiment without input: print its verdicts, draw with ``--figure FILE``; what was found."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", type=Path)
    asked = parser.parse_args()
    found = find()
    print(table(verdicts(found)))
    if asked.figure:
        draw(found, asked.figure)
    return found


def within(value: float, low: float, high: float) -> bool:
    """Whether a value lies in the claim's band."""
    return low <= value <= high


def line(claim: str, result: str, reached: bool, kind: str) -> str:
    """One line of text for a claim of several numbers; `kind` is calibrated or predicted, and why."""
    return f"{claim:58} {result:>24}   {'reproduced' if reached else 'missed'} ({kind})"

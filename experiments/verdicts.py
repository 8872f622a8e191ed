"""What an experiment says in the end: a claim, the band it asks for, what came out, and whether that lies inside."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPRODUCED, MISSED, NOT_COMPARABLE = "reproduced", "missed", "not comparable"
ORDER = (MISSED, NOT_COMPARABLE, REPRODUCED)


@dataclass(frozen=True)
class Line:
    """One number put to the test.

    low, high       the band, both included; infinite where it is open; both infinite: a number for information
    calibrated      whether a parameter was fitted to get the number; predicted otherwise
    scored          False for a number that stands beside the claim: shown, but no part of the experiment's verdict
    not_comparable  why the claim cannot be put to the model; empty where it can
    """

    claim: str
    value: float
    low: float
    high: float
    units: str = "1"
    calibrated: bool = False
    scored: bool = True
    not_comparable: str = ""

    @property
    def reproduced(self) -> bool:
        return self.verdict == REPRODUCED

    @property
    def verdict(self) -> str:
        if self.not_comparable:
            return NOT_COMPARABLE
        return REPRODUCED if self.low <= self.value <= self.high else MISSED

    @property
    def kind(self) -> str:
        return "calibrated" if self.calibrated else "predicted"

    @property
    def open(self) -> bool:
        """No band: a number for information."""
        return math.isinf(self.low) and math.isinf(self.high)

    @property
    def band(self) -> str:
        if self.open:
            return "none"
        if math.isinf(self.high):
            return f">= {self.low:g}"
        if math.isinf(self.low):
            return f"<= {self.high:g}"
        return f"{four_digits(self.low)} to {four_digits(self.high)}"

    @property
    def text(self) -> str:
        """Verdict and kind for people."""
        if self.open:
            return f"for information, {self.kind}"
        verdict = f"**{MISSED}**" if self.verdict == MISSED else self.verdict
        why = f": {self.not_comparable}" if self.not_comparable else ""
        return f"{verdict}, {self.kind}{'' if self.scored else ', beside the claim'}{why}"


def four_digits(value: float) -> str:
    """A number with four digits; a power of ten only where it spares zeros: 14390, not 1.439e+04."""
    return f"{float(f'{value:.4g}'):g}"


def with_units(value: str, units: str) -> str:
    return value if units == "1" else f"{value} {units}"


def table(lines: Iterable[Line]) -> str:
    """Markdown table of all lines, misses first."""
    rows = ["| claim | band | result | verdict |", "|---|---|---|---|"]
    for line in sorted(lines, key=lambda line: (ORDER.index(line.verdict), not line.scored)):
        result = "-" if math.isnan(line.value) else with_units(four_digits(line.value), line.units)
        band = line.band if line.open else with_units(line.band, line.units)
        rows.append(f"| {line.claim} | {band} | {result} | {line.text} |")
    return "\n".join(rows)


def draw_in_style(draw: Callable[[Any, Path], None], found: Any, path: Path) -> None:
    """Draw an experiment's figure as all of karstsim's figures look."""
    from karstsim.report import style  # heavy, and most runs draw nothing

    style.styled(draw)(found, path)


def report(
    doc: str | None,
    find: Callable[[], Any],
    verdicts: Callable[[Any], list[Line]],
    draw: Callable[[Any, Path], None] | None = None,
) -> Any:
    """Command line of one experiment: print its verdicts, draw with ``--figure FILE``; what was found."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if draw is not None:
        parser.add_argument("--figure", type=Path)
    asked = parser.parse_args()
    found = find()
    print(table(verdicts(found)))
    if draw is not None and asked.figure:
        draw_in_style(draw, found, asked.figure)
    return found

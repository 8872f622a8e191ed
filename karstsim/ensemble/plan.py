"""Who runs what: parameter draws and their product with the scenarios."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import qmc

from karstsim.core.errors import InputError
from karstsim.model.parameters import Overrides, by_name


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


def latin_hypercube(ranges: Mapping[str, Range], n: int, seed: int) -> list[Overrides]:
    """`n` parameter draws by Latin hypercube sampling; the same seed gives the same draws.

    Raises InputError for an unknown parameter.
    """
    for name in ranges:
        if name not in by_name():
            raise InputError(
                f"parameter {name!r}", "is not a parameter", "list them with: karstsim parameters"
            )
    sample = qmc.LatinHypercube(len(ranges), rng=seed).random(n)
    return [
        {name: r.at(float(u)) for (name, r), u in zip(ranges.items(), row, strict=True)} for row in sample
    ]


@dataclass(frozen=True)
class Plan:
    """Every scenario with every draw, scenarios outermost."""

    scenarios: tuple[str, ...]
    draws: tuple[Overrides, ...]

    def members(self) -> list[tuple[int, int]]:
        """(scenario, draw) index of each member."""
        return [(s, d) for s in range(len(self.scenarios)) for d in range(len(self.draws))]

    def overrides(self) -> Sequence[Overrides]:
        """Parameter overrides of each member."""
        return [self.draws[d] for _, d in self.members()]

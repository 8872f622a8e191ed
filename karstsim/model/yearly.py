"""Parameters that follow a series by the year: deposition, rain chemistry, fertiliser.

A value holds from the first to the last day of its calendar year; years that are absent between others are taken from a
straight line. A spin-up has the values of the first year of the forcing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from karstsim.core.errors import InputError
from karstsim.model.engine import Tables
from karstsim.model.parameters import by_name, check_overrides

Series = Mapping[str, tuple[np.ndarray, np.ndarray]]
LEVELS = ("column", "tile")


@dataclass(frozen=True)
class YearlyParameters:
    """Series of parameters, checked. Raises InputError for an unknown one, or one that may not change in a run."""

    series: Series

    def __post_init__(self) -> None:
        numbers = {name: tuple(np.asarray(v, "f8") for v in pair) for name, pair in self.series.items()}
        object.__setattr__(self, "series", numbers)
        for name, (_, values) in self.series.items():
            for value in (float(values.min()), float(values.max())):
                check_overrides({name: value}, "series")
            address = by_name()[name]
            if address.level not in LEVELS or address.param.integer:
                mend = "give series of parameters of the soil or of the atmosphere that are numbers"
                raise InputError(f"series, {name!r}", "does not change by the year", mend)

    def check_years(self, first: int, last: int) -> None:
        """Raises InputError where a series does not cover the run."""
        for name, (years, _) in self.series.items():
            if first < years[0] or last > years[-1]:
                what = f"covers {years[0]:.0f} to {years[-1]:.0f}, the run {first} to {last}"
                raise InputError(f"series, {name!r}", what, "give all years of the run")

    def begin_year(self, tables: Tables, year: int) -> None:
        """Set the parameters of a calendar year for all members."""
        for name, (years, values) in self.series.items():
            address = by_name()[name]
            compartment, field = name.split(".")
            tables.params[address.level][compartment][field] = np.interp(year, years, values)

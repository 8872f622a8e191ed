"""What a carbon sink earns and costs: credits over a baseline, revenue, net present value, cost per tonne.

    credited  C = ((F S2)_with - (F S2)_without) 44/12 A (1 - buffer) - E       t CO2 a year          [notes 9.10]
    revenue   R = price C - MRV - cost                                          CNY a year
    NPV         = sum over years of R / (1 + r)^(years since the first)

F is the CO2 that water took up (the ledger, t C km-2 a-1), S2 the share of it that is retained after a hundred years, A
the area (km2), E the CO2 that the intervention itself costs. The hydrochemical sink would not do: it counts rock that
strong acids dissolve without taking up CO2, so that an acid load would earn. Prices are single numbers of the review or
of markets; none is a forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from karstsim.core.constants import CO2_PER_C
from karstsim.core.errors import InputError
from karstsim.model.interventions.records import amount
from karstsim.model.site import Section
from karstsim.tomlfile import read_toml, validated

TABLE = "economics"
SOURCE = "design; design notes 9.10"


class Economics(Section):
    """Prices and terms. The price is the review's voluntary one, CNY 9.71 million for 633,000 t CO2."""

    price: float = amount(
        15.3,
        0.0,
        1e5,
        "CNY t-1",
        "of a tonne of CO2; China's ETS 50 to 100",
        f"{SOURCE}, recalled for the ETS",
    )
    buffer: float = amount(0.2, 0.0, 1.0, "1", "share of the credits held back against reversal", SOURCE)
    monitoring: float = amount(0.0, 0.0, 1e12, "CNY year-1", "monitoring, reporting, verification", "site")
    discount_rate: float = amount(0.05, 0.0, 1.0, "1", "of a year", SOURCE)


def read_economics(path: str | Path) -> Economics:
    """The `[economics]` table of a TOML file. Raises InputError."""
    data = read_toml(Path(path))
    if set(data) != {TABLE}:
        raise InputError(
            str(path), "needs the table [economics] and no other", "write [economics], price = 60.0"
        )
    return validated(Economics, data[TABLE], str(path), prefix=TABLE)


@dataclass(frozen=True)
class Account:
    """Year by year: t CO2 credited, revenue before costs, and costs, both CNY."""

    credited: np.ndarray
    revenue: np.ndarray
    costs: np.ndarray
    discount_rate: float

    @property
    def net(self) -> np.ndarray:
        """Revenue less costs, CNY a year."""
        return self.revenue - self.costs

    @property
    def present_value(self) -> float:
        """NPV, CNY; the first year is not discounted."""
        return float(discounted(self.net, self.discount_rate))

    @property
    def cost_per_tonne(self) -> float:
        """Discounted costs over discounted credits, CNY per t CO2; NaN without credits."""
        credits = discounted(self.credited, self.discount_rate)
        costs = discounted(self.costs, self.discount_rate)
        return float(costs / credits) if credits > 0.0 else float("nan")


def discounted(values: np.ndarray, rate: float) -> float:
    """Sum of yearly values (last axis) in the money of the first year."""
    years = np.arange(np.shape(values)[-1])
    return float(np.sum(np.asarray(values) / (1.0 + rate) ** years))


def credits(
    sink_with: np.ndarray,
    sink_without: np.ndarray,
    retained_with: float,
    retained_without: float,
    area_km2: float,
    buffer: float,
    emitted: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Credited CO2, t a year.

    sink_with, sink_without          CO2 that water took up in each year, t C km-2 a-1
    retained_with, retained_without  S2 of both
    emitted                          t CO2 a year that the intervention itself costs
    """
    additional = np.asarray(sink_with) * retained_with - np.asarray(sink_without) * retained_without
    return additional * CO2_PER_C * area_km2 * (1.0 - buffer) - emitted


def account(credited: np.ndarray, terms: Economics, costs: Sequence[float] | np.ndarray) -> Account:
    """Revenue and costs of credited CO2 (t a year); `costs` are those of the intervention, CNY a year."""
    spent = np.asarray(costs, dtype=float) + terms.monitoring
    return Account(np.asarray(credited), terms.price * np.asarray(credited), spent, terms.discount_rate)

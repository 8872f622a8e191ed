"""Credits, revenue and net present value after design notes 9.10, and the land-use index of 9.9, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from karstsim.analysis.economics import Economics, account, credits, read_economics
from karstsim.analysis.land_use_index import land_use_index
from karstsim.core.errors import InputError


def test_the_price_of_the_review() -> None:
    """633,000 t for CNY 9.71 million: CNY 15.34 a tonne."""
    year = account(np.array([633_000.0]), Economics(price=15.34), [0.0])
    assert year.revenue[0] == pytest.approx(9.71e6, rel=1e-4)


def test_credits_by_hand() -> None:
    """(10 0.9 - 8 0.75) t C = 3 t C km-2, 44.01/12.011 of it as CO2, 20 km2, 80 % credited, less 12 t: 163.9 t."""
    found = credits(np.array([10.0]), np.array([8.0]), 0.9, 0.75, 20.0, 0.2, 12.0)
    assert found[0] == pytest.approx(3.0 * 44.01 / 12.011 * 20.0 * 0.8 - 12.0)
    assert found[0] == pytest.approx(163.88, abs=0.01)


def test_present_value_and_cost_per_tonne_by_hand() -> None:
    """100 t a year at CNY 50, 10 % a year; 8000 at once and 1000 a year for monitoring.

    NPV = -4000 + 4000/1.1 + 4000/1.21 = 2942.15; costs 9000 + 1000/1.1 + 1000/1.21 = 10735.54 over 273.55 t: 39.24.
    """
    terms = Economics(price=50.0, monitoring=1000.0, discount_rate=0.1)
    found = account(np.full(3, 100.0), terms, [8000.0, 0.0, 0.0])
    assert found.net.tolist() == [-4000.0, 4000.0, 4000.0]
    assert found.present_value == pytest.approx(2942.149, abs=1e-3)
    assert found.cost_per_tonne == pytest.approx(39.245, abs=1e-3)


def test_without_credits_a_tonne_has_no_cost() -> None:
    assert math.isnan(account(np.array([-5.0]), Economics(), [100.0]).cost_per_tonne)


def test_prices_come_from_a_table(tmp_path) -> None:
    path = tmp_path / "money.toml"
    path.write_text("[economics]\nprice = 60.0\n")
    assert read_economics(path) == Economics(price=60.0)
    path.write_text("[economics]\npryce = 60.0\n")
    with pytest.raises(InputError, match=r"economics\.pryce"):
        read_economics(path)
    path.write_text("price = 60.0\n")
    with pytest.raises(InputError, match=r"\[economics\]"):
        read_economics(path)


@pytest.mark.parametrize(
    ("dic", "runoff", "beta", "phi", "warned"),
    [
        ((2.0, 3.0), (500.0, 400.0), 2.5, 1.2, False),  # +50 % over -20 %
        ((2.0, 2.6), (500.0, 350.0), 1.0, 0.91, False),  # +30 % over -30 %: weaker, and beta says so
        ((2.0, 2.7), (500.0, 350.0), 7.0 / 6.0, 0.945, True),  # beta above 1 and weaker all the same
    ],
)
def test_the_index_and_its_warning(dic, runoff, beta, phi, warned) -> None:
    found = land_use_index(*dic, *runoff)
    assert found.beta == pytest.approx(beta)
    assert found.phi == pytest.approx(phi)
    assert bool(found.warning) is warned
    assert found.enhanced is (found.beta > found.threshold)


@pytest.mark.parametrize(
    "numbers", [(0.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, -1.0), (float("nan"), 1.0, 1.0, 1.0)]
)
def test_an_index_of_nothing_is_refused(numbers) -> None:
    with pytest.raises(InputError, match="not all above 0"):
        land_use_index(*numbers)


def test_more_runoff_leaves_beta_undefined() -> None:
    found = land_use_index(2.0, 2.1, 500.0, 520.0)
    assert math.isnan(found.beta)
    assert found.enhanced
    assert "not defined" in found.warning

"""The shares of rock carbon that a sample gives, by hand and with the uncertainty of its end members."""

from __future__ import annotations

import numpy as np
import pytest

import karstsim as ks
from karstsim.chemistry.api import speciate_csv
from karstsim.core.errors import InputError

WATER = {"temperature": 15.0, "ca": 2.0, "dic": 4.2, "alkalinity": 4.0}  # mmol/L
SOIL, ROCK = (-23.0, 2.0), (1.0, 1.0)
NAMES = ("mixing", "closed", "open")


@pytest.fixture(scope="module")
def water():
    return ks.speciate(**WATER)


def _value(found, name: str) -> float:
    return float(np.asarray(found[name]).ravel()[0])


def test_shares_by_hand(water) -> None:
    """d = -13 between soil -23 and rock +1, at 15 degC.

    stoichiometric 2.0/4.2 = 0.4762. Mixing (-13 + 23)/24 = 0.4167. Closed: CO2(aq) is -1.31 + 0.0049 x 15 = -1.2365
    permil against gas, so 0.9987635 x 977 - 1000 = -24.208, and 11.208/25.208 = 0.4446. Open: of the DIC 4.9 % are CO2
    (-1.24), 94.6 % HCO3 (9.07) and 0.5 % CO3 (6.44), so epsilon is 8.55 and DIC stands at -14.65: 1.65/15.65 = 0.105.
    """
    found = ks.carbon_sources(water, -13.0, SOIL, ROCK)
    assert _value(found, "rock_share_stoichiometric") == pytest.approx(2.0 / 4.2, rel=1e-9)
    assert _value(found, "rock_share_mixing") == pytest.approx(10.0 / 24.0, rel=1e-12, abs=0.0)
    assert _value(found, "rock_share_closed") == pytest.approx(0.4446, abs=1e-4)
    assert _value(found, "rock_share_open") == pytest.approx(0.105, abs=0.01)
    epsilon = 1000.0 * (987.0 / (_value(found, "d13c_co2_gas") + 1000.0) - 1.0)
    assert epsilon == pytest.approx(8.55, abs=0.06)


def test_the_end_members_are_found_again(water) -> None:
    """A water of soil carbon alone has no rock, one of rock has nothing else, and half and half is a half."""
    assert _value(ks.carbon_sources(water, SOIL[0], SOIL, ROCK), "rock_share_mixing") == 0.0
    assert _value(ks.carbon_sources(water, ROCK[0], SOIL, ROCK), "rock_share_mixing") == 1.0
    assert _value(ks.carbon_sources(water, -11.0, SOIL, ROCK), "rock_share_mixing") == 0.5


@pytest.mark.parametrize("name", NAMES)
def test_uncertainty_is_that_of_many_draws(water, name) -> None:
    """First order against 20,000 draws of sample, soil and rock: deviation within 10 %, mean within a sixth of it.

    The share is a ratio of differences, so its mean lies a little below its value at the means.
    """
    rng = np.random.default_rng(1)
    n = 20_000
    delta, soil, rock = (rng.normal(m, s, n) for m, s in ((-13.0, 0.2), SOIL, ROCK))
    given = ks.carbon_sources(water, -13.0, SOIL, ROCK)
    at_soil = {
        s: _value(ks.carbon_sources(water, s, (s, 1.0), ROCK), f"rock_share_{name}") for s in (-23.0, -22.0)
    }
    # The biogenic end member b is linear in the soil's d13C: from its share 0 and slope at two values of it.
    b = {s: (s - share * ROCK[0]) / (1.0 - share) for s, share in at_soil.items()}
    biogenic = b[-23.0] + (b[-22.0] - b[-23.0]) * (soil + 23.0)
    drawn = (delta - biogenic) / (rock - biogenic)
    deviation = _value(given, f"rock_share_{name}_sd")
    assert drawn.std() == pytest.approx(deviation, rel=0.10)
    assert drawn.mean() == pytest.approx(_value(given, f"rock_share_{name}"), abs=deviation / 6.0)


def test_uncertainty_of_stoichiometry(water) -> None:
    """3 % of Ca + Mg and 3 % of DIC are 4.2 % of their ratio."""
    found = ks.carbon_sources(water, -13.0)
    ratio = _value(found, "rock_share_stoichiometric_sd") / _value(found, "rock_share_stoichiometric")
    assert ratio == pytest.approx(0.03 * 2.0**0.5, rel=1e-9)
    rng = np.random.default_rng(2)
    drawn = 2.0 * rng.normal(1.0, 0.03, 20_000) / (4.2 * rng.normal(1.0, 0.03, 20_000))
    assert drawn.std() == pytest.approx(_value(found, "rock_share_stoichiometric_sd"), rel=0.03)


def test_speciate_takes_d13c(water) -> None:
    """The same shares as by `carbon_sources`, for as many waters as there are deltas."""
    both = ks.speciate(**{**WATER, "ca": np.array([2.0, 1.9])}, d13c=np.array([-13.0, -10.0]))
    by_hand = ks.carbon_sources(water, -13.0)
    for name in ("rock_share_mixing", "rock_share_closed", "rock_share_open", "rock_share_mixing_sd"):
        assert float(np.asarray(both[name])[0]) == pytest.approx(_value(by_hand, name), rel=1e-12, abs=0.0)
    assert float(np.asarray(both["rock_share_mixing"])[1]) == pytest.approx(13.0 / 24.0, rel=1e-12, abs=0.0)


def test_end_members_that_are_the_same_are_refused(water) -> None:
    with pytest.raises(InputError, match="soil, rock"):
        ks.carbon_sources(water, -13.0, (-23.0, 1.0), (-22.5, 1.0))


def test_fractionation_has_an_error_of_its_own(water) -> None:
    """Sample and end members without error: closed and open keep that of the fractionation, 0.2 (1 - f)/span.

    Closed 0.2 x (1 - 0.4446)/25.208 = 0.00441; mixing has none.
    """
    found = ks.carbon_sources(water, -13.0, (-23.0, 0.0), (1.0, 0.0), d13c_error=0.0)
    assert _value(found, "rock_share_mixing_sd") == 0.0
    assert _value(found, "rock_share_closed_sd") == pytest.approx(0.00441, abs=2e-5)
    assert _value(found, "rock_share_open_sd") == pytest.approx(0.2 * 0.895 / 15.65, rel=0.02)
    exact = ks.carbon_sources(water, -13.0, (-23.0, 0.0), (1.0, 0.0), 0.0, fractionation_error=0.0)
    assert _value(exact, "rock_share_open_sd") == 0.0


def test_an_end_member_next_to_rock_says_nothing(water) -> None:
    """Under soil CO2 of -8 (C4) open DIC stands at +0.5, half a permil from rock of +1: NaN, flagged; others stay.

    By hand: 1.00855 x 992 - 1000 = 0.48. The mixing span is 9 permil: (-3 + 8)/9 = 0.556.
    """
    found = ks.carbon_sources(water, -3.0, (-8.0, 1.0), (1.0, 1.0))
    assert np.isnan(_value(found, "rock_share_open")) and np.isnan(_value(found, "rock_share_open_sd"))
    assert _value(found, "rock_share_mixing") == pytest.approx(5.0 / 9.0)
    assert "open" in str(np.asarray(found["flag"]).ravel()[0])


def test_numbers_that_are_no_deltas(water) -> None:
    """A row whose d13C is a pMC or a sentinel is NaN with a reason; end members and errors of that kind are refused."""
    both = ks.speciate(**{**WATER, "ca": np.full(3, 2.0)}, d13c=np.array([-13.0, -999.0, 98.0]))
    shares, flags = np.asarray(both["rock_share_mixing"]), np.asarray(both["flag"])
    assert np.isfinite(shares[0]) and np.isnan(shares[1:]).all()
    assert flags[0] == "" and "d13c" in flags[1] and "d13c" in flags[2]
    with pytest.raises(InputError, match="rock"):
        ks.carbon_sources(water, -13.0, rock=(100.0, 1.0))
    with pytest.raises(InputError, match="soil deviation"):
        ks.carbon_sources(water, -13.0, soil=(-23.0, -1.0))
    with pytest.raises(InputError, match="d13c_error"):
        ks.carbon_sources(water, -13.0, d13c_error=float("nan"))


def test_a_table_with_d13c_gets_its_shares(tmp_path) -> None:
    """A monitoring table with a d13C column, decimal commas and a gap: shares where there is a number."""
    path = tmp_path / "springs.csv"
    path.write_text(
        "Temp (degC);Ca (mmol/L);Alkalinity (meq/L);DIC (mmol/L);d13C-DIC (permil)\n"
        "15,0;2,0;4,0;4,2;-13,0\n15,0;2,0;4,0;4,2;\n",
        encoding="utf-8",
    )
    found = speciate_csv(path)
    assert found["rock_share_mixing"][0] == pytest.approx(10.0 / 24.0)
    assert np.isnan(found["rock_share_mixing"][1]) and np.isfinite(found["ph"][1])
    without = tmp_path / "plain.csv"
    without.write_text("Temp (degC);Ca (mmol/L);Alkalinity (meq/L);DIC (mmol/L)\n15,0;2,0;4,0;4,2\n")
    assert "rock_share_mixing" not in speciate_csv(without).columns

"""Units: read or told, never guessed."""

import numpy as np
import pytest

from karstsim.core.errors import InputError
from karstsim.forcing.units import check_names, to_canonical


@pytest.mark.parametrize(
    ("name", "units", "value", "expected"),
    [
        ("tas", "K", 288.15, 288.15),
        *[("tas", u, 15.0, 288.15) for u in ("degC", "C", "celsius", "°C", "deg C", "degrees_Celsius")],
        ("tas", "degF", 59.0, 288.15),
        ("pr", "kg m-2 s-1", 1e-5, 1e-5),
        *[("pr", u, 86.4, 1e-3) for u in ("mm/day", "mm d-1", "mm day-1", "kg m-2 d-1")],
        ("pr", "mm/h", 3.6, 1e-3),
        ("pr", "mm s-1", 1e-3, 1e-3),
        ("pr", "m s-1", 1e-6, 1e-3),
        ("rsds", "W/m2", 100.0, 100.0),
        ("rsds", "MJ m-2 d-1", 8.64, 100.0),
        ("sfcWind", "km/h", 3.6, 1.0),
        ("ps", "hPa", 900.0, 9e4),
        ("ps", "kPa", 90.0, 9e4),
        ("co2", "ppm", 410.0, 410.0),
        ("co2", "1e-6", 410.0, 410.0),
        ("co2", "mol mol-1", 410e-6, 410.0),
        ("hurs", "%", 70.0, 70.0),
    ],
)
def test_known_spellings(name, units, value, expected):
    assert to_canonical(name, np.array([value]), units, "file")[0] == pytest.approx(
        expected, rel=1e-12, abs=0.0
    )


@pytest.mark.parametrize("units", [None, "", "  "])
def test_missing_units_tell_the_mend(units):
    with pytest.raises(InputError, match=r"f.nc, pr: has no units") as error:
        to_canonical("pr", np.ones(1), units, "f.nc")
    assert 'units={"pr": "mm d-1"}' in error.value.mend
    assert "[forcing.units]" in error.value.mend


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("pr", "mm"),
        ("pr", "K"),
        ("tas", "m"),
        ("tas", "2 K"),
        ("rsds", "J m-2"),
        ("ps", "furlongs"),
        ("co2", "Pa"),
    ],
)
def test_wrong_units(name, units):
    with pytest.raises(InputError, match=name):
        to_canonical(name, np.ones(1), units, "file")


@pytest.mark.parametrize(
    "units", ["9**9**9**9", "(9)**(9)**(9)", "m**99999", "__import__('os')", "K" * 1000, "\0"]
)
def test_hostile_units(units):
    with pytest.raises(InputError):
        to_canonical("pr", np.ones(1), units, "file")


def test_told_units_of_unknown_variables():
    assert check_names(None) == {}
    with pytest.raises(InputError, match="rain"):
        check_names({"rain": "mm d-1"})

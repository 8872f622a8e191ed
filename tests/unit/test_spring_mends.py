"""Units in headers of spring tables that look like words about the sample."""

from __future__ import annotations

import pytest

from karstsim.analysis.spring_columns import parse_header
from karstsim.core.errors import InputError


@pytest.mark.parametrize(
    "header", ["P (in)", "precip_in", "2_00045_00006", "Rainfall, total (in)", "rain daily in"]
)
def test_rain_in_inches(header):
    column = parse_header(header)
    assert (column.name, column.factor, column.assumption) == ("precipitation", 25.4, "")


@pytest.mark.parametrize(
    ("header", "factor"),
    [("P in mm", 1.0), ("P in mm per h", 24.0), ("precip in/day", 25.4), ("rain at spring mm", 1.0)],
)
def test_in_before_a_unit_is_a_word(header, factor):
    assert parse_header(header).factor == factor


def test_in_that_may_be_a_word_or_inches_is_refused():
    with pytest.raises(InputError, match="inches"):
        parse_header("rain in spring")


def test_carbon_stays_in_the_unit():
    """1 g C m-2 d-1 is 1 / 12.011 mol m-2 d-1."""
    for header in ("soil_respiration (g C/m2/d)", "soil respiration [g C m-2 d-1]"):
        assert parse_header(header).factor == pytest.approx(1.0 / 12.011)

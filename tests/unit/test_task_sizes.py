"""How large a task of an ensemble may be: the rule on paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_ensemble import PAST_AND_LOW, settings, write_file
from small_site import SITE

from karstsim.ensemble.config import load_ensemble
from karstsim.ensemble.memory import DOUBLE, HELD, TASK_BYTES, VARIABLE_BYTES, Need, cut, need_of, warnings_of
from karstsim.ensemble.plan import Climate, Plan

MB = 1e6


def _need(output: float, records: float = 0.0, whole: float = 0.0, own: bool = False) -> Need:
    return Need(0.0, output * MB, records * MB, whole * MB, own, years=86)


def _plan(columns: int, block: int, window: int) -> Plan:
    climate = Climate("a", "a", "", "", "", "standard", "", "", (2015, 2100), spun_by=0)
    return Plan((climate,), ((105.7, 26.3),), ({},) * columns, block, window, "source")


@pytest.mark.parametrize(
    ("output", "block", "window", "says"),
    [
        (1.0, None, None, (32, 10)),  # 320 MB: nothing gives way
        (10.0, None, None, (5, 10)),  # 100 MB a member in ten years
        (60.0, None, None, (1, 8)),  # one member in ten years is 600 MB: its years give way
        (600.0, None, None, (1, 1)),  # not even one through one year
        (10.0, None, 2, (24, 2)),  # of 25 that would fit: lanes are full
        (10.0, 20, None, (20, 2)),
        (10.0, 20, 10, (20, 10)),  # what is set stays
    ],
)
def test_a_task_has_the_members_and_years_that_fit(output, block, window, says) -> None:
    assert cut(_need(output), 1000, block, window) == says


def test_own_weather_counts_for_every_member_and_shared_weather_once() -> None:
    """Ten years of records and all years of the draws, against one record of ten years."""
    assert _need(1.0, records=2.0, own=False).task(4, 3) == (4 * 3 * 1.0 + 10 * 2.0) * MB
    assert _need(1.0, records=2.0, whole=50.0, own=True).task(4, 3) == 4 * (3 * 1.0 + 10 * 2.0 + 50.0) * MB
    assert cut(_need(0.0, records=1.0, whole=90.0, own=True), 1000) == (5, 10)


@given(
    st.floats(0.001, 2000.0),
    st.floats(0.0, 100.0),
    st.booleans(),
    st.integers(1, 2000),
    st.none() | st.integers(1, 40),
    st.none() | st.integers(1, 90),
)
def test_whatever_is_asked_a_task_fits_or_nothing_free_is_left(
    output, records, own, columns, block, window
) -> None:
    need = _need(output, records, own=own)
    members, years = cut(need, columns, block, window)
    assert block in (None, members) and window in (None, years)
    smallest = cut(_need(1e9), columns, block, window)
    assert need.fits(members, years) or (members, years) == smallest


def test_what_a_member_and_year_hold(tmp_path: Path) -> None:
    """One variable of the catchment by day, month and year; an hourly climate keeps 24 times as many steps."""
    asked = settings(output=["daily", "monthly", "annual"], variables=["catchment_runoff"])
    need = need_of(load_ensemble(write_file(tmp_path, SITE, PAST_AND_LOW, asked)), 1, 20, own=False)
    assert need.output == pytest.approx(HELD * DOUBLE * (365.2425 + 12 + 1))
    assert need.files == 3 * VARIABLE_BYTES
    asked = settings(output=["step"], variables=["catchment_runoff"])
    need = need_of(load_ensemble(write_file(tmp_path, SITE, PAST_AND_LOW, asked)), 24, 20, own=False)
    assert need.output == pytest.approx(HELD * DOUBLE * 365.2425 * 24)


def test_a_task_that_is_too_large_is_warned_of_with_the_mend(tmp_path: Path) -> None:
    config = load_ensemble(write_file(tmp_path, SITE, PAST_AND_LOW, settings(output=["daily"])))
    assert warnings_of(config, _plan(1000, 5, 10), _need(10.0)) == []
    (told,) = warnings_of(config, _plan(1000, 32, 10), _need(10.0))
    assert "32 members through 10 years" in told and "3,200 MB" in told
    assert "block = 5 and window_years = 10" in told
    (told,) = warnings_of(config, _plan(1000, 1, 1), _need(600.0))
    assert "600 MB" in told and "keep fewer variables" in told and "daily" in told
    assert warnings_of(config, _plan(3, 1000, 10), _need(10.0)) == []  # three members, whatever the block
    assert TASK_BYTES == 500 * MB

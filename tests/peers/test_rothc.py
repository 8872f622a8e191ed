"""RothC-26.3 against the files that come with the official code (Rothamsted-Models/RothC_Code, version 2.0.0).

The reference prints carbon to 4 decimals from a program with single-precision constants, so 6e-5 t C/ha is agreement
to the last printed digit (targets C).
"""

from __future__ import annotations

import calendar
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from karstsim.analysis.rothc import read_rothc_input, rothc_monthly
from karstsim.forcing.records import FORCING
from karstsim.processes import soil, vegetation
from karstsim.processes.soil import organic_carbon, rothc, water

LAST_DIGIT = 6e-5  # t C/ha
OFFICIAL = {"dpm": "DPM", "rpm": "RPM", "bio": "BIO", "hum": "HUM", "iom": "IOM", "soc": "SOC", "co2": "CO2"}
STARTED = ("dpm", "rpm", "bio", "hum")


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    path = shared_data / "rothc_v2_reference"
    if not path.is_dir():
        pytest.skip(f"{path} is not there")
    return path


@pytest.fixture(scope="module")
def official(folder: Path) -> pd.DataFrame:
    """Official months: row 0 is the empty soil, row 1 the equilibrium, then 1939 to 2007."""
    return pd.read_csv(folder / "month_results.out", skipinitialspace=True)


@pytest.fixture(scope="module")
def computed(folder: Path) -> pd.DataFrame:
    table, ground = read_rothc_input(folder / "RothC_input.dat")
    return rothc_monthly(table, **ground)


def test_spin_up_takes_as_many_months(computed: pd.DataFrame, official: pd.DataFrame) -> None:
    assert computed.attrs["spin_up_months"] == official["Month"][1] == 20916
    for name in STARTED:
        expected = official[f"{OFFICIAL[name]}_t_C_ha"][1]
        assert computed.attrs["start"][name] == pytest.approx(expected, abs=LAST_DIGIT), name


@pytest.mark.parametrize("name", OFFICIAL)
def test_every_month_of_every_pool(computed: pd.DataFrame, official: pd.DataFrame, name: str) -> None:
    expected = official[f"{OFFICIAL[name]}_t_C_ha"].to_numpy(float)[2:]
    assert len(computed) == len(expected) == 828
    assert np.abs(computed[name].to_numpy() - expected).max() <= LAST_DIGIT


def test_every_month_of_the_modifiers_and_the_water(computed: pd.DataFrame, official: pd.DataFrame) -> None:
    """To half a unit of the last digit printed; the deficit has two decimals."""
    months = official[2:]
    assert (computed["year"].to_numpy() == months["Year"].to_numpy()).all()
    for name, column, half in (("temperature", "RM_TMP", 5.1e-5), ("moisture", "RM_Moist", 5.1e-5),
                               ("cover", "RM_PC", 1e-9)):  # fmt: skip
        error = computed[f"{name}_modifier"].to_numpy() - months[column].to_numpy(float)
        assert np.abs(error).max() <= half, name
    assert np.abs(computed["deficit"].to_numpy() - months["SMD_mm"].to_numpy(float)).max() <= 0.0051


def test_every_december_of_the_yearly_file(computed: pd.DataFrame, folder: Path) -> None:
    yearly = pd.read_csv(folder / "year_results.out", skipinitialspace=True)[2:]
    december = computed[computed["month"] == 12]
    for name, column in OFFICIAL.items():
        error = december[name].to_numpy() - yearly[f"{column}_t_C_ha"].to_numpy(float)
        assert np.abs(error).max() <= LAST_DIGIT, name


def test_a_run_may_start_from_given_pools(computed: pd.DataFrame, folder: Path) -> None:
    """From what the spin-up ended with, the months are the same to the bit."""
    table, ground = read_rothc_input(folder / "RothC_input.dat")
    again = rothc_monthly(table[12:], **ground, start=computed.attrs["start"])
    assert again.attrs["spin_up_months"] == 0
    assert np.array_equal(again[list(OFFICIAL)].to_numpy(), computed[list(OFFICIAL)].to_numpy())


def _wet_as(p, modifier: float) -> float:
    """Pore water, mm, at which the daily mode has the given moisture modifier."""
    wetness = (modifier - rothc.DRY_RATE) / (1.0 - rothc.DRY_RATE)
    saturation = p.wilting_saturation + wetness * (p.moist_saturation - p.wilting_saturation)
    room = p.field_capacity_ratio * p.porosity - p.residual_water
    return 1000.0 * p.depth * (p.residual_water + saturation * room)


def test_daily_mode_follows_the_official_years(record_of, on_rows, computed, official) -> None:
    """The column's daily kernel under the official temperature, moisture, cover and inputs: SOC of every December.

    Inputs come evenly over the days of their month instead of at its end; days and years are those of the calendar.
    """
    step = on_rows(organic_carbon.step)
    p, s, f = record_of(soil.PARAMS, clay=23.4, dpm_rpm=1.44), record_of(soil.STATE), record_of(soil.FLUXES)
    litter, forcing = record_of(vegetation.FLUXES), record_of(FORCING)
    for name in (*STARTED, "iom"):
        setattr(s, name, official[f"{OFFICIAL[name]}_t_C_ha"][1] * rothc.MOL_M2_PER_T_HA)
    errors = []
    for m in computed.itertuples():
        days = calendar.monthrange(m.year, m.month)[1]
        assert m.manure == 0.0 and m.dpm_rpm == 1.44
        s.temperature, p.cover_factor = m.temperature, m.cover_modifier
        f.final_volume = _wet_as(p, m.moisture_modifier)
        litter.litterfall = m.plant * rothc.MOL_M2_PER_T_HA / days
        for _ in range(days):
            step(p, s, f, litter, forcing, 1.0)
        if m.month == 12:
            expected = official["SOC_t_C_ha"][2 + m.Index - computed.index[0]]
            errors.append(f.organic_carbon / rothc.MOL_M2_PER_T_HA / expected - 1.0)
    assert len(errors) == 69
    assert np.abs(errors).max() <= 0.01


def test_the_moisture_of_the_daily_test_is_that_of_the_kernel(record_of, on_rows) -> None:
    p = record_of(soil.PARAMS)
    for modifier in (0.2, 0.5, 1.0):
        assert on_rows(rothc.moisture_modifier)(p, _wet_as(p, modifier)) == pytest.approx(
            modifier, rel=1e-12, abs=0.0
        )
    assert on_rows(water.saturation)(p, _wet_as(p, 1.0)) == pytest.approx(
        p.moist_saturation, rel=1e-12, abs=0.0
    )

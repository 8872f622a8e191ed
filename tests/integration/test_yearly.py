"""Deposition by the year: out of files, and what it does in a run."""

from __future__ import annotations

import numpy as np
import pytest

import karstsim as ks
from karstsim.core.errors import InputError
from karstsim.forcing.yearly import read_yearly


def test_loads_become_parameters(tmp_path) -> None:
    """19.236 kg S per hectare are 0.06 mol m-2; 10 kg N are 1 g m-2, 1/14.007 mol."""
    path = tmp_path / "deposition.csv"
    path.write_text("year,dry_sulfur_kg_s_ha_a,dry_oxidised_nitrogen_kg_n_ha_a\n2000,19.236,10\n2001,0,0\n")
    found = read_yearly(path)
    assert found["soil.dry_sulfur"][1] == pytest.approx([0.06, 0.0])
    assert found["soil.dry_nitrogen"][1] == pytest.approx([1.0 / 14.007, 0.0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("year,sulfur\n2000,1\n", "neither a parameter nor a load"),
        ("year,soil.dry_sulfur\n2001,0.1\n2000,0.1\n", "years do not rise"),
        ("year,soil.dry_sulfur\n2000,0.1\n2001,\n", "year 2001: is missing"),
        ("when,soil.dry_sulfur\n2000,0.1\n", "no table by the year"),
    ],
)
def test_bad_tables(tmp_path, text, message) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_yearly(path)


def test_a_run_follows_the_series(whole_site, climate_forcing) -> None:
    """Sulfate deposited in each year is that of the table: 0.05 and 0.1 mol m-2 a-1 on 365 of 365.2425 days."""
    site = whole_site(("grass",), 1)
    weather = climate_forcing("monsoon", years=2, start="2001-01-01", calendar="noleap")
    series = {"soil.dry_sulfur": (np.array([2001.0, 2002.0]), np.array([0.05, 0.1]))}
    asked = {"output": ["annual"], "variables": ["soil_deposited_so4"], "spinup_years": 0}
    out = ks.simulate(site, weather, series=series, **asked)
    assert out["soil_deposited_so4"].values[:, 0] == pytest.approx(np.array([0.05, 0.1]) * 365.0 / 365.2425)
    later = climate_forcing("monsoon", years=2, start="2003-01-01", calendar="noleap")
    with pytest.raises(InputError, match="covers 2001 to 2002, the run 2003"):
        ks.simulate(site, later, series=series, **asked)
    with pytest.raises(InputError, match="is not a parameter"):
        ks.simulate(site, weather, series={"soil.nonsense": series["soil.dry_sulfur"]}, **asked)

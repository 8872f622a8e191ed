"""Plans: draws, members, and the forcing that drives each of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.ensemble.plan import Plan, Range, latin_hypercube
from karstsim.ensemble.run import join_forcings
from karstsim.forcing.synthetic import synthetic_forcing


def test_a_logarithmic_range_is_halved_at_its_geometric_middle() -> None:
    """Half way between 1 and 100 in logarithms is 10; as a factor it is written as one."""
    assert Range(1.0, 100.0, log=True).at(0.5) == pytest.approx(10.0)
    assert Range(0.5, 2.0, factor=True, log=True).at(0.5) == {"factor": pytest.approx(1.0)}
    assert Range(2.0, 4.0).at(0.25) == 2.5


def test_a_latin_hypercube_has_one_draw_in_each_stratum() -> None:
    """Of 8 draws one lies in each eighth of every range; the same seed repeats them."""
    ranges = {"soil.depth": Range(0.2, 1.0), "epikarst.capacity": Range(50.0, 500.0, log=True)}
    draws = latin_hypercube(ranges, 8, seed=3)
    depth = sorted(int((d["soil.depth"] - 0.2) / 0.1) for d in draws)
    capacity = sorted(int(8 * math.log(d["epikarst.capacity"] / 50.0) / math.log(10.0)) for d in draws)
    assert depth == list(range(8))
    assert capacity == list(range(8))
    assert latin_hypercube(ranges, 8, seed=3) == draws
    assert latin_hypercube(ranges, 8, seed=4) != draws


def test_an_unknown_parameter_cannot_be_drawn() -> None:
    with pytest.raises(InputError, match=r"soil\.dept"):
        latin_hypercube({"soil.dept": Range(0.0, 1.0)}, 4, seed=1)


def _forcing(scenario: str, seeds: list[int]) -> xr.Dataset:
    parts = [synthetic_forcing(scenario, 2015, 2015, seed) for seed in seeds]
    return xr.concat(parts, dim="location", combine_attrs="drop_conflicts")


def test_draws_share_one_weather_or_have_their_own() -> None:
    """Three draws of two scenarios: one location is shared, three are dealt out, counted through all scenarios."""
    plan = Plan(("ssp126", "ssp585"), ({}, {}, {}))
    shared, own = _forcing("ssp126", [1]), _forcing("ssp585", [1, 2, 3])
    joined, rows = join_forcings({"ssp126": shared, "ssp585": own}, plan)
    assert rows == [[0, 0, 0], [1, 2, 3]]
    np.testing.assert_array_equal(joined["pr"].values[3], own["pr"].values[2])


def test_a_scenario_without_forcing_or_with_another_span_is_refused() -> None:
    plan = Plan(("ssp126", "ssp585"), ({},))
    one = _forcing("ssp126", [1])
    with pytest.raises(InputError, match="ssp585"):
        join_forcings({"ssp126": one}, plan)
    with pytest.raises(InputError, match="time axis"):
        join_forcings({"ssp126": one, "ssp585": one.isel(time=slice(0, 300))}, plan)

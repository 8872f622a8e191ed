"""The site under the weather of every cell of a grid: each column is what it is alone, with its own place."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import karstsim as ks
from karstsim.core.errors import InputError
from karstsim.model import simulate as facade

VARIABLES = ["catchment_runoff", "atmosphere_extraterrestrial_radiation", "aquifer_spring_ph"]


@pytest.fixture(scope="module")
def columns(climate_forcing) -> xr.Dataset:
    """Three cells of a month with different weather at three latitudes."""
    parts = [climate_forcing("monsoon", years=1, seed=s).isel(time=slice(0, 40)) for s in (1, 2, 3)]
    names = ["a", "b", "c"]
    ds = xr.concat(
        [p.drop_vars(["lat", "lon", "location"], errors="ignore") for p in parts], "location", coords="minimal",
        compat="override",
    )  # fmt: skip
    place = {
        "location": names,
        "lat": ("location", [20.0, 26.0, 40.0]),
        "lon": ("location", [100.0, 101.0, 102.0]),
    }
    return ds.assign_coords(place)


def test_each_column_is_what_it_is_alone(whole_site, columns, monkeypatch) -> None:
    site = whole_site(("grass",), 1)
    asked = {"output": ["daily"], "variables": VARIABLES, "spinup_years": 1}
    together = ks.simulate(site, columns, **asked)
    assert dict(together.sizes)["location"] == 3 and list(together.location.values) == ["a", "b", "c"]
    np.testing.assert_array_equal(together.lat, [20.0, 26.0, 40.0])
    alone = ks.simulate(site.model_copy(update={"latitude": 40.0}), columns.isel(location=[2]), **asked)
    for name in VARIABLES:
        np.testing.assert_array_equal(together[name].isel(location=2), alone[name])
    monkeypatch.setattr(facade, "LOCATIONS_AT_ONCE", 2)
    xr.testing.assert_identical(together, ks.simulate(site, columns, workers=2, **asked))


def test_a_restart_is_of_one_site(whole_site, columns) -> None:
    with pytest.raises(InputError, match="there are 3 locations"):
        ks.simulate(whole_site(("grass",), 1), columns, restart="x.nc")

"""Tiles of different rock over one aquifer: what dissolves where, and what the spring then carries."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import karstsim as ks
from karstsim.forcing.synthetic import synthetic_forcing

PLACE = {"name": "hill", "latitude": 36.5, "longitude": -94.3, "elevation": 350.0, "area_km2": 10.0}
NO_ACID = {"soil.dry_sulfur": 0.0, "soil.dry_nitrogen": 0.0, "soil.fertiliser_nitrogen": 0.0}
DISSOLVED = ("soil_rock_dissolution", "soil_rock_film_dissolution", "epikarst_rock_dissolution")
VARIABLES = (
    *DISSOLVED, "soil_calcite_precipitation", "soil_grain_dissolution", "aquifer_matrix_dissolution",
    "aquifer_conduit_dissolution", "aquifer_spring", "aquifer_spring_ca", "aquifer_spring_mg",
)  # fmt: skip


@pytest.fixture(scope="module")
def weather() -> xr.Dataset:
    return synthetic_forcing("stationary", 2015, 2018, lat=36.5, lon=-94.3, elevation=350.0)


def _run(weather: xr.Dataset, lithology: str, land_use: str = "grass", **parameters: float) -> xr.Dataset:
    tile = {"land_use": land_use, "area_fraction": 1.0, "lithology": lithology}
    site = ks.Site.from_dict({**PLACE, "tiles": [tile]})
    return ks.simulate(
        site, weather, {**NO_ACID, **parameters}, variables=VARIABLES, output=["annual"], spinup_years=40
    )


def _total(out: xr.Dataset, *names: str) -> float:
    return float(sum(out[name].sum() for name in names))


@pytest.mark.parametrize("land_use", ["grass", "bare_rock"])
def test_nothing_dissolves_above_the_aquifer_under_a_mantle(weather, land_use) -> None:
    """Water takes up CO2 in the soil and dissolves rock where no gas is left: less calcium, less saturated.

    A closed system ends with less calcium than an open one (e.g. Dreybrodt 1988), here the default's.
    """
    bare, open_rock = _run(weather, "mantled_limestone", land_use), _run(weather, "limestone", land_use)
    for name in (*DISSOLVED, "soil_calcite_precipitation", "soil_grain_dissolution"):
        assert (bare[name].values == 0.0).all(), name
    below = _total(bare, "aquifer_matrix_dissolution", "aquifer_conduit_dissolution")
    assert below > 0.0
    assert below < 0.8 * _total(
        open_rock, *DISSOLVED, "aquifer_matrix_dissolution", "aquifer_conduit_dissolution"
    )


def test_no_rock_at_all_leaves_the_water_of_the_rain(weather) -> None:
    """What calcium the spring has came with the rain."""
    out = _run(weather, "mantled_limestone", **{"aquifer.carbonate_share": 0.0})
    names = (*DISSOLVED, "aquifer_matrix_dissolution", "aquifer_conduit_dissolution")
    assert _total(out, *names) == 0.0
    calcium = _total(out, "aquifer_spring_ca") / _total(out, "aquifer_spring") * 1e3
    assert 0.0 < calcium < 0.1  # mol m-3


def test_dolomite_gives_as_much_magnesium_as_calcium_to_the_water_above_the_aquifer(weather) -> None:
    dolomite, limestone = (
        _run(weather, name, **{"aquifer.carbonate_share": 0.0}) for name in ("dolomite", "limestone")
    )

    def ratio(out: xr.Dataset) -> float:
        return _total(out, "aquifer_spring_mg") / _total(out, "aquifer_spring_ca")

    assert ratio(dolomite) > 0.9
    assert ratio(limestone) == pytest.approx(0.1, abs=0.03)


def test_pedogenic_calcite_in_a_soil_without_rock_is_all_that_dissolves(weather) -> None:
    """Its grains run out, and no rock dissolves in their place."""
    from karstsim.model.initial import set_initial_state
    from karstsim.model.simulate import Simulation

    tile = {"land_use": "grass", "area_fraction": 1.0, "lithology": "mantled_limestone"}
    run = Simulation(ks.Site.from_dict({**PLACE, "tiles": [tile]}), weather, [NO_ACID])
    set_initial_state(run.tables, run.site, run.forcing)
    held = 0.02  # mol m-2, a few weeks of it
    run.tables.state["tile"]["soil"]["carbonate"] = held
    out = run.run(
        ["annual"], ["soil_grain_dissolution", "soil_rock_dissolution", "soil_calcite_precipitation"]
    )["annual"]
    given = _total(out, "soil_grain_dissolution") - _total(out, "soil_calcite_precipitation")
    left = float(run.tables.state["tile"]["soil"]["carbonate"][0, 0])
    assert left < 1e-6
    assert given == pytest.approx(held - left, rel=1e-9)
    assert np.abs(out["soil_rock_dissolution"].values).max() < 1e-12

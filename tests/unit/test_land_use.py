"""Land use that changes: area carries what it holds, transitions follow their time, eroded soil is in the books."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.core.errors import InputError
from karstsim.model.simulate import Simulation
from karstsim.model.site import Site

SITE = {"name": "s", "latitude": 26.3, "longitude": 105.7, "elevation": 1200.0, "area_km2": 10.0}
FIELDS = [{"land_use": "cropland"}, {"land_use": "grass"}, {"land_use": "secondary_forest"}]
AREAS = {
    "years": [2001, 2003],
    "fractions": {"cropland": [0.7, 0.1], "grass": [0.3, 0.3], "secondary_forest": [0.0, 0.6]},
}


def _site(tiles, **more) -> Site:
    return Site.from_dict({**SITE, "tiles": tiles, **more})


def _totals(run: Simulation) -> np.ndarray:
    """Every float of the tiles, weighted with their areas: (member, float)."""
    area = run.tables.state["tile"]["tile"]["area_fraction"]
    return np.einsum("mt,mtf->mf", area, run.tables.state_floats["tile"])


def test_area_carries_all_it_holds(climate_forcing) -> None:
    """From 2001 to 2002 the cropland shrinks from 0.7 to 0.4: forest, from nothing, holds what the cropland held."""
    run = Simulation(_site(FIELDS, areas=AREAS), climate_forcing("monsoon", years=1))
    run.spin_up(1)
    run.run(["annual"])
    before, land = _totals(run), run.tables.state["tile"]
    carbon = land["soil"]["hum"][0].copy()
    run.land_use.begin_year(run.tables, 2002)
    np.testing.assert_allclose(land["tile"]["area_fraction"], [[0.4, 0.3, 0.3]], atol=1e-15)
    assert land["soil"]["hum"][0, 2] == pytest.approx(carbon[0], rel=1e-14, abs=0.0)
    assert land["soil"]["hum"][0, 1] == carbon[1]
    after = _totals(run)
    skip = [
        i for i, (a, b) in enumerate(zip(before[0], after[0], strict=True)) if abs(a - b) > 1e-12 * abs(a)
    ]
    assert len(skip) <= 3  # the area itself, the age and its year
    run.land_use.begin_year(run.tables, 2002)
    np.testing.assert_array_equal(_totals(run), after)


def test_the_books_close_while_area_moves(climate_forcing) -> None:
    run = Simulation(_site(FIELDS, areas=AREAS), climate_forcing("monsoon", years=4))
    run.spin_up(1)
    annual = run.run(["annual"], ["tile_area_fraction", "catchment_imbalance_*"])["annual"].isel(
        realization=0
    )
    assert max(run.closure().values()) <= 1e-12
    assert max(float(annual[n].max()) for n in annual if "imbalance" in n) <= 1e-13
    np.testing.assert_allclose(annual["tile_area_fraction"].isel(tile=2), [0.0, 0.3, 0.6, 0.6], atol=1e-12)


def test_a_transition_follows_its_time(climate_forcing) -> None:
    """Cropland to secondary forest, tau 20 years: in year n p = p_from + (p_to - p_from)(1 - exp(-n/20)).

    The crop coefficient goes from 0.80 to 0.92, the depth of the soil with 80 years from 0.40 to 0.45 m.
    """
    tile = {"land_use": "secondary_forest", "grows_from": "cropland", "area_fraction": 1.0, "since": 2002}
    run = Simulation(_site([tile]), climate_forcing("monsoon", years=1))
    run.spin_up(0)
    for year, n in ((2000, 0), (2002, 0), (2003, 1), (2007, 5), (2007, 5)):
        run.land_use.begin_year(run.tables, year)
        params = run.tables.params["tile"]
        assert params["vegetation"]["crop_coefficient"][0, 0] == pytest.approx(
            0.80 + 0.12 * (1.0 - np.exp(-n / 20.0)), rel=1e-14
        )
        assert params["soil"]["depth"][0, 0] == pytest.approx(
            0.40 + 0.05 * (1.0 - np.exp(-n / 80.0)), rel=1e-14
        )


def test_a_change_before_the_run_is_refused(climate_forcing, tmp_path) -> None:
    """It would begin with the run's first year, unsaid; a run that goes on from a restart of that time has it."""
    tile = {"land_use": "secondary_forest", "grows_from": "cropland", "area_fraction": 1.0, "since": 2001}
    site = _site([tile])
    late = climate_forcing("monsoon", years=1, start="2002-01-01")
    run = Simulation(site, late)
    run.spin_up(1)
    with pytest.raises(InputError, match="changes from 2001 on, and the run begins in 2002"):
        run.run(["annual"])
    whole = climate_forcing("monsoon", years=2)
    early = Simulation(site, whole.isel(time=slice(0, 365)))
    early.spin_up(1)
    early.run(["annual"])
    ends = whole.isel(time=slice(365, None))
    restart = early.write_restart(tmp_path / "state.nc")
    run = Simulation(site, ends)
    run.start_from(restart)
    run.run(["annual"])
    assert run.tables.state["tile"]["tile"]["age"][0, 0] == pytest.approx(1.0)


def test_new_land_is_young(climate_forcing) -> None:
    """A forest of age 4 on 0.3 of the catchment that gains 0.3 of cropland has the mean age 2."""
    tiles = [{"land_use": "cropland"}, {"land_use": "secondary_forest", "grows_from": "cropland"}]
    areas = {"years": [2001, 2002], "fractions": {"cropland": [0.7, 0.4], "secondary_forest": [0.3, 0.6]}}
    run = Simulation(_site(tiles, areas=areas), climate_forcing("monsoon", years=1))
    run.spin_up(0)
    land = run.tables.state["tile"]["tile"]
    land["age"][:, 1], land["age_year"] = 3.0, 2001.0
    run.land_use.begin_year(run.tables, 2002)
    assert land["age"][0, 1] == pytest.approx(2.0, rel=1e-14, abs=0.0)


def test_lost_soil_takes_its_carbon_along(climate_forcing) -> None:
    """Cropland to bare rock: the soil thins from 0.40 to 0.10 m and loses the same share of its carbon, booked."""
    tile = {"land_use": "bare_rock", "grows_from": "cropland", "area_fraction": 1.0, "transition_years": 1.0}
    run = Simulation(_site([tile]), climate_forcing("monsoon", years=4))
    run.spin_up(2)
    humus = float(run.tables.state["tile"]["soil"]["iom"][0, 0])
    run.run(["annual"])
    depth = float(run.tables.params["tile"]["soil"]["depth"][0, 0])
    assert 0.1 < depth < 0.3
    assert float(run.tables.state["tile"]["soil"]["iom"][0, 0]) == pytest.approx(
        humus * depth / 0.40, rel=1e-12
    )
    assert float(run.tables.state["tile"]["tile"]["eroded_carbon"][0, 0]) > humus * (1.0 - depth / 0.40)
    assert max(run.closure().values()) <= 1e-12


def test_land_that_comes_to_shallower_soil_is_eroded(climate_forcing) -> None:
    """Cropland (0.40 m) of 0.4 joins 0.2 of rock (0.10 m): of the mixed 0.30 m a third stays, with its carbon."""
    tiles = [{"land_use": "cropland"}, {"land_use": "bare_rock"}]
    areas = {"years": [2001, 2002], "fractions": {"cropland": [0.8, 0.4], "bare_rock": [0.2, 0.6]}}
    run = Simulation(_site(tiles, areas=areas), climate_forcing("monsoon", years=2))
    run.spin_up(1)
    soil, land = run.tables.state["tile"]["soil"], run.tables.state["tile"]["tile"]
    field, rock = (float(v) for v in soil["hum"][0])
    eroded = float(land["eroded_carbon"][0, 1])
    run.land_use.begin_year(run.tables, 2002)
    mean, depth = (0.4 * field + 0.2 * rock) / 0.6, (0.4 * 0.40 + 0.2 * 0.10) / 0.6
    assert float(soil["hum"][0, 1]) == pytest.approx(mean * 0.10 / depth, rel=1e-12, abs=0.0)
    assert float(soil["hum"][0, 0]) == field and float(land["eroded_carbon"][0, 0]) == 0.0
    assert float(land["eroded_carbon"][0, 1]) - eroded > mean * (1.0 - 0.10 / depth)
    run.run(["annual"])
    assert max(run.closure().values()) <= 1e-12


def test_land_that_comes_to_deeper_soil_keeps_its_carbon(climate_forcing) -> None:
    tiles = [{"land_use": "cropland"}, {"land_use": "virgin_forest"}]
    areas = {"years": [2001, 2002], "fractions": {"cropland": [1.0, 0.5], "virgin_forest": [0.0, 0.5]}}
    run = Simulation(_site(tiles, areas=areas), climate_forcing("monsoon", years=1))
    run.spin_up(1)
    run.land_use.begin_year(run.tables, 2002)
    assert float(run.tables.state["tile"]["tile"]["eroded_carbon"].sum()) == 0.0
    humus = run.tables.state["tile"]["soil"]["hum"][0]
    assert humus[1] == pytest.approx(humus[0], rel=1e-14, abs=0.0)


def test_a_restart_changes_no_bit(climate_forcing, tmp_path) -> None:
    """Area and age go on where they were: two runs of two years end as one of four."""
    tiles = [{"land_use": "cropland"}, {"land_use": "bare_rock", "grows_from": "grass"}]
    areas = {"years": [2001, 2004], "fractions": {"cropland": [0.7, 0.4], "bare_rock": [0.3, 0.6]}}
    site, ds = _site(tiles, areas=areas), climate_forcing("monsoon", years=4)
    whole = Simulation(site, ds)
    whole.spin_up(0)
    cut = 400  # in the second year
    first = Simulation(site, ds.isel(time=slice(0, cut)))
    first.spin_up(0)
    for level, floats in first.tables.state_floats.items():  # whose own means are those of a shorter forcing
        floats[...] = whole.tables.state_floats[level]
    whole.run(["annual"])
    first.run(["annual"])
    path = first.write_restart(tmp_path / "restart.nc")
    second = Simulation(site, ds.isel(time=slice(cut, None)))
    second.start_from(path)
    second.run(["annual"])
    for level, floats in whole.tables.state_floats.items():
        np.testing.assert_array_equal(floats, second.tables.state_floats[level])


@pytest.mark.parametrize(
    ("tiles", "more", "message"),
    [
        (FIELDS, {"areas": {"years": [2001], "fractions": {"cropland": [1.0]}}}, "differ in"),
        (FIELDS, {"areas": {**AREAS, "years": [2003, 2001]}}, "do not rise"),
        (FIELDS, {"areas": {**AREAS, "years": [2001]}}, "2 fractions for 1 years"),
        (FIELDS, {}, "sum to 0, not 1"),
        ([{"land_use": "grass", "area_fraction": 1.0, "since": 2000}], {}, "without grows_from"),
        ([{"land_use": "grass"}, {"land_use": "grass"}], {"areas": AREAS}, "two tiles are called"),
    ],
)
def test_contradictions_are_named(tiles, more, message) -> None:
    with pytest.raises(InputError, match=message):
        _site(tiles, **more)

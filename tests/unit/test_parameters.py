"""Parameters: overrides reach the right rows, and what is impossible is refused with name, value and mend."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.core.classes import by_lithology
from karstsim.core.errors import InputError
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.parameters import by_name, check_overrides, parameters_table
from karstsim.model.registry import addresses
from karstsim.model.site import Site

PLACE = {"name": "hill", "latitude": 36.5, "longitude": -94.3, "elevation": 350.0, "area_km2": 10.0}


def _refused(words: str, site, **overrides) -> str:
    with pytest.raises(InputError, match=words) as caught:
        parameter_tables(site, [{k.replace("__", "."): v for k, v in overrides.items()}])
    assert "mend:" in str(caught.value)
    return str(caught.value)


def test_classes_give_their_values(whole_site) -> None:
    """bare_rock 0.10 m of soil, virgin forest 0.60 (design notes 3.12); planted stream G_max 60, reservoir 10 (6.4)."""
    tables = parameter_tables(whole_site(), [{}])
    assert list(tables["tile"]["soil"]["depth"][0]) == [0.10, 0.40, 0.40, 0.40, 0.45, 0.60]
    assert list(tables["box"]["surface_water"]["gross_production"][0]) == [8.0, 10.0, 60.0]


def test_the_lithology_of_a_tile_gives_its_values(whole_site) -> None:
    """Nothing dissolves under a mantle, whatever the land use; the tile's own values go first."""
    tiles = [
        {"land_use": "bare_rock", "area_fraction": 0.25, "lithology": "mantled_limestone"},
        {"land_use": "grass", "area_fraction": 0.25, "lithology": "dolomite"},
        {"land_use": "grass", "area_fraction": 0.5, "lithology": "mantled_limestone"},
    ]
    tiles[2]["parameters"] = {"epikarst.carbonate_share": 0.3}
    table = parameter_tables(Site.from_dict({**PLACE, "tiles": tiles}), [{}])["tile"][0]
    assert list(table["soil"]["carbonate_share"]) == [0.0, 1.0, 0.0]
    assert list(table["epikarst"]["carbonate_share"]) == [0.0, 1.0, 0.3]
    assert list(table["epikarst"]["dolomite_share"]) == [0.1, 1.0, 0.1]
    with pytest.raises(ValueError, match="marble"):
        by_lithology(marble=1.0)


def test_the_site_gives_latitude_areas_and_reaches(whole_site) -> None:
    tables = parameter_tables(whole_site(latitude=-12.5), [{}])
    assert tables["column"]["atmosphere"]["latitude"][0] == -12.5
    assert tables["column"]["aquifer"]["allogenic_area_ratio"][0] == pytest.approx(0.3)
    water = tables["box"]["surface_water"][0]
    assert list(water["reservoir"]) == [0, 1, 0]
    assert list(water["reach_length"]) == [3.0, by_name()["surface_water.reach_length"].param.default, 5.0]
    assert (water["reservoir_area"][1], water["reservoir_depth"][1]) == (0.1, 3.0)
    assert (water["catchment_area"] == 10.0).all()


def test_overrides_are_applied_in_layers(whole_site) -> None:
    """Tile over class, member over tile; a factor multiplies what lies below, absolute values replace it."""
    site = whole_site()
    tables = parameter_tables(
        site, [{}, {"soil.depth": 0.3}, {"soil.depth": {"factor": 2.0}, "soil.irrigation_rate": 1.0}]
    )
    assert list(tables["tile"]["soil"]["irrigation_rate"][0]) == [0.0, 2.0, 0.0, 0.0, 0.0, 0.0]
    assert (tables["tile"]["soil"]["depth"][1] == 0.3).all()
    np.testing.assert_allclose(tables["tile"]["soil"]["depth"][2], [0.20, 0.80, 0.80, 0.80, 0.90, 1.20])
    assert (tables["tile"]["soil"]["irrigation_rate"][2] == 1.0).all()


def test_members_do_not_share_memory(whole_site) -> None:
    tables = parameter_tables(whole_site(), [{}, {}])
    tables["tile"]["soil"]["depth"][0] = 9.0
    assert tables["tile"]["soil"]["depth"][1, 0] == 0.10


def test_unknown_names_are_refused_with_a_suggestion(whole_site) -> None:
    assert "soil.depth" in _refused("is not a parameter", whole_site(), soil__dept=0.4)
    assert "karstsim parameters" in _refused("is not a parameter", whole_site(), qqqq__zzzz=0.4)


@pytest.mark.parametrize("value", [-1.0, 1e9, float("inf"), float("nan")])
def test_values_outside_the_bounds_are_refused(whole_site, value) -> None:
    assert "0.02..3" in _refused("soil.depth", whole_site(), soil__depth=value)


@pytest.mark.parametrize("factor", [0.0, -1.0, 100.0, float("nan"), float("inf")])
def test_factors_that_lead_outside_the_bounds_are_refused(whole_site, factor) -> None:
    _refused("soil.depth", whole_site(), soil__depth={"factor": factor})


def test_a_switch_takes_whole_numbers_only(whole_site) -> None:
    _refused("whole number", whole_site(), surface_water__k600_law=1.5)


@pytest.mark.parametrize(
    "overrides",
    [
        {"vegetation.leaf_allocation": 0.8, "vegetation.wood_allocation": 0.4},  # roots would get -0.2
        {
            "soil.field_capacity_ratio": 0.45,
            "soil.porosity": 0.3,
            "soil.residual_water": 0.15,
        },  # 0.135 < 0.15
        {"soil.wilting_saturation": 0.3, "soil.moist_saturation": 0.3},  # division by zero
    ],
    ids=["allocation", "bucket", "moisture"],
)
def test_sets_that_are_impossible_together_are_refused(whole_site, overrides) -> None:
    """Each value lies inside its bounds; together they make a negative store or divide by zero."""
    for name, value in overrides.items():
        check_overrides({name: value}, "test")
    _refused("do not satisfy", whole_site(), **{k.replace(".", "__"): v for k, v in overrides.items()})


def test_impossible_sets_of_a_tile_are_refused_too(whole_site) -> None:
    tiles = [{"land_use": "grass", "area_fraction": 1.0, "parameters": {"vegetation.wood_allocation": 0.9}}]
    with pytest.raises(InputError):
        parameter_tables(whole_site(tiles=tiles), [{}])


def test_the_defaults_are_possible(whole_site) -> None:
    from karstsim.core.classes import LAND_USES

    for land_use in LAND_USES:
        parameter_tables(whole_site((land_use,)), [{}])


def test_the_table_lists_every_parameter() -> None:
    table = parameters_table()
    assert list(table["name"]) == [a.name for a in addresses()]
    row = table.set_index("name").loc["soil.depth"]
    assert (row["default"], row["units"], row["lower"], row["upper"], row["level"]) == (
        0.4,
        "m",
        0.02,
        3.0,
        "tile",
    )
    assert "bare_rock 0.1" in row["by_class"]

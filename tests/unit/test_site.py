"""Sites: what is accepted, and what a wrong key is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from karstsim.core.errors import InputError
from karstsim.model.site import DEFAULT_SLOPE, Site

TILES = [{"land_use": "cropland", "area_fraction": 0.4}, {"land_use": "shrub", "area_fraction": 0.6}]
STREAM = {"name": "creek", "kind": "stream", "water_class": "headwater", "length_km": 2.0}
LAKE = {"name": "lake", "kind": "reservoir", "water_class": "reservoir", "area_km2": 1.5, "depth_m": 12.0}


def site_data(**changes: Any) -> dict[str, Any]:
    base = {"name": "Puding", "latitude": 26.3, "longitude": 105.7, "elevation": 1200, "area_km2": 10.0}
    return {**base, "tiles": TILES, **changes}


def test_a_complete_site() -> None:
    site = Site.from_dict(site_data(boxes=[STREAM, LAKE], allogenic_area_km2=3.0, mean_temperature=15.2))
    assert [t.land_use for t in site.tiles] == ["cropland", "shrub"]
    assert site.elevation == 1200.0
    assert site.boxes[0].slope == DEFAULT_SLOPE
    assert site.boxes[1].slope is None


def test_a_site_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Site.from_dict(site_data()).elevation = 3.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "key", "hint"),
    [
        ({"lattitude": 26.3}, "site.lattitude", "'latitude'"),
        ({"latitude": 91.0}, "site.latitude", "90"),
        ({"latitude": float("nan")}, "site.latitude", "finite"),
        ({"elevation": "1200"}, "site.elevation", "without quotes"),
        ({"elevation": True}, "site.elevation", "not a number"),
        ({"area_km2": 0.0}, "site.area_km2", "greater than 0"),
        ({"name": "two\nlines"}, "site.name", "one line"),
        ({"tiles": []}, "site.tiles", "at least one"),
        ({"tiles": [{"land_use": "gras", "area_fraction": 1.0}]}, "site.tiles[0].land_use", "'grass'"),
        (
            {"tiles": [{"land_use": "grass", "area_fraction": 1.0, "lithology": "chalk"}]},
            "site.tiles[0].lithology",
            "mantled_limestone",
        ),
        ({"tiles": [{"land_use": "grass"}]}, "site", "sum to 0"),
        ({"tiles": [{"land_use": "grass", "area_fraction": 0.9}]}, "site", "sum to 0.9"),
        ({"boxes": [{**STREAM, "water_class": "headwaters"}]}, "site.boxes[0].water_class", "'headwater'"),
        ({"boxes": [{**STREAM, "kind": "river"}]}, "site.boxes[0].kind", "'stream' or 'reservoir'"),
        ({"boxes": [{**STREAM, "depth_m": 1.0}]}, "site.boxes[0]", "a stream has no depth_m"),
        ({"boxes": [{**LAKE, "slope": 0.1}]}, "site.boxes[0]", "a reservoir has no slope"),
        ({"boxes": [{k: v for k, v in LAKE.items() if k != "depth_m"}]}, "site.boxes[0]", "needs depth_m"),
        ({"boxes": [STREAM, STREAM]}, "site", "two boxes are called 'creek'"),
    ],
)
def test_a_wrong_key_is_named_with_its_mend(changes: dict[str, Any], key: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        Site.from_dict(site_data(**changes), where="site.toml")
    assert caught.value.where == f"site.toml, {key}"
    assert hint in str(caught.value)


def test_all_problems_are_listed() -> None:
    with pytest.raises(InputError) as caught:
        Site.from_dict(site_data(latitude=100.0, elevaton=3.0, area_km2=-1.0), where="site.toml")
    for key in ("site.latitude", "site.elevaton", "site.area_km2"):
        assert key in caught.value.what


def test_fractions_may_miss_one_by_rounding_only() -> None:
    thirds = [{"land_use": "grass", "area_fraction": 0.3333333} for _ in range(3)]
    assert len(Site.from_dict(site_data(tiles=thirds)).tiles) == 3
    rough = [{"land_use": "grass", "area_fraction": 0.333} for _ in range(3)]
    with pytest.raises(InputError, match=r"sum to 0\.999"):
        Site.from_dict(site_data(tiles=rough))


def test_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(
        "[site]\nname = 'a'\nlatitude = 1\nlongitude = 2\nelevation = 3\narea_km2 = 4\n"
        "[[site.tiles]]\nland_use = 'grass'\narea_fraction = 1\n"
        "[[site.boxes]]\nname = 'b'\nkind = 'stream'\nwater_class = 'pond'\nlength_km = 1\n"
    )
    site = Site.from_toml(path)
    assert (site.name, site.longitude, site.boxes[0].length_km) == ("a", 2.0, 1.0)


def test_a_file_without_a_site_table(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("[sites]\n")
    with pytest.raises(InputError, match="did you mean 'site'"):
        Site.from_toml(path)
    path.write_text("")
    with pytest.raises(InputError, match=r"no \[site\] table"):
        Site.from_toml(path)

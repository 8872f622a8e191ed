"""Arguments of another kind are refused at the door of the public functions, with what to give instead."""

from __future__ import annotations

import pandas as pd
import pytest
import xarray as xr

import karstsim as ks
from karstsim.core.errors import InputError

WEATHER = xr.Dataset()
TILES = [{"land_use": "grass", "area_fraction": 1.0}]
PLACE = {
    "name": "here",
    "latitude": 26.3,
    "longitude": 105.7,
    "elevation": 1200.0,
    "area_km2": 1.0,
    "tiles": TILES,
}
SITE = ks.Site(**PLACE)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ks.simulate(WEATHER, SITE), r"site: is of type Dataset.*\n.*simulate\(site, forcing\)"),
        (lambda: ks.simulate("my.toml", WEATHER), r"site: is of type str.*\n.*Site\.from_toml"),
        (lambda: ks.simulate(SITE, "tas.nc"), r"forcing: is of type str.*\n.*open_forcing"),
        (lambda: ks.simulate(SITE, None), r"forcing: is of type NoneType"),
        (
            lambda: ks.open_forcing(["tas.nc", "pr.nc"]),
            r"files, one: is of type list and should be str or Path",
        ),
        (lambda: ks.open_forcing(WEATHER), r"files, one: is of type Dataset"),
        (lambda: ks.read_spring_table(pd.DataFrame({"ca": [1.0]})), r"type DataFrame.*\n.*to_csv"),
        (lambda: ks.quality_report("spring.csv"), r"type str.*\n.*read_spring_table"),
        (lambda: ks.adjust_bias("model.nc", WEATHER), r"model: is of type str"),
        (lambda: ks.adjust_bias(WEATHER, "station.csv"), r"station: is of type str"),
        (lambda: ks.fit_weather(WEATHER), "not daily weather"),
        (lambda: ks.Site(**{**PLACE, "elevation": "high"}), r"Site, elevation: .*number \(it is 'high'\)"),
        (lambda: ks.Site(**PLACE, boxs=[]), r"Site, boxs: is not a known key\n.*boxes"),
        (lambda: ks.Site(name="here"), r"Site: 5 problems\n  latitude: is missing"),
        (lambda: ks.Site("here"), r"Site: takes its values by name.*\n.*Site\.from_toml"),
        (lambda: ks.plot.dotty("runs/a"), r"dotty: is of type str and should be Dataset\n.*ks\.calibrate"),
    ],
)
def test_each_says_what_to_give(call, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()

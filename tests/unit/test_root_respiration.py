"""Root respiration with a temperature of its own: the response, what it keeps of a year's production, and the step."""

from __future__ import annotations

import math

import numpy as np
import pytest

from karstsim.core.jit import kernel
from karstsim.model.simulate import Simulation
from karstsim.model.site import Site
from karstsim.processes import vegetation
from karstsim.processes.vegetation import biomass
from karstsim.processes.vegetation.biomass import RootResponse

YEAR = 365.2425
SITE = {"name": "roots", "latitude": 26.3, "longitude": 105.7, "elevation": 1200.0, "area_km2": 1.0}


@pytest.mark.parametrize(
    ("temperature", "expected"),
    # exp(308.56 (1/56.02 - 1/(T + 46.02))) on a calculator
    [(10.0, 1.0), (20.0, 2.30320), (0.0, 0.30214), (-40.0, 1.3552e-20), (-80.0, 1.3552e-20)],
)
def test_response_by_hand(record_of, on_rows, temperature, expected) -> None:
    p = record_of(vegetation.PARAMS, root_temperature_response=RootResponse.LLOYD_TAYLOR)
    assert on_rows(biomass.root_activity)(p, temperature) == pytest.approx(expected, rel=1e-4)
    p.root_temperature_response = RootResponse.NONE
    assert on_rows(biomass.root_activity)(p, temperature) == 1.0


def test_unknown_temperature_stays_visible(record_of, on_rows) -> None:
    p = record_of(vegetation.PARAMS, root_temperature_response=RootResponse.LLOYD_TAYLOR)
    assert math.isnan(on_rows(biomass.root_activity)(p, math.nan))


@kernel
def _breathe(p, s, f, years, dt, shift):
    """Seasons of production and of soil temperature; (production, root respiration) of the last year, mol m-2."""
    made, respired = 0.0, 0.0
    for step in range(round(years * YEAR / dt)):
        day = step * dt
        season = math.cos(2.0 * math.pi * (math.floor(day) + 0.5) / YEAR)
        f.npp = 0.1 * (1.0 - 0.8 * season) * dt
        f.gpp = 2.0 * f.npp
        biomass.step(p, s, f, 12.0 + shift - 9.0 * season, dt)
        if day >= (years - 1.0) * YEAR:
            made += f.npp
            respired += f.root_respiration
    return made, respired


@pytest.mark.parametrize("response", list(RootResponse))
@pytest.mark.parametrize("shift", [-8.0, 0.0, 8.0])
@pytest.mark.parametrize("dt", [1.0, 1.0 / 24.0])
def test_a_year_respires_its_share_of_production(record_of, on_rows, response, shift, dt) -> None:
    """In any climate and at any step roots breathe 0.6 of NPP, within 1 %: heat moves it in time alone."""
    p = record_of(vegetation.PARAMS, root_temperature_response=response, root_respiration=0.6)
    s, f = record_of(vegetation.STATE), record_of(vegetation.FLUXES)
    made, respired = on_rows(_breathe)(p, s, f, 4.0, dt, shift)
    assert respired / made == pytest.approx(0.6, rel=0.01)


def test_a_warm_day_is_seen_the_same_day(record_of, on_rows) -> None:
    """At rest at 10 degC, then a day at 20 degC: respiration times 2.30 less what a day at that rate uses up.

    m falls from 1 to 1 + (1/g - 1)(1 - e^(-g/20)) = 0.93845 with g = 2.3032. Without the response nothing happens.
    """
    for response, expected in ((RootResponse.NONE, 1.0), (RootResponse.LLOYD_TAYLOR, 2.30320 * 0.93845)):
        p = record_of(vegetation.PARAMS, root_temperature_response=response)
        s, f = record_of(vegetation.STATE, npp_recent=0.1, reserve=10.0), record_of(vegetation.FLUXES)
        seen = []
        for temperature in (10.0, 20.0):
            f.npp, f.gpp = 0.1, 0.2
            on_rows(biomass.step)(p, s, f, temperature, 1.0)
            seen.append(float(f.root_respiration))
        assert seen[1] / seen[0] == pytest.approx(expected, rel=1e-4)


@pytest.fixture(scope="module")
def courses(climate_forcing) -> dict[int, np.ndarray]:
    """Daily (root respiration, soil temperature, books) of two years of forest without and with the response."""
    found = {}
    for response in RootResponse:
        tile = {
            "land_use": "secondary_forest",
            "area_fraction": 1.0,
            "parameters": {"vegetation.root_temperature_response": int(response)},
        }
        run = Simulation(Site.from_dict({**SITE, "tiles": [tile]}), climate_forcing("monsoon", years=2))
        run.spin_up(5)
        names = [
            "vegetation_root_respiration",
            "vegetation_npp",
            "soil_temperature",
            "catchment_imbalance_carbon",
        ]
        found[int(response)] = run.run(["daily"], names)["daily"].squeeze()
        assert max(run.closure().values()) <= 1e-12
    return found


def test_roots_of_a_catchment_follow_the_soil(courses) -> None:
    """What the response changes moves with the soil's temperature from day to day; the year is the same within 1 %."""
    without, with_it = (courses[int(r)] for r in RootResponse)
    ratio = (with_it.vegetation_root_respiration / without.vegetation_root_respiration).values
    moved, warmed = np.diff(np.log(ratio)), np.diff(without.soil_temperature.values)
    assert np.corrcoef(moved, warmed)[0, 1] > 0.5
    assert float(with_it.catchment_imbalance_carbon.max()) <= 1e-13
    total = [float(ds.vegetation_root_respiration.sum()) for ds in (without, with_it)]
    assert total[1] == pytest.approx(total[0], rel=0.01)

"""Caves in the whole model: what a year of monitoring under a Guizhou climate would show (design notes 5.2, 5.3)."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from karstsim.model.simulate import Simulation

LAND_USES = ("bare_rock", "cropland", "secondary_forest")
ATMOSPHERES = 101325.0 / 96000.0  # ppm from the CO2 pressure at the forcing's air pressure


@pytest.fixture(scope="module")
def year(climate_forcing, whole_site) -> xr.Dataset:
    """Months of the last of two years at defaults, but for the conduit: its water mixes the CO2 of the tiles' caves."""
    alone = {"aquifer.conduit_air_share": 0.0}
    run = Simulation(whole_site(LAND_USES, 0), climate_forcing("monsoon", years=2), [alone])
    run.spin_up(10)
    out = run.run(["monthly"], ["cave_*", "catchment_imbalance_*", "epikarst_diffuse_recharge"])["monthly"]
    return out.isel(realization=0, time=slice(-12, None))


def _season(year: xr.Dataset, name: str, months: tuple[int, ...]) -> np.ndarray:
    """Mean of some months, per tile."""
    return year[name].isel(time=[m - 1 for m in months]).mean("time").values


def test_summer_air_is_vadose_air_and_winter_air_that_outside(year) -> None:
    """Summer 1500-10000 ppm (design notes 5.2) under cropland, the open air's under bare rock; in winter hardly above
    410 ppm, less than the 450-800 of design notes: nothing but drips gives CO2 to the air then (docs/promises.md).
    """
    summer = 1e6 * ATMOSPHERES * _season(year, "cave_air_pco2", (6, 7, 8))
    winter = 1e6 * ATMOSPHERES * _season(year, "cave_air_pco2", (1, 2, 12))
    assert 400.0 < summer[0] < 500.0
    assert 1500.0 < summer[1] < 10000.0
    assert summer[1] < summer[2]
    assert ((winter > 405.0) & (winter < 800.0)).all()


def test_calcite_grows_in_the_ventilated_season(year) -> None:
    """In winter drip water has lost calcium on its way; in summer it has not, and what grows is what it brings.

    The epikarst leaves water up to its threshold of SI 0.3 above saturation: 0.05 mm a year under cropland.
    """
    cold, warm = (1, 2, 11, 12), (6, 7, 8)
    assert (_season(year, "cave_prior_precipitation", cold)[1:] > 0.02).all()
    assert (_season(year, "cave_prior_precipitation", warm) < 0.01).all()
    ceiling, floor = (_season(year, f"cave_{place}_mg_ca", cold) for place in ("ceiling", "floor"))
    assert (floor[1:] > ceiling[1:]).all()
    assert (_season(year, "cave_floor_ph", cold)[1:] > _season(year, "cave_floor_ph", warm)[1:]).all()
    growth = year["cave_stalagmite_growth"]
    assert float(growth.isel(time=[5, 6, 7]).max()) < 0.1
    assert (growth.mean("time").values[1:] > 1e-3).all()
    assert float(growth.max()) < 1.0


def test_drips_follow_the_recharge(year) -> None:
    """Drops a minute over recharge (mm a month) is one number: 0.02 m2/0.1 mL/(days of the month)."""
    days = year.time.dt.days_in_month
    expected = year["epikarst_diffuse_recharge"] * 200.0 / 1440.0 / days
    assert np.allclose(year["cave_drip_rate"], expected, rtol=1e-6)


def test_books_close_with_caves(year) -> None:
    for element in ("carbon", "calcium", "magnesium"):
        assert float(year[f"catchment_imbalance_{element}"].max()) < 1e-13

"""Every law of potential evapotranspiration in a whole run: what it needs, what it moves, what the result tells."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from karstsim.cli.app import app
from karstsim.core.errors import InputError
from karstsim.model.simulate import Simulation, simulate
from karstsim.processes.atmosphere.potential_evapotranspiration import PetLaw

WANTED = ["atmosphere_pet", "vegetation_potential_evapotranspiration", "catchment_evapotranspiration"]


@pytest.fixture(scope="module")
def two_tiles(whole_site):
    return whole_site(("bare_rock", "virgin_forest"), 0, allogenic_area_km2=0.0)


@pytest.fixture(scope="module")
def weather(climate_forcing) -> xr.Dataset:
    """A year with everything that any law takes."""
    ds = climate_forcing("monsoon", years=1)
    extra = {"tasmin": ds.tas - 4.0, "tasmax": ds.tas + 5.0, "hurs": xr.full_like(ds.tas, 75.0)}
    return ds.assign(**extra, evspsblpot=xr.full_like(ds.tas, 3.0 / 86400.0))


def _run(site, ds: xr.Dataset, law: PetLaw, **parameters: float) -> xr.Dataset:
    chosen = {"atmosphere.pet_law": int(law), **{k.replace("__", "."): v for k, v in parameters.items()}}
    return simulate(site, ds, chosen, output=["annual"], variables=WANTED, spinup_years=0)


def test_all_laws_run_and_differ_plausibly(two_tiles, weather) -> None:
    """Guizhou has about 900 mm of reference evapotranspiration a year: each law has 500 to 1400 mm, no two alike."""
    totals = {law: float(_run(two_tiles, weather, law)["atmosphere_pet"].sum()) for law in PetLaw}
    assert totals[PetLaw.PRESCRIBED] == pytest.approx(3.0 * 365.0)
    assert all(500.0 < t < 1400.0 for t in totals.values()), totals
    assert len({round(t, 3) for t in totals.values()}) == len(PetLaw)


def test_forests_take_more_sun_than_rock(two_tiles, weather) -> None:
    """Per crop coefficient a forest (albedo 0.15) evaporates more than rock (0.30) with net radiation, not without."""
    for law, same in ((PetLaw.OUDIN, True), (PetLaw.PENMAN_MONTEITH, False)):
        pet = _run(two_tiles, weather, law)["vegetation_potential_evapotranspiration"].sum("time").values
        per_coefficient = pet / np.array([0.45, 0.96])
        assert np.isclose(per_coefficient[1], per_coefficient[0], rtol=1e-12) == same
        assert per_coefficient[1] >= per_coefficient[0] * (1.0 - 1e-12)


def test_stomata_close_with_co2(two_tiles, weather) -> None:
    high = weather.assign(co2=xr.full_like(weather.co2, 800.0))
    fao = _run(two_tiles, high, PetLaw.PENMAN_MONTEITH)
    closed = _run(two_tiles, high, PetLaw.PENMAN_MONTEITH, atmosphere__stomatal_co2_response=0.001)
    ratio = float(closed["atmosphere_pet"].sum() / fao["atmosphere_pet"].sum())
    assert 0.85 < ratio < 0.99
    assert closed["catchment_evapotranspiration"].sum() < fao["catchment_evapotranspiration"].sum()


@pytest.mark.parametrize(
    ("law", "without", "message"),
    [
        (PetLaw.HARGREAVES_SAMANI, ["tasmax"], "hargreaves_samani.*needs tasmin and tasmax"),
        (PetLaw.PRIESTLEY_TAYLOR, ["hurs"], "needs hurs, huss or tdps, or rlds"),
        (PetLaw.PENMAN_MONTEITH, ["hurs"], "needs hurs, huss or tdps"),
        (PetLaw.PRESCRIBED, ["evspsblpot"], "needs evspsblpot"),
    ],
)
def test_a_law_without_what_it_needs_is_refused_before_the_run(
    two_tiles, weather, law, without, message
) -> None:
    with pytest.raises(InputError, match=f"(?s){message}.*Oudin"):
        Simulation(two_tiles, weather.drop_vars(without), [{"atmosphere.pet_law": int(law)}])
    Simulation(two_tiles, weather.drop_vars(without))
    with pytest.raises(InputError, match=message):
        Simulation(two_tiles, weather.drop_vars(without), [{}, {"atmosphere.pet_law": int(law)}])


def test_what_stands_in_is_a_repair_of_the_run(two_tiles, weather) -> None:
    bare = weather.drop_vars(["tasmin", "tasmax"])
    run = Simulation(two_tiles, bare, [{"atmosphere.pet_law": 3}])
    told = "\n".join(run.repairs)
    assert (
        "vapour pressure from hurs" in told and "rlds absent" in told and "tasmin and tasmax absent" in told
    )
    assert Simulation(two_tiles, bare).repairs == []


def test_hours_and_days_agree(two_tiles, climate_forcing) -> None:
    """Weather shared out evenly over 24 steps: a law of the day is the same but for the season within the day, 1e-4.

    Penman-Monteith then has no night, so a tenth of the net radiation stays in the ground (FAO-56, Eq. 45).
    """
    day, hour = (climate_forcing("monsoon", years=1, steps_per_day=n) for n in (1, 24))
    day, hour = day.isel(time=slice(0, 60)), hour.isel(time=slice(0, 1440))
    for law, tolerance in ((PetLaw.OUDIN, 1e-4), (PetLaw.PENMAN_MONTEITH, 0.12)):
        totals = [
            float(_run(two_tiles, ds.assign(hurs=xr.full_like(ds.tas, 75.0)), law)["atmosphere_pet"].sum())
            for ds in (day, hour)
        ]
        assert totals[1] == pytest.approx(totals[0], rel=tolerance)


def test_check_shows_the_law_and_what_it_takes(tmp_path) -> None:
    """A station table with relative humidity, wind at 2 m and Penman-Monteith, through the command line."""
    days = [f"2015-01-{d:02d}" for d in range(1, 31)]
    lines = ["date,tas_degC,tmin_degC,tmax_degC,pr_mm_d,rsds_W_m2,wind_m_s,rh_percent"]
    (tmp_path / "station.csv").write_text(
        "\n".join([*lines, *(f"{d},10,6,15,2,120,2,70" for d in days)]) + "\n"
    )
    (tmp_path / "run.toml").write_text(
        '[site]\nname = "x"\nlatitude = 26.3\nlongitude = 105.7\nelevation = 900.0\narea_km2 = 5.0\n'
        '[[site.tiles]]\nland_use = "grass"\narea_fraction = 1.0\n'
        '[forcing]\nfiles = ["station.csv"]\nco2 = 410\nwind_height = 2.0\n'
        '[parameters]\n"atmosphere.pet_law" = 3\n'
    )
    result = CliRunner().invoke(app, ["check", str(tmp_path / "run.toml"), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["evaporation"] == {"penman_monteith": "tas, tasmin, tasmax, ps, rsds, hurs, sfcWind"}
    repairs = "\n".join(report["forcing"]["repairs"])
    assert "from 2 m brought to 10 m" in repairs and "vapour pressure from hurs" in repairs
    shown = CliRunner().invoke(app, ["check", str(tmp_path / "run.toml")])
    assert "penman_monteith" in shown.output

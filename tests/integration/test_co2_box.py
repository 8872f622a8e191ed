"""The box of air: the whole loop of carbon closes, emissions raise CO2 as arithmetic says, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.errors import InputError, RunError
from karstsim.model.simulate import Simulation

EARLY, LATE = {"time": slice(0, 200)}, {"time": slice(200, None)}
BOX = {"atmosphere.co2_source": 1}
AIR = 101325.0 / 9.80665 / 28.9647e-3  # mol m-2 of dry air: pressure over gravity and molar mass
PER_TILE = ("vegetation_gpp", "vegetation_respiration", "soil_efflux", "cave_ventilation", "soil_rock_film_uptake",
            "epikarst_open_air_uptake")  # fmt: skip
PER_BOX = ("surface_water_invasion", "surface_water_evasion", "surface_water_rain_dic")
PER_SITE = ("atmosphere_precipitation_dic",)
OWN = ("atmosphere_co2", "atmosphere_co2_uptake", "atmosphere_air_carbon", "atmosphere_emitted",
       "atmosphere_harvest_returned", "catchment_harvest", "catchment_export_dic")  # fmt: skip
NAMES = (*PER_TILE, *PER_BOX, *PER_SITE, *OWN)


@pytest.fixture(scope="module")
def site(whole_site):
    return whole_site(("bare_rock", "cropland", "secondary_forest"))


def _run(site, ds: xr.Dataset, spinup: int = 0, **parameters: float):
    """(simulation, its daily output) with `atmosphere.` parameters."""
    values = {f"atmosphere.{name}": value for name, value in parameters.items()}
    run = Simulation(site, ds, [values])
    run.spin_up(spinup)
    return run, run.run(["daily"], list(NAMES))["daily"].isel(realization=0)


def test_the_loop_of_carbon_closes(site, climate_forcing) -> None:
    """Two years with emissions: what the box loses is what all fluxes to and from the air say, summed here again.

    The books hold box, land and water together (`Simulation.run` raises when they do not close to 1e-12); the two years
    must move much more carbon through the air than the round-off that is allowed.
    """
    ds = climate_forcing("monsoon", years=2)
    run, out = _run(site, ds, 10, co2_source=1, emissions=20.0)
    land = {n: out[n].mean("tile") for n in PER_TILE}
    taken = land["vegetation_gpp"] - land["vegetation_respiration"] - land["soil_efflux"]
    taken += land["soil_rock_film_uptake"] + land["epikarst_open_air_uptake"] - land["cave_ventilation"]
    taken += (out.surface_water_invasion - out.surface_water_evasion + out.surface_water_rain_dic).sum("box")
    taken += out.atmosphere_precipitation_dic
    assert out.atmosphere_co2_uptake.values == pytest.approx(taken.values, rel=1e-12, abs=1e-13)
    kept = out.atmosphere_emitted + out.atmosphere_harvest_returned - taken
    change = np.diff(out.atmosphere_air_carbon.values)
    assert change == pytest.approx(kept.values[1:], abs=1e-12 * float(out.atmosphere_air_carbon[0]))
    assert float(out.atmosphere_emitted.sum()) == pytest.approx(
        20.0 * len(out.time) / DAYS_PER_YEAR, rel=1e-12
    )
    assert out.atmosphere_harvest_returned.values == pytest.approx(out.catchment_harvest.values)
    assert float(out.catchment_harvest.sum()) > 1.0 and float(abs(taken).sum()) > 10.0
    assert run.closure()["carbon"] < 1e-12


def test_a_leak_out_of_the_box_is_found(site, climate_forcing, monkeypatch) -> None:
    """The books must see carbon that vanishes from the air, in either direction."""
    for sign in (1.0, -1.0):
        run, _ = _run(site, climate_forcing("monsoon", years=1), co2_source=1)
        assert run.closure()["carbon"] < 1e-12
        run.tables.state["column"]["atmosphere"]["air_carbon"] *= 1.0 + sign * 1e-9
        with pytest.raises(RunError, match="carbon"):
            run.run(["annual"], ["atmosphere_co2"])


def test_emissions_into_still_air_are_arithmetic(site, climate_forcing) -> None:
    """1 mol m-2 a-1 is 1e6/356,719 = 2.803 ppm a year: constant, as a series, or as their sum.

    Emissions are per area of the box. In a box a million times larger the karst itself moves less than 1e-3 ppm.
    """
    ds = climate_forcing("monsoon", years=1)
    rate = xr.full_like(ds.co2, 12.011e-3 / DAYS_PER_YEAR / 86400.0)  # kg m-2 s-1
    rises = []
    for constant, series in ((1.0, 0.0), (0.0, 1.0), (2.0, -1.0)):
        run, _ = _run(site, ds.assign(fco2antt=series * rate), co2_source=1, box_area=1e6, emissions=constant)
        air = float(run.tables.state["column"]["atmosphere"]["air_carbon"][0])
        rises.append(air / (AIR * 1e6) * 1e6 - 410.0)
    assert rises == pytest.approx([1e6 / AIR * ds.sizes["time"] / DAYS_PER_YEAR] * 3, abs=1e-3)


def test_a_vast_box_is_prescribed_air(site, climate_forcing) -> None:
    """A million times the karst's area: CO2 moves by less than 1e-3 ppm, and the water with it."""
    ds = climate_forcing("monsoon", years=1)
    _, given = _run(site, ds, co2_source=0)
    _, boxed = _run(site, ds, co2_source=1, box_area=1e6)
    assert (given.atmosphere_co2 == 410.0).all() and float(given.atmosphere_air_carbon.max()) == 0.0
    assert boxed.atmosphere_co2.values == pytest.approx(given.atmosphere_co2.values, abs=1e-3)
    assert boxed.catchment_export_dic.values == pytest.approx(given.catchment_export_dic.values, rel=1e-5)


def test_a_restart_goes_on_with_the_air_it_had(site, climate_forcing, tmp_path) -> None:
    """Cut in two, the run is the same to the bit; after a run with prescribed air, the box begins with that CO2."""
    ds = climate_forcing("monsoon", years=1)
    values = {"atmosphere.co2_source": 1, "atmosphere.emissions": 50.0}
    whole, first, second, plain = (
        Simulation(site, part, [v])
        for part, v in ((ds, values), (ds.isel(EARLY), values), (ds.isel(LATE), values), (ds.isel(EARLY), {}))
    )
    for run in (whole, plain):
        run.spin_up(0)
    for (
        level,
        floats,
    ) in whole.tables.state_floats.items():  # mean temperatures are those of the whole forcing
        first.tables.state_floats[level][...] = floats
    for run in (whole, first, plain):
        run.run(["annual"], [])
    second.start_from(first.write_restart(tmp_path / "box.nc"))
    second.run(["annual"], [])
    air = [r.tables.state["column"]["atmosphere"]["air_carbon"][0] for r in (whole, second)]
    assert air[0] == air[1]
    second.start_from(plain.write_restart(tmp_path / "plain.nc"))
    again = second.run(["daily"], list(NAMES))["daily"].isel(realization=0)
    assert float(again.atmosphere_co2[0]) == pytest.approx(410.0, rel=1e-12, abs=0.0)


def test_an_empty_box_is_an_error(site, climate_forcing) -> None:
    with pytest.raises(RunError, match=r"box of air has run out of CO2(.|\n)*box_area"):
        _run(site, climate_forcing("monsoon", years=1), co2_source=1, emissions=-1000.0)


def test_water_alone_has_no_box(site, climate_forcing) -> None:
    with pytest.raises(InputError, match="co2_source"):
        Simulation(site, climate_forcing("monsoon", years=1), [BOX], chemistry=False)

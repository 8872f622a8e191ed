"""Soil CO2 with a stock, and under the other laws, in the whole model: books, restarts, steps, storms."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.model.simulate import Simulation

LAWS = [
    {"soil.gas_layers": 5},
    {"soil.gas_layers": 10, "soil.diffusivity_law": 2, "epikarst.co2_ratio": 1.5, "cave.area_fraction": 0.5},
    {"soil.gas_layers": 5, "soil.rock_fraction": 0.5, "soil.diffusivity_law": 1, "cave.ventilation": 1.0},
    {"soil.co2_law": 1},
    {"soil.co2_law": 2},
    {"soil.co2_law": 3},
]


def _alive(run: Simulation) -> Simulation:
    """Soils with carbon and leaves, annual means as after a spin-up."""
    run.spin_up(0)
    tile = run.tables.state["tile"]
    for name in ("dpm", "rpm", "bio", "hum"):
        tile["soil"][name] = 60.0
    tile["vegetation"]["leaf"] = 10.0
    tile["soil"]["evapotranspiration_year"], tile["soil"]["drainage_year"] = 2.0, 1.4
    tile["soil"]["npp_year"] = 0.1
    return run


@pytest.mark.parametrize("climate", ["monsoon", "semi_arid", "cold_snowy"])
def test_books_close_and_no_layer_is_negative(climate, climate_forcing, whole_site) -> None:
    run = _alive(Simulation(whole_site(n_boxes=0), climate_forcing(climate, years=1), LAWS))
    names = ["catchment_imbalance_carbon", *(f"soil_air_co2_l{i:02d}" for i in range(1, 11))]
    out = run.run(["daily"], [*names, "soil_base_pco2", "soil_co2_storage"])["daily"]
    assert float(out["catchment_imbalance_carbon"].max()) <= 1e-13
    assert max(run.closure().values()) <= 1e-12
    for name in names[1:]:
        assert float(out[name].min()) >= 0.0
    stored = out["soil_co2_storage"].sum("time")
    assert (abs(stored.isel(realization=slice(0, 3))) > 0.0).any() and (
        stored.isel(realization=slice(3, None)) == 0.0
    ).all()
    pressure = out["soil_base_pco2"]
    assert float(pressure.min()) >= 0.0 and float(pressure.max()) < 0.3


def test_a_restart_changes_no_bit(climate_forcing, whole_site, tmp_path) -> None:
    """Every law at once, cut on day 45 of 70 from April on."""
    ds = climate_forcing("monsoon", years=1).isel(time=slice(90, 160))
    site = whole_site(("bare_rock", "cropland", "grass"), 1)
    whole = _alive(Simulation(site, ds, LAWS))
    first = Simulation(site, ds.isel(time=slice(0, 45)), LAWS)
    for level, floats in whole.tables.state_floats.items():
        first.tables.state_floats[level][...] = floats
    expected = whole.run(["daily"], ["*"])["daily"].isel(time=slice(45, None))
    first.run(["daily"], ["catchment_runoff"])
    second = Simulation(site, ds.isel(time=slice(45, None)), LAWS)
    second.start_from(first.write_restart(tmp_path / "restart.nc"))
    out = second.run(["daily"], ["*"])["daily"]
    names = [str(n) for n in out.data_vars if n != "time_bnds"]
    assert [n for n in names if out[n].values.tobytes() != expected[n].values.tobytes()] == []


def test_daily_and_hourly_steps_agree(climate_forcing, whole_site) -> None:
    """A year of monsoon: mean base pressure, efflux and dissolved rock of layered soil air."""
    site, numbers = whole_site(("cropland", "secondary_forest"), 0), []
    for steps in (1, 24):
        run = _alive(Simulation(site, climate_forcing("monsoon", years=1, steps_per_day=steps), LAWS[:1]))
        out = run.run(["annual"], ["soil_base_pco2", "soil_efflux", "catchment_rock_dissolution"])["annual"]
        numbers.append([float(out[n].isel(time=0).mean()) for n in out.data_vars if n != "time_bnds"])
    print(numbers)
    assert numbers[0] == pytest.approx(numbers[1], rel=0.03)


def test_a_storm_holds_soil_co2_back(climate_forcing, whole_site) -> None:
    """60 mm in six hours on a summer soil: the layered base pressure is up by a third within three days."""
    ds = climate_forcing("monsoon", years=1, steps_per_day=24).isel(time=slice(190 * 24, 204 * 24))
    rain = np.zeros(14 * 24)
    rain[240:246] = 10.0 / 3600.0
    ds["pr"] = (ds["pr"].dims, rain[None, :])
    run = _alive(Simulation(whole_site(("secondary_forest",), 0), ds, [{"soil.gas_layers": 5}, {}]))
    out = run.run(["daily"], ["soil_base_pco2"])["daily"]["soil_base_pco2"]
    pressure = out.values.reshape(2, -1)
    print(np.round(1e6 * pressure[:, 8:]))
    assert pressure[0, 10:13].max() > 1.3 * pressure[0, 9]

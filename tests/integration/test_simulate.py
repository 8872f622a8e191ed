"""`simulate` from forcing and site to a Dataset: what comes back, what is refused, what the physics must show."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import karstsim as ks
from karstsim.core.errors import InputError, RunError
from karstsim.model.simulate import Simulation, simulate


@pytest.fixture(scope="module")
def grass(whole_site):
    return whole_site(("grass",), 1, allogenic_area_km2=0.0)


@pytest.fixture(scope="module")
def three_years(grass, climate_forcing) -> xr.Dataset:
    return simulate(grass, climate_forcing("monsoon", years=3), output=["daily"], spinup_years=12)


def test_the_public_name_is_the_function() -> None:
    assert ks.simulate is simulate


def test_one_frequency_is_a_dataset_several_are_a_tree(grass, climate_forcing) -> None:
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 40))
    one = simulate(grass, ds, output=["monthly"], variables=["catchment_runoff"], spinup_years=0)
    assert isinstance(one, xr.Dataset) and one["catchment_runoff"].dims == ("time",)
    tree = simulate(grass, ds, output=["daily", "annual"], variables=["catchment_runoff"], spinup_years=0)
    assert set(tree.children) == {"daily", "annual"}
    assert float(tree["daily/catchment_runoff"].sum()) == pytest.approx(
        float(tree["annual/catchment_runoff"].sum()), rel=1e-12
    )


def test_water_of_three_years_adds_up_from_the_outputs(three_years) -> None:
    """P = ET + runoff + change of storage from the published variables alone, to 1e-9 of the rain."""
    d = three_years
    stock = d["catchment_stock_water"].values
    rain = d["atmosphere_precipitation"]
    out = d["catchment_evapotranspiration"] + d["catchment_export"]
    moved = (rain - out).values[1:].sum()
    assert stock[-1] - stock[0] == pytest.approx(moved, abs=1e-9 * float(rain.sum()))


def test_the_spring_is_a_karst_spring(three_years) -> None:
    """Bands of plausible grassland springs: Ca 0.8-3 mol m-3, pH 6.8-8.6, SI within -0.7..0.8, HCO3 about 2 Ca."""
    last = three_years.isel(time=slice(-365, None))
    ca = float(last["aquifer_spring_ca_concentration"].mean())
    hco3 = float(last["aquifer_spring_hco3"].mean())
    assert 0.8 < ca < 3.0
    assert 6.8 < float(last["aquifer_spring_ph"].mean()) < 8.6
    assert abs(float(last["aquifer_spring_si_calcite"].mean())) < 0.8
    assert 1.3 < hco3 / ca < 2.2


def test_the_sink_is_half_the_bicarbonate_of_the_runoff(three_years) -> None:
    """design notes 9.1: CSF = 1/2 Q [HCO3], day by day from the published spring (no surface runoff on these days)."""
    d = three_years
    spring_only = (
        d["catchment_surface_runoff"].values == 0.0
        if "catchment_surface_runoff" in d
        else np.ones(d.sizes["time"], bool)
    )
    spring_only &= np.isclose(d["catchment_runoff"].values, d["aquifer_spring"].values, rtol=1e-12)
    expected = 0.5 * d["aquifer_spring_hco3"].values * 1e-3 * d["aquifer_spring"].values
    np.testing.assert_allclose(
        d["catchment_sink_hydrochemical"].values[spring_only], expected[spring_only], rtol=1e-9
    )
    assert spring_only.sum() > 300


def test_more_rain_more_runoff_and_warmer_soil_more_co2(grass, climate_forcing) -> None:
    """Signs that any karst model must have; two years each from the same rules."""
    ds = climate_forcing("monsoon", years=2)
    wet, warm = ds.copy(), ds.copy()
    wet["pr"], warm["tas"] = 1.2 * ds["pr"], ds["tas"] + 2.0
    names = ["catchment_runoff", "catchment_evapotranspiration", "catchment_sink_hydrochemical"]
    base, wetter, warmer = (
        simulate(grass, x, output=["annual"], variables=names, spinup_years=6)
        .drop_vars("time_bnds")
        .sum("time")
        for x in (ds, wet, warm)
    )
    assert wetter["catchment_runoff"] > 1.1 * base["catchment_runoff"]
    assert warmer["catchment_runoff"] < base["catchment_runoff"]
    assert warmer["catchment_evapotranspiration"] > base["catchment_evapotranspiration"]
    assert wetter["catchment_sink_hydrochemical"] > base["catchment_sink_hydrochemical"]


def test_both_constant_sets_run_and_differ_little(grass, climate_forcing) -> None:
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 60))
    a, b = (
        simulate(grass, ds, output=["daily"], spinup_years=0, constants=c) for c in ("pb82", "phreeqc386")
    )
    assert a.attrs["constants"] == "pb82" and b.attrs["constants"] == "phreeqc386"
    difference = np.abs(a["aquifer_spring_ph"] - b["aquifer_spring_ph"]).max()
    assert 0.0 < float(difference) < 0.05


def test_parameters_change_the_result(grass, climate_forcing) -> None:
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 60))
    runs = [
        simulate(grass, ds, parameters=p, output=["daily"], variables=["aquifer_spring"], spinup_years=0)[
            "aquifer_spring"
        ]
        for p in (
            {},
            {"aquifer.conduit_residence_time": 0.5},
            {"aquifer.conduit_residence_time": {"factor": 2.0}},
        )
    ]
    assert not np.allclose(runs[0], runs[1]) and not np.allclose(runs[0], runs[2])


def test_hourly_forcing_gives_daily_and_monthly_output(grass, climate_forcing) -> None:
    ds = climate_forcing("monsoon", years=1, steps_per_day=24).isel(time=slice(0, 40 * 24))
    tree = simulate(
        grass, ds, output=["daily", "monthly"], variables=["atmosphere_precipitation"], spinup_years=0
    )
    assert tree["daily"].sizes["time"] == 40 and tree["monthly"].sizes["time"] == 2
    rain = float(ds["pr"].sum()) * 3600.0
    assert float(tree["daily/atmosphere_precipitation"].sum()) == pytest.approx(rain, rel=1e-12, abs=0.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"output": ["weekly"]}, "not an output frequency"), ({"variables": ["nothing_like_it"]}, "matches no output"),
        ({"constants": "wateq"}, "no constant set"), ({"parameters": {"soil.q10": 2.0}}, "is not a parameter"),
        ({"restart": "/nowhere/restart.nc"}, "cannot be read"),
    ],
)  # fmt: skip
def test_bad_requests_are_input_errors(grass, climate_forcing, change, words) -> None:
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 5))
    with pytest.raises(InputError, match=words) as caught:
        simulate(grass, ds, **{"spinup_years": 0, **change})
    assert caught.value.mend


def test_bad_weather_is_an_input_error(grass, climate_forcing) -> None:
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 5))
    for name, value in (("tas", np.nan), ("pr", -1e-5), ("co2", np.inf)):
        bad = ds.copy(deep=True)
        bad[name].values[0, 3] = value
        with pytest.raises(InputError, match=name):
            simulate(grass, bad, spinup_years=0)


def test_progress_is_told_once_a_year(grass, climate_forcing) -> None:
    told: list[tuple[int, int, str]] = []
    run = Simulation(grass, climate_forcing("monsoon", years=2))
    run.spin_up(0)
    run.run(["annual"], ["catchment_runoff"], progress=lambda *a: told.append(a))
    assert told == [(1, 2, "simulating"), (2, 2, "simulating")]


def test_a_leak_in_the_run_is_a_run_error(grass, climate_forcing) -> None:
    """Water that vanishes between two runs of one Simulation is found when the second ends."""
    run = Simulation(grass, climate_forcing("monsoon", years=1).isel(time=slice(0, 30)))
    run.spin_up(0)
    run.run(["daily"], ["catchment_runoff"])
    run.tables.state["column"]["aquifer"]["matrix"]["volume"] *= 1.0 - 1e-6
    with pytest.raises(RunError, match="books do not close: water"):
        run.run(["daily"], ["catchment_runoff"])

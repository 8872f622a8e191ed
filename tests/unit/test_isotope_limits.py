"""Isotopes against what is known without the model: open and closed systems, peers, the bomb curve, length of steps."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import karstsim as ks
from karstsim.chemistry.isotopes import alpha_hco3
from karstsim.core.errors import InputError
from karstsim.core.jit import python_callable
from karstsim.forcing.air_isotopes import with_air_isotopes
from karstsim.model.output import select
from karstsim.model.simulate import Simulation

ALPHA_HCO3 = python_callable(alpha_hco3)
SOIL_GAS, ROCK, WARM = -23.5, 1.0, 15.0  # permil, permil, degC: the case of design notes 7
DELTA_OF = 1000.0 / 0.011180  # permil per 13C/12C of VPDB


def _number(ds, name: str) -> float:
    return float(np.asarray(ds[name]).ravel()[0])


# ----------------------------------------------------------------------------------------------------- end members


@pytest.mark.parametrize("pco2", [0.01, 0.02, 0.05])
def test_a_closed_system_has_half_its_carbon_from_rock(pco2) -> None:
    """design notes 7: closed, dead carbon 0.45 to 0.5 and HCO3 of -11 to -12 where all CO2 is used up.

    CO2(aq) under -23.5 permil is -1.2365 permil lighter: -24.71. With the rock's share f of Ca/DIC the water has
    -24.71 (1 - f) + f: at f = 0.5 -11.85. Free CO2 that is left lowers f, CO3 and OH at a high pH raise it.
    """
    water = ks.equilibrate(WARM, pco2, ["calcite"], "closed")
    dead = _number(water, "ca") / _number(water, "dic")
    assert 0.45 < dead < 0.52
    aqueous = (1000.0 + SOIL_GAS) * (1.0 - 1.2365e-3) - 1000.0
    delta = aqueous * (1.0 - dead) + ROCK * dead
    assert -13.2 < delta < -11.3
    found = ks.carbon_sources(water, delta, (SOIL_GAS, 0.5), (ROCK, 0.5))
    assert _number(found, "rock_share_closed") == pytest.approx(dead, abs=1e-4)


def test_an_open_system_forgets_its_rock() -> None:
    """design notes 7: HCO3 -14.4 under gas of -23.5 at 15 degC; read as a closed system that water is a third rock."""
    water = ks.equilibrate(WARM, 0.02, ["calcite"])
    hco3 = ALPHA_HCO3(0, WARM) * (1000.0 + SOIL_GAS) - 1000.0
    assert hco3 == pytest.approx(-14.4, abs=0.3)
    epsilon = 1000.0 / (1.0 + 1.0e-3 * _number(ks.carbon_sources(water, 0.0), "d13c_co2_gas")) - 1000.0
    assert 6.5 < epsilon < 8.5  # 9.07 less the share of CO2(aq) at -1.24
    delta = (1.0 + 1.0e-3 * epsilon) * (1000.0 + SOIL_GAS) - 1000.0
    found = ks.carbon_sources(water, delta, (SOIL_GAS, 0.5), (ROCK, 0.5))
    assert abs(_number(found, "rock_share_open")) < 1e-9
    assert 0.25 < _number(found, "rock_share_mixing") < 0.40
    assert _number(found, "rock_share_stoichiometric") == pytest.approx(0.45, abs=0.05)


@pytest.mark.parametrize(("intercept", "slope", "apart"), [(48.98, -0.14, 0.45), (41.95, -0.114, 0.08)])
def test_cavecalc_factors(intercept, slope, apart) -> None:
    """The open-system water of CaveCalc (Owen et al. 2018): 1000 ln alpha HCO3-CO2(g) = 48.98 - 0.14 T in version 1,
    41.95 - 0.114 T in version 2, T in K (chemistry notes 4). At 15 degC 8.64 and 9.10: -15.03 and -14.57 under -23.5.
    """
    theirs = math.exp((intercept + slope * (WARM + 273.15)) / 1000.0) * (1000.0 + SOIL_GAS) - 1000.0
    ours = ALPHA_HCO3(0, WARM) * (1000.0 + SOIL_GAS) - 1000.0
    assert ours == pytest.approx(theirs, abs=apart)


# -------------------------------------------------------------------------------------------------------- whole runs


def _bomb_curve(folder: Path) -> Path:
    """Labelled synthetic: -20 permil until 1960, a straight rise to 800 in 1969, then a fall by 1/e in 16 years."""
    years = np.arange(1950, 2021)
    fall = 800.0 * np.exp(-(years - 1969) / 16.0)
    curve = np.where(years < 1960, -20.0, np.where(years < 1969, -20.0 + 820.0 * (years - 1960) / 9.0, fall))
    path = folder / "synthetic_bomb_curve.csv"
    lines = [f"{year},{value:.2f}" for year, value in zip(years, curve, strict=True)]
    path.write_text(
        "\n".join(["# synthetic, shaped like that of the northern hemisphere", "year,Delta14co2", *lines])
    )
    return path


@pytest.fixture(scope="module")
def bomb(climate_forcing, whole_site, tmp_path_factory):
    """Grass under the bomb curve, 1950 to 2015: the run and its annual output."""
    forcing = climate_forcing("monsoon", years=66, start="1950-01-01")
    curve = _bomb_curve(tmp_path_factory.mktemp("air"))
    run = Simulation(whole_site(("grass",), 0), with_air_isotopes(forcing, Delta14co2=curve), isotopes=True)
    run.spin_up(40)
    pools = ("dpm", "rpm", "bio", "hum", "iom")
    wanted = [f"soil_{n}" for n in pools] + [f"soil_organic_c14_{n}" for n in pools]
    wanted += [
        "vegetation_litterfall",
        "vegetation_litter_of_c14",
        "aquifer_spring_c14",
        "aquifer_spring_dead_carbon",
    ]
    out = run.run(["annual"], wanted)["annual"].isel(realization=0)
    values = {n: np.asarray(out[n]).reshape(66, -1)[:, 0] for n in wanted}
    activity = {n: values[f"soil_organic_c14_{n}"] / values[f"soil_{n}"] for n in pools}
    activity["litter"] = values["vegetation_litter_of_c14"] / values["vegetation_litterfall"]
    return run, values, activity


def test_bomb_carbon_passes_the_pools_of_soil_one_after_another(bomb) -> None:
    """Litter, fast and slow pools peak in the order of their turnover, slow ones lower than fast; inert is dead."""
    _, _, activity = bomb
    order = ("litter", "dpm", "rpm", "hum")
    year = {n: 1950 + int(np.argmax(activity[n])) for n in order}
    assert 1969 <= year["litter"] <= year["dpm"] <= 1971 < year["rpm"] < 1985 < year["hum"]
    peaks = [activity[n].max() for n in order]
    assert 1.6 < peaks[0] < 1.8 and peaks[1] == pytest.approx(peaks[0], abs=0.05)
    assert peaks[1] - 0.05 > peaks[2] > peaks[3] + 0.05 > 1.05, peaks
    assert (activity["iom"] == 0.0).all()
    assert all(activity[n][:9].max() < 1.0 for n in order)  # before the bombs


def test_the_slow_pool_follows_the_equation_of_one_box(bomb) -> None:
    """dA/dt = (A_litter - A)/tau with tau = stock/input of resistant litter: within 0.03 every year of the bomb."""
    run, values, activity = bomb
    ratio = float(run.tables.params["tile"]["soil"]["dpm_rpm"][0, 0])
    tau = values["soil_rpm"] / (values["vegetation_litterfall"] / (1.0 + ratio))
    a, expected = activity["rpm"][0], []
    for year in range(1, 66):
        mean = 0.5 * (activity["litter"][year - 1] + activity["litter"][year])
        a = mean + (a - mean) * math.exp(-1.0 / tau[year])
        expected.append(a)
    assert 2.0 < tau.mean() < 15.0
    assert activity["rpm"][1:] == pytest.approx(np.array(expected), abs=0.03)


def test_an_open_site_has_little_dead_carbon(bomb) -> None:
    """design notes 7: open, 0.05 to 0.15 under steady air; rising air makes water seem older, falling younger."""
    _, values, _ = bomb
    dead = values["aquifer_spring_dead_carbon"]
    steady = dead[:9].mean()
    assert 0.05 < steady < 0.15
    assert dead[10:19].max() > steady + 0.1 and dead[20:].min() < steady - 0.01
    assert values["aquifer_spring_c14"].max() > 1.1


def test_length_of_steps(climate_forcing, whole_site) -> None:
    """targets B for d13C: 120 days in steps of a day, an hour and ten minutes from one state, apart by 0.1 permil.

    At the spring, in soil gas, in drips and in the brook; tags of the spring within 0.005.
    """
    site = whole_site(("bare_rock", "cropland", "secondary_forest"), 1)
    warm = Simulation(
        site, climate_forcing("monsoon", years=1).drop_vars(["tasmin", "tasmax"]), isotopes=True
    )
    warm.spin_up(10)
    names = ["aquifer_spring_d13c", "soil_co2_d13c", "cave_drip_d13c", "aquifer_spring_rock_share"]
    found = []
    for steps_per_day in (1, 24, 144):
        ds = climate_forcing("monsoon", years=1, start="2002-01-01", steps_per_day=steps_per_day, seed=2)
        ds = ds.drop_vars(["tasmin", "tasmax"], errors="ignore").isel(time=slice(0, 120 * steps_per_day))
        run = Simulation(site, ds, isotopes=True)
        run.spin_up(0)
        for level, floats in run.tables.state_floats.items():
            floats[...] = warm.tables.state_floats[level]
        out = run.run(["daily"], [*names, "surface_water_outflow_di13c", "surface_water_outflow_dic"])[
            "daily"
        ]
        means = [np.asarray(out[n].isel(time=slice(5, None)).mean("time")).ravel() for n in names]
        light, carbon = (float(out[f"surface_water_outflow_{n}"].sum()) for n in ("di13c", "dic"))
        found.append(np.concatenate([*means, [DELTA_OF * light / (carbon - light) - 1000.0]]))
    share = 1 + 2 * 3  # place of the spring's tags
    for coarse in found[:2]:
        apart = np.abs(coarse - found[2])
        assert apart[share] < 0.005
        assert np.delete(apart, share).max() < 0.1, apart


def test_isotopes_are_shown_where_they_are_simulated() -> None:
    """Without them a pattern leaves them out, and one for them alone is refused: zeros would look like results."""
    names = {v.name for v in select([], isotopes=True)}
    assert {"aquifer_spring_d13c", "soil_co2_d13c", "surface_water_dic_d13c"} <= names
    plain = {v.name for v in select(["aquifer_spring_*", "soil_*", "catchment_*"])}
    assert not plain & {
        "aquifer_spring_d13c",
        "soil_organic_c13_hum",
        "catchment_decayed_14c",
        "soil_crossing_of_c13",
    }
    assert "soil_hum" in plain
    with pytest.raises(InputError, match="needs carbon isotopes"):
        select(["aquifer_spring_d13c"])

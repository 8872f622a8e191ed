"""Isotopes and source tags in surface water: fractionation against its limits, ponds and streams, and closed books."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from karstsim.check import check
from karstsim.chemistry.isotopes import (
    ALPHA_GAS_TRANSFER,
    alpha_co2,
    alpha_hco3,
    delta_to_fraction,
)
from karstsim.config import load_config
from karstsim.core.errors import InputError
from karstsim.core.jit import python_callable
from karstsim.core.solutes import AQUATIC, N_CORE, N_TRACERS
from karstsim.model.books import BOOKED
from karstsim.model.engine import step_window
from karstsim.model.simulate import Simulation
from karstsim.model.site import Site
from karstsim.model.water_chain import WaterChain
from karstsim.processes import surface_water, tracers
from karstsim.processes.surface_water import isotopes
from karstsim.processes.tracers import C13
from karstsim.run_file import run_config

FRACTION, DELTA = python_callable(delta_to_fraction), python_callable(tracers.delta_of)
ALPHA_CO2, ALPHA_HCO3 = python_callable(alpha_co2), python_callable(alpha_hco3)
NO_OUTPUT = [np.zeros((0, 4), dtype=np.int64)] * 3
STEPS = 96  # a day
SPRING = {"dic": 4.2, "ca": 1.95, "na": 0.1, "oxygen": 0.25}  # mol m-3; alkalinity 4.0
AIR = {"co2_d13c": -8.5, "co2_c14": 1.0}
TERRAIN = {
    "latitude": 26.0,
    "longitude": 106.0,
    "elevation": 0.0,
    "tiles": [{"land_use": "grass", "area_fraction": 1.0}],
}
LEVEL = {"surface_water.diel_amplitude": 0.0}
BARE = {
    "surface_water.plant_cover": 0.0,
    "surface_water.algal_production": 0.5,
    "surface_water.phosphorus": 1.0e-5,
}


def _with_origin(
    solutes: dict[str, float], delta: float, activity: float = 1.0, rock: float = 0.0
) -> dict[str, float]:
    """Solutes with the isotopes of their DIC; `rock` the share of it that is tagged so."""
    dic = solutes["dic"]
    isotopic = {"di13c": dic * FRACTION(delta), "di14c": dic * activity}
    return {**solutes, **isotopic, "tag_rock": rock * dic, "tag_soil": (1.0 - rock) * dic}


def _march(chain, days: int, discharge: float, solutes, temperature: float, light: float, names):
    n = days * STEPS
    return chain.run(
        names, step=1.0 / STEPS, discharge=discharge, solutes=solutes, temperature=np.full(n, temperature),
        day_fraction=np.arange(n) / STEPS % 1.0, year_fraction=0.5, rsds_day=light, **AIR,
    )  # fmt: skip


def _pond(depth: float = 0.5, **options: float) -> WaterChain:
    box = {"name": "pond", "kind": "reservoir", "water_class": "pond", "area_km2": 0.01, "depth_m": depth}
    site = Site.from_dict({"name": "pond", "area_km2": 1.0, **TERRAIN, "boxes": [box]})
    return WaterChain(site, {**LEVEL, **options}, isotopes=True)


def _tags(block, first: int = 0) -> np.ndarray:
    return block[..., first + tracers.ISOTOPES : first + N_TRACERS].sum(axis=-1)


# -------------------------------------------------------------------------------------------------- limits and sites


def test_evasion_into_air_without_co2_follows_rayleigh() -> None:
    """d = d0 + eps ln f, design notes 7: eps -9.1 to -10 at 15 degC, and calcite cannot form.

    Under air of 1e-6 ppm nothing comes back, so d + 1000 = (d0 + 1000) f^(alpha - 1) with the one-way alpha of CO2
    against DIC. alpha_DIC moves with pH; the two ends of the run bound it.
    """
    chain = _pond(**BARE, **{"surface_water.calcite_threshold": 1.0})
    solutes = _with_origin({**SPRING, "ca": 0.3, "na": 3.4}, -12.0)
    chain.fill(0.0, solutes, 15.0)
    before = chain.state["surface_water"]["water"]["sol"].copy()[0]
    shares = []
    for _ in range(2):
        chain.run(["evasion"], step=1.0 / STEPS, discharge=0.0, solutes=solutes, temperature=np.full(30, 15.0),
                  day_fraction=np.zeros(30), year_fraction=0.5, rsds_day=0.0, co2=1.0e-6, **AIR)  # fmt: skip
        water = chain.state["surface_water"]["water"][0]
        shares.append(water["sol"]["dic"])
    left = water["sol"]["dic"] / before["dic"]
    assert 0.7 < left < 0.99
    found = DELTA(water["sol"]["di13c"], water["sol"]["dic"])
    per_ln = (found + 12.0) / np.log(left)
    assert -10.6 < per_ln < -9.1
    one_way = ALPHA_GAS_TRANSFER * ALPHA_CO2(0, 15.0)
    heaviest = 1000.0 * (one_way / ALPHA_HCO3(0, 15.0) - 1.0)  # DIC of HCO3 alone
    assert heaviest < per_ln * 1.013 < heaviest * 0.85
    assert water["sol"]["tag_soil"] == pytest.approx(water["sol"]["dic"], rel=1e-12)


def test_water_left_to_the_air_is_in_equilibrium_with_it() -> None:
    """An old pond has the DIC of -8.5 permil air and no rock carbon: HCO3 at 15 degC is +9.07 x 0.9915 - 8.5 = +0.49.

    Of its DIC 2 % are CO2(aq), 10.2 permil below: 0.49 - 0.20 - 0.01 (CO3) = +0.28. The gross exchange replaces all
    carbon by the air's, though DIC hardly changes: that is what tags see.
    """
    chain = _pond(depth=0.1, **BARE)
    solutes = _with_origin({"dic": 1.0, "ca": 0.48}, -12.0, 0.6, rock=0.5)
    chain.fill(0.0, solutes, 15.0)
    out = _march(chain, 250, 0.0, solutes, 15.0, 0.0, ["dic_d13c", "dic_c14", "dic_rock_share"])
    assert float(out["dic_d13c"][-1, 0]) == pytest.approx(0.28, abs=0.04)
    assert float(out["dic_c14"][-1, 0]) == pytest.approx(1.0, abs=2e-3)
    assert float(out["dic_rock_share"][-1, 0]) < 2e-3


def test_a_planted_pond_swings_by_one_to_three_permil_a_day() -> None:
    """design notes 7; heaviest in the afternoon, lightest before noon, by 20 permil off CO2 and 11.5 off HCO3."""
    chain = _pond(**{"surface_water.diel_amplitude": 3.0})
    discharge = 0.01e6 * 0.5 / 0.6 / 86400.0  # 0.6 d of residence (design notes 6.6)
    solutes = _with_origin(SPRING, -12.0, 0.9, rock=0.1)
    chain.fill(discharge, solutes, 18.0)
    _march(chain, 1, discharge, solutes, 18.0, 250.0, ["gpp"])
    chain.plant(15.0)
    plants = chain.state["surface_water"]["plants"][0]
    block = chain.state["surface_water"]["plants_of"]
    block["v"] = 0.0
    block["di13c"], block["di14c"], block["tag_soil"] = plants * FRACTION(-25.0), plants, plants
    out = _march(chain, 5, discharge, solutes, 18.0, 250.0, ["dic_d13c", "bed_d13c", "organic_d13c"])
    day = out["dic_d13c"][-STEPS:, 0]
    assert 1.0 < day.max() - day.min() < 3.0
    assert 12 < np.argmax(day) / STEPS * 24.0 < 20 and np.argmin(day) / STEPS * 24.0 < 12
    assert day.mean() > -12.0
    assert 0.5 < float(out["bed_d13c"][-1, 0]) - day.mean() < 2.5  # calcite on HCO3, HCO3 on DIC
    assert -36.0 < float(out["organic_d13c"][-1, 0]) < -20.0
    state = chain.state["surface_water"]
    organic = sum(
        state["water"]["sol"][n] for n in ("aoc_labile", "aoc_semilabile", "aoc_refractory", "poc", "algae")
    )
    assert _tags(state["water"]["sol"]["v"], N_CORE) == pytest.approx(state["water"]["sol"]["dic"], rel=1e-11)
    assert _tags(state["water"]["sol"]["v"], AQUATIC) == pytest.approx(organic, rel=1e-11)
    assert _tags(state["plants_of"]["v"]) == pytest.approx(state["plants"], rel=1e-11)
    assert _tags(state["bed_of"]["v"]) == pytest.approx(state["bed_calcite"], rel=1e-11)


def test_a_brook_grows_heavier_on_its_way() -> None:
    """Changliushui (design notes 7): 0.9 of pH along the way goes with +1.8 permil; here two thirds to 1.5 times it.

    Spring water of pH 7.2 and -12.5 permil in a chain of steep reaches without light; the reach with 0.9 more of pH is
    found between the boxes by straight lines.
    """
    reach = {"kind": "stream", "water_class": "headwater", "length_km": 0.1, "slope": 0.05}
    boxes = [{"name": f"reach {i}", **reach} for i in range(12)]
    site = Site.from_dict({"name": "brook", "area_km2": 10.0, **TERRAIN, "boxes": boxes})
    chain = WaterChain(site, {**LEVEL, **BARE}, isotopes=True)
    solutes = _with_origin({"dic": 4.9, "ca": 2.1}, -12.5)
    chain.fill(0.05, solutes, 17.0)
    out = _march(chain, 2, 0.05, solutes, 17.0, 0.0, ["water_ph", "dic_d13c"])
    ph, delta = out["water_ph"][-1], out["dic_d13c"][-1]
    assert (np.diff(ph) > 0.0).all() and (np.diff(delta) > 0.0).all()
    start = 7.2
    gained = float(np.interp(start + 0.9, ph, delta)) + 12.5
    assert 1.2 < gained < 2.7


def test_production_by_its_route(record_of) -> None:
    """At 15 degC, against gas: CO2 users -1.24 - 20 = -21.2, HCO3 users 9.07 - 11.5 = -2.5, half and half -11.9."""
    p = record_of(surface_water.PARAMS)
    alpha = python_callable(isotopes.alpha_production)
    assert 1000.0 * (alpha(p, 15.0, 0.0) - 1.0) == pytest.approx(-21.21, abs=0.01)
    assert 1000.0 * (alpha(p, 15.0, 1.0) - 1.0) == pytest.approx(-2.54, abs=0.01)
    assert 1000.0 * (alpha(p, 15.0, 0.5) - 1.0) == pytest.approx(-11.87, abs=0.01)


# -------------------------------------------------------------------------------------------------------- whole runs


@pytest.fixture(scope="module")
def settled(climate_forcing, whole_site):
    """Six land uses over spring, brook, lake and planted stream, after six years of a monsoon climate."""
    run = Simulation(whole_site(), climate_forcing("monsoon", years=1), isotopes=True)
    run.spin_up(6)
    wanted = [
        "catchment_imbalance_*",
        "surface_water_*_d13c",
        "surface_water_*_rock_share",
        "surface_water_dic_c14",
    ]
    return run, run.run(["daily"], wanted)["daily"].isel(realization=0)


def test_books_close_with_surface_water(settled) -> None:
    """targets B, for every element and isotope: 1e-13 a step, 1e-12 in total."""
    run, out = settled
    assert max(float(out[f"catchment_imbalance_{e}"].max()) for e in BOOKED) <= 1e-13
    assert max(run.closure().values()) <= 1e-12


def test_tags_add_up_in_surface_water(settled) -> None:
    """In DIC, organic matter, plants and bed of every box, and none is negative."""
    state = settled[0].tables.state["box"]["surface_water"]
    sol = state["water"]["sol"]
    organic = sum(sol[n] for n in ("aoc_labile", "aoc_semilabile", "aoc_refractory", "poc", "algae"))
    assert (state["plants"] > 0.0).any() and (state["bed_calcite"] > 0.0).any() and (organic > 0.0).all()
    pairs = [(sol["v"], N_CORE, sol["dic"]), (sol["v"], AQUATIC, organic)]
    pairs += [(state["plants_of"]["v"], 0, state["plants"]), (state["bed_of"]["v"], 0, state["bed_calcite"])]
    for block, first, carbon in pairs:
        assert _tags(block, first) == pytest.approx(carbon, rel=1e-9, abs=1e-15)
        assert (block[..., first : first + N_TRACERS] >= 0.0).all()


def test_numbers_are_those_of_rivers(settled) -> None:
    """DIC heavier than at the spring; plants and what they leave lighter than DIC; rock carbon in what plants made."""
    run, out = settled
    spring = float(run.tables.state["column"]["aquifer"]["spring_d13c"][0])
    delta = out["surface_water_dic_d13c"].mean("time")
    assert (delta > spring).all() and (delta < 3.0).all()
    assert (out["surface_water_organic_d13c"].mean("time") < delta - 5.0).all()
    assert (out["surface_water_organic_rock_share"].mean("time") > 0.0).all()
    swing = out["surface_water_highest_d13c"] - out["surface_water_lowest_d13c"]
    assert (swing >= 0.0).all() and float(swing.isel(box=2).max()) > 0.3


def test_a_leak_in_surface_water_is_seen(settled) -> None:
    """13C added to or taken out of the bed, the plants or the water's organic matter: the next step shows it."""
    run, _ = settled
    states = [s.copy() for s in run.tables.state_floats.values()]
    books, box = run.tables.state["column"]["catchment"], run.tables.state["box"]["surface_water"]
    for leak in (1e-9, -1e-9):
        for pool, i in ((box["bed_of"]["v"], C13), (box["water"]["sol"]["v"], AQUATIC + C13)):
            before = books["residual"].copy()
            pool[0, 1, i] += leak
            step_window(run.tables, run.forcing.window(0, 1), NO_OUTPUT, run.physics)
            missing = {e: float(books["residual"][e][0] - before[e][0]) for e in BOOKED}
            assert missing.pop("carbon_13") == pytest.approx(leak, rel=1e-3)
            assert max(map(abs, missing.values())) < 1e-11
    for floats, kept in zip(run.tables.state_floats.values(), states, strict=True):
        floats[...] = kept


def test_carbon_of_surface_water_does_not_depend_on_its_isotopes(
    settled, climate_forcing, whole_site
) -> None:
    """Every state that a run without isotopes has is the same to the bit with them."""
    forcing = climate_forcing("monsoon", years=1)
    boxes = []
    for on in (False, True):
        run = Simulation(whole_site(("shrub",)), forcing, isotopes=on)
        run.spin_up(0)
        run.run(["annual"])
        boxes.append(run.tables.state["box"]["surface_water"])
    for name in ("plants", "bed_calcite"):
        assert (boxes[0][name] == boxes[1][name]).all()
    assert (boxes[0]["water"]["sol"]["v"][..., :N_CORE] == boxes[1]["water"]["sol"]["v"][..., :N_CORE]).all()


# ------------------------------------------------------------------------------------------------ air and streams


def test_a_box_of_air_keeps_its_isotopes(climate_forcing, whole_site) -> None:
    """Emissions of fossil carbon dilute 14C and lower d13C: with a tenth more carbon, 1/1.1 and (-8.5 - 2.8)/1.1.

    A huge box does not feel its land. A small one does: land, water and air together still close.
    """
    air = 101325.0 * 1000.0 / (9.80665 * 28.9647)  # mol m-2
    tenth = 0.1 * 410e-6 * air / (364.0 / 365.2425)
    members = [
        {"atmosphere.co2_source": 1, "atmosphere.box_area": 1.0e6, "atmosphere.emissions": tenth},
        {"atmosphere.co2_source": 1, "atmosphere.box_area": 23.0, "atmosphere.harvest_respired": 0.5},
    ]
    site = whole_site(("cropland", "secondary_forest"), 2)
    run = Simulation(
        site, climate_forcing("monsoon", years=1).isel(time=slice(0, 364)), members, isotopes=True
    )
    run.spin_up(4)
    out = run.run(["daily"], ["catchment_imbalance_*"])["daily"]
    for element in ("carbon", "carbon_13", "carbon_14"):
        assert float(out[f"catchment_imbalance_{element}"].max()) <= 1e-13
    state = run.tables.state["column"]["atmosphere"]
    carbon, light, modern = state["air_carbon"], state["air_isotopes"]["c13"], state["air_isotopes"]["c14"]
    assert carbon[0] == pytest.approx(1.1 * 410e-6 * 1.0e6 * air, rel=1e-4)
    assert DELTA(light[0], carbon[0]) == pytest.approx((-8.5 - 2.8) / 1.1, abs=0.01)
    assert modern[0] / carbon[0] == pytest.approx(1.0 / 1.1, rel=2e-3)
    assert abs(DELTA(light[1], carbon[1]) + 8.5) > 1e-4


def test_sinking_streams_bring_their_own_isotopes(climate_forcing, whole_site) -> None:
    """A stream of dead carbon and d13C 0 beside one like the air's: the spring has their tag, and the books close."""
    old = {"sinking_stream.allogenic_d13c": 0.0, "sinking_stream.allogenic_c14": 0.0}
    streams = [
        {"name": "old", "area_km2": 4.0, "parameters": old},
        {"name": "young", "area_km2": 1.0, "parameters": {"sinking_stream.swallet_capacity": 0.5}},
    ]
    site = whole_site(("grass",), 1, allogenic_area_km2=0.0, sinking_streams=streams)
    run = Simulation(site, climate_forcing("monsoon", years=1), isotopes=True)
    run.spin_up(2)
    out = run.run(["daily"], ["catchment_imbalance_*", "sinking_stream_swallowed_*", "aquifer_spring_*"])[
        "daily"
    ]
    assert max(float(out[f"catchment_imbalance_{e}"].max()) for e in BOOKED) <= 1e-13
    carbon = out["sinking_stream_swallowed_dic"].sum("time").values.ravel()
    modern = out["sinking_stream_swallowed_di14c"].sum("time").values.ravel()
    assert modern[0] == 0.0 and modern[1] == pytest.approx(carbon[1], rel=1e-9)
    tag = float(out["aquifer_spring_tag_allogenic"].sum() / out["aquifer_spring_dic"].sum())
    assert 0.02 < tag < 0.6


# ------------------------------------------------------------------------------------------------------- run files

RUN_FILE = """
[site]
name = "brook"
latitude = 26.3
longitude = 105.7
elevation = 1200
area_km2 = 10.0
[[site.tiles]]
land_use = "grass"
area_fraction = 1.0
[[site.boxes]]
name = "creek"
kind = "stream"
water_class = "headwater"
length_km = 3.0
[forcing]
synthetic = "stationary"
start = {year}
end = {year}
delta13co2 = -8.0
Delta14co2 = "air.csv"
[run]
output = ["annual"]
spinup_years = 2
isotopes = {isotopes}
"""


def test_a_run_file_with_isotopes_and_its_restart(tmp_path) -> None:
    """Runs, checks, goes on from its restart; a restart that went through a run without isotopes is refused."""
    (tmp_path / "air.csv").write_text("year,Delta14co2\n2000,50\n2100,50\n")

    def write(name: str, year: int, isotopes: str, restart: str = ""):
        path = tmp_path / f"{name}.toml"
        text = RUN_FILE.format(year=year, isotopes=isotopes)
        path.write_text(text + (f'restart = "{restart}/restart.nc"\n' if restart else ""))
        return path

    first = run_config(load_config(write("first", 2015, "true")), tmp_path / "first")
    with xr.open_dataset(tmp_path / "first" / "annual.nc") as out:
        assert -20.0 < float(out["aquifer_spring_d13c"].mean()) < -8.0
        assert 0.7 < float(out["surface_water_dic_c14"].mean()) < 1.1
    assert first.summary["largest imbalance of the books"] <= 1e-12
    later = write("later", 2016, "true", "first")
    assert check(later)["run"]["isotopes"]
    run_config(load_config(later), tmp_path / "later")
    run_config(load_config(write("plain", 2016, "false", "first")), tmp_path / "plain")
    with pytest.raises(InputError, match="without isotopes"):
        check(write("last", 2017, "true", "plain"))

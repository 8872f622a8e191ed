"""Chains of boxes: tributaries, dams and ponds, short reaches, and soft water full of plants."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.model.site import Site
from karstsim.model.water_chain import WaterChain

SPRING = {"dic": 4.6, "ca": 2.05, "na": 0.1, "cl": 0.1, "oxygen": 0.25}  # mol m-3
HOURS = 24
NAMES = ("outflow", "outflow_cl", "outflow_dic", "outflow_ca", "outflow_oxygen", "water_ph", "water_pco2", "gpp",
         "evasion", "invasion", "calcite", "area_ratio", "ph_max", "rain", "water")  # fmt: skip
STREAM = {"kind": "stream", "water_class": "headwater", "length_km": 2.0, "slope": 0.003}
DAM = {"name": "dam", "kind": "reservoir", "water_class": "reservoir", "area_km2": 0.2, "depth_m": 6.0}
POND = {"name": "pond", "kind": "reservoir", "water_class": "pond", "area_km2": 0.01, "depth_m": 0.8}


def chain(*boxes: dict, **parameters: float) -> WaterChain:
    site = Site.from_dict(
        {"name": "s", "latitude": 26.0, "longitude": 106.0, "elevation": 500.0, "area_km2": 10.0,
         "tiles": [{"land_use": "grass", "area_fraction": 1.0}], "boxes": list(boxes)}
    )  # fmt: skip
    return WaterChain(site, {f"surface_water.{name}": value for name, value in parameters.items()})


def run(
    water: WaterChain,
    days: int,
    per_day: int = HOURS,
    discharge: float = 0.3,
    rsds: float = 250.0,
    plants: float = 0.0,
):
    """Series (step, box) under a steady spring and a clear day in June, again and again."""
    n = days * per_day
    hours = (np.arange(n) + 0.5) * 24.0 / per_day
    water.fill(discharge, SPRING, 20.0)
    forcing = {
        "step": 1.0 / per_day, "discharge": discharge, "solutes": SPRING, "rsds_day": rsds, "year_fraction": 0.47,
        "temperature": 20.0 + 2.0 * np.sin(2.0 * np.pi * (hours - 9.0) / 24.0),
        "day_fraction": np.arange(n) / per_day % 1.0,
    }  # fmt: skip
    if plants > 0.0:
        water.run(["gpp"], **{k: v[:1] if np.ndim(v) else v for k, v in forcing.items()})
        water.plant(plants)
    return water.run(NAMES, **forcing)


def test_a_tributary_joins_its_box() -> None:
    """0.2 m3/s with 1 mol m-3 of chloride into the second box below 0.3 m3/s with 0.1: 0.5 m3/s with 0.46 leave."""
    brook = {
        "tributary_m3_s": 0.2,
        "parameters": {"surface_water.tributary_cl": 1.0, "surface_water.tributary_na": 1.1},
    }
    water = chain({"name": "a", **STREAM}, {"name": "b", **STREAM, **brook}, {"name": "c", **STREAM})
    out = run(water, 6)
    last = {name: values[-HOURS:].sum(axis=0) for name, values in out.items()}
    discharge = last["outflow"] / water.mm_per_m3 / 86400.0
    np.testing.assert_allclose(discharge, [0.3, 0.5, 0.5], rtol=1e-6)
    np.testing.assert_allclose(1e3 * last["outflow_cl"] / last["outflow"], [0.1, 0.46, 0.46], rtol=1e-6)


def test_a_dam_or_a_pond_is_a_box_more() -> None:
    """The dam holds 1.2e6 m3, 46 days of the river: no water is lost, CO2 leaves, algae grow, and pH rises below it."""
    free = chain({"name": "a", **STREAM}, {"name": "b", **STREAM})
    dammed = chain({"name": "a", **STREAM}, DAM, {"name": "b", **STREAM})
    with_pond = chain({"name": "a", **STREAM}, POND, {"name": "b", **STREAM})
    found = {name: run(water, 60) for name, water in (("free", free), ("dam", dammed), ("pond", with_pond))}
    for out in found.values():
        assert out["outflow"][-1, -1] / free.mm_per_m3 / 3600.0 == pytest.approx(0.3, rel=1e-6)
    held = found["dam"]["water"][-1, 1] / dammed.mm_per_m3
    assert held == pytest.approx(1.2e6, rel=1e-9)
    np.testing.assert_allclose(found["dam"]["water_ph"][:, 0], found["free"]["water_ph"][:, 0], atol=1e-12)
    dic = {
        name: (1e3 * out["outflow_dic"] / out["outflow"])[-HOURS:, -1].mean() for name, out in found.items()
    }
    assert dic["dam"] < dic["pond"] < dic["free"]
    assert (
        found["dam"]["water_pco2"][-HOURS:, 1].mean() < 0.5 * found["free"]["water_pco2"][-HOURS:, 0].mean()
    )


def test_soft_water_full_of_plants_passes_ph_9_5() -> None:
    """A pond that hardly flows: CO2 almost gone by day, DIC positive, half the sub-step still says the same."""
    parameters = {
        "gross_production": 60.0,
        "bicarbonate_use": 0.9,
        "biogenic_calcite": 0.0,
        "algal_production": 0.5,
    }
    found = {}
    for n in (48, 96):
        water = chain({**POND, "depth_m": 1.5}, substeps=n, **parameters)
        for name in ("dic", "ca"):
            assert SPRING[name] > 0.0
        found[n] = run(water, 6, discharge=0.01, rsds=330.0, plants=25.0)
    coarse, fine = found[48], found[96]
    assert coarse["ph_max"].max() > 9.5 and 0.0 < coarse["water_pco2"].min() < 3e-5
    assert (coarse["outflow_dic"] > 0.0).all()
    np.testing.assert_allclose(coarse["water_ph"], fine["water_ph"], atol=0.03)
    np.testing.assert_allclose(coarse["outflow_dic"][HOURS:], fine["outflow_dic"][HOURS:], rtol=0.02)


def test_short_reaches_are_not_reacted_for_too_long() -> None:
    """300 m, passed in 37 minutes: what the air takes is within 5 % of that with sub-steps of a minute."""
    short = {"name": "b", **STREAM, "length_km": 0.3}
    lost = {}
    for n in (12, 1440):
        out = run(chain(short, substeps=n), 2)
        lost[n] = (out["evasion"] - out["invasion"])[HOURS:].sum()
    assert lost[12] == pytest.approx(lost[1440], rel=0.05)


def test_books_close_with_tributaries_a_dam_and_nitrate(climate_forcing, whole_site) -> None:
    """Water, carbon, ions and O2 of a whole catchment to round-off, step by step, all of the options on."""
    from karstsim.model.simulate import Simulation

    nitrate = {
        "surface_water.nitrate_share": 1.0,
        "surface_water.calcite_law": 1.0,
        "surface_water.tributary_no3": 0.2,
    }
    boxes = [
        {"name": "a", **STREAM, "tributary_km2": 4.0, "parameters": nitrate, "plants": "pondweed"},
        {**DAM, "tributary_km2": 1.0, "tributary_m3_s": 0.05, "parameters": nitrate, "plants": "hydrilla"},
        {"name": "c", **STREAM, "plants": "water_moss"},
    ]
    simulation = Simulation(
        whole_site(("cropland", "bare_rock"), boxes=boxes), climate_forcing("monsoon", years=1)
    )
    simulation.spin_up(0)
    daily = simulation.run(
        ["daily"], ["catchment_imbalance_*", "surface_water_tributary*", "surface_water_nitrate*"]
    )["daily"]
    for name, values in daily.items():
        if name.startswith("catchment_imbalance"):
            assert np.max(values) < 1e-13, name
    assert (np.asarray(daily["surface_water_tributary"]).sum(axis=-2) > 0.0).any()
    assert max(simulation.closure().values()) < 1e-12

"""Steady boxes at any sub-step, calcite of plants at noon of the brightest day, and the shares of karst carbon."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import xarray as xr

from karstsim.analysis.carbon_paths import (
    FROM_LAND,
    PERMANENCE,
    VARIABLES,
    CarbonPaths,
    autochthonous_share,
    no_return,
    ocean_kept,
    paths_of,
    permanence,
    retained,
    transport_efficiency,
)
from karstsim.core.errors import InputError
from karstsim.forcing.synthetic import synthetic_forcing
from karstsim.model.simulate import Simulation
from karstsim.model.site import Site
from karstsim.model.water_chain import WaterChain

SPRING = {"dic": 4.6, "ca": 2.05, "na": 0.1, "cl": 0.1}  # mol m-3
HOURS, NOON = 24, 12
WARM, BRIGHT = 20.0, 330.0  # degC; W m-2, a clear day at midsummer
BOXES = {  # and the discharge, m3 s-1; sub-steps of the class
    "headwater": ({"kind": "stream", "length_km": 5.0, "slope": 0.003}, 0.3, 48),
    "planted_stream": ({"kind": "stream", "length_km": 3.1, "slope": 0.003}, 0.3, 96),
    "pond": ({"kind": "reservoir", "area_km2": 0.03, "depth_m": 0.3}, 0.1, 48),
}
NAMES = ("water", "water_dic", "water_ca", "water_oxygen", "water_ph", "gpp", "evasion", "calcite", "gpp_bicarbonate",
         "outflow", "outflow_ca")  # fmt: skip


def _chain(kind: str, **parameters: float) -> WaterChain:
    box = {"name": "b", "water_class": kind, **BOXES[kind][0]}
    place = {"name": "s", "latitude": 26.0, "longitude": 106.0, "elevation": 500.0, "area_km2": 10.0}
    site = Site.from_dict({**place, "tiles": [{"land_use": "grass", "area_fraction": 1.0}], "boxes": [box]})
    return WaterChain(site, {f"surface_water.{name}": value for name, value in parameters.items()})


def _run(
    kind: str, days: int, rsds: float = BRIGHT, spring=SPRING, plants: float = 25.0, **parameters: float
):
    """Hourly series (hour,) of the last day of equal days; concentrations of what the box holds, mol m-3."""
    chain, discharge, n = _chain(kind, **parameters), BOXES[kind][1], days * HOURS
    chain.fill(discharge, spring | {"oxygen": 0.25}, WARM)
    day = {
        "step": 1.0 / HOURS,
        "discharge": discharge,
        "solutes": spring,
        "rsds_day": rsds,
        "year_fraction": 0.47,
    }
    chain.run(["gpp"], temperature=np.full(1, WARM), day_fraction=np.zeros(1), **day)
    chain.plant(plants)
    out = chain.run(
        NAMES, temperature=np.full(n, WARM), day_fraction=np.arange(n) / HOURS % 1.0, **day
    )  # fmt: skip
    found = {name: values[-HOURS:, 0] for name, values in out.items()}
    for name in ("dic", "ca", "oxygen"):
        found[name] = 1e3 * found[f"water_{name}"] / found["water"]
    return found


# ------------------------------------------------------------------------------------------- sub-steps


def test_a_steady_box_is_the_same_at_any_sub_step() -> None:
    """No light, no swing of temperature: 12 and 480 sub-steps a day end at one pH, DIC, O2 and evasion.

    The algae of the spores grow by light alone, and the respiration of plants is a slow decay: hence 2e-4.
    """
    coarse, fine = (
        _run("headwater", 12, rsds=0.0, plants=0.0, substeps=n, diel_amplitude=0.0) for n in (48, 480)
    )
    for name in ("dic", "ca", "oxygen"):
        assert coarse[name][-1] == pytest.approx(fine[name][-1], rel=2e-4), name
    assert coarse["water_ph"][-1] == pytest.approx(fine["water_ph"][-1], abs=2e-4)
    assert coarse["evasion"].sum() == pytest.approx(fine["evasion"].sum(), rel=1e-3)


@pytest.mark.parametrize("share", [0.1, 1.0])
@pytest.mark.parametrize("kind", BOXES)
def test_half_the_default_sub_step_at_noon_of_the_brightest_day(kind, share) -> None:
    """Default sub-steps and half of them: DIC, Ca, O2 at noon and the day's production, evasion, Ca within 1 %.

    Mean H+ within 2 %, calcite of the day within 1 %, whether plants precipitate a tenth of their HCO3 or as much.
    At any other hour within 2.5 %: in the first light O2 doubles within an hour.
    """
    n = BOXES[kind][2]
    one, half = (_run(kind, 5, substeps=m, biogenic_calcite=share) for m in (n, 2 * n))
    for name in ("dic", "ca", "oxygen"):
        assert one[name][NOON - 1] == pytest.approx(half[name][NOON - 1], rel=0.01), name
        np.testing.assert_allclose(one[name], half[name], rtol=0.025, err_msg=name)
    for name in ("gpp", "evasion", "outflow_ca", "calcite"):
        assert one[name].sum() == pytest.approx(half[name].sum(), rel=0.01), name
    acid = [np.mean(10.0 ** -found["water_ph"]) for found in (one, half)]
    assert acid[0] == pytest.approx(acid[1], rel=0.02)
    assert (one["ca"] > 0.0).all()


def test_plants_precipitate_their_share_of_the_hco3_that_they_take_up() -> None:
    """Hard water far above saturation, no other calcite to speak of: calcite over GPP_HCO3 is r_cc to 1 %."""
    for share in (0.1, 1.0):
        found = _run("headwater", 3, biogenic_calcite=share, calcite_rate=5e-4, calcite_threshold=1.0)
        lit = found["gpp_bicarbonate"] > 0.3 * found["gpp_bicarbonate"].max()
        np.testing.assert_allclose(found["calcite"][lit] / found["gpp_bicarbonate"][lit], share, rtol=0.01)


def test_plants_take_no_calcium_below_saturation() -> None:
    """Soft water, as many mol of calcite as of HCO3 taken up asked for: Ca stays where Omega = 1, above zero.

    pH passes 9.5 and Ca halves; half the sub-step leaves the same Ca within 2 %.
    """
    soft = {"dic": 1.1, "ca": 0.4, "na": 0.3, "cl": 0.1}
    asked = {"biogenic_calcite": 1.0, "calcite_rate": 5e-4, "calcite_threshold": 1.0, "bicarbonate_use": 0.9}
    found = {n: _run("pond", 5, spring=soft, substeps=n, gross_production=60.0, **asked) for n in (48, 96)}
    assert (found[48]["ca"] > 0.0).all() and found[48]["calcite"].sum() > 0.0
    assert found[48]["calcite"].sum() < 0.9 * found[48]["gpp_bicarbonate"].sum()
    assert found[48]["ca"][NOON - 1] == pytest.approx(found[96]["ca"][NOON - 1], rel=0.02)


# ------------------------------------------------------------------------------------------- shares of karst carbon

PATHS = CarbonPaths(
    dic_in=100.0, invasion=0.0, evasion=20.0, calcite_buried=4.0, organic_buried=1.0, dic_out=70.0, labile_out=1.0,
    semilabile_out=0.5, refractory_out=2.0, particles_out=1.5, alkalinity_out=66.0, soil_gained=3.0, biomass_gained=5.0,
)  # fmt: skip


def test_shares_by_hand() -> None:
    """1 - 20/60 of all CO2 taken up, 1 - 20/40 of that which dissolved rock; 0.7 x 33/40 kept by the ocean."""
    assert no_return(PATHS, 60.0) == pytest.approx(2.0 / 3.0)
    assert no_return(PATHS, 40.0) == pytest.approx(0.5)
    assert ocean_kept(PATHS) / 40.0 == pytest.approx(0.5775)
    assert transport_efficiency(70.0, 4.0, 40.0) == pytest.approx(0.825)
    assert autochthonous_share(5.0, 15.0) == 0.25 and math.isnan(autochthonous_share(0.0, 0.0))


def test_every_class_of_permanence_has_its_amount() -> None:
    """Soil organic carbon and biomass last for decades (design notes 9.7) and stand beside what rivers carry."""
    found = permanence(PATHS)
    assert found.keys() == PERMANENCE.keys()
    assert found["soil organic carbon"] == 3.0 and found["biomass"] == 5.0 and found["buried"] == 5.0
    assert PERMANENCE["soil organic carbon"] == PERMANENCE["biomass"] == (10.0, 100.0)


def _output(**values: float) -> xr.Dataset:
    """Two years of one tile and one box in which every variable of a ledger is zero but these (per year)."""
    data = {}
    for name in (*VARIABLES, "surface_water_burial_oc_land"):
        level = "box" if name.startswith("surface_water_") else None
        level = "tile" if name.startswith(("soil_", "vegetation_", "tile_")) else level
        shape = (2, 1) if level else (2,)
        data[name] = (("time", level) if level else ("time",), np.full(shape, values.get(name, 0.0)))
    data["tile_area_fraction"] = (("time", "tile"), np.ones((2, 1)))
    return xr.Dataset(data)


def test_land_carbon_that_is_respired_is_dic_that_enters() -> None:
    """3 mol of DOC and POC come a year, 1 leaves and 0.5 is buried: in two years 3 became DIC, and it closes."""
    found = paths_of(
        _output(
            catchment_runoff_dic=10.0, catchment_runoff_doc_labile=1.0, surface_water_tributary_dic=2.0,
            surface_water_tributary_doc_refractory=1.5, surface_water_tributary_poc_land=0.5,
            catchment_export_doc_refractory=1.0, surface_water_burial_oc_land=0.5, catchment_burial_oc=0.5,
            catchment_export_dic=12.0, catchment_evasion=1.5,
        )
    )  # fmt: skip
    assert (found.dic_in, found.tributary_dic, found.land_out) == (24.0, 4.0, 2.0)
    assert found.land_respired == pytest.approx(3.0) and found.remainder == pytest.approx(0.0)
    assert set(FROM_LAND) >= {"doc_labile", "poc_land"}


def test_shares_of_karst_carbon_are_refused_with_a_tributary() -> None:
    """S1 and S2 name the tributary's part; a ledger without land's carbon is refused."""
    mixed = dataclasses.replace(PATHS, tributary_dic=25.0)
    for share in (lambda: no_return(mixed, 60.0), lambda: retained(mixed)):
        with pytest.raises(InputError, match="25 % of the DIC"):
            share()
    poor = _output(surface_water_tributary_dic=1.0).drop_vars("surface_water_tributary_poc_land")
    with pytest.raises(InputError, match="surface_water_tributary_poc_land"):
        paths_of(poor)


def test_delivered_alkalinity_and_stocks_are_read() -> None:
    """2 x 3 - 1 eq a year of Ca less imports in two years; stocks that grow by 1 between two means grow by 2 in two."""
    output = _output(catchment_export_ca=3.0, catchment_imported_alkalinity=1.0)
    output["soil_organic_carbon"][:, 0] = [5.0, 6.0]
    output["vegetation_wood"][:, 0] = [1.0, 3.0]
    found = paths_of(output)
    assert found.alkalinity_out == pytest.approx(10.0)
    assert (found.soil_gained, found.biomass_gained) == (2.0, 4.0)


@pytest.mark.slow
def test_every_sub_step_of_planted_streams_is_solved() -> None:
    """Where saturation lies inside the tolerance of the balance, rounds went to and fro: 44 sub-steps in 160 years."""
    rng = np.random.default_rng(1)
    box = {"name": "b", "kind": "stream", "water_class": "planted_stream", "length_km": 2.0, "slope": 0.002}
    place = {"name": "s", "latitude": 26.3, "longitude": 105.7, "elevation": 1200.0, "area_km2": 20.0}
    tiles = [{"land_use": "secondary_forest", "area_fraction": 1.0}]
    streams = [
        {
            "surface_water.reach_length": float(np.exp(rng.uniform(np.log(0.3), np.log(20.0)))),
            "surface_water.slope": float(np.exp(rng.uniform(np.log(3e-4), np.log(0.03)))),
            "soil.structure_factor": {"factor": float(rng.uniform(0.6, 1.6))},
        }
        for _ in range(40)
    ]
    site = Site.from_dict({**place, "tiles": tiles, "boxes": [box]})
    run = Simulation(site, synthetic_forcing("stationary", 2015, 2018), streams)
    run.spin_up(1)
    run.run(["annual"], ["surface_water_evasion"])
    assert "unsolved_waters" not in run.flag_counts()

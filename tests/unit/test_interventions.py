"""Interventions: each changes what it should and nothing before its date; books close under all of them together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import karstsim as ks
from karstsim.config import load_config, to_toml
from karstsim.core.errors import InputError
from karstsim.ensemble.config import load_ensemble
from karstsim.forcing.times import calendar_of
from karstsim.model.interventions.measures import Measures
from karstsim.model.interventions.records import KINDS, as_entries, read_interventions
from karstsim.model.interventions.restoration import restored
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.parameters import by_name
from karstsim.model.restart import write_restart
from karstsim.model.simulate import Simulation
from karstsim.model.site import Site

make = ks.interventions
PLACE = {"name": "s", "latitude": 26.3, "longitude": 105.7, "elevation": 1200.0, "area_km2": 10.0}
TILES = [{"land_use": "cropland", "area_fraction": 0.6}, {"land_use": "shrub", "area_fraction": 0.4}]
BOXES = [{"name": "creek", "kind": "stream", "water_class": "headwater", "length_km": 2.0}]
BROOK = [{"name": "brook", "area_km2": 1.0}]
START = 2002
KEPT = ("catchment_stock_*", "catchment_imbalance_*", "catchment_sink_hydrochemical", "catchment_weathering_uptake",
        "catchment_runoff*", "catchment_soil_respiration", "catchment_aquatic_gpp", "catchment_rock_dissolution",
        "catchment_bicarbonate_uptake", "catchment_harvest", "catchment_evasion", "aquifer_spring", "aquifer_spring_ph",
        "soil_powder", "soil_base_pco2", "surface_water_depth")  # fmt: skip
# One of each kind, a variable of which it changes the year in which it begins, and the sign of that.
ONE_OF_EACH = {
    "soil_improvement": (make.soil_improvement(start=START, manure=2.0), "catchment_soil_respiration", 1),
    "irrigation": (make.irrigation(start=START, depth=400.0), "catchment_runoff", 1),
    "allogenic_diversion": (make.allogenic_diversion(start=START, area_km2=3.0), "aquifer_spring", 1),
    "aquatic_plants": (
        make.aquatic_plants(start=START, species="phytoplankton", cover=0.0),
        "catchment_aquatic_gpp",
        -1,
    ),
    "limestone_powder": (make.limestone_powder(start=START, rate=200.0), "soil_powder", 1),
    "dolomite_powder": (make.dolomite_powder(start=START, rate=200.0), "catchment_runoff_mg", 1),
    "carbonic_anhydrase": (
        make.carbonic_anhydrase(start=START, factor=6.0, where=["aquifer"]),
        "catchment_rock_dissolution",
        1,
    ),
    "bicarbonate_plants": (
        make.bicarbonate_plants(start=START, species="Broussonetia papyrifera"),
        "catchment_bicarbonate_uptake",
        1,
    ),
    "acid_load": (make.acid_load(start=START, sulfur=0.5, nitrogen=0.5), "catchment_runoff_so4", 1),
    "dam": (make.dam(start=START, box="creek", area_km2=0.01, depth_m=1.0), "surface_water_depth", 1),
    "vegetation_restoration": (
        make.vegetation_restoration(**{"from": "cropland"}, to="grass", start=START, area_fraction=0.6),
        "catchment_harvest",
        -1,
    ),
}


def _site(**more) -> Site:
    return Site.from_dict({**PLACE, "tiles": TILES, "boxes": BOXES, "sinking_streams": BROOK, **more})


@pytest.fixture(scope="module")
def forcing(climate_forcing):
    return climate_forcing("monsoon", years=2)


@pytest.fixture(scope="module")
def settled(forcing, tmp_path_factory) -> Path:
    """A restart with plants and soils, from which runs of the same site begin."""
    run = Simulation(_site(), forcing)
    run.spin_up(1)
    path = tmp_path_factory.mktemp("settled") / "restart.nc"
    first = forcing.time.values[0]
    return write_restart(run.tables, run.site, first, calendar_of(forcing.time.values), path)


def _annual(site, forcing, interventions, restart=None):
    run = Simulation(site, forcing, interventions=interventions)
    if restart is None:
        run.spin_up(1)
    else:
        run.start_from(restart)
    return run.run(["annual"], KEPT)["annual"].isel(realization=0), run


@pytest.fixture(scope="module")
def baseline(forcing, settled):
    return _annual(_site(), forcing, [], settled)[0]


def test_every_kind_is_tried() -> None:
    assert set(ONE_OF_EACH) == set(KINDS)


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "vegetation_restoration"])
def test_nothing_changes_before_the_date_and_what_it_should_after(kind, forcing, settled, baseline) -> None:
    what, name, sign = ONE_OF_EACH[kind]
    found, _ = _annual(_site(), forcing, [what], settled)
    for v in found.data_vars:
        if "time" in found[v].dims:
            np.testing.assert_array_equal(found[v].isel(time=0), baseline[v].isel(time=0), err_msg=v)
    change = (found[name] - baseline[name]).isel(time=1).sum()
    assert sign * float(change) > 0.0


def test_restored_land_is_that_of_the_baseline_before_its_date(forcing) -> None:
    """The tile without area changes neither the spin-up nor a sum; afterwards the whole cropland is young grass.

    Grass harvests 0.05 of its production and crops 0.45: in the first year (age 0) the land is still cropland's.
    """
    what, name, _ = ONE_OF_EACH["vegetation_restoration"]
    plain, _ = _annual(_site(), forcing, [])
    found, run = _annual(_site(), forcing, [what])
    for v in found.data_vars:
        if found[v].dims == ("time",):
            assert float(found[v][0]) == float(plain[v][0]), v
    np.testing.assert_array_equal(run.tables.state["tile"]["tile"]["area_fraction"], [[0.0, 0.4, 0.6]])
    assert float(found[name][1]) == pytest.approx(float(plain[name][1]), rel=1e-12, abs=0.0)
    run.land_use.begin_year(run.tables, START + 30)  # e-folding time 3 years
    plants = run.tables.params["tile"]["vegetation"]
    assert plants["harvest"][0, 2] == pytest.approx(0.05 + 0.40 * np.exp(-10.0), rel=1e-12, abs=0.0)


def test_the_books_close_under_all_together(forcing) -> None:
    everything = [what for what, _, _ in ONE_OF_EACH.values()]
    more = make.soil_improvement(
        start=START, straw=1.0, straw_return=0.5, no_till=True, mulch=0.3, water_capacity=0.1, biochar=10.0,
        fertiliser=100.0,
    )  # fmt: skip
    found, run = _annual(_site(), forcing, [*everything, more])
    assert max(run.closure().values()) <= 1e-12
    assert max(float(found[n].max()) for n in found if "imbalance" in n) <= 1e-13
    assert run.failures() == {}


def test_a_run_that_goes_on_from_a_restart_is_the_whole_run(climate_forcing, settled, tmp_path) -> None:
    whole = climate_forcing("monsoon", years=2)
    parts = [whole.isel(time=whole.time.dt.year == y) for y in (2001, 2002)]
    what = [make.limestone_powder(start=2001, interval=2), make.irrigation(start=START)]
    at_once, _ = _annual(_site(), whole, what, settled)
    _, first = _annual(_site(), parts[0], what, settled)
    again, _ = _annual(_site(), parts[1], what, first.write_restart(tmp_path / "r.nc"))
    for v in again.data_vars:
        if "time" in again[v].dims:
            np.testing.assert_array_equal(again[v].isel(time=0), at_once[v].isel(time=1), err_msg=v)


def test_powder_gives_less_than_the_water_can_carry(forcing, tmp_path) -> None:
    """On rock that hardly dissolves, what powder adds stays below R [Ca]_eq, the most that soil water at equilibrium
    with its CO2 can carry (design notes 8.1): from 150 to 500 t km-2 a-1 it hardly grows, from 10 to 50 by the rate.
    """
    places = ("soil", "epikarst", "aquifer.matrix", "aquifer.conduit")
    names = [f"{p}.area_to_volume" if "." not in p else f"{p}_area_to_volume" for p in places]
    rock = dict.fromkeys(names, 0.5)
    site = _site(tiles=[{"land_use": "secondary_forest", "area_fraction": 1.0}], boxes=[], sinking_streams=[])
    start = Simulation(site, forcing, [rock])
    start.spin_up(1)
    restart = write_restart(
        start.tables, site, forcing.time.values[0], calendar_of(forcing.time.values), tmp_path / "r.nc"
    )
    kept = ["soil_powder_dissolution", "soil_calcite_precipitation", "soil_percolation", "soil_temperature",
            "soil_base_pco2"]  # fmt: skip
    net, most = {}, {}
    for rate in (10.0, 50.0, 150.0, 500.0):
        run = Simulation(site, forcing, [rock], interventions=[make.limestone_powder(start=2001, rate=rate)])
        run.start_from(restart)
        last = {
            n: float(v) for n, v in run.run(["annual"], kept)["annual"].isel(time=1).squeeze()[kept].items()
        }
        net[rate] = last["soil_powder_dissolution"] - last["soil_calcite_precipitation"]
        water = ks.equilibrate(
            temperature=last["soil_temperature"],
            pco2=last["soil_base_pco2"],
            minerals=["calcite"],
            system="open",
        )
        most[rate] = float(water.ca) * last["soil_percolation"] / 1000.0
    assert all(net[rate] < most[rate] for rate in net)
    assert 4.0 < net[50.0] / net[10.0] < 6.0
    assert 1.0 < net[500.0] / net[150.0] < 1.1


# ------------------------------------------------------------------------------------------- parameters alone


def _params(site: Site, what, year: int):
    """(before, in the year, after it was lifted) tables of the tiles, boxes and catchment."""
    tables = parameter_tables(site, [{}])
    before = {level: table.copy() for level, table in tables.items()}
    measures = Measures(site, what if isinstance(what, list) else [what])
    measures.begin_year(tables, year)
    during = {level: table.copy() for level, table in tables.items()}
    measures.lift()
    for level, table in tables.items():
        assert table.tobytes() == before[level].tobytes()
    return before, during


def test_soil_improvement_in_numbers() -> None:
    """Manure 2 t C ha-1 is 200 g / 12.011 = 16.65 mol m-2; half of the straw back leaves 0.45 (1 - 0.5 0.5) = 0.3375.

    Mulch of 0.3 with transpiration share 0.45 leaves 1 - 0.3 0.55 = 0.835 of the demand 0.8, and 0.45/0.835 of it to
    plants: transpiration 0.8 0.45 is what it was.
    """
    what = make.soil_improvement(start=2001, end=2002, manure=2.0, straw_return=0.5, mulch=0.3, no_till=True,
                                 tiles=["cropland"])  # fmt: skip
    before, during = _params(_site(), what, 2001)
    soil, plants = during["tile"]["soil"], during["tile"]["vegetation"]
    assert soil["manure_rate"][0].tolist() == [pytest.approx(16.651, abs=1e-3), 0.0]
    assert plants["harvest"][0, 0] == pytest.approx(0.3375)
    assert soil["tillage"][0].tolist() == [1.0, 1.0]
    demand, share = plants["crop_coefficient"][0, 0], soil["transpiration_share"][0, 0]
    assert demand == pytest.approx(0.8 * 0.835)
    assert demand * share == pytest.approx(0.8 * 0.45)
    assert demand * (1.0 - share) == pytest.approx(0.7 * 0.8 * 0.55)
    assert during["tile"][0, 1].tobytes() == before["tile"][0, 1].tobytes()
    _, later = _params(_site(), what, 2003)
    assert later["tile"].tobytes() == before["tile"].tobytes()


def test_biochar_is_spread_once_and_stays() -> None:
    what = make.soil_improvement(start=2001, biochar=12.011)
    _, first = _params(_site(), what, 2001)
    _, later = _params(_site(), what, 2005)
    assert first["tile"]["soil"]["biochar_rate"][0, 0] == pytest.approx(100.0)
    assert later["tile"]["soil"]["biochar_rate"][0, 0] == 0.0
    for table in (first, later):
        assert table["tile"]["soil"]["porosity"][0, 0] == pytest.approx(0.57)
        assert table["tile"]["soil"]["field_capacity_ratio"][0, 0] == pytest.approx(0.58 * 1.05)


def test_powder_in_moles_and_intervals() -> None:
    """50 t km-2 are 50 g m-2: 0.49957 mol of CaCO3, 0.5423 mol of carbonate in dolomite of 92.2005 g per mole."""
    calcite = make.limestone_powder(start=2001, interval=4)
    rates = [_params(_site(), calcite, y)[1]["tile"]["soil"]["powder_rate"][0, 0] for y in range(2000, 2006)]
    assert rates == [
        0.0,
        pytest.approx(4 * 0.49957, rel=1e-4),
        0.0,
        0.0,
        0.0,
        pytest.approx(4 * 0.49957, rel=1e-4),
    ]
    _, during = _params(_site(), make.dolomite_powder(start=2001), 2001)
    soil = during["tile"]["soil"]
    dolomite = 50.0 / 92.2005
    assert soil["powder_rate"][0, 0] == pytest.approx(dolomite, rel=1e-6)
    assert soil["powder_dolomite"][0, 0] == 1.0
    _, both = _params(_site(), [calcite, make.dolomite_powder(start=2001)], 2001)
    assert both["tile"]["soil"]["powder_dolomite"][0, 0] == pytest.approx(
        dolomite / (dolomite + 4 * 0.49957), rel=1e-4
    )


def test_irrigation_divides_its_depth_over_the_season() -> None:
    """153 days every 10 are 16 irrigations; 30 days over the new year every 10 are 3."""
    _, during = _params(_site(), make.irrigation(start=2001, depth=320.0), 2001)
    soil = during["tile"]["soil"]
    assert soil["irrigation_depth"][0, 0] == pytest.approx(20.0)
    assert (soil["irrigation_rule"][0, 0], soil["irrigation_source"][0, 0]) == (1, 3)
    winter = make.irrigation(start=2001, depth=30.0, first_day=350, last_day=14)
    assert _params(_site(), winter, 2001)[1]["tile"]["soil"]["irrigation_depth"][0, 0] == pytest.approx(10.0)


def test_area_that_is_diverted_adds_to_what_drains_in() -> None:
    site = _site(allogenic_area_km2=2.0)
    _, during = _params(site, make.allogenic_diversion(start=2001, area_km2=3.0), 2001)
    assert during["column"]["aquifer"]["allogenic_area_ratio"][0] == pytest.approx(0.5)
    _, during = _params(site, make.allogenic_diversion(start=2001, area_km2=3.0, stream="brook"), 2001)
    assert during["sinking_stream"]["sinking_stream"]["allogenic_area_ratio"][0, 0] == pytest.approx(0.4)


def test_plants_of_a_box_give_way_to_others() -> None:
    """Stonewort lays down a calcite per HCO3-, hydrilla none: the class speaks again; what the box sets stays."""
    box = {**BOXES[0], "plants": "stonewort", "parameters": {"surface_water.bicarbonate_use": 0.33}}
    site = _site(boxes=[box])
    before, during = _params(site, make.aquatic_plants(start=2001, species="hydrilla", harvest=0.5), 2001)
    assert before["box"]["surface_water"]["biogenic_calcite"][0, 0] == 1.0
    water = during["box"]["surface_water"]
    assert water["biogenic_calcite"][0, 0] == pytest.approx(0.1)
    assert water["half_saturation_co2"][0, 0] == pytest.approx(0.17)
    assert (water["plant_cover"][0, 0], water["plant_harvest"][0, 0]) == (
        1.0,
        0.5,
    )  # the bed of the stonewort
    assert water["burial_efficiency"][0, 0] == pytest.approx(0.4)


def test_planting_adds_to_what_grows() -> None:
    """Without a cover half of a bare bed is planted, and more than half is left; a species may take less of the bed."""
    bare = _site(boxes=[{**BOXES[0], "parameters": {"surface_water.plant_cover": 0.1}}])
    for site, what, cover in (
        (bare, make.aquatic_plants(start=2001), 0.5),
        (bare, make.aquatic_plants(start=2001, cover=0.3), 0.3),
        (_site(), make.aquatic_plants(start=2001), 1.0),
        (_site(), make.aquatic_plants(start=2001, species="pondweed", cover=0.8), 0.8),
        (_site(), make.aquatic_plants(start=2001, species="phytoplankton"), 0.0),
    ):
        _, during = _params(site, what, 2001)
        assert during["box"]["surface_water"]["plant_cover"][0, 0] == cover


def test_a_dam_makes_a_reservoir_of_a_reach() -> None:
    _, during = _params(_site(), make.dam(start=2001, box="creek", area_km2=0.5, depth_m=4.0), 2001)
    water = during["box"]["surface_water"][0, 0]
    assert (water.reservoir, water.reservoir_area, water.reservoir_depth) == (1, 0.5, 4.0)
    assert (water.k600_law, water.burial_efficiency) == (2, 0.5)  # of the water class reservoir


def test_interventions_follow_each_other() -> None:
    """Two factors on one deposition multiply, 1.5 0.5; amounts of manure add up."""
    what = [
        make.acid_load(start=2001, sulfur=0.5),
        make.acid_load(start=2001, sulfur=-0.5),
        make.soil_improvement(start=2001, manure=1.0),
        make.soil_improvement(start=2001, manure=1.0),
    ]
    _, during = _params(_site(), what, 2001)
    assert during["tile"]["soil"]["dry_sulfur"][0, 0] == pytest.approx(0.06 * 0.75)
    assert during["column"]["atmosphere"]["rain_so4"][0] == pytest.approx(0.03 * 0.75)
    assert during["tile"]["soil"]["manure_rate"][0, 0] == pytest.approx(200.0 / 12.011)


# ------------------------------------------------------------------------------------------- wrong input


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ({"kind": "limestone_powder", "start": 2030, "rate": 5000.0}, "intervention[0].rate"),
        ({"kind": "limestone_powder", "start": 2030, "grain": 50.0}, "intervention[0].grain"),
        ({"kind": "limestone_powder", "start": "2030-07-01"}, "no beginning of a year"),
        ({"kind": "limestone_powder", "start": 2030, "end": 2020}, "end 2020 is before start 2030"),
        ({"kind": "limestone_powder"}, "intervention[0].start"),
        ({"kind": "limestone_powdr", "start": 2030}, "did you mean 'limestone_powder'"),
        ({"start": 2030}, "intervention[0].kind"),
        ({"kind": "pond", "start": 2030}, "cannot begin within a run"),
        ({"kind": "soil_improvement", "start": 2030}, "names nothing"),
        ({"kind": "acid_load", "start": 2030}, "names nothing"),
        (
            {
                "kind": "vegetation_restoration",
                "start": 2030,
                "to": "grass",
                "from": "shrub",
                "area_fraction": 0.0,
            },
            "moves no land",
        ),
        ({"kind": "bicarbonate_plants", "start": 2030}, "one of species and uptake"),
        (
            {"kind": "vegetation_restoration", "start": 2030, "to": "wood", "from": "shrub"},
            "intervention[0].to",
        ),
        ({"kind": "irrigation", "start": 2030, "source": "sea"}, "intervention[0].source"),
    ],
)
def test_the_error_names_the_key(entry, named) -> None:
    with pytest.raises(InputError) as caught:
        read_interventions([entry], "run.toml")
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("what", "named"),
    [
        (make.limestone_powder(start=2001, tiles=["forest"]), "'forest' is no tile"),
        (make.limestone_powder(start=2001, rate=500.0, interval=5), "soil.powder_rate"),
        (make.limestone_powder(start=2001, diameter=1.0), "soil.powder_diameter"),
        (make.aquatic_plants(start=2001, boxes=["lake"]), "'lake' is no box"),
        (make.aquatic_plants(start=2001, cover=0.5), "they would be cleared"),
        (make.soil_improvement(start=2001, no_till=True, tiles=["shrub"]), "are not ploughed"),
        (make.dam(start=2001, box="lake", area_km2=1.0, depth_m=1.0), "'lake' is no box"),
        (make.allogenic_diversion(start=2001, area_km2=1.0, stream="east"), "'east' is no sinking stream"),
        (make.carbonic_anhydrase(start=2001, factor=20.0), "soil.ca_factor"),
        (make.vegetation_restoration(**{"from": "grass"}, to="shrub", start=2001), "'grass' is no tile"),
        (
            make.vegetation_restoration(**{"from": "shrub"}, to="grass", start=2001, area_fraction=0.5),
            "takes 0.5 of the karst area",
        ),
    ],
)
def test_what_the_site_lacks_is_named_before_the_run(what, named, forcing) -> None:
    with pytest.raises(InputError) as caught:
        Simulation(_site(), forcing, interventions=[what])
    assert named in str(caught.value)


def test_land_that_is_gone_is_not_improved(forcing) -> None:
    """Manure on a field that has become forest would cost and do nothing; on the forest, or before, it may be."""
    forest = make.vegetation_restoration(
        **{"from": "cropland"}, to="secondary_forest", start=START, name="plot"
    )
    field = make.soil_improvement(start=START, manure=2.0, tiles=["cropland"])
    with pytest.raises(InputError, match="cropland has no area from 2002 on") as error:
        Simulation(Site(**PLACE, tiles=TILES), forcing, interventions=[field, forest])
    assert "plot" in error.value.mend and "shrub" in error.value.mend
    part = forest.model_copy(update={"area_fraction": 0.5})
    new = field.model_copy(update={"tiles": ["plot"]})
    for together in ([part, field], [forest, new], [forest, field.model_copy(update={"start": START - 1})]):
        Simulation(Site(**PLACE, tiles=TILES), forcing, interventions=together)


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ([make.soil_improvement(start=START, straw_return=0.5, tiles=["shrub"])], "nothing is harvested"),
        (
            [make.vegetation_restoration(**{"from": "shrub"}, to="shrub", start=START)],
            "'shrub' is shrub already",
        ),
        (
            [
                make.vegetation_restoration(**{"from": "shrub"}, to="grass", start=START),
                make.vegetation_restoration(**{"from": "shrub"}, to="secondary_forest", start=START),
            ],
            "has no area in 2002",
        ),
    ],
)
def test_what_would_do_nothing_is_refused(what, named, forcing) -> None:
    with pytest.raises(InputError) as caught:
        Simulation(_site(), forcing, interventions=what)
    assert named in str(caught.value)


def test_mulch_under_layers_is_refused(forcing) -> None:
    with pytest.raises(InputError, match=r"soil\.layers"):
        Simulation(
            _site(),
            forcing,
            [{"soil.layers": 1}],
            interventions=[make.soil_improvement(start=2001, mulch=0.3)],
        )


def test_an_intervention_after_the_end_is_refused(forcing) -> None:
    with pytest.raises(InputError, match="after the end of the run in 2002"):
        ks.simulate(_site(), forcing, interventions=[make.irrigation(start=2030)])


RUN = """
[site]
name = "s"
latitude = 26.3
longitude = 105.7
elevation = 1200.0
area_km2 = 10.0
tiles = [{ land_use = "cropland", area_fraction = 1.0 }]
[forcing]
synthetic = "ssp245"
start = "2015"
end = "2016"
[[intervention]]
kind = "vegetation_restoration"
start = 2016
from = "cropland"
to = "shrub"
[[intervention]]
kind = "dolomite_powder"
start = 2015-01-01
end = 2015
rate = 100.0
"""


def test_a_run_file_holds_interventions_and_the_resolved_one_too(tmp_path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(RUN)
    config = load_config(path)
    assert [w.KIND for w in config.intervention] == ["vegetation_restoration", "dolomite_powder"]
    assert (config.intervention[1].start, config.intervention[1].end) == (2015, 2015)
    (tmp_path / "again.toml").write_text(to_toml(config))
    assert load_config(tmp_path / "again.toml").intervention == config.intervention
    assert read_interventions(as_entries(config.intervention), "again") == config.intervention


@pytest.mark.parametrize("template", ["site.toml", "ensemble.toml"])
def test_the_examples_of_the_templates_are_ready_to_use(template, tmp_path) -> None:
    text = (Path(ks.__file__).parent / "templates" / template).read_text(encoding="utf-8")
    begin = text.index("# [[intervention]]")
    lines = [line.removeprefix("# ") for line in text[begin:].splitlines()]
    (tmp_path / template).write_text(text[:begin] + "\n".join(lines) + "\n", encoding="utf-8")
    load = load_config if template == "site.toml" else load_ensemble
    config = load(tmp_path / template)
    assert len(config.intervention) == text.count("[[intervention]]")
    Measures(restored(config.site, config.intervention)[0], config.intervention)


def test_restored_land_stands_on_the_rock_that_it_stood_on() -> None:
    tiles = [{"land_use": "cropland", "area_fraction": 1.0, "lithology": "mantled_limestone"}]
    what = make.vegetation_restoration(**{"from": "cropland"}, to="grass", start=START, area_fraction=0.6)
    site, _ = restored(_site(tiles=tiles), [what])
    assert [t.lithology for t in site.tiles] == ["mantled_limestone", "mantled_limestone"]


def test_every_number_of_a_record_has_a_unit_and_a_source_or_a_parameter() -> None:
    """Where a key stands for a parameter, that is one; elsewhere units and source are declared with the bounds."""
    for cls in KINDS.values():
        for name, field in cls.model_fields.items():
            extra = field.json_schema_extra
            if "parameter" in (extra or {}):
                assert extra["parameter"] in by_name(), name
            elif extra:
                assert extra["units"], name
                assert extra["source"], name
                assert field.description, name

"""Plants, phytoplankton, oxygen, nitrate and calcite laws of a box, one by one, and the box where it is hardest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.gas import oxygen_saturation, schmidt_o2
from karstsim.chemistry.medium import noncarbonate_alkalinity
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.classes import AQUATIC_PLANTS, by_plant
from karstsim.core.errors import InputError
from karstsim.core.jit import kernel, python_callable
from karstsim.forcing.records import FORCING
from karstsim.processes import surface_water
from karstsim.processes.cave.drip import growth_constant
from karstsim.processes.surface_water import carbon, nitrogen, oxygen, photosynthesis, plants

SET, SPECIATE = python_callable(set_temperature), python_callable(speciate)
ALKALINITY_OF = {"ca": 2.0, "mg": 2.0, "na": 1.0, "k": 1.0, "so4": -2.0, "no3": -1.0, "cl": -1.0}
AQUATIC = ("aoc_labile", "aoc_semilabile", "aoc_refractory", "poc", "algae")


def _constants(temperature: float) -> np.record:
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    SET(k, temperature, 0)
    return k


def _box(record_of, *, depth=0.5, temperature=20.0, dic=4.2, ca=2.0, na=0.1, plants=0.0, **values):
    """(p, s, f) of a box with 100 mm of water over its own area; dic, ca, na in mol m-3, plants mol m-2."""
    p = record_of(surface_water.PARAMS, **values)
    s, f = record_of(surface_water.STATE), record_of(surface_water.FLUXES)
    s.temperature, s.plants, s.water.volume, s.water.heat = temperature, plants, 100.0, 100.0 * temperature
    s.water.sol.dic, s.water.sol.ca, s.water.sol.na = 0.1 * dic, 0.1 * ca, 0.1 * na
    s.water.sol.oxygen = 0.1 * 0.28
    f.depth, f.velocity, f.area_ratio = depth, 0.15, 1.0
    return p, s, f


@kernel
def _react_once(p, s, f, forcing, x, k, t, h, fresh):
    """A sub-step of one box by the scalar kernels, without isotopes: any block is air enough."""
    surface_water.decay(p, s, f, t, 0.5, h, False)
    carbon.step(p, s, f, t.light, forcing, x, k, t, h * t.stays, fresh)
    surface_water.settle(p, s, f, f.buried_of, forcing, x, t, h, False)


@kernel
def _react(p, s, f, forcing, x, k, t, par, hours, n):
    """`n` sub-steps that together last `hours`; PAR at the surface is `par` all the time."""
    t.par_mean, t.par_swing = par, 0.0
    for i in range(n):
        _react_once(p, s, f, forcing, x, k, t, hours / 24.0 / n, i == 0)


def _scratch(temperature: float) -> tuple:
    return np.zeros(1, SOLUTION_DTYPE)[0], _constants(temperature), np.zeros(1, carbon.SUBSTEP_DTYPE)[0]


def _air(record_of, **values):
    return record_of(FORCING, **({"co2": 410.0, "sfcwind": 2.0, "ps": 101325.0} | values))


# ------------------------------------------------------------------------------------------- submerged plants


def test_cover_grows_with_biomass(record_of, on_rows) -> None:
    """1 - exp(-(B + 0.1)/5) of the planted share: 0.0198, 0.6394 and 0.9934 for B = 0, 5 and 25 mol m-2 of bed."""
    for biomass, expected in ((0.0, 0.01980), (5.0, 0.63940), (25.0, 0.99340)):
        p, s, f = _box(record_of, plant_cover=0.5, plants=0.5 * biomass)
        assert on_rows(plants.cover)(p, s, f) == pytest.approx(0.5 * expected, abs=1e-5)
    p, s, f = _box(record_of, plant_cover=0.0, plants=1.0)
    assert on_rows(plants.cover)(p, s, f) == 0.0


def test_a_stand_is_respired_dies_and_is_cut(record_of, on_rows) -> None:
    """Rates 0.01, 0.01 and 36.52425/365.2425 = 0.1 per day take 1 - exp(-0.06) in half a day, in the ratio 1:1:10."""
    p, s, f = _box(record_of, plants=10.0, plant_harvest=36.52425, algal_production=0.5)
    respired = on_rows(plants.step)(p, s, f, 1.0, 0.5, 0.5)
    lost = 10.0 * -math.expm1(-0.06)
    assert s.plants == pytest.approx(10.0 - lost, rel=1e-12, abs=0.0)
    assert f.plant_harvest == pytest.approx(lost * 10.0 / 12.0, rel=1e-12, abs=0.0)
    assert respired == f.plant_respiration == pytest.approx(lost / 12.0, rel=1e-12, abs=0.0)
    assert s.water.sol.poc == f.plant_death == pytest.approx(lost / 12.0, rel=1e-12, abs=0.0)
    assert s.water.sol.dic == pytest.approx(0.42 + lost / 12.0, rel=1e-12, abs=0.0)


def test_what_grows_beyond_the_capacity_is_shed(record_of, on_rows) -> None:
    """Of 1 mol, 0.40 is labile and 0.25 refractory; of 0.35, half is shed at half of the capacity, all of it above."""
    for biomass, kept in ((0.0, 1.0), (12.5, 0.5), (40.0, 0.0)):
        p, s, f = _box(record_of, plants=biomass, plant_capacity=25.0)
        on_rows(plants.grow)(p, s, f, 1.0, 0.0)
        assert s.plants - biomass == pytest.approx(0.35 * kept, abs=1e-12)
        assert s.water.sol.poc == f.plant_death == pytest.approx(0.35 * (1.0 - kept), abs=1e-12)
        assert (s.water.sol.aoc_labile, s.water.sol.aoc_refractory) == pytest.approx((0.40, 0.25))


# ------------------------------------------------------------------------------------------- phytoplankton


def test_phytoplankton_dies_sinks_and_breathes(record_of, on_rows) -> None:
    """Rates 0.1 (20 degC), 0.05 and 0.1/0.5 = 0.2 per day; of what sinks 0.3 is buried, the rest respired below."""
    p, s, f = _box(record_of)
    s.water.sol.algae = 0.01
    respired = on_rows(plants.step)(p, s, f, 1.0, 1.0, 1.0)
    lost = 0.01 * -math.expm1(-0.35)
    assert s.water.sol.algae == pytest.approx(0.01 - lost, rel=1e-12, abs=0.0)
    assert s.water.sol.poc == pytest.approx(lost * 0.05 / 0.35, rel=1e-10)
    assert f.burial_oc == pytest.approx(0.3 * lost * 0.2 / 0.35, rel=1e-10)
    assert respired == pytest.approx(lost * (0.1 + 0.7 * 0.2) / 0.35, rel=1e-10)


def test_phosphorus_in_phytoplankton_is_not_free(record_of, on_rows) -> None:
    """1 mmol m-3 of P, 106 C per P: half of it free at 53 mmol m-3 of carbon, f_N = 0.5/(0.5 + 0.5); none at 106."""
    p, _, _ = _box(record_of)
    for algae, expected in ((0.0, 2.0 / 3.0), (0.053, 0.5), (0.106, 0.0), (0.2, 0.0)):
        alone, both = on_rows(photosynthesis.nutrients)(p, algae, 0.014)
        assert alone == pytest.approx(expected, abs=1e-12) and both == min(alone, 0.5)


def test_a_bloom_ends_at_its_phosphorus(record_of, on_rows) -> None:
    """Two months of light in a still pond, fast growers: a thousandfold, and never beyond 106 C per P."""
    p, s, f = _box(record_of, depth=2.0, plant_cover=0.0, k600_law=2, algal_production=8.0)
    s.water.sol.algae = 1e-5
    x, k, t = _scratch(20.0)
    most = 0.0
    for _ in range(60):
        on_rows(_react)(p, s, f, _air(record_of), x, k, t, 500.0, 24.0, 24)
        most = max(most, 10.0 * s.water.sol.algae)
    assert 0.03 < most < 0.106
    assert f.gpp_algae > 0.0 and f.gpp - f.gpp_algae == pytest.approx(0.0, abs=1e-15)


# ------------------------------------------------------------------------------------------- oxygen


@pytest.mark.parametrize("steps", [1, 48])
def test_oxygen_goes_to_saturation_at_any_step(record_of, on_rows, steps) -> None:
    """O2 = s + (O0 - s) exp(-k/D), k = k600 sqrt(600/Sc): exact without respiration, in one step or in 48."""
    p, s, f = _box(record_of, depth=2.0)
    f.k600, s.water.sol.oxygen = 1.5, 0.01
    for _ in range(steps):
        on_rows(oxygen.step)(p, s, f, 0.0, 0.0, _air(record_of), 1.0 / steps, 1.0)
    saturation = python_callable(oxygen_saturation)(20.0, 1.0)
    rate = 1.5 * math.sqrt(600.0 / python_callable(schmidt_o2)(20.0)) / 2.0
    expected = saturation + (0.1 - saturation) * math.exp(-rate)
    assert 10.0 * s.water.sol.oxygen == pytest.approx(expected, rel=1e-12, abs=0.0)
    assert f.oxygen_exchange == pytest.approx(s.water.sol.oxygen - 0.01, rel=1e-12, abs=0.0)
    assert f.oxygen_saturation == f.oxygen_max == pytest.approx(expected / saturation, rel=1e-12, abs=0.0)


def test_steady_oxygen_of_a_producing_and_of_a_breathing_water(record_of, on_rows) -> None:
    """k/D (s - O2) + PQ G = (R/RQ) O2/(K + O2) at the end of ten days; what is booked adds up to the change."""
    for gross, respired in ((0.02, 0.0), (0.0, 0.002), (0.0, 5.0), (0.03, 0.01)):
        p, s, f = _box(record_of, depth=0.5)
        f.k600 = 2.0
        start = float(s.water.sol.oxygen)
        for _ in range(2000):
            on_rows(oxygen.step)(p, s, f, gross * 0.005, respired * 0.005, _air(record_of), 0.005, 1.0)
            assert s.water.sol.oxygen > 0.0
        o2 = 10.0 * float(s.water.sol.oxygen)
        rate = 2.0 * math.sqrt(600.0 / python_callable(schmidt_o2)(20.0)) / 0.5
        gained = rate * (python_callable(oxygen_saturation)(20.0, 1.0) - o2) + 1.2 * gross / 0.1
        assert gained == pytest.approx(respired / 0.1 / 0.9 * o2 / (6e-3 + o2), rel=2e-3, abs=1e-9)
        booked = f.oxygen_exchange + f.oxygen_production - f.oxygen_consumption
        assert s.water.sol.oxygen - start == pytest.approx(booked, abs=1e-12)


# ------------------------------------------------------------------------------------------- nitrate


def test_nitrate_taken_up_and_given_back(record_of, on_rows) -> None:
    """0.5 x 16/106 of 1 mol produced is 0.0755 mol, of 0.4 respired 0.0302; no more is taken than is there."""
    for share, before, taken, given in (
        (0.0, 0.1, 0.0, 0.0),
        (0.5, 0.1, 0.075472, 0.030189),
        (1.0, 0.0, 0.060377, 0.060377),
    ):
        p, s, f = _box(record_of, nitrate_share=share)
        s.water.sol.no3 = before
        on_rows(nitrogen.step)(p, s, f, 1.0, 0.4)
        assert (f.nitrate_uptake, f.nitrate_release) == pytest.approx((taken, given), abs=1e-6)
        assert s.water.sol.no3 == pytest.approx(before + f.nitrate_release - f.nitrate_uptake, abs=1e-15)


def test_nitrate_follows_the_carbon_of_plants(record_of, on_rows) -> None:
    """Days and nights of a closed box: NO3 falls by r times what plants, particles, DOC and burial gained of carbon.

    The alkalinity rises by the same equivalents, less calcite; carbon from the land gives nothing back.
    """
    p, s, f = _box(record_of, plants=5.0, nitrate_share=1.0, plant_harvest=2.0)
    s.water.sol.no3, s.water.sol.doc_labile = 0.5, 0.2

    def held() -> float:
        return float(s.plants + sum(s.water.sol[name] for name in AQUATIC)) + f.burial_oc + f.plant_harvest

    def equivalents() -> float:
        return float(sum(n * s.water.sol[name] for name, n in ALKALINITY_OF.items()))

    carbon_before, nitrate_before, alkalinity_before = held(), float(s.water.sol.no3), equivalents()
    x, k, t = _scratch(20.0)
    for hour in range(240):
        light = 900.0 if 6 <= hour % 24 < 18 else 0.0
        on_rows(_react)(p, s, f, _air(record_of), x, k, t, light, 1.0, 2)
    gained = held() - carbon_before
    fallen = nitrate_before - float(s.water.sol.no3)
    assert s.water.sol.no3 > 0.0 and f.nitrate_release > 0.0 and f.nitrate_uptake > 0.0 and abs(gained) > 0.01
    assert fallen == pytest.approx(16.0 / 106.0 * gained, rel=1e-9)
    assert equivalents() - alkalinity_before == pytest.approx(
        fallen - 2.0 * (f.calcite - f.calcite_dissolution), abs=1e-12
    )


# ------------------------------------------------------------------------------------------- calcite


def test_bakers_law_in_a_sub_step(record_of) -> None:
    """n = v (Ca - n - Ca_eq) at the pH of the end: v/(1 + v) of what goes until Omega = 1, and nothing of none."""
    x, k = np.zeros(1, SOLUTION_DTYPE)[0], _constants(20.0)
    x.temperature, x.ca, x.na, x.dic, x.alkalinity = 20.0, 2e-3, 1e-4, 4.1e-3, 4.1e-3
    SPECIATE(x, k, int(Mode.ALK_DIC))
    t = np.zeros(1, carbon.SUBSTEP_DTYPE)[0]
    t.alkalinity, t.ca = x.alkalinity, x.ca
    quadratic = python_callable(carbon.bicarbonate_and_calcite)
    for share, ph in ((1.0, 8.3), (0.25, 8.3), (0.25, 9.2)):
        t.calcite_share = share
        h = 10.0**-ph
        n = quadratic(x, t, h)[1]
        b = x.alkalinity - python_callable(noncarbonate_alkalinity)(x, h)
        w = x.c_k2 / (h * (x.a0 + x.a1 / h) * x.ca_ratio * x.c_calcite)
        until = n / share
        assert w * (x.ca - until) * (b - 2.0 * until) == pytest.approx(1.0, rel=1e-10)
    assert quadratic(x, t, 10.0**-6.5)[1] == 0.0
    t.bed = 1e-5
    assert quadratic(x, t, 10.0**-6.0)[1] == -1e-5


def test_bakers_law_in_a_box(record_of, on_rows) -> None:
    """A supersaturated pool: alpha (Ca - Ca_eq) of the first minutes, and Omega = 1 in the end.

    Within 8 %: the box takes Ca_eq in the medium of the water as it is, the test in that of the saturated water.
    """
    p, s, f = _box(record_of, depth=0.02, dic=4.05, calcite_law=1, calcite_threshold=0.0, plant_cover=0.0,
                   biogenic_calcite=0.0, algal_production=0.5, k600_law=2)  # fmt: skip
    x, k, t = _scratch(20.0)
    on_rows(_react)(p, s, f, _air(record_of), x, k, t, 0.0, 0.1, 1)
    x.ph = 0.0
    before = float(f.calcite)
    on_rows(_react)(p, s, f, _air(record_of), x, k, t, 0.0, 0.01, 1)
    alpha = python_callable(growth_constant)(20.0)
    y, calcium = np.zeros(1, SOLUTION_DTYPE)[0], 10.0 * float(s.water.sol.ca)
    saturated = calcium
    for _ in range(60):  # Ca at which Omega is 1 at this pH: carbonate falls with the alkalinity
        y.temperature, y.ca, y.na = 20.0, 1e-3 * saturated, 1e-4
        y.alkalinity, y.ph = 2e-3 * saturated + 1e-4, float(s.water.ph)
        SPECIATE(y, k, int(Mode.ALK_PH))
        saturated *= 10.0 ** (-0.5 * y.si_calcite)
    expected = alpha * 36.0 * (calcium - saturated)  # mol m-2 of box in 36 s
    assert (f.calcite - before) * 0.02 / 0.1 == pytest.approx(expected, rel=0.08)
    for _ in range(40):
        on_rows(_react)(p, s, f, _air(record_of), x, k, t, 0.0, 24.0, 24)
    assert s.water.si_calcite == pytest.approx(0.0, abs=0.03)


# ----------------------------------------------------------------------------- the solve, and where it is hard


def test_a_sub_step_ends_at_the_chemistry_of_its_water(record_of, on_rows) -> None:
    """pH and CO2 of every sub-step of a bright day against `speciate` from nothing: 2e-5, 5e-5.

    The medium is extrapolated, and mostly one round is enough; half the sub-step moves pH a thousand times as much.
    """
    p, s, f = _box(record_of, depth=0.3, plants=20.0, gross_production=60.0, biogenic_calcite=0.0, slope=2e-3)
    x, k, t = _scratch(20.0)
    forcing, apart = _air(record_of), []
    for j in range(48):
        t.par_mean, t.par_swing = 1500.0 * max(math.sin(math.pi * (j - 12) / 24.0), 0.0), 0.0
        on_rows(_react_once)(p, s, f, forcing, x, k, t, 1.0 / 48.0, j == 0)
        y = np.zeros(1, SOLUTION_DTYPE)[0]
        y.temperature = 20.0
        for name in ("ca", "mg", "na", "k", "cl", "so4", "no3"):
            y[name] = s.water.sol[name] / 100.0
        dic_now = float(s.water.sol.dic) / 100.0
        y.dic, y.alkalinity = dic_now, sum(n * y[name] for name, n in ALKALINITY_OF.items())
        SPECIATE(y, k, int(Mode.ALK_DIC))
        assert x.unsolved == 0.0
        apart.append((abs(s.water.ph - y.ph), abs(s.water.pco2 / y.pco2 - 1.0)))
    worst = np.max(apart, axis=0)
    assert worst[0] < 2e-5 and worst[1] < 5e-5


CORNERS = {  # parameters, depth m, DIC, Ca, Na mol m-3
    "film_of_plants": ({"gross_production": 100.0, "calcite_rate": 0.2, "slope": 1e-3}, 0.02, 4.2, 2.0, 0.1),
    "soda_pond": ({"gross_production": 100.0, "k600_law": 2, "bicarbonate_use": 0.9}, 0.3, 3.0, 0.05, 3.0),
    "torrent": ({"gross_production": 20.0, "slope": 0.5, "greatest_k600": 500.0}, 0.1, 4.6, 2.0, 0.0),
    "still_film": ({"gross_production": 100.0, "least_k600": 0.01, "slope": 1e-6}, 0.01, 1.0, 0.45, 0.1),
}


@pytest.mark.parametrize("name", CORNERS)
def test_no_sub_step_is_too_long(record_of, on_rows, name) -> None:
    """Half a bright day in 1, 12, 24, 240 and 2400 sub-steps: always finite and positive, and the finer the nearer.

    With the default half hours the day's production is within 6 % of the limit, and DIC within 3 % of what there was.
    """
    values, depth, dic, ca, na = CORNERS[name]
    found = {}
    for n in (1, 12, 24, 240, 2400):
        p, s, f = _box(record_of, depth=depth, dic=dic, ca=ca, na=na, plants=25.0, **values)
        x, k, t = _scratch(20.0)
        on_rows(_react)(p, s, f, _air(record_of), x, k, t, 1800.0, 12.0, n)
        found[n] = np.array([s.water.sol.dic / (0.1 * dic), f.gpp, s.water.sol.ca, s.water.ph])
        assert np.isfinite(found[n]).all() and (found[n] > 0.0).all()
        assert 4.0 < s.water.ph < 13.0 and s.water.sol.oxygen >= 0.0 and x.unsolved == 0.0
    apart = {n: np.abs(found[n] - found[2400])[:2] / [1.0, found[2400][1]] for n in (12, 24, 240)}
    assert (apart[24] < [0.03, 0.06]).all()
    assert (apart[240] <= 0.3 * apart[24] + 1e-4).all()


# ------------------------------------------------------------------------------------------- presets


def _site(**box):
    from karstsim.model.site import Site

    return Site.from_dict(
        {
            "name": "s", "latitude": 26.0, "longitude": 105.0, "elevation": 900.0, "area_km2": 10.0,
            "tiles": [{"land_use": "grass", "area_fraction": 1.0}],
            "boxes": [{"name": "b", "kind": "stream", "water_class": "planted_stream", "length_km": 3.0} | box],
        }
    )  # fmt: skip


def test_plants_of_a_box_set_how_carbon_is_taken_up() -> None:
    """What a box's plants set goes before its water class and after nothing but its own parameters."""
    from karstsim.model.parameter_records import parameter_tables

    def row(**box):
        return parameter_tables(_site(**box), [{}])["box"][0, 0]["surface_water"]

    assert row()["bicarbonate_use"] == 0.6 and row()["gross_production"] == 60.0
    assert row(plants="water_moss")["bicarbonate_use"] == 0.0
    assert row(plants="stonewort")["biogenic_calcite"] == 1.0
    assert row(plants="phytoplankton")["plant_cover"] == 0.0
    own = {"surface_water.bicarbonate_use": 0.3}
    assert row(plants="hydrilla", parameters=own)["bicarbonate_use"] == 0.3
    with pytest.raises(InputError, match="kelp"):
        _site(plants="kelp")
    with pytest.raises(ValueError, match="kelp"):
        by_plant(kelp=1.0)
    assert len(AQUATIC_PLANTS) == len({tuple(row(plants=name).tolist()) for name in AQUATIC_PLANTS})


def test_plants_that_take_co2_only_lose_more_to_air_equilibrium(record_of, on_rows) -> None:
    """Sand-Jensen (1983): at 15 umol/L CO2, 5 mmol/L HCO3-, its users run at 1/2-1/3 of saturation, others at 1/10."""
    from karstsim.model.parameter_records import parameter_tables

    for name, low, high in (("water_moss", 0.06, 0.15), ("pondweed", 0.33, 0.5), ("hydrilla", 0.33, 0.5)):
        p = record_of(surface_water.PARAMS)
        values = parameter_tables(_site(plants=name), [{}])["box"][0, 0]["surface_water"]
        for field in ("half_saturation_co2", "half_saturation_hco3", "bicarbonate_use"):
            p[field] = values[field]
        on_co2, on_hco3 = on_rows(photosynthesis.carbon_shares)(
            p.half_saturation_co2, p.half_saturation_hco3, 0.015, 5.0
        )
        assert low < on_co2 + p.bicarbonate_use * on_hco3 < high

"""The carbon of surface water against stiff solvers of its own equations, and its parts by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from small_waters import K15, constants, water_of

from karstsim.chemistry.gas import (
    HydrationLaw,
    gas_transfer_velocity,
    oxygen_saturation,
    schmidt_exponent,
    schmidt_o2,
)
from karstsim.chemistry.medium import noncarbonate_alkalinity
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import kernel, python_callable
from karstsim.forcing.records import FORCING
from karstsim.processes import atmosphere, surface_water
from karstsim.processes.dissolution import load_store
from karstsim.processes.surface_water import carbon, gas_exchange, organic, oxygen, photosynthesis

SPECIATE = python_callable(speciate)
QUADRATIC = python_callable(carbon.bicarbonate_and_calcite)
NONCARBONATE = python_callable(noncarbonate_alkalinity)
ALK_DIC = int(Mode.ALK_DIC)
N = 13


def _box(
    record_of,
    depth: float,
    dic: float,
    ca: float,
    na: float = 0.0,
    temperature: float = 19.0,
    **values: float,
):
    """(p, s, f) of a box with 100 mm of water and plants that cover the bed; dic, ca, na in mol m-3."""
    p, s, f = (
        record_of(surface_water.PARAMS, **{"algal_production": 0.0, **values}),
        record_of(surface_water.STATE),
        record_of(surface_water.FLUXES),
    )
    s.temperature = temperature
    s.water.volume = 100.0
    s.water.sol.dic, s.water.sol.ca, s.water.sol.na = 0.1 * dic, 0.1 * ca, 0.1 * na
    f.depth, f.velocity, f.area_ratio = depth, 0.15, 1.0
    s.plants = 1000.0
    return p, s, f


@kernel
def _carbon_steps(p, s, f, light, forcing, x, k, t, h, n):
    for i in range(n):
        before = f.autotrophic_respiration
        carbon.step(p, s, f, light, forcing, x, k, t, h, i == 0)
        oxygen.step(p, s, f, t.gross, f.autotrophic_respiration - before, forcing, h, 1.0)


@kernel
def _derivatives(p, s, f, light, forcing, x, k):
    """(gas exchange, production, calcite, O2 gained) of the water as it stands, mol kg-1 d-1, all at one time."""
    load_store(x, s.water, s.temperature)
    x.ph = 0.0
    speciate(x, k, ALK_DIC)
    h = math.exp(-2.302585092994046 * x.ph)
    gas_exchange.set_k600(p, f, forcing.sfcwind)
    velocity = gas_exchange.transfer_velocity(p, f, h, x.c_k1, x.c_k2, x.c_kw, s.temperature, forcing.sfcwind)
    gas = velocity / f.depth * (x.m_co2 - x.c_kh * forcing.co2 * 1e-6)
    use = photosynthesis.bicarbonate_capacity(p, p.bicarbonate_use, light)
    on_co2, on_hco3 = photosynthesis.carbon_shares(
        p.half_saturation_co2, p.half_saturation_hco3, 1e3 * x.m_co2, 1e3 * x.m_hco3
    )
    potential = photosynthesis.plant_potential(p, 1.0, f.depth) / 1e3
    potential *= photosynthesis.warmth_and_light(p, light, s.temperature)
    production = potential * (on_co2 + use * on_hco3)
    calcite = 0.0
    if x.si_calcite > 0.0:
        calcite += p.biogenic_calcite * potential * use * on_hco3
    if x.si_calcite > p.calcite_threshold:
        calcite += p.calcite_rate / (f.depth * 1e3) * (math.exp(0.5 * 2.302585092994046 * x.si_calcite) - 1.0)
    here = s.water.sol.oxygen / 0.1
    velocity = gas_transfer_velocity(
        f.k600, schmidt_o2(s.temperature), schmidt_exponent(p.k600_law, forcing.sfcwind)
    )
    gained = velocity / f.depth * (oxygen_saturation(s.temperature, 1.0) - here) / 1e3
    gained += p.photosynthetic_quotient * production
    gained -= (
        p.autotrophic_respiration
        * production
        / p.respiratory_quotient
        * here
        / (p.half_saturation_oxygen + here)
    )
    return gas, production, calcite, gained


def _integrate(record_of, on_rows, p, s, f, light, forcing, days: float) -> np.ndarray:
    """DIC, Ca (mol kg-1), the sums of gas lost, production and calcite, and O2 after `days`, by Radau."""
    x, k = np.zeros(1, SOLUTION_DTYPE)[0], constants(float(s.temperature))
    call = on_rows(_derivatives)

    def slope(_, y):
        s.water.sol.dic, s.water.sol.ca, s.water.sol.oxygen = 100.0 * y[0], 100.0 * y[1], 100.0 * y[5]
        gas, production, calcite, gained = call(p, s, f, light, forcing, x, k)
        net = (1.0 - p.autotrophic_respiration) * production
        return [-gas - net - calcite, -calcite, gas, production, calcite, gained]

    start = [float(v) / 100.0 for v in (s.water.sol.dic, s.water.sol.ca, 0.0, 0.0, 0.0, s.water.sol.oxygen)]
    out = solve_ivp(slope, (0.0, days), start, method="Radau", rtol=1e-8, atol=1e-12)
    assert out.success
    return out.y[:, -1]


CASES = {  # depth, dic, ca, na, light, parameters of the box
    "planted, bright, calcifying": (
        0.3,
        4.4,
        2.05,
        0.1,
        800.0,
        {"gross_production": 60.0, "calcite_rate": 0.2, "slope": 5e-4},
    ),
    "planted, dark": (
        0.3,
        4.4,
        2.05,
        0.1,
        0.0,
        {"gross_production": 60.0, "calcite_rate": 0.2, "slope": 5e-4},
    ),
    "headwater degassing": (
        0.4,
        4.6,
        2.1,
        0.0,
        100.0,
        {"gross_production": 8.0, "calcite_rate": 0.01, "slope": 0.01},
    ),
    "reservoir": (3.0, 3.5, 1.7, 0.0, 300.0, {"gross_production": 10.0, "k600_law": 2}),
    "invasion": (0.5, 1.0, 0.55, 0.0, 0.0, {"gross_production": 0.0}),
}


@pytest.mark.parametrize("case", CASES, ids=[c.replace(" ", "_") for c in CASES])
def test_surface_water_agrees_with_radau(record_of, on_rows, case) -> None:
    """Six hours of the box's own equations, O2 too, by Radau (rtol 1e-8); sub-steps of half an hour, 1/10 and 1/100.

    First order: errors fall tenfold with the step. At half an hour they stay below 8 % of the largest of the three
    sums, although the water starts far from equilibrium with the air; those of O2, which starts at none, below 15 %.
    """
    depth, dic, ca, na, light, values = CASES[case]
    forcing = record_of(FORCING, co2=410.0, sfcwind=2.5, ps=101325.0)
    exact = _integrate(
        record_of, on_rows, *_box(record_of, depth, dic, ca, na, **values), light, forcing, 0.25
    )
    errors, oxygen_errors = [], []
    for factor in (1, 10, 100):
        p, s, f = _box(record_of, depth, dic, ca, na, **values)
        x, k = np.zeros(1, SOLUTION_DTYPE)[0], constants(19.0)
        t = np.zeros(1, carbon.SUBSTEP_DTYPE)[0]
        on_rows(_carbon_steps)(p, s, f, light, forcing, x, k, t, 1.0 / 48.0 / factor, 12 * factor)
        sums = [s.water.sol.dic, s.water.sol.ca, f.evasion - f.invasion, f.gpp, f.calcite, s.water.sol.oxygen]
        apart = np.abs(np.array(sums) / 100.0 - exact)
        apart /= max(abs(exact[2]), abs(exact[3]), abs(exact[4]))
        errors.append(apart[:5].max())
        oxygen_errors.append(apart[5])
    assert errors[0] < 0.08
    assert errors[1] < 0.2 * errors[0] + 1e-6
    assert errors[2] < 0.2 * errors[1] + 1e-6
    assert oxygen_errors[0] < 0.15
    assert oxygen_errors[1] < 0.2 * oxygen_errors[0] + 1e-5
    assert oxygen_errors[2] < 0.2 * oxygen_errors[1] + 1e-5


def test_the_hydration_law_is_an_option_of_the_box(record_of, on_rows) -> None:
    """Still water, 25 degC: Usdowski's slower constant exchanges less; not at pH 5, and little once OH- takes over."""
    velocity = on_rows(gas_exchange.transfer_velocity)
    k, x = constants(25.0), np.zeros(1, SOLUTION_DTYPE)[0]
    x.alkalinity, x.ph = 2e-3, 9.5
    SPECIATE(x, k, int(Mode.ALK_PH))

    def at(law: int, ph: float) -> float:
        p, _, f = _box(record_of, 1.0, 2.0, 1.0, hydration_law=law, ca_factor=1.0)
        f.k600 = 0.2
        return velocity(p, f, 10.0**-ph, x.c_k1, x.c_k2, x.c_kw, 25.0, 1.0)

    johnson, usdowski = int(HydrationLaw.JOHNSON1982), int(HydrationLaw.USDOWSKI1982)
    less = {ph: 1.0 - at(usdowski, ph) / at(johnson, ph) for ph in (5.0, 8.5, 9.5)}
    assert 0.0 <= less[5.0] < 0.01
    assert 0.05 < less[8.5] < 0.2
    assert 0.0 < less[9.5] < 0.5 * less[8.5]


def test_plants_in_still_water_stay_in_physical_bounds(record_of, on_rows) -> None:
    """Dense plants, hardly any gas exchange, hardly any calcite, soda water: pH above 9.5, CO2 almost gone for days.

    Everything stays finite and positive, DIC falls to where production stops, and the books agree.
    """
    p, s, f = _box(record_of, 0.3, 3.0, 0.05, 3.0, gross_production=100.0, calcite_rate=5e-4, least_k600=0.01,
                   k600_multiplier=0.2, slope=1e-6, bicarbonate_use=0.9, autotrophic_respiration=0.2)  # fmt: skip
    f.velocity = 1e-4
    x, k = np.zeros(1, SOLUTION_DTYPE)[0], constants(19.0)
    t = np.zeros(1, carbon.SUBSTEP_DTYPE)[0]
    forcing = record_of(FORCING, co2=410.0, sfcwind=0.5, ps=101325.0)
    before = float(s.water.sol.dic)
    for _ in range(6 * 48):
        on_rows(_carbon_steps)(p, s, f, 1500.0, forcing, x, k, t, 1.0 / 48.0, 1)
        assert s.water.sol.dic > 0.0 and s.water.sol.ca > 0.0
        assert 0.0 < s.water.ph < 13.0 and s.water.pco2 > 0.0 and math.isfinite(s.water.si_calcite)
    assert s.water.ph > 9.5 and s.water.pco2 < 5e-5
    net = f.gpp - f.autotrophic_respiration
    organic_carbon = s.water.sol.aoc_labile + s.water.sol.aoc_refractory + s.water.sol.poc + s.plants - 1000.0
    assert organic_carbon == pytest.approx(net, rel=1e-10)
    assert s.water.sol.dic == pytest.approx(
        before + f.invasion - f.evasion - net - f.calcite + f.calcite_dissolution, abs=1e-12
    )


@pytest.mark.parametrize("acid", [1e-2, 1e-1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("production", [0.0, 60.0])
@pytest.mark.parametrize("depth", [0.5, 2e-3])
def test_acid_water_keeps_its_carbon(record_of, on_rows, acid, production, depth) -> None:
    """Sulfuric acid of `acid` eq m-3 and 0.02 mol m-3 of DIC: DIC stays positive; unplanted it tends to Henry's law.

    CO2 is K_H p = 0.0455 x 410e-6 x 1000 = 0.0187 mol m-3 at 15 degC, HCO3 K1/h = 3.8e-7/acid of it; to 3 %.
    """
    p, s, f = _box(record_of, depth, 0.02, 0.0, temperature=15.0, gross_production=production, slope=1e-3)
    s.water.sol.so4 = 0.1 * 0.5 * acid
    x, k = np.zeros(1, SOLUTION_DTYPE)[0], constants(15.0)
    t = np.zeros(1, carbon.SUBSTEP_DTYPE)[0]
    forcing = record_of(FORCING, co2=410.0, sfcwind=2.0, ps=101325.0)
    for _ in range(4 * 48):
        on_rows(_carbon_steps)(p, s, f, 600.0, forcing, x, k, t, 1.0 / 48.0, 1)
        after = s.water.sol.dic
        assert after > 0.0
    if production == 0.0:
        assert 10.0 * after == pytest.approx(0.0187 * (1.0 + 3.8e-4 / acid), rel=0.03)
        assert s.water.pco2 == pytest.approx(410e-6, rel=0.02)


def test_no_carbon_and_no_water_do_nothing(record_of, on_rows) -> None:
    for volume, dic in ((100.0, 0.0), (1e-5, 1.0), (0.0, 0.0)):
        p, s, f = _box(record_of, 0.3, dic, 1.0)
        s.water.volume = volume
        x, k, t = np.zeros(1, SOLUTION_DTYPE)[0], constants(19.0), np.zeros(1, carbon.SUBSTEP_DTYPE)[0]
        on_rows(_carbon_steps)(
            p, s, f, 500.0, record_of(FORCING, co2=410.0, sfcwind=2.0, ps=101325.0), x, k, t, 1 / 48, 3
        )
        assert (f.gpp, f.evasion, f.invasion, f.calcite) == (0.0, 0.0, 0.0, 0.0)
        assert s.water.sol.dic == 0.1 * dic


@settings(max_examples=150, deadline=None)
@given(st.floats(1e-5, 5e-3), st.floats(1e-3, 8e-3), st.floats(7.0, 10.0), st.floats(1e-8, 1e-2))
def test_calcite_of_a_sub_step_satisfies_its_law(ca, dic, ph, kappa) -> None:
    """n = kappa (sqrt(Omega(n)) - 1) with Omega = w (Ca - n)(B - 2n); n = 0 where Omega(0) <= 1."""
    x = water_of(ca, dic)
    SPECIATE(x, K15, ALK_DIC)
    t = np.zeros(1, carbon.SUBSTEP_DTYPE)[0]
    t.alkalinity, t.ca, t.calcite = x.alkalinity, ca, kappa
    t.bed = 0.0
    h = 10.0**-ph
    n = QUADRATIC(x, t, h)[1]
    b = x.alkalinity - NONCARBONATE(x, h)
    a = x.a0 + x.a1 / h
    w = x.c_k2 / (h * a * x.ca_ratio * x.c_calcite)
    if w * ca * b <= 1.0:
        assert n == 0.0
        return
    assert 0.0 <= n < min(ca, 0.5 * b)
    omega = w * (ca - n) * (b - 2.0 * n)
    assert n / kappa + 1.0 == pytest.approx(math.sqrt(omega), rel=1e-7)


@pytest.mark.parametrize("latitude", [0.0, 26.3, -45.0, 60.0])
@pytest.mark.parametrize("year_fraction", [0.01, 0.25, 0.5, 0.8])
@pytest.mark.parametrize("steps", [1, 24])
def test_light_of_the_day_is_the_days_radiation(record_of, on_rows, latitude, year_fraction, steps) -> None:
    """Sum over 48 half hours of PAR at the surface = 0.46 x 4.57 x rsds, whatever latitude, season and step length.

    In a water of 1 mm the mean over the depth is the surface's within 1e-3; midpoints err by less than 1 % where the
    sun rises, 2 % on the short days of 60 degrees.
    """
    p, f = record_of(surface_water.PARAMS, light_attenuation=0.15), record_of(surface_water.FLUXES)
    f.depth = 1e-3
    t = np.zeros(1, carbon.SUBSTEP_DTYPE)[0]
    air_p, air_f = record_of(atmosphere.PARAMS, latitude=latitude), record_of(atmosphere.FLUXES)
    total = 0.0
    for i in range(steps):
        forcing = record_of(FORCING, rsds_day=150.0, year_fraction=year_fraction, day_fraction=i / steps)
        on_rows(atmosphere.radiation.step)(air_p, air_f, forcing)
        on_rows(photosynthesis.set_sun)(t, air_p, air_f, forcing)
        for j in range(48 // steps):
            time = i / steps + (j + 0.5) / 48.0
            total += on_rows(photosynthesis.mean_light)(p, f, 0.0, t, time) / 48.0
    assert total == pytest.approx(0.46 * 4.57 * 150.0, rel=0.01 if abs(latitude) < 60.0 else 0.02)


def test_there_is_no_light_at_night(record_of, on_rows) -> None:
    p, f = record_of(surface_water.PARAMS), record_of(surface_water.FLUXES)
    air_p, air_f = record_of(atmosphere.PARAMS), record_of(atmosphere.FLUXES)
    forcing = record_of(FORCING, rsds_day=150.0, year_fraction=0.5)
    on_rows(atmosphere.radiation.step)(air_p, air_f, forcing)
    t = np.zeros(1, carbon.SUBSTEP_DTYPE)[0]
    on_rows(photosynthesis.set_sun)(t, air_p, air_f, forcing)
    light = [on_rows(photosynthesis.mean_light)(p, f, 0.0, t, x / 24.0) for x in (0, 3, 12, 23)]
    assert light[0] == light[1] == light[3] == 0.0 and light[2] > 100.0


@pytest.mark.parametrize(("use", "expected"), [(0.8, 0.5652), (0.6, 0.4565), (0.0, 0.1304)])
def test_carbon_limitation_of_sand_jensen(record_of, on_rows, use, expected) -> None:
    """15 umol/L CO2 and 5 mmol/L HCO3: m = 0.015/0.115 = 0.1304; f_C = m + (1 - m) phi 5/8 (design notes 6.4)."""
    p = record_of(surface_water.PARAMS)
    on_co2, on_hco3 = on_rows(photosynthesis.carbon_shares)(p.half_saturation_co2, 3.0, 0.015, 5.0)
    assert on_co2 + use * on_hco3 == pytest.approx(expected, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=9, max_size=9), st.floats(0.0, 30.0), st.floats(0.05, 20.0))
def test_decay_and_burial_keep_the_carbon(record_of, on_rows, amounts, temperature, depth) -> None:
    p, s, f = _box(record_of, depth, 1.0, 0.5, temperature=temperature)
    pools = ("labile", "semilabile", "refractory")
    names = ("dic", *(f"{kind}_{pool}" for kind in ("doc", "aoc") for pool in pools), "poc", "poc_land")
    for name, value in zip(names, amounts, strict=True):
        s.water.sol[name] = value
    on_rows(organic.step)(p, s, f, on_rows(organic.warmth)(p, temperature), 1.0 / 48.0)
    after = [float(s.water.sol[name]) for name in names]
    assert sum(after) + f.burial_oc == pytest.approx(sum(amounts), rel=1e-14, abs=1e-300)
    assert min(after) >= 0.0 and f.burial_oc >= 0.0
    assert after[0] - amounts[0] == pytest.approx(f.heterotrophic_respiration, abs=1e-15)


def test_labile_carbon_decays_at_two_percent_a_day(record_of, on_rows) -> None:
    """exp(-0.022) after 48 sub-steps at 20 degC; at 30 degC decay is 1.967 times that, the pump not."""
    for temperature, rate in ((20.0, 0.02), (30.0, 0.02 * 1.07**10)):
        p, s, f = _box(record_of, 1.0, 0.0, 0.0, temperature=temperature)
        s.water.sol.doc_labile = 1.0
        for _ in range(48):
            on_rows(organic.step)(p, s, f, on_rows(organic.warmth)(p, temperature), 1.0 / 48.0)
        assert s.water.sol.doc_labile == pytest.approx(math.exp(-rate - 0.002), rel=1e-12, abs=0.0)

"""Radiation, evaporation, plants, soil carbon and soil gas: worked values, conservation, independent solutions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel, python_callable
from karstsim.forcing.records import FORCING
from karstsim.forcing.synthetic import synthetic_forcing
from karstsim.processes import aquifer, atmosphere, recipe, soil, vegetation
from karstsim.processes.atmosphere import potential_evapotranspiration, radiation
from karstsim.processes.lowpass import low_pass
from karstsim.processes.soil import gas, irrigation, organic_carbon, rothc
from karstsim.processes.soil import temperature as soil_temperature
from karstsim.processes.vegetation import biomass, casa, production, root_bicarbonate

RA = python_callable(radiation.extraterrestrial_radiation)
LOW_PASS = python_callable(low_pass)
SCALAR, GAUSSIAN = python_callable(casa.temperature_scalar), python_callable(casa.gaussian_scalar)
T_MOD = python_callable(rothc.temperature_modifier)
RETAINED = python_callable(rothc.retained_fraction)
SHAPE = python_callable(gas.profile_shape)
RAIN_DIC = python_callable(recipe.dissolved_inorganic_carbon)
POOLS = ("dpm", "rpm", "bio", "hum")
pytestmark = pytest.mark.nojit


# ------------------------------------------------------------------------------------------------ radiation and PET


def test_extraterrestrial_radiation_of_fao56_example_8() -> None:
    """20 degrees south, 3 September (J = 246): 32.2 MJ m-2 d-1 (Allen et al. 1998, Example 8)."""
    assert RA(-20.0, 246.0 / 365.0) == pytest.approx(32.2, abs=0.05)


@pytest.mark.parametrize("latitude", [-66.0, -20.0, 0.0, 26.3, 51.0, 80.0])
@pytest.mark.parametrize("year_fraction", [0.0, 0.2, 0.47, 0.75])
def test_extraterrestrial_radiation_is_the_integral_of_the_sun_over_the_day(latitude, year_fraction) -> None:
    """S0 d_r times the mean of max(cos zenith, 0) over 100,000 hour angles, d_r and declination as in FAO-56."""
    angle = 2.0 * math.pi * year_fraction
    declination = 0.409 * math.sin(angle - 1.39)
    phi = math.radians(latitude)
    hour = np.linspace(-np.pi, np.pi, 100_001)[:-1]
    cosine = math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * np.cos(hour)
    mean = np.maximum(cosine, 0.0).mean() * 118.08 * (1.0 + 0.033 * math.cos(angle))
    assert RA(latitude, year_fraction) == pytest.approx(mean, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("latitude", [-90.0, 90.0])
def test_poles_have_a_day_and_a_night(latitude) -> None:
    values = [RA(latitude, x) for x in np.linspace(0.0, 1.0, 50)]
    assert min(values) == pytest.approx(0.0, abs=1e-12) and 40.0 < max(values) < 50.0


@pytest.mark.parametrize(
    ("tas", "expected"),
    [(20.0, 32.2 / 2.45 * 0.25), (-5.0, 0.0), (-20.0, 0.0), (0.0, 32.2 / 2.45 * 0.05)],
)
def test_oudin_by_hand(record_of, on_rows, tas, expected) -> None:
    """PET = R_a/2.45 (T + 5)/100 mm d-1: 3.286 at 20 degC under the radiation of the example above, 0 below -5."""
    p, f = record_of(atmosphere.PARAMS, latitude=-20.0), record_of(atmosphere.FLUXES)
    forcing = record_of(FORCING, tas=tas, year_fraction=246.0 / 365.0)
    for dt in (1.0, 0.25):
        on_rows(radiation.step)(p, f, forcing)
        on_rows(potential_evapotranspiration.step)(p, f, forcing, dt)
        assert f.pet == pytest.approx(expected * dt, rel=2e-3, abs=1e-12)


# ------------------------------------------------------------------------------------------------ plants


def test_casa_temperature_scalar_by_hand() -> None:
    """At T = T_opt = 22: T1 = 0.8 + 0.44 - 0.242 = 0.998; T2 = 1.1814/(1 + e^-2)/(1 + e^-3) = 0.99121; product 0.98923.

    Ten degrees colder: T2 = 1.1814/2/(1 + e^-6) = 0.58924. Ten degrees warmer: 1.1814/(1 + e^-4)/2 = 0.58007.
    """
    assert SCALAR(22.0, 22.0) == pytest.approx(0.98923, abs=2e-5)
    assert SCALAR(12.0, 22.0) == pytest.approx(0.998 * 0.58924, abs=2e-5)
    assert SCALAR(32.0, 22.0) == pytest.approx(0.998 * 0.58007, abs=2e-5)


def test_gaussian_temperature_scalar_by_hand(record_of, on_rows) -> None:
    """1 at the optimum and e^-1 at 11 K from it; production is that of CASA's law with the one scalar in its place."""
    assert [GAUSSIAN(t, 22.0) for t in (22.0, 33.0, 11.0)] == pytest.approx(
        [1.0, 0.3678794, 0.3678794], rel=1e-6
    )
    found = []
    for law in (0, 1):
        p = record_of(vegetation.PARAMS, temperature_law=law)
        found.append(on_rows(casa.net_primary_production)(p, 0.5, 12.0, 150.0, 150.0, 380.0, 1.0))
    assert found[1] / found[0] == pytest.approx(GAUSSIAN(12.0, 22.0) / SCALAR(12.0, 22.0), rel=1e-12, abs=0.0)


def test_efficiencies_give_the_production_of_their_own_law() -> None:
    """The table of design notes 3.12 was set with the Gaussian law: in its climate both laws fix as much light.

    Ten years of the weather of the experiments at Puding: 124 W m-2, 15.3 degC.
    """
    ds = synthetic_forcing("stationary", 2015, 2024)
    warmth, light = ds.tas.values.ravel() - 273.15, ds.rsds.values.ravel()
    assert (warmth.mean(), light.mean()) == pytest.approx((15.2, 125.0), rel=0.02)

    def fixed(law) -> float:
        return float(sum(x * law(t, 22.0) for t, x in zip(warmth, light, strict=True)))

    assert casa.TO_SCALARS * fixed(SCALAR) == pytest.approx(fixed(GAUSSIAN), rel=1e-3)
    (declared,) = (p for p in casa.PARAMS if p.name == "light_use_efficiency")
    wanted = [casa.TO_SCALARS * e for e in (0.30, 0.75, 0.75, 0.75, 0.85, 0.95)]
    assert list(declared.by_class.values()) == pytest.approx(wanted, rel=1e-12, abs=0.0)


def test_light_saturation_by_hand(record_of, on_rows) -> None:
    """181 W m-2 are 35.733 mol m-2 d-1 of PAR: with fPAR 0.7 and gamma 0.04, (1 + 0.84)/(1 + 1.00052) = 0.91976.

    60 mol m-2 d-1: 1.84/2.68. With 0 production stays proportional to light.
    """
    scalar = on_rows(casa.light_scalar)
    p = record_of(vegetation.PARAMS, light_saturation=0.04)
    assert scalar(p, 0.7, 181.0) == pytest.approx(0.91976, abs=2e-5)
    assert scalar(p, 0.7, 60.0 / (0.5 * 0.0864 * 4.57)) == pytest.approx(1.84 / 2.68, rel=1e-12, abs=0.0)
    assert scalar(record_of(vegetation.PARAMS), 0.7, 181.0) == 1.0


@pytest.mark.parametrize("gamma", [0.007, 0.04, 0.05])
@pytest.mark.parametrize("fpar", [0.45, 0.7, 0.8])
def test_light_saturation_leaves_production_in_the_climate_of_the_table(
    record_of, on_rows, gamma, fpar
) -> None:
    """Ten years at Puding, light and warmth together; a bright day there is used worse and a dull one better."""
    ds = synthetic_forcing("stationary", 2015, 2024)
    warmth, light = ds.tas.values.ravel() - 273.15, ds.rsds.values.ravel()
    p = record_of(vegetation.PARAMS, light_saturation=gamma)
    scalar = on_rows(casa.light_scalar)
    weight = np.array([x * SCALAR(t, 22.0) for t, x in zip(warmth, light, strict=True)])
    found = np.array([scalar(p, fpar, x) for x in light])
    assert (weight * found).sum() / weight.sum() == pytest.approx(1.0, abs=0.02)
    assert found[light.argmax()] < 1.0 < found[light.argmin()]


def test_net_primary_production_by_hand(record_of, on_rows) -> None:
    """fPAR 0.5 x PAR 0.5 x 150 W m-2 x 0.0864 = 3.24 MJ; x 0.75 g/MJ x 0.98923 / 12.011 = 0.20013 mol m-2 d-1.

    Without soil water half of it; with 550 instead of 380 ppm 1 + 0.6 ln(550/380) = 1.2219 times as much.
    """
    p, s, f = (
        record_of(vegetation.PARAMS, light_use_efficiency=0.75),
        record_of(vegetation.STATE),
        record_of(vegetation.FLUXES, fpar=0.5),
    )
    for stress, co2, factor in ((1.0, 380.0, 1.0), (0.0, 380.0, 0.5), (1.0, 550.0, 1.22187)):
        forcing = record_of(FORCING, tas=22.0, rsds=150.0, co2=co2)
        on_rows(production.step)(p, s, f, record_of(atmosphere.STATE), stress, forcing, 1.0)
        assert f.npp == pytest.approx(0.20013 * factor, rel=1e-4)
        assert f.gpp == pytest.approx(2.0 * f.npp, rel=1e-14, abs=0.0)


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0.0, 0.6), st.floats(0.0, 60.0), st.floats(0.0, 900.0), st.floats(0.0, 0.9), st.floats(0.0, 0.5),
    st.sampled_from([1.0, 1 / 24]),
)  # fmt: skip
def test_plants_keep_their_carbon(record_of, on_rows, npp, leaf, wood, harvest, to_leaf, dt) -> None:
    """Stock change = GPP - harvest - litter - all respiration, to rounding; nothing negative."""
    p = record_of(vegetation.PARAMS, harvest=harvest, leaf_allocation=to_leaf, wood_allocation=0.9 - to_leaf)
    s, f = record_of(vegetation.STATE), record_of(vegetation.FLUXES)
    s.leaf, s.wood, s.root, s.reserve = leaf, wood, 0.5 * leaf, 0.1 * leaf
    before = s.leaf + s.wood + s.root + s.reserve
    f.npp, f.gpp = npp * dt, 2.0 * npp * dt
    on_rows(biomass.step)(p, s, f, 10.0, dt)
    after = s.leaf + s.wood + s.root + s.reserve
    left = f.harvested + f.litterfall + f.respiration + f.root_respiration
    assert after - before == pytest.approx(f.gpp - left, abs=1e-14 * (before + f.gpp + 1e-300))
    assert min(s.leaf, s.wood, s.root, s.reserve, f.respiration, f.root_respiration, f.litterfall) >= 0.0


def test_root_bicarbonate_by_hand(record_of, on_rows) -> None:
    """4 of 40 mm transpired: a tenth of 0.2 mol DIC rises, 0.15 of it stays (0.003); at most 0.17 GPP."""
    p, s = record_of(vegetation.PARAMS), record_of(vegetation.STATE)
    f, ground = record_of(vegetation.FLUXES), record_of(soil.STATE)
    for gpp, expected in ((0.4, 0.003), (0.01, 0.0017)):
        ground.pore_water.volume, ground.pore_water.sol.dic = 40.0, 0.2
        s.reserve, f.gpp = 1.0, gpp
        on_rows(_take_up)(p, s, f, ground, 4.0)
        assert f.bicarbonate_uptake == pytest.approx(expected, rel=1e-12, abs=0.0)
        assert s.reserve - 1.0 == pytest.approx(expected, rel=1e-9)
        assert 0.2 - ground.pore_water.sol.dic == pytest.approx(expected, rel=1e-9)


def _uptake_kernel():
    from karstsim.core.jit import kernel

    @kernel
    def take_up(p, s, f, ground, transpiration):
        root_bicarbonate.step(p, s, f, ground.pore_water, transpiration)

    return take_up


_take_up = _uptake_kernel()


# ------------------------------------------------------------------------------------------------ soil carbon


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(9.25, 0.9944), (0.0, 0.1439), (25.0, 3.802), (-5.0, 0.016188), (-5.001, 0.0), (-40.0, 0.0)],
)
def test_rothc_temperature_modifier(temperature, expected) -> None:
    """47.91/(1 + exp(106.06/(T + 18.27))): about 1 at Rothamsted's mean of 9.25 degC, 0 below -5."""
    assert T_MOD(temperature) == pytest.approx(expected, rel=1e-3, abs=1e-15)


def test_rothc_retains_22_percent_at_rothamsted() -> None:
    """Clay 23.4 %: x = 1.67 (1.85 + 1.60 e^-1.8392) = 3.5142, so 1/(x + 1) = 0.22152 stays and 78 % is CO2."""
    assert RETAINED(23.4) == pytest.approx(0.22152, abs=1e-5)


def _soil(record_of, **values: float):
    p = record_of(soil.PARAMS)
    s, f, litter = record_of(soil.STATE), record_of(soil.FLUXES), record_of(vegetation.FLUXES)
    s.temperature = 15.0
    s.pore_water.volume = f.final_volume = 70.0
    for name, value in values.items():
        setattr(s, name, value)
    return p, s, f, litter


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(0.0, 500.0), min_size=4, max_size=4),
    st.floats(0.0, 1.0),
    st.sampled_from([1.0, 1 / 24, 30.0]),
)
def test_one_step_of_soil_carbon_keeps_its_carbon(record_of, on_rows, pools, fall, dt) -> None:
    """Pools after = pools before + litter - respiration - DOC, to rounding."""
    p, s, f, litter = _soil(record_of, **dict(zip(POOLS, pools, strict=True)), iom=10.0)
    litter.litterfall = fall
    on_rows(organic_carbon.step)(p, s, f, litter, record_of(FORCING), dt)
    after = sum(getattr(s, n) for n in POOLS)
    dissolved = s.pore_water.sol.doc_labile + s.pore_water.sol.doc_refractory
    assert dissolved == pytest.approx(f.doc_production, rel=1e-14, abs=1e-300)
    assert after + f.respiration + dissolved == pytest.approx(sum(pools) + fall, rel=1e-14, abs=1e-300)
    assert min(*(getattr(s, n) for n in POOLS), f.respiration, f.doc_production) >= 0.0
    assert s.iom == 10.0


def test_a_month_of_soil_carbon_by_hand(record_of, on_rows) -> None:
    """1000 mol m-2 of humus alone, modifier rho, one day: it loses 1000 (1 - exp(-0.02 rho/365.2425)).

    rho = 47.91/(1 + exp(106.06/33.27)) x 1 (moist) x 0.6: 15 degC gives 47.91/25.2365 = 1.89844, rho 1.13907; kept
    with the default clay 30 %: x = 1.67 (1.85 + 1.60 e^-2.358) = 3.34230, kept 1/(x+1) = 0.230293.
    """
    p, s, f, litter = _soil(record_of, hum=1000.0)
    f.final_volume = 0.4 * 1000.0 * 0.58 * 0.55
    on_rows(organic_carbon.step)(p, s, f, litter, record_of(FORCING), 1.0)
    assert f.rate_modifier == pytest.approx(1.13907, rel=1e-5)
    lost = 1000.0 * (1.0 - math.exp(-0.02 * f.rate_modifier / DAYS_PER_YEAR))
    kept = 0.230293 * lost
    assert s.bio == pytest.approx(0.46 * kept, rel=1e-5)
    assert 1000.0 - s.hum == pytest.approx(lost - 0.54 * kept, rel=1e-5)
    assert f.doc_production == pytest.approx((lost - kept) * 0.015 * 0.3, rel=1e-5)


@pytest.mark.parametrize(
    ("volume", "expected"),
    [(32.0, 0.2), (32.0 + 0.1 * 95.6, 0.2), (32.0 + 0.3 * 95.6, 0.6), (32.0 + 0.5 * 95.6, 1.0), (300.0, 1.0)],
)
def test_moisture_modifier_by_hand(record_of, on_rows, volume, expected) -> None:
    """0.4 m of soil: residual 32 mm, capacity 400 (0.58 x 0.55 - 0.08) = 95.6 mm; 0.2 to 1 between s = 0.1 and 0.5."""
    p, _, _, _ = _soil(record_of)
    assert on_rows(rothc.moisture_modifier)(p, volume) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("dt", [1.0, 1.0 / 24.0])
@pytest.mark.parametrize(("temperature", "volume"), [(5.0, 60.0), (25.0, 120.0)])
def test_steady_soil_carbon_is_a_fixed_point_of_the_daily_kernel(
    record_of, on_rows, dt, temperature, volume
) -> None:
    """Analytic pools L/(k rho) differ from the kernel's by half a step, k rho dt/2, which is all that may be left.

    One step under constant litter must change every pool by no more than its gain times k rho dt/2 (10 % slack).
    """
    p, s, f, litter = _soil(record_of)
    s.temperature, f.final_volume = temperature, volume
    rho = on_rows(organic_carbon.modifier)(p, s, volume)
    yearly = 40.0
    on_rows(organic_carbon.settle)(p, s, yearly, rho)
    pools = {name: getattr(s, name) for name in POOLS}
    litter.litterfall = yearly * dt / DAYS_PER_YEAR
    on_rows(organic_carbon.step)(p, s, f, litter, record_of(FORCING), dt)
    for name in POOLS:
        rate = getattr(p, f"decay_{name}") * rho
        gain = pools[name] * rate * dt / DAYS_PER_YEAR
        half_step = 0.5 * p.decay_dpm * rho * dt / DAYS_PER_YEAR  # the fastest pool feeds the others
        assert abs(getattr(s, name) - pools[name]) <= 1.1 * gain * half_step
    respired = f.respiration + f.doc_production
    assert respired == pytest.approx(litter.litterfall, rel=1.1 * half_step)


def test_inert_carbon_follows_falloon(record_of, on_rows) -> None:
    """IOM = 0.049 TOC^1.139 in t/ha, TOC with the inert pool in it; nothing without other carbon."""
    p, s, _, _ = _soil(record_of)
    on_rows(organic_carbon.settle)(p, s, 40.0, 1.0)
    total = sum(getattr(s, n) for n in (*POOLS, "iom")) * 12.011 / 100.0
    assert s.iom * 12.011 / 100.0 == pytest.approx(0.049 * total**1.139, rel=1e-9)
    on_rows(organic_carbon.settle)(p, s, 0.0, 1.0)
    assert s.iom == 0.0


# ------------------------------------------------------------------------------------------------ soil gas


def _finite_volumes(d, production, depth, length, outside, uptake, n=4000):
    """C at the base of  d/dz(-D dC/dz) = S(z)  with C(0) outside and the flux `uptake` leaving at the base.

    The upward flux at each face is what is produced below it less what leaves at the base; C by summing gradients.
    """
    z = np.linspace(0.0, depth, n + 1)
    produced = (
        production * (np.exp(-z[:-1] / length) - np.exp(-z[1:] / length)) / (1.0 - np.exp(-depth / length))
    )
    upward = np.cumsum(produced[::-1])[::-1] - uptake  # through the top face of each cell
    gradient = np.append(upward, -uptake) / d
    return outside + float(np.sum(0.5 * (gradient[:-1] + gradient[1:]) * np.diff(z))), float(upward[0])


@pytest.mark.parametrize("depth", [0.1, 0.4, 1.5])
@pytest.mark.parametrize("length", [0.06, 0.2])
@pytest.mark.parametrize("uptake", [0.0, 0.01, -0.02])
def test_base_co2_is_that_of_the_diffusion_equation(record_of, on_rows, depth, length, uptake) -> None:
    """Finite volumes of the steady diffusion equation with exponential source; the efflux is production less uptake."""
    p, s, f, _ = _soil(record_of)
    p.depth, p.production_depth = depth, length
    s.pore_water.volume = f.final_volume = 0.25 * 1000.0 * depth
    f.respiration = 0.06
    forcing = record_of(FORCING, ps=96000.0, co2=410.0)
    on_rows(gas.step)(p, s, f, 0.04, forcing, 1.0)
    d = on_rows(gas.diffusivity)(p, f.air_filled_porosity, 15.0, 96000.0)
    atm = 8.205736608e-5 * 288.15
    base, surface = _finite_volumes(d, 0.1, depth, length, 410e-6 * 96000.0 / 101325.0 / atm, uptake)
    assert f.base_pco2_without_uptake - f.base_pco2_slope * uptake == pytest.approx(base * atm, rel=1e-5)
    on_rows(gas.vent)(f, uptake, 0.0)
    assert f.efflux == pytest.approx(surface, rel=1e-9)


def test_efflux_identity(record_of, on_rows) -> None:
    """J_efflux = P - J_wx - cave draught, mol m-2: 0.1 - 0.003 - 0.002."""
    f = record_of(soil.FLUXES)
    f.co2_production = 0.1
    on_rows(gas.vent)(f, 0.003, 0.002)
    assert f.efflux == pytest.approx(0.095, rel=1e-14, abs=0.0)


def test_diffusivity_by_hand(record_of, on_rows) -> None:
    """1.47e-5 x 0.3^2.5/0.55 x 1.63 x 86400 = 0.18555 m2 d-1 at 20 degC and 1 atm; the floor is 1e-8 m2 s-1."""
    p, _, _, _ = _soil(record_of)
    call = on_rows(gas.diffusivity)
    assert call(p, 0.3, 20.0, 101325.0) == pytest.approx(
        1.47e-5 * 0.3**2.5 / 0.55 * 1.63 * 86400.0, rel=1e-12
    )
    assert call(p, 0.3, 20.0, 50662.5) == pytest.approx(
        2.0 * call(p, 0.3, 20.0, 101325.0), rel=1e-12, abs=0.0
    )
    assert call(p, 0.3, 0.0, 101325.0) / call(p, 0.3, 20.0, 101325.0) == pytest.approx(
        (273.15 / 293.15) ** 1.75, rel=1e-12
    )
    assert call(p, 1e-6, 20.0, 101325.0) == pytest.approx(1e-8 * 86400.0, rel=1e-12, abs=0.0)


@settings(deadline=None)
@given(st.floats(0.02, 3.0), st.floats(0.03, 0.6))
def test_profile_shape_grows_from_nothing(depth, length) -> None:
    """0 at the surface, increasing downwards, below 1 - (z_s/L) e^(-z_s/L)/(1 - e^(-z_s/L)) at the base."""
    values = [SHAPE(x * depth, depth, length) for x in np.linspace(0.0, 1.0, 20)]
    assert values[0] == pytest.approx(0.0, abs=1e-15)
    assert all(np.diff(values) > -1e-12)
    ratio = depth / length
    assert values[-1] == pytest.approx(1.0 - ratio / math.expm1(ratio), rel=1e-9, abs=1e-12)


# ------------------------------------------------------------------------------------------------ small laws


@settings(max_examples=100)
@given(st.floats(-30.0, 40.0), st.floats(-30.0, 40.0), st.floats(0.0, 1.0), st.floats(0.2, 400.0))
def test_a_low_pass_does_not_depend_on_the_step(mean, value, part, time_constant) -> None:
    once = LOW_PASS(mean, value, 1.0, time_constant)
    twice = LOW_PASS(LOW_PASS(mean, value, part, time_constant), value, 1.0 - part, time_constant)
    assert twice == pytest.approx(once, abs=1e-12)
    assert min(mean, value) - 1e-12 <= once <= max(mean, value) + 1e-12


def test_soil_temperature_follows_with_ten_days(record_of, on_rows) -> None:
    """A step of 10 K leaves 10/e after the memory of ten days."""
    p, s, _, _ = _soil(record_of)
    s.temperature = 10.0
    for _ in range(10):
        on_rows(soil_temperature.step)(p, s, record_of(FORCING, tas=20.0), 1.0)
    assert s.temperature == pytest.approx(20.0 - 10.0 / math.e, rel=1e-12, abs=0.0)


@kernel
def _irrigate(p, s, f, aquifer_s, forcing, dt):
    irrigation.step(p, s, f, aquifer_s.matrix, 0.0, 1.0, forcing, dt, 13)


@pytest.mark.parametrize(("tas", "volume"), [(9.9, 0.0), (10.0, 1.5), (25.0, 1.5)])
def test_irrigation_on_warm_days(record_of, on_rows, tas, volume) -> None:
    """3 mm d-1 for half a day from 10 degC on; 1.9 mol Ca per cubic metre is 1.9e-3 per mm."""
    p, s, f, _ = _soil(record_of)
    p.irrigation_rate = 3.0
    on_rows(_irrigate)(p, s, f, record_of(aquifer.STATE), record_of(FORCING, tas=tas), 0.5)
    assert f.irrigation.volume == pytest.approx(volume)
    assert f.irrigation.sol.ca == pytest.approx(1.9e-3 * volume, rel=1e-12, abs=0.0)
    assert f.irrigation.sol.dic == pytest.approx(4.2e-3 * volume, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("temperature", [0.0, 10.0, 25.0, 35.0])
@pytest.mark.parametrize("alkalinity", [-1e-4, -1e-5, 0.0, 2e-5, 1e-4])
def test_rain_is_in_equilibrium_with_the_air(temperature, alkalinity) -> None:
    """The short law for rain against the full speciation at the same alkalinity and pressure: 2 % of the DIC."""
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    python_callable(set_temperature)(k, temperature, 0)
    x = np.zeros(1, SOLUTION_DTYPE)[0]
    x.temperature, x.alkalinity, x.pco2 = temperature, alkalinity, 410e-6
    x.na, x.cl = max(alkalinity, 0.0), max(-alkalinity, 0.0)
    python_callable(speciate)(x, k, int(Mode.ALK_PCO2))
    assert RAIN_DIC(k, 410e-6, alkalinity) == pytest.approx(x.dic, rel=0.02)

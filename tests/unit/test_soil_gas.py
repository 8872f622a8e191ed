"""Soil CO2: profile, diffusivity laws, empirical laws, layers with a stock. Worked values, independent solutions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_bvp, solve_ivp

from karstsim.core.jit import python_callable
from karstsim.forcing.records import FORCING
from karstsim.processes import epikarst, soil
from karstsim.processes.epikarst import chemistry as epikarst_chemistry
from karstsim.processes.soil import (
    brook_1983,
    diffusivity,
    gas,
    gas_layers,
    gwiazda_1994,
    npp_linear,
    steady_profile,
)

SHAPE, LAYER = python_callable(steady_profile.profile_shape), python_callable(steady_profile.layer_shape)
ATM = 8.205736608e-5 * 288.15  # atm m3 mol-1 at 15 degC
OUTSIDE = 410e-6 * 96000.0 / 101325.0  # atm
HOUR = 1.0 / 24.0
pytestmark = pytest.mark.nojit


class Column:
    """One soil at 15 degC under 410 ppm, stepped as column.py does: gas, uptake by water, caves, efflux."""

    def __init__(self, record_of, on_rows, water: float = 0.2, **parameters: float) -> None:
        self.p, self.s = record_of(soil.PARAMS, **parameters), record_of(soil.STATE)
        self.f, self.forcing = record_of(soil.FLUXES), record_of(FORCING, ps=96000.0, co2=410.0)
        self.on_rows = on_rows
        self.s.temperature = 15.0
        self.s.pore_water.volume = self.volume(water)
        air = self.p.porosity - water
        for i in range(self.p.gas_layers):
            self.s.air_co2.v[i] = air * self.p.depth / self.p.gas_layers * OUTSIDE / ATM
        self.s.air_parts = self.p.gas_layers

    def volume(self, water: float) -> float:
        """Pore water (mm) of a volumetric content."""
        return 1000.0 * self.p.depth * water

    def begin(self, production: float, water: float, dt: float) -> None:
        self.f.respiration, self.f.final_volume = production, self.volume(water)
        self.on_rows(gas.step)(self.p, self.s, self.f, 0.0, self.forcing, dt)

    def end(self, uptake: float, drawn: float, dt: float) -> float:
        """Returns the base pressure, atm."""
        self.f.base_pco2 = self.f.base_pco2_without_uptake - self.f.base_pco2_slope * uptake / dt
        self.on_rows(gas.settle)(self.p, self.s, self.f, uptake)
        self.on_rows(gas.vent)(self.f, uptake, drawn)
        self.s.pore_water.volume = self.f.final_volume
        return float(self.f.base_pco2)

    def step(self, production: float, uptake: float, water: float, dt: float) -> float:
        """Amounts are rates per day here."""
        self.begin(production * dt, water, dt)
        return self.end(uptake * dt, 0.0, dt)

    @property
    def layers(self) -> np.ndarray:
        return np.array([self.s.air_co2.v[i] for i in range(gas_layers.MOST_LAYERS)])

    @property
    def diffusivity(self) -> float:
        call = self.on_rows(diffusivity.diffusivity)
        return call(self.p, float(self.f.air_filled_porosity), 15.0, 96000.0)


@pytest.fixture
def column(record_of, on_rows):
    return lambda **values: Column(record_of, on_rows, **values)


# ------------------------------------------------------------------------------------------------ steady profile


@pytest.mark.parametrize("uptake", [0.0, 0.02, -0.01])
@pytest.mark.parametrize(("depth", "length"), [(0.1, 0.06), (0.4, 0.12), (1.5, 0.6)])
def test_profile_is_that_of_the_boundary_value_problem(depth, length, uptake) -> None:
    """D C'' = -S(z), C(0) = C_a, -D C'(z_s) = uptake by scipy's collocation, at five depths."""
    d, production, outside = 0.15, 0.1, 0.016
    scale = production / (length * (1.0 - math.exp(-depth / length)))
    solved = solve_bvp(
        lambda z, y: np.array([y[1], -scale / d * np.exp(-z / length)]),
        lambda a, b: np.array([a[0] - outside, b[1] + uptake / d]),
        np.linspace(0.0, depth, 41),
        np.full((2, 41), outside),
        tol=1e-9,
    )
    assert solved.success
    for z in depth * np.array([0.05, 0.25, 0.5, 0.8, 1.0]):
        printed = outside + production * length / d * SHAPE(z, depth, length) - uptake * z / d
        assert printed == pytest.approx(solved.sol(z)[0], rel=1e-7)


@pytest.mark.parametrize("i", [0, 2, 4])
def test_layer_shape_is_the_mean_of_the_profile(i) -> None:
    """Mean of 20,000 midpoints of layer i of five in a soil of 0.4 m."""
    z = (i + (np.arange(20_000) + 0.5) / 20_000) * 0.08
    mean = np.mean([SHAPE(x, 0.4, 0.12) for x in z])
    assert LAYER(i, 0.08, 0.4, 0.12) == pytest.approx(mean, rel=1e-8)


# ------------------------------------------------------------------------------------------------ diffusivity laws


@pytest.mark.parametrize(
    ("law", "by_hand"),
    [
        (diffusivity.DiffusivityLaw.WLR_MARSHALL, 0.0896270),  # 0.0492950/0.55
        (diffusivity.DiffusivityLaw.MILLINGTON_QUIRK, 0.0597515),  # 0.0180748/0.3025
        # phi_100 = 0.55 x 0.42 = 0.231; (2 x 0.0123264 + 0.00924) x (0.3/0.231)^(2 + 3/7.7) = 0.0338928 x 1.867423
        (diffusivity.DiffusivityLaw.BUCKINGHAM_BURDINE_CAMPBELL, 0.0632922),
    ],
)
def test_share_of_free_diffusivity_by_hand(record_of, on_rows, law, by_hand) -> None:
    """Porosity 0.55, air 0.3, field capacity 0.58 of the porosity, b 7.7."""
    p = record_of(soil.PARAMS, diffusivity_law=int(law))
    assert on_rows(diffusivity.free_share)(p, 0.3) == pytest.approx(by_hand, rel=2e-5)


@pytest.mark.parametrize("law", list(diffusivity.DiffusivityLaw))
def test_diffusivity_falls_as_pores_fill(record_of, on_rows, law) -> None:
    p = record_of(soil.PARAMS, diffusivity_law=int(law))
    """Steadily above a porosity of 0.1; nearly filled pores have the floor of 1e-8 m2 s-1 or more."""
    values = [on_rows(diffusivity.diffusivity)(p, air, 15.0, 1e5) for air in np.linspace(0.1, 0.5, 20)]
    assert (np.diff(values) > 0.0).all()
    assert values[0] > on_rows(diffusivity.diffusivity)(p, 0.005, 15.0, 1e5) >= 86400.0e-8


# ------------------------------------------------------------------------------------------------ empirical laws


def test_brook_by_hand(record_of, on_rows) -> None:
    """AET 750 mm: -3.47 + 2.09 (1 - exp(-1.29)) = -1.95532, 1.1 %; none: 10^-3.47 = 339 ppm."""
    s = record_of(soil.STATE, evapotranspiration_year=750.0 / 365.2425)
    assert on_rows(brook_1983.pressure)(s) == pytest.approx(0.0110836, rel=1e-4)
    s.evapotranspiration_year = 0.0
    assert on_rows(brook_1983.pressure)(s) == pytest.approx(338.84e-6, rel=1e-4)


def test_gwiazda_by_hand(record_of, on_rows) -> None:
    """R 500 mm, 15 degC: 1 + 0.304 x 144.27/(1 + exp(-0.47)) = 27.990; dry soil has the open air's pressure."""
    s = record_of(soil.STATE, drainage_year=500.0 / 365.2425, temperature=15.0)
    assert on_rows(gwiazda_1994.pressure)(s, 1.0) == pytest.approx(27.990, rel=1e-4)
    s.drainage_year = 0.0
    assert on_rows(gwiazda_1994.pressure)(s, 4e-4) == 4e-4


def test_npp_law_by_hand(record_of, on_rows) -> None:
    """0.17 m x 0.1 mol m-2 d-1/0.1 m2 d-1 = 0.17 mol m-3, times 0.0236447 atm m3 mol-1."""
    p, s = record_of(soil.PARAMS), record_of(soil.STATE, npp_year=0.1)
    assert on_rows(npp_linear.pressure)(p, s, 4e-4, ATM, 0.1) == pytest.approx(4e-4 + 0.0040196, rel=1e-4)


def test_means_are_annual_and_do_not_depend_on_the_step(record_of, on_rows) -> None:
    """After ten years of 2 mm a day the mean is 2 (1 - e^-10); an hour's step gives the same after a month."""
    daily, hourly = record_of(soil.STATE), record_of(soil.STATE)
    remember = on_rows(brook_1983.remember)
    for _ in range(30):
        remember(daily, 2.0, 1.0)
    for _ in range(720):
        remember(hourly, 2.0 / 24.0, HOUR)
    assert hourly.evapotranspiration_year == pytest.approx(daily.evapotranspiration_year, rel=1e-12, abs=0.0)
    for _ in range(31):
        remember(daily, 2.0 * 365.2425 / 3.0, 365.2425 / 3.0)
    expected = 2.0 * (1.0 - math.exp(-30.0 / 365.2425 - 31.0 / 3.0))
    assert daily.evapotranspiration_year == pytest.approx(expected, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("law", [1, 2, 3])
def test_a_prescribed_pressure_has_no_slope_and_carbon_closes(column, law) -> None:
    """What water takes beyond the production comes from the air: 0.01 - 0.03 - 0.001 = -0.021; layers do nothing."""
    c = column(co2_law=law, gas_layers=5)
    c.s.air_parts = 0.0
    c.s.air_co2.v[:] = 0.0
    c.begin(0.01, 0.2, 1.0)
    assert c.f.base_pco2_slope == 0.0 and c.f.base_pco2_without_uptake > 0.0
    before = c.f.base_pco2_without_uptake
    assert c.end(0.03, 0.001, 1.0) == before
    assert c.f.efflux == pytest.approx(-0.021, rel=1e-12, abs=0.0)
    assert (c.layers == 0.0).all()


# ------------------------------------------------------------------------------------------------ layers


@pytest.mark.parametrize("n", [1, 5, 10])
@pytest.mark.parametrize("uptake", [0.0, 0.02, -0.03])
@pytest.mark.parametrize("dt", [HOUR, 1.0])
def test_layers_come_to_rest_in_the_steady_profile(column, n, uptake, dt) -> None:
    """Ten days of constant production and uptake: base pressure, efflux and layer means of the steady profile."""
    layered, steady = column(gas_layers=n), column()
    for _ in range(round(10 / dt)):
        base = layered.step(0.1, uptake, 0.25, dt)
    expected = steady.step(0.1, uptake, 0.25, dt)
    assert base == pytest.approx(expected, rel=1e-8)
    assert layered.f.efflux == pytest.approx((0.1 - uptake) * dt, rel=1e-8)
    p, d = layered.p, layered.diffusivity
    for i in range(n):
        shape = LAYER(i, p.depth / n, p.depth, p.production_depth)
        middle = (i + 0.5) * p.depth / n
        mean = OUTSIDE / ATM + 0.1 * p.production_depth / d * shape - uptake * middle / d
        assert layered.layers[i] == pytest.approx(mean * 0.3 * p.depth / n, rel=1e-8)


def _fluxes(c: Column, x: np.ndarray, before: float, dt: float) -> np.ndarray:
    """Upward flux through the top of every layer and the base (mol m-2 in the step), from the law of each face."""
    n, air, d = len(x), float(c.f.air_filled_porosity), c.diffusivity
    dz = c.p.depth / n
    inside = np.concatenate([[OUTSIDE / ATM], x / (air * dz)])
    flux = np.zeros(n + 1)
    for i in range(n):
        distance = 0.5 * dz if i == 0 else dz
        displaced = (n - i) * dz * (before - air)
        carried = inside[i + 1] if displaced > 0.0 else inside[i]
        flux[i] = d / distance * (inside[i + 1] - inside[i]) * dt + displaced * carried
    return flux


@pytest.mark.parametrize("water", [0.15, 0.45])
@pytest.mark.parametrize("n", [1, 4, 10])
def test_a_step_balances_every_layer(column, n, water) -> None:
    """Filling and draining pores, with uptake: gains of each layer against fluxes of its two faces worked out anew.

    The layer's source is what its two faces would lose in the steady profile at the same diffusivity. What leaves the
    soil is the flux through the surface and the production beyond the layers' sources.
    """
    c = column(gas_layers=n, water=0.3)
    for production in (0.2, 0.05, 0.1):
        c.step(production, 0.0, 0.3, 0.2)
    old, dt, uptake = c.layers[:n].copy(), 0.1, 0.0005
    c.begin(0.01, water, dt)
    c.end(uptake, 0.0002, dt)
    flux = _fluxes(c, c.layers[:n], 0.25, dt)
    p, d = c.p, c.diffusivity
    dz = p.depth / n
    air = float(c.f.air_filled_porosity)
    at_rest = np.array([LAYER(i, dz, p.depth, p.production_depth) for i in range(n)])
    at_rest = OUTSIDE / ATM + 0.1 * p.production_depth / d * at_rest
    kept = _fluxes(c, at_rest * air * dz, air, dt)
    source = kept[:-1] - kept[1:]
    gained = source + flux[1:] - flux[:-1]
    gained[-1] -= uptake
    assert c.layers[:n] - old == pytest.approx(gained, abs=1e-14)
    assert (source > 0.0).all() and source.sum() < 0.01
    assert c.f.efflux == pytest.approx(flux[0] + 0.01 - source.sum() - 0.0002, rel=1e-10)
    assert c.f.co2_storage == pytest.approx(c.layers.sum() - old.sum(), abs=1e-15)


def test_displaced_air_keeps_its_pressure(column) -> None:
    """Pores that fill without production nor gradient: soil air stays the open air, its excess volume has left."""
    c = column(gas_layers=5, water=0.1)
    c.step(0.0, 0.0, 0.4, HOUR)
    assert c.layers[:5] == pytest.approx(0.15 * 0.08 * OUTSIDE / ATM, rel=1e-12, abs=0.0)
    assert c.f.efflux == pytest.approx(0.3 * 0.4 * OUTSIDE / ATM, rel=1e-10)


def _method_of_lines(c: Column, rates: tuple[float, float], hours: list[float], cells: int = 200):
    """Base concentration (mol m-3) after `hours` with constant air and diffusivity, 200 cells, from the open air."""
    p, d, air = c.p, c.diffusivity, float(c.f.air_filled_porosity)
    dz = p.depth / cells
    z = np.linspace(0.0, p.depth, cells + 1)
    scale = rates[0] / (1.0 - math.exp(-p.depth / p.production_depth))
    source = scale * -np.diff(np.exp(-z / p.production_depth))

    def change(_, x):
        inside = np.concatenate([[OUTSIDE / ATM], x])
        up = d / dz * np.diff(inside)
        up[0] *= 2.0
        return (source - up + np.append(up[1:], -rates[1])) / (air * dz)

    times = np.array(hours) * HOUR
    start = np.full(cells, OUTSIDE / ATM)
    done = solve_ivp(change, (0.0, times[-1]), start, "BDF", times, rtol=1e-8, atol=1e-10)
    return done.y[-1] - rates[1] / d * 0.5 * dz


@pytest.mark.parametrize("n", [5, 10])
def test_rise_in_time_is_that_of_a_fine_grid(column, n) -> None:
    """Base pressure after 1 to 24 hours of constant production in steps of ten minutes: within 2 % of the last."""
    c = column(gas_layers=n, water=0.3)
    hours, seen = [1.0, 3.0, 6.0, 12.0, 24.0], []
    for i in range(1, 145):
        base = c.step(0.1, 0.01, 0.3, HOUR / 6.0)
        if i / 6.0 in hours:
            seen.append(base)
    expected = _method_of_lines(c, (0.1, 0.01), hours)
    assert np.array(seen) / ATM == pytest.approx(expected, abs=0.02 * expected[-1])


def test_a_storm_raises_soil_co2_within_hours(column) -> None:
    """Pores that fill by 0.15 within an hour conduct worse: CO2 climbs for hours, where the steady profile jumps."""
    layered, steady = column(gas_layers=5), column()
    for _ in range(240):
        dry = layered.step(0.1, 0.0, 0.2, HOUR)
    storm = [layered.step(0.1, 0.0, 0.35, HOUR) for _ in range(24)]
    jump = steady.step(0.1, 0.0, 0.35, HOUR)
    assert jump > 2.5 * dry
    assert (np.diff([dry, *storm]) > 0.0).all()
    assert dry * 1.05 < storm[0] < 0.5 * jump
    assert 1.5 * dry < storm[5] < 0.95 * jump
    assert storm[-1] == pytest.approx(jump, rel=0.1)


def test_hours_and_days_agree(column) -> None:
    """A month of moisture and production that change by the day: mean base pressure of daily and hourly steps."""
    rng = np.random.default_rng(5)
    days = list(zip(rng.uniform(0.12, 0.32, 60), rng.uniform(0.05, 0.15, 60), strict=True))
    means = []
    for parts in (1, 24):
        c = column(gas_layers=5)
        seen = [c.step(q, 0.01, w, 1.0 / parts) for w, q in days for _ in range(parts)]
        means.append(np.mean(seen[len(seen) // 6 :]))
    assert means[0] == pytest.approx(means[1], rel=0.03)


@settings(max_examples=150, deadline=None)
@given(
    n=st.integers(1, 10),
    depth=st.floats(0.02, 3.0),
    length=st.floats(0.03, 0.6),
    steps=st.lists(
        st.tuples(st.floats(0.0, 1.0), st.floats(0.02, 0.55), st.booleans()), min_size=2, max_size=6
    ),
    dt=st.sampled_from([1.0 / 144.0, HOUR, 1.0]),
    lowest=st.sampled_from([1e-9, 1e-6]),
)
def test_layers_are_never_negative(record_of, on_rows, n, depth, length, steps, dt, lowest) -> None:
    """Any production, moisture and depth, and water or caves that take all that the base can give.

    Checked before `take` cuts rounding off: the lowest value is that of rounding.
    """
    c = Column(
        record_of, on_rows, gas_layers=n, depth=depth, production_depth=length, least_diffusivity=lowest
    )
    for production, water, greedy in steps:
        c.begin(production * dt, water, dt)
        assert c.f.base_pco2_without_uptake > 0.0 and c.f.base_pco2_slope > 0.0
        free = c.layers
        assert (free >= 0.0).all()
        most = c.f.base_pco2_without_uptake * dt / c.f.base_pco2_slope
        uptake = most if greedy else -0.01 * dt
        response = np.array([c.f.response.v[i] for i in range(n)])
        assert (free[:n] - response * uptake >= -1e-12 * free.max()).all()
        stock = c.f.co2_storage  # minus the stock before the step
        c.end(uptake, 0.0, dt)
        assert (c.layers >= 0.0).all()
        given_off = production * dt - uptake - c.f.efflux
        assert c.layers.sum() + stock == pytest.approx(given_off, abs=1e-13 * (1.0 + abs(uptake)))


def test_layers_are_divided_anew(column) -> None:
    """From five to eight layers no carbon is lost; to none it leaves with the efflux."""
    c = column(gas_layers=5)
    for _ in range(30):
        c.step(0.1, 0.0, 0.2, 1.0)
    stock = c.layers.sum()
    c.p.gas_layers = 8
    c.step(0.1, 0.0, 0.2, 1e-9)
    assert c.layers.sum() == pytest.approx(stock, rel=1e-6) and (c.layers[:8] > 0.0).all()
    stock = c.layers.sum()
    c.p.gas_layers = 0
    c.step(0.1, 0.0, 0.2, 1.0)
    assert c.f.efflux == pytest.approx(0.1 + stock, rel=1e-12, abs=0.0) and (c.layers == 0.0).all()


def test_unknown_values_stay_visible(column) -> None:
    c = column(gas_layers=5)
    c.step(math.nan, 0.0, 0.2, 1.0)
    assert np.isnan(c.layers[:5]).all() and math.isnan(c.f.efflux)


# ------------------------------------------------------------------------------------------------ ground air


@pytest.fixture
def vadose(record_of, on_rows):
    """(open air's part, fall of the soil's base pressure) when epikarst water took up 0.01 mol m-2 in a day."""

    def settle(base: float, slope: float, **values: float) -> tuple[float, float]:
        p = record_of(epikarst.PARAMS, co2_ratio=values["co2_ratio"])
        soil_p = record_of(soil.PARAMS, rock_fraction=values["rock_fraction"])
        f = record_of(epikarst.FLUXES)
        soil_f = record_of(soil.FLUXES, base_pco2=base, base_pco2_slope=slope)
        forcing = record_of(FORCING, ps=96000.0, co2=410.0)
        coupling = on_rows(epikarst_chemistry.begin)(p, f, soil_p, soil_f, forcing, 0.0)
        f.gas_uptake = 0.01
        on_rows(epikarst_chemistry.finish)(p, f, soil_p, soil_f, coupling, 1.0, 0.0)
        return float(f.open_air_uptake), base - float(soil_f.base_pco2)

    return settle


@pytest.mark.parametrize(
    ("ratio", "rock", "from_soil"),
    [(1.0, 0.0, 1.0), (1.0, 0.4, 0.6), (0.5, 0.4, 0.3), (1.5, 0.0, 1.0), (1.5, 0.4, 0.6)],
)
def test_deep_respiration_is_paid_by_the_soil(vadose, ratio, rock, from_soil) -> None:
    """Outcrops let open air pay their share of the area, ground air (ratio above 1) leaves that share as it is."""
    opened, fall = vadose(0.01, 0.1, co2_ratio=ratio, rock_fraction=rock)
    assert opened == pytest.approx(0.01 * (1.0 - from_soil), abs=1e-16)
    assert fall == pytest.approx(0.1 * 0.01 * from_soil, rel=1e-12, abs=0.0)


def test_soil_air_gives_no_more_than_it_holds(vadose) -> None:
    """A base of 2e-4 atm at 0.1 atm per mol gives 0.002 of the 0.006 mol; the open air gives the rest."""
    opened, fall = vadose(2e-4, 0.1, co2_ratio=1.0, rock_fraction=0.4)
    assert opened == pytest.approx(0.008, rel=1e-12, abs=0.0) and fall == pytest.approx(
        2e-4, rel=1e-12, abs=0.0
    )

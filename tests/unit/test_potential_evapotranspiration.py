"""The laws of potential evapotranspiration: the worked examples of FAO-56, signs, bounds, hours against days."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim.core.jit import python_callable
from karstsim.forcing import humidity
from karstsim.forcing.records import FORCING
from karstsim.processes import atmosphere, vegetation
from karstsim.processes.atmosphere import potential_evapotranspiration as pet
from karstsim.processes.atmosphere import radiation
from karstsim.processes.atmosphere.potential_evapotranspiration import PetLaw
from karstsim.processes.vegetation import interception

pytestmark = pytest.mark.nojit
WATT = 1.0 / 0.0864  # W m-2 in 1 MJ m-2 d-1
TO_TEN_METERS = math.log(67.8 * 10.0 - 5.42) / 4.87  # FAO-56, Eq. 47
SATURATION = python_callable(pet.saturation_vapor_pressure)
SLOPE = python_callable(pet.saturation_slope)


def year_fraction(day: int) -> float:
    """FAO-56 takes day/365 for the season."""
    return day / 365.0


@pytest.fixture
def evaporate(record_of, on_rows):
    """PET of one step, mm, from plain values; the record of fluxes with `whole=True`."""

    def run(law: PetLaw, dt: float = 1.0, whole: bool = False, site: dict | None = None, **weather: float):
        values = {
            "tasmin": weather["tas"],
            "tasmax": weather["tas"],
            "rlds": -1.0,
            "ps": 101325.0,
            "co2": 380.0,
        }
        values = {**values, "rsds_day": weather.get("rsds", 0.0), **weather}
        p = record_of(atmosphere.PARAMS, pet_law=int(law), **(site or {}))
        f, forcing = record_of(atmosphere.FLUXES), record_of(FORCING, **values)
        on_rows(radiation.step)(p, f, forcing)
        on_rows(pet.step)(p, f, forcing, dt)
        return f if whole else float(f.pet)

    return run


BRUSSELS = {  # FAO-56, Example 18: Uccle, 50 deg 48' N, 100 m, 6 July (day 187)
    "tas": 16.9,
    "tasmin": 12.3,
    "tasmax": 21.5,
    "vapor_pressure": 1409.0,
    "sfcwind": 2.078 * TO_TEN_METERS,
    "rsds": 22.07 * WATT,
    "ps": 100100.0,
    "year_fraction": year_fraction(187),
}
BRUSSELS_SITE = {"latitude": 50.8, "elevation": 100.0}


# ------------------------------------------------------------------------------------------------ worked examples


@pytest.mark.parametrize(("temperature", "kilopascal"), [(24.5, 3.075), (15.0, 1.705), (19.75, 2.302)])
def test_saturation_of_example_3(temperature: float, kilopascal: float) -> None:
    """FAO-56, Example 3: e(24.5) = 3.075, e(15) = 1.705 kPa; their mean temperature has 2.30 kPa."""
    assert SATURATION(temperature) == pytest.approx(kilopascal, abs=5e-4)
    assert humidity.saturation(np.array([temperature]))[0] == pytest.approx(1000.0 * SATURATION(temperature))


def test_slope_of_the_saturation_curve() -> None:
    """FAO-56, Annex 2, Table 2.4: 0.122 kPa K-1 at 16.9 degC (Example 18); and the derivative of the curve itself."""
    assert SLOPE(16.9) == pytest.approx(0.122, abs=5e-4)
    for t in (-10.0, 5.0, 35.0):
        assert SLOPE(t) == pytest.approx((SATURATION(t + 1e-4) - SATURATION(t - 1e-4)) / 2e-4, rel=1e-7)


def test_psychrometric_constant_of_example_2() -> None:
    """FAO-56, Example 2: 0.054 kPa K-1 at 81.8 kPa (1800 m)."""
    assert python_callable(pet.psychrometric_constant)(81800.0) == pytest.approx(0.054, abs=5e-4)


def test_net_longwave_of_example_11(record_of, on_rows) -> None:
    """FAO-56, Example 11: Rio de Janeiro, May; 25.1 and 19.1 degC, 2.1 kPa, Rs 14.5, Rso 18.8: Rnl = 3.5 MJ m-2 d-1.

    Ra is Rso/0.75 at sea level.
    """
    p = record_of(atmosphere.PARAMS, elevation=0.0)
    forcing = record_of(FORCING, tas=22.1, tasmin=19.1, tasmax=25.1, vapor_pressure=2100.0, rlds=-1.0)
    forcing.rsds_day = 14.5 * WATT
    assert on_rows(radiation.net_longwave)(p, 18.8 / 0.75, forcing) == pytest.approx(3.5, abs=0.05)


def test_penman_monteith_of_example_18(evaporate) -> None:
    """FAO-56, Example 18, Brussels on 6 July: ETo = 3.88, printed 3.9 mm d-1.

    Wind is 10 km/h at 10 m, 2.078 m s-1 at 2 m; 1.409 kPa of vapour; Rs = 22.07, Rn = 13.28 MJ m-2 d-1.
    """
    f = evaporate(PetLaw.PENMAN_MONTEITH, whole=True, site=BRUSSELS_SITE, **BRUSSELS)
    assert f.pet == pytest.approx(3.88, abs=0.02)
    assert f.extraterrestrial_radiation == pytest.approx(41.09, abs=0.05)


def test_penman_monteith_of_example_17(evaporate) -> None:
    """FAO-56, Example 17, Bangkok in April: ETo = 5.72 mm d-1, of it 0.05 less for the heat that the soil takes up.

    34.8 and 25.6 degC, 2.85 kPa, 2 m s-1 at 2 m, Rs = 22.65 MJ m-2 d-1, 2 m above the sea, day 105. The month's G of
    0.14 MJ m-2 d-1 (0.685 x 0.408 x 0.14 = 0.04 mm) is zero in a law for days.
    """
    weather = {"tas": 30.2, "tasmin": 25.6, "tasmax": 34.8, "vapor_pressure": 2850.0, "ps": 101300.0}
    weather |= {"sfcwind": 2.0 * TO_TEN_METERS, "rsds": 22.65 * WATT, "year_fraction": year_fraction(105)}
    site = {"latitude": 13.73, "elevation": 2.0}
    got = evaporate(PetLaw.PENMAN_MONTEITH, site=site, **weather)
    assert got - 0.04 == pytest.approx(5.72, abs=0.03)


def test_penman_monteith_of_the_hours_of_example_19(evaporate) -> None:
    """FAO-56, Example 19, N'Diaye in Senegal on 1 October: 0.00 mm from 2 to 3 h and 0.63 mm from 14 to 15 h.

    16 deg 13' N, 8 m. Night: 28 degC, 90 %, 1.9 m s-1; day: 38 degC, 52 %, 3.3 m s-1, Rs = 2.450 MJ m-2 h-1. The book
    takes 0.8 for the night's Rs/Rso and 0.922 for that of the hour, given here as the day's.
    """
    site = {"latitude": 16.217, "elevation": 8.0}
    season = year_fraction(274)
    top = python_callable(radiation.extraterrestrial_radiation)(16.217, season)
    clear = (0.75 + 2e-5 * 8.0) * top * WATT
    common = {"ps": 101200.0, "year_fraction": season}
    night = {"tas": 28.0, "vapor_pressure": 3402.0, "sfcwind": 1.9 * TO_TEN_METERS, "rsds": 0.0}
    night |= {"rsds_day": 0.8 * clear}
    day = {"tas": 38.0, "vapor_pressure": 3445.0, "sfcwind": 3.3 * TO_TEN_METERS, "rsds": 24.0 * 2.450 * WATT}
    day |= {"rsds_day": 0.922 * clear}
    law = PetLaw.PENMAN_MONTEITH
    assert evaporate(law, 1.0 / 24.0, site=site, **common, **night) == pytest.approx(0.0, abs=0.01)
    assert evaporate(law, 1.0 / 24.0, site=site, **common, **day) == pytest.approx(0.63, abs=0.01)


def test_hargreaves_samani_of_fao(evaporate) -> None:
    """FAO-56, Example 20: Lyon, 45 deg 43' N, July (day 196), 26.6 and 14.8 degC: Ra = 40.6 MJ, 5.0 mm d-1 by Eq. 52.

    0.0023 (20.7 + 17.8) sqrt(11.8) 40.55/2.45 = 5.03.
    """
    got = evaporate(
        PetLaw.HARGREAVES_SAMANI,
        site={"latitude": 45.72},
        tas=20.7,
        daily_range=11.8,
        year_fraction=year_fraction(196),
    )
    assert got == pytest.approx(5.03, abs=0.02)


def test_priestley_taylor_by_hand(evaporate) -> None:
    """Brussels as above: 1.26 x 0.1221/(0.1221 + 0.0666)/2.461 x 13.28 = 4.40 mm d-1 from the Rn of the example."""
    got = evaporate(PetLaw.PRIESTLEY_TAYLOR, site=BRUSSELS_SITE, **BRUSSELS)
    slope, gamma = 0.12211, 0.665e-3 * 100.1
    expected = 1.26 * slope / (slope + gamma) / (2.501 - 0.002361 * 16.9) * 13.28
    assert got == pytest.approx(expected, rel=5e-3)


def test_prescribed_is_what_the_forcing_says(evaporate) -> None:
    assert evaporate(PetLaw.PRESCRIBED, 0.25, tas=10.0, evspsblpot=4.0) == 1.0


def test_longwave_of_the_forcing(record_of, on_rows) -> None:
    """0.98 (sigma 293.15^4 - 350 W m-2 x 0.0864) = 0.98 (36.21 - 30.24) = 5.85 MJ m-2 d-1 at 20 degC."""
    forcing = record_of(FORCING, tas=20.0, rlds=350.0)
    assert on_rows(radiation.net_longwave)(record_of(atmosphere.PARAMS), 30.0, forcing) == pytest.approx(
        5.85, abs=0.01
    )


@pytest.mark.parametrize("rsds", [0.0, 5.0, 400.0])
def test_clouds_never_warm_the_ground_and_a_polar_night_is_finite(record_of, on_rows, rsds: float) -> None:
    p, forcing = (
        record_of(atmosphere.PARAMS),
        record_of(FORCING, vapor_pressure=800.0, rlds=-1.0, rsds_day=rsds),
    )
    for top in (0.0, 1e-6, 30.0):
        assert 0.0 < on_rows(radiation.net_longwave)(p, top, forcing) < 10.0


# ------------------------------------------------------------------------------------------------ signs and bounds

WEATHER = st.fixed_dictionaries(
    {
        "tas": st.floats(-40.0, 45.0),
        "half": st.floats(0.0, 12.0),
        "relative": st.floats(1.0, 100.0),
        "sfcwind": st.floats(0.0, 25.0),
        "rsds": st.floats(0.0, 400.0),
        "ps": st.floats(5e4, 1.05e5),
        "co2": st.floats(200.0, 1200.0),
        "year_fraction": st.floats(0.0, 1.0),
    }
)


def _weather(drawn: dict) -> dict:
    values = dict(drawn)
    half, relative = values.pop("half"), values.pop("relative")
    values |= {"tasmin": values["tas"] - half, "tasmax": values["tas"] + half, "daily_range": 2.0 * half}
    extremes = np.array([values["tasmin"]]), np.array([values["tasmax"]])
    values["vapor_pressure"] = float(humidity.from_relative(np.array([relative]), *extremes)[0])
    values["evspsblpot"] = values["rsds"] / 50.0
    return values


FAST = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("law", list(PetLaw))
def test_never_negative_and_finite(evaporate, law: PetLaw) -> None:
    @FAST
    @given(WEATHER, st.floats(-90.0, 90.0), st.sampled_from([1.0, 0.25, 1.0 / 24.0]))
    def check(drawn: dict, latitude: float, dt: float) -> None:
        got = evaporate(law, dt, site={"latitude": latitude}, **_weather(drawn))
        assert 0.0 <= got < 60.0 * dt

    check()


def test_drier_air_and_more_sun_evaporate_more(evaporate) -> None:
    """PET does not fall when vapour is taken away at fixed net radiation (longwave told), or sun added."""

    @FAST
    @given(WEATHER, st.floats(0.2, 0.95))
    def check(drawn: dict, share: float) -> None:
        values = {**_weather(drawn), "rlds": 300.0}
        drier = {**values, "vapor_pressure": share * values["vapor_pressure"]}
        sunnier = {**values, "rsds": values["rsds"] + 20.0}
        base = evaporate(PetLaw.PENMAN_MONTEITH, **values)
        assert evaporate(PetLaw.PENMAN_MONTEITH, **drier) >= base
        assert evaporate(PetLaw.PENMAN_MONTEITH, **sunnier) >= base

    check()


def test_closing_stomata_evaporate_less(evaporate) -> None:
    """With the response on, more CO2 never evaporates more; at 380 ppm, or with 0, it is FAO-56."""

    @FAST
    @given(WEATHER, st.floats(1e-4, 3e-3))
    def check(drawn: dict, response: float) -> None:
        values, site = _weather(drawn), {"stomatal_co2_response": response}
        low, high = ({**values, "co2": c} for c in (380.0, 760.0))
        fao = evaporate(PetLaw.PENMAN_MONTEITH, **high)
        assert evaporate(PetLaw.PENMAN_MONTEITH, site=site, **low) == fao
        # Where dew would form (Rn below 0, clipped) both are 0.
        assert evaporate(PetLaw.PENMAN_MONTEITH, site=site, **high) <= fao

    check()


def test_doubled_co2_in_brussels(evaporate) -> None:
    """S = 1e-3: at 760 ppm r_s is 1.38 times as large; 0.34 u2 = 0.707 becomes 0.975, the denominator 0.2358 0.2537.

    So 3.88 falls by 7.0 %.
    """
    high = {**BRUSSELS, "co2": 760.0}
    fao = evaporate(PetLaw.PENMAN_MONTEITH, site=BRUSSELS_SITE, **high)
    closed = evaporate(PetLaw.PENMAN_MONTEITH, site={**BRUSSELS_SITE, "stomatal_co2_response": 1e-3}, **high)
    assert closed / fao == pytest.approx(0.2358 / 0.2537, abs=1e-3)


# ------------------------------------------------------------------------------------------------ tiles


def _tile(record_of, on_rows, air, albedo: float) -> float:
    p = record_of(vegetation.PARAMS, albedo=albedo, crop_coefficient=1.0)
    return on_rows(interception.potential_evapotranspiration)(p, air)


def test_a_tile_takes_the_sun_by_its_own_albedo(record_of, on_rows, evaporate) -> None:
    """The tile's PET is that of Eq. 6 with its own albedo: weight ((1 - a) Rs - Rnl) + drying, for 0.15 and 0.30.

    By hand for Brussels: 0.408 x 0.1221/0.2358 = 0.2113 mm MJ-1, so 0.08 x 22.07 MJ more are 0.373 mm.
    """
    air = evaporate(PetLaw.PENMAN_MONTEITH, whole=True, site=BRUSSELS_SITE, **BRUSSELS)
    forest, grass, rock = (_tile(record_of, on_rows, air, a) for a in (0.15, 0.23, 0.30))
    assert grass == air.pet
    assert forest - grass == pytest.approx(0.373, abs=2e-3)
    assert grass - rock == pytest.approx(0.373 * 7.0 / 8.0, abs=2e-3)


@pytest.mark.parametrize("law", [PetLaw.OUDIN, PetLaw.HARGREAVES_SAMANI, PetLaw.PRESCRIBED])
def test_albedo_means_nothing_without_net_radiation(record_of, on_rows, evaporate, law: PetLaw) -> None:
    air = evaporate(law, whole=True, tas=20.0, daily_range=9.0, evspsblpot=3.0, rsds=200.0)
    assert _tile(record_of, on_rows, air, 0.15) == _tile(record_of, on_rows, air, 0.30) == air.pet > 0.0


# ------------------------------------------------------------------------------------------------ hours against days


def _hours(law: PetLaw, evaporate, **day: float) -> float:
    """Sum over 24 hours of a clear summer day with sine-shaped temperature and sun, same means as `day`."""
    total = 0.0
    for hour in range(24):
        angle = 2.0 * math.pi * (hour + 0.5 - 15.0) / 24.0
        tas = day["tas"] + 5.0 * math.cos(angle)
        sun = max(math.sin(math.pi * (hour + 0.5 - 6.0) / 12.0), 0.0) * math.pi * day["rsds"]
        values = {**day, "tas": tas, "tasmin": tas, "tasmax": tas, "rsds": sun, "rsds_day": day["rsds"]}
        total += evaporate(law, 1.0 / 24.0, site=BRUSSELS_SITE, **values)
    return total


@pytest.mark.parametrize(("law", "tolerance"), [
    (PetLaw.OUDIN, 1e-12), (PetLaw.HARGREAVES_SAMANI, 1e-12), (PetLaw.PRESCRIBED, 1e-12),
    (PetLaw.PRIESTLEY_TAYLOR, 0.09), (PetLaw.PENMAN_MONTEITH, 0.01),
])  # fmt: skip
def test_hours_add_up_to_the_day(evaporate, law: PetLaw, tolerance: float) -> None:
    """Exactly for laws of the day. Penman-Monteith differs by 0.1 %, FAO-56's own difference between Eqs. 6 and 53.

    Priestley-Taylor has 8 % more by the hour: its weight is largest when the sun shines and the air is warm, and nights
    with negative net radiation are cut off at 0.
    """
    day = {**BRUSSELS, "tasmin": 11.9, "tasmax": 21.9, "daily_range": 10.0, "evspsblpot": 3.0}
    assert _hours(law, evaporate, **day) == pytest.approx(
        evaporate(law, site=BRUSSELS_SITE, **day), rel=tolerance
    )

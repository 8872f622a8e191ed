"""Irrigation: the calendar by hand, the deficit by hand, waters, losses, the own aquifer, steps, books, restarts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim.core.errors import InputError
from karstsim.core.jit import disabled, kernel, python_callable
from karstsim.forcing.records import FORCING, to_records
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.simulate import Simulation
from karstsim.processes import aquifer, soil
from karstsim.processes.soil import irrigation, water
from karstsim.processes.soil.irrigation import IrrigationRule, IrrigationSource

N = 13
# 100 mm of available water above 50 mm that never move
SOIL = {"depth": 0.5, "porosity": 0.5, "field_capacity_ratio": 0.6, "residual_water": 0.1}
CALENDAR = {
    "irrigation_rule": int(IrrigationRule.CALENDAR), "irrigation_first_day": 121.0, "irrigation_last_day": 151.0,
    "irrigation_interval": 10.0, "irrigation_depth": 30.0,
}  # fmt: skip
DEFICIT = {
    "irrigation_rule": int(IrrigationRule.DEFICIT), "irrigation_rate": 20.0, "irrigation_trigger": 0.4,
    "irrigation_target": 0.8,
}  # fmt: skip
EVENTS = python_callable(irrigation.events_in)
IN_SEASON = python_callable(irrigation.in_season)


@kernel
def _irrigate(p, s, f, aquifer_s, mobile, area, forcing, dt, n_active):
    irrigation.step(p, s, f, aquifer_s.matrix, mobile, area, forcing, dt, n_active)


@kernel
def _day_of_field(p, s, f, aquifer_s, forcing, demand, dt, n_active):
    """Irrigation, the bucket, what both move; returns excess. No rain."""
    irrigation.step(p, s, f, aquifer_s.matrix, 0.0, 1.0, forcing, dt, n_active)
    size = water.capacity(p)
    held = s.pore_water.volume - water.residual(p)
    lost, excess = water.bucket(held, water.arriving(f) / dt, demand / dt, size, p.stress_start * size, dt)
    f.evapotranspiration = lost + f.irrigation_loss
    water.enter(s, f, 1.0, n_active)
    s.pore_water.volume -= excess
    return excess


class Field:
    """A soil with its irrigation; half full."""

    def __init__(self, record_of, on_rows, **values: float) -> None:
        self.p = record_of(soil.PARAMS, **SOIL, **values)
        self.s, self.f = record_of(soil.STATE), record_of(soil.FLUXES)
        self.below = record_of(aquifer.STATE)
        self.s.pore_water.volume = 100.0
        self.record_of = record_of
        self.irrigate = on_rows(_irrigate)
        self.day = on_rows(_day_of_field)

    def fetch(self, day=130.5, dt=1.0, mobile=0.0, area=1.0, tas=20.0) -> float:
        forcing = self.record_of(FORCING, tas=tas, day_of_year=day)
        self.irrigate(self.p, self.s, self.f, self.below, mobile, area, forcing, dt, N)
        return float(self.f.irrigation.volume + self.f.pumped_irrigation.volume)

    def live(self, demand: float, day=130.5, dt=1.0) -> tuple[float, float]:
        """(withdrawn, percolated) of a step with this demand, mm."""
        forcing = self.record_of(FORCING, tas=20.0, day_of_year=day)
        excess = self.day(self.p, self.s, self.f, self.below, forcing, demand, dt, N)
        return float(self.f.irrigation.volume), float(excess)

    @property
    def saturation(self) -> float:
        return (float(self.s.pore_water.volume) - 50.0) / 100.0


# ------------------------------------------------------------------------------------------------ the calendar


@pytest.mark.nojit
def test_events_by_hand(record_of) -> None:
    """Days 121 to 151 every ten days: day 121, 131, 141, 151, that is 120 to 121 d, .. after the year began."""
    p = record_of(soil.PARAMS, **CALENDAR)
    days = [d + 1 for d in range(366) if EVENTS(p, float(d), d + 1.0) == 1.0]
    assert days == [121, 131, 141, 151]
    assert sum(EVENTS(p, float(d), d + 1.0) for d in range(366)) == 4.0
    assert EVENTS(p, 130.25, 130.5) == pytest.approx(0.25, abs=1e-12)
    assert EVENTS(p, 131.0, 140.0) == 0.0
    assert EVENTS(p, 120.0, 151.0) == 4.0


@pytest.mark.nojit
def test_a_season_over_the_new_year(record_of) -> None:
    """From day 360 to day 12 every 5 days: 360 and 365, and from 1 January anew 1, 6, 11."""
    changed = CALENDAR | {
        "irrigation_first_day": 360.0,
        "irrigation_last_day": 12.0,
        "irrigation_interval": 5.0,
    }
    p = record_of(soil.PARAMS, **changed)
    days = [d + 1 for d in range(365) if EVENTS(p, float(d), d + 1.0) > 0.0]
    assert days == [1, 6, 11, 360, 365]
    assert [IN_SEASON(p, d - 0.5) for d in (12, 13, 359, 360)] == [True, False, False, True]


@pytest.mark.nojit
@settings(max_examples=100, deadline=None)
@given(
    first=st.integers(1, 366), last=st.integers(1, 366), interval=st.floats(1.0, 60.0),
    cuts=st.lists(st.floats(0.0, 366.0), max_size=30),
)  # fmt: skip
def test_events_add_up_over_any_steps(record_of, first, last, interval, cuts) -> None:
    """However the year is cut, the parts are not negative and add up to the year's."""
    changed = {"irrigation_first_day": first, "irrigation_last_day": last, "irrigation_interval": interval}
    p = record_of(soil.PARAMS, **(CALENDAR | changed))
    edges = sorted([0.0, *cuts, 366.0])
    parts = [EVENTS(p, a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    assert min(parts) >= -1e-12
    assert sum(parts) == pytest.approx(EVENTS(p, 0.0, 366.0), abs=1e-9)


@pytest.mark.parametrize(("calendar", "length"), [("standard", 366), ("noleap", 365), ("360_day", 360)])
@pytest.mark.parametrize("steps", [1, 24])
def test_the_day_of_year_of_the_forcing(climate_forcing, calendar, length, steps) -> None:
    """The middle of each step in days, from the calendar of the stamps (2004 is a leap year)."""
    ds = climate_forcing("monsoon", years=1, start="2004-01-01", calendar=calendar, steps_per_day=steps)
    table = to_records(ds)[0]["day_of_year"][0]
    np.testing.assert_allclose(table, (np.arange(length * steps) + 0.5) / steps, rtol=1e-12)


# ------------------------------------------------------------------------------------------------ the deficit


@pytest.mark.parametrize("steps", [1, 24])
def test_a_refill_by_hand(record_of, on_rows, steps) -> None:
    """Soil 0.3 full of 100 mm, target 0.8, at most 20 mm/d: 20, 20 and 10 mm, and then nothing at 0.8 or at 0.5."""
    field = Field(record_of, on_rows, **DEFICIT)
    field.s.pore_water.volume = 80.0
    days = [
        sum(field.live(0.0, d + (i + 0.5) / steps, 1.0 / steps)[0] for i in range(steps)) for d in range(4)
    ]
    assert days == pytest.approx([20.0, 20.0, 10.0, 0.0], abs=1e-12)
    assert field.saturation == pytest.approx(0.8)
    field.s.pore_water.volume = 100.0
    assert field.fetch(4.5) == 0.0


def test_the_day_is_decided_once(record_of, on_rows) -> None:
    """What the morning found is brought evenly, though the soil is full by noon; the next morning finds it full."""
    field = Field(record_of, on_rows, **DEFICIT)
    field.s.pore_water.volume = 75.0
    assert field.fetch(130.25, 0.5) == pytest.approx(10.0)
    field.s.pore_water.volume = 150.0
    assert field.fetch(130.75, 0.5) == pytest.approx(10.0)
    assert field.fetch(131.25, 0.5) == 0.0


def test_no_refill_out_of_season(record_of, on_rows) -> None:
    field = Field(record_of, on_rows, **DEFICIT, irrigation_first_day=100.0, irrigation_last_day=200.0)
    field.s.pore_water.volume = 60.0
    assert [field.fetch(day) > 0.0 for day in (98.5, 99.5, 199.5, 200.5)] == [False, True, True, False]


@pytest.mark.parametrize("efficiency", [1.0, 0.6])
@pytest.mark.parametrize("dt", [1.0, 1 / 24])
def test_the_deficit_rule_never_overfills(record_of, on_rows, efficiency, dt) -> None:
    """A year without rain, full to the rim as target: never above it, nothing percolates, never long dry."""
    values = DEFICIT | {"irrigation_target": 1.0, "irrigation_efficiency": efficiency}
    field = Field(record_of, on_rows, **values)
    demand = 4.0 + 3.0 * np.sin(np.arange(365) / 20.0)
    for d in range(365):
        for i in range(round(1.0 / dt)):
            _, excess = field.live(demand[d] * dt, d + (i + 0.5) * dt, dt)
            assert excess == 0.0 and field.saturation <= 1.0 + 1e-12
    assert field.saturation > 0.3


# ------------------------------------------------------------------------------------------------ waters and losses


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("source", "hco3"),
    [(IrrigationSource.GIVEN, 3.88), (IrrigationSource.KARST_SPRING, 3.88), (IrrigationSource.ALLOGENIC, 0.30),
     (IrrigationSource.RIVER, 0.85)],
)  # fmt: skip
def test_waters_are_balanced(record_of, source, hco3) -> None:
    """Charges leave the bicarbonate that the source names, and DIC has some CO2 beyond it."""
    p = record_of(soil.PARAMS, irrigation_source=int(source))
    dic, ca, mg, na, k, cl, so4, no3 = python_callable(irrigation.composition)(p)
    alkalinity = 2.0 * (ca + mg - so4) + na + k - cl - no3
    assert alkalinity == pytest.approx(hco3, rel=0.01)
    assert alkalinity < dic < alkalinity + 0.4


def test_river_water_carries_its_solutes(record_of, on_rows) -> None:
    """30 mm: 0.334 mol Ca per cubic metre are 0.01002 mol m-2, whatever the given composition says."""
    field = Field(
        record_of, on_rows, **CALENDAR, irrigation_source=int(IrrigationSource.RIVER), irrigation_ca=9.0
    )
    assert field.fetch(130.5) == pytest.approx(30.0)
    assert field.f.irrigation.sol.ca == pytest.approx(0.01002, rel=1e-12, abs=0.0)
    assert field.f.irrigation.sol.cl == pytest.approx(0.162 * 0.03, rel=1e-12, abs=0.0)


def test_what_is_lost_leaves_its_solutes(record_of, on_rows) -> None:
    """Efficiency 0.6: of 30 mm 18 reach the soil with the solutes of 30; the books see 30 in and 12 out."""
    field = Field(record_of, on_rows, **CALENDAR, irrigation_efficiency=0.6)
    assert field.live(0.0) == (pytest.approx(30.0), 0.0)
    assert field.f.irrigation_loss == pytest.approx(12.0)
    assert field.f.evapotranspiration == pytest.approx(12.0)
    assert field.s.pore_water.volume == pytest.approx(118.0)
    assert field.s.pore_water.sol.ca == pytest.approx(1.9 * 0.03, rel=1e-12, abs=0.0)


@pytest.mark.parametrize(("mobile", "volume"), [(100.0, 30.0), (6.0, 24.0), (0.0, 0.0)])
def test_own_water_comes_out_of_the_matrix(record_of, on_rows, mobile, volume) -> None:
    """30 mm on a quarter of the area are 7.5 mm of matrix; 6 mm of mobile water give 24 mm. Calcium moves along."""
    field = Field(record_of, on_rows, **CALENDAR, irrigation_source=int(IrrigationSource.OWN_AQUIFER))
    field.below.matrix.volume = 500.0 + mobile
    field.below.matrix.sol.ca = 1.0
    before = float(field.below.matrix.volume)
    assert field.fetch(130.5, mobile=mobile, area=0.25) == pytest.approx(volume)
    assert field.f.irrigation.volume == 0.0
    assert before - field.below.matrix.volume == pytest.approx(0.25 * volume)
    assert field.f.pumped_irrigation.sol.ca == pytest.approx(volume / before, rel=1e-12, abs=0.0)
    assert field.below.matrix.sol.ca == pytest.approx(1.0 - 0.25 * volume / before, rel=1e-12, abs=0.0)


# ------------------------------------------------------------------------------------------------ the whole model


def _members(**common: float) -> list[dict[str, float]]:
    warm = {"irrigation_rate": 3.0, "irrigation_temperature": 15.0}
    long = CALENDAR | {"irrigation_last_day": 300.0}
    thirsty = DEFICIT | {"irrigation_trigger": 0.6, "irrigation_target": 0.9}
    return [{f"soil.{k}": v for k, v in (rule | common).items()} for rule in (warm, long, thirsty)]


@pytest.mark.parametrize(("rule", "missing"), [(CALENDAR, "irrigation_depth"), (DEFICIT, "irrigation_rate")])
def test_a_rule_without_an_amount_is_refused(whole_site, rule, missing) -> None:
    """It would irrigate nothing. The error names the tile, the key, and what to set; an amount mends it."""
    site = whole_site(("grass",), 0)

    def with_amount(amount: float):
        values = {f"soil.{k}": v for k, v in (rule | {missing: amount}).items()}
        tiles = [t.model_copy(update={"parameters": values}) for t in site.tiles]
        return site.model_copy(update={"tiles": type(site.tiles)(tiles)})

    with pytest.raises(InputError, match=f"tile grass, soil.irrigation_rule(.|\n)*set soil.{missing}"):
        parameter_tables(with_amount(0.0), [{}])
    parameter_tables(with_amount(5.0), [{}])
    member = {f"soil.{k}": v for k, v in (rule | {missing: 0.0}).items()}
    with pytest.raises(InputError, match="member, soil.irrigation_rule"):
        parameter_tables(site, [member])


def _water(whole_site, ds, members, names):
    run = Simulation(whole_site(("cropland", "grass"), 0), ds, members, chemistry=False)
    run.spin_up(0)
    return run.run(["annual"], names)["annual"]


@pytest.mark.parametrize("climate", ["monsoon", "mediterranean"])
def test_daily_and_hourly_irrigation_agree(climate, climate_forcing, whole_site) -> None:
    """Same weather in 1 and 24 steps a day, two years: what is withdrawn, evapotranspiration and the spring.

    Fixed rate and calendar to rounding, the deficit rule within 1 % (it decides once a day).
    """
    names = ["soil_irrigation", "catchment_evapotranspiration", "aquifer_spring"]
    totals = []
    for steps in (1, 24):
        out = _water(whole_site, climate_forcing(climate, steps_per_day=steps), _members(), names)
        totals.append([out[n].values.reshape(3, -1).sum(axis=1) for n in names])
    ratio = np.array(totals[0]) / np.array(totals[1]) - 1.0
    print(
        climate, "daily/hourly - 1; irrigation, evapotranspiration, spring of each rule:", ratio, totals[1][0]
    )
    assert (np.array(totals[1][0]) > 100.0).all()
    np.testing.assert_allclose(ratio[0, :2], 0.0, atol=1e-9)
    assert abs(ratio[0, 2]) < 0.01
    assert np.abs(ratio[1:]).max() < 0.03


ALL_ON = [
    *_members(irrigation_efficiency=0.7, irrigation_source=int(IrrigationSource.RIVER)),
    *_members(irrigation_efficiency=0.8, irrigation_source=int(IrrigationSource.OWN_AQUIFER)),
    {
        **_members(irrigation_source=int(IrrigationSource.OWN_AQUIFER))[2],
        "soil.layers": 1,
        "epikarst.compartments": 10,
    },
]


@pytest.mark.parametrize("climate", ["monsoon", "semi_arid"])
def test_books_close_with_every_rule_and_water(climate, climate_forcing, whole_site) -> None:
    """Books per step and in total; own water is no import, and the spring gives what the fields take."""
    run = Simulation(whole_site(), climate_forcing(climate, years=1), ALL_ON)
    run.spin_up(0)
    names = ["catchment_imbalance_*", "soil_irrigation*", "soil_pumped_irrigation*", "aquifer_spring",
             "catchment_imported_alkalinity"]  # fmt: skip
    daily = run.run(["daily"], names)["daily"]
    books = [n for n in daily.data_vars if n.startswith("catchment_imbalance")]
    assert max(float(daily[n].max()) for n in books) <= 1e-13
    assert max(run.closure().values()) <= 1e-12
    brought, pumped = (
        daily[n].sum(["time", "tile"]).values for n in ("soil_irrigation", "soil_pumped_irrigation")
    )
    assert (brought[:3] > 0.0).all() and (pumped[:3] == 0.0).all()
    assert (brought[3:] == 0.0).all() and (pumped[3:] > 0.0).all()
    own = daily["catchment_imported_alkalinity"].sum("time").values
    spring = daily["aquifer_spring"].sum("time").values
    dry = Simulation(whole_site(), climate_forcing(climate, years=1), [{"soil.irrigation_rate": 0.0}])
    dry.spin_up(0)
    plain = dry.run(["daily"], names)["daily"]
    np.testing.assert_allclose(own[3:], float(plain["catchment_imported_alkalinity"].sum()), rtol=1e-12)
    assert (spring[3:6] < float(plain["aquifer_spring"].sum())).all()


@pytest.mark.skipif(disabled(), reason="long")
def test_a_restart_within_a_refill_changes_no_bit(climate_forcing, whole_site, tmp_path) -> None:
    """Every rule, cut within a refill at 2 mm/d: the last state, byte for byte."""
    site = whole_site(("cropland",), 1)
    ds = climate_forcing("mediterranean", years=1).isel(time=slice(150, 200))
    members = [m | {"soil.irrigation_rate": 2.0} for m in ALL_ON]
    whole = Simulation(site, ds, members)
    whole.spin_up(0)
    first = Simulation(site, ds.isel(time=slice(0, 30)), members)
    for level, floats in whole.tables.state_floats.items():
        first.tables.state_floats[level][...] = floats
    first.run(["daily"], ["catchment_runoff"])
    assert first.tables.state["tile"]["soil"]["refill_rate"].max() == 2.0
    second = Simulation(site, ds.isel(time=slice(30, None)), members)
    second.start_from(first.write_restart(tmp_path / "restart.nc"))
    second.run(["daily"], ["catchment_runoff"])
    whole.run(["daily"], ["catchment_runoff"])
    for level, floats in whole.tables.state_floats.items():
        assert floats.tobytes() == second.tables.state_floats[level].tobytes()

"""Soil organic carbon: RothC by the month, CENTURY, amendments, biochar, dissolved carbon, steady states, books."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from karstsim.analysis.rothc import read_rothc_input, rothc_monthly
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.errors import InputError
from karstsim.core.jit import python_callable
from karstsim.forcing.records import FORCING
from karstsim.model.initial import drift_stocks
from karstsim.model.simulate import Simulation
from karstsim.processes import soil, vegetation
from karstsim.processes.soil import biochar, coleman_1996, organic_carbon, parton_1987, season
from karstsim.processes.soil.organic_carbon import MoistureModel, SocModel

LARGEST = python_callable(coleman_1996.largest_deficit)
MOISTURE = python_callable(coleman_1996.moisture_modifier)
HEAT = python_callable(parton_1987.temperature_modifier)
SPREAD = python_callable(season.spread)
POOLS = tuple(pool.name for pool in organic_carbon.POOLS)
OF_MODEL = {
    SocModel.ROTHC: ("dpm", "rpm", "bio", "hum"),
    SocModel.CENTURY: tuple(p.name for p in parton_1987.POOLS),
}
BIOCHAR = tuple(p.name for p in biochar.POOLS)
MODELS = pytest.mark.parametrize("model", list(SocModel), ids=lambda m: m.name)
MANAGED = {"manure_rate": 16.65, "straw_rate": 5.0, "biochar_rate": 0.5}
cheap = pytest.mark.nojit


def _ground(record_of, **values: float):
    """Parameters, state, fluxes, litter and forcing of a moist soil at 15 degC."""
    p = record_of(soil.PARAMS, **values)
    s, f, litter = record_of(soil.STATE), record_of(soil.FLUXES), record_of(vegetation.FLUXES)
    s.temperature = 15.0
    s.pore_water.volume = f.final_volume = 70.0
    return p, s, f, litter, record_of(FORCING, year_fraction=0.5)


# ------------------------------------------------------------------------------------------------ RothC by the month


@cheap
def test_largest_moisture_deficit_by_hand() -> None:
    """Clay 23.4 %: 20 + 30.42 - 5.4756 = 44.9444 mm in 23 cm; half of it in 11.5 cm."""
    assert LARGEST(23.4, 23.0) == pytest.approx(-44.9444, rel=1e-12, abs=0.0)
    assert LARGEST(23.4, 11.5) == pytest.approx(-22.4722, rel=1e-12, abs=0.0)


@cheap
@pytest.mark.parametrize(
    ("before", "rain", "evaporation", "covered", "after"),
    [
        (0.0, 50.0, 40.0, 1.0, 0.0),  # 50 - 30 = 20 mm too much
        (-30.0, 50.0, 40.0, 1.0, -10.0),
        (-30.0, 0.0, 40.0, 1.0, -44.9444),  # -60, but plants end at the largest deficit
        (-10.0, 0.0, 40.0, 0.0, -24.9890864),  # -40, but bare soil ends at 0.556 of it
        (-30.0, 0.0, 40.0, 0.0, -30.0),  # a crop had dried it further: it stays
        (-30.0, 50.0, 40.0, 0.0, -10.0),  # and is wetted
        (-30.0, 5.0, -4.0, 1.0, -22.0),  # dew in the pan: 5 + 3 mm
    ],
)
def test_moisture_deficit_by_hand(record_of, on_rows, before, rain, evaporation, covered, after) -> None:
    month = record_of(coleman_1996.MONTH, rain=rain, evaporation=evaporation, covered=covered)
    assert on_rows(coleman_1996.next_deficit)(before, -44.9444, month) == pytest.approx(
        after, rel=1e-12, abs=0.0
    )


@cheap
@pytest.mark.parametrize(
    ("deficit", "expected"),
    [(0.0, 1.0), (-19.9, 1.0), (-0.722 * 44.9444, 0.6), (-44.9444, 0.2)],  # 0.722 is halfway from 0.444 to 1
)
def test_moisture_modifier_of_a_deficit(deficit, expected) -> None:
    assert MOISTURE(deficit, -44.9444) == pytest.approx(expected, rel=1e-9)


def _year(**changes: object) -> pd.DataFrame:
    """A year at 9.25 degC with 12 t C/ha of crop residue or manure, rain always above evaporation."""
    months = {"month": range(1, 13), "temperature": 9.25, "rain": 60.0, "evaporation": 20.0, "plant": 1.0}
    months |= {"manure": 0.0, "covered": 1, "dpm_rpm": 1.44}
    return pd.DataFrame({**months, **changes})


@cheap
def test_manure_is_split_by_rothc(record_of, on_rows) -> None:
    """2 t C/ha of FYM: 0.49 DPM, 0.49 RPM, 0.02 HUM; nothing else moves in frozen soil."""
    out = rothc_monthly(_year(temperature=-20.0, plant=0.0, manure=2.0)[:1], clay=20.0, start={"hum": 10.0})
    row = out.iloc[0]
    assert (row["dpm"], row["rpm"], row["bio"]) == pytest.approx((0.98, 0.98, 0.0), rel=1e-12, abs=0.0)
    assert (row["hum"], row["soc"], row["co2"]) == pytest.approx((10.04, 12.0, 0.0), rel=1e-12, abs=0.0)


@cheap
def test_months_keep_their_carbon() -> None:
    """Pools + CO2 = start + plants + manure in every month, to rounding."""
    table = pd.concat([_year(manure=0.3), _year(covered=0, temperature=18.0)], ignore_index=True)
    out = rothc_monthly(table, clay=20.0, iom=3.0, start={"dpm": 1.0, "rpm": 5.0, "bio": 1.0, "hum": 30.0})
    brought = np.cumsum(table["plant"] + table["manure"]) + 40.0
    assert (out["soc"] + out["co2"]).to_numpy() == pytest.approx(brought.to_numpy(), rel=1e-13, abs=0.0)


@cheap
def test_equilibrium_of_the_months_is_the_steady_state(record_of, on_rows) -> None:
    """Constant months: what each pool loses a month, Y (1 - exp(-k rho/12)), is what it gains.

    That is 1.44/2.44 and 1/2.44 of 1 t for DPM and RPM, 0.46 and 0.54 of q/(1 - q) for BIO and HUM. The official test
    for equilibrium (1e-6 t/ha in a year) leaves less than 0.02 %.
    """
    out = rothc_monthly(_year()[:12], clay=23.4)
    start = out.attrs["start"]
    assert len(out) == 0 and out.attrs["spin_up_months"] % 12 == 0
    rho = 47.91 / (1.0 + math.exp(106.06 / 27.52)) * 0.6
    kept = 1.0 / (1.0 + 1.67 * (1.85 + 1.60 * math.exp(-0.0786 * 23.4)))
    gains = {"dpm": 1.44 / 2.44, "rpm": 1.0 / 2.44}
    gains |= {"bio": 0.46 * kept / (1.0 - kept), "hum": 0.54 * kept / (1.0 - kept)}
    rates = {"dpm": 10.0, "rpm": 0.3, "bio": 0.66, "hum": 0.02}
    for name, gain in gains.items():
        assert start[name] == pytest.approx(gain / -math.expm1(-rates[name] * rho / 12.0), rel=2e-4), name


@cheap
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rain": None}, "lacks rain"),
        ({"plant": [1.0] * 5 + [math.nan] + [1.0] * 6}, "table, plant, row 5"),
        ({"rain": -1.0}, "table, rain, row 0"),
        ({"covered": "yes"}, "table, covered, row 0"),
        ({"month": [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 1]}, "table, month, row 5: is 7 after 5"),
        ({"month": [12, *range(1, 11), 13]}, "table, month, row 11: is 13 after 10"),
        ({"month": 0}, "table, month, row 0: is 0"),
    ],
)
def test_bad_tables_are_refused(change, message) -> None:
    table = _year()
    for name, value in change.items():
        table = table.drop(columns=name) if value is None else table.assign(**{name: value})
    with pytest.raises(InputError, match=message):
        rothc_monthly(table, clay=20.0)


@cheap
@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"clay": 120.0}, "clay"), ({"clay": 20.0, "depth": 0.0}, "depth"), ({"clay": 20.0, "iom": -1.0}, "iom"),
     ({"clay": 20.0, "start": {"humus": 1.0}}, "humus"), ({"clay": 20.0, "start": {"hum": math.nan}}, "start, hum"),
     ({"clay": 20.0, "start": {"deficit": 3.0}}, "start, deficit")],
)  # fmt: skip
def test_bad_arguments_are_refused(arguments, message) -> None:
    with pytest.raises(InputError, match=message):
        rothc_monthly(_year(), **arguments)
    with pytest.raises(InputError, match="has 11 rows"):
        rothc_monthly(_year()[:11], clay=20.0)


FILE = """a comment
another
(-) (-)
opt_RMmoist opt_SMDbare
{options}
(%) (cm) (t C/ha)
clay depth iom nsteps siltper BD OC minRM_Moist
23.4 23.0 3.0041 2 58.6 1.27 0.94 {driest}
(-) (-)
year month modern Tmp Rain Evap C_inp FYM PC DPM_RPM
1 1 100 3.73 52.2 6.6 0.1 0.2 1 1.44
1 2 100 3.08 42.9 17.3 0 0 0 1.44
1 3 100 5.49 35.2 40.7 0 0 1 1.44
"""


@cheap
def test_input_file_of_rothc(tmp_path) -> None:
    """As many rows as the file says; van Genuchten options and other driest rates are not RothC-26.3."""
    path = tmp_path / "RothC_input.dat"
    path.write_text(FILE.format(options="1 1", driest="0.2"))
    table, ground = read_rothc_input(path)
    assert ground == {"clay": 23.4, "depth": 23.0, "iom": 3.0041}
    assert table[["month", "plant", "manure", "covered"]].to_numpy().tolist() == [
        [1, 0.1, 0.2, 1],
        [2, 0, 0, 0],
    ]
    for options, driest in (("2 1", "0.2"), ("1 1", "0.1")):
        path.write_text(FILE.format(options=options, driest=driest))
        with pytest.raises(InputError, match="RothC-26.3"):
            read_rothc_input(path)
    path.write_text("nothing of the kind")
    with pytest.raises(InputError, match="cannot be read"):
        read_rothc_input(path)


# ------------------------------------------------------------------------------------------------ CENTURY


@cheap
@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(35.0, 1.0), (25.0, 0.7741), (15.0, 0.3423), (0.0, 0.02745), (-30.0, 0.0), (45.0, 0.0), (60.0, 0.0)],
)
def test_century_temperature_modifier(temperature, expected) -> None:
    """15 degC: 3^0.2 exp(0.2/2.63 (1 - 3^2.63)) = 1.24573 exp(0.0760456 x -16.983) = 0.3424; others alike.

    0 degC: 4.5^0.2 exp(0.0760456 (1 - 4.5^2.63)) = 1.35103 exp(0.0760456 x -51.234) = 0.02745.
    """
    assert HEAT(temperature) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def _century_matrix(p, lignin: float) -> np.ndarray:
    """dC/dt = A C of Parton et al. (1987) in the pools' order, per year of unmodified rates, written out by hand."""
    fine = p.clay / 100.0 + p.silt_share * (1.0 - p.clay / 100.0)
    structural = 4.9 * math.exp(-3.0 * lignin)
    rates = np.array([18.5, structural, structural, 7.3 * (1.0 - 0.75 * fine), 0.2, 0.0045])
    to = -np.eye(6)  # metabolic, structural, lignin, active, slow, passive
    to[3, 0] = to[3, 1] = 0.45
    to[4, 2] = 0.7
    to[4, 3], to[5, 3] = 1.0 - (0.85 - 0.68 * fine) - 0.004, 0.004
    to[3, 4], to[5, 4] = 0.42, 0.03
    to[3, 5] = 0.45
    return to * rates


@cheap
@pytest.mark.parametrize(("clay", "silt"), [(5.0, 0.1), (30.0, 0.6), (60.0, 0.9)])
def test_century_decays_as_its_matrix_says(record_of, on_rows, clay, silt) -> None:
    """Two years of unmodified decay in steps of a thousandth: expm(2 A) C0, to half a step of the fastest (0.9 %)."""
    p, s, *_ = _ground(record_of, clay=clay, silt_share=silt)
    start = np.array([10.0, 6.0, 4.0, 20.0, 100.0, 200.0])
    for name, value in zip(OF_MODEL[SocModel.CENTURY], start, strict=True):
        setattr(s, name, value)
    turn_over, respired = on_rows(parton_1987.turn_over), 0.0
    litter_rate = on_rows(parton_1987.structural_decay)(p, s.structural, s.lignin)  # its lignin share stays
    for _ in range(2000):
        respired += turn_over(p, s, litter_rate, 1.0, 1e-3)
    expected = expm(2.0 * _century_matrix(p, 0.4)) @ start
    found = np.array([getattr(s, name) for name in OF_MODEL[SocModel.CENTURY]])
    assert found[:3] == pytest.approx(expected[:3], rel=1e-9)  # these get nothing, so any step is exact
    assert found == pytest.approx(expected, rel=9.3e-3)
    assert found.sum() + respired == pytest.approx(start.sum(), rel=1e-12, abs=0.0)


@cheap
def test_century_steady_state_solves_its_matrix(record_of, on_rows) -> None:
    """-A^-1 I/rho with litter, manure and straw; L/N 20 makes 0.85 - 0.36 = 0.49 of the litter metabolic."""
    p, s, *_ = _ground(record_of, soc_model=SocModel.CENTURY, manure_rate=16.65, straw_rate=5.0)
    on_rows(organic_carbon.settle)(p, s, 40.0, 0.5)
    metabolic = 0.49 * 40.0 + 0.49 * 16.65 + 0.59 * 5.0
    structural = 0.51 * 40.0 + 0.49 * 16.65 + 0.41 * 5.0
    gain = np.array([metabolic, 0.6 * structural, 0.4 * structural, 0.0, 0.02 * 16.65, 0.0])
    expected = np.linalg.solve(-0.5 * _century_matrix(p, 0.4), gain)
    found = [getattr(s, name) for name in OF_MODEL[SocModel.CENTURY]]
    assert found == pytest.approx(expected.tolist(), rel=1e-12, abs=0.0)
    assert s.iom == s.dpm == s.hum == 0.0


@cheap
def test_lignin_slows_structural_litter(record_of, on_rows) -> None:
    """exp(-3 Ls): a third of lignin takes 1/e of the rate; mixed litter has the lignin of both."""
    p, *_ = _ground(record_of)
    rate = on_rows(parton_1987.structural_decay)
    assert rate(p, 2.0, 1.0) == pytest.approx(4.9 / math.e, rel=1e-12, abs=0.0)
    assert rate(p, 1.0, 0.0) == 4.9
    assert rate(p, 0.0, 0.0) == pytest.approx(4.9 * math.exp(-1.2), rel=1e-12, abs=0.0)  # of what will fall


@cheap
def test_fine_texture_keeps_carbon(record_of, on_rows) -> None:
    """In sand and 5, 30, 60 % of clay the active pool loses 7.0, 5.7 and 4.0 of itself a year, and passes on more."""
    stocks = []
    for clay, rate in ((5.0, 7.02625), (30.0, 5.6575), (60.0, 4.015)):
        p, s, *_ = _ground(record_of, soc_model=SocModel.CENTURY, clay=clay, silt_share=0.0)
        assert on_rows(parton_1987.active_decay)(p) == pytest.approx(rate, rel=1e-12, abs=0.0)
        on_rows(organic_carbon.settle)(p, s, 40.0, 0.5)
        stocks.append((s.active, s.slow, s.passive))
    assert (np.diff(stocks, axis=0) > 0.0).all()


# ------------------------------------------------------------------------------------------------ amendments


@cheap
@pytest.mark.parametrize("dt", [1.0, 1.0 / 24.0, 1.0 / 144.0])
@pytest.mark.parametrize(
    ("first", "days"), [(1.0, 366.0), (200.0, 366.0), (90.0, 10.0), (360.0, 20.0), (100.0, 1.0)]
)
@pytest.mark.parametrize("calendar", [360, 365, 366])
def test_a_year_of_spreading_is_the_yearly_rate(dt, first, days, calendar) -> None:
    """In any calendar and step, any season, over the end of the year too: the rate, as its days are to 365.2425."""
    steps = np.arange(0.5 * dt, calendar, dt)
    amounts = np.array([SPREAD(12.0, first, days, t / calendar, dt) for t in steps])
    assert amounts.sum() == pytest.approx(12.0 * calendar / DAYS_PER_YEAR, rel=2e-3 if days == 1.0 else 1e-3)
    assert amounts.min() >= 0.0


@cheap
def test_spreading_keeps_to_its_season() -> None:
    """Ten days from day 91 on: nothing on day 90 or 101, a tenth of the rate on days between."""
    daily = {day: SPREAD(12.0, 91.0, 10.0, (day - 0.5) / DAYS_PER_YEAR, 1.0) for day in range(1, 366)}
    assert [d for d, amount in daily.items() if amount > 1e-9] == list(range(91, 101))
    assert daily[95] == pytest.approx(1.2, rel=1e-9)


@cheap
@MODELS
def test_amendments_by_hand(record_of, on_rows, model) -> None:
    """A day of frozen soil with manure 365.2425 and straw twice that a year: 1 and 2 mol m-2, split 0.49/0.49/0.02 and
    0.59/0.41/0; biochar 3.65 a year: 0.0003 labile.
    """
    p, s, f, litter, forcing = _ground(record_of, soc_model=model, manure_rate=DAYS_PER_YEAR,
                                       straw_rate=2.0 * DAYS_PER_YEAR, biochar_rate=0.01 * DAYS_PER_YEAR)  # fmt: skip
    s.temperature = -60.0
    on_rows(organic_carbon.step)(p, s, f, litter, forcing, 1.0)
    assert (f.manure, f.straw, f.biochar) == pytest.approx((1.0, 2.0, 0.01), rel=1e-9)
    fast, resistant, humified = 0.49 + 1.18, 0.49 + 0.82, 0.02
    if model == SocModel.ROTHC:
        assert (s.dpm, s.rpm, s.hum) == pytest.approx((fast, resistant, humified), rel=1e-9)
    else:
        assert (s.metabolic, s.slow) == pytest.approx((fast, humified), rel=1e-9)
        assert (s.structural, s.lignin) == pytest.approx((0.6 * resistant, 0.4 * resistant), rel=1e-9)
    assert (s.biochar_labile, s.biochar_stable) == pytest.approx((0.0003, 0.0097), rel=1e-9)
    assert f.organic_carbon == pytest.approx(3.01, rel=1e-12, abs=0.0)
    assert f.respiration == pytest.approx(0.0, abs=1e-7)


# ------------------------------------------------------------------------------------------------ biochar


@cheap
@pytest.mark.parametrize("dt", [1.0, 1.0 / 24.0])
def test_biochar_has_its_mean_residence_times(record_of, on_rows, dt) -> None:
    """After 108 days 1/e of the labile part is left, and exp(-108/365.2425/556) of the stable."""
    p, s, *_ = _ground(record_of)
    s.biochar_labile, s.biochar_stable = 3.0, 97.0
    step = on_rows(biochar.turn_over)
    respired = sum(step(p, s, 0.0, dt) for _ in range(round(108 / dt)))
    assert s.biochar_labile == pytest.approx(3.0 / math.e, rel=1e-9)
    assert s.biochar_stable == pytest.approx(
        97.0 * math.exp(-108.0 / DAYS_PER_YEAR / 556.0), rel=1e-12, abs=0.0
    )
    assert respired == pytest.approx(100.0 - s.biochar_labile - s.biochar_stable, rel=1e-9)


@cheap
@MODELS
@pytest.mark.parametrize("priming", [-0.04, 0.1])
def test_priming_changes_the_decay_of_humus_alone(record_of, on_rows, model, priming) -> None:
    """To first order in a day, the loss of humus changes by the priming; without biochar not at all."""
    old = "hum" if model == SocModel.ROTHC else "slow"
    kept = {}
    for stable in (0.0, 10.0):
        p, s, f, litter, forcing = _ground(record_of, soc_model=model, biochar_priming=priming)
        setattr(s, old, 1000.0)
        s.biochar_stable = stable
        on_rows(organic_carbon.step)(p, s, f, litter, forcing, 1.0)
        kept[stable] = 1000.0 - getattr(s, old)
    assert kept[10.0] / kept[0.0] == pytest.approx(1.0 + priming, rel=1e-4)


# ------------------------------------------------------------------------------------------------ all of it


@cheap
@MODELS
@settings(max_examples=100, deadline=None)
@given(
    pools=st.lists(st.floats(0.0, 500.0), min_size=len(POOLS), max_size=len(POOLS)), fall=st.floats(0.0, 1.0),
    dt=st.sampled_from([1.0, 1 / 24, 1 / 144]), temperature=st.floats(-30.0, 50.0), rates=st.floats(0.0, 100.0),
)  # fmt: skip
def test_a_step_keeps_its_carbon(record_of, on_rows, model, pools, fall, dt, temperature, rates) -> None:
    """Pools after = pools before + litter + what was spread - respiration - dissolved, to rounding; none negative."""
    p, s, f, litter, forcing = _ground(record_of, soc_model=model, **dict.fromkeys(MANAGED, rates))
    s.temperature, litter.litterfall = temperature, fall
    for name, value in zip(POOLS, pools, strict=True):
        setattr(s, name, value)
    on_rows(organic_carbon.step)(p, s, f, litter, forcing, dt)
    after = [getattr(s, name) for name in POOLS]
    sol = s.pore_water.sol
    assert f.organic_carbon == pytest.approx(sum(after), rel=1e-14, abs=1e-300)
    assert sol.doc_labile + sol.doc_refractory == pytest.approx(f.doc_production, rel=1e-14, abs=1e-300)
    gain = fall + f.manure + f.straw + f.biochar
    left = f.respiration + f.doc_production
    assert sum(after) + left == pytest.approx(sum(pools) + gain, rel=1e-14, abs=1e-300)
    assert min(*after, f.respiration, f.doc_production) >= 0.0
    others = OF_MODEL[SocModel.CENTURY if model == SocModel.ROTHC else SocModel.ROTHC]
    assert all(getattr(s, name) == dict(zip(POOLS, pools, strict=True))[name] for name in (*others, "iom"))


@cheap
@MODELS
@pytest.mark.parametrize("swc", [0.08, 0.12, 0.3])
def test_decay_sees_the_prescribed_moisture(record_of, on_rows, model, swc) -> None:
    """A water content of swc in 0.4 m of soil is 400 swc mm of pore water, whatever the simulated soil holds."""
    found = []
    for source, volume in ((MoistureModel.PRESCRIBED, 70.0), (MoistureModel.SIMULATED, 400.0 * swc)):
        p, s, f, litter, forcing = _ground(record_of, soc_model=model, depth=0.4, moisture_model=source)
        forcing.swc, f.final_volume = swc, volume
        on_rows(organic_carbon.step)(p, s, f, litter, forcing, 1.0)
        found.append(f.rate_modifier)
        assert f.final_volume == volume
    assert found[0] == pytest.approx(found[1], rel=1e-12, abs=0.0)


@cheap
@MODELS
def test_dissolved_carbon_by_hand(record_of, on_rows, model) -> None:
    """0.015 of the CO2 dissolves, the soil keeps 0.7 of it; 0.3 of the rest is refractory. Biochar counts as well."""
    p, s, f, litter, forcing = _ground(record_of, soc_model=model)
    for name in (*OF_MODEL[model], *BIOCHAR):
        setattr(s, name, 50.0)
    on_rows(organic_carbon.step)(p, s, f, litter, forcing, 1.0)
    lost = 50.0 * (len(OF_MODEL[model]) + 2) - f.organic_carbon
    assert f.doc_production == pytest.approx(0.0045 * lost, rel=1e-9)
    assert s.pore_water.sol.doc_refractory == pytest.approx(0.3 * f.doc_production, rel=1e-12, abs=0.0)
    assert f.respiration == pytest.approx(0.9955 * lost, rel=1e-9)


@cheap
@MODELS
@pytest.mark.parametrize("dt", [1.0, 1.0 / 24.0])
def test_steady_state_is_a_fixed_point(record_of, on_rows, model, dt) -> None:
    """With litter, manure, straw and biochar, one step moves each pool by no more than its gain times half a step of
    the fastest decay (10 % slack), which is how far a step that lets inputs in at its end is from continuous ones.
    """
    p, s, f, litter, forcing = _ground(record_of, soc_model=model, **MANAGED)
    rho = on_rows(organic_carbon.modifier)(p, s, f.final_volume)
    on_rows(organic_carbon.settle)(p, s, 40.0, rho)
    before = {name: getattr(s, name) for name in POOLS}
    litter.litterfall = 40.0 * dt / DAYS_PER_YEAR
    on_rows(organic_carbon.step)(p, s, f, litter, forcing, dt)
    years = dt / DAYS_PER_YEAR
    fastest = 10.0 if model == SocModel.ROTHC else 18.5
    for name in OF_MODEL[model]:
        rate = rho * (getattr(p, f"decay_{name}") if name != "lignin" else p.decay_structural)
        assert before[name] > 0.0
        assert (
            abs(getattr(s, name) - before[name])
            <= 1.1 * before[name] * rate * years * 0.5 * fastest * rho * years
        )
    for name, days in (("biochar_labile", 108.0), ("biochar_stable", 556.0 * DAYS_PER_YEAR)):
        assert abs(getattr(s, name) - before[name]) <= 0.55 * before[name] * (dt / days) ** 2
    assert s.iom == before["iom"]


@cheap
@MODELS
def test_days_and_hours_agree(record_of, on_rows, model) -> None:
    """A month from nothing under litter and manure: SOC of daily and of hourly steps within 0.5 %."""
    ends = []
    for dt in (1.0, 1.0 / 24.0):
        p, s, f, litter, forcing = _ground(record_of, soc_model=model, **MANAGED)
        litter.litterfall = 40.0 * dt / DAYS_PER_YEAR
        step = on_rows(organic_carbon.step)
        for _ in range(round(30 / dt)):
            step(p, s, f, litter, forcing, dt)
        ends.append(f.organic_carbon)
    assert ends[0] == pytest.approx(ends[1], rel=5e-3)


@cheap
@MODELS
def test_a_poisoned_temperature_stays_visible(record_of, on_rows, model) -> None:
    p, s, f, litter, forcing = _ground(record_of, soc_model=model)
    for name in OF_MODEL[model]:
        setattr(s, name, 50.0)
    s.temperature = math.nan
    on_rows(organic_carbon.step)(p, s, f, litter, forcing, 1.0)
    assert math.isnan(f.respiration) and math.isnan(f.organic_carbon)


# ------------------------------------------------------------------------------------------------ in the column

MEMBERS = [
    {f"soil.{k}": v for k, v in {**management, "soc_model": int(model)}.items()}
    for model in SocModel
    for management in ({}, {**MANAGED, "manure_day": 90.0, "manure_days": 10.0})
]


@pytest.fixture(scope="module")
def run(climate_forcing, whole_site) -> Simulation:
    """Both models, with and without amendments, on cropland and forest, from their analytic steady state."""
    world = Simulation(
        whole_site(("cropland", "secondary_forest"), 0), climate_forcing("monsoon", years=5), MEMBERS
    )
    world.spin_up(10)
    return world


def test_a_long_run_stays_at_the_steady_state(run) -> None:
    """After 20 more years of the same weather soil carbon is within 1 % of where the spin-up left it, in each tile."""
    before = drift_stocks(run.tables)["soil carbon"].copy()
    for _ in range(4):
        run.run(["annual"], ["catchment_amendment"])
    after = drift_stocks(run.tables)["soil carbon"]
    assert (before > 50.0).all()
    assert np.abs(after / before - 1.0).max() < 0.01


def test_what_is_spread_is_in_the_books(run) -> None:
    """Steps close to 1e-13 with each model; the catchment's amendment is the rate, and 0 where nothing is spread."""
    out = run.run(["annual"], ["catchment_amendment", "catchment_imbalance_carbon", "soil_manure"])["annual"]
    assert float(out["catchment_imbalance_carbon"].max()) <= 1e-13
    assert max(run.closure().values()) <= 1e-12
    yearly = out["catchment_amendment"].mean("time").to_numpy()
    assert yearly[[0, 2]].tolist() == [0.0, 0.0]
    assert yearly[[1, 3]] == pytest.approx(sum(MANAGED.values()), rel=2e-3)
    assert (out["soil_manure"].isel(realization=1) > 0.0).all()


def test_soil_dissolves_what_the_spring_exports(run) -> None:
    """Dissolved carbon reaches the spring: more with manure than without, and some mg/L (Chenqi spring 0.87-6.89)."""
    names = ["aquifer_spring", "aquifer_spring_doc_labile", "aquifer_spring_doc_refractory"]
    out = run.run(["annual"], names)["annual"][names].sum("time")
    content = (out[names[1]] + out[names[2]]) / out[names[0]] * 12011.0
    assert (content[1] > content[0]) and (content[3] > content[2])
    assert ((content > 0.87) & (content < 6.89)).all()


def test_prescribed_moisture_moves_carbon_and_no_water(climate_forcing, whole_site) -> None:
    """A soil told to be dry respires less and holds more carbon; its water is that of the other to the last bit."""
    forcing = climate_forcing("monsoon", years=2)
    forcing = forcing.assign(swc=0.10 + 0.0 * forcing.tas)
    members = [{}, {"soil.moisture_model": 1}]
    site = whole_site(("cropland", "secondary_forest"), 0)
    world = Simulation(site, forcing, members, isotopes=True)
    world.spin_up(2)
    water = ["soil_percolation", "soil_evapotranspiration", "soil_final_volume", "aquifer_spring"]
    seen = ["soil_rate_modifier", "soil_organic_carbon", "catchment_imbalance_*"]
    out = world.run(["daily"], [*water, *seen])["daily"]
    free, dry = out.isel(realization=0), out.isel(realization=1)
    for name in water:
        np.testing.assert_array_equal(free[name].values, dry[name].values, err_msg=name)
    assert (dry.soil_rate_modifier.mean("time") < 0.5 * free.soil_rate_modifier.mean("time")).all()
    assert (dry.soil_organic_carbon > 1.5 * free.soil_organic_carbon).all()
    assert all(float(out[n].max()) <= 1e-13 for n in out if str(n).startswith("catchment_imbalance_"))

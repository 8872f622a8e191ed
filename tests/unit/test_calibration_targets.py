"""Which observation is held against which value of the model: days, units, limits, periods; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from karstsim.calibration.config import load_calibration, to_toml
from karstsim.calibration.problem import Problem, open_problem
from karstsim.calibration.results import about_residuals, metrics
from karstsim.calibration.targets import Match, patterns_of
from karstsim.core.errors import InputError

Write = Callable[..., Path]


@pytest.fixture
def problem(calibration_file: Write) -> Problem:
    return open_problem(load_calibration(calibration_file(calibration='split = "2015-04-01"')))


def test_observations_meet_the_day_they_lie_in(problem: Problem) -> None:
    """Every third day from 1 January; 20 days of warm-up leave days 21, 24, ... of the forcing, in m3 s-1."""
    target = problem.targets[0]
    assert target.periods.tolist() == list(range(21, 151, 3))
    assert_allclose(target.raw[0], 0.3 + 0.2 * np.sin(7 / 5.0), atol=1e-5)
    assert target.fitted.sum() == 23  # 22 January to 29 March
    assert any("within the warm-up" in note for note in target.notes)


def test_discharge_is_the_depth_times_the_area(problem: Problem) -> None:
    """1 mm d-1 from 1 km2 is 1000 m3 a day; the model gives the same depth for any area."""
    middle = np.full((2, 3), 0.5)
    middle[1, 0] = 1.0
    values = problem.values(middle)
    simulated, reasons = problem.simulate(values, 1)
    assert not reasons
    assert_allclose(values[:, 0], [20.0, 40.0])  # the middle of a logarithmic range is its geometric mean
    assert_allclose(simulated[0][1], 2.0 * simulated[0][0])
    assert_allclose(problem.targets[0].scale, 1000.0 / 86400.0)


def test_the_search_does_not_see_what_is_held_out(problem: Problem) -> None:
    target = problem.targets[0]
    model = target.raw[None].repeat(2, axis=0)
    model[1, ~target.fitted] += 1.0
    assert_allclose(problem.scores(np.zeros((2, 3)), [model])[:, 0], [1.0, 1.0])
    assert problem.scores(np.zeros((2, 3)), [model], held_out=True)[1, 0] < 0.9


def test_a_split_that_holds_out_nothing_is_refused(calibration_file: Write) -> None:
    """As of a template whose years are not those of the spring."""
    with pytest.raises(InputError, match="holds out nothing: the last observation is of 2015-05-31"):
        open_problem(load_calibration(calibration_file(calibration='split = "2017-07-01"')))


def test_a_range_as_factor_multiplies_the_default(problem: Problem) -> None:
    member = problem.members(problem.values(np.array([[0.5, 0.5, 1.0]])))[0]
    assert member["vegetation.crop_coefficient"] == {"factor": pytest.approx(1.2)}
    assert "area_km2" not in member


def test_points_beyond_the_bounds_fail_alone_with_a_reason(calibration_file: Write) -> None:
    path = calibration_file()
    path.write_text(path.read_text().replace("factor = [0.8, 1.2]", "factor = [0.8, 2.0]"))
    problem = open_problem(load_calibration(path))
    simulated, reasons = problem.simulate(problem.values(np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 1.0]])), 1)
    assert list(reasons) == [1] and "crop_coefficient" in reasons[1]
    assert np.isfinite(simulated[0][0]).all() and np.isnan(simulated[0][1]).all()


def test_an_hourly_reading_meets_its_day_or_its_step() -> None:
    hours = np.arange("2015-01-01", "2015-01-03", dtype="datetime64[h]").astype("datetime64[ns]")
    seen = np.array(["2015-01-01T00:30", "2015-01-02T23:59", "2015-01-03T00:00"], dtype="datetime64[ns]")
    assert Match.of(hours, "daily").periods(seen).tolist() == [0, 1, -1]
    assert Match.of(hours, "step").periods(seen).tolist() == [0, 47, -1]


def test_a_leap_day_has_no_partner_in_a_calendar_without_it() -> None:
    import cftime

    days = cftime.num2date(np.arange(365), "days since 2016-01-01", calendar="noleap")
    seen = np.array(["2016-02-28", "2016-02-29", "2016-03-01"], dtype="datetime64[ns]")
    assert Match.of(np.asarray(days), "daily").periods(seen).tolist() == [58, -1, 59]


TABLE = "date,Q (L/s),SO4 (mg/L),SI\n" + "\n".join(
    f"2015-{m:02d}-{d:02d},{100 + d},{'<10' if d == 5 else 20 + d},{0.01 * d}"
    for m in (3, 4)
    for d in (5, 15, 25)
)


def test_limits_are_limits_and_not_values(calibration_file: Write) -> None:
    """Below 10 mg/L of sulfate is below 10/96.06 mol m-3."""
    target = 'objective = "rmse"\n[[observations.targets]]\nquantity = "so4"\nobjective = "rmse"'
    problem = open_problem(load_calibration(calibration_file(table=TABLE, target=target)))
    so4 = problem.targets[1]
    assert so4.observed.censored.tolist() == [True, False, False] * 2
    assert_allclose(so4.raw[0], 10.0 / 96.06)
    assert problem.chemistry and not problem.isotopes
    below = np.where(so4.observed.censored, 0.5, 1.0) * so4.raw
    assert_allclose(so4.score(below[None], {}, np.arange(6)), [0.0], atol=1e-12)


def test_a_column_of_ones_own(calibration_file: Write) -> None:
    own = """objective = "rmse"
[[observations.targets]]
column = "SI"
name = "si"
variable = "aquifer_spring_si_calcite"
factor = 2.0
offset = 1.0
objective = "nse"
"""
    problem = open_problem(load_calibration(calibration_file(table=TABLE, target=own)))
    assert_allclose(problem.targets[1].raw[:3], [1.1, 1.3, 1.5])


def test_several_targets_may_ask_the_same_column(calibration_file: Write) -> None:
    """Two judgements of one quantity, each under its own name and with its own factor."""
    own = """objective = "rmse"
[[observations.targets]]
column = "SI"
name = "si"
variable = "aquifer_spring_si_calcite"
objective = "nse"
[[observations.targets]]
column = "SI"
name = "si of half"
variable = "aquifer_spring_si_calcite"
factor = 0.5
objective = "rmse"
"""
    problem = open_problem(load_calibration(calibration_file(table=TABLE, target=own)))
    assert [t.label for t in problem.targets] == ["discharge", "si", "si of half"]
    assert_allclose(problem.targets[2].raw, 0.5 * problem.targets[1].raw)


def test_readings_of_a_day_are_averaged_only_when_told(calibration_file: Write) -> None:
    rows = "\n".join(f"2015-03-{d:02d} {h:02d}:00,{100 + h}" for d in range(1, 9) for h in (0, 12))
    table = f"date,Q (L/s)\n{rows}\n"
    plain = open_problem(load_calibration(calibration_file(table=table))).targets[0]
    assert len(plain.raw) == 16 and any("share their period" in n for n in plain.notes)
    path = calibration_file(table=table, target='objective = "gaussian"\naverage = "day"\nsigma = [0.1, 1.0]')
    mean = open_problem(load_calibration(path)).targets[0]
    assert_allclose(mean.raw, np.full(8, 0.106))


def test_derived_concentrations_need_water_and_ion() -> None:
    assert patterns_of("aquifer_spring_ca_concentration") == ["aquifer_spring", "aquifer_spring_ca"]
    assert "aquifer_spring_so4" in patterns_of("aquifer_spring_alkalinity")


def test_the_resolved_file_reads_back_to_the_same(calibration_file: Write) -> None:
    path = calibration_file(target='objective = "ar1"\nsigma = [0.1, 1.0]\nrho = 0.5')
    config = load_calibration(path)
    again = path.with_name("again.toml")
    again.write_text(to_toml(config))
    assert load_calibration(again).model_dump() == config.model_dump()


@pytest.mark.parametrize(
    "change, said",
    [
        (('"discharge"', '"discharge"\n[[observations.targets]]\nquantity = "cl"'), "no cl"),
        (('"discharge"', '"dischrage"'), "targets[0].quantity: 'dischrage' is no quantity"),
        (('"discharge"', '"spring flow"'), "'spring flow' is no quantity"),
        (('"discharge"', '"temperature"'), "seen in the discharge alone"),
        (('"discharge"', '"discharge"\nobjective = "gaussian"'), "needs sigma"),
        (('"discharge"', '"discharge"\nsigma = 1.0'), "means nothing for kge"),
        (('"discharge"', '"discharge"\nobjective = "gaussian"\nsigma = [0.5, 0.5]'), "is no range"),
        (('"discharge"', '"discharge"\nobjective = "limits"'), "no width"),
        (('"discharge"', '"discharge"\nvariable = "aquifer_spring_temperature"'), "is in m3 s-1"),
        (('"discharge"', '"discharge"\nvariable = "aquifer_sprung"'), "no output variable"),
        (('"discharge"', '"discharge"\nrow = "lake"'), "has no rows"),
        (('"discharge"', '"discharge"\nstart = "2020"'), "0 values to compare"),
        (('method = "de"', 'method = "emcee"'), "samples a likelihood"),
        (('method = "de"', 'method = "nsga2"'), "there is one"),
        (('method = "de"', 'method = "de"\nfolds = 1'), "one fold"),
        (('method = "de"', 'method = "de"\nsplit = "1990"'), "before 1990"),
        (("conduit_residence_time", "conduit_residence"), "is not a parameter"),
        (("[0.5, 20.0]", "[0.5, 1e9]"), "goes beyond"),
        (("[10.0, 40.0]", "[-1.0, 40.0]"), "no range"),
        (('"spring.csv"', '"nowhere.csv"'), "there is no file"),
        (('"discharge"', '"discharge"\n[[observations.targets]]\nquantity = "discharge"'), "two targets"),
    ],
)
def test_what_cannot_be_is_named(calibration_file: Write, change: tuple[str, str], said: str) -> None:
    path = calibration_file()
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(InputError) as error:
        open_problem(load_calibration(path))
    assert said in str(error.value)
    assert error.value.mend


@pytest.mark.parametrize(("value", "transform"), [(0.3, "sqrt"), (0.3, "none"), (0.1, "log")])
def test_one_value_at_all_times_has_no_spread(calibration_file: Write, value: float, transform: str) -> None:
    """Also where the standard deviation of equal numbers is a rounding above zero, as that of roots of 0.3."""
    table = "date,Q (m3/s)\n" + "".join(
        f"2015-0{m}-{d:02d},{value}\n" for m in (2, 3, 4) for d in range(1, 29)
    )
    path = calibration_file(table=table, target=f'transform = "{transform}"')
    with pytest.raises(InputError, match="has one value at all times"):
        open_problem(load_calibration(path))


@pytest.mark.parametrize(
    ("transform", "units"),
    [("none", "m3 s-1"), ("log", "1"), ("sqrt", "(m3 s-1)^0.5"), ("boxcox", "(m3 s-1)^0.25")],
)
def test_residuals_have_the_unit_of_what_is_subtracted(
    calibration_file: Write, transform: str, units: str
) -> None:
    """Innovations are divided by their standard deviation, so they have none."""
    target = open_problem(load_calibration(calibration_file(target=f'transform = "{transform}"'))).targets[0]
    assert about_residuals(target, innovations=False)["units"] == units
    assert about_residuals(target, innovations=True)["units"] == "1"


def test_what_the_reader_left_out_is_told(calibration_file: Write) -> None:
    """A discharge below zero, a code for a gap and a word are no observations, and no silence either."""
    rows = "".join(f"2015-03-{d:02d},{100 + d}\n" for d in range(1, 29))
    table = "date,Q (L/s)\n" + rows.replace(",105", ",-5").replace(",110", ",-9999").replace(",115", ",inf")
    problem = open_problem(load_calibration(calibration_file(table=table)))
    assert len(problem.targets[0].raw) == 25
    told = "\n".join(problem.repairs)
    assert "spring.csv: discharge outside" in told and "line 6" in told
    assert "-9999" in told and "not a number" in told


def test_a_parameter_that_is_none_names_what_is_near(calibration_file: Write) -> None:
    path = calibration_file()
    text = path.read_text()
    path.write_text(text.replace("area_km2 = {", "area = {"))
    with pytest.raises(InputError, match="is not a parameter") as error:
        load_calibration(path)
    assert "area_km2" in error.value.mend or "area_km2" in str(error.value)
    path.write_text(text.replace("area_km2 = {", "qqqq = {"))
    with pytest.raises(InputError) as far:
        load_calibration(path)
    assert "karstsim parameters" in str(far.value) and len(str(far.value)) < 400


def test_a_held_out_part_of_one_value_has_the_scores_that_need_no_spread(calibration_file: Write) -> None:
    rows = "".join(f"2015-03-{d:02d},{100 + min(d, 20)}\n" for d in range(1, 29))
    path = calibration_file(table="date,Q (L/s)\n" + rows, calibration='split = "2015-03-20"')
    target = open_problem(load_calibration(path)).targets[0]
    found = metrics(target, target.raw + 0.012, np.flatnonzero(~target.fitted))
    assert_allclose([found["pbias"], found["rmse"]], [10.0, 0.012])
    assert np.isnan([found["kge"], found["nse"]]).all()


@pytest.mark.parametrize("objective", ["kge", "nse", "log_nse"])
def test_limits_alone_have_no_correlation(calibration_file: Write, objective: str) -> None:
    """A model below all limits would have the best score; a likelihood knows how little that says."""
    table = (
        "date,Q (L/s)\n" + "\n".join(f"2015-03-{d:02d},<{100 + d}" for d in range(1, 9)) + "\n2015-03-09,50\n"
    )
    path = calibration_file(table=table, target=f'objective = "{objective}"')
    with pytest.raises(InputError, match="of 1 values beside limits"):
        open_problem(load_calibration(path))
    likely = calibration_file(table=table, target='objective = "gaussian"\nsigma = 0.1')
    assert open_problem(load_calibration(likely)).targets[0].observed.censored.sum() == 8


BROOK = """[[site.boxes]]
name = "brook"
kind = "stream"
water_class = "headwater"
length_km = 3.0
slope = 0.01

[forcing]
"""


def test_the_area_is_not_searched_beside_what_a_stream_of_fixed_size_gives(calibration_file: Write) -> None:
    """The area scales the discharge after the run; the water that the stream got would be that of another area."""
    table = "date,Q (L/s),T (degC)\n" + "\n".join(f"2015-03-{d:02d},{100 + d},{10 + d}" for d in range(1, 9))
    stream = '[[observations.targets]]\nquantity = "temperature"\nvariable = "surface_water_temperature"'
    path = calibration_file(table=table, target=f'objective = "rmse"\n{stream}\nobjective = "rmse"')
    path.write_text(path.read_text().replace("[forcing]\n", BROOK))
    with pytest.raises(InputError, match=r"ranges\.area_km2: surface_water_temperature depends on"):
        open_problem(load_calibration(path))


def test_a_score_that_divides_by_a_mean_of_both_signs_is_refused(calibration_file: Write) -> None:
    table = TABLE.replace("0.05\n", "-0.05\n")
    own = 'column = "SI"\nname = "si"\nvariable = "aquifer_spring_si_calcite"'
    own = f'objective = "rmse"\n[[observations.targets]]\n{own}'
    with pytest.raises(InputError, match="both signs"):
        open_problem(load_calibration(calibration_file(table=table, target=own)))


EVERYTHING = """date,Q (L/s),Ca (mg/L),alkalinity (meq/L),HCO3 (mg/L),pH,pCO2 (atm),EC (uS/cm),T (degC),d13c_dic (permil),DIC (mmol/L),soil CO2 (ppm),soil_respiration (umol/m2/s)
2015-04-01,100,60,3,180,7.5,0.005,350,15,-12,3,9000,2
2015-04-11,110,61,3,181,7.6,0.005,351,15,-12,3,9000,2
2015-04-21,120,62,3,182,7.7,0.005,352,15,-12,3,9000,2
"""  # noqa: E501
CHEMISTRY = (
    "ca",
    "alkalinity",
    "hco3",
    "ph",
    "pco2",
    "conductivity",
    "temperature",
    "d13c_dic",
    "dic",
    "soil_respiration",
)


@pytest.fixture
def everything(calibration_file: Write) -> dict[str, np.ndarray]:
    """What the model gives for each quantity of a spring, (3 values); and the CO2 of the soil's air under its tile."""
    target = 'objective = "rmse"\n' + "".join(
        f'[[observations.targets]]\nquantity = "{name}"\nobjective = "rmse"\nabsolute = 1.0\n'
        for name in CHEMISTRY
    )
    target += '[[observations.targets]]\nquantity = "air_co2"\nvariable = "soil_base_pco2"\nrow = "grass"\n'
    target += 'objective = "gaussian"\nsigma = 1000.0\n'
    target = target.replace(
        'objective = "rmse"\nabsolute = 1.0', 'objective = "gaussian"\nsigma = 1.0'
    ).replace('objective = "rmse"', 'objective = "gaussian"\nsigma = 1.0')
    problem = open_problem(load_calibration(calibration_file(table=EVERYTHING, target=target)))
    assert problem.isotopes
    simulated, reasons = problem.simulate(problem.values(np.full((1, 3), 0.5)), 1)
    assert not reasons
    assert np.isfinite(problem.scores(problem.values(np.full((1, 3), 0.5)), simulated)).all()
    return {t.label: s[0] for t, s in zip(problem.targets, simulated, strict=True)}


def test_all_quantities_of_a_spring_come_in_the_unit_of_their_column(
    everything: dict[str, np.ndarray],
) -> None:
    """Dilute limestone water: alkalinity is bicarbonate within a few per cent, and most of the DIC.

    The CO2 of soil air lies above that of the open air and below 10 %, in ppm; the spring's pCO2, in atm, far below 1
    (the first months after a start with dilute water).
    """
    assert_allclose(everything["alkalinity"], everything["hco3"], rtol=0.1)
    assert (everything["dic"] > everything["hco3"]).all()
    assert ((everything["air_co2"] > 300.0) & (everything["air_co2"] < 1e5)).all()
    assert ((everything["pco2"] > 1e-5) & (everything["pco2"] < 0.1)).all()
    assert ((everything["ph"] > 6.0) & (everything["ph"] < 9.0)).all()
    assert ((everything["d13c_dic"] > -30.0) & (everything["d13c_dic"] < 5.0)).all()
    assert (everything["soil_respiration"] >= 0.0).all()

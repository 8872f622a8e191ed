"""Pages of calibrations, comparisons and sensitivity studies, from small folders written here."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.report.build import contents_of, report
from karstsim.report.html import _named
from karstsim.report.run_folder import spin_up_said
from karstsim.report.sensitivity_folder import _with_width
from karstsim.report.tables import number

RESIDUALS = "pass     r2: 0.9 (at least 0.5)\nFAIL     runs test, p: 0 (at least 0.05)"
CALIBRATION = """
[site]
name = "my spring"
[forcing]
files = ["tas.nc", "pr.nc"]
[calibration]
seed = 3
[[observations]]
file = "spring.csv"
"""


@pytest.fixture
def calibration(tmp_path):
    ds = xr.Dataset(
        {
            "best": ("parameter", [0.4]),
            "lower": ("parameter", [0.1]),
            "upper": ("parameter", [1.5]),
            "factor": ("parameter", [False]),
            "log_scale": ("parameter", [False]),
            "units": ("parameter", ["m"]),
            "skill": (("target", "part", "metric"), [[[0.91], [0.84]]]),
            "residual_checks": ("target", [RESIDUALS]),
            "evaluated_loss": ("evaluation", [0.2, 0.1]),
        },
        coords={
            "parameter": ["soil.depth"],
            "target": ["discharge"],
            "part": ["fitted", "held out"],
            "metric": ["kge"],
        },
        attrs={
            "title": "karstsim calibration of my spring", "method": "de", "converged": "no", "evaluations": 2,
            "uncertainties": "refused: one point", "convergence_checks": "not made spread: 0.1 (at most 0.01)",
            "observations": "discharge: 5 observed values", "failed_evaluations": "", "karstsim": "0.1.0",
            "forcing_repairs": "ps: absent", "context": "abc",
        },
    )  # fmt: skip
    ds.to_netcdf(tmp_path / "posterior.nc")
    (tmp_path / "config.toml").write_text(CALIBRATION)
    return tmp_path


def test_page_of_a_calibration_tells_parameters_scores_and_checks(calibration):
    page = contents_of(calibration)
    tables = {t.title: t for s in page.sections for t in s.tables}
    assert tables["Parameters of the best run"].rows[0][:3] == ["soil.depth", "0.400", "m"]
    assert [row[1:] for row in tables["Scores of the best run"].rows] == [
        ["fitted", "0.910"],
        ["held out", "0.840"],
    ]
    found = {c.name: c.passed for c in page.notes.checks}
    assert found == {"spread": None, "discharge: r2": True, "discharge: runs test, p": False}
    assert page.notes.repairs == ["ps: absent"]
    assert "not converged" in page.notes.warnings[0]
    assert "refused: one point" in report(calibration).read_text(encoding="utf-8")


def test_of_many_failed_checks_the_first_are_named_above_the_page():
    """Chains that have not met fail three checks a parameter; the list below the page's head has them all."""
    many = [f"check {i}" for i in range(30)]
    assert _named(many) == [*many[:6], "24 more"]
    assert _named(many[:7]) == many[:7]


def test_a_run_without_spin_up_has_a_page_too():
    """Its record has no number for the drift (`spinup_years = 0`)."""
    settled, said = spin_up_said({"years": 0, "drift_per_decade": [None], "stock": ["not run"]})
    assert settled is None and "no spin-up was run" in said


def test_observations_are_for_runs_alone(calibration):
    with pytest.raises(InputError, match="observations"):
        contents_of(calibration, xr.Dataset())


def test_page_of_a_comparison_tells_every_group(tmp_path):
    row = {"key": "sink", "unit": "t C km-2 a-1", "baseline": 6.0, "intervention": 6.5, "difference": 0.5}
    rows = [
        {**row, "label": label, "group": group, "low": 0.5, "high": 0.5}
        for label, group in (("karst sink", "sink"), ("revenue", "economics"))
    ]
    found = {
        "years": [2018, 2020], "members": 1, "area_km2": 20.0, "interventions": ["manure from 2018"], "rows": rows,
        "permanence_t_c_km2_a": {"centuries": [1.0, None]}, "economics": {"price": 15.3}, "notes": ["a note"],
    }  # fmt: skip
    (tmp_path / "compare.json").write_text(json.dumps(found))
    page = contents_of(tmp_path)
    tables = {t.title: t.rows for s in page.sections for t in s.tables}
    assert tables["Sink"] == [["karst sink", "6.00", "6.50", "0.500", "t C km⁻² a⁻¹"]]
    assert tables["Economics (whole catchment)"] == [["revenue", "0.500", "t C km⁻² a⁻¹"]]
    assert tables["Carbon by permanence, t C km⁻² a⁻¹"] == [["centuries", "1.00", "–"]]
    assert "Stability" not in tables
    assert page.notes.warnings == ["a note"]
    assert "Repairs of the inputs" not in report(tmp_path).read_text(encoding="utf-8")
    assert [(c.name, c.passed) for c in page.notes.checks] == [
        ("without and with: its checks", None)
    ]  # neither run is there  # fmt: skip
    assert tables["Terms"] == [["price", 15.3, "CNY t⁻¹", "of a tonne of CO₂; China's ETS 50 to 100"]]
    for name, residual in (("baseline", 1e-15), ("intervention", 1e-3)):
        (tmp_path / name).mkdir()
        sink = xr.Dataset(
            {"catchment_sink_hydrochemical": ("time", [0.5])}, {"time": [np.datetime64("2018", "ns")]}
        )
        sink.to_netcdf(tmp_path / name / "annual.nc")
        record = {"source": name, "closure": {"carbon": residual}, "repairs": ["ps: absent"], "seed": 3}
        (tmp_path / name / "run.json").write_text(json.dumps(record))
    page = contents_of(tmp_path)
    books = {c.name: c.passed for c in page.notes.checks if c.name.endswith("Books closed")}
    assert books == {"without: Books closed": True, "with: Books closed": False}
    finite = [c.name for c in page.notes.checks if c.name.endswith("Values finite")]
    assert finite == ["without and with: Values finite"]  # both passed
    assert page.notes.repairs == ["ps: absent"]
    assert page.provenance["source"] == "intervention" and page.provenance["seed"] == 3
    (tmp_path / "elsewhere").mkdir()
    apart = {**found, "runs": {"baseline": "../baseline", "intervention": "../intervention"}}
    (tmp_path / "elsewhere" / "compare.json").write_text(json.dumps(apart))
    assert contents_of(tmp_path / "elsewhere").notes == page.notes


def test_indices_with_small_units_keep_their_digits(tmp_path):
    """Morris' effects of 0.0157 and 0.0031 atm are no zeros; 207.1 mm needs no decimals."""
    ds = xr.Dataset({"mu": ("factor", [-0.0157, 0.0031]), "mu_conf": ("factor", [0.0061, 0.0012])})
    assert [_with_width(ds, "mu", k, 0) for k in (0, 1)] == ["−0.016 ± 0.006", "0.003 ± 0.001"]
    assert _with_width(ds * 1e4, "mu", 0, 0) == "−157 ± 61"
    one = ds.where(xr.DataArray([True, False], dims="factor"))
    assert _with_width(one, "mu", 1, 0) == "–"  # of a group, which has none


def test_page_of_a_sensitivity_study_says_whether_its_intervals_are_narrow(tmp_path):
    dims = ("output", "factor")
    ds = xr.Dataset(
        {"S1": (dims, [[0.2, 0.7]]), "S1_conf": (dims, [[0.02, 0.05]]), "ST": (dims, [[0.03, 1.2]]),
         "ST_conf": (dims, [[0.02, 0.5]])},
        coords={"output": ["sink"], "factor": ["soil.depth", "forcing.pr"], "diagnostic": ("output", ["sink"]),
                "units": ("output", ["mm"]), "year": ("output", [-1]), "month": ("output", [-1])},
        attrs={"method": "sobol", "members": 24, "seed": 0, "dropped": 0, "dropped_because": "", "title": "Sensitivity",
               "outputs_without_variation": ""},
    )  # fmt: skip
    ds.to_netcdf(tmp_path / "indices.nc")
    drawn = ["indices", "second_order", "convergence", "over_time"]
    (tmp_path / "figures").mkdir()
    for name in drawn:
        (tmp_path / "figures" / f"{name}.png").write_bytes(b"")
    page = contents_of(tmp_path)
    assert [file.stem for section in page.sections for file, _ in section.figures] == drawn
    table = page.sections[0].tables[0]
    assert table.rows[0] == ["forcing.pr", "0.70 ± 0.05", "1.20 ± 0.50"]
    assert table.rows[1][2] == "0.03 ± 0.02" and table.title == "sink"  # shares of a variance have no unit
    assert {c.name: c.passed for c in page.notes.checks} == {
        "All members computed": True,
        "Intervals narrow": False,
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [(-1.47e-7, "−1.5 × 10⁻⁷"), (2.0e-10, "2.0 × 10⁻¹⁰"), (0.0, "0.00"), (2.0e-4, "0.000200"), (np.nan, "–")],
)
def test_small_numbers_are_written_with_a_power_of_ten(value, text):
    assert number(value) == text

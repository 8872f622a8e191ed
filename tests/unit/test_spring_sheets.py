"""A spring on two sheets of a workbook: discharge by the day or step on one, samples and chemistry on another."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from karstsim.analysis import read_spring_table
from karstsim.cli.app import app
from karstsim.core.errors import InputError

openpyxl = pytest.importorskip("openpyxl")
FLOW = [["day", "gauge"], *([dt.datetime(2001, 1, d), 10.0 * d] for d in range(1, 21))]
WATERS = [
    ["sampled", "Ca", "T (°C)", "pH", "alkalinity (meq/L)"],
    [dt.datetime(2001, 1, 3, 10, 30), 80.16, 9.0, 7.3, 4.1],
    [dt.datetime(2001, 1, 9, 15, 0), 40.08, 9.5, 7.4, 4.0],
]


def _book(folder: Path, flow: list[list[object]] = FLOW, waters: list[list[object]] = WATERS) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "flow"
    for row in flow:
        book.active.append(row)
    sheet = book.create_sheet("lab")
    for row in waters:
        sheet.append(row)
    path = folder / "spring.xlsx"
    book.save(path)
    return path


TOLD = {"columns": {"discharge": "gauge"}, "units": {"gauge": "L/s", "Ca": "mg/L"}}


def test_samples_stand_at_the_day_of_the_discharge(tmp_path: Path) -> None:
    """80.16 mg/L of calcium are 2 mmol/L. Options go to the sheet that has the header; lines name the sheet."""
    ds = read_spring_table(_book(tmp_path), sheet=["flow", "lab"], **TOLD)
    assert ds.sizes["time"] == 20
    np.testing.assert_allclose(ds.discharge, 0.01 * np.arange(1, 21))
    there = ds.ca.dropna("time")
    np.testing.assert_allclose(there, [2.0, 1.0], rtol=1e-3)
    assert [str(t)[:10] for t in there.time.values] == ["2001-01-03", "2001-01-09"]
    assert ds.ca.attrs["units"] == "mol m-3"
    assert "sheet 'lab': 2 time(s) put at the day" in ds.attrs["repairs"]
    assert "flow: discharge  <-  'gauge (L/s)'" in ds.attrs["columns"]


def test_samples_stand_at_the_step_of_a_gauge_by_the_hour(tmp_path: Path) -> None:
    hours = [["time", "Q (L/s)"], *([dt.datetime(2001, 1, 3) + dt.timedelta(hours=h), h] for h in range(24))]
    ds = read_spring_table(_book(tmp_path, hours, WATERS[:2]), sheet=["lab", "flow"], units={"Ca": "mg/L"})
    assert str(ds.ca.dropna("time").time.values[0])[:16] == "2001-01-03T10:00"
    assert ds.sizes["time"] == 24


def test_two_samples_of_a_day_are_refused_or_averaged(tmp_path: Path) -> None:
    second = [dt.datetime(2001, 1, 3, 18), 40.08, 9.0, 7.3, 4.1]
    path = _book(tmp_path, waters=[*WATERS[:2], second])
    with pytest.raises(InputError, match=r"sheet 'lab'(.|\n)*lie in one step(.|\n)*--average"):
        read_spring_table(path, sheet=["flow", "lab"], **TOLD)
    ds = read_spring_table(path, sheet=["flow", "lab"], average=True, **TOLD)
    np.testing.assert_allclose(ds.ca.dropna("time"), [1.5], rtol=1e-3)
    assert ds.ca.attrs["units"] == "mol m-3"


@pytest.mark.parametrize(
    ("sheets", "told", "message"),
    [
        (["flow", "nix"], {}, r"no sheet 'nix'(.|\n)*flow, lab"),
        (["flow", "flow"], {}, "twice"),
        (["flow", "lab"], {"units": {"Mg": "mg/L"}}, r"no sheet has a column 'Mg'(.|\n)*lab: sampled, Ca"),
    ],
)
def test_what_cannot_be_joined_is_said(
    tmp_path: Path, sheets: list[str], told: dict[str, dict[str, str]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_spring_table(_book(tmp_path), sheet=sheets, **{**TOLD, **told})


def test_one_quantity_on_two_sheets_is_refused(tmp_path: Path) -> None:
    flow = [["date", "Q (L/s)", "T (°C)"], *([dt.datetime(2001, 1, d), d, 9.0] for d in range(1, 9))]
    with pytest.raises(InputError, match=r"'flow' and 'lab'(.|\n)*both give temperature"):
        read_spring_table(_book(tmp_path, flow), sheet=["flow", "lab"], units={"Ca": "mg/L"})


def test_the_command_line_joins_sheets(tmp_path: Path) -> None:
    """`estimate` needs both: alone each sheet lacks what the method takes."""
    flow = [["date", "Q (L/s)"], *([dt.datetime(2001, 1, d), 10.0 * d] for d in range(1, 21))]
    path = str(_book(tmp_path, flow))
    asked = ["estimate", path, "-m", "hydrochem", "--area", "20"]
    assert CliRunner().invoke(app, [*asked, "--sheet", "lab"]).exit_code == 2
    done = CliRunner().invoke(app, [*asked, "--sheet", "flow", "--sheet", "lab"])
    assert done.exit_code == 0, done.output


def test_a_wrong_sheet_of_waters_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["speciate", str(_book(tmp_path)), "--sheet", "Lab"])
    assert done.exit_code == 2
    assert "flow, lab" in done.output


def test_waters_on_a_later_sheet_are_asked_for(tmp_path: Path) -> None:
    """The first sheet holds the discharge: the message says which sheet was read and which others there are."""
    path = _book(tmp_path)
    done = CliRunner().invoke(app, ["speciate", str(path)])
    assert done.exit_code == 2
    assert "'flow' read, not 'lab'" in done.output and "--sheet" in done.output


def test_a_sheet_without_dates_is_named(tmp_path: Path) -> None:
    path = _book(tmp_path, waters=[row[1:] for row in WATERS])
    with pytest.raises(InputError, match=r"sheet 'lab'(.|\n)*no date"):
        read_spring_table(path, sheet=["flow", "lab"], **TOLD)

"""Two karst springs of the shared data, read and analysed; plausible beside the 78 systems of Cinkus et al. (2021)."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from experiments.karstmod_spring import gr4j
from karstsim import analysis as ka
from karstsim.cli.app import app

COLUMNS = {
    "alpha_mean": "alpha_mean",
    "i_max": "i_max",
    "i_min": "i_min",
    "k_max": "k_max",
    "cv": "cv",
    "q10_q90": "svc",
    "memory_effect": "memory_effect",
    "regulation_time": "regulation_time",
    "ir": "IR",
}


@pytest.fixture(scope="module")
def springs(shared_data: Path) -> Path:
    folder = shared_data / "karst_spring_karstmod_demo"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


def test_the_default_hydrograph_of_karstid_lies_among_its_systems(springs: Path) -> None:
    """Every index within the range of the table. Found when written: alpha 0.0136 d-1, k_max 0.68 yr, IR 0.35, memory
    56 d, regulation time 44 d, class C5.
    """
    spring = ka.read_spring_table(springs / "KarstID_default_dataset.txt", units={"discharge": "m3/s"})
    assert int(spring["discharge"].isnull().sum()) == 7
    found = ka.karst_indices(spring["discharge"]).as_dict()
    systems = pd.read_csv(springs / "KarstID_classif_bdd.txt", sep="\t")
    for name, column in COLUMNS.items():
        assert systems[column].min() <= found[name] <= systems[column].max(), name
    assert found["memory_effect"] == pytest.approx(56.0, abs=1.0)
    assert found["regulation_time"] == pytest.approx(44.1, abs=0.5)
    assert found["karst_class"] == "C5"


def test_the_spring_of_karstmod_answers_rain_in_two_days(springs: Path) -> None:
    """Sums as in the notes of the data: rain 1989 mm, evapotranspiration 702 mm, mean discharge 22.8 m3 s-1."""
    spring = ka.read_spring_table(springs / "KarstMod_dataset.txt", units={"QobsS": "m3/s"})
    assert float(spring["precipitation"].sum()) == pytest.approx(1989.0, abs=1.0)
    assert float(spring["evapotranspiration"].sum()) == pytest.approx(702.0, abs=1.0)
    assert float(spring["discharge"].mean()) == pytest.approx(22.8, abs=0.05)
    response = ka.cross_correlation(spring["precipitation"], spring["discharge"])
    assert float(response["response_lag"]) == 2.0
    assert float(response["response_r"]) == pytest.approx(0.33, abs=0.01)


def test_samples_of_one_site_with_their_chemistry(shared_data: Path) -> None:
    """Means as in the notes of the data: 0.19 m3 s-1, 30.3 mg/L Ca = 0.756 mol m-3."""
    path = shared_data / "hydrochem_blowing_springs" / "Knierim-BS-Water-Chem-Data.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    units = {"Discharge": "m3/s", "Ca": "mg/L", "DIC": "mg C/L"}
    spring = ka.read_spring_table(path, units=units, select={"Site": "BS01"}, sort=True, average=True)
    assert float(spring["discharge"].mean()) == pytest.approx(0.19, abs=0.01)
    assert float(spring["ca"].mean()) == pytest.approx(30.3 / 40.078, rel=0.02)


def test_the_command_prints_indices_and_draws(springs: Path, tmp_path: Path) -> None:
    table, out = springs / "KarstMod_dataset.txt", tmp_path / "figures"
    arguments = ["hydrograph", str(table), "--unit", "QobsS=m3/s", "-o", str(out), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["indices"]["memory_effect"] == pytest.approx(34.7, abs=0.1)
    assert answer["warnings"]
    assert {Path(file).stem for file in answer["files"]} == {
        "hydrograph", "recession", "master_recession", "flow_duration",
        "autocorrelation", "cross_correlation", "spectrum", "spring_indices",
    }  # fmt: skip
    shown = CliRunner().invoke(app, ["report", str(out)])
    assert shown.exit_code == 0, shown.output
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<figure") >= 7 and re.search(r"memory_(<wbr>)?effect<.*34\.7", page)
    assert all(html.escape(text) in page for text in answer["warnings"])
    assert "Repairs of the inputs" not in page
    assert CliRunner().invoke(app, ["hydrograph", str(table)]).exit_code == 2


@pytest.mark.slow
def test_gr4j_says_which_days_of_the_spring_are_held_out(shared_data: Path) -> None:
    """The claim prints KGE 0.86 and 0.59 for GR4J: the September before the fitted winter is no held-out day."""
    found = gr4j.scores()
    assert found["fitted"] == pytest.approx(0.86, abs=0.005)
    assert found["held out"] == pytest.approx(0.59, abs=0.005)
    assert found["held out and September"] < 0.57

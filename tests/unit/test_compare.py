"""`karstsim compare`: a file and two folders give one answer, pairs that do not belong together are named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import karstsim as ks
from karstsim.analysis.compare import compare_datasets, row_of
from karstsim.analysis.economics import Economics
from karstsim.cli.app import app
from karstsim.core.errors import InputError

RUN = """
[site]
name = "s"
latitude = 26.3
longitude = 105.7
elevation = 1200.0
area_km2 = 10.0
tiles = [{ land_use = "cropland", area_fraction = 1.0 }]
boxes = [{ name = "creek", kind = "stream", water_class = "headwater", length_km = 2.0 }]
[forcing]
synthetic = "ssp245"
start = "2015"
end = "2017"
[run]
output = ["annual"]
spinup_years = 1
[[intervention]]
kind = "irrigation"
start = 2016
depth = 400.0
cost = 1000.0
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Folder of both runs, and what the command printed."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "run.toml").write_text(RUN)
    out = folder / "out"
    result = CliRunner().invoke(
        app, ["compare", str(folder / "run.toml"), "-o", str(out), "--json", "--workers", "1"]
    )
    assert result.exit_code == 0, result.output
    return out, json.loads(result.stdout[result.stdout.index("{") :])


def test_a_file_is_run_with_and_without(compared) -> None:
    """The rows are those of the two annual outputs; irrigation of 400 mm on all land raises drainage, not by more."""
    out, found = compared
    rows = {row["key"]: row for row in found["rows"]}
    runs = [xr.open_dataset(out / name / "annual.nc").load() for name in ("baseline", "intervention")]
    plain, wet = (12.011 * r["catchment_sink_hydrochemical"].values for r in runs)
    assert plain[0] == wet[0]
    days = np.array([366.0, 365.0])
    expected = [(x[1:] * 365.2425 / days * days).sum() / days.sum() for x in (plain, wet)]
    assert rows["sink"]["baseline"] == pytest.approx(expected[0], rel=1e-6)
    assert rows["sink"]["difference"] == pytest.approx(expected[1] - expected[0], rel=1e-5)
    assert rows["sink_co2"]["difference"] == pytest.approx(rows["sink"]["difference"] * 44.01 / 12.011)
    assert rows["irrigation"]["difference"] == pytest.approx(400.0, rel=2e-2)
    assert 0.0 < rows["runoff"]["difference"] < 400.0
    assert found["years"] == [2016, 2017]
    assert rows["costs"]["difference"] == pytest.approx(500.0)
    assert {Path(f).name for f in found["files"]} == {
        "compare.json",
        "compare.csv",
        "compare.png",
        "compare.svg",
    }


def test_two_folders_give_the_same(compared) -> None:
    out, found = compared
    again = ks.compare(out / "baseline", out / "intervention", Economics())
    assert json.loads(json.dumps(again.as_json()["rows"])) == found["rows"]
    dearer = ks.compare(out / "baseline", out / "intervention", Economics(price=153.0))
    assert dearer.row("revenue").difference == pytest.approx(10.0 * again.row("revenue").difference)


def test_stability_follows_the_paths(compared) -> None:
    out, found = compared
    rows = {row["key"]: row for row in found["rows"]}
    both = xr.open_dataset(out / "intervention" / "annual.nc").load().isel(time=slice(1, None))
    consumed = float(both["catchment_weathering_uptake"].sum())
    given_back = float((both["catchment_evasion"] - both["catchment_invasion"]).sum())
    assert rows["S1"]["intervention"] == pytest.approx(1.0 - given_back / consumed)
    assert rows["S2"]["intervention"] < 1.0
    on_rock = float(both["catchment_sink_hydrochemical"].sum())
    assert rows["S1_rock"]["intervention"] == pytest.approx(1.0 - given_back / on_rock)
    equivalents = {"ca": 2.0, "mg": 2.0, "na": 1.0, "k": 1.0, "so4": -2.0, "no3": -1.0, "cl": -1.0}
    delivered = sum(n * float(both[f"catchment_export_{ion}"].sum()) for ion, n in equivalents.items())
    delivered -= float(both["catchment_imported_alkalinity"].sum())
    assert rows["S3"]["intervention"] == pytest.approx(0.7 * delivered / 2.0 / on_rock)
    land = both[["soil_grain_dissolution", "soil_calcite_precipitation"]] * both["tile_area_fraction"]
    dissolved = float(both["catchment_rock_dissolution"].sum() + land["soil_grain_dissolution"].sum())
    dissolved -= float(land["soil_calcite_precipitation"].sum())
    assert rows["transport"]["intervention"] == pytest.approx(delivered / 2.0 / dissolved)
    assert 0.0 < rows["aquatic"]["intervention"] < 1.0
    assert {"soil organic carbon", "biomass"} < found["permanence_t_c_km2_a"].keys()


def _rows_of(tables: str, folder: Path) -> dict[str, dict]:
    (folder / "run.toml").write_text(RUN[: RUN.index("[[intervention]]")] + tables)
    arguments = ["compare", str(folder / "run.toml"), "-o", str(folder / "out"), "--json", "--workers", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return {row["key"]: row for row in json.loads(result.stdout[result.stdout.index("{") :])["rows"]}


def test_powder_is_carbonate_that_dissolved(tmp_path) -> None:
    """Alkalinity of powder is exported and dissolved: the share of both keeps below 1 and near that without, and powder
    that lies undissolved is no organic carbon.
    """
    rows = _rows_of('[[intervention]]\nkind = "limestone_powder"\nstart = 2016\nrate = 200.0\n', tmp_path)
    transport = rows["transport"]
    assert transport["intervention"] < 1.0
    assert transport["intervention"] == pytest.approx(transport["baseline"], abs=0.05)
    assert rows["stock"]["difference"] == pytest.approx(0.0, abs=1e-6 * rows["stock"]["baseline"])


def test_the_table_for_spreadsheets(compared) -> None:
    """As many rows as the comparison, and amounts per km2 also for the catchment, from its area."""
    out, found = compared
    table = pd.read_csv(out / "compare.csv", encoding="utf-8-sig")
    assert table["difference"].to_numpy() == pytest.approx(
        [row["difference"] for row in found["rows"]], nan_ok=True
    )
    sink = table[table["unit"] == "t CO2 km-2 a-1"].iloc[0]
    assert sink["difference_of_the_catchment"] == pytest.approx(sink["difference"] * found["area_km2"])
    assert sink["unit_of_the_catchment"] == "t CO2 a-1"
    assert table.loc[table["unit"] == "mm a-1", "difference_of_the_catchment"].isna().all()


def test_acid_earns_nothing(tmp_path) -> None:
    """Acid dissolves rock without CO2: the hydrochemical sink rises, the water takes up less, and that is credited."""
    acid = '[[intervention]]\nkind = "acid_load"\nstart = 2016\nsulfur = 0.5\nnitrogen = 0.5\n'
    rows = _rows_of(acid, tmp_path)
    assert rows["sink"]["difference"] > 0.0 > rows["ledger"]["difference"]
    kept = rows["S2_sink"]["difference"] * 44.01 / 12.011 * 10.0 * 0.8
    assert rows["credits"]["difference"] == pytest.approx(kept, rel=1e-3)
    assert rows["npv"]["difference"] < 0.0


def test_a_river_with_tributaries_is_compared_without_shares(tmp_path) -> None:
    """What degasses has no address: S1 to S3 and what hangs on them are left out, the rest stands."""
    run = RUN.replace("length_km = 2.0", "length_km = 2.0, tributary_km2 = 5.0")
    (tmp_path / "run.toml").write_text(run)
    arguments = ["compare", str(tmp_path / "run.toml"), "-o", str(tmp_path / "out"), "--workers", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    runs = [line for line in result.stderr.splitlines() if line.endswith("interventions")]
    assert runs == ["without interventions", "with interventions"]
    found = json.loads((tmp_path / "out" / "compare.json").read_text())
    keys = {row["key"] for row in found["rows"]}
    assert {"sink", "runoff", "evasion", "costs"} <= keys
    assert not keys & {"S1", "S2", "S2_sink", "S3", "credits", "revenue", "npv"}
    assert any("tributaries" in note for note in found["notes"])


def test_runs_that_are_equal_are_said_to_be(compared) -> None:
    out, _ = compared
    same = xr.open_dataset(out / "baseline" / "annual.nc").load()
    nothing = ks.interventions.irrigation(start=2016, rule="deficit")
    assert any("are equal" in note for note in compare_datasets(same, same, [nothing], 10.0).notes)
    changed = xr.open_dataset(out / "intervention" / "annual.nc").load()
    assert not compare_datasets(same, changed, [nothing], 10.0).notes


def _changed(out: Path, folder: Path, name: str, old: str, new: str) -> Path:
    copy = folder / "changed"
    shutil.copytree(out / name, copy)
    text = (copy / "config.toml").read_text()
    assert old in text
    (copy / "config.toml").write_text(text.replace(old, new, 1))
    return copy


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("area_km2 = 10.0", "area_km2 = 12.0", "site.area_km2"),
        ('land_use = "cropland"', 'land_use = "shrub"', "site.tiles[0].land_use"),
        ('synthetic = "ssp245"', 'synthetic = "ssp585"', "forcing.synthetic"),
        ("spinup_years = 1", "spinup_years = 3", "run.spinup_years"),
        ("length_km = 2.0", "length_km = 4.0", "site.boxes[0].length_km"),
    ],
)
def test_a_pair_that_differs_is_named(compared, tmp_path, old, new, named) -> None:
    out, _ = compared
    other = _changed(out, tmp_path, "baseline", old, new)
    with pytest.raises(InputError) as caught:
        ks.compare(other, out / "intervention")
    assert named in str(caught.value)


def test_pairs_that_have_nothing_to_compare(compared, tmp_path) -> None:
    out, _ = compared
    with pytest.raises(InputError, match="has irrigation from 2016, which"):
        ks.compare(out / "intervention", out / "baseline")
    with pytest.raises(InputError, match="no intervention that the other"):
        ks.compare(out / "baseline", out / "baseline")
    with pytest.raises(InputError, match="holds no run"):
        ks.compare(tmp_path, out / "intervention")
    copy = tmp_path / "half"
    shutil.copytree(out / "baseline", copy)
    (copy / "annual.nc").unlink()
    with pytest.raises(InputError, match="has no annual output"):
        ks.compare(copy, out / "intervention")
    record = json.loads((out / "baseline" / "run.json").read_text())
    shutil.copytree(out / "baseline", tmp_path / "old")
    (tmp_path / "old" / "run.json").write_text(json.dumps({**record, "source": "another"}))
    with pytest.raises(InputError, match="version of the source"):
        ks.compare(tmp_path / "old", out / "intervention")


def test_the_command_names_its_errors(compared, tmp_path) -> None:
    out, _ = compared
    (tmp_path / "plain.toml").write_text(RUN[: RUN.index("[[intervention]]")])
    for arguments, named in (
        ([str(tmp_path / "plain.toml")], "intervention"),
        ([str(out / "baseline")], "second folder"),
        (
            [str(out / "baseline"), str(out / "intervention"), "--economics", str(tmp_path / "no.toml")],
            "no.toml",
        ),
    ):
        result = CliRunner().invoke(app, ["compare", *arguments])
        assert result.exit_code == 2
        assert named in result.output


ENSEMBLE = (
    RUN.replace('[forcing]\nsynthetic = "ssp245"', '[[climates]]\nname = "a"\nsynthetic = "ssp245"').replace(
        '[run]\noutput = ["annual"]\nspinup_years = 1', "[ensemble]\nspinup_years = 1"
    )
    + '[draws]\nnumber = 3\nranges = { "soil.structure_factor" = { factor = [0.8, 1.2] } }\n'
)
OWN_AREAS = "\n".join(line for line in ENSEMBLE.splitlines() if not line.startswith("boxes")).replace(
    '"soil.structure_factor" = { factor = [0.8, 1.2] }', "area_km2 = { value = [5.0, 20.0] }"
)


@pytest.mark.slow
def test_ensembles_are_compared_member_by_member(tmp_path) -> None:
    """Each member has the same draw in both; the spread is that of the members' own differences."""
    (tmp_path / "e.toml").write_text(ENSEMBLE)
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["compare", str(tmp_path / "e.toml"), "-o", str(out), "--json", "--workers", "1"]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout[result.stdout.index("{") :])
    rows = {row["key"]: row for row in found["rows"]}
    assert found["members"] == 3
    members = [
        ks.open_ensemble(out / name, "annual")["catchment_runoff"].load().values[:, 1:]
        for name in ("baseline", "intervention")
    ]
    own = (members[1] - members[0]).sum(axis=1) * 365.2425 / 731.0
    assert rows["runoff"]["low"] == pytest.approx(np.quantile(own, 0.05), rel=1e-4)
    assert rows["runoff"]["high"] == pytest.approx(np.quantile(own, 0.95), rel=1e-4)


@pytest.mark.slow
def test_draws_with_areas_of_their_own_earn_by_them(tmp_path) -> None:
    """Draws that differ in their area alone: credits and totals of the catchment go with it."""
    (tmp_path / "e.toml").write_text(OWN_AREAS)
    found = ks.compare(*_folders(tmp_path))
    areas = ks.open_ensemble(tmp_path / "out" / "intervention", "annual")["area_km2"].values
    assert len(set(areas)) == 3
    credited = np.array([m.credited.mean() for m in found.money])
    assert credited / areas == pytest.approx(np.full(3, credited[0] / areas[0]), rel=1e-6)
    assert any("own area" in note and "totals of the catchment" in note for note in found.notes)
    assert found.area_km2 == pytest.approx(np.median(areas))
    sink = found.row("sink")
    own = np.mean(found.series["intervention"] - found.series["baseline"], axis=1)
    assert own == pytest.approx(np.full(3, own[0]))  # the area changes nothing that is per km2
    assert sink.of_catchment == pytest.approx(sink.difference * np.median(areas))
    table = found.as_table().set_index("quantity")["difference_of_the_catchment"]
    assert table[sink.label].iloc[0] == pytest.approx(sink.of_catchment)


def test_a_total_of_the_catchment_is_the_median_of_the_members_own() -> None:
    """Not the median difference times the median area: a large catchment may be one that gains little."""
    before, after = np.zeros(3), np.array([3.0, 2.0, 1.0])
    row = row_of("sink", "sink", "t C km-2 a-1", "sink", before, after, np.array([1.0, 4.0, 5.0]))
    assert (row.difference, row.of_catchment) == (2.0, 5.0)
    assert row_of("ph", "pH", "1", "side", before, after, np.ones(3)).of_catchment is None


def _folders(tmp_path: Path) -> tuple[Path, Path]:
    """The two ensembles of a comparison that has been run."""
    arguments = ["compare", str(tmp_path / "e.toml"), "-o", str(tmp_path / "out"), "--workers", "1"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return tmp_path / "out" / "baseline", tmp_path / "out" / "intervention"

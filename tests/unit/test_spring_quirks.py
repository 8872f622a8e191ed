"""Quirks of spring tables: zones, dates, spreadsheets, RDB, detection limits, units, the report of their quality."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from karstsim.analysis import quality_report, read_spring_table
from karstsim.core.errors import InputError

RDB = """# U.S. Geological Survey
# retrieved: 2020-01-01
agency_cd\tsite_no\tdatetime\ttz_cd\t69928_00060\t69928_00060_cd\t69929_00010\t69929_00010_cd
5s\t15s\t20d\t6s\t14n\t10s\t14n\t10s
USGS\t07188838\t2019-11-03 00:30\tCDT\t100\tA\t12.5\tA
USGS\t07188838\t2019-11-03 01:30\tCDT\t100\tA\t12.5\tA
USGS\t07188838\t2019-11-03 01:30\tCST\t200\tA\t12.4\tA
USGS\t07188838\t2019-11-03 02:30\tCST\tIce\tA:e\t12.3\tA
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "spring.csv"
    path.write_text(text, encoding="utf-8")
    return path


def table(folder: Path, header: str, *rows: str) -> Path:
    return write(folder, "\n".join((header, *rows)) + "\n")


def test_rdb_with_the_end_of_summer_time(tmp_path: Path) -> None:
    """01:30 stands twice, an hour apart: CDT is an hour ahead of CST. 100 cfs are 2.8317 m3/s."""
    ds = read_spring_table(write(tmp_path, RDB))
    hours = ["2019-11-02T23:30", "2019-11-03T00:30", "2019-11-03T01:30", "2019-11-03T02:30"]
    assert list(ds.time.values) == [np.datetime64(h, "ns") for h in hours]
    np.testing.assert_allclose(ds.discharge, [2.8316847, 2.8316847, 5.6633693, np.nan], rtol=1e-7)
    np.testing.assert_allclose(ds.temperature, [12.5, 12.5, 12.4, 12.3])
    assert "time zones CDT, CST: all stamps brought to UTC-6 h" in ds.attrs["supposed"]
    assert "field widths" in ds.attrs["repairs"]


def test_offsets_in_the_stamps(tmp_path: Path) -> None:
    path = table(tmp_path, "time,Q (m3/s)", "2019-10-27T02:30:00+02:00,1", "2019-10-27T02:30:00+01:00,2")
    ds = read_spring_table(path)
    assert [str(t)[11:16] for t in ds.time.values] == ["01:30", "02:30"]
    path = table(tmp_path, "time,Q (m3/s)", "2019-10-27T02:30:00Z,1", "2019-10-27T03:30:00Z,2")
    assert "time zone Z dropped" in read_spring_table(path).attrs["supposed"]
    path = table(tmp_path, "time,Q (m3/s)", "2019-10-27 02:30,1", "2019-10-27 03:30 XYZT,2")
    with pytest.raises(InputError, match="line 2.*|time zone"):
        read_spring_table(path)


def test_a_clock_that_is_put_forward(tmp_path: Path) -> None:
    """31 March 2019: 02:00 does not exist in Ljubljana; the hours run on in standard time."""
    rows = ["2019-03-31 00:00,1", "2019-03-31 01:00,2", "2019-03-31 03:00,3", "2019-03-31 04:00,4"]
    ds = read_spring_table(table(tmp_path, "time,Q (m3/s)", *rows), timezone="Europe/Ljubljana")
    assert [str(t)[11:13] for t in ds.time.values] == ["00", "01", "02", "03"]
    assert "standard time" in ds.attrs["supposed"]
    with pytest.raises(InputError, match="does not exist or exists twice") as caught:
        read_spring_table(table(tmp_path, "time,Q (m3/s)", "2019-03-31 02:30,1", "2019-03-31 05:00,1"),
                          timezone="Europe/Ljubljana")  # fmt: skip
    assert "line 2" in caught.value.where
    with pytest.raises(InputError, match="is not known"):
        read_spring_table(table(tmp_path, "time,Q (m3/s)", *rows), timezone="../etc/passwd")


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (("31-Jan-2001", "01-Feb-2001"), "2001-01-31"),
        (("1 März 2001", "2 März 2001"), "2001-03-01"),
        (("3 août 2001", "4 août 2001"), "2001-08-03"),
        (("Jan 31, 2001", "Feb 1, 2001"), "2001-01-31"),
        (("8/23/12 17:10", "8/23/12 17:15"), "2012-08-23T17:10"),
        (("23.8.69", "24.8.69"), "1969-08-23"),
        (("2001-01-31 01:00:00 PM", "2001-01-31 02:00:00 PM"), "2001-01-31T13:00"),
        (("2001-01-31T06:00:00.000Z", "2001-01-31T07:00:00.000Z"), "2001-01-31T06:00"),
    ],
)
def test_more_dates(tmp_path: Path, dates: tuple[str, str], first: str) -> None:
    path = tmp_path / "spring.csv"
    path.write_text("date;Q (m3/s)\n" + "".join(f"{d};1\n" for d in dates), encoding="utf-8")
    assert read_spring_table(path).time.values[0] == np.datetime64(first)


@pytest.mark.parametrize(
    ("header", "cell", "name", "expected"),
    [
        ("alkalinity (mg/L as CaCO3)", "100.0869", "alkalinity", 2.0),
        ("DIC (mg/L as C)", "12.011", "dic", 1.0),
        ("pCO2 (ppm)", "1000", "pco2", 1e-3),
        ("pCO2 (V%)", "1", "pco2", 0.01),
        ("CO2 (V%)", "0,5", "air_co2", 5000.0),
        ("CO2 (ppm)", "800", "air_co2", 800.0),
        ("DO (mg/L)", "10", "oxygen", 10.0 / 31.998),
        ("Q [ft³/s]", "10", "discharge", 0.28316847),
        ("Q (L/s)", "250", "discharge", 0.25),
        ("d13C-DIC (‰)", "-12.5", "d13c_dic", -12.5),
        ("soil respiration (µmol m-2 s-1)", "2", "soil_respiration", 0.1728),
        ("Kalzium [mg/l]", "400,78", "ca", 10.0),
        ("Hydrogenkarbonat [mg/l]", "61,0168", "hco3", 1.0),
        ("Hydrogénocarbonates (mg/L)", "61.0168", "hco3", 1.0),
        ("Température de l'air (°C)", "7,5", "air_temperature", 7.5),
        ("Lufttemperatur [°C]", "7,5", "air_temperature", 7.5),
        ("Regen [mm/d]", "12", "precipitation", 12.0),
    ],
)
def test_units(tmp_path: Path, header: str, cell: str, name: str, expected: float) -> None:
    """100.0869 mg CaCO3 are 1 mmol, 2 meq; 1 V% is 0.01 atm at 1 atm; 1 umol m-2 s-1 is 0.0864 mol m-2 d-1."""
    path = tmp_path / "spring.csv"
    path.write_text(f"date;{header};T (°C)\n2001-01-01;{cell};9\n2001-01-02;{cell};9\n", encoding="utf-8")
    assert read_spring_table(path)[name].values == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "header",
    [
        "Température eau (°C)",
        "Température de l'eau [°C]",
        "Temperatura del agua (°C)",
        "Temperatura acqua (°C)",
    ],
)
def test_the_temperature_of_water_by_its_name(tmp_path: Path, header: str) -> None:
    path = table(tmp_path, f"date;Q (L/s);{header}", "2001-01-01;5;9,5", "2001-01-02;6;9,5")
    assert read_spring_table(path).temperature.values == pytest.approx(9.5)


def test_detection_limits_missing_codes_and_the_report(tmp_path: Path) -> None:
    rows = [
        f"2001-01-{d:02d} {h}:00,{1 + 0.01 * d},{v},7.0"
        for d in range(1, 11)
        for h, v in (("06", 5), ("18", 5.5))
    ]
    rows[3] = "2001-01-02 18:00,-9999,<0.1,7.0"
    rows[4] = "2001-01-03 06:00,50,BDL,7.0"
    rows[5] = "2001-01-03 18:00,1.03,-5,7.0"
    path = table(tmp_path, "time,Q (m3/s),NO3 (mg/L),pH", *rows)
    ds = read_spring_table(path)
    assert float(ds.no3[3]) == pytest.approx(0.05 / 62.005, rel=1e-4)
    assert float(ds.no3[4]) == 0.0
    assert np.isnan(ds.no3[5]) and np.isnan(ds.discharge[3])
    report = quality_report(ds)
    assert tuple(report.loc["no3", ["values", "missing", "below_detection", "refused"]]) == (19, 1, 2, 1)
    assert report.loc["discharge", "missing"] == 1 and report.loc["discharge", "spikes"] == 1
    assert report.loc["discharge", "longest_gap_d"] == 1.0
    assert report.loc["ph", "longest_run"] == 20
    assert "spike" in report.loc["discharge", "notes"]


def test_irregular_times_are_kept(tmp_path: Path) -> None:
    ds = read_spring_table(
        table(tmp_path, "time,Q (m3/s)", "2001-01-01 06:10,1", "2001-01-01 09:55,2", "2001-02-07 1:00,3")
    )
    assert ds.sizes["time"] == 3
    assert "no common step: kept as they are" in ds.attrs["supposed"]


def test_a_third_of_the_days_absent_is_still_a_daily_table(tmp_path: Path) -> None:
    """Rain in mm is that of its day, and the days without a row are gaps; three of four distances are one day."""
    days = sorted({d for d in range(1, 61) if d % 3} | set(range(30, 61)))
    rows = [f"{np.datetime64('2001-01-01') + np.timedelta64(d, 'D')},{d},5.0" for d in days]
    ds = read_spring_table(table(tmp_path, "date,Q (dm3/s),P (mm)", *rows))
    assert ds.sizes["time"] == 60 and int(ds.discharge.isnull().sum()) == 60 - len(days)
    assert float(ds.precipitation[0]) == 5.0 and float(ds.discharge[0]) == pytest.approx(1e-3)
    assert "also after rows that are absent" in ds.attrs["columns"]


def test_gzip(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"date,Q (m3/s)\n2001-01-01,1\n2001-01-02,3\n"))
    assert float(read_spring_table(tmp_path / "a.csv.gz").discharge[1]) == 3.0
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"date,Q\n" * 100)[:-12])
    with pytest.raises(InputError, match="cannot be read"):
        read_spring_table(tmp_path / "b.csv.gz")


def test_spreadsheets(tmp_path: Path) -> None:
    """Dates as dates, numbers as numbers, a formula's error as missing; the sheet is named."""
    openpyxl = pytest.importorskip("openpyxl")
    import datetime as dt

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Quelle"
    for row in (
        ["Quelle Nord"],
        ["Datum", "Abfluss (L/s)", "T (°C)"],
        [dt.datetime(2001, 1, 1, 6), 500.5, 9],
        [dt.datetime(2001, 1, 1, 12), "#DIV/0!", 9.5],
        [dt.datetime(2001, 1, 1, 18), 250.25, None],
    ):
        sheet.append(row)
    book.create_sheet("other").append(["x"])
    book.save(tmp_path / "spring.xlsx")
    ds = read_spring_table(tmp_path / "spring.xlsx")
    np.testing.assert_allclose(ds.discharge, [0.5005, np.nan, 0.25025])
    assert str(ds.time.values[1])[:16] == "2001-01-01T12:00"
    assert "sheet 'Quelle' read, not 'other'" in ds.attrs["supposed"]
    with pytest.raises(InputError, match="no sheet 'nix'"):
        read_spring_table(tmp_path / "spring.xlsx", sheet="nix")
    (tmp_path / "broken.xlsx").write_bytes((tmp_path / "spring.xlsx").read_bytes()[:2000])
    with pytest.raises(InputError, match="no readable spreadsheet"):
        read_spring_table(tmp_path / "broken.xlsx")


def test_the_table_on_a_later_sheet(tmp_path: Path) -> None:
    """A sheet of remarks comes first: the message names the sheets, and every command takes the one that is told."""
    openpyxl = pytest.importorskip("openpyxl")
    from typer.testing import CliRunner

    from karstsim.cli.app import app

    book = openpyxl.Workbook()
    book.active.title = "remarks"
    book.active.append(["Spring of X", "ask the office"])
    waters = book.create_sheet("waters")
    for row in (
        ["date", "Q (L/s)", "T (°C)", "pH", "alkalinity (meq/L)"],
        ["2001-01-01", 5, 9, 7.3, 4.1],
        ["2001-01-02", 6, 9, 7.4, 4.0],
    ):
        waters.append(row)
    path = tmp_path / "spring.xlsx"
    book.save(path)
    with pytest.raises(InputError, match=r"sheet 'remarks' read, not 'waters'(.|\n)*name the sheet"):
        read_spring_table(path)
    np.testing.assert_allclose(read_spring_table(path, sheet="waters").discharge, [0.005, 0.006])
    for command in ("estimate", "speciate"):
        refused = CliRunner().invoke(app, [command, str(path), "--json"])
        assert refused.exit_code == 2 and "read, not 'waters'" in refused.output
        assert CliRunner().invoke(app, [command, str(path), "--sheet", "waters"]).exit_code == 0


def test_two_columns_of_one_quantity(tmp_path: Path) -> None:
    """One is chosen by its header, also on the command line; headers that are alike cannot be chosen."""
    from typer.testing import CliRunner

    from karstsim.cli.app import app

    rows = [f"2001-01-{day:02d},{day},{2 * day}" for day in range(1, 31)]
    path = table(tmp_path, "date,Q (L/s),discharge (L/s)", *rows)
    with pytest.raises(InputError, match=r'both give discharge(.|\n)*--column discharge="Q \(L/s\)"'):
        read_spring_table(path)
    told = ["--column", "discharge=Q (L/s)", "--json"]
    run = CliRunner().invoke(app, ["estimate", str(path), *told])
    assert run.exit_code == 0, run.output
    ds = read_spring_table(path, columns={"discharge": "Q (L/s)"})
    np.testing.assert_allclose(ds.discharge, np.arange(1, 31) / 1000.0)  # the unit is that of the header
    path = table(tmp_path, "date,Pegel 3 [m3/h],Q (L/s)", *rows)
    told_ds = read_spring_table(path, columns={"discharge": "Pegel 3 [m3/h]"})
    np.testing.assert_allclose(told_ds.discharge, np.arange(1, 31) / 3600.0)
    path = table(tmp_path, "date,Q (L/s),Q (L/s)", *rows)
    with pytest.raises(InputError, match="headers are alike"):
        read_spring_table(path)

"""Odd tables of stations and springs: dates, zones, marks, codes, sites. Read and listed, or refused with the mend."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from karstsim.analysis import read_spring_table
from karstsim.cli.app import app
from karstsim.core.errors import InputError
from karstsim.forcing import open_forcing, open_station, to_records

HEADER = "date;tas_degC;pr_mm_d;rsds_w_m2;ps_hPa"


def station(folder, *rows, header=HEADER, name="s.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return path


def spring(folder, text, **asked):
    path = folder / "q.csv"
    path.write_text(text, encoding="utf-8")
    return read_spring_table(path, **asked)


# ------------------------------------------------------------------------------------------------- stations


@pytest.mark.parametrize(
    ("stamps", "asked", "first"),
    [
        (("30.12.2019", "31.12.2019"), {}, "2019-12-30T00"),
        (("01/02/2019", "02/02/2019"), {"dayfirst": True}, "2019-02-01T00"),
        (("2019-12-30 23:00", "2019-12-30 24:00"), {}, "2019-12-30T23"),
        (("2019-12-30T22:00Z", "2019-12-30T23:00Z"), {}, "2019-12-30T22"),
        (("2019-03-31 01:00+01:00", "2019-03-31 03:00+02:00"), {}, "2019-03-31T01"),
        (("2019-03-31 01:00", "2019-03-31 03:00"), {"timezone": "Europe/Ljubljana"}, "2019-03-31T01"),
        (("30 Dez 2019", "31 Dez 2019"), {}, "2019-12-30T00"),
    ],
)
def test_dates_of_stations(tmp_path, stamps, asked, first):
    path = station(tmp_path, *(f"{s};5;0;100;950" for s in stamps))
    ds = open_station(path, **asked)
    assert str(ds.time.values[0]).startswith(first)
    assert ("clock" in ds.attrs) is not stamps[0].endswith("Z")


def test_universal_stamps_are_moved_to_the_sun(tmp_path):
    rows = [f"2019-07-01T{h:02d}:00Z;5;0;100;950" for h in range(24)]
    ds = open_forcing(station(tmp_path, *rows), co2=400.0, lon=90.0, lat=30.0)
    assert to_records(ds)[0]["day_fraction"][0, 0] == pytest.approx(0.25)


def test_the_hour_in_a_column_of_its_own(tmp_path):
    rows = [f"2019-07-01;{h:02d}:00;5;0;100;950" for h in range(24)]
    ds = open_station(station(tmp_path, *rows, header=HEADER.replace("date;", "date;time;")))
    assert ds.sizes["time"] == 24 and str(ds.time.values[-1]).startswith("2019-07-01T23")


def test_missing_codes_units_row_and_code_page(tmp_path):
    header, units = "date;tas;pr;rsds;ps;wind", ";°C;mm/d;W/m2;hPa;m/s"
    rows = [units, "2019-01-01;5,5;0;100;950;-9999", "2019-01-02;6;0;100;950;-9999"]
    path = station(tmp_path, *rows, header=header, encoding="cp1252")
    ds = open_station(path, variables=("tas", "pr"))
    assert float(ds.tas[0, 0]) == pytest.approx(278.65) and "Windows-1252" in ds.attrs["repairs"]
    with pytest.raises(InputError, match="sfcWind, time 2019-01-01: value nan"):
        open_station(path)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1.013,5", "1.011,0"), (101350.0, 101100.0)),
        (("1,013.5", "1,011"), (101350.0, 101100.0)),
        (("1,013", "1,011"), None),
    ],
)
def test_marks_of_thousands(tmp_path, cells, values):
    path = station(tmp_path, *(f"2019-01-0{i + 1};5;0;100;{c}" for i, c in enumerate(cells)))
    if values is None:
        with pytest.raises(InputError, match="ps_hPa, data row 1: '1,013' has a comma before thousands"):
            open_station(path)
        return
    ds = open_station(path)
    np.testing.assert_allclose(ds.ps[0], values)
    assert "marks of thousands" in ds.attrs["repairs"]


def test_rows_of_two_stations(tmp_path):
    rows = [f"2019-01-0{d};{t};0;100;950;{s}" for s, t in (("A", 5), ("B", 9)) for d in (1, 2)]
    path = station(tmp_path, *rows, header=HEADER + ";station")
    with pytest.raises(InputError, match=r"column 'station': has rows of 2 stations \(A, B\)(.|\n)*location"):
        open_station(path)
    assert float(open_forcing(path, location="B", co2=400).tas[0, 0]) == pytest.approx(282.15)


def test_a_spreadsheet_of_a_station(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (HEADER.split(";"), *(["2019-01-01", 5.5, 0, 100, 950], ["2019-01-02", 6, 0, 100, 950])):
        book.active.append(row)
    book.save(tmp_path / "s.xlsx")
    assert float(open_forcing(tmp_path / "s.xlsx", co2=400).tas[0, 0]) == pytest.approx(278.65)


# -------------------------------------------------------------------------------------------------- springs


def test_the_mean_goes_before_the_maximum_of_a_day(tmp_path):
    text = "datetime,1_00060_00001,2_00060_00003\n2019-01-01,20,10\n2019-01-02,30,15\n"
    ds = spring(tmp_path, text)
    np.testing.assert_allclose(ds.discharge, np.array([10.0, 15.0]) * 0.3048**3)
    assert "1_00060_00001" in ds.attrs["unused"]
    only = spring(tmp_path, text.replace("2_00060_00003", "remark"))
    assert "the maximum of the day, not its mean" in only.attrs["columns"]


def test_years_of_two_digits_that_may_come_first(tmp_path):
    text = "date,Q (L/s)\n15-03-04,1\n15-03-05,2\n"
    with pytest.raises(InputError, match="'15-03-04': year first or last(.|\n)*date_format"):
        spring(tmp_path, text)
    assert str(spring(tmp_path, text, date_format="%y-%m-%d").time.values[1])[:10] == "2015-03-05"
    assert str(spring(tmp_path, text.replace("-", "."), sort=True).time.values[0])[:10] == "2004-03-15"
    with pytest.raises(InputError, match="line 3(.|\n)*is not '%y-%m-%d'"):
        spring(tmp_path, text.replace("15-03-05", "soon"), date_format="%y-%m-%d")


def test_thousands_in_springs(tmp_path):
    ds = spring(tmp_path, 'date;Q (L/s)\n2019-01-01;"1.234,5"\n2019-01-02;0,5\n')
    np.testing.assert_allclose(ds.discharge, [1.2345, 0.0005])
    assert "marks of thousands" in ds.attrs["repairs"]
    ds = spring(tmp_path, 'date,Q (L/s)\n2019-01-01,"1,234.5"\n2019-01-02,0.5\n2019-01-03,"2,000"\n')
    np.testing.assert_allclose(ds.discharge, [1.2345, 0.0005, 2.0])
    with pytest.raises(InputError, match="line 2: '1,234' has a comma before thousands"):
        spring(tmp_path, "date;Q (L/s)\n2019-01-01;1,234\n2019-01-02;2,345\n")


def test_rows_of_two_sites(tmp_path):
    text = "site,date,Q (L/s)\nA,2019-01-01,1\nB,2019-01-02,9\nA,2019-01-03,2\n"
    with pytest.raises(InputError, match=r"column 'site': has rows of 2 sites \(A, B\)(.|\n)*--select"):
        spring(tmp_path, text)
    np.testing.assert_allclose(spring(tmp_path, text, select={"site": "A"}).discharge, [0.001, 0.002])


def test_codes_of_missing_values(tmp_path):
    text = "date,d13C,T_c,Q (L/s)\n" + "".join(f"2019-01-{d:02d},-99,-99.9,1\n" for d in range(1, 9))
    ds = spring(tmp_path, text + "2019-01-09,-12.5,9.5,1\n")
    assert np.isnan(ds.d13c_dic[:8]).all() and float(ds.d13c_dic[8]) == -12.5
    assert np.isnan(ds.temperature[:8]).all()
    assert "8 cells of 'd13C' are -99: taken as missing" in ds.attrs["repairs"]
    with pytest.raises(InputError, match="9999 looks like a missing value(.|\n)*missing="):
        spring(tmp_path, text + "2019-01-09,-12.5,9.5,9999\n")
    ds = spring(tmp_path, text + "2019-01-09,-12.5,9.5,9999\n", missing=(9999,))
    assert np.isnan(ds.discharge[8])


def test_rain_of_hours_needs_its_unit(tmp_path):
    rows = "".join(f"2019-01-01 {h:02d}:00,1,2\n" for h in range(24))
    with pytest.raises(InputError, match="column 'P': has no unit, and steps of 1 h"):
        spring(tmp_path, "date,Q (L/s),P\n" + rows)
    np.testing.assert_allclose(
        spring(tmp_path, "date,Q (L/s),P\n" + rows, units={"P": "mm"}).precipitation, 48.0
    )
    days = "".join(f"2019-01-{d:02d},1,2\n" for d in range(1, 20))
    np.testing.assert_allclose(spring(tmp_path, "date,Q (L/s),P\n" + days).precipitation, 2.0)


def test_chemistry_without_units_says_so(tmp_path):
    with pytest.raises(InputError, match=r"has quantities without units \(Ca, Mg\)(.|\n)*speciate"):
        spring(tmp_path, "date,Ca,Mg\n2019-01-01,60,5\n2019-01-02,61,5\n")


def test_remarks_of_a_gauge_and_limits_of_detection_do_not_stop_a_table(tmp_path):
    rows = "".join(f"2019-01-{d:02d}\t{d}\tEqp\t<1\n" for d in range(1, 9))
    ds = spring(tmp_path, "datetime\t1_00060_00003\t2_00095_00003\tturbidity (NTU)\n" + rows)
    assert (
        np.isfinite(ds.discharge).all() and np.isnan(ds.conductivity).all() and np.isnan(ds.turbidity).all()
    )
    assert "conductivity is not a number: taken as missing" in ds.attrs["repairs"]


def test_the_command_gives_a_table_to_its_reader(tmp_path):
    path = tmp_path / "q.rdb"
    path.write_text(
        "# USGS\nsite_no\tdatetime\t1_00060_00003\n15s\t20d\t14n\n07\t2019-01-01\t10\n07\t2019-01-02\t12\n"
    )
    run = CliRunner().invoke(app, ["forcing", str(path)])
    assert run.exit_code == 0 and "karstsim hydrograph" in run.stdout and "discharge" in run.stdout
    path = station(tmp_path, "2019-01-01;5", "2019-01-02;6", header="Mess_Datum;tas_degC")
    run = CliRunner().invoke(app, ["forcing", str(path)])
    assert run.exit_code == 2 and "has no pr" in run.stdout

"""Tables of archives: dates in columns of their own, lines above the header, rows for every result, marks and names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from karstsim.analysis import read_spring_table
from karstsim.core.errors import InputError
from karstsim.forcing import open_station
from karstsim.forcing.station_headers import split_header

DAYS = np.datetime64("2015-01-01") + np.arange(40)


def _write(path: Path, header: str, row: str) -> Path:
    """A row a day; y, m, d and n are its year, month, day and day of the year."""
    rows = []
    for i, day in enumerate(DAYS):
        y, m, d = str(day).split("-")
        rows.append(row.format(y=y, m=int(m), d=int(d), n=i + 1, mm=m, dd=d))
    path.write_text(header + "\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("year,month,day,Q (L/s)", "{y},{m},{d},12.5"),
        ("YEAR,DOY,Q (L/s)", "{y},{n},12.5"),
        ("Jahr;Monat;Tag;Abfluss (L/s)", "{y};{m};{d};12,5"),
        ("Fecha;Caudal (L/s)", "{dd}. {mm}. {y};12,5"),
    ],
)
def test_dates_of_springs(tmp_path: Path, header: str, row: str) -> None:
    ds = read_spring_table(_write(tmp_path / "s.csv", header, row))
    assert ds.time.values[0] == DAYS[0] and ds.time.values[-1] == DAYS[-1]
    np.testing.assert_allclose(ds.discharge, 0.0125)


def test_a_date_that_does_not_exist_is_refused_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("year,month,day,Q (L/s)\n2015,2,28,1\n2015,2,30,1\n")
    with pytest.raises(InputError, match="line 3(.|\n)*2015-02-30"):
        read_spring_table(path)
    path.write_text("year,doy,Q (L/s)\n2015,365,1\n2015,366,1\n")
    with pytest.raises(InputError, match="line 3"):
        read_spring_table(path)


def test_daymet_has_lines_above_its_header(tmp_path: Path) -> None:
    above = "Latitude: 45.0  Longitude: 14.0\nTile: 11\nElevation: 100 meters\n"
    header = "year,yday,dayl (s),prcp (mm/day),srad (W/m^2),tmax (deg c),tmin (deg c)"
    path = _write(tmp_path / "d.csv", above + header, "{y},{n},34560,4.0,150,17,6")
    ds = open_station(path)
    np.testing.assert_allclose(ds.tas, 284.65)
    np.testing.assert_allclose(ds.pr * 86400.0, 4.0)
    assert ds.time.values[-1] == DAYS[-1]
    assert "3 lines above the header left out" in ds.attrs["repairs"]


def test_filled_rain_of_flux_towers_is_not_in_fahrenheit(tmp_path: Path) -> None:
    assert split_header("P_F") == ("pr", None) and split_header("temp_F") == ("tas", "degF")
    header = "TIMESTAMP,TA_F,SW_IN_F,P_F,WS_F"
    path = _write(tmp_path / "f.csv", header, "{y}{mm}{dd},11.85,150,4,3")
    units = {"tas": "degC", "rsds": "W m-2", "pr": "mm d-1", "sfcWind": "m s-1"}
    np.testing.assert_allclose(open_station(path, units=units).tas, 285.0)
    with pytest.raises(InputError, match="no units"):
        open_station(path)


def test_a_row_for_every_result_is_refused(tmp_path: Path) -> None:
    header = "ActivityStartDate,CharacteristicName,ResultMeasureValue,ResultMeasure/MeasureUnitCode"
    path = _write(tmp_path / "w.csv", header, "{y}-{mm}-{dd},Calcium,80,mg/l")
    with pytest.raises(InputError, match="row for every result(.|\n)*one column a quantity"):
        read_spring_table(path)


def test_marks_of_missing_values_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("date,Q (L/s)\n2015-01-01,5\n2015-01-02,-9999\n2015-01-03,-9999\n2015-01-04,5\n")
    ds = read_spring_table(path)
    assert "2 cells of 'Q (L/s)' are -9999" in ds.attrs["repairs"]
    assert int(np.isnan(ds.discharge).sum()) == 2


@pytest.mark.parametrize("header", ["date,pr (mm d-1),tas (degC)", "year,month,day,pr (mm d-1),tas (degC)"])
def test_a_station_table_without_rows_is_refused_by_name(tmp_path, header):
    (tmp_path / "empty.csv").write_text(header + "\n")
    with pytest.raises(InputError, match="no rows"):
        open_station(tmp_path / "empty.csv")


@pytest.mark.parametrize("missing", ["", "NA", "n/a", "-"])
def test_a_winter_in_decimal_commas_below_a_title_of_a_spreadsheet(tmp_path: Path, missing: str) -> None:
    """A minus makes no date of a temperature, NA no word of a column, and a title filled up with marks no header."""
    cold = [-1.5 - day / 10 for day in range(13, 20)]
    cells = [f"{t:.1f};0.5;{50.5 if i else missing}".replace(".", ",") for i, t in enumerate(cold)]
    rows = [f"{day:02d}.01.2015;{row}" for day, row in zip(range(13, 20), cells, strict=True)]
    head = "Datum;tas (degC);pr (mm/d);rsds (W m-2)"
    text = "\n".join(["Wetterstation Nord;;;", ";;;", head, *rows])
    path = tmp_path / "wetter.csv"
    path.write_text(text, encoding="cp1252")
    ds = open_station(path, gaps=True)
    np.testing.assert_allclose(ds["tas"].values[0] - 273.15, cold)
    np.testing.assert_allclose(ds["rsds"].values[0], [np.nan] + 6 * [50.5])
    np.testing.assert_allclose(ds["pr"].values[0] * 86400.0, 0.5)
    assert "2 lines above the header" in ds.attrs["repairs"]

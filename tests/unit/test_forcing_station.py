"""CSV tables: headers, separators, dates, numbers. Each bad table ends in an error that names the row."""

import gzip

import numpy as np
import pytest

from karstsim.core.errors import InputError
from karstsim.forcing import open_forcing, open_station, to_records
from karstsim.forcing.station_headers import split_header

HEADER = "date,tas_degC,pr_mm_d,srad_W_m2"
ROWS = ["2015-02-27,10,0,100", "2015-02-28,11,5.5,90", "2015-03-01,12,0,120"]


def table(tmp_path, *rows, header=HEADER, name="spring.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *(rows or ROWS)]) + "\n", encoding="utf-8")
    return path


def test_plain_table(tmp_path):
    ds = open_forcing(table(tmp_path), co2=410, lon=105.7, lat=26.3, elevation=1200.0)
    records, dt, _ = to_records(ds)
    assert dt == 1.0
    np.testing.assert_allclose(records["tas"][0], [10.0, 11.0, 12.0])
    np.testing.assert_allclose(records["pr"][0], [0.0, 5.5, 0.0])
    np.testing.assert_allclose(records["rsds"][0], [100.0, 90.0, 120.0])
    assert list(ds.location.values) == ["spring"]
    assert float(ds.lat[0]) == 26.3
    assert "sfcWind: absent" in ds.attrs["repairs"]


@pytest.mark.parametrize(
    ("header", "meaning"),
    [("prcp_mm_day", ("pr", "mm d-1")), ("tmax_degC", ("tasmax", "degC")), ("tmin_degC", ("tasmin", "degC")),
     ("srad_W_m2", ("rsds", "W m-2")), ("wind_m_s", ("sfcWind", "m s-1")), ("pr [mm/d]", ("pr", "mm d-1")),
     ("Rain (mm d-1)", ("pr", "mm d-1")), ("tas (°C)", ("tas", "degC")), ("Temperature_C", ("tas", "degC")),
     ("co2_ppm", ("co2", "ppm")), ("ps_hPa", ("ps", "hPa")), ("tas", ("tas", None)), ("streamflow_mgd", None),
     ("rhum_pct", None), ("lrad_W_m2", None)],
)  # fmt: skip
def test_headers(header, meaning):
    assert split_header(header) == meaning


@pytest.mark.parametrize("separator", [";", "\t"])
def test_separators_and_decimal_commas(tmp_path, separator):
    rows = [r.replace(",", separator).replace(".", ",") for r in ROWS]
    ds = open_station(table(tmp_path, *rows, header=HEADER.replace(",", separator)))
    assert float(ds.pr[0, 1]) * 86400.0 == pytest.approx(5.5)
    assert "decimal commas" in ds.attrs["repairs"]


def test_byte_order_mark_comments_and_gzip(tmp_path):
    path = tmp_path / "a.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8-sig") as handle:
        handle.write("\n".join(["# a spring", HEADER, *ROWS]) + "\n")
    assert open_station(path).sizes["time"] == 3


def test_told_columns_and_units(tmp_path):
    path = table(tmp_path, header="when,T,rain,sun")
    columns = {"time": "when", "tas": "T", "pr": "rain", "rsds": "sun"}
    with pytest.raises(InputError, match="tas; pr; rsds: have no units"):
        open_station(path, columns)
    ds = open_station(path, columns, {"tas": "degC", "pr": "mm d-1", "rsds": "W m-2"})
    assert float(ds.tas[0, 0]) == pytest.approx(283.15)
    for bad in ({"pr": "snow"}, {"humidity": "rain"}, {"time": "nowhere"}):
        with pytest.raises(InputError):
            open_station(path, {**columns, **bad})


def test_a_told_column_has_the_unit_of_its_header(tmp_path):
    """What stands in brackets counts, where the variable can have it; what is told in words counts more."""
    path = table(tmp_path, header="when,T [°C],P sum (mm/d),sun (W/m2)")
    columns = {"time": "when", "tas": "T [°C]", "pr": "P sum (mm/d)", "rsds": "sun (W/m2)"}
    ds = open_station(path, columns)
    assert float(ds.tas[0, 0]) == pytest.approx(283.15)
    with pytest.raises(InputError, match="degC labelled as K"):
        open_station(path, columns, {"tas": "K"})
    other = table(tmp_path, header="when,T (mm),P (degC),sun (W/m2)")
    with pytest.raises(InputError, match="have no units"):
        open_station(other, {"time": "when", "tas": "T (mm)", "pr": "P (degC)", "rsds": "sun (W/m2)"})


def test_header_without_units(tmp_path):
    path = table(tmp_path, header="date,tas,pr,rsds")
    with pytest.raises(InputError, match="tas; pr; rsds: have no units"):
        open_station(path)
    assert open_station(path, units={"tas": "degC", "pr": "mm d-1", "rsds": "W m-2"}).sizes["time"] == 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROWS[0], ROWS[1], ROWS[1], ROWS[2]], "duplicate time 2015-02-28"),
        ([ROWS[0], ROWS[2], ROWS[1]], "backwards"),
        ([*ROWS, "2015-03-04,1,1,1"], "after 2015-03-01 comes 2015-03-04"),
        ([ROWS[0], "2015-02-28,,5,90", ROWS[2]], "tas, time 2015-02-28: value nan"),
        ([ROWS[0], "2015-02-28,NaN,5,90", ROWS[2]], "tas, time 2015-02-28: value nan"),
        ([ROWS[0], "2015-02-28,inf,5,90", ROWS[2]], "tas, time 2015-02-28: value inf"),
        ([ROWS[0], "2015-02-28,-9999,5,90", ROWS[2]], "tas, time 2015-02-28: value nan"),
        ([ROWS[0], "2015-02-28,11,-5,90", ROWS[2]], "pr, time 2015-02-28"),
        ([ROWS[0], "2015-02-28,warm,5,90", ROWS[2]], "data row 2: 'warm' is no number"),
        (
            [ROWS[0], "28.02.2015,11,5,90", ROWS[2]],
            "data row 2: date '28.02.2015' is written as day and month",
        ),
        ([ROWS[0], ",11,5,90", ROWS[2]], "data row 2"),
        ([ROWS[0], "2015-02-28T00:00+01:00,11,5,90", ROWS[2]], "time zone"),
        ([ROWS[0]], "1 time step"),
        ([r.replace(",1", ",28", 1) for r in ROWS], "K labelled as degC|outside"),
    ],
)
def test_bad_rows_are_named(tmp_path, rows, message):
    with pytest.raises(InputError, match=f"(?s)spring.csv.*({message})"):
        open_station(table(tmp_path, *rows))


@pytest.mark.parametrize("mark", ["", "N/A", "?", "n.d.", "n.b.", "k.A.", "keine Angabe", "-999"])
def test_marks_of_missing_values_are_those_of_springs(tmp_path, mark):
    """A mark is an empty cell and no wrong number, so that the span of the others can be asked for."""
    path = table(tmp_path, ROWS[0], ROWS[1], f"2015-03-01,{mark},0,120")
    with pytest.raises(InputError, match="time 2015-03-01: value nan is missing"):
        open_station(path)
    assert open_station(path, end="2015-02-28").sizes["time"] == 2


def test_span_leaves_a_gap_out(tmp_path):
    ds = open_station(table(tmp_path, *ROWS, "2015-03-02,,,"), end="2015-03-01")
    assert ds.sizes["time"] == 3


def test_hourly_table(tmp_path):
    rows = [f"2015-01-01 {h:02d}:00,10,0,0" for h in range(24)]
    _, dt, _ = to_records(open_forcing(table(tmp_path, *rows), co2="ssp245"))
    assert dt == pytest.approx(1.0 / 24.0)


def test_clock_change_is_named(tmp_path):
    hours = ["00:00", "01:00", "03:00", "04:00"]
    with pytest.raises(InputError, match="after 2015-03-29 01:00:00 comes 2015-03-29 03:00:00"):
        open_station(table(tmp_path, *(f"2015-03-29 {h},10,0,0" for h in hours)))
    hours = ["01:00", "02:00", "02:00", "03:00"]
    with pytest.raises(InputError, match="duplicate time 2015-10-25 02:00:00"):
        open_station(table(tmp_path, *(f"2015-10-25 {h},10,0,0" for h in hours)))


def test_stamps_are_local_time(tmp_path):
    rows = [f"2015-01-01 {h:02d}:00,10,0,0" for h in range(24)]
    records, _, _ = to_records(open_forcing(table(tmp_path, *rows), co2=400, lon=105.7, lat=26.3))
    assert records["day_fraction"][0, 12] == pytest.approx(0.5)


def test_co2_column(tmp_path):
    rows = [f"{r},{v}" for r, v in zip(ROWS, (400, 401, 402), strict=True)]
    path = table(tmp_path, *rows, header=HEADER + ",co2_ppm")
    np.testing.assert_allclose(open_forcing(path).co2[0], [400.0, 401.0, 402.0])
    np.testing.assert_allclose(open_forcing(path, co2=300).co2[0], 300.0)
    with pytest.raises(InputError, match="co2"):
        open_forcing(table(tmp_path))


def test_two_columns_for_one_variable(tmp_path):
    path = table(tmp_path, *(f"{r},1" for r in ROWS), header=HEADER + ",rain_mm_d")
    with pytest.raises(InputError, match="both pr"):
        open_station(path)
    assert float(open_station(path, {"pr": "rain_mm_d"}).pr[0, 0]) * 86400.0 == pytest.approx(1.0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00garbage",
        b"\x1f\x8b broken",
        b"just words\nno table\n",
        b"a,b\n1,2\n",
        b"date,date\n1,2\n",
        b"date,tas_degC,pr_mm_d,srad_W_m2\n2015-01-01,1,2,3,4\n2015-01-02,1,2,3,4\n",
        b"date,tas_degC,pr_mm_d,srad_W_m2\n2015-01-01,1,2,3\n2015-01-02,1\n",
        b"\0" * 1000,
    ],
)
def test_garbage(tmp_path, content):
    for name in ("a.csv", "a.csv.gz"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match="a.csv"):
            open_station(path)


def test_what_a_table_has_instead_of_a_variable_is_told(tmp_path):
    path = table(tmp_path, header="date,airtemp,pr [mm/d],sunshine")
    with pytest.raises(InputError, match=r"has no tas \(found pr; not known: airtemp, sunshine\)"):
        open_station(path)


def test_a_workbook_whose_first_sheet_is_no_weather_names_the_other(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "read me"
    for row in (["date", "remark"], ["2015-01-01", "dry"], ["2015-01-02", "wet"]):
        book.active.append(row)
    weather = book.create_sheet("weather")
    for line in (HEADER, *ROWS):
        cells = line.split(",")
        weather.append(cells)
    path = tmp_path / "station.xlsx"
    book.save(path)
    with pytest.raises(
        InputError, match=r"sheet 'read me' read, not 'weather'\n.*sheet = \"NAME\" \(--sheet NAME\)"
    ):
        open_station(path)
    assert open_station(path, sheet="weather").sizes["time"] == len(ROWS)

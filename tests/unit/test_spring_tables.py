"""Spring tables as people keep them: what is read, what is named, what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from karstsim.analysis import read_spring_table
from karstsim.core.errors import InputError


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "spring.csv"
    path.write_text(text, encoding=encoding)
    return path


def test_semicolons_commas_units_row_and_a_gap(tmp_path: Path) -> None:
    """500 L/s = 0.5 m3/s; 2 mm/h = 48 mm/d; 0.4 mS/cm = 400 uS/cm; 3 January is absent."""
    text = (
        "Quelle Nord\nDatum;Abfluss;Niederschlag;el. Leitfähigkeit\n;L/s;mm/h;mS/cm\n"
        "01.01.2001;500,0;2,0;0,40\n02.01.2001;;0,0;n.d.\n04.01.2001;250,5;-9999;0,38\n13.01.2001;1,5;0;0,3\n"
        + "".join(f"{day}.01.2001;1,5;0;0,3\n" for day in range(14, 32))
    )
    ds = read_spring_table(write(tmp_path, text, "cp1252"))
    np.testing.assert_allclose(ds["discharge"][:4], [0.5, np.nan, np.nan, 0.2505])
    np.testing.assert_allclose(ds["precipitation"][:4], [48.0, 0.0, np.nan, np.nan])
    np.testing.assert_allclose(ds["conductivity"][:2], [400.0, np.nan])
    assert ds.sizes["time"] == 31
    assert "absent" in ds.attrs["repairs"]
    assert "day first" in ds.attrs["supposed"]
    assert ds["discharge"].attrs["units"] == "m3 s-1"


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("Q (m³/s)", "2", 2.0),
        ("discharge_cfs", "100", 2.8316846592),
        ("Débit [l/s]", "1500", 1.5),
        ("Q m3/d", "86400", 1.0),
        ("spring discharge (L s-1)", "1000", 1.0),
        ("Flow (gpm)", "1000", 0.0630901964),
        ("12345_00060_00003", "100", 2.8316846592),
        ("runoff_q", "", None),
    ],
)
def test_units_of_discharge(tmp_path: Path, header: str, value: str, expected: float | None) -> None:
    """1 ft3 = 0.028316846592 m3; 1 US gallon = 3.785411784e-3 m3."""
    path = write(tmp_path, f"date\t{header}\tT (°C)\n2001-01-01\t{value}\t9\n2001-01-02\t{value}\t9\n")
    if expected is None:
        assert "discharge" not in read_spring_table(path)
    else:
        assert read_spring_table(path)["discharge"].values == pytest.approx(expected)


def test_depth_needs_the_area(tmp_path: Path) -> None:
    """86.4 mm/d from 1 km2 is 1 m3/s."""
    path = write(tmp_path, "date,Q (mm/d)\n20010101,86.4\n20010102,8.64\n")
    assert read_spring_table(path, area_km2=1.0)["discharge"].values == pytest.approx([1.0, 0.1])
    with pytest.raises(InputError, match="area_km2"):
        read_spring_table(path)


def test_amounts_are_of_the_step(tmp_path: Path) -> None:
    """1 mm in 6 h is 4 mm/d."""
    rows = "".join(f"2001-01-01 {hour:02d}:00,1,1\n" for hour in range(0, 24, 6))
    ds = read_spring_table(write(tmp_path, "time,P (mm),Q (m3/s)\n" + rows))
    assert ds["precipitation"].values == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("dates", "dayfirst", "first"),
    [
        (("13/02/2001", "14/02/2001"), None, "2001-02-13"),
        (("02/13/2001", "02/14/2001"), None, "2001-02-13"),
        (("03/04/2001", "04/04/2001"), True, "2001-04-03"),
        (("03/04/2001", "03/05/2001"), False, "2001-03-04"),
        (("19900901", "19900902"), None, "1990-09-01"),
        (("2001/1/2 6:30", "2001/1/3 6:30"), None, "2001-01-02T06:30"),
        (("2001-01-01T24:00", "2001-01-02T24:00"), None, "2001-01-02"),
    ],
)
def test_dates(tmp_path: Path, dates: tuple[str, str], dayfirst: bool | None, first: str) -> None:
    path = write(tmp_path, "date,Q (m3/s)\n" + "".join(f"{date},1\n" for date in dates))
    ds = read_spring_table(path, dayfirst=dayfirst)
    assert ds["time"].values[0] == np.datetime64(first)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("date,Q\n2001-01-01,1\n", "column 'Q'", "without unit"),
        ("date,Q (barrels/h)\n2001-01-01,1\n", "Q \\(barrels/h\\)", "not known"),
        ("date,Q (m3/s)\n03/04/2001,1\n04/04/2001,1\n", "line 2", "day or month first"),
        ("date,Q (m3/s)\n2001-01-01,1\n2001-02-30,1\n", "line 3", "there is no time"),
        ("date,Q (m3/s)\n2001-01-01,1\nsoon,1\n", "line 3", "not understood"),
        ("date,Q (m3/s)\n2001-01-02,1\n2001-01-01,1\n2001-01-03,1\n", "line 3", "backwards"),
        ("date,Q (m3/s)\n2001-01-01,1\n2001-01-01,2\n", "lines 2 and 3", "stands twice"),
        ("date,Q (m3/s),discharge_cfs\n2001-01-01,1,2\n", "columns", "both give discharge"),
        ("date,Q (m3/s)\n2001-01-01,high\n2001-01-02,low\n", "line 2", "is not a number"),
        ("site,Q (m3/s)\nA,1\n", "spring.csv", "no date"),
        ("a,b\n1,2\n", "spring.csv", "no header"),
    ],
)
def test_refusals_name_the_place(tmp_path: Path, text: str, where: str, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        read_spring_table(write(tmp_path, text))
    assert re.search(where, caught.value.where)
    assert "spring.csv" in caught.value.where
    assert caught.value.mend


def test_a_word_for_no_value_is_told_apart_from_a_wrong_unit(tmp_path: Path) -> None:
    """Many cells of a mark that is not known: the mend says to empty them; of odd numbers, to look at unit and mark."""
    for cell, mend in (
        ("unbek.", "'unbek.' stands for no value leave the cells empty"),
        ("1..2", "decimal mark"),
    ):
        text = "date,Q (m3/s),pH\n" + "".join(f"2001-01-{day:02d},1,{cell}\n" for day in range(1, 9))
        with pytest.raises(InputError, match="is not a number") as caught:
            read_spring_table(write(tmp_path, text))
        assert mend in caught.value.mend


def test_repairs_are_named(tmp_path: Path) -> None:
    """One row twice, one text, one negative discharge, in a table from last to first."""
    text = "date,Q (m3/s)\n2001-01-05,1\n2001-01-04,ice\n2001-01-03,-2\n2001-01-02,4\n2001-01-02,4\n2001-01-01,5\n"
    ds = read_spring_table(write(tmp_path, text))
    np.testing.assert_allclose(ds["discharge"], [5.0, 4.0, np.nan, np.nan, 1.0])
    for said in ("turned round", "repeat a time", "is not a number", "discharge outside 0..100000"):
        assert said in ds.attrs["repairs"]


def test_a_gauge_under_its_own_name_and_one_site_of_several(tmp_path: Path) -> None:
    text = "when,site,gauge 3\n2001-01-01,A,5\n2001-01-01,B,7\n2001-01-02,A,6\n"
    ds = read_spring_table(
        write(tmp_path, text),
        columns={"discharge": "gauge 3", "date": "when"},
        units={"gauge 3": "L/s"},
        select={"site": "A"},
    )
    assert ds["discharge"].values == pytest.approx([0.005, 0.006])


def test_double_samples_are_averaged_when_told(tmp_path: Path) -> None:
    path = write(tmp_path, "date,Q (m3/s)\n2001-01-01,1\n2001-01-01,3\n2001-01-02,5\n")
    assert read_spring_table(path, average=True)["discharge"].values == pytest.approx([2.0, 5.0])


def test_the_dataset_goes_to_netcdf(tmp_path: Path) -> None:
    ds = read_spring_table(write(tmp_path, "date,Q (m3/s)\n2001-01-01,1\n2001-01-02,3\n"))
    ds.to_netcdf(tmp_path / "spring.nc")

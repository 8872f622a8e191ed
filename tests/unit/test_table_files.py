"""Monitoring tables as files: encodings, separators, unit rows, bad cells and rows, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from karstsim.chemistry.api import speciate, speciate_csv
from karstsim.core.errors import InputError

pytestmark = pytest.mark.nojit

HEADER = "id,temperature_c,ca_mg_l,k_mg_l,alkalinity_meq_l,pH\n"
GOOD = "A,10,80.156,1,4,7.5\n"


def read(
    folder: Path, text: str, encoding: str = "utf-8", **options: Any
) -> tuple[pd.DataFrame, dict[str, Any]]:
    path = folder / "waters.csv"
    path.write_bytes(text.encode(encoding))
    frame = speciate_csv(path, **options)
    return frame, frame.attrs["understood"]


def rows(folder: Path, *lines: str) -> tuple[list[str], list[bool]]:
    """Flags of these rows, and which are solved."""
    frame, understood = read(folder, HEADER + "".join(f"{line}\n" for line in lines))
    solved = np.isfinite(frame["ionic_strength"]).tolist()
    assert understood["solved"] == sum(solved)
    return frame["flag"].tolist(), solved


def test_every_row_is_as_the_array_interface_says(tmp_path: Path) -> None:
    frame, understood = read(tmp_path, HEADER + GOOD)
    alone = speciate(temperature=10, ca=2.0, k=1.0 / 39.098, alkalinity=4.0, ph=7.5)
    assert frame["flag"][0] == "" and understood["reasons"] == {}
    assert frame["si_calcite"][0] == pytest.approx(alone.si_calcite.item(), rel=1e-9)
    assert frame["id"].tolist() == ["A"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(tmp_path: Path, encoding: str, separator: str) -> None:
    text = (HEADER + GOOD).replace("temperature_c", "T (°C)").replace(",", separator)
    frame, understood = read(tmp_path, text, encoding)
    assert np.isfinite(frame["si_calcite"][0])
    assert understood["encoding"] == {"cp1252": "Windows-1252"}.get(
        encoding, encoding.upper()[:6].rstrip("-")
    )


def test_decimal_commas_titles_comments_unit_rows_and_blank_columns(tmp_path: Path) -> None:
    text = (
        "sep=;\nTable 1. Springs\n# field campaign\nSite;T_water;Ca2+;K+;Alkalinity;pH (field);;\n"
        ";°C;mg/L;mg/L;meq/L;-;;\nA;10,5;80,156;1,0;4,0;7,5;;\n# the end;;;;;;;\n"
    )
    frame, understood = read(tmp_path, text)
    alone = speciate(temperature=10.5, ca=2.0, k=1.0 / 39.098, alkalinity=4.0, ph=7.5)
    assert len(frame) == 1 and frame["flag"][0] == ""
    assert frame["si_calcite"][0] == pytest.approx(alone.si_calcite.item(), rel=1e-9)
    assert understood["decimal"] == "," and understood["header_line"] == 4
    assert "line 5 read as a row of units" in understood["assumptions"]
    assert {
        "quantity": "ca",
        "header": "Ca2+ (mg/L)",
        "rule": "mg/L / 40.078",
        "assumption": "",
    } in understood["columns"]


def test_a_header_behind_a_comment_sign(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, "# temperature,ca,alkalinity,ph\n10,1,2,8\n")
    assert np.isfinite(frame["si_calcite"][0])


def test_a_row_of_units_must_agree_with_the_header(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row of units"):
        read(tmp_path, "T (°C),Ca (mg/L),alk,pH\n,mmol/L,meq/L,\n10,80,4,7.5\n")


def test_units_given_beside_the_file(tmp_path: Path) -> None:
    text = "temperature,Ca,alkalinity,pH\n10,80.156,4,7.5\n"
    frame, understood = read(tmp_path, text, units={"Ca": "mg/L"})
    assert frame["m_ca"][0] < 2.0 and not understood["warnings"]
    with pytest.raises(InputError, match="no such column"):
        read(tmp_path, text, units={"Mg": "mg/L"})


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        ("B,10,x,1,4,7.5", "ca is not a number ('x')"),
        ("B,10,-5,1,4,7.5", "negative concentration: ca (-0.1248)"),
        ('B,10,"1,234.5",1,4,7.5', "ca is not a number: a comma in a table with decimal '.' ('1,234.5')"),
        ("B,10,inf,1,4,7.5", "ca is not a number ('inf')"),
        ("B,10,1e300,1,4,7.5", "ca outside 0..10000 (2.495e+298)"),
        ("B,10,80,1", "row has a wrong number of cells (4 cells for 6 columns)"),
        ("B,10,80,1,4,7.5,9", "row has a wrong number of cells (7 cells for 6 columns)"),
        ("B,,80,1,4,7.5", "temperature missing"),
        ("B,288,80,1,4,7.5", "temperature outside -5..100 (288)"),
        ("B,10,80,1,-9999,7.5", "alkalinity missing"),
        (
            "B,10,80,1,4,4",
            "carbonate variables contradict each other: pco2 would be outside 0..10",
        ),
        ("B,10,80,1,4,75", "ph outside 0..14 (75)"),
    ],
)
def test_a_bad_row_is_flagged_and_the_rest_is_done(tmp_path: Path, line: str, flag: str) -> None:
    flags, solved = rows(tmp_path, line, GOOD.strip())
    assert flags == [flag, ""] and solved == [False, True]


@pytest.mark.parametrize(
    "cell", ["", "-", "--", "NA", "n/a", "nan", "nd", "n.d.", "-9999", "-999", "-9999.000", "#N/A"]
)
def test_a_missing_ion_counts_as_zero_and_is_said(tmp_path: Path, cell: str) -> None:
    flags, solved = rows(tmp_path, f"B,10,80,{cell},4,7.5")
    assert flags == ["k missing, taken as 0"] and solved == [True]


def test_a_missing_calcium_is_not_supposed(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, HEADER + "B,10,,1,4,7.5\n" + GOOD)
    assert frame["flag"][0] == "ca missing" and np.isnan(frame["pco2"][0]) and np.isfinite(frame["pco2"][1])


def test_below_detection_is_half_the_limit_and_is_said(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, HEADER + "B,10,80,<0.5,4,7.5\nC,10,80,0.25,4,7.5\nD,10,80,bdl,4,7.5\n")
    assert frame["flag"].tolist() == [
        "k below detection: half the limit taken ('<0.5')",
        "",
        "k below detection: taken as 0 ('bdl')",
    ]
    assert frame["si_calcite"][0] == frame["si_calcite"][1]
    assert frame["k_mg_l"].tolist() == ["<0.5", 0.25, "bdl"]


@pytest.mark.parametrize("cell", ["n.b.", "n. b.", "N.B.", "k.A.", "k. A.", "keine Angabe"])
def test_german_marks_of_a_missing_value(tmp_path: Path, cell: str) -> None:
    """Not determined, no statement."""
    flags, solved = rows(tmp_path, f"B,10,80,{cell},4,7.5")
    assert flags == ["k missing, taken as 0"] and solved == [True]
    frame, _ = read(tmp_path, HEADER + f"B,10,{cell},1,4,7.5\n" + GOOD)
    assert frame["flag"][0] == "ca missing"


def test_a_german_value_that_is_not_detectable_is_below_detection(tmp_path: Path) -> None:
    flags, solved = rows(tmp_path, "B,10,80,n.n.,4,7.5")
    assert flags == ["k below detection: taken as 0 ('n.n.')"] and solved == [True]


def test_reasons_are_counted_with_their_lines(tmp_path: Path) -> None:
    _, understood = read(tmp_path, HEADER + GOOD + "B,10,x,1,4,7.5\n\nC,10,y,1,4,7.5\n")
    assert understood["reasons"] == {"ca is not a number": [3, 5]}
    assert (understood["rows"], understood["solved"]) == (3, 1)


def test_bicarbonate_and_carbonate_give_the_alkalinity(tmp_path: Path) -> None:
    text = "T (°C),Ca (mmol/L),HCO3 (mg/L),CO3 (mg/L),pH\n"
    text += "10,2,183.051,30.004,8.3\n10,2,183.051,<5,8.3\n10,2,183.051,,8.3\n"
    frame, understood = read(tmp_path, text)
    assert frame["alkalinity"].tolist() == pytest.approx([4.0, 3.0, 3.0])
    assert frame["flag"].tolist() == ["", "co3 below detection: taken as 0 ('<5')", ""]
    supposed = {c["header"]: c["assumption"] for c in understood["columns"]}
    assert supposed["HCO3 (mg/L)"] == "hco3 as reported counts as carbonate alkalinity"


def test_rows_use_the_preferred_pair_they_hold(tmp_path: Path) -> None:
    text = "temperature,ca,alkalinity,ph,dic\n10,2,4,7.5,99\n10,2,,7.5,4.3\n10,2,4,,4.3\n10,2,,7.5,\n"
    frame, understood = read(tmp_path, text)
    assert frame["alkalinity_computed"][0] == 4.0 and frame["ph_computed"][0] == 7.5
    assert frame["dic_computed"][1] == pytest.approx(4.3) and frame["dic_computed"][2] == pytest.approx(4.3)
    assert frame["flag"][3] == "alkalinity missing; dic missing" and understood["solved"] == 3
    assert any("alkalinity and ph (1 rows), else dic and ph (1 rows)" in a for a in understood["assumptions"])
    assert frame["dic"].tolist()[0] == 99.0  # passed on


def test_one_carbonate_variable_takes_the_charge_balance(tmp_path: Path) -> None:
    frame, understood = read(tmp_path, "temperature,ca,cl,ph\n10,2,1,7.5\n10,2,,7.5\n")
    assert frame["alkalinity"][0] == pytest.approx(3.0)
    assert frame["flag"].tolist() == ["", "missing value in cl: no charge balance"]
    assert "alkalinity is taken from the charge balance of the ions" in understood["assumptions"]


def test_of_several_columns_the_field_value_is_taken_and_equal_ones_must_agree(tmp_path: Path) -> None:
    text = "Temp_sc,Temp_pH,pH_lab,pH (field),Ca (mg/L),Ca (meq/L),alk (meq/L)\n20,10,8,7.5,80.156,4,4\n"
    frame, understood = read(tmp_path, text)
    assert frame["ph"][0] == 7.5
    assert dict(understood["unused"]) == {
        "pH_lab": "ph is taken from 'pH (field)'",
        "Ca (meq/L)": "ca is taken from 'Ca (mg/L)'",
        "Temp_sc": "temperature is taken from 'Temp_pH'",
    }
    with pytest.raises(InputError, match="both give ca"):
        read(tmp_path, text.replace(",4,4\n", ",9,4\n"))


def test_unclear_columns_stop_only_what_needs_them(tmp_path: Path) -> None:
    frame, understood = read(
        tmp_path, "temperature,ca,dic,ph,Alkalinity (mg/L),Rb (mg/L)\n10,2,4,7.5,200,1\n"
    )
    assert np.isfinite(frame["si_calcite"][0])
    assert dict(understood["unused"])["Alkalinity (mg/L)"].startswith("ambiguous: a mass of what?")
    assert dict(understood["unused"])["Rb (mg/L)"] == "name not known"
    with pytest.raises(InputError, match="a mass of what"):
        read(tmp_path, "temperature,ca,ph,Alkalinity (mg/L)\n10,2,7.5,200\n")
    with pytest.raises(InputError, match="not known"):
        read(tmp_path, "temperature,Ca (mg),dic,ph\n10,2,4,7.5\n")


def test_milligrams_without_a_unit_are_warned_of(tmp_path: Path) -> None:
    _, understood = read(tmp_path, "temperature,Ca,Mg,alkalinity,pH\n10,80,12,4,7.5\n10,90,13,4,7.5\n")
    assert any("median of ca is 85 mol m-3" in w for w in understood["warnings"])
    assert any("do not balance" in w for w in understood["warnings"])
    _, understood = read(tmp_path, "temperature,Ca,Mg,alkalinity,pH\n10,2,0.1,4.1,7.5\n")
    assert not understood["warnings"]


def test_repeated_and_blank_headers_of_other_columns_pass(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, ",note,note,temperature,ca,alkalinity,ph\n0,a,b,10,1,2,8\n")
    assert frame.columns[:3].tolist() == ["column 1", "note", "note (2)"]


def test_quotation_marks_that_do_not_pair_lose_no_row(tmp_path: Path) -> None:
    frame, understood = read(tmp_path, HEADER + '"A 5" pipe,10,80,1,4,7.5\n"B,10,80,1,4,7.5\n' + GOOD)
    assert len(frame) == 3 and understood["solved"] == 3
    assert any("quotation marks" in a for a in understood["assumptions"])


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "waters.csv"
    path.write_text(HEADER + GOOD)
    (tmp_path / "link.csv").symlink_to(path)
    for out in (path, tmp_path / "link.csv"):
        with pytest.raises(InputError, match="is the input itself"):
            speciate_csv(path, out)
    assert path.read_text() == HEADER + GOOD


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\x00\x01\x02", "not a text file"),
        (b"\xff\xfe\x00", "not UTF-16"),
        (b"just one line", "no header"),
        (b"\xef\xbb\xbf", "no rows"),
        (b"temperature,ca,alkalinity,ph\n# nothing\n", "no rows"),
    ],
)
def test_files_that_are_no_table_are_named(tmp_path: Path, data: bytes, named: str) -> None:
    (tmp_path / "waters.csv").write_bytes(data)
    with pytest.raises(InputError, match=named):
        speciate_csv(tmp_path / "waters.csv")


@pytest.mark.parametrize(
    "header",
    [
        "Säurekapazität KS4,3 (mmol/l)",
        "Säurekapazität bis pH 4,3 (mmol/l)",
        "KS 4,3 [mmol/L]",
        "Saeurekapazitaet (mmol/l)",
    ],
)
def test_alkalinity_under_its_german_name(tmp_path: Path, header: str) -> None:
    """Acid capacity to pH 4.3 is the alkalinity; that to pH 8.2 is another quantity and is passed on."""
    header = f"Temperatur (°C);pH-Wert;{header};Säurekapazität bis pH 8,2 (mmol/l);Calcium (mg/l)"
    text = f"{header}\n10,0;7,3;4,4;0,1;85,2\n"
    frame, understood = read(tmp_path, text)
    assert frame["alkalinity"].tolist() == [pytest.approx(4.4)]
    assert len(understood["unused"]) == 1


def test_dic_and_pressure_that_do_not_tell_the_ph() -> None:
    """In acid water nearly all DIC is CO2: the reason says so, where the two may well belong to one water."""
    acid = speciate(temperature=25.0, ph=4.0, dic=1.0)
    found = speciate(temperature=25.0, pco2=float(acid.pco2), dic=1.0)
    assert np.isnan(found.ph) and "does not tell the pH" in str(found.flag.values)

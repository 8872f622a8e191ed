"""Headers of monitoring tables: what they are taken for, with which factor, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.chemistry.api.columns import choose_columns, parse_header
from karstsim.core.errors import InputError

pytestmark = pytest.mark.nojit

# header, quantity, a value under it, the value in the canonical unit (molar masses: IUPAC 2021)
UNDERSTOOD = [
    ("Ca (mg/L)", "ca", 40.078, 1.0),
    ("Ca2+ mg/l", "ca", 40.078, 1.0),
    ("Ca²⁺ (mg·L⁻¹)", "ca", 40.078, 1.0),
    ("Ca+2 [mg L-1]", "ca", 40.078, 1.0),
    ("Ca++ [meq/L]", "ca", 2.0, 1.0),
    ("Calcium, dissolved (mg/L as Ca)", "ca", 40.078, 1.0),
    ("Dissolved calcium, mg/litre", "ca", 40.078, 1.0),
    ("Calcium (mg/L as CaCO3)", "ca", 100.087, 1.0),
    ("Ca (mM)", "ca", 1.0, 1.0),
    ("Ca (mmol m-3)", "ca", 1000.0, 1.0),
    ("ca_mol_m3", "ca", 1.0, 1.0),
    ("Mg (mg/L)", "mg", 24.305, 1.0),
    ("Mg2+ (µg/L)", "mg", 24305.0, 1.0),
    ("Na+ (mg/kg)", "na", 22.990, 1.0),
    ("K+ (µmol/L)", "k", 1000.0, 1.0),
    ("Cl- (ppm)", "cl", 35.45, 1.0),
    ("SO42- (mmol/l)", "so4", 1.0, 1.0),
    ("SO4 2- (mg/l)", "so4", 96.06, 1.0),
    ("SO₄²⁻ (mval/L)", "so4", 2.0, 1.0),
    ("SO4 as S (mg/L)", "so4", 32.06, 1.0),
    ("Sulphate [mg/L]", "so4", 96.06, 1.0),
    ("NO3-N (mg/L)", "no3", 14.007, 1.0),
    ("N-NO3 (mg/L)", "no3", 14.007, 1.0),
    ("NO3 as N mg/L", "no3", 14.007, 1.0),
    ("NO3- (mg/L)", "no3", 62.004, 1.0),
    ("NO3+NO2 as N (mg/L)", "no3", 14.007, 1.0),
    ("Alkalinity (mg/L as CaCO3)", "alkalinity", 100.087, 2.0),
    ("Total alkalinity (mg CaCO3/L)", "alkalinity", 100.087, 2.0),
    ("T. Alk (mg/L CaCO3)", "alkalinity", 100.087, 2.0),
    ("Alkalinity as HCO3 (mg/L)", "alkalinity", 61.017, 1.0),
    ("Alk_meq", "alkalinity", 3.0, 3.0),
    ("TAlk (meq/l)", "alkalinity", 3.0, 3.0),
    ("ANC (µeq/L)", "alkalinity", 3000.0, 3.0),
    ("TA (µmol/kg)", "alkalinity", 3000.0, 3.0),
    ("HCO3 (mg/L)", "hco3", 61.017, 1.0),
    ("HCO3- [mg L-1]", "hco3", 61.017, 1.0),
    ("Bicarbonate (meq/L)", "hco3", 1.0, 1.0),
    ("HCO3 (mg/L as CaCO3)", "hco3", 100.087, 2.0),
    ("CO3-- (mg/L)", "co3", 60.008, 1.0),
    ("DIC (mgC/L)", "dic", 12.011, 1.0),
    ("TIC (mg C/L)", "dic", 12.011, 1.0),
    ("Dissolved inorganic carbon (mmol/L)", "dic", 1.0, 1.0),
    ("Temp (°C)", "temperature", 12.0, 12.0),
    ("T (C)", "temperature", 12.0, 12.0),
    ("T_water", "temperature", 12.0, 12.0),
    ("Temp_pH", "temperature", 12.0, 12.0),
    ("WT [°C]", "temperature", 12.0, 12.0),
    ("Water temp", "temperature", 12.0, 12.0),
    ("Température (°C)", "temperature", 12.0, 12.0),
    ("Water temperature (deg C)", "temperature", 12.0, 12.0),
    ("Temperature (°F)", "temperature", 50.0, 10.0),
    ("Temp (K)", "temperature", 283.15, 10.0),
    ("pH (field)", "ph", 7.0, 7.0),
    ("Field pH", "ph", 7.0, 7.0),
    ("pH_lab", "ph", 7.0, 7.0),
    ("pH [-]", "ph", 7.0, 7.0),
    ("pH (std units)", "ph", 7.0, 7.0),
    ("log pCO2", "pco2", -2.0, 1e-2),
    ("Log(PCO2)", "pco2", -2.0, 1e-2),
    ("log10 pCO2 (atm)", "pco2", -2.0, 1e-2),
    ("-log pCO2", "pco2", 2.0, 1e-2),
    ("PCO2 (ppm)", "pco2", 400.0, 4e-4),
    ("pCO2 [kPa]", "pco2", 101.325, 1.0),
]


@pytest.mark.parametrize(("header", "name", "value", "canonical"), UNDERSTOOD)
def test_headers_of_monitoring_tables(header: str, name: str, value: float, canonical: float) -> None:
    column = parse_header(header)
    assert column is not None and column.name == name
    assert column.convert(np.array([value]))[0] == pytest.approx(canonical, rel=1e-6)


@pytest.mark.parametrize(
    "header",
    [
        "Sample ID", "Date", "EC (µS/cm)", "Air temp (°C)", "T_air", "T", "TA", "Ca/Mg", "Mg/Ca (molar)", "Ca_sd",
        "pH error", "DIC_iso", "d13C-DIC", "δ13C DIC (‰)", "CO2_aq", "CO2 (ppm)", "Nitrite (mg/L)", "SI calcite",
        "Total hardness (mg/L CaCO3)", "Dissolved oxygen (mg/L)", "TOC (mg/L)", "Remark", "Kalkstein", "Season",
    ],
)  # fmt: skip
def test_other_columns_are_no_chemistry(header: str) -> None:
    assert parse_header(header) is None


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("Alkalinity (mg/L)", "a mass of what"),
        ("DIC (mg/L)", "a mass of what"),
        ("Bicarb", "without a unit"),
        ("Ca (mg)", "not known"),
        ("Ca+Mg (meq/L)", "not known"),
        ("Na+K (mg/L)", "not known"),
        ("Ca (%)", "not known"),
        ("NO3-N", "not known"),
        ("pH 25C", "not known"),
        ("Temp_est", "not known"),
        ("log Ca (mol/L)", "logarithms"),
        ("mg/L", "not known"),
    ],
)
def test_unclear_headers_are_refused_with_a_mend(header: str, named: str) -> None:
    with pytest.raises(InputError, match=named) as error:
        parse_header(header)
    assert header in error.value.where and error.value.mend


@pytest.mark.parametrize(
    ("header", "supposed"),
    [
        ("ca", ""),
        ("pH", ""),
        ("Ca (mg/L)", ""),
        ("Ca", "no unit: read as mol m-3"),
        ("TAlk", "no unit: read as eq m-3"),
        ("Temp", "no unit: read as degC"),
        ("Alk_meq", "no volume in the unit: read as per litre"),
        ("Cl (ppm)", "ppm and ppb read as mg/kg and µg/kg"),
        ("PCO2 (ppm)", "a share of air, read as at 1 atm"),
        ("pCO2 (%)", "a share of air, read as at 1 atm"),
        ("pCO2 (uatm)", ""),
        ("TIC (mmol/L)", "total inorganic carbon read as dissolved"),
        ("HCO3 (mg/L)", "hco3 as reported counts as carbonate alkalinity"),
        ("Alkalinity (mmol/L)", "moles of alkalinity read as equivalents"),
        ("NO3+NO2 as N (mg/L)", "nitrite counted as nitrate"),
    ],
)
def test_what_a_header_leaves_open_is_said(header: str, supposed: str) -> None:
    column = parse_header(header)
    assert column is not None and column.assumption == supposed


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("Ca (mg/L)", "mg/L / 40.078"),
        ("SO4 as S (mg/L)", "mg S/L / 32.06"),
        ("K+ (µmol/L)", "µmol/L / 1000"),
        ("temperature_k", "K - 273.15"),
        ("log pCO2", "10^x, atm"),
        ("ca", "mol m-3"),
        ("pH", ""),
    ],
)
def test_the_rule_is_shown_as_people_write_it(header: str, rule: str) -> None:
    column = parse_header(header)
    assert column is not None and column.rule() == rule


def test_bicarbonate_counts_only_without_an_alkalinity() -> None:
    assert set(choose_columns(["HCO3 (mg/L)", "CO3 (mg/L)"])) == {"hco3", "co3"}
    assert set(choose_columns(["HCO3 (mg/L)", "Alk (meq/L)"])) == {"alkalinity"}
    assert not choose_columns(["CO3 (mg/L)"])

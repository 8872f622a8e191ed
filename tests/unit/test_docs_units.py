"""Units, formulas and signs on pages of the documentation: as print has them, left alone where they are typed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

PRINTED = Path(__file__).parents[2] / "docs" / "printed.py"


@pytest.fixture(scope="module")
def page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("printed", PRINTED)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("| sink (t C km-2 a-1) | mm d-1 |", "| sink (t C km⁻² a⁻¹) | mm d⁻¹ |"),
        ("umol m-2 s-1, mol m-3.", "µmol m⁻² s⁻¹, mol m⁻³."),
        ("m-3.5 and e-3", "m-3.5 and e-3"),
        ("`mm d-1` and $m-2$ and [m-3](m-3.md)", "`mm d-1` and $m-2$ and [m⁻³](m-3.md)"),
        ("```\nmol m-2\n```\nmol m-2", "```\nmol m-2\n```\nmol m⁻²"),
        ("years 1-2, A-1, d-10, 5-95 %, DZ/T 0375-2021", "years 1–2, A-1, d-10, 5–95 %, DZ/T 0375-2021"),
        ("(2,270-10,700), +4-9 %, 2026-11-27, v1.2-3", "(2,270–10,700), +4–9 %, 2026-11-27, v1.2-3"),
        ("2,000-2,500, 1,080-6,800, or -180-180", "2,000–2,500, 1,080–6,800, or −180–180"),
        ("10^-3.4 atm, 1e-12, 6.5e-15, 1.118e+04 ppm", "10⁻³·⁴ atm, 10⁻¹², 6.5 × 10⁻¹⁵, 1.118 × 10⁴ ppm"),
        ("[HCO3] - 2 [SO4], HCO3 - Ca, a - b", "[HCO₃] − 2 [SO₄], HCO₃ − Ca, a - b"),
        ("<br>d13C, (14C), **CO2**", "<br>δ¹³C, (¹⁴C), **CO₂**"),
        ("CaHCO3+, permille ppm-1 |, x 8-12, x axis", "CaHCO₃⁺, ‰ ppm⁻¹ |, × 8–12, x axis"),
        ("| permille ppm-1 | permille |", "| ‰ ppm⁻¹ | ‰ |"),
        ("22 million km2, 10 m3 s-1, 0.5 m2 per m3", "22 million km², 10 m³ s⁻¹, 0.5 m² per m³"),
        ("area_km2, x.m2.csv, V2Karst", "area_km2, x.m2.csv, V2Karst"),
        ("10^-3 atm, 10^5 years", "10⁻³ atm, 10⁵ years"),
        ("CO2, pCO2, HCO3/(Ca + Mg), HCO3-, CaCO3", "CO₂, pCO₂, HCO₃/(Ca + Mg), HCO₃⁻, CaCO₃"),
        (
            "PyCO2SYS, `CO2`, rcp.CO2, soil.co2_law, x CO2.csv",
            "PyCO2SYS, `CO2`, rcp.CO2, soil.co2_law, x CO2.csv",
        ),
        ("13C, 14C, 13CO2 and d13C of -12.5 permil", "¹³C, ¹⁴C, ¹³CO₂ and δ¹³C of −12.5 ‰"),
        ("within a permil; | permille | d13C (permil) |", "within a permil; | ‰ | δ¹³C (‰) |"),
        ("14.1 degC, mm degC-1 d-1, 17 us, 4 um, give us", "14.1 °C, mm °C⁻¹ d⁻¹, 17 µs, 4 µm, give us"),
        ("m2 mg-1, g MJ-1, s2 m-3 | um | 31 ug/L", "m² mg⁻¹, g MJ⁻¹, s² m⁻³ | µm | 31 µg/L"),
        ("degC-1.5, K-0.5, ppm-1", "°C⁻¹·⁵, K⁻⁰·⁵, ppm⁻¹"),
        ("| >= 0.9 | SI <= 0, x>=1", "| ≥ 0.9 | SI ≤ 0, x>=1"),
        ("29.95 (+-3.6), 0.52 +- 0.24", "29.95 (±3.6), 0.52 ± 0.24"),
        ("(-13.9 to -10.3) | -5 % |", "(−13.9 to −10.3) | −5 % |"),
        ("-9999 and -99 are missing; kill -9 at noon", "-9999 and -99 are missing; kill -9 at noon"),
        (
            "https://doi.org/10.1/CO2 and doi:10.5194/gmd-8-CO2",
            "https://doi.org/10.1/CO2 and doi:10.5194/gmd-8-CO2",
        ),
    ],
)
def test_printed(page: ModuleType, text: str, shown: str) -> None:
    assert page.printed(text).replace(page.WHOLE, " ").replace(page.JOINED, "") == shown


@pytest.mark.parametrize(
    "text",
    [
        "g C m-2 a-1",
        "31 %",
        "10 m3 s-1",
        "5 degC",
        "-12.5 permil",
        "40 Mt C a-1",
        "2.5 mg/L",
        "7 us",
        "2\nkm2",
        "-13.2\npermil",
    ],
)
def test_a_number_and_its_unit_stay_in_one_line(page: ModuleType, text: str) -> None:
    assert not set(" \n") & set(page.printed(text))


def test_a_range_stays_in_one_line(page: ModuleType) -> None:
    assert page.printed("220-608 Mt") == f"220–{page.JOINED}608{page.WHOLE}Mt"


def test_a_unit_after_a_word_may_begin_a_line(page: ModuleType) -> None:
    assert page.printed("the sink, t C km-2") == f"the sink, t{page.WHOLE}C{page.WHOLE}km⁻²"


def test_a_balance_at_the_margin_stands_as_an_equation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PRINTED.parent)
    generate = importlib.import_module("generate")
    shown = generate._paragraphs("A store.\n\ndV/dt = R - V/K, the excess runs off\n\ndt is a day.")
    assert shown == "A store.\n\n```text\ndV/dt = R - V/K, the excess runs off\n```\n\ndt is a day.\n"
    law = "    p = a + b c" + 90 * " " + "(atm)"
    assert generate._paragraphs(law) == "```text\np = a + b c   (atm)\n```\n"
    assert generate._paragraphs(law + "\n    p = d") == f"```text\n{law[4:]}\np = d\n```\n"

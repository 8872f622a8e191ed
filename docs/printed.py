"""How pages print what their sources type on a keyboard: t CO2 km-2 a-1 as t CO₂ km⁻² a⁻¹, -12.5 permil as −12.5 ‰.

Code, formulas, links and addresses stay as they are typed.
"""

from __future__ import annotations

import re

KEPT = re.compile(
    r"(^```.*?^```|``[^`]+``|`[^`\n]+`|\$[^$\n]+\$|\]\([^)]*\)|^---$.*?^---$|https?://\S+|\b10\.\d{4,}/\S+)",
    re.MULTILINE | re.DOTALL,
)
RAISED = str.maketrans("-.0123456789", "⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
UNITS = "mm|cm|km|m|kg|mg|g|mol|MJ|L|ha|s|h|d|day|ka|a|yr|year|K|V"
FORMULAS = "H2SO4|CaHCO3|CaCO3|CaSO4|HCO3|CO3|CO2|HNO3|NO3|SO4|H2O|O2"
PERMIL = re.compile(  # as a unit, not in "within a permil"
    r"(?<=\d )permil\b|(?<=\()permil(?=\))|(?<=\| )permil(?:le)?(?= \|)|(?<=, )permil(?= ?[|(])"
)
RULES = (
    (re.compile(r"(?<![\w-])(degC|ppm|K)(-\d(?:\.\d)?)(?![\w-])"), lambda m: m[1] + m[2].translate(RAISED)),
    (re.compile(rf"(?<![\w-])({UNITS})(-[1-3])(?![\w-]|\.\d)"), lambda m: m[1] + m[2].translate(RAISED)),
    (re.compile(r"(?<![\w-])([kcdm]?m|s)([23])(?![\w-]|\.\w)"), lambda m: m[1] + m[2].translate(RAISED)),
    (re.compile(r"(?<![\w.])10\^\(?(-?\d+)\)?"), lambda m: "10" + m[1].translate(RAISED)),
    (re.compile(r"\bd13C\b"), lambda m: "δ¹³C"),
    (re.compile(r"\b(1[34])(?=C\b|CO2\b)"), lambda m: m[1].translate(RAISED)),
    (re.compile(r"\bHCO3-(?=[\s,.;)])"), lambda m: "HCO₃⁻"),
    (
        re.compile(rf"(?<![A-Za-z_.])([pf]?)({FORMULAS})(?![\w]|\.\w)"),
        lambda m: m[1] + m[2].translate(LOWERED),
    ),
    (re.compile(r"\bdegC\b(?!-)"), lambda m: "°C"),
    (PERMIL, lambda m: "‰"),
    (re.compile(r"(?<=\d )u(?=[sm]\b)|(?<=\| )u(?=m \|)|\bu(?=(?:mol|atm|eq|g/L|S)\b)"), lambda m: "µ"),
    (re.compile(r"\+-(?= ?\d)"), lambda m: "±"),
    (re.compile(r"(?<=[\s(])([<>])=(?= )"), lambda m: "≤" if m[1] == "<" else "≥"),
    (re.compile(r"(?<=[\s(|,])-(?=\d)(?!99|9 )"), lambda m: "−"),
)  # a minus before 99 is a code of missing values, "kill -9" a command


def printed(text: str) -> str:
    """The text of a page as print has it."""
    parts = KEPT.split(text)
    for pattern, instead in RULES:
        parts[::2] = [pattern.sub(instead, part) for part in parts[::2]]
    return "".join(parts)

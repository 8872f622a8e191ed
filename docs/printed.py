"""How pages print what their sources type on a keyboard: t CO2 km-2 a-1 as t CO₂ km⁻² a⁻¹, -12.5 permil as −12.5 ‰.

A unit stays in one line with its number. Code, formulas, links and addresses stay as they are typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

KEPT = re.compile(
    r"(^```.*?^```|``[^`]+``|`[^`\n]+`|\$[^$\n]+\$|\]\([^)]*\)|^---$.*?^---$|https?://\S+|\b10\.\d{4,}/\S+)",
    re.MULTILINE | re.DOTALL,
)
RAISED = str.maketrans("-.0123456789", "⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
WHOLE = "\u00a0"  # a space at which no line breaks
JOINED = "\u2060"  # no width, and no line breaks at it
WITH_POWERS = "mm|cm|km|m|kg|mg|g|mmol|mol|MJ|L|ha|s|h|d|day|ka|a|yr|year|K|V|ppm|degC"
ALONE = "%|‰|µ?atm|µmol|µs|µm|µeq|meq|eq|ms|min|Pa|kPa|W|MW|t|Mt|Gt|Pg|GB|MB|KB|°C|mg/L|meq/L|mmol/L"
FORMULAS = [
    "H2SO4",
    "CaHCO3",
    "CaCO3",
    "CaSO4",
    "HCO3",
    "CO3",
    "pCO2",
    "fCO2",
    "CO2",
    "HNO3",
    "NO3",
    "SO4",
    "H2O",
    "O2",
]
WORDS = {formula: formula.translate(LOWERED) for formula in FORMULAS} | {
    "HCO3-": "HCO₃⁻",
    "CaHCO3+": "CaHCO₃⁺",
    "13C": "¹³C",
    "14C": "¹⁴C",
    "d13C": "δ¹³C",
    "13CO2": "¹³CO₂",
    "14CO2": "¹⁴CO₂",
    "degC": "°C",
}
LONGEST_FIRST = "|".join(re.escape(word) for word in sorted(WORDS, key=len, reverse=True))
PERMIL = r"(?<!\ba )(?<!\bin )\bpermil(?:le)?\b"  # as a unit, not in "within a permil"


def _scientific(found: re.Match[str]) -> str:
    """1e-12 as 10⁻¹², 2.5e+04 as 2.5 × 10⁴."""
    power = "10" + str(int(found[2])).translate(RAISED)
    return power if found[1] == "1" else f"{found[1]}{WHOLE}×{WHOLE}{power}"


# In this order: powers are raised before the words that carry them are printed, signs and spaces come last.
RULES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (
        rf"(?<![\w-])({WITH_POWERS})(-(?:[01]\.5|[1-3]))(?![\w-]|\.\d)",
        lambda m: m[1] + m[2].translate(RAISED),
    ),
    (r"(?<![\w-])([kcdm]?m|s)([23])(?![\w-]|\.\w)", lambda m: m[1] + m[2].translate(RAISED)),
    (r"(?<![\w.])10\^\(?(-?\d+(?:\.\d+)?)\)?", lambda m: "10" + m[1].translate(RAISED)),
    (r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)(?![\w.]\w)", _scientific),
    (rf"(?<![A-Za-z_.\d])(?:{LONGEST_FIRST})(?!\w|\.\w)", lambda m: WORDS[m[0]]),
    (r"\+-(?= ?\d)", "±"),
    (r"(?<=[\s(|])>=(?=\s)", "≥"),
    (r"(?<=[\s(|])<=(?=\s)", "≤"),
    (PERMIL, "‰"),
    (
        r"(?<=\d )u(?=[sm]\b)|(?<=\| )u(?=m \||s of )|(?<=CPU )u(?=s )|(?<=wall )u(?=s )|\bu(?=(?:mol|atm|eq|g/L|S)\b)",
        "µ",
    ),
    (r"(?<=[\s(])x(?= \d)", "×"),
    (r"(?<=[\s(|,])(?<!kill )-(?=\d)(?!99)", "−"),  # -99 is a code of missing values, "kill -9" a command
    (
        r"(?<![\w./^-])(?!0\d)(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)-(?=\d+(?:\.\d+)?(?![\w/-]|\.\d))",
        rf"\1–{JOINED}",
    ),
    (r"(?<=[\w)\]}]) - (?=[\d(\[A-Z])", " − "),
    (rf"(?<=[\d⁰-⁹)])[ \n](?=(?:{WITH_POWERS}|{ALONE})(?![\w]))", WHOLE),
    (rf"(?<=\S)[ \n](?=(?:{WITH_POWERS}|°C)[⁻²³])", WHOLE),
    (r"\b([kMGP]?[gt])[ \n](?=(?:C|N|CO₂)\b)", rf"\1{WHOLE}"),
)
COMPILED = [(re.compile(pattern), instead) for pattern, instead in RULES]


def printed(text: str) -> str:
    """The text of a page as print has it."""
    parts = KEPT.split(text)
    for pattern, instead in COMPILED:
        parts[::2] = [pattern.sub(instead, part) for part in parts[::2]]
    return "".join(parts)

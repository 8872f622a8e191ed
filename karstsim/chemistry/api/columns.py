"""Names of the columns of a table of waters.

A header is a name and, optionally, words about the sample and a unit: ``ca``, ``ca_mg_l``, ``Ca2+ [meq/L]``,
``Calcium, dissolved (mg/L as Ca)``, ``alkalinity_mg_caco3_l``, ``Temp (°C)``, ``log10 pCO2 (atm)``. What a header
leaves open is never filled in silently: it is either refused or written into `Column.assumption`.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from karstsim.chemistry.api.units import UNITS, Unit, UnitError, unit_of
from karstsim.core.errors import InputError

IONS = ("ca", "mg", "na", "k", "cl", "so4", "no3")
CARBONATE = ("alkalinity", "dic", "ph", "pco2")
INPUTS = ("temperature", *IONS, *CARBONATE)
REPORTED = ("hco3", "co3")  # columns from which the alkalinity is taken when no column gives it
_SPELLINGS = {
    "temperature": "temperature temp temperatur wtemp watertemp wassertemperatur temp_ph temperature_ph t_ph t_water "
    "twater temp_water temperatura",
    "ca": "ca calcium calcio kalzium kalcij",
    "mg": "mg magnesium magnesio magnezij",
    "na": "na sodium natrium sodio natrij",
    "k": "k potassium kalium potasio potassio kalij",
    "cl": "cl chloride chlorid klorid chlorures chlorure cloruro cloruros cloruri cloreto cloretos",
    "so4": "so4 sulfate sulphate sulfat sulfates sulfato sulfatos solfato solfati",
    "no3": "no3 nitrate nitrat nitrates nitrato nitratos nitrati no3_no2 no2_no3",
    "hco3": "hco3 bicarb bicarbonate bicarbonates bicarbonato bicarbonatos bicarbonati hydrogencarbonate "
    "hydrogen_carbonate hydrogencarbonat hydrogenkarbonat hydrogenocarbonate hydrogenocarbonates bikarbonat",
    "co3": "co3 carb carbonate",
    "alkalinity": "alkalinity alk alkal talk t_alk total_alkalinity total_alk tot_alk anc "
    "acid_neutralizing_capacity alcalinite alkalinitat alcalinidad alcalinidade alcalinita "
    "bicarbonate_alkalinity hco3_alkalinity carbonate_alkalinity "
    "saurekapazitat",
    "dic": "dic tic inorganic_carbon tco2 t_co2",
    "ph": "ph",
    "pco2": "pco2",
}
_NAMES = {spelling: name for name, text in _SPELLINGS.items() for spelling in text.split()}
_WITH_UNIT = {"t": "temperature", "tw": "temperature", "wt": "temperature", "ta": "alkalinity", "ct": "dic"}
_MEANING = {
    "tic": "total inorganic carbon read as dissolved",
    "inorganic_carbon": "inorganic carbon read as dissolved",
    "no3_no2": "nitrite counted as nitrate",
    "no2_no3": "nitrite counted as nitrate",
}
_RANK = {  # of two columns of one quantity the one with the lower sum is taken
    "field": -2, "situ": -2, "insitu": -2, "dissolved": -1, "diss": -1, "filtered": -1, "filt": -1,
    "water": 0, "conc": 0, "concentration": 0, "measured": 0, "ion": 0, "ions": 0, "value": 0, "content": 0, "in": 0,
    "total": 1, "tot": 1, "unfiltered": 1, "lab": 2, "laboratory": 2, "sc": 2, "ec": 2, "logger": 2,
}  # fmt: skip
_TEMPERATURE_OF_PH = frozenset(
    ("temp_ph", "temperature_ph", "t_ph")
)  # the temperature that belongs to the pH
_ABOUT_NAMES = (  # a column about a quantity, not the quantity
    "sd stdev se err error unc uncertainty flag flags qc qual qualifier code remark method lod loq mdl dl "
    "limit iso isotope d13c 13c delta permil 14c date time ratio hardness balance id bottle comment note "
    "load flux si saturation index"
)
_ABOUT = frozenset(_ABOUT_NAMES.split())
_CARRIED_NAMES = (  # constituents and properties that often stand in such tables and are only passed on
    "sr ba fe mn al si sio2 f br i b li p po4 nh4 no2 o2 co2 do doc toc poc tds ec sc spc speccond "
    "conductivity turbidity eh orp q discharge flow d13c d18o d2h depth distance altitude elevation "
    "oxygen nitrite ammonium phosphate silica fluoride bromide hardness balance air soil"
)
_CARRIED = frozenset(_CARRIED_NAMES.split())
_D13C = re.compile(r"^((dic|tic)_)?(d|delta)_?13_?c(?P<rest>((_|t?dic).*)?)$")  # of a header as words
_ABOUT_DIC_NAMES = (
    "dic tic tdic hco3 co3 water spring sample field lab permil per mil mill vpdb pdb v vs measured"
)
_ABOUT_DIC = frozenset(("", *_ABOUT_DIC_NAMES.split()))  # what may follow d13C
_UNIT_TAIL = re.compile(
    r"_(u|m)?(g|mol|eq)(_[a-z0-9]+)?_(l|kgw|kg|m3)$|_(u|m)?(g|mol|eq)_(l|kgw|kg|m3)(_[a-z0-9]+)?$"
)
_SIGN = r"[12]?[+-]{1,2}|[+-]{1,2}[12]?"
_CHARGE = re.compile(rf"(?<=[a-z0-9])\s?\^?(\((?:{_SIGN})\)|(?:{_SIGN}))(?=$|[\s_()\[\]/,;:.])")
_RATIO = re.compile(
    r"^\W*[a-z0-9]+[+-]*\s*[/:]\s*(ca|mg|na|k|cl|so4|no3|hco3|sr|br|sio2)[\d+-]*\s*(ratio|[\[(]|$)"
)
_MINUS_LOG = re.compile(r"^\W*-\s*(log|lg)")
_RESPELL = (
    (r"(^|_)(partial_pressure_of_co2|co2_partial_pressure|p_co2)(?=_|$)", r"\1pco2"),
    (r"^(log10|log|lg)pco2", r"log_pco2"),
    (r"^(log10|lg)_", r"log_"),
    (r"^n_(no3|nitrate)", r"\1_n"),
    (r"^s_(so4|sulfate|sulphate)", r"\1_s"),
    (r"_m_3(?=_|$)", r"_m3"),
    # Titration to pH 4.3, as German laboratories write it: KS4,3, Saeurekapazitaet bis pH 4,3.
    (r"^(sae?urekapazitae?t(_(bis|zum|zu|ks|ph))*_?|ks_?)(4_3)(?=_|$)", r"saurekapazitat"),
    (r"^sae?urekapazitae?t_(.*_)?(ks_?)?8_2(?=_|$)", r"ks8_2"),  # to pH 8.2: another quantity
    (r"^saeurekapazitaet", r"saurekapazitat"),
    (r"_((de_l|de|del|dell)_)?(eau|agua|acqua)(?=_|$)", r"_water"),
    (r"_(de_l|del|dell)_(air|aire|aria)(?=_|$)", r"_air"),
)


@dataclass(frozen=True)
class Column:
    """One input column: canonical = value * factor + offset, or a power of ten of the value times the factor.

    exponent   0 for a plain value, 1 for its log10, -1 for its negative log10
    unit       as people write it; empty when the header gives none
    rank       of several columns of one quantity the lowest is taken
    """

    header: str
    name: str
    factor: float = 1.0
    offset: float = 0.0
    exponent: int = 0
    unit: str = ""
    assumption: str = ""
    rank: int = 0

    def convert(self, values: Any) -> Any:
        """Values (any shape, numpy or dask) in the canonical unit."""
        values = values.astype(np.float64)
        if self.exponent:
            values = np.power(10.0, np.clip(self.exponent * values, -300.0, 300.0))
        return values * self.factor + self.offset

    def rule(self) -> str:
        """How the value becomes canonical, for people: ``mg/L / 40.078``."""
        unit = self.unit or UNITS[self.name].removeprefix("1")
        log = {0: "", 1: "10^x, ", -1: "10^-x, "}[self.exponent]
        scale = "" if self.factor == 1.0 else f" x {self.factor:.6g}"
        if 0.0 < self.factor < 1.0:
            scale = f" / {1.0 / self.factor:.6g}"
        shift = f" {'+-'[self.offset < 0.0]} {abs(self.offset):.6g}" if self.offset else ""
        return f"{log}{unit}{scale}{shift}".strip(", ")


def normalise(header: str) -> str:
    """A header as lower-case words joined by underscores: ``Ca²⁺ (mg/L)`` becomes ``ca_mg_l``."""
    text = re.sub(r"[^a-z0-9]+", "_", _CHARGE.sub("", _plain(header))).strip("_")
    for pattern, spelling in _RESPELL:
        text = re.sub(pattern, spelling, text)
    return text


def is_d13c(header: str) -> bool:
    """Whether a header means d13C of DIC: ``d13C``, ``δ¹³C-DIC (‰)``, ``DIC_d13C``; not that of gas or calcite."""
    found = _D13C.match(normalise(header))
    return found is not None and set(found["rest"].split("_")) <= _ABOUT_DIC


def _plain(header: str) -> str:
    """Lower case without accents, superscripts and exotic signs."""
    header = re.sub("[\u03b4\u0394\u2202]", "d", header)  # the delta of isotopes, and what is typed for it
    text = header.replace("º", "°").replace("℃", "°C").replace("·", " ")
    text = unicodedata.normalize("NFKD", text).lower()
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = text.replace("μ", "u").replace("°", "").replace("%", " percent ").replace("‰", " permil ")
    return re.sub(r"[−–‐‑]", "-", text).replace("^", "").strip()


def parse_header(header: str) -> Column | None:
    """The column that a header names, or None when it is no chemistry that is used here.

    Raises InputError for a known name with an unknown or ambiguous unit, and for an unknown name with a unit.
    """
    plain, text = _plain(header), normalise(header)
    if _RATIO.match(plain):
        return None
    words = text.split("_")
    exponent = 0
    if "log" in words:
        words.remove("log")
        exponent = -1 if _MINUS_LOG.match(plain) else 1
    spelling, rank, rest = _find(words)
    if spelling in _WITH_UNIT and rest:
        column = _column_or_none(header, spelling, rest)
        return column if exponent == 0 else None
    if spelling not in _NAMES:
        _other(header, text)
        return None
    if _ABOUT & set(rest):
        return None
    name = _NAMES[spelling]
    if exponent and name != "pco2":
        raise InputError(
            f"column {header!r}", f"logarithms of {name} are not understood", f"give {name} itself"
        )
    return _column(header, spelling, rest, rank, exponent)


def quantity_of(header: str) -> str | None:
    """The quantity whose name stands in a header, whether or not its unit is understood."""
    words = [word for word in normalise(header).split("_") if word != "log"]
    return _NAMES.get(_find(words)[0])


def _find(words: Sequence[str]) -> tuple[str, int, list[str]]:
    """Longest known name after any leading words about the sample, the rank of those words, and the rest."""
    start, rank = 0, 0
    while start < len(words):
        for length in range(min(3, len(words) - start), 0, -1):
            spelling = "_".join(words[start : start + length])
            if spelling in _NAMES or spelling in _WITH_UNIT:
                return spelling, rank, list(words[start + length :])
        if words[start] not in _RANK:
            break
        rank += _RANK[words[start]]
        start += 1
    return "", 0, list(words)


def _column_or_none(header: str, spelling: str, rest: list[str]) -> Column | None:
    """A name so short that only its unit says what it is: ``T (°C)``."""
    words = [word for word in rest if word not in _RANK]
    name = _WITH_UNIT[spelling]
    try:
        unit = unit_of(name, words)
    except UnitError:
        return None
    return Column(header, name, unit.factor, unit.offset, 0, unit.text, unit.assumption)


def _column(header: str, spelling: str, rest: list[str], rank: int, exponent: int) -> Column:
    """A known name with what follows it: words about the sample and a unit."""
    name = _NAMES[spelling]
    rank += sum(_RANK.get(word, 0) for word in rest) - (spelling in _TEMPERATURE_OF_PH)
    words = [word for word in rest if word not in _RANK]
    if words:
        unit = _known_unit(header, name, words)
    elif name in REPORTED:
        raise InputError(
            f"column {header!r}",
            f"{name} without a unit: laboratories report it in mg/L, mmol/L, meq/L or as CaCO3",
            f"write its unit, for example {name}_mg_l, or give alkalinity",
        )
    else:
        unit = Unit("", assumption=_no_unit(header, name))
    notes = [_MEANING.get(spelling, ""), unit.assumption]
    if name in REPORTED:
        notes.insert(0, f"{name} as reported counts as carbonate alkalinity")
    assumption = "; ".join(note for note in notes if note)
    return Column(header, name, unit.factor, unit.offset, exponent, unit.text, assumption, rank)


def _known_unit(header: str, name: str, words: list[str]) -> Unit:
    try:
        return unit_of(name, words)
    except UnitError as error:
        what, _, mend = str(error).partition(": ")
        if what == "ambiguous":
            what, mend = f"{what}: {mend.split('?')[0]}?", f"write{mend.split('?')[1]}"
        raise InputError(f"column {header!r}", what, mend or "use mmol/L, or drop the column") from None


def _no_unit(header: str, name: str) -> str:
    """The assumption behind a header without a unit; none for the canonical names and for pH."""
    if name == "ph" or header.strip() == name:
        return ""
    return f"no unit: read as {UNITS[name]}"


def _other(header: str, text: str) -> None:
    """Pass a foreign column, or refuse one that looks like chemistry misspelt."""
    words = text.split("_")
    first = next((word for word in words if word not in _RANK), "")
    if first in _CARRIED or words[0] in _CARRIED or _ABOUT & set(words):
        return
    close = difflib.get_close_matches(first, _NAMES, n=1, cutoff=0.8) if len(first) > 3 else []
    if close or _UNIT_TAIL.search("_" + text):
        guess = f"write {close[0]}" if close else f"use one of {', '.join(INPUTS)}"
        raise InputError(f"column {header!r}", "name not known", f"{guess}, or drop the column")


def choose_columns(headers: Iterable[str]) -> dict[str, Column]:
    """Canonical name -> column for a table's headers, hco3 and co3 only where they make the alkalinity.

    Raises InputError when two headers name one quantity, and for what `parse_header` refuses.
    """
    chosen: dict[str, Column] = {}
    for header in headers:
        column = parse_header(str(header))
        if column is None:
            continue
        if column.name in chosen:
            raise InputError(
                f"columns {chosen[column.name].header!r} and {column.header!r}",
                f"both give {column.name}",
                "keep one of them",
            )
        chosen[column.name] = column
    unused = REPORTED if "alkalinity" in chosen or "hco3" not in chosen else ()
    return {name: column for name, column in chosen.items() if name not in unused}


def check_columns(names: Iterable[str], charge_balance: bool) -> None:
    """Whether these quantities determine a water. Raises InputError otherwise."""
    names = list(names)
    if "temperature" not in names:
        raise InputError(
            "temperature", "missing", "give temperature in degC (column temperature or temperature_c)"
        )
    given = [name for name in CARBONATE if name in names]
    if charge_balance:
        if "alkalinity" in given:
            raise InputError("alkalinity", "given together with charge_balance", "drop one of the two")
        if not given:
            raise InputError("carbonate system", "charge_balance needs one more", "add one of dic, ph, pco2")
    elif len(given) < 2:
        have = given[0] if given else "none"
        raise InputError(
            "carbonate system",
            f"two of {', '.join(CARBONATE)} are needed, given: {have}",
            "add one, or set charge_balance=True to take the alkalinity from the ions",
        )

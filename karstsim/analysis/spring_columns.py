"""Headers of tables of springs: discharge, weather, probes, and the chemistry of `karstsim.chemistry.api.columns`.

A header is a name with, optionally, a unit: ``Q (L/s)``, ``discharge_cfs``, ``P [mm]``, ``EC (mS/cm)``. A discharge
without a unit is never guessed; what is supposed of other columns is written into `Column.assumption`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from karstsim.chemistry.api import columns as water
from karstsim.chemistry.api.columns import Column, normalise
from karstsim.chemistry.api.table_cells import LIMITS as WATER_LIMITS
from karstsim.chemistry.api.table_text import Vocabulary
from karstsim.chemistry.api.units import UNITS as WATER_UNITS
from karstsim.chemistry.api.units import UnitError, unit_of
from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError

UNITS = {**WATER_UNITS, "discharge": "m3 s-1", "precipitation": "mm d-1", "evapotranspiration": "mm d-1"} | {
    "air_temperature": "degC",
    "conductivity": "uS cm-1",
    "relative_humidity": "%",
    "turbidity": "NTU",
    "water_level": "m",
    "oxygen": "mol m-3",
    "air_co2": "ppm",
    "d13c_dic": "permil",
    "soil_respiration": "mol m-2 d-1",
    "net_exchange": "mol m-2 d-1",
    "soil_carbon": "mol m-2",
}
LONG_NAMES = {
    "discharge": "spring discharge",
    "precipitation": "precipitation",
    "evapotranspiration": "evapotranspiration",
    "temperature": "temperature",
    "air_temperature": "air temperature",
    "conductivity": "specific electrical conductivity",
    "relative_humidity": "relative humidity of the air",
    "turbidity": "turbidity",
    "water_level": "water level",
    "oxygen": "dissolved oxygen",
    "air_co2": "CO2 mole fraction of the air in soil or cave",
    "d13c_dic": "d13C of dissolved inorganic carbon, VPDB",
    "soil_respiration": "CO2 efflux of the soil",
    "net_exchange": "net ecosystem exchange of CO2, upward positive",
    "soil_carbon": "stock of soil organic carbon",
}
LIMITS = WATER_LIMITS | {  # canonical units: outside, the unit or the cell is wrong
    "discharge": (0.0, 1e5),
    "precipitation": (0.0, 2e4),
    "evapotranspiration": (-5.0, 500.0),
    "temperature": (-80.0, 100.0),  # it may be of the air
    "air_temperature": (-80.0, 60.0),
    "conductivity": (0.0, 2e5),
    "relative_humidity": (0.0, 110.0),
    "turbidity": (0.0, 1e5),
    "water_level": (-1e3, 1e4),
    "oxygen": (0.0, 2.0),
    "air_co2": (0.0, 1e6),
    "d13c_dic": (-60.0, 40.0),  # beyond all waters: methane makes the lightest and the heaviest
    "soil_respiration": (-1.0, 20.0),
    "net_exchange": (-20.0, 20.0),
    "soil_carbon": (0.0, 2e4),  # 240 kg m-2: beyond all peats that are sampled
}
DATE, CLOCK, ZONE = "date", "clock", "zone"
_ZONE_NAMES = frozenset(("tz_cd", "tz", "timezone", "time_zone", "zeitzone"))
_DATE_NAMES = frozenset(("date", "dates", "datetime", "timestamp", "datum", "fecha", "day", "jour"))
_CLOCK_NAMES = frozenset(("time", "hour", "heure", "hora", "uhrzeit", "zeit"))
_SPELLINGS = {
    "discharge": "discharge q qobs qobss q_obs qspring q_spring spring_discharge spring_flow streamflow stream_flow "
    "flow_rate flowrate outflow debit abfluss schuttung quellschuttung caudal portata pretok",
    "precipitation": "precipitation p pr prcp precip rain rainfall niederschlag regen pluie precipitations "
    "precipitacion lluvia precipitazione precipitazioni pioggia padavine",
    "evapotranspiration": "evapotranspiration et etp pet et0 potential_evapotranspiration",
    "temperature": "t",
    "air_temperature": "air_temperature air_temp t_air tair temp_air temperature_air lufttemperatur temperatura_air "
    "temperatura_aire temperatura_aria",
    "conductivity": "conductivity electrical_conductivity specific_conductivity specific_conductance ec ec25 sc spc "
    "speccond spec_cond cond conductivite leitfahigkeit leitf lf conductividad conducibilita "
    "elektrische_leitfahigkeit el_leitfahigkeit elektr_leitfahigkeit",
    "relative_humidity": "relative_humidity rh humidity",
    "turbidity": "turbidity turb turbidite trubung",
    "water_level": "water_level stage gage_height gauge_height wasserstand pegelstand",
    "oxygen": "oxygen dissolved_oxygen do o2 oxy sauerstoff oxygene",
    "air_co2": "air_co2 co2_air soil_co2 cave_co2",
    "d13c_dic": "d13c d13c_dic dic_iso dic_d13c delta13c",
    "soil_respiration": "soil_respiration soil_efflux co2_efflux rs_soil",
    "net_exchange": "net_exchange nee net_ecosystem_exchange",
    "soil_carbon": "soil_carbon soil_organic_carbon soc soc_stock soil_carbon_stock",
}
_NAMES = {spelling: name for name, text in _SPELLINGS.items() for spelling in text.split()}
_ONLY_WITH_UNIT = {"flow": "discharge", "level": "water_level", "co2": "air_co2"}
_SAMPLE_WORDS = (  # about the value: they change neither quantity nor unit
    "spring mean daily avg average obs observed measured value sum total water at in per of 25 degc c field lab"
)
_ABOUT_WORDS = (  # a column about a quantity, not the quantity
    "flag flags qc qa quality qual code cd comment note remark error err sd std id method min max grade status"
)
_SAMPLE, _ABOUT = frozenset(_SAMPLE_WORDS.split()), frozenset(_ABOUT_WORDS.split())
_ALSO_UNITS = frozenset(("in", "c"))  # inches, and the carbon of "g C"
_USGS = {  # parameter codes in headers of the US Geological Survey, which fix the unit
    "00060": ("discharge", "cfs"),
    "00010": ("temperature", "degc"),
    "00095": ("conductivity", "us_cm"),
    "00045": ("precipitation", "in"),
}
_STATISTICS = {  # codes behind those of the parameter: the mean is taken where there are several
    "00001": "the maximum of the day", "00002": "the minimum of the day", "00003": "", "00008": "the median of the day",
    "00006": "", "00011": "",
}  # fmt: skip
_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]+)[)\]]\s*$")
_O2, _C = 31.998, 12.011  # g mol-1
_VOLUME_SHARE = ("v_percent", "vol_percent", "percent_v", "percent_vol", "volume_percent")
_FOOT, _INCH, _US_GALLON = 0.3048, 25.4, 3.785411784e-3  # m, mm, m3
_M3_S = {
    "m3_s": 1.0, "m3s": 1.0, "m3_sec": 1.0, "cms": 1.0, "cumec": 1.0, "cumecs": 1.0, "cubic_meters_second": 1.0,
    "l_s": 1e-3, "ls": 1e-3, "lps": 1e-3, "l_sec": 1e-3, "dm3_s": 1e-3, "l_min": 1e-3 / 60.0, "l_h": 1e-3 / 3600.0,
    "m3_h": 1.0 / 3600.0, "m3_d": 1.0 / SECONDS_PER_DAY, "m3_day": 1.0 / SECONDS_PER_DAY,
    "m3_j": 1.0 / SECONDS_PER_DAY, "cfs": _FOOT**3, "ft3_s": _FOOT**3, "ft3s": _FOOT**3, "cubic_feet_second": _FOOT**3,
    "gpm": _US_GALLON / 60.0, "gal_min": _US_GALLON / 60.0, "mgd": 1e6 * _US_GALLON / SECONDS_PER_DAY,
}  # fmt: skip
_MM_D = {
    "mm_d": 1.0, "mm_day": 1.0, "mm_j": 1.0, "mm_tag": 1.0, "mm_h": 24.0, "mm_hr": 24.0, "mm_hour": 24.0, "in_d": _INCH,
    "in_day": _INCH, "in_hr": 24.0 * _INCH, "in_h": 24.0 * _INCH, "kg_m2_s": SECONDS_PER_DAY,
}  # fmt: skip
PER_STEP = {"mm": 1.0, "in": _INCH, "inch": _INCH, "inches": _INCH}  # an amount: of the step of the table
DEPTH = ("mm_d", "mm_day", "mm_h", "mm_hr")  # a discharge that needs the area of the catchment
_GAS_FLUX = {  # "m-2 s-1" loses its exponents as a header is cleaned; nothing else can be meant
    **dict.fromkeys(("umol_m2_s", "umol_m_s"), 1e-6 * SECONDS_PER_DAY),
    **dict.fromkeys(("g_c_m2_d", "g_c_m_d"), 1.0 / _C),
    **dict.fromkeys(("mol_m2_d", "mol_m_d"), 1.0),
}
_STOCK = {  # as above, "m-2" and "ha-1" lose their exponents; Mg is a tonne, for nobody has mg per hectare
    **dict.fromkeys(("kg_c_m2", "kg_c_m"), 1e3 / _C),
    **dict.fromkeys(("g_c_m2", "g_c_m"), 1.0 / _C),
    **dict.fromkeys(("t_c_ha", "mg_c_ha"), 1e2 / _C),
    **dict.fromkeys(("mol_m2", "mol_m"), 1.0),
}
_MASS_SHARES = ("percent", "g_kg", "mg_g", "g_c_kg", "mg_kg", "wt_percent", "percent_wt", "g_100g")
_FACTORS = {
    "discharge": _M3_S,
    "precipitation": _MM_D,
    "evapotranspiration": _MM_D,
    "conductivity": {"us_cm": 1.0, "ms_cm": 1e3, "ms_m": 10.0, "s_m": 1e4, "umho_cm": 1.0, "umhos_cm": 1.0},
    "relative_humidity": {"percent": 1.0},
    "turbidity": {"ntu": 1.0, "fnu": 1.0, "fnt": 1.0},
    "water_level": {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "ft": _FOOT},
    "oxygen": {
        "mg_l": 1.0 / _O2,
        "mg_o2_l": 1.0 / _O2,
        "ppm": 1.0 / _O2,
        "umol_l": 1e-3,
        "mmol_l": 1.0,
        "mmol_m3": 1e-3,
    },
    "air_co2": {"ppm": 1.0, "ppmv": 1.0, "percent": 1e4, **dict.fromkeys(_VOLUME_SHARE, 1e4)},
    "d13c_dic": {"permil": 1.0, "vpdb": 1.0, "permil_vpdb": 1.0},
    "soil_respiration": _GAS_FLUX,
    "net_exchange": _GAS_FLUX,
    "soil_carbon": _STOCK,
}
_WRITTEN = {
    "discharge": "m3/s, L/s, L/min, m3/h, m3/d, cfs, gpm, mgd, or mm/d with the area",
    "precipitation": "mm/d, mm/h, mm (in a step), in",
    "evapotranspiration": "mm/d, mm/h, mm (in a step)",
    "conductivity": "µS/cm, mS/cm, mS/m",
    "relative_humidity": "%",
    "turbidity": "NTU, FNU",
    "water_level": "m, cm, mm, ft",
    "oxygen": "mg/L, umol/L, mmol/L",
    "air_co2": "ppm, V%",
    "d13c_dic": "permil",
    "soil_respiration": "umol/m2/s, g C/m2/d, mol/m2/d",
    "net_exchange": "umol/m2/s, g C/m2/d, mol/m2/d",
    "soil_carbon": "kg C/m2, t C/ha, g C/m2, mol/m2",
}


def vocabulary(told: Mapping[str, str], area_km2: float | None) -> Vocabulary:
    """What headers mean: `told` gives {quantity: header}, `area_km2` turns a discharge in mm into a volume."""

    def parse(header: str) -> Column | None:
        for name, given in told.items():
            if header == given or header.startswith(f"{given} ("):
                return _told(header, name, header[len(given) :], area_km2)
        column = parse_header(header, area_km2)
        return None if column is not None and column.name in told else column

    example = "date, discharge_m3_s, precipitation_mm_d, temperature_c, conductivity_us_cm"
    return Vocabulary(parse, quantity_of, example, least=1, rows="time")


def _told(header: str, name: str, unit: str, area_km2: float | None) -> Column:
    if name in (DATE, CLOCK, ZONE):
        return Column(header, name)
    if not unit and quantity_of(header) == name and (own := parse_header(header, area_km2)) is not None:
        return own  # the header that was told says its unit itself
    bracket = _IN_BRACKETS.search(header) if not unit else None
    return _column(header, name, _words(normalise(bracket[1] if bracket else unit)), area_km2)


def parse_header(header: str, area_km2: float | None = None) -> Column | None:
    """The column that a header names (`DATE` and `CLOCK` included), or None when it is nothing used here.

    Raises InputError for a known quantity with a unit that is not understood.
    """
    words = _words(normalise(header))
    if "_".join(words) in _ZONE_NAMES:
        return Column(header, ZONE)
    if not words or _ABOUT & set(words):
        return None
    if words[0] in _DATE_NAMES or words[0] in _CLOCK_NAMES:
        return Column(header, DATE if words[0] in _DATE_NAMES else CLOCK)
    usgs = next((_USGS[word] for word in words if word in _USGS), None)
    if usgs:
        column = _column(header, usgs[0], [usgs[1]], area_km2)
        said = next((_STATISTICS[w] for w in words if w in _STATISTICS), "")
        return replace(column, rank=column.rank + 1, assumption=f"{said}, not its mean") if said else column
    if water.is_d13c(header):
        return Column(header, "d13c_dic", unit="permil")
    name, rest = _find(words)
    if name == "d13c_dic" and _unit_words(rest) and "_".join(rest) not in _FACTORS[name]:
        return None  # of something else than DIC
    if name:
        return _column(header, name, rest, area_km2)
    if words[0] == "pco2" and "_".join(_unit_words(words[1:])) in _VOLUME_SHARE:
        return Column(header, "pco2", 0.01, unit="V%")
    try:
        return water.parse_header(header)
    except InputError:
        if water.quantity_of(header) is None:
            return None
        raise


def quantity_of(header: str) -> str | None:
    """The quantity whose name stands in a header, whether or not its unit is understood."""
    return _find(_words(normalise(header)))[0] or water.quantity_of(header)


def _words(text: str) -> list[str]:
    return [word for word in text.split("_") if word]


def _find(words: Sequence[str]) -> tuple[str, list[str]]:
    """Quantity of the longest known name that begins the words, and what follows it."""
    start = next((i for i, word in enumerate(words) if word not in _SAMPLE), 0)
    for first in dict.fromkeys((0, start)):
        for length in range(min(3, len(words) - first), 0, -1):
            spelling, rest = "_".join(words[first : first + length]), list(words[first + length :])
            if spelling in _NAMES:
                return _NAMES[spelling], rest
            if spelling in _ONLY_WITH_UNIT and _unit_words(rest):
                return _ONLY_WITH_UNIT[spelling], rest
    return "", []


def _unit_words(words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in _SAMPLE]


def _unit(header: str, name: str, rest: Sequence[str]) -> str:
    """The unit among the words behind a name. Words about the sample are tried as units first: "in" may be inches.

    Raises InputError where "in" is neither the last word nor followed by a unit: rain in spring, or inches?
    """
    known = {*_FACTORS[name], *(PER_STEP if name in ("precipitation", "evapotranspiration") else ())}
    likely = [word for word in rest if word not in _SAMPLE - _ALSO_UNITS]
    for unit in ("_".join(rest), "_".join(likely)):
        if unit in known:
            if unit == "in" != rest[-1]:
                mend = f"write {name}_in for inches, {name}_mm for millimetres"
                raise InputError(f"column {header!r}", "may be in inches or not", mend)
            return unit
    return "_".join(_unit_words(rest))


def _column(header: str, name: str, rest: Sequence[str], area_km2: float | None) -> Column:
    """A quantity with the words of its unit."""
    if name in ("temperature", "air_temperature"):
        return _temperature(header, name, rest)
    if name not in _FACTORS:
        return _chemistry(header, name, rest)
    unit = _unit(header, name, rest)
    if not unit:
        if name in ("oxygen", "air_co2", "soil_respiration", "net_exchange", "soil_carbon"):
            return Column(header, name)  # several units are in use: left out until one is told
        known = name in ("relative_humidity", "turbidity", "d13c_dic")
        return Column(header, name, assumption="" if known else f"no unit: read as {UNITS[name]}")
    if name in ("precipitation", "evapotranspiration") and unit in PER_STEP:
        return Column(header, name, PER_STEP[unit], unit=unit)
    if name == "discharge" and unit in DEPTH:
        return Column(header, name, _depth(header, unit, area_km2), unit=unit.replace("_", "/"))
    if name == "soil_carbon" and unit in _MASS_SHARES:
        what = f"{unit.replace('_', '/')} of {name} is a share of the soil's mass, and a stock is asked for"
        mend = "multiply it: kg C/m2 = 10 x % x bulk density (g/cm3) x depth (m), where 1 % is 10 g/kg"
        raise InputError(f"column {header!r}", what, f"{mend}; name the column soil_carbon_kg_c_m2")
    if unit not in _FACTORS[name]:
        what = f"unit {unit!r} of {name} not known"
        raise InputError(f"column {header!r}", what, f"use one of {_WRITTEN[name]}")
    return Column(header, name, _FACTORS[name][unit], unit=unit.replace("_", "/"))


def _depth(header: str, unit: str, area_km2: float | None) -> float:
    """m3 s-1 in one unit of depth over the catchment."""
    if area_km2 is None:
        where, what = f"column {header!r}", "a discharge as depth needs the area of the catchment"
        raise InputError(where, what, "give area_km2=")
    return _MM_D[unit] * area_km2 * 1e3 / SECONDS_PER_DAY


def _temperature(header: str, name: str, rest: Sequence[str]) -> Column:
    words = [word for word in rest if word not in _SAMPLE - {"c", "degc"}]
    if not words:
        which = "; of the water or of the air is not said" if name == "temperature" else ""
        return Column(header, name, assumption=f"no unit: read as degC{which}")
    try:
        unit = unit_of("temperature", words)
    except UnitError as error:
        raise InputError(f"column {header!r}", *str(error).split(": ", 1)) from None
    return Column(header, name, unit.factor, unit.offset, unit=unit.text, assumption=unit.assumption)


def _chemistry(header: str, name: str, rest: Sequence[str]) -> Column:
    """A quantity of the chemistry under a header of the user's own."""
    if name not in WATER_UNITS:
        known = ", ".join((DATE, CLOCK, *UNITS))
        raise InputError(f"columns, {name!r}", "is no quantity of a spring table", f"use one of {known}")
    column = water.parse_header("_".join((name, *rest)))
    assert column is not None
    return Column(header, name, column.factor, column.offset, column.exponent, column.unit, column.assumption)

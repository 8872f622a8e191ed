"""Tables of the report, from annual Datasets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from karstsim.core.constants import CO2_PER_C, MOLAR_MASS_C
from karstsim.report import numbers, style
from karstsim.report.budget import FATES, LABELS, SOURCES, Budget, carbon_budgets
from karstsim.report.section import Table

PER_MILLION = 1.0e6
PERCENT = 100.0
NOTHING = "–"
LEAST_PLAIN = 1.0e-4  # smaller numbers are written with a power of ten
DIGITS = 3  # significant ones of a key number
G_C = "g C m⁻² a⁻¹"
NEGLIGIBLE, LEAST_SHOWN = 5.0e-4, 5.0e-3  # g C m-2 a-1
DRIVERS = {"co2": "CO₂", "land_use": "land use"}  # of a trend
SPREAD = {"internal": "internal variability", "model": "climate model"}  # its sources


@dataclass(frozen=True)
class Key:
    """A row of the key numbers; amounts are per year, states annual means."""

    label: str
    unit: str
    variable: str
    factor: float = 1.0
    decimals: int | None = None
    rows: str | None = None


KEYS = (
    Key("Karst carbon sink", G_C, "catchment_sink_hydrochemical", MOLAR_MASS_C),
    Key(
        "Karst carbon sink as CO₂",
        "t CO₂ km⁻² a⁻¹",
        "catchment_sink_hydrochemical",
        MOLAR_MASS_C * CO2_PER_C,
    ),
    Key("Rock dissolved", G_C, "catchment_rock_dissolution", MOLAR_MASS_C),
    Key("CO₂ evaded from surface water", G_C, "catchment_evasion", MOLAR_MASS_C),
    Key("Aquatic gross production", G_C, "catchment_aquatic_gpp", MOLAR_MASS_C),
    Key("Precipitation", "mm a⁻¹", "atmosphere_precipitation", decimals=0),
    Key("Runoff", "mm a⁻¹", "catchment_runoff", decimals=0),
    Key("Spring Ca²⁺", "mmol L⁻¹", "aquifer_spring_ca_concentration"),
    Key("Spring HCO₃⁻", "mmol L⁻¹", "aquifer_spring_hco3"),
    Key("Spring pH", "1", "aquifer_spring_ph", decimals=2),
    Key("Spring SI calcite", "1", "aquifer_spring_si_calcite", decimals=2),
    Key("Spring pCO₂", "µatm", "aquifer_spring_pco2", PER_MILLION, decimals=0),
    Key("CO₂ at the soil base", "µatm", "soil_base_pco2", PER_MILLION, decimals=0, rows="tile"),
    Key("Net primary production", G_C, "catchment_npp", MOLAR_MASS_C, decimals=0),
    Key("Soil respiration", G_C, "catchment_soil_respiration", MOLAR_MASS_C, decimals=0),
)


def in_words(ds: xr.Dataset) -> str:
    """What a decomposition or an attribution is of: as the key numbers call it, else what the file says."""
    variable = str(ds.attrs["variable"])
    known = {key.variable: key.label for key in reversed(KEYS)}
    return known.get(variable, str(ds.attrs.get("long_name", variable)))


def drivers_in_words(names: str) -> str:
    """One driver of a trend, or several that interact (`climate+co2`), as figure and table call them."""
    return " × ".join(DRIVERS.get(name, name) for name in names.split("+"))


def source_in_words(name: str) -> str:
    """One source of spread, or several that interact (`scenario x model`), as figure and table call them."""
    return " × ".join(SPREAD.get(part, part) for part in name.split(" x "))


def told(annual: xr.Dataset, key: Key) -> bool:
    """Whether the results tell anything of a quantity: it was kept, and is not zero throughout."""
    return key.variable in annual and bool((annual[key.variable] != 0.0).any())


def key_numbers(annual: xr.Dataset) -> Table:
    """Headline numbers: the first decade, then the last decade of every scenario; median (5–95 %) of the members."""
    annual = numbers.whole_years(annual)
    groups = numbers.members_by_scenario(annual)
    decades = numbers.first_and_last(numbers.years_of(annual))
    last = numbers.last_years(numbers.years_of(annual)) if annual.sizes["time"] else None
    header = ["Quantity"]
    if decades is not None:
        header.append(f"{decades[0]}" + ("\nall scenarios" if len(groups) > 1 else ""))
    header += [f"{style.scenario_label(name)}\n{decades[1] if decades else last}" for name in groups]
    rows = []
    for key in KEYS:
        if not told(annual, key):
            continue
        unit = key.unit.replace(" ", "\u00a0")  # a line breaks before the unit, not within
        cells: list[object] = [key.label if unit == "1" else f"{key.label} ({unit})"]
        series = {
            name: key.factor * numbers.members(ds, key.variable, key.rows) for name, ds in groups.items()
        }
        if decades is not None:
            early = [numbers.mean_over(values[:, decades[0].where]) for values in series.values()]
            cells.append(spread(np.concatenate(early), key.decimals))
        late = decades[1].where if decades else slice(None)
        cells += [spread(numbers.mean_over(values[:, late]), key.decimals) for values in series.values()]
        rows.append(cells)
    several = max((ds.sizes["realization"] for ds in groups.values()), default=1) > 1
    note = "Median (5–95 %) of the draws, each a mean over the years." if several else "Means over the years."
    return Table(
        "Key numbers",
        header,
        rows,
        note + " Per square metre of karst area; 1\u00a0g\u00a0C\u00a0m⁻² is 1\u00a0t\u00a0C\u00a0km⁻².",
    )


def budget_table(annual: xr.Dataset) -> Table:
    """Where the carbon of the catchment's water comes from and goes, g C m-2 a-1; every column adds up."""
    budgets = carbon_budgets(annual)
    title = "Carbon in the catchment's water"
    if not budgets:
        return Table(
            title, [G_C], [], "The run did not keep the terms of the budget, or none of it is a number."
        )
    rows: list[list[object]] = []
    for terms, side, total in ((SOURCES, "sources", "total_in"), (FATES, "fates", "total_out")):
        word = "From" if side == "sources" else "To"
        order = [t.key for t in terms] + [t.key for t in (*SOURCES, *FATES) if t not in terms]
        for key in order:
            values = [getattr(b, side).get(key, 0.0) for b in budgets]
            if max(values) > NEGLIGIBLE:
                rows.append([f"{word}: {LABELS[key]}", *(_small(v) for v in values)])
        rows.append([f"{word}: all together", *(number(getattr(b, total), decimals=2) for b in budgets)])
    rows.append([f"In − out: {budgets[0].remainder_label}", *(_remainder(b) for b in budgets)])
    header = [G_C, *(f"{style.scenario_label(b.scenario)}\n{b.years}" for b in budgets)]
    several = max(ds.sizes["realization"] for ds in numbers.members_by_scenario(annual).values()) > 1
    note = f"Means over years{' and draws' * several}. Before rounding the columns add up; nothing above "
    note += f"{NEGLIGIBLE} is left out."
    if budgets[0].missing:
        note += f" The run kept nothing of: {', '.join(budgets[0].missing)}."
    return Table(title, header, rows, note)


def _remainder(budget: Budget) -> str:
    """In less out, and as a share of what entered."""
    text = number(budget.remainder, decimals=2)
    if budget.total_in <= 0.0:
        return text
    return f"{text} ({number(PERCENT * budget.remainder / budget.total_in, decimals=1)} %)"


def _small(value: float) -> str:
    """A part of the budget: two decimals, and not a zero where there is something."""
    return "< 0.01" if NEGLIGIBLE < value < LEAST_SHOWN else number(value, decimals=2)


def _decimals(value: float) -> int:
    """Decimals that show three significant digits."""
    size = int(f"{value:.{DIGITS - 1}e}".split("e")[1])  # of the rounded value: 0.009999 is 0.0100
    return max(DIGITS - 1 - size, 0)


def number(value: float, decimals: int | None = None) -> str:
    """A number for reading: three significant digits, or fixed decimals; a true minus; – for what is not finite."""
    if not np.isfinite(value):
        return NOTHING
    if decimals is None:
        if 0.0 < abs(value) < LEAST_PLAIN:
            digits, power = f"{value:.1e}".split("e")
            return f"{digits} × 10{str(int(power)).translate(style.RAISED)}".replace("-", "−")
        decimals = _decimals(value)
    text = f"{value:,.{decimals}f}".replace(",", "\u202f")
    return text.replace("-", "−") if any(c in "123456789" for c in text) else text.lstrip("-")


def spread(values: np.ndarray, decimals: int | None = None) -> str:
    """Median (5 % to 95 %) of the members; the value alone where they do not differ as printed."""
    middle, low, high = (float(v) for v in numbers.band(values))
    if decimals is None and np.isfinite(middle):
        decimals = _decimals(middle)
    texts = [number(value, decimals) for value in (middle, low, high)]
    return texts[0] if len(set(texts)) == 1 else f"{texts[0]} ({texts[1]} to {texts[2]})"

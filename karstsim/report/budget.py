"""The carbon of the catchment's water: what enters it, what becomes of it, and what the listed terms leave over.

The budget is drawn around all water from soil to the outflow of the last box. Its sources are the CO2 that water takes
up below ground, dissolved rock, organic matter that soil lets go, water that brings carbon along, and CO2 from the air
into surface water. The remainder is the change of what the stores hold, and terms that the run did not keep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.solutes import SOLUTES
from karstsim.report import numbers

CARBON = tuple(s.name for s in SOLUTES if s.carbon)
ORGANIC = tuple(name for name in CARBON if name != "dic")


@dataclass(frozen=True)
class Term:
    """A flow of carbon and the variables that it sums; of `either`, the first set that the Dataset has."""

    key: str
    label: str
    add: tuple[str, ...] = ()
    subtract: tuple[str, ...] = ()
    either: tuple[str, ...] = ()


def _flow(prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}" for name in CARBON)


SOURCES = (
    Term("uptake", "CO₂ taken up below ground", ("catchment_weathering_uptake",)),
    Term("rock", "carbonate rock", ("catchment_rock_dissolution",)),
    Term(
        "soil_organic",
        "soil organic matter",
        ("soil_doc_production",),
        either=("catchment_runoff_doc_labile", "catchment_runoff_doc_refractory"),
    ),
    Term(
        "inflow",
        "rain, irrigation, allogenic water, tributaries",
        (
            *_flow("atmosphere_precipitation"),
            *_flow("soil_irrigation"),
            *_flow("aquifer_allogenic"),
            *_flow("surface_water_rain"),
            *_flow("surface_water_tributary"),
        ),
    ),
    Term("grains", "carbonate in the soil", ("soil_grain_dissolution",), ("soil_calcite_precipitation",)),
    Term("invasion", "CO₂ from the air into surface water", ("catchment_invasion",)),
)
FATES = (
    Term("export_dic", "exported inorganic carbon", ("catchment_export_dic",)),
    Term("export_oc", "exported organic carbon", tuple(f"catchment_export_{name}" for name in ORGANIC)),
    Term("evasion", "CO₂ evaded from surface water", ("catchment_evasion",)),
    Term("burial_ic", "calcite buried", ("catchment_burial_ic",)),
    Term("burial_oc", "organic carbon buried", ("catchment_burial_oc",)),
    Term("harvest", "aquatic plants harvested", ("catchment_aquatic_harvest",)),
    Term(
        "elsewhere",
        "caves and neighbouring basins",
        ("cave_drip_degassing", "cave_calcite_growth", *_flow("aquifer_loss")),
    ),
)
LABELS = {term.key: term.label for term in (*SOURCES, *FATES)}
REMAINDER_LABEL = "storage change and remainder"
NEEDED = ("catchment_weathering_uptake", "catchment_rock_dissolution", "catchment_export_dic")


@dataclass(frozen=True)
class Budget:
    """Mean budget of one scenario, g C m-2 yr-1 of karst area.

    A term whose mean runs against its direction stands, positive, on the other side.
    """

    scenario: str
    years: numbers.Span
    members: int
    sources: dict[str, float]
    fates: dict[str, float]

    @property
    def total_in(self) -> float:
        return sum(self.sources.values())

    @property
    def total_out(self) -> float:
        return sum(self.fates.values())

    @property
    def remainder(self) -> float:
        """What entered and is not among the fates; negative where more left than entered."""
        return self.total_in - self.total_out


def carbon_budgets(annual: xr.Dataset, length: int = numbers.DECADE) -> list[Budget]:
    """The budget of every scenario over its last `length` whole years: means over years and members, which add up.

    Members with a missing number are left out; a scenario without a complete member is left out too.
    """
    found = []
    for scenario, ds in numbers.members_by_scenario(numbers.whole_years(annual)).items():
        if ds.sizes["time"] == 0 or any(name not in ds for name in NEEDED):
            continue
        span = numbers.last_years(numbers.years_of(ds), length)
        part = ds.isel(time=span.where)
        terms = {term.key: _term(part, term) for term in (*SOURCES, *FATES)}
        complete = np.isfinite(np.stack(list(terms.values()))).all(axis=0)
        if not complete.any():
            continue
        means = {key: float(values[complete].mean()) for key, values in terms.items()}
        sources = {term.key: means[term.key] for term in SOURCES if means[term.key] > 0.0}
        fates = {term.key: means[term.key] for term in FATES if means[term.key] > 0.0}
        sources.update({term.key: -means[term.key] for term in FATES if means[term.key] < 0.0})
        fates.update({term.key: -means[term.key] for term in SOURCES if means[term.key] < 0.0})
        found.append(Budget(scenario, span, int(complete.sum()), sources, fates))
    return found


def _term(ds: xr.Dataset, term: Term) -> np.ndarray:
    """Mean of one term over the years, per member, g C m-2 yr-1; variables that are not there count nothing."""
    names = [name for name in term.add if name in ds] or [name for name in term.either if name in ds]
    total = np.zeros(ds.sizes["realization"])
    for name in names:
        total = total + _yearly(ds, name)
    for name in term.subtract:
        if name in ds:
            total = total - _yearly(ds, name)
    return MOLAR_MASS_C * total


def _yearly(ds: xr.Dataset, name: str) -> np.ndarray:
    rows = next((dim for dim in ("tile", "box") if dim in ds[name].dims), None)
    return np.asarray(numbers.members(ds, name, rows).mean(axis=1))


def patterns() -> list[str]:
    """Variables of the budget that a run must keep for it to close to the change of storage."""
    return sorted({name for term in (*SOURCES, *FATES) for name in (*term.add, *term.subtract)})

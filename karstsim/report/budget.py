"""The carbon of the catchment's water: what enters it, what becomes of it, and what the listed terms leave over.

The budget is drawn around all water from soil to the outflow of the last box, with the plants and the calcite of its
bed. Its sources are the CO2 that water takes up below ground, dissolved rock, organic matter that soil lets go, water
that brings carbon along, and CO2 from the air into surface water. With all terms kept, in less out is the change of
what the stores hold, to rounding (`stored`); what a run did not keep is named (`Budget.missing`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.solutes import SOLUTES
from karstsim.processes.aquifer.conduit_cells import MOST_CELLS
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

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.add, *self.subtract)


def _flow(prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}" for name in CARBON)


SOURCES = (
    Term("uptake", "CO₂ taken up below ground", ("catchment_weathering_uptake",)),
    Term("rock", "carbonate rock", ("catchment_rock_dissolution",)),
    Term("grains", "carbonate in the soil", ("soil_grain_dissolution",), ("soil_calcite_precipitation",)),
    Term(
        "soil_organic",
        "soil organic matter",
        ("soil_doc_production",),
        either=("catchment_runoff_doc_labile", "catchment_runoff_doc_refractory"),
    ),
    Term("rain", "rain and snow", (*_flow("atmosphere_precipitation"), *_flow("surface_water_rain"))),
    Term("irrigation", "irrigation water", _flow("soil_irrigation")),
    Term("allogenic", "water from outside the karst", _flow("aquifer_allogenic")),
    Term("tributary", "tributaries", _flow("surface_water_tributary")),
    Term("gain", "gained from neighbouring basins", _flow("aquifer_gain")),
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
        "caves",
        "air and calcite of caves",
        ("cave_drip_degassing", "cave_calcite_growth", "cave_fissure_degassing", "cave_fissure_growth"),
    ),
    Term("loss", "lost to neighbouring basins", (*_flow("aquifer_loss"), *_flow("aquifer_matrix_loss"))),
)
STORES = (
    "atmosphere_snow",
    "vegetation_canopy",
    "soil_pore_water",
    "epikarst_water",
    "aquifer_matrix",
    "aquifer_conduit",
    *(f"aquifer_conduit_above_{i}" for i in range(1, MOST_CELLS)),
    "surface_water_water",
)
STORED = (
    *(name for store in STORES for name in _flow(store)),
    "surface_water_plants",
    "surface_water_bed_calcite",
)
LABELS = {term.key: term.label for term in (*SOURCES, *FATES)}
REMAINDER_LABEL = "change of storage"
PARTLY_LABEL = "storage change, terms not kept"
NEEDED = ("catchment_weathering_uptake", "catchment_rock_dissolution", "catchment_export_dic")


@dataclass(frozen=True)
class Budget:
    """Mean budget of one scenario, g C m-2 a-1 of karst area.

    A term whose mean runs against its direction stands, positive, on the other side.
    missing  labels of terms of which the run kept nothing
    """

    scenario: str
    years: numbers.Span
    members: int
    sources: dict[str, float]
    fates: dict[str, float]
    missing: tuple[str, ...] = ()

    @property
    def remainder_label(self) -> str:
        """What the remainder is: the change of storage, where nothing was left out."""
        return PARTLY_LABEL if self.missing else REMAINDER_LABEL

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
        missing = tuple(term.label for term in (*SOURCES, *FATES) if not _kept(part, term))
        found.append(Budget(scenario, span, int(complete.sum()), sources, fates, missing))
    return found


def _kept(ds: xr.Dataset, term: Term) -> bool:
    """Whether the run kept the term or what stands in for it."""
    return any(name in ds for name in (*term.add, *term.either))


def net_inflow(ds: xr.Dataset) -> np.ndarray:
    """(realization, time) what all terms together bring into the water in every period, mol m-2."""
    signed = [(1.0, term) for term in SOURCES] + [(-1.0, term) for term in FATES]
    total = np.zeros((ds.sizes["realization"], ds.sizes["time"]))
    for sign, term in signed:
        for factor, names in ((sign, term.add), (-sign, term.subtract)):
            for name in (n for n in names if n in ds):
                total += factor * _rows_summed(ds, name)
    return total


def stored(ds: xr.Dataset) -> np.ndarray:
    """(realization, time) carbon in water, aquatic plants and calcite of the bed, mol m-2.

    In the output of every step these are states at its end, whose change is `net_inflow`; longer periods hold means.
    """
    total = np.zeros((ds.sizes["realization"], ds.sizes["time"]))
    for name in (n for n in STORED if n in ds):
        total += _rows_summed(ds, name)
    return total


def _term(ds: xr.Dataset, term: Term) -> np.ndarray:
    """Mean of one term over the years, per member, g C m-2 a-1; variables that are not there count nothing."""
    names = [name for name in term.add if name in ds] or [name for name in term.either if name in ds]
    total = np.zeros(ds.sizes["realization"])
    for name in names:
        total = total + _yearly(ds, name)
    for name in term.subtract:
        if name in ds:
            total = total - _yearly(ds, name)
    return MOLAR_MASS_C * total


def _yearly(ds: xr.Dataset, name: str) -> np.ndarray:
    return np.asarray(_rows_summed(ds, name).mean(axis=1))


def _rows_summed(ds: xr.Dataset, name: str) -> np.ndarray:
    """(realization, time) of a variable, summed over tiles by area or over boxes."""
    rows = next((dim for dim in ("tile", "box") if dim in ds[name].dims), None)
    return numbers.members(ds, name, rows)


def patterns() -> list[str]:
    """Variables of the budget that a run must keep for it to close to the change of storage."""
    return sorted({name for term in (*SOURCES, *FATES) for name in term.names})

"""A run with interventions against the run without them, year by year and member by member.

Both must be of one catchment, one weather, one set of parameters and one spin-up: what they differ in is then what the
interventions did. The rows are means over the years in which an intervention of the second run was under way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from karstsim.analysis import carbon_paths
from karstsim.analysis.economics import Account, Economics, account, credits
from karstsim.core.constants import CO2_PER_C, DAYS_PER_YEAR, MOLAR_MASS_C
from karstsim.core.errors import InputError
from karstsim.model.interventions.records import Intervention, Powder

if TYPE_CHECKING:
    import pandas as pd

SINK, LEDGER = "catchment_sink_hydrochemical", "catchment_weathering_uptake"
NEEDED = (SINK, LEDGER, "catchment_runoff")
KG_N_PER_HA = 140.07  # in 1 mol m-2
SECONDS_OF_DAY = 86400.0
SPREAD = (0.05, 0.5, 0.95)
PER_KM2 = " km-2"


@dataclass(frozen=True)
class Quantity:
    """One row: variables that it adds up, those that it takes away, and the factor to its unit."""

    key: str
    label: str
    unit: str
    group: str
    add: tuple[str, ...]
    subtract: tuple[str, ...] = ()
    factor: float = 1.0


_C = "t C km-2 a-1"
QUANTITIES = (
    Quantity("sink", "karst sink, hydrochemical", _C, "sink", (SINK,), (), MOLAR_MASS_C),
    Quantity(
        "ledger", "karst sink, CO2 that water took up (ledger)", _C, "sink", (LEDGER,), (), MOLAR_MASS_C
    ),
    Quantity(
        "ledger_net",
        "the same less what surface water gave back",
        _C,
        "sink",
        (LEDGER, "catchment_invasion"),
        ("catchment_evasion",),
        MOLAR_MASS_C,
    ),
    Quantity(
        "aquatic",
        "organic carbon of water: buried",
        _C,
        "sink",
        ("catchment_burial_oc",),
        (),
        MOLAR_MASS_C,
    ),
    Quantity("runoff", "runoff", "mm a-1", "side", ("catchment_runoff",)),
    Quantity("evapotranspiration", "evapotranspiration", "mm a-1", "side", ("catchment_evapotranspiration",)),
    Quantity("irrigation", "irrigation", "mm a-1", "side", ("soil_irrigation",)),
    Quantity("spring_ph", "spring pH", "1", "side", ("aquifer_spring_ph",)),
    Quantity("spring_hco3", "spring HCO3", "mmol L-1", "side", ("aquifer_spring_hco3",)),
    Quantity("spring_si", "spring SI of calcite", "1", "side", ("aquifer_spring_si_calcite",)),
    Quantity("soil_pco2", "soil CO2 at the base", "uatm", "side", ("soil_base_pco2",), (), 1e6),
    Quantity(
        "soil_calcite", "calcite formed in soil", "mol m-2 a-1", "side", ("soil_calcite_precipitation",)
    ),
    Quantity("water_calcite", "calcite buried in water", "mol m-2 a-1", "side", ("catchment_burial_ic",)),
    Quantity("water_ph", "pH of surface water, highest box", "1", "side", ("surface_water_water_ph",)),
    Quantity(
        "nitrate", "nitrate in runoff", "kg N ha-1 a-1", "side", ("catchment_runoff_no3",), (), KG_N_PER_HA
    ),
    Quantity("evasion", "CO2 evasion of surface water", _C, "side", ("catchment_evasion",), (), MOLAR_MASS_C),
    Quantity(
        "soil_respiration", "soil respiration", _C, "side", ("catchment_soil_respiration",), (), MOLAR_MASS_C
    ),
    Quantity(
        "amendment", "organic carbon spread on soils", _C, "side", ("catchment_amendment",), (), MOLAR_MASS_C
    ),
    Quantity("npp", "net primary production", _C, "side", ("catchment_npp",), (), MOLAR_MASS_C),
)
DENOMINATORS = {"consumed": "CO2 that water took up", "on_rock": "hydrochemical sink"}
SHARES = (  # key, label, its denominator
    (
        "S1",
        "S1: of the CO2 that water took up, free CO2 included, not given back by surface water",
        "consumed",
    ),
    ("S1_rock", "S1 of rock: the same over the hydrochemical sink", "on_rock"),
    ("S2", "S2: retained after 100 years", "consumed"),
    ("S3", "S3: kept by the ocean for the alkalinity delivered, of the hydrochemical sink", "on_rock"),
)
WAYS = (
    ("transport", "alkalinity of rock and powder exported, of that dissolved"),
    ("aquatic", "organic carbon exported, share of aquatic plants"),
)
OF_THE_WHOLE_RIVER = (
    "S1, S2, S3 and credits are left out: tributaries bring a part of this river's carbon, and what degasses has no "
    "address; compare a site whose boxes have no tributary"
)
OWN_AREAS = (
    "every draw has its own area (5 to 95 %: {:.4g} to {:.4g} km2): credits, money and totals of the catchment are "
    "reckoned with it"
)
HIGHEST_BOX = ("surface_water_water_ph",)
# All that a comparison reads; variables of an ensemble are slow to load one by one.
VARIABLES = tuple(
    dict.fromkeys(
        (
            *(name for q in QUANTITIES for name in (*q.add, *q.subtract)),
            *carbon_paths.VARIABLES,
            "soil_powder",
            "tile_area_fraction",
            "time_bnds",
        )
    )
)


@dataclass(frozen=True)
class Row:
    """A quantity of both runs and its difference: medians of the members, with 5 and 95 % of the difference.

    of_catchment   difference of the whole catchment, the median over members of their own areas; None: not per km2
    """

    key: str
    label: str
    unit: str
    group: str
    baseline: float
    intervention: float
    difference: float
    low: float
    high: float
    of_catchment: float | None


@dataclass(frozen=True)
class Comparison:
    """What an intervention did.

    years     calendar years that are compared, first and last
    rows      sink, stability, side effects
    series    yearly sink (member, year) of both runs, t C km-2 a-1: "baseline", "intervention"; all years of the run
    money     account of each member
    area_km2  the median of the members' areas
    """

    years: tuple[int, int]
    all_years: np.ndarray
    members: int
    rows: tuple[Row, ...]
    series: Mapping[str, np.ndarray]
    permanence: Mapping[str, tuple[float, float]]
    money: tuple[Account, ...]
    area_km2: float
    terms: Economics
    labels: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())

    def row(self, key: str) -> Row:
        return next(r for r in self.rows if r.key == key)

    def as_json(self) -> dict[str, Any]:
        """Plain values for machines."""
        return {
            "years": list(self.years),
            "members": self.members,
            "area_km2": self.area_km2,
            "interventions": list(self.labels),
            "rows": [r.__dict__ for r in self.rows],
            "permanence_t_c_km2_a": {k: list(v) for k, v in self.permanence.items()},
            "economics": self.terms.model_dump(),
            "notes": list(self.notes),
        }

    def as_table(self) -> pd.DataFrame:
        """The rows as a table for spreadsheets; what is per km2 also for the whole catchment."""
        import pandas as pd

        rows = [
            {
                "part": r.group,
                "quantity": r.label,
                "without": None if r.group == "economics" else r.baseline,
                "with": None if r.group == "economics" else r.intervention,
                "difference": r.difference,
                "low_5_percent": r.low,
                "high_95_percent": r.high,
                "unit": r.unit,
                "difference_of_the_catchment": r.of_catchment,
                "unit_of_the_catchment": r.unit.replace(PER_KM2, "") if PER_KM2 in r.unit else "",
            }
            for r in self.rows
        ]
        return pd.DataFrame(rows)


def compare_datasets(
    baseline: xr.Dataset,
    intervention: xr.Dataset,
    interventions: Sequence[Intervention],
    area_km2: float,
    terms: Economics | None = None,
) -> Comparison:
    """Compare the annual outputs of two runs that differ in `interventions` only.

    Raises InputError where the two do not share time and members, or lack the sink.
    """
    a, b = (_with_members(ds) for ds in (baseline, intervention))
    _check(a, b)
    all_years = np.asarray(a.time.dt.year.values, dtype=int)
    first = min((what.start for what in interventions), default=int(all_years[0]))
    chosen = all_years >= first
    if not chosen.any():
        raise InputError("comparison", f"the runs end before {first}", "compare runs that reach it")
    days = _days(a)
    cut = {name: ds.isel(time=chosen) for name, ds in (("a", a), ("b", b))}
    areas = _areas(b, area_km2)
    rows, notes = _rows(cut["a"], cut["b"], days[chosen], areas)
    span = float(days[chosen].sum()) / DAYS_PER_YEAR
    stability, permanence = _stability(cut["a"], cut["b"], span, areas)
    if not all(np.isfinite(retained).all() for retained in stability.retained):
        notes.append(OF_THE_WHOLE_RIVER)
    series = {"baseline": _yearly(a, days), "intervention": _yearly(b, days)}
    terms = terms or Economics()
    taken_up = [MOLAR_MASS_C * _values(cut[which], LEDGER, days[chosen]) for which in ("a", "b")]
    if np.ptp(areas) > 0.0:
        notes.append(OWN_AREAS.format(*np.quantile(areas, (0.05, 0.95))))
    emitted, costs = _costs(cut["a"], cut["b"], interventions, all_years[chosen], areas)
    money = tuple(
        account(
            credits(
                taken_up[1][m],
                taken_up[0][m],
                stability.retained[1][m],
                stability.retained[0][m],
                areas[m],
                terms.buffer,
                emitted[m],
            ),
            terms,
            costs,
        )
        for m in range(len(series["baseline"]))
    )
    return Comparison(
        years=(int(all_years[chosen][0]), int(all_years[-1])),
        all_years=all_years,
        members=len(series["baseline"]),
        rows=(*rows, *stability.rows, *_money_rows(money)),
        series=series,
        permanence=permanence,
        money=money,
        area_km2=float(np.median(areas)),
        terms=terms,
        labels=tuple(f"{w.KIND.replace('_', ' ')} from {w.start}" for w in interventions),
        notes=tuple(notes),
    )


def _with_members(ds: xr.Dataset) -> xr.Dataset:
    return ds if "realization" in ds.dims else ds.expand_dims("realization")


def _check(a: xr.Dataset, b: xr.Dataset) -> None:
    for what, one, other in (
        ("years", a.time.values, b.time.values),
        ("members", np.arange(a.sizes["realization"]), np.arange(b.sizes["realization"])),
    ):
        if len(one) != len(other) or not (one == other).all():
            raise InputError("comparison", f"the runs differ in their {what}", "compare runs of one forcing")
    for name in NEEDED:
        for ds, which in ((a, "first"), (b, "second")):
            if name not in ds:
                mend = f"keep {name} in the run: variables = [] keeps the standard set"
                raise InputError("comparison", f"the {which} run did not keep {name}", mend)


def _days(ds: xr.Dataset) -> np.ndarray:
    """Length of every period, d."""
    bounds = ds["time_bnds"]
    if "realization" in bounds.dims:
        bounds = bounds.isel(realization=0)
    edges = bounds.transpose("time", "bnds").values
    length = edges[:, 1] - edges[:, 0]
    if np.issubdtype(length.dtype, np.timedelta64):
        return length / np.timedelta64(1, "s") / SECONDS_OF_DAY
    return np.array([step.total_seconds() / SECONDS_OF_DAY for step in length])


def _values(ds: xr.Dataset, name: str, days: np.ndarray) -> np.ndarray:
    """(member, year) of a variable: amounts as rates per year, tiles by area, boxes summed (pH: the highest)."""
    v = ds[name]
    if "tile" in v.dims:
        v = (v * ds["tile_area_fraction"]).sum("tile", skipna=False)
    if "box" in v.dims:
        v = v.max("box") if name in HIGHEST_BOX else v.sum("box", skipna=False)
    values = v.transpose("realization", "time").values.astype(float)
    if ds[name].attrs.get("cell_methods") == "time: sum":
        values = values * DAYS_PER_YEAR / days
    return values


def _yearly(ds: xr.Dataset, days: np.ndarray) -> np.ndarray:
    return MOLAR_MASS_C * _values(ds, SINK, days)


def _mean(ds: xr.Dataset, what: Quantity, days: np.ndarray) -> np.ndarray:
    total = sum(_values(ds, n, days) for n in what.add) - sum(_values(ds, n, days) for n in what.subtract)
    return what.factor * (np.asarray(total) * days).sum(axis=1) / days.sum()


def _rows(a: xr.Dataset, b: xr.Dataset, days: np.ndarray, areas: np.ndarray) -> tuple[list[Row], list[str]]:
    rows, notes = [], []
    for what in QUANTITIES:
        missing = [n for n in (*what.add, *what.subtract) if n not in a or n not in b]
        if missing:
            notes.append(f"{what.label}: the runs hold no {', '.join(missing)}")
            continue
        before, after = _mean(a, what, days), _mean(b, what, days)
        if not (np.isfinite(before).any() and np.isfinite(after).any()):
            continue  # a site without surface water has no pH of it
        rows.append(row_of(what.key, what.label, what.unit, what.group, before, after, areas))
        if what.unit == _C and what.group == "sink":
            rows.append(
                row_of(
                    f"{what.key}_co2",
                    what.label,
                    "t CO2 km-2 a-1",
                    "sink",
                    before * CO2_PER_C,
                    after * CO2_PER_C,
                    areas,
                )
            )
    if all(name in ds for name in carbon_paths.STOCKS for ds in (a, b)):
        stocks = [
            MOLAR_MASS_C * np.sum([_values(ds, name, days)[:, -1] for name in carbon_paths.STOCKS], axis=0)
            for ds in (a, b)
        ]
        label = "organic carbon in plants and soil, last year"
        rows.append(row_of("stock", label, "t C km-2", "sink", stocks[0], stocks[1], areas))
    if all(row.difference == row.low == row.high == 0.0 for row in rows):
        notes.append("the two runs are equal: what was done did nothing in these years")
    return rows, notes


def row_of(
    key: str,
    label: str,
    unit: str,
    group: str,
    before: np.ndarray,
    after: np.ndarray,
    areas: np.ndarray | None = None,
) -> Row:
    """Medians over the members, and the spread of the member's own differences; areas (member,) of what is per km2."""
    low, middle, high = np.nanquantile(after - before, SPREAD)
    whole = None if areas is None or PER_KM2 not in unit else float(np.nanmedian((after - before) * areas))
    return Row(
        key, label, unit, group, float(np.nanmedian(before)), float(np.nanmedian(after)), float(middle),
        float(low), float(high), whole,
    )  # fmt: skip


@dataclass(frozen=True)
class _Stability:
    rows: list[Row]
    retained: tuple[np.ndarray, np.ndarray]


def _stability(
    a: xr.Dataset, b: xr.Dataset, span: float, areas: np.ndarray
) -> tuple[_Stability, dict[str, tuple[float, float]]]:
    """S1, S2, S3 of both runs and of what was added, and the carbon of each class of permanence (t C km-2 a-1)."""
    shares: list[dict[str, np.ndarray]] = []
    classes: list[dict[str, float]] = []
    for ds in (a, b):
        paths = [carbon_paths.paths_of(ds.isel(realization=[m])) for m in range(ds.sizes["realization"])]
        shares.append(_shares(ds, paths, span))
        found = [carbon_paths.permanence(p) for p in paths]
        classes.append({k: float(np.median([f[k] for f in found])) * MOLAR_MASS_C / span for k in found[0]})
    before, after = shares
    rows = []
    for key, label, of in SHARES:
        if not (np.isfinite(before[key]).any() and np.isfinite(after[key]).any()):
            continue
        rows.append(row_of(key, label, "1", "stability", before[key], after[key]))
        kept = [s[key] * s[of] for s in (before, after)]
        product = f"{label.partition(':')[0]} x {DENOMINATORS[of]}"
        rows.append(row_of(f"{key}_sink", product, _C, "stability", kept[0], kept[1], areas))
    for key, label in WAYS:
        if np.isfinite(before[key]).any() and np.isfinite(after[key]).any():
            rows.append(row_of(key, label, "1", "stability", before[key], after[key]))
    permanence = {k: (classes[0][k], classes[1][k]) for k in classes[0]}
    return _Stability(rows, (before["S2"], after["S2"])), permanence


def _shares(ds: xr.Dataset, paths: Sequence[carbon_paths.CarbonPaths], span: float) -> dict[str, np.ndarray]:
    """Shares of one run, by member, and what S1 to S3 are shares of; NaN for these where tributaries bring carbon."""
    consumed, on_rock = ds[LEDGER].sum("time").values, ds[SINK].sum("time").values
    alone = all(p.tributary_dic == 0.0 for p in paths)

    def of_karst(share: Callable[..., float], *given: np.ndarray) -> np.ndarray:
        return np.array([share(*each) if alone else math.nan for each in zip(paths, *given, strict=True)])

    return {
        "S1": of_karst(carbon_paths.no_return, consumed),
        "S1_rock": of_karst(carbon_paths.no_return, on_rock),
        "S2": of_karst(carbon_paths.retained),
        "S3": of_karst(carbon_paths.ocean_kept) / on_rock,
        "transport": np.array([_transport(ds, m, p) for m, p in enumerate(paths)]),
        "aquatic": np.array([carbon_paths.autochthonous_share(p.organic_out, p.land_out) for p in paths]),
        "consumed": consumed / span * MOLAR_MASS_C,
        "on_rock": on_rock / span * MOLAR_MASS_C,
    }


def _transport(ds: xr.Dataset, member: int, paths: carbon_paths.CarbonPaths) -> float:
    """Exported alkalinity of rock and powder over that which was dissolved; NaN where the run kept no dissolution."""
    dissolved = carbon_paths.dissolved_carbonate(ds.isel(realization=[member]))
    return (
        carbon_paths.transport_efficiency(paths.alkalinity_out, 0.0, dissolved)
        if dissolved > 0.0
        else math.nan
    )


def _areas(ds: xr.Dataset, area_km2: float) -> np.ndarray:
    """(member,) km2: of each draw where draws hold it, as after a calibration, else of the site."""
    if "area_km2" in ds.coords:
        return ds["area_km2"].values.astype(float)
    return np.full(ds.sizes["realization"], area_km2)


def _costs(
    a: xr.Dataset, b: xr.Dataset, interventions: Sequence[Intervention], years: np.ndarray, areas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """CO2 that the interventions cost (member, year), t, and what is paid (year,), CNY; areas (member,) in km2."""
    costs = np.zeros(len(years))
    for what in interventions:
        costs += [what.yearly_cost * what.active(int(y)) + what.cost * (y == what.start) for y in years]
    emitted = np.zeros((b.sizes["realization"], len(years)))
    powders = [w for w in interventions if isinstance(w, Powder)]
    if powders and "soil_powder" in b and "soil_powder" in a:
        spread = [
            (ds["soil_powder"] * ds["tile_area_fraction"]).sum("tile").transpose("realization", "time").values
            for ds in (a, b)
        ]
        rates = np.array([w.rate for w in powders])
        per_mole = np.array([w.co2_cost * w.molar_mass for w in powders])
        emitted = (spread[1] - spread[0]) * float((rates * per_mole).sum() / rates.sum()) * areas[:, None]
    return emitted, costs


def _money_rows(money: Sequence[Account]) -> list[Row]:
    nothing = np.zeros(len(money))
    values = (
        ("credits", "credited", "t CO2 a-1", [float(m.credited.mean()) for m in money]),
        ("revenue", "revenue", "CNY a-1", [float(m.revenue.mean()) for m in money]),
        ("costs", "costs", "CNY a-1", [float(m.costs.mean()) for m in money]),
        ("npv", "net present value", "CNY", [m.present_value for m in money]),
    )
    rows = [
        row_of(k, label, unit, "economics", nothing, np.array(v))
        for k, label, unit, v in values
        if np.isfinite(v).any()
    ]
    per_tonne = np.array([m.cost_per_tonne for m in money])
    if np.isfinite(per_tonne).any():
        rows.append(
            row_of("cost_per_tonne", "cost per credited tonne", "CNY t-1", "economics", nothing, per_tonne)
        )
    return rows

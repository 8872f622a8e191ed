"""From the driver's aggregates to CF Datasets: which variables, their attributes, derived concentrations, files."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.core.files import whole_file
from karstsim.core.solutes import SOLUTES
from karstsim.model.column import LAST, MAXIMUM, MEAN, MINIMUM, SUM
from karstsim.model.engine import FREQUENCIES, TABLE_ORDER, Aggregates, Forcing
from karstsim.model.registry import Level, Variable, variables

if TYPE_CHECKING:
    import pandas as pd

    from karstsim.model.site import Site

HOW = {"mean": MEAN, "sum": SUM, "min": MINIMUM, "max": MAXIMUM, "last": LAST}
CELL_METHODS = {"mean": "mean", "sum": "sum", "min": "minimum", "max": "maximum"}
# CF's point is an instant; the time coordinate is the start of the period, so the instant has to be told.
AT_THE_END = "point (at the end of the period, the upper of time_bnds)"
OF_STEP_ENDS = "mean (of the values at the end of each step)"
ROW_DIM: dict[Level, str | None] = {
    "column": None,
    "tile": "tile",
    "box": "box",
    "sinking_stream": "sinking_stream",
}
MM_PER_M = 1000.0
SUGGESTED = 3  # names in a message
SPRING_DISCHARGE = "spring_discharge"  # m3 s-1: known once the area is, so that no run keeps it
OF_DISCHARGE = (
    "keep aquifer_spring, in mm of a period: times 1000 area_km2 and divided by the seconds of the period it is the "
    "discharge in m3 s-1; ks.open_ensemble adds it as spring_discharge where the draws hold area_km2"
)
PACKED = {"zlib": True, "complevel": 1, "shuffle": True}  # of the numbers in files, readable everywhere
WATER_UNITS = ("mm", "mm d-1", "degC", "m", "m s-1", "m3 s-1")  # of what a run without chemistry computes
# Names' ends of what only a run with isotopes computes
OF_ISOTOPES = (
    *(f"_{s.name}" for s in SOLUTES if s.optional),
    *("_carbon_13", "_carbon_14", "_c13", "_c14", "_14c", "_d13c", "_dead_carbon", "_rock_share", "_of_tags"),
)
POOLS_OF_ISOTOPES = ("_c13_", "_c14_")
_IONS = ["ca", "mg", "na", "k", "cl", "so4", "no3", "dic"]
# What a run keeps unless it asks for other variables. Flows bring their dissolved carbon where that is a carbon flux.
STANDARD = (
    "atmosphere_precipitation",
    "atmosphere_precipitation_dic",
    "atmosphere_snow",
    "atmosphere_pet",
    "tile_area_fraction",
    "vegetation_npp",
    "vegetation_gpp",
    "vegetation_respiration",
    "vegetation_litterfall",
    "vegetation_harvested",
    "vegetation_bicarbonate_uptake",
    "vegetation_canopy_evaporation",
    "vegetation_leaf",
    "vegetation_wood",
    "vegetation_root",
    "vegetation_reserve",
    "soil_temperature",
    "soil_pore_water",
    "soil_pore_water_ph",
    "soil_evapotranspiration",
    "soil_percolation",
    "soil_percolation_dic",
    "soil_respiration",
    "soil_co2_production",
    "soil_efflux",
    "soil_base_pco2",
    "soil_gas_uptake",
    "soil_rock_dissolution",
    "soil_grain_dissolution",
    "soil_calcite_precipitation",
    "soil_carbonate",
    "soil_co2_leached",
    "soil_powder",
    "soil_irrigation",
    "soil_irrigation_dic",
    "soil_doc_production",
    "soil_dpm",
    "soil_rpm",
    "soil_bio",
    "soil_hum",
    "soil_iom",
    "soil_organic_carbon",
    "epikarst_recharge",
    "epikarst_recharge_*",
    "epikarst_overflow",
    "epikarst_gas_uptake",
    "epikarst_vadose_degassing",
    "epikarst_rock_dissolution",
    "epikarst_calcite_precipitation",
    "epikarst_air_pco2",
    "epikarst_water_ph",
    "epikarst_water_si_calcite",
    "cave_air_pco2",
    "cave_drip_degassing",
    "cave_fissure_degassing",
    "cave_fissure_growth",
    "cave_ventilation",
    "cave_calcite_growth",
    "aquifer_allogenic",
    "aquifer_allogenic_dic",
    "aquifer_gain",
    "aquifer_gain_dic",
    "aquifer_loss",
    "aquifer_loss_dic",
    "aquifer_loss_doc_*",
    "aquifer_matrix_loss",
    "aquifer_matrix_loss_dic",
    "aquifer_matrix_loss_doc_*",
    "aquifer_matrix_dissolution",
    "aquifer_conduit_dissolution",
    "aquifer_conduit_gas_uptake",
    "aquifer_conduit_air_pco2",
    "aquifer_heat_from_rock",
    "aquifer_matrix",
    "aquifer_conduit",
    "aquifer_conduit_volume",
    "aquifer_spring",
    "aquifer_spring_*",
    "surface_water_rain_dic",
    "surface_water_tributary",
    "surface_water_tributary_dic",
    "surface_water_tributary_doc_*",
    "surface_water_tributary_poc_land",
    "surface_water_outflow",
    "surface_water_outflow_*",
    "surface_water_temperature",
    "surface_water_depth",
    "surface_water_discharge",
    "surface_water_water_ph",
    "surface_water_ph_min",
    "surface_water_ph_max",
    "surface_water_water_pco2",
    "surface_water_water_si_calcite",
    "surface_water_evasion",
    "surface_water_invasion",
    "surface_water_gpp",
    "surface_water_autotrophic_respiration",
    "surface_water_heterotrophic_respiration",
    "surface_water_calcite",
    "surface_water_calcite_burial",
    "surface_water_burial_oc",
    "surface_water_burial_oc_land",
    "surface_water_plants",
    "surface_water_oxygen_saturation",
    "soil_co2_d13c",
    "soil_respired_d13c",
    "cave_drip_d13c",
    "cave_calcite_d13c",
    "cave_calcite_dead_carbon",
    "surface_water_dic_d13c",
    "surface_water_dic_c14",
    "surface_water_dic_rock_share",
    "surface_water_plants_d13c",
    "surface_water_organic_d13c",
    "surface_water_bed_d13c",
    "catchment_gpp",
    "catchment_npp",
    "catchment_plant_respiration",
    "catchment_root_respiration",
    "catchment_soil_respiration",
    "catchment_soil_efflux",
    "catchment_harvest",
    "catchment_amendment",
    "catchment_weathering_uptake",
    "catchment_imported_alkalinity",
    "catchment_rock_dissolution",
    "catchment_cave_ventilation",
    "catchment_evapotranspiration",
    "catchment_evasion",
    "catchment_invasion",
    "catchment_aquatic_gpp",
    "catchment_aquatic_harvest",
    "catchment_burial_*",
    "catchment_runoff",
    "catchment_runoff_*",
    "catchment_export",
    "catchment_export_*",
    "catchment_sink_hydrochemical",
    "catchment_imbalance_*",
    "catchment_stock_*",
)


def variables_table() -> pd.DataFrame:
    """All output variables: name, level, units, meaning, how a period aggregates them, whether kept by default."""
    import pandas as pd

    kept = {v.name for v in select(())}
    rows = [
        {
            "name": v.name,
            "level": v.level,
            "kind": _kind_in_words(v),
            "units": v.var.units,
            "aggregate": v.var.aggregate,
            "standard": v.name in kept,
            "standard_name": v.var.standard_name or "",
            "long_name": v.var.long_name,
        }
        for v in variables()
    ]
    return pd.DataFrame(rows)


def _kind_in_words(v: Variable) -> str:
    """A state is carried from step to step, a flux moved in the period; what is only worked out is a diagnostic."""
    if v.kind == "flux" and v.var.aggregate != "sum":
        return "diagnostic"
    return v.kind


def of_isotopes(name: str) -> bool:
    """Whether only a run with isotopes computes this variable."""
    return name.endswith(OF_ISOTOPES) or any(part in name for part in POOLS_OF_ISOTOPES)


def _close(text: str, names: Sequence[str]) -> list[str]:
    """The names that a wrong one may stand for: those that hold it, the shortest first, else the most alike."""
    holding = sorted((name for name in names if text in name), key=len)
    return holding[:SUGGESTED] or difflib.get_close_matches(text, names, n=SUGGESTED, cutoff=0.5)


def select(patterns: Sequence[str], where: str = "variables", isotopes: bool = False) -> list[Variable]:
    """Variables whose names match the patterns; the standard set where there are none.

    Isotopes and tags are among them where they are carried. Raises InputError for a pattern that matches nothing else.
    """
    known = list(variables())
    names = [v.name for v in known]
    wanted: set[str] = set()
    every = set(names)
    for pattern in patterns or STANDARD:
        matches = [pattern] if pattern in every else fnmatch.filter(names, pattern)
        if pattern == SPRING_DISCHARGE:
            raise InputError(f"{where}, {pattern!r}", "is no output: it is computed afterwards", OF_DISCHARGE)
        if not matches:
            close = _close(pattern.lower(), names)
            hint = f"did you mean {' or '.join(close)}?" if close else "list them with: karstsim variables"
            raise InputError(f"{where}, {pattern!r}", "matches no output variable", hint)
        if not isotopes:
            matches = [n for n in matches if not of_isotopes(n)]
            if not matches and pattern not in STANDARD:
                mend = "set isotopes = true in [run], or simulate with isotopes=True"
                raise InputError(f"{where}, {pattern!r}", "needs carbon isotopes", mend)
        wanted.update(matches)
    return [v for v in known if v.name in wanted]


def select_water(patterns: Sequence[str]) -> list[Variable]:
    """As `select`, for a run without chemistry: only water and heat have values.

    Raises InputError for a variable that such a run does not compute.
    """
    chosen = select(patterns)
    water = [v for v in chosen if v.var.units in WATER_UNITS or v.name == "tile_area_fraction"]
    if patterns and len(water) < len(chosen):
        other = next(v.name for v in chosen if v not in water)
        raise InputError(f"variables, {other!r}", "needs the chemistry", "simulate with chemistry=True")
    return water


def selection_table(chosen: Sequence[Variable], rows: Mapping[Level, int]) -> np.ndarray:
    """(n, 4) table, row, offset and aggregate of every float, rows of a level side by side; see column.accumulate."""
    lines = []
    for v in chosen:
        table = TABLE_ORDER.index((v.level, v.kind))
        lines += [(table, row, v.offset, HOW[v.var.aggregate]) for row in range(rows[v.level])]
    return np.array(lines, dtype=np.int64).reshape(-1, 4)


def to_dataset(
    windows: Sequence[Aggregates],
    spans: Sequence[tuple[int, int]],
    forcing: Forcing,
    chosen: Sequence[Variable],
    site: Site,
    frequency: str,
) -> xr.Dataset:
    """Join the windows of one frequency into a Dataset with dims (realization, time[, tile|box])."""
    rows = site.rows
    values = np.concatenate([w.values for w in windows], axis=1)
    counts = np.concatenate([w.counts for w in windows])
    starts = np.concatenate([w.starts + first for w, (first, _) in zip(windows, spans, strict=True)])
    ends = np.r_[starts[1:], len(forcing.times)]
    steps = int(counts.max())
    data: dict[str, Any] = {}
    at = 0
    for v in chosen:
        n = rows[v.level]
        block = values[:, :, at : at + n]
        at += n
        if v.var.aggregate == "mean":
            block = block / counts[None, :, None]
        row_dim = ROW_DIM[v.level]
        if row_dim is None:
            data[v.name] = (("realization", "time"), block[:, :, 0], _attributes(v, steps))
        elif n > 0:
            data[v.name] = (("realization", "time", row_dim), block, _attributes(v, steps))
    ds = xr.Dataset(data, coords={"time": forcing.times[starts]})
    ds["time_bnds"] = (("time", "bnds"), np.stack([forcing.times[starts], _end_times(forcing, ends)], axis=1))
    ds.time.attrs = {
        "standard_name": "time",
        "long_name": "start of the period",
        "bounds": "time_bnds",
        "axis": "T",
    }
    _site_coordinates(ds, site)
    ds.attrs["frequency"] = frequency
    return add_concentrations(ds)


def _end_times(forcing: Forcing, ends: np.ndarray) -> np.ndarray:
    step = forcing.times[1] - forcing.times[0]
    return np.array([forcing.times[e - 1] + step for e in ends])


def _cell_method(v: Variable, steps: int) -> str:
    """What the value of a period of at most `steps` steps is; the value of a state is that at the end of its step."""
    aggregate = v.var.aggregate
    if aggregate == "last" or (v.kind == "state" and aggregate == "mean" and steps == 1):
        return AT_THE_END
    if v.kind == "state" and aggregate == "mean":
        return OF_STEP_ENDS
    return CELL_METHODS[aggregate]


def _attributes(v: Variable, steps: int) -> dict[str, str]:
    # CF's names for amounts of water have the unit kg m-2, which is the same number as mm.
    amount = v.var.units == "mm" and v.var.standard_name is not None
    attrs = {
        "units": "kg m-2" if amount else v.var.units,
        "long_name": v.var.long_name,
        "cell_methods": f"time: {_cell_method(v, steps)}",
    }
    if v.var.standard_name:
        attrs["standard_name"] = v.var.standard_name
    return attrs


def _site_coordinates(ds: xr.Dataset, site: Site) -> None:
    ds.coords["lat"] = ((), site.latitude, {"units": "degrees_north", "standard_name": "latitude"})
    ds.coords["lon"] = ((), site.longitude, {"units": "degrees_east", "standard_name": "longitude"})
    if "tile" in ds.dims:
        ds.coords["land_use"] = (
            "tile",
            [t.land_use for t in site.tiles],
            {"long_name": "land use of the tile"},
        )
    if "box" in ds.dims:
        ds.coords["box_name"] = ("box", [b.name for b in site.boxes], {"long_name": "name of the water body"})
    if "sinking_stream" in ds.dims:
        names = [stream.name for stream in site.sinking_streams]
        ds.coords["stream_name"] = ("sinking_stream", names, {"long_name": "name of the sinking stream"})


def add_concentrations(ds: xr.Dataset) -> xr.Dataset:
    """Flow-weighted spring concentrations (mol m-3) and alkalinity (eq m-3 as mol m-3) from the amounts moved."""
    if "aquifer_spring" not in ds:
        return ds
    dims, flow = ds["aquifer_spring"].dims, ds["aquifer_spring"].values
    volume = np.where(flow > 0.0, flow, np.nan)
    moved = {ion: ds[f"aquifer_spring_{ion}"].values for ion in _IONS if f"aquifer_spring_{ion}" in ds}
    made = {
        f"aquifer_spring_{ion}_concentration": (amount, f"flow-weighted {ion} concentration of the spring")
        for ion, amount in moved.items()
    }
    charges = {s.name: s.charge for s in SOLUTES if s.charge}
    if all(ion in moved for ion in charges):
        alkalinity = sum((charge * moved[ion] for ion, charge in charges.items()), np.zeros(flow.shape))
        made["aquifer_spring_alkalinity"] = (
            alkalinity,
            "flow-weighted alkalinity of the spring, in equivalents",
        )
    how = "time: mean (weighted by discharge)"
    return ds.assign(
        {
            name: (
                dims,
                MM_PER_M * amount / volume,
                {"units": "mol m-3", "long_name": text, "cell_methods": how},
            )
            for name, (amount, text) in made.items()
        }
    )


def provenance(site: Site, forcing_attrs: Mapping[str, Any], constants: str) -> dict[str, str]:
    """Global attributes after CF-1.11 and ACDD-1.3, with what made the data."""
    from karstsim import __version__
    from karstsim.core.jit import source_hash

    attrs = {
        "Conventions": "CF-1.11, ACDD-1.3",
        "title": f"karstsim simulation of {site.name}",
        "summary": "Water, carbonate chemistry and carbon fluxes of a karst catchment from a process-based box model",
        "keywords": "karst, carbonate weathering, carbon sink, spring chemistry, aquatic photosynthesis",
        "source": f"karstsim {__version__} (source {source_hash()})",
        "constants": constants,
        "area_of_fluxes": "per square metre of karst area; tile variables per square metre of the tile",
        "geospatial_lat_min": str(site.latitude),
        "geospatial_lat_max": str(site.latitude),
        "geospatial_lon_min": str(site.longitude),
        "geospatial_lon_max": str(site.longitude),
    }
    for key in ("source_id", "experiment_id", "variant_label", "repairs", "comment", "clock"):
        if forcing_attrs.get(key):
            attrs[f"forcing_{key}"] = str(forcing_attrs[key])
    return attrs


def write_netcdf(ds: xr.Dataset, path: Path, packing: Mapping[str, Any] = PACKED) -> Path:
    """Write a Dataset so that the file appears whole or not at all; `packing` is the encoding of its numbers."""
    encoding: dict[str, dict[str, Any]] = {
        str(n): dict(packing) for n, dtype in ds.dtypes.items() if dtype.kind == "f"
    }
    first = ds.time.values[0]
    date = str(first)[:10]
    for name in ("time", "time_bnds"):
        encoding[name] = {"units": f"days since {date} 00:00:00", "dtype": "f8", "_FillValue": None}
    with whole_file(path) as temporary:
        ds.to_netcdf(temporary, engine="netcdf4", encoding=encoding)
    return path


def join_attributes(ds: xr.Dataset, attrs: Mapping[str, str], times: Iterable[Any]) -> xr.Dataset:
    """Put the global attributes and the time coverage on a Dataset."""
    stamps = list(times)
    ds.attrs.update(attrs)
    ds.attrs["time_coverage_start"] = str(stamps[0])[:19]
    ds.attrs["time_coverage_end"] = str(stamps[-1])[:19]
    return ds


def frequencies(output: str | Sequence[str], where: str = "output") -> list[str]:
    """The frequencies asked for (one may stand alone), in the order of `FREQUENCIES`; InputError for an unknown one."""
    output = [output] if isinstance(output, str) else output
    unknown = [f for f in output if f not in FREQUENCIES]
    if unknown or not output:
        raise InputError(
            where, f"{unknown or 'nothing'} is not an output frequency", f"use {', '.join(FREQUENCIES)}"
        )
    return [f for f in FREQUENCIES if f in output]

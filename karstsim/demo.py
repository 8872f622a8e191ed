"""The embedded example: a small subtropical karst catchment under three scenarios, with parameter uncertainty.

It needs no input: the weather is synthetic, written as CMIP-style netCDF files and read back like any model's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from karstsim.core.constants import MOLAR_MASS_C
from karstsim.ensemble.plan import Plan, Range, latin_hypercube
from karstsim.ensemble.run import join, run_plan
from karstsim.forcing import open_forcing
from karstsim.forcing.synthetic import synthetic_forcing, write_cmip
from karstsim.model.initial import DRIFT
from karstsim.model.output import write_netcdf
from karstsim.model.simulate import RunSummary, Simulation
from karstsim.model.site import Site
from karstsim.report import budget
from karstsim.report.build import report
from karstsim.report.html import Notes
from karstsim.report.tables import Table, standard_checks

if TYPE_CHECKING:
    from karstsim.model.engine import Progress

SCENARIOS = ("ssp126", "ssp245", "ssp585")
FIRST_YEAR, LAST_YEAR = 2015, 2100
DRAWS = 8
SEED = 20221109
SPINUP_YEARS = 40
SITE: dict[str, Any] = {
    "name": "demo catchment",
    "latitude": 26.3,
    "longitude": 105.7,
    "elevation": 1200.0,
    "area_km2": 20.0,
    "tiles": [{"land_use": "secondary_forest", "area_fraction": 1.0}],
    "boxes": [
        {
            "name": "stream",
            "kind": "stream",
            "water_class": "headwater",
            "length_km": 10.0,
            # Hourly sub-steps, to fit a minute: evasion errs by 2 %, well inside the spread of the draws.
            "parameters": {"surface_water.substeps": 24},
        }
    ],
}
# The parameters that control most (science.md 12.4), inside the ranges of the calibration set (science.md 3.13).
RANGES = {
    "soil.structure_factor": Range(0.7, 1.4, factor=True, log=True),
    "soil.field_capacity_ratio": Range(0.54, 0.62),
    "vegetation.light_use_efficiency": Range(0.85, 1.15, factor=True),
    "vegetation.crop_coefficient": Range(0.9, 1.1, factor=True),
    "vegetation.root_respiration": Range(0.8, 1.2, factor=True),
    "epikarst.recharge_shape": Range(1.0, 4.0),
    "aquifer.matrix_residence_time": Range(80.0, 300.0, log=True),
}
KEPT = (
    "tile_area_fraction",
    "atmosphere_precipitation",
    "soil_base_pco2",
    "soil_efflux",
    "vegetation_npp",
    "aquifer_spring",
    "aquifer_spring_*",
    "surface_water_discharge",
    "surface_water_water_ph",
    "surface_water_ph_*",
    "catchment_*",
)


def run_demo(folder: Path, workers: int = 1, progress: Progress | None = None) -> RunSummary:
    """Run the example and write forcing, netCDF, figures and report.html into `folder`.

    Every draw has its own parameters and its own weather (a variant r1, r2, ... of each scenario), the same in all
    scenarios.
    """
    folder.mkdir(parents=True, exist_ok=True)
    site = Site.from_dict(SITE)
    forcings = {name: _forcing(name, site, folder / "forcing") for name in SCENARIOS}
    plan = Plan(SCENARIOS, tuple(latin_hypercube(RANGES, DRAWS, SEED)))
    kept = sorted({*KEPT, *budget.patterns()})
    datasets, run = run_plan(
        site, forcings, plan, ("monthly", "annual"), kept, SPINUP_YEARS, workers, progress
    )
    files = [write_netcdf(ds, folder / f"{name}.nc") for name, ds in datasets.items()]
    files.append(_write_plan(folder / "draws.json", plan))
    warnings = _warnings(run)
    files.append(_report(folder, datasets, site, plan, run, warnings))
    return RunSummary(files, headline(datasets["annual"], run), [], warnings)


def _forcing(scenario: str, site: Site, folder: Path) -> xr.Dataset:
    """Weather of every draw; that of the first is written as CMIP files and read back like any model's."""
    lon, lat, height = site.longitude, site.latitude, site.elevation
    parts = [
        synthetic_forcing(scenario, FIRST_YEAR, LAST_YEAR, SEED + d, lon=lon, lat=lat, elevation=height)
        for d in range(DRAWS)
    ]
    files = write_cmip(parts[0], folder)
    parts[0] = open_forcing(*files, lon=lon, lat=lat, co2=scenario, elevation=height)
    return join(parts)


def headline(annual: xr.Dataset, run: Simulation) -> dict[str, float | str]:
    """Karst sink of each scenario in the last decade: median and 5-95 % of the draws."""
    summary: dict[str, float | str] = {"members": float(annual.sizes["realization"])}
    sink = annual["catchment_sink_hydrochemical"] * MOLAR_MASS_C
    last = sink.isel(time=slice(-10, None)).mean("time")
    for name in SCENARIOS:
        low, middle, high = np.quantile(last.values[annual.scenario.values == name], (0.05, 0.5, 0.95))
        summary[f"karst sink {name} 2091-2100, t C/km2/yr"] = f"{middle:.2f} ({low:.2f}-{high:.2f})"
    summary["largest imbalance of the books"] = max(run.closure().values())
    return summary


def _write_plan(path: Path, plan: Plan) -> Path:
    record = {"seed": SEED, "scenarios": list(plan.scenarios), "draws": [dict(d) for d in plan.draws]}
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path


def _report(
    folder: Path,
    datasets: dict[str, xr.Dataset],
    site: Site,
    plan: Plan,
    run: Simulation,
    warnings: list[str],
) -> Path:
    notes = Notes(
        summary=[
            f"{site.name}: {site.area_km2:g} km2 of karst under secondary forest, a stream of 10 km below the "
            f"spring. {len(plan.scenarios)} scenarios x {len(plan.draws)} draws of {len(RANGES)} parameters, each "
            f"with its own weather, {FIRST_YEAR}-{LAST_YEAR}, daily steps.",
            "The weather is synthetic: a stochastic generator for a subtropical monsoon climate with trends like those "
            "of the SSPs. It shows what karstsim does; it is no projection for any place.",
        ],
        checks=standard_checks(datasets["annual"], run.closure(), _settled(run), _spin_up_text(run)),
        warnings=warnings,
    )
    names = list(RANGES)
    rows = [[str(d), *(_shown(draw[n]) for n in names)] for d, draw in enumerate(plan.draws)]
    draws = Table(
        "Parameter draws", ["draw", *names], rows, note=f"Latin hypercube, seed {SEED}", folded=True
    )
    return report(
        folder,
        datasets["annual"],
        datasets["monthly"],
        "karstsim demo: a karst catchment under three scenarios",
        notes,
        dict(datasets["annual"].attrs),
        [draws],
        site.area_km2,
    )


def _shown(value: Any) -> str:
    return f"x {value['factor']:.3g}" if isinstance(value, dict) else f"{value:.3g}"


def _settled(run: Simulation) -> bool | None:
    return None if run.spin is None else bool(run.spin.settled.all())


def _spin_up_text(run: Simulation) -> str:
    if run.spin is None:
        return ""
    drift = 100.0 * float(run.spin.drift.max())
    return f"{run.spin.years} years of recycled climate; largest drift {drift:.2g} % per decade"


def _warnings(run: Simulation) -> list[str]:
    warnings = run.flags()
    if run.spin is not None and not run.spin.settled.all():
        worst = 100.0 * float(run.spin.drift.max())
        limit = 100.0 * DRIFT
        warnings.append(
            f"the spin-up of {run.spin.years} years left a drift of {worst:.2g} % per decade (limit {limit:g} %)"
        )
    return warnings

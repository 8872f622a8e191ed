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
from karstsim.ensemble.run import run_plan
from karstsim.forcing import open_forcing
from karstsim.forcing.synthetic import synthetic_forcing, write_cmip
from karstsim.model.initial import DRIFT
from karstsim.model.output import write_netcdf
from karstsim.model.simulate import RunSummary, Simulation
from karstsim.model.site import Site

if TYPE_CHECKING:
    from karstsim.model.engine import Progress

SCENARIOS = ("ssp126", "ssp245", "ssp585")
FIRST_YEAR, LAST_YEAR = 2015, 2100
DRAWS = 8
SEED = 20221109
SPINUP_YEARS = 20
SITE: dict[str, Any] = {
    "name": "demo catchment",
    "latitude": 26.3,
    "longitude": 105.7,
    "elevation": 1200.0,
    "area_km2": 20.0,
    "tiles": [
        {"land_use": "cropland", "area_fraction": 0.4},
        {"land_use": "secondary_forest", "area_fraction": 0.6},
    ],
    "boxes": [{"name": "stream", "kind": "stream", "water_class": "headwater", "length_km": 10.0}],
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
    """Run the example and write forcing, netCDF, figures and report.html into `folder`."""
    from karstsim.report.demo import write_demo_report

    folder.mkdir(parents=True, exist_ok=True)
    site = Site.from_dict(SITE)
    forcings = {name: _forcing(name, site, folder / "forcing") for name in SCENARIOS}
    plan = Plan(SCENARIOS, tuple(latin_hypercube(RANGES, DRAWS, SEED)))
    datasets, run = run_plan(site, forcings, plan, ("monthly", "annual"), KEPT, SPINUP_YEARS, workers, progress)
    files = [write_netcdf(ds, folder / f"{name}.nc") for name, ds in datasets.items()]
    summary = headline(datasets["annual"], run)
    files.append(_write_plan(folder / "draws.json", plan))
    files += write_demo_report(folder, datasets, site, plan, run, forcings)
    return RunSummary(files, summary, [], _warnings(run))


def _forcing(scenario: str, site: Site, folder: Path) -> xr.Dataset:
    weather = synthetic_forcing(
        scenario, FIRST_YEAR, LAST_YEAR, SEED, lon=site.longitude, lat=site.latitude, elevation=site.elevation
    )
    files = write_cmip(weather, folder)
    return open_forcing(*files, lon=site.longitude, lat=site.latitude, co2=scenario, elevation=site.elevation)


def headline(annual: xr.Dataset, run: Simulation) -> dict[str, float | str]:
    """Karst sink of each scenario at the end of the century: median and 5-95 % of the draws."""
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


def _warnings(run: Simulation) -> list[str]:
    if run.spin is None or run.spin.settled.all():
        return []
    worst = float(run.spin.drift.max())
    return [f"the spin-up of {run.spin.years} years left a drift of {100 * worst:.2g} % per decade "
            f"(limit {100 * DRIFT:g} %)"]

"""The embedded example: a small subtropical karst catchment under three scenarios, with parameter uncertainty.

It needs no input: the weather is synthetic, written as CMIP-style netCDF files and read back like any model's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from karstsim.core.constants import MOLAR_MASS_C
from karstsim.ensemble.config import EnsembleConfig
from karstsim.ensemble.run import Outcome, start, work
from karstsim.ensemble.store import export, kept_open, open_ensemble
from karstsim.forcing.synthetic import synthetic_forcing, write_cmip
from karstsim.report import budget, scheme_figure
from karstsim.report.build import report
from karstsim.report.ensemble_folder import warnings_of
from karstsim.run_file import RunSummary
from karstsim.tomlfile import validated

if TYPE_CHECKING:
    from karstsim.model.engine import Progress

SCENARIOS = ("ssp126", "ssp245", "ssp585")
FIRST_YEAR, LAST_YEAR = 2015, 2100
DRAWS = 6
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
# The parameters that control most (design notes 12.4), inside the ranges of the calibration set (design notes 3.13).
RANGES: dict[str, Any] = {
    "soil.structure_factor": {"factor": [0.7, 1.4], "scale": "log"},
    "soil.field_capacity_ratio": {"value": [0.54, 0.62]},
    "vegetation.light_use_efficiency": {"factor": [0.85, 1.15]},
    "vegetation.crop_coefficient": {"factor": [0.9, 1.1]},
    "vegetation.root_respiration": {"factor": [0.8, 1.2]},
    "epikarst.recharge_shape": {"value": [1.0, 4.0]},
    "aquifer.matrix_residence_time": {"value": [80.0, 300.0], "scale": "log"},
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
    """Run the example and write its ensemble, netCDF, figures and report.html into `folder`.

    Every draw has its own parameters and its own weather, the same in all scenarios.
    """
    config = ensemble()
    start(config, folder)
    _write_weather(config, folder / "forcing")
    outcome = work(folder, workers, progress=progress)
    files = _written(folder, config.ensemble.output, progress or (lambda *_: None))
    annual = open_ensemble(folder, "annual")
    with kept_open():
        return RunSummary(files, headline(annual, outcome), [], warnings_of(outcome))


def _written(folder: Path, frequencies: Sequence[str], progress: Progress) -> list[Path]:
    """The netCDF of each frequency, then the page, which takes as long as all of them."""
    steps = len(frequencies) + 1
    files = []
    for done, name in enumerate(frequencies):
        progress(done, steps, "writing netCDF")
        files.append(export(folder, folder / f"{name}.nc", name))
    progress(steps - 1, steps, "drawing figures")
    files.append(report(folder))
    progress(steps, steps, "drawing figures")
    return files


def ensemble() -> EnsembleConfig:
    """The ensemble of the example: its scenarios differ in their weather only."""
    span = {"start": str(FIRST_YEAR), "end": str(LAST_YEAR)}
    data = {
        "site": SITE,
        "climates": [{"name": s, "scenario": s, "forcing": {"synthetic": s, **span}} for s in SCENARIOS],
        "draws": {"number": DRAWS, "ranges": RANGES},
        "ensemble": {
            "output": ["monthly", "annual"],
            "variables": sorted({*KEPT, *budget.patterns(), *scheme_figure.VARIABLES}),
            "spinup_years": SPINUP_YEARS,
            "seed": SEED,
            "weather_per_draw": True,
            "precision": "double",
            "block": max(DRAWS // 2, 1),
            "window_years": LAST_YEAR - FIRST_YEAR + 1,
        },
    }
    return validated(EnsembleConfig, data, "demo")


def _write_weather(config: EnsembleConfig, folder: Path) -> None:
    """The weather of the first draw as CMIP-style files: something to open with `karstsim forcing`."""
    for name in SCENARIOS:
        lon, lat, height = config.site.longitude, config.site.latitude, config.site.elevation
        ds = synthetic_forcing(name, FIRST_YEAR, LAST_YEAR, SEED, lon=lon, lat=lat, elevation=height)
        write_cmip(ds, folder)


def headline(annual: xr.Dataset, outcome: Outcome) -> dict[str, float | str]:
    """Karst sink of each scenario in the last decade: median and 5-95 % of the draws."""
    summary: dict[str, float | str] = {"members": float(annual.sizes["realization"])}
    sink = annual["catchment_sink_hydrochemical"] * MOLAR_MASS_C
    last = sink.isel(time=slice(-10, None)).mean("time")
    for name in SCENARIOS:
        low, middle, high = np.quantile(last.values[annual.scenario.values == name], (0.05, 0.5, 0.95))
        summary[f"karst sink {name} 2091-2100, t C km-2 a-1"] = f"{middle:.2f} ({low:.2f}-{high:.2f})"
    summary["largest imbalance of the books"] = max(outcome.closure.values())
    return summary

"""From a posterior into a scenario ensemble: the draws as a table, and a file that runs them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from karstsim.calibration.config import AREA, CalibrationConfig
from karstsim.core.files import whole_file
from karstsim.ensemble.draws import FACTOR
from karstsim.model.parameters import by_name
from karstsim.model.site import Site
from karstsim.tomlfile import emit_toml, pruned

DIGITS = 17  # of a number that reads back to the same
DEFAULT = "pb82"  # constants of every run and ensemble file


def _header(name: str, factor: bool) -> str:
    return f"{name}{FACTOR}" if factor else name


def write_draws(posterior: xr.Dataset, path: Path) -> Path:
    """The draws of the parameters and the area as a table that an ensemble takes; error models stay behind."""
    factors = dict(zip(posterior.parameter.values, posterior["factor"].values, strict=True))
    columns = {
        _header(str(name), bool(factors[name])): posterior["value"].sel(parameter=name).values
        for name in posterior.parameter.values
        if name in by_name() or name == AREA
    }
    with whole_file(path) as temporary:
        pd.DataFrame(columns).to_csv(temporary, index_label="draw", float_format=f"%.{DIGITS}g")
    return path


def _of_constants(config: CalibrationConfig) -> str:
    """A line where the calibration had other constants than the file can ask for."""
    constants = config.calibration.constants
    if constants == DEFAULT:
        return ""
    return f"# The calibration had the constants {constants}; this file runs with {DEFAULT}.\n"


def best_toml(posterior: xr.Dataset, config: CalibrationConfig) -> str:
    """A run file of the best run: its parameters, and the site and the weather of the calibration."""
    factors = dict(zip(posterior.parameter.values, posterior["factor"].values, strict=True))
    best = dict(zip(map(str, posterior.parameter.values), map(float, posterior["best"].values), strict=True))
    own = {n: {"factor": v} if factors[n] else v for n, v in best.items() if n in by_name()}
    tables = {
        "site": _site(best, config),
        "forcing": config.forcing.model_dump(exclude_none=True),
        "run": {"output": ["daily", "annual"], "spinup_years": config.calibration.spinup_years},
        "parameters": {**config.parameters, **own},
    }
    return (
        "# The best run of a calibration under its weather: karstsim run best.toml -o FOLDER.\n"
        + _of_constants(config)
        + emit_toml(pruned(tables))
    )


def _site(best: dict[str, float], config: CalibrationConfig) -> dict[str, object]:
    """The site with the area that was found. What drains into it grows alike, for the search kept its ratio to it."""
    area = best.get(AREA, config.site.area_km2)
    return _resized(config.site, area).model_dump(exclude_none=True)


def _resized(site: Site, area: float) -> Site:
    times = area / site.area_km2
    changed = {
        AREA: area,
        "allogenic_area_km2": site.allogenic_area_km2 * times,
        "sinking_streams": [s.model_copy(update={AREA: s.area_km2 * times}) for s in site.sinking_streams],
        "boxes": [b.model_copy(update={"tributary_km2": b.tributary_km2 * times}) for b in site.boxes],
    }
    return site.model_copy(update=changed)


def ensemble_toml(posterior: xr.Dataset, config: CalibrationConfig, draws: str) -> str:
    """An ensemble file that runs the posterior under the weather of the calibration, with a place for scenarios."""
    best = dict(zip(map(str, posterior.parameter.values), map(float, posterior["best"].values), strict=True))
    forcing = config.forcing.model_dump(exclude_none=True)
    tables = {
        "site": _site(best, config),
        "climates": [{"name": "calibrated", **forcing}],
        "draws": {"file": draws},
        "ensemble": {
            "output": ["annual"],
            "spinup_years": config.calibration.spinup_years,
            "seed": config.calibration.seed,
        },
        "parameters": config.parameters,
    }
    return (
        "# An ensemble of the posterior: karstsim run ensemble.toml -o FOLDER. Every draw runs under every climate"
        + (", with its own area;\n# spring_discharge is in m3 s-1.\n" if AREA in best else ".\n")
        + "# Add scenarios that go on where the calibrated climate ends, as in\n"
        "# [[climates]]\n"
        '# name = "ssp245"\n'
        '# follows = "calibrated"\n'
        '# files = ["tas_*_ssp245_*.nc", "pr_*_ssp245_*.nc"]\n'
        + _of_constants(config)
        + "\n"
        + emit_toml(pruned(tables))
    )

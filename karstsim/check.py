"""A run file and its inputs, opened and described; nothing is simulated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from karstsim.config import RunConfig, load_config
from karstsim.core.constants import GRAMS_PER_KG, SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.forcing.units import CARBON_FLUXES
from karstsim.model.interventions.records import as_entries, check_dates

if TYPE_CHECKING:
    import xarray as xr

_FAMILIAR = {  # canonical unit -> (unit people use, factor, offset)
    "K": ("degC", 1.0, -ZERO_CELSIUS),
    "kg m-2 s-1": ("mm d-1", SECONDS_PER_DAY, 0.0),
    "1e-6": ("ppm", 1.0, 0.0),
}


def check(path: Path) -> dict[str, Any]:
    """Read the run file, open its forcing and return what a run would start from. Raises InputError."""
    config = load_config(path)
    ds, evaporation = open_checked(config)
    return {
        "site": config.site.model_dump(exclude_none=True),
        "forcing": describe_forcing(ds),
        "evaporation": evaporation,
        "run": config.run.model_dump(exclude_none=True),
        "parameters": config.parameters,
        "interventions": as_entries(config.intervention),
    }


def open_checked(config: RunConfig) -> tuple[xr.Dataset, dict[str, str]]:
    """The canonical forcing of a run, after all that the model checks before it starts, with all its repairs.

    And the law of potential evapotranspiration with the variables that it takes.

    Parameters after all overrides, the variables asked for, and the restart file are looked at too.
    """
    ds = config.open_forcing()  # first: a wrong input is told before the simulator is loaded

    from karstsim.model.evaporation import describe
    from karstsim.model.output import select

    with config.named():
        select(config.run.variables, "run.variables", config.run.isotopes)
        check_dates(config.intervention, int(ds.time.dt.year[-1]))
        run = config.simulation(ds)
        if config.run.restart is not None:
            run.start_from(config.run.restart)
    evaporation = describe(run.tables.params["column"], ds, run.forcing.dt)
    return ds.assign_attrs(run.forcing_attrs), evaporation


def describe_forcing(ds: xr.Dataset) -> dict[str, Any]:
    """Span, calendar, statistics and repairs of a canonical forcing Dataset."""
    from karstsim.forcing import times as clock

    stamps = ds.time.values
    return {
        "start": clock.text(stamps[0]),
        "end": clock.text(stamps[-1]),
        "steps": int(ds.sizes["time"]),
        "step_days": clock.check_regular(stamps, "forcing") / SECONDS_PER_DAY,
        "calendar": ds.attrs.get("calendar", "unknown"),
        "locations": int(ds.sizes.get("location", 1)),
        "variables": {str(name): _statistics(ds[name]) for name in ds.data_vars},
        "repairs": [line for line in ds.attrs.get("repairs", "").splitlines() if line],
    }


def _statistics(da: xr.DataArray) -> dict[str, Any]:
    units = str(da.attrs.get("units", "1"))
    name, factor, offset = _FAMILIAR.get(units, (units, 1.0, 0.0))
    if da.name in CARBON_FLUXES:
        name, factor = "g m-2 d-1", GRAMS_PER_KG * SECONDS_PER_DAY
    values = {"mean": da.mean(), "min": da.min(), "max": da.max()}
    return {**{k: float(v) * factor + offset for k, v in values.items()}, "units": name}

"""Estimators of the karst carbon sink, as monitoring teams use them, on tables and on simulated catchments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from karstsim.analysis.estimators import (
    acid,
    dbl,
    denudation,
    gas_fluxes,
    hydrochem,
    inventory,
    isotopes,
    potential,
    response_ratio,
    soil_survey,
    tablet,
)
from karstsim.analysis.estimators.monitoring import Monitoring, from_simulation, monitoring
from karstsim.analysis.estimators.record import Choice, Declared, Estimate, Method, Samples, Setting, Settings
from karstsim.analysis.observations import read_spring_table
from karstsim.core.errors import InputError

METHODS: dict[str, Method] = {
    card.name: card
    for card in (
        hydrochem.METHOD, acid.METHOD, isotopes.METHOD, denudation.DENUDATION, denudation.STOICHIOMETRIC,
        tablet.METHOD, dbl.METHOD, potential.METHOD, gas_fluxes.EDDY, gas_fluxes.CHAMBER, soil_survey.METHOD,
        response_ratio.METHOD, inventory.IPCC, inventory.KARST,
    )
}  # fmt: skip
NETCDF = (".nc", ".nc4", ".cdf")


def open_monitoring(
    data: str | Path | xr.Dataset, area_km2: float | None = None, reading: Mapping[str, Any] | None = None
) -> Monitoring:
    """A monitoring table from a file (`read_spring_table` with its options `reading`), netCDF or Dataset."""
    if isinstance(data, xr.Dataset):
        return monitoring(data, area_km2)
    path = Path(data)
    if path.suffix.lower() in NETCDF:
        if not path.is_file():
            raise InputError(str(path), "is not there", "check the path")
        with xr.open_dataset(path) as opened:
            return monitoring(opened.load(), area_km2)
    table = read_spring_table(path, area_km2=area_km2, **dict(reading or {}))
    return monitoring(table, area_km2)


def estimate(
    data: str | Path | xr.Dataset | Monitoring | None = None,
    method: str = "hydrochem",
    *,
    area_km2: float | None = None,
    reading: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Estimate:
    """Estimate a carbon flux by one method of `METHODS`, with its 5-95 % interval.

    data       monitoring table: a file for `read_spring_table`, its Dataset, simulated output (Dataset or netCDF of
               one member); None for methods that need only settings
    method     name out of `METHODS` (hydrochem, tablet, ...)
    area_km2   area of the catchment; without it a gauge in m3/s gives t C a-1, not t C km-2 a-1
    reading    options of `read_spring_table`, as {"units": {"Ca": "mg/L"}}
    settings   numbers and words of the method (`METHODS[name].settings`); `NAME_sd` is the standard deviation of one
               that is uncertain; `draws` (500) and `seed` (1) of the random draws

    Raises InputError for an unknown method or setting, quantities without unit, and a table that lacks what it needs.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r}", "is unknown", f"use one of {', '.join(METHODS)}")
    card = METHODS[method]
    chosen = Settings(method, card.settings, settings)
    if data is None:
        if not card.table_free:
            raise InputError(f"method {method!r}", "needs a monitoring table", "give a file or a Dataset")
        return card.run(None, chosen)
    m = data if isinstance(data, Monitoring) else open_monitoring(data, area_km2, reading)
    missing = card.missing(m.data)
    if missing and not card.table_free:
        raise InputError(f"method {method!r}", f"the table has no {', no '.join(missing)}", _mend(missing))
    return card.run(m, chosen)


def _mend(missing: list[str]) -> str:
    return (
        f"add a column of {missing[0]} whose header says its unit, or tell it: units= (--unit HEADER=UNIT), "
        "columns= (--column QUANTITY=HEADER)"
    )


__all__ = [
    "METHODS",
    "Choice",
    "Declared",
    "Estimate",
    "Method",
    "Monitoring",
    "Samples",
    "Setting",
    "estimate",
    "from_simulation",
    "monitoring",
    "open_monitoring",
]

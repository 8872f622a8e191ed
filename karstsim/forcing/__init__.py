"""Weather from CMIP files, station tables or a generator, as one checked Dataset and as records for the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing.canonical import STANDARD_HEIGHT, Elevation, Repairs, label
from karstsim.forcing.cmip import open_cmip
from karstsim.forcing.co2 import SCENARIOS, co2_series
from karstsim.forcing.netcdf import expand, is_netcdf
from karstsim.forcing.records import FORCING, FORCING_DTYPE, to_records
from karstsim.forcing.region import Region
from karstsim.forcing.request import Degrees
from karstsim.forcing.station import open_station
from karstsim.forcing.synthetic import synthetic_forcing, write_cmip

__all__ = [
    "FORCING",
    "FORCING_DTYPE",
    "co2_series",
    "open_cmip",
    "open_forcing",
    "open_station",
    "synthetic_forcing",
    "to_records",
    "write_cmip",
]

TABLES = (".csv", ".txt", ".tsv", ".csv.gz", ".txt.gz", ".tsv.gz", ".xlsx")


def open_forcing(
    *files: str | Path,
    lon: Degrees = None,
    lat: Degrees = None,
    region: Region | None = None,
    cells: bool = False,
    co2: str | float | Path | None = None,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    estimate: Iterable[str] = (),
    elevation: Elevation = None,
    start: str | int | None = None,
    end: str | int | None = None,
    location: str | None = None,
    wind_height: float = STANDARD_HEIGHT,
    months: str | None = None,
    dayfirst: bool | None = None,
    timezone: str | None = None,
    sheet: str | None = None,
) -> xr.Dataset:
    """Weather and CO2 from netCDF files or one table, checked, in CMIP names and units.

    files      netCDF (paths, folders or glob patterns), or one table (CSV or .xlsx); the suffix decides
    co2        scenario ("ssp245"), "historical", a number (ppm) or a CSV (year, co2). Without it the co2 column of a
               CSV is taken, or the scenario that the netCDF files name in their experiment_id.
    wind_height  m above ground at which sfcWind was measured; it is brought to 10 m
    others     as in cmip.open_cmip and station.open_station
    returns    dims (location, time); tas K, pr and perhaps prsn kg m-2 s-1, rsds W m-2, sfcWind m s-1, ps Pa,
               co2 1e-6; where the source has them tasmin, tasmax and tdps K, hurs %, huss 1, rlds W m-2,
               evspsblpot kg m-2 s-1, npp, rhSoil and rSoil kg m-2 s-1 of carbon, lai, fapar, ndvi and swc 1; coords
               lat, lon, time (beginning of the step); attrs source_files, source_id, experiment_id, variant_label where
               known, calendar, repairs (one a line)
    Raises InputError for everything that is missing, ambiguous or not physical.
    """
    paths = expand(files)
    kinds = {_kind(p) for p in paths}
    if kinds == {"netcdf"}:
        ds = open_cmip(paths, lon, lat, location=location, region=region, cells=cells, columns=columns, units=units,
                       estimate=estimate, elevation=elevation, start=start, end=end, wind_height=wind_height,
                       months=months)  # fmt: skip
    elif kinds == {"table"} and len(paths) == 1:
        if region is not None or cells or hasattr(lon, "__len__"):
            raise InputError(
                str(paths[0]), "is a table of one place", "leave region and cells out, give one lon, lat"
            )
        if elevation is not None and not isinstance(elevation, int | float):
            raise InputError("elevation", "is no number", "give the height of the station, m")
        ds = open_station(paths[0], columns, units, lon=lon, lat=lat, estimate=estimate,  # type: ignore[arg-type]
                          elevation=elevation or 0.0, start=start, end=end, location=location,
                          wind_height=wind_height, dayfirst=dayfirst, timezone=timezone, sheet=sheet)  # fmt: skip
    else:
        what = "several tables, or tables mixed with netCDF files"
        raise InputError(str(paths[0]), what, "give netCDF files only, or one CSV")
    return with_co2(ds, co2)


def _kind(path: Path) -> str:
    name = path.name.lower()
    if is_netcdf(path):
        return "netcdf"
    if name.endswith(TABLES):
        return "table"
    raise InputError(
        str(path), "is neither netCDF nor a table by its suffix", "rename it to end in .nc, .csv or .xlsx"
    )


def with_co2(ds: xr.Dataset, co2: str | float | Path | None) -> xr.Dataset:
    """The Dataset with co2 (1e-6): as told, its own, or that of its experiment. Raises InputError without any."""
    repairs = Repairs(r for r in ds.attrs.get("repairs", "").split("\n") if r)
    if co2 is None and "co2" in ds:
        return ds
    if co2 is None:
        co2 = _experiment(ds)
        repairs.note(f"co2: not given, {co2} as the files say in experiment_id")
    values = xr.DataArray(
        co2_series(co2, ds.time.values, _experiments(ds)), dims="time", coords={"time": ds.time}
    )
    return label(ds.assign(co2=values.broadcast_like(ds.tas)), repairs)


def _experiments(ds: xr.Dataset) -> tuple[str, ...]:
    return tuple(n.strip().lower() for n in str(ds.attrs.get("experiment_id", "")).split(","))


def _experiment(ds: xr.Dataset) -> str:
    names = list(_experiments(ds))
    scenarios = [n for n in names if n in SCENARIOS]
    if len(scenarios) == 1:
        return scenarios[0]
    if names == ["historical"]:
        return "historical"
    mend = f"give co2= one of {', '.join(SCENARIOS)}, historical, a number in ppm or a table"
    if any(n.startswith("rcp") for n in names):
        mend += ", for the RCPs such as RCP85_MIDYEAR_CONCENTRATIONS.DAT"
    raise InputError("co2", "is not given and the files name no scenario of the table", mend)

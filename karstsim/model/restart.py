"""Restart files: the whole state of all catchments, as the float views of the state tables.

The layout (every float's name) is stored beside the numbers, so that a file of another version is refused instead of
being read into the wrong fields. Nothing is unpickled.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.core.files import whole_file
from karstsim.model.engine import Tables
from karstsim.model.registry import LEVELS, Level, variables
from karstsim.model.site import Site


def layout(level: Level) -> list[str]:
    """Names of the floats of one row of the state table, in order."""
    named = sorted((v.offset, v.name) for v in variables() if v.level == level and v.kind == "state")
    return [name for _, name in named]


def site_key(site: Site) -> str:
    """What of the site a state belongs to: tiles with their areas, boxes, what drains into it."""
    tiles = [(t.land_use, t.area_fraction) for t in site.tiles]
    boxes = [(b.name, b.kind, b.water_class) for b in site.boxes]
    streams = [(a.name, a.area_km2) for a in site.sinking_streams]
    return repr((tiles, boxes, site.area_km2, site.allogenic_area_km2, streams))


def write_restart(tables: Tables, site: Site, time: object, calendar: str, path: Path) -> Path:
    """Write the state after a run.

    time      first instant that has not been simulated
    calendar  CF calendar of that time
    """
    data: dict[str, tuple[object, np.ndarray]] = {}
    for level in LEVELS:
        floats = tables.state_floats[level]
        dims = ("member", f"{level}_row", f"{level}_float")
        data[f"state_{level}"] = (dims, floats.reshape(len(tables), -1, floats.shape[-1]))
        data[f"layout_{level}"] = (f"{level}_float", np.array(layout(level), dtype=str))
    ds = xr.Dataset(data, attrs={"time": str(time)[:19], "calendar": calendar, "title": "karstsim restart"})
    ds.attrs["site"] = site_key(site)
    with whole_file(path) as temporary:
        ds.to_netcdf(temporary, engine="netcdf4")
    return path


def read_restart(tables: Tables, site: Site, path: Path, first_time: object, calendar: str) -> None:
    """Fill the states of `tables` from a restart file.

    first_time  start of the forcing, which must be the time of the restart
    Raises InputError for an unreadable file, another layout, another number of members or rows, another time.
    """
    where = f"restart {path}"
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_times=False) as opened:
            ds = opened.load()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            where, f"cannot be read ({error})", "give a restart.nc written by karstsim run"
        ) from error
    start = f"{str(first_time)[:19].replace('T', ' ')} ({calendar})"
    written = f"{ds.attrs.get('time', '?').replace('T', ' ')} ({ds.attrs.get('calendar', '?')})"
    if start != written:
        raise InputError(
            where,
            f"holds the state at {written}, but the forcing starts at {start}",
            "start the forcing at the time of the restart",
        )
    if ds.attrs.get("site") != site_key(site):
        raise InputError(
            where,
            "belongs to another site (tiles, areas or boxes differ)",
            "use the site that the restart was made with, or run a spin-up for the new one",
        )
    checked = {level: _checked(tables, level, ds, where) for level in LEVELS}
    for level, values in checked.items():
        tables.state_floats[level][...] = values


def _checked(tables: Tables, level: Level, ds: xr.Dataset, where: str) -> np.ndarray:
    """State of one level in the shape of its table; InputError where the file does not fit."""
    floats = tables.state_floats[level]
    names = [str(n) for n in ds[f"layout_{level}"].values] if f"layout_{level}" in ds else []
    if names != layout(level) or f"state_{level}" not in ds:
        raise InputError(
            where,
            "was written by another version of karstsim (the state differs)",
            "run the spin-up again with this version",
        )
    values = ds[f"state_{level}"].values
    if values.shape != (len(tables), int(np.prod(floats.shape[1:-1], dtype=int)), floats.shape[-1]):
        raise InputError(
            where,
            f"holds another number of members, tiles, boxes or streams ({level}: {values.shape[:2]})",
            "use the site that the restart was made with",
        )
    if not np.isfinite(values).all():
        raise InputError(where, f"holds values that are not finite ({level})", "restart from an earlier file")
    return values.reshape(floats.shape)

"""Land use by the year, from a table or from a netCDF in the manner of LUH2, as fractions of classes.

A table has a column `year` and one column per tile. LUH2 (Hurtt et al. 2020) holds the states of each cell, which are
gathered to the classes of karstsim by `LUH2_CLASSES`; water and ice, which LUH2 leaves out, are left out here too, so
the fractions of the land sum to one.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from karstsim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

LUH2_CLASSES = {
    "primf": "virgin_forest",
    "secdf": "secondary_forest",
    "primn": "shrub",
    "secdn": "shrub",
    "c3ann": "cropland",
    "c4ann": "cropland",
    "c3per": "cropland",
    "c4per": "cropland",
    "c3nfx": "cropland",
    "pastr": "grass",
    "range": "grass",
    "urban": "bare_rock",  # sealed ground has neither soil nor plants
}
SPELLINGS = {"latitude": "lat", "longitude": "lon"}
HALF, HALF_CIRCLE = 0.5, 180.0
LAST_YEAR = 9999
ROUNDING = 0.01  # year; a year may be stamped with its beginning or its middle
LARGEST_CELL = 2.0  # degrees from the centre of a file's only row or column
SUM_TOLERANCE = 0.02  # of fractions read from a file; the rest of a per cent is rounding and is divided
Fractions = dict[str, list[float]]


def read_land_use(
    path: str | Path, lon: float | None = None, lat: float | None = None
) -> tuple[list[int], Fractions]:
    """Years and area fractions by class or tile name, which sum to one in every year.

    path      CSV (`year` and one column per tile) or netCDF (LUH2 states on time, lat, lon)
    lon, lat  degrees; the cell of a netCDF, the nearest to the place
    Raises InputError for a file that cannot be read, missing years, fractions that are negative or do not sum to one.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(str(path), "is not there", "give the file of land use by year")
    if path.suffix.lower() in (".nc", ".nc4"):
        years, fractions = _of_luh2(path, lon, lat)
    else:
        years, fractions = _of_table(path)
    return years, _whole(path, years, fractions)


def _of_table(path: Path) -> tuple[list[int], dict[str, np.ndarray]]:
    try:
        values = _numbers(path.read_text(encoding="utf-8-sig"))
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise InputError(
            str(path), f"is no table of numbers ({error})", "give a column year and one column per tile"
        ) from error
    values.columns = [str(c).strip() for c in values.columns]
    if "year" not in values:
        raise InputError(str(path), "has no column 'year'", "name the column of calendar years year")
    if len(values.columns) < 2:
        raise InputError(str(path), "has no fractions", "add one column per tile, named as the tile")
    if values.empty:
        raise InputError(str(path), "has no row of numbers", "give one row a year")
    years = values.pop("year")
    whole = (years.abs() <= LAST_YEAR) & (years == years.round())
    if not whole.all():
        row = int(np.argmin(whole)) + 2
        raise InputError(f"{path}, row {row}", "has no whole year", "give calendar years")
    return [int(y) for y in years], {name: values[name].to_numpy(float) for name in values}


def _numbers(text: str) -> pd.DataFrame:
    """The table; where semicolons or tabs part its columns, a comma may be the decimal mark.

    Raises ValueError for a row with more cells than the header, which pandas would take for row labels.
    """
    import pandas as pd

    rows = [row for line in text.splitlines() if (row := line.split("#")[0].rstrip())]
    mark = next((m for m in (";", "\t") if rows and m in rows[0]), ",")
    for row in rows[1:]:
        if row.rstrip(mark).count(mark) > rows[0].count(mark):
            raise ValueError(
                f"row {row!r} has more cells than the header; part columns of decimal commas with ;"
            )
    decimal = "," if mark != "," and not any("." in row for row in rows[1:]) else "."
    lines = io.StringIO("\n".join(rows))
    return pd.read_csv(lines, sep=mark, decimal=decimal, index_col=False, skipinitialspace=True).astype("f8")


def _of_luh2(path: Path, lon: float | None, lat: float | None) -> tuple[list[int], dict[str, np.ndarray]]:
    import xarray as xr

    if lon is None or lat is None:
        raise InputError(str(path), "is a grid", "give lon and lat of the catchment")
    try:
        with xr.open_dataset(path, decode_times=False) as ds:
            ds = ds.rename({k: v for k, v in SPELLINGS.items() if k in ds.dims})
            states = [name for name in LUH2_CLASSES if name in ds]
            if not states or not {"lat", "lon", "time"} <= set(ds.dims):
                raise InputError(
                    str(path),
                    "has no LUH2 states on time, lat, lon",
                    f"it needs some of {', '.join(LUH2_CLASSES)}",
                )
            place = {"lat": _nearest(path, ds.lat, lat), "lon": _nearest(path, ds.lon, lon)}
            cell = ds[states].isel(place).load()
            years = _years(path, cell.time)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(str(path), f"cannot be read ({error})", "give a netCDF file") from error
    fractions: dict[str, np.ndarray] = {}
    for name in states:
        values = cell[name].to_numpy().astype(float)
        fractions[LUH2_CLASSES[name]] = fractions.get(LUH2_CLASSES[name], 0.0) + values
    total = np.sum(list(fractions.values()), axis=0)
    if not (total > 0.0).all():
        raise InputError(str(path), f"has no land at {lat:g} N, {lon:g} E", "choose a place on land")
    if (total > 1.0 + SUM_TOLERANCE).any():
        raise InputError(
            str(path),
            f"has states that sum to {total.max():.4g} at {lat:g} N, {lon:g} E",
            "give fractions of the cell; a fill value must be its _FillValue or missing_value",
        )
    return years, {name: values / total for name, values in fractions.items()}


def _nearest(path: Path, axis: xr.DataArray, value: float) -> int:
    """Index of the cell that holds the place, around the globe in longitude.

    InputError outside the cells: the nearest one of a regional file may lie a continent away.
    """
    centres = axis.to_numpy().astype(float)
    apart = np.abs(centres - value)
    if axis.name == "lon":
        apart = np.abs((centres - value + HALF_CIRCLE) % (2.0 * HALF_CIRCLE) - HALF_CIRCLE)
    half = HALF * float(np.abs(np.diff(centres)).max()) if len(centres) > 1 else LARGEST_CELL
    if not apart.min() <= half:
        raise InputError(
            str(path),
            f"reaches from {centres.min():g} to {centres.max():g} in {axis.name}, the catchment lies at {value:g}",
            "give a file that covers the catchment",
        )
    return int(np.argmin(apart))


def _years(path: Path, time: xr.DataArray) -> list[int]:
    """Calendar years of LUH2's time, "years since 850-01-01", or of days, as other programs write them."""
    from cftime import num2date

    units, calendar = str(time.attrs.get("units", "")), str(time.attrs.get("calendar", "standard"))
    words = units.split()
    if words[:2] == ["years", "since"] and len(words) > 2:
        first = int(words[2].split("-")[0])
        return [first + int(np.floor(t + ROUNDING)) for t in time.to_numpy().astype(float)]
    if words[:2] in (["days", "since"], ["hours", "since"]):
        return [date.year for date in num2date(time.to_numpy(), units, calendar)]
    raise InputError(
        f"{path}, time", f"has the units {units or 'none'!r}", "LUH2 counts years since 850-01-01"
    )


def _whole(path: Path, years: list[int], fractions: dict[str, np.ndarray]) -> Fractions:
    """Fractions that sum to one; InputError where they are far from it."""
    for earlier, later in zip(years, years[1:], strict=False):
        if later <= earlier:
            raise InputError(str(path), f"year {later} follows {earlier}", "sort the years, each once")
    table = np.stack(list(fractions.values()))
    if not np.isfinite(table).all() or (table < 0.0).any():
        bad = int(np.flatnonzero((~np.isfinite(table) | (table < 0.0)).any(axis=0))[0])
        raise InputError(
            f"{path}, {years[bad]}", "has a missing or negative fraction", "give numbers from 0 to 1"
        )
    total = table.sum(axis=0)
    off = np.abs(total - 1.0) > SUM_TOLERANCE
    if off.any():
        bad = int(np.flatnonzero(off)[0])
        raise InputError(
            f"{path}, {years[bad]}", f"the fractions sum to {total[bad]:.4g}, not 1", "correct them"
        )
    return {name: (values / total).tolist() for name, values in zip(fractions, table, strict=True)}

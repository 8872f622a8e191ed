"""What a caller asks of netCDF files: place, variables, and what they are called and measured in there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from karstsim.core.errors import InputError
from karstsim.forcing.canonical import NAMES
from karstsim.forcing.optional import OPTIONAL
from karstsim.forcing.units import check_names, variable_of

if TYPE_CHECKING:
    from karstsim.forcing.region import Region

WANTED = ("tas", "tasmin", "tasmax", "pr", "prsn", "rsds", "sfcWind", "ps", *OPTIONAL)
Degrees = float | Sequence[float] | None


class Request:
    """What the caller asked for, checked once."""

    def __init__(
        self,
        lon: Degrees = None,
        lat: Degrees = None,
        location: str | None = None,
        variables: Sequence[str] | None = None,
        columns: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        region: Region | None = None,
        cells: bool = False,
    ) -> None:
        self.wanted = tuple(variables or WANTED)
        self.columns, self.units = dict(columns or {}), check_names(units)
        unknown = [v for v in (*self.wanted, *self.columns) if v not in NAMES]
        if unknown:
            raise InputError(
                "variables", f"unknown variable {unknown[0]!r}", f"choose from {', '.join(NAMES)}"
            )
        self.lons, self.lats = _degrees(lon), _degrees(lat)
        if len(self.lons) != len(self.lats):
            what = f"{len(self.lons)} longitude(s) and {len(self.lats)} latitude(s) are given"
            what = what if self.lons and self.lats else "only one of them is given"
            raise InputError("lon, lat", what, "give both, as many of the one as of the other")
        for x, y in zip(self.lons, self.lats, strict=True):
            if not (-180.0 <= x <= 360.0 and -90.0 <= y <= 90.0):
                exchanged = abs(x) <= 90.0 and abs(y) <= 360.0
                mend = f"exchange them: lon {y}, lat {x}" if exchanged else "give degrees east and north"
                raise InputError("lon, lat", f"lon {x}, lat {y} is not on earth", mend)
        if self.lons and (region is not None or cells):
            raise InputError("lon, lat", "are given beside a region or cells=True", "give one of them")
        self.location, self.region, self.cells = location, region, cells
        self.told = {
            *(variables or ()),
            *self.columns,
            *map(variable_of, self.units),
        }  # variables that the caller named

    @property
    def placed(self) -> bool:
        """Whether a place in a grid was asked for."""
        return bool(self.lons) or self.region is not None or self.cells


def _degrees(value: Degrees) -> list[float]:
    return [] if value is None else [float(v) for v in np.atleast_1d(np.asarray(value, "f8"))]

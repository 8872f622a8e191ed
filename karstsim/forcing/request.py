"""What a caller asks of netCDF files: place, variables, and what they are called and measured in there."""

from __future__ import annotations

from collections.abc import Sequence

from karstsim.core.errors import InputError
from karstsim.forcing.canonical import NAMES
from karstsim.forcing.optional import OPTIONAL

WANTED = ("tas", "tasmin", "tasmax", "pr", "prsn", "rsds", "sfcWind", "ps", *OPTIONAL)


class Request:
    """What the caller asked for, checked once."""

    def __init__(
        self,
        lon: float | None,
        lat: float | None,
        location: str | None,
        variables: Sequence[str] | None,
        columns: dict[str, str],
        units: dict[str, str],
    ) -> None:
        wanted = tuple(variables or WANTED)
        unknown = [v for v in (*wanted, *columns) if v not in NAMES]
        if unknown:
            raise InputError(
                "variables", f"unknown variable {unknown[0]!r}", f"choose from {', '.join(NAMES)}"
            )
        if (lon is None) != (lat is None):
            raise InputError("lon, lat", "only one of them is given", "give both")
        if lon is not None and not (-180.0 <= lon <= 360.0 and -90.0 <= float(lat or 0.0) <= 90.0):
            raise InputError(
                "lon, lat", f"lon {lon}, lat {lat} is not on earth", "give degrees east and north"
            )
        self.lon, self.lat, self.location = lon, lat, location
        self.wanted, self.columns, self.units = wanted, columns, units
        self.told = {*(variables or ()), *columns, *units}  # variables that the caller named

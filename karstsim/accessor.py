"""Figures on a Dataset: `ds.karst.results()`, `ds.karst.carbon_budget()` and the others of `ks.plot`.

Loaded with the first public name of karstsim that is used, such as `ks.plot`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xarray as xr

NAME = "karst"


class Karst:
    """The functions of `karstsim.plot` with the Dataset as their first argument."""

    def __init__(self, ds: xr.Dataset) -> None:
        self._ds = ds

    def __getattr__(self, name: str) -> Callable[..., Any]:
        from karstsim import plot

        if name.startswith("_") or name not in plot.__all__ or name == "save":
            raise AttributeError(f"no figure {name!r}; there are {', '.join(self.__dir__())}")
        function = getattr(plot, name)
        return lambda *args, **kwargs: function(self._ds, *args, **kwargs)

    def __dir__(self) -> list[str]:
        from karstsim import plot

        return [name for name in plot.__all__ if name != "save"]


if not hasattr(xr.Dataset, NAME):
    xr.register_dataset_accessor(NAME)(Karst)  # type: ignore[no-untyped-call]

"""xarray without the other kinds of arrays, for commands that work with numpy's only."""

from __future__ import annotations

import sys

# With dask comes `distributed`, which xarray loads through it before it writes its first file; pandas loads pyarrow
# for columns of its types, which no run has.
NEVER = ("dask", "pyarrow")
NOT_FOR_XARRAY = ("pint", "cupy", "sparse")  # pint alone is wanted later, where a file has units


def plain_arrays_only() -> None:
    """Load xarray as if no other kind of array were installed.

    At its first array xarray imports each such package that it finds, to ask whether the array is one of them, and
    remembers the answer: 0.1 s of CPU for pint, as much again for dask, and half a second before the first file. So
    does pandas with pyarrow, another 0.1 s. None in `sys.modules` is Python's own sign for a package that cannot be
    imported. Where xarray is loaded already nothing is changed.
    """
    if "xarray" in sys.modules:
        return
    hidden = [name for name in (*NEVER, *NOT_FOR_XARRAY) if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    import xarray as xr

    xr.DataArray([0.0], coords={"x": [0.0]}, dims="x")  # the first one
    for name in set(hidden) - set(NEVER):
        del sys.modules[name]

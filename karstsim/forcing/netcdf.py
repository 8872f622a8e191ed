"""Opening netCDF files and zarr stores so that a broken or hostile one ends in a named error."""

from __future__ import annotations

import glob
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from karstsim.core.errors import InputError, demand_kind

Files = str | Path | Iterable[str | Path]
LONGEST_DIMENSION = 10_000_000  # 190 years of 10 minutes; more is a broken or hostile file
FIRST_BYTES = (b"CDF", b"\x89HDF")  # of netCDF 3 and of netCDF 4
ZARR_TEXTS = (".zarray", ".zgroup", ".zmetadata", "zarr.json")
ABSOLUTE = "day as %Y%m%d"  # units of time as CDO writes them; dates of the real calendar
FIRST_DAY = "1850-01-01"
VERSIONS, MOST_VERSIONS = "expver", 2  # of ERA5: final data and, for the last months, preliminary ones
FIELD = 3  # dimensions, and more: those with fewer may be axes and their bounds
FILLS, PACKING = ("_FillValue", "missing_value"), ("scale_factor", "add_offset", "_Unsigned")
SUFFIXES = (".nc", ".nc4", ".cdf", ".netcdf")


def expand(files: Files) -> list[Path]:
    """Paths, folders and glob patterns as a sorted list of existing files and zarr stores.

    Raises InputError where one matches nothing.
    """
    entries = [files] if isinstance(files, str | Path) else list(files)
    found: list[Path] = []
    for entry in entries:
        demand_kind(
            "files, one", entry, (str, Path), 'give paths one after another, as "tas.nc", "pr.nc" or *files'
        )
        matches = [str(entry)] if Path(entry).exists() else sorted(glob.glob(str(entry)))
        if not matches:
            raise InputError(str(entry), "no such file", "check the path or the pattern")
        for match in map(Path, matches):
            found += _inside(match) if match.is_dir() and not is_zarr(match) else [match]
    if not found:
        raise InputError("files", "none given", "name at least one forcing file")
    repeated = [p for i, p in enumerate(found) if p in found[:i]]
    if repeated:
        raise InputError(str(repeated[0]), "given twice", "name each file once")
    return found


def _inside(folder: Path) -> list[Path]:
    found = [p for p in sorted(folder.iterdir()) if p.suffix in SUFFIXES or is_zarr(p)]
    if not found:
        raise InputError(str(folder), "holds no netCDF file", "name the files")
    return found


def is_zarr(path: Path) -> bool:
    """Whether a folder is a zarr store."""
    return path.is_dir() and any((path / name).is_file() for name in ZARR_TEXTS)


def is_netcdf(path: Path) -> bool:
    """Whether a path is a netCDF file or a zarr store, by its content and else by its suffix."""
    if is_zarr(path) or path.name.lower().endswith(SUFFIXES):
        return True
    try:
        with open(path, "rb") as file:
            return file.read(4).startswith(FIRST_BYTES)
    except OSError:
        return False


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever the libraries raise on a broken file becomes an InputError that names it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", xr.SerializationWarning)  # several fill values: all become NaN
            warnings.simplefilter(
                "ignore", RuntimeWarning
            )  # broken numbers: they are refused by their values
            yield
    except InputError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        mend = "give an intact CF netCDF file (ncdump -h shows whether it is)"
        raise InputError(str(path), f"cannot be read ({reason})", mend) from error


@contextmanager
def opened(path: Path, masked: bool = True) -> Iterator[xr.Dataset]:
    """One opening of the file, times not decoded, with a look at its dimensions before any coordinate is read.

    masked   False leaves the missing values of fields that are not packed to `fills`, where they are read in blocks:
             xarray would copy every block once more

    A second, direct opening through netCDF4 would crash the interpreter where the caller already holds the file open
    in xarray (netCDF-C 4.10 with HDF5 2.2).
    """
    if is_zarr(path):
        with _opened_zarr(path) as ds:
            yield ds
        return
    store = xr.backends.NetCDF4DataStore.open(str(path), mode="r")  # type: ignore[no-untyped-call]
    try:
        _check_sizes(store.get_dimensions(), path)
        raw = {} if masked else {n: False for n, v in store.get_variables().items() if fills(v)}
        yield _usual(xr.open_dataset(store, decode_times=False, mask_and_scale=raw or None))
    finally:
        store.close()


def fills(field: xr.Variable) -> list[float]:
    """Numbers that mark missing values in a field of space and time, of floats that are not packed."""
    attrs = field.attrs
    if (
        field.dtype.kind != "f"
        or field.ndim < FIELD
        or VERSIONS in field.dims
        or any(a in attrs for a in PACKING)
    ):
        return []
    marks = [mark for name in FILLS if name in attrs for mark in np.ravel(attrs[name])]
    return [] if any(not isinstance(mark, np.number) for mark in marks) else marks


@contextmanager
def _opened_zarr(path: Path) -> Iterator[xr.Dataset]:
    if find_spec("zarr") is None:
        raise InputError(str(path), "is a zarr store and zarr is absent", "pip install 'karstsim[climate]'")
    for text in (p for name in ZARR_TEXTS for p in path.rglob(name)):
        if "pickle" in text.read_text(encoding="utf-8", errors="replace").lower():
            raise InputError(str(path), "holds pickled objects, which can run code", "write plain numbers")
    with xr.open_zarr(path, decode_times=False, chunks=None) as ds:
        _check_sizes(ds.sizes, path)
        yield _usual(ds)


def _usual(ds: xr.Dataset) -> xr.Dataset:
    """Habits of single archives in the usual form: days as numbers of eight digits, two versions of ERA5 in turn."""
    for name in [
        str(n) for n, v in ds.variables.items() if str(v.attrs.get("units", "")).startswith(ABSOLUTE)
    ]:
        ds = ds.assign_coords({name: (ds[name].dims, _days(ds[name].values), _day_attributes(ds[name]))})
    if VERSIONS not in ds.dims:
        return ds
    versions = [v for v in ds.data_vars if VERSIONS in ds[v].dims and ds[v].dtype.kind == "f"]
    if 1 < ds.sizes[VERSIONS] <= MOST_VERSIONS and versions:
        parts = [ds[versions].isel({VERSIONS: i}, drop=True) for i in range(ds.sizes[VERSIONS])]
        whole = parts[0]
        for part in parts[1:]:
            both = [v for v in versions if bool((whole[v].notnull() & part[v].notnull()).any())]
            if both:
                return ds  # both have a value: which one is not for us to say
            whole = whole.fillna(part)
        attrs = {v: ds[v].attrs for v in versions}
        ds = ds.drop_vars(versions).assign({v: whole[v].assign_attrs(attrs[v]) for v in versions})
    return ds


def _days(stamps: np.ndarray) -> np.ndarray:
    """Days since `FIRST_DAY` of dates such as 20010131.5; other numbers stay what they are and are refused later."""
    whole = np.floor(stamps.astype("f8"))
    dates = pd.to_datetime(pd.Series(whole).map("{:08.0f}".format), format="%Y%m%d", errors="coerce")
    days = (dates.to_numpy("datetime64[D]") - np.datetime64(FIRST_DAY, "D")) / np.timedelta64(1, "D")
    return np.asarray(days, "f8") + (stamps - whole)


def _day_attributes(time: xr.DataArray) -> dict[str, object]:
    return {**time.attrs, "units": f"days since {FIRST_DAY}", "calendar": "proleptic_gregorian"}


def _check_sizes(sizes: object, path: Path) -> None:
    for name, size in dict(sizes).items():  # type: ignore[call-overload]
        if size > LONGEST_DIMENSION:
            what = f"dimension {name!r} has {size} entries"
            raise InputError(str(path), what, "give an intact file, or cut out what is needed")

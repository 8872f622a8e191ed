"""Opening netCDF files and zarr stores so that a broken or hostile one ends in a named error."""

from __future__ import annotations

import glob
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import xarray as xr

from karstsim.core.errors import InputError

Files = str | Path | Iterable[str | Path]
LONGEST_DIMENSION = 10_000_000  # 190 years of 10 minutes; more is a broken or hostile file
FIRST_BYTES = (b"CDF", b"\x89HDF")  # of netCDF 3 and of netCDF 4
ZARR_TEXTS = (".zarray", ".zgroup", ".zmetadata", "zarr.json")
SUFFIXES = (".nc", ".nc4", ".cdf", ".netcdf")


def expand(files: Files) -> list[Path]:
    """Paths, folders and glob patterns as a sorted list of existing files and zarr stores.

    Raises InputError where one matches nothing.
    """
    entries = [files] if isinstance(files, str | Path) else list(files)
    found: list[Path] = []
    for entry in entries:
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
def opened(path: Path) -> Iterator[xr.Dataset]:
    """One opening of the file, times not decoded, with a look at its dimensions before any coordinate is read.

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
        yield xr.open_dataset(store, decode_times=False)
    finally:
        store.close()


@contextmanager
def _opened_zarr(path: Path) -> Iterator[xr.Dataset]:
    if find_spec("zarr") is None:
        raise InputError(str(path), "is a zarr store and zarr is absent", "pip install 'karstsim[climate]'")
    for text in (p for name in ZARR_TEXTS for p in path.rglob(name)):
        if "pickle" in text.read_text(encoding="utf-8", errors="replace").lower():
            raise InputError(str(path), "holds pickled objects, which can run code", "write plain numbers")
    with xr.open_zarr(path, decode_times=False, chunks=None) as ds:
        _check_sizes(ds.sizes, path)
        yield ds


def _check_sizes(sizes: object, path: Path) -> None:
    for name, size in dict(sizes).items():  # type: ignore[call-overload]
        if size > LONGEST_DIMENSION:
            what = f"dimension {name!r} has {size} entries"
            raise InputError(str(path), what, "give an intact file, or cut out what is needed")

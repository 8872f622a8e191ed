"""The results of an ensemble as one Dataset (realization, time, ...), read from its shards when they are asked for.

Realizations are climates x cells x draws, climates outermost. What has not been computed yet, and what failed, is NaN.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pandas as pd
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from karstsim import disk
from karstsim.core.errors import InputError, RunError, quoted
from karstsim.core.files import marked, remove_unfinished, whole_file, whole_folder
from karstsim.ensemble.draws import AREA, drawn_values
from karstsim.ensemble.manifest import Manifest
from karstsim.ensemble.plan import Plan
from karstsim.ensemble.work import DISK
from karstsim.model.output import SPRING_DISCHARGE

OPEN_SHARDS = 64  # files kept open
_KEPT: ContextVar[dict[Path, netCDF4.Dataset] | None] = ContextVar("_KEPT", default=None)
EXPORT_BYTES = 64_000_000  # of one variable held in memory while exporting
PER_CALENDAR = ("daily", "step")  # outputs whose time axis differs between calendars
SPRING = "aquifer_spring"  # mm in a period
# Attributes of a file, so of one window.
COVERED_FROM, COVERED_TO = "time_coverage_start", "time_coverage_end"
M3_PER_MM_KM2 = 1000.0


@dataclass(frozen=True)
class Shard:
    """A file of `bytes` with realizations first..first+count-1 and periods start..start+periods-1 of the whole."""

    path: Path
    first: int
    count: int
    start: int
    periods: int
    bytes: int


def open_ensemble(
    folder: str | Path, frequency: str | None = None, climates: Sequence[str] = (), partial: bool = False
) -> xr.Dataset:
    """Open the results of an ensemble; values are read from disk when they are used.

    folder     of `karstsim run ENSEMBLE.toml`
    frequency  "annual", "monthly", "daily", "step"; the first that was kept by default
    climates   their names; all that nothing follows by default: the scenarios, not the historical run before them
    partial    open an ensemble that is not finished; what is missing is NaN
    Returns a Dataset with dims (realization, time[, tile|box]) and as coordinates what each realization is. Where the
    draws hold the catchment's area, it is a coordinate too, and spring_discharge (m3 s-1) is that of each realization.
    To read many variables at once, do so inside ``with ks.kept_open():``, which opens each file once.
    Raises InputError where something is missing or the climates have different time axes.
    """
    folder = Path(folder)
    plan = Plan.load(folder)
    chosen = _chosen(plan, climates)
    with Manifest(folder) as manifest:
        left = sum(1 for _ in plan.tasks()) - len(manifest.done())
        kept = list(dict.fromkeys(f.kind for _, f in manifest.files() if f.kind != "state"))
        if left and not partial:
            raise InputError(
                str(folder),
                f"is not finished: {left} tasks are left",
                f"karstsim resume {quoted(folder)}, or partial=True",
            )
        kind = frequency or next(iter(kept), None)
        if kind not in kept:
            raise InputError(
                f"frequency {kind!r}", "was not kept", f"choose from {', '.join(kept) or 'none yet'}"
            )
        shards = list(_shards(folder, plan, manifest, kind, chosen))
        _check_files(folder, [s for _, s in shards])
    times = _times(plan, shards, kind, chosen)
    ds = _labelled(_lazy(shards, plan.n_columns * len(chosen), times), plan, chosen)
    if AREA in ds.coords and SPRING in ds:
        ds[SPRING_DISCHARGE] = _discharge(shards, ds)
    return ds


def _chosen(plan: Plan, names: Sequence[str]) -> list[int]:
    known = [c.name for c in plan.climates]
    for name in names:
        if name not in known:
            raise InputError(
                f"climate {name!r}", "is none of the ensemble", f"choose from {', '.join(known)}"
            )
    if names:
        return [known.index(n) for n in dict.fromkeys(names)]
    followed = {c.follows for c in plan.climates}
    return [i for i in range(len(known)) if i not in followed]


def _shards(
    folder: Path, plan: Plan, manifest: Manifest, kind: str, chosen: Sequence[int]
) -> Iterator[tuple[int, Shard]]:
    for task, file in manifest.files(kind):
        if task.climate in chosen:
            block = plan.columns(task.block)
            first = chosen.index(task.climate) * plan.n_columns + block[0]
            path = folder / file.path
            yield task.climate, Shard(path, first, len(block), file.first, file.periods, file.bytes)


def _check_files(folder: Path, shards: Sequence[Shard]) -> None:
    """InputError for a shard that is missing or cut; an export and `status` compare all its bytes."""
    mend = f"karstsim resume {quoted(folder)} computes what is missing"
    if not shards:
        raise InputError(str(folder), "holds nothing of these climates yet", mend)
    for shard in shards:
        if not shard.path.is_file():
            raise InputError(str(shard.path), "is missing", mend)
        if (size := shard.path.stat().st_size) != shard.bytes:
            raise InputError(str(shard.path), f"has {size} bytes and was written with {shard.bytes}", mend)


def _times(plan: Plan, shards: list[tuple[int, Shard]], kind: str, chosen: Sequence[int]) -> xr.Dataset:
    """Time axis with bounds that all climates share, window by window from whatever climate has it."""
    windows: dict[int, tuple[int, xr.Dataset]] = {}
    for climate in chosen:
        for shard in {s.start: s for c, s in shards if c == climate}.values():
            axis = _axis(shard)
            first, known = windows.setdefault(shard.start, (climate, axis))
            if _stamps(axis, kind) != _stamps(known, kind):
                raise InputError(
                    f"climates {plan.climates[first].name!r} and {plan.climates[climate].name!r}",
                    "have different time axes",
                    "open them one by one: climates=[...]",
                )
    parts = [windows[start][1] for start in sorted(windows)]
    starts = np.cumsum([0, *(part.sizes["time"] for part in parts)])[:-1]
    if starts.tolist() != sorted(windows):
        raise InputError("an early window", "is missing in all climates", "resume the ensemble first")
    whole = xr.concat(parts, "time", combine_attrs="override")
    whole.attrs[COVERED_TO] = parts[-1].attrs[COVERED_TO]
    return whole


def _stamps(axis: xr.Dataset, kind: str) -> list[str]:
    """What must agree: days count in every calendar, months and years begin in all of them."""
    calendar = [axis.time.dt.calendar] if kind in PER_CALENDAR else []
    return [*calendar, *(str(t)[:19].replace("T", " ") for t in axis.time.values)]


def _axis(shard: Shard) -> xr.Dataset:
    with DISK, _named(shard.path), xr.open_dataset(shard.path, engine="netcdf4") as ds:
        return ds[["time_bnds"]].load()


def _lazy(shards: list[tuple[int, Shard]], n: int, times: xr.Dataset) -> xr.Dataset:
    files = [shard for _, shard in shards]
    with DISK, _named(files[0].path), xr.open_dataset(files[0].path, engine="netcdf4") as template:
        data: dict[str, Any] = {}
        for name, variable in template.data_vars.items():
            if variable.dims[:2] != ("realization", "time"):
                continue
            shape = (n, times.sizes["time"], *variable.shape[2:])
            array = indexing.LazilyIndexedArray(ShardedArray(files, str(name), shape, variable.dtype))
            data[str(name)] = xr.Variable(variable.dims, array, variable.attrs)
        fixed = {
            name: c.variable.load()
            for name, c in template.coords.items()
            if "time" not in c.dims and name != "realization"
        }
        ds = xr.Dataset(data, coords={**fixed, "time": times.time}, attrs=template.attrs)
    ds["time_bnds"] = times["time_bnds"]
    ds.attrs.update({name: times.attrs[name] for name in (COVERED_FROM, COVERED_TO)})  # of all windows
    ds.attrs.pop("frequency", None)
    return ds


class ShardedArray(BackendArray):
    """One variable of all shards; parts that no shard holds are NaN."""

    def __init__(self, shards: Sequence[Shard], name: str, shape: tuple[int, ...], dtype: Any) -> None:
        self.shards, self.name = shards, name
        self.shape, self.dtype = shape, np.dtype(dtype)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.typing.ArrayLike:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        wanted = [np.arange(n)[k] for n, k in zip(self.shape, key, strict=True)]
        members, times, *rest = (np.atleast_1d(w) for w in wanted)
        out = np.full((len(members), len(times), *(len(r) for r in rest)), np.nan, self.dtype)
        for shard in self.shards:
            here = np.flatnonzero((members >= shard.first) & (members < shard.first + shard.count))
            now = np.flatnonzero((times >= shard.start) & (times < shard.start + shard.periods))
            if len(here) and len(now):
                block = self._block(shard, members[here] - shard.first, times[now] - shard.start, rest)
                out[np.ix_(here, now, *(np.arange(len(r)) for r in rest))] = block
        return out.reshape([len(w) for w in wanted if np.ndim(w)])

    def _block(
        self, shard: Shard, members: np.ndarray, times: np.ndarray, rest: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Values of a shard; the span that holds what is wanted is read, and what is wanted taken out of it."""
        with DISK, _named(shard.path), _file_of(shard.path) as file:
            variable = file[self.name]
            variable.set_auto_mask(False)
            span = variable[members.min() : members.max() + 1, times.min() : times.max() + 1]
        return np.asarray(span[np.ix_(members - members.min(), times - times.min(), *rest)])


class ScaledArray(BackendArray):
    """A variable times a factor of each realization and one of each period."""

    def __init__(self, base: ShardedArray, of_member: np.ndarray, of_period: np.ndarray) -> None:
        self.base, self.of_member, self.of_period = base, of_member, of_period
        self.shape, self.dtype = base.shape, base.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.typing.ArrayLike:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        members, times = self.of_member[key[0]], self.of_period[key[1]]
        return (self.base._read(key) * np.multiply.outer(members, times)).astype(self.dtype)


def _discharge(shards: list[tuple[int, Shard]], ds: xr.Dataset) -> xr.Variable:
    """Mean discharge of the spring in every period under each realization's area."""
    lengths = ds["time_bnds"].values[:, 1] - ds["time_bnds"].values[:, 0]
    seconds = pd.to_timedelta(lengths).total_seconds().to_numpy()
    base = ShardedArray([s for _, s in shards], SPRING, ds[SPRING].shape, ds[SPRING].dtype)
    array = ScaledArray(base, ds[AREA].values, M3_PER_MM_KM2 / seconds)
    attrs = {"long_name": "discharge of the spring", "units": "m3 s-1", "cell_methods": "time: mean"}
    return xr.Variable(("realization", "time"), indexing.LazilyIndexedArray(array), attrs)


@contextlib.contextmanager
def kept_open() -> Iterator[None]:
    """Shards that are read stay open until the end: ``with ks.kept_open(): ds.load()``.

    Opening one takes a hundred times as long as reading a variable of it, and is else done for every variable.

    Nothing else may open them meanwhile, for netCDF crashes on a file that is opened twice. Inside another
    `kept_open` it changes nothing.
    """
    if _KEPT.get() is not None:
        yield
        return
    kept: dict[Path, netCDF4.Dataset] = {}
    token = _KEPT.set(kept)
    try:
        yield
    finally:
        _KEPT.reset(token)
        with DISK:
            for file in kept.values():
                file.close()


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """InputError for what netCDF says of a shard that was spoiled."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        folder = path.parents[2]
        raise InputError(
            str(path),
            f"cannot be read ({error})",
            f"karstsim resume {quoted(folder)} computes it again if it was spoiled; "
            f"karstsim status {quoted(folder)} tells",
        ) from None


@contextlib.contextmanager
def _file_of(path: Path) -> Iterator[netCDF4.Dataset]:
    kept = _KEPT.get()
    if kept is None:
        with netCDF4.Dataset(path) as file:
            yield file
        return
    if path not in kept:
        if len(kept) >= OPEN_SHARDS:
            kept.pop(next(iter(kept))).close()
        kept[path] = netCDF4.Dataset(path)
    yield kept[path]


def _labelled(ds: xr.Dataset, plan: Plan, chosen: Sequence[int]) -> xr.Dataset:
    """Coordinates that say what each realization is: its climate with its labels, its cell, its draw."""
    n, draws = plan.n_columns, len(plan.draws)
    climates = [plan.climates[c] for c in chosen for _ in range(n)]
    columns = np.tile(np.arange(n), len(chosen))
    labels = {
        "climate": ("name", "climate of the ensemble file"),
        "scenario": ("scenario", "scenario"),
        "source_id": ("source_id", "climate model"),
        "experiment_id": ("experiment_id", "experiment of the climate model"),
        "variant_label": ("variant_label", "variant of the climate model"),
    }
    coords: dict[str, Any] = {
        name: ("realization", [getattr(c, field) for c in climates], {"long_name": text})
        for name, (field, text) in labels.items()
    }
    coords["draw"] = ("realization", columns % draws, {"long_name": "parameter draw"})
    if len(plan.cells) > 1:
        places = np.array(plan.cells)[columns // draws]
        coords["cell"] = ("realization", columns // draws, {"long_name": "grid cell"})
        coords["lon"] = ("realization", places[:, 0], ds.lon.attrs)
        coords["lat"] = ("realization", places[:, 1], ds.lat.attrs)
    drawn = drawn_values(list(plan.draws))
    for key in ("source_id", "experiment_id", "variant_label"):  # the shards name those of one climate
        if known := [v for v in dict.fromkeys(getattr(c, key) for c in climates) if v]:
            ds.attrs[f"forcing_{key}"] = ", ".join(known)
    if drawn:
        coords["parameter"] = ("parameter", list(drawn), {"long_name": "drawn parameter"})
        values = np.stack(list(drawn.values()), axis=1)[columns % draws]
        text = "value of the draw, or its factor on the default"
        coords["drawn"] = (("realization", "parameter"), values, {"long_name": text})
    if AREA in drawn:
        facts = {"long_name": "drawn area of the catchment", "units": "km2"}
        coords[AREA] = ("realization", drawn[AREA][columns % draws], facts)
    return ds.drop_vars("realization", errors="ignore").assign_coords(coords)


def export(folder: Path, target: Path, frequency: str | None = None, climates: Sequence[str] = ()) -> Path:
    """Write the results into one netCDF or zarr (by the ending of `target`), a piece at a time.

    Raises InputError for another ending, a target that is there, or an ensemble that is not finished, RunError for a
    disk that is full and the like.
    """
    if target.suffix not in (".nc", ".zarr"):
        raise InputError(
            str(target), "is neither .nc nor .zarr", "name the file OUT.nc or the folder OUT.zarr"
        )
    if os.path.lexists(target):
        raise InputError(str(target), "is there already", "name another file, or remove it first")
    if not target.absolute().parent.is_dir():
        raise InputError(str(target.parent), "is no folder", "make it first, or name another file")
    with Manifest(folder) as manifest:
        if broken := manifest.broken():
            path = next(iter(broken.values()))
            raise InputError(
                str(folder / path), "is missing or has changed", f"karstsim resume {quoted(folder)} mends it"
            )
    ds = open_ensemble(folder, frequency, climates)
    zarr = target.suffix == ".zarr"
    try:
        remove_unfinished(target.absolute().parent)
        with marked(target), kept_open(), (whole_folder if zarr else whole_file)(target) as temporary:
            (_export_zarr if zarr else _export_netcdf)(ds, temporary)
    except BlockingIOError:
        raise InputError(str(target), "is being exported by another process", "wait for it") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(str(target), "has too long a name", "give it a shorter one") from None
        raise RunError(
            f"{target}: {disk.said(error, target.absolute().parent)}\n"
            "  mend: make room or give access, then export again; the ensemble is as it was"
        ) from error
    return target


def pieces(ds: xr.Dataset, name: str) -> Iterator[slice]:
    """Slices of realizations, each of at most about `EXPORT_BYTES` of a variable."""
    n = ds.sizes["realization"]
    each = max(int(EXPORT_BYTES * n / max(ds[name].nbytes, 1)), 1)
    for first in range(0, n, each):
        yield slice(first, min(first + each, n))


def _lazy_names(ds: xr.Dataset) -> list[str]:
    return [str(n) for n, v in ds.data_vars.items() if v.dims[:2] == ("realization", "time")]


def _export_netcdf(ds: xr.Dataset, path: Path) -> None:
    lazy = _lazy_names(ds)
    ds.drop_vars(lazy).to_netcdf(path, engine="netcdf4")
    with netCDF4.Dataset(path, "a") as file:
        for name in lazy:
            dims = [str(dim) for dim in ds[name].dims]
            for dim in dims:
                if dim not in file.dimensions:
                    file.createDimension(dim, ds.sizes[dim])
            code = ds[name].dtype.str[1:]
            variable = file.createVariable(
                name, code, dims, compression="zlib", complevel=1, fill_value=np.nan
            )
            variable.setncatts(ds[name].attrs)
            for part in pieces(ds, name):
                variable[part] = ds[name][part].values


def _export_zarr(ds: xr.Dataset, path: Path) -> None:
    try:
        import zarr
    except ImportError:
        raise InputError("OUT.zarr", "needs the package zarr", 'pip install "karstsim[cluster]"') from None
    lazy = _lazy_names(ds)
    ds.drop_vars(lazy).to_zarr(path, mode="w-", zarr_format=2)
    group = zarr.open_group(path, mode="a")
    for name in lazy:
        each = next(pieces(ds, name))
        chunks = (each.stop - each.start, *ds[name].shape[1:])
        array = group.create_array(
            name, shape=ds[name].shape, dtype=ds[name].dtype, chunks=chunks, fill_value=np.nan
        )
        array.attrs.update({**ds[name].attrs, "_ARRAY_DIMENSIONS": [str(d) for d in ds[name].dims]})
        for part in pieces(ds, name):
            array[part] = ds[name][part].values
    zarr.consolidate_metadata(path)

"""Is this installation ready to work? Versions, compiler, processors, compile cache, disk, optional extras."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

OK, NOTE, PROBLEM = "ok", "note", "problem"
NEEDED = ("numpy", "scipy", "numba", "xarray", "netCDF4", "cftime", "pandas", "pydantic", "typer", "rich", "pint",
          "cf-xarray", "matplotlib", "jinja2", "scores")  # fmt: skip
EXTRAS = {
    "calibration": ("pymoo", "emcee"),
    "sensitivity": ("SALib",),
    "cluster": ("dask", "distributed", "zarr"),
    "climate": ("xsdba", "shapely", "zarr", "openpyxl"),
    "verify": ("phreeqpython",),
}
PYTHONS = ((3, 11), (3, 13))
BYTES_PER_GB = 1.0e9
LEAST_GB = 1.0  # free, for a small ensemble and the compile cache


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do about it."""

    name: str
    state: str
    detail: str
    mend: str = ""


def examine() -> Iterator[Finding]:
    """Everything that is looked at."""
    import karstsim

    yield Finding("karstsim", OK, f"{karstsim.__version__} in {Path(karstsim.__file__).parent}")
    yield _python()
    yield from _needed()
    yield _compiler()
    yield _processors()
    yield from _cache()
    yield _disk("disk, here", Path.cwd())
    yield from _extras()


def _python() -> Finding:
    version = platform.python_version()
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Finding("python", OK, version)
    return Finding("python", PROBLEM, version, "karstsim is made for Python 3.11 to 3.13: use one of them")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _needed() -> Iterator[Finding]:
    versions = {name: _version(name) for name in NEEDED}
    there = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    yield Finding("packages", OK, there)
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        yield Finding(
            "packages", PROBLEM, f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}"
        )


def _compiler() -> Finding:
    """Whether numba compiles; the setting is read as numba reads it."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        mend = "unset NUMBA_DISABLE_JIT; without the compiler a run takes some hundred times longer"
        return Finding("compiler", PROBLEM, "off: NUMBA_DISABLE_JIT is set", mend)
    strict = os.environ.get("KARSTSIM_STRICT", "0") != "0"
    return Finding("compiler", OK, "on, without fused multiply-add (KARSTSIM_STRICT)" if strict else "on")


def _processors() -> Finding:
    from karstsim.console import processors

    mine, all_of_them = processors(), os.cpu_count() or 1
    if mine < all_of_them:
        mend = "this process may use only some; the system or the batch job decides (taskset, cgroup, --cpus-per-task)"
        return Finding("processors", NOTE, f"{mine} of {all_of_them}", mend)
    return Finding("processors", OK, f"{mine}; runs take all of them unless --workers says otherwise")


def _cache() -> Iterator[Finding]:
    from karstsim.core.jit import MARKER, cache_root, kernel_hash

    root = cache_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        mend = "set KARSTSIM_CACHE to a folder that can be written to, or every start compiles again"
        yield Finding("compile cache", PROBLEM, f"{root} cannot be written ({error.strerror})", mend)
        return
    folder = root / kernel_hash()
    compiled = any(folder.rglob("*.nbc"))
    kept = [p for p in root.iterdir() if (p / MARKER).is_file()]
    size = sum(f.stat().st_size for p in kept for f in p.rglob("*") if f.is_file()) / BYTES_PER_GB
    said = f"{root}: {len(kept)} versions, {size:.2f} GB"
    if compiled:
        yield Finding("compile cache", OK, f"{said}; this version is compiled")
    else:
        mend = "nothing to do: the first run compiles, which takes a minute or two, and later ones do not"
        yield Finding("compile cache", NOTE, f"{said}; this version is not compiled yet", mend)
    if root.parent == Path(tempfile.gettempdir()) and "KARSTSIM_CACHE" not in os.environ:
        mend = "the home folder cannot be written to; set KARSTSIM_CACHE to a folder that lasts"
        yield Finding("compile cache", NOTE, "is in a temporary folder and will be lost", mend)
    yield _disk("disk, compile cache", root)


def _disk(name: str, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / BYTES_PER_GB
    if free < LEAST_GB:
        return Finding(
            name, PROBLEM, f"{free:.2f} GB free at {folder}", "make room, or name another folder with -o"
        )
    return Finding(name, OK, f"{free:.0f} GB free at {folder}")


def _extras() -> Iterator[Finding]:
    for extra, packages in EXTRAS.items():
        missing = [name for name in packages if _version(name) is None]
        if not missing:
            said = ", ".join(f"{name} {_version(name)}" for name in packages)
            yield Finding(f"extra: {extra}", OK, said)
        else:
            mend = f'pip install "karstsim[{extra}]" where it is needed'
            yield Finding(f"extra: {extra}", NOTE, f"not installed: {', '.join(missing)}", mend)

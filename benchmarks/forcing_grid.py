"""A year of a 100 x 100 grid of six daily variables: `open_cmip(cells=True)` against a bare xarray read.

    python -m benchmarks.forcing_grid [--packed]

The bare read opens the six files and loads them (float32). Ours ends in float64, canonical units, every value checked,
time axes joined. Files are written to a temporary folder first; medians of runs that take turns, after one of each.
Peak memory is that of a fresh process which only reads, less that of one which only imports.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr

NAMES = {
    "tas": (288.0, 5.0, "K"),
    "tasmin": (280.0, 2.0, "K"),
    "tasmax": (300.0, 2.0, "K"),
    "pr": (2e-5, 0.0, "kg m-2 s-1"),
    "rsds": (150.0, 20.0, "W m-2"),
    "sfcWind": (4.0, 0.5, "m s-1"),
}
SIZE, DAYS, TURNS = 100, 365, 9


def write(
    folder: Path, packed: bool, days: int = DAYS, size: int = SIZE, names: tuple[str, ...] = tuple(NAMES)
) -> list[Path]:
    """Files as CMIP6 writes them: float32, one variable each; packed: shuffled and deflated, one step a chunk."""
    rng = np.random.default_rng(1)
    time_axis = xr.date_range("2015-01-01 12:00", periods=days, freq="D", calendar="noleap", use_cftime=True)
    lat, lon = 20.0 + 0.1 * np.arange(size), 100.0 + 0.1 * np.arange(size)
    paths = []
    for name in names:
        mean, spread, units = NAMES[name]
        values = mean + spread * rng.standard_normal((days, size, size)).clip(-3.0, 3.0)
        values = rng.gamma(0.5, mean / 0.5, values.shape) if name == "pr" else values
        ds = xr.Dataset(
            {name: (("time", "lat", "lon"), values.astype("f4"), {"units": units})},
            {"time": time_axis, "lat": lat, "lon": lon},
        )
        how = {"zlib": True, "complevel": 2, "shuffle": True, "chunksizes": (1, size, size)} if packed else {}
        paths.append(folder / f"{name}_day_MODEL_ssp245_r1i1p1f1_gn_{2015}.nc")
        ds.to_netcdf(paths[-1], encoding={name: {"_FillValue": np.float32(1e20), **how}})
    return paths


def bare(paths: list[Path]) -> None:
    """What xarray needs to hold the same values."""
    for path in paths:
        with xr.open_dataset(path) as ds:
            ds.load()


def ours(paths: list[Path]) -> None:
    """What karstsim makes of them."""
    from karstsim.forcing import open_cmip

    open_cmip(paths, cells=True)


def memory(folder: Path, what: str) -> float:
    """Peak memory (MB) of a fresh process that reads the files of a folder, beyond its imports (Linux)."""
    code = f"""
import re, pathlib, logging
import karstsim.forcing.cmip, benchmarks.forcing_grid as b
logging.disable()
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
before = peak()
b.{what}(sorted(pathlib.Path({str(folder)!r}).glob("*.nc")))
print(peak() - before)
"""
    return float(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    )


def main() -> None:
    """Print times, ratio and peak memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packed", action="store_true", help="deflated files, as archives keep them")
    packed = parser.parse_args().packed
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        paths = write(Path(folder), packed)
        seconds: dict[str, list[float]] = {"bare": [], "ours": []}
        for turn in range(TURNS + 1):
            for name, read in (("bare", bare), ("ours", ours)):
                begin = time.perf_counter()
                read(paths)
                if turn:
                    seconds[name].append(time.perf_counter() - begin)
        medians = {name: float(np.median(values)) for name, values in seconds.items()}
        ratios = np.array(seconds["ours"]) / np.array(seconds["bare"])
        print(f"{'deflated' if packed else 'plain'} files: bare {medians['bare']:.3f} s, ours {medians['ours']:.3f} s, "
              f"ratio {np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})")  # fmt: skip
        result = len(NAMES) * SIZE * SIZE * DAYS * 8 / 2**20
        print(f"peak memory beyond the imports: bare {memory(Path(folder), 'bare'):.0f} MB (one file at a time), "
              f"ours {memory(Path(folder), 'ours'):.0f} MB for a result of {result:.0f} MB")  # fmt: skip


if __name__ == "__main__":
    main()

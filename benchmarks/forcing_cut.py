"""What the forcing of many regions costs to read: from files as archives keep them, and cut for every region once.

    python benchmarks/forcing_cut.py [--quick] [--json]

Archives store one day of all cells together, so each of thousands of jobs would unpack all cells for its hundred. The
cut is that of the two programs of `docs/cluster.md`, run as they stand there. CPU time, one thread; reads: medians.
Values are noise, which packs worse and slower than weather does.
"""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from forcing_grid import write  # noqa: E402 - beside this file
from timing import machine, options  # noqa: E402

PAGE, PROGRAMS = ROOT / "docs" / "cluster.md", ("rechunk.py", "cut.py")
IMPORTS = "import dask.array, netCDF4, xarray, shapely"  # of the programs
NAMES = ("tas", "pr")
SIDE = 10  # cells of a region's side
FIRST_LAT, FIRST_LON, STEP = 20.0, 100.0, 0.1  # of the grid, degrees
TURNS = 3
GRID, QUICK = (400, 365), (40, 73)  # cells of a side and days
LINKS = 20  # names of each file, so that the cut of a region takes longer than its imports


@dataclass(frozen=True)
class Cut:
    """CPU times of what is done with a year of one variable.

    blocks_ns  store it in blocks, ns a number of the whole grid
    region_s   take the box of `SIDE` x `SIDE` cells out of the blocks, s
    read_s     read those cells from their box, s
    uncut_ns   read them from what is not cut, ns a number of the whole grid; to seek them there is in it
    growth     size of the blocks over that of the files as they came
    """

    blocks_ns: float
    region_s: float
    read_s: float
    uncut_ns: float
    growth: float


def program(name: str) -> str:
    """A program of the page."""
    text = PAGE.read_text(encoding="utf-8")
    return text.split(f"cat > {name} <<'END'\n")[1].split("END\n")[0]


def polygon(corner: int) -> str:
    """GeoJSON around `SIDE` x `SIDE` cells from the cell (corner, corner) of the grid on."""
    south, west = (first + STEP * (corner - 0.5) for first in (FIRST_LAT, FIRST_LON))
    north, east = south + STEP * SIDE, west + STEP * SIDE
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


def read(paths: list[Path], corner: int) -> np.ndarray:
    """Values of a region's cells, as an ensemble reads them."""
    from karstsim.forcing import open_cmip

    region = polygon(corner)
    return np.stack([open_cmip(p, region=region, cells=True, variables=[n])[n].values
                     for n, p in zip(NAMES, paths, strict=True)])  # fmt: skip


def _seconds(do: Callable[[], object]) -> float:
    taken = []
    for _ in range(TURNS + 1):
        began = time.process_time()
        do()
        taken.append(time.process_time() - began)
    return float(np.median(taken[1:]))


def _of_child(*arguments: object) -> float:
    """CPU time of a process of Python, s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *map(str, arguments)], check=True)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def measured(size: int, days: int) -> Cut:
    """Cut files of size x size cells, read both kinds. Raises RuntimeError where their values differ."""
    logging.disable()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corner = size // 2 + SIDE // 2  # a region that lies across four blocks
        for script in PROGRAMS:
            (folder / script).write_text(program(script), encoding="utf-8")
        (folder / "region.geojson").write_text(polygon(corner), encoding="utf-8")
        blocks, links, box = (folder / n for n in ("blocks", "links", "box"))
        blocks.mkdir()
        links.mkdir()
        made = write(folder, packed=True, days=days, size=size, names=NAMES)
        numbers, years = len(made) * days * size * size, len(made) * days / 365.0
        _of_child("-c", IMPORTS)
        imports = _of_child("-c", IMPORTS)
        stored = sum(_of_child(folder / "rechunk.py", p, blocks) - imports for p in made)
        for number in range(LINKS):
            for p in made:
                (links / f"{number}_{p.name}").symlink_to(blocks / p.name)
        taken = (_of_child(folder / "cut.py", folder / "region.geojson", links, box) - imports) / LINKS
        cut = [box / f"0_{p.name}" for p in made]
        if not np.array_equal(read(made, corner), read(cut, corner)):
            raise RuntimeError("the cut files hold other values")
        return Cut(
            blocks_ns=1e9 * stored / numbers,
            region_s=taken / years,
            read_s=_seconds(lambda: read(cut, corner)) / years,
            uncut_ns=1e9 * _seconds(lambda: read(made, corner)) / numbers,
            growth=sum((blocks / p.name).stat().st_size for p in made) / sum(p.stat().st_size for p in made),
        )


def main() -> None:
    asked = options(__doc__, "a small grid, to see that everything runs").parse_args()
    found = measured(*QUICK if asked.quick else GRID)
    if asked.json:
        print(json.dumps({"machine": machine(), **asdict(found)}))
    else:
        print(f"{machine()}\n\n{describe(found)}")


def describe(cut: Cut) -> str:
    """A line for people."""
    return (
        f"forcing: {cut.blocks_ns:.0f} ns a number of the grid to store it in blocks ({cut.growth:.2f} of the size), "
        f"{1e3 * cut.region_s:.0f} ms a year of a variable to take {SIDE} x {SIDE} cells out, "
        f"{1e3 * cut.read_s:.0f} ms to read them; from what is not cut {cut.uncut_ns:.0f} ns a number of the grid"
    )


if __name__ == "__main__":
    main()

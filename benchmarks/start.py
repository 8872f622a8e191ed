"""How long commands take to start: CPU time of fresh interpreters, beside what `import numba` takes.

    python -m benchmarks.start [--repeats N] [--json]

"Start of a run" is all that `karstsim run` does before the first day is simulated: packages, run file, weather,
compiled code, state. Both caches, of byte code and of compiled code, are full: one round before the others fills them.
The rows take turns, so that each gets the same share of what else the machine does; the ratio is the median of the
ratios within one round. The second row is what any program with arrays of xarray takes before it does anything, the
third what it takes with its first array: xarray then loads the other kinds of arrays that are installed, as dask.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.timing import machine, table

ROOT = Path(__file__).resolve().parents[1]
FIRST_DAY = """
import os, sys, time
from karstsim.core.loading import loading
with loading(keep=True):
    from karstsim.core import jit
bind = jit.Driver.bind
def bound(driver, *types):
    run = bind(driver, *types)
    print(time.process_time(), flush=True)
    os._exit(0)
jit.Driver.bind = bound
from karstsim.cli.app import main
main()
"""
SPECIATE = """
import karstsim as ks
ks.speciate(temperature=15.0, alkalinity=4.0, dic=4.2, ca=2.0)
"""
PEERS = "import numba", "import numba, xarray", "import numba, xarray; xarray.DataArray([0.0])"


def one_year(folder: Path) -> Path:
    """The file of `karstsim new site` for a single year."""
    path = folder / "year.toml"
    _cpu_seconds(["-m", "karstsim", "new", "site", "-o", str(path)])
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('end = "2020-12-31"', 'end = "2015-12-31"'), encoding="utf-8")
    return path


def commands(folder: Path) -> dict[str, list[str]]:
    """Arguments of the interpreter, by the name of the row; the first is what the others are compared with."""
    run_file, results = str(one_year(folder)), str(folder / "results")
    run = ["run", run_file, "-o", results, "--overwrite"]
    return {
        **{code: ["-c", code] for code in PEERS},
        "karstsim --help": ["-m", "karstsim", "--help"],
        "ks.speciate of one water": ["-c", SPECIATE],
        "karstsim check": ["-m", "karstsim", "check", run_file],
        "start of a run of one year": ["-c", FIRST_DAY, *run],
        "run of one year, whole": ["-m", "karstsim", *run],
        "karstsim report of it": ["-m", "karstsim", "report", results],
    }


def _cpu_seconds(arguments: list[str]) -> float:
    """User and system time of a fresh interpreter; where it prints a number, that is the time."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    after = os.times()
    if arguments[:2] == ["-c", FIRST_DAY]:
        return float(done.stdout.split()[-1])
    return after.children_user + after.children_system - before.children_user - before.children_system


def measure(repeats: int) -> list[dict[str, object]]:
    """Median CPU time of every row and its ratio to the first."""
    with tempfile.TemporaryDirectory() as scratch:
        rows = commands(Path(scratch))
        rounds = [[_cpu_seconds(arguments) for arguments in rows.values()] for _ in range(repeats + 1)][1:]
    taken = np.array(rounds)
    ratios = np.median(taken / taken[:, :1], axis=0)
    return [
        {"what": name, "CPU s": float(seconds), "ratio": float(ratio)}
        for name, seconds, ratio in zip(rows, np.median(taken, axis=0), ratios, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = measure(asked.repeats)
    print(json.dumps(rows, indent=2) if asked.json else f"{machine()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()

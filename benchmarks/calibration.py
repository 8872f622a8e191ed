"""How much of a calibration's CPU time is the compiled column, and how much is bookkeeping.

    python -m benchmarks.calibration [--evaluations N] [--years N] [--water]

Evaluates points of a daily column with chemistry against a daily discharge and a weekly calcium, as a search does: from
shares of the ranges to scores in the ledger. Prints CPU seconds of this process, those inside the compiled driver, and
their ratio; the cost of an evaluation does not depend on how many there are.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from karstsim.calibration.config import load_calibration
from karstsim.calibration.evaluate import Evaluator
from karstsim.calibration.ledger import Ledger
from karstsim.calibration.problem import Problem, open_problem
from karstsim.calibration.search import latin
from karstsim.model import column

BAR = 0.85
FIRST_YEAR = 2005
CONFIG = """
[site]
name = "benchmark"
latitude = 26.3
longitude = 105.7
elevation = 1200.0
area_km2 = 20.0
[[site.tiles]]
land_use = "grass"
area_fraction = 1.0
[forcing]
synthetic = "ssp245"
start = "{first}-01-01"
end = "{last}-12-31"
[calibration]
spinup_years = 10
warm_up_days = 90
[ranges]
area_km2 = {{ value = [10.0, 40.0], scale = "log" }}
"soil.depth" = {{ value = [0.2, 1.2], scale = "log" }}
"epikarst.residence_time" = {{ value = [2.0, 60.0], scale = "log" }}
"aquifer.matrix_residence_time" = {{ value = [20.0, 400.0], scale = "log" }}
[[observations]]
file = "spring.csv"
[[observations.targets]]
quantity = "discharge"
"""
CALCIUM = '[[observations.targets]]\nquantity = "ca"\nobjective = "rmse"\n'


def problem(folder: Path, years: int, water: bool) -> Problem:
    """A calibration with a made-up spring."""
    last = FIRST_YEAR + years - 1
    days = np.arange(f"{FIRST_YEAR}-01-01", f"{last + 1}-01-01", dtype="datetime64[D]")
    wave = 1.0 + 0.5 * np.sin(np.arange(len(days)) / 50.0)
    table = pd.DataFrame({"date": days.astype(str), "Q (m3/s)": 0.3 * wave, "Ca (mg/L)": 60.0 * wave})
    table.loc[np.arange(len(days)) % 7 > 0, "Ca (mg/L)"] = np.nan
    table.to_csv(folder / "spring.csv", index=False)
    path = folder / "calibration.toml"
    path.write_text(CONFIG.format(first=FIRST_YEAR, last=last) + ("" if water else CALCIUM), encoding="utf-8")
    return open_problem(load_calibration(path))


class Compiled:
    """Adds up the CPU time of the compiled driver, in whatever thread it runs."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._bind_to = column.run.bind_to

    def __enter__(self) -> Compiled:
        vars(column.run)["bind_to"] = self._timed  # in front of the method of its class
        return self

    def __exit__(self, *_: object) -> None:
        del vars(column.run)["bind_to"]

    def _timed(self, *arguments: Any) -> Callable[..., None]:
        run = self._bind_to(*arguments)

        def timed(*given: Any) -> None:
            began = time.thread_time()
            run(*given)
            self.seconds += time.thread_time() - began

        return timed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--evaluations", type=int, default=64)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--water", action="store_true", help="water alone")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        small, whole = (
            problem(Path(scratch), 1, asked.water),
            problem(Path(scratch), asked.years, asked.water),
        )
        with Ledger(Path(scratch)) as ledger, Compiled() as compiled:
            Evaluator(small, ledger).scores(latin(2, len(small.free), 0))  # compiles
            compiled.seconds, began = 0.0, time.process_time()
            Evaluator(whole, ledger).scores(latin(asked.evaluations, len(whole.free), 1))
            total = time.process_time() - began
    share = compiled.seconds / total
    print(f"{asked.evaluations} evaluations of {asked.years} years: {total:.2f} s CPU")
    print(f"of these compiled: {compiled.seconds:.2f} s")
    print(f"an evaluation costs {1e3 * total / asked.evaluations:.1f} ms")
    print(f"compiled column: {100 * share:.1f} % of the CPU time (bar {100 * BAR:.0f} % with chemistry)")


if __name__ == "__main__":
    main()

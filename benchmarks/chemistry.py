"""The chemistry and its peers side by side: cost and error of the same work in one run.

    python benchmarks/chemistry.py [--waters N] [--million] [--repeats N] [--json]

Waters: random karst waters with alkalinity and DIC known. Store day: a stiff day of a water store. Peers that are not
installed are named (``pip install "karstsim[peers]"``; numbalsoda besides). Times are thread CPU time, medians of
rounds in which all rows take turns; the ratio to the first row is what counts.

To add a row: one function that returns a `timing.Row`, and its line in `speciation` or `store_days`.
"""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict

import lane_rows
import numpy as np
import speciation_peers as peers
import store_day
from timing import Measured, Missing, Row, markdown, measure

from karstsim.chemistry.store_day import LANES

SEED = 1
MILLION = 1_000_000


def speciation(n: int, million: bool, repeats: int) -> list[Measured]:
    """All ways to the pH of the same waters; the slow ones take the first of them."""
    waters = peers.random_waters(SEED, n)
    thousand, hundred = waters.head(max(n // 50, 2)), waters.head(max(n // 500, 2))
    reference = peers.phreeqc_batched(thousand)
    rows: list[Row | Missing] = [
        peers.scalar_cold(waters.head(max(n // 10, 2))),
        peers.scalar_warm(waters.head(max(n // 10, 2))),
        lane_rows.cold(waters.head(max(n // 10, 8))),
        lane_rows.warm(waters.head(8)),
        lane_rows.cold_at_hand(waters.head(max(n // 10, 8))),
        lane_rows.warm(waters.head(8), lane_rows.PB82),
        peers.api(waters),
        reference,
        peers.phreeqpython_each(hundred),
        peers.pyco2sys(waters.head(max(n // 10, 2))),
        peers.brentq_python(hundred),
    ]
    if million:
        row = peers.api(peers.random_waters(SEED + 1, MILLION))
        rows.insert(7, Row(f"{row.name}, a million", row.run, row.items, None, row.note))

    def error(ph: np.ndarray) -> float:
        if isinstance(reference, Missing) or reference.result is None:
            return float("nan")
        theirs = reference.result()
        both = min(len(ph), len(theirs))
        return float(np.abs(ph[:both] - theirs[:both]).max())

    return measure(rows, repeats, error)


def store_days(n: int, repeats: int) -> list[Measured]:
    """All ways through the same stiff days."""
    stores = store_day.random_stores(SEED, n)
    few = stores[: max(n // 10, 2)]
    exact = store_day.reference(stores)
    rows = [
        store_day.one_side(stores),
        lane_rows.day(stores, store_day.TIMES, "karstsim, lanes of eight", "stopped at the four times"),
        lane_rows.day(
            stores, store_day.TIMES[[0, -1]], "karstsim, lanes of eight, a whole day", "at the end only"
        ),
        store_day.numbalsoda_days(stores),
        store_day.scipy_days("LSODA", stores),
        store_day.scipy_days("BDF", few),
        store_day.scipy_days("Radau", few),
    ]

    def error(found: np.ndarray) -> float:
        there = exact[: len(found), -found.shape[1] :]
        return float(np.sqrt(np.mean((found / there - 1.0) ** 2)))

    return measure(rows, repeats, error)


def plain(measured: list[Measured]) -> list[dict[str, object]]:
    """Rows for JSON, which has no NaN: what was not measured is null."""
    return [{k: None if v != v else v for k, v in asdict(m).items()} for m in measured]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--waters", type=int, default=100_000, help="waters of the table in the API's row")
    parser.add_argument("--million", action="store_true", help="the API on a million waters as well (1 GB)")
    parser.add_argument("--stores", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="numbers for machines")
    asked = parser.parse_args()
    if asked.stores < LANES:
        parser.error(f"--stores {asked.stores}: give at least {LANES}, which the lanes work through together")
    waters = speciation(asked.waters, asked.million, asked.repeats)
    days = store_days(asked.stores, asked.repeats)
    if asked.json:
        found = {"machine": platform.processor() or platform.machine(), "python": platform.python_version()}
        print(json.dumps({**found, "speciation": plain(waters), "store_day": plain(days)}, indent=1))
        return
    print(markdown(waters, "water", "max abs dpH against PHREEQC"))
    print()
    print(markdown(days, "store day", "rms relative error of Ca and DIC"))


if __name__ == "__main__":
    main()

"""First-order indices of a finished Sobol study by a polynomial through all of its members.

    python -m experiments.sensitivity.smooth runs/x20/sobol

Sobol's estimator of a first-order index multiplies two columns of the design, and its error is that of the whole
variance: 0.1 with 64 samples. A polynomial in Legendre's basis has its indices in its coefficients (Sudret 2008) and
uses every member; what it leaves out is told by its r2 on rows that it has not seen. Third order in each factor, and
products of two.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from karstsim.sensitivity_analysis.config import load_sensitivity
from karstsim.sensitivity_analysis.factors import design_of, ranges_of
from karstsim.sensitivity_analysis.methods import points
from karstsim.sensitivity_analysis.study import STUDY, VALUES

ORDER = 3  # of the terms of one factor
PARTS = 8  # of the rows; each is predicted from the others
RESAMPLES, SEED = 400, 0
ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Smooth:
    """First-order indices (factors,), the ends of their intervals and ranks (2, factors), and r2 on unseen rows."""

    first: np.ndarray
    interval: np.ndarray
    ranks: np.ndarray
    r2: float


def basis(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal terms (members, terms) at points of the unit cube, and the factor of each; -1: of two."""
    count = x.shape[1]
    single = [
        np.polynomial.legendre.Legendre.basis(n)(2.0 * x[:, i] - 1.0) * np.sqrt(2.0 * n + 1.0)
        for i in range(count)
        for n in range(1, ORDER + 1)
    ]
    linear = [single[i * ORDER] for i in range(count)]
    pairs = [linear[i] * linear[j] for i, j in combinations(range(count), 2)]
    owner = np.r_[np.repeat(np.arange(count), ORDER), np.full(len(pairs), -1)]
    return np.column_stack([np.ones(len(x)), *single, *pairs]), owner


def first_order(terms: np.ndarray, owner: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(factors,) share of the polynomial's variance in the terms of one factor alone."""
    squares = np.linalg.lstsq(terms, y, rcond=None)[0][1:] ** 2
    own = np.bincount(owner[owner >= 0], squares[owner >= 0])
    return own / squares.sum()


def smooth(x: np.ndarray, y: np.ndarray, unit: int) -> Smooth:
    """Indices of outputs y (members,) at points x (members, factors); `unit` members are a row of the design.

    Intervals and ranks are those of resampled rows.
    """
    terms, owner = basis(x)
    rows = np.arange(len(y)).reshape(-1, unit)
    seen = np.empty(len(y))
    for part in range(PARTS):
        out = rows[part::PARTS].ravel()
        rest = np.setdiff1d(np.arange(len(y)), out)
        seen[out] = terms[out] @ np.linalg.lstsq(terms[rest], y[rest], rcond=None)[0]
    rng = np.random.default_rng(SEED)
    draws = []
    for _ in range(RESAMPLES):
        drawn = rows[rng.integers(len(rows), size=len(rows))].ravel()
        draws.append(first_order(terms[drawn], owner, y[drawn]))
    ranks = np.argsort(np.argsort(-np.array(draws), axis=1), axis=1) + 1
    return Smooth(
        first_order(terms, owner, y),
        np.quantile(draws, ENDS, axis=0),
        np.quantile(ranks, ENDS, axis=0, method="nearest"),
        1.0 - float(np.sum((y - seen) ** 2) / np.sum((y - y.mean()) ** 2)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="of a finished study by Sobol, without groups")
    folder = parser.parse_args().folder
    config = load_sensitivity(folder / STUDY)
    design = design_of(config.sensitivity, ranges_of(config.sensitivity, config.site))
    x, table = points(design), pd.read_csv(folder / VALUES, index_col="member")
    for name in table:
        print_table(str(name), design.names, smooth(x, table[name].to_numpy(), design.unit))


def print_table(output: str, names: tuple[str, ...], found: Smooth) -> None:
    print(f"{output}: r2 of unseen rows {found.r2:.3f}")
    for i in np.argsort(-found.first):
        low, high = found.interval[:, i]
        best, worst = found.ranks[:, i]
        print(
            f"  {names[i]:32s} {found.first[i]:.3f} ({low:.3f} to {high:.3f}), rank {best:.0f} to {worst:.0f}"
        )


if __name__ == "__main__":
    main()

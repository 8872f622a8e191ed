"""How well and how fast sensitivity indices are found: functions with known indices through karstsim's own pipeline,
then karstsim itself.

    python -m benchmarks.sensitivity [--model] [--seed N]

The functions stand in the place of the model: points, gate, analysis and intervals are those of `karstsim sensitivity`.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.sensitivity_analysis.indices import gate, indices
from karstsim.sensitivity_analysis.methods import Design, points

ISHIGAMI_A, ISHIGAMI_B = 7.0, 0.1
G_WEIGHTS = (0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0)  # Saltelli & Sobol 1995
SAMPLES = {"sobol": (64, 512, 4096), "fast": (129, 513, 2049), "rbd_fast": (256, 1024, 4096)}


@dataclass(frozen=True)
class Known:
    """A function on the unit cube with its analytic first-order and total indices."""

    name: str
    evaluate: Callable[[np.ndarray], np.ndarray]
    first: np.ndarray
    total: np.ndarray


def ishigami() -> Known:
    """y = sin x1 + a sin^2 x2 + b x3^4 sin x1 on (-pi, pi)^3 (Ishigami & Homma 1990).

    V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = b^2 pi^8 (1/18 - 1/50), and nothing else.
    """
    a, b, pi = ISHIGAMI_A, ISHIGAMI_B, math.pi

    def evaluate(u: np.ndarray) -> np.ndarray:
        x = pi * (2.0 * u - 1.0)
        return np.sin(x[:, 0]) * (1.0 + b * x[:, 2] ** 4) + a * np.sin(x[:, 1]) ** 2

    v1, v2, v13 = 0.5 * (1.0 + b * pi**4 / 5.0) ** 2, a * a / 8.0, b * b * pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    v = v1 + v2 + v13
    return Known("Ishigami", evaluate, np.array([v1, v2, 0.0]) / v, np.array([v1 + v13, v2, v13]) / v)


def sobol_g(weights: tuple[float, ...] = G_WEIGHTS) -> Known:
    """y = product of (|4 u_i - 2| + a_i) / (1 + a_i): V_i = 1 / (3 (1 + a_i)^2), V = product of (1 + V_i) - 1,
    ST_i = V_i times the product of the other (1 + V_j), over V."""
    a = np.array(weights)

    def evaluate(u: np.ndarray) -> np.ndarray:
        return np.prod((np.abs(4.0 * u - 2.0) + a) / (1.0 + a), axis=1)

    parts = 1.0 / (3.0 * (1.0 + a) ** 2)
    whole = np.prod(1.0 + parts)
    return Known("Sobol G", evaluate, parts / (whole - 1.0), parts * whole / (1.0 + parts) / (whole - 1.0))


def analysed(known: Known, design: Design) -> xr.Dataset:
    """Indices of a function by the pipeline of a study."""
    x = points(design)
    values = xr.DataArray(
        known.evaluate(x)[:, None], dims=("member", "output"), coords={"output": [known.name]}
    )
    return indices(design, x, values, gate(values, design), sizes=0)


def compare(known: Known, method: str, samples: int, seed: int) -> dict[str, float | str]:
    """Members, largest error of the indices, share of the intervals that hold the truth, and time of the analysis."""
    design = Design(method, tuple(f"x{i + 1}" for i in range(len(known.first))), samples, seed=seed)
    began = time.perf_counter()
    ds = analysed(known, design)
    seconds = time.perf_counter() - began
    errors, inside = {}, []
    for name, truth in (("S1", known.first), ("ST", known.total)):
        if name in ds:
            off = np.abs(ds[name].values[0] - truth)
            errors[name] = float(off.max())
            inside += list(off <= ds[f"{name}_conf"].values[0])
    return {
        "function": known.name,
        "method": method,
        "members": design.members,
        "error of S1": f"{errors['S1']:.4f}",
        "error of ST": f"{errors['ST']:.4f}" if "ST" in errors else "",
        "inside 95 %": f"{sum(inside)} of {len(inside)}",
        "seconds": f"{seconds:.2f}",
    }


def of_karstsim(seed: int) -> dict[str, float | str]:
    """The file of `karstsim new sensitivity`, run: members, CPU time, and the widest interval."""
    from importlib.resources import files

    import karstsim as ks
    from karstsim.ensemble.run import status

    text = (files("karstsim") / "templates" / "sensitivity.toml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sensitivity.toml").write_text(text, encoding="utf-8")
        began = time.perf_counter()
        ds = ks.sensitivity(folder / "sensitivity.toml", folder / "study", seed=seed)
        seconds = time.perf_counter() - began
        cpu = status(folder / "study" / "ensemble")[1].cpu_seconds
    return {
        "members": ds.attrs["members"],
        "seconds": f"{seconds:.1f}",
        "CPU seconds of members": f"{cpu:.1f}",
        "widest interval of ST": f"{float(ds.ST_conf.max()):.2f}",
    }


def table(rows: list[dict[str, float | str]]) -> str:
    header = list(rows[0])
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(str(row[h]) for h in header) + " |" for row in rows)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", action="store_true", help="run karstsim's own study too")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rows = [
        compare(known, method, n, asked.seed)
        for known in (ishigami(), sobol_g())
        for method, sizes in SAMPLES.items()
        for n in sizes
    ]
    print(table(rows))
    if asked.model:
        print("\n" + table([of_karstsim(asked.seed)]))


if __name__ == "__main__":
    main()

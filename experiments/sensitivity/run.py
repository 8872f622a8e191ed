"""X20: which parameters runoff, soil CO2 and the sink depend on, and what spreads an ensemble of scenarios.

python -m experiments.sensitivity.run FOLDER [--workers N] [--figure FILE]

FOLDER holds the members; stopped at any moment, the same command goes on there.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

import karstsim as ks
from experiments.verdicts import Line, table
from karstsim.ensemble.config import EnsembleConfig, load_ensemble
from karstsim.ensemble.plan import PLAN
from karstsim.ensemble.run import start, work
from karstsim.ensemble.store import open_ensemble
from karstsim.forcing.synthetic import MODELS, synthetic_forcing, write_cmip
from karstsim.report import style
from karstsim.report.decomposition_figures import decomposition_figure
from karstsim.report.sensitivity_figures import bars_figure, convergence_figure, time_figure
from karstsim.tomlfile import emit_toml, read_toml

HERE = Path(__file__).parent
SINK = "catchment_sink_hydrochemical"
SCENARIOS, SPAN, SEED = ("ssp126", "ssp245", "ssp585"), (2015, 2060), 20
CLAIMS = {  # the factors that design notes 10 expects to lead
    "runoff": ("vegetation.crop_coefficient", "forcing.pr"),
    "soil CO2": ("soil.structure_factor", "soil.production_depth", "soil.field_capacity_ratio"),
}


def find() -> xr.Dataset:
    """The indices, from members in a folder that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        return indices(Path(folder), os.cpu_count() or 1).load()


def indices(folder: Path, workers: int) -> xr.Dataset:
    """Sobol indices of the column."""
    return ks.sensitivity(HERE / "sobol.toml", folder / "sobol", workers)


def spread(folder: Path, workers: int) -> xr.Dataset:
    """Variance of the sink by source, on eleven-year means."""
    members = folder / "spread"
    if not (members / PLAN).is_file():
        start(_ensemble(folder), members)
    work(members, workers)
    return ks.decompose_variance(open_ensemble(members, "annual"), SINK)


def _ensemble(folder: Path) -> EnsembleConfig:
    """The ensemble file with a climate for each scenario and synthetic model, whose weather is written to files."""
    data = read_toml(HERE / "spread.toml")
    climates = []
    for scenario in SCENARIOS:
        for model in MODELS:
            ds = synthetic_forcing(scenario, *SPAN, seed=SEED, model=model)
            files = [str(p) for p in write_cmip(ds, folder / "weather" / f"{model}_{scenario}")]
            climates.append({"name": f"{model} {scenario}", "files": files, "co2": scenario})
    path = folder / "spread.toml"
    path.write_text(emit_toml({**data, "climates": climates}), encoding="utf-8")
    return load_ensemble(path)


def ranks(ds: xr.Dataset, output: str) -> dict[str, int]:
    """Rank of every factor by its first-order index, 1 for the largest."""
    order = np.argsort(-ds.S1.sel(output=output).values)
    return {str(ds.factor.values[k]): rank for rank, k in enumerate(order, start=1)}


def verdicts(ds: xr.Dataset) -> list[Line]:
    """The lowest rank among the factors that shall lead: not below their number."""
    lines = []
    for output, factors in CLAIMS.items():
        rank = ranks(ds, output)
        worst = max(rank[f] for f in factors)
        names = ", ".join(f.split(".")[1] for f in factors)
        lines.append(Line(f"X20 {output}: lowest rank of {names} by first index", worst, 1, len(factors)))
    return lines


def draw(found: xr.Dataset, path: Path) -> None:
    """Indices, their convergence and their seasons, beside each other's names."""
    makers = {"": bars_figure, "_convergence": convergence_figure, "_months": time_figure}
    for end, make in makers.items():
        style.save(make(found), path.with_stem(path.stem + end), (".png",))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--figure", type=Path)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    found, parts = indices(asked.folder, asked.workers), spread(asked.folder, asked.workers)
    print(table(verdicts(found)))
    for output in ("runoff", "soil CO2", "sink"):
        print(f"\n{output}: first-order and total index, half-widths of 95 % intervals")
        for factor, rank in ranks(found, output).items():
            one = found.sel(output=output, factor=factor)
            print(
                f"{rank:3} {factor:34} {float(one.S1):6.3f} +- {float(one.S1_conf):.3f}   "
                f"{float(one.ST):6.3f} +- {float(one.ST_conf):.3f}"
            )
    print("\nshares of the variance of the sink")
    for k, source in enumerate(parts.source.values):
        print(
            f"{source:32} "
            + "  ".join(f"{parts.time.values[i]}: {float(parts.share[k, i]):.3f}" for i in (0, 15, -1))
        )
    if asked.figure:
        draw(found, asked.figure)
        spread_file = asked.figure.with_stem(f"{asked.figure.stem}_spread")
        style.save(decomposition_figure(parts), spread_file, (".png",))


if __name__ == "__main__":
    main()

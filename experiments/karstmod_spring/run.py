"""The discharge of KarstMod's demonstration spring: 13 parameters at most, fitted to one winter, judged on the rest.

    python -m experiments.karstmod_spring.run [--model NAME | --choose] [--pull P] [--generations N] [--seeds S [S ...]]

Prints the scores of the mean of the fits, one for each seed, and the parameters found.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import differential_evolution

import karstsim as ks
from experiments.data import data_folder
from experiments.verdicts import Line, table
from karstsim.model.engine import step_all
from karstsim.model.initial import EMPTY
from karstsim.model.parameters import by_name
from karstsim.model.simulate import RUN_CLOSURE, Simulation
from karstsim.processes.aquifer.storage import Structure
from karstsim.processes.atmosphere.potential_evapotranspiration import PetLaw
from karstsim.processes.epikarst.compartments import Concentration

AREA = "area_km2"
ET = "vegetation.crop_coefficient"
RANGES = {  # lower, upper, logarithmic; all but the area within the bounds of the parameter table
    AREA: (300.0, 900.0, True),
    "soil.depth": (0.1, 1.5, True),
    "soil.stress_start": (0.3, 1.0, False),
    ET: (0.5, 1.3, False),
    "epikarst.capacity": (20.0, 700.0, True),
    "epikarst.residence_time": (2.0, 60.0, True),
    "epikarst.recharge_shape": (0.5, 8.0, False),
    "epikarst.event_share": (0.0, 1.0, False),
    "epikarst.variability": (0.1, 6.0, False),
    "epikarst.overflow_to_shafts": (0.0, 1.0, False),
    "aquifer.matrix_residence_time": (5.0, 400.0, True),
    "aquifer.matrix_to_conduit": (0.0, 1.0, False),
    "aquifer.exchange_rate": (0.0, 0.1, False),
    "aquifer.conduit_residence_time": (0.3, 20.0, True),
    "aquifer.conduit_exponent": (0.5, 1.5, False),
    "aquifer.conduit_capacity": (3.0, 40.0, True),
    "aquifer.reservoir_variability": (0.0, 6.0, False),
    "atmosphere.degree_day_factor": (1.0, 8.0, False),
    "atmosphere.rain_snow_temperature": (-2.0, 4.0, False),
    "atmosphere.elevation_range": (0.0, 2000.0, False),
}


@dataclass(frozen=True)
class Model:
    """What is searched, and what is set besides."""

    searched: tuple[str, ...]
    fixed: dict[str, float] = field(default_factory=dict)


EVERYWHERE = (
    AREA, "soil.depth", ET, "epikarst.capacity", "epikarst.residence_time",
    "epikarst.recharge_shape", "aquifer.conduit_residence_time", "atmosphere.degree_day_factor",
    "atmosphere.rain_snow_temperature",
)  # fmt: skip
MATRIX = ("epikarst.event_share", "aquifer.matrix_residence_time")
LEAN = (*(name for name in EVERYWHERE if name != ET), *MATRIX)  # plants take what the file says
DEMAND = {ET: 1.0}
TEN = {"epikarst.compartments": 10.0}
LIMITED = {  # all water leaves through one conduit, whose outflow may be limited
    "aquifer.matrix_to_conduit": 1.0,
    "aquifer.conduit_reference_volume": 20.0,
}
FULL = {  # the same through a conduit that runs full at its capacity
    "aquifer.matrix_to_conduit": 1.0,
    "aquifer.conduit_exponent": 1.0,
}
CAPACITY = "aquifer.conduit_capacity"
RESERVOIRS = {**TEN, "aquifer.structure": float(Structure.VARIABLE_RESERVOIRS)}
PUBLISHED = {
    **TEN,
    "aquifer.structure": float(Structure.HARTMANN_2015),
    "epikarst.concentration": float(Concentration.HARTMANN_2015),
}
VARIED = ("epikarst.variability", "aquifer.reservoir_variability")
MODELS = {
    "limited": Model((*EVERYWHERE, *MATRIX, "soil.stress_start", "aquifer.conduit_exponent"), LIMITED),
    "limited-exchange": Model((*EVERYWHERE, *MATRIX, "aquifer.exchange_rate", "aquifer.conduit_exponent"), LIMITED),
    "limited-compartments": Model(
        (*EVERYWHERE, *MATRIX, "epikarst.variability", "aquifer.conduit_exponent"), {**LIMITED, **TEN}
    ),
    "full": Model((*EVERYWHERE, *MATRIX, "aquifer.conduit_exponent", CAPACITY), LIMITED),
    "full-shafts": Model(
        (*EVERYWHERE, *MATRIX, "aquifer.conduit_exponent", CAPACITY), {**LIMITED, "epikarst.overflow_to_shafts": 1.0}
    ),
    "full-exchange": Model((*EVERYWHERE, *MATRIX, "aquifer.exchange_rate", CAPACITY), FULL),
    "full-stress": Model((*EVERYWHERE, *MATRIX, "soil.stress_start", CAPACITY), FULL),
    "full-lean": Model((*LEAN, CAPACITY), FULL | DEMAND),
    "full-lean-shafts": Model((*LEAN, CAPACITY), FULL | DEMAND | {"epikarst.overflow_to_shafts": 1.0}),
    "full-lean-exchange": Model((*LEAN, CAPACITY, "aquifer.exchange_rate"), FULL | DEMAND),
    "full-lean-stress": Model((*LEAN, CAPACITY, "soil.stress_start"), FULL | DEMAND),
    "full-lean-bands": Model((*LEAN, CAPACITY, "atmosphere.elevation_range"), FULL | DEMAND),
    "full-lean-matrix": Model(
        (*LEAN, CAPACITY, "aquifer.matrix_to_conduit"), {"aquifer.conduit_exponent": 1.0} | DEMAND
    ),
    "full-lean-exponent": Model((*LEAN, CAPACITY, "aquifer.conduit_exponent"), LIMITED | DEMAND),
    "limited-lean": Model((*LEAN, "aquifer.conduit_exponent"), LIMITED | DEMAND),
    "matrix": Model((*EVERYWHERE, *MATRIX, "soil.stress_start", "aquifer.matrix_to_conduit")),
    "reservoirs": Model((*EVERYWHERE, *VARIED, "epikarst.event_share", "soil.stress_start"), RESERVOIRS),
    "reservoirs-shafts": Model(
        (*EVERYWHERE, *VARIED, "epikarst.event_share", "epikarst.overflow_to_shafts"), RESERVOIRS
    ),
    "varkarst": Model((*EVERYWHERE, *VARIED, "soil.stress_start"), PUBLISHED),
}  # fmt: skip
SHIPPED, SHIPPED_PULL = "full-lean-exponent", 0.0
PRESCRIBED = {"atmosphere.pet_law": float(PetLaw.PRESCRIBED)}
FITTED = ("1990-10-01", "1991-04-07")
Measure = Callable[[np.ndarray, np.ndarray], np.ndarray]
SPIN_UP = 2  # times the same year
BLOCKS = 3  # of the fitted days, by which a model is chosen
GENERATIONS_OF_A_BLOCK, SEED_OF_A_BLOCK = 60, 1
PULLS = (
    0.0,
    0.03,
)  # of the chosen model: what a mean square distance of half a range from the defaults costs
SEEDS = (1, 2, 3)  # of the fits whose mean is judged
HALF_RANGE = 0.5
M3_PER_MM_KM2 = 1000.0
SECONDS_PER_DAY = 86400.0
LAND_USE = "grass"
SITE = {
    "name": "karstmod_spring",
    "latitude": 45.0,  # the file names no place; neither matters with prescribed evapotranspiration
    "longitude": 3.0,
    "elevation": 1000.0,
    "mean_temperature": 8.6,
    "area_km2": 1.0,
    "tiles": [{"land_use": LAND_USE, "area_fraction": 1.0}],
}


def read(folder: Path) -> tuple[xr.Dataset, np.ndarray, np.ndarray]:
    """Forcing, observed discharge (m3 s-1), and which days are fitted."""
    source = folder / "KarstMod_dataset.txt"
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(shutil.copy(source, Path(scratch) / "spring.csv"))  # the reader goes by the suffix
        forcing = ks.open_forcing(
            table, lon=SITE["longitude"], lat=SITE["latitude"], elevation=SITE["elevation"], co2=355.0,
            columns={"time": "date", "pr": "P", "tas": "T", "evspsblpot": "ET"},
            units={"pr": "mm d-1", "tas": "degC", "evspsblpot": "mm d-1"}, estimate=["rsds"],
        )  # fmt: skip
    observed = pd.read_csv(source, sep="\t")
    days = pd.to_datetime(observed["date"].astype(str))
    return forcing, observed["QobsS"].to_numpy(float), ((days >= FITTED[0]) & (days <= FITTED[1])).to_numpy()


def held_out(fitted: np.ndarray) -> np.ndarray:
    """The days after the fitted ones. September, before them, warms up: its summer is not in the file (see gr4j.py)."""
    return np.arange(len(fitted)) > np.flatnonzero(fitted)[-1]


def values(model: Model, shares: np.ndarray) -> dict[str, float]:
    """Parameters at these shares (0-1) of their ranges."""
    found = {}
    for name, u in zip(model.searched, np.clip(shares, 0.0, 1.0), strict=True):
        low, high, log = RANGES[name]
        found[name] = float(low * (high / low) ** u if log else low + u * (high - low))
    return found


def simulation(model: Model, forcing: xr.Dataset, points: np.ndarray) -> tuple[Simulation, np.ndarray]:
    """Water alone for all points (point, parameter), spun up on the same year; and their areas, km2."""
    chosen = [values(model, row) for row in points]
    areas = np.array([found.pop(AREA) for found in chosen])
    members = [found | model.fixed | PRESCRIBED for found in chosen]
    run = Simulation(ks.Site(**SITE), forcing, members, workers=2, chemistry=False)
    run.spin_up(0)
    for _ in range(SPIN_UP):
        step_all(run.tables, run.forcing, EMPTY, run.physics, run.workers)
    return run, areas


def discharge(run: Simulation, areas: np.ndarray) -> np.ndarray:
    """Discharge (point, day), m3 s-1."""
    spring = run.run(["daily"], ["aquifer_spring"])["daily"]["aquifer_spring"].values
    return spring * areas[:, None] * M3_PER_MM_KM2 / SECONDS_PER_DAY


def kge(simulated: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Kling-Gupta efficiency of each row (Gupta et al. 2009)."""
    r = np.array([np.corrcoef(row, observed)[0, 1] for row in simulated])
    spread = simulated.std(axis=1) / observed.std()
    bias = simulated.mean(axis=1) / observed.mean()
    return 1.0 - np.sqrt((r - 1.0) ** 2 + (spread - 1.0) ** 2 + (bias - 1.0) ** 2)


def nse(simulated: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Nash-Sutcliffe efficiency of each row (Nash & Sutcliffe 1970)."""
    return 1.0 - ((simulated - observed) ** 2).sum(axis=1) / ((observed - observed.mean()) ** 2).sum()


def score(simulated: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Mean of KGE, KGE of the roots (low flows count as much as floods) and NSE of each row."""
    roots = kge(np.sqrt(simulated), np.sqrt(observed))
    return (kge(simulated, observed) + roots + nse(simulated, observed)) / 3.0


def defaults(model: Model) -> np.ndarray:
    """Share of its range at which the default of each searched parameter lies; NaN without one.

    Area and capacity belong to a spring. The default of the factor on evapotranspiration is what the file says.
    """
    shares = []
    for name in model.searched:
        if name in (AREA, CAPACITY):
            shares.append(np.nan)
            continue
        low, high, log = RANGES[name]
        param = by_name()[name].param
        default = DEMAND.get(name, param.by_class.get(LAND_USE, param.default))
        default = min(max(default, low), high)
        shares.append(np.log(default / low) / np.log(high / low) if log else (default - low) / (high - low))
    return np.array(shares)


@dataclass(frozen=True)
class Task:
    """What is fitted: a model to the discharge of some days, and how strongly it is drawn to the defaults."""

    model: Model
    forcing: xr.Dataset
    observed: np.ndarray
    days: np.ndarray
    pull: float = 0.0

    def loss(self, points: np.ndarray) -> np.ndarray:
        """Of each column of shares."""
        shares = np.clip(points.T, 0.0, 1.0)
        simulated = discharge(*simulation(self.model, self.forcing, shares))[:, self.days]
        scores = score(simulated, self.observed[self.days])
        away = np.nanmean(((shares - defaults(self.model)) / HALF_RANGE) ** 2, axis=1)
        return 1.0 - np.where(np.isfinite(scores), scores, -1.0) + self.pull * away

    def fit(self, generations: int, seed: int) -> np.ndarray:
        """Shares of the ranges that score best on these days."""
        return differential_evolution(
            self.loss, [(0.0, 1.0)] * len(self.model.searched), popsize=6, maxiter=generations, seed=seed,
            vectorized=True, updating="deferred", polish=False,
        ).x  # fmt: skip


def cross_score(
    model: Model, forcing: xr.Dataset, observed: np.ndarray, fitted: np.ndarray, pull: float
) -> float:
    """Score of the fitted days, each block of them simulated by the fit to the other blocks."""
    blocks = np.array_split(np.flatnonzero(fitted), BLOCKS)
    parts = []
    for block in blocks:
        others = np.setdiff1d(np.flatnonzero(fitted), block)
        found = Task(model, forcing, observed, others, pull).fit(GENERATIONS_OF_A_BLOCK, SEED_OF_A_BLOCK)
        parts.append(discharge(*simulation(model, forcing, found[None]))[:, block])
    return float(score(np.concatenate(parts, axis=1), observed[fitted])[0])


def choose(forcing: xr.Dataset, observed: np.ndarray, fitted: np.ndarray) -> tuple[str, float]:
    """Print the score of every model by blocks of the fitted days; the best one, and the better pull for it."""
    scores: dict[tuple[str, float], float] = {}

    def add(name: str, pull: float) -> None:
        scores[name, pull] = cross_score(MODELS[name], forcing, observed, fitted, pull)
        n = len(MODELS[name].searched)
        print(f"{name:24} {n:3d} parameters, pull {pull:g}   {scores[name, pull]:.4f}", flush=True)

    for name in MODELS:
        add(name, PULLS[0])
    best, _ = max(scores, key=lambda one: scores[one])
    for pull in PULLS[1:]:
        add(best, pull)
    return max(((best, pull) for pull in PULLS), key=lambda one: scores[one])


@dataclass(frozen=True)
class Found:
    """Simulated (seed, day) and observed discharge (m3 s-1), days fitted, parameters by seed, water unaccounted for."""

    model: str
    simulated: np.ndarray
    observed: np.ndarray
    fitted: np.ndarray
    parameters: list[dict[str, float]]
    closure: float


def find(
    folder: Path | None = None,
    name: str = SHIPPED,
    generations: int = 120,
    seeds: Sequence[int] = SEEDS,
    pull: float = SHIPPED_PULL,
) -> Found:
    forcing, observed, fitted = read(folder or data_folder("karst_spring_karstmod_demo"))
    model = MODELS[name]
    task = Task(model, forcing, observed, np.flatnonzero(fitted), pull)
    found = np.array([task.fit(generations, seed) for seed in seeds])
    run, areas = simulation(model, forcing, found)
    simulated = discharge(run, areas)
    return Found(
        name, simulated, observed, fitted, [values(model, row) for row in found], run.closure()["water"]
    )


def verdicts(found: Found) -> list[Line]:
    """KGE of the fitted days, KGE and NSE of the rest, and the water balance; of the mean of the fits."""
    mean = found.simulated.mean(axis=0, keepdims=True)

    def line(claim: str, measure: Measure, days: np.ndarray, low: float, scored: bool = True) -> Line:
        value = float(measure(mean[:, days], found.observed[days])[0])
        return Line(claim, value, low, 1.0, calibrated=True, scored=scored)

    held = held_out(found.fitted)
    return [
        line("KGE, fitted days", kge, found.fitted, 0.93),
        line("KGE, held-out days (8 April to August)", kge, held, 0.90),
        line("NSE, held-out days (8 April to August)", nse, held, 0.89),
        line("KGE, held-out days and the September of the warm-up", kge, ~found.fitted, 0.90, scored=False),
        line("NSE, held-out days and the September of the warm-up", nse, ~found.fitted, 0.89, scored=False),
        Line("water unaccounted for, of stock and throughput", found.closure, 0.0, RUN_CLOSURE),
    ]


def describe(found: Found) -> str:
    """Scores and parameters of every fit."""
    held = held_out(found.fitted)
    fit = kge(found.simulated[:, found.fitted], found.observed[found.fitted])
    late, observed = found.simulated[:, held], found.observed[held]
    scores = {"KGE, fitted": fit, "KGE, held out": kge(late, observed), "NSE, held out": nse(late, observed)}
    rows = {name: list(of_seeds) for name, of_seeds in scores.items()}
    rows |= {name: [one[name] for one in found.parameters] for name in found.parameters[0]}
    lines = [f"{name:34} " + " ".join(f"{value:10.3f}" for value in row) for name, row in rows.items()]
    return "\n".join([f"model {found.model}, a column for each seed", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=MODELS, default=SHIPPED)
    parser.add_argument(
        "--choose", action="store_true", help="choose the model by blocks of the fitted days first"
    )
    parser.add_argument("--pull", type=float, default=SHIPPED_PULL)
    parser.add_argument("--generations", type=int, default=120)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    asked = parser.parse_args()
    folder = data_folder("karst_spring_karstmod_demo")
    name, pull = choose(*read(folder)) if asked.choose else (asked.model, asked.pull)
    found = find(folder, name, asked.generations, asked.seeds, pull)
    print(table(verdicts(found)))
    print(describe(found))


if __name__ == "__main__":
    main()

"""The discharge of KarstMod's demonstration spring: 13 parameters fitted to one winter, judged on the rest of the year.

    python experiments/karstmod_spring/run.py FOLDER [--generations N] [--seed S]

FOLDER holds KarstMod_dataset.txt (date, P mm/d, T degC, ET mm/d, Q m3/s). Prints the scores and the parameters found.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import differential_evolution

import karstsim as ks
from karstsim.model.engine import step_all
from karstsim.model.initial import EMPTY
from karstsim.model.simulate import Simulation
from karstsim.processes.atmosphere.potential_evapotranspiration import PetLaw

AREA = "area_km2"
SEARCHED = {  # lower, upper, logarithmic; all but the area within the bounds of the parameter table
    AREA: (300.0, 900.0, True),
    "soil.depth": (0.1, 1.5, True),
    "vegetation.crop_coefficient": (0.5, 1.3, False),
    "epikarst.capacity": (20.0, 700.0, True),
    "epikarst.residence_time": (2.0, 60.0, True),
    "epikarst.recharge_shape": (0.5, 8.0, False),
    "epikarst.event_share": (0.0, 1.0, False),
    "aquifer.matrix_residence_time": (5.0, 400.0, True),
    "aquifer.conduit_residence_time": (0.3, 20.0, True),
    "soil.stress_start": (0.3, 1.0, False),
    "aquifer.conduit_exponent": (0.5, 1.5, False),
    "atmosphere.degree_day_factor": (1.0, 8.0, False),
    "atmosphere.rain_snow_temperature": (-2.0, 4.0, False),
}
FIXED = {  # all water leaves through one conduit, whose outflow may be limited
    "atmosphere.pet_law": int(PetLaw.PRESCRIBED),
    "aquifer.matrix_to_conduit": 1.0,
    "aquifer.conduit_reference_volume": 20.0,
}
FITTED = ("1990-10-01", "1991-04-07")
SPIN_UP = 2  # times the same year
M3_PER_MM_KM2 = 1000.0
SECONDS_PER_DAY = 86400.0
SITE = {
    "name": "karstmod_spring",
    "latitude": 45.0,  # the file names no place; neither matters with prescribed evapotranspiration
    "longitude": 3.0,
    "elevation": 1000.0,
    "mean_temperature": 8.6,
    "area_km2": 1.0,
    "tiles": [{"land_use": "grass", "area_fraction": 1.0}],
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


def values(shares: np.ndarray) -> dict[str, float]:
    """Parameters at these shares (0-1) of their ranges."""
    found = {}
    for (name, (low, high, log)), u in zip(SEARCHED.items(), np.clip(shares, 0.0, 1.0), strict=True):
        found[name] = float(low * (high / low) ** u if log else low + u * (high - low))
    return found


def discharge(forcing: xr.Dataset, points: np.ndarray) -> np.ndarray:
    """Discharge (point, day), m3 s-1, of all points (point, parameter) in one run of water alone."""
    chosen = [values(row) for row in points]
    areas = np.array([found.pop(AREA) for found in chosen])
    members = [found | FIXED for found in chosen]
    run = Simulation(ks.Site(**SITE), forcing, members, workers=2, chemistry=False)
    run.spin_up(0)
    for _ in range(SPIN_UP):
        step_all(run.tables, run.forcing, EMPTY, run.physics, run.workers)
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--generations", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    forcing, observed, fitted = read(asked.folder)

    def loss(points: np.ndarray) -> np.ndarray:
        simulated, seen = discharge(forcing, points.T)[:, fitted], observed[fitted]
        roots = kge(np.sqrt(simulated), np.sqrt(seen))  # low flows count as much as floods
        scores = (kge(simulated, seen) + roots + nse(simulated, seen)) / 3.0
        return 1.0 - np.where(np.isfinite(scores), scores, -1.0)

    found = differential_evolution(
        loss, [(0.0, 1.0)] * len(SEARCHED), popsize=6, maxiter=asked.generations, seed=asked.seed,
        vectorized=True, updating="deferred", polish=False,
    )  # fmt: skip
    simulated = discharge(forcing, found.x[None])
    held = ~fitted
    print(f"fitted   KGE {kge(simulated[:, fitted], observed[fitted])[0]:.3f}")
    print(f"held out KGE {kge(simulated[:, held], observed[held])[0]:.3f}", end="  ")
    print(f"NSE {nse(simulated[:, held], observed[held])[0]:.3f}")
    for name, value in values(found.x).items():
        print(f"{name:34} {value:10.3f}")


if __name__ == "__main__":
    main()

"""Soil respiration of the Laegeren forest (Swiss Jura, 2006-2007): as it comes, and fitted to the first 60 % of days.

    python -m experiments.soil_respiration.run [--figure FILE]

Of the weather the file has temperatures only; radiation and rain are climatologies.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import differential_evolution

import karstsim as ks
from experiments.data import data_folder
from experiments.verdicts import Line, report
from karstsim.forcing import open_forcing
from karstsim.model.simulate import Simulation

TEMPERATURE = "CSR_T0"  # of the soil's surface: the best single driver of the fitted days
YEARS = ("2006-01-01", "2007-12-31")
RAIN = 1000.0  # mm per year, spread evenly
LIGHT, LIGHT_SWING = 130.0, 95.0  # W m-2, mean and half the range of the Swiss Plateau's year
CO2 = 382.0  # ppm
FITTED = 0.6  # of the days with data
PER_DAY = 1e6 / 86400.0  # mol m-2 d-1 to umol m-2 s-1
GRAMS = 12.011e-6 * 86400.0 * 365.2425  # umol m-2 s-1 to g C m-2 a-1
SITE = {
    "name": "Laegeren", "latitude": 47.478, "longitude": 8.365, "elevation": 689.0, "area_km2": 1.0,
    "tiles": [{"land_use": "secondary_forest", "area_fraction": 1.0}],
}  # fmt: skip
SEARCHED = {  # the bounds of the parameter table
    "vegetation.light_use_efficiency": (0.1, 2.0),
    "vegetation.optimum_temperature": (5.0, 32.0),
    "vegetation.root_respiration": (0.2, 0.95),
    "vegetation.root_substrate_time": (2.0, 365.0),
    "soil.dpm_rpm": (0.05, 5.0),
}
# The soil has the measured temperature and does not lag behind it; roots follow it.
GIVEN = {"soil.thermal_memory": 1.0, "vegetation.root_temperature_response": 1.0}
SPIN_UP = 10  # years
PUBLISHED = (754.0, 897.0)  # g C m-2 a-1, Ruehr & Buchmann (2010)


def read(folder: Path) -> pd.DataFrame:
    """Daily means of flux (umol m-2 s-1) and temperatures (degC) over the two calendar years; gaps are NaN."""
    raw = pd.read_csv(folder / "d20190607_RUEHR.csv.gz")
    stamps = pd.to_datetime(raw["CSR_TIMESTAMP_BEGIN"])
    daily = raw.set_index(stamps)[["CSR_FLUX_CO2", TEMPERATURE]].resample("D").mean()
    return daily.reindex(pd.date_range(*YEARS, freq="D"))


def weather(daily: pd.DataFrame) -> xr.Dataset:
    """Forcing of the two years: temperature as measured, gaps bridged; the first winter is that of the other year."""
    measured = daily[TEMPERATURE]
    filled = measured.interpolate(limit_area="inside")
    early = filled.index < measured.first_valid_index()
    days = filled.index[early].day_of_year
    second = filled[filled.index.year == int(YEARS[1][:4])]
    filled[early] = second.iloc[days - 1].to_numpy()
    season = np.cos(2.0 * np.pi * (filled.index.day_of_year - 172) / 365.25)
    frame = pd.DataFrame(
        {
            "time": filled.index,
            "tas": filled.to_numpy(),
            "pr": RAIN / 365.25,
            "rsds": LIGHT + LIGHT_SWING * season,
        }
    )
    return frame_to_forcing(frame)


def frame_to_forcing(frame: pd.DataFrame) -> xr.Dataset:
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "laegeren.csv"
        frame.to_csv(path, index=False)
        return open_forcing(
            path, lon=SITE["longitude"], lat=SITE["latitude"], elevation=SITE["elevation"], co2=CO2,
            units={"tas": "degC", "pr": "mm d-1", "rsds": "W m-2"},
        )  # fmt: skip


def efflux(forcing: xr.Dataset, members: list[dict[str, float]]) -> np.ndarray:
    """CO2 efflux (member, day), umol m-2 s-1."""
    run = Simulation(ks.Site(**SITE), forcing, members, workers=2)
    run.spin_up(SPIN_UP)
    return (
        run.run(["daily"], ["soil_efflux"])["daily"]["soil_efflux"].values.reshape(len(members), -1) * PER_DAY
    )


def scores(simulated: np.ndarray, observed: pd.Series) -> tuple[float, float, float]:
    """(r, daily RMSE, monthly RMSE) over the days that have data."""
    both = pd.DataFrame({"s": simulated, "o": observed.to_numpy()}, observed.index).dropna()
    monthly = both.resample("MS").mean().dropna()
    return (
        float(both.corr().iloc[0, 1]),
        float(np.sqrt(((both.s - both.o) ** 2).mean())),
        float(np.sqrt(((monthly.s - monthly.o) ** 2).mean())),
    )


@dataclass(frozen=True)
class Found:
    """Measured efflux and that of default and fitted parameters (umol m-2 s-1), the first held-out day, the fit."""

    observed: pd.Series
    plain: np.ndarray
    best: np.ndarray
    split: pd.Timestamp
    parameters: np.ndarray


def find(folder: Path | None = None, generations: int = 30, seed: int = 1) -> Found:
    daily = read(folder or data_folder("soil_respiration_laegeren"))
    forcing, observed = weather(daily), daily["CSR_FLUX_CO2"]
    known = observed.dropna().index
    split = known[int(FITTED * len(known))]
    early = observed[observed.index < split]

    def members(points: np.ndarray) -> list[dict[str, float]]:
        return [GIVEN | dict(zip(SEARCHED, map(float, row), strict=True)) for row in points]

    def loss(points: np.ndarray) -> np.ndarray:
        runs = efflux(forcing, members(points.T))[:, : len(early)]
        return np.sqrt(np.nanmean((runs - early.to_numpy()) ** 2, axis=1))

    found = differential_evolution(
        loss, list(SEARCHED.values()), popsize=8, maxiter=generations, seed=seed, vectorized=True,
        updating="deferred", polish=False,
    )  # fmt: skip
    best = efflux(forcing, members(found.x[None]))[0]
    return Found(observed, efflux(forcing, [{}])[0], best, split, found.x)


def verdicts(found: Found) -> list[Line]:
    """The year's total with default parameters; r and RMSE of the fit on the held-out days."""
    late = found.observed[found.observed.index >= found.split]
    r, day, month = scores(found.best[-len(late) :], late)
    low, high = 0.65 * PUBLISHED[0], 1.35 * PUBLISHED[1]
    total = float(found.plain.mean() * GRAMS)
    open_end = float("inf")
    return [
        Line("annual soil respiration, default parameters", total, low, high, "g C m-2 a-1"),
        Line("held-out daily r", r, 0.90, open_end, calibrated=True),
        Line("held-out daily RMSE", day, -open_end, 0.50, "umol m-2 s-1", True),
        Line("held-out monthly RMSE", month, -open_end, 0.24, "umol m-2 s-1", True),
    ]


def describe(found: Found) -> str:
    """Scores of the fitted days and of the defaults, and the fit."""
    early = found.observed[found.observed.index < found.split]
    text = "r {:.3f}, daily RMSE {:.3f}, monthly RMSE {:.3f}"
    rows = [
        "fitted " + text.format(*scores(found.best[: len(early)], early)),
        "default on all days " + text.format(*scores(found.plain, found.observed)),
    ]
    rows += [f"{name:34} {value:10.3f}" for name, value in zip(SEARCHED, found.parameters, strict=True)]
    return "\n".join(rows)


def draw(found: Found, path: Path) -> None:
    """Measured and simulated efflux; the vertical line parts fitted from held-out days."""
    import matplotlib.pyplot as plt

    observed, split = found.observed, found.split
    figure, ax = plt.subplots(figsize=(9, 4), layout="constrained")
    ax.plot(observed.index, observed, ".", color="0.6", label="measured")
    ax.plot(observed.index, found.plain, color="#d55e00", lw=1, label="default parameters")
    ax.plot(observed.index, found.best, color="#0072b2", lw=1.5, label="fitted")
    ax.axvline(split, color="0.3", ls=":")
    ax.set_ylabel("soil CO2 efflux (umol m-2 s-1)")
    ax.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    print(describe(report(__doc__, find, verdicts, draw)))

"""Soil respiration of the Laegeren forest (Swiss Jura, 2006-2007): as it comes, and fitted to the first 60 % of days.

    python -m experiments.soil_respiration.run FOLDER [--generations N] [--seed S] [--figure FILE]

FOLDER holds d20190607_RUEHR.csv.gz. Of the weather it has temperatures only; radiation and rain are climatologies.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import differential_evolution

import karstsim as ks
from experiments.verdicts import Line, table
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--generations", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", type=Path)
    asked = parser.parse_args()
    daily = read(asked.folder)
    forcing, observed = weather(daily), daily["CSR_FLUX_CO2"]
    known = observed.dropna().index
    split = known[int(FITTED * len(known))]
    early, late = observed[observed.index < split], observed[observed.index >= split]
    n = len(early)

    def members(points: np.ndarray) -> list[dict[str, float]]:
        return [GIVEN | dict(zip(SEARCHED, map(float, row), strict=True)) for row in points]

    def loss(points: np.ndarray) -> np.ndarray:
        runs = efflux(forcing, members(points.T))[:, :n]
        return np.sqrt(np.nanmean((runs - early.to_numpy()) ** 2, axis=1))

    plain = efflux(forcing, [{}])[0]
    found = differential_evolution(
        loss, list(SEARCHED.values()), popsize=8, maxiter=asked.generations, seed=asked.seed, vectorized=True,
        updating="deferred", polish=False,
    )  # fmt: skip
    best = efflux(forcing, members(found.x[None]))[0]
    r, day, month = scores(best[n:], late)
    low, high = 0.65 * PUBLISHED[0], 1.35 * PUBLISHED[1]
    open_end = float("inf")
    lines = [
        Line(
            "annual soil respiration, default parameters",
            float(plain.mean() * GRAMS),
            low,
            high,
            "g C m-2 a-1",
        ),
        Line("held-out daily r", r, 0.90, open_end, calibrated=True),
        Line("held-out daily RMSE", day, -open_end, 0.50, "umol m-2 s-1", True),
        Line("held-out monthly RMSE", month, -open_end, 0.24, "umol m-2 s-1", True),
    ]
    print(table(lines))
    print("fitted r {:.3f}, daily RMSE {:.3f}, monthly RMSE {:.3f}".format(*scores(best[:n], early)))
    print(
        "default on all days r {:.3f}, daily RMSE {:.3f}, monthly RMSE {:.3f}".format(
            *scores(plain, observed)
        )
    )
    for name, value in zip(SEARCHED, found.x, strict=True):
        print(f"{name:34} {value:10.3f}")
    if asked.figure:
        draw(observed, plain, best, split, asked.figure)


def draw(observed: pd.Series, plain: np.ndarray, best: np.ndarray, split: pd.Timestamp, path: Path) -> None:
    """Measured and simulated efflux; the vertical line parts fitted from held-out days."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(9, 4), layout="constrained")
    ax.plot(observed.index, observed, ".", color="0.6", label="measured")
    ax.plot(observed.index, plain, color="#d55e00", lw=1, label="default parameters")
    ax.plot(observed.index, best, color="#0072b2", lw=1.5, label="fitted")
    ax.axvline(split, color="0.3", ls=":")
    ax.set_ylabel("soil CO2 efflux (umol m-2 s-1)")
    ax.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()

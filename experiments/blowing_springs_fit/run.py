"""Blowing Springs, calibrated: calcium, CO2, pH and d13C of the spring's mouth, half of the samples held out.

    python -m experiments.blowing_springs_fit.run [--figure FILE]

The site's weather is not in the data: as in the uncalibrated experiment the model runs on a synthetic one with the
monthly means of north-western Arkansas, so its days are not the samples' days, and only their spread can be compared.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from experiments.blowing_springs.run import ASKED, FOLDER, PPM, USES, climate, lines_of, samples, spring
from experiments.data import data_folder
from experiments.verdicts import Line, report
from karstsim.calibration.config import load_calibration
from karstsim.calibration.run import begin, work
from karstsim.forcing.synthetic import write_cmip

HERE = Path(__file__).parent
CONFIG, TABLE, WEATHER, RESULT = "calibration.toml", "spring.csv", "weather", "fit"
YEARS = (2011, 2013)
MOUTH = "BS01"
COLUMNS = {"ca": "Ca (mmol/L)", "pco2": "pCO2 (atm)", "ph": "pH", "d13c": "d13C_DIC (permil)"}
TOLD = {"ca": ("calcium", "mol m-3"), "pco2": ("CO2", "ppm"), "ph": ("pH", "1"), "d13c": ("d13C", "permil")}
COLORS = ("0.5", "#d55e00")


@dataclass(frozen=True)
class Found:
    """Samples of the mouth, the calibration, the day that the held-out half begins, and the model's days."""

    samples: pd.DataFrame
    posterior: xr.Dataset
    split: np.datetime64
    defaults: pd.DataFrame
    fitted: pd.DataFrame

    @property
    def held_out(self) -> pd.DataFrame:
        return self.samples[self.samples["date"] >= self.split]


def find(folder: Path | None = None) -> Found:
    found = samples(folder or data_folder(FOLDER))
    found = found[found["site"] == MOUTH].sort_values("date")
    weather = climate(YEARS)
    with tempfile.TemporaryDirectory() as scratch:
        posterior, split = fit(Path(scratch), found, weather)
    parameters = {
        str(name): {"factor": float(value)} if factor else float(value)
        for name, value, factor in zip(
            posterior["parameter"].values, posterior["best"].values, posterior["factor"].values, strict=True
        )
    }
    defaults, fitted = (spring(USES[ASKED], weather, p) for p in (None, parameters))
    return Found(found, posterior, split, defaults, fitted)


def fit(folder: Path, found: pd.DataFrame, weather: xr.Dataset) -> tuple[xr.Dataset, np.datetime64]:
    """The calibration of the file beside this one, in a folder with the table and the weather that it names."""
    write_cmip(weather, folder / WEATHER)
    table = found.assign(pco2=found["pco2"] / PPM)[["date", *COLUMNS]].rename(columns=COLUMNS)
    table.to_csv(folder / TABLE, index=False)
    config = load_calibration(shutil.copy(HERE / CONFIG, folder / CONFIG))
    begin(config, folder / RESULT)
    return work(config, folder / RESULT).posterior.load(), np.datetime64(config.calibration.split)


def verdicts(found: Found) -> list[Line]:
    """Medians of the model's days of the second half in the band of the samples held out; 5 and 95 % beside them."""
    days = found.fitted[found.fitted.index >= found.split]
    return lines_of(days, found.held_out, TOLD, calibrated=True)


def draw(found: Found, path: Path) -> None:
    """Shares of held-out samples, and of the model's days before and after the fit, below a value."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(TOLD), figsize=(14, 4), layout="constrained", sharey=True)
    runs = {"model, defaults": found.defaults, "model, calibrated": found.fitted}
    for ax, (name, (text, units)) in zip(axes, TOLD.items(), strict=True):
        for (label, run), color in zip(runs.items(), COLORS, strict=True):
            days = np.sort(run.loc[run.index >= found.split, name])
            ax.plot(days, np.linspace(0.0, 100.0, len(days)), color=color, label=label)
        held = np.sort(found.held_out[name].dropna())
        ax.plot(held, np.linspace(0.0, 100.0, len(held)), "k.", label="samples held out")
        ax.set(
            xlabel=text if units == "1" else f"{text} ({units})", xscale="log" if name == "pco2" else "linear"
        )
    axes[0].set_ylabel("samples or days below (%)")
    axes[-1].legend(fontsize=8, loc="upper left")
    figure.savefig(path, dpi=120)


def describe(found: Found) -> str:
    """Parameters of the best run, and its scores over both halves."""
    ds = found.posterior
    rows = [
        f"{name!s:34} {best:8.3f}  of {low:g} to {high:g}"
        for name, best, low, high in zip(
            ds["parameter"].values, ds["best"].values, ds["lower"].values, ds["upper"].values, strict=True
        )
    ]
    for target in ds["target"].values:
        rmse = ds["skill"].sel(target=target, metric="rmse")
        rows.append(f"{target!s:12} RMSE fitted {float(rmse[0]):.3g}, held out {float(rmse[1]):.3g}")
    return "\n".join(
        [*rows, ds.attrs["observations"], ds.attrs["convergence_checks"], ds.attrs["uncertainties"]]
    )


if __name__ == "__main__":
    print(describe(report(__doc__, find, verdicts, draw)))

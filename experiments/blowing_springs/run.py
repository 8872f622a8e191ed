"""Blowing Springs Cave, Arkansas: d13C of the cave stream, and what a site at defaults gives under such a climate.

    python -m experiments.blowing_springs.run FOLDER [--figure FILE]

FOLDER holds hydrochem_blowing_springs (Knierim et al., doi:10.5281/zenodo.3839802). The climate of the site is not in
the data: synthetic weather without trend is moved to 14.3 degC and 1,150 mm a year. All parameters have their defaults.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import karstsim as ks
from experiments.verdicts import Line, table
from karstsim.forcing.synthetic import synthetic_forcing

FILE = "hydrochem_blowing_springs/Knierim-BS-Water-Chem-Data.csv"
MISSING = -9000.0
TEMPERATURE, RAIN = 14.3, 1150.0  # degC, mm a-1: of the Ozarks, as stated in docs/promises.md
CO2 = 392.0  # ppm, of 2011
ZERO_CELSIUS, SECONDS_PER_YEAR = 273.15, 86400.0 * 365.2425
FIRST, YEARS, SPIN_UP = 2006, 8, 30
LAND_USES = ("cropland", "grass", "secondary_forest")
PLACE = {
    "name": "Blowing Springs", "latitude": 36.446, "longitude": -94.223, "elevation": 370.0, "area_km2": 5.0,
}  # fmt: skip


def samples(folder: Path) -> pd.Series:
    """d13C of DIC of all samples of the cave's stream, permil."""
    frame = pd.read_csv(folder / FILE, encoding="utf-8-sig")
    delta = frame.loc[frame["GenSite"] == "cave", "DIC_iso"]
    return delta[delta > MISSING]


def weather() -> xr.Dataset:
    """Synthetic days with the mean temperature and the rain of the site."""
    ds = synthetic_forcing("stationary", FIRST, FIRST + YEARS - 1, lat=PLACE["latitude"], co2=CO2)
    warmer = TEMPERATURE + ZERO_CELSIUS - float(ds["tas"].mean())
    wetter = RAIN / (float(ds["pr"].mean()) * SECONDS_PER_YEAR)
    for name in ("tas", "tasmin", "tasmax"):
        if name in ds:
            ds[name] = ds[name] + warmer
    return ds.assign(pr=ds["pr"] * wetter)


def springs() -> dict[str, xr.Dataset]:
    """Daily spring and soil gas under each land use."""
    ds = weather()
    names = ["aquifer_spring_d13c", "soil_co2_d13c", "aquifer_spring_dead_carbon", "aquifer_spring_ph"]
    found = {}
    for use in LAND_USES:
        site = ks.Site.from_dict({**PLACE, "tiles": [{"land_use": use, "area_fraction": 1.0}]})
        found[use] = ks.simulate(
            site, ds, output=["daily"], variables=names, spinup_years=SPIN_UP, isotopes=True
        )
    return found


def verdicts(measured: pd.Series, found: dict[str, xr.Dataset]) -> list[Line]:
    """The middle of all days inside the band that holds 90 % of the samples."""
    low, high = np.percentile(measured, [5.0, 95.0])
    return [
        Line(
            f"d13C of the spring under {use}", float(ds["aquifer_spring_d13c"].median()), low, high, "permil"
        )
        for use, ds in found.items()
    ]


def draw(measured: pd.Series, found: dict[str, xr.Dataset], path: Path) -> None:
    """Shares of samples and of days below a d13C."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    axis.plot(
        np.sort(measured),
        np.linspace(0.0, 100.0, len(measured)),
        "k.",
        ms=4,
        label="samples of the cave stream",
    )
    for use, colour in zip(LAND_USES, ("#d55e00", "#0072b2", "#009e73"), strict=True):
        days = np.sort(found[use]["aquifer_spring_d13c"].values.ravel())
        axis.plot(days, np.linspace(0.0, 100.0, len(days)), color=colour, label=use.replace("_", " "))
    axis.set_xlabel("d13C of DIC (permil)")
    axis.set_ylabel("samples or days below (%)")
    axis.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--figure", type=Path)
    asked = parser.parse_args()
    measured, found = samples(asked.folder), springs()
    print(f"{len(measured)} samples, 5-50-95 %: {np.percentile(measured, [5, 50, 95]).round(2)}")
    for use, ds in found.items():
        for name in ("aquifer_spring_d13c", "soil_co2_d13c", "aquifer_spring_dead_carbon"):
            print(f"{use:18} {name:28} {np.percentile(ds[name], [5, 50, 95]).round(2)}")
    print(table(verdicts(measured, found)))
    if asked.figure:
        draw(measured, found, asked.figure)


if __name__ == "__main__":
    main()

"""Blowing Springs Cave, Arkansas: CO2, calcium and d13C of the model's spring at defaults against the samples' band.

    python -m experiments.blowing_springs.run [--figure FILE]

The site's weather is not in the data: the model runs on a synthetic one
with the monthly means of north-western Arkansas.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import karstsim as ks
from experiments.data import data_folder
from experiments.verdicts import Line, report
from karstsim.chemistry.api import speciate_csv
from karstsim.core.constants import DAYS_PER_YEAR, SECONDS_PER_DAY, ZERO_CELSIUS
from karstsim.forcing.synthetic import synthetic_forcing
from karstsim.model.parameters import Overrides

FOLDER = "hydrochem_blowing_springs"
SAMPLES = "Knierim-BS-Water-Chem-Data.csv"
UNITS = {"Ca": "mg/L", "DIC": "mg C/L"}
PLACE = {"lat": 36.46, "lon": -94.26, "elevation": 350.0}
YEARS = (2011, 2020)
SPIN_UP = 60  # years at most
# Monthly normals of north-western Arkansas, rounded, as recalled: mean temperature, rain, global radiation.
TEMPERATURE = (1.5, 3.8, 8.9, 14.2, 18.8, 23.5, 25.8, 25.3, 20.9, 14.7, 8.6, 3.2)  # degC
RAIN = (65, 60, 95, 115, 145, 125, 85, 85, 115, 100, 95, 75)  # mm
RADIATION = (100, 130, 175, 215, 240, 265, 265, 240, 195, 150, 110, 90)  # W m-2
OTHER_WEATHER = (14.3, 1150.0)  # degC, mm a-1
OZARK_SUMMER = (
    4.25  # umol m-2 s-1, soil respiration, June to August, uncut oak forest, Missouri (Concilio et al. 2005)
)
SUMMER = (6, 7, 8)
PER_SECOND = 1e6 / SECONDS_PER_DAY  # mol m-2 d-1 in umol m-2 s-1
KG_PER_MOL = 12.011e-3
# Between the soil and the limestone of this plateau lies a "thick regolith dominated by chert gravel" (Cortez and
# Fallacaro 2001), and the soil on it is siliceous (Knierim et al. 2017, doi:10.5066/F7610XJ5).
ROCK = "mantled_limestone"
# Dry deposition of its air, as recalled from maps of 2011 to 2013: 1.6 kg S and 2.8 kg N per hectare and year. Defaults
# are of south-west China, 19 and 11.
AIR = {"soil.dry_sulfur": 0.005, "soil.dry_nitrogen": 0.02}  # mol m-2 a-1
# The soil above the cave: Clarksville series, loamy-skeletal, "less than 2 to 3 m" (Knierim et al. 2017). Skeletal
# means at least 35 % of stones by volume.
STONES = 0.35
SURVEYED_SOIL = {
    "soil.depth": 2.0,
    "soil.porosity": 0.55 * (1.0 - STONES),
    "soil.residual_water": 0.08 * (1.0 - STONES),
}
# All that the model has for storm water that meets little rock.
STORM_PATH = {
    "epikarst.compartments": 10,
    "epikarst.event_share": 1.0,
    "epikarst.overflow_to_shafts": 1.0,
    "aquifer.conduit_cells": 5,
    "soil.gas_layers": 5,
}
FLOOD = 0.95  # days with more flow than this share of all
PPM = 1e6
KG_PER_M3 = 1e3
SPRING_TEMPERATURE = 14.4  # degC, median of the samples
BAND = (0.05, 0.95)
SHARES = ((0.5, "median"), (0.05, "5 %"), (0.95, "95 %"))
JUDGED = 0.5  # the median decides; the ends stand beside the claim, see `halves`
SPLITS = 2000  # random halves of the samples
SATURATED = (1e-6, 10.0)  # atm, bracket of the pressure at which a sample is just saturated
HALVINGS = 50
MISSING = -9000.0  # and below it: no d13C
VARIABLES = (
    "aquifer_spring", "aquifer_spring_ca", "aquifer_spring_pco2", "aquifer_spring_ph", "aquifer_spring_si_calcite",
    "soil_base_pco2", "aquifer_conduit_air_pco2", "aquifer_spring_d13c",
)  # fmt: skip
USES = {
    "half forest, half grass": ("secondary_forest", "grass"),
    "secondary forest": ("secondary_forest",),
    "grass": ("grass",),
    "cropland": ("cropland",),
}
ASKED = "half forest, half grass"  # of the verdicts
TOLD = {"pco2": ("CO2", "ppm"), "ca": ("calcium", "mol m-3"), "d13c": ("d13C", "permil")}
# What may be different at the site, one at a time: for understanding, not for the verdicts.
DIFFERENT = {
    "whole conduit under cave air": {"aquifer.conduit_air_share": 1.0},
    "all concentrated recharge past the epikarst": {"epikarst.event_share": 1.0},
    "no supersaturation": {"epikarst.calcite_threshold": 0.0, "aquifer.calcite_threshold": 0.0},
    "soil CO2 by evapotranspiration (Brook)": {"soil.co2_law": 1.0},
    "soil air diffuses by Millington and Quirk": {"soil.diffusivity_law": 1.0},
    "soil of the survey": SURVEYED_SOIL,
    "path for storm water": STORM_PATH,
    "production saturates with light": {"vegetation.light_saturation": 0.04},
    "dry deposition of south-west China": {"soil.dry_sulfur": 0.06, "soil.dry_nitrogen": 0.08},
}


def climate(years: tuple[int, int] = YEARS) -> xr.Dataset:
    """Synthetic weather whose months have the means of north-western Arkansas."""
    forcing = synthetic_forcing("stationary", *years, **PLACE)
    month = forcing["time"].dt.month
    days = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    wanted = {
        "tas": np.array(TEMPERATURE) + ZERO_CELSIUS,
        "pr": np.array(RAIN) / days / SECONDS_PER_DAY,
        "rsds": np.array(RADIATION, float),
    }
    for name, normals in wanted.items():
        mean = forcing[name].groupby(month).mean(...)
        target = xr.DataArray(normals, dims="month", coords={"month": mean["month"]})
        by_month = forcing[name].groupby(month)
        shaped = by_month * (target / mean) if name == "pr" else by_month + (target - mean)
        forcing[name] = shaped.drop_vars("month").clip(min=0.0)
    return forcing


def scaled(temperature: float, rain: float, years: tuple[int, int] = YEARS) -> xr.Dataset:
    """The generator's own weather, shifted and scaled to yearly means in degC and mm: its monsoon and its dull sky."""
    forcing = synthetic_forcing("stationary", *years, **PLACE)
    yearly = float(forcing["pr"].mean()) * SECONDS_PER_DAY * DAYS_PER_YEAR
    warmer = temperature + ZERO_CELSIUS - float(forcing["tas"].mean())
    return forcing.assign(tas=forcing["tas"] + warmer, pr=forcing["pr"] * (rain / yearly))


def samples(folder: Path) -> pd.DataFrame:
    """Date, site, flow, ca (mol m-3), pco2 and that of saturation (ppm), ph, si and d13c (permil) of every sample."""
    frame = speciate_csv(folder / SAMPLES, units=UNITS)
    found = pd.DataFrame({"site": frame["Site"], "flow": frame["Flow"], "pco2": PPM * frame["pco2"]})
    found["date"] = pd.to_datetime(frame["Date"], format="%Y/%m/%d")
    found["ph"] = frame["ph"]
    found["ca"] = pd.to_numeric(frame["Ca (mg/L)"], errors="coerce").where(lambda v: v > 0.0) / 40.078
    found["si"], found["alkalinity"] = frame["si_calcite"], frame["alkalinity"]
    found["temperature"] = pd.to_numeric(frame["Temp_pH"], errors="coerce")
    found["saturated"] = saturation_pressure(found)
    delta = pd.to_numeric(frame["DIC_iso"], errors="coerce")
    found["d13c"] = delta.where((delta > MISSING) & (frame["GenSite"] == "cave"))
    return found


def air(folder: Path) -> pd.DataFrame:
    """CO2 (ppm) of the air measured at the lysimeters, ``soil``, and in the cave, with the season."""
    raw = pd.read_csv(folder / SAMPLES)
    return raw.loc[raw["CO2"] > 0.0, ["GenSite", "Season", "CO2"]]


def saturation_pressure(found: pd.DataFrame) -> np.ndarray:
    """CO2 pressure (ppm) at which the calcium and alkalinity of each sample are just saturated with calcite."""
    waters = found[["temperature", "ca", "alkalinity"]]
    low, high = (np.full(len(waters), np.log10(end)) for end in SATURATED)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        si = ks.speciate(waters.assign(pco2=10.0**middle))["si_calcite"].values
        low, high = np.where(si > 0.0, middle, low), np.where(si > 0.0, high, middle)
    return np.where(np.isfinite(found["si"]), PPM * 10.0 ** (0.5 * (low + high)), np.nan)


def catchment(uses: tuple[str, ...], rock: str = ROCK) -> ks.Site:
    """The site, its area divided evenly between land uses, on one lithology."""
    tiles = [{"land_use": use, "area_fraction": 1.0 / len(uses), "lithology": rock} for use in uses]
    place = {"latitude": PLACE["lat"], "longitude": PLACE["lon"], "elevation": PLACE["elevation"]}
    return ks.Site(name="Blowing Springs", area_km2=10.0, tiles=tiles, **place)


def respiration(forcing: xr.Dataset) -> tuple[float, xr.Dataset]:
    """Soil respiration of the forest in summer (umol m-2 s-1), and the weather with a series for all of the site.

    The series (rSoil) is the model's own mean of `ASKED`, times what brings the forest's summer to `OZARK_SUMMER`.
    """
    names = ("soil_efflux", "soil_co2_production")
    out = ks.simulate(catchment(USES[ASKED]), forcing, variables=names, spinup_years=SPIN_UP).squeeze()
    forest = out["soil_efflux"].isel(tile=USES[ASKED].index("secondary_forest"))
    summer = PER_SECOND * float(forest[forest["time"].dt.month.isin(SUMMER)].mean())
    series = out["soil_co2_production"].mean("tile").values * (
        OZARK_SUMMER / summer * KG_PER_MOL / SECONDS_PER_DAY
    )
    return summer, forcing.assign(rSoil=(("location", "time"), series[None]))


def spring(
    uses: tuple[str, ...], forcing: xr.Dataset, parameters: Overrides | None = None, rock: str = ROCK
) -> pd.DataFrame:
    """Days of the model's spring: ca (mol m-3), pco2 (ppm), ph, si, d13c, air of soil and cave (ppm), flow (mm d-1)."""
    site, values = catchment(uses, rock), {**AIR, **(parameters or {})}
    out = ks.simulate(site, forcing, values, variables=VARIABLES, spinup_years=SPIN_UP, isotopes=True)

    def days(name: str) -> np.ndarray:
        return out[name].mean([d for d in out[name].dims if d != "time"]).values

    return pd.DataFrame(
        {
            "ca": KG_PER_M3 * days("aquifer_spring_ca") / days("aquifer_spring"),
            "pco2": PPM * days("aquifer_spring_pco2"),
            "ph": days("aquifer_spring_ph"),
            "si": days("aquifer_spring_si_calcite"),
            "d13c": days("aquifer_spring_d13c"),
            "soil_air": PPM * days("soil_base_pco2"),
            "cave_air": PPM * days("aquifer_conduit_air_pco2"),
            "flow": days("aquifer_spring"),
        },
        index=pd.Index(out["time"].values, name="time"),
    )


@dataclass(frozen=True)
class Found:
    """The samples, the air measured, and the days of the model's spring by land use."""

    samples: pd.DataFrame
    air: pd.DataFrame
    runs: dict[str, pd.DataFrame]


def find(folder: Path | None = None) -> Found:
    folder = folder or data_folder(FOLDER)
    forcing = climate()
    return Found(samples(folder), air(folder), {name: spring(uses, forcing) for name, uses in USES.items()})


def lines_of(
    days: pd.DataFrame, found: pd.DataFrame, told: dict[str, tuple[str, str]], calibrated: bool = False
) -> list[Line]:
    """Median of the model's days in the samples' band; beside the claim, their 5 and 95 %.

    told  name and units by column
    """
    lines = []
    for name, (text, units) in told.items():
        low, high = (float(v) for v in found[name].quantile(BAND))
        for share, said in SHARES:
            claim, value = f"{text} of the spring, {said} of the days", float(days[name].quantile(share))
            lines.append(Line(claim, value, low, high, units, calibrated, scored=share == JUDGED))
    return lines


def verdicts(everything: Found) -> list[Line]:
    """Median of the model's days in the samples' band, with 5 and 95 % beside it."""
    return lines_of(everything.runs[ASKED], everything.samples, TOLD)


def inside(days: pd.DataFrame, found: pd.DataFrame, name: str) -> float:
    """Share of the days that lie in the samples' 5-95 % band: 0.9 for a model without a fault."""
    return float(days[name].between(*found[name].quantile(BAND)).mean())


def halves(found: pd.DataFrame) -> tuple[float, float, float]:
    """One half of the samples as if it were the model of the other, by `SPLITS` random halves.

    Returns how often all medians lie in the band, how often all numbers of `SHARES` do, and how many of these do in the
    mean. The ends of a model without a fault lie at the ends of the band, as often outside as inside.
    """
    rng = np.random.default_rng(0)
    all_in = np.zeros((SPLITS, len(TOLD), len(SHARES)), bool)
    for n in range(SPLITS):
        order = rng.permutation(len(found))
        one, other = found.iloc[order[: len(found) // 2]], found.iloc[order[len(found) // 2 :]]
        for row, name in zip(all_in[n], TOLD, strict=True):
            row[:] = one[name].quantile([share for share, _ in SHARES]).between(*other[name].quantile(BAND))
    return (
        float(all_in[:, :, 0].all(axis=1).mean()),
        float(all_in.all(axis=(1, 2)).mean()),
        float(all_in.sum(axis=(1, 2)).mean()),
    )


def text(name: str, days: pd.DataFrame) -> str:
    """One line: medians and 5-95 % of all columns."""
    parts = (f"{n} {d.quantile(0.05):.3g}-{d.quantile(0.95):.3g} ({d.median():.3g})" for n, d in days.items())
    return f"{name:44} " + "  ".join(parts)


def both(name: str, days: pd.DataFrame) -> list[str]:
    """A line of all days and one of calcium and saturation on those of the highest flow."""
    flood = days[days["flow"] >= days["flow"].quantile(FLOOD)]
    return [text(name, days), text("  days of the highest flow", flood[["ca", "si"]])]


def draw(everything: Found, path: Path) -> None:
    """Calcium against CO2 with the line of saturation, and shares of samples and days below a d13C."""
    days, found = everything.runs, everything.samples
    import matplotlib.pyplot as plt

    figure, (ax, below) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    for flow, marker in (("baseflow", "o"), ("storm", "x")):
        some = found[found["flow"] == flow]
        ax.plot(some["pco2"], some["ca"], marker, color="0.4", label=f"samples, {flow}")
    measured = np.sort(found["d13c"].dropna())
    below.plot(
        measured, np.linspace(0.0, 100.0, len(measured)), "k.", ms=4, label="samples of the cave stream"
    )
    for (name, run), color in zip(days.items(), ("#0072b2", "#009e73", "#e69f00", "#d55e00"), strict=True):
        ax.plot(run["pco2"], run["ca"], ".", ms=2, color=color, label=name)
        below.plot(np.sort(run["d13c"]), np.linspace(0.0, 100.0, len(run)), color=color, label=name)
    pressures = np.logspace(-4.0, -1.8, 40)
    saturated = ks.equilibrate(SPRING_TEMPERATURE, pressures, ["calcite"])
    ax.plot(PPM * pressures, saturated["ca"], "k-", lw=1, label="saturated")
    ax.set(xscale="log", xlabel="CO2 pressure (ppm)", ylabel="Ca (mol m-3)", ylim=(0.0, 2.5))
    below.set(xlabel="d13C of DIC (permil)", ylabel="samples or days below (%)")
    for each in (ax, below):
        each.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def describe(everything: Found) -> str:
    """Samples, air and runs in one line each; then what may be different at the site, one at a time."""
    found = everything.samples
    numbers = ["ca", "pco2", "si", "saturated", "d13c"]
    rows = [text("samples, all", found[numbers])]
    for place, measured in everything.air.groupby("GenSite"):
        rows.append(text(f"air measured, {place}", measured[["CO2"]]))
        pressures = measured["CO2"].quantile([0.05, 0.5, 0.95]).to_numpy() / PPM
        calcium = ks.equilibrate(SPRING_TEMPERATURE, pressures, ["calcite"])["ca"].values
        rows.append(f"{'calcium saturated under it':44} {calcium[0]:.3g}-{calcium[2]:.3g} ({calcium[1]:.3g})")
    for flow in ("baseflow", "storm"):
        spring_mouth = (found["site"] == "BS01") & (found["flow"] == flow)
        rows.append(text(f"samples, spring mouth, {flow}", found.loc[spring_mouth, numbers]))
    medians, ends, number = halves(found)
    rows.append(
        f"half of the samples in the band of the other: all medians {medians:.0%}, all of {len(TOLD) * len(SHARES)} "
        f"numbers {ends:.0%}, {number:.1f} of them in the mean"
    )
    shares = ", ".join(f"{name} {inside(everything.runs[ASKED], found, name):.0%}" for name in TOLD)
    rows.append(f"days in the band of the samples: {shares}")
    rows += [text(name, days) for name, days in everything.runs.items()]
    monsoon = scaled(*OTHER_WEATHER)
    rows.append(text(f"{ASKED}; months of the generator", spring(USES[ASKED], monsoon)))
    forcing = climate()
    rows += both(f"{ASKED}; limestone without a mantle", spring(USES[ASKED], forcing, None, "limestone"))
    south_west_china = DIFFERENT["dry deposition of south-west China"]
    rows += both(f"{ASKED}; the same in its air", spring(USES[ASKED], forcing, south_west_china, "limestone"))
    for name, changed in DIFFERENT.items():
        rows += both(f"{ASKED}; {name}", spring(USES[ASKED], forcing, changed))
    summer, given = respiration(forcing)
    rows.append(f"{'soil respiration of the forest in summer':44} {summer:.3g}, measured {OZARK_SUMMER}")
    for name, changed in (("", {}), (", soil of the survey", SURVEYED_SOIL), (", storm path", STORM_PATH)):
        days = spring(USES[ASKED], given, {"soil.respiration_model": 2.0, **changed})
        rows += both(f"{ASKED}; respiration as measured{name}", days)
    return "\n".join(rows)


if __name__ == "__main__":
    print(describe(report(__doc__, find, verdicts, draw)))

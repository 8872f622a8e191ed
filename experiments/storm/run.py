"""X11: a storm at a forest's karst spring, in hourly and in 10-minute steps.

python -m experiments.storm.run [--figure FILE]

Six hours of rain fall on the 15th of April, June, August and October, after three or twenty days without rain, in six
years of synthetic weather. Every number is compared with its mean over the day before the storm; medians of the years.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import xarray as xr

from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.forcing.synthetic import synthetic_forcing
from karstsim.model.simulate import Simulation

CONFIG = catchments.config(__file__)
YEAR, LAND_USE, STORM_MODE = CONFIG["year"], CONFIG["land_use"], CONFIG["storm_mode"]
SEEDS, MONTHS, DEPTHS, DRY_DAYS = (tuple(CONFIG[n]) for n in ("seeds", "months", "depths", "dry_days"))
BEGINS, HOURS = np.timedelta64(CONFIG["begins"], "h"), CONFIG["hours"]
LEAD, TAIL, SEEN = CONFIG["lead_days"], CONFIG["tail_days"], CONFIG["seen_days"]
DAY = np.timedelta64(1, "D")
NAMES = {
    "flow": "aquifer_spring",
    "HCO3": "aquifer_spring_hco3",
    "EC": "aquifer_spring_conductivity",
    "pCO2": "aquifer_spring_pco2",
    "temperature": "aquifer_spring_temperature",
    "Ca": "aquifer_spring_ca",
    "soil pCO2": "soil_base_pco2",
}
DILUTED = ("EC", "HCO3", "Ca")
PROBE = CONFIG["probe"]  # %
INF = float("inf")


@dataclass(frozen=True)
class Storm:
    """One storm: month, rain (mm), days without rain before it."""

    month: int
    depth: float = 60.0
    dry_days: int = 3

    @property
    def day(self) -> np.datetime64:
        return np.datetime64(f"{YEAR}-{self.month:02d}-15")

    @property
    def begins(self) -> np.datetime64:
        return self.day + BEGINS


def weather(start: np.datetime64 | None, end: np.datetime64, seeds: Iterable[int]) -> xr.Dataset:
    """Daily weather from `start` (the first year) to the day before `end`, one location for each seed."""
    parts = [
        synthetic_forcing("stationary", YEAR - 2, YEAR, seed=seed)
        .sel(time=slice(start, end - DAY))
        .assign_coords(location=[f"seed {seed}"])
        for seed in seeds
    ]
    return xr.concat(parts, "location", combine_attrs="override")


def storm_forcing(storm: Storm, steps_per_day: int, seeds: Iterable[int]) -> xr.Dataset:
    """Weather round the storm, each day's in all of its steps; no rain but the storm's from the dry days on."""
    start = storm.day - LEAD * DAY
    days = weather(start, storm.day + TAIL * DAY, seeds)
    n = days.sizes["time"]
    times = start + np.arange(n * steps_per_day) * np.timedelta64(24 * 60 // steps_per_day, "m")
    forcing = days.isel(time=np.repeat(np.arange(n), steps_per_day)).assign_coords(time=times)
    rain = (times >= storm.begins) & (times < storm.begins + np.timedelta64(HOURS, "h"))
    dry = times >= storm.day - storm.dry_days * DAY
    forcing["pr"] = forcing["pr"].where(~dry, 0.0) + rain * storm.depth / (HOURS * 3600.0)
    return forcing


def settle(month: int, parameters: dict[str, float], folder: Path, seeds: tuple[int, ...]) -> Path:
    """Restart file of a spun-up forest, `LEAD` days before the storms of a month."""
    before = weather(None, Storm(month).day - LEAD * DAY, seeds)
    run = _simulation(before, parameters)
    run.spin_up(catchments.SPIN_UP)
    run.run(["annual"], [NAMES["flow"]])
    return run.write_restart(folder / f"{month}.nc")


def _simulation(forcing: xr.Dataset, parameters: dict[str, float]) -> Simulation:
    n = forcing.sizes["location"]
    return Simulation(catchments.catchment({"land_use": LAND_USE}), forcing, [parameters] * n, range(n))


def spring(
    storm: Storm, parameters: dict[str, float], state: Path, seeds: tuple[int, ...], steps_per_day: int = 24
) -> xr.Dataset:
    """Series (realization, time) of the run of a storm over their mean of the day before it; `hours` from its start."""
    run = _simulation(storm_forcing(storm, steps_per_day, seeds), parameters)
    run.start_from(state)
    out = run.run(["step"], list(NAMES.values()))["step"].squeeze("tile", drop=True)
    found = xr.Dataset({name: out[variable] for name, variable in NAMES.items()})
    found["Ca"] = found["Ca"] / found["flow"]
    found["flux"] = found["HCO3"] * found["flow"]
    before = found.sel(time=slice(storm.begins - DAY, storm.begins - np.timedelta64(1, "s"))).mean("time")
    temperature = found["temperature"] - before["temperature"]
    found = (found / before).assign(temperature=temperature)
    hours = (found["time"].values - storm.begins) / np.timedelta64(1, "h") + 24.0 / steps_per_day
    return found.assign_coords(hours=("time", hours))  # of the end of each step


def response(series: xr.Dataset) -> dict[str, float]:
    """Medians of the years: peaks over the value before, falls and rises in per cent."""
    after = series.isel(time=(series["hours"] > 0.0) & (series["hours"] <= 24.0 * SEEN))
    ec = after["EC"].values
    lowest = ec.argmin(axis=1)
    rise = [row[: i + 1].max() - 1.0 for row, i in zip(ec, lowest, strict=True)]
    median = {name: after[name].max("time").median() for name in ("flow", "flux")}
    falls = {f"{name} fall": -100.0 * (after[name].min("time") - 1.0).median() for name in DILUTED}
    found = {
        **median,
        **falls,
        "EC rise": 100.0 * np.median(rise),
        "EC lowest": np.median(after["hours"].values[lowest]),
        "pCO2 rise": 100.0 * (after["pCO2"].max("time") - 1.0).median(),
        "soil pCO2 rise": 100.0 * (after["soil pCO2"].max("time") - 1.0).median(),
        "soil pCO2 fall": -100.0 * (after["soil pCO2"].min("time") - 1.0).median(),
    }
    return {name: float(value) for name, value in found.items()}


@dataclass(frozen=True)
class Found:
    """Responses of all storms and of one at default parameters; series of that one, its difference of two steps."""

    storms: dict[Storm, dict[str, float]]
    defaults: dict[str, float]
    drawn: xr.Dataset
    steps: dict[str, float]


def step_difference(hourly: xr.Dataset, fine: xr.Dataset) -> dict[str, float]:
    """Hourly less 10-minute steps: largest difference in any hour of any year, and of the peak flow, per cent.

    Of the value before the storm; the peak's of the peak.
    """
    by_hour = fine.coarsen(time=6).mean()
    found = {
        name: float(100.0 * np.abs(hourly[name].values - by_hour[name].values).max())
        for name in ("flow", *DILUTED, "pCO2")
    }
    peaks = hourly["flow"].max("time") / by_hour["flow"].max("time") - 1.0
    return found | {"peak flow": float(100.0 * np.abs(peaks).max())}


def find(
    months: tuple[int, ...] = MONTHS,
    depths: tuple[float, ...] = DEPTHS,
    dry_days: tuple[int, ...] = DRY_DAYS,
    seeds: tuple[int, ...] = SEEDS,
) -> Found:
    """All storms in hourly steps; that of the first depth in June (or the first month) also in 10-minute steps."""
    shown = Storm(6 if 6 in months else months[0], depths[-1], dry_days[0])
    found: dict[Storm, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for month in months:
            state = settle(month, STORM_MODE, Path(folder), seeds)
            for depth, dry in product(depths, dry_days):
                storm = Storm(month, depth, dry)
                series = spring(storm, STORM_MODE, state, seeds)
                found[storm] = response(series)
                if storm == shown:
                    drawn = series
                    fine = spring(storm, STORM_MODE, state, seeds, 144)
        state = settle(shown.month, {}, Path(folder), seeds)
        defaults = response(spring(shown, {}, state, seeds))
    return Found(found, defaults, drawn, step_difference(drawn, fine))


def verdicts(found: Found) -> list[Line]:
    """X11, medians of the months. Three dry days before the storm, but for flushing, which needs a dry soil: twenty."""

    def median(name: str, depth: float, dry: int) -> float:
        chosen = [r[name] for s, r in found.storms.items() if (s.depth, s.dry_days) == (depth, dry)]
        return float(np.median(chosen))

    lines = []
    for depth in sorted({storm.depth for storm in found.storms}):
        storm = f"{depth:g} mm"
        for name in DILUTED:
            lines.append(
                Line(f"{storm}: {name} falls", median(f"{name} fall", depth, DRY_DAYS[0]), 5.0, 40.0, "%")
            )
        lines.append(
            Line(f"{storm}: flux of HCO3, peak over before", median("flux", depth, DRY_DAYS[0]), 3.0, 10.0)
        )
        rise = median("EC rise", depth, DRY_DAYS[0])
        lines.append(Line(f"{storm}: EC first rises, as a probe sees it", rise, PROBE, INF, "%"))
        flushed = median("pCO2 rise", depth, DRY_DAYS[-1])
        lines.append(Line(f"{storm} on dry soil: pCO2 rises", flushed, PROBE, INF, "%"))
    return lines


def describe(found: Found) -> str:
    """One line of text for each storm, then the storm at default parameters, then the two steps."""
    rows = [f"{'month':>5} {'mm':>4} {'dry':>4}  " + " ".join(f"{name:>14}" for name in found.defaults)]
    for storm, r in found.storms.items():
        head = f"{storm.month:5d} {storm.depth:4.0f} {storm.dry_days:4d}  "
        rows.append(head + " ".join(f"{value:14.2f}" for value in r.values()))
    rows.append(f"{'defaults':>15}  " + " ".join(f"{value:14.2f}" for value in found.defaults.values()))
    steps = ", ".join(f"{name} {value:.2f} %" for name, value in found.steps.items())
    return "\n".join([*rows, f"hourly less 10-minute steps, at most: {steps}"])


def draw(found: Found, path: Path) -> None:
    """Flow, conductivity and CO2 of the storm that was run with both steps, a line for each year."""
    import matplotlib.pyplot as plt

    panels = {
        "flow": "discharge over that before",
        "EC": "conductivity over that before",
        "pCO2": "CO$_2$ pressure of the spring over that before",
        "soil pCO2": "CO$_2$ pressure of the soil over that before",
    }
    figure, axes = plt.subplots(2, 2, figsize=(10, 6.5), layout="constrained", sharex=True)
    for ax, (name, label) in zip(axes.flat, panels.items(), strict=True):
        ax.axvspan(0.0, HOURS, color="0.88", label=f"{HOURS} hours of rain")
        ax.axhline(1.0, color="0.6", lw=0.8)
        for i, row in enumerate(found.drawn[name].values):
            ax.plot(found.drawn["hours"], row, lw=1.0, color="#0072b2", label=None if i else "six years")
        ax.plot(found.drawn["hours"], found.drawn[name].median("realization"), "k", lw=1.6, label="median")
        ax.set(title=label, xlim=(-24.0, 24.0 * SEEN))
        shown = found.drawn[name].where(found.drawn["hours"] > -24.0).values
        ax.set_ylim(0.98 * np.nanmin(shown), 1.02 * np.nanmax(shown))
    axes[0, 0].legend()
    for ax in axes[1]:
        ax.set_xlabel("hours after the rain begins")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    print(describe(report(__doc__, find, verdicts, draw)))

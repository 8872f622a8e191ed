"""Oxygen of French Creek (Wyoming) day by day: the box with O2 fitted, one set for all days, and streamMetabolizer.

python -m experiments.french_creek.run [--figure FILE]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from experiments.data import data_folder
from experiments.french_creek import stream_metabolizer as peer
from experiments.verdicts import Line, report
from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.jit import python_callable
from karstsim.model.site import Site
from karstsim.model.water_chain import WaterChain
from karstsim.processes.atmosphere.radiation import extraterrestrial_radiation

MG_PER_MMOL = 31.998  # of O2: mg L-1 per mol m-3
PASCAL_PER_MMHG = 133.322368
ELEVATION = 3150.0  # m
DAYS_OF_YEAR = 366.0
STEP = 1.0 / 288.0
ATMOSPHERE = {"co2": 394.0, "ps": peer.PRESSURE_MMHG * PASCAL_PER_MMHG, "sfcwind": 0.0}
CARBONATE = {"dic": 1.03, "ca": 0.4, "na": 0.2}  # mol m-3: a soft mountain water, assumed; the file has none
LABILE_DECAY = 0.005  # d-1; its stock gives the respiration that is fitted
# The creek's carbon is not in the file, and streamMetabolizer's production asks for light alone, its respiration for
# nothing: so do these.
LIGHT_ALONE = {
    "half_saturation_co2": 1.0e-9,
    "bicarbonate_use": 0.0,
    "temperature_width": 1.0e9,
    "decay_temperature_factor": 1.0,
}
SHOWN = "production by light alone, constant respiration"
FORMS = {
    "production by light, temperature and carbon (assumed)": False,
    SHOWN: True,
}  # whether by light alone
LEAST_MORTALITY = 1.0e-3  # d-1; what dies within a day is nothing beside that respiration
GROWN = 25.0  # mol m-2: plants that cover the bed
SEARCHED = {  # lower, upper, start: production g C m-2 d-1, respiration mol m-2 d-1 at 20 degC, m d-1, umol m-2 s-1
    "gross_production": (0.05, 100.0, 5.0),
    "respiration": (0.001, 5.0, 0.15),
    "k600": (0.2, 50.0, 4.0),
    "light_saturation": (5.0, 5000.0, 250.0),
}
LEAST_O2 = 1.0  # mg/L: below it the sonde was out of the water or off
COLDEST = -0.5  # degC
LARGEST_JUMP = 0.3  # mg/L within five minutes
LONGEST_GAP = pd.Timedelta(minutes=15)
MEDIAN_BAR, HELD_OUT_BAR, DOCUMENTED_BAR = 0.06, 0.18, 0.01
SITE = {
    "name": "french_creek",
    "latitude": peer.LATITUDE,
    "longitude": peer.LONGITUDE,
    "elevation": ELEVATION,
    "area_km2": 1.0,
    "tiles": [{"land_use": "bare_rock", "area_fraction": 1.0}],
    # One station, one mixed water: what flows in is like what is there.
    "boxes": [
        {
            "name": "creek",
            "kind": "reservoir",
            "water_class": "headwater",
            "area_km2": 0.001,
            "depth_m": peer.DEPTH,
        }
    ],
}


class Day:
    """Records of one day on even 5-minute steps, and the radiation of a clear sky."""

    def __init__(self, records: pd.DataFrame) -> None:
        self.observed = records["oxy"].to_numpy()
        self.temperature = records["temp"].to_numpy()
        start = records["solar"].iloc[0]
        self.name = start.strftime("%Y-%m-%d")
        self.year_fraction = (start.day_of_year - 0.5) / DAYS_OF_YEAR
        self.day_fraction = peer.apparent_time(records["solar"])[1] / 24.0
        clear = 0.75 + 2e-5 * ELEVATION  # FAO-56, Eq. 37
        self.rsds = (
            clear * python_callable(extraterrestrial_radiation)(peer.LATITUDE, self.year_fraction) / 0.0864
        )


def good_days(frame: pd.DataFrame) -> list[Day]:
    """Days with records all through, gaps of a quarter of an hour filled, without values or jumps of a dry sonde."""
    found = []
    for records in peer.days(frame).values():
        steps = records["solar"].diff().dropna()
        whole = (records["solar"].iloc[-1] - records["solar"].iloc[0]) == pd.Timedelta(minutes=5 * 287)
        wet = (records["oxy"] > LEAST_O2).all() and (records["temp"] > COLDEST).all()
        if whole and wet and steps.max() <= LONGEST_GAP and records["oxy"].diff().abs().max() <= LARGEST_JUMP:
            found.append(
                Day(
                    records.set_index("solar")
                    .resample("5min", origin="start")
                    .first()
                    .interpolate()
                    .reset_index()
                )
            )
    return found


class Creek:
    """The box with its parameters to fit."""

    def __init__(self, light_alone: bool) -> None:
        self.chain = WaterChain(
            Site(**SITE), {"surface_water.labile_decay": LABILE_DECAY, "surface_water.substeps": 12}
        )
        if light_alone:
            for name, value in LIGHT_ALONE.items():
                self.chain.params["surface_water"][name] = value
        self.fluxes: dict[str, np.ndarray] = {}

    def simulate(self, values: np.ndarray, day: Day) -> np.ndarray:
        """O2 (mg/L) at the times of the day's records, from the first one on."""
        gross, respiration, k600, light = values
        p = self.chain.params["surface_water"]
        p["gross_production"], p["light_saturation"] = gross, light
        p["least_k600"] = p["greatest_k600"] = k600
        p["plant_maintenance"], p["plant_mortality"], p["algal_production"] = 0.0, LEAST_MORTALITY, 0.0
        stock = respiration / LABILE_DECAY / peer.DEPTH
        start = {**CARBONATE, "oxygen": day.observed[0] / MG_PER_MMOL, "doc_labile": stock}
        self.chain.fill(0.0, start, float(day.temperature[0]))
        box = SITE["boxes"][0]
        self.chain.state["surface_water"]["plants"] = GROWN * box["area_km2"] / SITE["area_km2"]
        names = ["water_oxygen", "gpp", "autotrophic_respiration", "heterotrophic_respiration", "area_ratio"]
        out = self.chain.run(
            names, step=STEP, discharge=0.0, solutes={}, temperature=day.temperature[:-1],
            day_fraction=day.day_fraction[:-1], year_fraction=day.year_fraction, rsds_day=day.rsds, **ATMOSPHERE,
        )  # fmt: skip
        self.fluxes = {name: float(out[name].sum() / out["area_ratio"][0, 0]) for name in names[1:4]}
        volume = out["area_ratio"][:, 0] * peer.DEPTH
        return np.r_[day.observed[0], out["water_oxygen"][:, 0] / volume * MG_PER_MMOL]

    def fit(self, days: list[Day], start: np.ndarray | None = None) -> tuple[np.ndarray, float]:
        """Parameters of least squares over these days, and the RMSE, mg/L."""
        low, high, first = np.array(list(SEARCHED.values())).T

        def misfit(logs: np.ndarray) -> np.ndarray:
            return np.concatenate([self.simulate(np.exp(logs), d) - d.observed for d in days])

        begin = np.log(first if start is None else start)
        found = least_squares(misfit, begin, bounds=(np.log(low), np.log(high)), x_scale=1.0, diff_step=1e-4)
        return np.exp(found.x), float(np.sqrt(np.mean(found.fun**2)))


def rmse(creek: Creek, values: np.ndarray, days: list[Day]) -> float:
    """RMSE over all records of these days, mg/L."""
    errors = [creek.simulate(values, d) - d.observed for d in days]
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))


def documented(frame: pd.DataFrame) -> float:
    """Largest relative distance of any documented number of streamMetabolizer."""
    days = peer.days(peer.documentation_records(frame))
    worst = 0.0
    for name, expected in peer.DOCUMENTED.items():
        found, _ = peer.fit(days[name])
        apart = np.abs(found / np.array(expected) - 1.0)
        worst = max(worst, float(apart.max()))
    return worst


@dataclass(frozen=True)
class Fitted:
    """One form of production fitted to the creek: parameters of each day, the set for all, and the scores, mg/L."""

    creek: Creek
    daily: list[np.ndarray]
    common: np.ndarray
    median: float
    held_out: float
    fitted: float
    production: float


def scores(creek: Creek, days: list[Day]) -> Fitted:
    """Fit each day, and all even ones together."""
    fits = [creek.fit([d]) for d in days]
    production = []
    for d, (values, _) in zip(days, fits, strict=True):
        creek.simulate(values, d)
        production.append(MOLAR_MASS_C * creek.fluxes["gpp"])
    start = np.exp(np.median(np.log([values for values, _ in fits]), axis=0))
    common, fitted = creek.fit(days[::2], start)
    return Fitted(
        creek, [values for values, _ in fits], common, float(np.median([score for _, score in fits])),
        rmse(creek, common, days[1::2]), fitted, float(np.median(production)),
    )  # fmt: skip


@dataclass(frozen=True)
class Found:
    """The documented days' largest distance, the good days, and both forms of production."""

    documented: float
    days: list[Day]
    forms: dict[str, Fitted]


def find(folder: Path | None = None, most_days: int = 1000) -> Found:
    """Everything; `most_days` keeps the first good days only."""
    frame = peer.records((folder or data_folder("stream_metabolism_french_creek")) / "french.csv")
    days = good_days(frame)[:most_days]
    forms = {name: scores(Creek(light_alone), days) for name, light_alone in FORMS.items()}
    return Found(documented(frame), days, forms)


def verdicts(found: Found) -> list[Line]:
    """All is fitted to the oxygen: the documented days by streamMetabolizer's model, the rest by the box."""
    lines = [
        Line(
            "documented days, largest distance, by its own model written anew",
            100.0 * found.documented,
            0.0,
            100.0 * DOCUMENTED_BAR,
            "%",
            True,
        )
    ]
    for name, form in found.forms.items():
        own = FORMS[name]
        lines += [
            Line(f"median daily RMSE, {name}", form.median, 0.0, MEDIAN_BAR, "mg/L", True, own),
            Line(f"RMSE of held-out days, {name}", form.held_out, 0.0, HELD_OUT_BAR, "mg/L", True, own),
        ]
    return lines


def describe(found: Found) -> str:
    """Good days, production and the common sets."""
    rows = [f"good days {len(found.days)}: {found.days[0].name} to {found.days[-1].name}"]
    for name, form in found.forms.items():
        values = ", ".join(f"{n} {v:.3g}" for n, v in zip(SEARCHED, form.common, strict=True))
        rows.append(
            f"{name}: gross production {form.production:.2f} g C m-2 d-1 (median of days); "
            f"common set {values}, RMSE of its days {form.fitted:.3f}"
        )
    return "\n".join(rows)


def draw(found: Found, path: Path) -> None:
    """Observed O2, the fit of each day and the common set, for six days across the record."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    days, form = found.days, found.forms[SHOWN]
    creek, fitted, common = form.creek, form.daily, form.common
    chosen = np.unique(np.linspace(0, len(days) - 1, 6).astype(int))
    drawing, axes = plt.subplots(2, 3, figsize=(11, 6), sharey=True, layout="constrained")
    for axis, i in zip(axes.flat, chosen, strict=False):
        hours = peer.FIRST_HOUR + 24.0 * STEP * np.arange(288)
        axis.plot(hours, days[i].observed, ".", color="0.6", ms=3, label="observed")
        axis.plot(hours, creek.simulate(fitted[i], days[i]), color="#1f6f8b", label="fitted to the day")
        axis.plot(hours, creek.simulate(common, days[i]), "--", color="#c8553d", label="one set for all days")
        axis.set_title(days[i].name)
        axis.set_xlabel("solar time (h)")
        axis.set_xticks([6, 12, 18, 24])
        axis.set_xlim(hours[0], hours[-1])
    for axis in axes[:, 0]:
        axis.set_ylabel("dissolved O$_2$ (mg/L)")
    axes.flat[0].legend(frameon=False)
    drawing.savefig(path, dpi=130)


if __name__ == "__main__":
    print(describe(report(__doc__, find, verdicts, draw)))

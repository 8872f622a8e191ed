"""X03: the sink under eight synthetic models of 2015 to 2060, that of powder, and that of the globe's climates to 2100.

    python -m experiments.climate_change.run [--figure FILE]

Where the data are, a real climate model (ACCESS-CM2, SSP2-4.5) runs beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import karstsim as ks
from experiments import catchments
from experiments.data import MissingDataError, data_folder
from experiments.verdicts import Line, report
from karstsim.analysis.diagnostics import trend
from karstsim.forcing import synthetic

CONFIG = catchments.config(__file__)
SCENARIO, FIRST, LAST = CONFIG["scenario"], CONFIG["first_year"], CONFIG["last_year"]
FIRST_CO2, WORKERS, REAL = CONFIG["first_co2"], CONFIG["workers"], CONFIG["real"]
GLOBE_FIRST, GLOBE_LAST, GLOBE_LAND = (CONFIG["globe"][n] for n in ("first_year", "last_year", "land_use"))
GLOBE_SCENARIOS, ENDS = CONFIG["globe"]["scenarios"], CONFIG["globe"]["ends"]
POWDER, POWDER_SPIN_UP = CONFIG["powder"]["rate"], CONFIG["powder"]["spin_up_years"]
PLACE = REAL["place"]
SINK, DISSOLVED = "catchment_sink_hydrochemical", "soil_powder_dissolution"


@dataclass(frozen=True)
class Found:
    """Sinks g C m-2 a-1: (model, year) with and without change, of powder; by scenario (climate, year)."""

    years: np.ndarray
    karst: np.ndarray
    unchanged: np.ndarray
    powder: np.ndarray
    globe_years: np.ndarray
    globe: dict[str, np.ndarray]
    real: np.ndarray | None


def factors(scenario: str, warming: float, wetter: float) -> dict[str, float]:
    """Factors of the generator that give this warming (K) and this much more rain (%) at the end of the years."""
    at_end, rain = (float(v[0]) for v in synthetic.trend(scenario, np.array([LAST + 0.5]), 1.0, 1.0))
    return {"warming_factor": warming / at_end, "rain_factor": wetter / 100.0 / (rain - 1.0)}


def models(changing: bool = True) -> xr.Dataset:
    """Weather of the eight, one location each with its own days; without change the same days of the first climate."""
    options: dict[str, Any] = {} if changing else {"co2": FIRST_CO2}
    pairs = zip(CONFIG["models"]["warming"], CONFIG["models"]["wetter"], strict=True)
    return together(
        catchments.climate(
            None, None, FIRST, LAST, SCENARIO, model=f"design-{i + 1}", **options,
            **factors(SCENARIO, *(pair if changing else (0.0, 0.0))),
        )
        for i, pair in enumerate(pairs)
    )  # fmt: skip


def together(parts: object) -> xr.Dataset:
    """Weathers as locations of one Dataset."""
    named = [part.assign_coords(location=[f"{i}"]) for i, part in enumerate(parts)]  # type: ignore[call-overload]
    return xr.concat(named, "location", combine_attrs="override")


def globe(scenario: str) -> xr.Dataset:
    """Weather of the shared climates; the asked means are those of 2015."""
    assert scenario in synthetic.TRENDS
    return together(
        catchments.climate(c["temperature"], c["rain"], GLOBE_FIRST, GLOBE_LAST, scenario, lat=c["latitude"])
        for c in catchments.config()["climates"]
    )


def annual(site: ks.Site, forcing: xr.Dataset, variable: str = SINK, powder: bool = False) -> np.ndarray:
    """(location, year), g C m-2."""
    parameters = catchments.NO_CARBONATE_BELOW | {"soil.powder_rate": POWDER} if powder else {}
    spin_up = POWDER_SPIN_UP if powder else catchments.SPIN_UP
    out = ks.simulate(site, forcing, parameters, ["annual"], [variable], spin_up, workers=WORKERS)
    return catchments.GRAMS_PER_MOL * out[variable].values.reshape(forcing.sizes["location"], -1)


def real_model() -> np.ndarray | None:
    """Sink under ACCESS-CM2's weather of a basin in New York on the same land, to 2060; None without the data."""
    try:
        path = next(data_folder(REAL["folder"]).glob(REAL["files"]))
    except MissingDataError:
        return None
    forcing = ks.open_forcing(path, co2=SCENARIO, start=str(FIRST), end=str(LAST), **PLACE)
    site = ks.Site.from_dict(
        {**CONFIG["site"], "latitude": PLACE["lat"], "longitude": PLACE["lon"], "name": "basin"}
    )
    return annual(site, forcing)[0]


def find() -> Found:
    forcing, site = models(), ks.Site.from_dict(CONFIG["site"])
    bare = catchments.catchment({"land_use": "cropland", "lithology": "mantled_limestone"})
    land = catchments.catchment({"land_use": GLOBE_LAND})
    return Found(
        np.arange(FIRST, LAST + 1),
        annual(site, forcing),
        annual(site, models(changing=False)),
        annual(bare, forcing, DISSOLVED, powder=True),
        np.arange(GLOBE_FIRST, GLOBE_LAST + 1),
        {scenario: annual(land, globe(scenario)) for scenario in GLOBE_SCENARIOS},
        real_model(),
    )


def gains(years: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Slope of Theil and Sen over all the years, of each row."""
    return (years[-1] - years[0]) * np.array([trend(row, years).slope for row in values])


def growth(values: np.ndarray) -> float:
    """Mean of all climates in the last years against the first, %."""
    mean = values.mean(axis=0)
    return catchments.change(float(mean[-ENDS:].mean()), float(mean[:ENDS].mean()))


def verdicts(found: Found) -> list[Line]:
    """A45 and A46; beside them the ensemble's spread and a real climate model."""
    karst, powder = gains(found.years, found.karst), gains(found.years, found.powder)
    start = found.powder[:, :10].mean(axis=1)
    lines = [
        Line(
            "A45 gain of the sink 2015-2060, median of 8 synthetic models",
            float(np.median(karst)),
            0.5,
            1.5,
            "t C km-2 a-1",
        ),
        Line(
            "A45 gain of powder's potential, median of 8 synthetic models",
            float(np.median(100.0 * powder / start)),
            10.0,
            26.0,
            "%",
        ),
    ]
    for scenario, values in found.globe.items():
        name = GLOBE_SCENARIOS[scenario]
        lines.append(
            Line(f"A46 globe's climates 1950-2100, synthetic, {name}", growth(values), 5.0, 20.0, "%")
        )
    lines += [
        Line(
            "A45 the same against the same days without change, 2051-2060, median",
            float(np.median((found.karst - found.unchanged)[:, -10:].mean(axis=1))),
            0.5,
            1.5,
            "t C km-2 a-1",
            scored=False,
        ),
        Line("A45 least gain of the 8", float(karst.min()), -np.inf, np.inf, "t C km-2 a-1", scored=False),
        Line("A45 largest gain of the 8", float(karst.max()), -np.inf, np.inf, "t C km-2 a-1", scored=False),
        Line(
            "A45 sink of 2015-2024, mean of 8",
            float(found.karst[:, :10].mean()),
            5.5,
            9.5,
            "t C km-2 a-1",
            scored=False,
        ),
        Line(
            "A44 powder's potential 2015-2024, mean of 8",
            float(start.mean()),
            3.0,
            10.0,
            "t C km-2 a-1",
            scored=False,
        ),
    ]
    if found.real is not None:
        gain = float(gains(found.years, found.real[None])[0])
        lines.append(
            Line("A45 the same land under ACCESS-CM2, New York", gain, 0.5, 1.5, "t C km-2 a-1", scored=False)
        )
    return lines


def draw(found: Found, path: Path) -> None:
    """Sink and powder's potential of the eight models as running means; the globe's climates."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    window = np.ones(10) / 10
    for ax, values, title in zip(
        axes, (found.karst, found.powder), ("sink of the karst", "potential of powder"), strict=False
    ):
        for i, row in enumerate(values):
            ax.plot(found.years[5:-4], np.convolve(row, window, "valid"), lw=1, color="#0072b2", alpha=0.6,
                    label=None if i else "8 synthetic models, 10-year means")  # fmt: skip
        ax.plot(found.years, np.median(values, axis=0), color="0.3", lw=0.8, label="median of each year")
        ax.set(title=title, xlabel="year", ylabel="t C km$^{-2}$ a$^{-1}$")
        ax.margins(y=0.25)  # room for the legend
        ax.legend(fontsize=8, loc="upper left")
    names = [c["name"].split(":")[0] for c in catchments.config()["climates"]]
    y = np.arange(len(names))
    for i, (scenario, values) in enumerate(found.globe.items()):
        first, last = values[:, :ENDS].mean(axis=1), values[:, -ENDS:].mean(axis=1)
        axes[2].barh(
            y + 0.36 * (i - 0.5),
            last - first,
            0.34,
            color=("#0072b2", "#c8553d")[i],
            label=GLOBE_SCENARIOS[scenario],
        )
    axes[2].set_yticks(y, names, fontsize=8)
    axes[2].invert_yaxis()
    axes[2].axvline(0.0, color="0.3", lw=0.8)
    axes[2].set(title="sink, 2071–2100 less 1950–1979", xlabel="t C km$^{-2}$ a$^{-1}$")
    axes[2].legend(fontsize=8)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

"""X08: half as much water again on a forest, alkaline irrigation of a dry field, and a soil four degrees warmer.

python -m experiments.irrigation.run [--figure FILE]
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.model.simulate import Simulation

CONFIG = catchments.config(__file__)
FOREST, FIELD = CONFIG["forest"], CONFIG["field"]
MORE, WARMER = CONFIG["more"], CONFIG["warmer"]
ALKALINE, GIVEN, OPTION = CONFIG["alkaline"], CONFIG["given"], CONFIG["option"]
WELL_AT = 15.0  # degC
IONS = ("ca", "mg", "na", "cl", "so4", "no3")
VARIABLES = (
    "soil_percolation", "soil_percolation_dic", "soil_percolation_ca", "soil_base_pco2", "soil_efflux",
    "soil_carbonate", "soil_calcite_precipitation", "soil_grain_dissolution", "soil_irrigation",
    "catchment_evapotranspiration", "catchment_npp", "atmosphere_pet", "vegetation_root_respiration",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """Yearly means without and with the treatment, of the three parts, and of the third with the option."""

    watered: tuple[dict[str, float], dict[str, float]]
    alkaline: tuple[dict[str, float], dict[str, float]]
    warmed: tuple[dict[str, float], dict[str, float]]
    option: tuple[dict[str, float], dict[str, float]]
    saturation: float  # index of the irrigation water at 15 degC


def yearly(daily: xr.Dataset, rain: float) -> dict[str, float]:
    """Leaching g C m-2, drainage, ET and irrigation mm, efflux g C m-2; gain and turnover of soil calcite mol m-2."""
    years = daily.sizes["time"] / catchments.DAYS_PER_YEAR

    def total(name: str) -> float:
        return float(daily[name].sum()) / years

    stock = daily["soil_carbonate"].values.squeeze()
    first = daily["time"].dt.year.values == int(daily["time"].dt.year[0])
    return {
        "leached": catchments.GRAMS_PER_MOL * total("soil_percolation_dic"),
        "drained": total("soil_percolation"),
        "efflux": catchments.GRAMS_PER_MOL * total("soil_efflux"),
        "efflux, first year": catchments.GRAMS_PER_MOL * float(daily["soil_efflux"][first].sum()),
        "roots": catchments.GRAMS_PER_MOL * total("vegetation_root_respiration"),
        "pco2": catchments.PPM * float(daily["soil_base_pco2"].mean()),
        "evaporated": total("catchment_evapotranspiration"),
        "irrigated": total("soil_irrigation"),
        "rain": rain,
        "carbonate gain": float(stock[-1] - stock[0]) / years,
        "precipitated": total("soil_calcite_precipitation"),
        "dissolved again": total("soil_grain_dissolution"),
    }


def run(
    land_use: str, forcing: xr.Dataset, parameters: dict[str, Any] | None = None, spin_up: int = 150
) -> xr.Dataset:
    site = catchments.catchment({"land_use": land_use})
    return ks.simulate(site, forcing, parameters, variables=VARIABLES, spinup_years=spin_up)


def rain_of(forcing: xr.Dataset) -> float:
    return float(forcing["pr"].mean()) * SECONDS_PER_DAY * catchments.DAYS_PER_YEAR


def watered() -> tuple[dict[str, float], dict[str, float]]:
    """a: rain, and half as much again, each with its own soil at rest."""
    dry = catchments.climate(**CONFIG["climate"])
    wet = dry.assign(pr=MORE * dry["pr"])
    return tuple(yearly(run(FOREST, f), rain_of(f)) for f in (dry, wet))  # type: ignore[return-value]


def alkaline() -> tuple[dict[str, float], dict[str, float]]:
    """b: a dry field without and with water of alkaline wells."""
    forcing = catchments.climate(**CONFIG["semi_arid"])
    return tuple(yearly(run(FIELD, forcing, p), rain_of(forcing)) for p in ({}, ALKALINE))  # type: ignore[return-value]


def warmed(option: dict[str, Any] | None = None) -> tuple[dict[str, float], dict[str, float]]:
    """c: a well-watered forest goes on from its rest, and goes on in a soil that is warmer.

    Only the soil is warmed: evapotranspiration and production are those of the plain run. `option`: parameters that
    all of these runs have, the rest too.
    """
    option = option or {}
    whole = catchments.climate(**CONFIG["wet"])
    years = whole["time"].dt.year
    first, after = (whole.isel(time=years.isin(part)) for part in np.array_split(np.unique(years), 2))
    site = catchments.catchment({"land_use": FOREST})
    rest = Simulation(site, first, [option])
    rest.spin_up(catchments.SPIN_UP)
    rest.run(["annual"], ["catchment_npp"])
    with tempfile.TemporaryDirectory() as folder:
        state = rest.write_restart(Path(folder) / "rest.nc")

        def go_on(forcing: xr.Dataset, parameters: dict[str, Any]) -> xr.Dataset:
            run = Simulation(site, forcing, [option | parameters])
            run.start_from(state)
            return run.run(["daily"], VARIABLES)["daily"].isel(realization=0)

        plain = go_on(after, {})
        given = after.assign(
            evspsblpot=_rate(plain["atmosphere_pet"], 1.0),
            npp=_rate(plain["catchment_npp"], 1e-3 * catchments.GRAMS_PER_MOL),
        )
        daily = [go_on(given.assign(tas=given["tas"] + warmer), GIVEN) for warmer in (0.0, WARMER)]
    cool, warm = (yearly(d, rain_of(after)) for d in daily)
    return cool, warm


def _rate(daily: xr.DataArray, kilograms: float) -> tuple[tuple[str, str], np.ndarray]:
    """Amounts of a day as a flux of forcing, kg m-2 s-1."""
    return ("location", "time"), kilograms / SECONDS_PER_DAY * daily.values.reshape(1, -1)


def find() -> Found:
    well = {name: ALKALINE[f"soil.irrigation_{name}"] for name in ("dic", *IONS)}
    water = ks.speciate(temperature=WELL_AT, charge_balance=True, **well)
    return Found(watered(), alkaline(), warmed(), warmed(OPTION), float(water["si_calcite"].values.item()))


def verdicts(found: Found) -> list[Line]:
    """A39 (a, and c from the same experiment) and A40 (b)."""
    (dry, wet), (plain, irrigated), (cool, warm) = found.watered, found.alkaline, found.warmed
    change = catchments.change
    received = irrigated["rain"] + irrigated["irrigated"]
    gain = irrigated["carbonate gain"] - plain["carbonate gain"]
    return [
        Line(
            "A39 half as much rain again: leaching of DIC",
            change(wet["leached"], dry["leached"]),
            70.0,
            130.0,
            "%",
        ),
        Line("A40 soil calcite gained under alkaline irrigation", gain, 1e-6, np.inf, "mol m-2 a-1"),
        Line(
            "X08c soil 4 K warmer: leaching of DIC",
            change(warm["leached"], cool["leached"]),
            -15.0,
            15.0,
            "%",
        ),
        Line("X08c soil 4 K warmer: efflux of CO2", change(warm["efflux"], cool["efflux"]), 30.0, 60.0, "%"),
        Line(
            "X08c efflux in the first of the five warm years",
            change(warm["efflux, first year"], cool["efflux, first year"]),
            30.0,
            60.0,
            "%",
            scored=False,
        ),
        Line(
            "X08c efflux without that of roots",
            change(warm["efflux"] - warm["roots"], cool["efflux"] - cool["roots"]),
            30.0,
            60.0,
            "%",
            scored=False,
        ),
        Line(
            "X08c efflux with an option: warm roots use up their carbon sooner",
            change(*(one["efflux"] for one in reversed(found.option))),
            30.0,
            60.0,
            "%",
            scored=False,
        ),
        Line(
            "X08c leaching with that option",
            change(*(one["leached"] for one in reversed(found.option))),
            -15.0,
            15.0,
            "%",
            scored=False,
        ),
        Line(
            "A39 of it more drainage",
            change(wet["drained"], dry["drained"]),
            -np.inf,
            np.inf,
            "%",
            scored=False,
        ),
        Line(
            "A40 ET over rain and irrigation", irrigated["evaporated"] / received, 0.8, np.inf, scored=False
        ),
        Line("A40 saturation index of the irrigation water", found.saturation, 1e-6, np.inf, scored=False),
        Line(
            "A40 CO2 released by precipitation in the soil, net",
            irrigated["precipitated"] - irrigated["dissolved again"],
            0.0,
            np.inf,
            "mol m-2 a-1",
            scored=False,
        ),
    ]


def draw(found: Found, path: Path) -> None:
    """Leaching, drainage and efflux with and without; the calcite of the dry field."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(11, 4), layout="constrained")
    parts = (
        (found.watered, ("leached", "drained", "pco2"), "half as much rain again"),
        (found.warmed, ("leached", "drained", "efflux", "pco2"), "soil 4 K warmer"),
    )
    labels = {
        "leached": "DIC\nleached",
        "drained": "drainage",
        "efflux": "CO$_2$\nefflux",
        "pco2": "soil\nCO$_2$",
    }
    for ax, ((before, after), keys, title) in zip(axes, parts, strict=False):
        values = [catchments.change(after[k], before[k]) for k in keys]
        ax.bar([labels[k] for k in keys], values, color="#0072b2")
        for i, value in enumerate(values):
            text = f"{value:+.0f} %".replace("-", "−") if round(value) else "0 %"
            ax.annotate(text, (i, value), (0, 3 if value > -0.5 else -3), textcoords="offset points",
                        ha="center", va="bottom" if value > -0.5 else "top")  # fmt: skip
        ax.axhline(0.0, color="0.3", lw=0.8)
        ax.margins(y=0.15)
        ax.set(title=title, ylabel="change (%)")
        ax.grid(axis="x", visible=False)
    keys = ("precipitated", "dissolved again", "carbonate gain")
    for i, (name, row) in enumerate(zip(("rain alone", "irrigated"), found.alkaline, strict=True)):
        axes[2].bar(
            np.arange(3) + 0.38 * (i - 0.5),
            [row[k] for k in keys],
            0.36,
            label=name,
            color=("0.7", "#c8553d")[i],
        )
    axes[2].set_xticks(range(3), ["precipitated", "dissolved\nagain", "gained"])
    axes[2].set(title="calcite of a dry field", ylabel="calcite (mol m$^{-2}$ a$^{-1}$)")
    axes[2].grid(axis="x", visible=False)
    axes[2].legend(loc="upper center")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

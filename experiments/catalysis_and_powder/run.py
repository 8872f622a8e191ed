"""X10: a ladder of carbonic anhydrase, and carbonate powder of several grain sizes and rates on soil without carbonate.

python -m experiments.catalysis_and_powder.run [--figure FILE]
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import xarray as xr

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.chemistry.film import film_alpha
from karstsim.core.jit import python_callable
from karstsim.model.simulate import Simulation

CONFIG = catchments.config(__file__)
FACTORS, ON_LAND = CONFIG["factors"], CONFIG["on_land"]
FILM, WARMTH, PRESSURES = (CONFIG["film"][n] for n in ("thickness", "temperature", "pressures"))
POWDER = CONFIG["powder"]
RATES, DIAMETERS = POWDER["rates"], POWDER["diameters"]
USUAL_RATE, USUAL_DIAMETER = POWDER["usual_rate"], POWDER["usual_diameter"]
FIRST, YEARS, LATE = POWDER["first_year"], POWDER["years"], POWDER["late_years"]
DAYS_OF_YEAR = 365
CHARGES = {"ca": 2.0, "mg": 2.0, "na": 1.0, "k": 1.0, "so4": -2.0, "no3": -1.0, "cl": -1.0}
VARIABLES = (
    "soil_powder_dissolution", "soil_percolation", "soil_base_pco2", "soil_temperature",
    *(f"soil_percolation_{ion}" for ion in CHARGES),
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """Film coefficient over that without anhydrase by pressure and factor; sinks g C m-2 a-1; shares of powder."""

    film: dict[float, list[float]]
    land: list[float]
    by_rate: list[float]
    by_diameter: list[float]
    ceiling: float


def film() -> dict[float, list[float]]:
    alpha = python_callable(film_alpha)
    found = {p: [float(alpha(WARMTH, FILM, p, f)) for f in FACTORS] for p in PRESSURES}
    return {p: [a / row[0] for a in row] for p, row in found.items()}


def land() -> list[float]:
    """Sink of a forest with the same factor everywhere."""
    forcing = catchments.climate()
    site = catchments.catchment({"land_use": CONFIG["forest"]})
    names = ("soil.ca_factor", "aquifer.ca_factor")  # the epikarst has that of the soil above it
    return [
        catchments.yearly(catchments.run(site, forcing, dict.fromkeys(names, factor)))["CSF"]
        for factor in ON_LAND
    ]


def powders() -> tuple[list[float], list[float], float]:
    """(sink by rate, share dissolved in the first year by diameter, ceiling) of a field that begins without powder."""
    weather = catchments.climate(None, None, FIRST, FIRST + 2 * YEARS - 1)
    half = weather["time"].dt.year < FIRST + YEARS
    before, after = weather.isel(time=half.values), weather.isel(time=~half.values)
    site = catchments.catchment({"land_use": POWDER["land_use"], "lithology": "mantled_limestone"})
    rest = Simulation(site, before, [catchments.NO_CARBONATE_BELOW])
    rest.spin_up(catchments.SPIN_UP)
    rest.run(["annual"], ["soil_powder"])
    cases = [(r, USUAL_DIAMETER) for r in RATES] + [(USUAL_RATE, d) for d in DIAMETERS]
    members = [
        catchments.NO_CARBONATE_BELOW | {"soil.powder_rate": rate, "soil.powder_diameter": diameter}
        for rate, diameter in cases
    ]
    with tempfile.TemporaryDirectory() as folder:
        state = rest.write_restart(Path(folder) / "rest.nc")
        daily = []
        for member in members:
            run = Simulation(site, after, [member])
            run.start_from(state)
            daily.append(run.run(["daily"], VARIABLES)["daily"].isel(realization=0, tile=0))
    late = [d.isel(time=d["time"].dt.year >= FIRST + 2 * YEARS - LATE) for d in daily]
    first = [
        float(d["soil_powder_dissolution"][:DAYS_OF_YEAR].sum()) / USUAL_RATE for d in daily[len(RATES) :]
    ]
    return [sink(d) for d in late[: len(RATES)]], first, ceiling(late[len(RATES) - 1])


def sink(daily: xr.Dataset) -> float:
    """Half the alkalinity that percolates: the CO2 that it holds, g C m-2 a-1."""
    alkalinity = sum(charge * daily[f"soil_percolation_{ion}"].sum() for ion, charge in CHARGES.items())
    return catchments.GRAMS_PER_MOL * 0.5 * float(alkalinity) / LATE


def ceiling(daily: xr.Dataset) -> float:
    """What percolation saturated at the soil's CO2 would bind (design notes 9.4), g C m-2 a-1."""
    names = ("soil_percolation", "soil_base_pco2", "soil_temperature")
    water, gas, warmth = (daily[n].values for n in names)
    wet = water > 0.0
    saturated = ks.equilibrate(warmth[wet].clip(0.0, 50.0), gas[wet], ["calcite"])["ca"].values
    return catchments.GRAMS_PER_MOL * float((water[wet] * saturated).sum()) / 1000.0 / LATE


def find() -> Found:
    return Found(film(), land(), *powders())


def steps(values: list[float]) -> float:
    """The least ratio between neighbours: at least 1 where values never fall."""
    return min(other / one for one, other in pairwise(values))


def verdicts(found: Found) -> list[Line]:
    """A18: monotone, 2 to 10 times above 10^-3 atm. A44: monotone, saturating at the ceiling, 3 to 10 t km-2."""
    usual = found.by_rate[RATES.index(USUAL_RATE)] - found.by_rate[0]
    lines = [
        Line(f"A18 film: anhydrase without limit, at {p:g} atm", row[-1], 2.0, 10.0)
        for p, row in found.film.items()
        if p > PRESSURES[0]
    ]
    return [
        *lines,
        Line(
            "A18 film: never less with more anhydrase",
            min(map(steps, found.film.values())),
            1.0,
            float("inf"),
        ),
        Line("A18 forest: sink never less with more anhydrase", steps(found.land), 1.0, float("inf")),
        Line(
            "A44 sink never less with more powder: least gain from a rate to the next",
            min(more - less for less, more in pairwise(found.by_rate)),
            0.0,
            float("inf"),
            "t C km-2 a-1",
        ),
        Line(
            "A44 finer powder never dissolves less in the first year",
            steps(found.by_diameter[::-1]),
            1.0,
            float("inf"),
        ),
        Line(
            "A44 eight times the powder: sink over its ceiling", found.by_rate[-1] / found.ceiling, 0.85, 1.02
        ),
        Line(
            "A44 twice the most powder adds",
            catchments.change(found.by_rate[-1], found.by_rate[-2]),
            0.0,
            5.0,
            "%",
        ),
        Line("A44 50 t km-2 a-1 of powder on soil without carbonate", usual, 3.0, 10.0, "t C km-2 a-1"),
        Line(
            "A18 film: anhydrase without limit, at 0.001 atm",
            found.film[PRESSURES[0]][-1],
            2.0,
            10.0,
            scored=False,
        ),
        Line(
            "A18 forest: twenty times the hydration",
            catchments.change(found.land[-1], found.land[0]),
            0.0,
            float("inf"),
            "%",
            scored=False,
        ),
        Line(
            "A18 dolomite at most 3 times",
            float("nan"),
            1.0,
            3.0,
            not_comparable="the model's dolomite follows the dissolved rock's mix, with no film of its own",
        ),
    ]


def draw(found: Found, path: Path) -> None:
    """The ladder of anhydrase, the sink of powder by its rate, and by its grains."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(11, 4.4), layout="constrained")
    for pressure, row in found.film.items():
        axes[0].plot(FACTORS, row, "o-", label=f"film, {pressure:g} atm CO$_2$")
    axes[0].plot(ON_LAND, [v / found.land[0] for v in found.land], "ks--", label="sink of a forest")
    axes[0].set(xscale="log", xlabel="factor on CO$_2$ hydration", ylabel="rate over that without anhydrase")
    axes[0].legend(fontsize=9)
    axes[1].axhline(found.ceiling, color="0.4", ls=":", label="saturated percolation")
    axes[1].plot(
        RATES,
        [catchments.GRAMS_PER_MOL * r for r in RATES],
        color="0.7",
        label="all of it dissolves,\nno other sink",
    )
    axes[1].plot(RATES, found.by_rate, "o-", color="#0072b2", label=f"grains of {USUAL_DIAMETER:g} µm")
    axes[1].set(xlabel="powder (100 t km$^{-2}$ a$^{-1}$)", ylabel="CO$_2$ bound (t C km$^{-2}$ a$^{-1}$)",
                ylim=(min(0.0, 1.1 * min(found.by_rate)), 1.3 * found.ceiling))  # fmt: skip
    axes[1].legend(fontsize=9, loc="lower right")
    axes[2].plot(
        DIAMETERS,
        found.by_diameter,
        "o-",
        color="#0072b2",
        label=f"{100 * USUAL_RATE:g} t km$^{{-2}}$ a$^{{-1}}$",
    )
    axes[2].set(
        xscale="log",
        xlabel="median diameter (µm)",
        ylabel="share dissolved in the first year",
        ylim=(0.0, 1.0),
    )
    axes[2].legend(fontsize=9)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

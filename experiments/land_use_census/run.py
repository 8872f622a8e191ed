"""X05: a census of land uses: soil respiration and the share of it that weathering takes; what soil improvement does.

python -m experiments.land_use_census.run [--figure FILE]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.core.classes import LAND_USES

INF = float("inf")
MOLES_PER_TONNE_HECTARE = 100.0 / catchments.GRAMS_PER_MOL  # mol C m-2 in one t C ha-1
CONFIG = catchments.config(__file__)
COURSE, SOIL = CONFIG["course"], "soil_organic_carbon"
FIELD, IMPROVED, LEAST = CONFIG["field"], CONFIG["improved"], CONFIG["least"]


def managed(management: dict[str, Any]) -> dict[str, float]:
    """Parameters of a management, with its tonnes of carbon as mol m-2 a-1."""
    carbon = management.get("tonnes_per_hectare", {})
    return management.get("parameters", {}) | {
        name: tonnes * MOLES_PER_TONNE_HECTARE for name, tonnes in carbon.items()
    }


@dataclass(frozen=True)
class Found:
    """Yearly means of land uses and of managements at rest; soil carbon of a field by year (t C ha-1) in each course,
    less that of the field without it.
    """

    census: dict[str, dict[str, float]]
    courses: dict[str, np.ndarray]


def courses() -> dict[str, np.ndarray]:
    """Soil carbon gained by a field that is improved and then left again, t C ha-1 at the end of every year."""
    end = COURSE["start"] + COURSE["years"] - 1
    forcing = catchments.climate(None, None, COURSE["start"], end + COURSE["after"])
    site = catchments.catchment({"land_use": FIELD})
    stocks = {}
    for improvement in ({"name": ""}, *COURSE["improvements"]):
        what = {key: value for key, value in improvement.items() if key != "name"}
        measures = [ks.interventions.soil_improvement(start=COURSE["start"], end=end, **what)] if what else []
        daily = ks.simulate(
            site, forcing, variables=[SOIL], spinup_years=catchments.SPIN_UP, interventions=measures
        )[SOIL].squeeze()
        last = np.flatnonzero(np.diff(daily["time"].dt.year.values, append=0) != 0)
        stocks[improvement["name"]] = daily.values[last] / MOLES_PER_TONNE_HECTARE
    plain = stocks.pop("")
    return {name: stock - plain for name, stock in stocks.items()}


def half_life(lost: np.ndarray) -> float:
    """Years until half of a gain is gone, of the gain in the improvement's last year and all after; inf: it is not."""
    below = np.flatnonzero(lost <= 0.5 * lost[0])
    if not below.size:
        return INF
    i = int(below[0])
    return i - (0.5 * lost[0] - lost[i]) / (lost[i - 1] - lost[i])


def find() -> Found:
    """The census, and the courses of improved fields."""
    return Found(census(), courses())


def census() -> dict[str, dict[str, float]]:
    """Yearly means of every land use, and of managed cropland."""
    forcing = catchments.climate(first_year=CONFIG["first_year"], last_year=CONFIG["last_year"])
    tiles: dict[str, dict[str, Any]] = {use: {"land_use": use} for use in LAND_USES}
    tiles |= {m["name"]: {"land_use": FIELD, "parameters": managed(m)} for m in CONFIG["management"]}
    return {
        name: catchments.yearly(catchments.run(catchments.catchment(tile), forcing))
        for name, tile in tiles.items()
    }


def share(one: dict[str, float]) -> float:
    """Weathering's part of the soil's CO2, %."""
    return 100.0 * one["CSF"] / one["Rs"]


def verdicts(found: Found) -> list[Line]:
    """The census (A15, A32, A51), and beside it how soil carbon comes and goes (A50, A56)."""
    return _of_the_census(found.census) + _of_courses(found.courses)


def _of_courses(gained: dict[str, np.ndarray]) -> list[Line]:
    """A50: 0.1 to 0.6 t C ha-1 a-1. A56: later years gain less, and what was gained goes when the management ends."""
    first, last = COURSE["first"], COURSE["years"] - 1
    lines = []
    for name, course in gained.items():
        early, late = course[first - 1] / first, (course[last] - course[last - first]) / first
        rates = f"A50 {name}: gain of soil carbon in the first {first} years"
        lines += [
            Line(rates, early, 0.1, 0.6, "t C ha-1 a-1", scored=False),
            Line(
                f"A56 {name}: gain of the last {first} years over that", late / early, 0.0, 0.99, scored=False
            ),
            Line(
                f"A56 {name}: half of the gain is lost after its end in",
                half_life(course[last:]),
                0.0,
                float(COURSE["after"]),
                "years",
                scored=False,
            ),
        ]
    return lines


def _of_the_census(found: dict[str, dict[str, float]]) -> list[Line]:
    """A15: share of 0.5-2 %. A32: signs of soil improvement, its size beside. A51: order of soil carbon."""
    field = found[FIELD]
    lines = [
        Line(f"A15 sink over soil respiration, {use}", share(found[use]), 0.5, 2.0, "%")
        for use in LAND_USES[1:]
    ]
    for name in IMPROVED:
        for key, text in (("pCO2", "CO2 of soil air"), ("HCO3", "HCO3"), ("SOC", "soil carbon")):
            gain = catchments.change(found[name][key], field[key])
            lines.append(Line(f"A32 {name}: {text} rises", gain, LEAST, INF, "%"))
    manured = found[IMPROVED[0]]
    sink = catchments.change(manured["CSF"], field["CSF"])
    lines.append(Line("A32 manure 2 t C/ha: sink (order)", sink, 4.0, 10.0, "%", scored=False))
    lines.append(
        Line(
            "A32 no tillage: soil carbon rises",
            catchments.change(found["no tillage"]["SOC"], field["SOC"]),
            LEAST,
            INF,
            "%",
        )
    )
    return lines + _beside(found)


def _beside(found: dict[str, dict[str, float]]) -> list[Line]:
    """What the design expects of manure in numbers, bare rock, the order of soil carbon, and the acid of fertiliser."""
    field, manured, acid = found[FIELD], found[IMPROVED[0]], found["twice the fertiliser"]
    change = catchments.change
    order = min(
        found[one]["SOC"] / found[other]["SOC"]
        for one, other in (("secondary_forest", "grass"), ("grass", FIELD), (FIELD, "bare_rock"))
    )
    return [
        Line(
            "manure: soil respiration, as the design expects",
            manured["Rs"] - field["Rs"],
            120.0,
            180.0,
            "g C m-2 a-1",
            scored=False,
        ),
        Line(
            "manure: CO2 of soil air, as the design expects",
            change(manured["pCO2"], field["pCO2"]),
            25.0,
            35.0,
            "%",
            scored=False,
        ),
        Line(
            "manure: HCO3, as the design expects",
            change(manured["HCO3"], field["HCO3"]),
            9.0,
            12.0,
            "%",
            scored=False,
        ),
        Line("A51 soil carbon forest > grass > cropland > rock, least ratio", order, 1.0, INF, scored=False),
        Line(
            "sink over soil respiration, bare rock (may exceed)",
            share(found["bare_rock"]),
            0.5,
            INF,
            "%",
            scored=False,
        ),
        Line(
            "A17 twice the fertiliser: sink (its acid dissolves rock too)",
            change(acid["CSF"], field["CSF"]),
            -INF,
            INF,
            "%",
            scored=False,
        ),
    ]


def draw(both: Found, path: Path) -> None:
    """Respiration and sink of the land uses; what management changes, at rest and by the year."""
    import matplotlib.pyplot as plt

    found = both.census
    figure = plt.figure(figsize=(10, 8), layout="constrained")
    panels = figure.subplot_mosaic([["census", "course"], ["management", "management"]])
    left, right, course = (panels[name] for name in ("census", "management", "course"))
    for use in LAND_USES:
        left.plot(found[use]["Rs"], found[use]["CSF"], "o", color="#0072b2")
        left.annotate(
            use.replace("_", " "),
            (found[use]["Rs"], found[use]["CSF"]),
            (-7, -4) if use == LAND_USES[-1] else (5, 4 if use == "shrub" else -11),
            textcoords="offset points",
            ha="right" if use == LAND_USES[-1] else "left",  # it would leave the panel
        )
    top = 1.25 * max(found[use]["Rs"] for use in LAND_USES)
    for percent, style in ((0.5, ":"), (1.0, "--"), (2.0, "-.")):
        left.plot(
            [0.0, top],
            [0.0, top * percent / 100.0],
            style,
            color="0.6",
            lw=1,
            label=f"{percent:g} % of respiration",
        )
    left.set(
        xlim=(0.0, top),
        ylim=(0.0, 16.0),
        xlabel="soil respiration (g C m$^{-2}$ a$^{-1}$)",
        ylabel="sink (g C m$^{-2}$ a$^{-1}$)",
    )
    left.legend(loc="lower right", handlelength=3.0)
    names = [m["name"] for m in CONFIG["management"]]
    keys = {"pCO2": "CO₂ of soil air", "HCO3": "HCO₃⁻", "SOC": "soil carbon", "CSF": "sink"}
    for i, (key, label) in enumerate(keys.items()):
        rows = [j + 0.2 * (i - 1.5) for j in range(len(names))]
        right.barh(
            rows,
            [catchments.change(found[name][key], found[FIELD][key]) for name in names],
            0.2,
            label=label,
        )
    right.set_yticks(range(len(names)), names)
    right.axvline(0.0, color="0.3", lw=0.8)
    right.invert_yaxis()
    right.set_xlabel("change against cropland (%)")
    right.legend(loc="lower right")
    for name, gained in both.courses.items():
        course.plot(1 + np.arange(len(gained)), gained, label=name)
    course.axvspan(0, COURSE["years"], color="0.93", lw=0, zorder=0, label="improved")
    course.set(xlabel="year", ylabel="soil carbon gained (t C ha$^{-1}$)", xlim=(0, None))
    course.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

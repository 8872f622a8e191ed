"""X17: the sink of catchments scaled to China and the globe, with areas and units stated.

python -m experiments.area_scaling.run [--figure FILE]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report

CONFIG = catchments.config(__file__)
AREAS = CONFIG["areas"]  # million km2
DRY = 1.0  # mm a-1 of runoff: below it nothing is carried
MISSING_SINK, EMISSIONS = 1.4, 12.0  # Pg C a-1 (A7); Gt CO2 a-1 of China in 2030 (A58)
CLASSIC = {
    "China, 17.7 Mt C": (17.7, "china"),
    "globe, 0.22": (220.0, "globe"),
    "globe, 0.61": (608.0, "globe"),
}


@dataclass(frozen=True)
class Found:
    """By climate, t C km-2 a-1: hydrochemical sink, and what saturated water would carry (design notes 9.4)."""

    china: dict[str, tuple[float, float]]
    globe: dict[str, tuple[float, float]]
    restoration: float  # secondary forest less cropland in the humid south


def flux(climate: dict[str, Any], land_uses: list[str]) -> tuple[float, float]:
    """Sink and maximum potential dissolution of a climate."""
    forcing = catchments.climate(climate["temperature"], climate["rain"], lat=climate["latitude"])
    site = catchments.catchment(*({"land_use": use} for use in land_uses), latitude=climate["latitude"])
    means = catchments.yearly(catchments.run(site, forcing))
    if means["R"] < DRY:
        return means["CSF"], 0.0
    temperature = float(np.clip(climate["temperature"], 0.0, 50.0))
    saturated = ks.equilibrate(temperature, means["pCO2 weighted"] / catchments.PPM, ["calcite"])
    potential = catchments.GRAMS_PER_MOL * means["R"] / 1000.0 * float(saturated["ca"].values.item())
    return means["CSF"], potential


def find() -> Found:
    land = CONFIG["land_uses"]
    south = CONFIG["china"][0]
    gain = flux(south, ["secondary_forest"])[0] - flux(south, ["cropland"])[0]
    return Found(
        {c["name"]: flux(c, land) for c in CONFIG["china"]},
        {c["name"]: flux(c, land) for c in catchments.config()["climates"]},
        gain,
    )


def mean(fluxes: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """Sink and potential, climates counting the same."""
    sink, potential = np.array(list(fluxes.values())).mean(axis=0)
    return float(sink), float(potential)


def verdicts(found: Found) -> list[Line]:
    """A5, A6, A7. Mt C are t C km-2 times million km2."""
    (china, china_potential), (globe, _) = mean(found.china), mean(found.globe)
    petagrams = globe * AREAS["globe"] / 1000.0
    china_total = china * AREAS["china"]
    return [
        Line("A5 China, potential per area of carbonate rock", china_potential, 5.0, 8.0, "t C km-2 a-1"),
        Line(
            "A6 China, sink on 3.44 million km2",
            china_total,
            5.0 * AREAS["china"],
            8.0 * AREAS["china"],
            "Mt C a-1",
        ),
        Line("A7 globe, sink on 22 million km2", petagrams, 0.2, 0.9, "Pg C a-1"),
        Line("A6 globe, sink per area", globe, 10.0, 28.0, "t C km-2 a-1", scored=False),
        Line(
            "A5 China, potential on 2.93 million km2",
            china_potential * AREAS["china_implied"],
            14.6,
            23.4,
            "Mt C a-1",
            scored=False,
        ),
        Line(
            "A7 share of a missing sink of 1.4 Pg C a-1",
            100.0 * petagrams / MISSING_SINK,
            14.0,
            64.0,
            "%",
            scored=False,
        ),
        Line(
            "A58 China's sink over its emissions of 2030",
            china_total * catchments.CO2_PER_C / EMISSIONS / 10.0,
            -np.inf,
            np.inf,
            "%",
            scored=False,
        ),
        Line(
            "A33 forest on 40,000 km2 of desertified farmland",
            found.restoration * AREAS["farmland"],
            -np.inf,
            np.inf,
            "Mt C a-1",
            scored=False,
        ),
    ]


def draw(found: Found, path: Path) -> None:
    """Sink and potential of every climate, and the classic estimates per area."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(9, 4.8), layout="constrained")
    rows = {**{f"China: {k}": v for k, v in found.china.items()}, "China: mean": mean(found.china)}
    rows |= {**found.globe, "globe: mean": mean(found.globe)}
    y = np.arange(len(rows))
    bold = ["#0072b2" if "mean" in name else "#8fbcd9" for name in rows]
    ax.barh(y, [v[0] for v in rows.values()], color=bold, label="sink")
    ax.plot([v[1] for v in rows.values()], y, "k|", ms=12, label="potential: saturated water")
    for (name, (megatonnes, area)), style in zip(CLASSIC.items(), ("-", ":", "--"), strict=True):
        ax.axvline(
            megatonnes / AREAS[area],
            color="#c8553d",
            ls=style,
            lw=1,
            label=f"{name} Pg C over {AREAS[area]:g} million km$^2$"
            if area == "globe"
            else f"{name} over {AREAS[area]:g} million km$^2$",
        )
    ax.set_yticks(y, list(rows), fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("karst sink (t C km$^{-2}$ a$^{-1}$)")
    ax.legend(fontsize=8, loc="upper right", bbox_to_anchor=(0.94, 1.0))
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

"""X05: a census of land uses: soil respiration and the share of it that weathering takes; what soil improvement does.

python -m experiments.land_use_census.run [--figure FILE]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.core.classes import LAND_USES

INF = float("inf")
MOLES_PER_TONNE_HECTARE = 100.0 / catchments.GRAMS_PER_MOL  # mol C m-2 in one t C ha-1
CONFIG = catchments.config(__file__)
FIELD, IMPROVED, LEAST = CONFIG["field"], CONFIG["improved"], CONFIG["least"]


def managed(management: dict[str, Any]) -> dict[str, float]:
    """Parameters of a management, with its tonnes of carbon as mol m-2 a-1."""
    carbon = management.get("tonnes_per_hectare", {})
    return management.get("parameters", {}) | {
        name: tonnes * MOLES_PER_TONNE_HECTARE for name, tonnes in carbon.items()
    }


def find() -> dict[str, dict[str, float]]:
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


def verdicts(found: dict[str, dict[str, float]]) -> list[Line]:
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
            "manure: soil respiration, design of section 8",
            manured["Rs"] - field["Rs"],
            120.0,
            180.0,
            "g C m-2 a-1",
            scored=False,
        ),
        Line(
            "manure: CO2 of soil air, design of section 8",
            change(manured["pCO2"], field["pCO2"]),
            25.0,
            35.0,
            "%",
            scored=False,
        ),
        Line(
            "manure: HCO3, design of section 8",
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


def draw(found: dict[str, dict[str, float]], path: Path) -> None:
    """Respiration and sink of the land uses; what management changes."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    for use in LAND_USES:
        left.plot(found[use]["Rs"], found[use]["CSF"], "o", color="#0072b2")
        left.annotate(
            use.replace("_", " "),
            (found[use]["Rs"], found[use]["CSF"]),
            (5, 4 if use == "shrub" else -11),
            textcoords="offset points",
            fontsize=8,
        )
    top = 1.25 * max(found[use]["Rs"] for use in LAND_USES)
    for percent, style in ((0.5, ":"), (1.0, "--"), (2.0, ":")):
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
    left.legend(fontsize=8, loc="upper left")
    names = [m["name"] for m in CONFIG["management"]]
    keys = {"pCO2": "CO$_2$ of soil air", "HCO3": "HCO$_3$", "SOC": "soil carbon", "CSF": "sink"}
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
    right.legend(fontsize=8)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

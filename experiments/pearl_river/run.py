"""X13: where the carbon of a river like the Pearl River goes, from headwater to estuary.

    python -m experiments.pearl_river.run [--figure FILE]

Prints the gross and the net ledger, the pH of each box, and a warning where it passes 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.analysis.carbon_paths import (
    VARIABLES,
    CarbonPaths,
    autochthonous_share,
    gross_partition,
    net_partition,
    paths_of,
)
from karstsim.core.constants import MOLAR_MASS_C
from karstsim.model.site import Site
from karstsim.model.water_chain import WaterChain

CONFIG = catchments.config(__file__)
PLACE = CONFIG["site"]
SPRING, REACHES, PRESET, CLIMATE = (CONFIG[n] for n in ("spring", "reach", "preset", "climate"))
CLAIM = CONFIG["claim"]  # per cent
BAND, HIGH_PH, MEASURED_DOC = (CONFIG["judged"][n] for n in ("band", "high_ph", "measured_doc"))
DISCHARGE, YEARS = CONFIG["discharge"], CONFIG["years"]
DAYS = 365
CASES = {"default parameters": False, "preset of the prototype": True}  # whether the preset is used
SECONDS_PER_DAY = 86400.0
EXPORTED = tuple(
    f"outflow_{n}" for n in ("dic", "aoc_labile", "aoc_semilabile", "aoc_refractory", "poc", "algae")
)
PRINTED = {"dic": "DIC"}
NAMES = (
    "outflow", *EXPORTED, "outflow_ca", "inflow_dic", "evasion", "invasion", "calcite_burial", "burial_oc",
    "plant_harvest", "water_ph", "ph_max", "water_pco2", "water_si_calcite", "gpp", "gpp_algae",
)  # fmt: skip


def reaches() -> list[dict[str, Any]]:
    """The three boxes as mixed waters of their depth and residence time."""
    return [
        {"name": r["name"], "kind": "reservoir", "water_class": r["water_class"], "depth_m": r["depth_m"],
         "area_km2": DISCHARGE * SECONDS_PER_DAY * r["residence_time"] / r["depth_m"] / 1e6}
        for r in REACHES
    ]  # fmt: skip


def site() -> Site:
    """A place for the three boxes, whose land is not looked at."""
    return Site(**PLACE, tiles=[{"land_use": "grass", "area_fraction": 1.0}], boxes=reaches())


def run(preset: bool, years: int) -> dict[str, np.ndarray]:
    """Series (day, box) of the last year."""
    chain = WaterChain(site(), {"surface_water.substeps": CONFIG["substeps"]})
    p = chain.params["surface_water"]
    p["least_k600"] = p["greatest_k600"] = [reach["k600"] for reach in REACHES]
    if preset:
        for name, values in PRESET.items():
            p[name] = values
    days = np.arange(DAYS * years)
    phase = np.cos(2.0 * np.pi * ((days + 0.5) / DAYS - 0.55))
    chain.fill(DISCHARGE, SPRING | {"oxygen": CLIMATE["oxygen"]}, CLIMATE["temperature"])
    out = chain.run(
        NAMES, step=1.0, discharge=DISCHARGE, solutes=SPRING,
        temperature=CLIMATE["temperature"] + CLIMATE["swing"] * phase,
        day_fraction=np.zeros(len(days)), year_fraction=(days + 0.5) / DAYS % 1.0,
        rsds_day=CLIMATE["radiation"] + CLIMATE["radiation_swing"] * phase,
    )  # fmt: skip
    return {name: values[-DAYS:] for name, values in out.items()}


def paths(found: dict[str, np.ndarray]) -> CarbonPaths:
    """Carbon of the year by its ways, mol m-2 of the site."""
    total = {name: values.sum(axis=0) for name, values in found.items()}
    last = {name.removeprefix("outflow_"): total[name][-1] for name in EXPORTED}
    return CarbonPaths(
        dic_in=total["inflow_dic"][0],
        invasion=total["invasion"].sum(),
        evasion=total["evasion"].sum(),
        calcite_buried=total["calcite_burial"].sum(),
        organic_buried=total["burial_oc"].sum(),
        dic_out=last["dic"],
        labile_out=last["aoc_labile"],
        semilabile_out=last["aoc_semilabile"],
        refractory_out=last["aoc_refractory"],
        particles_out=last["poc"] + last["algae"],
        harvested=total["plant_harvest"].sum(),
        alkalinity_out=2.0 * total["outflow_ca"][-1],
    )


def shares(found: dict[str, np.ndarray]) -> dict[str, float]:
    """The gross ledger in per cent of all ways out."""
    return {name: 100.0 * share for name, share in gross_partition(paths(found)).items()}


def describe(name: str, found: dict[str, np.ndarray]) -> str:
    """Both ledgers and the pH of every box, with a warning where it passes 9."""
    ledger = paths(found)
    net = {k: 100.0 * v for k, v in net_partition(ledger).items()}
    rows = [
        name,
        "  gross ledger, % of all ways out: " + ", ".join(f"{k} {v:.1f}" for k, v in shares(found).items()),
        "  net ledger, % of the DIC that enters: " + ", ".join(f"{k} {v:.1f}" for k, v in net.items())
        + f"; storage change {100.0 * ledger.remainder / ledger.dic_in:.1f}",
    ]  # fmt: skip
    for i, reach in enumerate(REACHES):
        mean, highest = found["water_ph"][:, i].mean(), found["ph_max"][:, i].max()
        warning = (
            f"   WARNING: pH above {HIGH_PH:g}, which this river does not show" if highest > HIGH_PH else ""
        )
        rows.append(
            f"  {reach['name']:12} pH {mean:.2f} (highest {highest:.2f}), "
            f"pCO2 {1e6 * found['water_pco2'][:, i].mean():.0f} uatm{warning}"
        )
    return "\n".join(rows)


def asked_for() -> str:
    """What the claimed shares would need of one parcel of this water: its pH at the mouth, and its organic carbon."""
    share = {name: percent / 100.0 for name, percent in CLAIM.items()}
    calcite = share["sediment"] * SPRING["dic"]
    dic, ca = share["dic"] * SPRING["dic"], SPRING["ca"] - calcite
    water = ks.speciate(
        dic=dic,
        alkalinity=2.0 * ca + SPRING["na"],
        ca=ca,
        na=SPRING["na"],
        temperature=CLIMATE["temperature"],
    )
    organic = MOLAR_MASS_C * share["organic"] * SPRING["dic"]
    return (
        f"What the claim asks of one parcel of this water: 54 % of its DIC with the alkalinity that 4 % of calcite "
        f"leaves\nhas pH {float(water['ph']):.1f}, and 27 % is {organic:.0f} mg/L of plants' organic carbon; "
        f"measured are {MEASURED_DOC} mg/L of all DOC."
    )


@dataclass(frozen=True)
class Found:
    """Series of the chain by `CASES`; share of aquatic plants in the organic carbon of a catchment by season."""

    chains: dict[str, dict[str, np.ndarray]]
    own: dict[str, float]


def chains(years: int = YEARS) -> dict[str, dict[str, np.ndarray]]:
    """Series of the last year with default parameters and with the prototype's production."""
    return {name: run(preset, years) for name, preset in CASES.items()}


def own_carbon() -> dict[str, float]:
    """A13: per cent of the organic carbon at the mouth that aquatic plants made, by season.

    A catchment large enough to fill the reaches, with the organic carbon of its land; all parameters are defaults.
    """
    basin, seasons = CONFIG["basin"], CONFIG["autochthonous"]
    forcing = catchments.climate(
        CLIMATE["temperature"], basin["rain"], basin["first_year"], basin["last_year"]
    )
    tiles = [{"land_use": use, "area_fraction": 1.0 / len(basin["land_uses"])} for use in basin["land_uses"]]
    plain = Site(**PLACE, tiles=tiles)
    runoff = ks.simulate(plain, forcing, output=["annual"], variables=["catchment_runoff"], chemistry=False)
    depth = float(runoff["catchment_runoff"].mean()) / 1000.0 / DAYS / SECONDS_PER_DAY  # m s-1
    place = Site(**{**PLACE, "area_km2": DISCHARGE / depth / 1e6}, tiles=tiles, boxes=reaches())
    monthly = ks.simulate(
        place, forcing, output=["monthly"], variables=list(VARIABLES), spinup_years=basin["spin_up_years"]
    )
    month = monthly["time"].dt.month
    ledgers = {
        name: paths_of(monthly.isel(time=month.isin(seasons[name]["months"])))
        for name in ("winter", "summer")
    }
    return {name: 100.0 * autochthonous_share(p.organic_out, p.land_out) for name, p in ledgers.items()}


def find(years: int = YEARS) -> Found:
    """The chain in each of its cases, and the catchment over the same reaches."""
    return Found(chains(years), own_carbon())


def verdicts(found: Found) -> list[Line]:
    """The four shares with default parameters; beside them those of the preset, a fit with another model of plants.

    And A13, which is no part of the partition.
    """
    seasons = CONFIG["autochthonous"]
    own = [
        Line(f"A13 own organic carbon at the mouth, {name}", share, seasons[name]["share"] - seasons["band"],
             seasons[name]["share"] + seasons["band"], "%", scored=False)
        for name, share in found.own.items()
    ]  # fmt: skip
    more = found.own["winter"] - found.own["summer"]
    own.append(Line("A13 winter less summer", more, 0.0, np.inf, "%", scored=False))
    return own + [
        Line(f"{PRINTED.get(path, path)} in the gross ledger, {name}", shares(series)[path],
             claimed - BAND, claimed + BAND, "%", calibrated=CASES[name], scored=not CASES[name])
        for name, series in found.chains.items()
        for path, claimed in CLAIM.items()
    ]  # fmt: skip


def draw(found: Found, path: Path) -> None:
    """Shares of the gross ledger beside the claim."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawing, axis = plt.subplots(figsize=(8, 3.6), layout="constrained")
    rows = {"claim": CLAIM} | {name: shares(series) for name, series in found.chains.items()}
    names = {"organic": "organic, of aquatic plants", "dic": "dissolved inorganic"}
    colours = {"sediment": "#6e7781", "organic": "#009e73", "dic": "#0072b2", "degassed": "#d55e00"}
    left = np.zeros(len(rows))
    for name, colour in colours.items():
        parts = np.array([row[name] for row in rows.values()])
        axis.barh(list(rows), parts, left=left, color=colour, label=names.get(name, name))
        for y, (x, share) in enumerate(zip(left, parts, strict=True)):
            if share > 3.0:
                axis.text(x + share / 2.0, y, f"{share:.0f}", ha="center", va="center", color="white")
        left += parts
    axis.invert_yaxis()
    axis.set_xlim(0.0, 100.0)
    axis.set_xlabel("carbon on each way, % of all ways out of the river")
    axis.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    drawing.savefig(path, dpi=130)


if __name__ == "__main__":
    for case, series in report(__doc__, find, verdicts, draw).chains.items():
        print(f"\n{describe(case, series)}")
    print(f"\n{asked_for()}")

"""Rock carbon in a spring by stoichiometry, by d13C and by tags, at all rates of exchange with soil CO2 (X15).

    python -m experiments.attribution.run [--figure FILE]

Synthetic weather (Puding-like, stationary), three land uses, default parameters but for the swept rate. Prints the
table of the README with its verdicts and draws its figure.

Soil CO2, the light end member, is taken twice: as a monitor samples it, the mean over days and land uses, and weighted
with the DIC that percolates under it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.forcing.synthetic import synthetic_forcing
from karstsim.model.simulate import Simulation
from karstsim.report import style

CONFIG = catchments.config(__file__)
SITE, MAOCUN = CONFIG["site"], CONFIG["maocun"]
RATES, DEFAULT = tuple(CONFIG["rates"]), CONFIG["default_rate"]
FIRST, YEARS = CONFIG["first_year"], CONFIG["years"]
VPDB = 0.011180
SOLUTES = ("dic", "ca", "mg", "na", "k", "cl", "so4", "no3", "di13c", "di14c", "tag_soil", "tag_rock",
           "tag_acid_rock", "tag_atmosphere")  # fmt: skip


def simulate(rates: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Mean of the last years for every rate: flow-weighted spring, soil CO2, and the ledger of the catchment."""
    members = [{"soil.isotope_exchange": r, "epikarst.isotope_exchange": r / 2.0} for r in rates]
    forcing = synthetic_forcing("stationary", FIRST, FIRST + YEARS - 1)
    run = Simulation(ks.Site(**SITE), forcing, members, workers=1, isotopes=True)
    run.spin_up(CONFIG["spin_up_years"])
    wanted = ["aquifer_spring", "aquifer_spring_*", "soil_co2_d13c", "soil_percolation_dic",
              "catchment_rock_dissolution", "catchment_weathering_uptake"]  # fmt: skip
    out = run.run(["daily"], wanted)["daily"]
    area = np.array([t["area_fraction"] for t in SITE["tiles"]])
    means = {name: out[f"aquifer_spring_{name}"].sum("time").values for name in SOLUTES}
    means["volume"] = out["aquifer_spring"].sum("time").values
    means["temperature"] = out["aquifer_spring_temperature"].mean("time").values
    means["soil"] = (out["soil_co2_d13c"].mean("time").values * area).sum(axis=1)
    weight = out["soil_percolation_dic"].transpose(..., "tile").values * area
    delta = out["soil_co2_d13c"].transpose(..., "tile").values
    means["soil, weighted"] = (weight * delta).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
    rock, gas = (out[f"catchment_{n}"].sum("time").values for n in ("rock_dissolution", "weathering_uptake"))
    means["ledger"] = rock / (rock + gas)
    return means


def estimate(m: dict[str, np.ndarray]) -> pd.DataFrame:
    """What a monitoring team would find in that spring, and what the tags know."""
    ions = {
        name: 1000.0 * m[name] / m["volume"] for name in ("ca", "mg", "na", "k", "cl", "so4", "no3", "dic")
    }
    water = ks.speciate(temperature=m["temperature"], **ions, charge_balance=True)
    delta = 1000.0 * (m["di13c"] / (m["dic"] - m["di13c"]) / VPDB - 1.0)
    table = {
        "d13C": delta,
        "soil CO2": m["soil"],
        "soil CO2, weighted": m["soil, weighted"],
        "ledger": m["ledger"],
    }
    for soil, label in (("soil", ""), ("soil, weighted", ", weighted")):
        found = [
            ks.carbon_sources(water.isel(row=[i]), delta[i], soil=(m[soil][i], CONFIG["soil_d13c_sd"]))
            for i in range(len(delta))
        ]
        for name in ("stoichiometric", "mixing", "closed", "open"):
            for end in ("", "_sd"):
                table[name + end + label] = [float(f[f"rock_share_{name}{end}"].values[0]) for f in found]
    table["tags"] = (m["tag_rock"] + m["tag_acid_rock"]) / m["dic"]
    table["of it by acids"] = m["tag_acid_rock"] / m["dic"]
    table["dead carbon"] = 1.0 - m["di14c"] / m["dic"]
    return pd.DataFrame(table, index=pd.Index(RATES, name="rate"))


def find() -> pd.DataFrame:
    """What the monitoring finds and what the tags know, by rate of exchange."""
    return estimate(simulate(RATES))


def verdicts(table: pd.DataFrame) -> list[Line]:
    """design notes 7: at Maocun 58.5 % by stoichiometry and 37.7 % by d13C; tags and 14C must tell the same."""
    at = 100.0 * table.loc[DEFAULT]
    return [
        Line("rock carbon by (Ca + Mg)/DIC", float(at["stoichiometric"]), 50.0, 60.0, "%"),
        Line("by d13C as a mixture, soil CO2 as sampled", float(at["mixing"]), 30.0, 45.0, "%"),
        Line("the same, soil CO2 weighted with percolation", float(at["mixing, weighted"]), 30.0, 45.0, "%"),
        Line("by d13C as a closed system, soil CO2 as sampled", float(at["closed"]), 30.0, 45.0, "%"),
        Line("dead carbon less rock by tags", float(at["dead carbon"] - at["tags"]), -0.5, 0.5, "%"),
    ]


def draw(table: pd.DataFrame, path: Path) -> None:
    """Shares against the rate of exchange; no exchange stands at the left end."""
    place = np.where(table.index == 0.0, 0.015, table.index)
    lines = {
        "stoichiometric": ("#d55e00", "-", "stoichiometric, (Ca + Mg)/DIC"),
        "mixing": ("#0072b2", "-", "δ¹³C as a mixture, soil CO₂ as sampled"),
        "mixing, weighted": ("#56b4e9", "-", "δ¹³C as a mixture, soil CO₂ weighted with percolation"),
        "closed": ("#009e73", "--", "δ¹³C as a closed system"),
        "open, weighted": ("#56b4e9", ":", "δ¹³C as an open system, weighted"),
        "tags": ("black", "-", "tags: where the carbon comes from"),
    }
    figure = style.new_figure(5.2)
    axis = figure.subplots()
    for name, (colour, dashes, label) in lines.items():
        share = 100.0 * table[name].to_numpy()
        axis.plot(place[1:], share[1:], color=colour, linestyle=dashes, marker="o", ms=3, label=label)
        axis.plot(
            place[:2], share[:2], color=colour, lw=0.6, linestyle=(0, (1, 3))
        )  # "none" is off the scale
        axis.plot(place[:1], share[:1], color=colour, marker="o", ms=3)
    low, high = (100.0 * (table["mixing"] + s * table["mixing_sd"]) for s in (-1, 1))
    axis.fill_between(
        place,
        low,
        high,
        color="#0072b2",
        alpha=0.15,
        lw=0,
        label="δ¹³C as a mixture, ± 1 standard deviation",
    )
    for name, value in MAOCUN.items():
        axis.axhline(100.0 * value, color=lines[name][0], lw=0.6, alpha=0.7)
        axis.text(
            310.0,
            100.0 * value,
            f"claim:\nMaocun\n{100 * value:.1f} %",
            fontsize=8,
            color=lines[name][0],
            va="center",
        )
    axis.axvline(DEFAULT, color="grey", lw=0.6)
    axis.text(DEFAULT * 1.06, 61.5, "default", fontsize=8, color="grey")
    axis.set_xscale("log")
    axis.set_xlim(0.012, 290.0)
    axis.set_ylim(-12.0, 65.0)
    ticks = [0.015, 0.1, 1.0, 10.0, 100.0]
    axis.set_xticks(ticks, ["none", "0.1", "1", "10", "100"])
    axis.minorticks_off()
    axis.set_xlabel("exchange of dissolved CO₂ with soil gas (d⁻¹)")
    axis.set_ylabel("rock carbon in the spring's DIC (%)")
    figure.legend(fontsize=8.5, loc="outside lower center", frameon=False, ncols=2, handlelength=4.0)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    print(report(__doc__, find, verdicts, draw).round(3).T.to_string())

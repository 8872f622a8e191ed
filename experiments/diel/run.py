"""X12: a day in a planted and in an unplanted stream below a karst spring.

    python -m experiments.diel.run [--figure FILE]

Prints drop of DIC, amplitude of pH and shares of the lost carbon with their verdicts.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments import catchments
from experiments.verdicts import Line, report
from karstsim.model.site import Site
from karstsim.model.water_chain import WaterChain

CONFIG = catchments.config(__file__)
SITE, SPRING, STREAM = CONFIG["site"], CONFIG["spring"], CONFIG["stream"]
STEPS, DAYS = CONFIG["steps"], CONFIG["days"]
DISCHARGE, TEMPERATURE = STREAM["discharge"], STREAM["temperature"]
NAMES = (
    "outflow", "outflow_dic", "outflow_ca", "outflow_oxygen", "water_ph", "water_pco2", "water_si_calcite", "evasion",
    "invasion", "gpp", "autotrophic_respiration", "plant_respiration", "heterotrophic_respiration", "calcite",
    "calcite_dissolution", "area_ratio", "k600", "oxygen_saturation",
)  # fmt: skip


def day(planted: bool, days: int, substeps: int = STEPS) -> dict[str, np.ndarray]:
    """The last of `days` equal days, (step,): series of the only box."""
    chain = WaterChain(
        Site(**SITE), {"surface_water.diel_amplitude": 0.0, "surface_water.substeps": substeps}
    )
    chain.params["surface_water"]["plant_cover"] = 1.0 if planted else 0.0
    hours = (np.arange(days * STEPS) + 0.5) * 24.0 / STEPS
    forcing = {
        "step": 1.0 / STEPS, "discharge": DISCHARGE, "solutes": SPRING, "rsds_day": STREAM["radiation"],
        "year_fraction": STREAM["year_fraction"],
        "temperature": TEMPERATURE + STREAM["swing"] * np.sin(2.0 * np.pi * (hours - 9.0) / 24.0),
        "day_fraction": np.arange(days * STEPS) / STEPS % 1.0,
    }  # fmt: skip
    chain.fill(DISCHARGE, SPRING | {"oxygen": STREAM["oxygen"]}, TEMPERATURE)
    chain.run(["gpp"], **{k: v[:1] if np.ndim(v) else v for k, v in forcing.items()})
    chain.plant(STREAM["grown"])
    out = chain.run(NAMES, **forcing)
    return {name: values[-STEPS:, 0] for name, values in out.items()}


def summary(found: dict[str, np.ndarray]) -> dict[str, float]:
    """Numbers of a day: drop of DIC and of Ca at the outlet, extremes, and where the lost carbon went by day."""
    dic, ca = (1e3 * found[n] / found["outflow"] for n in ("outflow_dic", "outflow_ca"))
    lit = found["gpp"] > 0.05 * found["gpp"].max() if found["gpp"].max() > 0.0 else np.ones(STEPS, bool)
    respired = (
        found["autotrophic_respiration"] + found["plant_respiration"] + found["heterotrophic_respiration"]
    )
    lost = {
        "plants": (found["gpp"] - respired)[lit].sum(),
        "calcite": (found["calcite"] - found["calcite_dissolution"])[lit].sum(),
        "air": (found["evasion"] - found["invasion"])[lit].sum(),
    }
    total = sum(lost.values())
    return {
        "drop": 100.0 * (dic.max() - dic.min()) / dic.max(), "ca_high": ca.max(), "ca_low": ca.min(),
        "ph_low": found["water_ph"].min(), "ph_high": found["water_ph"].max(),
        "pco2_low": 1e6 * found["water_pco2"].min(), "pco2_high": 1e6 * found["water_pco2"].max(),
        "gpp": 12.011 * found["gpp"].sum() / found["area_ratio"].mean(),
        "k600": found["k600"].mean(), "o2_high": 100.0 * found["oxygen_saturation"].max(),
        "o2_low": 100.0 * found["oxygen_saturation"].min(),
        **{f"share_{name}": 100.0 * amount / total for name, amount in lost.items()},
    }  # fmt: skip


def find(days: int = DAYS) -> dict[str, dict[str, np.ndarray]]:
    """The last of `days` days in both streams."""
    return {"planted": day(True, days), "unplanted": day(False, days)}


def verdicts(found: dict[str, dict[str, np.ndarray]]) -> list[Line]:
    """Fall of DIC, swing of pH and share of the plants. Calibrated: the stream is a preset chosen of five."""
    planted, bare = summary(found["planted"]), summary(found["unplanted"])
    amplitude = planted["ph_high"] - planted["ph_low"]
    return [
        Line("DIC falls by day in the planted stream", planted["drop"], 15.0, 30.0, "%", calibrated=True),
        Line("DIC falls by day in the unplanted stream", bare["drop"], 0.0, 2.0, "%", calibrated=True),
        Line("pH swings in the planted stream", amplitude, 0.3, 1.2, calibrated=True),
        Line("plants' share of the carbon lost by day", planted["share_plants"], 45.0, 75.0, "%", calibrated=True),
    ]  # fmt: skip


def describe(found: dict[str, dict[str, np.ndarray]]) -> str:
    """All numbers of both streams, and where the lost carbon went."""
    rows = []
    for name, series in found.items():
        s = summary(series)
        rows.append(
            f"{name:10} DIC drop {s['drop']:.1f} %, pH {s['ph_low']:.2f}-{s['ph_high']:.2f}, pCO2 {s['pco2_low']:.0f}-"
            f"{s['pco2_high']:.0f} uatm, Ca {s['ca_high']:.2f}-{s['ca_low']:.2f} mmol/L, "
            f"GPP {s['gpp']:.1f} g C m-2 d-1, "
            f"O2 {s['o2_low']:.0f}-{s['o2_high']:.0f} %, k600 {s['k600']:.1f} m d-1"
        )
    s = summary(found["planted"])
    shares = ", ".join(f"{name} {s[f'share_{name}']:.0f} %" for name in ("plants", "calcite", "air"))
    return "\n".join([*rows, f"of the carbon lost by day: {shares}"])


def draw(runs: dict[str, dict[str, np.ndarray]], path: Path) -> None:
    """DIC, pH, CO2 and O2 at the outlet over the day; the night is shaded, the air's CO2 and O2 are dotted."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    hours = (np.arange(STEPS) + 0.5) * 24.0 / STEPS
    drawing, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, layout="constrained")
    for (name, found), colour in zip(runs.items(), ("#2f7d4f", "0.5"), strict=True):
        rows = (
            (1e3 * found["outflow_dic"] / found["outflow"], "DIC at the outlet (mmol/L)"),
            (found["water_ph"], "pH"),
            (1e6 * found["water_pco2"], "CO$_2$ pressure (\u00b5atm)"),
            (100.0 * found["oxygen_saturation"], "O$_2$ saturation (%)"),
        )
        for axis, (values, label) in zip(axes.flat, rows, strict=True):
            axis.plot(hours, values, color=colour, label=name)
            axis.set_ylabel(label)
    lit = hours[runs["planted"]["gpp"] > 0.0]
    for axis in axes.flat:
        for dark in ((0.0, lit[0]), (lit[-1], 24.0)):
            axis.axvspan(*dark, color="0.93", lw=0, zorder=0)
    axes[1, 0].set_yscale("log")
    axes[1, 0].set_yticks([400, 1000, 2000, 4000], labels=["400", "1,000", "2,000", "4,000"])
    axes[1, 0].minorticks_off()
    for axis, air in ((axes[1, 0], STREAM["air_co2"]), (axes[1, 1], 100.0)):
        axis.axhline(air, color="0.4", lw=0.8, ls=":", label="in balance with the air")
    axes[0, 0].legend(frameon=False)
    axes[1, 1].legend(*([part[-1:] for part in axes[1, 1].get_legend_handles_labels()]), frameon=False)
    for axis in axes[1]:
        axis.set_xlabel("hour of the day")
        axis.set_xticks(range(0, 25, 6))
        axis.set_xlim(0.0, 24.0)
    drawing.savefig(path, dpi=130)


if __name__ == "__main__":
    print(describe(report(__doc__, find, verdicts, draw)))

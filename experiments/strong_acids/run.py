"""X09: a ladder of strong acids: in a beaker against design notes 4.6, and on a forest's soil.

python -m experiments.strong_acids.run [--figure FILE]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

import karstsim as ks
from experiments import catchments
from experiments.verdicts import Line, report

CONFIG = catchments.config(__file__)
TEMPERATURE, PRESSURE = CONFIG["beaker"]["temperature"], CONFIG["beaker"]["pressure"]
BEAKER = {acid: tuple(found) for acid, *found in CONFIG["beaker"]["waters"]}  # by HNO3: Ca, HCO3, Ca/HCO3
DEPOSITION, LAND_USE = CONFIG["deposition"], CONFIG["land_use"]
VARIABLES = (
    "catchment_runoff", "catchment_runoff_ca", "catchment_runoff_mg", "atmosphere_rainfall_ca", "aquifer_spring_hco3",
    "aquifer_spring", "catchment_sink_hydrochemical", "catchment_weathering_uptake", "catchment_imported_alkalinity",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """Calcium, bicarbonate and their ratio by acid in the beaker; yearly means of catchments by deposition."""

    beaker: dict[float, tuple[float, float, float]]
    catchments: dict[float, dict[str, float]]


def beaker() -> dict[float, tuple[float, float, float]]:
    """Calcite water open to CO2 with acid; bicarbonate as alkalinity, its pairs included."""
    found = {}
    for acid in BEAKER:
        water = ks.equilibrate(TEMPERATURE, PRESSURE, ["calcite"], acid={"hno3": acid})
        ca, alkalinity = (float(water[n].values.item()) for n in ("ca", "alkalinity"))
        found[acid] = (ca, alkalinity, ca / alkalinity)
    return found


def yearly(daily: xr.Dataset) -> dict[str, float]:
    """mol m-2 a-1: calcium and magnesium, bicarbonate; the sink by half of it, net of acids, and of the ledger."""
    years = daily.sizes["time"] / catchments.DAYS_PER_YEAR

    def total(name: str) -> float:
        return float(daily[name].sum()) / years

    rock = total("catchment_runoff_ca") + total("catchment_runoff_mg") - total("atmosphere_rainfall_ca")
    bicarbonate = float((daily["aquifer_spring_hco3"] * daily["aquifer_spring"]).sum()) / years / 1000.0
    return {
        "rock": rock, "hco3": bicarbonate, "plain": total("catchment_sink_hydrochemical"),
        "corrected": bicarbonate - rock, "ledger": total("catchment_weathering_uptake"),
    }  # fmt: skip


def find() -> Found:
    forcing = catchments.climate(first_year=CONFIG["first_year"], last_year=CONFIG["last_year"])
    site = catchments.catchment({"land_use": LAND_USE})
    rows = {}
    for acid in DEPOSITION:
        rows[acid] = yearly(
            ks.simulate(
                site,
                forcing,
                {"soil.dry_nitrogen": acid},
                variables=VARIABLES,
                spinup_years=catchments.SPIN_UP,
            )
        )
    return Found(beaker(), rows)


def verdicts(found: Found) -> list[Line]:
    """The numbers of design notes 4.6 within 1 %, and A17; beside them the same on a catchment."""
    lines = []
    for i, name in enumerate(("Ca", "HCO3", "Ca/HCO3")):
        worst = max(abs(100.0 * (found.beaker[acid][i] / row[i] - 1.0)) for acid, row in BEAKER.items())
        lines.append(Line(f"beaker, {name}: largest of {len(BEAKER)} errors", worst, 0.0, 1.0, "%"))
    clean, acid = (found.beaker[a] for a in (0.0, 1.0))
    sink = catchments.change(acid[1] - acid[0], clean[1] - clean[0])
    lines.append(Line("A17 beaker, 1 meq/L of HNO3: CO2 sink HCO3 - Ca", sink, -34.0, -32.0, "%"))
    return lines + _beside(found)


def _beside(found: Found) -> list[Line]:
    first, last = found.catchments[DEPOSITION[0]], found.catchments[DEPOSITION[-1]]
    eq = DEPOSITION[-1] - DEPOSITION[0]
    displaced = -(last["ledger"] - first["ledger"]) / eq
    plain = -(last["plain"] - first["plain"]) / eq
    return [
        Line(
            "catchment: CO2 uptake displaced by one equivalent of acid",
            displaced,
            0.5,
            0.8,
            "mol/eq",
            scored=False,
        ),
        Line("catchment: of it seen by half the bicarbonate", plain / displaced, 0.0, 1.0, scored=False),
    ]


def draw(found: Found, path: Path) -> None:
    """The beaker beside the table; the sink of the catchment as three ways see it."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    acids = list(BEAKER)
    for i, (name, colour) in enumerate({"Ca": "#8a6f4d", "HCO₃⁻": "#1f6f8b"}.items()):
        left.plot(acids, [BEAKER[a][i] for a in acids], "o", mfc="none", color=colour, label=f"{name}, table")
        left.plot(acids, [found.beaker[a][i] for a in acids], color=colour, label=f"{name}, karstsim")
    sink = np.array([found.beaker[a][1] - found.beaker[a][0] for a in acids])
    left.plot(acids, sink, "--", color="#2f7d4f", label="CO₂ sink, HCO₃⁻ − Ca")
    left.set(xlabel="HNO₃ added (meq/L)", ylabel="concentration (mmol/L)", ylim=(0.0, None))
    left.legend(ncols=2, loc="lower left", fontsize=9)
    deposition = list(found.catchments)
    ways = {
        "plain": "half the HCO₃⁻",
        "corrected": "HCO₃⁻ − (Ca + Mg), net of rain",
        "ledger": "ledger of gas CO₂ taken up",
    }
    for (key, label), style in zip(ways.items(), ("s--", "o-", "k:"), strict=True):
        values = [catchments.GRAMS_PER_MOL * found.catchments[d][key] for d in deposition]
        right.plot(deposition, values, style, label=label)
    right.set(
        xlabel="dry deposition of HNO₃ (eq m$^{-2}$ a$^{-1}$)",
        ylabel="sink (g C m$^{-2}$ a$^{-1}$)",
        ylim=(0.0, None),
    )
    right.legend(loc="lower left")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

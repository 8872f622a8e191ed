"""X01: carbonate equilibria against the tables of design notes 4.1 and chemistry notes, which were made with PHREEQC.

python -m experiments.chemistry_tables.run [--figure FILE]
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
OPEN, BANDS, AIR = CONFIG["open"], CONFIG["bands"], CONFIG["air"]


@dataclass(frozen=True)
class Check:
    """One number: which kind of path, what, the table's value, and ours."""

    path: str
    quantity: str  # ca, dic: by share; ph, si: by difference
    expected: float
    found: float

    @property
    def error(self) -> float:
        """Per cent, or units of pH and saturation index."""
        apart = self.found - self.expected
        return apart if self.quantity in ("ph", "si") else 100.0 * apart / self.expected


def _checks(path: str, water: Any, **expected: float) -> list[Check]:
    """Numbers of one water; `alk` and `mg` count as calcium does."""
    names = {
        "ca": "ca",
        "mg": "mg",
        "alk": "alkalinity",
        "dic": "dic",
        "ph": "ph",
        "si": "si_calcite",
        "hco3": "hco3",
    }
    shown = {"mg": "ca", "alk": "dic", "hco3": "dic"}
    return [
        Check(path, shown.get(name, name), value, float(water[names[name]].values.item()))
        for name, value in expected.items()
    ]


def open_calcite() -> list[Check]:
    """Calcite open to a gas, 20 waters."""
    found = []
    for temperature, row in zip(OPEN["temperatures"], OPEN["waters"], strict=True):
        for pressure, (ca, _, dic, ph) in zip(OPEN["log_pressures"], row, strict=True):
            water = ks.equilibrate(temperature, 10.0**pressure, ["calcite"])
            found += _checks("calcite, open", water, ca=ca, dic=dic, ph=ph)
    return found


def closed() -> list[Check]:
    """Water first under a gas, then cut off from it with calcite or dolomite."""
    rows = {
        (10.0, -2.0): (0.5558, 8.403), (15.0, -2.0): (0.4789, 8.451), (20.0, -2.0): (0.4181, 8.493),
        (10.0, -1.5): (1.5213, 7.579), (15.0, -1.5): (1.3219, 7.615), (20.0, -1.5): (1.1572, 7.648),
    }  # fmt: skip
    found = []
    for (temperature, pressure), (ca, ph) in rows.items():
        water = ks.equilibrate(temperature, 10.0**pressure, ["calcite"], "closed")
        found += _checks("calcite, closed", water, ca=ca, ph=ph)
    water = ks.equilibrate(15.0, 10.0**-1.5, ["dolomite"], "closed")
    return found + _checks("dolomite", water, ca=0.698, mg=0.698)


def dolomite() -> list[Check]:
    """Dolomite alone, and with calcite, open at 10^-2 atm."""
    alone = {10.0: (1.4268, 6.228, 0.049), 15.0: (1.2610, 5.485, 0.004), 20.0: (1.1209, 4.861, -0.034)}
    both = {10.0: (1.2703, 1.5902), 15.0: (1.2483, 1.2737), 20.0: (1.2104, 1.0342)}
    found = []
    for temperature, (ca, dic, si) in alone.items():
        found += _checks(
            "dolomite", ks.equilibrate(temperature, 1e-2, ["dolomite"]), ca=ca, mg=ca, dic=dic, si=si
        )
    for temperature, (ca, mg) in both.items():
        found += _checks("dolomite", ks.equilibrate(temperature, 1e-2, ["calcite", "dolomite"]), ca=ca, mg=mg)
    return found


def degassing() -> list[Check]:
    """Calcite water of 10^-2 atm that loses CO2 to the air, without and with calcite."""
    without = {10.0: (8.664, 4.082, 1.293), 15.0: (8.652, 3.735, 1.286), 20.0: (8.641, 3.417, 1.277)}
    with_it = {10.0: (0.690, 1.388), 15.0: (0.635, 1.275), 20.0: (0.586, 1.173)}
    found = []
    for temperature, (ph, dic, si) in without.items():
        spring = ks.equilibrate(temperature, 1e-2, ["calcite"])
        found += _checks(
            "degassing", ks.equilibrate(pco2=AIR, minerals=[], water=spring), ph=ph, dic=dic, si=si
        )
        ca, dic = with_it[temperature]
        found += _checks(
            "degassing", ks.equilibrate(pco2=AIR, minerals=["calcite"], water=spring), ca=ca, dic=dic
        )
    return found


def mixing() -> list[Check]:
    """Two waters saturated at 10^-2 atm and under the air, half of each: undersaturated, dissolves calcite."""
    rows = {10.0: (-0.203, 1.4835), 15.0: (-0.201, 1.3593), 20.0: (-0.199, 1.2470)}
    found = []
    for temperature, (si, ca) in rows.items():
        soil, air = (ks.equilibrate(temperature, p, ["calcite"]) for p in (1e-2, AIR))
        mixed = ks.mix(soil, air)
        found += _checks("mixing", mixed, si=si)
        found += _checks("mixing", ks.equilibrate(minerals=["calcite"], system="closed", water=mixed), ca=ca)
    return found


def acids() -> list[Check]:
    """Nitric and sulfuric acid, open and closed; gypsum."""

    def water(acid: dict[str, float], pco2: float, system: str = "open") -> Any:
        return ks.equilibrate(15.0, pco2, ["calcite"], system, acid=acid)

    gypsum = ks.equilibrate(12.0, 1e-2, ["calcite", "gypsum"])
    return [
        *_checks("acids and gypsum", water({"hno3": 1.0}, 1e-2), ca=2.319, dic=4.085, ph=7.275),
        *_checks("acids and gypsum", water({"h2so4": 0.5}, 1e-2), ca=2.348, dic=4.142, ph=7.282),
        *_checks("acids and gypsum", water({"h2so4": 0.5}, 1e-2, "closed"), ca=1.407, alk=1.814),
        *_checks("acids and gypsum", water({"h2so4": 1.0}, 0.0, "closed"), ca=1.918, dic=1.918, alk=1.835),
        *_checks("acids and gypsum", gypsum, ca=15.05),
    ]


def speciation() -> list[Check]:
    """Two analysed waters."""
    ions = {"ca": 2.0, "mg": 0.3, "na": 0.1, "cl": 0.1, "so4": 0.05}
    given = ks.speciate(temperature=15.0, dic=4.5, charge_balance=True, **ions)
    measured = ks.speciate(temperature=20.0, ph=7.40, alkalinity=3.8, ca=1.9)
    return [
        *_checks("speciation", given, ph=8.149, si=0.879),
        *_checks("speciation", measured, dic=4.117, si=0.144),
    ]


def find() -> list[Check]:
    parts = (open_calcite, closed, dolomite, degassing, mixing, acids, speciation)
    return [check for part in parts for check in part()]


def verdicts(found: list[Check]) -> list[Line]:
    """Largest error of each kind of path."""
    lines = []
    for path in dict.fromkeys(c.path for c in found):
        for quantities, band, units in (
            (("ca", "dic"), BANDS["share"], "%"),
            (("ph", "si"), BANDS["difference"], "1"),
        ):
            errors = [abs(c.error) for c in found if c.path == path and c.quantity in quantities]
            if errors:
                name = "Ca, Mg, DIC" if units == "%" else "pH, SI"
                lines.append(
                    Line(f"{path}: {name}, largest of {len(errors)} errors", max(errors), 0.0, band, units)
                )
    return lines


def draw(found: list[Check], path: Path) -> None:
    """Every error, beside the bands."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", sharey=True)
    paths = list(dict.fromkeys(c.path for c in found))
    groups = (
        (("ca", "dic"), BANDS["share"], "Ca, Mg, DIC: error (%)"),
        (("ph", "si"), BANDS["difference"], "pH, SI: error"),
    )
    for ax, (quantities, band, label) in zip(axes, groups, strict=True):
        shown = [c for c in found if c.quantity in quantities]
        ax.axvspan(-band, band, color="0.92", label="asked for")
        ax.plot(
            [c.error for c in shown],
            [paths.index(c.path) for c in shown],
            "o",
            ms=4,
            mfc="none",
            color="#0072b2",
        )
        ax.set_xlabel(label)
        ax.set_xticks(
            np.linspace(-band, band, 5), [f"{v:g}".replace("-", "−") for v in np.linspace(-band, band, 5)]
        )
        ax.set_yticks(np.arange(len(paths)), paths)
    axes[0].invert_yaxis()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    report(__doc__, find, verdicts, draw)

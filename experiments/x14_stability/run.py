"""X14: how much of the carbon of a karst river stays; S1, S2, S3 and the classes of permanence.

python -m experiments.x14_stability.run [--figure FILE]
"""

from __future__ import annotations

from pathlib import Path

from experiments import catchments
from experiments.pearl_river import run as pearl
from experiments.verdicts import Line, report
from karstsim.analysis.carbon_paths import (
    PERMANENCE,
    CarbonPaths,
    no_return,
    ocean_kept,
    permanence,
    retained,
    transport_efficiency,
)

CONFIG = catchments.config(__file__)


def find(years: int = CONFIG["years"]) -> dict[str, CarbonPaths]:
    """Ways of the carbon in both chains of X13."""
    return {name: pearl.paths(series) for name, series in pearl.chains(years).items()}


def verdicts(found: dict[str, CarbonPaths]) -> list[Line]:
    """S2, what is still there after the horizon; beside it that of the prototype's preset."""
    horizon = CONFIG["horizon"]
    return [
        Line(f"S2 after {horizon:g} years, {name}", retained(ledger, horizon), *CONFIG["band"],
             calibrated=pearl.CASES[name], scored=not pearl.CASES[name])
        for name, ledger in found.items()
    ]  # fmt: skip


def describe(name: str, ledger: CarbonPaths) -> str:
    """S1 by both denominators, S3, the alkalinity that arrives, and the carbon in every class of permanence."""
    rock = pearl.SPRING["ca"] / pearl.SPRING["dic"] * ledger.dic_in
    taken_up = ledger.dic_in - rock
    rows = [
        name,
        f"  S1 {no_return(ledger, taken_up):.2f} of the CO2 that the water took up, free CO2 included; "
        f"{no_return(ledger, rock):.2f} of the CO2 that dissolved rock",
        f"  S3 {ocean_kept(ledger) / rock:.2f} of the CO2 that dissolved rock; "
        f"{transport_efficiency(ledger.alkalinity_out, 0.0, rock):.2f} of the rock's alkalinity reaches the ocean",
    ]
    for kind, amount in permanence(ledger).items():
        low, high = PERMANENCE[kind]
        rows.append(
            f"  {kind:26} {100.0 * amount / ledger.dic_in:6.2f} % of the DIC   {low:g}-{high:g} years"
        )
    return "\n".join(rows)


def draw(found: dict[str, CarbonPaths], path: Path) -> None:
    """Carbon in every class of permanence, with its range of lifetimes."""
    import matplotlib.pyplot as plt

    kinds = [kind for kind in PERMANENCE if any(permanence(ledger)[kind] > 0.0 for ledger in found.values())]
    figure, ax = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
    height, horizon = 0.8 / len(found), CONFIG["horizon"]
    for i, ((name, ledger), color) in enumerate(zip(found.items(), ("#0072b2", "#d55e00"), strict=True)):
        amounts = permanence(ledger)
        values = [100.0 * amounts[kind] / ledger.dic_in for kind in kinds]
        kept = retained(ledger, horizon)
        at = [k + (i - 0.5 * (len(found) - 1)) * height for k in range(len(kinds))]
        bars = ax.barh(
            at, values, height, label=f"{name}: {kept:.2f} left after {horizon:g} years (S2)", color=color
        )
        ax.bar_label(bars, fmt="%.2g", padding=3, fontsize=8)
    labels = [f"{kind}\n{PERMANENCE[kind][0]:,.7g} to {PERMANENCE[kind][1]:,.7g} years" for kind in kinds]
    ax.set_yticks(range(len(kinds)), labels, fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("carbon that leaves the river for each class, % of the DIC that enters")
    ax.set_xlim(0.0, 100.0)
    ax.legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    for case, paths in report(__doc__, find, verdicts, draw).items():
        print(describe(case, paths))

"""X14: how much of the carbon of a karst river stays; S1, S2, S3 and the classes of permanence.

python -m experiments.x14_stability.run
"""

from __future__ import annotations

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


def find(years: int = pearl.YEARS) -> dict[str, CarbonPaths]:
    """Ways of the carbon in both chains of X13."""
    return {name: pearl.paths(series) for name, series in pearl.find(years).items()}


def verdicts(found: dict[str, CarbonPaths]) -> list[Line]:
    """S2, what is still there after 100 years; beside it that of the prototype's preset."""
    return [
        Line(f"S2 after 100 years, {name}", retained(ledger), 0.65, 0.85,
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


if __name__ == "__main__":
    for case, paths in report(__doc__, find, verdicts).items():
        print(describe(case, paths))

"""X14: how much of the carbon of a karst river stays; S1, S2, S3 and the classes of permanence.

python -m experiments.x14_stability.run [--years N]
"""

from __future__ import annotations

import argparse

from experiments.pearl_river import run as pearl
from experiments.verdicts import line, within
from karstsim.analysis.carbon_paths import PERMANENCE, no_return, ocean_step, permanence, retained


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--years", type=int, default=4)
    years = parser.parse_args().years
    for preset, kind in ((False, "predicted"), (True, "calibrated preset")):
        ledger = pearl.paths(pearl.run(preset, years))
        consumed = ledger.dic_in - pearl.SPRING["ca"] / pearl.SPRING["dic"] * ledger.dic_in
        print(
            f"{'preset of the prototype' if preset else 'default parameters'}: S1 {no_return(ledger, consumed):.2f}, "
            f"S3 {ocean_step():.2f}"
        )
        print(
            line(
                "claim: S2 (100 years) 0.65-0.85",
                f"{retained(ledger):.2f}",
                within(retained(ledger), 0.65, 0.85),
                kind,
            )
        )
        for name, amount in permanence(ledger).items():
            low, high = PERMANENCE[name]
            print(f"  {name:26} {100.0 * amount / ledger.dic_in:6.2f} % of the DIC   {low:g}-{high:g} years")


if __name__ == "__main__":
    main()

"""Make the golden values anew, and say what moved: the only way to change tests/golden/values.csv.

    python tests/golden/regenerate.py

What it prints belongs into the message of the commit that changes the values, with the reason.
"""

from __future__ import annotations

from cases import STORED, computed, moved, stored

SHOWN = 20
ROUNDING = 1.0e-11  # of the digits that are kept


def main() -> None:
    new = computed()
    if STORED.exists():
        old = stored()
        change = moved(old, new)
        change = change[change > ROUNDING]
        print(
            f"{len(new.index.difference(old.index))} values came, {len(old.index.difference(new.index))} went,"
        )
        print(f"{len(change)} of {len(new)} moved; the largest, relative:")
        for (case, variable, place), value in change.head(SHOWN).items():
            print(f"  {value:9.2e}  {case}: {variable} [{place}]")
    new.to_csv(STORED, float_format="%.12g", na_rep="nan")


if __name__ == "__main__":
    main()

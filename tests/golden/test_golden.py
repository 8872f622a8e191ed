"""Nothing moves unseen: years of every shipped variant give the values that stand in values.csv.

What changes them on purpose makes them anew by `python tests/golden/regenerate.py`, which prints what moved.
"""

from __future__ import annotations

import pytest
from cases import VARIANTS, computed, moved, stored

from karstsim.core.jit import disabled
from karstsim.model.parameters import by_name

RTOL = 1.0e-6  # between processors and libraries; searches end at 1e-9 and less

COUNTS = (
    "soil.powder_day",
    "soil.gas_layers",
    "epikarst.compartments",
    "aquifer.conduit_cells",
    "surface_water.substeps",
)  # whole numbers that choose no law
OF_THE_BOX = ("surface_water.reservoir",)  # set by the kind of a box; the first case has both


@pytest.mark.skipif(disabled(), reason="years of every variant take hours as plain Python")
def test_golden_values() -> None:
    old, new = stored(), computed()
    come, gone = new.index.difference(old.index), old.index.difference(new.index)
    assert not len(come) and not len(gone), f"came: {[*come[:5]]}; went: {[*gone[:5]]}; regenerate"
    change = moved(old, new)
    worst = change[change > RTOL].head(10)
    assert worst.empty, f"{(change > RTOL).sum()} of {len(new)} values moved, by\n{worst.to_string()}"


def test_every_variant_moves_something() -> None:
    """A member that equals the default in all its values would guard nothing."""
    values = stored()
    plain = values.xs("variant", level="case")
    for member in VARIANTS[1:]:
        name = " ".join(["variant", *(f"{k}={v:g}" for k, v in member.items())])
        assert moved(plain, values.xs(name, level="case")).iloc[0] > 1e-4, name


@pytest.mark.nojit
def test_every_variant_is_among_them() -> None:
    """Each value of each switch but its default stands in a member."""
    taken = {(name, float(value)) for member in VARIANTS for name, value in member.items()}
    for name, address in by_name().items():
        p = address.param
        if p.integer and name not in (*COUNTS, *OF_THE_BOX):
            others = {(name, float(v)) for v in range(int(p.lower), int(p.upper) + 1)} - {
                (name, float(p.default))
            }
            assert others <= taken, f"no golden values of {others - taken}"

"""Claims that rest on a small run or on arithmetic, with the numbers that docs/claims.md prints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.pearl_river import run as pearl
from karstsim.analysis import read_spring_table
from karstsim.analysis.carbon_paths import geological_sink, transport_efficiency
from karstsim.analysis.estimators import estimate, monitoring
from karstsim.core.errors import InputError
from karstsim.model.water_chain import WaterChain

DAYS, LAST = 60, 10
ORGANIC = ("aoc_labile", "aoc_semilabile", "aoc_refractory", "poc", "algae")


def _organic(factor: float) -> tuple[float, float]:
    """Organic carbon that leaves the chain of X13 with its spring water times `factor`, and its share of the DIC."""
    chain = WaterChain(pearl.site(), {"surface_water.substeps": 48})
    k600 = [reach["k600"] for reach in pearl.REACHES]
    chain.params["surface_water"]["least_k600"] = chain.params["surface_water"]["greatest_k600"] = k600
    warmth, light = pearl.CLIMATE["temperature"], pearl.CLIMATE["radiation"]
    spring = {name: factor * value for name, value in pearl.SPRING.items()}
    days, same = np.arange(DAYS), np.ones(DAYS)
    chain.fill(pearl.DISCHARGE, spring | {"oxygen": 0.25}, warmth)
    out = chain.run(
        pearl.NAMES, step=1.0, discharge=pearl.DISCHARGE, solutes=spring, temperature=warmth * same,
        day_fraction=0.0 * same, year_fraction=(days + 0.5) / pearl.DAYS, rsds_day=light * same,
    )  # fmt: skip
    organic = sum(float(out[f"outflow_{name}"][-LAST:, -1].sum()) for name in ORGANIC)
    return organic, organic / float(out["inflow_dic"][-LAST:, 0].sum())


def test_more_dic_makes_more_organic_carbon() -> None:
    """A12: d(AOC)/d(DIC) > 0; light limits as well, so that its share of the DIC falls."""
    (less, share_less), (more, share_more) = _organic(0.5), _organic(1.25)
    assert more / less == pytest.approx(1.55, abs=0.03)
    assert share_more / share_less == pytest.approx(0.62, abs=0.02)


def test_the_geological_sink() -> None:
    """Carbonic acid alone: 2 eq per mole of rock, nothing stays. With 0.4 eq of strong acid for one mole of rock 1.6 eq
    leave: 0.8 mol of calcite take back 0.8 of the mole of rock carbon, 0.2 mol of CO2 (half the acid) stay in the air.
    """
    assert geological_sink(2.0, 0.0, 1.0) == pytest.approx(0.0)
    assert geological_sink(1.6, 0.0, 1.0) == pytest.approx(-0.2)
    assert geological_sink(2.1, 0.1, 1.0) == pytest.approx(0.0)
    assert transport_efficiency(1.6, 0.0, 1.0) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("header", "factor"),
    [("SOC (kg C m-2)", 1.0), ("SOC stock (t C/ha)", 10.0), ("soil_organic_carbon [Mg C ha-1]", 10.0),
     ("soil carbon (g C/m2)", 1000.0)],
)  # fmt: skip
def test_a_survey_of_soil_carbon_from_a_table(tmp_path: Path, header: str, factor: float) -> None:
    """4 and 5 kg C m-2 with ten years between them (3652 of 365.2425 days): 100 t C km-2 a-1, in any unit."""
    table = tmp_path / "soil.csv"
    rows = (f"2000-06-01,{4.0 * factor}", "2005-06-01,", f"2010-06-01,{5.0 * factor}")
    table.write_text("\n".join((f"date,{header}", *rows)), encoding="utf-8")
    m = monitoring(read_spring_table(table))
    found = estimate(m, "soil_survey", scatter=0.1, cores=400)
    assert found.value == pytest.approx(100.0, rel=2e-3)
    half = 1.645 * 0.1 * np.hypot(400.0, 500.0) / np.sqrt(400.0)  # of a 5-95 % interval, t C km-2 a-1
    assert found.high - found.low == pytest.approx(2.0 * half, rel=0.15)


def test_a_stock_without_unit_or_carbon_is_not_taken(tmp_path: Path) -> None:
    table = tmp_path / "soil.csv"
    table.write_text("date,SOC (%)\n2000-06-01,1.2\n2010-06-01,1.4\n", encoding="utf-8")
    with pytest.raises(InputError):
        read_spring_table(table)
    table.write_text("date,SOC\n2000-06-01,40\n2010-06-01,44\n", encoding="utf-8")
    with pytest.raises(InputError):
        read_spring_table(table)


def test_a_meta_analysis_of_pairs() -> None:
    """A48: pairs of 1.1 and 1.21 have the ratio 1.1^1.5, weighted 3 to 1 1.1^1.25; 4 kg C m-2 gain by it."""
    pairs = {"treated": [11.0, 24.2], "control": [10.0, 20.0]}
    plain = estimate(None, "response_ratio", **pairs)
    assert (plain.units, plain.value) == ("1", pytest.approx(1.1**1.5))
    assert plain.low == pytest.approx(1.1) and plain.high == pytest.approx(1.21)
    weighted = estimate(None, "response_ratio", **pairs, replicates=[3, 1], stock=4.0, years=10.0)
    assert weighted.value == pytest.approx(400.0 * (1.1**1.25 - 1.0))
    assert weighted.units == "t C km-2 a-1" and weighted.low < weighted.value < weighted.high
    for wrong in ({"control": [10.0]}, {"replicates": [3]}, {"control": [10.0, 0.0]}):
        with pytest.raises(InputError, match="response_ratio"):
            estimate(None, "response_ratio", **(pairs | wrong))

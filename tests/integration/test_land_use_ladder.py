"""The prototype's table of land uses: what it says of itself, and what the model has beside it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import catchments
from experiments.land_use_ladder import at_rest
from experiments.land_use_ladder import run as ladder
from karstsim.core.classes import LAND_USES


def test_co2_is_compared_as_a_mole_fraction() -> None:
    """At 0.8 atm 400 uatm are 500 ppm; nothing else changes."""
    means = {"pCO2": 400.0, "pCO2 weighted": 800.0, "R": 1.0}
    assert ladder.mole_fractions(means, 0.8) == {"pCO2": 500.0, "pCO2 weighted": 1000.0, "R": 1.0}


def test_the_climate_is_that_of_the_table() -> None:
    """Its own runoff and evapotranspiration add up to the rain, 1,293 mm, in all six rows."""
    table, climate = ladder.PROTOTYPE, ladder.CLIMATE
    assert np.array(table["ET"]) + table["R"] == pytest.approx([climate["rain"]] * len(LAND_USES))
    forcing = catchments.climate(climate["temperature"], climate["rain"], *ladder.YEARS)
    assert float(forcing["tas"].mean()) == pytest.approx(climate["temperature"] + 273.15, abs=1e-3)


def test_the_table_is_not_at_rest_but_else_one_with_the_equations() -> None:
    """Humus of rock dwindles and of forests grows; its CO2, bicarbonate and sink are those of its equations."""
    found = at_rest.find()
    change = found["Rs"] - found["Rs at rest"]
    assert change["bare_rock"] > 20.0 and change["cropland"] > 10.0
    assert (change[["grass", "shrub", "secondary_forest", "virgin_forest"]] < -5.0).all()
    missing = 1000.0 * (found["SOC at rest"] - found["SOC"])
    forests = ["secondary_forest", "virgin_forest"]
    assert (-change / missing)[forests].between(0.015, 0.025).all()  # per year, as slow as humus
    assert (found["SOC at rest"] > 1.2 * found["SOC"])[forests].all()
    assert found["wetness of pCO2"].between(0.80, 0.84).all()
    assert found["of weighted"].between(0.98, 1.06).all()
    assert found["degC of HCO3"].between(19.0, 21.0).all()
    assert found["R HCO3/2"].to_numpy() == pytest.approx(found["CSF"].to_numpy(), abs=0.06)


@pytest.mark.slow
def test_the_ladder_has_forty_seven_of_the_numbers() -> None:
    """What is outside: respiration, bicarbonate, sink and humus of rock, humus of shrub and forests."""
    lines = [line for line in ladder.verdicts(ladder.find()) if line.claim.split(", ")[0] in ladder.PROTOTYPE]
    assert len(lines) == 54
    assert {line.claim for line in lines if not line.reproduced} == {
        "Rs, bare_rock", "HCO3, bare_rock", "CSF, bare_rock", "SOC, bare_rock",
        "SOC, shrub", "SOC, secondary_forest", "SOC, virgin_forest",
    }  # fmt: skip

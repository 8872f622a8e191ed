"""A run without chemistry has the water of the full run, at a fraction of its cost, and says so when asked for more."""

from __future__ import annotations

import numpy as np
import pytest

import karstsim as ks
from karstsim.core.errors import InputError
from karstsim.model.simulate import Simulation

WATER = (
    "atmosphere_precipitation", "soil_evapotranspiration", "soil_percolation", "soil_pore_water",
    "epikarst_recharge", "epikarst_overflow", "aquifer_matrix", "aquifer_conduit", "aquifer_spring",
    "aquifer_allogenic", "surface_water_outflow", "catchment_export", "catchment_evapotranspiration",
)  # fmt: skip


def test_the_water_is_that_of_the_full_run(climate_forcing, whole_site) -> None:
    """Chemistry moves no water: the same volumes to round-off, through tiles, allogenic area, stream and reservoir."""
    forcing = climate_forcing("monsoon", years=1)
    full = Simulation(whole_site(), forcing)
    alone = Simulation(whole_site(), forcing, chemistry=False)
    results = []
    for run in (full, alone):
        run.spin_up(0)
        results.append(run.run(["daily"], WATER)["daily"])
    for name in WATER:
        np.testing.assert_allclose(results[1][name], results[0][name], rtol=1e-12, atol=1e-12, err_msg=name)
    assert alone.closure().keys() == {"water"} and alone.closure()["water"] < 1e-12


def test_it_spins_up_on_water(climate_forcing, whole_site) -> None:
    run = Simulation(whole_site(), climate_forcing("monsoon", years=2), chemistry=False)
    spun = run.spin_up(60)
    assert spun.settled.all() and set(spun.stock) == {"matrix water"}


def test_variables_of_the_chemistry_are_refused(climate_forcing, whole_site) -> None:
    forcing = climate_forcing("monsoon", years=1)
    with pytest.raises(InputError, match="chemistry=True"):
        ks.simulate(whole_site(), forcing, variables=["aquifer_spring_ph"], spinup_years=0, chemistry=False)
    out = ks.simulate(whole_site(), forcing, output=["annual"], spinup_years=0, chemistry=False)
    assert "aquifer_spring" in out and "aquifer_spring_ca" not in out


@pytest.mark.parametrize("cells", [1, 5])
def test_a_full_conduit_limits_the_spring_and_closes(climate_forcing, whole_site, cells) -> None:
    """No day passes more than the conduit can, floods last longer for it, and the books close."""
    capacity = 3.0
    base = {"aquifer.matrix_to_conduit": 1.0, "aquifer.conduit_cells": cells}
    members = [base, base | {"aquifer.conduit_capacity": capacity}]
    run = Simulation(whole_site(), climate_forcing("monsoon", years=2), members, [0, 0], chemistry=False)
    run.spin_up(0)
    spring = run.run(["daily"], ["aquifer_spring"])["daily"]["aquifer_spring"].values
    free, full = spring
    assert free.max() > 1.5 * capacity
    assert full.max() <= capacity * (1.0 + 1e-9)
    assert (full > 0.999 * capacity).sum() > (free > capacity).sum()
    assert run.closure()["water"] < 1e-12

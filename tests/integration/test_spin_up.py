"""A spin-up ends when the stocks stand still, by whole cycles of the climate; its limit is kept to the cycle."""

from __future__ import annotations

import numpy as np
import pytest
from small_site import SITE

from karstsim.forcing import synthetic_forcing
from karstsim.model.engine import step_all
from karstsim.model.initial import DRIFT, EMPTY, drift_stocks
from karstsim.model.simulate import Simulation, warnings_of
from karstsim.model.site import Site
from karstsim.tomlfile import read_toml

YEARS = 2  # of the forcing, and so of a cycle
LEAST = 3 * YEARS  # a warm-up and a cycle for the mean fluxes, and one that is tested
SLOW = {"aquifer.matrix_immobile": 2000.0}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    path = tmp_path_factory.mktemp("site") / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    return Site.from_dict(read_toml(path)["site"])


def _spun(site: Site, limit: int, *members: dict[str, float]) -> Simulation:
    run = Simulation(site, synthetic_forcing("stationary", 2015, 2014 + YEARS), list(members) or [{}])
    run.spin_up(limit)
    return run


def test_it_ends_by_its_drift(site) -> None:
    """Long before a generous limit; in the next cycle every stock moves by less than 0.1 % a decade."""
    run = _spun(site, 2000)
    assert run.spin is not None and LEAST <= run.spin.years < 1000 and run.spin.settled.all()
    before = drift_stocks(run.tables)
    step_all(run.tables, run.forcing, EMPTY, run.physics)
    for name, after in drift_stocks(run.tables).items():
        change = np.abs(after - before[name]) / np.maximum(np.abs(after), 1e-9) * 10.0 / YEARS
        assert change.max() < DRIFT, name


@pytest.mark.parametrize("limit", [1, LEAST, LEAST + 1, LEAST + 5])
def test_the_limit_is_kept_to_the_cycle_that_has_begun(site, limit) -> None:
    """Slow groundwater has not settled, which is said, and the member beside it is what it is alone."""
    run = _spun(site, limit, SLOW, {})
    assert run.spin is not None and not run.spin.settled[0]
    assert run.spin.years % YEARS == 0 and max(limit, LEAST) <= run.spin.years < max(limit, LEAST) + YEARS
    assert any("raise run.spinup_years" in line for line in warnings_of(run.spin))
    alone = _spun(site, limit)
    for level, floats in alone.tables.state_floats.items():
        assert floats[0].tobytes() == run.tables.state_floats[level][1].tobytes()


def test_none_is_none(site) -> None:
    run = _spun(site, 0)
    assert run.spin is not None and run.spin.years == 0 and np.isnan(run.spin.drift).all()
